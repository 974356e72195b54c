"""The texts of the council's documents (lời văn), once for PDF and Word: their fields stand in
``councils.papers.kinds``.
"""

from cycle.papers.wording import (
    ADDRESSEES,
    BASES,
    DECIDES,
    IN_FORCE,
    NUMBER,
    Appendix,
    Column,
    Outline,
    Table,
    Text,
    heading,
)

PERSONS = (
    NUMBER,
    Column("Họ và tên", "{{ person.name }}", 50),
    Column("Chức vụ, đơn vị", "{{ person.position }}", 65),
    Column("Nhiệm vụ", "{{ person.role }}", 40),
)
PRODUCT = Column("Sản phẩm", "{{ entry.product }}", 45)
PRODUCER = Column("Chủ thể", "{{ entry.producer }}", 45)
RESULTS = (
    NUMBER,
    PRODUCT,
    PRODUCER,
    Column("Số phiếu", "{{ entry.sheets }}", 14, "center"),
    Column("Điểm trung bình", "{{ entry.mean }}", 19, "center"),
    Column("Kết quả", "{{ entry.result }}", 32),
)
PROPOSALS = Text("{{ loop.index }}. {{ proposal }}", each="proposal in proposals")


OUTLINES = {
    "founding": Outline(
        "Quyết định",
        "Về việc {{ what }} {{ council }}{{ ' và Tổ tư vấn' if team else '' }}",
        (
            Text("{{ authority }}", style="authority"),
            BASES,
            DECIDES,
            Text(
                "{{ what|capitalize }} {{ council }} ({{ term }}), gồm {{ members|length }} thành "
                "viên sau đây:",
                lead="Điều 1.",
            ),
            Table(PERSONS, each="person in members"),
            Text("Tổ tư vấn giúp việc Hội đồng gồm {{ team|length }} thành viên:", when="team"),
            Table(PERSONS, each="person in team", when="team"),
            Text("{{ duties }}", lead="Điều 2."),
            IN_FORCE,
        ),
    ),
    "plan": Outline(
        "Kế hoạch",
        "Đánh giá, phân hạng sản phẩm OCOP {{ round }}",
        (
            BASES,
            Text("{{ host }} ban hành kế hoạch đánh giá, phân hạng {{ round }} như sau:"),
            heading("I. Mục đích, yêu cầu"),
            Text("{{ loop.index }}. {{ aim }}", each="aim in aims"),
            heading("II. Nội dung, thời gian"),
            Table(
                (
                    NUMBER,
                    Column("Việc", "{{ stage.work }}", 60),
                    Column("Thực hiện", "{{ stage.who }}", 47),
                    Column("Thời gian", "{{ stage.when }}", 48),
                ),
                each="stage in stages",
            ),
            heading("III. Sản phẩm đưa ra đánh giá", when="entries"),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Xã, phường", "{{ entry.commune }}", 30),
                    Column("Bộ sản phẩm", "{{ entry.rubric }}", 35),
                ),
                each="entry in entries",
                when="entries",
            ),
            heading("{{ 'IV' if entries else 'III' }}. Tổ chức thực hiện"),
            Text("{{ loop.index }}. {{ duty }}", each="duty in duties"),
            Text("{{ host }} yêu cầu các cơ quan, đơn vị liên quan tổ chức thực hiện./."),
        ),
    ),
    "received_report": Outline(
        "Báo cáo",
        "Tổng hợp hồ sơ đề nghị đánh giá, phân hạng sản phẩm OCOP {{ round }}",
        (
            ADDRESSEES,
            BASES,
            Text(
                "{{ host }} báo cáo tổng hợp {{ entries|length }} hồ sơ đã tiếp nhận, đưa ra đánh "
                "giá, phân hạng {{ round }}:"
            ),
            Text("- {{ tally.result }}: {{ tally.number }} hồ sơ.", each="tally in tallies"),
            Table(
                (
                    NUMBER,
                    Column("Sản phẩm", "{{ entry.product }}", 33),
                    Column("Chủ thể", "{{ entry.producer }}", 33),
                    Column("Xã, phường", "{{ entry.commune }}", 26),
                    Column("Loại hồ sơ", "{{ entry.case }}", 19),
                    Column("Xã đề nghị", "{{ entry.proposed_on }}", 22, "center"),
                    Column("Tiếp nhận", "{{ entry.accepted_on }}", 22, "center"),
                ),
                each="entry in entries",
            ),
            Text("", lead="Đề nghị:", when="proposals"),
            PROPOSALS,
            Text("{{ host }} kính báo cáo./."),
        ),
    ),
    "team_survey": Outline(
        "Biên bản",
        "Khảo sát tại cơ sở sản xuất: {{ product }}",
        (
            Text("{{ visited_on }}.", lead="Ngày khảo sát:"),
            Text("{{ product }}.", lead="Sản phẩm:"),
            Text("{{ producer }}.", lead="Chủ thể:"),
            Text("{{ address }}.", lead="Địa chỉ:", when="address"),
            Text("{{ commune }}.", lead="Xã, phường:"),
            Text("{{ rubric }}.", lead="Bộ sản phẩm:"),
            Text("{{ ground }}.", lead="Căn cứ khảo sát:", when="ground"),
            heading("Thành phần khảo sát"),
            Table(PERSONS, each="person in team"),
            heading("Nội dung đã kiểm tra, đạt", when="checked"),
            Text("{{ loop.index }}. {{ item }}", each="item in checked"),
            heading("Kết quả khảo sát", when="findings"),
            Text("{{ line }}", each="line in findings"),
            heading("Đề nghị kiểm nghiệm", when="tests"),
            Text("{{ line }}", each="line in tests"),
            Text("Biên bản được lập thành hai bản, mỗi bên giữ một bản./."),
        ),
    ),
    "invitation": Outline(
        "Giấy mời",
        "{{ meeting }}",
        (
            Text("{{ host }} trân trọng kính mời:"),
            Text("- {{ guest }}", each="guest in invited"),
            Text("{{ meeting }}, {{ round }}.", lead="Tới dự:", when="starts"),
            # Who is asked in writing comes nowhere.
            Text("{{ meeting }}, {{ round }}.", lead="Việc:", unless="starts"),
            Text("{{ chair }}.", lead="Chủ trì:", when="starts"),
            Text("{{ starts }}.", lead="Thời gian:", when="starts"),
            Text("{{ venue }}.", lead="Địa điểm:", when="venue"),
            heading("Nội dung", when="agenda"),
            Text("{{ loop.index }}. {{ point }}", each="point in agenda"),
            heading("Sản phẩm được đánh giá", when="entries"),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Xã, phường", "{{ entry.commune }}", 30),
                    Column("Bộ sản phẩm", "{{ entry.rubric }}", 35),
                ),
                each="entry in entries",
                when="entries",
            ),
            Text("{{ note }}", each="note in notes"),
            Text("Kính mong quý đại biểu sắp xếp thời gian đến dự đúng giờ./.", when="starts"),
        ),
    ),
    "support_report": Outline(
        "Báo cáo",
        "Kết quả thẩm định hồ sơ sản phẩm OCOP {{ round }}",
        (
            ADDRESSEES,
            BASES,
            Text(
                "{{ host }} đã thẩm định {{ appraised }} hồ sơ sản phẩm {{ round }} "
                "{{ '(' ~ period ~ ') ' if period else '' }}và báo cáo kết quả như sau:",
                when="appraised",
            ),
            Text(
                "{{ unappraised }} hồ sơ sản phẩm {{ round }} chưa có báo cáo thẩm định.",
                when="unappraised",
            ),
            heading("Thành viên tham gia thẩm định", when="appraised"),
            Table(PERSONS, each="person in team", when="appraised"),
            heading("Kết quả thẩm định từng sản phẩm"),
            Table(
                (
                    NUMBER,
                    Column("Sản phẩm", "{{ entry.product }}", 32),
                    Column("Chủ thể", "{{ entry.producer }}", 32),
                    Column("Điểm tự chấm", "{{ entry.self_points }}", 16, "center"),
                    Column("Điểm đề xuất", "{{ entry.points }}", 16, "center"),
                    Column("Đề xuất", "{{ entry.result }}", 20),
                    Column("Nhận xét", "{{ entry.findings }}", 39, free=True),
                ),
                each="entry in entries",
                when="pointed",
            ),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Nhận xét", "{{ entry.findings }}", 65, free=True),
                ),
                each="entry in entries",
                when="unpointed",
            ),
            heading("Nhận xét chung", when="findings"),
            Text("{{ loop.index }}. {{ finding }}", each="finding in findings"),
            heading("Đề nghị"),
            PROPOSALS,
            Text("{{ host }} kính báo cáo Hội đồng xem xét./."),
        ),
    ),
    "minutes": Outline(
        "Biên bản",
        "{{ about }} đánh giá, phân hạng sản phẩm OCOP {{ round }}",
        (
            Text("{{ starts }}.", lead="Thời gian bắt đầu:"),
            Text("{{ venue }}.", lead="Địa điểm:", when="met"),
            heading("I. Thành phần"),
            Text("{{ chair }}.", lead="Chủ trì:", when="met"),
            Text("{{ secretary.name or '………………………' }}.", lead="Thư ký:"),
            Text(
                "{{ present|length }}/{{ members }} thành viên Hội đồng.",
                lead="Có mặt:",
                when="met",
            ),
            Table(PERSONS, each="person in present", when="met"),
            Text(
                "{{ answered|length }}/{{ members }} thành viên được lấy ý kiến.",
                lead="Đã gửi phiếu:",
                when="in_writing",
            ),
            Table(PERSONS, each="person in answered", when="in_writing"),
            Text("", lead="Vắng mặt:", when="absent"),
            Text(
                "- {{ person.name }}{{ ', ' ~ person.position if person.position else '' }}: "
                "{{ person.reason }}.",
                each="person in absent",
            ),
            Text("", lead="Khách mời:", when="guests"),
            Text("- {{ guest }}", each="guest in guests"),
            heading("II. Diễn biến"),
            Text("{{ loop.index }}. {{ step }}", each="step in proceedings"),
            heading("III. Kết quả đánh giá, phân hạng"),
            Table(RESULTS, each="entry in entries"),
            heading("IV. Biểu quyết về điều kiện tối thiểu", when="resolutions"),
            Table(
                (
                    NUMBER,
                    Column("Sản phẩm", "{{ resolution.product }}", 45),
                    Column("Tiêu chí", "{{ resolution.criterion }}", 45),
                    Column("Kết luận", "{{ resolution.decision }}", 39),
                    Column("Tán thành", "{{ resolution.votes }}", 26, "center"),
                ),
                each="resolution in resolutions",
                when="resolutions",
            ),
            heading("{{ 'V' if resolutions else 'IV' }}. Kết luận"),
            Text("{{ line }}", each="line in conclusion"),
            Text(
                "Cuộc họp kết thúc vào {{ ends }}. Đọc lại biên bản cho các thành viên cùng nghe: "
                "□ thống nhất; □ ý kiến khác: …………………………./.",
                when="met",
            ),
            Text("Việc lấy ý kiến kết thúc vào {{ ends }}./.", when="in_writing"),
        ),
    ),
    "council_report": Outline(
        "Báo cáo",
        "Kết quả đánh giá, phân hạng sản phẩm OCOP {{ round }}",
        (
            ADDRESSEES,
            BASES,
            Text("Hội đồng đánh giá, phân hạng sản phẩm OCOP báo cáo kết quả {{ round }} như sau:"),
            heading("I. Quá trình đánh giá"),
            Text(
                "Hội đồng họp {{ starts }}{{ ' tại ' ~ venue if venue else '' }}; có mặt "
                "{{ attended }}/{{ members }} thành viên; đánh giá {{ entries|length }} sản phẩm.",
                when="met",
            ),
            Text(
                "Hội đồng lấy ý kiến bằng phiếu từ {{ starts }} đến {{ ends }}; "
                "{{ answered }}/{{ members }} thành viên gửi phiếu; đánh giá {{ entries|length }} "
                "sản phẩm.",
                when="in_writing",
            ),
            Text("{{ line }}", each="line in proceedings"),
            heading("II. Kết quả"),
            Text("- {{ tally.result }}: {{ tally.number }} sản phẩm.", each="tally in tallies"),
            Table(RESULTS, each="entry in entries"),
            heading("III. Kiến nghị"),
            PROPOSALS,
            Text("Hội đồng kính báo cáo./."),
        ),
    ),
    "submission": Outline(
        "Tờ trình",
        "Đề nghị công nhận sản phẩm OCOP {{ round }}",
        (
            ADDRESSEES,
            BASES,
            Text("{{ host }} kính trình xem xét kết quả {{ round }} và {{ asks }}:"),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Xã, phường", "{{ entry.commune }}", 27),
                    Column("Điểm trung bình", "{{ entry.mean }}", 18, "center"),
                    Column("Đề nghị", "{{ entry.result }}", 20),
                ),
                each="entry in entries",
            ),
            PROPOSALS,
            Text("", lead="Hồ sơ gửi kèm:", when="enclosures"),
            Text("- {{ paper }}", each="paper in enclosures"),
            Text("Kính trình xem xét, quyết định./."),
        ),
    ),
    "decision": Outline(
        "Quyết định",
        "Về việc công nhận sản phẩm OCOP {{ round }}",
        (
            Text("{{ authority }}", style="authority"),
            BASES,
            DECIDES,
            Text(
                "Công nhận {{ entries|length }} sản phẩm đạt hạng sao OCOP {{ round }} (có danh "
                "sách kèm theo). Kết quả có giá trị {{ valid_months }} tháng kể từ ngày Quyết "
                "định này có hiệu lực.",
                lead="Điều 1.",
            ),
            Text("{{ duties }}", lead="Điều 2."),
            IN_FORCE,
            Appendix(
                "Danh sách sản phẩm được công nhận đạt hạng sao OCOP {{ round }}",
                "(Kèm theo Quyết định số {{ own_number }} {{ own_date }} của {{ host }})",
            ),
            Table(
                (
                    NUMBER,
                    Column("Sản phẩm", "{{ entry.product }}", 38),
                    Column("Mã sản phẩm", "{{ entry.product_code }}", 33),
                    Column("Chủ thể", "{{ entry.producer }}", 38),
                    Column("Xã, phường", "{{ entry.commune }}", 28),
                    Column("Hạng", "{{ entry.result }}", 18, "center"),
                ),
                each="entry in entries",
            ),
        ),
    ),
    "approval": Outline(
        "Quyết định",
        "Về việc phê duyệt kết quả đánh giá sản phẩm OCOP {{ round }} đạt từ 90 điểm",
        (
            Text("{{ authority }}", style="authority"),
            BASES,
            DECIDES,
            Text(
                "Phê duyệt kết quả của Hội đồng cấp tỉnh đối với {{ entries|length }} sản phẩm "
                "{{ round }} đạt từ 90 điểm trở lên (có danh sách kèm theo).",
                lead="Điều 1.",
            ),
            Text("{{ duties }}", lead="Điều 2."),
            IN_FORCE,
            Appendix(
                "Danh sách sản phẩm {{ round }} có kết quả được phê duyệt",
                "(Kèm theo Quyết định số {{ own_number }} {{ own_date }} của {{ host }})",
            ),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Xã, phường", "{{ entry.commune }}", 31),
                    Column("Điểm trung bình", "{{ entry.mean }}", 18, "center"),
                    Column("Kết quả", "{{ entry.result }}", 16, "center"),
                ),
                each="entry in entries",
            ),
        ),
    ),
    "notice": Outline(
        "Thông báo",
        "Kết quả đánh giá, phân hạng sản phẩm OCOP {{ round }}",
        (
            ADDRESSEES,
            BASES,
            Text("{{ host }} thông báo kết quả đánh giá, phân hạng sản phẩm {{ round }}:"),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Điểm trung bình", "{{ entry.mean }}", 19, "center"),
                    Column("Kết quả", "{{ entry.result }}", 46),
                ),
                each="entry in entries",
            ),
            Text("{{ line }}", each="line in next_steps"),
            Text("{{ host }} thông báo để quý đơn vị, chủ thể được biết và thực hiện./."),
        ),
    ),
    "request": Outline(
        "",
        "V/v đề nghị đánh giá, công nhận sản phẩm OCOP cấp trung ương {{ round }}",
        (
            ADDRESSEES,
            BASES,
            Text(
                "{{ host }} kính đề nghị đánh giá, công nhận cấp trung ương đối với "
                "{{ entries|length }} sản phẩm có kết quả của Hội đồng cấp tỉnh như sau:"
            ),
            Table(
                (
                    NUMBER,
                    PRODUCT,
                    PRODUCER,
                    Column("Bộ sản phẩm", "{{ entry.rubric }}", 34),
                    Column("Điểm trung bình", "{{ entry.mean }}", 17, "center"),
                    Column("Đề nghị", "{{ entry.result }}", 14),
                ),
                each="entry in entries",
            ),
            Text("", lead="Hồ sơ gửi kèm:", when="enclosures"),
            Text("- {{ paper }}", each="paper in enclosures"),
            Text("{{ contact }}", when="contact"),
            Text("{{ host }} kính đề nghị xem xét./."),
        ),
    ),
}

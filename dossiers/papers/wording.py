"""The texts of a dossier's papers (lời văn), once for PDF and Word: their fields stand in
``dossiers.papers.kinds``.
"""

from cycle.papers.wording import (
    ADDRESSEES,
    BASES,
    DECIDES,
    DRAFT,
    IN_FORCE,
    NUMBER,
    Block,
    Column,
    Outline,
    Table,
    Text,
    heading,
)


def _line(lead: str, text: str, when: str = "") -> Text:
    return Text(text, lead=lead, when=when)


#: Which product it is about.
PRODUCT: tuple[Block, ...] = (
    _line("Sản phẩm:", "{{ product }}."),
    _line("Mã sản phẩm:", "{{ product_code }}.", when="product_code"),
    _line("Nhóm sản phẩm:", "{{ group }}."),
    _line("Chủ thể:", "{{ producer }}."),
    _line("Địa chỉ:", "{{ address }}.", when="address"),
    _line("Xã, phường:", "{{ commune_name }}."),
)
BLOCKS = Table(
    (
        NUMBER,
        Column("Cơ quan tiếp nhận", "{{ block.body }}", 55),
        Column("Số PĐK", "{{ block.number }}", 25, "center"),
        Column("Ngày nhận", "{{ block.received_on }}", 30, "center"),
        Column("Người nhận (ký, đóng dấu)", "", 45),
    ),
    each="block in blocks",
)

#: Which form it is, and that its official words are not here.
FORM: tuple[Block, ...] = (Text("{{ form }}, {{ law }}", style="note"), DRAFT)


def _lines(head: str, name: str) -> tuple[Block, ...]:
    """A heading with the paragraphs of the field ``name``, where there are any."""
    return heading(head, when=name), Text("{{ line }}", each=f"line in {name}")


def _part(head: str, name: str, line: str = "{{ line }}") -> tuple[Block, ...]:
    """A part of a form, which keeps its place: «Không có» where the field ``name`` has nothing."""
    row = "paper" if name == "held" else "line"
    return (
        heading(head),
        Text(line, each=f"{row} in {name}"),
        Text("Không có.", unless=name),
    )


OUTLINES: dict[str, Outline] = {
    "receipt": Outline(
        "Giấy tiếp nhận",
        "Hồ sơ đăng ký đánh giá, phân hạng sản phẩm OCOP",
        (
            Text("{{ host }} đã nhận hồ sơ sau:"),
            *PRODUCT,
            _line("Loại hồ sơ:", "{{ case }}."),
            heading("Giấy tờ đã nhận", when="held"),
            Text("{{ loop.index }}. {{ paper }}", each="paper in held"),
            _line("Sản phẩm mẫu:", "{{ samples }}.", when="samples"),
            heading("Phần của cơ quan tiếp nhận"),
            BLOCKS,
            Text("Giấy này được giao cho chủ thể và lưu cùng hồ sơ./."),
        ),
    ),
    "supplement_request": Outline(
        "",
        "V/v yêu cầu bổ sung {{ about }}: {{ product }}",
        (
            ADDRESSEES,
            BASES,
            Text(
                "{{ host }} đã kiểm tra {{ about }} đối với sản phẩm {{ product }} của "
                "{{ producer }}, {{ commune }}. Đề nghị chủ thể bổ sung một lần, đủ các nội dung "
                "sau:"
            ),
            Text("{{ loop.index }}. {{ item }}", each="item in items"),
            _line("Thời hạn bổ sung:", "hết ngày {{ until }}.", when="until"),
            Text("Nội dung bổ sung nộp tại Ủy ban nhân dân {{ commune }}./."),
        ),
    ),
    "not_selected": Outline(
        "Thông báo",
        "{{ what }}",
        (
            ADDRESSEES,
            BASES,
            Text("{{ host }} thông báo kết quả xét ngày {{ decided_on }} như sau:"),
            *PRODUCT,
            _line("Kết quả:", "{{ what }}."),
            heading("Lý do"),
            Text("{{ loop.index }}. {{ reason }}", each="reason in reasons"),
            Text("{{ again }}./."),
        ),
    ),
    "registration": Outline(
        "Phiếu đăng ký",
        "Đánh giá, phân hạng sản phẩm OCOP",
        (
            *FORM,
            ADDRESSEES,
            heading("I. Chủ thể"),
            _line("Tên chủ thể:", "{{ producer }}."),
            _line("Loại hình:", "{{ owner_type }}."),
            _line("Người đại diện:", "{{ representative }}.", when="representative"),
            _line("Điện thoại:", "{{ phone }}.", when="phone"),
            _line("Địa chỉ:", "{{ address }}.", when="address"),
            _line("Xã, phường:", "{{ commune_name }}."),
            _line("Số đăng ký kinh doanh:", "{{ registration_number }}.", "registration_number"),
            heading("II. Sản phẩm đăng ký"),
            _line("Tên sản phẩm:", "{{ product }}."),
            _line("Mã sản phẩm:", "{{ product_code }}.", when="product_code"),
            _line("Nhóm sản phẩm:", "{{ group }}."),
            _line("Bộ sản phẩm:", "{{ rubric }}.", when="rubric"),
            _line("Đăng ký:", "{{ case }}."),
            _line("Giấy chứng nhận đã có:", "{{ certified }}.", when="certified"),
            *_part("III. Giấy tờ trong hồ sơ", "held", "{{ loop.index }}. {{ paper }}"),
            heading("IV. Phần của cơ quan tiếp nhận"),
            BLOCKS,
            Text("{{ producer }} đăng ký đánh giá, phân hạng sản phẩm nêu trên./."),
        ),
    ),
    "self_assessment": Outline(
        "Báo cáo tự đánh giá",
        "Sản phẩm {{ product }}",
        (
            *FORM,
            *PRODUCT,
            _line("Bộ sản phẩm:", "{{ rubric }}.", when="rubric"),
            *_part("I. Thông tin chung", "general"),
            *_part("II. Kết quả thực hiện phương án sản xuất kinh doanh", "plan_results"),
            heading("III. Tự đánh giá"),
            Table(
                (
                    Column("Mã", "{{ score.code }}", 12, "center"),
                    Column("Tiêu chí", "{{ score.criterion }}", 42),
                    Column("Mức tự chọn", "{{ score.level }}", 45),
                    Column("Điểm tối đa", "{{ score.limit }}", 14, "center"),
                    Column("Tự chấm", "{{ score.points }}", 14, "center"),
                    Column("Minh chứng", "{{ score.evidence }}", 38, free=True),
                ),
                each="score in scores",
                when="scores",
            ),
            Text("Hồ sơ ghi tổng điểm, không ghi điểm từng tiêu chí.", unless="scores"),
            _line("Tổng điểm tự chấm:", "{{ total }}/100 ({{ sums }})."),
            *_part("IV. Kế hoạch sản xuất", "production_plan"),
            *_lines("V. Nội dung thay đổi, cập nhật", "what_changed"),
            Text("{{ producer }} chịu trách nhiệm về nội dung báo cáo này./."),
        ),
    ),
    "commune_report": Outline(
        "Báo cáo",
        "Về sản phẩm {{ product }} đề nghị đánh giá, phân hạng OCOP",
        (
            *FORM,
            ADDRESSEES,
            BASES,
            Text("{{ host }} báo cáo về sản phẩm của chủ thể trên địa bàn như sau:"),
            *PRODUCT,
            *_part("1. Nguồn gốc sản phẩm, sử dụng nguyên liệu địa phương", "origin"),
            *_part("2. Sử dụng lao động địa phương", "labour"),
            *_part("3. Nguồn gốc ý tưởng sản phẩm", "idea_origin"),
            *_part("4. Bản sắc, trí tuệ địa phương", "identity"),
            _line("Sản phẩm mẫu đã nhận:", "{{ samples }}.", when="samples"),
            _line("Nhãn hàng hóa:", "{{ label }}.", when="label"),
            Text("{{ host }} kính báo cáo./."),
        ),
    ),
    "commune_proposal": Outline(
        "Tờ trình",
        "Đề nghị đánh giá, phân hạng sản phẩm OCOP",
        (
            ADDRESSEES,
            BASES,
            Text(
                "{{ host }} đã kiểm tra hồ sơ và đề nghị đánh giá, phân hạng "
                "{{ entries|length }} sản phẩm OCOP:"
            ),
            Table(
                (
                    NUMBER,
                    Column("Sản phẩm", "{{ entry.product }}", 40),
                    Column("Mã sản phẩm", "{{ entry.product_code }}", 34),
                    Column("Chủ thể", "{{ entry.producer }}", 39),
                    Column("Nhóm sản phẩm", "{{ entry.group }}", 22),
                    Column("Loại hồ sơ", "{{ entry.case }}", 20),
                ),
                each="entry in entries",
            ),
            Text("", lead="Hồ sơ gửi kèm:", when="enclosures"),
            Text("- {{ paper }}", each="paper in enclosures"),
            Text("{{ host }} kính trình xem xét./."),
        ),
    ),
    "checklist": Outline(
        "Phiếu kiểm tra",
        "Hồ sơ đề nghị đánh giá, phân hạng sản phẩm OCOP",
        (
            *PRODUCT,
            _line("Loại hồ sơ:", "{{ case }}."),
            _line("Ngày kiểm tra:", "{{ checked_on }}.", when="checked_on"),
            Table(
                (
                    NUMBER,
                    Column("Nội dung", "{{ item.text }}", 75),
                    Column("Kết quả", "{{ item.result }}", 25, "center"),
                    Column("Lý do, ghi chú", "{{ item.note }}", 55, free=True),
                ),
                each="item in items",
            ),
            *_lines("Nhận xét", "remarks"),
            Text("Phiếu này được lưu cùng hồ sơ./."),
        ),
    ),
    "survey_minutes": Outline(
        "Biên bản",
        "Khảo sát tại cơ sở sản xuất: {{ product }}",
        (
            *PRODUCT,
            _line("Ngày khảo sát:", "{{ visited_on }}."),
            _line("Người khảo sát:", "{{ visitor }}."),
            *_lines("Tình hình", "findings"),
            *_lines("Hướng dẫn, kiến nghị", "advice"),
            _line("Hẹn lần sau:", "ngày {{ next_on }}.", when="next_on"),
            Text("Biên bản lập thành hai bản, mỗi bên giữ một bản./."),
        ),
    ),
    "inspection_minutes": Outline(
        "Biên bản",
        "Kiểm tra sản phẩm OCOP sau công nhận: {{ product }}",
        (
            *PRODUCT,
            _line("Giấy chứng nhận:", "{{ certificate }}."),
            _line("Đoàn kiểm tra:", "{{ inspectors }}."),
            _line("Ngày kiểm tra:", "{{ inspected_on }}."),
            *_lines("Kết quả kiểm tra", "findings"),
            _line("Số mẫu đã lấy:", "{{ samples }}.", when="samples"),
            *_lines("Kết quả kiểm nghiệm", "results"),
            heading("Kết luận"),
            Text("{{ conclusion }} (ngày {{ concluded_on }})."),
            Text("Biên bản lập thành hai bản, mỗi bên giữ một bản./."),
        ),
    ),
    "stopped_production": Outline(
        "Giấy xác nhận",
        "Ngừng sản xuất sản phẩm OCOP",
        (
            Text("{{ host }} xác nhận sản phẩm sau đã ngừng sản xuất từ ngày {{ stopped_on }}:"),
            *PRODUCT,
            _line("Giấy chứng nhận:", "{{ certificate }}."),
            *_lines("Nội dung xác nhận", "remarks"),
            Text("Giấy này dùng để xem xét thu hồi giấy chứng nhận sản phẩm OCOP./."),
        ),
    ),
    "revocation": Outline(
        "Quyết định",
        "Về việc thu hồi Giấy chứng nhận sản phẩm OCOP",
        (
            Text("{{ authority }}", style="authority"),
            BASES,
            DECIDES,
            Text(
                "Thu hồi Giấy chứng nhận {{ certificate }} đối với sản phẩm {{ product }} của "
                "{{ producer }}, {{ commune }}. Căn cứ thu hồi: {{ ground }}.",
                lead="Điều 1.",
            ),
            Text(
                "Chủ thể nộp lại Giấy chứng nhận và ngừng sử dụng nhãn hiệu chứng nhận OCOP đối "
                "với sản phẩm nêu tại Điều 1.",
                lead="Điều 2.",
            ),
            IN_FORCE,
        ),
    ),
}

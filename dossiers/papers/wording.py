"""The texts of a dossier's papers (lời văn), once for PDF and Word: their fields stand in
``dossiers.papers.kinds``.
"""

from cycle.papers.wording import (
    ADDRESSEES,
    BASES,
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
    _line("Xã, phường:", "{{ commune }}."),
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

OUTLINES: dict[str, Outline] = {
    "receipt": Outline(
        "Giấy tiếp nhận",
        "Hồ sơ đăng ký đánh giá, phân hạng sản phẩm OCOP",
        (
            Text("{{ host }} đã nhận hồ sơ của:"),
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
            _line("Thời hạn bổ sung:", "trước hết ngày {{ until }}.", when="until"),
            Text("Nội dung bổ sung nộp tại Ủy ban nhân dân cấp xã nơi đã nộp hồ sơ./."),
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
}

"""The data of the demo: people, communes, names, points, pauses; all made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from councils.models import (
    Seat,
)
from cycle.models import Level, OrgUnit, Role
from dossiers.models import (
    OwnerType,
    ProductGroup,
)

PASSWORD = "ocop-demo-2026"  # noqa: S105  (shown to everybody who starts the demo)
SEED = 2026
#: The first day of the demo's posts: that of the reorganisation of communes.
SINCE = date(2025, 7, 1)
PRODUCT_COLUMNS = ["name", "group", "rubric"]
THREE_LEVELS = "Chu trình ba cấp (minh họa)"

NA_TAU = "03316"
#: Codes of the communes of 2025 in the demo, each with an account; Nà Tấu has most dossiers.
COMMUNES = (
    NA_TAU, "03127", "03151", "03160", "03172", "03193", "03203", "03217", "03253", "03256",
    "03268", "03295", "03325", "03328", "03349", "03358", "03370", "03382",
)  # fmt: skip
THANH_LUONG = "03328"
#: Communes of 2021, of the districts Điện Biên, Mường Ảng and Tuần Giáo.
OLD_COMMUNES = (THANH_LUONG, "03331", "03343", "03310", "03307", "03274", "03289")

#: The province's council: username, name, seat, department. All are made up.
COUNCIL = (
    ("hoidong.chutich", "Lường Văn Chung", Seat.CHAIR, "Ủy ban nhân dân tỉnh"),
    ("hoidong.uyvien1", "Nguyễn Thị Dung", Seat.MEMBER, "Sở Nông nghiệp và Môi trường"),
    ("hoidong.uyvien2", "Quàng Văn Hặc", Seat.MEMBER, "Sở Công Thương"),
    ("hoidong.uyvien3", "Sùng A Páo", Seat.MEMBER, "Sở Khoa học và Công nghệ"),
    ("hoidong.uyvien4", "Trần Thị Phương", Seat.MEMBER, "Sở Y tế"),
    ("hoidong.uyvien5", "Mùa A Lử", Seat.MEMBER, "Sở Văn hóa, Thể thao và Du lịch"),
    ("hoidong.thuky", "Phạm Thị Xuân", Seat.SECRETARY, "Văn phòng điều phối nông thôn mới"),
    ("hoidong.totruong", "Cà Văn Ơn", Seat.TEAM_LEAD, "Chi cục Phát triển nông thôn"),
)
#: How many working days ago, at least, the dossiers of a round came before the council.
CAME_BEFORE = {"closed": 12, "open": 7, "reopened": 12}
#: The mean points of the products in the closed round.
MEANS = (64, 78, 58)

#: Working days until the due day of the open tasks, in turn; negative is overdue.
TO_DUE = (-4, 2, 0, 1, -1, 6, 3, 0, -9, 4, 12, 1)
#: Act -> fewest and most working days since the act before; (1, 4) for the others.
PAUSES = {
    "select_idea": (3, 10),
    "submit_plan": (8, 22),
    "approve_plan": (5, 14),
    "record_visit": (8, 20),
    "record_support": (4, 12),
    "declare_ready": (10, 30),
    "choose_rubric": (0, 1),
    "attach_evidence": (4, 12),
    "confirm_dossier": (2, 9),
    "accept_at_province": (2, 9),
    "rank": (10, 25),
    "rank_at_district": (6, 18),
    "record_centre_result": (20, 40),
    "promote": (5, 15),
    "record_inspection": (10, 20),
    "revoke": (4, 9),
    "return_for_supplement": (2, 8),
    "supplement": (4, 9),
}

#: The reason of an act that is asked for one because of its day.
OUT_OF_THE_ORDINARY = "Theo quy định chuyển tiếp"
REASONS = {
    "enter_late": "Sản phẩm đã có mặt trên thị trường, chủ thể đề nghị vào thẳng bước đánh giá",
    "return_idea": "Chưa nêu rõ nguồn nguyên liệu và lao động tại xã",
    "not_select_idea": "Trùng với sản phẩm đã được hỗ trợ trong xã, chưa có điểm khác biệt",
    "return_plan": "Thiếu phương án tiêu thụ, bảng tính vốn chưa khớp",
    "not_approve_plan": "Vùng nguyên liệu chưa đủ cho sản lượng dự kiến",
    "return_for_supplement": "Nhãn thiếu hạn sử dụng; phiếu kiểm nghiệm đã quá 12 tháng",
    "not_recognise": "Nhãn hàng hóa ghi chưa đúng quy định, đề nghị hoàn thiện nhãn",
    "not_propose": "Kết quả dưới 3 sao, chưa đủ điều kiện đề nghị lên tỉnh",
    "nominate": "chờ bổ sung, hạn {day} (hàng tươi sống, gửi mẫu trước ngày trung ương họp)",
    "withdraw": "Chủ thể ngừng sản xuất, có đơn đề nghị rút",
    "defer": "Mất mùa, chủ thể đề nghị chuyển sang năm sau",
    "revoke": "Nguyên liệu không còn lấy tại địa phương, chủ thể không khắc phục",
    "wait": "Chờ chủ thể bổ sung giấy xác nhận vùng nguyên liệu",
}
#: Act that no task asks for -> role and level that do it; the commune's officer by default.
DONE_BY = {
    "record_support": (Role.DEPARTMENT, Level.PROVINCE),
    "record_promotion": (Role.TRADE, Level.PROVINCE),
    "defer": (Role.OFFICER, Level.PROVINCE),
    "record_inspection": (Role.OFFICER, Level.PROVINCE),
    "revoke": (Role.OFFICER, Level.PROVINCE),
    "approve_result": (Role.OFFICER, Level.PROVINCE),
}
#: Acts that are sometimes signed on paper and recorded by the clerk or officer of the unit.
ON_PAPER = {"forward_to_province", "certify", "not_propose"}
#: Act -> symbol of the document that it is done on.
SYMBOLS = {
    "rank": "BB-HĐ",
    "rank_at_district": "BB-HĐ",
    "not_recognise": "TB-UBND",
    "certify": "QĐ-UBND",
    "approve_result": "QĐ-UBND",
    "record_centre_result": "QĐ-BNNMT",
    "revoke": "QĐ-UBND",
}
#: Act -> the capacity of who signs for the ministry; all else is signed by a chair.
SIGNS = {"record_centre_result": "Thứ trưởng Bộ Nông nghiệp và Môi trường"}
#: Product group of QĐ 26/2026 -> that of QĐ 1048/2019.
OLD_GROUPS = {
    ProductGroup.HANDICRAFT: ProductGroup.TEXTILE,
    ProductGroup.ORNAMENTAL: ProductGroup.DECORATION,
}

FAMILIES = ["Lò", "Quàng", "Cà", "Tòng", "Lường", "Vàng", "Giàng", "Sùng", "Thào", "Mùa", "Hạng",
            "Nguyễn", "Trần", "Phạm"]  # fmt: skip
GIVEN = ["Thị Ánh", "Văn Chung", "Thị Dung", "A Páo", "Văn Hặc", "Thị Inh", "A Lử", "Thị Mỷ",
         "Văn Ơn", "Thị Phương", "A Sình", "Thị Thoa", "Văn Ún", "Thị Xuân"]  # fmt: skip
VILLAGES = ["Nà Luống", "Huổi Hẹ", "Co Muông", "Pá Tong", "Nà Láo", "Phiêng Ban", "Tà Lèng",
            "Hồng Líu"]  # fmt: skip
KINDS_OF_PRODUCER = (
    (OwnerType.COOPERATIVE, "Hợp tác xã Nông nghiệp {village}"),
    (OwnerType.COOPERATIVE, "Hợp tác xã Dịch vụ tổng hợp {place}"),
    (OwnerType.GROUP, "Tổ hợp tác bản {village}"),
    (OwnerType.ENTERPRISE, "Công ty TNHH Nông sản {village}"),
    (OwnerType.FARM, "Trang trại {family} {given}"),
    (OwnerType.HOUSEHOLD, "Hộ kinh doanh {family} {given}"),
)


def units_with(day: date, codes: Sequence[str]) -> list[OrgUnit]:
    """The units with these codes on ``day``, in the order of ``codes``."""
    units = OrgUnit.objects.valid_on(day).filter(code__in=codes).select_related("parent__parent")
    return sorted(units, key=lambda unit: codes.index(unit.code))


def place_of(commune: OrgUnit) -> str:
    """«Nà Tấu» of «Xã Nà Tấu»."""
    return commune.name.partition(" ")[2]

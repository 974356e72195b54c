"""The kinds of official papers of a dossier (văn bản in ra), and the data of each."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple, TypedDict
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cycle.papers.kinds import Addressed, Based, Kind, Paper, Signature, register
from dossiers.models.law import ACTS
from dossiers.papers.wording import OUTLINES

TEMPLATES = Path(__file__).parent.parent / "docx"


class Printed(models.TextChoices):
    """The papers that are printed of a dossier, to be numbered and signed (văn bản in ra)."""

    RECEIPT = "receipt", _("Giấy tiếp nhận hồ sơ")
    SUPPLEMENT = "supplement_request", _("Yêu cầu bổ sung")
    NOT_SELECTED = "not_selected", _("Thông báo không chọn, không duyệt")
    REGISTRATION = "registration", _("Phiếu đăng ký đánh giá (Mẫu 01)")
    SELF_ASSESSMENT = "self_assessment", _("Báo cáo tự đánh giá (Mẫu 02)")
    COMMUNE_REPORT = "commune_report", _("Báo cáo của xã (Mẫu 03)")
    PROPOSAL = "commune_proposal", _("Tờ trình, văn bản đề nghị của xã")
    CHECKLIST = "checklist", _("Phiếu kiểm tra hồ sơ")
    SURVEY = "survey_minutes", _("Biên bản khảo sát tại cơ sở")
    INSPECTION = "inspection_minutes", _("Biên bản kiểm tra sau công nhận")
    STOPPED = "stopped_production", _("Xác nhận ngừng sản xuất của xã")
    REVOCATION = "revocation", _("Quyết định thu hồi giấy chứng nhận")


class ToPrint(NamedTuple):
    """The papers that belong to the work at hand, and the page that has them first."""

    kinds: list[Printed]
    link: str


def to_print(dossier: int, acts: Iterable[str]) -> ToPrint | None:
    """Those of these acts on the dossier of this id; None where nothing is printed for them."""
    told = (ACTS[name].prints for name in acts if name in ACTS)
    kinds = [Printed(kind) for kind in dict.fromkeys(itertools.chain.from_iterable(told))]
    if not kinds:
        return None
    asked = urlencode({"of": [kind.value for kind in kinds]}, doseq=True)
    return ToPrint(kinds, f"{reverse('dossiers:printed', args=[dossier])}?{asked}")


# --- The data -------------------------------------------------------------------------------


class OfProduct(Paper):
    """A paper about one product."""

    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    address: Annotated[str, _("địa chỉ của chủ thể, có thể trống")]
    commune: Annotated[str, _("xã, phường, trong câu")]
    commune_name: Annotated[str, _("xã, phường, đầu dòng")]
    group: Annotated[str, _("nhóm sản phẩm")]
    product_code: Annotated[str, _("mã sản phẩm, có thể trống")]
    case: Annotated[str, _("loại hồ sơ: lần đầu, nâng hạng, đánh giá lại")]


class Block(TypedDict):
    """What an office writes on the form as it receives it (phần của cơ quan tiếp nhận)."""

    body: Annotated[str, _("cơ quan tiếp nhận")]
    number: Annotated[str, _("số phiếu đăng ký (PĐK), trống khi chưa vào sổ")]
    received_on: Annotated[str, _("ngày nhận, trống khi chưa nhận")]


class Receipt(OfProduct):
    blocks: Annotated[list[Block], _("phần của cơ quan tiếp nhận (dòng: block)")]
    held: Annotated[list[str], _("giấy tờ trong hồ sơ")]
    samples: Annotated[str, _("sản phẩm mẫu đã nhận, có thể trống")]


class Supplement(OfProduct, Addressed):
    about: Annotated[str, _("giấy tờ phải bổ sung: ý tưởng, phương án, hồ sơ")]
    items: Annotated[list[str], _("nội dung phải bổ sung (dòng: item)")]
    until: Annotated[str, _("hạn bổ sung, có thể trống")]


class NotSelected(OfProduct, Addressed):
    what: Annotated[str, _("việc không được chấp nhận")]
    decided_on: Annotated[str, _("ngày kết luận")]
    reasons: Annotated[list[str], _("lý do (dòng: reason)")]
    again: Annotated[str, _("cách nộp lại")]


class Form(OfProduct):
    """A form of the edition (biểu mẫu của quyết định)."""

    form: Annotated[str, _("tên biểu mẫu theo quyết định")]
    law: Annotated[str, _("quyết định ban hành biểu mẫu")]
    draft: Annotated[bool, _("chưa nạp lời văn chính thức")]


class Registration(Form):
    to: Annotated[list[str], _("kính gửi")]
    owner_type: Annotated[str, _("loại hình chủ thể")]
    representative: Annotated[str, _("người đại diện, có thể trống")]
    phone: Annotated[str, _("điện thoại, có thể trống")]
    registration_number: Annotated[str, _("số đăng ký kinh doanh, có thể trống")]
    rubric: Annotated[str, _("bộ sản phẩm, có thể trống")]
    certified: Annotated[str, _("giấy chứng nhận đã có, có thể trống")]
    held: Annotated[list[str], _("giấy tờ trong hồ sơ")]
    blocks: Annotated[list[Block], _("phần của cơ quan tiếp nhận (dòng: block)")]


class Score(TypedDict):
    """What the producer gave itself on a criterion; a part has its code and its sum alone."""

    code: Annotated[str, _("mã")]
    criterion: Annotated[str, _("tiêu chí")]
    level: Annotated[str, _("mức tự chọn")]
    limit: Annotated[str, _("điểm tối đa")]
    points: Annotated[str, _("điểm tự chấm")]
    evidence: Annotated[str, _("tài liệu minh chứng")]


class SelfAssessed(Form):
    rubric: Annotated[str, _("bộ sản phẩm, có thể trống")]
    general: Annotated[list[str], _("thông tin chung (dòng: line)")]
    plan_results: Annotated[list[str], _("kết quả phương án (dòng: line)")]
    scores: Annotated[list[Score], _("điểm tự chấm từng tiêu chí (dòng: score)")]
    sums: Annotated[str, _("tổng điểm từng phần")]
    total: Annotated[str, _("tổng điểm tự chấm")]
    production_plan: Annotated[list[str], _("kế hoạch sản xuất (dòng: line)")]
    what_changed: Annotated[list[str], _("nội dung thay đổi, cập nhật (dòng: line)")]


class CommuneReported(Form, Addressed):
    origin: Annotated[list[str], _("nguồn gốc, nguyên liệu địa phương (dòng: line)")]
    labour: Annotated[list[str], _("sử dụng lao động địa phương (dòng: line)")]
    idea_origin: Annotated[list[str], _("nguồn gốc ý tưởng sản phẩm (dòng: line)")]
    identity: Annotated[list[str], _("bản sắc, trí tuệ địa phương (dòng: line)")]
    samples: Annotated[str, _("sản phẩm mẫu đã nhận, có thể trống")]
    label: Annotated[str, _("đã kiểm tra nhãn, có thể trống")]


class Entry(TypedDict):
    """A product that is proposed (sản phẩm đề nghị)."""

    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    product_code: Annotated[str, _("mã sản phẩm, có thể trống")]
    group: Annotated[str, _("nhóm sản phẩm")]
    case: Annotated[str, _("loại hồ sơ: lần đầu, nâng hạng, đánh giá lại")]


class Proposal(Addressed):
    entries: Annotated[list[Entry], _("sản phẩm (dòng: entry)")]
    enclosures: Annotated[list[str], _("hồ sơ gửi kèm (dòng: paper)")]


class Item(TypedDict):
    """An item of a checklist (nội dung kiểm tra)."""

    text: Annotated[str, _("nội dung")]
    result: Annotated[str, _("đạt, chưa đạt; trống khi chưa kiểm tra")]
    note: Annotated[str, _("lý do chưa đạt, có thể trống")]


class Checklist(OfProduct):
    checked_on: Annotated[str, _("ngày kiểm tra, trống khi chưa kiểm tra")]
    items: Annotated[list[Item], _("nội dung kiểm tra (dòng: item)")]
    remarks: Annotated[list[str], _("nhận xét (dòng: line)")]


class Survey(OfProduct):
    visited_on: Annotated[str, _("ngày khảo sát")]
    visitor: Annotated[str, _("người khảo sát")]
    findings: Annotated[list[str], _("tình hình (dòng: line)")]
    advice: Annotated[list[str], _("hướng dẫn, kiến nghị (dòng: line)")]
    next_on: Annotated[str, _("hẹn lần sau, có thể trống")]
    secretary: Annotated[Signature, _("đại diện chủ thể")]


class Inspected(OfProduct):
    certificate: Annotated[str, _("giấy chứng nhận")]
    inspected_on: Annotated[str, _("ngày kiểm tra")]
    inspectors: Annotated[str, _("đoàn kiểm tra")]
    findings: Annotated[list[str], _("kết quả kiểm tra (dòng: line)")]
    samples: Annotated[str, _("số mẫu đã lấy, có thể trống")]
    results: Annotated[list[str], _("kết quả kiểm nghiệm (dòng: line)")]
    conclusion: Annotated[str, _("kết luận")]
    concluded_on: Annotated[str, _("ngày kết luận")]
    secretary: Annotated[Signature, _("đại diện chủ thể")]


class Stopped(OfProduct):
    certificate: Annotated[str, _("giấy chứng nhận")]
    stopped_on: Annotated[str, _("ngừng sản xuất từ ngày")]
    remarks: Annotated[list[str], _("nội dung xác nhận (dòng: line)")]


class Revoked(OfProduct, Based):
    authority: Annotated[str, _("thẩm quyền ban hành")]
    certificate: Annotated[str, _("giấy chứng nhận bị thu hồi")]
    ground: Annotated[str, _("điểm, khoản, điều làm căn cứ")]
    enforcers: Annotated[str, _("người chịu trách nhiệm thi hành")]


def _kind(code: Printed, symbol: str, data: type, *, numbered: bool = True) -> Kind:
    return Kind(code, symbol, data, TEMPLATES, OUTLINES[code], numbered=numbered)


register(
    _kind(Printed.RECEIPT, "GTN", Receipt),
    _kind(Printed.SUPPLEMENT, "", Supplement),
    _kind(Printed.NOT_SELECTED, "TB", NotSelected),
    _kind(Printed.REGISTRATION, "", Registration, numbered=False),
    _kind(Printed.SELF_ASSESSMENT, "", SelfAssessed, numbered=False),
    _kind(Printed.COMMUNE_REPORT, "BC", CommuneReported),
    _kind(Printed.PROPOSAL, "TTr", Proposal),
    _kind(Printed.CHECKLIST, "PKT", Checklist),
    _kind(Printed.SURVEY, "BB", Survey),
    _kind(Printed.INSPECTION, "BB", Inspected),
    _kind(Printed.STOPPED, "GXN", Stopped),
    _kind(Printed.REVOCATION, "QĐ", Revoked),
)

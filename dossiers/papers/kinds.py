"""The kinds of official papers of a dossier (văn bản in ra), and the data of each."""

from pathlib import Path
from typing import Annotated, TypedDict

from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle.papers.kinds import Addressed, Kind, Paper, register
from dossiers.papers.wording import OUTLINES

TEMPLATES = Path(__file__).parent.parent / "docx"


class Printed(models.TextChoices):
    """The papers that are printed of a dossier, to be numbered and signed (văn bản in ra)."""

    RECEIPT = "receipt", _("Giấy tiếp nhận hồ sơ")
    SUPPLEMENT = "supplement_request", _("Yêu cầu bổ sung")
    NOT_SELECTED = "not_selected", _("Thông báo không chọn, không duyệt")


# --- The data -------------------------------------------------------------------------------


class OfProduct(Paper):
    """A paper about one product."""

    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    address: Annotated[str, _("địa chỉ của chủ thể, có thể trống")]
    commune: Annotated[str, _("xã, phường")]
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


def _kind(code: Printed, symbol: str, data: type, *, numbered: bool = True) -> Kind:
    return Kind(code, symbol, data, TEMPLATES, OUTLINES[code], numbered=numbered)


register(
    _kind(Printed.RECEIPT, "GTN", Receipt),
    _kind(Printed.SUPPLEMENT, "", Supplement),
    _kind(Printed.NOT_SELECTED, "TB", NotSelected),
)

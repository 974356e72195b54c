"""The kinds of documents of a council (văn bản của hội đồng), and the data of each.

``pdf.pdf(kind, data)`` and ``word.docx(kind, data)`` take dictionaries that JSON can hold, one
TypedDict per kind. Points and results are texts («71,25», «4 sao»). Number, symbol and date of
signing are given by the clerk (văn thư): None leaves their place blank.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypedDict, get_args, get_origin, get_type_hints

from django.utils.translation import gettext_lazy as _

from councils.models import DocumentKind

HERE = Path(__file__).parent.parent
TEMPLATES = HERE / "docx"


# --- The data -------------------------------------------------------------------------------
# The texts in Annotated are shown to officers who write a template.


class Signature(TypedDict):
    """The signature (người ký); ``lines`` are such as «TM. HỘI ĐỒNG», «CHỦ TỊCH»."""

    lines: Annotated[list[str], _("quyền hạn, chức vụ")]
    name: Annotated[str, _("họ và tên")]


class Person(TypedDict):
    name: Annotated[str, _("họ và tên")]
    position: Annotated[str, _("chức vụ, đơn vị")]
    role: Annotated[str, _("nhiệm vụ")]


class Absent(TypedDict):
    name: Annotated[str, _("họ và tên")]
    position: Annotated[str, _("chức vụ, đơn vị")]
    reason: Annotated[str, _("lý do")]


class Entry(TypedDict):
    """A product of the round (sản phẩm trong đợt)."""

    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    commune: Annotated[str, _("xã, phường")]
    rubric: Annotated[str, _("bộ sản phẩm")]


class Appraised(Entry):
    self_points: Annotated[str, _("điểm tự chấm")]
    points: Annotated[str, _("điểm đề xuất")]
    result: Annotated[str, _("đề xuất")]
    findings: Annotated[str, _("nhận xét")]


class Judged(Entry):
    sheets: Annotated[int, _("số phiếu")]
    mean: Annotated[str, _("điểm trung bình")]
    result: Annotated[str, _("kết quả")]


class Certified(Entry):
    product_code: Annotated[str, _("mã sản phẩm")]
    result: Annotated[str, _("hạng")]


class Resolution(TypedDict):
    """What the council resolved on a minimum condition (điều kiện tối thiểu)."""

    product: Annotated[str, _("sản phẩm")]
    criterion: Annotated[str, _("tiêu chí")]
    decision: Annotated[str, _("kết luận")]
    votes: Annotated[str, _("số phiếu tán thành")]


class Tally(TypedDict):
    result: Annotated[str, _("kết quả")]
    number: Annotated[int, _("số sản phẩm")]


class Paper(TypedDict):
    """Head and foot of every document (thể thức văn bản); ``signed_on`` is an ISO date or None."""

    parent: Annotated[str, _("cơ quan chủ quản, có thể trống")]
    agency: Annotated[str, _("cơ quan ban hành")]
    issuer: Annotated[str, _("chữ viết tắt trong ký hiệu, ví dụ UBND")]
    host: Annotated[str, _("cơ quan ban hành, viết trong câu")]
    number: Annotated[str | None, _("số do văn thư cấp")]
    symbol: Annotated[str | None, _("ký hiệu đã ghi, trống khi chưa ghi số")]
    place: Annotated[str, _("địa danh")]
    signed_on: Annotated[str | None, _("ngày ký")]
    year: Annotated[int, _("năm")]
    round: Annotated[str, _("đợt đánh giá, ví dụ: đợt 1 năm 2026")]
    signature: Annotated[Signature, _("người ký")]
    recipients: Annotated[list[str], _("nơi nhận")]


class Based(Paper):
    """A document that names its legal bases (căn cứ)."""

    bases: Annotated[list[str], _("căn cứ")]


class Addressed(Based):
    to: Annotated[list[str], _("kính gửi")]


class Invitation(Paper):
    invited: Annotated[list[str], _("người được mời")]
    meeting: Annotated[str, _("tên cuộc họp")]
    chair: Annotated[str, _("người chủ trì")]
    starts: Annotated[str, _("thời gian họp")]
    venue: Annotated[str, _("địa điểm")]
    agenda: Annotated[list[str], _("nội dung")]
    entries: Annotated[list[Entry], _("sản phẩm (dòng: entry)")]
    notes: Annotated[list[str], _("lưu ý")]


class SupportReport(Addressed):
    period: Annotated[str, _("thời gian thẩm định")]
    team: Annotated[list[Person], _("thành viên tổ tư vấn")]
    entries: Annotated[list[Appraised], _("sản phẩm (dòng: entry)")]
    findings: Annotated[list[str], _("nhận xét chung")]
    proposals: Annotated[list[str], _("đề nghị")]


class Minutes(Paper):
    about: Annotated[str, _("việc được ghi: họp, hay lấy ý kiến bằng phiếu")]
    met: Annotated[bool, _("hội đồng có họp")]
    in_writing: Annotated[bool, _("lấy ý kiến bằng phiếu")]
    answered: Annotated[list[Person], _("người đã gửi phiếu, khi lấy ý kiến bằng phiếu")]
    starts: Annotated[str, _("thời gian bắt đầu")]
    ends: Annotated[str, _("thời gian kết thúc")]
    venue: Annotated[str, _("địa điểm")]
    chair: Annotated[str, _("người chủ trì")]
    members: Annotated[int, _("số thành viên hội đồng")]
    present: Annotated[list[Person], _("thành viên có mặt")]
    absent: Annotated[list[Absent], _("thành viên vắng mặt")]
    guests: Annotated[list[str], _("khách mời")]
    proceedings: Annotated[list[str], _("diễn biến")]
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    resolutions: Annotated[list[Resolution], _("biểu quyết về điều kiện tối thiểu")]
    conclusion: Annotated[list[str], _("kết luận")]
    secretary: Annotated[Signature, _("thư ký")]


class CouncilReport(Addressed):
    met: Annotated[bool, _("hội đồng có họp")]
    in_writing: Annotated[bool, _("lấy ý kiến bằng phiếu")]
    answered: Annotated[int, _("số người đã gửi phiếu, khi lấy ý kiến bằng phiếu")]
    starts: Annotated[str, _("thời gian họp")]
    ends: Annotated[str, _("thời gian kết thúc")]
    venue: Annotated[str, _("địa điểm")]
    attended: Annotated[int, _("số thành viên có mặt")]
    members: Annotated[int, _("số thành viên hội đồng")]
    proceedings: Annotated[list[str], _("diễn biến")]
    tallies: Annotated[list[Tally], _("số sản phẩm theo kết quả")]
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    proposals: Annotated[list[str], _("kiến nghị")]


class Submission(Addressed):
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    proposals: Annotated[list[str], _("đề nghị khác")]
    enclosures: Annotated[list[str], _("hồ sơ gửi kèm")]


class Decision(Based):
    authority: Annotated[str, _("thẩm quyền ban hành, ví dụ CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH")]
    valid_months: Annotated[int, _("số tháng có giá trị")]
    duties: Annotated[str, _("trách nhiệm của chủ thể (Điều 2)")]
    enforcers: Annotated[str, _("người chịu trách nhiệm thi hành (Điều 3)")]
    entries: Annotated[list[Certified], _("sản phẩm (dòng: entry)")]


class Notice(Addressed):
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    next_steps: Annotated[list[str], _("việc tiếp theo")]


class Request(Addressed):
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    enclosures: Annotated[list[str], _("hồ sơ gửi kèm")]
    contact: Annotated[str, _("đầu mối liên hệ, có thể trống")]


class Option(TypedDict):
    """A line under a criterion: an option, or with ``case`` the title of a case."""

    case: Annotated[str, _("trường hợp")]
    label: Annotated[str, _("mức")]
    points: Annotated[str, _("điểm")]
    minimum: Annotated[str, _("dấu ***, ****, ***** của mức tối thiểu")]
    chosen: Annotated[bool, _("được chọn")]


class Row(TypedDict):
    """A line of the sheet: a heading (mục), which has no options, or a criterion (tiêu chí)."""

    heading: Annotated[bool, _("là mục, không phải tiêu chí")]
    code: Annotated[str, _("mã")]
    label: Annotated[str, _("tên")]
    points: Annotated[str, _("điểm tối đa")]
    notes: Annotated[list[str], _("lưu ý khi chấm")]
    remark: Annotated[str, _("nhận xét của thành viên")]
    options: Annotated[list[Option], _("các mức (dòng: option)")]


class Part(TypedDict):
    code: Annotated[str, _("phần")]
    points: Annotated[str, _("điểm tối đa")]
    total: Annotated[str, _("điểm đã chấm, trống khi chưa chấm")]
    rows: Annotated[list[Row], _("các dòng (dòng: row)")]


class Eliminated(TypedDict):
    label: Annotated[str, _("điều kiện loại")]
    chosen: Annotated[bool, _("được chọn")]


class ScoreSheet(Paper):
    member: Annotated[str, _("thành viên chấm")]
    position: Annotated[str, _("chức vụ, đơn vị")]
    role: Annotated[str, _("nhiệm vụ trong hội đồng")]
    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    commune: Annotated[str, _("xã, phường")]
    rubric: Annotated[str, _("bộ tiêu chí")]
    draft: Annotated[bool, _("chưa nạp lời văn chính thức")]
    parts: Annotated[list[Part], _("các phần (dòng: part)")]
    eliminations: Annotated[list[Eliminated], _("điều kiện loại của cả bộ")]
    total: Annotated[str, _("tổng điểm, trống khi chưa chấm")]
    opinion: Annotated[str, _("nhận xét chung")]


class Certificate(TypedDict):
    agency: Annotated[str, _("cơ quan, người có thẩm quyền chứng nhận")]
    issuer: Annotated[str, _("chữ viết tắt trong ký hiệu, ví dụ UBND")]
    number: Annotated[str | None, _("số do văn thư cấp")]
    symbol: Annotated[str | None, _("ký hiệu đã ghi, trống khi chưa ghi số")]
    place: Annotated[str, _("địa danh")]
    signed_on: Annotated[str | None, _("ngày ký")]
    year: Annotated[int, _("năm")]
    signature: Annotated[Signature, _("người ký")]
    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    address: Annotated[str, _("địa chỉ")]
    stars: Annotated[int, _("số sao, 1 đến 5")]
    decision: Annotated[str, _("quyết định công nhận")]
    valid_until: Annotated[str, _("có giá trị đến ngày")]
    qr_url: Annotated[str, _("địa chỉ tra cứu trong mã QR")]


@dataclass(frozen=True)
class Kind:
    """A kind of document: its letters in the symbol (QĐ, TTr …) and the TypedDict of its data."""

    code: DocumentKind
    symbol: str
    data: Any
    sheet: str = "paper"

    @property
    def template(self) -> Path:
        """The path of the Word template that ships."""
        return TEMPLATES / f"{self.code}.docx"


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(DocumentKind.INVITATION, "GM", Invitation),
        Kind(DocumentKind.SCORE_SHEET, "", ScoreSheet, "score_sheet"),
        Kind(DocumentKind.SUPPORT_REPORT, "BC", SupportReport),
        Kind(DocumentKind.MINUTES, "BB", Minutes),
        Kind(DocumentKind.COUNCIL_REPORT, "BC", CouncilReport),
        Kind(DocumentKind.SUBMISSION, "TTr", Submission),
        Kind(DocumentKind.DECISION, "QĐ", Decision),
        Kind(DocumentKind.CERTIFICATE, "GCN", Certificate, "certificate"),
        Kind(DocumentKind.NOTICE, "TB", Notice),
        Kind(DocumentKind.REQUEST, "", Request),
    )
}

#: Fields computed from the data, which a template may use too, with their meaning.
MADE = {
    "number_line": _("số và ký hiệu, để trống chỗ cho văn thư"),
    "place_and_date": _("địa danh, ngày tháng năm"),
    "own_number": _("số và ký hiệu, không có chữ «Số»"),
    "own_date": _("ngày tháng năm, không có địa danh"),
    "addressees": _("các dòng «Kính gửi»"),
    "qr": _("hình mã QR"),
}


def fields(kind: str) -> dict[str, Any]:
    """``{field: meaning in Vietnamese}`` that a template of ``kind`` may use."""
    hints = get_type_hints(KINDS[kind].data, include_extras=True)
    named = {name: hint.__metadata__[0] for name, hint in hints.items()}
    known = {*completed(kind, blank(kind)), *(["qr"] if "qr_url" in named else [])}
    return named | {name: label for name, label in MADE.items() if name in known}


def blank(kind: str) -> dict[str, Any]:
    """Sample data of ``kind``, with one row in each list, to try a template with."""
    data = _blank(KINDS[kind].data) | {"signed_on": None}
    return data | ({"stars": 3} if "stars" in data else {})


def _blank(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is list:
        return [_blank(get_args(hint)[0])]
    if isinstance(hint, type) and hint in (int, bool):
        return hint(1)
    if hasattr(hint, "__required_keys__"):
        return {
            name: _blank(each) for name, each in get_type_hints(hint, include_extras=True).items()
        }
    return "…"


def completed(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the computed fields (:data:`MADE`) and without unprintable characters. Raises
    KeyError naming the fields that are missing.
    """
    if missing := KINDS[kind].data.__required_keys__ - data.keys():
        raise KeyError(", ".join(sorted(missing)))
    data = _printable(data)
    symbol = data["symbol"] or _symbol(kind, data["issuer"])
    own_number = f"{_number(data['number'])}/{symbol}"
    own_date = _day(data["signed_on"], data["year"])
    made: dict[str, Any] = {
        "own_number": own_number,
        "own_date": own_date,
        "number_line": f"Số: {own_number}",
        "place_and_date": f"{data['place']}, {own_date}",
    }
    if "recipients" in data:
        made["recipients"] = _listed(data["recipients"])
    if "bases" in data:
        made["bases"] = _listed(data["bases"])
    if "to" in data:
        to = data["to"]
        made["addressees"] = (
            [f"Kính gửi: {to[0]}."]
            if len(to) == 1
            else ["Kính gửi:", *(f"- {line}" for line in _listed(to))]
        )
    return {**data, **made}


def _printable(value: Any) -> Any:
    """``value`` with its texts normalised and without control characters, which Word and Typst
    refuse.
    """
    if isinstance(value, dict):
        return {key: _printable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value)
        return "".join(c for c in value if c == "\n" or not _unprintable(c))
    return value


def _unprintable(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs") or letter in "\ufffe\uffff"


def _symbol(kind: str, issuer: str) -> str:
    return "-".join(filter(None, [KINDS[kind].symbol, issuer]))


#: Space to write by hand; ordinary spaces would collapse into one.
ROOM = "\N{NO-BREAK SPACE}" * 6


def _number(number: str | None) -> str:
    return ROOM if not number else number.zfill(2) if number.isdecimal() else number


def _day(signed_on: str | None, year: int) -> str:
    """«ngày 05 tháng 02 năm 2026»: days below 10 and months 1 and 2 get a zero (NĐ 30, Phụ lục I,
    Mục II.4).
    """
    if signed_on is None:
        return f"ngày{ROOM}tháng{ROOM}năm {year}"
    day = date.fromisoformat(signed_on)
    month = f"{day.month:02}" if day.month < 3 else day.month
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def _listed(lines: Sequence[str]) -> list[str]:
    """The lines of a list, each ending with a semicolon, the last with a full stop."""
    bare = [line.rstrip(" ;.") for line in lines]
    return [f"{line};" for line in bare[:-1]] + [f"{line}." for line in bare[-1:]]

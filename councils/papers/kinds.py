"""The kinds of documents of a council (văn bản của hội đồng), and the data of each."""

from pathlib import Path
from typing import Annotated, TypedDict

from django.utils.translation import gettext_lazy as _

from councils.models import DocumentKind, DocumentTemplate
from councils.papers.wording import OUTLINES
from cycle.papers.kinds import (
    Addressed,
    Based,
    Kind,
    Paper,
    Signature,
    keeps_templates,
    register,
)

HERE = Path(__file__).parent.parent
TEMPLATES = HERE / "docx"
SHEETS = HERE / "sheets"


# --- The data -------------------------------------------------------------------------------


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


class Stage(TypedDict):
    """A line of a plan (việc trong kế hoạch)."""

    work: Annotated[str, _("việc")]
    who: Annotated[str, _("ai thực hiện")]
    when: Annotated[str, _("thời gian, để chấm khi chưa định")]


class Received(Entry):
    case: Annotated[str, _("loại hồ sơ")]
    proposed_on: Annotated[str, _("ngày văn bản của xã, có thể trống")]
    accepted_on: Annotated[str, _("ngày tỉnh tiếp nhận, có thể trống")]


class OfRound(Paper):
    round: Annotated[str, _("đợt đánh giá, ví dụ: đợt 1 năm 2026")]


class Founding(Based):
    """The decision on a council and its team: of no round."""

    authority: Annotated[str, _("thẩm quyền ban hành, ví dụ CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH")]
    what: Annotated[str, _("thành lập, hay kiện toàn")]
    council: Annotated[str, _("tên hội đồng")]
    term: Annotated[str, _("thời hạn hoạt động")]
    members: Annotated[list[Person], _("thành viên hội đồng (dòng: person)")]
    team: Annotated[list[Person], _("thành viên tổ tư vấn (dòng: person)")]
    duties: Annotated[str, _("hội đồng, tổ tư vấn làm việc theo quy chế nào")]
    enforcers: Annotated[str, _("người chịu trách nhiệm thi hành")]


class Plan(OfRound, Based):
    aims: Annotated[list[str], _("mục đích, yêu cầu")]
    stages: Annotated[list[Stage], _("nội dung, thời gian (dòng: stage)")]
    entries: Annotated[list[Entry], _("sản phẩm (dòng: entry)")]
    duties: Annotated[list[str], _("tổ chức thực hiện")]


class ReceivedReport(OfRound, Addressed):
    tallies: Annotated[list[Tally], _("số hồ sơ theo loại")]
    entries: Annotated[list[Received], _("sản phẩm (dòng: entry)")]
    proposals: Annotated[list[str], _("đề nghị")]


class TeamSurvey(OfRound):
    product: Annotated[str, _("sản phẩm")]
    producer: Annotated[str, _("chủ thể")]
    address: Annotated[str, _("địa chỉ của chủ thể, có thể trống")]
    commune: Annotated[str, _("xã, phường")]
    rubric: Annotated[str, _("bộ sản phẩm")]
    visited_on: Annotated[str, _("ngày khảo sát")]
    ground: Annotated[str, _("căn cứ khảo sát hồ sơ đánh giá lại, có thể trống")]
    team: Annotated[list[Person], _("người khảo sát (dòng: person)")]
    checked: Annotated[list[str], _("nội dung đã kiểm tra, đạt")]
    findings: Annotated[list[str], _("kết quả khảo sát")]
    tests: Annotated[list[str], _("đề nghị kiểm nghiệm")]
    secretary: Annotated[Signature, _("đại diện chủ thể")]


class Invitation(OfRound):
    invited: Annotated[list[str], _("người được mời")]
    meeting: Annotated[str, _("tên cuộc họp")]
    chair: Annotated[str, _("người chủ trì")]
    starts: Annotated[str, _("thời gian họp")]
    venue: Annotated[str, _("địa điểm")]
    agenda: Annotated[list[str], _("nội dung")]
    entries: Annotated[list[Entry], _("sản phẩm (dòng: entry)")]
    notes: Annotated[list[str], _("lưu ý")]


class SupportReport(OfRound, Addressed):
    period: Annotated[str, _("thời gian thẩm định")]
    team: Annotated[list[Person], _("thành viên tổ tư vấn")]
    appraised: Annotated[int, _("số hồ sơ đã thẩm định")]
    unappraised: Annotated[int, _("số hồ sơ chưa có báo cáo thẩm định")]
    pointed: Annotated[bool, _("có điểm tự chấm hoặc điểm đề xuất")]
    unpointed: Annotated[bool, _("không có điểm nào")]
    entries: Annotated[list[Appraised], _("sản phẩm (dòng: entry)")]
    findings: Annotated[list[str], _("nhận xét chung")]
    proposals: Annotated[list[str], _("đề nghị")]


class Minutes(OfRound):
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


class CouncilReport(OfRound, Addressed):
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


class Submission(OfRound, Addressed):
    asks: Annotated[str, _("điều đề nghị quyết định: công nhận, phê duyệt kết quả")]
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    proposals: Annotated[list[str], _("đề nghị khác")]
    enclosures: Annotated[list[str], _("hồ sơ gửi kèm")]


class Decision(OfRound, Based):
    authority: Annotated[str, _("thẩm quyền ban hành, ví dụ CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH")]
    valid_months: Annotated[int, _("số tháng có giá trị")]
    duties: Annotated[str, _("trách nhiệm của chủ thể (Điều 2)")]
    enforcers: Annotated[str, _("người chịu trách nhiệm thi hành (Điều 3)")]
    entries: Annotated[list[Certified], _("sản phẩm (dòng: entry)")]


class Approval(OfRound, Based):
    authority: Annotated[str, _("thẩm quyền ban hành, ví dụ CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH")]
    duties: Annotated[str, _("việc tiếp theo (Điều 2)")]
    enforcers: Annotated[str, _("người chịu trách nhiệm thi hành (Điều 3)")]
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]


class Notice(OfRound, Addressed):
    entries: Annotated[list[Judged], _("sản phẩm (dòng: entry)")]
    next_steps: Annotated[list[str], _("việc tiếp theo")]


class Request(OfRound, Addressed):
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


class ScoreSheet(OfRound):
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


def _kind(code: DocumentKind, symbol: str, data: type, *, numbered: bool = True) -> Kind:
    return Kind(code, symbol, data, TEMPLATES, OUTLINES[code], numbered=numbered)


def _drawn(code: DocumentKind, symbol: str, data: type) -> Kind:
    """A kind whose sheet is drawn by itself."""
    sheet, drawn_by = SHEETS / f"{code}.typ", f"councils.papers.layout.{code}"
    numbered = code != DocumentKind.SCORE_SHEET
    return Kind(code, symbol, data, TEMPLATES, sheet=sheet, drawn_by=drawn_by, numbered=numbered)


register(
    _kind(DocumentKind.FOUNDING, "QĐ", Founding),
    _kind(DocumentKind.PLAN, "KH", Plan),
    _kind(DocumentKind.RECEIVED, "BC", ReceivedReport),
    _kind(DocumentKind.INVITATION, "GM", Invitation),
    _drawn(DocumentKind.SCORE_SHEET, "", ScoreSheet),
    _kind(DocumentKind.TEAM_SURVEY, "", TeamSurvey, numbered=False),
    _kind(DocumentKind.SUPPORT_REPORT, "BC", SupportReport),
    _kind(DocumentKind.MINUTES, "BB", Minutes),
    _kind(DocumentKind.COUNCIL_REPORT, "BC", CouncilReport),
    _kind(DocumentKind.SUBMISSION, "TTr", Submission),
    _kind(DocumentKind.DECISION, "QĐ", Decision),
    _kind(DocumentKind.APPROVAL, "QĐ", Approval),
    _drawn(DocumentKind.CERTIFICATE, "GCN", Certificate),
    _kind(DocumentKind.NOTICE, "TB", Notice),
    _kind(DocumentKind.REQUEST, "", Request),
)


@keeps_templates
def _own_template(kind: str) -> DocumentTemplate | None:
    """The province's own Word template of a kind, whichever app registered it."""
    return DocumentTemplate.objects.filter(kind=kind).first()

"""What an act needs besides the right state; each says in Vietnamese what is missing. A leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, documents
from cycle.models import Document, HistoryEntry, Level, OrgUnit, Stream
from cycle.written import visible
from dossiers.law.doing import Doing
from dossiers.law.order import (
    ROUND_PAPERS,
    Asks,
    MetAfter,
    paper_of_round,
    the_certificate,
    too_early,
)
from dossiers.law.signers import CENTRE_RESULT, REQUEST, RESULT, SIGNERS, Signer, called, doubt
from dossiers.law.states import AT_COUNCIL, UNDECIDED
from dossiers.law.states import State as S

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from dossiers.models.dossier import Dossier

#: A text that is shown, translated when it is read.
Words = str | Promise


class Lack(NamedTuple):
    """What an act lacks, in a sentence, and the ``field`` of its form where that is said; "" above
    the form. Of a form of several parts the part comes first: «paper-number».
    """

    words: Words
    field: str = ""
    #: The act that would bring what is missing, where that is an act of its own.
    met_by: str = ""


class ConditionNotMet(Exception):
    """An act cannot be done yet; ``lacks`` say what is missing and where it is typed, ``messages``
    are their Vietnamese sentences.
    """

    def __init__(self, lacks: Iterable[Words | Lack]) -> None:
        self.lacks = [each if isinstance(each, Lack) else Lack(each) for each in lacks]
        self.messages = [each.words for each in self.lacks]
        super().__init__(" ".join(map(str, self.messages)))


#: The sentence for a missing reason.
NO_REASON = _("Bạn chưa nêu lý do.")


def stated(text: str, lacks: Words = NO_REASON, *, field: str = "reason") -> str:
    """A required text, without blanks around it. Raises ConditionNotMet with the sentence ``lacks``
    at its ``field`` when it has no visible character.
    """
    if not visible(text).strip():
        raise ConditionNotMet([Lack(lacks, field)])
    return text.strip()


class ActNotPossible(Exception):
    """The dossier is in no state in which the act may be done: too early, or someone was first."""


#: Says what the dossier lacks; None when nothing.
Check = Callable[["Dossier"], Words | None]
#: The same, given who does the act; a page that only shows the button gives None.
RoundCheck = Callable[["Dossier", Doing | None], Words | None]


class Condition:
    """A check as django_fsm wants it, yes or no; :attr:`why_not` says what is missing.

    ``settled``: nothing that a form records can meet it; the edition or the stars decide.
    ``field``: where on the form what it asks for is typed, ``met_by``: the act that meets it, see
    :class:`Lack`.
    """

    def __init__(
        self, check: Check, *, settled: bool = False, field: str = "", met_by: str = ""
    ) -> None:
        self.why_not, self.settled, self.field, self.met_by = check, settled, field, met_by
        self.__name__, self.__doc__ = check.__name__, check.__doc__

    def __call__(self, dossier: Dossier) -> bool:
        return not self.why_not(dossier)


def condition(check: Check) -> Condition:
    """A condition that a record made with the act may meet."""
    return Condition(check)


def typed_at(field: str) -> Callable[[Check], Condition]:
    """The same of what is typed at one ``field``."""
    return lambda check: Condition(check, field=field)


def settled(check: Check) -> Condition:
    """A condition that no record made with the act can meet."""
    return Condition(check, settled=True)


def met_by(act: str) -> Callable[[Check], Condition]:
    """The same, which another ``act`` meets that is done before."""
    return lambda check: Condition(check, settled=True, met_by=act)


class Question:
    """What makes an act need a reason on the day it is done (phải nêu lý do). It forbids nothing.

    ``ask(dossier, day)`` is the sentence that says what is out of the ordinary, or None. The year's
    report counts it under ``label`` by its ``code``, which the history keeps. With ``awaits`` what
    lacks follows on a day, and the reason names it.
    """

    def __init__(
        self,
        code: str,
        label: Words,
        ask: Callable[[Dossier, date], Words | None],
        *,
        awaits: bool = False,
    ) -> None:
        self.code, self.label, self.ask, self.awaits = code, label, ask, awaits
        self.__doc__ = ask.__doc__


def question(
    code: str, label: Words, *, awaits: bool = False
) -> Callable[[Callable[[Dossier, date], Words | None]], Question]:
    """Make a check a :class:`Question` of this code and label."""
    return lambda ask: Question(code, label, ask, awaits=awaits)


@question("D6", _("Đánh giá lại nộp ngoài thời gian 180–120 ngày"))
def filed_in_window(dossier: Dossier, day: date) -> Words | None:
    """Đánh giá lại nộp trong 180–120 ngày trước khi giấy hết hạn (Đ.7.6.a)."""
    window = dossier.refiling()
    if window is None or window[0] <= day <= window[1]:
        return None
    if dossier.in_transition(day):
        # Nobody could meet them: they were over, or had begun, before the law came (Đ.12.3).
        return None
    days = {"first": f"{window[0]:%d/%m/%Y}", "last": f"{window[1]:%d/%m/%Y}"}
    if day < window[0]:
        return _now(
            "Nộp sớm hơn thời gian nộp hồ sơ đánh giá lại (%(first)s–%(last)s): hãy nêu lý do."
        ) % days  # fmt: skip
    return _now(
        "Nộp muộn hơn thời gian nộp hồ sơ đánh giá lại (%(first)s–%(last)s): hãy nêu lý do."
    ) % days  # fmt: skip


@question("edition", _("Nộp theo bộ quy định không có hiệu lực ngày nộp"))
def edition_in_force(dossier: Dossier, day: date) -> Words | None:
    """Bộ quy định của hồ sơ có hiệu lực trong ngày nộp (Đ.12)."""
    law = dossier.rule_set
    said = {"law": law.document, "day": f"{day:%d/%m/%Y}"}
    if day < law.valid_from:
        return _now("%(law)s chưa có hiệu lực ngày %(day)s: hãy nêu lý do nộp theo đó.") % said
    if law.valid_to is not None and day > law.valid_to:
        return _now("%(law)s đã hết hiệu lực ngày %(day)s: hãy nêu lý do nộp theo đó.") % said
    return None


#: Nothing new begins in a year that is over.
CYCLE_CLOSED = _("Chu trình đã đóng: hãy chọn chu trình đang mở.")

#: Nothing goes on in it either.
YEAR_IS_OVER = _(
    "Chu trình %(cycle)s đã đóng: hồ sơ phải được chuyển tiếp sang chu trình đang mở trước."
)

#: The sentence for an upgrade or a re-evaluation of what was never certified.
NEVER_CERTIFIED = _(
    "Sản phẩm này chưa có giấy chứng nhận còn hiệu lực hoặc đã hết hạn trong phần mềm: "
    "hãy ghi giấy cũ trước, hoặc mở hồ sơ đánh giá lần đầu."
)

#: The sentence for an upgrade or a re-evaluation of what was revoked since.
CERTIFICATE_REVOKED = _(
    "Giấy chứng nhận của sản phẩm này đã bị thu hồi: chỉ mở được hồ sơ đánh giá lần đầu."
)


@settled
def begins_with_an_idea(dossier: Dossier) -> Words | None:
    """Đi từ ý tưởng: what is judged again has an idea and a plan already (Điều 7.6)."""
    if dossier.case_type == "reevaluation":
        return _("Hồ sơ đánh giá lại không đăng ký ý tưởng: hãy «Vào thẳng bước sau».")
    return None


@condition
def has_idea(dossier: Dossier) -> Words | None:
    """Phiếu đăng ký ý tưởng."""
    if not dossier.ideas.exists():
        return _("Hồ sơ chưa có phiếu đăng ký ý tưởng.")
    return None


@condition
def has_plan(dossier: Dossier) -> Words | None:
    """Phương án sản xuất kinh doanh."""
    if not dossier.businessplans.exists():
        return _("Hồ sơ chưa có phương án sản xuất kinh doanh.")
    return None


@settled
def owner_was_trained(dossier: Dossier) -> Words | None:
    """Chủ thể đã dự tập huấn mà kế hoạch của năm yêu cầu trước khi duyệt phương án."""
    if missed := dossier.trainings_missed():
        return _now(
            "Chủ thể chưa có tên trong danh sách người dự tập huấn mà kế hoạch yêu cầu trước khi "
            "duyệt phương án: %(trainings)s."
        ) % {"trainings": "; ".join(f"«{each}» ({each.when})" for each in missed)}
    return None


@condition
def has_completion(dossier: Dossier) -> Words | None:
    """Kết quả triển khai."""
    if not dossier.completions.exists():
        return _("Hồ sơ chưa có kết quả triển khai.")
    return None


@condition
def has_self_assessment(dossier: Dossier) -> Words | None:
    """Bản tự đánh giá (Mẫu 02)."""
    if not dossier.selfassessments.exists():
        return _("Hồ sơ chưa có bản tự đánh giá.")
    return None


@condition
def has_rubrics(dossier: Dossier) -> Words | None:
    """Bộ tiêu chí của nhóm sản phẩm: the edition has one for it; QĐ 851 has none at all."""
    if not dossier.rubrics().exists():
        return _("Bộ quy định này không có bộ tiêu chí cho nhóm sản phẩm của hồ sơ.")
    return None


@condition
def not_judged(dossier: Dossier) -> Words | None:
    """Chưa hội đồng nào chấm, chưa vào đợt: the rubric may not change after that."""
    if dossier.stars is not None:
        return _("Hội đồng đã chấm hồ sơ này: không đổi bộ sản phẩm được nữa.")
    if dossier.held() is not None:
        return _("Hồ sơ đã được đưa vào đợt đánh giá: không đổi bộ sản phẩm được nữa.")
    return None


@condition
def group_may_change(dossier: Dossier) -> Words | None:
    """Đổi nhóm sản phẩm được: the same rule as :func:`not_judged`, in words about the group."""
    if not_judged.why_not(dossier) is None:
        return None
    if dossier.stars is not None:
        return _("Hội đồng đã chấm hồ sơ này: không đổi nhóm sản phẩm được nữa.")
    return _("Hồ sơ đã được đưa vào đợt đánh giá: không đổi nhóm sản phẩm được nữa.")


def group_unknown(rule_set: Any) -> str:
    """The sentence for a product group that the edition ``rule_set`` does not have."""
    return _now(
        "Nhóm sản phẩm này không có trong «%(law)s»: hãy chọn một nhóm của bộ quy định đó."
    ) % {"law": rule_set}


def _held_by(dossier: Dossier, doing: Doing | None) -> Any:
    """The round's entry that has the dossier; None when none has, or the act is that round's."""
    entry = dossier.held() if dossier.state in AT_COUNCIL else None
    if entry is None or doing is not None and doing.is_of_round(entry.round_id):
        return None
    return entry


def _pending(entry: Any) -> str:
    return _now("Đợt «%(round)s» đã chốt, kết quả đang được ghi vào hồ sơ.") % {
        "round": entry.round
    }


def free_of_round(dossier: Dossier, doing: Doing | None) -> Words | None:
    """Không ở trong đợt đánh giá nào: while a round has the dossier only its closing moves it."""
    entry = _held_by(dossier, doing)
    if entry is None:
        return None
    if not entry.live:
        return _pending(entry)
    return _now("Hồ sơ đang trong đợt «%(round)s»: kết quả được ghi khi chốt đợt.") % {
        "round": entry.round
    }


def may_leave_round(dossier: Dossier, doing: Doing | None) -> Words | None:
    """Ra khỏi đợt được: the round is not closed, and the door has locked its entry
    (``doing.leaving``).
    """
    entry = _held_by(dossier, doing)
    if entry is None:
        return None
    if not entry.live:
        return _pending(entry)
    # A page asks without ``doing``; only the door has locked an entry.
    if doing is not None and doing.leaving != entry.pk:
        return _now("Hồ sơ vừa được đưa vào đợt «%(round)s»: hãy tải lại trang.") % {
            "round": entry.round
        }
    return None


@condition
def has_compulsory_evidence(dossier: Dossier) -> Words | None:
    """Đủ tài liệu bắt buộc."""
    missing = dossier.missing_evidence()
    if missing:
        return _now("Hồ sơ còn thiếu: %(items)s.") % {"items": "; ".join(missing)}
    return None


@condition
def has_commune_report(dossier: Dossier) -> Words | None:
    """Báo cáo của xã (Mẫu 03)."""
    if not dossier.communereports.exists():
        return _("Hồ sơ chưa có báo cáo của xã.")
    return None


@condition
def has_result(dossier: Dossier) -> Words | None:
    """Kết quả của hội đồng: given since the dossier came into this state."""
    if dossier.fresh_result() is None:
        return _("Chưa có kết quả của hội đồng.")
    return None


@typed_at("certificate-issued_on")
def has_certificate(dossier: Dossier) -> Words | None:
    """Giấy chứng nhận: recorded with this decision."""
    if not dossier.certified_since(dossier.moved_at):
        return _("Chưa ghi ngày cấp giấy chứng nhận.")
    return None


@typed_at("certificate-issued_on")
def has_centre_certificate(dossier: Dossier) -> Words | None:
    """Giấy chứng nhận của trung ương: required when the centre gave five stars."""
    result = dossier.fresh_result()
    if result is not None and result.stars == 5:
        return has_certificate.why_not(dossier)
    return None


@settled
def judged_without_round(dossier: Dossier) -> Words | None:
    """Kết quả không do một đợt đánh giá: of what a round judged the round's own notice tells."""
    judged = dossier.round_entries.filter(
        results__isnull=False, results__closing__reopening__isnull=True
    )
    closed_at = judged.aggregate(last=Max("results__closing__at"))["last"]
    if closed_at is None:
        return None
    # What the centre judged since is told by itself.
    centre = dossier.history.filter(event="dossier.record_centre_result", at__gt=closed_at)
    if centre.exists():
        return None
    return _("Kết quả này của một đợt đánh giá: ghi thông báo ở trang văn bản của đợt.")


@settled
def not_notified(dossier: Dossier) -> Words | None:
    """Kết quả chưa được thông báo: once each, what is typed wrong is corrected."""
    told = dossier.history.filter(event="dossier.notify_result").order_by("seq").last()
    if told is None:
        return None
    decisions = [f"dossier.{act}" for act, signer in SIGNERS.items() if _decides(signer)]
    if dossier.history.filter(event__in=decisions, seq__gt=told.seq).exists():
        return None
    return _("Kết quả này đã thông báo; văn bản ghi sai thì đính chính văn bản đó.")


def _decides(signer: Signer) -> bool:
    """Whether an act on a paper that ``signer`` signs decides on a result, or gives one."""
    return signer.paper == RESULT or signer is CENTRE_RESULT


def in_closed_year(dossier: Dossier) -> bool:
    """Its year was closed without it (chu trình đã đóng)."""
    return dossier.cycle.closed_on is not None


def has_support(dossier: Dossier) -> bool:
    """A measure of support is on record, of which something may be paid (có nội dung hỗ trợ)."""
    return dossier.supportmeasures.exists()


def waits_for_number(dossier: Dossier) -> bool:
    """Its certificate has no number yet (chờ số)."""
    given = dossier.certificates.last()
    return given is not None and not given.number


@condition
def has_promotion(dossier: Dossier) -> Words | None:
    """Hoạt động xúc tiến."""
    if not dossier.promotions.exists():
        return _("Chưa ghi hoạt động xúc tiến nào.")
    return None


@settled
def district_evaluates(dossier: Dossier) -> Words | None:
    """Bộ quy định có cấp huyện."""
    if not dossier.rule_set.has_district:
        return _("Theo bộ quy định này hồ sơ chuyển thẳng lên tỉnh.")
    return None


@settled
def may_go_to_province(dossier: Dossier) -> Words | None:
    """Chuyển lên tỉnh được: from the commune if no district evaluates, from the district if its
    result goes up.
    """
    if dossier.state == S.COMMUNE_CHECKED:
        if dossier.rule_set.has_district:
            return _("Theo bộ quy định này hồ sơ phải qua cấp huyện.")
    elif not dossier.goes_up(Level.DISTRICT):
        return _("Kết quả cấp huyện chưa đạt mức được đề nghị lên tỉnh.")
    return None


@settled
def may_be_recognised(dossier: Dossier) -> Words | None:
    """Công nhận được: at least three stars."""
    if (dossier.stars or 0) < 3:
        return _("Chỉ sản phẩm từ 3 sao mới được đề nghị công nhận.")
    return None


@settled
def province_certifies(dossier: Dossier) -> Words | None:
    """Tỉnh công nhận được: the pinned edition lets the province certify these stars, or the centre
    has answered.
    """
    if (dossier.stars or 0) < 3:
        return _("Chỉ sản phẩm từ 3 sao mới được công nhận.")
    if dossier.rule_set.certifier(dossier.stars) not in (None, Level.PROVINCE):
        return _("Hạng sao này do trung ương công nhận: hãy trình trung ương.")
    return None


@settled
def may_be_nominated(dossier: Dossier) -> Words | None:
    """Đề nghị trung ương được: at least 90 points, and the centre has not answered yet."""
    if not dossier.goes_up(Level.PROVINCE):
        return _("Kết quả chưa đạt mức trình trung ương.")
    if _from_the_centre(dossier):
        return _("Trung ương đã có kết quả cho hồ sơ này.")
    return None


def _from_the_centre(dossier: Dossier) -> bool:
    """Whether its last result is the centre's: nobody has evaluated it again since."""
    last = dossier.evaluations.last()
    return last is not None and last.level == Level.CENTRE


def recorded_in_round(dossier: Dossier, kind: str) -> Document | None:
    """The document on which an act is done where the round that judged it has recorded it: nobody
    types it a second time. ``kind``: see ``Act.round_paper``. Not of what the centre judged: of
    that the papers of the round say nothing.
    """
    signed = paper_of_round(dossier, kind) if kind else None
    if signed is None or _from_the_centre(dossier):
        return None
    found: Document = signed.of_ledger
    return found


@met_by("approve_result")
def result_approved(dossier: Dossier) -> Words | None:
    """Quyết định phê duyệt kết quả: a paper of its own, before the request to the ministry; not
    under editions in which a district evaluates.
    """
    if dossier.rule_set.has_district or may_be_nominated.why_not(dossier):
        return None
    approved = dossier.history.filter(event="dossier.approve_result")
    last = dossier.evaluations.last()
    if not (approved.filter(at__gte=last.at) if last else approved).exists():
        if recorded_in_round(dossier, "approval") is not None:
            return _(
                "Quyết định phê duyệt kết quả đã ghi ở đợt đánh giá: làm việc «Ghi quyết định phê "
                "duyệt kết quả» của hồ sơ trước."
            )
        return _("Chưa ghi quyết định phê duyệt kết quả của Chủ tịch UBND tỉnh.")
    return None


@question("samples", _("Đề nghị trung ương khi chưa đủ sản phẩm mẫu"), awaits=True)
def samples_for_centre(dossier: Dossier, day: date) -> Words | None:
    """Đủ sản phẩm mẫu gửi trung ương (Đ.6.2.d): fresh and seasonal goods may follow, on a day that
    the reason names.
    """
    if may_be_nominated.why_not(dossier) or result_approved.why_not(dossier):
        return None
    if not (lacking := dossier.samples_lacking(for_centre=True)):
        return None
    return _now(
        "Còn thiếu %(n)s sản phẩm mẫu gửi trung ương: hãy ghi nhận mẫu trước; hàng tươi sống, theo "
        "mùa thì nêu lý do và ngày gửi mẫu."
    ) % {"n": lacking}


@settled
def province_revokes(dossier: Dossier) -> Words | None:
    """Tỉnh ghi thu hồi được: what the centre certified is revoked by the minister, after the
    province's report (Điều 8.2.b).
    """
    if certified_by_centre(dossier) and not _was_reported(dossier):
        return _(
            "Sản phẩm 5 sao do Bộ trưởng thu hồi: hãy «Báo cáo Bộ đề nghị thu hồi» trước, "
            "có quyết định của Bộ thì ghi ở đây."
        )
    return None


@settled
def centre_gave_less(dossier: Dossier) -> Words | None:
    """Trung ương chấm dưới 5 sao: the leader chooses between that result and a new evaluation."""
    if not _from_the_centre(dossier):
        return _("Chỉ đánh giá lại khi trung ương đã trả kết quả dưới 5 sao.")
    return None


@settled
def ministry_revokes(dossier: Dossier) -> Words | None:
    """Do trung ương công nhận, nên báo cáo Bộ."""
    if not certified_by_centre(dossier):
        return _("Hạng sao này do tỉnh công nhận: tỉnh quyết định thu hồi.")
    return None


def certified_by_centre(dossier: Dossier) -> bool:
    """Whether the pinned edition lets only the centre certify its stars."""
    return dossier.rule_set.certifier(dossier.stars) == Level.CENTRE


def signed_by_office(name: str) -> Condition:
    """The condition that who signed the paper of the act ``name`` may sign it (:data:`SIGNERS`)."""
    signer = SIGNERS[name]

    def check(dossier: Dossier) -> Words | None:
        """Đúng thẩm quyền ký văn bản."""
        paper = dossier.resting_on
        # In a replay of the past it may be unknown who signed.
        if paper is None or clock.replaying():
            return None
        office, capacity = signer.office(dossier), paper.capacity_typed
        if capacity is None:
            capacity = paper.signer_capacity
        if office.signs_as(capacity):
            return None
        level = signer.level_of(dossier, dossier.state)
        if asked := doubt(office, called(dossier), level, capacity):
            paper.doubt = asked
            if paper.as_written == capacity:
                return None
        return office.sentence

    check.__name__ = f"{name}_is_signed_by_its_office"
    return Condition(check, field="paper-signer_capacity")


@typed_at("paper-signed_on")
def _of_its_day(dossier: Dossier) -> Words | None:
    """Đơn vị ban hành có trong ngày ký: a unit signs what bears a day on which it is there."""
    paper = dossier.resting_on
    if paper is None or clock.replaying():
        return None
    unit, day = paper.document.issuer, paper.signed_on
    if unit is None or dossier.works_on(unit, day):
        return None
    said = {"unit": unit, "day": f"{day:%d/%m/%Y}"}
    if day < unit.valid_from:
        return _now("Ngày %(day)s chưa có «%(unit)s» (có từ ngày %(since)s): hãy xem lại.") % {
            **said,
            "since": f"{unit.valid_from:%d/%m/%Y}",
        }
    return _now(
        "Ngày %(day)s «%(unit)s» không còn (đến hết ngày %(last)s), chưa ghi đơn vị kế thừa: hãy "
        "xem lại ngày ký, hoặc báo quản trị ghi đơn vị kế thừa."
    ) % {**said, "last": f"{unit.valid_to:%d/%m/%Y}"}


def questions(dossier: Dossier, name: str, records: Iterable[Any], paper: Any) -> list[Words]:
    """What is asked once more before the act ``name`` is done with these ``records`` on ``paper``
    (hỏi lại), though nothing forbids it. What is asked of a signer's capacity stands on the paper
    as ``doubt``, once its condition was asked.
    """
    found = (
        before_filing(dossier, name, paper),
        beside_an_order(dossier, name, paper),
        before_it_began(dossier, [*records, *([paper] if paper is not None else [])]),
        of_another_round(dossier, name, paper),
    )
    return [each for each in found if each]


def _rounds_of(known: QuerySet[Document], kind: str) -> dict[int, str]:
    """The rounds that have one of these documents as theirs of the ``kind``, with their names."""
    its = {"of_rounds__kind": kind, "of_rounds__entry": None, "of_rounds__replaced_by": None}
    return dict(known.filter(**its).values_list("of_rounds__round", "of_rounds__round__name"))


def _judged_in(rounds: Iterable[int]) -> Q:
    """Of a dossier: that a closing of one of the rounds, which stands, has its result."""
    return Q(
        round_entries__round__in=list(rounds),
        round_entries__results__isnull=False,
        round_entries__results__closing__reopening=None,
    )


def told_with(dossier: Dossier, name: str) -> set[int] | None:
    """The dossiers of which the document tells that the round of this one recorded for the act
    ``name``; None where it recorded none.
    """
    kind = ROUND_PAPERS.get(name, "")
    known = recorded_in_round(dossier, kind)
    if known is None:
        return None
    rounds = _rounds_of(Document.objects.filter(pk=known.pk), kind)
    return set(type(dossier).objects.filter(_judged_in(rounds)).values_list("pk", flat=True))


def of_another_round(dossier: Dossier, name: str, paper: Any) -> Words | None:
    """Văn bản đã ghi cho đợt không có sản phẩm này: what is asked once more where the document of
    the act is that of a round in which the dossier was not. The signed paper may name it all the
    same; the one that the product prints of that round does not.
    """
    kind = ROUND_PAPERS.get(name)
    if kind is None or paper is None or not documents.is_number(paper.number):
        return None
    known = Document.objects.standing().filter(before=False, year=paper.signed_on.year)
    rounds = _rounds_of(known.numbered(paper.number), kind)
    if not rounds or type(dossier).objects.filter(_judged_in(rounds), pk=dossier.pk).exists():
        return None
    return _now(
        "Văn bản %(paper)s đã ghi cho «%(round)s», trong đó không có sản phẩm này: xin xem lại văn "
        "bản đã ký có tên sản phẩm không."
    ) % {"paper": paper.number, "round": ", ".join(rounds.values())}


def before_filing(dossier: Dossier, name: str, paper: Any) -> Words | None:
    """Ngày văn bản đề nghị trước ngày nộp hồ sơ: what is asked once more of the request ``paper``
    on which the act ``name`` sends the dossier up, for its day says in which batch it comes.
    """
    if paper is None or name not in SIGNERS or SIGNERS[name].paper != REQUEST:
        return None
    if dossier.state != S.COMMUNE_CHECKED:
        return None
    filed = dossier.done(*_FILED).last()
    since = filed.day if filed is not None else timezone.localdate(dossier.opened_at)
    if paper.signed_on >= since:
        return None
    return _now(
        "Văn bản đề nghị ký ngày %(day)s, trước ngày nộp hồ sơ (%(since)s); ngày ký xếp hồ sơ vào "
        "đợt của ngày ấy: xin xem lại."
    ) % {"day": f"{paper.signed_on:%d/%m/%Y}", "since": f"{since:%d/%m/%Y}"}


def beside_an_order(dossier: Dossier, name: str, paper: Any) -> Words | None:
    """Hồ sơ đánh giá lại nộp trước ngày Bộ yêu cầu: what is asked once more where an order is typed
    beside a re-evaluation that was filed before its day, or the filing of one that was opened
    before it was typed is of a day before it. Either may be true; its result does not answer it.
    """
    if paper is None or dossier.case_type != "reevaluation" and name != ORDERS:
        return None
    filed: date | None
    if name == ORDERS:
        ordered, filed = paper.signed_on, None
        others = type(dossier)._default_manager.filter(
            product=dossier.product_id, case_type="reevaluation", state__in=UNDECIDED
        )
        for other in others.exclude(pk=dossier.pk).order_by("pk"):
            first = other.done(*_FILED).first()
            if first is not None and first.day < ordered:
                filed = first.day
    elif f"dossier.{name}" in _FILED and dossier.ordered_by() is None:
        # One that was ordered when it was opened is refused: the_order.
        ordered, filed = dossier.ordered_on(), paper.signed_on
    else:
        return None
    if ordered is None or filed is None or filed >= ordered:
        return None
    return _now(
        "Hồ sơ đánh giá lại nộp ngày %(filed)s, trước văn bản của Bộ yêu cầu đánh giá lại "
        "(%(ordered)s): kết quả của hồ sơ ấy không phải kết quả theo yêu cầu của Bộ. Xin xem lại."
    ) % {"filed": f"{filed:%d/%m/%Y}", "ordered": f"{ordered:%d/%m/%Y}"}


def before_it_began(dossier: Dossier, records: Iterable[Any]) -> Words | None:
    """Ngày trước khi hồ sơ bắt đầu: what is asked once more of a day, in the ``records`` and paper
    of an act, before the dossier was opened and before its year began. Of some days a record says
    itself that they may be older (``of_before``).
    """
    first = min(timezone.localdate(dossier.opened_at), dossier.cycle.opened_on)
    for record in records:
        # What a paper says stands in the ledger.
        record = getattr(record, "of_ledger", record)
        of_before = getattr(record, "of_before", ())
        for column in record._meta.concrete_fields:
            if column.get_internal_type() != "DateField" or column.name in of_before:
                continue
            day = getattr(record, column.name)
            if day is not None and day < first:
                said = _now(
                    "%(what)s %(day)s trước khi hồ sơ và chu trình của hồ sơ bắt đầu (%(first)s): "
                    "xin xem lại."
                )
                shown = {"day": f"{day:%d/%m/%Y}", "first": f"{first:%d/%m/%Y}"}
                return said % ({"what": capfirst(str(column.verbose_name))} | shown)
    return None


#: The act by which the ministry's order is recorded.
ORDERS = "order_evaluation"
_FILED = ("dossier.submit_dossier", "dossier.receive_directly")


def _compared() -> dict[str, str]:
    """Event -> act of the acts whose papers are compared: of those is known who signs them."""
    return {f"dossier.{act}": act for act in SIGNERS}


def _where_used(papers: Iterable[Any]) -> dict[int, tuple[str, str]]:
    """Key of a paper -> the act that was done on it, and the state in which; those alone that are
    compared: no paper of a list of before.
    """
    compared = _compared()
    entries = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER,
        stream_id__in={paper.dossier_id for paper in papers},
        event__in=list(compared),
    ).order_by("seq")
    return {
        pk: (compared[event], before)
        for event, before, data in entries.values_list("event", "before", "data")
        for model, pk in data.get("records", ())
        if model == "officialdocument"
    }


def _used(dossier: Dossier, name: str) -> Lack | None:
    """What is wrong with the paper of the act ``name`` beside those of all dossiers, said at its
    field; None where nothing is. One number of one body in a year is one paper: of one day, signer
    and scan. A scan shows one paper. A paper is of one kind of act (:class:`Signer`), and of an act
    that needs its own of no other in the dossier.
    """
    paper = dossier.resting_on
    # In a replay of the past little is known of a paper.
    if paper is None or clock.replaying():
        return None
    if dossier.compared is None:
        others = paper.others_alike()
        used = _where_used(others) if others else {}
        quarrels = (
            quarrel
            for other in others
            if other.pk in used
            and (quarrel := _quarrel(dossier, name, paper, other, *used[other.pk]))
        )
        dossier.compared = (next(quarrels, None),)
    return dossier.compared[0]


def _quarrel(
    dossier: Dossier, name: str, paper: Any, other: Any, act: str, state: str
) -> Lack | None:
    """What is wrong between the ``paper`` of the act ``name`` and an ``other`` that is alike, on
    which ``act`` was done in ``state``. Two that the ledger has were compared as they came in.
    """
    mine, its = SIGNERS[name], SIGNERS.get(act)
    product = recorded_for(other)
    told = {"paper": other, "told": product}
    typed, known = paper.of_ledger, other.document
    same_number = documents.same_number(typed, known)
    same_scan = bool(paper.shown_by) and paper.shown_by == known.scan_sha256
    if same_number and (of_another := _of_another_act(dossier, mine, other, its)):
        return of_another
    one_body = its is not None and (
        # Of before the ledger no body is recorded: it follows from the act.
        typed.issuer == _body(other, its, state)
        if known.before
        else documents.same_body(typed, known)
    )
    if same_scan and not (same_number and (one_body or its is None)):
        return Lack(documents.of_another(known, product), f"paper-{documents.SCAN}")
    if not one_body:
        return None
    for field, words in documents.unlike(typed, known, product).items():
        return Lack(words, f"paper-{field}")
    if (mine.paper or name) != (its and its.paper or act):
        return Lack(
            _now(
                "Văn bản %(paper)s đã ghi cho %(told)s trong một việc khác: hãy nhập văn bản của "
                "chính việc này."
            )
            % told,
            "paper-number",
        )
    return None


def _of_another_act(dossier: Dossier, mine: Signer, other: Any, its: Signer | None) -> Lack | None:
    if other.dossier_id != dossier.pk or not mine.own or its is None or not its.own:
        return None
    return Lack(
        _now(
            "Hồ sơ này đã ghi văn bản %(paper)s cho một việc khác: hãy nhập văn bản của chính việc "
            "này."
        )
        % {"paper": other},
        "paper-number",
    )


def used_here(dossier: Dossier, name: str, paper: Any) -> Lack | None:
    """What is wrong with the number of a ``paper`` that is not in the ledger: another act of this
    dossier was done on it.
    """
    mine = SIGNERS.get(name)
    if mine is None or clock.replaying():
        return None
    others = [
        other
        for other in paper.others_alike()
        if other.dossier_id == dossier.pk and documents.same_number(paper.of_ledger, other.document)
    ]
    used = _where_used(others) if others else {}
    found = (
        _of_another_act(dossier, mine, other, SIGNERS.get(used[other.pk][0]))
        for other in others
        if other.pk in used
    )
    return next(filter(None, found), None)


def recorded_for(paper: Any) -> str:
    """The product for which a paper was recorded, as a sentence names it."""
    return f"«{paper.dossier.product.name}»"


def _body(paper: Any, signer: Signer, state: str) -> OrgUnit | None:
    """Whose number a ``paper`` of before the ledger has: of whom on its day; None: the ministry."""
    known = paper.document
    return paper.dossier.issued_by(signer, state, known.signed_on, known.signer_capacity)


def _one_paper(name: str, field: str) -> Condition:
    """The condition that nothing at ``field`` of the paper of the act ``name`` is another's."""

    def check(dossier: Dossier) -> Words | None:
        """Một văn bản: một số, một ngày ký, một người ký, một bản chụp."""
        lack = _used(dossier, name)
        return lack.words if lack is not None and lack.field == field else None

    check.__name__ = f"{name}_has_its_own_{field.removeprefix('paper-')}"
    return Condition(check, field=field)


def in_order(name: str, not_before: tuple[Asks, ...]) -> tuple[Condition, ...]:
    """The condition that the paper of the act ``name`` is not before what it rests on."""
    met: tuple[Asks, ...] = tuple(each for each in not_before if isinstance(each, MetAfter))
    signed: tuple[Asks, ...] = (the_certificate,) if name in SIGNERS else ()
    signed += tuple(each for each in not_before if each not in met)
    kinds = (
        (f"{name}_is_not_before_what_it_rests_on", signed, "paper-signed_on"),
        (f"{name}_has_a_meeting_after_what_brought_it", met, "evaluation-met_on"),
    )
    return tuple(_in_order(said, asks, field) for said, asks, field in kinds if asks)


def _in_order(its_name: str, asks: tuple[Asks, ...], field: str) -> Condition:
    def check(dossier: Dossier) -> Words | None:
        """Ngày ký không trước văn bản, cuộc họp làm căn cứ."""
        paper = dossier.resting_on
        found = too_early(dossier, asks, paper.signed_on) if paper is not None else []
        return found[0].words if found else None

    check.__name__ = its_name
    return Condition(check, field=field)


def about_its_paper(name: str) -> tuple[Condition, ...]:
    """What the paper of the act ``name`` must be by law, if one is given."""
    if name not in SIGNERS:
        return ()
    fields = ("number", "signed_on", "signer", "scan_file")
    return (
        _of_its_day,
        signed_by_office(name),
        *(_one_paper(name, f"paper-{field}") for field in fields),
    )


def _was_reported(dossier: Dossier) -> bool:
    return dossier.history.filter(event="dossier.report_revocation").exists()


@typed_at("revocation-ground")
def has_ground(dossier: Dossier) -> Words | None:
    """Căn cứ thu hồi: a ground, and what it rests on."""
    if not dossier.revocations.exists():
        return _("Chưa ghi căn cứ thu hồi.")
    return None


def corrected(kept: str) -> Condition:
    """The condition that the last record of the relation ``kept`` replaces another."""

    def check(dossier: Dossier) -> Words | None:
        """Đã chọn nội dung cần đính chính."""
        last = getattr(dossier, kept).last()
        if last is None or last.replaces_id is None:
            return _("Bạn chưa chọn nội dung cần đính chính.")
        return None

    check.__name__ = f"corrects_one_of_{kept}"
    return Condition(check, field="replaces")


@condition
def idea_waited(dossier: Dossier) -> Words | None:
    """Hết thời gian chờ nộp lại ý tưởng: 7 days under QĐ 851, none in later editions."""
    if wait := dossier.refile_wait("idea"):
        return _now("Được nộp lại ý tưởng từ ngày %(day)s.") % {"day": wait.strftime("%d/%m/%Y")}
    return None


@condition
def plan_waited(dossier: Dossier) -> Words | None:
    """Hết thời gian chờ nộp lại phương án: no edition has one so far."""
    if wait := dossier.refile_wait("plan"):
        return _now("Được nộp lại phương án từ ngày %(day)s.") % {"day": wait.strftime("%d/%m/%Y")}
    return None

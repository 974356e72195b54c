"""What an act needs beside the right state; each says in Vietnamese what is missing. A leaf."""

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.models import Level
from dossiers.law.states import AT_COUNCIL
from dossiers.law.states import State as S


class ConditionNotMet(Exception):
    """A legal act cannot be done yet; ``messages`` say what is missing, in Vietnamese."""

    def __init__(self, messages):
        super().__init__(" ".join(str(message) for message in messages))
        self.messages = list(messages)


class ActNotPossible(Exception):
    """The dossier does not stand where this act begins: someone acted first, or too early."""


def condition(check):
    """Make ``check(dossier) -> None or a sentence`` a django_fsm condition that keeps its words."""

    def met(dossier):
        return not check(dossier)

    met.why_not = check  # type: ignore[attr-defined]
    met.__name__ = check.__name__
    return met


@condition
def has_idea(dossier):
    """Phiếu đăng ký ý tưởng."""
    if not dossier.ideas.exists():
        return _("Hồ sơ chưa có phiếu đăng ký ý tưởng.")


@condition
def has_plan(dossier):
    """Phương án sản xuất kinh doanh."""
    if not dossier.businessplans.exists():
        return _("Hồ sơ chưa có phương án sản xuất kinh doanh.")


@condition
def has_completion(dossier):
    """Kết quả triển khai."""
    if not dossier.completions.exists():
        return _("Hồ sơ chưa có kết quả triển khai.")


@condition
def has_self_assessment(dossier):
    """Bản tự đánh giá (Mẫu 02)."""
    if not dossier.selfassessments.exists():
        return _("Hồ sơ chưa có bản tự đánh giá.")


@condition
def has_rubrics(dossier):
    """Bộ tiêu chí của nhóm sản phẩm; QĐ 851 has none."""
    if not dossier.rubrics().exists():
        return _("Bộ quy định này không có bộ tiêu chí cho nhóm sản phẩm của hồ sơ.")


@condition
def not_judged(dossier):
    """Chưa hội đồng nào chấm, chưa vào đợt: what was judged stays judged by the same words."""
    if dossier.stars is not None:
        return _("Hội đồng đã chấm hồ sơ này: không đổi bộ sản phẩm được nữa.")
    if dossier.held() is not None:
        return _("Hồ sơ đã được đưa vào đợt đánh giá: không đổi bộ sản phẩm được nữa.")


@condition
def group_may_change(dossier):
    """Đổi nhóm sản phẩm được: the same rule, as whoever corrects the group is told it."""
    if not_judged.why_not(dossier) is None:
        return None
    if dossier.stars is not None:
        return _("Hội đồng đã chấm hồ sơ này: không đổi nhóm sản phẩm được nữa.")
    return _("Hồ sơ đã được đưa vào đợt đánh giá: không đổi nhóm sản phẩm được nữa.")


def _held_by(dossier):
    """The entry of a round that has the dossier; None when this act is the round's own."""
    entry = dossier.held() if dossier.state in AT_COUNCIL else None
    authority = dossier.__dict__.get("_authority")
    if entry is None or (
        authority is not None
        and authority.stream == "round"
        and authority.stream_id == entry.round_id
    ):
        return None
    return entry


def _pending(entry):
    return _now("Đợt «%(round)s» đã chốt, kết quả đang được ghi vào hồ sơ.") % {
        "round": entry.round
    }


@condition
def free_of_round(dossier):
    """Không ở trong đợt đánh giá nào: what a round has taken in, its closing moves on."""
    entry = _held_by(dossier)
    if entry is None:
        return None
    if not entry.live:
        return _pending(entry)
    return _now("Hồ sơ đang trong đợt «%(round)s»: kết quả được ghi khi chốt đợt.") % {
        "round": entry.round
    }


@condition
def may_leave_round(dossier):
    """Ra khỏi đợt được: the round is open to it, and held by whoever takes the dossier out."""
    entry = _held_by(dossier)
    if entry is None:
        return None
    if not entry.live:
        return _pending(entry)
    # Only the door names what it holds; a page asks before that.
    if dossier.__dict__.get("_leaving", entry.pk) != entry.pk:
        return _now("Hồ sơ vừa được đưa vào đợt «%(round)s»: hãy tải lại trang.") % {
            "round": entry.round
        }


@condition
def has_compulsory_evidence(dossier):
    """Tài liệu bắt buộc: without them nothing is forwarded."""
    missing = dossier.missing_evidence()
    if missing:
        return _now("Hồ sơ còn thiếu: %(items)s.") % {"items": "; ".join(missing)}


@condition
def has_commune_report(dossier):
    """Báo cáo của xã (Mẫu 03)."""
    if not dossier.communereports.exists():
        return _("Hồ sơ chưa có báo cáo của xã.")


@condition
def has_result(dossier):
    """Kết quả của hội đồng, from this time it sat."""
    if dossier.fresh_result() is None:
        return _("Chưa có kết quả của hội đồng.")


@condition
def has_certificate(dossier):
    """Giấy chứng nhận, of this decision."""
    if not dossier.certificates.filter(at__gte=dossier.moved_at).exists():
        return _("Chưa ghi ngày cấp giấy chứng nhận.")


@condition
def has_centre_certificate(dossier):
    """Giấy chứng nhận của trung ương, when it gave five stars."""
    result = dossier.fresh_result()
    if result is not None and result.stars == 5:
        return has_certificate.why_not(dossier)


@condition
def has_promotion(dossier):
    """Hoạt động xúc tiến."""
    if not dossier.promotions.exists():
        return _("Chưa ghi hoạt động xúc tiến nào.")


@condition
def district_evaluates(dossier):
    """Bộ quy định có cấp huyện."""
    if not dossier.rule_set.has_district:
        return _("Theo bộ quy định này hồ sơ chuyển thẳng lên tỉnh.")


@condition
def may_go_to_province(dossier):
    """From the commune when no district evaluates; from the district when the result suffices."""
    if dossier.state == S.COMMUNE_CHECKED:
        if dossier.rule_set.has_district:
            return _("Theo bộ quy định này hồ sơ phải qua cấp huyện.")
    elif not dossier.goes_up(Level.DISTRICT):
        return _("Kết quả cấp huyện chưa đạt mức được đề nghị lên tỉnh.")


@condition
def may_be_recognised(dossier):
    """≥3★."""
    if (dossier.stars or 0) < 3:
        return _("Chỉ sản phẩm từ 3 sao mới được đề nghị công nhận.")


@condition
def province_certifies(dossier):
    """Who certifies these stars under the pinned edition, or after the centre has answered."""
    if (dossier.stars or 0) < 3:
        return _("Chỉ sản phẩm từ 3 sao mới được công nhận.")
    if dossier.rule_set.certifier(dossier.stars) not in (None, Level.PROVINCE):
        return _("Hạng sao này do trung ương công nhận: hãy trình trung ương.")


@condition
def may_be_nominated(dossier):
    """≥90 points, and the centre has not answered yet."""
    if not dossier.goes_up(Level.PROVINCE):
        return _("Kết quả chưa đạt mức trình trung ương.")
    if dossier.evaluations.filter(level=Level.CENTRE).exists():
        return _("Trung ương đã có kết quả cho hồ sơ này.")


@condition
def idea_waited(dossier):
    """The refiling wait of the pinned edition (QĐ 851: 7 days; none since)."""
    if wait := dossier.refile_wait("idea"):
        return _now("Được nộp lại ý tưởng từ ngày %(day)s.") % {"day": wait.strftime("%d/%m/%Y")}


@condition
def plan_waited(dossier):
    """The refiling wait of the pinned edition; none in those known."""
    if wait := dossier.refile_wait("plan"):
        return _now("Được nộp lại phương án từ ngày %(day)s.") % {"day": wait.strftime("%d/%m/%Y")}

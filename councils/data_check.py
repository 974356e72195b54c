"""Stored rows that contradict each other (đối chiếu dữ liệu), as older faults have left them.

Each check is a generator of findings and changes nothing. Some findings can be mended by command:
on a document, by a person who may do it, recorded in history. The others say how to mend them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from councils.models import (
    Attendance,
    DocumentKind,
    EvaluationRound,
    Interest,
    Member,
    Reading,
    Resolution,
    Result,
    RoundEntry,
    RoundState,
    Scoresheet,
    SignedDocument,
)
from cycle import clock, files
from cycle.appointing import both_sides, held_from
from cycle.letters import fold_number
from cycle.models import (
    FaultKind,
    HistoryEntry,
    Role,
    RoleAssignment,
    Stream,
    Substitution,
    User,
    document_wrong,
)
from dossiers.law.states import STATE_AT
from dossiers.models import (
    Certificate,
    CertificateNumber,
    ConditionNotMet,
    Dossier,
    Evidence,
    Idea,
    OfficialDocument,
    Task,
    Term,
)
from dossiers.walk import doors


@dataclass(frozen=True)
class Finding:
    """A row that does not fit: its kind, its id, what is wrong, what to do about it.

    ``mendable``: ``check_data --mend KIND:PK`` mends it.
    """

    kind: str
    pk: int | str
    row: str
    wrong: str
    todo: str
    mendable: bool = False

    @property
    def key(self) -> str:
        """Its name on the command line, KIND:PK."""
        return f"{self.kind}:{self.pk}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"key": self.key}


def state_differs() -> Iterator[Finding]:
    """Dossiers whose ``state`` is not the one their last history entry left them in."""
    told = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER, stream_id=OuterRef("pk"), after__gt=""
    ).order_by("-seq")
    found = (
        Dossier.objects.select_related("product")
        .annotate(told=Subquery(told.values("after")[:1]))
        .exclude(told=F("state"))
        .order_by("pk")
    )
    for dossier in found:
        yield Finding(
            "state_differs",
            dossier.pk,
            str(dossier),
            _("Trạng thái «%(state)s», nhật ký dừng ở «%(told)s».")
            % {"state": dossier.state, "told": dossier.told or "–"},
            _("Đối chiếu hồ sơ giấy tại %(page)s; chỉ người giữ máy chủ sửa được, có văn bản.")
            % {"page": reverse("dossiers:dossier", args=[dossier.pk])},
        )


def certificate_without_decision() -> Iterator[Finding]:
    """Older certificates (``before``) without a recorded decision, neither of their own nor of the
    round that judged the dossier.
    """
    of_round = SignedDocument.objects.filter(
        kind=DocumentKind.DECISION,
        replaced_by=None,
        round__entries__dossier=OuterRef("dossier"),
        round__entries__results__isnull=False,
    )
    judged_in = (
        EvaluationRound.objects.filter(
            entries__dossier=OuterRef("dossier"), entries__results__isnull=False
        )
        .order_by("-pk")
        .values("pk")
    )
    found = (
        Certificate.objects.without_decision()
        .exclude(Exists(of_round))
        .annotate(judged_in=Subquery(judged_in[:1]))
    )
    for each in found.select_related("dossier__product").order_by("pk"):
        if each.judged_in is not None:
            todo = _("Ghi số, ngày và bản chụp quyết định của đợt tại %(page)s.") % {
                "page": reverse("councils:documents", args=[each.judged_in])
            }
        else:
            # A certificate's row never changes, so no page can add the decision.
            todo = _(
                "Hồ sơ không qua đợt đánh giá nào nên không trang nào ghi thêm được quyết định. "
                "Tìm quyết định giấy ở văn thư; người giữ máy chủ ghi số, ngày, người ký theo mục "
                "«Decisions and numbers of old certificates» của docs/operating.md, có văn bản."
            )
        yield Finding(
            "certificate_without_decision",
            each.pk,
            f"{each.dossier}, {each.number or _('chưa có số')}",
            _("Giấy chứng nhận không có quyết định nào được ghi."),
            todo,
        )


def certificate_number_twice() -> Iterator[Finding]:
    """Older certificates (``before``) with a number that their issuer gave twice in a year."""
    older: dict = {}
    found = Certificate.objects.number_twice().select_related("dossier__product")
    for each in found.order_by("pk"):
        number = each.issuer_id, each.issued_on.year, fold_number(each.number)
        first = older.setdefault(number, each)
        if first is not each:
            yield Finding(
                "certificate_number_twice",
                each.pk,
                f"{each.dossier}, {each.number}",
                _("Số này đã cấp cho %(other)s.") % {"other": first.dossier},
                _("Hỏi văn thư số đúng, rồi đính chính số giấy chứng nhận tại %(page)s.")
                % {"page": reverse("dossiers:dossier", args=[each.dossier_id])},
            )


def owner_without_post() -> Iterator[Finding]:
    """Open tasks claimed by a person who does not have their role at the unit today."""
    held = Task.objects.open().filter(owner__isnull=False)
    owners = User.objects.in_bulk(set(held.values_list("owner", flat=True)))
    for task in held.select_related("org_unit", "dossier__product").order_by("pk"):
        # One object per person, as it caches their posts.
        owner = owners[task.owner_id]
        if owner.is_active and owner.capacity(task.role, task.org_unit_id):
            continue
        yield Finding(
            "owner_without_post",
            task.pk,
            f"{task.dossier}, {task.node}",
            _("%(who)s nhận việc nhưng hôm nay không giữ vai trò %(role)s tại %(unit)s.")
            % {"who": owner, "role": Role(task.role).label, "unit": task.org_unit},
            _("Trả việc cho đơn vị: --mend owner_without_post:%(pk)s, hoặc giao lại tại %(page)s.")
            % {"pk": task.pk, "page": reverse("dossiers:task", args=[task.pk])},
            mendable=True,
        )


def live_entry_dead() -> Iterator[Finding]:
    """Live entries of a round whose dossier can no longer get the round's result."""
    before_it = Q()
    for level, state in STATE_AT.items():
        before_it |= Q(round__council__org_unit__level=level, dossier__state=state)
    dead = RoundEntry.objects.filter(live=True).filter(
        Q(round__state=RoundState.CLOSED) | ~before_it
    )
    for entry in dead.select_related("round", "dossier__product").order_by("pk"):
        closed = entry.round.state == RoundState.CLOSED
        if closed:
            wrong = _("Đợt «%(round)s» đã chốt mà sản phẩm còn chờ kết quả.")
            todo = _("Mở lại đợt tại %(page)s, rồi kiểm tra lại.")
            page = reverse("councils:reopen", args=[entry.round_id])
        else:
            wrong = _("Trong đợt «%(round)s» mà hồ sơ không còn ở hội đồng («%(state)s»).")
            todo = _("Đưa ra khỏi đợt: --mend live_entry_dead:%(pk)s.")
            page = ""
        yield Finding(
            "live_entry_dead",
            entry.pk,
            str(entry),
            wrong % {"round": entry.round, "state": entry.dossier.state},
            todo % {"page": page, "pk": entry.pk},
            mendable=not closed,
        )


#: (model, lookup, lookup): both must lead to the same row. The database refuses new rows that
#: differ.
_OF_ONE = [
    (Idea, "previous__dossier", "dossier"),
    (Evidence, "replaces__dossier", "dossier"),
    (OfficialDocument, "scan__dossier", "dossier"),
    (Certificate, "decision__dossier", "dossier"),
    (CertificateNumber, "certificate__dossier", "dossier"),
    (Term, "task__dossier", "dossier"),
    (Term, "certificate__dossier", "dossier"),
    (SignedDocument, "entry__round", "round"),
    (SignedDocument, "replaces__round", "round"),
    (EvaluationRound, "follows__council", "council"),
    (EvaluationRound, "regulation__org_unit", "council__org_unit"),
    (RoundEntry, "rubric__rule_set", "dossier__rule_set"),
    (Attendance, "member__council", "round__council"),
    (Reading, "member__council", "round__council"),
    (Interest, "member__council", "entry__round__council"),
    (Scoresheet, "member__council", "entry__round__council"),
    (Resolution, "criterion__rubric", "entry__rubric"),
    (Resolution, "elimination__rubric", "entry__rubric"),
    (Result, "closing__round", "entry__round"),
]


def points_elsewhere() -> Iterator[Finding]:
    """Rows that point to a row of another dossier, round, council or rubric."""
    for model, pointed, own in _OF_ONE:
        name = pointed.partition("__")[0]
        rows = model._default_manager.filter(**{f"{pointed}__isnull": False})
        for pk in rows.exclude(**{pointed: F(own)}).order_by("pk").values_list("pk", flat=True):
            yield Finding(
                "points_elsewhere",
                f"{model._meta.label_lower}.{pk}",
                str(model._meta.verbose_name),
                _("«%(field)s» thuộc một hồ sơ, đợt hoặc hội đồng khác.")
                % {"field": getattr(model, name).field.verbose_name},
                _("Đối chiếu bản giấy; chỉ người giữ máy chủ sửa được, có văn bản."),
            )


def two_hats() -> Iterator[Finding]:
    """Administrators' sign-ins that hold a post today or later."""
    administrators = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True))
    for person in administrators.order_by("pk"):
        if held := held_from(person, clock.today()):
            yield Finding(
                "two_hats",
                person.pk,
                person.username,
                _("Tài khoản quản trị mà còn giữ: %(posts)s.")
                % {"posts": "; ".join(map(str, held))},
                _(
                    "Tạo cho người này một tài khoản thứ hai tại %(new)s, chuyển các vai trò sang "
                    "đó, rồi kết thúc chúng ở tài khoản này tại %(page)s."
                )
                % {
                    "new": reverse("admin:cycle_user_add"),
                    "page": reverse("admin:cycle_user_change", args=[person.pk]),
                },
            )


def prepares_and_signs() -> Iterator[Finding]:
    """People who are officer and leader over the same dossiers, today or later; from before the
    rule that forbids it.
    """
    today = clock.today()
    leads = RoleAssignment.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=today), role=Role.LEADER
    ).select_related("user", "org_unit")
    lent = Substitution.objects.filter(assignment__in=leads, valid_to__gte=today)
    held = [(post.user, post, post) for post in leads.order_by("user", "pk")] + [
        (each.substitute, each.assignment, each)
        for each in lent.select_related("substitute", "assignment__org_unit").order_by("pk")
        if each.basis_id or each.paper_due_on is None or each.paper_due_on >= today
    ]
    named = set()
    for person, post, days in held:
        other = both_sides(person, post, first=days.valid_from, last=days.valid_to).first()
        if other is not None and person.pk not in named:
            named.add(person.pk)
            yield Finding(
                "prepares_and_signs",
                person.pk,
                person.username,
                _("Vừa là «%(one)s» vừa là «%(other)s»: người lập hồ sơ tự ký.")
                % {"one": post, "other": other},
                _("Giao một trong hai cho người khác, rồi kết thúc ở tài khoản này tại %(page)s.")
                % {"page": reverse("admin:cycle_user_change", args=[person.pk])},
            )


def seated_twice() -> Iterator[Finding]:
    """Seats given to a person who had one at the time, or a single seat (chair …) given twice."""
    found = Member.objects.filter(doubled=True).select_related("council", "user")
    for member in found.order_by("pk"):
        yield Finding(
            "seated_twice",
            member.pk,
            f"{member.council}: {member}",
            _("Trùng ngày với một ghế khác của người này, hoặc với người cùng giữ ghế này."),
            _("Ghế này đã thôi sau ngày %(day)s: không phải làm gì, chỉ để biết.")
            % {"day": f"{member.until:%d/%m/%Y}"}
            if member.until
            else _("Cho thôi ghế trùng tại %(page)s.")
            % {"page": reverse("councils:seat_end", args=[member.council_id, member.pk])},
        )


def _named_files() -> Iterator[tuple[Any, int, str]]:
    """(model, pk, SHA-256) of every row that names a stored file."""
    for model, field in files.fields():
        rows = model._base_manager.exclude(**{field: ""}).order_by("pk")
        for pk, sha256 in rows.values_list("pk", field).iterator():
            yield model, pk, sha256


def file_faults() -> Iterator[Finding]:
    """Files that are missing or changed, once for each row that names them; and files that no row
    names.
    """
    read: dict[str, FaultKind | None] = {}
    wrong = {
        FaultKind.MISSING: _("Không còn tệp trên máy chủ."),
        FaultKind.DIFFERS: _("Nội dung tệp khác với lúc nộp."),
        FaultKind.UNREADABLE: _("Máy chủ không đọc được tệp."),
    }
    for model, pk, sha256 in _named_files():
        if sha256 not in read:
            read[sha256] = files.check(sha256)
        if fault := read[sha256]:
            yield Finding(
                f"file_{fault}",
                f"{model._meta.label_lower}.{pk}",
                str(model._meta.verbose_name),
                wrong[fault],
                _("Lấy lại tệp này từ bản sao lưu: %(name)s.") % {"name": f"{sha256[:2]}/{sha256}"},
            )
    for name in files.walk():
        if files.sha256_of(name) not in read:
            yield Finding(
                "file_orphan",
                name,
                name,
                _("Không dòng nào nói đến tệp này."),
                _("Phần mềm tự xóa tệp của mình sau một ngày; tệp lạ thì người giữ máy chủ xóa."),
            )


#: The checks, in the order of the report.
CHECKS = [
    state_differs,
    certificate_without_decision,
    certificate_number_twice,
    owner_without_post,
    live_entry_dead,
    points_elsewhere,
    two_hats,
    prepares_and_signs,
    seated_twice,
    file_faults,
]


def findings() -> Iterator[Finding]:
    """The findings of all checks."""
    for check in CHECKS:
        yield from check()


# --- Mending --------------------------------------------------------------------------------------


class CannotMend(Exception):
    """There is no such finding, or a command cannot mend it; the message says what to do."""


def _release(pk: int, by: User, document: str) -> None:
    doors.release(Task.objects.get(pk=pk), by=by, reason=document)


def _take_out(pk: int, by: User, document: str) -> None:
    entry = RoundEntry.objects.select_related("round").get(pk=pk)
    with entry.round.change("round.mend_entry", by, dossier=entry.dossier_id, reason=document):
        entry.live = False
        entry.save(update_fields=["live"])


_MENDS: dict[str, Callable[[Any, User, str], None]] = {
    "owner_without_post": _release,
    "live_entry_dead": _take_out,
}


def mend(key: str, *, by: User, document: str) -> Finding:
    """Mend the finding ``key``, KIND:PK, on ``document``, recorded as done by ``by``; returns it.

    Raises CannotMend, also when ``by`` may not do it on the pages.
    """
    if not document.strip():
        raise CannotMend(_("Chưa ghi số, ngày văn bản cho sửa: --document."))
    if wrong := document_wrong(document):
        raise CannotMend(wrong)
    found = next((each for each in findings_of(key.partition(":")[0]) if each.key == key), None)
    if found is None:
        raise CannotMend(_("Không có chỗ lệch %(key)s.") % {"key": key})
    if not found.mendable:
        raise CannotMend(found.todo)
    try:
        _MENDS[found.kind](found.pk, by, _("Sửa dữ liệu theo %s") % document.strip())
    except PermissionDenied:
        raise CannotMend(_("%(who)s không có quyền làm việc này.") % {"who": by}) from None
    except ConditionNotMet as lacking:
        raise CannotMend(" ".join(map(str, lacking.messages))) from None
    return found


def findings_of(kind: str) -> Iterator[Finding]:
    """The findings of one kind of check."""
    check = next((check for check in CHECKS if check.__name__ == kind), file_faults)
    return (each for each in check() if each.kind == kind)

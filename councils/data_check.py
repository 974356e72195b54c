"""What the stored rows say against each other (đối chiếu dữ liệu): what older faults spoiled.

Each check is a generator of findings and changes nothing. What can be mended is mended on a
document, by somebody who may do it, and recorded; the rest says where a person mends it.
"""

from dataclasses import asdict, dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from councils.models import STATE_AT, DocumentKind, Member, RoundEntry, RoundState, SignedDocument
from cycle import files
from cycle.models import FaultKind, HistoryEntry, Role, Stream, User
from dossiers.models import Certificate, ConditionNotMet, Dossier, Task
from dossiers.walk import doors


@dataclass(frozen=True)
class Finding:
    """One row that does not fit: its kind, which row, what is wrong, what to do.

    ``mendable``: ``check_data --mend KIND:PK`` does it.
    """

    kind: str
    pk: int | str
    row: str
    wrong: str
    todo: str
    mendable: bool = False

    @property
    def key(self):
        """What names it on the command line."""
        return f"{self.kind}:{self.pk}"

    def as_json(self):
        return asdict(self) | {"key": self.key}


def state_differs():
    """Dossiers that do not stand where the last line of their history left them."""
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


def certificate_without_decision():
    """Certificates of before behind which no signed decision is recorded, nor one of a round that
    judged the dossier.
    """
    of_round = SignedDocument.objects.filter(
        kind=DocumentKind.DECISION,
        replaced_by=None,
        round__entries__dossier=OuterRef("dossier"),
        round__entries__results__isnull=False,
    )
    found = Certificate.objects.without_decision().exclude(Exists(of_round))
    for each in found.select_related("dossier__product").order_by("pk"):
        yield Finding(
            "certificate_without_decision",
            each.pk,
            f"{each.dossier}, {each.number or _('chưa có số')}",
            _("Giấy chứng nhận không có quyết định nào được ghi."),
            _("Ghi quyết định của đợt tại trang văn bản của đợt đã đánh giá hồ sơ %(page)s.")
            % {"page": reverse("dossiers:dossier", args=[each.dossier_id])},
        )


def certificate_number_twice():
    """Certificates of before whose number an older one of the same issuer and year has too."""
    older: dict = {}
    found = Certificate.objects.number_twice().select_related("dossier__product")
    for each in found.order_by("pk"):
        number = each.issuer_id, each.issued_on.year, each.folded_number
        first = older.setdefault(number, each)
        if first is not each:
            yield Finding(
                "certificate_number_twice",
                each.pk,
                f"{each.dossier}, {each.number}",
                _("Số này đã cấp cho %(other)s.") % {"other": first.dossier},
                _("Hỏi văn thư số đúng; thu hồi rồi cấp lại tại %(page)s.")
                % {"page": reverse("dossiers:dossier", args=[each.dossier_id])},
            )


def owner_without_post():
    """Open tasks held by somebody who has no such role at the unit today."""
    held = Task.objects.open().filter(owner__isnull=False)
    owners = User.objects.in_bulk(set(held.values_list("owner", flat=True)))
    for task in held.select_related("org_unit", "dossier__product").order_by("pk"):
        # One object for each person: it remembers what they hold.
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


def live_entry_dead():
    """Products that wait for a round's result and cannot get one."""
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


def seated_twice():
    """Seats held while the same person sat already, or the same head of the council was seated."""
    found = Member.objects.filter(doubled=True).select_related("council", "user")
    for member in found.order_by("pk"):
        yield Finding(
            "seated_twice",
            member.pk,
            f"{member.council}: {member}",
            _("Trùng ngày với một ghế khác của người này, hoặc với người cùng giữ ghế này."),
            _("Cho thôi ghế trùng tại %(page)s.")
            % {"page": reverse("councils:council", args=[member.council_id])},
        )


def _named_files():
    """(model, pk, SHA-256) of every row that names a stored file."""
    for model, field in files.fields():
        rows = model._base_manager.exclude(**{field: ""}).order_by("pk")
        for pk, sha256 in rows.values_list("pk", field).iterator():
            yield model, pk, sha256


def file_faults():
    """Files that are missing or changed, each for every row that speaks of them; and files that no
    row speaks of.
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


#: In the order of the report. Another check is one more generator.
CHECKS = [
    state_differs,
    certificate_without_decision,
    certificate_number_twice,
    owner_without_post,
    live_entry_dead,
    seated_twice,
    file_faults,
]


def findings():
    """Everything that does not fit."""
    for check in CHECKS:
        yield from check()


# --- Mending --------------------------------------------------------------------------------------


class CannotMend(Exception):
    """No such finding, or none that a command can mend; the words say what to do."""


def _release(pk, by, document):
    doors.release(Task.objects.get(pk=pk), by=by, reason=document)


def _take_out(pk, by, document):
    entry = RoundEntry.objects.select_related("round").get(pk=pk)
    with entry.round.change("round.mend_entry", by, dossier=entry.dossier_id, reason=document):
        entry.live = False
        entry.save(update_fields=["live"])


_MENDS = {"owner_without_post": _release, "live_entry_dead": _take_out}


def mend(key, *, by, document):
    """Mend the finding named ``KIND:PK`` on ``document``, recorded as ``by``'s; returns it.

    Raises CannotMend in words, also when ``by`` may not do it on the pages.
    """
    if not document.strip():
        raise CannotMend(_("Chưa ghi số, ngày văn bản cho sửa: --document."))
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


def findings_of(kind):
    """The findings of one kind that can be named."""
    check = next((check for check in CHECKS if check.__name__ == kind), file_faults)
    return (each for each in check() if each.kind == kind)

"""One paper, many dossiers: an act done for each of them in one stroke (làm một lượt).

:func:`plan` says of each row what will happen, or why not, as the doors would; :func:`ask` keeps
the rows and lets a worker do them. Each goes through its door in a transaction of its own, which
also marks the row: whoever kills the worker makes it repeat nothing and skip nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any

import rules
import structlog
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError, models, transaction
from django.db.models import F, Prefetch
from django.utils import translation
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cycle import clock, files
from cycle.models import HistoryEntry, Job, OrgUnit, Stream, User, fold_number, job_kind
from cycle.prepared import prepared
from cycle.written import day_text
from dossiers.law.conditions import ActNotPossible, ConditionNotMet, questions
from dossiers.law.states import State
from dossiers.models import (
    ACTS,
    ActBatch,
    ActBatchRow,
    Dossier,
    Evidence,
    OfficialDocument,
    PaperRequired,
    RowState,
    Task,
    TaskAlreadyDone,
)
from dossiers.walk import doors
from dossiers.walk.engine import DutyMissing

log = structlog.get_logger(__name__)

KIND = "acts.batch"
#: So many dossiers in one stroke.
MOST = 500

#: What differs from dossier to dossier: the part of the act's form, of which the records have the
#: name -> its fields.
DIFFERS = {
    "certificate": ("number",),
    "evaluation": ("points_sum", "sheets", "stars"),
    "stoppedproduction": ("stopped_on", "remarks"),
}
#: What a door answers that cannot do an act; all else is a fault of the product.
REFUSALS = (
    ActNotPossible,
    ConditionNotMet,
    DutyMissing,
    PaperRequired,
    PermissionDenied,
    TaskAlreadyDone,
    ValidationError,
)


# --- What a door is given, as a row keeps it ---------------------------------------------------


def kept(record: Any) -> list[Any]:
    """An unsaved record of an act as JSON: its model's name, and what was filled in."""
    values = {
        field.attname: field.value_from_object(record)
        for field in record._meta.concrete_fields
        if field.editable and not field.primary_key and field.attname != "dossier_id"
    }
    values |= {name: getattr(record, name) for name in getattr(record, "beside", ())}
    return [record._meta.model_name, values]


def kept_call(call: dict[str, Any]) -> dict[str, Any]:
    """What a valid form gives its door, beside the paper itself, as JSON."""
    paper = call["paper"]
    scan = paper.scan if paper is not None else None
    return {
        "reason": call["reason"],
        "records": [kept(record) for record in call["record"]],
        "scan": scan and ({"pk": scan.pk} if scan.pk else {"kind": scan.kind, "title": scan.title}),
    }


def kept_paper(paper: OfficialDocument | None) -> dict[str, Any]:
    """The columns of a batch that say on which paper it is done."""
    if paper is None:
        return {}
    told = {
        name: getattr(paper, name) for name in ("number", "signed_on", "signer", "signer_capacity")
    }
    told["signed_on"] = paper.signed_on and paper.signed_on.isoformat()
    told |= {"kind": paper.kind, "as_written": paper.as_written}
    told["recent"] = paper.same_as.pk if paper.same_as is not None else None
    scan = paper.scan
    if scan is None:
        return {"paper": told}
    return {
        "paper": told,
        "scan_sha256": scan.sha256,
        "scan_bytes": scan.bytes,
        "scan_filename": scan.filename,
        "scan_type": scan.content_type,
    }


def _record(kind: str, values: dict[str, Any]) -> Any:
    model = apps.get_model("dossiers", kind)
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return model(
        **{
            name: _value(fields.get(name) or _field(kind, name), value)
            for name, value in values.items()
        }
    )


def _field(kind: str, name: str) -> models.Field[Any, Any]:
    """The column in which what is typed of a record is kept: its own, or one of a record beside."""
    beside = getattr(apps.get_model("dossiers", kind), "beside", {})
    return apps.get_model("dossiers", beside.get(name, kind))._meta.get_field(name)


def _value(field: models.Field[Any, Any], value: Any) -> Any:
    if isinstance(field, models.ForeignKey):
        return field.target_field.to_python(value)
    return field.to_python(value)


def _paper(batch: ActBatch, row: ActBatchRow) -> OfficialDocument | None:
    """The paper of the batch, unsaved, with its scan as the row's dossier keeps it."""
    if not batch.paper:
        return None
    told = dict(batch.paper)
    kind, as_written, recent = (told.pop(name, None) for name in ("kind", "as_written", "recent"))
    told["signed_on"] = batch.signed_on
    paper = OfficialDocument(**told)
    paper.kind, paper.as_written = kind, as_written
    if recent is not None:
        paper.same_as = OfficialDocument.objects.filter(pk=recent).first()
        if paper.same_as is None:
            raise ValidationError({"recent": _("Văn bản đã chọn không còn.")})
    scan = row.call.get("scan")
    if scan and "pk" in scan:
        paper.scan = Evidence.objects.filter(dossier=row.dossier_id).get(pk=scan["pk"])
    elif scan:
        paper.scan = Evidence(dossier_id=row.dossier_id, **scan)
        paper.scan.hold(batch.staged)
    return paper


def _call(batch: ActBatch, row: ActBatchRow) -> dict[str, Any]:
    return {
        "reason": row.call.get("reason", ""),
        "record": [_record(*each) for each in row.call.get("records", ())],
        "paper": _paper(batch, row),
    }


# --- What will happen ---------------------------------------------------------------------------


def _body(batch: ActBatch, row: ActBatchRow) -> OrgUnit | None:
    """The unit whose body issued the paper of the batch, as the row's dossier has it; None: the
    ministry, or the law names nobody.
    """
    signer = ACTS[batch.act].signer
    day = batch.signed_on
    if signer is None or day is None:
        return None
    said = batch.paper["signer_capacity"]
    node = row.task.node if row.task is not None else ""
    return row.dossier.issued_by(signer, row.dossier.state, day, said, node=node)


def plan(batch: ActBatch, rows: Sequence[ActBatchRow]) -> None:
    """Say in each of the unsaved ``rows`` whether its act can be done now, as its door would if
    what the row ``asks`` is agreed to.

    Refused beside what the door refuses: a certificate's number that stands in two rows, and a
    dossier of another body than the paper of the first.
    """
    with clock.one_moment():
        _plan(batch, rows)


def _plan(batch: ActBatch, rows: Sequence[ActBatchRow]) -> None:
    numbers: dict[str, ActBatchRow] = {}
    if rows and ACTS[batch.act].signer is not None:
        rows[0].dossier.read_routes(*(row.dossier for row in rows[1:]))
    bodies = [_body(batch, row) for row in rows]
    for row, mine in zip(rows, bodies, strict=True):
        row.state, row.why, row.asks, row.doubt = RowState.WAITING, {}, [], ""
        if mine != bodies[0]:
            row.refuse(_of_another_body)
            continue
        for number in _numbers(row) if row.stood in ACTS[batch.act].begins else ():
            first = numbers.setdefault(number, row)
            if first is not row:
                row.refuse(partial(_twice, first))
        if row.state == RowState.REFUSED:
            continue
        rehearse = partial(_rehearse, batch, row)
        try:
            rehearse()
        except REFUSALS as refused:
            row.refuse(_in_each_language(refused, row, rehearse))


def _rehearse(batch: ActBatch, row: ActBatchRow) -> None:
    """Refuse the act of the row as its door would, or say what it ``asks``."""
    if row.stood not in ACTS[batch.act].begins:
        raise ActNotPossible(batch.act)
    # A copy: what is rehearsed rereads its row, and changes it in memory.
    dossier, call = copy.copy(row.dossier), _call(batch, row)
    paper = call["paper"]
    if paper is not None:
        paper.as_written = paper.signer_capacity
    asked = questions(dossier, batch.act, call["record"], paper)
    doors.rehearse(dossier, batch.act, by=batch.by, task=row.task, **call)
    row.doubt = str(paper.doubt) if paper is not None else ""
    row.asks = [*map(str, asked), *([row.doubt] if row.doubt else [])]


def _of_another_body() -> str:
    return _("Văn bản là của một đơn vị: hồ sơ của đơn vị khác thì làm lượt khác.")


def _twice(first: ActBatchRow) -> str:
    said = _("Số giấy chứng nhận này đã nhập cho «%(product)s» ở một dòng khác.")
    return said % {"product": first.dossier.product.name}


def _in_each_language(
    refused: Exception, row: ActBatchRow, again: Callable[[], object]
) -> Callable[[], str]:
    """What says why the door refused. A door speaks the language that is active; for another it is
    asked ``again``, and nothing of that stays.
    """
    first, told = translation.get_language(), why(refused, row)

    def say() -> str:
        if translation.get_language() == first:
            return told
        try:
            with doors.rehearsed():
                again()
        except REFUSALS as other:
            return why(other, row)
        return told

    return say


def differing(rows: Sequence[ActBatchRow]) -> None:
    """Say on each row what is of its dossier alone (nội dung riêng), its reason among it: of one
    that is done what its act recorded, of another what was typed. Nothing is repeated of words:
    they are read where they stand, and are gone with them.
    """
    done = {(row.batch_id, row.dossier_id): row for row in rows if row.state == RowState.DONE}
    told = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER,
        stream_id__in={dossier for _batch, dossier in done},
        data__together__in={batch for batch, _dossier in done},
    )
    reasons = {(row.batch_id, row.dossier_id): row.call.get("reason", "") for row in rows}
    kept: dict[str, dict[int, ActBatchRow]] = {}
    for entry in told.order_by() if done else ():
        key = (entry.data["together"], entry.stream_id)
        row = done.get(key)
        if row is None:
            continue
        if entry.event == ACTS[row.batch.act].event:
            reasons[key] = entry.reason
        for kind, pk in entry.data.get("records", ()):
            if kind in DIFFERS:
                kept.setdefault(kind, {})[pk] = row
    for row in rows:
        typed = row.call.get("records", ())
        row.differs = [
            said for kind, values in typed if kind in DIFFERS for said in _differs(kind, values)
        ]
    for kind, of_rows in kept.items():
        model = apps.get_model("dossiers", kind)
        # The default manager: it reads what is kept beside with the rows.
        for pk, record in model._default_manager.in_bulk(list(of_rows)).items():
            kept_there = {name: getattr(record, name) for name in DIFFERS[kind]}
            of_rows[pk].differs += _differs(kind, kept_there)
    for row in rows:
        if reason := reasons[row.batch_id, row.dossier_id]:
            row.differs.append((_("Lý do, nhận xét"), reason))


def _differs(kind: str, values: dict[str, Any]) -> list[tuple[str, str]]:
    """What of an act's record is of its dossier alone: (what it is called, value)."""
    fields = [(name, _field(kind, name)) for name in DIFFERS[kind]]
    return [
        (str(capfirst(field.verbose_name)), _in_words(field, value))
        for name, field in fields
        if not isinstance(field, models.TextField) and (value := values.get(name)) not in (None, "")
    ]


def _in_words(field: models.Field[Any, Any], value: Any) -> str:
    try:
        found = field.to_python(value)
    except ValidationError:
        # Of what cannot be done nothing was asked: it may be no number, no day.
        return str(value)
    return day_text(found) if isinstance(found, date) else str(localize(found))


def _numbers(row: ActBatchRow) -> list[str]:
    """The numbers of certificates of the row, as they are compared."""
    return [
        folded
        for kind, values in row.call.get("records", ())
        if kind == "certificate" and (folded := fold_number(values.get("number") or ""))
    ]


def why(refused: Exception, row: ActBatchRow) -> str:
    """The sentence of what a door refused for the dossier of ``row``."""
    if isinstance(refused, ConditionNotMet):
        return " ".join(map(str, refused.messages))
    if isinstance(refused, ValidationError):
        return " ".join(refused.messages)
    if isinstance(refused, TaskAlreadyDone):
        if refused.task.closed_by:
            return _("%(who)s đã xử lý việc này.") % {"who": refused.task.closed_by}
        return _("Việc này không còn nữa.")
    if isinstance(refused, PaperRequired):
        return _("Bạn không giữ việc này: chỉ được nhập từ văn bản giấy đã ký.")
    if isinstance(refused, DutyMissing):
        return _("Chu trình chưa phân công ai làm việc tiếp theo. Xin báo quản trị.")
    if isinstance(refused, PermissionDenied):
        return _("Bạn không có quyền làm việc này cho hồ sơ.")
    now = Dossier.everything.values_list("state", flat=True).get(pk=row.dossier_id)
    return _("Hồ sơ đang ở «%(state)s»: không làm việc này được.") % {"state": State(now).label}


# --- Asked for ----------------------------------------------------------------------------------


def ask(batch: ActBatch, rows: Iterable[ActBatchRow]) -> ActBatch:
    """Keep the batch with its planned ``rows`` and let a worker do those that can be done; those
    that cannot stay as they were typed. Whoever asks agreed to what the rows ask. Raises
    ValidationError when its scan is gone.
    """
    now = clock.now()
    with transaction.atomic():
        if batch.scan_sha256:
            files.keep(batch.scan_sha256, "scan_file")
        made = list(rows)
        if any(row.doubt for row in made):
            batch.paper["as_written"] = batch.paper["signer_capacity"]
        batch.at = now
        batch.save()
        for row in made:
            row.batch, row.at = batch, None if row.state == RowState.WAITING else now
        ActBatchRow.objects.bulk_create(made)
        waiting = sum(row.state == RowState.WAITING for row in made)
        if waiting:
            batch.job = Job.objects.ask(KIND, by=batch.by, act_batch=batch.pk)
            batch.job.progress(0, waiting)
            batch.save(update_fields=["job"])
    return batch


def may_cancel(batch: ActBatch, by: User) -> list[int]:
    """The keys of the rows that wait and that ``by`` may leave out: of a dossier that they see and
    whose act they may do. Who asked for the batch may have another post by now.
    """
    waiting = batch.rows.visible_to(by).filter(state=RowState.WAITING)
    there = waiting.select_related("task__org_unit").prefetch_related(
        Prefetch("dossier", Dossier.objects.with_units())
    )
    permission = ACTS[batch.act].permission
    return [
        row.pk
        for row in there.order_by("pk")
        if (
            rules.has_perm("dossiers.complete_task", by, row.task)
            if row.task is not None
            else rules.has_perm(permission, by, row.dossier)
        )
    ]


def cancel(batch: ActBatch, keys: Iterable[int] | None = None, *, by: User) -> int:
    """Leave out those rows (all without ``keys``) that nobody has done yet and that ``by`` may
    leave out (:func:`may_cancel`); returns how many.
    """
    mine = may_cancel(batch, by)
    waiting = ActBatchRow.objects.filter(pk__in=mine, state=RowState.WAITING)
    if keys is not None:
        waiting = waiting.filter(pk__in=list(keys))
    with transaction.atomic():
        # One that a worker has in hand is done first, and is no longer waiting then.
        held = list(waiting.select_for_update().order_by("pk").values_list("pk", flat=True))
        left = ActBatchRow.objects.filter(pk__in=held, state=RowState.WAITING).update(
            state=RowState.CANCELLED, at=clock.now(), cancelled_by=by, call={}
        )
        # There is no more to do of it: the job has seen to it as to one that is done.
        if batch.job_id is not None:
            Job.objects.filter(pk=batch.job_id).update(done=F("done") + left)
        return left


# --- Done ---------------------------------------------------------------------------------------


@job_kind(KIND, gettext_lazy("Làm một lượt cho nhiều hồ sơ"))
def do(job: Job) -> dict[str, int]:
    """The job: do what still waits of a batch, each dossier by itself, each once."""
    batch = ActBatch.objects.get(pk=job.params["act_batch"])
    waiting = batch.rows.filter(state=RowState.WAITING).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        _do(pk, batch, job)
    return batch.counts()


def _do(pk: int, batch: ActBatch, job: Job) -> None:
    """Do one row through its door and mark it in the same transaction; or keep on it, in another,
    why the door refused.
    """
    row = None
    try:
        with transaction.atomic():
            row = _held(pk)
            if row.state != RowState.WAITING:
                return
            # The door takes its moment, behind the locks that it waits for.
            _through(row, batch)
            # It stands in the dossier now.
            row.state, row.call = RowState.DONE, {}
            _mark(row, job)
            return
    except (OperationalError, InterfaceError):
        raise
    except REFUSALS as refused:
        assert row is not None, "nothing is refused before it is read"
        say = _in_each_language(refused, row, partial(_through, row, batch))
    except Exception:
        log.exception("act_batch_row_failed", row=pk)
        say = _failed
    with transaction.atomic():
        row = _held(pk)
        if row.state == RowState.WAITING:
            row.refuse(say)
            _mark(row, job)


def _failed() -> str:
    return _("Lỗi phần mềm: xin báo quản trị. Chưa có gì thay đổi ở hồ sơ này.")


def _held(pk: int) -> ActBatchRow:
    """A row as it is now, held until the transaction ends."""
    row: ActBatchRow = _row_held.first(pk=pk)
    if row.task_id is not None:
        # Its door rereads the task; which it is, and in which walk, never changes.
        row.task = _task.first(pk=row.task_id)
    return row


@prepared
def _row_held(*, pk: Any) -> models.QuerySet[Any]:
    return ActBatchRow.objects.filter(pk=pk).order_by().select_for_update(of=("self",))


@prepared
def _task(*, pk: Any) -> models.QuerySet[Any]:
    return Task.objects.filter(pk=pk).order_by()


@prepared
def _person(*, pk: Any) -> models.QuerySet[Any]:
    return User.objects.filter(pk=pk).order_by()


def _mark(row: ActBatchRow, job: Job) -> None:
    row.at = clock.now()
    row.save(update_fields=["state", "call", "why", "at"])
    job.advance()


def _through(row: ActBatchRow, batch: ActBatch) -> None:
    """Do the act of one row. Whoever asked may have lost their post since: they are read anew."""
    by: User = _person.first(pk=batch.by_id)
    call = _call(batch, row) | {"by": by, "together": batch.pk}
    if row.task is not None:
        doors.complete(row.task, batch.act, **call)
        return
    dossier = Dossier.objects.with_units().get(pk=row.dossier_id)
    process = dossier.process
    # Asked of the dossier as it stood, not of one that went on and came back by another way.
    if process is None or dossier.state != row.stood:
        raise ActNotPossible(batch.act)
    doors.act(process, batch.act, **call)

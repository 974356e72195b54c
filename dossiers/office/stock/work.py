"""A batch from its file to its facts: read at once, checked and entered in the background."""

from typing import Any

import rules
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cycle import clock, files, sheets
from cycle.models import Document, Job, OrgUnit, User, job_kind
from dossiers.models import BatchState, StockBatch, StockKind, StockRow
from dossiers.office.stock import checking, columns
from dossiers.office.stock.running import RunningChecker
from dossiers.office.stock.survey import SurveyChecker
from dossiers.walk import stock

#: Rows of one statement.
CHUNK = 2000
#: So many values of a column are shown beside its head.
SAMPLES = 3


#: Who looks at a list, by its kind.
CHECKERS: dict[str, type[checking.Checker]] = {
    StockKind.CERTIFICATES: checking.Checker,
    StockKind.POTENTIAL: SurveyChecker,
    StockKind.RUNNING: RunningChecker,
}


class NotNow(Exception):
    """The batch does not wait for this: somebody was faster, or a worker has it."""


def upload(
    content: bytes,
    filename: str,
    *,
    by: User,
    unit: OrgUnit,
    kind: str = StockKind.CERTIFICATES,
    into: StockBatch | None = None,
) -> StockBatch:
    """Keep the file, read its heads, propose its columns; ``into`` a batch whose file was mended.

    Raises PermissionDenied, :class:`~cycle.sheets.SheetRefused`, :class:`NotNow`, and
    :class:`~dossiers.walk.stock.StockRefused` while no law is loaded.
    """
    if not rules.has_perm("dossiers.import_stock", by, unit):
        raise PermissionDenied
    found = sheets.read(content, filename)
    heads = [columns.find(sheet, kind) for sheet in found]
    filled = [
        number
        for number, sheet in enumerate(found)
        if any(row.line >= heads[number].first for row in sheet.rows)
    ]
    if not filled:
        raise sheets.SheetRefused(_("Dưới dòng tiêu đề chưa có dòng nào: hãy điền rồi gửi lại."))
    try:
        staged = files.stage(ContentFile(content), filename[-200:])
    except files.NotStored as error:
        raise sheets.SheetRefused(str(files.NOT_STORED)) from error
    with transaction.atomic():
        files.keep(staged.sha256)
        batch = into or StockBatch(org_unit=unit, by=by, at=clock.now(), kind=kind)
        if into is not None:
            batch = _held(into)
            _must_be(batch, BatchState.COLUMNS, BatchState.CHECKED)
            batch.rows.all().delete()
            # Its lines may be others now.
            batch.answers = {
                key: said for key, said in batch.answers.items() if not key.startswith("row:")
            }
        else:
            batch.cycle = stock.archive()
            batch.answers = _words_known(batch)
        batch.filename, batch.sha256, batch.bytes = staged.filename, staged.sha256, staged.bytes
        batch.sheets = [each.name for each in found]
        batch.state, batch.problem = BatchState.COLUMNS, ""
        batch.questions, batch.totals, batch.counts, batch.checked_at = [], [], {}, None
        # The sheet whose heads say most.
        best = max(filled, key=lambda n: (len(heads[n].columns), len(found[n].rows)))
        choose_sheet(batch, found[best], heads[best])
        batch.save()
        stock.record(batch, "stock.upload", by=by)
    return batch


def _words_known(batch: StockBatch) -> dict[str, Any]:
    """What words mean, as it was answered of the last list of the kind (steps of dossiers)."""
    before = (
        StockBatch.objects.filter(org_unit=batch.org_unit, kind=batch.kind)
        .exclude(answers={})
        .order_by("-pk")
        .first()
    )
    said = before.answers if before is not None else {}
    return {key: value for key, value in said.items() if key.startswith("step:")}


def choose_sheet(batch: StockBatch, sheet: sheets.Sheet, heads: columns.Heads) -> None:
    """Propose the columns of one sheet: as they were confirmed before for the same heads, or from
    what the heads say. Saves nothing.
    """
    batch.sheet = sheet.name[:200]
    batch.head_line, batch.first_line = heads.line, heads.first
    words = heads.words or [""] * sheet.width
    # Values stand beside the heads: a head alone may say little.
    shown = [row for row in sheet.rows if row.line >= heads.first][: SAMPLES * 4]
    batch.heads = [
        {
            "name": sheets.column_name(number),
            "head": words[number] if number < len(words) else "",
            "samples": [
                str(row.cells[number])[:60]
                for row in shown
                if number < len(row.cells) and row.cells[number] != ""
            ][:SAMPLES],
        }
        for number in range(max(sheet.width, len(words)))
    ]
    # What nobody confirmed is no better than what the heads say; without heads all lists are alike.
    before = (
        StockBatch.objects.filter(org_unit=batch.org_unit, kind=batch.kind, counts__heads=heads.key)
        .exclude(pk=batch.pk)
        .exclude(state__in=(BatchState.COLUMNS, BatchState.CHECKING))
        .order_by("-pk")
        .first()
        if heads.words
        else None
    )
    batch.counts = {"heads": heads.key, "remembered": before is not None}
    batch.columns = before.columns if before else heads.columns


def sheet_of(batch: StockBatch) -> sheets.Sheet:
    """The sheet that was chosen, read again. Raises SheetRefused when it is not there."""
    try:
        with files.open(batch.sha256) as content:
            found = sheets.read(content.read(), batch.filename)
    except files.FileLost as error:
        raise sheets.SheetRefused(
            _("Máy chủ không đọc được tệp đã tải lên: hãy tải lại.")
        ) from error
    for sheet in found:
        if sheet.name[:200] == batch.sheet:
            return sheet
    raise sheets.SheetRefused(_("Tệp không có trang tính này."))


def _held(batch: StockBatch) -> StockBatch:
    return StockBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)


def _must_be(batch: StockBatch, *states: str) -> None:
    if batch.state not in states:
        raise NotNow


def use_sheet(batch: StockBatch, name: str, *, by: User) -> None:
    """Take another sheet of the file. Raises PermissionDenied and :class:`NotNow`."""
    if not rules.has_perm("dossiers.import_stock", by, batch.org_unit):
        raise PermissionDenied
    with transaction.atomic():
        batch = _held(batch)
        _must_be(batch, BatchState.COLUMNS, BatchState.CHECKED)
        batch.sheet = name
        sheet = sheet_of(batch)
        choose_sheet(batch, sheet, columns.find(sheet, batch.kind))
        batch.state = BatchState.COLUMNS
        batch.save()


def ask_check(batch: StockBatch, *, by: User, **settled: Any) -> Job:
    """Let the list be checked with what was ``settled``: columns, answers, first_line, skip_known,
    into.

    Raises PermissionDenied and :class:`NotNow`.
    """
    if not rules.has_perm("dossiers.import_stock", by, batch.org_unit):
        raise PermissionDenied
    with transaction.atomic():
        batch = _held(batch)
        _must_be(batch, BatchState.COLUMNS, BatchState.CHECKED)
        for name, value in settled.items():
            setattr(batch, name, value)
        batch.state, batch.problem = BatchState.CHECKING, ""
        batch.job = Job.objects.ask("stock.check", by=by, batch=batch.pk)
        batch.save()
    return batch.job


@job_kind("stock.check", gettext_lazy("Kiểm tra danh sách nhập vào"))
def check(job: Job) -> dict[str, Any]:
    """Look at every line of the list; the rows of before make room. It may run twice."""
    batch = StockBatch.objects.select_related("org_unit", "cycle", "into__rule_set").get(
        pk=job.params["batch"]
    )
    if batch.state != BatchState.CHECKING:
        return {}
    problem = ""
    rows: list[StockRow] = []
    remembered = batch.counts.get("heads", "")
    try:
        sheet = sheet_of(batch)
        job.progress(0, len(sheet.rows))
        rows = checking.check(batch, sheet, CHECKERS[batch.kind])
    except sheets.SheetRefused as refused:
        problem = str(refused)
    except stock.StockRefused as refused:
        problem = " ".join(refused.problems)
    with transaction.atomic():
        if _held(batch).state != BatchState.CHECKING:
            return {}
        batch.rows.all().delete()
        StockRow.objects.bulk_create(rows, CHUNK)
        batch.counts["heads"] = remembered
        batch.state = BatchState.COLUMNS if problem else BatchState.CHECKED
        batch.problem, batch.checked_at = problem, clock.now()
        batch.save()
    job.progress(len(rows), len(rows))
    return {"rows": batch.counts.get("rows", 0), "wrong": batch.counts.get("wrong", 0)}


def ask_commit(batch: StockBatch, *, by: User, document: Document) -> Job:
    """Let the batch be entered on its ``document``, as typed.

    Raises PermissionDenied, :class:`NotNow`, and ValidationError, by field, for what the ledger
    refuses of the document.
    """
    if not rules.has_perm("dossiers.import_stock", by, batch.org_unit):
        raise PermissionDenied
    with transaction.atomic():
        batch = _held(batch)
        _must_be(batch, BatchState.CHECKED)
        # After a refusal what was checked no longer holds.
        if batch.problem or batch.counts.get("wrong") or not batch.to_enter().exists():
            raise NotNow
        batch.basis = stock.on_paper(batch, document, by=by)
        batch.state, batch.problem = BatchState.COMMITTING, ""
        batch.job = Job.objects.ask("stock.commit", by=by, batch=batch.pk)
        batch.save()
    return batch.job


@job_kind("stock.commit", gettext_lazy("Ghi danh sách nhập vào"))
def commit(job: Job) -> dict[str, Any]:
    """Enter the batch, all of it or nothing; done once however often it runs."""
    batch = StockBatch.objects.select_related("org_unit", "cycle", "into__rule_set").get(
        pk=job.params["batch"]
    )
    assert job.by is not None
    by = job.by
    try:
        return {"entered": stock.enter(batch, by=by)}
    except stock.StockRefused as refused:
        problem = " ".join(refused.problems)
    except PermissionDenied:
        problem = _("Người yêu cầu không còn quyền nhập danh sách.")
    StockBatch.objects.filter(pk=batch.pk, state=BatchState.COMMITTING).update(
        state=BatchState.CHECKED, problem=problem
    )
    return {"refused": problem}

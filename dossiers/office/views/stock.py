"""The stock comes in: what was recognised before, from a sheet or by hand (nhập hồ sơ cũ)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle.models import OrgUnit, User
from cycle.once import once, unrecorded
from cycle.sheets import SheetRefused
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.models import (
    BatchState,
    ProductGroup,
    RowKind,
    State,
    StockBatch,
    StockKind,
)
from dossiers.office import bases
from dossiers.office.forms.stock import (
    AgainForm,
    AnswersForm,
    ColumnsForm,
    FirstUploadForm,
    OneForm,
    PaperForm,
    SheetForm,
    StrikeForm,
    UploadForm,
)
from dossiers.office.lists import StockRows, batch_list, stock_office
from dossiers.office.stock import totals, work
from dossiers.office.stock.one import enter_one
from dossiers.walk import stock

ROWS = 50
#: So many batches on a page.
BATCHES = 25


def _late(request: Any, batch: StockBatch) -> HttpResponseBase:
    messages.warning(request, _("Đợt nhập này vừa đổi: hãy xem lại. Chưa có gì thay đổi."))
    return unrecorded(redirect("dossiers:stock_batch", batch.pk))


@login_required
@once
def stock_list(request: Any) -> HttpResponseBase:
    """The batches of the office, the newest first; send another list."""
    unit = stock_office(request.user)
    form = FirstUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        made = _upload(request, form, unit)
        if made is not None:
            return redirect("dossiers:stock_batch", made.pk)
    page = batch_list(request.user).page(request.GET.get("page"), BATCHES)
    return render(request, "dossiers/stock_list.html", {"form": form, "page": page})


def _upload(
    request: Any, form: UploadForm, unit: OrgUnit, into: StockBatch | None = None
) -> StockBatch | None:
    """The batch of what was sent; None with the reason at its field."""
    file = form.cleaned_data["file"]
    try:
        return work.upload(
            file.read(),
            file.name,
            by=request.user,
            unit=unit,
            kind=into.kind if into is not None else form.cleaned_data["kind"],
            into=into,
        )
    except SheetRefused as refused:
        form.add_error("file", str(refused))
    except stock.StockRefused as refused:
        form.add_error(None, refused.problems)
    except ValidationError as refused:
        form.add_error("file", refused)
    return None


@login_required
@once
def stock_batch(request: Any, pk: int) -> HttpResponseBase:
    """One batch where it stands: its columns, what is wrong with its cells, its paper, its end."""
    unit = stock_office(request.user)
    batch = get_object_or_404(
        StockBatch.objects.select_related(
            "by", "committed_by", "job", "org_unit", "cycle", "into", "basis__replaced_by"
        ),
        pk=pk,
        org_unit=unit,
    )
    forms = _forms(batch, request.user)
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act not in forms:
            return _late(request, batch)
        form = forms[act] = type(forms[act])(
            request.POST, request.FILES, **_of(act, batch, request.user)
        )
        if form.is_valid():
            try:
                if _do(request, act, form, batch):
                    return redirect("dossiers:stock_batch", batch.pk)
            except work.NotNow:
                return _late(request, batch)
    return render(request, "dossiers/stock_batch.html", _page(request, batch, forms))


def _of(act: str, batch: StockBatch, user: User) -> dict[str, Any]:
    if act == "commit":
        return {"user": user, "batch": batch}
    return {"batch": batch} if act in ("sheet", "columns", "answers") else {}


def _forms(batch: StockBatch, user: User) -> dict[str, Any]:
    """The forms that fit where the batch stands, by the name of their button."""
    found: dict[str, Any] = {}
    if batch.state in (BatchState.COLUMNS, BatchState.CHECKED) and batch.sha256:
        found["file"] = UploadForm()
        found["columns"] = ColumnsForm(batch=batch)
        if len(batch.sheets) > 1:
            found["sheet"] = SheetForm(batch=batch)
    if batch.state == BatchState.CHECKED:
        if batch.sha256 and (batch.questions or batch.counts.get("known") or batch.into):
            found["answers"] = AnswersForm(batch=batch)
        if batch.sha256 and batch.problem:
            found["again"] = AgainForm()
        elif not batch.counts.get("wrong") and batch.to_enter().exists():
            found["commit"] = PaperForm(user=user, batch=batch)
    if batch.state == BatchState.COMMITTED:
        found["undo"] = StrikeForm()
    return found


def _do(request: Any, act: str, form: Any, batch: StockBatch) -> bool:
    """Do what a button asks; False with the reason in its form. Raises NotNow."""
    by = request.user
    if act == "file":
        return _upload(request, form, batch.org_unit, into=batch) is not None
    if act == "sheet":
        try:
            work.use_sheet(batch, form.cleaned_data["sheet"], by=by)
        except SheetRefused as refused:
            form.add_error("sheet", str(refused))
            return False
    elif act == "columns":
        work.ask_check(
            batch,
            by=by,
            columns=form.cleaned_data["columns"],
            first_line=form.cleaned_data["first_line"],
        )
    elif act == "again":
        work.ask_check(batch, by=by)
    elif act == "answers":
        work.ask_check(batch, by=by, **form.settled())
    elif act == "commit":
        try:
            work.ask_commit(batch, by=by, document=form.paper())
        except ValidationError as refused:
            form.refuse_paper(refused)
            return False
    elif act == "undo":
        try:
            stock.strike(batch, by=by, reason=form.cleaned_data["reason"])
        except stock.StockRefused as refused:
            form.add_error(None, refused.problems)
            return False
        messages.success(request, _("Đã gạch bỏ đợt nhập. Những gì đợt này đã ghi nhập lại được."))
    return True


def _page(request: Any, batch: StockBatch, forms: dict[str, Any]) -> dict[str, Any]:
    found = StockRows(batch, request.GET)
    page = found.page(request.GET.get("page"), ROWS)
    found.shaped(list(page))
    over = batch.rows.exclude(kind=RowKind.DATA).order_by("line")
    return {
        "batch": batch,
        "may_correct": batch.basis is not None and bases.may_correct(request.user, batch),
        "job": batch.job if batch.is_waiting and batch.job else None,
        "forms": forms,
        "wrong": [form for form in forms.values() if form.is_bound and form.errors],
        "page": page,
        "only": found.only,
        "passed_over": over[:ROWS],
        "totals": [each | {"label": totals.label(each["what"])} for each in batch.totals],
        "stars": [(n, batch.counts.get(str(n), 0)) for n in (3, 4, 5)],
        "parts": _parts(batch),
    }


def _parts(batch: StockBatch) -> list[tuple[str, int]]:
    """How many of which group a survey names, and how many dossiers stand where."""
    named = State.choices if batch.kind == StockKind.RUNNING else ProductGroup.choices
    return [(str(label), batch.counts[value]) for value, label in named if batch.counts.get(value)]


@login_required
@shows_typed
@once
@drafts.keeps
def stock_one(request: Any) -> HttpResponseBase:
    """One certificate of before, by hand: the same checks, the same door."""
    unit = stock_office(request.user)
    here = drafts.place(request.user, "stock_one")
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    form = OneForm(request.POST or None, request.FILES or None, user=request.user)
    fill(form, drafts.shown(request, here))
    if request.method == "POST" and form.is_valid():
        batch = enter_one(form, form.cells(), by=request.user, unit=unit)
        if batch is not None:
            drafts.done(here)
            row = batch.rows.get()
            messages.success(request, _("Đã ghi giấy chứng nhận."))
            return redirect("dossiers:dossier", row.dossier_id)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    return render(request, "dossiers/stock_one.html", {"form": form, "place": here})

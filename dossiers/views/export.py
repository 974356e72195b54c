"""A list taken out of the house: as a file, or as text for a chat (xuất danh sách)."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache

from cycle import clock, exports
from cycle.asking import SignedIn
from cycle.models import fold
from cycle.written import day_text
from dossiers.lists import chat
from dossiers.lists import export as lists
from dossiers.lists.filters import Exportable

TYPES = {lists.CSV: exports.CSV_TYPE, lists.XLSX: exports.XLSX_TYPE}


@login_required
@never_cache
def export(request: SignedIn, name: str, pk: int | None = None) -> HttpResponseBase:
    """One list, narrowed as its page is, in the columns that were ticked.

    By POST, for it is recorded; the columns are kept for this person's next time. Anything else
    leads back to the page.
    """
    found = lists.registered().get(name)
    if found is None or found.of_one != (pk is not None):
        raise Http404
    rows = found.open(request.user, request.GET, pk)
    query = request.GET.urlencode()
    back = f"{found.address(pk)}?{query}".rstrip("?")
    how = request.POST.get("format")
    if request.method != "POST":
        return redirect(back)
    ticked = set(request.POST.getlist("column")) & {column.name for column in found.columns}
    if how in TYPES and not ticked:
        messages.warning(request, _("Bạn chưa chọn cột nào để xuất."))
        return redirect(back)
    if how == lists.CHAT and found.said is not None:
        return _chat(request, found, rows, back, query)
    if how not in TYPES:
        messages.warning(request, _("Hãy chọn xuất XLSX hay CSV."))
        return redirect(back)
    if how == lists.XLSX and len(rows.numbers) > exports.MOST_XLSX:
        messages.warning(
            request,
            _("Danh sách quá %(n)d dòng: hãy lọc bớt, hoặc xuất CSV.") % {"n": exports.MOST_XLSX},
        )
        return redirect(back)
    columns = found.chosen(ticked)
    request.session["columns"] = {
        **request.session.get("columns", {}),
        name: [column.name for column in columns],
    }
    lists.record(found, rows, by=request.user, how=how, query=query, columns=columns)
    return StreamingHttpResponse(
        lists.content(found, rows, columns, how),
        content_type=TYPES[how],
        headers={"Content-Disposition": f'attachment; filename="{_filename(found)}.{how}"'},
    )


def _filename(found: lists.Exported) -> str:
    with override("vi"):
        return f"{slugify(fold(str(found.title)))}-{clock.today():%Y-%m-%d}"


def _chat(
    request: SignedIn, found: lists.Exported, rows: Exportable, back: str, query: str
) -> HttpResponse:
    """The text for a chat, in boxes to copy from."""
    assert found.said is not None
    number = len(rows.numbers)
    with override("vi"):
        said = map(found.said, rows.of(rows.numbers[: chat.MOST].tolist()))
        texts = chat.pieces(f"{found.title}, {day_text(clock.today())}", said)
    if number:
        lists.record(found, rows, by=request.user, how=lists.CHAT, query=query, columns=())
    return render(
        request,
        "dossiers/chat.html",
        {"title": found.title, "texts": texts, "back": back, "more": chat.more(number)},
    )

"""Lists go out as files and as text for a chat: all that one sees, nothing else, and it is recorded."""

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import openpyxl
import pytest
from django.core.management import call_command
from django.core.paginator import Page
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from hypothesis import given
from hypothesis import strategies as st

from bench.province import Province
from cycle import clock, exports, tables
from cycle.models import HistoryEntry, OrgUnit
from cycle.workdays import DAY
from dossiers.lists import chat
from dossiers.lists.export import registered
from dossiers.lists.filters import Exportable
from dossiers.models import Dossier
from dossiers.walk import doors
from tests.ground import kept
from tests.owning import settle, update_as_owner
from tests.public_pages import main
from tests.records import idea
from tests.stock_sheets import GOOD, book, checked, load_units
from tests.world import open_cycle, open_dossier, open_task, person

ROOT = Path(__file__).parents[1]

#: Templates that show a list which is no list of the product, and why none is taken out.
NO_EXPORT = {
    "dossiers/_stock_columns.html": "the columns of a sheet that somebody sent",
    "dossiers/_inbox_answer.html": "one row of the inbox",
    "councils/_results.html": "taken out by the page around it",
    "councils/documents.html": "the papers of one round, each a file itself",
    "councils/templates.html": "the kinds of papers",
    "dossiers/_printed_kinds.html": "the papers of one dossier, each a file itself",
    "councils/help.html": "a page of the help, printed as it is",
    "dossiers/register_printed.html": "the register on paper; taken out on its page",
    "dossiers/split_list.html": "a split commune each, each a page",
    "dossiers/many_form.html": "a form: for which dossiers an act is done, and what differs",
    "dossiers/_many_rows.html": "what came of one form; each dossier's history tells it",
    "dossiers/_files_short.html": "taken out by the page around it",
    "dossiers/cycle_close.html": "a form: what goes on in the next year; its list is of dossiers",
    "dossiers/cycle_report.html": "the figures of a year on paper, as they were frozen",
    "dossiers/numbers.html": "a decision each, whose certificates wait, each a page",
    "dossiers/numbers_of.html": "a form: which number each certificate gets",
    "dossiers/_numbers_rows.html": "a form: which number each certificate has",
    "dossiers/scans.html": "a form: which file is of which document",
    "dossiers/_document_rows.html": "taken out by the page around it",
    "dossiers/erasures.html": "what was erased: taken out, it would tell of it",
    "dossiers/cycle_list.html": "a year each, each a page",
    "dossiers/cycle.html": "a year: its batches and windows, each a page",
    "dossiers/cycle_duties.html": "who does what until when: told on paper by the help",
    "dossiers/cycle_form.html": "a form: the windows of a year",
    "councils/board.html": "how far a meeting is; what it gives is taken out of its results",
    "councils/take_in.html": "a form: what is ticked goes into the round",
    "councils/sheets.html": "the sheets that one member has to fill in",
    "councils/council.html": "the seats of one council: its decision is the paper",
    "councils/calibration.html": "rounds to compare, each a page",
    "councils/calibration_round.html": "a picture of one round",
    "councils/_criteria.html": "the points of one product, by criterion",
    "councils/outcome.html": "the few products of a commune in one round; the notice is the paper",
}
#: Parts of a page; who includes them is looked at.
PARTS = {"_pager.html", "_pagination.html", "dossiers/_stock_pages.html"}


def test_every_list_of_the_templates_has_its_export():
    home, without, exported = ROOT / "templates", set(), set()
    for path in sorted(home.rglob("*.html")):
        name, text = path.relative_to(home).as_posix(), path.read_text()
        lists = re.search(r'class="list\b|_pagination\.html"|{% pager |class="pages"', text)
        exported |= set(re.findall(r'{% export_list "(\w+)"', text))
        if lists and "{% export_list " not in text and name not in PARTS:
            without.add(name)
    assert without == set(NO_EXPORT) - {"dossiers/_inbox_answer.html"}
    assert exported == set(registered())


@pytest.mark.parametrize("name", sorted(registered()))
def test_a_list_says_its_columns_once(name):
    found = registered()[name]
    names = [column.name for column in found.columns]
    heads = [str(column.heading) for column in found.columns]
    assert len(set(names)) == len(names)
    assert len(set(heads)) == len(heads)
    assert found.chosen(None)
    assert found.page in {
        f"{app.app_name}:{each.name}"
        for app in get_resolver().url_patterns
        if getattr(app, "app_name", None)
        for each in app.url_patterns
        if app.app_name != "admin"
    }


# --- Who gets what ------------------------------------------------------------------------------


def signed_in(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(name, pk=None):
    return reverse("dossiers:export_of", args=[name, pk]) if pk else f"/export/{name}/"


def every_column(name):
    return [column.name for column in registered()[name].columns]


def taken(client, name, query="", pk=None, **data):
    """The lines of the CSV file, the heads first; None where there is none to see."""
    posted = {"format": "csv", "column": every_column(name)} | data
    answer = client.post(f"{address(name, pk)}?{query}", posted)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.status_code
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture
@kept
def land(db):
    call_command("load_reference", stdout=StringIO())
    made = Province(1300)
    settle()
    return made


def rows_of(html):
    """How many rows stand in the lists of a page."""
    tables = re.findall(r'<table class="list.*?</table>', html, re.S)
    rows = sum(
        len(re.findall(r"<tr", body))
        for t in tables
        for body in re.findall("<tbody>.*?</tbody>", t, re.S)
    )
    news = re.search(r'<ol class="news">.*</ol>', html, re.S)
    return rows + (len(re.findall(r"<li", news.group())) if news else 0)


def on_pages(client, page):
    """How many rows the list shows on all its pages; None where there is no page to see."""
    number = 0
    while page:
        answer = client.get(page)
        if answer.status_code in (403, 404):
            return None
        html = answer.content.decode()
        number += rows_of(html)
        found = re.search(r'href="([^"]*)"\s+rel="next"|rel="next"\s+href="([^"]*)"', html)
        link = found and (found.group(1) or found.group(2)).replace("&amp;", "&").partition("#")[0]
        page = link and page.partition("?")[0] + link
    return number


#: List -> what its page may be narrowed to.
ADDRESSES = {
    "inbox": ["", "tab=overdue", "tab=done", "q=mat+ong+1"],
    "dossiers": ["", "step=outreach", "q=mat+ong+1", "state=withdrawn"],
    "overdue": ["", "standing=done", "officer=0", "clock=legal"],
    "ending": [""],
    "missing": ["", "lack=plan", "lack=idea"],
    "outreach": ["", "kind=meeting", "kind=panel"],
    "coverage": [""],
    "planned": [""],
    "promotion": [""],
    "support": ["", "source=own"],
    "jobs": [""],
    "absence": ["", "show=unpapered"],
    "handover": ["", "q=can+bo+1"],
    "potential": ["", "state=open", "q=mat+ong"],
    "people": ["", "show=waiting", "show=left", "q=can+bo+1"],
    "rounds": ["", "tab=closed", "tab=open"],
    "councils": [""],
    "opinions": [""],
    "news": ["", "unread=1", "kind=term"],
}


@pytest.mark.slow(reason="every list of a province, as six people see it, page by page")
def test_the_file_has_the_rows_of_the_page_for_each_role(land):
    stranger = person("khach", "Người lạ")
    people = [*land.people()[:6], stranger]
    wrong, most = [], {}
    for user in people:
        client = signed_in(user)
        for name, queries in ADDRESSES.items():
            for query in queries:
                page = f"{reverse(registered()[name].page)}?{query}"
                shown, found = on_pages(client, page), taken(client, name, query)
                number = None if found is None else len(found) - 1
                if number != shown:
                    wrong.append((user.username, name, query, shown, number))
                most[name, query] = max(most.get((name, query), 0), number or 0)
    assert wrong == []
    # Nothing is proved by lists without rows.
    empty = {name for name, query in most if not query and not most[name, query]}
    assert empty <= {"absence", "jobs", "planned", "potential", "support"}, empty
    assert taken(signed_in(stranger), "people") is None
    for name in ("inbox", "dossiers", "overdue", "ending", "outreach", "handover", "councils"):
        assert len(taken(signed_in(stranger), name)) == 1, name


def test_what_belongs_to_one_thing_is_asked_through_it(land):
    stranger = signed_in(person("khach", "Người lạ"))
    minh, officer = signed_in(land.minh), signed_in(land.officers[1])
    theirs = Dossier.objects.earliest("pk")
    assert len(taken(minh, "history", pk=theirs.pk)) == 1 + theirs.history.count() > 1
    assert taken(officer, "history", pk=theirs.pk) is None
    results = taken(signed_in(land.thu), "results", pk=land.round.pk)
    assert len(results) == 1 + land.round.closings.get().results.count()
    for client, name, pk in (
        (stranger, "history", theirs.pk),
        (stranger, "results", land.round.pk),
        (stranger, "stock_rows", 1),
        (stranger, "history", None),
        (minh, "history", None),
        (minh, "history", 999_999_999),
        (minh, "results", None),
        (minh, "nothing", None),
        (minh, "nothing", 1),
        (minh, "dossiers", theirs.pk),
        (officer, "stock", None),
        (officer, "incidents", None),
        (officer, "failed_jobs", None),
        (stranger, "week_late", None),
        (stranger, "week_due", None),
        (stranger, "untold", None),
        (stranger, "file_faults", None),
    ):
        answer = client.post(address(name, pk), {"format": "csv", "column": "product"})
        assert answer.status_code == 404, (name, pk)
    assert Client().post(address("dossiers"), {"format": "csv"}).status_code == 302
    lists = HistoryEntry.objects.filter(event="list.export").values_list("data__list", flat=True)
    assert sorted(lists) == ["history", "results"]


@pytest.mark.slow(reason="every address without a number, as five people open it")
def test_every_page_that_shows_a_list_offers_its_file(land):
    """Walked over the addresses: whatever hands a list to its template has the chooser."""
    offered, without = set(), set()
    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "app_name", None) in (None, "admin"):
            continue
        for each in pattern.url_patterns:
            if each.pattern.converters:
                continue
            for user in (land.minh, land.thu, land.tam, land.officers[0], land.admin):
                answer = signed_in(user).get(reverse(f"{pattern.app_name}:{each.name}"))
                page = (answer.context or {}).get("page")
                rows = getattr(page, "object_list", None)
                if isinstance(page, Exportable):
                    rows = page.rows()
                elif not isinstance(page, Page):
                    continue
                if rows:
                    found = re.findall(r'action="/export/(\w+)/', answer.content.decode())
                    offered |= set(found)
                    if not found:
                        without.add(each.name)
    # A year each, a page each.
    assert without == {"cycles"}
    assert {"inbox", "dossiers", "overdue", "ending", "outreach", "handover", "people"} <= offered
    assert {"rounds", "councils", "opinions", "news"} <= offered


# --- The files ----------------------------------------------------------------------------------

HOSTILE = (
    "=HYPERLINK(\"http://x\";\"y\")", "+84912345678", "-2+3", "@SUM(A1)", "\tx", "\r=1", " =1", "＝1",
    "a\"b,c;d\ne", "<b>&amp;</b>", "_x0041_", "\x01\x0bđ", "\U0001f36f", "x" * 40_000, "'", "",
    "31/12/2026", "0912", "1e9",
)  # fmt: skip


def xlsx(heads, rows):
    content = b"".join(exports.xlsx_of("Sổ [quá hạn]: đơn vị/xã " * 3, heads, [rows]))
    return openpyxl.load_workbook(io.BytesIO(content)).active, content


def test_no_cell_is_a_formula_and_none_breaks_the_file():
    sheet, content = xlsx(["=Tên"], [[text] for text in HOSTILE])
    for (cell,), text in zip(sheet.iter_rows(min_row=2), HOSTILE, strict=True):
        assert cell.data_type in ("s", "n")
        assert cell.data_type == "s" or text == ""
        if text.strip()[:1] in tuple("=+-@＝") and text.strip():
            assert cell.quotePrefix, text
    assert b"<f>" not in content
    # As the product's own reader sees it, nothing is lost but what no XML may hold.
    read = [row["=Tên"] for _line, row in tables.parse("x.xlsx", content, ["=Tên"])]
    assert read == [re.sub("[\x01\x0b]", "", text)[:32_767].strip() for text in HOSTILE if text]
    text = b"".join(exports.csv_of(["=Tên"], [[[text] for text in HOSTILE]])).decode("utf-8-sig")
    lines = [row[0] for row in csv.reader(io.StringIO(text, newline=""))]
    assert [line for line in lines if line[:1] in tuple("=+-@\t\r\n＝") and line] == []
    assert lines[1:3] == ['\'=HYPERLINK("http://x";"y")', "'+84912345678"]
    assert lines[9:11] == ['a"b,c;d\ne', "<b>&amp;</b>"]


def test_days_and_numbers_are_days_and_numbers():
    row = [
        date(2024, 3, 3), datetime(2026, 11, 28, 17, 30, tzinfo=UTC), 7, Decimal("82.45"), None,
        10**17, date(1890, 5, 1),
    ]  # fmt: skip
    sheet, _content = xlsx(list("abcdefg"), [row])
    cells = next(sheet.iter_rows(min_row=2))
    assert [cell.value for cell in cells] == [
        datetime(2024, 3, 3), datetime(2026, 11, 29, 0, 30), 7, 82.45, None,
        str(10**17), "01/05/1890",
    ]  # fmt: skip
    assert [cells[0].number_format, cells[1].number_format] == ["dd/mm/yyyy", r"dd/mm/yyyy\ hh:mm"]
    assert sheet.freeze_panes == "A2"
    text = b"".join(exports.csv_of(list("abcdefg"), [[row]])).decode("utf-8-sig")
    assert text.splitlines()[1] == (
        "03/03/2024,29/11/2026 00:30,7,82.45,,100000000000000000,01/05/1890"
    )


@pytest.mark.parametrize("how", ["csv", "xlsx"])
def test_an_empty_list_is_a_file_with_its_heads(an, how, commune):
    answer = signed_in(an).post("/export/dossiers/", {"format": how, "column": ["code", "due_on"]})
    content = b"".join(answer.streaming_content)
    if how == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert list(sheet.values) == [("Mã số", "Hạn xử lý")]
    else:
        assert content.decode("utf-8-sig") == "Mã số,Hạn xử lý\r\n"


def test_the_file_says_what_was_chosen_and_that_is_kept(dossier, an):
    client = signed_in(an)
    page = client.get("/dossiers/").content.decode()
    assert re.search(r'value="stars"\s+autocomplete="off" checked', page)
    answer = client.post(
        "/export/dossiers/?q=mat", {"format": "xlsx", "column": ["due_on", "product", "zzz"]}
    )
    assert answer["Content-Type"] == exports.XLSX_TYPE
    assert answer["Content-Disposition"] == (
        f'attachment; filename="danh-muc-ho-so-{clock.today():%Y-%m-%d}.xlsx"'
    )
    assert "no-store" in answer["Cache-Control"]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.sheetnames == ["Danh mục hồ sơ"]
    due_on = dossier.tasks.get().due_on
    assert list(book.active.values) == [
        ("Sản phẩm", "Hạn xử lý"),
        ("Mật ong rừng Nà Tấu", datetime(due_on.year, due_on.month, due_on.day)),
    ]
    page = client.get("/dossiers/").content.decode()
    assert re.findall(r'value="(\w+)"\s+autocomplete="off" checked', page) == ["product", "due_on"]
    # In Vietnamese, whatever the page speaks.
    client.cookies["django_language"] = "en"
    assert taken(client, "dossiers", column=["product"])[0] == ["Sản phẩm"]


def test_what_is_not_understood_is_said_and_nothing_goes_out(dossier, an):
    client = signed_in(an)
    for data, said in (
        ({"format": "csv"}, "Bạn chưa chọn cột nào để xuất."),
        ({"format": "csv", "column": "zzz"}, "Bạn chưa chọn cột nào để xuất."),
        ({"format": "pdf", "column": "product"}, "Hãy chọn xuất XLSX hay CSV."),
        ({"column": "product"}, "Hãy chọn xuất XLSX hay CSV."),
        ({"format": "chat", "column": "product"}, "Hãy chọn xuất XLSX hay CSV."),
    ):
        answer = client.post("/export/dossiers/?q=mat", data, follow=True)
        assert answer.redirect_chain == [("/dossiers/?q=mat", 302)]
        assert said in answer.content.decode()
    # From the sign-in, or typed as an address: back to the list.
    assert client.get("/export/dossiers/?step=outreach").url == "/dossiers/?step=outreach"
    assert not HistoryEntry.objects.filter(event="list.export").exists()


def test_more_rows_than_a_workbook_bears_go_as_csv(dossier, an, monkeypatch):
    monkeypatch.setattr(exports, "MOST_XLSX", 0)
    answer = signed_in(an).post(
        "/export/dossiers/", {"format": "xlsx", "column": "product"}, follow=True
    )
    assert "Danh sách quá 0 dòng: hãy lọc bớt, hoặc xuất CSV." in main(answer)
    assert len(taken(signed_in(an), "dossiers")) == 2


def test_who_took_what_out_is_recorded_before_it_leaves(dossier, an):
    answer = signed_in(an).post(
        "/export/dossiers/?q=mat&after=99999999", {"format": "csv", "column": ["product", "phone"]}
    )
    entry = HistoryEntry.objects.get(event="list.export")  # not a byte has been read
    assert (entry.stream, entry.actor, entry.label) == ("office", an, "Danh mục hồ sơ")
    assert entry.data == {
        "list": "dossiers", "format": "csv", "filter": "q=mat&after=99999999", "rows": 1,
        "columns": ["product", "phone"],
    }  # fmt: skip
    assert b"".join(answer.streaming_content).count(b"\r\n") == 2


@pytest.mark.parametrize(("name", "queries"), [("dossiers", 13), ("inbox", 16), ("overdue", 13)])
@pytest.mark.parametrize("rows", [1, 3])
def test_query_count(rows, name, queries, cycle, commune, an, django_assert_num_queries):
    for number in range(rows):
        open_dossier(cycle, commune, an, f"Mật ong {number}")
    client = signed_in(an)
    with clock.at(clock.now() + 60 * DAY):
        assert len(taken(client, name)) == 1 + rows
        with django_assert_num_queries(queries):
            taken(client, name)


@pytest.mark.slow(reason="every list of a province, as four people take it out")
def test_no_list_asks_row_by_row(land):
    """Of hundreds of rows, one batch: no more queries than of three."""
    asked, longest = {}, {}
    for user in (land.minh, land.thu, land.tam, land.admin):
        client = signed_in(user)
        for name in sorted(registered()):
            with CaptureQueriesContext(connection) as found:
                rows = taken(client, name, "tab=closed")
            if rows and len(rows) > 4:
                asked[name] = max(asked.get(name, 0), len(found))
                longest[name] = len(rows)
    assert {name: number for name, number in asked.items() if number > 22} == {}
    assert {
        "councils", "dossiers", "ending", "failed_jobs", "incidents", "jobs", "news", "opinions",
        "outreach", "overdue", "people", "rounds", "untold", "week_due", "week_late",
    } - set(asked) == {"councils"}  # fmt: skip


def test_rows_are_read_in_batches_and_stay_in_order(cycle, commune, an, monkeypatch):
    for number in range(5):
        open_dossier(cycle, commune, an, f"Mật ong {number}")
    found = registered()["dossiers"].open(an, {}, None)
    batches = list(found.batches(2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [row["pk"] for batch in batches for row in batch] == list(found.numbers)
    assert list(found.numbers) == sorted(found.numbers, reverse=True)
    # What is no longer to be seen when its turn comes is left out.
    found = registered()["dossiers"].open(an, {}, None)
    assert len(found.numbers) == 5
    update_as_owner(an.role_assignments, valid_to=date(2021, 1, 1))
    assert (
        sum(
            map(
                len,
                registered()["dossiers"].open(type(an).objects.get(pk=an.pk), {}, None).batches(),
            )
        )
        == 0
    )


# --- The chat -----------------------------------------------------------------------------------


def test_the_inbox_is_copied_as_text_grouped_by_unit(cycle, commune, an, minh):
    for number in range(3):
        open_dossier(cycle, commune, an, f"Mật ong {number}")
    assert 'value="chat"' in signed_in(an).get("/inbox/").content.decode()
    assert 'value="chat"' not in signed_in(an).get("/dossiers/").content.decode()
    answer = signed_in(an).post("/export/inbox/?tab=unit", {"format": "chat"})
    html = answer.content.decode()
    (text,) = re.findall(r"<textarea[^>]*>(.*?)</textarea>", html, re.S)
    lines = text.splitlines()
    assert lines[0] == f"Hộp việc, {clock.today():%d/%m/%Y}"
    assert lines[2] == "Xã Nà Tấu:"
    assert lines[3] == (
        "1. Mật ong 0 (Hợp tác xã Mường Thanh): Đăng ký ý tưởng sản phẩm, còn 10 ngày làm việc"
    )
    assert len(lines) == 6
    assert "readonly" in html
    entry = HistoryEntry.objects.get(event="list.export")
    assert (entry.data["format"], entry.data["rows"]) == ("chat", 3)
    # Nobody's list: nothing to copy, nothing recorded.
    html = main(signed_in(person("khach", "Lạ")).post("/export/inbox/", {"format": "chat"}))
    assert "Không có gì để chép." in html
    assert HistoryEntry.objects.filter(event="list.export").count() == 1


def test_the_overdue_register_says_who_is_how_late(land):
    client = signed_in(land.minh)
    answer = client.post("/export/overdue/?standing=open", {"format": "chat"})
    texts = answer.context["texts"]
    assert len(texts) > 1
    assert all(chat.length(text) <= 2000 for text in texts)
    assert re.search(r"\n\nXã \d+:\n1\. .* \(.*\): .*, trễ \d+ ngày làm việc", texts[0])
    number = len(taken(client, "overdue", "standing=open")) - 1
    assert sum(len(re.findall(r"^\d+\. ", text, re.M)) for text in texts) == min(number, chat.MOST)
    ending = client.post("/export/ending/", {"format": "chat"}).context["texts"]
    assert re.search(r"sao: (còn|đã hết hạn) \d+ ngày \(\d\d/\d\d/\d{4}\)", ending[0])
    mine = signed_in(land.officers[1]).post("/export/overdue/", {"format": "chat"})
    assert set(re.findall(r"^(Xã \d+):$", "\n".join(mine.context["texts"]), re.M)) == {"Xã 1"}


#: Short or long by repetition: hundreds of letters drawn one by one take seconds.
LINES = st.lists(
    st.tuples(
        st.sampled_from(["Xã Nà Tấu", "Phường Mường Thanh", "x" * 700]),
        st.builds(lambda text, times: text * times, st.text(max_size=20), st.integers(1, 45)),
    ),
    max_size=40,
)


@given(LINES)
def test_every_piece_holds_in_a_message_and_no_line_is_lost(said):
    texts = chat.pieces("Sổ theo dõi quá hạn, 28/11/2026", said)
    assert all(chat.length(text) <= chat.LONGEST for text in texts)
    assert sum(len(re.findall(r"^\d+\.( |$)", text, re.M)) for text in texts) >= len(said)
    assert bool(texts) == bool(said)


def test_more_than_a_chat_bears_is_said():
    assert chat.more(chat.MOST) == ""
    assert chat.more(chat.MOST + 3) == "Còn 3 dòng: hãy lọc bớt hoặc gửi tệp."


def test_communes_that_lack_something_are_named_with_their_officers(
    cycle, commune, an, minh, dossier
):
    client = signed_in(minh)

    def lacking(user=client, query=""):
        rows = taken(user, "missing", query)[1:]
        return {row[0]: tuple(row[1:3]) for row in rows}

    assert lacking()["Xã Nà Tấu"] == ("Chưa đăng ký ý tưởng", "Lò Thị An")
    assert {how for name, (how, _who) in lacking().items() if name != "Xã Nà Tấu"} <= {
        "Chưa tuyên truyền"
    }
    assert lacking(query="lack=plan") == {}
    doors.complete(open_task(dossier), "register_idea", by=an, record=idea())
    assert lacking()["Xã Nà Tấu"][0] == "Chưa có phương án"
    assert "Xã Nà Tấu" in main(client.get("/register/missing/?lack=plan"))
    text = client.post("/export/missing/", {"format": "chat"}).context["texts"][0]
    assert "\n\nChưa có phương án:\n1. Xã Nà Tấu (Lò Thị An)" in text
    # The commune's own officer sees the commune; a stranger none; another cycle is asked for.
    assert set(lacking(signed_in(an))) == {"Xã Nà Tấu", "Xã Mường Pồn"}
    assert lacking(signed_in(person("khach", "Lạ"))) == {}
    next_year = open_cycle(cycle.rule_set, 2027)
    assert lacking(query=f"cycle={next_year.pk}")["Xã Nà Tấu"][0] == "Chưa tuyên truyền"
    assert "Không có xã nào còn thiếu." in main(
        signed_in(person("x", "X")).get("/register/missing/")
    )


@pytest.mark.parametrize("rows", [1, 3])
def test_missing_query_count(rows, cycle, commune, minh, django_assert_num_queries):
    for number in range(rows - 1):
        OrgUnit.objects.create(
            code=f"9{number}", name=f"Xã {number}", level="commune", parent=commune.parent,
            valid_from="2020-01-01",
        )  # fmt: skip
    client = signed_in(minh)
    with django_assert_num_queries(7):
        client.get("/register/missing/")


def test_a_batch_and_its_rows_go_out(rule_sets, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    unit = load_units()
    lan = person("lan", "Đào Thị Lan", ("officer", unit))
    batch = checked(book([GOOD, {**GOOD, "Hạng sao": "đạt"}]), lan, unit)
    client = signed_in(lan)
    assert len(taken(client, "stock")) == 2
    assert len(taken(client, "stock_rows", "rows=all", pk=batch.pk)) == 3
    html = client.get(f"/stock/{batch.pk}/?rows=all").content.decode()
    assert f'action="/export/stock_rows/{batch.pk}/?rows=all"' in html
    assert rows_of(client.get("/stock/").content.decode()) == 1

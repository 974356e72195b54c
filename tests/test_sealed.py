"""Nobody sees another's sheet before the closing: by page, search, history, log or notification."""

import io
import re
import zipfile
from itertools import product

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from councils import closing
from councils.models import Scoresheet
from cycle.models import HistoryEntry, OutboxMessage, User
from dossiers.models import Dossier
from notifications.models import Notification
from tests import judging
from tests.judging import begin, choose, judge, regulate

pytestmark = pytest.mark.django_db

#: What the sealed sheet says. No other text of the system holds it.
REMARK = "Nhận xét niêm phong của ủy viên Một"
GENERAL = "Nhận xét chung niêm phong"


def middling(_criterion, options):
    """Neither the best nor the worst: a sum that nothing else on a page happens to be."""
    return options[len(options) // 2]


@pytest.fixture
def round_(province, cycle, commune, an, thu):
    regulate(province)
    council = judging.seat(province, thu)
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


@pytest.fixture
def entry(round_):
    return round_.entries.get()


@pytest.fixture
def sheet(entry, round_):
    """A sheet handed in, with its words."""
    member = judge(round_.council, 1)
    made = Scoresheet.of(entry, member)
    for option in choose(entry.rubric, middling):
        made.put(option, by=member.user, remark=REMARK)
    made.note(by=member.user, remark=GENERAL)
    made.submit(by=member.user)
    return made


def addresses(patterns=None, before=""):
    """Every address of the product, as (route, names of its parts)."""
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + str(each.pattern)
        if route.startswith(("admin/", "^", "accounts/")):
            continue
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route


def pages(entry, sheet):
    """Every address, with what there is to open of its kind; and the search."""
    keys = {
        "rounds": [entry.round_id],
        "entries": [entry.pk],
        "sheets": [sheet.pk],
        "councils": [entry.round.council_id],
        "dossiers": [entry.dossier_id],
        "rubrics": [entry.rubric_id],
        "tasks": entry.dossier.tasks.values_list("pk", flat=True),
    }
    parts_of = {
        "member": entry.round.council.members.values_list("pk", flat=True),
        "piece": [1],
    }
    for route in addresses():
        if "logout" in route:
            continue
        parts = re.findall(r"<(?:\w+:)?(\w+)>", route)
        values = [parts_of.get(part) or keys.get(route.split("/")[0]) or [1] for part in parts]
        for chosen in product(*values):
            filled = route
            for value in chosen:
                filled = re.sub(r"<[^>]+>", str(value), filled, count=1)
            yield "/" + filled
    yield f"/dossiers/?q={entry.dossier.product.name}"


def text_of(response):
    """What a reader finds in a page, or in the sheets and documents that are handed over."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(map(archive.read, archive.namelist()))
    return content.decode("utf-8", "replace")


def telling(sheet):
    """What of the sheet must not be read: its words, its sum, the rows of its choices."""
    total = f"{judging.total(sheet):g}"
    return [REMARK, GENERAL, f"Tổng {total}<", f">{total}<", f"nhập: {total}."]


@pytest.mark.parametrize("pen", (False, True))
def test_no_page_of_anybody_else_tells_a_sheet_before_the_closing(
    cast, round_, entry, sheet, thu, pen, caplog
):
    if pen:
        # The same words on a pen sheet of another member, handed over to the second person.
        other = judge(round_.council, 2)
        sheet = Scoresheet.type_in(entry, other, by=thu)
        for option in choose(entry.rubric, middling):
            sheet.put(option, by=thu, remark=REMARK)
        sheet.submit(by=thu)
    everybody = {**cast} | {
        judge(round_.council, number).user.username: judge(round_.council, number).user
        for number in range(7)
    }
    seen = {"uy_vien_1"} | ({"thu", "uy_vien_2", "chu_tich", "thu_ky"} if pen else set())
    told, opened = [], {}
    for name, user in everybody.items():
        if name in seen:
            continue
        client = Client()
        client.force_login(user)
        for address in pages(entry, sheet):
            response = client.get(address)
            opened[address] = opened.get(address, 0) + (response.status_code == 200)
            text = text_of(response)
            told += [(name, address, words) for words in telling(sheet) if words in text]
    assert told == []
    # The walk has been somewhere: the sheets of the others, the dossier, the inbox.
    assert opened[f"/entries/{entry.pk}/sheet/"] and opened["/inbox/"]
    assert opened[f"/dossiers/{entry.dossier_id}/"]
    assert REMARK not in caplog.text and GENERAL not in caplog.text


def test_history_outbox_and_notifications_tell_who_and_never_what(entry, sheet, round_, thu):
    kept = " ".join(
        [str(each.data) + each.payload for each in HistoryEntry.objects.all()]
        + [str(each.__dict__) for each in OutboxMessage.objects.all()]
        + [str(each.__dict__) for each in Notification.objects.all()]
    )
    total = f"{judging.total(sheet):g}"
    assert "Lê Thị Một" in kept
    assert REMARK not in kept and GENERAL not in kept and "points" not in kept
    assert f'"{total}"' not in kept and f": {total}," not in kept
    before = closing.checklist(round_)
    assert not any(total in str(item.sentence) for item in before)


def test_the_report_of_the_cycle_tells_nothing_of_it(cycle, sheet):
    out = io.StringIO()
    call_command("cycle_report", str(cycle.year), stdout=out)
    assert REMARK not in out.getvalue() and "Lê Thị Một" not in out.getvalue()


def test_the_queryset_gives_each_their_own_and_the_closing_opens_the_rest(
    cast, round_, entry, sheet, thu
):
    for user in User.objects.all():
        own = Scoresheet.objects.visible_to(user)
        assert list(own) == ([sheet] if user == sheet.member.user else []), user
    assert list(Scoresheet.objects.unsealed()) == []
    for number in (0, 2, 3, 4):
        judging.fill(entry, judge(round_.council, number))
    round_.accept_spread(entry, by=thu, reason="Đã thảo luận")
    for criterion in entry.rubric.criteria.all():
        for stars in (3, 4, 5):
            round_.resolve(
                entry, criterion=criterion, stars=stars, holds=True, reason="Đạt", by=thu
            )
    assert Scoresheet.objects.unsealed().count() == 0
    assert Dossier.objects.get(pk=entry.dossier_id).points_sum is None
    closing.close(round_, by=thu)
    assert Scoresheet.objects.unsealed().count() == 5

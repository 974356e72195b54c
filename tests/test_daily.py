"""Small things that hurt every day: each is a row of a table, asked wherever it could come up."""

import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import Cycle, Role
from cycle.workdays import Calendar
from dossiers.forms import acts
from dossiers.lists import overdue
from dossiers.lists.inbox import Filters as InboxFilters
from dossiers.lists.inbox import Inbox
from dossiers.lists.overdue import Filters, OverdueRegister
from dossiers.models import ACTS, OutreachEvent, Task, Term
from dossiers.terms.due import FAR, due
from dossiers.walk import doors
from notifications import weekly
from notifications.channels.email import address_is_wrong
from tests import records
from tests.addresses import filled, forms_of, refused_in_full_once, routes
from tests.ground import kept
from tests.owning import update_as_owner
from tests.pages import shown
from tests.world import open_cycle, open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


# --- On a shared computer ----------------------------------------------------------------------

#: Pages that a person need not be signed in for, and that say so by themselves.
PUBLIC = ("calendar/<str:token>.ics", "healthz", "healthz/live")


@pytest.mark.slow(reason="every address")
def test_no_page_of_somebody_signed_in_is_kept_by_the_browser(cast, dossier):
    client = signed_in(cast["an"])
    kept = {}
    with refused_in_full_once():
        for route in routes():
            if route.startswith("admin/") or route in PUBLIC or "logout" in route:
                continue
            value = dossier.pk if "dossiers/<int" in route else 1
            answer = client.get(filled(route, value))
            if "no-store" not in answer.headers.get("Cache-Control", ""):
                kept[route] = answer.headers.get("Cache-Control")
    assert kept == {}
    assert "no-store" in client.get(f"/tasks/{open_task(dossier).pk}/")["Cache-Control"]


def test_a_scan_is_not_kept_either(dossier, an, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    piece = records.scan()
    doors.act(dossier.process, "attach_evidence", by=an, record=piece)
    answer = signed_in(an).get(reverse("dossiers:evidence", args=[piece.pk]))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")


def test_signing_out_empties_the_browsers_cache_and_nothing_else(an):
    client = signed_in(an)
    # Scores that wait for a connection lie in «storage».
    assert client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in client.get("/accounts/login/")
    assert "Clear-Site-Data" not in signed_in(an).get("/inbox/")


# --- Locked out -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _first_of_the_minute():
    """Sign-ins are counted by the minute in this process."""
    cache.clear()


def sign_in(name, password="sai", forwarded=None, **connected):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return (
        Client()
        .post(
            "/accounts/login/", {"login": name, "password": password}, headers=headers, **connected
        )
        .status_code
    )


def fails(name, forwarded=None):
    for _try in range(settings.AXES_FAILURE_LIMIT):
        status = sign_in(name, forwarded=forwarded)
    return status


@pytest.fixture
@kept
def right(an):
    an.set_password("mật khẩu đúng 2026")
    an.save()
    return "mật khẩu đúng 2026"


@pytest.mark.parametrize("name", ["an", "AN", " An ", "aN"])
def test_capitals_are_no_second_name(name, an, right):
    assert fails("an") == 429
    assert sign_in(name, right) == 429


#: (proxies, who fails, who comes then) -> whether the second is locked out.
BEHIND = {
    "no proxy is declared: the header is anybody's claim": (0, "1.1.1.1", "2.2.2.2", True),
    "another client behind the proxy": (1, "198.51.100.7", "203.0.113.9", False),
    "the same client": (1, "198.51.100.7", "198.51.100.7", True),
    "the same client, who makes up what stands before": (
        1, "198.51.100.7", "9.9.9.9, 198.51.100.7", True,
    ),
    "two proxies, another client": (2, "198.51.100.7, 10.0.0.1", "203.0.113.9, 10.0.0.1", False),
    "two proxies, the same client": (
        2, "198.51.100.7, 10.0.0.1", "8.8.8.8, 198.51.100.7, 10.0.0.1", True,
    ),
    "a proxy that adds the port, the same client": (1, "1.2.3.4:5678", "1.2.3.4:99", True),
    "a proxy that adds the port, another client": (1, "1.2.3.4:5678", "1.2.3.5:5678", False),
    "two ways to write it": (1, "[2001:DB8::1]:80", "2001:db8:0::1", True),
    "the older address within the newer": (1, '"[::ffff:1.2.3.4]:80"', "1.2.3.4", True),
    "no address at all: who is connected": (1, "unknown", "unix:", True),
}  # fmt: skip


@pytest.mark.parametrize("case", BEHIND)
def test_the_clients_address_is_locked_never_the_proxys(case, an, right, settings):
    settings.PROXIES, first, then, locked = BEHIND[case]
    assert fails("an", first) == 429
    assert (sign_in("an", right, then) == 429) is locked


#: What proxies are known to add, and what nobody should.
ADDED = (
    "1.2.3.4:5678", "unknown", "unix:", "[::1]:80", "[::1]", "::1", "fe80::1%eth0", "_hidden", "\0",
    "", " ", ",", "1.2.3", "1.2.3.4.5", "999.1.1.1", "[", "[]:", "1.2.3.4:", "for=1.2.3.4",
    "\u0663.1.1.1", "1.2.3.4/24", "x" * 9000,
)  # fmt: skip


@pytest.mark.parametrize("connected", ["127.0.0.1", "", "unix:", "junk"])
@pytest.mark.parametrize("added", ADDED)
def test_whatever_a_proxy_adds_who_knows_the_password_comes_in(
    added, connected, an, right, settings
):
    settings.PROXIES = 1
    assert sign_in("an", right, added, REMOTE_ADDR=connected) == 302
    assert sign_in("an", "sai", added, REMOTE_ADDR=connected) == 200


def test_as_many_as_sign_in_behind_one_proxy_are_not_counted_as_one(an, right, settings):
    settings.PROXIES = 1
    assert {sign_in("an", right, f"203.0.113.{n}") for n in range(40)} == {302}


# --- What a mail server answers -----------------------------------------------------------------

#: answer to a recipient -> whether the address is wrong for good.
ANSWERS = {
    (550, "no such user"): True,
    (550, "5.1.1 The email account does not exist"): True,
    (551, "User not local"): True,
    (553, "5.1.3 invalid address"): True,
    (550, "5.2.1 mailbox disabled"): True,
    (550, "5.7.1 Service unavailable; client host blocked"): False,
    (550, "Client host [203.0.113.9] blocked using a list"): False,
    (550, "5.7.26 unauthenticated mail (SPF, DKIM)"): False,
    (552, "5.2.2 mailbox full"): False,
    (552, "Quota exceeded"): False,
    (554, "5.7.1 relay access denied"): False,
    (554, "message looks like spam"): False,
    (451, "4.7.1 greylisted"): False,
    (450, "mailbox busy"): False,
}


@pytest.mark.parametrize(("code", "words"), ANSWERS)
def test_only_a_wrong_address_is_given_up_at_once(code, words):
    assert address_is_wrong(code, words) is ANSWERS[code, words]


# --- What turns the direction of writing ---------------------------------------------------------

TURNS = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]


@pytest.mark.parametrize("sign", TURNS, ids=lambda sign: f"U+{ord(sign):04X}")
def test_no_text_keeps_a_sign_that_turns_it(sign, cycle, commune, an):
    typed = {
        "cycle": cycle.pk, "org_unit": commune.pk, "held_on": f"{clock.today():%d/%m/%Y}",
        "kind": "meeting", "title": f"Họp{sign} bản", "attendance": "45", "cost": "0",
    }  # fmt: skip
    assert signed_in(an).post("/outreach/", typed).status_code == 302
    assert OutreachEvent.objects.get().title == "Họp bản"


def test_what_people_write_is_left_as_it_is(cycle, commune, an):
    typed = {
        "cycle": cycle.pk, "org_unit": commune.pk, "held_on": f"{clock.today():%d/%m/%Y}",
        "kind": "meeting", "title": "Họp bản: «chè» – cà phê, 100 % ☕", "attendance": "45",
        "cost": "0",
    }  # fmt: skip
    signed_in(an).post("/outreach/", typed)
    assert OutreachEvent.objects.get().title == typed["title"]


# --- A far day --------------------------------------------------------------------------------


def test_a_far_day_is_said_as_a_date():
    calendar, today = Calendar({}), date(2026, 11, 2)
    for days in range(0, 1500, 7):
        said = due(today + timedelta(days=days), today, calendar).words
        counted = re.search(r"còn (\d+) ngày", said)
        assert not counted or int(counted[1]) <= FAR
    assert due(date(2029, 11, 2), today, calendar).words == "đến 02/11/2029"


# --- Counts ------------------------------------------------------------------------------------


def test_no_tab_counts_none(cast):
    nobody = person("x", "Chưa có vai trò")
    for user in (*cast.values(), nobody):
        page = signed_in(user).get("/inbox/").content.decode()
        assert not re.search(r"\bNone\b", shown(page)), user


def test_one_number_for_overdue(cycle, commune, an, chi, minh, cast):
    """The inbox, the week and the register count the same work: open, late, of whatever year, also
    of a closed one; the register names it, and both lead there. So for every kind of post.
    """
    before = open_cycle(cycle.rule_set, cycle.year - 1)
    with clock.at(clock.now() - timedelta(days=60)):
        for number, year in enumerate((cycle, cycle, before)):
            open_dossier(year, commune, an, name=f"Gạo {number}")
        waits = open_task(open_dossier(cycle, commune, an, name="Chè"))
        doors.wait(waits, by=an, reason="Chờ phiếu kiểm nghiệm")
        # Late too, and done: no work any more.
        done = open_task(open_dossier(cycle, commune, an, name="Xong"))
    doors.complete(done, "register_idea", by=an, record=records.idea())
    update_as_owner(Cycle.objects.filter(pk=before.pk), closed_on=clock.today())
    late = Inbox(an, InboxFilters.of({})).counts()["overdue"]
    week = weekly.figures(chi, clock.now())["late"]
    register = OverdueRegister(chi, overdue.WORK).total
    assert (late, week, register["terms"]) == ("3", 3, 3)
    for user, page in ((an, "/inbox/?tab=overdue"), (chi, "/reports/week/"), (chi, "/register/")):
        found = signed_in(user).get(page).content.decode()
        (link,) = set(re.findall(r'href="(/register/\?[^"]*standing[^"]*)"', found))
        answer = signed_in(user).get(link.replace("&amp;", "&")).content.decode()
        assert "3 việc quá hạn" in " ".join(shown(answer).split()), page
    # Also what a dossier of the area waits for above it, and who has no task of the kind.
    with clock.at(clock.now() - timedelta(days=60)):
        above = open_task(open_dossier(cycle, commune, an, name="Ở tỉnh"))
    there = {"org_unit": commune.at_level("province"), "role": Role.TRADE}
    update_as_owner(Task.objects.filter(pk=above.pk), **there)
    update_as_owner(Term.objects.filter(task=above), **there)
    posts = [person(f"x{role}", f"Người {role}", (role, commune)) for role in Role]
    for user in (*cast.values(), *posts):
        week = weekly.figures(user, clock.now())["late"]
        assert week == OverdueRegister(user, overdue.WORK).total["terms"], user
        mine = Inbox(user, InboxFilters.of({})).counts()["overdue"]
        assert int(mine) <= week, user
    assert Inbox(cast["tam"], InboxFilters.of({})).counts()["overdue"] == "1"
    assert [weekly.figures(cast[who], clock.now())["late"] for who in ("an", "tam")] == [3, 4]


def test_the_register_is_of_the_running_year_and_of_what_is_still_open(cycle, commune, an, minh):
    before = open_cycle(cycle.rule_set, cycle.year - 1)
    with clock.at(clock.now() - timedelta(days=60)):
        done = open_dossier(before, commune, an, name="Xong năm ngoái")
        open_dossier(before, commune, an, name="Còn dở")
        open_dossier(cycle, commune, an, name="Năm nay")
    doors.complete(open_task(done), "register_idea", by=an, record=records.idea())

    def products(**asked):
        page = OverdueRegister(minh, Filters.of({name: str(v) for name, v in asked.items()}))
        return sorted(row["product"] for row in page.rows())

    assert products() == ["Còn dở", "Năm nay"]
    assert products(cycle=0) == ["Còn dở", "Năm nay", "Xong năm ngoái"]
    assert products(cycle=before.pk) == ["Còn dở", "Xong năm ngoái"]
    page = shown(signed_in(minh).get("/register/").content.decode())
    assert "Năm nay và việc chưa xong" in page and "Mọi chu trình" in page


def printed(user, link):
    answer = signed_in(user).get(link)
    return b"".join(answer.streaming_content).decode()


def test_the_register_prints_whole_from_any_of_its_pages(cycle, commune, an, minh):
    with clock.at(clock.now() - timedelta(days=60)):
        for number in range(27):
            open_dossier(cycle, commune, an, name=f"Gạo {number:02}")
        elsewhere = open_dossier(open_cycle(cycle.rule_set, cycle.year - 1), commune, an, name="Bỏ")
    doors.complete(open_task(elsewhere), "register_idea", by=an, record=records.idea())
    page = signed_in(minh).get("/register/", {"clock": "internal", "page": 2}).content.decode()
    assert page.count('<td class="what">') == 2
    (link,) = re.findall(r'href="(/register/printed/[^"]*)"', page)
    found = printed(minh, link.replace("&amp;", "&"))
    names = re.findall(r"Gạo \d\d|Bỏ", found)
    assert sorted(names) == [f"Gạo {number:02}" for number in range(27)]
    head = shown(found.partition("<table")[0])
    assert str(minh.posts()[0].org_unit) in head and f"{clock.today():%d/%m/%Y}" in head
    assert "Hạn nội bộ" in head and "Số thời hạn trễ 27" in " ".join(head.split())
    assert "Lãnh đạo đơn vị" in shown(found.partition("</table>")[2])
    assert found.rstrip().endswith("</html>")


@pytest.mark.parametrize("number", [1, 3])
def test_the_printed_register_asks_batch_by_batch(
    number, cycle, commune, an, minh, monkeypatch, django_assert_num_queries
):
    with clock.at(clock.now() - timedelta(days=60)):
        for each in range(number):
            open_dossier(cycle, commune, an, name=f"Gạo {each}")
    client, most = signed_in(minh), []
    these = OverdueRegister.of
    monkeypatch.setattr(
        OverdueRegister, "of", lambda page, keys: most.append(len(keys)) or these(page, keys)
    )
    with django_assert_num_queries(7):
        answer = client.get("/register/printed/")
        assert most == []
        assert b"".join(answer.streaming_content).count(b'<td class="what">') == number
    assert most == [number]


def test_the_printed_register_is_of_the_persons_area_alone(cycle, commune, an):
    with clock.at(clock.now() - timedelta(days=60)):
        open_dossier(cycle, commune, an, name="Gạo")
    nobody = person("x", "Chưa có vai trò")
    assert "Gạo" not in printed(nobody, "/register/printed/")
    assert Client().get("/register/printed/").status_code == 302


# --- What is wrong names its field -----------------------------------------------------------------


@pytest.mark.parametrize("name", ACTS)
def test_each_fault_of_an_act_names_its_field(name, dossier, moi):
    task = open_task(dossier) if ACTS[name].door == "task" else None
    blank = acts.ActForm(name, dossier, moi, task=task)
    typed = {part.add_prefix(field): "x\0" for part in blank.parts for field in part.fields}
    form = acts.ActForm(name, dossier, moi, task=task, data=typed, files={})
    form.is_valid()
    labels = {
        part[field].id_for_label: str(part[field].label)
        for part in form.parts
        for field in part.fields
    }
    for place, sentence in form.summary:
        if place:
            assert labels[place] in sentence
            assert sentence.count(f"{labels[place]}:") <= 1


def faults(page):
    """The lines of the summaries of a page."""
    return [
        shown(line)
        for summary in re.findall(r'<div class="error-summary".*?</div>', page, re.DOTALL)
        for line in re.findall(r"<li.*?</li>", summary, re.DOTALL)
        if "<a href" in line
    ]


def test_each_summary_of_a_page_names_the_field_that_it_leads_to(cast, dossier, world):
    """Every form that an officer meets is sent empty: a line with a link says which field."""
    asked = 0
    for user in (cast["an"], cast["minh"], cast["thu"], cast["chi"]):
        client = signed_in(user)
        for address in ADDRESSES:
            for form in forms_of(client.get(address)):
                if form["method"] != "post" or "logout" in form["action"]:
                    continue
                typed = {name: "" for name in form["fields"] if name not in ("act", "draft")}
                answer = client.post(form["action"] or address, typed)
                if answer.status_code != 200 or answer.streaming:
                    continue
                page = answer.content.decode()
                for line, target in zip(faults(page), targets(page), strict=True):
                    asked += 1
                    label = label_of(page, target)
                    assert label in line, (address, line)
    assert asked > 20


ADDRESSES = (
    "/dossiers/new/", "/outreach/", "/people/new/", "/absence/new/", "/councils/new/",
    "/councils/regulation/new/", "/rounds/new/", "/stock/", "/stock/one/", "/people/import/",
)  # fmt: skip


def targets(page):
    return [
        target
        for summary in re.findall(r'<div class="error-summary".*?</div>', page, re.DOTALL)
        for target in re.findall(r'<a href="#([^"]*)"', summary)
    ]


def label_of(page, target):
    """The words of the label of the field, as far as a list of faults repeats them."""
    found = re.search(rf'<label[^>]*for="{re.escape(target)}"[^>]*>(.*?)</label>', page, re.DOTALL)
    legend = re.search(
        rf'id="{re.escape(target)}"[^>]*>\s*<legend[^>]*>(.*?)</legend>', page, re.DOTALL
    )
    assert found or legend, target
    return shown((found or legend)[1])


def test_every_template_that_lists_faults_names_the_field():
    bare = [
        (path.name, link)
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for link in re.findall(r'<a href="#[^>]*>(?:(?!</a>).)*</a>', path.read_text(), re.DOTALL)
        # Named by the code of its criterion, or in words before it.
        if re.search(r">\s*{{ problem }}", link)
    ]
    assert bare == []

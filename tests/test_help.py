"""The help: every duty, act and term on the page of whoever has it; search; the first sign-in."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils.text import capfirst

from councils.guidance import GUIDES as COUNCIL_GUIDES
from councils.guidance import PAGE_OF_SEAT, WHO, page_of
from councils.help import book as book_module
from councils.help.book import Book, pages_of, slugs
from councils.help.law_in_use import length, proposed, years
from councils.help.words import ABOUT, NOTES, TITLES
from councils.models import Seat
from cycle import clock, events
from cycle.models import Batch, DayOff, HistoryEntry, Level, Role, StepWindow, User
from dossiers.law.acts import Act
from dossiers.law.nodes import NODES
from dossiers.law.states import State
from dossiers.models import ACTS, Term
from dossiers.walk import doors
from tests import judging, records
from tests.council_rights import ALLOWED
from tests.ground import kept
from tests.owning import delete_as_owner, update_as_owner
from tests.pages import shown
from tests.world import open_cycle, open_dossier, open_task, person

pytestmark = pytest.mark.django_db

EDITIONS = ("qd26_2026", "qd1048_2019", "qd851_2018")


@pytest.fixture(params=EDITIONS)
def year(request, rule_sets):
    """An open cycle of each edition."""
    rule_set = rule_sets[request.param]
    return open_cycle(rule_set, max(rule_set.valid_from.year, 2018))


@pytest.fixture
def book(year):
    return Book(clock.today())


def sections(page):
    return {each.anchor: each for group in page.groups for each in group.sections}


def pages(book):
    return {slug: book.page(slug) for slug in slugs()}


# --- Made of what runs ----------------------------------------------------------------------------


def test_every_duty_is_on_the_page_of_its_role_and_on_no_other(year, book):
    found = {}
    for slug, page in pages(book).items():
        for anchor, section in sections(page).items():
            if anchor in NODES:
                found.setdefault(anchor, []).append((slug, section.term))
    assert found == {
        duty.node: [(page_of(duty.role, duty.level), length(duty.working_days, "wd"))]
        for duty in year.duties.all()
    }


def test_a_duty_that_was_given_to_another_is_on_the_page_of_the_other(cycle):
    update_as_owner(cycle.duties.filter(node="promote"), role=Role.CLERK, working_days=7)
    book = Book(clock.today())
    assert "promote" not in sections(book.page("trade"))
    assert sections(book.page("clerk"))["promote"].term == "7 ngày làm việc"


def test_every_act_is_told_and_one_that_no_task_asks_for_to_exactly_who_may(year, book):
    told, free = set(), {}
    for slug, page in pages(book).items():
        for anchor, section in sections(page).items():
            told |= {deed.anchor.rpartition(".")[2] for deed in section.deeds}
            if anchor in ACTS and ACTS[anchor].door == "act":
                told.add(anchor)
                free.setdefault(anchor, set()).add(slug)
    not_here = {
        act.name
        for act in ACTS.values()
        if act.door == "task"
        # An edition without a district has none of its tasks, and sends nothing there.
        and not any(
            NODES[node] in act.begins for node in year.duties.values_list("node", flat=True)
        )
    }
    if not year.rule_set.has_district:
        not_here.add("forward_to_district")
    assert set(ACTS) - told == not_here
    for name, where in free.items():
        who = {page_of(role, level) for role, level in ACTS[name].who}
        assert where == (who & set(slugs()) or set(WHO["councils.preside"])), name


def test_every_act_is_told_under_some_edition(rule_sets):
    for number, edition in enumerate(EDITIONS):
        open_cycle(rule_sets[edition], 2024 + number)
    book, told = Book(clock.today()), set()
    for year in book.years:
        for slug in slugs():
            for anchor, section in sections(book.page(slug, year.key)).items():
                told |= {anchor, *(deed.anchor.rpartition(".")[2] for deed in section.deeds)}
    assert set(ACTS) <= told


def test_a_new_act_appears_by_itself(cycle, monkeypatch):
    taste = Act(
        name="taste",
        door="act",
        begins=(State.IMPLEMENTING,),
        leads=(),
        tone="other",
        label="Nếm thử",
        said="nếm thử",
        who=frozenset({("auditor", "province")}),
    )
    refuse = Act(
        name="refuse",
        door="task",
        begins=(State.PLAN_CHECKED,),
        leads=(State.PLAN_NOT_APPROVED,),
        tone="refuse",
        label="Gác lại",
        said="gác lại",
    )
    for act in (taste, refuse):
        monkeypatch.setitem(ACTS, act.name, act)
        monkeypatch.setitem(book_module.RECORDS, act.name, [])
    book = Book(clock.today())
    assert "taste" in sections(book.page("auditor"))
    assert not any("taste" in sections(book.page(slug)) for slug in slugs() if slug != "auditor")
    plan = sections(book.page("province-officer"))["appraise_plan"]
    assert [deed.label for deed in plan.deeds][-1] == "Gác lại"


def test_what_follows_is_what_the_flow_does(an, minh, dossier):
    book = Book(clock.today())
    before = sections(book.page("commune-officer"))["register_idea"]
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    (register,) = before.deeds
    (then,) = register.after
    following = open_task(dossier)
    assert following.node == "screen_idea"
    assert then.link == "/help/commune-officer/#screen_idea"
    assert then.parts[1] == "Sơ tuyển ý tưởng"
    assert then.text == "Tiếp theo: «Sơ tuyển ý tưởng», Cán bộ OCOP, cấp xã, 5 ngày làm việc."


def test_an_idea_goes_where_its_edition_files_it(rule_sets):
    open_cycle(rule_sets["qd851_2018"], 2019)
    (deed,) = sections(Book(clock.today()).page("district-officer"))["register_idea"].deeds
    assert [then.link for then in deed.after] == ["/help/district-officer/#select_idea"]


def test_the_compulsory_papers_are_those_of_the_edition(year, book):
    page = book.page("commune-officer")
    ((_all, common), *more) = sections(page)["papers-needed"].papers
    rule_set = year.rule_set
    assert common == [rule_set.evidence_label(kind) for kind in rule_set.compulsory("first")]
    told = {label for _case, labels in more for label in labels} | set(common)
    needed = {kind for case in rule_set.content["compulsory"].values() for kind in case}
    assert told == {rule_set.evidence_label(kind) for kind in needed}


# --- Terms ----------------------------------------------------------------------------------------


def test_every_term_of_the_edition_is_told_to_who_minds_it(year, book):
    told = {}
    for slug, page in pages(book).items():
        for each, _rungs in page.clocks:
            told.setdefault(each.code, set()).add(slug)
            assert each.length
    rules = {rule.code: page_of(rule.role, rule.level) for rule in year.term_rules.all()}
    assert {code: told[code] for code in rules} == {code: {slug} for code, slug in rules.items()}
    assert {code.partition(".")[0] for code in told} >= set(year.rule_set.content["terms"])


def test_a_task_ends_on_the_day_the_engine_gives_it(cycle, commune, an):
    day = clock.today() + timedelta(days=3)
    DayOff.objects.create(day=day, name="Nghỉ bão", document="Công điện 1")
    dossier = open_dossier(cycle, commune, an)
    told = sections(Book(clock.today()).page("commune-officer"))["register_idea"]
    assert told.due == f"{open_task(dossier).due_on:%d/%m/%Y}"


def test_a_clock_ends_on_the_day_the_engine_gives_it(year, book, commune):
    told = {each.code: each for slug in slugs() for each, _r in book.page(slug).clocks}
    for rule in year.term_rules.all():
        term = Term.of_rule(rule, at=clock.now(), org_unit=commune)
        said = told[rule.code].due or told[rule.code].length
        assert said == f"{term.due_on:%d/%m/%Y}", rule.code


def test_before_a_year_is_open_the_help_tells_what_the_edition_proposes(rule_sets):
    for number, edition in enumerate(EDITIONS, 2026):
        law = rule_sets[edition]
        before = proposed(law, date(number, 3, 2))
        after = years(clock.today())[0] if open_cycle(law, number, edition) else None
        mine = next(each for each in years(clock.today()) if each.rule_set == law)
        assert after is not None
        assert {n: (d.level, d.role, d.working_days) for n, d in before.duties.items()} == {
            n: (d.level, d.role, d.working_days) for n, d in mine.duties.items()
        }
        assert days(before) == days(mine) != {}
        calendar = DayOff.objects.calendar(clock.today(), clock.today() + timedelta(days=1500))
        as_told = (
            {each.code for each in y.clocks(clock.today(), calendar)} for y in (before, mine)
        )
        first, second = as_told
        assert first == second


def days(year):
    """Where and when each step runs, as the help knows it."""
    return {
        key: [(each.opens_on, each.closes_on) for each in found]
        for key, found in year.windows.items()
    }


def about_ideas(book):
    """What the page of the commune's officer says of when ideas are taken."""
    return next(each.about for each in book.page("commune-officer").groups if "idea" in each.anchor)


def test_a_step_tells_the_days_on_which_it_runs_in_each_batch(cycle):
    ideas = {"cycle": cycle, "step": "idea", "level": "commune"}
    delete_as_owner(StepWindow.objects.filter(**ideas))
    batch = Batch.objects.create(
        cycle=cycle, number=1, name="Đợt 1", level=Level.PROVINCE,
        propose_by=date(2026, 5, 4), decide_by=date(2026, 6, 29),
    )  # fmt: skip
    assert about_ideas(Book(clock.today())) == ""
    window = StepWindow.objects.create(
        **ideas, batch=batch, opens_on=date(2026, 1, 5), closes_on=date(2026, 2, 6)
    )
    assert about_ideas(Book(clock.today())) == "Đợt 1: từ 05/01/2026 đến 06/02/2026."
    StepWindow.objects.create(**ideas, opens_on=date(2026, 1, 1), closes_on=date(2026, 12, 31))
    assert about_ideas(Book(clock.today())) == (
        "Cả năm: từ 01/01/2026 đến 31/12/2026. Đợt 1: từ 05/01/2026 đến 06/02/2026."
    )
    delete_as_owner(StepWindow.objects.filter(pk=window.pk))
    assert about_ideas(Book(clock.today())) == "Làm từ 01/01/2026 đến 31/12/2026."


def test_without_any_law_there_is_still_a_page_for_everybody(db):
    for slug in slugs():
        assert Client().get(f"/help/{slug}/").status_code == 200


def test_each_open_year_has_its_own(client, rule_sets, cycle):
    of_three = open_cycle(rule_sets["qd1048_2019"], 2022)
    page = client.get("/help/province-officer/")
    assert page.context["page"].year.cycle == cycle
    (other,) = re.findall(r'href="\?of=([\d-]+)"', page.content.decode())
    assert client.get(f"/help/province-officer/?of={other}").context["page"].year.cycle == of_three
    # Who has work in one of them only reads of that one; nonsense is the newest.
    assert client.get("/help/district-officer/").context["page"].year.cycle == of_three
    for nonsense in ("0", "x-y", "9" * 40, "\0"):
        answer = client.get("/help/province-officer/", {"of": nonsense})
        assert answer.context["page"].year.cycle == cycle


def test_a_level_without_work_is_not_listed(client, cycle, rule_sets):
    def listed():
        return {slug for slug, _title in client.get("/help/").context["others"]}

    assert not any(slug.startswith("district") for slug in listed())
    open_cycle(rule_sets["qd1048_2019"], 2022)
    assert {"district-officer", "district-leader"} <= listed()


# --- Councils -------------------------------------------------------------------------------------


def test_every_event_of_a_council_is_explained():
    ours = {name for name in events.registered() if name.startswith(("round.", "council."))}
    assert set(COUNCIL_GUIDES) == ours
    titles = {name: str(guide.title) for name, guide in COUNCIL_GUIDES.items()}
    assert titles == {name: capfirst(str(events.label(name))) for name in ours}
    assert {guide.permission for guide in COUNCIL_GUIDES.values()} - {""} == set(WHO)
    assert set(PAGE_OF_SEAT) == set(Seat.values)


def test_the_help_gives_each_right_to_those_to_whom_the_rules_do(cast, province):
    judging.regulate(province)
    seats = judging.seat(province, cast["thu"]).members.select_related("user")
    people = cast | {
        "y_te": person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province)),
        "van_thu": person("van_thu", "Lý Văn Thư", (Role.CLERK, province)),
        **{member.user.username: member.user for member in seats},
    }
    readers = {name: set(pages_of(user)) for name, user in people.items()}
    # A sheet is one member's; counting is the office's only where no secretary can, reporting on
    # re-evaluations.
    narrower = {
        "councils.score", "councils.confirm_sheet", "councils.count_sheets", "councils.report",
    }  # fmt: skip
    for permission, who in WHO.items():
        may = {slug for name in ALLOWED[permission][1] for slug in readers[name]}
        told = set(who) - {"district-officer"}
        assert may <= told if permission in narrower else may == told, permission


def test_everybody_of_the_council_has_a_page_of_their_own(province, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    found = {member.seat: pages_of(member.user) for member in council.members.all()}
    assert found == {
        "chair": ["chair"],
        "member": ["member"],
        "secretary": ["secretary"],
        "team_lead": ["support-team"],
    }


# --- What is written by hand ----------------------------------------------------------------------


@pytest.fixture
@kept
def reader_of(province, district, commune, thu):
    """Somebody to whom each page belongs."""
    units = {"commune": commune, "district": district, "province": province}
    found = {}
    for role in Role:
        for level, unit in units.items():
            slug = page_of(role, level)
            if slug in slugs():
                found[slug] = person(f"{role}_{level}", f"{role} {level}", (role, unit))
    judging.regulate(province)
    for member in judging.seat(province, thu).members.all():
        found[PAGE_OF_SEAT[member.seat]] = member.user
    found["administrator"] = User.objects.create_superuser("quantri", password="mật khẩu thử")
    assert set(found) == set(slugs())
    return found


@pytest.mark.slow(reason="every reader follows every link of the help")
def test_where_things_are_is_open_to_who_reads_it(cycle, reader_of):
    wrong = []
    for slug, user in reader_of.items():
        client = Client()
        client.force_login(user)
        for note in NOTES:
            if slug in note.pages:
                (section,) = [
                    each
                    for each in sections(Book(clock.today()).page(slug)).values()
                    if each.title == note.title and each.link
                ]
                status = client.get(section.link).status_code
                if status != 200:
                    wrong.append((slug, note.anchor, status))
    assert wrong == []


def test_what_is_written_by_hand_is_of_pages_that_are_there():
    assert {slug for note in NOTES for slug in note.pages} | set(ABOUT) | set(TITLES) <= set(
        slugs()
    )
    assert len({note.anchor for note in NOTES}) == len(NOTES)


def test_no_page_has_two_places_of_one_name(year, book):
    for slug, page in pages(book).items():
        anchors = [group.anchor for group in page.groups]
        anchors += [each.anchor for group in page.groups for each in group.sections]
        assert len(anchors) == len(set(anchors)), slug


# --- From the pages of work -----------------------------------------------------------------------


def linked(client, page):
    """The place that a page's link to the help leads to, as the page and its section."""
    (link,) = re.findall(r'href="(/help/[\w-]+/[^"]*#[^"]+)"', page.content.decode())
    address, _hash, anchor = link.replace("&amp;", "&").partition("#")
    answer = client.get(address)
    assert f'id="{anchor}"' in answer.content.decode()
    return answer.context["page"].slug, anchor


def test_a_task_and_an_act_lead_to_their_place(client, an, minh, dossier):
    client.force_login(an)
    task = open_task(dossier)
    assert linked(client, client.get(f"/tasks/{task.pk}/")) == ("commune-officer", "register_idea")
    for name in ("withdraw", "enter_late", "attach_evidence"):
        page = client.get(f"/dossiers/{dossier.pk}/acts/{name}/")
        assert linked(client, page) == ("commune-officer", name)
    client.force_login(minh)
    page = client.get(f"/dossiers/{dossier.pk}/acts/correct_names/")
    assert linked(client, page) == ("province-officer", "correct_names")


# --- Search ---------------------------------------------------------------------------------------


def found(client, words):
    answer = client.get("/help/", {"q": words})
    assert answer.status_code == 200
    return [(each.page, str(each.title)) for each in answer.context["found"]]


def test_a_search_finds_with_and_without_diacritics(client, cycle):
    plain = found(client, "nop phuong an")
    assert plain[0] == ("Cán bộ OCOP, cấp xã", "Nộp phương án sản xuất kinh doanh")
    assert found(client, "Nộp phương án") == found(client, "NỘP  PHƯƠNG ÁN ") == plain
    # Decomposed, as some keyboards type.
    assert found(client, "Nộp phương án") == plain
    assert found(client, "giay to")[0][1] == "Giấy tờ của mọi hồ sơ đánh giá"
    # The names of pages and the terms are found too.
    assert ("Thư ký hội đồng", "Thư ký hội đồng") in found(client, "thu ky")
    assert ("Lãnh đạo, cấp xã", "Xã kiểm tra, báo cáo, chuyển hồ sơ") in found(
        client, "chuyen ho so 15 ngay"
    )


def test_what_several_pages_say_is_found_once_and_on_ones_own_first(client, cycle, tam):
    words = "khi ban vang mat"
    assert found(client, words) == [("Cán bộ OCOP, cấp xã", "Khi bạn vắng mặt")]
    client.force_login(tam)
    assert found(client, words) == [("Cán bộ xúc tiến thương mại", "Khi bạn vắng mặt")]


@pytest.mark.parametrize("words", ("", "   ", "\0", "%", "<script>", "x" * 5000, "́"))
def test_odd_words_are_no_error(client, cycle, words):
    found(client, words)


def test_nothing_found_says_what_to_do(client, cycle):
    page = shown(client.get("/help/?q=xyzzy").content.decode())
    assert "Không có phần nào nói về «xyzzy»." in page


# --- Who may read what ----------------------------------------------------------------------------


def test_who_cannot_sign_in_reads_what_is_everybodys(cycle, commune, an):
    client = Client()
    for slug in slugs():
        page = client.get(f"/help/{slug}/").content.decode()
        assert commune.name not in page and str(an) not in page
    assert "/help/" in client.get("/accounts/login/").content.decode()
    assert client.get("/help/nobody/").status_code == 404
    assert client.get("/help/seen/").status_code == 405
    assert client.post("/help/seen/")["Location"].startswith("/accounts/login/")


def test_what_is_missing_on_the_first_day_is_told_to_the_administrator_alone(
    client, cycle, commune, an
):
    missing = "1 trên 1 đơn vị chưa có người."
    client.force_login(an)
    page = client.get("/help/administrator/").content.decode()
    assert "Cấp tài khoản" in page and missing not in page and "chưa xong" not in page
    root = User.objects.create_superuser("quantri", password="mật khẩu thử")
    client.force_login(root)
    page = client.get("/help/administrator/")
    assert missing in page.content.decode()
    first_day = page.context["page"].groups[0].sections
    lines = client.get("/setup/").context["lines"]
    assert [(each.title, each.standing == "done") for each in first_day] == [
        (line.title, line.done) for line in lines
    ]
    assert found(client, "quy che hoi dong")[0] == ("Người quản trị của tỉnh", "Quy chế hội đồng")


# --- The first sign-in ----------------------------------------------------------------------------

OFFER = "Bạn mới dùng?"


def offered(client):
    return OFFER in client.get("/inbox/").content.decode()


@pytest.mark.parametrize("how", ("read", "refused"))
def test_it_is_offered_until_it_was_read_or_refused(client, how, cycle, an, chi):
    client.force_login(an)
    told = HistoryEntry.objects.count()
    assert offered(client) and offered(client)
    client.get("/help/")
    assert offered(client)
    if how == "read":
        client.get("/help/commune-officer/")
    else:
        assert client.post("/help/seen/")["Location"] == "/"
    assert not offered(client)
    seen = User.objects.get(pk=an.pk).help_seen_at
    client.get("/help/trade/")
    client.post("/help/seen/")
    assert User.objects.get(pk=an.pk).help_seen_at == seen
    assert HistoryEntry.objects.count() == told
    client.force_login(chi)
    assert offered(client)


def test_ones_own_pages_come_first(client, cycle, an, chi):
    client.force_login(an)
    page = client.get("/help/")
    assert page.context["mine"] == [("commune-officer", "Cán bộ OCOP, cấp xã")]
    assert "commune-officer" not in dict(page.context["others"])


# --- What it costs --------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", (1, 3))
def test_query_counts(client, an, rule_sets, rows, django_assert_num_queries):
    for number in range(rows):
        open_cycle(rule_sets["qd26_2026"], 2026 + number)
    client.force_login(an)
    client.get("/help/commune-officer/")
    # The day; session, person, posts; seats of councils; duties, terms, windows.
    with django_assert_num_queries(8):
        client.get("/help/")
    # And the days off.
    with django_assert_num_queries(9):
        client.get("/help/?q=phuong an")
    with django_assert_num_queries(8):
        client.get("/help/commune-officer/")


def test_a_page_is_light(client, year):
    for slug in slugs():
        page = client.get(f"/help/{slug}/", headers={"accept-encoding": "gzip"})
        assert page["Content-Encoding"] == "gzip"
        assert len(page.content) <= 16 * 1024, slug


def test_english_says_all_of_it(client, cycle):
    client.cookies["django_language"] = "en"
    page = shown(client.get("/help/member/").content.decode().partition("<main")[2])
    assert "You read the dossiers, declare interests" in page
    assert "Bạn" not in page


def test_levels_have_an_order_of_their_own():
    assert [slug for slug in slugs() if slug.endswith("officer")] == [
        f"{level}-officer" for level in (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE)
    ]

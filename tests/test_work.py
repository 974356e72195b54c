"""Whatever somebody must do lies in one inbox, whichever kind of work it is."""

from datetime import date, timedelta

import pytest
import rules
from django.http import QueryDict

from councils.models import Appraisal, Opinion, Scoresheet
from cycle import clock
from cycle.models import OrgUnit, Role, RoleAssignment, User
from dossiers.law.states import State as S
from dossiers.lists import work
from dossiers.lists.inbox import Filters, Inbox
from dossiers.models import ACTS
from dossiers.walk import doors
from notifications import digests, feed, weekly
from tests import judging, records
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.moments import moment
from tests.owning import update_as_owner
from tests.pages import shown
from tests.standing import stand
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def round_(council, cycle, commune, an, thu):
    """An open round over three products; a specialist is asked about the first."""
    found = begin(council, cycle, judging.before_council(cycle, commune, an, 3), thu)
    asked = person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, council.org_unit))
    Opinion.ask(
        Opinion(entry=found.entries.first(), to=asked, department="Sở Y tế", question="Đạt không?"),
        days=2,
        by=thu,
    )
    return found


def kinds(user):
    """How many rows of each kind the inbox has, tasks apart."""
    found = {}
    for row in Inbox(user, Filters()).rows():
        if row["kind"] is not work.TASK:
            found[row["kind"].name] = found.get(row["kind"].name, 0) + 1
    return found


def test_each_finds_what_the_round_asks_of_them(client, round_, cast):
    team, member = judge(round_.council, 6).user, judge(round_.council, 1).user
    chair, secretary = judge(round_.council, 0).user, judge(round_.council, 5).user
    y_te = User.objects.get(username="y_te")
    entry = round_.entries.first()
    assert kinds(member) == {"sheet": 3}
    assert kinds(chair) == {"sheet": 3, "round": 1}
    assert kinds(team) == {"appraisal": 3}
    assert kinds(secretary) == kinds(cast["thu"]) == {"round": 1}
    assert kinds(y_te) == {"opinion": 1}
    for stranger in ("an", "chi", "la", "kiem", "tam"):
        assert kinds(cast[stranger]) == {}

    fill(entry, judge(round_.council, 1))
    Appraisal.hand_in(Appraisal(entry=entry, report="Hồ sơ đủ", visited_on=None), [], by=team)
    Opinion.objects.get().reply("Đạt", by=y_te)
    assert kinds(member) == {"sheet": 2}
    assert kinds(team) == {"appraisal": 2}
    assert kinds(y_te) == {}

    # Whoever was away, or does not score a product, owes no sheet of it.
    round_.attend({judge(round_.council, 2).pk: False}, by=cast["thu"], reason="Ốm")
    assert kinds(judge(round_.council, 2).user) == {}

    # The desk does not read the team's report; what waits for anybody opens for them.
    for kind, number in (("support_report", "1/BC-TTV"), ("invitation", "2/GM-HĐ")):
        records.of_round(round_, kind, by=cast["thu"], number=number).save()
    clerk = person("van_thu", "Lý Văn Thư", (Role.CLERK, round_.council.org_unit))
    # The decision that founded the council has no scan either: the register asks for it.
    assert kinds(clerk) == {"scan": 1, "scans": 1}
    assert kinds(cast["thu"]) == {"round": 1, "scan": 2}
    for user in (member, team, chair, secretary, clerk, cast["thu"]):
        client.force_login(user)
        rows = Inbox(user, Filters()).rows()
        for row in (each for each in rows if each["kind"] is not work.TASK):
            assert client.get(row["href"]).status_code == 200, (user, row["href"])


def test_what_the_inbox_names_is_what_the_rules_permit(province, cycle, commune, an, thu, cast):
    """The rows of each kind that are said in SQL are those that the rule in Python permits."""
    regulate(province, secretary_scores=True)
    council = judging.seat(province, thu)
    first = judging.before_council(cycle, commune, an, 2)
    again = judging.before_council(cycle, commune, an, 1, case_type="reevaluation")
    round_ = begin(council, cycle, first, thu)
    # Of a re-evaluation the report comes before the round opens.
    later = begin(council, cycle, again, thu, open_it=False)
    entry = round_.entries.first()
    for number in (1, 5):
        sheet = fill(entry, judge(council, number), submit=False)
        update_as_owner(
            Scoresheet.objects.filter(pk=sheet.pk), state="entered", entered_by=cast["thu"].pk
        )
    asked = {
        "appraisal": ("councils.report", [*round_.entries.all(), *later.entries.all()]),
        "compare": ("councils.confirm_sheet", list(Scoresheet.objects.filter(state="entered"))),
        "round": ("councils.preside", [round_]),
    }
    for user in User.objects.filter(is_active=True):
        named = Inbox(user, Filters()).rows()
        for kind, (permission, rows) in asked.items():
            keys = {row.pk for row in rows}
            found = {row["place"] for row in named if getattr(row["kind"], "name", "") == kind}
            found &= keys
            may = {row.pk for row in rows if rules.has_perm(permission, user, row)}
            assert found == may, (user.username, kind)


@pytest.mark.parametrize("rows", (1, 3))
def test_the_inbox_costs_as_many_queries_however_many_kinds(
    client, cycle, commune, an, council, thu, rows, django_assert_num_queries
):
    begin(council, cycle, judging.before_council(cycle, commune, an, rows), thu)
    for user, queries in ((judge(council, 0).user, 9), (thu, 9), (an, 8)):
        client.force_login(user)
        with django_assert_num_queries(queries):
            client.get("/inbox/")


def test_each_tab_counts_what_its_filters_leave_and_what_there_is_without_them(
    client, round_, cycle, commune, other_commune, council
):
    both = judge(council, 0).user
    for unit in (commune, other_commune):
        RoleAssignment.objects.create(
            user=both, role=Role.OFFICER, org_unit=unit, valid_from=clock.today()
        )
    both = User.objects.get(pk=both.pk)
    for unit, name in ((commune, "Chè Tủa"), (other_commune, "Gạo")):
        doors.claim(open_task(open_dossier(cycle, unit, both, name)), by=both)
    whole = {tab["name"]: tab["count"] for tab in Inbox(both, Filters()).tabs()}
    narrowed = ["", "kind=task", "kind=sheet", f"commune={commune.pk}", "step=idea", "q=che tua"]
    narrowed += ["group=food", "kind=sheet&q=gao", f"step=idea&commune={other_commune.pk}"]
    seen = set()
    for query in narrowed:
        for tab in whole:
            page = Inbox(both, Filters.of(QueryDict(f"{query}&tab={tab}")))
            (told,) = (each for each in page.tabs() if each["name"] == tab)
            assert (told["count"], told["whole"]) == (str(len(page.rows())), whole[tab]), (
                query,
                tab,
            )
            seen.add(told["count"])
    assert len(seen) > 3
    client.force_login(both)
    words = shown(client.get("/inbox/?kind=task").text)
    assert f"Đang lọc: 2 việc, tất cả {whole['unit']} việc." in words
    assert "Đang lọc" not in shown(client.get("/inbox/").text)


def test_the_work_of_a_unit_that_ended_names_who_acts_today(round_, province, thu):
    yesterday = clock.today() - timedelta(days=1)
    update_as_owner(OrgUnit.objects.filter(pk=province.pk), valid_to=yesterday)
    heir = OrgUnit.objects.create(
        code="99", name="Tỉnh Mới", level="province", valid_from=clock.today()
    )
    province.successors.add(heir)
    rows = Inbox(User.objects.get(pk=thu.pk), Filters()).rows()
    units = {row["unit"] for row in rows if row["kind"] is not work.TASK}
    assert units == {f"{province} (nay là Tỉnh Mới)"}


@pytest.mark.parametrize("sort", ["due", "newest"])
def test_pages_of_many_kinds_follow_each_other_without_a_gap(
    monkeypatch, round_, cycle, commune, council, sort
):
    monkeypatch.setattr(Inbox, "PAGE", 2)
    both = judge(council, 0).user
    RoleAssignment.objects.create(
        user=both, role=Role.OFFICER, org_unit=commune, valid_from=clock.today()
    )
    both = User.objects.get(pk=both.pk)
    for number in range(3):
        open_dossier(cycle, commune, both, f"Chè {number}")

    query, seen = f"sort={sort}", []
    while True:
        page = Inbox(both, Filters.of(QueryDict(query)))
        seen += [(row["kind"].name, row["pk"]) for row in page.rows()]
        if not page.next():
            break
        query = page.next()
    whole = Inbox(both, Filters.of({"sort": sort}))
    assert len(seen) == len(set(seen)) == 7
    assert whole.all_rows == whole.counts()["unit"] == "7"
    assert [(row["kind"].name, row["pk"]) for row in whole.of(list(whole.keys()))] == seen
    assert {kind for kind, _pk in seen} == {"task", "sheet", "round"}

    for query, number in {
        "kind=sheet": 3, "kind=task": 3, "kind=round": 1, "step=evaluation": 4, "q=che": 3,
        "q=rung": 3, f"commune={commune.pk}": 6, "group=food": 6, "tab=mine": 0, "q=Đợt": 1, "q=dot+1": 1,
    }.items():  # fmt: skip
        assert len(list(Inbox(both, Filters.of(QueryDict(query))).keys())) == number, query


def test_who_has_any_work_never_reads_that_they_have_no_role(client, round_, kiem):
    for number in (0, 1, 5, 6):
        user = judge(round_.council, number).user
        client.force_login(user)
        page = client.get("/inbox/").content.decode()
        assert 'class="empty"' not in page and "Việc của bạn" in page
    member = judge(round_.council, 1)
    client.force_login(member.user)
    entry = round_.entries.first()
    # One tap leads from the inbox to the sheet.
    assert f'href="/entries/{entry.pk}/sheet/"' in client.get("/inbox/").content.decode()
    assert client.get(f"/entries/{entry.pk}/sheet/").status_code == 200
    for each in round_.entries.all():
        fill(each, member)
    said = client.get("/inbox/").content.decode()
    assert "Hội đồng không còn chờ bạn việc gì" in said and "chưa được phân công" not in said
    client.force_login(kiem)
    assert "Người kiểm tra chỉ xem hồ sơ" in client.get("/inbox/").content.decode()


def test_letter_calendar_and_week_tell_of_the_same_work(council, cycle, commune, an, chi, thu):
    monday = moment(2026, 11, 16, 8)
    with clock.at(monday):
        found = begin(
            council,
            cycle,
            judging.before_council(cycle, commune, an, 2),
            thu,
            meets_at=monday,
            decide_by=date(2026, 12, 30),
        )
        member = judge(council, 1).user
        text = digests.text_for(member, monday - timedelta(days=1), monday)
        assert "ĐẾN HẠN HÔM NAY (2)" in text
        assert "Chấm điểm, nộp phiếu: Mật ong rừng 1 (Xã Nà Tấu), hạn 16/11/2026" in text
        entry = found.entries.first()
        assert f"/entries/{entry.pk}/sheet/" in text
        events = [str(event["uid"]).split("@")[0] for event in feed._others(member, monday.date())]
        assert events == [f"sheet-{each.pk}" for each in found.entries.all()]
        # Whose area the council's unit is not in reads nothing of it.
        assert not digests.text_for(chi, monday - timedelta(days=1), monday)
        assert list(feed._others(chi, monday.date())) == []
    with clock.at(monday + timedelta(days=1)):
        late = Inbox(member, Filters.of({"tab": "overdue"}))
        assert late.counts()["overdue"] == "2" and len(late.rows()) == 2
        text = digests.text_for(member, monday, monday + timedelta(days=1))
        assert "QUÁ HẠN (2)" in text
    with clock.at(monday - timedelta(days=7)):
        asked = [row["what"] for row in weekly.due_next_week(thu, clock.now())]
        assert asked.count("Kiểm phiếu, chốt kết quả đợt") == 1
        assert "Kiểm phiếu, chốt kết quả đợt" not in [
            row["what"] for row in weekly.due_next_week(chi, clock.now())
        ]


def test_the_office_is_led_from_the_task_to_the_round(client, council, cycle, commune, an, thu):
    """What comes next: make a round, take the product in, open it, close it; nobody else is led."""
    (dossier,) = judging.before_council(cycle, commune, an)
    page = f"/dossiers/{dossier.pk}/"
    secretary = judge(council, 5).user

    def led(user, way, asks):
        client.force_login(user)
        words = client.get(page).content.decode()
        assert f'href="{way}">{asks}</a>' in words
        assert client.get(way).status_code == 200
        client.force_login(an)
        assert asks not in client.get(page).content.decode()

    led(thu, "/rounds/new/", "Lập đợt")
    other = judging.before_council(cycle, commune, an, 2)[1]
    round_ = begin(council, cycle, [other], thu, open_it=False)
    led(thu, f"/rounds/{round_.pk}/products/", "Đưa vào đợt «Đợt 1»")
    round_.take_in([(dossier, judging.rubric_of(dossier))], by=thu)
    led(thu, f"/rounds/{round_.pk}/", "Mời họp, mở chấm điểm")
    assert kinds(secretary) == {"round": 1}
    round_.open(by=thu)
    led(thu, f"/rounds/{round_.pk}/", "Kiểm phiếu, chốt kết quả đợt")


def test_what_the_ministry_told_waits_for_the_office_until_it_is_passed_on(
    client, cycle, commune, cycle_of_three, old_commune, an, chi, minh, son
):
    """Whom the row names is whom the law lets notify, from the result until its notice."""
    dossier = stand(open_dossier(cycle, commune, an), S.AT_CENTRE, stars=5, points_sum="650")
    assert kinds(minh) == {}
    doors.complete(
        open_task(dossier), "record_centre_result", by=minh, paper=records.ministry_paper(),
        record=records.evaluation("616", 7, stars=4),
    )  # fmt: skip
    # Below 90 points the province recognises on that result first: nothing is notified yet.
    assert kinds(minh) == {}
    dossier = stand(dossier, S.CERTIFIED)
    for user in (an, chi, minh, son):
        posts = {(held.role, held.org_unit.level) for held in user.assignments()}
        may = posts & ACTS["notify_result"].who
        assert kinds(user) == ({"pass_on": 1} if may else {}), user
    (row,) = (each for each in Inbox(minh, Filters()).rows() if each["kind"] is not work.TASK)
    assert (row["product"], row["unit"]) == (dossier.product.name, "Tỉnh Điện Biên")
    client.force_login(minh)
    assert client.get(row["href"]).status_code == 200
    # Where a district stands between, too, it is the province's work.
    old = stand(open_dossier(cycle_of_three, old_commune, an, "Rượu"), S.AT_CENTRE, stars=5)
    doors.complete(
        open_task(old), "record_centre_result", by=minh,
        paper=records.ministry_paper(number="78/QĐ-BNNMT"),
        record=records.evaluation("616", 7, stars=4),
    )  # fmt: skip
    stand(old, S.CERTIFIED)
    units = [
        each["unit"] for each in Inbox(minh, Filters()).rows() if each["kind"] is not work.TASK
    ]
    assert units == ["Tỉnh Điện Biên"] * 2
    stand(old, S.WITHDRAWN)
    doors.act(dossier.process, "notify_result", by=minh, paper=records.signed_paper())
    assert kinds(minh) == {}

"""The demo: everything the walk can show, with something to do for every role, around today."""

import html
from collections import Counter
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from io import StringIO

import pytest
import rules
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import F
from django.test import Client, override_settings
from django.utils import timezone

from councils.judging import calibration
from councils.judging.checklist import checklist
from councils.models import (
    Appraisal,
    Consequence,
    Council,
    EvaluationRound,
    Member,
    Opinion,
    Reopening,
    Result,
    RoundEntry,
    Scoresheet,
    SignedDocument,
)
from councils.stories import accounts, cast, demo
from councils.stories import scenes as scenes_stories
from cycle import clock, words
from cycle.models import (
    Cycle,
    DayOff,
    HistoryEntry,
    Level,
    OutboxMessage,
    Role,
    RoleAssignment,
    Substitution,
    User,
)
from dossiers.lists import work
from dossiers.lists.inbox import Filters, Inbox
from dossiers.lists.overdue import WORK, OverdueRegister
from dossiers.models import (
    Certificate,
    Dossier,
    Evidence,
    OfficialDocument,
    OutreachEvent,
    SelfAssessment,
    State,
    Task,
    Term,
)
from dossiers.office.reports import CycleReport, rows_of
from notifications import digests, feed, weekly
from tests import judging
from tests.owning import settle, update_as_owner
from tests.stored import path_of

#: A Tuesday with a week of working days around it.
TODAY = timezone.make_aware(datetime(2026, 11, 17, 9))


# All of them, although the fixture opens the database: tests that ask for it run first, and a module
# split in two would load the demo twice.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow(reason="the whole demo is loaded, and parts of it for other days"),
]


@pytest.fixture(scope="module", autouse=True)
def loaded(django_db_setup, django_db_blocker, tmp_path_factory):
    """The whole demo, loaded once as if it were TODAY; the lines it said."""
    said = []
    media = tmp_path_factory.mktemp("media")
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=media),
        clock.at(TODAY),
        transaction.atomic(),
    ):
        demo.load(said.append)
        settle()
        yield said
        transaction.set_rollback(True)


def live():
    return Cycle.objects.get(title="Chu trình OCOP 2026")


def three_levels():
    return Cycle.objects.get(title=cast.THREE_LEVELS)


def test_it_says_what_it_does_in_a_few_lines(loaded):
    assert "Chu trình OCOP 2021: 11 hồ sơ, chạy lại từ số liệu thật." in loaded
    assert len(loaded) < 20


def test_every_state_is_there():
    assert set(Dossier.objects.values_list("state", flat=True)) == set(State.values)


def test_the_live_cycle_is_of_the_law_in_force_and_spread_over_the_communes():
    dossiers = live().dossiers.all()
    assert 55 <= dossiers.count() <= 80
    assert dossiers.values("commune").distinct().count() >= 15
    assert set(dossiers.values_list("rule_set__edition", flat=True)) == {"qd26_2026"}
    assert not live().assumed
    assert live().closed_on is None


def test_the_three_level_cycle_is_assumed_and_waits_at_every_level():
    cycle = three_levels()
    assert cycle.assumed
    assert 25 <= cycle.dossiers.count() <= 35
    waiting = set(
        Task.objects.open()
        .filter(dossier__cycle=cycle)
        .values_list("role", "org_unit__level")
        .distinct()
    )
    assert waiting == {
        (Role.OFFICER, Level.COMMUNE),
        (Role.LEADER, Level.COMMUNE),
        (Role.OFFICER, Level.DISTRICT),
        (Role.COUNCIL_OFFICE, Level.DISTRICT),
        (Role.LEADER, Level.DISTRICT),
        (Role.OFFICER, Level.PROVINCE),
        (Role.COUNCIL_OFFICE, Level.PROVINCE),
        (Role.TRADE, Level.PROVINCE),
    }


def test_due_days_lie_on_both_sides_of_today():
    days = [
        (due - TODAY.date()).days for due in Task.objects.open().values_list("due_on", flat=True)
    ]
    assert sum(day < 0 for day in days) >= 10
    assert sum(day == 0 for day in days) >= 5
    assert sum(0 < day <= 5 for day in days) >= 10
    assert min(days) >= -20


def test_everybody_who_has_tasks_has_three_and_can_sign_in():
    tasks = {username: count for username, _role, _unit, count in accounts.accounts()}
    assert list(tasks) == list(accounts.SHOWN)
    assert {name for name, count in tasks.items() if int(count) < 3} == {
        "tinh.nongnghiep",
        "kiemtra",
        "quantri",
        "hoidong.uyvien1",
        "hoidong.totruong",
    }
    for user in User.objects.filter(username__in=[*accounts.SHOWN, *accounts.other_accounts()]):
        assert user.check_password(cast.PASSWORD)
    assert not User.objects.get(username="2021.tinh").has_usable_password()


def named(rows):
    """(kind, number) of rows of work."""
    return {(row["kind"].name, row["pk"]) for row in rows}


def listed(user):
    """The overdue work of the register, all pages of it, by (kind, number); of a task its own."""
    register = OverdueRegister(user, WORK)
    rows = [row | {"pk": row["task_id"] or row["id"]} for row in register.of(list(register.keys()))]
    assert len(rows) == register.total["terms"] == weekly.figures(user, clock.now())["late"]
    assert len(rows) == sum(each["number"] for each in weekly.late_units(user, clock.now()))
    return rows


def test_the_same_work_is_late_in_inbox_letter_calendar_register_and_week():
    people = list(User.objects.filter(is_active=True).exclude(username__startswith="2021."))
    pen = Scoresheet.objects.filter(entry__round__state="open", scoring=F("entry__scoring")).first()
    typist = User.objects.get(username="tinh.hoidong")
    update_as_owner(Scoresheet.objects.filter(pk=pen.pk), state="entered", entered_by=typist.pk)
    with clock.at(TODAY + timedelta(days=20)):
        now, today = clock.now(), clock.today()
        everyone_s = {}
        for user in people:
            inbox = Inbox(user, Filters.of({"tab": "overdue"}))
            rows = inbox.of(list(inbox.keys()))
            assert inbox.counts()["overdue"] == str(len(rows)), user
            everyone_s |= {each: row["unit_of"] for row in rows for each in named([row])}
            # What a colleague has claimed is theirs.
            mine = set(Task.objects.to_do(user).values_list("pk", flat=True))
            late = {(kind, pk) for kind, pk in named(rows) if kind != "task" or pk in mine}
            assert named(digests.to_do(user, now, now)["overdue"]) == late, user
            events = [*feed._tasks(user), *feed._others(user, today)]
            days = {
                tuple(str(event["uid"]).partition("@")[0].split("-"))
                for event in events
                if event["dtstart"].dt < today and "tạm dừng" not in event["description"]
            }
            assert days == {(kind, str(pk)) for kind, pk in late}, user
        kinds = {kind for kind, _pk in everyone_s}
        assert kinds >= {"task", "sheet", "round", "appraisal", "opinion", "compare"}
        for user in people:
            if not (area := set(user.area())):
                continue
            late = named(listed(user))
            of_people = {each for each, unit in everyone_s.items() if unit in area}
            # A task of a post that nobody holds is late all the same.
            assert of_people <= late and {kind for kind, _pk in late - of_people} <= {"task"}, user
        # What the week tells that is due is late once its day is over: by the same rule.
        told = {user: Counter(map(_as_told, weekly.due_next_week(user, now))) for user in people}
    monday = weekly.monday_of(today) + timedelta(days=7)
    with clock.at(timezone.make_aware(datetime.combine(monday, time()) + timedelta(days=7))):
        for user in (each for each in people if each.area()):
            became = Counter(
                (f"{row['due_on']:%d/%m/%Y}", row["what"], row["product"])
                for row in listed(user)
                if row["due_on"] >= monday
            )
            beside = set(Term.objects.live().beside_tasks().values_list("title", flat=True))
            assert not became - told[user], user
            assert {what for _day, what, _product in told[user] - became} <= beside, user


def _as_told(row):
    return row["day"], row["what"], row["product"]


def test_an_officer_is_on_leave_and_their_claimed_work_is_the_stand_in_s():
    stand_in = User.objects.get(username="xa.natau.thay")
    claimed = Task.objects.open().get(owner__username="xa.natau.2")
    assert claimed in Task.objects.to_do(stand_in)
    assert rules.has_perm("dossiers.claim_task", stand_in, claimed)
    assert stand_in.username in accounts.other_accounts()


def test_the_past_is_plausible_and_nobody_is_told_of_it():
    assert not OutboxMessage.objects.exists()
    assert not HistoryEntry.objects.filter(at__gt=TODAY).exists()
    calendar = DayOff.objects.calendar(date(2025, 11, 1), TODAY.date())
    for dossier in Dossier.objects.exclude(cycle__year=2021):
        moments = [entry.at for entry in dossier.history.order_by("seq")]
        assert moments == sorted(moments)
        assert all(calendar.is_working(timezone.localdate(moment)) for moment in moments)


def test_the_ward_that_took_another_over_finds_its_old_certificate_by_the_pages(client):
    """«Phường Na Lay» of 2021 is today «Phường Mường Lay», and its certificate has ended."""
    client.force_login(User.objects.get(username="phuong.muonglay"))
    given = Certificate.objects.get(dossier__commune__name="Phường Na Lay")
    old = given.dossier
    name, both = old.product.name, "Phường Na Lay (nay là Phường Mường Lay)"
    ending = client.get("/register/certificates/").content.decode()
    assert name in ending and "Phường Na Lay (đến 30/06/2025)" in ending
    for typed in ("tep", "Na Lay", "phường mường lay"):
        assert name in client.get("/dossiers/", {"q": typed}).content.decode(), typed
    assert both in client.get(f"/dossiers/{old.pk}/").content.decode()
    assert name in client.get("/dossiers/new/").content.decode()
    assert both in client.get(given.get_absolute_url()).content.decode()


def test_who_stands_in_who_has_left_and_who_counts_again_find_their_way_by_the_pages(client):
    """Page by page, each leading on to what they have to do."""
    claimed = Task.objects.open().get(owner__username="xa.natau.2")
    again = EvaluationRound.objects.get(name="Đợt bổ sung")
    scoring = EvaluationRound.objects.get(name="Đợt 2")
    left = Member.objects.get(until__isnull=False, council=again.council)
    entry, dossier = again.entries.get(), claimed.dossier
    ways = {
        # The officer is on leave: their claimed work lies before the stand-in, who can do it.
        "xa.natau.thay": [
            ("/inbox/", f"/tasks/{claimed.pk}/"),
            (f"/tasks/{claimed.pk}/", 'name="act"'),
            (f"/dossiers/{dossier.pk}/", dossier.product.name),
        ],
        # A member who has left reaches their sheets of the rounds that met before, where the letter
        # of each leads; the list is of councils on which one sits.
        left.user.username: [
            (f"/rounds/{scoring.pk}/sheets/", f"/entries/{scoring.entries.first().pk}/sheet/"),
            (f"/rounds/{again.pk}/sheets/", f"/entries/{entry.pk}/sheet/"),
            (f"/entries/{entry.pk}/sheet/", entry.dossier.product.name),
        ],
        # The round that was opened again says what it waits for, and leads there.
        "hoidong.thuky": [
            ("/rounds/", f"/rounds/{again.pk}/"),
            (f"/rounds/{again.pk}/", f"/rounds/{again.pk}/count/"),
            (f"/rounds/{again.pk}/count/", entry.dossier.product.name),
        ],
    }
    with clock.at(TODAY):
        for username, pages in ways.items():
            client.force_login(User.objects.get(username=username))
            for page, leads in pages:
                answer = client.get(page)
                assert answer.status_code == 200, (username, page)
                assert leads in html.unescape(answer.content.decode()), (username, page, leads)


def test_the_ways_beside_the_walk_are_there():
    entries = HistoryEntry.objects.filter(cycle__in=[live(), three_levels()])
    happened = set(entries.values_list("event", flat=True))
    assert happened >= {
        "dossier.return_idea",
        "dossier.return_plan",
        "dossier.return_for_supplement",
        "dossier.refile_idea",
        "dossier.refile_plan",
        "dossier.withdraw",
        "dossier.defer",
        "dossier.enter_late",
        "dossier.nominate",
        "dossier.record_centre_result",
        "task.claim",
        "task.wait",
    }
    assert entries.filter(data__paper=True).exists()
    assert OutreachEvent.objects.count() >= 10
    assert max(map(len, Dossier.objects.values_list("product__name", flat=True))) > 100


def test_the_code_knows_every_word_that_the_demo_stores():
    assert words.unknown() == []


def test_a_commune_s_request_is_kept_as_the_page_of_forwarding_keeps_it():
    sent = HistoryEntry.objects.filter(
        event="dossier.forward_to_province", before=State.COMMUNE_CHECKED
    )
    live = Dossier.objects.filter(rule_set__edition="qd26_2026", pk__in=sent.values("stream_id"))
    kinds = {
        paper.scan.kind
        for entry in sent.filter(stream_id__in=live.values("pk"))
        for model, pk in entry.data["records"]
        if model == "officialdocument"
        for paper in OfficialDocument.objects.filter(pk=pk).select_related("scan")
    }
    assert kinds == {"commune_request"}


def test_files_of_evidence_are_on_disk():
    files = Evidence.objects.exclude(sha256="")
    assert files.count() > 20
    assert all(path_of(file.sha256).stat().st_size == file.bytes for file in files)


def test_the_year_so_far_has_products_of_four_and_five_stars_an_upgrade_and_a_revoked_one():
    figures = CycleReport(live()).figures()
    # The one of three stars was revoked: it counts no more.
    assert set(figures["certified"]) == {"3", "4", "5"}
    assert figures["revoked"] == 1
    assert figures["upgrades"] == 1
    assert figures["not_recognised"] == 2
    assert figures["districts"] == 0
    # There are no districts any more: nothing is said of them.
    assert not [words for words, _n in rows_of(figures) if "Huyện" in str(words)]
    # The clerk's page has something to number.
    waits = Certificate.objects.filter(number_in_force=None, dossier__state=State.CERTIFIED)
    assert waits.count() >= 2


def test_the_provinces_council_has_closed_a_round_and_scores_in_another():
    council = Council.objects.get(rounds__cycle=live(), rounds__state="closed")
    assert council.missing() == []
    closed, scoring, again = council.rounds.order_by("pk")
    assert [each.state for each in (closed, scoring, again)] == ["closed", "open", "open"]
    results = Result.objects.filter(closing__round=closed)
    assert sorted(result.stars for result in results) == [3, 3, 4]
    assert {result.sheets for result in results} == {6}
    states = [result.entry.dossier.state for result in results]
    assert states == [State.RANKED] * 3
    assert not Consequence.objects.filter(applied_at=None).exists()

    handed_in = Scoresheet.objects.filter(entry__round=scoring, state="submitted")
    drafts = Scoresheet.objects.filter(entry__round=scoring, state="draft")
    assert (scoring.entries.count(), handed_in.count(), drafts.count()) == (3, 8, 1)
    assert drafts.get().unscored()


def test_a_round_was_opened_again_and_a_member_has_left():
    again = EvaluationRound.objects.get(name="Đợt bổ sung")
    assert (again.closings.get().version, again.entries.get().live) == (1, True)
    assert Reopening.objects.get().document
    assert again.entries.get().dossier.state == State.PROVINCE_EVALUATING
    with clock.at(TODAY):
        left = Member.objects.get(until__lt=clock.today(), council=again.council)
        assert left in again.scoring_members and left not in again.council.members.sitting()
        round_ = EvaluationRound.objects.get(name="Đợt 2")
        assert rules.has_perm("councils.declare", left.user, round_)
        # Both find their way: nothing but the count keeps the round from being closed again.
        assert [item.code for item in checklist(again) if not item.met] == ["count"]


def test_a_newcomer_sees_a_visit_an_opinion_and_a_signed_document():
    appraisals = Appraisal.objects.filter(entry__round__cycle=live())
    assert appraisals.count() == 6
    for each in appraisals:
        assert each.visited_on and each.photos.count() == 1
        assert path_of(each.photos.get().sha256).read_bytes().startswith(b"\x89PNG")
    answered, silent = Opinion.objects.filter(entry__round__cycle=live()).order_by("pk")
    assert answered.answer
    with clock.at(TODAY):
        assert list(Opinion.objects.silent(clock.today())) == [silent]
    signed = SignedDocument.objects.get()
    assert (signed.kind, signed.scan_name) == ("minutes", "bien-ban-hop.pdf")
    assert signed.number.endswith("/BB-HĐ")
    assert path_of(signed.scan_sha256).read_bytes().startswith(b"%PDF")


def test_a_member_of_the_council_signs_in_and_scores():
    member = Member.objects.get(user__username="hoidong.uyvien4", council__rounds__name="Đợt 2")
    assert member.user.check_password(cast.PASSWORD)
    round_ = member.council.rounds.get(name="Đợt 2")
    assert round_ in EvaluationRound.objects.visible_to(member.user)
    entry = round_.entries.first()
    sheet = Scoresheet.of(entry, member)
    with clock.at(TODAY):
        judging.score(sheet, judging.choose(entry.rubric, judging.best), by=member.user)
        sheet.submit(by=member.user)
    assert sheet.state == "submitted"


def test_the_replayed_year_is_the_real_one():
    assert CycleReport(Cycle.objects.get(year=2021)).figures()["certified"] == {"3": 9}


def test_the_table_names_everybody_with_the_password():
    out = StringIO()
    call_command("load_demo", "--accounts", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[1].split()[:2] == ["xa.natau", cast.PASSWORD]
    assert "phuong.dienbienphu" in lines[-1]


def test_a_second_load_adds_nothing():
    before = HistoryEntry.objects.count()
    out = StringIO()
    call_command("load_demo", stdout=out)
    call_command("load_demo", "--if-empty", stdout=out)
    assert out.getvalue().split("\n")[:2] == ["Dữ liệu minh họa đã có."] * 2
    assert HistoryEntry.objects.count() == before


def test_production_refuses_it():
    with override_settings(PRODUCTION=True), pytest.raises(CommandError, match="hệ thống thật"):
        call_command("load_demo")


def test_work_that_is_not_the_demos_is_left_alone():
    three = three_levels()
    update_as_owner(Cycle.objects.filter(pk=three.pk), title="Chu trình thật của tỉnh")
    out = StringIO()
    call_command("load_demo", "--if-empty", stdout=out)
    assert out.getvalue() == "Đã có chu trình khác, không nạp dữ liệu minh họa.\n"


@pytest.mark.parametrize("day", [datetime(2027, 1, 4, 8), datetime(2027, 2, 14, 23, 30)])
def test_it_loads_on_any_day_of_the_year(day):
    """In the first days of a year the walks are shorter; on a day off nothing is due today."""
    now = timezone.make_aware(day)
    # The cycle of TODAY's year stays; that of three levels is made anew.
    update_as_owner(
        Cycle.objects.filter(title=cast.THREE_LEVELS), title="Chu trình ba cấp năm trước"
    )
    scenes = [
        scenes_stories.Scene(
            "implement", (*scenes_stories.APPROVED, "record_visit", "record_support"), 1, 1
        ),
        scenes_stories.Scene("", (*scenes_stories.SUBMITTED, "withdraw"), 0, 1),
    ]
    with clock.at(now):
        demo.load(lambda line: None, scenes=scenes)
    made = HistoryEntry.objects.filter(cycle__year=2027)
    assert {cycle.dossiers.count() for cycle in Cycle.objects.filter(year=2027)} == {3}
    assert made.exists()
    assert not made.filter(at__gt=now).exists()
    assert made.earliest("at").at > now - timedelta(days=120)


def test_producers_score_themselves_and_papers_prove_criteria():
    own = SelfAssessment.objects.filter(dossier__cycle__in=[live(), three_levels()])
    scored = own.exclude(scores={})
    assert 0 < scored.count() < own.count()
    assert not own.filter(dossier__rubric=None).exists()
    assert Evidence.objects.exclude(criteria=[]).count() > 50
    sides = [
        calibration.side_by_side(entry.dossier, EvaluationRound.objects.all())[0]
        for entry in RoundEntry.objects.filter(
            round__state="closed", dossier__cycle=live()
        ).select_related("dossier")
    ]
    assert any(row.self is not None and row.province is not None for rows in sides for row in rows)


def test_a_row_of_every_model_passes_the_checks_of_a_form():
    """Each constraint is asked with values, as a form asks it, not only by the database."""
    post = RoleAssignment.objects.order_by("pk").first()
    Substitution.objects.create(
        assignment=post,
        substitute=User.objects.exclude(pk=post.user_id).first(),
        valid_from=TODAY.date(),
        valid_to=TODAY.date(),
        reason="Nghỉ phép",
        created_by=post.user,
    )
    asked = set()
    for model in apps.get_models():
        if model._meta.app_label not in ("cycle", "dossiers", "councils", "notifications"):
            continue
        if not model._meta.constraints:
            continue
        row = model._default_manager.order_by("pk").first()
        # The engine's references and states cannot be set again, as cleaning does.
        kept = [
            field.name
            for field in model._meta.fields
            if type(field).__module__.startswith(("viewflow", "django_fsm"))
        ]
        # A field may be refused that a form would have asked for; a constraint may not, and
        # nothing else may come of it.
        with suppress(ValidationError):
            (row or model()).full_clean(exclude=kept)
        if row is not None:
            row.validate_constraints()
            asked |= {constraint.name for constraint in model._meta.constraints}
        else:
            with suppress(ValidationError):
                model().validate_constraints()
    assert {"role_assignment_not_twice_at_once", "substitution_one_at_a_time"} <= asked
    assert len(asked) > 60


def test_whatever_anybody_must_do_lies_in_one_inbox_and_can_be_opened():
    """Of everybody: what waits is in the inbox and in its count, each kind's first link opens."""
    found = {}
    for user in User.objects.filter(is_active=True).order_by("pk"):
        waits = work.rows_of(work.of(user, clock.today()), 100)
        inbox = Inbox(user, Filters())
        listed = inbox.of(list(inbox.keys()))
        assert inbox.counts()["unit"] == str(len(listed)) or len(listed) > 1000
        its = [(row["kind"].name, row["pk"]) for row in listed if row["kind"] is not work.TASK]
        assert sorted(its) == sorted((row["kind"].name, row["pk"]) for row in waits), user
        client = Client()
        client.force_login(user)
        page = client.get("/inbox/").content.decode()
        assert ('class="empty"' in page) == (not listed), user
        for row in {row["kind"].name: row for row in waits}.values():
            assert client.get(row["href"]).status_code == 200, (user.username, row["href"])
            found.setdefault(row["kind"].name, []).append(user.username)
    assert set(found) >= {"sheet", "opinion", "round", "papers"}

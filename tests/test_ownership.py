"""Who has claimed work counts only while they may do it: who may act today sees, does and is told.

A row is a situation of people; each reader of who has the work must give the same people.
"""

from datetime import datetime, timedelta

import pytest
import rules
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from councils.models import Opinion, Scoresheet
from cycle import clock
from cycle.models import HistoryEntry, Role, RoleAssignment, Substitution, User
from cycle.workdays import DAY
from dossiers.models import Task
from dossiers.office import briefing, handover
from dossiers.rules import doers, holds_task
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications import audiences, delivery, digests, feed, weekly
from notifications.dispatch import dispatch
from notifications.letters import letter
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    Digest,
    Notification,
    WeeklySummary,
)
from notifications.news import Filters, News
from notifications.rules import may_read
from tests import judging, records
from tests.absences import fresh
from tests.ground import kept
from tests.hearing import told
from tests.judging import begin, regulate
from tests.owning import update_as_owner
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

START = timezone.make_aware(datetime(2026, 11, 16, 9))
NOW = timezone.make_aware(datetime(2026, 11, 20, 9))
YESTERDAY = NOW.date() - DAY


@pytest.fixture
@kept
def ngan(commune):
    """An's colleague in the commune."""
    return person("ngan", "Lò Văn Ngân", (Role.OFFICER, commune))


@pytest.fixture
@kept
def dung(db):
    """Has no post; stands in for others."""
    return person("dung", "Lò Thị Dung")


@pytest.fixture
@kept
def people(an, ngan, dung, chi, la, minh, son):
    return {user.username: user for user in (an, ngan, dung, chi, la, minh, son)}


@pytest.fixture
@kept
def dossier(cycle, commune, an):
    """A dossier whose task has lain with the commune since Monday; now it is Friday."""
    with clock.at(START):
        return open_dossier(cycle, commune, an)


def claimed(dossier, by, at=START):
    with clock.at(at):
        doors.claim(open_task(dossier), by=fresh(by))


def lend(user, to, unit, first, last, **fields):
    Substitution.objects.create(
        assignment=user.role_assignments.get(org_unit=unit), substitute=to, reason="Nghỉ phép",
        valid_from=first, valid_to=last, created_by=user, **fields,
    )  # fmt: skip


def end(user, unit=None):
    posts = user.role_assignments.filter(org_unit=unit) if unit else user.role_assignments
    update_as_owner(posts, valid_to=YESTERDAY)


def switch_off(user):
    update_as_owner(User.objects.filter(pk=user.pk), is_active=False)


# --- The situations: what happened -> who may do it today, and who hears ----------------------


def nobody(d, p):
    return {"an", "ngan"}


def a_colleague(d, p):
    claimed(d, p["an"])
    return {"an"}


def its_post_ended(d, p):
    claimed(d, p["an"])
    end(p["an"], d.commune)
    return {"ngan"}


def moved_to_another_commune(d, p):
    claimed(d, p["an"])
    end(p["an"])
    RoleAssignment.objects.create(
        user=p["an"], role=Role.OFFICER, valid_from=NOW.date(),
        org_unit=p["la"].role_assignments.get().org_unit,
    )  # fmt: skip
    return {"ngan"}


def changed_role(d, p):
    claimed(d, p["an"])
    end(p["an"], d.commune)
    RoleAssignment.objects.create(
        user=p["an"], role=Role.CLERK, valid_from=NOW.date(), org_unit=d.commune
    )
    return {"ngan"}


def account_closed(d, p):
    claimed(d, p["an"])
    switch_off(p["an"])
    return {"ngan"}


def owner_is_away(d, p):
    claimed(d, p["an"])
    lend(p["an"], p["dung"], d.commune, YESTERDAY, NOW.date())
    return {"an", "dung"}


def owner_will_be_away(d, p):
    claimed(d, p["an"])
    lend(p["an"], p["dung"], d.commune, NOW.date() + DAY, NOW.date() + 9 * DAY)
    return {"an"}


def substitute_has_it(d, p):
    lend(p["an"], p["dung"], d.commune, START.date(), NOW.date())
    claimed(d, p["dung"])
    return {"an", "dung"}


def substitution_ran_out(d, p):
    lend(p["an"], p["dung"], d.commune, START.date(), YESTERDAY)
    claimed(d, p["dung"])
    return {"an", "ngan"}


def substitution_without_its_paper(d, p):
    lend(p["an"], p["dung"], d.commune, START.date(), NOW.date(), paper_due_on=YESTERDAY)
    claimed(d, p["dung"])
    return {"an", "ngan"}


def substitute_account_closed(d, p):
    lend(p["an"], p["dung"], d.commune, START.date(), NOW.date())
    claimed(d, p["dung"])
    switch_off(p["dung"])
    return {"an", "ngan"}


def absent_account_closed(d, p):
    lend(p["an"], p["dung"], d.commune, START.date(), NOW.date())
    claimed(d, p["dung"])
    switch_off(p["an"])
    return {"dung"}


SITUATIONS = [
    nobody, a_colleague, its_post_ended, moved_to_another_commune, changed_role, account_closed,
    owner_is_away, owner_will_be_away, substitute_has_it, substitution_ran_out,
    substitution_without_its_paper, substitute_account_closed, absent_account_closed,
]  # fmt: skip


def entry_of(dossier, event, **data):
    return HistoryEntry.objects.create(
        stream="dossier", stream_id=dossier.pk, cycle=dossier.cycle, event=event,
        label=str(dossier), at=NOW, data=data,
    )  # fmt: skip


def rung_of(dossier, rung):
    term = open_task(dossier).term
    return entry_of(dossier, "term.warning", term=term.pk, rung=rung)


def names(ids):
    return {user.username for user in User.objects.filter(pk__in=ids)}


def asked(reader):
    """Of each active person: does ``reader`` show them the work?"""

    def read(dossier, people):
        return {name for name, user in people.items() if user.is_active and reader(user, dossier)}

    return read


def can_do(user, dossier):
    """Tries: registers the idea, and takes it back."""
    from django.db import transaction

    from dossiers.models import PaperRequired

    try:
        with transaction.atomic():
            doors.complete(open_task(dossier), "register_idea", by=user, record=records.idea())
            transaction.set_rollback(True)
    except (PermissionDenied, PaperRequired):
        return False
    return True


READERS = {
    "the rule": asked(lambda user, d: holds_task(user, open_task(d))),
    "the door": asked(can_do),
    "claims at once": lambda d, p: names(
        doers([(open_task(d).owner_id, "officer", d.commune_id)]).popitem()[1]
    ),
    "list of what to do": asked(lambda user, d: open_task(d) in Task.objects.to_do(user)),
    "morning letter": asked(
        lambda user, d: d.product.name in digests.text_for(user, START - DAY, NOW)
    ),
    "calendar": asked(lambda user, d: f"/tasks/{open_task(d).pk}/" in feed.feed(user).decode()),
    "told of what comes next": lambda d, p: names(
        audiences.of(entry_of(d, "task.release", task=open_task(d).pk))
    ),
    "told of a new day": lambda d, p: names(
        audiences.of(entry_of(d, "term.extend", term=open_task(d).term.pk))
    ),
    "warned": lambda d, p: names(audiences.of(rung_of(d, "-1:officer"))),
}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.__name__)
def test_every_reader_gives_the_same_people(situation, dossier, people):
    expected = situation(dossier, people)
    with clock.at(NOW):
        people = {name: fresh(user) for name, user in people.items()}
        found = {name: reader(dossier, people) for name, reader in READERS.items()}
    assert {name: who for name, who in found.items() if who != expected} == {}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.__name__)
def test_the_beat_frees_what_its_owner_may_not_do_and_nothing_else(situation, dossier, people):
    expected = situation(dossier, people)
    with clock.at(NOW):
        owner = open_task(dossier).owner
        counts = owner is not None and owner.username in expected
        assert handover.free_stranded() == (owner is not None and not counts)
        assert open_task(dossier).owner == (owner if counts else None)
        # Who may do it is the same before and after.
        assert names(audiences.workers(open_task(dossier))) == expected


def test_the_list_for_a_successor_has_what_the_substitute_claimed(dossier, people, commune):
    owner_is_away(dossier, people)
    lend_ends = NOW + timedelta(hours=1)
    claimed(dossier, people["dung"], at=lend_ends)
    with clock.at(lend_ends):
        post = people["an"].role_assignments.get(org_unit=commune)
        assert [row["task"] for row in briefing.Briefing(post).rows()] == [open_task(dossier)]


# --- A vacant post ----------------------------------------------------------------------------


VACANT = {
    "the leader of the unit": ([], {"chi"}),
    "the next level, where there is no leader": (["chi"], {"minh"}),
    "the leader of the province, where nobody else is": (["chi", "minh"], {"son"}),
}


@pytest.mark.parametrize("who", VACANT)
def test_new_work_at_a_vacant_post_is_told_to_the_next_of_the_ladder(who, dossier, people):
    gone, expected = VACANT[who]
    claimed(dossier, people["an"])
    for name in ("an", "ngan", *gone):
        end(people[name])
    with clock.at(NOW):
        assert names(audiences.of(entry_of(dossier, "task.release"))) == expected
        assert names(audiences.of(rung_of(dossier, "-1:officer"))) == expected
        term = open_task(dossier).term.pk
        assert names(audiences.of(entry_of(dossier, "term.extend", term=term))) == expected


def test_the_leader_reads_that_nobody_holds_the_post(client, dossier, people, commune):
    end(people["an"])
    end(people["ngan"])
    said = "Chưa có người giữ vai trò «Cán bộ OCOP» ở Xã Nà Tấu"
    chi = people["chi"]
    with clock.at(NOW):
        for entry in (entry_of(dossier, "task.release"), rung_of(dossier, "-1:officer")):
            told_ = Notification.objects.create(entry=entry, recipient=chi, created_at=NOW)
            assert said in letter(Delivery(notification=told_, channel=Channel.EMAIL)).body
        client.force_login(chi)
        for path in (f"/dossiers/{dossier.pk}/", f"/tasks/{open_task(dossier).pk}/"):
            assert said in client.get(path).content.decode()
    # With a holder nobody says so.
    update_as_owner(people["ngan"].role_assignments, valid_to=None)
    with clock.at(NOW):
        assert said not in client.get(f"/dossiers/{dossier.pk}/").content.decode()


def test_an_escalation_names_nobody_who_has_left(dossier, people):
    claimed(dossier, people["an"])
    chi = people["chi"]
    with clock.at(NOW):
        told_ = Notification(entry=rung_of(dossier, "1:leader"), recipient=chi)
        told_.entry.event = "term.escalated"
        assert "Người đang giữ việc: Lò Thị An." in letter(Delivery(notification=told_)).body
        end(people["an"])
        assert "Lò Thị An" not in letter(Delivery(notification=told_)).body


def test_the_ex_substitute_is_not_warned_and_the_returned_officer_is(dossier, people):
    substitution_ran_out(dossier, people)
    with clock.at(timezone.make_aware(datetime(2026, 11, 25, 8))):
        sweep()
        while dispatch():
            pass
    assert told(people["dung"]) == []
    assert told(people["an"]) == told(people["ngan"]) == ["term.warning"]


def test_who_stands_in_follows_the_file_and_reads_the_week(dossier, people, settings):
    settings.EMAIL_HOST = "mail.example.vn"
    dung, chi = addressed(people["dung"]), addressed(people["chi"])
    lend(people["an"], dung, dossier.commune, NOW.date(), NOW.date())
    with clock.at(NOW):
        told_ = names(audiences.of(entry_of(dossier, "dossier.withdraw")))
        assert told_ == {"an", "ngan", "dung", "minh"}
        lend(chi, dung, dossier.commune, NOW.date(), NOW.date() + 9 * DAY)
    with clock.at(NOW + timedelta(hours=7)):
        weekly.prepare()
    assert set(WeeklySummary.objects.values_list("leader__username", flat=True)) == {"chi", "dung"}


def test_what_its_owner_may_no_longer_do_is_offered_to_be_taken(client, dossier, people):
    its_post_ended(dossier, people)
    client.force_login(people["ngan"])
    path = f"/tasks/{open_task(dossier).pk}/"
    with clock.at(NOW):
        assert "Lò Thị An" not in client.get(path).content.decode().partition("Ai làm")[2][:400]
        assert client.post(path, {"act": "claim"}).status_code == 302
    assert open_task(dossier).owner == people["ngan"]


# --- What waits for its next try --------------------------------------------------------------


@pytest.fixture
def mailed(settings, mailoutbox):
    settings.EMAIL_HOST = "mail.example.vn"
    return mailoutbox


def addressed(user):
    update_as_owner(User.objects.filter(pk=user.pk), email=f"{user.username}@example.vn")
    user.refresh_from_db()
    return user


def tried(**of):
    made = Delivery.objects.create(channel=Channel.EMAIL, next_at=clock.now(), attempts=1, **of)
    delivery.attempt(Delivery.objects.get(pk=made.pk))
    made.refresh_from_db()
    return made.state


LETTERS = {
    "work that came": lambda d, an: entry_of(d, "task.release"),
    "a term": lambda d, an: rung_of(d, "-1:officer"),
    "a result": lambda d, an: entry_of(d, "dossier.withdraw"),
}


@pytest.mark.parametrize("about", LETTERS)
@pytest.mark.parametrize("left", [False, True])
def test_a_letter_is_not_sent_to_one_whose_right_has_ended(about, left, dossier, an, mailed):
    addressed(an)
    with clock.at(NOW):
        entry = LETTERS[about](dossier, an)
        told_ = Notification.objects.create(entry=entry, recipient=an, created_at=NOW)
        if left:
            end(an)
        state = tried(notification=told_)
    assert (state, len(mailed)) == ((DeliveryState.LAPSED, 0) if left else (DeliveryState.SENT, 1))


def test_a_letter_of_a_former_post_is_sent_to_whom_another_post_lets_see(
    dossier, an, commune, mailed
):
    addressed(an)
    end(an, commune)
    RoleAssignment.objects.create(user=an, role=Role.CLERK, valid_from=NOW.date(), org_unit=commune)
    with clock.at(NOW):
        told_ = Notification.objects.create(
            entry=entry_of(dossier, "task.release"), recipient=an, created_at=NOW
        )
        assert tried(notification=told_) == DeliveryState.SENT


def test_who_still_scores_after_their_seat_has_ended_is_told_so(
    province, thu, cycle, commune, an, mailed
):
    regulate(province)
    council = judging.seat(province, thu)
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    member = judging.judge(council, 1)
    addressed(member.user)
    update_as_owner(council.members.filter(pk=member.pk), until=clock.today())
    entry = HistoryEntry.objects.get(event="round.open", stream_id=round_.pk)
    with clock.at(clock.now() + 2 * DAY):
        told_ = Notification.objects.create(
            entry=entry, recipient=member.user, created_at=clock.now()
        )
        assert tried(notification=told_) == DeliveryState.SENT
        Delivery.objects.all().delete()
        round_.void(by=thu, reason="Hoãn", document=judging.paper("15/VB-UBND ngày 01/11/2026"))
        assert tried(notification=told_) == DeliveryState.LAPSED


def test_a_mornings_letter_is_of_its_day_and_of_what_its_reader_may_see(dossier, an, mailed):
    addressed(an)
    with clock.at(NOW):
        text, before = digests.text_for(an, START - DAY, NOW), START - DAY
        Digest.objects.create(user=an, day=before.date(), created_at=before)
        made = Digest.objects.create(user=an, day=NOW.date(), created_at=NOW)
        assert dossier.product.name in text and tried(digest=made) == DeliveryState.SENT
        Delivery.objects.all().delete()
    with clock.at(NOW + DAY):
        assert tried(digest=made) == DeliveryState.LAPSED
        Delivery.objects.all().delete()
    end(an)
    with clock.at(NOW + timedelta(hours=3)):
        assert tried(digest=made) == DeliveryState.LAPSED
    assert len(mailed) == 1


def test_the_weeks_page_goes_to_who_still_leads_its_units(dossier, chi, commune, mailed):
    addressed(chi)
    with clock.at(NOW):
        page = weekly.figures(chi, NOW)
        made = WeeklySummary.objects.create(
            leader=chi, week_on=NOW.date(), created_at=NOW, figures=page
        )
        assert tried(summary=made) == DeliveryState.SENT
        Delivery.objects.all().delete()
        end(chi, commune)
        assert tried(summary=made) == DeliveryState.LAPSED


def test_the_list_of_news_shows_nothing_of_today_of_a_former_posts_files(dossier, an, commune):
    with clock.at(NOW):
        entry = entry_of(dossier, "task.release")
        Notification.objects.create(entry=entry, recipient=an, created_at=NOW)
        rows = News(fresh(an), Filters()).rows()
        assert [row.dossier for row in rows] == [dossier]
        end(an)
        rows = News(fresh(an), Filters()).rows()
        assert [row.dossier for row in rows] == [None]


# --- Opinions and pen sheets ------------------------------------------------------------------


@pytest.fixture
@kept
def entry(province, cycle, commune, an, thu):
    regulate(province)
    council = judging.seat(province, thu)
    return begin(council, cycle, judging.before_council(cycle, commune, an), thu).entries.get()


@pytest.fixture
@kept
def specialists(province, dung):
    """Two specialists, and Dung, who may stand in for the first."""
    return {
        "y_te": person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province)),
        "khoa": person("khoa", "Cầm Văn Khoa", (Role.DEPARTMENT, province)),
        "dung": dung,
    }


def left(p, province, thu):
    update_as_owner(p["y_te"].role_assignments, valid_to=clock.today() - DAY)
    return {"khoa"}


def away(p, province, thu):
    today = clock.today()
    lend(p["y_te"], p["dung"], province, today, today + DAY)
    return {"y_te", "dung"}


def closed(p, province, thu):
    switch_off(p["y_te"])
    return {"khoa"}


def all_left(p, province, thu):
    update_as_owner(
        RoleAssignment.objects.filter(role=Role.DEPARTMENT), valid_to=clock.today() - DAY
    )
    return {"thu"}


OPINIONS = {
    "asked": lambda p, province, thu: {"y_te"}, "who was asked has left": left,
    "who was asked is away": away, "the account is closed": closed,
    "no specialist is left": all_left,
}  # fmt: skip


@pytest.mark.parametrize("what", OPINIONS)
def test_an_opinion_is_given_by_who_may_give_it_today(what, entry, specialists, province, thu):
    opinion = Opinion.ask(
        Opinion(entry=entry, to=specialists["y_te"], department="Sở Y tế", question="Đạt không?"),
        days=5,
        by=thu,
    )
    expected = OPINIONS[what](specialists, province, thu)
    everybody = {name: fresh(user) for name, user in (specialists | {"thu": thu}).items()}

    def may(user):
        return rules.has_perm("councils.answer_opinion", user, Opinion.objects.get(pk=opinion.pk))

    assert {name for name, user in everybody.items() if may(user)} == expected
    asked_ = HistoryEntry.objects.get(event="round.ask_opinion")
    if expected != {"thu"}:  # who asked need not be told what they asked
        assert names(audiences.of(asked_)) == expected
        listed = {
            name
            for name, user in everybody.items()
            if opinion in Opinion.objects.asked_of(user) and user.is_active
        }
        assert listed == expected
    someone = everybody[min(expected)]
    assert Opinion.objects.visible_to(someone).filter(pk=opinion.pk).exists()
    opinion.reply("Đạt yêu cầu.", by=someone)
    # The clock of the task goes on, whoever answered.
    assert not open_task(entry.dossier).paused


def test_a_pen_sheet_is_typed_on_by_who_runs_the_round_today(entry, thu, province):
    member = judging.judge(entry.round.council, 0)
    sheet = Scoresheet.type_in(entry, member, by=thu)
    other = person("sang", "Lò Văn Sang", (Role.COUNCIL_OFFICE, province))
    assert rules.has_perm("councils.score", fresh(thu), sheet)
    assert sheet in Scoresheet.objects.visible_to(fresh(thu))
    update_as_owner(thu.role_assignments, valid_to=clock.today() - DAY)
    assert not rules.has_perm("councils.score", fresh(thu), sheet)
    assert sheet not in Scoresheet.objects.visible_to(fresh(thu))
    sheet = Scoresheet.type_in(entry, member, by=other)
    assert rules.has_perm("councils.score", other, sheet)


def interest_of(entry, member, thu):
    entry.round.declare_interest(
        entry, member, kind="relative", reason="Em ruột", recused=True, by=thu
    )


def interest_lifted_of(entry, member, thu):
    interest_of(entry, member, thu)
    entry.round.lift_interest(entry.interests.get(), reason="Nhầm người", by=thu)


def absence_of(entry, member, thu):
    judging.fill(entry, member)
    everybody = entry.round.council.members.values_list("pk", flat=True)
    entry.round.attend({pk: pk != member.pk for pk in everybody}, by=thu, reason="Ghi nhầm")
    entry.sheets.get(member=member).void(by=thu, reason="Vắng họp")


def pen_sheet_of(entry, member, thu):
    Scoresheet.type_in(entry, member, by=thu).hand_back(by=thu, reason="Tự chấm trên máy")


#: What is said of a round to a member, beside that it opened, by the event.
ROUNDS = {
    "round.open": lambda entry, member, thu: None,
    "round.declare_interest": interest_of,
    "round.lift_interest": interest_lifted_of,
    "round.void_sheet": absence_of,
    "round.hand_back_sheet": pen_sheet_of,
}


@pytest.mark.parametrize("event", ROUNDS)
@pytest.mark.parametrize("meanwhile", ["over", "left", "over and left"])
def test_a_round_is_told_to_who_may_read_of_it_when_the_beat_comes(event, meanwhile, entry, thu):
    """The member's seat ends, or the round does, between the act and the beat that tells it."""
    round_, member = entry.round, judging.judge(entry.round.council, 1)
    ROUNDS[event](entry, member, thu)
    if "left" in meanwhile:
        update_as_owner(round_.council.members.filter(pk=member.pk), until=clock.today())
    with clock.at(clock.now() + 2 * DAY):
        if "over" in meanwhile:
            round_.void(by=thu, reason="Hoãn", document=judging.paper("15/VB-UBND ngày 01/11/2026"))
        dispatch()
        heard = told(member.user)
        for each in Notification.objects.filter(entry__stream="round"):
            assert may_read(fresh(each.recipient), each.entry), each.entry.event
    # Whose seat has ended scores on while the round is open; of one that is over nobody scores.
    still_said = meanwhile == "left" or meanwhile == "over" and event != "round.open"
    assert (event in heard) == still_said
    assert ("round.open" in heard) == (meanwhile == "left")


def test_that_a_term_is_not_late_after_all_is_told_to_who_may_still_see_the_file(
    dossier, people, commune
):
    """An was told that the work is late, and left before a day off moved the day it was due."""
    term = open_task(dossier).term
    late = entry_of(dossier, "term.overdue", term=term.pk, due_on="2026-11-19")
    for name in ("an", "chi"):
        Notification.objects.create(entry=late, recipient=people[name], created_at=clock.now())
    moved = entry_of(dossier, "term.move", term=term.pk, before="2026-11-19")
    with clock.at(term.due_at - DAY):
        assert names(audiences.of(moved)) == {"an", "chi"}
        end(people["an"], commune)
        assert names(audiences.of(moved)) == {"chi"}

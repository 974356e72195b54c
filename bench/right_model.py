"""People come, go, stand in and claim while dossiers move: no dead end, no alert without a reader.

A seeded walk over dossiers, tasks, posts, substitutions, the calendar of days off, a commune that
is taken over again and again, councils with their terms and their rounds (``right_rounds``), with
days on which no beat comes. After each step the rules of who has the work that it touched are
compared, of all work now and then and at the end, and after each beat what was told to whom; now
and then a round is finished from where it stands and given up, both undone. ``SEED`` and ``STEPS``
in the environment give another walk, or the beginning of one: a fault names its step, and so many
steps show it again.
"""

import os
import random
import re
import sys
import traceback
from collections import Counter, deque
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from bench.ground import end_the_province_of_the_reference_data, history_is_whole
from bench.right_rounds import MOVES as ROUND_MOVES
from bench.right_rounds import REFUSED, Rounds
from cycle import clock
from cycle.models import (
    HistoryEntry,
    Job,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    RuleSet,
    Stream,
    Substitution,
    User,
)
from cycle.models.job import run_waiting
from dossiers.models import (
    Dossier,
    State,
    Task,
    TaskAlreadyDone,
    Term,
    TermState,
)
from dossiers.office import handover
from dossiers.rules import doers, holds_task
from dossiers.terms import recalculation
from dossiers.terms.explanation import Explanation
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications import audiences, digests
from notifications.dispatch import dispatch
from notifications.models import Notification
from notifications.rules import may_read
from tests import records
from tests.law_acts import HANDS_IN
from tests.owning import save_as_owner, update_as_owner
from tests.world import open_cycle, open_dossier, person

BOUND = (
    "mỗi bước: ai được làm, ai thấy, ai được báo là một; không hồ sơ nào kẹt; không tin nào thiếu "
    "người đọc làm được"
)
SIZES = {"small": 500, "full": 20_000}
SEED = 29
#: How many dossiers walk at once.
AT_ONCE = 5
REFUSALS = (*REFUSED, TaskAlreadyDone)
#: What there is to hold: role, whether at the commune, how many people.
POSTS = [
    (Role.OFFICER, True, 2), (Role.LEADER, True, 1), (Role.CLERK, True, 1),
    (Role.OFFICER, False, 2), (Role.LEADER, False, 1), (Role.COUNCIL_OFFICE, False, 2),
    (Role.TRADE, False, 1), (Role.CLERK, False, 1), (Role.DEPARTMENT, False, 2),
]  # fmt: skip
#: How often each move comes, beside the others.
MOVES = {
    "act": 34, "claim": 10, "release": 3, "reassign": 4, "wait": 4, "resume": 5, "leave": 5,
    "come": 7, "lend": 5, "recall": 2, "switch": 3, "day_off": 2, "day": 10, "away": 1, "beat": 5,
    "merge": 0.5,
    **ROUND_MOVES,
}  # fmt: skip


#: All open tasks are compared after so many steps; after each those that it touched.
EVERY = 100
#: Moves that change people, or the day, for everybody: some other task is compared too.
CHANGES_PEOPLE = ("leave", "come", "lend", "recall", "switch", "day", "away", "day_off", "merge")
#: So many times the commune is taken over at most: each reader follows the whole chain.
MERGERS = 8
#: The products of the walk, as a letter names them.
NAMED = re.compile(r"(?:Mật ong|Trà) \d+")


def run(scale):
    """How often the rules disagreed, a dossier stood still, or something was told to nobody."""
    steps = int(os.environ.get("STEPS") or SIZES[scale])
    seed = int(os.environ.get("SEED") or SEED)
    walk = Walk(random.Random(seed))
    for step in range(1, steps + 1):
        walk.step()
        if not step % 500:
            print(f"{step}/{steps} {walk.faults()}", file=sys.stderr, flush=True)
    with clock.at(walk.now):
        walk.everybody_is_back()
    figures = {"size": steps, "seed": seed, "moves": dict(sorted(walk.moves.items()))}
    figures |= walk.faults() | {"first_fault_at": walk.first_fault_at}
    # Rounds that could not be finished from some state, only given up: a way on, but why?
    figures["only_given_up"] = len(walk.given_up)
    figures["why_given_up"] = walk.given_up[:5]
    if odd := [each for name in FAULTS for each in walk.found[name]]:
        figures["odd"] = odd[:5]
    figures["acts"] = walk.moves["act"]
    figures["told"] = Notification.objects.count()
    figures["history_whole"] = history_is_whole()
    figures["exact"] = (
        figures["history_whole"]
        and figures["acts"] > steps / 25
        and walk.moves["close_round"] > steps / 250
        and figures["told"] > steps / 10
        and not any(figures[name] for name in FAULTS)
    )
    return figures


FAULTS = (
    "dead_ends", "disagreeing", "untold", "told_without_right", "wrong_days", "wrong_results",
    "broken",
)  # fmt: skip


class Walk(Rounds):
    """The office, and a moment that goes on; ``found`` keeps what was wrong, by kind."""

    def __init__(self, chance):
        self.chance, self.why = chance, ""
        self.now = timezone.make_aware(datetime(2026, 2, 2, 9))
        self.moves, self.found = Counter(), {name: [] for name in FAULTS}
        self.steps = self.papers = self.recorded = 0
        #: People as they were read since something last changed for them, and their posts.
        self.read = {}
        self.first_fault_at, self.last = None, deque(maxlen=8)
        end_the_province_of_the_reference_data()
        since = {"valid_from": date(2020, 1, 1)}
        self.province = OrgUnit.objects.create(code="P", name="Tỉnh", level=Level.PROVINCE, **since)
        self.commune = OrgUnit.objects.create(
            code="X", name="Xã Nà Tấu", level=Level.COMMUNE, parent=self.province, **since
        )
        self.mergers = 0
        with clock.at(self.now):
            self.people = {
                below: [
                    person(f"n{number}{below:d}", f"Người {number} {below:d}", post)
                    for number, post in enumerate(self.posts)
                    if (post[1] == self.commune) is below
                ]
                # Who has no post yet may be appointed, or stand in.
                + [person(f"moi{n}{below:d}", f"Mới {n} {below:d}") for n in range(2)]
                for below in (True, False)
            }
            self.cycle = open_cycle(RuleSet.objects.get(edition="qd26_2026"), 2026)
            self.found_council()

    @property
    def posts(self):
        """What there is to hold: (role, unit), a post for each person."""
        return [
            (role, self.commune if below else self.province)
            for role, below, number in POSTS
            for _one in range(number)
        ]

    def faults(self):
        """How many of each kind were found."""
        return {name: len(self.found[name]) for name in FAULTS}

    # --- A step -----------------------------------------------------------------------------

    def step(self):
        """One move by chance, then what must be so; the step of the first fault is kept."""
        (name,) = self.chance.choices(list(MOVES), list(MOVES.values()))
        self.now += timedelta(minutes=self.chance.randrange(1, 20))
        self.steps += 1
        self.last.append(name)
        try:
            self.moved(name)
        except Exception as wrong:
            # A door answers or refuses by a name; all else is a fault of its own.
            self.found["broken"].append(f"step {self.steps} {name}: {wrong!r}"[:300])
            traceback.print_exc()
        if self.first_fault_at is None and any(self.found.values()):
            self.first_fault_at = {"step": self.steps, "last": list(self.last)}

    def moved(self, name):
        with clock.at(self.now):
            self.open()
            done = False
            with suppress(*REFUSALS):
                if done := bool(getattr(self, name)()):
                    self.moves[name] += 1
        if name in (*CHANGES_PEOPLE, "lock_out", "beat"):
            self.read.clear()
        with clock.at(self.now):
            for task in self.touched(done and name):
                self.agree(task)
            # Several acts may be tried for it.
            if self.chance.random() < 0.1 and (task := self.task()):
                self.goes_on(task)
            if self.chance.random() < 0.06:
                self.rounds_go_on()

    def touched(self, name):
        """The open tasks that the step changed, one for which it changed people, and now and then
        all of them: what a step did not touch seldom changes.
        """
        open_ = Task.objects.open().select_related("dossier", "org_unit", "owner", "term")
        entries = HistoryEntry.objects.filter(pk__gt=self.recorded).order_by("pk")
        entries = list(entries.values_list("pk", "stream", "stream_id"))
        if entries:
            self.recorded = entries[-1][0]
        if self.steps % EVERY == 0:
            return list(open_.order_by("pk"))
        changed = {about for _pk, stream, about in entries if stream == Stream.DOSSIER}
        found = list(open_.filter(dossier__in=changed).order_by("pk")[:2]) if changed else []
        if name in CHANGES_PEOPLE and (one := self.task()):
            found.append(one)
        return found

    def open(self):
        """There are always dossiers that walk."""
        if Task.objects.open().count() >= AT_ONCE:
            return
        here = self.commune.pk
        if officers := [each for each in self.everybody(True) if each.capacity("officer", here)]:
            open_dossier(
                self.cycle, self.commune, self.chance.choice(officers),
                name=f"Mật ong {Dossier.objects.count()}",
            )  # fmt: skip

    def everybody(self, below):
        """The people of the commune or of the province who have an account."""
        return self.active(below, lambda: [user.pk for user in self.people[below]])

    def active(self, group, ids):
        """Those of a group who have an account, read once, with the posts they have, until people
        change or the day does.
        """
        if group not in self.read:
            self.read[group] = list(
                User.objects.filter(pk__in=ids(), is_active=True).order_by("pk")
            )
        return list(self.read[group])

    def task(self, **where):
        """Some open task, or None."""
        found = Task.objects.open().filter(**where).select_related("dossier", "org_unit", "owner")
        found = list(found.order_by("pk"))
        return self.chance.choice(found) if found else None

    def who_may(self, task):
        """Somebody who may do the task, or None."""
        claim = (task.owner_id, task.role, task.org_unit_id)
        people = sorted(doers([claim])[claim])
        return User.objects.get(pk=self.chance.choice(people)) if people else None

    # --- What people do ---------------------------------------------------------------------

    def act(self):
        task = self.task()
        if task and task.node == "evaluate_at_province" and self.chance.random() < 0.8:
            # Mostly a round judges, seldom a result comes on paper.
            return False
        by = task and self.who_may(task)
        return by and any(self.tried(task, name, by) for name in self.ways(task))

    def ways(self, task):
        """Acts of the task, the way forward mostly first."""
        names = task.acts()
        return names if self.chance.random() < 0.85 else self.chance.sample(names, len(names))

    def tried(self, task, name, by):
        """Whether ``by`` could do the act."""
        if name == "submit_dossier":
            self.bring_papers(task.dossier, by)
        given = {"reason": "Theo biên bản"} | HANDS_IN.get(name, dict)()
        if name == "certify":
            given["record"].number = f"{task.pk}/GCN"
            # A decision's number is of one day.
            number = f"{clock.today().toordinal()}/QĐ-UBND"
            given["paper"] = records.signed_paper(number=number)
        elif "paper" in given:
            own = self.paper()
            given["paper"].number, given["paper"].scan = own.number, own.scan
        if name == "record_centre_result":
            given["record"] = records.evaluation(
                *self.chance.choice([("616", 7, 4), ("294", 7, 2)])
            )
        try:
            with transaction.atomic():
                doors.complete(task, name, by=by, **given)
        except REFUSALS as refused:
            self.why = f"{name}: {refused!r}"
            return False
        return True

    def bring_papers(self, dossier, by):
        there = set(dossier.evidence.current().values_list("kind", flat=True))
        for kind in sorted({*dossier.rule_set.compulsory(dossier.case_type)} - there):
            with suppress(*REFUSALS), transaction.atomic():
                doors.act(dossier.process, "attach_evidence", by=by, record=records.paper(kind))

    def claim(self):
        task = self.task()
        if by := task and self.who_may(task):
            doors.claim(task, by=by)
            return True

    def release(self):
        task = self.task(owner__isnull=False)
        if by := task and self.who_may(task):
            doors.release(task, by=by)
            return True

    def reassign(self):
        task = self.task()
        to = task and self.who_may(task)
        leaders = to and sorted(audiences.holders(Role.LEADER, task.org_unit_id))
        if leaders:
            doors.reassign(task, to=to, by=User.objects.get(pk=leaders[0]), reason="Bận việc khác")
            return True

    def wait(self):
        task = self.task(waiting_since=None)
        if by := task and self.who_may(task):
            doors.wait(task, by=by, reason="Chờ giấy")
            return True

    def resume(self):
        task = self.task(waiting_since__isnull=False)
        if by := task and self.who_may(task):
            doors.resume(task, by=by)
            return True

    # --- People come and go -----------------------------------------------------------------

    def held(self):
        """The posts of today that begun before it, but those of the province's leader."""
        today = clock.today()
        last = {"role": Role.LEADER, "org_unit": self.province}
        return list(
            RoleAssignment.objects.held_on(today).filter(valid_from__lt=today).exclude(**last)
            .order_by("pk")
        )  # fmt: skip

    def leave(self):
        if held := self.held():
            post = self.chance.choice(held)
            update_as_owner(
                RoleAssignment.objects.filter(pk=post.pk),
                valid_to=clock.today() - timedelta(days=1),
            )
            return True

    def come(self):
        role, unit = self.chance.choice(self.posts)
        return self.appoint(role, unit)

    def appoint(self, role, unit):
        """Give somebody a post; returns whether there is anybody who has none like it."""
        has = RoleAssignment.objects.filter(role=role, org_unit=unit).exclude(
            valid_to__lt=clock.today()
        )
        has = set(has.values_list("user", flat=True))
        free = [user for user in self.everybody(unit.level == Level.COMMUNE) if user.pk not in has]
        if not free:
            return False
        RoleAssignment.objects.create(
            user=self.chance.choice(free), role=role, org_unit=unit, valid_from=clock.today()
        )
        self.read.clear()
        return True

    def lend(self):
        held = self.held()
        post = held and self.chance.choice(held)
        others = post and [
            user
            for user in self.everybody(post.org_unit_id != self.province.pk)
            if user.pk != post.user_id
        ]
        if not others:
            return False
        first = clock.today() + timedelta(days=self.chance.randrange(2))
        last = first + timedelta(days=self.chance.randrange(6))
        if post.substitutions.filter(valid_from__lte=last, valid_to__gte=first).exists():
            return False
        Substitution.objects.create(
            assignment=post, substitute=self.chance.choice(others), valid_from=first,
            valid_to=last, reason="Nghỉ phép", created_by=post.user,
        )  # fmt: skip
        return True

    def recall(self):
        today = clock.today()
        lent = list(
            Substitution.objects.in_force(today).filter(valid_from__lt=today).order_by("pk")
        )
        if lent:
            update_as_owner(
                Substitution.objects.filter(pk=self.chance.choice(lent).pk),
                valid_to=today - timedelta(days=1),
            )
        return bool(lent)

    def switch(self):
        """An account is closed, or opened again."""
        keeps = RoleAssignment.objects.filter(role=Role.LEADER, org_unit=self.province)
        users = User.objects.filter(
            pk__in=[each.pk for both in self.people.values() for each in both]
        )
        users = users.exclude(pk__in=keeps.values("user"))
        closed = list(users.filter(is_active=False).order_by("pk"))
        user = self.chance.choice(closed or list(users.order_by("pk")))
        update_as_owner(User.objects.filter(pk=user.pk), is_active=not user.is_active)
        return True

    def merge(self):
        """The commune is taken over by another from the next morning: most keep their work there,
        some posts are vacant, and what was begun goes on.
        """
        if self.mergers == MERGERS:
            return False
        self.mergers += 1
        today, old = clock.today(), self.commune
        self.commune = OrgUnit.objects.create(
            code=f"X{self.mergers}", name=f"Xã mới {self.mergers}", level=Level.COMMUNE,
            parent=self.province, valid_from=today + timedelta(days=1),
        )  # fmt: skip
        old.valid_to = today
        save_as_owner(old)
        old.successors.set([self.commune])
        for post in RoleAssignment.objects.held_on(today).filter(org_unit=old).order_by("pk"):
            update_as_owner(RoleAssignment.objects.filter(pk=post.pk), valid_to=today)
            if self.chance.random() < 0.7:
                RoleAssignment.objects.create(
                    user=post.user, role=post.role, org_unit=self.commune,
                    valid_from=today + timedelta(days=1),
                )  # fmt: skip
        return self.later(1)

    # --- Time -------------------------------------------------------------------------------

    def day_off(self):
        day = clock.today() + timedelta(days=self.chance.randrange(-3, 12))
        if day.weekday() > 4:
            return False
        rows = recalculation.checked(
            [{"day": day.isoformat(), "what": "off", "name": "Bão", "document": "12/TB-BNV"}]
        )
        recalculation.apply(rows, by=None)
        Job.objects.create(
            kind="recalculate_terms", created_at=clock.now(),
            params={"days": [day.isoformat()], "document": "12/TB-BNV"},
        )  # fmt: skip
        run_waiting()
        return True

    def day(self):
        """The next morning, and its beat."""
        return self.later(1)

    def away(self):
        """Days without a beat, then one."""
        return self.later(self.chance.randrange(3, 10))

    def later(self, days):
        day = timezone.localdate(self.now) + timedelta(days=days)
        self.now = timezone.make_aware(datetime.combine(day, time(8)))
        with clock.at(self.now):
            self.read.clear()
            self.morning()
            return self.beat()

    def morning(self):
        """The morning's letter of somebody names only what its reader may see."""
        reader = self.chance.choice(self.everybody(self.chance.random() < 0.5))
        named = set(NAMED.findall(digests.text_for(reader, self.now - timedelta(days=3), self.now)))
        seen = Dossier.objects.visible_to(reader).values_list("product__name", flat=True)
        if named and (unseen := named - set(seen)):
            self.found["told_without_right"].append(f"morning of {reader}: {unseen}")

    def beat(self):
        """What the beat does; all that it tells is told to somebody who may read it."""
        last = Notification.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        entry = HistoryEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        handover.keep_posts()
        for task in Task.objects.open().filter(owner__isnull=False).select_related("owner"):
            if not holds_task(task.owner, task):
                self.found["disagreeing"].append(f"{task}: {task.owner} keeps it")
        sweep()
        while dispatch():
            pass
        readers = {}
        for told in Notification.objects.filter(pk__gt=last).select_related("entry", "recipient"):
            if not may_read(readers.setdefault(told.recipient_id, told.recipient), told.entry):
                self.found["told_without_right"].append(f"{told.entry.event} {told.recipient}")
        for rung in HistoryEntry.objects.filter(pk__gt=entry, event__in=audiences.RUNGS):
            self.is_told(rung)
        return True

    def is_told(self, rung):
        """A rung has a reader; one of the officer is read by all who may do the task."""
        readers = set(rung.notifications.values_list("recipient", flat=True))
        if not readers:
            self.found["untold"].append(f"{rung.event} {rung.data}")
        task = Task.objects.open().filter(pk=rung.data["task"]).first()
        hears = [rung.data["rung"].partition(":")[2].partition("/")[0], *rung.data.get("also", [])]
        if task is not None and "officer" in hears and not audiences.workers(task) <= readers:
            self.found["untold"].append(f"{rung.event} {rung.data}: {readers}")

    # --- What must be so --------------------------------------------------------------------

    def agree(self, task):
        """Rule, list and alert name the same people; the task and its term the same day."""
        claim = (task.owner_id, task.role, task.org_unit_id)
        people = doers([claim])[claim]
        everybody = [*self.everybody(True), *self.everybody(False)]
        # Who may, and of the others some: each costs a reading of their posts.
        others = self.chance.sample([each for each in everybody if each.pk not in people], 2)
        asked = others + [each for each in everybody if each.pk in people]
        # Whose posts are read already.
        task.owner = next((each for each in everybody if each.pk == task.owner_id), task.owner)
        rule = {user.pk for user in asked if holds_task(user, task)}
        # The alert asks what was asked for the list above: seldom anything else.
        told = audiences.workers(task) if self.chance.random() < 0.2 else people
        if not people == rule == told:
            self.found["disagreeing"].append(f"{task}: {people} {rule}")
        someone = self.chance.choice(asked)
        if (task in Task.objects.to_do(someone)) != (someone.pk in rule):
            self.found["disagreeing"].append(f"{task}: list of {someone}")
        if not people and not audiences._first(task):
            self.found["untold"].append(f"{task}: a vacant post, and nobody hears")
        term = task.term
        stands = term.state != TermState.RUNNING or Explanation(term).stands
        if (task.due_on, task.due_at) != (term.due_on, term.due_at) or not stands:
            self.found["wrong_days"].append(f"{task}: {task.due_on} {term.due_on}")

    def goes_on(self, task):
        """With somebody at its post, at least one act of the task succeeds."""
        with transaction.atomic():
            by = self.who_may(task)
            if by is None:
                self.appoint(task.role, task.org_unit.heir())
                by = self.who_may(task)
            # While a round has it, the round is its way on: see ``rounds_go_on``.
            held = task.dossier.held() is not None
            if (
                by is not None
                and not held
                and not any(self.tried(task, name, by) for name in task.acts())
            ):
                self.found["dead_ends"].append(f"{task} {task.state}")
            transaction.set_rollback(True)
        self.read.clear()

    def everybody_is_back(self):
        """At the end: with all posts filled, each dossier is walked to where its walk ends."""
        for task in Task.objects.open().select_related("dossier", "org_unit", "owner", "term"):
            self.agree(task)
        update_as_owner(User.objects, is_active=True)
        self.read.clear()
        for role, unit in self.posts:
            self.appoint(role, unit)
        self.all_rounds_end()
        for dossier in Dossier.objects.filter(tasks__open_state__isnull=False):
            for _act in range(40):
                task = Task.objects.open().filter(dossier=dossier).first()
                if task is None:
                    break
                by = self.who_may(task)
                if task.dossier.state == State.AWAITING_DECISION and task.dossier.stars == 5:
                    self.approved(task.dossier)
                if by is None or not any(self.tried(task, name, by) for name in task.acts()):
                    self.found["dead_ends"].append(f"{task} {task.state}: at the end")
                    break
            else:
                self.found["dead_ends"].append(f"{dossier} goes in a circle: {self.why}")
        left = Term.objects.live().filter(task__isnull=False, task__open_state=None)
        self.found["wrong_days"] += [f"{term}: runs on" for term in left]

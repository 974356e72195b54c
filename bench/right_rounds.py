"""The council's part of the walk in ``right_model``: rounds from their beginning to their end and
back, judged by people whose seats end, who are absent, recused or locked out.
"""

from collections import Counter, defaultdict
from contextlib import suppress
from datetime import datetime, time, timedelta
from decimal import Decimal

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from councils.judging import closing, ranking
from councils.judging.checklist import checklist, unresolved
from councils.judging.tally import HandedIn, tally
from councils.models import (
    Council,
    EvaluationRound,
    Member,
    Opinion,
    RoundClosed,
    RoundMode,
    RoundState,
    Score,
    Scoresheet,
    Seat,
    SheetSealed,
    SheetState,
)
from councils.models.scoresheet import HANDED_IN
from cycle import clock
from cycle.models import Role, User
from cycle.models.job import run_waiting
from dossiers.models import ActNotPossible, ConditionNotMet, Dossier, PaperRequired, State, Term
from dossiers.rules import doers
from dossiers.walk import doors
from tests import judging, records
from tests.law_acts import HANDS_IN
from tests.owning import update_as_owner
from tests.standing import stand
from tests.world import open_dossier, person

REFUSED = (
    ActNotPossible, ConditionNotMet, PaperRequired, PermissionDenied, RoundClosed, SheetSealed,
    ValidationError,
)  # fmt: skip
DAY = timedelta(days=1)
LIVE = (RoundState.PREPARING, RoundState.OPEN)
#: How often each move comes, beside those of ``right_model``.
MOVES = {
    "begin_round": 12, "take_in": 3, "invite": 2, "put_off": 1, "open_round": 10, "score": 24,
    "pen_sheet": 3, "compare": 3, "take_back": 1, "interest": 2, "lift": 1, "attend": 6, "count": 8,
    "score_again": 2, "accept_spread": 2, "resolve": 3, "eliminate": 1, "drop": 0.5, "leave_out": 1,
    "close_round": 10, "reopen_round": 3, "void_round": 0.5, "convene": 2, "seat_ends": 1,
    "seat_given": 2, "lock_out": 1, "approve": 4, "revoke": 1,
    "remedy": 24, "term_ends": 0.7, "extend": 2, "ask": 3, "answer": 3,
}  # fmt: skip


class Rounds:
    """Moves on councils and rounds; the class they are mixed into has the office and the time."""

    def found_council(self):
        """A council of the province, and people who may be seated later."""
        self.given_up = []
        #: How often rounds were finished from a state: (state, mode, what was left to do).
        self.finished_from = Counter()
        #: Who had a permission when it was last looked for, by the permission's name.
        self.had = {}
        #: The options with the most points, by the id of the rubric.
        self.best = {}
        judging.regulate(self.province)
        office = next(self.may("councils.set_up", self.province))
        self.council = judging.seat(self.province, office)
        self.spare = [person(f"du_bi_{n}", f"Dự Bị {n}") for n in range(6)]

    # --- Who, and which -----------------------------------------------------------------------

    def at_council(self):
        """The people of the council and those that may be, with an account."""
        seated = self.council.members.values_list("user", flat=True)
        return self.active("council", lambda: [*seated, *(user.pk for user in self.spare)])

    def may(self, permission, about):
        """Those who have the permission now, in a row by chance."""
        people = self.everybody(False)
        if hasattr(self, "council"):
            people += self.at_council()
        self.chance.shuffle(people)
        if self.chance.random() < 0.8:
            # Mostly whoever had it the last time: to ask everybody takes long.
            people.sort(key=lambda user: user.pk != self.had.get(permission))
        return (user for user in people if rules.has_perm(permission, user, about))

    def one(self, permission, about):
        found = next(self.may(permission, about), None)
        self.had[permission] = found and found.pk
        return found

    def round_(self, *states, **where):
        """Some round in one of the states, or None."""
        found = EvaluationRound.objects.filter(state__in=states, **where).order_by("pk")
        found = list(found.select_related("council__org_unit", "regulation", "cycle"))
        return self.chance.choice(found) if found else None

    def entry(self, round_):
        found = list(round_.entries.filter(live=True).order_by("pk")) if round_ else []
        return self.chance.choice(found) if found else None

    def by(self, round_, permission="councils.run_round"):
        return round_ and self.one(permission, round_)

    # --- A round before it opens --------------------------------------------------------------

    def before_the_council(self):
        """There are always products that wait for the council."""
        here = self.commune.pk
        officers = [each for each in self.everybody(True) if each.capacity("officer", here)]
        waiting = Dossier.objects.filter(state=State.PROVINCE_EVALUATING)
        if not officers or waiting.exclude(round_entries__live=True).count() > 1:
            return
        case = self.chance.choice(["first", "reevaluation"])
        dossier = open_dossier(
            self.cycle, self.commune, officers[0], name=f"Trà {Dossier.objects.count()}",
            case_type=case,
        )  # fmt: skip
        stand(dossier, State.PROVINCE_EVALUATING, stars=None, points_sum=None, sheets=None)
        # Put there and not walked: what was begun before is over.
        for term in Term.objects.live().filter(task__dossier=dossier, task__open_state=None):
            term.stop(at=clock.now(), by=officers[0])

    def begin_round(self):
        if EvaluationRound.objects.filter(state__in=LIVE).count() > 1:
            return False
        self.before_the_council()
        day = clock.today() + DAY * self.chance.choice([0, 0, 0, 1, 3])
        meets_at = timezone.make_aware(datetime.combine(day, time(9)))
        round_ = EvaluationRound(
            council=self.council, cycle=self.cycle, name=f"Đợt {self.steps}",
            mode=(mode := self.chance.choice([*[RoundMode.MEETING] * 3, RoundMode.WRITTEN])),
            meets_at=max(meets_at, clock.now()) if mode == RoundMode.MEETING else None,
            place="Phòng họp tầng 2",
        )  # fmt: skip
        if by := self.one("councils.run_round", round_):
            EvaluationRound.create(round_, by=by)
            self.brought(round_, by)
            return True
        return False

    def take_in(self):
        round_ = self.round_(*LIVE)
        if by := self.by(round_):
            return self.brought(round_, by)
        return False

    def brought(self, round_, by):
        waiting = list(round_.awaiting().select_related("rule_set"))
        if not waiting:
            return False
        edition = waiting[0].rule_set_id
        its = [each for each in waiting if each.rule_set_id == edition][:3]
        pairs = [(each, judging.rubric_of(each)) for each in its]
        closing.take_in(round_, pairs, by=by, reason="Hồ sơ về lại", complexity="Cùng nhãn hiệu")
        return True

    def invite(self):
        round_ = self.round_(RoundState.PREPARING)
        if by := self.by(round_):
            round_.invite(by=by)
            return True
        return False

    def put_off(self):
        round_ = self.round_(*LIVE)
        opened = round_ and round_.is_open
        if by := self.by(round_, "councils.settle_scorers" if opened else "councils.run_round"):
            meets_at = clock.now() + DAY * self.chance.randrange(1, 5)
            if round_.state == RoundState.OPEN:
                round_.move_meeting(meets_at=meets_at, reason="Bão", by=by)
            else:
                round_.amend(meets_at=meets_at, by=by)
            return True
        return False

    def open_round(self):
        round_ = self.round_(RoundState.PREPARING)
        if by := self.by(round_, "councils.preside"):
            self.opened(round_, by)
            return True
        return False

    def opened(self, round_, by):
        """Open it, once the office has reported on its re-evaluations."""
        anew = round_.entries.filter(live=True, dossier__case_type="reevaluation").first()
        office = anew and self.one("councils.report", anew)
        if office:
            judging.report(round_, by=office)
        round_.open(by=by)

    # --- Judging --------------------------------------------------------------------------------

    def wish(self):
        """How a member scores: mostly well, so that members seldom differ much."""
        worse = self.chance.choice([0, 0, 0, 0, 0.02, 0.1, 0.5])
        draw = self.chance.random
        return lambda criterion, options: options[-1 if draw() >= worse else 0]

    def score(self):
        """The members who have not handed in do, but those who may not."""
        round_ = self.round_(RoundState.OPEN)
        entry = self.entry(round_)
        if entry is None:
            return False
        judges = round_.scoring_members.select_related("user").filter(user__is_active=True)
        done = 0
        for member in self.chance.sample(list(judges.order_by("pk")), judges.count()):
            with suppress(*REFUSED), transaction.atomic():
                sheet = Scoresheet.of(entry, member)
                if sheet.is_draft:
                    judging.fill(entry, member, self.wish())
                    done += 1
        return bool(done)

    def pen_sheet(self):
        round_ = self.round_(RoundState.OPEN)
        entry, by = self.entry(round_), self.by(round_, "councils.type_sheet")
        judges = entry and list(round_.scoring_members.order_by("pk"))
        if judges and by:
            self.typed(entry, self.chance.choice(judges), by)
            return True
        return False

    def typed(self, entry, member, by):
        with transaction.atomic():
            sheet = Scoresheet.type_in(entry, member, by=by)
            judging.score(sheet, judging.choose(entry.rubric, self.wish()), by=by)
            sheet.submit(by=by)
        return sheet

    def compare(self):
        sheet = Scoresheet.objects.filter(
            state=SheetState.ENTERED, entry__live=True, entry__round__state=RoundState.OPEN,
            scoring=F("entry__scoring"),
        ).order_by("pk").first()  # fmt: skip
        by = sheet and self.one("councils.confirm_sheet", sheet)
        if by:
            (sheet.confirm if self.chance.random() < 0.8 else sheet.send_back)(by=by)
        return bool(by)

    def take_back(self):
        entry = self.entry(self.round_(RoundState.OPEN))
        sheet = entry and entry.sheets.filter(scoring=entry.scoring).order_by("pk").last()
        if sheet and sheet.member:
            sheet.take_back(by=sheet.member.user)
            return True
        return False

    def interest(self):
        """A member recuses, before or after the scoring; or scores all the same."""
        round_ = self.round_(*LIVE)
        entry = self.entry(round_)
        judges = entry and list(round_.scoring_members.select_related("user").order_by("pk"))
        if not judges:
            return False
        member = self.chance.choice(judges)
        by = self.chance.choice([member.user, self.by(round_) or member.user])
        round_.declare_interest(
            entry, member, kind=self.chance.choice(["declared", "relative"]), reason="Họ hàng",
            correction="Ghi nhầm", recused=self.chance.random() < 0.6, by=by,
        )  # fmt: skip
        return True

    def lift(self):
        """An interest is taken off as recorded wrongly; never by its own member."""
        entry = self.entry(self.round_(*LIVE))
        stands = entry and entry.interests.standing().select_related("member__user").first()
        by = stands and self.by(entry.round, "councils.record_interest")
        if not by:
            return False
        try:
            with transaction.atomic():
                entry.round.lift_interest(stands, reason="Ghi nhầm", by=stands.member.user)
        except REFUSED:
            pass
        else:
            self.found["disagreeing"].append(f"{stands}: taken off by its own member")
        entry.round.lift_interest(stands, reason="Ghi nhầm", by=by)
        return True

    def attend(self):
        round_ = self.round_(*LIVE)
        by = self.by(round_, "councils.settle_scorers")
        if not by:
            return False
        seats = list(round_.seats.order_by("pk"))
        many = self.chance.choice([0, 0, 1, 1, 2]) if seats else 0
        away = self.chance.sample(seats, min(many, len(seats)))
        round_.attend({each.pk: each not in away for each in seats}, by=by, reason="Ghi nhầm")
        return True

    def count(self):
        round_ = self.round_(RoundState.OPEN)
        if by := self.by(round_, "councils.count_sheets"):
            closing.count(round_, closing.countable(round_), by=by)
            return True
        return False

    def score_again(self):
        return self.presided("score_again", "Chênh lệch lớn")

    def accept_spread(self):
        return self.presided("accept_spread", "Hội đồng thống nhất")

    def presided(self, act, reason):
        """What the chair decides of a product of an open round."""
        round_ = self.round_(RoundState.OPEN)
        entry, by = self.entry(round_), self.by(round_, "councils.settle_spread")
        if entry and by:
            getattr(round_, act)(entry, by=by, reason=reason)
            return True
        return False

    def resolve(self):
        """The council resolves on what its sheets leave open."""
        round_ = self.round_(RoundState.OPEN)
        return bool(round_ and self.resolved(round_, self.chance.random() < 0.5))

    def resolved(self, round_, holds):
        by = self.by(round_)
        if not by:
            return 0
        number = 0
        for its in tally(round_).values():
            for finding in unresolved(round_, its):
                met = finding.verdict is ranking.Verdict.MET
                with suppress(ConditionNotMet), transaction.atomic():
                    round_.resolve(
                        its.entry, criterion=its.entry.rubric.criteria.get(pk=finding.criterion),
                        stars=finding.stars, holds=holds or met, reason="Hội đồng kết luận",
                        correction="Kết luận lại", by=by,
                    )  # fmt: skip
                    number += 1
        return number

    def eliminate(self):
        round_ = self.round_(RoundState.OPEN)
        entry, by = self.entry(round_), self.by(round_)
        if entry and by:
            round_.resolve(
                entry, elimination=entry.rubric.eliminations.first(),
                holds=self.chance.random() < 0.5, reason="Hồ sơ giả",
                correction="Kết luận lại", by=by,
            )  # fmt: skip
            return True
        return False

    def drop(self):
        round_ = self.round_(*LIVE)
        entry, by = self.entry(round_), self.by(round_, "councils.undo")
        if entry and by:
            round_.drop(entry, by=by, reason="Chờ kiểm nghiệm")
            return True
        return False

    def leave_out(self):
        round_ = self.round_(RoundState.OPEN)
        return bool(round_ and self.strays_left_out(round_))

    def strays_left_out(self, round_):
        sheets, number, by = HandedIn.of(round_), 0, self.by(round_, "councils.settle_scorers")
        for entry in round_.entries.filter(live=True) if by else ():
            stray = entry.sheets.filter(
                member__in=sheets.stray(entry), scoring=entry.scoring, state__in=HANDED_IN
            )
            for sheet in stray:
                sheet.void(by=by, reason="Không thuộc người chấm")
                number += 1
        return number

    # --- The end, and the ways back ---------------------------------------------------------------

    def close_round(self):
        round_ = self.round_(RoundState.OPEN)
        if by := self.by(round_, "councils.preside"):
            self.closed(round_, by)
            return True
        return False

    def closed(self, round_, by):
        """Close, and compare the result and the dossiers with what the sheets add up to."""
        said, expected = defaultdict(Decimal), {}
        sheets = Scoresheet.objects.counted().filter(entry__round=round_, entry__live=True)
        for sheet in sheets.prefetch_related("scores"):
            said[sheet.entry_id, sheet.pk] = judging.total(sheet)
        for entry_id, _sheet in said:
            totals = [points for (each, _), points in said.items() if each == entry_id]
            expected[entry_id] = (sum(totals), len(totals))
        made = closing.close(round_, by=by)
        run_waiting()
        results = list(made.results.select_related("entry__dossier__rule_set", "consequence"))
        if {each.entry_id: (each.points_sum, each.sheets) for each in results} != expected:
            self.found["wrong_results"].append(f"{round_}: {expected}")
        for result in results:
            self.result_is_carried_out(result)
        return made

    def result_is_carried_out(self, result):
        """The band by hand, and what the dossier now says."""
        mean, dossier = result.points_sum / result.sheets, result.entry.dossier
        floors = {5: 90, 4: 70, 3: 50, 2: 30}
        band = max((stars for stars, floor in floors.items() if mean >= floor), default=1)
        if result.consequence.applied_at is None:
            self.found["wrong_results"].append(f"{dossier}: {result.consequence.error}")
        elif result.eliminated:
            if dossier.state != State.NOT_RECOGNISED:
                self.found["wrong_results"].append(f"{dossier}: eliminated, {dossier.state}")
        elif not (
            (dossier.points_sum, dossier.sheets, dossier.stars)
            == (result.points_sum, result.sheets, result.stars)
            and result.band == band >= result.stars
            and dossier.state == State.RANKED
        ):
            self.found["wrong_results"].append(f"{dossier}: {result.stars} {dossier.state}")

    def remedy(self):
        """What the checklist asks first; the closing when it asks nothing."""
        round_ = self.round_(*LIVE)
        items = [item for item in checklist(round_) if not item.met] if round_ else []
        if items:
            with transaction.atomic():
                self.remedied(round_, self.chance.choice(items))
        elif round_:
            self.closed(round_, self.by(round_, "councils.preside"))
            self.moves["close_round"] += 1
        return bool(round_)

    def reopen_round(self):
        round_ = self.round_(RoundState.CLOSED)
        if by := self.by(round_, "councils.undo"):
            closing.reopen(round_, by=by, reason="Khiếu nại", document=self.decision())
            return True
        return False

    def void_round(self):
        round_ = self.round_(*LIVE)
        if by := self.by(round_, "councils.undo"):
            round_.void(by=by, reason="Hoãn đợt", document=self.decision())
            return True
        return False

    def convene(self):
        round_ = self.round_(RoundState.OPEN, mode=RoundMode.WRITTEN)
        if by := self.by(round_):
            closing.convene(round_, by=by, meets_at=clock.now() + 2 * DAY, place="Tầng 2")
            return True
        return False

    # --- Seats ------------------------------------------------------------------------------------

    def seat_ends(self):
        by = self.one("councils.seat", self.council)
        seats = list(self.council.members.filter(until=None).order_by("pk"))
        if by and seats:
            self.council.take_seat(
                self.chance.choice(seats), by=by, until=clock.today() + DAY, reason="Chuyển việc",
                document=self.decision(),
            )  # fmt: skip
            return True
        return False

    def seat_given(self):
        return bool(self.seated(clock.today()))

    def seated(self, since):
        """Fill the seats that are free; returns how many."""
        by, number = self.one("councils.seat", self.council), 0
        sitting = list(self.council.members.sitting(since).values_list("seat", flat=True))
        free = [seat for seat in (Seat.CHAIR, Seat.SECRETARY) if seat not in sitting]
        free += [Seat.MEMBER] * (4 - sitting.count(Seat.MEMBER))
        for held in free if by else ():
            for user in self.at_council():
                with suppress(*REFUSED), transaction.atomic():
                    self.council.give_seat(
                        Member(user=user, seat=held, department="Sở", since=since), by=by
                    )
                    number += 1
                    break
        self.read.clear()
        return number

    def lock_out(self):
        """An account of somebody at the council is closed, or opened again."""
        ids = self.council.members.values_list("user", flat=True)
        users = list(User.objects.filter(pk__in=ids).order_by("pk"))
        closed = [each for each in users if not each.is_active]
        user = self.chance.choice(closed or users)
        update_as_owner(User.objects.filter(pk=user.pk), is_active=not user.is_active)
        return True

    def term_ends(self):
        """The council's term ends in some days, and with it sometimes all seats."""
        if self.council.valid_to is not None and self.council.valid_to >= clock.today():
            return False
        last = clock.today() + DAY * self.chance.randrange(4)
        update_as_owner(Council.objects.filter(pk=self.council.pk), valid_to=last)
        if self.chance.random() < 0.5:
            update_as_owner(self.council.members.filter(until=None, since__lte=last), until=last)
        self.council.refresh_from_db()
        self.read.clear()
        return True

    def extend(self):
        return self.council.valid_to is not None and self.extended(clock.today())

    def extended(self, day):
        """The council's term reaches ``day`` and further, on a document."""
        by, last = self.one("councils.seat", self.council), self.council.valid_to
        if by is None or last is None:
            return False
        self.council.extend(
            valid_to=max(day, last) + 60 * DAY,
            reason="Còn đợt",
            document=self.decision(),
            by=by,
        )
        self.read.clear()
        return True

    # --- Departments --------------------------------------------------------------------------

    def ask(self):
        """A department is asked about a product."""
        round_ = self.round_(*LIVE)
        entry, by = self.entry(round_), self.by(round_)
        people = [each for each in self.everybody(False) if each.posts(Role.DEPARTMENT)]
        if not entry or not by or not people:
            return False
        to = self.chance.choice(people)
        Opinion.ask(
            Opinion(entry=entry, to=to, department="Sở Y tế", question="Đạt không?"), days=3, by=by
        )
        return True

    def answer(self):
        """Who may answer today is who has the question; one of them does."""
        found = list(Opinion.objects.filter(answered_at=None).order_by("pk"))
        opinion = self.chance.choice(found) if found else None
        if opinion is None:
            return False
        people = doers([opinion.claim])[opinion.claim]
        may = {each.pk for each in self.may("councils.answer_opinion", opinion)}
        if people and may != people:
            self.found["disagreeing"].append(f"{opinion}: {people} {may}")
        by = self.one("councils.answer_opinion", opinion)
        if by:
            opinion.reply("Đạt yêu cầu", by=by)
        return bool(by)

    # --- After the council ------------------------------------------------------------------------

    def approve(self):
        """The chair's decision that approves a result of 90 points, or anything below refused."""
        found = Dossier.objects.filter(state=State.AWAITING_DECISION, stars=5).order_by("pk")
        return sum(map(self.approved, found[:3]))

    def approved(self, dossier):
        by = self.one("dossiers.approve_result", dossier)
        with suppress(*REFUSED), transaction.atomic():
            doors.act(dossier.process, "approve_result", by=by, paper=self.paper())
            return True
        return False

    def decision(self):
        """Another, of a day long gone: one document is for one purpose."""
        self.papers += 1
        return judging.paper(f"{self.papers}/VB-UBND ngày 01/02/2026")

    def paper(self):
        """A document of the province with a number of its own."""
        self.papers += 1
        return records.signed_paper(number=f"{self.papers}/QĐ-KQ")

    def revoke(self):
        found = Dossier.objects.filter(
            state__in=[State.CERTIFIED, State.PROMOTED], tasks__isnull=False
        )
        dossier = found.order_by("-pk").first()
        by = dossier and self.one("dossiers.revoke", dossier)
        if by:
            given = HANDS_IN["revoke"]() | {"paper": self.paper()}
            doors.act(dossier.process, "revoke", by=by, reason="Theo kết luận", **given)
            return True
        return False

    # --- No dead end ------------------------------------------------------------------------------

    def rounds_go_on(self):
        """Some round is finished from where it stands, and is given up; both undone."""
        round_ = self.round_(*LIVE)
        if round_ is None:
            return
        left = {item.code for item in checklist(round_) if not item.met}
        state = (round_.state, round_.mode, *sorted(left))
        self.finished_from[state] += 1
        # The second time from such a state it seldom goes another way.
        if self.finished_from[state] > 1 and self.chance.random() < 0.9:
            return
        with transaction.atomic():
            self.finished(round_.pk)
            transaction.set_rollback(True)
        self.read.clear()
        with transaction.atomic():
            if not self.gave_up(round_.pk):
                self.found["dead_ends"].append(f"round {round_.pk}: neither ends nor is given up")
            transaction.set_rollback(True)
        self.read.clear()

    def helpers(self):
        """The post that may do all that is left: filled, if nobody has it."""
        for _one in range(2):
            self.appoint(Role.COUNCIL_OFFICE, self.province)
        users = self.council.members.values("user")
        update_as_owner(User.objects.filter(pk__in=users), is_active=True)
        self.read.clear()

    def gave_up(self, pk):
        self.helpers()
        round_ = EvaluationRound.objects.get(pk=pk)
        round_.void(by=self.by(round_, "councils.undo"), reason="Thôi", document=self.decision())
        return not round_.entries.filter(live=True).exists()

    def finished(self, pk):
        """Do what the checklist asks until the round closes; returns whether it did.

        A round that can only be given up is kept in ``given_up``, with why.
        """
        self.helpers()
        moment, codes, meetings = self.now, [], []
        for _step in range(25):
            with clock.at(moment):
                round_ = EvaluationRound.objects.get(pk=pk)
                if round_.state == RoundState.VOID:
                    return True
                items = [item for item in checklist(round_) if not item.met]
                codes = [item.code for item in items]
                try:
                    if not codes:
                        self.closed(round_, self.by(round_, "councils.preside"))
                        return all(map(self.finished, meetings))
                    with transaction.atomic():
                        made = self.remedied(round_, items[0])
                    if codes[0] == "meeting":
                        meetings.append(made.pk)
                    elif codes[0] in ("day", "open", "quorum", "chair") and made:
                        moment = max(moment, made)
                        self.read.clear()
                except REFUSED as refused:
                    self.given_up.append(f"round {pk} {codes[0]}: {refused}"[:200])
                    return False
        self.given_up.append(f"round {pk} goes in a circle: {codes}")
        return False

    def remedied(self, round_, item):
        """What the page behind an item of the checklist does; a moment to go on at, if later."""
        runs, code = self.by(round_), item.code
        if code in ("term", "open"):
            for day in {clock.today(), round_.met_on or clock.today()}:
                if self.council.not_in_term(day):
                    self.extended(max(day, clock.today()))
        if code == "day":
            return round_.meets_at
        if code == "open":
            if self.council.missing():
                self.seated(clock.today())
            if self.council.missing():
                # On the day of a meeting no seat begins.
                self.seated(clock.today() + DAY)
                return clock.now() + DAY
            if not round_.entries.filter(live=True).exists():
                if not self.brought(round_, runs):
                    round_.void(by=runs, reason="Không còn sản phẩm", document=self.decision())
                return None
            self.opened(round_, self.by(round_, "councils.preside"))
        elif code == "entries":
            undoes = self.by(round_, "councils.undo")
            round_.void(by=undoes, reason="Không còn sản phẩm", document=self.decision())
        elif code in ("quorum", "chair"):
            settles = self.by(round_, "councils.settle_scorers")
            seats = round_.seats.values_list("pk", flat=True)
            round_.attend(dict.fromkeys(seats, True), by=settles, reason="Ghi nhầm")
            if code in {each.code for each in checklist(round_) if not each.met}:
                later = clock.now() + DAY
                self.seated(later.date())
                round_.move_meeting(meets_at=later, reason="Thiếu người", by=settles)
                return later
        elif code == "few":
            undoes = self.by(round_, "councils.undo")
            round_.drop(item.entry, by=undoes, reason="Không đủ người chấm")
        elif code == "sheets":
            missing = HandedIn.of(round_).missing(item.entry)
            for member in Member.objects.filter(pk__in=missing).select_related("user"):
                self.handed_in(item.entry, member)
        elif code == "paper":
            sheet = item.entry.sheets.filter(state="entered", scoring=item.entry.scoring).first()
            sheet.confirm(by=self.one("councils.confirm_sheet", sheet))
        elif code == "stray":
            self.strays_left_out(round_)
        elif code == "count":
            closing.count(
                round_, closing.countable(round_), by=self.one("councils.count_sheets", round_)
            )
        elif code == "spread":
            settles = self.by(round_, "councils.settle_spread")
            round_.accept_spread(item.entry, by=settles, reason="Hội đồng thống nhất")
        elif code == "resolution":
            self.resolved(round_, True)
        elif code == "meeting":
            return closing.convene(round_, by=runs, meets_at=clock.now(), place="Tầng 2")
        return None

    def handed_in(self, entry, member):
        """The member's sheet counts, whatever became of it before."""
        sheet = Scoresheet.of(entry, member)
        if sheet.state == SheetState.ENTERED:
            sheet.confirm(by=self.one("councils.confirm_sheet", sheet))
            return
        if sheet.entered_by_id is not None:
            by = self.one("councils.hand_back_sheet", sheet)
            sheet.hand_back(by=by, reason="Thành viên tự chấm")
        elif sheet.state == SheetState.VOID:
            # Left out, and due again since.
            sheet.take_back(by=member.user)
        if entry.rubric_id not in self.best:
            self.best[entry.rubric_id] = judging.choose(entry.rubric, judging.best)
        # All at once: the moves of the walk choose them one by one.
        sheet.scores.filter(criterion__requires__isnull=False).delete()
        sheet.scores.all().delete()
        Score.objects.bulk_create(
            Score(
                sheet=sheet, criterion_id=option.criterion_id, option=option, points=option.points,
                saved_at=clock.now(),
            )
            for option in self.best[entry.rubric_id]
        )  # fmt: skip
        sheet.submit(by=member.user)

    def all_rounds_end(self):
        """At the end every round that lives is closed, or given up."""
        for _time in range(6):
            for round_ in EvaluationRound.objects.filter(state__in=LIVE).order_by("pk"):
                with transaction.atomic():
                    if not self.finished(round_.pk):
                        transaction.set_rollback(True)
                if EvaluationRound.objects.get(pk=round_.pk).state in LIVE:
                    self.gave_up(round_.pk)

"""Who may do what in councils: predicates of a person and an object. A superuser has no extra
right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import rules

from cycle import clock
from cycle.models import Level, Role, RoleAssignment, Substitution
from dossiers.law.states import LEVEL_JUDGING, STATE_AT
from dossiers.models import CaseType
from dossiers.rules import doers, hides_own_points

if TYPE_CHECKING:
    from collections.abc import Collection

    from councils.models import Council, EvaluationRound, Opinion, RoundEntry, Scoresheet
    from cycle.models import OrgUnit, User
    from dossiers.models import Dossier


def _active(user: User | None) -> TypeGuard[User]:
    return user is not None and user.is_active


def _holds(user: User, council: Council, *roles: str) -> bool:
    return any(user.capacity(role, council.org_unit_id) for role in roles)


def _scores_in(user: User | None, round_: EvaluationRound) -> bool:
    """Whether the person scores in the round, or will on the day of its meeting: they may not see
    others' sheets before it closes.
    """
    return round_.to_score.filter(user=user).exists()


@hides_own_points
def _scores_it_yet(user: User, dossier: Dossier) -> bool:
    """Whether the person scores the dossier in a round that hides the producer's own points from
    who does, and could still change a point because of them; or will, where the dossier waits for
    such a round: taken out of one, of one that was voided, or in none yet.
    """
    live = dossier.round_entries.filter(live=True).select_related("round__regulation").first()
    if live is not None:
        return not live.shows_self_score and _scores_in(user, live.round)
    level = LEVEL_JUDGING.get(dossier.state)
    unit = dossier.unit_at(level) if level in STATE_AT else None
    if unit is None or not would_score(user, unit.pk):
        return False
    law = unit.regulations.in_force(unit, clock.today())
    return law is None or not law.show_self_score


def would_score(user: User, org_unit_id: int) -> bool:
    """Whether the person would score in a round that a council of the unit begins today."""
    return user.seats.judging(org_unit_id, clock.today()).exists()


def _holds_office(user: User, round_: EvaluationRound) -> bool:
    """Whether the person acts as the council's office in the round. Who scores in it does not as
    another's substitute: standing in gives no power over one's own sheet or the others'.
    """
    post = user.capacity(Role.COUNCIL_OFFICE, round_.council.org_unit_id)
    if post is None or post.user_id == user.pk:
        return post is not None
    if round_.regulation_id is None:
        # A round that is not made yet gets the regulation in force, by which they would score.
        return not would_score(user, round_.council.org_unit_id)
    return not _scores_in(user, round_)


@rules.predicate
def sees_council(user: User | None, council: Council) -> bool:
    """Sits on the council, or works for its unit."""
    return _active(user) and (
        council.org_unit_id in user.business() or council.seat_of(user) is not None
    )


@rules.predicate
def sets_up(user: User | None, org_unit: OrgUnit) -> bool:
    """Is council office or OCOP officer of the unit, who set up councils and regulations; of those
    who score on its councils only in a post of their own: they record what the chair of the unit
    decided (Đ.7.3.b), and seat nobody where they score.
    """
    if not _active(user) or org_unit.level not in (Level.DISTRICT, Level.PROVINCE):
        return False
    found = [user.capacity(role, org_unit.pk) for role in (Role.COUNCIL_OFFICE, Role.OFFICER)]
    posts = [post for post in found if post is not None]
    return any(post.user_id == user.pk for post in posts) or bool(
        posts and not would_score(user, org_unit.pk)
    )


@rules.predicate
def seats_people(user: User | None, council: Council) -> bool:
    """Sets councils of its unit up and does not score on this one, today or later: who scores does
    not decide who scores with them.
    """
    return (
        _active(user)
        and bool(sets_up(user, council.org_unit))
        and not user.seats.judging(council.org_unit_id, clock.today())
        .filter(council=council)
        .exists()
    )


@rules.predicate
def lays_rules_down(user: User | None, org_unit: OrgUnit) -> bool:
    """Sets councils of the unit up and scores on none of them: the regulation says whether the
    secretary scores, and whom an interest keeps out.
    """
    return _active(user) and bool(sets_up(user, org_unit)) and not would_score(user, org_unit.pk)


@rules.predicate
def runs(user: User | None, round_: EvaluationRound) -> bool:
    """Is the council's secretary or its office, who prepare a round, open it, call what differs to
    a meeting and keep its papers. Also who scores in it and has such a post of their own: small
    offices have no other, and none of this says what a sheet is worth or whose counts.
    """
    council = round_.council
    return _active(user) and (
        _holds_office(user, round_) or council.seat_of(user, "secretary") is not None
    )


@rules.predicate
def presides(user: User | None, round_: EvaluationRound) -> bool:
    """Runs the round, or is chair or vice-chair: may see the board and close."""
    return runs(user, round_) or (
        _active(user) and round_.council.seat_of(user, "chair", "vice_chair") is not None
    )


@rules.predicate
def undoes(user: User | None, round_: EvaluationRound) -> bool:
    """Presides; once the round has opened, of those who score in it only as :func:`settles_spread`:
    to give it up, to open it again or to take a product out undoes what sheets and attendance say.
    """
    if round_.opened_at is None:
        return bool(presides(user, round_))
    return bool(settles_spread(user, round_))


@rules.predicate
def settles_spread(user: User | None, round_: EvaluationRound) -> bool:
    """Presides; of those who score in the round only who presides over its meeting (người chủ trì):
    its chair, in their absence a vice chair. By a post, as secretary, or raised since its meeting,
    nobody settles what their own sheet is part of: a spread, a tie, a minimum, an elimination.
    """
    return bool(presides(user, round_)) and (
        not _scores_in(user, round_) or round_.presiding.filter(user=user).exists()
    )


def _away(people: Collection[int]) -> set[int]:
    """Ids of those of ``people`` who are on leave today with somebody acting for them, or had posts
    and have none any more. Who never had one sits by the council's decision alone.
    """
    today = clock.today()
    on_leave = Substitution.objects.in_force(today).filter(assignment__user__in=people)
    held = RoleAssignment.objects.held_on(today).values("user")
    left = RoleAssignment.objects.filter(user__in=people, valid_to__lt=today)
    return set(on_leave.values_list("assignment__user", flat=True)) | set(
        left.exclude(user__in=held).values_list("user", flat=True)
    )


@rules.predicate
def counts_sheets(user: User | None, round_: EvaluationRound) -> bool:
    """May count the sheets: the council's secretary, or its office when no secretary can (without
    an active account, absent from the meeting, scoring, or away: on leave with somebody acting for
    them, or their post has ended). Never somebody who scores in the round. A secretary who is away
    and still seated may come and count, as a member who has left hands in a sheet; nobody waits.
    """
    if not _active(user) or _scores_in(user, round_):
        return False
    able = (
        round_.council.members.sitting()
        .filter(seat="secretary", user__is_active=True)
        .exclude(user__in=round_.to_score.values("user"))
        .exclude(pk__in=round_.attendances.filter(present=False).values("member"))
        .select_related("user")
    )
    secretaries = {member.user_id for member in able if member.user.has_usable_password()}
    if user.pk in secretaries:
        return True
    came = round_.attendances.filter(present=True, member__user__in=secretaries)
    here = set(came.values_list("member__user", flat=True))
    if secretaries - (_away(secretaries) - here):
        return False
    return bool(_holds(user, round_.council, Role.COUNCIL_OFFICE))


@rules.predicate
def sits(user: User | None, round_: EvaluationRound) -> bool:
    """Sits on the council today; in an open round also whoever scores in it though their seat on
    the council has ended.
    """
    return _active(user) and (
        round_.council.seat_of(user) is not None
        or (round_.is_open and round_.scoring_members.filter(user=user).exists())
    )


@rules.predicate
def appraises(user: User | None, round_: EvaluationRound) -> bool:
    """Sits in the support team."""
    return _active(user) and round_.council.seat_of(user, "team_lead", "team") is not None


@rules.predicate
def reports(user: User | None, entry: RoundEntry) -> bool:
    """Reports on the product: the support team; on a re-evaluation the council's office, which
    alone does where the edition says that it reports (Đ.7.6.c).
    """
    if not _active(user):
        return False
    dossier = entry.dossier
    if dossier.case_type != CaseType.REEVALUATION:
        return bool(appraises(user, entry.round))
    if _holds_office(user, entry.round):
        return True
    return not dossier.rule_set.office_reports and bool(appraises(user, entry.round))


@rules.predicate
def owns_sheet(user: User | None, sheet: Scoresheet) -> bool:
    """Is the member whose sheet it is, in a seat that scores; not of a pen sheet."""
    return (
        _active(user)
        and sheet.member is not None
        and sheet.member.user_id == user.pk
        and sheet.entered_by_id is None
        and sheet.entry.round.scoring_members.filter(pk=sheet.member_id).exists()
    )


@rules.predicate
def proposes_on_sheet(user: User | None, sheet: Scoresheet) -> bool:
    """Is in the support team, and the sheet is the team's."""
    return sheet.member_id is None and appraises(user, sheet.entry.round)


@rules.predicate
def runs_without_scoring(user: User | None, round_: EvaluationRound) -> bool:
    """Runs the round and does not score in it: may type pen sheets and hand them back, say who was
    there and whose sheet counts, and lift a declaration. Whoever may count the sheets is one.
    """
    return runs(user, round_) and not _scores_in(user, round_)


@rules.predicate
def typed_sheet(user: User | None, sheet: Scoresheet) -> bool:
    """May type this sheet, a pen sheet, while they may type any."""
    return (
        _active(user)
        and sheet.entered_by_id == user.pk
        and runs_without_scoring(user, sheet.entry.round)
    )


@rules.predicate
def compares_sheet(user: User | None, sheet: Scoresheet) -> bool:
    """May confirm a typed sheet: somebody who did not type it, and is its member, or runs or
    presides and does not score in the round.
    """
    if not _active(user) or sheet.entered_by_id in (None, user.pk):
        return False
    round_ = sheet.entry.round
    if sheet.member.user_id == user.pk:  # type: ignore[union-attr]  # a pen sheet is a member's
        return round_.scoring_members.filter(pk=sheet.member_id).exists()
    return presides(user, round_) and not _scores_in(user, round_)


@rules.predicate
def hands_back_sheet(user: User | None, sheet: Scoresheet) -> bool:
    """Runs the round and does not score in it, and the sheet is another's."""
    return (
        runs_without_scoring(user, sheet.entry.round)
        and sheet.member is not None
        and sheet.member.user_id != user.pk  # type: ignore[union-attr]  # who runs it is somebody
    )


@rules.predicate
def is_asked(user: User | None, opinion: Opinion) -> bool:
    """Is the one who was asked, while a specialist of the unit; or acts for them; or, as they are
    none any more, another specialist there. Where there is none, whoever runs the round and does
    not score in it records what came on paper.
    """
    if not _active(user):
        return False
    people = doers([opinion.claim])[opinion.claim]
    return user.pk in people or not people and bool(runs_without_scoring(user, opinion.entry.round))


@rules.predicate
def clerks(user: User | None, round_: EvaluationRound) -> bool:
    """May record numbers of the council's papers: clerk, council office or officer of the unit."""
    return _active(user) and (
        runs(user, round_) or _holds(user, round_.council, Role.CLERK, Role.OFFICER)
    )


@rules.predicate
def opens_evidence(user: User | None, entry: RoundEntry) -> bool:
    """Sits on the round's council, runs the round, or sees the dossier."""
    return (
        sits(user, entry.round)
        or runs(user, entry.round)
        or rules.has_perm("dossiers.view", user, entry.dossier)
    )


rules.add_perm("councils.view", sees_council)
rules.add_perm("councils.set_up", sets_up)
rules.add_perm("councils.seat", seats_people)
rules.add_perm("councils.regulate", lays_rules_down)
rules.add_perm("councils.run_round", runs)
rules.add_perm("councils.preside", presides)
rules.add_perm("councils.settle_spread", settles_spread)
rules.add_perm("councils.undo", undoes)
rules.add_perm("councils.count_sheets", counts_sheets)
rules.add_perm("councils.declare", sits)
rules.add_perm("councils.open_evidence", opens_evidence)
rules.add_perm("councils.appraise", appraises)
rules.add_perm("councils.report", reports)
rules.add_perm("councils.score", owns_sheet | proposes_on_sheet | typed_sheet)
rules.add_perm("councils.type_sheet", runs_without_scoring)
rules.add_perm("councils.record_interest", runs_without_scoring)
rules.add_perm("councils.settle_scorers", runs_without_scoring)
rules.add_perm("councils.confirm_sheet", compares_sheet)
rules.add_perm("councils.hand_back_sheet", hands_back_sheet)
rules.add_perm("councils.answer_opinion", is_asked)
rules.add_perm("councils.record_document", clerks)

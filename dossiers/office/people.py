"""People by ordinary pages: a new officer, another post, leaving, coming back (nhân sự).

An administrator of people sees everybody; who leads a unit sees who holds or held a post there. Who
may be given what, by whom and on what paper is asked of :mod:`cycle.appointing`, as everywhere.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

import rules
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext as _

from cycle import accounts, appointing, clock, letters, slips
from cycle.appointing import Appointed
from cycle.locking import locked
from cycle.models import (
    Cycle,
    Document,
    Fold,
    HistoryEntry,
    Role,
    RoleAssignment,
    Stream,
    User,
    fold,
)
from dossiers.office import handover
from dossiers.rules import administers_people

# --- Who may --------------------------------------------------------------------------------


def led_by(user: User) -> set[int]:
    """Ids of the units that this person leads, in their own right."""
    return {held.org_unit_id for held in handover.own_posts(user) if held.role == Role.LEADER}


def left_to(user: User) -> set[int]:
    """The same with the units that these took over: who was left there waits for somebody to give
    them a post of today.
    """
    return {
        unit
        for held in handover.own_posts(user)
        if held.role == Role.LEADER
        for unit in held.business
    }


@rules.predicate
def leads_somewhere(user: User | None) -> bool:
    """Leads some unit."""
    return user is not None and user.is_active and bool(led_by(user))


@rules.predicate
def appoints_at(user: User | None, unit_id: int | None) -> bool:
    """Gives and ends the posts of this unit."""
    return (
        user is not None
        and user.is_active
        and (administers_people(user) or unit_id in left_to(user))
    )


@slips.answering
@rules.predicate
def answers_for(user: User | None, person: User | None) -> bool:
    """May let this person in again: print them a slip, bring them back, note their address.

    A leader only for who has nothing beyond the leader's units, and not for another leader: with
    the account goes all that it may do.
    """
    if user is None or not user.is_active or person is None or user.pk == person.pk:
        return False
    if person.is_staff or person.is_superuser:
        return user.is_superuser
    if administers_people(user):
        return True
    mine = left_to(user)
    held = appointing.held_from(person, clock.today())
    return (
        bool(mine)
        and all(
            isinstance(row, RoleAssignment) and row.org_unit_id in mine and row.role != Role.LEADER
            for row in held
        )
        and not person.role_assignments.exclude(org_unit__in=mine).exists()
        and person.role_assignments.exists()
    )


rules.add_perm("dossiers.see_people", administers_people | leads_somewhere)
rules.add_perm("dossiers.appoint", appoints_at)
rules.add_perm("dossiers.answer_for", answers_for)


def seen_by(user: User) -> QuerySet[User]:
    """The people of whom ``user`` may know here: the query of the list."""
    if administers_people(user):
        return User.objects.all()
    mine = RoleAssignment.objects.filter(user=OuterRef("pk"), org_unit__in=left_to(user))
    return User.objects.filter(Exists(mine))


def endable(user: User, person: User) -> list[RoleAssignment]:
    """The posts of ``person`` that ``user`` may end: of today or to come, none handed over yet."""
    posts = person.role_assignments.filter(
        Q(valid_to=None) | Q(valid_to__gte=clock.today())
    ).select_related("org_unit", "user")
    return [
        post
        for post in posts.order_by("valid_from", "pk")
        if rules.has_perm("dossiers.appoint", user, post.org_unit_id)
    ]


# --- Who is who -------------------------------------------------------------------------------


def free_username(
    full_name: str, taken: Collection[str] = frozenset(), *, used: Collection[str] | None = None
) -> str:
    """A name to sign in with that nobody has: «Lò Thị An» is anlt, the next one anlt2.

    ``taken`` are names given in the same stroke; ``used`` those of all accounts, in small letters,
    when the caller has them.
    """
    words = re.findall("[a-z0-9]+", fold(full_name)) or ["nguoidung"]
    name = (words[-1] + "".join(word[0] for word in words[:-1]))[:40]
    if used is None:
        used = _usernames(User.objects.filter(username__istartswith=name))
    number = 1
    while (found := name if number == 1 else f"{name}{number}") in used or found in taken:
        number += 1
    return found


def _usernames(people: QuerySet[User]) -> set[str]:
    return {each.lower() for each in people.values_list("username", flat=True)}


def doubles(full_name: str, email: str = "", phone: str = "") -> QuerySet[User]:
    """Accounts that may be the same person's: of that name, address or telephone."""
    same = Q(folded=fold(full_name))
    if email:
        same |= Q(email__iexact=email)
    if phone:
        same |= Q(phone=phone)
    return (
        User.objects.filter(is_staff=False, is_superuser=False)
        .annotate(folded=Fold("full_name"))
        .filter(same)
        .prefetch_related("role_assignments__org_unit")
        .order_by("sort_key", "pk")
    )


class Doubles:
    """The same for many at once, read together."""

    def __init__(self, given: Iterable[tuple[str, str, str]]) -> None:
        """``given`` are the names, addresses and telephones that may be asked of."""
        names, emails, phones = (set(each) - {""} for each in zip(*given, strict=True))
        known = (
            User.objects.filter(is_staff=False, is_superuser=False)
            .annotate(folded=Fold("full_name"), reached=Lower("email"))
            .filter(
                Q(folded__in={fold(name) for name in names})
                | Q(reached__in={email.lower() for email in emails})
                | Q(phone__in=phones)
            )
            .prefetch_related("role_assignments__org_unit")
            .order_by("sort_key", "pk")
        )
        self._found: dict[tuple[str, str], list[tuple[int, User]]] = defaultdict(list)
        for number, person in enumerate(known):
            for key in self._keys(person.full_name, person.email, person.phone):
                self._found[key].append((number, person))

    @staticmethod
    def _keys(full_name: str, email: str, phone: str) -> list[tuple[str, str]]:
        keys = [("name", fold(full_name)), ("email", email.lower()), ("phone", phone)]
        return [key for key in keys if key[1]]

    def of(self, full_name: str, email: str = "", phone: str = "") -> list[User]:
        """What :func:`doubles` says of one of those given."""
        found = {
            number: person
            for key in self._keys(full_name, email, phone)
            for number, person in self._found.get(key, ())
        }
        return [found[number] for number in sorted(found)]


# --- What is done -----------------------------------------------------------------------------


def enrol(
    person: User, post: RoleAssignment, *, by: User, document: Document | None = None
) -> User:
    """A new officer: an account without a password, and their first post (cấp tài khoản).

    ``person`` and ``post`` are unsaved; an empty username is made from the name. Raises
    PermissionDenied, ValidationError; nothing is then written.
    """
    with transaction.atomic():
        many = Enrolments(by)
        many.add(person, post, document=document)
        many.write()
    return person


class Enrolments:
    """New officers, each checked by itself and all written together: of hundreds each statement
    counts. Inside one transaction.
    """

    def __init__(self, by: User) -> None:
        self.by = by
        self._used = _usernames(User.objects.all())
        self._first_leader = appointing.no_leader_yet()
        self._added: list[tuple[User, RoleAssignment]] = []
        self._may: dict[int, bool] = {}

    def add(self, person: User, post: RoleAssignment, *, document: Document | None = None) -> None:
        """Check one of them; nothing is written yet but the ``document``, typed for one or for
        several of them. Raises PermissionDenied, ValidationError.
        """
        # A name that was made here is free: nobody need ask the database again.
        is_made = not person.username
        person.username = person.username or free_username(person.full_name, used=self._used)
        person.set_unusable_password()
        person.full_clean(
            validate_unique=not is_made, validate_constraints=False, exclude=["password"]
        )
        unit = post.org_unit_id
        if unit not in self._may:
            self._may[unit] = rules.has_perm("dossiers.appoint", self.by, unit)
        if not self._may[unit]:
            raise PermissionDenied
        post.user, post.made_by = person, self.by
        appointing.check_assignment(
            None, post, by=self.by, first_leader=self._first_leader, **appointing.said(document)
        )
        # Of those there is the row at hand, or it is written below.
        post.full_clean(validate_constraints=False, exclude=["user", "org_unit", "made_by"])
        post.basis = _in_ledger(document, [post], by=self.by)
        self._used.add(person.username.lower())
        self._added.append((person, post))

    def write(self) -> None:
        """Write all that were added, and the history of each."""
        record = HistoryEntry.objects
        User.objects.bulk_create([person for person, _post in self._added])
        RoleAssignment.objects.bulk_create([post for _person, post in self._added])
        for entries in (
            [
                record.entry(
                    "person.enrol", Appointed(person), by=self.by, username=person.username
                )
                for person, _post in self._added
            ],
            [
                appointing.assignment_entry(
                    post, None, by=self.by, document=post.basis, first_leader=self._first_leader
                )
                for _person, post in self._added
            ],
        ):
            record.record_all(entries)
        self._added = []


def _in_ledger(
    typed: Document | None, posts: Sequence[RoleAssignment], *, by: User
) -> Document | None:
    """What gives or ends these posts, as typed, in the ledger. Raises ValidationError by field."""
    units = [post.org_unit for post in posts]
    return appointing.recorded(typed, units, by=by, everywhere=administers_people(by))


def assign(post: RoleAssignment, *, by: User, document: Document | None = None) -> RoleAssignment:
    """Give ``post`` (unsaved) to its person (phân công).

    Raises PermissionDenied, ValidationError.
    """
    with transaction.atomic():
        if not rules.has_perm("dossiers.appoint", by, post.org_unit_id):
            raise PermissionDenied
        post.made_by = by
        first_leader = appointing.no_leader_yet()
        appointing.check_assignment(
            None, post, by=by, first_leader=first_leader, **appointing.said(document)
        )
        # What overlaps is said by clean(); the database's own words are for programmers.
        post.full_clean(validate_constraints=False)
        post.basis = _in_ledger(document, [post], by=by)
        post.save(force_insert=True)
        appointing.record_assignment(
            post, None, by=by, document=post.basis, first_leader=first_leader
        )
    return post


def end(
    post: RoleAssignment, last: date, *, by: User, document: Document | None = None
) -> RoleAssignment:
    """Let ``post`` end with the day ``last``; what its holder had claimed waits for the others.

    Nothing happens to one that ends by then anyway. Raises PermissionDenied, ValidationError.
    """
    with transaction.atomic():
        its = RoleAssignment.objects.select_related("user", "org_unit").filter(pk=post.pk)
        was = locked(its).get()
        if not rules.has_perm("dossiers.appoint", by, was.org_unit_id):
            raise PermissionDenied
        if was.valid_to is not None and was.valid_to <= last:
            return was
        if was.handed_to_id is not None:
            raise ValidationError(
                _("%(post)s đã bàn giao, chưa bắt đầu: hãy bỏ bàn giao đó trước.") % {"post": was}
            )
        ended = copy.copy(was)
        ended.valid_to = last
        first_leader = appointing.no_leader_yet()
        appointing.check_assignment(
            was, ended, by=by, first_leader=first_leader, **appointing.said(document)
        )
        document = _in_ledger(document, [was], by=by)
        ended.save(update_fields=["valid_to"])
        appointing.record_assignment(
            ended, was, by=by, document=document, first_leader=first_leader
        )
        if last < clock.today():
            handover.free_stranded()
    return ended


def move(
    post: RoleAssignment,
    new: RoleAssignment,
    *,
    by: User,
    document: Document | None = None,
) -> RoleAssignment:
    """From the first day of ``new`` (unsaved) its holder has that instead of ``post``.

    The office calls it điều chuyển. Raises PermissionDenied, ValidationError; then they keep what
    they have.
    """
    with transaction.atomic():
        new.user = post.user
        if (new.role, new.org_unit_id) == (post.role, post.org_unit_id):
            raise ValidationError(
                {"role": _("%(who)s đang giữ chính vai trò này.") % {"who": post.user}}
            )
        assign(new, by=by, document=document)
        end(post, new.valid_from - timedelta(days=1), by=by, document=new.basis)
    return new


def leave(
    person: User,
    *,
    on: date,
    by: User,
    reason: str,
    to: User | None = None,
    document: Document | None = None,
) -> None:
    """From the day ``on`` this person has no post any more (nghỉ, chuyển công tác).

    ``to`` has their posts from that day; without, what they had claimed goes back to the others of
    the unit, of whom there must be one where work is open. When nothing is left and the day has
    come, the account is closed too; on a day to come the beat closes it, see :func:`close_left`.
    Raises PermissionDenied, ValidationError.
    """
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        posts = endable(by, person)
        if not posts and not administers_people(by):
            raise PermissionDenied
        if on < clock.today():
            raise ValidationError(
                {"on": _("Chỉ ghi nghỉ từ hôm nay trở đi: việc đã làm phải có người giữ vai trò.")}
            )
        if not reason.strip():
            raise ValidationError({"reason": _("Bạn chưa nêu lý do.")})
        HistoryEntry.objects.record(
            "person.leave", Appointed(person), by=by, reason=reason.strip(), on=on.isoformat()
        )
        if posts:
            document = _in_ledger(document, posts, by=by)
        for post in posts:
            _pass(post, to, on=on, by=by, reason=reason, document=document)
        if on <= clock.today() and not appointing.held_from(person, on):
            close(person, by=by)


def _pass(
    post: RoleAssignment,
    to: User | None,
    *,
    on: date,
    by: User,
    reason: str,
    document: Document | None,
) -> None:
    """End ``post`` before ``on``, for ``to`` to go on if there is somebody."""
    if post.valid_from >= on:
        raise ValidationError(
            {
                "on": _("%(post)s chỉ bắt đầu ngày %(day)s: ngày nghỉ phải sau ngày đó.")
                % {"post": post, "day": f"{post.valid_from:%d/%m/%Y}"}
            }
        )
    # Before the first year there is neither work to hand over nor where to record it.
    hands_over = Cycle.objects.exists() and rules.has_perm("dossiers.hand_over", by, post)
    if to is not None and hands_over:
        handover.hand_over(post, to=to, by=by, on=on, reason=reason, document=document)
        return
    if to is not None:
        if to.pk == post.user_id:
            raise ValidationError({"to": _("Người nhận chính là người nghỉ.")})
        theirs = RoleAssignment.objects.held_on(on).filter(
            user=to, role=post.role, org_unit=post.org_unit_id
        )
        if not theirs.exists():
            given = RoleAssignment(user=to, role=post.role, org_unit=post.org_unit, valid_from=on)
            try:
                assign(given, by=by, document=document)
            except ValidationError as refused:
                raise handover.said_at(refused, {"user": "to", "valid_from": "on"}) from None
    try:
        end(post, on - timedelta(days=1), by=by, document=document)
    except ValidationError as refused:
        raise handover.said_at(refused, {"valid_to": "on"}) from None


def close_left() -> int:
    """Close the accounts of those whose leaving was noted for a day that has come, and who hold
    nothing any more. Called by the beat; harmless when called again. Returns how many.
    """
    today, closed = clock.today(), 0
    theirs = HistoryEntry.objects.filter(
        stream=Stream.PERSON,
        stream_id=OuterRef("pk"),
        event__in=("person.leave", "person.activate", "person.deactivate"),
    ).order_by("-seq")
    # Who was let in again since is not closed once more.
    gone = User.objects.annotate(
        last=Subquery(theirs.values("event")[:1]), noted=Subquery(theirs.values("data__on")[:1])
    ).filter(
        ~appointing.holds_something(today), last="person.leave", is_active=True, is_staff=False,
        is_superuser=False,
    )  # fmt: skip
    for pk, noted in list(gone.values_list("pk", "noted")):
        on = date.fromisoformat(noted)
        with transaction.atomic():
            person = User.objects.select_for_update().get(pk=pk)
            # Who kept a post beyond that day stayed after all; a seat or another's place holds too.
            stayed = person.role_assignments.filter(valid_to__gte=on).exists()
            held = on > today or stayed or appointing.held_from(person, today)
            if person.is_active and not held:
                close(person, by=None)
                closed += 1
    return closed


def close(person: User, *, by: User | None) -> None:
    """The account of who has nothing left to do is used no more (khóa tài khoản).

    ``by`` None: the beat, on the day that was noted.
    """
    if person.is_staff or person.is_superuser or not person.is_active:
        return
    appointing.check_leaving(person)
    was = appointing.person_as_stored(person)
    assert was is not None, "the account is there"
    person.is_active = False
    person.save(update_fields=["is_active"])
    appointing.record_person(person, was, by=by)
    accounts.end_sessions(person)
    slips.void([person])


def bring_back(
    person: User, post: RoleAssignment, *, by: User, document: Document | None = None
) -> RoleAssignment:
    """Another post for somebody known here; one who had left may use their account again (trở lại).

    Raises PermissionDenied, ValidationError.
    """
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if not person.is_active:
            if not rules.has_perm("dossiers.answer_for", by, person):
                raise PermissionDenied
            was = appointing.person_as_stored(person)
            assert was is not None, "the account is there"
            person.is_active = True
            person.save(update_fields=["is_active"])
            appointing.record_person(person, was, by=by)
        post.user = person
        return assign(post, by=by, document=document)


def change_contact(person: User, *, by: User, **given: str) -> User:
    """One's own ``email`` and ``phone``, or noted for another (thư điện tử, điện thoại).

    The record says which changed, and keeps neither. Raises PermissionDenied.
    """
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if by.pk != person.pk and not rules.has_perm("dossiers.answer_for", by, person):
            raise PermissionDenied
        changed = [name for name, value in given.items() if getattr(person, name) != value]
        for name in changed:
            setattr(person, name, given[name])
        if changed:
            person.save(update_fields=changed)
            HistoryEntry.objects.record("person.contact", Appointed(person), by=by, fields=changed)
    return person


def print_slips(people: Collection[User], *, by: User) -> list[slips.Printed]:
    """A slip for each (in phiếu). Raises PermissionDenied for one whom ``by`` does not answer for,
    ValidationError for one who has left.
    """
    with transaction.atomic():
        for person in people:
            if not rules.has_perm("dossiers.answer_for", by, person):
                raise PermissionDenied
            if not person.is_active:
                raise ValidationError(
                    _("%(who)s đã nghỉ: hãy giao vai trò trước khi in phiếu.") % {"who": person}
                )
        return slips.issue(people, by=by)


# --- The list ---------------------------------------------------------------------------------


def waiting(people: QuerySet[User], day: date) -> QuerySet[User]:
    """Of a query of people: those with work on ``day`` or later who have not chosen a password
    yet (chưa kích hoạt). Work is a post, a seat or a substitution.
    """
    return people.filter(
        appointing.holds_something(day),
        is_active=True,
        password__startswith=UNUSABLE_PASSWORD_PREFIX,
        is_staff=False,
        is_superuser=False,
    )


def found(people: QuerySet[User], text: str) -> QuerySet[User]:
    """Of a query of people: those whose name, sign-in or unit says every word of ``text``."""
    said = letters.SearchWords(Concat("full_name", Value(" "), "username"))
    named = people.annotate(said=said, said_joined=letters.SearchJoined(said))
    for word in letters.search_words(text).split()[: letters.WORDS]:
        posts = RoleAssignment.objects.filter(user=OuterRef("pk"))
        here = posts.filter(letters.found(word, ["org_unit__"]))
        named = named.filter(
            Q(said__contains=word) | Q(said_joined__contains=word) | Q(Exists(here))
        )
    return named

"""Who may be given a post, by whom, on what paper (phân công, ủy quyền, bàn giao).

One rule for the administration, the pages of absence and hand-over, and the councils: nobody
appoints themselves, a leader's post goes by a document, no post is left with open work that nobody
could do, and a sign-in is either of the administration or holds posts, never both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, overload

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from cycle import clock, documents
from cycle.letters import sort_key
from cycle.models import (
    Document,
    Effect,
    HistoryEntry,
    OrgUnit,
    Role,
    RoleAssignment,
    Stream,
    Substitution,
    User,
    check_document,
    check_signer,
    name_words,
    named_apart,
    names_document,
    names_person,
    names_them,
    people_of,
    same_name,
)
from cycle.models.organisation import check_period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from django.db.models import QuerySet

    _Work = TypeVar("_Work", bound=Callable[[str, int], int])
    _Holding = TypeVar("_Holding", bound=Callable[[User, date], Iterable[object]])
    _Barring = TypeVar("_Barring", bound=Callable[[User, RoleAssignment, date, date | None], str])

#: Functions of a role and a unit id: how much open work waits for its holders.
_works: list[Callable[[str, int], int]] = []
#: Functions of a day: a query of the ids of people who hold something then or later.
_holders: list[Callable[[date], QuerySet[Any]]] = []
#: Functions of a person and a day: what they hold then or later, in words.
_holdings: list[Callable[[User, date], Iterable[object]]] = []

#: Functions that say why a person may not stand in for the holder of a post, or "".
_bars: list[Callable[[User, RoleAssignment, date, date | None], str]] = []


def work(function: _Work) -> _Work:
    """Register a function of (role, org unit id) that counts the work waiting for that post."""
    _works.append(function)
    return function


def holding(function: _Holding) -> _Holding:
    """Register a function of (person, day): rows of what that person holds then or later."""
    _holdings.append(function)
    return function


def holders(
    function: Callable[[date], QuerySet[Any]],
) -> Callable[[date], QuerySet[Any]]:
    """Register the same as a query: of ids of people who hold something on a day or later."""
    _holders.append(function)
    return function


def barring(function: _Barring) -> _Barring:
    """Register a function of (person, post, first, last day): the sentence why that person may not
    stand in for the holder of the post then, or "".
    """
    _bars.append(function)
    return function


def check_stand_in(
    person: User, post: RoleAssignment, *, first: date, last: date | None, field: str
) -> None:
    """Whether ``person`` may stand in for the holder of ``post`` for these days. Raises
    ValidationError at ``field``.
    """
    check_sides(person, post, first=first, last=last, field=field)
    for bar in _bars:
        if sentence := bar(person, post, first, last):
            raise ValidationError({field: sentence})


# --- Whom, on what paper --------------------------------------------------------------------


def candidates() -> QuerySet[User]:
    """Who may be given work, by name: in use, and not a sign-in of the administration."""
    people = User.objects.filter(is_active=True, is_staff=False, is_superuser=False)
    return named_apart(people).order_by("sort_key", "username")


def is_oneself(maker: User | None, person: User | None) -> bool:
    """Whether both accounts are one person: the same account, or the same full name."""
    if maker is None or person is None:
        return False
    return maker.pk == person.pk or same_name(maker.full_name, person.full_name)


def signed_by_another(document: str, signer: str, maker: User | None) -> bool:
    """Whether ``document`` has a number and ``signer`` is the name of somebody but ``maker``."""
    if not names_document(document) or not names_person(signer):
        return False
    return _is_another(signer, maker)


def _is_another(name: str, person: User | None) -> bool:
    """Whether a written ``name`` is that of somebody but ``person``."""
    # One word of the name alone may be theirs too.
    of_theirs = set(name_words(name)) <= set(name_words(str(person)))
    return not (of_theirs or names_them(name, str(person)))


def check_person(person: User, role: str, *, field: str) -> None:
    """Whether ``person`` may be given the work of ``role``. Raises ValidationError at ``field``."""
    if not person.is_active:
        raise ValidationError({field: _("Người này không còn dùng hệ thống.")})
    check_sign_in(person, field=field)
    if role != Role.AUDITOR and only_audits(person):
        raise ValidationError(
            {field: _("Người kiểm tra, giám sát chỉ xem: không được giao việc để làm.")}
        )


def check_sign_in(person: User, *, field: str) -> None:
    """Whether this sign-in may hold posts at all. Raises ValidationError at ``field``."""
    if person.administers:
        raise ValidationError(
            {
                field: _(
                    "«%(username)s» là tài khoản quản trị nên không giữ vai trò nào. Hãy giao cho "
                    "tài khoản nghiệp vụ của người này; chưa có thì tạo thêm một tài khoản."
                )
                % {"username": person.username}
            }
        )


@holding
def _posts_held(person: User, day: date) -> list[RoleAssignment | Substitution]:
    """Their own posts, and those in which they stand in."""
    return [
        *person.role_assignments.filter(Q(valid_to=None) | Q(valid_to__gte=day)).select_related(
            "org_unit"
        ),
        *Substitution.objects.filter(substitute=person, valid_to__gte=day).select_related(
            "substitute", "assignment__org_unit"
        ),
    ]


@holders
def _of_a_post(day: date) -> QuerySet[Any]:
    """Who holds a post on ``day`` or later."""
    posts = RoleAssignment.objects.filter(Q(valid_to=None) | Q(valid_to__gte=day))
    return posts.values("user")


@holders
def _of_a_substitution(day: date) -> QuerySet[Any]:
    """Who stands in for somebody on ``day`` or later."""
    return Substitution.objects.filter(valid_to__gte=day).values("substitute")


def holds_something(day: date) -> Q:
    """For a query of people: those of whom :func:`held_from` finds something on ``day``."""
    return Q(*[Q(pk__in=function(day)) for function in _holders], _connector=Q.OR)


def held_from(person: User, day: date) -> list[object]:
    """What this person holds on ``day`` or later: posts, substitutions, seats."""
    return [row for function in _holdings for row in function(person, day)]


def check_administration(person: User, *, field: str) -> None:
    """Whether the sign-in of ``person`` may become one of the administration: it holds nothing.

    Raises ValidationError at ``field``.
    """
    if held := held_from(person, clock.today()):
        raise ValidationError(
            {
                field: _(
                    "Tài khoản này đang giữ: %(posts)s. Người kiêm quản trị cần hai tài khoản: hãy "
                    "tạo một tài khoản quản trị riêng, hoặc kết thúc các vai trò đó trước."
                )
                % {"posts": "; ".join(map(str, held))}
            }
        )


def only_audits(person: User) -> bool:
    """Whether the posts that this person holds today are those of an auditor alone."""
    if person.pk is None:
        return False
    held = person.role_assignments.held_on(clock.today()).values_list("role", flat=True)
    return set(held) == {Role.AUDITOR}


def check_paper(
    person: User,
    role: str,
    *,
    by: User | None,
    document: str,
    signer: str,
    first_leader: bool = False,
) -> None:
    """Whether the paper lets ``by`` give ``role`` to ``person``. Raises ValidationError.

    ``first_leader``: nobody could have signed for a leader yet.
    """
    check_named(document, signer)
    if is_oneself(by, person) and not signed_by_another(document, signer, by):
        raise ValidationError(
            {
                "signer" if document.strip() else "number": _(
                    "Không ai tự giao vai trò cho mình: cần số, ngày văn bản và tên người ký, "
                    "là người khác."
                )
            }
        )
    if role == Role.LEADER and not document.strip() and not first_leader:
        raise ValidationError(
            {"number": _("Vai trò lãnh đạo chỉ giao bằng văn bản: hãy nhập số, ngày văn bản.")}
        )
    check_signers_name(person, signer)


# --- Who prepares a file does not sign it ------------------------------------------------------

#: The two sides of the desk.
OTHER_SIDE = {Role.OFFICER: Role.LEADER, Role.LEADER: Role.OFFICER}


def one_business(org_unit_id: int) -> Any:
    """Units whose work a person of this unit would do too: what it took over, and what took over
    any of that.
    """
    taken_over = OrgUnit.objects.business_of(org_unit_id).order_by().values_list("pk", flat=True)
    return OrgUnit.objects.heirs_of(taken_over)


def both_sides(person: User, post: RoleAssignment, *, first: date, last: date | None) -> Any:
    """The posts of ``person``, own or lent, on the other side of ``post``'s desk on some day from
    ``first`` to ``last`` (None: for good); days gone by do not count.
    """
    first = max(first, clock.today())
    other = OTHER_SIDE.get(Role(post.role))
    if other is None or (last is not None and last < first):
        return RoleAssignment.objects.none()
    # One whose paper is still due may get it: it counts to its end.
    lent = Substitution.objects.not_lapsed(clock.today()).filter(
        substitute=person, valid_to__gte=first
    )
    held = RoleAssignment.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=first),
        role=other,
        org_unit__in=one_business(post.org_unit_id),
    )
    if last is not None:
        lent, held = lent.filter(valid_from__lte=last), held.filter(valid_from__lte=last)
    return held.filter(Q(user=person) | Q(pk__in=lent.values("assignment")))


def are_both_sides(post: RoleAssignment, other: RoleAssignment) -> bool:
    """Whether two posts (either may be unsaved) have their holder prepare and sign the same files
    on some day to come.
    """
    days = clock.today(), post.valid_from, other.valid_from
    ends = [each.valid_to for each in (post, other) if each.valid_to is not None]
    return (
        OTHER_SIDE.get(Role(post.role)) == other.role
        and all(max(days) <= end for end in ends)
        and one_business(post.org_unit_id).filter(pk=other.org_unit_id).exists()
    )


def check_sides(
    person: User, post: RoleAssignment, *, first: date, last: date | None, field: str
) -> None:
    """Whether ``person``, who gets ``post`` for these days, stays on one side of the desk.

    Their row is held until the end of the transaction: of two posts given at once the second waits
    here. Raises ValidationError at ``field``.
    """
    if Role(post.role) not in OTHER_SIDE:
        return
    if person.pk is None:
        return  # A new person holds nothing yet; the form compares its own rows.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if other := both_sides(person, post, first=first, last=last).first():
        raise ValidationError({field: sides_crossed(person, post, other)})


def check_held_on(post: RoleAssignment, *, first: date, last: date | None) -> None:
    """Whether ``post`` may be held for these further days, by its holder and who stands in for
    them. Raises ValidationError.
    """
    lent = post.substitutions.filter(valid_to__gte=first).select_related("substitute")
    for person in (post.user, *(each.substitute for each in lent)):
        check_sides(person, post, first=first, last=last, field="valid_to")


def sides_crossed(person: User, post: RoleAssignment, other: RoleAssignment) -> Any:
    """The sentence for who would both prepare and sign."""
    return _(
        "%(who)s đã là hoặc đang làm thay «%(other)s» của %(unit)s trong thời gian đó: không giữ "
        "thêm «%(role)s» của cùng địa bàn, vì người lập hồ sơ không tự ký. Hãy chọn người khác."
    ) % {
        "who": person,
        "other": Role(other.role).label,
        "unit": other.org_unit,
        "role": Role(post.role).label,
    }


def check_named(document: str, signer: str = "") -> None:
    """What is given as a document names one, and what is given as its signer names a person.

    Raises ValidationError at ``number`` or ``signer``.
    """
    check_document(document, "number")
    check_signer(signer, "signer")


def issuers(units: Iterable[OrgUnit]) -> list[OrgUnit]:
    """Who may have issued what a post of these units rests on, the likeliest first: they
    themselves, and the units above them.
    """
    units = list(dict.fromkeys(units))
    above = {key for unit in units for key in unit.above()}
    return [*units, *OrgUnit.objects.filter(pk__in=above).order_by("pk")]


@overload
def recorded(
    typed: Document,
    units: Sequence[OrgUnit],
    *,
    by: User,
    capacity: RoleAssignment | None = None,
    everywhere: bool = False,
) -> Document: ...
@overload
def recorded(
    typed: Document | None,
    units: Sequence[OrgUnit],
    *,
    by: User,
    capacity: RoleAssignment | None = None,
    everywhere: bool = False,
) -> Document | None: ...
def recorded(
    typed: Document | None,
    units: Sequence[OrgUnit],
    *,
    by: User,
    capacity: RoleAssignment | None = None,
    everywhere: bool = False,
) -> Document | None:
    """What posts or work of these ``units`` rest on, as typed, in the ledger; one that is in it is
    returned as it is, for one paper may be that of many.

    It is of one of the units or one above it, unless it names another body. A unit above numbers
    its documents itself: below it nobody takes one of its numbers, unless they appoint
    ``everywhere``, as the administration does. Raises ValidationError by field.
    """
    if typed is None or typed.pk is not None:
        return typed
    typed.does = typed.does or Effect.DECIDES
    if typed.issuer is None:
        documents.issue(typed, issuers(units))
    if not everywhere:
        documents.check_register(typed, by=by, of=units)
    return documents.record(typed, by=by, capacity=capacity)


class Said(TypedDict):
    """What is asked of a paper, whatever else is: its number, and who signed it."""

    document: str
    signer: str


def said(document: Document | None) -> Said:
    """A document as :func:`check_paper` and :func:`check_assignment` ask about it."""
    if document is None:
        return {"document": "", "signer": ""}
    return {"document": document.number, "signer": document.signer}


def told(document: Document | None) -> dict[str, Any]:
    """How the history names what a post rests on."""
    if document is None:
        return {"document": "", "document_signer": ""}
    signer = document.signer
    return {"document": str(document), "document_signer": signer, "ledger": document.pk}


def check_signers_name(person: User, signer: str) -> None:
    """The paper is signed by somebody else than who is appointed, or stands in. Raises
    ValidationError.
    """
    if signer.strip() and not _is_another(signer, person):
        raise ValidationError({"signer": _("Người ký văn bản phải là người khác người được giao.")})


def no_leader_yet() -> bool:
    """Whether no leader has signed in yet: until then an administrator appoints without paper."""
    return (
        not RoleAssignment.objects.held_on(clock.today())
        .filter(role=Role.LEADER, user__is_active=True, user__last_login__isnull=False)
        .exists()
    )


def stranded(role: str, org_unit_id: int, *, day: date, without: User) -> int:
    """How many open tasks of this post, at its unit and at each unit it took over, nobody could do
    from ``day`` on if ``without`` left.

    ``without`` is a person. Later days are looked at too: the posts of the others may end.
    """
    taken_over = OrgUnit.objects.business_of(org_unit_id).values_list("pk", flat=True)
    return sum(_stranded_at(role, each, day, without) for each in taken_over.order_by())


def _stranded_at(role: str, org_unit_id: int, day: date, without: User) -> int:
    others = RoleAssignment.objects.filter(
        role=role, org_unit=org_unit_id, valid_to__gte=day, user__is_active=True
    ).exclude(user=without)
    ends = others.values_list("valid_to", flat=True)
    for first in {day, *(end + timedelta(days=1) for end in ends if end)}:
        if not people_of(role, org_unit_id, first).exclude(pk=without.pk).exists():
            return sum(count(role, org_unit_id) for count in _works)
    return 0


# --- In the administration --------------------------------------------------------------------


@dataclass(frozen=True)
class Appointed:
    """A person as the record of appointments names them: it belongs to no year."""

    person: User
    history_stream = Stream.PERSON
    history_cycle_id = None

    @property
    def pk(self) -> int:
        return self.person.pk

    def __str__(self) -> str:
        return str(self.person)


def check_assignment(
    before: RoleAssignment | None,
    after: RoleAssignment,
    *,
    by: User | None,
    document: str,
    signer: str,
    first_leader: bool | None = None,
) -> None:
    """Whether an administrator may change the post ``before`` (None: new) into ``after`` (unsaved).

    ``first_leader`` is :func:`no_leader_yet`, when the caller has asked it already. Raises
    ValidationError with the sentence at its field.
    """
    if first_leader is None:
        first_leader = no_leader_yet()
    check_named(document, signer)
    if before is None or _is_longer(before, after):
        check_person(after.user, after.role, field="user" if before is None else "valid_to")
        check_paper(
            after.user,
            after.role,
            by=by,
            document=document,
            signer=signer,
            first_leader=first_leader,
        )
    if before is None:
        check_sides(after.user, after, first=after.valid_from, last=after.valid_to, field="user")
        _check_beginning(after, document, first_leader=first_leader)
        return
    if _is_longer(before, after):
        assert before.valid_to is not None, "what has no end is not prolonged"
        check_held_on(before, first=before.valid_to + timedelta(days=1), last=after.valid_to)
    for field in ("user_id", "role", "org_unit_id", "valid_from"):
        if getattr(before, field) != getattr(after, field):
            raise ValidationError(
                _(
                    "Phân công đã có chỉ sửa được ngày kết thúc: việc đã làm theo nó không đổi "
                    "được. Hãy kết thúc và thêm phân công mới."
                )
            )
    if _is_shorter(before, after):
        _check_ending(after, document)


def _check_beginning(post: RoleAssignment, document: str, *, first_leader: bool) -> None:
    """A post of days that are past was given then, on a document; the first leader's too, but for
    an installation that has none yet and begins with who holds what.
    """
    if post.valid_from < clock.today() and not document.strip() and not first_leader:
        raise ValidationError(
            {
                "valid_from": _(
                    "Không có văn bản thì vai trò bắt đầu từ hôm nay hoặc một ngày sau; giao từ "
                    "ngày đã qua phải nhập số, ngày văn bản."
                )
            }
        )


def _is_longer(before: RoleAssignment, after: RoleAssignment) -> bool:
    return before.valid_to is not None and (
        after.valid_to is None or after.valid_to > before.valid_to
    )


def _is_shorter(before: RoleAssignment, after: RoleAssignment) -> bool:
    return after.valid_to is not None and (
        before.valid_to is None or after.valid_to < before.valid_to
    )


def _check_ending(post: RoleAssignment, document: str) -> None:
    check_period(post.valid_from, post.valid_to, "valid_to")
    assert post.valid_to is not None, "it was shortened, to a day"
    if post.valid_to < clock.today() - timedelta(days=1):
        raise ValidationError(
            {
                "valid_to": _(
                    "Không kết thúc lùi ngày: sớm nhất là hết hôm qua, vì việc đã làm phải có "
                    "người giữ vai trò."
                )
            }
        )
    if post.role == Role.LEADER and not document.strip() and not no_leader_yet():
        raise ValidationError(
            {"number": _("Vai trò lãnh đạo chỉ kết thúc bằng văn bản: hãy nhập số, ngày.")}
        )
    left = stranded(
        post.role, post.org_unit_id, day=post.valid_to + timedelta(days=1), without=post.user
    )
    if left:
        raise ValidationError({"valid_to": _left(left, post)})


def check_leaving(person: User) -> None:
    """Whether ``person`` may be made inactive: nothing they alone could do is open."""
    today = clock.today()
    to_come = person.role_assignments.filter(valid_from__gt=today).select_related("org_unit")
    for post in [*person.assignments(), *to_come]:
        day = max(today, post.valid_from)
        if left := stranded(post.role, post.org_unit_id, day=day, without=person):
            raise ValidationError({"is_active": _left(left, post)})


def _left(count: int, post: RoleAssignment) -> str:
    return _(
        "Còn %(n)d việc đang mở mà không ai khác giữ vai trò này (%(post)s): hãy phân công người "
        "khác hoặc bàn giao trước."
    ) % {"n": count, "post": post}


def record_assignment(
    post: RoleAssignment,
    was: RoleAssignment | None,
    *,
    by: User | None,
    document: Document | None,
    first_leader: bool,
) -> None:
    """Write down that an administrator gave, prolonged or ended ``post``; see
    :func:`assignment_entry`.
    """
    entry = assignment_entry(post, was, by=by, document=document, first_leader=first_leader)
    HistoryEntry.objects.record_all([entry])


def assignment_entry(
    post: RoleAssignment,
    was: RoleAssignment | None,
    *,
    by: User | None,
    document: Document | None,
    first_leader: bool,
) -> HistoryEntry:
    """What the history says, unsaved, of a post that was given, prolonged or ended.

    ``was`` is its row of before, None when it is new; ``first_leader`` whether no leader had signed
    in before, so that none could have signed a paper.
    """
    event = "role.assign"
    if was is not None:
        event = "role.prolong" if _is_longer(was, post) else "role.end"
    data: dict[str, Any] = {}
    if post.role == Role.LEADER and document is None and first_leader:
        data["bootstrap"] = True
    return HistoryEntry.objects.entry(
        event,
        Appointed(post.user),
        by=by,
        before=f"{was.valid_to or ''}" if was is not None else "",
        after=f"{post.valid_to or ''}",
        assignment=post.pk,
        post=str(post),
        post_role=post.role,
        unit=post.org_unit_id,
        valid_from=post.valid_from.isoformat(),
        **told(document),
        **data,
    )


#: What an administrator may change of an account, beside posts, and what the history keeps of it.
_FLAGS = ("is_active", "is_staff", "is_superuser")
_SAID = ("username", "full_name", "groups", "user_permissions")
_NOT_SAID = ("email", "phone")


def person_as_stored(person: User) -> dict[str, Any] | None:
    """The account by field, as it was before the change; None for a new one."""
    stored = User.objects.filter(pk=person.pk).first() if person.pk else None
    if stored is None:
        return None
    plain = (*_FLAGS, *_SAID[:2], *_NOT_SAID)
    many = {
        name: "; ".join(sorted(map(str, getattr(stored, name).all()), key=sort_key))
        for name in _SAID[2:]
    }
    return {name: getattr(stored, name) for name in plain} | many


def record_person(person: User, was: Mapping[str, Any], *, by: User | None) -> None:
    """Write down what an administrator changed of an account; ``was`` is it as stored before.

    Of an address or a telephone only that it changed: the history is kept for good.
    """
    now = person_as_stored(person)
    assert now is not None, "it was saved"
    if was["is_active"] != now["is_active"]:
        event = "person.activate" if now["is_active"] else "person.deactivate"
        HistoryEntry.objects.record(event, Appointed(person), by=by)
    flags = {name: now[name] for name in _FLAGS[1:] if was[name] != now[name]}
    if flags:
        HistoryEntry.objects.record("person.staff", Appointed(person), by=by, **flags)
    changed = [
        {"field": name, "before": was[name], "after": now[name]}
        for name in _SAID
        if was[name] != now[name]
    ] + [{"field": name} for name in _NOT_SAID if was[name] != now[name]]
    if changed:
        HistoryEntry.objects.record("person.change", Appointed(person), by=by, changed=changed)


def record_password(person: User, *, by: User | None) -> None:
    """Write down that an administrator set the password of ``person``, or took it away."""
    HistoryEntry.objects.record("person.password", Appointed(person), by=by)

"""Who there is: units, people, and which role a person holds at which unit."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.fields.ranges import RangeBoundary
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import (
    Case,
    Count,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards, letters
from cycle.models.area import (
    Area,
    AreaRows,
    Business,
    BusinessRows,
    Heir,
    Heirs,
    Line,
    array,
    start,
)
from cycle.models.folding import DayField, NameField, PhoneField
from cycle.models.former import Renamed
from cycle.prepared import prepared, steady
from cycle.written import EVER, IN_SERVICE

if TYPE_CHECKING:
    from cycle.models.document import Document


def check_period(first: date | None, last: date | None, field: str) -> None:
    """Raises ValidationError at ``field``, that of the last day, when it comes before the first."""
    if first and last and last < first:
        raise ValidationError({field: _("Ngày kết thúc phải sau ngày bắt đầu.")})


class Level(models.TextChoices):
    """Levels of government (cấp)."""

    COMMUNE = "commune", _("Cấp xã")
    DISTRICT = "district", _("Cấp huyện")
    PROVINCE = "province", _("Cấp tỉnh")
    CENTRE = "centre", _("Trung ương")


class Numbering(models.TextChoices):
    """Which number a unit gives next, where the product proposes one (đề xuất số tiếp theo): most
    number in systems of their own, so it proposes none before somebody says how they count.
    """

    NONE = "", _("Không đề xuất")
    SYMBOL = "symbol", _("Mỗi ký hiệu một dãy số")
    YEAR = "year", _("Một dãy số chung cả năm")


class Role(models.TextChoices):
    """What a person does for a unit (vai trò)."""

    OFFICER = "officer", _("Cán bộ OCOP")
    LEADER = "leader", _("Lãnh đạo")
    COUNCIL_OFFICE = "council_office", _("Thường trực hội đồng")
    TRADE = "trade", _("Cán bộ xúc tiến thương mại")
    DEPARTMENT = "department", _("Chuyên viên sở, ngành")
    CLERK = "clerk", _("Văn thư")
    AUDITOR = "auditor", _("Kiểm tra, giám sát")


class OrgUnitQuerySet(models.QuerySet["OrgUnit"]):
    """Units by the day on which they exist."""

    def valid_on(self, day: date) -> "OrgUnitQuerySet":
        """Units that exist on ``day``."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)

    def current_first(self) -> "OrgUnitQuerySet":
        """As a list to choose from shows them: what goes on before what has ended, by name."""
        return self.order_by(F("valid_to").desc(nulls_first=True), "sort_key", "pk")

    def in_area_of(self, unit_id: int) -> "OrgUnitQuerySet":
        """The unit, all below it, and what those took over."""
        return self.filter(pk__in=AreaRows(start(unit_id), clock.today_in_database()))

    def business_of(self, unit: int | F | Collection[int]) -> "OrgUnitQuerySet":
        """The unit, by id or column, or several by their ids, and what they took over."""
        if isinstance(unit, Collection):
            ids = array(unit)
            return self.filter(pk__in=BusinessRows(ids, clock.today_in_database()))
        return self.filter(pk__in=BusinessRows(start(unit), clock.today_in_database()))

    def united_with(self, unit_id: int) -> "OrgUnitQuerySet":
        """Who has the unit's business today, and all that went into that one (xã cũ cùng nhập)."""
        heir = Heir(start(unit_id), clock.today_in_database())
        return self.filter(pk__in=BusinessRows(start(heir), clock.today_in_database()))

    def heirs_of(self, ids: Iterable[int]) -> "OrgUnitQuerySet":
        """The units ``ids`` and those that took them over."""
        return self.filter(pk__in=Heirs(array(ids), clock.today_in_database()))

    def went_into(self, unit_id: int) -> "OrgUnitQuerySet":
        """All that are written down to have gone into the unit, whole or in part."""
        return self.filter(pk__in=_linked(unit_id, "to_orgunit", "from_orgunit") - {unit_id})

    def over(self, unit_id: int) -> "OrgUnitQuerySet":
        """The units in whose area it lies: itself, all above it, and what took those over."""
        return self.filter(pk__in=Line(start(unit_id), clock.today_in_database()))

    def called(self, word: str) -> "OrgUnitQuerySet":
        """The units with ``word``, folded, in a name of theirs, and what those took over.

        So today's name finds what the old units left, and an old name what was its own.
        """
        named = ArraySubquery(OrgUnit.objects.filter(letters.found(word)).order_by().values("pk"))
        return self.filter(pk__in=BusinessRows(named, clock.today_in_database()))

    def not_taken_over(self) -> "OrgUnitQuerySet":
        """Those that nobody else has the business of today: to whom something new may be given."""
        return self.filter(pk=heir_of("pk"))

    def right_below(self, ids: Iterable[int]) -> "OrgUnitQuerySet":
        """Units whose parent is one of ``ids``, and those that these took over."""
        children = ArraySubquery(OrgUnit.objects.filter(parent__in=ids).order_by().values("pk"))
        return self.filter(pk__in=BusinessRows(children, clock.today_in_database()))


def heir_of(unit: str, day: str = "", *, field: str = "") -> Any:
    """Who has the business of the unit in the column ``unit``: its id, or its ``field``; on the day
    in the column ``day``, today without one.

    An expression; a unit that exists then, or was left to nobody, is its own heir.
    """
    refers = OuterRef if field else F
    on: Any = refers(day) if day else clock.today_in_database()
    heir = Heir(start(refers(unit)), on)
    if not field:
        return heir
    return Subquery(OrgUnit.objects.order_by().filter(pk=heir).values(field)[:1])


@dataclass(frozen=True)
class Moved:
    """Which of some units were taken over, and by whom today: ``heirs`` {unit: (heir, name)}, and
    ``keys``, by which these are put in order: {heir: key}.

    For lists that count or sort by today's unit, however many rows they have.
    """

    heirs: Mapping[int, tuple[int, str]]
    keys: Mapping[int, str]

    @classmethod
    def among(cls, ids: Iterable[int]) -> "Moved":
        """Those of the units ``ids`` that another has taken over; one query, none without ids."""
        if not (ids := set(ids)):
            return cls({}, {})
        today = clock.today_in_database()
        ended = OrgUnit.objects.order_by().filter(pk__in=ids, valid_to__lt=today)
        rows = [
            row
            for row in ended.values_list(
                "pk", heir_of("pk"), heir_of("pk", field="name"), heir_of("pk", field="sort_key")
            )
            if row[0] != row[1]
        ]
        return cls(
            {pk: (heir, name) for pk, heir, name, _key in rows},
            {heir: key for _pk, heir, _name, key in rows},
        )

    def called(self, unit: int, name: str) -> str:
        """The ``name`` of the unit, with that of who has its business today."""
        return now_called(name, self.heirs.get(unit, (unit, ""))[1])

    def of(self, unit: int) -> int:
        """Who has the unit's business today."""
        return self.heirs.get(unit, (unit, ""))[0]

    def column(self, unit: str, *, key: bool = False) -> Any:
        """The heir of the unit in the column ``unit``: its id, or the ``key`` to sort by."""
        own = F(f"{unit}__sort_key") if key else F(f"{unit}_id")
        taken: dict[int, list[int]] = {}
        for pk, (heir, _name) in self.heirs.items():
            taken.setdefault(heir, []).append(pk)
        if not taken:
            return own
        whens = [
            When(**{f"{unit}__in": ids}, then=Value(self.keys[heir] if key else heir))
            for heir, ids in taken.items()
        ]
        kind = models.TextField(db_collation="C") if key else models.BigIntegerField()
        return Case(*whens, default=own, output_field=kind)


def now_called(name: str, now: str) -> str:
    """The name of a unit; of one that was taken over, with that of who has its business."""
    if name == now or not now:
        return name
    return _now("%(unit)s (nay là %(now)s)") % {"unit": name, "now": now}


def told_apart(name: str, valid_to: date | None) -> str:
    """The name of a unit where one is chosen; of one that ends, with its last day.

    Reorganised units often keep their name: without the day two choices look alike.
    """
    if valid_to is None:
        return name
    return _now("%(unit)s (đến %(day)s)") % {"unit": name, "day": f"{valid_to:%d/%m/%Y}"}


class OrgUnit(Renamed):
    """A commune, district or province over the time it exists (đơn vị hành chính).

    Codes were reused in the reorganisation of 1/7/2025 (QĐ 19/2025/QĐ-TTg), so a unit is known by
    code and valid-from together.
    """

    #: Of history.Stream, which knows this module.
    history_stream = "unit"
    history_cycle_id = None

    code = models.CharField(_("mã đơn vị"), max_length=10)
    name = NameField(_("tên"), max_length=200)
    level = models.CharField(_("cấp"), max_length=10, choices=Level)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("đơn vị cấp trên"),
    )
    valid_from = DayField(_("có từ ngày"), lowest=EVER)
    valid_to = DayField(_("đến hết ngày"), lowest=EVER, null=True, blank=True)
    successors = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="predecessors",
        verbose_name=_("đơn vị kế thừa"),
    )
    #: Of several successors the one that has its business; chosen once, see cycle/provinces.py.
    main_successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("đơn vị nhận chính"),
    )
    aliases = models.CharField(_("tên viết khác"), max_length=300, blank=True)
    numbering = models.CharField(
        _("đề xuất số tiếp theo"),
        max_length=10,
        choices=Numbering,
        blank=True,
        default=Numbering.NONE,
        db_default=Numbering.NONE,
        help_text=_("Của giấy chứng nhận chờ số; văn thư vẫn sửa được từng số."),
    )
    #: A second province of before the database refused it: one installation serves one.
    doubled = models.BooleanField(default=False, db_default=False, editable=False)
    search, search_joined = letters.searched("name", "aliases")
    sort_key = letters.sorted_by("name")

    objects = OrgUnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("đơn vị")
        verbose_name_plural = _("đơn vị")
        ordering = ["level", "code", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="org_unit_code_valid_from"),
            models.UniqueConstraint(
                fields=["level"],
                condition=Q(level=Level.PROVINCE, valid_to=None, doubled=False),
                name="org_unit_one_province",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="org_unit_period_not_reversed",
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="org_unit_level_known"
            ),
            models.CheckConstraint(
                condition=Q(numbering__in=Numbering.values), name="org_unit_numbering_known"
            ),
            models.CheckConstraint(
                condition=Q(main_successor=None)
                | Q(valid_to__isnull=False) & ~Q(main_successor=F("pk")),
                name="org_unit_only_an_ended_one_has_a_main_successor",
            ),
        ]
        triggers = [
            guards.Told(
                name="org_unit_told",
                stream="unit",
                of="r.id",
                also=[("config", "1"), ("office", "1")],
                columns={
                    "code name level parent_id valid_from valid_to aliases numbering": (
                        "unit.configure unit.load"
                    ),
                    "main_successor_id": "unit.configure office.split",
                },
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name where it is chosen among others."""
        return told_apart(self.name, self.valid_to)

    def clean(self) -> None:
        check_period(self.valid_from, self.valid_to, "valid_to")
        self._check_parent()
        if self.level == Level.PROVINCE and self.valid_to is None:
            check_one_province(self)
        if self.pk is None:
            return
        was = OrgUnit.objects.filter(pk=self.pk).values_list("level", flat=True).first()
        if was is not None and was != self.level and self.is_used():
            raise ValidationError(
                {
                    "level": _now(
                        "Đơn vị đã có người giữ vai trò, hồ sơ hoặc đơn vị khác gắn với nó: không "
                        "đổi cấp được."
                    )
                }
            )

    def _check_parent(self) -> None:
        """It lies below a unit of a higher level; a province below none, or the centre."""
        if self.parent is None:
            return
        order = Level.values
        if self.level in order and order.index(self.parent.level) <= order.index(self.level):
            raise ValidationError(
                {"parent": _now("Đơn vị cấp trên phải ở cấp cao hơn đơn vị này.")}
            )

    def is_used(self) -> bool:
        """Whether anything names it: posts, dossiers, units below, successors, the history."""
        named = (
            relation.related_model._base_manager.filter(**{relation.field.name: self.pk}).exists()
            for relation in OrgUnit._meta.related_objects
        )
        return self.successors.exists() or any(named)

    def check_successors(self, successors: "Collection[OrgUnit]") -> None:
        """Whether ``successors`` can take it over as it is now (unsaved).

        Each of its level, there on the day after its end, and none of them before it in the line.
        Raises ValidationError at ``successors`` or ``valid_to``.
        """
        if self.valid_to is None and self.main_successor_id is not None:
            raise ValidationError(
                {"valid_to": _now("Đã chọn nơi nhận sản phẩm của đơn vị này: bỏ chọn trước.")}
            )
        if not successors:
            return
        if self.valid_to is None:
            raise ValidationError(
                {"valid_to": _now("Đơn vị có đơn vị kế thừa phải có ngày kết thúc.")}
            )
        for each in successors:
            if each.level != self.level:
                wrong = _now("«%(unit)s» không cùng cấp với đơn vị này.")
            elif each.valid_from > self.valid_to + timedelta(days=1) or (
                each.valid_to is not None and each.valid_to <= self.valid_to
            ):
                wrong = _now("«%(unit)s» không có vào ngày sau ngày kết thúc của đơn vị này.")
            elif self.pk is not None and self.pk in _after(each.pk):
                wrong = _now("«%(unit)s» chính là đơn vị này hoặc do đơn vị này kế thừa.")
            else:
                continue
            raise ValidationError({"successors": wrong % {"unit": each.label}})

    def at_level(self, level: str) -> "OrgUnit | None":
        """This unit or its nearest ancestor at ``level``; None when there is none."""
        unit: OrgUnit | None = self
        while unit is not None and unit.level != level:
            unit = unit.parent
        return unit

    def heir(self, day: date | None = None) -> "OrgUnit":
        """Who has its business on ``day``, today without one: itself while it exists, else the last
        of its successors as far as each was the only one, or the one that was chosen.
        """
        if self.valid_to is None or (day is not None and not self.ended_before(day)):
            return self
        found = Heirs(start(self.pk), day_in_database(day))
        # Each began after the one before it had ended.
        return (
            OrgUnit.objects.filter(pk__in=found)
            .select_related("parent__parent")
            .order_by("-valid_from", "-pk")[0]
        )

    @property
    def now(self) -> str:
        """Its name, and today's of who took it over (nay là)."""
        return now_called(self.name, self.heir().name)

    def ended_before(self, day: date) -> bool:
        """Whether it was gone on ``day``."""
        return self.valid_to is not None and self.valid_to < day

    def goes_on_in(self, other: "OrgUnit") -> bool:
        """Whether ``other`` is among those that followed it, whole or in part."""
        return other.pk != self.pk and other.pk in _after(self.pk)

    def is_below(self, other: "OrgUnit") -> bool:
        """Whether it lies in the area of ``other``."""
        return OrgUnit.objects.over(self.pk).filter(pk=other.pk).exists()

    def above(self) -> set[int]:
        """Ids of the units right above it and right above its heir."""
        return {unit.parent_id for unit in (self, self.heir()) if unit.parent_id is not None}


def _after(unit_id: int) -> set[int]:
    """Ids of a unit and all that are written down to follow it, whatever their days."""
    return _linked(unit_id, "from_orgunit", "to_orgunit")


def _linked(unit_id: int, this: str, other: str) -> set[int]:
    """Ids of a unit and of all that successions lead to from it, from ``this`` side on."""
    found, new = set(), {unit_id}
    while new:
        found |= new
        ids = OrgUnit.successors.through.objects.filter(**{f"{this}__in": new})
        new = set(ids.values_list(f"{other}_id", flat=True)) - found
    return found


def named_apart(rows: Any, user: str = "") -> Any:
    """``rows``, people or what has one at ``user``, told by ``has_namesake`` who shares a name."""
    key = f"{user}__sort_key" if user else "sort_key"
    # Read once for all rows: of an EXISTS for each, a list of all people would take their square.
    shared = (
        User.objects.exclude(full_name="")
        .order_by()
        .values("sort_key")
        .annotate(times=Count("pk"))
        .filter(times__gt=1)
        .values("sort_key")
    )
    return rows.annotate(
        has_namesake=ExpressionWrapper(Q((f"{key}__in", shared)), models.BooleanField())
    )


def check_one_province(unit: "OrgUnit") -> None:
    """Whether no other province is in this installation today. Raises ValidationError."""
    others = OrgUnit.objects.filter(level=Level.PROVINCE, valid_to=None).exclude(pk=unit.pk)
    if other := others.first():
        raise ValidationError(
            {
                "level": _("Hệ thống đã có %(unit)s: một hệ thống phục vụ một tỉnh.")
                % {"unit": other}
            }
        )


class User(Renamed, AbstractUser):
    """A person who signs in (người dùng). Never deleted: what they did stays theirs."""

    full_name = NameField(_("họ và tên"), max_length=150, blank=True)
    phone = PhoneField(_("điện thoại"), max_length=20, blank=True)
    language = models.CharField(
        _("ngôn ngữ"), max_length=5, default="vi", choices=[("vi", "Tiếng Việt"), ("en", "English")]
    )
    #: When this person opened the help or said that they need none; empty: it is offered.
    help_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    sort_key = letters.sorted_by("full_name")
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    class Meta:
        verbose_name = _("người dùng")
        verbose_name_plural = _("người dùng")
        triggers = [
            guards.Told(
                name="user_told",
                stream="person",
                of="r.id",
                columns={
                    "is_staff is_superuser": "person.staff",
                    "is_active": "person.activate person.deactivate",
                    "username full_name": "person.change",
                    "email phone": "person.change person.contact",
                },
            ),
            guards.Stays("date_joined", name="user_stays"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        """The name as it is written in documents."""
        return str(self)

    get_short_name = get_full_name

    def label(self, has_namesake: bool) -> str:
        """The name where one is chosen among others: of two of one name, with the sign-in."""
        return f"{self} ({self.username})" if has_namesake else str(self)

    @property
    def administers(self) -> bool:
        """Whether this sign-in is of the administration (tài khoản quản trị): it holds no post."""
        return self.is_staff or self.is_superuser

    @property
    def works(self) -> bool:
        """Whether pages of work are for this sign-in; one of before may hold posts and both."""
        return not self.administers or bool(self.assignments())

    def assignments(self) -> "list[RoleAssignment]":
        """The roles this person holds today, their own first, read once per person object.

        Those held by substitution are another's: ``assignment.user_id`` says whose. Each with its
        ``business`` and its ``area``.
        """
        if not hasattr(self, "_assignments"):
            held = sorted(
                _held_today(user=self.pk, today=clock.day_that_is_set()),
                key=lambda assignment: assignment.user_id != self.pk,
            )
            own = [assignment for assignment in held if assignment.user_id == self.pk]
            # An auditor only reads, also as a substitute.
            only_reads = own and all(assignment.role == Role.AUDITOR for assignment in own)
            self._assignments = own if only_reads else held
        return self._assignments

    def posts(self, *roles: str) -> "list[RoleAssignment]":
        """The assignments of today in one of ``roles``; all of them without any."""
        return [held for held in self.assignments() if not roles or held.role in roles]

    def area(self, *roles: str) -> list[int]:
        """Ids of the units whose files this person sees (địa bàn), in one of ``roles`` or in any:
        their own, all below, and what those took over.
        """
        return sorted({unit for held in self.posts(*roles) for unit in held.area})

    def business(self, *roles: str) -> list[int]:
        """Ids of the units for which this person acts, in one of ``roles`` or in any: their own,
        and what those took over.
        """
        return sorted({unit for held in self.posts(*roles) for unit in held.business})

    def capacity(self, role: str, org_unit_id: int | None) -> "RoleAssignment | None":
        """The assignment by which this person acts as ``role`` of that unit, or None; the unit's
        own before its heir's.
        """
        acting = [held for held in self.posts(role) if org_unit_id in held.business]
        return min(acting, key=lambda held: held.org_unit_id != org_unit_id, default=None)

    def in_posts(self, role: str, unit: str) -> Q:
        """What lies with this person: the fields ``role`` and ``unit`` name a role at a unit for
        which they act.
        """
        posts: dict[str, set[int]] = {}
        for held in self.assignments():
            posts.setdefault(held.role, set()).update(held.business)
        pairs = [(name, each) for name, ids in posts.items() for each in sorted(ids)]
        if len(pairs) > MANY_POSTS:
            return Q(_IsOneOf(F(role), F(unit), *map(list, zip(*pairs, strict=True))))
        # Named outright, PostgreSQL knows from its statistics how few rows these are.
        mine = Q(pk__in=[])
        for name, ids in posts.items():
            mine |= Q((role, name), (f"{unit}__in", sorted(ids)))
        return mine


def before_and_after(ids: Collection[int]) -> list[OrgUnit]:
    """The units of these ids, what they took over, and what took them over."""
    return _before_and_after(ids=sorted(ids), today=clock.day_that_is_set())


@steady
def _before_and_after(*, ids: Any, today: Any) -> "OrgUnitQuerySet":
    today, ids = clock.set_or_its_own(today), Cast(ids, ArrayField(models.BigIntegerField()))
    found = Q(pk__in=BusinessRows(ids, today)) | Q(pk__in=Heirs(ids, today))
    return OrgUnit.objects.filter(found).order_by()


@prepared
def _held_today(*, user: Any, today: Any) -> "RoleAssignmentQuerySet":
    """The posts of today of the person ``user``, their own and those that they stand in for."""
    today = clock.set_or_its_own(today)
    own_or_lent = RoleAssignment.objects.filter(user=user).values("pk")
    lent = Substitution.objects.in_force(today).filter(substitute=user)
    # Of an OR the planner expects half the table, and an area for each of its rows.
    own_or_lent = own_or_lent.union(lent.values("assignment"))
    held = RoleAssignment.objects.held_on(today).filter(pk__in=own_or_lent)
    return held.with_area(today).select_related("org_unit")


#: Above so many posts a join is cheaper than naming each (measured: 72 ms for 270 in a list).
MANY_POSTS = 20


class _IsOneOf(Func):
    """Whether (role, unit) is among the pairs that two lists give; the database may join them."""

    template = """EXISTS (SELECT FROM unnest(%(roles)s::text[], %(units)s::bigint[])
      AS post(role, unit) WHERE post.role = %(role)s AND post.unit = %(unit)s)"""
    output_field = models.BooleanField()

    def __init__(self, role: F, unit: F, roles: list[str], units: list[int]):
        super().__init__(Value(roles), Value(units), role, unit)

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        names = ("roles", "units", "role", "unit")
        parts = [compiler.compile(each) for each in self.get_source_expressions()]
        sql = {name: part[0] for name, part in zip(names, parts, strict=True)}
        return self.template % sql, [value for part in parts for value in part[1]]


HELD_ALREADY = _("Người này đã có vai trò này ở đơn vị này trong thời gian đó.")


def day_in_database(day: date | None) -> Any:
    """``day``, or today, as an expression."""
    return clock.today_in_database() if day is None else Value(day, models.DateField())


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    """Posts by the day on which they are held."""

    def held_on(self, day: Any) -> "RoleAssignmentQuerySet":
        """Assignments in force on ``day``."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)

    def with_area(self, day: Any) -> "RoleAssignmentQuerySet":
        """Each with the ids of its ``business`` and of its ``area`` on ``day``."""
        area = {"area": Area(start(F("org_unit")), day)}
        return self.with_business(day).annotate(**area)

    def with_business(self, day: Any) -> "RoleAssignmentQuerySet":
        """Each with the ids of its ``business`` on ``day``."""
        return self.annotate(business=Business(start(F("org_unit")), day))

    def at(self, unit_id: int | F, day: date | None = None) -> "RoleAssignmentQuerySet":
        """Assignments of ``day``, today without one, at a unit, given by id or column, or at what
        took it over: by which its work is done.
        """
        today = day_in_database(day)
        return self.held_on(today).filter(org_unit_id__in=Heirs(start(unit_id), today))

    def following(self, role: str, unit_id: int) -> "RoleAssignmentQuerySet":
        """Assignments of today as ``role`` in whose area the unit lies."""
        today = clock.today_in_database()
        return self.held_on(today).filter(role=role, org_unit_id__in=Line(start(unit_id), today))


class DateRange(Func):
    """``daterange(from, to, '[]')``; an open end is NULL."""

    function = "DATERANGE"
    output_field = DateRangeField()


class Hash(Func):
    """A single-point range of a key, so that a GiST index can say «equal» without btree_gist."""

    template = "int8range((%(expressions)s)::int8, (%(expressions)s)::int8, '[]')"

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = super().as_sql(*args, **kwargs)
        # ``template`` has the expression twice, so its parameters are needed twice. The DDL has
        # columns there and no parameters; ``validate()`` has values.
        return sql, (*params, *params)


class RoleAssignment(models.Model):
    """A person acts in a role for a unit over a period (phân công).

    ``basis`` is the document of the ledger on which it was given (quyết định phân công), read as
    ``paper``; rows of before the ledger keep in the columns ``was_…`` what was typed.
    """

    user = models.ForeignKey(
        User, models.PROTECT, related_name="role_assignments", verbose_name=_("người dùng")
    )
    role = models.CharField(_("vai trò"), max_length=20, choices=Role)
    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="role_assignments", verbose_name=_("đơn vị")
    )
    valid_from = DayField(_("từ ngày"), lowest=IN_SERVICE)
    valid_to = DayField(_("đến hết ngày"), lowest=IN_SERVICE, null=True, blank=True)
    #: NULL: appointed before this column existed, or by the system.
    made_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("người phân công"),
    )
    basis = models.ForeignKey(
        "cycle.Document",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="appoints",
        verbose_name=_("văn bản phân công"),
    )
    was_document = models.CharField(
        db_column="document", max_length=120, blank=True, db_default="", editable=False
    )
    was_document_signer = models.CharField(
        db_column="document_signer", max_length=150, blank=True, db_default="", editable=False
    )
    #: The successor, who has the open tasks from the day after ``valid_to`` (bàn giao).
    handed_to = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("người nhận bàn giao"),
    )

    #: Ids of the units that it acts for, and of those it sees: :meth:`with_area`.
    business: list[int]
    area: list[int]

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("phân công")
        verbose_name_plural = _("phân công")
        indexes = [
            models.Index(fields=["user", "role", "org_unit"], name="role_assignment_inbox"),
            models.Index(fields=["org_unit", "role"], name="role_assignment_holders"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="role_assignment_period_not_reversed",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="role_assignment_role_known"
            ),
            models.CheckConstraint(
                condition=Q(made_by=None) | ~Q(user=F("made_by")) | Q(basis__isnull=False),
                name="role_assignment_to_oneself_has_a_document",
            ),
            ExclusionConstraint(
                name="role_assignment_not_twice_at_once",
                # Field names, not column names («user_id»): ``validate()`` finds no value for a
                # column name, and would compare each row with itself.
                expressions=[
                    (Hash(F("user")), RangeOperators.OVERLAPS),
                    (Hash(F("org_unit")), RangeOperators.OVERLAPS),
                    (Hash(Func(F("role"), function="hashtext")), RangeOperators.OVERLAPS),
                    (
                        DateRange("valid_from", "valid_to", RangeBoundary(inclusive_upper=True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        triggers = [
            guards.Stays(
                "user_id",
                "role",
                "org_unit_id",
                "valid_from",
                "made_by_id",
                "basis_id",
                "document",
                "document_signer",
                name="post_stays",
            ),
            guards.Told(
                name="post_told",
                stream="person",
                of="r.user_id",
                also=[("cycle", guards.naming("assignment"))],
                columns={
                    "valid_to": "role.prolong role.end role.handover role.handover_back",
                    "handed_to_id": "role.handover role.handover_back",
                },
            ),
            guards.Told(
                name="post_gone_told",
                stream="person",
                of="r.user_id",
                also=[("cycle", guards.naming("successor"))],
                rows="role.handover_back",
                on=pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.org_unit.name}"

    @property
    def paper(self) -> "Document | None":
        """The document on which it was given, as it stands; None where there is none."""
        return None if self.basis is None else self.basis.in_force

    @property
    def label(self) -> str:
        """What it is called where it is chosen among others."""
        return f"{self.get_role_display()}, {self.org_unit.label}"

    def overlaps(self, other: "RoleAssignment") -> bool:
        """Whether both give one person one role at one unit on some day."""
        return (
            (self.user_id, self.role, self.org_unit_id)
            == (other.user_id, other.role, other.org_unit_id)
            and (other.valid_to is None or self.valid_from <= other.valid_to)
            and (self.valid_to is None or other.valid_from <= self.valid_to)
        )

    def clean(self) -> None:
        check_period(self.valid_from, self.valid_to, "valid_to")
        if self.user_id and self.org_unit_id and self.valid_from:
            others = RoleAssignment.objects.filter(
                user=self.user_id, org_unit=self.org_unit_id, role=self.role
            ).exclude(pk=self.pk)
            if any(self.overlaps(other) for other in others):
                raise ValidationError({"valid_from": HELD_ALREADY})
        if self.org_unit_id and self.valid_from:
            self._check_unit()

    def _check_unit(self) -> None:
        """Nobody begins a post after its unit has ended, nor before it began."""
        unit = self.org_unit
        if unit.valid_to is not None and self.valid_from > unit.valid_to:
            raise ValidationError(
                {
                    "org_unit": _("Đơn vị này đã kết thúc ngày %(day)s: hãy chọn đơn vị hiện nay.")
                    % {"day": f"{unit.valid_to:%d/%m/%Y}"}
                }
            )


class SubstitutionQuerySet(models.QuerySet["Substitution"]):
    """Substitutions by day, and those whose paper is missing."""

    def not_lapsed(self, day: Any) -> "SubstitutionQuerySet":
        """Those that have their paper, need none, or may still get it on ``day``."""
        return self.filter(Q(paper_due_on=None) | Q(paper_due_on__gte=day) | Q(basis__isnull=False))

    def in_force(self, day: Any) -> "SubstitutionQuerySet":
        """Substitutions of ``day``; one whose paper did not follow in time has ended."""
        return self.not_lapsed(day).filter(valid_from__lte=day, valid_to__gte=day)

    def at(self, unit: int | F, role: str | F, day: Any) -> "SubstitutionQuerySet":
        """Those of ``day`` in a role, by which the work of a unit is done."""
        return self.in_force(day).filter(
            assignment__in=RoleAssignment.objects.held_on(day),
            assignment__role=role,
            assignment__org_unit_id__in=Heirs(start(unit), day),
        )

    def owing(self, post: RoleAssignment) -> "SubstitutionQuerySet":
        """Those of the post, whoever stood in, whose paper has not come, be it due or not.

        By person, role and unit: a post that was ended and given again is the same one.
        """
        return self.filter(
            basis=None,
            paper_due_on__isnull=False,
            assignment__user=post.user_id,
            assignment__role=post.role,
            assignment__org_unit=post.org_unit_id,
        )

    def without_paper(self, day: date) -> "SubstitutionQuerySet":
        """Those whose paper was due before ``day`` and did not come."""
        return self.filter(basis=None, paper_due_on__lt=day)


class Substitution(models.Model):
    """Somebody acts for the holder of a role over a period (ủy quyền).

    One level: it gives the holder's own role, never one that the holder has by substitution. What
    is done under it names both. No two at once for one role. ``basis`` is the document of the
    ledger that it rests on (giấy ủy quyền, văn bản giao), read as ``paper``; rows of before the
    ledger keep in the columns ``was_…`` what the history hashed of them.
    """

    assignment = models.ForeignKey(
        RoleAssignment, models.PROTECT, related_name="substitutions", verbose_name=_("phân công")
    )
    substitute = models.ForeignKey(
        User, models.PROTECT, related_name="substitutions", verbose_name=_("người được ủy quyền")
    )
    valid_from = models.DateField(_("từ ngày"))
    valid_to = models.DateField(_("đến hết ngày"))
    reason = models.CharField(_("lý do"), max_length=300)
    basis = models.ForeignKey(
        "cycle.Document",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="lends",
        verbose_name=_("văn bản ủy quyền"),
    )
    was_document = models.CharField(
        db_column="document", max_length=120, blank=True, db_default="", editable=False
    )
    was_document_signer = models.CharField(
        db_column="document_signer", max_length=150, blank=True, db_default="", editable=False
    )
    #: Last day to enter the ``basis``, when a leader named the substitute at once, in sickness.
    paper_due_on = models.DateField(_("văn bản chậm nhất"), null=True, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)

    objects = SubstitutionQuerySet.as_manager()

    class Meta:
        verbose_name = _("ủy quyền")
        verbose_name_plural = _("ủy quyền")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="substitution_period_not_reversed",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="substitution_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(substitute=F("created_by")) | Q(basis__isnull=False),
                name="substitution_of_its_maker_has_a_document",
            ),
            ExclusionConstraint(
                name="substitution_one_at_a_time",
                expressions=[
                    (Hash(F("assignment")), RangeOperators.OVERLAPS),
                    (
                        DateRange("valid_from", "valid_to", RangeBoundary(inclusive_upper=True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        triggers = [
            guards.Stays(
                "assignment_id",
                "substitute_id",
                "valid_from",
                "reason",
                "created_by_id",
                "document",
                "document_signer",
                "paper_due_on",
                name="substitution_stays",
            ),
            guards.Told(
                name="substitution_told",
                stream="cycle",
                of=guards.naming("substitution"),
                columns={
                    "valid_to": "role.substitute_paper role.substitute_end role.substitute_lapse",
                    "basis_id": "role.substitute_paper",
                },
            ),
            guards.Told(
                name="substitution_gone_told",
                stream="cycle",
                of=guards.naming("substitution"),
                rows="role.substitute_end",
                on=pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.substitute}: {self.assignment}"

    @property
    def paper(self) -> "Document | None":
        """The document that it rests on, as it stands; None while there is none."""
        return None if self.basis is None else self.basis.in_force

    def clean(self) -> None:
        if self.assignment_id and self.substitute_id == self.assignment.user_id:
            raise ValidationError({"substitute": _("Không thể ủy quyền cho chính mình.")})
        check_period(self.valid_from, self.valid_to, "valid_to")
        if self.valid_from and self.valid_to:
            overlapping = Substitution.objects.filter(
                assignment=self.assignment_id,
                valid_from__lte=self.valid_to,
                valid_to__gte=self.valid_from,
            ).exclude(pk=self.pk)
            if self.assignment_id and overlapping.exists():
                raise ValidationError(
                    {"valid_from": _("Thời gian này đã ủy quyền cho người khác.")}
                )


def people_of(role: str, org_unit_id: int, day: date | None = None) -> "models.QuerySet[User]":
    """The active people who act as ``role`` of a unit on ``day`` (today), or for who does."""
    return acting_in(RoleAssignment.objects.at(org_unit_id, day).filter(role=role), day)


def acting_in(
    held: "models.QuerySet[RoleAssignment]", day: date | None = None
) -> "models.QuerySet[User]":
    """The active people who act in one of the posts ``held`` on ``day`` (today): who holds it, and
    who acts for them.
    """
    substitutes = Substitution.objects.in_force(day_in_database(day)).filter(assignment__in=held)
    return User.objects.filter(
        Q(pk__in=held.values("user")) | Q(pk__in=substitutes.values("substitute")), is_active=True
    )

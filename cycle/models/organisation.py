"""Who there is: units, people, and which role a person holds at which unit."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.fields.ranges import RangeBoundary
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models.folding import Fold


def check_period(first, last, field):
    """Raises ValidationError at ``field``, that of the last day, when it comes before the first."""
    if first and last and last < first:
        raise ValidationError({field: _("Ngày kết thúc phải sau ngày bắt đầu.")})


class Level(models.TextChoices):
    """Levels of government (cấp)."""

    COMMUNE = "commune", _("Cấp xã")
    DISTRICT = "district", _("Cấp huyện")
    PROVINCE = "province", _("Cấp tỉnh")
    CENTRE = "centre", _("Trung ương")


class Role(models.TextChoices):
    """What a person does for a unit (vai trò)."""

    OFFICER = "officer", _("Cán bộ OCOP")
    LEADER = "leader", _("Lãnh đạo")
    COUNCIL_OFFICE = "council_office", _("Thường trực hội đồng")
    TRADE = "trade", _("Cán bộ xúc tiến thương mại")
    DEPARTMENT = "department", _("Chuyên viên sở, ngành")
    CLERK = "clerk", _("Văn thư")
    AUDITOR = "auditor", _("Kiểm tra, giám sát")


class OrgUnitQuerySet(models.QuerySet):
    def valid_on(self, day):
        """Units that exist on ``day``."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)


class OrgUnit(models.Model):
    """A commune, district or province over the time it exists (đơn vị hành chính).

    Codes were reused in the reorganisation of 1/7/2025 (QĐ 19/2025/QĐ-TTg), so a unit is known by
    code and valid-from together.
    """

    code = models.CharField(_("mã đơn vị"), max_length=10)
    name = models.CharField(_("tên"), max_length=200)
    level = models.CharField(_("cấp"), max_length=10, choices=Level)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("đơn vị cấp trên"),
    )
    valid_from = models.DateField(_("có từ ngày"))
    valid_to = models.DateField(_("đến hết ngày"), null=True, blank=True)
    successors = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="predecessors",
        verbose_name=_("đơn vị kế thừa"),
    )
    aliases = models.CharField(_("tên viết khác"), max_length=300, blank=True)
    #: A second province of before the database refused it: one installation serves one.
    doubled = models.BooleanField(default=False, db_default=False, editable=False)
    search = models.GeneratedField(
        expression=Fold(
            Concat("name", models.Value(" "), "aliases", output_field=models.TextField())
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

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
        ]

    def __str__(self):
        return self.name

    def clean(self):
        check_period(self.valid_from, self.valid_to, "valid_to")
        if self.level == Level.PROVINCE and self.valid_to is None:
            check_one_province(self)

    def at_level(self, level):
        """This unit or its nearest ancestor at ``level``; None when there is none."""
        unit: OrgUnit | None = self
        while unit is not None and unit.level != level:
            unit = unit.parent
        return unit

    def line(self):
        """Ids of this unit and all above it."""
        unit: OrgUnit | None = self
        ids = []
        while unit is not None:
            ids.append(unit.pk)
            unit = unit.parent
        return ids


def check_one_province(unit):
    """Whether no other province is in this installation today. Raises ValidationError."""
    others = OrgUnit.objects.filter(level=Level.PROVINCE, valid_to=None).exclude(pk=unit.pk)
    if other := others.first():
        raise ValidationError(
            {
                "level": _("Hệ thống đã có %(unit)s: một hệ thống phục vụ một tỉnh.")
                % {"unit": other}
            }
        )


class User(AbstractUser):
    """A person who signs in (người dùng). Never deleted: what they did stays theirs."""

    full_name = models.CharField(_("họ và tên"), max_length=150, blank=True)
    phone = models.CharField(_("điện thoại"), max_length=20, blank=True)
    language = models.CharField(
        _("ngôn ngữ"), max_length=5, default="vi", choices=[("vi", "Tiếng Việt"), ("en", "English")]
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    class Meta:
        verbose_name = _("người dùng")
        verbose_name_plural = _("người dùng")

    def __str__(self):
        return self.full_name or self.username

    def get_full_name(self):
        """The name as it is written in documents."""
        return str(self)

    get_short_name = get_full_name

    def assignments(self):
        """The roles this person holds today, their own first, read once per person object.

        Those held by substitution are another's: ``assignment.user_id`` says whose.
        """
        if not hasattr(self, "_assignments"):
            today = clock.today_in_database()
            held = sorted(
                RoleAssignment.objects.held_on(today)
                .filter(
                    Q(user=self)
                    | Q(
                        pk__in=Substitution.objects.in_force(today)
                        .filter(substitute=self)
                        .values("assignment")
                    )
                )
                .select_related("org_unit"),
                key=lambda assignment: assignment.user_id != self.pk,
            )
            own = [assignment for assignment in held if assignment.user_id == self.pk]
            # Who may only read does nothing in another's name either.
            only_reads = own and all(assignment.role == Role.AUDITOR for assignment in own)
            self._assignments = own if only_reads else held
        return self._assignments

    def capacity(self, role, org_unit_id):
        """The assignment by which this person acts as ``role`` of that unit, or None."""
        for assignment in self.assignments():
            if assignment.role == role and assignment.org_unit_id == org_unit_id:
                return assignment
        return None


HELD_ALREADY = _("Người này đã có vai trò này ở đơn vị này trong thời gian đó.")


class RoleAssignmentQuerySet(models.QuerySet):
    def held_on(self, day):
        """Assignments in force on ``day``."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)


class DateRange(Func):
    """``daterange(from, to, '[]')``; an open end is NULL."""

    function = "DATERANGE"
    output_field = DateRangeField()


class Hash(Func):
    """A single-point range of a key, so that a GiST index can say «equal» without btree_gist."""

    template = "int8range((%(expressions)s)::int8, (%(expressions)s)::int8, '[]')"

    def as_sql(self, *args, **kwargs):
        sql, params = super().as_sql(*args, **kwargs)
        # The expression stands twice, its values too: a form that is checked gives values where
        # the table's definition gives columns.
        return sql, (*params, *params)


class RoleAssignment(models.Model):
    """A person acts in a role for a unit over a period (phân công)."""

    user = models.ForeignKey(
        User, models.PROTECT, related_name="role_assignments", verbose_name=_("người dùng")
    )
    role = models.CharField(_("vai trò"), max_length=20, choices=Role)
    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="role_assignments", verbose_name=_("đơn vị")
    )
    valid_from = models.DateField(_("từ ngày"))
    valid_to = models.DateField(_("đến hết ngày"), null=True, blank=True)
    #: Empty for those of before this was kept, and for what no person appointed.
    made_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("người phân công"),
    )
    document = models.CharField(_("số, ngày văn bản"), max_length=120, blank=True)
    document_signer = models.CharField(_("người ký văn bản"), max_length=150, blank=True)
    #: Who has its open work from the day after ``valid_to`` (bàn giao).
    handed_to = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("người nhận bàn giao"),
    )

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
                condition=Q(made_by=None)
                | ~Q(user=F("made_by"))
                | ~Q(document="") & ~Q(document_signer=""),
                name="role_assignment_to_oneself_has_a_document",
            ),
            ExclusionConstraint(
                name="role_assignment_not_twice_at_once",
                # By the names of fields: of a column's name a form's check knows no value, and
                # would compare each row with itself.
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

    def __str__(self):
        return f"{self.get_role_display()}, {self.org_unit.name}"

    def overlaps(self, other):
        """Whether both give one person one role at one unit on some day."""
        return (
            (self.user_id, self.role, self.org_unit_id)
            == (other.user_id, other.role, other.org_unit_id)
            and (other.valid_to is None or self.valid_from <= other.valid_to)
            and (self.valid_to is None or other.valid_from <= self.valid_to)
        )

    def clean(self):
        check_period(self.valid_from, self.valid_to, "valid_to")
        if self.user_id and self.org_unit_id and self.valid_from:
            others = RoleAssignment.objects.filter(
                user=self.user_id, org_unit=self.org_unit_id, role=self.role
            ).exclude(pk=self.pk)
            if any(self.overlaps(other) for other in others):
                raise ValidationError({"valid_from": HELD_ALREADY})
            self._check_unit()

    def _check_unit(self):
        """Nobody begins a post after its unit has ended, nor before it began."""
        unit = self.org_unit
        if unit.valid_to is not None and self.valid_from > unit.valid_to:
            raise ValidationError(
                {
                    "org_unit": _("Đơn vị này đã kết thúc ngày %(day)s: hãy chọn đơn vị hiện nay.")
                    % {"day": f"{unit.valid_to:%d/%m/%Y}"}
                }
            )


class SubstitutionQuerySet(models.QuerySet):
    def in_force(self, day):
        """Substitutions of ``day``; one whose paper did not follow in time has ended."""
        return self.filter(
            Q(paper_due_on=None) | Q(paper_due_on__gte=day) | ~Q(document=""),
            valid_from__lte=day,
            valid_to__gte=day,
        )

    def without_paper(self, day):
        """Those whose paper was due before ``day`` and did not come."""
        return self.filter(document="", paper_due_on__lt=day)


class Substitution(models.Model):
    """Somebody acts for the holder of a role over a period (ủy quyền).

    One level: it gives the holder's own role, never one that the holder has by substitution. What
    is done under it names both. No two at once for one role.
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
    document = models.CharField(_("văn bản"), max_length=120, blank=True)
    document_signer = models.CharField(_("người ký văn bản"), max_length=150, blank=True)
    #: Named without a paper by whoever leads, in sickness: the paper follows by this day.
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
                condition=~Q(substitute=F("created_by")) | ~Q(document="") & ~Q(document_signer=""),
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

    def __str__(self):
        return f"{self.substitute}: {self.assignment}"

    def clean(self):
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


def people_of(role, org_unit_id, day=None):
    """The active people who hold ``role`` at a unit on ``day`` (today), or act for who does."""
    day = day or clock.today_in_database()
    held = RoleAssignment.objects.held_on(day).filter(role=role, org_unit_id=org_unit_id)
    substitutes = Substitution.objects.in_force(day).filter(assignment__in=held)
    return User.objects.filter(
        Q(pk__in=held.values("user")) | Q(pk__in=substitutes.values("substitute")), is_active=True
    )

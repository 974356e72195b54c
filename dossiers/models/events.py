"""Events that concern many products: outreach (tuyên truyền) and fairs (xúc tiến)."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.files import HashField
from cycle.models import Cycle, Document, NameField, OrgUnit, Role, RoleAssignment, User
from cycle.written import Period

#: The roles that hold outreach events and fairs.
ORGANISERS = (Role.OFFICER, Role.TRADE, Role.DEPARTMENT)


def organiser_at(unit: int, user: User) -> RoleAssignment | None:
    """The post of this person by which they tell what a unit holds: one that holds such events, at
    the unit or above. None: they may not.
    """
    return next(
        (post for post in user.assignments() if post.role in ORGANISERS and unit in post.area),
        None,
    )


class CycleEvent(models.Model):
    """Something that a unit holds in a cycle for many products. ``cost`` in đồng."""

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="%(class)ss", verbose_name=_("chu trình")
    )
    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="%(class)ss", verbose_name=_("đơn vị tổ chức")
    )
    held_on = models.DateField(_("ngày"))
    title = NameField(_("nội dung"), max_length=200)
    attendance = models.PositiveIntegerField(_("số người dự"), default=0)
    cost = models.BigIntegerField(
        _("kinh phí (đồng)"), default=0, validators=[MinValueValidator(0)]
    )
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        abstract = True
        ordering = ["-held_on", "-pk"]

    def __str__(self) -> str:
        return self.title

    def organiser(self, user: User) -> RoleAssignment | None:
        """The post of this person by which they may correct it. None: they may not."""
        return organiser_at(self.org_unit_id, user)


class OutreachKind(models.TextChoices):
    """How people hear of the programme (hình thức tuyên truyền)."""

    MEETING = "meeting", _("Hội nghị, họp thôn bản")
    RADIO = "radio", _("Phát thanh")
    PANEL = "panel", _("Pano, áp phích")
    NEWS = "news", _("Báo chí, mạng xã hội")
    TRAINING = "training", _("Tập huấn")
    SURVEY = "survey", _("Khảo sát sản phẩm")


class PlannedQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> PlannedQuerySet:
        """What a unit of this person's area holds, or is held for one of its communes."""
        area = user.area()
        places = PlannedPlace.objects.filter(planned=OuterRef("pk"), commune__in=area)
        return self.filter(Q(org_unit__in=area) | Exists(places))

    def to_hold(self) -> PlannedQuerySet:
        """What nobody has held yet, or dropped, of years that are open."""
        held = OutreachEvent.objects.filter(planned=OuterRef("pk"))
        return self.filter(~Exists(held), dropped_at=None, cycle__closed_on=None, cycle__void=False)


class PlannedOutreach(models.Model):
    """A row of the year's plan for step 1 (kế hoạch tuyên truyền, tập huấn): what a unit will hold,
    for which communes, on a day or in a month.

    ``begins_on`` to ``due_on`` is that day, or that month. ``required``: a training that producers
    of its communes have to attend before their business plan is approved. ``basis`` is the document
    of the ledger by which it was planned, read as ``paper``; none where it is the unit's own
    intention. What was dropped (bỏ khỏi kế hoạch) says why, and stays.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="planned_outreach", verbose_name=_("chu trình")
    )
    org_unit = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        editable=False,
        related_name="planned_outreach",
        verbose_name=_("đơn vị thực hiện"),
    )
    kind = models.CharField(_("hình thức"), max_length=20, choices=OutreachKind)
    title = NameField(_("nội dung"), max_length=200)
    begins_on = models.DateField(_("từ ngày"))
    due_on = models.DateField(_("chậm nhất ngày"))
    required = models.BooleanField(
        _("phải dự trước khi duyệt phương án"), default=False, db_default=False
    )
    communes = models.ManyToManyField(
        OrgUnit,
        through="PlannedPlace",
        editable=False,
        related_name="+",
        verbose_name=_("xã, phường"),
    )
    basis = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="planned_outreach",
        verbose_name=_("văn bản kế hoạch"),
    )
    made_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    made_at = models.DateTimeField(editable=False)
    dropped_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(_("lý do bỏ"), max_length=1000, blank=True, editable=False)

    objects = PlannedQuerySet.as_manager()

    class Meta:
        verbose_name = _("hoạt động trong kế hoạch")
        verbose_name_plural = _("hoạt động trong kế hoạch")
        ordering = ["due_on", "pk"]
        indexes = [models.Index(fields=["org_unit", "due_on"], name="planned_of_unit")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OutreachKind.values), name="planned_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(begins_on__lte=F("due_on")), name="planned_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(required=False) | Q(kind="training"),
                name="planned_required_is_training",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None, reason="")
                | Q(dropped_at__isnull=False, dropped_by__isnull=False) & ~Q(reason=""),
                name="planned_dropped_knows_why",
            ),
        ]
        triggers = [
            guards.Stays(
                "cycle_id", "org_unit_id", "basis_id", "made_by_id", "made_at",
                name="planned_stays",
            ),
            guards.Told(
                name="planned_told",
                stream="cycle",
                of=guards.naming("planned"),
                columns={
                    "kind title begins_on due_on required": "planned.correct",
                    "dropped_by_id dropped_at reason": "planned.drop",
                },
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    @property
    def when(self) -> Period:
        """The day, or the month."""
        return Period(self.begins_on, self.due_on)

    @property
    def paper(self) -> Document | None:
        """The document that it rests on, as it stands."""
        return None if self.basis is None else self.basis.in_force

    def organiser(self, user: User) -> RoleAssignment | None:
        """The post of this person by which they may change it. None: they may not."""
        return organiser_at(self.org_unit_id, user)


class PlannedPlace(models.Model):
    """A commune for which something is planned; only ever added, with its row of the plan."""

    planned = models.ForeignKey(PlannedOutreach, models.PROTECT, related_name="places")
    commune = models.ForeignKey(
        OrgUnit, models.PROTECT, editable=False, related_name="+", verbose_name=_("xã, phường")
    )

    class Meta:
        verbose_name = _("xã trong kế hoạch")
        constraints = [
            models.UniqueConstraint(fields=["planned", "commune"], name="planned_place_once")
        ]
        triggers = [guards.Immutable(name="planned_place_stays")]

    def __str__(self) -> str:
        return str(self.commune)


class OutreachEvent(CycleEvent):
    """A meeting, broadcast or panel (hoạt động tuyên truyền), from which new products come."""

    kind = models.CharField(_("hình thức"), max_length=20, choices=OutreachKind)
    audience = NameField(_("đối tượng"), max_length=200, blank=True)
    place = NameField(_("địa điểm"), max_length=200, blank=True)
    planned = models.ForeignKey(
        PlannedOutreach,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("theo kế hoạch"),
    )

    class Meta(CycleEvent.Meta):
        verbose_name = _("hoạt động tuyên truyền")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OutreachKind.values), name="outreach_kind_known"
            ),
            models.CheckConstraint(condition=Q(cost__gte=0), name="outreach_cost_not_negative"),
        ]
        triggers = [
            guards.Stays("recorded_by_id", name="outreach_stays"),
            guards.Told(
                name="outreach_told",
                stream="cycle",
                of=guards.naming("outreach"),
                columns={
                    "cycle_id org_unit_id held_on title attendance cost kind"
                    " audience place planned_id": "outreach.correct"
                },
            ),
        ]


class OutreachAttendance(models.Model):
    """Who was at an event, by name (danh sách người dự): ``people`` are [name, of which producer or
    hamlet, telephone] each.

    Personal data: read by who may correct the event, and by nobody else. The list is replaced as a
    whole; what it said before is in no history, which tells how many were named.
    """

    event = models.OneToOneField(OutreachEvent, models.PROTECT, related_name="attended")
    people = models.JSONField(_("danh sách người dự"), default=list)

    class Meta:
        verbose_name = _("danh sách người dự")
        triggers = [
            guards.Told(
                name="attendance_told",
                stream="cycle",
                of=guards.naming("outreach", "event_id"),
                rows="outreach.attend",
            )
        ]

    def __str__(self) -> str:
        return str(self.event)


class OutreachFile(models.Model):
    """A photo of an event, or what was handed out there (ảnh, tài liệu). A wrong one is taken away,
    with a reason.
    """

    event = models.ForeignKey(OutreachEvent, models.PROTECT, related_name="files")
    sha256 = HashField()
    bytes = models.BigIntegerField()
    filename = models.CharField(_("tên tệp"), max_length=200)
    content_type = models.CharField(max_length=100)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người gửi"))
    at = models.DateTimeField(_("lúc"))

    class Meta:
        verbose_name = _("ảnh, tài liệu")
        ordering = ["pk"]
        triggers = [
            guards.Told(
                name="outreach_file_told",
                stream="cycle",
                of=guards.naming("outreach", "event_id"),
                rows="outreach.attach outreach.take_off",
            )
        ]

    def __str__(self) -> str:
        return self.filename


class PromotionEvent(CycleEvent):
    """A fair or campaign that takes many products (hội chợ, chiến dịch xúc tiến)."""

    place = NameField(_("địa điểm"), max_length=200, blank=True)

    class Meta(CycleEvent.Meta):
        verbose_name = _("sự kiện xúc tiến")
        constraints = [
            models.CheckConstraint(condition=Q(cost__gte=0), name="fair_cost_not_negative")
        ]
        triggers = [
            guards.Stays("recorded_by_id", name="fair_stays"),
            guards.Told(
                name="fair_told",
                stream="cycle",
                of=guards.naming("promotion"),
                columns={
                    "cycle_id org_unit_id held_on title attendance cost place": "promotion.correct"
                },
            ),
        ]

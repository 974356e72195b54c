"""Events that concern many products: outreach (tuyên truyền) and fairs (xúc tiến)."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.models import Cycle, NameField, OrgUnit, Role, RoleAssignment, User

#: The roles that hold outreach events and fairs.
ORGANISERS = (Role.OFFICER, Role.TRADE, Role.DEPARTMENT)


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
        """The post of this person by which they may correct it: one that holds such events, at its
        unit or above. None: they may not.
        """
        return next(
            (
                post
                for post in user.assignments()
                if post.role in ORGANISERS and self.org_unit_id in post.area
            ),
            None,
        )


class OutreachKind(models.TextChoices):
    """How people hear of the programme (hình thức tuyên truyền)."""

    MEETING = "meeting", _("Hội nghị, họp thôn bản")
    RADIO = "radio", _("Phát thanh")
    PANEL = "panel", _("Pano, áp phích")
    NEWS = "news", _("Báo chí, mạng xã hội")
    TRAINING = "training", _("Tập huấn")


class OutreachEvent(CycleEvent):
    """A meeting, broadcast or panel (hoạt động tuyên truyền), from which new products come."""

    kind = models.CharField(_("hình thức"), max_length=20, choices=OutreachKind)
    audience = NameField(_("đối tượng"), max_length=200, blank=True)

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
                    " audience": "outreach.correct"
                },
            ),
        ]


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

"""Products that may enter the programme one day, and who knows of them (sản phẩm tiềm năng)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cycle import guards, letters
from cycle.models import Cycle, NameField, OrgUnit, User
from dossiers.models.dossier import Dossier
from dossiers.models.events import OutreachEvent
from dossiers.models.product import OwnerType, ProductGroup, Standing
from dossiers.models.stock import StockBatch


class PotentialState(models.TextChoices):
    """What became of it (tình trạng)."""

    OPEN = "open", _("Chưa mở hồ sơ")
    BEGUN = "begun", _("Đã mở hồ sơ")
    CLOSED = "closed", _("Đã khép lại")


class PotentialSource(models.TextChoices):
    """Where it is known from (nguồn)."""

    SURVEY = "survey", _("Khảo sát")
    EVENT = "event", _("Hoạt động tuyên truyền")
    WISH = "wish", _("Chủ thể tự đề nghị")


#: What is said of a potential product, and corrected with a reason.
TOLD_OF_IT = (
    "source", "event", "name", "group", "producer_name", "owner_type", "representative", "phone",
    "address", "wish", "surveyed_on",
)  # fmt: skip


class PotentialQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Those of this person's area."""
        return self.filter(commune__in=user.area())


class Potential(models.Model):
    """A product that is known before it has a dossier (sản phẩm tiềm năng).

    ``batch`` is the list of a survey that it came in, whose document is its source; of one that an
    officer recorded there is none, but ``cycle``, the year whose history tells of it. ``event`` is
    the meeting where it came up; ``dossier`` the one that began from it; ``wish`` what its producer
    hopes for or needs.
    """

    batch = models.ForeignKey(
        StockBatch,
        models.PROTECT,
        null=True,
        related_name="potentials",
        verbose_name=_("danh sách"),
    )
    cycle = models.ForeignKey(
        Cycle, models.PROTECT, null=True, related_name="potentials", verbose_name=_("chu trình")
    )
    source = models.CharField(
        _("nguồn"), max_length=10, choices=PotentialSource, default=PotentialSource.SURVEY
    )
    event = models.ForeignKey(
        OutreachEvent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="potentials",
        verbose_name=_("hoạt động tuyên truyền"),
    )
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người ghi")
    )
    recorded_at = models.DateTimeField(_("ghi lúc"), null=True)
    commune = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="potentials", verbose_name=_("xã, phường")
    )
    name = NameField(_("tên sản phẩm"), max_length=200)
    group = models.CharField(_("nhóm sản phẩm"), max_length=40, choices=ProductGroup, blank=True)
    producer_name = NameField(_("chủ thể"), max_length=200)
    owner_type = models.CharField(_("loại hình"), max_length=20, choices=OwnerType, blank=True)
    representative = models.CharField(_("người đại diện"), max_length=150, blank=True)
    phone = models.CharField(_("điện thoại"), max_length=40, blank=True)
    address = models.CharField(_("địa chỉ"), max_length=250, blank=True)
    wish = models.CharField(_("nguyện vọng"), max_length=1000, blank=True)
    surveyed_on = models.DateField(_("ngày biết đến, khảo sát"), null=True, blank=True)
    state = models.CharField(
        _("tình trạng"), max_length=10, choices=PotentialState, default=PotentialState.OPEN
    )
    dossier = models.OneToOneField(
        Dossier, models.PROTECT, null=True, related_name="potential", verbose_name=_("hồ sơ")
    )
    reason = models.CharField(_("lý do khép lại"), max_length=1000, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người khép lại")
    )
    closed_at = models.DateTimeField(_("khép lại lúc"), null=True)
    search, search_joined = letters.searched(
        "name", "producer_name", "representative", "phone", "address"
    )
    void = models.BooleanField(_("đã gạch bỏ"), default=False, editable=False)

    objects = Standing.from_queryset(PotentialQuerySet)()
    everything = models.Manager()

    class Meta:
        verbose_name = _("sản phẩm tiềm năng")
        verbose_name_plural = _("sản phẩm tiềm năng")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["commune", "id"], name="potential_of_commune"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PotentialState.values), name="potential_state_known"
            ),
            models.CheckConstraint(
                condition=Q(source="event", event__isnull=False)
                | Q(source__in=["survey", "wish"], event=None),
                name="potential_source_known",
            ),
            models.CheckConstraint(
                condition=Q(batch__isnull=False, source="survey", cycle=None, recorded_by=None)
                | Q(
                    batch=None,
                    cycle__isnull=False,
                    recorded_by__isnull=False,
                    recorded_at__isnull=False,
                ),
                name="potential_of_a_list_or_a_year",
            ),
            models.CheckConstraint(
                condition=Q(group="") | Q(group__in=ProductGroup.values),
                name="potential_group_known",
            ),
            models.CheckConstraint(
                condition=Q(state="begun", dossier__isnull=False)
                | ~Q(state="begun") & Q(dossier=None),
                name="potential_begun_knows_its_dossier",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_by__isnull=False, closed_at__isnull=False)
                & ~Q(reason="")
                | ~Q(state="closed") & Q(closed_by=None, closed_at=None, reason=""),
                name="potential_closed_knows_why",
            ),
        ]
        triggers = [
            guards.Stays(
                "batch_id", "cycle_id", "recorded_by_id", "recorded_at", name="potential_stays",
            ),
            guards.Told(
                name="potential_told",
                stream="cycle",
                of=guards.naming("potential"),
                also=[("dossier", "r.dossier_id")],
                columns={
                    "source event_id name group producer_name owner_type representative phone"
                    " address wish surveyed_on": "potential.correct",
                    "state": "potential.close potential.reopen potential.begin",
                    "dossier_id": "potential.begin",
                    "reason closed_by_id closed_at": "potential.close potential.reopen",
                },
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

"""The office that runs this installation: whom its people call."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cycle.models.folding import PhoneField
from cycle.models.history import Stream
from cycle.models.organisation import User


@dataclass(frozen=True)
class Office:
    """The installation as the record of what is set up names it: there is one."""

    label: str
    pk = 1
    history_stream = Stream.OFFICE
    history_cycle_id = None

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True)
class Configuration:
    """What is set up for the whole installation (cấu hình): calendar, law, rubrics, templates.

    One chain; ``label`` says what the entry is about.
    """

    label: str
    pk = 1
    history_stream = Stream.CONFIGURATION
    history_cycle_id = None

    def __str__(self) -> str:
        return self.label


class OfficeContact(models.Model):
    """Whom to call who cannot sign in (liên hệ của văn phòng). The newest row counts."""

    name = models.CharField(_("gọi ai"), max_length=150)
    phone = PhoneField(_("điện thoại"), max_length=20, blank=True)
    email = models.EmailField(_("thư điện tử"), blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    made_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("liên hệ của văn phòng")
        verbose_name_plural = _("liên hệ của văn phòng")
        get_latest_by = "pk"
        constraints = [
            models.CheckConstraint(
                condition=~Q(phone="") | ~Q(email=""), name="office_contact_can_be_reached"
            )
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.name, self.phone, self.email)))

    @classmethod
    def current(cls) -> "OfficeContact | None":
        """The one that counts, or None."""
        return cls.objects.order_by("-pk").first()

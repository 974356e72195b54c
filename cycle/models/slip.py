"""Slips of paper by which a person begins to use their account, or gets in again."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.models.organisation import User


class ActivationSlip(models.Model):
    """A printed code: who holds it chooses the password of one account, once (phiếu kích hoạt).

    The code itself is on paper only; ``mark`` is what it is known by. A person has one that works:
    printing another makes the one before worthless.
    """

    user = models.ForeignKey(
        User, models.PROTECT, related_name="slips", verbose_name=_("người dùng")
    )
    mark = models.CharField(max_length=64, editable=False)
    #: Nobody: printed on the server itself, for the first administrator.
    made_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người in phiếu")
    )
    made_at = models.DateTimeField(_("in lúc"))
    expires_on = models.DateField(_("dùng đến hết ngày"))
    used_at = models.DateTimeField(_("dùng lúc"), null=True)
    #: Another was printed in its place, or the person left.
    voided_at = models.DateTimeField(_("hủy lúc"), null=True)

    class Meta:
        verbose_name = _("phiếu kích hoạt")
        verbose_name_plural = _("phiếu kích hoạt")
        constraints = [
            models.UniqueConstraint(fields=["mark"], name="slip_mark_once"),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at=None, voided_at=None),
                name="slip_one_works_per_person",
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(voided_at=None), name="slip_used_or_void_not_both"
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(used_at__gte=F("made_at")),
                name="slip_used_after_it_was_made",
            ),
            models.CheckConstraint(condition=~Q(user=F("made_by")), name="slip_not_for_oneself"),
        ]
        triggers = [
            guards.Stays(
                "user_id", "mark", "made_by_id", "made_at", "expires_on", name="slip_stays"
            ),
            guards.Told(
                name="slip_told",
                stream="person",
                of="r.user_id",
                columns={
                    "used_at": "person.begin person.new_password",
                    "voided_at": "person.slip person.deactivate person.new_password_by_mail",
                },
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.made_at:%d/%m/%Y}"

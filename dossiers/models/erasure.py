"""Personal texts of the history that were erased, for whom, on what paper (xóa dữ liệu cá nhân)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.files import HashField
from cycle.models import NameField, User
from dossiers.models.product import Producer


class Because(models.TextChoices):
    """What an erasure rests on (căn cứ xóa)."""

    REQUEST = "request", _("Yêu cầu của chính người đó")
    LAW = "law", _("Quy định hoặc văn bản của cơ quan có thẩm quyền")


class Erasure(models.Model):
    """Personal texts of history are erased, for good (xóa dữ liệu cá nhân). Insert-only.

    Of somebody with an account (``person``), or of who stands for a ``producer``. ``texts`` names
    exactly what goes, [[id of the entry, part], …], and no word of it. Inserting the row is the
    erasing: the trigger ``erase_words`` empties each of them in ``SealedText`` and notes there by
    which row, or refuses the row. What must stay it refuses (``history_word_stays``).
    """

    person = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="erasures", verbose_name=_("người")
    )
    producer = models.ForeignKey(
        Producer, models.PROTECT, null=True, related_name="erasures", verbose_name=_("chủ thể")
    )
    texts = models.JSONField(_("nội dung đã xóa"))
    because = models.CharField(_("căn cứ"), max_length=10, choices=Because)
    reason = models.CharField(_("lý do"), max_length=500)
    number = models.CharField(_("số và ký hiệu văn bản"), max_length=60)
    signed_on = models.DateField(_("ngày ký"))
    signer = NameField(_("người ký"), max_length=150)
    sha256 = HashField()
    filename = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    made_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    made_at = models.DateTimeField(_("lúc"), editable=False)

    class Meta:
        verbose_name = _("lần xóa dữ liệu cá nhân")
        verbose_name_plural = _("các lần xóa dữ liệu cá nhân")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="erasure_of_one_person",
                condition=Q(person__isnull=False, producer=None)
                | Q(person=None, producer__isnull=False),
            ),
            models.CheckConstraint(
                name="erasure_not_of_oneself", condition=Q(person=None) | ~Q(person=F("made_by"))
            ),
            models.CheckConstraint(
                name="erasure_has_a_paper",
                condition=~Q(number="") & ~Q(signer="") & ~Q(reason="") & ~Q(sha256=""),
            ),
            models.CheckConstraint(
                name="erasure_because_known", condition=Q(because__in=Because.values)
            ),
        ]
        triggers = [guards.Immutable(name="erasure_stays")]

    def __str__(self) -> str:
        return f"{self.number}, {self.signed_on:%d/%m/%Y}"

    @property
    def whose(self) -> User | Producer:
        """Of whom the texts were."""
        found = self.person or self.producer
        assert found is not None, "erasure_of_one_person"
        return found

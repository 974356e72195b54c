"""Under which number an office took a filing into its register (số phiếu đăng ký, PĐK)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards
from cycle.letters import fold_number
from cycle.locking import take_turn
from cycle.models import OrgUnit

if TYPE_CHECKING:
    from dossiers.models.dossier import Dossier

#: «3/2026», «PĐK 03/2026», «PĐK 3», as :func:`fold_number` gives them.
_TYPED = re.compile(r"(pdk)?(\d{1,6})(?:/(\d{4}))?")


class FilingNumberQuerySet(models.QuerySet[Any]):
    def typed(self, text: str) -> Self:
        """Those that ``text`` names: a number with its year, or with «PĐK» before it."""
        found = _TYPED.fullmatch(fold_number(text))
        if found is None or not (found[1] or found[3]):
            return self.none()
        named = self.filter(number=int(found[2]))
        return named.filter(year=int(found[3])) if found[3] else named

    def give(
        self, dossier: Dossier, body: OrgUnit, commune: OrgUnit, at: datetime
    ) -> FilingNumber | None:
        """The next number of ``body`` for the filings of ``commune`` in the year of ``at``; None of
        a year that it counted on paper. Whoever comes at the same moment waits until this
        transaction has ended.
        """
        year = timezone.localdate(at).year
        if not self.counts(body, year):
            return None
        counted = {"body": body, "commune": commune, "year": year}
        take_turn("filing numbers", body.pk, commune.pk, year)
        last = self.filter(**counted).order_by("-number").values_list("number", flat=True).first()
        return self.create(dossier=dossier, number=(last or 0) + 1, at=at, **counted)

    def counts(self, body: OrgUnit, year: int) -> bool:
        """Whether the register of ``body`` was kept here in ``year``: this year's is, and one of
        before since the first number that it gave. What is recorded late of a year before, or told
        again, has its number on a receipt that nobody here knows.
        """
        # A replay sets the clock to the year that it tells of.
        today = timezone.localdate() if clock.replaying() else clock.today()
        if year >= today.year:
            return True
        first = self.filter(body=body).order_by("pk").values_list("year", flat=True).first()
        return first is not None and first <= year


class FilingNumber(models.Model):
    """The number of a filing in the register of the office that received it (số phiếu đăng ký, PĐK,
    in the blocks of Mẫu 01): counted from 1 for each receiving ``body``, ``commune`` and ``year``.

    It is given with the act by which the office receives the filing (``Act.registers``) and stays,
    whatever becomes of the dossier: what is withdrawn or sent back frees no number. ``commune`` and
    ``body`` are those of that day. What was received before these numbers has none, nor has what
    is recorded now of a year in which the office gave none here.
    """

    dossier = models.ForeignKey(
        "dossiers.Dossier", models.PROTECT, related_name="filing_numbers", verbose_name=_("hồ sơ")
    )
    body = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="+", verbose_name=_("cơ quan tiếp nhận")
    )
    commune = models.ForeignKey(
        OrgUnit, models.PROTECT, db_index=False, related_name="+", verbose_name=_("xã, phường")
    )
    year = models.PositiveSmallIntegerField(_("năm"))
    number = models.PositiveIntegerField(_("số phiếu đăng ký (PĐK)"))
    at = models.DateTimeField(_("lúc"))

    objects: ClassVar = FilingNumberQuerySet.as_manager()

    class Meta:
        verbose_name = _("số phiếu đăng ký")
        verbose_name_plural = _("số phiếu đăng ký")
        ordering = ["pk"]
        constraints = [
            # The trigger ``filing_number_follows`` asks for the number before: so none lacks.
            models.UniqueConstraint(
                fields=["body", "commune", "year", "number"], name="filing_number_once"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="filing_number_from_one"),
        ]
        indexes = [models.Index(fields=["number", "year"], name="filing_number_look_up")]
        triggers = [
            guards.Immutable(name="filing_number_stays"),
            guards.Told(
                name="filing_number_told",
                stream="dossier",
                of="r.dossier_id",
                rows=guards.SAVED,
                on=pgtrigger.Insert,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number:02}/{self.year}"

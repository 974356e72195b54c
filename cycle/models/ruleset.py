"""The law in force, as versioned data: levels, who certifies, bands, terms, compulsory items."""

from decimal import Decimal
from functools import cache

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _


class RuleSetQuerySet(models.QuerySet):
    def in_force(self, day):
        """The newest edition valid on ``day``."""
        return (
            self.filter(models.Q(valid_to=None) | models.Q(valid_to__gte=day), valid_from__lte=day)
            .order_by("-valid_from", "-pk")
            .first()
        )


class RuleSet(models.Model):
    """One edition of the criteria decision (bộ quy định), e.g. QĐ 26/2026/QĐ-TTg.

    ``content`` is the file ``cycle/rulesets/<edition>/ruleset.json`` as it was loaded;
    ``content_hash`` is its SHA-256. A dossier pins the row, and the database refuses to change it:
    a corrected file becomes a new row.
    """

    edition = models.CharField(_("ấn bản"), max_length=40)
    title = models.CharField(_("tên"), max_length=200)
    document = models.CharField(_("văn bản"), max_length=200)
    valid_from = models.DateField(_("hiệu lực từ"))
    valid_to = models.DateField(_("đến hết"), null=True, blank=True)
    content = models.JSONField(_("nội dung"))
    content_hash = models.CharField(_("mã băm nội dung"), max_length=64, unique=True)

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("bộ quy định")
        verbose_name_plural = _("bộ quy định")
        ordering = ["valid_from"]
        triggers = [
            pgtrigger.Protect(
                name="rule_set_immutable", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self):
        return self.title

    @classmethod
    @cache
    def pinned(cls, pk):
        """The edition with this key, read once per process: the database never changes one."""
        return cls.objects.get(pk=pk)

    @property
    def procedure(self):
        """Which flow: ``three_levels`` or ``two_levels``."""
        return self.content["procedure"]

    @property
    def has_district(self):
        """Whether a district evaluates before the province."""
        return "district" in self.content["levels"]

    @property
    def needs_points(self):
        """Whether stars follow from points (QĐ 851 only records stars)."""
        return bool(self.content["bands"])

    @property
    def certificate_months(self):
        """How long a certificate is valid, in months; None where the decision names no term."""
        return self.content["certificate_months"]

    def refile_wait(self, what):
        """Days before a refused ``"idea"`` or ``"plan"`` may be filed again."""
        return self.content["refile_wait_days"][what]

    def band(self, points_sum, sheets):
        """The stars of a mean, compared exactly: sum ≥ band × number, never rounded up."""
        for floor, stars in self.content["bands"]:
            if points_sum >= Decimal(floor) * sheets:
                return stars
        raise ValueError("no band")

    def goes_up(self, level, *, stars, points_sum=None, sheets=None):
        """Whether a result at ``level`` (district or province) goes to the next level."""
        rule = self.content["goes_up"].get(level)
        if rule is None:
            return False
        if "min_stars" in rule:
            return stars is not None and stars >= rule["min_stars"]
        return points_sum is not None and points_sum >= Decimal(rule["min_points"]) * sheets

    def compulsory(self, case_type):
        """Kinds of evidence without which a dossier of ``case_type`` may not be submitted."""
        return self.content["compulsory"][case_type]

    def certifier(self, stars):
        """The level that certifies ``stars``; None where the decision does not say."""
        return self.content["certifies"].get(str(stars))

    def evidence_label(self, kind):
        """The Vietnamese name of a kind of evidence; the code itself when it is unknown."""
        for row in self.content["evidence_kinds"]:
            if row["code"] == kind:
                return row["label"]
        return kind

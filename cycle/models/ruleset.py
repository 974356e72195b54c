"""Editions of the law as versioned rows (bộ quy định), and their rubrics (bộ tiêu chí)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.points import band, reaches

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


#: Kinds of evidence of what was done: contracts, accounts, markets, awards. That they ended makes
#: them no less true, unless the edition's file says ``"lapses": true``.
OF_THE_PAST = frozenset(
    {
        "origin_and_chain",
        "growth_accounts",
        "accounting",
        "market",
        "advertising",
        "market_and_advertising",
        "awards",
    }
)


#: What an edition asks of acts, and how it is cited, for rows of it that were loaded before its
#: file said so: a year that runs keeps the row it was opened under.
SAID_LATER: dict[str, dict[str, Any]] = {
    "qd26_2026": {
        "samples": {"count": 5, "except": ["community_tourism"]},
        "request_on_paper": True,
        "reevaluation": {"report": True, "visits": ["scale", "evidence"]},
        # Its day was not read from the decision itself: the paper leaves it to be written.
        "citation": "Quyết định số 26/2026/QĐ-TTg ngày …/…/2026 của Thủ tướng Chính phủ",
    },
    "qd1048_2019": {
        "citation": "Quyết định số 1048/QĐ-TTg ngày 21/8/2019 của Thủ tướng Chính phủ, sửa đổi, "
        "bổ sung tại Quyết định số 781/QĐ-TTg ngày 08/6/2020 của Thủ tướng Chính phủ",
    },
    "qd851_2018": {
        "citation": "Quyết định số 851/QĐ-UBND ngày 24/5/2018 của Ủy ban nhân dân tỉnh Bắc Kạn",
    },
}


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    """Editions by the day on which they are in force."""

    def valid_on(self, day: date | models.F) -> Self:
        """The editions valid on ``day``, a date or a column, the newest first."""
        return self.filter(
            models.Q(valid_to=None) | models.Q(valid_to__gte=day), valid_from__lte=day
        ).order_by("-valid_from", "-pk")

    def in_force(self, day: date) -> RuleSet | None:
        """The newest edition valid on ``day``."""
        return self.valid_on(day).first()


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
        triggers = [guards.Immutable(name="rule_set_immutable")]

    def __str__(self) -> str:
        return self.title

    @classmethod
    @cache
    def pinned(cls, pk: int) -> RuleSet:
        """The edition with this key, read once per process: the database never changes one."""
        return cls.objects.get(pk=pk)

    @property
    def procedure(self) -> str:
        """Which flow: ``three_levels`` or ``two_levels``."""
        return self.content["procedure"]

    @property
    def has_district(self) -> bool:
        """Whether a district evaluates before the province."""
        return "district" in self.content["levels"]

    @property
    def needs_points(self) -> bool:
        """Whether stars are computed from points (QĐ 851 only records stars)."""
        return bool(self.content["bands"])

    @property
    def certificate_months(self) -> int | None:
        """How long a certificate is valid, in months; None where the decision names no term."""
        return self.content["certificate_months"]

    def refiling(self, expires_on: date) -> tuple[date, date] | None:
        """The first and the last day to file for re-evaluation before ``expires_on`` (D6), or None
        where the edition names none.
        """
        window = self.content["terms"].get("D6")
        if window is None:
            return None
        return tuple(  # type: ignore[return-value]  # of two ends
            expires_on - timedelta(days=window[end]) for end in ("opens", "closes")
        )

    def awaits_decision_until(self, expires_on: date, missed: str = "closed") -> date | None:
        """The last day on which a certificate may outlive ``expires_on``, until its re-evaluation
        is decided (D12); None when it may not.

        A transition, for owners who could not meet their days to file (D6): days that were over
        before this edition came, or with ``missed`` "begun" had begun before it
        (:class:`~cycle.models.reading.LawReading`).
        """
        window, longer = self.refiling(expires_on), self.content["terms"].get("D12")
        if not (window and longer) or window[missed == "closed"] >= self.valid_from:
            return None
        return expires_on + timedelta(days=longer["length"])

    def counted_from(self, code: str) -> str:
        """What the law counts the clock ``code`` from: "receipt", "conclusion", "certificate"; ""
        where the edition does not say.
        """
        return self.content["terms"].get(code, {}).get("from", "")

    def refile_wait(self, what: str) -> int:
        """Days before a refused ``"idea"`` or ``"plan"`` may be filed again."""
        return self.content["refile_wait_days"][what]

    def band(self, points_sum: Decimal, sheets: int) -> int:
        """The stars of a mean: :func:`cycle.points.band` of this edition."""
        return band(self.content["bands"], points_sum, sheets)

    def goes_up(
        self,
        level: str,
        *,
        stars: int | None,
        points_sum: Decimal | None = None,
        sheets: int | None = None,
    ) -> bool:
        """Whether a result at ``level`` (district or province) goes to the next level.

        All that the edition names must be reached: stars, which a missed minimum lowers, points,
        or both. An eliminated product has no stars and goes nowhere.
        """
        rule = self.content["goes_up"].get(level)
        if rule is None or stars is None or stars < rule.get("min_stars", 1):
            return False
        if "min_points" not in rule:
            return True
        # ``sheets`` is never None with a ``points_sum``.
        return points_sum is not None and reaches(rule["min_points"], points_sum, sheets)  # type: ignore[arg-type]

    def compulsory(self, case_type: str) -> list[str]:
        """Kinds of evidence without which a dossier of ``case_type`` may not be submitted."""
        return self.content["compulsory"][case_type]

    def samples(self, group: str) -> int:
        """How many samples (sản phẩm mẫu) of a product of ``group`` come with its dossier; 0 where
        the edition asks for none.
        """
        rule = self._said("samples")
        return 0 if rule is None or group in rule["except"] else rule["count"]

    def _said(self, key: str) -> Any:
        return self.content.get(key, SAID_LATER.get(self.edition, {}).get(key))

    @property
    def citation(self) -> str:
        """How official papers cite it (căn cứ): with number, day and issuer."""
        return self._said("citation") or self.document

    @property
    def request_on_paper(self) -> bool:
        """Whether the commune sends a dossier up with an official request (văn bản đề nghị, Đ.6.2.a
        of QĐ 26/2026): a signed document with its number and scan.
        """
        return bool(self._said("request_on_paper"))

    @property
    def office_reports(self) -> bool:
        """Whether a council has the office's report on each re-evaluation first, answers in
        writing, and meets only where opinions differ or the matter is complex (Đ.7.6.c–d of QĐ
        26/2026).
        """
        return bool((self._said("reevaluation") or {}).get("report"))

    @property
    def visit_grounds(self) -> list[str]:
        """The only grounds on which a re-evaluation is visited on site; none where the edition
        limits no visit.
        """
        return (self._said("reevaluation") or {}).get("visits", [])

    def certifier(self, stars: int | None) -> str | None:
        """The level that certifies ``stars``; None where the decision does not say."""
        return self.content["certifies"].get(str(stars))

    @property
    def product_groups(self) -> list[tuple[str, str]]:
        """The product groups as (code, Vietnamese name), in the order of the decision."""
        return [(row["code"], row["label"]) for row in self.content["product_groups"]]

    def group_label(self, group: str) -> str:
        """The Vietnamese name of a product group; the code itself when it is unknown."""
        return dict(self.product_groups).get(group, group)

    def lapses(self, kind: str) -> bool:
        """Whether a paper of this kind must be valid on the day of filing (còn hạn)."""
        for row in self.content["evidence_kinds"]:
            if row["code"] == kind:
                return row.get("lapses", kind not in OF_THE_PAST)
        return False

    def evidence_label(self, kind: str) -> str:
        """The Vietnamese name of a kind of evidence; the code itself when it is unknown."""
        for row in self.content["evidence_kinds"]:
            if row["code"] == kind:
                return row["label"]
        return kind


def _immutable(name: str) -> list[guards.Immutable]:
    """A trigger for tables of the law: rows are added, never changed or deleted."""
    return [guards.Immutable(name=name)]


class RubricQuerySet(models.QuerySet):
    """Rubrics by version."""

    def current(self) -> Self:
        """The newest version of each product set."""
        newest = self.order_by("rule_set_id", "number", "-pk").distinct("rule_set_id", "number")
        return self.filter(pk__in=newest.values("pk"))

    def with_draft(self) -> Self:
        """Each with ``draft``: whether a level still lacks its official wording."""
        bare = Option.objects.filter(
            criterion__rubric=models.OuterRef("pk"), criterion__yes_no=False, wording=None
        )
        return self.annotate(draft=models.Exists(bare))


class Rubric(models.Model):
    """The criteria by which one product set is judged (bộ tiêu chí của một bộ sản phẩm).

    It is also the official score sheet; a printed one must have the official text, which
    ``load_rubrics`` loads as :class:`Wording`. ``content_hash`` is the SHA-256 of its part of the
    edition's file. A dossier pins the row; a corrected file adds a new row.
    """

    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, related_name="rubrics", verbose_name=_("bộ quy định")
    )
    number = models.PositiveSmallIntegerField(_("số của bộ sản phẩm"))
    name = models.CharField(_("bộ sản phẩm"), max_length=200)
    group = models.CharField(_("nhóm sản phẩm"), max_length=40)
    sections = models.JSONField(_("các mục"))
    content_hash = models.CharField(_("mã băm nội dung"), max_length=64)

    objects = RubricQuerySet.as_manager()

    class Meta:
        verbose_name = _("bộ tiêu chí")
        verbose_name_plural = _("bộ tiêu chí")
        ordering = ["rule_set_id", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="rubric_version_once", fields=["rule_set", "number", "content_hash"]
            )
        ]
        triggers = _immutable("rubric_immutable")

    def __str__(self) -> str:
        return self.name

    def count(self, chosen: Iterable[int]) -> tuple[dict[Criterion, Decimal], dict[str, str]]:
        """Count the options with the ids ``chosen`` as a complete sheet.

        Returns ``{criterion: points}`` and ``{code: what is wrong}``; the key "" is for ids that
        are no options of this rubric.
        """
        points: dict[Criterion, Decimal] = {}
        wrong, left = {}, set(chosen)
        for criterion in self.criteria.select_related("requires").prefetch_related("options"):
            options = [option for option in criterion.options.all() if option.pk in left]
            left -= {option.pk for option in options}
            this = {"code": criterion.code, "title": criterion.title}
            required = criterion.requires
            if len(options) > 1:
                wrong[criterion.code] = _now("Tiêu chí %(code)s: chỉ chọn một mức.") % this
            elif required is not None and not points.get(required):
                if options:
                    wrong[criterion.code] = _now(
                        "Tiêu chí %(code)s chỉ chấm khi %(required)s có điểm: hãy để trống."
                    ) % {"code": criterion.code, "required": required.code}
            elif options:
                points[criterion] = options[0].points
            else:
                wrong[criterion.code] = _now("Bạn chưa chấm tiêu chí %(code)s %(title)s.") % this
        if left:
            wrong[""] = _now("Có mức điểm không thuộc bộ tiêu chí này.")
        return points, wrong


class Criterion(models.Model):
    """A criterion (tiêu chí), scored by choosing exactly one of its options.

    ``requires``: another criterion; without points there this one is not scored («chỉ áp dụng khi
    có câu chuyện»). ``cases``: titles of alternatives, of which one applies to the product («một
    trong hai trường hợp»); empty without alternatives.
    """

    rubric = models.ForeignKey(
        Rubric, models.PROTECT, related_name="criteria", verbose_name=_("bộ tiêu chí")
    )
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    part = models.CharField(_("phần"), max_length=1)
    code = models.CharField(_("mã"), max_length=10)
    title = models.CharField(_("tiêu chí"), max_length=200)
    points = models.DecimalField(_("điểm tối đa"), max_digits=5, decimal_places=2)
    yes_no = models.BooleanField(_("chỉ có hoặc không"), default=False)
    requires = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("chỉ chấm khi có điểm ở"),
    )
    cases = models.JSONField(_("các trường hợp"), default=list)
    note = models.CharField(_("ghi chú"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("tiêu chí")
        verbose_name_plural = _("tiêu chí")
        ordering = ["rubric_id", "position"]
        constraints = [
            models.UniqueConstraint(name="criterion_code_once", fields=["rubric", "code"]),
            models.CheckConstraint(
                name="criterion_part_known", condition=models.Q(part__in=["A", "B", "C"])
            ),
            models.CheckConstraint(
                name="criterion_points_possible",
                condition=models.Q(points__gt=0, points__lte=100),
            ),
        ]
        triggers = _immutable("criterion_immutable")

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def label(self) -> str:
        """The official wording with its conditions; until it is loaded the title."""
        wording = getattr(self, "wording", None)
        return wording.text if wording else self.title


class Option(models.Model):
    """An option of a criterion (mức điểm), with its points.

    ``minimum_for`` (3, 4 or 5) is the mark ``***``, ``****`` or ``*****``: a product with that many
    stars must reach at least this option. ``case``: number of the alternative it belongs to, from
    1; 0 without alternatives.
    """

    criterion = models.ForeignKey(
        Criterion, models.PROTECT, related_name="options", verbose_name=_("tiêu chí")
    )
    case = models.PositiveSmallIntegerField(_("trường hợp"), default=0)
    level = models.PositiveSmallIntegerField(_("mức"))
    points = models.DecimalField(_("điểm"), max_digits=5, decimal_places=2)
    minimum_for = models.PositiveSmallIntegerField(_("tối thiểu cho hạng sao"), null=True)
    short_label = models.CharField(_("tên ngắn"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("mức điểm")
        verbose_name_plural = _("mức điểm")
        ordering = ["criterion_id", "case", "level"]
        constraints = [
            models.UniqueConstraint(
                name="option_level_once", fields=["criterion", "case", "level"]
            ),
            models.UniqueConstraint(
                name="option_points_once", fields=["criterion", "case", "points"]
            ),
            models.CheckConstraint(
                name="option_points_possible",
                condition=models.Q(points__gte=0, points__lte=100),
            ),
            models.CheckConstraint(
                name="option_minimum_is_stars",
                condition=models.Q(minimum_for=None) | models.Q(minimum_for__range=(3, 5)),
            ),
        ]
        triggers = _immutable("option_immutable")

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The official wording; until it is loaded our short label, or only the level."""
        if wording := getattr(self, "wording", None):
            return wording.text
        return self.short_label or _now("Mức %(level)s") % {"level": self.level}


class Elimination(models.Model):
    """A reason to eliminate a product whatever its points (điều kiện loại).

    With a ``criterion`` it is listed there, else for the whole rubric.
    """

    rubric = models.ForeignKey(
        Rubric, models.PROTECT, related_name="eliminations", verbose_name=_("bộ tiêu chí")
    )
    criterion = models.ForeignKey(
        Criterion,
        models.PROTECT,
        related_name="eliminations",
        null=True,
        blank=True,
        verbose_name=_("tiêu chí"),
    )
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    short_label = models.CharField(_("tên ngắn"), max_length=80)

    class Meta:
        verbose_name = _("điều kiện loại")
        verbose_name_plural = _("điều kiện loại")
        ordering = ["rubric_id", "position"]
        constraints = [
            models.UniqueConstraint(name="elimination_once", fields=["rubric", "position"])
        ]
        triggers = _immutable("elimination_immutable")

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The official wording; until it is loaded our short label."""
        wording = getattr(self, "wording", None)
        return wording.text if wording else self.short_label


class Wording(models.Model):
    """The official text (lời văn chính thức) of one option, criterion or elimination.

    The product does not ship it; a province loads it from the document that it holds. Loading it
    again corrects a text: points and minimums are not here, so nothing scored can change.
    """

    option = models.OneToOneField(Option, models.PROTECT, null=True, related_name="wording")
    criterion = models.OneToOneField(Criterion, models.PROTECT, null=True, related_name="wording")
    elimination = models.OneToOneField(
        Elimination, models.PROTECT, null=True, related_name="wording"
    )
    text = models.TextField(_("lời văn"))
    document = models.CharField(_("văn bản"), max_length=200)

    class Meta:
        verbose_name = _("lời văn chính thức")
        verbose_name_plural = _("lời văn chính thức")
        constraints = [
            models.CheckConstraint(
                name="wording_of_one_thing",
                condition=models.Q(
                    option__isnull=False, criterion__isnull=True, elimination__isnull=True
                )
                | models.Q(option__isnull=True, criterion__isnull=False, elimination__isnull=True)
                | models.Q(option__isnull=True, criterion__isnull=True, elimination__isnull=False),
            ),
            models.CheckConstraint(
                name="wording_says_something",
                condition=~models.Q(text="") & ~models.Q(document=""),
            ),
        ]

    def __str__(self) -> str:
        return self.text

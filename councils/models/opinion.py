"""Questions to departments about a product, and their answers (ý kiến chuyên ngành)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import rules
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.entry import RoundEntry
from councils.models.round import EvaluationRound
from cycle import clock, documents, files, guards
from cycle.models import (
    DayOff,
    Document,
    Effect,
    HistoryEntry,
    Role,
    User,
)
from cycle.workdays import DAY
from dossiers.law.conditions import ConditionNotMet, Lack, stated
from dossiers.rules import doers
from dossiers.terms import clocks

if TYPE_CHECKING:
    from datetime import date

    from dossiers.rules import Claim
    from dossiers.terms.due import Due


class OpinionQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """The opinions that ``user`` is asked for, and those in the rounds that ``user`` sees."""
        asked = Opinion.objects.asked_of(user).values("pk")
        return self.filter(
            Q(pk__in=asked) | Q(entry__round__in=EvaluationRound.objects.visible_to(user))
        )

    def asked_of(self, user: User) -> Self:
        """The opinions that ``user`` gives or gave as a specialist of the council's unit: asked of
        them, of whom they act for today, or of somebody who is no specialist there any more.
        """
        unit = "entry__round__council__org_unit"
        here = self.filter(**{f"{unit}__in": user.business(Role.DEPARTMENT)})
        open_ = here.filter(answered_at=None).exclude(to=user).order_by()
        claims = [
            (to, str(Role.DEPARTMENT), at) for to, at in open_.values_list("to", unit).distinct()
        ]
        mine = Q(to=user) | Q(answered_by=user)
        for claim, people in (doers(claims) if claims else {}).items():
            if user.pk in people:
                mine |= Q(to=claim[0], answered_at=None, **{unit: claim[2]})
        return here.filter(mine)

    def silent(self, today: date) -> Self:
        """Not answered, and late on ``today``."""
        return self.filter(answered_at=None, due_on__lt=today)


class Opinion(models.Model):
    """A question to a department about a product, to be answered by a day (lấy ý kiến sở, ngành).

    It never holds the dossier up: the round may close without an answer, which is shown, and an
    answer may come later. ``letter`` is the document of the ledger by which it was answered, where
    there is one, read as ``paper``; rows of before the ledger keep in the columns ``was_…`` what
    they said of it.
    """

    entry = models.ForeignKey(RoundEntry, models.PROTECT, related_name="opinions")
    to = models.ForeignKey(
        User, models.PROTECT, related_name="opinions_asked", verbose_name=_("người được hỏi")
    )
    department = models.CharField(_("sở, ngành"), max_length=200)
    question = models.TextField(_("nội dung cần ý kiến"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("hỏi lúc"))
    due_on = models.DateField(_("hạn trả lời"))
    answer = models.TextField(_("ý kiến"), blank=True)
    letter = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="answers",
        verbose_name=_("văn bản trả lời"),
    )
    was_number = models.CharField(
        db_column="number", max_length=120, blank=True, db_default="", editable=False
    )
    was_scan_sha256 = files.HashField(
        db_column="scan_sha256", blank=True, db_default="", editable=False
    )
    was_scan_name = models.CharField(
        db_column="scan_name", max_length=200, blank=True, db_default="", editable=False
    )
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(_("trả lời lúc"), null=True)

    #: How late it is, in words; set by the lists, while unanswered.
    due: Due | None

    objects = OpinionQuerySet.as_manager()

    class Meta:
        verbose_name = _("ý kiến sở, ngành")
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(
                fields=["to", "due_on"], name="opinion_awaited", condition=Q(answered_at=None)
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="opinion_answered_in_full",
                condition=Q(answer="", letter=None) & Q(answered_by=None, answered_at=None)
                | ~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="opinion_asked_once", fields=["entry", "to"], condition=Q(answered_at=None)
            ),
        ]
        triggers = [
            guards.Stays(
                "entry_id",
                "to_id",
                "department",
                "question",
                "asked_by_id",
                "asked_at",
                "due_on",
                "number",
                "scan_sha256",
                "scan_name",
                name="opinion_stays",
            ),
            guards.Told(
                name="opinion_told",
                stream="round",
                of=guards.naming("opinion"),
                columns={"answer letter_id answered_by_id answered_at": "round.answer_opinion"},
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department}: {self.entry}"

    @property
    def paper(self) -> Document | None:
        """The document by which it was answered, as it stands; None without one."""
        return None if self.letter is None else self.letter.in_force

    @property
    def claim(self) -> Claim:
        """Whose work it is to answer (:func:`dossiers.rules.doers`)."""
        return self.to_id, Role.DEPARTMENT, self.entry.round.council.org_unit_id

    @classmethod
    def ask(cls, opinion: Self, *, days: int, by: User) -> Self:
        """Ask a department's specialist about a product (xin ý kiến), within ``days`` working days.

        Raises PermissionDenied, RoundClosed, and ConditionNotMet when the one asked is no
        specialist of the council's unit or has not answered an earlier question on the product.
        """
        entry = opinion.entry
        round_ = entry.round
        with round_.change("round.ask_opinion", by, dossier=entry.dossier_id) as data:
            entry.must_wait()
            if opinion.to.capacity(Role.DEPARTMENT, round_.council.org_unit_id) is None:
                raise ConditionNotMet(
                    [
                        Lack(
                            _now("%(who)s không phải chuyên viên sở, ngành của %(unit)s.")
                            % {"who": opinion.to, "unit": round_.council.org_unit},
                            "to",
                        )
                    ]
                )
            if entry.opinions.filter(to=opinion.to, answered_at=None).exists():
                raise ConditionNotMet(
                    [Lack(_now("%(who)s chưa trả lời lần hỏi trước.") % {"who": opinion.to}, "to")]
                )
            opinion.asked_by, opinion.asked_at = by, clock.now()
            today = clock.today()
            # Far enough ahead for the longest holiday.
            calendar = DayOff.objects.calendar(today, today + DAY * (2 * days + 30))
            opinion.due_on = calendar.add(today, days)
            opinion.save(force_insert=True)
            clocks.hold(
                entry.dossier,
                at=opinion.asked_at,
                by=by,
                reason=_now("Chờ ý kiến %(who)s") % {"who": opinion.department or opinion.to},
            )
            data |= {"opinion": opinion.pk, "to": str(opinion.to), "to_id": opinion.to_id}
        return opinion

    def reply(self, text: str, *, by: User, letter: Document | None = None) -> None:
        """Answer (trả lời), by a ``letter``, as typed, of the department if there is one; also when
        the product or its round has gone on meanwhile.

        Raises PermissionDenied; ConditionNotMet when ``text`` is empty or it was answered before;
        ValidationError by field of the letter.
        """
        with transaction.atomic():
            held = Opinion.objects.select_for_update().get(pk=self.pk)
            if not rules.has_perm("councils.answer_opinion", by, held):
                raise PermissionDenied
            if held.answered_at is not None:
                raise ConditionNotMet([_("Ý kiến này đã được trả lời.")])
            text = stated(text, _("Bạn chưa nhập ý kiến."), field="text")
            round_ = self.entry.round
            capacity = by.capacity(Role.DEPARTMENT, round_.council.org_unit_id) or round_.capacity(
                by
            )
            if letter is not None:
                # A department is no unit of the programme: its letters come in.
                letter.outside, letter.does = self.department or str(self.to), Effect.CONFIRMS
                letter = documents.record(letter, by=by, capacity=capacity)
            self.answer, self.letter = text, letter
            self.answered_by, self.answered_at = by, clock.now()
            self.save(update_fields=["answer", "letter", "answered_by", "answered_at"])
            dossier = self.entry.dossier
            if not Opinion.objects.filter(entry__dossier=dossier, answered_at=None).exists():
                clocks.go_on(dossier, at=self.answered_at, by=by)
            said: dict[str, Any] = {}
            if letter is not None:
                said = {"document": str(letter), "ledger": letter.pk}
            HistoryEntry.objects.record(
                "round.answer_opinion",
                round_,
                by=by,
                capacity=capacity,
                dossier=self.entry.dossier_id,
                opinion=self.pk,
                **said,
            )

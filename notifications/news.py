"""The list of a person's notifications (thông báo của tôi), and its filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from councils.models import RoundEntry
from cycle.models import HistoryEntry, OrgUnit, Stream, User
from dossiers.law.guidance import title_of_term
from dossiers.lists.filters import BATCH, Asked, Listed, Narrowed
from dossiers.models import Dossier, Product, Term
from notifications import audiences
from notifications.models import Notification, NotificationQuerySet

#: The most that the bell counts.
MANY = 100


class Kind(models.TextChoices):
    """What a notification is about (loại thông báo)."""

    WORK = "work", gettext_lazy("Việc đến tay bạn")
    TERM = "term", gettext_lazy("Thời hạn")
    RESULT = "result", gettext_lazy("Kết quả")

    @property
    def condition(self) -> models.Q:
        """The condition on notifications of this kind."""
        term = models.Q(entry__event__startswith="term.")
        told = (audiences.the_line, audiences.whom_its_results_concern)
        events = set[str]().union(*map(audiences.events_of, told))
        result = models.Q(entry__event__in=events)
        return {Kind.WORK: ~term & ~result, Kind.TERM: term, Kind.RESULT: result}[self]


@dataclass(frozen=True)
class Filters(Narrowed):
    """The filters of the list."""

    place = {"after": None}

    unread: bool = False
    kind: str = ""
    after: int | None = None

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        return cls(
            unread=asked.data.get("unread") == "1",
            kind=asked.one_of("kind", Kind.values),
            after=asked.key("after"),
        )


def unread_count(user: User) -> int:
    """The number of unread notifications, at most MANY; of a batch on one paper it counts one."""
    return Notification.objects.unread().filter(recipient=user).each_once()[:MANY].count()


class News(Listed):
    """A page of ``user``'s notifications, newest first, in two queries; of what was done together
    on one paper one, and a query more for how many it stands for.
    """

    whole = "kind="

    def __init__(self, user: User, filters: Filters) -> None:
        self.user, self.filters = user, filters

    def _found(self) -> NotificationQuerySet:
        found = Notification.objects.filter(recipient=self.user).each_once()
        if self.filters.unread:
            found = found.unread()
        if self.filters.kind:
            found = found.filter(Kind(self.filters.kind).condition)
        return found.order_by("-pk")

    def _all(self) -> NotificationQuerySet:
        return self._found()

    def keys(self) -> Iterable[int]:
        return self._found().values_list("pk", flat=True).iterator(chunk_size=10 * BATCH)

    def of(self, keys: Sequence[int]) -> list[Any]:
        return self._shaped(self._whole(self._found().filter(pk__in=keys)))

    @cached_property
    def _page(self) -> list[Any]:
        found = self._found()
        if self.filters.after:
            found = found.filter(pk__lt=self.filters.after)
        return self._whole(found, self.PAGE + 1)

    def _whole(self, found: models.QuerySet[Any], many: int | None = None) -> list[Any]:
        # The unit of a reminder's term, joined here to keep the page at two queries.
        found = found.annotate(
            desk_id=Cast(KeyTextTransform("org_unit", "entry__data"), models.BigIntegerField()),
            term_id=Cast(KeyTextTransform("term", "entry__data"), models.BigIntegerField()),
        )
        return list(
            found.annotate(
                desk=models.Subquery(
                    OrgUnit.objects.filter(pk=models.OuterRef("desk_id")).values("name")
                ),
                due_now=models.Subquery(
                    Term.objects.filter(pk=models.OuterRef("term_id")).values("due_on")
                ),
            ).select_related("entry__actor", "entry__acting_for", "entry__sealed_text")[:many]
        )

    def rows(self) -> list[Any]:
        """The notifications, with ``dossier``; of a batch with ``others``, how many more, in words;
        of what was told of a product in a round with ``product``; of reminders and escalations also
        ``term`` (its title), ``due_on`` and, when it has moved since, ``due_now``.
        """
        return self._shaped(super().rows())

    def _shaped(self, rows: list[Any]) -> list[Any]:
        # Of files of a former post what was told is shown, and nothing of today.
        seen = Dossier.objects.visible_to(self.user).select_related("product__producer", "commune")
        dossiers = seen.in_bulk(
            {row.entry.stream_id for row in rows if row.entry.stream == Stream.DOSSIER}
        )
        others = self._others(rows)
        judged = self._judged([row.entry for row in rows if row.entry.stream == Stream.ROUND])
        for row in rows:
            entry = row.entry
            row.others = others.get((entry.data.get("together"), entry.event), "")
            if entry.stream == Stream.DOSSIER:
                row.dossier = dossiers.get(entry.stream_id)
            elif entry.stream == Stream.ROUND:
                row.product = judged.get((entry.stream_id, entry.data.get("dossier")))
            if entry.event in audiences.RUNGS:
                # The sweep writes the term's title into ``label``.
                row.term = title_of_term(entry.label)
                row.due_on = parse_date(entry.data["due_on"])
                if row.dossier is None or row.due_now == row.due_on:
                    row.due_now = None
        return rows

    def _others(self, rows: Sequence[Any]) -> dict[tuple[int, str], str]:
        """(batch, event) -> of how many other dossiers the person was told by it, where there are
        some; no query without a batch.
        """
        if not (rows := [row for row in rows if "together" in row.entry.data]):
            return {}
        found = Notification.objects.told_with(*rows).order_by()
        keys = found.values_list("entry__data__together", "entry__event")
        return {
            (stroke, event): ngettext("và %(n)d hồ sơ khác", "và %(n)d hồ sơ khác", n) % {"n": n}
            for stroke, event, n in keys.annotate(n=models.Count("pk") - 1)
            if n
        }

    def _judged(self, told: Sequence[HistoryEntry]) -> dict[tuple[int, int], Product]:
        """(round, dossier) -> the product that was told of, where the person still reaches it; no
        query where none was.
        """
        about = {entry.data["dossier"] for entry in told if "dossier" in entry.data}
        if not about:
            return {}
        rounds = {entry.stream_id for entry in told}
        its = RoundEntry.objects.filter(dossier__in=about, round__in=rounds).reached_by(self.user)
        named = its.select_related("dossier__product__producer").distinct()
        return {(each.round_id, each.dossier_id): each.dossier.product for each in named}

    def _beyond(self, last: Any) -> dict[str, Any]:
        return {"after": last.pk}

    def tabs(self) -> list[dict[str, Any]]:
        """The links to all notifications and to the unread ones."""
        return [
            {
                "label": label,
                "query": self.filters.query(unread=unread) or self.whole,
                "current": self.filters.unread == unread,
            }
            for label, unread in ((_("Tất cả"), False), (_("Chưa đọc"), True))
        ]

    def kinds(self) -> list[dict[str, Any]]:
        """The links that filter by kind."""
        return [
            {
                "label": label,
                "query": self.filters.query(kind=value) or self.whole,
                "current": self.filters.kind == value,
            }
            for value, label in [("", _("Mọi loại")), *Kind.choices]
        ]

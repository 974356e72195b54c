"""A change of the calendar of days off: a preview of the terms it moves, and moving them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import Configuration, DayOff, HistoryEntry, Job, OutboxMessage, User, job_kind
from cycle.workdays import Calendar
from dossiers.models.task import Task
from dossiers.models.term import PROJECTED, Firing, Term, TermEvent, TermQuerySet, TermState
from dossiers.terms.clocks import follow_validity

BATCH = 1000


class CalendarRefused(Exception):
    """A change cannot be made: a day stands twice, is no day, or contradicts the calendar."""


def checked(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows ``{"day", "what": off|worked|none, "name", "document"}`` with real dates, checked.

    Raises CalendarRefused naming the row, counted from 1.
    """
    seen: dict[date, int] = {}
    rows = []
    for number, change in enumerate(changes, 1):
        try:
            day = date.fromisoformat(change["day"])
        except (ValueError, TypeError):
            raise CalendarRefused(
                _("Dòng %(row)s: không có ngày «%(day)s».")
                % {"row": number, "day": change.get("day", "")}
            ) from None
        if day in seen:
            raise CalendarRefused(
                _("Dòng %(row)s: ngày %(day)s trùng với dòng %(other)s.")
                % {"row": number, "day": f"{day:%d/%m/%Y}", "other": seen[day]}
            )
        seen[day] = number
        if change["what"] == "worked" and day.weekday() < 5:
            raise CalendarRefused(
                _("Dòng %(row)s: ngày làm bù %(day)s không phải thứ Bảy, Chủ nhật.")
                % {"row": number, "day": f"{day:%d/%m/%Y}"}
            )
        if change["what"] != "none" and not (change.get("name") and change.get("document")):
            raise CalendarRefused(_("Dòng %(row)s: cần tên và số văn bản.") % {"row": number})
        rows.append({**change, "day": day})
    return rows


def _affected(days: Sequence[date]) -> TermQuerySet:
    """Live terms whose due day or rungs may depend on one of ``days``."""
    first, last = min(days), max(days)
    return (
        Term.objects.live()
        .filter(
            Q(due_on__gte=first - timedelta(days=45)) & (Q(base_on=None) | Q(base_on__lt=last))
            # A term counted back has its days before base_on.
            | Q(base_amount__lt=0, base_on__gt=first)
        )
        .order_by("pk")
    )


def _after(calendar: Calendar, rows: list[dict[str, Any]]) -> Calendar:
    """``calendar`` with the changes."""
    off, worked = set(calendar.off), set(calendar.worked)
    for row in rows:
        off.discard(row["day"])
        worked.discard(row["day"])
        if row["what"] != "none":
            (off if row["what"] == "off" else worked).add(row["day"])
    return Calendar(frozenset(off), frozenset(worked))


def preview(
    rows: list[dict[str, Any]], limit: int = 50
) -> tuple[int, list[tuple[Term, date, date]]]:
    """What would move: ``(how many, [(term, old due day, new due day)])``, the first ``limit``."""
    if not rows:
        return 0, []
    calendar = _after(whole_calendar(), rows)
    counted = _affected([row["day"] for row in rows]).filter(
        base_on__isnull=False, state=TermState.RUNNING
    )
    # Terms with the same start and length move to the same day: one projection for all of them.
    key = ("base_on", "base_amount", "unit", "due_on")
    moved, moves = 0, {}
    for *counting, due_on, terms in (
        counted.order_by().values_list(*key).annotate(terms=Count("pk"))
    ):
        new: date | None = calendar.project(*counting).due_on
        if new != due_on:
            moved += terms
            moves[(*counting, due_on)] = new
    examples: list[tuple[Term, date, date]] = []
    for term in (
        counted.select_related("dossier__product", "org_unit").iterator(BATCH) if moves else ()
    ):
        if len(examples) == limit:
            break
        if new := moves.get(tuple(getattr(term, name) for name in key)):
            examples.append((term, term.due_on, new))
    return moved, examples


def whole_calendar() -> Calendar:
    """All days off that are known."""
    return DayOff.objects.calendar(date.min, date.max)


def apply(rows: list[dict[str, Any]], *, by: User | None) -> None:
    """Write the changes of the calendar; the terms follow in :func:`recalculate`."""
    with transaction.atomic():
        known = {each.day: each for each in DayOff.objects.filter(day__in=[r["day"] for r in rows])}
        HistoryEntry.objects.record(
            "calendar.change",
            Configuration(str(_("Lịch nghỉ"))),
            by=by,
            changed=[
                {
                    "row": f"{row['day']:%d/%m/%Y}",
                    "before": _as_said(known.get(row["day"])),
                    "after": _as_said(
                        None
                        if row["what"] == "none"
                        else DayOff(worked=row["what"] == "worked", name=row["name"])
                    ),
                }
                for row in rows
            ],
            document="; ".join(dict.fromkeys(row["document"] for row in rows if row["document"])),
        )
        for row in rows:
            if row["what"] == "none":
                DayOff.objects.filter(day=row["day"]).delete()
                continue
            # When two people write the same day at once, the later one holds.
            DayOff.objects.update_or_create(
                day=row["day"],
                defaults={
                    "worked": row["what"] == "worked",
                    "name": row["name"],
                    "document": row["document"],
                },
            )


def _as_said(day: DayOff | None) -> str:
    if day is None:
        return ""
    return f"{'làm bù' if day.worked else 'nghỉ'}: {day.name}"


@job_kind("recalculate_terms", _("Tính lại thời hạn theo lịch nghỉ"))
def recalculate(job: Job) -> dict[str, int]:
    """Compute the due day of every open term that the changed days may touch (tính lại thời hạn).

    ``job.params``: ``days`` (ISO) and ``document``. Run a second time, it moves nothing.
    """
    days = [date.fromisoformat(day) for day in job.params["days"]]
    calendar = whole_calendar()
    terms = _affected(days)
    job.progress(0, terms.count())
    done = moved = last = 0
    while True:
        with transaction.atomic():
            batch = list(
                terms.filter(pk__gt=last)
                .select_related("dossier")
                .prefetch_related("firings")
                .select_for_update(of=("self",))[:BATCH]
            )
            if not batch:
                break
            last = batch[-1].pk
            moved += _move(batch, calendar, job)
        done += len(batch)
        job.progress(done)
    return {"terms": done, "moved": moved}


@job_kind("follow_certificates", _("Dời hạn giấy chứng nhận theo hiệu lực"))
def follow_certificates(job: Job) -> dict[str, int]:
    """Let the clock of every certificate follow its validity, as it is read today: a new version of
    the product may read it better. Run a second time, it moves nothing.
    """
    terms = Term.objects.live().filter(certificate__isnull=False).order_by("pk")
    job.progress(0, terms.count())
    done = moved = last = 0
    while True:
        with transaction.atomic():
            found = terms.filter(pk__gt=last).select_related("dossier", "rule")
            batch = list(found.select_for_update(of=("self",))[:BATCH])
            if not batch:
                break
            last = batch[-1].pk
            moved += follow_validity(batch, at=clock.now(), by=job.by)
        done += len(batch)
        job.progress(done)
    return {"terms": done, "moved": moved}


def _move(terms: list[Term], calendar: Calendar, job: Job) -> int:
    now = clock.now()
    changed, ledger, said, tasks, told = [], [], [], [], []
    for term in terms:
        # What is paused counts its days as it goes on.
        if term.state != TermState.RUNNING:
            continue
        before = term.due_on, term.rung_at
        firings = list(term.firings.all())
        term.project(calendar, firings)
        if (term.due_on, term.rung_at) == before:
            continue
        told += term.still_told(before[0], firings, now)
        changed.append(term)
        if term.due_on == before[0]:
            continue
        ledger.append(
            TermEvent(
                term=term,
                kind=TermEvent.Kind.MOVE,
                at=now,
                by=job.by,
                reason=f"{before[0]:%d/%m/%Y} → {term.due_on:%d/%m/%Y}",
                document=job.params["document"][:120],
                due_on=term.due_on,
                left=term.base_amount,
            )
        )
        said.append((term, before[0]))
        if term.task_id:
            tasks.append(Task(pk=term.task_id, due_on=term.due_on, due_at=term.due_at))
    _save(changed, PROJECTED)
    _save(tasks, ["due_on", "due_at"])
    TermEvent.objects.bulk_create(ledger)
    Firing.objects.bulk_create(told, ignore_conflicts=True)
    entries = HistoryEntry.objects.bulk_create(
        [
            HistoryEntry(
                stream="dossier" if term.dossier_id else "cycle",
                stream_id=term.dossier_id or term.cycle_id,
                cycle_id=term.cycle_id,
                event="term.move",
                label=term.title,
                actor=job.by,
                reason=job.params["document"],
                data={
                    "term": term.pk,
                    "before": old.isoformat(),
                    "after": term.due_on.isoformat(),
                },
                at=now,
            )
            for term, old in sorted(said, key=lambda pair: (pair[0].dossier_id or 0, pair[0].pk))
        ]
    )
    # Of most nobody has heard yet: no audience is looked for.
    wrong = {term.pk for term, old in said if _was_called_late(term, old, now)}
    if not clock.replaying():
        OutboxMessage.objects.bulk_create(
            OutboxMessage(entry=entry) for entry in entries if entry.data["term"] in wrong
        )
    return len(said)


def _was_called_late(term: Term, day: date, now: datetime) -> bool:
    """Whether it was told to be late when it was due on ``day``, and is not late any more."""
    called = any(
        each.due_on == day and not each.rung.startswith("-") for each in term.firings.all()
    )
    return called and not term.has_come(now)


def _save(rows: list[Any], fields: list[str]) -> None:
    """Write ``fields`` of ``rows``, one UPDATE for all rows that get the same values.

    Terms with the same start and length do, and ``bulk_update`` would write a CASE for each row.
    """
    alike: dict[str, tuple[dict, list]] = {}
    for row in rows:
        values = {name: getattr(row, name) for name in fields}
        alike.setdefault(repr(values), (values, []))[1].append(row.pk)
    for values, numbers in alike.values():
        type(rows[0]).objects.filter(pk__in=numbers).update(**values)

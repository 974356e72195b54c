"""The texts of messages, in Vietnamese: a template per event (templates/notifications/messages)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.dateparse import parse_date

from councils.models import EvaluationRound, Opinion, RoundState, SignedDocument
from councils.models.reach import Reached
from cycle import clock, site
from cycle.models import DayOff, Document, HistoryEntry, Role, StepWindow, Stream, User
from dossiers.law.guidance import GUIDES, title_of_term
from dossiers.models import (
    ActBatchRow,
    Certificate,
    Dossier,
    RowState,
    Task,
    Term,
    TermState,
)
from dossiers.rules import has_a_post, holds_task
from dossiers.terms.due import Due, due
from notifications import audiences, digests, weekly
from notifications.models import Delivery, Digest, Notification, WeeklySummary
from notifications.rules import may_read, papers_reaching

#: What of a round asks its members to score.
ASKS_TO_SCORE = ("round.open", "round.score_again")


class Lapsed(Exception):
    """There is nothing to send any more: the reader may not read it now, or it is no longer so."""


@dataclass(frozen=True)
class Letter:
    """A message to one person; ``attachment`` is (name, content, content type)."""

    to: User
    subject: str
    body: str
    attachment: tuple[str, bytes, str] | None = None


def letter(delivery: Delivery) -> Letter:
    """The :class:`Letter` of a delivery, always in Vietnamese, as it is true now. Raises Lapsed."""
    with translation.override("vi"):
        if delivery.notification is not None:
            return of_notification(delivery.notification)
        if delivery.digest is not None:
            return of_digest(delivery.digest)
        assert delivery.summary is not None, "a delivery is of one of the three"
        return of_summary(delivery.summary)


def of_notification(notification: Notification) -> Letter:
    """The letter about a notification's event."""
    entry, recipient = notification.entry, notification.recipient
    if not may_read(recipient, entry):
        raise Lapsed("Người nhận không còn quyền xem nội dung này.")
    if entry.event in audiences.RUNGS:
        _still_due(entry)
    if entry.event == "cycle.window_closing":
        window = StepWindow.objects.get(pk=entry.data["window"])
        if window.closes_on < clock.today():
            raise Lapsed("Thời gian thực hiện bước này đã hết.")
    return _written(
        recipient, f"notifications/messages/{entry.event}.txt", context_of(entry, recipient)
    )


def _still_due(entry: HistoryEntry) -> None:
    """Raises Lapsed when the term of a reminder is done, waits, has another due day, or is late."""
    term = Term.objects.get(pk=entry.data["term"])
    told = entry.data.get("due_on", term.due_on.isoformat())
    late = entry.event == "term.warning" and term.has_come(clock.now())
    if term.state != TermState.RUNNING or told != term.due_on.isoformat() or late:
        raise Lapsed("Thời hạn này đã xong, tạm dừng hoặc đổi ngày.")
    if audiences.filed_already([entry]):
        raise Lapsed("Hồ sơ đánh giá lại đã nộp.")


def of_digest(digest: Digest) -> Letter:
    """The morning's letter: of that day alone, and of what its reader may see now."""
    now = clock.now()
    text = ""
    if timezone.localdate(now) == digest.day and has_a_post(digest.user):
        text = digests.text_for(digest.user, digests.since(digest.user, digest.created_at), now)
    if not text:
        raise Lapsed("Bản «Hôm nay» này không còn đúng.")
    return _written(digest.user, "notifications/digest.txt", {"digest": digest, "text": text})


def of_summary(summary: WeeklySummary) -> Letter:
    """The letter with the week's page attached, while its reader leads the same units."""
    leads = bool(summary.leader.posts(Role.LEADER))
    if not leads or weekly.area_of(summary.leader) != summary.figures["area"]:
        raise Lapsed("Người nhận không còn lãnh đạo các đơn vị này.")
    return _written(
        summary.leader,
        "notifications/week.txt",
        {"figures": summary.figures},
        attachment=(
            f"bao-cao-tuan-{summary.week_on:%Y-%m-%d}.pdf",
            weekly.pdf(summary.figures),
            "application/pdf",
        ),
    )


def context_of(entry: HistoryEntry, recipient: User) -> dict[str, Any]:
    """The context of a letter's template: the entry, its dossier, round, term and open task.

    ``open``: the dossier's open task; ``task``: the same if the recipient may do it. ``path``: the
    page to look at.
    """
    context = {"entry": entry, "who": _who(entry), "path": "/notifications/"}
    today = clock.today()
    if entry.stream == Stream.DOSSIER:
        dossier = Dossier.objects.with_units().get(pk=entry.stream_id)
        context |= {"dossier": dossier, "path": f"/dossiers/{dossier.pk}/"}
        if "together" in entry.data:
            context["others"] = _done_beside(entry, recipient)
        task = dossier.open_task()
        if task is not None:
            context |= {"open": task, "open_title": GUIDES[task.node].title}
            context |= _who_has(audiences.workers(task), task, task)
        if holds_task(recipient, task):
            context |= {
                "task": task,
                "task_due": _due(task.due_on, today, task.term.paused_at),
                "path": f"/tasks/{task.pk}/",
            }
    if entry.stream == Stream.ROUND:
        context |= _context_of_round(entry, recipient)
        if entry.event == "round.record_document":
            its = papers_reaching(recipient, entry)
            if not its:
                raise Lapsed("Kết quả này không còn hiệu lực.")
            paper = its[0].papers[entry.data["kind"]]
            context |= {
                "paper": paper,
                "corrected": _corrected(its[0], paper) if "corrects" in entry.data else None,
                "kind": str(paper.get_kind_display()).lower(),
                "products": [str(each.result.entry.dossier.product) for each in its],
                "path": f"/rounds/{entry.stream_id}/outcome/",
            }
    if "window" in entry.data:
        window = StepWindow.objects.select_related("cycle", "batch").get(pk=entry.data["window"])
        late = entry.data["late"]
        context |= {
            "window": window,
            "late": late,
            "late_count": sum(row["count"] for row in late),
            "path": f"/cycles/{window.cycle_id}/",
        }
    if "term" in entry.data:
        term = Term.objects.select_related("task__owner", "org_unit", "rule").get(
            pk=entry.data["term"]
        )
        context["was"] = parse_date(entry.data.get("before", entry.before))
        task = term.task
        if term.state != TermState.STOPPED:
            may = (
                audiences.workers(task) if task else audiences.holders(term.role, term.org_unit_id)
            )
            context |= _who_has(may, term, task)
        context |= {
            "term": term,
            "term_title": title_of_term(term.title),
            "term_due": _due(term.due_on, today, term.paused_at),
        }
        if term.certificate_id:
            given = Certificate.objects.with_validity().get(pk=term.certificate_id)
            over = given.refiling is not None and given.refiling[1] < today
            context |= {"given": given, "refiling_over": over}
    return context


def _corrected(told: Reached, paper: SignedDocument) -> Document | None:
    """The document, as it stood, that was told before and that ``paper`` corrects; None where that
    was of a closing that was opened again: then what came of it anew is told for the first time.
    """
    was = paper.replaces
    return was.document if was is not None and was.at >= told.result.closing.at else None


def _done_beside(entry: HistoryEntry, recipient: User) -> list[Dossier]:
    """The other dossiers for which the act was done on the same paper, as far as the reader sees
    them: one letter is for all.
    """
    rows = ActBatchRow.objects.visible_to(recipient).filter(
        batch=entry.data["together"], state=RowState.DONE
    )
    beside = rows.exclude(dossier=entry.stream_id).select_related("dossier__product")
    return [each.dossier for each in beside.order_by("pk")]


def _who_has(may: set[int], work: Task | Term, task: Task | None) -> dict[str, Any]:
    """``worker``: who has claimed the work and may do it; ``vacant``: its role and unit in words,
    when nobody holds the role there.
    """
    owner = task.owner if task is not None and task.owner_id in may else None
    # By these words the next of the ladder knows why it is told.
    return {"worker": owner, "vacant": None if may else work}


def path_of_round(entry: HistoryEntry, round_: EvaluationRound, recipient: User) -> str:
    """Where what is told of a round leads: who is asked to score goes straight to their sheets, of
    which a phone shows little else at once.
    """
    asks = entry.event in ASKS_TO_SCORE and round_.state == RoundState.OPEN
    scores = asks and round_.scoring_members.filter(user=recipient).exists()
    return f"/rounds/{round_.pk}/sheets/" if scores else f"/rounds/{round_.pk}/"


def _context_of_round(entry: HistoryEntry, recipient: User) -> dict[str, Any]:
    """The round, product and opinion that the entry is about; never points."""
    round_ = EvaluationRound.objects.select_related("council").get(pk=entry.stream_id)
    context = {"round": round_, "path": path_of_round(entry, round_, recipient)}
    if "dossier" in entry.data:
        context["dossier"] = Dossier.objects.with_units().get(pk=entry.data["dossier"])
    elif "dossiers" in entry.data:
        about = Dossier.objects.filter(pk__in=entry.data["dossiers"]).select_related("product")
        context["products"] = [str(each.product) for each in about.order_by("pk")]
    if "opinion" in entry.data:
        opinion = Opinion.objects.select_related("to").get(pk=entry.data["opinion"])
        context |= {"opinion": opinion, "path": f"/opinions/{opinion.pk}/"}
    return context


def _due(due_on: date, today: date, paused_at: datetime | None) -> Due:
    calendar = DayOff.objects.calendar(*sorted([today, due_on]))
    return due(due_on, today, calendar, paused_at=paused_at)


def _who(entry: HistoryEntry) -> str:
    """«Lò Thị An (Cán bộ OCOP, Xã Nà Tấu)», or the system."""
    if entry.actor is None:
        return "Hệ thống"
    who = entry.who
    if entry.role:
        who += f" ({entry.get_role_display()}, {entry.unit})"
    if entry.acting_for:
        who += f", thay mặt {entry.whom},"
    return who


def _written(
    recipient: User,
    template: str,
    context: dict[str, Any],
    attachment: tuple[str, bytes, str] | None = None,
) -> Letter:
    """The letter of a template, whose first line is the subject."""
    text = render_to_string(
        template,
        {
            "recipient": recipient,
            "address": site.address(),
            "now": timezone.localtime(clock.now()),
            **context,
        },
    )
    subject, _line_feed, body = text.strip().partition("\n")
    body = re.sub(r"\n{3,}", "\n\n", body.strip()) + "\n"
    return Letter(recipient, " ".join(subject.split()), body, attachment)

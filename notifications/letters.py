"""What a message says: one Vietnamese letter per event (templates/notifications/messages)."""

import re
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import timezone, translation

from councils.models import EvaluationRound, Opinion
from cycle import clock, site
from cycle.models import DayOff, StepWindow, Stream, User
from dossiers.law.guidance import GUIDES
from dossiers.models import Dossier, Term
from dossiers.rules import holds_task
from dossiers.terms.due import due
from notifications import weekly


@dataclass(frozen=True)
class Letter:
    """What goes out to one person; ``attachment`` is (name, content, type)."""

    to: User
    subject: str
    body: str
    attachment: tuple[str, bytes, str] | None = None


def letter(delivery):
    """The :class:`Letter` of a delivery; in Vietnamese, whatever the reader's screen."""
    with translation.override("vi"):
        if delivery.notification_id:
            return of_notification(delivery.notification)
        if delivery.digest_id:
            return of_digest(delivery.digest)
        return of_summary(delivery.summary)


def of_notification(notification):
    """The letter of the event that the notification tells."""
    entry, recipient = notification.entry, notification.recipient
    return _written(
        recipient, f"notifications/messages/{entry.event}.txt", context_of(entry, recipient)
    )


def of_digest(digest):
    """The morning's letter."""
    return _written(digest.user, "notifications/digest.txt", {"digest": digest})


def of_summary(summary):
    """The letter that carries the week's page."""
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


def context_of(entry, recipient):
    """What a letter may speak of: the entry, its dossier, term and open task, and where to look.

    ``task`` is the dossier's open task if the recipient may do it; ``path`` leads to it.
    """
    context = {"entry": entry, "who": _who(entry), "path": "/notifications/"}
    today = clock.today()
    if entry.stream == Stream.DOSSIER:
        dossier = Dossier.objects.with_units().get(pk=entry.stream_id)
        context |= {"dossier": dossier, "path": f"/dossiers/{dossier.pk}/"}
        task = dossier.open_task()
        if task is not None:
            context |= {"open": task, "open_title": GUIDES[task.node].title}
        if holds_task(recipient, task):
            context |= {
                "task": task,
                "task_due": _due(task.due_on, today, task.term.paused_at),
                "path": f"/tasks/{task.pk}/",
            }
    if entry.stream == Stream.ROUND:
        context |= _context_of_round(entry)
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
        context |= {
            "term": term,
            "term_title": title_of_term(term.code, term.title),
            "term_due": _due(term.due_on, today, term.paused_at),
        }
    return context


def _context_of_round(entry):
    """The round, the product or the question that the entry is about; never what anybody scored."""
    round_ = EvaluationRound.objects.select_related("council").get(pk=entry.stream_id)
    context = {"round": round_, "path": f"/rounds/{round_.pk}/"}
    if "dossier" in entry.data:
        context["dossier"] = Dossier.objects.with_units().get(pk=entry.data["dossier"])
    if "opinion" in entry.data:
        opinion = Opinion.objects.select_related("to").get(pk=entry.data["opinion"])
        context |= {"opinion": opinion, "path": f"/opinions/{opinion.pk}/"}
    return context


def title_of_term(code, title):
    """How a term is called: that of a task is stored under the task's name."""
    return GUIDES[title].title if code == "task" and title in GUIDES else title


def _due(due_on, today, paused_at):
    calendar = DayOff.objects.calendar(*sorted([today, due_on]))
    return due(due_on, today, calendar, paused_at=paused_at)


def _who(entry):
    """«Lò Thị An (Cán bộ OCOP, Xã Nà Tấu)», or the system."""
    if entry.actor is None:
        return "Hệ thống"
    who = str(entry.actor)
    if entry.role:
        who += f" ({entry.get_role_display()}, {entry.org_unit})"
    if entry.acting_for:
        who += f", thay mặt {entry.acting_for},"
    return who


def _written(recipient, template, context, attachment=None):
    """The first line of the template is the subject, the rest the body."""
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

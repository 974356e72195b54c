"""Who runs the system is written to of what is wrong, once, and when it is over (báo động)."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cycle import clock, site, written
from cycle.models import User
from cycle.running import quarantine
from notifications import health
from notifications.models import Alarm

log = structlog.get_logger(__name__)

#: What the host of the pages alone can tell: a worker may stand on another.
OF_PAGES = (health.static_files,)


def look() -> dict[str, int]:
    """Ask every question of ``health`` and keep what began and what ended; then write to the
    administrators. Returns how much is wrong and how many letters went out.

    What is over before the next look is told nobody: a restart is no alarm.
    """
    if not settings.PRODUCTION:
        return {"wrong": 0, "letters": 0}
    with translation.override("vi"):
        found = {
            (question.__name__, each.key): each
            for question in (health.TRIED | health.TOLD).values()
            if question not in OF_PAGES
            for each in health.answer(question)
        }
        seen_before = _keep(found)
        letters = _tell(seen_before)
    return {"wrong": len(found), "letters": letters}


@transaction.atomic
def _keep(found: dict[tuple[str, str], health.Finding]) -> set[int]:
    """Write down what began and ended. Returns the alarms that an earlier look saw too."""
    now = clock.now()
    kept = {(row.question, row.key): row for row in Alarm.objects.open().select_for_update()}
    for each, row in kept.items():
        if each in found:
            row.what, row.advice = str(found[each].what), str(found[each].advice)
        else:
            row.ended_at = now
        row.save()
    for question, key in found.keys() - kept.keys():
        finding = found[question, key]
        Alarm.objects.create(
            question=question,
            key=key,
            what=str(finding.what),
            advice=str(finding.advice),
            began_at=now,
        )
    return {row.pk for each, row in kept.items() if each in found}


def _tell(lasting: set[int]) -> int:
    """Write of what lasts and of what ended; a letter that does not go out is tried at the next
    look. Returns how many went out.
    """
    began = list(Alarm.objects.open().filter(pk__in=lasting, told_at=None).order_by("pk"))
    ended = list(
        Alarm.objects.filter(
            ended_at__isnull=False, told_at__isnull=False, end_told_at=None
        ).order_by("pk")
    )
    people = [
        person.email
        for person in User.objects.filter(is_active=True, is_superuser=True).exclude(email="")
    ]
    if not (began or ended) or not people or not settings.EMAIL_HOST or quarantine.since():
        return 0
    sent = 0
    for each in people:
        try:
            sent += _letter(began, ended, each).send()
        except OSError:  # smtplib's errors are such; another's address may be right
            log.exception("alarm_not_sent")
    if sent:
        now = clock.now()
        Alarm.objects.filter(pk__in=[row.pk for row in began]).update(told_at=now)
        Alarm.objects.filter(pk__in=[row.pk for row in ended]).update(end_told_at=now)
    return sent


def _letter(began: Sequence[Alarm], ended: Sequence[Alarm], to: str) -> EmailMessage:
    lines = []
    for row in began:
        since = written.moment_text(row.began_at)
        lines += [_("HỎNG: %(what)s Từ %(since)s.") % {"what": row.what, "since": since}]
        lines += [f"→ {row.advice}", ""] if row.advice else [""]
    for row in ended:
        lines += [
            _("ĐÃ HẾT: %(what)s Lúc %(at)s.")
            % {"what": row.what, "at": written.moment_text(row.ended_at)},
            "",
        ]
    subject = _("OCOP: %(n)s việc hỏng") % {"n": len(began)} if began else _("OCOP: đã hết hỏng")
    return EmailMessage(
        subject=subject,
        body="\n".join([*lines, f"{site.address()}/operations/"]),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )

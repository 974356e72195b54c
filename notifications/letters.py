"""What a notification says: one Vietnamese letter per event (templates/notifications/messages)."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from cycle.models import Stream
from dossiers.models import Dossier, Term


def letter(notification):
    """(subject, body) of a notification; letters are Vietnamese, whatever the reader's screen."""
    entry = notification.entry
    context = {
        "entry": entry,
        "recipient": notification.recipient,
        "dossier": None,
        "term": None,
        "address": settings.SITE_URL,
    }
    if entry.stream == Stream.DOSSIER:
        context["dossier"] = Dossier.objects.with_units().get(pk=entry.stream_id)
    if "term" in entry.data:
        context["term"] = Term.objects.select_related("task", "org_unit").get(pk=entry.data["term"])
    with translation.override("vi"):
        text = render_to_string(f"notifications/messages/{entry.event}.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    return subject.strip(), body.strip() + "\n"

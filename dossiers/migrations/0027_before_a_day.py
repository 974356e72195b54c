"""Running terms follow: «trước ngày 30/4» ends on 29/4, and no officer is late with what only a
producer may do. The first due day and the ledger stay.
"""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

DAY = timedelta(days=1)
LAW = "QĐ 26/2026/QĐ-TTg, Điều 5"
BEFORE = {
    "D2.1": (4, 30), "D2.2": (10, 30), "D3.1": (6, 30), "D3.2": (12, 30),
    "D4.1": (7, 30), "D4.2": (1, 30), "D5.1": (9, 30), "D5.2": (3, 30),
}  # fmt: skip


def follow(apps, schema_editor):
    terms = apps.get_model("dossiers", "Term").objects.exclude(state="stopped")
    events = apps.get_model("dossiers", "TermEvent").objects
    now = timezone.now()
    for term in terms.filter(rule__subject="cycle", code__in=BEFORE, base_on=None):
        if (term.due_on.month, term.due_on.day) != BEFORE[term.code]:
            continue
        was = term.due_on
        term.due_on, term.due_at = was - DAY, term.due_at - DAY
        term.rung_at = [moment - DAY for moment in term.rung_at]
        term.next_at = term.next_at and term.next_at - DAY
        term.save(update_fields=["due_on", "due_at", "rung_at", "next_at"])
        events.create(
            term=term, kind="move", at=now, due_on=term.due_on, document=LAW,
            reason=f"{was:%d/%m/%Y} → {term.due_on:%d/%m/%Y}",
        )  # fmt: skip
    for term in terms.filter(code="D15", rule__isnull=False):
        term.state, term.stopped_at, term.paused_at, term.next_at = "stopped", now, None, None
        term.save(update_fields=["state", "stopped_at", "paused_at", "next_at"])
        events.create(term=term, kind="stop", at=now, due_on=term.due_on, left=term.base_amount)


class Migration(migrations.Migration):
    dependencies = [("cycle", "0029_before_a_day"), ("dossiers", "0026_warning_of_its_day")]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]

"""Next visits that were agreed before anybody was told of them get their clocks.

Only those still to come; each as ``dossiers/terms/clocks.py`` begins it today.
"""

from datetime import datetime, time, timedelta

from django.db import migrations
from django.utils import timezone

TITLE = "Đến cơ sở theo lịch hẹn"
VISITED_IN = ("implementing", "assembling")
DAY = timedelta(days=1)


def at(day, hour=0):
    return timezone.make_aware(datetime.combine(day, time(hour)))


def tell(apps, schema_editor):
    visits = apps.get_model("dossiers", "Visit").objects
    terms = apps.get_model("dossiers", "Term").objects
    events = apps.get_model("dossiers", "TermEvent").objects
    entries = apps.get_model("cycle", "HistoryEntry").objects
    now = timezone.now()
    standing = visits.filter(dossier__state__in=VISITED_IN, replaced_by=None)
    last = standing.order_by("dossier_id", "-visited_on", "-pk").distinct("dossier_id")
    told = terms.filter(code="visit").exclude(state="stopped").values("dossier")
    coming = visits.filter(pk__in=last.values("pk"), next_visit_on__gte=timezone.localdate(now))
    for visit in coming.exclude(dossier__in=told).select_related("dossier", "replaces"):
        first = visit
        while first.replaces:
            first = first.replaces
        said = entries.filter(
            stream="dossier",
            stream_id=visit.dossier_id,
            data__records__contains=[["visit", first.pk]],
        )
        said = said.exclude(role="").exclude(org_unit=None).order_by("seq").first()
        day = visit.next_visit_on
        rungs = [(at(day - days * DAY, 8), f"-{days}:officer") for days in (3, 1)]
        rungs = [each for each in rungs if each[0] > now] + [(at(day + DAY), "0:officer")]
        term = terms.create(
            code="visit",
            title=TITLE,
            legal=False,
            cycle_id=visit.dossier.cycle_id,
            dossier_id=visit.dossier_id,
            role=said.role if said else "officer",
            org_unit_id=said.org_unit_id if said else visit.dossier.commune_id,
            started_at=now,
            original_due_on=day,
            due_on=day,
            due_at=at(day + DAY),
            rungs=[rung for _at, rung in rungs],
            rung_at=[moment for moment, _rung in rungs],
            next_at=rungs[0][0],
        )
        events.create(term=term, kind="start", at=now, due_on=day)


class Migration(migrations.Migration):
    dependencies = [("cycle", "0034_posts_and_seats_sealed"), ("dossiers", "0035_potential_allotted")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]

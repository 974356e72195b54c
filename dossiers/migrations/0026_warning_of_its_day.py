"""A warning belongs to its due day; the end of a certificate is warned of twice more."""

from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

KEYED = """
ALTER TABLE dossiers_firing ADD COLUMN due_on date;
-- What fired counts for the day that its term is due now: nothing is told twice.
UPDATE dossiers_firing SET due_on = term.due_on
  FROM dossiers_term term WHERE term.id = dossiers_firing.term_id;
ALTER TABLE dossiers_firing ALTER COLUMN due_on SET NOT NULL,
  DROP CONSTRAINT firing_once_per_rung,
  ADD CONSTRAINT firing_once_per_rung PRIMARY KEY (term_id, rung, due_on);
"""
UNKEYED = """
DELETE FROM dossiers_firing older USING dossiers_firing newer
  WHERE (newer.term_id, newer.rung) = (older.term_id, older.rung) AND newer.due_on > older.due_on;
ALTER TABLE dossiers_firing DROP CONSTRAINT firing_once_per_rung,
  ADD CONSTRAINT firing_once_per_rung PRIMARY KEY (term_id, rung), DROP COLUMN due_on;
"""

#: Of the clocks of certificates that run: the two warnings, as far as they are still to come.
WARNED = """
WITH added AS (
  SELECT term.id, told.rung, told.at
  FROM dossiers_term term, LATERAL (
    SELECT days || ':officer' AS rung,
      (term.due_on + days + time '08:00') AT TIME ZONE 'Asia/Ho_Chi_Minh' AS at
    FROM unnest(ARRAY[-150, -130]) AS days
  ) AS told
  WHERE term.code = 'D9' AND term.certificate_id IS NOT NULL AND term.state = 'running'
    AND term.rungs @> ARRAY['-120:officer']::varchar[]
    AND told.at > now() AND NOT told.rung = ANY(term.rungs)
), together AS (
  SELECT term.id, array_agg(each.rung ORDER BY each.at, each.rung) AS rungs,
    array_agg(each.at ORDER BY each.at, each.rung) AS moments
  FROM dossiers_term term, LATERAL (
    SELECT rung, at FROM unnest(term.rungs, term.rung_at) AS kept (rung, at)
    UNION ALL SELECT rung, at FROM added WHERE added.id = term.id
  ) AS each
  WHERE term.id IN (SELECT id FROM added)
  GROUP BY term.id
)
UPDATE dossiers_term term SET rungs = together.rungs, rung_at = together.moments,
  next_at = least(term.next_at,
    (SELECT min(moment) FROM unnest(together.moments) AS moment WHERE moment > now()))
FROM together WHERE together.id = term.id;
"""


def warn(apps, schema_editor):
    rules = apps.get_model("cycle", "TermRule").objects.filter(
        code="D9", subject="certificate", warnings=[210, 180, 120, 30]
    )
    rules.update(warnings=[210, 180, 150, 130, 120, 30])
    schema_editor.execute(WARNED)


def go_on_from_the_pause(apps, schema_editor):
    """``base_amount`` of what is paused was what was left then; now it is counted as it goes on."""
    days = apps.get_model("cycle", "DayOff").objects
    off = set(days.filter(worked=False).values_list("day", flat=True))
    worked = set(days.filter(worked=True).values_list("day", flat=True))
    terms = apps.get_model("dossiers", "Term").objects.filter(
        state="paused", base_amount__isnull=False
    )
    for term in terms.only("base_amount", "paused_at").iterator():
        day = timezone.localdate(term.paused_at)
        if term.base_amount < 0:
            while day not in worked and (day.weekday() > 4 or day in off):
                day -= timedelta(days=1)
        terms.filter(pk=term.pk).update(base_on=day)


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0025_year_opens"),
        ("dossiers", "0025_former_names"),
    ]
    operations = [
        # Django does not turn one primary key into another.
        migrations.RunSQL(
            KEYED,
            UNKEYED,
            state_operations=[
                migrations.DeleteModel("Firing"),
                migrations.CreateModel(
                    name="Firing",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "term_id",
                                "rung",
                                "due_on",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "term",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="firings",
                                to="dossiers.term",
                            ),
                        ),
                        ("rung", models.CharField(max_length=24)),
                        ("due_on", models.DateField()),
                        ("at", models.DateTimeField()),
                        ("fired_at", models.DateTimeField()),
                    ],
                ),
            ],
        ),
        migrations.RunPython(go_on_from_the_pause, migrations.RunPython.noop),
        migrations.RunPython(warn, migrations.RunPython.noop),
    ]

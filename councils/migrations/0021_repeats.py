"""A reopening is no further scoring.

How often it was in rounds of before is the number of their results that were opened again; the
recounts before those closings are not known any more.
"""

from django.db import migrations, models

COUNT = """
UPDATE councils_roundentry e SET repeats = told.times
FROM (
  SELECT r.entry_id, count(*) AS times
  FROM councils_result r
  JOIN councils_reopening o ON o.closing_id = r.closing_id
  JOIN councils_roundentry x ON x.id = r.entry_id AND r.scoring < x.scoring
  GROUP BY r.entry_id
) told
WHERE told.entry_id = e.id
"""
#: Most of those rounds are closed again.
CLOSED_TOO = f"""
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE councils_roundentry DISABLE TRIGGER USER;
{COUNT};
ALTER TABLE councils_roundentry ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0020_visit_ground'),
    ]

    operations = [
        migrations.AddField(
            model_name='roundentry',
            name='repeats',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunSQL(CLOSED_TOO, migrations.RunSQL.noop),
    ]

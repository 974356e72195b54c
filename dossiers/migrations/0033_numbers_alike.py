"""Numbers of documents and certificates are compared by their numbers and letters alone.

What a generated column is made of cannot be changed: it is made anew, over all rows. Where two
certificates of before have one number by the way it is compared now, the later one is marked
(``number_repeats``), as by 0030; ``check_data`` lists it.
"""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear

from cycle import letters

REPEATS = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE dossiers_certificate DISABLE TRIGGER USER;
UPDATE dossiers_certificate c SET number_repeats = TRUE
FROM (
  SELECT id, row_number() OVER (
    PARTITION BY issuer_id, extract(year FROM issued_on), folded_number ORDER BY id
  ) AS nth
  FROM dossiers_certificate WHERE number <> '' AND NOT void AND NOT number_repeats
) AS told
WHERE c.id = told.id AND told.nth > 1;
ALTER TABLE dossiers_certificate ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("cycle", "0034_posts_and_seats_sealed"), ("dossiers", "0032_allotment")]

    operations = [
        migrations.RemoveIndex("officialdocument", "document_look_up"),
        migrations.RemoveField("officialdocument", "folded_number"),
        migrations.AddField("officialdocument", "folded_number", letters.numbered("number")),
        migrations.AddIndex(
            "officialdocument", models.Index(fields=["folded_number"], name="document_look_up")
        ),
        migrations.RemoveConstraint("certificate", "certificate_number_once"),
        migrations.RemoveIndex("certificate", "certificate_look_up"),
        migrations.RemoveField("certificate", "folded_number"),
        migrations.AddField("certificate", "folded_number", letters.numbered("number")),
        migrations.AddIndex(
            "certificate", models.Index(fields=["folded_number"], name="certificate_look_up")
        ),
        migrations.RunSQL(REPEATS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "certificate",
            models.UniqueConstraint(
                F("issuer"),
                ExtractYear("issued_on"),
                F("folded_number"),
                name="certificate_number_once",
                condition=Q(number_repeats=False, void=False) & ~Q(number=""),
                nulls_distinct=False,
            ),
        ),
    ]

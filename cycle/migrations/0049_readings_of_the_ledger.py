"""What a reading of the law rests on is a document of the ledger.

Each row of before becomes one document, marked so, that says what the row said; two rows are never
taken for one. The column stays, for the history hashed it.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
-- The owner too is held by it, and what the row said stays.
ALTER TABLE cycle_lawreading DISABLE TRIGGER pgtrigger_law_reading_stays_2e430;

WITH paper AS MATERIALIZED (
  SELECT r.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM cycle_lawreading r ORDER BY r.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, document,
         made_by_id, made_at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'cycle.lawreading', id, '', named FROM paper ORDER BY id;

UPDATE cycle_lawreading r SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'cycle.lawreading' AND f."row" = r.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE cycle_lawreading ENABLE TRIGGER pgtrigger_law_reading_stays_2e430;
"""


def basis(**fields):
    return models.ForeignKey(
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="reads",
        to="cycle.document",
        verbose_name="văn bản",
        **fields,
    )


class Migration(migrations.Migration):
    dependencies = [("cycle", "0048_next_numbers")]

    operations = [
        migrations.RemoveConstraint("lawreading", "law_reading_has_a_document"),
        migrations.AddField("lawreading", "basis", basis(null=True)),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("lawreading", "basis", basis()),
        migrations.AlterField(
            "lawreading", "document",
            models.CharField(
                db_column="document", max_length=120, blank=True, db_default="", editable=False
            ),
        ),
        migrations.RenameField("lawreading", "document", "was_document"),
    ]

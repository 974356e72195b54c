"""What lays a regulation down is a document of the ledger.

Each row of before becomes one document, marked so, that says what the row said; two rows are never
taken for one. The column stays, for the history hashed it.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
-- The owner too is held by it, and what the row said stays.
ALTER TABLE councils_regulation DISABLE TRIGGER pgtrigger_regulation_immutable_12d5c;

WITH paper AS MATERIALIZED (
  SELECT r.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM councils_regulation r ORDER BY r.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, document, now()
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.regulation', id, '', named FROM paper ORDER BY id;

UPDATE councils_regulation r SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'councils.regulation' AND f."row" = r.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE councils_regulation ENABLE TRIGGER pgtrigger_regulation_immutable_12d5c;
"""


def basis(**fields):
    return models.ForeignKey(
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="lays_down",
        to="cycle.document",
        verbose_name="văn bản ban hành",
        **fields,
    )


class Migration(migrations.Migration):
    dependencies = [("councils", "0034_decisions_stay")]

    operations = [
        migrations.AddField("regulation", "basis", basis(null=True)),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("regulation", "basis", basis()),
        migrations.AlterField(
            "regulation", "document",
            models.CharField(db_column="document", max_length=200, blank=True, editable=False),
        ),
        migrations.RenameField("regulation", "document", "was_document"),
    ]

"""The plan of a year, or of a batch, is a document of the ledger.

Each row of before becomes one document, marked so, of the body that it named; two rows are never
taken for one. The columns stay, for the history hashed them.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
-- The owner too is held by it, and what the row said stays.
ALTER TABLE dossiers_planpaper DISABLE TRIGGER pgtrigger_plan_paper_stays_778b1;

WITH paper AS MATERIALIZED (
  SELECT p.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS document
  FROM dossiers_planpaper p ORDER BY p.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signed_on, signer, signer_capacity,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT document, '', '', '', '', body, number, signed_on, signer, '', '', sha256, 0, filename,
         content_type, TRUE, '', made_by_id, made_at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'dossiers.planpaper', id, '', document FROM paper ORDER BY id;

UPDATE dossiers_planpaper p SET document_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'dossiers.planpaper' AND f."row" = p.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE dossiers_planpaper ENABLE TRIGGER pgtrigger_plan_paper_stays_778b1;
"""


def document(**fields):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="plans",
        to="cycle.document",
        verbose_name="văn bản trong sổ",
        **fields,
    )


def text(column, length):
    return models.CharField(db_column=column, max_length=length, blank=True, editable=False)


#: Field of before -> its column, which stays.
KEPT = {
    "number": text("number", 60),
    "signed_on": models.DateField(db_column="signed_on", null=True, editable=False),
    "body": text("body", 200),
    "signer": text("signer", 150),
    "sha256": text("sha256", 64),
    "filename": text("filename", 200),
    "content_type": text("content_type", 100),
}


class Migration(migrations.Migration):
    dependencies = [("cycle", "0044_columns_told_and_stay"), ("dossiers", "0060_numbers_put_right")]

    operations = [
        migrations.AddField("planpaper", "document", document(null=True)),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("planpaper", "document", document()),
        *(
            operation
            for name, field in KEPT.items()
            for operation in (
                migrations.AlterField("planpaper", name, field),
                migrations.RenameField("planpaper", name, f"was_{name}"),
            )
        ),
    ]

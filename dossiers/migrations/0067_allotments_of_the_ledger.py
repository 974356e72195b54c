"""What an allotment rests on is a document of the ledger.

Each row of before becomes one document, marked so, that says what the row said; two rows are never
taken for one. The columns stay.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT a.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM dossiers_allotment a ORDER BY a.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', document_signer, '', TRUE, '', '', 0, '', '', TRUE,
         document, made_by_id, made_at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'dossiers.allotment', id, '', named FROM paper ORDER BY id;

UPDATE dossiers_allotment a SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'dossiers.allotment' AND f."row" = a.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""


def basis(**fields):
    return models.ForeignKey(
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="allots",
        to="cycle.document",
        verbose_name="văn bản phân sản phẩm",
        **fields,
    )


def kept(column, length):
    return models.CharField(
        db_column=column, max_length=length, blank=True, db_default="", editable=False
    )


class Migration(migrations.Migration):
    dependencies = [("cycle", "0050_targets_and_terms_of_the_ledger"), ("dossiers", "0066_potential_by_hand")]

    operations = [
        migrations.RemoveConstraint("allotment", "allotment_has_a_document"),
        migrations.AddField("allotment", "basis", basis(null=True)),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("allotment", "basis", basis()),
        migrations.AlterField("allotment", "document", kept("document", 120)),
        migrations.RenameField("allotment", "document", "was_document"),
        migrations.AlterField("allotment", "document_signer", kept("document_signer", 150)),
        migrations.RenameField("allotment", "document_signer", "was_document_signer"),
    ]

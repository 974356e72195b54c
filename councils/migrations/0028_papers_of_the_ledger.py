"""The signed document of a round is a document of the ledger.

Each row of before becomes one document, marked so; two rows are never taken for one. Their columns
stay, for the history hashed them.
"""

import django.db.models.deletion
from django.db import migrations, models


INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT s.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS document
  FROM councils_signeddocument s ORDER BY s.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signed_on, signer, signer_capacity,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT document, '', '', '', '', '', number, signed_on, signer, signer_capacity, '',
         scan_sha256, 0, scan_name, '', TRUE, '', by_id, at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.signeddocument', id, '', document FROM paper ORDER BY id;

UPDATE councils_signeddocument s SET document_id = f.document_id
FROM cycle_formerpaper f
WHERE f.model = 'councils.signeddocument' AND f."row" = s.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""

#: Field of before -> its column, which stays.
KEPT = {
    "number": models.CharField(db_column="number", max_length=60, blank=True, editable=False),
    "signed_on": models.DateField(db_column="signed_on", null=True, editable=False),
    "signer": models.CharField(db_column="signer", max_length=150, blank=True, editable=False),
    "signer_capacity": models.CharField(
        db_column="signer_capacity", max_length=150, blank=True, editable=False
    ),
    "scan_sha256": models.CharField(
        db_column="scan_sha256", max_length=64, blank=True, editable=False
    ),
    "scan_name": models.CharField(
        db_column="scan_name", max_length=200, blank=True, editable=False
    ),
}


class Migration(migrations.Migration):
    dependencies = [
        ("councils", "0027_interest_lifted_told"),
        ("cycle", "0041_documents_stay"),
        # It lets the owner alone mark a document as one of before.
        ("dossiers", "0039_papers_of_the_ledger"),
    ]

    operations = [
        migrations.AddField(
            "signeddocument",
            "document",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_rounds",
                to="cycle.document",
                verbose_name="văn bản trong sổ",
            ),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField(
            "signeddocument",
            "document",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_rounds",
                to="cycle.document",
                verbose_name="văn bản trong sổ",
            ),
        ),
        *(
            operation
            for name, field in KEPT.items()
            for operation in (
                migrations.AlterField("signeddocument", name, field),
                migrations.RenameField("signeddocument", name, f"was_{name}"),
            )
        ),
    ]

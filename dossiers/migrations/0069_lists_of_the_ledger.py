"""The document that a list of what was there before came on is a document of the ledger.

Each list of before becomes one document, marked so, that says what its columns said; two rows are
never taken for one. No entry hashed these columns: they go.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
-- The owner too is held by it, and what was struck out came on a document as well.
ALTER TABLE dossiers_stockbatch DISABLE TRIGGER USER;

WITH paper AS MATERIALIZED (
  SELECT b.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM dossiers_stockbatch b WHERE b.document_number <> '' ORDER BY b.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signed_on, signer, signer_capacity,
     signer_known, subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said,
     recorded_by_id, at)
  SELECT named, '', '', '', '', '', document_number, document_on, document_signer,
         document_capacity, document_signer <> '', '', scan_sha256, scan_bytes, scan_filename,
         scan_type, TRUE, '', coalesce(committed_by_id, by_id), coalesce(committed_at, at)
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'dossiers.stockbatch', id, '', named FROM paper ORDER BY id;

UPDATE dossiers_stockbatch b SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'dossiers.stockbatch' AND f."row" = b.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE dossiers_stockbatch ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0068_extensions_of_the_ledger")]

    operations = [
        migrations.RemoveConstraint("stockbatch", "stock_batch_rests_on_a_paper"),
        migrations.AddField(
            "stockbatch",
            "basis",
            models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stock_batches",
                to="cycle.document",
                verbose_name="văn bản kèm danh sách",
            ),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "stockbatch",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["committing", "committed", "void"]), _negated=True),
                    ("basis__isnull", False),
                    _connector="OR",
                ),
                name="stock_batch_rests_on_a_paper",
            ),
        ),
        *(
            migrations.RemoveField("stockbatch", name)
            for name in (
                "document_number",
                "document_on",
                "document_signer",
                "document_capacity",
                "scan_sha256",
                "scan_bytes",
                "scan_filename",
                "scan_type",
            )
        ),
    ]

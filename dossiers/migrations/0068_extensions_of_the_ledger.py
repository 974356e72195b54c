"""What a term is extended on, or moved with its batch, is a document of the ledger.

Each extension of before becomes one document, marked so, that says what its row said; two rows are
never taken for one. What was moved keeps its words: of days off, whose documents stay in words, or
of a plan that is in the ledger by itself.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT e.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM dossiers_termevent e WHERE e.kind = 'extend' AND e.document <> '' ORDER BY e.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, document, by_id, at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'dossiers.termevent', id, '', named FROM paper ORDER BY id;

UPDATE dossiers_termevent e SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'dossiers.termevent' AND f."row" = e.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0067_allotments_of_the_ledger")]

    operations = [
        migrations.RemoveConstraint("termevent", "term_extension_has_a_document"),
        migrations.AddField(
            "termevent",
            "basis",
            models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="terms",
                to="cycle.document",
                verbose_name="văn bản gia hạn, dời hạn",
            ),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "termevent",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "extend"), _negated=True),
                    ("basis__isnull", False),
                    _connector="OR",
                ),
                name="term_extension_has_a_document",
            ),
        ),
        migrations.AddIndex(
            "termevent",
            models.Index(
                condition=models.Q(("basis__isnull", False)),
                fields=["basis"],
                name="term_event_by_document",
            ),
        ),
    ]

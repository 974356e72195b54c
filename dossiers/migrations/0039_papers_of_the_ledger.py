"""The paper of an act is a document of the ledger.

Each row of before becomes one document, marked so; two rows are never taken for one. Their columns
stay, for the history hashed them.
"""

import django.db.models.deletion
from django.db import migrations, models

import cycle.models.folding

#: Each with its scan, if it has one that is known by its content.
INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT o.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS document
  FROM dossiers_officialdocument o ORDER BY o.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signed_on, signer, signer_capacity,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT p.document, '', '', '', '', '', p.number, p.signed_on, p.signer, p.signer_capacity, '',
         coalesce(e.sha256, ''), coalesce(e.bytes, 0), coalesce(e.filename, ''),
         coalesce(e.content_type, ''), TRUE, '', p.recorded_by_id, p.at
  FROM paper p
  LEFT JOIN dossiers_evidence e ON e.id = p.scan_id AND e.kind IN ('signed_paper', 'commune_request')
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'dossiers.officialdocument', id, '', document FROM paper ORDER BY id;

UPDATE dossiers_officialdocument o SET document_id = f.document_id
FROM cycle_formerpaper f
WHERE f.model = 'dossiers.officialdocument' AND f."row" = o.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""
# Only the owner says of a document that it was there before the ledger.
MARK = """
CREATE CONSTRAINT TRIGGER mark_of_before_is_the_owners
  AFTER INSERT OR UPDATE OF before ON cycle_document
  FOR EACH ROW WHEN (NEW.before)
  EXECUTE FUNCTION mark_of_before_is_the_owners();
"""
UNMARK = "DROP TRIGGER mark_of_before_is_the_owners ON cycle_document;"

#: Field of before -> its column, which stays.
KEPT = {
    "number": models.CharField(db_column="number", max_length=60, blank=True, editable=False),
    "signed_on": models.DateField(db_column="signed_on", null=True, editable=False),
    "signer": cycle.models.folding.NameField(
        db_column="signer", max_length=150, blank=True, editable=False
    ),
    "signer_capacity": models.CharField(
        db_column="signer_capacity", max_length=150, blank=True, editable=False
    ),
}


class Migration(migrations.Migration):
    dependencies = [("cycle", "0038_document_ledger"), ("dossiers", "0038_scans_looked_up")]

    operations = [
        migrations.RunSQL(MARK, UNMARK),
        migrations.AddField(
            "officialdocument",
            "document",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_dossiers",
                to="cycle.document",
                verbose_name="văn bản trong sổ",
            ),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.RemoveIndex("officialdocument", "document_look_up"),
        migrations.RemoveField("officialdocument", "folded_number"),
        migrations.AlterField(
            "officialdocument",
            "document",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_dossiers",
                to="cycle.document",
                verbose_name="văn bản trong sổ",
            ),
        ),
        *(
            operation
            for name, field in KEPT.items()
            for operation in (
                migrations.AlterField("officialdocument", name, field),
                migrations.RenameField("officialdocument", name, f"was_{name}"),
            )
        ),
    ]

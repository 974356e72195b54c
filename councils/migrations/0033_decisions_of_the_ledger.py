"""The decision that sets a council up, and that of a seat, is a document of the ledger.

Each council of before becomes one document, marked so, and each seat whose text names another than
that of its council; two rows are never taken for one. A seat without a text of its own had that of
the council written in by the product, so it rests on the council's document. The columns stay, for
the history hashed them.
"""

import django.db.models.deletion
from django.db import migrations, models

INTO_THE_LEDGER = """
-- A seat that ended takes no change: what it says stays.
ALTER TABLE councils_member DISABLE TRIGGER seat_ended_stays;

WITH paper AS MATERIALIZED (
  SELECT c.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS document
  FROM councils_council c ORDER BY c.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signed_on, signer, signer_capacity,
     signer_known, subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, at)
  SELECT document, '', '', '', '', '', decision_number, decision_on, '', '', FALSE, '', '', 0, '',
         '', TRUE, '', now()
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.council', id, '', document FROM paper ORDER BY id;

UPDATE councils_council c SET decision_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'councils.council' AND f."row" = c.id;

UPDATE councils_member m SET decision_id = c.decision_id FROM councils_council c
WHERE c.id = m.council_id
  AND m.document IN ('', c.decision_number || ', ' || to_char(c.decision_on, 'DD/MM/YYYY'));

WITH paper AS MATERIALIZED (
  SELECT m.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM councils_member m WHERE m.decision_id IS NULL ORDER BY m.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, document,
         made_by_id, now()
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.member', id, '', named FROM paper ORDER BY id;

UPDATE councils_member m SET decision_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'councils.member' AND f."row" = m.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE councils_member ENABLE TRIGGER seat_ended_stays;
"""


def decision(name, **fields):
    return models.ForeignKey(
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=name,
        to="cycle.document",
        **fields,
    )


def kept(model, name, field):
    """Field of before -> its column, which stays."""
    return [
        migrations.AlterField(model, name, field),
        migrations.RenameField(model, name, f"was_{name}"),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("councils", "0032_templates_of_dossiers"),
        ("cycle", "0044_columns_told_and_stay"),
        # It lets the owner alone mark a document as one of before.
        ("dossiers", "0039_papers_of_the_ledger"),
    ]

    operations = [
        migrations.AddField(
            "council", "decision",
            decision("sets_up", null=True, verbose_name="quyết định thành lập"),
        ),
        migrations.AddField(
            "member", "decision", decision("seats", null=True, verbose_name="quyết định")
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField(
            "council", "decision", decision("sets_up", verbose_name="quyết định thành lập")
        ),
        migrations.AlterField("member", "decision", decision("seats", verbose_name="quyết định")),
        *kept(
            "council", "decision_number",
            models.CharField(db_column="decision_number", max_length=60, blank=True, editable=False),
        ),
        *kept(
            "council", "decision_on",
            models.DateField(db_column="decision_on", null=True, editable=False),
        ),
        *kept(
            "member", "document",
            models.CharField(db_column="document", max_length=120, blank=True, editable=False),
        ),
    ]

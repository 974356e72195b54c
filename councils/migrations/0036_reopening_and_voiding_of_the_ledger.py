"""What a round is opened again on, or voided on, is a document of the ledger.

Each row of before becomes one document, marked so, that says what the row said; two rows are never
taken for one. The columns stay, for the history hashed them.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT o.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM councils_reopening o ORDER BY o.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, document, by_id, at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.reopening', id, '', named FROM paper ORDER BY id;

UPDATE councils_reopening o SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'councils.reopening' AND f."row" = o.id;

-- A round that was voided stays; what it said does too.
ALTER TABLE councils_evaluationround DISABLE TRIGGER round_void_stays;

WITH paper AS MATERIALIZED (
  SELECT r.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM councils_evaluationround r WHERE r.void_document <> '' ORDER BY r.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, void_document,
         voided_at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.evaluationround', id, 'void_document', named FROM paper ORDER BY id;

UPDATE councils_evaluationround r SET void_basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'councils.evaluationround' AND f."row" = r.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE councils_evaluationround ENABLE TRIGGER round_void_stays;
"""


def basis(name, **fields):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name=name,
        to="cycle.document",
        **fields,
    )


REOPENS = {"name": "reopens", "verbose_name": "văn bản mở lại đợt"}


class Migration(migrations.Migration):
    dependencies = [("councils", "0035_regulations_of_the_ledger")]

    operations = [
        migrations.RemoveConstraint("reopening", "reopening_has_reason_and_document"),
        migrations.RemoveConstraint("evaluationround", "round_void_knows_why"),
        migrations.AddField("reopening", "basis", basis(null=True, **REOPENS)),
        migrations.AddField(
            "evaluationround", "void_basis",
            basis("voids", null=True, editable=False, verbose_name="văn bản hủy đợt"),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("reopening", "basis", basis(**REOPENS)),
        migrations.AlterField(
            "reopening", "document",
            models.CharField(db_column="document", max_length=200, blank=True, editable=False),
        ),
        migrations.RenameField("reopening", "document", "was_document"),
        migrations.AlterField(
            "evaluationround", "void_document",
            models.CharField(
                db_column="void_document", max_length=200, blank=True, db_default="", editable=False
            ),
        ),
        migrations.RenameField("evaluationround", "void_document", "was_void_document"),
        migrations.AddConstraint(
            "reopening",
            models.CheckConstraint(name="reopening_has_a_reason", condition=~Q(reason="")),
        ),
        migrations.AddConstraint(
            "evaluationround",
            models.CheckConstraint(
                name="round_void_knows_why",
                condition=Q(state="void")
                & Q(voided_at__isnull=False, void_basis__isnull=False)
                & ~Q(void_reason="")
                | ~Q(state="void") & Q(voided_at=None, void_reason="", void_basis=None),
            ),
        ),
    ]

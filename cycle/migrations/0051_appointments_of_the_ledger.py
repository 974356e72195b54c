"""What a post was given on is a document of the ledger.

Each row of before that named one becomes one document, marked so, that says what the row said; two
rows are never taken for one. The columns stay.
"""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT a.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM cycle_roleassignment a WHERE a.document <> '' ORDER BY a.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', document_signer, '', document_signer <> '', '', '', 0, '',
         '', TRUE, document, made_by_id, least(valid_from::timestamptz, now())
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'cycle.roleassignment', id, '', named FROM paper ORDER BY id;

UPDATE cycle_roleassignment a SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'cycle.roleassignment' AND f."row" = a.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""


def kept(column, length):
    return models.CharField(
        db_column=column, max_length=length, blank=True, db_default="", editable=False
    )


class Migration(migrations.Migration):
    dependencies = [("cycle", "0050_targets_and_terms_of_the_ledger")]

    operations = [
        pgtrigger.migrations.RemoveTrigger("roleassignment", "post_stays"),
        migrations.RemoveConstraint(
            "roleassignment", "role_assignment_to_oneself_has_a_document"
        ),
        migrations.AddField(
            "roleassignment",
            "basis",
            models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="appoints",
                to="cycle.document",
                verbose_name="văn bản phân công",
            ),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("roleassignment", "document", kept("document", 120)),
        migrations.RenameField("roleassignment", "document", "was_document"),
        migrations.AlterField("roleassignment", "document_signer", kept("document_signer", 150)),
        migrations.RenameField("roleassignment", "document_signer", "was_document_signer"),
        pgtrigger.migrations.AddTrigger(
            model_name='roleassignment',
            trigger=pgtrigger.compiler.Trigger(name='post_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."user_id", NEW."role", NEW."org_unit_id", NEW."valid_from", NEW."made_by_id", NEW."basis_id", NEW."document", NEW."document_signer") IS DISTINCT FROM ROW(OLD."user_id", OLD."role", OLD."org_unit_id", OLD."valid_from", OLD."made_by_id", OLD."basis_id", OLD."document", OLD."document_signer"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'user_id, role, org_unit_id, valid_from, made_by_id, basis_id, document, document_signer', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='d8527cc0dc1f3c6048d92ec9a665bd8d81a02aa4', operation='UPDATE OF "user_id", "role", "org_unit_id", "valid_from", "made_by_id", "basis_id", "document", "document_signer"', pgid='pgtrigger_post_stays_d0360', table='cycle_roleassignment', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='roleassignment',
            constraint=models.CheckConstraint(condition=models.Q(('made_by', None), models.Q(('user', models.F('made_by')), _negated=True), ('basis__isnull', False), _connector='OR'), name='role_assignment_to_oneself_has_a_document'),
        ),
    ]

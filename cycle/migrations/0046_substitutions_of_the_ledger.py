"""What a substitution rests on is a document of the ledger.

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
  SELECT s.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM cycle_substitution s WHERE s.document <> '' ORDER BY s.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', document_signer, '', document_signer <> '', '', '', 0, '',
         '', TRUE, document, created_by_id, valid_from
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'cycle.substitution', id, '', named FROM paper ORDER BY id;

UPDATE cycle_substitution s SET basis_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'cycle.substitution' AND f."row" = s.id;

-- Whose paper is owed has no document of the ledger.
DROP TRIGGER substitution_owes_one_paper ON cycle_substitution;
CREATE OR REPLACE FUNCTION substitution_owes_one_paper() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE post cycle_roleassignment;
BEGIN
  SELECT * INTO post FROM cycle_roleassignment WHERE id = NEW.assignment_id;
  PERFORM 1 FROM cycle_roleassignment
    WHERE (user_id, role, org_unit_id) = (post.user_id, post.role, post.org_unit_id)
    ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM cycle_substitution s JOIN cycle_roleassignment a ON a.id = s.assignment_id
             WHERE s.id <> NEW.id AND s.basis_id IS NULL AND s.paper_due_on IS NOT NULL
               AND (a.user_id, a.role, a.org_unit_id)
                   = (post.user_id, post.role, post.org_unit_id)) THEN
    RAISE EXCEPTION 'substitution % comes while another of the post owes its paper', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'substitution_owes_one_paper';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER substitution_owes_one_paper
  AFTER INSERT OR UPDATE OF assignment_id, basis_id, paper_due_on ON cycle_substitution
  FOR EACH ROW WHEN (NEW.basis_id IS NULL AND NEW.paper_due_on IS NOT NULL)
  EXECUTE FUNCTION substitution_owes_one_paper();

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""


def kept(column, length):
    return models.CharField(
        db_column=column, max_length=length, blank=True, db_default="", editable=False
    )


class Migration(migrations.Migration):
    dependencies = [("cycle", "0045_documents_searched")]

    operations = [
        pgtrigger.migrations.RemoveTrigger("substitution", "substitution_told"),
        migrations.RemoveConstraint("substitution", "substitution_of_its_maker_has_a_document"),
        migrations.AddField(
            "substitution",
            "basis",
            models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lends",
                to="cycle.document",
                verbose_name="văn bản ủy quyền",
            ),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField("substitution", "document", kept("document", 120)),
        migrations.RenameField("substitution", "document", "was_document"),
        migrations.AlterField("substitution", "document_signer", kept("document_signer", 150)),
        migrations.RenameField("substitution", "document_signer", "was_document_signer"),
        pgtrigger.migrations.AddTrigger(
            model_name='substitution',
            trigger=pgtrigger.compiler.Trigger(name='substitution_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."valid_to", NEW."basis_id") IS DISTINCT FROM ROW(OLD."valid_to", OLD."basis_id"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = CASE WHEN h.data->>\'substitution\' = r.id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."valid_to") IS DISTINCT FROM ROW(OLD."valid_to") AND NOT coalesce(said && \'{role.substitute_paper,role.substitute_end,role.substitute_lapse}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'valid_to\'); END IF; IF ROW(NEW."basis_id") IS DISTINCT FROM ROW(OLD."basis_id") AND NOT coalesce(said && \'{role.substitute_paper}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'basis_id\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='77d209ce17b0321c84fe819485841d6b4a45376d', operation='UPDATE OF "valid_to", "basis_id"', pgid='pgtrigger_substitution_told_af50c', table='cycle_substitution', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='substitution',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('substitute', models.F('created_by')), _negated=True), ('basis__isnull', False), _connector='OR'), name='substitution_of_its_maker_has_a_document'),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='substitution',
            name='substitution_stays',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='substitution',
            trigger=pgtrigger.compiler.Trigger(name='substitution_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."assignment_id", NEW."substitute_id", NEW."valid_from", NEW."reason", NEW."created_by_id", NEW."document", NEW."document_signer", NEW."paper_due_on") IS DISTINCT FROM ROW(OLD."assignment_id", OLD."substitute_id", OLD."valid_from", OLD."reason", OLD."created_by_id", OLD."document", OLD."document_signer", OLD."paper_due_on"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'assignment_id, substitute_id, valid_from, reason, created_by_id, document, document_signer, paper_due_on', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='30f6bc9dcbbfd4468d3e529be53d5130af72691b', operation='UPDATE OF "assignment_id", "substitute_id", "valid_from", "reason", "created_by_id", "document", "document_signer", "paper_due_on"', pgid='pgtrigger_substitution_stays_7e00b', table='cycle_substitution', when='AFTER')),
        ),
    ]

"""What sets the targets of a year, and a term of the province's own, are documents of the ledger.

Each row of before that named one becomes one document, marked so, that says what the row said; two
rows are never taken for one. The columns stay.
"""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

ONE_FOR_ONE = """
WITH paper AS MATERIALIZED (
  SELECT r.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM {table} r WHERE r.{column} <> '' ORDER BY r.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', '', 0, '', '', TRUE, {column}, now()
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT '{model}', id, '', named FROM paper ORDER BY id;

UPDATE {table} r SET {basis} = f.document_id
FROM cycle_formerpaper f WHERE f.model = '{model}' AND f."row" = r.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""


def into_the_ledger(**names):
    return migrations.RunSQL(ONE_FOR_ONE.format(**names), migrations.RunSQL.noop)


def kept(column, length):
    return models.CharField(
        db_column=column, max_length=length, blank=True, db_default="", editable=False
    )


def basis(related_name, said):
    return models.ForeignKey(
        editable=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="cycle.document",
        verbose_name=said,
    )


class Migration(migrations.Migration):
    dependencies = [("cycle", "0049_readings_of_the_ledger")]

    operations = [
        pgtrigger.migrations.RemoveTrigger("cycle", "cycle_told"),
        pgtrigger.migrations.RemoveTrigger("termrule", "term_rule_told"),
        pgtrigger.migrations.RemoveTrigger("termrule", "term_rule_stays"),
        migrations.AddField(
            "cycle", "target_basis", basis("sets_targets", "văn bản giao chỉ tiêu")
        ),
        migrations.AddField("termrule", "basis", basis("sets_terms", "văn bản của tỉnh")),
        into_the_ledger(
            table="cycle_cycle", column="target_document", basis="target_basis_id",
            model="cycle.cycle",
        ),
        into_the_ledger(
            table="cycle_termrule", column="document", basis="basis_id", model="cycle.termrule"
        ),
        migrations.AlterField("cycle", "target_document", kept("target_document", 200)),
        migrations.RenameField("cycle", "target_document", "was_target_document"),
        migrations.AlterField("termrule", "document", kept("document", 120)),
        migrations.RenameField("termrule", "document", "was_document"),
        pgtrigger.migrations.AddTrigger(
            model_name='cycle',
            trigger=pgtrigger.compiler.Trigger(name='cycle_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."target_document") IS DISTINCT FROM ROW(OLD."target_document"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'target_document', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='bd3df0c4d76b31c6d72b4ba9262655049aabb160', operation='UPDATE OF "target_document"', pgid='pgtrigger_cycle_stays_3b150', table='cycle_cycle', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cycle',
            trigger=pgtrigger.compiler.Trigger(name='cycle_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."year", NEW."rule_set_id", NEW."opened_on", NEW."ends_on", NEW."assumed", NEW."target_new", NEW."target_upgrades", NEW."target_basis_id", NEW."beside", NEW."title", NEW."closed_on", NEW."void") IS DISTINCT FROM ROW(OLD."year", OLD."rule_set_id", OLD."opened_on", OLD."ends_on", OLD."assumed", OLD."target_new", OLD."target_upgrades", OLD."target_basis_id", OLD."beside", OLD."title", OLD."closed_on", OLD."void"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = r.id) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."year", NEW."rule_set_id", NEW."opened_on", NEW."ends_on", NEW."assumed", NEW."target_new", NEW."target_upgrades", NEW."target_basis_id", NEW."beside") IS DISTINCT FROM ROW(OLD."year", OLD."rule_set_id", OLD."opened_on", OLD."ends_on", OLD."assumed", OLD."target_new", OLD."target_upgrades", OLD."target_basis_id", OLD."beside") AND NOT coalesce(said && \'{cycle.configure}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'year, rule_set_id, opened_on, ends_on, assumed, target_new, target_upgrades, target_basis_id, beside\'); END IF; IF ROW(NEW."title") IS DISTINCT FROM ROW(OLD."title") AND NOT coalesce(said && \'{cycle.configure,cycle.take_back}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'title\'); END IF; IF ROW(NEW."closed_on") IS DISTINCT FROM ROW(OLD."closed_on") AND NOT coalesce(said && \'{cycle.configure,cycle.take_back,cycle.close,cycle.reopen}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'closed_on\'); END IF; IF ROW(NEW."void") IS DISTINCT FROM ROW(OLD."void") AND NOT coalesce(said && \'{cycle.take_back}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'void\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='b5c2b80e426600094a70077c4ac10cd295fa20f8', operation='UPDATE OF "year", "rule_set_id", "opened_on", "ends_on", "assumed", "target_new", "target_upgrades", "target_basis_id", "beside", "title", "closed_on", "void"', pgid='pgtrigger_cycle_told_4ab6d', table='cycle_cycle', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='termrule',
            trigger=pgtrigger.compiler.Trigger(name='term_rule_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."cycle_id", NEW."document") IS DISTINCT FROM ROW(OLD."cycle_id", OLD."document"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'cycle_id, document', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='7c4b069cd9453d8ae127f01eeaaacc1c0c42dc30', operation='UPDATE OF "cycle_id", "document"', pgid='pgtrigger_term_rule_stays_51126', table='cycle_termrule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='termrule',
            trigger=pgtrigger.compiler.Trigger(name='term_rule_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."rule_set_id", NEW."code", NEW."subject", NEW."title", NEW."amount", NEW."unit", NEW."fixed_on", NEW."starts_before", NEW."starts_on", NEW."stops_on", NEW."case_type", NEW."role", NEW."level", NEW."warnings", NEW."escalations", NEW."extension_limit", NEW."article", NEW."basis_id") IS DISTINCT FROM ROW(OLD."rule_set_id", OLD."code", OLD."subject", OLD."title", OLD."amount", OLD."unit", OLD."fixed_on", OLD."starts_before", OLD."starts_on", OLD."stops_on", OLD."case_type", OLD."role", OLD."level", OLD."warnings", OLD."escalations", OLD."extension_limit", OLD."article", OLD."basis_id"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = r.cycle_id) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."rule_set_id", NEW."code", NEW."subject", NEW."title", NEW."amount", NEW."unit", NEW."fixed_on", NEW."starts_before", NEW."starts_on", NEW."stops_on", NEW."case_type", NEW."role", NEW."level", NEW."warnings", NEW."escalations", NEW."extension_limit", NEW."article", NEW."basis_id") IS DISTINCT FROM ROW(OLD."rule_set_id", OLD."code", OLD."subject", OLD."title", OLD."amount", OLD."unit", OLD."fixed_on", OLD."starts_before", OLD."starts_on", OLD."stops_on", OLD."case_type", OLD."role", OLD."level", OLD."warnings", OLD."escalations", OLD."extension_limit", OLD."article", OLD."basis_id") AND NOT coalesce(said && \'{cycle.configure}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'rule_set_id, code, subject, title, amount, unit, fixed_on, starts_before, starts_on, stops_on, case_type, role, level, warnings, escalations, extension_limit, article, basis_id\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='7dcc841e78f9a8111cec0edea5115f231a381496', operation='UPDATE OF "rule_set_id", "code", "subject", "title", "amount", "unit", "fixed_on", "starts_before", "starts_on", "stops_on", "case_type", "role", "level", "warnings", "escalations", "extension_limit", "article", "basis_id"', pgid='pgtrigger_term_rule_told_ba1c3', table='cycle_termrule', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
    ]

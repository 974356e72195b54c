"""The letter by which a department answered is a document of the ledger.

Each answer of before that named one, or has its scan, becomes one document, marked so; two are
never taken for one. The columns stay.
"""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

INTO_THE_LEDGER = """
WITH paper AS MATERIALIZED (
  SELECT o.*, nextval(pg_get_serial_sequence('cycle_document', 'id')) AS named
  FROM councils_opinion o WHERE o.number <> '' OR o.scan_sha256 <> '' ORDER BY o.id
), made AS (
  INSERT INTO cycle_document
    (id, direction, kind, does, register, outside, number, signer, signer_capacity, signer_known,
     subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said, recorded_by_id, at)
  SELECT named, '', '', '', '', '', '', '', '', FALSE, '', scan_sha256, 0, scan_name, '', TRUE,
         number, answered_by_id, answered_at
  FROM paper
)
INSERT INTO cycle_formerpaper (model, "row", part, document_id)
SELECT 'councils.opinion', id, '', named FROM paper ORDER BY id;

UPDATE councils_opinion o SET letter_id = f.document_id
FROM cycle_formerpaper f WHERE f.model = 'councils.opinion' AND f."row" = o.id;

-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0039_council_papers'),
        ('cycle', '0046_substitutions_of_the_ledger'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='opinion',
            name='opinion_stays',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='opinion',
            name='opinion_told',
        ),
        migrations.RemoveConstraint(
            model_name='opinion',
            name='opinion_answered_in_full',
        ),
        migrations.AddField(
            model_name='opinion',
            name='letter',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='cycle.document', verbose_name='văn bản trả lời'),
        ),
        migrations.RunSQL(INTO_THE_LEDGER, migrations.RunSQL.noop),
        migrations.AlterField('opinion', 'number', models.CharField(blank=True, db_column='number', db_default='', editable=False, max_length=120)),
        migrations.RenameField('opinion', 'number', 'was_number'),
        migrations.AlterField('opinion', 'scan_sha256', models.CharField(blank=True, db_column='scan_sha256', db_default='', editable=False, max_length=64)),
        migrations.RenameField('opinion', 'scan_sha256', 'was_scan_sha256'),
        migrations.AlterField('opinion', 'scan_name', models.CharField(blank=True, db_column='scan_name', db_default='', editable=False, max_length=200)),
        migrations.RenameField('opinion', 'scan_name', 'was_scan_name'),
        pgtrigger.migrations.AddTrigger(
            model_name='opinion',
            trigger=pgtrigger.compiler.Trigger(name='opinion_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."entry_id", NEW."to_id", NEW."department", NEW."question", NEW."asked_by_id", NEW."asked_at", NEW."due_on", NEW."number", NEW."scan_sha256", NEW."scan_name") IS DISTINCT FROM ROW(OLD."entry_id", OLD."to_id", OLD."department", OLD."question", OLD."asked_by_id", OLD."asked_at", OLD."due_on", OLD."number", OLD."scan_sha256", OLD."scan_name"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'entry_id, to_id, department, question, asked_by_id, asked_at, due_on, number, scan_sha256, scan_name', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='7c9b1bbafeee68d7209a4b111c2e0b67fe3a13eb', operation='UPDATE OF "entry_id", "to_id", "department", "question", "asked_by_id", "asked_at", "due_on", "number", "scan_sha256", "scan_name"', pgid='pgtrigger_opinion_stays_c4b6f', table='councils_opinion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='opinion',
            trigger=pgtrigger.compiler.Trigger(name='opinion_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."answer", NEW."letter_id", NEW."answered_by_id", NEW."answered_at") IS DISTINCT FROM ROW(OLD."answer", OLD."letter_id", OLD."answered_by_id", OLD."answered_at"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'round\' AND h.stream_id = CASE WHEN h.data->>\'opinion\' = r.id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."answer", NEW."letter_id", NEW."answered_by_id", NEW."answered_at") IS DISTINCT FROM ROW(OLD."answer", OLD."letter_id", OLD."answered_by_id", OLD."answered_at") AND NOT coalesce(said && \'{round.answer_opinion}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'answer, letter_id, answered_by_id, answered_at\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='f6b92100154d3260268f75eaf5e88556f621feb7', operation='UPDATE OF "answer", "letter_id", "answered_by_id", "answered_at"', pgid='pgtrigger_opinion_told_a6a86', table='councils_opinion', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='opinion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('letter', None), ('answered_at', None), ('answered_by', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='opinion_answered_in_full'),
        ),
    ]

"""Which trainings of the plan producers have to attend before their business plan is approved."""

import cycle.guards
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0050_targets_and_terms_of_the_ledger'),
        ('dossiers', '0072_outreach_attended'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='plannedoutreach',
            name='planned_told',
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='required',
            field=models.BooleanField(db_default=False, default=False, verbose_name='phải dự trước khi duyệt phương án'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plannedoutreach',
            trigger=pgtrigger.compiler.Trigger(name='planned_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."kind", NEW."title", NEW."begins_on", NEW."due_on", NEW."required", NEW."dropped_by_id", NEW."dropped_at", NEW."reason") IS DISTINCT FROM ROW(OLD."kind", OLD."title", OLD."begins_on", OLD."due_on", OLD."required", OLD."dropped_by_id", OLD."dropped_at", OLD."reason"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = CASE WHEN h.data->>\'planned\' = r.id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."kind", NEW."title", NEW."begins_on", NEW."due_on", NEW."required") IS DISTINCT FROM ROW(OLD."kind", OLD."title", OLD."begins_on", OLD."due_on", OLD."required") AND NOT coalesce(said && \'{planned.correct}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'kind, title, begins_on, due_on, required\'); END IF; IF ROW(NEW."dropped_by_id", NEW."dropped_at", NEW."reason") IS DISTINCT FROM ROW(OLD."dropped_by_id", OLD."dropped_at", OLD."reason") AND NOT coalesce(said && \'{planned.drop}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'dropped_by_id, dropped_at, reason\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='8a4174d6142f20259dce16d205e1c9453f295277', operation='UPDATE OF "kind", "title", "begins_on", "due_on", "required", "dropped_by_id", "dropped_at", "reason"', pgid='pgtrigger_planned_told_9fd30', table='dossiers_plannedoutreach', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='plannedoutreach',
            constraint=models.CheckConstraint(condition=models.Q(('required', False), ('kind', 'training'), _connector='OR'), name='planned_required_is_training'),
        ),
    ]

"""Potential products that an officer came to know, of a meeting or a wish, are in the list too."""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0047_years_closed'),
        ('dossiers', '0065_finished_years'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='potential',
            name='potential_stays',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='potential',
            name='potential_told',
        ),
        migrations.AddField(
            model_name='potential',
            name='cycle',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='potentials', to='cycle.cycle', verbose_name='chu trình'),
        ),
        migrations.AddField(
            model_name='potential',
            name='event',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='potentials', to='dossiers.outreachevent', verbose_name='hoạt động tuyên truyền'),
        ),
        migrations.AddField(
            model_name='potential',
            name='recorded_at',
            field=models.DateTimeField(null=True, verbose_name='ghi lúc'),
        ),
        migrations.AddField(
            model_name='potential',
            name='recorded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người ghi'),
        ),
        migrations.AddField(
            model_name='potential',
            name='source',
            field=models.CharField(choices=[('survey', 'Khảo sát'), ('event', 'Hoạt động tuyên truyền'), ('wish', 'Chủ thể tự đề nghị')], default='survey', max_length=10, verbose_name='nguồn'),
        ),
        migrations.AlterField(
            model_name='potential',
            name='batch',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='potentials', to='dossiers.stockbatch', verbose_name='danh sách'),
        ),
        migrations.AlterField(
            model_name='potential',
            name='surveyed_on',
            field=models.DateField(blank=True, null=True, verbose_name='ngày biết đến, khảo sát'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='potential',
            trigger=pgtrigger.compiler.Trigger(name='potential_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."batch_id", NEW."cycle_id", NEW."recorded_by_id", NEW."recorded_at") IS DISTINCT FROM ROW(OLD."batch_id", OLD."cycle_id", OLD."recorded_by_id", OLD."recorded_at"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'batch_id, cycle_id, recorded_by_id, recorded_at', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='fb52edcf96ee3170e781c13f3886aef357b8e49c', operation='UPDATE OF "batch_id", "cycle_id", "recorded_by_id", "recorded_at"', pgid='pgtrigger_potential_stays_ba9a6', table='dossiers_potential', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='potential',
            trigger=pgtrigger.compiler.Trigger(name='potential_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."source", NEW."event_id", NEW."name", NEW."group", NEW."producer_name", NEW."owner_type", NEW."representative", NEW."phone", NEW."address", NEW."wish", NEW."surveyed_on", NEW."state", NEW."dossier_id", NEW."reason", NEW."closed_by_id", NEW."closed_at") IS DISTINCT FROM ROW(OLD."source", OLD."event_id", OLD."name", OLD."group", OLD."producer_name", OLD."owner_type", OLD."representative", OLD."phone", OLD."address", OLD."wish", OLD."surveyed_on", OLD."state", OLD."dossier_id", OLD."reason", OLD."closed_by_id", OLD."closed_at"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = CASE WHEN h.data->>\'potential\' = r.id::text THEN h.stream_id END OR h.stream = \'dossier\' AND h.stream_id = r.dossier_id) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."source", NEW."event_id", NEW."name", NEW."group", NEW."producer_name", NEW."owner_type", NEW."representative", NEW."phone", NEW."address", NEW."wish", NEW."surveyed_on") IS DISTINCT FROM ROW(OLD."source", OLD."event_id", OLD."name", OLD."group", OLD."producer_name", OLD."owner_type", OLD."representative", OLD."phone", OLD."address", OLD."wish", OLD."surveyed_on") AND NOT coalesce(said && \'{potential.correct}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'source, event_id, name, group, producer_name, owner_type, representative, phone, address, wish, surveyed_on\'); END IF; IF ROW(NEW."state") IS DISTINCT FROM ROW(OLD."state") AND NOT coalesce(said && \'{potential.close,potential.reopen,potential.begin}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'state\'); END IF; IF ROW(NEW."dossier_id") IS DISTINCT FROM ROW(OLD."dossier_id") AND NOT coalesce(said && \'{potential.begin}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'dossier_id\'); END IF; IF ROW(NEW."reason", NEW."closed_by_id", NEW."closed_at") IS DISTINCT FROM ROW(OLD."reason", OLD."closed_by_id", OLD."closed_at") AND NOT coalesce(said && \'{potential.close,potential.reopen}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'reason, closed_by_id, closed_at\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='a030d7fa205205ac528f1ee72495ef62c0f4d3ee', operation='UPDATE OF "source", "event_id", "name", "group", "producer_name", "owner_type", "representative", "phone", "address", "wish", "surveyed_on", "state", "dossier_id", "reason", "closed_by_id", "closed_at"', pgid='pgtrigger_potential_told_ecaf9', table='dossiers_potential', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='potential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('event__isnull', False), ('source', 'event')), models.Q(('event', None), ('source__in', ['survey', 'wish'])), _connector='OR'), name='potential_source_known'),
        ),
        migrations.AddConstraint(
            model_name='potential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('batch__isnull', False), ('cycle', None), ('recorded_by', None), ('source', 'survey')), models.Q(('batch', None), ('cycle__isnull', False), ('recorded_at__isnull', False), ('recorded_by__isnull', False)), _connector='OR'), name='potential_of_a_list_or_a_year'),
        ),
        migrations.RunSQL(
            """CREATE TRIGGER stands_in_its_year BEFORE INSERT OR UPDATE OF cycle_id ON dossiers_potential
               FOR EACH ROW WHEN (NEW.cycle_id IS NOT NULL) EXECUTE FUNCTION stands_in_its_year()""",
            "DROP TRIGGER stands_in_its_year ON dossiers_potential",
        ),
    ]

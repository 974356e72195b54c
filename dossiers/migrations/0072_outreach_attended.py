"""Where an event was, who attended it by name, and its photos and materials."""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0071_planned_outreach'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OutreachAttendance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('people', models.JSONField(default=list, verbose_name='danh sách người dự')),
            ],
            options={
                'verbose_name': 'danh sách người dự',
            },
        ),
        migrations.CreateModel(
            name='OutreachFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('bytes', models.BigIntegerField()),
                ('filename', models.CharField(max_length=200, verbose_name='tên tệp')),
                ('content_type', models.CharField(max_length=100)),
                ('at', models.DateTimeField(verbose_name='lúc')),
            ],
            options={
                'verbose_name': 'ảnh, tài liệu',
                'ordering': ['pk'],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='outreachevent',
            name='outreach_told',
        ),
        migrations.AddField(
            model_name='outreachevent',
            name='place',
            field=models.CharField(blank=True, max_length=200, verbose_name='địa điểm'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outreachevent',
            trigger=pgtrigger.compiler.Trigger(name='outreach_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."cycle_id", NEW."org_unit_id", NEW."held_on", NEW."title", NEW."attendance", NEW."cost", NEW."kind", NEW."audience", NEW."place", NEW."planned_id") IS DISTINCT FROM ROW(OLD."cycle_id", OLD."org_unit_id", OLD."held_on", OLD."title", OLD."attendance", OLD."cost", OLD."kind", OLD."audience", OLD."place", OLD."planned_id"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = CASE WHEN h.data->>\'outreach\' = r.id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."cycle_id", NEW."org_unit_id", NEW."held_on", NEW."title", NEW."attendance", NEW."cost", NEW."kind", NEW."audience", NEW."place", NEW."planned_id") IS DISTINCT FROM ROW(OLD."cycle_id", OLD."org_unit_id", OLD."held_on", OLD."title", OLD."attendance", OLD."cost", OLD."kind", OLD."audience", OLD."place", OLD."planned_id") AND NOT coalesce(said && \'{outreach.correct}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'cycle_id, org_unit_id, held_on, title, attendance, cost, kind, audience, place, planned_id\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='32e27252dce3e66732eb5838970bc2519f99c73f', operation='UPDATE OF "cycle_id", "org_unit_id", "held_on", "title", "attendance", "cost", "kind", "audience", "place", "planned_id"', pgid='pgtrigger_outreach_told_69ad3', table='dossiers_outreachevent', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddField(
            model_name='outreachattendance',
            name='event',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='attended', to='dossiers.outreachevent'),
        ),
        migrations.AddField(
            model_name='outreachfile',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người gửi'),
        ),
        migrations.AddField(
            model_name='outreachfile',
            name='event',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='dossiers.outreachevent'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outreachattendance',
            trigger=pgtrigger.compiler.Trigger(name='attendance_told', sql=cycle.guards.FirmTriggerSql(constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; IF TG_OP = 'DELETE' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, '_', '.'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = 'cycle' AND h.stream_id = CASE WHEN h.data->>'outreach' = r.event_id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF NOT coalesce(said && '{outreach.attend}'::text[], false) THEN lacking := 'the row'; END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION '% of %: no line of its history tells this change', lacking, TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_told'; END IF; RETURN NULL;", hash='20ce0af202f1d218bb2f5db170a10e54353a1f6a', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_attendance_told_bf353', table='dossiers_outreachattendance', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outreachfile',
            trigger=pgtrigger.compiler.Trigger(name='outreach_file_told', sql=cycle.guards.FirmTriggerSql(constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; IF TG_OP = 'DELETE' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, '_', '.'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = 'cycle' AND h.stream_id = CASE WHEN h.data->>'outreach' = r.event_id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF NOT coalesce(said && '{outreach.attach,outreach.take_off}'::text[], false) THEN lacking := 'the row'; END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION '% of %: no line of its history tells this change', lacking, TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_told'; END IF; RETURN NULL;", hash='514102844663e0191b2607623bb5e1cfc103c983', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_outreach_file_told_05cb7', table='dossiers_outreachfile', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
    ]

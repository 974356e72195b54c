"""The plan of a year for step 1, row by row, and which event fulfils which row."""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


def revoke(apps, schema_editor):
    """A row of the plan is changed or dropped, and stays; for which communes, is written once."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE DELETE, TRUNCATE ON dossiers_plannedoutreach FROM {role}")
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_plannedplace FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0050_targets_and_terms_of_the_ledger'),
        ('dossiers', '0070_calls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PlannedOutreach',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('meeting', 'Hội nghị, họp thôn bản'), ('radio', 'Phát thanh'), ('panel', 'Pano, áp phích'), ('news', 'Báo chí, mạng xã hội'), ('training', 'Tập huấn'), ('survey', 'Khảo sát sản phẩm')], max_length=20, verbose_name='hình thức')),
                ('title', models.CharField(max_length=200, verbose_name='nội dung')),
                ('begins_on', models.DateField(verbose_name='từ ngày')),
                ('due_on', models.DateField(verbose_name='chậm nhất ngày')),
                ('made_at', models.DateTimeField(editable=False)),
                ('dropped_at', models.DateTimeField(editable=False, null=True)),
                ('reason', models.CharField(blank=True, editable=False, max_length=1000, verbose_name='lý do bỏ')),
            ],
            options={
                'verbose_name': 'hoạt động trong kế hoạch',
                'verbose_name_plural': 'hoạt động trong kế hoạch',
                'ordering': ['due_on', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='PlannedPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'xã trong kế hoạch',
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='outreachevent',
            name='outreach_told',
        ),
        migrations.RemoveConstraint(
            model_name='outreachevent',
            name='outreach_kind_known',
        ),
        migrations.AlterField(
            model_name='outreachevent',
            name='kind',
            field=models.CharField(choices=[('meeting', 'Hội nghị, họp thôn bản'), ('radio', 'Phát thanh'), ('panel', 'Pano, áp phích'), ('news', 'Báo chí, mạng xã hội'), ('training', 'Tập huấn'), ('survey', 'Khảo sát sản phẩm')], max_length=20, verbose_name='hình thức'),
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='basis',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='planned_outreach', to='cycle.document', verbose_name='văn bản kế hoạch'),
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='cycle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='planned_outreach', to='cycle.cycle', verbose_name='chu trình'),
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='dropped_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='made_by',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='org_unit',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='planned_outreach', to='cycle.orgunit', verbose_name='đơn vị thực hiện'),
        ),
        migrations.AddField(
            model_name='outreachevent',
            name='planned',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='dossiers.plannedoutreach', verbose_name='theo kế hoạch'),
        ),
        migrations.AddConstraint(
            model_name='outreachevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['meeting', 'radio', 'panel', 'news', 'training', 'survey'])), name='outreach_kind_known'),
        ),
        migrations.AddField(
            model_name='plannedplace',
            name='commune',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='xã, phường'),
        ),
        migrations.AddField(
            model_name='plannedplace',
            name='planned',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places', to='dossiers.plannedoutreach'),
        ),
        migrations.AddField(
            model_name='plannedoutreach',
            name='communes',
            field=models.ManyToManyField(editable=False, related_name='+', through='dossiers.PlannedPlace', to='cycle.orgunit', verbose_name='xã, phường'),
        ),
        migrations.AddConstraint(
            model_name='plannedplace',
            constraint=models.UniqueConstraint(fields=('planned', 'commune'), name='planned_place_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plannedplace',
            trigger=pgtrigger.compiler.Trigger(name='planned_place_stays', sql=cycle.guards.FirmTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ac54aa17c335dd3e749a974d32b6cdb834988718', operation='UPDATE OR DELETE', pgid='pgtrigger_planned_place_stays_c8a68', table='dossiers_plannedplace', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='plannedoutreach',
            index=models.Index(fields=['org_unit', 'due_on'], name='planned_of_unit'),
        ),
        migrations.AddConstraint(
            model_name='plannedoutreach',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['meeting', 'radio', 'panel', 'news', 'training', 'survey'])), name='planned_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='plannedoutreach',
            constraint=models.CheckConstraint(condition=models.Q(('begins_on__lte', models.F('due_on'))), name='planned_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='plannedoutreach',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dropped_at', None), ('dropped_by', None), ('reason', '')), models.Q(('dropped_at__isnull', False), ('dropped_by__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='planned_dropped_knows_why'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plannedoutreach',
            trigger=pgtrigger.compiler.Trigger(name='planned_stays', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."cycle_id", NEW."org_unit_id", NEW."basis_id", NEW."made_by_id", NEW."made_at") IS DISTINCT FROM ROW(OLD."cycle_id", OLD."org_unit_id", OLD."basis_id", OLD."made_by_id", OLD."made_at"))', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; RAISE EXCEPTION '% of %: stay as they were written', 'cycle_id, org_unit_id, basis_id, made_by_id, made_at', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_stays';", hash='c0b187fba695958e9584d4d292f1c37a7b73f329', operation='UPDATE OF "cycle_id", "org_unit_id", "basis_id", "made_by_id", "made_at"', pgid='pgtrigger_planned_stays_cd10c', table='dossiers_plannedoutreach', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plannedoutreach',
            trigger=pgtrigger.compiler.Trigger(name='planned_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."kind", NEW."title", NEW."begins_on", NEW."due_on", NEW."dropped_by_id", NEW."dropped_at", NEW."reason") IS DISTINCT FROM ROW(OLD."kind", OLD."title", OLD."begins_on", OLD."due_on", OLD."dropped_by_id", OLD."dropped_at", OLD."reason"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = CASE WHEN h.data->>\'planned\' = r.id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."kind", NEW."title", NEW."begins_on", NEW."due_on") IS DISTINCT FROM ROW(OLD."kind", OLD."title", OLD."begins_on", OLD."due_on") AND NOT coalesce(said && \'{planned.correct}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'kind, title, begins_on, due_on\'); END IF; IF ROW(NEW."dropped_by_id", NEW."dropped_at", NEW."reason") IS DISTINCT FROM ROW(OLD."dropped_by_id", OLD."dropped_at", OLD."reason") AND NOT coalesce(said && \'{planned.drop}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'dropped_by_id, dropped_at, reason\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='512790d14c78c0d7dfc9e56f2830226936920174', operation='UPDATE OF "kind", "title", "begins_on", "due_on", "dropped_by_id", "dropped_at", "reason"', pgid='pgtrigger_planned_told_9fd30', table='dossiers_plannedoutreach', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='outreachevent',
            trigger=pgtrigger.compiler.Trigger(name='outreach_told', sql=cycle.guards.FirmTriggerSql(condition='WHEN (ROW(NEW."cycle_id", NEW."org_unit_id", NEW."held_on", NEW."title", NEW."attendance", NEW."cost", NEW."kind", NEW."audience", NEW."planned_id") IS DISTINCT FROM ROW(OLD."cycle_id", OLD."org_unit_id", OLD."held_on", OLD."title", OLD."attendance", OLD."cost", OLD."kind", OLD."audience", OLD."planned_id"))', constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func='IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), \'MEMBER\') THEN RETURN NULL; END IF; IF TG_OP = \'DELETE\' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, \'_\', \'.\'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = \'cycle\' AND h.stream_id = CASE WHEN h.data->>\'outreach\' = r.id::text THEN h.stream_id END) AND h.transaction = pg_current_xact_id()::text::bigint; IF ROW(NEW."cycle_id", NEW."org_unit_id", NEW."held_on", NEW."title", NEW."attendance", NEW."cost", NEW."kind", NEW."audience", NEW."planned_id") IS DISTINCT FROM ROW(OLD."cycle_id", OLD."org_unit_id", OLD."held_on", OLD."title", OLD."attendance", OLD."cost", OLD."kind", OLD."audience", OLD."planned_id") AND NOT coalesce(said && \'{outreach.correct}\'::text[], false) THEN lacking := concat_ws(\', \', lacking, \'cycle_id, org_unit_id, held_on, title, attendance, cost, kind, audience, planned_id\'); END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION \'% of %: no line of its history tells this change\', lacking, TG_TABLE_NAME USING ERRCODE = \'check_violation\', CONSTRAINT = \'column_told\'; END IF; RETURN NULL;', hash='1dc91ea5987048046fb3b3a6b37e32147ac3fee5', operation='UPDATE OF "cycle_id", "org_unit_id", "held_on", "title", "attendance", "cost", "kind", "audience", "planned_id"', pgid='pgtrigger_outreach_told_69ad3', table='dossiers_outreachevent', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.RunSQL(
            """CREATE TRIGGER stands_in_its_year BEFORE INSERT OR UPDATE OF cycle_id ON dossiers_plannedoutreach
               FOR EACH ROW EXECUTE FUNCTION stands_in_its_year()""",
            "DROP TRIGGER stands_in_its_year ON dossiers_plannedoutreach",
        ),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

"""A year is opened once; its batches are things; a window has days instead of months."""

from calendar import monthrange
from datetime import date

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


def days_of_windows(apps, schema_editor):
    """From the first of its first month to the last of its last: November to February begins in
    the year before."""
    rows = apps.get_model("cycle", "StepWindow").objects
    for row in rows.select_related("cycle"):
        year, last = row.cycle.year, row.last_month
        rows.filter(pk=row.pk).update(
            opens_on=date(year - (row.first_month > last), row.first_month, 1),
            closes_on=date(year, last, monthrange(year, last)[1]),
        )


def one_per_year(apps, schema_editor):
    """Of several cycles of a year the first real, open one counts; the others stand beside it."""
    cycles = apps.get_model("cycle", "Cycle").objects
    seen = set()
    for row in sorted(cycles.all(), key=lambda row: (row.assumed, row.closed_on is not None, row.pk)):
        if row.year in seen:
            cycles.filter(pk=row.pk).update(beside=True)
        seen.add(row.year)


FITS = """
CREATE FUNCTION step_window_inside_its_cycle() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE year_id bigint := coalesce((to_jsonb(NEW)->>'cycle_id')::bigint, NEW.id);
BEGIN
  -- Two who plan one year go one after the other, or each would not see what the other writes.
  PERFORM 1 FROM cycle_cycle WHERE id = year_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM cycle_stepwindow w JOIN cycle_cycle c ON c.id = w.cycle_id
             WHERE c.id = year_id AND c.ends_on IS NOT NULL
               AND (w.opens_on < c.opened_on OR w.closes_on > c.ends_on)) THEN
    RAISE EXCEPTION 'a window of cycle % lies outside it', year_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'step_window_inside_its_cycle';
  END IF;
  RETURN NULL;
END $$;
-- Deferred: several windows are moved one by one.
CREATE CONSTRAINT TRIGGER step_window_inside_its_cycle
  AFTER INSERT OR UPDATE ON cycle_stepwindow DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION step_window_inside_its_cycle();
CREATE CONSTRAINT TRIGGER cycle_holds_its_windows
  AFTER UPDATE OF opened_on, ends_on ON cycle_cycle DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION step_window_inside_its_cycle();

CREATE FUNCTION step_windows_in_order() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE steps text[] := ARRAY[{steps}];
BEGIN
  PERFORM 1 FROM cycle_cycle WHERE id = NEW.cycle_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM cycle_stepwindow a
             JOIN cycle_stepwindow b ON b.batch_id = a.batch_id AND b.level = a.level
             WHERE a.batch_id = NEW.batch_id
               AND array_position(steps, a.step::text) < array_position(steps, b.step::text)
               AND (b.opens_on < a.opens_on OR b.closes_on < a.closes_on)) THEN
    RAISE EXCEPTION 'windows of batch % are not in the order of the steps', NEW.batch_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'step_windows_in_order';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER step_windows_in_order
  AFTER INSERT OR UPDATE ON cycle_stepwindow DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION step_windows_in_order();

ALTER TABLE cycle_stepwindow ADD CONSTRAINT step_window_batch_of_its_cycle
  FOREIGN KEY (batch_id, cycle_id) REFERENCES cycle_batch (id, cycle_id)
  DEFERRABLE INITIALLY DEFERRED;
-- What was told is never untold.
REVOKE UPDATE, DELETE, TRUNCATE ON cycle_windownotice FROM {role};
"""
STEPS = "'outreach', 'idea', 'plan', 'implementation', 'evaluation', 'promotion'"


def fits(apps, schema_editor):
    made = FITS.replace("{steps}", STEPS).replace("{role}", settings.APPLICATION_ROLE)
    schema_editor.execute(made, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0024_help_seen'),
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='đợt số')),
                ('level', models.CharField(choices=[('district', 'Cấp huyện'), ('province', 'Cấp tỉnh')], default='province', max_length=10, verbose_name='cấp đánh giá')),
                ('name', models.CharField(max_length=120, verbose_name='tên đợt')),
                ('propose_by', models.DateField(verbose_name='ngày cuối nộp hồ sơ')),
                ('meets_on', models.DateField(blank=True, null=True, verbose_name='hội đồng họp ngày')),
                ('decide_by', models.DateField(verbose_name='ngày cuối ra quyết định')),
            ],
            options={
                'verbose_name': 'đợt đánh giá của năm',
                'verbose_name_plural': 'đợt đánh giá của năm',
                'ordering': ['cycle', 'propose_by', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='WindowNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('closing', 'sắp hết thời gian'), ('closed', 'đã hết thời gian')], max_length=8)),
                ('closes_on', models.DateField(verbose_name='đến hết ngày')),
                ('late', models.JSONField(default=list, verbose_name='chưa xong')),
                ('at', models.DateTimeField(verbose_name='lúc')),
            ],
            options={
                'verbose_name': 'báo về thời gian thực hiện',
                'verbose_name_plural': 'báo về thời gian thực hiện',
            },
        ),
        migrations.AlterModelOptions(
            name='stepwindow',
            options={'ordering': ['cycle', 'opens_on', 'pk'], 'verbose_name': 'thời gian thực hiện bước', 'verbose_name_plural': 'thời gian thực hiện bước'},
        ),
        migrations.RemoveConstraint(
            model_name='stepwindow',
            name='step_window_once_per_level',
        ),
        migrations.RemoveConstraint(
            model_name='stepwindow',
            name='step_window_months_exist',
        ),
        migrations.AddField(
            model_name='stepwindow',
            name='opens_on',
            field=models.DateField(null=True, verbose_name='từ ngày'),
        ),
        migrations.AddField(
            model_name='stepwindow',
            name='closes_on',
            field=models.DateField(null=True, verbose_name='đến hết ngày'),
        ),
        migrations.RunPython(days_of_windows, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='stepwindow',
            name='opens_on',
            field=models.DateField(verbose_name='từ ngày'),
        ),
        migrations.AlterField(
            model_name='stepwindow',
            name='closes_on',
            field=models.DateField(verbose_name='đến hết ngày'),
        ),
        migrations.RemoveField(
            model_name='stepwindow',
            name='first_month',
        ),
        migrations.RemoveField(
            model_name='stepwindow',
            name='last_month',
        ),
        migrations.AddField(
            model_name='cycle',
            name='beside',
            field=models.BooleanField(db_default=False, default=False, help_text='Tập dượt, minh họa: mỗi năm chỉ có một chu trình chính.', verbose_name='ngoài chu trình chính của năm'),
        ),
        migrations.AddField(
            model_name='cycle',
            name='ends_on',
            field=models.DateField(blank=True, null=True, verbose_name='ngày cuối theo kế hoạch'),
        ),
        migrations.AddField(
            model_name='cycle',
            name='void',
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name='mở nhầm'),
        ),
        migrations.AddField(
            model_name='stepwindow',
            name='warn_days',
            field=models.PositiveSmallIntegerField(db_default=7, default=7, help_text='0 là không báo.', verbose_name='báo trước (ngày)'),
        ),
        migrations.AddField(
            model_name='stepwindow',
            name='why',
            field=models.TextField(blank=True, db_default='', verbose_name='vì sao'),
        ),
        migrations.RunPython(one_per_year, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='cycle',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('opened_on')), _connector='OR'), name='cycle_plan_not_reversed'),
        ),
        migrations.AddConstraint(
            model_name='cycle',
            constraint=models.UniqueConstraint(condition=models.Q(('beside', False), ('void', False)), fields=('year',), name='cycle_one_per_year', violation_error_message='Năm này đã có chu trình.'),
        ),
        migrations.AddConstraint(
            model_name='cycle',
            constraint=models.CheckConstraint(condition=models.Q(('void', False), ('closed_on__isnull', False), _connector='OR'), name='cycle_void_is_closed'),
        ),
        migrations.AddField(
            model_name='batch',
            name='cycle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='cycle.cycle', verbose_name='chu trình'),
        ),
        migrations.AddField(
            model_name='stepwindow',
            name='batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='windows', to='cycle.batch', verbose_name='đợt'),
        ),
        migrations.AddConstraint(
            model_name='stepwindow',
            constraint=models.UniqueConstraint(fields=('cycle', 'batch', 'step', 'level'), name='step_window_once_per_level', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='stepwindow',
            constraint=models.CheckConstraint(condition=models.Q(('closes_on__gte', models.F('opens_on'))), name='step_window_not_reversed'),
        ),
        migrations.AddConstraint(
            model_name='stepwindow',
            constraint=models.CheckConstraint(condition=models.Q(('warn_days__lte', 90)), name='step_window_warns_in_its_year'),
        ),
        migrations.AddField(
            model_name='windownotice',
            name='window',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='cycle.stepwindow', verbose_name='thời gian thực hiện'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(fields=('cycle', 'level', 'number'), name='batch_number_once_per_level'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(fields=('id', 'cycle'), name='batch_id_cycle'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('decide_by__gt', models.F('propose_by')), models.Q(('meets_on', None), models.Q(('meets_on__gt', models.F('propose_by')), ('meets_on__lte', models.F('decide_by'))), _connector='OR')), name='batch_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('level__in', ['district', 'province'])), name='batch_level_judges'),
        ),
        migrations.AddConstraint(
            model_name='windownotice',
            constraint=models.UniqueConstraint(fields=('window', 'kind', 'closes_on'), name='window_told_once'),
        ),
        migrations.AddConstraint(
            model_name='windownotice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['closing', 'closed'])), name='window_notice_kind_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='windownotice',
            trigger=pgtrigger.compiler.Trigger(name='window_notice_stays', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='511a4e59e212794dd857db164c80a3500e2d0f02', operation='UPDATE OR DELETE', pgid='pgtrigger_window_notice_stays_3b21d', table='cycle_windownotice', when='BEFORE')),
        ),
        migrations.RunPython(fits),
    ]

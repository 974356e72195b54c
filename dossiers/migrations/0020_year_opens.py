"""The plans of a year and of its batches are papers: added, never changed."""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


OF_ONE_YEAR = """
ALTER TABLE dossiers_planpaper ADD CONSTRAINT plan_batch_of_its_cycle
  FOREIGN KEY (batch_id, cycle_id) REFERENCES cycle_batch (id, cycle_id)
  DEFERRABLE INITIALLY DEFERRED
"""


def stays(apps, schema_editor):
    schema_editor.execute(OF_ONE_YEAR)
    schema_editor.execute(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_planpaper FROM {settings.APPLICATION_ROLE}"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0025_year_opens'),
        ('dossiers', '0019_survey_and_running'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PlanPaper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=60, verbose_name='số và ký hiệu')),
                ('signed_on', models.DateField(verbose_name='ngày ký')),
                ('body', models.CharField(max_length=200, verbose_name='cơ quan ban hành')),
                ('signer', models.CharField(max_length=150, verbose_name='người ký')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('filename', models.CharField(blank=True, max_length=200)),
                ('content_type', models.CharField(blank=True, max_length=100)),
                ('made_at', models.DateTimeField(editable=False)),
                ('batch', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='cycle.batch', verbose_name='đợt')),
                ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='cycle.cycle', verbose_name='chu trình')),
                ('made_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'kế hoạch',
                'verbose_name_plural': 'kế hoạch',
                'ordering': ['pk'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planpaper',
            trigger=pgtrigger.compiler.Trigger(name='plan_paper_stays', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='cc0d6113756544fa79b00a349911c9f98310f283', operation='UPDATE OR DELETE', pgid='pgtrigger_plan_paper_stays_778b1', table='dossiers_planpaper', when='BEFORE')),
        ),
        migrations.RunPython(stays),
    ]

# Calls to producers whose certificates end: one more record of a dossier.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TIED = """
ALTER TABLE dossiers_call ADD CONSTRAINT call_id_dossier UNIQUE (id, dossier_id);
ALTER TABLE dossiers_call ADD CONSTRAINT call_replaces_one_of_its_dossier
  FOREIGN KEY (replaces_id, dossier_id) REFERENCES dossiers_call (id, dossier_id)
  DEFERRABLE INITIALLY DEFERRED;
"""
UNTIED = """
ALTER TABLE dossiers_call DROP CONSTRAINT call_replaces_one_of_its_dossier;
ALTER TABLE dossiers_call DROP CONSTRAINT call_id_dossier;
"""


def revoke(apps, schema_editor):
    """What was said stays as it is: corrections are new rows."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_call FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0069_lists_of_the_ledger'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(editable=False, verbose_name='lúc')),
                ('called_on', models.DateField(verbose_name='ngày gọi')),
                ('spoke_with', models.CharField(max_length=150, verbose_name='gọi cho ai')),
                ('said', models.TextField(verbose_name='chủ thể trả lời')),
                ('call_again_on', models.DateField(blank=True, null=True, verbose_name='hẹn gọi lại')),
                ('dossier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='dossiers.dossier', verbose_name='hồ sơ')),
                ('recorded_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người nhập')),
                ('replaces', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='dossiers.call', verbose_name='thay cho')),
            ],
            options={
                'verbose_name': 'cuộc gọi',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.RunSQL(TIED, UNTIED),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

"""A certificate that was struck out stays so; the owner corrects others, as the guide says."""

import cycle.guards
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0021_potential_of_its_list'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='certificate',
            name='certificate_void_stays',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificate',
            trigger=pgtrigger.compiler.Trigger(name='certificate_void_stays', sql=cycle.guards.PinnedTriggerSql(condition='WHEN (OLD."void")', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='ae58609ea5c9ae2631348270c32a012c2db2c08b', operation='UPDATE', pgid='pgtrigger_certificate_void_stays_87483', table='dossiers_certificate', when='BEFORE')),
        ),
    ]

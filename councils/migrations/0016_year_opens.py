"""A round may name the batch of the year that it sits in, of its own cycle."""

import django.db.models.deletion
from django.db import migrations, models


OF_ONE_YEAR = """
ALTER TABLE councils_evaluationround ADD CONSTRAINT round_batch_of_its_cycle
  FOREIGN KEY (batch_id, cycle_id) REFERENCES cycle_batch (id, cycle_id)
  DEFERRABLE INITIALLY DEFERRED
"""


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0015_seats_stay'),
        ('cycle', '0025_year_opens'),
    ]

    operations = [
        migrations.AddField(
            model_name='evaluationround',
            name='batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='cycle.batch', verbose_name='đợt của năm'),
        ),
        migrations.RunSQL(OF_ONE_YEAR),
    ]

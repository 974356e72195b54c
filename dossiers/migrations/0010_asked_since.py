"""An office that waits for an opinion is not one that waits for the producer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0009_firing_is_its_rung'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='asked_since',
            field=models.DateTimeField(null=True, verbose_name='chờ ý kiến từ'),
        ),
    ]

"""By which erasure a personal text of history was emptied."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0034_posts_and_seats_sealed'),
    ]

    operations = [
        migrations.AddField(
            model_name='sealedtext',
            name='erased_by',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]

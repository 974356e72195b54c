from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0023_post_of_a_unit_that_is_there"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="help_seen_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0020_one_province"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="help_seen_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]

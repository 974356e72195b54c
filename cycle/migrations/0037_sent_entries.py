from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cycle", "0036_sent_alike")]

    operations = [
        migrations.AddField(
            model_name="sentform",
            name="after_entry",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="sentform",
            name="last_entry",
            field=models.BigIntegerField(editable=False, null=True),
        ),
    ]

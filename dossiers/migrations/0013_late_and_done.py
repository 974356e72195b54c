"""What was done late is found by its unit, without reading all that was done in time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0012_guards_hold")]

    operations = [
        migrations.AddIndex(
            model_name="term",
            index=models.Index(
                condition=models.Q(("due_at__lte", models.F("stopped_at"))),
                fields=["org_unit", "due_at"],
                name="term_register_done",
            ),
        ),
    ]

"""A reading of the law that was chosen stays: its entry proves it."""

from django.conf import settings
from django.db import migrations


def revoke(apps, schema_editor):
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON cycle_lawreading FROM {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0032_entry_numbered_and_sealed"),
    ]

    operations = [migrations.RunPython(revoke, migrations.RunPython.noop)]

"""Samples that were received stay as they were recorded, like every record of a step."""

from django.conf import settings
from django.db import migrations


def revoke(apps, schema_editor):
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_samplereceipt FROM {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0030_letters_alike"),
    ]

    operations = [migrations.RunPython(revoke, migrations.RunPython.noop)]

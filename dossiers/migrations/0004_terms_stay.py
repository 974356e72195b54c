"""The ledger of a term and its firings stay as they were written."""

from django.conf import settings
from django.db import migrations


def revoke(apps, schema_editor):
    """The application adds to the ledger; it never rewrites it."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_termevent, dossiers_firing FROM {role}"
    )
    schema_editor.execute(f"REVOKE DELETE, TRUNCATE ON dossiers_term FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0003_terms")]
    operations = [migrations.RunPython(revoke, migrations.RunPython.noop)]

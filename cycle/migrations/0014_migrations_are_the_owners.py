"""What was migrated is the owner's to write: the application reads it only."""

from django.conf import settings
from django.db import migrations


def keep(apps, schema_editor):
    quote = schema_editor.quote_name
    schema_editor.execute(
        "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM "
        + quote(settings.APPLICATION_ROLE)
    )


class Migration(migrations.Migration):

    dependencies = [("cycle", "0013_appointed_by")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

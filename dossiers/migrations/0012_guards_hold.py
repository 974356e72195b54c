"""Triggers read the real tables, not temporary ones of the same name."""

from django.db import migrations

PINNED = "ALTER FUNCTION process_not_stuck() SET search_path = pg_catalog, public, pg_temp"


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0011_certificate_rests_on_its_decision")]
    operations = [migrations.RunSQL(PINNED, migrations.RunSQL.noop)]

"""Triggers read the real tables, not temporary ones of the same name."""

import cycle.guards
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

PINNED = """
ALTER FUNCTION score_in_open_sheet() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION sheet_in_open_round() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION round_still_open() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION round_closed_by_closing() SET search_path = pg_catalog, public, pg_temp;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0006_convene'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='regulation',
            name='regulation_immutable',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='regulation',
            trigger=pgtrigger.compiler.Trigger(name='regulation_immutable', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='3617f7aee8679100a60950888c6e9e8f692d146e', operation='UPDATE OR DELETE', pgid='pgtrigger_regulation_immutable_12d5c', table='councils_regulation', when='BEFORE')),
        ),
        migrations.RunSQL(PINNED, migrations.RunSQL.noop),
    ]

"""Triggers read the real tables, and the application makes no table that could stand in for one."""

import cycle.guards
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations

PINNED = """
ALTER FUNCTION history_payload(cycle_historyentry) SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION history_chain() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION substitution_not_to_oneself() SET search_path = pg_catalog, public, pg_temp;
"""


def no_temporary(apps, schema_editor):
    """Take from everybody the right to temporary tables; the owner of the database keeps his.

    PostgreSQL only warns whoever may not take it: ``migrate`` looks at the end whether it is gone.
    """
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_database(), rolname FROM pg_roles WHERE rolname = ANY (%s)",
            [[settings.APPLICATION_ROLE, *settings.APPLICATION_LOGINS]],
        )
        quote = schema_editor.quote_name
        for database, role in cursor.fetchall():
            schema_editor.execute(
                f"REVOKE TEMPORARY ON DATABASE {quote(database)} FROM PUBLIC, {quote(role)}"
            )


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0011_constraints_by_field_names'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='criterion',
            name='criterion_immutable',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='elimination',
            name='elimination_immutable',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='historyentry',
            name='history_append_only',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='option',
            name='option_immutable',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='rubric',
            name='rubric_immutable',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='ruleset',
            name='rule_set_immutable',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='criterion',
            trigger=pgtrigger.compiler.Trigger(name='criterion_immutable', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='52e8c00df456c419f581073b0208a572c0c3f0d0', operation='UPDATE OR DELETE', pgid='pgtrigger_criterion_immutable_909e3', table='cycle_criterion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='elimination',
            trigger=pgtrigger.compiler.Trigger(name='elimination_immutable', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='622d1476373f1b2e950236742db944ce4b260516', operation='UPDATE OR DELETE', pgid='pgtrigger_elimination_immutable_69bd3', table='cycle_elimination', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='historyentry',
            trigger=pgtrigger.compiler.Trigger(name='history_append_only', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='72b1e6a7f1c6eb6a00d3fdc8d0e04060f256e095', operation='UPDATE OR DELETE', pgid='pgtrigger_history_append_only_c079d', table='cycle_historyentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='option',
            trigger=pgtrigger.compiler.Trigger(name='option_immutable', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bbd14337187d0b6312f3faed070a9c2aa9748b47', operation='UPDATE OR DELETE', pgid='pgtrigger_option_immutable_c0b43', table='cycle_option', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rubric',
            trigger=pgtrigger.compiler.Trigger(name='rubric_immutable', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='154b8ff2c86999dd2de5c05d448a1c11a018b5ce', operation='UPDATE OR DELETE', pgid='pgtrigger_rubric_immutable_2a133', table='cycle_rubric', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleset',
            trigger=pgtrigger.compiler.Trigger(name='rule_set_immutable', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4e0100290f5a74d430c5cceec99131e9ce3ddc61', operation='UPDATE OR DELETE', pgid='pgtrigger_rule_set_immutable_78208', table='cycle_ruleset', when='BEFORE')),
        ),
        migrations.RunSQL(PINNED, migrations.RunSQL.noop),
        migrations.RunPython(no_temporary, migrations.RunPython.noop),
    ]

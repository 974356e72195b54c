"""The numbers of filings in the registers of the offices that receive them (PĐK).

What was received before has none: nobody knows what its paper says. A number follows the one before
it: the trigger asks for that, the key for none twice, so of two that come at once without waiting
for each other one is refused.
"""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

FOLLOWS = """
CREATE FUNCTION filing_number_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.number > 1 AND NOT EXISTS (
    SELECT FROM dossiers_filingnumber n
    WHERE n.body_id = NEW.body_id AND n.commune_id = NEW.commune_id AND n.year = NEW.year
      AND n.number = NEW.number - 1
  ) THEN
    RAISE EXCEPTION 'the number % of a filing leaves one out', NEW.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'filing_number_follows';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER filing_number_follows AFTER INSERT ON dossiers_filingnumber
FOR EACH ROW EXECUTE FUNCTION filing_number_follows();
"""
UNDO_FOLLOWS = """
DROP TRIGGER filing_number_follows ON dossiers_filingnumber;
DROP FUNCTION filing_number_follows();
"""


def revoke(apps, schema_editor):
    """A number that was given stays."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_filingnumber FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0045_documents_searched'),
        ('dossiers', '0062_corrections_of_before'),
    ]

    operations = [
        migrations.CreateModel(
            name='FilingNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(verbose_name='năm')),
                ('number', models.PositiveIntegerField(verbose_name='số phiếu đăng ký (PĐK)')),
                ('at', models.DateTimeField(verbose_name='lúc')),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='cơ quan tiếp nhận')),
                ('commune', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='xã, phường')),
                ('dossier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='filing_numbers', to='dossiers.dossier', verbose_name='hồ sơ')),
            ],
            options={
                'verbose_name': 'số phiếu đăng ký',
                'verbose_name_plural': 'số phiếu đăng ký',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['number', 'year'], name='filing_number_look_up')],
                'constraints': [models.UniqueConstraint(fields=('body', 'commune', 'year', 'number'), name='filing_number_once'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='filing_number_from_one')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='filingnumber',
            trigger=pgtrigger.compiler.Trigger(name='filing_number_stays', sql=cycle.guards.FirmTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='8df5f414642aa3842c94d10dca110432520d47bc', operation='UPDATE OR DELETE', pgid='pgtrigger_filing_number_stays_7a635', table='dossiers_filingnumber', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='filingnumber',
            trigger=pgtrigger.compiler.Trigger(name='filing_number_told', sql=cycle.guards.FirmTriggerSql(constraint='CONSTRAINT', declare='DECLARE r record; said text[]; became text[]; saved boolean; lacking text;', func="IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN RETURN NULL; END IF; IF TG_OP = 'DELETE' THEN r := OLD; ELSE r := NEW; END IF; SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, '_', '.'), r.id))) INTO said, became, saved FROM public.cycle_historyentry h WHERE (h.stream = 'dossier' AND h.stream_id = r.dossier_id) AND h.transaction = pg_current_xact_id()::text::bigint; IF NOT coalesce(saved, false) THEN lacking := 'the row'; END IF; IF lacking IS NOT NULL THEN RAISE EXCEPTION '% of %: no line of its history tells this change', lacking, TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'column_told'; END IF; RETURN NULL;", hash='4eb345fd8e02173b9351692901d8c71c588b5773', operation='INSERT', pgid='pgtrigger_filing_number_told_909bd', table='dossiers_filingnumber', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.RunSQL(FOLLOWS, UNDO_FOLLOWS),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

"""The number of a certificate is a row of its own, which is only ever added.

Each certificate of before that has a number gives one; what was marked as the double of an older
one stays so (``repeats``). The columns of before stay, for the history hashed them. A number once
an issuer and year: a trigger holds it, for a correction gives the number of what it replaces free,
which no unique index can know.
"""

import cycle.guards
import cycle.letters
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

COPY = """
INSERT INTO dossiers_certificatenumber
  (dossier_id, certificate_id, document_id, issuer_id, year, number, repeats, recorded_by_id, at)
SELECT c.dossier_id, c.id, o.document_id, c.issuer_id, extract(year FROM c.issued_on), c.number,
       c.number_repeats, c.recorded_by_id, c.at
FROM dossiers_certificate c LEFT JOIN dossiers_officialdocument o ON o.id = c.decision_id
WHERE c.number <> '' ORDER BY c.id;
-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""
ONCE = """
CREATE FUNCTION certificate_number_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM dossiers_certificate c
    WHERE c.id = NEW.certificate_id AND c.issuer_id IS NOT DISTINCT FROM NEW.issuer_id
      AND extract(year FROM c.issued_on) = NEW.year
  ) THEN
    RAISE EXCEPTION 'the number % is of another issuer or year than its certificate', NEW.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'certificate_number_of_its_issuer';
  END IF;
  IF NEW.repeats THEN
    RETURN NULL;
  END IF;
  -- Two that come at once: the second looks when the first is there or gone. One lock for all of
  -- an issuer and year: a list has more numbers than there is room for locks.
  PERFORM pg_advisory_xact_lock(
    hashtextextended(concat_ws(' ', 'certificate numbers', NEW.issuer_id, NEW.year), 0)
  );
  IF EXISTS (
    SELECT FROM dossiers_certificatenumber n JOIN dossiers_certificate c ON c.id = n.certificate_id
    WHERE n.folded_number = NEW.folded_number AND n.year = NEW.year
      AND n.issuer_id IS NOT DISTINCT FROM NEW.issuer_id
      AND n.id <> NEW.id AND NOT n.repeats AND NOT c.void
      AND NOT EXISTS (SELECT FROM dossiers_certificatenumber r WHERE r.replaces_id = n.id)
  ) THEN
    RAISE EXCEPTION 'the number % is that of another certificate', NEW.number
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'certificate_number_once';
  END IF;
  RETURN NULL;
END $$;

-- After the row is in: what the database computes of it is known then.
CREATE TRIGGER certificate_number_once AFTER INSERT ON dossiers_certificatenumber
FOR EACH ROW EXECUTE FUNCTION certificate_number_once();

CREATE CONSTRAINT TRIGGER mark_of_before_is_the_owners
  AFTER INSERT ON dossiers_certificatenumber
  FOR EACH ROW WHEN (NEW.repeats)
  EXECUTE FUNCTION mark_of_before_is_the_owners();
"""
UNDO_ONCE = """
DROP TRIGGER mark_of_before_is_the_owners ON dossiers_certificatenumber;
DROP TRIGGER certificate_number_once ON dossiers_certificatenumber;
DROP FUNCTION certificate_number_once();
"""
KEYS = """
ALTER TABLE dossiers_certificatenumber
  ADD CONSTRAINT certificatenumber_id_certificate UNIQUE (id, certificate_id);
ALTER TABLE dossiers_certificatenumber
  ADD CONSTRAINT number_replaces_that_of_its_certificate FOREIGN KEY (replaces_id, certificate_id)
  REFERENCES dossiers_certificatenumber (id, certificate_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dossiers_certificatenumber
  ADD CONSTRAINT certificate_number_is_of_its_dossier FOREIGN KEY (certificate_id, dossier_id)
  REFERENCES dossiers_certificate (id, dossier_id) DEFERRABLE INITIALLY DEFERRED;
"""
NO_KEYS = """
ALTER TABLE dossiers_certificatenumber DROP CONSTRAINT certificate_number_is_of_its_dossier;
ALTER TABLE dossiers_certificatenumber DROP CONSTRAINT number_replaces_that_of_its_certificate;
ALTER TABLE dossiers_certificatenumber DROP CONSTRAINT certificatenumber_id_certificate;
"""


def revoke(apps, schema_editor):
    """What was given stays as it is: corrections are new rows."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_certificatenumber FROM {role}"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0044_columns_told_and_stay'),
        ('dossiers', '0057_records_corrected'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CertificateNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(editable=False, verbose_name='lúc')),
                ('year', models.PositiveSmallIntegerField(editable=False)),
                ('number', models.CharField(max_length=60, verbose_name='số giấy chứng nhận')),
                ('folded_number', models.GeneratedField(db_persist=True, expression=cycle.letters.FoldNumber(models.F('number')), output_field=models.TextField(db_collation='C'))),
                ('repeats', models.BooleanField(default=False, editable=False)),
            ],
            options={
                'verbose_name': 'số giấy chứng nhận',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='certificatenumber',
            name='certificate',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='numbers', to='dossiers.certificate'),
        ),
        migrations.AddField(
            model_name='certificatenumber',
            name='document',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.document', verbose_name='văn bản'),
        ),
        migrations.AddField(
            model_name='certificatenumber',
            name='dossier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='dossiers.dossier', verbose_name='hồ sơ'),
        ),
        migrations.AddField(
            model_name='certificatenumber',
            name='issuer',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit'),
        ),
        migrations.AddField(
            model_name='certificatenumber',
            name='recorded_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người nhập'),
        ),
        migrations.AddField(
            model_name='certificatenumber',
            name='replaces',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='dossiers.certificatenumber', verbose_name='thay cho'),
        ),
        migrations.AddIndex(
            model_name='certificatenumber',
            index=models.Index(fields=['folded_number', 'year'], name='certificate_number_look_up'),
        ),
        migrations.AddConstraint(
            model_name='certificatenumber',
            constraint=models.CheckConstraint(condition=models.Q(('number', ''), _negated=True), name='certificate_number_is_one'),
        ),
        migrations.AddConstraint(
            model_name='certificatenumber',
            constraint=models.UniqueConstraint(condition=models.Q(('replaces', None)), fields=('certificate',), name='certificate_numbered_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificatenumber',
            trigger=pgtrigger.compiler.Trigger(name='certificate_number_stays', sql=cycle.guards.FirmTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a98aef4814047adea182bdb133ed2f35ee35d2c1', operation='UPDATE OR DELETE', pgid='pgtrigger_certificate_number_stays_82ccb', table='dossiers_certificatenumber', when='BEFORE')),
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RunSQL(KEYS, NO_KEYS),
        migrations.RunSQL(ONCE, UNDO_ONCE),
        migrations.RunPython(revoke, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name='certificate', name='certificate_number_once'),
        migrations.RemoveIndex(model_name='certificate', name='certificate_look_up'),
        migrations.RemoveField(model_name='certificate', name='folded_number'),
        migrations.AlterField(
            'certificate',
            'number',
            models.CharField(db_column='number', max_length=60, blank=True, editable=False),
        ),
        migrations.RenameField('certificate', 'number', 'was_number'),
        migrations.AlterField(
            'certificate',
            'number_repeats',
            models.BooleanField(db_column='number_repeats', default=False, editable=False),
        ),
        migrations.RenameField('certificate', 'number_repeats', 'was_repeated'),
    ]

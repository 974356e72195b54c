"""Numbers of certificates that stand in the wrong rows can be put right.

A row that replaces another may take the number back. The trigger that holds that a number is given
once can wait until the end of a transaction, in which numbers change places.
"""

from django.db import migrations, models

#: What the trigger asks; with or without the lines of this release.
ONCE = """
CREATE OR REPLACE FUNCTION certificate_number_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM dossiers_certificate c
    WHERE c.id = NEW.certificate_id AND c.issuer_id IS NOT DISTINCT FROM NEW.issuer_id
      AND extract(year FROM c.issued_on) = NEW.year
  ) THEN
    RAISE EXCEPTION 'the number %% is of another issuer or year than its certificate', NEW.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'certificate_number_of_its_issuer';
  END IF;
  IF NEW.repeats%(taken_back)s THEN
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
  )%(replaced)s THEN
    RAISE EXCEPTION 'the number %% is that of another certificate', NEW.number
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'certificate_number_once';
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER certificate_number_once ON dossiers_certificatenumber;
CREATE %(constraint)sTRIGGER certificate_number_once AFTER INSERT ON dossiers_certificatenumber
%(when)sFOR EACH ROW EXECUTE FUNCTION certificate_number_once();
"""
TOGETHER = ONCE % {
    "taken_back": " OR NEW.number = ''",
    # It waited, and was replaced meanwhile.
    "replaced": """ AND NOT EXISTS (
    SELECT FROM dossiers_certificatenumber r WHERE r.replaces_id = NEW.id
  )""",
    "constraint": "CONSTRAINT ",
    "when": "DEFERRABLE INITIALLY IMMEDIATE\n",
}
EACH = ONCE % {"taken_back": "", "replaced": "", "constraint": "", "when": ""}


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0059_drafts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='certificatenumber',
            name='number',
            field=models.CharField(blank=True, max_length=60, verbose_name='số giấy chứng nhận'),
        ),
        migrations.RemoveConstraint(
            model_name='certificatenumber', name='certificate_number_is_one'
        ),
        migrations.AddConstraint(
            model_name='certificatenumber',
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(('number', ''), _negated=True),
                    ('replaces__isnull', False),
                    _connector='OR',
                ),
                name='certificate_number_is_one',
            ),
        ),
        migrations.RunSQL(TOGETHER, EACH),
    ]

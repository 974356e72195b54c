"""Nothing new begins in a year that was struck out as opened by mistake."""

from django.db import migrations

STANDS = """
-- The row of the year is held: who strikes it out waits, or is waited for, and then seen.
CREATE FUNCTION stands_in_its_year() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE gone boolean;
BEGIN
  SELECT void INTO gone FROM public.cycle_cycle WHERE id = NEW.cycle_id FOR KEY SHARE;
  IF gone THEN
    RAISE EXCEPTION 'its year was struck out'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'stands_in_its_year';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stands_in_its_year BEFORE INSERT OR UPDATE OF cycle_id ON dossiers_dossier
  FOR EACH ROW EXECUTE FUNCTION stands_in_its_year();
CREATE TRIGGER stands_in_its_year BEFORE INSERT OR UPDATE OF cycle_id ON dossiers_outreachevent
  FOR EACH ROW EXECUTE FUNCTION stands_in_its_year();
CREATE TRIGGER stands_in_its_year BEFORE INSERT OR UPDATE OF cycle_id ON dossiers_promotionevent
  FOR EACH ROW EXECUTE FUNCTION stands_in_its_year();
"""
UNDO = """
DROP TRIGGER stands_in_its_year ON dossiers_promotionevent;
DROP TRIGGER stands_in_its_year ON dossiers_outreachevent;
DROP TRIGGER stands_in_its_year ON dossiers_dossier;
DROP FUNCTION stands_in_its_year();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0025_year_opens'),
        ('dossiers', '0023_struck_with_its_list'),
    ]

    operations = [migrations.RunSQL(STANDS, UNDO)]

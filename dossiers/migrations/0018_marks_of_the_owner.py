"""What lifts a rule of its table is written by nobody but the owner, or follows from another row."""

from django.db import migrations

# A second province is one of before, marked by the migration that found it.
DOUBLED = """
CREATE CONSTRAINT TRIGGER mark_of_before_is_the_owners
  AFTER INSERT OR UPDATE OF doubled ON cycle_orgunit
  FOR EACH ROW WHEN (NEW.doubled)
  EXECUTE FUNCTION mark_of_before_is_the_owners();
"""
# A certificate is struck out with the list that it came from, and in no other way.
STRUCK = """
CREATE FUNCTION certificate_struck_with_its_list() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM dossiers_stockrow r JOIN dossiers_stockbatch b ON b.id = r.batch_id
    WHERE r.certificate_id = NEW.id AND b.state = 'void'
  ) THEN
    RAISE EXCEPTION 'certificate % came with no list that was struck out', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'certificate_struck_with_its_list';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER certificate_struck_with_its_list
  AFTER INSERT OR UPDATE OF void ON dossiers_certificate
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.void)
  EXECUTE FUNCTION certificate_struck_with_its_list();
"""
# What a row of a list became is one certificate and its own dossier.
TOGETHER = """
ALTER TABLE dossiers_stockrow ADD CONSTRAINT stock_row_certificate_is_of_its_dossier
  FOREIGN KEY (certificate_id, dossier_id)
  REFERENCES dossiers_certificate (id, dossier_id) DEFERRABLE INITIALLY DEFERRED;
"""
UNDO = """
ALTER TABLE dossiers_stockrow DROP CONSTRAINT stock_row_certificate_is_of_its_dossier;
DROP TRIGGER mark_of_before_is_the_owners ON cycle_orgunit;
DROP TRIGGER certificate_struck_with_its_list ON dossiers_certificate;
DROP FUNCTION certificate_struck_with_its_list();
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0017_stock"), ("cycle", "0020_one_province")]
    operations = [migrations.RunSQL(DOUBLED + STRUCK + TOGETHER, UNDO)]

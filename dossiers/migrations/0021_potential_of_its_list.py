"""A potential product stays with its list: struck out with it alone, its line is of that list."""

from django.db import migrations

# Like a certificate; one that became a dossier, or was closed, has a life beside its list.
STRUCK = """
CREATE FUNCTION potential_struck_with_its_list() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.state <> 'open'
    OR NOT EXISTS (SELECT FROM dossiers_stockbatch WHERE id = NEW.batch_id AND state = 'void')
  THEN
    RAISE EXCEPTION 'potential product % came with no list that was struck out', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'potential_struck_with_its_list';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER potential_struck_with_its_list
  AFTER INSERT OR UPDATE OF void, state, batch_id ON dossiers_potential
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.void)
  EXECUTE FUNCTION potential_struck_with_its_list();
"""
TOGETHER = """
ALTER TABLE dossiers_potential ADD CONSTRAINT potential_id_batch UNIQUE (id, batch_id);
ALTER TABLE dossiers_stockrow ADD CONSTRAINT stock_row_potential_is_of_its_list
  FOREIGN KEY (potential_id, batch_id)
  REFERENCES dossiers_potential (id, batch_id) DEFERRABLE INITIALLY DEFERRED;
"""
UNDO = """
ALTER TABLE dossiers_stockrow DROP CONSTRAINT stock_row_potential_is_of_its_list;
ALTER TABLE dossiers_potential DROP CONSTRAINT potential_id_batch;
DROP TRIGGER potential_struck_with_its_list ON dossiers_potential;
DROP FUNCTION potential_struck_with_its_list();
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0020_year_opens")]
    operations = [migrations.RunSQL(STRUCK + TOGETHER, UNDO)]

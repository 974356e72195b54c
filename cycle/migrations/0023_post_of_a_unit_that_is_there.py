"""Nobody begins a post at a unit after it has ended. Posts of before stay as they are: only a new
one, or one that is moved, is refused.
"""

from django.db import migrations

# The unit is held, so that it is not ended meanwhile.
DO = """
CREATE FUNCTION post_begins_while_its_unit_lasts() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE last date;
BEGIN
  SELECT valid_to INTO last FROM cycle_orgunit WHERE id = NEW.org_unit_id FOR SHARE;
  IF last < NEW.valid_from THEN
    RAISE EXCEPTION 'unit % ended on %', NEW.org_unit_id, last
      USING ERRCODE = 'check_violation', CONSTRAINT = 'post_begins_while_its_unit_lasts';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER post_begins_while_its_unit_lasts
  AFTER INSERT OR UPDATE OF org_unit_id, valid_from ON cycle_roleassignment
  FOR EACH ROW EXECUTE FUNCTION post_begins_while_its_unit_lasts();
"""
UNDO = """
DROP TRIGGER post_begins_while_its_unit_lasts ON cycle_roleassignment;
DROP FUNCTION post_begins_while_its_unit_lasts();
"""


class Migration(migrations.Migration):
    dependencies = [("cycle", "0022_main_successor")]
    operations = [migrations.RunSQL(DO, UNDO)]

"""Nobody acts for themselves; the two people stand in two tables, so a trigger compares them."""

from django.db import migrations

DO = """
CREATE FUNCTION substitution_not_to_oneself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM cycle_roleassignment WHERE id = NEW.assignment_id AND user_id = NEW.substitute_id
  ) THEN
    RAISE EXCEPTION 'substitution % is to oneself', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'substitution_not_to_oneself';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER substitution_not_to_oneself
  AFTER INSERT OR UPDATE OF assignment_id, substitute_id ON cycle_substitution
  FOR EACH ROW EXECUTE FUNCTION substitution_not_to_oneself();
"""
UNDO = """
DROP TRIGGER substitution_not_to_oneself ON cycle_substitution;
DROP FUNCTION substitution_not_to_oneself();
"""


class Migration(migrations.Migration):
    dependencies = [("cycle", "0003_terms")]
    operations = [migrations.RunSQL(DO, UNDO)]

"""A sign-in is of the administration or holds posts, never both: the flags and the posts stand in
two tables. What was so before stays, and check_data lists it; only what is new is refused.
"""

from django.db import migrations

# The person is held, so that they are not made an administrator meanwhile.
DO = """
CREATE FUNCTION post_not_of_administration() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE person bigint; administers boolean;
BEGIN
  person := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
  SELECT is_staff OR is_superuser INTO administers FROM cycle_user WHERE id = person FOR SHARE;
  IF administers THEN
    RAISE EXCEPTION 'user % is of the administration', person
      USING ERRCODE = 'check_violation', CONSTRAINT = 'post_not_of_administration';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER post_not_of_administration AFTER INSERT ON cycle_roleassignment
  FOR EACH ROW EXECUTE FUNCTION post_not_of_administration('user_id');
CREATE CONSTRAINT TRIGGER post_not_of_administration_longer
  AFTER UPDATE OF user_id, valid_to ON cycle_roleassignment
  FOR EACH ROW WHEN (NEW.user_id <> OLD.user_id
    OR coalesce(NEW.valid_to, 'infinity') > coalesce(OLD.valid_to, 'infinity'))
  EXECUTE FUNCTION post_not_of_administration('user_id');
CREATE CONSTRAINT TRIGGER post_not_of_administration AFTER INSERT ON cycle_substitution
  FOR EACH ROW EXECUTE FUNCTION post_not_of_administration('substitute_id');
CREATE CONSTRAINT TRIGGER post_not_of_administration_longer
  AFTER UPDATE OF substitute_id, valid_to ON cycle_substitution
  FOR EACH ROW WHEN (NEW.substitute_id <> OLD.substitute_id OR NEW.valid_to > OLD.valid_to)
  EXECUTE FUNCTION post_not_of_administration('substitute_id');
"""
UNDO = """
DROP TRIGGER post_not_of_administration_longer ON cycle_substitution;
DROP TRIGGER post_not_of_administration ON cycle_substitution;
DROP TRIGGER post_not_of_administration_longer ON cycle_roleassignment;
DROP TRIGGER post_not_of_administration ON cycle_roleassignment;
DROP FUNCTION post_not_of_administration();
"""


class Migration(migrations.Migration):
    dependencies = [("cycle", "0015_file_fault")]
    operations = [migrations.RunSQL(DO, UNDO)]

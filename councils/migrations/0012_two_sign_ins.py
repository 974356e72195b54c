"""Who sits on a council is no sign-in of the administration, and becomes none while seated."""

from django.db import migrations

DO = """
CREATE CONSTRAINT TRIGGER post_not_of_administration AFTER INSERT ON councils_member
  FOR EACH ROW EXECUTE FUNCTION post_not_of_administration('user_id');
CREATE CONSTRAINT TRIGGER post_not_of_administration_longer
  AFTER UPDATE OF user_id, until ON councils_member
  FOR EACH ROW WHEN (NEW.user_id <> OLD.user_id
    OR coalesce(NEW.until, 'infinity') > coalesce(OLD.until, 'infinity'))
  EXECUTE FUNCTION post_not_of_administration('user_id');

-- The other side: what somebody holds today or later keeps them from the flags.
CREATE FUNCTION administration_holds_no_post() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE today date := (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
BEGIN
  IF EXISTS (SELECT 1 FROM cycle_roleassignment
             WHERE user_id = NEW.id AND (valid_to IS NULL OR valid_to >= today))
     OR EXISTS (SELECT 1 FROM cycle_substitution
                WHERE substitute_id = NEW.id AND valid_to >= today)
     OR EXISTS (SELECT 1 FROM councils_member
                WHERE user_id = NEW.id AND (until IS NULL OR until >= today)) THEN
    RAISE EXCEPTION 'user % holds a post', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'administration_holds_no_post';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER administration_holds_no_post
  AFTER UPDATE OF is_staff, is_superuser ON cycle_user
  FOR EACH ROW WHEN (NEW.is_staff AND NOT OLD.is_staff OR NEW.is_superuser AND NOT OLD.is_superuser)
  EXECUTE FUNCTION administration_holds_no_post();
"""
UNDO = """
DROP TRIGGER administration_holds_no_post ON cycle_user;
DROP FUNCTION administration_holds_no_post();
DROP TRIGGER post_not_of_administration_longer ON councils_member;
DROP TRIGGER post_not_of_administration ON councils_member;
"""


class Migration(migrations.Migration):
    dependencies = [("councils", "0011_reopened_on_record"), ("cycle", "0016_two_sign_ins")]
    operations = [migrations.RunSQL(DO, UNDO)]

"""When a closed round met does not change: who sat in it, and its quorum, rest on that day."""

from django.db import migrations

DO = """
CREATE FUNCTION closed_round_keeps_its_meeting() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'round % is closed and has met', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_round_keeps_its_meeting';
END $$;
CREATE TRIGGER closed_round_keeps_its_meeting BEFORE UPDATE ON councils_evaluationround
  FOR EACH ROW WHEN (OLD.state = 'closed' AND
    (NEW.meets_at, NEW.opened_at, NEW.mode, NEW.council_id, NEW.regulation_id)
    IS DISTINCT FROM (OLD.meets_at, OLD.opened_at, OLD.mode, OLD.council_id, OLD.regulation_id))
  EXECUTE FUNCTION closed_round_keeps_its_meeting();
"""
UNDO = """
DROP TRIGGER closed_round_keeps_its_meeting ON councils_evaluationround;
DROP FUNCTION closed_round_keeps_its_meeting();
"""


class Migration(migrations.Migration):
    dependencies = [("councils", "0013_of_one_round")]
    operations = [migrations.RunSQL(DO, UNDO)]

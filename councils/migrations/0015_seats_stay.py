"""Who sits where since when, and by which decision a council was set up, stays as it was recorded:
scores and results rest on it. Another seat, another decision, is a new row.
"""

from django.db import migrations

DO = """
CREATE FUNCTION seat_stays_as_given() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'seat % stays as it was given', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_stays_as_given';
END $$;
CREATE TRIGGER seat_stays_as_given BEFORE UPDATE ON councils_member
  FOR EACH ROW WHEN ((NEW.council_id, NEW.user_id, NEW.seat, NEW.since, NEW.document)
    IS DISTINCT FROM (OLD.council_id, OLD.user_id, OLD.seat, OLD.since, OLD.document))
  EXECUTE FUNCTION seat_stays_as_given();

CREATE FUNCTION council_stays_as_set_up() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'council % stays as it was set up', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'council_stays_as_set_up';
END $$;
CREATE TRIGGER council_stays_as_set_up BEFORE UPDATE ON councils_council
  FOR EACH ROW WHEN ((NEW.org_unit_id, NEW.decision_number, NEW.decision_on)
    IS DISTINCT FROM (OLD.org_unit_id, OLD.decision_number, OLD.decision_on))
  EXECUTE FUNCTION council_stays_as_set_up();
"""
UNDO = """
DROP TRIGGER council_stays_as_set_up ON councils_council;
DROP FUNCTION council_stays_as_set_up();
DROP TRIGGER seat_stays_as_given ON councils_member;
DROP FUNCTION seat_stays_as_given();
"""


class Migration(migrations.Migration):
    dependencies = [("councils", "0014_meeting_stays")]
    operations = [migrations.RunSQL(DO, UNDO)]

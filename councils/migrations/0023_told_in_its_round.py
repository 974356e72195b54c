"""What a round rests on changes with its history alone, in one transaction; an interest stays."""

from django.db import migrations

GUARDS = """
-- No line of history, no change: of who has an interest, who came, what was resolved; of how often
-- a product was scored, when the round meets and when it invited. A seat given to somebody who has
-- declared is told by the council.
CREATE FUNCTION told_in_its_round() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE row jsonb; its_round bigint; its_council bigint;
BEGIN
  row := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
  its_round := CASE WHEN TG_TABLE_NAME = 'councils_evaluationround' THEN (row->>'id')::bigint
    ELSE COALESCE((row->>'round_id')::bigint,
      (SELECT round_id FROM councils_roundentry WHERE id = (row->>'entry_id')::bigint)) END;
  SELECT council_id INTO its_council FROM councils_evaluationround WHERE id = its_round;
  IF NOT EXISTS (
    SELECT 1 FROM cycle_historyentry h
    WHERE (h.stream = 'round' AND h.stream_id = its_round
           OR h.stream = 'council' AND h.stream_id = its_council
              AND TG_TABLE_NAME = 'councils_interest')
      AND h.transaction = pg_current_xact_id()::text::bigint) THEN
    RAISE EXCEPTION '% of round % changes without a line of history', TG_TABLE_NAME, its_round
      USING ERRCODE = 'check_violation', CONSTRAINT = 'told_in_its_round';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER told_in_its_round AFTER INSERT OR UPDATE ON councils_interest
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION told_in_its_round();
CREATE CONSTRAINT TRIGGER told_in_its_round AFTER INSERT OR UPDATE OR DELETE ON councils_attendance
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION told_in_its_round();
CREATE CONSTRAINT TRIGGER told_in_its_round AFTER INSERT OR UPDATE OR DELETE ON councils_resolution
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION told_in_its_round();
CREATE CONSTRAINT TRIGGER told_in_its_round AFTER UPDATE OF repeats, recounts ON councils_roundentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((NEW.repeats, NEW.recounts) IS DISTINCT FROM (OLD.repeats, OLD.recounts))
  EXECUTE FUNCTION told_in_its_round();
CREATE CONSTRAINT TRIGGER told_in_its_round
  AFTER UPDATE OF meets_at, invited_at, opened_at, mode, decide_by ON councils_evaluationround
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((NEW.meets_at, NEW.invited_at, NEW.opened_at, NEW.mode, NEW.decide_by) IS DISTINCT FROM
        (OLD.meets_at, OLD.invited_at, OLD.opened_at, OLD.mode, OLD.decide_by))
  EXECUTE FUNCTION told_in_its_round();

-- What a member declared of a product is corrected, never taken away.
CREATE FUNCTION said_interest_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.entry_id, NEW.member_id) = (OLD.entry_id, OLD.member_id) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'interest % stays', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'said_interest_stays';
END $$;
CREATE TRIGGER said_interest_stays BEFORE UPDATE OR DELETE ON councils_interest
  FOR EACH ROW EXECUTE FUNCTION said_interest_stays();
"""
UNDO = """
DROP TRIGGER said_interest_stays ON councils_interest;
DROP FUNCTION said_interest_stays();
DROP TRIGGER told_in_its_round ON councils_evaluationround;
DROP TRIGGER told_in_its_round ON councils_roundentry;
DROP TRIGGER told_in_its_round ON councils_resolution;
DROP TRIGGER told_in_its_round ON councils_attendance;
DROP TRIGGER told_in_its_round ON councils_interest;
DROP FUNCTION told_in_its_round();
"""


class Migration(migrations.Migration):
    dependencies = [("councils", "0022_council_former_names"), ("cycle", "0035_erased_words")]
    operations = [migrations.RunSQL(GUARDS, UNDO)]

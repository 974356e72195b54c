"""A closed round opens on a recorded reopening alone; what was judged stays what it was; the
sheets of what was closed before are counted.
"""

from django.db import migrations

GUARDS = """
-- The closing that stands is reopened first, on a document and with a reason: that row is never
-- changed. Without it nothing of the round can be written, not even within one transaction.
CREATE FUNCTION round_reopened_on_record() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM councils_closing c
             LEFT JOIN councils_reopening o ON o.closing_id = c.id
             WHERE c.round_id = OLD.id AND o.id IS NULL) THEN
    RAISE EXCEPTION 'round % is closed and no reopening is recorded', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_reopened_on_record';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER round_reopened_on_record BEFORE UPDATE ON councils_evaluationround
  FOR EACH ROW WHEN (OLD.state = 'closed' AND NEW.state IS DISTINCT FROM 'closed')
  EXECUTE FUNCTION round_reopened_on_record();

-- A reopening opens the round in its transaction: none lies ready for another day.
CREATE FUNCTION reopening_opens_its_round() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM councils_evaluationround r
             JOIN councils_closing c ON c.round_id = r.id
             WHERE c.id = NEW.closing_id AND r.state = 'closed') AND NOT EXISTS (
             SELECT 1 FROM councils_closing c JOIN councils_closing s ON s.round_id = c.round_id
             LEFT JOIN councils_reopening o ON o.closing_id = s.id
             WHERE c.id = NEW.closing_id AND o.id IS NULL) THEN
    RAISE EXCEPTION 'closing % is reopened and its round is not', NEW.closing_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'reopening_opens_its_round';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER reopening_opens_its_round AFTER INSERT ON councils_reopening
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reopening_opens_its_round();

-- Which product, and by which rubric: settled before the round opens. The round is held, so that
-- it does not open meanwhile.
CREATE FUNCTION entry_keeps_its_product() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM councils_evaluationround
    WHERE id = OLD.round_id AND state = 'preparing' FOR SHARE;
  IF NOT FOUND OR NEW.dossier_id <> OLD.dossier_id THEN
    RAISE EXCEPTION 'entry % keeps its product and rubric', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_keeps_its_product';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER entry_keeps_its_product BEFORE UPDATE ON councils_roundentry
  FOR EACH ROW WHEN ((NEW.dossier_id, NEW.rubric_id)
                     IS DISTINCT FROM (OLD.dossier_id, OLD.rubric_id))
  EXECUTE FUNCTION entry_keeps_its_product();
"""
UNDO = """
DROP TRIGGER entry_keeps_its_product ON councils_roundentry;
DROP TRIGGER reopening_opens_its_round ON councils_reopening;
DROP TRIGGER round_reopened_on_record ON councils_evaluationround;
DROP FUNCTION entry_keeps_its_product();
DROP FUNCTION reopening_opens_its_round();
DROP FUNCTION round_reopened_on_record();
"""

#: What was closed before sheets were counted rests on its sheets all the same.
COUNT = """
ALTER TABLE councils_roundentry DISABLE TRIGGER round_still_open;
UPDATE councils_roundentry e SET counted_scoring = scoring
WHERE counted_scoring < scoring AND (
  EXISTS (SELECT 1 FROM councils_result r WHERE r.entry_id = e.id AND r.scoring = e.scoring)
  OR EXISTS (SELECT 1 FROM councils_evaluationround r
             WHERE r.id = e.round_id AND r.state = 'closed'));
ALTER TABLE councils_roundentry ENABLE TRIGGER round_still_open;
"""


class Migration(migrations.Migration):
    dependencies = [("councils", "0010_seat_once_a_day")]
    operations = [
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, UNDO),
    ]

"""Scores go into open sheets of open rounds only; what a closing wrote stays as it was written."""

from django.conf import settings
from django.db import migrations

SEALED = """
-- A score names an option of its own criterion, with that option's points.
ALTER TABLE cycle_option ADD CONSTRAINT option_criterion_points UNIQUE (id, criterion_id, points);
ALTER TABLE councils_score ADD CONSTRAINT score_is_its_option
  FOREIGN KEY (option_id, criterion_id, points) REFERENCES cycle_option (id, criterion_id, points)
  DEFERRABLE INITIALLY DEFERRED;

-- The round is locked before it is looked at: whoever closes it waits for the score that came
-- first, and the score that came second finds it closed.
CREATE FUNCTION score_in_open_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE row councils_score;
BEGIN
  IF TG_OP = 'DELETE' THEN row := OLD; ELSE row := NEW; END IF;
  PERFORM 1 FROM councils_scoresheet s
    JOIN councils_roundentry e ON e.id = s.entry_id AND e.scoring = s.scoring
    JOIN councils_evaluationround r ON r.id = e.round_id
    JOIN cycle_criterion c ON c.id = row.criterion_id AND c.rubric_id = e.rubric_id
    WHERE s.id = row.sheet_id AND s.state = 'draft'
      AND (r.state = 'open' OR (s.member_id IS NULL AND r.state = 'preparing'))
      -- «Only when there is …»: without points there, nothing here.
      AND (TG_OP = 'DELETE' OR c.requires_id IS NULL OR EXISTS (SELECT 1 FROM councils_score k
        WHERE k.sheet_id = s.id AND k.criterion_id = c.requires_id AND k.points > 0))
      AND (TG_OP <> 'UPDATE' OR row.points > 0 OR NOT EXISTS (SELECT 1 FROM councils_score k
        JOIN cycle_criterion d ON d.id = k.criterion_id
        WHERE k.sheet_id = s.id AND d.requires_id = c.id))
    FOR SHARE OF r, e, s;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'sheet % takes no score on criterion %', row.sheet_id, row.criterion_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'score_in_open_sheet';
  END IF;
  RETURN row;
END $$;
CREATE TRIGGER score_in_open_sheet BEFORE INSERT OR UPDATE OR DELETE ON councils_score
  FOR EACH ROW EXECUTE FUNCTION score_in_open_sheet();

CREATE FUNCTION sheet_in_open_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM councils_roundentry e
    JOIN councils_evaluationround r ON r.id = e.round_id
    WHERE e.id = NEW.entry_id AND e.scoring = NEW.scoring
      AND (r.state = 'open' OR (NEW.member_id IS NULL AND r.state = 'preparing'))
    FOR SHARE OF r, e;
  IF NOT FOUND OR (TG_OP = 'UPDATE' AND (NEW.entry_id, NEW.scoring, NEW.member_id)
                   IS DISTINCT FROM (OLD.entry_id, OLD.scoring, OLD.member_id)) THEN
    RAISE EXCEPTION 'entry % takes no sheet now', NEW.entry_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sheet_in_open_round';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sheet_in_open_round BEFORE INSERT OR UPDATE ON councils_scoresheet
  FOR EACH ROW EXECUTE FUNCTION sheet_in_open_round();

-- What a result rests on does not change once the round is closed.
CREATE FUNCTION round_still_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE row jsonb; its_round bigint;
BEGIN
  row := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
  its_round := COALESCE((row->>'round_id')::bigint,
    (SELECT round_id FROM councils_roundentry WHERE id = (row->>'entry_id')::bigint));
  PERFORM 1 FROM councils_evaluationround WHERE id = its_round AND state <> 'closed' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'round % is closed', its_round
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_still_open';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER round_still_open BEFORE INSERT OR UPDATE OR DELETE ON councils_roundentry
  FOR EACH ROW EXECUTE FUNCTION round_still_open();
CREATE TRIGGER round_still_open BEFORE INSERT OR UPDATE OR DELETE ON councils_attendance
  FOR EACH ROW EXECUTE FUNCTION round_still_open();
CREATE TRIGGER round_still_open BEFORE INSERT OR UPDATE OR DELETE ON councils_interest
  FOR EACH ROW EXECUTE FUNCTION round_still_open();
CREATE TRIGGER round_still_open BEFORE INSERT OR UPDATE OR DELETE ON councils_resolution
  FOR EACH ROW EXECUTE FUNCTION round_still_open();

-- A round is closed exactly while a closing of it stands.
CREATE FUNCTION round_closed_by_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT state = 'closed' FROM councils_evaluationround WHERE id = NEW.id) IS DISTINCT FROM
     EXISTS (SELECT 1 FROM councils_closing c
             LEFT JOIN councils_reopening o ON o.closing_id = c.id
             WHERE c.round_id = NEW.id AND o.id IS NULL) THEN
    RAISE EXCEPTION 'round % is closed without a closing, or open beside one', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_closed_by_closing';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER round_closed_by_closing
  AFTER INSERT OR UPDATE OF state ON councils_evaluationround
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION round_closed_by_closing();
"""
UNDO = """
DROP TRIGGER round_closed_by_closing ON councils_evaluationround;
DROP TRIGGER round_still_open ON councils_resolution;
DROP TRIGGER round_still_open ON councils_interest;
DROP TRIGGER round_still_open ON councils_attendance;
DROP TRIGGER round_still_open ON councils_roundentry;
DROP TRIGGER sheet_in_open_round ON councils_scoresheet;
DROP TRIGGER score_in_open_sheet ON councils_score;
DROP FUNCTION round_closed_by_closing();
DROP FUNCTION round_still_open();
DROP FUNCTION sheet_in_open_round();
DROP FUNCTION score_in_open_sheet();
ALTER TABLE councils_score DROP CONSTRAINT score_is_its_option;
ALTER TABLE cycle_option DROP CONSTRAINT option_criterion_points;
"""

#: What was said and closed stays as it was.
IMMUTABLE = [
    "appraisal",
    "appraisalphoto",
    "closing",
    "documenttemplate",
    "reading",
    "regulation",
    "reopening",
    "result",
    "signeddocument",
]
#: Nothing legal is deleted; a dossier taken into a round by mistake is, before it is scored.
KEPT = ["council", "member", "evaluationround", "scoresheet", "opinion", "consequence"]


def revoke(apps, schema_editor):
    """Take from the application the rights that would undo what was done."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    for rights, tables in (("UPDATE, DELETE, TRUNCATE", IMMUTABLE), ("DELETE, TRUNCATE", KEPT)):
        names = ", ".join(f"councils_{table}" for table in tables)
        schema_editor.execute(f"REVOKE {rights} ON {names} FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("councils", "0001_initial"), ("cycle", "0006_rubrics")]
    operations = [
        migrations.RunSQL(SEALED, UNDO),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

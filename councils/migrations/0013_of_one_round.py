"""What belongs to a round points only at what is of the same round, council, unit and rubric.

Rows of before stay as they are. A seat without who made it, or marked as doubled, is of before too:
only the owner writes one.
"""

from django.db import migrations

DO = """
ALTER TABLE councils_roundentry ADD CONSTRAINT entry_id_round UNIQUE (id, round_id);
ALTER TABLE councils_signeddocument ADD CONSTRAINT document_id_round_kind UNIQUE (id, round_id, kind);
ALTER TABLE councils_evaluationround ADD CONSTRAINT round_id_council UNIQUE (id, council_id);
ALTER TABLE councils_signeddocument ADD CONSTRAINT document_entry_is_of_its_round
  FOREIGN KEY (entry_id, round_id) REFERENCES councils_roundentry (id, round_id)
  DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE councils_signeddocument ADD CONSTRAINT document_replaces_one_of_its_kind
  FOREIGN KEY (replaces_id, round_id, kind) REFERENCES councils_signeddocument (id, round_id, kind)
  DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE councils_evaluationround ADD CONSTRAINT round_follows_one_of_its_council
  FOREIGN KEY (follows_id, council_id) REFERENCES councils_evaluationround (id, council_id)
  DEFERRABLE INITIALLY DEFERRED NOT VALID;

CREATE FUNCTION member_is_of_the_council() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE its_round bigint := (to_jsonb(NEW)->>'round_id')::bigint;
BEGIN
  IF its_round IS NULL THEN
    SELECT round_id INTO its_round FROM councils_roundentry
      WHERE id = (to_jsonb(NEW)->>'entry_id')::bigint;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM councils_evaluationround r
                 JOIN councils_member m ON m.council_id = r.council_id
                 WHERE r.id = its_round AND m.id = NEW.member_id) THEN
    RAISE EXCEPTION 'member % does not sit in round %', NEW.member_id, its_round
      USING ERRCODE = 'check_violation', CONSTRAINT = 'member_is_of_the_council';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER member_is_of_the_council
  AFTER INSERT OR UPDATE OF round_id, member_id ON councils_attendance
  FOR EACH ROW EXECUTE FUNCTION member_is_of_the_council();
CREATE CONSTRAINT TRIGGER member_is_of_the_council
  AFTER INSERT OR UPDATE OF round_id, member_id ON councils_reading
  FOR EACH ROW EXECUTE FUNCTION member_is_of_the_council();
CREATE CONSTRAINT TRIGGER member_is_of_the_council
  AFTER INSERT OR UPDATE OF entry_id, member_id ON councils_interest
  FOR EACH ROW EXECUTE FUNCTION member_is_of_the_council();
CREATE CONSTRAINT TRIGGER member_is_of_the_council
  AFTER INSERT OR UPDATE OF entry_id, member_id ON councils_scoresheet
  FOR EACH ROW WHEN (NEW.member_id IS NOT NULL) EXECUTE FUNCTION member_is_of_the_council();

CREATE FUNCTION resolution_is_of_the_rubric() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM councils_roundentry e
    LEFT JOIN cycle_criterion c ON c.id = NEW.criterion_id
    LEFT JOIN cycle_elimination x ON x.id = NEW.elimination_id
    WHERE e.id = NEW.entry_id AND e.rubric_id = coalesce(c.rubric_id, x.rubric_id)) THEN
    RAISE EXCEPTION 'resolution % is not of the rubric of its product', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'resolution_is_of_the_rubric';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER resolution_is_of_the_rubric
  AFTER INSERT OR UPDATE OF entry_id, criterion_id, elimination_id ON councils_resolution
  FOR EACH ROW EXECUTE FUNCTION resolution_is_of_the_rubric();

CREATE FUNCTION entry_rubric_is_of_its_edition() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM dossiers_dossier d
                 JOIN cycle_rubric r ON r.rule_set_id = d.rule_set_id
                 WHERE d.id = NEW.dossier_id AND r.id = NEW.rubric_id) THEN
    RAISE EXCEPTION 'entry % is judged by a rubric of another edition', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_rubric_is_of_its_edition';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_rubric_is_of_its_edition
  AFTER INSERT OR UPDATE OF dossier_id, rubric_id ON councils_roundentry
  FOR EACH ROW EXECUTE FUNCTION entry_rubric_is_of_its_edition();

CREATE FUNCTION result_is_of_the_closed_round() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM councils_closing c
                 JOIN councils_roundentry e ON e.round_id = c.round_id
                 WHERE c.id = NEW.closing_id AND e.id = NEW.entry_id) THEN
    RAISE EXCEPTION 'result % is of another round', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'result_is_of_the_closed_round';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER result_is_of_the_closed_round AFTER INSERT ON councils_result
  FOR EACH ROW EXECUTE FUNCTION result_is_of_the_closed_round();

CREATE FUNCTION closing_is_told_in_its_round() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM cycle_historyentry
                 WHERE id = NEW.entry_id AND stream = 'round' AND stream_id = NEW.round_id) THEN
    RAISE EXCEPTION 'closing % rests on the history of something else', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'closing_is_told_in_its_round';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER closing_is_told_in_its_round AFTER INSERT ON councils_closing
  FOR EACH ROW EXECUTE FUNCTION closing_is_told_in_its_round();

CREATE FUNCTION round_goes_by_its_units_regulation() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM councils_council c
                 JOIN councils_regulation r ON r.org_unit_id = c.org_unit_id
                 WHERE c.id = NEW.council_id AND r.id = NEW.regulation_id) THEN
    RAISE EXCEPTION 'round % goes by the regulation of another unit', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_goes_by_its_units_regulation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER round_goes_by_its_units_regulation
  AFTER INSERT OR UPDATE OF council_id, regulation_id ON councils_evaluationround
  FOR EACH ROW EXECUTE FUNCTION round_goes_by_its_units_regulation();

CREATE CONSTRAINT TRIGGER mark_of_before_is_the_owners
  AFTER INSERT OR UPDATE OF doubled, made_by_id ON councils_member
  FOR EACH ROW WHEN (NEW.doubled OR NEW.made_by_id IS NULL)
  EXECUTE FUNCTION mark_of_before_is_the_owners();
"""
#: What is there fits, or it stays as it is and the key holds for what is new.
VALIDATE = "".join(
    f"""
DO $$ BEGIN
  ALTER TABLE councils_{table} VALIDATE CONSTRAINT {name};
EXCEPTION WHEN foreign_key_violation THEN
  RAISE WARNING '{name}: rows of before stay, see check_data';
END $$;"""
    for table, name in (
        ("signeddocument", "document_entry_is_of_its_round"),
        ("signeddocument", "document_replaces_one_of_its_kind"),
        ("evaluationround", "round_follows_one_of_its_council"),
    )
)
UNDO = """
DROP TRIGGER mark_of_before_is_the_owners ON councils_member;
DROP TRIGGER round_goes_by_its_units_regulation ON councils_evaluationround;
DROP TRIGGER closing_is_told_in_its_round ON councils_closing;
DROP TRIGGER result_is_of_the_closed_round ON councils_result;
DROP TRIGGER entry_rubric_is_of_its_edition ON councils_roundentry;
DROP TRIGGER resolution_is_of_the_rubric ON councils_resolution;
DROP TRIGGER member_is_of_the_council ON councils_scoresheet;
DROP TRIGGER member_is_of_the_council ON councils_interest;
DROP TRIGGER member_is_of_the_council ON councils_reading;
DROP TRIGGER member_is_of_the_council ON councils_attendance;
DROP FUNCTION round_goes_by_its_units_regulation();
DROP FUNCTION closing_is_told_in_its_round();
DROP FUNCTION result_is_of_the_closed_round();
DROP FUNCTION entry_rubric_is_of_its_edition();
DROP FUNCTION resolution_is_of_the_rubric();
DROP FUNCTION member_is_of_the_council();
ALTER TABLE councils_evaluationround DROP CONSTRAINT round_follows_one_of_its_council;
ALTER TABLE councils_signeddocument DROP CONSTRAINT document_replaces_one_of_its_kind;
ALTER TABLE councils_signeddocument DROP CONSTRAINT document_entry_is_of_its_round;
ALTER TABLE councils_evaluationround DROP CONSTRAINT round_id_council;
ALTER TABLE councils_signeddocument DROP CONSTRAINT document_id_round_kind;
ALTER TABLE councils_roundentry DROP CONSTRAINT entry_id_round;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("councils", "0012_two_sign_ins"),
        ("dossiers", "0015_of_one_dossier"),
    ]
    operations = [
        migrations.RunSQL(DO, UNDO),
        migrations.RunSQL(VALIDATE, migrations.RunSQL.noop),
    ]

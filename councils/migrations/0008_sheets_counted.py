"""When a product's sheets are counted, and that none of them changes after that."""

from django.db import migrations, models

COUNTED = """
-- From the count on, only another scoring changes what a product gets. Comes after
-- sheet_in_open_round, which holds the round and the entry: the count waits, or is seen.
CREATE FUNCTION sheet_stays_once_counted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM councils_roundentry e
             WHERE e.id = NEW.entry_id AND e.counted_scoring >= NEW.scoring) THEN
    RAISE EXCEPTION 'entry % is counted', NEW.entry_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sheet_stays_once_counted';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sheet_stays_once_counted BEFORE INSERT OR UPDATE ON councils_scoresheet
  FOR EACH ROW WHEN (NEW.member_id IS NOT NULL) EXECUTE FUNCTION sheet_stays_once_counted();

CREATE FUNCTION count_is_not_undone() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'entry % was counted', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'count_is_not_undone';
END $$;
CREATE TRIGGER count_is_not_undone BEFORE UPDATE ON councils_roundentry
  FOR EACH ROW WHEN (NEW.counted_scoring < OLD.counted_scoring)
  EXECUTE FUNCTION count_is_not_undone();
"""
UNDO = """
DROP TRIGGER count_is_not_undone ON councils_roundentry;
DROP TRIGGER sheet_stays_once_counted ON councils_scoresheet;
DROP FUNCTION count_is_not_undone();
DROP FUNCTION sheet_stays_once_counted();
"""


class Migration(migrations.Migration):
    dependencies = [("councils", "0007_guards_hold")]
    operations = [
        migrations.AddField(
            model_name="roundentry",
            name="counted_scoring",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, editable=False, verbose_name="lần chấm đã kiểm phiếu"
            ),
        ),
        migrations.AddField(
            model_name="scoresheet",
            name="take_backs",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, editable=False, verbose_name="số lần lấy lại"
            ),
        ),
        migrations.AddConstraint(
            model_name="roundentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("counted_scoring__lte", models.F("scoring"))),
                name="entry_counts_a_scoring_begun",
            ),
        ),
        migrations.RunSQL(COUNTED, UNDO),
    ]

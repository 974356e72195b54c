"""Nobody sends a dossier from below and receives it above: the two tasks are two rows."""

from django.db import migrations

DO = """
CREATE FUNCTION task_not_both_ends() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM dossiers_task below, dossiers_task above
    WHERE below.dossier_id = NEW.dossier_id AND above.dossier_id = NEW.dossier_id
      AND below.status = 'DONE' AND above.status = 'DONE'
      AND below.outcome IN ('forward_to_district', 'forward_to_province')
      AND (
        above.node = 'check_at_district' AND below.node = 'sign_report'
        OR above.node = 'check_at_province'
          AND below.node IN ('sign_report', 'forward_from_district')
      )
      AND below.closed_by_id = above.closed_by_id
      AND below.closed_by_id = NEW.closed_by_id
  ) THEN
    RAISE EXCEPTION 'task % was sent and received by one person', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'task_not_both_ends';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER task_not_both_ends
  AFTER UPDATE OF status, closed_by_id, outcome ON dossiers_task
  FOR EACH ROW WHEN (
    NEW.status = 'DONE'
    AND NEW.node IN (
      'sign_report', 'forward_from_district', 'check_at_district', 'check_at_province'
    )
  ) EXECUTE FUNCTION task_not_both_ends();
"""
UNDO = """
DROP TRIGGER task_not_both_ends ON dossiers_task;
DROP FUNCTION task_not_both_ends();
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0013_late_and_done")]
    operations = [migrations.RunSQL(DO, UNDO)]

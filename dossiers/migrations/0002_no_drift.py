"""A dossier and its open task cannot drift apart, a walk always waits for something, records stay."""

from django.conf import settings
from django.db import migrations

NO_DRIFT = """
-- An open task exists only while its dossier is in the state the task presumes.
ALTER TABLE dossiers_task ADD CONSTRAINT open_task_matches_dossier_state
  FOREIGN KEY (dossier_id, open_state) REFERENCES dossiers_dossier (id, state)
  DEFERRABLE INITIALLY DEFERRED;

-- An open process waits for at least one open task; a closed one for none.
CREATE FUNCTION process_not_stuck() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched bigint[]; p bigint;
BEGIN
  IF TG_TABLE_NAME = 'dossiers_process' THEN touched := ARRAY[NEW.id];
  ELSIF TG_OP = 'DELETE' THEN touched := ARRAY[OLD.process_id];
  ELSIF TG_OP = 'INSERT' THEN touched := ARRAY[NEW.process_id];
  ELSE touched := ARRAY[OLD.process_id, NEW.process_id]; END IF;
  FOREACH p IN ARRAY touched LOOP
    IF EXISTS (SELECT 1 FROM dossiers_process WHERE id = p AND status = 'NEW')
       IS DISTINCT FROM
       EXISTS (SELECT 1 FROM dossiers_task WHERE process_id = p AND open_state IS NOT NULL)
    THEN
      RAISE EXCEPTION 'process % is open and waits for nothing, or is closed and waits', p
        USING ERRCODE = 'check_violation', CONSTRAINT = 'process_not_stuck';
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER process_not_stuck_task
  AFTER INSERT OR UPDATE OF status, process_id, flow_task_type, state OR DELETE ON dossiers_task
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION process_not_stuck();
CREATE CONSTRAINT TRIGGER process_not_stuck AFTER INSERT OR UPDATE OF status ON dossiers_process
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION process_not_stuck();

-- A task belongs to the dossier of its process.
ALTER TABLE dossiers_process ADD CONSTRAINT process_id_dossier UNIQUE (id, dossier_id);
ALTER TABLE dossiers_task ADD CONSTRAINT task_dossier_is_its_process_dossier
  FOREIGN KEY (process_id, dossier_id) REFERENCES dossiers_process (id, dossier_id)
  DEFERRABLE INITIALLY DEFERRED;
"""
UNDO = """
ALTER TABLE dossiers_task DROP CONSTRAINT task_dossier_is_its_process_dossier;
ALTER TABLE dossiers_process DROP CONSTRAINT process_id_dossier;
DROP TRIGGER process_not_stuck_task ON dossiers_task;
DROP TRIGGER process_not_stuck ON dossiers_process;
DROP FUNCTION process_not_stuck();
ALTER TABLE dossiers_task DROP CONSTRAINT open_task_matches_dossier_state;
"""

#: What was handed in stays as it was handed in.
IMMUTABLE = [
    "businessplan",
    "certificate",
    "communereport",
    "completion",
    "evaluation",
    "evidence",
    "idea",
    "officialdocument",
    "promotion",
    "review",
    "selfassessment",
    "supportmeasure",
    "visit",
]
#: Nothing legal is deleted.
KEPT = ["dossier", "process", "task", "product", "producer", "outreachevent", "promotionevent"]


def revoke(apps, schema_editor):
    """Take from the application the rights that would undo what was done."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    for rights, tables in (("UPDATE, DELETE, TRUNCATE", IMMUTABLE), ("DELETE, TRUNCATE", KEPT)):
        names = ", ".join(f"dossiers_{table}" for table in tables)
        schema_editor.execute(f"REVOKE {rights} ON {names} FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0001_initial")]
    operations = [
        migrations.RunSQL(NO_DRIFT, UNDO),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

"""A paper follows the corrections of its document, and changes by nothing else."""

from django.conf import settings
from django.db import migrations

FOLLOW = """
CREATE FUNCTION paper_follows_its_document() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  older bigint := NEW.document_id;
BEGIN
  -- From the new document back over all that it corrects.
  WHILE older IS NOT NULL AND older <> OLD.document_id LOOP
    SELECT d.replaces_id INTO older FROM cycle_document d WHERE d.id = older;
  END LOOP;
  IF older IS NULL OR NEW.document_id = OLD.document_id THEN
    RAISE EXCEPTION 'paper % only follows a correction of its document', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'paper_follows_its_document';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER paper_follows_its_document
AFTER UPDATE OF document_id, scan_id ON dossiers_officialdocument
FOR EACH ROW EXECUTE FUNCTION paper_follows_its_document();
"""
UNDO = """
DROP TRIGGER paper_follows_its_document ON dossiers_officialdocument;
DROP FUNCTION paper_follows_its_document();
"""


def grant(apps, schema_editor):
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(
        f"GRANT UPDATE (document_id, scan_id) ON dossiers_officialdocument TO {role}"
    )


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0039_papers_of_the_ledger")]

    operations = [
        migrations.RunSQL(FOLLOW, UNDO),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

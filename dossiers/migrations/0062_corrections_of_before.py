"""What corrects a document of before the ledger is one too; nothing else is.

Only the owner says of a new document that it was there before; the application says it of what it
corrects, which a key holds: without it nothing of before could be corrected.
"""

from django.db import migrations

MARK = """
DROP TRIGGER mark_of_before_is_the_owners ON cycle_document;
CREATE CONSTRAINT TRIGGER mark_of_before_is_the_owners
  AFTER INSERT OR UPDATE OF before ON cycle_document
  FOR EACH ROW WHEN ({when})
  EXECUTE FUNCTION mark_of_before_is_the_owners();
"""
KEYS = """
ALTER TABLE cycle_document ADD CONSTRAINT document_id_before UNIQUE (id, before);
ALTER TABLE cycle_document
  ADD CONSTRAINT document_corrects_its_like FOREIGN KEY (replaces_id, before)
  REFERENCES cycle_document (id, before);
"""
NO_KEYS = """
ALTER TABLE cycle_document DROP CONSTRAINT document_corrects_its_like;
ALTER TABLE cycle_document DROP CONSTRAINT document_id_before;
"""


class Migration(migrations.Migration):
    dependencies = [("cycle", "0045_documents_searched"), ("dossiers", "0061_plans_of_the_ledger")]

    operations = [
        migrations.RunSQL(
            KEYS + MARK.format(when="NEW.before AND NEW.replaces_id IS NULL"),
            MARK.format(when="NEW.before") + NO_KEYS,
        )
    ]

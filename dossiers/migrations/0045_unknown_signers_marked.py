"""Of which papers of before nobody knows who signed is a mark, no name."""

from django.db import migrations

MARK = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE cycle_document DISABLE TRIGGER USER;
UPDATE cycle_document SET signer_known = FALSE
WHERE signer_known AND lower(signer) LIKE 'chưa rõ%';
ALTER TABLE cycle_document ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0042_signer_known"),
        ("dossiers", "0044_paper_of_stopped_production"),
    ]

    operations = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]

"""Of which documents nobody knows who signed is a mark, no name that anybody may type."""

from django.db import migrations, models


#: Those of lists; those of before come into the ledger after this and are marked then.
MARK = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE cycle_document DISABLE TRIGGER USER;
UPDATE cycle_document SET signer_known = FALSE WHERE lower(signer) LIKE 'chưa rõ%';
ALTER TABLE cycle_document ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0041_documents_stay'),
    ]

    operations = [
        migrations.AddField(
            model_name='document',
            name='signer_known',
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('before', True), ('signer_known', False), models.Q(('signer', 'Chưa rõ tên'), _negated=True), _connector='OR'), name='document_unknown_signer_is_marked'),
        ),
    ]

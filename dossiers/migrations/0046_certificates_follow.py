"""The clocks of certificates follow their validity anew: what was deferred stays filed, what was
replaced ends no more. Done in the background, by the code of that day.
"""

from django.db import migrations
from django.utils import timezone


def ask(apps, schema_editor):
    terms = apps.get_model("dossiers", "Term").objects
    if terms.filter(certificate__isnull=False).exclude(state="stopped").exists():
        jobs = apps.get_model("cycle", "Job").objects
        jobs.create(kind="follow_certificates", created_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0045_unknown_signers_marked"),
        ("cycle", "0038_document_ledger"),
    ]

    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]

"""Samples that were received are corrected by a new row, of the same dossier; none at all only so."""

import django.db.models.deletion
from django.db import migrations, models

KEYS = """
ALTER TABLE dossiers_samplereceipt
  ADD CONSTRAINT samplereceipt_id_dossier UNIQUE (id, dossier_id);
ALTER TABLE dossiers_samplereceipt
  ADD CONSTRAINT samples_replace_those_of_its_dossier FOREIGN KEY (replaces_id, dossier_id)
  REFERENCES dossiers_samplereceipt (id, dossier_id) DEFERRABLE INITIALLY DEFERRED;
"""
NO_KEYS = """
ALTER TABLE dossiers_samplereceipt DROP CONSTRAINT samples_replace_those_of_its_dossier;
ALTER TABLE dossiers_samplereceipt DROP CONSTRAINT samplereceipt_id_dossier;
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0054_why_in_each_language")]

    operations = [
        migrations.RemoveConstraint("samplereceipt", "sample_receipt_has_samples"),
        migrations.AddField(
            "samplereceipt",
            "replaces",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="dossiers.samplereceipt",
                verbose_name="thay cho",
            ),
        ),
        migrations.AlterField(
            "samplereceipt",
            "samples",
            models.PositiveSmallIntegerField(verbose_name="số sản phẩm mẫu"),
        ),
        migrations.AddConstraint(
            "samplereceipt",
            models.CheckConstraint(
                condition=models.Q(("samples__gte", 1), ("replaces__isnull", False), _connector="OR"),
                name="sample_receipt_has_samples",
            ),
        ),
        migrations.RunSQL(KEYS, NO_KEYS),
    ]

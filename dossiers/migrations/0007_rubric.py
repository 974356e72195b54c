"""A dossier pins the rubric it is judged by; the producer and the centre may score its criteria.

A piece of evidence may prove several of them.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

OF_ITS_EDITION = """
ALTER TABLE cycle_rubric ADD CONSTRAINT rubric_id_rule_set UNIQUE (id, rule_set_id);
ALTER TABLE dossiers_dossier ADD CONSTRAINT dossier_rubric_is_of_its_edition
  FOREIGN KEY (rubric_id, rule_set_id) REFERENCES cycle_rubric (id, rule_set_id)
  DEFERRABLE INITIALLY DEFERRED;
"""
SEVERAL = "UPDATE dossiers_evidence SET criteria = ARRAY[criterion] WHERE criterion <> ''"
FIRST = "UPDATE dossiers_evidence SET criterion = criteria[1] WHERE criteria <> '{}'"
UNDO = """
ALTER TABLE dossiers_dossier DROP CONSTRAINT dossier_rubric_is_of_its_edition;
ALTER TABLE cycle_rubric DROP CONSTRAINT rubric_id_rule_set;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0007_council_stream"),
        ("dossiers", "0006_certificates"),
    ]

    operations = [
        migrations.AddField(
            model_name="dossier",
            name="rubric",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dossiers",
                to="cycle.rubric",
                verbose_name="bộ sản phẩm",
            ),
        ),
        migrations.AddField(
            model_name="selfassessment",
            name="rubric",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cycle.rubric",
                verbose_name="bộ sản phẩm",
            ),
        ),
        migrations.AddField(
            model_name="selfassessment",
            name="options",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                default=list,
                editable=False,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="selfassessment",
            name="scores",
            field=models.JSONField(
                blank=True, default=dict, editable=False, verbose_name="điểm từng tiêu chí"
            ),
        ),
        migrations.AddField(
            model_name="evaluation",
            name="rubric",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cycle.rubric",
                verbose_name="bộ sản phẩm",
            ),
        ),
        migrations.AddField(
            model_name="evaluation",
            name="scores",
            field=models.JSONField(
                blank=True, default=dict, editable=False, verbose_name="điểm từng tiêu chí"
            ),
        ),
        migrations.AddConstraint(
            model_name="selfassessment",
            constraint=models.CheckConstraint(
                condition=models.Q(("scores", {}), ("rubric__isnull", False), _connector="OR"),
                name="selfassessment_scores_have_rubric",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("scores", {}), ("rubric__isnull", False), _connector="OR"),
                name="evaluation_scores_have_rubric",
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="criteria",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                blank=True,
                default=list,
                size=None,
                verbose_name="tiêu chí",
            ),
        ),
        migrations.RunSQL(SEVERAL, FIRST),
        migrations.AlterModelOptions(
            name="evidence",
            options={
                "ordering": ["kind", "criteria", "pk"],
                "verbose_name": "tài liệu minh chứng",
            },
        ),
        migrations.RemoveField(model_name="evidence", name="criterion"),
        migrations.RunSQL(OF_ITS_EDITION, UNDO),
    ]

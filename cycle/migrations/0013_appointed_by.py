"""Who appointed whom, on what document; nobody appoints themselves without one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BEFORE = "trước khi phải có văn bản"


def mark(apps, schema_editor):
    """Substitutions that their maker once gave to themselves, without a document, say so."""
    substitutions = apps.get_model("cycle", "Substitution").objects.filter(
        substitute=models.F("created_by")
    )
    substitutions.filter(document="").update(document=BEFORE)
    substitutions.filter(document_signer="").update(document_signer=BEFORE)


class Migration(migrations.Migration):
    dependencies = [("cycle", "0012_guards_hold")]

    operations = [
        migrations.AddField(
            model_name="roleassignment",
            name="made_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="người phân công",
            ),
        ),
        migrations.AddField(
            model_name="roleassignment",
            name="document",
            field=models.CharField(blank=True, max_length=120, verbose_name="số, ngày văn bản", default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="roleassignment",
            name="document_signer",
            field=models.CharField(blank=True, max_length=150, verbose_name="người ký văn bản", default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="roleassignment",
            name="handed_to",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="người nhận bàn giao",
            ),
        ),
        migrations.AddField(
            model_name="substitution",
            name="document_signer",
            field=models.CharField(blank=True, max_length=150, verbose_name="người ký văn bản", default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="substitution",
            name="paper_due_on",
            field=models.DateField(editable=False, null=True, verbose_name="văn bản chậm nhất"),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="roleassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(made_by=None)
                | ~models.Q(user=models.F("made_by"))
                | ~models.Q(document="") & ~models.Q(document_signer=""),
                name="role_assignment_to_oneself_has_a_document",
            ),
        ),
        migrations.AddConstraint(
            model_name="substitution",
            constraint=models.CheckConstraint(
                condition=~models.Q(substitute=models.F("created_by"))
                | ~models.Q(document="") & ~models.Q(document_signer=""),
                name="substitution_of_its_maker_has_a_document",
            ),
        ),
        migrations.RemoveConstraint(model_name="historyentry", name="history_stream_known"),
        migrations.AlterField(
            model_name="historyentry",
            name="stream",
            field=models.CharField(
                choices=[
                    ("dossier", "Hồ sơ"),
                    ("round", "Đợt đánh giá"),
                    ("council", "Hội đồng"),
                    ("cycle", "Chu trình"),
                    ("person", "Nhân sự"),
                ],
                max_length=12,
                verbose_name="chuỗi",
            ),
        ),
        migrations.AddConstraint(
            model_name="historyentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    stream__in=["dossier", "round", "council", "cycle", "person"]
                ),
                name="history_stream_known",
            ),
        ),
    ]

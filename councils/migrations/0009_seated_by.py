"""Who seated whom, on what document; nobody judges their own product or a relative's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NEVER = models.CheckConstraint(
    name="interest_own_or_relatives_never_judged",
    condition=~models.Q(kind__in=["producer", "relative"]) | models.Q(recused=True),
)
# Of rows to come: one of before, when the regulation could allow it, stays as it was decided.
DO = """
ALTER TABLE councils_interest ADD CONSTRAINT interest_own_or_relatives_never_judged
  CHECK (NOT (kind IN ('producer', 'relative')) OR recused) NOT VALID
"""
UNDO = "ALTER TABLE councils_interest DROP CONSTRAINT interest_own_or_relatives_never_judged"


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("councils", "0008_sheets_counted"),
    ]

    operations = [
        migrations.AddField(
            model_name="member",
            name="made_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="người ghi",
            ),
        ),
        migrations.AddField(
            model_name="member",
            name="document",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Để trống nếu là quyết định thành lập hội đồng.",
                max_length=120,
                verbose_name="số, ngày văn bản",
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.CheckConstraint(
                condition=models.Q(made_by=None) | ~models.Q(user=models.F("made_by")),
                name="member_not_seated_by_themselves",
            ),
        ),
        migrations.AlterField(
            model_name="interest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("declared", "Thành viên tự khai"),
                    ("producer", "Là người của chủ thể"),
                    ("relative", "Người thân là chủ thể, người của chủ thể"),
                    ("commune", "Công tác tại xã của sản phẩm"),
                    ("appraised", "Đã thẩm định sản phẩm"),
                ],
                max_length=10,
                verbose_name="lợi ích",
            ),
        ),
        migrations.RemoveConstraint(model_name="interest", name="interest_kind_known"),
        migrations.AddConstraint(
            model_name="interest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    kind__in=["declared", "producer", "relative", "commune", "appraised"]
                ),
                name="interest_kind_known",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DO, UNDO)],
            state_operations=[migrations.AddConstraint(model_name="interest", constraint=NEVER)],
        ),
    ]

"""An interest that was recorded wrongly is taken off; its row stays."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("councils", "0023_told_in_its_round")]
    operations = [
        migrations.AddField(
            model_name="interest",
            name="taken_off",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="đã gỡ"
            ),
        ),
        migrations.AddConstraint(
            model_name="interest",
            constraint=models.CheckConstraint(
                name="interest_taken_off_keeps_nobody_out",
                condition=models.Q(taken_off=False) | models.Q(recused=False),
            ),
        ),
    ]

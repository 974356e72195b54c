"""The sweep's index holds what still has a rung before it, and no more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0009_history_head"),
        ("dossiers", "0007_rubric"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="term",
            name="term_sweep",
        ),
        migrations.AddIndex(
            model_name="term",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False), ("state", "running")),
                fields=["next_at"],
                name="term_sweep",
            ),
        ),
    ]

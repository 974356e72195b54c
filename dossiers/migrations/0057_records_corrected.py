"""What came of the plan, the commune's report and an inspection are corrected by a new row, of the
same dossier.
"""

import django.db.models.deletion
from django.db import migrations, models

#: Table -> the name of the key of its rows with their dossier, and whether it has that already.
TABLES = {
    "completion": ("completion_id_dossier", False),
    "communereport": ("communereport_id_dossier", False),
    "inspection": ("inspection_id_dossier", True),
}


def keys(table, key, there):
    made = f"ALTER TABLE dossiers_{table} ADD CONSTRAINT {key} UNIQUE (id, dossier_id);"
    gone = f"ALTER TABLE dossiers_{table} DROP CONSTRAINT {key};"
    name = f"{table}_replaces_one_of_its_dossier"
    return migrations.RunSQL(
        ("" if there else made)
        + f"""
ALTER TABLE dossiers_{table}
  ADD CONSTRAINT {name} FOREIGN KEY (replaces_id, dossier_id)
  REFERENCES dossiers_{table} (id, dossier_id) DEFERRABLE INITIALLY DEFERRED;
""",
        f"ALTER TABLE dossiers_{table} DROP CONSTRAINT {name};" + ("" if there else gone),
    )


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0056_fair_told")]

    operations = [
        *(
            migrations.AddField(
                table,
                "replaces",
                models.OneToOneField(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="replaced_by",
                    to=f"dossiers.{table}",
                    verbose_name="thay cho",
                ),
            )
            for table in TABLES
        ),
        *(keys(table, *named) for table, named in TABLES.items()),
    ]

"""A measure of support is committed, and paid by payments over time, each a row of its own.

What was typed as paid before stays where it is: nobody knows on which days it was paid. A measure
is of the year in which its act was recorded; of before the entries named their records, of the year
of its dossier.
"""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FILL = """
WITH RECURSIVE version AS (
  SELECT id, id AS first_id FROM dossiers_supportmeasure WHERE replaces_id IS NULL
  UNION ALL
  SELECT m.id, v.first_id FROM dossiers_supportmeasure m JOIN version v ON m.replaces_id = v.id
)
UPDATE dossiers_supportmeasure m
SET first_id = CASE WHEN v.first_id <> m.id THEN v.first_id END,
    cycle_id = coalesce(
      (SELECT e.cycle_id FROM cycle_historyentry e
       WHERE e.stream = 'dossier' AND e.stream_id = m.dossier_id
         AND e.records @> jsonb_build_array(
           jsonb_build_array('dossiers.supportmeasure', v.first_id))
       ORDER BY e.seq LIMIT 1),
      (SELECT d.cycle_id FROM dossiers_dossier d WHERE d.id = m.dossier_id))
FROM version v WHERE v.id = m.id;
-- What waits for a check takes no constraint.
SET CONSTRAINTS ALL IMMEDIATE;
"""
#: (table, column, to, name): what it points to is of its dossier.
KEYS = [
    ("supportmeasure", "first_id", "supportmeasure", "support_first_is_of_its_dossier"),
    ("payment", "measure_id", "supportmeasure", "payment_measure_is_of_its_dossier"),
    ("payment", "replaces_id", "payment", "payment_replaces_one_of_its_dossier"),
]
#: (table, column, name): on a day that had come when it was recorded.
DAYS = [
    ("supportmeasure", "committed_on", "support_committed_by_then"),
    ("payment", "paid_on", "payment_made_by_then"),
]


def _do():
    yield (
        "ALTER TABLE dossiers_payment ADD CONSTRAINT payment_id_dossier UNIQUE (id, dossier_id);"
    )
    for of, column, to, name in KEYS:
        yield f"""
ALTER TABLE dossiers_{of} ADD CONSTRAINT {name} FOREIGN KEY ({column}, dossier_id)
  REFERENCES dossiers_{to} (id, dossier_id) DEFERRABLE INITIALLY DEFERRED;"""
    for of, column, name in DAYS:
        yield f"""
ALTER TABLE dossiers_{of} ADD CONSTRAINT {name}
  CHECK ({column} <= (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date);"""


def _undo():
    for of, _column, name in DAYS:
        yield f"ALTER TABLE dossiers_{of} DROP CONSTRAINT {name};"
    for of, _column, _to, name in KEYS:
        yield f"ALTER TABLE dossiers_{of} DROP CONSTRAINT {name};"
    yield "ALTER TABLE dossiers_payment DROP CONSTRAINT payment_id_dossier;"


def revoke(apps, schema_editor):
    """What was recorded stays as it is: corrections are new rows."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_payment FROM {role}")


def amount(name, **more):
    return models.BigIntegerField(
        name, validators=[django.core.validators.MinValueValidator(0)], **more
    )


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0050_targets_and_terms_of_the_ledger"),
        ("dossiers", "0073_required_training"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "supportmeasure",
            "source",
            models.CharField(
                "loại nguồn vốn",
                max_length=10,
                choices=[
                    ("programme", "Vốn của Chương trình OCOP"),
                    ("other", "Lồng ghép, nguồn khác"),
                    ("own", "Vốn của chủ thể"),
                ],
                blank=True,
                db_default="",
            ),
        ),
        migrations.AddField(
            "supportmeasure",
            "committed",
            amount("kinh phí đã cam kết (đồng)", null=True, blank=True),
        ),
        migrations.AddField(
            "supportmeasure",
            "committed_on",
            models.DateField("ngày cam kết", null=True, blank=True),
        ),
        migrations.AddField(
            "supportmeasure",
            "result",
            models.TextField("kết quả đạt được", blank=True, db_default=""),
        ),
        migrations.AlterField(
            "supportmeasure",
            "paid",
            amount("đã chi từ trước, không rõ từng lần (đồng)", default=0),
        ),
        migrations.AddField(
            "supportmeasure",
            "cycle",
            models.ForeignKey(
                null=True,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="supportmeasures",
                to="cycle.cycle",
                verbose_name="chu trình",
            ),
        ),
        migrations.AddField(
            "supportmeasure",
            "first",
            models.ForeignKey(
                null=True,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="dossiers.supportmeasure",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            "supportmeasure",
            "cycle",
            models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="supportmeasures",
                to="cycle.cycle",
                verbose_name="chu trình",
            ),
        ),
        migrations.AddConstraint(
            "supportmeasure",
            models.CheckConstraint(
                condition=models.Q(source__in=["", "programme", "other", "own"]),
                name="support_source_known",
            ),
        ),
        migrations.AddConstraint(
            "supportmeasure",
            models.CheckConstraint(
                condition=models.Q(committed=None, committed_on=None)
                | models.Q(committed__gte=0, committed_on__isnull=False),
                name="support_committed_on_a_day",
            ),
        ),
        migrations.AddConstraint(
            "supportmeasure",
            models.CheckConstraint(
                condition=models.Q(first=None, replaces=None)
                | models.Q(first__isnull=False, replaces__isnull=False),
                name="support_first_of_what_it_replaces",
            ),
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(editable=False, verbose_name="lúc")),
                ("amount", amount("số tiền chi (đồng)")),
                ("paid_on", models.DateField(verbose_name="ngày chi")),
                ("voucher", models.CharField(max_length=200, verbose_name="chứng từ")),
                ("note", models.TextField(blank=True, verbose_name="ghi chú, giải trình")),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="dossiers.dossier",
                        verbose_name="hồ sơ",
                    ),
                ),
                (
                    "measure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="dossiers.supportmeasure",
                        verbose_name="nội dung hỗ trợ",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="người nhập",
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="dossiers.payment",
                        verbose_name="thay cho",
                    ),
                ),
            ],
            options={
                "verbose_name": "lần chi hỗ trợ",
                "ordering": ["pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(amount__gt=0)
                        | models.Q(amount=0, replaces__isnull=False),
                        name="payment_of_something",
                    )
                ],
            },
        ),
        migrations.RunSQL("\n".join(_do()), "\n".join(_undo())),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

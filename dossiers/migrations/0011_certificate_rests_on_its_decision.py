"""A certificate names its decision, its issuer, and product and producer as of its day.

Rows of before get the names of today, the decision only where the history names it, and are marked;
so is a number that an older row has too.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import F, Q

import cycle.models.folding

#: Unit by unit upwards to the province; none for what the centre certified.
NAMES = """
UPDATE dossiers_certificate c SET
  before = TRUE,
  product_name = p.name, product_group = p."group",
  producer_name = m.name, producer_address = m.address,
  issuer_id = CASE
    WHEN EXISTS (SELECT FROM cycle_historyentry h
                 WHERE h.stream = 'dossier' AND h.stream_id = d.id
                   AND h.event = 'dossier.record_centre_result'
                   AND h.data->'records' @> jsonb_build_array(
                         jsonb_build_array('certificate', c.id))) THEN NULL
    WHEN u.level = 'province' THEN u.id
    WHEN u1.level = 'province' THEN u1.id
    WHEN u2.level = 'province' THEN u2.id
  END
FROM dossiers_dossier d
JOIN dossiers_product p ON p.id = d.product_id
JOIN dossiers_producer m ON m.id = p.producer_id
JOIN cycle_orgunit u ON u.id = d.commune_id
LEFT JOIN cycle_orgunit u1 ON u1.id = u.parent_id
LEFT JOIN cycle_orgunit u2 ON u2.id = u1.parent_id
WHERE d.id = c.dossier_id
"""
#: Certain is one paper in the line of history that gave the certificate.
DECISIONS = """
UPDATE dossiers_certificate c SET decision_id = given.document
FROM (
  SELECT (r->>1)::bigint AS certificate, min((o->>1)::bigint) AS document
  FROM cycle_historyentry h,
       jsonb_array_elements(h.data->'records') r,
       jsonb_array_elements(h.data->'records') o
  WHERE h.stream = 'dossier'
    AND h.event IN ('dossier.certify', 'dossier.record_centre_result')
    AND r->>0 = 'certificate' AND o->>0 = 'officialdocument'
  GROUP BY 1 HAVING count(*) = 1
) AS given
WHERE c.id = given.certificate
"""
REPEATS = """
UPDATE dossiers_certificate c SET number_repeats = TRUE
FROM (
  SELECT id, row_number() OVER (
    PARTITION BY issuer_id, extract(year FROM issued_on), folded_number ORDER BY id
  ) AS nth
  FROM dossiers_certificate WHERE number <> ''
) AS told
WHERE c.id = told.id AND told.nth > 1
"""


def text(verbose_name, length, **kwargs):
    """A column that old rows get filled below."""
    return models.CharField(
        verbose_name, max_length=length, editable=False, default="", **kwargs
    )


GROUPS = [
    ("food", "Thực phẩm"),
    ("drink", "Đồ uống"),
    ("herbs", "Dược liệu và sản phẩm từ dược liệu"),
    ("handicraft", "Thủ công mỹ nghệ"),
    ("ornamental", "Sinh vật cảnh"),
    ("community_tourism", "Du lịch cộng đồng, sinh thái"),
    ("fabrics_and_garments", "Vải và may mặc"),
    ("souvenirs_furniture_decoration", "Lưu niệm, nội thất, trang trí"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0009_history_head"),
        ("dossiers", "0010_asked_since"),
    ]

    operations = [
        migrations.AddField(
            "task", "signed_at", models.DateTimeField(null=True, verbose_name="đã ký lúc")
        ),
        migrations.AddField(
            "evidence",
            "after_council",
            models.BooleanField(
                default=False, editable=False, verbose_name="bổ sung sau hội đồng"
            ),
        ),
        migrations.AddField(
            "officialdocument",
            "folded_number",
            models.GeneratedField(
                db_persist=True,
                expression=cycle.models.folding.FoldNumber(F("number")),
                output_field=models.TextField(),
            ),
        ),
        # What a generated column is made of cannot be changed.
        migrations.RemoveIndex("certificate", "certificate_look_up"),
        migrations.RemoveField("certificate", "folded_number"),
        migrations.AddField(
            "certificate",
            "folded_number",
            models.GeneratedField(
                db_persist=True,
                expression=cycle.models.folding.FoldNumber(F("number")),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            "certificate", models.Index(fields=["folded_number"], name="certificate_look_up")
        ),
        migrations.AddField(
            "certificate",
            "decision",
            models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="certificates",
                to="dossiers.officialdocument",
                verbose_name="quyết định công nhận",
            ),
        ),
        migrations.AddField(
            "certificate",
            "issuer",
            models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cycle.orgunit",
            ),
        ),
        migrations.AddField(
            "certificate", "product_name", text("tên sản phẩm", 200), preserve_default=False
        ),
        migrations.AddField(
            "certificate",
            "product_group",
            text("nhóm sản phẩm", 40, choices=GROUPS),
            preserve_default=False,
        ),
        migrations.AddField(
            "certificate", "producer_name", text("tên chủ thể", 200), preserve_default=False
        ),
        migrations.AddField(
            "certificate",
            "producer_address",
            models.CharField(blank=True, default="", editable=False, max_length=250),
            preserve_default=False,
        ),
        migrations.AddField(
            "certificate", "before", models.BooleanField(default=False, editable=False)
        ),
        migrations.AddField(
            "certificate", "number_repeats", models.BooleanField(default=False, editable=False)
        ),
        migrations.RunSQL(NAMES, migrations.RunSQL.noop),
        migrations.RunSQL(DECISIONS, migrations.RunSQL.noop),
        migrations.RunSQL(REPEATS, migrations.RunSQL.noop),
        # The keys of the rows just filled are checked now, not at the end: a table that waits for
        # a check takes no constraint.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "certificate",
            models.CheckConstraint(
                condition=Q(before=True) | Q(decision__isnull=False),
                name="certificate_rests_on_a_decision",
            ),
        ),
        migrations.AddConstraint(
            "certificate",
            models.UniqueConstraint(
                F("issuer"),
                django.db.models.functions.datetime.ExtractYear("issued_on"),
                F("folded_number"),
                name="certificate_number_once",
                condition=Q(number_repeats=False) & ~Q(number=""),
                nulls_distinct=False,
            ),
        ),
    ]

"""One installation serves one province; a second one of before says that it is one too many."""

from django.db import migrations, models
from django.db.models import Count


def mark(apps, schema_editor):
    """Of several provinces without an end the one with most units below it counts."""
    units = apps.get_model("cycle", "OrgUnit").objects
    provinces = units.filter(level="province", valid_to=None)
    counted = provinces.annotate(below=Count("children")).order_by("-below", "pk")
    provinces.filter(pk__in=[unit.pk for unit in counted[1:]]).update(doubled=True)


class Migration(migrations.Migration):
    dependencies = [("cycle", "0019_day_one")]

    operations = [
        migrations.AddField(
            model_name="orgunit",
            name="doubled",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="orgunit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("doubled", False), ("level", "province"), ("valid_to", None)),
                fields=("level",),
                name="org_unit_one_province",
            ),
        ),
    ]

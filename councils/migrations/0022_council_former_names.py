"""A council remembers what it was called before: its minutes keep the name of their day."""

from django.db import migrations, models

FORMER = """
CREATE TRIGGER former_names BEFORE UPDATE ON councils_council FOR EACH ROW
  WHEN ((OLD.name, OLD.former_names) IS DISTINCT FROM (NEW.name, NEW.former_names))
  EXECUTE FUNCTION former_names('name');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("councils", "0021_repeats"),
        ("cycle", "0027_former_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="council",
            name="former_names",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list, editable=False
            ),
        ),
        migrations.RunSQL(FORMER),
    ]

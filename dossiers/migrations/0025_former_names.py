"""A product and a producer remember what they were called before."""

from django.db import migrations, models

FORMER = """
CREATE TRIGGER former_names BEFORE UPDATE ON dossiers_product FOR EACH ROW
  WHEN ((OLD.name, OLD.former_names) IS DISTINCT FROM (NEW.name, NEW.former_names))
  EXECUTE FUNCTION former_names('name');
CREATE TRIGGER former_names BEFORE UPDATE ON dossiers_producer FOR EACH ROW
  WHEN ((OLD.name, OLD.former_names) IS DISTINCT FROM (NEW.name, NEW.former_names))
  EXECUTE FUNCTION former_names('name');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('dossiers', '0024_year_that_stands'),
        ('cycle', '0027_former_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='producer',
            name='former_names',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False),
        ),
        migrations.AddField(
            model_name='product',
            name='former_names',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False),
        ),
        migrations.RunSQL(FORMER),
    ]

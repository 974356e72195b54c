"""No round is set up in a year that was struck out as opened by mistake."""

from django.db import migrations

STANDS = """
CREATE TRIGGER stands_in_its_year BEFORE INSERT OR UPDATE OF cycle_id ON councils_evaluationround
  FOR EACH ROW EXECUTE FUNCTION stands_in_its_year();
"""
UNDO = "DROP TRIGGER stands_in_its_year ON councils_evaluationround"


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0016_year_opens'),
        ('dossiers', '0024_year_that_stands'),
    ]

    operations = [migrations.RunSQL(STANDS, UNDO)]

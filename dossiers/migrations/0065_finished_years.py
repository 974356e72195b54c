"""A year is closed when nobody works on a dossier of it any more, and nothing begins in it then.

Whoever begins something in a year waits for who closes it, and finds it closed. What works on in a
year that was closed before this release stays where it is until it is carried over.
"""

from django.conf import settings
from django.db import migrations

#: The states in which somebody has a task and no certificate was given, as of this release.
AT_WORK = """'potential', 'idea_registered', 'idea_returned', 'idea_screened', 'idea_selected',
    'plan_submitted', 'plan_returned', 'plan_checked', 'implementing', 'assembling',
    'dossier_submitted', 'supplement_requested', 'commune_checked', 'at_district',
    'district_evaluating', 'district_ranked', 'at_province', 'province_evaluating', 'ranked',
    'awaiting_decision', 'at_centre'"""

FINISHED = f"""
CREATE FUNCTION dossier_year_is_open() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE over boolean;
BEGIN
  IF NEW.void OR NEW.state NOT IN ({AT_WORK}) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.cycle_id = NEW.cycle_id AND OLD.state IN ({AT_WORK}) THEN
    RETURN NULL;
  END IF;
  SELECT closed_on IS NOT NULL INTO over FROM public.cycle_cycle WHERE id = NEW.cycle_id
  FOR KEY SHARE;
  IF over THEN
    RAISE EXCEPTION 'the year % is closed: nothing begins in it', NEW.cycle_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'dossier_year_is_open';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER dossier_year_is_open AFTER INSERT OR UPDATE OF state, cycle_id, void
ON dossiers_dossier FOR EACH ROW EXECUTE FUNCTION dossier_year_is_open();

CREATE FUNCTION year_closing_finished() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.cycle_cycle WHERE id = NEW.cycle_id AND closed_on IS NOT NULL
  ) OR EXISTS (
    SELECT FROM public.dossiers_dossier
    WHERE cycle_id = NEW.cycle_id AND NOT void AND state IN ({AT_WORK})
  ) THEN
    RAISE EXCEPTION 'the year % is open, or a dossier of it is not finished', NEW.cycle_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'year_closing_finished';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER year_closing_finished AFTER INSERT
ON dossiers_yearclosing FOR EACH ROW EXECUTE FUNCTION year_closing_finished();
"""
GONE = """
DROP TRIGGER dossier_year_is_open ON dossiers_dossier;
DROP FUNCTION dossier_year_is_open();
DROP TRIGGER year_closing_finished ON dossiers_yearclosing;
DROP FUNCTION year_closing_finished();
"""


def revoke(apps, schema_editor):
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_yearclosing FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0064_year_closing")]

    operations = [
        migrations.RunSQL(FINISHED, GONE),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

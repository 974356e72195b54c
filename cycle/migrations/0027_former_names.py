"""A unit and a person remember what they were called before."""

from django.db import migrations, models

FORMER = """
-- The name of a row is the first of the columns named by the trigger that is not empty.
CREATE FUNCTION former_names() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE part text; was text; becomes text;
BEGIN
  NEW.former_names := OLD.former_names;
  FOREACH part IN ARRAY TG_ARGV LOOP
    was := coalesce(was, nullif(to_jsonb(OLD) ->> part, ''));
    becomes := coalesce(becomes, nullif(to_jsonb(NEW) ->> part, ''));
  END LOOP;
  IF was IS DISTINCT FROM becomes THEN
    NEW.former_names := NEW.former_names || jsonb_build_object('name', was, 'until',
      to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER former_names BEFORE UPDATE ON cycle_user FOR EACH ROW
  WHEN ((OLD.full_name, OLD.username, OLD.former_names)
        IS DISTINCT FROM (NEW.full_name, NEW.username, NEW.former_names))
  EXECUTE FUNCTION former_names('full_name', 'username');
CREATE TRIGGER former_names BEFORE UPDATE ON cycle_orgunit FOR EACH ROW
  WHEN ((OLD.name, OLD.former_names) IS DISTINCT FROM (NEW.name, NEW.former_names))
  EXECUTE FUNCTION former_names('name');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0026_payload_version_2'),
    ]

    operations = [
        migrations.AddField(
            model_name='orgunit',
            name='former_names',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='former_names',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False),
        ),
        migrations.RunSQL(FORMER),
    ]

"""A post, seat or substitution is given to somebody who is there: the key itself is asked only at
the end of the transaction, and meanwhile nobody could say whether they are of the administration.
"""

from django.db import migrations

DO = """
CREATE OR REPLACE FUNCTION post_not_of_administration() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE person bigint; administers boolean;
BEGIN
  person := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
  SELECT is_staff OR is_superuser INTO administers FROM cycle_user WHERE id = person FOR SHARE;
  IF administers IS DISTINCT FROM false THEN
    RAISE EXCEPTION 'user % is of the administration, or not there', person
      USING ERRCODE = 'check_violation', CONSTRAINT = 'post_not_of_administration';
  END IF;
  RETURN NULL;
END $$;
"""
UNDO = DO.replace("administers IS DISTINCT FROM false", "administers").replace(
    ", or not there", ""
)


class Migration(migrations.Migration):
    dependencies = [("cycle", "0017_one_paper_owed")]
    operations = [migrations.RunSQL(DO, UNDO)]

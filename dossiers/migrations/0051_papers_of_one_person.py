"""A request is of one person: of all their accounts and of all that they stand for."""

from importlib import import_module

from django.db import migrations

ERASE = import_module("dossiers.migrations.0043_erasure_guards").ERASE

ONE_PERSON = """
-- The telephone numbers in ``said``, each from its 0.
CREATE FUNCTION telephones(said text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(array_agg(number), '{}') FROM (
    SELECT regexp_replace(regexp_replace(part, '[^0-9]', '', 'g'), '^(0084|84(?=[0-9]{9}$))', '0')
    FROM regexp_split_to_table(said, '[,;/]|\\s[-–—]\\s') AS part) AS found (number)
  WHERE length(number) >= 9
$$;

-- Names and telephone numbers of whom an erasure is: of an account, or of who stands for a producer;
-- a household is called by who it is.
CREATE FUNCTION erasure_whose(person bigint, producer bigint)
RETURNS TABLE (name text, phones text[])
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.full_name, telephones(u.phone) FROM cycle_user u WHERE u.id = person
  UNION ALL
  SELECT p.representative, telephones(p.phone) FROM dossiers_producer p WHERE p.id = producer
  UNION ALL
  SELECT p.name, telephones(p.phone) FROM dossiers_producer p
  WHERE p.id = producer AND p.owner_type = 'household'
$$;

-- Whether both are one person: the same row, or of one name with one telephone number.
CREATE FUNCTION is_one_person(person bigint, producer bigint,
                                      other_person bigint, other_producer bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT (person, producer) IS NOT DISTINCT FROM (other_person, other_producer) OR EXISTS (
    SELECT FROM erasure_whose(person, producer) AS mine
    JOIN erasure_whose(other_person, other_producer) AS its ON mine.phones && its.phones
      AND (names_them(mine.name, its.name) OR names_them(its.name, mine.name)))
$$;
"""

_BEFORE = """\
         (made.person_id, made.producer_id) IS DISTINCT FROM (NEW.person_id, NEW.producer_id)
           AS another) AS same
"""
_AFTER = """\
         NOT is_one_person(made.person_id, made.producer_id, NEW.person_id, NEW.producer_id)
           AS another) AS same
"""
if ERASE.count(_BEFORE) != 1:
    raise ValueError(_BEFORE)


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0050_goes_on_at_the_successor")]

    operations = [migrations.RunSQL(ONE_PERSON), migrations.RunSQL(ERASE.replace(_BEFORE, _AFTER))]

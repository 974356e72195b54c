"""An entry takes a number of its own; corrections of a producer, whom to call, what was looked for
are sealed.
"""

from django.db import migrations

#: That of 0026, with these: rows of before stay as they are, their chains hold.
CHAIN = """
CREATE OR REPLACE FUNCTION history_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  head record;
  words jsonb := '{}';
  salts jsonb;
  part text;
  -- The keys of data that may name a person or quote one.
  personal text[] := '{to,holder,who,username,document_signer,signer,interest,why,query,filter}';
BEGIN
  -- Not the writer's: what is written here below would stay when the row itself is passed over, as
  -- ON CONFLICT DO NOTHING does with a number that is there.
  NEW.id := nextval('public.cycle_historyentry_id_seq');
  NEW.version := 2;
  NEW.recorded_at := statement_timestamp();
  NEW.transaction := pg_current_xact_id()::text::bigint;
  NEW.unit_name := '';
  NEW.sealed := '{}';
  IF NEW.org_unit_id IS NOT NULL THEN
    NEW.unit_name := coalesce((SELECT name FROM cycle_orgunit WHERE id = NEW.org_unit_id), '');
  END IF;
  -- Personal text goes into a row of its own, which an erasure may empty.
  IF NEW.actor_id IS NOT NULL THEN
    words := jsonb_build_object('actor', coalesce((
      SELECT coalesce(nullif(full_name, ''), username) FROM cycle_user
      WHERE id = NEW.actor_id), ''));
  END IF;
  IF NEW.acting_for_id IS NOT NULL THEN
    words := words || jsonb_build_object('acting_for', coalesce((
      SELECT coalesce(nullif(full_name, ''), username) FROM cycle_user
      WHERE id = NEW.acting_for_id), ''));
  END IF;
  IF NEW.reason <> '' THEN
    words := words || jsonb_build_object('reason', NEW.reason);
    NEW.reason := '';
  END IF;
  IF (NEW.stream IN ('person', 'producer') OR NEW.event = 'office.contact')
     AND NEW.label <> '' THEN
    words := words || jsonb_build_object('label', NEW.label);
    NEW.label := '';
  END IF;
  -- Acts of a dossier correct its producer too; of a year, only what was held names people.
  IF NEW.stream IN ('person', 'producer', 'product', 'dossier') OR NEW.event = 'outreach.correct' THEN
    personal := personal || 'changed'::text;
  END IF;
  -- Whom to call, by name and telephone; whom before.
  IF NEW.event = 'office.contact' THEN
    personal := personal || 'was'::text;
  END IF;
  IF NEW.data ?| personal THEN
    FOREACH part IN ARRAY personal LOOP
      IF NEW.data -> part <> 'null' THEN
        words := words || jsonb_build_object('data.' || part, NEW.data -> part);
        NEW.data := NEW.data - part;
      END IF;
    END LOOP;
  END IF;
  IF words <> '{}' THEN
    SELECT jsonb_object_agg(key, salt),
           jsonb_object_agg(key, encode(sha256(convert_to(salt || value, 'UTF8')), 'hex'))
      INTO salts, NEW.sealed
    FROM (SELECT key, value, replace(gen_random_uuid()::text, '-', '') AS salt
          FROM jsonb_each_text(words)) AS said;
    INSERT INTO cycle_sealedtext (entry_id, words, salts) VALUES (NEW.id, words, salts);
  END IF;
  IF NEW.records = '[]' AND NEW.data ? 'records' THEN
    SELECT jsonb_agg(jsonb_build_array('dossiers.' || (value ->> 0), value -> 1) ORDER BY place)
      INTO NEW.records
    FROM jsonb_array_elements(NEW.data -> 'records') WITH ORDINALITY AS kept (value, place);
  END IF;
  IF NEW.records <> '[]' THEN
    SELECT jsonb_agg(jsonb_build_array(value -> 0, value -> 1,
             history_row_hash(value ->> 0, (value ->> 1)::bigint)) ORDER BY place)
      INTO NEW.records
    FROM jsonb_array_elements(NEW.records) WITH ORDINALITY AS kept (value, place);
  END IF;
  NEW.records := coalesce(NEW.records, '[]');
  LOOP
    SELECT id, seq, hash INTO head FROM cycle_historyhead
    WHERE stream = NEW.stream AND stream_id = NEW.stream_id;
    IF NOT FOUND THEN
      INSERT INTO cycle_historyhead (stream, stream_id, seq, hash)
      VALUES (NEW.stream, NEW.stream_id, 0, '')
      ON CONFLICT (stream, stream_id) DO NOTHING;
      CONTINUE;
    END IF;
    NEW.seq := head.seq + 1;
    NEW.prev_hash := head.hash;
    NEW.payload := history_payload_2(NEW);
    NEW.hash := encode(
      sha256(convert_to(NEW.prev_hash || E'\\n' || NEW.payload, 'UTF8')), 'hex');
    -- Waits for whoever is writing to the same chain; if its end moved meanwhile, read it again.
    UPDATE cycle_historyhead SET seq = NEW.seq, hash = NEW.hash
    WHERE id = head.id AND seq = head.seq;
    EXIT WHEN FOUND;
  END LOOP;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0031_forms_sent_once"),
    ]

    operations = [migrations.RunSQL(CHAIN)]

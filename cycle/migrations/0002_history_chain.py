"""The chain of history, filled by the database, and the rights that keep it."""

from django.conf import settings
from django.db import migrations

CHAIN = """
-- The exact text that is hashed: all that the entry says, in PostgreSQL's own canonical JSON.
CREATE FUNCTION history_payload(e cycle_historyentry) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'version', e.version, 'stream', e.stream, 'stream_id', e.stream_id, 'seq', e.seq,
    'cycle', e.cycle_id, 'event', e.event, 'label', e.label, 'actor', e.actor_id,
    'role', e.role, 'org_unit', e.org_unit_id, 'acting_for', e.acting_for_id,
    'before', e.before, 'after', e.after, 'reason', e.reason, 'data', e.data,
    'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'recorded_at', to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )::text
$$;

-- Runs as the owner: the application itself has no right to move a head.
CREATE FUNCTION history_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE head cycle_historyhead;
BEGIN
  INSERT INTO cycle_historyhead AS h (stream, stream_id, seq, hash)
  VALUES (NEW.stream, NEW.stream_id, 1, '')
  ON CONFLICT (stream, stream_id) DO UPDATE SET seq = h.seq + 1
  RETURNING * INTO head;
  NEW.seq := head.seq;
  NEW.version := 1;
  NEW.recorded_at := statement_timestamp();
  NEW.prev_hash := head.hash;
  NEW.payload := history_payload(NEW);
  NEW.hash := encode(sha256(convert_to(NEW.prev_hash || E'\\n' || NEW.payload, 'UTF8')), 'hex');
  UPDATE cycle_historyhead SET hash = NEW.hash WHERE id = head.id;
  RETURN NEW;
END $$;

CREATE TRIGGER history_chain BEFORE INSERT ON cycle_historyentry
  FOR EACH ROW EXECUTE FUNCTION history_chain();
"""
UNCHAIN = """
DROP TRIGGER history_chain ON cycle_historyentry;
DROP FUNCTION history_chain();
DROP FUNCTION history_payload(cycle_historyentry);
"""


def revoke(apps, schema_editor):
    """The application adds to history and reads it; it never rewrites, removes or empties it."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON cycle_historyentry, cycle_ruleset FROM {role}"
    )
    schema_editor.execute(f"REVOKE ALL ON cycle_historyhead FROM {role}")
    schema_editor.execute(f"GRANT SELECT ON cycle_historyhead TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cycle", "0001_initial")]
    operations = [
        migrations.RunSQL(CHAIN, UNCHAIN),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

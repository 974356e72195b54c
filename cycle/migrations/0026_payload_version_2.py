"""Version 2 of what history hashes: names of the day, rows and files by hash, words with salt.

See docs/decisions/0009-payload-version-2.md. Version 1 stays equal to the byte.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PAYLOAD = """
-- Version 1 is left as it was: its rows are proved by it.
ALTER FUNCTION history_payload(cycle_historyentry) RENAME TO history_payload_1;

-- As jsonb_build_object(...)::text would write it: keys by length, then by letters. With RETURN its
-- names are bound here, once, so that the trigger and the check may take it in instead of calling it:
-- that is half of what an entry costs. Who changes the type of a column drops and makes it again.
CREATE FUNCTION history_payload_2(e cycle_historyentry) RETURNS text
LANGUAGE sql STABLE
RETURN '{"at": "' || to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '", "seq": ' || e.seq
    || ', "data": ' || e.data
    || ', "role": ' || to_json(e.role)
    || ', "unit": ' || to_json(e.unit_name)
    || ', "actor": ' || coalesce(e.actor_id::text, 'null')
    || ', "after": ' || to_json(e.after)
    || ', "cycle": ' || coalesce(e.cycle_id::text, 'null')
    || ', "event": ' || to_json(e.event)
    || ', "files": ' || e.files
    || ', "label": ' || to_json(e.label)
    || ', "before": ' || to_json(e.before)
    || ', "ledger": ' || coalesce(e.ledger::text, 'null')
    || ', "reason": ' || to_json(e.reason)
    || ', "sealed": ' || e.sealed
    || ', "stream": ' || to_json(e.stream)
    || ', "changed": ' || e.changed
    || ', "records": ' || e.records
    || ', "version": ' || e.version
    || ', "org_unit": ' || coalesce(e.org_unit_id::text, 'null')
    || ', "stream_id": ' || e.stream_id
    || ', "acting_for": ' || coalesce(e.acting_for_id::text, 'null')
    || ', "recorded_at": "'
    || to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '", "transaction": ' || coalesce(e.transaction::text, 'null') || '}';

CREATE FUNCTION history_payload(e cycle_historyentry) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT CASE e.version WHEN 1 THEN history_payload_1(e) ELSE history_payload_2(e) END
$$;

-- SHA-256 of a row as PostgreSQL's canonical JSON, moments in UTC, without what the database
-- computes from other columns. NULL: there is no such row, or it is none of ours.
CREATE FUNCTION history_row_hash(model text, key bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  named text := replace(model, '.', '_');
  filled text[];
  stored jsonb;
BEGIN
  IF model !~ '^(cycle|dossiers|councils|notifications)[.][a-z]+$'
     OR to_regclass('public.' || named) IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(array_agg(attname::text), '{}') INTO filled FROM pg_attribute
  WHERE attrelid = to_regclass('public.' || named) AND attnum > 0 AND attgenerated <> '';
  EXECUTE format('SELECT to_jsonb(t) - $2 FROM public.%I t WHERE t.id = $1', named)
    INTO stored USING key, filled;
  RETURN encode(sha256(convert_to(stored::text, 'UTF8')), 'hex');
END $$;

CREATE OR REPLACE FUNCTION history_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  head record;
  words jsonb := '{}';
  salts jsonb;
  part text;
  -- The keys of data that may name a person or quote one.
  personal text[] := '{to,holder,who,username,document_signer,signer,interest,why,query}';
BEGIN
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
  IF NEW.stream IN ('person', 'producer') AND NEW.label <> '' THEN
    words := words || jsonb_build_object('label', NEW.label);
    NEW.label := '';
  END IF;
  IF NEW.stream IN ('person', 'producer') THEN
    personal := personal || 'changed'::text;
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


def revoke(apps, schema_editor):
    """The database alone writes the words, and the owner alone empties one."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    tables = "cycle_sealedtext, cycle_recordshape"
    schema_editor.execute(f"REVOKE ALL ON {tables} FROM {role}")
    schema_editor.execute(f"GRANT SELECT ON {tables} TO {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0025_year_opens"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecordShape",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SealedText",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sealed_text",
                        serialize=False,
                        to="cycle.historyentry",
                    ),
                ),
                ("words", models.JSONField(default=dict)),
                ("salts", models.JSONField(default=dict)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="historyentry",
            name="history_stream_known",
        ),
        migrations.AddField(
            model_name="historyentry",
            name="changed",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                editable=False,
                verbose_name="cột đã đổi",
            ),
        ),
        migrations.AddField(
            model_name="historyentry",
            name="files",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                editable=False,
                verbose_name="tệp",
            ),
        ),
        migrations.AddField(
            model_name="historyentry",
            name="ledger",
            field=models.BigIntegerField(editable=False, null=True, verbose_name="văn bản"),
        ),
        migrations.AddField(
            model_name="historyentry",
            name="records",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                editable=False,
                verbose_name="bản ghi",
            ),
        ),
        migrations.AddField(
            model_name="historyentry",
            name="sealed",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
                verbose_name="lời riêng đã băm",
            ),
        ),
        migrations.AddField(
            model_name="historyentry",
            name="transaction",
            field=models.BigIntegerField(editable=False, null=True, verbose_name="giao dịch"),
        ),
        migrations.AddField(
            model_name="historyentry",
            name="unit_name",
            field=models.CharField(
                db_default="", editable=False, max_length=200, verbose_name="tên đơn vị"
            ),
        ),
        migrations.AlterField(
            model_name="historyentry",
            name="stream",
            field=models.CharField(
                choices=[
                    ("dossier", "Hồ sơ"),
                    ("round", "Đợt đánh giá"),
                    ("council", "Hội đồng"),
                    ("cycle", "Chu trình"),
                    ("person", "Nhân sự"),
                    ("office", "Văn phòng"),
                    ("config", "Cấu hình"),
                    ("unit", "Đơn vị"),
                    ("producer", "Chủ thể"),
                    ("product", "Sản phẩm"),
                ],
                max_length=12,
                verbose_name="chuỗi",
            ),
        ),
        migrations.AlterField(
            model_name="historyentry",
            name="version",
            field=models.SmallIntegerField(
                db_default=2, editable=False, verbose_name="phiên bản định dạng"
            ),
        ),
        migrations.AddConstraint(
            model_name="historyentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "stream__in",
                        [
                            "dossier",
                            "round",
                            "council",
                            "cycle",
                            "person",
                            "office",
                            "config",
                            "unit",
                            "producer",
                            "product",
                        ],
                    )
                ),
                name="history_stream_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="recordshape",
            constraint=models.UniqueConstraint(
                fields=("model", "columns"), name="record_shape_once"
            ),
        ),
        migrations.RunSQL(PAYLOAD),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]

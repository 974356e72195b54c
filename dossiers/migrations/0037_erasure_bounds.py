"""What an erasure may take is bounded: not of who erases, not what a dossier still needs, and of a
correction only what is personal. An allotment's producers are sealed in the chain of their unit.
"""

from importlib import import_module

from django.db import migrations

#: That of cycle 0034, with this: rows of before stay as they are, their chains hold.
CHAIN = import_module("cycle.migrations.0034_posts_and_seats_sealed").CHAIN
_OPEN, _SEALED = "OR NEW.event = 'outreach.correct' THEN", (
    "OR NEW.event IN ('outreach.correct', 'split.allot') THEN"
)  # fmt: skip
if CHAIN.count(_OPEN) != 1:
    raise ValueError(_OPEN)
CHAIN = CHAIN.replace(_OPEN, _SEALED)

BOUNDS = """
-- Whether somebody may still act on a dossier, so that what was said of it must be read: until its
-- way is over (promoted, revoked, and nothing waits), or, of one that was refused, withdrawn or
-- deferred and could be taken up again, until another dossier of the product goes on or went through.
CREATE FUNCTION dossier_can_go_on(dossier bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM dossiers_dossier d WHERE d.id = dossier AND NOT d.void AND CASE
      WHEN EXISTS (SELECT FROM dossiers_task t
                   WHERE t.dossier_id = d.id AND t.open_state IS NOT NULL) THEN TRUE
      WHEN d.state IN ('promoted', 'revoked') THEN FALSE
      WHEN d.state IN ('idea_not_selected', 'plan_not_approved', 'not_proposed', 'not_recognised',
                       'withdrawn', 'deferred') THEN
        NOT EXISTS (
          SELECT FROM dossiers_dossier later
          WHERE later.product_id = d.product_id AND later.id > d.id AND NOT later.void
            AND later.state NOT IN ('idea_not_selected', 'plan_not_approved', 'not_proposed',
                                    'not_recognised', 'withdrawn', 'deferred'))
      ELSE TRUE END)
$$;

-- Whether all that a correction says before and after is personal: how to reach somebody, who stands
-- for a producer, what a person or a household is called. NULL: it is none that we know.
CREATE FUNCTION history_change_personal(stream text, row_id bigint, changed jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  WITH told (model, id, field, pair) AS (
    SELECT CASE WHEN stream = 'person' THEN 'cycle.user' WHEN stream = 'producer'
             THEN 'dossiers.producer' ELSE stream END, row_id, columns.key, columns.value
    FROM jsonb_each(CASE jsonb_typeof(changed) WHEN 'object' THEN changed ELSE '{}' END) AS columns
    UNION ALL
    SELECT CASE WHEN stream = 'person' THEN 'cycle.user' WHEN stream = 'producer'
             THEN 'dossiers.producer' ELSE stream END, row_id, line ->> 'field', line
    FROM jsonb_array_elements(CASE jsonb_typeof(changed) WHEN 'array' THEN changed ELSE '[]' END)
      AS line WHERE jsonb_typeof(line) = 'object'
    UNION ALL
    SELECT line ->> 0, CASE jsonb_typeof(line -> 1) WHEN 'number' THEN (line ->> 1)::bigint END,
      columns.key, columns.value
    FROM jsonb_array_elements(CASE jsonb_typeof(changed) WHEN 'array' THEN changed ELSE '[]' END)
      AS line CROSS JOIN LATERAL jsonb_each(
        CASE jsonb_typeof(line -> 2) WHEN 'object' THEN line -> 2 ELSE '{}' END) AS columns
    WHERE jsonb_typeof(line) = 'array'
  )
  SELECT bool_and(coalesce(CASE
    WHEN field IN ('phone', 'email', 'representative', 'address') THEN TRUE
    WHEN field IN ('full_name', 'username') THEN model = 'cycle.user'
    WHEN field = 'name' AND model = 'dossiers.producer' THEN
      EXISTS (SELECT FROM dossiers_producer p WHERE p.id = told.id AND p.owner_type = 'household')
    -- Of one and the same household: whose a product is, is no name of anybody.
    WHEN field IN ('producer', 'producer_id') THEN
      changed -> 'producer_id' -> 0 = changed -> 'producer_id' -> 1 AND EXISTS (
        SELECT FROM dossiers_producer p WHERE p.owner_type = 'household'
          AND p.id::text = changed -> 'producer_id' ->> 0)
    ELSE FALSE END, FALSE))
  FROM told
$$;

DROP FUNCTION history_word_stays(text, text, text);
-- Why a text of an entry stays whatever is asked, when ``eraser`` (id) is to take it. NULL: it may be
-- erased. Beside what a duty keeps: what is said of the eraser, what they did, and why something was
-- erased. A part that is not named here stays until somebody has decided about it.
CREATE FUNCTION history_word_stays(e cycle_historyentry, part text, word jsonb, eraser bigint)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT CASE
    WHEN e.stream IN ('round', 'council') THEN 'council'
    WHEN part IN ('actor', 'acting_for') THEN 'act'
    WHEN part IN ('data.signer', 'data.document_signer') THEN 'paper'
    WHEN part IN ('data.to', 'data.holder', 'data.who', 'data.seats')
      OR part = 'label' AND e.event LIKE 'role.%' THEN 'post'
    WHEN part NOT IN ('reason', 'label', 'data.changed', 'data.was', 'data.why', 'data.interest',
                      'data.username', 'data.query', 'data.filter') THEN 'other'
    WHEN e.actor_id = eraser OR e.acting_for_id = eraser
      OR e.stream = 'person' AND e.stream_id = eraser THEN 'own'
    WHEN e.event = 'personal.erase' AND part = 'reason' THEN 'erasure'
    WHEN part = 'data.changed'
      AND history_change_personal(e.stream, e.stream_id, word) IS NOT TRUE THEN 'columns'
    WHEN part IN ('reason', 'data.why') AND e.stream = 'dossier'
      AND dossier_can_go_on(e.stream_id) THEN 'open'
  END
$$;

CREATE OR REPLACE FUNCTION erase_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  emptied bigint;
  today date := (statement_timestamp() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
BEGIN
  IF jsonb_typeof(NEW.texts) <> 'array' OR NEW.texts = '[]' OR EXISTS (
       SELECT FROM jsonb_array_elements(NEW.texts) AS told GROUP BY told
       HAVING count(*) > 1 OR jsonb_typeof(told) <> 'array' OR jsonb_array_length(told) <> 2
         OR jsonb_typeof(told -> 0) <> 'number' OR jsonb_typeof(told -> 1) <> 'string') THEN
    RAISE EXCEPTION 'an erasure names each of its texts once'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  IF NOT EXISTS (
       SELECT FROM cycle_roleassignment held
       JOIN cycle_orgunit unit ON unit.id = held.org_unit_id AND unit.level = 'province'
       JOIN cycle_user who ON who.id = held.user_id AND who.is_active
       WHERE held.user_id = NEW.made_by_id AND held.role = 'leader' AND held.valid_from <= today
         AND (held.valid_to IS NULL OR held.valid_to >= today)) THEN
    RAISE EXCEPTION 'only who leads the province erases'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  IF NEW.signed_on > today OR NEW.made_at > statement_timestamp() + interval '1 day'
     OR NEW.made_at < statement_timestamp() - interval '1 day'
     OR NEW.sha256 !~ '^[0-9a-f]{64}$' THEN
    RAISE EXCEPTION 'an erasure is of today, on a paper that is signed and scanned'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  IF EXISTS (
       SELECT FROM jsonb_array_elements(NEW.texts) AS told
       JOIN cycle_historyentry e ON e.id = (told ->> 0)::bigint
       JOIN cycle_sealedtext s ON s.entry_id = e.id
       WHERE s.words ? (told ->> 1) AND history_word_stays(
           e, told ->> 1, s.words -> (told ->> 1), NEW.made_by_id) IS NOT NULL) THEN
    RAISE EXCEPTION 'this text stays'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  WITH named AS (
    SELECT (told ->> 0)::bigint AS entry_id, array_agg(told ->> 1) AS parts
    FROM jsonb_array_elements(NEW.texts) AS told GROUP BY 1
  ), gone AS (
    UPDATE cycle_sealedtext s SET words = s.words - parts, salts = s.salts - parts,
      erased_by = s.erased_by || (SELECT jsonb_object_agg(part, NEW.id) FROM unnest(parts) AS part)
    FROM named WHERE s.entry_id = named.entry_id AND s.words ?& parts
    RETURNING cardinality(parts) AS many
  )
  SELECT coalesce(sum(many), 0) INTO emptied FROM gone;
  IF emptied <> jsonb_array_length(NEW.texts) THEN
    RAISE EXCEPTION 'a text is not there, or was erased before'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0036_sent_alike"),
        ("dossiers", "0036_visits_told"),
    ]

    operations = [migrations.RunSQL(CHAIN), migrations.RunSQL(BOUNDS)]

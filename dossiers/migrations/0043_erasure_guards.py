"""What an erasure may take is bounded further: not what rests on a paper that who erases signed, not
while a certificate may be taken back; and a paper is of one person's request.
"""

from importlib import import_module

from django.db import migrations

from cycle.letters import FoldNumber, PlainWords

_SAID, _CALLED = (PlainWords.template % {"expressions": name} for name in ("said", "called"))

SIGNED = f"""
-- Whether the text ``said`` names the person ``called`` so: with all the words of the name, in any
-- order and run together too, whatever is beside them; or with several of these words and no other.
-- cycle/models/folding.py has its twin.
CREATE FUNCTION names_them(said text, called text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT mine <> '{{}}' AND told <> '{{}}' AND (
    mine <@ told
    OR told <@ mine AND cardinality(ARRAY(SELECT DISTINCT unnest(told))) > 1
    OR EXISTS (SELECT FROM generate_series(1, cardinality(told)) AS i,
                           generate_series(i, cardinality(told)) AS j
               WHERE array_to_string(told[i:j], '') = array_to_string(mine, '')))
  FROM (SELECT string_to_array({_SAID}, ' ') AS told,
               string_to_array({_CALLED}, ' ') AS mine) AS words
$$;

-- Who signed what a row is or rests on: of its own columns, or of its document in the ledger.
CREATE FUNCTION row_signers(model text, key bigint) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named text := replace(model, '.', '_');
  kept jsonb;
BEGIN
  IF model !~ '^(cycle|dossiers|councils|notifications)[.][a-z]+$'
     OR to_regclass('public.' || named) IS NULL THEN
    RETURN '{{}}';
  END IF;
  EXECUTE format('SELECT to_jsonb(t) FROM public.%I t WHERE t.id = $1', named) INTO kept USING key;
  RETURN ARRAY[kept ->> 'signer', kept ->> 'document_signer'] || CASE
    WHEN kept ->> 'document_id' ~ '^[0-9]+$'
      THEN row_signers('cycle.document', (kept ->> 'document_id')::bigint)
    ELSE '{{}}' END;
END $$;

-- Whether ``who`` (id) signed what an entry rests on: the paper that it names, that is saved with it
-- or in the ledger, one of the round that it follows from; or that of the same act in a dossier.
CREATE FUNCTION history_signed_by(e cycle_historyentry, who bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  signers text[];
  told cycle_historyentry;
BEGIN
  SELECT ARRAY[s.words ->> 'data.signer', s.words ->> 'data.document_signer'] INTO signers
  FROM cycle_sealedtext s WHERE s.entry_id = e.id;
  signers := coalesce(signers, '{{}}') || ARRAY(
    SELECT unnest(row_signers(kept ->> 0, (kept ->> 1)::bigint))
    FROM jsonb_array_elements(e.records) AS kept
    UNION ALL
    SELECT unnest(row_signers('cycle.document', (to_jsonb(e) ->> 'ledger')::bigint))
    UNION ALL
    SELECT unnest(row_signers('councils.signeddocument', made.id))
    FROM cycle_historyentry closed
    JOIN councils_signeddocument made ON made.round_id = closed.stream_id
    WHERE closed.stream = 'round' AND closed.id::text = e.data ->> 'authority');
  IF EXISTS (
       SELECT FROM unnest(signers) AS signer, cycle_user u
       CROSS JOIN LATERAL (SELECT u.full_name UNION ALL
                           SELECT former ->> 'name' FROM jsonb_array_elements(u.former_names) AS former
                          ) AS called (name)
       WHERE u.id = who AND names_them(signer, called.name)) THEN
    RETURN TRUE;
  END IF;
  IF e.stream IN ('producer', 'product') AND e.data ->> 'dossier' ~ '^[0-9]+$' THEN
    FOR told IN SELECT * FROM cycle_historyentry same
                WHERE same.stream = 'dossier' AND same.stream_id = (e.data ->> 'dossier')::bigint
                  AND same.at = e.at LOOP
      IF history_signed_by(told, who) THEN
        RETURN TRUE;
      END IF;
    END LOOP;
  END IF;
  RETURN FALSE;
END $$;

-- As of 0037, with what they signed.
CREATE OR REPLACE FUNCTION history_word_stays(
  e cycle_historyentry, part text, word jsonb, eraser bigint) RETURNS text
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
      OR e.stream = 'person' AND e.stream_id = eraser OR history_signed_by(e, eraser) THEN 'own'
    WHEN e.event = 'personal.erase' AND part = 'reason' THEN 'erasure'
    WHEN part = 'data.changed'
      AND history_change_personal(e.stream, e.stream_id, word) IS NOT TRUE THEN 'columns'
    WHEN part IN ('reason', 'data.why') AND e.stream = 'dossier'
      AND dossier_can_go_on(e.stream_id) THEN 'open'
  END
$$;
"""


_NEW, _MADE = (
    FoldNumber.template % {"expressions": f"{row}.number"} for row in ("NEW", "made")
)
#: That of 0037, with these. What was erased before stays as it is.
BOUNDS = import_module("dossiers.migrations.0037_erasure_bounds").BOUNDS
ERASE = BOUNDS[BOUNDS.index("CREATE OR REPLACE FUNCTION erase_words()") :]
_ADDED = {
    # Whose paper it is, and whose texts; of a paper that was used before, what for.
    "  IF EXISTS (\n       SELECT FROM jsonb_array_elements(NEW.texts) AS told\n       JOIN": f"""\
  IF EXISTS (
       SELECT FROM cycle_user u
       CROSS JOIN LATERAL (SELECT u.full_name UNION ALL
                           SELECT former ->> 'name' FROM jsonb_array_elements(u.former_names) AS former
                          ) AS called (name)
       LEFT JOIN dossiers_producer p ON p.id = NEW.producer_id
       WHERE u.id = NEW.made_by_id AND (
         names_them(NEW.signer, called.name) OR names_them(p.representative, called.name)
         OR p.owner_type = 'household' AND names_them(p.name, called.name))) THEN
    RAISE EXCEPTION 'nobody signs the paper of their own act, nor erases what is theirs'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  -- One erasure after another: the second looks when the first is there or gone.
  PERFORM pg_advisory_xact_lock(hashtextextended('dossiers_erasure', 0));
  IF EXISTS (
       SELECT FROM dossiers_erasure made
       CROSS JOIN LATERAL (SELECT
         made.sha256 = NEW.sha256 AS scan,
         extract(year FROM made.signed_on) = extract(year FROM NEW.signed_on)
           AND {_MADE} = {_NEW} AS number,
         (made.person_id, made.producer_id) IS DISTINCT FROM (NEW.person_id, NEW.producer_id)
           AS another) AS same
       WHERE made.id <> NEW.id AND (same.scan OR same.number) AND (
         same.another AND 'request' IN (made.because, NEW.because)
         OR (same.scan OR NOT same.another) AND NOT (same.number AND made.signed_on = NEW.signed_on)
       )) THEN
    RAISE EXCEPTION 'it is a paper of another request, or of another day or number'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
""",
}
for _before, _more in _ADDED.items():
    if ERASE.count(_before) != 1:
        raise ValueError(_before)
    ERASE = ERASE.replace(_before, _more + _before)


#: That of 0037, with this: of what was promoted the certificate may be about to be taken back.
CAN_GO_ON = BOUNDS[: BOUNDS.index("-- Whether all that a correction says")]
_OVER, _OPEN = "WHEN d.state IN ('promoted', 'revoked') THEN FALSE", """\
WHEN d.state = 'promoted' THEN certificate_may_go(d.id, d.product_id)
      WHEN d.state = 'revoked' THEN FALSE"""
if CAN_GO_ON.count(_OVER) != 1:
    raise ValueError(_OVER)
CAN_GO_ON = """
-- Whether somebody began to take the certificate of a dossier back, and it is not decided: its
-- revocation was proposed by an inspection, confirmed by the commune, reported to the ministry, and no
-- inspection since has said otherwise; or the ministry ordered an evaluation. Until a later dossier of
-- the product has a certificate.
CREATE FUNCTION certificate_may_go(dossier bigint, product bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  WITH proposed (at, day) AS (
    SELECT at, concluded_on FROM dossiers_inspection
    WHERE dossier_id = dossier AND conclusion = 'revoke'
    UNION ALL
    SELECT at, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date FROM cycle_historyentry
    WHERE stream = 'dossier' AND stream_id = dossier
      AND event IN ('dossier.confirm_stopped', 'dossier.report_revocation')
  )
  SELECT (EXISTS (
      SELECT FROM proposed WHERE NOT EXISTS (
        SELECT FROM dossiers_inspection since
        WHERE since.dossier_id = dossier AND since.conclusion <> 'revoke'
          AND since.at >= proposed.at AND since.concluded_on >= proposed.day))
    OR EXISTS (SELECT FROM cycle_historyentry WHERE stream = 'dossier' AND stream_id = dossier
                 AND event = 'dossier.order_evaluation'))
    AND NOT EXISTS (
      SELECT FROM dossiers_dossier later
      WHERE later.product_id = product AND later.id > dossier AND NOT later.void
        AND later.state IN ('certified', 'promoted', 'revoked'))
$$;
""" + CAN_GO_ON.replace(_OVER, _OPEN).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0037_sent_entries"),
        ("councils", "0023_told_in_its_round"),
        ("dossiers", "0042_columns_stay"),
    ]

    operations = [migrations.RunSQL(SIGNED), migrations.RunSQL(ERASE), migrations.RunSQL(CAN_GO_ON)]

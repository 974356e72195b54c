"""The seal, tighter: nothing is moved out of a sheet or a round, and a sheet is written in turn."""

import importlib

from django.db import migrations, models

FUNCTIONS = """
-- The round is locked before it is looked at: whoever closes it waits for the score that came
-- first, and the score that came second finds it closed.
CREATE OR REPLACE FUNCTION score_in_open_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE row councils_score; required bigint; taken boolean;
BEGIN
  IF TG_OP = 'DELETE' THEN row := OLD; ELSE row := NEW; END IF;
  SELECT c.requires_id INTO required FROM councils_scoresheet s
    JOIN councils_roundentry e ON e.id = s.entry_id AND e.scoring = s.scoring
    JOIN councils_evaluationround r ON r.id = e.round_id
    JOIN cycle_criterion c ON c.id = row.criterion_id AND c.rubric_id = e.rubric_id
    WHERE s.id = row.sheet_id AND s.state = 'draft'
      AND (r.state = 'open' OR (s.member_id IS NULL AND r.state = 'preparing'))
    FOR SHARE OF r, e FOR NO KEY UPDATE OF s;
  taken := FOUND;
  IF taken AND TG_OP = 'UPDATE' THEN
    taken := (NEW.sheet_id, NEW.criterion_id) = (OLD.sheet_id, OLD.criterion_id);
  END IF;
  -- «Only when there is …»: without points there, nothing here. Asked in statements of their own,
  -- which see what whoever held the sheet before wrote on it.
  IF taken AND TG_OP <> 'DELETE' AND required IS NOT NULL THEN
    taken := EXISTS (SELECT 1 FROM councils_score k
      WHERE k.sheet_id = row.sheet_id AND k.criterion_id = required AND k.points > 0);
  END IF;
  IF taken AND (TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND row.points = 0) THEN
    taken := NOT EXISTS (SELECT 1 FROM councils_score k
      JOIN cycle_criterion d ON d.id = k.criterion_id
      WHERE k.sheet_id = row.sheet_id AND d.requires_id = row.criterion_id);
  END IF;
  IF NOT taken THEN
    RAISE EXCEPTION 'sheet % takes no score on criterion %', row.sheet_id, row.criterion_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'score_in_open_sheet';
  END IF;
  RETURN row;
END $$;

-- What a result rests on does not change once the round is closed, and stays in its round.
CREATE OR REPLACE FUNCTION round_still_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE row jsonb; its_round bigint;
BEGIN
  row := to_jsonb(CASE WHEN TG_OP = 'INSERT' THEN NEW ELSE OLD END);
  its_round := COALESCE((row->>'round_id')::bigint,
    (SELECT round_id FROM councils_roundentry WHERE id = (row->>'entry_id')::bigint));
  PERFORM 1 FROM councils_evaluationround WHERE id = its_round AND state <> 'closed' FOR SHARE;
  IF NOT FOUND OR (TG_OP = 'UPDATE' AND (to_jsonb(NEW)->'round_id', to_jsonb(NEW)->'entry_id')
                   IS DISTINCT FROM (row->'round_id', row->'entry_id')) THEN
    RAISE EXCEPTION 'round % is closed', its_round
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_still_open';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


def _before():
    """The functions as the migration before made them."""
    made = importlib.import_module("councils.migrations.0002_sealed").SEALED
    blocks = [block.partition("$$;")[0] for block in made.split("CREATE FUNCTION ")[1:]]
    return "".join(
        f"CREATE OR REPLACE FUNCTION {block}$$;\n"
        for block in blocks
        if block.startswith(("score_in_open_sheet", "round_still_open"))
    )


class Migration(migrations.Migration):
    dependencies = [("councils", "0002_sealed")]
    operations = [
        # A CHECK passes on NULL: this one says that the stars are not.
        migrations.RemoveConstraint(model_name="resolution", name="resolution_of_one_thing"),
        migrations.AddConstraint(
            model_name="resolution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("criterion__isnull", False),
                        ("elimination__isnull", True),
                        ("stars__isnull", False),
                        ("stars__range", (3, 5)),
                    ),
                    models.Q(
                        ("criterion__isnull", True),
                        ("elimination__isnull", False),
                        ("stars__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="resolution_of_one_thing",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, _before()),
    ]

"""One judging seat per person and day; an ended seat stays ended."""

import django.contrib.postgres.constraints
from django.contrib.postgres.fields.ranges import RangeBoundary
from django.db import migrations, models

import cycle.models.organisation

# What was seated twice before stays as it is, marked; check_data lists it.
MARK = """
UPDATE councils_member m SET doubled = true
WHERE EXISTS (
  SELECT FROM councils_member o
  WHERE o.id < m.id AND o.council_id = m.council_id
    AND daterange(o.since, o.until, '[]') && daterange(m.since, m.until, '[]')
    AND (o.user_id = m.user_id
         AND (o.seat IN ('team_lead', 'team')) = (m.seat IN ('team_lead', 'team'))
         OR o.seat = m.seat AND m.seat IN ('chair', 'secretary', 'team_lead')))
"""
ENDED = """
CREATE FUNCTION seat_ended_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'seat % was ended', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_ended_stays';
END $$;
CREATE TRIGGER seat_ended_stays BEFORE UPDATE ON councils_member
  FOR EACH ROW WHEN (OLD.until IS NOT NULL) EXECUTE FUNCTION seat_ended_stays();
"""
UNDO = """
DROP TRIGGER seat_ended_stays ON councils_member;
DROP FUNCTION seat_ended_stays();
"""


def once(name, whose, seats):
    hashed = cycle.models.organisation.Hash
    period = cycle.models.organisation.DateRange(
        "since", "until", RangeBoundary(inclusive_upper=True)
    )
    return migrations.AddConstraint(
        model_name="member",
        constraint=django.contrib.postgres.constraints.ExclusionConstraint(
            name=name,
            expressions=[(hashed(models.F("council")), "&&"), (hashed(whose), "&&"), (period, "&&")],
            condition=models.Q(seat__in=seats, doubled=False),
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0013_appointed_by"),
        ("councils", "0009_seated_by"),
    ]
    operations = [
        *(
            migrations.RemoveConstraint(model_name="member", name=name)
            for name in (
                "one_judging_seat_per_person",
                "one_team_seat_per_person",
                "one_head_per_council",
            )
        ),
        migrations.AddField(
            model_name="member",
            name="doubled",
            field=models.BooleanField(default=False, db_default=False, editable=False),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        once(
            "one_judging_seat_per_person",
            models.F("user"),
            ["chair", "vice_chair", "member", "secretary"],
        ),
        once("one_team_seat_per_person", models.F("user"), ["team_lead", "team"]),
        once(
            "one_head_per_council",
            models.Func(models.F("seat"), function="hashtext"),
            ["chair", "secretary", "team_lead"],
        ),
        migrations.RunSQL(ENDED, UNDO),
    ]

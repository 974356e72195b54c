"""Two constraints name fields instead of columns; in the database they are what they were."""

import django.contrib.postgres.constraints
from django.contrib.postgres.fields.ranges import RangeBoundary
from django.db import migrations, models

import cycle.models.organisation

PERIOD = (
    cycle.models.organisation.DateRange(
        "valid_from", "valid_to", RangeBoundary(inclusive_upper=True)
    ),
    "&&",
)


def same(expression):
    return cycle.models.organisation.Hash(expression), "&&"


class Migration(migrations.Migration):
    dependencies = [("cycle", "0010_forget_sessions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="roleassignment", name="role_assignment_not_twice_at_once"
                ),
                migrations.RemoveConstraint(
                    model_name="substitution", name="substitution_one_at_a_time"
                ),
                migrations.AddConstraint(
                    model_name="roleassignment",
                    constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                        name="role_assignment_not_twice_at_once",
                        expressions=[
                            same(models.F("user")),
                            same(models.F("org_unit")),
                            same(models.Func(models.F("role"), function="hashtext")),
                            PERIOD,
                        ],
                    ),
                ),
                migrations.AddConstraint(
                    model_name="substitution",
                    constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                        name="substitution_one_at_a_time",
                        expressions=[same(models.F("assignment")), PERIOD],
                    ),
                ),
            ]
        )
    ]

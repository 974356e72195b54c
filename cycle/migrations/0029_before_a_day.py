"""«Trước ngày 30/4» ends on 29/4; 45 days run from the day the complete dossier came; the days a
refused idea waits are no officer's term; the peak months of the steps are kept.

Only what the edition proposed is changed: what a province set otherwise stays.
"""

from datetime import timedelta

from django.db import migrations

#: The days of the law, each as (month, day): what must be done before it.
BEFORE = {
    "D2.1": (4, 30), "D2.2": (10, 30), "D3.1": (6, 30), "D3.2": (12, 30),
    "D4.1": (7, 30), "D4.2": (1, 30), "D5.1": (9, 30), "D5.2": (3, 30),
}  # fmt: skip
FROM_RECEIPT = [
    "dossier.forward_to_province", "dossier.supplement", "dossier.receive_directly",
    "dossier.accept_at_province",
]  # fmt: skip


def right(apps, schema_editor):
    rules = apps.get_model("cycle", "TermRule").objects
    for rule in rules.filter(subject="cycle", code__in=BEFORE, fixed_on__isnull=False):
        if (rule.fixed_on.month, rule.fixed_on.day) == BEFORE[rule.code]:
            rule.fixed_on -= timedelta(days=1)
            rule.save(update_fields=["fixed_on"])
    rules.filter(code="D7", starts_on=["dossier.accept_at_province"]).update(
        starts_on=FROM_RECEIPT
    )
    rules.filter(code="D15", starts_on=["dossier.not_select_idea"]).update(starts_on=[])


def keep_peaks(apps, schema_editor):
    windows = apps.get_model("cycle", "StepWindow").objects
    for window in windows.filter(peak=None, batch=None).select_related("cycle__rule_set"):
        for row in window.cycle.rule_set.content["windows"]:
            if (row["step"], row["level"]) == (window.step, window.level) and row.get("peak"):
                window.peak = row["peak"]
                window.save(update_fields=["peak"])


class Migration(migrations.Migration):
    dependencies = [("cycle", "0028_days_of_the_law")]

    operations = [
        migrations.RunPython(right, migrations.RunPython.noop),
        migrations.RunPython(keep_peaks, migrations.RunPython.noop),
    ]

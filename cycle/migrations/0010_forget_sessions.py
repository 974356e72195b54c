"""End every session: passwords may lie in them as they were typed.

Until now a whole form was kept in the session when its sign-in had ended, that of signing in and of
changing a password too. Nothing tells such a session from another, so all go and everybody signs in
once more.
"""

from django.db import migrations


def end_all(apps, schema_editor):
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("cycle", "0009_history_head"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(end_all)]

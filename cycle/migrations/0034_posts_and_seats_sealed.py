"""The holder of a post, and who sits in a council, are sealed where history says them."""

from importlib import import_module

from django.db import migrations

#: That of 0032, with these: rows of before stay as they are, their chains hold.
SEALED = {
    # Who goes on in a council that is prolonged; who were taken out of it.
    "signer,interest,why,query,filter}": "signer,interest,why,query,filter,seats}",
    # A post is called by its holder: who stands in for them, who takes it over.
    "OR NEW.event = 'office.contact')": (
        "OR NEW.event = 'office.contact' OR NEW.event LIKE 'role.%')"
    ),
}

CHAIN = import_module("cycle.migrations.0032_entry_numbered_and_sealed").CHAIN
for _open, _sealed in SEALED.items():
    if CHAIN.count(_open) != 1:
        raise ValueError(_open)
    CHAIN = CHAIN.replace(_open, _sealed)


class Migration(migrations.Migration):
    dependencies = [
        ("cycle", "0033_readings_stay"),
    ]

    operations = [migrations.RunSQL(CHAIN)]

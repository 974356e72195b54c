"""What a dossier keeps points only at what the same dossier keeps; marks of before are the owner's.

A row of before that points at another dossier's stays, and check_data lists it: then its key holds
for new rows only.
"""

from django.db import migrations

#: Table, its column, the table it points to, the name of the key.
KEYS = [
    ("dossiers_idea", "previous_id", "dossiers_idea", "idea_follows_one_of_its_dossier"),
    (
        "dossiers_evidence",
        "replaces_id",
        "dossiers_evidence",
        "evidence_replaces_one_of_its_dossier",
    ),
    ("dossiers_officialdocument", "scan_id", "dossiers_evidence", "paper_scan_is_of_its_dossier"),
    (
        "dossiers_certificate",
        "decision_id",
        "dossiers_officialdocument",
        "certificate_decision_is_of_its_dossier",
    ),
    ("dossiers_term", "task_id", "dossiers_task", "term_task_is_of_its_dossier"),
    (
        "dossiers_term",
        "certificate_id",
        "dossiers_certificate",
        "term_certificate_is_of_its_dossier",
    ),
]
SUPERKEYS = {to: f"{to.removeprefix('dossiers_')}_id_dossier" for _of, _by, to, _name in KEYS}

# Of whoever migrates alone: they switch a rule of the table off.
MARKS = """
CREATE FUNCTION mark_of_before_is_the_owners() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')
  THEN
    RAISE EXCEPTION 'row % of % is no row of before', NEW.id, TG_TABLE_NAME
      USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_of_before_is_the_owners';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER mark_of_before_is_the_owners
  AFTER INSERT OR UPDATE OF before, number_repeats ON dossiers_certificate
  FOR EACH ROW WHEN (NEW.before OR NEW.number_repeats)
  EXECUTE FUNCTION mark_of_before_is_the_owners();
"""
UNMARK = """
DROP TRIGGER mark_of_before_is_the_owners ON dossiers_certificate;
DROP FUNCTION mark_of_before_is_the_owners();
"""


def _do():
    for table, name in SUPERKEYS.items():
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (id, dossier_id);"
    for of, column, to, name in KEYS:
        yield f"""
ALTER TABLE {of} ADD CONSTRAINT {name} FOREIGN KEY ({column}, dossier_id)
  REFERENCES {to} (id, dossier_id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
DO $$ BEGIN
  ALTER TABLE {of} VALIDATE CONSTRAINT {name};
EXCEPTION WHEN foreign_key_violation THEN
  RAISE WARNING '{name}: rows of before stay, see check_data';
END $$;"""


def _undo():
    for of, _column, _to, name in KEYS:
        yield f"ALTER TABLE {of} DROP CONSTRAINT {name};"
    for table, name in SUPERKEYS.items():
        yield f"ALTER TABLE {table} DROP CONSTRAINT {name};"


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0014_not_both_ends")]
    operations = [
        migrations.RunSQL("\n".join(_do()), "\n".join(_undo())),
        migrations.RunSQL(MARKS, UNMARK),
    ]

"""What drives a dossier in the browser tests."""

from django.db import connection, transaction

from cycle import clock
from dossiers.walk import doors
from tests import records
from tests.world import open_task

#: Where An, Bình and Minh sit: a desk and a phone.
WIDTHS = (1280, 390)


def scan(number):
    """The scan of a document: it shows no other."""
    content = f"%PDF-1.7 {number} obj %%EOF".encode()
    return {"name": "van-ban.pdf", "mimeType": "application/pdf", "buffer": content}


def bring(dossier, *steps):
    """Bring the dossier forward through the door: (act, person, what it keeps)."""
    for name, by, values in steps:
        doors.complete(open_task(dossier), name, by=by, **values)
    reread(dossier)


def reread(dossier):
    """The dossier as the browser has left it."""
    with transaction.atomic():
        dossier.lock()


def papers(dossier, by):
    """Hand in every compulsory paper."""
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=by, record=records.paper(kind))


def raise_ids(table, by=1200):
    """Let the ids of a table grow past a thousand, where numbers are written in groups."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(nextval(pg_get_serial_sequence(%s, 'id'))) FROM generate_series(1, %s)",
            [table, by],
        )


def signed(number, capacity):
    """A document signed today, as its fields are filled in."""
    return {
        "number": number,
        "signed_on": f"{clock.today():%d/%m/%Y}",
        "signer": "Trần Công Sơn",
        "signer_capacity": capacity,
        "scan_file": scan(number),
    }

"""What the proofs of time stand on: terms by the thousand, and workers to be killed."""

import os
import time
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO
from multiprocessing import get_context

from django.core.management import call_command
from django.db import connection, connections

from cycle import clock
from cycle.models import HistoryEntry, Level, OrgUnit, OutboxMessage, Role, RuleSet
from dossiers.models import Term
from notifications.models import Delivery, DeliveryState, Notification
from tests.owning import save_as_owner, update_as_owner
from tests.world import open_cycle, open_dossier, person

#: Whom each rung goes to; each is one person, so a firing is one notification.
RUNGS = ["-1:officer", "0:officer", "1:leader"]


def end_the_province_of_the_reference_data():
    """One installation has one province, and a proof brings its own."""
    update_as_owner(OrgUnit.objects.filter(level=Level.PROVINCE), valid_to=date(2025, 6, 30))


class Ground:
    """A province with two communes: the officer of the first reads mail, that of the second not."""

    def __init__(self):
        end_the_province_of_the_reference_data()
        self.province, self.written, self.quiet = (
            OrgUnit.objects.create(
                code=code, name=name, level=level, parent_id=parent, valid_from=date(2020, 1, 1)
            )
            for code, name, level, parent in self._units()
        )
        self.an = person("an", "Lò Thị An", (Role.OFFICER, self.written))
        self.an.email = "an@example.vn"
        save_as_owner(self.an)
        person("chi", "Quàng Văn Chi", (Role.LEADER, self.written), (Role.LEADER, self.quiet))
        person("la", "Vàng A Lả", (Role.OFFICER, self.quiet))
        self.minh = person("minh", "Nguyễn Hoàng Minh", (Role.OFFICER, self.province))
        self.cycle = open_cycle(RuleSet.objects.get(edition="qd26_2026"), 2026)

    def _units(self):
        yield "P", "Tỉnh", Level.PROVINCE, None
        province = OrgUnit.objects.get(code="P").pk
        yield "X", "Xã Nà Tấu", Level.COMMUNE, province
        yield "Y", "Xã Mường Nhé", Level.COMMUNE, province

    def dossiers(self, number):
        """The first id of ``number`` dossiers without a walk, in a row."""
        dossier = open_dossier(self.cycle, self.written, self.an)
        product = copy(dossier.product, number, name="'Mật ong ' || g")
        return copy(dossier, number, product_id=f"{product} + g - 1")

    def terms(self, number, *, dossiers, among, start, step, mailed=0, rungs=RUNGS):
        """``number`` terms whose rungs fall due from ``start`` on, each ``step`` after the last.

        They lie over ``among`` dossiers from the id ``dossiers`` on. One of ``mailed`` is of the
        commune whose officer reads mail; 0 for none.
        """
        moments = [start + place * step for place in range(len(rungs))]
        first = Term.objects.create(
            code="proof",
            title="Thời hạn",
            cycle=self.cycle,
            dossier_id=dossiers,
            role=Role.OFFICER,
            org_unit=self.quiet,
            started_at=start - timedelta(days=10),
            original_due_on=start.date(),
            due_on=start.date(),
            due_at=start,
            rungs=rungs,
            rung_at=moments,
            next_at=None,
        )
        # The number of a rung in the row of all rungs, turned into its moment.
        shift = f"(g - 1) * {len(rungs)} * interval '{step.total_seconds():.6f} seconds'"
        shifted = [f"timestamptz '{moment.isoformat()}' + {shift}" for moment in moments]
        copy(
            first,
            number,
            dossier_id=f"{dossiers} + (g - 1) % {among}",
            rung_at=f"ARRAY[{', '.join(shifted)}]",
            next_at=shifted[0],
            org_unit_id=f"CASE WHEN (g - 1) % {mailed} = 0 THEN {self.written.pk}"
            f" ELSE {self.quiet.pk} END"
            if mailed
            else str(self.quiet.pk),
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE dossiers_term")


def copy(row, number, **expressions):
    """Insert ``number`` copies of a row in one statement and return the first of their ids.

    ``expressions`` are SQL for some columns, in which ``g`` counts from 1.
    """
    table = row._meta.db_table
    columns = [
        field.column
        for field in row._meta.concrete_fields
        if not field.primary_key and not field.generated
    ]
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(expressions.get(column, f'row."{column}"') for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH made AS (INSERT INTO {table} ({names}) SELECT {values}"
            f" FROM {table} AS row, generate_series(1, {number}) AS g"
            f" WHERE row.id = {row.pk} ORDER BY g RETURNING id) SELECT min(id) FROM made"
        )
        return cursor.fetchone()[0]


def moved_on(seconds=0):
    """The database's present moment and so many seconds."""
    return clock.now() + timedelta(seconds=seconds)


def fork(target, *arguments):
    """A real process that does ``target``; it shares no connection with this one."""
    connections.close_all()
    process = get_context("fork").Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


@contextmanager
def hands(number, target, *arguments):
    """So many processes at ``target`` for the time of the block; killed at its end."""
    processes = [fork(target, *arguments) for _ in range(number)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def told():
    """What came of the terms: rows that must be as many as the rungs that fell due.

    Rungs of one term that fire together are told once, as the latest, to each who would have heard
    of one: those overtaken are counted to what was told.
    """
    entries = HistoryEntry.objects.filter(event__startswith="term.")
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(*) FILTER (WHERE at < latest),
                 count(*) FILTER (WHERE at < latest)
                   - count(DISTINCT (term_id, fired_at, whom)) FILTER (WHERE heard < latest)
               FROM (
                 SELECT *, max(at) OVER (PARTITION BY term_id, fired_at) AS latest,
                   max(at) OVER (PARTITION BY term_id, fired_at, whom) AS heard
                 FROM dossiers_firing, split_part(rung, ':', 2) AS whom
               ) fired"""
        )
        firings, overtaken, heard_by_one = cursor.fetchone()
    return {
        "firings": firings,
        "history": entries.count() + overtaken,
        "outbox": OutboxMessage.objects.filter(entry__in=entries).count() + overtaken,
        "notifications": Notification.objects.filter(entry__in=entries).count() + heard_by_one,
    }


def finished(*, mail=True):
    """Whether nothing is left to fire, to tell, or to send."""
    return not (
        Term.objects.filter(state="running", next_at__lte=clock.now()).exists()
        or OutboxMessage.objects.filter(dispatched_at=None).exists()
        or (mail and Delivery.objects.filter(state=DeliveryState.PENDING).exists())
    )


def wait_until(condition, seconds):
    """Return when ``condition()`` is true; raises TimeoutError when it is not in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{condition} not within {seconds} s, process {os.getpid()}")
        time.sleep(0.05)


def history_is_whole():
    """Whether every chain of history proves right."""
    try:
        call_command("verify_history", verbosity=0, stdout=StringIO())
    except SystemExit:
        return False
    return True

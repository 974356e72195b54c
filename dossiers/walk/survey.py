"""Potential products: a survey brings them in, a dossier begins from one, one is closed.

Every change of one goes through here, as every change of a dossier goes through the doors.
"""

from __future__ import annotations

from datetime import date

import rules
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils.translation import gettext as _

from cycle import clock
from cycle.locking import locked
from cycle.models import HistoryEntry, Role, User
from dossiers.law.conditions import ConditionNotMet, stated
from dossiers.models import Dossier, Potential, PotentialState, StockBatch
from dossiers.walk.entering import CHUNK, Entry, archive_of


class Survey(Entry):
    """Potential products on their way in."""

    def make_all(self) -> None:
        made = {
            row.pk: Potential(
                batch=self.batch,
                commune=self.units[row.values["commune"]],
                name=row.values["product"],
                group=row.values.get("product_group", ""),
                producer_name=row.values["producer"],
                owner_type=row.values.get("owner_type", ""),
                representative=row.values.get("representative", ""),
                phone=row.values.get("phone", ""),
                address=row.values.get("place", ""),
                wish=row.values.get("wish", ""),
                surveyed_on=date.fromisoformat(row.values["surveyed_on"])
                if "surveyed_on" in row.values
                else None,
            )
            for row in self.rows
        }
        Potential.objects.bulk_create(made.values(), CHUNK)
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE dossiers_stockrow line SET potential_id = made.potential
                   FROM unnest(%s::bigint[], %s::bigint[]) AS made(id, potential)
                   WHERE line.id = made.id""",
                [list(made), [each.pk for each in made.values()]],
            )


def _held(potential: Potential, by: User) -> Potential:
    """The row as it is now, held; ``by`` may change it. Raises PermissionDenied."""
    its = Potential.everything.select_related("commune").filter(pk=potential.pk)
    held = locked(its).get()
    if not rules.has_perm("dossiers.keep_potential", by, held):
        raise PermissionDenied
    if held.void:
        raise ConditionNotMet([_("Danh sách khảo sát có sản phẩm này vừa bị gạch bỏ.")])
    return held


def _record(event: str, potential: Potential, *, by: User, reason: str = "") -> None:
    batch = StockBatch.objects.select_related("cycle").get(pk=potential.batch_id)
    HistoryEntry.objects.record(
        event,
        archive_of(batch),
        by=by,
        capacity=by.capacity(Role.OFFICER, potential.commune_id),
        reason=reason,
        potential=potential.pk,
        product=potential.name,
    )


def close(potential: Potential, *, by: User, reason: str) -> None:
    """Close it: nothing will come of it (khép lại). Raises PermissionDenied and ConditionNotMet."""
    reason = stated(reason)
    with transaction.atomic():
        held = _held(potential, by)
        if held.state != PotentialState.OPEN:
            raise ConditionNotMet([_("Sản phẩm này đã mở hồ sơ hoặc đã khép lại.")])
        held.state, held.reason = PotentialState.CLOSED, reason
        held.closed_by, held.closed_at = by, clock.now()
        held.save(update_fields=["state", "reason", "closed_by", "closed_at"])
        _record("potential.close", held, by=by, reason=reason)


def reopen(potential: Potential, *, by: User, reason: str) -> None:
    """Follow it again after all (mở lại). Raises PermissionDenied and ConditionNotMet."""
    reason = stated(reason)
    with transaction.atomic():
        held = _held(potential, by)
        if held.state != PotentialState.CLOSED:
            raise ConditionNotMet([_("Sản phẩm này không còn khép lại.")])
        held.state, held.reason, held.closed_by, held.closed_at = (
            PotentialState.OPEN,
            "",
            None,
            None,
        )
        held.save(update_fields=["state", "reason", "closed_by", "closed_at"])
        _record("potential.reopen", held, by=by, reason=reason)


def begin(potential: Potential, dossier: Dossier, *, by: User) -> None:
    """A dossier begins from it; inside the transaction that opens the dossier.

    Raises PermissionDenied, and ConditionNotMet when another was faster.
    """
    held = _held(potential, by)
    if held.state != PotentialState.OPEN:
        raise ConditionNotMet([_("Sản phẩm tiềm năng này đã mở hồ sơ hoặc đã khép lại.")])
    held.state, held.dossier = PotentialState.BEGUN, dossier
    held.save(update_fields=["state", "dossier"])
    HistoryEntry.objects.record(
        "potential.begin",
        dossier,
        by=by,
        capacity=by.capacity(Role.OFFICER, dossier.commune_id),
        potential=held.pk,
    )

"""Potential products: a survey brings them in, or an officer records one from a meeting or a wish;
one is corrected, a dossier begins from it, or it is closed.

Every change of one goes through here, as every change of a dossier goes through the doors.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import rules
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils.translation import gettext as _

from cycle import clock
from cycle.locking import locked, take_turn
from cycle.models import HistoryEntry, OrgUnit, Role, User
from dossiers.law.conditions import ConditionNotMet, Lack, stated
from dossiers.models import Dossier, Potential, PotentialState, StockBatch
from dossiers.models.product import maker_key, on_what_stands, product_key
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


def _record(event: str, potential: Potential, *, by: User, reason: str = "", **data: Any) -> None:
    cycle = potential.cycle
    if cycle is None:
        assert potential.batch_id is not None, "of a list or of a year"
        cycle = archive_of(StockBatch.objects.select_related("cycle").get(pk=potential.batch_id))
    HistoryEntry.objects.record(
        event,
        cycle,
        by=by,
        capacity=by.capacity(Role.OFFICER, potential.commune_id),
        reason=reason,
        potential=potential.pk,
        product=potential.name,
        **data,
    )


def _once(potential: Potential) -> None:
    """Nobody else of its commune is called so, however it is written, and still followed or at
    work. Raises ConditionNotMet.
    """
    take_turn("potential", potential.commune.heir().pk)
    its = product_key(potential.name), maker_key(potential.producer_name)
    here = Potential.objects.filter(commune__in=OrgUnit.objects.united_with(potential.commune_id))
    for other in here.exclude(state=PotentialState.CLOSED).exclude(pk=potential.pk):
        if (product_key(other.name), maker_key(other.producer_name)) == its:
            said = _("Xã này đã có «%(product)s» của «%(producer)s» trong danh sách tiềm năng.")
            named = {"product": other.name, "producer": other.producer_name}
            raise ConditionNotMet([Lack(said % named, "name")])


def record(potential: Potential, *, by: User) -> None:
    """Save one that an officer came to know (ghi).

    Raises PermissionDenied, and ConditionNotMet when it is in the list already or the year was
    struck out meanwhile.
    """
    if not rules.has_perm("dossiers.keep_potential", by, potential):
        raise PermissionDenied
    with on_what_stands(), transaction.atomic():
        _once(potential)
        potential.recorded_by, potential.recorded_at = by, clock.now()
        potential.save(force_insert=True)
        _record("potential.record", potential, by=by)


#: Whom to call: told by a line of its own, which can be erased (decision 0010).
_CONTACT = frozenset({"representative", "phone", "address"})


def correct(potential: Potential, fields: Iterable[str], *, by: User, reason: str) -> None:
    """Save the ``fields`` of ``potential`` that differ from what is recorded (đính chính).

    Raises PermissionDenied, and ConditionNotMet without a reason, when nothing differs, or once a
    dossier began from it or it is closed.
    """
    reason = stated(reason)
    with transaction.atomic():
        was = _held(potential, by)
        if was.state != PotentialState.OPEN:
            raise ConditionNotMet([_("Sản phẩm này đã mở hồ sơ hoặc đã khép lại.")])
        changed = {
            name: [str(getattr(row, name) or "") for row in (was, potential)]
            for name in fields
            if getattr(was, name) != getattr(potential, name)
        }
        if not changed:
            raise ConditionNotMet([_("Chưa có nội dung nào khác với nội dung đã ghi.")])
        _once(potential)
        potential.save(update_fields=list(changed))
        for own in (changed.keys() - _CONTACT, changed.keys() & _CONTACT):
            if told := {name: pair for name, pair in changed.items() if name in own}:
                _record("potential.correct", potential, by=by, reason=reason, changed=told)


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

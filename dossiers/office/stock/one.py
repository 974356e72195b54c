"""One certificate of before, typed by hand: a list of one line, entered at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cycle import clock
from dossiers.models import BatchState, StockBatch, StockRow
from dossiers.office.stock import checking
from dossiers.walk import stock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cycle.models import OrgUnit, User
    from dossiers.office.forms.stock import GivenForm


def enter_one(
    form: GivenForm, raw: Mapping[str, Any], *, by: User, unit: OrgUnit
) -> StockBatch | None:
    """A batch of the one line ``raw``, ``{name of a column: value}``, on the paper of ``form``,
    entered at once by the same checks and door as a list; None with the reasons at the fields, or
    with what is unusual until each of that was ticked.
    """
    now = clock.now()
    batch = StockBatch(
        org_unit=unit, by=by, at=now, checked_at=now, state=BatchState.COMMITTING, answers={}
    )
    line = checking.Line(1, raw={name: ("", value) for name, value in raw.items()})
    checking.Checker(batch).check([line])
    for fault in line.faults:
        if fault["level"] == checking.ERROR:
            told = fault["text"]
            if fault["suggestion"]:
                told += " " + _("Gợi ý: %(what)s.") % {"what": fault["suggestion"]}
            form.add_error(fault["field"] if fault["field"] in form.fields else None, told)
    form.ask(
        [fault["text"] for fault in line.faults if fault["level"] == checking.WARNING],
    )
    if form.errors:
        return None
    try:
        with transaction.atomic():
            batch.basis = stock.on_paper(batch, form.paper(), by=by)
            batch.cycle = stock.archive()
            batch.save()
            StockRow.objects.bulk_create([checking.row_of(batch, line)])
            stock.enter(batch, by=by)
    except stock.StockRefused as refused:
        form.add_error(None, refused.problems)
        return None
    except ValidationError as refused:
        form.refuse_paper(refused)
        return None
    return batch

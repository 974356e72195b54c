"""What was held for many products: recorded, and corrected with a reason to what it truly was; both
are told in the year's history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cycle.models import HistoryEntry, User
from dossiers.law.conditions import ConditionNotMet, stated
from dossiers.models import OutreachEvent, PromotionEvent
from dossiers.models.product import on_what_stands

#: Model -> what its entries name it.
NAMES = {OutreachEvent: "outreach", PromotionEvent: "promotion"}


def record(event: OutreachEvent | PromotionEvent, *, by: User) -> None:
    """Save what was held (ghi). Raises ConditionNotMet when the year was struck out meanwhile."""
    with on_what_stands(), transaction.atomic():
        event.save(force_insert=True)
        what = NAMES[type(event)]
        its: dict[str, Any] = {what: event.pk}
        HistoryEntry.objects.record(
            f"{what}.record", event.cycle, by=by, capacity=event.organiser(by), **its
        )


def correct(
    event: OutreachEvent | PromotionEvent, fields: Iterable[str], *, by: User, reason: str
) -> None:
    """Save the ``fields`` of ``event`` that differ from what is recorded (đính chính).

    Raises PermissionDenied, and ConditionNotMet without a reason, when nothing differs or the year
    was struck out meanwhile.
    """
    reason = stated(reason)
    with on_what_stands(), transaction.atomic():
        was = type(event)._default_manager.select_for_update().get(pk=event.pk)
        post = was.organiser(by)
        if post is None:
            raise PermissionDenied
        changed: dict[str, Any] = {}
        for name in fields:
            pair = [str(getattr(row, name)) for row in (was, event)]
            if pair[0] != pair[1]:
                changed[name] = pair
        if not changed:
            raise ConditionNotMet([_("Chưa có nội dung nào khác với nội dung đã ghi.")])
        event.save(update_fields=list(changed))
        what = NAMES[type(event)]
        its: dict[str, Any] = {what: event.pk}
        HistoryEntry.objects.record(
            f"{what}.correct",
            event.cycle,
            by=by,
            capacity=post,
            reason=reason,
            changed=changed,
            **its,
        )

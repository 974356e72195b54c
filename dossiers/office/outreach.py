"""What is held for many products: planned, recorded, and corrected with a reason to what it truly
was; all is told in the year's history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cycle import appointing, clock, files
from cycle.locking import locked
from cycle.models import Document, HistoryEntry, OrgUnit, RoleAssignment, User
from dossiers.law.conditions import ConditionNotMet, Lack, stated
from dossiers.models import (
    OutreachAttendance,
    OutreachEvent,
    OutreachFile,
    PlannedOutreach,
    PlannedPlace,
    PromotionEvent,
)
from dossiers.models.product import on_what_stands

#: Who was at an event: a name, of which producer or hamlet, a telephone number.
Person = tuple[str, str, str]

#: Model -> what its entries name it.
NAMES: dict[type[Any], str] = {
    OutreachEvent: "outreach",
    PromotionEvent: "promotion",
    PlannedOutreach: "planned",
}


def plan(
    rows: Sequence[tuple[PlannedOutreach, Collection[OrgUnit]]],
    document: Document | None,
    *,
    by: User,
) -> None:
    """Save rows of the year's plan, each for its communes, on a document as typed (ghi kế hoạch).

    Raises PermissionDenied; ValidationError by field of the document; ConditionNotMet when the year
    was struck out meanwhile.
    """
    first = rows[0][0]
    post = first.organiser(by)
    with on_what_stands(), transaction.atomic():
        document = appointing.recorded(document, [first.org_unit], by=by, capacity=post)
        for row, communes in rows:
            if (post := row.organiser(by)) is None:
                raise PermissionDenied
            row.basis, row.made_by, row.made_at = document, by, clock.now()
            row.save(force_insert=True)
            PlannedPlace.objects.bulk_create(
                PlannedPlace(planned=row, commune=commune) for commune in communes
            )
            told: dict[str, Any] = {"ledger": document.pk} if document is not None else {}
            HistoryEntry.objects.record(
                "planned.record", row.cycle, by=by, capacity=post, planned=row.pk, **told
            )


def drop(row: PlannedOutreach, *, by: User, reason: str) -> None:
    """Take a row out of the plan: it will not be held (bỏ khỏi kế hoạch).

    Raises PermissionDenied, and ConditionNotMet without a reason, or once it was held or dropped.
    """
    reason = stated(reason)
    with transaction.atomic():
        held = locked(PlannedOutreach.objects.filter(pk=row.pk)).get()
        if (post := held.organiser(by)) is None:
            raise PermissionDenied
        if held.dropped_at is not None:
            raise ConditionNotMet([_DROPPED])
        if held.events.exists():
            raise ConditionNotMet([_("Đã có hoạt động làm theo dòng kế hoạch này.")])
        held.dropped_by, held.dropped_at, held.reason = by, clock.now(), reason
        held.save(update_fields=["dropped_by", "dropped_at", "reason"])
        HistoryEntry.objects.record(
            "planned.drop", held.cycle, by=by, capacity=post, reason=reason, planned=held.pk
        )


_DROPPED = _("Dòng này đã bỏ khỏi kế hoạch.")


def _is_planned(event: Any) -> None:
    """What it is held by still stands in the plan. Raises ConditionNotMet."""
    planned = getattr(event, "planned_id", None)
    if planned and locked(PlannedOutreach.objects.filter(pk=planned)).get().dropped_at:
        raise ConditionNotMet([Lack(_DROPPED, "planned")])


def record(event: OutreachEvent | PromotionEvent, *, by: User) -> None:
    """Save what was held (ghi). Raises ConditionNotMet when the year was struck out meanwhile."""
    with on_what_stands(), transaction.atomic():
        _is_planned(event)
        event.save(force_insert=True)
        what = NAMES[type(event)]
        its: dict[str, Any] = {what: event.pk}
        HistoryEntry.objects.record(
            f"{what}.record", event.cycle, by=by, capacity=event.organiser(by), **its
        )


def correct(
    event: OutreachEvent | PromotionEvent | PlannedOutreach,
    fields: Iterable[str],
    *,
    by: User,
    reason: str,
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
        if isinstance(was, PlannedOutreach) and was.dropped_at is not None:
            raise ConditionNotMet([_DROPPED])
        changed: dict[str, Any] = {}
        for name in fields:
            pair = [str(getattr(row, name)) for row in (was, event)]
            if pair[0] != pair[1]:
                changed[name] = pair
        if not changed:
            raise ConditionNotMet([_("Chưa có nội dung nào khác với nội dung đã ghi.")])
        if "planned" in changed:
            _is_planned(event)
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


def _held(event: OutreachEvent, by: User) -> tuple[OutreachEvent, RoleAssignment]:
    """The event as it is now, held, and the post by which ``by`` may change it. Raises
    PermissionDenied.
    """
    held = locked(OutreachEvent.objects.filter(pk=event.pk)).get()
    if (post := held.organiser(by)) is None:
        raise PermissionDenied
    return held, post


_CHANGED = _(
    "Người khác vừa sửa danh sách này: xem danh sách ở trên; vẫn muốn ghi như ở đây thì bấm lần "
    "nữa."
)


def attendance_of(event: OutreachEvent) -> list[Person]:
    """Its list of attendance, as it is typed."""
    kept = OutreachAttendance.objects.filter(event=event).values_list("people", flat=True)
    return [(name, of_whom, phone) for people in kept for name, of_whom, phone in people]


def attend(
    event: OutreachEvent, people: Sequence[Person], *, seen: Sequence[Person], by: User
) -> None:
    """Put ``people`` in the place of the list of attendance that the page showed (``seen``).

    Raises PermissionDenied, and ConditionNotMet when nothing differs, or somebody else has changed
    the list since.
    """
    with transaction.atomic():
        held, post = _held(event, by)
        was = attendance_of(held)
        if was != list(seen):
            raise ConditionNotMet([_CHANGED])
        if was == list(people):
            raise ConditionNotMet([_("Chưa có nội dung nào khác với nội dung đã ghi.")])
        OutreachAttendance.objects.update_or_create(event=held, defaults={"people": [*people]})
        _tell("outreach.attend", held, by, post, attended=[len(was), len(people)])


def attach(event: OutreachEvent, staged: Sequence[files.Staged], *, by: User) -> None:
    """Keep photos and materials of an event (đính ảnh, tài liệu). Raises PermissionDenied."""
    with transaction.atomic():
        held, post = _held(event, by)
        for each in staged:
            files.keep(each.sha256)
        OutreachFile.objects.bulk_create(
            OutreachFile(event=held, by=by, at=clock.now(), **asdict(each)) for each in staged
        )
        _tell("outreach.attach", held, by, post, sha256=[each.sha256 for each in staged])


def take_off(file: OutreachFile, *, by: User, reason: str) -> None:
    """Take a wrong photo or material away (gỡ): the file goes with the night's collection.

    Raises PermissionDenied, and ConditionNotMet without a reason.
    """
    reason = stated(reason)
    with transaction.atomic():
        held, post = _held(file.event, by)
        gone, _rows = OutreachFile.objects.filter(pk=file.pk).delete()
        if not gone:
            raise ConditionNotMet([_("Tệp này vừa được gỡ.")])
        _tell("outreach.take_off", held, by, post, reason=reason, sha256=[file.sha256])


def _tell(
    event: str, held: OutreachEvent, by: User, post: RoleAssignment, reason: str = "", **data: Any
) -> None:
    HistoryEntry.objects.record(
        event, held.cycle, by=by, capacity=post, reason=reason, outreach=held.pk, **data
    )

"""The numbers of many certificates, entered at once (ghi số cho nhiều giấy chứng nhận)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cycle import clock
from cycle.models import User
from dossiers.law.conditions import ActNotPossible, ConditionNotMet
from dossiers.models import CertificateNumber, Dossier, Process
from dossiers.walk import doors


def enter(typed: Sequence[tuple[Any, str]], *, by: User) -> tuple[Any, str] | None:
    """Give each certificate its number, each by its door, in one transaction. Returns the first
    that may not have it, and why: then none got one.
    """
    with clock.at(clock.now(), replay=clock.replaying()), transaction.atomic():
        # In the order of the doors' locks, all of them before the first number is entered: who
        # enters one of these meanwhile waits here, not there.
        dossiers = [each.dossier_id for each, _number in typed]
        for rows in (
            Process.objects.filter(dossier__in=dossiers),
            Dossier.objects.filter(pk__in=dossiers),
        ):
            list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        for each, number in typed:
            record = CertificateNumber(certificate=each, number=number)
            try:
                doors.act(each.dossier.process, "number_certificate", by=by, record=record)
            except (ValidationError, ConditionNotMet) as refused:
                why = " ".join(map(str, refused.messages))
            except (ActNotPossible, PermissionDenied):
                why = _("Hồ sơ vừa thay đổi: hãy tải lại trang.")
            else:
                continue
            transaction.set_rollback(True)
            return each, why
    return None

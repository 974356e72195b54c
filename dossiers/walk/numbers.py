"""The numbers of many certificates, entered or put right at once (ghi, sửa số nhiều giấy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from cycle import clock
from cycle.models import User, fold_number
from dossiers.law.conditions import ActNotPossible, ConditionNotMet
from dossiers.models import CertificateNumber
from dossiers.models.certificate import NUMBERED_ALREADY, number_taken
from dossiers.walk import doors


def enter(typed: Sequence[tuple[Any, str]], *, by: User) -> tuple[Any, str] | None:
    """Give each certificate its number, each by its door, in one transaction. Returns the first
    that may not have it, and why: then none got one.
    """
    return _do("number_certificate", typed, by=by)


def correct(typed: Sequence[tuple[Any, str]], *, by: User, reason: str) -> tuple[Any, str] | None:
    """Replace the number of each certificate, "" takes it back (lấy lại); they may change places.
    Returns as :func:`enter`.
    """
    return _do("correct_number", typed, by=by, reason=reason)


def _do(
    act: str, typed: Sequence[tuple[Any, str]], *, by: User, reason: str = ""
) -> tuple[Any, str] | None:
    dossiers = [each.dossier_id for each, _number in typed]
    with doors.held(dossiers) as processes, clock.one_moment():
        given = frozenset(each.pk for each, _number in typed)
        rows = CertificateNumber.objects.current().filter(certificate__in=given)
        stands = {each.certificate_id: each for each in rows}
        # A number may come before the row that gives it free.
        _look("DEFERRED")
        for each, number in typed:
            if replaces := stands.get(each.pk):
                replaces.certificate = each
            record = CertificateNumber(certificate=each, number=number, replaces=replaces)
            record.together = given
            if replaces is not None and replaces.pk != each.number_row:
                return _none_of_them(each, str(NUMBERED_ALREADY))
            try:
                doors.act(processes[each.dossier_id], act, by=by, reason=reason, record=record)
            except (ValidationError, ConditionNotMet) as refused:
                return _none_of_them(each, " ".join(map(str, refused.messages)))
            except (ActNotPossible, PermissionDenied):
                return _none_of_them(each, _("Hồ sơ vừa thay đổi: hãy tải lại trang."))
        try:
            with transaction.atomic():
                _look("IMMEDIATE")
        except IntegrityError as error:
            for each, number in typed:
                if product := _taken(each, number, given):
                    return _none_of_them(each, number_taken(number, product))
            # As a saved row says it.
            if (said := record.refused(error)) is None:
                raise
            return _none_of_them(each, " ".join(said.messages))
    return None


def _none_of_them(each: Any, why: str) -> tuple[Any, str]:
    transaction.set_rollback(True)
    return each, why


def _look(when: str) -> None:
    """Whether the database looks at each number at once, or at all of them at the end."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS certificate_number_once {when}")


def _taken(given: Any, number: str, together: frozenset[int]) -> str:
    """The product whose certificate has the number that is to be that of ``given``, or ""."""
    if not number:
        return ""
    same = CertificateNumber.objects.exclude(certificate=given.pk).filter(
        folded_number=fold_number(number), year=given.issued_on.year, issuer=given.issuer_id
    )
    return next(iter(same.taken().values()), "")

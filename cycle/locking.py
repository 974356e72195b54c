"""Rows that are locked (giữ dòng), what is read beside them, and turns that are waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    AnyModel = TypeVar("AnyModel", bound=Model)


def locked(rows: QuerySet[AnyModel]) -> QuerySet[AnyModel]:
    """``rows``, locked until the transaction ends, still to be read.

    Locked first: one statement would read what is joined to them as it stood before its wait.
    """
    keys = rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
    return rows.filter(pk__in=list(keys))


def take_turn(*named: object) -> None:
    """Wait until nobody else counts what is ``named`` so: until this transaction ends whoever comes
    next waits, and reads afterwards.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [" ".join(map(str, named))]
        )

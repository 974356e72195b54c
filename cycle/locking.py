"""Rows that are locked (giữ dòng), and what is read beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    AnyModel = TypeVar("AnyModel", bound=Model)


def locked(rows: QuerySet[AnyModel]) -> QuerySet[AnyModel]:
    """``rows``, locked until the transaction ends, still to be read.

    Locked first: one statement would read what is joined to them as it stood before its wait.
    """
    keys = rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
    return rows.filter(pk__in=list(keys))

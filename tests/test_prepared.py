"""A query that is written once gives what it would give if it were written anew each time."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cycle.models import Level, OrgUnit
from cycle.prepared import prepared, remembered, steady

pytestmark = pytest.mark.django_db


def written(query, **values):
    """The query as the plain function gives it."""
    return list(query.__wrapped__(**values))


@prepared
def below(*, parent, code=None):
    found = OrgUnit.objects.filter(parent=parent).select_related("parent")
    return (found if code is None else found.filter(code=code)).order_by("code")


@prepared
def of_level(level, *, names):
    return OrgUnit.objects.filter(level=level, name__in=[names]).values_list("pk", flat=True)


@prepared
def held(*, pk):
    return OrgUnit.objects.filter(pk=pk).select_for_update().order_by()


def test_asked_again_with_other_values_it_gives_other_rows(province):
    def unit(code, level, parent):
        return OrgUnit.objects.create(
            code=code, name=f"Đơn vị {code}", level=level, parent=parent, valid_from="2020-01-01"
        )

    units = [unit(f"H{n}", Level.DISTRICT, province) for n in range(2)]
    for n, district in enumerate(units):
        for m in range(2):
            unit(f"X{n}{m}", Level.COMMUNE, district)
    for unit in units:
        with CaptureQueriesContext(connection) as queries:
            found = below(parent=unit.pk)
            # What is joined comes along.
            assert [each.parent.name for each in found] == [unit.name] * 2
        assert len(queries) == 1
        assert found == written(below, parent=unit.pk)
        # Fewer or more values are another query of the same function.
        assert below.first(parent=unit.pk, code="X11") == next(
            iter(written(below, parent=unit.pk, code="X11")), None
        )
    for level, name in ((Level.DISTRICT, "Đơn vị H1"), (Level.COMMUNE, "Đơn vị H1")):
        assert of_level(level, names=name) == list(of_level.__wrapped__(level, names=name))


def test_what_is_steady_is_asked_once_while_it_is_remembered(province):
    asked = steady(below.__wrapped__)
    for query, times in ((below, 3), (asked, 2)):
        with CaptureQueriesContext(connection) as queries, remembered():
            found = query(parent=province.pk)
            # Whoever has the rows may do with the list what they like.
            found.append(None)
            assert query(parent=province.pk) == found[:-1]
            assert query(parent=0) == []
        assert len(queries) == times, query
    with CaptureQueriesContext(connection) as queries:
        for _again in "12":
            asked(parent=province.pk)
    assert len(queries) == 2


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_only():
    for _turn in range(2):
        with transaction.atomic():
            held(pk=0)
        with pytest.raises(transaction.TransactionManagementError):
            held(pk=0)

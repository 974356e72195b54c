"""No payload of history names a person: what was said of them can be taken out again."""

import pytest
from django.db import transaction

from cycle.models import HistoryEntry, Office
from tests.in_the_clear import named_in_the_clear

pytestmark = pytest.mark.django_db


def test_a_name_in_the_clear_is_found(an, cycle):
    with transaction.atomic():
        HistoryEntry.objects.record("office.reading", Office("Danh sách"), by=an, kept=str(an))
        assert named_in_the_clear() == [("office.reading", an.full_name)]
        transaction.set_rollback(True)

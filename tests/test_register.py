"""The register of overdue work: what it counts, for whom, and what 2021 looks like in it."""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from cycle import clock
from cycle.models import OrgUnit, Role
from dossiers.register import Filters, OverdueRegister, time_spent
from tests import records
from tests.conftest import open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9, minute=0):
    return timezone.make_aware(datetime(year, month, day, hour, minute))


def register(user, **filters):
    return OverdueRegister(user, Filters.of({key: str(value) for key, value in filters.items()}))


def test_the_year_2021_is_one_month_late_at_the_districts():
    call_command("load_reference", stdout=StringIO())
    call_command("replay", 2021, stdout=StringIO())
    province = OrgUnit.objects.get(level="province", valid_to=None)
    page = register(person("xem", "Người xem", (Role.OFFICER, province)), clock="legal")

    rows = [row for row in page.rows() if row["what"] == "Cấp huyện đánh giá theo kế hoạch năm"]
    assert len(rows) == 11
    assert {(row["due_on"].isoformat(), row["months"], row["open"]) for row in rows} == {
        ("2021-06-30", 1, False)
    }
    assert {row["unit_name"] for row in rows} == {
        "Thị xã Mường Lay",
        "Huyện Điện Biên",
        "Huyện Mường Ảng",
        "Huyện Mường Nhé",
        "Huyện Tuần Giáo",
        "Huyện Tủa Chùa",
        "Huyện Mường Chà",
    }
    assert {row["days"] for row in rows} <= set(range(18, 23))

"""A member fills in a score sheet: page, autosave, handing in, late words, interest, pen sheets."""

import pytest
from django.test import Client
from django.urls import reverse

from councils import closing
from councils.models import Interest, Scoresheet, SheetState
from tests import judging
from tests.judging import begin, best, choose, fill, judge, regulate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
def round_(council, cycle, commune, an, thu):
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


@pytest.fixture
def entry(round_):
    return round_.entries.get()


@pytest.fixture
def member(council):
    return judge(council, 1)


def at(user):
    client = Client()
    client.force_login(user)
    return client


def url(entry, name="sheet"):
    return reverse(f"councils:{name}", args=[entry.pk])


def touch(client, entry, **fields):
    """What the script sends at one touch."""
    return client.post(
        url(entry), {"act": "save", "scoring": 1} | fields, headers={"HX-Request": "true"}
    )


def whole(entry, wish=best):
    """All choices as the form without a script sends them."""
    return {f"c{option.criterion_id}": option.pk for option in choose(entry.rubric, wish)}


def test_one_touch_is_saved_and_answered_with_time_and_totals(entry, member):
    option = choose(entry.rubric, best)[0]
    answer = touch(at(member.user), entry, **{f"c{option.criterion_id}": option.pk})
    assert answer.status_code == 200
    assert "Đã lưu " in answer.text and "A 3/40" in answer.text
    score = Scoresheet.objects.get(entry=entry, member=member).scores.get()
    assert score.option == option


def test_reading_makes_no_sheet(entry, member):
    assert at(member.user).get(url(entry)).status_code == 200
    assert not Scoresheet.objects.exists()

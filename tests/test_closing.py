"""The closing and what it rests on: asked in so many queries, copied in an order that holds."""

import pytest

from councils.judging import checklist, closing
from councils.models import Score
from tests import judging
from tests.judging import begin, best, fill, judge, regulate, worst

pytestmark = pytest.mark.django_db


@pytest.fixture
def before(province, cycle, commune, an, thu):
    """A round over so many products, scored by all five."""

    def made(number):
        regulate(province)
        council = judging.seat(province, thu)
        round_ = begin(council, cycle, judging.before_council(cycle, commune, an, number), thu)
        for entry in round_.entries.all():
            for member in range(5):
                fill(entry, judge(council, member), best)
        return round_

    return made


@pytest.mark.parametrize("products", [1, 3])
def test_the_checklist_asks_as_much_of_one_product_as_of_three(
    products, before, django_assert_num_queries
):
    round_ = before(products)
    judging.count(round_)
    round_ = type(round_).objects.get(pk=round_.pk)
    with django_assert_num_queries(16):
        items = checklist.checklist(round_)
    assert all(item.met for item in items)


@pytest.mark.parametrize("products", [1, 3])
def test_a_wide_spread_is_not_looked_up_product_by_product(
    products, before, django_assert_num_queries
):
    round_ = before(products)
    member = judge(round_.council, 1)
    for sheet in member.sheets.all():
        sheet.take_back(by=member.user)
        judging.score(sheet, judging.choose(sheet.entry.rubric, worst), by=member.user)
        sheet.submit(by=member.user)
    judging.count(round_)
    round_ = type(round_).objects.get(pk=round_.pk)
    with django_assert_num_queries(16):
        items = checklist.checklist(round_)
    assert [item.code for item in items if not item.met] == ["spread"] * products


@pytest.mark.parametrize("products", [1, 3])
def test_closing_asks_as_much_of_one_product_as_of_three(
    products, before, thu, django_assert_num_queries
):
    round_ = before(products)
    judging.count(round_)
    round_ = type(round_).objects.get(pk=round_.pk)
    with django_assert_num_queries(29):
        closing.close(round_, by=thu)


def test_a_second_scoring_copies_what_is_required_first(before, thu):
    round_ = before(1)
    entry = round_.entries.get()
    sheet = entry.sheets.get(member=judge(round_.council, 1))
    sheet.take_back(by=sheet.member.user)
    dependent = entry.rubric.criteria.get(requires__isnull=False)
    # Scored anew, the required one lies after its dependent in the table.
    for option in dependent.requires.options.exclude(points=0).order_by("points"):
        sheet.put(option, by=sheet.member.user)
    sheet.submit(by=sheet.member.user)
    judging.count(round_)
    round_.score_again(entry, by=thu, reason="Chênh lệch lớn")
    copied = Score.objects.filter(sheet__entry=entry, sheet__scoring=2)
    assert copied.count() == Score.objects.filter(sheet__entry=entry, sheet__scoring=1).count()

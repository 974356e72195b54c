"""How far the judges lie apart: exact figures, after the closing only, for those entitled."""

from decimal import Decimal

import pytest
from django.urls import reverse

from councils.judging import calibration
from councils.models import EvaluationRound, RoundEntry
from cycle import clock
from dossiers.models import Dossier, State
from dossiers.walk import doors
from tests import judging, records
from tests.ground import kept
from tests.judging import begin, best, fill, judge, regulate
from tests.standing import stand
from tests.world import open_task

pytestmark = pytest.mark.django_db


def harsh(criterion, options):
    """All points but on the first criterion, where there are fewest."""
    return options[0] if criterion.position == 1 else options[-1]


def judged(council, cycle, dossiers, by, wishes=(best, best, harsh, best, best)):
    """A closed round in which the members scored as ``wishes`` says."""
    round_ = begin(council, cycle, dossiers, by)
    for entry in round_.entries.all():
        for number, wish in enumerate(wishes):
            fill(entry, judge(council, number), wish)
    judging.close(round_, by=by)
    return round_


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def round_(council, cycle, commune, an, thu):
    return judged(council, cycle, judging.before_council(cycle, commune, an, 2), thu)


def missing_points(round_):
    """What the harsh member withholds."""
    first = round_.entries.first().rubric.criteria.get(position=1)
    return first.points - min(option.points for option in first.options.all())


def test_who_gives_less_than_the_others_leans_down_by_the_exact_mean(round_):
    less = missing_points(round_)
    leanings = calibration.leanings(round_.closings.get())
    assert [each.lean for each in leanings] == [less / 5] * 4 + [-less * 4 / 5]
    last = leanings[-1]
    assert (last.member, last.sheets) == (judge(round_.council, 2), 2)
    assert [(low, high) for _result, low, high in calibration.spreads(round_.closings.get())] == [
        (100 - less, 100)
    ] * 2


def test_a_product_is_compared_criterion_by_criterion(round_):
    entry = round_.entries.first()
    rows, whole = calibration.side_by_side(entry.dossier, EvaluationRound.objects.all())
    less = missing_points(round_)
    assert rows[0].province == rows[0].criterion.points - less / 5
    assert all(row.province == row.criterion.points for row in rows[1:])
    assert {row.district for row in rows} == {None}
    assert whole["levels"][0][1:] == ((500 - less) / 5, 5)


def test_a_district_is_compared_with_the_province_over_the_years(dossier_of_three, moi):
    dossier = stand(dossier_of_three, State.DISTRICT_EVALUATING)
    district = records.evaluation(points_sum="400", sheets=5, stars=4)
    doors.complete(
        open_task(dossier),
        "rank_at_district",
        by=moi,
        paper=records.signed_paper(),
        record=district,
    )
    dossier = stand(Dossier.objects.get(pk=dossier.pk), State.PROVINCE_EVALUATING)
    province = records.evaluation(points_sum="490", sheets=7, stars=4)
    doors.complete(
        open_task(dossier), "rank", by=moi, paper=records.signed_paper(), record=province
    )
    assert calibration.leniency(Dossier.objects.all()) == [
        calibration.Leniency(2022, "Huyện Điện Biên", 1, Decimal(10))
    ]


@pytest.fixture
@kept
def moi(commune, old_commune, district, province):
    from cycle.models import Role
    from tests.world import person

    return person(
        "moi",
        "Người giữ mọi vai trò",
        *((role, unit) for role in Role for unit in (district, province)),
    )


def paths(round_):
    return [
        reverse("councils:round_calibration", args=[round_.pk]),
        *(reverse("councils:entry_calibration", args=[entry.pk]) for entry in round_.entries.all()),
    ]


def test_the_pages_are_there_after_the_closing_for_those_entitled(client, round_, thu, la, kiem):
    for user, status in ((thu, 200), (kiem, 200), (judge(round_.council, 1).user, 200), (la, 404)):
        client.force_login(user)
        for path in paths(round_):
            assert client.get(path).status_code == status, (user, path)
        overview = client.get(reverse("councils:calibration")).content.decode()
        assert (paths(round_)[0] in overview) == (status == 200)
    client.force_login(thu)
    assert "−" in client.get(paths(round_)[0]).content.decode()


def test_nothing_is_told_while_the_round_is_open(client, council, cycle, commune, an, thu):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    fill(round_.entries.get(), judge(council, 0))
    client.force_login(thu)
    assert [client.get(path).status_code for path in paths(round_)] == [404, 404]
    assert "Chưa có đợt nào chốt" in client.get(reverse("councils:calibration")).content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_a_round_asks_as_often_for_three_products_as_for_one(
    client, council, cycle, commune, an, thu, number, django_assert_num_queries
):
    round_ = judged(council, cycle, judging.before_council(cycle, commune, an, number), thu)
    client.force_login(thu)
    with django_assert_num_queries(12):
        client.get(paths(round_)[0])
    assert RoundEntry.objects.count() == number


def test_the_producers_and_the_centres_points_stand_beside_the_councils(round_, an):
    entry = round_.entries.first()
    criteria = list(entry.rubric.criteria.all())

    def kept(record, rubric=entry.rubric, number=1):
        record.dossier, record.recorded_by, record.at = entry.dossier, an, clock.now()
        record.rubric = rubric
        record.scores = {each.code: str(number) for each in criteria[:-1]}
        record.save()

    kept(records.self_assessment())
    kept(records.evaluation(level="centre"), number="1.25")
    rows, _whole = calibration.side_by_side(entry.dossier, EvaluationRound.objects.all())
    assert [(row.self, row.centre) for row in rows] == [
        *[(1, Decimal("1.25"))] * (len(criteria) - 1),
        (None, None),
    ]
    # By another version of the set its points are no points here.
    kept(records.self_assessment(), judging.rubric_of(entry.dossier, 2))
    rows, whole = calibration.side_by_side(entry.dossier, EvaluationRound.objects.all())
    assert {row.self for row in rows} == {None}
    assert whole["self"] == 70


def test_the_page_names_whose_each_number_is(client, round_, thu):
    client.force_login(thu)
    text = client.get(paths(round_)[1]).content.decode()
    for whose in ("Tự chấm", "Tổ tư vấn", "Huyện", "Tỉnh", "Trung ương"):
        assert f'<th scope="col">{whose}</th>' in text
        assert f'data-label="{whose}"' in text

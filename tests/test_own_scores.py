"""Scores criterion by criterion outside a council: the producer's own, and the centre's means."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cycle import clock
from dossiers.forms import acts
from dossiers.models import Dossier, SelfAssessment, State
from dossiers.walk import doors
from tests import records
from tests.ground import kept
from tests.judging import best, choose, rubric_of, worst
from tests.pages import shown
from tests.standing import stand, with_compulsory_papers
from tests.task_pages import agreed
from tests.world import open_task

pytestmark = pytest.mark.django_db

UNJUDGED = {"stars": None, "points_sum": None, "sheets": None}
SELF = "submit_dossier-selfassessment-"
CENTRE = "record_centre_result-evaluation-"


def again(dossier):
    return Dossier.objects.with_units().get(pk=dossier.pk)


@pytest.fixture
@kept
def rubric(dossier):
    return rubric_of(dossier)


@pytest.fixture
@kept
def assembling(dossier, rubric, an):
    with_compulsory_papers(dossier, an)
    doors.act(dossier.process, "choose_rubric", by=an, rubric=rubric)
    return stand(dossier, State.ASSEMBLING, **UNJUDGED)


def chosen(rubric, wish=best):
    """What the form sends for a whole sheet."""
    return {f"{SELF}c{each.criterion_id}": str(each.pk) for each in choose(rubric, wish)}


def hand_in(dossier, by, **typed):
    client = Client()
    client.force_login(by)
    return client.post(
        reverse("dossiers:task", args=[open_task(dossier).pk]),
        {"act": "submit_dossier", f"{SELF}general": "12 thành viên"} | typed,
    )


def sentences(page):
    return [str(sentence) for _place, sentence in page.context["tried"].problems]


def whole(rubric):
    """The points of each criterion where all of them are given."""
    return {each.code: each.points for each in rubric.criteria.all()}


# --- The producer ---------------------------------------------------------------------------


def test_each_criterion_is_kept_and_the_sums_follow(assembling, rubric, an):
    assert hand_in(assembling, an, **chosen(rubric)).status_code == 302
    own = assembling.selfassessments.get()
    assert own.rubric == rubric
    assert own.points() == whole(rubric)
    assert [own.points_a, own.points_b, own.points_c] == [40, 25, 35]
    assert sorted(own.options) == sorted(option.pk for option in choose(rubric, best))


def test_sums_alone_are_enough(assembling, an):
    sums = {f"{SELF}points_a": "20,5", f"{SELF}points_b": "20", f"{SELF}points_c": "30"}
    assert hand_in(assembling, an, **sums).status_code == 302
    own = assembling.selfassessments.get()
    assert (own.points_a, own.options, own.scores) == (Decimal("20.5"), [], {})


def test_neither_is_named_at_the_sums(assembling, an):
    assert sentences(hand_in(assembling, an)) == [
        f"Bạn chưa nhập: Tự chấm phần {part}." for part in "ABC"
    ]


def test_a_sheet_half_filled_names_what_is_missing_and_loses_nothing(assembling, rubric, an):
    typed = chosen(rubric)
    first, second = rubric.criteria.filter(requires=None)[:2]
    del typed[f"{SELF}c{second.pk}"]
    page = hand_in(assembling, an, **typed)
    assert sentences(page) == [f"Bạn chưa chấm tiêu chí {second}."]
    text = page.content.decode()
    assert f'<option value="{typed[f"{SELF}c{first.pk}"]}" selected' in text
    assert "12 thành viên" in text
    assert not SelfAssessment.objects.exists()


def test_what_does_not_apply_stays_empty(assembling, rubric, an):
    bound = rubric.criteria.exclude(requires=None).select_related("requires").first()
    typed = chosen(rubric)
    required = bound.requires
    typed[f"{SELF}c{required.pk}"] = required.options.get(points=0).pk
    page = hand_in(assembling, an, **typed)
    assert sentences(page) == [
        f"Tiêu chí {bound.code} chỉ chấm khi {required.code} có điểm: hãy để trống."
    ]
    del typed[f"{SELF}c{bound.pk}"]
    assert hand_in(assembling, an, **typed).status_code == 302
    assert bound.code not in assembling.selfassessments.get().scores


def test_an_option_of_another_rubric_is_refused(assembling, rubric, an):
    other = rubric_of(assembling, 2)
    typed = chosen(rubric)
    first = next(iter(typed))
    for wrong in (other.criteria.first().options.first().pk, "\x00", "x", "9" * 30):
        page = hand_in(assembling, an, **typed | {first: wrong})
        assert sentences(page) == ["Lựa chọn này không có trong danh sách."]


def test_a_sum_typed_beside_must_be_the_sum(assembling, rubric, an):
    page = hand_in(assembling, an, **chosen(rubric), **{f"{SELF}points_b": "24"})
    assert sentences(page) == ["Các tiêu chí phần B cộng được 25 điểm."]
    page = hand_in(assembling, an, **chosen(rubric), **{f"{SELF}points_b": "x"})
    assert sentences(page) == ["Hãy ghi điểm bằng số, ví dụ 71,5."]
    assert hand_in(assembling, an, **chosen(rubric), **{f"{SELF}points_b": "25,0"}).status_code == (
        302
    )


def test_the_door_refuses_what_the_form_would(assembling, rubric, an):
    options = [option.pk for option in choose(rubric, best)]
    stranger = rubric_of(assembling, 2).criteria.first().options.first().pk
    first = rubric.criteria.first()
    two = [option.pk for option in first.options.all()[:2]]
    for wrong, sentence in (
        (options[1:], "Bạn chưa chấm tiêu chí"),
        ([*options, stranger], "không thuộc bộ tiêu chí"),
        ([*options[1:], *two], "chỉ chọn một mức"),
    ):
        with pytest.raises(ValidationError, match=sentence):
            doors.complete(
                open_task(assembling),
                "submit_dossier",
                by=an,
                record=records.self_assessment(options=wrong),
            )
    assert again(assembling).state == State.ASSEMBLING


def test_options_without_a_rubric_are_refused(dossier, rubric, an):
    with_compulsory_papers(dossier, an)
    dossier = stand(dossier, State.ASSEMBLING, **UNJUDGED)
    with pytest.raises(ValidationError, match="Chưa chọn bộ sản phẩm"):
        doors.complete(
            open_task(dossier), "submit_dossier", by=an, record=records.self_assessment(options=[1])
        )


def test_the_form_folds_by_part_and_begins_with_what_the_last_one_chose(assembling, rubric, an):
    hand_in(assembling, an, **chosen(rubric, worst))
    form = acts.RECORDS["submit_dossier"][0](dossier=again(assembling))
    folds = [piece for piece in form.pieces if "fold" in piece]
    assert [len(piece["fields"]) for piece in folds] == [
        rubric.criteria.filter(part=part).count() for part in "ABC"
    ]
    assert {f"{SELF}{name}": value for name, value in form.initial.items() if name[0] == "c"} == {
        f"{SELF}c{each.pk}": chosen(rubric, worst).get(f"{SELF}c{each.pk}", "")
        for each in rubric.criteria.all()
    }
    assert not any(name.startswith("points_") for name in form.initial)


def test_the_dossier_shows_the_points_of_each_criterion(assembling, rubric, an):
    hand_in(assembling, an, **chosen(rubric))
    client = Client()
    client.force_login(an)
    text = client.get(reverse("dossiers:dossier", args=[assembling.pk])).content.decode()
    first = rubric.criteria.first()
    assert f"Điểm {rubric.criteria.count()} tiêu chí" in text
    assert f"{first} {first.points:.0f}/{first.points:.0f}" in shown(text)


@pytest.mark.parametrize("rows", (1, 3))
def test_own_scores_query_count(assembling, rubric, an, rows, django_assert_num_queries):
    for _n in range(rows):
        dossier = stand(again(assembling), State.ASSEMBLING, **UNJUDGED)
        assert hand_in(dossier, an, **chosen(rubric)).status_code == 302
    assert assembling.selfassessments.count() == rows
    client = Client()
    client.force_login(an)
    with django_assert_num_queries(48):
        client.get(reverse("dossiers:dossier", args=[assembling.pk]))


# --- The centre -----------------------------------------------------------------------------


@pytest.fixture
@kept
def at_centre(dossier, rubric):
    return stand(dossier, State.AT_CENTRE, rubric=rubric, stars=4, points_sum="630", sheets=7)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def answered(dossier, by, points, **typed):
    client = Client()
    client.force_login(by)
    return agreed(
        client,
        reverse("dossiers:task", args=[open_task(dossier).pk]),
        {
            "act": "record_centre_result",
            f"{CENTRE}met_on": "01/01/2026",
            f"{CENTRE}points_sum": "170",
            f"{CENTRE}sheets": "2",
            f"{CENTRE}stars": "4",
            f"{CENTRE}reasons": "Hội đồng trung ương kết luận",
            "record_centre_result-paper-number": "99/QĐ-BNNMT",
            "record_centre_result-paper-signed_on": f"{clock.today():%d/%m/%Y}",
            "record_centre_result-paper-signer": "Lê Văn Bộ",
            "record_centre_result-paper-signer_capacity": "Bộ trưởng",
            "record_centre_result-paper-scan_file": SimpleUploadedFile(
                "a.pdf", b"%PDF-1.7 x obj %%EOF"
            ),
        }
        | points
        | typed,
    )


def means(rubric, less=15):
    """85 of 100 points: ``less`` is taken where there is something to take, in hundredths too."""
    left, points = Decimal(less), {}
    for criterion in rubric.criteria.all():
        taken = min(left, criterion.points)
        left -= taken
        points[f"{CENTRE}p{criterion.pk}"] = f"{criterion.points - taken}".replace(".", ",")
    return points


def test_the_centres_means_are_kept(at_centre, rubric, minh):
    assert answered(at_centre, minh, means(rubric, "14.99")).status_code == 302
    kept = at_centre.evaluations.get()
    assert (kept.rubric, sum(kept.points().values())) == (rubric, Decimal("85.01"))


def test_the_centre_need_not_send_them(at_centre, minh):
    assert answered(at_centre, minh, {}).status_code == 302
    kept = at_centre.evaluations.get()
    assert (kept.rubric, kept.scores) == (None, {})


def test_wrong_means_are_named_at_their_criterion(at_centre, rubric, minh):
    first = rubric.criteria.first()
    name = f"{CENTRE}p{first.pk}"
    for typed, sentence in (
        ("99", f"Điểm tiêu chí {first.code} từ 0 đến {first.points:.0f}."),
        ("-1", "Điểm không thể âm."),
        ("1,234", "Điểm có nhiều nhất 2 chữ số sau dấu phẩy."),
        ("nhiều", "Hãy ghi điểm bằng số, ví dụ 71,5."),
        ("", f"Bạn chưa nhập điểm tiêu chí {first}."),
    ):
        page = answered(at_centre, minh, means(rubric), **{name: typed})
        assert sentences(page)[0] == sentence
    page = answered(at_centre, minh, means(rubric, 20))
    assert sentences(page) == ["Điểm bình quân là 85, nhưng các tiêu chí cộng được 80.00."]
    assert not at_centre.evaluations.exists()


@pytest.mark.parametrize("value", ("99", "-1", "NaN", "Infinity", "1.234", "x", None, [1], 3.5))
def test_the_door_takes_no_impossible_mean(at_centre, rubric, minh, value):
    scores = {code: str(points) for code, points in whole(rubric).items()}
    record = records.evaluation(points_sum="200", sheets=2, stars=4)
    record.scores = scores | {rubric.criteria.first().code: value}
    with pytest.raises(ValidationError, match="Điểm tiêu chí"):
        doors.complete(
            open_task(at_centre),
            "record_centre_result",
            by=minh,
            paper=records.ministry_paper(),
            record=record,
        )
    record.scores = scores | {"9.9": "1"}
    with pytest.raises(ValidationError, match="không thuộc bộ tiêu chí"):
        doors.complete(
            open_task(at_centre),
            "record_centre_result",
            by=minh,
            paper=records.ministry_paper(),
            record=record,
        )


def test_without_a_set_there_is_nothing_to_score_by(dossier, minh):
    dossier = stand(dossier, State.AT_CENTRE)
    record = records.evaluation(scores={"1.1": "1"})
    with pytest.raises(ValidationError, match="Chưa chọn bộ sản phẩm"):
        doors.complete(
            open_task(dossier),
            "record_centre_result",
            by=minh,
            paper=records.ministry_paper(),
            record=record,
        )
    assert acts.RECORDS["record_centre_result"][0](dossier=dossier).folds == ()

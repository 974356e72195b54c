"""The rubric of a dossier: chosen or pinned when it is filed, and then judged by no other."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from councils.forms.rounds import TakeInForm
from councils.models import EvaluationRound
from cycle.models import Rubric
from dossiers.forms import acts
from dossiers.models import ConditionNotMet, Dossier, State
from dossiers.walk import doors
from tests import judging, records
from tests.ground import kept
from tests.judging import rubric_of
from tests.pages import shown
from tests.standing import stand, with_compulsory_papers
from tests.world import events, open_cycle, open_task

pytestmark = pytest.mark.django_db

UNJUDGED = {"stars": None, "points_sum": None, "sheets": None}


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def page_of(dossier):
    return reverse("dossiers:dossier", args=[dossier.pk])


def choose(user, dossier, rubric):
    return signed_in(user).post(
        reverse("dossiers:act", args=[dossier.pk, "choose_rubric"]),
        {"choose_rubric-choice-rubric": getattr(rubric, "pk", rubric)},
    )


def sentences(response):
    return [str(sentence) for _place, sentence in response.context["form"].problems]


def again(dossier):
    return Dossier.objects.with_units().get(pk=dossier.pk)


def variant(rubric, **fields):
    """A row beside ``rubric`` in which only ``fields`` differ."""
    values = {
        "rule_set": rubric.rule_set,
        "number": rubric.number,
        "name": rubric.name,
        "group": rubric.group,
        "sections": [],
        "content_hash": "f" * 64,
    }
    return Rubric.objects.create(**values | fields)


@pytest.fixture
@kept
def rubric(dossier):
    return rubric_of(dossier)


# --- Chosen ---------------------------------------------------------------------------------


def test_the_officer_chooses_the_set_and_the_history_names_it(dossier, rubric, an):
    assert choose(an, dossier, rubric).status_code == 302
    assert again(dossier).rubric == rubric
    assert events(dossier) == ["dossier.open", "dossier.choose_rubric"]
    assert dossier.history.last().data["rubric"] == rubric.name
    text = signed_in(an).get(page_of(dossier)).content.decode()
    assert f"{rubric.number}. {rubric.name}" in shown(text)
    assert f"chọn bộ sản phẩm, theo bộ «{rubric.name}»" in shown(text)


def test_only_sets_of_the_edition_and_of_its_group_are_offered(dossier, rubric, rule_sets):
    variant(rubric, number=2, group="drink")
    rubric_of(open_like(dossier, rule_sets["qd1048_2019"]))
    newer = variant(rubric)
    assert list(dossier.rubrics()) == [newer]
    form = acts.RubricForm(dossier=dossier)
    assert list(form.fields["rubric"].queryset) == [newer]


def open_like(dossier, rule_set):
    return Dossier(rule_set=rule_set, product=dossier.product)


def test_another_set_is_refused_at_the_field_and_at_the_door(dossier, rubric, an):
    other = variant(rubric, number=2, group="drink")
    for typed, sentence in (
        (other, "Lựa chọn này không có trong danh sách."),
        ("\x00", "Lựa chọn này không có trong danh sách."),
        ("", "Bạn chưa chọn: Bộ sản phẩm."),
    ):
        assert sentences(choose(an, dossier, typed)) == [sentence]
    with pytest.raises(ConditionNotMet, match="không dành cho nhóm sản phẩm"):
        doors.act(dossier.process, "choose_rubric", by=an, rubric=other)
    assert again(dossier).rubric is None
    assert events(dossier) == ["dossier.open"]


def test_who_may_not_choose_is_told_so_and_a_stranger_finds_nothing(dossier, rubric, chi, la):
    assert choose(chi, dossier, rubric).status_code == 403
    assert choose(la, dossier, rubric).status_code == 404
    assert again(dossier).rubric is None


def test_an_edition_without_rubrics_says_so(dossier, an):
    assert "không có bộ tiêu chí" in choose(an, dossier, "").content.decode()
    with pytest.raises(ConditionNotMet, match="không có bộ tiêu chí"):
        doors.act(dossier.process, "choose_rubric", by=an, rubric=Rubric())


def test_what_a_council_judges_or_has_judged_is_not_chosen_anew(
    cycle, commune, an, minh, thu, province
):
    [dossier] = judging.before_council(cycle, commune, an)
    rubric = rubric_of(dossier)
    doors.act(dossier.process, "choose_rubric", by=minh, rubric=rubric)
    judging.regulate(province)
    round_ = judging.begin(judging.seat(province, thu), cycle, [dossier], thu, open_it=False)
    assert "đã được đưa vào đợt" in choose(minh, dossier, rubric).content.decode()
    with pytest.raises(ConditionNotMet, match="đã được đưa vào đợt"):
        doors.act(dossier.process, "choose_rubric", by=minh, rubric=rubric)
    round_.drop(round_.entries.get(), by=thu, reason="Sai bộ")
    doors.act(dossier.process, "choose_rubric", by=minh, rubric=rubric)
    judged = stand(again(dossier), State.AT_PROVINCE)
    with pytest.raises(ConditionNotMet, match="Hội đồng đã chấm"):
        doors.act(judged.process, "choose_rubric", by=minh, rubric=rubric)


# --- Filed ----------------------------------------------------------------------------------


@pytest.fixture
@kept
def assembling(dossier, an):
    with_compulsory_papers(dossier, an)
    return stand(dossier, State.ASSEMBLING, **UNJUDGED)


def file(dossier, by, **fields):
    record = records.self_assessment(**fields)
    # The older edition is no longer in force on the day of filing.
    why = "Quy định chuyển tiếp"
    return doors.complete(open_task(dossier), "submit_dossier", by=by, record=record, reason=why)


def test_filing_pins_the_set_of_the_own_scores(assembling, rubric, an):
    file(assembling, an, rubric=rubric)
    dossier = again(assembling)
    assert (dossier.state, dossier.rubric) == (State.DOSSIER_SUBMITTED, rubric)
    assert dossier.history.last().data["rubric"] == rubric.name
    variant(rubric)
    assert again(assembling).rubric == rubric


def test_what_was_chosen_before_stays_and_the_record_follows_it(assembling, rubric, an):
    doors.act(assembling.process, "choose_rubric", by=an, rubric=rubric)
    other = variant(rubric, number=2)
    with pytest.raises(ValidationError, match="Hồ sơ đã chọn bộ"):
        file(assembling, an, rubric=other)
    file(assembling, an)
    dossier = again(assembling)
    assert dossier.rubric == dossier.selfassessments.get().rubric == rubric
    assert "rubric" not in dossier.history.last().data


def test_a_set_of_another_group_is_not_filed(assembling, rubric, an):
    with pytest.raises(ValidationError, match="không dành cho nhóm sản phẩm"):
        file(assembling, an, rubric=variant(rubric, number=2, group="drink"))
    assert again(assembling).state == State.ASSEMBLING


def test_the_form_asks_for_the_set_until_it_is_known(assembling, rubric, an):
    task = reverse("dossiers:task", args=[open_task(assembling).pk])
    typed = {
        "act": "submit_dossier",
        **{
            f"submit_dossier-selfassessment-{name}": value
            for name, value in (
                ("general", "12 thành viên"),
                ("points_a", "25"),
                ("points_b", "20"),
                ("points_c", "25"),
            )
        },
    }
    page = signed_in(an).post(task, typed)
    assert "Bạn chưa chọn: Bộ sản phẩm." in page.content.decode()
    assert "12 thành viên" in page.content.decode()
    typed["submit_dossier-selfassessment-rubric"] = rubric.pk
    assert signed_in(an).post(task, typed).status_code == 302
    assert again(assembling).rubric == rubric
    assert "rubric" not in acts.RECORDS["submit_dossier"][0](dossier=again(assembling)).fields


def test_where_the_edition_has_no_rubric_nothing_is_asked(assembling, an):
    assert "rubric" not in acts.RECORDS["submit_dossier"][0](dossier=assembling).fields
    file(assembling, an)
    assert again(assembling).rubric is None


def test_another_edition_forgets_the_set(dossier_of_three, an, minh, rule_sets):
    rubric = variant(rubric_of(dossier_of_three), group=dossier_of_three.product.group)
    with_compulsory_papers(dossier_of_three, an)
    file(stand(dossier_of_three, State.ASSEMBLING, **UNJUDGED), an, rubric=rubric)
    same = open_cycle(rule_sets["qd1048_2019"], 2025)
    other = open_cycle(rule_sets["qd26_2026"], 2027)
    for cycle, chosen in ((same, rubric), (other, None)):
        doors.act(again(dossier_of_three).process, "defer", by=an, reason="Mất mùa")
        doors.act(again(dossier_of_three).process, "reopen", by=an, cycle=cycle, reason="Vụ mới")
        assert again(dossier_of_three).rubric == chosen
    # The scores of the old edition pin nothing in the new one.
    with_compulsory_papers(again(dossier_of_three), an)
    doors.act(again(dossier_of_three).process, "receive_directly", by=minh, reason="Xã mất mạng")
    assert again(dossier_of_three).rubric is None


# --- Taken into a round ---------------------------------------------------------------------


def test_a_round_takes_the_dossier_in_by_its_set_and_no_other(
    client, cycle, commune, an, minh, thu, province
):
    [dossier] = judging.before_council(cycle, commune, an)
    rubric = rubric_of(dossier)
    doors.act(dossier.process, "choose_rubric", by=minh, rubric=rubric)
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = EvaluationRound.create(
        EvaluationRound(council=council, cycle=cycle, name="Đợt 1"), by=thu
    )
    with pytest.raises(ConditionNotMet, match="phải được chấm theo bộ"):
        round_.take_in([(dossier, variant(rubric))], by=thu)
    client.force_login(thu)
    page = reverse("councils:take_in", args=[round_.pk])
    text = client.get(page).content.decode()
    assert f"{rubric.number}. {rubric.name}" in shown(text)
    assert f'name="rubric-{dossier.pk}"' not in text
    assert [row["pinned"] for row in TakeInForm(round_=round_, by=thu).rows()] == [rubric]
    assert client.post(page, {"take": [dossier.pk]}).status_code == 302
    assert round_.entries.get().rubric == rubric


@pytest.mark.parametrize("rows", (1, 3))
def test_take_in_query_count(
    client, cycle, commune, an, minh, thu, province, rows, django_assert_num_queries
):
    for dossier in judging.before_council(cycle, commune, an, rows):
        doors.act(dossier.process, "choose_rubric", by=minh, rubric=rubric_of(dossier))
    judging.regulate(province)
    round_ = EvaluationRound.create(
        EvaluationRound(council=judging.seat(province, thu), cycle=cycle, name="Đợt 1"), by=thu
    )
    client.force_login(thu)
    with django_assert_num_queries(15):
        client.get(reverse("councils:take_in", args=[round_.pk]))

"""The rubric at a desk and on a phone: chosen, filled in criterion by criterion, and compared."""

import os

import pytest
from django.db import transaction
from playwright.sync_api import expect

from dossiers.models import State
from tests import judging, records
from tests.browser.driving import WIDTHS, papers, reread
from tests.judging import begin, best, choose, fill, judge, regulate, rubric_of
from tests.standing import stand
from tests.world import open_task

pytestmark = pytest.mark.django_db(transaction=True)

SELF = "submit_dossier-selfassessment"


def keep(at, name):
    if folder := os.environ.get("SHOTS"):
        at.page.screenshot(path=f"{folder}/{name}-{at.width}.png", full_page=True)


@pytest.fixture
def assembling(dossier, an):
    rubric_of(dossier)
    papers(dossier, an)
    return stand(dossier, State.ASSEMBLING, stars=None, points_sum=None, sheets=None)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_chooses_the_set_and_scores_criterion_by_criterion(desk, assembling, an, width):
    rubric = rubric_of(assembling)
    at = desk(an, width)
    at.open("dossiers:act", assembling.pk, "choose_rubric")
    at.fill("choose_rubric-choice", rubric=str(rubric.pk))
    keep(at, "choose")
    at.act("choose_rubric")
    at.open("dossiers:act", assembling.pk, "attach_evidence")
    at.unfold()
    keep(at, "evidence")
    at.open("dossiers:task", open_task(assembling).pk)
    keep(at, "folded")
    at.unfold()
    chosen = choose(rubric, best)
    bound = rubric.criteria.exclude(requires=None).select_related("requires").first()
    closed = at.page.locator(f'[name="{SELF}-c{bound.pk}"]')
    expect(closed).to_be_disabled()
    for option in chosen:
        at.page.locator(f'[name="{SELF}-c{option.criterion_id}"]').select_option(str(option.pk))
    expect(closed).to_be_enabled()
    expect(at.page.locator(f'[name="{SELF}-points_a"]')).to_have_value("40")
    expect(at.page.locator("[data-running]").nth(1)).to_contain_text("25")
    keep(at, "filled")
    # One is taken back: the page says so at its criterion, and keeps the others.
    first = at.page.locator(f'[name="{SELF}-c{chosen[0].criterion_id}"]')
    first.select_option("")
    expect(at.page.locator(f'[name="{SELF}-points_a"]')).to_have_value("")
    at.fill(SELF, general="Hợp tác xã 12 thành viên")
    at.press("submit_dossier")
    expect(at.page.locator(".error-summary")).to_contain_text("Bạn chưa chấm tiêu chí 1.1")
    expect(at.page.locator(f'[name="{SELF}-c{chosen[1].criterion_id}"]')).to_have_value(
        str(chosen[1].pk)
    )
    keep(at, "missing")
    first.select_option(str(chosen[0].pk))
    at.act("submit_dossier")
    reread(assembling)
    assert assembling.selfassessments.get().points_a == 40
    at.open("dossiers:dossier", assembling.pk)
    at.unfold()
    keep(at, "dossier")


@pytest.mark.parametrize("width", WIDTHS)
def test_who_scored_what_stands_side_by_side(desk, cycle, commune, an, thu, province, width):
    regulate(province)
    council = judging.seat(province, thu)
    [dossier] = judging.before_council(cycle, commune, an)
    own = records.self_assessment(rubric=rubric_of(dossier))
    own.dossier, own.recorded_by, own.at = dossier, an, dossier.moved_at
    own.options = [option.pk for option in choose(own.rubric, best)]
    own.prepare()
    own.save()
    round_ = begin(council, cycle, [dossier], thu)
    entry = round_.entries.get()
    for number in range(5):
        fill(entry, judge(council, number))
    with transaction.atomic():
        judging.close(round_, by=thu)
    at = desk(thu, width)
    at.open("councils:entry_calibration", entry.pk)
    row = at.page.locator(".compare tbody tr").first
    expect(row.locator('[data-label="Tự chấm"]')).to_have_text("3")
    expect(row.locator('[data-label="Tỉnh"]')).to_have_text("3")
    expect(row.locator('[data-label="Trung ương"]')).to_have_text("–")
    keep(at, "compare")

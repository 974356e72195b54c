"""Products of one round: their results, the submission and one decision, in three strokes."""

import pytest
from playwright.sync_api import expect

from cycle import clock
from cycle.models.job import run_waiting
from dossiers.models import ActBatch, Certificate, Dossier, State
from tests.browser.driving import signed
from tests.browser.stock_pages import shot
from tests.strokes import stood

pytestmark = pytest.mark.browser


def paste(at, **columns):
    """Put columns of a spreadsheet into the rows, without script as with it."""
    at.unfold()
    for name, lines in columns.items():
        at.page.locator(f'[name="paste-{name}"]').fill("\n".join(lines))
    at.follow(at.page.locator('button[value="fill"]'))


def agree(at, name):
    """Look, agree, and let the worker do it."""
    at.follow(at.page.locator('button[value="look"]'))
    shot(at, f"many-{name}-plan")
    at.follow(at.page.locator('button[name="sure"]'))
    shot(at, f"many-{name}-waits")
    run_waiting()
    at.open("dossiers:many_one", ActBatch.objects.latest("pk").pk)
    shot(at, f"many-{name}-done")


@pytest.mark.parametrize(("width", "many"), [(1280, 3), (390, 3)])
def test_the_products_of_a_round_get_their_certificates(
    desk, width, many, transactional_db, cycle, commune, an, thu, minh, son
):
    stood(cycle, commune, an, State.PROVINCE_EVALUATING, many, stars=None, points_sum=None,
          sheets=None)  # fmt: skip
    at = desk(thu, width)
    for tick in at.page.locator(".list .tick").all()[:2]:
        tick.check()
    at.follow(at.page.locator('button[value="many"]'))
    expect(at.page.locator("main")).to_contain_text("Đang chọn 2 hồ sơ.")
    shot(at, "many")
    at.open("dossiers:many_new", "rank")
    today = f"{clock.today():%d/%m/%Y}"
    at.fill("rank-evaluation", met_on=today, reasons="Theo biên bản họp hội đồng")
    at.fill("rank-paper", **signed("12/BB-HĐ", "Chủ tịch Hội đồng OCOP tỉnh"))
    paste(at, points_sum=["560"] * many, sheets=["7"] * many, stars=["4"] * many)
    shot(at, "many-rank-filled")
    agree(at, "rank")
    expect(at.page.locator("main")).to_contain_text(f"Đã làm {many}, không làm được 0")

    at = desk(minh, width)
    at.open("dossiers:many_new", "propose_recognition")
    # Every row comes ticked, and the box of all says so.
    if width > 1000:
        all_of_page = at.page.locator("[data-tick-all]")
        expect(all_of_page).to_be_checked()
        at.page.locator(".list .tick").first.uncheck()
        assert all_of_page.evaluate("box => box.indeterminate && !box.checked")
        at.page.locator(".list .tick").first.check()
        expect(all_of_page).to_be_checked()
    at.fill("propose_recognition-review", checked=True)
    agree(at, "propose")

    at = desk(son, width)
    at.open("dossiers:many_new", "certify")
    at.fill("certify-certificate", issued_on=today)
    at.fill("certify-paper", **signed("88/QĐ-UBND", "Chủ tịch UBND tỉnh"))
    numbers = [f"{n:03}/GCN-UBND" for n in range(1, many + 1)]
    # One line less than there are products: nothing is filled in, nothing lost.
    paste(at, number=numbers[:-1])
    expect(at.page.locator(".error-summary")).to_contain_text(f"Cột dán có {many - 1} dòng")
    expect(at.page.locator('[name="certify-paper-number"]')).to_have_value("88/QĐ-UBND")
    paste(at, number=numbers)
    agree(at, "certify")

    assert Dossier.objects.filter(state=State.CERTIFIED).count() == many
    assert sorted(each.number for each in Certificate.objects.all()) == numbers

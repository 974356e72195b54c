"""The inbox by keyboard, by the handful, and searched as people type."""

import pytest
from playwright.sync_api import expect

from dossiers.models import Task
from dossiers.walk import doors
from tests.browser.driving import WIDTHS, raise_ids
from tests.owning import owner
from tests.world import open_dossier

pytestmark = pytest.mark.browser


@pytest.fixture
def three(cycle, commune, an):
    """Three dossiers of An's, whose ids are past a thousand."""
    raise_ids("dossiers_task")
    raise_ids("dossiers_dossier")
    return [
        open_dossier(cycle, commune, an, name=name)
        for name in ("Mật ong rừng", "Gạo nếp nương", "Chè Shan tuyết")
    ]


def has_claimed(user):
    return set(Task.objects.filter(owner=user).values_list("dossier__product__name", flat=True))


def test_the_keys(desk, an, three):
    at = desk(an)
    keys, rows = at.page.keyboard, at.page.locator(".list .go")
    expect(rows).to_have_count(3)
    # Which lies first when all are due on the same day is the list's own business.
    first, second, _third = (
        row.text_content() for row in at.page.locator(".list td.what .name").all()
    )

    keys.press("j")
    expect(rows.nth(0)).to_be_focused()
    keys.press("j")
    expect(rows.nth(1)).to_be_focused()
    keys.press("k")
    expect(rows.nth(0)).to_be_focused()

    # The row is swapped for its answer, and the keys go on from it.
    keys.press("g")
    expect(at.find(first).locator("[data-key=g]")).to_have_attribute(
        "value", f"release:{_pk(first)}"
    )
    assert has_claimed(an) == {first}
    keys.press("j")
    expect(rows.nth(1)).to_be_focused()
    keys.press("k")
    keys.press("g")
    expect(at.find(first).locator("[data-key=g]")).to_have_attribute("value", f"claim:{_pk(first)}")
    assert has_claimed(an) == set()

    keys.press("?")
    expect(at.page.locator("#keys")).to_be_visible()
    keys.press("j")
    keys.press("Escape")
    expect(at.page.locator("#keys")).to_be_hidden()

    # In a field a letter is a letter.
    keys.press("/")
    expect(at.page.locator("#q")).to_be_focused()
    with at.page.expect_response(lambda response: "q=nep" in response.url):
        keys.type("nep g")
        keys.press("Backspace")
        keys.press("Backspace")
    expect(rows).to_have_count(1)
    assert has_claimed(an) == set()

    at.open("dossiers:inbox")
    keys.press("j")
    keys.press("j")
    with at.page.expect_navigation():
        keys.press("Enter")
    expect(at.page.locator("main")).to_contain_text(second)


def _pk(product):
    return Task.objects.open().get(dossier__product__name=product).pk


def test_many_are_claimed_at_once_and_each_has_its_answer(desk, an, yen, three):
    at = desk(an)
    # Yến was quicker with one of them, after An's page was drawn.
    doors.claim(Task.objects.get(dossier=three[1]), by=yen)

    at.page.locator("[data-tick-all]").check()
    expect(at.page.locator(".bulk-count")).to_contain_text("3")
    at.follow(at.page.locator('.bulk button[value="claim"]'))

    claimed, refused = at.page.locator(".notice-success"), at.page.locator(".notice-warning")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("Gạo nếp nương")
    expect(refused).to_contain_text("Lò Hải Yến")
    expect(claimed).to_contain_text("Mật ong rừng")
    expect(claimed).to_contain_text("Chè Shan tuyết")
    assert has_claimed(an) == {"Mật ong rừng", "Chè Shan tuyết"}
    assert has_claimed(yen) == {"Gạo nếp nương"}


@pytest.mark.parametrize("width", WIDTHS)
def test_mat_ong_finds_mat_ong_and_back_finds_it_again(desk, width, an, three):
    at = desk(an, width)
    if width < 768:
        at.page.locator(".filters > summary").click()
    at.page.locator("#q").fill("mat ong")
    expect(at.page.locator(".list .go")).to_have_count(1)
    expect(at.find("Mật ong rừng")).to_have_count(1)
    expect(at.page).to_have_url(f"{at.server}/inbox/?q=mat+ong")
    at.look()

    at.follow(at.page.locator(".list .go"))
    at.page.go_back()
    expect(at.page.locator("#q")).to_have_value("mat ong")
    expect(at.page.locator(".list .go")).to_have_count(1)

    # The list of all dossiers, from any page.
    at.page.locator("#find").fill("che shan")
    with at.page.expect_navigation():
        at.page.locator("#find").press("Enter")
    expect(at.page.locator(".list .go")).to_have_text("Chè Shan tuyết")
    at.look()


def test_words_that_choose_nothing_filter_by_nothing(desk, minh):
    """A long list gets its box; here one is put before a short list."""
    at = desk(minh)
    at.open("dossiers:potential")
    at.page.evaluate(
        """() => {
          const box = document.createElement("input");
          box.className = "find";
          document.querySelector("#state").before(box);
        }"""
    )
    box, button = at.page.locator("main input.find"), at.page.locator(".filter-line button")
    box.fill("không có dòng nào")
    button.click()
    assert "Chưa chọn dòng nào" in box.evaluate("box => box.validationMessage")
    assert at.page.url.endswith("/potential/")
    box.fill("")
    at.follow(button)
    assert "state=" in at.page.url


def test_english_stays_and_vietnamese_is_the_default(desk, an, la, three):
    at = desk()
    language = at.page.locator("html")
    at.open("account_login")
    expect(language).to_have_attribute("lang", "vi")

    at.follow(at.page.locator('button[name="language"]').first)
    expect(language).to_have_attribute("lang", "en")
    at.sign_in(an)
    expect(language).to_have_attribute("lang", "en")

    # Numbers are written otherwise in English; addresses are not.
    row = at.find("Mật ong rừng")
    row.locator("[data-key=g]").click()
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    at.follow(row.locator(".go"))
    expect(at.page.locator(".steps")).to_be_visible()
    at.open("dossiers:dossier_list")
    at.follow(at.find("Mật ong rừng").locator(".go"))
    expect(at.page.locator(".timeline")).to_be_visible()

    at.sign_out()
    expect(language).to_have_attribute("lang", "en")
    at.sign_in(la)
    expect(language).to_have_attribute("lang", "en")
    at.follow(at.page.locator('button[name="language"]').first)
    expect(language).to_have_attribute("lang", "vi")
    at.sign_out()
    expect(language).to_have_attribute("lang", "vi")


def test_a_search_that_takes_too_long_says_so_and_leaves_the_list(desk, an, three):
    at = desk(an)
    rows = at.page.locator(".list .go")
    expect(rows).to_have_count(3)
    with owner() as somebody:
        somebody.execute("LOCK dossiers_product IN ACCESS EXCLUSIVE MODE")
        at.page.locator('.filter-line [name="q"]').fill("mat ong")
        expect(at.page.locator("#messages .notice-error")).to_contain_text(
            "mất quá nhiều thời gian", timeout=30_000
        )
    expect(rows).to_have_count(3)
    # Chromium's own word on the number of the answer.
    assert all("503" in fault for fault in at.faults)
    at.faults.clear()

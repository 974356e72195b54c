"""Absence at a desk and on a phone: who acts without the paper that was due, and the paper itself."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cycle import clock
from dossiers.office.handover import substitute
from tests.absence_pages import TYPED, asked
from tests.browser.driving import WIDTHS
from tests.world import person

pytestmark = pytest.mark.browser


@pytest.fixture
def unpapered(an, chi, cycle, commune, old_commune, province):
    """Chi named Dung in An's place three weeks ago, and nobody has the paper; Lành is named today."""
    dung, lanh = person("dung", "Lò Thị Dung"), person("lanh", "Cà Thị Lành")
    with clock.at(clock.now() - timedelta(days=21)):
        late = substitute(
            asked(an.role_assignments.get(org_unit=commune), dung, last=60, reason="Ốm " * 60),
            by=chi,
        )
    substitute(asked(an.role_assignments.get(org_unit=old_commune), lanh), by=chi)
    return late


@pytest.mark.parametrize("width", WIDTHS)
def test_the_paper_of_a_substitution_is_found_missing_and_recorded(desk, width, chi, unpapered):
    at = desk(chi, width)
    at.open("dossiers:absence")
    expect(at.page.locator(".list tbody tr")).to_have_count(2)
    at.follow(at.page.locator(".tabs a", has_text="chưa có văn bản"))
    expect(at.page.locator(".tabs [aria-current]")).to_contain_text("1")
    expect(at.page.locator(".list tbody tr")).to_have_count(1)
    row = at.find("Lò Thị Dung")
    expect(row).to_contain_text("không có văn bản đúng hạn")
    at.follow(row.get_by_role("link", name="Ghi văn bản"))
    expect(at.page).to_have_url(f"{at.server}/absence/{unpapered.pk}/paper/")
    at.follow(at.page.locator("form.act .btn-primary"))
    expect(at.page.locator(".error-summary")).to_be_visible()
    for name, text in TYPED.items():
        at.page.locator(f"#id_{name}").fill(text)
    at.follow(at.page.locator("form.act .btn-primary"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    at.open("dossiers:absence", query="?show=unpapered")
    expect(at.page.locator(".empty")).to_be_visible()

"""On a shared computer: after the sign-out «Back» shows nothing of what was there."""

import pytest
from playwright.sync_api import expect

from tests.browser.driving import WIDTHS
from tests.world import open_dossier

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_back_after_sign_out_shows_the_sign_in(desk, width, cycle, commune, an):
    dossier = open_dossier(cycle, commune, an, name="Mật ong rừng")
    at = desk(an, width)
    at.open("dossiers:dossier_list")
    at.open("dossiers:dossier", dossier.pk)
    expect(at.page.locator("main")).to_contain_text("Mật ong rừng")
    at.sign_out()
    for _step in range(2):
        at.page.go_back()
        expect(at.page.locator("body")).not_to_contain_text("Mật ong rừng")
    expect(at.page.locator('[name="password"]')).to_be_visible()

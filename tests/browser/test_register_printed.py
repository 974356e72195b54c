"""The register on paper: lying, with its last column."""

from datetime import timedelta

import pytest

from cycle import clock
from tests.world import open_dossier

pytestmark = pytest.mark.browser

#: A4 lying with margins of 1 cm, in CSS pixels.
WIDTH = 1046


@pytest.mark.parametrize("page", ["register", "register_printed"])
def test_no_column_of_the_register_is_cut_off(page, desk, cycle, commune, an, minh):
    with clock.at(clock.now() - timedelta(days=60)):
        open_dossier(cycle, commune, an, name="Mật ong rừng hoa ban Tủa Chùa")
    at = desk(minh, WIDTH)
    at.open(f"dossiers:{page}")
    at.page.emulate_media(media="print")
    cut = at.page.locator("main").evaluate(
        f"""main => [...main.querySelectorAll("table th, table td")]
            .filter((cell) => cell.checkVisibility())
            .filter((cell) => cell.getBoundingClientRect().right > {WIDTH}
              || cell.scrollWidth > cell.clientWidth + 1)
            .map((cell) => cell.textContent.trim())"""
    )
    assert cut == []
    rules = at.page.evaluate(
        """() => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
            .filter((rule) => rule instanceof CSSPageRule).map((rule) => rule.cssText)"""
    )
    assert any("landscape" in rule for rule in rules)

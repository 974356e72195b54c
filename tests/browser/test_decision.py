"""The leader signs, the clerk numbers afterwards, and only then is anything recognised."""

import pytest
from playwright.sync_api import expect

from cycle import clock
from cycle.models import Role
from dossiers.models import State
from tests.browser.driving import WIDTHS, reread, signed
from tests.standing import stand
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_signed_first_numbered_later(desk, width, cycle, commune, an, son, province):
    dossier = stand(open_dossier(cycle, commune, an, name="Mật ong rừng"), State.AWAITING_DECISION)
    lo = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    leader = desk(son, width)
    leader.open("dossiers:task", open_task(dossier).pk)
    leader.act("sign_decision")
    expect(leader.page.locator("main")).to_contain_text("chờ văn thư vào số")
    expect(leader.page.locator('button[value="sign_decision"]')).to_have_count(0)
    leader.unfold()
    leader.open("dossiers:inbox")
    expect(leader.find("Mật ong rừng")).to_contain_text("chờ vào số")
    reread(dossier)
    assert dossier.state == State.AWAITING_DECISION

    clerk = desk(lo, width)
    clerk.open("dossiers:task", open_task(dossier).pk)
    expect(clerk.page.locator('button[value="sign_decision"]')).to_have_count(0)
    clerk.unfold()
    clerk.fill("certify-certificate", number="12/GCN", issued_on=f"{clock.today():%d/%m/%Y}")
    # A number without the paper: told at the field, and what was typed stays.
    clerk.press("certify")
    expect(clerk.page.locator(".error-summary")).to_be_focused()
    expect(clerk.page.locator('[name="certify-certificate-number"]')).to_have_value("12/GCN")
    clerk.fill("certify-paper", **signed("812/QĐ-UBND", "Chủ tịch"))
    clerk.act("certify")
    reread(dossier)
    assert dossier.state == State.CERTIFIED
    clerk.open("dossiers:certificate", dossier.certificates.get().token)
    expect(clerk.page.locator("main")).to_contain_text("812/QĐ-UBND")

"""Every page on a phone: nothing wider than the screen, every button wide enough for a thumb."""

import pytest
from playwright.sync_api import expect

from tests import records
from tests.browser.driving import bring
from tests.world import open_task

pytestmark = pytest.mark.browser

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def test_what_makes_a_page_arrives_as_what_it_is(desk):
    at = desk()
    arrived = {}
    at.page.on("response", lambda it: arrived.update({it.url.rpartition("/")[2]: it}))
    at.open("account_login")
    at.page.wait_for_load_state("networkidle")
    kinds = {
        name: response.headers["content-type"].partition(";")[0]
        for name, response in arrived.items()
        if response.ok and "." in name
    }
    assert kinds["bootstrap.min.css"] == kinds["ocop.css"] == "text/css"
    assert kinds["ocop.js"] == kinds["htmx-2.min.js"] == "text/javascript"
    # And it is in force: our accent, not the browser's grey.
    assert (
        at.page.locator(".btn-primary").evaluate(
            "button => getComputedStyle(button).backgroundColor"
        )
        == "rgb(11, 95, 87)"
    )


@pytest.mark.parametrize("width", (390, 360))
def test_long_names_stay_on_the_screen(desk, width, cast, long_names):
    dossier = long_names
    task = open_task(dossier)
    at = desk(None, width)
    at.open("account_login")
    at.sign_in(cast["an"])
    at.open("dossiers:inbox")
    at.page.locator(".filters > summary").click()
    at.look()
    at.page.locator(".list .tick").first.check()
    at.look()
    at.follow(at.page.locator('.bulk button[value="reassign"]'))

    at.open("dossiers:outreach")
    at.page.locator("details.fold > summary").first.click()
    at.look()
    values = {"title": "Họp dân " * 20, "audience": "bà con các bản " * 10, "attendance": "120"}
    for name, value in values.items():
        at.page.locator(f'[name="{name}"]').fill(value)
    for name in ("cycle", "org_unit", "kind"):
        at.page.locator(f'[name="{name}"]').select_option(index=1)
    at.page.locator('[name="held_on"]').fill("01/02/2026")
    at.follow(at.page.locator("form.act .btn-primary"))
    expect(at.page.locator(".events tbody tr")).to_have_count(1)

    at.open("dossiers:dossier_new")
    at.follow(at.page.locator("form.act .btn-primary"))
    expect(at.page.locator(".error-summary")).to_be_visible()

    at.open("dossiers:task", task.pk)
    at.unfold()
    bring(
        dossier,
        ("register_idea", cast["an"], {"record": records.idea(materials="rừng " * 300)}),
        ("screen_idea", cast["an"], {"reason": "Đủ nguyênliệu" * 20}),
    )
    at.open("dossiers:task", task.pk)  # It is done, and says so.
    for tab in ("summary", "evidence", "history"):
        at.open("dossiers:task", open_task(dossier).pk, query=f"?tab={tab}")
        at.unfold()
    at.open("dossiers:dossier", dossier.pk)
    at.unfold()
    at.open("dossiers:dossier_list")
    for name in ("attach_evidence", "withdraw", "enter_late"):
        at.open("dossiers:act", dossier.pk, name)
    at.open("profile")
    at.open("account_change_password")
    at.open("account_signup")
    at.sign_out()


def test_evidence_goes_up_and_comes_down_to_who_may(desk, an, la, kiem, dossier):
    at = desk(an, 390)
    at.open("dossiers:act", dossier.pk, "attach_evidence")
    at.fill(
        "attach_evidence-evidence", kind="business_registration", title="Giấy đăng ký kinh doanh"
    )
    # Not what its name says: refused, and the words stay.
    file = at.page.locator('input[type="file"][name="attach_evidence-evidence-file"]')
    file.set_input_files({"name": "gia.pdf", "mimeType": "application/pdf", "buffer": b"MZ"})
    at.press("attach_evidence")
    expect(at.page.locator(".field-wrong", has=file)).to_be_visible()
    expect(at.page.locator('[name="attach_evidence-evidence-title"]')).to_have_value(
        "Giấy đăng ký kinh doanh"
    )
    file.set_input_files({"name": "Giấy ĐKKD.pdf", "mimeType": "application/pdf", "buffer": PDF})
    at.act("attach_evidence")

    piece = dossier.evidence.get()
    at.open("dossiers:dossier", dossier.pk)
    link = at.page.locator(f'a[href="/evidence/{piece.pk}/"]')
    expect(link).to_have_text("Giấy đăng ký kinh doanh")
    for sits in (at, desk(kiem)):
        came = sits.context.request.get(f"{at.server}/evidence/{piece.pk}/")
        assert (came.status, came.headers["content-type"]) == (200, "application/pdf")
        assert came.body() == PDF
    # Another commune's officer.
    stranger = desk(la).context.request
    assert stranger.get(f"{at.server}/evidence/{piece.pk}/").status == 404
    assert stranger.get(f"{at.server}/dossiers/{dossier.pk}/").status == 404
    # Nobody: the way in, not the file.
    came = desk().context.request.get(f"{at.server}/evidence/{piece.pk}/")
    assert "/accounts/login/" in came.url

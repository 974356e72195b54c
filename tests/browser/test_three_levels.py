"""Commune, district, then province do their tasks, at a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from dossiers.models import State
from tests import records
from tests.browser.driving import WIDTHS, bring, papers, reread, scan, signed
from tests.world import events, open_dossier, open_task

pytestmark = pytest.mark.browser

HONEY = "Mật ong rừng Mường Pồn"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_year_is_done_by_hand(desk, width, cycle_of_three, old_commune, cast):
    dossier = open_dossier(cycle_of_three, old_commune, cast["an"], name=HONEY)
    at = desk(width=width)

    # The commune: a mistake first, and nothing typed is lost by it.
    at.sign_in(cast["an"])
    at.take_up(HONEY)
    at.fill("register_idea-idea", filed_on="31/02/2022", description="Ong nuôi dưới tán rừng")
    at.press("register_idea")
    day = at.page.locator('[name="register_idea-idea-filed_on"]')
    expect(day).to_have_value("31/02/2022")
    expect(at.page.locator(".field-wrong", has=day).locator(".field-error")).to_be_visible()
    expect(at.page.locator('[name="register_idea-idea-description"]')).to_have_value(
        "Ong nuôi dưới tán rừng"
    )
    # The summary is read first, and leads to the field.
    expect(at.page.locator(".error-summary")).to_be_focused()
    at.page.locator(".error-summary a").first.click()
    expect(day).to_be_focused()
    at.fill("register_idea-idea", filed_on="20/11/2022")
    at.act("register_idea")

    # The next task is the commune's own, and opens at once.
    at.fill("screen_idea-review", checked=True)
    at.act("screen_idea")
    expect(at.page.locator("h1")).to_have_text("Hộp việc")
    expect(at.find(HONEY)).to_have_count(0)
    at.sign_out()

    # The district desk.
    at.sign_in(cast["binh"])
    at.take_up(HONEY)
    at.fill("select_idea-review", checked=True, remarks="Sản phẩm tiêu biểu của xã")
    at.act("select_idea")
    expect(at.find(HONEY)).to_have_count(0)
    at.sign_out()

    at.sign_in(cast["an"])
    at.take_up(HONEY)
    at.fill(
        "submit_plan-businessplan",
        objective="Bán ra ngoài tỉnh",
        products_and_volume="2.000 lít mỗi năm",
        investment="450.000.000",
        own_capital="150000000",
    )
    at.act("submit_plan")
    reread(dossier)
    assert dossier.state == State.PLAN_SUBMITTED
    assert dossier.businessplans.get().investment == 450_000_000
    at.sign_out()

    bring(
        dossier,
        ("check_plan", cast["an"], {}),
        ("approve_plan", cast["binh"], {}),
        ("declare_ready", cast["an"], {"record": records.completion()}),
    )
    papers(dossier, cast["an"])
    bring(
        dossier,
        (
            "submit_dossier",
            cast["an"],
            {"record": records.self_assessment(), "reason": "Quy định chuyển tiếp"},
        ),
        ("confirm_dossier", cast["an"], {"record": records.commune_report()}),
        ("forward_to_district", cast["chi"], {}),
    )

    at.sign_in(cast["binh"])
    at.take_up(HONEY)
    at.fill("accept_at_district-review", checked=True)
    at.act("accept_at_district")
    at.sign_out()

    # The district council's office: stars above what the points allow are refused at the field.
    at.sign_in(cast["ha"])
    at.take_up(HONEY)
    at.fill(
        "rank_at_district-evaluation",
        points_sum="355,5",
        sheets="5",
        stars="5",
        reasons="Hội đồng nhất trí",
    )
    at.fill("rank_at_district-paper", **signed("05/BB-HĐ", "Chủ tịch hội đồng huyện"))
    at.press("rank_at_district")
    stars = at.page.locator('[name="rank_at_district-evaluation-stars"]')
    expect(at.page.locator(".field-wrong", has=stars)).to_be_visible()
    expect(stars).to_have_value("5")
    at.fill("rank_at_district-evaluation", stars="4")
    # A browser keeps no file: it is chosen again.
    at.fill("rank_at_district-paper", scan_file=scan("05/BB-HĐ"))
    at.act("rank_at_district")
    at.sign_out()

    # The leader signed on paper; the officer types it, and the paper is asked for.
    at.sign_in(cast["binh"])
    reread(dossier)
    at.open("dossiers:task", open_task(dossier).pk)
    at.fill("forward_to_province-review", checked=True)
    at.press("forward_to_province")
    expect(at.page.locator(".error-summary")).to_be_visible()
    at.fill(
        "forward_to_province-paper",
        **signed("15/TTr-UBND", "Chủ tịch UBND huyện") | {"signer": "Lường Mạnh Hùng"},
    )
    at.act("forward_to_province")
    at.sign_out()
    reread(dossier)
    assert dossier.officialdocuments.last().number == "15/TTr-UBND"

    # The province.
    at.sign_in(cast["minh"])
    at.take_up(HONEY)
    at.fill("accept_at_province-review", checked=True)
    at.act("accept_at_province")
    at.sign_out()

    at.sign_in(cast["thu"])
    at.take_up(HONEY)
    at.fill("rank-evaluation", points_sum="480", sheets="7", stars="3", reasons="Đạt mức tối thiểu")
    at.fill("rank-paper", **signed("31/BB-HĐ", "Chủ tịch hội đồng tỉnh"))
    at.act("rank")
    at.sign_out()

    at.sign_in(cast["minh"])
    at.take_up(HONEY)
    at.fill("propose_recognition-review", checked=True)
    at.act("propose_recognition")
    at.sign_out()

    at.sign_in(cast["son"])
    at.take_up(HONEY)
    # Signing comes first; who has number and scan at hand unfolds the act itself.
    at.unfold()
    at.fill("certify-certificate", number="12/GCN")
    at.fill("certify-paper", **signed("812/QĐ-UBND", "Chủ tịch UBND tỉnh"))
    at.act("certify")
    at.sign_out()

    at.sign_in(cast["tam"])
    at.take_up(HONEY)
    at.fill(
        "promote-promotion", done_on="20/11/2022", channel="Hội chợ tỉnh", result="Bán 120 chai"
    )
    at.act("promote")

    # Everybody in the line can read the whole year; nothing is left to do.
    at.open("dossiers:dossier", dossier.pk)
    expect(at.page.locator(".timeline li")).to_have_count(len(events(dossier)))
    expect(at.page.locator(".timeline")).to_contain_text("Lò Thị An")
    at.sign_out()
    reread(dossier)
    assert (dossier.state, dossier.stars) == (State.PROMOTED, 3)
    assert not dossier.tasks.open().exists()

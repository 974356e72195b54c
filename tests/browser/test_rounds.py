"""A council's round by hand: five members on their phones, from the making to the certificate."""

import io
import re

import pypdf
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from councils.models import EvaluationRound, Scoresheet
from cycle.models.job import run_waiting
from dossiers.models import Certificate, Dossier, State
from tests import judging, records
from tests.browser.driving import bring, reread
from tests.judging import best, choose, judge, worst
from tests.standing import stand
from tests.world import open_dossier

pytestmark = pytest.mark.browser


def score(at, entry, options):
    """Choose these options on the sheet of the product and hand it in."""
    at.open("councils:sheet", entry.pk)
    at.page.evaluate(
        """keys => keys.forEach(key => {
             const radio = document.querySelector(`#sheet [type=radio][value="${key}"]`);
             radio.checked = true;
             radio.dispatchEvent(new Event("change", {bubbles: true})); })""",
        [str(option.pk) for option in options],
    )
    # Thirty choices, saved one after the other.
    expect(at.page.locator("#saved")).to_contain_text("Đã lưu")
    at.follow(at.page.locator("#sheet button[value=submit]:visible"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()


def give_reason(at, name, *args, reason):
    """Open the page of an act that asks why, say it, do it."""
    at.open(name, *args)
    at.page.locator('[name="reason"]').fill(reason)
    at.follow(at.page.locator("main form button.btn-primary").last)
    expect(at.page.locator("#messages .notice-success")).to_be_visible()


def count(desk, council, round_, number):
    """The secretary, at their own desk, counts the sheets of so many products."""
    at = desk(judge(council, 5).user)
    at.open("councils:round", round_.pk)
    at.follow(at.page.locator("main a", has_text=f"Kiểm phiếu {number} sản phẩm"))
    at.follow(at.page.locator("main form button.btn-primary").last)
    expect(at.page.locator("#messages .notice-success")).to_be_visible()


def said(at, path):
    """The text of a PDF that this person may have."""
    answer = at.page.request.get(f"{at.server}{path}")
    assert answer.ok, path
    pages = pypdf.PdfReader(io.BytesIO(answer.body())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_a_provincial_round_under_26_2026(desk, province, cycle, commune, an, minh, son, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 3)
    rubric = judging.rubric_of(dossiers[0])

    # The office makes the round, takes three products in, opens the scoring.
    office = desk(thu)
    office.open("councils:round_new")
    office.page.locator('[name="name"]').fill("Đợt 1 năm 2026")
    office.follow(office.page.get_by_role("button", name="Lập đợt"))
    round_ = EvaluationRound.objects.get()
    office.open("councils:take_in", round_.pk)
    for dossier in dossiers:
        office.page.locator(f'[name="take"][value="{dossier.pk}"]').check()
        office.page.locator(f'[name="rubric-{dossier.pk}"]').select_option(str(rubric.pk))
    office.follow(office.page.locator("main form button.btn-primary").last)
    office.open("councils:round_open", round_.pk)
    office.follow(office.page.locator("main form button.btn-primary").last)
    office.open("councils:attendance", round_.pk)
    for box in office.page.locator('[name="present"]').all():
        box.check()
    office.follow(office.page.locator("main form button.btn-primary").last)
    first, second, third = round_.entries.order_by("position")

    # Five phones. The second member is kin of the second producer, and gives the first too little.
    high, low = choose(rubric, best), choose(rubric, worst)
    middling, code = judging.missing_four(rubric)
    phones = [desk(judge(council, number).user, 390) for number in range(5)]
    for number, phone in enumerate(phones):
        score(phone, first, low if number == 1 else high)
        if number == 1:
            phone.open("councils:sheet", second.pk)
            phone.page.locator("#interest summary").click()
            phone.page.locator('[name="interest-reason"]').fill("Em ruột là chủ thể")
            phone.page.locator('[name="interest-recused"]').first.check()
            phone.follow(phone.page.locator("#interest button[value=declare]"))
        else:
            score(phone, second, middling)
        score(phone, third, high)

    # Until the secretary has counted, the board tells nothing of what was given.
    count(desk, council, round_, 3)

    # The board tells of the spread, of nobody's points; the first product is scored again.
    office.open("councils:round", round_.pk)
    expect(office.page.locator(".alarm")).to_have_count(1)
    expect(office.page.locator(".alarm")).to_contain_text("chênh lệch quá 10")
    office.open("councils:close", round_.pk)
    expect(office.page.locator(".checklist .unmet")).to_have_count(1)
    give_reason(office, "councils:score_again", first.pk, reason="Hội đồng đã thảo luận")
    first.refresh_from_db()
    for phone in phones:
        score(phone, first, high)
    count(desk, council, round_, 1)

    # The third is eliminated by resolution.
    office.open("councils:resolutions", third.pk)
    fold = office.page.locator("section:has(#eliminations) details").first
    fold.locator("summary").click()
    fold.locator("input[type=radio]").first.check()
    fold.locator("textarea, input[name$=reason]").first.fill("Giấy tờ không đúng")
    office.follow(office.page.locator("main form button.btn-primary").last)

    office.open("councils:close", round_.pk)
    expect(office.page.locator(".checklist .unmet")).to_have_count(0)
    office.follow(office.page.locator("main form button.btn-primary").last)
    run_waiting()
    office.open("councils:results", round_.pk)
    rows = office.page.locator(".results tbody tr")
    expect(rows.nth(0)).to_contain_text("5 sao")
    expect(rows.nth(1)).to_contain_text("3 sao")
    expect(rows.nth(1)).to_contain_text("75")
    expect(rows.nth(1)).to_contain_text(code)
    expect(rows.nth(2)).to_contain_text("Bị loại")
    for dossier, state, stars in zip(
        dossiers, (State.RANKED, State.RANKED, State.NOT_RECOGNISED), (5, 3, None), strict=True
    ):
        reread(dossier)
        assert (dossier.state, dossier.stars) == (state, stars)
    assert Scoresheet.objects.filter(entry=second).count() == 4

    # Late is late, in words.
    phones[0].open("councils:sheet", first.pk)
    expect(phones[0].page.locator("main")).to_contain_text("Đợt đã chốt kết quả lúc")

    # Minutes and decision; then the certificate and what anybody reads behind its QR code.
    office.open("councils:documents", round_.pk)
    minutes = said(office, reverse("councils:document", args=[round_.pk, "minutes", "pdf"]))
    assert "Mật ong rừng 2" in minutes and "Bị loại" in minutes
    decision = said(office, reverse("councils:document", args=[round_.pk, "decision", "pdf"]))
    assert "Mật ong rừng 2" in decision and "Mật ong rừng 3" not in decision
    office.open("councils:round_calibration", round_.pk)
    bring(
        dossiers[1],
        ("propose_recognition", minh, {}),
        (
            "certify",
            son,
            {
                "record": records.certificate(number="07/GCN-UBND"),
                "paper": records.signed_paper(),
            },
        ),
    )
    sheet = said(office, reverse("councils:certificate", args=[second.pk, "pdf"]))
    assert "Mật ong rừng 2" in sheet
    anybody = desk(width=390)
    anybody.open("dossiers:certificate", Certificate.objects.get().token)
    expect(anybody.page.locator("main")).to_contain_text("Mật ong rừng 2")
    expect(anybody.page.locator("main")).not_to_contain_text(re.compile(r"\b75\b"))


def test_a_district_round_goes_on_to_the_province(
    desk, district, cycle_of_three, old_commune, an, ha, hung
):
    judging.regulate(district)
    council = judging.seat(district, ha, "huyen_")
    dossiers = [
        stand(
            open_dossier(cycle_of_three, old_commune, an, name=f"Chè {number}"),
            State.DISTRICT_EVALUATING,
            stars=None,
            points_sum=None,
            sheets=None,
        )
        for number in (1, 2)
    ]
    round_ = judging.begin(council, cycle_of_three, dossiers, ha)
    good, poor = round_.entries.order_by("position")
    for number in range(5):
        judging.fill(good, judge(council, number), best)
        judging.fill(poor, judge(council, number), worst)
    count(desk, council, round_, 2)
    chair = desk(judge(council, 0).user, 390)
    chair.open("councils:close", round_.pk)
    chair.follow(chair.page.locator("main form button.btn-primary").last)
    run_waiting()
    chair.open("councils:results", round_.pk)
    rows = chair.page.locator(".results tbody tr")
    expect(rows.nth(0)).to_contain_text("5 sao")
    expect(rows.nth(1)).to_contain_text("1 sao")
    bring(dossiers[0], ("forward_to_province", hung, {}))
    assert Dossier.objects.get(pk=dossiers[0].pk).state == State.AT_PROVINCE
    reread(dossiers[1])
    assert dossiers[1].state == State.DISTRICT_RANKED
    assert dossiers[1].stars == 1

"""What reaches a commune, and anybody, on a desk and on a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from councils.models import SignedDocument
from cycle import clock, documents
from cycle.models import Document
from cycle.models.job import run_waiting
from dossiers.models import Certificate, Dossier, State
from dossiers.walk import doors
from tests import judging, records
from tests.browser.driving import WIDTHS
from tests.judging import begin, fill, judge, regulate
from tests.standing import stand
from tests.world import open_task

pytestmark = pytest.mark.browser


def test_results_papers_and_the_list_of_a_decision(
    desk, cast, cycle, commune, province, long_names
):
    an, minh, thu, son = (cast[name] for name in ("an", "minh", "thu", "son"))
    regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 1)
    nothing = {"stars": None, "points_sum": None, "sheets": None}
    dossiers.append(stand(long_names, State.PROVINCE_EVALUATING, **nothing))
    round_ = begin(council, cycle, dossiers, thu)
    for entry in round_.entries.all():
        for number in range(5):
            fill(entry, judge(council, number))
    first = round_.entries.order_by("position").first()
    marked = first.rubric.criteria.filter(options__minimum_for=5).first()
    round_.resolve(first, criterion=marked, stars=5, holds=False, reason="Chưa đạt", by=thu)
    judging.close(round_, by=thu)
    run_waiting()
    said = {"signed_on": clock.today(), "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch"}
    for kind, number in (("decision", "3/QĐ-UBND"), ("notice", "4/TB-UBND")):
        paper = SignedDocument(document=Document(number=number, **said))
        SignedDocument.record(paper, round_, kind, by=thu)
    for name, by, given in (
        ("propose_recognition", minh, {}),
        ("certify", son, {"record": records.certificate(number="12/GCN")}),
    ):
        dossier = Dossier.objects.get(pk=first.dossier_id)
        number = "3/QĐ-UBND" if name == "certify" else "8/TTr-UBND"
        paper = records.signed_paper(number=number)
        doors.complete(open_task(dossier), name, by=by, paper=paper, **given)
    given = Certificate.objects.get(dossier=first.dossier_id)
    for width in WIDTHS:
        at = desk(an, width)
        at.open("dossiers:dossier", first.dossier_id)
        at.unfold()
        papers = at.page.locator("section", has=at.page.locator("#documents"))
        expect(papers.get_by_role("link", name="In giấy chứng nhận")).to_be_visible()
        at.follow(papers.get_by_role("link", name="Điểm từng tiêu chí"))
        at.follow(at.page.get_by_role("link", name=str(round_)))
        expect(at.page.locator("tbody tr")).to_have_count(2)
        office = desk(minh, width)
        office.open("dossiers:dossier_list")
        office.open("councils:results", round_.pk)
        office.open("councils:documents", round_.pk)
        office.open("dossiers:announce", given.dossier_id)
        office.page.locator("#id_on").fill(f"{clock.today():%d/%m/%Y}")
        if documents.announced_on(given.decision.document) is None:
            office.follow(office.page.locator("main form button.btn-primary"))
            expect(office.page.locator("#messages .notice-success")).to_be_visible()
        anybody = desk(None, width)
        anybody.page.goto(f"{anybody.server}{reverse('dossiers:decision', args=[given.token])}")
        anybody.look()
        expect(anybody.page.locator(".recognised li")).to_have_count(1)

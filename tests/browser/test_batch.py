"""Forty products of a round that is closed: proposed, decided, numbered, notified, and read by all
whom it concerns; each hand's clicks and typed fields are counted.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from bench.chamber import Choice, judges_of, write
from councils.stories.sitting import Pen
from cycle import clock
from cycle.models import Level, OrgUnit, Role
from cycle.models.job import run_waiting
from dossiers.models import ActBatch, Certificate, Dossier, State
from dossiers.walk import doors
from notifications.jobs import tell
from notifications.models import Notification
from tests import judging
from tests.browser.driving import WIDTHS, scan
from tests.browser.stock_pages import shot
from tests.standing import stand
from tests.world import open_dossier, person

pytestmark = pytest.mark.browser

MANY, COMMUNES = 40, 18
CHAIR = "Chủ tịch UBND tỉnh"


@dataclass
class Hands:
    """A person at a desk, whose clicks, typed fields and files are counted."""

    at: object
    clicks: int = 0
    fields: int = 0
    files: int = 0

    @property
    def page(self):
        return self.at.page

    def click(self, locator):
        self.clicks += 1
        locator.click()

    def follow(self, locator):
        self.clicks += 1
        self.at.follow(locator)

    def tick(self, locator):
        self.clicks += 1
        locator.check()

    def type(self, name, text):
        self.fields += 1
        self.page.locator(f'[name="{name}"]').fill(text)

    def paper(self, part, number, capacity=CHAIR, scan_field="scan_file", signer="Trần Công Sơn"):
        """A signed paper: four fields and a scan."""
        for name, text in {
            "number": number,
            "signed_on": f"{clock.today():%d/%m/%Y}",
            "signer": signer,
            "signer_capacity": capacity,
        }.items():
            self.type(f"{part}{name}", text)
        self.files += 1
        self.page.locator(f'[name="{part}{scan_field}"]').set_input_files(scan(number))

    @property
    def counted(self):
        return self.clicks, self.fields, self.files


@pytest.fixture
def communes(province):
    """Eighteen, each with its officer."""
    made = [
        OrgUnit.objects.create(
            code=f"{9300 + n:05}",
            name=f"Xã Nà {n:02}",
            level=Level.COMMUNE,
            parent=province,
            valid_from=date(2025, 7, 1),
        )
        for n in range(1, COMMUNES + 1)
    ]
    return {
        commune: person(f"xa.{n:02}", f"Lò Thị Xã {n:02}", (Role.OFFICER, commune))
        for n, commune in enumerate(made, 1)
    }


@pytest.fixture
def closed(province, cycle, communes, thu):
    """A round that gave four stars to one product more than forty, and stands closed."""
    judging.regulate(province)
    council = judging.seat(province, thu)
    there = list(communes.items())
    dossiers = [
        stand(
            open_dossier(cycle, *there[n % COMMUNES], name=f"Mật ong rừng {n + 1:02}"),
            State.PROVINCE_EVALUATING,
            stars=None,
            points_sum=None,
            sheets=None,
        )
        for n in range(MANY + 1)
    ]
    round_ = judging.begin(council, cycle, dossiers, thu)
    entries, judges = list(round_.entries.all()), judges_of(council)
    chosen = Pen(judging.rubric_of(dossiers[0]), Random(4), stars=4).options(Decimal(80))
    # What is required comes before what requires it.
    chosen.sort(key=lambda option: option.criterion.requires_id is not None)
    sheet = [Choice(option.criterion_id, option.pk, option.points) for option in chosen]
    write((entry, judge, 1, sheet, True) for entry in entries for judge in judges)
    judging.close(round_, by=thu)
    run_waiting()
    return round_


def done(hands):
    """The worker has done the batch: the page that says what came of each."""
    run_waiting()
    hands.at.open("dossiers:many_one", ActBatch.objects.latest("pk").pk)


def test_forty_products_from_their_round_to_their_certificates(
    desk, transactional_db, closed, communes, province, minh, son, la
):
    last = Dossier.objects.order_by("pk").last()
    # The province's officer proposes all in one stroke, on one submission.
    office = Hands(desk(minh))
    office.follow(office.page.locator('button[value="many"]'))
    acts = office.page.locator(".many-acts").first
    office.follow(acts.get_by_role("link").first)
    expect(office.page.locator("h1")).to_contain_text("Trình quyết định công nhận")
    for box in office.page.locator('[name="propose_recognition-review-checked"]').all():
        office.tick(box)
    office.click(office.page.locator("details.fold > summary", has_text="Nhập từ văn bản giấy"))
    office.paper("propose_recognition-paper-", "15/TTr-SNNMT", "Giám đốc Sở", signer="Lò Văn Sở")
    office.follow(office.page.locator('button[value="look"]'))
    shot(office.at, "batch-propose")
    office.follow(office.page.locator('button[name="sure"]'))
    assert office.counted == (7, 4, 1)
    done(office)
    expect(office.page.locator("main")).to_contain_text(f"Đã làm {MANY + 1}, không làm được 0")

    # The clerk records the decision of the round, once.
    clerk = Hands(desk(person("van_thu", "Lò Văn Thư", (Role.CLERK, province))))
    clerk.follow(clerk.page.locator(".list .go", has_text="Ghi số văn bản của đợt"))
    row = clerk.page.locator("tr", has_text="Quyết định công nhận và danh sách")
    clerk.follow(row.get_by_role("link", name="Ghi số"))
    clerk.paper("", "88/QĐ-UBND", scan_field="scan")
    clerk.follow(clerk.page.get_by_role("button", name="Ghi số, ngày văn bản"))
    assert clerk.counted == (3, 4, 1)

    # On it all are certified: nothing of it is typed again. The last was withdrawn meanwhile.
    clerk.at.open("dossiers:inbox")
    clerk.follow(clerk.page.get_by_role("link", name="Chờ văn bản ký"))
    clerk.follow(clerk.page.locator("main").get_by_role("link", name="Làm cho nhiều hồ sơ"))
    clerk.follow(clerk.page.locator(".many-acts").get_by_role("link", name="Quyết định công nhận"))
    expect(clerk.page.locator('[name="certify-paper-number"]')).to_have_value("88/QĐ-UBND")
    clerk.type("certify-certificate-issued_on", f"{clock.today():%d/%m/%Y}")
    shot(clerk.at, "batch-certify")
    doors.act(last.process, "withdraw", by=communes[last.commune], reason="Chủ thể xin rút")
    clerk.follow(clerk.page.locator('button[value="look"]'))
    # It stands first, with why.
    first = clerk.page.locator(".many-plan li").first
    expect(first).to_contain_text(last.product.name)
    expect(first).to_contain_text("Hồ sơ đang ở «Đã rút»: không làm việc này được.")
    shot(clerk.at, "batch-certify-plan")
    clerk.follow(clerk.page.locator('button[name="sure"]'))
    assert clerk.counted == (8, 5, 1)
    done(clerk)
    expect(clerk.page.locator("main")).to_contain_text(f"Đã làm {MANY}, không làm được 1")
    expect(clerk.page.locator(".list tbody tr").first).to_contain_text("«Đã rút»")
    given = Certificate.objects.order_by("dossier__round_entries__position")
    assert [each.number for each in given] == [""] * MANY
    assert {each.decision.document.number for each in given} == {"88/QĐ-UBND"}

    # The numbers of the certificates, from a column of the clerk's book.
    clerk.at.open("dossiers:inbox")
    clerk.follow(clerk.page.locator(".list .go", has_text=f"{MANY} giấy chứng nhận chờ số"))
    numbers = [f"{n:03}/GCN-UBND" for n in range(1, MANY + 1)]
    column = clerk.page.locator('[name="column"]')
    for lines in (numbers[:-1], [*numbers, "041/GCN-UBND"]):
        column.fill("\n".join(lines))
        clerk.at.follow(clerk.page.locator('button[value="look"]'))
        said = f"Cột có {len(lines)} số, mà có {MANY} giấy chờ số"
        expect(clerk.page.locator(".error-summary")).to_contain_text(said)
        expect(column).to_have_value("\n".join(lines))
    column.fill("\n".join([*numbers[:-1], numbers[0]]))
    clerk.at.follow(clerk.page.locator('button[value="look"]'))
    wrong = clerk.page.locator("tr", has=clerk.page.locator(".field-error"))
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("đã nhập cho «Mật ong rừng 01» ở một dòng khác")
    expect(wrong.locator("input")).to_have_value(numbers[0])
    assert [each.number for each in given.all()] == [""] * MANY
    clerk.type("column", "\n".join(numbers))
    clerk.follow(clerk.page.locator('button[value="look"]'))
    shot(clerk.at, "batch-numbers-plan")
    clerk.follow(clerk.page.locator('button[name="sure"]'))
    assert clerk.counted == (11, 6, 1)
    # As the decision's list prints them.
    assert [each.number for each in given.all()] == numbers

    # One notice of the round, for eighteen communes.
    clerk.at.open("dossiers:inbox")
    clerk.follow(clerk.page.locator(".list .go", has_text="Ghi số văn bản của đợt"))
    row = clerk.page.locator("tr", has_text="Thông báo kết quả")
    clerk.follow(row.get_by_role("link", name="Ghi số"))
    clerk.paper("", "99/TB-SNNMT", "Giám đốc Sở", scan_field="scan", signer="Lò Văn Sở")
    tell(seconds=60)
    before = Notification.objects.latest("pk").pk
    clerk.follow(clerk.page.get_by_role("button", name="Ghi số, ngày văn bản"))
    tell(seconds=60)
    told = Notification.objects.filter(pk__gt=before, entry__event="round.record_document")
    names = sorted(told.values_list("recipient__username", flat=True))
    assert names == sorted(each.username for each in communes.values())
    # In all: 7 + 14 clicks, 4 + 10 fields, 1 + 2 scans. Release 0.1.0 asked for every product alone
    # six fields and a scan to certify it (its number among them, that no page could add later).
    assert (office.counted, clerk.counted) == ((7, 4, 1), (14, 10, 2))

    # What each reads of it afterwards.
    clerk.at.open("dossiers:inbox")
    expect(clerk.page.locator(".list .go")).to_have_text(
        [re.compile("Thêm bản chụp"), re.compile("Biên bản họp hội đồng")]
    )
    clerk.at.open("dossiers:documents")
    for number in ("15/TTr-SNNMT", "88/QĐ-UBND", "99/TB-SNNMT"):
        expect(clerk.page.locator("section tbody tr", has_text=number)).to_have_count(1)
    shot(clerk.at, "batch-registers")
    leader = desk(son)
    expect(leader.page.locator(".list .go")).to_have_count(0)
    leader.open("councils:results", closed.pk)
    expect(leader.page.locator(".results tbody tr")).to_have_count(MANY + 1)
    commune, officer = next(iter(communes.items()))
    own = Dossier.objects.filter(commune=commune).order_by("pk").first()
    for width in WIDTHS:
        at = desk(officer, width)
        at.open("dossiers:dossier", own.pk)
        at.unfold()
        shot(at, "batch-commune")
        papers = at.page.locator("section", has=at.page.locator("#documents"))
        for number in ("88/QĐ-UBND", "99/TB-SNNMT", "001/GCN-UBND"):
            expect(papers).to_contain_text(number)
        links = {each.get_attribute("href") for each in papers.get_by_role("link").all()}
        sent = [link for link in sorted(links) if link.endswith(".pdf") or "/scan" in link]
        # Decision and notice, each as made and as signed, and the certificate.
        assert len(sent) == 5, sent
        for link in sent if width == WIDTHS[0] else ():
            answer = at.page.request.get(f"{at.server}{link}")
            assert answer.status == 200 and answer.body().startswith(b"%PDF"), link
    # Of another commune's product nothing.
    stranger = desk(la)
    for link in [reverse("dossiers:dossier", args=[own.pk]), *sent]:
        assert stranger.page.request.get(f"{at.server}{link}").status == 404, link

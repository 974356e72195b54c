"""The papers that are printed of a dossier: only of what happened, for whom it is, in both forms."""

import io
import re
import unicodedata
from datetime import date, timedelta
from types import SimpleNamespace

import pypdf
import pytest
from django.urls import reverse
from docx import Document

from councils.papers import facts as of_council
from cycle import clock
from cycle.models import OrgUnit
from cycle.papers.kinds import KINDS, blank
from cycle.papers.pdf import pdf
from cycle.papers.word import docx
from cycle.written import in_sentence
from dossiers.law.guidance import GUIDES
from dossiers.lists import documents as registers
from dossiers.models import ACTS, Dossier, Review, State
from dossiers.papers import facts
from dossiers.papers.kinds import Printed, to_print
from dossiers.walk import doors, papers
from tests import records, revoking
from tests.ground import kept
from tests.judging import best, choose, rubric_of
from tests.owning import save_as_owner, update_as_owner
from tests.pages import lost_recipients, miscased
from tests.standing import stand
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def step(dossier, name, by, **kwargs):
    doors.complete(open_task(dossier), name, by=by, **kwargs)
    dossier.lock()


def said(content):
    """The text of a PDF, its lines joined."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return plain(" ".join(page.extract_text() for page in pages))


def plain(text):
    text = unicodedata.normalize("NFC", text).replace("\u200b", "")
    return re.sub(r"\s+", " ", text)


def typed(content):
    """The text of a Word file, in order."""
    words = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"
    body = Document(io.BytesIO(content)).element.body
    return plain(" ".join(each.text or "" for each in body.iter(words)))


def bare(text):
    """Its words alone: Word draws capitals, PDF prints them, and the head of a table on each page."""
    return set(re.findall(r"\w+", text.upper()))


def stopped():
    """The commune's confirmation that the product is made no more, signed by its chair."""
    return records.request(number="31/GXN-UBND")


def numberless(text):
    """The words of a PDF without the numbers of its pages."""
    return bare(re.sub(r"\d+ · BẢN NHÁP", "", text))


#: What a paper prints whole, letter for letter.
WHOLE = (
    "product", "producer", "commune", "certificate", "bases", "to", "items", "reasons",
    "blocks", "held", "entries", "enclosures", "scores", "general", "origin", "labour",
    "idea_origin", "identity", "findings", "advice", "results", "conclusion", "ground", "enforcers",
    "recipients",
)  # fmt: skip


def leaves(value):
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    elif isinstance(value, str):
        yield value


def broken(data, text):
    """What the text layer of a paper does not have as it is written: «Nơơi nhận»."""
    there = re.sub(r"\s", "", text).lower()
    told = [each for name in WHOLE for each in leaves(data.get(name, ""))]
    return [
        each for each in told if re.sub(r"\s", "", plain(each)).rstrip(".;").lower() not in there
    ]


@pytest.fixture
@kept
def walked(dossier, cycle, commune, an, chi, minh, son):
    """Dossiers in which each thing that is printed happened, by the kind of paper."""
    refused = open_dossier(cycle, commune, an, name="Rượu ngô men lá")
    step(refused, "register_idea", an, record=records.idea())
    step(refused, "screen_idea", an)
    step(refused, "not_select_idea", minh, reason="Chưa rõ nguồn nguyên liệu\nTrùng ý tưởng")

    enter = {"entered_as": "existing", "reason": "Sản phẩm đã bán từ năm 2019"}
    doors.act(dossier.process, "enter_late", by=an, **enter)
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
    rubric = rubric_of(dossier)
    doors.act(dossier.process, "choose_rubric", by=an, rubric=rubric)
    proved = {"criteria": [rubric.criteria.first().code], "title": "Hợp đồng với siêu thị"}
    doors.act(dossier.process, "attach_evidence", by=an, record=records.paper("market", **proved))
    dossier.lock()
    own = {"options": [each.pk for each in choose(rubric, best)], "production_plan": "2.000 lít"}
    step(dossier, "submit_dossier", an, record=records.self_assessment(**own))
    step(dossier, "confirm_dossier", an, record=records.commune_report())
    step(dossier, "forward_to_province", chi, paper=records.request())
    step(dossier, "return_for_supplement", minh, reason="Nhãn thiếu hạn sử dụng")
    visited = stand(open_dossier(cycle, commune, an, name="Gạo nếp tan"), State.IMPLEMENTING)
    doors.act(visited.process, "record_visit", by=an, record=records.visit(advice="Ghi sổ"))

    checked = stand(open_dossier(cycle, commune, an, name="Thịt trâu gác bếp"), State.AT_PROVINCE)
    items = [str(text) for text in GUIDES["check_at_province"].checks]
    lacking = [f"{items[-1]}: chờ bổ sung, hạn 15/12/2026"]
    review = Review(checked=items[:-1], unticked=lacking, remarks="Hồ sơ rõ")
    step(checked, "accept_at_province", minh, record=review)

    ended = revoking.certify(cycle, commune, an, son)
    revoking.inspect(ended, minh, findings="Nhãn sai\nCơ sở đã đóng cửa")
    doors.act(ended.process, "confirm_stopped", by=chi, record=records.stopped(), paper=stopped())
    revoking.revoke(ended, minh, paper=records.signed_paper(number="205/QĐ-UBND"))
    ended.lock()
    return {
        Printed.NOT_SELECTED: refused,
        Printed.SURVEY: visited,
        Printed.CHECKLIST: checked,
        **dict.fromkeys([Printed.INSPECTION, Printed.STOPPED, Printed.REVOCATION], ended),
        **dict.fromkeys(
            [
                Printed.RECEIPT,
                Printed.SUPPLEMENT,
                Printed.REGISTRATION,
                Printed.SELF_ASSESSMENT,
                Printed.COMMUNE_REPORT,
                Printed.PROPOSAL,
            ],
            dossier,
        ),
    }


@pytest.mark.slow(reason="each of twelve kinds is made in both forms")
def test_every_kind_is_made_of_what_happened_and_says_the_same_in_both_forms(walked, minh):
    """All kinds that this app registers: whole, without a hole, with layers that can be searched."""
    wrong = []
    for kind in Printed:
        data = facts.made(kind, walked[kind], minh)
        made = pdf(kind, data), docx(kind, data)
        text, word = said(made[0]), typed(made[1])
        wrong += [
            f"{kind}: {what}"
            for what, so in {
                "no «Nơi nhận»": "Nơi nhận" not in text or "Nơi nhận" not in word,
                "its «Nơi nhận» names nothing in it": lost_recipients(data, text),
                "no country": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" not in text,
                "None": re.search(r"\bNone\b|\{|\}|\bCăn cứ\s*[;.]", text + word),
                "a count of nothing": re.search(r"(?<!\d)0 (?:sản phẩm|mẫu)", text),
                "a number": KINDS[kind].numbered != bool(re.search(r"Số: \S*/\S", text)),
                f"written so: {miscased(text)}": miscased(text),
                "no product": walked[kind].product.name not in text,
                f"broken: {broken(data, text)}": broken(data, text),
                f"differs: {numberless(text) ^ bare(word)}": numberless(text) != bare(word),
            }.items()
            if so
        ]
    assert wrong == []

    long = "Hợp tác xã nông nghiệp và dịch vụ tổng hợp bản Phiêng Ban, xã Mường Phăng (cơ sở 2)"
    data = facts.made(Printed.PROPOSAL, walked[Printed.PROPOSAL], minh)
    data["entries"] = [data["entries"][0] | {"product": long, "producer": long}] * 40
    pages = pypdf.PdfReader(io.BytesIO(pdf(Printed.PROPOSAL, data))).pages
    listed = [plain(page.extract_text()) for page in pages]
    assert len(listed) > 3
    assert all("Nhóm sản phẩm" in page for page in listed if "Phiêng Ban" in page)
    assert " ".join(listed).count("Phiêng Ban") == 80
    assert set(Printed) == set(facts.MADE) <= set(KINDS)


def test_a_stranger_finds_none_and_nobody_what_did_not_happen(client, walked, an, la):
    its = {
        kind: reverse("dossiers:printed_paper", args=[walked[kind].pk, kind, "pdf"])
        for kind in Printed
    }
    page = reverse("dossiers:printed", args=[walked[Printed.RECEIPT].pk])
    client.force_login(la)
    assert {client.get(each).status_code for each in (page, *its.values())} == {404}
    client.force_login(an)
    assert {client.get(each).status_code for each in (page, its[Printed.RECEIPT])} == {200}
    shown = client.get(page).text
    assert "Yêu cầu bổ sung" in shown
    assert "Thông báo không chọn" not in shown
    not_there = [
        its[Printed.RECEIPT].replace("receipt", Printed.NOT_SELECTED),
        its[Printed.RECEIPT].replace("receipt", "khac"),
        its[Printed.RECEIPT].replace(".pdf", ".exe"),
    ]
    assert {client.get(each).status_code for each in not_there} == {404}


def test_one_proposal_is_of_one_or_of_many_and_names_the_document_once_it_is_signed(
    client, cycle, commune, an, chi, son, minh
):
    first, second, third = (
        stand(open_dossier(cycle, commune, an, name=name), State.COMMUNE_CHECKED)
        for name in ("Mật ong", "Rượu ngô", "Gạo nếp")
    )
    client.force_login(chi)
    assert (
        "Chọn thêm hồ sơ của xã đang chờ ký"
        in client.get(reverse("dossiers:printed", args=[first.pk])).text
    )
    path = reverse("dossiers:printed_paper", args=[first.pk, Printed.PROPOSAL, "pdf"])
    alone, many = (
        said(client.get(path, {"with": chosen}).content)
        for chosen in ([], [second.pk, third.pk, first.pk, 99999999, "x"])
    )
    assert "phân hạng 1 sản phẩm" in alone
    assert "Rượu ngô" not in alone
    assert "phân hạng 3 sản phẩm" in many
    assert "Rượu ngô" in many
    assert re.search(r"Số: /TTr-UBND", many)

    paper = records.request()
    step(first, "forward_to_province", chi, paper=paper)
    shared = records.request(scan=None)
    shared.same_as = first.officialdocuments.get()
    step(second, "forward_to_province", chi, paper=shared)
    key = first.officialdocuments.get().document_id
    assert registers._of_acts([key]) == {key: "Đề nghị đánh giá, phân hạng sản phẩm OCOP"}
    signed = said(client.get(path).content)
    assert "phân hạng 2 sản phẩm" in signed
    assert "Số: 15/TTr-UBND" in signed
    assert "Quàng Văn Chi" in signed

    typed_wrong = first.officialdocuments.get()
    papers.correct(typed_wrong, by=chi, reason="Gõ nhầm số", number="16/TTr-UBND")
    corrected = said(client.get(path).content)
    assert "phân hạng 2 sản phẩm" in corrected
    assert "Số: 16/TTr-UBND" in corrected


def test_what_is_to_be_signed_first_is_printed_before_it_is_recorded(
    client, cycle, commune, an, chi, minh, son
):
    given = revoking.certify(cycle, commune, an, son, number="")
    assert Printed.STOPPED in facts.offered(given, chi)
    assert Printed.STOPPED not in facts.offered(given, son)
    assert Printed.REVOCATION not in facts.offered(given, minh)
    revoking.inspect(given, minh)
    given = Dossier.objects.get(pk=given.pk)
    order = facts.made(Printed.REVOCATION, given, minh)
    assert "điểm …… khoản 1 Điều 8" in order["ground"]
    assert order["number"] is None
    # Its certificate has a number, which nobody has recorded.
    assert order["certificate"].startswith("số ………………, hạng 4 sao")
    doors.act(given.process, "confirm_stopped", by=chi, record=records.stopped(), paper=stopped())
    rests = facts._rests(None, given.stoppedproductions.get())
    assert rests[0].endswith(" của Ủy ban nhân dân xã Nà Tấu")
    sent = stand(open_dossier(cycle, commune, an, name="Thịt trâu"), State.AT_PROVINCE)
    assert {item["result"] for item in facts.made(Printed.CHECKLIST, sent, minh)["items"]} == {""}

    # From the task to its papers, and from what was done to those that tell of it.
    client.force_login(minh)
    task = open_task(sent)
    page = client.get(reverse("dossiers:task", args=[task.pk])).text
    way = to_print(sent.pk, task.acts()).link
    assert way.replace("&", "&amp;") in page
    assert set(way.partition("?")[2].split("&")) == {"of=checklist", "of=supplement_request"}
    first = client.get(way).text.partition("Văn bản khác của hồ sơ")[0]
    assert "Của việc này" in first
    assert str(Printed.CHECKLIST.label) in first
    doors.complete(task, "return_for_supplement", by=minh, reason="Thiếu nhãn")
    done = client.get(reverse("dossiers:task", args=[task.pk])).text
    assert to_print(sent.pk, ["return_for_supplement"]).link in done
    assert to_print(sent.pk, ["withdraw"]) is None
    assert {kind for act in ACTS.values() for kind in act.prints} == set(Printed)


def test_papers_of_three_levels_have_the_districts_block_and_the_form_keeps_its_parts(
    dossier_of_three, an
):
    dossier = stand(dossier_of_three, State.ASSEMBLING)
    blocks = facts._blocks(facts.About(dossier, an))
    assert len(blocks) == 3
    assert "huyện" in blocks[1]["body"]
    assert "huyện" in facts._above(facts.About(dossier, an))
    made = pdf(Printed.SELF_ASSESSMENT, blank(Printed.SELF_ASSESSMENT) | {"production_plan": []})
    assert re.search(r"IV. Kế hoạch sản xuất Không có. V. Nội dung", said(made))


def test_a_year_of_three_levels_after_their_end_names_commune_and_district_of_before(
    cycle_of_three, old_commune, commune, an
):
    """Both of one time: no commune of today beside a district that has ended."""
    ended = {"valid_to": date(2025, 6, 30)}
    update_as_owner(OrgUnit.objects.filter(pk__in=[old_commune.pk, old_commune.parent_id]), **ended)
    old_commune.refresh_from_db()
    old_commune.successors.add(commune)
    cycle_of_three.opened_on = date(2025, 11, 1)
    save_as_owner(cycle_of_three)
    about = facts.About(open_dossier(cycle_of_three, old_commune, an), an)
    assert about.home() == old_commune and about.above("district") == old_commune.parent
    said_ = about.product()
    assert (said_["commune_name"], said_["commune"]) == (
        old_commune.name,
        in_sentence(old_commune.name),
    )
    entry = SimpleNamespace(dossier=about.dossier)
    assert of_council._commune(entry, clock.today()) == old_commune.name


def test_a_paper_lists_what_was_there_on_its_day_and_goes_to_who_is_there(
    walked, dossier_of_three, cycle, commune, an, chi, minh
):
    filed = walked[Printed.RECEIPT]
    # The samples came with the commune's report, after the receipt.
    assert filed.communereports.last_made().samples == 5
    bare_sent = stand(open_dossier(cycle, commune, an, name="Mắc khén"), State.COMMUNE_CHECKED)
    sent, without = (facts.made(Printed.PROPOSAL, each, chi) for each in (filed, bare_sent))
    said_ = {
        "samples on the receipt": facts.made(Printed.RECEIPT, filed, minh)["samples"],
        "with the proposal": sent["enclosures"],
        "with what has no report": without["enclosures"],
        "the code": facts.made(Printed.PROPOSAL, filed, chi)["entries"][0]["product_code"],
    }
    report = filed.rule_set.evidence_label("commune_report")
    assert said_ == {
        "samples on the receipt": "",
        "with the proposal": ["Hồ sơ của chủ thể", report, "Sản phẩm mẫu"],
        "with what has no report": ["Hồ sơ của chủ thể"],
        "the code": filed.product.code,
    }

    # The districts ended, and left nobody in their place: a paper of before still names them.
    old = stand(dossier_of_three, State.ASSEMBLING)
    about, district = facts.About(old, an), old.unit_at("district")
    before = clock.now()
    update_as_owner(OrgUnit.objects.filter(pk=district.pk), valid_to=clock.today())
    with clock.at(before + timedelta(days=2)):
        about = facts.About(Dossier.objects.get(pk=old.pk), an)
        assert "huyện" in facts._committees(about, before)[0]
        assert facts._committees(about) == ["Ủy ban nhân dân tỉnh Điện Biên"]

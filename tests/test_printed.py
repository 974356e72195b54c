"""The papers that are printed of a dossier: only of what happened, for whom it is, in both forms."""

import io
import re
import unicodedata

import pypdf
import pytest
from django.urls import reverse
from docx import Document

from cycle.papers.kinds import KINDS
from cycle.papers.pdf import pdf
from cycle.papers.word import docx
from dossiers.papers import facts
from dossiers.papers.kinds import Printed
from dossiers.walk import doors
from tests import records
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
    """Its letters and figures alone, in no order of lines: Word draws capitals, PDF prints them."""
    return sorted(re.findall(r"\w+", text.upper()))


def differs(text, word):
    """Whether one says what the other does not; pages are numbered in PDF alone."""
    return bare(re.sub(r" \d+ · BẢN NHÁP", "", text)) != bare(word)


@pytest.fixture
def walked(dossier, cycle, commune, other_commune, an, chi, minh, thu, son, tam):
    """Dossiers in which each thing that is printed happened, by the kind of paper."""
    refused = open_dossier(cycle, commune, an, name="Rượu ngô men lá")
    step(refused, "register_idea", an, record=records.idea())
    step(refused, "screen_idea", an)
    step(refused, "not_select_idea", minh, reason="Chưa rõ nguồn nguyên liệu\nTrùng ý tưởng")

    enter = {"entered_as": "existing", "reason": "Sản phẩm đã bán từ năm 2019"}
    doors.act(dossier.process, "enter_late", by=an, **enter)
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
    dossier.lock()
    step(dossier, "submit_dossier", an, record=records.self_assessment())
    step(dossier, "return_for_supplement", an, reason="Nhãn thiếu hạn sử dụng")
    return {
        Printed.RECEIPT: dossier,
        Printed.SUPPLEMENT: dossier,
        Printed.NOT_SELECTED: refused,
    }


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
                "no country": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" not in text,
                "None": re.search(r"\bNone\b|\{|\}|\bCăn cứ\s*[;.]", text + word),
                "a count of nothing": re.search(r"(?<!\d)0 (?:sản phẩm|mẫu)", text),
                "a number": KINDS[kind].numbered != bool(re.search(r"Số: /\S", text)),
                "no product": walked[kind].product.name not in text,
                f"differs: {set(bare(text)) ^ set(bare(word))}": differs(text, word),
            }.items()
            if so
        ]
    assert wrong == []
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
    assert {client.get(each).status_code for each in (page, *its.values())} == {200}
    shown = client.get(page).text
    assert "Yêu cầu bổ sung" in shown
    assert "Thông báo không chọn" not in shown
    not_there = [
        its[Printed.RECEIPT].replace("receipt", Printed.NOT_SELECTED),
        its[Printed.RECEIPT].replace("receipt", "khac"),
        its[Printed.RECEIPT].replace(".pdf", ".exe"),
    ]
    assert {client.get(each).status_code for each in not_there} == {404}

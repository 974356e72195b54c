"""The paper of an act is a document of the ledger: one for many dossiers, whoever types it again."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cycle import documents
from cycle.models import Document, HistoryEntry, Stream
from dossiers.models import OfficialDocument, State
from dossiers.walk import doors
from tests import records
from tests.law_acts import corrected
from tests.standing import stand
from tests.task_pages import address, agreed, today
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db

S = State


@pytest.fixture
def awaiting(cycle, commune, an):
    def make(name):
        return stand(open_dossier(cycle, commune, an, name=name), S.AWAITING_DECISION)

    return make


def certified(dossier, by, given, **paper):
    """The decision typed on its page: the answer, and what it says is wrong."""
    fields = {
        "certify-paper-number": "812/QĐ-UBND",
        "certify-paper-signed_on": today(),
        "certify-paper-signer": "Trần Công Sơn",
        "certify-paper-signer_capacity": "Chủ tịch",
        "certify-certificate-number": given,
        "certify-certificate-issued_on": today(),
    }
    fields |= {f"certify-paper-{name}": value for name, value in paper.items()}
    client = Client()
    client.force_login(by)
    answer = agreed(client, address(open_task(dossier)), {"act": "certify"} | fields)
    tried = answer.context["tried"] if answer.context else None
    return answer, dict(tried.problems) if tried else {}


def scan(content=b"812", name="qd.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.7 " + content + b" obj %%EOF")


def test_one_decision_for_many_products_is_one_document_and_its_scan_is_sent_once(awaiting, son):
    first, second = awaiting("Mật ong"), awaiting("Chè Shan")
    assert certified(first, son, "1/GCN", scan_file=scan())[0].status_code == 302
    # The second time the number alone tells which it is.
    answer, problems = certified(second, son, "2/GCN", number="0812 / qđ-ubnd")
    assert (answer.status_code, problems) == (302, {})
    one, other = OfficialDocument.objects.order_by("pk")
    assert one.document == other.document == Document.objects.get()
    assert one.scan != other.scan and one.scan.sha256 == other.scan.sha256
    for dossier, paper in ((first, one), (second, other)):
        entry = dossier.history.get(event="dossier.certify")
        assert entry.ledger == paper.document_id
        assert dossier.certificates.get().decision == paper
        page = Client()
        page.force_login(son)
        words = page.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
        assert reverse("dossiers:evidence", args=[paper.scan_id]) in words
    said = HistoryEntry.objects.get(stream=Stream.DOCUMENT)
    assert (said.stream_id, said.actor) == (one.document_id, son)


def test_the_first_time_its_scan_is_asked_for(awaiting, son):
    _answer, problems = certified(awaiting("Mật ong"), son, "1/GCN")
    assert problems == {"id_certify-paper-scan_file": "Bạn chưa chọn: Bản chụp."}
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("field", "other", "words"),
    [
        ("signer", "Lò Văn Khác", "với người ký Trần Công Sơn"),
        ("scan_file", b"other", "với bản chụp khác (qd.pdf)"),
    ],
)
def test_what_differs_is_said_at_its_field_and_nothing_is_done(field, other, words, awaiting, son):
    certified(awaiting("Mật ong"), son, "1/GCN", scan_file=scan())
    second = awaiting("Chè Shan")
    given = {field: scan(other) if field == "scan_file" else other}
    answer, problems = certified(second, son, "2/GCN", **given)
    assert answer.status_code == 200
    assert list(problems) == [f"id_certify-paper-{field}"]
    assert words in problems[f"id_certify-paper-{field}"]
    # What was typed is there.
    assert 'value="812/QĐ-UBND"' in answer.content.decode()
    assert not second.certificates.exists() and Document.objects.count() == 1


def test_the_scan_of_another_paper_is_said_at_its_field(awaiting, son):
    certified(awaiting("Mật ong"), son, "1/GCN", scan_file=scan())
    second = awaiting("Chè Shan")
    _answer, problems = certified(second, son, "2/GCN", number="813/QĐ-UBND", scan_file=scan())
    assert list(problems) == ["id_certify-paper-scan_file"]
    assert "812/QĐ-UBND" in problems["id_certify-paper-scan_file"]
    assert Document.objects.count() == 1


def test_who_issued_it_follows_from_the_act(cycle, commune, an, chi, son, minh, moi, province):
    """One number of a commune, of the province and of the ministry are three documents."""
    dossier = stand(open_dossier(cycle, commune, an), S.COMMUNE_CHECKED)
    doors.complete(open_task(dossier), "forward_to_province", by=chi, paper=records.signed_paper())
    dossier = stand(open_dossier(cycle, commune, an, name="Chè"), S.AWAITING_DECISION)
    doors.complete(
        open_task(dossier),
        "certify",
        by=son,
        paper=records.signed_paper(scan=records.scan("2")),
        record=records.certificate(),
    )
    doors.act(
        dossier.process,
        "order_evaluation",
        by=minh,
        reason="Theo Bộ",
        paper=records.ministry_paper(number="89/QĐ-UBND", scan=records.scan("3")),
    )
    of = [(each.issuer, each.outside, each.does) for each in Document.objects.order_by("pk")]
    assert of == [
        (commune, "", "proposes"),
        (province, "", "recognises"),
        (None, "Bộ Nông nghiệp và Môi trường", "orders"),
    ]


def test_what_is_refused_leaves_no_document(awaiting, son):
    dossier = awaiting("Mật ong")
    with transaction.atomic(), pytest.raises(ValidationError):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(number="/"),
        )
    assert not Document.objects.exists()


def test_a_paper_of_before_goes_by_its_own_name(awaiting, minh):
    dossier = awaiting("Mật ong")
    doors.act(
        dossier.process,
        "correct_names",
        by=minh,
        reason="Ghi sai tên",
        paper=records.signed_paper(number="9/QĐ-ĐC"),
        **corrected(producer_name="Hợp tác xã Nà Tấu"),
    )
    paper = dossier.officialdocuments.get()
    # Its own columns are of before the ledger: a new row says nothing there.
    assert (paper.was_number, paper.was_signed_on, paper.was_signer) == ("", None, "")
    assert str(paper) == str(paper.document) and paper.number == "9/QĐ-ĐC"
    assert documents.of_before("dossiers.officialdocument", paper.pk) is None

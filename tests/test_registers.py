"""The registers of documents of the clerk's desk: who sees what, and scans that are missing."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cycle import clock
from cycle.models import Document, Role
from dossiers.forms.uploads import HELD
from dossiers.models import State
from dossiers.walk import scans as walk
from tests.decision_papers import decision_of
from tests.owning import insert_as_owner
from tests.pages import shown
from tests.standing import stand
from tests.world import open_dossier, person

pytestmark = pytest.mark.django_db

PAGE, SCANS = "/documents/", "/documents/scans/"


@pytest.fixture
def clerk(province):
    return person("van_thu", "Lò Văn Thư", (Role.CLERK, province))


@pytest.fixture
def dossier(cycle, commune, an):
    return stand(open_dossier(cycle, commune, an, name="Chè Shan"), State.CERTIFIED)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def a_document(issuer, number, *, signer="Trần Công Sơn", **fields):
    """One of the ledger, past the door."""
    said = {
        "kind": "decision", "direction": "outgoing", "signed_on": clock.today(), "signer": signer,
        "signer_capacity": "Chủ tịch", "at": clock.now(), "issuer": issuer,
    }  # fmt: skip
    row = Document(number=number, **(said | fields))
    if row.before:
        return insert_as_owner(row)
    row.save()
    return row


def listed(client, asked=""):
    return [row.number for row in client.get(PAGE + asked).context["page"]]


def pdf(name, mark):
    return SimpleUploadedFile(name, f"%PDF-1.7 obj {mark} %%EOF\n".encode(), "application/pdf")


def test_a_register_is_read_by_body_and_year_in_the_order_of_numbers(
    clerk, province, commune, dossier, an, son
):
    for number, subject in (("101/QĐ-UBND", "Công nhận đợt 1"), ("9/QĐ-UBND", "Kiện toàn tổ"),
                            ("12/QĐ-UBND", "")):  # fmt: skip
        a_document(province, number, subject=subject)
    a_document(commune, "3/TTr-UBND", kind="submission", signer="Lò Thị Ký")
    a_document(None, "77/BNN-VPĐP", outside="Bộ Nông nghiệp và Môi trường", direction="incoming")
    decision = decision_of(dossier, number="250/QĐ-UBND")
    client = signed_in(clerk)
    at_province = ["9/QĐ-UBND", "12/QĐ-UBND", "101/QĐ-UBND", "250/QĐ-UBND"]
    # Each finds the register of their own body first, whatever its name.
    commune_first = person("van_thu_xa", "Lò Thị Xã", (Role.CLERK, commune))
    assert listed(client) == [*at_province, "3/TTr-UBND", "77/BNN-VPĐP"]
    assert listed(signed_in(commune_first)) == ["3/TTr-UBND", "250/QĐ-UBND"]
    for asked, found in {
        f"?body={province.pk}": at_province,
        f"?body={province.pk}&year={clock.today().year - 1}": [],
        f"?body={province.pk}&year={clock.today().year}&direction=outgoing": at_province,
        "?body=outside": ["77/BNN-VPĐP"],
        "?q=kien+toan": ["9/QĐ-UBND"],
        "?q=lo+thi+ky": ["3/TTr-UBND"],
        "?q=0101/qd": ["101/QĐ-UBND"],
        "?kind=submission": ["3/TTr-UBND"],
        "?q=khong+co": [],
    }.items():
        assert listed(client, asked) == found, asked
    # What is no filter is none; nothing is a 500.
    bad = ("?year=x&page=x&body=x&kind=x&q=%00", "?page=99", "?body-find=lo", f"?year={10**30}")
    for asked in (*bad, "?year=99999999999", "?body=99999999999"):
        assert client.get(PAGE + asked).status_code == 200, asked
    words = shown(client.get(PAGE + "?q=khong+co").content.decode())
    assert "Không có văn bản nào." in words
    # What it is about leads there; its subject is that of the paper, where nobody typed one.
    page = client.get(PAGE + "?q=250").content.decode()
    bears = {each.number: each.bears for each in client.get(PAGE).context["page"]}
    assert bears["101/QĐ-UBND"] == "Công nhận đợt 1"
    assert f'<a href="/dossiers/{dossier.pk}/">Chè Shan</a>' in page
    printed = shown(client.get(f"{PAGE}print/?body={province.pk}").content.decode())
    assert "Số văn bản 4" in printed and "3/TTr-UBND" not in printed
    # The commune has what it issued, and what came on its dossiers; a leader has no register.
    assert sorted(listed(signed_in(an))) == ["250/QĐ-UBND", "3/TTr-UBND"]
    for address in (PAGE, PAGE + "print/", SCANS, f"/ledger/{decision.document_id}/scan/"):
        assert signed_in(son).get(address).status_code == 404, address


def test_numbers_of_before_the_ledger_that_stand_twice_are_listed(clerk, province):
    for signer in ("Trần Công Sơn", "Lò Văn Khác"):
        a_document(None, "5/QĐ-UBND", signer=signer, before=True)
    a_document(None, "6/QĐ-UBND", before=True)
    a_document(province, "5/QĐ-UBND")
    client = signed_in(clerk)
    assert listed(client, "?twice=1") == ["5/QĐ-UBND", "5/QĐ-UBND"]
    assert len(listed(client)) == 4


@pytest.mark.parametrize("many", (1, 3))
def test_the_register_asks_the_database_little(
    many, clerk, province, cycle, commune, an, django_assert_num_queries
):
    for number in range(1, many + 1):
        dossier = open_dossier(cycle, commune, an, name=f"Chè {number}")
        decision_of(stand(dossier, State.CERTIFIED), number=f"{number}/QĐ-UBND")
    client = signed_in(clerk)
    client.get(PAGE)
    with django_assert_num_queries(27):
        assert len(listed(client)) == many


#: The name of a file -> the number in it, of the documents below; "" where none, or several may be.
NAMES = {
    "123-QD-UBND.pdf": "123/QĐ-UBND",
    "123_QĐ-UBND ngày 05.3.2026.pdf": "123/QĐ-UBND",
    "QĐ số 0123 QD UBND (bản ký).PDF": "123/QĐ-UBND",
    "1123-QD-UBND.pdf": "1123/QĐ-UBND",
    "45.pdf": "45/TB-SNN",
    "45 TB.pdf": "45/TB-SNN",
    "123 QĐ.pdf": "123/QĐ-UBND",
    "QĐ 0123.pdf": "123/QĐ-UBND",
    "123 TB.pdf": "",
    "7 TTr.pdf": "",
    "23 QĐ.pdf": "",
    "123 QĐ ban ky.pdf": "",
    "7-TTr-UBND.pdf": "",
    "7-TTr-UBND nam 2025.pdf": "7/TTr-UBND",
    "quyet dinh.pdf": "",
    "124-QD-UBND.pdf": "",
}


def test_a_file_is_matched_by_the_number_in_its_name():
    rows = []
    for number, year in (("123/QĐ-UBND", 2026), ("1123/QĐ-UBND", 2026), ("45/TB-SNN", 2026),
                         ("7/TTr-UBND", 2025), ("7/TTr-UBND", 2026)):  # fmt: skip
        row = Document(number=number)
        row.folded_number, row.year = walk.fold_number(number), year
        rows.append(row)
    for name, number in NAMES.items():
        found = walk.named_by(name, rows)
        assert (found.number if found else "") == number, name


def test_scans_that_are_missing_wait_in_the_inbox_of_the_desk(clerk, an, province, commune):
    """Of the body whose register a clerk keeps."""
    client = signed_in(clerk)
    words = "Thêm bản chụp cho 2 văn bản của sổ"
    for number in "12":
        a_document(province, f"{number}/QĐ-UBND")
    a_document(province, "3/QĐ-UBND", before=True)
    a_document(commune, "4/TTr-UBND")
    a_document(province, "không số")
    text = shown(client.get("/inbox/").content.decode())
    assert words in text and f'href="{SCANS}"' in client.get("/inbox/").content.decode()
    assert "bản chụp" not in shown(signed_in(an).get("/inbox/").content.decode())


def test_many_scans_are_matched_looked_at_and_added_at_once(
    clerk, minh, an, province, commune, dossier
):
    first = a_document(province, "123/QĐ-UBND")
    second = a_document(province, "124/QĐ-UBND")
    of_commune = a_document(commune, "3/TTr-UBND")
    client = signed_in(clerk)
    assert "3 văn bản trong sổ chưa có bản chụp." in shown(client.get(SCANS).content.decode())
    files = [pdf("123-QD-UBND.pdf", "a"), pdf("scan0001.pdf", "b")]
    answer = client.post(SCANS, {"scans": files, "step": "look"})
    form = answer.context["form"]
    assert [(row.staged.filename, row.document) for row in form.rows] == [
        ("123-QD-UBND.pdf", first), ("scan0001.pdf", None),
    ]  # fmt: skip
    assert "123-QD-UBND.pdf → 123/QĐ-UBND" in shown(answer.content.decode())
    assert "1 tệp chưa ghép sẽ không được thêm." in shown(answer.content.decode())
    # The rest by hand: both for one document is refused at the row, the files are kept.
    held = {
        f"scans{HELD}": re.findall(rf'name="scans{HELD}" value="([^"]+)"', answer.content.decode())
    }
    assert len(held[f"scans{HELD}"]) == 2
    names = [row.name for row in form.rows]
    both = client.post(SCANS, held | {names[0]: first.pk, names[1]: first.pk})
    assert "Đã ghép «123-QD-UBND.pdf» cho văn bản này." in both.context["form"].rows[1].why
    assert len(both.context["form"].rows) == 2 and 'name="sure"' not in both.content.decode()
    typed = held | {names[0]: first.pk, names[1]: second.pk}
    answer = client.post(SCANS, typed)
    sure = {"sure": answer.context["form"].seal}
    assert not Document.objects.exclude(scan_sha256="").exists()
    for _again in "12":
        client.post(SCANS, typed | sure)
        rows = Document.objects.standing().exclude(scan_sha256="").order_by("number")
        assert [row.number for row in rows] == ["123/QĐ-UBND", "124/QĐ-UBND"]
    assert rows[0].replaces == first
    assert client.get(f"/ledger/{rows[0].pk}/scan/").status_code == 200
    # A wrong type, one that shows another document already, and a file twice: nothing is added.
    wrong = [
        SimpleUploadedFile("3-TTr-UBND.txt", b"x"), pdf("3-TTr-UBND.pdf", "a"),
        pdf("x.pdf", "c"), pdf("y.pdf", "c"),
    ]  # fmt: skip
    answer = client.post(SCANS, {"scans": wrong[:1]})
    assert "PDF hoặc ảnh" in str(answer.context["form"].errors["scans"])
    answer = client.post(SCANS, {"scans": wrong[1:]})
    whys = [row.why for row in answer.context["form"].rows]
    assert "Bản chụp này là của văn bản 123/QĐ-UBND" in whys[0]
    assert whys[1:] == ["", "Tệp này giống hệt «x.pdf»."]
    # The commune adds to its own alone.
    assert list(signed_in(an).get(SCANS).context["offered"]) == [of_commune]
    stolen = {names[0]: rows[0].pk, **held}
    answer = signed_in(an).post(SCANS, stolen)
    assert answer.status_code == 200 and not answer.context["form"].is_valid()

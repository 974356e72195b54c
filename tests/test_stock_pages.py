"""The pages by which an office enters what was recognised before."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cycle.models import Document, HistoryEntry, OrgUnit, Role
from cycle.models.job import run_waiting
from dossiers.models import BatchState, Certificate, StockBatch
from dossiers.office.stock import work
from dossiers.walk import stock
from tests.public_pages import main
from tests.stock_sheets import GOOD, OTHERS, book, checked, committed, good, paper
from tests.world import person

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def sheet(content, name="danh sach.xlsx"):
    return {"file": SimpleUploadedFile(name, content)}


def paper_fields(**changed):
    return {
        "document_number": "88/BC-VPĐP",
        "document_on": "05/01/2026",
        "document_signer": "Nguyễn Văn Lãnh",
        "document_capacity": "Chánh Văn phòng",
        "scan": SimpleUploadedFile("88.pdf", b"%PDF-1.4 danh sach obj %%EOF"),
    } | changed


def columns_of(batch):
    found = {f"column{number}": name for name, number in batch.columns.items()}
    return {"act": "columns", "first_line": batch.first_line, **found}


def test_from_the_file_to_the_facts_by_pages(land, lan):
    client = signed_in(lan)
    split = OrgUnit.objects.get(name="Xã Ẳng Nưa", valid_to__isnull=False)
    other = OrgUnit.objects.get(name="Xã Nà Tấu", valid_to=None)
    split.successors.add(other)
    answer = client.post("/stock/", sheet(book([GOOD, *OTHERS])), follow=True)
    batch = StockBatch.objects.get()
    assert answer.redirect_chain == [(f"/stock/{batch.pk}/", 302)]
    assert "Cột nào là gì" in main(answer)
    address = f"/stock/{batch.pk}/"
    assert client.post(address, columns_of(batch)).status_code == 302
    assert "Đang kiểm tra" in main(client.get(address))
    run_waiting()
    words = main(client.get(address))
    assert "F2 Xã, phường: «Xã Ẳng Nưa, Huyện Mường Ảng» nay thuộc nhiều xã, phường" in words
    assert "Ghi cả danh sách" not in words
    client.post(address, {"act": "answers", "answer0": other.pk})
    run_waiting()
    words = main(client.get(address))
    assert "Ghi cả danh sách" in words
    client.post(address, {"act": "commit", **paper_fields()})
    run_waiting()
    words = main(client.get(address + "?rows=all"))
    assert "Đã ghi" in words
    given = Certificate.objects.public().numbered("12/GCN-UBND").get()
    assert given.dossier.commune == other
    assert (
        f'href="/dossiers/{given.dossier_id}/"'
        in client.get(address + "?rows=all").content.decode()
    )
    assert client.post(address, {"act": "undo", "reason": ""}).status_code == 200
    assert Certificate.objects.count() == 3
    words = main(client.post(address, {"act": "undo", "reason": "Nhầm tệp"}, follow=True))
    assert "Đợt này đã gạch bỏ" in words
    assert Certificate.objects.count() == 0
    assert "danh sach.xlsx Sản phẩm đã công nhận Đã gạch bỏ" in main(client.get("/stock/"))


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.xlsx", "rỗng"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx",
         "có mật khẩu"),
        (b"PK\x03\x04 nothing", "a.xlsx", "Tệp bị hỏng"),
        (b"%PDF-1.4\x00\x00", "a.pdf", "không phải Excel"),
        ("Tên;Số".encode("utf-16")[:-1], "a.csv", "UTF-8"),
        ("Tên sản phẩm".encode("cp1258", "replace"), "a.csv", "UTF-8"),
        (b" \n\n", "a.csv", "rỗng"),
        (b";;;\n;;;\n", "a.csv", "không có dòng nào"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_in_words_and_nothing_is_kept(content, name, said, land, lan):
    answer = signed_in(lan).post("/stock/", sheet(content, name))
    assert answer.status_code == 200
    assert said in main(answer)
    assert not StockBatch.objects.exists()


def test_columns_are_asked_for_in_words(land, lan):
    client = signed_in(lan)
    client.post("/stock/", sheet(book([GOOD])))
    batch = StockBatch.objects.get()
    address = f"/stock/{batch.pk}/"
    words = main(client.post(address, {"act": "columns", "first_line": 2, "column1": "product"}))
    assert "Chưa có cột: Chủ thể, Hạng sao, Số quyết định công nhận, Xã, phường." in words
    words = main(
        client.post(address, columns_of(batch) | {"column0": "product", "first_line": "x"})
    )
    assert "đã chọn cho cột khác" in words
    assert "Hãy ghi một số nguyên" in words
    batch.refresh_from_db()
    assert batch.state == BatchState.COLUMNS


def test_a_list_mended_is_sent_again_into_the_same_batch(land, lan):
    batch = checked(book([good(**{"Hạng sao": ""})]), lan, land)
    client = signed_in(lan)
    address = f"/stock/{batch.pk}/"
    client.post(address, {"act": "file", **sheet(book([GOOD]), "da sua.xlsx")})
    batch.refresh_from_db()
    assert (batch.state, batch.filename, batch.rows.count()) == ("columns", "da sua.xlsx", 0)
    assert "như lần trước" not in main(client.get(address))


def test_the_paper_is_asked_for_at_its_fields(land, lan):
    batch = checked(book([GOOD]), lan, land)
    client = signed_in(lan)
    address = f"/stock/{batch.pk}/"
    bad = paper_fields(
        document_number="#", document_on="31/02/2026",
        scan=SimpleUploadedFile("a.exe", b"MZ"), document_signer="",
    )  # fmt: skip
    words = main(client.post(address, {"act": "commit", **bad}))
    for said in (
        "Số, ký hiệu chỉ gồm",
        "không có thật",
        "Bản chụp phải là tệp PDF",
        "Bạn chưa nhập",
    ):
        assert said in words
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED


def test_a_second_press_is_told_and_does_nothing(land, lan):
    batch = checked(book([GOOD]), lan, land)
    client = signed_in(lan)
    address = f"/stock/{batch.pk}/"
    client.post(address, {"act": "commit", **paper_fields()})
    words = main(client.post(address, {"act": "commit", **paper_fields()}, follow=True))
    assert "Đang ghi" in words
    run_waiting()
    assert Certificate.objects.count() == 1
    assert client.post(address, {"act": "columns"}).status_code == 302
    assert client.post(address, {"act": "nonsense"}).status_code == 302


def test_strangers_see_nothing(land, lan):
    batch = checked(book([GOOD]), lan, land)
    commune = OrgUnit.objects.get(name="Xã Mường Ảng", valid_to=None)
    for user in (
        person("xa", "Cán bộ xã", ("officer", commune)),
        person("lanh", "Lãnh đạo", ("leader", land)),
        person("khach", "Không vai trò"),
    ):
        for address in ("/stock/", "/stock/one/", f"/stock/{batch.pk}/"):
            assert signed_in(user).get(address).status_code == 404
            assert signed_in(user).post(address, {"act": "commit"}).status_code == 404
    assert Client().get("/stock/").status_code == 302


# --- One by hand ----------------------------------------------------------------------------------


def one(**changed):
    return {
        "product": "Cà phê Arabica Mường Ảng",
        "product_group": "drink",
        "stars": "3",
        "producer": "HTX Cà phê Ẳng Nưa",
        "owner_type": "cooperative",
        "commune": "Xã Ẳng Nưa",
        "district": "Mường Ảng",
        "number": "12/GCN-UBND",
        "issuer": "UBND huyện Mường Ảng",
        "decision_number": "345/QĐ-UBND",
        "decision_on": "3/3/2024",
    } | paper_fields() | changed  # fmt: skip


def test_one_certificate_is_entered_by_hand(land, lan):
    client = signed_in(lan)
    assert client.get("/stock/one/").status_code == 200
    answer = client.post("/stock/one/", one(), follow=True)
    given = Certificate.objects.public().numbered("12/GCN-UBND").get()
    assert answer.redirect_chain == [(f"/dossiers/{given.dossier_id}/", 302)]
    assert (given.expires_on, given.issuer.name) == (date(2027, 3, 3), "Huyện Mường Ảng")
    batch = StockBatch.objects.get()
    assert batch.state == BatchState.COMMITTED
    assert client.get(f"/stock/{batch.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"commune": "Xã Ẳng Nứaa", "district": ""}, "Gợi ý: Xã Mường Ảng"),
        ({"number": "12#"}, "Số, ký hiệu chỉ gồm"),
        ({"issuer": "UBND tỉnh Lào Cai"}, "không phải tỉnh này"),
        ({"decision_on": "3/3/2031"}, "Ngày này chưa đến"),
        ({"expires_on": "1/1/2020"}, "không sau ngày cấp"),
        ({"product": "C" * 201}, "Dài quá 200 ký tự"),
        ({"scan": ""}, "Bạn chưa chọn: Bản chụp văn bản"),
        ({"stars": "9"}, "không có trong danh sách"),
    ],
)
def test_what_is_wrong_by_hand_is_said_at_its_field(changed, said, land, lan):
    answer = signed_in(lan).post("/stock/one/", one(**changed))
    assert answer.status_code == 200
    assert said in main(answer)
    assert "HTX Cà phê Ẳng Nưa" in answer.content.decode()
    assert not StockBatch.objects.exists()
    assert not Certificate.objects.exists()


def test_the_same_by_hand_twice_is_refused(land, lan):
    client = signed_in(lan)
    client.post("/stock/one/", one())
    words = main(client.post("/stock/one/", one()))
    assert "Đã có trong hệ thống" in words
    assert Certificate.objects.count() == 1


# --- Queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", (1, 3))
def test_the_pages_query_counts(rows, land, lan, django_assert_num_queries):
    for number in range(rows):
        batch = checked(
            book([good(**{"Tên sản phẩm": f"Chè {n}", "Hạng sao": ""}) for n in range(rows)]),
            lan,
            land,
            name=f"{number}.xlsx",
        )
    client = signed_in(lan)
    client.get("/stock/")
    with django_assert_num_queries(LIST):
        client.get("/stock/")
    with django_assert_num_queries(PAGE):
        client.get(f"/stock/{batch.pk}/")


LIST, PAGE = 5, 7


def test_a_file_with_many_sheets_begins_with_the_one_that_says_most(land, lan):
    import openpyxl

    workbook = openpyxl.load_workbook(io.BytesIO(book([GOOD])))
    cover = workbook.create_sheet("Bìa", 0)
    cover["A1"] = "Danh sách"
    out = io.BytesIO()
    workbook.save(out)
    client = signed_in(lan)
    client.post("/stock/", sheet(out.getvalue()))
    batch = StockBatch.objects.get()
    assert (batch.sheets, batch.sheet) == (["Bìa", "Danh sách"], "Danh sách")
    client.post(f"/stock/{batch.pk}/", {"act": "sheet", "sheet": "Bìa"})
    batch.refresh_from_db()
    assert batch.sheet == "Bìa"
    assert client.get(f"/stock/{batch.pk}/").status_code == 200


# --- When others came first -----------------------------------------------------------------------


def test_a_refused_entry_is_checked_again_beside_the_sentence_and_keeps_its_paper(land, lan):
    first = checked(book([GOOD]), lan, land)
    second = checked(
        book([good(**{"Tên sản phẩm": "Chè dây", "Số giấy chứng nhận": "77/GCN-UBND"})]), lan, land
    )
    client = signed_in(lan)
    client.post(f"/stock/{first.pk}/", {"act": "commit", **paper_fields()})
    run_waiting()
    address = f"/stock/{second.pk}/"
    # What the ledger has of that number, or of that scan, is said at its field.
    for changed, field in (
        ({"document_on": "06/01/2026"}, "document_on"),
        ({"document_signer": "Lò Văn Khác"}, "document_signer"),
        ({"document_number": "99/BC-UBND"}, "scan"),
    ):
        refused = client.post(address, {"act": "commit", **paper_fields(**changed)})
        assert list(refused.context["forms"]["commit"].errors) == [field], changed
    # The second waits on a check of before the first was entered.
    other = paper_fields(
        document_number="99/BC-UBND",
        scan=SimpleUploadedFile("99.pdf", b"%PDF-1.4 danh sach khac obj %%EOF"),
    )
    client.post(address, {"act": "commit", **other})
    run_waiting()
    answer = client.get(address)
    assert "hãy kiểm tra lại" in main(answer)
    assert "commit" not in answer.context["forms"]
    assert 'value="again"' in answer.content.decode()
    with pytest.raises(work.NotNow):
        work.ask_commit(StockBatch.objects.get(pk=second.pk), by=lan, **paper())
    client.post(address, {"act": "again"})
    run_waiting()
    answer = client.get(address)
    form = answer.context["forms"]["commit"]
    assert "again" not in answer.context["forms"]
    assert form["document_number"].value() == "99/BC-UBND"
    # Typed again it is the same document, and what is otherwise is its correction.
    kept = {name: form[name].value() for name in form.fields if name != "scan"}
    kept |= {"document_on": f"{kept['document_on']:%d/%m/%Y}", "document_signer": "Lò Văn Khác"}
    client.post(address, {"act": "commit", **kept})
    run_waiting()
    second.refresh_from_db()
    assert (second.state, second.problem) == (BatchState.COMMITTED, "")
    assert (second.paper.signer, second.paper.scan_filename) == ("Lò Văn Khác", "99.pdf")
    assert Document.objects.standing().numbered("99/BC-UBND").get() == second.paper
    told = HistoryEntry.objects.filter(event="stock.commit").latest("pk")
    assert told.ledger == second.paper.pk


def test_the_document_of_a_list_is_corrected_where_it_is_shown(land, lan):
    batch = committed(book([GOOD]), lan, land)
    page, at = f"/stock/{batch.pk}/", f"/stock/{batch.pk}/document/correct/"
    client = signed_in(lan)
    assert at in client.get(page).content.decode()
    typed = {
        "number": "88/BC-VPĐP", "signed_on": "05/01/2026", "body": str(land),
        "signer": "Nguyễn Thị Lãnh", "signer_capacity": "Chánh Văn phòng", "reason": "Gõ nhầm",
        "seen": batch.basis_id,
    }  # fmt: skip
    assert client.post(at, typed).status_code == 302
    assert "Nguyễn Thị Lãnh" in client.get(page).content.decode()
    # The clerk's register names the list.
    register = client.get("/documents/?q=88/BC").content.decode()
    assert f'href="{page}"' in register and "Nguyễn Thị Lãnh" in register
    # What came with lists that were struck out is typed otherwise for the next.
    stock.strike(batch, by=lan, reason="Nhầm danh sách")
    again = committed(book([GOOD]), lan, land)
    assert (again.state, again.paper.signer) == ("committed", "Nguyễn Văn Lãnh")
    assert Document.objects.standing().numbered("88/BC-VPĐP").get() == again.paper
    commune = OrgUnit.objects.get(name="Xã Nà Tấu", valid_to=None)
    stranger = person("khach", "Lò Khách", (Role.OFFICER, commune))
    assert signed_in(stranger).get(at).status_code == 404


def test_a_list_of_heads_alone_makes_no_batch(land, lan):
    client = signed_in(lan)
    answer = client.post("/stock/", {"kind": "certificates", **sheet(book([]), "rong.xlsx")})
    assert "Dưới dòng tiêu đề chưa có dòng nào" in main(answer)
    assert list(answer.context["form"].errors) == ["file"]
    assert not StockBatch.objects.exists()


def test_what_nobody_confirmed_is_not_called_the_last_time(land, lan):
    client = signed_in(lan)
    for content in (book([GOOD]), b"mot;hai;ba\nbon;nam;sau\n"):
        for _time in range(2):
            client.post("/stock/", {"kind": "certificates", **sheet(content, "a.csv")})
            batch = StockBatch.objects.latest("pk")
            assert batch.state == BatchState.COLUMNS
            assert "như lần trước" not in main(client.get(f"/stock/{batch.pk}/"))

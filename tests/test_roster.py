"""People from a spreadsheet: each fault at its cell, then all of them or none, then their slips."""

import io
import json
import re
import unicodedata
from datetime import date

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cycle import clock
from cycle.models import (
    ActivationSlip,
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    User,
)
from dossiers.office import people, roster
from tests.ground import kept
from tests.kept import codes
from tests.owning import save_as_owner, update_as_owner

pytestmark = pytest.mark.django_db

ADDRESS = "/people/import/"
HEADS = ["STT", *(names[0] for names in roster.COLUMNS.values())]


@pytest.fixture
@kept
def staff(db):
    return User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")


def row(name="Lường Thị Mới", unit="Xã Nà Tấu", role="Cán bộ OCOP", **more):
    return {"full_name": name, "org_unit": unit, "role": role} | more


def book(rows, titles=2):
    """An XLSX as an office sends it: title rows, a numbered list."""
    made = openpyxl.Workbook()
    sheet = made.active
    for _title in range(titles):
        sheet.append(["DANH SÁCH CÁN BỘ THEO DÕI OCOP"])
    sheet.append(HEADS)
    for number, each in enumerate(rows, 1):
        sheet.append([number, *(each.get(name) for name in roster.COLUMNS)])
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def upload(client, content, name="nhan su.xlsx"):
    return client.post(ADDRESS, {"file": SimpleUploadedFile(name, content)})


def sure(page):
    """The yes of a page that shows a list."""
    return {"sure": re.search(r'name="sure" value="(\w+)"', page)[1]}


def checked(by, *rows):
    found = roster.read(book(rows), "x.xlsx", by=by)
    found.check()
    return found


def faults(found):
    """{(line, column): sentence} of what is wrong."""
    return {
        (each.line, name): " ".join(said)
        for each in found.entries
        for name, said in each.wrong.items()
    }


def counted():
    return User.objects.count(), RoleAssignment.objects.count(), HistoryEntry.objects.count()


def test_forty_at_once_from_the_sheet_to_their_slips(client, staff, province, commune):
    communes = [
        OrgUnit.objects.create(
            code=f"9{n:04}", name=f"Xã Mường Số {n}", level=Level.COMMUNE, parent=province,
            valid_from=date(2025, 7, 1),
        )
        for n in range(39)
    ]  # fmt: skip
    rows = [row(f"Cán Bộ {n:02}", unit.name) for n, unit in enumerate(communes)]
    client.force_login(staff)
    before = counted()
    page = upload(client, book([*rows, row(phone=912345678)])).content.decode()
    assert "40 tài khoản sẽ được cấp" in page
    # Nothing is written until it is said.
    assert counted() == before

    (sent,) = re.findall(r'name="rows" value="([^"]*)"', page)
    sent = {"rows": sent.replace("&quot;", '"'), **sure(page)}
    answer = client.post(ADDRESS, sent)
    assert "no-store" in answer["Cache-Control"]
    assert len(set(codes(answer.content.decode()))) == 40
    assert ActivationSlip.objects.count() == 40
    new = User.objects.get(full_name="Lường Thị Mới")
    assert (new.phone, new.has_usable_password()) == ("0912345678", False)
    assert new.role_assignments.get().made_by == staff
    # Sent twice, nobody is there twice.
    again = client.post(ADDRESS, sent).content.decode()
    assert "Đã có tài khoản" in again
    assert User.objects.filter(full_name="Lường Thị Mới").count() == 1


def test_what_was_not_shown_is_asked_anew(client, staff, commune):
    """A yes is to what the page showed, as it was understood then."""
    client.force_login(staff)
    page = upload(client, book([row()])).content.decode()
    (sent,) = re.findall(r'name="rows" value="([^"]*)"', page)
    sent = sent.replace("&quot;", '"')
    before = counted()
    otherwise = sent.replace("Lường Thị Mới", "Lường Thị Khác")
    assert otherwise != sent
    for told in (
        {"rows": sent},
        {"rows": sent, "sure": "x"},
        {"rows": otherwise, **sure(page)},
    ):
        asked = client.post(ADDRESS, told).content.decode()
        assert "Danh sách nay được hiểu khác: xem lại, rồi bấm lần nữa." in asked
        assert counted() == before
    # Its unit is understood otherwise since: the page shows it once more.
    update_as_owner(
        OrgUnit.objects.filter(pk=commune.pk), name="Xã Nà Tấu mới", aliases="Xã Nà Tấu"
    )
    asked = client.post(ADDRESS, {"rows": sent, **sure(page)}).content.decode()
    assert "Danh sách nay được hiểu khác" in asked and counted() == before
    assert client.post(ADDRESS, {"rows": sent, **sure(asked)}).status_code == 200
    assert counted() != before


def test_a_roster_sent_again_enters_nothing_and_leads_to_the_people(client, staff, commune):
    client.force_login(staff)
    page = upload(client, book([row()])).content.decode()
    (sent,) = re.findall(r'name="rows" value="([^"]*)"', page)
    sent = {"rows": sent.replace("&quot;", '"'), "csrfmiddlewaretoken": "trang-1", **sure(page)}
    assert client.post(ADDRESS, sent).status_code == 200
    before = counted(), ActivationSlip.objects.count()
    again = client.post(ADDRESS, sent)
    assert (again.status_code, again["Location"]) == (302, "/people/")
    assert (counted(), ActivationSlip.objects.count()) == before


WRONG = {
    "unknown unit": (row(unit="Xã Nà Táu x"), "org_unit", "Có phải Xã Nà Tấu?"),
    "ended unit": (row(unit="Xã Mường Pồn"), "org_unit", "đã kết thúc ngày 30/06/2025"),
    "no unit": (row(unit=""), "org_unit", "Thiếu «Đơn vị»."),
    "no name": (row(name=""), "full_name", "Thiếu «Họ và tên»."),
    "no role": (row(role=""), "role", "Thiếu «Vai trò»."),
    "unknown role": (row(role="Trưởng thôn"), "role", "Không biết vai trò «Trưởng thôn»."),
    "a leader without paper": (row(role="Lãnh đạo"), "number", "chỉ giao bằng văn bản"),
    "a past day without paper": (row(valid_from="01/02/2026"), "valid_from", "văn bản"),
    "no day": (row(valid_from="31/02/2026"), "valid_from", "không có thật"),
    "no address": (row(email="moi@"), "email", "Địa chỉ thư chưa đúng"),
    "no telephone": (row(phone="khong co"), "phone", "không phải số điện thoại"),
    "an old font": (row(name="NguyÔn V¨n An"), "full_name", "phông cũ"),
    "too long": (row(name="Lò " * 60), "full_name", "Dài quá 150 ký tự."),
    "here already": (row(name="lò thị an"), "full_name", "Đã có tài khoản «an»"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_fault_is_said_at_its_cell(staff, an, son, commune, old_commune, wrong):
    User.objects.filter(pk=son.pk).update(last_login=clock.now())
    old_commune.valid_to = date(2025, 6, 30)
    save_as_owner(old_commune)
    given, column, sentence = WRONG[wrong]
    found = checked(staff, row("Người Khác Hẳn"), given)
    said = faults(found)
    assert set(said) == {(5, column)}
    assert sentence in said[5, column]
    before = counted()
    assert not found.enter()
    assert counted() == before


def test_doubles_within_the_sheet(staff, commune, other_commune):
    found = checked(
        staff,
        row(),
        row(name="LƯỜNG THỊ MỚI"),
        row(role="Văn thư"),
        row("Lò A", "Mường Nhé", email="chung@example.vn"),
        row("Lò B", "Mường Nhé", email="Chung@example.vn"),
    )
    assert set(faults(found)) == {(5, "full_name"), (8, "email")}
    assert "dòng 4" in faults(found)[5, "full_name"]


def test_two_rows_of_one_person_are_two_posts(staff, commune):
    found = checked(staff, row(), row(role="Văn thư"))
    assert (found.faults, found.accounts) == (0, 1)
    assert found.enter()
    (new,) = found.people
    assert {post.role for post in new.role_assignments.all()} == {Role.OFFICER, Role.CLERK}


def test_one_name_in_two_communes_is_two_people(staff, commune, other_commune):
    found = checked(staff, row(), row(unit="UBND xã Mường Nhé"))
    assert (found.faults, found.accounts) == (0, 2)
    assert found.enter()
    assert sorted(each.username for each in found.people) == ["moilt", "moilt2"]


def test_leaders_and_clerks_as_offices_call_them(staff, commune, son):
    User.objects.filter(pk=son.pk).update(last_login=clock.now())
    paper = {
        "number": "12/QĐ-UBND ngày 01/02/2026", "body": "UBND tỉnh Điện Biên",
        "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch",
    }  # fmt: skip
    found = checked(staff, row(role="Phó Chủ tịch", valid_from=date(2026, 2, 1), **paper))
    assert faults(found) == {}
    assert found.enter()
    post = found.people[0].role_assignments.get()
    assert (post.role, post.valid_from, str(post.paper)) == (
        "leader", date(2026, 2, 1), "12/QĐ-UBND (01/02/2026)",
    )  # fmt: skip


def test_a_paper_of_many_is_in_the_ledger_once(staff, province, commune, other_commune):
    paper = {
        "number": "12/QĐ-UBND", "signed_on": date(2026, 2, 1), "body": "UBND tỉnh",
        "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch",
    }  # fmt: skip
    rows = [row(f"Cán Bộ {n}", unit, **paper) for n, unit in enumerate(["Nà Tấu", "Mường Nhé"] * 4)]
    # Another post of one of them, on the same paper; and one on none.
    rows += [row("Cán Bộ 0", "Nà Tấu", "Văn thư", **paper), row("Cán Bộ 9", "Nà Tấu")]
    other = row("Cán Bộ 10", "Nà Tấu", **paper | {"signer": "Lò Văn Khác"})
    assert set(faults(checked(staff, *rows, other))) == {(14, "signer")}
    assert not Document.objects.exists()
    found = checked(staff, *rows)
    assert (faults(found), found.enter()) == ({}, True)
    document = Document.objects.get()
    assert (document.issuer, document.recorded_by) == (province, staff)
    posts = RoleAssignment.objects.filter(user__in=found.people)
    assert list(posts.values_list("basis").distinct().order_by("basis")) == [
        (document.pk,), (None,),
    ]  # fmt: skip
    assert (posts.count(), document.appoints.count()) == (10, 9)


def test_a_leader_brings_in_their_own_unit_alone(chi, commune, other_commune):
    found = checked(chi, row(), row("Lò Khác", "Xã Mường Nhé"))
    assert set(faults(found)) == {(5, "org_unit")}


TABLE = "Họ tên;Đơn vị;Vai trò;Điện thoại\nLường Thị Mới;Nà Tấu;Cán bộ OCOP;912345678\n"
FILES = {
    "semicolons": TABLE.encode("utf-8-sig"),
    "utf-16": TABLE.encode("utf-16"),
    "tabs": TABLE.replace(";", "\t").encode(),
    "decomposed": unicodedata.normalize("NFD", TABLE).encode(),
}


@pytest.mark.parametrize("kind", FILES)
def test_csv_as_excel_writes_it(staff, commune, kind):
    found = roster.read(FILES[kind], "x.csv", by=staff)
    found.check()
    assert faults(found) == {}
    assert found.entries[0].meant["phone"] == "0912345678"


REFUSED = {
    "no head": (b"a,b\n1,2\n", "Không thấy dòng tiêu đề"),
    "nobody": (TABLE.splitlines()[0].encode(), "không có người nào"),
    "no table": (b"\x89PNG\r\n\x1a\n\0\0", "không phải Excel"),
    "too many": (
        ("Họ tên;Đơn vị;Vai trò\n" + "A;B;C\n" * (roster.MOST + 1)).encode(),
        "hãy chia thành nhiều tệp",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_list_is_refused_in_words(client, staff, kind):
    content, sentence = REFUSED[kind]
    client.force_login(staff)
    answer = upload(client, content, "x.csv")
    assert (answer.status_code, sentence in answer.content.decode()) == (200, True)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "x",
        "[",
        "[]",
        "{}",
        "[[1]]",
        json.dumps([["a"] * 12]),
        "9" * 5000,
        "[" * 5000,
        '[[2,"L\\ud800","Xã Nà Tấu","Cán bộ OCOP","","","","\\ud800","","","",""]]',
    ],
)
def test_what_no_page_sent_is_refused_in_words(client, staff, sent):
    client.force_login(staff)
    before = counted()
    assert client.post(ADDRESS, {"rows": sent}).status_code == 200
    assert counted() == before


def test_the_empty_sheet_is_read_as_it_was_given(client, chi, commune, other_commune):
    client.force_login(chi)
    content = b"".join(client.get("/people/import/sheet.xlsx").streaming_content)
    made = openpyxl.load_workbook(io.BytesIO(content))
    assert [cell.value for cell in made["Danh sách"][1]] == HEADS[1:]
    assert [cell.value for cell in made["Đơn vị"]["A"]] == ["Xã Mường Pồn", "Xã Nà Tấu"]


def test_strangers_bring_in_nobody(client, an):
    client.force_login(an)
    assert client.get(ADDRESS).status_code == 404
    assert upload(client, book([row()])).status_code == 404
    assert client.get("/people/import/sheet.xlsx").status_code == 404


def test_a_head_of_two_rows_loses_no_column(staff, commune):
    """Groups stand above: «Liên hệ», «Văn bản»; the head of a name is merged over both."""
    made = openpyxl.Workbook()
    sheet = made.active
    for line in (
        ["DANH SÁCH CÁN BỘ OCOP"],
        ["STT", "Họ và tên", "Đơn vị", "Vai trò", "Liên hệ", "", "Văn bản", ""],
        ["", "", "", "", "Thư điện tử", "Điện thoại", "Số, ngày văn bản", "Người ký văn bản"],
        [1, "Lường Thị Mới", commune.name, "Lãnh đạo", "", 912345678, "12/QĐ-UBND", "Lò Văn A"],
        [2, "Lường Thị Hai", commune.name, "Cán bộ OCOP", "hai@", "", "", ""],
    ):
        sheet.append(line)
    for cells in ("A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:F2", "G2:H2"):
        sheet.merge_cells(cells)
    kept = io.BytesIO()
    made.save(kept)
    found = roster.read(kept.getvalue(), "x.xlsx", by=staff)
    found.check()
    assert [each.line for each in found.entries] == [4, 5]
    leader = found.entries[0].said
    assert (leader["phone"], leader["number"]) == ("912345678", "12/QĐ-UBND")
    assert leader["signer"] == "Lò Văn A"
    # A paper that is named is named in full.
    lacks = {(4, name) for name in ("signed_on", "body", "signer_capacity")}
    assert set(faults(found)) == {(5, "email")} | lacks


def test_a_sheet_costs_few_queries_however_long(staff, province, commune):
    """The check and the entry are one request each: rows are written together."""
    units = [
        OrgUnit.objects.create(
            code=f"9{n:04}", name=f"Xã Mường Số {n}", level=Level.COMMUNE, parent=province,
            valid_from=date(2025, 7, 1),
        )
        for n in range(40)
    ]  # fmt: skip
    asked = {}
    for many in (3, 40):
        rows = [
            row(f"Cán Bộ {many} {n:02}", unit.name, phone=900_000_000 + 100 * many + n)
            for n, unit in enumerate(units[:many])
        ]
        found = roster.read(book(rows), "x.xlsx", by=staff)
        with CaptureQueriesContext(connection) as checking:
            found.check()
        assert faults(found) == {}
        with CaptureQueriesContext(connection) as entering:
            assert found.enter()
            people.print_slips(found.people, by=staff)
        asked[many] = len(checking), len(entering)
        said = HistoryEntry.objects.filter(stream_id__in=[each.pk for each in found.people])
        assert said.filter(outbox__isnull=False).count() == 3 * many
    assert asked[3] == asked[40]
    assert max(asked[40]) < 40


BETWEEN = {
    "roman": ["I", "Cấp tỉnh"],
    "letter": ["A", "Các xã"],
    "numbered inside": ["", "II. Cấp xã"],
    "alone": ["", "Cấp xã"],
    "total": ["", "Tổng cộng: 2 người"],
    "signed": ["", "NGƯỜI LẬP BIỂU"],
}


@pytest.mark.parametrize("kind", BETWEEN)
def test_what_stands_between_people_is_no_person(staff, commune, kind):
    made = openpyxl.load_workbook(io.BytesIO(book([row()], titles=0)))
    sheet = made.active
    sheet.append(BETWEEN[kind])
    sheet.append([2, *(row("Tống Thị Hai").get(name) for name in roster.COLUMNS)])
    kept = io.BytesIO()
    made.save(kept)
    found = roster.read(kept.getvalue(), "x.xlsx", by=staff)
    found.check()
    assert (faults(found), [each.line for each in found.entries]) == ({}, [2, 4])


@pytest.mark.parametrize("name", ["Tống Thị Hai", "Lưu Yến Nhi", "Lò Văn A"])
def test_who_lacks_a_unit_and_a_role_is_a_person_with_faults(staff, commune, name):
    assert set(faults(checked(staff, row(), row(name, "", "")))) == {(5, "org_unit"), (5, "role")}

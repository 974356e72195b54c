"""From an empty database: the province, the law, the people; what is missing, for whom."""

import re
from datetime import date

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from cycle import clock, provinces
from cycle.models import (
    Cycle,
    HistoryEntry,
    Level,
    OfficeContact,
    OrgUnit,
    Role,
    RoleAssignment,
    Rubric,
    RuleSet,
    User,
)
from cycle.running.owner import as_owner
from cycle.tables import DATA
from cycle.units import Units, UnitUnknown
from tests.ground import kept
from tests.owning import delete_as_owner, insert_as_owner, save_as_owner, update_as_owner
from tests.world import open_cycle, person

pytestmark = pytest.mark.django_db

BEFORE = date(2025, 6, 30)


@pytest.fixture
@kept
def root(db):
    return User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")


def page(client, address="/setup/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def standing(client):
    """{title: whether it is done} of the page of the first day."""
    return {line.title: line.done for line in client.get("/setup/").context["lines"]}


# --- Any province ---------------------------------------------------------------------------------


def test_the_list_has_the_provinces_of_today(db):
    names = [name for _code, name in provinces.choices()]
    assert len(names) == 34
    assert {"Tỉnh Điện Biên", "Tỉnh Lào Cai", "Thành phố Hà Nội"} <= set(names)


@pytest.mark.parametrize(
    ("code", "name", "communes", "districts", "of_before"),
    [("11", "Tỉnh Điện Biên", 45, 10, 129), ("15", "Tỉnh Lào Cai", 99, 18, 319)],
)
def test_a_province_is_loaded_with_what_went_into_it(
    root, code, name, communes, districts, of_before
):
    province = provinces.load(code, by=root)
    today, old = (OrgUnit.objects.valid_on(day) for day in (clock.today(), BEFORE))
    assert province.name == name
    assert today.filter(level=Level.COMMUNE, parent=province).count() == communes
    assert not today.filter(level=Level.DISTRICT).exists()
    assert old.filter(level=Level.DISTRICT, parent=province).count() == districts
    assert old.filter(level=Level.COMMUNE, parent__level=Level.DISTRICT).count() == of_before
    assert OrgUnit.objects.filter(level=Level.PROVINCE).count() == 1
    # Whatever is known to have gone somewhere did so here.
    heirs = OrgUnit.objects.filter(predecessors__isnull=False).distinct()
    assert set(heirs.values_list("parent", flat=True)) == {province.pk}
    entry = HistoryEntry.objects.get(event="office.units")
    assert (entry.actor, entry.stream, entry.data["communes"]) == (root, "office", communes)


def test_the_provinces_that_went_into_it_are_found_by_their_names(root):
    provinces.load("15", by=root)
    assert Units(clock.today()).meant("tỉnh Yên Bái").name == "Tỉnh Lào Cai"


def test_the_national_list_agrees_with_the_provinces_own(root):
    """Điện Biên's units are here twice: in its own files and in the list of the country."""
    provinces.load("11", by=root)
    loaded = set(OrgUnit.objects.values_list("code", "name", "level", "valid_to"))
    OrgUnit.successors.through.objects.all().delete()
    for level in (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE):
        delete_as_owner(OrgUnit.objects.filter(level=level))
    call_command(
        "load_units", DATA / "dien_bien_2025.csv", valid_from=date(2025, 7, 1), verbosity=0
    )
    own = set(OrgUnit.objects.values_list("code", "name", "level", "valid_to"))
    assert own <= loaded


def test_a_second_province_is_refused(client, root):
    provinces.load("11", by=root)
    before = OrgUnit.objects.count()
    with pytest.raises(provinces.ProvinceRefused, match="Tỉnh Điện Biên"):
        provinces.load("15", by=root)
    client.force_login(root)
    said = client.post("/setup/units/", {"province": "15"}).content.decode()
    assert "một hệ thống phục vụ một tỉnh" in said
    other = OrgUnit(code="15", name="Tỉnh Lào Cai", level="province", valid_from=date(2025, 7, 1))
    with pytest.raises(ValidationError, match="một hệ thống phục vụ một tỉnh"):
        other.full_clean()
    update_as_owner(OrgUnit.objects.filter(level=Level.PROVINCE), name="Tỉnh Khác")
    with pytest.raises(CommandError, match="một hệ thống phục vụ một tỉnh"):
        call_command("load_units", DATA / "dien_bien_2025.csv", valid_from=date(2025, 7, 1))
    assert OrgUnit.objects.count() == before


@pytest.mark.parametrize("sent", ["", "99", "03127", "\0", "x" * 500])
def test_a_province_that_is_none_is_refused(client, root, sent):
    client.force_login(root)
    assert client.post("/setup/units/", {"province": sent}).status_code == 200
    assert not OrgUnit.objects.exists()


def test_split_communes_are_shown_for_a_question(client, root):
    provinces.load("11", by=root)
    client.force_login(root)
    split = client.get("/setup/units/").context["split"]
    assert all(unit.successors.count() > 1 for unit in split)


SHEET = """DANH MỤC ĐƠN VỊ;;;
Mã;Tên;Cấp;Mã cấp trên
99;Tỉnh Mới;Tỉnh;
99001;Xã Một;Xã;99
99002;Phường Hai;Phường;99
"""


def send(client, text, since="01/07/2025"):
    file = SimpleUploadedFile("don vi.csv", text.encode("utf-8-sig"))
    return client.post("/setup/units/", {"file": file, "since": since})


def test_units_from_a_spreadsheet(client, root):
    client.force_login(root)
    assert send(client, SHEET).status_code == 302
    province = OrgUnit.objects.get(level=Level.PROVINCE)
    assert province.name == "Tỉnh Mới"
    assert [unit.name for unit in province.children.all()] == ["Xã Một", "Phường Hai"]
    assert HistoryEntry.objects.get(event="office.units").data["units"] == 3
    assert "một hệ thống phục vụ một tỉnh" in provinces_refused(client, SHEET)


def test_a_sheet_is_held_while_its_day_is_mended(client, root, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(root)
    page = send(client, SHEET, since="1/1/0202").content.decode()
    assert "Đã giữ tệp «don vi.csv»" in page and not OrgUnit.objects.exists()
    (held,) = re.findall(r'name="file-held" value="([^"]+)"', page)
    mended = client.post("/setup/units/", {"file-held": held, "since": "01/07/2025"})
    assert mended.status_code == 302
    assert OrgUnit.objects.get(level=Level.PROVINCE).name == "Tỉnh Mới"


def provinces_refused(client, text):
    answer = send(client, text)
    assert answer.status_code == 200
    return " ".join(
        str(problem)
        for name in ("form", "sheet")
        for said in answer.context[name].errors.values()
        for problem in said
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SHEET.replace(";99\n", ";98\n"), "Dòng 4: không có đơn vị cấp trên mã «98»."),
        (SHEET.replace("99002", "99001"), "Dòng 5: mã 99001 đã có ở dòng 4."),
        (SHEET.replace("Phường;", "Thôn;"), "Dòng 5: không biết cấp «Thôn»."),
        (SHEET.replace("Xã Một", ""), "Dòng 4: thiếu mã hoặc tên."),
        (SHEET + "98;Tỉnh Hai;Tỉnh;\n", "đúng một dòng cấp tỉnh"),
        (SHEET + "99003;Xã Ba;Xã;99001\n", "Dòng 6: Xã Một không ở cấp cao hơn."),
        (SHEET.replace("Cấp;", "Loại;"), "Không thấy dòng tiêu đề"),
        ("", "Tệp không có dòng nào có chữ"),
        (SHEET.replace("Xã Một", "x" * 201), "Dòng 4: mã hoặc tên quá dài."),
    ],
)
def test_a_sheet_of_units_with_a_fault_loads_none(client, root, text, sentence):
    client.force_login(root)
    assert sentence in provinces_refused(client, text)
    assert not OrgUnit.objects.exists()


# --- Which unit is meant --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Xã Nà Tấu", "xa na tau", "Nà Tấu", "UBND xã Nà Tấu", "03316", " NÀ  TẤU "]
)
def test_a_unit_by_what_people_write(commune, other_commune, text):
    assert Units(clock.today()).meant(text) == commune


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Nà Tẩu x", "Có phải Xã Nà Tấu?"),
        ("Hà Nội", "Không có đơn vị «Hà Nội» trong danh mục."),
        ("Mường Pồn", "đã kết thúc ngày 30/06/2025. Nay là Xã Nà Tấu."),
        ("Thanh Minh", "có thể là Phường Thanh Minh hoặc Xã Thanh Minh"),
    ],
)
def test_no_unit_is_guessed(commune, old_commune, province, text, sentence):
    old_commune.valid_to = BEFORE
    save_as_owner(old_commune)
    old_commune.successors.add(commune)
    for number, name in enumerate(("Xã Thanh Minh", "Phường Thanh Minh")):
        OrgUnit.objects.create(
            code=f"x{number}", name=name, level=Level.COMMUNE, parent=province,
            valid_from=date(2025, 7, 1),
        )  # fmt: skip
    with pytest.raises(UnitUnknown) as refused:
        Units(clock.today()).meant(text)
    assert sentence in str(refused.value)
    assert Units(clock.today()).meant("Xã Thanh Minh").name == "Xã Thanh Minh"


# --- The path of the first day --------------------------------------------------------------------


def test_the_first_day_by_pages(client, root):
    client.force_login(root)
    assert not any(done for title, done in standing(client).items() if "kích hoạt" not in title)

    client.post("/setup/units/", {"province": "15"})
    assert standing(client)["Tỉnh và đơn vị"]
    client.post("/setup/reference/")
    assert Rubric.objects.exists()
    assert standing(client)["Bộ quy định, bộ tiêu chí"]
    client.post("/setup/contact/", {"name": "Chị Hoa", "phone": "0912 345 678", "email": ""})
    assert standing(client)["Liên hệ của văn phòng"]
    assert {"office.units", "office.reference", "office.contact"} <= set(
        HistoryEntry.objects.filter(stream="office").values_list("event", flat=True)
    )

    year = open_cycle(RuleSet.objects.get(edition="qd26_2026"), clock.today().year)
    lines = {line.title: line for line in client.get("/setup/").context["lines"]}
    officers = lines["Cán bộ OCOP, cấp xã"]
    assert officers.said == "99 trên 99 đơn vị chưa có người."
    assert len(officers.missing) == 13
    assert lines["Chu trình"].said == str(year)
    unit = OrgUnit.objects.valid_on(clock.today()).filter(level=Level.COMMUNE).first()
    client.post(
        "/people/new/",
        {
            "full_name": "Lường Thị Mới", "org_unit": unit.name, "role": "officer",
            "valid_from": f"{clock.today():%d/%m/%Y}",
        },
    )  # fmt: skip
    lines = {line.title: line for line in client.get("/setup/").context["lines"]}
    assert lines["Cán bộ OCOP, cấp xã"].said == "98 trên 99 đơn vị chưa có người."
    assert lines["Tài khoản đã kích hoạt"].said == "1 người chưa đặt mật khẩu: hãy in phiếu."


def test_every_line_leads_to_a_page(client, root, cycle, commune):
    client.force_login(root)
    for line in client.get("/setup/").context["lines"]:
        if not line.post and not line.who:
            assert client.get(line.link).status_code == 200, line.title


def test_the_officers_of_each_commune_are_counted_from_the_data(client, root, cycle, commune, an):
    client.force_login(root)
    assert standing(client)["Cán bộ OCOP, cấp xã"]
    update_as_owner(RoleAssignment.objects.filter(user=an, org_unit=commune), valid_to=BEFORE)
    assert not standing(client)["Cán bộ OCOP, cấp xã"]
    person("moi", "Người Mới", (Role.OFFICER, commune))
    assert standing(client)["Cán bộ OCOP, cấp xã"]
    update_as_owner(User.objects.filter(username="moi"), is_active=False)
    assert not standing(client)["Cán bộ OCOP, cấp xã"]


@pytest.mark.parametrize("rows", (1, 3))
def test_setup_query_count(client, root, cycle, province, rows, django_assert_num_queries):
    for number in range(rows):
        unit = OrgUnit.objects.create(
            code=f"x{number}", name=f"Xã {number}", level=Level.COMMUNE, parent=province,
            valid_from=date(2025, 7, 1),
        )  # fmt: skip
        person(f"moi{number}", f"Người {number}", (Role.OFFICER, unit))
    client.force_login(root)
    with django_assert_num_queries(22):
        client.get("/setup/")


@pytest.mark.parametrize(
    "address", ["/setup/", "/setup/units/", "/setup/contact/", "/setup/reference/"]
)
def test_the_first_day_is_the_administrators(client, cast, address):
    for user in cast.values():
        client.force_login(user)
        for answer in (
            client.get(address),
            client.post(address, {"name": "x", "phone": "0912345678"}),
        ):
            assert answer.status_code in (404, 405)
    assert not OfficeContact.objects.exists()
    assert not Rubric.objects.exists()
    assert Cycle.objects.count() == 0


def test_the_sign_in_page_says_whom_to_call_and_leads_to_the_look_up(client, root):
    said = page(client, "/accounts/login/")
    assert 'href="/certificates/"' in said
    assert 'href="/activate/"' in said
    assert "Cần giúp: gọi" not in said
    client.force_login(root)
    wrong = client.post("/setup/contact/", {"name": "Văn phòng", "phone": "", "email": ""})
    assert "Hãy nhập số điện thoại hoặc thư điện tử." in wrong.content.decode()
    client.post("/setup/contact/", {"name": "Chị <b>Hoa", "phone": "0912345678", "email": ""})
    client.post("/setup/contact/", {"name": "Anh Sơn", "phone": "", "email": "son@example.vn"})
    client.logout()
    said = page(client, "/accounts/login/")
    assert "Anh Sơn" in said and "mailto:son@example.vn" in said and "Hoa" not in said
    assert "Anh Sơn" in page(client, "/password/forgotten/")


def test_provinces_of_before_are_kept_and_the_one_with_units_counts(
    transactional_db, province, commune
):
    """What the migration marks, so that the database can refuse the next one."""
    step = MigrationLoader(connection).get_migration("cycle", "0020_one_province").operations[1]
    for code, name, since in (("15", "Tỉnh Lào Cai", 2019), ("12", "Tỉnh Sơn La", 2021)):
        unit = OrgUnit(
            code=code, name=name, level="province", valid_from=date(since, 1, 1), doubled=True
        )
        insert_as_owner(unit)
    update_as_owner(OrgUnit.objects.filter(code="15"), valid_to=BEFORE, doubled=False)
    with as_owner():
        step.code(apps, None)
    marked = OrgUnit.objects.filter(doubled=True).values_list("name", flat=True)
    assert list(marked) == ["Tỉnh Sơn La"]


# --- What may wait --------------------------------------------------------------------------------


def test_the_stock_and_a_server_without_mail_are_named_and_keep_nobody_waiting(
    client, root, settings
):
    client.force_login(root)
    settings.EMAIL_HOST = ""
    answer = client.get("/setup/")
    may_wait = {line.title for line in answer.context["lines"] if line.may_wait}
    assert may_wait == {"Nhập danh sách đã có", "Gửi thư điện tử"}
    others = [line for line in answer.context["lines"] if not line.may_wait]
    assert answer.context["left"] == sum(not line.done for line in others)
    assert "không gửi thư nào" in answer.content.decode()
    settings.EMAIL_HOST = "thu.example.vn"
    assert "Gửi thư điện tử" not in standing(client)

"""The first day at a desk and on a phone: the province, a sheet of people, slips, the first sign-in."""

import io
import re

import openpyxl
import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from cycle import clock
from cycle.models import Level, OrgUnit, Role, User
from dossiers.law.states import State
from dossiers.models import Dossier
from tests.kept import codes
from tests.world import events, person

pytestmark = pytest.mark.browser

PASSWORD = "nếp nương thơm 26"
WIDTHS = (1280, 360)
#: Milliseconds for what a whole province in one sheet takes at most.
LONG = 180_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


#: Of each province: its name, how many communes it has, and where the first idea comes from.
PROVINCES = [
    pytest.param("Tỉnh Điện Biên", 45, "Xã Nà Tấu", id="dien_bien"),
    pytest.param("Tỉnh Lào Cai", 99, "Xã Mường Khương", id="lao_cai"),
]
ROSTER = ["Họ và tên", "Đơn vị", "Vai trò", "Điện thoại", "Số, ngày văn bản", "Người ký văn bản"]


def workbook(*rows):
    """A file as an office sends it: a title above the head."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["DANH SÁCH CÁN BỘ OCOP NĂM 2026"])
    sheet.append([])
    for row in (ROSTER, *rows):
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return {"name": "can-bo.xlsx", "mimeType": XLSX, "buffer": content.getvalue()}


def begin(at, code, username):
    """Open what the QR code of a slip says, choose a password, sign in."""
    at.page.goto(f"{at.server}/activate/#{code.replace('-', '')}")
    expect(at.page.locator("#id_code")).to_have_value(code.replace("-", ""))
    # It stays in no address, and so in no history of the browser.
    expect(at.page).to_have_url(re.compile(r"/activate/$"))
    at.look()
    at.page.locator("#id_password1").fill(PASSWORD)
    at.page.locator("#id_password2").fill(PASSWORD)
    at.follow(at.page.get_by_role("button", name="Đặt mật khẩu"))
    expect(at.page.locator("#messages")).to_contain_text(username)
    at.page.locator("#id_login").fill(username)
    at.page.locator("#id_password").fill(PASSWORD)
    at.follow(at.page.locator("main form button"))


def send(at, rows):
    """Bring the people of a sheet in as far as its check."""
    at.open("dossiers:people_import")
    at.page.locator("#id_file").set_input_files(workbook(*rows))
    at.follow(at.page.get_by_role("button", name="Kiểm tra danh sách"))


@pytest.mark.slow(reason="a whole province from nothing, in a browser")
@pytest.mark.parametrize(("province", "communes", "home"), PROVINCES)
def test_from_an_empty_database_to_the_first_idea(
    desk, transactional_db, capsys, province, communes, home
):
    # The one command of an installation that is about people.
    call_command("first_administrator", name="Lường Văn Quản")
    at = desk(None)
    # A whole province in one sheet is long work for a busy machine.
    at.page.set_default_timeout(LONG)
    begin(at, *codes(capsys.readouterr().out), "quantri")

    # The path: each line leads to the page that does it.
    at.follow(at.page.locator("main").get_by_role("link", name="Thiết lập"))
    at.follow(at.page.get_by_role("link", name="Chọn tỉnh"))
    at.page.get_by_label("Tỉnh, thành phố").select_option(label=province)
    at.follow(at.page.get_by_role("button", name="Nạp đơn vị của tỉnh này"))
    expect(at.page.locator(".facts")).to_contain_text(f"{communes}")
    at.follow(at.page.locator("main").get_by_role("link", name="Thiết lập"))
    at.follow(at.page.get_by_role("button", name="Nạp bộ quy định"))
    at.follow(at.page.get_by_role("link", name="Ghi liên hệ"))
    at.page.get_by_label("Gọi ai").fill("Chị Hoa")
    at.page.get_by_label("Điện thoại").fill("0912345678")
    at.follow(at.page.get_by_role("button", name="Lưu"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    open_the_year(at)

    # Every commune has an officer and a leader, the province its posts; one cell is wrong first.
    names = [
        unit.name
        for unit in OrgUnit.objects.filter(level=Level.COMMUNE, valid_to=None).order_by("code")
    ]
    paper = ("12/QĐ-UBND ngày 05/01/2026", "Trần Công Sơn")
    rows = [
        (f"Lò Thị Xã {n:03}", unit, "Cán bộ OCOP", f"09120{n:05}", "", "")
        for n, unit in enumerate(names)
    ]
    rows += [
        (f"Quàng Văn Chủ {n:03}", unit, "Chủ tịch", "", *paper) for n, unit in enumerate(names)
    ]
    rows += [
        (f"Vàng A Tỉnh {role}", province, role, "", *paper)
        for role in (
            "Cán bộ OCOP",
            "Lãnh đạo",
            "Thường trực hội đồng",
            "Văn thư",
            "Cán bộ xúc tiến thương mại",
            "Chuyên viên sở, ngành",
        )
    ]
    enter = at.page.get_by_role("button", name="Cấp tài khoản và in phiếu")
    send(at, [(rows[0][0], "Xã Không Có", *rows[0][2:]), *rows[1:]])
    expect(at.page.locator("main")).to_contain_text("Không có đơn vị «Xã Không Có»")
    expect(enter).to_have_count(0)
    assert User.objects.count() == 1
    send(at, rows)
    at.follow(enter)
    expect(at.page.locator(".slip")).to_have_count(len(rows))
    hers = at.page.locator(".slip", has_text=f"Cán bộ OCOP, {home}")
    (code,) = codes(hers.locator(".slip-code").inner_text())
    username = User.objects.get(
        role_assignments__org_unit__name=home, role_assignments__role=Role.OFFICER
    ).username
    # As on paper: the head of the page is not printed, the slip is.
    at.page.emulate_media(media="print")
    expect(at.page.locator(".slips-head")).to_be_hidden()
    expect(hers.locator(".slip-qr")).to_be_visible()
    at.page.emulate_media(media="screen")

    # On her phone: the slip, the first dossier, its idea.
    phone = desk(None, 390)
    begin(phone, code, username)
    expect(phone.page.locator(".capacities")).to_contain_text(home)
    phone.open("dossiers:dossier_new")
    for label, typed in (("#id_producer_name", "Hợp tác xã Bản Mới"), ("#id_product_name", "Chè")):
        phone.page.locator(label).fill(typed)
    phone.page.locator("#id_owner_type").select_option("cooperative")
    phone.page.locator("#id_group").select_option("food")
    phone.follow(phone.page.locator("form.act .btn-primary"))
    phone.fill("register_idea-idea", description="Chè Shan tuyết cổ thụ, hái tay.")
    phone.act("register_idea")
    dossier = Dossier.objects.get()
    assert dossier.state == State.IDEA_REGISTERED
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]
    assert {entry.actor.username for entry in dossier.history.select_related("actor")} == {username}

    # What is left is what only others do, and people who have not begun.
    at.open("councils:setup")
    left = at.page.locator(".need:not(.need-done) h2").all_inner_texts()
    assert {text.removesuffix("chưa xong").strip() for text in left} == LEFT


#: Who is to do these is named beside them.
LEFT = {"Tài khoản đã kích hoạt", "Quy chế hội đồng", "Hội đồng cấp tỉnh"}


def open_the_year(at):
    """The cycle of this year, from the line of the path."""
    at.open("councils:setup")
    at.page.get_by_role("link", name="Mở chu trình").click()
    at.page.locator("#id_year").fill(f"{clock.today().year}")
    at.page.locator("#id_title").fill(f"Chu trình OCOP {clock.today().year}")
    law = at.page.locator("#id_rule_set option", has_text="26/2026").first
    at.page.locator("#id_rule_set").select_option(law.get_attribute("value"))
    at.page.locator("#id_opened_on").fill(f"{clock.today():%d/%m/%Y}")
    at.page.locator("[name=_save]").click()
    expect(at.page.locator(".messagelist .success")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_leader_looks_after_the_people_of_the_unit(desk, width, chi, an, commune, cycle):
    person("dai", "Lò Thị Rất Là Dài Tên Của Một Người Ở Bản Nà Luống", (Role.CLERK, commune))
    User.objects.filter(pk=an.pk).update(password="!")
    at = desk(chi, width)
    at.open("dossiers:people")
    expect(at.page.locator(".list tbody tr")).to_have_count(3)
    at.page.locator("#q").fill("lo thi an")
    at.follow(at.page.get_by_role("button", name="Tìm"))
    at.follow(at.find("Lò Thị An").get_by_role("link"))
    for name in ("Giao thêm vai trò", "Chuyển đơn vị, vai trò", "Nghỉ, chuyển công tác"):
        at.follow(at.page.locator(".acts-line").get_by_role("link", name=name))
        at.follow(at.page.locator("form.act .btn-primary"))
        expect(at.page.locator(".error-summary")).to_be_visible()
        at.open("dossiers:person", an.pk)
    at.open("dossiers:people", query="?show=waiting")
    at.page.get_by_label("Lò Thị An").check()
    at.follow(at.page.get_by_role("button", name="In phiếu cho người đã chọn"))
    expect(at.page.locator(".slip")).to_have_count(1)

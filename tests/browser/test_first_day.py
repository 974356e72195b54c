"""The first day at a desk and on a phone: the province, a sheet of people, slips, the first sign-in."""

import re

import pytest
from playwright.sync_api import expect

from cycle.models import OrgUnit, Role, User
from tests.kept import codes
from tests.world import person

pytestmark = pytest.mark.browser

PASSWORD = "nếp nương thơm 26"
WIDTHS = (1280, 360)


@pytest.mark.parametrize("width", WIDTHS)
def test_from_an_empty_database_to_the_first_officers_inbox(desk, width, transactional_db):
    root = User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")
    at = desk(root, width)
    at.open("councils:setup")
    at.follow(at.page.get_by_role("link", name="Chọn tỉnh"))
    at.page.get_by_label("Tỉnh, thành phố").select_option(label="Tỉnh Lào Cai")
    at.follow(at.page.get_by_role("button", name="Nạp đơn vị của tỉnh này"))
    expect(at.page.locator(".facts")).to_contain_text("99")
    at.open("dossiers:setup_contact")
    at.page.get_by_label("Gọi ai").fill("Chị Hoa")
    at.page.get_by_label("Điện thoại").fill("0912345678")
    at.follow(at.page.get_by_role("button", name="Lưu"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()

    # A sheet with a fault, then without.
    unit = OrgUnit.objects.filter(level="commune", valid_to=None).order_by("name")[0]
    for role, right in (("Trưởng thôn", False), ("Cán bộ OCOP", True)):
        at.open("dossiers:people_import")
        table = f"Họ và tên;Đơn vị;Vai trò\nLường Thị Mới;{unit.name};{role}\n"
        at.page.locator("#id_file").set_input_files(
            {"name": "a.csv", "mimeType": "text/csv", "buffer": table.encode("utf-8-sig")}
        )
        at.follow(at.page.get_by_role("button", name="Kiểm tra danh sách"))
        enter = at.page.get_by_role("button", name="Cấp tài khoản và in phiếu")
        expect(enter).to_have_count(int(right))
    at.follow(enter)
    expect(at.page.locator(".slip")).to_contain_text("Lường Thị Mới")
    (code,) = codes(at.page.locator(".slip-code").inner_text())
    # As on paper: the head of the page is not printed, the slip is.
    at.page.emulate_media(media="print")
    expect(at.page.locator(".slips-head")).to_be_hidden()
    expect(at.page.locator(".slip-qr")).to_be_visible()

    # Her phone opens what the QR code says.
    hers = desk(None, width)
    hers.page.goto(f"{hers.server}/activate/#{code.replace('-', '')}")
    expect(hers.page.locator("#id_code")).to_have_value(code.replace("-", ""))
    # It stays in no address, and so in no history of the browser.
    expect(hers.page).to_have_url(re.compile(r"/activate/$"))
    hers.look()
    hers.page.locator("#id_password1").fill(PASSWORD)
    hers.page.locator("#id_password2").fill(PASSWORD)
    hers.follow(hers.page.get_by_role("button", name="Đặt mật khẩu"))
    expect(hers.page.locator("#messages")).to_contain_text("moilt")
    expect(hers.page.locator("main")).to_contain_text("Chị Hoa")
    hers.page.locator("#id_login").fill("moilt")
    hers.page.locator("#id_password").fill(PASSWORD)
    hers.follow(hers.page.locator("main form button"))
    expect(hers.page.locator("h1")).to_be_visible()
    expect(hers.page.locator(".capacities")).to_contain_text(unit.name)


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

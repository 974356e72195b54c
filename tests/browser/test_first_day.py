"""The first day at a desk and on a phone: the province, the year, the people, the stock, an idea.

By ordinary pages and five spreadsheets alone: no page of the administration.
"""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from cycle import clock, tables
from cycle.models import Cycle, Level, OrgUnit, Role, User
from dossiers.law.states import State
from dossiers.models import Certificate, Dossier, Potential, StockBatch
from tests.browser.driving import scan
from tests.browser.stock_pages import XLSX, enter, sent
from tests.kept import codes
from tests.stock_sheets import (
    HEADS,
    RUNNING,
    RUNNING_HEADS,
    SURVEY_HEADS,
    SURVEYED,
    good,
    running,
    surveyed,
)
from tests.world import events, person

pytestmark = pytest.mark.browser

PASSWORD = "nếp nương thơm 26"
WIDTHS = (1280, 360)
#: Milliseconds for what a whole province in one sheet takes at most.
LONG = 180_000
#: Of each province: its name, its code in a sheet of units where the list of the country is not
#: used, how many communes it has, where the first idea comes from, and where a product was made
#: that is recognised.
PROVINCES = [
    pytest.param(
        "Tỉnh Điện Biên", "", 45, "Xã Nà Tấu",
        {"Xã, phường": "Xã Ẳng Nưa", "Huyện": "Huyện Mường Ảng"}, id="dien_bien",
    ),
    pytest.param(
        "Tỉnh Lào Cai", "15", 99, "Xã Mường Khương",
        {"Xã, phường": "Xã Mường Khương", "Huyện": ""}, id="lao_cai",
    ),
]  # fmt: skip
UNITS = ["Mã", "Tên", "Cấp", "Mã cấp trên"]
ROSTER = [
    "Họ và tên", "Đơn vị", "Vai trò", "Điện thoại", "Số, ngày văn bản", "Người ký văn bản",
    "Cơ quan ban hành", "Chức vụ người ký",
]  # fmt: skip


def workbook(title, heads, rows):
    """A file as an office sends it: a title above the head."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append([title])
    sheet.append([])
    for row in (heads, *rows):
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return {"name": "danh-sach.xlsx", "mimeType": XLSX, "buffer": content.getvalue()}


def units_of(code):
    """The rows of a sheet of units: the province of ``code`` and its communes."""
    called = {"province": "Tỉnh", "commune": "Xã"}
    rows = tables.read(tables.DATA / "vn_units_2025.csv", ["code", "name", "level", "parent_code"])
    return [
        (row["code"], row["name"], called[row["level"]], row["parent_code"])
        for _line, row in rows
        if code in (row["code"], row["parent_code"])
    ]


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
    at.follow(at.page.locator("main form button.btn-primary"))


def send(at, rows):
    """Bring the people of a sheet in as far as its check."""
    at.open("dossiers:people_import")
    at.page.locator("#id_file").set_input_files(workbook("DANH SÁCH CÁN BỘ OCOP", ROSTER, rows))
    at.follow(at.page.get_by_role("button", name="Kiểm tra danh sách"))


@pytest.mark.slow(reason="a whole province from nothing, in a browser")
@pytest.mark.parametrize(("province", "sheet", "communes", "home", "place"), PROVINCES)
def test_from_an_empty_database_to_the_first_idea(
    desk, transactional_db, capsys, province, sheet, communes, home, place
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
    choose_units(at, province, sheet)
    expect(at.page.locator(".facts")).to_contain_text(f"{communes}")
    at.follow(at.page.locator("main").get_by_role("link", name="Thiết lập"))
    at.follow(at.page.get_by_role("button", name="Nạp bộ quy định"))
    at.follow(at.page.get_by_role("link", name="Ghi liên hệ"))
    at.page.get_by_label("Gọi ai").fill("Chị Hoa")
    at.page.get_by_label("Điện thoại").fill("0912345678")
    at.follow(at.page.get_by_role("button", name="Lưu", exact=True))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    open_the_year(at)

    # Every commune has an officer and a leader, the province its posts; one cell is wrong first.
    names = [
        unit.name
        for unit in OrgUnit.objects.filter(level=Level.COMMUNE, valid_to=None).order_by("code")
    ]
    paper = (
        "12/QĐ-UBND ngày 05/01/2026",
        "Trần Công Sơn",
        f"UBND {province[0].lower()}{province[1:]}",
        "Chủ tịch",
    )
    rows = [
        (f"Lò Thị Xã {n:03}", unit, "Cán bộ OCOP", f"09120{n:05}", "", "", "", "")
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
    theirs = at.page.locator(".slip", has_text=f"Cán bộ OCOP, {province}")
    (code,), (provincial,) = (
        codes(each.locator(".slip-code").inner_text()) for each in (hers, theirs)
    )
    username, of_province = (
        User.objects.get(
            role_assignments__org_unit__name=unit, role_assignments__role=Role.OFFICER
        ).username
        for unit in (home, province)
    )
    # As on paper: the head of the page is not printed, the slip is.
    at.page.emulate_media(media="print")
    expect(at.page.locator(".slips-head")).to_be_hidden()
    expect(hers.locator(".slip-qr")).to_be_visible()
    at.page.emulate_media(media="screen")

    # The officer of the province brings in what there was before.
    office = desk(None)
    begin(office, provincial, of_province)
    bring_in_the_stock(office, home, place)

    # On her phone: the slip, the first dossier from what was surveyed, its idea.
    phone = desk(None, 390)
    begin(phone, code, username)
    expect(phone.page.locator(".capacities")).to_contain_text(home)
    phone.open("dossiers:potential")
    phone.follow(phone.page.locator(".list .go"))
    phone.follow(phone.page.get_by_role("link", name="Mở hồ sơ từ sản phẩm này"))
    phone.follow(phone.page.locator("form.act .btn-primary"))
    phone.fill("register_idea-idea", description="Mật ong rừng, quay trong ngày.")
    phone.act("register_idea")
    dossier = Dossier.objects.get(product__name=SURVEYED["Tên sản phẩm"])
    assert (dossier.state, dossier.cycle) == (
        State.IDEA_REGISTERED,
        Cycle.objects.get(beside=False),
    )
    assert events(dossier) == ["dossier.open", "potential.begin", "dossier.register_idea"]
    assert {entry.actor.username for entry in dossier.history.select_related("actor")} == {username}
    assert Potential.objects.get().dossier == dossier

    # What is left is what only others do, and people who have not begun.
    at.open("councils:setup")
    left = at.page.locator(".need:not(.need-done) h2").all_inner_texts()
    assert {text.removesuffix("chưa xong").strip() for text in left} == LEFT
    assert not [address for each in (at, office, phone) for address in each.visited
                if "/admin/" in address]  # fmt: skip


#: Who is to do these is named beside them.
#: The last one is the server's: no mail is set up in a test.
LEFT = {
    "Tài khoản đã kích hoạt", "Quy chế hội đồng", "Hội đồng cấp tỉnh",
    "Gửi thư điện tử không bắt buộc",
}  # fmt: skip


def choose_units(at, province, sheet):
    """The province from the list of the country, or from a sheet of its own."""
    if not sheet:
        at.page.get_by_label("Tỉnh, thành phố", exact=True).select_option(label=province)
        at.follow(at.page.get_by_role("button", name="Nạp đơn vị của tỉnh này"))
        return
    at.page.get_by_text("Hoặc nạp từ bảng tính").click()
    at.page.locator("#id_file").set_input_files(
        workbook("DANH MỤC ĐƠN VỊ HÀNH CHÍNH", UNITS, units_of(sheet))
    )
    at.page.get_by_label("Có từ ngày").fill("01/07/2025")
    at.follow(at.page.get_by_role("button", name="Nạp bảng đơn vị"))


def open_the_year(at):
    """The year from nothing, with its plan; the windows of its first batch; duties and terms."""
    at.open("councils:setup")
    at.follow(at.page.get_by_role("link", name="Mở chu trình").first)
    expect(at.page.get_by_label("Từ đầu, theo bộ quy định")).to_be_checked()
    expect(
        at.page.get_by_label("Bộ quy định", exact=True).locator("option:checked")
    ).to_contain_text("26/2026")
    at.page.get_by_label("Số và ký hiệu kế hoạch").fill("12/KH-UBND")
    at.page.get_by_label("Ngày ký").fill(day(60))
    at.page.get_by_label("Cơ quan ban hành").fill("UBND tỉnh")
    at.page.get_by_label("Người ký", exact=True).fill("Trần Công Sơn")
    at.page.get_by_label("Chức vụ người ký").fill("Phó Chủ tịch")
    at.page.get_by_label("Bản chụp").set_input_files(scan("1/QĐ"))
    # The office has begun already: what runs came in since then.
    at.page.get_by_label("Ngày đầu").fill(day(60))
    at.follow(at.page.get_by_role("button", name="Mở chu trình"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    expect(at.page.locator(".strip").first).to_be_visible()
    year = at.page.url

    at.follow(at.page.get_by_role("link", name="Đợt ").first)
    at.follow(at.page.get_by_role("link", name="Sửa thời gian các bước"))
    at.follow(at.page.get_by_role("link", name="Tính ngược lại từ ngày của đợt"))
    expect(at.page.locator("main")).to_contain_text("đề nghị tính ngược từ ngày của đợt")
    at.page.locator("[id$=-warn_days]").first.fill("10")
    at.page.get_by_label("Lý do").fill("Báo sớm cho các xã vùng xa")
    at.page.get_by_label("Số, ngày văn bản").fill(f"15/KH-UBND ngày {day(30)}")
    at.follow(at.page.get_by_role("button", name="Lưu", exact=True))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()

    at.page.goto(year)
    at.follow(at.page.get_by_role("link", name="Phân cấp, thời hạn"))
    for what in ("Ai làm việc nào, trong mấy ngày", "Thời hạn theo quy định"):
        expect(at.page.get_by_role("heading", name=what)).to_be_visible()


def bring_in_the_stock(at, home, place):
    """What was recognised, what was surveyed and what runs: three sheets on their papers."""
    today = clock.today()
    recognised = good(**place | {
        "Cơ quan cấp": "UBND tỉnh", "Ngày quyết định": today - timedelta(400),
        "Ngày hết hạn": "", "Tình trạng": "",
    })  # fmt: skip
    there = {"Xã": home, "Huyện": ""}
    survey = surveyed(**there, **{"Ngày khảo sát": today - timedelta(120)})
    runs = running(**there, **{
        "Ngày nộp ý tưởng": today - timedelta(50),
        "Ngày chấp nhận ý tưởng": today - timedelta(20),
    })  # fmt: skip
    for kind, heads, row in (
        ("certificates", HEADS, recognised),
        ("potential", SURVEY_HEADS, survey),
        ("running", RUNNING_HEADS, runs),
    ):
        sent(at, kind, heads, [row])
        enter(at, kind)
        expect(at.page.locator(".list")).to_contain_text(row["Tên sản phẩm"])
        assert StockBatch.objects.latest("pk").state == "committed"
    assert Certificate.objects.get().dossier.product.name == recognised["Tên sản phẩm"]
    assert Dossier.objects.get(product__name=RUNNING["Tên sản phẩm"]).state == State.IDEA_SELECTED


def day(ago):
    """A day so many days ago, as it is typed."""
    return f"{clock.today() - timedelta(ago):%d/%m/%Y}"


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

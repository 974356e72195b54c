"""A slip lets one person in once, for some days; its code is kept nowhere but on the paper."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client

from cycle import clock, slips
from cycle.models import ActivationSlip, HistoryEntry, Role, RoleAssignment, User, Visitor
from dossiers.office import people
from dossiers.office.views.password import CODES
from tests.absences import on_paper
from tests.ground import kept
from tests.kept import codes, tables_with
from tests.owning import update_as_owner
from tests.world import person

pytestmark = pytest.mark.django_db

PASSWORD = "nếp nương thơm 26"
ADDRESS = "/activate/"


@pytest.fixture
@kept
def moi(commune):
    """A new officer of Nà Tấu, without a password."""
    user = person("moi", "Lường Thị Mới", (Role.OFFICER, commune))
    user.set_unusable_password()
    user.save()
    return user


def printed(by, *users):
    return people.print_slips(users, by=by)


def use(client, code, password=PASSWORD, again=None):
    return client.post(
        ADDRESS, {"code": code, "password1": password, "password2": again or password}
    )


def test_from_the_paper_to_the_inbox(client, chi, moi):
    client.force_login(chi)
    page = client.post("/people/slips/", {"person": moi.pk}).content.decode()
    (code,) = codes(page)
    assert ("moi" in page, "Lường Thị Mới" in page) == (True, True)
    assert "Cán bộ OCOP, Xã Nà Tấu" in page

    at_home = Client()
    assert "Kích hoạt tài khoản" in at_home.get(ADDRESS).content.decode()
    # However it is typed.
    answer = use(at_home, code.lower().replace("-", " "))
    assert answer["Location"] == "/accounts/login/"
    at_home.post("/accounts/login/", {"login": "moi", "password": PASSWORD})
    assert at_home.get("/inbox/").status_code == 200
    events = HistoryEntry.objects.filter(stream="person", stream_id=moi.pk).order_by("seq")
    assert [(each.event, each.actor) for each in events] == [
        ("person.slip", chi),
        ("person.begin", moi),
    ]


def test_the_codes_stand_in_the_qr_behind_the_hash_alone(client, chi, moi):
    client.force_login(chi)
    answer = client.post("/people/slips/", {"person": moi.pk})
    assert "no-store" in answer["Cache-Control"]
    assert 'src="data:image/svg' in answer.content.decode()
    # The address that is printed has no code.
    (code,) = codes(answer.content.decode())
    assert code.replace("-", "") not in unquote(answer.content.decode())


def test_nothing_keeps_the_code(client, chi, moi, caplog, capfd):
    caplog.set_level(0)
    client.force_login(chi)
    (code,) = codes(client.post("/people/slips/", {"person": moi.pk}).content.decode())
    for typed in (code, code.replace("-", "")):
        for client_ in (client, Client(enforce_csrf_checks=True), Client()):
            use(client_, typed + "X", again="khác")
            use(client_, typed + "X")
            use(client_, typed)
            assert tables_with(typed) == []
            assert typed not in str([row.get_decoded() for row in Session.objects.all()])
    assert "request_finished" in caplog.text
    said = caplog.text + "".join(capfd.readouterr())
    assert code not in said and code.replace("-", "") not in said
    assert Visitor.objects.exists()


REFUSED = {
    "twice": "Phiếu này đã dùng ngày",
    "late": "Phiếu này hết hạn ngày",
    "void": "Phiếu này đã hủy vì có phiếu in sau",
    "unknown": "Không có phiếu nào mang mã này",
    "left": "Tài khoản của phiếu này đã ngừng dùng",
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused_in_words_and_nothing_changes(client, chi, staff, moi, commune, why):
    (slip,) = printed(chi, moi)
    now, code = clock.now(), slip.code
    if why == "twice":
        use(client, code, "mật khẩu đầu tiên")
    elif why == "late":
        now += timedelta(days=slips.DAYS + 1)
    elif why == "void":
        printed(chi, moi)
    elif why == "unknown":
        code = "A" * slips.LENGTH
    elif why == "left":
        update_as_owner(User.objects.filter(pk=moi.pk), is_active=False)
    before = User.objects.get(pk=moi.pk).password
    with clock.at(now):
        said = use(client, code).content.decode()
    assert REFUSED[why] in said
    assert PASSWORD not in said
    assert User.objects.get(pk=moi.pk).password == before


@pytest.fixture
@kept
def staff(db):
    return User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")


def test_a_slip_works_to_the_end_of_its_last_day(client, chi, moi):
    (slip,) = printed(chi, moi)
    with clock.at(clock.now() + timedelta(days=slips.DAYS)):
        assert use(client, slip.code).status_code == 302


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("ngắn", None, "Mật khẩu"),
        ("12345678", None, "Mật khẩu"),
        (PASSWORD, "khác hẳn", "Hai lần nhập mật khẩu chưa giống nhau."),
        ("", None, "Bạn chưa nhập: Mật khẩu của bạn."),
    ],
)
def test_a_password_that_will_not_do_leaves_the_slip(client, chi, moi, password, again, sentence):
    (slip,) = printed(chi, moi)
    assert sentence in use(client, slip.code, password, again).content.decode()
    assert use(client, slip.code).status_code == 302


def test_a_forgotten_password_by_a_slip_of_the_unit_leader(client, chi, an):
    (slip,) = printed(chi, an)
    # Until it is used the old password works.
    old = {"login": "an", "password": "mật khẩu thử"}
    assert Client().post("/accounts/login/", old).status_code == 302
    elsewhere = Client()
    elsewhere.force_login(an)
    for _try in range(settings.AXES_FAILURE_LIMIT):
        Client().post("/accounts/login/", {"login": "an", "password": "sai"})
    use(client, slip.code)
    # Whoever was in with the old one is out; who locked themselves out is let in.
    assert elsewhere.get("/inbox/").status_code == 302
    entry = HistoryEntry.objects.get(event="person.new_password")
    assert entry.actor == an
    answer = Client().post("/accounts/login/", {"login": "an", "password": PASSWORD})
    assert answer.status_code == 302


def test_typing_errors_of_one_lock_nobody_out_who_shares_their_address(client, chi, moi):
    (slip,) = printed(chi, moi)
    for number in range(CODES - 1):
        answer = use(client, f"SAI{number}")
        assert answer.status_code == 200
    assert use(client, slip.code).status_code == 302


def test_codes_are_not_tried_without_end(client, chi, moi):
    (slip,) = printed(chi, moi)
    states = [use(client, f"SAI{number}").status_code for number in range(CODES + 1)]
    assert states == [200] * CODES + [429]
    answer = use(client, slip.code)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "đợi một phút" in answer.content.decode()
    # Others sign in as before, and a minute later the slip works.
    answer = client.post("/accounts/login/", {"login": "chi", "password": "mật khẩu thử"})
    assert answer.status_code == 302
    client.logout()
    Visitor.objects.update(since=clock.now() - timedelta(seconds=61))
    assert use(client, slip.code).status_code == 302


def test_a_slip_does_not_reach_above_who_printed_it(client, chi, staff, moi, commune, province):
    (slip,) = printed(chi, moi)
    post = moi.role_assignments.get()
    people.move(
        post,
        RoleAssignment(role=Role.OFFICER, org_unit=province, valid_from=clock.today()),
        by=staff,
        document=on_paper("12/QĐ-UBND, 02/11/2026", "Trần Công Sơn"),
    )
    before = User.objects.get(pk=moi.pk).password
    said = use(client, slip.code).content.decode()
    assert "không còn phụ trách tài khoản của phiếu" in said
    assert User.objects.get(pk=moi.pk).password == before
    (anew,) = printed(staff, moi)
    assert use(client, anew.code).status_code == 302


def test_who_left_is_let_in_by_no_slip_of_before(client, chi, moi):
    (slip,) = printed(chi, moi)
    people.leave(moi, on=clock.today() + timedelta(days=1), by=chi, reason="Thôi việc")
    with clock.at(clock.now() + timedelta(days=1)):
        people.close(User.objects.get(pk=moi.pk), by=chi)
    assert "đã hủy" in use(client, slip.code).content.decode()


def test_slips_of_who_is_not_ours_are_not_printed(client, chi, la, staff, moi):
    with pytest.raises(PermissionDenied):
        printed(chi, moi, la)
    assert not ActivationSlip.objects.exists()
    client.force_login(chi)
    assert (
        "chưa chọn ai"
        in client.post(
            "/people/slips/", {"person": [la.pk, "x", "9" * 30]}, follow=True
        ).content.decode()
    )
    assert client.get("/people/slips/").status_code == 405
    assert not ActivationSlip.objects.exists()


def test_all_who_have_not_begun_at_once(client, staff, moi, commune, django_assert_num_queries):
    for number in range(39):
        person(f"moi{number}", f"Người Mới {number:02}", (Role.OFFICER, commune))
    User.objects.filter(username__startswith="moi").update(password="!")
    client.force_login(staff)
    page = client.post("/people/slips/", {"all": "1"}).content.decode()
    found = codes(page)
    assert (len(found), len(set(found))) == (40, 40)
    assert set("".join(found)) <= {*slips.LETTERS, "-"}
    for code in found[:3]:
        assert use(Client(), code).status_code == 302


def test_a_slip_and_its_record_are_one(chi, moi):
    with pytest.raises(RuntimeError), transaction.atomic():
        printed(chi, moi)
        raise RuntimeError
    assert not ActivationSlip.objects.exists()

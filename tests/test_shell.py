"""The shell around every page: signing in and out, the language, what is typed and kept."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.http import QueryDict
from django.test import Client
from django.urls import Resolver404, resolve

from cycle import clock
from cycle.jobs import clear_sessions
from cycle.models import DayOff, Role, RoleAssignment
from cycle.written import day_text, moment_text
from dossiers.templatetags import ocop
from dossiers.terms.due import due
from dossiers.walk import doors
from tests.absences import substitute_for
from tests.addresses import filled, routes
from tests.left_open import left_open, sign_in_anew, token_of
from tests.moments import moment
from tests.owning import save_as_owner
from tests.pages import shown
from tests.world import open_task, person

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
PASSWORD = "mật khẩu thử"


def sign_in(client, username, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": username, "password": password, **more})


def test_an_signs_in_and_comes_to_her_inbox(client, an):
    response = sign_in(client, "an", next="/inbox/")

    assert (response.status_code, response["Location"]) == (302, "/inbox/")
    page = client.get("/inbox/").content.decode()
    assert "Lò Thị An" in page
    assert "Cán bộ OCOP, Xã Nà Tấu" in page


def test_the_first_page_is_the_inbox(client, an):
    client.force_login(an)

    assert client.get("/")["Location"] == "/inbox/"


def test_a_wrong_password_gets_a_sentence_and_keeps_the_name(client, an):
    page = sign_in(client, "an", "sai").content.decode()

    assert "Tên đăng nhập hoặc mật khẩu chưa đúng" in page
    assert 'value="an"' in page


def test_after_five_wrong_passwords_even_the_right_one_waits(client, an):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = sign_in(client, "an", "sai")

    assert response.status_code == 429
    assert "Hãy đợi 15 phút" in response.content.decode()
    assert sign_in(client, "an").status_code == 429
    assert "_auth_user_id" not in client.session


def test_signing_out_is_a_post(client, an):
    client.force_login(an)

    assert "Đăng xuất?" in client.get("/accounts/logout/").content.decode()
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/email/"])
def test_nobody_signs_up(client, db, path):
    assert "do người quản trị cấp" in client.get(path).content.decode()
    assert client.post(path, {"username": "moi"}).status_code == 405


def test_who_was_left_without_a_password_is_told_who_gives_one(client, an):
    an.set_unusable_password()
    an.save()
    client.force_login(an)
    page = client.get("/accounts/password/change/", follow=True)
    assert (page.status_code, "do người quản trị cấp" in page.content.decode()) == (200, True)
    an.refresh_from_db()
    assert not an.has_usable_password()


def test_an_changes_her_password(client, an):
    client.force_login(an)
    new = "chìa khóa mới 2026"
    wrong = client.post(
        "/accounts/password/change/", {"oldpassword": "sai", "password1": new, "password2": "x"}
    ).content.decode()
    assert "Mật khẩu hiện nay chưa đúng." in wrong
    assert "Hai lần nhập mật khẩu mới chưa giống nhau." in wrong

    client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )

    an.refresh_from_db()
    assert an.check_password(new)


def test_the_profile_says_my_roles(client, an):
    client.force_login(an)

    page = client.get("/profile/").content.decode()

    assert "Cán bộ OCOP, Xã Nà Tấu" in page
    assert "từ 01/01/2020" in page


def test_the_profile_says_whose_post_is_lent(client, an, commune):
    dung = person("dung", "Lò Thị Dung", (Role.CLERK, commune))
    held = RoleAssignment.objects.filter(user=an, org_unit=commune).get()
    held.valid_to = clock.today() + timedelta(days=90)
    save_as_owner(held)
    lent = substitute_for(held, dung, an)
    client.force_login(dung)
    words = shown(client.get("/profile/").content.decode())
    assert (
        f"Cán bộ OCOP, Xã Nà Tấu (làm thay Lò Thị An, đến ngày {lent.valid_to:%d/%m/%Y})" in words
    )
    assert "Văn thư, Xã Nà Tấu (từ 01/01/2020)" in words
    client.force_login(an)
    words = shown(client.get("/profile/").content.decode())
    assert f"(từ 01/01/2020 đến {held.valid_to:%d/%m/%Y})" in words
    assert "làm thay" not in words


@pytest.mark.parametrize("path", ["/", "/inbox/", "/dossiers/", "/profile/", "/tasks/bulk/"])
def test_a_stranger_is_sent_to_sign_in(client, db, path):
    response = client.get(path, follow=True)

    assert response.redirect_chain[-1][0].startswith(LOGIN)


# --- Language -------------------------------------------------------------------------------


def test_the_language_is_a_switch_that_stays_and_never_the_browsers(client, an):
    client.force_login(an)
    assert 'lang="vi"' in client.get("/inbox/", headers={"accept-language": "en"}).content.decode()

    response = client.post("/language/", {"language": "en", "next": "/dossiers/?q=mat"})

    assert response["Location"] == "/dossiers/?q=mat"
    assert '<html lang="en">' in client.get("/inbox/").content.decode()


@pytest.mark.parametrize("back", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_the_switch_leads_nowhere_else(client, db, back):
    assert client.post("/language/", {"language": "en", "next": back})["Location"] == "/"


def test_an_unknown_language_changes_nothing(client, db):
    assert not client.post("/language/", {"language": "fr"}).cookies
    assert client.get("/language/").status_code == 302


# --- Safety ---------------------------------------------------------------------------------


def test_the_administration_has_no_door_of_its_own(client, an):
    assert client.get("/admin/login/").headers["Location"].startswith(LOGIN)
    client.force_login(an)
    assert client.get("/admin/login/").status_code == 403


def test_a_page_carries_no_inline_script_or_style(client, an, dossier):
    client.force_login(an)

    for path in ("/inbox/", "/dossiers/", "/profile/"):
        page = client.get(path).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick=" not in page


def test_the_page_says_not_found_plainly(client, an):
    client.force_login(an)
    response = client.get("/khong-co/")

    assert response.status_code == 404
    assert "Không tìm thấy trang này" in response.content.decode()


def test_healthz(client, db):
    assert client.get("/healthz").content == b"ok"


def test_the_first_visit_weighs_at_most_80_kb_compressed(client, an, dossier):
    client.force_login(an)
    page = client.get("/inbox/", headers={"accept-encoding": "gzip"})
    html = page.content
    assert page["Content-Encoding"] == "gzip"
    total = len(html)
    for name in (
        "bootstrap/css/bootstrap.min.css",
        "css/ocop.css",
        "django_htmx/htmx-2.min.js",
        "js/ocop.js",
        "icon.svg",
    ):
        answer = client.get(f"/static/{name}", headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200
        body = b"".join(answer.streaming_content)
        assert answer.get("Content-Encoding") == "gzip", name
        total += len(body)

    assert total <= 80 * 1024


# --- What was typed is kept -----------------------------------------------------------------


@pytest.fixture
def token(client, an):
    """Of a page of An's that stays open in ``client`` when her session has ended."""
    return left_open(client, an)


def test_what_a_signed_out_person_typed_is_there_after_signing_in(client, an, dossier, token):
    typed = {"act": "reassign", "task": str(open_task(dossier).pk), "reason": "An đi học"}

    away = client.post("/tasks/bulk/", typed | token)

    assert away["Location"] == f"{LOGIN}?next=/tasks/bulk/"
    assert sign_in(client, "an", next="/tasks/bulk/")["Location"] == "/tasks/bulk/"
    page = client.get("/tasks/bulk/").content.decode()
    assert "An đi học" in page
    assert open_task(dossier).owner is None
    # Once.
    assert client.get("/tasks/bulk/")["Location"] == "/inbox/"


def test_only_one_form_is_kept_and_none_that_is_too_long(client, token):
    client.post("/tasks/bulk/", {"reason": "một"} | token)
    client.post("/dossiers/new/", {"reason": "hai"} | token)
    kept = client.session["typed"]
    assert (kept["path"], QueryDict(kept["typed"])["reason"]) == ("/dossiers/new/", "hai")

    client.post("/dossiers/new/", {"reason": "x" * 300_000} | token)
    assert "typed" not in client.session


def test_what_no_page_shows_again_is_not_kept(client, token):
    client.post("/notifications/preferences/", {"email": "on"} | token)
    assert "typed" not in client.session
    client.post("/dossiers/new/", {"reason": "một"} | token)
    # Nor does it take the place of what is.
    client.post("/notifications/preferences/", {"email": "on"} | token)
    assert client.session["typed"]["path"] == "/dossiers/new/"


def test_sign_in_says_whether_something_is_kept(client, token):
    words = "Nội dung bạn vừa nhập được giữ trong một giờ."
    away = client.post("/notifications/preferences/", {"email": "on"} | token)["Location"]
    assert words not in client.get(away).content.decode()
    away = client.post("/tasks/bulk/", {"reason": "một"} | token)["Location"]
    assert words in client.get(away).content.decode()


@pytest.mark.parametrize(("minutes", "shown"), [(59, True), (60, False)])
def test_what_was_typed_is_kept_for_an_hour(client, an, dossier, token, minutes, shown):
    typed = {"act": "reassign", "task": str(open_task(dossier).pk), "reason": "An đi học"}
    now = clock.now()
    with clock.at(now):
        client.post("/tasks/bulk/", typed | token)
    with clock.at(now + timedelta(minutes=minutes)):
        sign_in(client, "an", next="/tasks/bulk/")
        page = client.get("/tasks/bulk/")
    assert ("An đi học" in page.content.decode()) == shown
    assert "typed" not in client.session


def test_what_nobody_came_back_for_goes_by_itself(client, an):
    now, left = clock.now(), Client()
    for browser, minutes in ((client, 0), (left, 30)):
        with clock.at(now + timedelta(minutes=minutes)):
            browser.post("/tasks/bulk/", {"reason": "một"} | left_open(browser, an))

    with clock.at(now + timedelta(minutes=60)):
        clear_sessions()
    assert ("typed" in client.session, "typed" in left.session) == (False, True)

    # And with the next page of the one who left it.
    with clock.at(now + timedelta(minutes=90)):
        left.get("/profile/")
    assert "typed" not in left.session


def test_a_form_of_two_sign_ins_at_once_ends_well(an):
    """The second of two tabs has the token of before the first."""
    client = Client(enforce_csrf_checks=True)
    client.get(LOGIN)
    stale = client.cookies["csrftoken"].value
    client.force_login(an)
    answer = client.post(
        LOGIN,
        {"login": "an", "password": "mật khẩu thử", "csrfmiddlewaretoken": stale[::-1]},
        headers={"origin": "http://testserver", "referer": f"http://testserver{LOGIN}?next=/jobs/"},
    )
    assert answer["Location"] == f"http://testserver{LOGIN}?next=/jobs/"
    assert "typed" not in client.session
    assert client.get(answer["Location"])["Location"] == "/jobs/"


def test_a_form_from_before_the_last_sign_in_is_shown_again(an, dossier):
    client = Client(enforce_csrf_checks=True)
    typed = {"act": "reassign", "task": str(open_task(dossier).pk), "reason": "An đi học"}
    typed |= token_of(client, an)
    sign_in_anew(client, an)
    client.get("/profile/")

    response = client.post("/tasks/bulk/", typed, headers={"origin": "http://testserver"})

    assert response["Location"] == "/tasks/bulk/"
    page = client.get("/tasks/bulk/").content.decode()
    assert "An đi học" in page
    assert "hãy kiểm tra và gửi lại" in page


def marked():
    """The route of every view that shows again what was typed."""
    for route in routes():
        try:
            found = resolve(filled(route, 1))
        except Resolver404:
            continue
        if getattr(found.func, "shows_typed", False):
            yield route


@pytest.mark.slow(reason="each page that shows again what was typed, three ways")
def test_what_one_typed_is_never_kept_for_another(an, minh):
    """Two people and one browser: on no page is what the first typed given to the second."""
    names = [*marked()]
    assert len(names) > 10
    word = "lời riêng của An"
    for route in names:
        address = filled(route, 1)
        # Her session ended, then he signed in.
        client = Client(enforce_csrf_checks=True)
        sent = {"reason": word} | left_open(client, an)
        assert client.post(address, sent).status_code == 302, route
        assert word in QueryDict(client.session["typed"]["typed"])["reason"], route
        client.force_login(minh)
        page = client.get(address)
        assert "typed" not in client.session, route
        assert word not in page.content.decode(), route
        # He signed in in another tab, and hers was still open.
        client = Client(enforce_csrf_checks=True)
        sent = {"reason": word} | token_of(client, an)
        sign_in_anew(client, minh)
        client.get("/profile/")
        answer = client.post(address, sent, headers={"origin": "http://testserver"})
        assert answer.status_code == 302, route
        assert "typed" not in client.session, route
        # He signed out as well: it is hers, whoever was here last.
        del client.cookies["sessionid"]
        client.post(address, sent, headers={"origin": "http://testserver"})
        assert client.session["typed"]["by"] == an.pk, route
        client.force_login(minh)
        client.get("/profile/")
        assert "typed" not in client.session, route


def test_what_nobody_knows_the_typist_of_is_not_kept(client, an, token):
    for sent in ({}, {"csrfmiddlewaretoken": "x" * 64}, {"csrfmiddlewaretoken": "é" * 32}):
        client.post("/tasks/bulk/", {"reason": "một"} | sent)
        assert "typed" not in client.session, sent
    cookie = client.cookies["typist"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert client.cookies["csrftoken"].value not in cookie.value
    cookie.set("typist", f"{cookie.value}x", f"{cookie.value}x")
    client.post("/tasks/bulk/", {"reason": "một"} | token)
    assert "typed" not in client.session


def test_a_form_from_elsewhere_is_refused_and_not_kept(an, dossier):
    client = Client(enforce_csrf_checks=True)
    client.force_login(an)

    response = client.post(
        "/tasks/bulk/", {"act": "reassign"}, headers={"origin": "http://example.com"}
    )

    assert response.status_code == 403
    assert "Trang này đã mở quá lâu" in response.content.decode()
    assert "typed" not in client.session


@pytest.mark.parametrize("origin", ("null", "http://[", "", "https://testserver", "\0"))
def test_an_origin_that_is_none_is_refused(an, origin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(an)
    response = client.post("/tasks/bulk/", {"reason": "một"}, headers={"origin": origin})
    assert response.status_code == 403
    assert "typed" not in client.session


def test_htmx_leaves_its_page_when_the_session_has_ended(client, db):
    response = client.get(
        "/inbox/?q=x",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/inbox/?tab=mine"},
    )

    assert response["HX-Redirect"] == f"{LOGIN}?next=/inbox/%3Ftab%3Dmine"


# --- Words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_on", "kind", "words"),
    [
        (date(2026, 11, 27), "later", "còn 4 ngày làm việc"),
        (date(2026, 11, 26), "soon", "còn 3 ngày làm việc"),
        (date(2026, 11, 23), "soon", "hôm nay"),
        (date(2026, 11, 20), "overdue", "quá hạn 1 ngày làm việc"),
        (date(2026, 11, 16), "overdue", "quá hạn 5 ngày làm việc"),
    ],
)
def test_days_left_in_words(due_on, kind, words):
    calendar = DayOff.objects.calendar(date(2026, 11, 1), date(2026, 11, 30))

    answer = due(due_on, date(2026, 11, 23), calendar)

    assert (answer.kind, answer.words) == (kind, words)


def test_due_on_friday_and_seen_on_saturday_is_late_already():
    calendar = DayOff.objects.calendar(date(2026, 11, 1), date(2026, 11, 30))

    assert due(date(2026, 11, 20), date(2026, 11, 21), calendar).words == "vừa quá hạn"


def test_a_day_off_is_no_working_day():
    DayOff.objects.create(day=date(2026, 11, 24), name="Ngày Văn hóa")
    calendar = DayOff.objects.calendar(date(2026, 11, 1), date(2026, 11, 30))

    assert due(date(2026, 11, 27), date(2026, 11, 23), calendar).words == "còn 3 ngày làm việc"


def test_money_and_moments_as_an_office_writes_them():
    assert ocop.money(1_444_197_000) == "1.444.197.000 đồng"
    assert ocop.money(None) == ""
    assert moment_text(moment(2026, 11, 17, 14, 5)) == "14:05, thứ Ba 17/11/2026"
    assert day_text(date(2026, 1, 2)) == "02/01/2026"
    assert ocop.act_label("return_plan") == "Yêu cầu bổ sung phương án"
    assert ocop.act_label("fly") == ""


def test_the_step_bar_marks_done_current_and_skipped(dossier, an):
    def standings():
        return [step["standing"] for step in ocop.step_bar(dossier)]

    assert standings() == ["current", *["todo"] * 5]

    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Sản phẩm có sẵn")
    dossier.lock()
    assert standings() == ["done", "skipped", "skipped", "skipped", "current", "todo"]

    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    dossier.lock()
    assert standings()[4] == "stopped"

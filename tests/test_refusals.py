"""Whatever is asked for, the answer is a page of ours with the right number; never a 500."""

import json
import re
from collections import defaultdict
from itertools import cycle as cycle_through
from itertools import product
from unittest.mock import patch
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client, override_settings
from django.urls import Resolver404, resolve

from councils.models import Scoresheet
from cycle.models import User
from cycle.wsgi import application
from tests import judging
from tests.addresses import filled, forms_of, refused_in_full_once, routes
from tests.ground import kept
from tests.judging import begin, judge, regulate
from tests.walks import FULL, small
from tests.world import open_task

pytestmark = pytest.mark.django_db

HOST = "ocop.example.vn"


@pytest.fixture(autouse=True)
def _first_of_the_minute():
    """Sign-ins are counted by the minute in this process."""
    cache.clear()


# --- Refused, as in production ----------------------------------------------------------------


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """Settings of production, where a static file that was not collected is an error."""
    root = tmp_path_factory.mktemp("static")
    # What the installation collects, under its own names: nothing is read or compressed here.
    collected = {
        name
        for finder in get_finders()
        for name, _storage in finder.list(["viewflow"])
        if not name.startswith("viewflow")
    }
    manifest = {"paths": {name: name for name in collected}, "version": "1.1", "hash": ""}
    (root / "staticfiles.json").write_text(json.dumps(manifest))
    manifested = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    return {
        "STATIC_ROOT": root,
        "STORAGES": settings.STORAGES | {"staticfiles": manifested},
        "ALLOWED_HOSTS": [HOST],
        "SECURE_SSL_REDIRECT": True,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "DEBUG": False,
    }


@pytest.fixture
def site(production):
    """A browser of the production site: what breaks is a 500 there and here."""
    with override_settings(**production):
        yield Client(
            raise_request_exception=False,
            enforce_csrf_checks=True,
            headers={"host": HOST, "x-forwarded-proto": "https", "origin": f"https://{HOST}"},
        )


def said(response):
    """The heading of a page of ours."""
    assert response["Content-Type"] == "text/html; charset=utf-8"
    return re.search("<h1>(.*?)</h1>", response.content.decode())[1]


NOT_HERE = "Địa chỉ này không phải của hệ thống"
TOO_MUCH = "Nội dung gửi lên quá lớn"
UNREADABLE = "Máy chủ không đọc được yêu cầu này"
NOT_FOUND = "Không tìm thấy trang này"


@pytest.mark.parametrize("secure", (True, False))
@pytest.mark.parametrize("host", ("evil.example", "127.0.0.1:8090", "a b", "x" * 300, "ocop..vn"))
def test_another_host_is_refused_in_words(site, host, secure, django_assert_num_queries):
    scheme = {"x-forwarded-proto": "https" if secure else "http"}
    with django_assert_num_queries(0):
        response = site.get("/accounts/login/", headers={"host": host} | scheme)
    assert (response.status_code, said(response)) == (400, NOT_HERE)


def broken(body, kind="multipart/form-data; boundary=x"):
    return {"data": body, "content_type": kind}


@pytest.mark.parametrize("signed_in", (True, False))
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (broken(b"x", "multipart/form-data"), (400, UNREADABLE)),
        (broken(b"x", "multipart/form-data; boundary=\xe1"), (400, UNREADABLE)),
        (broken("&".join(f"a{n}=1" for n in range(5001)), "application/x-www-form-urlencoded"),
         (413, TOO_MUCH)),
        (broken("a=" + "1" * 2_700_000, "application/x-www-form-urlencoded"), (413, TOO_MUCH)),
    ],
)  # fmt: skip
def test_a_broken_form_is_refused_in_words(site, an, sent, answer, signed_in):
    if signed_in:
        site.force_login(an)
    site.get("/accounts/login/")
    site.cookies["csrftoken"] = "x" * 32
    response = site.post("/dossiers/new/", **sent)
    assert (response.status_code, said(response)) == answer


def test_too_many_files_are_refused_in_words(site):
    site.cookies["csrftoken"] = "x" * 32
    files = {f"f{n}": SimpleUploadedFile("a.txt", b"x") for n in range(101)}
    response = site.post("/dossiers/new/", files)
    assert (response.status_code, said(response)) == (413, TOO_MUCH)


@pytest.mark.parametrize("signed_in", (True, False))
def test_what_is_not_there_is_said(site, an, signed_in):
    if signed_in:
        site.force_login(an)
    for path in ("/nothing/", "/dossiers/0/" if signed_in else "/x", "/calendar/%00.ics"):
        response = site.get(path)
        assert (response.status_code, said(response)) == (404, NOT_FOUND)


def test_a_stranger_costs_no_query(site, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert site.get("/nothing/").status_code == 404
        assert site.get("/calendar/%00.ics").status_code == 404


def test_a_form_from_elsewhere_is_refused_in_words(site, an):
    site.force_login(an)
    for origin in ("null", "http://[", "https://evil.example"):
        response = site.post("/dossiers/new/", {}, headers={"origin": origin})
        assert (response.status_code, said(response)) == (403, "Trang này đã mở quá lâu")


def test_what_another_role_does_is_refused_in_words(site, kiem):
    site.force_login(kiem)
    response = site.get("/dossiers/new/")
    assert response.status_code == 403
    site.get("/healthz")
    with override_settings(ROOT_URLCONF="tests.test_refusals"):
        response = site.get("/denied/")
        assert (response.status_code, said(response)) == (
            403,
            "Bạn không được phép làm điều này",
        )


def test_too_many_sign_ins_are_refused_in_words(site, db):
    site.handler.enforce_csrf_checks = False
    for _ in range(40):
        response = site.post("/accounts/login/", {"login": "an", "password": "x"})
        if response.status_code == 429 and "Tạm khóa" not in response.content.decode():
            break
    assert (response.status_code, said(response)) == (429, "Quá nhiều lần gửi trong một phút")


def test_what_breaks_is_said(site, an, caplog):
    site.force_login(an)
    with override_settings(ROOT_URLCONF="tests.test_refusals"):
        response = site.get("/broken/")
    assert (response.status_code, said(response)) == (500, "Hệ thống vừa gặp lỗi")


def _urls():
    from django.core.exceptions import PermissionDenied
    from django.urls import path

    from cycle.urls import handler400, urlpatterns

    def denied(request):
        raise PermissionDenied

    def breaks(request):
        raise RuntimeError

    return [*urlpatterns, path("denied/", denied), path("broken/", breaks)], handler400


urlpatterns, handler400 = _urls()


# --- Every address, every parameter, every field ----------------------------------------------

#: As they stand in an address.
BROKEN = [
    "%00", "a%00b", "%2500", "%ff", "%ed%a0%80", "x" * 3000, "9" * 40, "-1", "%E2%80%AE",
    "%D9%A1", "..%2f..%2fetc", "%0d%0aX:1", "%27%22%3C",
]  # fmt: skip
#: Of these, what a query may do harm with.
ASKED_FOR = ["a%00b", "%2500", "9" * 40, "%D9%A1", "%ff"]
#: As they are typed.
TYPED = [
    "\0", "a\0b", "%00", "q=%00&page=%00", "\ud7ff\u202e\ufeff", "9" * 40, "-1", "½", "1e400000",
    "x" * 3000, "http://[", "//evil.example", "/\r\nX: 1", "[]", "31/12/9999",
]  # fmt: skip
#: What the pages read of an address, beside the fields of their forms of search.
ASKED = (
    "q", "page", "tab", "year", "edition", "kind", "replaces", "outreach_event", "version",
    "unit", "remove", "number", "seen", "next", "back", "sort", "step", "state", "cycle", "role",
    "who", "node", "org_unit", "level", "group", "year__exact", "p", "o", "e", "_popup",
    "app_label", "model_name", "field_name", "term", "_to_field",
)  # fmt: skip


@pytest.fixture
@kept
def round_(province, cycle, commune, an, thu):
    regulate(province)
    council = judging.seat(province, thu)
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


@pytest.fixture
@kept
def world(round_, dossier, an):
    """{name of the first part of an address: the key of a row that is there}."""
    entry = round_.entries.get()
    sheet = Scoresheet.of(entry, judge(round_.council, 1))
    return {
        "rounds": round_.pk,
        "entries": entry.pk,
        "sheets": sheet.pk,
        "councils": round_.council_id,
        "dossiers": dossier.pk,
        "tasks": open_task(dossier).pk,
        "terms": dossier.terms.first().pk if dossier.terms.exists() else 0,
        "handover": an.held.first().pk if hasattr(an, "held") else 0,
        "rubrics": entry.rubric_id,
    }


@pytest.fixture
def browsers(world, round_, an, chi, minh, thu):
    """Nobody, the administrator, who works on the dossier, and who sits on the council."""
    people = [
        None,
        User.objects.create_superuser("quantri", full_name="Quản Trị"),
        an,
        chi,
        minh,
        thu,
        judge(round_.council, 1).user,
    ]
    made = []
    for who in people:
        made.append(Client(raise_request_exception=False))
        if who:
            made[-1].force_login(who)
    with refused_in_full_once():
        yield made


def standing(route, world):
    """The address of a page that is there, as far as ``world`` has the row."""
    return filled(route, world.get(route.split("/")[0], 1))


def our_routes():
    return [route for route in routes() if not route.startswith("admin/")]


def broken_in(answers):
    """What was answered with a 500, or by a page in Django's own words."""
    return sorted({asked for asked, response in answers if response.status_code >= 500})


def leads_somewhere(address):
    """Whether a page of ours answers at this address, as it is typed."""
    try:
        resolve(unquote_to_bytes(address).decode("utf-8", "replace"))
    except Resolver404:
        return False
    return True


def broken_alone(values):
    """Of the combinations of ``values`` those in which one part takes each, the others their last."""
    last = [each[-1] for each in values]
    return dict.fromkeys(
        (*last[:at], value, *last[at + 1 :]) for at, each in enumerate(values) for value in each
    )


def those_who_differ(browsers):
    """In the suite one of the two who work on a dossier, and of the two at the province."""
    nobody, administrator, an, _chi, _minh, thu, member = browsers
    return small(browsers, [nobody, administrator, an, thu, member])


@pytest.mark.walk
@pytest.mark.slow(reason="every address, with every broken part")
def test_no_address_breaks_a_page(world, browsers):
    answers = []
    for route in routes():
        parts = re.findall(r"<(?:(\w+):)?\w+>", route)
        if not parts:
            continue
        seen = browsers[:2] if route.startswith("admin/") else those_who_differ(browsers)
        values = [
            ["0", "9" * 30, "%D9%A1"]
            + ([str(world.get(route.split("/")[0], 1))] * (len(parts) > 1))
            if part == "int"
            else BROKEN[:2]
            if route.startswith("admin/")
            else BROKEN
            for part in parts
        ]
        for chosen in small(product(*values), broken_alone(values)):
            address = f"/{route}"
            for value in chosen:
                address = re.sub(r"<[^>]+>", lambda _part, value=value: value, address, count=1)
            # What no page answers is answered before it is asked who came: a person stands for all.
            for browser in seen if leads_somewhere(address) else browsers[:2]:
                answers.append((address, browser.get(address)))
    assert len(answers) > (1000 if FULL else 400)
    assert broken_in(answers) == []


@pytest.mark.walk
@pytest.mark.slow(reason="every page, with every parameter broken")
def test_nothing_asked_for_breaks_a_page(world, browsers):
    """Every value in every parameter of every page; each further person brings them all at once."""
    answers, asked_at = [], defaultdict(set)
    for route in routes():
        address = standing(route, world)
        administration = route.startswith("admin/")
        for browser in browsers[:2] if administration else those_who_differ(browsers):
            page = browser.get(address)
            answers.append((address, page))
            # In the administration the row need not be there: its address is read before.
            if page.status_code != 200 and not administration or page.streaming:
                continue
            names = {
                *ASKED,
                *(
                    name
                    for form in forms_of(page)
                    if form["method"] == "get"
                    for name in form["fields"]
                ),
            }
            values = BROKEN[:1] if administration else ASKED_FOR
            # The first who opens a page brings one value in all parameters, then the next value;
            # the others a different one in each.
            alone = [[value] for value in small(values, values[:2])]
            brought = alone if names - asked_at[address] else [values]
            asked_at[address] |= names
            for turn in brought:
                query = "&".join(
                    f"{name}={value}"
                    for name, value in zip(sorted(names), cycle_through(turn), strict=False)
                )
                answers.append((f"{address}?…={turn[0][:9]}…", browser.get(f"{address}?{query}")))
    assert len(answers) > (500 if FULL else 300)
    assert broken_in(answers) == []


@pytest.mark.walk
@pytest.mark.slow(reason="every form of every person, with every field broken")
def test_nothing_typed_breaks_a_page(world, browsers):
    """Each form with each of TYPED in all of its fields, and in each field alone with a NUL.

    So does the first who is shown it; who else is shown the same types a different one in each.
    In the suite three of TYPED stand for all, and a field that is called alike is alone once.
    """
    answers, forms, tried, alone = [], set(), set(), set()

    def send(browser, address, data):
        with transaction.atomic():
            answers.append((f"{address} {data!r:.300}", browser.post(address, data)))
            transaction.set_rollback(True)

    for route in our_routes():
        address = standing(route, world)
        for browser in browsers:
            page = browser.get(address)
            answers.append((address, page))
            for form in forms_of(page):
                to = form["action"] or address
                key = (to, browser, tuple(form["fields"]))
                if form["method"] != "post" or key in forms or "logout" in to or to[0] != "/":
                    continue
                forms.add(key)
                meant = {
                    name: SimpleUploadedFile("a\0b.pdf", b"%PDF-1.4 \0 obj %%EOF")
                    if kind == "file"
                    else value
                    for name, (kind, value) in form["fields"].items()
                }
                keeps = {
                    name: value
                    for name, value in meant.items()
                    if name == "act" or name.endswith("_FORMS")
                    # Each is sent as from a page of its own: what is sent again writes nothing.
                } | {"csrfmiddlewaretoken": ""}
                if key[::2] in tried:
                    send(browser, to, dict(zip(meant, cycle_through(TYPED), strict=False)) | keeps)
                    continue
                tried.add(key[::2])
                for value in small(TYPED, TYPED[::5]):
                    send(browser, to, dict.fromkeys(meant, value) | keeps)
                # Of fields that differ by a number alone, as the rows of a sheet do, one.
                for called, name in {re.sub(r"\d+", "", name): name for name in meant}.items():
                    if FULL or called.rpartition("-")[2] not in alone:
                        alone.add(called.rpartition("-")[2])
                        send(browser, to, meant | {name: "a\0b"})
    assert len(forms) > 60
    assert broken_in(answers) == []


@pytest.mark.parametrize("codec", ("base64", "rot13", "utf-16", "hex", "idna", "zlib", "x" * 99))
@pytest.mark.parametrize("kind", ("text/plain", "multipart/form-data; boundary=x"))
def test_whatever_a_header_claims_we_read_utf8(db, codec, kind):
    environ = {
        "CONTENT_TYPE": f"{kind}; Charset={codec}",
        "PATH_INFO": "/certificates/",
        "QUERY_STRING": "number=%C3%A1",
        "REMOTE_ADDR": "203.0.113.7",
    }
    setup_testing_defaults(environ)
    answered = []
    # With a request the connections of the one before are closed; the test still needs its own.
    with patch("django.core.signals.request_started.send"):
        body = application(environ, lambda status, headers: answered.append(status))
    assert answered == ["200 OK"]
    assert 'value="á"' in b"".join(body).decode()


@pytest.mark.parametrize("name", ("sessionid", "csrftoken", "django_language", "messages"))
def test_no_cookie_breaks_a_page(client, db, name):
    client.raise_request_exception = False
    for value in ('"\\000\\000\\000\\000\\000\\000\\000\\000"', "x" * 3000, "\xff" * 9):
        response = client.get("/accounts/login/", headers={"cookie": f"{name}={value}"})
        assert response.status_code == 200


@pytest.mark.parametrize("header", ("referer", "origin", "hx-current-url", "user-agent", "accept"))
def test_no_header_breaks_a_page(client, an, header):
    client.raise_request_exception = False
    for value in ("http://[", "\0", "\xff", "//", "x" * 3000, "javascript:1"):
        for hx in ({}, {"hx-request": "true"}):
            headers = hx | {header: value}
            answers = [
                client.get("/inbox/", headers=headers),
                client.post("/dossiers/new/", {"a": "b"}, headers=headers),
                client.post("/accounts/login/", {"login": "an", "password": "x"}, headers=headers),
            ]
            assert all(each.status_code < 500 for each in answers), (header, value, answers)

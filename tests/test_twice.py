"""The same form sent several times makes one thing, and each time leads to it."""

import ast
import dis
import inspect
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse

from councils.models import (
    Appraisal,
    Council,
    EvaluationRound,
    Interest,
    Member,
    Opinion,
    Regulation,
)
from cycle import clock, once
from cycle.appointing import Appointed
from cycle.models import (
    Cycle,
    HistoryEntry,
    Job,
    Role,
    RoleAssignment,
    SentForm,
    Substitution,
    User,
)
from dossiers.models import (
    ACTS,
    Dossier,
    Erasure,
    Evidence,
    Inspection,
    OutreachEvent,
    Potential,
    Producer,
    Promotion,
    State,
    StockBatch,
    SupportMeasure,
    Visit,
)
from dossiers.walk import doors
from tests import judging, records
from tests.addresses import forms_of
from tests.owning import owner
from tests.pages import shown
from tests.standing import stand
from tests.task_pages import agreed
from tests.world import events, open_dossier, open_task, person


def today(days=0):
    return f"{clock.today() + timedelta(days=days):%d/%m/%Y}"


def scan(name="van-ban.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.7 van ban obj %%EOF\n", content_type="application/pdf")


# --- What is sent: (who, address, what is typed, the rows that it makes) ----------------------


def dossier(w):
    return w.an, "/dossiers/new/", {
        "cycle": w.cycle.pk, "commune": w.commune.pk, "producer_name": "Hợp tác xã Nà Tấu",
        "owner_type": "cooperative", "product_name": "Chẩm chéo", "group": "food",
        "case_type": "first",
    }, (Dossier, Producer)  # fmt: skip


def event(w):
    return w.an, "/outreach/", {
        "cycle": w.cycle.pk, "org_unit": w.commune.pk, "held_on": today(), "kind": "meeting",
        "title": "Họp bản Nà Luống", "attendance": "45", "cost": "0",
    }, (OutreachEvent,)  # fmt: skip


def act(w, state, name, by, record, **typed):
    stood = stand(open_dossier(w.cycle, w.commune, w.an), state)
    fields = {f"{name}-{record._meta.model_name}-{key}": value for key, value in typed.items()}
    return by, reverse("dossiers:act", args=[stood.pk, name]), fields, (record,)


def evidence(w):
    kind = w.cycle.rule_set.content["evidence_kinds"][0]["code"]
    return act(
        w, State.ASSEMBLING, "attach_evidence", w.an, Evidence,
        kind=kind, title="Ảnh sản phẩm", paper_location="Tủ 1",
    )  # fmt: skip


def visit(w):
    return act(
        w, State.IMPLEMENTING, "record_visit", w.an, Visit,
        visited_on=today(), visitor="Lò Thị An", findings="120 đàn ong",
    )  # fmt: skip


def support(w):
    return act(
        w, State.IMPLEMENTING, "record_support", w.minh, SupportMeasure,
        kind="production", provider="Khuyến nông", budget_source="Chương trình mục tiêu",
        planned="60.000.000", paid="0", expected_result="50 thùng ong",
    )  # fmt: skip


def promotion(w):
    return act(
        w, State.PROMOTED, "record_promotion", w.minh, Promotion,
        done_on=today(), channel="Hội chợ tỉnh", result="Bán 120 chai",
        cost="0",
    )  # fmt: skip


def inspection(w):
    return act(
        w, State.PROMOTED, "record_inspection", w.minh, Inspection,
        inspected_on=today(), inspectors="Đoàn của Sở", findings="Nhãn đúng", samples="2",
        conclusion="passed", concluded_on=today(),
    )  # fmt: skip


def council(w):
    return w.minh, "/councils/new/", {
        "org_unit": w.province.pk, "name": "Hội đồng OCOP tỉnh", "decision_number": "45/QĐ-UBND",
        "decision_on": today(-9), "valid_from": today(-8),
    }, (Council,)  # fmt: skip


def sitting(w):
    judging.regulate(w.province)
    return judging.seat(w.province, w.thu)


def seat(w):
    return w.thu, f"/councils/{sitting(w).pk}/", {
        "user": w.minh.pk, "seat": "member", "department": "Sở", "since": today(),
    }, (Member,)  # fmt: skip


def regulation(w):
    return w.thu, "/councils/regulation/new/", {
        "org_unit": w.province.pk, "document": "20/QĐ-HĐ", "valid_from": today(),
        "quorum_percent": "70", "chair_required": "on", "max_spread": "12,5", "scorings": "3",
        "fewest_sheets": "3", "batches": "2",
        "documents_days": "1", "same_producer": "forbid", "same_commune": "warn",
        "appraised": "allow",
    }, (Regulation,)  # fmt: skip


def round_(w):
    return w.thu, "/rounds/new/", {
        "council": sitting(w).pk, "cycle": w.cycle.pk, "name": "Đợt 1", "mode": "meeting",
        "meets_at": f"{today(3)} 14:00", "place": "Phòng họp tầng 2",
    }, (EvaluationRound,)  # fmt: skip


def entry_of(w):
    before = judging.before_council(w.cycle, w.commune, w.an)
    return judging.begin(sitting(w), w.cycle, before, w.thu, open_it=False).entries.get()


def opinion(w):
    y_te = person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, w.province))
    return w.thu, f"/entries/{entry_of(w).pk}/opinions/new/", {
        "to": y_te.pk, "department": "Sở Y tế", "question": "Đạt?", "days": "5",
    }, (Opinion,)  # fmt: skip


def interest(w):
    entry = entry_of(w)
    return w.thu, f"/entries/{entry.pk}/interest/", {
        "member": judging.judge(entry.round.council, 1).pk, "kind": "declared", "recused": "yes",
        "reason": "Em ruột",
    }, (Interest,)  # fmt: skip


def appraisal(w):
    entry = entry_of(w)
    return judging.judge(entry.round.council, 6).user, f"/entries/{entry.pk}/appraisal/", {
        "checked": ["0"], "visited_on": today(), "findings": "Sạch", "report": "Đủ",
    }, (Appraisal,)  # fmt: skip


def invite(w):
    return w.thu, f"/rounds/{entry_of(w).round_id}/invite/", {}, (HistoryEntry,)


def spread(w):
    before = judging.before_council(w.cycle, w.commune, w.an)
    round_ = judging.begin(sitting(w), w.cycle, before, w.thu)
    for number in range(5):
        judging.fill(round_.entries.get(), judging.judge(round_.council, number), judging.best)
    judging.count(round_)
    return w.thu, f"/entries/{round_.entries.get().pk}/keep/", {"reason": "Đã bàn"}, (HistoryEntry,)


def somebody(w):
    return w.chi, "/people/new/", {
        "full_name": "Lường Thị Mới", "org_unit": "xa na tau", "role": "officer",
        "valid_from": today(), "valid_to": "", "email": "", "phone": "", "document": "",
        "document_signer": "",
    }, (User, RoleAssignment)  # fmt: skip


def absence(w):
    dung = person("dung", "Lò Thị Dung", (Role.CLERK, w.commune))
    return w.an, "/absence/new/", {
        "assignment": w.an.role_assignments.get(org_unit=w.commune).pk, "substitute": dung.pk,
        "valid_from": today(), "valid_to": today(5), "reason": "Đi học",
    }, (Substitution,)  # fmt: skip


def year(w):
    root = User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")
    return root, "/cycles/open/", {
        "year": str(w.cycle.year + 1), "like": "none", "number": "12/KH-UBND",
        "signed_on": today(-3), "body": "UBND tỉnh Điện Biên", "signer": "Lò Văn Minh",
        "opened_on": f"15/10/{w.cycle.year}", "ends_on": f"31/12/{w.cycle.year + 1}",
        "rule_set": "",
    }, (Cycle,)  # fmt: skip


def days_off(w):
    typed = {
        "days-TOTAL_FORMS": "1", "days-INITIAL_FORMS": "0", "days-0-day": today(40),
        "days-0-what": "off", "days-0-name": "Nghỉ bù", "days-0-document": "12/TB-BNV",
        "act": "apply",
    }  # fmt: skip
    # What is sent here is the yes to what the preview showed.
    browser = Client()
    browser.force_login(w.minh)
    sure = browser.post("/calendar/", typed).context["seal"]
    return w.minh, "/calendar/", typed | {"sure": sure}, (Job,)


def stock_list(w):
    w.minh.role_assignments.update(role=Role.OFFICER)
    return w.minh, "/stock/", {"file": scan_of_rows()}, (StockBatch,)


def scan_of_rows():
    return SimpleUploadedFile("danh sach.csv", "Tên sản phẩm;Xã\nMật ong;Nà Tấu\n".encode())


def erasure(w):
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "person.leave", Appointed(w.an), by=w.minh, reason="Nghỉ ốm, gọi 0912345678"
        )
    address, typed = f"/erasures/person/{w.an.pk}/", {
        "texts": [f"{said.pk}:reason"], "because": "request", "reason": "Theo đơn",
        "number": "12/ĐĐN", "signed_on": today(-1), "signer": "Lò Thị An",
    }  # fmt: skip
    # It is asked once more: what is sent here is the yes.
    browser = Client()
    browser.force_login(w.son)
    asked = browser.post(address, typed | {"scan": scan()})
    held = re.search(r'name="scan-held" value="([^"]+)"', asked.content.decode())[1]
    return w.son, address, typed | {"scan-held": held, "sure": asked.context["form"].seal}, (
        Erasure,
    )  # fmt: skip


FORMS = [
    dossier, event, evidence, visit, support, promotion, inspection, council, seat, regulation,
    round_, opinion, interest, appraisal, invite, spread, somebody, absence, year, days_off, stock_list,
    erasure,
]  # fmt: skip


# --- Sent --------------------------------------------------------------------------------------


@pytest.fixture
def w(cycle, commune, province, cast, thu, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    world = type("World", (), {})()
    world.__dict__.update(cast, cycle=cycle, commune=commune, province=province)
    return world


def page_of(who, address):
    """Who opened the form, and the token of that page."""
    browser = Client(raise_request_exception=False)
    browser.force_login(who)
    (form, *_) = [
        form
        for form in forms_of(browser.get(address))
        if form["method"] == "post" and form["action"] in ("", address)
    ]
    return browser, {"csrfmiddlewaretoken": form["fields"]["csrfmiddlewaretoken"][1]}


def fresh(typed):
    """What is typed, its files to be read from their beginning."""
    return {
        name: SimpleUploadedFile(value.name, value.file.getvalue())
        if isinstance(value, SimpleUploadedFile)
        else value
        for name, value in typed.items()
    }


def counts(models):
    return [model._base_manager.count() for model in models]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_a_form_sent_three_times_at_once_and_once_more_makes_one_thing(form, w):
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    before, start, answers = counts(made), Barrier(3), []

    def send():
        same = Client(raise_request_exception=False)
        same.cookies = browser.cookies
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            answers.append(same.post(address, fresh(typed) | token))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        for sent in [pool.submit(send) for _ in range(3)]:
            sent.result()
    answers.append(browser.post(address, fresh(typed) | token))
    form = answers[0].context and answers[0].context.get("form")
    wrong = form and getattr(form, "problems", None) or form and form.errors
    assert [answer.status_code for answer in answers] == [302] * 4, wrong
    assert {answer["Location"] for answer in answers} == {answers[0]["Location"]}
    assert counts(made) == [number + 1 for number in before]
    words = shown(browser.get(answers[0]["Location"]).content.decode())
    assert "gửi lại không ghi thêm gì" in words


def shown_once(w, form=event):
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    return browser, address, typed | token, made


@pytest.mark.django_db
def test_what_was_changed_before_it_was_sent_again_is_not_lost_and_not_written(w):
    browser, address, sent, made = shown_once(w, dossier)
    # Whose page it is, a real sign-in says by a cookie.
    browser.get(address)
    first = browser.post(address, sent)
    again = browser.post(address, sent | {"product_name": "Chẩm chéo Nà Tấu"})
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert Dossier.objects.count() == 1
    words = shown(browser.get(again["Location"]).content.decode())
    assert "Những gì bạn sửa sau đó chưa được ghi." in words


@pytest.mark.django_db
def test_a_form_that_was_refused_may_be_sent_again(w):
    browser, address, sent, (model,) = shown_once(w)
    assert browser.post(address, sent | {"title": ""}).status_code == 200
    assert not SentForm.objects.exists()
    assert browser.post(address, sent).status_code == 302
    assert model.objects.count() == 1


def another(browser, address="/inbox/"):
    """The token of another page of the same sign-in, as after the browser's Back."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', shown_raw(browser, address))
    return {"csrfmiddlewaretoken": found[1]}


def shown_raw(browser, address):
    return browser.get(address).content.decode()


def once_more(answer):
    """What the page that asks sends when it is told: once more."""
    (form,) = [form for form in forms_of(answer) if once.ONCE_MORE in form["fields"]]
    return {name: value for name, (_kind, value) in form["fields"].items()}


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_the_same_content_sent_after_the_browsers_back_is_asked_about(form, w):
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    after_back = another(browser)
    first = browser.post(address, fresh(typed) | token)
    assert first.status_code == 302
    before = counts(made)
    asked = browser.post(address, fresh(typed) | after_back)
    assert asked.status_code == 200
    words = shown(asked.content.decode())
    assert "Bạn đã gửi đúng nội dung này và đã ghi lúc" in words
    assert f'href="{first["Location"]}"' in asked.content.decode()
    assert counts(made) == before


@pytest.mark.django_db
@pytest.mark.parametrize("form", [event, support, visit], ids=lambda form: form.__name__)
def test_the_same_once_more_is_a_second_real_one(form, w):
    """Two meetings, two supports of one day: after a yes that names what was asked about."""
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    browser.post(address, typed | token)
    before = counts(made)
    for bare in ("on", "1", "true"):
        browser.post(address, typed | another(browser) | {once.ONCE_MORE: bare})
    assert counts(made) == before
    asked = browser.post(address, typed | another(browser))
    assert browser.post(address, once_more(asked)).status_code == 302
    assert counts(made) == [number + 1 for number in before]


@pytest.mark.django_db
def test_a_yes_of_before_the_last_one_was_recorded_is_asked_about_again(w):
    browser, address, sent, (model,) = shown_once(w)
    browser.post(address, sent)
    pages = [browser.post(address, sent | another(browser)) for _ in range(2)]
    first, second = [browser.post(address, once_more(page)) for page in pages]
    assert (first.status_code, second.status_code) == (302, 200)
    assert model.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", [dossier, support, promotion], ids=lambda form: form.__name__)
def test_the_same_content_sent_from_two_pages_at_once_is_recorded_once(form, w, monkeypatch):
    """The second waits until the first is recorded, then it is asked about."""
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    before, looked = counts(made), Barrier(2)
    look = once._recorded

    def look_together(*args):
        """Both have looked before either goes on, where both can look at once."""
        found = look(*args)
        with suppress(BrokenBarrierError):
            looked.wait(timeout=1)
        return found

    monkeypatch.setattr(once, "_recorded", look_together)

    def send(page):
        same = Client(raise_request_exception=False)
        same.cookies = browser.cookies.copy()
        try:
            return same.post(address, fresh(typed) | page)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, [token, another(browser)]))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert counts(made) == [number + 1 for number in before]
    (asked,) = [answer for answer in answers if answer.status_code == 200]
    assert once.ONCE_MORE in once_more(asked)


@pytest.mark.django_db
def test_what_was_sent_long_ago_by_another_or_differs_is_not_asked_about(w):
    browser, address, sent, (model,) = shown_once(w)
    browser.post(address, sent)
    browser.post(address, sent | another(browser) | {"title": "Họp bản khác"})
    kiem = person("dong_nghiep", "Lò Văn Kiếm", (Role.OFFICER, w.commune))
    colleague, token = page_of(kiem, address)
    colleague.post(address, sent | token)
    with clock.at(clock.now() + once.RECENT):
        browser.post(address, sent | another(browser))
    assert model.objects.count() == 4


@pytest.mark.django_db
def test_another_scan_of_equal_name_and_size_is_another_content(w):
    """One page sent twice with two scans: the second is said not to be recorded."""
    browser, address, sent, _made = shown_once(w, dossier)
    one, other = (
        SimpleUploadedFile("van-ban.pdf", f"%PDF-1.7 van ban {n} %%EOF\n".encode()) for n in (1, 2)
    )
    assert one.size == other.size
    first = browser.post(address, sent | {"scan": one})
    again = browser.post(address, sent | {"scan": other})
    assert again["Location"] == first["Location"]
    words = shown(browser.get(again["Location"]).content.decode())
    assert "Những gì bạn sửa sau đó chưa được ghi." in words


@pytest.mark.django_db
def test_an_error_leaves_nothing_behind(w, monkeypatch):
    browser, address, sent, (model,) = shown_once(w)
    monkeypatch.setattr("dossiers.office.views.outreach.redirect", lambda *_args: 1 / 0)
    assert browser.post(address, sent).status_code == 500
    assert not SentForm.objects.exists()
    assert not model.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("/cycles/readings/", {
            "batch_end": "decision", "stays_valid": "by_day_180", "missed_window": "closed",
            "document": "7/QĐ-UBND ngày 4/5/2026",
        }),
        ("/stock/{batch}/", {"act": "commit"}),
    ],
)  # fmt: skip
def test_what_recorded_nothing_is_not_said_to_be_recorded(address, typed, w):
    if "batch" in address:
        batch = StockBatch.objects.create(
            org_unit=w.province, kind="certificates", by=w.minh, at=clock.now(), state="checked"
        )
        address = address.format(batch=batch.pk)
    browser, token = Client(), {once.TOKEN: "a" * 64}
    browser.force_login(w.minh)
    for _ in range(2):
        answer = browser.post(address, typed | token)
        assert answer.status_code == 302
        assert not SentForm.objects.exists()
        assert "đã được ghi" not in shown(browser.get(answer["Location"]).content.decode())


APPS = ("dossiers", "councils", "notifications")


def views():
    """(name of the address, its view), of all pages of ours."""
    return [
        (pattern.name, pattern.callback)
        for resolver in get_resolver().url_patterns
        if getattr(resolver, "app_name", None) in APPS
        for pattern in resolver.url_patterns
    ]


def led_on(block, after=()):
    """(a warning or a piece of news, the ``return`` that follows it) of a block of statements."""
    for place, statement in enumerate(block):
        rest = [*block[place + 1 :], *after]
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) in (
            "messages.info", "messages.warning",
        ):  # fmt: skip
            yield statement, next((each for each in rest if isinstance(each, ast.Return)), None)
        for part in ("body", "orelse", "finalbody"):
            yield from led_on(getattr(statement, part, ()), rest)
        for handler in getattr(statement, "handlers", ()):
            yield from led_on(handler.body, rest)


def test_a_view_that_leads_on_with_a_warning_says_that_it_recorded_nothing():
    modules = {inspect.getmodule(view) for _name, view in views() if getattr(view, "once", False)}
    warned = []
    for function in [each for of in modules for each in ast.walk(ast.parse(inspect.getsource(of)))]:
        if not isinstance(function, ast.FunctionDef):
            continue
        decorators = {ast.unparse(each) for each in function.decorator_list}
        if not decorators or "once" in decorators:
            warned += [
                (ast.unparse(said), ast.unparse(answer) if answer else "")
                for said, answer in led_on(function.body)
            ]
    assert [each for each in warned if each[1].startswith("return redirect")] == []
    assert len([each for each in warned if each[1].startswith("return unrecorded")]) == 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("from_where", ["/outreach/", "https://elsewhere.example/", ""])
def test_the_second_sending_of_a_slow_form_is_told_that_it_was_sent(from_where, w):
    browser, address, sent, (model,) = shown_once(w)
    headers = {"Referer": from_where and f"http://testserver{from_where}"}
    if from_where.startswith("https"):
        headers = {"Referer": from_where}
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        with owner() as first:
            first.execute(
                "INSERT INTO cycle_sentform (key, content, leads_to, at) VALUES (%s, '', '', now())",
                [once._hash(sent[once.TOKEN], address)],
            )
            answer = browser.post(address, sent, headers=headers)
            first.rollback()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    leads_to = f"http://testserver{from_where}" if from_where == "/outreach/" else "/"
    assert (answer.status_code, answer["Location"]) == (302, leads_to)
    assert "đã được gửi và đang được ghi" in shown(browser.get("/outreach/").content.decode())
    assert not model.objects.exists()
    # The first was given up: the same goes through.
    assert browser.post(address, sent).status_code == 302
    assert model.objects.count() == 1


@pytest.mark.django_db
def test_a_key_is_forgotten_when_its_page_can_send_no_more(w, settings):
    browser, address, sent, _made = shown_once(w)
    browser.post(address, sent)
    SentForm.forget(clock.now())
    assert SentForm.objects.exists()
    SentForm.forget(clock.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    assert not SentForm.objects.exists()


# --- Every form ------------------------------------------------------------------------------------

#: Views that take a form and need no key: why a second sending makes no second thing.
BY_ITSELF = {
    "a task is closed once; its page says who did it, when, and leads on": {"task", "task_bulk"},
    "it ends something once": {
        "absence_end", "handover_back", "cycle_take_back", "hand_back", "follow", "count", "compare",
        "round_void", "void_sheet",
    },
    "it sets what stands there; a second sending sets the same": {
        "own_contact", "person_contact", "setup_reference", "help_seen",
        "order", "attendance", "sheet", "team_sheet", "read_all", "preferences",
        "calendar_address",
        "operations", "notification",
    },
    "it hands out a file, of which each is one": {"export", "export_of", "slips"},
    "it stands before the sign-in; a code or a link works once": {
        "activate", "forgotten", "new_password",
    },
}  # fmt: skip


def takes_a_form(view):
    """Whether the view, or what it calls, reads what was posted."""
    view = inspect.unwrap(view)
    there = inspect.getmodule(view)
    source = inspect.getsource(view)
    helpers = [
        inspect.getsource(helper)
        for name in {
            each.argval for each in dis.get_instructions(view) if each.opname == "LOAD_GLOBAL"
        }
        if inspect.isfunction(helper := getattr(there, name, None))
        and helper.__module__.startswith(APPS)
    ]
    return any(
        word in text
        for text in (source, *helpers)
        for word in ("POST", "require_POST", "posted(", "FILES")
    )


def test_every_form_has_a_key_or_a_reason_to_have_none():
    named = [name for names in BY_ITSELF.values() for name in names]
    assert len(named) == len(set(named))
    found = views()
    assert set(named) - {name for name, _view in found} == set()
    keyed = {name for name, view in found if getattr(view, "once", False)}
    assert keyed & set(named) == set()
    forms = {name for name, view in found if takes_a_form(view)}
    assert forms - keyed - set(named) == set()
    assert len(keyed) > 30


# --- What cannot be taken back asks once more ------------------------------------------------------


def reachable(state):
    """The states that a dossier can come to from ``state``, by whatever acts."""
    found, left = set(), {state}
    while left:
        found |= left
        left = {
            to for act in ACTS.values() if found.intersection(act.begins) for to in act.leads
        } - found
    return found


@pytest.mark.parametrize("name", ACTS)
def test_an_act_says_that_it_is_final_where_no_way_leads_back_and_nowhere_else(name):
    act = ACTS[name]
    no_way_back = any(
        before not in reachable(after) for after in act.leads for before in act.begins
    )
    assert bool(act.final) is no_way_back


#: How each form of a final act is filled in: {field: what is typed}.
TODAY = "today"
PAPER = {
    "paper-number": "812/QĐ-UBND", "paper-signed_on": TODAY, "paper-signer": "Trần Công Sơn",
    "paper-signer_capacity": "Chủ tịch", "paper-scan_file": "SCAN",
}  # fmt: skip
FINAL = {
    "certify": (
        State.AWAITING_DECISION, "son",
        PAPER | {"certificate-number": "12/GCN", "certificate-issued_on": TODAY},
    ),
    "promote": (
        State.CERTIFIED, "tam",
        {"promotion-done_on": TODAY, "promotion-channel": "Hội chợ tỉnh",
         "promotion-result": "Bán 120 chai", "promotion-cost": "0"},
    ),
    "revoke": (
        State.CERTIFIED, "minh",
        PAPER | {"revocation-ground": "b", "revocation-recipients": "Chủ thể; UBND xã Nà Tấu",
                 "reason-reason": "Không còn đạt"},
    ),
    "withdraw_decision": (
        State.CERTIFIED, "minh",
        PAPER | {"paper-signer_capacity": "Bộ trưởng", "reason-reason": "Trái quy định"},
    ),
    "record_centre_result": (
        State.AT_CENTRE, "minh",
        PAPER | {"evaluation-met_on": TODAY, "evaluation-points_sum": "170",
                 "evaluation-sheets": "2", "evaluation-stars": "4",
                 "paper-signer_capacity": "Bộ trưởng",
                 "evaluation-reasons": "Hội đồng trung ương kết luận"},
    ),
}  # fmt: skip


def test_every_final_act_is_tried():
    assert set(FINAL) == {name for name, act in ACTS.items() if act.final}


def final(w, name):
    """(who, address, what is typed, the dossier) for one final act."""
    state, who, typed = FINAL[name]
    stood = stand(open_dossier(w.cycle, w.commune, w.an), state)
    address = (
        reverse("dossiers:task", args=[open_task(stood).pk])
        if ACTS[name].door == "task"
        else reverse("dossiers:act", args=[stood.pk, name])
    )
    typed = {
        f"{name}-{field}": {TODAY: today(), "SCAN": scan()}.get(value, value)
        for field, value in typed.items()
    }
    if name == "revoke":
        conclusion = records.inspection("revoke")
        doors.act(stood.process, "record_inspection", by=w.minh, record=conclusion)
        typed["revoke-revocation-inspection"] = str(conclusion.pk)
    return getattr(w, who), address, typed | {"act": name}, stood


@pytest.mark.django_db
@pytest.mark.parametrize("name", FINAL)
def test_a_final_act_shows_what_it_will_do_and_is_done_when_it_is_sent_once_more(name, w):
    who, address, typed, stood = final(w, name)
    browser = Client()
    browser.force_login(who)
    # It is said where the act is offered, too.
    assert str(ACTS[name].final) in shown(browser.get(address).content.decode())
    asked = browser.post(address, typed)
    words = shown(asked.content.decode())
    assert asked.status_code == 200
    assert f"Đúng: {ACTS[name].label}" in words
    assert str(ACTS[name].final) in words
    for value in typed.values():
        if isinstance(value, str) and value != name and not value.isdigit():
            assert value in words
    assert Dossier.objects.get(pk=stood.pk).state == stood.state
    assert agreed(browser, address, fresh_files(typed)).status_code == 302
    assert events(stood)[-1] == f"dossier.{name}"


@pytest.mark.django_db
def test_who_is_refused_is_not_asked_first(w):
    """A number that the issuing body has given already: known to the record alone."""
    who, address, typed, _stood = final(w, "certify")
    browser = Client()
    browser.force_login(who)
    assert agreed(browser, address, typed).status_code == 302
    who, address, typed, stood = final(w, "certify")
    typed["certify-paper-number"] = "813/QĐ-UBND"
    answer = browser.post(address, typed)
    words = shown(answer.content.decode())
    assert "Đúng: " not in words
    assert "field-error" in answer.content.decode()
    assert Dossier.objects.get(pk=stood.pk).state == stood.state
    typed["certify-certificate-number"] = "13/GCN"
    assert agreed(browser, address, fresh_files(typed)).status_code == 302
    assert Dossier.objects.get(pk=stood.pk).state == State.CERTIFIED


@pytest.mark.django_db
@pytest.mark.parametrize("name", FINAL)
def test_the_question_itself_writes_nothing(name, w):
    who, address, typed, _stood = final(w, name)
    browser = Client()
    browser.force_login(who)
    before = HistoryEntry.objects.count(), SentForm.objects.count()
    assert browser.post(address, typed).status_code == 200
    assert (HistoryEntry.objects.count(), SentForm.objects.count()) == before


def fresh_files(typed):
    for value in typed.values():
        if hasattr(value, "seek"):
            value.seek(0)
    return typed


@pytest.mark.django_db
def test_what_is_changed_after_the_question_is_asked_about_anew(w):
    who, address, typed, stood = final(w, "revoke")
    browser = Client()
    browser.force_login(who)
    page = browser.post(address, typed).content.decode()
    (sure,) = re.findall(r'name="revoke-sure" value="(\w+)"', page)
    changed = fresh_files(typed) | {"revoke-sure": sure, "revoke-reason-reason": "Vi phạm nhãn"}
    asked = shown(browser.post(address, changed).content.decode())
    assert "Đúng: Thu hồi giấy chứng nhận" in asked and "Vi phạm nhãn" in asked
    assert Dossier.objects.get(pk=stood.pk).state == State.CERTIFIED


def asked_sure(browser, name, address, typed):
    page = browser.post(address, fresh_files(typed)).content.decode()
    return dict(re.findall(rf'name="({name}-sure)" value="(\w+)"', page))


@pytest.mark.django_db
@pytest.mark.parametrize("name", FINAL)
def test_what_was_agreed_for_one_dossier_does_nothing_to_another(name, w):
    who, address, typed, _stood = final(w, name)
    browser = Client()
    browser.force_login(who)
    sure = asked_sure(browser, name, address, typed)
    _who, another, same, other = final(w, name)
    asked = browser.post(another, fresh_files(same) | sure)
    assert f"Đúng: {ACTS[name].label}" in shown(asked.content.decode())
    assert Dossier.objects.get(pk=other.pk).state == other.state


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [name for name, each in FINAL.items() if "SCAN" in each[2].values()]
)
def test_another_scan_of_the_same_name_is_asked_about_anew(name, w):
    who, address, typed, stood = final(w, name)
    browser = Client()
    browser.force_login(who)
    sure = asked_sure(browser, name, address, typed)
    other = SimpleUploadedFile("van-ban.pdf", b"%PDF-1.7 trang khac obj %%EOF", "application/pdf")
    changed = {key: other if hasattr(value, "read") else value for key, value in typed.items()}
    asked = browser.post(address, changed | sure)
    assert f"Đúng: {ACTS[name].label}" in shown(asked.content.decode())
    assert Dossier.objects.get(pk=stood.pk).state == stood.state


@pytest.mark.django_db
def test_an_act_with_a_way_back_is_done_at_once(w):
    stood = open_dossier(w.cycle, w.commune, w.an)
    browser = Client()
    browser.force_login(w.an)
    address = reverse("dossiers:act", args=[stood.pk, "withdraw"])
    assert "không lấy lại được" not in browser.get(address).content.decode()
    sent = browser.post(address, {"withdraw-reason-reason": "Ngừng sản xuất"})
    assert sent.status_code == 302
    assert Dossier.objects.get(pk=stood.pk).state == State.WITHDRAWN


@pytest.mark.django_db
def test_marking_a_decision_as_signed_asks_once_more(w):
    stood = stand(open_dossier(w.cycle, w.commune, w.an), State.AWAITING_DECISION)
    task = open_task(stood)
    browser = Client()
    browser.force_login(w.son)
    address = reverse("dossiers:task", args=[task.pk])
    asked = browser.post(address, {"act": "sign_decision"})
    assert (asked.status_code, type(task).objects.get(pk=task.pk).signed_at) == (200, None)
    assert "bấm lần nữa nếu đúng" in shown(asked.content.decode())
    assert agreed(browser, address, {"act": "sign_decision"}).status_code == 302
    assert type(task).objects.get(pk=task.pk).signed_at is not None


# --- What was undone meanwhile -------------------------------------------------------------------


def followed(w):
    """A potential product is closed, reopened, closed again."""
    found = StockBatch.objects.create(
        org_unit=w.province, cycle=w.cycle, kind="potential", by=w.minh, at=clock.now()
    )
    kept = Potential.objects.create(
        batch=found, commune=w.commune, name="Mật ong", group="food", producer_name="Hộ Lò Văn Pâng",
        owner_type="household",
    )  # fmt: skip
    here = f"/potential/{kept.pk}/"
    return w.an, (
        (here, {"act": "close", "reason": "Trùng với sản phẩm khác"}),
        (here, {"act": "reopen", "reason": "Không trùng"}),
    ), lambda: Potential.objects.get(pk=kept.pk).state  # fmt: skip


def called(w):
    """A telephone is corrected, corrected back, corrected again."""
    stood = stand(open_dossier(w.cycle, w.commune, w.an), State.ASSEMBLING)
    address = reverse("dossiers:act", args=[stood.pk, "correct_details"])

    def step(was, now):
        maker, part = stood.product.producer, "correct_details-details-"
        kept = {
            "owner_type": maker.owner_type, "representative": maker.representative,
            "phone": was, "address": maker.address,
            "registration_number": maker.registration_number, "code": stood.product.code,
        }  # fmt: skip
        typed = {f"{part}{key}": value for key, value in kept.items()}
        before = {f"was-{key}": value for key, value in typed.items()}
        return address, typed | before | {f"{part}phone": now, f"{part}reason": "Viết nhầm"}

    first = stood.product.producer.phone
    return w.an, (step(first, "0912 345 678"), step("0912 345 678", first)), lambda: (
        Producer.objects.get(pk=stood.product.producer_id).phone
    )  # fmt: skip


def withdrawn(w):
    """A dossier is withdrawn, reopened, withdrawn again."""
    stood = stand(open_dossier(w.cycle, w.commune, w.an), State.ASSEMBLING)

    def step(act, **typed):
        return reverse("dossiers:act", args=[stood.pk, act]), {
            f"{act}-{part.replace('__', '-')}": value for part, value in typed.items()
        }

    return w.an, (
        step("withdraw", reason__reason="Ngừng sản xuất"),
        step("reopen", reopen__reason="Sản xuất lại"),
    ), lambda: Dossier.objects.get(pk=stood.pk).state  # fmt: skip


UNDONE = [followed, called, withdrawn]


@pytest.mark.django_db
@pytest.mark.parametrize("story", UNDONE, ids=lambda story: story.__name__)
def test_what_was_undone_and_is_done_again_is_not_said_to_be_recorded(story, w):
    who, (there, back), stands = story(w)
    browser = Client()
    browser.force_login(who)

    def send(step):
        return browser.post(step[0], step[1] | another(browser))

    assert send(there).status_code == 302
    done = stands()
    # Nothing is undone yet: what comes after the browser's Back is asked about.
    assert "same" in send(there).context
    assert send(back).status_code == 302
    assert stands() != done
    assert send(there).status_code == 302, "said to be recorded"
    assert stands() == done


@pytest.mark.django_db
def test_what_a_colleague_has_taken_back_is_done_again(w):
    who, (there, back), stands = withdrawn(w)
    browser, colleague = Client(), Client()
    browser.force_login(who)
    colleague.force_login(w.minh)
    browser.post(there[0], there[1] | another(browser))
    done = stands()
    colleague.post(back[0], back[1] | another(colleague))
    assert stands() != done
    assert browser.post(there[0], there[1] | another(browser)).status_code == 302
    assert stands() == done

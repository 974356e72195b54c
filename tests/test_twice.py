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
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse

from cycle import clock, once
from cycle.models import (
    HistoryEntry,
    Role,
    SentForm,
)
from cycle.typed import DRAFT
from dossiers.models import (
    ACTS,
    Dossier,
    Potential,
    Producer,
    State,
    StockBatch,
)
from dossiers.office import closing
from tests import sendings
from tests.addresses import forms_of
from tests.owning import owner
from tests.pages import shown
from tests.sendings import (
    FINAL,
    FORMS,
    another,
    counts,
    dossier,
    event,
    final,
    fresh,
    page_of,
    promotion,
    support,
    visit,
)
from tests.standing import stand
from tests.task_pages import agreed
from tests.world import events, open_dossier, open_task, person

# --- What is sent: (who, address, what is typed, the rows that it makes) ----------------------

w = sendings.w


#: Forms that write no line of history as they are sent: a worker does what is asked, and tells it.
TOLD_LATER = {"days_off"}

# --- Sent --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_a_form_sent_three_times_at_once_and_once_more_makes_one_thing(form, w):
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    before, start, answers = counts(made), Barrier(3), []
    said, name = HistoryEntry.objects.count(), form.__name__.strip("_")

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
    # Whatever a page makes is told.
    assert HistoryEntry.objects.count() > said or name in TOLD_LATER
    words = shown(browser.get(answers[0]["Location"]).content.decode())
    assert "gửi lại không ghi thêm gì" in words


def shown_once(w, form=event):
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    return browser, address, typed | token, made


@pytest.mark.django_db
def test_the_word_of_a_draft_leads_past_no_key(w):
    """A view that keeps drafts does nothing else for it; to any other it means nothing."""
    for form, makes in ((sendings.erasure, True), (event, False)):
        browser, address, sent, made = shown_once(w, form)
        before = counts(made)
        for _sent_twice in range(2):
            answer = browser.post(address, fresh(sent) | {DRAFT: "once"})
        assert answer.status_code == 302
        assert counts(made) == [number + makes for number in before], form


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
    # How often each page has kept a draft of it says nothing of what was typed.
    first = browser.post(address, fresh(typed) | token | {"draft_version": "2"})
    assert first.status_code == 302
    before = counts(made)
    asked = browser.post(address, fresh(typed) | after_back | {"draft_version": "0"})
    assert asked.status_code == 200
    words = shown(asked.content.decode())
    assert "Bạn đã gửi đúng nội dung này và đã ghi lúc" in words
    assert f'href="{first["Location"]}"' in asked.content.decode()
    assert counts(made) == before


def in_header(_browser, token):
    """As a script sends the token of its page."""
    return {}, {"X-CSRFToken": token[once.TOKEN]}


def of_the_cookie(browser, _token):
    """As a script sends what it reads from the cookie: the same from every page."""
    return {}, {"X-CSRFToken": browser.cookies["csrftoken"].value}


def secret_in_body(browser, _token):
    return {once.TOKEN: browser.cookies["csrftoken"].value}, {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "way", [in_header, of_the_cookie, secret_in_body], ids=lambda w: w.__name__
)
@pytest.mark.parametrize("form", [event, support, visit], ids=lambda form: form.__name__)
def test_the_same_is_recorded_once_however_its_token_comes(form, way, w):
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    same = Client(enforce_csrf_checks=True)
    same.cookies = browser.cookies
    before = counts(made)
    body, headers = way(browser, token)
    answers = [same.post(address, fresh(typed) | body, headers=headers) for _ in range(3)]
    # The same page leads to what it made; of another the same content is asked about.
    assert [answer.status_code for answer in answers] == [302] + [
        302 if way is in_header else 200
    ] * 2
    assert counts(made) == [number + 1 for number in before]
    # What differs is another thing, and so is the same after a yes.
    if way is of_the_cookie:
        yes_ = {once.ONCE_MORE: once_more(answers[1])[once.ONCE_MORE]}
        assert same.post(address, fresh(typed) | yes_, headers=headers).status_code == 302
        assert counts(made) == [number + 2 for number in before]


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "then"), [("", "?tab=x"), ("?tab=x", ""), ("?tab=x", "?tab=y")])
@pytest.mark.parametrize("form", [event, support, visit], ids=lambda form: form.__name__)
def test_the_same_by_another_query_is_asked_about(form, first, then, w):
    """Links lead to one form with and without what it begins with."""
    who, address, typed, made = form(w)
    browser, token = page_of(who, address)
    before = counts(made)
    assert browser.post(f"{address}{first}", fresh(typed) | token).status_code == 302
    asked = browser.post(f"{address}{then}", fresh(typed) | another(browser))
    assert (asked.status_code, counts(made)) == (200, [number + 1 for number in before])
    assert once.ONCE_MORE in once_more(asked)


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


WRITES = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM) "(?!cycle_sentform|django_session)')


def twin(user):
    """A colleague with the same posts."""
    posts = [(held.role, held.org_unit) for held in user.role_assignments.all()]
    return person(f"{user.username}_2", "Lò Thị Hai", *posts)


def closed_year(w):
    closing.close(w.cycle, into=None, closed_on=clock.today(), reason="Hết năm", by=w.minh)
    return w.minh, f"/cycles/{w.cycle.pk}/reopen/", {"reason": "Đóng sớm"}, ()


def year_to_close(w):
    typed = {"closed_on": sendings.today(), "reason": "Hết năm", "into": ""}
    return w.minh, f"/cycles/{w.cycle.pk}/close/", typed, ()


def decision_to_record(w):
    return final(w, "certify")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "form",
    [year_to_close, closed_year, decision_to_record, sendings.seat, sendings.numbers],
    ids=lambda form: form.__name__,
)
def test_two_people_who_send_the_same_at_once_both_get_an_answer(form, w):
    """Neither an error nor a wait for each other: whoever is second reads what the first did."""
    who, address, typed, _made = form(w)
    pages = [page_of(each, address) for each in (who, twin(who))]
    met = Barrier(2)

    def send(page):
        browser, token = page
        written = []

        def meet(execute, sql, *more):
            """Both have read before either writes, where both can read at once."""
            if WRITES.match(sql) and not written:
                written.append(sql)
                with suppress(BrokenBarrierError):
                    met.wait(timeout=1)
            return execute(sql, *more)

        try:
            with connection.execute_wrapper(meet):
                return browser.post(address, fresh(typed) | token)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, pages))
    assert {answer.status_code for answer in answers} <= {200, 302, 409}


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
            "number": "7/QĐ-UBND", "signed_on": "4/5/2026", "body": "UBND tỉnh",
            "signer": "Vừ A Bằng", "signer_capacity": "Chủ tịch UBND tỉnh",
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
    assert len([each for each in warned if each[1].startswith("return unrecorded")]) == 9


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
        "absence_end", "handover_back", "cycle_take_back", "cycle_reopen", "hand_back", "follow", "count", "compare",
        "round_void", "void_sheet", "many_one",
    },
    "it sets what stands there; a second sending sets the same": {
        "own_contact", "person_contact", "setup_reference", "help_seen",
        "order", "attendance", "sheet", "team_sheet", "read_all", "preferences",
        "calendar_address",
        "operations", "notification", "letters_of_person", "letters_of_dossier", "bounced",
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


def test_every_final_act_is_tried():
    assert set(FINAL) == {name for name, act in ACTS.items() if act.final}


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
    typed["certify-paper-scan_file"] = SimpleUploadedFile("813.pdf", b"%PDF-1.7 813 obj %%EOF")
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

"""A forgotten password by mail: to nobody but its owner, once, for an hour; who asks learns nothing."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from cycle import clock, forgotten
from cycle.models import HistoryEntry, Job, Role, User, Visitor
from cycle.models.job import JobState, run_waiting
from dossiers.office.views.password import CODES
from tests.kept import tables_with
from tests.owning import update_as_owner
from tests.world import person

pytestmark = pytest.mark.django_db

PASSWORD = "nếp nương thơm 26"
ASK, USE = "/password/forgotten/", "/password/new/"


@pytest.fixture(autouse=True)
def sends(settings):
    settings.EMAIL_HOST = "mail.example.vn"


@pytest.fixture
def an(an):
    update_as_owner(User.objects.filter(pk=an.pk), email="An.Lo@example.vn")
    an.refresh_from_db()
    return an


def asked(client, typed):
    """What the page answers, and the letters that follow."""
    before = len(mail.outbox)
    answer = client.post(ASK, {"account": typed})
    run_waiting()
    return answer, mail.outbox[before:]


def code_in(letter):
    """The code of a letter: of its address, and alone on its line."""
    (of_address,) = re.findall(r"/password/new/#(\S+)", letter.body)
    assert of_address in letter.body.splitlines()
    return of_address


def use(client, code, password=PASSWORD, again=None):
    return client.post(USE, {"code": code, "password1": password, "password2": again or password})


def said(answer):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


@pytest.mark.parametrize("typed", ["an", "AN ", "an.lo@EXAMPLE.vn"])
def test_from_the_letter_to_the_inbox(client, an, typed):
    elsewhere = Client()
    elsewhere.force_login(an)
    _answer, (letter,) = asked(client, typed)
    assert letter.to == ["An.Lo@example.vn"]
    assert "«an»" in letter.body
    code = code_in(letter)
    assert code not in letter.subject
    assert use(Client(), f" {code.upper()} ")["Location"] == "/accounts/login/"
    assert elsewhere.get("/inbox/").status_code == 302
    assert client.post("/accounts/login/", {"login": "an", "password": PASSWORD}).status_code == 302
    assert client.get("/inbox/").status_code == 200
    entries = HistoryEntry.objects.filter(stream="person", stream_id=an.pk).order_by("seq")
    assert [(each.event, each.actor) for each in entries] == [
        ("person.letter", None),
        ("person.new_password_by_mail", an),
    ]


def test_who_asks_learns_nothing(client, an, la, commune):
    """The answer is one for an account, for none, for one that cannot be told or has left."""
    person("moi", "Lường Thị Mới", (Role.OFFICER, commune))
    update_as_owner(User.objects.filter(username="moi"), password="!", email="moi@example.vn")
    person("di", "Lò Văn Đi")
    update_as_owner(User.objects.filter(username="di"), is_active=False, email="di@example.vn")
    assert la.email == ""
    known, (letter,) = asked(client, "an")
    for typed in ("không có ai", "la", "moi", "moi@example.vn", "di", "x" * 250):
        Visitor.objects.all().delete()
        answer, letters = asked(Client(), typed)
        assert (answer.status_code, letters) == (200, []), typed
        assert said(answer) == said(known)
    assert Job.objects.count() == 1
    assert "an" not in said(known).split("tài khoản này")[0].split()[-5:]


def test_without_a_word_or_with_too_long_a_one_it_says_so(client, an):
    for typed in ("", "   ", "x" * 300, "\0"):
        answer, letters = asked(client, typed)
        assert (answer.status_code, letters) == (200, [])
        assert "field-error" in said(answer)


def test_an_address_of_two_accounts_is_told_of_both(client, an, la):
    update_as_owner(User.objects.filter(pk=la.pk), email=an.email)
    _answer, letters = asked(client, an.email)
    assert {re.search("«(.+?)»", each.body)[1] for each in letters} == {"an", la.username}


def test_nothing_keeps_the_code(client, an, caplog, capfd):
    caplog.set_level(0)
    _answer, (letter,) = asked(client, "an")
    code = code_in(letter)
    assert "/password/new/?" not in letter.body
    for client_ in (client, Client(enforce_csrf_checks=True), Client()):
        use(client_, code + "0")
        use(client_, code, again="khác")
        use(client_, code)
        assert tables_with(code) == []
        assert code not in str([row.get_decoded() for row in Session.objects.all()])
    assert "request_finished" in caplog.text
    assert code not in caplog.text + "".join(capfd.readouterr())
    assert Visitor.objects.exists()


@pytest.mark.parametrize("why", ["twice", "late", "newer password", "another's", "changed", "left"])
def test_a_code_that_does_not_work_changes_nothing(client, an, la, why):
    update_as_owner(User.objects.filter(pk=la.pk), email="la@example.vn")
    _answer, (letter,) = asked(client, "an")
    code, later = code_in(letter), timedelta()
    if why == "twice":
        use(client, code, "mật khẩu đầu tiên")
    elif why == "late":
        later = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 1)
    elif why == "newer password":
        an.set_password("mật khẩu đầu tiên")
        an.save()
    elif why == "another's":
        _first, _, rest = code.partition("-")
        theirs = forgotten.code_for(User.objects.get(pk=la.pk))
        code = f"{theirs.partition('-')[0]}-{rest}"
    elif why == "changed":
        code = code[:-1] + ("0" if code[-1] != "0" else "1")
    else:
        update_as_owner(User.objects.filter(pk=an.pk), is_active=False)
    before = dict(User.objects.values_list("pk", "password"))
    with clock.at(clock.now() + later):
        answer = use(client, code)
    assert "Mã này không dùng được" in said(answer)
    assert dict(User.objects.values_list("pk", "password")) == before


@pytest.mark.parametrize("code", ["", "x", "1-2-3", "z" * 13 + "-1-" + "a" * 32, "\0", "9" * 500])
def test_what_is_no_code_is_refused_in_words(client, an, code):
    answer = use(client, code)
    assert answer.status_code == 200
    assert "field-error" in said(answer)


def test_codes_are_not_tried_without_end(client, an):
    _answer, (letter,) = asked(client, "an")
    states = [use(client, f"1-sai-{number:032}").status_code for number in range(CODES + 1)]
    assert states == [200] * CODES + [429]
    assert use(client, code_in(letter)).status_code == 429


def test_a_printed_slip_goes_on_working_whoever_asks_for_letters(client, an, chi):
    from dossiers.office import people

    (slip,) = people.print_slips([an], by=chi)
    _answer, (letter,) = asked(client, "an")
    answer = client.post(
        "/activate/", {"code": slip.code, "password1": PASSWORD, "password2": PASSWORD}
    )
    assert answer.status_code == 302
    # The letter was over another password: it ends.
    assert "không dùng được" in said(use(client, code_in(letter)))


def test_no_box_is_filled_and_no_list_of_names_is_tried(client, an):
    for _time in range(forgotten.LETTERS + 2):
        Visitor.objects.all().delete()
        asked(client, "an")
    assert len(mail.outbox) == forgotten.LETTERS
    Visitor.objects.all().delete()
    states = [asked(client, f"tên{n}")[0].status_code for n in range(7)]
    assert states == [200] * 5 + [429] * 2
    # An hour later, again.
    with clock.at(clock.now() + timedelta(hours=1, seconds=1)):
        Visitor.objects.all().delete()
        assert len(asked(client, "an")[1]) == 1


def test_without_mail_the_page_says_what_to_do(client, an, settings):
    settings.EMAIL_HOST = ""
    page = client.get(ASK).content.decode()
    assert "in phiếu kích hoạt mới" in page
    assert '<form method="post" novalidate' not in page
    assert asked(client, "an")[1] == []
    assert not Job.objects.exists()


def test_a_server_that_refuses_says_nothing_of_the_address(client, an, monkeypatch, caplog):
    def refuse(letter):
        raise OSError(f"no such box: {letter.to}")

    monkeypatch.setattr("cycle.forgotten.EmailMessage.send", refuse)
    asked(client, "an")
    job = Job.objects.get()
    assert (job.state, job.error) == (JobState.FAILED, "LetterNotSent: OSError")
    assert "An.Lo" not in caplog.text
    assert not HistoryEntry.objects.filter(event="person.letter").exists()


def test_a_letter_is_not_written_when_nobody_waits_for_it_any_more(client, an):
    client.post(ASK, {"account": "an"})
    with clock.at(clock.now() + forgotten.WANTED + timedelta(minutes=1)):
        run_waiting()
    assert mail.outbox == []


def test_the_way_to_it_is_where_one_fails_to_sign_in(client):
    assert f'href="{ASK}"' in client.get("/accounts/login/").content.decode()
    assert client.get("/accounts/password/reset/")["Location"] == ASK


def test_who_has_chosen_anew_by_mail_is_undone_by_no_paper_of_before(client, an, chi):
    from dossiers.office import people

    (slip,) = people.print_slips([an], by=chi)
    _answer, (letter,) = asked(client, "an")
    assert use(client, code_in(letter)).status_code == 302
    answer = client.post(
        "/activate/",
        {"code": slip.code, "password1": "khác hẳn 26 ạ", "password2": "khác hẳn 26 ạ"},
    )
    assert "đã hủy" in said(answer)

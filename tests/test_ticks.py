"""A yes to a question («đúng», «vẫn ghi», «bấm lần nữa») is bound to what the page showed, to whom
and of which row: a bare tick, which says nothing of it, does nothing, nor does somebody else's.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from councils.models import SignedDocument
from cycle import clock, once
from cycle.models import Cycle, DayOff, Document, Role, User
from dossiers.forms import shown
from dossiers.models import (
    ActBatch,
    Allotment,
    CertificateNumber,
    Dossier,
    Erasure,
    Producer,
    State,
    Task,
)
from tests import judging
from tests import sendings as sent
from tests.merging import OLD, unit
from tests.standing import sent_up, stand
from tests.strokes import stood
from tests.world import open_dossier, open_task, person

w = sent.w
BARE = ("", "on", "1", "true", "True", "yes", "sure", "confirmed")


# --- (who, address, what is typed, the field of the yes, what must stay as it is) ----------------


def a_double_opened(w):
    who, address, typed, made = sent.dossier(w)
    Producer.objects.create(name=typed["producer_name"], commune=w.commune, owner_type="household")
    return who, address, typed, "confirmed", lambda: Dossier.objects.count()


def a_person_of_that_name(w):
    who, address, typed, made = sent.somebody(w)
    User.objects.create_user("cu", full_name=typed["full_name"])
    return who, address, typed, "another", lambda: User.objects.count()


def names_of_another(w):
    stood = open_dossier(w.cycle, w.commune, w.an)
    product = stood.product
    type(product).objects.create(name="Mật ong bạc hà", producer=product.producer, group="food")
    typed = {
        "product_name": "Mật ong bạc hà", "product_group": product.group,
        "producer": product.producer_id, "producer_name": product.producer.name,
        "reason": "Ghi sai",
    }  # fmt: skip
    typed = {f"correct_names-correction-{name}": said for name, said in typed.items()} | {
        "correct_names-paper-number": "20/QĐ-UBND", "correct_names-paper-signed_on": sent.today(),
        "correct_names-paper-signer": "Trần Công Sơn",
        "correct_names-paper-signer_capacity": "Chủ tịch",
        "correct_names-paper-scan_file": sent.scan(),
    }  # fmt: skip
    address = reverse("dossiers:act", args=[stood.pk, "correct_names"])
    name = "correct_names-correction-confirmed"
    return w.minh, address, typed, name, lambda: type(product).objects.get(pk=product.pk).name


def more_paid_than_planned(w):
    who, address, typed, (model,) = sent.support(w)
    typed["record_support-supportmeasure-paid"] = "70.000.000"
    return who, address, typed, "record_support-supportmeasure-over", model.objects.count


def a_year_far_off(w):
    who, address, typed, _made = sent.year(w)
    year = w.cycle.year + 5
    typed |= {"year": str(year), "opened_on": f"1/1/{year}", "ends_on": f"31/12/{year}"}
    return who, address, typed, "far", Cycle.objects.count


def the_same_once_more(w):
    who, address, typed, (model,) = sent.event(w)
    browser, token = sent.page_of(who, address)
    browser.post(address, typed | token)
    return who, address, typed, once.ONCE_MORE, model.objects.count


def an_erasure(w):
    who, address, typed, _made = sent.erasure(w)
    del typed["sure"]
    return who, address, typed, "sure", Erasure.objects.count


def numbers_of_a_decision(w):
    who, page, typed, _made = sent.numbers(w)
    del typed["sure"]
    return who, page, typed, "sure", CertificateNumber.objects.count


def numbers_put_right(w):
    who, page, typed, _made = sent.corrected_numbers(w)
    del typed["sure"]
    return who, page, typed, "sure", CertificateNumber.objects.count


def missing_scans(w):
    who, page, typed, _made = sent.missing_scans(w)
    del typed["sure"]
    return who, page, typed, "sure", Document.objects.count


def days_off(w):
    who, address, typed, _made = sent.days_off(w)
    del typed["sure"]
    return who, address, typed, "sure", DayOff.objects.count


def a_decision_signed(w):
    stood = stand(open_dossier(w.cycle, w.commune, w.an), State.AWAITING_DECISION)
    task = open_task(stood)
    address = reverse("dossiers:task", args=[task.pk])
    typed = {"act": "sign_decision"}
    return w.son, address, typed, "sure", lambda: Task.objects.get(pk=task.pk).signed_at


def a_final_act(w):
    who, address, typed, stood = sent.final(w, "promote")
    of_it = Dossier.objects.filter(pk=stood.pk)
    return who, address, typed, "promote-sure", lambda: of_it.get().state


def a_split_commune(w):
    last = clock.today() - timedelta(days=1)
    one, other = (unit(code, w.province, OLD, name=f"Xã {code}") for code in ("Một", "Hai"))
    old = unit("Cũ", w.province, OLD, last, (one, other), chosen=one, name="Xã Cũ")
    maker = Producer.objects.create(name="Hộ Lò Thị Nhung", commune=old, owner_type="household")
    who = person("cb_tinh", "Cán bộ tỉnh", (Role.OFFICER, w.province))
    typed = {
        "number": "15/QĐ-UBND", "signed_on": "05/07/2026", "body": "UBND tỉnh",
        "signer": "Lò Văn Quyết", "signer_capacity": "Chủ tịch",
        f"producer_{maker.pk}": other.pk,
    }  # fmt: skip
    address = reverse("dossiers:split_one", args=[old.pk])
    return who, address, typed, "confirmed", Allotment.objects.count


def an_act_for_many(w):
    two = stood(w.cycle, w.commune, w.an, State.AT_PROVINCE, 2)
    typed = {"dossier": [str(dossier.pk) for dossier in two]}
    typed |= {f"row-{dossier.pk}-on": "on" for dossier in two}
    typed["accept_at_province-review-checked"] = [str(n) for n in range(5)]
    address = reverse("dossiers:many_new", args=["accept_at_province"])
    return w.minh, address, typed, "sure", ActBatch.objects.count


def a_capacity_that_nobody_knows(w):
    gone_up = stand(open_dossier(w.cycle, w.commune, w.an), State.COMMUNE_CHECKED)
    chair = person("chu_tich", "Quàng Văn Chi", (Role.LEADER, w.commune))
    sent_up(gone_up, chair)
    paper = gone_up.officialdocuments.get()
    typed = {
        "number": paper.number, "signed_on": f"{paper.signed_on:%d/%m/%Y}", "signer": paper.signer,
        "signer_capacity": "Người được giao phụ trách UBND xã", "reason": "Gõ nhầm",
        "shown": paper.document_id,
    }  # fmt: skip
    address = reverse("dossiers:paper_correct", args=[paper.pk])
    return chair, address, typed, "as_written", Document.objects.count


def a_day_before_the_filing(w):
    chair, address, typed, _name, now = a_capacity_that_nobody_knows(w)
    early = clock.today() - timedelta(days=1)
    typed |= {"signer_capacity": "Chủ tịch UBND xã", "signed_on": f"{early:%d/%m/%Y}"}
    return chair, address, typed, "day_as_written", now


def a_capacity_on_a_paper_of_a_round(w):
    before = judging.before_council(w.cycle, w.commune, w.an)
    round_ = judging.begin(sent.sitting(w), w.cycle, before, w.thu, open_it=False)
    typed = {
        "kind": "invitation", "number": "3/GM-HĐ", "signed_on": f"{clock.today():%d/%m/%Y}",
        "signer": "Trần Công Chủ", "signer_capacity": "Phụ trách Hội đồng OCOP",
    }  # fmt: skip
    address = reverse("councils:documents", args=[round_.pk])
    return w.thu, address, typed, "as_written", SignedDocument.objects.count


#: (file, name of the yes) -> a form that asks.
ASKS = {
    ("templates/dossiers/numbers_of.html", "sure"): numbers_of_a_decision,
    ("templates/dossiers/numbers_correct.html", "sure"): numbers_put_right,
    ("templates/dossiers/scans.html", "sure"): missing_scans,
    ("dossiers/forms/opening.py", "confirmed"): a_double_opened,
    ("dossiers/office/forms/people.py", "another"): a_person_of_that_name,
    ("dossiers/forms/acts.py", "confirmed"): names_of_another,
    ("dossiers/forms/acts.py", "as_written"): a_capacity_that_nobody_knows,
    ("dossiers/forms/acts.py", "day_as_written"): a_day_before_the_filing,
    ("councils/forms/papers.py", "as_written"): a_capacity_on_a_paper_of_a_round,
    ("dossiers/forms/records.py", "over"): more_paid_than_planned,
    ("dossiers/office/forms/year.py", "far"): a_year_far_off,
    ("templates/once_more.html", "{{ name }}"): the_same_once_more,
    ("templates/dossiers/erase.html", "sure"): an_erasure,
    ("templates/dossiers/calendar_preview.html", "sure"): days_off,
    ("templates/dossiers/task.html", "sure"): a_decision_signed,
    ("templates/dossiers/_many_plan.html", "sure"): an_act_for_many,
    ("templates/dossiers/_act_form.html", "{{ form.sure }}"): a_final_act,
    ("templates/dossiers/split_one.html", "confirmed"): a_split_commune,
}
#: Asked where its answer is looked at: slips, printed once (test_roster).
ELSEWHERE = {("templates/dossiers/people_import.html", "sure")}
#: Boxes that choose something and answer no question.
CHOOSE = {
    ("dossiers/office/forms/stock.py", "skip_known"),
    ("dossiers/office/forms/year.py", "replan"),
    ("dossiers/office/forms/planned.py", "each"),
}
NAMES = "confirmed|sure|another|again|anyway|once_more|over|far"
_FIELD = re.compile(
    rf"\b(?:({NAMES})\b\"?[:\]]* *[:=] forms\.|(\w+)\"?(?::| =) forms\.BooleanField)"
)
_SENT = re.compile(rf'<(?:input|button)\b[^>]*name="({NAMES}|{{{{ (?:form\.sure|name) }}}})"')


def questions():
    """(file, name) of each yes that a form or a template of ours asks for, and of each box."""
    root, found = Path(settings.BASE_DIR), set()
    for app in ("cycle", "dossiers", "councils", "notifications"):
        for path in (root / app).rglob("*.py"):
            if "migrations" not in path.parts:
                for names in _FIELD.findall(path.read_text()):
                    found.add((str(path.relative_to(root)), names[0] or names[1]))
    for path in (root / "templates").rglob("*.html"):
        for name in _SENT.findall(path.read_text()):
            found.add((str(path.relative_to(root)), name))
    return found


def test_every_question_of_the_product_is_asked_here():
    """``{{ name }}`` sends along what a page showed (``was-…``), but on the page «once more»."""
    shows = {(file, name) for file, name in questions() if name == "{{ name }}"}
    asked = questions() - shows | {("templates/once_more.html", "{{ name }}")}
    assert asked == set(ASKS) | CHOOSE | ELSEWHERE


def said_yes(page, name):
    """What the page of ``answer`` sends as the yes."""
    (tag,) = re.findall(rf'<(?:input|button)\b[^>]*name="{name}"[^>]*>', page)
    return re.search(r'value="([^"]*)"', tag)[1]


#: Asked about what is still to be made, or of many rows at once: of no one row.
OF_NO_ROW = {
    a_double_opened,
    a_person_of_that_name,
    a_year_far_off,
    days_off,
    an_act_for_many,
    numbers_of_a_decision,
    numbers_put_right,
    missing_scans,
}


@pytest.mark.django_db
@pytest.mark.parametrize("ask", ASKS.values(), ids=lambda ask: ask.__name__)
def test_a_bare_tick_does_nothing_and_the_yes_of_the_page_does_it(ask, w, monkeypatch):
    who, address, typed, name, now = ask(w)
    browser = Client()
    browser.force_login(who)
    before = now()
    for bare in BARE:
        told = sent.fresh(typed) | sent.another(browser) | {name: bare}
        answer = browser.post(address, told)
        assert (answer.status_code, now()) == (200, before), bare
    seal, rows = shown.salted_hmac, set()

    def as_of(user, row):
        """Seal as if ``user`` were asked of ``row``, a number added to its own."""

        def sealing(salt, text, **more):
            whose, label, key, agreed = text[1:].split(", ", 3)
            rows.add((whose, label, key))
            if key != "None":
                key = str(int(key) + row)
            return seal(salt, f"({int(whose) + user}, {label}, {key}, {agreed}", **more)

        return sealing

    # Of another user; of another row. Of «once more» the yes is the key of what was sent before.
    kinds = [] if ask is the_same_once_more else [(1, 0)] if ask in OF_NO_ROW else [(1, 0), (0, 1)]
    for kind in kinds:
        with monkeypatch.context() as patched:
            patched.setattr(shown, "salted_hmac", as_of(*kind))
            told = sent.fresh(typed) | sent.another(browser)
            foreign = said_yes(browser.post(address, told).content.decode(), name)
        told = sent.fresh(typed) | sent.another(browser) | {name: foreign}
        answer = browser.post(address, told)
        assert (answer.status_code, now()) == (200, before), kind
    assert {whose for whose, _label, _key in rows} == ({str(who.pk)} if kinds else set())
    assert all((key == "None") == (ask in OF_NO_ROW) for _whose, _label, key in rows)
    yes = said_yes(answer.content.decode(), name)
    assert len(yes) >= 8 and yes not in BARE
    answer = browser.post(address, sent.fresh(typed) | sent.another(browser) | {name: yes})
    assert answer.status_code == 302
    assert now() != before

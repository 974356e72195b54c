"""Drafts: what is typed into a long form is there again, for whoever may do the act, until it is done."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from councils.models import Opinion
from cycle import clock
from cycle.models import Role, Substitution
from cycle.typed import KEPT_CHARACTERS
from dossiers import drafts
from dossiers.law.states import LIVE
from dossiers.models import Draft, OutreachEvent, PromotionEvent
from dossiers.models.draft import KEPT
from dossiers.walk import doors
from tests import judging, records, sendings
from tests.law_table import S
from tests.owning import update_as_owner
from tests.pages import Sent, shown
from tests.standing import stand
from tests.task_pages import address
from tests.walks import small
from tests.world import events, open_task, person

pytestmark = pytest.mark.django_db

w = sendings.w

WORDS = "Ong bạc hà nuôi dưới tán rừng già…"
FIELD = "register_idea-idea-description"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def save(user, at, form, version=0, scripted=True, **typed):
    """What a page sends to keep ``typed`` as a draft."""
    data = {"draft": "save", "draft_form": form, "draft_version": version} | typed
    return signed_in(user).post(at, data, headers={"HX-Request": "true"} if scripted else {})


def ask(user, at, form, what):
    return signed_in(user).post(at, {"draft": what, "draft_form": form})


def page(user, at):
    """(what a browser would send of the page's forms, its words)."""
    answer = signed_in(user).get(at)
    assert answer.status_code == 200
    text = answer.content.decode()
    return Sent(text).data, shown(text)


def typed_into(form):
    """Something for each field of an act's form, as it may be typed half-way; no file."""
    found = {}
    for part in form.parts:
        for n, bound in enumerate(part):
            field, widget = bound.field, bound.field.widget
            if isinstance(field, forms.FileField):
                continue
            if isinstance(widget, forms.CheckboxInput):
                found[bound.html_name] = ["on"]
            elif hasattr(field, "choices"):
                choices = [
                    str(inner[0]) if isinstance(inner, list | tuple) else str(key)
                    for key, label in field.choices
                    for inner in (label if isinstance(label, list | tuple) else [key])
                ]
                if choices:
                    found[bound.html_name] = choices[-1:]
            elif not bound.is_hidden:
                found[bound.html_name] = [f"3{n}/13, «dở» <b> & 1,x"]
    return found


@pytest.mark.walk
def test_every_form_of_every_task_shows_again_what_was_typed_until_the_task_ends(dossier):
    """No field of any act of a task loses what is in it, right or wrong."""
    some = [
        S.POTENTIAL, S.IDEA_SCREENED, S.IDEA_SELECTED, S.IMPLEMENTING, S.ASSEMBLING,
        S.DOSSIER_SUBMITTED, S.PROVINCE_EVALUATING, S.AWAITING_DECISION,
    ]  # fmt: skip
    wrong = []
    states = [state for state in S if state in LIVE]
    for n, state in enumerate(small(states, some)):
        dossier = stand(dossier, state)
        assert not Draft.objects.exists(), f"before {state}"
        task = open_task(dossier)
        if task is None:
            continue
        doer = person(f"nguoi_{n}", f"Người Làm {n}", (task.role, task.org_unit))
        context = signed_in(doer).get(address(task)).context
        offered = [form for form in (context["first"], *context["others"]) if form]
        for form in offered:
            typed = typed_into(form)
            answer = save(doer, address(task), form.name, **typed)
            assert answer.headers["Draft"] == "saved", form.name
            sent, _words = page(doer, address(task))
            wrong += [
                f"{state} {name}: {value} -> {sent.get(name)}"
                for name, value in typed.items()
                if sent.get(name) != value
            ]
    assert wrong == []


def test_the_draft_goes_with_the_act(dossier, an):
    at = address(open_task(dossier))
    save(an, at, "register_idea", **{FIELD: WORDS})
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    assert not Draft.objects.exists()
    # A page that was left open saves nothing for what is done.
    answer = save(an, at, "register_idea", 1, **{FIELD: WORDS})
    assert answer.headers["Draft"] == "refused"
    # On the page itself, which keeps what was typed: nothing else is shown in its place.
    assert (
        "đã xong hoặc đã đổi" in answer.content.decode() and "<form" not in answer.content.decode()
    )
    assert not Draft.objects.exists()


def test_what_was_refused_is_kept_and_said_with_its_time_and_thrown_away_on_request(dossier, an):
    at = address(open_task(dossier))
    data = {"act": "register_idea", FIELD: WORDS, "register_idea-idea-filed_on": "31/02/2026"}
    assert signed_in(an).post(at, data).status_code == 200
    kept = Draft.objects.get()
    sent, words = page(an, at)
    assert (sent[FIELD], sent["register_idea-idea-filed_on"]) == ([WORDS], ["31/02/2026"])
    assert "Nháp của bạn lưu lúc" in words and "người khác đã ghi thêm" not in words
    assert sorted(kept.content) == [FIELD, "register_idea-idea-filed_on"]

    doors.act(dossier.process, "attach_evidence", by=an, record=records.paper("registration_form"))
    assert "người khác đã ghi thêm" not in page(an, at)[1]
    another = person("ban_dong_nghiep", "Lò Văn Bạn", (Role.OFFICER, dossier.commune))
    doors.act(
        dossier.process, "attach_evidence", by=another, record=records.paper("registration_form")
    )
    assert "người khác đã ghi thêm vào hồ sơ" in page(an, at)[1]

    assert ask(an, at, "register_idea", "drop").status_code == 302
    assert not Draft.objects.exists()
    assert page(an, at)[0][FIELD] == [""]


def test_an_older_page_does_not_overwrite_a_newer_draft_without_a_word(dossier, an):
    at = address(open_task(dossier))
    assert save(an, at, "register_idea", **{FIELD: "một"}).headers["Draft"] == "saved"
    answer = save(an, at, "register_idea", **{FIELD: "hai"})
    assert answer.headers["Draft"] == "refused"
    assert "Một trang khác đã lưu nháp mới hơn" in answer.content.decode()
    assert Draft.objects.get().content == {FIELD: ["một"]}
    # Told so, it may: the answer has the version that it would overwrite.
    assert 'name="draft_version" value="1"' in answer.content.decode()
    assert save(an, at, "register_idea", 1, **{FIELD: "hai"}).headers["Draft"] == "saved"
    # What was tried with an old version is on its page, the newer one in the draft.
    data = {"act": "register_idea", "draft_version": 1, FIELD: "ba"}
    answer = signed_in(an).post(at, data | {"register_idea-idea-filed_on": "x"})
    assert "Một trang khác đã lưu nháp mới hơn" in shown(answer.content.decode())
    assert Sent(answer.content.decode()).data["draft_version"][0] == "1"
    assert Draft.objects.get().content == {FIELD: ["hai"]}
    # Thrown away elsewhere: it does not come back by itself.
    ask(an, at, "register_idea", "drop")
    assert save(an, at, "register_idea", 2, **{FIELD: "bốn"}).headers["Draft"] == "refused"
    assert not Draft.objects.exists()


def test_only_who_may_do_the_task_saves_or_reads_a_draft(dossier, an, la, kiem):
    at = address(open_task(dossier))
    save(an, at, "register_idea", **{FIELD: WORDS})
    draft = Draft.objects.get()
    for user, told in ((la, 404), (kiem, 403)):
        for what in ("save", "drop", f"take-{draft.pk}"):
            assert ask(user, at, "register_idea", what).status_code == told
    answer = save(kiem, at, "register_idea", **{FIELD: "khác"})
    assert answer.headers["Draft"] == "refused" and WORDS not in answer.content.decode()
    assert WORDS not in signed_in(kiem).get(at).content.decode()
    # A task that is nobody's yet: a colleague has their own draft, and does not read this one.
    colleague = person("ban_dong_nghiep", "Lò Văn Bạn", (Role.OFFICER, dossier.commune))
    assert WORDS not in signed_in(colleague).get(at).content.decode()
    assert ask(colleague, at, "register_idea", f"take-{draft.pk}").status_code == 404
    assert ask(an, at, "no_such_act", "save").status_code == 200
    assert list(Draft.objects.all()) == [draft]


def test_the_draft_of_who_types_what_was_signed_is_not_offered_to_who_signs(dossier, minh, son):
    dossier = stand(dossier, S.AWAITING_DECISION)
    at = address(open_task(dossier))
    save(minh, at, "certify", **{"certify-paper-number": "12/QĐ-UBND"})
    draft = Draft.objects.get()
    assert "Nháp của" not in page(son, at)[1]
    assert ask(son, at, "certify", f"take-{draft.pk}").status_code == 404
    assert Draft.objects.get().by == minh


def test_who_gets_the_task_is_offered_the_draft_of_who_had_it(dossier, an, chi):
    task = open_task(dossier)
    at = address(task)
    colleague = person("ban_dong_nghiep", "Lò Văn Bạn", (Role.OFFICER, dossier.commune))
    save(an, at, "register_idea", **{FIELD: WORDS})
    doors.reassign(task, to=colleague, by=chi, reason="Nghỉ phép")
    sent, words = page(colleague, at)
    assert sent[FIELD] == [""]
    assert "Nháp của Lò Thị An lúc" in words
    draft = Draft.objects.get()
    assert ask(colleague, at, "register_idea", f"take-{draft.pk}").status_code == 302
    assert page(colleague, at)[0][FIELD] == [WORDS]
    assert Draft.objects.get().by == colleague
    # Who had it reads it no more, nor when the post is over.
    assert WORDS not in signed_in(an).get(at).content.decode()
    update_as_owner(an.role_assignments.all(), valid_to=clock.today() - timedelta(days=1))
    assert ask(an, at, "register_idea", "save").status_code == 404


def test_who_stands_in_is_offered_the_draft_and_the_holder_keeps_it(dossier, an, chi):
    task = open_task(dossier)
    at = address(task)
    mai = person("mai", "Lò Thị Mai")
    Substitution.objects.create(
        assignment=an.role_assignments.get(org_unit=task.org_unit), substitute=mai,
        valid_from=clock.today(), valid_to=clock.today() + timedelta(days=3), reason="Nghỉ phép",
        created_by=chi,
    )  # fmt: skip
    save(an, at, "register_idea", **{FIELD: WORDS})
    assert "Nháp của Lò Thị An lúc" in page(mai, at)[1]
    ask(mai, at, "register_idea", f"take-{Draft.objects.get().pk}")
    for user in (an, mai):
        assert page(user, at)[0][FIELD] == [WORDS]


def test_what_is_no_draft_is_refused_in_words_or_left_out(dossier, an, monkeypatch):
    at = address(open_task(dossier))
    typed = {FIELD: "có \x00 ở giữa", "register_idea-sure": "x", "password": "bí mật", "act": "x"}
    save(an, at, "register_idea", csrfmiddlewaretoken="t", **typed)
    assert Draft.objects.get().content == {FIELD: ["có  ở giữa"]}
    # Nothing invites to press what cannot help, and no newer draft becomes this page's to overwrite.
    save(an, at, "register_idea", 1, **{FIELD: "trang kia"})
    answer = save(an, at, "register_idea", 1, **{FIELD: "d" * KEPT_CHARACTERS})
    told = answer.content.decode()
    assert "Nội dung dài quá" in told and "nếu vẫn muốn lưu" not in told
    assert 'name="draft_version" value="1"' in told
    for version in ("", "x", "-1", "9" * 40):
        answer = save(an, at, "register_idea", version, **{FIELD: "khác"})
        assert answer.headers["Draft"] == "refused"
        assert "nếu vẫn muốn lưu" in answer.content.decode()
    monkeypatch.setattr(drafts, "MOST", 1)
    answer = save(an, reverse("dossiers:dossier_new"), "", product_name="Chẩm chéo")
    assert "quá nhiều nháp" in answer.content.decode()
    monkeypatch.undo()
    monkeypatch.setattr(drafts, "ROOM", 100)
    answer = save(an, at, "register_idea", 2, **{FIELD: "d" * 100})
    assert "quá nhiều nháp" in answer.content.decode()
    assert Draft.objects.get().version == 2
    monkeypatch.undo()
    # What says «draft» does no act beside it.
    support = reverse("dossiers:act", args=[dossier.pk, "withdraw"])
    sent = {"draft": "x", "act": "withdraw", "withdraw-reason-reason": "Thôi"}
    assert signed_in(an).post(support, sent).url == support
    assert events(dossier) == ["dossier.open"]


def test_without_a_script_the_button_saves_and_loses_nothing_either(dossier, an):
    at = address(open_task(dossier))
    client = signed_in(an)
    data = {"draft": "save", "draft_form": "register_idea", "draft_version": 0, FIELD: WORDS}
    answer = client.post(at, data, follow=True)
    assert "Đã lưu nháp lúc" in shown(answer.content.decode())
    assert Sent(answer.content.decode()).data[FIELD] == [WORDS]
    answer = client.post(at, data | {FIELD: "trang cũ"}, follow=True)
    assert "Một trang khác đã lưu nháp mới hơn" in shown(answer.content.decode())
    assert Draft.objects.get().content == {FIELD: [WORDS]}


def test_what_is_done_beside_a_task_loses_nothing_without_a_script_either(dossier, an):
    task = open_task(dossier)
    at, client = address(task), signed_in(an)
    blank = page(an, at)[0].items()
    data = {name: value for name, value in blank if name.startswith("register_idea")}
    data |= {"draft_form": "register_idea", "draft_version": 0, FIELD: WORDS}
    support = reverse("dossiers:act", args=[dossier.pk, "withdraw"])
    for asked, leads in (
        ({"draft": "then-withdraw"}, support), ({"draft": "then-history"}, f"{at}?tab=history"),
        ({"draft": "then-reassign"}, f"{at}?do=reassign#handling"), ({"act": "claim"}, at),
        ({"draft": "then-no_such_act"}, at),
    ):  # fmt: skip
        # What is empty is no draft.
        assert client.post(at, data | {FIELD: ""} | asked).url == leads
        assert not Draft.objects.exists()
        assert client.post(at, data | asked).url == leads
        assert page(an, at)[0][FIELD] == [WORDS]
        Draft.objects.all().delete()
    task.refresh_from_db()
    assert task.owner == an and 'form="act-of-task"' in client.get(at).content.decode()
    # What can be kept nowhere stays on the page.
    long = "d" * KEPT_CHARACTERS
    answer = client.post(at, data | {FIELD: long, "draft": "then-withdraw"})
    assert answer.status_code == 200 and long in answer.content.decode()
    assert "Nội dung dài quá" in shown(answer.content.decode())


def test_every_long_form_beside_the_tasks_keeps_its_draft(
    dossier, an, chi, minh, thu, province, cycle
):
    judging.regulate(province)
    council = judging.seat(province, thu)
    (judged,) = judging.before_council(cycle, dossier.commune, an, 1)
    entry = judging.begin(council, cycle, [judged], thu).entries.get()
    team = judging.judge(council, 6).user
    expert = person("y_te", "Quàng Thị Y", (Role.DEPARTMENT, province))
    asked = Opinion.ask(
        Opinion(entry=entry, to=expert, department="Sở Y tế", question="Đạt không?"), days=5, by=thu
    )
    dossier = stand(dossier, S.IMPLEMENTING)
    support = reverse("dossiers:act", args=[dossier.pk, "record_support"])
    name = "record_support-supportmeasure-provider"
    event, fair = (
        model.objects.create(
            org_unit=unit, cycle=cycle, held_on=clock.today(), title="Họp bản", attendance=9,
            recorded_by=an, **fields,
        )
        for model, unit, fields in (
            (OutreachEvent, dossier.commune, {"kind": "radio"}), (PromotionEvent, province, {}),
        )
    )  # fmt: skip
    batch_new = reverse("dossiers:cycle_batch_new", args=[cycle.pk])
    for user, at, field in (
        (an, reverse("dossiers:outreach"), "title"),
        (minh, reverse("dossiers:promotion"), "title"),
        (an, reverse("dossiers:outreach_one", args=[event.pk]), "reason"),
        (minh, reverse("dossiers:promotion_one", args=[fair.pk]), "reason"),
        (chi, reverse("dossiers:person_new"), "full_name"),
        (minh, reverse("dossiers:cycle_open"), "number"),
        (minh, batch_new, "name"),
        (thu, reverse("councils:regulation_new"), "number"),
        (thu, reverse("councils:round_new"), "name"),
        (an, support, name),
        (an, reverse("dossiers:dossier_new"), "product_name"),
        (minh, reverse("dossiers:stock_one"), "product"),
        (team, reverse("councils:appraisal", args=[entry.pk]), "findings"),
        (expert, reverse("councils:opinion", args=[asked.pk]), "text"),
    ):
        before = page(user, at)[0][field]
        assert save(user, at, "", **{field: WORDS}).headers["Draft"] == "saved"
        sent, words = page(user, at)
        assert sent[field] == [WORDS] and "Nháp của bạn lưu lúc" in words
        assert ask(user, at, "", "drop").status_code == 302
        assert page(user, at)[0][field] == before
        # What was refused is kept as well; what was recorded is not.
        refused = signed_in(user).post(at, {field: WORDS}).status_code == 200
        assert Draft.objects.filter(by=user).exists() is refused, at
    # Of what is done meanwhile the open page is told, and keeps what was typed.
    stand(dossier, S.WITHDRAWN)
    answered = reverse("councils:opinion", args=[asked.pk])
    report = reverse("councils:appraisal", args=[entry.pk])
    lost = (expert, answered), (an, support), (thu, report), (team, reverse("dossiers:dossier_new"))
    for user, late in lost:
        assert "đã xong hoặc đã đổi" in save(user, late, "").content.decode()


#: Of the forms that make something, those in which nothing is typed that a draft could keep.
NOTHING_TYPED = {"invite", "stock_list", "erasure", "missing_scans"}


def test_every_form_that_makes_something_shows_its_draft_and_forgets_it_once_recorded(w):
    wrong, without = [], set()
    for form in sendings.FORMS:
        name = form.__name__.strip("_")
        with transaction.atomic():
            who, at, typed, _made = form(w)
            # Where there is a preview it has kept what it showed.
            Draft.objects.all().delete()
            said = {
                key: [str(each) for each in (value if isinstance(value, list) else [value])]
                for key, value in typed.items()
                if isinstance(value, str | int | list) and key not in ("sure", "act")
                # The calendar's table is no form of the usual look.
                if not key.startswith("days-")
            }
            browser, token = sendings.page_of(who, at)
            asks = said | {"draft": "save", "draft_version": 0}
            looks = signed_in(w.kiem)
            offered = "data-draft" in looks.get(at).content.decode()
            looks.post(at, asks, headers={"HX-Request": "true"})
            if Draft.objects.filter(by=w.kiem).delete()[0] and not offered:
                wrong.append(f"{name}: kept for who only looks")
            if "data-draft" not in browser.get(at).content.decode():
                without.add(name)
            else:
                answer = browser.post(at, asks, headers={"HX-Request": "true"})
                shown_again = page(who, at)[0]
                wrong += [
                    f"{name} {key}: {value} -> {shown_again.get(key)}"
                    for key, value in said.items()
                    if shown_again.get(key) != value
                ]
                kept = Draft.objects.filter(by=who).count()
                sent = browser.post(at, sendings.fresh(typed) | token)
                left = Draft.objects.filter(by=who).count()
                if (answer.headers["Draft"], kept, sent.status_code, left) != ("saved", 1, 302, 0):
                    wrong.append(f"{name}: {answer.headers['Draft']} {kept} {sent} {left}")
            transaction.set_rollback(True)
    assert wrong == [] and without <= NOTHING_TYPED


#: Forms that keep no draft: why. What has a bar that stays in sight, or takes the fields of a form
#: as a whole, is a form that may be longer than a screen.
NO_DRAFT = {
    "account/activate.html": "of who is not signed in yet",
    "account/forgotten.html": "of who is not signed in yet",
    "account/new_password.html": "a secret",
    "councils/_sheet_interest.html": "two fields, on the sheet, which saves itself",
    "councils/paper_begin.html": "one choice and a day",
    "councils/templates.html": "a kind and a file",
    "dossiers/cycle_close.html": "a choice, a day and why",
    "dossiers/_stock_checked.html": "answers to questions about a list that the server has",
    "dossiers/_stock_columns.html": "which column is what, of a list that the server has",
    "dossiers/_stock_entered.html": "one reason",
    "dossiers/_stock_file.html": "a file and its paper; the list is kept from then on",
    "dossiers/calendar_preview.html": "nothing is typed",
    "dossiers/erase.html": "what is typed names whom nothing should name any more",
    "dossiers/people_import.html": "a file",
    "dossiers/split_one.html": "the yes; the form before it keeps one",
    "dossiers/task.html": "who has the task: a name and a reason; the acts keep theirs",
    "dossiers/scans.html": "files, and which paper each shows",
    "dossiers/setup_contact.html": "two fields",
    "dossiers/setup_split.html": "how one unit is followed, chosen",
    "dossiers/setup_units.html": "units are chosen, nothing is written",
    "dossiers/stock_list.html": "one kind",
    "dossiers/term_extend.html": "how many days, why, one document",
    "notifications/preferences.html": "boxes to tick",
}


def test_every_long_form_keeps_a_draft_or_says_why_not():
    pages, without = Path(settings.BASE_DIR, "templates"), set()
    for page in sorted(pages.rglob("*.html")):
        for form in re.findall(r"<form\b.*?</form>", page.read_text(encoding="utf-8"), re.DOTALL):
            whole = re.search(r"_parts?\.html|in form(\.rows)? %|_field\.html", form)
            long = whole or "sticky-acts" in form and "<input" in form.replace('type="hidden"', "")
            if 'method="post"' in form and long and "_draft_line.html" not in form:
                without.add(page.relative_to(pages).as_posix())
    assert without == set(NO_DRAFT)


def test_what_a_form_asks_for_only_once_it_was_sent_is_shown_again_too(dossier, minh):
    """The certificate of before, of a case that builds on one."""
    at = reverse("dossiers:dossier_new")
    typed = {"case_type": "upgrade", "given": "1", "given-number": "12/GCN"}
    save(minh, at, "", product_name="Chẩm chéo", **typed)
    sent = page(minh, at)[0]
    assert {name: sent.get(name) for name in typed} == {name: [it] for name, it in typed.items()}


def test_what_a_page_saves_by_itself_while_its_form_is_sent_goes_with_it(dossier, an):
    here = drafts.place(an, "withdraw", dossier)
    at = reverse("dossiers:act", args=[dossier.pk, "withdraw"])
    answer = save(an, at, "", **{"withdraw-reason-reason": WORDS})
    assert answer.headers["Draft"] == "saved"
    drafts.done(here)
    assert not Draft.objects.exists()


def test_old_drafts_are_forgotten_by_night(dossier, an):
    save(an, address(open_task(dossier)), "register_idea", **{FIELD: WORDS})
    now = clock.now()
    assert Draft.objects.forget_old(now + KEPT - timedelta(minutes=5)) == 0
    assert Draft.objects.forget_old(now + KEPT) == 1

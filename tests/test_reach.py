"""Papers reach whom they concern: whose product it is, once it is decided or notified, no sooner,
and nobody else.
"""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from councils.forms.papers import SignedDocumentForm
from councils.judging import closing
from councils.models import EvaluationRound, RoundEntry, SignedDocument
from councils.models.reach import papers_about
from cycle import clock
from cycle.models import Document, Role
from cycle.models.job import run_waiting
from cycle.papers import pdf, word
from dossiers.forms.acts import ActForm
from dossiers.forms.many import Candidate, ManyForm
from dossiers.law.conditions import ConditionNotMet, questions
from dossiers.models import ACTS, Certificate, Dossier, State
from dossiers.walk import batch, doors
from notifications.dispatch import dispatch
from notifications.letters import Lapsed, letter
from notifications.models import Delivery, Notification
from tests import judging, records
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate, worst
from tests.merging import unit
from tests.owning import save_as_owner, update_as_owner
from tests.pages import printed, shown
from tests.standing import stand
from tests.strokes import decision, rows_of, stood, stroke
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def round_(province, thu, cycle, commune, other_commune, an, la):
    """Closed: of Nà Tấu a product of four stars and one of five, of Mường Nhé one of none."""
    regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 2)
    dossiers += judging.before_council(cycle, other_commune, la, 1)
    made = begin(council, cycle, dossiers, thu)
    first, _second, third = made.entries.order_by("position")
    for entry in made.entries.all():
        for number in range(5):
            fill(entry, judge(council, number), *([worst] if entry == third else []))
    marked = first.rubric.criteria.filter(options__minimum_for=5).first()
    made.resolve(first, criterion=marked, stars=5, holds=False, reason="Chưa đạt", by=thu)
    judging.close(made, by=thu)
    run_waiting()
    return EvaluationRound.objects.get(pk=made.pk)


def record(round_, kind, number, by, **said_why):
    said = {"signed_on": clock.today(), "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch"}
    paper = SignedDocument(document=Document(number=number, **said))
    return SignedDocument.record(paper, round_, kind, by=by, **said_why)


def places(round_):
    """What of the round might be asked for, by name."""
    first, second, third = round_.entries.order_by("position").values_list("pk", flat=True)
    kinds = {
        kind: reverse("councils:document", args=[round_.pk, kind, "pdf"])
        for kind in ("decision", "notice", "minutes", "submission", "support_report")
    }
    return kinds | {
        "word": reverse("councils:document", args=[round_.pk, "notice", "docx"]),
        "version": kinds["notice"] + "?version=1",
        "outcome": reverse("councils:outcome", args=[round_.pk]),
        "first": reverse("councils:points", args=[first]),
        "second": reverse("councils:points", args=[second]),
        "third": reverse("councils:points", args=[third]),
        "round": reverse("councils:round", args=[round_.pk]),
        "results": reverse("councils:results", args=[round_.pk]),
        "documents": reverse("councils:documents", args=[round_.pk]),
        "sheets": reverse("councils:all_sheets", args=[first]),
    }


def opened(user, round_):
    """The names of what opens for ``user``."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return {name for name, path in places(round_).items() if client.get(path).status_code == 200}


def get(user, name, round_):
    client = Client()
    client.force_login(user)
    return client.get(places(round_)[name])


OWN = {"outcome", "first", "second"}
ALL = {"outcome", "first", "second", "third"}


def test_what_reaches_whom_and_when(round_, cast, province, commune, monkeypatch):
    monkeypatch.setattr(pdf, "pdf", lambda *_said: b"%PDF")
    monkeypatch.setattr(word, "docx", lambda *_said: b"PK")
    thu = cast["thu"]
    clerk = person("van_thu_xa", "Lý Văn Thư", (Role.CLERK, commune))
    commune_people = [cast["an"], cast["chi"], clerk]
    strangers = [cast["binh"], None]
    everybody = [cast["an"], *strangers, cast["la"]]
    # Nothing before a paper with a number.
    for user in everybody:
        assert opened(user, round_) == set(), user
    council_sees = {"round", "results", "documents", "sheets"}
    council_sees |= {"decision", "notice", "word", "version", "minutes", "submission"}
    assert opened(cast["kiem"], round_) == council_sees
    record(round_, "minutes", "1/BB-HĐ", thu)
    record(round_, "submission", "2/TTr-UBND", thu)
    assert opened(cast["an"], round_) == set()
    # The decision reaches whose product it names.
    record(round_, "decision", "3/QĐ-UBND", thu)
    assert opened(cast["chi"], round_) == {"outcome", "first", "decision"}
    assert opened(cast["la"], round_) == set()
    # The notice all of whom it tells, whatever the result.
    record(round_, "notice", "4/TB-UBND", thu)
    for user in commune_people:
        assert opened(user, round_) == OWN | {"decision", "notice"}, user
    assert opened(cast["la"], round_) == {"outcome", "third", "notice"}
    for user in strangers:
        assert opened(user, round_) == set(), user
    assert opened(cast["kiem"], round_) == council_sees | ALL
    # Who has the commune's business since it was taken over.
    commune.valid_to = clock.today() - timedelta(days=1)
    save_as_owner(commune)
    heir = unit("09999", province, clock.today())
    commune.successors.set([heir])
    new = person("nam", "Lò Văn Năm", (Role.LEADER, heir))
    assert opened(new, round_) == OWN | {"decision", "notice"}
    # Of a closing that was opened again nothing stands.
    closing.reopen(
        round_, by=thu, reason="Sót", document=judging.paper("9/QĐ-UBND ngày 01/11/2026")
    )
    assert opened(cast["an"], round_) == opened(new, round_) == set()


def test_a_commune_reads_of_its_own_products_alone_and_of_no_single_sheet(
    round_, an, la, thu, django_assert_num_queries
):
    record(round_, "decision", "3/QĐ-UBND", thu)
    record(round_, "notice", "4/TB-UBND", thu)
    third = round_.entries.order_by("position").last()
    places_of = places(round_)
    notice = printed(get(an, "notice", round_).content)
    assert "Bản trích từ phần mềm" in notice and "04/TB-UBND" in notice
    assert "Mật ong rừng 2" in notice and "xã Nà Tấu" in notice and "Mường Nhé" not in notice
    assert "Mường Nhé" in printed(get(la, "notice", round_).content)
    # As it stands, for who sees the round.
    assert "Bản trích" not in printed(get(thu, "notice", round_).content)
    page = shown(get(an, "outcome", round_).text)
    assert "3/QĐ-UBND" in page and "Mường Nhé" not in page
    assert "4 sao" in page and "5 sao" in page
    # As often for one product as for two; twice more where a minimum was missed: to name it,
    # and whether it was sent up all the same.
    for user, queries in ((la, 7), (an, 9)):
        client = Client()
        client.force_login(user)
        with django_assert_num_queries(queries):
            client.get(places_of["outcome"])
    page = get(an, "first", round_)
    said = shown(page.text)
    assert "bình quân của mọi phiếu" in said and len(page.context["rows"]) > 20
    for member in round_.council.members.select_related("user"):
        assert str(member.user) not in said
    assert get(an, "third", round_).status_code == 404
    # One sheet is a member's, and of two whoever scored knows the other: neither shows criteria.
    for sheets in (1, 2):
        update_as_owner(third.results.all(), sheets=sheets, points_sum="5")
        page = get(la, "third", round_)
        assert page.context["rows"] == [] and "ít hơn ba phiếu" in shown(page.text)


def test_a_decision_on_the_dossier_alone_reaches_too(round_, an, minh, la):
    entry = round_.entries.order_by("position").last()
    dossier = entry.dossier
    assert opened(la, round_) == set()
    doors.complete(
        open_task(dossier), "not_recognise", by=minh, reason="Chưa đạt 3 sao",
        paper=records.signed_paper(),
    )  # fmt: skip
    assert opened(la, round_) == {"outcome", "third"}
    assert opened(an, round_) == set()


def proposed(round_, minh):
    """The product of four stars, before its decision."""
    dossier = round_.entries.order_by("position").first().dossier
    paper = records.signed_paper(number="8/TTr-UBND")
    doors.complete(open_task(dossier), "propose_recognition", by=minh, paper=paper)
    return Dossier.objects.with_units().get(pk=dossier.pk)


def of_certify(dossier, by, **shown):
    """The part of the form that asks for the decision."""
    return ActForm("certify", dossier, by, task=open_task(dossier), **shown).parts[-1]


def test_what_the_round_recorded_of_a_decision_is_not_typed_again_for_its_products(
    round_, minh, thu, son
):
    dossier = proposed(round_, minh)
    assert of_certify(dossier, son)["number"].value() is None
    record(round_, "minutes", "2/BB-HĐ", thu, shown=None)
    assert of_certify(dossier, son)["number"].value() is None
    record(round_, "decision", "3/QĐ-UBND", thu)
    asked = of_certify(dossier, son)
    said = {name: asked[name].value() for name in asked.Meta.fields}
    assert said == {
        "number": "3/QĐ-UBND", "signed_on": clock.today(), "signer": "Trần Công Sơn",
        "signer_capacity": "Chủ tịch",
    }  # fmt: skip
    # It is said however the page came to be shown: new, with a draft, or after what was refused.
    begins, other = "Đã ghi ở văn bản của đợt", "Đợt đã ghi văn bản 3/QĐ-UBND"
    for number, fills, says in (
        ("", "3/QĐ-UBND", begins), ("3/qđ-ubnd", "3/qđ-ubnd", begins), ("4/QĐ", "4/QĐ", other)
    ):  # fmt: skip
        typed = QueryDict(urlencode({"certify-paper-number": number, "certify-note-reason": "x"}))
        drafted = of_certify(dossier, son, typed=typed)
        assert drafted["number"].value() == fills
        assert str(drafted.about).startswith(says), drafted.about
        sent = of_certify(dossier, son, data=typed)
        assert str(sent.about).startswith(says if number else other), sent.about
    # The centre's result is not what that decision tells of.
    update_as_owner(dossier.evaluations, level="centre")
    assert of_certify(dossier, son)["number"].value() is None
    assert not of_certify(dossier, son).about


def test_a_decision_of_a_round_is_asked_about_where_the_round_did_not_judge_the_product(
    round_, minh, thu, son, cycle, commune, an
):
    """Of its own products nothing is asked; the others begin unticked in the form for many."""
    dossier = proposed(round_, minh)
    (other,) = stood(cycle, commune, an, State.AWAITING_DECISION, 1)
    record(round_, "minutes", "2/BB-HĐ", thu, shown=None)
    record(round_, "decision", "3/QĐ-UBND", thu)
    paper = records.signed_paper(number="3/QĐ-UBND")
    assert questions(dossier, "certify", [], paper) == []
    assert questions(other, "certify", [], records.signed_paper()) == []
    # Nor of what was in the round and left it without a result.
    first = round_.entries.first()
    left = RoundEntry(round=round_, dossier=other, rubric=first.rubric, position=9, live=False)
    for _ in range(2):
        (asked,) = questions(other, "certify", [], paper)
        assert "trong đó không có sản phẩm này" in asked
        left.pk or save_as_owner(left)
    both = [(each, open_task(each)) for each in (dossier, other)]
    for picked, ticked in ((False, [True, False]), (True, [True, True])):
        form = ManyForm("certify", son, [Candidate(*each, picked=picked) for each in both])
        assert [row.form.chosen for row in form.rows] == ticked


def test_what_an_act_recorded_of_a_decision_is_not_typed_again_for_the_round(
    round_, minh, thu, son
):
    def asked(kind, data=None):
        return SignedDocumentForm(data, round_=round_, kind=kind, by=thu)

    dossier = proposed(round_, minh)
    assert asked("decision")["number"].value() is None
    doors.complete(
        open_task(dossier), "certify", by=son, paper=records.signed_paper(number="3/QĐ-UBND"),
        record=records.certificate(),
    )  # fmt: skip
    assert asked("notice")["number"].value() is None
    form = asked("decision")
    typed = {name: form[name].value() for name in ("seen", *form.Meta.fields)}
    assert typed["number"] == "3/QĐ-UBND"
    typed["signed_on"] = f"{typed['signed_on']:%d/%m/%Y}"
    form = asked("decision", typed)
    assert form.is_valid(), form.errors
    signed = form.do()
    assert signed.document == Certificate.objects.get(dossier=dossier).decision.document


def test_a_commune_gets_one_letter_that_names_its_products_and_leads_to_them(
    round_, an, chi, la, thu
):
    record(round_, "minutes", "1/BB-HĐ", thu)
    record(round_, "decision", "3/QĐ-UBND", thu)
    record(round_, "notice", "4/TB-UBND", thu)
    while dispatch():
        pass
    told = Notification.objects.filter(entry__event="round.record_document")
    kinds = set(told.values_list("recipient__username", "entry__data__kind"))
    assert kinds == {
        ("an", "decision"), ("chi", "decision"),
        ("an", "notice"), ("chi", "notice"), ("la", "notice"),
    }  # fmt: skip
    its = told.select_related("entry", "recipient").get(recipient=chi, entry__data__kind="notice")
    said = letter(Delivery(notification=its))
    assert said.subject == "Có thông báo kết quả: 4/TB-UBND"
    assert "Sản phẩm: Mật ong rừng 1; Mật ong rừng 2." in said.body
    assert f"http://127.0.0.1:8000/rounds/{round_.pk}/outcome/" in said.body
    client = Client()
    client.force_login(chi)
    page = client.get(reverse("notifications:notification", args=[its.pk]))
    assert page.url == reverse("councils:outcome", args=[round_.pk])
    assert "Đề nghị chuyển kết quả cho chủ thể." in said.body
    # Recorded a second time it says that it corrects what was told.
    record(round_, "notice", "5/TB-UBND", thu, reason="Gõ sai số")
    while dispatch():
        pass
    again = told.select_related("entry", "recipient").filter(recipient=chi).latest("pk")
    said = letter(Delivery(notification=again))
    assert said.subject == "Đính chính thông báo kết quả: 5/TB-UBND"
    today = f"{clock.today():%d/%m/%Y}"
    assert f"thông báo kết quả số 4/TB-UBND ngày {today} đã báo trước đây" in said.body
    assert f"Văn bản đúng: số 5/TB-UBND ngày {today}" in said.body
    # Of results that stand no more nothing is sent.
    closing.reopen(
        round_, by=thu, reason="Sót", document=judging.paper("9/QĐ-UBND ngày 01/11/2026")
    )
    with pytest.raises(Lapsed):
        letter(Delivery(notification=its))


def test_the_dossier_lists_every_paper_about_it_that_its_reader_may_read(
    round_, an, la, thu, minh, son
):
    first, second, third = round_.entries.order_by("position").select_related("dossier")
    for kind, number in (
        ("minutes", "1/BB-HĐ"), ("submission", "2/TTr-UBND"), ("decision", "3/QĐ-UBND"),
        ("notice", "4/TB-UBND"),
    ):  # fmt: skip
        record(round_, kind, number, thu)

    def rows(user, dossier):
        papers = dossier.officialdocuments.select_related("document", "scan").order_by("-pk")
        found = papers_about(dossier, user, papers)
        return {row.paper.number if row.paper else row.what for row in found}

    reached = {"3/QĐ-UBND", "4/TB-UBND", "Kết quả đợt"}
    assert rows(an, first.dossier) == reached
    assert rows(minh, first.dossier) == reached | {"1/BB-HĐ", "2/TTr-UBND"}
    # The decision names neither what the ministry certifies nor what is not recognised.
    assert rows(an, second.dossier) == {"4/TB-UBND", "Kết quả đợt"}
    assert rows(minh, second.dossier) == {"1/BB-HĐ", "2/TTr-UBND", "4/TB-UBND", "Kết quả đợt"}
    assert rows(la, third.dossier) == {"4/TB-UBND", "Kết quả đợt"}
    assert rows(minh, third.dossier) == {"1/BB-HĐ", "4/TB-UBND", "Kết quả đợt"}
    # The paper of an act that is the round's decision stands once, with what its acts leave there.
    dossier = Dossier.objects.get(pk=first.dossier_id)
    doors.complete(open_task(dossier), "propose_recognition", by=minh, paper=records.signed_paper())
    dossier = Dossier.objects.get(pk=dossier.pk)
    doors.complete(
        open_task(dossier), "certify", by=son, record=records.certificate(number="12/GCN"),
        paper=records.signed_paper(number="3/QĐ-UBND"),
    )  # fmt: skip
    client = Client()
    for user in (an, minh):
        client.force_login(user)
        page = client.get(reverse("dossiers:dossier", args=[dossier.pk]))
        papers = page.text.partition('id="documents"')[2].partition("</section>")[0]
        assert papers.count(">3/QĐ-UBND</a>") == 1 and "12/GCN" in papers
        named = places(round_)
        for name in ("decision", "notice", "outcome", "first"):
            assert f'href="{named[name]}"' in papers, name
        assert (f'href="{named["minutes"]}"' in papers) == (user == minh)
        assert reverse("councils:dossier_certificate", args=[dossier.pk, "pdf"]) in papers
    # Taken back, it is not printed, and nobody reads that there was none.
    stand(dossier, "revoked")
    for user, page in ((an, "outcome"), (minh, "documents")):
        said = get(user, page, round_).text
        assert "Đã thu hồi" in said, page
        assert reverse("councils:dossier_certificate", args=[dossier.pk, "pdf"]) not in said


def test_what_the_ministry_told_is_passed_on_to_the_commune(dossier, an, chi, la, minh):
    stand(dossier, "certified", stars=5)
    passed = {act.name for act in ACTS.values() if act.from_ministry}
    assert passed == {"record_centre_result", "order_evaluation", "withdraw_decision"}
    doors.act(
        dossier.process, "order_evaluation", by=minh, reason="Phản ánh",
        paper=records.ministry_paper(),
    )  # fmt: skip
    while dispatch():
        pass
    told = Notification.objects.filter(entry__event="dossier.order_evaluation")
    assert set(told.values_list("recipient__username", flat=True)) == {"an", "chi"}
    said = letter(
        Delivery(notification=told.select_related("entry", "recipient").get(recipient=chi))
    )
    assert f"http://127.0.0.1:8000/dossiers/{dossier.pk}/" in said.body


def test_a_notice_of_what_no_round_judged_reaches_each_once_and_is_given_once(
    round_, cycle, commune, an, chi, minh, son, settings
):
    settings.EMAIL_HOST = "mail.example.vn"
    for user in (an, chi):
        user.email = f"{user.username}@example.vn"
        save_as_owner(user)
    two = stood(cycle, commune, an, "not_recognised", 2)
    rows = rows_of(two, by_task=False)
    batch.ask(stroke("notify_result", minh, rows, decision(number="9/TB-UBND")), rows)
    run_waiting()
    while dispatch():
        pass
    told = Delivery.objects.filter(notification__entry__event="dossier.notify_result")
    sent = {each.notification.recipient: letter(each).body for each in told}
    assert set(sent) == {an, chi} and told.count() == 2
    for dossier in two:
        assert f"/dossiers/{dossier.pk}/" in sent[chi]
    assert "đã thông báo bằng văn bản kết quả" in sent[chi]
    # Nothing is notified twice, nor here what its round tells.
    judged = stand(round_.entries.order_by("position").last().dossier, "not_recognised")
    for dossier, words in ((two[0], "đã thông báo"), (judged, "của một đợt đánh giá")):
        with pytest.raises(ConditionNotMet, match=words):
            doors.act(dossier.process, "notify_result", by=minh, paper=records.signed_paper())
    # What is decided anew is told anew.
    doors.act(two[1].process, "reopen", by=an, reason="Làm tiếp")
    again = stand(two[1], "awaiting_decision")
    doors.complete(
        open_task(again), "not_recognise", by=son, paper=records.signed_paper(), reason="Thiếu"
    )
    doors.act(again.process, "notify_result", by=minh, paper=records.signed_paper())

"""A document that was typed wrong: corrected from the dossier's page, in all that rests on it."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from cycle import clock, documents
from cycle.letters import fold_number
from cycle.models import Batch, Document, HistoryEntry, Role
from cycle.models.job import run_waiting
from dossiers.models import ConditionNotMet, Dossier, OfficialDocument, State
from dossiers.office import year as years
from dossiers.terms.sweep import sweep
from dossiers.walk import batch, doors, papers, scans
from notifications import audiences
from tests import records
from tests.breaking import refused as by_the_database
from tests.filing_anew import at
from tests.standing import sent_up, stand
from tests.stored import staged
from tests.strokes import rows_of, stroke
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

S = State
TYPED = at(2026, 5, 5, 10)


@pytest.fixture
def batches(cycle):
    made = years.law_batches(cycle)
    Batch.objects.bulk_create(made)
    return made


@pytest.fixture
def gone_up(cycle, commune, an, chi):
    """Makes a dossier that its commune sent up on 5/5 by a request that was typed as of that day."""

    def make(name="Mật ong", by=chi, **paper):
        with clock.at(at(2026, 4, 1)):
            dossier = open_dossier(cycle, commune, an, name=name)
            dossier = stand(dossier, S.COMMUNE_CHECKED, stars=None, points_sum=None, sheets=None)
        with clock.at(TYPED):
            sent_up(dossier, by, **paper)
        return Dossier.objects.get(pk=dossier.pk)

    return make


def d3(dossier):
    return dossier.terms.live().filter(code="D3").first()


def right(dossier, by, reason="Gõ nhầm", **became):
    paper = dossier.officialdocuments.order_by("-pk").first()
    return papers.correct(paper, by=by, reason=reason, **became)


def test_what_is_recorded_happened_behind_the_locks_that_it_waited_for(
    cycle, commune, an, chi, gone_up, monkeypatch
):
    """Whatever door: else what another did while it waited would lie after it."""
    ticks, locked, real = count(1), [], clock.now

    def now():
        return real() if clock._moment.get() else START + timedelta(seconds=next(ticks))

    def watch(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        # The walk of a dossier is what every door waits at first.
        if re.search(r'FROM "dossiers_process".* FOR (NO KEY )?UPDATE', sql):
            locked.append(now())
        return result

    dossier = open_dossier(cycle, commune, an)
    wrong, scanned = gone_up(), gone_up("Chè", number="62/TTr-UBND")
    a_scan = staged(b"%PDF-1.7 khac obj %%EOF")
    of_many = rows_of([open_dossier(cycle, commune, an, name="Nếp")], reason="Thôi", paper=False,
                      by_task=False)  # fmt: skip
    batch.ask(stroke("withdraw", an, of_many), of_many)
    START = real()  # noqa: N806  (the first moment of the counted clock)
    monkeypatch.setattr(clock, "now", now)
    for do in (
        lambda: doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea()),
        lambda: doors.act(dossier.process, "withdraw", by=an, reason="Thôi"),
        lambda: right(wrong, chi, number="63/TTr-UBND"),
        run_waiting,
        lambda: scans.attach([(a_scan, scanned.officialdocuments.get().document)], by=chi),
    ):
        locked.clear()
        last = HistoryEntry.objects.latest("pk").pk
        with connection.execute_wrapper(watch):
            do()
        entries = HistoryEntry.objects.filter(pk__gt=last, stream="dossier")
        assert locked and entries
        assert all(entry.at > max(locked) for entry in entries), [each.event for each in entries]


def corrections(dossier):
    return dossier.history.filter(event=papers.EVENT)


def test_the_day_of_the_request_is_corrected_and_its_batch_and_clock_follow(
    batches, gone_up, chi, commune
):
    """Typed 5/5 for 29/4: of batch 1 again; and back."""
    first, second = gone_up(), gone_up("Chè")
    assert [each.batch().number for each in (first, second)] == [2, 2]
    (document,) = Document.objects.all()
    with clock.at(at(2026, 5, 6)):
        new = right(first, chi, signed_on=date(2026, 4, 29))
    assert new.replaces == document and new.number == document.number
    for dossier in (first, second):
        assert (dossier.batch().number, d3(dossier).due_on) == (1, date(2026, 6, 29))
        assert dossier.officialdocuments.get().signed_on == date(2026, 4, 29)
        assert list(years.dossiers_of(batches[0], Dossier.objects.filter(pk=dossier.pk)))
        entry = corrections(dossier).get()
        assert (entry.reason, entry.actor, entry.role) == ("Gõ nhầm", chi, Role.LEADER)
        assert entry.data["changed"] == {"signed_on": ["2026-05-05", "2026-04-29"]}
        assert entry.ledger == new.pk
        assert Dossier.objects.get(pk=dossier.pk).state == S.AT_PROVINCE
    with clock.at(at(2026, 5, 7)):
        right(second, chi, signed_on=date(2026, 5, 5))
    for dossier in (first, second):
        assert (dossier.batch().number, d3(dossier).due_on) == (2, date(2026, 12, 29))
    assert Document.objects.standing().count() == 1 and Document.objects.count() == 3


def test_who_was_told_that_it_is_late_by_the_wrong_day_hears_that_it_is_not(
    batches, gone_up, chi, minh
):
    dossier = gone_up(signed_on=date(2026, 4, 20))
    term = d3(dossier)
    with clock.at(at(2026, 6, 30, 1)):
        sweep()
        assert HistoryEntry.objects.filter(event="term.overdue", data__term=term.pk).exists()
        right(dossier, chi, signed_on=date(2026, 5, 5))
        entry = dossier.history.get(event="term.of_batch")
        assert (entry.data["before"], entry.data["after"]) == ("2026-06-29", "2026-12-29")
        assert d3(dossier).pk == term.pk


def test_who_works_on_a_dossier_is_told(batches, gone_up, chi, an, minh):
    dossier = gone_up()
    with clock.at(at(2026, 5, 6)):
        right(dossier, chi, signed_on=date(2026, 4, 29))
    told = audiences.of(corrections(dossier).get())
    assert {an.pk, minh.pk} <= told and chi.pk not in told


# --- Who ------------------------------------------------------------------------------------------


def test_who_may_do_the_act_today_corrects_its_paper_and_nobody_else(
    gone_up, chi, an, minh, la, son, commune, other_commune
):
    paper = gone_up().officialdocuments.get()
    clerk = person("vt", "Lò Văn Thư", (Role.CLERK, commune))
    there = person("lx", "Giàng A Páo", (Role.LEADER, other_commune))
    reads = person("ktv", "Lò Văn Đọc", (Role.AUDITOR, commune.at_level("province")))
    for user, may in (
        (chi, True), (an, True), (clerk, True), (minh, False), (son, False), (la, False),
        (there, False), (reads, False),
    ):  # fmt: skip
        assert bool(papers.may_correct(user, [paper])) is may, user
        client = Client()
        client.force_login(user)
        page = client.get(reverse("dossiers:paper_correct", args=[paper.pk]))
        sees = Dossier.objects.visible_to(user).filter(pk=paper.dossier_id).exists()
        assert page.status_code == (200 if may else 403 if sees else 404), user
        if sees:
            page = client.get(reverse("dossiers:dossier", args=[paper.dossier_id]))
            link = reverse("dossiers:paper_correct", args=[paper.pk])
            assert (link in page.content.decode()) is may, user
        if not may:
            with pytest.raises(PermissionDenied), transaction.atomic():
                right(paper.dossier, user, number="16/TTr-UBND")


def test_the_office_that_decided_corrects_its_decision(cycle, commune, an, chi, son, minh):
    dossier = stand(open_dossier(cycle, commune, an), S.AWAITING_DECISION)
    doors.complete(
        open_task(dossier), "certify", by=son, paper=records.signed_paper(),
        record=records.certificate(),
    )  # fmt: skip
    with pytest.raises(PermissionDenied), transaction.atomic():
        right(dossier, chi, number="813/QĐ-UBND")
    given = dossier.certificates.get()
    before = {field.attname: getattr(given, field.attname) for field in given._meta.fields}
    right(dossier, son, number="813/QĐ-UBND")
    given = dossier.certificates.get()
    assert before == {field.attname: getattr(given, field.attname) for field in given._meta.fields}
    assert given.decision.number == "813/QĐ-UBND"
    # The page says what goes on as it was printed.
    client = Client()
    client.force_login(son)
    page = client.get(reverse("dossiers:paper_correct", args=[given.decision_id])).content.decode()
    assert f"Giấy chứng nhận {given.number}" in page and "giữ nguyên" in page
    later = given.issued_on + timedelta(days=1)
    assert later > clock.today()
    with pytest.raises(ValidationError) as error, transaction.atomic():
        right(dossier, son, signed_on=date(2020, 1, 1))
    assert list(error.value.message_dict) == ["signed_on"]


# --- What is refused ------------------------------------------------------------------------------


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def sent(dossier, user, **typed):
    """The page that answers what was typed."""
    paper = dossier.officialdocuments.order_by("-pk").first()
    standing = paper.document.in_force
    shown = {
        "number": standing.number,
        "signed_on": f"{standing.signed_on:%d/%m/%Y}",
        "signer": standing.signer,
        "signer_capacity": standing.signer_capacity,
        "reason": "Gõ nhầm",
        "shown": standing.pk,
    }
    address = reverse("dossiers:paper_correct", args=[paper.pk])
    return client_of(user).post(address, shown | typed)


def errors(answer):
    assert answer.status_code == 200
    return {field: said[0] for field, said in answer.context["form"].errors.items()}


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"signed_on": "06/05/2026"}, "signed_on", "vào phần mềm ngày 05/05/2026"),
        ({"signed_on": "01/01/2027"}, "signed_on", "chưa đến"),
        ({"signed_on": "29/04/2019"}, "signed_on", "trước khi mở chu trình"),
        ({"number": "16/TTr-UBND"}, "number", "Số này đã ghi cho văn bản 16/TTr-UBND"),
        ({"number": "không số"}, "number", ""),
        ({"scan_file": "16"}, "scan_file", "Bản chụp này là của văn bản 16/TTr-UBND"),
        ({}, "__all__", "Chưa có nội dung nào khác"),
        ({"reason": " ", "number": "17/TTr-UBND"}, "reason", "chưa nhập"),
        ({"signer": ""}, "signer", "chưa nhập"),
        ({"signer_capacity": "Bí thư Đảng ủy"}, "signer_capacity", "Chủ tịch"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_changes_nothing(
    batches, gone_up, chi, typed, field, words
):
    other = gone_up("Chè", number="16/TTr-UBND").officialdocuments.get()
    dossier = gone_up()
    if "scan_file" in typed:
        content = f"%PDF-1.7 obj {fold_number(other.number)}%%EOF\n".encode()
        typed = typed | {"scan_file": SimpleUploadedFile("a.pdf", content)}
    with clock.at(at(2026, 5, 8)):
        told = errors(sent(dossier, chi, **typed))
    assert list(told) == [field] and words in told[field]
    assert Document.objects.count() == 2 and not corrections(dossier).exists()
    assert dossier.batch().number == 2


@pytest.mark.parametrize(
    "said",
    ["Phó Chủ tịch UBND xã", "KT. Chủ tịch, Phó Chủ tịch UBND xã", "Chủ tịch UBND xã Nà Tấu"],
)
def test_a_capacity_alone_is_corrected(batches, gone_up, chi, said):
    first, second = gone_up(), gone_up("Chè")
    with clock.at(at(2026, 5, 8)):
        assert sent(first, chi, signer_capacity=said).status_code == 302
    for dossier in (first, second):
        assert dossier.officialdocuments.get().signer_capacity == said
        told = {"signer_capacity": ["Chủ tịch UBND xã", said]}
        assert corrections(dossier).get().data["changed"] == told


def test_a_capacity_that_no_pattern_knows_is_asked_about_once(batches, gone_up, chi):
    dossier, said = gone_up(), "Người được giao phụ trách UBND xã"
    with clock.at(at(2026, 5, 8)):
        page = sent(dossier, chi, signer_capacity=said)
        assert f"Phần mềm chưa biết chức vụ «{said}»" in errors(page)["as_written"]
        assert not corrections(dossier).exists()
        seal = page.context["form"].fields["as_written"].widget.attrs["value"]
        # A yes to one capacity is none to another.
        other = errors(sent(dossier, chi, signer_capacity="Phụ trách UBND xã", as_written=seal))
        assert "«Phụ trách UBND xã»" in other["as_written"]
        assert sent(dossier, chi, signer_capacity=said, as_written=seal).status_code == 302
    assert corrections(dossier).get().data["as_written"] == said


def test_the_right_scan_goes_along_and_the_wrong_one_is_kept(batches, gone_up, chi):
    dossier, other = gone_up(), gone_up("Chè")
    was = dossier.officialdocuments.get().scan
    scan = SimpleUploadedFile("dung.pdf", b"%PDF-1.7 the right one obj %%EOF")
    with clock.at(at(2026, 5, 8)):
        assert sent(dossier, chi, number="17/TTr-UBND", scan_file=scan).status_code == 302
    for each in (dossier, other):
        paper = each.officialdocuments.get()
        assert (paper.number, paper.scan.filename) == ("17/TTr-UBND", "dung.pdf")
        assert paper.scan.sha256 == paper.document.scan_sha256
        assert [*corrections(each).get().data["changed"]] == ["number", "scan_filename"]
    assert dossier.officialdocuments.get().scan.replaces == was


def test_the_history_says_what_it_was_and_is(batches, gone_up, chi):
    dossier = gone_up()
    with clock.at(at(2026, 5, 8)):
        said = {"number": "17/TTr-UBND", "signed_on": "29/04/2026"}
        page = sent(dossier, chi, **said)
        assert "chuyển hồ sơ" in errors(page)["day_as_written"]
        yes = page.context["form"].fields["day_as_written"].widget.attrs["value"]
        assert sent(dossier, chi, **said, day_as_written=yes).status_code == 302
        page = client_of(chi).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    said = " ".join(page.split())
    assert "đính chính văn bản" in said
    assert "số và ký hiệu «15/TTr-UBND» thành «17/TTr-UBND»" in said
    assert "ngày ký «" in said and "17/TTr-UBND" in said


def test_what_somebody_else_corrected_meanwhile_is_not_written_over(batches, gone_up, chi):
    dossier = gone_up()
    old = dossier.officialdocuments.get().document
    with clock.at(at(2026, 5, 8)):
        right(dossier, chi, number="17/TTr-UBND")
        told = errors(sent(dossier, chi, shown=old.pk, number="18/TTr-UBND"))
    assert list(told) == ["__all__"] and "vừa được đính chính" in told["__all__"]


def test_who_recorded_a_paper_does_not_become_its_signer(batches, gone_up, chi, an, commune):
    """For any act that rests on it, or as a correction; who signs may have sent it up themselves."""
    dung = person("dung", "Lò Văn Dũng", (Role.OFFICER, commune))
    clerk = person("vt", "Lò Văn Thư", (Role.CLERK, commune))
    first = gone_up()
    gone_up("Chè", by=an)
    with clock.at(at(2026, 5, 8)):
        right(first, clerk, number="17/TTr-UBND")
        for name, who in (("Lò Thị An", an), ("ông Lò Văn Thư", clerk)):
            told = errors(sent(first, dung, signer=name))
            assert told == {
                "signer": f"Người ký phải là người khác: {who} đã ghi văn bản này vào phần mềm."
            }
        assert sent(first, dung, signer="Lò Văn Khác").status_code == 302
        assert sent(first, dung, signer="Quàng Văn Chi").status_code == 302


def test_a_number_that_was_typed_wrong_is_free_for_the_paper_that_bears_it(gone_up, chi, an):
    dossier = gone_up()
    with clock.at(at(2026, 5, 8)):
        right(dossier, chi, number="17/TTr-UBND")
    other = gone_up("Chè", scan=records.scan("of 15"))
    assert other.officialdocuments.get().document.replaces is None
    # And the one that was corrected is found again by its right number.
    third = gone_up("Gạo", number="017/ttr–ubnd", scan=None)
    assert third.officialdocuments.get().document == dossier.officialdocuments.get().document


def test_a_paper_of_a_list_of_before_is_not_corrected_here(gone_up, chi):
    dossier = gone_up()
    other = OfficialDocument.objects.create(
        dossier=dossier, at=clock.now(), document=dossier.officialdocuments.get().document
    )
    assert papers.may_correct(chi, [other]) == set()


def test_a_paper_changes_by_nothing_but_a_correction_of_its_document(gone_up):
    one = gone_up().officialdocuments.get()
    other = gone_up("Chè", number="16/TTr-UBND").officialdocuments.get()
    rows = OfficialDocument.objects.filter(pk=one.pk)
    for change in ({"document": other.document}, {"scan": other.scan}):
        with by_the_database("paper_follows_its_document"):
            rows.update(**change)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_correction(batches, gone_up, chi, an):
    first, second = gone_up(), gone_up("Chè")
    start = Barrier(2)

    def run(dossier, by):
        try:
            connection.ensure_connection()
            start.wait(timeout=120)
            right(Dossier.objects.get(pk=dossier.pk), by, number="17/TTr-UBND")
            return "done"
        except (ValidationError, ConditionNotMet):
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(run, (first, second), (chi, an)))
    assert sorted(got) == ["done", "refused"]
    assert Document.objects.count() == 2
    for dossier in (first, second):
        assert corrections(dossier).count() == 1


def test_what_follows_a_correction_made_elsewhere_is_held_before_the_document(gone_up, an):
    """In the order of an act, or one who corrects and one who acts would wait for each other."""
    dossiers, taken = [gone_up(), gone_up("Chè")], []

    def watch(execute, sql, params, many, context):
        for what in ("dossiers_process", "dossiers_dossier"):
            if re.search(rf'FROM "{what}".* FOR (NO KEY )?UPDATE', sql):
                taken.append(what)
        if "pg_advisory_xact_lock" in sql:
            taken.append("document")
        return execute(sql, params, many, context)

    document = dossiers[0].officialdocuments.get().document
    with connection.execute_wrapper(watch):
        documents.correct(document, by=an, reason="Gõ nhầm", number="17/TTr-UBND")
    # One walk for all, then each dossier.
    assert taken[:3] == ["dossiers_process", "dossiers_dossier", "dossiers_dossier"]
    assert "document" in taken and "dossiers_process" not in taken[3:]
    for dossier in dossiers:
        assert dossier.officialdocuments.get().number == "17/TTr-UBND"
        assert corrections(dossier).count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_query_count_of_who_may_correct(gone_up, chi, rows, django_assert_num_queries):
    dossier = gone_up()
    paper = dossier.officialdocuments.get()
    chi.assignments()
    with django_assert_num_queries(2):
        papers.may_correct(chi, [paper] * rows)

"""The ledger of documents: each recorded once, found again, corrected by another row, never changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from hashlib import sha256
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction

from cycle import clock, documents, files
from cycle.models import Document, FormerPaper, HistoryEntry, PaperKind, Role, Stream, kind_of
from tests.breaking import forbidden, refused
from tests.owning import insert_as_owner
from tests.world import person

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 16)


def typed(issuer, **fields):
    """A decision as it is typed: unsaved."""
    values = {
        "issuer": issuer,
        "number": "812/QĐ-UBND",
        "signed_on": DAY,
        "signer": "Trần Công Sơn",
        "signer_capacity": "Chủ tịch",
    }
    return Document(**values | fields)


def scanned(content="812"):
    """The columns of a scan that was staged."""
    content = f"%PDF-1.7 obj {content}%%EOF\n".encode()
    files.stage(ContentFile(content))
    return {
        "scan_sha256": sha256(content).hexdigest(),
        "scan_bytes": len(content),
        "scan_filename": "qd.pdf",
        "scan_type": "application/pdf",
    }


@pytest.fixture
def clerk(province):
    return person("van_thu", "Lò Văn Thư", (Role.CLERK, province))


@pytest.fixture
def write(clerk):
    """Records a document as the clerk; what is refused is rolled back."""

    def record(document):
        with transaction.atomic():
            return documents.record(document, by=clerk)

    return record


def said(error):
    return {field: messages[0] for field, messages in error.value.message_dict.items()}


# --- Once -----------------------------------------------------------------------------------


def test_a_document_is_recorded_with_what_follows_from_it(write, province, clerk):
    made = write(typed(province, **scanned()))
    made.refresh_from_db()
    assert (made.kind, made.direction, made.year) == ("decision", "outgoing", made.signed_on.year)
    assert (made.body, made.recorded_by, made.before) == (str(province), clerk, False)
    entry = HistoryEntry.objects.get(stream=Stream.DOCUMENT, stream_id=made.pk)
    assert (entry.event, entry.ledger, entry.files) == (
        "document.record",
        made.pk,
        [made.scan_sha256],
    )
    assert entry.records[0][:2] == ["cycle.document", made.pk]
    assert entry.data["signer"] == "Trần Công Sơn" and "Sơn" not in entry.payload


@pytest.mark.parametrize("number", ["812/QĐ-UBND", " 0812 / qđ-ubnd", "Số 812/QĐ – UBND"])
def test_typed_again_it_is_the_same_however_it_is_typed(number, write, province):
    first = write(typed(province, **scanned()))
    for again in (
        typed(province, number=number, **scanned()),
        # Without its scan the one that is there counts.
        typed(province, number=number, signer="trần công  sơn"),
    ):
        assert write(again) == first
    assert Document.objects.count() == HistoryEntry.objects.filter(stream="document").count() == 1


@pytest.mark.parametrize(
    ("field", "other", "words"),
    [
        ("signed_on", DAY - timedelta(days=1), "ngày ký 16/03/2026"),
        ("signer", "Lò Văn Khác", "người ký Trần Công Sơn"),
        ("scan_file", "khác", "bản chụp khác (qd.pdf)"),
    ],
)
def test_a_number_used_twice_is_refused_at_the_field_that_differs(
    field, other, words, write, province
):
    write(typed(province, **scanned()))
    another = {field: other} if field != "scan_file" else scanned(other)
    with pytest.raises(ValidationError) as error:
        write(typed(province, **{**scanned(), **another}))
    assert list(said(error)) == [field] and words in said(error)[field]
    assert Document.objects.count() == 1


def test_one_number_stands_at_two_bodies_and_in_two_years(write, province, commune):
    made = {
        write(typed(province)),
        write(typed(commune)),
        write(typed(None, outside="Bộ Nông nghiệp và Môi trường")),
        write(typed(None, outside="Bộ Công Thương")),
        write(typed(province, signed_on=DAY - timedelta(days=366))),
        write(typed(province, register="Sổ mật")),
    }
    assert len(made) == 6
    assert write(typed(None, outside="Bộ nông nghiệp và  môi trường")) in made


#: Who signed where nobody knows it.
NOBODY = documents.signed_by("")


def test_a_scan_of_another_paper_is_refused(write, province):
    write(typed(province, **scanned()))
    with pytest.raises(ValidationError) as error:
        write(typed(province, number="9/TTr-UBND", **scanned()))
    assert list(said(error)) == ["scan_file"]
    assert "812/QĐ-UBND" in said(error)["scan_file"]


def test_one_scan_under_one_number_is_one_paper_where_its_body_is_guessed(
    write, clerk, province, commune
):
    first = write(typed(commune, number="15/TTr-UBND", **scanned()))
    again = typed(province, number="15/TTr-UBND", **scanned())
    with pytest.raises(documents.Another) as error:
        write(again)
    assert list(said(error)) == ["scan_file"]
    with transaction.atomic():
        assert documents.record(again, by=clerk, sure=False) == first


@pytest.mark.parametrize(
    ("lacking", "given"),
    [
        ({}, "scan_sha256"),
        (NOBODY | {"signer_capacity": "Chưa rõ chức vụ"}, "signer"),
    ],
)
def test_what_the_ledger_lacks_is_added_by_a_row_that_replaces(lacking, given, write, province):
    first = write(typed(province, **lacking))
    whole = write(typed(province, **scanned()))
    assert whole.replaces == first
    assert getattr(whole, given) == getattr(typed(province, **scanned()), given)
    assert Document.objects.get(pk=first.pk).in_force == whole
    assert list(Document.objects.standing()) == [whole]
    assert HistoryEntry.objects.get(event="document.correct").stream_id == whole.pk


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"number": "không số"}, "number"),
        ({"number": "12/QĐ\u0410"}, "number"),
        ({"signed_on": date(2126, 3, 16)}, "signed_on"),
        ({"signed_on": None}, "signed_on"),
        ({"signer": "."}, "signer"),
        ({"signer_capacity": ""}, "signer_capacity"),
        ({"number": "1" * 61}, "number"),
    ],
)
def test_what_no_document_says_is_refused_at_its_field(fields, at, write, province):
    with pytest.raises(ValidationError) as error:
        write(typed(province, **fields))
    assert list(error.value.message_dict) == [at]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("812/QĐ-UBND", PaperKind.DECISION),
        ("812/2026/qđ-ubnd", PaperKind.DECISION),
        ("15/TTr-UBND", PaperKind.SUBMISSION),
        ("7/BB-HĐ", PaperKind.MINUTES),
        ("45/UBND-NN", PaperKind.LETTER),
        ("3/GM-VPĐP", PaperKind.INVITATION),
        ("12", PaperKind.OTHER),
    ],
)
def test_its_symbol_says_its_kind(number, kind):
    assert kind_of(number) == kind


# --- Corrected ------------------------------------------------------------------------------


def test_what_was_typed_wrong_is_corrected_and_its_number_is_free(write, province, clerk):
    wrong = write(typed(province, number="821/QĐ-UBND", **scanned()))
    right = documents.correct(wrong, by=clerk, reason="Gõ nhầm số", number="812/QĐ-UBND")
    assert (right.replaces, right.number, right.scan_sha256) == (
        wrong,
        "812/QĐ-UBND",
        wrong.scan_sha256,
    )
    entry = HistoryEntry.objects.get(event="document.correct")
    assert (entry.reason, entry.actor, entry.role) == ("Gõ nhầm số", clerk, Role.CLERK)
    # The number of the row that was replaced is given to the paper that bears it.
    assert write(typed(province, number="821/QĐ-UBND")).replaces is None
    with pytest.raises(ValidationError) as error:
        documents.correct(right, by=clerk, reason="Lại nhầm", number="821/QĐ-UBND")
    assert list(error.value.message_dict) == ["number"]


def test_a_correction_needs_a_reason_a_change_and_one_that_still_stands(write, province, clerk):
    made = write(typed(province))
    for given in ({"reason": " ", "signer": "Lò Văn Hai"}, {"reason": "Gõ nhầm"}):
        with pytest.raises(ValidationError):
            documents.correct(made, by=clerk, **given)
    documents.correct(made, by=clerk, reason="Gõ nhầm", signer="Lò Văn Hai")
    with pytest.raises(ValidationError, match="vừa được đính chính"):
        documents.correct(made, by=clerk, reason="Gõ nhầm", signer="Lò Văn Ba")


def test_who_keeps_the_ledger_corrects_it_and_nobody_else(
    write, province, commune, other_commune, minh, la, clerk
):
    of_province, of_commune = write(typed(province)), write(typed(commune))
    there = person("xa_vt", "Lò Văn Xã", (Role.CLERK, commune))
    for user, document, may in (
        (clerk, of_province, True),
        (minh, of_commune, True),
        (there, of_commune, True),
        (there, of_province, False),
        (la, of_commune, False),
    ):
        assert documents.may_correct(user, document) is may
    with pytest.raises(PermissionDenied):
        documents.correct(of_commune, by=la, reason="Gõ nhầm", signer="Lò Văn Hai")


# --- Of a list ------------------------------------------------------------------------------


def test_a_list_names_one_decision_for_many_products(write, province, clerk):
    there = write(typed(province, number="5/QĐ-UBND"))
    with transaction.atomic():
        first, again, other, known = documents.record_many(
            [
                typed(province),
                typed(province, number="0812/QĐ–UBND", **NOBODY),
                typed(province, number="813/QĐ-UBND"),
                typed(province, number="5/QĐ-UBND", **NOBODY),
            ],
            by=clerk,
        )
    assert (first, known) == (again, there) and other != first
    assert Document.objects.count() == HistoryEntry.objects.filter(stream="document").count() == 3
    for differs in ({"signed_on": DAY - timedelta(days=1)}, {"signer": "Lò Văn Khác"}):
        with pytest.raises(ValidationError, match="trùng số"), transaction.atomic():
            documents.record_many([typed(province, **differs)], by=clerk)


# --- Of before ------------------------------------------------------------------------------


def of_before(number="812/QĐ-UBND", **fields):
    values = {"number": number, "signed_on": DAY, "signer": "Sơn", "before": True}
    return insert_as_owner(Document(**values | {"at": clock.now()} | fields))


def test_documents_of_before_may_bear_one_number_and_are_listed(write, province, db):
    same, again = of_before(), of_before()
    other = of_before(signer="Hải")
    of_before(number="13/QĐ-UBND")
    assert documents.of_one_number() == [(same, other)]
    assert again not in documents.of_one_number()[0]
    # They never stand for one that is typed today.
    assert write(typed(province)).before is False


def test_an_old_name_leads_to_its_document(db):
    made = of_before()
    insert_as_owner(FormerPaper(model="dossiers.officialdocument", row=12, document=made))
    assert documents.of_before("dossiers.officialdocument", 12) == made
    assert documents.of_before("dossiers.officialdocument", 13) is None


# --- Past the door --------------------------------------------------------------------------


def careless(issuer, **fields):
    values = {"kind": "decision", "direction": "outgoing", "at": clock.now()}
    return Document.objects.create(
        **{
            field.name: getattr(typed(issuer, **values | fields), field.name)
            for field in Document._meta.concrete_fields
            if not field.primary_key and not field.generated
        }
    )


def test_the_database_itself_refuses_a_number_and_a_scan_twice(province, commune):
    first = careless(province, **scanned())
    with refused("document_number_once"):
        careless(province, number="0812/qđ-ubnd")
    with refused("document_scan_once"):
        careless(commune, number="9/TTr-UBND", **scanned())
    with refused("document_number_once"):
        Document.objects.bulk_create(
            [
                typed(commune, kind="decision", direction="outgoing", at=clock.now()),
                typed(commune, kind="decision", direction="outgoing", at=clock.now()),
            ]
        )
    assert careless(province, number="0812/qđ-ubnd", replaces=first, **scanned()).pk
    with refused("document_number_once"):
        careless(province)


def test_nobody_changes_or_takes_away_a_document(province):
    made = careless(province)
    made.number = "813/QĐ-UBND"
    with forbidden():
        made.save()
    with forbidden():
        made.delete()
    with forbidden():
        FormerPaper.objects.create(model="x", row=1, document=made)


def test_a_door_stands_in_a_transaction(province, clerk):
    from django.db.transaction import TransactionManagementError

    connection.in_atomic_block, before = False, connection.in_atomic_block
    try:
        with pytest.raises(TransactionManagementError):
            documents.record(typed(province), by=clerk)
    finally:
        connection.in_atomic_block = before


@pytest.mark.django_db(transaction=True)
def test_two_who_type_one_paper_at_once_record_it_once(province, clerk):
    start = Barrier(4)

    def run(number):
        try:
            connection.ensure_connection()
            start.wait(timeout=120)
            with transaction.atomic():
                return documents.record(typed(province, number=number), by=clerk).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, ["812/QĐ-UBND", "0812/QĐ-UBND", "812/qđ-ubnd", "812/QĐ-UBND"]))
    assert len(set(found)) == 1 and Document.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_pass_the_door_by_at_once_do_not_both_come_in(province):
    start = Barrier(2)

    def run(number):
        try:
            connection.ensure_connection()
            with transaction.atomic():
                start.wait(timeout=120)
                careless(province, number=number)
            return "in"
        except IntegrityError:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, ["812/QĐ-UBND", "0812/QĐ-UBND"])) == ["in", "refused"]

"""A certificate and its decision: which one, of which day, under which number, and whose name."""

import unicodedata
from datetime import date, timedelta
from importlib import import_module

import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from cycle import clock, documents
from cycle.models import Document, OrgUnit, Role, User, fold_number
from dossiers.forms.records import RECORDS
from dossiers.law.conditions import ActNotPossible, waits_for_number
from dossiers.models import (
    Certificate,
    CertificateNumber,
    ConditionNotMet,
    Dossier,
    Evidence,
    Producer,
    Product,
    State,
    Task,
)
from dossiers.walk import doors, papers
from notifications import audiences
from tests import judging, records
from tests.decision_papers import decision_of
from tests.law_acts import corrected
from tests.owning import insert_as_owner, update_as_owner
from tests.pages import shown
from tests.public_pages import keep, main, see
from tests.standing import stand
from tests.task_pages import agreed
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

S = State


@pytest.fixture
def awaiting(cycle, commune, an):
    """Makes dossiers that await their decision, by the name of the product."""

    def make(name):
        return stand(open_dossier(cycle, commune, an, name=name), S.AWAITING_DECISION)

    return make


def certify(dossier, by, paper=None, **fields):
    doors.complete(
        open_task(dossier),
        "certify",
        by=by,
        paper=paper or records.signed_paper(),
        record=records.certificate(**fields),
    )
    return dossier.certificates.get()


def said(error):
    return {field: messages[0] for field, messages in error.value.message_dict.items()}


# --- Which decision -------------------------------------------------------------------------


def test_the_decision_is_that_of_the_act_and_no_later_paper(awaiting, son, minh, client, an):
    dossier = awaiting("Mật ong")
    given = certify(dossier, son, records.signed_paper(number="812/QĐ-UBND"))
    doors.act(
        dossier.process,
        "correct_names",
        by=minh,
        reason="Ghi sai tên",
        paper=records.signed_paper(number="9/QĐ-ĐC", signer="Người khác"),
        **corrected(producer_name="Hợp tác xã Nà Tấu"),
    )
    again = Certificate.objects.get(pk=given.pk)
    assert again.decision.number == "812/QĐ-UBND"
    assert dossier.officialdocuments.last().number == "9/QĐ-ĐC"
    words = main(see(given.get_absolute_url()))
    assert "Quyết định công nhận số 812/QĐ-UBND" in words
    assert "9/QĐ-ĐC" not in words


def test_no_certificate_is_kept_without_its_decision(awaiting):
    made = records.certificate(stars=4)
    made.dossier, made.at = awaiting("Mật ong"), clock.now()
    with transaction.atomic(), pytest.raises(IntegrityError, match="rests_on_a_decision"):
        made.save()
    made.before = True
    insert_as_owner(made)
    assert list(Certificate.objects.without_decision()) == [made]


# --- Its number -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("12/GCN", "12/gcn"),
        (" 12 / gcn ", "12/gcn"),
        ("0012/GCN", "12/gcn"),
        ("12/QĐ–ĐB", "12/qddb"),
        ("12/QĐ\u00a0−\u200bĐB", "12/qddb"),
        ("1/02/003-10", "1/2/3/10"),
        ("000", "0"),
    ],
)
def test_a_number_is_one_however_it_is_typed(typed, folded, awaiting):
    assert fold_number(typed) == folded
    dossier = awaiting("Mật ong")
    decision_of(dossier, number=typed)
    assert Document.objects.get().folded_number == folded


@pytest.mark.parametrize("again", ["12/GCN", " 012/gcn", "12 / GCN"])
def test_a_number_is_given_once(awaiting, son, again):
    certify(awaiting("Mật ong"), son, number="12/GCN")
    second = awaiting("Chè Shan")
    with transaction.atomic(), pytest.raises(ValidationError) as refused:
        certify(second, son, number=again)
    assert said(refused) == {"number": f"Số {again} đã cấp cho «Mật ong» trong năm này."}
    assert Dossier.objects.get(pk=second.pk).state == S.AWAITING_DECISION
    certify(second, son, number="13/GCN")
    # Of the past the number may be unknown; without one nothing is repeated.
    with clock.at(clock.now(), replay=True):
        for name in ("Gạo", "Rượu"):
            assert certify(awaiting(name), son, number="").number == ""


def test_a_number_may_follow_later_and_stays_told(awaiting, son, minh):
    """A row of its own: it waits for one, gets it once, and a correction gives the old one free."""
    first = awaiting("Mật ong")
    for name in ("certify", "record_centre_result"):
        factory = RECORDS[name][-1]
        data = {"issued_on": f"{clock.today():%d/%m/%Y}"}
        assert factory(dossier=first, data=data).is_valid()
        part = factory(dossier=first, data=data | {"number": "9" * 61})
        assert part.errors == {"number": ["Dài quá 60 ký tự (bạn đã nhập 61)."]}
        part = factory(dossier=first, data=data | {"number": "/"})
        assert list(part.errors) == ["number"]
    # What the centre did not certify has no certificate at all.
    empty = RECORDS["record_centre_result"][-1](dossier=first, data={})
    assert empty.is_valid()
    assert not empty.has_changed()

    given = certify(first, son, number="")
    assert (given.number, given.numbers.count()) == ("", 0)
    assert waits_for_number(first)
    assert "Số giấy chứng nhận Chưa có số" in main(see(given.get_absolute_url()))
    late = clock.today() + timedelta(days=1)
    with (
        clock.at(clock.now() + timedelta(days=2)),
        pytest.raises(ValidationError, match="Giấy chứng nhận chưa có số cấp ngày"),
    ):
        papers.correct(given.decision, by=son, reason="Gõ nhầm", signed_on=late)

    def act(dossier, name, by=minh, **fields):
        said = {"reason": "Gõ nhầm"} if name == "correct_number" else {}
        return doors.act(dossier.process, name, by=by, record=records.number(**fields), **said)

    act(first, "number_certificate", number="12/GCN")
    told = first.history.last()
    (row,) = given.numbers.all()
    assert told.data["records"] == [["certificatenumber", row.pk]]
    assert (row.document, row.issuer, row.year) == (
        given.decision.document, first.commune.parent, given.issued_on.year,
    )  # fmt: skip
    assert not waits_for_number(first)
    assert "Chưa có số" not in main(see(given.get_absolute_url()))
    with pytest.raises(ValidationError, match="Đã có số 12/GCN"), transaction.atomic():
        act(first, "number_certificate", number="13/GCN")
    # Another may not have it; once it was a mistake, it is free.
    second = awaiting("Chè Shan")
    certify(second, son, number="")
    with pytest.raises(ValidationError, match="đã cấp cho «Mật ong»"), transaction.atomic():
        act(second, "number_certificate", number="012 / gcn")
    act(first, "correct_number", number="15/GCN", replaces=row)
    assert Certificate.objects.get(pk=given.pk).number == "15/GCN"
    act(second, "number_certificate", number="12/GCN")
    assert [each.pk for each in Certificate.objects.numbered("15/gcn")] == [given.pk]
    assert [each.dossier_id for each in Certificate.objects.numbered("12/gcn")] == [second.pk]
    assert not Certificate.objects.number_twice().exists()
    # Revoked, it gets none.
    third = awaiting("Gạo")
    certify(third, son, number="")
    with pytest.raises(ActNotPossible), transaction.atomic():
        act(stand(third, S.REVOKED), "number_certificate")
    with pytest.raises(PermissionDenied), transaction.atomic():
        act(second, "correct_number", by=son, replaces=second.certificatenumbers.get())


def test_the_database_keeps_a_number_from_being_given_twice(awaiting, commune):
    province = commune.parent
    first, second = awaiting("Mật ong"), awaiting("Chè Shan")
    keep(first, number="12/GCN", stars=4, issuer=province)
    with transaction.atomic(), pytest.raises(IntegrityError, match="certificate_number_once"):
        keep(second, number="12 /gcn", stars=4, issuer=province)
    # The ministry counts for itself, and each year begins anew; of the ministry's too.
    keep(second, number="12/GCN", stars=5)
    with transaction.atomic(), pytest.raises(IntegrityError, match="certificate_number_once"):
        keep(second, number="12/GCN", stars=5)
    last_year = date(clock.today().year - 1, 5, 5)
    keep(second, number="12/GCN", stars=4, issuer=province, issued_on=last_year)
    assert not Certificate.objects.number_twice().exists()


def test_what_was_given_twice_before_is_kept_and_listed(awaiting, commune):
    rows = [
        keep(
            awaiting(name),
            number=number,
            stars=4,
            issuer=commune.parent,
            before=True,
            was_repeated=repeats,
        )
        for name, number, repeats in (
            ("Mật ong", "12/GCN", False),
            ("Chè Shan", "012/gcn", True),
            ("Gạo", "13/GCN", False),
        )
    ]
    assert list(Certificate.objects.number_twice()) == rows[:2]


def test_who_is_a_moment_too_late_gets_the_sentence(awaiting, son, monkeypatch):
    certify(awaiting("Mật ong"), son, number="12/GCN")
    monkeypatch.setattr(CertificateNumber, "check_number", lambda self: None)
    second = awaiting("Chè Shan")
    with transaction.atomic(), pytest.raises(ValidationError) as refused:
        certify(second, son, number="12/GCN")
    assert said(refused) == {"number": "Số 12/GCN vừa được cấp cho một sản phẩm khác."}


def test_forty_products_share_a_decision_but_not_with_another_day_or_signer(awaiting, son):
    certify(awaiting("Mật ong"), son, records.signed_paper(number="812/QĐ-UBND"))
    certify(awaiting("Chè Shan"), son, records.signed_paper(number="0812 / qđ-ubnd"))
    third, today = awaiting("Gạo"), clock.today()
    paper = "Văn bản 812/QĐ-UBND đã ghi cho «Mật ong» với"
    for typed, at, sentence in (
        (
            {"signed_on": today - timedelta(days=1)},
            "signed_on",
            f"{paper} ngày ký {today:%d/%m/%Y}.",
        ),
        ({"signer": "Lò Văn Khác"}, "signer", f"{paper} người ký Trần Công Sơn."),
        (
            {"scan": records.scan("813/QĐ-UBND")},
            "scan_file",
            f"{paper} bản chụp khác (van-ban.pdf): hãy chọn đúng tệp đó, hoặc để trống để dùng bản đã "
            "có.",
        ),
        (
            {"number": "813/QĐ-UBND", "scan": records.scan("812/QĐ-UBND")},
            "scan_file",
            f"Bản chụp này là của văn bản 812/QĐ-UBND ({today:%d/%m/%Y}), đã ghi cho «Mật ong»: "
            "hãy chọn bản chụp của văn bản này.",
        ),
    ):
        with transaction.atomic(), pytest.raises(ConditionNotMet) as refused:
            certify(third, son, records.signed_paper(**{"number": "812/QĐ-UBND"} | typed))
        assert [lack[:2] for lack in refused.value.lacks] == [(sentence, f"paper-{at}")]
    assert not third.certificates.exists()


@pytest.mark.parametrize(
    ("other", "unlike"),
    [
        ({}, []),
        ({"number": "Số 0812/qđ–ubnd"}, []),
        ({"signer": "TRẦN CÔNG  SƠN"}, []),
        ({"scan": None}, []),
        ({"number": "813/QĐ-UBND"}, ["number"]),
        ({"signed_on": date(2026, 9, 30)}, ["signed_on"]),
        ({"signed_on": date(2025, 10, 1)}, ["number", "signed_on"]),
        ({"signer": "Lò Văn Khác"}, ["signer"]),
        ({"scan": "813/QĐ-UBND"}, ["scan_file"]),
        (
            {"signed_on": date(2025, 10, 1), "scan": "813/QĐ-UBND"},
            ["number", "signed_on", "scan_file"],
        ),
    ],
)
def test_a_paper_is_the_same_by_number_day_signer_and_scan(other, unlike, db):
    """The same number of another year with another scan is another paper."""
    first = {"number": "812/QĐ-UBND", "signed_on": date(2026, 10, 1)}
    if other.get("scan"):
        other = other | {"scan": records.scan(other["scan"])}
    one = records.signed_paper(**first)
    another = records.signed_paper(**first | {"scan": one.scan} | other)
    for paper in (one, another):
        paper.take_scan()
    one, another = one.of_ledger, another.of_ledger
    assert [*documents.unlike(one, another)] == [*documents.unlike(another, one)] == unlike


# --- Its days -------------------------------------------------------------------------------


def test_the_days_come_in_their_order(awaiting, son):
    dossier, today = awaiting("Mật ong"), clock.today()
    met = records.evaluation(met_on=today - timedelta(days=5))
    met.dossier, met.at, met.level = dossier, clock.now(), "province"
    met.save()
    for issued, signed, problem in (
        (today + timedelta(days=1), today, "issued_on"),
        (date(2031, 1, 1), today, "issued_on"),
        (date(1990, 1, 1), today, "issued_on"),
        (date(1990, 1, 2), date(1990, 1, 1), "signed_on"),
        (today - timedelta(days=4), today - timedelta(days=3), "issued_on"),
    ):
        with transaction.atomic(), pytest.raises(ValidationError) as refused:
            certify(dossier, son, records.signed_paper(signed_on=signed), issued_on=issued)
        assert list(said(refused)) == [problem]
    early = records.signed_paper(signed_on=today - timedelta(days=6))
    with transaction.atomic(), pytest.raises(ConditionNotMet, match="trước ngày họp hội đồng"):
        certify(dossier, son, early, issued_on=today)
    day = today - timedelta(days=5)
    certify(dossier, son, records.signed_paper(signed_on=day), issued_on=day)


def test_a_decision_is_of_the_dossier_s_own_years(awaiting, son, cycle):
    """Without a council's result on record too (1990 for this year, 2023 for 2026)."""
    dossier = awaiting("Mật ong")
    first = min(cycle.opened_on, clock.today())
    wrong = date(1990, 1, 1), first - timedelta(days=366), first - timedelta(days=1)
    for signed in wrong:
        with transaction.atomic(), pytest.raises(ValidationError) as refused:
            certify(dossier, son, records.signed_paper(signed_on=signed), issued_on=signed)
        assert said(refused) == {
            "signed_on": f"Ngày {signed:%d/%m/%Y} trước khi mở chu trình của hồ sơ "
            f"({first:%d/%m/%Y}): xin xem lại năm."
        }
    certify(dossier, son, records.signed_paper(signed_on=first), issued_on=first)


@pytest.mark.parametrize("case_type", ["upgrade", "reevaluation"])
def test_what_is_judged_anew_gets_its_certificate_after_the_one_before(
    awaiting, cycle, commune, an, son, case_type
):
    old = certify(awaiting("Mật ong"), son)
    dossier = Dossier(
        cycle=cycle, product=old.dossier.product, commune=commune, case_type=case_type
    )
    doors.open(dossier, by=an)
    dossier = stand(dossier, S.AWAITING_DECISION)
    day = old.issued_on - timedelta(days=1)
    with transaction.atomic(), pytest.raises(ValidationError) as refused:
        paper = records.signed_paper(number="88/QĐ-UBND", signed_on=day)
        certify(dossier, son, paper, issued_on=day)
    assert said(refused) == {
        "issued_on": f"Giấy chứng nhận trước của sản phẩm cấp ngày {old.issued_on:%d/%m/%Y}: "
        "giấy mới không thể cấp trước ngày đó."
    }
    new = certify(dossier, son)
    assert new.issued_on == old.issued_on


# --- Its names ------------------------------------------------------------------------------


def test_what_was_certified_keeps_its_name_and_the_page_says_the_new_one(awaiting, son, minh):
    dossier = awaiting("Mật ong rừng")
    given = certify(dossier, son)
    assert (given.product_name, given.producer_name, given.product_group) == (
        "Mật ong rừng",
        "Hợp tác xã Mường Thanh",
        "food",
    )
    assert "Nay ghi là" not in main(see(given.get_absolute_url()))
    doors.act(
        dossier.process,
        "correct_names",
        by=minh,
        reason="Chủ thể đổi tên",
        paper=records.signed_paper(number="20/QĐ"),
        **corrected(producer_name="Hợp tác xã Nà Tấu"),
    )
    words = main(see(given.get_absolute_url()))
    assert "Đang có giá trị Mật ong rừng Chủ thể Hợp tác xã Mường Thanh" in words
    assert "Nay ghi là Mật ong bạc hà Hợp tác xã Nà Tấu" in words
    entry = dossier.history.last()
    assert (entry.event, entry.reason, entry.data["paper"]) == (
        "dossier.correct_names",
        "Chủ thể đổi tên",
        True,
    )
    assert entry.data["changed"]["name"] == ["Mật ong rừng", "Mật ong bạc hà"]
    assert entry.data["changed"]["producer"] == ["Hợp tác xã Mường Thanh", "Hợp tác xã Nà Tấu"]


@pytest.mark.parametrize(
    ("chosen", "typed", "named", "renamed"),
    [
        ("same", "as prefilled", "same", False),
        ("same", "changed", "same", True),
        ("other", "as prefilled", "other", False),
        ("other", "its own", "other", False),
        ("other", "changed", None, False),
    ],
)
def test_only_the_producer_it_has_is_renamed(
    awaiting, minh, commune, chosen, typed, named, renamed
):
    dossier = awaiting("Mật ong rừng")
    same = dossier.product.producer
    other = Producer.objects.create(
        name="Hợp tác xã Thanh Yên", owner_type="cooperative", commune=commune
    )
    name = {"as prefilled": same.name, "its own": other.name, "changed": "Hợp tác xã Nà Tấu"}[typed]
    names = {producer.pk: producer.name for producer in (same, other)}
    picked = {"same": same, "other": other}[chosen]

    def correct():
        doors.act(
            dossier.process,
            "correct_names",
            by=minh,
            reason="Ghi sai",
            paper=records.signed_paper(),
            **corrected(producer=picked, producer_name=name),
        )

    if named is None:
        with transaction.atomic(), pytest.raises(ValidationError) as refused:
            correct()
        assert said(refused) == {
            "producer_name": "Bạn chọn chủ thể khác: chủ thể đó giữ tên «Hợp tác xã Thanh Yên». "
            "Muốn đổi tên chủ thể, hãy đính chính riêng."
        }
    else:
        correct()
    product = Dossier.objects.get(pk=dossier.pk).product
    assert product.producer == (picked if named else same)
    after = dict(Producer.objects.filter(pk__in=names).values_list("pk", "name"))
    assert after == names | ({same.pk: name} if renamed else {})
    # What was there before stands in the history, whatever changed.
    told = dossier.history.last().data.get("changed", {})
    expected = {"name": ["Mật ong rừng", "Mật ong bạc hà"]}
    if named == "other":
        expected["producer"] = [names[same.pk], names[other.pk]]
        expected["producer_id"] = [same.pk, other.pk]
    elif renamed:
        expected["producer"] = [names[same.pk], name]
        expected["producer_id"] = [same.pk, same.pk]
    assert told == (expected if named else {})


def test_two_producers_called_alike_are_told_apart(awaiting, minh, commune):
    dossier = awaiting("Mật ong rừng")
    same = dossier.product.producer
    other = Producer.objects.create(name=same.name, owner_type="cooperative", commune=commune)
    doors.act(
        dossier.process,
        "correct_names",
        by=minh,
        reason="Ghi nhầm chủ thể",
        paper=records.signed_paper(),
        **corrected(product_name="Mật ong rừng", producer=other),
    )
    assert dossier.history.last().data["changed"] == {
        "producer": [same.name, same.name],
        "producer_id": [same.pk, other.pk],
    }


def test_a_correction_says_something_and_what_was_judged_keeps_its_group(awaiting, minh):
    dossier = awaiting("Mật ong rừng")
    for changes, sentence in (
        ({"product_name": "Mật ong rừng"}, "Chưa có nội dung nào khác"),
        ({"product_group": "drink"}, "Hội đồng đã chấm hồ sơ này: không đổi nhóm sản phẩm được"),
    ):
        with transaction.atomic(), pytest.raises(ConditionNotMet, match=sentence):
            doors.act(
                dossier.process,
                "correct_names",
                by=minh,
                reason="Ghi sai",
                paper=records.signed_paper(),
                **corrected(**changes),
            )
    assert dossier.officialdocuments.count() == 0


@pytest.mark.parametrize(
    "typed", ["Mật ong rừng\u200b", " Mật  ong\u00a0rừng", "Mật\u00ad ong rừng"]
)
def test_a_name_that_is_seen_the_same_is_no_correction(awaiting, minh, typed):
    dossier = awaiting("Mật ong rừng")
    maker = dossier.product.producer.name
    for changes in (
        {"product_name": typed},
        {"product_name": "Mật ong rừng", "producer_name": f"{maker}\u200b"},
        {"product_name": unicodedata.normalize("NFD", "Mật ong rừng")},
    ):
        with transaction.atomic(), pytest.raises(ConditionNotMet, match="Chưa có nội dung nào"):
            correct(dossier, minh, **changes)
    with transaction.atomic(), pytest.raises(ValidationError) as refused:
        correct(dossier, minh, product_name="\u200b")
    assert list(said(refused)) == ["product_name"]


def test_the_history_says_the_old_name_and_the_new(awaiting, minh):
    dossier = awaiting("Mật ong rừng")
    correct(dossier, minh, product_name="Mật ong\u200b  bạc hà")
    client = Client()
    client.force_login(minh)
    words = shown(client.get(dossier_page(dossier)).content.decode())
    assert "đính chính sản phẩm, chủ thể «Mật ong rừng» thành «Mật ong bạc hà»" in words


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (User, "full_name"),
        (OrgUnit, "name"),
        (Producer, "name"),
        (Producer, "representative"),
        (Product, "name"),
        (Document, "signer"),
    ],
)
def test_whatever_way_a_name_comes_it_is_kept_as_it_is_seen(model, field):
    column = model._meta.get_field(field)
    typed = "\ufeffLò \u200bVăn  Thư\n"
    assert column.clean(typed, None) == "Lò Văn Thư"
    row = model(**{field: typed})
    assert column.pre_save(row, add=True) == "Lò Văn Thư"
    assert getattr(row, field) == "Lò Văn Thư"


def correct(dossier, by, **changes):
    doors.act(
        dossier.process,
        "correct_names",
        by=by,
        reason="Ghi sai",
        paper=records.signed_paper(),
        **corrected(**changes),
    )


def dossier_page(dossier):
    return reverse("dossiers:dossier", args=[dossier.pk])


def test_a_correction_is_done_on_its_page(awaiting, minh, an, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    dossier = awaiting("Mật ong rừng")
    address = reverse("dossiers:act", args=[dossier.pk, "correct_names"])
    client = Client()
    client.force_login(an)
    assert client.post(address).status_code in (403, 404)
    client.force_login(minh)
    assert 'value="Mật ong rừng"' in client.get(address).content.decode()
    fields = {
        "correction-product_name": "Mật ong bạc hà",
        "correction-product_group": "food",
        "correction-producer": dossier.product.producer_id,
        "correction-producer_name": "Hợp tác xã Mường Thanh",
        "correction-reason": "Ghi sai tên",
        "paper-number": "20/QĐ-UBND",
        "paper-signed_on": f"{clock.today():%d/%m/%Y}",
        "paper-signer": "Trần Công Sơn",
        "paper-signer_capacity": "Chủ tịch",
    }
    data = {f"correct_names-{name}": value for name, value in fields.items()}
    page = client.post(address, data).content.decode()
    assert "Bạn chưa chọn: Bản chụp." in page and 'value="20/QĐ-UBND"' in page
    scan = {"correct_names-paper-scan_file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x obj %%EOF")}
    assert client.post(address, data | scan).status_code == 302
    assert Dossier.objects.get(pk=dossier.pk).product.name == "Mật ong bạc hà"


def test_the_administration_does_not_rename_what_was_filed(awaiting, dossier, db):
    admin = person("quantri", "Quản trị")
    update_as_owner(User.objects.filter(pk=admin.pk), is_staff=True, is_superuser=True)
    admin.refresh_from_db()
    client = Client()
    client.force_login(admin)
    filed = awaiting("Mật ong rừng").product

    def rename(product):
        for row, kind in ((product, "product"), (product.producer, "producer")):
            page = client.get(f"/admin/dossiers/{kind}/{row.pk}/change/")
            assert page.status_code == 200
            form = page.context["adminform"].form
            data = {name: form[name].value() or "" for name in form.fields}
            why = {"reason": "Gõ nhầm", "document": "7/CV-UBND ngày 01/11/2026"}
            client.post(page.request["PATH_INFO"], data | {"name": "Tên mới"} | why)
            row.refresh_from_db()
        return product.name, product.producer.name

    assert rename(filed) == ("Mật ong rừng", "Hợp tác xã Mường Thanh")
    assert rename(dossier.product) == ("Tên mới", "Tên mới")


# --- Evidence after the council -------------------------------------------------------------


def attach(dossier, by, **fields):
    piece = records.paper("business_registration")
    for name, value in fields.items():
        setattr(piece, name, value)
    doors.act(dossier.process, "attach_evidence", by=by, record=piece)
    return Evidence.objects.get(pk=piece.pk)


@pytest.mark.parametrize("state", [S.RANKED, S.AWAITING_DECISION])
def test_what_comes_after_the_council_is_a_supplement_and_replaces_nothing(dossier, an, son, state):
    first = attach(dossier_at(dossier, S.ASSEMBLING), an)
    again = attach(dossier, an, replaces=first)
    assert (first.after_council, again.after_council) == (False, False)
    later = stand(dossier, state)
    with transaction.atomic(), pytest.raises(ValidationError, match="chỉ thêm được tài liệu"):
        attach(later, an, replaces=again)
    added = attach(later, an)
    assert added.after_council
    assert set(dossier.evidence.current()) == {again, added}
    client = Client()
    client.force_login(son)
    address = reverse("dossiers:task", args=[open_task(later).pk])
    text = client.get(address + "?tab=evidence").content.decode()
    assert text.count("bổ sung sau hội đồng") == 1
    assert "Thay bản mới" not in text


def dossier_at(dossier, state):
    stand(dossier, state, stars=None, points_sum=None, sheets=None)
    return dossier


def test_sent_back_by_the_province_the_file_is_open_again(dossier, an):
    piece = attach(dossier_at(dossier, S.ASSEMBLING), an)
    stand(dossier, S.SUPPLEMENT_REQUESTED)
    assert not attach(dossier, an, replaces=piece).after_council


# --- The walk by pages ----------------------------------------------------------------------


def test_the_leader_signs_the_clerk_numbers_and_the_public_sees(
    awaiting, son, province, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    dossier = awaiting("Mật ong rừng")
    task = open_task(dossier)
    address = reverse("dossiers:task", args=[task.pk])
    leader, clerk = Client(), Client()
    leader.force_login(son)
    lo = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    clerk.force_login(lo)
    assert "Đã ký, chờ văn thư vào số" not in clerk.get(address).content.decode()
    # Five stars the province does not recognise: what is signed goes to the ministry.
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), stars=5, points_sum=465, sheets=5)
    page = leader.get(address).content.decode()
    assert "Đã ký hồ sơ đề nghị Bộ, chờ văn thư vào số" in page
    assert "Ký quyết định" not in page
    was = {"stars": dossier.stars, "points_sum": dossier.points_sum, "sheets": dossier.sheets}
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), **was)
    page = leader.get(address).content.decode()
    # Signing is the one big button; the number with its scan is the second way, folded.
    assert page.count("btn-primary btn-lg") == 1
    assert page.index('value="sign_decision"') < page.index('value="certify"')
    assert 'class="btn btn-primary btn-lg" name="act" value="sign_decision"' in page
    assert 'name="act" value="certify"' in clerk.get(address).content.decode()
    assert agreed(leader, address, {"act": "sign_decision"}).status_code == 302
    for each, big in ((leader, 0), (clerk, 1)):
        page = each.get(address).content.decode()
        # Before all else on the page it is said what is awaited.
        assert page.index("chờ văn thư vào số: sản phẩm được công nhận khi") < page.index("<dl")
        assert page.count("btn-primary btn-lg") == big
    assert leader.post(address, {"act": "sign_decision"}).status_code == 200
    assert audiences.the_clerks(dossier.history.get(event="task.sign_decision")) == {lo.pk}
    assert "đã ký, chờ vào số" in leader.get(reverse("dossiers:inbox")).content.decode()
    assert "Không tìm thấy" in main(see("/certificates/", number="12/GCN"))
    today = f"{clock.today():%d/%m/%Y}"
    data = {
        "act": "certify",
        "certify-certificate-number": "12/GCN",
        "certify-certificate-issued_on": today,
        "certify-paper-number": "812/QĐ-UBND",
        "certify-paper-signed_on": today,
        "certify-paper-signer": "Trần Công Sơn",
        "certify-paper-signer_capacity": "Chủ tịch",
    }
    assert clerk.post(address, data).status_code == 200
    assert Task.objects.get(pk=task.pk).is_open
    scan = SimpleUploadedFile("qd.pdf", b"%PDF-1.7 x obj %%EOF")
    assert agreed(clerk, address, data | {"certify-paper-scan_file": scan}).status_code == 302
    given = dossier.certificates.get()
    assert given.decision.scan.filename == "qd.pdf"
    words = main(see("/certificates/", number="12/GCN"))
    assert "Đang có giá trị" in words
    assert f"Quyết định công nhận số 812/QĐ-UBND ngày {today}" in words


# --- Certificates of before -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_migration_fills_what_is_certain_and_marks_the_rest(cycle, commune, an, son, minh):
    """Its statements, and those by which numbers became rows, on rows as they were before them; the
    owner takes it all back.
    """
    migration = import_module("dossiers.migrations.0011_certificate_rests_on_its_decision")
    numbers = import_module("dossiers.migrations.0058_certificate_numbers")

    def given(name, **fields):
        dossier = stand(open_dossier(cycle, commune, an, name=name), S.AWAITING_DECISION)
        return certify(dossier, son, **fields)

    named, doubled = given("Mật ong", number="12/GCN"), given("Chè Shan", number="13/GCN")
    unknown = keep(doubled.dossier, number="14/GCN", stars=4)
    centre = stand(
        open_dossier(cycle, commune, an, name="Gạo"), S.AT_CENTRE, stars=5, points_sum="650"
    )
    doors.complete(
        open_task(centre),
        "record_centre_result",
        by=minh,
        paper=records.ministry_paper(number="7/QĐ-BNNMT"),
        record=[records.evaluation("650", stars=5), records.certificate(number="12/GCN")],
    )
    of_centre = centre.certificates.get()
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        user=owner["USER"],
        password=owner.get("PASSWORD") or None,
        host=owner.get("HOST") or None,
        port=owner.get("PORT") or None,
    ) as before:
        before.execute(
            "ALTER TABLE dossiers_certificate DROP CONSTRAINT certificate_rests_on_a_decision"
        )
        before.execute(
            "UPDATE dossiers_certificate SET decision_id = NULL, issuer_id = NULL, product_name = ''"
        )
        before.execute("ALTER TABLE dossiers_certificatenumber DISABLE TRIGGER USER")
        before.execute("DELETE FROM dossiers_certificatenumber")
        for row, number in ((named, "12/GCN"), (doubled, "012/gcn"), (unknown, "")):
            before.execute(
                "UPDATE dossiers_certificate SET number = %s, number_repeats = %s WHERE id = %s",
                [number, row == doubled, row.pk],
            )
        for statement in (migration.NAMES, migration.DECISIONS, numbers.COPY):
            before.execute(statement)
        told = {
            row[0]: row[1:]
            for row in before.execute(
                "SELECT id, before, decision_id, issuer_id, product_name FROM dossiers_certificate"
            )
        }
        rows = before.execute(
            "SELECT certificate_id, document_id, issuer_id, year, number, folded_number, repeats"
            " FROM dossiers_certificatenumber ORDER BY id"
        ).fetchall()
        before.rollback()
    province = commune.parent_id
    assert told == {
        named.pk: (True, named.decision_id, province, "Mật ong"),
        doubled.pk: (True, doubled.decision_id, province, "Chè Shan"),
        unknown.pk: (True, None, province, "Chè Shan"),
        of_centre.pk: (True, of_centre.decision_id, None, "Gạo"),
    }
    year = clock.today().year
    assert rows == [
        (
            each.pk, each.decision.document_id, province, year, number, fold_number(number),
            each == doubled,
        )
        for each, number in ((named, "12/GCN"), (doubled, "012/gcn"))
    ]  # fmt: skip


def test_from_the_first_sheet_handed_in_evidence_is_a_supplement(cycle, commune, province, an, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    [dossier] = judging.before_council(cycle, commune, an)
    round_ = judging.begin(council, cycle, [dossier], thu)
    before = attach(dossier, an)
    judging.fill(round_.entries.get(), judging.judge(council, 1))
    after = attach(dossier, an)
    assert (before.after_council, after.after_council) == (False, True)
    client = Client()
    client.force_login(judging.judge(council, 2).user)
    text = client.get(reverse("councils:entry", args=[round_.entries.get().pk])).content.decode()
    assert text.count("bổ sung sau hội đồng") == 1

"""The numbers under which offices receive filings (số phiếu đăng ký, PĐK)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.urls import reverse

from cycle import clock
from cycle.models import HistoryEntry
from dossiers.models import FilingNumber, Product, State
from dossiers.papers import facts
from dossiers.papers.kinds import Printed
from dossiers.walk import doors
from tests import records
from tests.pages import shown
from tests.standing import sent_up, stand, with_compulsory_papers
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def filed(dossier, by):
    stand(dossier, State.ASSEMBLING)
    with_compulsory_papers(dossier, by)
    doors.complete(
        open_task(dossier), "submit_dossier", by=by, record=records.self_assessment(), reason="Sớm"
    )
    dossier.lock()


def under(dossier):
    """Its numbers, each with the office that gave it."""
    return [(str(each), each.body.level) for each in dossier.filing_numbers.order_by("pk")]


def printed(dossier, reader):
    """Number and day in the blocks of the form."""
    blocks = facts.made(Printed.RECEIPT, dossier, reader)["blocks"]
    return [(block["number"], bool(block["received_on"])) for block in blocks]


def test_each_office_counts_what_it_receives_and_no_number_comes_free(
    client, cycle, commune, other_commune, an, chi, la, minh
):
    first, second = (open_dossier(cycle, commune, an, name=each) for each in ("Mật ong", "Gạo"))
    other = open_dossier(cycle, other_commune, la, name="Chè")
    filed(first, an)
    filed(other, la)
    year = first.filing_numbers.get().year
    assert under(first) == under(other) == [(f"01/{year}", "commune")]
    assert printed(first, an) == [(f"01/{year}", True), ("", False)]
    entry = first.history.get(event="dossier.submit_dossier")
    assert ["dossiers.filingnumber", first.filing_numbers.get().pk] in [
        each[:2] for each in entry.records
    ]

    # Withdrawn, then filed anew: a filing of its own. A supplement is none.
    doors.act(first.process, "withdraw", by=an, reason="Chưa đủ")
    filed(second, an)
    assert under(second) == [(f"02/{year}", "commune")]
    filed(first, an)
    doors.complete(open_task(first), "return_for_supplement", by=an, reason="Thiếu nhãn")
    doors.complete(open_task(first), "supplement", by=an)
    assert under(first)[1:] == [(f"03/{year}", "commune")]
    doors.complete(open_task(first), "confirm_dossier", by=an, record=records.commune_report())
    sent_up(first, chi)
    first.lock()
    assert under(first)[2:] == [(f"01/{year}", "province")]
    assert printed(first, minh) == [(f"03/{year}", True), (f"01/{year}", True)]

    # Taken past the commune: the province counts it, the commune's block stays open.
    straight = stand(open_dossier(cycle, commune, an, name="Rượu"), State.ASSEMBLING)
    with_compulsory_papers(straight, an)
    record = records.self_assessment()
    act = {"record": record, "reason": "Nộp thẳng"}
    doors.act(straight.process, "receive_directly", by=minh, **act)
    straight.lock()
    assert under(straight) == [(f"02/{year}", "province")]
    assert printed(straight, minh) == [("", False), (f"02/{year}", True)]

    client.force_login(minh)
    found = {
        typed: {
            each.product.name
            for each in (first, second, other, straight)
            if each.product.name
            in shown(client.get(reverse("dossiers:dossier_list"), {"q": typed}).text)
        }
        for typed in (f"PĐK 2/{year}", f"pđk 03/{year}", "pdk 1", f"9/{year}", "pdk 99999999999")
    }
    assert found == {
        f"PĐK 2/{year}": {"Gạo", "Rượu"},
        f"pđk 03/{year}": {"Mật ong"},
        "pdk 1": {"Mật ong", "Chè"},
        f"9/{year}": set(),
        "pdk 99999999999": set(),
    }


def test_what_was_received_before_the_register_says_so(cycle, commune, an, minh):
    old = stand(open_dossier(cycle, commune, an), State.DOSSIER_SUBMITTED)
    with transaction.atomic():
        HistoryEntry.objects.record(
            "dossier.submit_dossier", old, by=an, before="assembling", after="dossier_submitted"
        )
    assert printed(old, an) == [("không có (nhận trước khi có sổ)", True), ("", False)]


def test_a_number_of_a_year_that_was_counted_on_paper_is_not_given_again(
    cycle, commune, other_commune, an, la
):
    """Recorded late, or told again: only an office that counted here in that year counts on."""
    now = clock.now()
    before = now.replace(year=now.year - 1, month=6, day=15)

    def filed_on(name, of, by, at, moment=now, **clock_of):
        dossier = stand(open_dossier(cycle, of, by, name=name), State.ASSEMBLING, moved_at=before)
        with_compulsory_papers(dossier, by)
        act = {"record": records.self_assessment(), "reason": "Nộp muộn"}
        with clock.at(moment, **clock_of):
            doors.complete(open_task(dossier), "submit_dossier", by=by, at=at, **act)
        dossier.lock()
        return dossier

    for told in ({}, {"moment": before, "replay": True}):
        unknown = filed_on("Chè", commune, an, before, **told)
        assert under(unknown) == [] and not Product.objects.get(pk=unknown.product_id).code
        assert printed(unknown, an) == [("không có (nhận trước khi có sổ)", True), ("", False)]
    assert under(filed_on("Mật ong", commune, an, now)) == [(f"01/{now.year}", "commune")]
    assert under(filed_on("Gạo", commune, an, before)) == []

    numbers = [
        under(filed_on("Rượu", other_commune, la, at, moment))
        for at, moment in ((before, before), (before, now), (now, now))
    ]
    assert numbers == [
        [(each, "commune")] for each in (f"01/{before.year}", f"02/{before.year}", f"01/{now.year}")
    ]


@pytest.mark.django_db(transaction=True)
def test_filings_that_come_at_once_have_numbers_without_gap_or_double(cycle, commune, an, chi):
    waiting = [
        stand(open_dossier(cycle, commune, an, name=f"Chè {number}"), State.COMMUNE_CHECKED)
        for number in range(5)
    ]
    for dossier in waiting:
        records_of = records.commune_report()
        records_of.dossier, records_of.recorded_by = dossier, an
        records_of.at = dossier.moved_at
        records_of.save()
    start = Barrier(5)

    class Refused(Exception):
        pass

    def send(number):
        try:
            start.wait(timeout=120)
            with transaction.atomic():
                sent_up(waiting[number], chi, number=f"{number + 1}/TTr-UBND")
                if number == 2:
                    raise Refused
        except Refused:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(send, range(5)))
    assert sorted(FilingNumber.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_product_gets_its_code_as_it_is_filed_and_keeps_one_that_is_there(
    cycle, commune, an, client
):
    names = ("Mật ong", "Gạo", "Rượu")
    first, second, named = (open_dossier(cycle, commune, an, name=each) for each in names)
    code = f"11-03316-07-{clock.today().year}"
    doors.act(named.process, "correct_details", by=an, code=code, reason="Theo hồ sơ cũ")
    for dossier in (named, first, second):
        filed(dossier, an)
    codes = [Product.objects.get(pk=each.product_id).code for each in (named, first, second)]
    assert codes == [code, code.replace("07", "08"), code.replace("07", "09")]
    told = HistoryEntry.objects.get(stream="product", stream_id=first.product_id)
    assert [each["field"] for each in told.data["changed"]] == ["code"]
    assert facts.made(Printed.RECEIPT, first, an)["product_code"] == codes[1]

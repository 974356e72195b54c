"""What was recognised before comes in whole, right to the day, and is struck out again."""

import os
import re
import signal
import threading
import time
from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from cycle import clock
from cycle.models import Cycle, HistoryEntry, OrgUnit, OutboxMessage, User
from cycle.models.job import run_waiting
from dossiers.models import (
    ActNotPossible,
    BatchState,
    Certificate,
    ConditionNotMet,
    Dossier,
    Producer,
    Product,
    State,
    StockBatch,
    StockRow,
    Term,
)
from dossiers.office.reports import CycleReport
from dossiers.office.stock import work
from dossiers.terms.sweep import sweep
from dossiers.walk import doors, stock
from tests import records
from tests.addresses import routes
from tests.owning import insert_as_owner, update_as_owner
from tests.public_pages import main, see
from tests.stock_sheets import (
    GOOD,
    OTHERS,
    book,
    checked,
    committed,
    enter,
    faults,
    good,
    paper,
    sentences,
)
from tests.world import open_cycle, open_dossier, person

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9):
    return timezone.make_aware(datetime(year, month, day, hour))


@pytest.fixture
def entered(land, lan):
    return committed(book([GOOD, *OTHERS]), lan, land)


def by_number(number):
    return Certificate.objects.public().numbered(number).get()


# --- In -------------------------------------------------------------------------------------------


def test_a_batch_becomes_products_dossiers_and_certificates(entered, lan):
    assert (entered.state, entered.problem) == (BatchState.COMMITTED, "")
    given = by_number("12/gcn-ubnd")
    dossier = given.dossier
    assert (given.stars, given.issued_on, given.expires_on) == (
        3,
        date(2024, 3, 3),
        date(2027, 3, 3),
    )
    assert (given.edition, given.issuer.name) == ("148", "Huyện Mường Ảng")
    assert (given.decision.number, given.decision.signed_on) == ("345/QĐ-UBND", date(2024, 3, 3))
    assert given.producer_address == "Xã Ẳng Nưa, Huyện Mường Ảng"
    assert dossier.commune.name == "Xã Mường Ảng"
    assert (dossier.state, dossier.open_task()) == (State.CERTIFIED, None)
    assert dossier.cycle.closed_on is not None
    assert dossier.product.producer.phone == "0912345678"
    # Who brought what in from which file, on which paper.
    [line] = dossier.history
    assert (line.event, line.actor, line.data["batch"], line.data["line"]) == (
        "stock.enter",
        lan,
        entered.pk,
        2,
    )
    told = HistoryEntry.objects.get(event="stock.commit")
    assert (told.stream, told.stream_id, told.data["sha256"], told.data["document"]) == (
        "cycle",
        dossier.cycle_id,
        entered.sha256,
        "88/BC-VPĐP",
    )
    assert not OutboxMessage.objects.filter(entry__event="stock.enter").exists()


def test_anybody_looks_it_up(entered):
    words = main(see("/certificates/", number="12/GCN-UBND"))
    assert "Cà phê Arabica Mường Ảng" in words
    assert "Đang có giá trị" in words
    assert "03/03/2027" in words
    assert "Đã hết hạn" in main(see("/certificates/", number="01/GCN-UBND"))


def test_its_end_is_on_the_radar_and_its_window_opens_to_the_day(entered, land):
    officer = person("ang", "Lò Văn Ảng", ("officer", OrgUnit.objects.get(
        name="Xã Mường Ảng", valid_to=None)))  # fmt: skip
    pk = by_number("12/GCN-UBND").pk

    client = Client()
    client.force_login(officer)

    def radar(moment):
        with clock.at(moment):
            return main(client.get("/register/certificates/"))

    assert "12/GCN-UBND" not in radar(at(2026, 8, 4))
    assert "12/GCN-UBND" in radar(at(2026, 8, 5))
    given = Certificate.objects.with_validity().get(pk=pk)
    assert given.refiling == (date(2026, 9, 4), date(2026, 11, 3))
    for moment, words in (
        (at(2026, 9, 3), "từ 04/09/2026 đến hết 03/11/2026"),
        (at(2026, 9, 4), "đang trong thời gian nộp"),
        (at(2026, 11, 3), "đang trong thời gian nộp"),
        (at(2026, 11, 4), "đã qua thời gian nộp"),
    ):
        assert words in radar(moment)
    term = given.terms.get()
    assert (term.due_on, term.original_due_on) == (date(2027, 3, 3), date(2027, 3, 3))


def test_nobody_is_told_today_of_what_was_due_years_ago(land, lan):
    with clock.at(at(2026, 11, 28)):
        committed(book([GOOD, *OTHERS]), lan, land)
        before = HistoryEntry.objects.filter(event__startswith="term.").count()
        sweep(at(2026, 11, 28))
        assert HistoryEntry.objects.filter(event__startswith="term.").count() == before
    # 30 days before it ends it is told.
    sweep(at(2027, 2, 1))
    assert HistoryEntry.objects.filter(event="term.warning").count() >= 1


def test_what_is_newer_replaces_and_says_which_case_it_was(land, lan):
    rows = [
        GOOD,
        good(
            **{
                "Số giấy chứng nhận": "44/GCN-UBND",
                "Cơ quan cấp": "UBND tỉnh",
                "Số quyết định": "900/QĐ-UBND",
                "Ngày quyết định": date(2026, 3, 1),
                "Ngày hết hạn": "",
                "Hạng sao": 4,
            }
        ),
    ]
    committed(book(rows), lan, land)
    first, second = by_number("12/GCN-UBND"), by_number("44/GCN-UBND")
    assert first.dossier.product == second.dossier.product
    assert (first.dossier.case_type, second.dossier.case_type) == ("first", "upgrade")
    assert [term.certificate_id for term in Term.objects.live()] == [second.pk]


def test_a_revoked_one_is_revoked_on_its_day(land, lan):
    heads = [*GOOD, "Ngày thu hồi", "Quyết định thu hồi"]
    row = good(**{"Tình trạng": "Đã thu hồi", "Ngày thu hồi": "5/5/2025",
                  "Quyết định thu hồi": "77/QĐ-UBND"})  # fmt: skip
    committed(book([[row.get(head, "") for head in heads]], heads=heads), lan, land)
    given = by_number("12/GCN-UBND")
    assert (given.dossier.state, given.revoked_on) == (State.REVOKED, date(2025, 5, 5))
    assert given.dossier.history.get().data["revocation"] == "77/QĐ-UBND"
    assert not Term.objects.live().exists()
    assert "Đã thu hồi ngày 05/05/2025" in main(see(given.get_absolute_url()))


def test_what_comes_after_a_certificate_may_be_done_to_it(entered, land, lan):
    dossier = by_number("12/GCN-UBND").dossier
    doors.act(
        dossier.process,
        "revoke",
        by=lan,
        reason="Ngừng sản xuất",
        paper=records.signed_paper(),
        record=[records.inspection("revoke"), records.revocation()],
    )
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert dossier.state == State.REVOKED
    assert not dossier.terms.live().exists()
    client = Client()
    client.force_login(lan)
    page = client.get(f"/dossiers/{dossier.pk}/")
    assert page.status_code == 200
    assert "nhập giấy chứng nhận đã cấp từ danh sách" in page.content.decode()


def test_the_product_may_be_filed_anew(entered, rule_sets, land):
    cycle = open_cycle(rule_sets["qd26_2026"], 2026)
    given = by_number("12/GCN-UBND")
    commune = given.dossier.commune
    officer = person("ang", "Lò Văn Ảng", ("officer", commune))
    anew = Dossier(
        cycle=cycle,
        product=given.dossier.product,
        commune=commune,
        case_type="reevaluation",
    )
    process = doors.open(anew, by=officer)
    doors.act(process, "enter_late", by=officer, entered_as="reevaluation", reason="Sắp hết hạn")
    assert Dossier.objects.get(pk=anew.pk).state == State.ASSEMBLING


def test_what_is_here_already_is_named_and_may_be_left_out(entered, land, lan):
    rows = [GOOD, good(**{"Tên sản phẩm": "Cà phê bột", "Số giấy chứng nhận": "99/GCN-UBND"})]
    batch = checked(book(rows), lan, land)
    assert {cell for cell, _name in faults(batch)} == {"H2", "B2"}
    assert "Đã có trong hệ thống: Cà phê Arabica Mường Ảng." in sentences(batch)
    with pytest.raises(work.NotNow):
        work.ask_commit(batch, by=lan, **paper())
    work.ask_check(batch, by=lan, skip_known=True)
    run_waiting()
    batch = enter(StockBatch.objects.get(pk=batch.pk), lan)
    assert batch.state == BatchState.COMMITTED
    assert StockRow.objects.filter(batch=batch, dossier__isnull=False).count() == 1
    # The producer that is here is the one of both products.
    maker = by_number("99/GCN-UBND").dossier.product.producer
    assert maker == by_number("12/GCN-UBND").dossier.product.producer


def test_two_lists_with_one_number_are_not_both_entered(land, lan):
    first = checked(book([GOOD]), lan, land)
    second = checked(book([good(**{"Tên sản phẩm": "Chè dây"})]), lan, land)
    enter(first, lan)
    second = enter(second, lan)
    assert second.state == BatchState.CHECKED
    assert "hãy kiểm tra lại" in second.problem
    assert Certificate.objects.count() == 1


def test_a_number_that_was_given_meanwhile_refuses_the_whole_batch(land, lan, rule_sets):
    batch = checked(book([*OTHERS, GOOD]), lan, land)
    work.ask_commit(batch, by=lan, **paper())
    # Somebody was faster, past the check.
    twin = committed_elsewhere(lan, land, rule_sets)
    run_waiting()
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED
    assert "vừa được cấp ở nơi khác" in batch.problem
    assert [given.pk for given in Certificate.objects.all()] == [twin.pk]
    assert Product.objects.count() == 1


def committed_elsewhere(lan, land, rule_sets):
    """The number of the good row, given by the doors."""
    cycle = open_cycle(rule_sets["qd26_2026"], 2026)
    dossier = open_dossier(cycle, OrgUnit.objects.get(name="Xã Mường Ảng", valid_to=None), lan)
    twin = records.certificate(number="12/GCN-UBND", issued_on=date(2024, 5, 5))
    twin.dossier, twin.at = dossier, clock.now()
    decision = records.signed_paper()
    decision.scan.dossier, decision.scan.recorded_by, decision.scan.at = dossier, lan, clock.now()
    decision.scan.save()
    decision.dossier, decision.recorded_by, decision.at = dossier, lan, clock.now()
    records.in_ledger(decision).save()
    twin.stars, twin.decision, twin.recorded_by = 3, decision, lan
    twin.product_name, twin.product_group = dossier.product.name, dossier.product.group
    twin.producer_name = dossier.product.producer.name
    twin.issuer = OrgUnit.objects.get(name="Huyện Mường Ảng")
    insert_as_owner(twin)
    return twin


def test_only_an_officer_of_the_province_enters_and_strikes(entered, land):
    others = [
        person("lanh", "Lãnh đạo tỉnh", ("leader", land)),
        person(
            "xa", "Cán bộ xã", ("officer", OrgUnit.objects.get(name="Xã Mường Ảng", valid_to=None))
        ),
        person("kiem", "Kiểm tra", ("auditor", land)),
    ]
    batch = checked(
        book([good(**{"Tên sản phẩm": "Chè", "Số giấy chứng nhận": "5"})]),
        StockBatch.objects.get().by,
        land,
    )
    for other in others:
        with pytest.raises(PermissionDenied):
            work.upload(book([GOOD]), "a.xlsx", by=other, unit=land)
        with pytest.raises(PermissionDenied):
            work.ask_commit(batch, by=other, **paper())
        with pytest.raises(PermissionDenied):
            stock.strike(entered, by=other, reason="Nhầm")


# --- Out again ------------------------------------------------------------------------------------


def test_what_is_struck_out_is_shown_nowhere_and_kept(entered, lan):
    token = by_number("12/GCN-UBND").get_absolute_url()
    ids = list(Dossier.objects.values_list("pk", flat=True))
    stock.strike(entered, by=lan, reason="Nhập nhầm tệp")
    entered.refresh_from_db()
    assert entered.state == BatchState.VOID
    for model in (Dossier, Product, Producer, Certificate):
        assert (model.objects.count(), model.everything.count()) == (0, 3)
    assert not Term.objects.live().exists()
    assert see(token).status_code == 404
    client = Client()
    client.force_login(lan)
    assert client.get(f"/dossiers/{ids[0]}/").status_code == 404
    lines = HistoryEntry.objects.filter(stream="dossier", stream_id=ids[0]).order_by("seq")
    assert [(line.event, line.reason) for line in lines] == [
        ("stock.enter", ""),
        ("stock.strike", "Nhập nhầm tệp"),
    ]
    assert HistoryEntry.objects.filter(event="stock.undo").count() == 1


def test_its_numbers_are_free_again(entered, land, lan):
    stock.strike(entered, by=lan, reason="Nhập nhầm tệp")
    batch = committed(book([GOOD, *OTHERS]), lan, land)
    assert batch.state == BatchState.COMMITTED
    assert (Certificate.objects.count(), Certificate.everything.count()) == (3, 6)


def test_a_clock_that_the_batch_stopped_runs_again(entered, land, lan):
    newer = good(
        **{
            "Số giấy chứng nhận": "44/GCN-UBND",
            "Cơ quan cấp": "UBND tỉnh",
            "Số quyết định": "900/QĐ-UBND",
            "Ngày quyết định": date(2026, 3, 1),
            "Ngày hết hạn": "",
            "Hạng sao": 4,
        }
    )
    before = list(Term.objects.live().values())
    second = committed(book([newer]), lan, land)
    assert by_number("12/GCN-UBND").terms.get().state == "stopped"
    stock.strike(second, by=lan, reason="Nhầm")
    assert list(Term.objects.live().values()) == before


def obstacle_act(entered, lan, rule_sets):
    dossier = by_number("12/GCN-UBND").dossier
    doors.act(dossier.process, "record_promotion", by=lan, record=records.promotion())
    return "đã có việc «ghi một hoạt động xúc tiến»"


def obstacle_dossier(entered, lan, rule_sets):
    given = by_number("12/GCN-UBND")
    anew = Dossier(
        cycle=open_cycle(rule_sets["qd26_2026"], 2026),
        product=given.dossier.product,
        commune=given.dossier.commune,
    )
    doors.open(anew, by=lan)
    return "«Cà phê Arabica Mường Ảng»: đã mở hồ sơ khác."


def obstacle_product(entered, lan, rule_sets):
    Product.objects.create(
        producer=by_number("12/GCN-UBND").dossier.product.producer, name="Cà phê bột", group="drink"
    )
    return "Chủ thể «HTX Cà phê Ẳng Nưa»: đã có sản phẩm khác là «Cà phê bột»."


@pytest.mark.parametrize("obstacle", [obstacle_act, obstacle_dossier, obstacle_product])
def test_what_something_stands_on_is_not_struck_out(obstacle, entered, lan, rule_sets):
    said = obstacle(entered, lan, rule_sets)
    with pytest.raises(stock.StockRefused) as refused:
        stock.strike(entered, by=lan, reason="Nhầm")
    assert said in " ".join(refused.value.problems)
    entered.refresh_from_db()
    assert entered.state == BatchState.COMMITTED
    assert Certificate.objects.count() == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dossiers_dossier SET void = true",
        "UPDATE dossiers_product SET void = true",
        "UPDATE dossiers_producer SET void = true",
        "UPDATE dossiers_stockbatch SET state = 'checked'",
    ],
)
def test_what_came_in_is_hidden_by_no_statement_alone(statement, entered):
    with pytest.raises(IntegrityError, match="struck out"), transaction.atomic():
        sql(statement)
        connection.check_constraints()


@pytest.mark.parametrize("table", ["dossier", "product", "producer"])
def test_what_was_struck_out_stays_so(table, entered, lan):
    stock.strike(entered, by=lan, reason="Nhầm")
    connection.check_constraints()
    with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
        sql(f"UPDATE dossiers_{table} SET void = false")


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_nothing_new_stands_on_what_was_struck_out(entered, lan, rule_sets):
    product = Product.objects.get(name="Cà phê Arabica Mường Ảng")
    dossier = Dossier.objects.get(product=product)
    stock.strike(entered, by=lan, reason="Nhầm")
    anew = Dossier(
        cycle=open_cycle(rule_sets["qd26_2026"], 2026), product=product, commune=dossier.commune
    )
    with pytest.raises(ConditionNotMet, match="vừa bị gạch bỏ"), transaction.atomic():
        doors.open(anew, by=lan)
    with pytest.raises(IntegrityError, match="stands_on_what_stands"), transaction.atomic():
        Product.objects.create(producer_id=product.producer_id, name="Chè", group="drink")
    with pytest.raises(ActNotPossible):
        doors.act(dossier.process, "record_promotion", by=lan, record=records.promotion())


def test_of_a_certificate_only_its_striking_out_changes_and_never_back(entered, lan):
    pk = by_number("12/GCN-UBND").pk
    for statement in ("stars = 5", "void = void, number = 'x'"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE dossiers_certificate SET {statement} WHERE id = %s", [pk])
    stock.strike(entered, by=lan, reason="Nhầm")
    for value in ("false", "true"):
        with (
            pytest.raises(Exception, match="certificate_void_stays|Cannot update"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE dossiers_certificate SET void = {value} WHERE id = {pk}")


def test_a_row_that_became_something_stays(entered):
    with pytest.raises(Exception, match="Cannot"), transaction.atomic():
        entered.rows.all().delete()
    with pytest.raises(Exception, match="Cannot"), transaction.atomic():
        entered.rows.update(errors=1)


# --- As before ------------------------------------------------------------------------------------


def addresses():
    """Every page of the product that needs no number, apart from the office's own list of batches,
    the registers (a document that was entered stays in the ledger) and what tells of the machine.
    """
    return sorted(
        f"/{route}"
        for route in routes()
        if "<" not in route
        and not re.match(
            r"admin/.+/(add|login|logout)|accounts|stock|documents|jobs|operations|"
            r"admin/(jsi18n|login|logout)",
            route,
        )
        and not re.search(r"password|logout|login|history|outbox|job|stream|keys|\.ics", route)
    )


def seen(*people):
    """What each of them sees on every page, and the figures of every cycle."""
    found = {}
    for user in people:
        client = Client()
        client.force_login(user)
        for address in addresses():
            page = client.get(address)
            if page.status_code == 200 and page["Content-Type"].startswith("text/html"):
                text = page.getvalue().decode()
                text = re.sub(r'(csrf[^"]*" value=|nonce=|hx-headers=)"[^"]*"', "", text)
                found[user.username, address] = re.sub(r'value="[A-Za-z0-9]{64}"', "", text)
    for cycle in Cycle.objects.order_by("pk"):
        found[cycle.title] = CycleReport(cycle).figures()
    for number in ("12/GCN-UBND", "07/GCN-UBND"):
        found[number] = main(see("/certificates/", number=number))
    return found


@pytest.mark.slow(reason="every page of four people is read four times")
def test_entered_and_struck_out_every_list_and_number_is_as_before(land, lan, rule_sets):
    commune = OrgUnit.objects.get(name="Xã Mường Ảng", valid_to=None)
    officer = person("ang", "Lò Văn Ảng", ("officer", commune))
    leader = person("lanh", "Lãnh đạo", ("leader", land))
    admin = person("quantri", "Quản trị")
    update_as_owner(User.objects.filter(pk=admin.pk), is_staff=True, is_superuser=True)
    admin.refresh_from_db()
    open_dossier(open_cycle(rule_sets["qd26_2026"], 2026), commune, officer)
    with clock.at(at(2026, 11, 20)):
        batch = checked(book([GOOD, *OTHERS]), lan, land)
        people = [officer, leader, lan, admin]
        seen(*people)
        before = seen(*people)
        assert len(before) > 40
        batch = enter(batch, lan)
        assert batch.state == BatchState.COMMITTED
        between = seen(*people)
        changed = {key for key in before if before[key] != between[key]}
        assert ("ang", "/dossiers/") in changed
        assert ("ang", "/register/certificates/") in changed
        stock.strike(batch, by=lan, reason="Nhầm")
        after = seen(*people)
        assert {key for key in before if before[key] != after[key]} == set()


# --- Killed ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_nothing_is_half_entered(land, lan):
    rows = [
        good(**{"Tên sản phẩm": f"Chè số {n}", "Số giấy chứng nhận": f"{n}/GCN"})
        for n in range(1, 121)
    ]
    batch = checked(book(rows), lan, land)
    work.ask_commit(batch, by=lan, **paper())
    kills, before = 0, (0, 0)
    for wait in (0.05, 0.15, 0.3, 0.5):
        connections.close_all()
        child = os.fork()
        if child == 0:  # pragma: no cover
            try:
                run_waiting()
            finally:
                os._exit(0)
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        found = Certificate.everything.count(), Producer.everything.count()
        assert found in ((0, 0), (120, 1))
        assert found >= before
        before = found
    wait_for_lock(batch)
    run_waiting()
    batch.refresh_from_db()
    assert kills == 4
    assert batch.state == BatchState.COMMITTED
    assert (Certificate.objects.count(), Dossier.objects.count()) == (120, 120)
    assert HistoryEntry.objects.filter(event="stock.enter").count() == 120
    assert HistoryEntry.objects.filter(event="stock.commit").count() == 1


def wait_for_lock(batch):
    """Until PostgreSQL has seen that the killed one is gone, which holds the job's number."""
    # As it was read the batch may not know its job yet.
    batch.refresh_from_db()
    assert batch.job_id
    for _try in range(1200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [batch.job_id])
            if cursor.fetchone()[0]:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [batch.job_id])
                return
        time.sleep(0.05)
    raise AssertionError("the killed one still holds its job after a minute")


@pytest.mark.django_db(transaction=True)
def test_two_who_strike_at_once_strike_once(land, lan):
    batch = committed(book([GOOD, *OTHERS]), lan, land)
    outcomes = []

    def strike():
        try:
            stock.strike(StockBatch.objects.get(pk=batch.pk), by=lan, reason="Nhầm")
            outcomes.append("struck")
        except stock.StockRefused:
            outcomes.append("refused")
        finally:
            connections.close_all()

    hands = [threading.Thread(target=strike) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(outcomes) == ["refused", "struck"]
    assert HistoryEntry.objects.filter(event="stock.undo").count() == 1

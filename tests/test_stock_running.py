"""Running dossiers come in at their true step, with their task and terms as of their day."""

from datetime import date, datetime

import pytest
from django.test import Client
from django.utils import timezone

from cycle import clock
from cycle.models import Cycle, HistoryEntry, OutboxMessage
from cycle.models.job import run_waiting
from dossiers.models import (
    BatchState,
    Dossier,
    OfficialDocument,
    Process,
    Producer,
    Product,
    RowKind,
    State,
    StockBatch,
    Task,
    Term,
)
from dossiers.office.stock import work
from dossiers.office.stock.cells import READERS, day
from dossiers.office.stock.columns import FIELDS
from dossiers.office.stock.standing import LED_BY, STANDING, in_words
from dossiers.terms.sweep import sweep
from dossiers.walk import doors, stock
from dossiers.walk.running import STEPS
from notifications import audiences
from notifications.dispatch import dispatch
from notifications.letters import letter
from notifications.models import Delivery, Notification
from tests import records
from tests.ground import kept
from tests.owning import update_as_owner
from tests.public_pages import main
from tests.stock_sheets import (
    RUNNING,
    again,
    book,
    checked,
    enter,
    faults,
    killed_while_entering,
    paper,
    row_of,
    running,
    sentences,
)
from tests.stock_sheets import RUNNING_HEADS as HEADS
from tests.world import open_cycle, open_task

pytestmark = pytest.mark.django_db

NOW = timezone.make_aware(datetime(2026, 11, 28, 9))


@pytest.fixture(autouse=True)
def today():
    with clock.at(NOW):
        yield


@pytest.fixture
@kept
def year(rule_sets):
    return open_cycle(rule_sets["qd26_2026"], 2026)


@pytest.fixture
def lan(lan, year):
    """Her lists go into the year that is open."""
    return lan


def list_of(rows, **shape):
    return book([row_of(row, HEADS) for row in rows], heads=HEADS, **shape)


def looked_at(rows, lan, land, **shape):
    return checked(list_of(rows, **shape), lan, land, kind="running")


def entered_of(rows, lan, land):
    batch = looked_at(rows, lan, land)
    assert faults(batch) == set(), sentences(batch)
    batch = enter(batch, lan)
    assert (batch.state, batch.problem) == (BatchState.COMMITTED, "")
    return batch


def test_a_dossier_comes_in_where_it_stands(land, lan, ang, year):
    batch = entered_of([RUNNING], lan, land)
    dossier = Dossier.objects.get()
    assert (dossier.state, dossier.cycle, dossier.case_type) == (State.IDEA_SELECTED, year, "first")
    assert dossier.commune.name == "Xã Mường Ảng"
    task = open_task(dossier)
    assert (task.node, task.role, task.org_unit) == ("submit_plan", "officer", dossier.commune)
    # 30 working days from 2/11/2026.
    assert timezone.localdate(task.opened_at) == date(2026, 11, 2)
    assert task.due_on == task.term.due_on == task.term.original_due_on == date(2026, 12, 14)
    [line] = dossier.history
    assert (line.event, line.actor, line.after) == ("stock.resume", lan, State.IDEA_SELECTED)
    assert (line.data["batch"], line.data["document"]) == (batch.pk, "88/BC-VPĐP")
    assert line.data["steps"] == {"idea_on": "2026-09-01", "selected_on": "2026-11-02"}
    assert timezone.localdate(line.at) == date(2026, 11, 2)
    document = OfficialDocument.objects.get()
    assert (document.number, document.signed_on) == ("45/TB-VPĐP", date(2026, 11, 2))
    # Its officer has it, and goes on as with any other.
    client = Client()
    client.force_login(ang)
    assert "Thịt sấy Ẳng Nưa" in main(client.get("/inbox/"))
    words = main(client.get(f"/dossiers/{dossier.pk}/"))
    assert "nhập hồ sơ đang làm từ danh sách" in words and "45/TB-VPĐP" in words
    doors.complete(task, "submit_plan", by=ang, record=records.plan())
    assert Dossier.objects.get().state == State.PLAN_SUBMITTED


#: Words of offices -> where it stands.
WORDS = {
    "Đang hoàn thiện phương án": State.IDEA_SELECTED,
    "đang lập phương án SXKD": State.IDEA_SELECTED,
    "Đã được chấp nhận ý tưởng": State.IDEA_SELECTED,
    "Chưa nộp phiếu đăng ký": State.POTENTIAL,
    "Đang vận động": State.POTENTIAL,
    "Đã nộp phiếu đăng ký ý tưởng": State.IDEA_REGISTERED,
    "Chờ xét chọn ý tưởng": State.IDEA_SCREENED,
    "Ý tưởng bị trả lại, bổ sung": State.IDEA_RETURNED,
    "Đã nộp phương án": State.PLAN_SUBMITTED,
    "Chờ thẩm định phương án": State.PLAN_CHECKED,
    "Chờ UBND tỉnh phê duyệt phương án": State.PLAN_CHECKED,
    "Phương án yêu cầu bổ sung": State.PLAN_RETURNED,
    "Đã duyệt phương án, đang triển khai": State.IMPLEMENTING,
    "Đang triển khai": State.IMPLEMENTING,
    "Đang hoàn thiện hồ sơ": State.ASSEMBLING,
    "Đang làm hồ sơ đánh giá": State.ASSEMBLING,
    "Đã nộp hồ sơ về xã": State.DOSSIER_SUBMITTED,
    "Xã đang kiểm tra hồ sơ": State.DOSSIER_SUBMITTED,
    "Hồ sơ bị tỉnh trả lại": State.SUPPLEMENT_REQUESTED,
    "Chờ lãnh đạo xã ký": State.COMMUNE_CHECKED,
    "Đã nộp hồ sơ lên tỉnh": State.AT_PROVINCE,
    "Tỉnh đang kiểm tra": State.AT_PROVINCE,
    "Chờ hội đồng tỉnh đánh giá": State.PROVINCE_EVALUATING,
}


@pytest.mark.parametrize(("written", "state"), WORDS.items())
def test_words_of_offices_mean_a_state(written, state):
    assert in_words(written) == state


def test_every_state_is_meant_by_its_own_name_and_nothing_by_other_words():
    for state in State:
        assert in_words(str(state.label)) == state
    assert in_words("tốt") is None and in_words("") is None


def at_step(state, **changed):
    """The row of a dossier that stands in ``state`` since 12/10/2026."""
    return running(**{
        "Tên sản phẩm": f"Chè {state}", "Tiến độ": str(State(state).label),
        "Từ ngày": date(2026, 10, 12), "Ngày nộp ý tưởng": date(2026, 3, 2),
        "Ngày chấp nhận ý tưởng": "", "Văn bản chấp nhận ý tưởng": "",
    } | changed)  # fmt: skip


def test_each_state_gets_its_own_task_and_its_term_from_its_day(land, lan, year):
    states = [
        state for state in STANDING if not state.value.startswith(("at_district", "district"))
    ]
    entered_of([at_step(state) for state in states], lan, land)
    for state in states:
        dossier = Dossier.objects.get(product__name=f"Chè {state}")
        assert dossier.state == state
        task = open_task(dossier)
        assert task.state == state
        duty = year.duties.get(node=task.node, rule_set=year.rule_set)
        assert (task.role, task.org_unit.level) == (duty.role, duty.level)
        assert timezone.localdate(task.opened_at) == date(2026, 10, 12)
        assert task.term.amount == duty.working_days


def test_the_15_days_of_the_commune_run_from_the_day_of_its_file(land, lan):
    entered_of([
        at_step(State.COMMUNE_CHECKED, **{"Ngày nộp hồ sơ đánh giá": date(2026, 10, 5)}),
        at_step(State.DOSSIER_SUBMITTED),
        at_step(State.AT_PROVINCE, **{"Ngày nộp hồ sơ đánh giá": date(2026, 10, 5)}),
    ], lan, land)  # fmt: skip
    laws = {
        term.dossier.product.name: (timezone.localdate(term.started_at), term.due_on)
        for term in Term.objects.live().filter(code="D1")
    }
    assert laws == {
        "Chè commune_checked": (date(2026, 10, 5), date(2026, 10, 26)),
        "Chè dossier_submitted": (date(2026, 10, 12), date(2026, 11, 2)),
    }


def test_the_45_days_of_a_reevaluation_run_from_where_the_province_took_it(land, lan):
    entered_of([at_step(State.PROVINCE_EVALUATING, **{"Loại hồ sơ": "Đánh giá lại"})], lan, land)
    [term] = Term.objects.live().filter(code="D7")
    assert (timezone.localdate(term.started_at), term.due_on) == (
        date(2026, 10, 12),
        date(2026, 11, 26),
    )


def test_what_was_late_before_is_told_in_one_letter_and_shown(land, lan, ang):
    rows = [at_step(State.IDEA_REGISTERED, **{"Tên sản phẩm": f"Chè {n}"}) for n in range(30)]
    batch = entered_of(rows, lan, land)
    sweep(NOW)
    assert not HistoryEntry.objects.filter(event__startswith="term.").exists()
    waiting = OutboxMessage.objects.filter(dispatched_at=None)
    told = set(waiting.values_list("entry__event", flat=True))
    assert told <= {
        "document.record",
        "stock.hand_out",
        "stock.commit",
        "stock.upload",
        "unit.load",
    }
    assert waiting.filter(entry__event="stock.hand_out").count() == 1
    entry = HistoryEntry.objects.get(event="stock.hand_out")
    assert (entry.data["rows"], entry.data["overdue"]) == (30, 30)
    assert audiences.of(entry) == {ang.pk}
    dispatch()
    assert Notification.objects.filter(recipient=ang).count() == 1
    client = Client()
    client.force_login(ang)
    assert "Chè 7" in main(client.get("/register/"))
    assert client.get("/notifications/").status_code == 200
    delivery = Delivery(notification=Notification.objects.get(recipient=ang))
    written = letter(delivery)
    assert "(30 hồ sơ)" in written.body and "30 việc đã quá hạn" in written.body
    assert batch.into.year == 2026


def test_what_is_still_to_come_is_told_on_its_day(land, lan, ang):
    entered_of([RUNNING], lan, land)
    sweep(timezone.make_aware(datetime(2026, 12, 9, 9)))
    assert HistoryEntry.objects.filter(event="term.warning").count() == 1


#: One cell of the good row otherwise -> the field at whose cell the fault must stand.
WRONG = {
    "product empty": ({"Tên sản phẩm": ""}, "product"),
    "product of 300 characters": ({"Tên sản phẩm": "Chè " * 75}, "product"),
    "group unknown": ({"Nhóm sản phẩm": "Vũ khí"}, "product_group"),
    "group empty": ({"Nhóm sản phẩm": ""}, "product_group"),
    "producer empty": ({"Chủ thể": ""}, "producer"),
    "producer of unknown kind": ({"Chủ thể": "Ẳng Nưa Xanh"}, "producer"),
    "commune empty": ({"Xã": ""}, "commune"),
    "commune of nowhere": ({"Xã": "Xã Qwertyuiop", "Huyện": ""}, "commune"),
    "step empty": ({"Tiến độ": ""}, "step"),
    "step that nobody knows": ({"Tiến độ": "tốt"}, "step"),
    "step with a result": ({"Tiến độ": "Chờ quyết định công nhận"}, "step"),
    "step of a formula": ({"Tiến độ": "#REF!"}, "step"),
    "kind of dossier unknown": ({"Loại hồ sơ": "Khẩn"}, "case_type"),
    "day to come": ({"Ngày chấp nhận ý tưởng": date(2030, 1, 1)}, "selected_on"),
    "day that no calendar has": ({"Ngày chấp nhận ý tưởng": "31/11/2026"}, "selected_on"),
    "selected before it was filed": ({"Ngày chấp nhận ý tưởng": date(2026, 8, 1)}, "selected_on"),
    "since before it was selected": ({"Từ ngày": date(2026, 10, 1)}, "since"),
    "only a year": ({"Ngày nộp ý tưởng": 2026}, "idea_on"),
    "of long ago": ({"Ngày nộp ý tưởng": date(2019, 1, 1)}, "idea_on"),
    "number with a strange sign": ({"Văn bản chấp nhận ý tưởng": "45@TB"}, "selected_number"),
    "number without a figure": ({"Văn bản chấp nhận ý tưởng": "TB-VPĐP"}, "selected_number"),
    "nobody knows since when": (
        {"Ngày nộp ý tưởng": "", "Ngày chấp nhận ý tưởng": "", "Văn bản chấp nhận ý tưởng": ""},
        "selected_on",
    ),
}
NAMES = {
    "product": "Tên sản phẩm", "product_group": "Nhóm sản phẩm", "producer": "Chủ thể",
    "commune": "Xã", "step": "Tiến độ", "case_type": "Loại hồ sơ", "since": "Từ ngày",
    "idea_on": "Ngày nộp ý tưởng", "selected_on": "Ngày chấp nhận ý tưởng",
    "selected_number": "Văn bản chấp nhận ý tưởng",
}  # fmt: skip


def test_each_fault_is_named_at_its_cell_and_the_30_stay_right(land, lan):
    good = [running(**{"Tên sản phẩm": f"Thịt sấy số {n}"}) for n in range(30)]
    bad, wanted = [], set()
    for number, (changed, name) in enumerate(WRONG.values()):
        bad.append(running(**{"Tên sản phẩm": f"Chè số {number}"} | changed))
        column = chr(65 + HEADS.index(NAMES[name]))
        wanted.add((f"{column}{2 + len(good) + number}", name))
    batch = looked_at([*good, *bad], lan, land)
    assert faults(batch) == wanted
    assert batch.rows.filter(kind=RowKind.DATA, errors=0).count() == 30


def test_words_are_asked_once_answered_by_pages_and_remembered(land, lan):
    rows = [running(**{"Tên sản phẩm": f"Chè {n}", "Tiến độ": "Giai đoạn 2"}) for n in range(4)]
    batch = looked_at(rows, lan, land)
    assert {name for _cell, name in faults(batch)} == {"step"}
    [question] = batch.questions
    assert (question["text"], question["count"]) == ("Giai đoạn 2", 4)
    client = Client()
    client.force_login(lan)
    address = f"/stock/{batch.pk}/"
    assert "4 dòng (2, 3, 4, 5…) ghi như vậy." in main(client.get(address))
    client.post(address, {"act": "answers", "answer0": "nothing"})
    client.post(address, {"act": "answers", "answer0": State.IDEA_SELECTED.value})
    run_waiting()
    batch.refresh_from_db()
    assert faults(batch) == set()
    assert "Chờ nộp phương án: 4" in main(client.get(address))
    # The next list says the same words and is not asked; what is proposed may be answered too.
    second = looked_at([rows[0], running(**{"Tên sản phẩm": "Gạo"})], lan, land)
    assert faults(second) == set()
    found = {each["text"]: each.get("answer") for each in second.questions}
    assert found == {
        "Giai đoạn 2": State.IDEA_SELECTED,
        "Đang hoàn thiện phương án": State.IDEA_SELECTED,
    }


def test_which_year_is_asked_when_two_are_open(land, lan, year, rule_sets):
    newer = open_cycle(rule_sets["qd26_2026"], 2027)
    batch = looked_at([RUNNING], lan, land)
    assert batch.into == year
    client = Client()
    client.force_login(lan)
    address = f"/stock/{batch.pk}/"
    assert "Hồ sơ của chu trình" in main(client.get(address))
    client.post(address, {"act": "answers", "answer0": "", "into": newer.pk})
    run_waiting()
    batch = enter(StockBatch.objects.get(pk=batch.pk), lan)
    assert Dossier.objects.get().cycle == newer
    words = main(client.get(address + "?rows=all"))
    assert "Chờ nộp phương án" in words and "02/11/2026" in words


def test_without_an_open_year_it_is_said(land, lan, year):
    update_as_owner(Cycle.objects.filter(pk=year.pk), closed_on=date(2026, 11, 1))
    batch = looked_at([RUNNING], lan, land)
    assert batch.state == BatchState.COLUMNS
    assert "Chưa mở chu trình nào" in batch.problem


def test_a_product_with_a_dossier_of_the_year_is_named_and_may_be_left_out(land, lan, year):
    entered_of([RUNNING], lan, land)
    batch = looked_at([RUNNING, running(**{"Tên sản phẩm": "Gạo"})], lan, land)
    assert faults(batch) == {("B2", "product")}
    assert "Đã có trong hệ thống: hồ sơ Chu trình OCOP 2026, chờ nộp phương án." in sentences(batch)
    batch = enter(again(batch, lan, skip_known=True), lan)
    assert Dossier.objects.count() == 2 and batch.state == BatchState.COMMITTED


def test_a_dossier_opened_meanwhile_refuses_the_whole_list(land, lan, ang, year):
    batch = looked_at([RUNNING, running(**{"Tên sản phẩm": "Gạo"})], lan, land)
    maker = Producer.objects.create(
        name="HTX Ẳng Nưa", owner_type="cooperative", commune=ang.assignments()[0].org_unit
    )
    product = Product.objects.create(producer=maker, name="Gạo", group="food")
    doors.open(Dossier(cycle=year, product=product, commune=maker.commune), by=ang)
    work.ask_commit(batch, by=lan, **paper())
    run_waiting()
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED and "hãy kiểm tra lại" in batch.problem
    assert Dossier.objects.count() == 1


def test_struck_out_its_tasks_and_terms_end_and_it_comes_in_again(land, lan, ang):
    batch = entered_of([RUNNING], lan, land)
    dossier = Dossier.objects.get()
    stock.strike(batch, by=lan, reason="Nhập nhầm bước")
    assert not Dossier.objects.exists() and not Product.objects.exists()
    assert not Task.objects.open().exists()
    assert not Term.objects.live().exists()
    assert Process.objects.get(dossier=dossier.pk).status == "CANCELED"
    client = Client()
    client.force_login(ang)
    assert "Thịt sấy" not in main(client.get("/inbox/"))
    assert client.get(f"/dossiers/{dossier.pk}/").status_code == 404
    entered_of([RUNNING], lan, land)


def test_what_was_done_to_one_keeps_the_whole_list(land, lan, ang):
    batch = entered_of([RUNNING], lan, land)
    doors.complete(open_task(Dossier.objects.get()), "submit_plan", by=ang, record=records.plan())
    with pytest.raises(stock.StockRefused, match="đã có việc «nộp phương án»"):
        stock.strike(batch, by=lan, reason="Nhầm")
    assert Task.objects.open().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow(reason="who enters it is killed ten times")
def test_killed_at_any_moment_nothing_is_half_entered(land, lan):
    rows = [running(**{"Tên sản phẩm": f"Chè số {n}"}) for n in range(30)]
    batch = looked_at(rows, lan, land)
    work.ask_commit(batch, by=lan, **paper())
    assert killed_while_entering(batch, Dossier, 30) == 10
    assert Dossier.objects.count() == Task.objects.open().count() == 30
    assert HistoryEntry.objects.filter(event="stock.resume").count() == 30


def test_a_group_that_the_year_does_not_have_is_refused_and_an_unproven_upgrade_told(
    land, lan, ang, year
):
    rows = [running(**{"Nhóm sản phẩm": "Vải và may mặc", "Loại hồ sơ": "Nâng hạng"})]
    batch = looked_at(rows, lan, land)
    assert {field for _cell, field in faults(batch)} == {"product_group"}
    assert {field for _cell, field in faults(batch, "warning")} >= {"case_type"}
    assert any("Nhóm sản phẩm này không có" in text for text in sentences(batch))


def test_each_day_of_a_step_has_a_column_its_reader_and_the_state_it_leads_to():
    assert set(STEPS) <= FIELDS.keys()
    assert {name for name in STEPS if READERS.get(name) is not day} == set()
    # In one order: how many states are reached says how many days are due.
    assert list(LED_BY.values()) == list(STEPS)
    reached = [list(State).index(state) for state in LED_BY]
    assert reached == sorted(reached)

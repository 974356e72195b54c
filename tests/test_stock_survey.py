"""Potential products come in from a survey, are followed, and a dossier begins from one."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client

from cycle import clock
from cycle.models import HistoryEntry, OrgUnit
from cycle.models.job import run_waiting
from dossiers.models import (
    BatchState,
    ConditionNotMet,
    Dossier,
    OutreachEvent,
    Potential,
    PotentialState,
    Producer,
    RowKind,
)
from dossiers.office.stock import work
from dossiers.walk import stock, survey
from tests.pages import yes
from tests.public_pages import main
from tests.stock_sheets import SURVEY_HEADS as HEADS
from tests.stock_sheets import (
    SURVEYED,
    again,
    book,
    checked,
    enter,
    faults,
    killed_while_entering,
    paper,
    row_of,
    sentences,
    surveyed,
    text,
)
from tests.world import open_cycle, person

pytestmark = pytest.mark.django_db


def list_of(rows, **shape):
    return book([row_of(row, HEADS) for row in rows], heads=HEADS, **shape)


def looked_at(rows, lan, land, **shape):
    return checked(list_of(rows, **shape), lan, land, kind="potential")


@pytest.fixture
def entered(land, lan):
    other = surveyed(**{"Tên sản phẩm": "Gạo nếp nương", "Chủ thể": "HTX Tủa Chùa",
                        "Xã": "TT Tủa Chùa", "Huyện": "Tủa Chùa"})  # fmt: skip
    return enter(looked_at([SURVEYED, other], lan, land), lan)


def test_a_survey_becomes_potential_products_by_commune_of_today(entered, lan):
    assert (entered.state, entered.problem) == (BatchState.COMMITTED, "")
    first = Potential.objects.get(name="Mật ong Ẳng Nưa")
    assert (first.commune.name, first.state) == ("Xã Mường Ảng", PotentialState.OPEN)
    assert (first.group, first.owner_type) == ("food", "household")
    assert (first.producer_name, first.phone) == ("Hộ Lò Văn Pâng", "0912345678")
    assert (first.wish, first.surveyed_on) == ("Hỗ trợ bao bì, nhãn mác", date(2026, 5, 14))
    assert first.address == "Xã Ẳng Nưa, Mường Ảng"
    # A survey makes no producer, no product, no dossier.
    assert not Producer.objects.exists() and not Dossier.objects.exists()
    told = HistoryEntry.objects.get(event="stock.commit")
    assert (told.actor, told.data["rows"], told.data["document"]) == (lan, 2, "88/BC-VPĐP")


#: One cell of the good row otherwise -> the field at whose cell the fault must stand.
WRONG = {
    "product empty": ({"Tên sản phẩm": ""}, "product"),
    "product of digits": ({"Tên sản phẩm": 123}, "product"),
    "product of 300 characters": ({"Tên sản phẩm": "Mật " * 75}, "product"),
    "an error of a formula": ({"Tên sản phẩm": "#N/A"}, "product"),
    "a formula never reckoned": ({"Tên sản phẩm": '="Mật "&"ong"'}, "product"),
    "group unknown": ({"Nhóm sản phẩm": "Vũ khí"}, "product_group"),
    "producer empty": ({"Chủ thể": ""}, "producer"),
    "producer of no letters": ({"Chủ thể": "---1---"}, "producer"),
    "kind of producer unknown": ({"Loại hình": "Tập đoàn đa quốc"}, "owner_type"),
    "commune empty": ({"Xã": "", "Huyện": ""}, "commune"),
    "commune of nowhere": ({"Xã": "Xã Qwertyuiop"}, "commune"),
    "commune misspelt": ({"Xã": "Xã Ẳng Nứaa", "Huyện": ""}, "commune"),
    "wish of 1,100 characters": ({"Nguyện vọng": "Xin hỗ trợ. " * 90}, "wish"),
    "representative of 300 characters": ({"Người đại diện": "Lò " * 100}, "representative"),
    "day to come": ({"Ngày khảo sát": date(2031, 1, 1)}, "surveyed_on"),
    "day that no calendar has": ({"Ngày khảo sát": "30/02/2026"}, "surveyed_on"),
    "only a month": ({"Ngày khảo sát": "5/2026"}, "surveyed_on"),
    "month first": ({"Ngày khảo sát": "5/25/2026"}, "surveyed_on"),
}
NAMES = {
    "product": "Tên sản phẩm", "product_group": "Nhóm sản phẩm", "producer": "Chủ thể",
    "owner_type": "Loại hình", "commune": "Xã", "wish": "Nguyện vọng",
    "surveyed_on": "Ngày khảo sát", "representative": "Người đại diện",
}  # fmt: skip


def test_each_fault_is_named_at_its_cell_and_the_222_stay_right(land, lan):
    good = [
        surveyed(**{"Tên sản phẩm": f"Mật ong số {n}", "Chủ thể": f"Hộ Lò Văn số {n}"})
        for n in range(222)
    ]
    bad, wanted = [], set()
    for number, (changed, name) in enumerate(WRONG.values()):
        bad.append(surveyed(**{"Tên sản phẩm": f"Chè số {number}"} | changed))
        column = chr(65 + HEADS.index(NAMES[name]))
        wanted.add((f"{column}{2 + len(good) + number}", name))
    batch = looked_at([*good, *bad], lan, land)
    assert faults(batch) == wanted
    assert batch.counts["wrong"] == len(WRONG)
    assert batch.rows.filter(kind=RowKind.DATA, errors=0).count() == 222
    with pytest.raises(work.NotNow):
        work.ask_commit(batch, by=lan, **paper())


def test_what_the_survey_says_of_itself_is_set_beside_what_was_counted(land, lan):
    rows = [surveyed(**{"Tên sản phẩm": f"Mật {n}"}) for n in range(3)]
    rows.append(surveyed(**{"Tên sản phẩm": "Chè", "Nhóm sản phẩm": "Đồ uống"}))
    batch = looked_at(
        rows, lan, land,
        above=[["Qua khảo sát có 222 sản phẩm tiềm năng của 1 chủ thể; thực phẩm: 3, đồ uống: 2"]],
        below=[["Tổng cộng", 4]],
    )  # fmt: skip
    assert faults(batch) == set()
    told = {(each["line"], each["what"]): (each["said"], each["counted"], each["agrees"])
            for each in batch.totals}  # fmt: skip
    assert told == {
        (1, "rows"): (222, 4, False),
        (1, "producers"): (1, 1, True),
        (1, "food"): (3, 3, True),
        (1, "drink"): (2, 1, False),
        (6 + 1, "rows"): (4, 4, True),
    }
    client = Client()
    client.force_login(lan)
    words = main(client.get(f"/stock/{batch.pk}/"))
    assert "1 số sản phẩm 222 4 không khớp" in words
    assert "1 Đồ uống 2 1 không khớp" in words


def test_a_survey_that_groups_by_headings_and_as_text(land, lan):
    lines = [
        "DANH SÁCH SẢN PHẨM TIỀM NĂNG",
        "TT;Tên sản phẩm;Chủ thể;Xã;Huyện;Nhu cầu",
        "I;NHÓM THỰC PHẨM;;;;",
        "1;Thịt sấy;Hộ Lò Văn A;Ẳng Nưa;Mường Ảng;Vay vốn",
        "II;NHÓM ĐỒ UỐNG;;;;",
        "2;Chè dây;HTX Hướng Linh;Sín Chải;Tủa Chùa;",
    ]
    batch = checked("\n".join(lines).encode("utf-16"), lan, land, "a.csv", kind="potential")
    assert faults(batch) == set()
    found = [row.values for row in batch.rows.filter(kind=RowKind.DATA)]
    assert [(row["product"], row["product_group"]) for row in found] == [
        ("Thịt sấy", "food"),
        ("Chè dây", "drink"),
    ]
    assert found[0]["wish"] == "Vay vốn"
    assert text([SURVEYED], heads=HEADS)


def test_what_is_twice_or_here_already_is_named(entered, lan, land):
    batch = looked_at([SURVEYED, surveyed(**{"Tên sản phẩm": "MẬT  ong ẳng nưa"})], lan, land)
    assert "Đã có trong hệ thống: sản phẩm tiềm năng, chưa mở hồ sơ." in sentences(batch)
    assert "Sản phẩm và chủ thể này trùng với dòng 2." in sentences(batch)
    batch = again(batch, lan, skip_known=True)
    assert {cell for cell, _name in faults(batch)} == {"B3"}


def test_a_split_commune_is_one_question_however_it_is_written_and_a_row_may_differ(land, lan):
    old = OrgUnit.objects.get(name="Xã Ẳng Nưa", valid_to__isnull=False)
    first, other = old.successors.get(), OrgUnit.objects.get(name="Xã Nà Tấu", valid_to=None)
    old.successors.add(other)
    rows = [
        surveyed(**{"Tên sản phẩm": f"Mật {n}", "Xã": xa, "Huyện": huyen})
        for n, (xa, huyen) in enumerate(
            [("Xã Ẳng Nưa", "Huyện Mường Ảng"), ("ẳng nưa", "Mường Ảng"),
             ("Ẳng Nưa, huyện Mường Ảng", ""), ("X. Ẳng Nưa", "H. Mường Ảng")]
        )
    ]  # fmt: skip
    batch = looked_at(rows, lan, land)
    [question] = batch.questions
    assert (question["count"], question["text"]) == (4, "Xã Ẳng Nưa, Huyện Mường Ảng")
    client = Client()
    client.force_login(lan)
    address = f"/stock/{batch.pk}/"
    for wrong, said in (
        ("mười hai Nà Tấu", "hãy ghi số dòng rồi tên xã"),
        ("99 Xã Nà Tấu", "Danh sách không có dòng 99."),
        ("3 Xã Qwertyuiop", "Không có đơn vị «Xã Qwertyuiop»"),
    ):
        page = client.post(address, {"act": "answers", "answer0": first.pk, "elsewhere0": wrong})
        assert page.status_code == 200
        assert said in main(page)
    client.post(address, {"act": "answers", "answer0": first.pk, "elsewhere0": "3 xã Nà Tấu"})
    run_waiting()
    batch.refresh_from_db()
    assert faults(batch) == set()
    found = {row.line: row.values["commune"] for row in batch.rows.all()}
    assert found == {2: first.pk, 3: other.pk, 4: first.pk, 5: first.pk}
    assert 'value="3 Xã Nà Tấu"' in client.get(address).content.decode()


# --- Followed -------------------------------------------------------------------------------------


def test_the_list_shows_each_its_own_and_filters(entered, lan, land, ang):
    client, officer = Client(), ang
    client.force_login(officer)
    words = main(client.get("/potential/"))
    assert "Mật ong Ẳng Nưa" in words
    assert "Gạo nếp nương" not in words
    client.force_login(lan)
    words = main(client.get("/potential/"))
    assert "Tổng số: 2" in words and "Gạo nếp nương" in words
    words = main(client.get("/potential/?q=gao+tua"))
    assert "Gạo nếp nương" in words and "Mật ong" not in words
    commune = Potential.objects.get(name="Mật ong Ẳng Nưa").commune_id
    assert "Gạo nếp" not in main(client.get(f"/potential/?commune={commune}"))
    assert "Không có sản phẩm tiềm năng nào." in main(client.get("/potential/?state=closed"))
    assert main(client.get("/potential/?commune=x&state=y&after=zz"))


def test_the_list_is_taken_out_as_it_is_filtered(entered, lan, land, ang):
    client, officer = Client(), ang
    typed = {"format": "csv", "column": ["product", "state"]}
    for who, query, names in (
        (lan, "", {"Mật ong Ẳng Nưa", "Gạo nếp nương"}),
        (lan, "?q=gao+tua", {"Gạo nếp nương"}),
        (officer, "", {"Mật ong Ẳng Nưa"}),
    ):
        client.force_login(who)
        page = client.get(f"/potential/{query}").content.decode()
        assert f'action="/export/potential/{query}"' in page
        answer = client.post(f"/export/potential/{query}", typed)
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert {line.split(",")[0] for line in lines[1:]} == names
    stranger = Client()
    stranger.force_login(person("khach", "Không vai trò"))
    assert stranger.get(f"/potential/{Potential.objects.first().pk}/").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_much_for_one_as_for_three(rows, land, lan, django_assert_num_queries):
    enter(looked_at(
        [surveyed(**{"Tên sản phẩm": f"Mật {n}"}) for n in range(rows)], lan, land), lan)  # fmt: skip
    client = Client()
    client.force_login(lan)
    client.get("/potential/")
    with django_assert_num_queries(QUERIES):
        client.get("/potential/")


#: Session, person, posts, the page's rows, their number, the communes, and what the head asks.
QUERIES = 6


def test_a_dossier_begins_from_one_prefilled(entered, rule_sets, ang):
    open_cycle(rule_sets["qd26_2026"], 2026)
    potential = Potential.objects.get(name="Mật ong Ẳng Nưa")
    client, officer = Client(), ang
    client.force_login(officer)
    assert "Mở hồ sơ từ sản phẩm này" in main(client.get(f"/potential/{potential.pk}/"))
    address = f"/dossiers/new/?potential={potential.pk}"
    form = client.get(address).context["form"]
    assert [form[name].value() for name in ("product_name", "producer_name", "group", "phone")] == [
        "Mật ong Ẳng Nưa", "Hộ Lò Văn Pâng", "food", "0912345678"]  # fmt: skip
    sent = {
        name: form[name].value()
        for name in ("product_name", "producer_name", "group", "phone", "owner_type", "commune")
    }
    sent |= {"cycle": form.fields["cycle"].queryset.get().pk, "case_type": "first"}
    assert client.post(address, sent).status_code == 302
    potential.refresh_from_db()
    assert (potential.state, potential.dossier) == (PotentialState.BEGUN, Dossier.objects.get())
    events = [line.event for line in potential.dossier.history.order_by("seq")]
    assert events == ["dossier.open", "potential.begin"]
    # A second one does not begin from it, and what was typed stays.
    page = client.post(address, sent | {"product_name": "Mật ong khác"})
    page = client.post(address, sent | {"product_name": "Mật ong khác"} | yes(page))
    assert "đã mở hồ sơ hoặc đã khép lại" in main(page)
    assert Dossier.objects.count() == 1
    assert "Đã mở hồ sơ" in main(client.get("/potential/"))
    with pytest.raises(stock.StockRefused, match="«Mật ong Ẳng Nưa»: đã mở hồ sơ."):
        stock.strike(entered, by=entered.by, reason="Nhầm")


def test_a_producer_that_is_here_is_chosen(entered, rule_sets, ang):
    potential = Potential.objects.get(name="Mật ong Ẳng Nưa")
    maker = Producer.objects.create(
        name="Hộ Lò văn Pâng", owner_type="household", commune=potential.commune
    )
    client = Client()
    client.force_login(ang)
    form = client.get(f"/dossiers/new/?potential={potential.pk}").context["form"]
    assert form["producer"].value() == maker.pk


def test_one_is_closed_with_a_reason_and_opened_again(entered, lan, ang):
    potential = Potential.objects.get(name="Mật ong Ẳng Nưa")
    client, officer = Client(), ang
    client.force_login(officer)
    address = f"/potential/{potential.pk}/"
    assert "Bạn chưa" in main(client.post(address, {"act": "close", "reason": " "}))
    words = main(client.post(address, {"act": "close", "reason": "Ngừng nuôi ong"}, follow=True))
    assert "Đã khép lại" in words and "Ngừng nuôi ong" in words
    assert "đã khép lại" in main(client.post(address, {"act": "close", "reason": "Nữa"}))
    entry = HistoryEntry.objects.get(event="potential.close")
    assert (entry.actor, entry.reason, entry.data["product"]) == (
        officer, "Ngừng nuôi ong", "Mật ong Ẳng Nưa")  # fmt: skip
    client.post(address, {"act": "reopen", "reason": "Nuôi lại"})
    potential.refresh_from_db()
    assert (potential.state, potential.reason, potential.closed_by) == ("open", "", None)


def test_only_an_officer_of_its_area_closes_it(entered, land):
    potential = Potential.objects.get(name="Mật ong Ẳng Nưa")
    leader = person("lanh", "Lãnh đạo", ("leader", land))
    for act in (survey.close, survey.reopen):
        with pytest.raises(PermissionDenied):
            act(potential, by=leader, reason="Ngừng")
    client = Client()
    client.force_login(leader)
    assert client.get(f"/potential/{potential.pk}/").status_code == 200
    answer = client.post(f"/potential/{potential.pk}/", {"act": "close", "reason": "x"})
    assert answer.status_code == 403


def test_an_officer_records_one_from_a_meeting_or_a_wish_and_corrects_it(
    cycle, commune, an, minh, la, kiem
):
    """Followed like one of a survey: once in its commune, corrected with a reason, never in
    silence; a stranger sees nothing.
    """
    client = Client()
    client.force_login(an)
    met = OutreachEvent.objects.create(
        cycle=cycle, org_unit=commune, held_on=clock.today(), title="Họp bản", kind="meeting"
    )
    page = client.get(f"/potential/new/?event={met.pk}")
    form = page.context["form"]
    assert [form[name].value() for name in ("source", "event", "commune")] == [
        "event", met.pk, commune.pk]  # fmt: skip
    typed = {"cycle": cycle.pk, "commune": commune.pk, "source": "event", "event": met.pk,
             "name": "Mật ong bạc hà", "producer_name": "HTX Nà Tấu", "phone": "0912345678"}  # fmt: skip
    for wrong, field, said in (
        ({"event": ""}, "event", "Bạn chưa chọn sản phẩm được biết đến ở hoạt động nào."),
        ({"source": "wish"}, "event", "Nguồn đã chọn không phải hoạt động tuyên truyền"),
        ({"surveyed_on": "1/1/2099"}, "surveyed_on", "Ngày này chưa đến"),
        ({"commune": commune.parent_id}, "commune", "không có trong danh sách"),
        ({"phone": "mật ong"}, "phone", ""),
    ):
        errors = client.post("/potential/new/", typed | wrong).context["form"].errors
        assert set(errors) == {field} and said in errors[field][0]
    assert not Potential.objects.exists()
    made = client.post("/potential/new/", typed)
    found = Potential.objects.get()
    assert made["Location"] == f"/potential/{found.pk}/"
    assert (found.batch, found.event, found.recorded_by) == (None, met, an)
    assert "Mật ong bạc hà" in main(client.get(f"/outreach/{met.pk}/"))
    assert "Mật ong bạc hà" in main(client.get("/potential/?source=event"))
    assert "Mật ong bạc hà" not in main(client.get("/potential/?source=wish"))
    assert "Mật ong bạc hà" in main(client.get(f"/potential/?event={met.pk}"))
    # However it is written, it is in the list once.
    again = {"name": "Mật-ong bạc hà", "producer_name": "Hợp tác xã Nà Tấu"}
    errors = client.post("/potential/new/", typed | again).context["form"].errors
    assert "Xã này đã có «Mật ong bạc hà»" in errors["name"][0]
    # A dossier from it is of the meeting, too.
    page = client.get(f"/dossiers/new/?potential={found.pk}")
    assert page.context["form"]["outreach_event"].value() == met.pk
    at = f"/potential/{found.pk}/correct/"
    now = typed | {"name": "Mật ong rừng", "phone": "0987654321"}
    assert "Bạn chưa nhập: Lý do" in main(client.post(at, now))
    assert client.post(at, now | {"reason": "Nghe nhầm"}).status_code == 302
    lines = HistoryEntry.objects.filter(event="potential.correct").order_by("seq")
    assert [line.data["changed"] for line in lines] == [
        {"name": ["Mật ong bạc hà", "Mật ong rừng"]}, {"phone": ["0912345678", "0987654321"]}]  # fmt: skip
    assert "«Mật ong bạc hà» thành «Mật ong rừng»" in main(client.get(f"/potential/{found.pk}/"))
    client.force_login(minh)
    assert "Mật ong rừng" in main(client.get("/potential/"))
    for who, seen, may in ((la, 404, 404), (kiem, 200, 403)):
        client.force_login(who)
        assert client.get(f"/potential/{found.pk}/").status_code == seen
        assert client.get(at).status_code == may
    assert client.get("/potential/new/").status_code == 403
    with pytest.raises(PermissionDenied):
        survey.correct(found, ["name"], by=la, reason="Tôi muốn")
    survey.close(found, by=an, reason="Thôi làm")
    found.name = "Mật"
    with pytest.raises(ConditionNotMet, match="đã khép lại"):
        survey.correct(found, ["name"], by=an, reason="Nghe nhầm")


def test_struck_out_it_is_nowhere_and_comes_in_again(entered, lan, land):
    client = Client()
    client.force_login(lan)
    potential = Potential.objects.first()
    stock.strike(entered, by=lan, reason="Nhập nhầm tệp")
    assert (Potential.objects.count(), Potential.everything.count()) == (0, 2)
    assert client.get(f"/potential/{potential.pk}/").status_code == 404
    assert "Không có sản phẩm tiềm năng nào." in main(client.get("/potential/"))
    with pytest.raises(ConditionNotMet, match="vừa bị gạch bỏ"):
        survey.close(potential, by=lan, reason="Ngừng")
    assert enter(looked_at([SURVEYED], lan, land), lan).state == BatchState.COMMITTED


def test_what_begun_or_closed_means_the_database_knows(entered, lan):
    pk = Potential.objects.first().pk
    for change, name in (
        ({"state": "lost"}, "potential_state_known"),
        ({"group": "lost"}, "potential_group_known"),
        ({"state": "begun"}, "potential_begun_knows_its_dossier"),
        ({"state": "closed"}, "potential_closed_knows_why"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Potential.objects.filter(pk=pk).update(**change)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM dossiers_potential")


# --- Killed ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow(reason="who enters it is killed ten times")
def test_killed_at_any_moment_nothing_is_half_entered(land, lan):
    rows = [surveyed(**{"Tên sản phẩm": f"Mật số {n}"}) for n in range(222)]
    batch = looked_at(rows, lan, land)
    work.ask_commit(batch, by=lan, **paper())
    assert killed_while_entering(batch, Potential, 222) == 10
    assert Potential.objects.count() == 222
    assert HistoryEntry.objects.filter(event="stock.commit").count() == 1

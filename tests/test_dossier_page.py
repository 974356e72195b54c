"""The dossier's page, its free acts, its picture; opening a dossier; outreach."""

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import Duty
from dossiers.law.nodes import NODES
from dossiers.models import Dossier, OutreachEvent, PromotionEvent, State
from dossiers.page import RECORDS, SILENT
from dossiers.walk import doors
from tests import records
from tests.owning import delete_as_owner, update_as_owner
from tests.pages import shown, yes
from tests.world import events, open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def page_of(dossier):
    return reverse("dossiers:dossier", args=[dossier.pk])


def act_page(dossier, name):
    return reverse("dossiers:act", args=[dossier.pk, name])


def do(user, dossier, name, **fields):
    data = {f"{name}-{key.replace('__', '-')}": value for key, value in fields.items()}
    return signed_in(user).post(act_page(dossier, name), data)


def sentences(response):
    return [str(sentence) for _place, sentence in response.context["form"].problems]


# --- The page --------------------------------------------------------------------------------------


def test_the_page_answers_where_who_until_when(dossier, an):
    text = signed_in(an).get(page_of(dossier)).content.decode()
    assert "Mật ong rừng Nà Tấu" in text
    assert "Sản phẩm tiềm năng" in text
    assert "Cán bộ OCOP, Xã Nà Tấu" in text
    assert "Đăng ký ý tưởng sản phẩm" in text
    assert "còn" in text


def test_a_stranger_gets_404_everywhere(dossier, la):
    client = signed_in(la)
    for address in (
        page_of(dossier),
        act_page(dossier, "withdraw"),
        reverse("dossiers:flow", args=[dossier.pk]),
    ):
        assert client.get(address).status_code == 404
    assert client.post(act_page(dossier, "withdraw"), {}).status_code == 404
    assert client.get(reverse("dossiers:dossier", args=[10**30])).status_code == 404


def test_history_is_told_in_sentences(dossier, an, minh):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "return_idea", by=an, reason="Thiếu nguồn nguyên liệu")
    text = shown(signed_in(minh).get(page_of(dossier)).content.decode())
    assert (
        "Lò Thị An (Cán bộ OCOP, Xã Nà Tấu) yêu cầu bổ sung ý tưởng: Thiếu nguồn nguyên liệu"
    ) in text
    assert "trả bổ sung 1 lần" in text


def test_what_each_step_recorded_is_shown_with_the_versions_before(dossier, an):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea(market="Chợ xã"))
    doors.complete(open_task(dossier), "return_idea", by=an, reason="Thiếu")
    doors.complete(open_task(dossier), "complete_idea", by=an, record=records.idea(market="Hà Nội"))
    page = signed_in(an).get(page_of(dossier))
    (table,) = page.context["recorded"]
    assert dict(table["newest"]["facts"])["Thị trường dự kiến"] == "Hà Nội"
    assert [dict(row["facts"])["Thị trường dự kiến"] for row in table["older"]] == ["Chợ xã"]


def test_late_entry_and_bypass_are_flagged(dossier, an, minh):
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Có sẵn")
    text = signed_in(an).get(page_of(dossier)).content.decode()
    assert "Vào muộn: Sản phẩm có sẵn" in text
    assert "bỏ qua 3 bước" in text


def test_the_whole_year_is_shown(dossier, an, chi, minh, thu, son, tam, cycle, province):
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Có sẵn")
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
    fair = PromotionEvent.objects.create(
        cycle=cycle, org_unit=province, held_on=clock.today(), title="Hội chợ Tết"
    )
    promotion = records.promotion()
    promotion.event = fair
    for by, name, record in (
        (an, "submit_dossier", records.self_assessment()),
        (an, "confirm_dossier", records.commune_report()),
        (chi, "forward_to_province", None),
        (minh, "accept_at_province", None),
        (thu, "rank", records.evaluation()),
        (minh, "propose_recognition", None),
        (son, "certify", records.certificate(number="12/GCN")),
        (tam, "promote", promotion),
    ):
        dossier.lock()
        signed = ("forward_to_province", "rank", "certify")
        paper = records.signed_paper() if name in signed else None
        doors.complete(open_task(dossier), name, by=by, record=record, paper=paper)
    text = signed_in(minh).get(page_of(dossier)).content.decode()
    for words in (
        "Hội chợ Tết",
        "12/GCN",
        "78,28",
        "4 sao",
        "Tủ hồ sơ số 2",
        "Không có việc nào đang mở.",
    ):
        assert words in text


@pytest.mark.parametrize("rows", (1, 3))
def test_dossier_page_query_count(dossier, an, rows, django_assert_num_queries):
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Có sẵn")
    for _n in range(rows):
        doors.act(dossier.process, "record_visit", by=an, record=records.visit())
        doors.act(dossier.process, "attach_evidence", by=an, record=records.paper("awards"))
    client = signed_in(an)
    with django_assert_num_queries(43):
        client.get(page_of(dossier))


# --- Acts that no task asks for ----------------------------------------------------------------------


def test_only_acts_that_this_person_may_do_here_are_offered(dossier, an, kiem, chi):
    page = signed_in(an).get(page_of(dossier))
    assert [act.name for act in page.context["acts"]] == [
        "attach_evidence",
        "choose_rubric",
        "enter_late",
        "correct_details",
        "defer",
    ]
    assert [act.name for act in page.context["refusals"]] == ["withdraw"]
    for user in (kiem, chi):
        page = signed_in(user).get(page_of(dossier))
        assert page.context["acts"] == page.context["refusals"] == []


def test_withdrawing_needs_a_reason_and_says_what_happens(dossier, an):
    page = signed_in(an).get(act_page(dossier, "withdraw"))
    assert "Công việc đang mở của hồ sơ sẽ dừng lại" in page.content.decode()
    assert sentences(do(an, dossier, "withdraw", reason__reason=" ")) == ["Bạn chưa nhập: Lý do."]
    response = do(an, dossier, "withdraw", reason__reason="Ngừng sản xuất")
    assert response.url == page_of(dossier)
    dossier.lock()
    assert dossier.state == State.WITHDRAWN


def test_who_may_not_gets_a_plain_page(dossier, kiem):
    response = do(kiem, dossier, "withdraw", reason__reason="x")
    assert response.status_code == 403
    assert "Chưa có gì thay đổi." in response.content.decode()
    assert events(dossier) == ["dossier.open"]


def test_the_second_click_is_told_who_moved_it(dossier, an, minh):
    do(an, dossier, "withdraw", reason__reason="Ngừng sản xuất")
    response = do(minh, dossier, "withdraw", reason__reason="Ngừng sản xuất")
    text = response.content.decode()
    assert response.status_code == 200
    assert "Lò Thị An" in text
    assert "rút hồ sơ" in text
    assert events(dossier) == ["dossier.open", "dossier.withdraw"]


def test_an_act_of_a_task_or_of_no_kind_is_not_found(dossier, an):
    client = signed_in(an)
    for name in ("register_idea", "nothing", "_enter"):
        assert client.get(act_page(dossier, name)).status_code == 404


def test_a_late_entry_goes_to_the_task_that_follows(dossier, an):
    response = do(
        an,
        dossier,
        "enter_late",
        entry__entered_as="existing",
        entry__state="assembling",
        entry__reason="Sản phẩm đã bán từ năm 2019",
    )
    assert response.url == reverse("dossiers:task", args=[open_task(dossier).pk])


def test_a_late_entry_at_a_state_that_is_none_is_refused(dossier, an):
    response = do(
        an,
        dossier,
        "enter_late",
        entry__entered_as="existing",
        entry__state="certified",
        entry__reason="Có sẵn",
    )
    assert sentences(response) == ["Lựa chọn này không có trong danh sách."]
    assert events(dossier) == ["dossier.open"]


def test_a_deferred_dossier_is_reopened_in_the_next_cycle(dossier, an, rule_sets):
    following = open_cycle(rule_sets["qd26_2026"], 2027)
    do(an, dossier, "defer", reason__reason="Mất mùa ong")
    dossier.lock()
    assert sentences(do(an, dossier, "reopen", reopen__reason="Vụ mới")) == [
        "Bạn chưa chọn: Chu trình."
    ]
    do(an, dossier, "reopen", reopen__reason="Vụ mới", reopen__cycle=following.pk)
    dossier.lock()
    assert dossier.cycle == following


def test_a_missing_duty_is_said_and_nothing_changes(dossier, an):
    """Of an act, and of a task."""
    delete_as_owner(Duty.objects.filter(cycle=dossier.cycle, node="assemble_dossier"))
    response = do(
        an,
        dossier,
        "enter_late",
        entry__entered_as="existing",
        entry__state="assembling",
        entry__reason="Có sẵn",
    )
    assert "Chu trình chưa phân công" in sentences(response)[0]
    delete_as_owner(Duty.objects.filter(cycle=dossier.cycle, node="screen_idea"))
    task = reverse("dossiers:task", args=[open_task(dossier).pk])
    typed = {
        "act": "register_idea",
        "register_idea-idea-filed_on": f"{clock.today():%d/%m/%Y}",
        "register_idea-idea-description": "Mật ong bạc hà",
    }
    response = signed_in(an).post(task, typed)
    assert "Chu trình chưa phân công" in response.content.decode()
    assert "Mật ong bạc hà" in response.content.decode()
    assert events(dossier) == ["dossier.open"]


def test_visits_and_support_are_recorded_while_the_task_stays(dossier, an, minh):
    doors.act(
        dossier.process,
        "enter_late",
        by=an,
        entered_as="existing",
        state="implementing",
        reason="Có sẵn",
    )
    today = f"{clock.today():%d/%m/%Y}"
    response = do(
        an,
        dossier,
        "record_visit",
        visit__visited_on=today,
        visit__visitor="Lò Thị An",
        visit__findings="120 đàn ong",
    )
    assert response.url == reverse("dossiers:task", args=[open_task(dossier).pk])
    response = do(
        minh,
        dossier,
        "record_support",
        supportmeasure__kind="production",
        supportmeasure__provider="Khuyến nông",
        supportmeasure__source="programme",
        supportmeasure__budget_source="Chương trình mục tiêu",
        supportmeasure__planned="60.000.000",
        supportmeasure__paid="0",
        supportmeasure__expected_result="50 thùng ong",
    )
    assert response.url == page_of(dossier)
    assert dossier.supportmeasures.get().planned == 60_000_000


# --- The picture -----------------------------------------------------------------------------------


def test_the_picture_shows_the_place_and_what_is_done(dossier, an):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    page = signed_in(an).get(page_of(dossier))
    standing = {box.name: box.standing for box in page.context["picture"].boxes}
    assert standing["register_idea"] == "done"
    assert standing["screen_idea"] == "here"
    assert standing["select_idea"] == "todo"
    assert "evaluate_at_district" not in standing
    text = page.content.decode()
    assert "<svg" in text
    assert "style=" not in text
    assert "<style" not in text


def test_boxes_do_not_lie_on_each_other(dossier, dossier_of_three, an):
    from dossiers.walk.diagram import picture

    for one, nodes in ((dossier, len(NODES) - 3), (dossier_of_three, len(NODES))):
        boxes = picture(one, one.open_task()).boxes
        assert len({(box.x, box.y) for box in boxes}) == len(boxes) == nodes


def test_the_flow_is_downloaded_as_bpmn(dossier_of_three, an):
    response = signed_in(an).get(reverse("dossiers:flow", args=[dossier_of_three.pk]))
    assert response.headers["Content-Disposition"] == 'attachment; filename="three_levels.bpmn"'
    root = ElementTree.fromstring(response.content)
    space = {"b": "http://www.omg.org/spec/BPMN/20100524/MODEL"}
    tasks = {task.get("id"): task.get("name") for task in root.iterfind(".//b:userTask", space)}
    assert set(tasks) == set(NODES)
    assert tasks["screen_idea"] == "Sơ tuyển ý tưởng"
    ids = {*tasks, "start", "end"}
    for flow in root.iterfind(".//b:sequenceFlow", space):
        assert {flow.get("sourceRef"), flow.get("targetRef")} <= ids


# --- Opening ---------------------------------------------------------------------------------------

NEW = "/dossiers/new/"


def opening(cycle, commune, **fields):
    return {
        "cycle": cycle.pk,
        "commune": commune.pk,
        "producer_name": "Hợp tác xã Nà Tấu",
        "owner_type": "cooperative",
        "product_name": "Chẩm chéo",
        "group": "food",
        "case_type": "first",
    } | fields


def test_an_opens_a_dossier_for_a_new_product(cycle, commune, an):
    response = signed_in(an).post(NEW, opening(cycle, commune))
    dossier = Dossier.objects.get()
    assert response.url == reverse("dossiers:task", args=[open_task(dossier).pk])
    assert str(dossier.product.producer) == "Hợp tác xã Nà Tấu"
    assert events(dossier) == ["dossier.open"]


def test_an_opens_it_late_in_the_same_form(cycle, commune, an):
    late = {"entered_as": "existing", "state": "assembling"}
    response = signed_in(an).post(NEW, opening(cycle, commune, **late))
    assert response.context["form"].errors == {"reason": ["Bạn chưa nêu lý do vào thẳng bước sau."]}
    assert not Dossier.objects.exists()
    signed_in(an).post(NEW, opening(cycle, commune, **late, reason="Bán từ 2019"))
    assert events(Dossier.objects.get()) == ["dossier.open", "dossier.enter_late"]


def test_only_my_communes_and_open_cycles_are_offered(
    cycle, cycle_of_three, commune, other_commune, old_commune, la, an, binh
):
    for user, communes in (
        (an, {commune, old_commune}),
        (la, {other_commune}),
        (binh, {old_commune}),
    ):
        form = signed_in(user).get(NEW).context["form"]
        assert set(form.fields["commune"].queryset) == communes
    response = signed_in(la).post(NEW, opening(cycle, commune))
    assert response.context["form"].errors["commune"] == ["Lựa chọn này không có trong danh sách."]
    update_as_owner(type(cycle).objects.filter(pk=cycle.pk), closed_on=date(2026, 12, 31))
    response = signed_in(an).post(NEW, opening(cycle, commune))
    assert response.context["form"].errors["cycle"] == ["Lựa chọn này không có trong danh sách."]


def test_a_commune_of_the_other_edition_is_refused(cycle, cycle_of_three, commune, old_commune, an):
    for year, unit in ((cycle, old_commune), (cycle_of_three, commune)):
        response = signed_in(an).post(NEW, opening(year, unit))
        assert "không thuộc chu trình đã chọn" in response.context["form"].errors["commune"][0]
    assert not Dossier.objects.exists()


def test_who_is_no_officer_cannot_open(cycle, commune, kiem, chi):
    for user in (kiem, chi):
        assert signed_in(user).get(NEW).status_code == 403
        assert signed_in(user).post(NEW, opening(cycle, commune)).status_code == 403
    assert not Dossier.objects.exists()


def test_what_is_missing_is_named(cycle, commune, an):
    response = signed_in(an).post(NEW, {"case_type": "first"})
    assert set(response.context["form"].errors) == {
        "cycle",
        "commune",
        "product_name",
        "group",
        "producer_name",
        "owner_type",
    }


def test_the_same_product_of_the_same_producer_warns_and_may_be_confirmed(
    dossier, cycle, commune, an
):
    same = opening(
        cycle,
        commune,
        producer=dossier.product.producer_id,
        producer_name="",
        product_name="MẬT ONG rừng na tau",
    )
    response = signed_in(an).post(NEW, same)
    assert "Có thể trùng với hồ sơ đã có" in response.content.decode()
    assert Dossier.objects.count() == 1
    signed_in(an).post(NEW, same | {"confirmed": "on"})
    assert Dossier.objects.count() == 1
    signed_in(an).post(NEW, same | yes(response))
    assert Dossier.objects.count() == 2


def test_the_product_of_another_producer_is_refused(dossier, cycle, commune, an):
    other = open_dossier(cycle, commune, an, name="Rượu nếp")
    response = signed_in(an).post(
        NEW,
        opening(cycle, commune, producer=other.product.producer_id, product=dossier.product_id),
    )
    assert response.context["form"].errors["product"] == [
        "Sản phẩm này không phải của chủ thể đã chọn."
    ]


# --- Outreach --------------------------------------------------------------------------------------

OUTREACH, GRID = "/outreach/", "/outreach/coverage/"


def meeting(cycle, unit, **fields):
    return {
        "cycle": cycle.pk,
        "org_unit": unit.pk,
        "held_on": f"{clock.today():%d/%m/%Y}",
        "kind": "meeting",
        "title": "Họp bản Nà Luống",
        "attendance": "45",
        "cost": "2.000.000",
    } | fields


def test_a_meeting_is_recorded_and_its_products_listed(cycle, commune, an, dossier):
    response = signed_in(an).post(OUTREACH, meeting(cycle, commune))
    assert response.status_code == 302
    event = OutreachEvent.objects.get()
    assert (event.cost, event.recorded_by) == (2_000_000, an)
    signed_in(an).post(NEW, opening(cycle, commune, outreach_event=event.pk))
    text = signed_in(an).get(OUTREACH).content.decode()
    assert "Họp bản Nà Luống" in text
    assert "Chẩm chéo" in text


def test_a_strangers_meetings_are_not_shown_nor_recorded(cycle, commune, an, la, kiem):
    signed_in(an).post(OUTREACH, meeting(cycle, commune))
    assert "Họp bản Nà Luống" not in signed_in(la).get(OUTREACH).content.decode()
    response = signed_in(la).post(OUTREACH, meeting(cycle, commune))
    assert response.context["form"].errors["org_unit"] == ["Lựa chọn này không có trong danh sách."]
    # The auditor of the province reads it, and adds nothing.
    assert "Họp bản Nà Luống" in signed_in(kiem).get(OUTREACH).content.decode()
    assert signed_in(kiem).post(OUTREACH, meeting(cycle, commune)).status_code == 403
    assert OutreachEvent.objects.count() == 1


def test_a_wrong_meeting_is_named_at_its_fields(cycle, commune, an):
    response = signed_in(an).post(
        OUTREACH, meeting(cycle, commune, held_on="31/12/2099", attendance="-3", cost="1,5 triệu")
    )
    assert response.context["form"].errors == {
        "held_on": ["Ngày này chưa đến, xin xem lại."],
        "attendance": ["Số này phải từ 0 trở lên."],
        "cost": ["Hãy ghi số tiền bằng đồng, không có phần lẻ, ví dụ 1.500.000."],
    }


@pytest.mark.parametrize("rows", (1, 3))
def test_the_grid_shows_what_each_commune_had_and_its_gaps(
    cycle, commune, an, la, minh, rows, django_assert_num_queries
):
    """A cell opens its list; what the province held is in no commune's row."""
    for n in range(rows):
        OutreachEvent.objects.create(
            cycle=cycle, org_unit=commune, title=f"Phát {n}", kind="radio",
            held_on=clock.today() - timedelta(days=n),
        )  # fmt: skip
        open_dossier(cycle, commune, an, name=f"Sản phẩm {n}")
    OutreachEvent.objects.create(
        cycle=cycle, org_unit=commune.parent, held_on=clock.today(), title="Pano", kind="panel"
    )
    client = signed_in(an)
    client.get(GRID)
    with django_assert_num_queries(11):
        page = client.get(GRID).context["page"]
    (row,) = [row for row in page.rows() if row["unit"] == commune]
    others = len(page.rows()) - 1
    cells = {cell.kind: cell for cell in row["cells"]}
    assert (row["unit"], cells["radio"].count, cells["radio"].on) == (commune, rows, clock.today())
    assert {kind for kind, cell in cells.items() if cell.count} == {"radio", "dossiers"}
    assert cells["dossiers"].count == rows
    shown = client.get(cells["radio"].address).content.decode()
    assert "Phát 0" in shown and client.get(cells["dossiers"].address).status_code == 200
    assert "Phát 0" not in client.get(cells["panel"].address).content.decode()
    assert {cell.kind: cell.count - others for cell in page.gaps} == {
        "meeting": 1, "radio": 0, "panel": 1, "news": 1, "training": 1, "survey": 1,
        "potential": 1, "dossiers": 0,
    }  # fmt: skip
    assert commune in [row["unit"] for row in signed_in(minh).get(GRID).context["page"].rows()]
    assert commune not in [row["unit"] for row in signed_in(la).get(GRID).context["page"].rows()]
    assert client.get(f"{GRID}?cycle=x").status_code == 200


@pytest.mark.parametrize("rows", (1, 3))
def test_outreach_query_count(cycle, commune, an, rows, django_assert_num_queries):
    for n in range(rows):
        event = OutreachEvent.objects.create(
            cycle=cycle, org_unit=commune, held_on=clock.today(), title=f"Họp {n}", kind="meeting"
        )
        open_dossier(cycle, commune, an, name=f"Sản phẩm {n}", outreach_event=event)
    client = signed_in(an)
    with django_assert_num_queries(11):
        client.get(OUTREACH)


@pytest.mark.parametrize("model", RECORDS)
def test_each_fact_of_a_record_has_a_name_of_its_own(model):
    """Not the name of its column."""
    shown = [
        field for field in model._meta.fields if not field.primary_key and field.name not in SILENT
    ]
    assert [
        field.name for field in shown if str(field.verbose_name) == field.name.replace("_", " ")
    ] == []

"""The page of one task: the whole year by its forms, who may, errors that keep what was typed."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import Role
from dossiers.law.guidance import GUIDES
from dossiers.law.nodes import NODES
from dossiers.models import ACTS, State, Task
from dossiers.walk import doors
from tests import records
from tests.law_table import OF_THE_DISTRICT
from tests.left_open import left_open
from tests.pages import shown
from tests.standing import approved, sent_up, stand
from tests.task_pages import address, agreed, today
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def hand_in(user, dossier, act, **fields):
    """Press the button ``act`` on the page of the open task, with ``part__field`` values. Its
    checklist is ticked, unless something else is said of it.
    """
    if act in ACTS and ACTS[act].reviewed:
        fields.setdefault("review__checked", ticks(open_task(dossier).node))
    data = {"act": act} | {
        f"{act}-{key.replace('__', '-')}": value for key, value in fields.items()
    }
    return agreed(signed_in(user), address(open_task(dossier)), data)


def move(user, dossier, act, **fields):
    """The same, and it worked."""
    response = hand_in(user, dossier, act, **fields)
    problems = [
        problem
        for form in [response.context["tried"] if response.context else None]
        if form
        for problem in form.problems
    ]
    assert (response.status_code, problems) == (302, [])
    dossier.lock()
    return response


def ticks(node):
    return [str(n) for n in range(len(GUIDES[node].checks))]


PLAN = {
    "businessplan__objective": "Đưa mật ong ra thị trường tỉnh ngoài",
    "businessplan__products_and_volume": "2.000 lít",
    "businessplan__investment": "450.000.000",
    "businessplan__own_capital": "150,000,000",
    "businessplan__expected_revenue": "0",
}
REPORT = {
    "communereport__origin": "Rừng Nà Tấu",
    "communereport__labour": "12 lao động",
    "communereport__idea_origin": "Nghề truyền thống",
    "communereport__identity": "Kỹ thuật của người Thái",
    "communereport__samples": "5",
    "communereport__label_checked": "on",
}
SCORES = {
    "selfassessment__general": "Hợp tác xã 12 thành viên",
    "selfassessment__points_a": "25,5",
    "selfassessment__points_b": "20",
    "selfassessment__points_c": "25.25",
}


def paper(**fields):
    """The fields of a signed document with its scan, as the page sends them."""
    values = {
        "number": "812/QĐ-UBND",
        "signed_on": today(),
        "signer": "Trần Công Sơn",
        "signer_capacity": "Chủ tịch",
    } | fields
    # A scan shows one paper.
    content = f"%PDF-1.7 {values['number']} obj %%EOF".encode()
    values = {"scan_file": SimpleUploadedFile("van ban.pdf", content)} | values
    return {f"paper__{name}": value for name, value in values.items()}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def file_idea(an, dossier):
    move(an, dossier, "register_idea", idea__filed_on=today(), idea__description="Mật ong bạc hà")


def papers(dossier, by):
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=by, record=records.paper(kind))


def assembling(dossier, an):
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Đã có sản phẩm")
    dossier.lock()
    return dossier


# --- The year ------------------------------------------------------------------------------------


def test_a_whole_year_is_done_on_its_pages(dossier, an, chi, minh, thu, son, tam):
    file_idea(an, dossier)
    move(an, dossier, "screen_idea", review__checked=ticks("screen_idea"))
    move(minh, dossier, "select_idea")
    move(an, dossier, "submit_plan", businessplan__filed_on=today(), **PLAN)
    move(an, dossier, "check_plan")
    move(minh, dossier, "return_plan", return__item_0="Chưa nêu thị trường")
    assert dossier.history.filter(event="dossier.return_plan").get().reason == (
        "Khả thi về kỹ thuật và thị trường: Chưa nêu thị trường"
    )
    move(an, dossier, "complete_plan", businessplan__filed_on=today(), **PLAN)
    move(an, dossier, "check_plan")
    move(minh, dossier, "approve_plan")
    move(
        an,
        dossier,
        "declare_ready",
        completion__finished_on=today(),
        completion__result="Đạt",
        completion__product_ready="Chai 500 ml",
    )
    papers(dossier, an)
    move(an, dossier, "submit_dossier", **SCORES)
    move(
        an,
        dossier,
        "confirm_dossier",
        review__checked=ticks("check_dossier"),
        **REPORT,
    )
    move(chi, dossier, "forward_to_province", **paper(number="15/TTr-UBND"))
    move(minh, dossier, "accept_at_province")
    move(
        thu,
        dossier,
        "rank",
        evaluation__met_on=today(),
        evaluation__points_sum="548,5",
        evaluation__sheets="7",
        evaluation__stars="4",
        evaluation__reasons="Nhất trí",
        **paper(number="05/BB-HĐ", signer_capacity="Chủ tịch hội đồng"),
    )
    move(minh, dossier, "propose_recognition")
    move(
        son,
        dossier,
        "certify",
        certificate__issued_on=today(),
        certificate__number="12/GCN",
        **paper(),
    )
    move(
        tam,
        dossier,
        "promote",
        promotion__done_on=today(),
        promotion__channel="Hội chợ",
        promotion__result="Bán 120 chai",
        promotion__cost="1.500.000",
    )

    assert dossier.state == State.PROMOTED
    assert dossier.businessplans.last().own_capital == 150_000_000
    assert dossier.promotions.get().cost == 1_500_000
    assert dossier.stars == 4


def test_three_levels_are_done_on_their_pages(dossier_of_three, an, chi, binh, ha, hung):
    dossier = assembling(dossier_of_three, an)
    papers(dossier, an)
    move(an, dossier, "submit_dossier", reason__reason="Chuyển tiếp", **SCORES)
    move(an, dossier, "confirm_dossier", review__checked=ticks("check_dossier"), **REPORT)
    page = signed_in(chi).get(address(open_task(dossier)))
    # The act of the other edition is not offered at all.
    assert [page.context["first"].name, *(form.name for form in page.context["others"])] == [
        "forward_to_district",
        "return_to_officer",
    ]
    move(chi, dossier, "forward_to_district")
    move(binh, dossier, "accept_at_district")
    move(
        ha,
        dossier,
        "rank_at_district",
        evaluation__met_on=today(),
        evaluation__points_sum="200",
        evaluation__sheets="5",
        evaluation__stars="2",
        evaluation__reasons="Chưa đủ",
        **paper(number="05/BB-HĐ", signer_capacity="Chủ tịch hội đồng"),
    )
    page = signed_in(hung).get(address(open_task(dossier)))
    assert page.context["first"] is None
    assert "Kết quả cấp huyện chưa đạt mức được đề nghị lên tỉnh." in page.content.decode()
    move(hung, dossier, "not_propose", reason__reason="Dưới 50 điểm")
    assert dossier.state == State.NOT_PROPOSED


def test_the_centre_certifies_five_stars_with_its_certificate(
    dossier, an, chi, minh, thu, son, cast
):
    assembling(dossier, an)
    papers(dossier, an)
    doors.complete(open_task(dossier), "submit_dossier", by=an, record=records.self_assessment())
    dossier.lock()
    doors.complete(open_task(dossier), "confirm_dossier", by=an, record=records.commune_report())
    sent_up(dossier, chi)
    doors.complete(open_task(dossier), "accept_at_province", by=minh)
    doors.complete(
        open_task(dossier),
        "rank",
        by=thu,
        paper=records.signed_paper(),
        record=records.evaluation("644", 7, stars=5),
    )
    doors.complete(open_task(dossier), "propose_recognition", by=minh)
    dossier.lock()
    approved(dossier, minh)
    move(son, dossier, "nominate", **paper())
    move(
        minh,
        dossier,
        "record_centre_result",
        evaluation__met_on=today(),
        evaluation__points_sum="650",
        evaluation__sheets="7",
        evaluation__stars="5",
        evaluation__reasons="Đạt",
        certificate__issued_on=today(),
        certificate__number="5/GCN",
        **paper(number="99/QĐ-BNNMT", signer_capacity="Bộ trưởng"),
    )
    assert (dossier.state, dossier.certificates.get().stars) == (State.CERTIFIED, 5)


def test_after_an_act_the_page_says_what_comes_next_and_goes_there(dossier, an, minh):
    client = signed_in(an)
    response = client.post(
        address(open_task(dossier)),
        {
            "act": "register_idea",
            "register_idea-idea-filed_on": today(),
            "register_idea-idea-description": "Mật ong",
        },
        follow=True,
    )
    # The next task is An's too.
    assert response.redirect_chain[-1][0] == address(open_task(dossier))
    assert "Đã nộp phiếu đăng ký ý tưởng. Việc tiếp theo: Sơ tuyển ý tưởng (Xã Nà Tấu, hạn" in (
        response.content.decode()
    )
    response = client.post(
        address(open_task(dossier)),
        {"act": "screen_idea", "screen_idea-review-checked": ticks("screen_idea")},
    )
    assert response.url == reverse("dossiers:inbox")


@pytest.mark.parametrize("node", NODES)
def test_every_task_has_guidance(node, rule_sets):
    guide = GUIDES[node]
    assert guide.title
    for rule_set in rule_sets.values():
        assert guide.law_for(rule_set)
    assert guide.checks


#: What may be cited in one edition only, and which.
CITED = {"851/": "qd851_2018", "Bắc Kạn": "qd851_2018", "26/2026/": "qd26_2026", "Điện Biên": ""}


@pytest.mark.parametrize("node", NODES)
def test_guidance_cites_what_its_own_edition_rests_on(node, rule_sets):
    for rule_set in rule_sets.values():
        said = str(GUIDES[node].law_for(rule_set))
        wrong = [cited for cited, edition in CITED.items() if edition != rule_set.edition]
        assert [cited for cited in wrong if cited in said] == [], rule_set.edition


# --- Who may -------------------------------------------------------------------------------------


def test_the_holder_sees_the_form_and_the_auditor_reads(dossier, an, kiem):
    page = signed_in(an).get(address(open_task(dossier)))
    assert page.context["first"].name == "register_idea"
    page = signed_in(kiem).get(address(open_task(dossier)))
    assert page.status_code == 200
    assert page.context["first"] is None
    assert "Việc này của Cán bộ OCOP, Xã Nà Tấu. Bạn xem được hồ sơ" in page.content.decode()


def test_a_stranger_gets_404_and_changes_nothing(dossier, la):
    client = signed_in(la)
    task = open_task(dossier)
    assert client.get(address(task)).status_code == 404
    assert client.post(address(task), {"act": "claim"}).status_code == 404
    assert client.get(reverse("dossiers:task", args=[10**30])).status_code == 404
    assert events(dossier) == ["dossier.open"]


def test_who_only_reads_cannot_post(dossier, kiem, minh):
    for user in (kiem, minh):
        for act in ("register_idea", "claim", "release", "reassign"):
            response = signed_in(user).post(
                address(open_task(dossier)),
                {"act": act, "reassign-to": user.pk, "reassign-reason": "x"},
            )
            assert response.status_code in (200, 403)
    assert events(dossier) == ["dossier.open"]


def test_nobody_signed_out_sees_a_task(client, dossier):
    assert client.get(address(open_task(dossier))).status_code == 302


def test_who_only_types_needs_the_paper(dossier, an, chi, commune):
    assembling(dossier, an)
    papers(dossier, an)
    move(an, dossier, "submit_dossier", **SCORES)
    move(an, dossier, "confirm_dossier", review__checked=ticks("check_dossier"), **REPORT)

    page = signed_in(an).get(address(open_task(dossier)))
    assert page.context["typed_only"]
    refused = hand_in(an, dossier, "forward_to_province")
    assert [sentence for _place, sentence in refused.context["tried"].problems] == [
        "Bạn chưa nhập: Số và ký hiệu.",
        "Bạn chưa nhập: Ngày ký.",
        "Bạn chưa nhập: Người ký.",
        "Bạn chưa nhập: Chức vụ người ký.",
        "Bạn chưa chọn: Bản chụp.",
    ]
    given = paper(number="15/TTr-UBND", signer="Quàng Văn Chi")
    refused = hand_in(an, dossier, "forward_to_province", **given | {"paper__scan_file": ""})
    assert sentences(refused) == ["Bạn chưa chọn: Bản chụp."]
    assert 'value="15/TTr-UBND"' in refused.content.decode()
    move(an, dossier, "forward_to_province", **given)
    assert dossier.state == State.AT_PROVINCE
    assert dossier.officialdocuments.get().number == "15/TTr-UBND"
    entry = dossier.history.get(event="dossier.forward_to_province")
    assert entry.data["paper"] is True


def test_the_signer_may_add_the_paper_with_its_scan(dossier, an, chi):
    assembling(dossier, an)
    papers(dossier, an)
    move(an, dossier, "submit_dossier", **SCORES)
    move(an, dossier, "confirm_dossier", review__checked=ticks("check_dossier"), **REPORT)
    move(
        chi,
        dossier,
        "forward_to_province",
        paper__number="15/TTr-UBND",
        paper__signed_on=today(),
        paper__signer="Quàng Văn Chi",
        paper__signer_capacity="Chủ tịch UBND xã",
        paper__scan_file=SimpleUploadedFile("tờ trình.pdf", b"%PDF-1.7 x obj %%EOF"),
    )
    document = dossier.officialdocuments.get()
    assert (document.scan.filename, document.scan.kind) == ("tờ trình.pdf", "commune_request")


# --- Errors keep what was typed --------------------------------------------------------------------


def sentences(response):
    return [str(sentence) for _place, sentence in response.context["tried"].problems]


def test_wrong_fields_are_named_and_kept(dossier, an):
    response = hand_in(
        an, dossier, "register_idea", idea__filed_on="31/02/2026", idea__description=""
    )
    assert response.status_code == 200
    assert sentences(response) == [
        "Ngày 31/02/2026 không có thật.",
        "Bạn chưa nhập: Mô tả ý tưởng sản phẩm.",
    ]
    assert 'value="31/02/2026"' in response.content.decode()
    assert events(dossier) == ["dossier.open"]


def test_what_is_missing_is_said_and_the_text_kept(dossier, an):
    assembling(dossier, an)
    response = hand_in(an, dossier, "submit_dossier", **SCORES)
    assert sentences(response) == [
        "Hồ sơ còn thiếu: Giấy đăng ký kinh doanh; Phiếu đăng ký (Mẫu 01); "
        "Báo cáo tự đánh giá (Mẫu 02)."
    ]
    assert "Hợp tác xã 12 thành viên" in response.content.decode()
    assert not dossier.selfassessments.exists()


def test_a_return_needs_words(dossier, an):
    file_idea(an, dossier)
    response = hand_in(an, dossier, "return_idea")
    assert sentences(response) == ["Bạn chưa nêu lý do trả lại."]
    move(an, dossier, "return_idea", return__reason="Thiếu nguồn nguyên liệu")
    assert dossier.state == State.IDEA_RETURNED
    page = signed_in(an).get(address(open_task(dossier)))
    assert "Thiếu nguồn nguyên liệu" in page.content.decode()
    # What was filed comes back to be completed, not to be typed again.
    assert "Mật ong bạc hà" in page.content.decode()


def test_the_communes_gate_asks_why_an_item_is_not_ticked(dossier, an):
    assembling(dossier, an)
    papers(dossier, an)
    move(an, dossier, "submit_dossier", **SCORES)
    left = range(1, len(GUIDES["check_dossier"].checks))
    response = hand_in(an, dossier, "confirm_dossier", review__checked=["0"], **REPORT)
    names = "; ".join(str(GUIDES["check_dossier"].checks[n]) for n in left)
    assert sentences(response) == [f"Hãy chọn lý do. Chưa đánh dấu: {names}."]
    move(
        an,
        dossier,
        "confirm_dossier",
        review__checked=["0"],
        **{f"review__why_{n}": "other" for n in left},
        **{f"review__words_{n}": "Nhãn đang in lại" for n in left},
        **REPORT,
    )
    review = dossier.reviews.get()
    assert review.checked == ["Đủ tài liệu bắt buộc, còn hiệu lực"]
    assert len(review.unticked) == len(left)
    assert {each.rpartition(": ")[2] for each in review.unticked} == {"Nhãn đang in lại"}


def test_stars_above_the_points_are_refused_at_the_field(dossier, an, chi, minh, thu):
    assembling(dossier, an)
    papers(dossier, an)
    doors.complete(open_task(dossier), "submit_dossier", by=an, record=records.self_assessment())
    dossier.lock()
    doors.complete(open_task(dossier), "confirm_dossier", by=an, record=records.commune_report())
    sent_up(dossier, chi)
    doors.complete(open_task(dossier), "accept_at_province", by=minh)
    dossier.lock()
    response = hand_in(
        thu,
        dossier,
        "rank",
        evaluation__met_on=today(),
        evaluation__points_sum="480",
        evaluation__sheets="7",
        evaluation__stars="4",
        evaluation__reasons="Đạt",
        **paper(),
    )
    assert sentences(response) == ["Điểm bình quân 68.57 chỉ đạt 3 sao."]


def test_an_unknown_button_gets_a_sentence(dossier, an):
    for act in ("", "nothing", "withdraw", "approve_plan", "\x00"):
        response = signed_in(an).post(address(open_task(dossier)), {"act": act})
        assert response.status_code == 200
        assert "hãy bấm một nút trên trang" in response.content.decode()


# --- The second click, and the lost session ----------------------------------------------------------


def test_the_second_click_is_told_who_did_what(dossier, an, minh):
    task = open_task(dossier)
    file_idea(an, dossier)
    for response in (
        signed_in(an).get(address(task)),
        signed_in(an).post(address(task), {"act": "register_idea"}),
        signed_in(minh).post(address(task), {"act": "claim"}),
    ):
        assert response.status_code == 200
        assert (
            "Công việc «Đăng ký ý tưởng sản phẩm» đã được Lò Thị An xử lý lúc"
            in response.content.decode()
        )
        assert address(open_task(dossier)) in response.content.decode()
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]


def test_a_cancelled_task_says_what_ended_it(dossier, an):
    task = open_task(dossier)
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    page = signed_in(an).get(address(task)).content.decode()
    assert "không còn phải làm" in page
    assert "Ngừng sản xuất" in page


def test_what_was_typed_survives_an_expired_sign_in(client, dossier, an):
    task = open_task(dossier)
    typed = {"act": "register_idea", "register_idea-idea-description": "Mật ong bạc hà rất dài"}
    typed |= left_open(client, an)
    assert client.post(address(task), typed).status_code == 302
    client.force_login(an)
    page = client.get(address(task)).content.decode()
    assert "Mật ong bạc hà rất dài" in page
    assert "Phiên đăng nhập đã hết" in page
    # Told once, and never sent by itself.
    assert "Mật ong bạc hà rất dài" not in client.get(address(task)).content.decode()
    assert events(dossier) == ["dossier.open"]


# --- Who has it ----------------------------------------------------------------------------------


def test_an_claims_and_releases(dossier, an, commune):
    client = signed_in(an)
    task = open_task(dossier)
    client.post(address(task), {"act": "claim"})
    assert open_task(dossier).owner == an
    assert "Bạn đã nhận việc này" in client.get(address(task)).content.decode()
    client.post(address(task), {"act": "release"})
    assert open_task(dossier).owner is None


def test_a_colleague_sees_who_has_it(dossier, an, commune):
    colleague = person("mo", "Lường Thị Mơ", (Role.DEPARTMENT, commune))
    doors.claim(open_task(dossier), by=an)
    page = signed_in(colleague).get(address(open_task(dossier))).content.decode()
    assert "Việc này Lò Thị An (Xã Nà Tấu) đang giữ." in page


def test_waiting_needs_a_reason_and_ends(dossier, an):
    client = signed_in(an)
    task = open_task(dossier)
    response = client.post(address(task), {"act": "wait"})
    assert "Bạn chưa nhập: Đang chờ chủ thể việc gì." in response.content.decode()
    client.post(address(task), {"act": "wait", "wait-reason": "Bản tự công bố"})
    assert open_task(dossier).waiting_reason == "Bản tự công bố"
    client.post(address(task), {"act": "resume"})
    assert open_task(dossier).waiting_since is None


def test_who_could_do_it_is_told_who_has_it_and_takes_it_over(dossier, an, chi, commune):
    colleague = person("ban", "Lò Văn Bạn", (Role.OFFICER, commune))
    task = open_task(dossier)
    offer = "Lò Thị An đang giữ việc này. Muốn làm thay"
    assert offer not in shown(signed_in(colleague).get(address(task)).content.decode())
    doors.claim(task, by=an)
    assert offer in shown(signed_in(colleague).get(address(task)).content.decode())
    for other in (an, chi):
        assert offer not in shown(signed_in(other).get(address(task)).content.decode())
    taken = {"act": "reassign", "reassign-to": colleague.pk, "reassign-reason": ""}
    assert signed_in(colleague).post(address(task), taken).status_code == 200
    answer = signed_in(colleague).post(address(task), taken | {"reassign-reason": "An nghỉ"})
    assert answer.status_code == 302
    task.refresh_from_db()
    assert (task.owner, events(dossier)[-1]) == (colleague, "task.reassign")


def test_the_leader_reassigns_to_a_holder_of_the_role_only(dossier, an, chi, commune, la):
    colleague = person("mo", "Lường Thị Mơ", (Role.OFFICER, commune))
    client = signed_in(chi)
    task = open_task(dossier)
    page = client.get(address(task))
    form = next(row["form"] for row in page.context["handling"] if row["name"] == "reassign")
    assert list(form.fields["to"].queryset) == [an, colleague]
    refused = client.post(
        address(task), {"act": "reassign", "reassign-to": la.pk, "reassign-reason": "Nghỉ phép"}
    )
    assert "Lựa chọn này không có trong danh sách." in refused.content.decode()
    client.post(
        address(task),
        {"act": "reassign", "reassign-to": colleague.pk, "reassign-reason": "Nghỉ phép"},
    )
    assert open_task(dossier).owner == colleague


def test_the_leader_reroutes_to_a_unit_of_the_same_level(dossier, an, chi, other_commune, la):
    client = signed_in(chi)
    task = open_task(dossier)
    client.post(
        address(task),
        {"act": "reroute", "reroute-to": other_commune.pk, "reroute-reason": "Quá tải"}
        | {"reroute-document": "15/UBND, 02/11/2026"},
    )
    assert open_task(dossier).org_unit == other_commune
    assert signed_in(la).get(address(task)).status_code == 200


@pytest.mark.parametrize("tab", ("summary", "evidence", "history", "'\x00"))
def test_every_tab_shows(dossier, an, tab):
    file_idea(an, dossier)
    assert signed_in(an).get(address(open_task(dossier)), {"tab": tab}).status_code == 200


def test_a_task_page_costs_the_same_however_long_the_file(dossier, an, django_assert_num_queries):
    assembling(dossier, an)
    client = signed_in(an)
    with django_assert_num_queries(42):
        client.get(address(open_task(dossier)))
    papers(dossier, an)
    for _n in range(3):
        doors.act(dossier.process, "record_visit", by=an, record=records.visit())
    with django_assert_num_queries(42):
        client.get(address(open_task(dossier)))


def test_a_date_may_not_lie_ahead(dossier, an):
    tomorrow = f"{clock.today() + timedelta(days=1):%Y-%m-%d}"
    response = hand_in(
        an, dossier, "register_idea", idea__filed_on=tomorrow, idea__description="Mật ong"
    )
    assert sentences(response) == ["Ngày này chưa đến, xin xem lại."]
    assert Task.objects.open().count() == 1


def test_tasks_of_another_year_are_not_mixed(cycle, commune, an, dossier):
    other = open_dossier(cycle, commune, an, name="Rượu nếp")
    page = signed_in(an).get(address(open_task(other))).content.decode()
    assert "Mật ong rừng Nà Tấu" not in page


@pytest.mark.parametrize(
    ("act", "state"),
    sorted(
        (act.name, state)
        for act in ACTS.values()
        if act.tone == "return"
        for state in set(act.begins) - OF_THE_DISTRICT
    ),
)
def test_whatever_was_returned_says_why_on_the_task_it_came_to(act, state, dossier, moi):
    stand(dossier, state)
    doors.complete(open_task(dossier), act, by=moi, reason="Phụ lục thiếu trang 3")
    client = Client()
    client.force_login(moi)
    task = open_task(dossier)
    page = client.get(reverse("dossiers:task", args=[task.pk])).content.decode()
    notices = re.findall(r'<div class="notice notice-warning">(.*?)</div>', page, re.DOTALL)
    assert [shown(notice) for notice in notices if "Phụ lục thiếu trang 3" in notice]
    # It came this way once: what comes by another way later is not said to be returned.
    if act == "return_submission":
        doors.complete(task, "propose_recognition", by=moi)
        page = client.get(reverse("dossiers:task", args=[open_task(dossier).pk])).content.decode()
        assert "Bị trả lại để làm lại" not in page


def test_who_signs_for_five_stars_reads_whose_turn_it_is(dossier, son, minh):
    dossier = stand(dossier, State.AWAITING_DECISION, stars=5, points_sum=644, sheets=7)
    at, words = address(open_task(dossier)), {}
    for user in (son, minh):
        client = Client()
        client.force_login(user)
        words[user] = client.get(at).content.decode()
    act = reverse("dossiers:act", args=[dossier.pk, "approve_result"])
    first = "trước hết «Ghi quyết định phê duyệt kết quả»"
    assert all(first in shown(page) for page in words.values())
    assert "Việc đó của Cán bộ OCOP, Tỉnh Điện Biên" in shown(words[son]) and act not in words[son]
    assert f'href="{act}"' in words[minh] and "Việc đó của" not in shown(words[minh])

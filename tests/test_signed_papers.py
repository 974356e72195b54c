"""Authority rests on a signed document: who records what without one, with one, with its scan."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cycle import clock, files
from cycle.models import OrgUnit, Role, RuleSet
from cycle.rulesets import MAY_LACK
from dossiers.forms.acts import ActForm
from dossiers.law.signers import SIGNERS, called
from dossiers.models import (
    ACTS,
    ConditionNotMet,
    Dossier,
    Evidence,
    OfficialDocument,
    PaperRequired,
    Route,
    State,
    Task,
)
from dossiers.page import evidence_by_kind
from dossiers.rules import holds_task
from dossiers.walk import doors
from tests import records
from tests.ground import kept
from tests.law_acts import HANDS_IN, authority, who_does
from tests.law_table import LAW, NEEDS_PAPER, OF_A_TASK, OF_THE_DISTRICT, PROPOSES
from tests.owning import insert_as_owner, update_as_owner
from tests.standing import (
    answered_by_the_centre,
    approved,
    sent_up,
    stand,
    with_compulsory_papers,
)
from tests.world import events, open_cycle, open_dossier, open_task, person

pytestmark = pytest.mark.django_db


S = State

#: Done on a document only, under the edition of :func:`file_of`: what the law says so of, and the
#: commune's request.
ON_PAPER = NEEDS_PAPER | {"forward_to_province"}

#: Done in a three-level year, for the other has no such state or act.
OF_THREE = {
    "accept_at_district",
    "rank_at_district",
    "not_propose",
    "forward_to_district",
}
WITHOUT = ConditionNotMet, "Bạn chưa nhập văn bản đã ký."
UNSCANNED = ValidationError, "Bạn chưa đính kèm bản chụp văn bản đã ký."


@pytest.fixture
@kept
def filed(cycle, cycle_of_three, commune, old_commune, moi):
    """A dossier that was filed in each year, by the year."""
    filed = {}
    for year, unit in ((cycle, commune), (cycle_of_three, old_commune)):
        made = open_dossier(year, unit, moi)
        with_compulsory_papers(made, moi)
        stand(made, S.ASSEMBLING)
        doors.complete(
            open_task(made),
            "submit_dossier",
            by=moi,
            record=records.self_assessment(),
            reason="Quy định chuyển tiếp",
        )
        filed[year.pk] = made
    return filed


@pytest.fixture
def file_of(filed, cycle, cycle_of_three, moi):
    """A dossier that stands where the act begins."""

    def make(act):
        dossier = filed[cycle_of_three.pk if act in OF_THREE else cycle.pk]
        here = LAW[act][0] if act in OF_THREE else LAW[act][0] - OF_THE_DISTRICT
        state = S.RANKED if act == "not_recognise" else min(here)
        if act in ("nominate", "approve_result"):
            best = stand(dossier, state, stars=5, points_sum="650")
            return approved(best, moi) if act == "nominate" else best
        if act == "report_revocation":
            return stand(dossier, state, stars=5, points_sum="650")
        if act == "evaluate_again":
            return answered_by_the_centre(stand(dossier, state))
        return stand(dossier, state)

    return make


def attempt(dossier, act, by, paper=None, authority=None):
    """The act with all that it asks but the paper; True when done. Nothing of it stays."""
    given = {"reason": "Theo biên bản"} | HANDS_IN.get(act, dict)() | {"paper": paper}
    if authority is not None:
        given["authority"] = authority
    before = events(dossier)
    with transaction.atomic():
        try:
            if act in OF_A_TASK:
                doors.complete(open_task(dossier), act, by=by, **given)
            else:
                doors.act(dossier.process, act, by=by, **given)
            return events(dossier) == [*before, f"dossier.{act}"]
        finally:
            transaction.set_rollback(True)


def unscanned():
    return records.signed_paper(scan=None)


def refused(answer, *call, **given):
    kind, words = answer
    with transaction.atomic(), pytest.raises(kind) as error:
        attempt(*call, **given)
    assert words in str(error.value), call


@pytest.mark.parametrize("act", sorted(ON_PAPER))
def test_a_result_a_decision_a_withdrawal_rests_on_a_document_and_its_scan(act, file_of, moi):
    """Whoever does it: here somebody who holds every role."""
    dossier = file_of(act)
    by = who_does(dossier, act, moi)
    papers = OfficialDocument.objects.count()
    refused(WITHOUT, dossier, act, by)
    refused(UNSCANNED, dossier, act, by, unscanned())
    for stray in (
        records.paper("business_registration"),
        Evidence(kind="signed_paper", title="Văn bản", paper_location="Tủ số 1"),
    ):
        # What is called a scan must be a file of a signed document.
        refused(UNSCANNED, dossier, act, by, records.signed_paper(scan=stray))
    assert attempt(dossier, act, by, HANDS_IN[act]()["paper"])
    if ACTS[act].scored:
        assert attempt(dossier, act, by, authority=authority(dossier, by))
    else:
        # A round scores; it neither decides nor takes away.
        refused(WITHOUT, dossier, act, by, authority=authority(dossier, by))
    assert OfficialDocument.objects.count() == papers


@pytest.mark.parametrize("act", sorted(OF_A_TASK))
def test_who_only_types_gives_the_scan_of_every_act(act, file_of, commune, old_commune, province):
    dossier = file_of(act)
    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, open_task(dossier).org_unit))
    assert not holds_task(clerk, open_task(dossier))
    refused((PaperRequired, ""), dossier, act, clerk)
    refused(UNSCANNED, dossier, act, clerk, unscanned())
    paper = HANDS_IN.get(act, dict)().get("paper", records.signed_paper())
    assert attempt(dossier, act, clerk, paper)


#: Act -> (whose paper it rests on, whose it does not).
SIGNED_BY = {
    "forward_to_district": ("Chủ tịch UBND xã", "Chủ tịch UBND huyện"),
    "forward_to_province": ("Phó Chủ tịch UBND xã Nà Tấu", "Chủ tịch UBND tỉnh"),
    "rank_at_district": ("Chủ tịch hội đồng", "Thư ký hội đồng"),
    "rank": ("Chủ tịch Hội đồng OCOP tỉnh", "Thư ký hội đồng"),
    "not_recognise": ("Chủ tịch UBND tỉnh", "Trưởng phòng"),
    "approve_result": ("Chủ tịch UBND tỉnh", "Chủ tịch UBND xã"),
    "nominate": ("KT. CHỦ TỊCH, PHÓ CHỦ TỊCH", "Giám đốc Sở"),
    "record_centre_result": ("Chủ tịch Hội đồng OCOP trung ương", "Chủ tịch UBND tỉnh"),
    "evaluate_again": ("Chủ tịch", "Chánh Văn phòng"),
    "notify_result": ("Giám đốc Sở Nông nghiệp và Môi trường", "Chủ tịch UBND xã"),
    "certify": ("TUQ. CHỦ TỊCH, GIÁM ĐỐC SỞ NÔNG NGHIỆP", "Chủ tịch UBND huyện"),
    "confirm_stopped": ("Chủ tịch UBND xã", "Chủ tịch Hội Nông dân xã"),
    "report_revocation": ("Chủ tịch UBND tỉnh Điện Biên", "Chủ tịch UBND xã"),
    "revoke": ("Q. Chủ tịch", "Chủ tịch Hội đồng quản trị"),
    "order_evaluation": ("KT. BỘ TRƯỞNG, THỨ TRƯỞNG", "Thư ký Bộ trưởng"),
    "correct_names": ("Giám đốc Sở Nông nghiệp và Môi trường", "Bảo vệ"),
    "withdraw_decision": ("Bộ trưởng", "Chủ tịch UBND tỉnh"),
}


def test_each_act_whose_signer_the_law_names_has_a_row():
    assert set(SIGNED_BY) == set(SIGNERS)


#: Why no office is asked of the paper of an act, where one is given -> these acts.
NOBODY_NAMED = {
    "it only tells what the producer handed in, or what was seen there": {
        "register_idea", "complete_idea", "refile_idea", "submit_plan", "complete_plan",
        "refile_plan", "declare_ready", "submit_dossier", "supplement", "record_inspection",
        "promote",
    },
    "who checks, chooses and appraises says the year's list of duties, and no law": {
        "screen_idea", "select_idea", "not_select_idea", "return_idea", "check_plan",
        "approve_plan", "not_approve_plan", "return_plan", "confirm_dossier", "return_to_officer",
        "return_submission", "return_for_supplement", "accept_at_district", "accept_at_province",
        "not_propose", "propose_recognition",
    },
    "an office moves the file within its own work": {
        "enter_late", "receive_directly", "withdraw", "defer", "reopen", "judge_again",
    },
}  # fmt: skip


def test_each_act_that_takes_a_paper_says_who_signs_it_or_why_nobody_is_named():
    takes = {name for name, act in ACTS.items() if not act.unsigned}
    named_nowhere = [act for acts in NOBODY_NAMED.values() for act in acts]
    assert len(named_nowhere) == len(set(named_nowhere))
    assert takes == {*SIGNERS, *named_nowhere}
    assert set(NEEDS_PAPER) <= set(SIGNERS) and not set(SIGNERS) & set(named_nowhere)


@pytest.mark.parametrize("act", sorted(SIGNED_BY))
def test_the_paper_of_an_act_is_signed_by_the_office_that_the_law_names(act, file_of, moi):
    dossier = file_of(act)
    by = who_does(dossier, act, moi)
    right, wrong = SIGNED_BY[act]
    for capacity in (wrong, "Chuyên viên", "Chưa rõ chức vụ"):
        with transaction.atomic(), pytest.raises(ConditionNotMet) as error:
            attempt(dossier, act, by, records.signed_paper(signer_capacity=capacity))
        assert [lack.field for lack in error.value.lacks] == ["paper-signer_capacity"]
    assert attempt(dossier, act, by, records.signed_paper(signer_capacity=right))
    # Of the past it may be unknown who signed.
    with clock.at(clock.now(), replay=True):
        unknown = records.signed_paper(signer_capacity="Chưa rõ chức vụ")
        assert attempt(dossier, act, by, unknown)


@pytest.mark.parametrize(
    ("name", "said", "signs"),
    [
        ("Tỉnh Điện Biên", "Chủ tịch UBND tỉnh", True),
        ("Tỉnh Điện Biên", "Chủ tịch UBND thành phố Điện Biên Phủ", False),
        ("Thành phố Huế", "Chủ tịch UBND thành phố Huế", True),
        ("Thành phố Huế", "Chủ tịch UBND thành phố", True),
        ("Thành phố Huế", "Chủ tịch UBND tỉnh", False),
    ],
)
def test_a_city_of_the_centre_has_the_chair_of_a_city(name, said, signs, file_of, province, moi):
    update_as_owner(OrgUnit.objects.filter(pk=province.pk), name=name)
    dossier = file_of("certify")
    paper = records.signed_paper(signer_capacity=said)
    if signs:
        assert attempt(dossier, "certify", moi, paper)
    else:
        refused((ConditionNotMet, "Chủ tịch UBND tỉnh"), dossier, "certify", moi, paper)


def test_five_stars_are_given_by_the_minister_not_by_the_centre_s_council(file_of, moi):
    dossier = file_of("record_centre_result")

    def answer(capacity):
        given = {"by": moi, "record": [records.evaluation("650", 7, 5), records.certificate()]}
        paper = records.ministry_paper(signer_capacity=capacity)
        doors.complete(open_task(dossier), "record_centre_result", paper=paper, **given)

    with transaction.atomic(), pytest.raises(ConditionNotMet, match="5 sao do Bộ trưởng ký"):
        answer("Chủ tịch Hội đồng OCOP trung ương")
    answer("Thứ trưởng")
    assert dossier.certificates.get().stars == 5


@pytest.mark.parametrize("act", sorted(OF_A_TASK - ON_PAPER))
def test_who_holds_another_task_needs_no_document_but_may_give_one(act, file_of, moi):
    dossier = file_of(act)
    by = who_does(dossier, act, moi)
    assert attempt(dossier, act, by)
    assert attempt(dossier, act, by, unscanned())


def test_what_is_told_again_years_later_may_have_no_scan_but_has_its_document(file_of, moi):
    dossier = file_of("certify")
    with clock.at(clock.now(), replay=True):
        refused(WITHOUT, dossier, "certify", moi)
        assert attempt(dossier, "certify", moi, unscanned())


def test_every_act_that_ends_in_recognition_or_takes_it_away_asks_for_paper():
    """Not by the table alone: whatever reaches these states is such an act."""
    ends = {S.DISTRICT_RANKED, S.RANKED, S.NOT_RECOGNISED, S.CERTIFIED, S.REVOKED, S.AT_CENTRE}
    back = {"return_submission", "reopen"}
    reaching = {act for act, (_begins, leads) in LAW.items() if leads and leads & ends} - back
    assert {act for act in reaching if not ACTS[act].paper} == set()


# --- The commune's official request (Đ.6.2.a) -------------------------------------------------


@pytest.mark.parametrize("edition", ["qd26_2026", "qd1048_2019", "qd851_2018"])
def test_under_one_edition_the_commune_proposes_on_its_official_request(rule_sets, edition):
    """Every act in every state; what is its own office's, or fetched from above, is no request."""
    law = rule_sets[edition]
    asked = {
        (name, state) for name, act in ACTS.items() for state in State if act.is_request(state, law)
    }
    assert asked == (
        {(act, S.COMMUNE_CHECKED) for act in PROPOSES} if edition == "qd26_2026" else set()
    )
    for name, act in ACTS.items():
        for state in State:
            assert act.on_paper(state, law) == (name in NEEDS_PAPER or (name, state) in asked)


@pytest.mark.parametrize("key", MAY_LACK)
def test_a_year_that_runs_since_before_the_file_said_so_asks_for_it_too(key, rule_sets):
    for edition, law in rule_sets.items():
        old = {each: said for each, said in law.content.items() if each != key}
        assert RuleSet(edition=edition, content=old)._said(key) == law.content.get(key)
    said = RuleSet(edition="qd26_2026", content=old | {key: False})._said(key)
    assert said is False


def test_what_the_level_above_fetches_has_no_request(dossier, moi):
    with_compulsory_papers(dossier, moi)
    doors.complete(
        open_task(stand(dossier, S.ASSEMBLING)),
        "submit_dossier",
        by=moi,
        record=records.self_assessment(),
    )
    assert attempt(stand(dossier, S.COMMUNE_CHECKED), "receive_directly", moi)


def test_one_request_may_propose_several_dossiers(cycle, commune, an, chi):
    """The same number, the same scan; the batch of each is that of its one day."""
    made = [
        stand(open_dossier(cycle, commune, an, name=name), S.COMMUNE_CHECKED)
        for name in ("Mật ong", "Chè", "Miến dong")
    ]
    for dossier in made:
        sent_up(dossier, chi)
    papers = OfficialDocument.objects.filter(dossier__in=made)
    assert {(each.number, each.scan.sha256) for each in papers} == {
        ("15/TTr-UBND", records.scan("15/TTr-UBND").sha256)
    }
    assert {dossier.proposed().day for dossier in made} == {clock.today()}


def requesting(dossier, by, **typed):
    """The page of the task, after the form was sent with this request."""
    values = {
        "number": "15/TTr-UBND",
        "signed_on": f"{clock.today():%d/%m/%Y}",
        "signer": "Quàng Văn Chi",
        "signer_capacity": "Chủ tịch UBND xã",
    }
    client = Client()
    client.force_login(by)
    named = {f"forward_to_province-paper-{name}": said for name, said in (values | typed).items()}
    address = reverse("dossiers:task", args=[open_task(dossier).pk])
    ticked = {"forward_to_province-review-checked": ["0", "1"]}
    return client.post(address, {"act": "forward_to_province"} | ticked | named, follow=True)


def request_in(dossier, by, name="de-nghi.pdf", content_type="application/pdf"):
    """The commune's request as evidence, put into the dossier before it is sent up."""
    piece = records.scan(name)
    piece.kind, piece.filename, piece.content_type = "commune_request", name, content_type
    piece.title = name
    doors.act(dossier.process, "attach_evidence", by=by, record=piece)
    return piece


@pytest.fixture
def to_send(dossier):
    return stand(dossier, S.COMMUNE_CHECKED)


def test_the_request_is_asked_at_its_fields_and_what_was_typed_stays(to_send, chi):
    page = requesting(to_send, chi, signer_capacity="")
    assert [str(sentence) for _place, sentence in page.context["tried"].problems] == [
        "Bạn chưa nhập: Chức vụ người ký.",
        "Bạn chưa chọn: Bản chụp.",
    ]
    text = page.content.decode()
    assert 'value="15/TTr-UBND"' in text
    assert "Văn bản đề nghị của UBND xã" in text
    assert Dossier.objects.get(pk=to_send.pk).state == S.COMMUNE_CHECKED
    assert not to_send.officialdocuments.exists()


def test_a_request_that_is_in_the_dossier_is_not_sent_twice(to_send, an, chi):
    first, piece = request_in(to_send, an), request_in(to_send, an, "de-nghi-2.pdf")
    pieces = to_send.evidence.count()
    page = requesting(to_send, chi, in_dossier="")
    assert [str(sentence) for _place, sentence in page.context["tried"].problems] == [
        "Bạn chưa chọn: Bản chụp."
    ]
    field = page.context["first"].parts[-1]["in_dossier"]
    assert {row.pk for row in field.field.queryset} == {first.pk, piece.pk}
    assert field.form.initial["in_dossier"] == piece.pk
    requesting(to_send, chi, in_dossier=piece.pk)
    assert to_send.officialdocuments.get().scan == piece
    assert to_send.evidence.count() == pieces


def test_a_request_that_no_browser_shows_is_no_scan(to_send, an, chi):
    piece = request_in(to_send, an, "de-nghi.docx", "application/msword")
    page = requesting(to_send, chi, in_dossier=piece.pk)
    assert [str(sentence) for _place, sentence in page.context["tried"].problems] == [
        "Bạn chưa chọn: Bản chụp."
    ]


def test_nor_is_that_of_another_dossier(to_send, cycle, commune, an, chi):
    other = request_in(open_dossier(cycle, commune, an, name="Chè"), an)
    request_in(to_send, an)
    page = requesting(to_send, chi, in_dossier=other.pk)
    assert [name for name, _sentence in page.context["tried"].problems] == [
        "id_forward_to_province-paper-in_dossier"
    ]


def test_a_new_scan_goes_before_the_one_that_is_there(to_send, an, chi):
    piece = request_in(to_send, an)
    upload = SimpleUploadedFile("moi.pdf", b"%PDF-1.7 y obj %%EOF")
    requesting(to_send, chi, in_dossier=piece.pk, scan_file=upload)
    assert to_send.officialdocuments.get().scan.filename == "moi.pdf"


def test_the_request_that_is_sent_up_stands_as_the_request_in_the_list(to_send, chi):
    """Among the evidence by its own kind, so that no checklist calls it missing; and once."""
    upload = SimpleUploadedFile("de-nghi.pdf", b"%PDF-1.7 y obj %%EOF")
    requesting(to_send, chi, scan_file=upload)
    scan = to_send.officialdocuments.get().scan
    assert (scan.kind, scan.after_council) == ("commune_request", False)
    assert to_send.officialdocuments.get().is_scanned
    listed = {row["code"]: row["pieces"] for row in evidence_by_kind(to_send)}
    assert [each["piece"] for each in listed["commune_request"]] == [scan]
    assert "signed_paper" not in listed


def test_the_same_file_as_is_in_the_dossier_stands_in_it_once(to_send, an, chi):
    piece = request_in(to_send, an)
    pieces = to_send.evidence.count()
    with files.open(piece.sha256) as stored:
        again = SimpleUploadedFile("lan-nua.pdf", stored.read())
    requesting(to_send, chi, scan_file=again)
    assert to_send.officialdocuments.get().scan == piece
    assert to_send.evidence.count() == pieces


# --- One request for several: chosen, not typed again -----------------------------------------

NOT_OFFERED = "Văn bản này không dùng lại được nữa"


@pytest.fixture
def gone_up(to_send, cycle, commune, an, chi):
    """The paper on which another dossier of the commune went up today."""
    other = stand(open_dossier(cycle, commune, an, name="Chè"), S.COMMUNE_CHECKED)
    requesting(other, chi, scan_file=SimpleUploadedFile("a.pdf", b"%PDF-1.7 y obj %%EOF"))
    return other.officialdocuments.get()


def choosing(dossier, by, paper, **typed):
    nothing = dict.fromkeys(("number", "signed_on", "signer", "signer_capacity"), "")
    return requesting(dossier, by, recent=getattr(paper, "pk", paper), **nothing | typed)


def test_a_request_of_the_commune_is_chosen_and_nothing_is_typed_again(to_send, gone_up, chi):
    form = ActForm("forward_to_province", to_send, chi, task=open_task(to_send)).parts[-1]
    assert [str(label) for _pk, label in form.fields["recent"].choices] == [
        "— Văn bản khác, nhập dưới đây —",
        f"15/TTr-UBND ({clock.today():%d/%m/%Y}), Quàng Văn Chi, Chủ tịch UBND xã",
    ]
    choosing(to_send, chi, gone_up)
    paper = to_send.officialdocuments.get()
    assert paper.pk != gone_up.pk and paper.document == gone_up.document
    assert paper.signer_capacity == gone_up.signer_capacity
    assert (paper.scan.dossier, paper.scan.kind) == (to_send, "commune_request")
    assert (paper.scan.sha256, paper.scan.filename) == (gone_up.scan.sha256, "a.pdf")
    assert Dossier.objects.get(pk=to_send.pk).state == S.AT_PROVINCE


def test_one_paper_is_offered_once_however_many_went_up_with_it(
    to_send, gone_up, cycle, commune, an, chi
):
    for name in ("Miến dong", "Gạo"):
        choosing(
            stand(open_dossier(cycle, commune, an, name=name), S.COMMUNE_CHECKED), chi, gone_up
        )
    assert OfficialDocument.objects.count() == 3
    assert list(to_send.recent_requests(clock.today())) == [gone_up]


#: What is sent beside the chosen paper -> the field that is wrong.
BESIDE = {
    "number": {"number": "16/TTr-UBND"},
    "signed_on": {"signed_on": "01/01/2026"},
    "signer": {"signer": "Lò Văn Khác"},
    "signer_capacity": {"signer_capacity": "Phó Chủ tịch UBND xã"},
    "scan_file": {"scan_file": SimpleUploadedFile("b.pdf", b"%PDF-1.7 z obj %%EOF")},
}


@pytest.mark.parametrize("field", BESIDE)
def test_what_is_typed_otherwise_beside_it_is_refused_at_its_field(field, to_send, gone_up, chi):
    page = choosing(to_send, chi, gone_up, **BESIDE[field])
    assert [(place, str(said)[:24]) for place, said in page.context["tried"].problems] == [
        (f"id_forward_to_province-paper-{field}", "Khác văn bản đã chọn ở t")
    ]
    assert not to_send.officialdocuments.exists()


def test_without_a_choice_all_is_asked_as_before(to_send, gone_up, chi):
    page = choosing(to_send, chi, "")
    assert [str(sentence) for _place, sentence in page.context["tried"].problems] == [
        "Bạn chưa nhập: Số và ký hiệu.",
        "Bạn chưa nhập: Ngày ký.",
        "Bạn chưa nhập: Người ký.",
        "Bạn chưa nhập: Chức vụ người ký.",
        "Bạn chưa chọn: Bản chụp.",
    ]


def of_another_commune(paper, to_send):
    there = OrgUnit.objects.create(
        code="khac", name="Xã Khác", level="commune", parent=paper.dossier.commune.parent,
        valid_from=clock.today(),
    )  # fmt: skip
    update_as_owner(Dossier.everything.filter(pk=to_send.pk), commune=there)
    to_send.commune = there


def of_another_year(paper, _to_send):
    year = open_cycle(paper.dossier.rule_set, paper.dossier.cycle.year + 1)
    update_as_owner(Dossier.everything.filter(pk=paper.dossier_id), cycle=year)


NOT_ONES_OWN = [of_another_commune, of_another_year]


@pytest.mark.parametrize("turn", NOT_ONES_OWN, ids=lambda each: each.__name__)
def test_another_paper_is_not_offered_and_not_taken(turn, to_send, gone_up, chi):
    turn(gone_up, to_send)
    assert not to_send.recent_requests(clock.today())
    copy = OfficialDocument(
        dossier=to_send, number=gone_up.number, signed_on=gone_up.signed_on,
        signer=gone_up.signer, signer_capacity=gone_up.signer_capacity,
        scan=records.scan(gone_up.number),
    )  # fmt: skip
    copy.same_as = gone_up
    # Asked again where it is done, whatever the page offered.
    with pytest.raises(ValidationError, match=NOT_OFFERED):
        doors.complete(open_task(to_send), "forward_to_province", by=chi, paper=copy)
    assert not to_send.officialdocuments.exists()


def test_a_paper_of_long_ago_is_not_offered(to_send, gone_up):
    assert list(to_send.recent_requests(clock.today() + timedelta(days=30))) == [gone_up]
    assert not to_send.recent_requests(clock.today() + timedelta(days=31))


def test_what_is_chosen_from_elsewhere_is_refused_at_its_field(to_send, gone_up, cycle, chi, an):
    page = choosing(to_send, chi, gone_up.pk + 1000)
    assert [(place, str(said)[:35]) for place, said in page.context["tried"].problems] == [
        ("id_forward_to_province-paper-recent", NOT_OFFERED)
    ]


# --- Signed first, numbered later -----------------------------------------------------------


@pytest.fixture
@kept
def awaiting(dossier):
    return stand(dossier, S.AWAITING_DECISION)


def test_the_leader_signs_and_nothing_is_recognised_until_the_clerk_numbers(
    awaiting, son, province
):
    task = open_task(awaiting)
    doors.sign_decision(task, by=son)
    again = Task.objects.get(pk=task.pk)
    assert again.is_open and again.signed_at is not None
    assert events(awaiting)[-1] == "task.sign_decision"
    assert Dossier.objects.get(pk=awaiting.pk).state == S.AWAITING_DECISION
    assert not awaiting.certificates.exists()
    with pytest.raises(ConditionNotMet, match="đã được ký"):
        doors.sign_decision(open_task(awaiting), by=son)
    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    doors.complete(
        open_task(awaiting),
        "certify",
        by=clerk,
        paper=records.signed_paper(),
        record=records.certificate(),
    )
    given = awaiting.certificates.get()
    assert given.decision == awaiting.officialdocuments.get()
    assert awaiting.history.get(event="dossier.certify").actor == clerk


def test_who_does_not_hold_the_decision_signs_none(awaiting, minh, la, an, province):
    from django.core.exceptions import PermissionDenied

    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    for user in (minh, la, an, clerk):
        with pytest.raises(PermissionDenied):
            doors.sign_decision(open_task(awaiting), by=user)
    assert open_task(awaiting).signed_at is None


def typing(dossier, by, **paper):
    doors.complete(
        open_task(dossier),
        "certify",
        by=by,
        paper=records.signed_paper(**paper),
        record=records.certificate(),
    )


def test_an_officer_numbers_only_what_is_marked_as_signed_in_this_submission(awaiting, son, minh):
    doors.sign_decision(open_task(awaiting), by=son)
    doors.complete(open_task(awaiting), "return_submission", by=son, reason="Sai tên chủ thể")
    doors.complete(open_task(awaiting), "propose_recognition", by=minh)
    with transaction.atomic(), pytest.raises(ConditionNotMet, match="chưa đánh dấu «Đã ký»"):
        typing(awaiting, minh)
    client = Client()
    client.force_login(minh)
    address = reverse("dossiers:task", args=[open_task(awaiting).pk])
    page = client.get(address).content.decode()
    assert 'value="certify"' not in page and "chưa đánh dấu «Đã ký»" in page
    doors.sign_decision(open_task(awaiting), by=son)
    assert 'value="certify"' in client.get(address).content.decode()
    typing(awaiting, minh)
    assert awaiting.certificates.exists()


def test_a_clerk_numbers_from_the_paper_and_does_it_as_a_clerk(awaiting, province):
    both = person("tinh2", "Lò Văn Hai", (Role.OFFICER, province), (Role.CLERK, province))
    typing(awaiting, both)
    assert awaiting.history.get(event="dossier.certify").role == Role.CLERK


@pytest.mark.parametrize(
    "signer",
    ["Lò Văn Thư", " lo van  thu", "Ông Lò Văn Thư", "Lò Văn Thư (đã ký)", "Hà Thị B, Lò Văn Thư"],
)
def test_who_types_a_decision_has_not_signed_it(awaiting, province, signer):
    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    with transaction.atomic(), pytest.raises(ValidationError) as refused:
        typing(awaiting, clerk, signer=signer)
    assert list(refused.value.message_dict) == ["signer"]
    assert open_task(awaiting).node == "decide"


@pytest.mark.parametrize("act", sorted(NEEDS_PAPER - OF_A_TASK))
def test_nor_does_an_officer_who_records_what_no_task_asked_for(act, file_of, minh):
    dossier = file_of(act)
    with transaction.atomic(), pytest.raises(ValidationError) as refused:
        attempt(dossier, act, minh, records.signed_paper(signer=str(minh)))
    assert list(refused.value.message_dict) == ["signer"]


def test_only_a_decision_is_signed(dossier, moi):
    from dossiers.models import ActNotPossible

    with pytest.raises(ActNotPossible):
        doors.sign_decision(open_task(stand(dossier, S.RANKED)), by=moi)


# --- Of which unit --------------------------------------------------------------------------


def test_the_commune_of_a_dossier_has_all_the_names_it_had(to_send, commune):
    """Today's, what it was called, how else it is written; none of what it took over, and none of
    to whom some of its work was given. After its end those of who took it over.
    """
    year = {"level": "commune", "parent": commune.parent}
    since, until = commune.valid_from, commune.valid_from - timedelta(days=1)
    old = OrgUnit.objects.create(
        **year, code="1", name="Xã Nà Nhạn", valid_from=date(2020, 1, 1), valid_to=until
    )
    old.successors.add(commune)
    beside = OrgUnit.objects.create(**year, code="2", name="Xã Mường Phăng", valid_from=since)
    update_as_owner(
        OrgUnit.objects.filter(pk=commune.pk), name="Phường Nà Tấu", aliases="Nà Tau; Na Tao"
    )
    update_as_owner(OrgUnit.objects.filter(pk=commune.parent_id), name="Tỉnh Điện Biên Mới")
    insert_as_owner(Route(dossier=to_send, node="sign", org_unit=beside))
    told = called(Dossier.objects.with_units().get(pk=to_send.pk))
    assert told.commune == {"xa na tau", "phuong na tau", "na tau", "na tao"}
    assert told.province == {"tinh dien bien", "tinh dien bien moi"}
    today = clock.today()
    heir = OrgUnit.objects.create(
        **year, code="3", name="Xã Thanh Nưa", valid_from=today - timedelta(days=1)
    )
    update_as_owner(OrgUnit.objects.filter(pk=commune.pk), valid_to=today - timedelta(days=2))
    commune.successors.add(heir)
    told = called(Dossier.objects.with_units().get(pk=to_send.pk))
    assert told.commune == {"xa thanh nua"}


@pytest.mark.parametrize(
    "capacity",
    [
        "Chủ tịch UBND xã Xã Mường Nhé",
        "Chủ tịch UBND xã Mường Nhé",
        "Chủ tịch UBND xã thuộc tỉnh Lai Châu",
        "Chủ tịch xã đã nghỉ hưu",
        "TUQ. Chủ tịch Giám đốc HTX Mường Phăng",
    ],
)
def test_another_commune_s_chair_signs_no_request(to_send, chi, other_commune, capacity):
    page = requesting(to_send, chi, signer_capacity=capacity, scan_file=upload())
    assert [str(sentence) for _place, sentence in page.context["tried"].problems] == [
        "Văn bản của xã do Chủ tịch hoặc Phó Chủ tịch UBND xã ký: hãy kiểm tra chức vụ người ký."
    ]
    assert not to_send.officialdocuments.exists()
    requesting(to_send, chi, signer_capacity="Chủ tịch UBND Nà Tấu", scan_file=upload())
    assert to_send.officialdocuments.get().signer_capacity == "Chủ tịch UBND Nà Tấu"


def upload(said="y"):
    return SimpleUploadedFile("moi.pdf", f"%PDF-1.7 {said} obj %%EOF".encode())

"""What is claimed is checked against the record: the case type, the group, the round, the figures,
the grounds of a revocation. One table; each row names the case.
"""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cycle import clock
from cycle.models import Batch, HistoryEntry, OfficeContact
from dossiers.models import (
    Certificate,
    ConditionNotMet,
    Dossier,
    Producer,
    Product,
    State,
)
from dossiers.office import year as years
from dossiers.office.reports import CycleReport
from dossiers.walk import doors, papers
from tests import judging, records
from tests.ground import kept
from tests.owning import save_as_owner, update_as_owner
from tests.pages import yes
from tests.revoking import at, certify, inspect
from tests.standing import stand
from tests.world import certified_before, open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db

NEW = "/dossiers/new/"


@pytest.fixture
@kept
def honey(cycle, commune, an):
    """A product with a dossier that has ended, never certified."""
    dossier = stand(open_dossier(cycle, commune, an), State.WITHDRAWN)
    return dossier.product


def posted(user, cycle, product, /, commune=None, **fields):
    client = Client()
    client.force_login(user)
    typed = {
        "cycle": cycle.pk,
        "commune": (commune or product.producer.commune).pk,
        "product": product.pk,
        "case_type": "first",
    } | fields
    answer = client.post(NEW, typed)
    if "confirmed" not in typed and answer.context and "confirmed" in answer.context["form"].errors:
        for value in fields.values():
            if isinstance(value, SimpleUploadedFile):
                value.seek(0)
        return client.post(NEW, typed | yes(answer))
    return answer


def opened(product):
    return Dossier.objects.filter(product=product, state__in={State.POTENTIAL, State.ASSEMBLING})


# --- The case type -------------------------------------------------------------------------------

#: What the product has on record -> whether it may be judged anew.
ON_RECORD = {
    "nothing": (None, False),
    "a certificate in force": ({}, True),
    "a certificate that has ended": ({"expires_on": records.day(2024, 6, 1)}, True),
    "a certificate that was revoked": ({"state": "revoked"}, False),
}


@pytest.mark.parametrize("case_type", ["upgrade", "reevaluation"])
@pytest.mark.parametrize("record", ON_RECORD)
def test_what_is_judged_anew_has_a_certificate_on_record(
    record, case_type, honey, cycle, commune, an
):
    had, may = ON_RECORD[record]
    if had is not None:
        if "expires_on" in had:
            had = had | {"issued_on": records.day(2021, 6, 1)}
        certified_before(honey, cycle, commune, **had)
    response = posted(an, cycle, honey, case_type=case_type)
    assert (response.status_code == 302) == may
    if not may:
        why = "đã bị thu hồi" if had else "chưa có giấy chứng nhận"
        assert why in response.context["form"].errors["case_type"][0]
        with pytest.raises(ConditionNotMet):
            doors.open(
                Dossier(cycle=cycle, product=honey, commune=commune, case_type=case_type), by=an
            )
        late = Dossier(cycle=cycle, product=honey, commune=commune)
        process = doors.open(late, by=an)
        with pytest.raises(ConditionNotMet):
            doors.act(process, "enter_late", by=an, entered_as=case_type, reason="Đã có sao")
    else:
        made = opened(honey).get()
        assert (made.state, made.case_type, made.entered_as) == (
            State.ASSEMBLING,
            case_type,
            case_type,
        )


def test_a_reevaluation_registers_no_idea(honey, cycle, commune, an):
    certified_before(honey, cycle, commune)
    dossier = Dossier(cycle=cycle, product=honey, commune=commune, case_type="reevaluation")
    doors.open(dossier, by=an)
    with pytest.raises(ConditionNotMet, match="không đăng ký ý tưởng"):
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    with pytest.raises(ConditionNotMet, match="không phải đánh giá lần đầu"):
        doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Có sẵn")
    response = posted(an, cycle, honey, case_type="reevaluation", state="idea_selected")
    assert list(response.context["form"].errors) == ["state"]


OLD = {
    "given": "1",
    "given-stars": "4",
    "given-number": "15/GCN",
    "given-issuer": "UBND tỉnh Điện Biên",
    "given-decision_number": "211/QĐ-UBND",
    "given-decision_on": "03/03/2024",
    "given-issued_on": "03/03/2024",
    "given-edition": "148",
    "given-document_number": "211/QĐ-UBND",
    "given-document_on": "03/03/2024",
    "given-document_signer": "Trần Công Sơn",
    "given-document_capacity": "Chủ tịch UBND tỉnh",
}


def scan():
    return SimpleUploadedFile("qd.pdf", b"%PDF-1.7 obj %%EOF\n", "application/pdf")


def test_the_old_certificate_is_entered_in_the_same_form(honey, cycle, commune, minh):
    first = posted(minh, cycle, honey, case_type="reevaluation")
    assert first.context["old"] is not None
    assert b"given-number" in first.content
    response = posted(minh, cycle, honey, case_type="reevaluation", **OLD, **{"given-scan": scan()})
    assert response.status_code == 302, response.context["wrong"]
    given = Certificate.objects.get()
    made = opened(honey).get()
    assert (given.number, given.stars, given.dossier.product) == ("15/GCN", 4, honey)
    assert (made.case_type, made.certified_by()) == ("reevaluation", given.dossier)


#: What was typed of an old certificate -> what is asked of it.
UNUSUAL = {
    "ends in 2099": ({"given-expires_on": "31/12/2099"}, ["Hết hạn 31/12/2099"]),
    "five stars of the province": ({"given-stars": "5"}, ["5 sao do Bộ cấp"]),
    "both": (
        {"given-expires_on": "31/12/2099", "given-stars": "5"},
        ["Hết hạn 31/12/2099", "5 sao do Bộ cấp"],
    ),
    "an end that follows from its day": ({"given-expires_on": "03/03/2027"}, []),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_what_is_unusual_about_an_old_certificate_is_asked_once(case, honey, cycle, minh):
    fields, asked = UNUSUAL[case]
    sent = {"case_type": "reevaluation"} | OLD | fields
    response = posted(minh, cycle, honey, **sent, **{"given-scan": scan()})
    if not asked:
        assert response.status_code == 302, response.context["wrong"]
        return
    assert not Certificate.objects.exists()
    choices = response.context["old"].fields["agreed"].choices
    assert all(any(text in label for _key, label in choices) for text in asked)
    assert asked[0] in response.content.decode()
    ticks = [key for key, _label in choices]
    if len(ticks) > 1:
        half = posted(minh, cycle, honey, **sent,
                      **{"given-scan": scan(), "given-agreed": ticks[:1]})  # fmt: skip
        assert half.status_code == 200
    again = posted(minh, cycle, honey, **sent, **{"given-scan": scan(), "given-agreed": ticks})
    assert again.status_code == 302, again.context["wrong"]
    assert Certificate.objects.count() == 1


def test_what_was_revoked_is_not_judged_anew_by_its_old_certificate(honey, cycle, commune, minh):
    certified_before(honey, cycle, commune, state="revoked")
    update_as_owner(honey.dossiers.filter(state="revoked"), moved_at=clock.now())
    asked = posted(minh, cycle, honey, case_type="reevaluation")
    assert asked.context["old"] is None
    refused = posted(minh, cycle, honey, case_type="reevaluation", **OLD, **{"given-scan": scan()})
    assert list(refused.context["form"].errors) == ["case_type"]
    # Named anew it is found again, and refused at the door.
    fields = {
        "product": "",
        "product_name": honey.name,
        "group": honey.group,
        "producer": honey.producer_id,
    }
    again = posted(minh, cycle, honey, case_type="reevaluation", **fields, **OLD,
                   **{"given-scan": scan()})  # fmt: skip
    assert again.status_code == 200
    assert "đã bị thu hồi" in str(again.context["form"].errors)
    assert Certificate.objects.count() == 1
    assert not opened(honey).exists()


def test_an_old_certificate_that_was_entered_makes_no_revocation_good(honey, cycle, commune):
    certified_before(honey, cycle, commune, state="revoked")
    update_as_owner(honey.dossiers.filter(state="revoked"), moved_at=clock.now())
    certified_before(honey, cycle, commune, issued_on=records.day(2024, 6, 1), number="16/GCN")
    claim = Dossier(cycle=cycle, product=honey, commune=commune, case_type="upgrade")
    assert claim.certified_by() is None
    with pytest.raises(ConditionNotMet, match="đã bị thu hồi"):
        claim.check_claim()


@pytest.mark.parametrize("contact", [True, False])
def test_who_may_not_enter_the_old_certificate_is_told_first_who_may(
    contact, honey, cycle, commune, an, minh
):
    doors.open(Dossier(cycle=cycle, product=honey, commune=commune), by=an)
    if contact:
        OfficeContact.objects.create(
            name="Văn phòng OCOP", phone="02153000000", made_by=minh, made_at=clock.now()
        )
    form = posted(an, cycle, honey, case_type="upgrade", confirmed="").context["form"]
    assert list(form.errors) == ["case_type"]
    told = " ".join(form.errors["case_type"])
    assert "Cán bộ OCOP của tỉnh" in told
    assert ("02153000000" in told) == contact


def test_the_dossier_that_is_upgraded_is_no_duplicate(honey, cycle, commune, an):
    certified_before(honey, cycle, commune)
    form = posted(an, cycle, honey, case_type="upgrade", confirmed="").context["form"]
    # The one that was withdrawn this year is told of, as before.
    assert [each.state for each in form.duplicates] == [State.WITHDRAWN]
    assert posted(an, cycle, honey, case_type="upgrade").status_code == 302


def test_a_wrong_old_certificate_leaves_nothing_behind(honey, cycle, minh):
    wrong = OLD | {"given-issued_on": "03/03/1990", "given-decision_on": "03/03/1990"}
    response = posted(
        minh, cycle, honey, case_type="reevaluation", **wrong, **{"given-scan": scan()}
    )
    assert response.status_code == 200
    assert response.context["old"].errors
    assert not Certificate.objects.exists()
    assert not opened(honey).exists()


# --- Two dossiers of one product -----------------------------------------------------------------


def test_two_open_dossiers_of_one_product_are_warned_of_whatever_the_year(
    honey, cycle, commune, an, rule_sets
):
    before = open_cycle(rule_sets["qd26_2026"], 2025)
    other = Dossier(cycle=before, product=honey, commune=commune)
    doors.open(other, by=an)
    again = posted(an, cycle, honey, confirmed="")
    assert "confirmed" in again.context["form"].errors
    assert other in again.context["form"].duplicates
    assert posted(an, cycle, honey).status_code == 302
    client = Client()
    client.force_login(an)
    page = client.get(reverse("dossiers:dossier", args=[other.pk])).content.decode()
    assert "Sản phẩm này còn hồ sơ khác đang mở" in page


# --- Group and round -----------------------------------------------------------------------------


def test_a_group_of_the_old_law_is_not_taken_into_a_year_of_the_new(honey, cycle, commune, an):
    update_as_owner(Product.objects.filter(pk=honey.pk), group="fabrics_and_garments")
    refused = posted(an, cycle, honey)
    assert list(refused.context["form"].errors) == ["group"]
    assert not HistoryEntry.objects.filter(event="product.change").exists()
    assert "fabrics_and_garments" not in dict(refused.context["form"].fields["group"].choices)
    with pytest.raises(ConditionNotMet, match="Nhóm sản phẩm"):
        doors.open(
            Dossier(cycle=cycle, product=Product.objects.get(pk=honey.pk), commune=commune),
            by=an,
        )
    assert posted(an, cycle, honey, group="handicraft").status_code == 302
    honey.refresh_from_db()
    entry = opened(honey).get().history.get(event="dossier.open")
    assert honey.group == "handicraft"
    assert entry.data["changed"] == {"group": ["fabrics_and_garments", "handicraft"]}
    # In the product's own history too, as a correction is.
    said = HistoryEntry.objects.get(event="product.change", stream="product", stream_id=honey.pk)
    assert (said.actor, said.data["dossier"]) == (an, entry.stream_id)
    assert said.data["changed"] == [
        {"row": str(honey), "field": "group", "before": "fabrics_and_garments",
         "after": "handicraft"}
    ]  # fmt: skip


def test_a_known_group_is_not_changed_on_the_way(honey, cycle, an):
    refused = posted(an, cycle, honey, group="drink")
    assert list(refused.context["form"].errors) == ["group"]


def test_a_parked_dossier_of_the_old_law_is_reopened_only_with_a_group_of_the_new(
    cycle, cycle_of_three, old_commune, an
):
    old = open_dossier(cycle_of_three, old_commune, an)
    update_as_owner(Product.objects.filter(pk=old.product_id), group="fabrics_and_garments")
    old = stand(old, State.DEFERRED, parked_from=State.ASSEMBLING)
    with pytest.raises(ConditionNotMet, match="Nhóm sản phẩm"):
        doors.act(old.process, "reopen", by=an, cycle=cycle, reason="Năm sau")


def test_a_round_offers_what_is_of_its_year_and_edition(
    cycle, province, commune, an, thu, rule_sets
):
    before = open_cycle(rule_sets["qd26_2026"], 2025)
    (mine,) = judging.before_council(cycle, commune, an)
    (theirs,) = judging.before_council(before, commune, an)
    judging.regulate(province)
    made = judging.begin(judging.seat(province, thu), cycle, [], thu, open_it=False)
    assert list(made.awaiting()) == [mine]
    with pytest.raises(ConditionNotMet, match="không chờ hội đồng này"):
        made.take_in([(theirs, judging.rubric_of(theirs))], by=thu)
    # Of the same year, but pinned when the year was under another edition.
    (older,) = judging.before_council(cycle, commune, an)
    update_as_owner(Dossier.objects.filter(pk=older.pk), rule_set=rule_sets["qd1048_2019"])
    assert set(made.awaiting()) == {mine, older}
    made.take_in([(mine, judging.rubric_of(mine))], by=thu)
    assert list(made.awaiting()) == []


#: stars, points and sheets of a district's result -> whether it goes up.
DISTRICT = {
    "five sheets of 100, three stars": (3, 500, 5, True),
    "eliminated with five sheets of 100": (None, 500, 5, False),
    "49 points": (2, 245, 5, False),
}


@pytest.mark.parametrize("case", DISTRICT)
def test_what_a_district_eliminated_never_goes_up(case, dossier_of_three):
    stars, points_sum, sheets, goes = DISTRICT[case]
    dossier_of_three.stars, dossier_of_three.sheets = stars, sheets
    dossier_of_three.points_sum = Decimal(points_sum)
    assert dossier_of_three.goes_up("district") == goes


def test_what_a_commune_proposes_to_its_district_is_of_no_batch_of_the_province_yet(
    dossier_of_three, cycle_of_three, an, rule_sets
):
    """The district has batches of its own, and what it decides in them is not the province's."""
    year, mine = cycle_of_three, dossier_of_three
    days = {"propose_by": date(2022, 4, 29), "decide_by": date(2022, 6, 29)}
    later = {"propose_by": date(2022, 10, 29), "decide_by": date(2022, 12, 29)}
    made = {
        (level, number): Batch.objects.create(
            cycle=year, level=level, number=number, name=f"{level} {number}", **its
        )
        for level in ("district", "province")
        for number, its in enumerate((days, later), 1)
    }

    def batches():
        found = Dossier.objects.filter(pk=mine.pk)
        return {key for key, batch in made.items() if years.dossiers_of(batch, found).exists()}

    def told(event, day, before, after):
        moment = timezone.make_aware(datetime(2022, *day, 9))
        HistoryEntry.objects.record(
            f"dossier.{event}", mine, by=an, at=moment, before=before, after=after
        )

    told("forward_to_district", (4, 20), State.COMMUNE_CHECKED, State.AT_DISTRICT)
    assert mine.batch() == made["district", 1] and batches() == {("district", 1)}
    told("rank_at_district", (5, 20), State.DISTRICT_EVALUATING, State.DISTRICT_RANKED)
    assert batches() == {("district", 1)}
    told("forward_to_province", (6, 5), State.DISTRICT_RANKED, State.AT_PROVINCE)
    assert batches() == {("district", 1), ("province", 2)}
    # Under two levels the commune proposes to the province.
    newer = rule_sets["qd26_2026"]
    update_as_owner(Dossier.objects.filter(pk=mine.pk), rule_set=newer)
    assert batches() == {("province", 1)}


# --- The report ----------------------------------------------------------------------------------

#: case type, stars before and now -> new, upgraded, judged again.
RESULTS = {
    "a first certificate": ("first", None, 3, (1, 0, 0)),
    "an upgrade that rose": ("upgrade", 3, 4, (0, 1, 0)),
    "an upgrade that stayed at three stars": ("upgrade", 3, 3, (0, 0, 0)),
    "a re-evaluation that rose": ("reevaluation", 3, 4, (0, 1, 1)),
    "a re-evaluation that fell": ("reevaluation", 4, 3, (0, 0, 1)),
}


@pytest.mark.parametrize("case", RESULTS)
def test_the_report_counts_the_result_and_not_what_was_asked_for(
    case, honey, cycle, commune, an, son
):
    case_type, had, stars, counted = RESULTS[case]
    earlier = open_cycle(cycle.rule_set, 2023)
    if had:
        certified_before(honey, earlier, commune, stars=had)
    dossier = Dossier(cycle=cycle, product=honey, commune=commune, case_type=case_type)
    doors.open(dossier, by=an)
    dossier = stand(dossier, State.AWAITING_DECISION, stars=stars)
    doors.complete(
        open_task(dossier),
        "certify",
        by=son,
        paper=records.signed_paper(),
        record=records.certificate(),
    )
    figures = CycleReport(cycle)
    assert (
        figures.certified_new.count(),
        figures.upgrades.count(),
        figures.reevaluated.count(),
    ) == counted
    assert figures.figures()["communes"] == 1


@pytest.mark.parametrize("act", ["revoke", "withdraw_decision"])
def test_certified_and_taken_back_in_the_year_is_certified_no_more(
    act, cycle, commune, an, son, minh
):
    dossier = certify(cycle, commune, an, son)
    year = CycleReport(cycle)
    assert (year.certified.count(), year.revoked.count()) == (1, 0)
    with clock.at(at(11, 2)):
        inspect(dossier, minh, "revoke")
        paper = records.signed_paper()
        if act == "withdraw_decision":
            paper = records.ministry_paper()
        doors.act(
            dossier.process,
            act,
            by=minh,
            reason="Không còn đạt",
            record=[records.revocation()] if act == "revoke" else [],
            paper=paper,
        )
    assert (year.certified.count(), year.revoked.count()) == (0, 1)
    assert year.not_recognised.count() == 0
    # Revoked after the year was closed: the year's report stays as it was.
    cycle.closed_on = records.day(2026, 10, 31)
    save_as_owner(cycle)
    assert (year.certified.count(), year.revoked.count()) == (1, 0)


# --- Revocation ----------------------------------------------------------------------------------


@pytest.fixture
@kept
def certified(cycle, commune, an, son):
    return certify(cycle, commune, an, son)


def d8(dossier):
    return dossier.terms.filter(code="D8").order_by("pk").last()


def revoking(dossier, minh, record, **paper):
    doors.act(
        dossier.process,
        "revoke",
        by=minh,
        reason="Không còn đạt",
        record=record,
        paper=records.signed_paper(**paper),
    )


def test_a_revocation_without_conclusion_or_confirmation_is_refused(certified, minh):
    with clock.at(at(11, 2)):
        with pytest.raises(ValidationError, match="Chưa có kết luận kiểm tra"):
            revoking(certified, minh, records.revocation())
        with pytest.raises(ConditionNotMet, match="Chưa ghi căn cứ thu hồi"):
            revoking(certified, minh, None)
        inspect(certified, minh, "remedy")
        with pytest.raises(ValidationError, match="không đề nghị thu hồi"):
            revoking(certified, minh, records.revocation(inspection=certified.inspections.get()))


def test_of_two_grounds_the_first_counts_whichever_day_is_corrected(certified, an, minh):
    with clock.at(at(11, 10)):
        inspect(certified, minh)
    signed = {"number": "12/XN-UBND", "signer": "Quàng Văn Chi"}
    with clock.at(at(11, 19)):
        doors.act(
            certified.process,
            "confirm_stopped",
            by=an,
            record=records.stopped(stopped_on=records.day(2026, 10, 20)),
            paper=records.signed_paper(signed_on=records.day(2026, 11, 18), **signed),
        )
        assert d8(certified).due_on == records.day(2026, 11, 25)
        for day, due_on in ((5, 20), (18, 25)):
            said = certified.stoppedproductions.get()
            papers.correct(
                said.paper, by=an, reason="Gõ nhầm", signed_on=records.day(2026, 11, day)
            )
            assert d8(certified).due_on == records.day(2026, 11, due_on)


def test_the_commune_confirms_that_production_stopped_and_the_fifteen_days_begin(
    certified, an, minh
):
    paper = records.signed_paper(
        number="12/XN-UBND", signed_on=records.day(2026, 11, 2), signer="Quàng Văn Chi"
    )
    with clock.at(at(11, 4)):
        doors.act(
            certified.process,
            "confirm_stopped",
            by=an,
            record=records.stopped(stopped_on=records.day(2026, 10, 20)),
            paper=paper,
        )
    said = certified.stoppedproductions.get()
    assert (said.paper.number, said.paper.signer) == ("12/XN-UBND", "Quàng Văn Chi")
    assert (d8(certified).due_on, d8(certified).state) == (records.day(2026, 11, 17), "running")
    # Typed wrong: its days run from the right one.
    for day, due_on in ((records.day(2026, 10, 29), 13), (records.day(2026, 11, 2), 17)):
        with clock.at(at(11, 5)):
            papers.correct(said.paper, by=an, reason="Gõ nhầm", signed_on=day)
        assert d8(certified).due_on == records.day(2026, 11, due_on)
        said = certified.stoppedproductions.get()
    with clock.at(at(11, 5)), pytest.raises(ConditionNotMet, match="không thể sau ngày ký"):
        papers.correct(said.paper, by=an, reason="Nhầm", signed_on=records.day(2026, 10, 19))
    with clock.at(at(11, 10)):
        revoking(certified, minh, records.revocation(ground="dd", recipients="Chủ thể, UBND xã"))
    kept = certified.revocations.get()
    assert (kept.stopped, kept.inspection, kept.ground, kept.recipients) == (
        said,
        None,
        "dd",
        "Chủ thể, UBND xã",
    )
    assert d8(certified).state == "stopped"


def test_production_did_not_stop_after_it_was_confirmed(certified, an):
    with clock.at(at(11, 4)), pytest.raises(ValidationError, match="sau ngày ký"):
        doors.act(
            certified.process,
            "confirm_stopped",
            by=an,
            record=records.stopped(stopped_on=records.day(2026, 11, 3)),
            paper=records.signed_paper(signed_on=records.day(2026, 11, 2)),
        )


@pytest.mark.parametrize(
    ("capacity", "of_the_commune"),
    [
        ("Chủ tịch", True),
        ("Chủ tịch UBND xã", True),
        ("Phó Chủ tịch Ủy ban nhân dân xã Nà Tấu", True),
        ("Chủ tịch Uỷ ban nhân dân phường", True),
        ("TM. ỦY BAN NHÂN DÂN XÃ, KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH", True),
        ("Chủ tịch xã", True),
        ("Chủ tịch UBND", True),
        ("Giám đốc HTX", False),
        ("Chủ tịch Hội đồng quản trị", False),
        ("Chủ tịch Hội Nông dân xã", False),
        ("Chủ tịch UBND tỉnh", False),
        ("Chủ tịch Ủy ban Mặt trận Tổ quốc xã", False),
        ("Công chức kinh tế xã", False),
    ],
)
def test_who_confirms_that_production_stopped_is_the_commune_s_committee(
    certified, minh, capacity, of_the_commune
):
    with clock.at(at(11, 4)):
        said = {
            "by": minh,
            "record": records.stopped(),
            "paper": records.signed_paper(signer_capacity=capacity),
        }
        if of_the_commune:
            doors.act(certified.process, "confirm_stopped", **said)
        else:
            with pytest.raises(ConditionNotMet, match="Chủ tịch UBND xã ký"):
                doors.act(certified.process, "confirm_stopped", **said)
    assert certified.stoppedproductions.exists() is of_the_commune


def test_production_did_not_stop_before_it_was_certified(certified, an):
    with clock.at(at(11, 4)), pytest.raises(ValidationError, match="trước ngày cấp"):
        doors.act(
            certified.process,
            "confirm_stopped",
            by=an,
            record=records.stopped(stopped_on=records.day(2020, 12, 31)),
            paper=records.signed_paper(),
        )


def test_five_stars_are_reported_to_the_ministry_and_revoked_by_the_minister(certified, minh):
    update_as_owner(Dossier.objects.filter(pk=certified.pk), stars=5)
    certified = Dossier.objects.get(pk=certified.pk)
    minister = {"signer": "Nguyễn Văn Bộ", "signer_capacity": "Thứ trưởng Bộ Nông nghiệp"}
    with clock.at(at(11, 2)):
        inspect(certified, minh, "revoke")
        with pytest.raises(ConditionNotMet, match="do Bộ trưởng thu hồi"):
            revoking(certified, minh, records.revocation(), **minister)
        doors.act(
            certified.process,
            "report_revocation",
            by=minh,
            reason="Mẫu không đạt",
            record=records.revocation(recipients="Bộ Nông nghiệp và Môi trường"),
            paper=records.signed_paper(number="40/BC-UBND"),
        )
    assert d8(certified).state == "stopped"
    certified = Dossier.objects.get(pk=certified.pk)
    assert certified.state == State.CERTIFIED
    with clock.at(at(12, 1)):
        with pytest.raises(ConditionNotMet, match="do Bộ trưởng ký"):
            revoking(certified, minh, records.revocation())
        with pytest.raises(ConditionNotMet, match="cho một việc khác"):
            revoking(certified, minh, records.revocation(), **minister, number="40/BC-UBND")
        revoking(certified, minh, records.revocation(), **minister)
    assert Dossier.objects.get(pk=certified.pk).state == State.REVOKED


@pytest.mark.parametrize("stars", [3, 4])
def test_what_the_province_gave_is_not_revoked_on_a_paper_of_the_minister(certified, minh, stars):
    update_as_owner(Dossier.objects.filter(pk=certified.pk), stars=stars)
    certified = Dossier.objects.get(pk=certified.pk)
    minister = {"signer": "Nguyễn Văn Bộ", "signer_capacity": "Bộ trưởng"}
    with clock.at(at(11, 2)):
        inspect(certified, minh, "revoke")
        with pytest.raises(ConditionNotMet, match="ký"):
            revoking(certified, minh, records.revocation(), **minister)
        assert Dossier.objects.get(pk=certified.pk).state == State.CERTIFIED
        revoking(certified, minh, records.revocation())
    assert Dossier.objects.get(pk=certified.pk).state == State.REVOKED


@pytest.mark.parametrize("stars", [3, 4, 5])
@pytest.mark.parametrize("act", ["order_evaluation", "withdraw_decision"])
@pytest.mark.parametrize(
    ("capacity", "of_the_ministry"),
    [
        ("Bộ trưởng", True),
        ("Thứ trưởng Bộ Nông nghiệp và Môi trường", True),
        ("KT. BỘ TRƯỞNG\nTHỨ TRƯỞNG", True),
        ("TL. Bộ trưởng, Cục trưởng", True),
        ("Trưởng phòng", False),
        ("Chủ tịch", False),
        ("Thủ trưởng cơ quan", False),
    ],
)
def test_what_the_ministry_decides_rests_on_a_paper_of_the_ministry(
    certified, minh, stars, act, capacity, of_the_ministry
):
    update_as_owner(Dossier.objects.filter(pk=certified.pk), stars=stars)
    certified = Dossier.objects.get(pk=certified.pk)
    said = {"by": minh, "reason": "Trái quy định"}
    with clock.at(at(11, 2)):
        paper = records.ministry_paper(signer_capacity=capacity)
        if of_the_ministry:
            doors.act(certified.process, act, paper=paper, **said)
        else:
            with pytest.raises(ConditionNotMet, match="Văn bản của Bộ do Bộ trưởng"):
                doors.act(certified.process, act, paper=paper, **said)
    events = HistoryEntry.objects.filter(event=f"dossier.{act}")
    assert events.exists() is of_the_ministry


def test_three_stars_are_not_reported_to_the_ministry(certified, minh):
    with clock.at(at(11, 2)), pytest.raises(ConditionNotMet, match="do tỉnh công nhận"):
        doors.act(
            certified.process,
            "report_revocation",
            by=minh,
            reason="Mẫu không đạt",
            record=[records.inspection("revoke"), records.revocation()],
            paper=records.signed_paper(),
        )
    assert not HistoryEntry.objects.filter(event="dossier.report_revocation").exists()


def test_the_page_of_a_revocation_offers_what_it_may_rest_on(certified, minh):
    with clock.at(at(11, 2)):
        inspect(certified, minh, "revoke")
    client = Client()
    client.force_login(minh)
    page = client.get(reverse("dossiers:act", args=[certified.pk, "revoke"]))
    form = page.context["form"].parts[0]
    assert form.initial["inspection"] == certified.inspections.get().pk
    assert [value for value, _label in form.fields["ground"].choices] == [
        *("", "a", "b", "c", "d", "dd", "e")
    ]


@pytest.mark.parametrize("name", ["revoke", "report_revocation"])
def test_an_empty_revocation_is_refused_in_sentences_that_say_what_is_wrong(name, certified, minh):
    if name == "report_revocation":
        update_as_owner(Dossier.objects.filter(pk=certified.pk), stars=5)
    client = Client()
    client.force_login(minh)
    answer = client.post(reverse("dossiers:act", args=[certified.pk, name]), {"act": name})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Chưa có kết luận kiểm tra đề nghị thu hồi" in text
    assert "ràng buộc" not in text


# --- Whose, and where ----------------------------------------------------------------------------


def test_a_dossier_opens_in_the_commune_of_its_producer_by_form_and_door(
    honey, cycle, other_commune, minh
):
    made = {"product_name": "Chè dây", "group": "drink", "product": ""}
    for fields in ({}, made | {"producer": honey.producer_id}):
        response = posted(minh, cycle, honey, commune=other_commune, **fields)
        assert list(response.context["form"].errors) == ["commune"]
    with pytest.raises(ConditionNotMet, match="hãy chọn xã, phường đó"):
        doors.open(Dossier(cycle=cycle, product=honey, commune=other_commune), by=minh)
    assert not Dossier.objects.filter(commune=other_commune).exists()


@pytest.mark.parametrize("name", ["Mật ong rừng Nà Tấu", "Chè dây"])
def test_another_producer_of_the_same_name_is_entered_as_typed(name, honey, cycle, an):
    typed = {
        "product": "",
        "product_name": name,
        "group": "food",
        "producer_name": honey.producer.name,
        "owner_type": "household",
        "representative": "Quàng Văn Khác",
        "phone": "0912345678",
        "address": "Bản Khác",
    }
    asked = posted(an, cycle, honey, confirmed="", **typed)
    assert asked.context["form"].namesakes == [honey.producer]
    assert "chủ thể khác" in asked.content.decode()
    assert posted(an, cycle, honey, **typed).status_code == 302
    made = Producer.objects.exclude(pk=honey.producer_id).get()
    assert (made.name, made.representative, made.phone, made.address) == (
        honey.producer.name,
        "Quàng Văn Khác",
        "0912345678",
        "Bản Khác",
    )
    assert made.products.get().dossiers.count() == 1

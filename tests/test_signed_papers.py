"""Authority rests on a signed document: who records what without one, with one, with its scan."""

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import Role
from dossiers.models import (
    ACTS,
    ConditionNotMet,
    Dossier,
    Evidence,
    OfficialDocument,
    PaperRequired,
    State,
    Task,
)
from dossiers.rules import holds_task
from dossiers.walk import doors
from tests import records
from tests.ground import kept
from tests.law_acts import HANDS_IN, authority, who_does
from tests.law_table import LAW, NEEDS_PAPER, OF_A_TASK, OF_THE_DISTRICT
from tests.standing import (
    answered_by_the_centre,
    approved,
    stand,
    with_compulsory_papers,
)
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db


S = State

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


@pytest.mark.parametrize("act", sorted(NEEDS_PAPER))
def test_a_result_a_decision_a_withdrawal_rests_on_a_document_and_its_scan(act, file_of, moi):
    """Whoever does it: here somebody who holds every role."""
    dossier = file_of(act)
    papers = OfficialDocument.objects.count()
    refused(WITHOUT, dossier, act, moi)
    refused(UNSCANNED, dossier, act, moi, unscanned())
    for stray in (
        records.paper("business_registration"),
        Evidence(kind="signed_paper", title="Văn bản", paper_location="Tủ số 1"),
    ):
        # What is called a scan must be a file of a signed document.
        refused(UNSCANNED, dossier, act, moi, records.signed_paper(scan=stray))
    assert attempt(dossier, act, moi, HANDS_IN[act]()["paper"])
    if ACTS[act].scored:
        assert attempt(dossier, act, moi, authority=authority(dossier, moi))
    else:
        # A round scores; it neither decides nor takes away.
        refused(WITHOUT, dossier, act, moi, authority=authority(dossier, moi))
    assert OfficialDocument.objects.count() == papers


@pytest.mark.parametrize("act", sorted(OF_A_TASK))
def test_who_only_types_gives_the_scan_of_every_act(act, file_of, commune, old_commune, province):
    dossier = file_of(act)
    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, open_task(dossier).org_unit))
    assert not holds_task(clerk, open_task(dossier))
    refused((PaperRequired, ""), dossier, act, clerk)
    refused(UNSCANNED, dossier, act, clerk, unscanned())
    assert attempt(dossier, act, clerk, records.signed_paper())


@pytest.mark.parametrize("act", sorted(OF_A_TASK - NEEDS_PAPER))
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


@pytest.mark.parametrize("signer", ["Lò Văn Thư", " lo van  thu"])
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

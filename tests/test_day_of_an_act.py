"""The day of an act is that of its document, in force: what follows it when it is corrected, and in
which order papers are signed.
"""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse

from councils.models import EvaluationRound, SignedDocument
from cycle import clock
from cycle.models import Batch, Document
from cycle.models.job import run_waiting
from dossiers.law.conditions import questions
from dossiers.law.signers import SIGNERS
from dossiers.models import ACTS, Certificate, ConditionNotMet, Dossier, OfficialDocument
from dossiers.office import year as years
from dossiers.walk import doors, papers
from tests import judging, records
from tests.filing_anew import S, at, file_anew
from tests.filing_anew import certify as certify_of_before
from tests.public_pages import main, see
from tests.revoking import certify, inspect
from tests.standing import answered_by_the_centre, approved, sent_up, stand
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db

TYPED = at(2026, 11, 20, 10)


@pytest.fixture
def world(cycle, cycle_of_three, old_commune, commune, an, chi, minh, son):
    class World:
        pass

    w = World()
    w.cycle, w.three, w.old_commune, w.commune = cycle, cycle_of_three, old_commune, commune
    w.an, w.chi, w.minh, w.son = an, chi, minh, son
    return w


def of_before(w):
    """12/GCN until 1/8/2026, filed anew on 20/7."""
    old = certify_of_before(w.three, w.old_commune, w.an, w.son, at(2023, 8, 1), number="12/GCN")
    again = file_anew(old, w.cycle, w.commune, w.an, at(2026, 7, 20))
    return old, again


def given(pk):
    return Certificate.objects.with_validity().get(pk=pk)


def live(dossier, code):
    return dossier.terms.live().filter(code=code).order_by("pk").last()


def on(day, month=9):
    return date(2026, month, day)


def right(paper, by, **became):
    """Corrected as it is now; all or nothing."""
    with transaction.atomic():
        papers.correct(OfficialDocument.objects.get(pk=paper.pk), by=by, reason="Gõ nhầm", **became)


# --- Act x {earlier, later, number only} x what follows ---------------------------------------


def a_refusal(w):
    """What ended the transition: the certificate was valid until that day, its clock ends on it."""
    old, again = of_before(w)
    again = stand(again, S.AWAITING_DECISION)
    with clock.at(at(2026, 9, 20)):
        doors.complete(
            open_task(again), "not_recognise", by=w.son, reason="Thiếu",
            paper=records.signed_paper(signed_on=on(10)),
        )  # fmt: skip

    def follows(day):
        now = given(old.pk)
        assert (now.validity.until, now.validity.decided_on) == (day, day)
        assert [now.standing(day), now.standing(day + timedelta(days=1))] == ["valid", "expired"]
        assert now.terms.get().due_on == day
        shown = main(see(old.get_absolute_url()))
        assert f"đến khi có kết quả đánh giá lại, ngày {day:%d/%m/%Y}" in shown

    return again, w.son, on(10), follows


def a_revocation(w):
    """The certificate ends, the term to revoke (D8, until 17/11) is late or not."""
    dossier = certify(w.cycle, w.commune, w.an, w.son)
    with clock.at(at(2026, 11, 2)):
        inspect(dossier, w.minh)
    with clock.at(TYPED):
        doors.act(
            dossier.process, "revoke", by=w.minh, reason="Không còn đạt",
            record=records.revocation(), paper=records.signed_paper(signed_on=on(17, 11)),
        )  # fmt: skip
    pk, product = dossier.certificates.get().pk, dossier.product

    def follows(day):
        d8 = dossier.terms.get(code="D8")
        late = d8.due_at <= d8.stopped_at
        assert late is (day > on(17, 11))
        assert given(pk).revoked_on == day
        assert Dossier(product=product).revoked_on() == day
        shown = main(see(given(pk).get_absolute_url()))
        assert f"Đã thu hồi ngày {day:%d/%m/%Y}" in shown

    return dossier, w.minh, on(17, 11), follows


def an_order(w):
    """The day on which the ministry ordered a new evaluation."""
    dossier = certify(w.cycle, w.commune, w.an, w.son)
    with clock.at(TYPED):
        doors.act(
            dossier.process, "order_evaluation", by=w.minh, reason="Kết luận kiểm tra",
            paper=records.ministry_paper(signed_on=on(10, 11)),
        )  # fmt: skip
    pk = dossier.certificates.get().pk

    def follows(day):
        assert (given(pk).ordered_on, given(pk).refiling) == (day, None)
        client = Client()
        client.force_login(w.minh)
        page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
        assert f"Bộ yêu cầu đánh giá lại ngày {day:%d/%m/%Y}" in " ".join(page.split())

    return dossier, w.minh, on(10, 11), follows


def a_confirmation(w):
    """Fifteen days to revoke from the commune's confirmation; an inspection of 9/11 that proposes
    nothing takes back what is of its day and before.
    """
    dossier = certify(w.cycle, w.commune, w.an, w.son)
    with clock.at(at(2026, 11, 12)):
        doors.act(
            dossier.process, "confirm_stopped", by=w.chi,
            record=records.stopped(stopped_on=on(2, 11)),
            paper=records.request(number="16/XN-UBND", signed_on=on(10, 11)),
        )  # fmt: skip
    with clock.at(at(2026, 11, 13)):
        inspect(dossier, w.minh, "passed", inspected_on=on(9, 11), concluded_on=on(9, 11))

    def follows(day):
        d8 = live(dossier, "D8")
        stands = day > on(9, 11)
        assert (d8 is not None) is stands
        if stands:
            assert d8.due_on >= day + timedelta(days=15)
            assert d8.base_on == day

    return dossier, w.chi, on(10, 11), follows


def a_request_to_evaluate_anew(w):
    """Forty-five days to decide (D7) from the day of the commune's request."""
    _old, again = of_before(w)
    again = stand(again, S.COMMUNE_CHECKED, stars=None, points_sum=None, sheets=None)
    with clock.at(at(2026, 9, 20)):
        sent_up(again, w.chi, signed_on=on(10))

    def follows(day):
        assert live(again, "D7").base_on == day
        assert live(again, "D7").due_on >= day + timedelta(days=45)
        assert again.came_complete().day == day

    return again, w.chi, on(10), follows


def a_filing_on_paper(w):
    """Fifteen working days of the commune (D1) from the filing, and not from before the move that
    was before it: it came into the evaluation on 8/9.
    """
    with clock.at(at(2026, 9, 1)):
        dossier = open_dossier(w.cycle, w.commune, w.an)
    with clock.at(at(2026, 9, 8)):
        doors.act(
            dossier.process, "enter_late", by=w.an, entered_as="existing", reason="Đã có sản phẩm"
        )
        for kind in dossier.rule_set.compulsory("first"):
            doors.act(dossier.process, "attach_evidence", by=w.an, record=records.paper(kind))
    with clock.at(at(2026, 9, 20)):
        doors.complete(
            open_task(dossier), "submit_dossier", by=w.an, record=records.self_assessment(),
            paper=records.request(number="3/GN", signed_on=on(10)),
        )  # fmt: skip

    def follows(day):
        assert live(dossier, "D1").base_on == max(day, on(8))
        assert Dossier.objects.get(pk=dossier.pk).filing_day() == day

    return dossier, w.an, on(10), follows


FOLLOWS = [
    a_refusal, a_revocation, an_order, a_confirmation, a_request_to_evaluate_anew,
    a_filing_on_paper,
]  # fmt: skip


@pytest.mark.parametrize("case", FOLLOWS, ids=lambda case: case.__name__)
def test_what_follows_the_day_of_an_act_follows_its_correction(world, case):
    dossier, by, day, follows = case(world)
    paper = dossier.officialdocuments.latest("pk")
    with clock.at(at(2026, 11, 21)):
        follows(day)
        right(paper, by, number=f"9{paper.number}")
        follows(day)
        for other in (day - timedelta(days=3), day + timedelta(days=1), day):
            right(paper, by, signed_on=other)
            follows(other)
    told = dossier.history.filter(event=papers.EVENT).order_by("seq")
    assert [bool(each.data.get("followed")) for each in told][0] is False


# --- In which order ---------------------------------------------------------------------------


def test_of_each_act_on_a_paper_is_said_what_it_is_not_before():
    """Who signs by law: never before a certificate that was there."""
    asked = {act.name for act in ACTS.values() if act.paper or act.does}
    after_a_certificate = {
        name for name in SIGNERS if S.CERTIFIED in ACTS[name].begins or len(ACTS[name].begins) > 20
    }
    said = {act.name for act in ACTS.values() if act.not_before}
    assert asked == said & asked | after_a_certificate


#: What answers a paper is not of a day before it: (the state, the act whose paper is of 10/9, where
#: that leads, the act that answers it, by whom, what is handed in).
ANSWERS = [
    (S.AWAITING_DECISION, "return_submission", S.RANKED, "propose_recognition", "son minh"),
    (S.DOSSIER_SUBMITTED, "return_for_supplement", S.COMMUNE_CHECKED, "forward_to_province", "an chi"),
    (S.COMMUNE_CHECKED, "forward_to_province", S.AT_PROVINCE, "return_for_supplement", "chi minh"),
    (S.COMMUNE_CHECKED, "forward_to_province", S.PROVINCE_EVALUATING, "rank", "chi minh"),
    (S.RANKED, "evaluate_again", S.PROVINCE_EVALUATING, "rank", "minh minh"),
]  # fmt: skip


def done_on_paper(w, dossier, act, day, by, **kept):
    papers_of = records.request if by in (w.an, w.chi) else records.signed_paper
    paper = papers_of(number=f"{dossier.pk}{act[:3]}/TTr-UBND", signed_on=on(day))
    if ACTS[act].reason:
        kept["reason"] = "Thiếu"
    doors.complete(open_task(dossier), act, by=by, paper=paper, **kept)


def test_what_answers_a_paper_is_not_before_it(world):
    w = world
    for number, (state, first, then, answer, who) in enumerate(ANSWERS):
        one, other = (getattr(w, name) for name in who.split())
        with clock.at(at(2026, 9, 1)):
            dossier = stand(open_dossier(w.cycle, w.commune, w.an, f"Chè {number}"), state)
            if first == "evaluate_again":
                answered_by_the_centre(dossier)
        met = answer == "rank"
        with clock.at(at(2026, 9, 20)):
            done_on_paper(w, dossier, first, 10, one)
            brought = dossier.officialdocuments.latest("pk")
            dossier = stand(Dossier.objects.get(pk=dossier.pk), then)
            its = {"record": records.evaluation(met_on=on(9))} if met else {}
            with pytest.raises(ConditionNotMet, match="10/09/2026") as error:
                done_on_paper(w, dossier, answer, 15 if met else 9, other, **its)
            field = "evaluation-met_on" if met else "paper-signed_on"
            assert [each.field for each in error.value.lacks] == [field], answer
            its = {"record": records.evaluation(met_on=on(11))} if met else {}
            done_on_paper(w, dossier, answer, 15 if met else 11, other, **its)
            with pytest.raises(ValidationError, match="không thể ký sau"):
                right(brought, one, signed_on=on(12))
            right(brought, one, signed_on=on(11))


def test_a_paper_is_not_before_what_it_rests_on(world):
    """When it is recorded, rehearsed for many, and corrected, on either side."""
    w = world
    # A revocation: the conclusion, then the decision.
    dossier = certify(w.cycle, w.commune, w.an, w.son)
    with clock.at(at(2026, 11, 5)):
        inspect(dossier, w.minh, inspected_on=on(3, 11), concluded_on=on(4, 11))
    with clock.at(TYPED):

        def revoking(day):
            paper = records.signed_paper(number="90/QĐ-UBND", signed_on=on(day, 11))
            return {"reason": "Không đạt", "record": records.revocation(), "paper": paper}

        with pytest.raises(ConditionNotMet, match="kết luận kiểm tra làm căn cứ") as error:
            doors.act(dossier.process, "revoke", by=w.minh, **revoking(3))
        assert [each.field for each in error.value.lacks] == ["paper-signed_on"]
        with pytest.raises(ConditionNotMet, match="kết luận kiểm tra làm căn cứ"):
            doors.rehearse(Dossier.objects.get(pk=dossier.pk), "revoke", by=w.minh, **revoking(3))
        doors.act(dossier.process, "revoke", by=w.minh, **revoking(4))
        paper = dossier.officialdocuments.latest("pk")
        with pytest.raises(ConditionNotMet, match="làm căn cứ"):
            right(paper, w.minh, signed_on=on(3, 11))
    # A result of 90 points: the meeting, the decision that approves it, the request.
    best = stand(open_dossier(w.cycle, w.commune, w.an, "Chè"), S.PROVINCE_EVALUATING)
    with clock.at(at(2026, 11, 5)):
        minutes = records.signed_paper(number="5/BB", signed_on=on(5, 11))
        with pytest.raises(ConditionNotMet, match="trước ngày họp hội đồng"):
            doors.complete(
                open_task(best), "rank", by=w.minh,
                record=records.evaluation("644", 7, stars=5),
                paper=records.signed_paper(number="5/BB", signed_on=on(4, 11)),
            )  # fmt: skip
        doors.complete(
            open_task(best), "rank", by=w.minh, paper=minutes,
            record=records.evaluation("644", 7, stars=5),
        )  # fmt: skip
        doors.complete(open_task(best), "propose_recognition", by=w.minh)
    best = Dossier.objects.get(pk=best.pk)
    with clock.at(at(2026, 11, 9)):
        with pytest.raises(ConditionNotMet, match="họp hội đồng"):
            early = records.signed_paper(number="88/QĐ-UBND", signed_on=on(4, 11))
            doors.act(best.process, "approve_result", by=w.minh, paper=early)
        approved(best, w.minh)
    with clock.at(TYPED):
        with pytest.raises(ConditionNotMet, match="phê duyệt kết quả"):
            early = records.signed_paper(number="89/TTr-UBND", signed_on=on(8, 11))
            doors.complete(open_task(best), "nominate", by=w.son, paper=early)
        doors.complete(
            open_task(best), "nominate", by=w.son,
            paper=records.signed_paper(number="89/TTr-UBND", signed_on=on(12, 11)),
        )  # fmt: skip
        ways = {each.number: each for each in best.officialdocuments.all()}
        for number, day, words in (
            ("89/TTr-UBND", 8, "phê duyệt kết quả"),
            ("88/QĐ-UBND", 4, "họp hội đồng"),
            ("5/BB", 4, "họp hội đồng"),
        ):
            with pytest.raises(ConditionNotMet, match=words):
                right(ways[number], w.minh, signed_on=on(day, 11))
        # Once the request is of 8/11, the decision that it rests on is not of 9/11.
        right(ways["89/TTr-UBND"], w.son, signed_on=on(9, 11))
        right(ways["88/QĐ-UBND"], w.minh, signed_on=on(8, 11))
        right(ways["89/TTr-UBND"], w.son, signed_on=on(8, 11))
        with pytest.raises(ValidationError, match="không thể ký sau") as wrong:
            right(ways["88/QĐ-UBND"], w.minh, signed_on=on(9, 11))
        assert list(wrong.value.message_dict) == ["signed_on"]


def test_the_decision_is_not_corrected_to_before_the_meeting(world):
    dossier = stand(open_dossier(world.cycle, world.commune, world.an), S.PROVINCE_EVALUATING)
    with clock.at(at(2026, 11, 5)):
        doors.complete(
            open_task(dossier), "rank", by=world.minh, record=records.evaluation(),
            paper=records.signed_paper(number="5/BB"),
        )  # fmt: skip
        doors.complete(open_task(dossier), "propose_recognition", by=world.minh)
    with clock.at(at(2026, 11, 9)):
        doors.complete(
            open_task(dossier), "certify", by=world.son, paper=records.signed_paper(),
            record=records.certificate(),
        )  # fmt: skip
        paper = dossier.officialdocuments.latest("pk")
        with pytest.raises(ConditionNotMet, match="họp hội đồng"):
            right(paper, world.son, signed_on=on(4, 11))
        right(paper, world.son, signed_on=on(5, 11))


def test_what_the_ministry_ordered_is_not_decided_before_its_order(world):
    w = world
    dossier = certify(w.cycle, w.commune, w.an, w.son)
    with clock.at(at(2026, 11, 2)):
        doors.act(
            dossier.process, "order_evaluation", by=w.minh, reason="Kết luận kiểm tra",
            paper=records.ministry_paper(signed_on=on(30, 10)),
        )  # fmt: skip
    again = file_anew(dossier.certificates.get(), w.cycle, w.commune, w.an, at(2026, 11, 3))
    again = stand(again, S.AWAITING_DECISION)
    with clock.at(at(2026, 11, 9)):
        with pytest.raises(ConditionNotMet, match="Bộ yêu cầu đánh giá lại"):
            doors.complete(
                open_task(again), "not_recognise", by=w.son, reason="Thiếu",
                paper=records.signed_paper(signed_on=on(29, 10)),
            )  # fmt: skip
        doors.complete(
            open_task(again), "not_recognise", by=w.son, reason="Thiếu",
            paper=records.signed_paper(signed_on=on(9, 11)),
        )  # fmt: skip
    assert given(dossier.certificates.get().pk).validity.ended_on == on(9, 11)
    with clock.at(at(2026, 11, 10)):
        result = again.officialdocuments.latest("pk")
        with pytest.raises(ConditionNotMet, match="Bộ yêu cầu đánh giá lại"):
            right(result, w.son, signed_on=on(29, 10))
        right(result, w.son, signed_on=on(5, 11))
        assert given(dossier.certificates.get().pk).validity.ended_on == on(5, 11)
        # On the other side: the order is not corrected to after the result that it brought.
        right(result, w.son, signed_on=on(31, 10))
        order = dossier.officialdocuments.latest("pk")
        with pytest.raises(ValidationError, match="không thể ký sau"):
            right(order, w.minh, signed_on=on(1, 11))
        right(order, w.minh, signed_on=on(31, 10))


def test_what_the_ministry_ordered_is_not_filed_before_its_order(world):
    """Else a correction of a day would make a refused certificate valid again."""
    w = world
    dossier = certify(w.cycle, w.commune, w.an, w.son)
    with clock.at(at(2026, 11, 2)):
        doors.act(
            dossier.process, "order_evaluation", by=w.minh, reason="Kết luận kiểm tra",
            paper=records.ministry_paper(signed_on=on(30, 10)),
        )  # fmt: skip
        again = Dossier(
            cycle=w.cycle, product=dossier.product, commune=w.commune, case_type="reevaluation"
        )
        doors.open(again, by=w.an)
        doors.act(
            again.process, "enter_late", by=w.an, entered_as="reevaluation", reason="Bộ yêu cầu"
        )
        for kind in again.rule_set.compulsory("reevaluation"):
            doors.act(again.process, "attach_evidence", by=w.an, record=records.paper(kind))

    def filed(day):
        doors.complete(
            open_task(again), "submit_dossier", by=w.an, record=records.self_assessment(),
            paper=records.request(number="3/GN", signed_on=day),
        )  # fmt: skip

    with clock.at(at(2026, 11, 5)):
        with pytest.raises(ConditionNotMet, match="Bộ yêu cầu đánh giá lại") as error:
            filed(on(29, 10))
        assert [each.field for each in error.value.lacks] == ["paper-signed_on"]
        filed(on(31, 10))
    filing = again.officialdocuments.latest("pk")
    again = stand(again, S.AWAITING_DECISION)
    with clock.at(at(2026, 11, 19)):
        doors.complete(
            open_task(again), "not_recognise", by=w.son, reason="Thiếu",
            paper=records.signed_paper(signed_on=on(19, 11)),
        )  # fmt: skip
        with pytest.raises(ConditionNotMet, match="Bộ yêu cầu đánh giá lại"):
            right(filing, w.an, signed_on=on(29, 10))
        with pytest.raises(ValidationError, match="không thể ký sau"):
            right(dossier.officialdocuments.latest("pk"), w.minh, signed_on=on(1, 11))
        assert given(dossier.certificates.get().pk).validity.ended_on == on(19, 11)
        right(filing, w.an, signed_on=on(30, 10))


def test_an_order_typed_after_its_re_evaluation_was_opened_is_asked_about(world):
    """Filed before its day, typed or still to be filed: either may be true, so it is asked."""
    w, said = world, "không phải kết quả theo yêu cầu của Bộ"
    dossier = certify(w.cycle, w.commune, w.an, w.son)

    def asks(of, act, paper):
        return [each for each in questions(of, act, [], paper) if said in str(each)]

    with clock.at(at(2026, 11, 2)):
        again = Dossier(
            cycle=w.cycle, product=dossier.product, commune=w.commune, case_type="reevaluation"
        )
        doors.open(again, by=w.an)
    with clock.at(at(2026, 11, 9)):
        assert not asks(again, "submit_dossier", records.request(signed_on=on(4, 11)))
        doors.act(
            dossier.process, "order_evaluation", by=w.minh, reason="Kết luận kiểm tra",
            paper=records.ministry_paper(signed_on=on(5, 11)),
        )  # fmt: skip
        for day, asked in ((4, 1), (5, 0), (6, 0)):
            paper = records.request(signed_on=on(day, 11))
            assert len(asks(again, "submit_dossier", paper)) == asked, day
    filed = file_anew(dossier.certificates.get(), w.cycle, w.commune, w.an, at(2026, 11, 10))
    with clock.at(at(2026, 11, 12)):
        for day, asked in ((9, 0), (10, 0), (11, 1)):
            paper = records.ministry_paper(number="9/BNNMT", signed_on=on(day, 11))
            assert len(asks(dossier, "order_evaluation", paper)) == asked, day
        order = dossier.officialdocuments.latest("pk")
        assert any(said in str(each) for each in papers.questions(order, on(11, 11)))
    assert filed.ordered_by() is not None


def test_an_order_is_answered_by_what_judges_its_certificate_anew(world):
    w = world
    dossier = certify(w.cycle, w.commune, w.an, w.son)

    def ordered(of, day):
        with clock.at(at(2026, 11, day)):
            doors.act(
                of.process, "order_evaluation", by=w.minh, reason="Kết luận kiểm tra",
                paper=records.ministry_paper(number=f"{day}/BNNMT", signed_on=on(day, 11)),
            )  # fmt: skip

    ordered(dossier, 2)
    second = file_anew(dossier.certificates.get(), w.cycle, w.commune, w.an, at(2026, 11, 3))
    second = stand(second, S.AWAITING_DECISION)
    with clock.at(at(2026, 11, 9)):
        doors.complete(
            open_task(second), "certify", by=w.son, record=records.certificate(number="13/GCN"),
            paper=records.signed_paper(number="90/QĐ-UBND"),
        )  # fmt: skip
    ordered(second, 12)
    third = file_anew(second.certificates.get(), w.cycle, w.commune, w.an, at(2026, 11, 13))
    assert [Dossier.objects.get(pk=each.pk).ordered_by().day for each in (second, third)] == [
        on(2, 11), on(12, 11),
    ]  # fmt: skip
    third = stand(third, S.AWAITING_DECISION)
    with clock.at(at(2026, 11, 20)), pytest.raises(ConditionNotMet, match="12/11/2026"):
        doors.complete(
            open_task(third), "not_recognise", by=w.son, reason="Thiếu",
            paper=records.signed_paper(number="91/QĐ-UBND", signed_on=on(11, 11)),
        )  # fmt: skip


def test_what_rests_on_a_round_is_not_before_its_minutes(world, province, thu):
    """In the dossier, in the round, and where one paper stands in both."""
    w = world
    judging.regulate(province)
    with clock.at(at(2026, 11, 2)):
        council = judging.seat(province, thu)
        dossiers = judging.before_council(w.cycle, w.commune, w.an, 1)
        round_ = judging.begin(council, w.cycle, dossiers, thu)
        for number in range(5):
            judging.fill(round_.entries.get(), judging.judge(council, number))
        judging.close(EvaluationRound.objects.get(pk=round_.pk), by=thu)
        run_waiting()
        round_ = EvaluationRound.objects.get(pk=round_.pk)

    def recorded(kind, number, day, signer="Trần Công Chủ", capacity="Chủ tịch hội đồng"):
        of = {"number": number, "signer": signer, "signer_capacity": capacity}
        paper = SignedDocument(document=Document(signed_on=on(day, 11), **of))
        with transaction.atomic():
            SignedDocument.record(paper, round_, kind, by=thu)

    dossier = Dossier.objects.get(pk=dossiers[0].pk)
    with clock.at(at(2026, 11, 20)):
        recorded("minutes", "1/BB-HĐ", 5)
        doors.complete(open_task(dossier), "propose_recognition", by=w.minh)

        def approved_on(day):
            paper = records.signed_paper(number="88/QĐ-UBND", signed_on=on(day, 11))
            doors.act(dossier.process, "approve_result", by=w.minh, paper=paper)

        with pytest.raises(ConditionNotMet, match="không ký trước biên bản") as error:
            approved_on(4)
        assert [each.field for each in error.value.lacks] == ["paper-signed_on"]
        approved_on(7)
        paper = dossier.officialdocuments.latest("pk")
        with pytest.raises(ConditionNotMet, match="không ký trước biên bản"):
            right(paper, w.minh, signed_on=on(4, 11))
        right(paper, w.minh, signed_on=on(6, 11))
        # Nor are the minutes of a day after it, typed anew.
        with pytest.raises(ValidationError, match="không thể ký sau") as wrong:
            recorded("minutes", "1/BB-HĐ", 7)
        assert list(wrong.value.message_dict) == ["signed_on"]
        recorded("minutes", "1/BB-HĐ", 6)
        recorded("minutes", "1/BB-HĐ", 5)
        # The round has it too: what it may not be there, it is not corrected to.
        recorded("decision", "88/QĐ-UBND", 6, paper.signer, paper.signer_capacity)
        for field, became in {"number": "1/BB-HĐ", "signed_on": on(4, 11)}.items():
            with pytest.raises(ValidationError) as wrong:
                right(paper, w.minh, **{field: became})
            assert list(wrong.value.message_dict) == [field]
        right(paper, w.minh, signed_on=on(5, 11), number="89/QĐ-UBND")


# --- Asked once more, and told ----------------------------------------------------------------


def test_a_day_before_the_filing_or_of_another_batch_is_asked_about(world):
    w = world
    Batch.objects.bulk_create(years.law_batches(w.cycle))
    with clock.at(at(2026, 4, 1)):
        dossier = open_dossier(w.cycle, w.commune, w.an)
        dossier = stand(dossier, S.COMMUNE_CHECKED, stars=None, points_sum=None, sheets=None)
    with clock.at(at(2026, 5, 5)):
        sent_up(dossier, w.chi)
    paper = dossier.officialdocuments.get()
    client = Client()
    client.force_login(w.chi)

    def send(**typed):
        shown = {
            "number": paper.number, "signed_on": "05/05/2026", "signer": "Quàng Văn Chi",
            "signer_capacity": "Chủ tịch UBND xã", "reason": "Gõ nhầm",
            "shown": dossier.officialdocuments.get().document_id,
        }  # fmt: skip
        return client.post(reverse("dossiers:paper_correct", args=[paper.pk]), shown | typed)

    with clock.at(at(2026, 5, 8)):
        page = send(signed_on="31/03/2026")
        (asked,) = page.context["form"].errors.values()
        assert "trước ngày nộp hồ sơ (01/04/2026)" in asked[0] and "chuyển hồ sơ" in asked[1]
        assert dossier.officialdocuments.get().signed_on == date(2026, 5, 5)
        yes = page.context["form"].fields["day_as_written"].widget.attrs["value"]
        # A yes to one day is none to another; what cannot be is refused, and nobody asked.
        page = send(signed_on="30/03/2026", day_as_written=yes)
        assert list(page.context["form"].errors) == ["day_as_written"]
        page = send(signed_on="31/03/2019", day_as_written=yes)
        assert list(page.context["form"].errors) == ["signed_on"]
        assert send(signed_on="31/03/2026", day_as_written=yes).status_code == 302
    assert dossier.officialdocuments.get().signed_on == date(2026, 3, 31)
    entry = dossier.history.get(event=papers.EVENT)
    assert entry.data["followed"] is True
    with clock.at(at(2026, 5, 9)):
        # Of the number alone nothing is asked, and nothing followed.
        assert send(signed_on="31/03/2026", number="17/TTr-UBND").status_code == 302
        page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    said = " ".join(page.split())
    assert "tờ trình 15/TTr-UBND ngày 31/03/2026; số và ký hiệu «15/TTr-UBND»" in said
    assert "Văn bản 17/TTr-UBND</a>" in said and "Văn bản 15/TTr-UBND</a>" not in said
    assert "followed" not in dossier.history.filter(event=papers.EVENT).last().data

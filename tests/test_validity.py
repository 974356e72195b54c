"""Until when a certificate holds (D12): its day, and longer while a file in time is decided."""

from datetime import date, timedelta
from urllib.parse import parse_qsl

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import Cycle, HistoryEntry, OrgUnit
from dossiers.lists.ending import Ending, Filters
from dossiers.models import Certificate, Dossier, Route
from dossiers.models.certificate import Validity
from dossiers.office import year as years
from dossiers.terms.sweep import sweep
from dossiers.walk import doors, stock
from tests import judging, records
from tests.filing_anew import S, at, certify, file_anew, moved_to
from tests.ground import kept
from tests.owning import insert_as_owner, update_as_owner
from tests.public_pages import keep, main, see
from tests.revoking import revoke
from tests.standing import stand
from tests.stock_sheets import (
    GOOD,
    RUNNING_HEADS,
    book,
    checked,
    committed,
    enter,
    faults,
    good,
    row_of,
    running,
    sentences,
)
from tests.world import open_cycle, open_dossier, open_task, person

pytestmark = pytest.mark.django_db

#: Issued for 36 months: the days to file (180 to 120 before) were over by 22/5/2026.
ENDS = date(2026, 8, 1)
AT_MOST = date(2027, 1, 28)


@pytest.fixture
@kept
def old(cycle_of_three, old_commune, an, son):
    """12/GCN, of QĐ 1048, until 1/8/2026."""
    return certify(cycle_of_three, old_commune, an, son, at(2023, 8, 1), number="12/GCN")


def validity(certificate):
    return Certificate.objects.with_validity().get(pk=certificate.pk).validity


def clock_of(certificate):
    return certificate.terms.get()


def public(certificate, moment):
    with clock.at(moment):
        return main(see(certificate.get_absolute_url()))


# --- Filed in time --------------------------------------------------------------------------


def test_filed_in_time_it_holds_until_the_decision_at_most_180_days(old, cycle, commune, an):
    assert validity(old) == Validity(ENDS)
    file_anew(old, cycle, commune, an, at(2026, 7, 20))
    assert validity(old) == Validity(AT_MOST, date(2026, 7, 20))
    assert (AT_MOST - ENDS).days == 180
    for moment, words in (
        (at(2026, 8, 2), "Đang có giá trị"),
        (at(2027, 1, 28, 23), "Đang có giá trị"),
        (at(2027, 1, 29, 0), "Đã hết hạn"),
    ):
        assert words in public(old, moment)


def test_the_public_page_states_the_facts(old, cycle, commune, an):
    prolonged = (
        "Có giá trị đến 01/08/2026 Điều 12 khoản 3 Quyết định 26/2026/QĐ-TTg kéo dài giấy đến "
        "khi có kết quả đánh giá lại, nhiều nhất hết ngày 28/01/2027. %s Chủ thể chịu trách nhiệm "
        "khi dùng giấy trong thời gian này."
    )
    assert "Điều 12" not in public(old, at(2026, 7, 1))
    words = public(old, at(2026, 8, 2))
    assert "Đã qua thời hạn ghi trên giấy" in words
    assert "Đã hết hạn" not in words
    assert prolonged % "Chưa nộp hồ sơ đánh giá lại." in words
    file_anew(old, cycle, commune, an, at(2026, 7, 20))
    for moment in (at(2026, 7, 21), at(2026, 9, 1)):
        filed = prolonged % "Hồ sơ đánh giá lại đã nộp ngày 20/07/2026."
        assert filed in public(old, moment)
    assert "Điều 12" not in public(old, at(2027, 2, 1))


def test_the_dossier_says_why(old, cycle, commune, an):
    file_anew(old, cycle, commune, an, at(2026, 7, 20))
    client = Client()
    client.force_login(an)
    with clock.at(at(2026, 8, 5)):
        text = client.get(reverse("dossiers:dossier", args=[old.dossier_id])).content.decode()
        term = client.get(reverse("dossiers:term", args=[clock_of(old).pk])).content.decode()
    assert (
        "Hồ sơ đánh giá lại nộp ngày 20/07/2026: giấy còn giá trị đến khi có kết quả, nhiều nhất "
        "hết ngày 28/01/2027 (Điều 12 khoản 3 Quyết định 26/2026/QĐ-TTg)." in text
    )
    assert "dời ngày giấy chứng nhận hết hiệu lực" in text
    assert "Dời ngày theo hiệu lực của giấy chứng nhận (Điều 12.3)." in term
    assert "ban đầu 01/08/2026" in term


def test_the_warning_clock_follows_and_keeps_its_first_day(old, cycle, commune, an):
    sweep(at(2026, 7, 19))
    file_anew(old, cycle, commune, an, at(2026, 7, 20))
    term = clock_of(old)
    assert (term.due_on, term.original_due_on, term.state) == (AT_MOST, ENDS, "running")
    assert [event.kind for event in term.events.all()] == ["start", "move"]
    said = HistoryEntry.objects.get(event="term.outlive")
    assert (said.stream_id, said.actor, said.reason) == (
        old.dossier_id,
        an,
        "01/08/2026 → 28/01/2027",
    )
    warned = set(term.firings.values_list("rung", flat=True))
    sweep(at(2027, 1, 28, 23))
    assert set(term.firings.values_list("rung", flat=True)) == warned
    sweep(at(2027, 1, 29, 0))
    assert set(term.firings.values_list("rung", flat=True)) - warned == {
        "0:officer",
        "0:next_level",
    }


@pytest.mark.parametrize(("day", "in_time"), [(1, True), (2, False)])
def test_by_one_reading_the_last_day_to_file_is_the_day_it_expires(
    old, cycle, commune, an, minh, day, in_time
):
    judging.read_as("stays_valid", "before_expiry", by=minh)
    file_anew(old, cycle, commune, an, at(2026, 8, day, 23))
    assert validity(old).until == (AT_MOST if in_time else ENDS)
    assert clock_of(old).due_on == validity(old).until
    assert ("Đang có giá trị" in public(old, at(2026, 8, 3))) == in_time


def test_what_is_only_being_prepared_is_not_filed(old, cycle, commune, an):
    dossier = Dossier(
        cycle=cycle,
        product=moved_to(commune, old.dossier.product),
        commune=commune,
        case_type="reevaluation",
    )
    with clock.at(at(2026, 7, 20)):
        doors.open(dossier, by=an)
        doors.act(
            dossier.process, "enter_late", by=an, entered_as="reevaluation", reason="Sắp hết hạn"
        )
    assert validity(old) == Validity(ENDS)


def test_another_product_and_a_first_evaluation_do_not_help(old, cycle, commune, an):
    file_anew(old, cycle, commune, an, at(2026, 7, 20), "first")
    other = open_dossier(cycle, commune, an, "Nước mắm", case_type="reevaluation")
    stand(other, S.AT_PROVINCE)
    assert validity(old) == Validity(ENDS)
    assert clock_of(old).due_on == ENDS


# --- The decision ends it -------------------------------------------------------------------


def test_waiting_for_a_supplement_it_is_still_being_decided(old, cycle, commune, an):
    dossier = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    with clock.at(at(2026, 8, 10)):
        doors.complete(open_task(dossier), "return_for_supplement", by=an, reason="Thiếu nhãn")
    with clock.at(at(2026, 8, 20)):
        doors.complete(open_task(dossier), "supplement", by=an)
    assert validity(old) == Validity(AT_MOST, date(2026, 7, 20))
    assert HistoryEntry.objects.filter(event="term.outlive").count() == 1


def test_a_refusal_ends_it_and_the_officer_hears_that_it_expired(
    old, cycle, commune, an, minh, son
):
    dossier = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    dossier = stand(dossier, S.AWAITING_DECISION)
    with clock.at(at(2026, 9, 10)):
        doors.complete(
            open_task(dossier),
            "not_recognise",
            by=son,
            paper=records.signed_paper(),
            reason="Không đạt",
        )
    # Until the result: it was valid on every day between.
    assert validity(old) == Validity(date(2026, 9, 10), decided_on=date(2026, 9, 10))
    assert "Đang có giá trị" in public(old, at(2026, 9, 10))
    words = public(old, at(2026, 9, 11))
    assert "Đã hết hạn" in words
    assert "đến khi có kết quả đánh giá lại, ngày 10/09/2026" in words
    term = clock_of(old)
    assert (term.due_on, term.state) == (date(2026, 9, 10), "running")
    sweep(at(2026, 9, 11, 10))
    assert term.firings.filter(rung="0:officer").exists()


def test_the_public_page_says_that_a_filing_was_put_off(old, cycle, commune, an):
    dossier = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    with clock.at(at(2026, 7, 22)):
        doors.act(dossier.process, "defer", by=an, reason="Chưa đủ mẫu")
    words = public(old, at(2026, 8, 2))
    assert "Hồ sơ đánh giá lại nộp ngày 20/07/2026, chuyển chu trình sau ngày 22/07/2026." in words
    assert "Chưa nộp hồ sơ" not in words and "đã rút ngày" not in words
    # It stays filed: its result is waited for.
    assert clock_of(old).due_on == AT_MOST


def test_a_withdrawal_before_the_day_leaves_the_day(old, cycle, commune, an):
    dossier = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    with clock.at(at(2026, 7, 22)):
        doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    assert "Đang có giá trị" in public(old, at(2026, 8, 1))
    words = public(old, at(2026, 8, 2))
    assert "Đã qua thời hạn ghi trên giấy" in words
    assert "Hồ sơ đánh giá lại nộp ngày 20/07/2026, đã rút ngày 22/07/2026." in words
    assert "Chưa nộp hồ sơ" not in words
    assert clock_of(old).due_on == ENDS
    # Filed again within 180 days: it is valid until that is decided.
    with clock.at(at(2026, 8, 5)):
        doors.act(dossier.process, "reopen", by=an, reason="Sản xuất lại")
        task = open_task(dossier)
        if task.node == "assemble_dossier":
            doors.complete(task, "submit_dossier", by=an, record=records.self_assessment())
    assert Dossier.objects.get(pk=dossier.pk).state == S.DOSSIER_SUBMITTED
    assert validity(old) == Validity(AT_MOST, date(2026, 8, 5))


def test_of_two_withdrawals_the_last_is_told(old, cycle, commune, an, minh, son, ha):
    told = Told(old, cycle, commune, an=an, minh=minh, son=son, ha=ha)
    told.filed(7, 20)
    told.withdrawn(7, 22)
    told.reopened(7, 25)
    told.handed_in(7, 26)
    told.withdrawn(7, 28)
    words = public(old, at(2026, 8, 5))
    assert "Hồ sơ đánh giá lại nộp ngày 26/07/2026, đã rút ngày 28/07/2026." in words
    assert "22/07/2026" not in words


def test_one_given_on_the_day_of_the_old_takes_its_place(old, cycle, commune, an, son):
    """And not the other way round."""
    decide(file_anew(old, cycle, commune, an, at(2026, 7, 20)), son, at(2026, 9, 10), True)
    new = old.dossier.product.dossiers.latest("pk").certificates.get()
    decide(
        file_anew(old, cycle, commune, an, at(2026, 9, 10, 8)), son, at(2026, 9, 10, 9), True,
        number="14/GCN",
    )  # fmt: skip
    newest = old.dossier.product.dossiers.latest("pk").certificates.get()
    assert newest.issued_on == new.issued_on
    given = Certificate.objects.with_validity().in_bulk([old.pk, new.pk, newest.pk])
    assert [given[each.pk].standing(date(2026, 9, 10)) for each in (old, new, newest)] == [
        "replaced",
        "replaced",
        "valid",
    ]
    assert [clock_of(each).state for each in (old, new, newest)] == [
        "stopped",
        "stopped",
        "running",
    ]


def test_a_new_certificate_takes_its_place(old, cycle, commune, an, son):
    dossier = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    dossier = stand(dossier, S.AWAITING_DECISION)
    with clock.at(at(2026, 9, 10)):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(number="13/GCN"),
        )
    assert clock_of(old).state == "stopped"
    # Until the result, as of a refusal: it was valid on every day between.
    result = date(2026, 9, 10)
    assert validity(old) == Validity(result, decided_on=result)
    for moment in (at(2026, 9, 10), at(2026, 9, 11), at(2027, 3, 1)):
        words = public(old, moment)
        assert "Đã được thay bằng giấy chứng nhận mới cấp ngày 10/09/2026" in words
        assert "đến khi có kết quả đánh giá lại, ngày 10/09/2026" in words
    new = dossier.certificates.get()
    assert (validity(new), clock_of(new).due_on) == (
        Validity(date(2029, 9, 10)),
        date(2029, 9, 10),
    )


#: How long 12/GCN is valid by the result that came on a day, and what it is called the day after.
RESULTS = {
    # (the day filed, the day of the result, recognised): (until, standing)
    "recognised before its end": ((7, 20), (2026, 7, 28), True, ENDS, "replaced"),
    "refused before its end": ((7, 20), (2026, 7, 28), False, ENDS, "valid"),
    "recognised in the transition": ((7, 20), (2026, 9, 10), True, date(2026, 9, 10), "replaced"),
    "refused in the transition": ((7, 20), (2026, 9, 10), False, date(2026, 9, 10), "expired"),
    "filed after its end, recognised": ((8, 5), (2026, 9, 10), True, date(2026, 9, 10), "replaced"),
    "filed after its end, refused": ((8, 5), (2026, 9, 10), False, date(2026, 9, 10), "expired"),
    "recognised after 180 days": ((7, 20), (2027, 2, 10), True, AT_MOST, "expired"),
    "refused after 180 days": ((7, 20), (2027, 2, 10), False, AT_MOST, "expired"),
}


def decide(dossier, son, moment, recognised, number="13/GCN"):
    dossier = stand(dossier, S.AWAITING_DECISION, stars=3)
    with clock.at(moment):
        how = {"record": records.certificate(number=number)} if recognised else {"reason": "Thiếu"}
        act = "certify" if recognised else "not_recognise"
        doors.complete(open_task(dossier), act, by=son, paper=records.signed_paper(), **how)


@pytest.mark.parametrize("reading", ["by_day_180", "no_filing"])
@pytest.mark.parametrize("case", RESULTS)
def test_it_is_valid_until_the_result_whatever_the_result(
    old, cycle, commune, an, minh, son, case, reading
):
    filed, result, recognised, until, standing = RESULTS[case]
    judging.read_as("stays_valid", reading, by=minh)
    dossier = file_anew(old, cycle, commune, an, at(2026, *filed))
    decide(dossier, son, at(*result), recognised)
    given = Certificate.objects.with_validity().get(pk=old.pk)
    assert given.validity.until == until
    assert given.standing(date(*result) + timedelta(days=1)) == standing


def test_what_becomes_of_the_next_certificate_changes_nothing_of_the_one_before(
    old, cycle, commune, an, son
):
    decide(file_anew(old, cycle, commune, an, at(2026, 7, 20)), son, at(2026, 9, 10), True)
    before = validity(old)
    new = old.dossier.product.dossiers.latest("pk").certificates.get()
    again = file_anew(new, cycle, commune, an, at(2029, 4, 20))
    assert validity(old) == before
    decide(again, son, at(2029, 5, 20), False)
    assert validity(old) == before
    assert "Đã được thay" in public(old, at(2029, 5, 21))


def test_a_revoked_one_does_not_come_back(old, cycle, commune, an, minh):
    # Filed anew while it stood: what was revoked cannot be re-evaluated any more.
    file_anew(old, cycle, commune, an, at(2026, 6, 20))
    with clock.at(at(2026, 7, 1)):
        revoke(old.dossier, minh)
    words = public(old, at(2026, 7, 21))
    assert "Đã thu hồi ngày 01/07/2026" in words
    assert "Sau ngày này" not in words
    assert clock_of(old).state == "stopped"


# --- Every end of a dossier, by every reading ------------------------------------------------


class Told:
    """What becomes of 12/GCN, a word a step, each on its day of 2026."""

    def __init__(self, old, cycle, commune, **who):
        self.old, self.cycle, self.commune, self.who = old, cycle, commune, who
        self.dossiers = {}

    def filed(self, *day, of="reevaluation", name="it"):
        an = self.who["an"]
        self.dossiers[name] = file_anew(self.old, self.cycle, self.commune, an, at(2026, *day), of)

    def filed_with_the_district(self, *day):
        year, there = self.old.dossier.cycle, self.old.dossier.commune
        self.dossiers["it"] = file_anew(self.old, year, there, self.who["an"], at(2026, *day))

    def not_proposed(self, *day):
        dossier = stand(self.dossiers["it"], S.DISTRICT_EVALUATING, stars=None, points_sum=None,
                        sheets=None)  # fmt: skip
        with clock.at(at(2026, *day)):
            task = open_task(dossier)
            doors.complete(task, "not_propose", by=self.who["ha"], reason="Dưới 50 điểm")

    def _decided(self, day, recognised, name):
        decide(self._now(name), self.who["son"], at(2026, *day), recognised)

    def refused(self, *day, name="it"):
        self._decided(day, False, name)

    def certified(self, *day, name="it"):
        self._decided(day, True, name)

    def _now(self, name="it"):
        return Dossier.objects.get(pk=self.dossiers[name].pk)

    def _act(self, day, act, by, name, **how):
        with clock.at(at(2026, *day)):
            doors.act(self._now(name).process, act, by=self.who[by], reason="Theo đề nghị", **how)

    def withdrawn(self, *day, name="it"):
        self._act(day, "withdraw", "an", name)

    def deferred(self, *day, name="it"):
        self._act(day, "defer", "minh", name)

    def reopened(self, *day, name="it"):
        self._act(day, "reopen", "an", name, cycle=self.cycle)

    def handed_in(self, *day, name="it"):
        with clock.at(at(2026, *day)):
            doors.complete(
                open_task(self._now(name)), "submit_dossier", by=self.who["an"],
                record=records.self_assessment(), reason="Làm tiếp",
            )  # fmt: skip


def _seq(*steps):
    return [(word, day, how) for word, day, *how in steps]


#: What was done -> how long 12/GCN is valid by each reading, and what it is on 1/12/2026.
RESULT = date(2026, 9, 10)
NOTHING = (ENDS, "transition"), (ENDS, "expired"), (AT_MOST, "valid")
WAITS = ((AT_MOST, "valid"),) * 3
DECIDED = ((RESULT, "expired"),) * 3
IN_ITS_PLACE = ((RESULT, "replaced"),) * 3
LATE = (RESULT, "replaced"), (ENDS, "expired"), (RESULT, "replaced")
UPGRADE = {"of": "upgrade", "name": "up"}
STORIES = {
    "an upgrade came while it waited": (
        _seq(("filed", (7, 20)), ("filed", (7, 21), UPGRADE),
             ("certified", (9, 10), {"name": "up"})), IN_ITS_PLACE),
    "an upgrade came, then it was refused": (
        _seq(("filed", (7, 20)), ("filed", (7, 21), UPGRADE),
             ("certified", (9, 10), {"name": "up"}), ("refused", (9, 20))), IN_ITS_PLACE),
    "an upgrade came, then it was withdrawn": (
        _seq(("filed", (7, 20)), ("filed", (7, 21), UPGRADE),
             ("certified", (9, 10), {"name": "up"}), ("withdrawn", (9, 20))), IN_ITS_PLACE),
    "an upgrade came, filed late": (
        _seq(("filed", (8, 5)), ("filed", (8, 6), UPGRADE),
             ("certified", (9, 10), {"name": "up"})), LATE),
    "an upgrade came, and it was filed after that": (
        _seq(("filed", (7, 21), UPGRADE), ("certified", (9, 10), {"name": "up"}),
             ("filed", (9, 20))),
        ((ENDS, "expired"), (ENDS, "expired"), (RESULT, "replaced"))),
    "an upgrade came alone": (
        _seq(("filed", (7, 21), UPGRADE), ("certified", (9, 10), {"name": "up"})),
        ((ENDS, "expired"), (ENDS, "expired"), (RESULT, "replaced"))),
    "a first evaluation came while it waited": (
        _seq(("filed", (7, 20)), ("filed", (7, 21), {"of": "first", "name": "up"}),
             ("certified", (9, 10), {"name": "up"})), IN_ITS_PLACE),
    "deferred": (_seq(("filed", (7, 20)), ("deferred", (8, 25))), WAITS),
    "deferred and taken up again": (
        _seq(("filed", (7, 20)), ("deferred", (8, 25)), ("reopened", (8, 27))), WAITS),
    "deferred and handed in again": (
        _seq(("filed", (7, 20)), ("deferred", (8, 25)), ("reopened", (8, 26)),
             ("handed_in", (8, 27))), WAITS),
    "deferred, handed in again, refused": (
        _seq(("filed", (7, 20)), ("deferred", (8, 25)), ("reopened", (8, 26)),
             ("handed_in", (8, 27)), ("refused", (9, 10))), DECIDED),
    "deferred, handed in again, recognised": (
        _seq(("filed", (7, 20)), ("deferred", (8, 25)), ("reopened", (8, 26)),
             ("handed_in", (8, 27)), ("certified", (9, 10))), IN_ITS_PLACE),
    "deferred, taken up again, withdrawn": (
        _seq(("filed", (7, 20)), ("deferred", (8, 25)), ("reopened", (8, 26)),
             ("withdrawn", (8, 27))), NOTHING),
    "withdrawn": (_seq(("filed", (7, 20)), ("withdrawn", (8, 25))), NOTHING),
    "not proposed by the district before its end": (
        _seq(("filed_with_the_district", (5, 10)), ("not_proposed", (7, 28))),
        ((ENDS, "expired"),) * 3),
    "not proposed by the district in the transition": (
        _seq(("filed_with_the_district", (5, 10)), ("not_proposed", (9, 10))), DECIDED),
    "not proposed, then deferred": (
        _seq(("filed_with_the_district", (5, 10)), ("not_proposed", (9, 10)),
             ("deferred", (9, 20))), DECIDED),
    "refused twice": (
        _seq(("filed", (7, 20)), ("refused", (9, 10)), ("reopened", (9, 20)),
             ("handed_in", (9, 21)), ("refused", (10, 20))), DECIDED),
    "one filed late refused, while one filed in time waited": (
        _seq(("filed", (7, 20)), ("filed", (8, 5), {"name": "other"}),
             ("refused", (9, 10), {"name": "other"})), DECIDED),
}  # fmt: skip
WORDS = {
    "valid": "Đang có giá trị", "expired": "Đã hết hạn",
    "transition": "Đã qua thời hạn ghi trên giấy", "replaced": "Đã được thay bằng giấy",
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_each_end_of_a_dossier_says_the_same_everywhere(
    old, cycle, commune, an, minh, son, ha, story
):
    steps, due = STORIES[story]
    told = Told(old, cycle, commune, an=an, minh=minh, son=son, ha=ha)
    for word, day, how in steps:
        getattr(told, word)(*day, **(how[0] if how else {}))
    day = at(2026, 12, 1)
    client = Client()
    client.force_login(an)
    for reading, (until, standing) in zip(
        ("by_day_180", "before_expiry", "no_filing"), due, strict=True
    ):
        if reading != "by_day_180":
            with clock.at(at(2026, 11, 30)):
                years.read({"stays_valid": reading}, document=judging.paper("7/QĐ-UBND"), by=minh)
        given = Certificate.objects.with_validity().get(pk=old.pk)
        found = given.validity.until, given.standing(day.date())
        assert found == (until, standing), reading
        said = public(old, day)
        assert WORDS[standing] in said
        assert "Chưa nộp hồ sơ" not in said
        with clock.at(day):
            assert WORDS[standing] in main(see("/certificates/", number="12/GCN"))
            page = client.get(reverse("dossiers:dossier", args=[old.dossier_id])).content.decode()
        beside = page.partition('id="certificate"')[2].partition("</section>")[0]
        told_there = {each for each, words in WORDS.items() if words in beside}
        assert told_there == ({standing} - {"valid"})
        running = clock_of(old)
        if standing == "replaced" or given.replaced_on:
            assert running.state == "stopped"
        else:
            assert running.due_on == until


# --- The transition -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "helped"),
    [
        # Expired before QĐ 26/2026 came into force: there is nothing left to hold on to.
        (at(2023, 5, 21), False),
        (at(2023, 5, 22), True),
        # 120 days before 18/9/2026 is 21/5/2026; a day later the owner could still have filed.
        (at(2023, 9, 18), True),
        (at(2023, 9, 19), False),
    ],
)
def test_only_for_owners_who_could_no_longer_file_by_the_new_law(
    cycle_of_three, old_commune, cycle, commune, an, son, issued, helped
):
    given = certify(cycle_of_three, old_commune, an, son, issued)
    file_anew(given, cycle, commune, an, at(2026, 5, 20))
    assert (validity(given).filed_on is not None) == helped


def test_an_edition_without_such_a_rule_helps_nobody(rule_sets):
    assert rule_sets["qd1048_2019"].awaits_decision_until(date(2020, 1, 1)) is None
    assert rule_sets["qd26_2026"].awaits_decision_until(ENDS) == AT_MOST


def test_a_decision_without_a_term_needs_no_help(cycle_of_851, old_commune, cycle, commune, an):
    dossier = stand(open_dossier(cycle_of_851, old_commune, an), S.CERTIFIED, stars=3)
    kept = keep(dossier, number="1/GCN", stars=3)
    file_anew(kept, cycle, commune, an, at(2026, 7, 20))
    assert validity(kept) == Validity(None)


@pytest.mark.parametrize("rows", (1, 3))
def test_looking_up_what_awaits_a_decision_asks_no_more(
    cycle_of_three, old_commune, cycle, commune, an, rows, django_assert_num_queries
):
    for row in range(rows):
        dossier = stand(open_dossier(cycle_of_three, old_commune, an), S.CERTIFIED, stars=3)
        # Of before numbers were held apart.
        old = {"before": True, "was_repeated": row > 0}
        days = {"issued_on": date(2023, 8, 1), "expires_on": ENDS}
        given = keep(dossier, number="12/GCN", stars=3, **days, **old)
        file_anew(given, cycle, commune, an, at(2026, 7, 20))
    see("/certificates/", number="12/GCN")
    # The count of who asks, and the certificates.
    with clock.at(at(2026, 8, 5)), django_assert_num_queries(2):
        text = see("/certificates/", number="12/GCN").content.decode()
    assert " ".join(text.split()).count("nhiều nhất hết ngày 28/01/2027") == rows


def test_a_five_star_result_of_the_centre_ends_the_clocks_of_the_decision(
    rule_sets, old_commune, an, minh
):
    """Whoever decides: the term of the transition (D10) does not outlive the certificate."""
    year = Cycle.objects.create(
        year=2026, title="2026", rule_set=rule_sets["qd1048_2019"], opened_on=date(2026, 1, 1)
    )
    year.adopt(year.rule_set)
    with clock.at(at(2026, 5, 20)):
        dossier = open_dossier(year, old_commune, an)
        doors.act(
            dossier.process, "enter_late", by=an, entered_as="existing", reason="Đã có sản phẩm"
        )
        for kind in dossier.rule_set.compulsory("first"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
        doors.complete(
            open_task(dossier),
            "submit_dossier",
            by=an,
            record=records.self_assessment(),
            reason="Quy định chuyển tiếp",
        )
        dossier = stand(dossier, S.AT_CENTRE, stars=5, points_sum="650")
    assert dossier.terms.live().filter(code="D10").exists()
    with clock.at(at(2026, 7, 1)):
        doors.complete(
            open_task(dossier),
            "record_centre_result",
            by=minh,
            paper=records.ministry_paper(),
            record=[records.evaluation("650", stars=5), records.certificate(number="5/GCN")],
        )
    assert Dossier.objects.get(pk=dossier.pk).state == S.CERTIFIED
    assert not dossier.terms.live().filter(code="D10").exists()


# --- The list of what ends ------------------------------------------------------------------


def radar(user, moment):
    client = Client()
    client.force_login(user)
    with clock.at(moment):
        return main(client.get(reverse("dossiers:ending")))


def test_what_ends_is_listed_from_210_days_before_to_who_sees_its_dossier(old, minh, la):
    empty = "Không có giấy chứng nhận nào sắp hết hạn."
    assert empty in radar(minh, at(2026, 1, 2))
    text = radar(minh, at(2026, 1, 3))
    assert "12/GCN" in text and "còn 210 ngày" in text and empty not in text
    assert "từ 02/02/2026 đến hết 03/04/2026" in text
    assert "đang trong thời gian nộp" in radar(minh, at(2026, 2, 2))
    assert "đã qua thời gian nộp" in radar(minh, at(2026, 4, 4))
    assert "hôm nay" in radar(minh, at(2026, 8, 1))
    assert "đã hết hạn" in radar(minh, at(2026, 8, 2))
    assert empty in radar(la, at(2026, 8, 2))


def test_what_is_filed_anew_is_told_and_a_new_certificate_ends_it(
    old, cycle, commune, an, minh, son
):
    anew = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    text = radar(minh, at(2026, 8, 2))
    assert "đã nộp hồ sơ mới" in text and "28/01/2027" in text
    with clock.at(at(2026, 8, 3)):
        decided = stand(anew, S.AWAITING_DECISION, stars=3)
        doors.complete(
            open_task(decided),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(),
        )
    assert "12/GCN" not in radar(minh, at(2026, 8, 4))


def test_while_its_reevaluation_is_open_the_list_says_which_certificate_is_in_force(
    old, cycle, commune, an, minh
):
    words = "Hồ sơ đánh giá lại đang làm đang có giá trị: giấy 12/GCN, đến hết 01/08/2026"
    assert words not in radar(minh, at(2026, 3, 1))
    with clock.at(at(2026, 3, 2)):
        anew = Dossier(
            cycle=cycle,
            product=moved_to(commune, old.dossier.product),
            commune=commune,
            case_type="reevaluation",
        )
        doors.open(anew, by=an)
    assert words in radar(minh, at(2026, 3, 3))
    # Filed in time, it is in force longer than its own term.
    moved = "đang có giá trị: giấy 12/GCN, đến hết 28/01/2027"
    anew = file_anew(old, cycle, commune, an, at(2026, 7, 20))
    assert moved in radar(minh, at(2026, 8, 2))


def test_who_is_called_is_in_the_list_and_called_again_on_the_day_agreed(old, an, minh, la):
    """Every call stays; the last one, as it was corrected, says when to call again."""
    process = old.dossier.process
    agreed = date(2026, 2, 20)
    with clock.at(at(2026, 2, 3)):
        doors.act(process, "record_call", by=an, record=records.call(said="Chờ nhãn mới"))
        doors.act(process, "record_call", by=an, record=records.call(call_again_on=agreed))
    (term,) = old.dossier.terms.live().filter(code="call")
    assert (term.due_on, term.org_unit, term.legal) == (agreed, old.dossier.commune, False)
    text = radar(minh, at(2026, 2, 10))
    assert "03/02/2026: Sẽ nộp hồ sơ trong tháng hẹn 20/02/2026" in text
    assert "Chờ nhãn mới" not in text and "Ghi cuộc gọi" in text
    (last,) = old.dossier.calls.filter(call_again_on=agreed)
    with clock.at(at(2026, 2, 11)):
        nothing = records.call(called_on=last.called_on, said="Đã nộp", replaces=last)
        doors.act(process, "correct_call", by=an, record=nothing, reason="Không hẹn nữa")
    assert not old.dossier.terms.live().filter(code="call").exists()
    assert "Đã nộp" in radar(minh, at(2026, 2, 12))
    with clock.at(at(2026, 2, 12)), pytest.raises(PermissionDenied):
        doors.act(process, "record_call", by=la, record=records.call())


def test_nobody_is_called_any_more_once_the_reevaluation_is_filed(old, cycle, commune, an):
    with clock.at(at(2026, 7, 1)):
        agreed = records.call(call_again_on=date(2026, 12, 20))
        doors.act(old.dossier.process, "record_call", by=an, record=agreed)
    assert old.dossier.terms.live().filter(code="call").exists()
    file_anew(old, cycle, commune, an, at(2026, 7, 20))
    assert not old.dossier.terms.live().filter(code="call").exists()


def test_a_reevaluation_is_opened_from_the_list_in_its_days(old, an, la):
    def form(user, moment):
        client = Client()
        client.force_login(user)
        with clock.at(moment):
            return client.get(reverse("dossiers:dossier_new"), {"again": old.dossier_id})

    assert "Mở hồ sơ đánh giá lại" not in radar(an, at(2026, 2, 1))
    assert "Mở hồ sơ đánh giá lại" in radar(an, at(2026, 2, 2))
    shown = form(an, at(2026, 2, 2)).context["form"]
    given = {name: shown[name].value() for name in ("product", "commune", "case_type")}
    heir = old.dossier.commune.heir().pk
    assert given == {
        "product": old.dossier.product_id, "commune": heir, "case_type": "reevaluation"
    }  # fmt: skip
    assert form(la, at(2026, 2, 2)).status_code == 404


@pytest.mark.parametrize("rows", (1, 3))
def test_the_list_of_what_ends_asks_no_more(
    cycle_of_three, old_commune, an, son, minh, rows, django_assert_num_queries
):
    for _ in range(rows):
        certify(cycle_of_three, old_commune, an, son, at(2023, 8, 1))
    client = Client()
    client.force_login(minh)
    with clock.at(at(2026, 6, 1)):
        client.get(reverse("dossiers:ending"))
        with django_assert_num_queries(8):
            client.get(reverse("dossiers:ending"))


def test_the_pages_of_what_ends_follow_one_another(
    cycle_of_three, old_commune, district, an, son, minh, monkeypatch
):
    """By commune, then by day; each once, from the first page to the last, and one of a duty that
    was sent here among them.
    """
    monkeypatch.setattr(Ending, "PAGE", 2)
    before = OrgUnit.objects.create(
        code="03000", name="Xã A", level="commune", parent=district, valid_from="2020-01-01"
    )
    elsewhere = OrgUnit.objects.create(
        code="15",
        name="Tỉnh khác",
        level="province",
        valid_from="2020-01-01",
        valid_to="2027-12-31",
    )
    lent = OrgUnit.objects.create(
        code="15001", name="Xã B", level="commune", parent=district, valid_from="2020-01-01"
    )
    there = person("noi_khac", "Cán bộ xã", ("officer", before), ("officer", lent))
    given = [
        certify(cycle_of_three, commune, by, son, at(2023, 8, 1))
        for commune, by in [
            (old_commune, an), (before, there), (old_commune, an), (lent, there), (before, there),
        ]
    ]  # fmt: skip
    for certificate, day in zip(given, (9, 8, 8, 7, 7), strict=True):
        certificate.terms.update(due_on=date(2026, 8, day))
    update_as_owner(OrgUnit.objects.filter(pk=lent.pk), parent=elsewhere)
    insert_as_owner(
        Route(
            dossier=given[3].dossier,
            node="check_at_province",
            org_unit=minh.assignments()[0].org_unit,
        )
    )
    with clock.at(at(2026, 6, 1)):
        seen, page = [], Ending(minh, Filters())
        while True:
            assert len(page.rows()) <= 2
            seen += [row["term"].certificate_id for row in page.rows()]
            if not page.next():
                break
            page = Ending(minh, Filters.of(dict(parse_qsl(page.next()))))
            assert page.first() == "after="
        gone = Ending(minh, Filters.of({"after": "999999"})).rows()
    assert seen == [given[n].pk for n in (4, 1, 3, 2, 0)]
    assert gone == []


# --- Certificates entered from a list -------------------------------------------------------

#: When the lists come in: its own term is over, the transition is not.
ENTERED = at(2026, 11, 29)


@pytest.fixture
def year(rule_sets):
    return open_cycle(rule_sets["qd26_2026"], 2026)


def given_of_before(lan, land):
    """A certificate of QĐ 148 in a list, decided on 1/8/2023, for 36 months."""
    row = good(**{"Ngày quyết định": "1/8/2023", "Ngày hết hạn": "", "Ngày cấp": ""})
    batch = committed(book([row]), lan, land)
    assert batch.problem == ""
    return Certificate.objects.public().numbered("12/GCN-UBND").get()


def filed_by_a_list(lan, land, day):
    """The same product in a list of running dossiers: filed anew on ``day``, sent on since."""
    row = running(**{
        "Tên sản phẩm": GOOD["Tên sản phẩm"], "Nhóm sản phẩm": GOOD["Nhóm sản phẩm"],
        "Chủ thể": GOOD["Chủ thể"], "Xã": GOOD["Xã, phường"], "Huyện": GOOD["Huyện"],
        "Tiến độ": "Tỉnh đang kiểm tra", "Từ ngày": "20/11/2026", "Loại hồ sơ": "Đánh giá lại",
        "Ngày nộp hồ sơ đánh giá": f"{day:%d/%m/%Y}", "Ngày nộp ý tưởng": "",
        "Ngày chấp nhận ý tưởng": "", "Văn bản chấp nhận ý tưởng": "",
    })  # fmt: skip
    content = book([row_of(row, RUNNING_HEADS)], heads=RUNNING_HEADS)
    batch = checked(content, lan, land, kind="running")
    assert faults(batch) == set(), sentences(batch)
    return enter(batch, lan)


READ = [
    # (reading, filed on, until)
    ("by_day_180", None, ENDS),
    ("by_day_180", date(2026, 7, 20), AT_MOST),
    ("by_day_180", date(2026, 8, 2), AT_MOST),
    ("before_expiry", None, ENDS),
    ("before_expiry", date(2026, 8, 1), AT_MOST),
    ("before_expiry", date(2026, 8, 2), ENDS),
    ("no_filing", None, AT_MOST),
    ("no_filing", date(2026, 8, 2), AT_MOST),
]


@pytest.mark.parametrize("order", ["certificate first", "filing first", "reading last"])
@pytest.mark.parametrize(("reading", "filed", "until"), READ)
def test_a_certificate_of_a_list_holds_by_the_same_readings(
    land, lan, year, minh_of, reading, filed, until, order
):
    def choose():
        if reading != "by_day_180":
            years.read({"stays_valid": reading}, document=judging.paper("7/QĐ-UBND"), by=minh_of)

    with clock.at(ENTERED):
        if order != "reading last":
            choose()
        if order == "filing first" and filed:
            filed_by_a_list(lan, land, filed)
        given = given_of_before(lan, land)
        if order != "filing first" and filed:
            filed_by_a_list(lan, land, filed)
        if order == "reading last":
            choose()
    found = validity(given)
    assert found.until == until
    if filed and until == AT_MOST:
        assert found.filed_on == filed
    term = clock_of(given)
    assert (term.due_on, term.original_due_on, term.state) == (until, ENDS, "running")
    words = public(given, at(2026, 11, 30))
    assert ("Đang có giá trị" in words) == (until == AT_MOST and filed is not None) or not filed
    # Nobody is told of what was before; of the last day everybody is.
    told = HistoryEntry.objects.filter(event__in=("term.overdue", "term.escalated"))
    if order != "reading last" and (order == "filing first" or not filed):
        sweep(at(2026, 11, 29, 10))
        assert not told.filter(data__term=term.pk).exists()
    if until == AT_MOST:
        sweep(at(2027, 1, 28, 23))
        assert not told.filter(data__term=term.pk).exists()
        sweep(at(2027, 1, 29, 0))
        late = told.filter(data__term=term.pk, event="term.overdue", data__due_on="2027-01-28")
        assert {entry.data["rung"] for entry in late} == {"0:officer", "0:next_level"}


def test_what_was_filed_by_a_list_that_is_struck_out_prolongs_nothing(land, lan, year):
    with clock.at(ENTERED):
        given = given_of_before(lan, land)
        batch = filed_by_a_list(lan, land, date(2026, 7, 20))
        assert (validity(given).until, clock_of(given).due_on) == (AT_MOST, AT_MOST)
        stock.strike(batch, by=lan, reason="Nhập nhầm")
    assert (validity(given).until, clock_of(given).due_on) == (ENDS, ENDS)


def test_a_certificate_of_a_list_follows_what_is_filed_here(land, lan, ang, year):
    with clock.at(ENTERED):
        given = given_of_before(lan, land)
    assert clock_of(given).due_on == ENDS
    file_anew(given, year, given.dossier.commune, ang, at(2026, 12, 1))
    assert (validity(given).until, clock_of(given).due_on) == (AT_MOST, AT_MOST)
    sweep(at(2027, 1, 29, 0))
    assert HistoryEntry.objects.filter(
        event="term.overdue", data__term=clock_of(given).pk, data__due_on="2027-01-28"
    ).exists()


@pytest.fixture
def minh_of(land):
    return person("minh", "Nguyễn Hoàng Minh", ("officer", land))

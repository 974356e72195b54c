"""Counting the sheets: who may, what it locks, and that nothing of others' points is told before.

The property: whatever the others gave, every page that a scoring member can open in an open round
is the same, byte for byte, until the secretary has counted.
"""

import re
from contextlib import contextmanager
from datetime import timedelta
from difflib import ndiff

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from councils.judging import checklist, closing
from councils.models import (
    EvaluationRound,
    InterestKind,
    Member,
    RoundMode,
    Scoresheet,
    Seat,
    SheetSealed,
)
from cycle import clock
from cycle.models import HistoryEntry
from dossiers.models import CaseType, ConditionNotMet
from tests import judging
from tests.addresses import refused_in_full_once
from tests.judging import begin, best, choose, fill, judge, regulate, worst
from tests.owning import update_as_owner
from tests.sealed_pages import pages, text_of
from tests.stored import staged
from tests.walks import small
from tests.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def seated(province, thu):
    """A council with a vice-chair too, under a regulation; ``seated(secretary_scores=True)``."""

    def made(**rule):
        regulate(province, **rule)
        council = judging.seat(province, thu)
        deputy = person("giang_thi_pho", "Giàng Thị Phó")
        council.give_seat(
            Member(user=deputy, seat=Seat.VICE_CHAIR, since=council.valid_from), by=thu
        )
        return council

    return made


@pytest.fixture
def opened(seated, cycle, commune, an, thu):
    """An open round over one product; in writing when asked."""

    def made(*, written=False, rule=None, products=1):
        council = seated(**(rule or {}))
        case = CaseType.REEVALUATION if written else CaseType.FIRST
        before = judging.before_council(cycle, commune, an, products, case_type=case)
        details = {"mode": RoundMode.WRITTEN, "meets_at": None, "place": ""} if written else {}
        return begin(council, cycle, before, thu, everybody=not written, **details)

    return made


def judges(round_):
    return list(round_.scoring_members.select_related("user").order_by("pk"))


# --- The property --------------------------------------------------------------------------------


def wishes(rubric):
    """What others may give: everything, little, some of each."""
    plain = {each.pk for each in rubric.criteria.all()} - {
        pk
        for each in rubric.criteria.filter(requires__isnull=False)
        for pk in (each.pk, each.requires_id)
    }

    def little(criterion, options):
        return options[0] if criterion.pk in plain else options[-1]

    def half(criterion, options):
        return options[len(options) // 2] if criterion.pk in plain else options[-1]

    return {"best": [best] * 9, "split": [half, little] * 5}


@contextmanager
def undone():
    """Whatever is done inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def shown(user, entry, sheet, other=None):
    """Every page that ``user`` can open of the round, its product and their sheets: ``sheet``,
    and ``other`` with the pages of its member.
    """
    client = Client()
    client.force_login(user)
    found = {}
    for address in pages(entry, other or sheet, sheet):
        if address.endswith((".pdf", ".docx")):
            continue
        answer = client.get(address)
        if answer.status_code == 200:
            text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text_of(answer))
            found[address] = re.sub(r'nonce="[^"]+"|"X-CSRFToken": ?"[^"]+"', "", text)
    return found


def ndiff_of(one, other):
    """The lines in which two pages differ."""
    return [each for each in ndiff(one.splitlines(), other.splitlines()) if each[0] in "+-"]


@pytest.mark.walk
@pytest.mark.slow(reason="every page of a round, by everybody, for each way to score")
@refused_in_full_once()
@pytest.mark.parametrize("written", [False, True], ids=["meeting", "written"])
def test_no_page_of_who_scores_depends_on_what_others_gave(opened, written):
    # The product's clock is the database's; sessions and cookies ask Python's.
    with clock.at(clock.now()), time_machine.travel(clock.now(), tick=False):
        round_ = opened(written=written, rule={"secretary_scores": True})
        entry = round_.entries.get()
        seats = judges(round_)
        assert {"chair", "vice_chair", "secretary"} <= {each.seat for each in seats}
        # Filled once, so that the numbers of all rows are the same whatever is given.
        sheets = {each.pk: fill(entry, each, best, submit=False) for each in seats}
        readers = [each for each in seats if each.seat != Seat.MEMBER] + [judge(round_.council, 1)]
        # In the suite every seat reads once: two of them at a meeting, the others in writing.
        for reader in small(readers, readers[written::2]):
            told = {}
            for name, given in wishes(entry.rubric).items():
                with undone():
                    for member, wish in zip(seats, given, strict=False):
                        sheet = Scoresheet.objects.get(pk=sheets[member.pk].pk)
                        judging.score(
                            sheet,
                            choose(entry.rubric, best if member == reader else wish),
                            by=member.user,
                        )
                        sheet.submit(by=member.user)
                    assert closing.countable(round_) == [entry]
                    told[name] = shown(reader.user, entry, sheets[reader.pk])
            first = told["best"]
            assert f"/rounds/{round_.pk}/" in first and f"/entries/{entry.pk}/sheet/" in first
            for name, found in told.items():
                assert found.keys() == first.keys(), (reader, name)
                differing = {
                    url: list(ndiff_of(first[url], found[url]))
                    for url in first
                    if found[url] != first[url]
                }
                assert differing == {}, (reader, name)


@pytest.mark.walk
@pytest.mark.slow(reason="every page of a round, by each seat, for each way to score")
@pytest.mark.parametrize("scoring", [1, 2])
def test_no_page_of_who_scores_depends_on_the_pen_sheets_of_others(opened, thu, scoring):
    """Typed by the office and waiting, or confirmed by its member, in each scoring."""
    with clock.at(clock.now()), time_machine.travel(clock.now(), tick=False):
        round_ = opened(rule={"secretary_scores": True})
        entry = round_.entries.get()
        seats = judges(round_)
        by_pen = judge(round_.council, 2)
        if scoring == 2:
            for each in seats:
                fill(entry, each, best) if each != by_pen else None
            typed = Scoresheet.type_in(
                entry,
                by_pen,
                by=thu,
                scan=(staged(b"%PDF-1.4 phieu obj %%EOF").sha256, "phieu.pdf"),
            )
            judging.score(typed, choose(entry.rubric, best), by=thu)
            typed.submit(by=thu)
            typed.confirm(by=by_pen.user)
            closing.count(round_, [entry], by=thu)
            round_.score_again(entry, by=thu, reason="Chênh lệch")
            entry.refresh_from_db()
        for each in seats:
            if each != by_pen:
                fill(entry, each, best)
        pen = Scoresheet.type_in(
            entry, by_pen, by=thu, scan=(staged(b"%PDF-1.4 phieu obj %%EOF").sha256, "phieu.pdf")
        )
        judging.score(pen, choose(entry.rubric, best), by=thu)
        readers = [each for each in seats if each.seat != Seat.MEMBER]
        for confirmed in (False, True):
            # In the suite one seat reads in each state of each scoring, and every seat in one.
            for reader in small(readers, [readers[(confirmed + scoring) % len(readers)]]):
                own = entry.sheets.get(member=reader, scoring=scoring)
                told = []
                for wish in (best, wishes(entry.rubric)["split"][1]):
                    with undone():
                        sheet = Scoresheet.objects.get(pk=pen.pk)
                        judging.score(sheet, choose(entry.rubric, wish), by=thu)
                        sheet.submit(by=thu)
                        if confirmed:
                            sheet.confirm(by=by_pen.user)
                        told.append(shown(reader.user, entry, own, pen))
                first, second = told
                assert f"/rounds/{round_.pk}/" in first and first.keys() == second.keys()
                assert [url for url in first if first[url] != second[url]] == [], reader
                typing = f"/entries/{entry.pk}/paper/{by_pen.pk}/"
                assert typing not in first and f"/sheets/{pen.pk}/compare/" not in first


def test_after_the_count_the_council_is_told_and_its_members_cannot_answer_it(opened, thu):
    round_ = opened()
    entry = round_.entries.get()
    for number, member in enumerate(judges(round_)):
        fill(entry, member, worst if number == 1 else best)
    assert [item.code for item in checklist.checklist(round_) if not item.met] == ["count"]
    judging.count(round_)
    assert [item.code for item in checklist.checklist(round_) if not item.met] == ["spread"]
    chair = judge(round_.council, 0)
    sheet = Scoresheet.objects.get(entry=entry, member=chair)
    with pytest.raises(SheetSealed):
        sheet.take_back(by=chair.user)
    client = Client()
    client.force_login(chair.user)
    page = client.get(reverse("councils:sheet", args=[entry.pk])).content.decode()
    assert 'value="take_back"' not in page and "đã kiểm phiếu" in page
    refused = client.post(reverse("councils:sheet", args=[entry.pk]), {"act": "take_back"})
    assert refused.status_code == 409 and "đã kiểm phiếu" in refused.content.decode()
    with pytest.raises(IntegrityError, match="counted"), transaction.atomic():
        Scoresheet.objects.filter(pk=sheet.pk).update(state="draft", submitted_at=None)
    # Another scoring is another matter, and is counted again.
    round_.score_again(entry, by=chair.user, reason="Chênh lệch")
    for each in entry.sheets.filter(scoring=2):
        judging.score(each, choose(entry.rubric, best), by=each.member.user)
        each.submit(by=each.member.user)
    entry.refresh_from_db()
    assert not entry.is_counted
    again = entry.sheets.get(scoring=2, member=chair)
    again.take_back(by=chair.user)
    again.submit(by=chair.user)
    assert judging.close(round_, by=thu).results.get().points_sum == 600


def test_a_sheet_taken_back_says_how_often(opened, thu):
    round_ = opened()
    entry, member = round_.entries.get(), judge(round_.council, 1)
    sheet = fill(entry, member)
    for _time in "12":
        sheet.take_back(by=member.user)
        sheet.submit(by=member.user)
    assert Scoresheet.objects.get(pk=sheet.pk).take_backs == 2
    client = Client()
    client.force_login(thu)
    board = client.get(reverse("councils:round", args=[round_.pk])).content.decode()
    assert "đã lấy lại 2 lần" in board


def test_a_conflict_found_late_is_recorded_in_the_second_scoring(opened, thu):
    round_ = opened()
    entry, member = round_.entries.get(), judge(round_.council, 1)
    for each in judges(round_):
        fill(entry, each)
    judging.count(round_)
    round_.score_again(entry, by=thu, reason="Thảo luận")
    round_.declare_interest(
        entry, member, kind=InterestKind.DECLARED, reason="Họ hàng", recused=True, by=member.user
    )
    assert entry.interests.get().recused


# --- Who -----------------------------------------------------------------------------------------


def counters(round_, people):
    import rules

    return {
        user.username for user in people if rules.has_perm("councils.count_sheets", user, round_)
    }


def test_the_secretary_counts_and_where_none_can_the_office(opened, thu, cast):
    round_ = opened()
    secretary = judge(round_.council, 5)
    people = [*cast.values(), *(m.user for m in round_.council.members.select_related("user"))]
    assert counters(round_, people) == {"thu_ky"}
    round_.attend(
        {each.pk: each != secretary for each in round_.council.members.all()},
        by=thu,
        reason="Ghi nhầm",
    )
    assert counters(round_, people) == {"thu"}
    round_.attend(
        {each.pk: True for each in round_.council.members.all()}, by=thu, reason="Ghi nhầm"
    )
    secretary.user.set_unusable_password()
    secretary.user.save()
    assert counters(round_, people) == {"thu"}


def test_a_secretary_who_votes_does_not_count_and_no_office_that_scores(opened, thu):
    round_ = opened(rule={"secretary_scores": True})
    entry = round_.entries.get()
    for each in judges(round_):
        fill(entry, each)
    secretary = judge(round_.council, 5)
    for who in (secretary.user, judge(round_.council, 0).user):
        with pytest.raises(PermissionDenied):
            closing.count(round_, [entry], by=who)
    with transaction.atomic():
        # Seated by somebody else, as nobody seats themselves.
        Member.objects.create(
            council=round_.council,
            decision=round_.council.decision,
            user=thu,
            seat=Seat.MEMBER,
            since=secretary.since,
            made_by=secretary.user,
        )
        with pytest.raises(PermissionDenied):
            closing.count(round_, [entry], by=thu)
        transaction.set_rollback(True)
    assert closing.count(round_, [entry], by=thu) == [entry]


def test_counting_waits_for_every_sheet_and_is_done_once(opened, thu):
    round_ = opened(products=2)
    first, second = round_.entries.all()
    for each in judges(round_):
        fill(first, each)
    secretary = judge(round_.council, 5).user
    with pytest.raises(ConditionNotMet) as refused:
        closing.count(round_, [first, second], by=secretary)
    assert "Mật ong rừng 2" in str(refused.value)
    client = Client()
    client.force_login(secretary)
    where = reverse("councils:count", args=[round_.pk])
    assert f'href="{where}"' in client.get(f"/rounds/{round_.pk}/").content.decode()
    page = client.get(where).content.decode()
    assert "Mật ong rừng 1" in page and "Mật ong rừng 2" not in page
    assert "Bạn chưa chọn sản phẩm nào." in client.post(where, {}).content.decode()
    assert client.post(where, {"entries": [second.pk]}).status_code == 200
    assert client.post(where, {"entries": [first.pk]}).status_code == 302
    assert client.post(where, {"entries": [first.pk]}).status_code == 200
    said = HistoryEntry.objects.get(event="round.count_sheets")
    assert (said.actor, said.data["dossiers"]) == (secretary, [first.dossier_id])
    client.force_login(judge(round_.council, 0).user)
    assert client.get(where).status_code == 403
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE councils_roundentry SET counted_scoring = 0 WHERE id = %s", [first.pk]
        )


def test_in_writing_a_missing_sheet_after_the_day_needs_no_count(opened, thu):
    round_ = opened(written=True)
    update_as_owner(
        EvaluationRound.objects.filter(pk=round_.pk), decide_by=clock.today() + timedelta(days=3)
    )
    round_.refresh_from_db()
    fill(round_.entries.get(), judge(round_.council, 0))
    with clock.at(clock.now() + timedelta(days=4)):
        codes = [item.code for item in checklist.checklist(round_) if not item.met]
    assert codes == ["sheets", "meeting"]

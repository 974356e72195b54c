"""Nobody sees another's sheet before the closing: by page, search, history, log or notification."""

import io
import re

import pytest
from django.core.management import call_command
from django.test import Client

from councils.judging import checklist
from councils.models import EvaluationRound, Member, Scoresheet
from cycle import clock
from cycle.models import HistoryEntry, OutboxMessage, Role, RoleAssignment, User
from dossiers.models import Dossier, SelfAssessment, State
from notifications.models import Notification
from tests import judging
from tests.addresses import refused_in_full_once
from tests.ground import kept
from tests.judging import begin, choose, judge, regulate
from tests.owning import update_as_owner
from tests.sealed_pages import pages, text_of
from tests.standing import stand
from tests.walks import small
from tests.world import person

pytestmark = pytest.mark.django_db

#: What the sealed sheet says. No other text of the system holds it.
REMARK = "Nhận xét niêm phong của ủy viên Một"
GENERAL = "Nhận xét chung niêm phong"
PEN = "Nhận xét niêm phong trên phiếu giấy"


#: Who stands for the rest in the suite: of the council each seat and a further member, whose own
#: sheet it is, by pen or not; of the others the office, the auditor, who owns the product, nobody.
READERS = (
    "an", "la", "thu", "kiem", "chu_tich", "uy_vien_1", "uy_vien_2", "uy_vien_3", "thu_ky",
    "to_truong",
)  # fmt: skip
#: The same when a sheet is scored again: who sees another state of it.
AGAIN = ("thu", "kiem", "chu_tich", "uy_vien_1", "uy_vien_2", "thu_ky")


def middling(_criterion, options):
    """Neither the best nor the worst: a sum that nothing else on a page happens to be."""
    return options[len(options) // 2]


@pytest.fixture
@kept
def round_(province, cycle, commune, an, thu):
    regulate(province)
    council = judging.seat(province, thu)
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


@pytest.fixture
@kept
def entry(round_):
    return round_.entries.get()


@pytest.fixture
@kept
def sheet(entry, round_):
    """A sheet handed in, with its words."""
    member = judge(round_.council, 1)
    made = Scoresheet.of(entry, member)
    judging.score(made, choose(entry.rubric, middling), by=member.user, remark=REMARK)
    made.note(by=member.user, remark=GENERAL)
    made.submit(by=member.user)
    return made


@pytest.mark.walk
@pytest.mark.slow(reason="every page of a round, by everybody")
@refused_in_full_once()
@pytest.mark.parametrize(
    ("scoring", "confirmed"), [(1, False), (2, True)], ids=["waits", "scored again, confirmed"]
)
def test_no_page_of_anybody_else_tells_a_sheet_before_the_closing(
    cast, round_, entry, sheet, thu, caplog, scoring, confirmed
):
    secretary = judge(round_.council, 5)
    # And a pen sheet of another member, handed over to the second person.
    for number in range(scoring):
        entry.refresh_from_db()
        pen = Scoresheet.type_in(entry, judge(round_.council, 2), by=thu)
        judging.score(pen, choose(entry.rubric, middling), by=thu, remark=PEN)
        pen.submit(by=thu)
        if number + 1 < scoring:
            pen.confirm(by=secretary.user)
            for other in (0, 3, 4):
                judging.fill(entry, judge(round_.council, other))
            judging.count(round_, entry)
            round_.score_again(entry, by=thu, reason="Chênh lệch")
            entry.refresh_from_db()
            sheet = entry.sheets.get(scoring=2, member=sheet.member)
            sheet.submit(by=sheet.member.user)
    if confirmed:
        pen.confirm(by=secretary.user)
    may = {REMARK: {"uy_vien_1"}, GENERAL: {"uy_vien_1"}}
    may[PEN] = {"thu", "uy_vien_2"} | (set() if confirmed else {"thu_ky"})
    total = f"{judging.total(sheet).normalize():f}"
    for words in (f"Tổng {total}<", f">{total}<", f"{total},00", f"nhập: {total}."):
        may[words] = may[REMARK] | may[PEN]
    seats = {
        member.user.username: member.user for member in map(judge, [round_.council] * 7, range(7))
    }
    told, opened, read = [], set(), set()
    people = {**cast, **seats}
    for name in small(people, READERS if scoring == 1 else AGAIN):
        client, user = Client(), people[name]
        client.force_login(user)
        for address in pages(entry, sheet, pen):
            response = client.get(address)
            if response.status_code == 200:
                opened.add(address)
            text = text_of(response)
            read |= {words for words in may if words in text}
            told += [
                (name, address, words)
                for words, readers in may.items()
                if name not in readers and words in text
            ]
    assert told == []
    # Its readers met every word, so the walk would have told.
    assert read >= {REMARK, GENERAL, PEN, f"nhập: {total}."}
    if scoring == 1:
        assert f">{total}<" in read
    # It has been somewhere: the other members' sheets, the board, the dossier, the inbox.
    assert opened >= {
        f"/entries/{entry.pk}/sheet/",
        f"/rounds/{round_.pk}/",
        f"/rounds/{round_.pk}/paper/",
        f"/dossiers/{entry.dossier_id}/",
        "/inbox/",
    }
    assert not any(words in caplog.text for words in (REMARK, GENERAL, PEN))


@pytest.mark.slow(reason="every page of a round, by a member and by an officer")
def test_a_member_with_a_post_reads_the_producers_points_nowhere_before_they_score(
    province, cycle, commune, an, thu
):
    regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 1)
    before = judging.seat(province, thu, prefix="truoc_")
    first = begin(before, cycle, dossiers, thu)
    said = {"points_b": "17.5", "points_c": 19, "recorded_by": an}

    def tell(dossier, **more):
        """What the producer says of itself now."""
        SelfAssessment.objects.create(
            dossier=dossier, at=clock.now(), rubric=first.entries.get().rubric, **said, **more
        )

    tell(dossiers[0], points_a="33.25", general="Cơ sở có bốn lao động")
    for number in range(5):
        judging.fill(first.entries.get(), judge(before, number))
    judging.close(first, by=thu)
    fresh = {"stars": None, "points_sum": None, "sheets": None, "moved_at": clock.now()}
    stand(Dossier.objects.get(), State.PROVINCE_EVALUATING, **fresh)
    dossiers = list(Dossier.objects.all())
    # Who was chair there scores here.
    chair = judge(before, 0).user
    council.give_seat(
        Member(user=chair, seat="member", department="Sở", since=before.valid_from), by=thu
    )
    entry = begin(council, cycle, dossiers, thu).entries.get()
    more = {"general": "Cơ sở có mười lao động", "scores": {"1.1": "2.75"}}
    tell(entry.dossier, points_a="31.25", **more)
    member, other = judge(council, 1), person("nghe", "Vì Thị Nghề")
    for user in (member.user, other):
        RoleAssignment.objects.create(
            user=user,
            role=Role.DEPARTMENT,
            org_unit=province,
            valid_from=clock.today(),
        )
    # They sat where it was judged before, which is closed.
    before.give_seat(
        Member(user=member.user, seat="team", department="Sở", since=before.valid_from), by=thu
    )
    sheet = Scoresheet.of(entry, member)
    # Of now 31,25 and 67,75 in all, of then 33,25 and 69,75.
    told = re.compile(r"(31|33|67|69|2)[.,](25|75)\d?\b")
    own = f"/entries/{first.entries.get().pk}/sheet/"
    report = "/rounds/{}/documents/support_report.docx"
    both = f"/entries/{first.entries.get().pk}/calibration/"
    addresses = [
        *pages(entry, sheet, sheet),
        both,
        own,
        *(report.format(first.pk) + version for version in ("", "?version=1")),
    ]

    def opened(user):
        client = Client()
        client.force_login(user)
        return lambda address: text_of(client.get(address))

    def found(user):
        read, page = {}, opened(user)
        for address in addresses:
            text = page(address)
            read[address] = set(told.findall(text)), "mười lao động" in text
        return read

    dossier = f"/dossiers/{entry.dossier_id}/"
    read = found(member.user)
    assert {address: points for address, (points, _said) in read.items() if points} == {}
    again = found(chair)
    assert {address: points for address, (points, _said) in again.items() if points} == {}
    # They opened their own sheet and the report of then.
    assert all("Mật ong rừng 1" in text for text in map(opened(chair), (own, addresses[-1])))
    # What is no points stays to be read, and everybody else reads all.
    assert read[dossier][1]
    new, old = {("31", "25"), ("67", "75"), ("2", "75")}, {("33", "25"), ("69", "75")}
    assert found(other)[dossier][0] == new | old
    judging.fill(entry, member)
    assert not found(member.user)[dossier][0]
    # Nor while it waits for the next round, out of this one.
    entry.refresh_from_db()
    EvaluationRound.objects.get(pk=entry.round_id).drop(entry, by=thu, reason="Chờ mẫu")
    text = opened(member.user)(dossier)
    assert "mười lao động" in text and not told.findall(text)
    assert told.findall(opened(other)(dossier))
    entry.round.refresh_from_db()
    entry.round.take_in([(entry.dossier, entry.rubric)], by=thu, reason="Đủ mẫu")
    update_as_owner(
        EvaluationRound.objects.filter(pk=entry.round_id),
        regulation=regulate(province, show_self_score=True),
    )
    read = found(member.user)
    assert all(read[each][0] for each in (dossier, both)), read
    # What is of a round that is closed says what was then.
    read = found(chair)
    assert read[own][0] & (new | old) == old
    assert read[addresses[-1]][0] == read[addresses[-2]][0] == {("69", "75")}


def test_history_outbox_and_notifications_tell_who_and_never_what(entry, sheet, round_, thu):
    kept = " ".join(
        [str(each.data) + each.payload for each in HistoryEntry.objects.all()]
        + [str(each.__dict__) for each in OutboxMessage.objects.all()]
        + [str(each.__dict__) for each in Notification.objects.all()]
    )
    # The number of a row may be any, also that of the points.
    kept = re.sub(r"""\b(?:\w*_)?(?:id|pk|seq)["']: \d+,""", "", kept)
    total = f"{judging.total(sheet).normalize():f}"
    assert "Lê Thị Một" in kept
    assert REMARK not in kept and GENERAL not in kept and "points" not in kept
    assert not any(words in kept for words in (f'"{total}"', f": {total},", f"{total}.00"))
    before = checklist.checklist(round_)
    assert not any(total in str(item.sentence) for item in before)


def test_the_report_of_the_cycle_tells_nothing_of_it(cycle, sheet):
    out = io.StringIO()
    call_command("cycle_report", str(cycle.year), stdout=out)
    assert REMARK not in out.getvalue() and "Lê Thị Một" not in out.getvalue()


def test_the_queryset_gives_each_their_own_and_the_closing_opens_the_rest(
    cast, round_, entry, sheet, thu
):
    for user in User.objects.all():
        own = Scoresheet.objects.visible_to(user)
        assert list(own) == ([sheet] if user == sheet.member.user else []), user
    assert list(Scoresheet.objects.unsealed()) == []
    for number in (0, 2, 3, 4):
        judging.fill(entry, judge(round_.council, number))
    judging.count(round_, entry)
    round_.accept_spread(entry, by=thu, reason="Đã thảo luận")
    for criterion in entry.rubric.criteria.all():
        for stars in (3, 4, 5):
            round_.resolve(
                entry, criterion=criterion, stars=stars, holds=True, reason="Đạt", by=thu
            )
    assert Scoresheet.objects.unsealed().count() == 0
    assert Dossier.objects.get(pk=entry.dossier_id).points_sum is None
    judging.close(round_, by=thu)
    assert Scoresheet.objects.unsealed().count() == 5

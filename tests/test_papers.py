"""The council's documents from a real round: who may have which, when, and what they say."""

import io
import re
import zipfile
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from councils import lists
from councils.judging import closing
from councils.models import (
    Appraisal,
    Council,
    DocumentKind,
    DocumentTemplate,
    EvaluationRound,
    Member,
    Regulation,
    Resolution,
    Scoresheet,
    SignedDocument,
)
from councils.models.council import TOGETHER, check_purpose
from councils.models.document import AFTER_CLOSING, OF_ONE_ROUND
from councils.papers import facts
from councils.papers.then import Then
from cycle import clock, documents, files
from cycle.models import Document, Elimination, HistoryEntry, OrgUnit, Role, RoleAssignment
from cycle.models.job import run_waiting
from cycle.papers.kinds import KINDS
from cycle.papers.pdf import pdf
from cycle.papers.word import docx
from cycle.written import day_text, moment_text
from dossiers.law.conditions import ConditionNotMet
from dossiers.models import Certificate, Dossier, OfficialDocument
from dossiers.papers import signing
from dossiers.papers.kinds import Printed
from tests import judging, records
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.owning import update_as_owner
from tests.pages import lost_recipients, miscased, written
from tests.pages import printed as text
from tests.stored import office, path_of
from tests.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def round_(province, thu, cycle, commune, an):
    regulate(province)
    council = judging.seat(province, thu)
    made = begin(council, cycle, judging.before_council(cycle, commune, an, 2), thu)
    for entry in made.entries.all():
        for number in range(5):
            fill(entry, judge(council, number))
    return made


@pytest.fixture
@kept
def closed(round_, thu):
    """Closed: the first product has four stars, for a minimum of five is missed; the second five."""
    first = round_.entries.order_by("position").first()
    marked = first.rubric.criteria.filter(options__minimum_for=5).first()
    about = {"criterion": marked, "stars": 5, "votes": (4, 2)}
    round_.resolve(first, holds=False, reason="Chưa đạt", by=thu, **about)
    judging.close(round_, by=thu)
    return round_


def test_every_document_of_a_round_is_made_from_what_is_recorded(closed):
    standing = closed.closings.get()
    for kind in facts.OF_ROUND:
        data = facts.of_round(kind, closed, closing=standing)
        said = text(pdf(kind, data))
        # Its 90 points miss a minimum of five stars: the province decides, not the ministry.
        of_centre = kind in ("approval", "request")
        assert ("Mật ong rừng 1" in said, "Mật ong rừng 2" in said) == (
            not of_centre,
            kind != "decision",
        ), kind
        assert docx(kind, data)
        assert lost_recipients(data, said) == [], kind
    decision = text(pdf("decision", facts.of_round("decision", closed, closing=standing)))
    asks = facts.of_round("submission", closed, closing=standing)["asks"]
    assert asks == (
        "quyết định công nhận 1 sản phẩm OCOP; phê duyệt kết quả 1 sản phẩm đạt từ 90 điểm, "
        "đề nghị Bộ Nông nghiệp và Môi trường đánh giá, công nhận"
    )
    # Unless the province did send it up.
    first = closed.entries.order_by("position").first().dossier
    HistoryEntry.objects.record("dossier.approve_result", first, by=None)
    named = {
        kind: len(facts.of_round(kind, closed, closing=standing)["entries"])
        for kind in ("decision", "approval", "request")
    }
    assert named == {"decision": 0, "approval": 2, "request": 2}
    minutes = text(pdf("minutes", facts.of_round("minutes", closed, closing=standing)))
    assert "Chưa đạt mức tối thiểu 5 sao 4/6" in minutes
    assert "CHỦ TỊCH" in decision
    assert "TM. ỦY BAN NHÂN DÂN" not in decision


@pytest.mark.slow(reason="each kind is made in both forms")
def test_every_paper_of_a_council_is_whole_and_says_the_same_in_both_forms(closed, thu):
    """Each kind that is made of an outline: no hole, nothing of what there is not, in PDF and Word
    alike; where nothing happened none is made.
    """
    entry = closed.entries.order_by("position").first()
    lead, council = closed.council.members.get(seat="team_lead").user, closed.council
    visited = Appraisal(
        entry=entry, report="Đủ", visited_on=clock.today(), checked=["Nhãn đúng với công bố"],
        findings="Xưởng sạch\nCó sổ nhập nguyên liệu",
    )  # fmt: skip
    unseen = Appraisal(entry=entry, report="Chỉ xem hồ sơ", by=lead)
    visited.by = lead
    standing = closed.closings.get()
    made = {kind: facts.of_round(kind, closed, closing=standing) for kind in facts.OF_ROUND}
    made["founding"] = facts.founding_of(council)
    made["team_survey"] = facts.survey_of(visited)
    made_of_outlines = {kind for kind in DocumentKind.values if KINDS[kind].outline is not None}
    assert set(made) == made_of_outlines
    assert facts.survey_of(unseen) is None
    wrong = []
    for kind, data in made.items():
        said, typed_ = text(pdf(kind, data)), written(docx(kind, data))
        bare = re.sub(r"\b\d+ (?=TT )|(?<= )\d+$", "", said)
        wrong += [
            f"{kind}: {what}"
            for what, so in {
                "no «Nơi nhận»": "Nơi nhận" not in said or "Nơi nhận" not in typed_,
                "its «Nơi nhận» names nothing": lost_recipients(data, said),
                "no country": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" not in said,
                "a hole": re.search(r"\bNone\b|[{}]|\bCăn cứ\s*[;.]", said + typed_),
                "a count of nothing": re.search(r"(?<!\d)0 (?:sản phẩm|hồ sơ|thành viên)", said),
                "no number": KINDS[kind].numbered != bool(re.search(r"Số: \S*/\S", said)),
                f"written so: {miscased(said)}": miscased(said),
                "no law": "bases" in data and "26/2026/QĐ-TTg ngày" not in said,
                f"differs: {words(bare) ^ words(typed_)}": words(bare) - {"2", "3", "4"}
                != words(typed_) - {"2", "3", "4"},
            }.items()
            if so
        ]
    assert wrong == []

    phrases = {
        "founding": ["Về việc thành lập Hội đồng OCOP", "Số: 123/QĐ-UBND", "Điều 3. Quyết định này",
                     "Đỗ Thư Ký", "Tổ tư vấn giúp việc Hội đồng gồm 1 thành viên"],
        "plan": ["KẾ HOẠCH", "Họp Hội đồng, chấm điểm, phân hạng", "III. Sản phẩm đưa ra đánh giá"],
        "received_report": ["báo cáo tổng hợp 2 hồ sơ", "Đánh giá lần đầu: 2 hồ sơ",
                            "Chủ tịch Ủy ban nhân dân tỉnh Điện Biên"],
        "approval": ["đối với 1 sản phẩm đợt 1 đạt từ 90 điểm trở lên", "Bộ Nông nghiệp và Môi trường"],
        "team_survey": ["Xưởng sạch", "Có sổ nhập nguyên liệu", "ĐẠI DIỆN CHỦ THỂ", "Lò Tổ Trưởng"],
    }  # fmt: skip
    for kind, its in phrases.items():
        said = text(pdf(kind, made[kind]))
        assert [each for each in its if each not in said] == [], kind
    # Below 90 points nothing is approved for the ministry.
    update_as_owner(standing.results.all(), stars=4, points_sum="520", sheets=7)
    assert facts.of_round("approval", closed, closing=standing)["entries"] == []

    long = "Hợp tác xã nông nghiệp và dịch vụ tổng hợp bản Phiêng Ban, xã Mường Phăng (cơ sở 2)"
    for kind in ("plan", "received_report", "approval"):
        row = made[kind]["entries"][0] | {"product": long, "producer": long}
        said = text(pdf(kind, made[kind] | {"entries": [row] * 40}))
        assert (kind, said.count("Phiêng Ban")) == (kind, 80)
    person_ = made["founding"]["members"][0] | {"position": long}
    said = text(pdf("founding", made["founding"] | {"members": [person_] * 40}))
    assert said.count("Phiêng Ban") == 40


def words(said):
    """Its words alone: Word draws capitals, PDF prints them, and the head of a table on each page."""
    return set(re.findall(r"\w+", said.upper()))


def test_the_decision_on_a_council_names_who_rests_on_it_and_its_draft_who_sits_now(
    client, province, thu, la
):
    council = judging.seat(province, thu)
    where = reverse("councils:founding", args=[council.pk, "pdf"])
    later = Member(user=person("moi", "Phạm Mới"), seat="member", since=clock.today())
    council.give_seat(later, by=thu, decision=judging.decided("9/QĐ-UBND", clock.today()))
    client.force_login(thu)
    page = client.get(reverse("councils:council", args=[council.pk])).text
    assert where in page and f"{where}?anew=1" in page
    assert "Chưa ghi cơ quan, chức vụ của Phạm Mới" in page
    said, draft = text(client.get(where).content), text(client.get(f"{where}?anew=1").content)
    assert "Số: 123/QĐ-UBND" in said and "Phạm Mới" not in said
    assert "123/QĐ-UBND" in draft and "Số: 123" not in draft and "Phạm Mới" in draft
    assert "Kiện toàn Hội đồng OCOP" in draft and "Trần Công Chủ" in draft
    assert client.get(where.replace(".pdf", ".docx")).status_code == 200
    empty = judging.Council.set_up(
        judging.Council(
            org_unit=province, name="Hội đồng khác", valid_from=clock.today(),
            decision=judging.decided("10/QĐ-UBND", clock.today()),
        ),
        by=thu,
    )  # fmt: skip
    assert client.get(reverse("councils:founding", args=[empty.pk, "pdf"])).status_code == 404
    client.force_login(la)
    assert client.get(where).status_code == 404


def test_plan_and_approval_bear_the_number_of_the_ledger(closed, thu, province, client):
    """Recorded for the round; else those of the batch, and of the act on the dossiers."""
    standing = closed.closings.get()

    def number(kind):
        return facts.of_round(kind, closed, closing=standing)["number"]

    assert (number("plan"), number("approval"), number("received_report")) == (None, None, None)
    approved = judging.recorded(judging.decided("77/QĐ-UBND", clock.today()), province)
    for dossier in Dossier.objects.filter(round_entries__round=closed):
        HistoryEntry.objects.record("dossier.approve_result", dossier, by=thu, ledger=approved.pk)
    assert number("approval") == "77"
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    opened_on = closed.cycle.opened_on
    early = {"signed_on": f"{opened_on - timedelta(days=1):%d/%m/%Y}", "signer": "Lê Văn Phó"}
    for kind, said in (("plan", "5/KH-UBND"), ("received_report", "6/BC-VPĐP")):
        sent = signed(kind=kind, number=said, signer_capacity="Chánh Văn phòng")
        assert list(client.post(path, sent | early).context["form"].errors) == ["signed_on"]
        # Before the council was set up: it is set up for what was planned and received.
        sent["signed_on"] = f"{opened_on:%d/%m/%Y}"
        assert client.post(path, sent).status_code == 302
        assert number(kind) == said.partition("/")[0]


def test_papers_cite_and_enclose_what_is_recorded_and_a_past_year_names_its_own(
    client, closed, thu, province
):
    """Neither minutes nor a proposal that nobody recorded; and of a year that is over the leader
    and the year of then, unless the paper itself is recorded.
    """
    standing = closed.closings.get()

    def made(kind):
        return facts.of_round(kind, closed, closing=standing)

    def cites(kind):
        return [each for each in made(kind)["bases"] if "Biên bản" in each or "Tờ trình" in each]

    assert [cites("decision"), cites("approval")] == [[], []]
    assert made("submission")["enclosures"] == ["Hồ sơ sản phẩm"]
    client.force_login(thu)
    path, day = reverse("councils:documents", args=[closed.pk]), f"{clock.today():%d/%m/%Y}"
    for kind, number in (("minutes", "7/BB-HĐ"), ("submission", "8/TTr-VPĐP")):
        capacity = "Chủ tịch Hội đồng" if kind == "minutes" else "Chánh Văn phòng"
        sent = signed(kind=kind, number=number, signer_capacity=capacity)
        assert client.post(path, sent).status_code == 302, kind
    council = closed.council.name
    minutes = f"Biên bản họp Hội đồng số 7/BB-HĐ ngày {day_text(clock.today())}"
    proposed = f"Tờ trình số 8/TTr-VPĐP ngày {day_text(clock.today())}"
    office = "Văn phòng Điều phối nông thôn mới tỉnh Điện Biên"
    both = [f"Căn cứ {minutes} của {council}", f"Theo đề nghị của {office} tại {proposed}"]
    assert [cites("decision"), cites("approval")] == [both, both], day
    assert made("submission")["enclosures"] == [minutes, "Hồ sơ sản phẩm"]

    # The registers show what the paper itself has as its subject.
    keys = [closed.council.decision_id, *closed.documents.values_list("document", flat=True)]
    assert list(lists._of_rounds(keys).values()) == [
        f"Về việc thành lập {closed.council.name}",
        "Họp Hội đồng đánh giá, phân hạng sản phẩm OCOP đợt 1",
        "Đề nghị công nhận sản phẩm OCOP đợt 1",
    ]

    then, leader = clock.today().year, person("truong", "Lò Lãnh Đạo")
    RoleAssignment.objects.create(
        user=leader, role=Role.LEADER, org_unit=province, valid_from=closed.cycle.opened_on
    )
    with clock.at(clock.now() + timedelta(days=365 * 3)):
        led = RoleAssignment.objects.filter(user=leader)
        update_as_owner(led, valid_to=clock.today() - timedelta(days=1))
        after = person("moi_len", "Vàng Kế Nhiệm")
        RoleAssignment.objects.create(
            user=after, role=Role.LEADER, org_unit=province, valid_from=clock.today()
        )
        old = {kind: made(kind) for kind in facts.OF_ROUND if kind not in ("minutes", "submission")}
        assert {each["year"] for each in old.values()} == {then}
        assert old["decision"]["signature"]["name"] == "Lò Lãnh Đạo"


def test_the_minutes_print_an_end_only_where_it_was_closed_on_the_day_it_met(closed):
    standing = closed.closings.get()

    def end_of_a_meeting(met_at):
        closed.meets_at = met_at
        return facts.of_round("minutes", closed, closing=standing)["ends"]

    assert end_of_a_meeting(standing.at) == moment_text(standing.at)
    assert end_of_a_meeting(standing.at - timedelta(days=3)) == "…… giờ …… ngày ……/……/………"


def test_a_score_sheet_is_printed_empty_and_filled(closed):
    entry = closed.entries.first()
    member = judge(closed.council, 1)
    assert "Lê Thị Một" in text(pdf("score_sheet", facts.sheet_of(entry, member=member)))
    sheet = entry.sheets.get(member=member)
    filled = facts.sheet_of(entry, member=member, sheet=sheet)
    assert filled["total"] == "100"


def test_the_kinds_are_those_that_can_be_made():
    assert {*DocumentKind.values, *Printed.values} == set(KINDS)


def test_the_office_submits_to_the_chair_and_nothing_is_submitted_of_no_product(
    client, closed, thu
):
    sent = facts.of_round("submission", closed, closing=closed.closings.get())
    assert sent["agency"].startswith("VĂN PHÒNG ĐIỀU PHỐI")
    assert sent["to"] == ["Chủ tịch Ủy ban nhân dân tỉnh Điện Biên"]
    assert sent["signature"]["lines"] == ["CHÁNH VĂN PHÒNG"]
    report = facts.of_round("support_report", closed)
    assert report["appraised"] + report["unappraised"] == len(report["entries"])
    client.force_login(thu)
    results = closed.closings.get().results
    update_as_owner(results.all(), stars=2, points_sum="280", sheets=7)
    page = client.get(reverse("councils:documents", args=[closed.pk])).text
    assert page.count("Không có sản phẩm nào thuộc văn bản này") == 4
    kinds = ("submission", "decision", "approval", "request", "notice")
    given = [client.get(address(closed, kind=kind)).status_code for kind in kinds]
    assert given == [404, 404, 404, 404, 200]


# --- A version stays ------------------------------------------------------------------------


def papers_of(round_, version):
    """The data of every paper of a version, as it would be made now."""
    round_ = EvaluationRound.objects.get(pk=round_.pk)
    closing = round_.closings.get(version=version)
    return {kind: facts.of_round(kind, round_, closing=closing) for kind in facts.OF_ROUND}


def a_member_was_absent(round_, thu):
    member = judge(round_.council, 4)
    round_.attend({member.pk: False}, by=thu, reason="Ghi nhầm")


def the_chair_was_absent(round_, thu):
    round_.attend({judge(round_.council, 0).pk: False}, by=thu, reason="Ghi nhầm")


def another_was_resolved(round_, thu):
    for entry in round_.entries.all():
        elimination = Elimination.objects.filter(rubric=entry.rubric).first()
        criterion = entry.rubric.criteria.filter(options__minimum_for=4).last()
        round_.resolve(entry, elimination=elimination, holds=True, reason="Gian dối", by=thu)
        round_.resolve(entry, criterion=criterion, stars=4, holds=False, reason="x", by=thu)


def what_was_resolved_was_mended(round_, thu):
    told = Resolution.objects.get(entry__round=round_)
    about = {"criterion": told.criterion, "stars": told.stars}
    round_.resolve(told.entry, **about, holds=True, reason="Đạt", by=thu, correction="Nhầm")


def it_was_scored_again(round_, thu):
    judging.count(round_)
    first, second = round_.entries.order_by("position")
    round_.accept_spread(second, by=thu, reason="Giữ kết quả")
    round_.score_again(first, by=thu, reason="Bàn lại")


def it_was_called_otherwise(round_, thu):
    round_.amend(name="Đợt khác", place="Hội trường", by=thu)


def a_product_was_dropped(round_, thu):
    round_.drop(round_.entries.order_by("position").first(), by=thu, reason="Thiếu mẫu")


def it_was_reported_on_again(round_, thu):
    lead = round_.council.members.get(seat="team_lead").user
    for entry in round_.entries.all():
        Appraisal.hand_in(Appraisal(entry=entry, report="Báo cáo khác"), [], by=lead)


AFTER_REOPENING = [
    a_member_was_absent,
    the_chair_was_absent,
    another_was_resolved,
    what_was_resolved_was_mended,
    it_was_scored_again,
    it_was_called_otherwise,
    a_product_was_dropped,
    it_was_reported_on_again,
]


@pytest.mark.parametrize("change", AFTER_REOPENING, ids=lambda each: each.__name__)
def test_papers_of_a_version_stay_when_the_round_is_opened_again(closed, thu, change):
    run_waiting()
    before = papers_of(closed, 1)
    assert before["minutes"]["resolutions"] and before["minutes"]["present"]
    with clock.at(clock.now() + timedelta(days=3)):
        closing.reopen(
            closed, by=thu, reason="Sót phiếu", document=judging.paper("9/QĐ-UBND ngày 01/11/2026")
        )
        change(closed, thu)
        after = papers_of(closed, 1)
        assert {kind for kind in before if before[kind] != after[kind]} == set()
        closed = EvaluationRound.objects.get(pk=closed.pk)
        # Not where a sheet is missing now, or counts no more.
        with suppress(ConditionNotMet):
            judging.close(closed, by=thu)
        after = papers_of(closed, 1)
        assert {kind for kind in before if before[kind] != after[kind]} == set()


# --- Who presided ---------------------------------------------------------------------------


def test_who_was_at_the_meeting_presides_and_signs_whoever_sits_at_the_closing(round_, thu, an):
    """The chair and the secretary left on the day of the meeting; others sit as it is closed."""
    council, document = round_.council, "9/QĐ-UBND ngày 01/11/2026"
    for seat in ("chair", "secretary"):
        council.take_seat(
            council.members.get(seat=seat), by=thu, until=clock.today(), reason="x",
            document=judging.paper(document),
        )  # fmt: skip
    with clock.at(clock.now() + timedelta(days=2)):
        for number, seat in enumerate(("chair", "secretary")):
            fresh = Member(
                user=person(f"moi_{number}", f"Phạm Mới {number}"), seat=seat, since=clock.today()
            )  # fmt: skip
            council.give_seat(fresh, by=thu, decision=judging.paper(document))
        judging.close(round_, by=thu)
        said = papers_of(round_, 1)
    minutes = said["minutes"]
    assert minutes["chair"] == minutes["signature"]["name"] == "Trần Công Chủ"
    assert minutes["secretary"]["name"] == "Đỗ Thư Ký"
    assert said["council_report"]["signature"]["name"] == "Trần Công Chủ"


@pytest.mark.parametrize("vice", [0, 1, 2])
def test_a_chair_who_was_away_presides_nowhere(province, thu, cycle, commune, an, vice):
    """Without the chair the one vice chair who came presides; of two it is unknown who did."""
    regulate(province, chair_required=False, quorum_percent=50)
    council = judging.seat(province, thu)
    for number in range(vice):
        made = Member(
            user=person(f"pho_{number}", f"Lê Thị Phó {number}"), seat="vice_chair",
            since=clock.today() - timedelta(days=9),
        )  # fmt: skip
        council.give_seat(made, by=thu)
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    chair = council.members.get(seat="chair")
    round_.attend({chair.pk: False}, by=thu, reason="Đi công tác")
    for member in round_.scoring_members.exclude(pk=chair.pk):
        fill(round_.entries.get(), member)
    judging.close(round_, by=thu)
    minutes = papers_of(round_, 1)["minutes"]
    assert [each["name"] for each in minutes["absent"]] == ["Trần Công Chủ"]
    assert (minutes["chair"], minutes["signature"]) == {
        1: (
            "Lê Thị Phó 0",
            {
                "lines": ["TM. HỘI ĐỒNG", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
                "name": "Lê Thị Phó 0",
            },
        )
    }.get(vice, (facts.BLANK, {"lines": ["TM. HỘI ĐỒNG", "CHỦ TRÌ"], "name": ""}))


# --- Who signs ------------------------------------------------------------------------------

COMMITTEE, COUNCIL = ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"], ["TM. HỘI ĐỒNG", "CHỦ TỊCH"]


@pytest.mark.parametrize(
    ("lines", "own", "capacity", "printed"),
    [
        (COMMITTEE, "uy ban nhan dan", "", COMMITTEE),
        (COMMITTEE, "uy ban nhan dan", "Chủ tịch UBND tỉnh Điện Biên", COMMITTEE),
        (COMMITTEE, "uy ban nhan dan", "TM. UBND tỉnh, Chủ tịch", COMMITTEE),
        (
            COMMITTEE, "uy ban nhan dan", "KT. CHỦ TỊCH, PHÓ CHỦ TỊCH",
            ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        ),
        (
            COMMITTEE, "uy ban nhan dan", "Phó Chủ tịch Thường trực UBND tỉnh",
            ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH THƯỜNG TRỰC"],
        ),
        (
            COMMITTEE, "uy ban nhan dan", "TUQ. Chủ tịch, Giám đốc Sở NN&MT",
            ["TUQ. CHỦ TỊCH", "GIÁM ĐỐC SỞ NN&MT"],
        ),
        (
            COMMITTEE, "uy ban nhan dan", "Quyền Chủ tịch UBND tỉnh",
            ["TM. ỦY BAN NHÂN DÂN", "QUYỀN CHỦ TỊCH"],
        ),
        (COMMITTEE, "uy ban nhan dan", "Giám đốc Sở Tài chính", ["GIÁM ĐỐC SỞ TÀI CHÍNH"]),
        (COUNCIL, "hoi dong", "Phó Chủ tịch UBND tỉnh, Chủ tịch Hội đồng", COUNCIL),
        (COUNCIL, "hoi dong", "Chủ tịch Hội đồng OCOP tỉnh Điện Biên", COUNCIL),
        (
            COUNCIL, "hoi dong", "Phó Chủ tịch hội đồng",
            ["TM. HỘI ĐỒNG", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        ),
        (["BỘ TRƯỞNG"], "", "Bộ trưởng Bộ Nông nghiệp và Môi trường", ["BỘ TRƯỞNG"]),
        (["BỘ TRƯỞNG"], "", "KT. Bộ trưởng, Thứ trưởng", ["KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"]),
    ],
)  # fmt: skip
def test_a_paper_prints_in_which_capacity_it_was_signed(lines, own, capacity, printed):
    assert signing.signature(lines, capacity, own) == printed


def test_a_deputys_paper_is_printed_as_the_deputys_with_its_own_symbol(client, closed, thu):
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    given = {"number": "7/QĐ-CTUBND", "signer_capacity": "KT. CHỦ TỊCH, PHÓ CHỦ TỊCH"}
    sent = signed(kind="decision", signer="Lê Thị Phó", **given)
    assert client.post(path, sent).status_code == 302
    said = text(client.get(address(closed, "decision")).content)
    assert "KT. CHỦ TỊCH PHÓ CHỦ TỊCH Lê Thị Phó" in said
    assert "Số: 07/QĐ-CTUBND" in said


@pytest.mark.parametrize("minister", [False, True])
def test_a_certificate_is_of_whoever_gave_it(closed, province, minister):
    entry = closed.entries.select_related("round__council__org_unit").first()
    decision = OfficialDocument(
        number="99/QĐ", signed_on=clock.today(), signer="Nguyễn Văn Bộ",
        signer_capacity="KT. Bộ trưởng, Thứ trưởng" if minister else "Phó Chủ tịch UBND tỉnh",
    )  # fmt: skip
    given = Certificate(
        dossier=entry.dossier, issued_on=clock.today(), number="5/GCN-BNNMT", stars=5,
        issuer=None if minister else province, decision=decision,
    )  # fmt: skip
    said = text(pdf("certificate", facts.certificate_of(given, link="https://x.vn/c/1")))
    assert "Số: 05/GCN-BNNMT" in said
    assert ("BỘ TRƯỞNG BỘ NÔNG NGHIỆP VÀ MÔI TRƯỜNG" in said) is minister
    assert ("ỦY BAN NHÂN DÂN" in said) is not minister
    deputy = "KT. BỘ TRƯỞNG THỨ TRƯỞNG" if minister else "KT. CHỦ TỊCH PHÓ CHỦ TỊCH"
    assert f"{deputy} Nguyễn Văn Bộ" in said


# --- Who, and when --------------------------------------------------------------------------


def address(round_, kind="minutes", format_="pdf"):
    return reverse("councils:document", args=[round_.pk, kind, format_])


def test_results_are_nobodys_before_the_closing(client, round_, thu):
    client.force_login(thu)
    for kind in AFTER_CLOSING:
        assert client.get(address(round_, kind)).status_code == 404
    assert client.get(address(round_, "invitation")).status_code == 200


def test_a_stranger_finds_nothing(client, closed, thu, la):
    entry = closed.entries.first()
    lead = closed.council.members.get(seat="team_lead").user
    visited = Appraisal.objects.create(
        entry=entry, report="Đủ", visited_on=clock.today(), by=lead, at=clock.now()
    )
    unseen = Appraisal.objects.create(entry=entry, report="Xem hồ sơ", by=lead, at=clock.now())
    client.force_login(thu)
    survey = reverse("councils:survey", args=[visited.pk, "pdf"])
    assert survey in client.get(reverse("councils:entry", args=[entry.pk])).text
    assert "Mật ong rừng 1" in text(client.get(survey).content)
    assert client.get(reverse("councils:survey", args=[unseen.pk, "pdf"])).status_code == 404
    client.force_login(la)
    for path in (
        address(closed),
        reverse("councils:documents", args=[closed.pk]),
        reverse("councils:blank_sheet", args=[entry.pk, "pdf"]),
        reverse("councils:filled_sheet", args=[entry.sheets.first().pk, "pdf"]),
        reverse("councils:certificate", args=[entry.pk, "pdf"]),
        reverse("councils:survey", args=[visited.pk, "pdf"]),
        reverse("councils:templates"),
        reverse("councils:template", args=["minutes"]),
    ):
        assert client.get(path).status_code == 404, path


def test_a_filled_sheet_is_sealed_until_the_closing(client, round_, thu):
    sheet = Scoresheet.objects.filter(member=judge(round_.council, 1)).first()
    path = reverse("councils:filled_sheet", args=[sheet.pk, "pdf"])
    client.force_login(thu)
    assert client.get(path).status_code == 404
    client.force_login(judge(round_.council, 2).user)
    assert client.get(path).status_code == 404
    client.force_login(sheet.member.user)
    assert client.get(path).status_code == 200
    judging.close(round_, by=thu)
    client.force_login(thu)
    assert client.get(path).status_code == 200


def test_unknown_kinds_and_formats_are_not_found(client, closed, thu):
    client.force_login(thu)
    assert client.get(address(closed, "lyric")).status_code == 404
    assert client.get(address(closed, "minutes", "exe")).status_code == 404
    assert client.get(address(closed) + "?version=9").status_code == 404
    assert client.get(address(closed) + "?version=x").status_code == 404
    assert client.get(address(closed) + "?version=" + "9" * 5000).status_code == 404
    assert client.get(address(closed) + "?version=1").status_code == 200


# --- Number, date, scan ---------------------------------------------------------------------


def signed(**changes):
    return {
        "kind": "minutes",
        "number": "05/BB-HĐ",
        "signed_on": f"{clock.today():%d/%m/%Y}",
        "signer": "Trần Công Chủ",
        "signer_capacity": "Chủ tịch hội đồng",
    } | changes


def seen(client, path, kind="minutes"):
    """What the page sends along of what stands there, and why it is corrected."""
    form = client.get(path, {"kind": kind}).context["form"]
    return {"seen": form["seen"].value(), "reason": "Gõ nhầm"}


def test_the_clerk_gives_the_number_and_the_next_print_has_it(
    client, closed, thu, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    scan = SimpleUploadedFile("bien ban.pdf", b"%PDF-1.4 signed obj %%EOF")
    assert client.post(path, signed(scan=scan)).status_code == 302
    first = SignedDocument.objects.get()
    assert "05/BB-HĐ" in text(client.get(address(closed)).content)
    shown = client.get(path, {"kind": "minutes"}).context["form"]
    assert [shown[name].value() for name in ("number", "signer")] == ["05/BB-HĐ", "Trần Công Chủ"]
    again = seen(client, path) | signed(number="06/BB-HĐ")
    assert list(client.post(path, again | {"reason": " "}).context["form"].errors) == ["reason"]
    client.post(path, again)
    second = SignedDocument.objects.get(replaces=first)
    # One paper, its number typed wrong; its scan stays, and what it was is told.
    assert (second.number, second.scan_name) == ("06/BB-HĐ", "bien ban.pdf")
    assert second.document.replaces == first.document
    entry = HistoryEntry.objects.filter(event="round.record_document").latest("seq")
    assert entry.reason == "Gõ nhầm"
    page = client.get(path).text
    assert "thay bằng 06/BB-HĐ" in page and "05/BB-HĐ, " in page
    assert reverse("councils:document_scan", args=[second.pk]) in page
    # Another scan with another number is another paper.
    scan = SimpleUploadedFile("khac.pdf", b"%PDF-1.4 another obj %%EOF")
    client.post(path, seen(client, path) | signed(number="07/BB-HĐ", scan=scan))
    third = SignedDocument.objects.get(replaces=second)
    assert (third.scan_name, third.document.replaces) == ("khac.pdf", None)
    page = client.get(path).text
    assert page.index("thay bằng 07/BB-HĐ") < page.index("thay bằng 06/BB-HĐ")


def test_a_wrong_number_form_says_what_is_wrong_and_keeps_what_was_typed(client, closed, thu):
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    scan = SimpleUploadedFile("phieu.exe", b"MZ")
    page = client.post(path, signed(number="", signed_on="31/02/2026", scan=scan))
    body = page.content.decode()
    assert page.status_code == 200
    assert "Bạn chưa nhập: Số và ký hiệu." in body
    assert 'value="Trần Công Chủ"' in body
    assert "Bản chụp phải là tệp PDF" in body
    assert not SignedDocument.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"signer_capacity": "Trưởng phòng"}, "signer_capacity", "do Chủ tịch UBND tỉnh"),
        ({"signer_capacity": ""}, "signer_capacity", "Bạn chưa nhập"),
        ({"signed_on": "01/01/2020"}, "signed_on", "không ký trước ngày đó"),
        ({"number": "05 / bb–hđ"}, "number", "đã ghi cho biên bản họp hội đồng"),
        (
            {"kind": "council_report", "signer_capacity": "Trưởng phòng"},
            "signer_capacity",
            "Chủ tịch hội đồng",
        ),
    ],
)
def test_what_cannot_be_a_document_of_the_round_is_refused_at_its_field(
    client, closed, thu, changes, field, sentence
):
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    assert client.post(path, signed()).status_code == 302
    decision = {"kind": "decision", "number": "813/QĐ-UBND", "signer_capacity": "Chủ tịch"}
    page = client.post(path, signed(**decision | changes))
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert sentence in page.context["form"].errors[field][0]
    assert SignedDocument.objects.get().kind == "minutes"
    assert client.post(path, signed(**decision)).status_code == 302
    # Its own number is no other's.
    again = signed(**decision) | seen(client, path, "decision")
    assert client.post(path, again).status_code == 302


@pytest.mark.parametrize("kind", sorted(AFTER_CLOSING))
def test_no_document_of_a_result_is_recorded_before_the_closing(client, round_, thu, kind):
    client.force_login(thu)
    path = reverse("councils:documents", args=[round_.pk])
    assert client.get(path, {"kind": kind}).context["form"] is None
    page = client.post(path, signed(kind=kind))
    assert "Đợt chưa chốt kết quả" in page.text
    assert not SignedDocument.objects.exists()
    first = round_.council.decision_on
    invited = signed(kind="invitation", number="3/GM-HĐ", signed_on="01/01/2020")
    page = client.post(path, invited)
    assert list(page.context["form"].errors) == ["signed_on"]
    assert client.post(path, invited | {"signed_on": f"{first:%d/%m/%Y}"}).status_code == 302


# --- One document ---------------------------------------------------------------------------


def typed(number="7/QĐ-UBND", **fields):
    said = {"signed_on": clock.today(), "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch"}
    return SignedDocument(document=Document(number=number, **said | fields))


def refused_at(paper, round_, kind, by):
    """The fields at which the door refuses it; it is in no ledger then."""
    before = Document.objects.count()
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        SignedDocument.record(paper, round_, kind, by=by)
    assert Document.objects.count() == before
    return [*getattr(refused.value, "error_dict", {"": 1})]


@pytest.fixture
@kept
def two(province, thu, cycle, commune, an):
    """Two closed rounds of one council."""
    regulate(province)
    council = judging.seat(province, thu)
    made = []
    for dossier in judging.before_council(cycle, commune, an, 2):
        round_ = begin(council, cycle, [dossier], thu)
        for number in range(5):
            fill(round_.entries.get(), judge(council, number))
        judging.close(round_, by=thu)
        made.append(round_)
    return made


def test_a_number_of_the_unit_is_one_document_in_all_rounds_and_acts(two, thu, province):
    first, second = two
    its = SignedDocument.record(typed(), first, "decision", by=thu).document
    assert (its.issuer, its.register, its.before) == (province, "", False)
    other = {"signer": "Nguyễn Thị Khác"}
    assert refused_at(typed(**other), second, "decision", thu) == ["signer"]
    yesterday = {"signed_on": clock.today() - timedelta(days=1)}
    assert refused_at(typed(**yesterday), second, "decision", thu) == ["signed_on"]
    assert refused_at(typed(), second, "submission", thu) == ["number"]
    # A decision of both rounds, however it is typed; and that of an act.
    again = SignedDocument.record(typed(" 7 / qđ–ubnd"), second, "decision", by=thu)
    assert again.document == its
    of_act = Document(
        number="7/QĐ-UBND", issuer=province, signed_on=clock.today(), signer_capacity="Chủ tịch"
    )
    of_act.signer = "Mùa A Ba"
    with pytest.raises(documents.Another), transaction.atomic():
        documents.record(of_act, by=thu)


def test_a_document_for_one_purpose_stands_for_no_other(two, thu, province):
    """Each purpose beside each document that is for another: by the table, and at its doors."""
    first, second = two
    council = first.council
    decision = SignedDocument.record(typed(), first, "decision", by=thu).document
    closing.reopen(second, reason="Sai điểm", document=judging.paper("8/QĐ-UBND"), by=thu)
    reopening = Document.objects.standing().numbered("8/QĐ-UBND").get()
    law = Regulation.objects.get().basis
    stands = {council.founded: "sets_up", law: "lays_down", decision: "of_rounds"}
    stands |= {reopening: "reopens"}
    assert {each for kin in TOGETHER for each in kin} == {
        relation.get_accessor_name()
        for relation in Document._meta.related_objects
        if relation.related_model._meta.app_label == "councils"
    } - {"answers"}
    for document, its in stands.items():
        for kin in TOGETHER:
            for purpose in kin:
                if its in kin:
                    check_purpose(document, purpose)
                    continue
                with pytest.raises(ValidationError) as refused:
                    check_purpose(document, purpose)
                assert [*refused.value.error_dict] == ["number"], (its, purpose)

    founding = {"number": council.founded.number, "signed_on": council.founded.signed_on}
    founding |= {"signer_capacity": council.founded.signer_capacity}
    assert refused_at(typed(**founding), second, "plan", thu) == ["number"]
    new = {"org_unit": province, "name": "Hội đồng khác", "valid_from": clock.today()}
    for number, done in (
        ("7/QĐ-UBND", lambda its: Council.set_up(Council(decision=its, **new), by=thu)),
        ("7/QĐ-UBND", lambda its: closing.reopen(first, reason="Sai", document=its, by=thu)),
        ("123/QĐ-UBND", lambda its: closing.reopen(first, reason="Sai", document=its, by=thu)),
    ):
        known = Document.objects.standing().numbered(number).get()
        again = Document(
            number=number, signed_on=known.signed_on, signer=known.signer,
            signer_capacity=known.signer_capacity,
        )  # fmt: skip
        with pytest.raises(ValidationError) as refused, transaction.atomic():
            done(again)
        assert [*refused.value.error_dict] == ["number"], number


@pytest.mark.parametrize("kind", sorted(OF_ONE_ROUND))
def test_what_the_council_signs_is_of_one_round(two, thu, kind):
    first, second = two
    chair = {"signer": "Trần Công Chủ", "signer_capacity": "Chủ tịch hội đồng"}
    said = {"number": f"1/{KINDS[kind].symbol}-HĐ", **chair}
    SignedDocument.record(typed(**said), first, kind, by=thu)
    assert refused_at(typed(**said), second, kind, thu) == ["number"]


def test_a_scan_shows_one_document(two, thu, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    first, second = two
    shown = files.stage(ContentFile(b"%PDF-1.4 one obj %%EOF", name="x.pdf"))
    scan = {"scan_sha256": shown.sha256, "scan_bytes": shown.bytes, "scan_filename": "x.pdf"}
    chair = {"signer": "Trần Công Chủ", "signer_capacity": "Chủ tịch hội đồng"}
    SignedDocument.record(typed("1/BB-HĐ", **chair, **scan), first, "minutes", by=thu)
    assert refused_at(typed("2/QĐ-UBND", **scan), first, "decision", thu) == ["scan"]
    assert refused_at(typed("2/QĐ-UBND", **scan), second, "decision", thu) == ["scan"]


def test_what_was_typed_wrong_is_typed_again(two, thu):
    first, second = two
    old = SignedDocument.record(typed(), first, "decision", by=thu)
    new = SignedDocument.record(typed(signer="Nguyễn Thị Khác"), first, "decision", by=thu)
    assert (new.replaces, new.document.replaces) == (old, old.document)
    old = SignedDocument.objects.get(pk=old.pk)
    assert (old.signer, new.signer) == ("Nguyễn Thị Khác", "Nguyễn Thị Khác")
    # Not what another round rests on too.
    SignedDocument.record(typed(signer="Nguyễn Thị Khác"), second, "decision", by=thu)
    assert refused_at(typed(signer="Mùa A Ba"), first, "decision", thu) == ["signer"]


def test_no_document_of_a_day_to_come_or_before_the_council(two, thu):
    first, _second = two
    ahead = clock.today() + timedelta(days=400)
    for kind in set(facts.OF_ROUND):
        chair = {"signer_capacity": "Chủ tịch hội đồng" if kind in OF_ONE_ROUND else "Chủ tịch"}
        for day in (ahead, date(2000, 1, 1)):
            assert refused_at(typed(signed_on=day, **chair), first, kind, thu) == ["signed_on"]


def test_a_version_that_was_opened_again_takes_no_document_and_a_void_round_none(two, thu, client):
    first, _second = two
    client.force_login(thu)
    where = reverse("councils:documents", args=[first.pk])
    SignedDocument.record(typed(), first, "decision", by=thu)
    assert "7/QĐ-UBND" in client.get(where).text
    run_waiting()
    closing.reopen(
        first, by=thu, reason="Sót phiếu", document=judging.paper("9/QĐ-UBND ngày 01/11/2026")
    )
    # It is a paper of the closing of before.
    assert "7/QĐ-UBND" not in client.get(where).text.partition("Của các lần chốt trước")[0]
    for kind in AFTER_CLOSING:
        assert refused_at(typed(), first, kind, thu) == [""]
    first.void(by=thu, reason="Nhầm", document=judging.paper("10/QĐ-UBND ngày 01/11/2026"))
    for kind in facts.OF_ROUND:
        assert refused_at(typed(), first, kind, thu) == [""]
    page = client.post(where, signed(kind="invitation"))
    assert "Đợt đã hủy lúc" in page.text


def test_what_is_recorded_as_the_next_version_closes_is_of_that(closed, thu):
    run_waiting()
    first = closed.closings.get()
    with clock.at(clock.now() + timedelta(days=3)):
        closing.reopen(
            closed, by=thu, reason="Sót phiếu", document=judging.paper("9/QĐ-UBND ngày 01/11/2026")
        )
        second = judging.close(EvaluationRound.objects.get(pk=closed.pk), by=thu)
        assert second.at == clock.now()
        made = records.of_round(closed, "invitation", by=thu, number="8/GM-UBND")
        made.save()
    assert Then(closed, first).recorded("invitation") is None
    assert Then(closed, second).recorded("invitation") == made


def test_whatever_our_own_papers_print_as_signer_is_taken(two, thu, monkeypatch):
    round_, council = two[0], two[0].council
    vice = Member(council=council, user=judge(council, 1).user, seat="vice_chair")
    for presided in (judge(council, 0), vice, None):
        monkeypatch.setattr(Then, "presided", presided)
        for kind in facts.OF_ROUND:
            data = facts.of_round(kind, round_, closing=round_.closings.get())
            lines = data["signature"]["lines"]
            for said in (joint.join(lines) for joint in ("\n", ", ", " ", " - ")):
                paper = typed(signer_capacity=said)
                paper.round, paper.kind = round_, kind
                its = paper.office()
                assert its is None or its.signs_as(said), (kind, said)
    minutes = typed("1/BB-HĐ", signer="Lê Thị Một", signer_capacity="TM. HỘI ĐỒNG, CHỦ TRÌ")
    SignedDocument.record(minutes, round_, "minutes", by=thu)
    printed = facts.of_round("minutes", round_, closing=round_.closings.get())["signature"]
    assert printed == {"lines": ["TM. HỘI ĐỒNG", "CHỦ TRÌ"], "name": "Lê Thị Một"}
    # Who presides over no meeting signs no report.
    report = typed("2/BC-HĐ", signer_capacity="TM. HỘI ĐỒNG, CHỦ TRÌ")
    assert refused_at(report, round_, "council_report", thu) == ["as_written"]


def test_a_capacity_that_no_pattern_knows_is_asked_about_and_one_of_another_refused(
    client, closed, thu
):
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    odd = signed(signer_capacity="Phụ trách Hội đồng OCOP")
    page = client.post(path, odd)
    form = page.context["form"]
    assert list(form.errors) == ["as_written"] and 'type="checkbox"' in str(form["as_written"])
    assert "chưa biết chức vụ «Phụ trách Hội đồng OCOP»" in page.text
    seal = form.fields["as_written"].widget.attrs["value"]
    # The yes is of what was shown, and of nothing that is wrong besides.
    assert (
        "signer_capacity"
        in client.post(path, odd | {"as_written": seal, "signer_capacity": "Thư ký Hội đồng"})
        .context["form"]
        .errors
    )
    wrong = client.post(path, odd | {"signed_on": "01/01/2026"}).context["form"].errors
    assert list(wrong) == ["signed_on"]
    assert not SignedDocument.objects.exists()
    assert client.post(path, odd | {"as_written": seal}).status_code == 302
    told = HistoryEntry.objects.get(event="round.record_document")
    assert told.data["as_written"] == "Phụ trách Hội đồng OCOP"
    board = client.get(reverse("councils:round", args=[closed.pk])).text
    assert "«Phụ trách Hội đồng OCOP»" in board
    # A yes that nothing asks about says nothing.
    plain = signed() | {"as_written": seal} | seen(client, path)
    assert client.post(path, plain).status_code == 302
    last = HistoryEntry.objects.filter(event="round.record_document").latest("seq")
    assert "as_written" not in last.data


def test_who_records_a_paper_is_not_its_signer(two, thu, province, client):
    first, _second = two
    clerk = person("van_thu", "Lý Văn Thư", (Role.CLERK, province))
    secretary = judge(first.council, 5).user
    for by, kind, number in (
        (thu, "minutes", "1/BB-HĐ"),
        (secretary, "minutes", "1/BB-HĐ"),
        (clerk, "decision", "1/QĐ-UBND"),
        (clerk, "notice", "1/TB-UBND"),
    ):
        said = typed(number, signer=f"TS. {by}", signer_capacity="Chủ tịch")
        assert refused_at(said, first, kind, by) == ["signer"], (by, kind)
    # Nor whom another makes it, correcting; the report of the office is its own.
    SignedDocument.record(typed("1/BB-HĐ"), first, "minutes", by=secretary)
    assert refused_at(typed("1/BB-HĐ", signer=str(secretary)), first, "minutes", clerk) == [
        "signer"
    ]
    report = typed("1/BC-TTHĐ", signer=str(thu), signer_capacity="Thường trực Hội đồng")
    # The team's is numbered by who may read it.
    with pytest.raises(PermissionDenied):
        SignedDocument.record(report, first, "support_report", by=clerk)
    client.force_login(clerk)
    path = reverse("councils:documents", args=[first.pk])
    page = client.get(path).text
    assert "Chỉ tổ tư vấn" in page and "Có sau khi chốt kết quả" not in page
    assert client.get(path, {"kind": "support_report"}).status_code == 404
    assert client.post(path, signed(kind="support_report")).status_code == 404
    SignedDocument.record(report, first, "support_report", by=thu)


def test_papers_of_a_result_bear_days_in_their_order_and_versions_stay_readable(two, thu, client):
    first, _second = two
    today, now = clock.today(), clock.now()

    def day(count):
        return {"signed_on": today + timedelta(days=count)}

    run_waiting()
    with clock.at(now + timedelta(days=9)):
        early = typed("1/BB-HĐ", **day(-1))
        assert refused_at(early, first, "minutes", thu) == ["signed_on"]
        SignedDocument.record(typed("1/BB-HĐ", **day(3)), first, "minutes", by=thu)
        for kind in AFTER_CLOSING - {"minutes"}:
            assert refused_at(typed("2/X", **day(2)), first, kind, thu) == ["signed_on"], kind
        SignedDocument.record(typed("2/QĐ-UBND", **day(4)), first, "decision", by=thu)
        assert refused_at(typed("1/BB-HĐ", **day(5)), first, "minutes", thu) == ["signed_on"]
        assert refused_at(typed("2/QĐ-UBND", **day(2)), first, "decision", thu) == ["signed_on"]
        SignedDocument.record(typed("1/BB-HĐ", **day(4)), first, "minutes", by=thu)
        # Submission, decision of day 4, notice: whichever is recorded last.
        for kind, count in (("submission", 5), ("notice", 3)):
            assert refused_at(typed("4/X", **day(count)), first, kind, thu) == ["signed_on"], kind
        SignedDocument.record(typed("4/TTr", **day(4)), first, "submission", by=thu)
        SignedDocument.record(typed("2/QĐ-UBND", **day(5)), first, "decision", by=thu)
        SignedDocument.record(typed("5/TB", **day(5)), first, "notice", by=thu)
        for kind, number, count in (
            ("submission", "4/TTr", 6), ("decision", "2/QĐ-UBND", 6), ("notice", "5/TB", 4),
        ):  # fmt: skip
            late = typed(number, **day(count))
            assert refused_at(late, first, kind, thu) == ["signed_on"], kind
        paper = f"9/QĐ-UBND ngày {today + timedelta(days=6):%d/%m/%Y}"
        closing.reopen(first, by=thu, reason="Sót phiếu", document=judging.paper(paper))
        client.force_login(thu)
        where = reverse("councils:documents", args=[first.pk])
        assert client.get(where).text.count("chưa có lần chốt thay thế") == 1
    with clock.at(now + timedelta(days=10)):
        judging.close(first, by=thu)
        assert refused_at(typed("3/BB-HĐ", **day(5)), first, "minutes", thu) == ["signed_on"]
        # Another paper than that of the closing before, which stays as it is.
        assert refused_at(typed("1/BB-HĐ", **day(6)), first, "minutes", thu) == ["signed_on"]
        SignedDocument.record(typed("3/BB-HĐ", **day(6)), first, "minutes", by=thu)
        pages = [where, reverse("councils:round", args=[first.pk])]
        old = reverse("councils:document", args=[first.pk, "minutes", "pdf"]) + "?version=1"
        for user in (thu, judge(first.council, 1).user):
            client.force_login(user)
            for page in map(client.get, pages):
                assert old in page.text and "thay bằng lần chốt 2" in page.text
                assert f"theo {paper.replace(' ngày ', ' (')})" in page.text
        assert f"1/BB-HĐ, {today + timedelta(days=4):%d/%m/%Y}" in client.get(where).text
        assert "1/BB-HĐ" in text(client.get(old).content)


def test_a_scan_comes_down_again(client, closed, thu, settings, tmp_path, la):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    scan = SimpleUploadedFile("bien ban.pdf", b"%PDF-1.4 signed obj %%EOF")
    client.post(reverse("councils:documents", args=[closed.pk]), signed(scan=scan))
    path = reverse("councils:document_scan", args=[SignedDocument.objects.get().pk])
    assert b"".join(client.get(path).streaming_content).endswith(b"signed obj %%EOF")
    # Replaced by another scan, it stays, each at its own line.
    right = SimpleUploadedFile("ban dung.pdf", b"%PDF-1.4 right obj %%EOF")
    at = reverse("councils:documents", args=[closed.pk])
    assert client.post(at, signed(scan=right) | seen(client, at)).status_code == 302
    links = re.findall(r'href="(/[^"]*documents/\d+/scan/[^"]*)"', client.get(at).text)
    said = [b"".join(client.get(link).streaming_content)[9:14] for link in links]
    assert said == [b"right", b"signe"]
    assert client.get(f"{path}?row=999").status_code == 404
    client.force_login(la)
    assert [client.get(each).status_code for each in (path, *links)] == [404] * 3


def test_who_only_scores_records_no_number(client, closed):
    client.force_login(judge(closed.council, 1).user)
    path = reverse("councils:documents", args=[closed.pk])
    client.post(path, signed())
    assert not SignedDocument.objects.exists()


# --- Templates ------------------------------------------------------------------------------


def test_a_province_uses_its_own_template_and_a_broken_one_is_refused(
    client, closed, thu, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    path = reverse("councils:templates")
    broken = SimpleUploadedFile("mau.docx", office())
    page = client.post(path, {"kind": "minutes", "file": broken})
    assert "không phải văn bản Word" in page.content.decode()
    assert not DocumentTemplate.objects.exists()
    shipped = b"".join(client.get(reverse("councils:template", args=["minutes"])).streaming_content)
    client.post(path, {"kind": "minutes", "file": SimpleUploadedFile("mau.docx", shipped)})
    assert DocumentTemplate.objects.get().filename == "mau.docx"
    assert client.get(address(closed, format_="docx")).status_code == 200
    assert client.get(path).status_code == 200


def test_an_earlier_template_is_used_again_in_one_act(client, closed, thu, settings, tmp_path):
    """The kinds of every app are there; of a province that is no more nobody keeps any."""
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    path = reverse("councils:templates")
    for kind in KINDS:
        address_ = reverse("councils:template", args=[kind])
        shipped = b"".join(client.get(address_).streaming_content)
        sent = {"kind": kind, "file": SimpleUploadedFile(f"{kind}-1.docx", shipped)}
        assert client.post(path, sent).status_code == 302
    assert {each.kind for each in DocumentTemplate.objects.all()} == set(KINDS)
    client.post(path, {"ours": "receipt"})
    newest = DocumentTemplate.objects.filter(kind="receipt")
    assert [each.filename for each in newest] == ["receipt.docx", "receipt-1.docx"]
    client.post(path, {"use": newest[1].pk})
    assert newest.all()[0].filename == "receipt-1.docx"
    assert "receipt-1.docx" in client.get(path).text
    for wrong in ({"use": "99999999"}, {"use": "x"}, {"ours": "poem"}):
        assert client.post(path, wrong).status_code == 404
    update_as_owner(OrgUnit.objects.filter(level="province"), valid_to="2026-06-30")
    assert client.get(path).status_code == 404


def test_a_template_that_was_changed_on_disk_makes_no_paper(
    client, closed, thu, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    path = reverse("councils:templates")
    shipped = b"".join(client.get(reverse("councils:template", args=["minutes"])).streaming_content)
    client.post(path, {"kind": "minutes", "file": SimpleUploadedFile("mau.docx", shipped)})
    path_of(DocumentTemplate.objects.get().sha256).write_bytes(shipped + b" ")
    for page in (
        client.get(address(closed, format_="docx")),
        client.get(reverse("councils:template", args=["minutes"])),
    ):
        assert (page.status_code, "không còn đúng như lúc nộp" in page.text) == (404, True)
    assert client.get(address(closed, format_="pdf")).status_code == 200


def test_a_template_that_these_figures_do_not_fill_says_so(client, closed, thu, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    edited = io.BytesIO()
    with (
        zipfile.ZipFile(KINDS["minutes"].template) as source,
        zipfile.ZipFile(edited, "w") as packed,
    ):
        for name in source.namelist():
            content = source.read(name).replace(b"{{ venue }}", b"{{ guests[0] }}")
            packed.writestr(name, content)
    sent = {"kind": "minutes", "file": SimpleUploadedFile("mau.docx", edited.getvalue())}
    assert client.post(reverse("councils:templates"), sent).status_code == 302
    page = client.get(address(closed, format_="docx"))
    assert (page.status_code, "hãy báo người giữ mẫu văn bản" in page.text) == (409, True)


def test_the_scan_of_the_teams_report_is_for_the_team_and_who_presides(
    client, closed, thu, province, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    page = reverse("councils:documents", args=[closed.pk])
    client.force_login(thu)
    scan = SimpleUploadedFile("bao cao.pdf", b"%PDF-1.4 signed obj %%EOF")
    said = {"kind": "support_report", "number": "1/BC-TTV", "signer_capacity": "Tổ trưởng"}
    assert client.post(page, signed(scan=scan, **said)).status_code == 302
    found = SignedDocument.objects.get()
    path = reverse("councils:document_scan", args=[found.pk])
    register = reverse("dossiers:register_scan", args=[found.document_id])
    member, team = judge(closed.council, 1).user, judge(closed.council, 6).user
    for user in (member, team):
        # Whoever keeps the register reads it with no other eyes.
        RoleAssignment.objects.create(
            user=user, role=Role.CLERK, org_unit=province, valid_from=clock.today()
        )
    for user, status in ((member, 404), (team, 200), (thu, 200)):
        client.force_login(user)
        assert client.get(path).status_code == status, user
        assert (path in client.get(page).text) is (status == 200), user
        if user != thu:
            listed = client.get(reverse("dossiers:documents")).text
            assert "1/BC-TTV" in listed and (register in listed) is (status == 200), user
            assert client.get(register).status_code == status, user


def test_a_scan_that_was_changed_on_disk_is_not_handed_over(
    client, closed, thu, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    scan = SimpleUploadedFile("bien ban.pdf", b"%PDF-1.4 signed obj %%EOF")
    client.post(reverse("councils:documents", args=[closed.pk]), signed(scan=scan))
    found = SignedDocument.objects.get()
    path_of(found.scan_sha256).write_bytes(b"%PDF-1.4 forged obj %%EOF")
    page = client.get(reverse("councils:document_scan", args=[found.pk]))
    assert (page.status_code, "không còn đúng như lúc nộp" in page.text) == (404, True)


def test_a_refused_number_holds_its_scan_for_who_sent_it(client, closed, thu, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(thu)
    scan = SimpleUploadedFile("bien ban.pdf", b"%PDF-1.4 signed obj %%EOF")
    path = reverse("councils:documents", args=[closed.pk])
    page = client.post(path, signed(number="", scan=scan))
    assert "Đã giữ tệp «bien ban.pdf»" in page.text
    note = page.context["form"]["scan"].value().held
    assert client.post(path, signed(**{"scan-held": note})).status_code == 302
    assert SignedDocument.objects.get().scan_name == "bien ban.pdf"


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_documents_asks_as_often_for_three_products_as_for_one(
    client, province, thu, cycle, commune, an, number, django_assert_num_queries
):
    regulate(province)
    council = judging.seat(province, thu)
    made = begin(
        council, cycle, judging.before_council(cycle, commune, an, number), thu, open_it=False
    )
    client.force_login(thu)
    with django_assert_num_queries(12):
        client.get(reverse("councils:documents", args=[made.pk]))


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (
            "minutes",
            "Chủ tịch Hội đồng OCOP tỉnh Điện Biên",
            "Chủ tịch Hội đồng OCOP tỉnh Lai Châu",
        ),
        ("council_report", "Phó Chủ tịch hội đồng", "Thư ký hội đồng"),
        ("invitation", "Chủ tịch UBND tỉnh", "Chuyên viên"),
        ("decision", "Chủ tịch UBND tỉnh Điện Biên", "Chủ tịch UBND tỉnh Lai Châu"),
        ("approval", "Chủ tịch UBND tỉnh", "Chánh Văn phòng"),
        ("request", "KT. CHỦ TỊCH, PHÓ CHỦ TỊCH", "TUQ. UBND tỉnh Chủ thể"),
        ("submission", "Giám đốc Sở Nông nghiệp và Môi trường", ""),
        ("notice", "Chánh Văn phòng", ""),
    ],
)
def test_a_council_s_document_is_signed_by_whoever_signs_it(
    client, closed, thu, kind, right, wrong
):
    client.force_login(thu)
    path = reverse("councils:documents", args=[closed.pk])
    if wrong:
        page = client.post(path, signed(kind=kind, signer_capacity=wrong))
        assert list(page.context["form"].errors) == ["signer_capacity"]
        assert wrong in page.content.decode()
        assert not SignedDocument.objects.exists()
    assert client.post(path, signed(kind=kind, signer_capacity=right)).status_code == 302
    assert SignedDocument.objects.get().signer_capacity == right

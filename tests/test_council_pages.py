"""Councils, their seats and regulation, and the support team's appraisal, as pages."""

import base64
import re
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from councils.models import (
    Appraisal,
    AppraisalPhoto,
    Closing,
    Council,
    EvaluationRound,
    Member,
    Opinion,
    Regulation,
    Reopening,
    RoundEntry,
    SignedDocument,
    bases,
)
from cycle import clock
from cycle.models import Document, HistoryEntry, Role, RoleAssignment, User
from cycle.written import moment_text as moment
from dossiers.models import ConditionNotMet, OfficialDocument
from tests import judging, records
from tests.ground import kept
from tests.judging import begin, judge, regulate
from tests.owning import insert_as_owner, settle, update_as_owner
from tests.pages import shown
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def entry(council, cycle, commune, an, thu):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an), thu, open_it=False)
    return round_.entries.get()


def post(client, user, name, /, *args, **data):
    client.force_login(user)
    return client.post(reverse(f"councils:{name}", args=args), data)


def page(client, user, name, /, *args, status=200):
    client.force_login(user)
    answer = client.get(reverse(f"councils:{name}", args=args))
    assert answer.status_code == status
    return answer.content.decode()


def today():
    return f"{clock.today():%d/%m/%Y}"


# --- Councils -------------------------------------------------------------------------------


def test_minh_sets_a_council_up_on_its_decision(client, province, minh, an):
    data = {
        "org_unit": province.pk,
        "name": "Hội đồng OCOP tỉnh 2026",
        "number": "45/QĐ-UBND",
        "signed_on": "02/03/2026",
        "signer": "Trần Công Sơn",
        "signer_capacity": "Chủ tịch UBND tỉnh",
        "valid_from": "05/03/2026",
    }
    wrong = post(client, minh, "council_new", **data | {"valid_to": "01/01/2026"})
    assert "Ngày kết thúc phải sau ngày bắt đầu." in wrong.content.decode()
    wrong = post(client, minh, "council_new", **data | {"signed_on": "hôm qua"})
    assert "Hãy ghi ngày theo dạng ngày/tháng/năm" in wrong.content.decode()
    answer = post(client, minh, "council_new", **data)
    made = Council.objects.get()
    assert answer.url == f"/councils/{made.pk}/"
    text = page(client, minh, "council", made.pk)
    assert "Hội đồng chưa có chủ tịch." in text
    assert "Hội đồng cần ít nhất 3 người chấm điểm." in text
    assert post(client, an, "council_new", **data).status_code == 403
    assert Council.objects.count() == 1


#: What rests on a document -> a row of it, of a council with a round.
BASES = {
    (Council, "decision"): lambda w: w.council,
    (Council, "extension"): lambda w: w.council,
    (Member, "decision"): lambda w: w.council.members.get(department="Sở"),
    (Member, "release"): lambda w: w.council.members.exclude(release=None).get(),
    (Regulation, "basis"): lambda w: Regulation.objects.get(),
    (Reopening, "basis"): lambda w: Reopening.objects.get(),
    (EvaluationRound, "void_basis"): lambda w: w.council.rounds.get(state="void"),
}


@pytest.mark.slow(reason="a page and its refusals for each relation")
def test_whatever_document_was_typed_wrong_is_corrected(
    client, council, entry, cycle, commune, an, minh, thu, son, la
):
    """Of each relation of ours to the ledger, on one page, by who may record such a document."""
    relations = {
        (model, field.name)
        for model in apps.get_app_config("councils").get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Document
    }
    assert relations == {*BASES, (SignedDocument, "document"), (Opinion, "letter")}
    assert {(each.model, each.relation) for each in bases.BASES} == set(BASES)

    council.valid_to = clock.today() + timezone.timedelta(days=400)
    update_as_owner(Council.objects.filter(pk=council.pk), valid_to=council.valid_to)
    council.extend(
        valid_to=council.valid_to + timezone.timedelta(days=9),
        reason="Còn đợt",
        document=judging.paper("301/QĐ-UBND"),
        by=thu,
    )
    member = Member(user=minh, seat="member", department="Sở", since=clock.today())
    council.give_seat(member, by=thu, decision=judging.paper("302/QĐ-UBND"))
    council.take_seat(
        judge(council, 4),
        by=thu,
        until=clock.today(),
        reason="Nghỉ",
        document=judging.paper("303/QĐ-UBND"),
    )
    Reopening.objects.create(
        closing=Closing.objects.create(
            round=entry.round, version=1, by=thu, at=clock.now(), entry=HistoryEntry.objects.last()
        ),
        reason="Khiếu nại",
        basis=judging.recorded(judging.paper("304/QĐ-UBND"), council.org_unit),
        by=thu,
        at=clock.now(),
    )
    # An act of the dossier may rest on the same document: there it follows.
    paper = OfficialDocument.objects.create(
        dossier=entry.dossier, document=council.decision, recorded_by=thu, at=clock.now()
    )
    other = begin(council, cycle, [], thu, open_it=False)
    other.void(by=thu, reason="Hoãn", document=judging.paper("305/QĐ-UBND"))

    for number, ((model, relation), row) in enumerate(BASES.items()):
        its = row(SimpleNamespace(council=council))
        standing = getattr(its, relation).in_force
        at = getattr(its, f"{relation}_id")
        said = {name: getattr(standing, name) for name in ("signer", "signer_capacity")}
        said |= {"number": f"9{number}/QĐ-UBND", "signed_on": f"{standing.signed_on:%d/%m/%Y}"}
        said |= {"seen": standing.pk, "reason": "Gõ nhầm"}
        assert standing.number in page(client, thu, "correct_basis", at)
        assert "Bạn chưa nhập: Lý do." in (
            post(client, thu, "correct_basis", at, **said | {"reason": ""}).content.decode()
        )
        same = post(client, thu, "correct_basis", at, **said | {"number": standing.number})
        assert "Chưa có nội dung nào khác" in same.content.decode()
        page(client, la, "correct_basis", at, status=404)
        page(client, son, "correct_basis", at, status=403)
        assert post(client, thu, "correct_basis", at, **said).status_code == 302
        became = getattr(model.objects.get(pk=its.pk), relation).in_force
        assert (became.number, became.replaces) == (f"9{number}/QĐ-UBND", standing)
        told = HistoryEntry.objects.filter(event="council.correct_decision").latest("pk")
        assert (told.reason, told.ledger) == ("Gõ nhầm", became.pk)
        assert standing.number in told.data["was"] and became.number in told.data["document"]
        # Who opened the page before sees that somebody was faster, and corrects nothing.
        late = post(client, thu, "correct_basis", at, **said | {"number": "99/QĐ-UBND"})
        assert "vừa được đính chính" in late.content.decode()
    council = Council.objects.get(pk=council.pk)
    paper.refresh_from_db()
    assert paper.document == council.founded
    told = entry.dossier.history.get(event="dossier.correct_paper")
    assert told.data["changed"] == {"number": ["123/QĐ-UBND", "90/QĐ-UBND"]}
    said = judging.typed("90/QĐ-UBND") | {"seen": council.founded.pk, "reason": "Nhầm"}
    after = post(client, thu, "correct_basis", council.founded.pk, **said | {"signed_on": today()})
    assert "hãy đính chính ngày ký" in after.content.decode()
    assert "90/QĐ-UBND" in page(client, thu, "council", council.pk)
    assert "94/QĐ-UBND" in page(client, thu, "regulations")
    # Nor is it corrected past who may do the act that rests on it.
    with transaction.atomic():
        HistoryEntry.objects.record(
            "dossier.notify_result", entry.dossier, by=minh, before=entry.dossier.state,
            after=entry.dossier.state, records=[["officialdocument", paper.pk]],
        )  # fmt: skip
        past = said | {"number": "191/QĐ-UBND", "signed_on": f"{council.decision_on:%d/%m/%Y}"}
        after = post(client, thu, "correct_basis", council.founded.pk, **past)
        assert "người làm được việc ấy đính chính" in after.content.decode()
        transaction.set_rollback(True)
    # What its round signed stands after its decision.
    signed = records.of_round(
        entry.round, "invitation", by=thu, number="1/GM-HĐ", signed_on=council.decision_on
    )
    signed.save()
    after = post(client, thu, "correct_basis", council.founded.pk, **said | {"signed_on": today()})
    assert "quyết định thành lập hội đồng không ký sau ngày đó" in after.content.decode()


def test_a_decision_of_before_the_ledger_is_corrected_and_stays_one_of_before(client, council, thu):
    day = council.decision_on
    was = Document(number="123/QĐ-UBND", signed_on=day, before=True, signer_known=False)
    was.at = clock.now()
    insert_as_owner(was)
    update_as_owner(Council.objects.filter(pk=council.pk), decision=was)
    said = {"number": "132/QĐ-UBND", "signed_on": f"{day:%d/%m/%Y}", "signer": "Trần Công Sơn"}
    said |= {"signer_capacity": "Chủ tịch UBND tỉnh", "seen": was.pk, "reason": "Gõ nhầm"}
    assert post(client, thu, "correct_basis", was.pk, **said).status_code == 302
    settle()
    became = Council.objects.get(pk=council.pk).founded
    assert (became.number, became.before, became.issuer) == ("132/QĐ-UBND", True, council.org_unit)
    assert became.direction == "outgoing" and became.signer_known


def test_a_seat_rests_on_a_decision_of_its_own(client, council, thu, minh):
    named = {"number": "200/QĐ-UBND", "signed_on": today(), "signer": "Trần Công Sơn"}
    seated = {"user": minh.pk, "seat": "member", "department": "Sở", "since": today()} | named
    text = post(client, thu, "council", council.pk, **seated).content.decode()
    assert "Bạn chưa nhập: Chức vụ người ký." in text and "200/QĐ-UBND" in text
    whole = seated | {"signer_capacity": "Chủ tịch"}
    assert post(client, thu, "council", council.pk, **whole).status_code == 302
    given = council.members.get(user=minh)
    assert (given.decision.number, given.decision.issuer) == ("200/QĐ-UBND", council.org_unit)
    assert HistoryEntry.objects.filter(event="council.seat").last().ledger == given.decision_id


def test_seats_are_given_and_ended(client, council, thu, minh, son, la):
    text = page(client, thu, "council", council.pk)
    assert "Trần Công Chủ" in text
    seated = {"user": minh.pk, "seat": "member", "department": "Sở", "since": today()}
    assert post(client, thu, "council", council.pk, **seated).status_code == 302
    again = post(client, thu, "council", council.pk, **seated).content.decode()
    assert "Nguyễn Hoàng Minh đã có trong hội đồng." in again
    chair = post(client, thu, "council", council.pk, **seated | {"user": son.pk, "seat": "chair"})
    assert "Hội đồng đã có chủ tịch." in chair.content.decode()
    wrong = post(client, thu, "council", council.pk, user="x", seat="y", since="z")
    assert wrong.content.decode().count("Lựa chọn này không có trong danh sách.") >= 2
    member = council.members.get(user=minh)
    ending = {"reason": "Chuyển công tác", **judging.typed("9/QĐ-UBND")}

    def end(**data):
        return post(client, thu, "seat_end", council.pk, member.pk, **data)

    early = end(until="01/01/2020", **ending).content.decode()
    assert "Ngày này trước ngày bắt đầu tham gia hội đồng." in early
    assert end(until=today()).status_code == 200
    assert end(until=today(), **ending).status_code == 302
    member.refresh_from_db()
    assert member.until == clock.today()
    later = f"{clock.today() + timezone.timedelta(days=60):%d/%m/%Y}"
    assert "không sửa lại được" in end(until=later, **ending).content.decode()
    member.refresh_from_db()
    assert member.until == clock.today()
    assert post(client, son, "council", council.pk, **seated).status_code == 403
    page(client, son, "council", council.pk)
    page(client, son, "seat_end", council.pk, member.pk, status=403)
    page(client, la, "council", council.pk, status=404)
    assert "chưa tham gia hội đồng nào" in page(client, la, "councils")


def test_a_seat_of_another_council_is_not_ended_here(client, council, province, thu):
    other = judging.seat(province, thu, prefix="khac_")
    member = other.members.first()
    page(client, thu, "seat_end", council.pk, member.pk, status=404)
    assert Member.objects.get(pk=member.pk).until is None


@pytest.mark.parametrize("rows", (1, 3))
def test_query_count_of_councils(client, province, thu, rows, django_assert_num_queries):
    for number in range(rows):
        judging.seat(province, thu, prefix=f"h{number}_")
    client.force_login(thu)
    with django_assert_num_queries(8):
        client.get("/councils/")


# --- Regulation -----------------------------------------------------------------------------

REGULATION = {
    "number": "20/QĐ-HĐ",
    "signed_on": "30/12/2025",
    "signer": "Trần Công Sơn",
    "signer_capacity": "Chủ tịch UBND tỉnh",
    "valid_from": "01/01/2026",
    "quorum_percent": "70",
    "chair_required": "on",
    "max_spread": "12,5",
    "scorings": "3",
    "fewest_sheets": "3",
    "batches": "2",
    "documents_days": "1",
    "same_producer": "forbid",
    "same_commune": "warn",
    "appraised": "allow",
}


def test_nothing_is_assumed_where_no_regulation_was_entered(client, province, thu):
    judging.seat(province, thu)
    assert "Phần mềm không tự giả định" in page(client, thu, "regulations")
    assert "chưa đối chiếu với quy chế của địa phương" in page(client, thu, "regulation_new")


def test_a_version_is_entered_and_the_one_before_stays(
    client, council, cycle, province, thu, an, minh
):
    data = REGULATION | {"org_unit": province.pk}
    for field, value, said in (
        ("quorum_percent", "120", "Số này quá lớn, xin xem lại."),
        ("max_spread", "nhiều", "Hãy ghi điểm bằng số, ví dụ 71,5."),
        ("scorings", "0", "từ 1 trở lên"),
        ("number", "", "Bạn chưa nhập: Số và ký hiệu."),
        ("same_producer", "x", "Lựa chọn này không có trong danh sách."),
    ):
        answer = post(client, thu, "regulation_new", **data | {field: value})
        assert said in answer.content.decode(), field
    assert Regulation.objects.count() == 1
    assert post(client, thu, "regulation_new", **data).status_code == 302
    made = Regulation.objects.get(basis__number="20/QĐ-HĐ")
    assert str(made.max_spread) == "12.5"
    text = page(client, minh, "regulations")
    assert "12,5" in text
    assert "12/QĐ-HĐ (01/02/2026)" in text
    said = HistoryEntry.objects.get(event="council.regulate")
    assert (said.stream, said.stream_id, said.actor) == ("cycle", cycle.pk, thu)
    assert (said.role, said.org_unit) == (Role.COUNCIL_OFFICE, province)
    assert said.data == {"regulation": made.pk, "document": "20/QĐ-HĐ (30/12/2025)"}
    assert text.count(f"Phạm Hoài Thu nhập {moment(said.at)}") == 1
    assert post(client, an, "regulation_new", **data).status_code == 403
    assert Regulation.objects.count() == 2


def test_without_a_cycle_to_record_it_in_no_regulation_is_entered(client, council, province, thu):
    answer = post(client, thu, "regulation_new", **REGULATION | {"org_unit": province.pk})
    assert "Chưa có chu trình nào để ghi nhật ký." in answer.content.decode()
    assert Regulation.objects.count() == 1


# --- Interests ------------------------------------------------------------------------------


def test_the_office_writes_a_members_interest_down(client, council, entry, thu, minh, la):
    member = judge(council, 1)
    where = reverse("councils:interest", args=[entry.pk])
    assert f'href="{where}"' in page(client, thu, "entry", entry.pk)
    assert f'href="{where}"' not in page(client, member.user, "entry", entry.pk)
    told = {"member": member.pk, "kind": "declared", "recused": "yes", "reason": "Em ruột"}
    for field, value, said in (
        ("member", "", "Bạn chưa chọn: Thành viên."),
        ("member", str(judge(council, 6).pk), "Lựa chọn này không có trong danh sách."),
        ("kind", "x", "Lựa chọn này không có trong danh sách."),
        ("reason", " ", "Bạn chưa nhập: Lý do."),
    ):
        answer = post(client, thu, "interest", entry.pk, **told | {field: value})
        assert said in answer.content.decode(), field
    assert not entry.interests.exists()
    assert post(client, minh, "interest", entry.pk, **told).status_code == 403
    assert post(client, la, "interest", entry.pk, **told).status_code == 404
    assert post(client, thu, "interest", entry.pk, **told).status_code == 302
    kept = entry.interests.get()
    assert (kept.member, kept.by, kept.recused) == (member, thu, True)
    assert "Em ruột" in page(client, thu, "entry", entry.pk)
    said = HistoryEntry.objects.get(event="round.declare_interest")
    assert (said.actor, said.data["who"]) == (thu, str(member.user))


def test_the_office_lets_nobody_score_whom_the_regulation_forbids(client, council, entry, thu):
    member = judge(council, 1)
    producer = entry.dossier.product.producer
    update_as_owner(type(producer).objects.filter(pk=producer.pk), representative=str(member.user))
    told = {"member": member.pk, "kind": "producer", "recused": "no", "reason": "Vẫn khách quan"}
    answer = post(client, thu, "interest", entry.pk, **told)
    wrong = {"recused": ["Quy chế không cho thành viên này chấm sản phẩm."]}
    assert answer.context["form"].errors == wrong
    assert "Vẫn khách quan" in answer.content.decode()
    assert not entry.interests.exists()


def test_a_declaration_is_changed_with_a_reason_and_what_stood_is_seen(client, council, entry, thu):
    """Whoever changes it sees what stands, by whom and when; the product's page shows both."""
    member = judge(council, 1)
    told = {"kind": "relative", "recused": "yes", "reason": "Em ruột góp vốn"}
    own = {f"interest-{name}": value for name, value in told.items()}
    assert post(client, member.user, "sheet", entry.pk, act="declare", **own).status_code == 302

    def stand():
        shown = page(client, thu, "interest", entry.pk)
        return shown, re.findall(r'name="was-interest" value="([^"]*)"', shown)

    shown, seen = stand()
    stands = "Người thân là chủ thể, người của chủ thể; không chấm sản phẩm này. Em ruột góp vốn"
    assert stands in " ".join(shown.split()) and str(member.user) in shown
    assert "niêm phong, không tính vào kết quả" in shown
    changed = {"member": member.pk, "kind": "declared", "recused": "no", "reason": "Đã thôi"}
    # A page from before it was recorded does not know of it, whatever it gives as a reason.
    late = post(
        client, thu, "interest", entry.pk, **changed, correction="Nhầm", **{"was-interest": [""]}
    )
    assert f"Trong lúc bạn ghi, {member.user} vừa ghi" in late.content.decode()
    asked = post(client, thu, "interest", entry.pk, **changed, **{"was-interest": seen})
    assert "correction" in asked.context["form"].errors and "Đã thôi" in asked.content.decode()
    same = told | {"member": member.pk, "correction": "Thử"}
    asked = post(client, thu, "interest", entry.pk, **same, **{"was-interest": seen})
    assert "giống khai báo đã ghi" in asked.content.decode()
    with pytest.raises(ConditionNotMet, match="Đã có khai báo"):
        entry.round.declare_interest(
            entry, member, kind="declared", reason="Đã thôi", recused=False, by=thu
        )
    assert entry.interests.get().recused
    changed["correction"] = "Bà Lan không còn góp vốn"
    done = post(client, thu, "interest", entry.pk, **changed, **{"was-interest": seen})
    assert done.status_code == 302
    assert not entry.interests.get().recused
    seen_after = " ".join(page(client, thu, "entry", entry.pk).split())
    history = seen_after.split("Nhật ký của sản phẩm trong đợt")[1]
    for words in ("Em ruột góp vốn", "Đã thôi", "Bà Lan không còn góp vốn", "sửa khai báo lợi ích"):
        assert words in history, words
    # A member's own change is asked for its reason too, at its field.
    again = own | {"interest-reason": "Em họ"}
    asked = post(client, member.user, "sheet", entry.pk, act="declare", **again)
    assert asked.status_code == 200 and "Hãy nêu lý do sửa" in asked.content.decode()
    again["interest-correction"] = "Em họ, không phải em ruột"
    assert post(client, member.user, "sheet", entry.pk, act="declare", **again).status_code == 302
    assert entry.interests.get().recused


def test_an_interest_recorded_for_the_wrong_member_is_taken_off(
    client, council, entry, thu, minh, la
):
    member = judge(council, 1)
    about = {"kind": "relative", "reason": "Em ruột", "by": thu}
    entry.round.declare_interest(entry, member, recused=True, **about)
    its = entry.interests.get()
    where = reverse("councils:lift_interest", args=[its.pk])
    assert f'href="{where}"' in page(client, thu, "entry", entry.pk)
    assert f'href="{where}"' not in page(client, judge(council, 0).user, "entry", entry.pk)
    shown = page(client, thu, "lift_interest", its.pk)
    assert str(member.user) in shown and "phiếu không tính vì khai báo này" in shown
    told = {
        "reason": "Nhầm người",
        "was-interest": re.search(r'interest" value="([^"]+)', shown)[1],
    }
    for who, status in ((minh, 403), (member.user, 403), (la, 404)):
        assert post(client, who, "lift_interest", its.pk, **told).status_code == status
    lacking = post(client, thu, "lift_interest", its.pk, **told | {"reason": " "})
    assert "Bạn chưa nhập: Đã ghi nhầm điều gì." in lacking.content.decode()
    late = post(client, thu, "lift_interest", its.pk, **told | {"was-interest": "1-0"})
    assert f"{thu} vừa ghi" in late.content.decode() and "Nhầm người" in late.content.decode()
    assert entry.interests.standing().exists()
    assert post(client, thu, "lift_interest", its.pk, **told).status_code == 302
    assert not entry.interests.standing().exists()
    history = " ".join(page(client, thu, "entry", entry.pk).split()).split("Nhật ký của sản phẩm")[
        1
    ]
    assert "gỡ khai báo lợi ích" in history and "Nhầm người" in history and "Em ruột" in history
    again = post(client, thu, "lift_interest", its.pk, **told | {"reason": "Lần nữa"})
    assert f"{thu} đã gỡ khai báo lợi ích này" in again.content.decode()


def test_what_the_council_kept_in_spite_of_a_spread_is_shown_before_it_is_written_anew(
    client, entry, thu
):
    entry.round.open(by=thu)
    kept = {"spread_accepted": "Đã thảo luận", "counted_scoring": 1}
    update_as_owner(RoundEntry.objects.filter(pk=entry.pk), **kept)
    assert "Đang ghi lý do «Đã thảo luận»" in page(client, thu, "accept_spread", entry.pk)


# --- Appraisal ------------------------------------------------------------------------------


#: One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def picture(name="anh.png"):
    return SimpleUploadedFile(name, PNG, content_type="image/png")


def test_the_support_team_reports_with_photos(client, entry, thu, la):
    team = judge(entry.round.council, 6).user
    text = page(client, team, "appraisal", entry.pk)
    assert "Báo cáo của xã (Mẫu 03) đủ nội dung" in text
    data = {"checked": ["0", "2"], "visited_on": today(), "findings": "Sạch", "report": "Đủ"}
    answer = post(
        client, team, "appraisal", entry.pk, photos=[picture(), picture("hai.png")], **data
    )
    assert answer.url == f"/entries/{entry.pk}/"
    made = Appraisal.objects.get()
    assert made.checked == [
        "Giấy tờ pháp lý của chủ thể còn hiệu lực",
        "Nhãn, bao bì đúng với hồ sơ công bố",
    ]
    assert (made.by, made.photos.count()) == (team, 2)
    assert "Sạch" in page(client, judge(entry.round.council, 1).user, "entry", entry.pk)
    photo = made.photos.first()
    for user, status in ((team, 200), (thu, 200), (la, 404)):
        client.force_login(user)
        answer = client.get(reverse("councils:photo", args=[photo.pk]))
        assert answer.status_code == status
        if status == 200:
            assert answer["Content-Type"] == "image/png"
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert b"".join(answer.streaming_content)[:4] == b"\x89PNG"


def test_photos_are_held_while_the_report_is_shown_again(client, entry):
    """Every wrong one is named, every right one held; one of them can be dropped."""
    team = judge(entry.round.council, 6).user
    sent = [picture("a.png"), picture("b.png")]
    sent += [SimpleUploadedFile(name, b"<svg/>") for name in ("x.svg", "y.svg")]
    asked = post(client, team, "appraisal", entry.pk, report="Đủ", photos=sent)
    said = asked.content.decode()
    for name in ("x.svg", "y.svg"):
        assert f"{name} không phải ảnh JPEG hoặc PNG." in said
    notes = re.findall(r'name="photos-held" value="([^"]+)"', said)
    assert len(notes) == 2 and all(f"Đã giữ tệp «{name}.png»" in said for name in "ab")
    told = {"photos-held": notes, "photos-drop": [notes[0]]}
    asked = post(client, team, "appraisal", entry.pk, report="", **told)
    said = asked.content.decode()
    assert "«b.png»" in said and "«a.png»" not in said and "Bạn chưa nhập" in said
    told["photos"] = [picture("b.png"), picture("c.png")]
    assert post(client, team, "appraisal", entry.pk, report="Đủ", **told).status_code == 302
    kept = Appraisal.objects.get().photos.order_by("pk")
    assert [each.filename for each in kept] == ["b.png", "c.png"]


def test_what_is_no_picture_is_named_and_nothing_is_kept(client, entry):
    team = judge(entry.round.council, 6).user
    page_of_script = b"<script>alert(1)</script>"
    for name, content, kind in (
        ("a.svg", b"<svg/>", "image/svg+xml"),
        ("b.png", page_of_script, "image/png"),
        ("c.jpg", page_of_script, "text/html"),
    ):
        file = SimpleUploadedFile(name, content, content_type=kind)
        text = post(client, team, "appraisal", entry.pk, report="Đủ", photos=[file])
        assert f"{name} không phải ảnh JPEG hoặc PNG." in text.content.decode()
    text = post(client, team, "appraisal", entry.pk, checked="99", visited_on="01/01/2099")
    said = text.content.decode()
    assert "Bạn chưa nhập: Nhận xét, đề xuất với hội đồng." in said
    assert "Lựa chọn này không có trong danh sách." in said
    assert "Ngày này chưa đến, xin xem lại." in said
    assert not Appraisal.objects.exists()
    assert not AppraisalPhoto.objects.exists()


def test_only_the_support_team_appraises(client, entry, thu, minh, la):
    council = entry.round.council
    for user in (thu, minh, judge(council, 0).user, judge(council, 5).user):
        page(client, user, "appraisal", entry.pk, status=403)
        assert post(client, user, "appraisal", entry.pk, report="Đủ").status_code == 403
    page(client, la, "appraisal", entry.pk, status=404)
    assert not Appraisal.objects.exists()


# --- The way here ---------------------------------------------------------------------------


def nav(client, user):
    """The words of the main navigation."""
    client.force_login(user)
    text = client.get("/calendar/").content.decode()
    links = re.findall(r">([^<>]+)</a>", text.split("<nav")[1].split("</nav>")[0])
    return [words.strip() for words in links]


def test_the_navigation_leads_whoever_judges(client, council, province, thu, an):
    assert "Hội đồng" in nav(client, thu)
    assert "Hội đồng" in nav(client, judge(council, 1).user)
    assert "Hội đồng" not in nav(client, an)
    assert "Hội đồng" not in nav(client, person("khach", "Khách"))
    assert "Ý kiến" not in nav(client, thu)
    y_te = person("y_te", "Bùi Thị Y")
    RoleAssignment.objects.create(
        user=y_te, role=Role.DEPARTMENT, org_unit=province, valid_from=clock.today()
    )
    assert "Ý kiến" in nav(client, y_te)


def test_a_dossier_and_its_task_lead_to_the_round(client, entry, thu, an, minh):
    dossier = entry.dossier
    paths = [f"/dossiers/{dossier.pk}/", f"/tasks/{open_task(dossier).pk}/"]
    link = f'<a href="/rounds/{entry.round_id}/">Đợt 1</a>'
    for path in paths:
        client.force_login(thu)
        assert link in re.sub(r">\s+", ">", client.get(path).content.decode())
        client.force_login(an)
        text = client.get(path).content.decode()
        assert "Đang trong đợt Đợt 1" in shown(text)
    entry.round.drop(entry, by=thu, reason="Thiếu mẫu")
    client.force_login(minh)
    assert "Chưa đưa vào đợt đánh giá nào." in client.get(paths[0]).content.decode()


def test_the_administration_reads_councils_and_changes_none(client, entry):
    client.force_login(User.objects.create_superuser("quantri"))
    for name in ("council", "regulation", "evaluationround", "closing"):
        assert client.get(f"/admin/councils/{name}/").status_code == 200
        assert client.get(f"/admin/councils/{name}/add/").status_code == 403

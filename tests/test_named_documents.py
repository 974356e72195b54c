"""What counts as a document and its signer, at every door that is opened by one."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from councils.models import Council, Member, Seat, SignedDocument
from cycle import appointing, clock
from cycle.models import Role, RoleAssignment, User, check_symbol, names_document, names_person
from cycle.models.folding import days_in
from dossiers.models import ConditionNotMet, OfficialDocument
from dossiers.office import handover
from dossiers.terms.extension import extend
from dossiers.walk import doors
from tests import judging
from tests.absence_pages import asked
from tests.absences import on_paper
from tests.appointed import PAPER, post_of
from tests.ground import kept
from tests.world import open_task, person

pytestmark = pytest.mark.django_db

NO_DOCUMENT = (".", "miệng", "x", "không", "1", "1234", "12/", "không số", "1\u200b\u2060x",
               "1\u3164\u3164\u3164x", "\u200b12/\u200b")  # fmt: skip


@pytest.mark.parametrize("text", NO_DOCUMENT)
def test_no_text_without_number_and_symbol_names_a_document(text):
    assert not names_document(text)


@pytest.mark.parametrize("text", ["12/QĐ-UBND", "1/QĐ", "15/UBND", "9/QĐ-UBND ngày 30/12/2026"])
def test_a_number_and_symbol_names_one(text):
    assert names_document(text)


@pytest.mark.parametrize("text", ["", ".", "An", ". .", "12 34", "\u200b \u200b"])
def test_what_is_no_name_of_a_person(text):
    assert not names_person(text)


def _substitute(w, text):
    handover.substitute(asked(w["post"], w["dung"], document=text), by=w["chi"])


def _lead_in_absence(w, text):
    handover.substitute(asked(w["leads"], w["dung"], document=text), by=w["minh"])


def _paper(w, text):
    given = handover.substitute(asked(w["post"], w["dung"]), by=w["chi"])
    handover.add_paper(given, document=on_paper(text), by=w["chi"])


def _hand_over(w, text):
    handover.hand_over(
        w["leads"], to=w["dung"], by=w["minh"], on=clock.today(), reason="Nghỉ",
        document=on_paper(text),
    )  # fmt: skip


def _assign(w, text):
    post = RoleAssignment(
        user=w["dung"], role=Role.OFFICER, org_unit=w["leads"].org_unit,
        valid_from=clock.today() - timedelta(days=30),
    )  # fmt: skip
    appointing.check_assignment(None, post, by=w["root"], document=text, signer="")


def _end(w, text):
    post = RoleAssignment.objects.get(pk=w["leads"].pk)
    post.valid_to = clock.today()
    before = RoleAssignment.objects.get(pk=post.pk)
    appointing.check_assignment(before, post, by=w["root"], document=text, signer="")


def _reroute(w, text):
    doors.reroute(w["task"], to=w["other"], by=w["chi"], reason="Quá tải", document=text)


def _extend(w, text):
    extend(w["task"].term, days=1, by=w["chi"], reason="Mưa lũ", document=on_paper(text))


#: Where it is named in words, with its day; and where it is typed as the ledger asks.
IN_WORDS = (_assign, _end, _reroute)
DOORS = (_substitute, _lead_in_absence, _paper, _extend, _hand_over, *IN_WORDS)


@pytest.fixture
@kept
def world(cycle, an, chi, minh, thu, commune, other_commune, province, dossier):
    judging.regulate(province)
    return {
        "an": an, "chi": chi, "minh": minh, "thu": thu, "dung": person("dung", "Lò Thị Dung"),
        "root": User.objects.create_superuser("quantri", full_name="Quản Trị"),
        "post": post_of(an, commune), "leads": post_of(chi, commune),
        "council": judging.seat(province, thu), "task": open_task(dossier),
        "other": other_commune,
    }  # fmt: skip


@pytest.mark.parametrize("text", [".", "miệng", "không", "1\u200bx"])
@pytest.mark.parametrize("door", DOORS)
def test_no_door_opens_on_a_text_that_names_none(door, text, world):
    with pytest.raises((ValidationError, ConditionNotMet)) as refused:
        door(world, text)
    assert "12/QĐ-UBND" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "12/QĐ-UBND ngày 21/11/2101", "12/QĐ ngày 1 tháng 2 năm 2101", "12/QĐ, 2101-11-21",
        "12/QĐ 21‐11‐2101/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("door", IN_WORDS)
def test_no_door_opens_on_a_document_of_a_day_to_come(door, text, world):
    with pytest.raises((ValidationError, ConditionNotMet)) as refused:
        door(world, text)
    assert "của văn bản chưa đến" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("15/QĐ-UBND ngày 21/11/2026", [date(2026, 11, 21)]),
        ("15/2026/QĐ-UBND, 2-1-2026", [date(2026, 1, 2)]),
        ("15/QĐ-UBND ngày 5 tháng 7 năm 2026", [date(2026, 7, 5)]),
        ("12/3/2031/QĐ", []), ("15/QĐ-UBND ngày 31/02/2031", []), ("26/2026/QĐ-TTg", []),
        ("15/QĐ, 30/12/26", [date(2026, 12, 30)]), ("15/QĐ 30-12-26.", [date(2026, 12, 30)]),
        ("15/QĐ ngày 30.12.26", [date(2026, 12, 30)]), ("theo Điều 6.2.27", []),
        ("15/QĐ 2099-12-30", [date(2099, 12, 30)]), ("15/QĐ (2099/12/30)", [date(2099, 12, 30)]),
        ("15/QĐ 30‐12‐2099", [date(2099, 12, 30)]), ("15/QĐ 30–12–2099", [date(2099, 12, 30)]),
        ("15/QĐ, 30/12/2099/", [date(2099, 12, 30)]), ("15/QĐ 30⁄12∕2099", [date(2099, 12, 30)]),
        ("15/QĐ-30/12/2099", [date(2099, 12, 30)]), ("15/QĐ/30/12/2099", [date(2099, 12, 30)]),
        ("15/QĐ 30 / 12 - 2099", [date(2099, 12, 30)]), ("15/QĐ 3\u200b0/12/2099", [date(2099, 12, 30)]),
        ("15/QĐ ngày 30 12 2099", [date(2099, 12, 30)]), ("３０/１２/２０９９", [date(2099, 12, 30)]),
        ("15/QĐ 30 tháng 12, 2099", [date(2099, 12, 30)]),
        ("15/QĐ ngày 30 tháng 12/2099", [date(2099, 12, 30)]),
        ("15/QĐ ngày 30 tháng 12 năm 26", [date(2026, 12, 30)]),
        ("1/QĐ 2/1/2026; 3/QĐ ngày 4 tháng 1 năm 2026; 2026-01-03", [
            date(2026, 1, 2), date(2026, 1, 4), date(2026, 1, 3),
        ]),
        ("12/2026/NQ-HĐND", []), ("số 05/12/27-BC", []), ("0912.345.678", []), ("1.2.30", []),
        ("QĐ 148/2026/QĐ-TTg", []), ("12/30/2099", []), ("quý 4/2099", []),
        ("15/QĐ ngay 30 thang 12 nam 2099", [date(2099, 12, 30)]),
        ("15/QĐ NGÀY 30 THÁNG 12 NĂM 2099", [date(2099, 12, 30)]),
    ],
)  # fmt: skip
def test_the_days_that_are_written_behind_a_number(text, days):
    assert days_in(text) == days


@pytest.mark.parametrize("signer", [".", "Chi", "Lò Thị Dung"])
def test_who_signs_for_a_leader_is_somebody_else_by_full_name(signer, world):
    paper = {"document": PAPER["document"], "document_signer": signer}
    with pytest.raises(ValidationError) as refused:
        handover.substitute(asked(world["leads"], world["dung"], **paper), by=world["minh"])
    assert list(refused.value.message_dict) == ["signer"]


@pytest.mark.parametrize("text", [".", "-", "abc", "không số", "/QĐ-UBND"])
def test_a_number_has_a_digit(text):
    with pytest.raises(ValidationError, match="phải có chữ số"):
        check_symbol(text, "number")


@pytest.mark.parametrize("made", [OfficialDocument, SignedDocument])
@pytest.mark.parametrize("field", ["number", "signer"])
def test_a_decision_has_a_number_and_the_name_of_who_signed(made, field):
    given = {"number": "12/QĐ-UBND", "signed_on": date(2026, 1, 5), "signer": "Trần Công Sơn"}
    made(**given).clean()
    with pytest.raises(ValidationError) as refused:
        made(**given | {field: "."}).clean()
    assert list(refused.value.message_dict) == [field]


def test_a_council_is_set_up_on_a_decision(world, province):
    council = Council(
        org_unit=province, name="Hội đồng", decision=judging.decided(".", clock.today()),
        valid_from=clock.today(),
    )  # fmt: skip
    member = Member(user=world["dung"], seat=Seat.MEMBER, since=clock.today())
    for act in (
        lambda: Council.set_up(council, by=world["thu"]),
        lambda: world["council"].give_seat(
            member, by=world["thu"], decision=judging.decided(".", clock.today())
        ),
        lambda: world["council"].take_seat(
            world["council"].members.first(),
            by=world["thu"],
            until=clock.today(),
            reason="Nghỉ",
            document=judging.decided(".", clock.today()),
        ),
    ):
        with pytest.raises(ValidationError) as refused:
            act()
        assert list(refused.value.message_dict) == ["number"]

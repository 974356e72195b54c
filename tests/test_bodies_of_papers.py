"""Whose a paper is: of the unit that was there on its day, wherever the dossier is today."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from cycle import clock
from cycle.models import Document, HistoryEntry, Role
from dossiers.models import ConditionNotMet, Dossier, OfficialDocument, Route, State, Task
from dossiers.walk import doors, papers
from tests import records
from tests.law_acts import corrected
from tests.merging import unit, while_it_stood
from tests.owning import insert_as_owner, save_as_owner, update_as_owner
from tests.standing import sent_up, stand
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

S = State
DAY = timedelta(days=1)
#: An hundred days ago A and B were put together to X; N was split over P, which has what nobody
#: was asked about, and Q.
NAMES = {
    "A": "Xã Na Son", "B": "Xã Keo Lôm", "X": "Xã Phình Giàng", "N": "Xã Pú Nhi",
    "P": "Xã Noong U", "Q": "Xã Tìa Dình", "W": "Xã Luân Giói",
}  # fmt: skip


@pytest.fixture
def here(cycle, province):
    first = date(2020, 1, 1)
    began = clock.today() - 100 * DAY
    last = began - DAY

    def made(code, since, until=None, to=(), **fields):
        return unit(code, province, since, until, to, name=NAMES[code], **fields)

    s = SimpleNamespace(cycle=cycle, began=began, last=last, W=made("W", first))
    s.X, s.P, s.Q = (made(code, began) for code in ("X", "P", "Q"))
    s.A, s.B = (made(code, first, last, [s.X]) for code in ("A", "B"))
    s.N = made("N", first, last, [s.P, s.Q], chosen=s.P)
    every = [getattr(s, code) for code in NAMES]
    s.officer = person("can_bo", "Lò Thị Cán", *((Role.OFFICER, each) for each in every))
    s.chair = person("chu_tich", "Quàng Văn Chi", *((Role.LEADER, each) for each in every))
    return s


def allotted(here, dossier):
    """It was of N, and Q was given it."""
    found = Dossier.objects.filter(pk=dossier.pk)
    update_as_owner(found, commune=here.Q, before_split=here.N)
    dossier.refresh_from_db()


def standing(here, code, name="Mật ong"):
    """A dossier of the commune, the chair's task waiting; «NQ»: of N, allotted to Q."""
    home = getattr(here, code[0])
    with while_it_stood(*([home] if home.valid_to else [])):
        dossier = open_dossier(here.cycle, home, here.officer, name=name)
    if code == "NQ":
        allotted(here, dossier)
    return stand(dossier, S.COMMUNE_CHECKED)


def send(here, dossier, code, day=None, **paper):
    """Send it up on the request of the commune ``code``."""
    sent_up(
        dossier, here.chair, signed_on=day or clock.today(),
        **{"signer_capacity": f"Chủ tịch UBND {NAMES[code]}"} | paper,
    )  # fmt: skip


def refused(do, *args, **given):
    with transaction.atomic(), pytest.raises(ConditionNotMet) as error:
        do(*args, **given)
    return {lack.field.removeprefix("paper-") for lack in error.value.lacks}


TODAY, BEFORE = "today", "before"
#: (the dossier's commune, whose chair signed, on which day) -> whether it may be.
SIGNED = {
    ("A", "X", TODAY): True,
    ("A", "A", BEFORE): True,
    ("A", "A", TODAY): False,
    ("A", "X", BEFORE): False,
    ("A", "B", BEFORE): False,
    ("A", "B", TODAY): False,
    ("X", "X", TODAY): True,
    ("X", "A", BEFORE): True,
    ("X", "B", BEFORE): True,
    ("X", "A", TODAY): False,
    ("NQ", "Q", TODAY): True,
    ("NQ", "N", BEFORE): True,
    ("NQ", "N", TODAY): False,
    ("NQ", "Q", BEFORE): False,
    ("NQ", "P", TODAY): False,
    ("NQ", "P", BEFORE): False,
    ("N", "P", TODAY): True,
    ("N", "Q", TODAY): False,
    ("N", "N", TODAY): False,
}


@pytest.mark.parametrize(("home", "whose", "when"), SIGNED)
def test_a_unit_signs_what_bears_a_day_of_its_own(home, whose, when, here):
    dossier = standing(here, home)
    day = clock.today() if when == TODAY else here.last
    if not SIGNED[home, whose, when]:
        assert refused(send, here, dossier, whose, day) == {"signer_capacity"}
        assert not Document.objects.exists()
        return
    send(here, dossier, whose, day)
    assert Document.objects.get().issuer == getattr(here, whose)


@pytest.mark.parametrize("home", ["A", "X", "NQ", "N"])
@pytest.mark.parametrize("when", [TODAY, BEFORE])
def test_a_chair_who_names_no_unit_is_that_of_its_day(home, when, here):
    dossier = standing(here, home)
    day = clock.today() if when == TODAY else here.last
    send(here, dossier, "X", day, signer_capacity="Chủ tịch UBND xã")
    there = {
        ("A", TODAY): here.X, ("A", BEFORE): here.A, ("X", TODAY): here.X, ("X", BEFORE): here.A,
        ("NQ", TODAY): here.Q, ("NQ", BEFORE): here.N, ("N", TODAY): here.P,
        ("N", BEFORE): here.N,
    }  # fmt: skip
    assert Document.objects.get().issuer == there[home, when]


@pytest.mark.parametrize("told", ["ended", "not yet there"])
def test_no_unit_signs_on_a_day_on_which_it_is_not_there(told, here):
    """Nobody has taken it over, or nothing is known of before it."""
    if told == "ended":
        dossier = standing(here, "N")
        here.N.main_successor = None
        save_as_owner(here.N)
        day, whose = clock.today(), "N"
    else:
        dossier = standing(here, "W")
        day, whose = date(2019, 12, 31), "W"
    dossier = Dossier.objects.with_units().get(pk=dossier.pk)
    assert refused(send, here, dossier, whose, day) == {"signed_on"}


def stopped(here, dossier, **paper):
    doors.act(
        dossier.process, "confirm_stopped", by=here.chair, reason="Đã ngừng",
        record=records.stopped(), paper=records.request(number="21/XN-UBND", **paper),
    )  # fmt: skip


def test_to_whom_a_task_was_routed_signs_for_that_task_alone(here):
    chair = {"signer_capacity": f"Chủ tịch UBND {NAMES['W']}"}
    dossier = standing(here, "A")
    insert_as_owner(Route(dossier=dossier, node="check_dossier", org_unit=here.W))
    assert refused(send, here, dossier, "W") == {"signer_capacity"}
    insert_as_owner(Route(dossier=dossier, node="sign_report", org_unit=here.W))
    send(here, dossier, "W", number="20/TTr-UBND", scan=records.scan("W"))
    assert Document.objects.get().issuer == here.W
    # Its own commune may have signed it all the same.
    other = standing(here, "A", name="Chè")
    insert_as_owner(Route(dossier=other, node="sign_report", org_unit=here.W))
    send(here, other, "X")
    assert Document.objects.last().issuer == here.X
    given = stand(standing(here, "A", name="Gạo"), S.CERTIFIED)
    insert_as_owner(Route(dossier=given, node="sign_report", org_unit=here.W))
    assert refused(stopped, here, given, **chair) == {"signer_capacity"}
    stopped(here, given, signer_capacity=f"Chủ tịch UBND {NAMES['X']}")


def right(dossier, by, **became):
    papers.correct(dossier.officialdocuments.get(), by=by, reason="Gõ nhầm", **became)


@pytest.mark.parametrize(("typed", "is_of"), [("X", "W"), ("W", "X"), ("W", ""), ("X", "X")])
def test_a_capacity_alone_that_names_another_body_is_corrected(typed, is_of, here):
    """The paper is then of the body that it names; of the one that does the act where it names
    none.
    """
    dossier = standing(here, "A")
    insert_as_owner(Route(dossier=dossier, node="sign_report", org_unit=here.W))
    send(here, dossier, typed)
    assert Document.objects.get().issuer == getattr(here, typed)
    called = f"Chủ tịch UBND {NAMES[is_of]}" if is_of else "Chủ tịch UBND xã"
    if typed == is_of:
        called = f"Phó {called}"
    right(dossier, here.chair, signer_capacity=called)
    standing_now = Document.objects.standing().get()
    assert standing_now.issuer == getattr(here, is_of or "W")
    assert standing_now.signer_capacity == called


def test_a_capacity_is_corrected_to_that_of_a_body_of_its_day(here):
    dossier = standing(here, "A")
    insert_as_owner(Route(dossier=dossier, node="sign_report", org_unit=here.W))
    send(here, dossier, "W", here.last)
    with transaction.atomic(), pytest.raises(ConditionNotMet):
        right(dossier, here.chair, signer_capacity=f"Chủ tịch UBND {NAMES['X']}")
    right(dossier, here.chair, signer_capacity=f"Chủ tịch UBND {NAMES['A']}")
    assert Document.objects.standing().get().issuer == here.A


def test_who_has_the_dossier_now_corrects_its_paper(here):
    """Of what N sent up Q has one, P the other: each chair corrects what they see."""
    mine, other = standing(here, "N"), standing(here, "N", name="Chè")
    for dossier in (mine, other):
        send(here, dossier, "N", here.last, number="21/TTr-UBND")
    allotted(here, mine)
    of = {
        code: person(f"of_{code}", f"Lò Văn {code}", (Role.LEADER, getattr(here, code)))
        for code in "PQW"
    }
    for dossier, may in ((mine, "Q"), (other, "P")):
        paper = dossier.officialdocuments.get()
        for code, user in of.items():
            assert bool(papers.may_correct(user, [paper])) is (code == may), code
            assert Dossier.objects.visible_to(user).filter(pk=dossier.pk).exists() is (code == may)
    with pytest.raises(PermissionDenied), transaction.atomic():
        right(mine, of["P"], number="22/TTr-UBND")
    right(mine, of["Q"], number="22/TTr-UBND")
    # One paper is one, in whoever's dossier it stands.
    assert other.officialdocuments.get().number == "22/TTr-UBND"


def test_what_another_unit_did_before_the_split_it_corrects(here):
    """The task was sent to W, which has it still."""
    dossier = standing(here, "N")
    task = open_task(dossier)
    insert_as_owner(Route(dossier=dossier, node=task.node, org_unit=here.W))
    Task.objects.filter(pk=task.pk).update(org_unit=here.W)
    send(here, dossier, "W")
    allotted(here, dossier)
    of = {
        code: person(f"of_{code}", f"Lò Văn {code}", (Role.LEADER, getattr(here, code)))
        for code in "QW"
    }
    paper = dossier.officialdocuments.get()
    assert papers.may_correct(of["W"], [paper]) and not papers.may_correct(of["Q"], [paper])


# --- One number of one body ---------------------------------------------------------------------


def test_one_request_for_what_came_of_several_communes(here):
    """The heir's request goes for all, and none of it may be otherwise."""
    send(here, standing(here, "A"), "X", number="21/TTr-UBND")
    for code, name in (("B", "Chè"), ("X", "Gạo")):
        dossier = standing(here, code, name=name)
        assert dossier.recent_requests(clock.today()).count() == 1
        for field, other in {
            "signed_on": {"day": clock.today() - DAY},
            "signer": {"signer": "Lò Văn Khác"},
            "scan_file": {"scan": records.scan("another")},
        }.items():
            assert refused(send, here, dossier, "X", number="21/TTr-UBND", **other) == {field}
        # Nor does another's chair sign what is known.
        for code in ("A", "P"):
            wrong = refused(send, here, dossier, code, number="21/TTr-UBND")
            assert wrong == {"signer_capacity"}
        send(here, dossier, "X", number="21/TTr-UBND")
    assert OfficialDocument.objects.count() == 3
    assert Document.objects.count() == 1


def test_what_a_split_commune_sent_up_stops_none_of_its_successors(here):
    """Each counts from one, whoever has the products of before."""
    sent = standing(here, "N")
    send(here, sent, "N", here.last)
    allotted(here, sent)
    own = standing(here, "Q", name="Chè")
    send(here, own, "Q", scan=records.scan("of Q"))
    assert [each.issuer for each in Document.objects.order_by("pk")] == [here.N, here.Q]
    # Nor is another's offered; that of before is, to what was its own.
    assert not standing(here, "P", name="Gạo").recent_requests(clock.today()).exists()
    offered = standing(here, "NQ", name="Ngô").recent_requests(clock.today())
    assert {each.document.issuer for each in offered} == {here.Q}


def sent_before(here, dossier, code, day, **fields):
    """It was sent up on a request that came to the ledger from before it: its body is not known."""
    paper = records.request(signer_capacity=f"Chủ tịch UBND {NAMES[code]}", **fields)
    document = paper.of_ledger
    document.before, document.signed_on, document.at = True, day, clock.now()
    insert_as_owner(document)
    paper = OfficialDocument.objects.create(dossier=dossier, document=document, at=clock.now())
    HistoryEntry.objects.record(
        "dossier.forward_to_province", dossier, by=here.chair, before=S.COMMUNE_CHECKED,
        after=S.AT_PROVINCE, records=[["officialdocument", paper.pk]],
    )  # fmt: skip


def test_so_it_is_with_papers_of_before_the_ledger(here):
    """Their body follows from the act, the day and whose chair signed."""
    sent_before(here, standing(here, "NQ"), "N", here.last)
    send(here, standing(here, "Q", name="Chè"), "Q", scan=records.scan("of Q"))
    request = {"number": "21/TTr-UBND", "day": clock.today()}
    sent_before(here, standing(here, "A", name="Gạo"), "X", **request)
    other = standing(here, "B", name="Ngô")
    assert refused(send, here, other, "X", signer="Lò Văn Khác", **request) == {"signer"}
    send(here, other, "X", **request)


# --- A correction of names ----------------------------------------------------------------------


def correct(here, dossier, name, **paper):
    doors.act(
        dossier.process, "correct_names", by=here.office, reason="Ghi sai tên",
        paper=records.signed_paper(**paper),
        **corrected(product_name=name, producer=dossier.product.producer),
    )  # fmt: skip


#: (who signed, under which number) -> (field that is wrong, "" where none is; the body).
CORRECTS = {
    ("Bảo vệ", "9/QĐ-ĐC"): ("signer_capacity", ""),
    ("Thư ký Chủ tịch UBND tỉnh", "9/QĐ-ĐC"): ("signer_capacity", ""),
    ("Chủ tịch UBND Xã Keo Lôm", "9/QĐ-ĐC"): ("signer_capacity", ""),
    ("Chủ tịch UBND Xã Phình Giàng", "21/TTr-UBND"): ("number", ""),
    ("Chủ tịch UBND Xã Phình Giàng", "22/TTr-UBND"): ("", "X"),
    # The province counts for itself.
    ("Chủ tịch UBND tỉnh", "21/TTr-UBND"): ("", "province"),
    ("Chủ tịch", "9/QĐ-ĐC"): ("", "province"),
    ("Giám đốc Sở Nông nghiệp và Môi trường", "9/QĐ-ĐC"): ("", "province"),
    ("Chánh Văn phòng Điều phối nông thôn mới tỉnh", "9/QĐ-ĐC"): ("", "province"),
}


@pytest.mark.parametrize(("capacity", "number"), CORRECTS)
def test_a_correction_rests_on_a_paper_of_an_office_that_is_of_no_other_act(
    capacity, number, here, province
):
    here.office = person("minh", "Nguyễn Hoàng Minh", (Role.OFFICER, province))
    here.province = province
    dossier = standing(here, "A")
    send(here, dossier, "X", number="21/TTr-UBND", scan=records.scan("21/TTr-UBND"))
    field, body = CORRECTS[capacity, number]
    its = {"number": number, "signer_capacity": capacity, "scan": records.scan("of its own")}
    if field == "number":
        its |= {"signer": "Quàng Văn Chi", "scan": records.scan("21/TTr-UBND")}
    if field:
        assert refused(correct, here, dossier, "Mật ong rừng", **its) == {field}
        return
    # The request's scan shows no other paper.
    shown = its | {"scan": records.scan("21/TTr-UBND")}
    at = {"signer" if number == "21/TTr-UBND" else "scan_file"}
    assert refused(correct, here, dossier, "Mật ong rừng", **shown) == at
    correct(here, dossier, "Mật ong rừng", **its | {"scan": records.scan("of its own")})
    assert Document.objects.last().issuer == getattr(here, body)
    # One paper corrects again, and other products.
    correct(here, dossier, "Mật ong bạc hà", **its | {"scan": records.scan("of its own")})
    other = refused(
        correct, here, dossier, "Mật ong", **its | {"signer": "Lò Khác", "scan": records.scan("z")}
    )
    assert other == {"signer", "scan_file"}

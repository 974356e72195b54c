"""Nobody appoints themselves; the administrator's hat is no post; no work is left with nobody."""

import random
import re
from contextlib import suppress
from datetime import date, timedelta
from itertools import product

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from councils.models import InterestKind, Member, Seat
from cycle import appointing, clock
from cycle.models import Document, HistoryEntry, Job, Role, RoleAssignment, Substitution, User
from dossiers.models import ConditionNotMet, Route, Task
from dossiers.office import handover
from dossiers.rules import holds_task
from dossiers.walk import doors
from notifications.audiences import workers
from notifications.dispatch import dispatch
from notifications.models import Notification
from tests import judging, records
from tests.absence_pages import TYPED, asked
from tests.absences import fresh, on_paper, substitute_for
from tests.addresses import refused_in_full_once
from tests.appointed import PAPER, add_role, change_role, named, person_form, post_of, typed
from tests.ground import kept
from tests.owning import delete_as_owner, update_as_owner
from tests.sealed_pages import addresses
from tests.sendings import scan
from tests.standing import sent_up, stand
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def dung(province):
    """Holds no role of her own."""
    return person("dung", "Lò Thị Dung")


@pytest.fixture
@kept
def root(db):
    """An administrator without a role."""
    return User.objects.create_superuser("quantri", full_name="Quản Trị")


# --- Appointer × post × favour × document ---------------------------------------------------

#: Papers: none, one without a signer, one that the maker signed, one that another signed.
PAPERS = {
    "none": {},
    "number": {"document": "15/QĐ"},
    "own": {"document": "15/QĐ", "document_signer": "Ông {maker}, Phó Chủ tịch"},
    "other": PAPER,
}
OUR_OWN = {"an": {"officer"}, "chi": {"officer", "leader"}}


def allowed_papers(maker, post, favoured):
    """The papers on which ``maker`` may name ``favoured`` for a post of the commune."""
    if maker not in ("chi", "minh", "son") and maker not in OUR_OWN:
        return set()
    if maker == "an" and post == "leader":
        return set()
    if favoured == maker:
        return {"other"}
    return {"number", "own", "other"} if post == "leader" else set(PAPERS)


@pytest.mark.parametrize(("post", "favoured"), [*product(("officer", "leader"), ("self", "dung"))])
def test_who_may_name_whom_a_substitute_on_what(post, favoured, cycle, cast, dung, root, commune):
    held = post_of(cast["an" if post == "officer" else "chi"], commune)
    makers = cast | {"root": root}
    for name, maker in makers.items():
        if name == held.user.username and favoured == "self":
            continue  # To oneself: tests/test_absence.py.
        whom = maker if favoured == "self" else dung
        may = allowed_papers(name, post, name if favoured == "self" else "dung")
        if name == "kiem" or (name, post, favoured) == ("chi", "officer", "self"):
            # An auditor only reads; who leads the commune does not stand in for its officer too.
            may = set()
        for paper, fields in PAPERS.items():
            if paper == "number":
                continue  # A document of the ledger says who signed it.
            fields = {key: text.format(maker=maker) for key, text in fields.items()}
            if paper == "own":
                fields["document"] = f"{maker.pk}/QĐ"  # One number has one signer.
            try:
                made = handover.substitute(asked(held, whom, **fields), by=fresh(maker))
            except (PermissionDenied, ValidationError):
                assert paper not in may, (name, paper)
                assert not Substitution.objects.exists()
            else:
                assert paper in may, (name, paper)
                delete_as_owner(Substitution.objects.filter(pk=made.pk))


@pytest.mark.parametrize(("post", "favoured"), [*product(("officer", "leader"), ("self", "dung"))])
def test_who_may_hand_a_post_over_to_whom_on_what(post, favoured, cycle, cast, dung, root, commune):
    held = post_of(cast["an" if post == "officer" else "chi"], commune)
    for name, maker in (cast | {"root": root}).items():
        if name == held.user.username and favoured == "self":
            continue
        whom = maker if favoured == "self" else dung
        may = allowed_papers(name, post, name if favoured == "self" else "dung")
        if name in ("an", "kiem"):
            may = set()  # Nobody hands over their own, unless they lead the unit.
        if (name, post, favoured) == ("chi", "officer", "self"):
            may = set()  # Who signs does not prepare too.
        for paper, fields in PAPERS.items():
            if paper == "number":
                continue  # A document of the ledger says who signed it.
            fields = {key: text.format(maker=maker) for key, text in fields.items()}
            if paper == "own":
                fields["document"] = f"{maker.pk}/QĐ"  # One number has one signer.
            try:
                handover.hand_over(
                    held,
                    to=whom,
                    by=fresh(maker),
                    on=clock.today() + timedelta(days=3),
                    reason="Chuyển công tác",
                    document=on_paper(**fields),
                )
            except (PermissionDenied, ValidationError):
                assert paper not in may, (name, paper)
                held.refresh_from_db()
                assert held.handed_to is None
            else:
                assert paper in may, (name, paper)
                handover.take_back(held, by=fresh(maker))


def test_a_second_sign_in_of_the_same_name_is_oneself(cycle, an, minh, commune):
    again = person("minh.2", minh.full_name)
    with pytest.raises(ValidationError, match="Không ai tự giao"):
        handover.substitute(asked(post_of(an, commune), again), by=minh)


def test_an_auditor_is_given_nothing_to_do(cycle, an, chi, kiem, commune, dossier):
    held = post_of(an, commune)
    with pytest.raises(ValidationError, match="chỉ xem"):
        handover.substitute(asked(held, kiem, **PAPER), by=chi)
    with pytest.raises(ValidationError, match="chỉ xem"):
        handover.hand_over(held, to=kiem, by=chi, on=clock.today(), reason="Nghỉ", **named())
    # One of before, or who became an auditor since, reads on and does nothing.
    substitute_for(held, kiem, chi)
    assert not Task.objects.inbox(fresh(kiem)).exists()
    assert not holds_task(fresh(kiem), open_task(dossier))
    assert rules.has_perm("dossiers.view", fresh(kiem), dossier)


# --- In sickness: at once, the paper within five working days ---------------------------------


def test_in_sickness_a_third_person_acts_at_once_and_the_paper_follows(
    cycle, an, chi, dung, la, minh, commune, dossier, client
):
    given = handover.substitute(asked(post_of(an, commune), dung, 0, 60), by=chi)
    assert list(Task.objects.inbox(fresh(dung))) == [open_task(dossier)]
    client.force_login(chi)
    assert "văn bản chậm nhất" in client.get("/absence/").content.decode()
    address = f"/absence/{given.pk}/paper/"
    assert "Bạn chưa nhập: Số và ký hiệu." in client.post(address, {"number": ""}).content.decode()
    client.post(address, TYPED | {"scan_file": scan("uy-quyen.pdf")})
    given.refresh_from_db()
    assert (str(given.paper), given.paper.signer) == ("15/QĐ-UBND (02/11/2026)", TYPED["signer"])
    assert given.paper.issuer == commune
    # The page leads to its scan, and so does nobody else's.
    page = client.get("/absence/").content.decode()
    assert str(given.paper) in page and f"/absence/{given.pk}/scan/" in page
    assert client.get(f"/absence/{given.pk}/scan/").status_code == 200
    client.force_login(la)
    assert client.get(f"/absence/{given.pk}/scan/").status_code == 404
    # The clerk's register says whom it lets act.
    client.force_login(minh)
    assert str(given) in client.get("/documents/?q=15/QĐ").content.decode()
    assert HistoryEntry.objects.get(event="role.substitute_paper").data["to"] == "Lò Thị Dung"
    with clock.at(clock.now() + timedelta(days=30)):
        handover.keep_posts()
        assert Task.objects.inbox(fresh(dung)).exists()


def test_what_was_typed_wrong_of_its_document_is_corrected_by_who_may_name_another(
    cycle, an, chi, dung, la, commune, client
):
    given = handover.substitute(asked(post_of(an, commune), dung, **PAPER), by=chi)
    at = f"/absence/{given.pk}/correct/"
    said = TYPED | {"number": "16/QĐ-UBND", "reason": "Gõ nhầm số", "seen": given.basis_id}
    for stranger in (la, dung):
        client.force_login(stranger)
        assert client.post(at, said).status_code == 404
    client.force_login(chi)
    assert at in client.get("/absence/").content.decode()
    assert "15/QĐ-UBND" in client.get(at).content.decode()
    assert "Bạn chưa nhập: Lý do." in client.post(at, said | {"reason": ""}).content.decode()
    answer = client.post(at, said | {"signed_on": "02/11/2099"})
    assert set(answer.context["form"].errors) == {"signed_on"}
    assert client.post(at, said).status_code == 302
    given = Substitution.objects.get(pk=given.pk)
    assert (given.basis.number, given.paper.number) == ("15/QĐ-UBND", "16/QĐ-UBND")
    assert (given.paper.replaces, given.paper.issuer) == (given.basis, commune)
    assert "vừa được đính chính" in client.post(at, said).content.decode()
    entry = HistoryEntry.objects.filter(event="document.correct").latest("pk")
    assert (entry.reason, entry.ledger) == ("Gõ nhầm số", given.paper.pk)


def test_without_its_paper_it_ends_and_is_listed(
    cycle, an, chi, dung, la, commune, dossier, client
):
    monday = timezone.make_aware(timezone.datetime(2026, 11, 2, 9))
    with clock.at(monday):
        given = handover.substitute(asked(post_of(an, commune), dung, 0, 60), by=chi)
        doors.claim(open_task(dossier), by=fresh(dung))
    assert given.paper_due_on.isoformat() == "2026-11-09"
    with clock.at(monday + timedelta(days=7)):
        assert Task.objects.inbox(fresh(dung)).exists()
        assert handover.keep_posts() == 0
    with clock.at(monday + timedelta(days=8)):
        # Ended on its day, whether a beat came by or not.
        assert not Task.objects.inbox(fresh(dung)).exists()
        assert holds_task(fresh(an), Task.objects.get(pk=open_task(dossier).pk))
        # It is ended, and what she had claimed is everybody's again.
        assert handover.keep_posts() == 2
        assert handover.keep_posts() == 0
        given.refresh_from_db()
        assert given.valid_to == given.paper_due_on
        assert open_task(dossier).owner is None
        entry = HistoryEntry.objects.get(event="role.substitute_lapse")
        assert (entry.actor, entry.data["to"]) == (None, "Lò Thị Dung")
        while dispatch():
            pass
        heard = Notification.objects.filter(entry=entry)
        assert {row.recipient for row in heard} == {an, dung}
        client.force_login(chi)
        assert "Lò Thị Dung" in client.get("/absence/?show=unpapered").content.decode()
        client.force_login(la)
        assert "Lò Thị Dung" not in client.get("/absence/?show=unpapered").content.decode()
        # A paper that comes late is kept, and wakes nothing.
        handover.add_paper(given, by=chi, document=on_paper(**PAPER))
        assert not Task.objects.inbox(fresh(dung)).exists()
    with pytest.raises(ValidationError, match="không chờ văn bản"):
        handover.add_paper(given, by=chi, document=on_paper(**PAPER))


def test_one_paper_is_owed_at_a_time_in_any_sequence(cycle, an, chi, minh, dung, la, commune):
    """Whoever names whom, for whatever days: no two of a post lack their paper, ever."""
    chance = random.Random(2026)
    lan = person("lan", "Lò Thị Lan")
    start = timezone.make_aware(timezone.datetime(2026, 3, 2, 9))
    refused = taken = 0
    for step in range(120):
        with clock.at(start + timedelta(days=2 * step)):
            held = RoleAssignment.objects.held_on(clock.today())
            post = held.get(user=an, org_unit=commune)
            by = chance.choice((chi, minh))
            move = chance.choice(("name", "name", "name", "end", "paper", "lapse", "anew"))
            owed = Substitution.objects.owing(post).last()
            if move == "name":
                first = chance.choice((0, 0, 3))
                wished = asked(
                    post, chance.choice((dung, la, lan)), first, first + chance.choice((0, 4, 40))
                )
                try:
                    handover.substitute(wished, by=by)
                    taken += 1
                    assert owed is None
                except ValidationError as error:
                    refused += "number" in error.message_dict
                    assert owed is not None or list(error.message_dict) == ["valid_from"]
            elif move == "end" and Substitution.objects.exists():
                with suppress(ValidationError):
                    handover.end_substitution(chance.choice(Substitution.objects.all()), by=by)
            elif move == "paper" and owed is not None and chance.random() < 0.5:
                handover.add_paper(owed, by=by, document=on_paper("15/QĐ, 02/02/2026"))
            elif move == "lapse":
                handover.keep_posts()
            elif move == "anew":
                # The post ended and given again is the same post.
                yesterday = clock.today() - timedelta(days=1)
                if post.valid_from < yesterday:
                    update_as_owner(RoleAssignment.objects.filter(pk=post.pk), valid_to=yesterday)
                    RoleAssignment.objects.create(
                        user=an, role=post.role, org_unit=commune, valid_from=clock.today()
                    )
            assert Substitution.objects.owing(post).count() <= 1
            # And no day finds somebody acting on trust past the days of one paper.
            on_trust = Substitution.objects.in_force(clock.today()).filter(
                basis=None, paper_due_on__isnull=False
            )
            assert all(row.paper_due_on >= clock.today() for row in on_trust)
    assert (taken > 5, refused > 5) == (True, True)


def test_what_is_owed_of_a_post_that_ended_is_still_recorded_by_its_leader(
    cycle, an, chi, la, dung, commune, client
):
    post = post_of(an, commune)
    given = handover.substitute(asked(post, dung, 0, 2), by=chi)
    start, yesterday = date(2020, 1, 1), clock.today() - timedelta(days=1)
    update_as_owner(RoleAssignment.objects.filter(pk=post.pk), valid_from=start, valid_to=yesterday)
    again = RoleAssignment.objects.create(
        user=an, role=post.role, org_unit=commune, valid_from=clock.today()
    )
    with pytest.raises(ValidationError, match="chưa có văn bản"):
        handover.substitute(asked(again, dung, 0, 2), by=chi)
    # Where the sentence leads: the page of absences lists it, and takes its paper.
    address = f"/absence/{given.pk}/paper/"
    client.force_login(la)
    assert client.get(address).status_code == 404
    client.force_login(chi)
    assert address in client.get("/absence/").content.decode()
    assert client.post(address, TYPED).status_code == 302
    assert handover.substitute(asked(again, dung, 3, 4), by=chi).paper_due_on


def test_what_is_owed_bars_credit_and_nothing_else(cycle, an, chi, minh, dung, la, commune, client):
    monday = timezone.make_aware(timezone.datetime(2026, 11, 2, 9))
    post = post_of(an, commune)
    with clock.at(monday):
        given = handover.substitute(asked(post, dung, 0, 2), by=chi)
    # Ended within its days or lapsed, of another substitute, by another leader: still owed.
    for days in (3, 8, 60):
        with clock.at(monday + timedelta(days=days)):
            handover.keep_posts()
            for by, whom in ((chi, la), (minh, dung)):
                with pytest.raises(ValidationError, match="Lần cử Lò Thị Dung làm thay từ 02/11"):
                    handover.substitute(asked(post, whom, 0, 3), by=by)
    with clock.at(monday + timedelta(days=60)):
        # On paper, by the holder, and for another post of hers it goes on.
        assert handover.substitute(asked(post, la, 0, 1, **PAPER), by=chi).pk
        assert handover.substitute(asked(post, la, 2, 3), by=an).pk
        other = an.role_assignments.exclude(pk=post.pk).get()
        assert handover.substitute(asked(other, la, 0, 3), by=chi).paper_due_on
        # The paper that comes late clears it.
        client.force_login(chi)
        client.post(f"/absence/{given.pk}/paper/", TYPED)
        assert handover.substitute(asked(post, dung, 4, 5), by=chi).paper_due_on


@pytest.mark.parametrize(
    ("first", "paper", "taken"),
    [(-27, {}, False), (-1, {}, False), (0, {}, True), (3, {}, True), (-27, PAPER, True)],
)
def test_without_paper_nobody_stands_in_for_days_past(
    first, paper, taken, cycle, chi, an, dung, commune
):
    wished = asked(post_of(an, commune), dung, first, 30, **paper)
    if taken:
        assert handover.substitute(wished, by=chi).pk
    else:
        with pytest.raises(ValidationError, match="bắt đầu từ hôm nay"):
            handover.substitute(wished, by=chi)
        assert not Substitution.objects.exists()


def test_nobody_stands_in_on_both_sides_of_the_desk(cycle, an, chi, dung, minh, commune):
    officer, leader = post_of(an, commune), post_of(chi, commune)
    for post, whom in ((leader, an), (officer, chi)):
        with pytest.raises(ValidationError, match="không giữ thêm"):
            handover.substitute(asked(post, whom, **PAPER), by=minh)
    handover.substitute(asked(officer, dung, 0, 7), by=minh)
    with pytest.raises(ValidationError, match="không giữ thêm"):
        handover.substitute(asked(leader, dung, 7, 9, **PAPER), by=minh)
    # From the day after the first has ended.
    assert handover.substitute(asked(leader, dung, 8, 9, **PAPER), by=minh).pk
    # Nor does who has both by posts of before the rule get more.
    RoleAssignment.objects.create(
        user=an, role=Role.LEADER, org_unit=commune, valid_from=clock.today()
    )


@pytest.mark.parametrize(
    ("back", "fields", "taken"),
    [(27, {}, False), (1, {}, False), (0, {}, True), (27, typed(), True)],
)
def test_a_role_of_days_past_is_given_on_a_document(
    back, fields, taken, client, root, dung, son, commune
):
    a_leader_signed_in(son)
    client.force_login(root)
    day = clock.today() - timedelta(days=back)
    answer = add_role(client, dung, "officer", commune, valid_from=f"{day:%Y-%m-%d}", **fields)
    assert RoleAssignment.objects.filter(user=dung).exists() == taken
    if not taken:
        assert "Không có văn bản thì vai trò bắt đầu từ hôm nay" in answer.content.decode()


def test_without_paper_another_is_named_for_the_next_days_only(cycle, an, dung, chi, commune):
    post = post_of(an, commune)
    with pytest.raises(ValidationError, match="trong 7 ngày tới") as refused:
        handover.substitute(asked(post, dung, 8, 12), by=chi)
    assert list(refused.value.message_dict) == ["valid_from"]
    assert handover.substitute(asked(post, dung, 7, 12), by=chi).paper_due_on


def test_the_holder_owes_no_paper(cycle, an, dung, commune):
    assert handover.substitute(asked(post_of(an, commune), dung), by=an).paper_due_on is None


# --- What a claim binds -----------------------------------------------------------------------


def test_a_substitute_does_what_the_absent_officer_had_claimed(dossier, an, dung, la, commune):
    doors.claim(open_task(dossier), by=an)
    substitute_for(post_of(an, commune), dung, an)
    doors.complete(open_task(dossier), "register_idea", by=fresh(dung), record=records.idea())
    assert dossier.history.last().acting_for == an


def test_and_the_officer_what_the_substitute_had(dossier, an, dung, commune):
    substitute_for(post_of(an, commune), dung, an)
    doors.claim(open_task(dossier), by=fresh(dung))
    doors.complete(open_task(dossier), "register_idea", by=fresh(an), record=records.idea())


def test_who_left_binds_nobody(dossier, an, commune):
    lan = person("lan", "Lò Thị Lan", (Role.OFFICER, commune))
    doors.claim(open_task(dossier), by=lan)
    assert not holds_task(fresh(an), open_task(dossier))
    update_as_owner(User.objects.filter(pk=lan.pk), is_active=False)
    assert holds_task(fresh(an), open_task(dossier))
    assert handover.keep_posts() == 1
    assert open_task(dossier).owner is None
    assert dossier.history.last().event == "task.release"


# --- Both ends of one dossier -------------------------------------------------------------------


def test_nobody_sends_from_the_commune_and_receives_at_the_province(
    dossier, chi, minh, son, commune, province
):
    dossier = stand(dossier, "commune_checked")
    second = person("lan", "Lò Thị Lan", (Role.OFFICER, province))
    # Who would receive it does not send it, then there would be nobody.
    substitute_for(post_of(chi, commune), minh, son, document="15/QĐ")
    with pytest.raises(ConditionNotMet, match="không vừa chuyển"):
        doors.complete(open_task(dossier), "forward_to_province", by=fresh(minh))
    sent_up(dossier, chi)
    # Who sent it does not receive it, in whoever's name.
    substitute_for(post_of(second, province), chi, son, document="15/QĐ")
    for act in ("accept_at_province", "return_for_supplement"):
        with pytest.raises(ConditionNotMet, match="không vừa chuyển"):
            doors.complete(open_task(dossier), act, by=fresh(chi), reason="Thiếu mẫu")
    doors.complete(open_task(dossier), "accept_at_province", by=second)


def test_who_received_it_does_not_send_it_again(dossier, chi, minh, son, commune, province):
    dossier = stand(dossier, "commune_checked")
    sent_up(dossier, chi)
    doors.complete(open_task(dossier), "return_for_supplement", by=minh, reason="Thiếu mẫu")
    dossier = stand(dossier, "commune_checked")
    update_as_owner(RoleAssignment.objects.filter(user=minh), role=Role.CLERK)
    substitute_for(post_of(chi, commune), minh, son, document="15/QĐ")
    with pytest.raises(ConditionNotMet, match="không vừa chuyển"):
        doors.complete(open_task(dossier), "forward_to_province", by=fresh(minh))
    doors.complete(open_task(dossier), "return_to_officer", by=fresh(minh), reason="Xem lại")


def test_what_the_law_puts_in_one_hand_is_no_clash(dossier_of_three, binh, hung):
    dossier = stand(dossier_of_three, "at_district")
    doors.complete(open_task(dossier), "accept_at_district", by=binh)
    dossier = stand(dossier, "district_ranked")
    # The desk that checked it types what its leader signed.
    doors.complete(
        open_task(dossier),
        "forward_to_province",
        by=binh,
        paper=records.signed_paper(),
        reason="Đủ điều kiện",
    )


# --- Councils -----------------------------------------------------------------------------------


def test_nobody_seats_themselves(province, thu):
    council = judging.seat(province, thu)
    with pytest.raises(ConditionNotMet, match="Không ai tự đưa mình"):
        council.give_seat(Member(user=thu, seat=Seat.MEMBER, since=clock.today()), by=thu)
    kept = council.members.first()
    assert (kept.made_by, kept.decision) == (thu, council.decision)


@pytest.mark.parametrize("kind", (InterestKind.PRODUCER, InterestKind.RELATIVE))
def test_nobody_judges_their_own_or_a_relatives(kind, cycle, commune, an, province, thu):
    judging.regulate(province, same_producer="allow")
    council = judging.seat(province, thu)
    round_ = judging.begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    entry, member = round_.entries.get(), council.members.get(seat=Seat.CHAIR)
    with pytest.raises(ConditionNotMet, match="người thân"):
        round_.declare_interest(
            entry, member, kind=kind, reason="Em ruột", recused=False, by=member.user
        )
    round_.declare_interest(
        entry, member, kind=kind, reason="Em ruột", recused=True, by=member.user
    )


def test_the_producers_own_person_never_scores_whatever_the_regulation_says(
    cycle, commune, an, province, thu
):
    judging.regulate(province, same_producer="allow")
    council = judging.seat(province, thu)
    round_ = judging.begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    entry, member = round_.entries.get(), council.members.get(seat=Seat.CHAIR)
    entry.dossier.product.producer.representative = str(member.user)
    assert (InterestKind.PRODUCER, "forbid") in round_.conflicts(entry, member)


# --- The administration -------------------------------------------------------------------------


def problems_of(answer):
    """What the administration refused."""
    return answer.context and answer.context["adminform"].form.errors.as_json(escape_html=False)


def a_leader_signed_in(son):
    User.objects.filter(pk=son.pk).update(last_login=timezone.now())


@pytest.mark.parametrize(
    ("whom", "role", "signed_in", "paper", "taken"),
    [
        ("dung", "officer", True, "none", True),
        ("dung", "leader", True, "none", False),
        ("dung", "leader", True, "number", True),
        ("dung", "leader", False, "none", True),
        ("root", "officer", True, "none", False),
        ("root", "officer", True, "number", False),
        ("root", "officer", True, "own", False),
        ("root", "officer", True, "other", False),
        ("root", "leader", False, "none", False),
        ("kiem", "officer", True, "other", False),
    ],
)
def test_what_roles_an_administrator_gives(
    whom, role, signed_in, paper, taken, client, root, dung, kiem, son, commune
):
    if signed_in:
        a_leader_signed_in(son)
    client.force_login(root)
    user = {"dung": dung, "root": root, "kiem": kiem}[whom]
    said = {key: text.format(maker=root) for key, text in PAPERS[paper].items()}
    fields = typed(**said) if said else {}
    today = f"{clock.today():%Y-%m-%d}"
    answer = add_role(client, user, role, commune, valid_from=today, **fields)
    made = RoleAssignment.objects.filter(user=user, role=role)
    assert made.exists() == taken, problems_of(answer)
    if taken:
        entry = HistoryEntry.objects.get(event="role.assign")
        assert (entry.stream, entry.stream_id, entry.actor) == ("person", user.pk, root)
        assert entry.data["assignment"] == made.get().pk
        assert entry.data.get("bootstrap", False) == (role == "leader" and not signed_in)
        assert made.get().made_by == root
        assert (made.get().paper and made.get().paper.number) == fields.get("number")
    else:
        assert not HistoryEntry.objects.filter(event__startswith="role.").exists()


def test_a_role_ends_in_the_record_and_never_backwards(client, root, chi, son, dung, commune):
    a_leader_signed_in(son)
    client.force_login(root)
    held = post_of(chi, commune)
    today = clock.today()
    early, now = today - timedelta(days=20), today - timedelta(days=1)
    for fields, said in (
        ({"valid_to": f"{early:%Y-%m-%d}"} | typed(), "Không kết thúc lùi ngày"),
        ({"valid_to": f"{now:%Y-%m-%d}"}, "chỉ kết thúc bằng văn bản"),
        ({"role": "officer"}, "chỉ sửa được ngày kết thúc"),
        ({"user": dung.pk}, "chỉ sửa được ngày kết thúc"),
        ({"valid_to": "2019-01-01"}, "phải sau ngày bắt đầu"),
    ):
        answer = change_role(client, held, **fields)
        assert said in answer.content.decode(), fields
        held.refresh_from_db()
        assert (held.user, held.role, held.valid_to) == (chi, "leader", None)
    answer = change_role(client, held, valid_to=f"{now:%Y-%m-%d}", **typed())
    assert answer.status_code == 302, problems_of(answer)
    entry = HistoryEntry.objects.get(event="role.end")
    assert (entry.actor, entry.data["document"]) == (root, "15/QĐ-UBND (02/11/2026)")
    assert Document.objects.get(pk=entry.ledger).issuer == commune
    answer = add_role(
        client, chi, "leader", commune, valid_from="2021-01-01", valid_to="2021-12-31", **typed()
    )
    assert "đã có vai trò này ở đơn vị này" in answer.content.decode()
    # To prolong is to give.
    held.refresh_from_db()
    assert "chỉ giao bằng văn bản" in change_role(client, held, valid_to="").content.decode()
    assert change_role(client, held, valid_to="", **typed()).status_code == 302
    assert HistoryEntry.objects.filter(event="role.prolong").exists()


def test_a_role_on_a_persons_own_page_is_recorded_too(client, root, dung, commune):
    client.force_login(root)
    answer = client.post(f"/admin/cycle/user/{dung.pk}/change/", person_form(dung, commune))
    assert answer.status_code == 302
    entry = HistoryEntry.objects.get(event="role.assign")
    assert (entry.label, entry.actor, entry.data["post_role"]) == ("Lò Thị Dung", root, "officer")
    assert dung.role_assignments.get().made_by == root


def test_what_an_administrator_does_to_an_account_is_recorded(client, root, dung):
    client.force_login(root)
    address = f"/admin/cycle/user/{dung.pk}/change/"
    assert client.post(address, person_form(dung, is_staff="on")).status_code == 302
    assert client.post(address, person_form(dung, is_active=None)).status_code == 302
    assert client.post(address, person_form(dung)).status_code == 302
    said = HistoryEntry.objects.filter(stream="person", stream_id=dung.pk).order_by("seq")
    assert [entry.event for entry in said] == [
        "person.staff",
        "person.deactivate",
        "person.staff",
        "person.activate",
    ]
    assert {entry.actor for entry in said} == {root}


# --- The hat is no post -------------------------------------------------------------------------

#: Pages that anybody signed in has: what lies on them is their own.
THEIR_OWN = {
    "", "absence/", "certificates/", "councils/", "dossiers/", "ending/", "handover/", "healthz",
    "healthz/live", "inbox/", "jobs/", "outreach/", "outreach/coverage/", "outreach/plan/", "promotions/", "support/", "councils/regulation/", "notifications/", "notifications/bell/", "notifications/preferences/",
    "many/", "opinions/", "profile/", "register/", "register/certificates/", "rounds/", "rubrics/",
    "calibration/", "activate/", "profile/contact/", "help/", "potential/", "register/missing/",
    "register/printed/",
    "password/forgotten/", "password/new/",
    # The dates of the year are everybody's; of letters each sees their own.
    "terms/<int:pk>/", "people/<int:pk>/letters/",
}  # fmt: skip


@pytest.mark.walk
@pytest.mark.slow(reason="every address with every number, read and posted")
@refused_in_full_once()
def test_the_administrators_hat_opens_nothing_and_changes_nothing(
    cast, cycle, commune, an, minh, dossier, province, thu, client
):
    """A walk over all addresses with all numbers there are, by GET and by POST."""
    staff = User.objects.create_user("it", full_name="Nhân viên IT", is_staff=True)
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = judging.begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    given = substitute_for(post_of(an, commune), cast["la"], an)
    job = Job.objects.create(kind="recalculate_terms", by=minh, created_at=clock.now())
    post = post_of(an, commune)
    numbers = {
        *(row.pk for row in (dossier, open_task(dossier), council, round_, given, job, post)),
        round_.entries.get().pk,
        *council.members.values_list("pk", flat=True)[:1],
        *dossier.terms.values_list("pk", flat=True)[:1],
    }
    filled = {
        "act": "claim", "assignment": post.pk, "substitute": staff.pk, "to": staff.pk,
        "posts": post.pk, "reason": "Thử", "on": f"{clock.today():%d/%m/%Y}",
        "valid_from": f"{clock.today():%d/%m/%Y}", "valid_to": f"{clock.today():%d/%m/%Y}",
        "document": "15/QĐ", "document_signer": "Giàng A Ký", "task": open_task(dossier).pk,
        "pk": "all", "day": "01/01/2027", "user": staff.pk, "seat": "member",
        "since": f"{clock.today():%d/%m/%Y}",
    }  # fmt: skip

    def all_there_is():
        return (
            HistoryEntry.objects.count(),
            list(Task.objects.order_by("pk").values()),
            list(RoleAssignment.objects.order_by("pk").values()),
            list(Substitution.objects.order_by("pk").values()),
            list(Job.objects.order_by("pk").values()),
            list(Member.objects.order_by("pk").values()),
            Route.objects.count(),
        )

    before = all_there_is()
    client.force_login(staff)
    opened = set()
    for route in addresses():
        if "<slug:token>" in route or "<str:token>" in route or route.startswith("c/"):
            continue
        for number in sorted(numbers) if "<" in route else [0]:
            address = "/" + _filled(route, number)
            for answer in (client.get(address), client.post(address, filled)):
                if answer.status_code == 200:
                    text = (
                        b"".join(answer.streaming_content) if answer.streaming else answer.content
                    )
                    assert "Mật ong".encode() not in text, address
                    assert str(an).encode() not in text, address
                    opened.add(route)
    assert opened <= THEIR_OWN | {r for r in opened if r.startswith("rubrics/")}, opened
    assert all_there_is() == before
    for permission in ("change_calendar", "see_calendar", "begin"):
        assert not rules.has_perm(f"dossiers.{permission}", staff)


def _filled(route, number):
    route = re.sub(r"<int:\w+>", str(number), route)
    return re.sub(r"<[^>]+>", "minutes", route)


def test_a_superuser_without_a_role_runs_the_system_and_nothing_else(client, root, dossier):
    client.force_login(root)
    assert client.get("/operations/").status_code == 200
    # Who sets the office up sees whether its days off are there.
    assert client.get("/calendar/").status_code == 200
    assert client.post("/calendar/").status_code == 403
    for address in ("/reports/week/", "/absence/new/", "/dossiers/new/"):
        assert client.get(address).status_code == 403, address
    assert client.get(f"/dossiers/{dossier.pk}/").status_code == 404


# --- No work without somebody who can do it -------------------------------------------------------


def can_act(task):
    """Everybody who could do the task now."""
    task = Task.objects.get(pk=task.pk)
    return {user.username for user in User.objects.filter(is_active=True) if holds_task(user, task)}


def _reroute(task, w):
    doors.reroute(task, to=w["empty"], by=w["chi"], reason="Quá tải", document="15/UBND")


def _reassign(task, w):
    doors.reassign(task, to=w["dung"], by=w["chi"], reason="Nghỉ")


def _substitute(task, w):
    gone = person("gone", "Đã Nghỉ")
    update_as_owner(User.objects.filter(pk=gone.pk), is_active=False)
    gone.refresh_from_db()
    handover.substitute(asked(w["post"], gone), by=w["chi"])


def _hand_over(task, w):
    gone = person("gone", "Đã Nghỉ")
    update_as_owner(User.objects.filter(pk=gone.pk), is_active=False)
    gone.refresh_from_db()
    handover.hand_over(w["post"], to=gone, by=w["chi"], on=clock.today(), reason="Nghỉ")


def _hand_over_later(task, w):
    day = clock.today() + timedelta(days=2)
    handover.hand_over(w["post"], to=w["dung"], by=w["chi"], on=day, reason="Nghỉ")


def _end_role(task, w):
    w["client"].force_login(w["root"])
    change_role(w["client"], w["post"], valid_to=f"{clock.today() - timedelta(days=1):%Y-%m-%d}")


def _end_role_later(task, w):
    w["client"].force_login(w["root"])
    change_role(w["client"], w["post"], valid_to=f"{clock.today() + timedelta(days=1):%Y-%m-%d}")


def _deactivate(task, w):
    w["client"].force_login(w["root"])
    w["client"].post(
        f"/admin/cycle/user/{w['an'].pk}/change/", person_form(w["an"], is_active=None)
    )


MOVES = {
    move.__name__: move
    for move in (
        _reroute,
        _reassign,
        _substitute,
        _hand_over,
        _hand_over_later,
        _end_role,
        _end_role_later,
        _deactivate,
    )
}


@pytest.mark.parametrize("claimed", (True, False))
@pytest.mark.parametrize("name", sorted(MOVES))
def test_no_act_leaves_a_task_with_nobody(
    name, claimed, dossier, an, chi, dung, root, commune, other_commune, client
):
    task = open_task(dossier)
    if claimed:
        doors.claim(task, by=an)
    world = {
        "an": an, "chi": chi, "dung": dung, "root": root, "client": client,
        "empty": other_commune, "post": post_of(an, commune),
    }  # fmt: skip
    with suppress(ConditionNotMet, ValidationError):
        MOVES[name](open_task(dossier), world)
    for days in (0, 1, 2, 3):
        with clock.at(clock.now() + timedelta(days=days)):
            assert can_act(task), days
            assert Task.objects.inbox(User.objects.get(username=min(can_act(task)))).exists()


def test_the_last_who_could_stays(client, root, an, commune, dossier):
    client.force_login(root)
    held = post_of(an, commune)
    yesterday = f"{clock.today() - timedelta(days=1):%Y-%m-%d}"
    answer = change_role(client, held, valid_to=yesterday)
    assert "Còn 1 việc đang mở mà không ai khác giữ vai trò này" in answer.content.decode()
    address = f"/admin/cycle/user/{an.pk}/change/"
    answer = client.post(address, person_form(an, is_active=None))
    assert "Còn 1 việc đang mở" in answer.content.decode()
    an.refresh_from_db()
    assert an.is_active
    # With a colleague there, both may be.
    person("lan", "Lò Thị Lan", (Role.OFFICER, commune))
    answer = change_role(client, held, valid_to=yesterday)
    assert answer.status_code == 302, problems_of(answer)


def test_the_leader_of_another_unit_sees_none_of_the_persons_other_work(
    cycle, dossier, an, chi, commune, old_commune, client
):
    doors.claim(open_task(dossier), by=an)
    pu_nhi = person("pu", "Giàng A Pủ", (Role.LEADER, old_commune))
    client.force_login(pu_nhi)
    page = client.get(f"/handover/{post_of(an, old_commune).pk}/").content.decode()
    assert "Mật ong rừng Nà Tấu" not in page
    client.force_login(chi)
    page = client.get(f"/handover/{post_of(an, commune).pk}/").content.decode()
    assert "Mật ong rừng Nà Tấu" in page


def test_work_is_counted_by_one_function_of_each_app():
    assert handover.open_work in appointing._works


def test_who_acts_for_an_absent_owner_hears_what_the_owner_hears(dossier, an, dung, la, commune):
    task = open_task(dossier)
    doors.claim(task, by=an)
    assert workers(open_task(dossier)) == {an.pk}
    substitute_for(post_of(an, commune), dung, an)
    assert workers(open_task(dossier)) == {an.pk, dung.pk}

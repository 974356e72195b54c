"""More time on a recorded document: who may give it, how much, and what follows."""

from datetime import date, datetime

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from cycle import clock, documents
from cycle.models import Document, OutboxMessage, Role
from dossiers.models import Term
from dossiers.terms.extension import extend
from dossiers.walk import doors
from tests import records
from tests.absences import fresh, on_paper, substitute_for
from tests.appointed import post_of
from tests.owning import save_as_owner, update_as_owner
from tests.sendings import scan
from tests.standing import with_compulsory_papers
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db

REASON = "Mưa lũ chia cắt đường"
#: As the page asks for it.
TYPED = {
    "days": "3",
    "reason": REASON,
    "number": "15/VPĐP",
    "signed_on": "16/11/2026",
    "body": "UBND xã Nà Tấu",
    "signer": "Giàng A Ký",
    "signer_capacity": "Chủ tịch",
}


def asked(**change):
    """The same as the door takes it."""
    said = {"days": 3, "reason": REASON, "document": "15/VPĐP"} | change
    return said | {"document": on_paper(said["document"])}


def at(year, month, day, hour=9):
    return timezone.make_aware(datetime(year, month, day, hour))


@pytest.fixture
def monday(cycle, commune, an):
    """A dossier opened on Monday 16/11/2026, its task due in ten working days: 30/11/2026."""
    with clock.at(at(2026, 11, 16)):
        yield open_dossier(cycle, commune, an)


@pytest.fixture
def legal(monday, an):
    """The commune's 15 working days (D1), which no document may extend."""
    doors.act(monday.process, "enter_late", by=an, entered_as="existing", reason="Sản phẩm có sẵn")
    with_compulsory_papers(monday, an)
    doors.complete(open_task(monday), "submit_dossier", by=an, record=records.self_assessment())
    return monday.terms.get(code="D1")


def approvers(cast, term):
    assert not rules.has_perm("dossiers.extend_term", None, term)
    return {
        name for name, user in cast.items() if rules.has_perm("dossiers.extend_term", user, term)
    }


def test_the_leader_of_the_unit_and_those_above_may_and_nobody_for_themselves(
    cast, dossier_of_three, monday
):
    assert approvers(cast, open_task(monday).term) == {"chi", "minh", "son"}
    assert approvers(cast, open_task(dossier_of_three).term) == {
        "chi",
        "binh",
        "hung",
        "minh",
        "son",
    }


def test_no_number_is_taken_in_the_register_of_a_unit_above(monday, chi):
    """A leader of the commune extends on a paper of the commune, or on one that the province has."""
    term = open_task(monday).term
    above = term.org_unit.at_level("province")
    said = asked()
    said["document"].outside = f"UBND {above}"
    with pytest.raises(ValidationError, match="chưa có số này"):
        extend(term, by=chi, **said)
    assert not Document.objects.exists()


def test_the_task_follows_and_the_record_says_why(monday, chi):
    task = open_task(monday)
    extend(task.term, by=chi, **asked())
    task = open_task(monday)
    assert (task.due_on, task.due_at) == (task.term.due_on, task.term.due_at)
    assert task.due_on == date(2026, 12, 3)
    assert task.term.original_due_on == date(2026, 11, 30)
    entry = monday.history.last()
    assert (entry.event, entry.actor, entry.role) == ("term.extend", chi, "leader")
    assert entry.reason == "Mưa lũ chia cắt đường (15/VPĐP)"
    assert (entry.data["term"], entry.data["due_was"], entry.data["due_on"]) == (
        task.term.pk,
        "2026-11-30",
        "2026-12-03",
    )
    assert OutboxMessage.objects.filter(entry=entry).count() == 1
    line = task.term.events.last()
    assert (line.kind, line.by, line.paper) == ("extend", chi, "15/VPĐP (16/11/2026)")
    assert (line.basis.issuer, entry.ledger) == (task.org_unit, line.basis_id)


def test_its_document_is_corrected_where_it_is_shown(client, monday, chi, an, la):
    term = open_task(monday).term
    extend(term, by=chi, **asked())
    line = term.events.last()
    place, page = reverse("dossiers:term", args=[term.pk]), [term.pk, line.pk]
    at = reverse("dossiers:term_correct", args=page)
    wrong = TYPED | {"number": "16/VPĐP", "reason": "Gõ nhầm", "seen": line.basis_id}
    # Who may not extend it today corrects nothing; a stranger finds nothing.
    for user in (an, la):
        client.force_login(user)
        assert client.post(at, wrong).status_code == 404
    assert at not in signed(client, an).get(place).content.decode()
    assert at in signed(client, chi).get(place).content.decode()
    # A number of the province's register is not taken, nor one that is no number.
    above = wrong | {"body": f"UBND {term.org_unit.at_level('province')}"}
    for typed in (above, wrong | {"number": ""}, wrong | {"number": "\x00"}):
        assert list(client.post(at, typed).context["form"].errors) == ["number"]
    gone = reverse("dossiers:term_correct", args=[term.pk + 1, line.pk])
    assert client.get(gone).status_code == 404
    assert client.post(at, wrong).status_code == 302
    assert term.events.last().paper == "16/VPĐP (16/11/2026)"
    assert "16/VPĐP (16/11/2026)" in client.get(place).content.decode()
    # What another page had, somebody corrected meanwhile.
    assert list(client.post(at, wrong).context["form"].errors) == ["seen"]


def signed(client, user):
    client.force_login(user)
    return client


def test_the_officer_cannot_give_themselves_time(monday, an):
    with pytest.raises(PermissionDenied):
        extend(open_task(monday).term, by=an, **asked())
    assert open_task(monday).due_on == date(2026, 11, 30)
    assert events(monday) == ["dossier.open"]


@pytest.mark.parametrize("absent", ["minh", "son"])
def test_nor_by_standing_in_for_who_could(cast, monday, an, province, absent):
    term = open_task(monday).term
    post = post_of(cast[absent], province)
    substitute_for(post, an, cast["son"], document="1/QĐ-UBND")
    assert any(held.pk == post.pk for held in fresh(an).assignments())
    with pytest.raises(PermissionDenied):
        extend(term, by=fresh(an), **asked())


@pytest.mark.parametrize("absent", ["minh", "son"])
def test_another_who_stands_in_may(cast, monday, province, absent):
    dung = person("dung", "Lò Thị Dung")
    substitute_for(post_of(cast[absent], province), dung, cast["son"], document="1/QĐ-UBND")
    assert rules.has_perm("dossiers.extend_term", fresh(dung), open_task(monday).term)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"days": 11}, "tối đa 10"),
        ({"document": "VPĐP"}, "cần số và ký hiệu"),
        ({"document": "15/VPĐP ngày 21/11/2027"}, "ở tương lai"),
        ({"reason": ""}, "lý do"),
        ({"days": 0}, "Không gia hạn được"),
    ],
)
def test_what_the_law_forbids_is_refused_and_nothing_changes(monday, chi, change, sentence):
    with pytest.raises(ValidationError, match=sentence):
        extend(open_task(monday).term, by=chi, **asked(**change))
    assert open_task(monday).due_on == date(2026, 11, 30)
    assert events(monday) == ["dossier.open"]


def test_a_clock_of_the_law_without_room_cannot_be_extended(legal, chi):
    with pytest.raises(ValidationError, match="tối đa 0"):
        extend(legal, by=chi, **asked())
    legal.rule.extension_limit = 5
    save_as_owner(legal.rule)
    update_as_owner(Term.objects.filter(pk=legal.pk), extension_limit=5)
    assert extend(legal, by=chi, **asked()).due_on == date(2026, 12, 10)


def test_a_finished_clock_cannot_be_extended(monday, an, chi):
    term = open_task(monday).term
    doors.complete(open_task(monday), "register_idea", by=an, record=records.idea())
    with pytest.raises(ValidationError, match="Không gia hạn được"):
        extend(term, by=chi, **asked())


# --- The page -------------------------------------------------------------------------------


def test_the_leader_extends_on_the_page(client, monday, chi):
    client.force_login(chi)
    term = open_task(monday).term
    why = f"/terms/{term.pk}/"
    assert f'href="{why}extend/"' in client.get(why).content.decode()
    assert "còn được gia hạn 10" in client.get(f"{why}extend/").content.decode()
    answer = client.post(f"{why}extend/", TYPED | {"scan_file": scan("gia-han.pdf")}, follow=True)
    assert answer.redirect_chain == [(why, 302)]
    page = answer.content.decode()
    assert "hạn mới 03/12/2026 (trước đó 30/11/2026)" in page
    assert "Gia hạn thêm 3 ngày làm việc." in page
    assert "15/VPĐP (16/11/2026)" in page
    # The clerk's register leads to the term.
    clerk = person("van_thu", "Văn thư tỉnh", (Role.CLERK, term.org_unit.parent))
    client.force_login(clerk)
    assert f'href="{why}"' in client.get("/documents/?q=15/VPĐP").content.decode()
    # What was typed wrong is corrected there, and the term says so.
    paper = term.events.last().basis
    right = documents.correct(paper, by=clerk, reason="Gõ nhầm số", number="16/VPĐP")
    assert term.events.last().paper == str(right)


def test_a_refusal_keeps_what_was_typed(client, monday, chi):
    client.force_login(chi)
    url = f"/terms/{open_task(monday).term.pk}/extend/"
    page = client.post(url, TYPED | {"days": "11"}).content.decode()
    assert "Chỉ được gia hạn thêm tối đa 10." in page
    assert 'value="15/VPĐP"' in page
    page = client.post(url, TYPED | {"number": ""}).content.decode()
    assert "Bạn chưa nhập: Số và ký hiệu." in page
    assert open_task(monday).due_on == date(2026, 11, 30)


def test_the_officer_is_told_it_is_not_theirs_and_a_stranger_finds_nothing(client, monday, an, la):
    url = f"/terms/{open_task(monday).term.pk}/extend/"
    client.force_login(an)
    assert client.get(url).status_code == 403
    assert client.post(url, TYPED).status_code == 403
    client.force_login(la)
    assert client.post(url, TYPED).status_code == 404
    assert open_task(monday).due_on == date(2026, 11, 30)

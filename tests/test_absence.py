"""When an officer is away: somebody acts for them, and the record names both."""

from datetime import date, timedelta

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from cycle import clock
from cycle.models import Document, HistoryEntry, OrgUnit, Role, RoleAssignment, Substitution
from dossiers.models import Task
from dossiers.office import bases
from dossiers.office.handover import end_substitution, substitutable_by, substitute
from dossiers.walk import doors
from notifications.dispatch import dispatch
from notifications.models import Notification
from tests import records
from tests.absence_pages import asked
from tests.absences import fresh, of_ledger, substitute_for
from tests.ground import kept
from tests.owning import save_as_owner
from tests.pages import shown
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def dung(province):
    """Holds no role of her own."""
    return person("dung", "Lò Thị Dung")


def test_a_substitute_finds_the_inbox_and_the_record_names_both(dossier, an, dung, commune):
    task = open_task(dossier)
    with pytest.raises(PermissionDenied):
        doors.complete(task, "register_idea", by=dung, record=records.idea())
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an)

    dung = fresh(dung)
    assert list(Task.objects.inbox(dung)) == [task]
    doors.complete(task, "register_idea", by=dung, record=records.idea())

    entry = dossier.history.last()
    assert (entry.actor, entry.acting_for, entry.role) == (dung, an, "officer")


def test_a_substitution_ends_with_its_period(dossier, an, dung, commune):
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an, days=3)
    with clock.at(clock.now() + timedelta(days=4)):
        assert not Task.objects.inbox(fresh(dung)).exists()


def test_a_substitution_is_not_passed_on(dossier, an, dung, la, commune):
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an)
    # Dung may not give away what she has by substitution: there is no assignment of hers to give.
    assert not fresh(dung).role_assignments.exists()
    assert not Task.objects.inbox(fresh(la)).filter(dossier=dossier).exists()


def test_two_at_once_and_oneself_are_refused_in_words_and_by_the_database(an, dung, la, commune):
    assignment = an.role_assignments.get(org_unit=commune)
    substitute_for(assignment, dung, an)
    second = Substitution(
        assignment=assignment,
        substitute=la,
        valid_from=clock.today(),
        valid_to=clock.today(),
        reason="Đi học",
        created_by=an,
    )
    with pytest.raises(ValidationError, match="đã ủy quyền cho người khác"):
        second.full_clean()
    with pytest.raises(IntegrityError, match="substitution_one_at_a_time"), transaction.atomic():
        second.save()
    with pytest.raises(ValidationError, match="chính mình"):
        Substitution(
            assignment=assignment,
            substitute=an,
            valid_from=date(2030, 1, 1),
            valid_to=date(2030, 1, 2),
            reason="Đi học",
            created_by=an,
        ).full_clean()


def test_the_holder_still_holds(dossier, an, dung, commune):
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an)
    doors.complete(open_task(dossier), "register_idea", by=fresh(an), record=records.idea())
    assert dossier.history.last().acting_for is None
    assert RoleAssignment.objects.filter(user=dung).count() == 0


@pytest.fixture
@kept
def post(an, commune):
    """An's role at Nà Tấu."""
    return an.role_assignments.get(org_unit=commune)


def test_an_names_a_substitute_and_both_hear_of_it(cycle, an, chi, dung, post):
    made = substitute(asked(post, dung, document="12/QĐ-UBND"), by=an)

    entry = HistoryEntry.objects.get(event="role.substitute")
    assert (entry.stream, entry.stream_id) == ("cycle", cycle.pk)
    assert (entry.actor, entry.role, entry.reason) == (an, "officer", "Nghỉ phép")
    assert entry.label == "Lò Thị An, Cán bộ OCOP, Xã Nà Tấu"
    assert entry.data["substitution"] == made.pk
    assert (entry.data["holder_id"], entry.data["to_id"]) == (an.pk, dung.pk)

    end_substitution(made, by=chi)

    made.refresh_from_db()
    assert made.valid_to == clock.today()
    last = HistoryEntry.objects.get(event="role.substitute_end")
    assert (last.actor, last.role) == (chi, "leader")
    while dispatch():
        pass
    told = Notification.objects.order_by("pk").values_list("entry__event", "recipient__username")
    assert sorted(told) == [
        ("role.substitute", "dung"),
        ("role.substitute_end", "an"),
        ("role.substitute_end", "dung"),
    ]


def test_nobody_takes_a_number_of_a_unit_above(cycle, an, dung, post):
    """That unit numbers its documents itself: what its register has is named, nothing new."""
    above = OrgUnit.objects.get(pk=min(post.org_unit.above()))

    def on(number):
        made = asked(post, dung, document=f"{number}/QĐ-UBND")
        made.basis.outside = f"UBND {above}"
        return made

    with pytest.raises(ValidationError, match="chưa có số này: để người của") as refused:
        substitute(on(12), by=an)
    assert set(refused.value.error_dict) == {"number"}
    assert not Document.objects.exists()
    known = of_ledger("12/QĐ-UBND", above)
    # Who cannot name it is not told its day or signer, nor is it given a scan, read, or corrected.
    other = on(12)
    other.basis.signed_on -= timedelta(days=1)
    with pytest.raises(ValidationError) as refused:
        substitute(other, by=an)
    (said,) = refused.value.messages
    assert "không như trong sổ" in said and f"{known.signed_on:%d/%m/%Y}" not in said
    made = substitute(on(12), by=an)
    assert made.basis == known
    assert bases.keeps(an, known, post.org_unit) is False
    assert bases.may_correct(an, made) is False


def test_it_is_written_in_the_newest_open_cycle(cycle, cycle_of_three, an, dung, post):
    substitute(asked(post, dung), by=an)
    assert HistoryEntry.objects.get(event="role.substitute").cycle == cycle


def test_who_may_name_a_substitute_agrees_with_the_list(cast, commune, old_commune, province):
    may = {
        ("an", commune): {"an", "chi", "minh", "son"},
        ("an", old_commune): {"an", "chi", "binh", "hung"},
        ("minh", province): {"minh", "son"},
        ("son", province): {"son"},
    }
    for (holder, unit), names in may.items():
        post = cast[holder].role_assignments.get(org_unit=unit)
        assert names == {
            name for name, user in cast.items() if rules.has_perm("dossiers.substitute", user, post)
        }
        assert names == {name for name, user in cast.items() if post in substitutable_by(user)}


def test_a_stranger_and_the_substitute_may_neither_give_nor_end_it(cycle, an, dung, la, post):
    made = substitute(asked(post, dung), by=an)
    for user in (la, fresh(dung)):
        with pytest.raises(PermissionDenied):
            substitute(asked(post, la, 30, 40), by=user)
        with pytest.raises(PermissionDenied):
            end_substitution(made, by=user)
    assert Substitution.objects.get() == made


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"reason": "  "}, "reason", "chưa nêu lý do"),
        ({"substitute": "an"}, "substitute", "chính mình"),
        ({"substitute": "gone"}, "substitute", "không còn dùng"),
        ({"first": -9, "last": -2}, "valid_to", "đã qua"),
        ({"first": 5, "last": 2}, "valid_to", "sau ngày bắt đầu"),
        ({"first": 27, "last": 30}, "valid_from", "đã ủy quyền cho người khác"),
    ],
)
def test_what_cannot_be_is_refused_in_words(fields, field, said, cycle, an, dung, la, post):
    substitute(asked(post, la, 20, 27), by=an)
    people = {"an": an, "gone": dung}
    if fields.get("substitute") == "gone":
        dung.is_active = False
        save_as_owner(dung)
    user = people.get(fields.pop("substitute", None), dung) if "substitute" in fields else dung

    with pytest.raises(ValidationError, match=said) as refused:
        substitute(asked(post, user, **fields), by=an)

    assert list(refused.value.message_dict) == [field]
    assert Substitution.objects.count() == 1


def test_oneself_is_refused_by_the_database_too(an, post):
    with (
        pytest.raises(IntegrityError, match="substitution_not_to_oneself|to oneself"),
        transaction.atomic(),
    ):
        substitute_for(post, an, an, document="12/UQ")


def test_one_that_has_not_begun_is_taken_back(cycle, an, dung, post):
    made = substitute(asked(post, dung, 3, 5), by=an)
    end_substitution(made, by=an)
    assert not Substitution.objects.exists()
    assert HistoryEntry.objects.get(event="role.substitute_end").data["begun"] is False
    with pytest.raises(ValidationError, match="đã kết thúc"):
        end_substitution(made, by=an)


# --- The pages --------------------------------------------------------------------------------


def test_an_names_a_substitute_on_the_page_and_ends_it(client, cycle, an, dung, post):
    client.force_login(an)
    today = clock.today()
    page = client.post(
        "/absence/new/",
        {
            "assignment": post.pk,
            "substitute": dung.pk,
            "valid_from": f"{today:%d/%m/%Y}",
            "valid_to": f"{today + timedelta(days=5):%d/%m/%Y}",
            "reason": "Đi học",
        },
        follow=True,
    ).content.decode()
    assert "Lò Thị Dung làm thay Lò Thị An (Cán bộ OCOP, Xã Nà Tấu)" in page
    assert "đang làm thay" in page
    made = Substitution.objects.get()

    page = client.post(f"/absence/{made.pk}/end/", follow=True).content.decode()
    assert "kết thúc hết ngày hôm nay" in page
    assert f"/absence/{made.pk}/end/" not in page


def test_the_page_refuses_in_vietnamese_what_is_not_ones_own(client, cycle, an, dung, post):
    substitute_for(post, dung, an)
    lan = person("lan", "Lò Thị Lan", (Role.OFFICER, post.org_unit))
    client.force_login(lan)
    page = client.post(
        "/absence/new/", {"assignment": post.pk, "substitute": dung.pk, "valid_from": "31/2/2026"}
    ).content.decode()
    for sentence in (
        "vai trò được ủy quyền thì không ủy quyền tiếp",
        "Ngày 31/02/2026 không có thật.",
        "Bạn chưa nhập: Đến hết ngày.",
        "Bạn chưa nhập: Lý do.",
    ):
        assert sentence in page
    # Who holds a role only by substitution has none to give.
    client.force_login(dung)
    assert client.get("/absence/new/").status_code == 403


def test_a_stranger_neither_sees_nor_ends_it(client, an, dung, la, post):
    made = substitute_for(post, dung, an)
    client.force_login(la)
    assert "Lò Thị Dung" not in client.get("/absence/").content.decode()
    assert client.post(f"/absence/{made.pk}/end/").status_code == 404
    client.force_login(dung)
    page = client.get("/absence/").content.decode()
    assert "Lò Thị An" in page
    assert f"/absence/{made.pk}/end/" not in page


def test_the_history_of_a_dossier_names_both(client, dossier, an, dung, post):
    substitute_for(post, dung, an)
    doors.complete(open_task(dossier), "register_idea", by=fresh(dung), record=records.idea())
    client.force_login(an)
    page = shown(client.get(f"/dossiers/{dossier.pk}/").content.decode())
    assert (
        "Lò Thị Dung, thay Lò Thị An (Cán bộ OCOP, Xã Nà Tấu), nộp phiếu đăng ký ý tưởng"
    ) in page


@pytest.mark.parametrize("rows", (1, 3))
def test_absence_query_count(client, an, dung, post, rows, django_assert_num_queries):
    for n in range(rows):
        today = clock.today() + timedelta(days=n)
        Substitution.objects.create(
            assignment=post,
            substitute=dung,
            valid_from=today,
            valid_to=today,
            reason="Nghỉ",
            created_by=an,
        )
    client.force_login(an)
    with django_assert_num_queries(7):
        client.get("/absence/")

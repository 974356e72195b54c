"""What was, stays: pages and papers say names, roles and units as they were at the act.

The table: each page and paper, after the account was renamed, the officer moved to another post, the
unit was renamed, the role changed.
"""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from councils.models import EvaluationRound, SignedDocument
from councils.papers import facts
from cycle import clock
from cycle.models import HistoryEntry, Level, OrgUnit, Role, RoleAssignment, User
from dossiers.models import Producer, Product
from dossiers.templatetags.ocop import from_what, then
from dossiers.walk import doors
from notifications import letters
from tests import judging, records
from tests.ground import kept
from tests.owning import owner
from tests.world import open_task

pytestmark = pytest.mark.django_db


# --- The changes ----------------------------------------------------------------------------


def renamed(an, dossier):
    """The desk's account passes to the next officer."""
    User.objects.filter(pk=an.pk).update(full_name="Người Kế Nhiệm")


def moved(an, dossier):
    """The officer works in another commune."""
    other = OrgUnit.objects.create(
        code="99999", name="Xã Khác", level=Level.COMMUNE, parent=dossier.commune.parent,
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
    RoleAssignment.objects.filter(user=an, org_unit=dossier.commune).update(org_unit=other)


def unit_renamed(an, dossier):
    """The commune gets another name, as in a merger."""
    OrgUnit.objects.filter(pk=dossier.commune_id).update(name="Xã Tên Mới")


def promoted(an, dossier):
    """The officer becomes the leader."""
    RoleAssignment.objects.filter(user=an).update(role=Role.LEADER)


CHANGES = [renamed, moved, unit_renamed, promoted]
WRONG = ("Người Kế Nhiệm", "Xã Khác", "Xã Tên Mới", "Lãnh đạo, ")


# --- The pages ------------------------------------------------------------------------------


def entry_of(dossier):
    return HistoryEntry.objects.get(
        stream="dossier", stream_id=dossier.pk, event="dossier.register_idea"
    )


def sentence(client, entry):
    """The line of history, as the page of a dossier and that of a round have it."""
    return " ".join(render_to_string("dossiers/_sentence.html", {"entry": entry}).split())


def page(client, entry):
    """The page of the dossier itself."""
    html = client.get(f"/dossiers/{entry.stream_id}/").content.decode()
    history = html[html.index('id="history"') :] if 'id="history"' in html else html
    return " ".join(history.split())


def exported(client, entry):
    """The list that is taken out."""
    from dossiers.office import lists

    return ", ".join(str(column.value(entry)) for column in lists._HISTORY)


def letter(client, entry):
    """Who did it, in a letter."""
    return letters._who(entry)


READERS = [sentence, page, exported, letter]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.__name__)
def test_a_page_says_who_it_was_then(reader, change, dossier, an, minh, client):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    change(an, dossier)
    client.force_login(minh)
    said = reader(client, entry_of(dossier))
    assert "Lò Thị An" in said
    assert "Cán bộ OCOP" in said
    assert dossier.commune.name in said
    assert not [wrong for wrong in WRONG[:1] if wrong in said]
    if reader is not page:
        # The page has the commune's name of today in its head, too.
        assert not [wrong for wrong in WRONG if wrong in said]


def test_who_it_was_done_for_keeps_the_name_too(dossier, an, chi):
    entry = HistoryEntry.objects.create(
        stream="dossier", stream_id=dossier.pk, event="dossier.open", label="x", actor=an,
        acting_for=chi, at=clock.now(),
    )  # fmt: skip
    before = str(chi)
    User.objects.filter(pk=chi.pk).update(full_name="Khác")
    assert HistoryEntry.objects.get(pk=entry.pk).whom == before


def test_the_records_of_a_dossier_say_who_entered_them_then(dossier, an, minh, client):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    renamed(an, dossier)
    client.force_login(minh)
    html = client.get(f"/dossiers/{dossier.pk}/").content.decode()
    assert "Lò Thị An" in html
    assert "Người Kế Nhiệm" not in html


# --- Names over time ------------------------------------------------------------------------


@pytest.mark.parametrize("model", [User, OrgUnit, Product, Producer])
def test_a_row_knows_what_it_was_called_when(model, dossier, an):
    row = {
        User: an, OrgUnit: dossier.commune, Product: dossier.product,
        Producer: dossier.product.producer,
    }[model]  # fmt: skip
    column = "full_name" if model is User else "name"
    first, yesterday = str(row), timezone.now() - timedelta(days=1)
    # By whatever means, a row in memory from before included.
    model.objects.filter(pk=row.pk).update(**{column: "Tên Hai"})
    between = timezone.now()
    stale = model.objects.get(pk=row.pk)
    setattr(stale, column, "Tên Ba")
    stale.former_names = [{"name": "Giả", "until": "2000-01-01T00:00:00+00:00"}]
    stale.save()
    row = model.objects.get(pk=row.pk)
    assert [row.name_at(at) for at in (yesterday, between, timezone.now(), None)] == [
        first, "Tên Hai", "Tên Ba", "Tên Ba",
    ]  # fmt: skip
    assert then(row, yesterday) == first
    assert [each["name"] for each in row.former_names] == [first, "Tên Hai"]


def test_what_leaves_the_name_leaves_the_names_of_before(an):
    User.objects.filter(pk=an.pk).update(phone="0912345678", former_names=[{"name": "Giả"}])
    assert User.objects.get(pk=an.pk).former_names == []
    assert then(None, clock.now()) == ""


# --- The papers -----------------------------------------------------------------------------


@pytest.fixture
@kept
def round_(province, cycle, commune, an, thu):
    """A round that was closed: an invitation sent, every paper of it signed."""
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = judging.begin(
        council, cycle, judging.before_council(cycle, commune, an, 1), thu, open_it=False
    )
    round_.invite(by=thu)
    round_.open(by=thu)
    round_.attend({member.pk: True for member in council.members.all()}, by=thu)
    for number in range(5):
        judging.fill(round_.entries.get(), judging.judge(council, number))
    judging.close(round_, by=thu)
    return EvaluationRound.objects.get(pk=round_.pk)


def papers(round_):
    """The data of every paper about the round, as it would be made now."""
    round_ = EvaluationRound.objects.get(pk=round_.pk)
    closing = round_.closings.get()
    made = {kind: facts.of_round(kind, round_, closing=closing) for kind in facts.OF_ROUND}
    sheet = round_.entries.get().sheets.filter(member__isnull=False).first()
    return made | {"score_sheet": facts.sheet_of(sheet.entry, member=sheet.member, sheet=sheet)}


def sign(round_, thu):
    """Every paper of the unit bears its number and day: yesterday's, as it was signed."""
    for kind in facts.OF_ROUND:
        SignedDocument.objects.create(
            round=round_, kind=kind, number="7/QĐ-UBND", signed_on=clock.today() - timedelta(days=1),
            signer="Trần Ký Tên", by=thu, at=clock.now(),
        )  # fmt: skip


def members_renamed(round_):
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(full_name=f"Mới {user.pk}")


def units_renamed(round_):
    for unit in OrgUnit.objects.all():
        OrgUnit.objects.filter(pk=unit.pk).update(name=f"Đơn vị mới {unit.pk}")


def products_renamed(round_):
    Product.objects.update(name="Sản phẩm tên mới")
    Producer.objects.update(name="Chủ thể tên mới")


def seats_ended(round_):
    """The chair, the secretary and the lead of the team left the council."""
    for member in round_.council.members.filter(seat__in=["chair", "secretary", "team_lead"]):
        with clock.at(clock.now() + timedelta(days=1)):
            round_.council.take_seat(
                member, by=User.objects.get(username="thu"), until=clock.today(),
                reason="Chuyển công tác", document="9/QĐ-UBND ngày 01/11/2026",
            )  # fmt: skip


PAPER_CHANGES = [members_renamed, units_renamed, products_renamed, seats_ended]


@pytest.mark.parametrize("change", PAPER_CHANGES, ids=lambda each: each.__name__)
def test_a_paper_made_again_says_what_it_said(change, round_, thu):
    sign(round_, thu)
    before = papers(round_)
    change(round_)
    with clock.at(clock.now() + timedelta(days=3)):
        after = papers(round_)
    assert {kind for kind in before if before[kind] != after[kind]} == set()


def test_what_is_not_signed_yet_bears_the_names_of_today(round_):
    before = papers(round_)
    products_renamed(round_)
    after = papers(round_)
    changed = {kind for kind in before if before[kind] != after[kind]}
    assert changed == {"submission", "request", "notice"}
    assert after["submission"]["entries"][0]["product"] == "Sản phẩm tên mới"
    # What the council said as it closed stays, signed or not.
    assert after["minutes"]["entries"][0]["product"] == before["minutes"]["entries"][0]["product"]


# --- What was erased ------------------------------------------------------------------------


def erase_all():
    """Every personal word of every entry, as the owner of the database empties it."""
    with owner() as database:
        database.execute("UPDATE cycle_sealedtext SET words = '{}', salts = '{}'")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.__name__)
def test_a_page_says_that_a_word_was_erased(reader, dossier, an, minh, client):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    client.force_login(minh)
    erase_all()
    said = reader(client, entry_of(dossier))
    assert "(tên đã xóa)" in said
    if reader is not page:
        # The records of the dossier, which are no history, stand on its page.
        assert "Lò Thị An" not in said


#: The keys of data whose text is sealed in every chain (docs/decisions/0009).
SEALED = [
    "to", "holder", "who", "username", "document_signer", "signer", "interest", "why", "query",
    "filter",
]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_every_key_that_is_sealed_reads_as_erased_and_a_reason_too(dossier, an):
    with transaction.atomic():
        written = HistoryEntry.objects.create(
            stream="dossier", stream_id=dossier.pk, event="dossier.correct_details", label="x",
            actor=an, at=clock.now(), reason="Theo đơn",
            data=dict.fromkeys(SEALED, "Lò Thị Hoa") | {"changed": {"phone": ["1", "2"]}, "n": 3},
        )  # fmt: skip
    entry = HistoryEntry.objects.get(pk=written.pk)
    assert {entry.data[key] for key in SEALED} == {"Lò Thị Hoa"}
    assert not entry.erased("reason")
    assert entry.data["changed"] == {"phone": ["1", "2"]}
    erase_all()
    entry = HistoryEntry.objects.get(pk=written.pk)
    assert entry.erased("reason")
    assert (entry.reason, entry.data) == ("(đã xóa)", dict.fromkeys(SEALED, "(đã xóa)") | {"n": 3})
    assert from_what(entry) == ["(đã xóa)"]

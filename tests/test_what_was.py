"""What was, stays: pages and papers say names, roles and units as they were at the act.

The table: each page and paper, after the account was renamed, the officer moved to another post, the
unit was renamed, the role changed.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from councils.models import Council, EvaluationRound
from councils.papers import facts
from cycle import chains, clock
from cycle.appointing import Appointed
from cycle.models import (
    HistoryEntry,
    Level,
    Office,
    OrgUnit,
    Role,
    RoleAssignment,
    SealedText,
    Substitution,
    User,
)
from dossiers.law.states import PARKED, State
from dossiers.models import (
    ActBatch,
    ActBatchRow,
    Conclusion,
    Dossier,
    Draft,
    Erasure,
    Producer,
    Product,
)
from dossiers.office import erasing
from dossiers.templatetags.ocop import from_what, then
from dossiers.walk import doors
from notifications import letters
from tests import judging, records
from tests.decision_papers import decision_of
from tests.ground import kept
from tests.owning import erase_all, save_as_owner, update_as_owner
from tests.world import open_task

pytestmark = pytest.mark.django_db


# --- The changes ----------------------------------------------------------------------------


def renamed(an, dossier):
    """The desk's account passes to the next officer."""
    update_as_owner(User.objects.filter(pk=an.pk), full_name="Người Kế Nhiệm")


def moved(an, dossier):
    """The officer works in another commune."""
    other = OrgUnit.objects.create(
        code="99999", name="Xã Khác", level=Level.COMMUNE, parent=dossier.commune.parent,
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
    update_as_owner(
        RoleAssignment.objects.filter(user=an, org_unit=dossier.commune), org_unit=other
    )


def unit_renamed(an, dossier):
    """The commune gets another name, as in a merger."""
    update_as_owner(OrgUnit.objects.filter(pk=dossier.commune_id), name="Xã Tên Mới")


def promoted(an, dossier):
    """The officer becomes the leader."""
    update_as_owner(RoleAssignment.objects.filter(user=an), role=Role.LEADER)


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
    update_as_owner(User.objects.filter(pk=chi.pk), full_name="Khác")
    assert HistoryEntry.objects.get(pk=entry.pk).whom == before


def test_the_records_of_a_dossier_say_who_entered_them_then(dossier, an, minh, client):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    renamed(an, dossier)
    client.force_login(minh)
    html = client.get(f"/dossiers/{dossier.pk}/").content.decode()
    assert "Lò Thị An" in html
    assert "Người Kế Nhiệm" not in html


# --- Names over time ------------------------------------------------------------------------


@pytest.mark.parametrize("model", [User, OrgUnit, Product, Producer, Council])
def test_a_row_knows_what_it_was_called_when(model, dossier, an, thu, province):
    row = {
        User: an, OrgUnit: dossier.commune, Product: dossier.product,
        Producer: dossier.product.producer, Council: judging.seat(province, thu),
    }[model]  # fmt: skip
    column = "full_name" if model is User else "name"
    first, yesterday = str(row), timezone.now() - timedelta(days=1)
    # By the owner's hand: no line of history tells it. A row in memory from before included.
    update_as_owner(model.objects.filter(pk=row.pk), **{column: "Tên Hai"})
    between = timezone.now()
    stale = model.objects.get(pk=row.pk)
    setattr(stale, column, "Tên Ba")
    stale.former_names = [{"name": "Giả", "until": "2000-01-01T00:00:00+00:00"}]
    save_as_owner(stale)
    row = model.objects.get(pk=row.pk)
    assert [row.name_at(at) for at in (yesterday, between, timezone.now(), None)] == [
        first, "Tên Hai", "Tên Ba", "Tên Ba",
    ]  # fmt: skip
    assert then(row, yesterday) == first
    assert [each["name"] for each in row.former_names] == [first, "Tên Hai"]


def test_what_leaves_the_name_leaves_the_names_of_before(an):
    update_as_owner(
        User.objects.filter(pk=an.pk), phone="0912345678", former_names=[{"name": "Giả"}]
    )
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
    yesterday = clock.today() - timedelta(days=1)
    for number, kind in enumerate(facts.OF_ROUND, 7):
        records.of_round(
            round_, kind, by=thu, number=f"{number}/QĐ-UBND", signed_on=yesterday
        ).save()


def members_renamed(round_):
    for user in User.objects.all():
        update_as_owner(User.objects.filter(pk=user.pk), full_name=f"Mới {user.pk}")


def units_renamed(round_):
    for unit in OrgUnit.objects.all():
        update_as_owner(OrgUnit.objects.filter(pk=unit.pk), name=f"Đơn vị mới {unit.pk}")


def products_renamed(round_):
    update_as_owner(Product.objects.all(), name="Sản phẩm tên mới")
    update_as_owner(Producer.objects.all(), name="Chủ thể tên mới")


def seats_ended(round_):
    """The chair, the secretary and the lead of the team left the council."""
    for member in round_.council.members.filter(seat__in=["chair", "secretary", "team_lead"]):
        with clock.at(clock.now() + timedelta(days=1)):
            round_.council.take_seat(
                member, by=User.objects.get(username="thu"), until=clock.today(),
                reason="Chuyển công tác", document=judging.paper("19/QĐ-UBND ngày 01/11/2026"),
            )  # fmt: skip


def council_renamed(round_):
    update_as_owner(Council.objects, name="Hội đồng tên mới")


PAPER_CHANGES = [members_renamed, units_renamed, products_renamed, seats_ended, council_renamed]


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
    assert changed == {
        "submission", "request", "notice", "plan", "received_report", "approval",
    }  # fmt: skip
    assert after["submission"]["entries"][0]["product"] == "Sản phẩm tên mới"
    # What the council said as it closed stays, signed or not.
    assert after["minutes"]["entries"][0]["product"] == before["minutes"]["entries"][0]["product"]


# --- What was erased ------------------------------------------------------------------------


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


# --- The act of erasure ---------------------------------------------------------------------

PHONE = "0912 345 678"


@pytest.fixture
def told(dossier, an, cycle, commune, settings, tmp_path):
    """What the history says of the producer's representative, and beside it of others."""
    settings.MEDIA_ROOT = tmp_path
    maker = dossier.product.producer
    update_as_owner(Producer.objects.filter(pk=maker.pk), representative="Lường Thị Xưa", phone="")
    other = HistoryEntry.objects.create(
        stream="dossier", stream_id=dossier.pk + 1000, event="dossier.return_idea", label="Khác",
        actor=an, at=clock.now(), reason="Bà Lường thị xưa (0912.345.678) báo nghỉ bán",
    )  # fmt: skip
    with transaction.atomic():
        record = HistoryEntry.objects.record
        changed = record(
            "dossier.correct_details", dossier, by=an, reason="Theo điện thoại của chủ thể",
            changed={"representative": ["Lường Thị Cũ", "Lường Thị Xưa"], "phone": [PHONE, ""]},
        )  # fmt: skip
        mine = record("producer.change", maker, by=an, reason="Sửa theo đơn")
        nobody = record("dossier.return_idea", dossier, by=an, reason="Thiếu phiếu kiểm nghiệm")
        signed = record("split.allot", maker, by=an, signer="Lường Thị Xưa", reason="Chia xã")
        judged = HistoryEntry.objects.create(
            stream="round", stream_id=7, event="round.void", label="Đợt", actor=an, at=clock.now(),
            reason="Bà Lường Thị Xưa vắng mặt",
        )  # fmt: skip
    names = ("other", "changed", "mine", "nobody", "signed", "judged")
    return dict(zip(names, (other, changed, mine, nobody, signed, judged), strict=True))


def typed(texts, **fields):
    return {
        "texts": texts, "because": "request", "reason": "Người này rút đồng ý", "number": "12/ĐĐN",
        "signed_on": "01/03/2026", "signer": "Lường Thị Xưa",
    } | fields  # fmt: skip


def paper_scan(words=b"don"):
    return SimpleUploadedFile("don.pdf", b"%PDF-1.7 " + words + b" obj %%EOF\n")


def seal_of(answer):
    return answer.context["form"].seal


def held(answer):
    return re.search(r'name="scan-held" value="([^"]+)"', answer.content.decode())[1]


def erase(client, address, texts, words=b"don", **fields):
    """The form sent, and sent again as it asks; the last answer."""
    asked = client.post(address, typed(texts, **fields) | {"scan": paper_scan(words)})
    assert "Xóa rồi không khôi phục được" in asked.content.decode()
    sure = {"scan-held": held(asked), "sure": seal_of(asked)}
    return client.post(address, typed(texts, **fields) | sure)


def keys(told, **parts):
    return [f"{told[name].pk}:{part}" for name, part in parts.items()]


def of(dossier):
    return f"/erasures/producer/{dossier.product.producer_id}/"


def read(entry):
    return HistoryEntry.objects.get(pk=entry.pk)


def test_the_leader_erases_what_was_chosen_and_everything_else_stays(
    told, dossier, an, son, client
):
    client.force_login(son)
    page = client.get(of(dossier))
    chosen = {"other": "reason", "changed": "data.changed", "mine": "label"}
    offered = dict(page.context["form"].fields["texts"].choices)
    # Their numbers and names, wherever; of their own chain all of it.
    assert {*keys(told, **chosen), *keys(told, mine="reason")} <= set(offered)
    assert set(keys(told, **chosen)) <= set(page.context["form"].fields["texts"].initial)
    # What does not speak of them, and what stays whatever is asked.
    never = {"nobody": "reason", "signed": "data.signer", "judged": "reason"}
    assert not {*keys(told, **never), *keys(told, other="actor")} & set(offered)
    before = {name: read(entry) for name, entry in told.items()}
    payloads = {name: entry.payload for name, entry in before.items()}

    # What was typed for many dossiers, and not done for this one, is in no history.
    stroke = ActBatch.objects.create(act="defer", by=son, at=clock.now())
    row = ActBatchRow.objects.create(
        batch=stroke, dossier=dossier, stood=dossier.state, state="refused", at=clock.now(),
        call={"reason": "Bà Xưa xin lùi"}, why={"vi": "Bà Xưa chưa ký", "en": "Bà Xưa has not signed"},
    )  # fmt: skip

    # Nor what is typed and not sent: of their dossiers, or naming them.
    typed = {
        "Sửa chủ thể: Lường Thị Xưa": False, "Chủ thể:\r\nLường Thị Xưa": False,
        "Việc của người khác": True,
    }  # fmt: skip
    for said in typed:
        Draft.objects.create(by=an, form=said, content={"x": [said]}, saved_at=clock.now())
    Draft.objects.create(by=an, form="defer", dossier=dossier, saved_at=clock.now())

    answer = erase(client, of(dossier), keys(told, **chosen))
    assert answer.status_code == 302
    assert list(Draft.objects.values_list("form", flat=True)) == [
        said for said, stays in typed.items() if stays
    ]
    row.refresh_from_db()
    assert (row.call, row.why) == ({}, {})
    after = {name: read(entry) for name, entry in told.items()}
    assert after["other"].reason == "(đã xóa)"
    assert after["changed"].erased("data.changed")
    assert from_what(after["changed"]) == ["(đã xóa)"]
    assert after["mine"].label == "(đã xóa)"
    # The acts, who did them, their other words: as they were, to the byte of what is hashed.
    assert {name: entry.payload for name, entry in after.items()} == payloads
    assert {entry.who for entry in after.values()} == {"Lò Thị An"}
    assert after["changed"].reason == "Theo điện thoại của chủ thể"
    for name in ("nobody", "signed", "judged"):
        assert after[name].words == before[name].words
    assert chains.check() == []

    made = Erasure.objects.get()
    assert sorted(map(tuple, made.texts)) == sorted(
        (told[name].pk, part) for name, part in chosen.items()
    )
    assert (made.made_by, made.producer) == (son, dossier.product.producer)
    assert SealedText.objects.get(pk=told["other"].pk).erased_by == {"reason": made.pk}
    # Each chain that lost a text says so, as one act.
    written = HistoryEntry.objects.filter(event="personal.erase")
    assert {(each.stream, each.stream_id) for each in written} == {
        ("producer", dossier.product.producer_id),
        *((told[name].stream, told[name].stream_id) for name in chosen),
    }
    assert len({each.transaction for each in written}) == 1
    for said in written:
        assert (said.who, said.role, said.data["erased"]) == (str(son), "leader", 1)
        assert said.records[0][:2] == ["dossiers.erasure", made.pk]
        assert said.files == [made.sha256]
    listed = client.get("/erasures/").content.decode()
    assert "12/ĐĐN" in listed
    assert client.get(f"/erasures/{made.pk}/scan/").status_code == 200


def test_nothing_is_erased_before_it_was_asked_once_more(told, dossier, son, client):
    client.force_login(son)
    chosen = keys(told, other="reason")
    asked = client.post(of(dossier), typed(chosen) | {"scan": paper_scan()})
    assert not Erasure.objects.exists()
    # What is agreed to is exactly that: another choice is asked anew.
    sure = {"scan-held": held(asked), "sure": seal_of(asked)}
    more = [*chosen, *keys(told, changed="data.changed")]
    again = client.post(of(dossier), typed(more) | sure)
    assert "Xóa rồi không khôi phục được" in again.content.decode()
    assert not Erasure.objects.exists()
    assert read(told["other"]).reason != "(đã xóa)"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("texts", [], "Bạn chưa chọn: Nội dung sẽ xóa."),
        ("texts", ["7:reason"], "vừa được xóa hoặc không còn xóa được"),
        ("because", "", "Bạn chưa chọn: Căn cứ."),
        ("reason", " ", "Bạn chưa nhập: Lý do."),
        ("number", "không số", "phải có chữ số"),
        ("signed_on", "tomorrow", "Ngày này chưa đến"),
        ("signer", "X", "Hãy nhập đủ họ và tên người ký"),
        ("scan", "", "Bạn chưa chọn: Bản chụp."),
    ],
)
def test_a_wrong_paper_is_said_at_its_field(field, value, sentence, told, dossier, son, client):
    client.force_login(son)
    if value == "tomorrow":
        value = f"{clock.today() + timedelta(days=1):%d/%m/%Y}"
    sent = typed(keys(told, other="reason")) | {"scan": paper_scan()} | {field: value}
    answer = client.post(of(dossier), sent)
    assert answer.status_code == 200
    assert any(sentence in str(each) for each in answer.context["form"].errors[field])
    assert not Erasure.objects.exists()


def test_an_account_that_was_renamed_has_its_former_name_erased(an, son, client, dossier, minh):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "person.change", Appointed(an), by=minh,
            changed=[["cycle.user", an.pk, {"full_name": ["Lò Văn An", "Lò Thị An"]}]],
        )  # fmt: skip
    client.force_login(son)
    page = client.get(f"/erasures/person/{an.pk}/")
    found = page.context["found"]
    # Their name in what they did is counted, never offered.
    assert not [each for each in found.texts if each.part in ("actor", "acting_for")]
    assert "quyết định phải có người làm" in page.content.decode()
    answer = erase(
        client, f"/erasures/person/{an.pk}/", [f"{said.pk}:data.changed", f"{said.pk}:label"]
    )
    assert answer.status_code == 302
    assert read(said).erased("data.changed")
    assert entry_of(dossier).who == "Lò Thị An"
    assert chains.check() == []


def test_the_reason_of_a_dossier_stays_until_nobody_can_go_on_with_it(dossier, an, son, cycle):
    maker = dossier.product.producer
    update_as_owner(Producer.objects.filter(pk=maker.pk), representative="Lường Thị Xưa")
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "dossier.return_idea", dossier, by=an, reason="Bà Lường Thị Xưa chưa ký"
        )
    maker.refresh_from_db()
    assert open_task(dossier)
    key = f"{said.pk}:reason"
    found = erasing.find(maker, by=son)
    assert key not in [each.key for each in found.texts]
    assert [n for why, n in found.stays if "đang xử lý" in str(why)] == [1]
    # It may be reopened: until the product goes on in another dossier.
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    assert key not in [each.key for each in erasing.find(maker, by=son).texts]
    doors.open(Dossier(cycle=cycle, product=dossier.product, commune=dossier.commune), by=an)
    assert key in [each.key for each in erasing.find(maker, by=son).texts]


@pytest.mark.parametrize("state", State)
def test_every_state_in_which_somebody_may_still_act_keeps_its_reasons(state, cycle, dossier):
    """Where nobody has a task, as of a dossier that came by a list."""
    product = Product.objects.create(
        producer=dossier.product.producer, name="Chè", group=dossier.product.group
    )
    now = clock.now()
    old = Dossier.objects.create(
        cycle=cycle, rule_set=cycle.rule_set, product=product, commune=dossier.commune,
        state=state, stars=3, opened_at=now, moved_at=now,
        parked_from="certified" if state in PARKED else "",
        returned_from="dossier_submitted" if state == State.SUPPLEMENT_REQUESTED else "",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT dossier_can_go_on(%s)", [old.pk])
        assert cursor.fetchone() == (state not in (State.PROMOTED, State.REVOKED),)


#: What was done of a promoted dossier, in this order -> whether its certificate may be taken back.
AFTER_PROMOTION = {
    "nothing": ([], False),
    "an inspection that it passed": (["passed"], False),
    "an inspection that proposes it": (["revoke"], True),
    "one that proposes it, one that does not": (["revoke", "passed"], False),
    "one that does not, one that proposes it": (["remedy", "revoke"], True),
    "the commune says it stopped": (["dossier.confirm_stopped"], True),
    "it was reported to the ministry": (["revoke", "dossier.report_revocation"], True),
    "it was reported, it goes on after all": (
        ["revoke", "dossier.report_revocation", "passed"], False,
    ),
    "the ministry ordered an evaluation": (["dossier.order_evaluation"], True),
    "an inspection does not answer the order": (["dossier.order_evaluation", "passed"], True),
    "the evaluation has begun": (["dossier.order_evaluation", State.PROVINCE_EVALUATING], True),
    "the evaluation recognised nothing": (["dossier.order_evaluation", State.NOT_RECOGNISED], True),
    "the evaluation gave a certificate": (["dossier.order_evaluation", State.PROMOTED], False),
    "one certificate later it is over": (["revoke", State.CERTIFIED], False),
    "a support that was recorded": (["dossier.record_promotion"], False),
}  # fmt: skip


def standing_in(state, cycle, dossier, product):
    now = clock.now()
    return Dossier.objects.create(
        cycle=cycle, rule_set=cycle.rule_set, product=product, commune=dossier.commune,
        state=state, stars=3, opened_at=now, moved_at=now,
    )  # fmt: skip


@pytest.mark.parametrize("case", AFTER_PROMOTION)
def test_the_reasons_stay_while_the_certificate_may_be_taken_back(case, cycle, dossier, an, son):
    deeds, stays = AFTER_PROMOTION[case]
    maker = dossier.product.producer
    product = Product.objects.create(producer=maker, name="Chè", group=dossier.product.group)
    old = standing_in(State.PROMOTED, cycle, dossier, product)
    update_as_owner(Producer.objects.filter(pk=maker.pk), representative="Lường Thị Xưa")
    maker.refresh_from_db()
    with transaction.atomic():
        record = HistoryEntry.objects.record
        said = record("dossier.return_idea", old, by=an, reason="Bà Lường Thị Xưa chưa ký")
        for n, deed in enumerate(deeds):
            moment = clock.now() - timedelta(hours=9 - n)
            if isinstance(deed, State):
                # One at work at a time.
                standing_in(deed, cycle, dossier, product)
            elif deed in Conclusion.values:
                made = records.inspection(deed)
                made.dossier, made.at = old, moment
                made.save()
            else:
                record(deed, old, by=an, at=moment, reason="Bà Lường Thị Xưa làm giả")
    found = offered(maker, son)
    its = HistoryEntry.objects.filter(stream="dossier", stream_id=old.pk)
    reasons = {f"{entry.pk}:reason" for entry in its}
    assert f"{said.pk}:reason" in reasons
    assert reasons & found == (set() if stays else reasons)


def test_what_is_typed_beside_is_found_only_where_the_text_is_of_this_person(
    told, dossier, an, son
):
    maker = Producer.objects.get(pk=dossier.product.producer_id)
    also, query = ("Quàng Thị Lan", "0387 111 222"), "quang thi lan 0387-111-222"
    with transaction.atomic():
        record = HistoryEntry.objects.record
        other = record("list.export", Office("Danh sách"), by=an, query=query)
        beside = record(
            "list.export", Office("Danh sách"), by=an, query=query, why="Tìm bà Lường Thị Xưa"
        )
        theirs = record("product.change", dossier.product, by=an, reason=query)
    for said in (*also, "", "An", "0387"):
        found = [each.key for each in erasing.find(maker, said, by=son).texts]
        assert f"{other.pk}:data.query" not in found
        assert (f"{beside.pk}:data.query" in found) == (said in also)
        assert (f"{theirs.pk}:reason" in found) == (said in also)


def test_only_who_leads_the_province_erases_and_nobody_of_themselves(
    told, dossier, cast, son, client
):
    made = {"producer": dossier.product.producer, "because": "request", "reason": "Theo đơn"}
    made |= {
        "number": "1/ĐĐN",
        "signed_on": clock.today(),
        "signer": "Lò Văn A",
        "sha256": "0" * 64,
    }
    for name, user in cast.items():
        client.force_login(user)
        may = user == son
        for address in ("/erasures/", "/erasures/?q=luong", of(dossier)):
            assert client.get(address).status_code == (200 if may else 404), (name, address)
        if not may:
            with pytest.raises(PermissionDenied):
                erasing.erase(Erasure(**made), keys(told, other="reason"), by=user)
    client.force_login(son)
    own = client.get(f"/erasures/person/{son.pk}/")
    assert own.status_code == 403
    assert "Không ai tự xóa dữ liệu của mình" in own.content.decode()
    with pytest.raises(ValidationError):
        erasing.erase(Erasure(**made | {"producer": None, "person": son}), ["1:label"], by=son)
    assert not Erasure.objects.exists()


def test_who_stands_in_for_the_leader_erases_nothing(told, dossier, son, thu, client):
    Substitution.objects.create(
        assignment=son.role_assignments.get(), substitute=thu, valid_from=clock.today(),
        valid_to=clock.today() + timedelta(days=3), reason="Nghỉ phép",
        created_by=son,
    )  # fmt: skip
    client.force_login(thu)
    assert client.get("/erasures/").status_code == 404


def test_what_another_erased_meanwhile_is_said(told, dossier, son, client):
    client.force_login(son)
    chosen = keys(told, other="reason")
    assert erase(client, of(dossier), chosen).status_code == 302
    made = Erasure.objects.get()
    again = Erasure(
        producer=made.producer, because="law", reason="x", number="2/CV", signed_on=made.signed_on,
        signer="Lò Văn A", sha256=records.scan("2/CV").sha256,
    )  # fmt: skip
    with pytest.raises(erasing.ErasedMeanwhile):
        erasing.erase(again, chosen, by=son)
    # The texts were there as they were looked for, and gone as they were to be erased.
    stale = erasing.Found([erasing.Text(told["other"], "reason", "x", ticked=True)])
    with patch.object(erasing, "find", return_value=stale), pytest.raises(erasing.ErasedMeanwhile):
        erasing.erase(again, chosen, by=son)
    assert Erasure.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_query_count_of_the_erasures(rows, dossier, an, son, client, django_assert_num_queries):
    for _ in range(rows):
        with transaction.atomic():
            said = HistoryEntry.objects.record(
                "producer.change", dossier.product.producer, by=an, reason="Gọi 0912345678"
            )
            Erasure.objects.create(
                producer=dossier.product.producer, texts=[[said.pk, "reason"]], because="law",
                reason="Theo đơn", number="1/CV", signed_on=clock.today(), signer="Lò Văn A",
                sha256="0" * 64, made_by=son, made_at=clock.now(),
            )  # fmt: skip
    client.force_login(son)
    client.get("/erasures/")
    with django_assert_num_queries(7):
        client.get("/erasures/?q=mat")


def test_the_minutes_of_a_round_stay_as_they_were(round_, thu, son, settings, tmp_path):
    """Their words are the council's; what was erased of a member's own chain changes no paper."""
    settings.MEDIA_ROOT = tmp_path
    sign(round_, thu)
    before = papers(round_)
    member = round_.council.members.first().user
    with transaction.atomic():
        said = HistoryEntry.objects.record("person.leave", Appointed(member), by=thu, reason="Ốm")
    scan = records.scan("9/CV")
    made = Erasure(
        person=member, because="request", reason="Theo đơn", number="9/CV", signed_on=clock.today(),
        signer="Lò Văn A", sha256=scan.sha256, filename="x.pdf", content_type="application/pdf",
    )  # fmt: skip
    erasing.erase(made, [f"{said.pk}:reason", f"{said.pk}:label"], by=son)
    assert papers(round_) == before
    assert chains.check() == []


# --- Not of who erases ----------------------------------------------------------------------


def offered(whose, by, also=""):
    return {each.key for each in erasing.find(whose, also, by=by).texts}


def test_the_reason_of_one_act_is_found_in_each_chain_that_tells_it(dossier, an, son):
    """A correction of the producer's details stands in its own chain and in the dossier's."""
    maker = dossier.product.producer
    with transaction.atomic():
        moment = clock.now()
        for event, row in (("producer.change", maker), ("dossier.correct_details", dossier)):
            HistoryEntry.objects.record(event, row, by=an, at=moment, reason="Bị ốm, đổi số")
    told = dict(erasing.find(maker, by=son).stays)
    # The dossier is under way: its reader needs the reason, and the page says that it stays.
    assert told[erasing.STAYS["open"]] == 1
    assert {key.split(":")[1] for key in offered(maker, son)} == {"label", "reason"}


def test_nobody_erases_what_is_said_of_themselves_on_anothers_page(dossier, an, son, client):
    """The leader's own chain, or a text that names them, whoever's page it is looked for on."""
    update_as_owner(User.objects.filter(pk=son.pk), phone="0987 654 321")
    son.refresh_from_db()
    with transaction.atomic():
        record = HistoryEntry.objects.record
        chain = record("person.leave", Appointed(son), by=an, reason=f"{an.full_name} báo ốm")
        both = [
            record("person.leave", Appointed(an), by=an, reason=reason)
            for reason in (f"Bàn giao cho {son.full_name}", "Gọi 0987.654.321", "Theo nguyện vọng")
        ]
    for also in ("", son.full_name, "0987654321"):
        found = offered(an, son, also)
        assert f"{chain.pk}:reason" not in found
        assert [f"{each.pk}:reason" in found for each in both] == [False, False, True]
    made = Erasure(
        person=an, because="request", reason="Theo đơn", number="3/CV", signed_on=clock.today(),
        signer="Lò Văn A", sha256="0" * 64,
    )  # fmt: skip
    with pytest.raises(erasing.ErasedMeanwhile):
        erasing.erase(made, [f"{chain.pk}:reason"], by=son, also=son.full_name)


#: What anybody may set to any words -> a text about something else that has them.
NOT_ABOUT_THEM = {
    "an address of words": ("producer", {"address": "Thiếu phiếu kiểm nghiệm"}),
    "an address of a unit": ("producer", {"address": "Xã Nà Tấu"}),
    "an address of a whole name": ("producer", {"address": "Lò Văn Khác"}),
    "a representative of words": ("producer", {"representative": "Thiếu phiếu kiểm nghiệm"}),
    "a representative of a unit": ("producer", {"representative": "Nà Tấu"}),
    "a representative of a unit with its kind": (
        "producer", {"representative": "Xã Nà Tấu"},
    ),
    "a representative of one word": ("producer", {"representative": "Minh"}),
    "a household of words": ("producer", {"owner_type": "household", "name": "Thiếu minh chứng"}),
    "a cooperative": ("producer", {"owner_type": "cooperative", "name": "Lò Văn Khác"}),
    "a short number": ("producer", {"registration_number": "620001"}),
    "a number in a longer one": ("producer", {"registration_number": "620001556"}),
    "a telephone in a longer number": ("producer", {"phone": "0962000155"}),
    "a sign-in": ("person", {"username": "minh"}),
    "a sign-in of a word": ("person", {"username": "thieu"}),
    "an account of one word": ("person", {"full_name": "Minh"}),
    "an e-mail with the words": ("person", {"email": "minh@chung.vn"}),
    "an e-mail in a longer one": ("person", {"email": "hoa@dienbien.gov.vn"}),
}  # fmt: skip
ELSEWHERE = (
    "Thiếu phiếu kiểm nghiệm, thiếu minh chứng; để hồ sơ quá hạn thành đúng hạn ở Nà Tấu,"
    " xã Nà Tấu; Lò Văn Khác, số 620001, 096200015567, 96200015567, 8620001556;"
    " minh@chung.vnx, lan.hoa@dienbien.gov.vn"
)


@pytest.mark.parametrize("case", NOT_ABOUT_THEM)
def test_what_anybody_may_set_finds_only_what_is_about_this_person(case, dossier, an, thu, son):
    kind, fields = NOT_ABOUT_THEM[case]
    maker = dossier.product.producer
    model, pk = (Producer, maker.pk) if kind == "producer" else (User, thu.pk)
    update_as_owner(model.objects.filter(pk=pk), **fields)
    whose = model.objects.get(pk=pk)
    with transaction.atomic():
        record = HistoryEntry.objects.record
        foreign = [
            HistoryEntry.objects.create(
                stream=stream, stream_id=pk + 1000, event=event, label="Khác", actor=an,
                at=clock.now(), reason=ELSEWHERE,
            )
            for stream, event in (
                ("dossier", "dossier.return_idea"), ("unit", "unit.change"),
                ("office", "calendar.change"), ("person", "person.leave"), ("cycle", "cycle.batch"),
            )
        ]  # fmt: skip
        own = record(
            f"{kind}.change" if kind == "producer" else "person.leave",
            whose if kind == "producer" else Appointed(whose), by=an, reason=ELSEWHERE,
        )  # fmt: skip
    for also in ("", "minh chứng", "Lò Văn Khác", *map(str, fields.values())):
        found = offered(whose, son, also)
        assert not {f"{each.pk}:reason" for each in foreign} & found
        assert f"{own.pk}:reason" in found


#: How a text may write what is known of somebody.
ABOUT_THEM = [
    "Bà Lường Thị Xưa", "LƯỜNG THỊ XƯA!", "«Luong thi xua»", "Lường-Thị-Xưa…", "0912345678",
    "0912.345.678", "(0912) 345 678", "+84912345678", "+84 912-345-678", "0084 912345678",
    "84912345678", "số 0110123456-", "Hoàng Văn Cũ", "con là TS Vì Văn Hai",
]  # fmt: skip


@pytest.mark.parametrize("said", ABOUT_THEM)
def test_a_full_name_or_a_whole_number_is_found_wherever_it_stands(said, dossier, an, son):
    maker = dossier.product.producer
    update_as_owner(
        Producer.objects.filter(pk=maker.pk), name="Hoàng Văn Cũ", owner_type="household"
    )
    update_as_owner(Producer.objects.filter(pk=maker.pk),
        name="Hộ kinh doanh Lò Thị Mới", representative="Bà Lường Thị Xưa, TS. Vì Văn Hai (con)",
        phone="0912 345 678", registration_number="0110123456",
    )  # fmt: skip
    with transaction.atomic():
        other = HistoryEntry.objects.record("list.export", Office("Danh sách"), by=an, query=said)
    found = erasing.find(Producer.objects.get(pk=maker.pk), by=son).texts
    assert [each.ticked for each in found if each.entry.pk == other.pk] == [True]


def test_whose_paper_it_is_says_not_whom_a_text_is_about(dossier, an, son):
    maker = dossier.product.producer
    update_as_owner(Producer.objects.filter(pk=maker.pk), representative="Lường Thị Xưa")
    maker.refresh_from_db()
    with transaction.atomic():
        signed = HistoryEntry.objects.record(
            "list.export", Office("Danh sách"), by=an, query="Quàng Thị Lan", signer="Lường Thị Xưa"
        )
    assert f"{signed.pk}:data.query" not in offered(maker, son, "Quàng Thị Lan")


ONES_OWN = [
    ("representative", "Trần Công Sơn"), ("representative", "Ông Trần Công Sơn"),
    ("representative", "Trần Công Sơn, Lò Thị A"), ("representative", "Sơn Trần Công"),
    ("name", "Trần Công Sơn"), ("name", "Hộ kinh doanh Trần Công Sơn"),
    ("phone", "0987.654.321"), ("phone", "+84987654321"), ("phone", "84 987 654 321"),
    ("phone", "(0987) 654321"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "said"), ONES_OWN)
def test_a_producer_that_the_leader_stands_for_is_their_own(field, said, dossier, son, client):
    maker = dossier.product.producer
    update_as_owner(User.objects.filter(pk=son.pk), phone="0987 654 321")
    update_as_owner(Producer.objects.filter(pk=maker.pk), owner_type="household", **{field: said})
    client.force_login(son)
    assert client.get(of(dossier)).status_code == 403
    son.refresh_from_db()
    with pytest.raises(ValidationError, match="Không ai tự xóa"):
        erasing.erase(Erasure(producer=Producer.objects.get(pk=maker.pk)), ["1:reason"], by=son)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("representative", "Trần Văn Sơn"), ("representative", "Sơn"), ("representative", ""),
        ("name", "Hộ Trần Công Sang"), ("phone", "0987654322"), ("phone", "09876543210"),
        ("phone", ""),
    ],
)  # fmt: skip
def test_a_producer_of_somebody_else_is_not(field, said, dossier, son):
    maker = dossier.product.producer
    son.phone = "0987 654 321"
    update_as_owner(Producer.objects.filter(pk=maker.pk), owner_type="household", **{field: said})
    assert not erasing.is_of(Producer.objects.get(pk=maker.pk), son)


def test_a_second_account_of_the_leader_is_their_own(an, son):
    update_as_owner(User.objects.filter(pk=an.pk), full_name="TRẦN CÔNG SƠN")
    an.refresh_from_db()
    assert erasing.is_of(an, son)


def test_what_the_leader_did_stays_and_why_something_was_erased(told, dossier, an, son, thu):
    maker = Producer.objects.get(pk=dossier.product.producer_id)
    with transaction.atomic():
        record = HistoryEntry.objects.record
        kept = [
            record("producer.change", maker, by=son, reason="Bà Lường Thị Xưa"),
            record("producer.change", maker, by=thu, acting_for=son, reason="Bà Lường Thị Xưa"),
            record("list.export", Office("Danh sách"), by=son, query="luong thi xua"),
            record("personal.erase", maker, by=an, reason="Bà Lường Thị Xưa rút đồng ý"),
        ]
    found = {key.split(":")[0] for key in offered(maker, son) if not key.endswith(":label")}
    assert not {str(each.pk) for each in kept} & found
    # Another leader's acts are not one's own.
    assert f"{kept[2].pk}:data.query" in offered(maker, an)


SIGNED_BY_THE_LEADER = {
    "in the entry": {"signer": "Trần Công Sơn"},
    "in the entry, with a title": {"document_signer": "Ông Trần Công Sơn (đã ký)"},
    "on a paper": {"paper": "TS. TRẦN CÔNG SƠN"},
    "by another": {"signer": "Trần Văn Sơn"},
    "on a paper of another": {"paper": "Trần Văn Sơn"},
}


@pytest.mark.parametrize("case", SIGNED_BY_THE_LEADER)
def test_what_rests_on_a_paper_of_the_leader_stays_for_another_leader(
    case, told, dossier, an, thu, son
):
    fields = dict(SIGNED_BY_THE_LEADER[case])
    saved = [decision_of(dossier, signer=fields.pop("paper"))] if "paper" in fields else []
    said = HistoryEntry.objects.create(
        stream="dossier", stream_id=dossier.pk + 1000, event="dossier.revoke", label="Khác",
        actor=an, at=clock.now(), reason="Bà Lường Thị Xưa làm giả", data=fields,
        records=[[row._meta.label_lower, row.pk] for row in saved],
    )  # fmt: skip
    maker = Producer.objects.get(pk=dossier.product.producer_id)
    assert (f"{said.pk}:reason" in offered(maker, son)) == case.endswith("another")
    assert f"{said.pk}:reason" in offered(maker, thu)


PERSONAL = {
    "phone": {"phone": ["1", "2"]},
    "several": {"phone": ["1", "2"], "address": ["a", "b"], "representative": ["a", "b"]},
    "a line each": [{"row": "x", "field": "phone", "before": "1", "after": "2"}],
    "an account": [["cycle.user", 1, {"full_name": ["a", "b"]}]],
}
NOT_PERSONAL = {
    "the product": {"name": ["Mật ong", "Mật ong rừng"], "group": ["a", "b"]},
    "one of two": {"phone": ["1", "2"], "code": ["a", "b"]},
    "whose it is": {"producer": ["Hộ A", "Hộ B"], "producer_id": [1, 2]},
    "an allotment": [{"row": "Hộ A", "field": "commune", "before": "x", "after": "y"}],
    "rights": [{"field": "groups", "before": "", "after": "x"}, {"field": "full_name"}],
    "a row of a product": [["dossiers.product", 1, {"name": ["a", "b"]}]],
    "no columns": {},
    "words": "đã sửa",
}


@pytest.mark.parametrize("told_as", [*PERSONAL, *NOT_PERSONAL])
def test_of_a_correction_only_what_is_personal_goes(told_as, dossier, an, son):
    changed = (PERSONAL | NOT_PERSONAL)[told_as]
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "dossier.correct_details", dossier, by=an, changed=changed
        )
    found = offered(dossier.product.producer, son)
    assert (f"{said.pk}:data.changed" in found) == (told_as in PERSONAL)


@pytest.mark.parametrize("owner_type", ["household", "cooperative"])
def test_a_households_name_is_personal_a_cooperatives_is_not(owner_type, dossier, an, son):
    maker = dossier.product.producer
    update_as_owner(Producer.objects.filter(pk=maker.pk), owner_type=owner_type)
    maker.refresh_from_db()
    of_maker = [{"row": "Hộ A", "field": "name", "before": "Hộ Á", "after": "Hộ A"}]
    with transaction.atomic():
        record = HistoryEntry.objects.record
        said = [
            record("producer.change", maker, by=an, changed=of_maker),
            record(
                "dossier.correct_names", dossier, by=an,
                changed={"producer": ["Hộ Á", "Hộ A"], "producer_id": [maker.pk, maker.pk]},
            ),
        ]  # fmt: skip
    found = offered(maker, son)
    for each in said:
        assert (f"{each.pk}:data.changed" in found) == (owner_type == "household")


@pytest.mark.parametrize(
    "signer",
    [
        "trần công sơn", "Ông Trần Công Sơn", "TS. Trần Công Sơn", "Trần Công Sơn (đã ký)",
        "Sơn Trần Công", "Lò Thị A, Trần Công Sơn", "Công Sơn",
    ],
)  # fmt: skip
def test_no_leader_signs_the_paper_of_their_own_act(signer, told, dossier, son, client):
    client.force_login(son)
    sent = typed(keys(told, other="reason"), signer=signer) | {"scan": paper_scan()}
    answer = client.post(of(dossier), sent)
    assert "Người ký phải là người khác" in str(answer.context["form"].errors["signer"])


@pytest.mark.parametrize(("first", "then"), [("request", "law"), ("law", "request")])
def test_the_request_of_one_person_is_no_paper_for_another(
    first, then, told, dossier, an, son, client
):
    with transaction.atomic():
        said = HistoryEntry.objects.record("person.leave", Appointed(an), by=an, reason="Ốm nặng")
    client.force_login(son)
    address = f"/erasures/person/{an.pk}/"
    assert erase(client, address, [f"{said.pk}:reason"], because=first).status_code == 302
    chosen = keys(told, other="reason")
    sent = typed(chosen, because=then, number="Số 12/ĐĐN.") | {"scan": paper_scan()}
    answer = client.post(of(dossier), sent)
    assert str(an) in str(answer.context["form"].errors["number"])
    # So is its scan, with another number.
    sent = typed(chosen, because=then, number="99/ĐĐN") | {"scan": paper_scan()}
    answer = client.post(of(dossier), sent)
    assert str(an) in str(answer.context["form"].errors["scan"])
    made = Erasure(
        producer=dossier.product.producer, because=then, reason="x", number="99/ĐĐN",
        signed_on=clock.today(), signer="Lò Văn A", sha256=Erasure.objects.get().sha256,
    )  # fmt: skip
    with pytest.raises(ValidationError) as refused:
        erasing.erase(made, chosen, by=son)
    assert list(refused.value.message_dict) == ["scan"]
    # Another year's number is another paper.
    again = erase(client, of(dossier), chosen, b"don khac", signed_on="01/03/2025")
    assert again.status_code == 302


#: A paper that says itself to be another than it was recorded as -> at which field it is said.
NOT_THE_SAME = {
    "another day": ({"signed_on": "02/03/2026"}, "signed_on"),
    "another signer": ({"signer": "Lường Thị Nay"}, "signer"),
    "another number": ({"number": "13/ĐĐN"}, "scan"),
    "another day and scan": ({"signed_on": "02/03/2026", "words": b"khac"}, "signed_on"),
    "another signer and scan": ({"signer": "Lường Thị Nay", "words": b"khac"}, "signer"),
    "the same": ({}, None),
    "the same, scanned anew": ({"words": b"khac"}, None),
    "the same, written otherwise": ({"number": "Số 12/đđn", "signer": "LƯỜNG THỊ XƯA"}, None),
    "another paper": ({"number": "13/ĐĐN", "words": b"khac"}, None),
}


@pytest.mark.parametrize("because", ["request", "law"])
@pytest.mark.parametrize("case", NOT_THE_SAME)
def test_a_paper_is_the_same_each_time(case, because, told, dossier, son, client):
    fields, field = dict(NOT_THE_SAME[case][0]), NOT_THE_SAME[case][1]
    client.force_login(son)
    first = erase(client, of(dossier), keys(told, other="reason"), because=because)
    assert first.status_code == 302
    words, chosen = fields.pop("words", b"don"), keys(told, mine="label")
    sent = typed(chosen, because=because, **fields)
    answer = client.post(of(dossier), sent | {"scan": paper_scan(words)})
    assert list(answer.context["form"].errors) == ([field] if field else [])
    if field is None:
        last = erase(client, of(dossier), chosen, words, because=because, **fields)
        assert last.status_code == 302


@pytest.mark.django_db(transaction=True)
def test_one_request_at_once_for_two_is_done_for_one(told, dossier, an, son):
    with transaction.atomic():
        said = HistoryEntry.objects.record("person.leave", Appointed(an), by=an, reason="Ốm nặng")
    paper = {
        "because": "request", "reason": "Theo đơn", "number": "12/ĐĐN", "signer": "Lò Văn A",
        "signed_on": clock.today(), "sha256": records.scan("12/ĐĐN").sha256,
    }  # fmt: skip
    deeds = [
        lambda: erasing.erase(Erasure(person=an, **paper), [f"{said.pk}:reason"], by=son),
        lambda: erasing.erase(
            Erasure(producer=Producer.objects.get(pk=dossier.product.producer_id), **paper),
            keys(told, other="reason"), by=son,
        ),
    ]  # fmt: skip
    start = Barrier(2)

    def run(deed):
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            deed()
        except ValidationError as refused:
            return list(refused.message_dict)
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(run, deeds))
    assert sorted(map(str, answers)) == ["['number']", "done"]
    assert Erasure.objects.count() == 1
    assert chains.check() == []


def test_a_document_that_was_used_for_another_is_asked_about(told, dossier, an, son, client):
    with transaction.atomic():
        said = HistoryEntry.objects.record("person.leave", Appointed(an), by=an, reason="Ốm nặng")
    client.force_login(son)
    address = f"/erasures/person/{an.pk}/"
    assert erase(client, address, [f"{said.pk}:reason"], because="law").status_code == 302
    sent = typed(keys(told, other="reason"), because="law") | {"scan": paper_scan()}
    asked = client.post(of(dossier), sent).content.decode()
    assert "đã dùng để xóa của người khác" in asked


def test_a_dossier_that_was_reopened_meanwhile_keeps_its_reason(told, dossier, an, son):
    """The database refuses what the page had offered."""
    with transaction.atomic():
        said = HistoryEntry.objects.record("dossier.return_idea", dossier, by=an, reason="Lý do")
    stale = erasing.Found([erasing.Text(said, "reason", "x", ticked=True)])
    made = Erasure(
        producer=dossier.product.producer, because="law", reason="x", number="2/CV",
        signed_on=clock.today(), signer="Lò Văn A", sha256=records.scan("2/CV").sha256,
    )  # fmt: skip
    with patch.object(erasing, "find", return_value=stale), pytest.raises(erasing.ErasedMeanwhile):
        erasing.erase(made, [f"{said.pk}:reason"], by=son)
    assert read(said).reason == "Lý do"


def test_an_erasure_that_no_entry_tells_is_found(dossier, an, son):
    """As the application's own role could write one past the act."""
    maker = dossier.product.producer
    with transaction.atomic():
        said = HistoryEntry.objects.record("producer.change", maker, by=an, reason="Gọi 0912345678")
        made = Erasure.objects.create(
            producer=maker, texts=[[said.pk, "reason"]], because="law", reason="Theo đơn",
            number="1/CV", signed_on=clock.today(), signer="Lò Văn A", sha256="0" * 64,
            made_by=son, made_at=clock.now(),
        )  # fmt: skip
    assert sorted(map(str, chains.check())) == [
        f"producer {maker.pk}/0: không dòng nào ghi lần xóa {made.pk}",
        f"producer {maker.pk}/{said.seq}: lời đã xóa, không dòng nào ghi lần xóa",
    ]

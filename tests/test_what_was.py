"""What was, stays: pages and papers say names, roles and units as they were at the act.

The table: each page and paper, after the account was renamed, the officer moved to another post, the
unit was renamed, the role changed.
"""

import re
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from councils.models import Council, EvaluationRound, SignedDocument
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
from dossiers.models import Erasure, Producer, Product
from dossiers.office import erasing
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


@pytest.mark.parametrize("model", [User, OrgUnit, Product, Producer, Council])
def test_a_row_knows_what_it_was_called_when(model, dossier, an, thu, province):
    row = {
        User: an, OrgUnit: dossier.commune, Product: dossier.product,
        Producer: dossier.product.producer, Council: judging.seat(province, thu),
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


def council_renamed(round_):
    Council.objects.update(name="Hội đồng tên mới")


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
    assert changed == {"submission", "request", "notice"}
    assert after["submission"]["entries"][0]["product"] == "Sản phẩm tên mới"
    # What the council said as it closed stays, signed or not.
    assert after["minutes"]["entries"][0]["product"] == before["minutes"]["entries"][0]["product"]


# --- What was erased ------------------------------------------------------------------------


def erase_all():
    """Every personal word of every entry, those that the act leaves too: as only the owner of the
    database could, the trigger disarmed.
    """
    with owner() as database:
        database.execute("ALTER TABLE cycle_sealedtext DISABLE TRIGGER words_only_emptied")
        database.execute("UPDATE cycle_sealedtext SET words = '{}', salts = '{}'")
        database.execute("ALTER TABLE cycle_sealedtext ENABLE TRIGGER words_only_emptied")


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
    Producer.objects.filter(pk=maker.pk).update(representative="Lường Thị Xưa", phone="")
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


def paper_scan():
    return SimpleUploadedFile("don.pdf", b"%PDF-1.7 don obj %%EOF\n")


def seal_of(answer):
    return answer.context["form"].seal


def held(answer):
    return re.search(r'name="scan-held" value="([^"]+)"', answer.content.decode())[1]


def erase(client, address, texts, **fields):
    """The form sent, and sent again as it asks; the last answer."""
    asked = client.post(address, typed(texts, **fields) | {"scan": paper_scan()})
    assert "Xóa rồi không khôi phục được" in asked.content.decode()
    sure = {"scan-held": held(asked), "sure": seal_of(asked)}
    return client.post(address, typed(texts, **fields) | sure)


def keys(told, **parts):
    return [f"{told[name].pk}:{part}" for name, part in parts.items()]


def of(dossier):
    return f"/erasures/producer/{dossier.product.producer_id}/"


def read(entry):
    return HistoryEntry.objects.get(pk=entry.pk)


def test_the_leader_erases_what_was_chosen_and_everything_else_stays(told, dossier, son, client):
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

    answer = erase(client, of(dossier), keys(told, **chosen))
    assert answer.status_code == 302
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
    said = HistoryEntry.objects.get(event="personal.erase")
    assert (said.stream, said.stream_id) == ("producer", dossier.product.producer_id)
    assert (said.who, said.role, said.data["erased"]) == (str(son), "leader", 3)
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


def test_the_reason_of_a_dossier_under_way_stays_until_it_is_done(dossier, an, son, client):
    maker = dossier.product.producer
    Producer.objects.filter(pk=maker.pk).update(representative="Lường Thị Xưa")
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "dossier.return_idea", dossier, by=an, reason="Bà Lường Thị Xưa chưa ký"
        )
    maker.refresh_from_db()
    assert open_task(dossier)
    key = f"{said.pk}:reason"
    found = erasing.find(maker)
    assert key not in [each.key for each in found.texts]
    assert [n for why, n in found.stays if "đang xử lý" in str(why)] == [1]
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    assert key in [each.key for each in erasing.find(maker).texts]


def test_words_that_are_looked_for_beside(told, dossier, an):
    maker = dossier.product.producer
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "list.export", Office("Danh sách"), by=an, query="quang thi lan 0387-111-222"
        )
    for also in ("Quàng Thị Lan", "0387 111 222"):
        assert f"{said.pk}:data.query" in [each.key for each in erasing.find(maker, also).texts]
    for also in ("", "An", "Quàng Thị", "0387"):
        found = erasing.find(maker, also).texts
        assert (f"{said.pk}:data.query" in [each.key for each in found]) == (also == "Quàng Thị")


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
        valid_to=clock.today() + timedelta(days=3), reason="Nghỉ phép", document="3/GUQ",
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
        signer="Lò Văn A", sha256=made.sha256,
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
                "dossier.open", dossier, by=an, reason="Gọi 0912345678"
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

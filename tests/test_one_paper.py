"""A paper is one: of one number, day, signer and scan in all dossiers, and for one kind of act."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cycle import clock, documents
from cycle.models import Document, Role
from dossiers.models import ConditionNotMet, Dossier, OfficialDocument, State
from dossiers.walk import doors
from tests import records
from tests.standing import sent_up, stand
from tests.task_pages import agreed
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

S = State


@pytest.fixture
def make(cycle, commune, an, moi):
    """Makes dossiers in a state, by the name of the product."""

    def at(name, state, unit=commune, **fields):
        by = an if unit == commune else moi
        return stand(open_dossier(cycle, unit, by, name=name), state, **fields)

    return at


def certify(dossier, by, **paper):
    return doors.complete(
        open_task(dossier),
        "certify",
        by=by,
        paper=records.signed_paper(**paper),
        record=records.certificate(),
    )


def revoke(dossier, by, **paper):
    doors.act(
        dossier.process,
        "revoke",
        by=by,
        reason="Mẫu không đạt",
        record=[records.inspection("revoke"), records.revocation()],
        paper=records.signed_paper(**paper),
    )


def refused(field, words, do, *args, **paper):
    with transaction.atomic(), pytest.raises(ConditionNotMet) as error:
        do(*args, **paper)
    lacks = {at: str(said) for said, at, _met_by in error.value.lacks}
    assert words in lacks[f"paper-{field}"]
    # What else differs is said too.
    assert lacks.keys() - {f"paper-{field}"} <= {"paper-scan_file"}


# --- The commune's request ------------------------------------------------------------------

#: What differs of one request -> (where that is said, what).
DIFFERS = {
    "day": (
        {"signed_on": timedelta(days=-1)},
        "signed_on",
        "Văn bản 15/TTr-UBND đã ghi cho «Mật ong» với ngày ký",
    ),
    "signer": ({"signer": "Lò Văn Khác"}, "signer", "với người ký Quàng Văn Chi."),
    "scan": ({"scan": "another"}, "scan_file", "với bản chụp khác"),
    "number": ({"number": "16/TTr-UBND", "scan": "15/TTr-UBND"}, "scan_file", "của văn bản 15/TTr"),
}


@pytest.mark.parametrize("differs", sorted(DIFFERS))
def test_one_request_of_a_commune_has_one_day_signer_and_scan(make, chi, differs):
    first = make("Mật ong", S.COMMUNE_CHECKED)
    sent_up(first, chi)
    fields, field, words = DIFFERS[differs]
    fields = dict(fields)
    if "signed_on" in fields:
        fields["signed_on"] += clock.today()
    if "scan" in fields:
        fields["scan"] = records.scan(fields["scan"])
    second = make("Chè", S.COMMUNE_CHECKED)
    refused(field, words, sent_up, second, chi, **fields)
    assert Dossier.objects.get(pk=second.pk).state == S.COMMUNE_CHECKED
    # On the very same paper it goes up.
    sent_up(second, chi, number="015/ttr–ubnd")
    assert Dossier.objects.get(pk=second.pk).state == S.AT_PROVINCE


def test_another_commune_has_its_own_numbers(make, chi, other_commune):
    pao = person("pao", "Giàng A Páo", (Role.LEADER, other_commune))
    sent_up(make("Mật ong", S.COMMUNE_CHECKED), chi)
    its = {"signer": "Giàng A Páo", "signer_capacity": "Chủ tịch UBND xã Mường Nhé"}
    other = make("Chè", S.COMMUNE_CHECKED, other_commune)
    refused("scan_file", "Bản chụp này là của", sent_up, other, pao, **its)
    sent_up(other, pao, **its, scan=records.scan("of Mường Nhé"))


def test_a_request_of_before_the_filing_is_asked_about_once(make, chi, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    dossier, client = make("Mật ong", S.COMMUNE_CHECKED), Client()
    client.force_login(chi)
    opened = clock.today()
    day = opened - timedelta(days=20)
    address = reverse("dossiers:task", args=[open_task(dossier).pk])

    def typed(day):
        said = {
            "number": "15/TTr-UBND",
            "signed_on": f"{day:%d/%m/%Y}",
            "signer": "Quàng Văn Chi",
            "signer_capacity": "Chủ tịch UBND xã",
            "scan_file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x obj %%EOF"),
        }
        named = {f"forward_to_province-paper-{name}": value for name, value in said.items()}
        ticked = {"forward_to_province-review-checked": ["0", "1"]}
        return named | ticked | {"act": "forward_to_province"}

    page = client.post(address, typed(day)).content.decode()
    assert f"ký ngày {day:%d/%m/%Y}, trước ngày nộp hồ sơ ({opened:%d/%m/%Y})" in page
    assert Dossier.objects.get(pk=dossier.pk).state == S.COMMUNE_CHECKED
    assert agreed(client, address, typed(day)).status_code == 302
    assert dossier.officialdocuments.get().signed_on == day
    # A day that nobody doubts is not asked about.
    other = make("Chè", S.COMMUNE_CHECKED)
    address = reverse("dossiers:task", args=[open_task(other).pk])
    sent = typed(opened) | {
        "forward_to_province-paper-number": "16/TTr-UBND",
        "forward_to_province-paper-scan_file": SimpleUploadedFile("b.pdf", b"%PDF-1.7 z obj %%EOF"),
    }
    assert client.post(address, sent).status_code == 302


# --- A decision -----------------------------------------------------------------------------


def test_one_decision_revokes_many_and_another_number_has_no_scan_of_it(make, minh):
    given = [make(name, S.CERTIFIED, stars=4) for name in ("Mật ong", "Chè", "Gạo")]
    revoke(given[0], minh, number="77/QĐ-UBND")
    scan = records.scan("77/QĐ-UBND")
    refused(
        "scan_file", "của văn bản 77/QĐ-UBND", revoke, given[1], minh,
        number="99/QĐ-UBND", signer="Lò Văn Khác", scan=scan,
    )  # fmt: skip
    refused(
        "signer", "Trần Công Sơn", revoke, given[2], minh,
        number="77/QĐ-UBND", signer="Lò Văn Khác", scan=records.scan("another"),
    )  # fmt: skip
    for each in given[1:]:
        revoke(each, minh, number="77/QĐ-UBND")
        assert Dossier.objects.get(pk=each.pk).state == S.REVOKED


def test_what_revokes_one_recognises_no_other(make, minh, son):
    revoke(make("Mật ong", S.CERTIFIED, stars=4), minh, number="77/QĐ-UBND")
    other = make("Chè", S.AWAITING_DECISION, stars=4)
    refused("number", "cho «Mật ong» trong một việc khác", certify, other, son, number="77/QĐ-UBND")
    certify(other, son, number="78/QĐ-UBND")
    # And what recognised one revokes no other.
    refused(
        "number", "cho «Chè» trong một việc khác", revoke,
        make("Gạo", S.CERTIFIED, stars=4), minh, number="78/QĐ-UBND",
    )  # fmt: skip


@pytest.mark.parametrize("number", ["15/TTr-UBND", "812/QĐ-UBND"])
def test_the_scan_of_the_request_shows_no_decision(make, chi, son, number):
    """Under another number, and under its own, which is the commune's."""
    dossier = make("Mật ong", S.COMMUNE_CHECKED)
    sent_up(dossier, chi)
    stand(dossier, S.AWAITING_DECISION, stars=4)
    scan = records.scan("15/TTr-UBND")
    refused("scan_file", "Bản chụp này là của", certify, dossier, son, number=number, scan=scan)
    # The province counts for itself.
    certify(dossier, son, number=number, scan=records.scan("of the province"))


def test_nothing_is_asked_beside_a_paper_of_which_little_is_known(make, minh, son):
    with clock.at(clock.now(), replay=True):
        certify(
            make("Mật ong", S.AWAITING_DECISION, stars=4), son, number="812/QĐ-UBND",
            signer="Chưa rõ tên", signer_known=False, signer_capacity="Chưa rõ chức vụ", scan=None,
        )  # fmt: skip
        # Nor in a replay.
        revoke(make("Rượu", S.CERTIFIED, stars=4), minh, number="812/QĐ-UBND")
    certify(make("Chè", S.AWAITING_DECISION, stars=4), son, number="813/QĐ-UBND")
    assert Dossier.objects.filter(state=S.CERTIFIED).count() == 2


#: Ways to type that the signer is not known.
NOBODY = [
    "Chưa rõ tên", "CHƯA RÕ TÊN", "chua ro ten", "Chưa  rõ", "Chưa-rõ tên", "Chưarõ tên",
    "Chưa rõ người ký", "Không rõ tên", "Chưa biết ai", "Ch\u01b0\u200ba r\u00f5 t\u00ean",
]  # fmt: skip


@pytest.mark.parametrize("said", NOBODY)
def test_nobody_types_that_the_signer_is_not_known(said, make, chi):
    """It would switch off what compares one paper with another."""
    with transaction.atomic(), pytest.raises(ValidationError) as error:
        sent_up(make("Mật ong", S.COMMUNE_CHECKED), chi, signer=said)
    assert list(error.value.message_dict) == ["signer"]
    # A list that says so marks it.
    assert documents.signed_by(said) == {"signer": "Chưa rõ tên", "signer_known": False}
    for name in ("Chu A Rò", "Lò Văn Rõ", "Quàng Thị Chua"):
        assert documents.signed_by(name) == {"signer": name}


def test_a_mark_that_is_sent_along_is_none(make, chi, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    dossier, client = make("Mật ong", S.COMMUNE_CHECKED), Client()
    client.force_login(chi)
    said = {
        "number": "15/TTr-UBND",
        "signed_on": f"{clock.today():%d/%m/%Y}",
        "signer": "Chưa rõ tên",
        "signer_known": "",
        "signer_capacity": "Chủ tịch UBND xã",
        "scan_file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x obj %%EOF"),
    }
    named = {f"forward_to_province-paper-{name}": value for name, value in said.items()}
    address = reverse("dossiers:task", args=[open_task(dossier).pk])
    ticked = {"forward_to_province-review-checked": ["0", "1"]}
    page = client.post(address, named | ticked | {"act": "forward_to_province"})
    assert [place for place, _said in page.context["tried"].problems] == [
        "id_forward_to_province-paper-signer"
    ]
    assert not Document.objects.exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_query_count_of_a_decision_beside_others(make, son, rows, django_assert_num_queries):
    from dossiers.law.conditions import _used

    for n in range(rows):
        certify(make(f"Chè {n}", S.AWAITING_DECISION, stars=4), son, number="812/QĐ-UBND")
    dossier = Dossier.objects.with_units().get(pk=make("Mật ong", S.AWAITING_DECISION, stars=4).pk)
    dossier.resting_on = OfficialDocument(dossier=dossier, document=Document.objects.get())
    with django_assert_num_queries(2):
        assert _used(dossier, "certify") is None
        assert _used(dossier, "certify") is None


# --- Its day ----------------------------------------------------------------------------------


def test_a_revocation_is_not_signed_before_the_certificate(make, minh, son):
    dossier = make("Mật ong", S.AWAITING_DECISION, stars=4)
    certify(dossier, son)
    day = clock.today() - timedelta(days=1)
    words = f"Văn bản ký trước ngày cấp giấy chứng nhận ({clock.today():%d/%m/%Y})"
    refused("signed_on", words, revoke, dossier, minh, number="20/QĐ-UBND", signed_on=day)
    revoke(dossier, minh, number="20/QĐ-UBND")


# --- The capacity of its signer ---------------------------------------------------------------


@pytest.fixture
def forward(make, chi, settings, tmp_path):
    """Sends a request up from the page, signed in a capacity; the dossier, the client, its page."""
    settings.MEDIA_ROOT = tmp_path
    dossier, client = make("Mật ong", S.COMMUNE_CHECKED), Client()
    client.force_login(chi)
    address = reverse("dossiers:task", args=[open_task(dossier).pk])

    def typed(capacity):
        said = {
            "number": "15/TTr-UBND",
            "signed_on": f"{clock.today():%d/%m/%Y}",
            "signer": "Quàng Văn Chi",
            "signer_capacity": capacity,
            "scan_file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x obj %%EOF"),
        }
        named = {f"forward_to_province-paper-{name}": value for name, value in said.items()}
        ticked = {"forward_to_province-review-checked": ["0", "1"]}
        return named | ticked | {"act": "forward_to_province"}

    return dossier, client, address, typed


def test_a_capacity_that_no_pattern_knows_is_asked_about_once(forward):
    dossier, client, address, typed = forward
    said = "Người được giao phụ trách UBND xã"
    page = client.post(address, typed(said)).content.decode()
    assert f"Phần mềm chưa biết chức vụ «{said}»." in page and "Đúng: " in page
    assert not dossier.officialdocuments.exists()
    (seal,) = set(re.findall(r'name="forward_to_province-sure" value="(\w+)"', page))
    # A yes to one capacity is none to another.
    yes = {"forward_to_province-sure": seal}
    other = client.post(address, typed("Phụ trách UBND xã") | yes).content.decode()
    assert "Phần mềm chưa biết chức vụ «Phụ trách UBND xã»." in other
    assert not dossier.officialdocuments.exists()
    assert agreed(client, address, typed(said)).status_code == 302
    assert dossier.officialdocuments.get().signer_capacity == said
    entry = dossier.history.get(event="dossier.forward_to_province")
    assert entry.data["as_written"] == said
    page = " ".join(client.get(f"/dossiers/{dossier.pk}/").content.decode().split())
    assert f"chức vụ «{said}» ghi đúng như trên văn bản" in page
    assert f'{said} <span class="tag">chức vụ ghi đúng như trên văn bản</span>' in page


@pytest.mark.parametrize(
    "capacity",
    ["Chủ tịch UBND xã Mường Nhé", "Thư ký Chủ tịch UBND xã", "Chủ tịch UBND tỉnh", "Bộ trưởng"],
)
def test_what_is_known_to_be_anothers_is_refused_and_not_asked(forward, chi, capacity):
    dossier, client, address, typed = forward
    page = client.post(address, typed(capacity)).content.decode()
    assert "Phần mềm chưa biết chức vụ" not in page and "Đúng: " not in page
    assert "Văn bản của xã do Chủ tịch hoặc Phó Chủ tịch UBND xã ký" in page
    # Nor does a door take it that is told it was agreed to.
    paper = records.signed_paper(signer="Quàng Văn Chi", signer_capacity=capacity)
    paper.as_written = capacity
    with pytest.raises(ConditionNotMet):
        doors.complete(open_task(dossier), "forward_to_province", by=chi, paper=paper)


def test_a_known_capacity_is_neither_asked_nor_marked(forward):
    dossier, client, address, typed = forward
    assert client.post(address, typed("Chủ tịch UBND xã")).status_code == 302
    entry = dossier.history.get(event="dossier.forward_to_province")
    assert "as_written" not in entry.data

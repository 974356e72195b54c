"""Ways in which what appoints, numbers and counts was once walked round."""

from datetime import date, timedelta

import pytest
from axes.models import AccessAttempt
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from cycle import appointing, clock
from cycle.models import Duty, RoleAssignment, User, check_symbol
from dossiers.models import Task
from tests.owning import save_as_owner, update_as_owner
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("document", "signer", "stands"),
    [
        ("15/QĐ-UBND, 1/11/2026", "Trần Công Sơn", True),
        ("15/QĐ-UBND, 1/11/2026", "Nguyễn Hoàng Minh", False),  # the maker
        ("15/QĐ-UBND, 1/11/2026", "Hoàng Minh", False),  # part of the maker's name
        ("15/QĐ-UBND, 1/11/2026", "Ông Nguyễn Hoàng Minh", False),  # more than the maker's name
        ("15/QĐ-UBND, 1/11/2026", "nguyen hoang minh\u200b", False),
        ("15/QĐ-UBND, 1/11/2026", ".", False),
        ("15/QĐ-UBND, 1/11/2026", "Sơn", False),
        ("15/QĐ-UBND, 1/11/2026", "123 456", False),
        ("quyết định miệng", "Trần Công Sơn", False),
        ("", "Trần Công Sơn", False),
    ],
)
def test_a_document_that_appoints_has_a_number_and_somebody_elses_name(
    document, signer, stands, minh
):
    assert appointing.signed_by_another(document, signer, minh) is stands


@pytest.mark.parametrize(
    "full_name",
    [
        "Nguyễn Hoàng Minh",
        "nguyen hoang minh",
        "Nguyễn\u200b Hoàng Minh",
        "Ｎguyễn Hoàng Minh\u00ad",
    ],
)
def test_a_second_account_of_one_name_is_oneself(full_name, minh):
    assert appointing.is_oneself(minh, person("khac", full_name))


def test_work_is_not_left_to_a_post_that_ends_too(dossier, an, commune):
    other = person("hai", "Lò Văn Hai", ("officer", commune))
    day = clock.today()
    update_as_owner(
        RoleAssignment.objects.filter(user=other, role="officer"), valid_to=day + timedelta(days=30)
    )
    assert open_task(dossier).role == "officer"
    assert appointing.stranded("officer", commune.pk, day=day + timedelta(days=1), without=an)
    update_as_owner(RoleAssignment.objects.filter(user=other, role="officer"), valid_to=None)
    assert not appointing.stranded("officer", commune.pk, day=day + timedelta(days=1), without=an)


def test_who_takes_over_later_is_not_switched_off(dossier, an, commune):
    day = clock.today()
    heir = User.objects.create_user("ke", full_name="Lò Thị Kế")
    update_as_owner(RoleAssignment.objects.filter(user=an, org_unit=commune), valid_to=day)
    RoleAssignment.objects.create(
        user=heir, role="officer", org_unit=commune, valid_from=day + timedelta(days=1)
    )
    with pytest.raises(ValidationError):
        appointing.check_leaving(heir)


@pytest.mark.parametrize("text", ["12/GCN", "07/QĐ – UBND", "1.234/GCN-ỦBND (OCOP)", ""])
def test_a_number_as_clerks_write_it(text):
    check_symbol(text, "number")


@pytest.mark.parametrize(
    "text",
    ["12/GCN\u00ad", "500/QĐ-UBND\u2060", "\ufeff12/GCN", "１２/GCN", "١٢/GCN", "12∕GCN", "①/GCN",
     "12/G\u0421N"],
)  # fmt: skip
def test_a_number_that_only_looks_like_one_is_refused(text):
    with pytest.raises(ValidationError):
        check_symbol(text, "number")


def test_an_auditor_is_given_no_duty_and_who_signs_is_a_leader(cycle):
    duty = Duty.objects.get(cycle=cycle, node="decide")
    for role in ("auditor", "officer"):
        duty.role = role
        with pytest.raises(ValidationError) as refused:
            duty.full_clean()
        assert list(refused.value.message_dict) == ["role"]
    duty.role = "leader"
    duty.full_clean()


def test_nobody_begins_a_post_at_a_unit_that_has_ended(an, old_commune):
    old_commune.valid_to = date(2025, 6, 30)
    save_as_owner(old_commune)
    late = RoleAssignment(user=an, role="trade", org_unit=old_commune, valid_from=date(2026, 11, 1))
    with pytest.raises(ValidationError) as refused:
        late.full_clean()
    assert list(refused.value.message_dict) == ["org_unit"]


def test_what_is_nobodys_name_is_not_kept_and_spellings_count_as_one(an):
    client = Client()
    for name in ("mật-khẩu-gõ-nhầm", "AN", "An"):
        client.post("/accounts/login/", {"login": name, "password": "sai"})
    kept = dict(AccessAttempt.objects.values_list("username", "failures_since_start"))
    assert "mật-khẩu-gõ-nhầm" not in " ".join(kept)
    assert kept["an"] == 2


def test_an_address_of_htmx_that_is_none_is_left_out(an):
    client = Client()
    for here in ("http://testserver//[::1/", "http://[", "//["):
        answer = client.get("/inbox/", headers={"HX-Request": "true", "HX-Current-URL": here})
        assert answer.status_code in (200, 302)


def test_the_application_does_not_rewrite_what_was_migrated():
    assert Task.objects.count() == 0
    for statement in ("DELETE FROM django_migrations", "UPDATE django_migrations SET name = 'x'"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

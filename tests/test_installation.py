"""From an empty database to the first task of an officer, by pages alone, as an installation goes.

Nothing is there but what the commands of docs/operating.md load.
"""

from datetime import date

import pytest
from django.core.management import call_command
from django.test import Client

from cycle import clock
from cycle.models import Cycle, OrgUnit, Role, RoleAssignment, RuleSet, User
from dossiers.models import Dossier, OwnerType, ProductGroup
from tests.admin_pages import PASSWORD, Page
from tests.world import events, open_task

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"


class Browser:
    """One person's browser over TLS: what a page shows is posted back with some of it typed over."""

    def __init__(self):
        self.client = Client(enforce_csrf_checks=True)

    def get(self, address):
        response = self.client.get(address, secure=True)
        assert response.status_code == 200, (address, response.status_code)
        return response

    def send(self, address, typed, *, unticked=(), answers=302):
        """Open the page, type, send; the answer."""
        posted = Page(self.get(address).content.decode()).posted
        posted = {k: v for k, v in posted.items() if "__prefix__" not in k and k not in unticked}
        posted |= {"_save": "1"} | typed
        response = self.client.post(
            address, posted, secure=True, headers={"referer": f"https://testserver{address}"}
        )
        said = ""
        if response.status_code == 200:
            form = response.context.get("adminform") or response.context.get("form")
            said = getattr(form, "errors", "")
        assert response.status_code == answers, (address, said)
        return response

    def signs_in(self, username, password, *, answers=302):
        return self.send(SIGN_IN, {"login": username, "password": password}, answers=answers)


@pytest.fixture
def installed(settings, monkeypatch, tmp_path):
    """Production's settings, and what its commands load; the administrator has signed in."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, ignore_patterns=["viewflow"], verbosity=0)
    call_command("load_reference", verbosity=0)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, username="quantri", email="", verbosity=0)
    browser = Browser()
    browser.signs_in("quantri", PASSWORD)
    return browser


def a_person(administrator, username, full_name):
    administrator.send(
        "/admin/cycle/user/add/",
        {
            "username": username,
            "full_name": full_name,
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )
    return User.objects.get(username=username)


@pytest.mark.slow(reason="a whole installation is set up, page by page")
def test_an_empty_installation_is_put_to_work_by_pages_alone(installed):
    administrator = installed
    commune = OrgUnit.objects.get(name="Xã Nà Tấu", valid_to=None)
    law = RuleSet.objects.get(edition="qd26_2026")

    # The year: its duties, windows and terms come from its rule set.
    administrator.send(
        "/cycles/open/",
        {
            "year": "2026",
            "rule_set": law.pk,
            "opened_on": "01/01/2026",
            "ends_on": "31/12/2026",
            "number": "12/KH-UBND",
            "signed_on": "20/10/2025",
            "body": "UBND tỉnh",
            "signer": "Lò Văn Minh",
            "signer_capacity": "Phó Chủ tịch",
        },
    )
    cycle = Cycle.objects.get()
    assert cycle.duties.count() == len(law.content["duties"])
    assert cycle.step_windows.exists() and cycle.term_rules.exists()
    # All of it, opened again and saved as it stands.
    administrator.send(f"/admin/cycle/cycle/{cycle.pk}/change/", {})

    # A person with two roles, one of which ends.
    an = a_person(administrator, "xa.natau", "Lò Thị An")
    administrator.send(
        f"/admin/cycle/user/{an.pk}/change/",
        {
            "role_assignments-TOTAL_FORMS": "2",
            "role_assignments-0-role": Role.OFFICER,
            "role_assignments-0-org_unit": commune.pk,
            "role_assignments-0-valid_from": "01/11/2026",
            "role_assignments-1-role": Role.CLERK,
            "role_assignments-1-org_unit": commune.pk,
            "role_assignments-1-valid_from": "01112026",
        },
    )
    clerk = RoleAssignment.objects.get(user=an, role=Role.CLERK)
    administrator.send(
        f"/admin/cycle/roleassignment/{clerk.pk}/change/", {"valid_to": f"{clock.today():%d/%m/%Y}"}
    )
    clerk.refresh_from_db()
    assert (clerk.valid_from, clerk.valid_to) == (date(2026, 11, 1), clock.today())

    # The person opens a dossier and finds the task of it.
    officer = Browser()
    officer.signs_in("xa.natau", PASSWORD)
    officer.send(
        "/dossiers/new/",
        {
            "cycle": cycle.pk,
            "commune": commune.pk,
            "producer_name": "Hợp tác xã Nà Tấu",
            "owner_type": OwnerType.COOPERATIVE,
            "product_name": "Mật ong rừng",
            "group": ProductGroup.FOOD,
        },
    )
    dossier = Dossier.objects.get()
    assert events(dossier) == ["dossier.open"]
    task = open_task(dossier)
    assert (task.org_unit, task.role) == (commune, Role.OFFICER)
    inbox = officer.client.get("/", secure=True, follow=True).content.decode()
    assert "Mật ong rừng" in inbox and f"/tasks/{task.pk}/" in inbox

    # A password set by the administrator is the one that opens; the old session is over.
    other = "gió đưa cành trúc la đà"
    administrator.send(
        f"/admin/cycle/user/{an.pk}/password/", {"password1": other, "password2": other}
    )
    assert officer.client.get("/inbox/", secure=True).status_code == 302
    Browser().signs_in("xa.natau", PASSWORD, answers=200)
    again = Browser()
    again.signs_in("xa.natau", other)

    # Nobody leaves while their work is open and nobody else's.
    address = f"/admin/cycle/user/{an.pk}/change/"
    administrator.send(address, {}, unticked=["is_active"], answers=200)
    binh = a_person(administrator, "xa.natau.2", "Cà Thị Bình")
    administrator.send(
        f"/admin/cycle/user/{binh.pk}/change/",
        {
            "role_assignments-TOTAL_FORMS": "1",
            "role_assignments-0-role": Role.OFFICER,
            "role_assignments-0-org_unit": commune.pk,
            "role_assignments-0-valid_from": "01/11/2026",
        },
    )

    # A leaver is switched off: what is open is shut, and nothing opens it again.
    address = again.client.get("/", secure=True, follow=True).request["PATH_INFO"]
    again.get(address)
    administrator.send(f"/admin/cycle/user/{an.pk}/change/", {}, unticked=["is_active"])
    an.refresh_from_db()
    assert not an.is_active
    shut = again.client.get(address, secure=True)
    assert shut.status_code == 302 and shut.url.startswith(SIGN_IN)
    refused = Browser()
    refused.client.get(SIGN_IN, secure=True)
    refused.signs_in("xa.natau", other, answers=302)
    assert "_auth_user_id" not in refused.client.session

    # Switched on again, the person signs in anew: what was open before stays shut.
    administrator.send(f"/admin/cycle/user/{an.pk}/change/", {"is_active": "on"})
    an.refresh_from_db()
    assert an.is_active
    shut = again.client.get(address, secure=True)
    assert shut.status_code == 302 and shut.url.startswith(SIGN_IN)
    Browser().signs_in("xa.natau", other)
    assert administrator.client.get("/admin/", secure=True).status_code == 200

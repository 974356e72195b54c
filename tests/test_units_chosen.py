"""Wherever a unit is chosen, one that has ended is told apart from the one that has its name now."""

import json
from datetime import date, timedelta

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory

from councils.forms import councils as councils_forms
from cycle import clock
from cycle.models import Cycle, OrgUnit, Role, RoleAssignment, User
from dossiers.forms.acts import RerouteForm
from dossiers.forms.opening import DossierForm, OutreachForm
from dossiers.lists.files import Register
from dossiers.lists.inbox import Filters
from dossiers.lists.overdue import Filters as OverdueFilters
from dossiers.lists.overdue import OverdueRegister
from dossiers.office.forms.absence import HandoverForm, SubstitutionForm
from tests.ground import kept
from tests.owning import save_as_owner, update_as_owner
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

ENDED, NOW = "Xã Nà Tấu (đến 30/06/2025)", "Xã Nà Tấu"


@pytest.fixture
@kept
def twin(commune, province):
    """The commune that had the name until the reorganisation."""
    return OrgUnit.objects.create(
        code="03199", name=commune.name, level="commune", parent=province,
        valid_from=date(2020, 1, 1), valid_to=date(2025, 6, 30),
    )  # fmt: skip


@pytest.fixture
@kept
def both(twin, commune):
    """Officer at both, and their leader: posts of before are kept."""
    held = [(role, unit) for role in (Role.OFFICER, Role.LEADER) for unit in (twin, commune)]
    return person("both", "Lò Văn Cả Hai", *held)


def forms_of_ours():
    """Every form class of the product, whatever it inherits from."""
    todo, seen = [forms.BaseForm], set()
    while todo:
        for each in todo.pop().__subclasses__():
            if each not in seen:
                seen.add(each)
                todo.append(each)
    ours = tuple(f"{app}." for app in ("cycle", "dossiers", "councils", "notifications"))
    return [each for each in seen if each.__module__.startswith(ours)]


def test_every_field_of_every_form_that_chooses_a_unit_tells_them_apart(twin):
    found = 0
    for form in forms_of_ours():
        for name, field in getattr(form, "base_fields", {}).items():
            queryset = getattr(field, "queryset", None)
            if queryset is not None and queryset.model is OrgUnit:
                assert field.label_from_instance(twin).endswith("(đến 30/06/2025)"), (form, name)
                found += 1
    # A dossier's commune, an outreach's unit, a task's new unit, a council's, a regulation's.
    assert found >= 5


def test_and_every_field_of_the_administration(twin, rf: RequestFactory):
    request, found = rf.get("/admin/"), set()
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    pages = list(admin.site._registry.values())
    pages += [inline(page.model, admin.site) for page in pages for inline in page.inlines]
    for page in pages:
        may = page.has_change_permission(request) or page.has_add_permission(request)
        if not may or page.model._meta.app_label not in ("cycle", "dossiers", "councils"):
            continue
        for field in (*page.model._meta.fields, *page.model._meta.many_to_many):
            if field.related_model is OrgUnit and field.editable:
                made = page.formfield_for_dbfield(field, request)
                assert made.label_from_instance(twin) == ENDED, (page, field)
                found.add(f"{page.model._meta.label}.{field.name}")
    assert {"cycle.RoleAssignment.org_unit", "cycle.OrgUnit.parent", "cycle.OrgUnit.successors",
            "dossiers.Producer.commune"} <= found  # fmt: skip


def test_no_model_of_ours_that_chooses_a_unit_is_left_out(twin):
    """What has a unit and is edited somewhere: each is in one of the two walks above."""
    of_units = {
        f"{model._meta.label}.{field.name}"
        for app in ("cycle", "dossiers", "councils", "notifications")
        for model in apps.get_app_config(app).get_models()
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.related_model is OrgUnit and field.editable
    }
    # By the door, from what is chosen by the fields above.
    written = {"dossiers.Task.org_unit", "dossiers.Term.org_unit", "dossiers.Route.org_unit",
               "cycle.HistoryEntry.org_unit", "dossiers.StockBatch.org_unit",
               "dossiers.Potential.commune", "dossiers.Allotment.unit",
               "dossiers.Allotment.was", "dossiers.Allotment.to",
               "cycle.Document.issuer", "dossiers.FilingNumber.body",
               "dossiers.FilingNumber.commune"}  # fmt: skip
    assert of_units - written == {
        "cycle.OrgUnit.parent", "cycle.OrgUnit.successors", "cycle.RoleAssignment.org_unit",
        "dossiers.Producer.commune", "dossiers.Dossier.commune",
        "dossiers.OutreachEvent.org_unit", "dossiers.PromotionEvent.org_unit",
        "councils.Council.org_unit", "councils.Regulation.org_unit",
    }  # fmt: skip


def test_the_search_box_of_the_administration_shows_the_current_one_first(client, twin, commune):
    client.force_login(User.objects.create_superuser("quantri"))
    for model, field in (("roleassignment", "org_unit"), ("orgunit", "parent")):
        answer = client.get(
            "/admin/autocomplete/",
            {"term": "na tau", "app_label": "cycle", "model_name": model, "field_name": field},
        )
        assert [row["text"] for row in json.loads(answer.content)["results"]] == [NOW, ENDED]
    post = RoleAssignment.objects.create(
        user=person("lan", "Lò Thị Lan"), role=Role.OFFICER, org_unit=twin,
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
    page = client.get(f"/admin/cycle/roleassignment/{post.pk}/change/").content.decode()
    assert ENDED in page


def choices(field):
    return [str(label) for value, label in field.choices if value]


def test_lists_begin_with_what_goes_on(cycle, both, twin, commune, dossier):
    # A dossier begins where an open year knew the commune.
    assert choices(DossierForm(user=both).fields["commune"]) == [NOW]
    update_as_owner(Cycle.objects, opened_on=twin.valid_to)
    assert choices(DossierForm(user=both).fields["commune"]) == [NOW, ENDED]
    assert choices(OutreachForm(user=both).fields["org_unit"]) == [NOW, ENDED]
    posts = choices(SubstitutionForm(user=both).fields["assignment"])
    assert [post for post in posts if "Cả Hai" in post] == [
        f"Lò Văn Cả Hai: {role}, {unit}"
        for unit in (NOW, ENDED)
        for role in ("Lãnh đạo", "Cán bộ OCOP")
    ]
    post = both.role_assignments.filter(org_unit=commune).first()
    handed = choices(HandoverForm(user=both, post=post).fields["posts"])
    assert len(set(handed)) == len(handed) == 4
    assert [NOW in label and "(đến" not in label for label in handed] == [True, True, False, False]
    assert RerouteForm(task=open_task(dossier)).fields["to"].label_from_instance(twin) == ENDED


def test_who_sets_councils_up_tells_the_units_apart(province, thu):
    old = OrgUnit.objects.create(
        code="11b", name=province.name, level="province", valid_from=date(2000, 1, 1),
        valid_to=date(2019, 12, 31),
    )  # fmt: skip
    RoleAssignment.objects.create(
        user=thu, role=Role.COUNCIL_OFFICE, org_unit=old, valid_from=date(2000, 1, 1)
    )
    for form in (councils_forms.CouncilForm, councils_forms.RegulationForm):
        assert choices(form(by=thu).fields["org_unit"]) == [
            province.name, f"{province.name} (đến 31/12/2019)",
        ]  # fmt: skip


def test_filters_tell_them_apart_too(cycle, both, twin, commune, dossier):
    offered = [label for _pk, label in Register(both, Filters()).choices()["communes"]]
    assert offered == [NOW, ENDED]
    cycle.opened_on = twin.valid_to
    save_as_owner(cycle)
    open_dossier(cycle, twin, both, name="Chè Shan tuyết")
    with clock.at(clock.now() + timedelta(days=90)):
        units = {row["unit"] for row in OverdueRegister(both, OverdueFilters()).heat()}
    assert units == {NOW, ENDED}


@pytest.mark.parametrize(
    ("left_to", "sentence"),
    [
        ("its namesake", f"Ngày ấy «{ENDED}» không còn: nay là «{NOW}»."),
        ("nobody", f"Ngày ấy «{ENDED}» không còn: hãy chọn đơn vị khác."),
    ],
)
def test_what_was_held_after_a_unit_ended_names_who_it_is_today(
    cycle, twin, commune, both, client, left_to, sentence
):
    if left_to == "its namesake":
        twin.successors.add(commune)
    client.force_login(both)
    typed = {"cycle": cycle.pk, "org_unit": twin.pk, "held_on": "2026-02-03", "kind": "meeting"}
    form = client.post("/outreach/", typed).context["form"]
    assert form.errors["org_unit"] == [sentence]

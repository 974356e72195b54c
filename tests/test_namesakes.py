"""Two people of one name are told apart wherever one of them is chosen."""

import re

import pytest

from councils.forms.councils import SeatForm
from councils.forms.entries import InterestOfForm, OpinionForm
from councils.forms.rounds import AttendanceForm
from cycle.models import Role, User
from dossiers.forms.acts import ReassignForm
from dossiers.office.forms.absence import HandoverForm, SubstitutionForm
from tests import judging
from tests.appointed import post_of
from tests.owning import update_as_owner
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def forms(cycle, an, chi, minh, thu, commune, province, dossier):
    """The selects of people, each with two namesakes among them."""
    twins = {
        unit: [person(f"dung.{unit.pk}.{n}", "Lò Thị Dung", *roles) for n in (1, 2)]
        for unit, roles in (
            (commune, [(Role.OFFICER, commune)]), (province, [(Role.DEPARTMENT, province)]),
        )
    }  # fmt: skip
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = judging.begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    entry = round_.entries.first()
    update_as_owner(
        User.objects.filter(pk__in=round_.seats.values("user")[:2]), full_name="Quàng Văn Hai"
    )
    assert twins
    return {
        "substitute": SubstitutionForm(user=chi)["substitute"],
        "assignment": SubstitutionForm(user=chi)["assignment"],
        "to": HandoverForm(user=chi, post=post_of(an, commune))["to"],
        "seat": SeatForm(council=council, by=thu)["user"],
        "opinion": OpinionForm(entry=entry, by=thu)["to"],
        "reassign": ReassignForm(task=open_task(dossier))["to"],
        "interest": InterestOfForm(entry=entry, by=thu)["member"],
        "attendance": AttendanceForm(round_=round_, by=thu)["present"],
    }


@pytest.mark.parametrize(
    "name",
    ["substitute", "assignment", "to", "seat", "opinion", "reassign", "interest", "attendance"],
)
def test_no_two_choices_look_alike(name, forms):
    choices = [str(label) for _value, label in forms[name].field.choices]
    assert len(choices) == len(set(choices))
    told = [label for label in choices if re.search(r"\(\S*\w+[.\d]*\S*\)", label)]
    assert told
    assert any("Lò Thị Dung (dung." in label or "Quàng Văn Hai (" in label for label in choices)


def test_who_has_no_namesake_is_called_by_name_alone(forms):
    choices = [str(label) for _value, label in forms["substitute"].field.choices]
    assert "Lò Thị An" in choices


def test_so_does_the_page_that_gives_ticked_tasks(forms, client, chi, dossier):
    client.force_login(chi)
    page = client.post(
        "/tasks/bulk/", {"act": "reassign", "task": open_task(dossier).pk}
    ).content.decode()
    names = re.findall(r"Lò Thị Dung \((dung\.\d+\.\d)\)", page)
    assert len(set(names)) == 2

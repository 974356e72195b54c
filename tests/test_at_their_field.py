"""A refusal stands at the field it is about, and the head of the page leads there."""

import inspect
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cycle import clock
from dossiers.forms.acts import ActForm
from dossiers.law.signers import SIGNERS
from dossiers.models import ACTS, State
from dossiers.walk import doors
from tests import records
from tests.standing import stand
from tests.task_pages import agreed
from tests.world import open_task, person

pytestmark = pytest.mark.django_db

#: What asks for the order of days, of any paper.
OF_ITS_ORDER = ("_is_not_before_what_it_rests_on", "_has_a_meeting_after_what_brought_it")
#: What reads the paper of the act that is being done.
OF_THE_PAPER = re.compile(r"\b(resting_on|_used)\b")


@pytest.mark.parametrize("name", sorted(ACTS))
def test_each_condition_about_a_paper_names_a_field_that_its_form_has(name, dossier, moi):
    form = ActForm(name, dossier, moi)
    fields = {
        field
        for part in form.parts
        for own in part.fields
        for field in (own, part.add_prefix(own).removeprefix(f"{name}-"))
    }
    of_paper = {
        check.__name__: check.field
        for check in ACTS[name].conditions
        if OF_THE_PAPER.search(inspect.getsource(check.why_not))
        # Whoever signs it, its day is not before what it rests on.
        and not check.__name__.endswith(OF_ITS_ORDER)
    }
    assert all(field.startswith("paper-") for field in of_paper.values()), of_paper
    assert bool(of_paper) is (name in SIGNERS)
    assert {check.field for check in ACTS[name].conditions} - {""} <= fields


@pytest.fixture
def certified(dossier):
    return stand(dossier, State.CERTIFIED, stars=4)


def typed(act, **fields):
    """A paper of the ministry as it is typed into the form of ``act``."""
    values = {
        "number": "812/QĐ-BNNMT",
        "signed_on": f"{clock.today():%d/%m/%Y}",
        "signer": "Nguyễn Văn Bộ",
        "signer_capacity": "Thứ trưởng",
        "scan_file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 another obj %%EOF"),
    } | fields
    said = {f"{act}-paper-{name}": value for name, value in values.items()}
    return said | {"act": act, f"{act}-reason-reason": "Trái quy định"}


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"signer_capacity": "Thư ký Bộ trưởng"}, "signer_capacity", "do Bộ trưởng hoặc Thứ"),
        # A used number with a scan of its own: either may be the wrong one.
        ({"number": "5 / qđ–bnnmt"}, "number scan_file", "đã ghi văn bản 5/QĐ-BNNMT"),
        ({"scan": True}, "scan_file", "Bản chụp này là của văn bản 5/QĐ-BNNMT"),
        ({"number": "QĐ-BNNMT"}, "number", "Số, ký hiệu phải có chữ số"),
        ({"signed_on": "01/01/2090"}, "signed_on", "Ngày"),
        ({"signer": "Bộ"}, "signer", "đủ họ và tên"),
    ],
)
def test_what_is_wrong_with_a_paper_is_said_at_its_field(
    wrong, field, sentence, certified, minh, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    order = records.ministry_paper(number="5/QĐ-BNNMT")
    about = {"by": minh, "reason": "Kết luận của Bộ"}
    doors.act(certified.process, "order_evaluation", paper=order, **about)
    client, name = Client(), "withdraw_decision"
    client.force_login(minh)
    if wrong.pop("scan", False):
        same = b"%PDF-1.7 obj 5/qdbnnmt%%EOF\n"
        wrong = {"scan_file": SimpleUploadedFile("b.pdf", same)}
    address = reverse("dossiers:act", args=[certified.pk, name])
    page = client.post(address, typed(name, **wrong))
    assert page.status_code == 200
    form = page.context["form"]
    (paper,) = [part for part in form.parts if part.prefix == f"{name}-paper"]
    field, *beside = field.split()
    assert list(paper.errors) == [field, *beside] and sentence in paper.errors[field][0]
    assert form.sentences == []
    (place, said), *others = form.summary
    assert len(others) == len(beside)
    assert place == f"id_{name}-paper-{field}" and sentence in said
    html = page.content.decode()
    assert f'href="#{place}"' in html and f'id="{place}"' in html
    assert "Nguyễn Văn Bộ" in html or field == "signer"
    certified.lock()
    assert certified.state == State.CERTIFIED
    assert agreed(client, address, typed(name)).status_code == 302


def test_the_number_of_the_paper_is_not_that_of_the_certificate(dossier, son, minh):
    """Both forms of the page have a field of that name."""
    stood = stand(dossier, State.AWAITING_DECISION, stars=4)
    form = ActForm("certify", stood, son, task=open_task(stood), data={}, files={})
    assert not form.is_valid()
    form._place("paper-number", ["Văn bản khác"])
    form._place("number", ["Giấy khác"])
    last = {
        part.prefix: part.errors["number"][-1] for part in form.parts if "number" in part.fields
    }
    assert last == {"certify-certificate": "Giấy khác", "certify-paper": "Văn bản khác"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"document": "tờ trình"}, "document"),
        ({"document": ""}, "document"),
        ({"to": "nobody"}, "to"),
    ],
)
def test_moving_a_task_is_refused_at_the_field(given, field, dossier, other_commune, moi, an):
    client = Client()
    client.force_login(moi)
    task = open_task(dossier)
    if given.get("to") != "nobody":
        person("khac", "Người xã khác", (task.role, other_commune))
    typed_ = {"reason": "Xã bận", "document": "5/QĐ-UBND", "to": other_commune.pk}
    typed_ |= {name: value for name, value in given.items() if value != "nobody"}
    address = reverse("dossiers:task", args=[task.pk])
    typed_ = {f"reroute-{name}": value for name, value in typed_.items()}
    page = client.post(address, {"act": "reroute", **typed_})
    forms = {row["name"]: row["form"] for row in page.context["handling"]}
    assert list(forms["reroute"].errors) == [field]
    assert 'class="error-summary"' in page.content.decode()

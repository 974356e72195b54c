"""What people type: every way of writing is understood, every wrong input ends in a sentence."""

import ast
import inspect
import re
import textwrap
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import Cycle
from dossiers.forms import acts, fields, opening
from dossiers.forms.fields import Part
from dossiers.forms.records import RecordPart
from dossiers.forms.uploads import FileField, ScanField
from dossiers.models import ACTS, BusinessPlan, State
from dossiers.walk import doors
from tests import records
from tests.owning import update_as_owner
from tests.stored import office
from tests.world import events, open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db

NASTY = [
    "\x00",
    "a\x00b",
    "9" * 31,
    "1" + "0" * 30,
    "-1",
    "1e400000",
    "NaN",
    "Infinity",
    "½",
    "٣",
    "01/01/0001",
    "31/12/9999",
    "99/99/9999",
    "2026-02-30",
    "'; DROP TABLE dossiers_dossier; --",
    "<script>alert(1)</script>",
    "ơ" * 20_000,
    "\ud7ff\u202e\ufeff",
    " ",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("17/11/2026", date(2026, 11, 17)),
        ("7/1/2026", date(2026, 1, 7)),
        ("17-11-2026", date(2026, 11, 17)),
        ("17.11.2026", date(2026, 11, 17)),
        ("2026-11-17", date(2026, 11, 17)),
    ],
)
def test_a_day_is_understood(typed, meant):
    assert fields.DateField().clean(typed) == meant


@pytest.mark.parametrize("typed", ("31/02/2026", "hôm qua", "17/11/26x", "17/11/0026"))
def test_a_day_that_is_none_gets_a_sentence(typed):
    with pytest.raises(ValidationError, match=r"Hãy ghi ngày|không hợp lý|không có thật"):
        fields.DateField().clean(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1.500.000", 1_500_000),
        ("1,500,000", 1_500_000),
        ("1 500 000 đồng", 1_500_000),
        ("1500000đ", 1_500_000),
        ("0", 0),
    ],
)
def test_money_is_understood(typed, meant):
    assert fields.MoneyField().clean(typed) == meant


@pytest.mark.parametrize("typed", ("1.5", "một triệu", "-5", "1.500.00", "9" * 31, "1" + "0" * 20))
def test_money_that_is_none_gets_a_sentence(typed):
    with pytest.raises(ValidationError, match=r"ố tiền"):
        fields.MoneyField().clean(typed)


def test_money_is_shown_with_dots():
    assert fields.MoneyField().prepare_value(1_500_000) == "1.500.000"


@pytest.mark.parametrize(("typed", "meant"), [("71,5", Decimal("71.5")), ("71.5", Decimal("71.5"))])
def test_points_are_understood(typed, meant):
    assert fields.PointsField(max_digits=5, decimal_places=2).clean(typed) == meant


@pytest.mark.parametrize("typed", ("71,555", "1e9", "NaN", "Infinity", "bảy", "-1", "1e400000"))
def test_points_that_are_none_get_a_sentence(typed):
    with pytest.raises(ValidationError, match=r"iểm"):
        fields.PointsField(max_digits=5, decimal_places=2).clean(typed)


# --- Every act, every field, everything that can be typed --------------------------------------


def act_forms(dossier, user, data=None):
    """A form of every act, as if the dossier stood where it begins."""
    for name, act in ACTS.items():
        task = open_task(dossier) if act.door == "task" else None
        yield acts.ActForm(name, dossier, user, task=task, data=data)


@pytest.mark.parametrize("typed", NASTY, ids=range(len(NASTY)))
def test_no_form_breaks_whatever_is_typed(dossier, an, typed):
    for blank in act_forms(dossier, an):
        data = {part.add_prefix(name): [typed] for part in blank.parts for name in part.fields}
        form = acts.ActForm(blank.name, dossier, an, task=blank.task, data=_query(data))
        form.is_valid()
        for _place, sentence in form.problems:
            assert str(sentence) == str(sentence).strip() != ""


def _query(data):
    from django.http import QueryDict

    query = QueryDict(mutable=True)
    for key, values in data.items():
        query.setlist(key, values)
    return query


ENGLISH = ("This field", "Enter a", "Ensure", "Select a valid", "Null characters", "Constraint")


@pytest.mark.parametrize("typed", NASTY, ids=range(len(NASTY)))
def test_no_sentence_is_djangos_english(dossier, an, typed):
    for blank in act_forms(dossier, an):
        data = {part.add_prefix(name): [typed] for part in blank.parts for name in part.fields}
        form = acts.ActForm(blank.name, dossier, an, task=blank.task, data=_query(data))
        form.is_valid()
        for _place, sentence in form.problems:
            assert not any(word in str(sentence) for word in ENGLISH), (blank.name, str(sentence))


@pytest.mark.parametrize("typed", NASTY, ids=range(len(NASTY)))
def test_no_page_breaks_whatever_is_typed(dossier, an, cycle, commune, typed):
    client = Client(raise_request_exception=True)
    client.force_login(an)
    pages = {
        reverse("dossiers:task", args=[open_task(dossier).pk]): ("register_idea",),
        reverse("dossiers:act", args=[dossier.pk, "withdraw"]): ("withdraw",),
        reverse("dossiers:act", args=[dossier.pk, "attach_evidence"]): ("attach_evidence",),
        reverse("dossiers:act", args=[dossier.pk, "enter_late"]): ("enter_late",),
    }
    for page, (name,) in pages.items():
        task = open_task(dossier) if name == "register_idea" else None
        blank = acts.ActForm(name, dossier, an, task=task)
        data = {part.add_prefix(field): typed for part in blank.parts for field in part.fields}
        # A reason may be anything that can be read; the dossier is not to leave by that.
        data |= {key: "" for key in data if key.endswith("-reason")}
        assert client.post(page, {"act": name} | data).status_code == 200
        assert client.get(page, {"kind": typed, "replaces": typed, "tab": typed}).status_code == 200
    for page, form in (
        (reverse("dossiers:dossier_new"), opening.DossierForm(user=an)),
        (reverse("dossiers:outreach"), opening.OutreachForm(user=an)),
    ):
        assert client.post(page, dict.fromkeys(form.fields, typed)).status_code == 200
        assert client.get(page, {"outreach_event": typed, "page": typed}).status_code == 200
    assert events(dossier) == ["dossier.open"]


def test_the_reversed_period_and_the_own_capital_are_named_at_their_fields(dossier, an, minh):
    doors.act(
        dossier.process,
        "enter_late",
        by=an,
        entered_as="existing",
        state=State.IDEA_SELECTED,
        reason="Có sẵn",
    )
    dossier.lock()
    task = open_task(dossier)
    form = acts.ActForm(
        "submit_plan",
        dossier,
        an,
        task=task,
        data=_query(
            {
                f"submit_plan-businessplan-{name}": [value]
                for name, value in {
                    "filed_on": f"{clock.today():%d/%m/%Y}",
                    "objective": "Mở rộng",
                    "products_and_volume": "2.000 lít",
                    "investment": "100",
                    "own_capital": "200",
                    "expected_revenue": "0",
                    "starts_on": "01/06/2026",
                    "ends_on": "01/05/2026",
                }.items()
            }
        ),
    )
    assert form.do() is False
    # The model says one thing at a time; the first is named at its field.
    assert [(place, str(sentence)) for place, sentence in form.problems] == [
        ("id_submit_plan-businessplan-ends_on", "Ngày hoàn thành phải sau ngày bắt đầu.")
    ]
    assert not BusinessPlan.objects.exists()


def test_points_are_bounded_by_the_parts_of_the_pinned_edition(dossier, an):
    form = acts.RECORDS["submit_dossier"][0](dossier=dossier)
    assert [form.fields[f"points_{part}"].help_text for part in "abc"] == [
        "Từ 0 đến 40 điểm.",
        "Từ 0 đến 25 điểm.",
        "Từ 0 đến 35 điểm.",
    ]
    form = acts.RECORDS["submit_dossier"][0](
        data={"general": "x", "points_a": "40,5", "points_b": "1", "points_c": "1"},
        dossier=dossier,
    )
    assert form.errors == {"points_a": ["Điểm phần A từ 0 đến 40."]}


def test_an_upgrade_must_say_what_changed(cycle, commune, an):
    dossier = open_dossier(cycle, commune, an, case_type="upgrade")
    form = acts.RECORDS["submit_dossier"][0](data={}, dossier=dossier)
    assert "what_changed" in form.errors
    first = open_dossier(cycle, commune, an, name="Rượu nếp")
    assert "what_changed" not in acts.RECORDS["submit_dossier"][0](data={}, dossier=first).fields


def test_a_dossier_is_reopened_in_this_or_a_later_open_cycle_only(dossier, rule_sets, an):
    later = open_cycle(rule_sets["qd26_2026"], 2027)
    open_cycle(rule_sets["qd26_2026"], 2024)
    closed = open_cycle(rule_sets["qd26_2026"], 2028)
    update_as_owner(Cycle.objects.filter(pk=closed.pk), closed_on=date(2028, 12, 31))
    doors.act(dossier.process, "defer", by=an, reason="Mất mùa")
    dossier.lock()
    form = acts.ActForm("reopen", dossier, an)
    cycles = form.parts[0].fields["cycle"]
    assert list(cycles.queryset) == [later, dossier.cycle]
    assert cycles.required


def test_a_promotion_on_record_need_not_be_typed_again(dossier, an):
    blank = acts.RECORDS["promote"][0](data={}, dossier=dossier)
    assert not blank.is_valid()
    promotion = records.promotion()
    promotion.dossier, promotion.at = dossier, clock.now()
    promotion.save()
    # As the browser sends the untouched form: the cost is there, and is nought.
    assert acts.RECORDS["promote"][0](data={"cost": "0"}, dossier=dossier).is_valid()


# --- Scans ----------------------------------------------------------------------------------------


def every_form(base=forms.BaseForm):
    for each in base.__subclasses__():
        yield each
        yield from every_form(each)


def test_every_scan_is_a_pdf_or_an_image():
    """What is labelled a scan takes no Word file; the walk meets the forms of every package."""
    import_module("cycle.urls")
    scans = {
        (form.__module__, name): field
        for form in every_form()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.FileField) and str(field.label).startswith("Bản chụp")
    }
    assert len({module for module, _name in scans}) >= 5
    assert [key for key, field in scans.items() if not isinstance(field, ScanField)] == []
    for field in scans.values():
        with pytest.raises(ValidationError, match="PDF hoặc ảnh"):
            field.clean(SimpleUploadedFile("a.docx", office()))


#: Forms whose file is not held: why.
NOT_HELD = {
    "UploadForm": "asks for nothing but the file: it is what was wrong",
    "FirstUploadForm": "the same; what it is a list of is a choice that is always right",
    "RosterForm": "asks for nothing but the file",
}


def test_every_form_with_a_file_holds_it():
    """What a person chose is not lost because another field is wrong."""
    import_module("cycle.urls")
    with_file = {
        form
        for form in every_form()
        for field in getattr(form, "base_fields", {}).values()
        if isinstance(field, forms.FileField)
        and form.__module__.split(".")[0] in {"cycle", "dossiers", "councils", "notifications"}
    }
    # ActForm holds the files of its parts.
    parts = (RecordPart, acts.PaperForm, acts.RequestForm)
    lost = {
        form.__name__
        for form in with_file
        if not issubclass(form, parts)
        and not any("hold_for(" in inspect.getsource(each) for each in form.__mro__[:-1])
        or any(
            isinstance(field, forms.FileField) and not isinstance(field, FileField)
            for field in form.base_fields.values()
        )
    }
    assert lost == set(NOT_HELD)
    assert len(with_file) > 10


def _parts(of=Part):
    for each in of.__subclasses__():
        yield each
        yield from _parts(each)


def _fields_that_come_later(part):
    """(its line, whether our messages are given) of each field that its methods add."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
    polished = "polish(" in ast.unparse(tree)
    for each in ast.walk(tree):
        if not isinstance(each, ast.Assign) or not isinstance(each.targets[0], ast.Subscript):
            continue
        if ast.unparse(each.targets[0].value) == "self.fields":
            yield ast.unparse(each), polished or ast.unparse(each.value).startswith("long_text(")


#: Each of its fields may be left empty and has messages of its own.
_OWN_MESSAGES = {"ColumnsForm", "WindowsForm"}


def test_a_field_that_comes_after_the_form_is_made_has_our_messages_too():
    found = [
        (part.__name__, said, ours)
        for part in {*_parts()} - {RecordPart}
        if part.__module__.startswith(("dossiers.", "councils."))
        for said, ours in _fields_that_come_later(part)
    ]
    assert len(found) > 10
    assert {name for name, _said, ours in found if not ours} <= _OWN_MESSAGES


#: Forms of a template that send back what the page showed, without a yes that is sealed to it: why.
UNSEALED: dict[str, str] = {}


def test_what_a_page_sends_back_to_be_written_is_sealed():
    """A hidden input that holds what was shown comes with the seal of it."""
    found, lacking = [], set()
    for path in Path("templates").rglob("*.html"):
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL):
            hidden = re.findall(r'type="hidden" name="([^"]+)" value="\{\{', form)
            if 'method="post"' in form and "rows" in " ".join(hidden):
                found.append(path)
                if "sure" not in hidden and str(path) not in UNSEALED:
                    lacking.add(str(path))
    assert lacking == set() and found

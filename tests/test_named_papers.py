"""A document that is named in words is one: the same bad writings are refused by every form.

The walk is over all forms of the product: a new one that asks for a document, its day or its signer
is held to the one check (``NAMES_A_PAPER``), or says here who checks it.
"""

import inspect
import re
from datetime import timedelta

from django import forms
from django.urls import get_resolver

from cycle import clock
from cycle.admin import CycleAdmin, OnLedger, OnPaperForm
from cycle.models import OrgUnit
from dossiers.forms.fields import NAMES_A_PAPER, Part, PlainPart

#: Fields of a document that another check of one home refuses at the field -> which.
ELSEWHERE = {
    # The ledger's own columns: Document.clean, which documents.record asks too.
    "dossiers.forms.acts.PaperForm": "Document",
    "councils.forms.papers.SignedDocumentForm": "Document",
    "dossiers.forms.ledger.OnDocument": "Document",
    "cycle.admin.OnLedger": "Document",
    # A number and its day apart: check_symbol, check_signer, not_future.
    "dossiers.office.forms.year.PaperForm": "check_symbol",
    "dossiers.office.forms.erasing.EraseForm": "check_symbol",
    "dossiers.office.forms.stock.PaperForm": "check_symbol",
    "dossiers.office.forms.stock.GivenForm": "typed from a certificate; its list checks each cell",
    # Asked by the act, at the field.
    "councils.forms.entries.AnswerForm": "Opinion.reply",
    "cycle.admin.AssignmentForm": "appointing.check_assignment",
    "cycle.admin.OrgUnitForm": "check_document",
}
#: What a field that names a document is called, by its name or its label.
OF_A_PAPER = re.compile(
    r"^(document(_\w+)?|(\w+_)?document|\w*signer\w*|decision_number|signed_on)$"
)


def forms_of_the_product():
    """Every form class of ours, once all pages are known."""
    get_resolver().url_patterns  # noqa: B018
    found, new = set(), [forms.BaseForm]
    while new:
        for each in new.pop().__subclasses__():
            if each not in found:
                found.add(each)
                new.append(each)
    ours = ("cycle.", "dossiers.", "councils.", "notifications.")
    return sorted(
        (each for each in found if each.__module__.startswith(ours)),
        key=lambda each: (each.__module__, each.__qualname__),
    )


def named_fields(form):
    """The names of its fields of a document, those too that are added as it is made."""
    names = set(getattr(form, "base_fields", {}))
    for each in form.__mro__:
        if each.__module__.startswith(("cycle.", "dossiers.", "councils.")):
            names |= set(re.findall(r'self\.fields\["(\w+)"\] = forms\.CharField', source(each)))
    return {name for name in names if OF_A_PAPER.match(name)}


def source(form):
    try:
        return inspect.getsource(form)
    except (OSError, TypeError):
        return ""  # Made by a factory: its own fields are its base_fields.


def test_every_form_that_names_a_document_asks_whether_it_does():
    unasked, used = [], set()
    for form in forms_of_the_product():
        elsewhere = {
            name for each in form.__mro__
            if (name := f"{each.__module__}.{each.__qualname__}") in ELSEWHERE
        }  # fmt: skip
        used |= elsewhere
        for name in named_fields(form):
            asked = issubclass(form, Part) and name in NAMES_A_PAPER
            if not asked and not elsewhere and not issubclass(form, OnPaperForm):
                unasked.append(f"{form.__module__}.{form.__qualname__}: {name}")
        for each in form.__mro__:
            if issubclass(each, Part) and each is not Part and "clean" in vars(each):
                assert "super().clean()" in source(each), each
    assert (unasked, set(ELSEWHERE) - used) == ([], set())


def test_the_same_bad_writings_are_refused_at_the_field():
    class Named(PlainPart):
        document = forms.CharField()
        document_signer = forms.CharField()

    tomorrow = clock.today() + timedelta(days=1)
    good = {"document": "12/QĐ-UBND ngày 01/11/2025", "document_signer": "Trần Công Sơn"}
    assert Named(good).is_valid()
    for field, bad in (
        ("document", "mười hai"),
        ("document", "12"),
        ("document", f"12/QĐ-UBND ngày {tomorrow:%d/%m/%Y}"),
        ("document", "12/QĐ-UBND ngày 01/11/1802"),
        ("document_signer", "Sơn"),
        ("document_signer", "Chưa rõ người ký"),
        ("document_signer", "12/QĐ-UBND"),
    ):
        form = Named(good | {field: bad})
        assert not form.is_valid() and list(form.errors) == [field], bad
        assert len(form.errors[field]) == 1 and form[field].value() == bad


def test_the_administration_names_a_document_too():
    made = forms.modelform_factory(OrgUnit, form=OnPaperForm, fields=["name"])
    named = type("Named", (made,), {"document": forms.CharField()})({"document": "mười hai"})
    assert "hãy nhập lại số, ngày văn bản" in named.errors["document"][0]
    # A term, and a target of the year, rest on a document of the ledger.
    assert issubclass(CycleAdmin.form, OnLedger)

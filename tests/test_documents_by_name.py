"""What rests on a document names it: no code picks one by its order, and no basis is left empty."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.urls import get_resolver
from django.utils import timezone

from cycle.models import Document
from dossiers.models import OfficialDocument

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent
APPS = ("cycle", "dossiers", "councils", "notifications")
PICKS = {"first", "last", "latest", "earliest"}
#: What names a document, and is picked for other things than that.
PICKED_FOR_ELSE = {"Council", "Cycle", "EvaluationRound", "Member", "StockBatch"}
#: The models whose rows are documents, or rest on one.
_MODELS = sorted(
    {Document.__name__, "CertificateNumber"}
    | {
        relation.related_model.__name__
        for relation in Document._meta.related_objects
        if relation.related_model._meta.app_label in APPS
    }
    - PICKED_FOR_ELSE
)
#: A query of them, by its model, or by a relation.
OF_DOCUMENTS = re.compile(
    rf"\b({'|'.join(_MODELS)})\b|\.(documents|papers|plans|regulations|versions\(\))(?=[.\[]|$)"
)


#: Where one is taken by its order all the same, and why it is no basis of anything.
BY_ORDER = {
    "councils/models/document.py _into_ledger": "a sentence names one of those that rest on it",
    "councils/models/document.py _out_of_order": "when a round was opened last, whatever that did",
    "councils/models/document.py standing": "of one kind of a round nothing replaced one at a time",
    "councils/models/council.py in_force": "the version that is valid on a day, by its days",
    "cycle/documents.py _scanned": "whether any of a number has a scan",
    "cycle/models/reading.py _chosen": "the newest choice of a point counts",
    "cycle/models/reading.py counts": "the newest choice of a point counts",
    "dossiers/office/allotting.py allotted": "the newest allotment of a producer counts",
    "dossiers/office/allotting.py allotted_potential": "the newest allotment of it counts",
    "dossiers/office/handover.py _check_owes_none": "a sentence names one that owes its document",
    "dossiers/office/handover.py end_substitution": "one row, by its key",
    "dossiers/office/handover.py _give_role": "one role of one person at one unit on one day",
    "cycle/admin.py _save_assignment": "one row, by its key",
    "councils/setup.py _regulation": "whether there is any; a round keeps its own",
    "dossiers/law/order.py paper_of_round": "of one round nothing replaced one at a time",
    "dossiers/lists/numbers.py given": "the last row of one chain of corrections",
    "dossiers/walk/numbers.py _taken": "a sentence names one that has the number",
    "dossiers/models/certificate.py number_of": "the last row of one chain of corrections",
    "dossiers/office/views/year.py cycle_list": "the newest plan of a year counts",
    "dossiers/office/views/year.py cycle": "the newest plan of a year counts",
    "dossiers/office/year.py save_batch": "the plan that counted before this one, for the history",
    "dossiers/office/views/year.py batch": "the newest plan of a batch counts",
    "dossiers/walk/batch.py _paper": "by its key",
}


def functions():
    """(path, name of its class, function) of our source."""
    for path in sorted(each for app in APPS for each in (ROOT / app).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        text = path.read_text()
        if not OF_DOCUMENTS.search(text):
            continue
        tree = ast.parse(text)
        owner = {
            each: node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for each in node.body
        }
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                yield path.relative_to(ROOT), owner.get(function, ""), function


def picked():
    """(place, query) wherever one row of documents is taken by its order."""
    for path, owner, function in functions():
        named = {
            target.id: ast.unparse(node.value)
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        # A manager's own rows, and those of a class, are of its model.
        named["cls"] = owner
        if owner.endswith("QuerySet"):
            named["self"] = owner.removesuffix("QuerySet")
        for node in ast.walk(function):
            query = taken(node)
            if query is None:
                continue
            text = ast.unparse(query)
            for _ in "12":
                root = text.split(".")[0]
                text = named.get(root, root) + text.removeprefix(root)
            if OF_DOCUMENTS.search(text):
                yield f"{path} {function.name}", text


def taken(node):
    """The query of which the node takes one row by its order; None where it takes none."""
    match node:
        case ast.Call(func=ast.Attribute(value=query, attr=name)) if name in PICKS:
            return query
        case ast.Call(func=ast.Name("next"), args=[ast.Call(args=[query]), *_]):
            return query
        case ast.Subscript(value=query, slice=ast.Constant(0) | ast.UnaryOp()):
            return query
        case ast.Subscript(value=query, slice=ast.Slice(upper=ast.Constant(1))):
            return query
    return None


def test_no_code_picks_a_document_by_its_order():
    found = dict(picked())
    unsaid = {place: text for place, text in found.items() if place not in BY_ORDER}
    assert (unsaid, set(BY_ORDER) - set(found)) == ({}, set())


#: A basis that may be absent -> what holds that it is there where the law asks for it.
HELD_BY = {
    "councils.Council.extension": "council_told",
    "councils.Member.release": "member_told",
    "councils.EvaluationRound.void_basis": "round_void_knows_why",
    "councils.Opinion.letter": "no basis: a department may answer without a letter",
    "cycle.Cycle.target_basis": "no basis: a year may have no target",
    "cycle.TermRule.basis": "no basis: it is the law's until the province sets another",
    "cycle.RoleAssignment.basis": "role_assignment_to_oneself_has_a_document",
    "cycle.Substitution.basis": "substitution_of_its_maker_has_a_document",
    "dossiers.PlannedOutreach.basis": "no basis: a unit may plan on no document",
    "cycle.Document.replaces": "no basis: what it corrects",
    "dossiers.Certificate.decision": "certificate_rests_on_a_decision",
    "dossiers.StockBatch.basis": "stock_batch_rests_on_a_paper",
    "dossiers.TermEvent.basis": "term_extension_has_a_document",
    "dossiers.CertificateNumber.document": "no decision is known of a certificate of before",
}


NOW = timezone.now()
#: A basis that every row has -> the row without it.
WITHOUT = {
    "cycle.LawReading.basis": {"point": "batch_end", "made_by_id": 0, "made_at": NOW},
    "councils.Council.decision": {"org_unit_id": 0, "name": "Hội đồng", "valid_from": NOW},
    "councils.Member.decision": {"council_id": 0, "user_id": 0, "seat": "chair", "since": NOW},
    "councils.Regulation.basis": {"org_unit_id": 0, "valid_from": NOW},
    "councils.Reopening.basis": {"closing_id": 0, "reason": "Sót", "by_id": 0, "at": NOW},
    "councils.SignedDocument.document": {"round_id": 0, "kind": "notice", "by_id": 0, "at": NOW},
    "dossiers.Allotment.basis": {
        "unit_id": 0,
        "was_id": 0,
        "to_id": 0,
        "made_by_id": 0,
        "made_at": NOW,
    },
    "dossiers.OfficialDocument.document": {"dossier_id": 0, "at": NOW},
    "dossiers.PlanPaper.document": {"cycle_id": 0, "made_by_id": 0, "made_at": NOW},
    "dossiers.StoppedProduction.paper": {"dossier_id": 0, "stopped_on": NOW, "at": NOW},
}


def test_every_basis_is_a_named_relation_that_the_database_asks_for():
    """What rests on a document cannot be written without it."""
    open_, held = set(), set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.related_model not in (Document, OfficialDocument):
                continue
            name = f"{model._meta.label}.{field.name}"
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass"
                    " AND attname = %s",
                    [model._meta.db_table, field.column],
                )
                (held if cursor.fetchone()[0] else open_).add(name)
    assert open_ == set(HELD_BY)
    constraints = {
        each.name
        for model in apps.get_models()
        for each in (*model._meta.constraints, *getattr(model._meta, "triggers", ()))
    }
    named = {why for why in HELD_BY.values() if re.fullmatch(r"\w+", why)}
    assert named <= constraints
    # And each is broken once: a row without it, whatever else is wrong with the row.
    missing = set(WITHOUT)
    for name, fields in WITHOUT.items():
        label, relation = name.rsplit(".", 1)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            apps.get_model(label).objects.create(**fields)
        if refused.value.__cause__.diag.column_name == f"{relation}_id":
            missing.discard(name)
    assert (missing, held - {"cycle.FormerPaper.document"}) == (set(), set(WITHOUT))


#: A basis -> the page on which its document is corrected, or how else that is done.
CORRECTED = {
    "councils.Council.decision": "councils:correct_basis",
    "councils.Council.extension": "councils:correct_basis",
    "councils.EvaluationRound.void_basis": "councils:correct_basis",
    "councils.Member.decision": "councils:correct_basis",
    "councils.Member.release": "councils:correct_basis",
    "councils.Opinion.letter": "asked once more, answered on another: another row",
    "councils.Regulation.basis": "councils:correct_basis",
    "councils.Reopening.basis": "councils:correct_basis",
    "councils.SignedDocument.document": "recorded again on the page of its round",
    "cycle.Cycle.target_basis": "the targets are set anew, in the administration",
    "cycle.Document.replaces": "the correction itself",
    "cycle.FormerPaper.document": "which row of before it was",
    "cycle.LawReading.basis": "dossiers:reading_correct",
    "cycle.RoleAssignment.basis": "dossiers:post_correct",
    "cycle.Substitution.basis": "dossiers:absence_correct",
    "cycle.TermRule.basis": "dossiers:cycle_term_correct",
    "dossiers.Allotment.basis": "dossiers:split_correct",
    "dossiers.Certificate.decision": "dossiers:paper_correct",
    "dossiers.CertificateNumber.document": "dossiers:paper_correct",
    "dossiers.OfficialDocument.document": "dossiers:paper_correct",
    "dossiers.PlanPaper.document": "dossiers:plan_correct",
    "dossiers.PlannedOutreach.basis": "dossiers:planned_paper",
    "dossiers.StockBatch.basis": "dossiers:stock_correct",
    "dossiers.StoppedProduction.paper": "dossiers:paper_correct",
    "dossiers.TermEvent.basis": "dossiers:term_correct",
}


def test_what_a_row_rests_on_is_corrected_on_a_page_or_says_how():
    relations = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model in (Document, OfficialDocument)
    }
    assert set(CORRECTED) == relations
    for page in (each.split(":") for each in CORRECTED.values() if ":" in each and " " not in each):
        assert page[1] in get_resolver().namespace_dict[page[0]][1].reverse_dict, page


YET = "not in the ledger yet (docs/documents.md)"
#: A column that tells of a document in words -> why it is no relation to the ledger.
IN_WORDS = {
    "cycle.DayOff.document": "an article of a law; the calendar changes",
    "cycle.RuleSet.document": "the law itself",
    "cycle.Wording.document": "the law itself",
    "dossiers.Erasure.signer": "the person whose texts go: no register shows them",
    "dossiers.TermEvent.document": "as the days off say it that moved a term; of before, a plan",
}


def test_no_other_column_tells_of_a_document_in_words():
    """What rests on a document anew points to the ledger; what history hashed is «was_…»."""
    telling = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in APPS and model is not Document
        for field in model._meta.concrete_fields
        if not field.is_relation
        and not field.name.startswith("was_")
        and re.search(r"(^|_)(document|signer)(_|$)", field.name)
    }
    assert telling == set(IN_WORDS)

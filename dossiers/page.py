"""What the page of a dossier shows: records, evidence, history, acts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import rules
from django.contrib import messages
from django.db import models
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cycle import events, written
from cycle.models import Criterion
from cycle.written import day_text
from dossiers.forms.fields import points_text
from dossiers.law.guidance import GUIDES
from dossiers.models import (
    ACTS,
    BusinessPlan,
    Call,
    Certificate,
    CertificateNumber,
    CommuneReport,
    Completion,
    Evaluation,
    Idea,
    Inspection,
    Payment,
    Promotion,
    Review,
    Revocation,
    SampleReceipt,
    SelfAssessment,
    StoppedProduction,
    SupportMeasure,
    Visit,
)
from dossiers.models.paper import titled
from dossiers.rules import doers
from dossiers.walk.papers import EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.http import HttpRequest

    from cycle.models import HistoryEntry, User
    from dossiers.law.acts import Act
    from dossiers.models import Dossier, Evidence, OfficialDocument, Task
    from dossiers.papers.kinds import ToPrint

#: The records that are shown, in the order of the steps.
RECORDS = (
    Idea,
    BusinessPlan,
    Visit,
    SupportMeasure,
    Payment,
    Completion,
    SelfAssessment,
    CommuneReport,
    SampleReceipt,
    Review,
    Evaluation,
    Certificate,
    CertificateNumber,
    Promotion,
    Call,
    Inspection,
    StoppedProduction,
    Revocation,
)
#: The act that replaces a record of each kind.
CORRECTS = {act.keeps[0]: act for act in ACTS.values() if act.corrects}
#: Fields that are not shown.
SILENT = frozenset(
    {
        "dossier",
        "recorded_by",
        "at",
        "previous",
        "replaces",
        "token",
        "folded_number",
        "issuer",
        "producer_address",
        "before",
        "was_number",
        "was_repeated",
        "certificate",
        "document",
        "year",
        "repeats",
        "void",
        "rubric",
        "cycle",
        "first",
        "options",
        "scores",
    }
)


def _shown(record: models.Model, field: models.Field[Any, Any]) -> Any:
    value = getattr(record, field.name)
    if field.choices:
        return getattr(record, f"get_{field.name}_display")() if value else ""
    if isinstance(value, bool):
        return _("có") if value else _("không")
    if isinstance(field, models.DateField):
        return day_text(value)
    if isinstance(field, models.BigIntegerField):
        # The field's name says the unit.
        return "" if value is None else written.grouped(value)
    if isinstance(field, models.DecimalField) and value is not None:
        return f"{value:f}".replace(".", ",")
    if isinstance(value, list):
        # Stored in Vietnamese; shown in the reader's language.
        mark = "✗" if field.name == "unticked" else "✓"
        return "\n".join(f"{mark} {_(item)}" for item in value)
    return value


def facts(record: models.Model, *, points: bool = True) -> list[tuple[str, Any]]:
    """(name, value) of each field of a record that is not empty; without ``points`` none of what
    the producer gave itself.
    """
    hidden = set() if points else set(SelfAssessment.SUMS.values())
    shown = [
        (capfirst(str(field.verbose_name)), _shown(record, field))
        for field in record._meta.fields
        if not field.primary_key and field.name not in SILENT | hidden
    ]
    if isinstance(record, Certificate):
        shown.insert(0, (_("Số giấy chứng nhận"), record.number or _("chưa có số")))
    if isinstance(record, CertificateNumber) and not record.number:
        shown = [(_("Số giấy chứng nhận"), _("lấy lại, chờ số"))]
    if isinstance(record, Evaluation) and record.mean is not None:
        shown.append((_("Điểm bình quân"), str(record.mean).replace(".", ",")))
    if isinstance(record, SelfAssessment):
        total = f"{record.total:f}".replace(".", ",")
        shown.append(
            (_("Tổng điểm tự chấm"), total if points else _("hiện sau khi phiếu của bạn được kiểm"))
        )
    return [(name, value) for name, value in shown if value not in (None, "")]


def _money(record: models.Model) -> list[tuple[str, str]]:
    """What was paid of a measure of support that stands, and what is left."""
    if not isinstance(record, SupportMeasure):
        return []
    spent, left = record.spent, record.left  # type: ignore[attr-defined]
    return [
        (_("Đã chi cộng đến nay (đồng)"), written.grouped(spent)),
        (_("Còn lại (đồng)"), written.grouped(left)),
    ]


def _scores(records: Sequence[Any]) -> dict[Any, list[tuple[Criterion, str]]]:
    """``{record: [(criterion, points), …]}`` of the records that hold the points of each."""
    said = [record for record in records if getattr(record, "scores", None)]
    if not said:
        return {}
    criteria = list(Criterion.objects.filter(rubric__in={record.rubric_id for record in said}))
    return {
        record: [
            (criterion, points_text(points[criterion.code]))
            for criterion in criteria
            if criterion.rubric_id == record.rubric_id and criterion.code in points
        ]
        for record in said
        for points in [record.points()]
    }


def recorded(dossier: Dossier, reader: User, *, corrects: bool = False) -> list[dict[str, Any]]:
    """The records of each step that ``reader`` may read, by kind: the newest, and the versions
    before it. With ``corrects`` a record that they may correct has the act to do it; a corrected
    one is marked.
    """
    tables: list[dict[str, Any]] = []
    supported = False
    for model in RECORDS:
        if model is Payment and not supported:
            continue
        found: Any = model.objects.filter(dossier=dossier).select_related("recorded_by")
        if model is SupportMeasure:
            found = found.with_money()
        elif model is Payment:
            found = found.select_related("measure")
        kept = list(found.order_by("-pk"))
        supported |= model is SupportMeasure and bool(kept)
        points = (
            model is not SelfAssessment
            or not kept
            or rules.has_perm("dossiers.read_own_points", reader, dossier)
        )
        scores = _scores(kept) if points else {}
        act = CORRECTS.get(str(model._meta.model_name)) if corrects and kept else None
        may = act is not None and rules.has_perm(act.permission, reader, dossier)
        was = {record.pk: getattr(record, "replaces_id", None) for record in kept}
        gone = set(was.values())
        # What corrects an earlier one stands in its place.
        kept.sort(key=partial(_in_place_of, was), reverse=True)
        rows = [
            {
                "record": record,
                "facts": facts(record, points=points)
                + ([] if record.pk in gone else _money(record)),
                "scores": scores.get(record),
                "corrected": record.pk in gone,
                "correct": act if may and record.pk not in gone else None,
            }
            for record in kept
        ]
        if rows:
            name = capfirst(str(model._meta.verbose_name))
            tables.append({"name": name, "newest": rows[0], "older": rows[1:]})
    if tables:
        # The record made last is shown unfolded.
        max(tables, key=lambda table: table["newest"]["record"].at)["open"] = True
    return tables


def _in_place_of(was: dict[int, int | None], record: Any) -> tuple[int, int]:
    """(the row that it corrects first of all, itself), of rows that replace what they ``was``."""
    first = record.pk
    while was.get(first) in was:
        first = was[first]
    return first, record.pk


def evidence_by_kind(
    dossier: Dossier, papers: Iterable[OfficialDocument] = ()
) -> list[dict[str, Any]]:
    """Current pieces of evidence by kind, each with the versions it replaced; the scans of the
    dossier's ``papers`` are called as these are now.
    """
    pieces: dict[int | None, Evidence] = {
        row.pk: row for row in dossier.evidence.select_related("recorded_by")
    }
    titled(pieces.values(), papers)
    replaced = {row.replaces_id for row in pieces.values()}
    standing = [row for row in pieces.values() if row.pk not in replaced]
    lapsed = {row.pk for row in dossier.lapsed(standing)}
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in pieces.values():
        if row.pk in replaced:
            continue
        older, before = [], pieces.get(row.replaces_id)
        while before:
            older.append(before)
            before = pieces.get(before.replaces_id)
        kinds.setdefault(row.kind, []).append(
            {"piece": row, "older": older, "lapsed": row.pk in lapsed}
        )
    return [
        {"code": code, "label": rows[0]["piece"].kind_label(dossier.rule_set), "pieces": rows}
        for code, rows in kinds.items()
    ]


def told(dossier: Dossier) -> models.QuerySet[HistoryEntry]:
    """The history entries, newest first, with all that their sentences need."""
    return dossier.history.select_related("actor", "org_unit", "acting_for").order_by("-seq")


def as_written(history: Iterable[HistoryEntry]) -> set[int]:
    """The papers whose signer's capacity no pattern knows: somebody agreed that it stands so.

    ``history``: the newest first.
    """
    agreed: dict[int, bool] = {}
    for entry in history:
        kept = entry.data.get("records", ())
        if entry.event == EVENT and "signer_capacity" in entry.data.get("changed", ()):
            kept = [(label.removeprefix("dossiers."), pk) for label, pk, *_hash in entry.records]
        for model, pk in kept:
            if model == "officialdocument":
                agreed.setdefault(pk, bool(entry.data.get("as_written")))
    return {pk for pk, so in agreed.items() if so}


def free_acts(user: User, dossier: Dossier) -> list[Act]:
    """The acts that no task asks for and that this person may do now."""
    return [
        act
        for act in ACTS.values()
        if act.door == "act"
        and not act.corrects
        and dossier.stands_for(act.name)
        and act.offered(dossier)
        and rules.has_perm(act.permission, user, dossier)
    ]


def next_task(dossier: Dossier) -> Task | None:
    """The dossier's open task, read anew, or None."""
    # To mypy the manager is viewflow's.
    return dossier.tasks.open().select_related("org_unit", "owner").first()  # type: ignore[attr-defined]


def who_has(task: Task | None) -> dict[str, Any]:
    """``worker``: who has claimed the task, while they may do it; ``vacant``: nobody may, as nobody
    holds its role at its unit.
    """
    if task is None or not task.is_open:
        return {}
    assert task.org_unit_id is not None, "the database requires a unit of an open task"
    claim = (task.owner_id, task.role, task.org_unit_id)
    people = doers([claim])[claim]
    return {"worker": task.owner if task.owner_id in people else None, "vacant": not people}


def may_attach(acts: Iterable[Act], dossier: Dossier) -> dict[str, bool]:
    """Whether evidence may be added, and whether it may replace what is there."""
    attaches = any(act.name == "attach_evidence" for act in acts)
    return {"may_attach": attaches, "may_replace": attaches and not dossier.is_judged}


def say_done(
    request: HttpRequest, event: str, dossier: Dossier, printed: ToPrint | None = None
) -> Task | None:
    """«Đã nộp phương án. Việc tiếp theo: Kiểm tra phương án (Xã Nà Tấu, hạn 17/11/2026).»; with
    the way to what is ``printed`` of it.
    """
    task = next_task(dossier)
    text = _("Đã %(what)s.") % {"what": events.label(event)}
    if task is not None:
        text += " " + _("Việc tiếp theo: %(title)s (%(unit)s, hạn %(day)s).") % {
            "title": GUIDES[task.node].title,
            "unit": task.org_unit,
            "day": day_text(task.due_on),
        }
    if printed is not None:
        said = _("In văn bản của việc này")
        text = format_html('{} <a href="{}">{}</a>', text, printed.link, said)
    messages.success(request, text)
    return task

"""The dossier's page, its acts that no task asks for, and opening a new one."""

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cycle import events, written
from cycle.models import Criterion
from cycle.typed import fill, shows_typed
from dossiers import forms, opening_forms
from dossiers.diagram import picture
from dossiers.fields import points_text
from dossiers.guidance import GUIDES
from dossiers.models import (
    ACTS,
    ActNotPossible,
    BusinessPlan,
    Certificate,
    CommuneReport,
    Completion,
    Dossier,
    Evaluation,
    Idea,
    Inspection,
    Promotion,
    Review,
    SelfAssessment,
    SupportMeasure,
    Visit,
)
from dossiers.rules import holds_task
from dossiers.states import RECOGNISED
from dossiers.templatetags.ocop import day

#: In the order of the steps.
RECORDS = (
    Idea,
    BusinessPlan,
    Visit,
    SupportMeasure,
    Completion,
    SelfAssessment,
    CommuneReport,
    Review,
    Evaluation,
    Certificate,
    Promotion,
    Inspection,
)
#: Fields that no officer reads.
SILENT = frozenset(
    {
        "dossier",
        "recorded_by",
        "at",
        "previous",
        "token",
        "folded_number",
        "issuer",
        "producer_address",
        "before",
        "number_repeats",
        "rubric",
        "options",
        "scores",
    }
)


def _shown(record, field):
    value = getattr(record, field.name)
    if field.choices:
        return getattr(record, f"get_{field.name}_display")() if value else ""
    if isinstance(value, bool):
        return _("có") if value else _("không")
    if isinstance(field, models.DateField):
        return day(value)
    if isinstance(field, models.BigIntegerField):
        # The unit stands in the name of the field.
        return written.grouped(value)
    if isinstance(field, models.DecimalField) and value is not None:
        return f"{value:f}".replace(".", ",")
    if isinstance(value, list):
        # Kept in Vietnamese; the reader's language may be another.
        return "\n".join(f"✓ {_(item)}" for item in value)
    return value


def facts(record):
    """(name, value) of all that a record says; empty things left out."""
    shown = [
        (capfirst(str(field.verbose_name)), _shown(record, field))
        for field in record._meta.fields
        if not field.primary_key and field.name not in SILENT
    ]
    if isinstance(record, Evaluation) and record.mean is not None:
        shown.append((_("Điểm bình quân"), str(record.mean).replace(".", ",")))
    if isinstance(record, SelfAssessment):
        shown.append((_("Tổng điểm tự chấm"), f"{record.total:f}".replace(".", ",")))
    return [(name, value) for name, value in shown if value not in (None, "")]


def _scores(records):
    """``{record: [(criterion, points), …]}`` of those that say the points of each criterion."""
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


def recorded(dossier):
    """What each step has recorded, newest first; the versions before it are kept below it."""
    tables: list[dict] = []
    for model in RECORDS:
        kept = list(
            model.objects.filter(dossier=dossier).select_related("recorded_by").order_by("-pk")
        )
        scores = _scores(kept)
        rows = [
            {"record": record, "facts": facts(record), "scores": scores.get(record)}
            for record in kept
        ]
        if rows:
            name = capfirst(str(model._meta.verbose_name))
            tables.append({"name": name, "newest": rows[0], "older": rows[1:]})
    if tables:
        # What was recorded last is what the next person reads first.
        max(tables, key=lambda table: table["newest"]["record"].at)["open"] = True
    return tables


def evidence_by_kind(dossier):
    """Current pieces of evidence by kind, each with the versions it replaced."""
    pieces = {row.pk: row for row in dossier.evidence.select_related("recorded_by")}
    replaced = {row.replaces_id for row in pieces.values()}
    kinds: dict = {}
    for row in pieces.values():
        if row.pk in replaced:
            continue
        older, before = [], pieces.get(row.replaces_id)
        while before:
            older.append(before)
            before = pieces.get(before.replaces_id)
        kinds.setdefault(row.kind, []).append({"piece": row, "older": older})
    return [
        {"code": code, "label": rows[0]["piece"].kind_label(dossier.rule_set), "pieces": rows}
        for code, rows in kinds.items()
    ]


def may_attach(acts, dossier):
    """Whether evidence may be added, and whether it may replace what is there."""
    attaches = any(act["name"] == "attach_evidence" for act in acts)
    return {"may_attach": attaches, "may_replace": attaches and not dossier.is_judged}


def told(dossier):
    """The history, newest first, ready to be written in sentences."""
    return dossier.history.select_related("actor", "org_unit", "acting_for").order_by("-seq")


def free_acts(user, dossier):
    """Acts without a task that this person may do here now."""
    return [
        {"name": name, "label": act["label"], "tone": act["tone"]}
        for name, act in ACTS.items()
        if act["door"] == "act"
        and dossier.stands_for(name)
        and rules.has_perm(f"dossiers.{name}", user, dossier)
    ]


def next_task(dossier):
    """The task that is open now, read anew, with its unit; or None."""
    return dossier.tasks.open().select_related("org_unit", "owner").first()


def say_done(request, event, dossier):
    """«Đã nộp phương án. Việc tiếp theo: Kiểm tra phương án (Xã Nà Tấu, hạn 17/11/2026).»"""
    task = next_task(dossier)
    text = _("Đã %(what)s.") % {"what": events.label(event)}
    if task is not None:
        text += " " + _("Việc tiếp theo: %(title)s (%(unit)s, hạn %(day)s).") % {
            "title": GUIDES[task.node].title,
            "unit": task.org_unit,
            "day": day(task.due_on),
        }
    messages.success(request, text)
    return task


def _visible(user, pk):
    return get_object_or_404(Dossier.objects.visible_to(user).with_units(), pk=pk)


@login_required
def dossier(request, pk):
    """All of one dossier: where it waits, for whom, until when, what is recorded, what happened."""
    dossier = _visible(request.user, pk)
    task = next_task(dossier)
    dossier._open_task = task
    acts = free_acts(request.user, dossier)
    given = Certificate.objects.public().filter(dossier=dossier)
    return render(
        request,
        "dossiers/dossier.html",
        {
            "dossier": dossier,
            "task": task,
            "guide": GUIDES[task.node] if task else None,
            "mine": holds_task(request.user, task),
            "acts": [act for act in acts if act["tone"] != "refuse"],
            "refusals": [act for act in acts if act["tone"] == "refuse"],
            **may_attach(acts, dossier),
            "corrections": dossier.corrections(),
            "recorded": recorded(dossier),
            "documents": dossier.officialdocuments.select_related("scan", "recorded_by").order_by(
                "-pk"
            ),
            "evidence": evidence_by_kind(dossier),
            "missing": dossier.missing_evidence(),
            "certificate": given.first() if dossier.state in RECOGNISED else None,
            "history": told(dossier),
            "picture": picture(dossier),
        },
    )


@login_required
@shows_typed
def act(request, pk, name):
    """One act that no task asks for: its form, and the act."""
    dossier = _visible(request.user, pk)
    if ACTS.get(name, {}).get("door") != "act":
        raise Http404
    page = {"dossier": dossier, "name": name, "act": ACTS[name]}
    if not rules.has_perm(f"dossiers.{name}", request.user, dossier):
        return render(request, "dossiers/not_allowed.html", page, status=403)
    if not dossier.stands_for(name):
        return _too_late(request, dossier, name)
    form = forms.ActForm(
        name,
        dossier,
        request.user,
        data=request.POST if request.method == "POST" else None,
        files=request.FILES if request.method == "POST" else None,
        typed=request.typed,
        initial={key: request.GET[key] for key in ("kind", "replaces") if key in request.GET},
    )
    try:
        if request.method == "POST" and form.do():
            task = say_done(request, f"dossier.{name}", dossier)
            return redirect(
                "dossiers:task" if holds_task(request.user, task) else "dossiers:dossier",
                task.pk if holds_task(request.user, task) else dossier.pk,
            )
    except ActNotPossible:
        return _too_late(request, dossier, name)
    why_not = [] if form.parts and name in forms.RECORDS else dossier.why_not(name)
    return render(request, "dossiers/act.html", page | {"form": form, "why_not": why_not})


def _too_late(request, dossier, name):
    """Somebody moved the dossier first: who, when, what; nothing is changed."""
    entry = told(dossier).exclude(event__startswith="task.").first()
    return render(
        request,
        "dossiers/too_late.html",
        {"dossier": dossier, "act": ACTS[name], "entry": entry, "task": next_task(dossier)},
    )


@login_required
@shows_typed
def dossier_new(request):
    """Open a dossier for a product of one of my communes."""
    user = request.user
    if not rules.has_perm("dossiers.begin", user):
        return render(
            request,
            "dossiers/not_allowed.html",
            {"act": {"label": _("Mở hồ sơ mới")}},
            status=403,
        )
    initial = {"outreach_event": request.GET.get("outreach_event")}
    form = opening_forms.DossierForm(request.POST or None, user=user, initial=initial)
    fill(form, request.typed)
    if form.is_valid():
        made = form.open()
        if made is not None:
            task = say_done(request, "dossier.open", made)
            if holds_task(user, task):
                return redirect("dossiers:task", task.pk)
            return redirect("dossiers:dossier", made.pk)
    return render(request, "dossiers/dossier_new.html", {"form": form})

"""A document on which acts of dossiers rest was typed wrong (đính chính văn bản): corrected in the
ledger, and in every dossier that rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _now

from cycle import clock, documents, events, files
from cycle.models import (
    Document,
    Effect,
    HistoryEntry,
    OrgUnit,
    Role,
    RoleAssignment,
    Stream,
    User,
    names_them,
)
from dossiers.law.acts import Act
from dossiers.law.conditions import (
    ConditionNotMet,
    Lack,
    Words,
    about_its_paper,
    before_filing,
    beside_an_order,
    in_order,
    stated,
)
from dossiers.law.order import too_early
from dossiers.law.signers import RECORDERS
from dossiers.models.certificate import Certificate
from dossiers.models.days import with_day
from dossiers.models.dossier import Dossier
from dossiers.models.evidence import SIGNED_PAPER, Evidence
from dossiers.models.law import ACTS, CaseType
from dossiers.models.paper import OfficialDocument
from dossiers.models.task import Task
from dossiers.models.term import Term
from dossiers.rules import fitting
from dossiers.terms import clocks
from dossiers.walk import engine
from dossiers.walk.doors import signed_by_another

EVENT = "dossier.correct_paper"
#: What of a document is corrected in a dossier, as its act asked for it.
FIELDS = ("number", "signed_on", "signer", "signer_capacity")

_OF_ACTS = {act.event: act for act in ACTS.values()}


class Rests(NamedTuple):
    """What rests on a paper: the ``act`` that was done on it, by which ``entry``, for which
    ``task``; None when none asked for it.
    """

    act: Act
    entry: HistoryEntry
    task: Task | None


def rests(papers: Iterable[OfficialDocument]) -> dict[int, Rests]:
    """Key of each paper -> what rests on it; without those of no act, as a list of before has."""
    papers = list(papers)
    entries = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER,
        stream_id__in={paper.dossier_id for paper in papers},
        event__in=list(_OF_ACTS),
        data__has_key="records",
    )
    found = {
        pk: entry
        for entry in entries.order_by("seq")
        for model, pk in entry.data["records"]
        if model == "officialdocument"
    }
    tasks = Task.objects.in_bulk({entry.data.get("task") for entry in found.values()} - {None})
    return {
        pk: Rests(_OF_ACTS[entry.event], entry, tasks.get(entry.data.get("task")))
        for pk, entry in found.items()
    }


def capacity(user: User, dossier: Dossier, what: Rests | None) -> RoleAssignment | None:
    """The post in which ``user`` may correct the paper of an act: one that may do this act today;
    None where there is none.
    """
    if what is None or not user.is_active:
        return None
    if what.act.door == "act":
        return next(iter(fitting(user, dossier, what.act.who or frozenset())), None)
    if what.task is None:
        return None
    # Who has the task's role, and who records what was signed.
    roles, unit = (what.task.role, Role.OFFICER, Role.CLERK), _has_it_now(dossier, what.task)
    return next(filter(None, (user.capacity(role, unit) for role in roles)), None)


def may_correct(user: User, papers: Iterable[OfficialDocument]) -> set[int]:
    """Keys of those of the ``papers`` of one dossier that ``user`` may correct."""
    papers = list(papers)
    if not papers:
        return set()
    of_acts = rests(papers)
    return {
        paper.pk
        for paper in papers
        if capacity(user, paper.dossier, of_acts.get(paper.pk)) is not None
    }


def resting_on(document: Document) -> list[OfficialDocument]:
    """The papers of all dossiers that rest on a document, or on what it corrects."""
    found = OfficialDocument.objects.filter(document__in=document.versions())
    return list(found.select_related("document", "scan").order_by("dossier", "pk"))


def given_on(document: Document) -> list[Certificate]:
    """The certificates that were given by a decision."""
    papers = [paper.pk for paper in resting_on(document)]
    return list(Certificate.objects.filter(decision__in=papers).order_by("pk"))


def questions(paper: OfficialDocument, day: date) -> list[Words]:
    """What is asked once more before the document of ``paper`` is corrected to be of ``day``, as of
    any act on it: it is before the dossier was filed, or puts a dossier in another batch.
    """
    papers = resting_on(paper.document.in_force)
    of_acts, found = rests(papers), list[Words]()
    for each in papers:
        what, dossier = of_acts.get(each.pk), each.dossier
        if what is None or each.signed_on == day:
            continue
        then = _then(dossier, what)
        then.as_of = what.entry
        for asks in (before_filing, beside_an_order):
            if early := asks(then, what.act.name, SimpleNamespace(signed_on=day)):
                found.append(early)
        proposed = dossier.proposed()
        if proposed is None or proposed.pk != what.entry.pk:
            continue
        was, now = dossier.batch(), dossier.batch_of(day)
        if dossier.case_type != CaseType.REEVALUATION and was != now:
            said = _now("Ngày ký này chuyển hồ sơ «%(dossier)s» từ %(was)s sang %(now)s.")
            none = _now("ngoài các đợt của năm")
            found.append(said % {"dossier": dossier, "was": was or none, "now": now or none})
    return found


class Doubted(ConditionNotMet):
    """No pattern knows the capacity of the signer: somebody must say that the paper has it so."""


def correct(
    paper: OfficialDocument,
    *,
    by: User,
    reason: str,
    scan: files.Staged | None = None,
    as_written: str = "",
    **became: Any,
) -> Document:
    """Correct the document of ``paper``, with the values ``became`` of :data:`FIELDS` and, if
    given, another scan; in every dossier that rests on it, told to who works there. Clocks follow
    its day. Certificates stay as they were given. ``as_written``: the capacity of the signer that
    somebody agreed is written so.

    Raises Doubted where that is asked; PermissionDenied; ConditionNotMet and ValidationError at the
    field when a value cannot be, nothing differs, or somebody corrected it meanwhile. Nothing is
    changed then.
    """
    stray = set(became) - set(FIELDS)
    assert not stray, f"not to be corrected: {sorted(stray)}"
    with transaction.atomic(), ExitStack() as at_once:
        # Read anew: what is refused is not seen as replaced by the page that says so.
        old = Document.objects.get(pk=paper.document.in_force.pk)
        # In the order of an act: the walks, the dossiers, their clocks, the document.
        dossiers = _locked(resting_on(old))
        its = Q(dossier__in=list(dossiers))
        # Certificates of the same products wait for what becomes of them.
        of_products = Q(
            certificate__isnull=False,
            dossier__product__in={each.product_id for each in dossiers.values()},
        )
        terms = list(
            Term.objects.live()
            .filter(its | of_products)
            .select_related("rule", "dossier")
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        # Behind the locks: what another did while we waited lies before it.
        moment = at_once.enter_context(clock.one_moment())
        if Document.objects.filter(replaces=old).exists():
            raise ValidationError(documents.CORRECTED_ALREADY)
        of_acts = rests(resting_on(old))
        what = of_acts.get(paper.pk)
        held = capacity(by, dossiers[paper.dossier_id], what)
        if what is None or held is None:
            raise PermissionDenied
        reason = stated(reason)
        signed_by_another(by, held, became.get("signer", old.signer))
        changed = {name for name, value in became.items() if value != getattr(old, name)}
        if "signer" in changed:
            _recorded_by_another(old, became["signer"])
        if "signed_on" in changed:
            _check_day(old, became["signed_on"], dossiers.values(), of_acts)
        if changed & {"signed_on", "signer_capacity"}:
            _issued(dossiers[paper.dossier_id], what, old, became)
        new = documents.correct(
            old, by=by, reason=reason, scan=scan, capacity=held, follow=False, **became
        )
        papers = resting_on(new)
        if {each.dossier_id for each in papers} != set(dossiers):
            # Another came to rest on it while we waited.
            raise ValidationError(documents.CORRECTED_ALREADY)
        told = _told(old, new)
        fields = {
            f"paper-{name}" for name in (changed if scan is None else {*changed, "scan_file"})
        }
        if new.issuer_id != old.issuer_id or changed & {"signed_on", "signer_capacity"}:
            # The body of that day, and who signs for it, are one question.
            fields |= {"paper-signed_on", "paper-signer_capacity"}
        pieces = {}
        batches = {pk: dossier.batch() for pk, dossier in dossiers.items()}
        for each in papers:
            pieces[each.pk] = _scanned(each, dossiers[each.dossier_id], new, scan, by)
            each.document, each.dossier = new, dossiers[each.dossier_id]  # type: ignore[assignment]
            OfficialDocument.objects.filter(pk=each.pk).update(document=new, scan=each.scan)
        for each in papers:
            dossier, piece = dossiers[each.dossier_id], pieces[each.pk]
            each.as_written = as_written
            what = of_acts.get(each.pk)
            _check(each, dossier, what, fields, changed)
            followed = False
            # Of before the ledger a day may be unknown.
            days = old.signed_on, new.signed_on
            if days[0] and days[1] and days[0] != days[1] and what is not None:
                _check_later(each, dossier, what)
                held_here = [term for term in terms if term.dossier_id == dossier.pk]
                followed = clocks.follow_paper(
                    dossier, held_here, what.entry, was=days[0], day=days[1], at=moment, by=by
                )
                given = [
                    term
                    for term in terms
                    if term.certificate_id
                    and term.dossier is not None
                    and term.dossier.product_id == dossier.product_id
                ]
                followed |= clocks.follow_validity(given, at=moment, by=by) > 0
                followed |= dossier.batch() != batches[dossier.pk]
            more: dict[str, Any] = {"as_written": new.signer_capacity} if each.doubt else {}
            if followed:
                more["followed"] = True
            HistoryEntry.objects.record(
                EVENT,
                dossier,
                by=by,
                capacity=held,
                at=moment,
                reason=reason,
                saved=[*([piece] if piece else []), each],
                attached=[scan.sha256] if scan is not None else [],
                ledger=new.pk,
                changed=told,
                corrected={
                    "kind": old.kind,
                    "number": old.number,
                    "signed_on": old.signed_on.isoformat() if old.signed_on else "",
                },
                **more,
            )
        return new


@documents.follows_correction
def _follow(old: Document) -> documents.Brings:
    """The papers of dossiers follow a document that was corrected elsewhere, of a council or round:
    their walks are held from here on.

    Raises ValidationError where another day or body would move their clocks and batches, or an act
    rests on it that whoever corrects it may not do: that is corrected where the act was done
    (:func:`correct`).
    """
    held = _locked(resting_on(old))

    def bring(new: Document, by: User, post: RoleAssignment | None, reason: str) -> None:
        papers = resting_on(old)
        if not {each.dossier_id for each in papers} <= set(held):
            # Another came to rest on it while we waited.
            raise ValidationError(documents.CORRECTED_ALREADY)
        for each in papers:
            each.dossier = held[each.dossier_id]  # type: ignore[assignment]
        _bring(papers, old, new, by, post, reason)

    return bring


def _bring(
    papers: list[OfficialDocument],
    old: Document,
    new: Document,
    by: User,
    post: RoleAssignment | None,
    reason: str,
) -> None:
    of_acts = rests(papers)
    changed = {name for name in FIELDS if getattr(old, name) != getattr(new, name)}
    # Another day or capacity is refused below.
    here = changed & {"number", "signer"}
    if papers and "signer" in changed:
        _recorded_by_another(old, new.signer)
    for each in papers:
        what = of_acts.get(each.pk)
        if what is None:
            continue
        held = capacity(by, each.dossier, what)
        if held is None:
            said = _now(
                "Hồ sơ «%(dossier)s» làm theo văn bản này: người làm được việc ấy đính chính ở "
                "trang hồ sơ đó."
            )
            raise ValidationError(said % {"dossier": each.dossier})
        each.document = new
        try:
            signed_by_another(by, held, new.signer)
            _check(each, each.dossier, what, {f"paper-{name}" for name in here}, here)
        except ConditionNotMet as refused:
            raise ValidationError([str(words) for words in refused.messages]) from refused
        if old.scan_sha256 and old.scan_sha256 != new.scan_sha256:
            # The dossier shows the scan as a piece of its own.
            said = _now("Hồ sơ «%(dossier)s» làm theo văn bản này: thay bản chụp ở trang hồ sơ đó.")
            raise ValidationError({documents.SCAN: said % {"dossier": each.dossier}})
    for name in ("signed_on", "signer_capacity", "issuer_id"):
        # Whose a document of before is, nobody wrote down.
        known = name != "issuer_id" or old.body
        if papers and known and getattr(old, name) != getattr(new, name):
            said = _now(
                "Hồ sơ «%(dossier)s» làm theo văn bản này: hãy đính chính ngày ký, chức vụ người "
                "ký ở trang hồ sơ đó."
            ) % {"dossier": papers[0].dossier}
            raise ValidationError({name.removesuffix("_id"): said})
    for each in papers:
        OfficialDocument.objects.filter(pk=each.pk).update(document=new)
        each.document = new
        HistoryEntry.objects.record(
            EVENT,
            each.dossier,
            by=by,
            capacity=post,
            reason=reason,
            saved=[each],
            ledger=new.pk,
            changed=_told(old, new),
            corrected={
                "kind": old.kind,
                "number": old.number,
                "signed_on": old.signed_on.isoformat() if old.signed_on else "",
            },
        )


# --- Inside ---------------------------------------------------------------------------------------


def _has_it_now(dossier: Dossier, task: Task) -> int | None:
    """Key of the unit that has today what was done at the unit of the ``task``: of what a split
    commune left that to which it was allotted, unless the task had been sent to another unit.
    """
    if dossier.before_split_id is None or (unit := task.org_unit) is None:
        return task.org_unit_id
    if dossier.routes.filter(node=task.node, org_unit=unit).exists():
        return unit.pk
    own = dossier.unit_at(unit.level)
    return own.pk if own is not None else unit.pk


def _locked(papers: Iterable[OfficialDocument]) -> dict[int, Dossier]:
    """The dossiers of these ``papers``, each behind its walk, where whoever acts on it waits."""
    found = {}
    keys = sorted({paper.dossier_id for paper in papers})
    engine.hold_all(keys)
    for pk in keys:
        found[pk] = Dossier(pk=pk)
        found[pk].lock()
    return found


def _recorded_by_another(old: Document, signer: str) -> None:
    """Refuse as its ``signer`` an officer or clerk who recorded it, for one of the acts that rest
    on it or as a correction: they do not sign.
    """
    rows = [each.pk for each in old.versions()]
    resting = {each.dossier_id for each in resting_on(old)}
    entries = HistoryEntry.objects.filter(
        Q(stream=Stream.DOSSIER, stream_id__in=resting)
        | Q(stream=Stream.DOCUMENT, stream_id__in=rows),
        ledger__in=rows,
        role__in=RECORDERS,
        actor__isnull=False,
    )
    for entry in entries.select_related("actor").order_by("pk"):
        if names_them(signer, str(entry.actor)):
            said = _now("Người ký phải là người khác: %(who)s đã ghi văn bản này vào phần mềm.")
            raise ValidationError({"signer": said % {"who": entry.actor}})


def _check_day(
    old: Document, day: date, dossiers: Iterable[Dossier], of_acts: dict[int, Rests]
) -> None:
    """Refuse a day that the document cannot be of: after it was entered, before the year of a
    dossier, after a certificate that it gave, before what it decides on.
    """
    wrong = ""
    said = f"{day:%d/%m/%Y}"
    entered = min(timezone.localdate(each.at) for each in old.versions())
    if old.before:
        # Such a row bears the day of its paper.
        entered = min(timezone.localdate(each.entry.recorded_at) for each in of_acts.values())
    if day > entered:
        wrong = _now("Văn bản vào phần mềm ngày %(entered)s: không thể ký sau ngày đó.") % {
            "entered": f"{entered:%d/%m/%Y}"
        }
    first = max((each.first_day for each in dossiers), default=day)
    if day < first:
        wrong = _now(
            "Ngày %(day)s trước khi mở chu trình của hồ sơ (%(first)s): xin xem lại năm."
        ) % {"day": said, "first": f"{first:%d/%m/%Y}"}
    for given in given_on(old):
        if given.issued_on and given.issued_on < day:
            wrong = _now(
                "Giấy chứng nhận %(number)s cấp ngày %(day)s: quyết định không thể ký sau ngày đó."
            ) % {
                "number": given.number or _now("chưa có số"),
                "day": f"{given.issued_on:%d/%m/%Y}",
            }
    if wrong:
        raise ValidationError({"signed_on": wrong})


def _issued(dossier: Dossier, what: Rests, old: Document, became: dict[str, Any]) -> None:
    """Of another day the body may be the unit that was there then; by another capacity of its
    signer, where the body followed from it, the one that this names.
    """
    signer, task, desk = what.act.signer, what.task, what.entry.org_unit
    if signer is None:
        return
    then = _then(dossier, what)

    def body(day: date, capacity: str) -> OrgUnit | None:
        return then.issued_by(
            signer,
            what.entry.before or dossier.state,
            day,
            capacity,
            node=task.node if task else "",
            desk=desk.level if desk else "",
        )

    capacity = became.get("signer_capacity", old.signer_capacity)
    day = became.get("signed_on", old.signed_on)
    # A request that was chosen again keeps the body of the dossier where it was typed.
    if day is None or day == old.signed_on and body(day, old.signer_capacity) != old.issuer:
        return
    issuer = body(day, capacity)
    if issuer is not None:
        became["issuer"] = issuer


def _then(dossier: Dossier, what: Rests) -> Dossier:
    """The dossier in the state in which the act was done."""
    columns = [each.attname for each in Dossier._meta.concrete_fields if not each.generated]
    values = {name: getattr(dossier, name) for name in columns}
    then = Dossier(**values | {"state": what.entry.before or dossier.state})
    then.product, then.commune, then.rule_set = dossier.product, dossier.commune, dossier.rule_set
    return then


def _check(
    paper: OfficialDocument,
    dossier: Dossier,
    what: Rests | None,
    fields: set[str],
    changed: set[str],
) -> None:
    """Refuse, of what was changed, what the paper of this act cannot be by law, or is another's."""
    if what is None:
        return
    then = _then(dossier, what)
    then.resting_on, then.as_of = paper, what.entry
    order = in_order(what.act.name, what.act.not_before) if "signed_on" in changed else ()
    lacks = [
        Lack(words, condition.field)
        for condition in (*order, *about_its_paper(what.act.name))
        if condition.field in fields and (words := condition.why_not(then))
    ]
    if paper.doubt and {lack.field for lack in lacks} == {"paper-signer_capacity"}:
        raise Doubted([Lack(paper.doubt, "as_written")])
    if lacks:
        raise ConditionNotMet(lacks)


def _check_later(paper: OfficialDocument, dossier: Dossier, what: Rests) -> None:
    """Refuse a day after the paper of a later act that rests on this ``paper``."""
    dossiers = [dossier]
    if what.act.does == Effect.ORDERS:
        # What the ministry ordered is a dossier of its own.
        dossiers += Dossier.objects.filter(product=dossier.product_id).exclude(pk=dossier.pk)
    for each in dossiers:
        later = each.history.filter(event__in=_OF_ACTS, data__has_key="paper")
        if each.pk == dossier.pk:
            later = later.filter(seq__gt=what.entry.seq)
        for entry in with_day(later).order_by("seq"):
            each.as_of = entry
            asks = _OF_ACTS[entry.event].not_before
            if any(found.paper == paper.pk for found in too_early(each, asks, entry.day)):
                said = _now(
                    "Việc «%(act)s» đã ghi theo văn bản ngày %(day)s: không thể ký sau ngày đó."
                )
                of = {"act": events.label(entry.event), "day": f"{entry.day:%d/%m/%Y}"}
                raise ValidationError({"signed_on": said % of})
        each.as_of = None


def _scanned(
    paper: OfficialDocument,
    dossier: Dossier,
    new: Document,
    scan: files.Staged | None,
    by: User,
) -> Evidence | None:
    """The piece that shows the right ``scan`` in a dossier, saved; the wrong one stays."""
    if scan is None:
        return None
    was = paper.scan
    replaced = was is not None and Evidence.objects.filter(replaces=was).exists()
    piece = Evidence(
        dossier=dossier,
        kind=was.kind if was is not None else SIGNED_PAPER,
        title=was.title
        if was is not None and was.kind != SIGNED_PAPER
        else _now("Văn bản %(number)s") % {"number": new.number},
        replaces=None if replaced else was,
        recorded_by=by,
        at=clock.now(),
    )
    piece.hold(scan)
    paper.scan = piece
    piece.prepare(paper)
    piece.save()
    return piece


def _told(old: Document, new: Document) -> dict[str, list[str]]:
    """Field -> what it said and says."""
    told = {}
    for name in (*FIELDS, "scan_filename"):
        was, now = (getattr(each, name) for each in (old, new))
        if was != now or name == "scan_filename" and old.scan_sha256 != new.scan_sha256:
            days = [each.isoformat() if isinstance(each, date) else each for each in (was, now)]
            told[name] = days
    return told

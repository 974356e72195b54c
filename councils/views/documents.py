"""Pages of the council's documents: as PDF and Word, with the signed number and scan."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.forms.papers import SignedDocumentForm, TemplateForm
from councils.models import (
    Appraisal,
    Closing,
    DocumentKind,
    DocumentTemplate,
    EvaluationRound,
    RoundEntry,
    Scoresheet,
    SignedDocument,
)
from councils.models.document import AFTER_CLOSING, reads_team_report
from councils.models.reach import certified_of, is_about, kinds_read, reached_by
from councils.pages import found_entry, found_round
from councils.papers import facts
from councils.papers.then import Then
from cycle import clock, files, site, written
from cycle.asking import SignedIn
from cycle.downloads import download, lost_page
from cycle.models import Document, Level, User
from cycle.once import once, unrecorded
from cycle.papers import kinds as made
from cycle.papers import word
from cycle.papers.answer import TYPES, answer
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.fields import refuse
from dossiers.models import Certificate, Dossier

#: What tells of products, before any is judged: without one there is nothing to print.
OF_PRODUCTS = frozenset({DocumentKind.RECEIVED, DocumentKind.SUPPORT_REPORT})
#: What stays as it is whichever closing stands.
OF_NO_CLOSING = (DocumentKind.PLAN, DocumentKind.RECEIVED, DocumentKind.INVITATION)


def _closing(round_: EvaluationRound, version: str | None) -> Closing | None:
    """The closing whose results a document gives: that of ``version``, or the last one."""
    if version:
        named = [each for each in round_.closings.all() if str(each.version) == version]
        if not named:
            raise Http404
        return named[0]
    return round_.closings.filter(reopening=None).first()


@login_required
@shows_typed
@drafts.keeps_page
@once
def documents(request: SignedIn, pk: int) -> HttpResponseBase:
    """All documents of a round, each with PDF, Word, and the signed number, date and scan."""
    round_ = found_round(request.user, pk)
    may_record = rules.has_perm("councils.record_document", request.user, round_)
    asked = request.POST.get("kind") or request.GET.get("kind")
    # Of a version that was opened again nothing is recorded any more, and its numbers stay its own.
    closings = Closing.of(round_)
    standing = next((each for each in closings if not each.reopened), None)
    form, readable = None, kinds_read(request.user, round_, closed=standing is not None)
    if asked in facts.OF_ROUND and asked not in readable | AFTER_CLOSING:
        raise Http404
    # A result that is sent before the closing is refused with a sentence.
    early = asked in AFTER_CLOSING and asked not in readable and request.method != "POST"
    if may_record and asked in facts.OF_ROUND and not early:
        form = SignedDocumentForm(
            request.POST or None,
            request.FILES or None,
            round_=round_,
            kind=asked,
            by=request.user,
        )
        fill(form, request.typed)
        if form.is_valid() and (signed := form.do()):
            messages.success(request, _("Đã ghi %(document)s.") % {"document": signed})
            return redirect("councils:documents", round_.pk)
    recorded: dict[str, list[SignedDocument]] = {}
    papers = round_.documents.filter(entry=None).select_related(
        "document__replaced_by", "document__replaces"
    )
    for each in papers.order_by("-pk"):
        if each.kind not in AFTER_CLOSING or standing is not None and each.at >= standing.at:
            recorded.setdefault(each.kind, []).append(each)
    entries = list(round_.products())
    told = _told(standing) - (set() if entries else OF_PRODUCTS)
    rows = [
        {
            "kind": kind,
            "ready": kind in readable and kind in told,
            "none": kind in readable and kind not in told,
            "waits": kind in AFTER_CLOSING,
            "signed": next(iter(recorded.get(kind, [])), None),
            "reads": kind in AFTER_CLOSING or kind in readable,
            "replaced": _replaced(recorded.get(kind, [])),
        }
        for kind in facts.OF_ROUND
    ]
    return render(
        request,
        "councils/documents.html",
        {
            "round": round_,
            "rows": rows,
            "earlier": _earlier(round_, closings, readable),
            "entries": entries,
            "certified": certified_of(entries),
            "form": form,
            "asked": DocumentKind(asked) if form and asked else None,
            "may_record": may_record,
        },
    )


def _told(closing: Closing | None) -> set[DocumentKind]:
    """The kinds of documents that tell of some product: of none there is no submission."""
    kinds = set(facts.OF_ROUND)
    if closing is None:
        return kinds
    results = list(closing.results.select_related("entry__dossier__rule_set"))
    return {kind for kind in kinds if any(is_about(kind, result) for result in results)}


def _replaced(papers: list[SignedDocument]) -> list[tuple[SignedDocument, Document, Document]]:
    """(paper, its document of then, what replaced that) of all that stood in the place of the first
    of ``papers``, which are the newest first.
    """
    found: dict[Document, SignedDocument] = {}
    for each in papers:
        for row in each.of_ledger.versions():
            found.setdefault(row, each)
    return [(found[old], old, new) for new, old in pairwise(found)]


def _earlier(
    round_: EvaluationRound, closings: list[Closing], readable: set[DocumentKind]
) -> list[dict[str, Any]]:
    """The closings that were opened again, the newest first, each with its papers."""
    # Of what is closed no more, its papers stay readable.
    kinds = [kind for kind in facts.OF_ROUND if kind in readable | AFTER_CLOSING]
    told = {each.pk: _told(each) for each in closings if each.reopened}
    return [
        {
            "number": each.version,
            "closings": [each],
            "rows": [
                {"kind": kind, "signed": Then(round_, each).recorded(kind)}
                for kind in kinds
                if kind not in OF_NO_CLOSING and kind in told[each.pk]
            ],
        }
        for each in closings
        if each.reopened
    ]


@login_required
@require_safe
def document(request: SignedIn, pk: int, kind: str, format_: str) -> HttpResponseBase:
    """A document of the round, made now; ``?version=`` names an older closing. Who does not see the
    round gets what reached them: an extract, but of a decision, whose list is public.
    """
    if not EvaluationRound.objects.visible_to(request.user).filter(pk=pk).exists():
        return _sent(request, pk, kind, format_)
    round_ = found_round(request.user, pk)
    if kind not in kinds_read(request.user, round_, closed=round_.closings.exists()):
        raise Http404
    closing = _closing(round_, request.GET.get("version"))
    if kind in AFTER_CLOSING and closing is None:
        raise Http404
    data = facts.of_round(kind, round_, closing=closing, reader=request.user)
    if kind in AFTER_CLOSING | OF_PRODUCTS and not data["entries"]:
        raise Http404
    return answer(request, kind, data, format_, f"{kind}-{round_.pk}")


def _sent(request: SignedIn, pk: int, kind: str, format_: str) -> HttpResponseBase:
    """The signed document of a round as it reached somebody in whose area some products lie."""
    its = [each for each in reached_by(request.user, entry__round=pk) if kind in each.papers]
    if not its or format_ != "pdf" or "version" in request.GET:
        raise Http404
    closing = its[0].result.closing
    only = None if kind == DocumentKind.DECISION else {each.result.entry_id for each in its}
    data = facts.of_round(kind, its[0].result.entry.round, closing=closing, only=only)
    return answer(request, kind, data, format_, f"{kind}-{pk}")


@login_required
@require_safe
def survey(request: SignedIn, pk: int, format_: str) -> HttpResponseBase:
    """The minutes of the visit that a report tells of, for whoever reads that report."""
    visit = get_object_or_404(Appraisal.objects.select_related("by"), pk=pk)
    visit.entry = found_entry(request.user, visit.entry_id)
    data = facts.survey_of(visit)
    if data is None:
        raise Http404
    return answer(request, DocumentKind.TEAM_SURVEY, data, format_, f"survey-{pk}")


@login_required
@require_safe
def blank_sheet(request: SignedIn, pk: int, format_: str) -> HttpResponseBase:
    """A blank score sheet of a product, to be filled by pen (phiếu chấm để in)."""
    entry = get_object_or_404(
        RoundEntry.objects.filter(
            round__in=EvaluationRound.objects.visible_to(request.user)
        ).select_related(
            "round__council__org_unit",
            "rubric__rule_set",
            "dossier__product__producer",
            "dossier__commune",
        ),
        pk=pk,
    )
    own = entry.round.council.seat_of(request.user, *facts.SCORES)
    return answer(
        request,
        DocumentKind.SCORE_SHEET,
        facts.sheet_of(entry, member=own),
        format_,
        f"sheet-{entry.pk}",
    )


@login_required
@require_safe
def filled_sheet(request: SignedIn, pk: int, format_: str) -> HttpResponseBase:
    """A filled-in sheet: for its owner at any time, for others once the round has closed."""
    rounds = EvaluationRound.objects.visible_to(request.user)
    sheet = get_object_or_404(
        Scoresheet.objects.visible_to(request.user)
        | Scoresheet.objects.unsealed().filter(entry__round__in=rounds),
        pk=pk,
    )
    data = facts.sheet_of(sheet.entry, member=sheet.member, sheet=sheet)
    return answer(
        request, DocumentKind.SCORE_SHEET, data, format_, f"sheet-{sheet.entry_id}-{sheet.pk}"
    )


@login_required
@require_safe
def certificate(request: SignedIn, pk: int, format_: str) -> HttpResponseBase:
    """The certificate of a product of a round, to be printed and signed."""
    entries = RoundEntry.objects.visible_to(request.user)
    return _certificate(request, get_object_or_404(entries, pk=pk).dossier_id, format_)


@login_required
@require_safe
def dossier_certificate(request: SignedIn, pk: int, format_: str) -> HttpResponseBase:
    """The certificate of a dossier, judged by a round or not, for whoever sees it."""
    dossiers = Dossier.objects.visible_to(request.user)
    return _certificate(request, get_object_or_404(dossiers, pk=pk).pk, format_)


def _certificate(request: SignedIn, dossier: int, format_: str) -> HttpResponseBase:
    """The last certificate of a recognised dossier, unless it was revoked."""
    certificates = Certificate.objects.to_print().select_related(
        "dossier__commune", "decision__document", "issuer"
    )
    given = get_object_or_404(certificates, dossier=dossier)
    data = facts.certificate_of(given, link=site.address(given.get_absolute_url()))
    return answer(request, DocumentKind.CERTIFICATE, data, format_, f"certificate-{dossier}")


@login_required
@require_safe
def scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of a signed document, for whoever sees its round or whom it reached; of a ``row`` of
    the ledger that it was before, that one's, for whoever sees the round.
    """
    signed = get_object_or_404(SignedDocument, pk=pk)
    rounds = EvaluationRound.objects.visible_to(request.user)
    sees = rounds.filter(pk=signed.round_id).exists()
    of_team = signed.kind == DocumentKind.SUPPORT_REPORT
    if sees and of_team and not reads_team_report(request.user, signed.round):
        raise Http404
    if not sees:
        its = reached_by(request.user, entry__round=signed.round_id)
        if not any(signed in each.papers.values() for each in its):
            raise Http404
    # Always as a download, not shown in the browser.
    if "row" in request.GET:
        key = written.key(request.GET["row"])
        versions = signed.of_ledger.versions() if sees else []
        row = next((each for each in versions if each.pk == key), None)
        if row is None or not row.scan_sha256:
            raise Http404
        return download(request, row.scan_sha256, row.scan_filename, None, title=row)
    if not signed.scan_sha256:
        raise Http404
    return download(request, signed.scan_sha256, signed.scan_name, None, title=signed)


@login_required
@once
def templates(request: SignedIn) -> HttpResponseBase:
    """The Word templates: those that ship, the fields they may use, and the province's own."""
    if not _keeps_templates(request.user):
        raise Http404
    if request.method == "POST" and ("use" in request.POST or "ours" in request.POST):
        return _used_again(request)
    form = TemplateForm(request.POST or None, request.FILES or None, by=request.user)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = DocumentTemplate.keep(
                form.cleaned_data["kind"], file.sha256, file.filename, by=request.user
            )
        except ValidationError as wrong:
            refuse(form, wrong)
        else:
            return _template_kept(request, kept)
    versions: dict[str, list[DocumentTemplate]] = {}
    for each in DocumentTemplate.objects.select_related("by"):
        versions.setdefault(each.kind, []).append(each)
    rows = [
        {
            "kind": kind.code,
            "own": next(iter(versions.get(kind.code, ())), None),
            "older": versions.get(kind.code, [])[1:],
            "fields": made.fields(kind.code).items(),
        }
        for kind in made.KINDS.values()
    ]
    return render(request, "councils/templates.html", {"form": form, "rows": rows})


def _template_kept(request: SignedIn, kept: DocumentTemplate) -> HttpResponseBase:
    messages.success(
        request,
        _("Đã dùng mẫu mới cho: %(kind)s.") % {"kind": kept.get_kind_display().lower()},
    )
    return redirect("councils:templates")


def _used_again(request: SignedIn) -> HttpResponseBase:
    """Use an earlier template once more, or the one that ships: it becomes the newest."""
    key = written.key(request.POST.get("use"))
    older = DocumentTemplate.objects.filter(pk=key).first() if key is not None else None
    kind = older.kind if older is not None else request.POST.get("ours", "")
    if kind not in made.KINDS:
        raise Http404
    try:
        if older is None:
            content = ContentFile(made.KINDS[kind].template.read_bytes())
            file = files.stage(content, f"{kind}.docx", TYPES["docx"])
            sha256, name = file.sha256, file.filename
        else:
            sha256, name = older.sha256, older.filename
            with files.open(sha256) as kept:
                # The kind may have got other fields since.
                word.check_template(kind, kept.read())
        return _template_kept(request, DocumentTemplate.keep(kind, sha256, name, by=request.user))
    except word.TemplateRefused as refused:
        messages.error(request, str(refused))
    except (files.FileLost, files.NotStored, ValidationError):
        messages.error(request, _("Không đọc được tệp mẫu này: hãy nạp lại mẫu."))
    return unrecorded(redirect("councils:templates"))


def _keeps_templates(user: User) -> bool:
    """Whether ``user`` may change the installation's templates: whoever may set up councils of the
    province.
    """
    return any(
        rules.has_perm("councils.set_up", user, each.org_unit)
        for each in user.assignments()
        if each.org_unit.level == Level.PROVINCE and not each.org_unit.ended_before(clock.today())
    )


@login_required
@require_safe
def template(request: SignedIn, kind: str) -> HttpResponseBase:
    """The template in use for one kind, to be edited in Word."""
    if not _keeps_templates(request.user) or kind not in made.KINDS:
        raise Http404
    own = DocumentTemplate.objects.filter(kind=kind).first()
    try:
        file = files.open(own.sha256) if own else made.KINDS[kind].template.open("rb")
    except files.FileLost as lost:
        return lost_page(request, lost, str(own), title=_("mẫu Word"))
    return FileResponse(
        file, as_attachment=True, filename=f"{kind}.docx", content_type=TYPES["docx"]
    )

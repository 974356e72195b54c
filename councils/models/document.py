"""The signed documents of a round, and a province's own templates of papers."""

from __future__ import annotations

from typing import Any, Self

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.council import check_purpose
from councils.models.entry import DocumentKind, RoundEntry, RoundState
from councils.models.result import Closing, Reopening
from councils.models.round import EvaluationRound, RoundClosed
from cycle import clock, documents, events, files
from cycle.letters import fold_number
from cycle.models import (
    Configuration,
    Document,
    Effect,
    HistoryEntry,
    Level,
    Stream,
    User,
    names_them,
)
from cycle.models.folding import days_in
from cycle.written import day_text
from dossiers.law.order import before_minutes, the_minutes
from dossiers.law.signers import RECORDERS, Called, Office, committee, council, doubt, presided
from dossiers.models import ACTS, OfficialDocument
from dossiers.models.days import with_day
from dossiers.papers.kinds import Printed

#: The documents that the council's chair signs, and those that the chair of its unit signs; a
#: submission or a notice may be its office's, a report the team's.
BY_COUNCIL = frozenset({DocumentKind.INVITATION, DocumentKind.MINUTES, DocumentKind.COUNCIL_REPORT})
BY_COMMITTEE = frozenset(
    {
        DocumentKind.DECISION,
        DocumentKind.APPROVAL,
        DocumentKind.CERTIFICATE,
        DocumentKind.REQUEST,
    }
)
#: What may be signed before the council is set up: it is set up for what was planned and received.
BEFORE_COUNCIL = frozenset({DocumentKind.PLAN, DocumentKind.RECEIVED})
#: The documents that give results, made after the closing only.
AFTER_CLOSING = frozenset(
    {
        DocumentKind.MINUTES,
        DocumentKind.COUNCIL_REPORT,
        DocumentKind.SUBMISSION,
        DocumentKind.DECISION,
        DocumentKind.APPROVAL,
        DocumentKind.NOTICE,
        DocumentKind.REQUEST,
    }
)


#: What each does, where it is recorded.
DOES = {
    DocumentKind.FOUNDING: Effect.DECIDES,
    DocumentKind.PLAN: Effect.DECIDES,
    DocumentKind.RECEIVED: Effect.PROPOSES,
    DocumentKind.INVITATION: Effect.NOTIFIES,
    DocumentKind.SCORE_SHEET: Effect.MINUTES,
    DocumentKind.TEAM_SURVEY: Effect.MINUTES,
    DocumentKind.SUPPORT_REPORT: Effect.PROPOSES,
    DocumentKind.MINUTES: Effect.MINUTES,
    DocumentKind.COUNCIL_REPORT: Effect.PROPOSES,
    DocumentKind.SUBMISSION: Effect.PROPOSES,
    DocumentKind.DECISION: Effect.RECOGNISES,
    DocumentKind.APPROVAL: Effect.APPROVES,
    DocumentKind.CERTIFICATE: Effect.RECOGNISES,
    DocumentKind.NOTICE: Effect.NOTIFIES,
    DocumentKind.REQUEST: Effect.PROPOSES,
}
#: The documents that a council and its team number themselves, each of one round; those of its unit
#: stand in the unit's own register, and may be on several rounds.
OF_ONE_ROUND = BY_COUNCIL | {DocumentKind.SUPPORT_REPORT}

#: What is said of results goes this way: none of them is signed before one that stands before it.
IN_ORDER = (DocumentKind.SUBMISSION, DocumentKind.DECISION, DocumentKind.NOTICE)


def reads_team_report(user: User, round_: EvaluationRound) -> bool:
    """Whether ``user`` may read the team's report, and so give it its number: it shows proposed
    points, for the team and who presides over the round only.
    """
    return any(rules.has_perm(f"councils.{name}", user, round_) for name in ("appraise", "preside"))


def _of_document(name: str) -> Any:
    """A field of the document as one of the paper; a paper that is typed has its own, unsaved."""

    def read(self: SignedDocument) -> Any:
        return getattr(self.of_ledger, name)

    def write(self: SignedDocument, value: Any) -> None:
        setattr(self.of_ledger, name, value)

    return property(read, write)


class SignedDocument(models.Model):
    """A signed document of a round (văn bản đã ký), recorded by the clerk: one of the ledger, read
    as it was corrected last.

    Rows of before the ledger keep in the columns ``was_…`` what the history hashed of them; nothing
    reads these.
    """

    round = models.ForeignKey(EvaluationRound, models.PROTECT, related_name="documents")
    entry = models.ForeignKey(RoundEntry, models.PROTECT, null=True, related_name="documents")
    kind = models.CharField(_("loại văn bản"), max_length=20, choices=DocumentKind)
    document = models.ForeignKey(
        Document, models.PROTECT, related_name="of_rounds", verbose_name=_("văn bản trong sổ")
    )
    was_number = models.CharField(db_column="number", max_length=60, blank=True, editable=False)
    was_signed_on = models.DateField(db_column="signed_on", null=True, editable=False)
    was_signer = models.CharField(db_column="signer", max_length=150, blank=True, editable=False)
    was_signer_capacity = models.CharField(
        db_column="signer_capacity", max_length=150, blank=True, editable=False
    )
    was_scan_sha256 = files.HashField(db_column="scan_sha256", blank=True, editable=False)
    was_scan_name = models.CharField(
        db_column="scan_name", max_length=200, blank=True, editable=False
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="replaced_by", verbose_name=_("thay cho")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người nhập"))
    at = models.DateTimeField(_("nhập lúc"))

    #: The capacity that somebody agreed is written so on the paper, though no pattern knows it.
    as_written = ""
    #: What is asked of a capacity that no pattern knows; "" of any other.
    doubt = ""
    number = _of_document("number")
    signed_on = _of_document("signed_on")
    signer = _of_document("signer")
    signer_capacity = _of_document("signer_capacity")
    scan_sha256 = _of_document("scan_sha256")
    scan_name = _of_document("scan_filename")

    class Meta:
        verbose_name = _("văn bản của hội đồng")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="council_document_kind_known", condition=Q(kind__in=DocumentKind.values)
            ),
            models.CheckConstraint(
                name="council_document_replaces_another",
                condition=Q(replaces=None) | ~Q(replaces=F("id")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def of_ledger(self) -> Document:
        """Its document as it stands; of a paper that is being typed an unsaved one."""
        if self.document_id is None:
            if "document" not in self._state.fields_cache:
                self.document = Document()
            return self.document
        return self.document.in_force

    def clean(self) -> None:
        self.of_ledger.clean()

    @property
    def _body(self) -> Called:
        """What its unit is called; who took it over signs what is of a day after its end."""
        return Called.of(self.round.council.org_unit.heir(self.signed_on))

    def office(self) -> Office | None:
        """Whose chair signs it: the council's, or its unit's; minutes of a meeting whoever presided
        over it. None where the law names nobody.
        """
        level = Level(self.round.council.org_unit.level)
        if self.kind == DocumentKind.MINUTES and not self.round.in_writing:
            return presided(self._body, level)
        if self.kind in BY_COUNCIL:
            return council(self._body, level)
        if self.kind in BY_COMMITTEE:
            return committee(self._body, level)
        return None

    @property
    def is_current(self) -> bool:
        """Whether it is of the results that stand: not of those that were opened again."""
        if self.kind not in AFTER_CLOSING:
            return True
        closing = self._closing()
        return closing is not None and self.at >= closing.at

    @property
    def told(self) -> str:
        """What it is of, as a sentence names it."""
        kind = DocumentKind(self.kind).label.lower()
        return _now("%(kind)s của «%(round)s»") % {"kind": kind, "round": self.round}

    @classmethod
    def standing(
        cls, round_: EvaluationRound, kind: str, entry: RoundEntry | None = None
    ) -> Self | None:
        """The one of ``kind`` that nothing replaced."""
        return cls.objects.filter(round=round_, entry=entry, kind=kind, replaced_by=None).first()

    @classmethod
    def record(
        cls,
        signed: Self,
        round_: EvaluationRound,
        kind: str,
        *,
        by: User,
        entry: RoundEntry | None = None,
        shown: str | None = None,
        reason: str = "",
    ) -> Self:
        """Save ``signed`` as the signed document of ``kind``, in the ledger; it replaces an earlier
        one. ``shown``: the :func:`key_of` what the page said stands there; it is refused when
        somebody recorded another since. ``reason``: why it is corrected.

        Also after the closing, when most are signed. Raises PermissionDenied; ValidationError, by
        field, when its staged scan is gone, it cannot be that document, or the ledger has another
        of its number or scan; at ``as_written`` when no pattern knows the signer's capacity and
        nobody agreed that it stands so on the paper.
        """
        with round_.change(
            "round.record_document",
            by,
            "councils.record_document",
            states=list(RoundState),
            kind=kind,
            number=signed.number,
            signed_on=signed.signed_on.isoformat(),
        ) as said:
            if kind == DocumentKind.SUPPORT_REPORT and not reads_team_report(by, round_):
                raise PermissionDenied
            signed.round, signed.entry, signed.kind = round_, entry, kind
            signed.by, signed.at = by, clock.now()
            signed.replaces = cls.standing(round_, kind, entry)
            if shown is not None and shown != key_of(signed.replaces):
                raise ValidationError(
                    _now(
                        "Sau khi bạn mở trang, người khác đã ghi %(paper)s: lần này chưa ghi gì. "
                        "Hãy mở lại trang văn bản của đợt để xem, rồi sửa nếu cần."
                    )
                    % {"paper": signed.replaces}
                )
            signed._check_of_round()
            try:
                signed.document = signed._into_ledger(reason)
            except ValidationError as error:
                if not hasattr(error, "error_dict"):
                    raise
                # At the field of its form.
                told = error.message_dict
                told |= {"scan": told.pop(documents.SCAN)} if documents.SCAN in told else {}
                raise ValidationError(told) from error
            signed._check_alone()
            if signed.doubt:
                # What is wrong is refused first: nobody is asked about it.
                if signed.as_written != signed.signer_capacity:
                    raise ValidationError({"as_written": signed.doubt})
                said["as_written"] = signed.signer_capacity
            signed.save(force_insert=True)
            if entry is not None:
                said["dossier"] = entry.dossier_id
            if signed.replaces is not None:
                said["corrects"] = True
                if reason:
                    said["reason"] = reason.strip()
            said["ledger"] = signed.document.pk
            said["saved"] = [signed]
            said["attached"] = [signed.scan_sha256] if signed.scan_sha256 else []
        return signed

    def _into_ledger(self, reason: str) -> Document:
        """Find or write its document; one that is only typed anew is corrected there, with what it
        has of a scan.

        Raises ValidationError, by the fields of :func:`cycle.documents.record`.
        """
        typed, council = self.of_ledger, self.round.council
        typed.issuer = council.org_unit
        typed.does = DOES[DocumentKind(self.kind)]
        if self.kind in OF_ONE_ROUND:
            # In one language, whoever types it.
            # By the number that it was entered with: a correction opens no other register.
            typed.register = f"Hội đồng theo {council.decision.number[:40]}"
        capacity = self.round.capacity(self.by)
        old = self.replaces.of_ledger if self.replaces is not None else None
        if old is not None and not old.before and self._is_typed_anew(typed, old):
            became = {
                name: getattr(typed, name)
                for name in ("number", "signed_on", "signer", "signer_capacity")
                if getattr(typed, name) != getattr(old, name)
            }
            scan = None
            if typed.scan_sha256 and typed.scan_sha256 != old.scan_sha256:
                scan = files.Staged(
                    typed.scan_sha256, typed.scan_bytes, typed.scan_filename, typed.scan_type
                )
            if not became and scan is None:
                return old
            if capacity is not None or documents.may_correct(self.by, old):
                return documents.correct(
                    old,
                    by=self.by,
                    reason=reason or _now("Ghi lại văn bản của đợt"),
                    scan=scan,
                    capacity=capacity,
                    **became,
                )
        if old is not None and not documents.same_number(typed, old):
            self._check_nothing_done_on(old)
        resting = SignedDocument.objects.select_related("round").order_by("pk")

        def told(known: Document) -> str:
            first = resting.filter(document__in=known.versions()).first()
            return first.told if first is not None else ""

        return documents.record(typed, by=self.by, capacity=capacity, told=told)

    def _is_typed_anew(self, typed: Document, old: Document) -> bool:
        """Whether it is the document that it replaces, on which nothing else rests; that of a
        version that was opened again is another, with a number of its own.
        """
        rows = [each.pk for each in old.versions()]
        others = SignedDocument.objects.filter(document__in=rows).exclude(
            round=self.round, kind=self.kind, entry=self.entry
        )
        assert self.replaces is not None
        return (
            self.replaces.is_current
            and documents.same_body(typed, old)
            and typed.register == old.register
            and (documents.same_number(typed, old) or self._is_misnumbered(typed, old))
            and not others.exists()
            and not OfficialDocument.objects.filter(document__in=rows).exists()
        )

    def _check_nothing_done_on(self, old: Document) -> None:
        """Refuse another number where dossiers rest on the document as it is: they would keep it,
        and the round have another. Of a version that was opened again it is another document.
        """
        assert self.replaces is not None
        done = OfficialDocument.objects.filter(document__in=[each.pk for each in old.versions()])
        if self.replaces.is_current and (many := done.values("dossier").distinct().count()):
            raise ValidationError(
                {
                    "number": _(
                        "%(many)s hồ sơ đã làm theo văn bản %(paper)s: hãy đính chính văn bản đó ở "
                        "trang của một hồ sơ; đợt và mọi hồ sơ theo bản đính chính."
                    )
                    % {"many": many, "paper": old}
                }
            )

    def _is_misnumbered(self, typed: Document, old: Document) -> bool:
        """Whether only the number of the one that it replaces was typed wrong: not of a scan or a
        number of its own.
        """
        assert typed.signed_on is not None
        rescanned = typed.scan_sha256 and old.scan_sha256 not in ("", typed.scan_sha256)
        there = Document.objects.standing().filter(
            before=False, issuer=typed.issuer, register=typed.register, year=typed.signed_on.year
        )
        return not rescanned and not there.numbered(typed.number).exists()

    def _check_of_round(self) -> None:
        """Refuse any of a voided round, results before the closing or of a day before the meeting
        (in writing, before the closing) or out of order, a day before the council, the number of
        another document of the round, and who may not sign it. Raises ValidationError, by field.
        """
        kind = DocumentKind(self.kind)
        if self.round.state == RoundState.VOID:
            raise ValidationError(RoundClosed(self.round).sentence)
        if kind in AFTER_CLOSING and self._closing() is None:
            raise ValidationError(
                _("Đợt chưa chốt kết quả: chưa có %(kind)s để ghi số."),
                params={"kind": kind.label.lower()},
            )
        wrong: dict[str, Any] = {**self.contradictions()}
        # In a replay of the past it may be unknown who signed.
        said = self.signer_capacity or kind in AFTER_CLOSING
        office = self.office() if said and not clock.replaying() else None
        if office is not None and not office.signs_as(self.signer_capacity):
            level = Level(self.round.council.org_unit.level)
            self.doubt = doubt(office, self._body, level, self.signer_capacity)
            if not self.doubt:
                wrong["signer_capacity"] = office.sentence
        if why := self._signed_by_recorder():
            wrong["signer"] = why
        if wrong:
            raise ValidationError(wrong)

    def _closing(self) -> Closing | None:
        """The closing whose results it gives: a version that was opened again takes none, there
        will be another.
        """
        return self.round.closings.filter(reopening=None).first()

    def contradictions(self) -> dict[str, str]:
        """What is wrong of its day and number beside the other papers of its round, by field."""
        kind, met_on = DocumentKind(self.kind), self.round.met_on
        wrong: dict[str, str] = {}
        first, opened_on = self.round.council.decision_on, self.round.cycle.opened_on
        if (closing := self._closing()) is not None and kind in AFTER_CLOSING:
            if self.round.in_writing and self.signed_on < (ended := localdate(closing.at)):
                wrong["signed_on"] = _now(
                    "Đợt lấy ý kiến bằng phiếu chốt kết quả ngày %(day)s: văn bản về kết quả không "
                    "ký trước ngày đó."
                ) % {"day": day_text(ended)}
            elif met_on and self.signed_on < met_on:
                wrong["signed_on"] = _now(
                    "Đợt này họp (mở chấm) ngày %(day)s: văn bản về kết quả không ký trước ngày đó."
                ) % {"day": day_text(met_on)}
            elif why := self._out_of_order(closing):
                wrong["signed_on"] = why
        elif kind in BEFORE_COUNCIL:
            if self.signed_on < opened_on:
                wrong["signed_on"] = _now(
                    "Chu trình của đợt mở ngày %(day)s: văn bản này không ký trước ngày đó."
                ) % {"day": day_text(opened_on)}
        elif self.signed_on < first:
            wrong["signed_on"] = _now(
                "Hội đồng thành lập ngày %(day)s: văn bản của hội đồng không ký trước ngày đó."
            ) % {"day": day_text(first)}
        number = fold_number(self.number)
        others = self.round.documents.filter(replaced_by=None).exclude(kind=kind)
        same = [
            each
            for each in others.select_related("document__replaced_by")
            if number
            and fold_number(each.number) == number
            and each.signed_on.year == self.signed_on.year
        ]
        if same:
            wrong["number"] = _now("Số này đã ghi cho %(kind)s của đợt: hãy kiểm tra lại.") % {
                "kind": same[0].get_kind_display().lower()
            }
        return wrong

    def _out_of_order(self, closing: Closing) -> str:
        """The sentence that says which day it cannot bear: what is said of results rests on the
        minutes, a decision on its submission, a notice on the decision, and a version on what
        opened the round again.
        """
        if clock.replaying():
            return ""
        day = self.signed_on
        last = Reopening.objects.filter(closing__round=self.round).order_by("-pk").first()
        if last is not None:
            # Whoever opened it may have recorded that late.
            basis = last.document
            days = [basis.signed_on] if basis.signed_on else days_in(basis.said)[:1]
            since = min([localdate(last.at), *days])
            if day < since:
                return _now(
                    "Đợt mở lại ngày %(day)s (%(document)s): văn bản về kết quả của lần chốt sau "
                    "không ký trước ngày đó."
                ) % {"day": day_text(since), "document": basis}
        papers = self.round.documents.filter(
            replaced_by=None, entry=None, kind__in=AFTER_CLOSING, at__gte=closing.at
        ).exclude(kind=self.kind)
        for other in papers.select_related("document__replaced_by").order_by("pk"):
            said = {"paper": other, "day": day_text(other.signed_on)}
            if other.kind == DocumentKind.MINUTES and day < other.signed_on:
                return before_minutes(other)
            if self.kind == DocumentKind.MINUTES and other.signed_on < day:
                return _now("%(paper)s ký ngày %(day)s: biên bản không ký sau văn bản đó.") % said
            if self.kind not in IN_ORDER or other.kind not in IN_ORDER:
                continue
            said["kind"] = str(DocumentKind(self.kind).label).lower()
            first = IN_ORDER.index(other.kind) < IN_ORDER.index(self.kind)
            if first and day < other.signed_on:
                return _now("%(paper)s ký ngày %(day)s: %(kind)s không ký trước văn bản đó.") % said
            if not first and other.signed_on < day:
                return _now("%(paper)s ký ngày %(day)s: %(kind)s không ký sau văn bản đó.") % said
        return self._after_a_decision(closing) if self.kind == DocumentKind.MINUTES else ""

    def _after_a_decision(self, closing: Closing) -> str:
        """The sentence that says that a paper in one of its dossiers, which rests on the minutes,
        is of a day before them.
        """
        resting = [act.event for act in ACTS.values() if the_minutes in act.not_before]
        entries = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER,
            stream_id__in=closing.results.values("entry__dossier"),
            event__in=resting,
            at__gte=closing.at,
            data__has_key="paper",
        )
        first = with_day(entries).order_by("day", "pk").first()
        if first is None or first.day >= self.signed_on:
            return ""
        said = _now("Việc «%(act)s» đã ghi theo văn bản ngày %(day)s: không thể ký sau ngày đó.")
        return said % {"act": events.label(first.event), "day": day_text(first.day)}

    def _signed_by_recorder(self) -> str:
        """The sentence that says that its signer is who records it, or did: not by a post that only
        records, and never where the law says whose chair signs. What the council's office reports,
        it signs and records itself.
        """
        if clock.replaying():
            return ""
        post = self.round.capacity(self.by)
        records = post is not None and post.role in RECORDERS
        if (self.office() is not None or records) and names_them(self.signer, str(self.by)):
            return _now("Người ký phải là người khác: bạn ghi văn bản này vào phần mềm.")
        old = self.replaces
        if (
            self.office() is None
            or old is None
            or not documents.same_number(self.of_ledger, old.of_ledger)
        ):
            return ""
        if names_them(self.signer, str(old.by)) and not names_them(self.signer, old.signer):
            return _now("Người ký phải là người khác: %(who)s đã ghi văn bản này vào phần mềm.") % {
                "who": old.by
            }
        return ""

    def _check_alone(self) -> None:
        """Refuse the document of another kind of paper or of a council itself, and of the council's
        own one that of another round. Raises ValidationError, by field.
        """
        if self.kind != DocumentKind.FOUNDING:
            check_purpose(self.document, "of_rounds")
        known = SignedDocument.objects.filter(
            Q(document__in=[each.pk for each in self.document.versions()])
            # Of before the ledger, whose rows bear no body.
            | Q(
                document__before=True,
                document__folded_number=fold_number(self.number),
                document__year=self.signed_on.year,
                round__council=self.round.council_id,
            ),
            replaced_by=None,
        ).exclude(round=self.round, kind=self.kind)
        for other in known.exclude(document__folded_number="").select_related("round"):
            if other.kind != self.kind or self.kind in OF_ONE_ROUND:
                raise ValidationError(
                    {
                        "number": _now("Số này đã ghi cho %(told)s: hãy kiểm tra lại.")
                        % {"told": other.told}
                    }
                )


def decided_on(round_: EvaluationRound, kind: str) -> Document | None:
    """The one decision by which products of the round were certified since it closed, where that is
    the ``kind`` to be recorded: nobody types it a second time.
    """
    closing = round_.closings.filter(reopening=None).first()
    if kind != DocumentKind.DECISION or closing is None:
        return None
    given = OfficialDocument.objects.filter(
        certificates__dossier__round_entries__round=round_, at__gte=closing.at
    )
    there = {each.in_force for each in Document.objects.filter(pk__in=given.values("document"))}
    return there.pop() if len(there) == 1 else None


@documents.refuses_correction
def _contradicts_a_round(was: Document, became: Document) -> None:
    """Refuse a day or a number that cannot be beside the other papers of a round."""
    resting = SignedDocument.objects.filter(
        document__in=[each.pk for each in became.versions()], replaced_by=None
    ).exclude(round__state=RoundState.VOID)
    changed = [
        name for name in ("number", "signed_on") if getattr(was, name) != getattr(became, name)
    ]
    for signed in resting.select_related("round__council") if changed else ():
        closing = signed._closing()
        if signed.kind in AFTER_CLOSING and (closing is None or signed.at < closing.at):
            # Of a version that was opened again.
            continue
        found = signed.contradictions()
        if wrong := {name: found[name] for name in changed if name in found}:
            raise ValidationError(wrong)


@documents.refuses_correction
def _after_what_its_council_signed(_was: Document, became: Document) -> None:
    """Refuse a day of the decision on a council after that of a paper of its rounds."""
    signed = SignedDocument.objects.filter(
        round__council__decision__in=became.versions(), replaced_by=None
    ).exclude(round__state=RoundState.VOID)
    for each in signed.select_related("round", "document__replaced_by"):
        if each.signed_on < became.signed_on:
            raise ValidationError(
                {
                    "signed_on": _now(
                        "%(paper)s ký ngày %(day)s: quyết định thành lập hội đồng không ký sau "
                        "ngày đó."
                    )
                    % {"paper": each, "day": day_text(each.signed_on)}
                }
            )


def key_of(paper: SignedDocument | None) -> str:
    """What a page says of the ``paper`` that it shows; "" where there is none yet."""
    return str(paper.of_ledger.pk) if paper is not None else ""


#: The kinds of papers that a province may have a template of: of all apps that register some.
TEMPLATE_KINDS = [*DocumentKind.choices, *Printed.choices]


class DocumentTemplate(models.Model):
    """A province's own Word template for one kind of document (mẫu văn bản); the newest counts."""

    kind = models.CharField(_("loại văn bản"), max_length=20, choices=TEMPLATE_KINDS)
    sha256 = files.HashField()
    filename = models.CharField(_("tên tệp"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người nạp"))
    at = models.DateTimeField(_("nạp lúc"))

    class Meta:
        verbose_name = _("mẫu văn bản")
        ordering = ["kind", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="template_kind_known",
                condition=Q(kind__in=[*DocumentKind.values, *Printed.values]),
            )
        ]

    def __str__(self) -> str:
        return self.filename

    @classmethod
    def keep(cls, kind: str, sha256: str, filename: str, *, by: User) -> Self:
        """Save a new template, used from now on; the older ones stay.

        Raises ValidationError when its staged file is gone.
        """
        with transaction.atomic():
            files.keep(sha256)
            kept = cls.objects.create(
                kind=kind, sha256=sha256, filename=filename, by=by, at=clock.now()
            )
            HistoryEntry.objects.record(
                "template.keep",
                Configuration(str(kept.get_kind_display())),
                by=by,
                saved=[kept],
                attached=[sha256],
                kind=kind,
                file=filename,
            )
            return kept

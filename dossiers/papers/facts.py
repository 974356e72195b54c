"""What the papers of a dossier say (số liệu của văn bản), in the shapes of ``papers.kinds``.

Nothing is made up: a number, day or signer that is not recorded stays blank, and a paper of what
did not happen is not made. Names are those of the day of what a paper tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import rules
from django.utils import timezone, translation
from django.utils.text import capfirst

from cycle import clock, rubrics
from cycle.models import Document, HistoryEntry, Level, OrgUnit, RuleSet, User, end_of
from cycle.written import day_text, in_sentence
from dossiers.forms.fields import points_text
from dossiers.law.conditions import certified_by_centre
from dossiers.law.guidance import BAC_KAN, GUIDES
from dossiers.law.states import State
from dossiers.models import (
    CaseType,
    Conclusion,
    Dossier,
    FilingNumber,
    Review,
    Revocation,
    SelfAssessment,
)
from dossiers.models.dossier import FILINGS, DossierQuerySet
from dossiers.models.evidence import SCANS
from dossiers.models.law import (
    ACTS,
    FORWARDS,
    JUDGED_ANEW,
    RECEIVED_AT,
    REGISTERS,
    SENT_BACK,
)
from dossiers.papers.kinds import Printed
from dossiers.papers.signing import (
    OFFICE_SIGNS,
    OFFICE_SYMBOL,
    committee_of,
    numbered,
    office_of,
    place_of,
    signed_by,
)

#: Where an act sends it back to -> how a paper calls what is sent back there.
_CALLED: dict[str, str] = {
    State.IDEA_RETURNED: "phiếu đăng ký ý tưởng sản phẩm",
    State.PLAN_RETURNED: "phương án sản xuất kinh doanh",
    State.SUPPLEMENT_REQUESTED: "hồ sơ đề nghị đánh giá, phân hạng",
}
#: What refuses it -> what was refused, what waits, how a paper calls that.
_REFUSED = {
    "not_select_idea": ("Không chọn ý tưởng sản phẩm", "idea", "ý tưởng"),
    "not_approve_plan": ("Không duyệt phương án sản xuất kinh doanh", "plan", "phương án"),
}
#: The events by which a commune proposes.
_PROPOSES = frozenset(ACTS[name].event for name in FORWARDS)
#: The acts that end a check at the level above -> the task whose list was ticked.
_CHECKED_BY = {
    "accept_at_province": "check_at_province",
    "accept_at_district": "check_at_district",
}
_CHECKS = tuple(_CHECKED_BY)
#: Where a dossier waits for that check.
_WAITS_CHECK = {
    State.AT_PROVINCE: "check_at_province",
    State.AT_DISTRICT: "check_at_district",
}
_INSPECTS = "Đoàn kiểm tra sản phẩm OCOP"
_COMMITTEE = (["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"], "UBND")


class About:
    """A dossier as its papers tell of it to ``reader``."""

    def __init__(self, dossier: Dossier, reader: User, beside: Sequence[Dossier] = ()) -> None:
        self.dossier, self.reader, self.beside = dossier, reader, beside

    @cached_property
    def told(self) -> list[HistoryEntry]:
        """Its acts, the oldest first."""
        entries = self.dossier.history.filter(event__startswith="dossier.")
        return list(entries.select_related("org_unit").order_by("seq"))

    def last(self, *acts: str) -> HistoryEntry | None:
        """The last of these acts that was done."""
        events = {ACTS[name].event for name in acts}
        return next((each for each in reversed(self.told) if each.event in events), None)

    def unit(self, entry: HistoryEntry) -> OrgUnit:
        """Who did the act: the unit that was acted for, else the commune that it was filed in."""
        return entry.org_unit or self.dossier.filed_in

    # --- Head and foot ----------------------------------------------------------------------

    def head(self, unit: OrgUnit, at: datetime | None = None) -> dict[str, Any]:
        """Head and foot of a paper of ``unit``, as it was called ``at``; without a moment today.
        What the province's office does by itself is the office's paper, not the committee's.
        """
        name = unit.name_at(at)
        lines, issuer = _COMMITTEE
        parent, agency = "", committee_of(name)
        if unit.level == Level.PROVINCE:
            parent, agency = agency, office_of(name)
            lines, issuer = [OFFICE_SIGNS], OFFICE_SYMBOL
        return {
            "parent": parent,
            "agency": agency,
            "issuer": issuer,
            "host": agency,
            "number": None,
            "symbol": None,
            "place": place_of(name),
            "signed_on": None,
            "year": timezone.localdate(at).year if at else clock.today().year,
            "signature": {"lines": [*lines], "name": ""},
            "recipients": ["Như trên", f"Lưu: VT, {OFFICE_SYMBOL if parent else 'hồ sơ OCOP'}"],
        }

    def signed(self, entry: HistoryEntry | None) -> dict[str, Any]:
        """Number, day and signer of the document that an act rests on, as in force; nothing where
        it rests on none.
        """
        if entry is None or entry.ledger is None:
            return {}
        paper = Document.objects.get(pk=entry.ledger).in_force
        if paper.signed_on is None:
            return {}
        title = ["CHỦ TỊCH"] if entry.event == "dossier.revoke" else _COMMITTEE[0]
        return numbered(paper.number, paper.signed_on) | {
            "signature": signed_by(paper.signer_capacity, paper.signer, [*title], "uy ban nhan dan")
        }

    def product(self, at: datetime | None = None) -> dict[str, Any]:
        """Which product, of whom, as they were called ``at``."""
        product = self.dossier.product
        return {
            "product": product.name_at(at),
            "producer": product.producer.name_at(at),
            "address": product.producer.address,
            "commune": in_sentence(self.commune(at)),
            "commune_name": self.commune(at),
            "group": str(product.get_group_display()),
            "product_code": product.code,
            "case": str(self.dossier.get_case_type_display()),
        }

    def home(self, at: datetime | None = None) -> OrgUnit:
        """The commune of the product at that moment."""
        return self.dossier.commune_on(timezone.localdate(at) if at else clock.today())

    def above(self, level: Level, at: datetime | None = None) -> OrgUnit | None:
        """The unit of ``level`` above its commune at that moment; None where none was there: the
        districts ended, and left nobody in their place.
        """
        day = timezone.localdate(at) if at else clock.today()
        unit = self.home(at).at_level(level) or self.dossier.filed_in.at_level(level)
        if unit is None:
            return None
        unit = self.dossier.on(unit, day)
        return unit if unit.level == level and self.dossier.works_on(unit, day) else None

    def commune(self, at: datetime | None = None) -> str:
        """What its commune was called at that moment."""
        return self.home(at).name_at(at)

    @property
    def bases(self) -> list[str]:
        return [f"Căn cứ {self.dossier.rule_set.citation}"]

    def bases_of(self, waits: str) -> list[str]:
        """Those of what is said of an idea or a plan: the national editions say nothing of either,
        so there the office writes what it goes by.
        """
        national = self.dossier.rule_set.edition != BAC_KAN
        return [] if national and waits != State.SUPPLEMENT_REQUESTED else self.bases

    def producer_at(self, at: datetime | None = None) -> str:
        producer = self.dossier.product.producer.name_at(at)
        return f"{producer}, {in_sentence(self.commune(at))}"

    def to_producer(self, unit: OrgUnit, at: datetime) -> list[str]:
        """To whom a paper for the producer goes: through the units between, where not its commune
        wrote it.
        """
        if unit.level == Level.COMMUNE:
            return [self.producer_at(at)]
        # All but the province's own, where that wrote it.
        between = _committees(self, at)[:-1] if unit.level == Level.PROVINCE else []
        return [*between, committee_of(self.commune(at)), self.producer_at(at)]


# --- The kinds ------------------------------------------------------------------------------


def _levels_above(dossier: Dossier) -> list[Level]:
    """The levels that a filing goes up to, the lower one first."""
    between = [Level.DISTRICT] if dossier.rule_set.has_district else []
    return [*between, Level.PROVINCE]


#: In the place of a number (PĐK) that was never given.
_NO_NUMBER = "không có (nhận trước khi có sổ)"


def _blocks(about: About) -> list[dict[str, str]]:
    """The blocks of the form: who received this filing, the commune first; what has not come there
    yet is left to be written.
    """
    dossier, came = about.dossier, dict[str, HistoryEntry]()
    for each in about.told:
        if each.event in REGISTERS:
            if each.before == State.ASSEMBLING:
                # A filing begins: what is before is of another.
                came.clear()
            came[RECEIVED_AT[State(each.after)]] = each
    found = []
    filed = next((each.at for each in reversed(about.told) if each.event in FILINGS), None)
    for level in (Level.COMMUNE, *_levels_above(dossier)):
        entry = came.get(level)
        given, at = _kept(entry, FilingNumber), entry.at if entry is not None else None
        # Whom it is to come to yet, as on the day it was filed.
        when = at or filed
        unit = about.home(when) if level == Level.COMMUNE else about.above(level, when)
        if unit is None:
            continue
        found.append(
            {
                "body": about.head(given.body if given else unit, when)["agency"],
                "number": str(given or (_NO_NUMBER if entry is not None else "")),
                "received_on": day_text(timezone.localdate(at)) if at else "",
            }
        )
    return found


def _held(about: About, at: datetime | None) -> list[str]:
    """The kinds of the producer's papers that were in it at that moment, each with how many."""
    dossier = about.dossier
    pieces = dossier.evidence.exclude(kind__in=SCANS)
    if at is None:
        pieces = pieces.filter(replaced_by=None)
    else:
        pieces = pieces.filter(at__lte=at).exclude(replaced_by__at__lte=at)
    count = Counter(str(piece.kind_label(dossier.rule_set)) for piece in pieces)
    return [label if n == 1 else f"{label} ({n} tài liệu)" for label, n in count.items()]


def _samples(dossier: Dossier, at: datetime) -> int:
    """How many samples for the council had come by that moment, as what was typed wrong is put
    right since.
    """
    reports = dossier.communereports.filter(replaced_by=None).order_by("pk")
    by_then = [each.samples for each in reports if each.first_written().at <= at]
    receipts = dossier.samplereceipts.current().filter(for_centre=False)
    came = receipts.filter(received_on__lte=timezone.localdate(at))
    return (by_then[-1] if by_then else 0) + sum(each.samples for each in came)


def _receipt(about: About) -> dict[str, Any] | None:
    filed = next((each for each in reversed(about.told) if each.event in FILINGS), None)
    if filed is None:
        return None
    unit, samples = about.unit(filed), _samples(about.dossier, filed.at)
    return (
        about.head(unit, filed.at)
        | about.product(filed.at)
        | {
            "blocks": _blocks(about),
            "held": _held(about, filed.at),
            "samples": f"{samples} mẫu" if samples else "",
            "recipients": [about.producer_at(filed.at), "Lưu: hồ sơ OCOP"],
            "signature": {"lines": ["NGƯỜI TIẾP NHẬN"], "name": ""},
        }
    )


def _items(entry: HistoryEntry) -> list[str]:
    """What was asked for, or why it was refused, item by item."""
    ids = [pk for label, pk, *_hash in entry.records if label == "dossiers.review"]
    asked = "\n".join(Review.objects.filter(pk__in=ids).values_list("remarks", flat=True))
    reason = "" if asked.replace("\n", "; ") == entry.reason else entry.reason
    lines = [line.strip() for line in f"{asked}\n{reason}".splitlines()]
    return [line.rstrip(" .;") + "." for line in lines if line]


def _supplement(about: About) -> dict[str, Any] | None:
    sent_back = (e for e in about.told if e.event in SENT_BACK and e.after in _CALLED)
    entry = max(sent_back, key=lambda each: each.seq, default=None)
    if entry is None or not (items := _items(entry)):
        return None
    unit = about.unit(entry)
    dossier = about.dossier
    moved = [each for each in about.told if each.after]
    until = ""
    # Only what is still asked for has a day.
    if moved and moved[-1].pk == entry.pk:
        task = dossier.open_task()
        until = day_text(task.due_on) if task is not None else ""
    return (
        about.head(unit, entry.at)
        | about.product(entry.at)
        | {
            "to": about.to_producer(unit, entry.at),
            "bases": about.bases_of(entry.after),
            "about": _CALLED[entry.after],
            "items": items,
            "until": until,
        }
    )


def _not_selected(about: About) -> dict[str, Any] | None:
    entry = about.last(*_REFUSED)
    if entry is None or about.dossier.state not in (
        State.IDEA_NOT_SELECTED,
        State.PLAN_NOT_APPROVED,
    ):
        return None
    what, waits, called = _REFUSED[entry.event.removeprefix("dossier.")]
    unit, from_day = about.unit(entry), about.dossier.refile_wait(waits)
    again = f"{capfirst(called)} được hoàn thiện và nộp lại tại Ủy ban nhân dân cấp xã"
    return (
        about.head(unit, entry.at)
        | about.product(entry.at)
        | {
            "to": about.to_producer(unit, entry.at),
            "bases": about.bases_of(entry.after),
            "what": what,
            "decided_on": day_text(timezone.localdate(entry.at)),
            "reasons": _items(entry),
            "again": f"{again} từ ngày {day_text(from_day)}" if from_day else again,
        }
    )


# --- The forms of the edition ---------------------------------------------------------------


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _form(about: About, code: str, at: datetime | None = None) -> dict[str, Any] | None:
    """The form ``code`` of the dossier's edition, with its product; None where it has no such. Its
    official words are not loaded: no edition brings them.
    """
    rule_set = about.dossier.rule_set
    if code not in {row["code"] for row in rule_set.content["evidence_kinds"]}:
        return None
    form = {"form": rule_set.evidence_label(code), "law": rule_set.citation, "draft": True}
    return about.product(at) | form


def _of_producer(about: About, at: datetime | None) -> dict[str, Any]:
    """Head and foot of what the producer signs: it has no number."""
    producer = about.dossier.product.producer
    name = producer.name_at(at)
    signature = {"lines": ["ĐẠI DIỆN CHỦ THỂ"], "name": producer.representative}
    return about.head(about.dossier.filed_in, at) | {
        "agency": name,
        "host": name,
        "issuer": "",
        "signature": signature,
        "recipients": [committee_of(about.commune(at)), *_committees(about, at), "Lưu: chủ thể"],
    }


def _committees(about: About, at: datetime | None = None) -> list[str]:
    """The committees above the commune at that moment, the lower one first: the district's where
    one judges, and was there.
    """
    units = (about.above(level, at) for level in _levels_above(about.dossier))
    return [committee_of(each.name_at(at)) for each in units if each is not None]


def _above(about: About, at: datetime | None = None) -> str:
    """The committee that the commune proposes to."""
    return _committees(about, at)[0]


def _registration(about: About) -> dict[str, Any] | None:
    dossier = about.dossier
    filed = about.last("submit_dossier", "receive_directly")
    at = filed.at if filed is not None else None
    form = _form(about, "registration_form", at)
    if form is None or filed is None and dossier.state != State.ASSEMBLING:
        return None
    producer, before = dossier.product.producer, ""
    if dossier.case_type in JUDGED_ANEW and (held := dossier.certified_by()) is not None:
        before = _certificate(held)
    return (
        _of_producer(about, at)
        | form
        | {
            "to": [committee_of(about.commune(at)), _above(about, at)],
            "owner_type": str(producer.get_owner_type_display()),
            "representative": producer.representative,
            "phone": producer.phone,
            "registration_number": producer.registration_number,
            "rubric": dossier.rubric.name if dossier.rubric else "",
            "certified": before,
            "held": _held(about, at),
            "blocks": _blocks(about),
        }
    )


def _self_assessment(about: About) -> dict[str, Any] | None:
    dossier = about.dossier
    own = dossier.selfassessments.select_related("rubric").last()
    if own is None or not rules.has_perm("dossiers.read_own_points", about.reader, dossier):
        return None
    form = _form(about, "self_assessment", own.at)
    if form is None:
        return None
    parts = ((part, getattr(own, field)) for part, field in own.SUMS.items())
    return (
        _of_producer(about, own.at)
        | form
        | {
            "rubric": own.rubric.name if own.rubric else "",
            "general": _lines(own.general),
            "plan_results": _lines(own.plan_results),
            "scores": _scores(about, own),
            "sums": "; ".join(f"phần {part}: {points_text(points)}" for part, points in parts),
            "total": points_text(own.total),
            "production_plan": _lines(own.production_plan),
            # Of an upgrade and a re-evaluation alone the form asks it.
            "what_changed": _lines(own.what_changed)
            or ["Không có."] * (dossier.case_type != CaseType.FIRST),
        }
    )


def _scores(about: About, own: SelfAssessment) -> list[dict[str, str]]:
    """What was chosen of each criterion in the order of the rubric, with what proves it."""
    if own.rubric is None or not own.scores:
        return []
    chosen, points, proofs = set(own.options), own.points(), dict[str, list[str]]()
    for piece in about.dossier.evidence.current():
        for code in piece.criteria:
            proofs.setdefault(code, []).append(piece.title)
    rows = []
    for part in rubrics.sheet(own.rubric)["parts"]:
        own_sum = getattr(own, own.SUMS[part["code"]])
        rows.append(_score(f"{part['code']}", f"PHẦN {part['code']}", part["points"], own_sum))
        for row in part["rows"]:
            if (section := row.get("section")) is not None:
                rows.append(_score(section["code"], section["title"], section["points"], None))
                continue
            criterion = row["criterion"]
            options = [each for case in row["cases"] for each in case["options"]]
            level = next((each.label for each in options if each.pk in chosen), "")
            given = points.get(criterion.code)
            proof = "; ".join(proofs.get(criterion.code, ()))
            rows.append(
                _score(criterion.code, criterion.label, criterion.points, given, level, proof)
            )
    return rows


def _score(
    code: str, criterion: str, limit: Any, points: Any, level: str = "", evidence: str = ""
) -> dict[str, str]:
    return {
        "code": code,
        "criterion": criterion,
        "level": level,
        "limit": points_text(Decimal(limit)),
        "points": "" if points is None else points_text(points),
        "evidence": evidence,
    }


def _commune_report(about: About) -> dict[str, Any] | None:
    report = about.dossier.communereports.last_made()
    # Of a report that was corrected since, the day on which it was made.
    at = report.first_written().at if report else None
    form = report and _form(about, "commune_report", at)
    if not form:
        return None
    return (
        about.head(about.home(at), at)
        | form
        | {
            "to": [_above(about, at)],
            "bases": about.bases,
            "origin": _lines(report.origin),
            "labour": _lines(report.labour),
            "idea_origin": _lines(report.idea_origin),
            "identity": _lines(report.identity),
            "samples": f"{report.samples} mẫu" if report.samples else "",
            "label": "đã kiểm tra" if report.label_checked else "",
        }
    )


# --- To the level above ---------------------------------------------------------------------


def companions(dossier: Dossier, reader: User) -> DossierQuerySet:
    """Other dossiers of its commune, year and edition that wait for the same signature, and may be
    proposed on one paper with it.
    """
    if dossier.state != State.COMMUNE_CHECKED:
        return Dossier.objects.none()
    waiting = Dossier.objects.visible_to(reader).filter(
        commune=dossier.commune_id,
        cycle=dossier.cycle_id,
        rule_set=dossier.rule_set_id,
        state=State.COMMUNE_CHECKED,
    )
    return waiting.exclude(pk=dossier.pk).select_related("product__producer").order_by("pk")


def _on_the_same(entry: HistoryEntry, about: About) -> list[Dossier]:
    """The dossiers that were proposed on the document of ``entry``, as far as the reader sees."""
    its = Dossier.objects.visible_to(about.reader).filter(pk=about.dossier.pk)
    if entry.ledger is not None:
        # The papers of all dossiers follow a document that is corrected.
        standing = Document.objects.get(pk=entry.ledger).in_force
        its |= Dossier.objects.visible_to(about.reader).filter(officialdocuments__document=standing)
    return list(its.select_related("product__producer").distinct().order_by("pk"))


def _proposal(about: About) -> dict[str, Any] | None:
    dossier = about.dossier
    sent = next(
        (
            each
            for each in reversed(about.told)
            if each.event in _PROPOSES and each.before == State.COMMUNE_CHECKED
        ),
        None,
    )
    if dossier.state == State.COMMUNE_CHECKED:
        sent, at = None, None
        all_ = [dossier, *about.beside]
    elif sent is not None:
        at, all_ = sent.at, _on_the_same(sent, about)
    else:
        return None
    unit, reported = about.home(at), "commune_report"
    # What there was as it was sent, as that was corrected since.
    until = at or clock.now()
    made = (each.communereports.current() for each in all_)
    there = [row for rows in made for row in rows if row.first_written().at <= until]
    enclosures = ["Hồ sơ của chủ thể"]
    if there and _form(about, reported) is not None:
        enclosures.append(dossier.rule_set.evidence_label(reported))
    if any(_samples(each, until) for each in all_):
        enclosures.append("Sản phẩm mẫu")
    return (
        about.head(unit, at)
        | about.signed(sent)
        | {
            "to": [_above(about, at)],
            "bases": about.bases,
            "entries": [
                {
                    "product": each.product.name_at(at),
                    "producer": each.product.producer.name_at(at),
                    "product_code": each.product.code,
                    "group": str(each.product.get_group_display()),
                    "case": str(each.get_case_type_display()),
                }
                for each in all_
            ],
            "enclosures": enclosures,
        }
    )


def _checklist(about: About) -> dict[str, Any] | None:
    """What the level above checked; before that to be filled in by pen."""
    checked = about.last(*_CHECKS)
    state = about.dossier.state
    node = _CHECKED_BY.get(checked.event.removeprefix("dossier.")) if checked else None
    if state in _WAITS_CHECK:
        checked, node = None, _WAITS_CHECK[state]
    if node is None:
        return None
    level = Level.DISTRICT if node == "check_at_district" else Level.PROVINCE
    at = checked.at if checked is not None else None
    unit = about.unit(checked) if checked is not None else about.dossier.unit_at(level)
    review = _kept(checked, Review)
    if unit is None or checked is not None and review is None:
        return None
    texts = [str(text) for text in GUIDES[node].checks]
    lacking = {}
    for line in review.unticked if review else ():
        text = next((each for each in texts if line.startswith(f"{each}: ")), line)
        lacking[text] = line.removeprefix(text).removeprefix(": ")
    if review is None:
        items = [{"text": text, "result": "", "note": ""} for text in texts]
    else:
        items = [{"text": text, "result": "Đạt", "note": ""} for text in review.checked]
        items += [
            {"text": each, "result": "Chưa đạt", "note": why} for each, why in lacking.items()
        ]
    actor = checked.actor if checked is not None else None
    return (
        about.head(unit, at)
        | about.product(at)
        | {
            "checked_on": day_text(timezone.localdate(at)) if at else "",
            "items": items,
            "remarks": _lines(review.remarks) if review else [],
            "signature": {"lines": ["NGƯỜI KIỂM TRA"], "name": actor.name_at(at) if actor else ""},
            "recipients": ["Lưu: hồ sơ OCOP"],
        }
    )


def _kept(entry: HistoryEntry | None, model: type[Any]) -> Any:
    """The record of this model that was saved with ``entry``; None without."""
    label = model._meta.label_lower
    ids = [pk for kept, pk, *_hash in (entry.records if entry else ()) if kept == label]
    return model.objects.filter(pk__in=ids).last()


# --- At the producer, and after the certificate ---------------------------------------------


def _both(about: About, at: datetime | None, own: list[str], name: str = "") -> dict[str, Any]:
    """The two who sign minutes: who wrote them, and the producer."""
    producer = about.dossier.product.producer
    return {
        "signature": {"lines": own, "name": name},
        "secretary": {"lines": ["ĐẠI DIỆN CHỦ THỂ"], "name": producer.representative},
        "recipients": [about.producer_at(at), "Lưu: hồ sơ OCOP"],
    }


def _made_with(about: About, row: Any) -> HistoryEntry | None:
    """The entry of the act that first saved the record, or what it corrects."""
    pk, label = row.first_written().pk, row._meta.label_lower
    return next((e for e in about.told if [label, pk] in [each[:2] for each in e.records]), None)


def _survey(about: About) -> dict[str, Any] | None:
    visit = about.dossier.last_visit()
    if visit is None:
        return None
    entry, at = _made_with(about, visit), end_of(visit.visited_on)
    unit = about.unit(entry) if entry is not None else about.home(at)
    return (
        about.head(unit, at)
        | about.product(at)
        | _both(about, at, ["NGƯỜI KHẢO SÁT"], visit.visitor)
        | {
            "visited_on": day_text(visit.visited_on),
            "visitor": visit.visitor,
            "findings": _lines(visit.findings),
            "advice": _lines(visit.advice),
            "next_on": day_text(visit.next_visit_on) if visit.next_visit_on else "",
        }
    )


def _certificate(dossier: Dossier) -> str:
    """Its last certificate in words; "" without one. A number that nobody knows is left open: the
    certificate has one.
    """
    given = dossier.certificates.last()
    if given is None:
        return ""
    number, day = given.number or "………………", day_text(given.issued_on)
    return f"số {number}, hạng {given.stars} sao, cấp ngày {day}"


def _inspection(about: About) -> dict[str, Any] | None:
    made, certificate = about.dossier.inspections.current().last(), _certificate(about.dossier)
    if made is None or not certificate:
        return None
    at = end_of(made.inspected_on)
    unit = about.above(Level.PROVINCE, at)
    assert unit is not None, "every commune lies in a province"
    return (
        about.head(unit, at)
        | {"agency": _INSPECTS, "host": _INSPECTS, "issuer": "ĐKT"}
        | about.product(at)
        | _both(about, at, ["TRƯỞNG ĐOÀN KIỂM TRA"])
        | {
            "certificate": certificate,
            "inspected_on": day_text(made.inspected_on),
            "inspectors": made.inspectors,
            "findings": _lines(made.findings),
            "samples": f"{made.samples} mẫu" if made.samples else "",
            "results": _lines(made.results),
            "conclusion": str(made.get_conclusion_display()),
            "concluded_on": day_text(made.concluded_on),
        }
    )


def _stopped(about: About) -> dict[str, Any] | None:
    """As the commune confirmed it; before that with its day left open, for who may record it."""
    dossier, certificate = about.dossier, _certificate(about.dossier)
    made = dossier.stoppedproductions.select_related("paper__document").last()
    if made is None and (
        dossier.state not in (State.CERTIFIED, State.PROMOTED)
        or not rules.has_perm("dossiers.confirm_stopped", about.reader, dossier)
    ):
        return None
    if not certificate:
        return None
    entry = about.last("confirm_stopped") if made is not None else None
    at = entry.at if entry is not None else None
    return (
        about.head(about.home(at), at)
        | about.product(at)
        | about.signed(entry)
        | {
            "certificate": certificate,
            "stopped_on": day_text(made.stopped_on) if made is not None else "……/……/………",
            "remarks": _lines(made.remarks) if made is not None else [],
            "recipients": [about.producer_at(at), *_committees(about, at), "Lưu: VT, hồ sơ OCOP"],
        }
    )


def _revocation(about: About) -> dict[str, Any] | None:
    """On what was recorded; before that on the conclusion or confirmation that is there, its ground
    left open. What the minister revokes is the ministry's paper.
    """
    dossier, certificate = about.dossier, _certificate(about.dossier)
    entry = about.last("revoke") if dossier.state == State.REVOKED else None
    made = _kept(entry, Revocation)
    inspection = dossier.inspections.current().filter(conclusion=Conclusion.REVOKE).last()
    stopped = dossier.stoppedproductions.select_related("paper__document").last()
    if made is not None:
        inspection, stopped = made.inspection, made.stopped
    elif dossier.state not in (State.CERTIFIED, State.PROMOTED):
        return None
    at = entry.at if entry is not None else None
    unit = about.above(Level.PROVINCE, at)
    if not certificate or unit is None or certified_by_centre(dossier):
        return None
    rests = _rests(inspection, stopped)
    if not rests:
        return None
    day = timezone.localdate(at) if at else clock.today()
    law = RuleSet.objects.in_force(day) or dossier.rule_set
    committee = committee_of(unit.name_at(at))
    ground = made.get_ground_display() if made is not None else "điểm …… khoản 1 Điều 8"
    return (
        about.head(unit, at)
        | {"parent": "", "agency": committee, "host": f"Chủ tịch {committee}", "issuer": "UBND"}
        | {"signature": {"lines": ["CHỦ TỊCH"], "name": ""}}
        | about.product(at)
        | about.signed(entry)
        | {
            "authority": f"CHỦ TỊCH {committee.upper()}",
            "bases": [f"Căn cứ {law.citation}", *rests],
            "certificate": certificate,
            "ground": f"{in_sentence(str(ground))} của {law.citation}",
            "enforcers": f"Chánh Văn phòng {committee}, thủ trưởng các đơn vị liên quan, "
            + "".join(f"Chủ tịch {each}, " for each in _committees(about, at)[:-1])
            + f"Chủ tịch {committee_of(about.commune(at))} và chủ thể",
            "recipients": [
                "Như Điều 3",
                *(part.strip() for part in made.recipients.split(";") if part.strip()),
                "Lưu: VT",
            ]
            if made is not None
            else ["Như Điều 3", "Lưu: VT"],
        }
    )


def _rests(inspection: Any, stopped: Any) -> list[str]:
    """What a revocation rests on, as it is cited: the one that was chosen, or what is there."""
    if inspection is not None:
        day = day_text(inspection.concluded_on)
        return [f"Căn cứ kết luận kiểm tra ngày {day} của {inspection.inspectors}"]
    if stopped is not None:
        paper = stopped.paper.document.in_force
        day, issuer = paper.signed_on, paper.issuer
        body = committee_of(issuer.name_at(end_of(day))) if issuer else paper.outside
        return [f"Căn cứ Giấy xác nhận số {paper.number} ngày {day_text(day)} của {body}"]
    return []


#: How each paper is made; None where what it tells of did not happen, or is not for the reader.
MADE: dict[str, Callable[[About], dict[str, Any] | None]] = {
    Printed.RECEIPT: _receipt,
    Printed.SUPPLEMENT: _supplement,
    Printed.NOT_SELECTED: _not_selected,
    Printed.REGISTRATION: _registration,
    Printed.SELF_ASSESSMENT: _self_assessment,
    Printed.COMMUNE_REPORT: _commune_report,
    Printed.PROPOSAL: _proposal,
    Printed.CHECKLIST: _checklist,
    Printed.SURVEY: _survey,
    Printed.INSPECTION: _inspection,
    Printed.STOPPED: _stopped,
    Printed.REVOCATION: _revocation,
}


def made(
    kind: str, dossier: Dossier, reader: User, beside: Sequence[Dossier] = ()
) -> dict[str, Any] | None:
    """The data of a paper of ``dossier`` for ``reader``, in Vietnamese; None where there is none.
    A proposal may be of others ``beside`` it.
    """
    make = MADE.get(kind)
    with translation.override("vi"):
        return make(About(dossier, reader, beside)) if make is not None else None


def offered(dossier: Dossier, reader: User) -> list[Printed]:
    """The papers that can be printed of ``dossier`` now."""
    about = About(dossier, reader)
    return [Printed(kind) for kind, make in MADE.items() if make(about) is not None]

"""What the papers of a dossier say (số liệu của văn bản), in the shapes of ``papers.kinds``.

Nothing is made up: a number, day or signer that is not recorded stays blank, and a paper of what
did not happen is not made. Names are those of the day of what a paper tells.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst

from cycle import clock
from cycle.models import HistoryEntry, Level, OrgUnit, Renamed, User
from cycle.written import day_text
from dossiers.law.states import State
from dossiers.models import Dossier, Review
from dossiers.models.dossier import FILINGS
from dossiers.models.law import ACTS, SENT_BACK
from dossiers.papers.kinds import Printed
from dossiers.papers.signing import in_sentence, place_of

#: Where an act leads -> how a paper calls what is sent back, or refused, there.
_CALLED = {
    "return_idea": "phiếu đăng ký ý tưởng sản phẩm",
    "return_plan": "phương án sản xuất kinh doanh",
    "return_for_supplement": "hồ sơ đề nghị đánh giá, phân hạng",
}
_REFUSED = {
    "not_select_idea": ("Không chọn ý tưởng sản phẩm", "idea", "ý tưởng"),
    "not_approve_plan": ("Không duyệt phương án sản xuất kinh doanh", "plan", "phương án"),
}
_COMMITTEE = (["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"], "UBND")


class About:
    """A dossier as its papers tell of it to ``reader``."""

    def __init__(self, dossier: Dossier, reader: User) -> None:
        self.dossier, self.reader = dossier, reader

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
        committee = f"Ủy ban nhân dân {in_sentence(name)}"
        lines, issuer = _COMMITTEE
        parent, agency = "", committee
        if unit.level == Level.PROVINCE:
            parent, agency = committee, f"Văn phòng Điều phối nông thôn mới {in_sentence(name)}"
            lines, issuer = ["CHÁNH VĂN PHÒNG"], "VPĐP"
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
            "recipients": ["Như trên", f"Lưu: VT, {'VPĐP' if parent else 'hồ sơ OCOP'}"],
        }

    def product(self, at: datetime | None = None) -> dict[str, Any]:
        """Which product, of whom, as they were called ``at``."""
        product = self.dossier.product
        return {
            "product": product.name_at(at),
            "producer": product.producer.name_at(at),
            "address": product.producer.address,
            "commune": in_sentence(self.commune(at)),
            "group": str(product.get_group_display()),
            "product_code": product.code,
            "case": str(self.dossier.get_case_type_display()),
        }

    def commune(self, at: datetime | None = None) -> str:
        """The commune of the product at that moment."""
        filed: Renamed = self.dossier.filed_in
        day = timezone.localdate(at) if at else clock.today()
        unit = self.dossier.filed_in.heir(day) if self.dossier.filed_in.ended_before(day) else filed
        return unit.name_at(at)

    @property
    def bases(self) -> list[str]:
        return [f"Căn cứ {self.dossier.rule_set.citation}"]

    def producer_at(self, at: datetime | None = None) -> str:
        producer = self.dossier.product.producer.name_at(at)
        return f"{producer}, {in_sentence(self.commune(at))}"

    def to_producer(self, unit: OrgUnit, at: datetime) -> list[str]:
        """To whom a paper for the producer goes: through its commune, where another wrote it."""
        if unit.level == Level.COMMUNE:
            return [self.producer_at(at)]
        return [f"Ủy ban nhân dân {in_sentence(self.commune(at))}", self.producer_at(at)]


# --- The kinds ------------------------------------------------------------------------------


def _blocks(about: About) -> list[dict[str, str]]:
    """The two blocks of the form: who received it, the commune first; what has not come there yet
    is left to be written.
    """
    dossier = about.dossier
    came: dict[str, HistoryEntry | None] = {
        Level.COMMUNE: None if dossier.bypassed_commune else about.last("submit_dossier"),
        Level.PROVINCE: about.last("forward_to_province", "receive_directly"),
    }
    found = []
    for level, entry in came.items():
        unit = dossier.unit_at(level)
        at = entry.at if entry is not None else None
        if unit is not None:
            made = about.head(unit, at)
            found.append(
                {
                    "body": made["agency"],
                    "number": "",
                    "received_on": day_text(timezone.localdate(at)) if at else "",
                }
            )
    return found


def _held(about: About) -> list[str]:
    """The kinds of papers in it, each with how many."""
    dossier = about.dossier
    count: dict[str, int] = {}
    for piece in dossier.evidence.current():
        label = str(piece.kind_label(dossier.rule_set))
        count[label] = count.get(label, 0) + 1
    return [label if n == 1 else f"{label} ({n} tài liệu)" for label, n in count.items()]


def _receipt(about: About) -> dict[str, Any] | None:
    filed = next((each for each in reversed(about.told) if each.event in FILINGS), None)
    if filed is None:
        return None
    unit = about.unit(filed)
    report = about.dossier.communereports.last_made()
    samples = report.samples if report else 0
    return (
        about.head(unit, filed.at)
        | about.product(filed.at)
        | {
            "blocks": _blocks(about),
            "held": _held(about),
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
    entry = about.last(*_CALLED)
    if entry is None:
        return None
    unit = about.unit(entry)
    dossier = about.dossier
    moved = [each for each in about.told if each.after]
    until = ""
    # Only what is still asked for has a day.
    if moved and moved[-1].pk == entry.pk and entry.event in SENT_BACK:
        task = dossier.open_task()
        until = day_text(task.due_on) if task is not None else ""
    return (
        about.head(unit, entry.at)
        | about.product(entry.at)
        | {
            "to": about.to_producer(unit, entry.at),
            "bases": about.bases,
            "about": _CALLED[entry.event.removeprefix("dossier.")],
            "items": _items(entry),
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
            "bases": about.bases,
            "what": what,
            "decided_on": day_text(timezone.localdate(entry.at)),
            "reasons": _items(entry),
            "again": f"{again} từ ngày {day_text(from_day)}" if from_day else again,
        }
    )


#: How each paper is made; None where what it tells of did not happen, or is not for the reader.
MADE: dict[str, Callable[[About], dict[str, Any] | None]] = {
    Printed.RECEIPT: _receipt,
    Printed.SUPPLEMENT: _supplement,
    Printed.NOT_SELECTED: _not_selected,
}


def made(kind: str, dossier: Dossier, reader: User) -> dict[str, Any] | None:
    """The data of a paper of ``dossier`` for ``reader``; None where there is none."""
    make = MADE.get(kind)
    return make(About(dossier, reader)) if make is not None else None


def offered(dossier: Dossier, reader: User) -> list[Printed]:
    """The papers that can be printed of ``dossier`` now."""
    about = About(dossier, reader)
    return [Printed(kind) for kind, make in MADE.items() if make(about) is not None]

"""Which unit is meant by what people write of it: today's, misspelt, of before the merger, split
over several (tên đơn vị trong bảng, trong ô tìm).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from django.utils.translation import gettext as _

from cycle import clock
from cycle.letters import sort_key
from cycle.models import Level, OrgUnit, fold

#: What stands before the name proper, by the level of the unit.
_KINDS: dict[str, str] = {
    Level.COMMUNE: "xa|phuong|thi tran|dac khu|tt|p|x",
    Level.DISTRICT: "huyen|thi xa|thanh pho|quan|tx|tp|h",
    Level.PROVINCE: "tinh|thanh pho|tp",
}
_ANY = "|".join(_KINDS.values())
_IN_FULL = {"p": "phuong", "x": "xa", "tt": "thi tran", "h": "huyen", "tx": "thi xa",
            "tp": "thanh pho"}  # fmt: skip
#: Of so many names like it, and not less alike than that.
LIKE, ALIKE = 5, 0.68
#: Of so many unknown names what they are like is looked for; more are no names of communes.
UNKNOWN = 200


class UnitUnknown(ValueError):
    """No unit, or no single one, is meant; the message says what to write instead."""


def parted(text: str, kinds: str = _ANY) -> tuple[str, str]:
    """The kind of unit that a name begins with, and the name itself, both folded."""
    words = " ".join(re.findall(r"[a-z0-9]+", fold(text)))
    # «ubnd xã», «uy ban nhan dan huyện»: whose office it is.
    words = re.sub(r"^(ubnd|uy ban nhan dan|uy ban nd|hdnd)\s+", "", words)
    if found := re.match(rf"({kinds})\s+(.+)$", words):
        return _IN_FULL.get(found[1], found[1]), found[2]
    return "", words


def _called(unit: OrgUnit) -> list[str]:
    """Its name, and the other ways of writing it."""
    return [unit.name, *(each for each in re.split(r"[;,|]", unit.aliases) if each.strip())]


class Units:
    """The units of this installation on one day, by what people write: a name with or without its
    kind and marks («xa na tau», «Nà Tấu», «UBND xã Nà Tấu»), another way of writing it, or a code.

    Read once, for as many names as there are; ``among`` ids, when not all may be meant.
    """

    def __init__(self, day: date, among: Collection[int] | None = None) -> None:
        self.day = day
        self.units: dict[int, OrgUnit] = {}
        self.found: dict[str, list[OrgUnit]] = {}
        units = OrgUnit.objects.select_related("parent__parent").prefetch_related("successors")
        for unit in units.order_by("level", "sort_key", "pk"):
            if among is not None and unit.pk not in among:
                continue
            self.units[unit.pk] = unit
            for name in {fold(unit.code), *self._names(unit)}:
                self.found.setdefault(name, []).append(unit)

    @staticmethod
    def _names(unit: OrgUnit) -> set[str]:
        """All that a unit may be called, folded."""
        names = _called(unit)
        return {fold(name) for name in names} | {parted(name)[1] for name in names} - {""}

    def exists(self, unit: OrgUnit) -> bool:
        """Whether it exists on the day."""
        return unit.valid_from <= self.day and (unit.valid_to is None or unit.valid_to >= self.day)

    def existing(self) -> list[OrgUnit]:
        """The units of this day, each once, by name."""
        return sorted(
            filter(self.exists, self.units.values()),
            key=lambda unit: (sort_key(unit.name), unit.pk),
        )

    def label(self, unit: OrgUnit) -> str:
        """Its name; with the unit above it where another of this day is called the same."""
        same = [each for each in self.found.get(fold(unit.name), ()) if self.exists(each)]
        if len(same) > 1 and unit.parent is not None:
            return f"{unit.name} ({unit.parent})"
        return unit.name

    def meant(self, text: str) -> OrgUnit:
        """The one unit of this day that ``text`` means. Raises :class:`UnitUnknown`."""
        wanted = fold(text)
        named = self.found.get(wanted) or self.found.get(parted(text)[1], [])
        found = [unit for unit in named if self.exists(unit)]
        if len(found) > 1:
            # «Xã X (Huyện Y)», as the list of choices writes it.
            exact = [unit for unit in found if fold(unit.name) == wanted]
            found = exact if len(exact) == 1 else found
        if not found and (above := re.fullmatch(r"(.+?) ?\((.+)\)", wanted)):
            found = [
                unit
                for unit in self.found.get(above[1], ())
                if self.exists(unit) and unit.parent and fold(unit.parent.name) == above[2]
            ]
        if len(found) == 1:
            return found[0]
        raise UnitUnknown(self._why_not(text, found, named))

    def _why_not(self, text: str, found: list[OrgUnit], named: list[OrgUnit]) -> str:
        if found:
            return _("«%(text)s» có thể là %(units)s: hãy ghi rõ.") % {
                "text": text,
                "units": _(" hoặc ").join(sorted(map(self.label, found), key=sort_key)),
            }
        if named:
            unit = named[0]
            if unit.valid_from > self.day:
                return _("%(unit)s chỉ có từ ngày %(day)s.") % {
                    "unit": unit,
                    "day": f"{unit.valid_from:%d/%m/%Y}",
                }
            heirs = ", ".join(str(each) for each in unit.successors.all())
            ended = _("%(unit)s đã kết thúc ngày %(day)s.") % {
                "unit": unit,
                "day": f"{unit.valid_to:%d/%m/%Y}",
            }
            return f"{ended} {_('Nay là %(heirs)s.') % {'heirs': heirs}}" if heirs else ended
        today = [name for name, units in self.found.items() if any(map(self.exists, units))]
        near = get_close_matches(parted(text)[1], today, n=3, cutoff=0.7)
        close = sorted(
            {self.label(unit) for name in near for unit in self.found[name] if self.exists(unit)},
            key=sort_key,
        )
        if close:
            return _("Không có đơn vị «%(text)s». Có phải %(units)s?") % {
                "text": text,
                "units": _(" hoặc ").join(close),
            }
        return _("Không có đơn vị «%(text)s» trong danh mục.") % {"text": text}


@dataclass(frozen=True)
class Answer:
    """What a name may mean: ``units`` of today, one when it is certain.

    ``like`` says that nothing is called so, and these are only called alike; ``old`` is the unit of
    before that was meant, when it is certain.
    """

    units: tuple[OrgUnit, ...] = ()
    like: bool = False
    old: OrgUnit | None = None

    @property
    def unit(self) -> OrgUnit | None:
        return self.units[0] if len(self.units) == 1 and not self.like else None


class Places(Units):
    """The same for lists of years ago: a unit of before means those that have what was its."""

    def __init__(self) -> None:
        super().__init__(clock.today())
        self.after = {
            unit.pk: [each.pk for each in unit.successors.all()] for unit in self.units.values()
        }
        for pk, unit in self.units.items():
            # Of a split one the successor that was chosen for the whole installation.
            if unit.main_successor_id in self.after[pk]:
                self.after[pk] = [unit.main_successor_id]
        self.communes = self._of_level(Level.COMMUNE)
        self.districts = self._of_level(Level.DISTRICT)
        self.provinces = self._of_level(Level.PROVINCE)
        self.unknown = 0
        self._answers: dict[tuple[str, str], Answer] = {}

    def _of_level(self, level: str) -> dict[str, list[OrgUnit]]:
        named: dict[str, list[OrgUnit]] = defaultdict(list)
        for unit in sorted(self.units.values(), key=lambda unit: unit.pk):
            if unit.level == level:
                for name in dict.fromkeys(parted(each, _KINDS[level])[1] for each in _called(unit)):
                    named[name].append(unit)
        return named

    def heirs(self, unit: OrgUnit) -> set[int]:
        """The units of today that have what was its; itself while it exists."""
        found: set[int] = set()
        waiting, seen = [unit.pk], set()
        while waiting:
            pk = waiting.pop()
            if pk in seen:
                continue
            seen.add(pk)
            if self.exists(self.units[pk]):
                found.add(pk)
            else:
                waiting += self.after.get(pk, [])
        return found

    def _of_today(self, units: Iterable[OrgUnit]) -> tuple[OrgUnit, ...]:
        ids = {pk for unit in units for pk in self.heirs(unit)}
        return tuple(sorted((self.units[pk] for pk in ids), key=lambda unit: sort_key(unit.name)))

    def commune(self, text: str, district: str = "") -> Answer:
        """What a commune's name or code means, in that district of before when one is named."""
        parts = [part for part in re.split(r"\s*[,;(]\s*|\s+[-–]\s+", text.strip(" )")) if part]
        if len(parts) > 1:
            text, district = parts[0], parts[1].strip(" )")
        key = fold(text), fold(district)
        if key not in self._answers:
            self._answers[key] = self._commune(text, district)
        return self._answers[key]

    def _commune(self, text: str, district: str) -> Answer:
        if text.isdecimal():
            # A sheet takes the noughts of a code away.
            found = [
                unit for unit in self.found.get(text.zfill(5), []) if unit.level == Level.COMMUNE
            ]
            return Answer(self._of_today(found))
        kind, name = parted(text, _KINDS[Level.COMMUNE])
        found = self.communes.get(name, [])
        if not found:
            self.unknown += 1
            if self.unknown > UNKNOWN or len(name) > 60:
                return Answer(like=True)
            close = get_close_matches(name, self.communes, LIKE, ALIKE)
            near = [unit for each in close for unit in self.communes[each]]
            near = self._within(near, district) or near
            return Answer(self._of_today(near)[: LIKE * 2], like=True)
        found = self._within(found, district) or found
        same = [unit for unit in found if parted(unit.name, _KINDS[Level.COMMUNE])[0] == kind]
        found = (same or found) if kind else found
        old = [unit for unit in found if not self.exists(unit)]
        return Answer(self._of_today(found), old=old[0] if len(old) == 1 else None)

    def _within(self, units: list[OrgUnit], district: str) -> list[OrgUnit]:
        """Those of ``units`` that lay in the district of this name, or whose successors it made."""
        if not district:
            return units
        wanted = {unit.pk for unit in self.district(district).units}
        return [unit for unit in units if unit.parent_id in wanted]

    def district(self, text: str) -> Answer:
        """The district of before that a name means."""
        _kind, name = parted(text, _KINDS[Level.DISTRICT])
        if found := self.districts.get(name):
            return Answer(tuple(found))
        close = get_close_matches(name, self.districts, LIKE, ALIKE)
        return Answer(tuple(self.districts[each][0] for each in close), like=True)

    def districts_of(self, province: OrgUnit) -> list[OrgUnit]:
        """The districts of before that lay in a province."""
        return [
            unit
            for named in self.districts.values()
            for unit in named
            if unit.parent_id == province.pk
        ]

    def named_district(self, text: str) -> OrgUnit | None:
        """The one district that a heading names: «II. Huyện Mường Ảng»."""
        text = re.sub(r"^\s*([IVXLC]+|[0-9]+|[A-Z])\s*[.)/:-]\s*", "", text)
        found = self.district(text)
        return found.units[0] if len(found.units) == 1 and not found.like else None

    def in_address(self, text: str) -> str:
        """The commune that an address names, as it is written there; empty without one."""
        found = re.search(r"(?:^|[,;-]\s*)((?:xã|phường|thị trấn|x\.|p\.|tt\.?)\s*[^,;()-]+)"
                          r"((?:\s*[,;-]\s*(?:huyện|thị xã|thành phố|tp\.?|tx\.?)\s*[^,;()-]+)?)",
                          text, re.IGNORECASE)  # fmt: skip
        return f"{found[1].strip()}{found[2] or ''}".replace(" - ", ", ") if found else ""

    def called(self, unit: OrgUnit) -> str:
        """A unit as a person tells it from others of its name."""
        above = unit.parent
        if above is not None and above.level == Level.DISTRICT:
            return f"{unit.name}, {above.name}"
        return unit.name

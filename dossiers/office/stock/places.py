"""Which unit a list means: misspelt, of before the merger, split over several (địa danh)."""

import difflib
import re
from collections import defaultdict
from dataclasses import dataclass

from cycle import clock
from cycle.models import Level, OrgUnit, fold

_COMMUNE = r"(xa|phuong|thi tran|tt|p|x)"
_DISTRICT = r"(huyen|thi xa|thanh pho|quan|tx|tp|h)"
_KINDS = {"p": "phuong", "x": "xa", "tt": "thi tran", "h": "huyen", "tx": "thi xa",
          "tp": "thanh pho"}  # fmt: skip
#: Of so many names like it, and not less alike than that.
LIKE, ALIKE = 5, 0.68
#: Of so many unknown names what they are like is looked for; more are no names of communes.
UNKNOWN = 200


def _parted(text: str, kinds: str) -> tuple[str, str]:
    """The kind of unit that a name begins with, and the name itself, both folded."""
    words = " ".join(re.findall(r"[a-z0-9]+", fold(text)))
    # «ubnd xã», «uy ban nhan dan huyện»: whose office it is.
    words = re.sub(r"^(ubnd|uy ban nhan dan|uy ban nd|hdnd)\s+", "", words)
    if found := re.match(rf"{kinds}\s+(.+)$", words):
        return _KINDS.get(found[1], found[1]), found[2]
    return "", words


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


class Places:
    """All units that are known, of today and of before, read once."""

    def __init__(self) -> None:
        self.today = clock.today()
        self.units = {
            unit.pk: unit
            for unit in OrgUnit.objects.select_related("parent__parent").order_by("pk")
        }
        self.after: dict[int, list[int]] = defaultdict(list)
        for old, new in OrgUnit.successors.through.objects.values_list(
            "from_orgunit_id", "to_orgunit_id"
        ):
            self.after[old].append(new)
        for pk, unit in self.units.items():
            # Of a split one the successor that was chosen for the whole installation.
            chosen = unit.main_successor_id
            if chosen is not None and chosen in self.after.get(pk, ()):
                self.after[pk] = [chosen]
        self.communes = self._named(Level.COMMUNE, _COMMUNE)
        self.districts = self._named(Level.DISTRICT, _DISTRICT)
        self.provinces = self._named(Level.PROVINCE, r"(tinh|thanh pho|tp)")
        self.unknown = 0
        self._answers: dict[tuple[str, str], Answer] = {}

    def _named(self, level: str, kinds: str) -> dict[str, list[OrgUnit]]:
        named: dict[str, list[OrgUnit]] = defaultdict(list)
        for unit in self.units.values():
            if unit.level == level:
                aliases = [each for each in re.split(r"[;,]", unit.aliases) if each.strip()]
                for name in dict.fromkeys(
                    _parted(each, kinds)[1] for each in (unit.name, *aliases)
                ):
                    named[name].append(unit)
        return named

    def exists(self, unit: OrgUnit) -> bool:
        """Whether it exists today."""
        return unit.valid_to is None or unit.valid_to >= self.today

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

    def _of_today(self, units: list[OrgUnit]) -> tuple[OrgUnit, ...]:
        ids = {pk for unit in units for pk in self.heirs(unit)}
        return tuple(sorted((self.units[pk] for pk in ids), key=lambda unit: fold(unit.name)))

    def commune(self, text: str, district: str = "") -> Answer:
        """What a commune's name means, in that district of before when one is named."""
        parts = [part for part in re.split(r"\s*[,;(]\s*|\s+[-–]\s+", text.strip(" )")) if part]
        if len(parts) > 1:
            text, district = parts[0], parts[1].strip(" )")
        key = fold(text), fold(district)
        if key not in self._answers:
            self._answers[key] = self._commune(text, district)
        return self._answers[key]

    def _commune(self, text: str, district: str) -> Answer:
        kind, name = _parted(text, _COMMUNE)
        found = self.communes.get(name, [])
        if not found:
            self.unknown += 1
            if self.unknown > UNKNOWN or len(name) > 60:
                return Answer(like=True)
            close = difflib.get_close_matches(name, self.communes, LIKE, ALIKE)
            near = [unit for each in close for unit in self.communes[each]]
            near = self._within(near, district) or near
            return Answer(self._of_today(near)[: LIKE * 2], like=True)
        found = self._within(found, district) or found
        same = [unit for unit in found if _parted(unit.name, _COMMUNE)[0] == kind]
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
        _kind, name = _parted(text, _DISTRICT)
        if found := self.districts.get(name):
            return Answer(tuple(found))
        close = difflib.get_close_matches(name, self.districts, LIKE, ALIKE)
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

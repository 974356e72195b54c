"""Which unit is meant by what people write of it (tên đơn vị trong bảng, trong ô tìm)."""

import re
from difflib import get_close_matches

from django.utils.translation import gettext as _

from cycle.models import OrgUnit, fold

#: What stands before the name proper, and what offices write before it.
_KIND = re.compile(
    r"^(?:(?:ubnd|uy ban nhan dan) )?"
    r"(?:(?:xa|phuong|thi tran|dac khu|huyen|quan|thi xa|thanh pho|tinh|tp\.?|tx\.?|tt\.?) )?"
)


class UnitUnknown(ValueError):
    """No unit, or no single one, is meant; the message says what to write instead."""


class Units:
    """The units of this installation on one day, by what people write: a name with or without its
    kind and marks («xa na tau», «Nà Tấu», «UBND xã Nà Tấu»), another way of writing it, or a code.

    Read once, for as many names as there are.
    """

    def __init__(self, day, among=None):
        units = OrgUnit.objects.select_related("parent").prefetch_related("successors")
        self.day = day
        self.found: dict[str, list[OrgUnit]] = {}
        self.labels: dict[int, str] = {}
        for unit in units.order_by("level", "name", "pk"):
            if among is not None and unit.pk not in among:
                continue
            for name in {unit.code, *_names(unit)}:
                self.found.setdefault(name, []).append(unit)

    def _exists(self, unit):
        return unit.valid_from <= self.day and (unit.valid_to is None or unit.valid_to >= self.day)

    def existing(self):
        """The units of this day, each once, by name."""
        rows = {unit.pk: unit for units in self.found.values() for unit in units}
        return sorted(filter(self._exists, rows.values()), key=lambda unit: fold(unit.name))

    def label(self, unit):
        """Its name; with the unit above it where another of this day is called the same."""
        same = [each for each in self.found.get(fold(unit.name), ()) if self._exists(each)]
        if len(same) > 1 and unit.parent is not None:
            return f"{unit.name} ({unit.parent})"
        return unit.name

    def meant(self, text):
        """The one unit of this day that ``text`` means. Raises :class:`UnitUnknown`."""
        wanted = fold(text)
        named = self.found.get(wanted) or self.found.get(_KIND.sub("", wanted), [])
        found = [unit for unit in named if self._exists(unit)]
        if len(found) > 1:
            # «Xã X (Huyện Y)», as the list of choices writes it.
            exact = [unit for unit in found if fold(unit.name) == wanted]
            found = exact if len(exact) == 1 else found
        if not found and (above := re.fullmatch(r"(.+?) ?\((.+)\)", wanted)):
            found = [
                unit
                for unit in self.found.get(above[1], ())
                if self._exists(unit) and unit.parent and fold(unit.parent.name) == above[2]
            ]
        if len(found) == 1:
            return found[0]
        raise UnitUnknown(self._why_not(text, found, named))

    def _why_not(self, text, found, named):
        if found:
            return _("«%(text)s» có thể là %(units)s: hãy ghi rõ.") % {
                "text": text,
                "units": _(" hoặc ").join(sorted(self.label(unit) for unit in found)),
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
        known = {name: unit for name, units in self.found.items() for unit in units}
        wanted = _KIND.sub("", fold(text))
        near = get_close_matches(
            wanted, [name for name in known if self._exists(known[name])], n=3, cutoff=0.7
        )
        close = sorted({self.label(known[name]) for name in near})
        if close:
            return _("Không có đơn vị «%(text)s». Có phải %(units)s?") % {
                "text": text,
                "units": _(" hoặc ").join(close),
            }
        return _("Không có đơn vị «%(text)s» trong danh mục.") % {"text": text}


def _names(unit):
    """All that a unit may be called, folded."""
    written = [fold(name) for name in (unit.name, *re.split("[;,|]", unit.aliases))]
    return {name for full in written for name in (full, _KIND.sub("", full)) if name}

"""Any province of the country: its units from the national list (danh mục đơn vị hành chính).

The list has the 34 provinces and 3,321 communes since 1/7/2025 (QĐ 19/2025/QĐ-TTg), the 696
districts and 10,051 communes of before, and which commune went into which. One installation is one
province: the units are loaded once, into an installation that has none.
"""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from cycle import tables
from cycle.models import HistoryEntry, Level, Office, OrgUnit

MERGED_ON = date(2025, 7, 1)
#: Assumed: the list of before says which units there were, not since when.
OLD_SINCE = date(2020, 1, 1)
COLUMNS = ["code", "name", "level", "parent_code"]


class ProvinceRefused(Exception):
    """The units cannot be loaded; the message says why."""


def _units(year):
    rows = tables.read(tables.DATA / f"vn_units_{year}.csv", COLUMNS)
    return {row["code"]: row for _line, row in rows}


def choices():
    """(code, name) of the provinces of today, by name without what kind they are."""
    now = [row for row in _units(2025).values() if row["level"] == Level.PROVINCE]
    return sorted(
        ((row["code"], row["name"]) for row in now),
        key=lambda pair: pair[1].removeprefix("Thành phố ").removeprefix("Tỉnh "),
    )


def load(code, *, by):
    """Load the province with its communes, and its districts and communes of before the merger.

    Of an old commune that was split all heirs are kept: who has its products is asked when they
    come in. Returns the province. Raises :class:`ProvinceRefused`.
    """
    new, old = _units(2025), _units(2024)
    if new.get(code, {}).get("level") != Level.PROVINCE:
        raise ProvinceRefused(_("Không có tỉnh này trong danh mục."))
    pairs = [
        (row["old_code"], row["new_code"])
        for _line, row in tables.read(
            tables.DATA / "vn_commune_merge_2025.csv", ["new_code", "old_code"]
        )
        if new[row["new_code"]]["parent_code"] == code
    ]
    before = {_province_of(old_code, old) for old_code, _new_code in pairs}
    with transaction.atomic():
        if known := OrgUnit.objects.filter(level=Level.PROVINCE).first() or OrgUnit.objects.first():
            raise ProvinceRefused(
                _("Hệ thống đã có đơn vị của %(unit)s: một hệ thống phục vụ một tỉnh.")
                % {"unit": known}
            )
        names = {old[each]["name"] for each in before} - {new[code]["name"]}
        province = OrgUnit.objects.create(
            code=code,
            name=new[code]["name"],
            level=Level.PROVINCE,
            valid_from=OLD_SINCE,
            # The provinces that went into it: their papers still name them.
            aliases="; ".join(sorted(names))[:300],
        )
        last = MERGED_ON - timedelta(days=1)
        period = {"valid_from": OLD_SINCE, "valid_to": last}
        districts = _made(
            (row for row in old.values() if row["parent_code"] in before),
            dict.fromkeys(before, province),
            **period,
        )
        communes = _made(
            (row for row in old.values() if row["parent_code"] in districts), districts, **period
        )
        today = _made(
            (row for row in new.values() if row["parent_code"] == code),
            {code: province},
            valid_from=MERGED_ON,
        )
        link = OrgUnit.successors.through
        link.objects.bulk_create(
            link(from_orgunit=communes[old_code], to_orgunit=today[new_code])
            for old_code, new_code in pairs
        )
        HistoryEntry.objects.record(
            "office.units",
            Office(province.name),
            by=by,
            province=code,
            communes=len(today),
            of_before=len(districts) + len(communes),
        )
    return province


def _province_of(code, rows):
    while rows[code]["parent_code"]:
        code = rows[code]["parent_code"]
    return code


def _made(rows, parents, **period):
    """The units of ``rows``, saved, by their codes; ``parents`` are the units above, by theirs."""
    units = [
        OrgUnit(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            parent=parents[row["parent_code"]],
            **period,
        )
        for row in rows
    ]
    return {unit.code: unit for unit in OrgUnit.objects.bulk_create(units)}

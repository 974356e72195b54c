"""Any province of the country: its units from the national list (danh mục đơn vị hành chính).

The list has the 34 provinces and 3,321 communes since 1/7/2025 (QĐ 19/2025/QĐ-TTg), the 696
districts and 10,051 communes of before, and which commune went into which. One installation is one
province: the units are loaded once, into an installation that has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from cycle import sheets, tables
from cycle.letters import sort_key
from cycle.models import HistoryEntry, Level, Office, OrgUnit, User, check_document, fold
from cycle.written import OLD_FONT, is_of_old_font

MERGED_ON = date(2025, 7, 1)
#: Assumed: the list of before says which units there were, not since when.
OLD_SINCE = date(2020, 1, 1)
COLUMNS = ["code", "name", "level", "parent_code"]
#: A unit as a list has it: its COLUMNS; of a sheet also its ``line``.
Entry = dict[str, Any]


#: What the columns of a sheet may be called, folded, and its words for the levels.
HEADS = {
    "code": ("ma", "ma don vi"),
    "name": ("ten", "ten don vi", "don vi"),
    "level": ("cap",),
    "parent_code": ("ma cap tren", "ma don vi cap tren", "truc thuoc"),
}
LEVELS = {
    "tinh": Level.PROVINCE, "thanh pho": Level.PROVINCE, "huyen": Level.DISTRICT,
    "quan": Level.DISTRICT, "thi xa": Level.DISTRICT, "xa": Level.COMMUNE,
    "phuong": Level.COMMUNE, "thi tran": Level.COMMUNE, "dac khu": Level.COMMUNE,
}  # fmt: skip
ORDER = (Level.PROVINCE, Level.DISTRICT, Level.COMMUNE)


class ProvinceRefused(Exception):
    """The units cannot be loaded; ``problems`` say why, the lines of a sheet by their numbers."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


def _units(year: int) -> dict[str, Entry]:
    rows = tables.read(tables.DATA / f"vn_units_{year}.csv", COLUMNS)
    return {row["code"]: row for _line, row in rows}


def choices() -> list[tuple[str, str]]:
    """(code, name) of the provinces of today, by name without what kind they are."""
    now = [row for row in _units(2025).values() if row["level"] == Level.PROVINCE]
    return sorted(
        ((row["code"], row["name"]) for row in now),
        key=lambda pair: sort_key(pair[1].removeprefix("Thành phố ").removeprefix("Tỉnh ")),
    )


def load(code: str, *, by: User) -> OrgUnit:
    """Load the province with its communes, and its districts and communes of before the merger.

    Of an old commune that was split all heirs are kept: who has its business is asked once, see
    :func:`split`. Returns the province. Raises :class:`ProvinceRefused`.
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
        _check_empty()
        names = {old[each]["name"] for each in before} - {new[code]["name"]}
        province = OrgUnit.objects.create(
            code=code,
            name=new[code]["name"],
            level=Level.PROVINCE,
            valid_from=OLD_SINCE,
            # The provinces that went into it: their papers still name them.
            aliases="; ".join(sorted(names, key=sort_key)),
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
        _record(province, by, communes=len(today), of_before=len(districts) + len(communes))
    return province


_UNREAD = [
    f"{unit}__{column}"
    for unit in ("parent", "main_successor")
    for column in ("search", "search_joined", "sort_key", "aliases")
]


def split() -> QuerySet[OrgUnit]:
    """The ended units with several successors, by name, each with these (đơn vị chia tách)."""
    link = OrgUnit.successors.through.objects
    another = link.filter(from_orgunit=OuterRef("from_orgunit")).exclude(pk=OuterRef("pk"))
    return (
        OrgUnit.objects.filter(Exists(link.filter(Exists(another), from_orgunit=OuterRef("pk"))))
        .exclude(valid_to=None)
        .select_related("parent", "main_successor")
        .prefetch_related("successors")
        # Sorted whole, the rows would carry along what only a search reads.
        .defer("search", "search_joined", *_UNREAD)
        .order_by("sort_key", "pk")
    )


def proposed(unit: OrgUnit) -> OrgUnit | None:
    """The successor of a split unit that has its name, if one has; else None."""
    same = [each for each in unit.successors.all() if _proper(each.name) == _proper(unit.name)]
    return same[0] if len(same) == 1 else None


def _proper(name: str) -> str:
    return re.sub("^(xa|phuong|thi tran|dac khu) ", "", fold(name))


def has_business(unit: OrgUnit) -> bool:
    """Whether anything but units names it: then choosing moves files and authority."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: unit.pk}).exists()
        for relation in OrgUnit._meta.related_objects
        if relation.related_model is not OrgUnit and not relation.many_to_many
    )


def choose_successors(
    chosen: Mapping[OrgUnit, OrgUnit | None], *, by: User, document: str = ""
) -> int:
    """Let each split unit live on in the successor of ``chosen``, {unit: successor or None}.

    Taken back in the same way. What has business already moves on a document alone. All of them or
    none; recorded. Raises :class:`ProvinceRefused`, ValidationError at ``document``. Returns how
    many changed.
    """
    document = document.strip()
    check_document(document, "document")
    with transaction.atomic():
        ids = sorted(unit.pk for unit in chosen)
        # Two who choose at once: the second waits here, and finds what the first chose.
        list(OrgUnit.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
        rows = {unit.pk: unit for unit in split().filter(pk__in=ids)}
        changed = []
        for unit, successor in chosen.items():
            row = rows.get(unit.pk)
            if row is None or successor not in (None, *row.successors.all()):
                raise ProvinceRefused(
                    _("%(unit)s không có đơn vị kế thừa này.") % {"unit": unit.label}
                )
            if row.main_successor_id == (successor and successor.pk):
                continue
            if not document and has_business(row):
                raise ValidationError(
                    {
                        "document": _(
                            "%(unit)s đã có hồ sơ, người hoặc sản phẩm: hãy nhập số, ngày văn bản."
                        )
                        % {"unit": row.label}
                    }
                )
            changed.append(
                {
                    "what": str(row._meta.verbose_name),
                    "row": row.label,
                    "field": "main_successor",
                    "before": str(row.main_successor or ""),
                    "after": str(successor or ""),
                }
            )
            OrgUnit.objects.filter(pk=row.pk).update(main_successor=successor)
        if changed:
            province = OrgUnit.objects.filter(level=Level.PROVINCE, valid_to=None).first()
            HistoryEntry.objects.record(
                "office.split", Office(str(province)), by=by, changed=changed, document=document
            )
    return len(changed)


def _check_empty() -> None:
    if known := OrgUnit.objects.filter(level=Level.PROVINCE).first() or OrgUnit.objects.first():
        raise ProvinceRefused(
            _("Hệ thống đã có đơn vị của %(unit)s: một hệ thống phục vụ một tỉnh.")
            % {"unit": known}
        )


def _record(province: OrgUnit, by: User, **counts: Any) -> None:
    HistoryEntry.objects.record(
        "office.units", Office(province.name), by=by, province=province.code, **counts
    )


def load_sheet(content: bytes, filename: str, *, since: date, by: User) -> OrgUnit:
    """Load the units of a spreadsheet, which exist since a day: code, name, level, code above.

    All of them or none. Returns the province. Raises :class:`ProvinceRefused` with every fault,
    :class:`~cycle.sheets.SheetRefused` when it is no sheet.
    """
    rows = _rows(sheets.read(content, filename))
    _check_rows(rows)
    with transaction.atomic():
        _check_empty()
        made: dict[str, OrgUnit] = {"": None}  # type: ignore[dict-item]
        for level in ORDER:
            of_level = [row for row in rows.values() if row["level"] == level]
            made |= _made(of_level, made, valid_from=since)
        province = next(unit for unit in made.values() if unit and unit.level == Level.PROVINCE)
        _record(province, by, units=len(rows), file=filename[:200])
    return province


def _rows(found: Iterable[sheets.Sheet]) -> dict[str, Entry]:
    """{code: row} of the first sheet with the right heads. Raises ProvinceRefused."""
    called = {name: key for key, names in HEADS.items() for name in names}
    for sheet in found:
        for number, head in enumerate(sheet.rows[:15]):
            columns = {key: at for at, cell in head.said() if (key := called.get(fold(str(cell))))}
            if {"code", "name", "level"} <= set(columns):
                return _read(sheet.rows[number + 1 :], columns)
    raise ProvinceRefused(_("Không thấy dòng tiêu đề có các cột: Mã, Tên, Cấp, Mã cấp trên."))


def _read(lines: Iterable[sheets.Row], columns: dict[str, int]) -> dict[str, Entry]:
    rows: dict[str, Entry] = {}
    problems = []
    for line in lines:
        said = {
            key: str(line.cells[at]).strip() if at < len(line.cells) else ""
            for key, at in columns.items()
        }
        row: Entry = {"parent_code": ""} | said | {"line": line.line}
        row["level"] = LEVELS.get(fold(said["level"]).removeprefix("cap ").strip())
        if not row["code"] or not row["name"]:
            problems.append(_at(line.line, _("thiếu mã hoặc tên.")))
        elif len(row["code"]) > 10 or len(row["name"]) > 200:
            problems.append(_at(line.line, _("mã hoặc tên quá dài.")))
        elif is_of_old_font(row["name"]):
            problems.append(_at(line.line, str(OLD_FONT)))
        elif row["level"] is None:
            problems.append(
                _at(line.line, _("không biết cấp «%(said)s».") % {"said": said["level"][:50]})
            )
        elif row["code"] in rows:
            problems.append(
                _at(
                    line.line,
                    _("mã %(code)s đã có ở dòng %(n)d.")
                    % {"code": row["code"], "n": rows[row["code"]]["line"]},
                )
            )
        else:
            rows[row["code"]] = row
    if problems:
        raise ProvinceRefused(*problems)
    return rows


def _check_rows(rows: dict[str, Entry]) -> None:
    problems = []
    for row in rows.values():
        if row["level"] == Level.PROVINCE:
            row["parent_code"] = ""
        elif (above := rows.get(row["parent_code"])) is None:
            problems.append(
                _at(
                    row["line"],
                    _("không có đơn vị cấp trên mã «%(code)s».")
                    % {"code": row["parent_code"][:20]},
                )
            )
        elif ORDER.index(above["level"]) >= ORDER.index(row["level"]):
            problems.append(
                _at(row["line"], _("%(unit)s không ở cấp cao hơn.") % {"unit": above["name"]})
            )
    if sum(row["level"] == Level.PROVINCE for row in rows.values()) != 1:
        problems.append(_("Bảng phải có đúng một dòng cấp tỉnh."))
    if problems:
        raise ProvinceRefused(*problems)


def _at(line: int, reason: str) -> str:
    return _("Dòng %(n)d: %(reason)s") % {"n": line, "reason": reason}


def _province_of(code: str, rows: Mapping[str, Entry]) -> str:
    while rows[code]["parent_code"]:
        code = rows[code]["parent_code"]
    return code


def _made(
    rows: Iterable[Entry], parents: Mapping[str, OrgUnit], **period: date
) -> dict[str, OrgUnit]:
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

"""The printed score sheet of a rubric (phiếu chấm điểm)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from cycle import rubrics
from cycle.models import Option, Rubric

# --- The score sheet ------------------------------------------------------------------------


def score_sheet(
    rubric: Rubric,
    chosen: Collection[int] = (),
    eliminated: Collection[int] = (),
    remarks: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The part of a :class:`ScoreSheet` that comes from a rubric (bộ tiêu chí): its criteria.

    ``chosen`` and ``eliminated``: ids of the options and eliminations to tick. ``remarks``:
    ``{code of criterion: text}``. Totals are blank while nothing is chosen.
    """
    sheet = rubrics.sheet(rubric)
    levels = [level for part in sheet["parts"] for level in _levels(part)]
    return {
        "rubric": f"số {rubric.number}: {rubric.name} ({rubric.rule_set.document})",
        "draft": any(
            getattr(level, "wording", None) is None and not level.criterion.yes_no
            for level in levels
        ),
        "parts": [
            {
                "code": part["code"],
                "points": _points(part["points"]),
                "total": _total(_levels(part), chosen),
                "rows": [_row(row, chosen, remarks or {}) for row in part["rows"]],
            }
            for part in sheet["parts"]
        ],
        "eliminations": [
            {"label": each.label, "chosen": each.pk in eliminated} for each in sheet["eliminations"]
        ],
        "total": _total(levels, chosen),
    }


def _levels(part: dict[str, Any]) -> Iterator[Option]:
    for row in part["rows"]:
        for case in row.get("cases", []):
            yield from case["options"]


def _total(levels: Iterable[Option], chosen: Collection[int]) -> str:
    points = [level.points for level in levels if level.pk in chosen]
    return _points(sum(points)) if points else ""


def _row(
    row: dict[str, Any], chosen: Collection[int], remarks: Mapping[str, str]
) -> dict[str, Any]:
    if section := row.get("section"):
        return {
            "heading": True,
            "code": section["code"],
            "label": section["title"],
            "points": _points(section["points"]),
            "notes": [],
            "remark": "",
            "options": [],
        }
    criterion = row["criterion"]
    options = []
    for case in row["cases"]:
        if case["title"]:
            options.append(_option(case=case["title"]))
        options += [
            _option(
                label=level.label,
                points=_points(level.points),
                minimum="*" * (level.minimum_for or 0),
                chosen=level.pk in chosen,
            )
            for level in case["options"]
        ]
    return {
        "heading": False,
        "code": criterion.code,
        "label": criterion.label,
        "points": _points(criterion.points),
        "notes": _notes(row),
        "remark": remarks.get(criterion.code, ""),
        "options": options,
    }


def _option(
    *, case: str = "", label: str = "", points: str = "", minimum: str = "", chosen: bool = False
) -> dict[str, Any]:
    return {"case": case, "label": label, "points": points, "minimum": minimum, "chosen": chosen}


def _notes(row: dict[str, Any]) -> list[str]:
    """Notes under a criterion. One with official wording needs only those about other criteria and
    cases.
    """
    criterion = row["criterion"]
    notes = []
    if row["requires"]:
        notes.append(f"Chỉ chấm khi tiêu chí {row['requires']} có điểm.")
    if criterion.cases:
        notes.append(f"Chọn một trong {len(row['cases'])} trường hợp.")
    if getattr(criterion, "wording", None) is None:
        if criterion.note:
            notes.append(criterion.note)
        notes += [f"Loại khi: {each.label}." for each in row["eliminations"]]
    return notes


def _points(points: Decimal | int) -> str:
    """Points as text: «3», «3,5»."""
    return f"{Decimal(points).normalize():f}".replace(".", ",")

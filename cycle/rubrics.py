"""The rubrics of an edition: reading, checking and loading them, and the official wording.

A file ``rulesets/<edition>/rubrics.json`` has what the decision says (codes, points, minimums,
titles) and our own short labels: each is defined once in ``labels`` and referenced by its id.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from cycle import rulesets, tables
from cycle.models import (
    Configuration,
    Criterion,
    Elimination,
    HistoryEntry,
    Option,
    Rubric,
    RuleSet,
    Wording,
    fold,
)

KEYS = {"number", "name", "group", "eliminations", "sections", "criteria"}
CRITERION = {"part", "code", "title", "points", "options"}
CRITERION_MAY = {"yes_no", "requires", "cases", "eliminations", "note"}
OPTION_MAY = {"points", "label", "minimum_for", "case"}

#: A remark of the transcriber, which is not part of the decision's text.
REMARK = re.compile(r"\[transcript [^]]*\](?: / )?")


class RubricInvalid(Exception):
    """A rubric is invalid; the message names the file, the rubric and the criterion (tiêu chí)."""

    def __init__(
        self, path: Path | str, number: int | None, name: str | None, code: str, reason: str
    ) -> None:
        path = Path(path)
        where = f"{path.parent.name}/{path.name}"
        if number is not None:
            where += f", bộ {number} «{name}»"
        if code:
            where += f", tiêu chí {code}"
        super().__init__(f"{where}: {reason}")
        self.number, self.code = number, code


# --- Reading and checking -------------------------------------------------------------------


def read(path: Path | str, law: dict[str, Any]) -> list[dict[str, Any]]:
    """The rubrics of a file, with label ids replaced by their texts, checked against ``law``, the
    content of the edition. Raises :class:`RubricInvalid`."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        labels, rubrics = content["labels"], content["rubrics"]
        worded = [_with_labels(rubric, labels) for rubric in rubrics]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RubricInvalid(path, None, "", "", f"không đọc được JSON ({error}).") from error
    except KeyError as error:
        raise RubricInvalid(path, None, "", "", f"không có khóa hoặc nhãn {error}.") from error
    if twice := [text for text, times in Counter(labels.values()).items() if times > 1]:
        raise RubricInvalid(path, None, "", "", f"nhãn «{twice[0]}» viết hai lần.")
    if twice := [n for n, times in Counter(r["number"] for r in worded).items() if times > 1]:
        raise RubricInvalid(path, None, "", "", f"bộ số {twice[0]} có hai lần.")
    for rubric in worded:
        check(rubric, law, path)
    return worded


def _with_labels(rubric: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """The rubric as it is stored and hashed: with the texts of labels instead of their ids."""

    def said(ids: list[str]) -> list[str]:
        return [labels[each] for each in ids]

    return rubric | {
        "eliminations": said(rubric["eliminations"]),
        "criteria": [
            criterion
            | {
                "eliminations": said(criterion.get("eliminations", [])),
                "options": [
                    option | ({"label": labels[option["label"]]} if "label" in option else {})
                    for option in criterion["options"]
                ],
            }
            for criterion in rubric["criteria"]
        ],
    }


def check(rubric: dict[str, Any], law: dict[str, Any], path: Path | str) -> None:
    """Raise :class:`RubricInvalid` for the first fault of a rubric."""
    for rule in (_shape, _codes, _criteria, _sums):
        try:
            fault = next(rule(rubric, law), None)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            fault = "", "thiếu hoặc sai kiểu dữ liệu."
        if fault:
            raise RubricInvalid(path, rubric.get("number"), rubric.get("name"), *fault)


# Each rule yields (criterion, reason) for each fault; only the first is reported.


def _shape(rubric: dict[str, Any], law: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if set(rubric) != KEYS:
        yield "", f"thừa hoặc thiếu khóa: {', '.join(sorted(set(rubric) ^ KEYS))}."
    if not _whole(rubric["number"]) or not rubric["name"].strip():
        yield "", "phải có số và tên."
    if rubric["group"] not in [row["code"] for row in law["product_groups"]]:
        yield "", f"không có nhóm sản phẩm «{rubric['group']}»."
    for row in rubric["criteria"]:
        if CRITERION - set(row) or set(row) - CRITERION - CRITERION_MAY:
            yield row.get("code", ""), "thừa hoặc thiếu khóa."
        if any(set(option) - OPTION_MAY for option in row["options"]):
            yield row["code"], "mức điểm có khóa lạ."


def _codes(rubric: dict[str, Any], law: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in rubric["sections"] + rubric["criteria"]:
        if row["part"] not in law["parts"]:
            yield row["code"], f"không có phần «{row['part']}»."
        if not row["title"].strip():
            yield row["code"], "chưa có tên."
    for code, times in Counter(
        row["code"] for row in rubric["sections"] + rubric["criteria"]
    ).items():
        if times > 1:
            yield code, "mã lặp lại."
    sections = {row["code"]: row["part"] for row in rubric["sections"]}
    for row in rubric["sections"] + rubric["criteria"]:
        above = row["code"].rpartition(".")[0]
        if above and sections.get(above) != row["part"]:
            yield row["code"], f"không có mục {above} trong phần {row['part']}."


def _criteria(rubric: dict[str, Any], law: dict[str, Any]) -> Iterator[tuple[str, str]]:
    before: dict[str, dict] = {}
    for row in rubric["criteria"]:
        code, options = row["code"], row["options"]
        if not all(_whole(option["points"]) for option in options):
            yield code, "điểm phải là số nguyên không âm."
        if max(option["points"] for option in options) != row["points"]:
            yield code, f"mức cao nhất không đạt điểm tối đa {row['points']}."
        if row.get("yes_no") and [o["points"] for o in options] != [0, row["points"]]:
            yield code, "tiêu chí có hoặc không phải có đúng hai mức, mức đầu 0 điểm."
        if required := row.get("requires"):
            other = before.get(required)
            if other is None or "requires" in other or other["options"][0]["points"] != 0:
                yield code, f"chỉ chấm khi {required} có điểm, nhưng tiêu chí đó không cho biết."
        yield from _cases(row)
        before[code] = row


def _cases(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Cases have titles and are numbered from 1 without gaps; in each, points rise by option."""
    code, cases = row["code"], row.get("cases", [])
    used = [case for case, _options in groupby(o.get("case", 0) for o in row["options"])]
    if used != (list(range(1, len(cases) + 1)) if cases else [0]) or len(cases) == 1:
        yield code, "các trường hợp phải từ hai trở lên, có tên, xếp liền nhau từ 1."
    for _case, group in groupby(row["options"], key=lambda option: option.get("case", 0)):
        options = list(group)
        points = [option["points"] for option in options]
        if len(options) < 2 or points != sorted(set(points)):
            yield code, f"điểm các mức phải khác nhau và tăng dần: {', '.join(map(str, points))}."
        stars = [option["minimum_for"] for option in options if "minimum_for" in option]
        if stars != sorted(stars) or set(stars) - {3, 4, 5}:
            yield code, "mức tối thiểu cho 3, 4, 5 sao phải tăng dần."
        labels = [option["label"] for option in options if "label" in option]
        if len(set(labels)) != len(labels):
            yield code, "hai mức cùng một nhãn."


def _sums(rubric: dict[str, Any], law: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for section in rubric["sections"]:
        below = sum(
            row["points"]
            for row in rubric["criteria"]
            if row["code"].startswith(section["code"] + ".")
        )
        if below != section["points"]:
            yield section["code"], f"mục {section['points']} điểm, các tiêu chí cộng {below}."
    parts: Counter = Counter()
    for row in rubric["criteria"]:
        parts[row["part"]] += row["points"]
    for part, points in law["parts"].items():
        if parts[part] != points:
            yield "", f"phần {part} phải {points} điểm, các tiêu chí cộng {parts[part]}."


def _whole(value: object) -> bool:
    return type(value) is int and value >= 0


# --- Loading --------------------------------------------------------------------------------


def load(rule_set: RuleSet, rubrics: list[dict[str, Any]]) -> int:
    """Add the rubrics that ``rule_set`` does not have in exactly this form; returns how many."""
    known = set(rule_set.rubrics.values_list("number", "content_hash"))
    new = [(each, rulesets.content_hash(each)) for each in rubrics]
    new = [(each, digest) for each, digest in new if (each["number"], digest) not in known]
    with transaction.atomic():
        for content, digest in new:
            _add(rule_set, content, digest)
        if new:
            HistoryEntry.objects.record(
                "rubric.load",
                Configuration(rule_set.title),
                saved=list(
                    rule_set.rubrics.filter(content_hash__in=[digest for _each, digest in new])
                ),
                document=rule_set.document,
                rows=len(new),
            )
    return len(new)


def _add(rule_set: RuleSet, content: dict[str, Any], digest: str) -> None:
    rubric = Rubric.objects.create(
        rule_set=rule_set,
        number=content["number"],
        name=content["name"],
        group=content["group"],
        sections=content["sections"],
        content_hash=digest,
    )
    made: dict[str, Criterion] = {}
    # Rows never change: a required criterion is created before those that require it.
    for dependent in (False, True):
        Criterion.objects.bulk_create(
            made.setdefault(
                row["code"],
                Criterion(
                    rubric=rubric,
                    position=position,
                    requires=made[row["requires"]] if dependent else None,
                    **{name: row[name] for name in ("part", "code", "title", "points")},
                    **{name: row[name] for name in ("yes_no", "cases", "note") if name in row},
                ),
            )
            for position, row in enumerate(content["criteria"], 1)
            if ("requires" in row) == dependent
        )
    Option.objects.bulk_create(
        Option(
            criterion=made[row["code"]],
            case=case,
            level=level,
            points=option["points"],
            minimum_for=option.get("minimum_for"),
            short_label=option.get("label", ""),
        )
        for row in content["criteria"]
        for case, options in groupby(row["options"], key=lambda option: option.get("case", 0))
        for level, option in enumerate(options, 1)
    )
    eliminations: list[tuple[Criterion | None, str]]
    eliminations = [(None, label) for label in content["eliminations"]]
    eliminations += [
        (made[row["code"]], label) for row in content["criteria"] for label in row["eliminations"]
    ]
    Elimination.objects.bulk_create(
        Elimination(rubric=rubric, criterion=criterion, position=position, short_label=label)
        for position, (criterion, label) in enumerate(eliminations, 1)
    )


# --- The sheet ------------------------------------------------------------------------------


def sheet(rubric: Rubric) -> dict[str, Any]:
    """The rubric as a score sheet: parts with their headings and criteria in order; two queries.

    A row is ``{"section": …}``, or ``{"criterion": …}`` with its options by case (``cases``), its
    ``eliminations``, and the code of the criterion that it ``requires`` ("" for none).
    """
    options = (
        Option.objects.filter(criterion__rubric=rubric)
        .select_related("wording", "criterion__wording")
        .order_by("criterion__position", "case", "level")
    )
    eliminations = defaultdict(list)
    for each in rubric.eliminations.select_related("wording"):
        eliminations[each.criterion_id].append(each)
    parts: dict[str, dict] = {}
    codes: dict[int | None, str] = {}
    waiting = list(rubric.sections)
    for _pk, run in groupby(options, key=lambda option: option.criterion_id):
        levels = list(run)
        criterion = levels[0].criterion
        codes[criterion.pk] = criterion.code
        part = parts.setdefault(criterion.part, {"code": criterion.part, "points": 0, "rows": []})
        while waiting and criterion.code.startswith(waiting[0]["code"] + "."):
            part["rows"].append({"section": waiting.pop(0)})
        part["points"] += criterion.points
        part["rows"].append(
            {
                "criterion": criterion,
                "cases": [
                    {"title": criterion.cases[case - 1] if case else "", "options": list(same)}
                    for case, same in groupby(levels, key=lambda option: option.case)
                ],
                "eliminations": eliminations[criterion.pk],
                "requires": codes.get(criterion.requires_id, ""),
            }
        )
    return {"parts": list(parts.values()), "eliminations": eliminations[None]}


# --- The official wording -------------------------------------------------------------------


def lay_wording(rule_set: RuleSet, path: Path, document: str) -> int:
    """Load the official texts of a CSV file for the current rubrics of ``rule_set``.

    Rows are matched by rubric, code, order and points; a criterion must have all its options.
    Returns the number of texts. Raises :class:`CommandError` naming every row that does not match;
    the caller's transaction must roll back.
    """
    rubrics = {each.number: each for each in rule_set.rubrics.current()}
    sets = defaultdict(list)
    for row in _official_rows(path):
        sets[row["set"]].append(row)
    texts: list[dict] = []
    faults: list[tables.RowRefused] = []
    for number, of_set in sets.items():
        rubric = rubrics.get(int(number)) if number.isdecimal() else None
        if rubric is None or fold(rubric.name) != fold(of_set[0]["name"]):
            reason = f"không có bộ số {number} tên «{of_set[0]['name']}»."
            faults.append(tables.RowRefused(path, of_set[0]["line"], reason))
            continue
        _match(rubric, of_set, texts, faults, path)
    if faults:
        raise CommandError("\n".join(map(str, faults)))
    for of in ("option", "criterion", "elimination"):
        Wording.objects.bulk_create(
            [Wording(document=document, **text) for text in texts if of in text],
            update_conflicts=True,
            unique_fields=[of],
            update_fields=["text", "document"],
        )
    HistoryEntry.objects.record(
        "rubric.wording",
        Configuration(rule_set.title),
        document=document,
        file=Path(path).name,
        sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        rows=len(texts),
    )
    return len(texts)


def _official_rows(path: Path) -> list[dict[str, Any]]:
    """The rows with a text, in one shape for the files of both editions."""
    found = tables.read(path, ["set_no", "set_name", "criterion", "points", "option_text", "note"])
    code = "code" if found and "code" in found[0][1] else "criterion_no"
    rows = []
    for line, row in found:
        if code not in row:
            raise CommandError(f"{Path(path).name}: thiếu cột {code}.")
        kind, text = row.get("row_type"), row["option_text"]
        if kind is None:
            # The older file has no row types: a row without points is a heading, or with a note an
            # elimination.
            kind = "option" if row["points"] else "disqualifier" if row["note"] else "section"
            text = text or (row["note"] if kind == "disqualifier" else "")
        if kind != "section":
            rows.append(
                {
                    "line": line,
                    "kind": kind,
                    "set": row["set_no"],
                    "name": row["set_name"],
                    "code": row[code],
                    "title": row["criterion"],
                    "points": row["points"],
                    "text": text,
                    "note": REMARK.sub("", row["note"]),
                }
            )
    return rows


def _squashed(text: str) -> str:
    """Letters and digits only: copies of the decision differ in spaces, marks and case."""
    return re.sub(r"\W", "", fold(text))


def _match(
    rubric: Rubric,
    rows: list[dict[str, Any]],
    texts: list[dict[str, Any]],
    faults: list[tables.RowRefused],
    path: Path,
) -> None:
    """Match ``rows`` with the rubric: add them to ``texts``, those without match to ``faults``."""

    def refuse(row: dict[str, Any], reason: str) -> None:
        faults.append(tables.RowRefused(path, row["line"], f"bộ {rubric.number}, {reason}"))

    whole_set = list(rubric.eliminations.filter(criterion=None))
    criteria = {each.code: each for each in rubric.criteria.all()}
    levels = defaultdict(list)
    for option in Option.objects.filter(criterion__rubric=rubric).order_by("case", "level"):
        levels[option.criterion_id].append(option)

    for row in [row for row in rows if row["kind"] == "disqualifier"]:
        if not whole_set:
            refuse(row, "không có điều kiện loại này.")
        else:
            texts.append({"elimination": whole_set.pop(0), "text": row["text"]})
    scored = [row for row in rows if row["kind"] != "disqualifier"]
    seen = set()
    for code, run in groupby(scored, key=lambda row: row["code"]):
        of_code = list(run)
        first, criterion = of_code[0], criteria.get(code)
        if criterion is None:
            refuse(first, f"không có tiêu chí {code}.")
            continue
        if code in seen:
            refuse(first, f"tiêu chí {code} đã có ở trên.")
            continue
        seen.add(code)
        if not _squashed(first["title"]).startswith(_squashed(criterion.title)):
            refuse(first, f"tiêu chí {code} là «{criterion.title}».")
            continue
        said = dict.fromkeys([first["title"], *(row["note"] for row in of_code)])
        texts.append({"criterion": criterion, "text": " – ".join(filter(None, said))})
        if criterion.yes_no:
            continue
        expected = levels[criterion.pk]
        for row, option in zip(of_code, expected, strict=False):
            if row["points"] != str(int(option.points)):
                reason = f"mức này {option.points:.0f} điểm, tệp ghi {row['points']}."
                refuse(row, f"tiêu chí {code}: {reason}")
                break
            if not row["text"]:
                refuse(row, f"tiêu chí {code}: thiếu lời văn.")
                break
            texts.append({"option": option, "text": row["text"]})
        else:
            if len(of_code) > len(expected):
                refuse(of_code[len(expected)], f"tiêu chí {code}: thừa mức điểm.")
            elif len(of_code) < len(expected):
                refuse(of_code[-1], f"tiêu chí {code}: thiếu mức điểm sau dòng này.")

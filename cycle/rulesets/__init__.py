"""The editions of the law as data, one folder each; read and checked here.

A leaf: it imports nothing of ours but the steps. RULES checks each part of a file; its functions
say what the keys may be.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from cycle.steps import Step

FOLDER = Path(__file__).parent

LEVELS = ("commune", "district", "province", "centre")
ROLES = ("officer", "leader", "council_office", "trade")
CASE_TYPES = ("first", "upgrade", "reevaluation")
ACTING = {"three_levels": LEVELS[:3], "two_levels": ("commune", "province")}
UNITS_OF_TIME = ("working_days", "calendar_days", "months", "date")

# The human tasks of the two procedures: an edition assigns every one of its own, once.
NODES: dict[str, tuple[str, ...]] = {
    "two_levels": (
        "register_idea",
        "complete_idea",
        "screen_idea",
        "select_idea",
        "submit_plan",
        "complete_plan",
        "check_plan",
        "appraise_plan",
        "implement",
        "assemble_dossier",
        "supplement",
        "check_dossier",
        "sign_report",
        "check_at_province",
        "evaluate_at_province",
        "propose_recognition",
        "decide",
        "await_centre",
        "promote",
    ),
}
NODES["three_levels"] = (
    *NODES["two_levels"],
    "check_at_district",
    "evaluate_at_district",
    "forward_from_district",
)

KEYS: dict[str, type | tuple[type, ...]] = {
    "edition": str,
    "title": str,
    "document": str,
    "valid_from": str,
    "valid_to": (str, type(None)),
    "procedure": str,
    "levels": list,
    "certifies": dict,
    "bands": list,
    "parts": (dict, type(None)),
    "goes_up": dict,
    "idea_filed_at": str,
    "refile_wait_days": dict,
    "certificate_months": (int, type(None)),
    "terms": dict,
    "clocks": list,
    "compulsory": dict,
    "evidence_kinds": list,
    "product_groups": list,
    "windows": list,
    "duties": list,
    "samples": dict,
    "request_on_paper": bool,
    "reevaluation": dict,
    "notes": list,
    "unverified": list,
}


#: What an edition need not say.
MAY_LACK = ("samples", "request_on_paper", "reevaluation")

#: The grounds on which a re-evaluation may be visited on site.
VISIT_GROUNDS = ("scale", "evidence")


class RuleSetInvalid(Exception):
    """A rule set file is invalid; the message names the file and the key (khóa)."""

    def __init__(self, path: Path | str, key: str, reason: str) -> None:
        path = Path(path)
        super().__init__(f"{path.parent.name}/{path.name}, khóa «{key}»: {reason}")
        self.key = key


def files(folder: Path = FOLDER) -> list[Path]:
    """The rule set files of ``folder``, in order of their names."""
    return sorted(Path(folder).glob("*/ruleset.json"))


def read(path: Path | str) -> dict[str, Any]:
    """The content of one file, checked. Raises :class:`RuleSetInvalid`."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RuleSetInvalid(path, "", f"không đọc được JSON ({error}).") from error
    check(content, path)
    return content


def content_hash(content: Any) -> str:
    """SHA-256 of the content, the same however the file orders and indents its keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def check(content: dict[str, Any], path: Path | str) -> None:
    """Raise :class:`RuleSetInvalid` for the first wrong key of a rule set."""
    for key, rule in RULES.items():
        try:
            fault = next(rule(content, path), None)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            fault = key, "thiếu hoặc sai kiểu dữ liệu."
        if fault:
            raise RuleSetInvalid(path, *fault)


# Each rule yields the faults it finds as (key, reason); the first one is told.


def _schema(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    for key, kind in KEYS.items():
        if key not in content and key in MAY_LACK:
            continue
        if key not in content:
            yield key, "thiếu."
        if not isinstance(content[key], kind):
            yield key, "sai kiểu dữ liệu."
    for key in content:
        if key not in KEYS:
            yield key, "không biết khóa này."
    for key in ("edition", "title", "document"):
        if not content[key].strip():
            yield key, "để trống."
    if content["edition"] != Path(path).parent.name:
        yield "edition", "khác tên thư mục."


def _period(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    valid = {}
    for key in ("valid_from", "valid_to"):
        try:
            valid[key] = content[key] and date.fromisoformat(content[key])
        except ValueError:
            yield key, "không phải ngày dạng YYYY-MM-DD."
    if not valid["valid_from"]:
        yield "valid_from", "để trống."
    if valid["valid_to"] and valid["valid_to"] < valid["valid_from"]:
        yield "valid_to", "trước ngày có hiệu lực."


def _levels(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    levels, procedure = content["levels"], content["procedure"]
    if procedure not in ACTING:
        yield "procedure", f"không biết «{procedure}»."
    for level in levels:
        if level not in LEVELS:
            yield "levels", f"không biết cấp «{level}»."
    if levels != sorted(set(levels), key=LEVELS.index):
        yield "levels", "mỗi cấp một lần, xếp từ dưới lên."
    if ("district" in levels) != (procedure == "three_levels"):
        yield "levels", "cấp huyện chỉ có, và phải có, trong quy trình ba cấp."
    if content["idea_filed_at"] not in ("commune", *levels):
        yield "idea_filed_at", f"không biết cấp «{content['idea_filed_at']}»."
    if set(content["certifies"]) != {"3", "4", "5"}:
        yield "certifies", "phải nêu 3, 4 và 5 sao."
    for stars, level in content["certifies"].items():
        if level not in (*levels, None):
            yield f"certifies.{stars}", f"cấp «{level}» không đánh giá."


def _points(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    bands, parts = content["bands"], content["parts"]
    if bands:
        floors, stars = zip(*bands, strict=True)
        if not all(type(floor) is int and 0 <= floor <= 100 for floor in floors):
            yield "bands", "điểm phải là số nguyên từ 0 đến 100."
        if list(floors) != sorted(set(floors), reverse=True) or floors[-1] != 0:
            yield "bands", "điểm phải giảm dần đến 0."
        if stars != (5, 4, 3, 2, 1):
            yield "bands", "phải đi từ 5 sao xuống 1 sao."
    if bool(bands) != bool(parts):
        yield "parts", "khung điểm và điểm từng phần phải đi cùng nhau."
    if parts and set(parts) != {"A", "B", "C"}:
        yield "parts", "phải có ba phần A, B, C."
    if parts and (not all(map(_whole, parts.values())) or sum(parts.values()) != 100):
        yield "parts", "tổng các phần phải bằng 100."
    for level, rule in content["goes_up"].items():
        if level not in content["levels"]:
            yield f"goes_up.{level}", "cấp này không đánh giá."
        if not rule or not set(rule) <= {"min_points", "min_stars"}:
            yield f"goes_up.{level}", "phải có min_points, min_stars, hoặc cả hai."
        if not all(map(_whole, rule.values())):
            yield f"goes_up.{level}", "phải là số nguyên không âm."
        if not bands and "min_stars" not in rule:
            yield f"goes_up.{level}", "không có khung điểm thì phải xét theo sao."


def _clocks(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    waits = content["refile_wait_days"]
    if set(waits) != {"idea", "plan"} or not all(map(_whole, waits.values())):
        yield "refile_wait_days", "phải nêu số ngày của idea và plan."
    months = content["certificate_months"]
    if months is not None and not (_whole(months) and months):
        yield "certificate_months", "phải là số tháng lớn hơn 0."
    for name, term in content["terms"].items():
        key = f"terms.{name}"
        if term["unit"] not in UNITS_OF_TIME:
            yield key, f"không biết đơn vị «{term['unit']}»."
        if "article" not in term:
            yield key, "thiếu article (để null khi chưa biết điều khoản)."
        if term["unit"] == "date":
            for day in term["dates"]:
                try:
                    date.fromisoformat(f"2001-{day}")
                except ValueError:
                    yield key, f"không có ngày «{day}»."
            continue
        if ("from" in term) == ("before" in term):
            yield key, "cần đúng một mốc tính: from hoặc before."
        for part in ("length",) if "length" in term else ("opens", "closes"):
            if not (_whole(term[part]) and term[part]):
                yield key, f"{part} phải là số lớn hơn 0."


def _term_rules(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    windows = {(row["step"], row["level"]) for row in content["windows"]}
    for row in content["clocks"]:
        key = f"clocks.{row['code']}"
        if row["level"] not in LEVELS or row["role"] not in ROLES:
            yield key, "không biết cấp hoặc vai trò."
        if row.get("subject", "dossier") not in ("dossier", "certificate", "cycle"):
            yield key, f"không biết đối tượng «{row['subject']}»."
        if sum(name in row for name in ("amount", "dates", "on", "window")) != 1:
            yield key, "cần đúng một trong amount, dates, on, window."
        if "amount" in row and (not _whole(row["amount"]) or row["unit"] not in ("wd", "d", "m")):
            yield key, "độ dài phải là số nguyên, tính bằng wd, d hoặc m."
        if "window" in row and tuple(row["window"]) not in windows:
            yield key, "không có thời gian thực hiện bước này."
        for name in ("on", "starts_before"):
            try:
                date.fromisoformat(row.get(name, "2001-01-01"))
            except ValueError:
                yield key, f"không có ngày «{row[name]}»."
        if "dates" in row:
            try:
                date.fromisoformat(f"2001-{row['dates'].lstrip('+')}")
            except ValueError:
                yield key, f"không có ngày «{row['dates']}»."
    if twice := _repeated(row["code"] for row in content["clocks"]):
        yield f"clocks.{twice}", "lặp lại."


#: Unit in ``terms`` -> unit in ``clocks``.
UNIT_OF_CLOCK = {"working_days": "wd", "calendar_days": "d", "months": "m"}


def _one_list(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    """``terms`` (the law) and ``clocks`` (what runs) must agree, code by code."""
    terms = content["terms"]
    if (ends := terms.get("D9")) and ends["length"] != content["certificate_months"]:
        yield "certificate_months", "khác terms.D9."
    for row in content["clocks"]:
        code, _dot, part = row["code"].partition(".")
        term = terms.get(code)
        if term is None:
            continue
        if (term.get("from") == "certificate") != (row.get("subject") == "certificate"):
            yield f"clocks.{row['code']}", f"đối tượng khác terms.{code}."
        if "amount" in row and "length" in term:
            said = term["length"], UNIT_OF_CLOCK[term["unit"]]
            if (row["amount"], row["unit"]) != said:
                yield f"clocks.{row['code']}", f"độ dài khác terms.{code}."
        day = row.get("dates", "").lstrip("+")
        if day and "dates" in term and day != term["dates"][int(part) - 1]:
            yield f"clocks.{row['code']}", f"ngày khác terms.{code}."


def _evidence(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    for key in ("evidence_kinds", "product_groups"):
        for row in content[key]:
            if not (row["code"] and row["label"]):
                yield key, "mỗi dòng phải có code và label."
        if twice := _repeated(row["code"] for row in content[key]):
            yield key, f"lặp lại «{twice}»."
    for row in content["evidence_kinds"]:
        if row["criteria_part"] not in (*(content["parts"] or ()), None):
            yield "evidence_kinds", f"«{row['code']}» thuộc phần không có."
    kinds = {row["code"] for row in content["evidence_kinds"]}
    if set(content["compulsory"]) != set(CASE_TYPES):
        yield "compulsory", f"phải nêu đủ {', '.join(CASE_TYPES)}."
    for case_type, codes in content["compulsory"].items():
        for code in codes:
            if code not in kinds:
                yield f"compulsory.{case_type}", f"không có loại tài liệu «{code}»."
        if twice := _repeated(codes):
            yield f"compulsory.{case_type}", f"lặp lại «{twice}»."


def _samples(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    rule = content.get("samples")
    if rule is None:
        return
    if not (_whole(rule["count"]) and rule["count"]):
        yield "samples", "count phải là số lớn hơn 0."
    groups = {row["code"] for row in content["product_groups"]}
    for group in rule["except"]:
        if group not in groups:
            yield "samples", f"không có nhóm sản phẩm «{group}»."


def _reevaluation(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    rule = content.get("reevaluation")
    if rule is None:
        return
    if set(rule) != {"report", "visits"} or type(rule["report"]) is not bool:
        yield "reevaluation", "phải nêu report (true hoặc false) và visits."
    for ground in rule["visits"]:
        if ground not in VISIT_GROUNDS:
            yield "reevaluation", f"không biết căn cứ «{ground}»."


def _windows(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    for row in content["windows"]:
        if row["step"] not in Step.values:
            yield "windows", f"không biết bước «{row['step']}»."
        key = f"windows.{row['step']}"
        if row["level"] not in ACTING[content["procedure"]]:
            yield key, f"cấp «{row['level']}» không thực hiện."
        first, last = row["months"]
        for month in (first, last, row.get("peak", first)):
            if month not in range(1, 13):
                yield key, f"không có tháng {month}."
    if twice := _repeated((row["step"], row["level"]) for row in content["windows"]):
        yield f"windows.{twice[0]}", f"cấp «{twice[1]}» lặp lại."


def _duties(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    for row in content["duties"]:
        key = f"duties.{row['node']}"
        if row["level"] not in ACTING[content["procedure"]]:
            yield key, f"cấp «{row['level']}» không thực hiện."
        if row["role"] not in ROLES:
            yield key, f"không biết vai trò «{row['role']}»."
        if row["working_days"] not in range(1, 366):
            yield key, "số ngày làm việc phải từ 1 đến 365."
        if row["source"] not in ("configuration", *content["terms"]):
            yield key, f"không có thời hạn «{row['source']}»."
    nodes = [row["node"] for row in content["duties"]]
    if twice := _repeated(nodes):
        yield f"duties.{twice}", "lặp lại."
    if odd := sorted(set(nodes) ^ set(NODES[content["procedure"]])):
        yield "duties", f"thừa hoặc thiếu: {', '.join(odd)}."


def _unverified(content: dict[str, Any], path: Path | str) -> Iterator[tuple[str, str]]:
    for key in content["unverified"]:
        found = content
        for name in key.split("."):
            if name not in found:
                yield "unverified", f"không có khóa «{key}»."
            found = found[name]


RULES = {
    "": _schema,
    "valid_from": _period,
    "levels": _levels,
    "bands": _points,
    "terms": _clocks,
    "evidence_kinds": _evidence,
    "samples": _samples,
    "reevaluation": _reevaluation,
    "windows": _windows,
    "clocks": _term_rules,
    "certificate_months": _one_list,
    "duties": _duties,
    "unverified": _unverified,
}


def _whole(value: object) -> bool:
    return type(value) is int and value >= 0


def _repeated(values: Iterable[Any]) -> Any:
    return next((value for value, times in Counter(values).items() if times > 1), None)

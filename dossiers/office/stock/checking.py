"""Every line of a list looked at: what it is, what is wrong with which cell, what it would make."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from cycle import clock
from cycle.models import OrgUnit, fold, fold_number
from cycle.sheets import (
    Row,
    Sheet,
    clean,
    column_name,
    is_heading,
    is_note,
    is_total,
    names_in,
)
from cycle.units import Answer, Places
from cycle.workdays import add_months
from cycle.written import OLD_FONT, is_of_old_font, shortened
from dossiers.models import (
    Certificate,
    CertificateNumber,
    Producer,
    Product,
    RowKind,
    StockBatch,
    StockRow,
)
from dossiers.models.product import maker_key, product_key
from dossiers.office.stock import cells, totals
from dossiers.office.stock.cells import Unread
from dossiers.office.stock.columns import FIELDS, NEEDED

ERROR, WARNING = "error", "warning"
#: How long a certificate of before holds (QĐ 1048, QĐ 148: 36 tháng).
MONTHS = 36
#: So many questions on a page.
ASKED = 40
#: How deep a merged cell reaches at most.
DEEPEST = 5000
#: The centre certifies: a certificate whose issuer has no unit here.
CENTRE = "centre"


@dataclass
class Line:
    """A line on its way: the cells by field, and what stood above it."""

    line: int
    kind: str = RowKind.DATA
    text: str = ""
    #: field -> (cell as a person sees it, value)
    raw: dict[str, tuple[str, Any]] = field(default_factory=dict)
    group: str = ""
    district: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    known: bool = False

    def fault(self, name: str, text: object, suggestion: object = "", level: str = ERROR) -> None:
        """Note what is wrong with the field ``name``, once for each cell and sentence."""
        cell = self.raw.get(name, ("", ""))[0]
        fault = {
            "field": name,
            "cell": cell,
            "level": level,
            "text": str(text),
            "suggestion": str(suggestion),
        }
        if fault not in self.faults:
            self.faults.append(fault)

    @property
    def wrong(self) -> set[str]:
        """The fields with an error."""
        return {fault["field"] for fault in self.faults if fault["level"] == ERROR}


#: Only a line of data says these.
TELLING = {"decision_number", "decision_on", "number", "commune", "issued_on", "step", "since"}


class Lines:
    """The lines of a sheet below its heads, each told what it is."""

    def __init__(self, sheet: Sheet, batch: StockBatch, places: Places):
        self.sheet, self.batch, self.places = sheet, batch, places
        self.columns = batch.columns
        self.group = self.district = ""
        self.merged = self._merged()

    def _merged(self) -> dict[tuple[int, int], Any]:
        """(line, column) -> value of the cells below the first one of a merged range."""
        at = {row.line: row for row in self.sheet.rows}
        wanted = set(self.columns.values())
        found: dict[tuple[int, int], Any] = {}
        for top, left, bottom, _right in self.sheet.merged:
            row = at.get(top)
            if left not in wanted or row is None or left >= len(row.cells) or bottom == top:
                continue
            for line in range(top + 1, min(bottom, top + DEEPEST) + 1):
                found[line, left] = row.cells[left]
        return found

    def __iter__(self) -> Iterator[Line]:
        wide = {
            top: right - left for top, left, _bottom, right in self.sheet.merged if right > left
        }
        for row in self.sheet.rows:
            if row.line >= self.batch.first_line:
                yield self.line(row, wide.get(row.line, 0))

    def line(self, row: Row, wide: int) -> Line:
        """What the line is; a heading is remembered for the lines below it."""
        made = Line(row.line)
        for name, column in self.columns.items():
            value = row.cells[column] if column < len(row.cells) else ""
            if value == "":
                value = self.merged.get((row.line, column), "")
            made.raw[name] = f"{column_name(column)}{row.line}", value
        said = [value for _column, value in row.said()]
        words = list(dict.fromkeys(fold(str(value)) for value in said))
        made.text = " | ".join(map(_shown, said))[:300]
        made.kind = self._kind(row, said, words, wide)
        if made.kind == RowKind.HEADING:
            text = " ".join(str(value) for value in said)
            if found := cells.group_in(text):
                self.group = found
            if unit := self.places.named_district(str(said[-1])):
                self.district = unit.name
        made.group, made.district = self.group, self.district
        return made

    def _kind(self, row: Row, said: list[Any], words: list[str], wide: int) -> str:
        has = {
            name
            for name, column in self.columns.items()
            if column < len(row.cells) and row.cells[column] != ""
        }
        telling = has & TELLING
        if is_total(words) and not telling:
            return RowKind.TOTAL
        if is_note(words):
            return RowKind.NOTE
        if len(words) > 3 or telling or "stars" in has and "producer" in has:
            return RowKind.DATA
        named = names_in(words)
        if len(named) == 1:
            text = str(next(value for value in said if fold(str(value)) == named[0]))
            if (
                is_heading(words)
                or wide >= 2
                or cells.group_in(text)
                or self.places.named_district(text)
            ):
                return RowKind.HEADING
            if "product" not in has and "producer" not in has:
                return RowKind.NOTE
        return RowKind.DATA if named else RowKind.NOTE


def maker_of(line: Line) -> tuple[str, int | None]:
    """A producer as it is compared: its name in its commune."""
    return maker_key(line.values.get("producer", "")), line.values.get("commune")


class Checker:
    """All lines of one batch beside each other and beside what is here already: certificates, and
    what lists of other kinds share.
    """

    def __init__(self, batch: StockBatch, places: Places | None = None):
        self.batch, self.places = batch, places or Places()
        self.today = clock.today()
        self.province: OrgUnit = batch.org_unit
        self.asked: dict[str, dict[str, Any]] = {}
        self.here = _Here(self.places)

    def check(self, lines: list[Line]) -> None:
        """Read the cells of each line, then compare the lines."""
        data = [line for line in lines if line.kind == RowKind.DATA]
        for line in data:
            self.read(line)
        self.compare(data)

    # --- One line -----------------------------------------------------------------------------

    def read(self, line: Line) -> None:
        """The values of a line, and what is wrong with its cells."""
        self._read_cells(line)
        if "decision_number" in line.values:
            self._split_decision(line)
        self._group_and_owner(line)
        self._place(line)
        self._days(line)
        self._edition(line)
        self._issuer(line)
        self._status(line)

    def _read_cells(self, line: Line) -> None:
        for name, (_cell, value) in line.raw.items():
            if value == "":
                continue
            if isinstance(value, str) and re.fullmatch(r"#[A-Z/0-9]+[!?]?", value):
                line.fault(name, _("Ô có lỗi công thức %(text)s.") % {"text": value})
                continue
            self._read_cell(line, name, value)
        self._require(line)

    def _read_cell(self, line: Line, name: str, value: Any) -> None:
        text = value if isinstance(value, str) else _shown(value)
        longest = FIELDS[name].longest
        if len(text) > longest:
            line.fault(
                name,
                _("Dài %(length)s ký tự, nhiều nhất %(limit)s.")
                % {"length": len(text), "limit": longest},
                f"{text[: longest // 2].rsplit(' ', 1)[0]}…",
            )
            return
        if is_of_old_font(text):
            line.fault(name, OLD_FONT)
            return
        reader = cells.READERS.get(name)
        if reader is None:
            line.values[name] = text
            return
        try:
            found = reader(value)
        except Unread as unread:
            # A telephone number keeps nobody from being entered.
            level = WARNING if name == "phone" else ERROR
            if name == "phone":
                line.values[name] = text[:20]
            line.fault(name, unread.text, unread.suggestion, level)
        else:
            line.values[name] = found.isoformat() if isinstance(found, date) else found

    def _require(self, line: Line) -> None:
        for name in NEEDED[self.batch.kind]:
            if name in line.values or name in line.wrong:
                continue
            line.fault(
                name,
                _("Ô trống (hoặc công thức chưa có kết quả): cần %(field)s.")
                % {"field": str(FIELDS[name].label).lower()},
            )
        for name in ("product", "producer"):
            text = line.values.get(name, "")
            if text and not re.search(r"[^\W\d_]", text):
                line.fault(name, _("Tên phải có chữ."))

    def _split_decision(
        self, line: Line, name: str = "decision_number", day: str = "decision_on"
    ) -> None:
        """The number of a decision, and its day where one cell holds both."""
        number, written_day = cells.decision(line.values[name])
        if written_day and day not in line.values and day not in line.wrong:
            try:
                line.values[day] = cells.day(written_day).isoformat()
            except Unread as unread:
                line.fault(name, unread.text, unread.suggestion)
        try:
            number = cells.symbol(number)
        except Unread as unread:
            line.fault(name, unread.text)
        if not number:
            line.fault(name, _("Thiếu số quyết định."))
        elif len(number) > 60:
            line.fault(name, _("Số quyết định dài quá 60 ký tự."))
        elif not re.search(r"[0-9]", number):
            line.fault(name, _("Số quyết định phải có chữ số."))
        line.values[name] = number

    def _group_and_owner(self, line: Line) -> None:
        values = line.values
        if "product_group" not in values and "product_group" not in line.wrong:
            if line.group:
                values["product_group"] = line.group
            else:
                line.fault(
                    "product_group",
                    _("Chưa biết nhóm sản phẩm: thêm cột, hoặc dòng tên nhóm ở trên."),
                )
        if "owner_type" not in values and "owner_type" not in line.wrong and "producer" in values:
            if found := cells.owner_in(values["producer"]):
                values["owner_type"] = found
            else:
                at = "owner_type" if "owner_type" in line.raw else "producer"
                line.fault(
                    at,
                    _("Chưa biết loại hình chủ thể của «%(name)s».")
                    % {"name": values["producer"][:60]},
                    _("Hộ, HTX, THT, Công ty, Trang trại, Hội"),
                )

    # --- Where --------------------------------------------------------------------------------

    def _place(self, line: Line) -> None:
        values = line.values
        text, district = values.pop("commune", ""), values.pop("district", "") or line.district
        at = "commune"
        if not text and "commune" not in line.wrong:
            text = self.places.in_address(values.get("address", ""))
            at = "commune" if "commune" in line.raw else "address"
        parts = [values.get("address", ""), text, district]
        if self.places.in_address(values.get("address", "")) == text:
            parts[1] = ""
        if district and fold(district) in fold(" ".join(parts[:2])):
            parts[2] = ""
        values["place"] = shortened(", ".join(part for part in parts if part), 250)
        values["district"] = district
        if not text:
            if "commune" not in line.wrong:
                line.fault(at, _("Chưa biết xã, phường nào."))
            return
        if district and self.places.district(district).like:
            near = self.places.district(district).units
            line.fault(
                "district" if line.raw.get("district", ("", ""))[1] else at,
                _("Không có huyện «%(name)s».") % {"name": district[:60]},
                ", ".join(unit.name for unit in near),
                WARNING,
            )
        answer = self.places.commune(text, district)
        if answer.old is not None:
            values["old_commune"] = answer.old.pk
        unit = answer.unit
        if unit is None:
            unit = self._asked(line, at, text, district, answer)
        if unit is None:
            return
        if unit.at_level("province") != self.province:
            line.fault(
                at, _("«%(name)s» không thuộc %(province)s.")
                % {"name": unit.name, "province": self.province.name}
            )  # fmt: skip
            return
        values["commune"] = unit.pk

    def _asked(
        self, line: Line, at: str, text: str, district: str, answer: Answer
    ) -> OrgUnit | None:
        """What was answered for this line, or for the whole sheet; without an answer it is asked,
        and a fault. However an old commune is written, it is one question.
        """
        shown = f"{text}, {district}" if district else text
        key = f"commune:{fold(text)}|{fold(district)}"
        if answer.old is not None:
            key, shown = f"commune:old:{answer.old.pk}", self.places.called(answer.old)
        question = self._question(key, shown, line)
        question["like"] = answer.like
        question["options"] = [[unit.pk, self.places.called(unit)] for unit in answer.units]
        for said in (f"row:{line.line}", key):
            answered = self.places.units.get(self.batch.answers.get(said, 0))
            if answered is not None and self.places.exists(answered):
                if said == key:
                    question["answer"] = answered.pk
                else:
                    question["elsewhere"].append([line.line, answered.name])
                return answered
        if text.isdecimal():
            line.fault(at, _("Tỉnh này không có xã, phường mã «%(code)s».") % {"code": text[:20]})
            self.asked.pop(key)
            return None
        if answer.like:
            sentence = _("Không có xã, phường «%(name)s» (nay và trước sắp xếp).")
        elif answer.units:
            sentence = _("«%(name)s» nay thuộc nhiều xã, phường: hãy trả lời một lần ở câu hỏi.")
        else:
            sentence = _("«%(name)s» đã kết thúc mà chưa ghi đơn vị kế thừa.")
        names = ", ".join(self.places.called(unit) for unit in answer.units[:5])
        line.fault(at, sentence % {"name": shown[:80]}, names)
        return None

    def _question(self, key: str, shown: str, line: Line) -> dict[str, Any]:
        """What is asked once for the whole sheet, with the lines that it settles."""
        question = self.asked.setdefault(
            key,
            {"key": key, "text": shown, "lines": [], "count": 0, "elsewhere": [], "options": []},
        )
        question["count"] += 1
        if len(question["lines"]) < 5:
            question["lines"].append(line.line)
        return question

    # --- When ---------------------------------------------------------------------------------

    def _days(self, line: Line) -> None:
        values = line.values
        decided, issued = values.get("decision_on"), values.get("issued_on")
        if not decided and not issued:
            if not {"decision_on", "issued_on", "decision_number"} & line.wrong:
                at = next(
                    (n for n in ("decision_on", "issued_on") if n in line.raw), "decision_number"
                )
                line.fault(at, _("Thiếu ngày quyết định và ngày cấp."))
            return
        if not decided and "decision_on" not in line.wrong:
            values["decision_on"] = decided = issued
            line.fault(
                "issued_on",
                _("Không ghi ngày quyết định: lấy ngày cấp %(day)s.") % {"day": shown_day(issued)},
                level=WARNING,
            )
        if not issued and "issued_on" not in line.wrong:
            values["issued_on"] = issued = decided
        if not decided or not issued:
            return
        before = set(line.wrong)
        for name, day in {"decision_on": decided, "issued_on": issued}.items():
            if name == "issued_on" and issued == decided:
                continue
            # A cell may hold the decision with its day.
            at = name if line.raw.get(name, ("", ""))[1] != "" else "decision_number"
            if day > self.today.isoformat():
                line.fault(at, _("Ngày %(day)s ở tương lai.") % {"day": shown_day(day)})
        if line.wrong - before:
            return
        if issued < decided:
            line.fault(
                "issued_on",
                _("Ngày cấp %(issued)s trước ngày quyết định %(decided)s.")
                % {"issued": shown_day(issued), "decided": shown_day(decided)},
            )
        reckoned = add_months(date.fromisoformat(issued), MONTHS).isoformat()
        ends = values.get("expires_on")
        if not ends:
            if "expires_on" not in line.wrong:
                values["expires_on"] = reckoned
        elif ends <= issued:
            line.fault(
                "expires_on",
                _("Ngày hết hạn %(ends)s không sau ngày cấp %(issued)s.")
                % {"ends": shown_day(ends), "issued": shown_day(issued)},
                shown_day(reckoned),
            )
        elif ends != reckoned:
            line.fault(
                "expires_on",
                _(
                    "Hết hạn %(ends)s, nhưng 36 tháng từ ngày cấp là %(reckoned)s: "
                    "ghi theo danh sách."
                )
                % {"ends": shown_day(ends), "reckoned": shown_day(reckoned)},
                shown_day(reckoned),
                WARNING,
            )

    def _edition(self, line: Line) -> None:
        values = line.values
        if "edition" in line.wrong or not values.get("decision_on"):
            return
        of_day = cells.edition_of(date.fromisoformat(values["decision_on"]))
        given = values.setdefault("edition", of_day)
        if given != of_day:
            line.fault(
                "edition",
                _("Ngày %(day)s quy định có hiệu lực là %(edition)s: ghi theo danh sách.")
                % {"day": shown_day(values["decision_on"]), "edition": of_day},
                of_day,
                WARNING,
            )

    def _issuer(self, line: Line) -> None:
        """Whose number it is: a unit, or None for the ministry."""
        values, text = line.values, line.values.pop("issuer", "")
        if "issuer" in line.wrong:
            return
        if not text:
            self._default_issuer(line)
            return
        words = fold(text)
        if re.search(r"\b(bo|trung uong|bo nong nghiep|bo nn)\b", words) and "bo phan" not in words:
            values["issuer"] = None
        elif "tinh" in words.split() or words in ("tinh", "ubnd tinh", "cap tinh"):
            self._province_issuer(line, words)
        elif words in ("huyen", "cap huyen", "ubnd huyen"):
            values.pop("issuer", None)
            self._district_issuer(line)
        else:
            found = self.places.district(text)
            if found.like or not found.units:
                line.fault(
                    "issuer",
                    _("Không biết cơ quan «%(name)s».") % {"name": text[:60]},
                    ", ".join([*(unit.name for unit in found.units), self.province.name]),
                )
            elif len(found.units) > 1:
                line.fault("issuer", _("Có nhiều huyện tên này."))
            elif found.units[0].at_level("province") not in self._provinces():
                line.fault("issuer", _("Huyện này không thuộc tỉnh."))
            else:
                values["issuer"] = found.units[0].pk
        if "issuer" in values:
            self._check_certifier(line)

    def _provinces(self) -> list[OrgUnit]:
        """The province and those that it took over."""
        return [
            unit
            for named in self.places.provinces.values()
            for unit in named
            if self.province.pk in self.places.heirs(unit)
        ]

    def _gone(self) -> list[str]:
        """The folded names of the provinces that went into this one and are no units here."""
        return [fold(each).strip() for each in self.province.aliases.split(";") if each.strip()]

    def _province_issuer(self, line: Line, words: str) -> None:
        name = re.sub(r"^.*?\btinh\b\s*", "", words)
        ours = {
            re.sub(r"^(tinh|thanh pho) ", "", fold(unit.name)): unit for unit in self._provinces()
        }
        if not name:
            line.values["issuer"] = self.province.pk
        elif name in ours:
            line.values["issuer"] = ours[name].pk
        elif name in {re.sub(r"^(tinh|thanh pho) ", "", each) for each in self._gone()}:
            line.values["issuer"] = self.province.pk
            line.fault(
                "issuer",
                _("«%(name)s» nay là %(unit)s: ghi là %(unit)s cấp.")
                % {"name": line.raw["issuer"][1], "unit": self.province.name},
                level=WARNING,
            )
        else:
            line.fault(
                "issuer",
                _("«%(name)s» không phải tỉnh này.") % {"name": line.raw["issuer"][1]},
                self.province.name,
            )

    def _default_issuer(self, line: Line) -> None:
        values = line.values
        stars, edition = values.get("stars"), values.get("edition")
        if not stars or not edition:
            return
        if stars == 5:
            values["issuer"] = None
        elif edition == "148" and stars == 3:
            self._district_issuer(line)
        else:
            values["issuer"] = self.province.pk

    def _district_issuer(self, line: Line) -> None:
        """The district of before that the commune lay in."""
        values = line.values
        at = "issuer" if "issuer" in line.raw else "commune"
        named = self.places.district(values.get("district", "")) if values.get("district") else None
        if named is not None and len(named.units) == 1 and not named.like:
            values["issuer"] = named.units[0].pk
            return
        old = self.places.units.get(values.get("old_commune", 0))
        if old is not None and old.parent is not None and old.parent.level == "district":
            values["issuer"] = old.parent_id
        elif not {"commune", "address"} & line.wrong:
            line.fault(
                at,
                _("3 sao theo QĐ 148 do huyện cấp: chưa biết huyện nào, hãy ghi cơ quan cấp."),
                ", ".join(unit.name for unit in self.places.districts_of(self.province)[:12]),
            )

    def _check_certifier(self, line: Line) -> None:
        stars, edition = line.values.get("stars"), line.values.get("edition")
        issuer = line.values["issuer"]
        if not stars or not edition:
            return
        level = "centre" if issuer is None else self.places.units[issuer].level
        due = "centre" if stars == 5 else "province"
        if edition == "148" and stars == 3:
            due = "district"
        if level != due and edition != "851":
            names = {"centre": _("Bộ"), "province": _("tỉnh"), "district": _("huyện")}
            line.fault(
                "issuer",
                _("Theo QĐ %(edition)s, %(stars)s sao do %(level)s cấp: ghi theo danh sách.")
                % {"edition": edition, "stars": stars, "level": names[due]},
                level=WARNING,
            )

    def _status(self, line: Line) -> None:
        values = line.values
        said, ends = values.get("status", ""), values.get("expires_on", "")
        if said == "revoked" or values.get("revoked_on"):
            values["status"] = "revoked"
            day = values.get("revoked_on")
            if not day:
                if "revoked_on" not in line.wrong:
                    at = "revoked_on" if "revoked_on" in line.raw else "status"
                    line.fault(at, _("Đã thu hồi thì cần ngày thu hồi."))
            elif day > self.today.isoformat():
                line.fault("revoked_on", _("Ngày %(day)s ở tương lai.") % {"day": shown_day(day)})
            elif values.get("issued_on") and day < values["issued_on"]:
                line.fault("revoked_on", _("Ngày thu hồi trước ngày cấp."))
            return
        over = bool(ends) and ends < self.today.isoformat()
        if said == "expired" and ends and not over:
            line.fault(
                "status",
                _("Ghi hết hạn, nhưng có giá trị đến %(ends)s.") % {"ends": shown_day(ends)},
                level=WARNING,
            )
        elif said == "valid" and over:
            line.fault(
                "status",
                _("Ghi còn hạn, nhưng đã hết hạn ngày %(ends)s.") % {"ends": shown_day(ends)},
                level=WARNING,
            )
        values["status"] = "expired" if over else "valid"

    # --- Beside each other, and beside what is here ---------------------------------------------

    def compare(self, lines: list[Line]) -> None:
        """Find what is twice in the list, and what is here already."""
        numbers: dict[tuple[Any, ...], int] = {}
        papers: dict[tuple[Any, ...], int] = {}
        signers: dict[tuple, tuple[str, int]] = {}
        for line in lines:
            values = line.values
            maker = maker_of(line)
            self._recognise(line, maker)
            issued = values.get("issued_on", "")
            if values.get("number") and issued and "issuer" in values:
                key = values["issuer"], issued[:4], fold_number(values["number"])
                if first := numbers.setdefault(key, line.line):
                    if first != line.line:
                        line.fault("number", _("Số này trùng với dòng %(line)s.") % {"line": first})
                    elif other := self.here.numbers.get((key[0], int(key[1]), key[2])):
                        self._is_here(line, "number", other)
            elif not values.get("number") and "number" not in line.wrong:
                line.fault(
                    "number", _("Không có số giấy: không tra cứu được theo số."), level=WARNING
                )
            decided = values.get("decision_on", "")
            if decided and values.get("decision_number"):
                number = fold_number(values["decision_number"])
                paper = (*maker, product_key(values.get("product", "")), number, decided[:4])
                first = papers.setdefault(paper, line.line)
                if first != line.line:
                    line.fault(
                        "product",
                        _("Sản phẩm, chủ thể và quyết định này trùng với dòng %(line)s.")
                        % {"line": first},
                    )
                elif other := self.here.papers.get(
                    (values.get("product_id"), number, int(decided[:4]))
                ):
                    self._is_here(line, "product", other)
                self._one_decision(line, signers, number, decided)

    def _is_twice(self, line: Line, seen: dict[tuple[Any, ...], int]) -> bool:
        """Whether a line above has this product of this producer; then the cell says so."""
        key = product_key(line.values.get("product", "")), *maker_of(line)
        first = seen.setdefault(key, line.line) if all(key) else line.line
        if first == line.line:
            return False
        line.fault(
            "product", _("Sản phẩm và chủ thể này trùng với dòng %(line)s.") % {"line": first}
        )
        return True

    def _one_decision(
        self, line: Line, known: dict[tuple, tuple[str, int]], number: str, decided: str
    ) -> None:
        """A number of a year, of one body, is one decision of one day."""
        key = line.values.get("issuer", CENTRE), number, decided[:4]
        day, first = known.setdefault(key, (decided, line.line))
        if day != decided:
            at = "decision_on" if "decision_on" in line.raw else "decision_number"
            line.fault(
                at,
                _("Quyết định này ở dòng %(line)s ghi ngày %(day)s.")
                % {"line": first, "day": shown_day(day)},
                shown_day(day),
            )

    def _recognise(self, line: Line, maker: tuple[str, int | None]) -> None:
        """Tie the line to the producer and product that are here already."""
        values = line.values
        name, commune = maker
        producer = self.here.producers.get((name, commune)) if name and commune else None
        if producer is None:
            return
        values["producer_id"] = producer
        product = self.here.products.get((producer, product_key(values.get("product", ""))))
        if product is not None:
            values["product_id"] = product

    def _is_here(self, line: Line, name: str, other: str) -> None:
        if self.batch.skip_known:
            line.known = True
            line.fault(name, _("Đã có: %(what)s. Bỏ qua.") % {"what": other}, level=WARNING)
        else:
            line.known = True
            line.fault(name, _("Đã có trong hệ thống: %(what)s.") % {"what": other})


class _Here:
    """What is recorded already, by what a line would call it."""

    def __init__(self, places: Places):
        self._places, self._heirs = places, dict[int, int]()
        self.producers: dict[tuple[str, int], int] = {}
        for pk, name, commune in Producer.objects.values_list("pk", "name", "commune").order_by(
            "-pk"
        ):
            self.producers[maker_key(name), self.today(commune)] = pk
        self.products = {
            (producer, product_key(name)): pk
            for pk, name, producer in Product.objects.values_list(
                "pk", "name", "producer"
            ).order_by("-pk")
        }
        self.numbers = CertificateNumber.objects.taken()
        self.papers: dict[tuple, str] = {}
        rows = Certificate.objects.values_list(
            "product_name", "dossier__product",
            "decision__document__folded_number", "decision__document__year",
        )  # fmt: skip
        for name, product, decision, decided in rows:
            if decision:
                self.papers[product, decision, decided] = name

    def today(self, commune: int) -> int:
        """The unit of today that has what is the commune's; itself when that is not certain."""
        if commune not in self._heirs:
            after = self._places.heirs(self._places.units[commune])
            self._heirs[commune] = after.pop() if len(after) == 1 else commune
        return self._heirs[commune]


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, bool):
        return "1" if value else "0"
    return clean(str(value))


def shown_day(day: Any) -> str:
    """An ISO day as it is shown."""
    return f"{date.fromisoformat(day):%d/%m/%Y}"


# --- A whole batch --------------------------------------------------------------------------------


def check(
    batch: StockBatch, sheet: Sheet, kind_of_checker: type[Checker] = Checker
) -> list[StockRow]:
    """The rows of the batch as they would be kept, unsaved; its questions, figures and counts are
    set on it.
    """
    places = Places()
    lines = list(Lines(sheet, batch, places))
    checker = kind_of_checker(batch, places)
    checker.check(lines)
    # Those that settle most lines first; a column of other things would ask without end.
    asked = sorted(checker.asked.values(), key=lambda each: -each["count"])
    batch.questions = asked[:ASKED]
    batch.counts = counts(lines, leaves_out=batch.skip_known)
    above = [
        (row.line, totals.said(row.cells, total=False))
        for row in sheet.rows
        if row.line < (batch.head_line or batch.first_line)
    ]
    below = [
        (line.line, totals.said(_cells(sheet, line.line), total=True))
        for line in lines
        if line.kind == RowKind.TOTAL
    ]
    batch.totals = totals.compare([*above, *below], batch.counts)
    return [row_of(batch, line) for line in lines]


def _cells(sheet: Sheet, line: int) -> tuple:
    return next((row.cells for row in sheet.rows if row.line == line), ())


def row_of(batch: StockBatch, line: Line) -> StockRow:
    """A line as it is kept beside the facts."""
    levels = Counter(fault["level"] for fault in line.faults)
    return StockRow(
        batch=batch,
        becomes=batch.kind,
        line=line.line,
        kind=line.kind,
        text=line.text,
        values=line.values,
        faults=line.faults,
        errors=levels[ERROR],
        warnings=levels[WARNING],
        known=line.known,
    )


def counts(lines: list[Line], *, leaves_out: bool = False) -> dict[str, int]:
    """What the list comes to, in numbers; ``leaves_out``: what is here already is not entered."""
    data = [line for line in lines if line.kind == RowKind.DATA]
    found: dict[str, int] = defaultdict(int)
    found["rows"] = len(data)
    found["passed_over"] = len(lines) - len(data)
    found["wrong"] = sum(bool(line.wrong) and not (leaves_out and line.known) for line in data)
    found["warned"] = sum(any(fault["level"] == WARNING for fault in line.faults) for line in data)
    found["known"] = sum(line.known for line in data)
    makers = {
        (maker_key(line.values["producer"]), line.values.get("commune"))
        for line in data
        if "producer" in line.values
    }
    found["producers"] = len(makers)
    for line in data:
        for name in ("stars", "product_group", "state"):
            if value := line.values.get(name):
                found[str(value)] += 1
    return dict(found)

"""People from a spreadsheet: each cell checked first, then all of them or none (danh sách).

Nothing is kept between the check and the entry but what the page sends back; the entry checks it
all again. A row is a person with one post; a second row of the same person at the same unit is a
second post.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import openpyxl
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from cycle import clock, sheets, written
from cycle.models import Document, OrgUnit, Role, RoleAssignment, User, fold
from cycle.units import Units, UnitUnknown
from dossiers.forms.shown import sealed
from dossiers.office import people
from dossiers.rules import administers_people

#: A province has some 100 officers; the check does in one request what the entry will.
MOST = 300
#: The head of the list stands within so many rows: titles come before it.
HEAD_WITHIN = 15

#: What each column may be called, folded; the first is what our own sheet says.
COLUMNS = {
    "full_name": ("Họ và tên", "Họ tên", "Tên cán bộ", "Họ và tên cán bộ", "Cán bộ"),
    "org_unit": ("Đơn vị", "Xã, phường", "Xã", "Xã/phường", "Tên đơn vị", "Đơn vị công tác"),
    "role": ("Vai trò", "Nhiệm vụ", "Chức vụ", "Chức danh"),
    "email": ("Thư điện tử", "Email", "E-mail", "Địa chỉ email"),
    "phone": ("Điện thoại", "Số điện thoại", "SĐT", "Di động"),
    "valid_from": ("Từ ngày", "Ngày bắt đầu"),
    "number": (
        "Số, ký hiệu văn bản", "Số và ký hiệu", "Số, ngày văn bản", "Văn bản", "Quyết định",
        "Số quyết định", "Số văn bản",
    ),
    "signed_on": ("Ngày ký văn bản", "Ngày ký", "Ngày văn bản", "Ngày quyết định"),
    "body": ("Cơ quan ban hành", "Nơi ban hành"),
    "signer": ("Người ký văn bản", "Người ký"),
    "signer_capacity": ("Chức vụ người ký",),
}  # fmt: skip
NEEDED = ("full_name", "org_unit", "role")
#: How long a text may be that an account or a post keeps.
LENGTHS = {
    "full_name": 150, "email": 254, "number": 60, "body": 200, "signer": 150,
    "signer_capacity": 150,
}  # fmt: skip
#: What says which document a post rests on: where one is said, all are.
OF_DOCUMENT = ("number", "signed_on", "body", "signer", "signer_capacity")
#: Days among the columns.
DAYS = ("valid_from", "signed_on")
#: A number with its day in one cell: «12/QĐ-UBND ngày 01/02/2026».
_WITH_DAY = re.compile(r"(.*?)[\s,;(]+(?:ngày\s+)?(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})\)?")
#: Other words for a role.
CALLED = {
    "can bo": Role.OFFICER, "chuyen vien": Role.OFFICER, "can bo phu trach ocop": Role.OFFICER,
    "chu tich": Role.LEADER, "pho chu tich": Role.LEADER, "lanh dao don vi": Role.LEADER,
    "thuong truc": Role.COUNCIL_OFFICE, "giam sat": Role.AUDITOR, "kiem tra": Role.AUDITOR,
}  # fmt: skip


#: What a line between people names, when it stands alone in it.
_LEVEL = re.compile(r"(cap|khoi) (tinh|huyen|xa|trung uong)\b|(ubnd|uy ban nhan dan|tinh|xa)\b")


@dataclass
class Entry:
    """One row as it was read: its line in the sheet and the text of each column."""

    line: int
    said: dict[str, str]
    #: What was understood of it.
    meant: dict = field(default_factory=dict)
    #: {column: sentences}; "" for the row as a whole.
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, column: str, sentence: object) -> None:
        """Note what is wrong in a cell."""
        self.wrong.setdefault(column if column in COLUMNS else "", []).append(str(sentence))

    @property
    def cells(self) -> list[tuple[str, Sequence[str]]]:
        """(text, sentences) of each column, for the page."""
        return [(self.said.get(name, ""), self.wrong.get(name, ())) for name in COLUMNS]

    @property
    def rest(self) -> Sequence[str]:
        """What is wrong with the row as a whole."""
        return self.wrong.get("", ())


class Roster:
    """The rows of one spreadsheet. ``people`` are the accounts made, once it was entered."""

    def __init__(self, entries: list[Entry], by: User) -> None:
        self.entries, self.by = entries, by
        self.people: list[User] = []
        #: Each paper that the rows name, once, by what they say of it.
        self._papers: dict[tuple[Any, ...], Document] = {}

    @property
    def faults(self) -> int:
        """How many cells are wrong."""
        return sum(len(said) for each in self.entries for said in each.wrong.values())

    @property
    def accounts(self) -> int:
        """How many people the rows are."""
        return len({each.meant["person"] for each in self.entries if "person" in each.meant})

    @property
    def lines(self) -> list[list[Any]]:
        """What the page sends back to enter it: plain lists of texts."""
        return [
            [each.line, *(each.said.get(name, "") for name in COLUMNS)] for each in self.entries
        ]

    @property
    def seal(self) -> str:
        """What is agreed to: the rows, and what was understood of each. Another is asked anew."""
        meant = [
            sorted((name, _plain(value)) for name, value in each.meant.items())
            for each in self.entries
        ]
        return sealed(self.by, None, self.lines, meant)

    def check(self) -> None:
        """Try it all and take it back; what is wrong is then said in ``entries``."""
        with transaction.atomic():
            self._try()
            transaction.set_rollback(True)
        self.people = []

    def enter(self) -> bool:
        """Make all accounts and posts, or none when a cell is wrong. Whether it was done."""
        with transaction.atomic():
            self._try()
            if self.faults:
                transaction.set_rollback(True)
                self.people = []
        return not self.faults

    def _try(self) -> None:
        # One moment for all rows: each would ask the database for it nine times.
        with clock.one_moment():
            self._make_all()

    def _make_all(self) -> None:
        self._papers = {}
        among = None if administers_people(self.by) else people.led_by(self.by)
        units = Units(clock.today(), among)
        for entry in self.entries:
            _understand(entry, units)
        self._find_doubles()
        right = [entry for entry in self.entries if not entry.wrong]
        if not right:
            return
        many, known = people.Enrolments(self.by), people.Doubles(map(_reaches, right))
        made: dict[tuple, User] = {}
        later = []
        for entry in right:
            if entry.meant["person"] in made:
                later.append(entry)
            else:
                self._enrol(entry, many, known, made)
        many.write()
        # Another post of a person is asked of the posts that they have by then.
        for entry in later:
            self._assign(entry, made[entry.meant["person"]])
        self.people = list(made.values())

    def _find_doubles(self) -> None:
        """What the sheet has twice, and who is here already."""
        seen: dict[tuple, int] = {}
        reached: dict[str, tuple] = {}
        for entry in self.entries:
            meant = entry.meant
            if not {"full_name", "org_unit", "role"} <= set(meant):
                continue
            who = meant["person"] = (fold(meant["full_name"]), meant["org_unit"].pk)
            post = (*who, meant["role"])
            if post in seen:
                entry.refuse(
                    "full_name", _("Trùng người và vai trò với dòng %(n)d.") % {"n": seen[post]}
                )
            seen.setdefault(post, entry.line)
            for name in ("email", "phone"):
                reach = meant.get(name)
                if reach and reached.setdefault(reach.lower(), who) != who:
                    entry.refuse(
                        name, _("Một người khác trong bảng cũng ghi «%(said)s».") % {"said": reach}
                    )

    def _enrol(
        self,
        entry: Entry,
        many: people.Enrolments,
        known: people.Doubles,
        made: dict[tuple[Any, ...], User],
    ) -> None:
        meant = entry.meant
        person = User(full_name=meant["full_name"], email=meant["email"], phone=meant["phone"])
        with _said_at_cells(entry):
            _check_new(meant, known)
            many.add(person, _post(meant), document=self._paper(meant))
            made[meant["person"]] = person

    def _assign(self, entry: Entry, person: User) -> None:
        post = _post(entry.meant)
        post.user = person
        with _said_at_cells(entry), transaction.atomic():
            people.assign(post, by=self.by, document=self._paper(entry.meant))

    def _paper(self, meant: dict[str, Any]) -> Document | None:
        """The document that a row names: one for all rows that say the same of it."""
        if not meant.get("number"):
            return None
        said = {name: meant[name] for name in OF_DOCUMENT}
        key = tuple(fold(value) if isinstance(value, str) else value for value in said.values())
        if key not in self._papers:
            self._papers[key] = Document(outside=said.pop("body"), **said)
        return self._papers[key]


def _plain(value: Any) -> str:
    """What a cell means, by what it is: a unit by its key and its name of today."""
    return f"{value.pk} {value}" if isinstance(value, OrgUnit) else str(value)


def _post(meant: dict[str, Any]) -> RoleAssignment:
    return RoleAssignment(
        role=meant["role"], org_unit=meant["org_unit"], valid_from=meant["valid_from"]
    )


def _reaches(entry: Entry) -> tuple[str, str, str]:
    meant = entry.meant
    return meant["full_name"], meant["email"], meant["phone"]


@contextmanager
def _said_at_cells(entry: Entry) -> Iterator[None]:
    """What is refused inside is said at the cells of the row."""
    try:
        yield
    except PermissionDenied:
        entry.refuse("org_unit", _("Bạn không phân công người ở đơn vị này."))
    except ValidationError as refused:
        said = getattr(refused, "message_dict", {"": refused.messages})
        for name, sentences in said.items():
            for sentence in sentences:
                entry.refuse({"user": "full_name"}.get(name, name), sentence)


def _check_new(meant: dict[str, Any], known: people.Doubles) -> None:
    """Raises ValidationError for who has an account already: it is theirs to go on with.

    Of the same name elsewhere there may well be another person.
    """
    for other in known.of(meant["full_name"], meant["email"], meant["phone"]):
        if (
            meant["org_unit"].pk in {post.org_unit_id for post in other.role_assignments.all()}
            or (meant["email"] and meant["email"].lower() == other.email.lower())
            or (meant["phone"] and meant["phone"] == other.phone)
        ):
            raise ValidationError(
                {
                    "full_name": _(
                        "Đã có tài khoản «%(username)s» của %(who)s: hãy xóa dòng này, rồi giao "
                        "thêm vai trò ở trang của người đó nếu cần."
                    )
                    % {"username": other.username, "who": other}
                }
            )


def read(content: bytes, filename: str, *, by: User) -> Roster:
    """The roster in a file. Raises :class:`~cycle.sheets.SheetRefused` when there is none in it."""
    for sheet in sheets.read(content, filename):
        wide = {top: right - left for top, left, _bottom, right in sheet.merged}
        for number in range(min(HEAD_WITHIN, len(sheet.rows))):
            columns, lines = _head(sheet.rows[number : number + 2])
            if not set(NEEDED) <= set(columns):
                continue
            entries = [
                Entry(below.line, said)
                for below in sheet.rows[number + lines :]
                if (said := _said(below, columns)).get("full_name") or said.get("role")
                if not _stands_between(below, said, wide.get(below.line, 0))
            ]
            return _bounded(entries, by)
    raise sheets.SheetRefused(
        _("Không thấy dòng tiêu đề có các cột: %(columns)s.")
        % {"columns": ", ".join(COLUMNS[name][0] for name in NEEDED)}
    )


def empty_sheet(among: Collection[int] | None = None) -> bytes:
    """An XLSX with the right columns; beside it the names of units (of these ids) and of roles."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Danh sách"
    sheet.append([names[0] for names in COLUMNS.values()])
    units = Units(clock.today(), among)
    for title, lines in (
        ("Đơn vị", [units.label(unit) for unit in units.existing()]),
        ("Vai trò", [str(role.label) for role in Role]),
    ):
        beside = book.create_sheet(title)
        for line in lines:
            beside.append([line])
    for column in "ABCDEFGHIJK":
        sheet.column_dimensions[column].width = 24
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def again(lines: object, *, by: User) -> Roster:
    """The roster that a page sends back. Raises :class:`~cycle.sheets.SheetRefused`."""
    entries = []
    for line in lines if isinstance(lines, list) else []:
        if not isinstance(line, list) or len(line) != len(COLUMNS) + 1:
            raise sheets.SheetRefused(_("Bảng gửi lại không đúng dạng: hãy tải tệp lên lần nữa."))
        number, *texts = line
        if not isinstance(number, int) or not all(isinstance(text, str) for text in texts):
            raise sheets.SheetRefused(_("Bảng gửi lại không đúng dạng: hãy tải tệp lên lần nữa."))
        clean = [sheets.clean(text[: sheets.MAX_TEXT * 4])[: sheets.MAX_TEXT] for text in texts]
        entries.append(Entry(number, dict(zip(COLUMNS, clean, strict=True))))
    return _bounded(entries, by)


def _bounded(entries: list[Entry], by: User) -> Roster:
    if not entries:
        raise sheets.SheetRefused(_("Dưới dòng tiêu đề không có người nào."))
    if len(entries) > MOST:
        raise sheets.SheetRefused(
            _("Bảng có hơn %(n)d dòng: hãy chia thành nhiều tệp.") % {"n": MOST}
        )
    return Roster(entries, by)


def _head(rows: list[sheets.Row]) -> tuple[dict[str, int], int]:
    """({column: its number}, lines it takes) of what may be the head: one line, or two of which the
    upper one names groups, «Văn bản» over «Số, ký hiệu văn bản» and «Người ký văn bản».
    """
    first, *rest = rows
    columns = _columns(first)
    for second in rest:
        own = _columns(second)
        # Of a person there is a name, a unit or a role below these words; of a head there is none.
        needed = {columns[name]: name for name in NEEDED if name in columns}
        is_head = all(
            _called(cell) == needed[number] for number, cell in second.said() if number in needed
        )
        if second.line == first.line + 1 and needed and is_head and set(own) - set(columns):
            return columns | own, 2
    return columns, 1


def _columns(row: sheets.Row) -> dict[str, int]:
    """{column: its number} of a line that may be the head."""
    found: dict[str, int] = {}
    for number, cell in row.said():
        if key := _called(cell):
            found.setdefault(key, number)
    return found


def _called(cell: object) -> str | None:
    """The column that a cell of the head names; None when it names none."""
    called = {fold(name): key for key, names in COLUMNS.items() for name in names}
    return called.get(re.sub(r"[*:]|\(.*?\)", "", fold(str(cell))).strip())


def _stands_between(row: sheets.Row, said: dict[str, str], wide: int) -> bool:
    """Whether a line is no person: «I | Cấp tỉnh», «Tổng cộng: 204», «Người lập biểu». One that
    lacks but its unit or its role is a person with a fault.
    """
    if sum(bool(said.get(name)) for name in COLUMNS) > 1:
        return False
    words = list(dict.fromkeys(fold(str(cell)) for _column, cell in row.said()))
    named = sheets.names_in(words)
    return (
        # «Tống» is a family name.
        any(re.match(r"(tong (cong|so)|cong)\b", word) for word in words[:2])
        or sheets.is_note(words)
        or sheets.is_heading(words)
        or (len(words) <= 2 and len(named) == 1 and (wide >= 2 or bool(_LEVEL.match(named[0]))))
    )


def _said(row: sheets.Row, columns: dict[str, int]) -> dict[str, str]:
    """The text of each column of a line, a day as it is written here."""
    said = {}
    for name, number in columns.items():
        cell = row.cells[number] if number < len(row.cells) else ""
        if name in DAYS and isinstance(cell, int | float):
            cell = sheets.from_serial(cell) or cell
        said[name] = f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell).strip()
    if not said.get("signed_on") and (both := _WITH_DAY.fullmatch(said.get("number", ""))):
        said["number"], said["signed_on"] = both.groups()
    return said


def _understand(entry: Entry, units: Units) -> None:
    """Read each cell; what cannot be read is said at it."""
    said, meant = entry.said, entry.meant
    meant.clear()
    entry.wrong = {}
    for name, most in LENGTHS.items():
        text = said.get(name, "")
        if len(text) > most:
            entry.refuse(name, _("Dài quá %(n)d ký tự.") % {"n": most})
        elif written.is_of_old_font(text):
            entry.refuse(name, written.OLD_FONT)
        else:
            meant[name] = text
    for name in NEEDED:
        if not said.get(name):
            entry.refuse(name, _("Thiếu «%(column)s».") % {"column": COLUMNS[name][0]})
            meant.pop(name, None)
    if said.get("org_unit"):
        try:
            meant["org_unit"] = units.meant(said["org_unit"])
        except UnitUnknown as refused:
            entry.refuse("org_unit", refused)
    if said.get("role"):
        if role := _role(said["role"]):
            meant["role"] = role
        else:
            entry.refuse(
                "role",
                _("Không biết vai trò «%(said)s». Có: %(roles)s.")
                % {"said": said["role"], "roles": ", ".join(str(each.label) for each in Role)},
            )
    if meant.get("email"):
        try:
            validate_email(meant["email"])
        except ValidationError:
            entry.refuse("email", _("Địa chỉ thư chưa đúng, ví dụ ten@tinh.gov.vn."))
    try:
        meant["phone"] = written.phone(said.get("phone", ""))
    except written.NotAPhone as refused:
        entry.refuse("phone", refused)
    for name in DAYS:
        try:
            day = meant[name] = written.day(said[name]) if said.get(name) else clock.today()
            if wrong := written.out_of_time(day, written.IN_SERVICE):
                entry.refuse(name, wrong)
        except written.NotADay as refused:
            entry.refuse(name, refused)
    if any(said.get(name) for name in OF_DOCUMENT):
        for name in OF_DOCUMENT:
            if not said.get(name):
                entry.refuse(name, _("Thiếu «%(column)s».") % {"column": COLUMNS[name][0]})


def _role(text: str) -> Role | None:
    wanted = fold(text)
    known = {fold(str(role.label)): role for role in Role} | {role.value: role for role in Role}
    return known.get(wanted) or CALLED.get(wanted)

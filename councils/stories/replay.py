"""Replay a past cycle from CSV files: each row is an act, done through the doors.

Rows with a council's results of one day become a round: its members hand in made-up sheets that add
up to the points of the rows, and the closing moves the dossiers on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from councils.models import Council, EvaluationRound, Regulation, Seat
from councils.stories import sitting
from cycle import clock, documents, tables, written
from cycle.models import (
    Cycle,
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    Rubric,
    RuleSet,
    User,
    fold,
)
from dossiers.models import (
    ACTS,
    ActNotPossible,
    ConditionNotMet,
    Dossier,
    Evaluation,
    Evidence,
    OfficialDocument,
    OwnerType,
    Payment,
    Producer,
    Product,
    ProductGroup,
    Review,
    SelfAssessment,
    SupportMeasure,
    Task,
)
from dossiers.walk import doors

DATA = Path(__file__).parent.parent / "data"

#: The acts that give a council's result.
JUDGEMENTS = {act.name for act in ACTS.values() if act.gives_result}
#: How long before its meeting a council prepares a round.
NOTICE = timedelta(days=7)

_ENDINGS: dict[str, str] = {
    Role.OFFICER: "",
    Role.LEADER: ".lanhdao",
    Role.COUNCIL_OFFICE: ".hoidong",
    Role.TRADE: ".congthuong",
    Role.DEPARTMENT: ".so",
    Role.CLERK: ".vanthu",
    Role.AUDITOR: ".kiemtra",
}
_KINDS_OF_UNIT = ("xã", "phường", "thị trấn", "huyện", "thị xã", "thành phố", "tỉnh")


class Posts:
    """Accounts for posts instead of persons: one per role and unit (tài khoản chức danh).

    They hold their role from ``since`` to ``until``; at a unit that had ended by then, from its
    first day. ``password`` is a hash, stored as it is; without one nobody can sign in.
    """

    def __init__(
        self, since: date, until: date | None = None, *, prefix: str = "", password: str = ""
    ) -> None:
        self.since, self.until, self.prefix, self.password = since, until, prefix, password
        self._known: dict[tuple[str, int], User] = {}

    def __call__(self, role: str, unit: OrgUnit) -> User:
        """The account of ``role`` at ``unit``, made if missing."""
        return self._known.get((role, unit.pk)) or self.make(role, unit)

    def make(self, role: str, unit: OrgUnit, username: str = "", full_name: str = "") -> User:
        """The account that holds ``role`` at ``unit``, made if missing."""
        user = self.account(
            username or self.username(role, unit), full_name or self.name(role, unit)
        )
        ended = unit.valid_to is not None and unit.valid_to < self.since
        RoleAssignment.objects.get_or_create(
            user=user,
            role=role,
            org_unit=unit,
            valid_from=unit.valid_from if ended else self.since,
            defaults={"valid_to": self.until},
        )
        return self._known.setdefault((role, unit.pk), user)

    def account(self, username: str, full_name: str) -> User:
        """The account ``username``, made without a post if missing."""
        user, new = User.objects.get_or_create(
            username=self.prefix + username, defaults={"full_name": full_name}
        )
        if new:
            if self.password:
                user.password = self.password
            else:
                user.set_unusable_password()
            user.save(update_fields=["password"])
        return user

    def council(self, unit: OrgUnit, judges: int) -> Iterator[tuple[str, User]]:
        """(seat, account) for the seats of a council of ``unit``.

        Accounts are such as «huyen.muongang.hoidong.uyvien2», as the persons are not known.
        """
        base, numbers = self.username(Role.COUNCIL_OFFICE, unit), {Seat.MEMBER: 0}
        for seat in sitting.seats(judges):
            number = ""
            if seat in numbers:
                numbers[seat] += 1
                number = str(numbers[seat])
            name = f"{Seat(seat).label} {number}".strip()
            yield (
                seat,
                self.account(
                    f"{base}.{fold(str(Seat(seat).label)).replace(' ', '')}{number}",
                    f"{name}, hội đồng {unit.name[0].lower()}{unit.name[1:]}",
                ),
            )

    @staticmethod
    def name(role: str, unit: OrgUnit) -> str:
        """«Cán bộ OCOP huyện Mường Ảng»."""
        return f"{Role(role).label} {unit.name[0].lower()}{unit.name[1:]}"

    @staticmethod
    def username(role: str, unit: OrgUnit) -> str:
        """«huyen.muongang.lanhdao»; the province is «tinh»."""
        name = unit.name.lower()
        kind = next(word for word in _KINDS_OF_UNIT if name.startswith(f"{word} "))
        parts = [kind] if kind == "tỉnh" else [kind, name.removeprefix(kind)]
        return ".".join(fold(part).replace(" ", "") for part in parts) + _ENDINGS[role]


def replay(year: int, folder: Path = DATA) -> Cycle | None:
    """Replay the cycle of ``year`` from the files in ``folder``; all or nothing.

    Returns the cycle, or None when it exists already. Raises CommandError when a file is missing,
    RowRefused naming the row that is wrong or that the doors refuse.
    """
    name = f"dien_bien_{year}"
    replayed = _Replay(folder / f"{name}_products.csv", folder / f"{name}.csv")
    with transaction.atomic():
        if not replayed.open_cycle(folder / f"{name}_cycle.csv", year):
            return None
        replayed.introduce()
        replayed.found(folder / f"{name}_organisations.csv")
        replayed.set_up_councils(folder / f"{name}_councils.csv")
        replayed.act()
        return replayed.close()


def _set_targets(said: str) -> Document:
    """The province's document that set the targets of a year, «211/QĐ-UBND ngày 24/2/2021»; who
    signed it the file does not say.
    """
    number, _, day = said.partition(" ngày ")
    made = Document(
        number=number,
        signed_on=written.day(day),
        outside="UBND tỉnh",
        does="decides",
        signer_capacity="Chưa rõ chức vụ",
        **documents.signed_by(""),
    )
    documents.issue(made, OrgUnit.objects.filter(level=Level.PROVINCE, valid_to=None))
    with clock.at(_morning(written.day(day)), replay=True):
        return documents.record(made, by=None)


class _Replay:
    """One replay: the files, and the rows made so far by their keys in the files."""

    def __init__(self, products: Path, acts: Path) -> None:
        self.products_file, self.acts_file = products, acts
        #: By the product's key in the files; ``dossiers`` are ids, ``last`` moments of last acts.
        self.products: dict[str, Product] = {}
        self.communes: dict[str, OrgUnit] = {}
        self.dossiers: dict[str, int] = {}
        self.last: dict[str, datetime] = {}
        self.rubrics: dict[str, Rubric] = {}
        #: By the unit's id.
        self.councils: dict[int, Council] = {}

    def open_cycle(self, file: Path, year: int) -> bool:
        """Open the cycle that ``file`` describes; returns False when one with its title exists."""
        rows = {}
        for line, row in _rows(file, ["key", "value"]):
            if row["key"] in rows:
                raise tables.RowRefused(file, line, f"«{row['key']}» có hai lần.")
            rows[row["key"]] = line, row["value"]

        def take(key: str, read: Callable[[str], Any] = str) -> Any:
            if key not in rows:
                raise CommandError(f"{file.name}: thiếu dòng «{key}».")
            line, value = rows.pop(key)
            with _refusing(file, line):
                return read(value)

        title = take("title")
        if Cycle.objects.filter(title=title).exists():
            return False
        self.closed_on = take("closed_on", written.day)
        edition = take("edition")
        rule_set = RuleSet.objects.filter(edition=edition).last()
        if rule_set is None:
            with clock.at(clock.now(), replay=True):
                call_command("load_reference", stdout=_Silent())
            rule_set = RuleSet.objects.filter(edition=edition).last()
        if rule_set is None:
            raise CommandError(f"{file.name}: không có bộ quy định «{edition}».")
        self.cycle = Cycle.objects.create(
            year=year,
            title=title,
            rule_set=rule_set,
            opened_on=take("opened_on", written.day),
            beside=Cycle.objects.filter(year=year, beside=False).exists(),
            target_new=take("target_new", int),
            target_upgrades=take("target_upgrades", int),
            target_new_organisations=take("target_new_organisations", int),
            target_basis=take("target_document", _set_targets),
        )
        for key, (line, _value) in rows.items():
            raise tables.RowRefused(file, line, f"không biết «{key}».")
        self.cycle.adopt(rule_set)
        self.posts = Posts(self.cycle.opened_on, self.closed_on, prefix=f"{year}.")
        self.units = {
            unit.code: unit
            for unit in OrgUnit.objects.valid_on(self.cycle.opened_on).select_related(
                "parent__parent"
            )
        }
        return True

    def introduce(self) -> None:
        """Create the products and their producers."""
        file, producers = self.products_file, {}
        columns = [
            *("product", "name", "group", "rubric"),
            *("producer", "producer_name", "owner_type", "commune"),
        ]
        known = {rubric.number: rubric for rubric in self.cycle.rule_set.rubrics.current()}
        for line, row in _rows(file, columns):
            with _refusing(file, line):
                if row["product"] in self.products:
                    raise _Wrong(f"sản phẩm «{row['product']}» có hai lần.")
                commune = self.unit(row["commune"])
                if row["producer"] not in producers:
                    producers[row["producer"]] = Producer.objects.create(
                        name=row["producer_name"],
                        owner_type=OwnerType(row["owner_type"]),
                        commune=commune,
                    )
                self.products[row["product"]] = Product.objects.create(
                    producer=producers[row["producer"]],
                    name=row["name"],
                    group=ProductGroup(row["group"]),
                )
                self.communes[row["product"]] = commune
                if int(row["rubric"]) not in known:
                    raise _Wrong(f"không có bộ tiêu chí số {row['rubric']}.")
                self.rubrics[row["product"]] = known[int(row["rubric"])]

    def found(self, file: Path) -> None:
        """Create the organisations that were founded in the year, without products of their own."""
        for line, row in _rows(file, ["name", "owner_type", "commune", "founded_on"]):
            with _refusing(file, line):
                Producer.objects.create(
                    name=row["name"],
                    owner_type=OwnerType(row["owner_type"]),
                    commune=self.unit(row["commune"]),
                    founded_on=written.day(row["founded_on"]),
                )

    def set_up_councils(self, file: Path) -> None:
        """Set up the councils on the first day, each with a regulation and all its seats."""
        first = self.cycle.opened_on
        for line, row in _rows(file, ["unit", "name", "judges", "decision"]):
            with _refusing(file, line), clock.at(_morning(first), replay=True):
                unit = self.unit(row["unit"])
                by = self.posts(Role.COUNCIL_OFFICE, unit)
                Regulation.lay_down(
                    # How few sheets a council of then let decide is not known.
                    Regulation(
                        org_unit=unit,
                        basis=Document(
                            number="Quy chế giả định",
                            signed_on=first,
                            **documents.signed_by(""),
                            signer_capacity="Chưa rõ chức vụ",
                        ),
                        valid_from=first,
                        fewest_sheets=1,
                    ),
                    by=by,
                )
                council = Council.set_up(
                    Council(
                        org_unit=unit,
                        name=row["name"],
                        decision=Document(
                            number=row["decision"],
                            signed_on=first,
                            **documents.signed_by(""),
                            signer_capacity="Chưa rõ chức vụ",
                        ),
                        valid_from=first,
                        valid_to=self.closed_on,
                    ),
                    by=by,
                )
                people = self.posts.council(unit, int(row["judges"]))
                sitting.take_seats(
                    council,
                    [(seat, user, "Chưa rõ cơ quan") for seat, user in people],
                    by=by,
                    until=self.closed_on,
                )
                self.councils[unit.pk] = council

    def act(self) -> None:
        """Do the acts in the order of the file; the rows of one round together."""
        file = self.acts_file
        columns = ["at", "product", "role", "unit", "act", "fields", "reason", "document", "signer"]
        rows = _rows(file, columns)
        judged: set[int] = set()
        for number, (line, row) in enumerate(rows):
            if line in judged:
                continue
            with _refusing(file, line):
                moment = self.moment(row)
                council = self.council_of(row)
            if council is None:
                with _refusing(file, line), clock.at(moment, replay=True):
                    self.do(row)
                continue
            its, out = {line: (moment, row)}, {}
            for other, later in rows[number + 1 :]:
                if (later["unit"], later["at"][:10]) != (row["unit"], row["at"][:10]):
                    continue
                with _refusing(file, other):
                    if later["act"] == "not_recognise":
                        out[other] = later
                    elif later["act"] == row["act"] and self.council_of(later):
                        its[other] = self.moment(later), later
            self.judge(council, its, out)
            judged |= its.keys()

    def council_of(self, row: dict[str, str]) -> Council | None:
        """The council whose result the row gives; None for other acts, or a result on paper."""
        if row["act"] not in JUDGEMENTS or row["signer"]:
            return None
        return self.councils.get(self.unit(row["unit"]).pk)

    def judge(
        self,
        council: Council,
        rows: dict[int, tuple[datetime, dict[str, str]]],
        out: dict[int, dict[str, str]],
    ) -> None:
        """Hold one round over the products of ``rows``, ``{line: (moment, row)}``, and close it.

        The products of ``out``, ``{line: row}``, are dropped before scoring; they have rows of
        their own for what becomes of them.
        """
        file, line = self.acts_file, next(iter(rows))
        wanted = {}
        for each, (_moment, row) in rows.items():
            with _refusing(file, each):
                self.task(row)
                wanted[self.dossiers[row["product"]]] = (
                    each,
                    _record(Evaluation, _fields(row["fields"])),
                )
        moments = [moment for moment, _row in rows.values()]
        by = self.posts(Role.COUNCIL_OFFICE, council.org_unit)
        with _refusing(file, line):
            round_ = self.prepare(council, rows, out, min(moments), by)
            with clock.at(min(moments), replay=True):
                round_.open(by=by)
                judges = list(round_.scoring_members.select_related("user"))
                came = judges[: max(result.sheets for _line, result in wanted.values())]
                round_.attend({member.pk: member in came for member in judges}, by=by)
        chance = random.Random(f"{council} {round_}")  # noqa: S311
        for entry in round_.entries.filter(live=True).select_related("rubric"):
            each, result = wanted[entry.dossier_id]
            with _refusing(file, each), clock.at(rows[each][0], replay=True):
                if result.sheets > len(judges):
                    raise _Wrong(f"hội đồng chỉ có {len(judges)} người chấm.")
                pen = sitting.Pen(entry.rubric, chance, result.stars)
                points = sitting.shares(result.points_sum, result.sheets, chance)
                for member, its in zip(came, points, strict=False):
                    sitting.fill(entry, member, pen.options(its), remark="Điểm giả định")
        with _refusing(file, max(rows)), clock.at(max(moments), replay=True):
            made = sitting.close(round_, by=by)
        for given in made.results.select_related("entry", "consequence"):
            each, result = wanted[given.entry.dossier_id]
            with _refusing(file, each):
                if given.stars != result.stars:
                    raise _Wrong(f"theo phiếu chấm chỉ đạt {given.stars} sao.")
                if given.consequence.applied_at is None:
                    raise _Wrong(given.consequence.error)

    def prepare(
        self,
        council: Council,
        rows: dict[int, tuple[datetime, dict[str, str]]],
        out: dict[int, dict[str, str]],
        opens: datetime,
        by: User,
    ) -> EvaluationRound:
        """A new round with the products of ``rows``, its papers sent."""
        with clock.at(opens - NOTICE, replay=True):
            round_ = EvaluationRound.create(
                EvaluationRound(
                    council=council,
                    cycle=self.cycle,
                    name=f"Đợt đánh giá ngày {opens:%d/%m/%Y}",
                    meets_at=opens,
                    place=f"Trụ sở UBND {written.in_sentence(council.org_unit.name)}",
                ),
                by=by,
            )
            products = [row for _moment, row in rows.values()]
            round_.take_in(
                [(self.dossier(row), self.rubrics[row["product"]]) for row in products], by=by
            )
            for line, row in out.items():
                with _refusing(self.acts_file, line):
                    taken = [(self.dossier(row), self.rubrics[row["product"]])]
                    [entry] = round_.take_in(taken, by=by)
                    round_.drop(entry, by=by, reason=row["reason"])
            round_.invite(by=by)
        return round_

    def close(self) -> Cycle:
        """Close the cycle (đóng chu trình)."""
        self.cycle.closed_on = self.closed_on
        with transaction.atomic(), clock.at(_morning(self.closed_on), replay=True):
            self.cycle.save(update_fields=["closed_on"])
            HistoryEntry.objects.record(
                "cycle.configure",
                self.cycle,
                changed=[
                    {
                        "what": str(Cycle._meta.verbose_name),
                        "row": str(self.cycle),
                        "field": "closed_on",
                        "before": "",
                        "after": str(self.closed_on),
                    }
                ],
            )
        return self.cycle

    def unit(self, code: str) -> OrgUnit:
        if code not in self.units:
            raise _Wrong(f"không có đơn vị mã «{code}».")
        return self.units[code]

    def moment(self, row: dict[str, str]) -> datetime:
        """The moment of the row; must lie within the cycle, not before the product's last act."""
        try:
            moment = timezone.make_aware(written.moment(row["at"]))
        except written.NotADay:
            raise _Wrong(f"«{row['at']}» không phải ngày giờ dạng YYYY-MM-DD HH:MM.") from None
        if not self.cycle.opened_on <= moment.date() <= self.closed_on:
            raise _Wrong(f"ngày {moment:%d/%m/%Y} ngoài chu trình.")
        if row["product"] not in self.products:
            raise _Wrong(f"không có sản phẩm «{row['product']}».")
        if moment < self.last.get(row["product"], moment):
            raise _Wrong("ngày giờ trước việc liền trước của sản phẩm này.")
        self.last[row["product"]] = moment
        return moment

    def do(self, row: dict[str, str]) -> None:
        """Do the act of a row, as its post; or, with a signer, as the officer who records it."""
        name, role, unit = row["act"], row["role"], self.unit(row["unit"])
        if role not in Role.values:
            raise _Wrong(f"không có vai trò «{role}».")
        if name != "open" and name not in ACTS:
            raise _Wrong(f"không có việc «{name}».")
        by = self.posts(Role.OFFICER if row["signer"] else role, unit)
        if name == "open":
            if row["product"] in self.dossiers:
                raise _Wrong("hồ sơ của sản phẩm này đã mở.")
            dossier = Dossier(
                cycle=self.cycle,
                product=self.products[row["product"]],
                commune=self.communes[row["product"]],
            )
            doors.open(dossier, by=by)
            self.dossiers[row["product"]] = dossier.pk
            return
        dossier = self.dossier(row)
        paper = None
        # An act that needs a paper had one, even when the source does not name it.
        if row["signer"] or dossier.demands_paper(ACTS[name]):
            paper = OfficialDocument(
                document=Document(
                    number=row["document"] or "Chưa rõ số",
                    signed_on=clock.today(),
                    **documents.signed_by(""),
                    signer_capacity=row["signer"] or "Chưa rõ chức vụ",
                )
            )
        values = _fields(row["fields"])
        record = None
        if name == "attach_evidence":
            record, values = _papers(dossier, **values), {}
        elif name == "record_payment":
            measure = _measure(dossier, values.pop("source", ""))
            record, values = _record(Payment, values), {}
            record.measure = measure
        elif values and (model := _kept(name)):
            record, values = _record(model, values), {}
        given = {"by": by, "record": record, "paper": paper, "reason": row["reason"], **values}
        if ACTS[name].door == "act":
            process = dossier.process
            assert process is not None, "every dossier was opened with one"
            doors.act(process, name, **given)
            return
        doors.complete(self.task(row), name, **given)

    def dossier(self, row: dict[str, str]) -> Dossier:
        """The dossier of the row's product."""
        if row["product"] not in self.dossiers:
            raise _Wrong("hồ sơ của sản phẩm này chưa mở.")
        return Dossier.objects.get(pk=self.dossiers[row["product"]])

    def task(self, row: dict[str, str]) -> Task:
        """The open task that asks for the row's act; it must be of the row's post."""
        task = self.dossier(row).open_task()
        if task is None or row["act"] not in task.acts():
            raise ActNotPossible(row["act"])
        assert task.org_unit is not None, "a task of a person is at a unit"
        if (task.role, task.org_unit_id) != (row["role"], self.unit(row["unit"]).pk):
            raise _Wrong(f"việc này của {Posts.name(task.role, task.org_unit)}.")
        return task


def _morning(day: date) -> datetime:
    """Eight o'clock on ``day``."""
    return timezone.make_aware(datetime(day.year, day.month, day.day, 8))


class _Wrong(Exception):
    """A row is wrong; the message says why."""


class _Silent:
    """A stream that drops what a command writes."""

    def write(self, text: str, *args: Any, **kwargs: Any) -> None:
        pass


@contextmanager
def _refusing(file: Path, line: int) -> Iterator[None]:
    """Turn every error that a row can cause into RowRefused with its line."""
    try:
        yield
    except (_Wrong, ConditionNotMet, sitting.NoSuchSheet) as error:
        raise tables.RowRefused(file, line, str(error)) from None
    except ValidationError as error:
        raise tables.RowRefused(file, line, " ".join(error.messages)) from None
    except ActNotPossible as error:
        raise tables.RowRefused(file, line, f"hồ sơ không ở chỗ làm được việc «{error}».") from None
    except PermissionDenied:
        raise tables.RowRefused(file, line, "chức danh này không được làm việc này.") from None
    except (TypeError, ValueError) as error:
        raise tables.RowRefused(file, line, "có giá trị không hợp lệ.") from error


def _rows(file: Path, columns: list[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of ``file``; each must name its source, or be marked as assumed with a note."""
    rows = tables.read(file, [*columns, "source", "assumed", "note"])
    for line, row in rows:
        if not row["source"] and not (row["assumed"] and row["note"]):
            raise tables.RowRefused(file, line, "cần nguồn, hoặc đánh dấu giả định và ghi chú.")
    return rows


def _fields(text: str) -> dict[str, Any]:
    """``a=1; b=2`` as a dict."""
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    if bad := [key for key, equals, _value in pairs if not equals]:
        raise _Wrong(f"«{bad[0].strip()}» không có dạng tên=giá trị.")
    return {key.strip(): value.strip() for key, _equals, value in pairs}


def _record(model: Any, values: dict[str, Any]) -> Any:
    """An unsaved ``model`` with the values of a row."""
    for key, value in values.items():
        try:
            values[key] = model._meta.get_field(key).to_python(value)
        except FieldDoesNotExist:
            raise _Wrong(f"không biết «{key}».") from None
        except ValidationError:
            raise _Wrong(f"«{value}» không hợp lệ cho «{key}».") from None
    return model(**values)


def _kept(name: str) -> Any:
    """The model for the fields of a row; None when they are arguments of the act ``name``."""
    act = ACTS[name]
    if act.keeps:
        return apps.get_model("dossiers", act.keeps[0])
    if act.reviewed:
        return Review
    # A dossier received without the commune comes with its self-assessment.
    return SelfAssessment if act.fetches else None


def _measure(dossier: Dossier, source: str) -> SupportMeasure:
    """The one measure of support of the dossier that has this source."""
    found = list(dossier.supportmeasures.current().filter(source=source))
    if len(found) != 1:
        raise _Wrong(f"hồ sơ không có đúng một nội dung hỗ trợ nguồn «{source}».")
    return found[0]


def _papers(dossier: Dossier, *, kind: str, paper_location: str) -> list[Evidence]:
    """Evidence on paper, one of each kind in ``kind`` (joined by +)."""
    return [
        Evidence(
            kind=code,
            title=dossier.rule_set.evidence_label(code),
            paper_location=paper_location,
        )
        for code in kind.split("+")
    ]

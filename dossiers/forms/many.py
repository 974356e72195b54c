"""The form of an act for many dossiers: the common part once, a row for each with what differs.

Each row is the act's own form (:class:`~dossiers.forms.acts.ActForm`) filled with the common part
and with what its row says: nothing is asked here that is not asked there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import files
from cycle.fields import named
from cycle.models import User, fold
from dossiers.forms.acts import ActForm, AskedForm
from dossiers.forms.fields import LONG, Fold, PlainPart, polish
from dossiers.forms.shown import sealed
from dossiers.forms.uploads import held_note
from dossiers.law.conditions import Words, told_with
from dossiers.models import ACTS, ActBatch, ActBatchRow, Dossier, RowState, Task
from dossiers.walk import batch, doors
from dossiers.walk.batch import DIFFERS

#: Where an act's form asks for words about the one dossier: the part -> the field.
WORDS = {"reason": "reason", "note": "reason", "review": "remarks", "return": "reason"}
#: What is of one dossier alone and is left to what its form takes without it.
LEFT_OUT = {"revocation": ("inspection", "stopped"), "paper": ("in_dossier",)}


@dataclass
class Candidate:
    """A dossier for which the act may be done, with its open task when one asks for the act."""

    dossier: Dossier
    task: Task | None
    chosen: bool = True
    #: Whether somebody picked it by hand.
    picked: bool = False

    @property
    def stands(self) -> bool:
        """Whether the act may begin where the dossier stands; conditions aside."""
        return self.dossier.stands_for(self.name)

    name: str = ""


def _as_it_stood(candidates: Sequence[Candidate]) -> Candidate:
    """Where none of the dossiers stands for the act any more, one of them with its last task that
    asked for the act, by which its form is shown: what was typed there is shown again.
    """
    act = ACTS[candidates[0].name]
    by_key = {each.dossier.pk: each for each in candidates}
    asked = Task.objects.filter(dossier__in=by_key, state__in=act.begins)
    task = asked.select_related("org_unit", "process").order_by("pk").last()
    if act.door != "task" or task is None:
        return candidates[0]
    fresh = copy(by_key[task.dossier_id].dossier)
    # As lock() does: django_fsm lets nobody assign it.
    fresh.__dict__["state"] = task.state
    task.dossier = fresh
    return Candidate(fresh, task, name=act.name)


class RowForm(PlainPart):
    """What is typed for one dossier: whether it is in, and what differs. Asked as the act's form
    asks it, so that here all is text.
    """

    def __init__(self, *args: Any, columns: dict[str, Any], chosen: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"] = forms.BooleanField(
            label=_("Làm cho hồ sơ này"), required=False, initial=chosen
        )
        for name, like in columns.items():
            self.fields[name] = forms.CharField(
                label=like.label, required=False, widget=deepcopy(like.widget)
            )
            self.fields[name].widget.attrs.pop("required", None)
            self.fields[name].widget.attrs.pop("rows", None)
        for field in self.fields.values():
            polish(field)

    @property
    def chosen(self) -> bool:
        """Whether the dossier is in. Of another name than the field, which a template would find
        first, and which is always true.
        """
        return bool(self["on"].value())

    @property
    def cells(self) -> Iterator[Any]:
        """What differs, as bound fields."""
        return (field for field in self if field.name != "on")


def _choice(like: Any, line: str) -> str | None:
    """The value of a choice that a line of a pasted column means, by its value or its words; of
    what is no choice the line itself. None: no such choice.
    """
    if not line or not getattr(like, "choices", None):
        return line
    said = "".join(re.findall(r"\w", fold(line)))
    for value, label in like.choices:
        if value and said in (
            "".join(re.findall(r"\w", fold(str(each)))) for each in (value, label)
        ):
            return str(value)
    return None


class PasteForm(PlainPart):
    """A column of a spreadsheet for each thing that differs: a line a dossier, in their order."""

    def __init__(self, *args: Any, columns: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, like in columns.items():
            self.fields[name] = forms.CharField(
                label=like.label, required=False, widget=forms.Textarea(attrs={"rows": 4})
            )
            polish(self.fields[name])


class Row:
    """One dossier of the form: its fields, the act's form filled with them, what will happen."""

    def __init__(self, candidate: Candidate, form: RowForm) -> None:
        self.candidate, self.form = candidate, form
        self.dossier, self.task = candidate.dossier, candidate.task
        self.act_form: ActForm | None = None
        self.problems: list[str] = []
        #: The row that will be kept, once all is valid.
        self.planned: ActBatchRow | None = None


class CommonPart:
    """A part of the act's form without what differs, as ``dossiers/_part.html`` takes it."""

    def __init__(self, part: Any, without: set[str]) -> None:
        self.part, self.without = part, without
        self.legend, self.about, self.folded = part.legend, part.about, part.folded
        self.prefix, self.shown = part.prefix, ()
        self.errors = {name: said for name, said in part.errors.items() if name not in without}

    @property
    def non_field_errors(self) -> Any:
        return self.part.non_field_errors()

    @property
    def has_changed(self) -> bool:
        return self.part.has_changed()

    @property
    def pieces(self) -> list[dict[str, Any]]:
        """Its fields and folds, without what differs and folds of one dossier alone."""
        return [
            piece
            for piece in self.part.pieces
            if not ("field" in piece and piece["field"].name in self.without)
            and not ("fold" in piece and self.without.issuperset(piece["fold"].names))
        ]


class ManyForm:
    """The form of the act ``name`` for ``candidates``, asked for by ``user``.

    ``data`` is what was sent; ``typed`` what is only shown again: after a new sign-in, or of a
    batch that was not done in whole.
    """

    def __init__(
        self,
        name: str,
        user: User,
        candidates: Sequence[Candidate],
        *,
        data: QueryDict | None = None,
        files: Any = None,
        typed: QueryDict | None = None,
        filling: bool = False,
    ) -> None:
        self.name, self.act, self.user = name, ACTS[name], user
        #: Columns are only put into the rows: what else is missing is not said yet.
        self.filling = filling
        self.bound, self.files = data is not None, files
        self.data = data.copy() if data is not None else None
        for each in candidates:
            each.name = name
        able = next((each for each in candidates if each.stands), None) or _as_it_stood(candidates)
        there = told_with(able.dossier, name) if not self.bound else None
        like = ActForm(name, able.dossier, user, task=able.task)
        self.differing = _differing(like)
        self.columns = self._columns(like)
        shown = self.data if self.bound else typed
        self.paste = PasteForm(shown, prefix="paste", columns=self.columns)
        self.filled = False
        if self.bound:
            assert self.data is not None
            chosen = [each for each in candidates if self.data.get(f"row-{each.dossier.pk}-on")]
            self._fill(chosen)
            shown = self.data
        self.rows = [
            Row(
                each,
                RowForm(
                    shown,
                    prefix=f"row-{each.dossier.pk}",
                    columns=self.columns,
                    chosen=each.chosen
                    and each.stands
                    and (there is None or each.picked or each.dossier.pk in there),
                ),
            )
            for each in candidates
        ]
        self.head = like
        if self.bound:
            self._bind(able)
        elif typed is not None:
            self.head = ActForm(name, able.dossier, user, task=able.task, typed=typed)
        self.batch: ActBatch | None = None
        self.problem: Words = ""

    # --- Its parts --------------------------------------------------------------------------

    def _columns(self, like: ActForm) -> dict[str, Any]:
        """What each row asks for, by name: the fields that differ, and words of its own."""
        found: dict[str, Any] = {}
        for part in like.parts:
            for field in DIFFERS.get(_key(part), ()):
                found[field] = part.fields[field]
        words = forms.CharField(
            label=_("Lý do riêng") if self._asks_why(like) else _("Ghi chú riêng")
        )
        return found | {"words": words}

    @staticmethod
    def _asks_why(like: ActForm) -> bool:
        return any(_key(part) in ("reason", "return") for part in like.parts)

    @property
    def common(self) -> list[CommonPart]:
        """The parts that are asked once."""
        found = [
            CommonPart(part, self.differing.get(_key(part), set())) for part in self.head.parts
        ]
        return [part for part in found if part.pieces or part.errors]

    @property
    def chosen(self) -> list[Row]:
        """The rows that are in."""
        return [row for row in self.rows if row.form.chosen]

    # --- Filled -----------------------------------------------------------------------------

    def _fill(self, chosen: Sequence[Candidate]) -> None:
        """Put pasted columns into the rows that are in; one of another length changes nothing."""
        assert self.data is not None
        self.paste.full_clean()
        for name in self.columns:
            text = self.data.get(f"paste-{name}", "")
            lines = [line.strip() for line in text.rstrip().splitlines()]
            if not lines:
                continue
            self.filled = True
            if len(lines) != len(chosen):
                said = {"lines": len(lines), "rows": len(chosen)}
                self.paste.add_error(
                    name,
                    _now(
                        "Cột dán có %(lines)s dòng, đang chọn %(rows)s hồ sơ: mỗi hồ sơ một dòng, "
                        "theo đúng thứ tự. Chưa điền gì."
                    )
                    % said,
                )
                continue
            values = [_choice(self.columns[name], line) for line in lines]
            if None in values:
                self.paste.add_error(
                    name,
                    _now("Dòng %(line)s: «%(said)s» không có trong danh sách. Chưa điền gì.")
                    % {"line": values.index(None) + 1, "said": lines[values.index(None)][:60]},
                )
                continue
            for each, value in zip(chosen, values, strict=True):
                self.data[f"row-{each.dossier.pk}-{name}"] = value or ""
            self.data[f"paste-{name}"] = ""
        if not self.paste.errors:
            self.paste = PasteForm(prefix="paste", columns=self.columns)

    def _bind(self, able: Candidate) -> None:
        """Give each row that is in the act's form; the file that came is read once."""
        assert self.data is not None
        notes: dict[str, str] = {}
        first = True
        rows = [row for row in self.chosen if row.candidate.stands] or [
            Row(able, next(row.form for row in self.rows if row.dossier.pk == able.dossier.pk))
        ]
        for row in rows:
            filled = self._merged(row)
            for note, value in notes.items():
                filled[note] = value
            row.act_form = ActForm(
                self.name,
                row.dossier,
                self.user,
                task=row.task,
                data=filled,
                files=self.files if not notes else None,
            )
            row.act_form.is_valid()
            if first:
                first = False
                self.head = row.act_form
                notes = self._notes(row.act_form)
                # It is shown as the common part: without the words of its own row.
                for part, field in WORDS.items():
                    name = f"{self.name}-{part}-{field}"
                    filled[name] = self.data.get(name, "")
        if self.filling:
            shown = self.data.copy()
            for note, value in notes.items():
                shown[note] = value
            self.head = ActForm(self.name, able.dossier, self.user, task=able.task, typed=shown)

    def _notes(self, form: ActForm) -> dict[str, str]:
        return {
            f"{part.add_prefix(name)}{suffix}": note
            for part in form.parts
            for name, value in getattr(part, "cleaned_data", {}).items()
            if isinstance(value, files.Staged)
            for suffix, note in held_note(value, self.user).items()
        }

    def _merged(self, row: Row) -> QueryDict:
        """What the act's form of one dossier is filled with."""
        assert self.data is not None
        filled, mine = self.data.copy(), row.form
        said = {name: self.data.get(mine.add_prefix(name), "") for name in self.columns}
        words = [self.data.get(f"{self.name}-{part}-{field}", "") for part, field in WORDS.items()]
        told = said["words"] or next(filter(None, words), "")
        for part, field in WORDS.items():
            filled[f"{self.name}-{part}-{field}"] = told
        for part, names in DIFFERS.items():
            for name in names:
                if name in said:
                    filled[f"{self.name}-{part}-{name}"] = said[name]
        if "revocation" in self.differing:
            # What it rests on is of each dossier: the newest, as its own form proposes.
            own = ActForm(self.name, row.dossier, self.user, task=row.task)
            part = next(each for each in own.parts if _key(each) == "revocation")
            for name in LEFT_OUT["revocation"]:
                filled[part.add_prefix(name)] = part.initial.get(name, "")
        if "number" in said and not said["number"] and said.get("stars", "5") != "5":
            # The centre's certificate is filled in only where it gave five stars.
            for name in list(filled):
                if name.startswith(f"{self.name}-certificate-"):
                    del filled[name]
        return filled

    # --- Asked ------------------------------------------------------------------------------

    def is_valid(self) -> bool:
        """Whether every row that is in is as the act's form asks; what is wrong stands at its
        field: of the common part once, of a row in its row.
        """
        if self.paste.is_bound and self.paste.errors:
            return False
        if not self.chosen:
            self.problem = _now("Bạn chưa chọn hồ sơ nào.")
            return False
        if len(self.chosen) > batch.MOST:
            self.problem = _now("Mỗi lượt nhiều nhất %(most)s hồ sơ.") % {"most": batch.MOST}
            return False
        for row in self.chosen:
            if row.act_form is not None:
                self._place(row, row.act_form)
        return not self.summary

    def _place(self, row: Row, form: ActForm) -> None:
        row.form.is_valid()
        # What is no text at all is told by the row itself.
        told = set(row.form.errors)
        once = {
            (_key(part), field, str(said))
            for part in (self.head.parts if form is not self.head else ())
            for field, sentences in part.errors.items()
            for said in sentences
        }
        for part in form.parts:
            key = _key(part)
            for field, sentences in list(part.errors.items()):
                column = _column(key, field)
                own = column in row.form.fields and self._is_of_the_row(row, column)
                if own and form is self.head:
                    # It is shown as the common part too: what is of its row is told there alone.
                    del part.errors[field]
                for said in sentences:
                    if own:
                        if column not in told:
                            row.form.add_error(column, str(said))
                    elif form is not self.head and (key, field, str(said)) not in once:
                        label = part.fields[field].label if field in part.fields else ""
                        row.problems.append(named(label, said) if label else str(said))

    def _is_of_the_row(self, row: Row, column: str) -> bool:
        """Whether what is wrong there is said in the row: words of all are said once, above."""
        return column != "words" or bool(row.form.data.get(row.form.add_prefix("words")))

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(HTML id or "", sentence) of all that is wrong, each named."""
        found = [("", str(self.problem))] if self.problem else []
        for name, sentences in (self.paste.errors if self.paste.is_bound else {}).items():
            found += [(self.paste[name].id_for_label, str(said)) for said in sentences]
        if self.bound and not self.filling:
            for part in self.common:
                for name, sentences in part.errors.items():
                    field = part.part[name] if name in part.part.fields else None
                    found += [
                        (field.id_for_label, named(field.label, said)) if field else ("", str(said))
                        for said in sentences
                    ]
        for row in self.rows if self.bound and not self.filling else ():
            product = row.dossier.product.name
            if row.form.is_bound and row.act_form is not None:
                for name, sentences in row.form.errors.items():
                    field = row.form[name]
                    found += [
                        (field.id_for_label, f"{product}: {named(field.label, said)}")
                        for said in sentences
                    ]
            found += [(f"row-{row.dossier.pk}", f"{product}: {said}") for said in row.problems]
        return found

    def plan(self) -> ActBatch:
        """The batch that would be asked for, of a valid form, and in each row what will happen."""
        made = ActBatch(act=self.name, by=self.user)
        planned = []
        for row in self.chosen:
            form = row.act_form
            call: dict[str, Any] = {"record": [], "paper": None, "reason": ""}
            if form is not None:
                for part in form.parts:
                    part.add_to(call)
                if not made.paper and call["paper"] is not None:
                    made = ActBatch(act=self.name, by=self.user, **batch.kept_paper(call["paper"]))
            row.planned = ActBatchRow(
                dossier=row.dossier,
                task=row.task,
                stood=row.dossier.state,
                call=batch.kept_call(call) if form is not None else self._typed(row),
            )
            planned.append(row.planned)
        first = next((row for row in self.chosen if row.candidate.stands), self.chosen[0])
        made.capacity = doors.acting_as(self.user, self.name, first.dossier, first.task)
        batch.plan(made, planned)
        batch.differing(planned)
        for row in self.chosen:
            if row.planned is not None and row.planned.state == RowState.WAITING:
                row.planned.asks += self._asked(row)
        self.batch = made
        return made

    @staticmethod
    def _asked(row: Row) -> list[str]:
        """Why the form of the row asks for a reason, where another row's does not."""
        parts = row.act_form.parts if row.act_form is not None else ()
        return [str(part.about) for part in parts if isinstance(part, AskedForm)]

    def _typed(self, row: Row) -> dict[str, Any]:
        """What differs of a row that has no form of the act, as it was typed: it is kept too."""
        # A row without the act's form was not asked whether it is text.
        said = {
            name: (row.form[name].value() or "").replace("\x00", "").strip()
            for name in row.form.fields
            if name != "on"
        }
        there = {
            part: {name: said[name][:300] for name in DIFFERS[part] if said.get(name)}
            for part in DIFFERS
            if part in self.differing
        }
        return {
            "records": [[part, values] for part, values in there.items() if values],
            "reason": said.get("words", "")[:LONG],
        }

    @property
    def planned(self) -> list[ActBatchRow]:
        """The rows of the plan."""
        return [row.planned for row in self.chosen if row.planned is not None]

    @property
    def looked(self) -> list[Row]:
        """The rows of the plan, first those that cannot be done."""
        able = {row.dossier_id for row in self.planned if row.state == RowState.WAITING}
        return sorted(self.chosen, key=lambda row: row.dossier.pk in able)

    @property
    def unable(self) -> int:
        """How many cannot be done."""
        return len(self.planned) - self.able

    @property
    def able(self) -> int:
        """How many will be done."""
        return sum(row.state == RowState.WAITING for row in self.planned)

    @property
    def seal(self) -> str:
        """What is agreed to: the act, the paper, and what will happen to each."""
        assert self.batch is not None, "asked of a plan"
        told = [
            [row.dossier_id, row.stood, row.call, row.state, row.sentence, row.asks]
            for row in self.planned
        ]
        paper = [self.batch.paper, self.batch.scan_sha256]
        kept = json.dumps([paper, told], cls=DjangoJSONEncoder, sort_keys=True)
        return sealed(self.user, None, self.name, kept)

    @property
    def has_file(self) -> bool:
        """Whether it has a file field."""
        return self.head.has_file


def _key(part: Any) -> str:
    """The key of a part of an act's form: the last piece of its prefix."""
    return str(part.prefix).rpartition("-")[2]


def _column(part: str, field: str) -> str:
    """The column of a row in which this field of a part is typed; "" in none."""
    if field in DIFFERS.get(part, ()):
        return field
    return "words" if WORDS.get(part) == field else ""


def _differing(like: ActForm) -> dict[str, set[str]]:
    """The part of the act's form -> its fields that are not asked once for all."""
    found: dict[str, set[str]] = {}
    for part in like.parts:
        key = _key(part)
        out = set(DIFFERS.get(key, ())) | set(LEFT_OUT.get(key, ()))
        if key == "return":
            out |= {name for name in part.fields if name.startswith("item_")}
        for folded in part.folds:
            assert isinstance(folded, Fold)
            if key == "evaluation":
                # The points of each criterion are of one dossier.
                out |= set(folded.names)
        found[key] = out
    return found


def typed_before(found: ActBatch, again: Sequence[ActBatchRow], user: User) -> QueryDict:
    """What was typed of a batch, for the form in which ``user`` does the rest again (làm lại)."""
    typed = QueryDict(mutable=True)
    name = found.act
    for key, value in found.paper.items():
        if value is not None:
            typed[f"{name}-paper-{key}"] = _as_typed(value)
    if found.scan_sha256:
        for suffix, note in held_note(found.staged, user).items():
            typed[f"{name}-paper-scan_file{suffix}"] = note
    for row in again:
        typed[f"row-{row.dossier_id}-on"] = "on"
        for kind, values in row.call.get("records", ()):
            for key, value in values.items():
                if value in (None, ""):
                    continue
                where = f"row-{row.dossier_id}-{key}"
                if key not in DIFFERS.get(kind, ()):
                    where = f"{name}-{kind}-{key}"
                typed[where] = _as_typed(value)
        if reason := row.call.get("reason"):
            typed[f"row-{row.dossier_id}-words"] = reason
    return typed


def _as_typed(value: Any) -> str:
    text = str(value)
    parts = text.split("-")
    if len(text) == 10 and len(parts) == 3 and all(map(str.isdecimal, parts)):
        return "/".join(reversed(parts))
    return text

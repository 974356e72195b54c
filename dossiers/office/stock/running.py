"""A list of running dossiers looked at: where each stands, and since when (hồ sơ đang làm)."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from cycle.models import Level, fold
from cycle.units import Places
from dossiers.law.conditions import NEVER_CERTIFIED, group_unknown
from dossiers.law.states import HOLDING, State
from dossiers.models import CaseType, Dossier, StockBatch
from dossiers.office.stock.checking import WARNING, Checker, Line, maker_of, shown_day
from dossiers.office.stock.columns import FIELDS
from dossiers.office.stock.standing import LED_BY, STANDING, in_words, reached
from dossiers.walk.running import STEPS, running_year

#: A list of the dossiers of one year is no longer than this.
MOST = 1000
#: Numbers of papers, with the day that each is of.
PAPERS = {"selected_number": "selected_on", "approved_number": "approved_on"}


class RunningChecker(Checker):
    """Each line is a dossier that stands somewhere on its walk since a day."""

    def __init__(self, batch: StockBatch, places: Places | None = None):
        super().__init__(batch, places)
        if batch.into is None:
            batch.into = running_year()
        self.year = batch.into
        self.states = {
            state
            for state in STANDING
            if self.year.rule_set.has_district
            or state not in (State.AT_DISTRICT, State.DISTRICT_EVALUATING)
        }
        self.open = {
            product: State(state)
            for product, state in Dossier.objects.filter(cycle=self.year).values_list(
                "product", "state"
            )
        }

        self.certified = set(
            Dossier.objects.filter(certificates__isnull=False, state__in=HOLDING).values_list(
                "product", flat=True
            )
        )

    def check(self, lines: list[Line]) -> None:
        """Read the cells of each line, then compare the lines."""
        super().check(lines)
        for line in [line for line in lines if line.kind == "data"][MOST:]:
            line.fault(
                "product",
                _("Một danh sách hồ sơ đang làm có nhiều nhất %(most)s dòng.") % {"most": MOST},
            )

    def read(self, line: Line) -> None:
        """The values of a line, and what is wrong with its cells."""
        self._read_cells(line)
        self._group_and_owner(line)
        self._group_of_year(line)
        self._place(line)
        self._level(line)
        for name, day in PAPERS.items():
            if name in line.values:
                self._split_decision(line, name, day)
        self._step(line)
        self._days_of_steps(line)

    def _group_of_year(self, line: Line) -> None:
        """A group of the edition that the year is under."""
        group = line.values.get("product_group")
        if group and group not in dict(self.year.rule_set.product_groups):
            line.fault("product_group", group_unknown(self.year.rule_set))

    def _claim(self, line: Line) -> None:
        """What is judged anew had a certificate: where none is on record, it is said."""
        case_type = line.values.get("case_type", CaseType.FIRST)
        if case_type != CaseType.FIRST and line.values.get("product_id") not in self.certified:
            line.fault("case_type", NEVER_CERTIFIED, level=WARNING)

    def _level(self, line: Line) -> None:
        """A commune of the procedure of the year."""
        unit = self.places.units.get(line.values.get("commune", 0))
        if unit is not None and self.year.rule_set.has_district != bool(
            unit.at_level(Level.DISTRICT)
        ):
            line.fault(
                "commune",
                _("Xã này không thuộc cấp của chu trình %(cycle)s.") % {"cycle": self.year},
            )

    # --- Where it stands ------------------------------------------------------------------------

    def _step(self, line: Line) -> None:
        """The state that the words mean: proposed, asked once for all lines that say so."""
        text = line.values.pop("step", "")
        if not text:
            return
        key = f"step:{fold(text)[:120]}"
        question = self._question(key, text[:120], line)
        question |= {
            "of": "step",
            "options": [[state.value, str(state.label)] for state in STANDING
                        if state in self.states],
        }  # fmt: skip
        self.asked[key] = question
        proposed = in_words(text)
        state = self.batch.answers.get(key) or (proposed if proposed in self.states else "")
        question["proposed"] = proposed or ""
        if state in self.states:
            line.values["state"] = str(state)
            if state == State.SUPPLEMENT_REQUESTED:
                line.values["returned_from"] = _returned_from(text)
            question["answer"] = str(state)
        elif proposed is not None:
            line.fault(
                "step",
                _("«%(text)s»: hồ sơ ở bước này không nhập bằng danh sách này.")
                % {"text": text[:60]},
                _("đã có kết quả thì chờ quyết định, rồi nhập ở danh sách đã công nhận"),
            )
        else:
            line.fault(
                "step",
                _("Chưa rõ «%(text)s» là bước nào: hãy trả lời một lần ở câu hỏi.")
                % {"text": text[:60]},
            )

    # --- Since when -----------------------------------------------------------------------------

    def _days_of_steps(self, line: Line) -> None:
        values = line.values
        state = values.get("state")
        last, at = "", ""
        for name in (*STEPS, "since"):
            day = values.get(name, "")
            if not day:
                continue
            if day > self.today.isoformat():
                line.fault(name, _("Ngày %(day)s ở tương lai.") % {"day": shown_day(day)})
            elif date.fromisoformat(day).year < self.year.year - 2:
                line.fault(
                    name,
                    _("Ngày %(day)s quá xa chu trình %(cycle)s.")
                    % {"day": shown_day(day), "cycle": self.year},
                )
            elif day < last:
                line.fault(
                    name,
                    _("«%(what)s» %(day)s trước «%(other)s» %(last)s.")
                    % {"what": FIELDS[name].label, "day": shown_day(day),
                       "other": FIELDS[at].label, "last": shown_day(last)},
                )  # fmt: skip
            else:
                last, at = day, name
        if state is None:
            return
        done = reached(state)
        for name in STEPS:
            if name in values and name not in done and state not in (
                State.SUPPLEMENT_REQUESTED, State.IDEA_RETURNED, State.PLAN_RETURNED
            ):  # fmt: skip
                line.fault(
                    name,
                    _("Đã có ngày này, nhưng bước ghi là «%(state)s»: xem lại.")
                    % {"state": State(state).label},
                    level=WARNING,
                )
        self._since(line, State(state), done)

    def _since(self, line: Line, state: State, done: tuple[str, ...]) -> None:
        """The day from which the term of its task runs."""
        values = line.values
        if "since" in values or "since" in line.wrong:
            return
        led_by = LED_BY.get(state, "")
        if led_by in line.wrong:
            return
        if led_by in values:
            values["since"] = values[led_by]
            return
        known = [values[name] for name in done if name in values]
        at = led_by if led_by in line.raw else "since" if "since" in line.raw else "step"
        if not known:
            wanted = FIELDS[led_by].label if led_by else FIELDS["since"].label
            line.fault(
                at,
                _("Chưa biết ở bước này từ ngày nào: cần «%(field)s».") % {"field": wanted},
            )
            return
        values["since"] = max(known)
        line.fault(
            at,
            _("Không ghi ngày bắt đầu bước này: hạn tính từ %(day)s.")
            % {"day": shown_day(values["since"])},
            level=WARNING,
        )

    # --- Beside each other, and beside what is here ---------------------------------------------

    def compare(self, lines: list[Line]) -> None:
        """Find what is twice in the list, and what has a dossier of this year already."""
        seen: dict[tuple[Any, ...], int] = {}
        for line in lines:
            values = line.values
            self._recognise(line, maker_of(line))
            self._claim(line)
            if self._is_twice(line, seen):
                continue
            if (state := self.open.get(values.get("product_id", 0))) is not None:
                what = _("hồ sơ %(cycle)s, %(state)s") % {
                    "cycle": self.year,
                    "state": str(state.label).lower(),
                }
                self._is_here(line, "product", what)


def _returned_from(text: str) -> str:
    """Who asked for the supplement, as the words say it: the commune unless they name another."""
    words = fold(text).split()
    if "tinh" in words:
        return str(State.AT_PROVINCE)
    return str(State.AT_DISTRICT if "huyen" in words else State.DOSSIER_SUBMITTED)

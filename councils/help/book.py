"""The pages of the help, made from the duties, acts and terms that run (hướng dẫn theo vai trò).

Nothing here names an act or a task: a new one appears on the page of whoever has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import rules
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from councils.guidance import (
    GUIDES as COUNCIL_GUIDES,
)
from councils.guidance import OF_ALL_LEVELS, PAGE_OF_SEAT, WHO, page_of
from councils.help.law_in_use import NODE_IN, Clock, Year, length, years
from councils.help.words import ABOUT, HEARS, NOTES, TITLES
from councils.models import Member
from cycle import clock, letters
from cycle.models import DayOff, Level, Role
from cycle.steps import Step
from cycle.workdays import Unit
from cycle.written import day_text
from dossiers.forms.acts import VALUES
from dossiers.forms.records import RECORDS
from dossiers.law.conditions import has_compulsory_evidence
from dossiers.law.guidance import GUIDES, SIGN
from dossiers.law.nodes import NODES
from dossiers.law.states import AT_COUNCIL, PARKED, State
from dossiers.models import ACTS, CaseType
from dossiers.models.task import SIGNED_NODE
from dossiers.models.term import TASK_ESCALATIONS, TASK_WARNINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from councils.setup import Line
    from cycle.models import Duty, RuleSet, User
    from dossiers.law.acts import Act

#: How far ahead a term may end: the longest is of a certificate.
AHEAD = timedelta(days=4 * 366)
#: Of so many places an act may lead to, all are told.
FEW = 3
#: So many characters of a section are shown with what was found.
EXCERPT = 160
#: So many finds are shown.
MOST = 40

_LEVELS = (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE)


@dataclass(frozen=True)
class Next:
    """What follows an act: words, of which ``named`` leads to where the help says more of it."""

    text: str
    named: str = ""
    link: str = ""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The words before what is named, that, and those after."""
        return self.text.partition(self.named) if self.named else (self.text, "", "")


@dataclass
class Deed:
    """One button: what it asks, and what follows."""

    anchor: str
    label: Any
    asks: list[str] = field(default_factory=list)
    after: list[Next] = field(default_factory=list)


@dataclass
class Section:
    """One thing that the reader does, or must know; the words that are searched are all of these.

    ``term`` is how long there is, ``due`` the day on which it ends if it comes today.
    """

    anchor: str
    title: Any
    about: Any = ""
    term: str = ""
    due: str = ""
    when: str = ""
    checks: tuple = ()
    papers: list[tuple[str, list[str]]] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    link: str = ""
    do: Any = ""
    #: Of the first day: "done", "todo", or "" for who may not know.
    standing: str = ""

    def said(self) -> str:
        """All its words."""
        words = [self.title, self.about, self.term, self.when, *self.checks, self.do]
        for case, papers in self.papers:
            words += [case, *papers]
        for deed in self.deeds:
            words += [deed.label, *deed.asks, *(step.text for step in deed.after)]
        return " ".join(map(str, words))


@dataclass
class Group:
    """Sections under one heading."""

    anchor: str
    title: Any
    about: str = ""
    sections: list[Section] = field(default_factory=list)


@dataclass
class Page:
    """The help of one role: ``slug`` is its address; ``years`` are those it may be read for."""

    slug: str
    title: str
    about: Any
    groups: list[Group]
    clocks: list[tuple[Clock, str]]
    year: Year | None
    years: list[Year]

    @property
    def tasks(self) -> list[Section]:
        """Those with a term of their own."""
        return [each for group in self.groups for each in group.sections if each.term]


@dataclass(frozen=True)
class Found:
    """A section in which all words that were looked for stand."""

    page: str
    title: Any
    link: str
    excerpt: str


def slugs() -> list[str]:
    """Every page there always is, in the order in which they are listed."""
    of_levels = [page_of(role, level) for level in _LEVELS for role in ("officer", "leader")]
    return [*of_levels, *(page_of(role, "") for role in Role if role in OF_ALL_LEVELS), *TITLES]


def title_of(slug: str) -> str:
    """The name of a page: «Cán bộ OCOP, cấp xã»."""
    if slug in TITLES:
        return str(TITLES[slug])
    for role in Role:
        if role in OF_ALL_LEVELS:
            if slug == page_of(role, ""):
                return str(role.label)
        else:
            for level in Level:
                if slug == page_of(role, level):
                    return post(role, level)
    raise KeyError(slug)


def post(role: str, level: str) -> str:
    """«Cán bộ OCOP, cấp xã»."""
    return f"{Role(role).label}, {str(Level(level).label).lower()}"


def pages_of(user: User) -> list[str]:
    """The pages of what this person holds today: posts, seats, the administration."""
    held = [page_of(each.role, each.org_unit.level) for each in user.assignments()]
    seats = Member.objects.sitting(clock.today_in_database()).filter(user=user).order_by("pk")
    held += [PAGE_OF_SEAT[seat] for seat in seats.values_list("seat", flat=True)]
    if rules.has_perm("dossiers.administer_people", user):
        held.append("administrator")
    known = slugs()
    return [slug for slug in dict.fromkeys(held) if slug in known]


class Book:
    """The help as it stands on ``today``; ``lines`` are those of the first day, when they are told:
    with ``standing`` also what is done and what is missing.
    """

    def __init__(self, today: date, lines: Iterable[Line] = (), *, standing: bool = False) -> None:
        self.today, self.lines, self.standing = today, list(lines), standing
        self.years = years(today)

    @cached_property
    def calendar(self) -> Any:
        return DayOff.objects.calendar(self.today, self.today + AHEAD)

    def listed(self) -> list[tuple[str, str]]:
        """(slug, title) of the pages of use now: a level without any work is left out."""
        levels = {level for year in self.years for level in year.levels}
        idle = {page_of(r, level) for level in _LEVELS if level not in levels for r in Role}
        idle -= {page_of(role, "") for role in OF_ALL_LEVELS}
        if not self.years:
            idle = set()
        return [(slug, title_of(slug)) for slug in slugs() if slug not in idle]

    def page(self, slug: str, of: str = "") -> Page:
        """The page ``slug``, read for the year ``of``, else the newest that gives it work. Raises
        KeyError for one that there is not.
        """
        title = title_of(slug)
        mine = [year for year in self.years if _held(year, slug)]
        chosen = next((year for year in mine if year.key == of), None)
        year = chosen or next(iter(mine or self.years), None)
        groups: list[Group] = []
        if slug == "administrator":
            groups.append(self._first_day())
        if year is not None:
            groups += [*self._steps(slug, year), *_papers(slug, year), *_typed(slug, year)]
        groups += [*_free(slug, year), *_of_council(slug), *_by_round(slug, year), *_notes(slug)]
        clocks = [
            (each, _told(each))
            for each in (year.clocks(self.today, self.calendar) if year is not None else ())
            if slug in {page_of(*post) for post in each.posts}
        ]
        about = ABOUT.get(slug) or self._about(slug, year)
        found = [group for group in groups if group.sections]
        return Page(slug, title, about, found, clocks, year, mine)

    def _about(self, slug: str, year: Year | None) -> str:
        held = _held(year, slug) if year is not None else []
        if year is None or not held:
            return ""
        steps = {NODES[duty.node].step for duty in held}
        return _("%(year)s: bạn có %(n)d việc, ở bước %(steps)s.") % {
            "year": year.title,
            "n": len(held),
            "steps": ", ".join(str(step.number) for step in Step if step in steps),
        }

    def _first_day(self) -> Group:
        """The path of the first day, by the lines that ask the data itself."""
        sections = [
            Section(
                f"setup-{number}",
                line.title,
                about=line.said if self.standing else "",
                when=_("Người làm: %(who)s.") % {"who": line.who} if line.who else "",
                # A button is pressed on the page of all lines.
                link=reverse("councils:setup") if line.post else line.link,
                do=line.do,
                standing=("done" if line.done else "todo") if self.standing else "",
            )
            for number, line in enumerate(self.lines, 1)
        ]
        return Group(
            "first-day",
            _("Ngày đầu tiên"),
            _("Làm từ trên xuống. Trang «Thiết lập» cho biết mục nào đã xong, còn thiếu gì."),
            sections,
        )

    def _steps(self, slug: str, year: Year) -> Iterator[Group]:
        """What the duties of ``year`` give to the page's role, step by step."""
        held = _held(year, slug)
        for step in Step:
            here = [duty for duty in held if NODES[duty.node].step == step]
            if here:
                yield Group(
                    f"step-{step}",
                    _("Bước %(n)d: %(step)s") % {"n": step.number, "step": step.label},
                    _days(year, step, {duty.level for duty in here}),
                    [self._task(duty, slug, year) for duty in here],
                )

    def _task(self, duty: Duty, slug: str, year: Year) -> Section:
        guide, days = GUIDES[duty.node], duty.working_days
        acts = year.lawful(duty.node)
        return Section(
            duty.node,
            guide.title,
            about=guide.law_for(year.rule_set),
            term=length(days, Unit.WORKING_DAYS),
            due=day_text(self.calendar.project(self.today, days, Unit.WORKING_DAYS).due_on),
            when=str(Level(duty.level).label) if slug in _ALL else "",
            checks=guide.checks,
            deeds=_deeds(duty.node, acts, year),
        )

    def search(self, wanted: str, mine: Iterable[str] = ()) -> list[Found]:
        """The first sections that have every word of ``wanted``, diacritics ignored: names first,
        the pages ``mine`` before others; what several pages say is found once.
        """
        if not letters.search_words(wanted):
            return []
        found: dict[tuple[str, str], tuple[bool, Found]] = {}
        listed = dict(self.listed())
        for slug in dict.fromkeys([*mine, *listed]):
            for title, said, each in self._sections(slug):
                if letters.says(f"{each.page} {said}", wanted):
                    elsewhere = not letters.says(title, wanted)
                    found.setdefault((title, each.excerpt), (elsewhere, each))
        return [each for _elsewhere, each in sorted(found.values(), key=lambda row: row[0])][:MOST]

    def _sections(self, slug: str) -> Iterator[tuple[str, str, Found]]:
        """(title, all its words, what is shown of it) of everything on a page, itself first."""
        page, address = self.page(slug), reverse("councils:help_page", args=[slug])
        yield page.title, page.title, Found(page.title, page.title, address, str(page.about))
        for section in (each for group in page.groups for each in group.sections):
            excerpt = Truncator(section.about or section.when).chars(EXCERPT)
            link = f"{address}#{section.anchor}"
            title = str(section.title)
            yield title, section.said(), Found(page.title, title, link, excerpt)
        for each, _rungs in page.clocks:
            found = Found(page.title, each.title, f"{address}#terms", each.length)
            yield str(each.title), f"{each.title} {each.length}", found


_ALL = frozenset(page_of(role, "") for role in OF_ALL_LEVELS)


def _held(year: Year, slug: str) -> list[Duty]:
    return [duty for duty in year.duties.values() if page_of(duty.role, duty.level) == slug]


def _days(year: Year, step: Step, levels: set[str]) -> str:
    """When the step runs at the levels of those tasks: through the year, and in each batch.

    Nothing where it runs at other days at each level.
    """
    spans: dict[str, dict[str, str]] = {}
    for window in chain.from_iterable(year.windows.get((step, each), ()) for each in levels):
        days = {"first": day_text(window.opens_on), "last": day_text(window.closes_on)}
        batch = str(window.batch or "")
        if spans.setdefault(batch, days) != days:
            return ""
    if list(spans) == [""]:
        return _("Làm từ %(first)s đến %(last)s.") % spans[""]
    return " ".join(
        _("%(batch)s: từ %(first)s đến %(last)s.") % {"batch": batch or _("Cả năm"), **days}
        for batch, days in spans.items()
    )


def asks(act: Act, *, request: bool = False) -> list[str]:
    """What the form of an act wants, in short phrases: its records, a reason, a paper. ``request``:
    that is the commune's official request.
    """
    found = []
    forms = [(form, form._meta.model._meta.verbose_name) for form in RECORDS[act.name]]
    if act.takes:
        forms.append((VALUES[act.takes], ""))
    for form, name in forms:
        # What is there already needs nobody to think; the reason is told below.
        fields = [
            str(each.label)[:1].lower() + str(each.label)[1:]
            for key, each in form.base_fields.items()
            if each.required and each.initial is None and each.label and key != "reason"
        ]
        told = ", ".join(dict.fromkeys(fields))
        found.append(": ".join(filter(None, [str(name), told])))
    if has_compulsory_evidence in act.conditions:
        found.append(_("đủ giấy tờ bắt buộc"))
    if act.reviewed:
        found.append(_("đánh dấu từng nội dung đã kiểm tra, chọn lý do cho nội dung chưa đánh dấu"))
    if act.tone == "return":
        found.append(_("từng nội dung phải làm lại, ghi một lần cho đủ"))
    elif act.reason:
        found.append(_("lý do"))
    if request:
        found.append(_("số, ngày, người ký và bản chụp của văn bản đề nghị của xã"))
    elif act.paper:
        found.append(_("số, ngày, người ký và bản chụp của văn bản đã ký"))
    return [each for each in found if each]


def _deeds(node: str, acts: Iterable[tuple[Act, list[State]]], year: Year) -> list[Deed]:
    """The buttons of a task. What is signed has one more, before it has a number."""
    found = [
        Deed(
            f"{node}.{act.name}",
            act.label,
            asks(act, request=act.is_request(NODES[node], year.rule_set)),
            _after(act, leads, year, NODES[node]),
        )
        for act, leads in acts
    ]
    if node == SIGNED_NODE:
        told = _("Văn thư được báo để ghi số, ngày, bản chụp; khi đó mới là đã công nhận.")
        found.insert(0, Deed(f"{node}.signed", SIGN, after=[Next(told)]))
    return found


def _papers(slug: str, year: Year) -> Iterator[Group]:
    """The compulsory papers, on the pages of whoever has a task that asks for them."""
    held = _held(year, slug)
    acts = [act for duty in held for act, _leads in year.lawful(duty.node)]
    if any(has_compulsory_evidence in act.conditions for act in acts):
        needed = Section(
            "papers-needed", _("Giấy tờ của mọi hồ sơ đánh giá"), papers=papers(year.rule_set)
        )
        yield Group("papers", _("Giấy tờ bắt buộc"), "", [needed])


def _typed(slug: str, year: Year) -> Iterator[Group]:
    """The tasks of others that a clerk records from the signed paper."""
    sections = []
    for duty in year.duties.values() if slug == page_of(Role.CLERK, "") else ():
        acts = [
            pair
            for pair in year.lawful(duty.node)
            if pair[0].on_paper(NODES[duty.node], year.rule_set)
        ]
        if acts and duty.role != Role.CLERK:
            sections.append(
                Section(
                    f"typed-{duty.node}",
                    GUIDES[duty.node].title,
                    about=_("Việc của: %(who)s.") % {"who": post(duty.role, duty.level)},
                    deeds=_deeds(duty.node, acts, year)[-len(acts) :],
                )
            )
    yield Group(
        "typed",
        _("Việc bạn nhập từ văn bản đã ký"),
        _("Ở đơn vị của bạn, khi người ký không bấm trên máy."),
        sections,
    )


def papers(rule_set: RuleSet) -> list[tuple[str, list[str]]]:
    """The compulsory papers of an edition: first what all cases ask, then what one asks more."""
    kinds = {case: rule_set.compulsory(case) for case in CaseType.values}
    common = [
        kind for kind in kinds[CaseType.FIRST] if all(kind in each for each in kinds.values())
    ]
    found = [("", [rule_set.evidence_label(kind) for kind in common])]
    for case in CaseType:
        more = [rule_set.evidence_label(kind) for kind in kinds[case] if kind not in common]
        if more:
            found.append((str(case.label), more))
    return found


def _after(
    act: Act, leads: list[State], year: Year | None, state: State | None = None
) -> list[Next]:
    """What follows an act done in ``state``, by where it leads and whom it tells."""
    found = []
    if len(leads) > FEW:
        found.append(Next(_("Hồ sơ đi tiếp từ chỗ nó đã dừng.")))
    else:
        found += [_at(lead, year, first=lead == leads[0]) for lead in leads]
    if act.by_round and state in AT_COUNCIL:
        found.append(Next(_("Hồ sơ ở trong đợt thì không bấm nút này: chốt đợt là xong.")))
    if act.tells == "line":
        found.append(Next(_("Cán bộ theo dõi hồ sơ được báo.")))
    if act.from_ministry:
        found.append(Next(_("Lãnh đạo xã cũng được báo.")))
    return found


def _at(state: State, year: Year | None, *, first: bool = True) -> Next:
    """Who has the dossier in ``state``, or how it comes back from there."""
    node = NODE_IN.get(state)
    duty = year.duties.get(node) if year is not None and node is not None else None
    if node is not None and duty is not None:
        slug = page_of(duty.role, duty.level)
        words = (
            _("Tiếp theo: «%(task)s», %(who)s, %(length)s.")
            if first
            else _("Hoặc: «%(task)s», %(who)s, %(length)s.")
        )
        return Next(
            words
            % {
                "task": GUIDES[node].title,
                "who": post(duty.role, duty.level),
                "length": length(duty.working_days, Unit.WORKING_DAYS),
            },
            str(GUIDES[node].title),
            f"{reverse('councils:help_page', args=[slug])}#{node}",
        )
    if state not in PARKED:
        return Next(_("Hồ sơ sang «%(state)s».") % {"state": state.label})
    ways = [
        f"«{act.label}»"
        for act in ACTS.values()
        if act.who and state in act.begins and set(act.leads) - PARKED
    ]
    if not ways:
        return Next(_("Hồ sơ dừng ở «%(state)s».") % {"state": state.label})
    return Next(
        _("Hồ sơ dừng ở «%(state)s»; làm tiếp bằng %(ways)s.")
        % {"state": state.label, "ways": _(" hoặc ").join(ways)}
    )


def _when(act: Act, year: Year | None) -> str:
    """When an act that no task asks for may be done."""
    if len(act.begins) == len(State):
        return _("Bất cứ lúc nào.")
    begins = [state for state in act.begins if year is None or state in year.states]
    if len(begins) <= FEW + 1:
        return _("Khi: %(states)s.") % {"states": ", ".join(str(each.label) for each in begins)}
    steps = sorted({state.step.number for state in begins if state.step is not None})
    return _("Từ bước %(first)d đến bước %(last)d.") % {"first": steps[0], "last": steps[-1]}


def _free(slug: str, year: Year | None) -> Iterator[Group]:
    """The acts that no task asks for, and the reader's post lets them do."""
    sections = [
        _free_act(act, year)
        for act in ACTS.values()
        if slug in {page_of(*each) for each in act.who or ()}
    ]
    yield Group("acts", _("Việc làm khi cần"), _("Nút nằm trên trang của hồ sơ."), sections)


def _free_act(act: Act, year: Year | None) -> Section:
    leads = list(act.leads) if year is None else year.leads(act)
    deed = Deed("", "", asks(act), _after(act, leads, year))
    return Section(act.name, act.label, act.about, when=_when(act, year), deeds=[deed])


def _by_round(slug: str, year: Year | None) -> Iterator[Group]:
    """What a round does by itself, for who presides."""
    sections = []
    if slug in WHO["councils.preside"]:
        sections += [
            _free_act(act, year) for act in ACTS.values() if act.who is not None and not act.who
        ]
        sections += map(_of_event, _itself())
    yield Group("by-round", _("Việc đợt tự làm với hồ sơ"), "", sections)


def _itself() -> list[str]:
    """The events of a council that nobody does."""
    return [event for event, guide in COUNCIL_GUIDES.items() if not guide.permission]


def _of_event(event: str) -> Section:
    guide = COUNCIL_GUIDES[event]
    return Section(event, guide.title, about=guide.text)


def _of_council(slug: str) -> Iterator[Group]:
    """What the reader may do in a council, in the order of its work."""
    sections = [
        _of_event(event)
        for event, guide in COUNCIL_GUIDES.items()
        if slug in WHO.get(guide.permission, ())
    ]
    yield Group("council", _("Việc của hội đồng"), "", sections)


def _notes(slug: str) -> Iterator[Group]:
    """Where things are."""
    sections = [
        Section(note.anchor, note.title, about=note.text, link=reverse(note.link), do=note.do)
        for note in NOTES
        if slug in note.pages
    ]
    yield Group("notes", _("Làm ở đâu"), "", sections)


def _told(term: Clock) -> str:
    """When it warns, and who hears that it is late."""
    return rungs(term.warnings, term.escalations, term.unit)


def rungs(
    warnings: Iterable[int], escalations: Iterable[tuple[int, str]], unit: str = Unit.WORKING_DAYS
) -> str:
    """«Nhắc trước 3, 1 ngày làm việc. Quá hạn 1 ngày: báo lãnh đạo đơn vị; …»"""
    said = []
    if days := list(warnings):
        counted = Unit.WORKING_DAYS if unit == Unit.WORKING_DAYS else Unit.DAYS
        said.append(
            _("Nhắc trước %(days)s.") % {"days": length(", ".join(map(str, days)), counted)}
        )
    late = [
        _("%(n)d ngày làm việc báo %(who)s") % {"n": days, "who": HEARS[to]}
        if days
        else _("báo %(who)s ngay") % {"who": HEARS[to]}
        for days, to in escalations
    ]
    if late:
        said.append(_("Quá hạn %(late)s.") % {"late": "; ".join(late)})
    return " ".join(said)


def of_tasks() -> str:
    """When every task warns, and who hears that it is late."""
    return rungs(TASK_WARNINGS, TASK_ESCALATIONS)

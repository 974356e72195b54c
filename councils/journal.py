"""What lines of a round's journal say beside their phrase: of which products, what was resolved,
who came. Two entries that differ in what a reader needs never read alike.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from councils.models import DocumentKind, EvaluationRound
from councils.models.interest import interest_words
from cycle.events import tell
from cycle.written import day_text, moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cycle.models import HistoryEntry


def _when(text: str) -> str:
    return moment_text(datetime.fromisoformat(text))


def _named(keys: Iterable[int], names: Mapping[int, str]) -> str:
    return ", ".join(names.get(key, f"#{key}") for key in keys)


@tell("round.move_meeting")
def _moved(entry: HistoryEntry) -> list[str]:
    data = entry.data
    if not data.get("was"):
        return []
    said = [
        _("từ %(was)s sang %(now)s") % {"was": _when(data["was"]), "now": _when(data["meets_at"])}
    ]
    said += [data["place"]] if data.get("place") else []
    if data.get("had_come"):
        said.append(_had_come(entry))
    return said


def _had_come(entry: HistoryEntry) -> str:
    who = _named(entry.data["had_come"], entry.people) or _("không ai")
    return _("trước đó ghi có mặt: %(who)s") % {"who": who}


@tell("round.resolve")
def _resolved(entry: HistoryEntry) -> list[str]:
    data, about, holds = entry.data, entry.data.get("about", ""), entry.data.get("holds")
    if data.get("stars"):
        what = _("%(criterion)s, mức tối thiểu %(stars)d sao: %(said)s") % {
            "criterion": about,
            "stars": data["stars"],
            "said": _("đạt") if holds else _("không đạt"),
        }
    else:
        what = f"{about}: {_('bị loại') if holds else _('không bị loại')}"
    votes = data.get("votes")
    cast = (
        _("biểu quyết %(agree)d tán thành, %(against)d không tán thành")
        % {"agree": votes[0], "against": votes[1]}
        if votes
        else ""
    )
    return [what, *filter(None, [cast]), *_why(entry)]


def _why(entry: HistoryEntry) -> list[str]:
    """The words given for what was recorded, where they are not its ``reason`` as well."""
    why = entry.data.get("why")
    return [f"«{why}»"] if why and why != entry.reason else []


@tell("round.drop", "round.score_again", "round.accept_spread")
def _on_product(entry: HistoryEntry) -> list[str]:
    return _why(entry)


@tell("round.declare_interest", "round.lift_interest")
def _interest(entry: HistoryEntry) -> list[str]:
    data = entry.data
    try:
        words = interest_words(data["interest"], recused=data["recused"])
    except (KeyError, ValueError):  # its words were erased
        words = _("không chấm sản phẩm này") if data.get("recused") else _("vẫn chấm sản phẩm này")
    left_out = [_("phiếu đã nộp không tính")] if data.get("left_out") else []
    return [words, *_why(entry), *left_out]


@tell("round.attend")
def _came(entry: HistoryEntry) -> list[str]:
    data, names = entry.data, entry.people
    said = [_("có mặt: %(who)s") % {"who": _named(data.get("present", ()), names) or _("không ai")}]
    if "had_come" in data:
        said.append(_had_come(entry))
    return said


def _version(entry: HistoryEntry) -> list[str]:
    """Which closing it is, from the second on."""
    number = entry.data.get("version") or 1
    return [_("lần chốt thứ %(n)d") % {"n": number}] if number > 1 else []


@tell("round.take_in", "round.void", "round.count_sheets", "round.reopen")
def _of_products(entry: HistoryEntry) -> list[str]:
    # A product that is named says more than its number.
    its = entry.data.get("dossiers", ())
    said = _version(entry) + ([_named(its, entry.products)] if its else [])
    if who := entry.data.get("interests"):
        said.append(_("khai báo lợi ích còn đó của: %(who)s") % {"who": _named(who, entry.people)})
    if who := entry.data.get("counted_again"):
        said.append(_("tính lại phiếu của: %(who)s") % {"who": _named(who, entry.people)})
    # Why a meeting was the first to judge a re-evaluation.
    return [*said, *_complex(entry), *_why(entry)]


def _complex(entry: HistoryEntry) -> list[str]:
    """Which of its products are complex."""
    its = entry.data.get("complex", ())
    return [_("phức tạp: %(products)s") % {"products": _named(its, entry.products)}] if its else []


@tell("round.close")
def _closed(entry: HistoryEntry) -> list[str]:
    said = _version(entry)
    for dossier, _points, _sheets, stars in entry.data.get("results", ()):
        words = (
            ngettext("%(n)d sao", "%(n)d sao", stars) % {"n": stars}
            if stars
            else _("không đạt sao")
        )
        said.append(f"{_named([dossier], entry.products)}: {words}")
    return said


@tell("round.convene")
def _convened(entry: HistoryEntry) -> list[str]:
    data = entry.data
    said = [_named(data.get("dossiers", ()), entry.products)]
    if data.get("meets_at"):
        said.append(_("họp lúc %(at)s") % {"at": _when(data["meets_at"])})
    return list(filter(None, [*said, data.get("place", ""), *_complex(entry)]))


@tell("round.record_document")
def _document(entry: HistoryEntry) -> list[str]:
    data = entry.data
    kind = dict(DocumentKind.choices).get(data.get("kind"), "")
    day = data.get("signed_on")
    return [
        " ".join(
            filter(
                None,
                [
                    str(kind),
                    data.get("number", ""),
                    _("ngày %(day)s") % {"day": day_text(date.fromisoformat(day))} if day else "",
                ],
            )
        )
    ]


@tell("round.change")
def _changed(entry: HistoryEntry) -> list[str]:
    changed = entry.data.get("changed", ())
    if not isinstance(changed, dict):  # entries of before say only what was changed
        return [_field(name) for name in changed]
    said = []
    for name, (was, now) in changed.items():
        if name == "agenda":
            was, now = (_named(keys, entry.products) for keys in (was, now))
        said.append(
            _("%(field)s: «%(was)s» thành «%(now)s»")
            % {"field": _field(name), "was": was or _("(trống)"), "now": now or _("(trống)")}
        )
    if "had_come" in entry.data:
        said.append(_had_come(entry))
    return said


def _field(name: str) -> str:
    if name == "agenda":
        return _("thứ tự sản phẩm")
    field: Any = EvaluationRound._meta.get_field(name)
    return str(field.verbose_name)

"""In which order papers are signed (thứ tự ngày ký): «this paper is not before that one». A leaf.

Each act says what its paper is not before (``Act.not_before``), :func:`too_early` asks it: when the
act is recorded, by one or for many, and when its paper, or the one it rests on, is corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from django.utils.translation import gettext as _now

from cycle import events

if TYPE_CHECKING:
    from dossiers.models.dossier import Dossier


class Earlier(NamedTuple):
    """What a paper is not before: its ``day``, the sentence for a paper that is, and the key of the
    paper of the dossier that says this day, if one does. ``of``: the day that is compared, where it
    is not that of the paper.
    """

    day: date
    words: str
    paper: int | None = None
    of: date | None = None


#: What the dossier has that the paper of an act is not before; None where it has nothing.
Asks = Union[Callable[["Dossier"], "Earlier | None"], "After"]


def _by_then(dossier: Dossier, rows: Any) -> Any:
    """Of ``rows`` those that were there when the act was done about which is asked."""
    return rows if dossier.as_of is None else rows.filter(at__lte=dossier.as_of.at)


def _paper_of(entry: Any) -> int | None:
    return next(
        (pk for model, pk in entry.data.get("records", ()) if model == "officialdocument"), None
    )


class After:
    """Not before the paper of the last of these acts that was done on one."""

    def __init__(self, *acts: str) -> None:
        self.events = [f"dossier.{act}" for act in acts]

    def among(self, dossier: Dossier, done: Sequence[Any]) -> Earlier | None:
        """What it asks, of the entries of acts that were ``done`` on a paper, the oldest first."""
        last = next((each for each in reversed(done) if each.event in self.events), None)
        if last is None:
            return None
        said = _now("Ngày ký trước văn bản ngày %(day)s của việc «%(act)s»: xin xem lại.")
        words = said % {"day": f"{last.day:%d/%m/%Y}", "act": events.label(last.event)}
        return Earlier(last.day, words, _paper_of(last))


def _last_result(dossier: Dossier) -> Any:
    return dossier.last_result()


def _met_on(dossier: Dossier, words: str) -> Earlier | None:
    last = _last_result(dossier)
    return Earlier(last.met_on, words) if last is not None else None


class MetAfter(After):
    """The council whose result it gives met on the day of the paper that brought it the dossier, or
    later: the last of these acts that was done on one.
    """

    def among(self, dossier: Dossier, done: Sequence[Any]) -> Earlier | None:
        found, last = super().among(dossier, done), _last_result(dossier)
        if found is None or last is None:
            return None
        said = _now(
            "Hội đồng họp ngày %(met)s, trước văn bản đưa hồ sơ đến (%(day)s): xin xem lại."
        )
        words = said % {"met": f"{last.met_on:%d/%m/%Y}", "day": f"{found.day:%d/%m/%Y}"}
        return Earlier(found.day, words, found.paper, of=last.met_on)


def its_meeting(dossier: Dossier) -> Earlier | None:
    """Not before the council met whose result it gives."""
    return _met_on(dossier, _now("Ngày ký không thể trước ngày họp hội đồng."))


def the_meeting(dossier: Dossier) -> Earlier | None:
    """What is decided on a result: not before the council met."""
    return _met_on(dossier, _now("Ngày ký quyết định không thể trước ngày họp hội đồng."))


def before_minutes(minutes: Any) -> str:
    """The sentence for what is said of results and signed before the ``minutes``."""
    said = _now("%(paper)s ký ngày %(day)s: văn bản về kết quả không ký trước biên bản.")
    return said % {"paper": minutes, "day": f"{minutes.signed_on:%d/%m/%Y}"}


def paper_of_round(dossier: Dossier, kind: str) -> Any:
    """The signed document of this kind of the round that judged it last, of the closing that
    stands, as it is recorded there; None without one.
    """
    last = dossier.judged_last()
    if last is None:
        return None
    signed = last.round.documents.filter(kind=kind, replaced_by=None, at__gte=last.closed_at)
    return signed.last()


#: The kind of the signed document of a round on which each act is done (``Act.round_paper``).
ROUND_PAPERS: dict[str, str] = {}


def the_minutes(dossier: Dossier) -> Earlier | None:
    """What rests on the result of a round: not before its minutes, as they stand."""
    minutes = paper_of_round(dossier, "minutes")
    if minutes is None:
        return None
    return Earlier(minutes.signed_on, before_minutes(minutes))


def the_ground(dossier: Dossier) -> Earlier | None:
    """Not before the conclusion, or the commune's confirmation, on which it revokes."""
    grounds = dossier.revocations.select_related("inspection", "stopped__paper__document")
    last = _by_then(dossier, grounds).last()
    if last is None:
        return None
    if last.inspection is not None:
        day, paper = last.inspection.concluded_on, None
        said = _now("Ngày ký trước ngày kết luận kiểm tra làm căn cứ (%(day)s): xin xem lại.")
    else:
        assert last.stopped is not None, "the database requires one of both"
        day, paper = last.stopped.paper.signed_on, last.stopped.paper_id
        said = _now("Ngày ký trước ngày ký xác nhận của xã làm căn cứ (%(day)s): xin xem lại.")
    return Earlier(day, said % {"day": f"{day:%d/%m/%Y}"}, paper)


def the_inspection(dossier: Dossier) -> Earlier | None:
    """The paper of an inspection: not before it was made."""
    last = _by_then(dossier, dossier.inspections.all()).last()
    if last is None:
        return None
    said = _now("Ngày ký trước ngày kiểm tra (%(day)s): xin xem lại.")
    return Earlier(last.inspected_on, said % {"day": f"{last.inspected_on:%d/%m/%Y}"})


def the_end_of_production(dossier: Dossier) -> Earlier | None:
    """A confirmation: not before what it confirms."""
    last = _by_then(dossier, dossier.stoppedproductions.all()).last()
    if last is None:
        return None
    return Earlier(last.stopped_on, _now("Ngày ngừng sản xuất không thể sau ngày ký xác nhận."))


def the_order(dossier: Dossier) -> Earlier | None:
    """The filing, and the result, of what the ministry ordered: not before its order (Đ.10.1.b)."""
    order = dossier.ordered_by()
    if order is None:
        return None
    said = _now("Ngày ký trước văn bản của Bộ yêu cầu đánh giá lại (%(day)s): xin xem lại.")
    return Earlier(order.day, said % {"day": f"{order.day:%d/%m/%Y}"}, _paper_of(order))


def the_certificate(dossier: Dossier) -> Earlier | None:
    """What is done with a certificate: not before it was given."""
    day = dossier.certified_before()
    if day is None:
        return None
    said = _now("Văn bản ký trước ngày cấp giấy chứng nhận (%(day)s): xin xem lại.")
    return Earlier(day, said % {"day": f"{day:%d/%m/%Y}"})


def too_early(dossier: Dossier, asks: tuple[Asks, ...], day: date | None) -> list[Earlier]:
    """What a paper of ``day`` is before, and may not be."""
    if day is None:
        return []
    names = {event for ask in asks if isinstance(ask, After) for event in ask.events}
    # Read once for all of them: the day of an act costs more than all else that is asked here.
    done = dossier.done_on_paper(*names) if names else []
    found = (ask.among(dossier, done) if isinstance(ask, After) else ask(dossier) for ask in asks)
    return [each for each in found if each is not None and (each.of or day) < each.day]

"""Who does an act, and in what right. A leaf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cycle.models import HistoryEntry, RoleAssignment, Stream, User

if TYPE_CHECKING:
    from dossiers.models.dossier import Dossier
    from dossiers.models.task import Task


@dataclass(frozen=True, kw_only=True)
class Doing:
    """One doing of an act (việc đang làm), handed from its door to the law and the record."""

    #: None: the system, for acts that allow it.
    by: User | None
    #: The role assignment acted in.
    capacity: RoleAssignment | None = None
    #: The entry of a round's history by which it is done; None of an act in one's own post.
    authority: HistoryEntry | None = None
    #: The task that asked for it, held by its door; None of an act that none asked for.
    task: Task | None = None
    #: Whether ``by`` only types what a signed paper says.
    typed: bool = False
    #: Id of the round's entry that the dossier is taken out of, its round locked; None without.
    leaving: int | None = None
    #: When it happened, where that is neither now nor the day of its paper.
    at: datetime | None = None

    @property
    def recorded(self) -> dict[str, Any]:
        """What the history keeps of it beside who and in which capacity."""
        kept: dict[str, Any] = {}
        if self.task is not None:
            kept |= {"task": self.task.pk, "node": self.task.node}
        if self.authority is not None:
            kept["authority"] = self.authority.pk
        return kept

    def is_authorised(self, dossier: Dossier) -> bool:
        """Whether it rests on what a round's closing or reopening, which names the dossier and was
        done by the same person, brought about.
        """
        entry = self.authority
        return (
            self.by is not None
            and entry is not None
            and entry.pk is not None
            and entry.stream == Stream.ROUND
            and entry.actor_id == self.by.pk
            and dossier.pk in entry.data["dossiers"]
        )

    def is_of_round(self, round_id: int) -> bool:
        """Whether it is that round's own act."""
        entry = self.authority
        return entry is not None and entry.stream == Stream.ROUND and entry.stream_id == round_id

"""Who does an act, and by which right. A leaf."""

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
    """Who does an act, by which right and when (việc đang làm); made by its door."""

    #: Who does it; None is the system, for acts that allow it.
    by: User | None
    #: The role assignment that ``by`` acts in.
    capacity: RoleAssignment | None = None
    #: The entry of a round's history on whose authority it is done; None in one's own post.
    authority: HistoryEntry | None = None
    #: The task that asked for it, locked; None when no task did.
    task: Task | None = None
    #: ``by`` only records what a signed paper says (nhập từ văn bản).
    typed: bool = False
    #: Id of the round's entry that the dossier is taken out of, its round locked.
    leaving: int | None = None
    #: Id of the batch in which it is done for many dossiers (làm một lượt).
    together: int | None = None
    #: When it happened; None: on the day its paper was signed, else now.
    at: datetime | None = None

    @property
    def recorded(self) -> dict[str, Any]:
        """Its part of the history entry's ``data``."""
        kept: dict[str, Any] = {}
        if self.task is not None:
            kept |= {"task": self.task.pk, "node": self.task.node}
        if self.authority is not None:
            kept["authority"] = self.authority.pk
        if self.together is not None:
            kept["together"] = self.together
        return kept

    def is_authorised(self, dossier: Dossier) -> bool:
        """Whether ``authority`` is the closing or reopening of a round that names ``dossier`` and
        was done by the same person.
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
        """Whether ``authority`` is an entry of that round's history."""
        entry = self.authority
        return entry is not None and entry.stream == Stream.ROUND and entry.stream_id == round_id

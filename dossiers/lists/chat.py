"""A list as text for a chat (chép gửi Zalo): grouped by unit, in pieces that a message can hold."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cycle.letters import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The longest message that Zalo takes: letters.
LONGEST = 2000
#: A chat is no place for more lines; who needs them sends the file.
MOST = 400
#: A line may not be longer: names of products and producers are up to 200 letters each.
LINE = 600


def length(text: str) -> int:
    """Letters as a telephone counts them: a picture is two."""
    return len(text.encode("utf-16-le")) // 2


def pieces(title: str, said: Iterable[tuple[str, str]], longest: int = LONGEST) -> list[str]:
    """Messages of at most ``longest`` letters: the title, then each unit with its lines.

    ``said`` are (unit, line). A unit that goes over the end of a message is named again in the
    next; several messages are numbered. Without any line there is no message.
    """
    rows = sorted(said, key=lambda row: sort_key(row[0]))
    room = longest - length(f"{title} (999/999)\n")
    bodies: list[str] = []
    body = ""
    for unit, lines in groupby(rows, key=lambda row: row[0]):
        named = False
        for number, (_unit, line) in enumerate(lines, start=1):
            line = _one_line(f"{number}. {line}")
            head = "" if named else f"\n{_one_line(unit)}:\n"
            if body and length(body + head + line) + 1 > room:
                bodies.append(body)
                body, head = "", f"\n{_one_line(unit)}:\n"
            body += f"{head}{line}\n"
            named = True
    if body:
        bodies.append(body)
    many = len(bodies)
    return [
        f"{title}{f' ({number}/{many})' if many > 1 else ''}\n{each}".strip()
        for number, each in enumerate(bodies, start=1)
    ]


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    if length(text) <= LINE:
        return text
    return text.encode("utf-16-le")[: 2 * (LINE - 1)].decode("utf-16-le", "ignore") + "…"


def more(number: int) -> str:
    """The sentence that says how many lines are left out; nothing when none are."""
    left = number - MOST
    return _("Còn %(n)d dòng: hãy lọc bớt hoặc gửi tệp.") % {"n": left} if left > 0 else ""

"""What a page shows: its words as they are read, however its source is broken into lines."""

import html
import re
from hashlib import sha256

#: What flows in a line; any other element begins a new one.
INLINE = "a|abbr|b|button|em|i|kbd|label|small|span|strong|sub|sup|time"
_INLINE = re.compile(rf"</?(?:{INLINE})\b[^>]*>")
_ANY = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


def tick(*keys):
    """The value of the box «this is another», ticked for what ``keys`` name, as a page sends it."""
    return ",".join(sorted(sha256(key.encode()).hexdigest()[:12] for key in keys))


def yes(answer, name="confirmed"):
    """The tick that the page of ``answer`` asks for."""
    return {name: answer.context["form"][name].field.widget.attrs["value"]}


def shown(page):
    """The words of a page or a piece of it: blanks folded as a browser folds them, no tags."""
    return " ".join(html.unescape(_ANY.sub(" ", _INLINE.sub("", page))).split())

"""What a page shows: its words as they are read, however its source is broken into lines."""

import html
import io
import re

import pypdf

from dossiers.forms.shown import ticks

#: What flows in a line; any other element begins a new one.
INLINE = "a|abbr|b|button|em|i|kbd|label|small|span|strong|sub|sup|time"
_INLINE = re.compile(rf"</?(?:{INLINE})\b[^>]*>")
_ANY = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


def tick(by, name, *keys):
    """The box ``name`` («this is another») as ``by`` ticks it for what ``keys`` name, where nothing
    is made yet.
    """
    return ticks(name, keys, by=by)


def yes(answer, name="confirmed"):
    """The tick that the page of ``answer`` asks for."""
    return {name: answer.context["form"][name].field.widget.attrs["value"]}


def shown(page):
    """The words of a page or a piece of it: blanks folded as a browser folds them, no tags."""
    return " ".join(html.unescape(_ANY.sub(" ", _INLINE.sub("", page))).split())


def printed(content):
    """The words of a PDF."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())

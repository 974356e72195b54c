"""Templates: their lines, their addresses, their partials. Whether each is rendered: rendered.py."""

import re

from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from tests.pages import INLINE
from tests.rendered import HOME, on_disk

PAGES = sorted(name for name in on_disk() if name.endswith(".html"))


def lines(pattern):
    """Each line of a page that ``pattern`` is found in, as file:line."""
    found = re.compile(pattern)
    return [
        f"{name}:{number}"
        for name in PAGES
        for number, line in enumerate((HOME / name).read_text().splitlines(), 1)
        if found.search(line)
    ]


#: What cannot be broken: a tag, a value, or an attribute whose value is quoted.
WHOLE = re.compile(r"""\{%.*?%\}|\{\{.*?\}\}""")
ATTRIBUTE = re.compile(r"""[-\w:]+=("[^"]*"|'[^']*')>?""")


def test_no_line_is_longer_than_100_columns_that_could_be_broken():
    long = [
        f"{name}:{number}"
        for name in PAGES
        for number, line in enumerate((HOME / name).read_text().splitlines(), 1)
        if len(line) > 100
        and not WHOLE.fullmatch(line.strip())
        and not ATTRIBUTE.fullmatch(WHOLE.sub("X", line.strip()))
    ]
    assert long == []


#: Another element than these begins a line of its own.
_INLINE = re.compile(rf"</?({INLINE})\b[^>]*>")
_TRIMMED = re.compile(
    r"\{% blocktranslate [^%]*?trimmed.*?%\}\s*(.*?)\s*\{% endblocktranslate %\}", re.DOTALL
)
_COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", re.DOTALL)
_SILENT = re.compile(
    r"\{% (if|elif|else|endif|for|endfor|empty|with|endwith|load|block|endblock|blocktranslate|"
    r"endblocktranslate)\b.*?%\}"
)
#: A blank before what ends a word, or after what begins one; a new line of the page is none.
GAP = re.compile(r"[^\s\0]\s+[,;:.)»](?!\d)|[(«]\s")


def gaps(source):
    """Where a template would show a blank at a point, as the words about it."""
    text = _SILENT.sub("", _TRIMMED.sub(r"\1", _COMMENT.sub("", source)))
    text = _INLINE.sub("", WHOLE.sub("X", text))
    text = re.sub(r"<[^>]*>", "\0", text)
    return [text[max(0, m.start() - 20) : m.end() + 20] for m in GAP.finditer(text)]


def optional(source):
    """Start and end of each {% if %} without {% else %}: the page must read well without it."""
    begun, found = [], []
    for tag in re.finditer(r"\{% (if|else|elif|endif)\b.*?%\}", source):
        if tag[1] == "if":
            begun.append([tag.start(), True])
        elif tag[1] == "endif":
            start, alone = begun.pop()
            if alone:
                found.append((start, tag.end()))
        else:
            begun[-1][1] = False
    return found


#: What a page shows as it stands, whatever it says.
AS_IT_STANDS = r"\|\s*(safe|safeseq)\b|\{%\s*autoescape off|\bmark_safe\b|\bSafe(Text|String)\("


def test_no_page_shows_what_it_is_given_as_it_stands():
    """Letters are text and escape nothing; a page escapes all, and so does whatever makes HTML."""
    assert lines(AS_IT_STANDS) == []
    root = HOME.parent
    assert [
        str(path.relative_to(root))
        for app in ("cycle", "dossiers", "councils", "notifications")
        for path in sorted((root / app).rglob("*.py"))
        if re.search(AS_IT_STANDS, path.read_text())
    ] == []
    assert {path.suffix for path in HOME.rglob("*.*") if "autoescape off" in path.read_text()} == {
        ".txt"
    }


def test_a_broken_line_shows_no_blank_before_a_point():
    found = {}
    for name in PAGES:
        source = (HOME / name).read_text()
        without = [source[:start] + source[end:] for start, end in optional(source)]
        for text in (source, *without):
            for gap in gaps(text):
                found.setdefault(name, gap)
    assert found == {}


def test_cells_that_stand_in_one_line_on_a_phone_have_a_blank_between_them():
    """Their dot is put after it; without one it would touch the word."""
    assert lines(r"</td><td[^>]*class=.where") == []


def test_no_address_is_written_out():
    """`/`, the way home, alone: pages that stand without the site may not be able to ask for it."""
    assert lines(r"""\b(href|action|src|hx-\w+)=["']/[^"']""") == []


def test_every_partial_is_included_somewhere():
    used = set(re.findall(r'{% include "([^"]+)"', "".join((HOME / n).read_text() for n in PAGES)))
    partials = {name for name in PAGES if name.rsplit("/", 1)[-1].startswith("_")}
    extended = set(
        re.findall(r'{% extends "([^"]+)"', "".join((HOME / n).read_text() for n in PAGES))
    )
    loose = {name for name in partials - used - extended if not named_in_code(name)}
    assert loose == set()


def test_every_template_that_a_page_names_is_there():
    named = re.compile(r"""\{%-?\s*(?:include|extends)\s+["']([^"']+)["']""")
    found = {
        f"{page}: {name}"
        for page in on_disk()
        for name in named.findall((HOME / page).read_text())
        if not is_there(name)
    }
    assert found == set()


def is_there(name):
    """Whether a template of ours or of what we build on has this name."""
    try:
        get_template(name)
    except TemplateDoesNotExist as missing:
        return missing.args[0] != name
    return True


def named_in_code(name):
    """Whether a module names the template itself, or the folder with a name put together."""
    root = HOME.parent
    return any(
        f'"{name}"' in path.read_text()
        for app in ("cycle", "dossiers", "councils", "notifications")
        for path in (root / app).rglob("*.py")
    )

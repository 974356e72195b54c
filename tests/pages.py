"""What a page shows: its words as they are read, however its source is broken into lines."""

import html
import io
import re
from html.parser import HTMLParser

import docx
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


#: A unit that is written small at the beginning of a line, or large inside a sentence.
_MISCASED = re.compile(
    r"(?:Xã, phường|Địa chỉ|Đơn vị|Nơi sản xuất): (?:xã|phường|huyện|tỉnh) \w+"
    r"|(?:[UỦ]y ban nhân dân|UBND|[Vv]ăn phòng [^,.;]{0,60}|\b(?:của|tại|ở|do)) "
    r"(?:Xã|Phường|Huyện|Tỉnh) \w+"
)


def miscased(text):
    """The units that a paper does not write as its sentence asks."""
    return _MISCASED.findall(text)


def printed(content):
    """The words of a PDF."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def written(content):
    """The words of a Word file, in order."""
    body = docx.Document(io.BytesIO(content)).element.body
    named = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"
    return " ".join(" ".join(each.text or "" for each in body.iter(named)).split())


class Sent(HTMLParser):
    """What a browser sends of the forms ``form.act`` of a page: ``data`` = {name: [value, …]}."""

    def __init__(self, page):
        super().__init__()
        self.data, self.select, self.area, self.inside = {}, None, None, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = "act" in (attrs.get("class") or "").split()
        name = attrs.get("name")
        if not self.inside:
            return
        if tag == "select":
            self.select = name
        elif tag == "option" and "selected" in attrs:
            self.data[self.select] = [attrs["value"]]
        elif tag == "textarea":
            self.area, self.data[name] = name, [""]
        elif tag == "input" and name:
            kind = attrs.get("type")
            if kind != "file" and (kind not in ("checkbox", "radio") or "checked" in attrs):
                told = attrs.get("value") or ("on" if kind == "checkbox" else "")
                self.data.setdefault(name, []).append(told)

    def handle_data(self, data):
        if self.area:
            self.data[self.area][0] += data.strip("\n")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = None


def lost_recipients(data, said):
    """Lines of «Nơi nhận» that lead to nothing in the paper: nobody above, no such article."""
    addressed = data.get("to") or data.get("invited")
    return [
        line
        for line in data["recipients"]
        if (line == "Như trên" and not addressed)
        or (line.startswith("Như Điều") and f"{line.removeprefix('Như ')}." not in said)
    ]

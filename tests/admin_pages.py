"""A page of the administration, read as a browser reads it."""

from html.parser import HTMLParser

import cycle.urls  # noqa: F401  It says what is registered.

PASSWORD = "tre già măng mọc 26"


# --- A browser and what it fills in ----------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would post of a page as it stands: ``posted``, name by name."""

    def __init__(self, html):
        super().__init__()
        self.posted, self._select, self._text = {}, None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name = attrs.get("name")
        if tag == "input" and name and attrs.get("type") not in ("submit", "file", "button"):
            if attrs.get("type") not in ("checkbox", "radio") or "checked" in attrs:
                self.posted.setdefault(name, []).append(
                    attrs.get("value") or "on" * (attrs.get("type") in ("checkbox", "radio"))
                )
        elif tag == "select" and name:
            self._select = name, "multiple" in attrs, []
        elif tag == "option" and self._select:
            self._select[2].append((attrs.get("value", ""), "selected" in attrs))
        elif tag == "textarea" and name:
            self._text = name, []

    def handle_data(self, data):
        if self._text:
            self._text[1].append(data)

    def handle_endtag(self, tag):
        if tag == "textarea" and self._text:
            # HTML drops the first line break of a text area.
            self.posted[self._text[0]] = ["".join(self._text[1]).removeprefix("\n")]
            self._text = None
        elif tag == "select" and self._select:
            name, multiple, options = self._select
            chosen = [value for value, selected in options if selected]
            if not chosen and options and not multiple:
                chosen = [options[0][0]]
            if chosen:
                self.posted[name] = chosen
            self._select = None

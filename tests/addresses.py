"""Every address of the product and every form on its pages, for tests that leave none out."""

import re
from contextlib import contextmanager
from html.parser import HTMLParser
from unittest.mock import patch

from django.http import HttpResponse
from django.urls import URLResolver, get_resolver


def routes(patterns=None, before=""):
    """Every address as its route, like ``dossiers/<int:pk>/``; those of the administration too."""
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        else:
            # Patterns by regular expression: the catch-all of the administration.
            yield re.sub(r"\(\?P(<\w+>).*?\)\$?", r"\1", route.replace("^", ""))


def filled(route, value):
    """The address with ``value`` for each of its parts."""
    return "/" + re.sub(r"<[^>]+>", lambda _part: str(value), route)


@contextmanager
def refused_in_full_once():
    """In the block the page that says 404 is drawn once for each person, and then only its number.

    It says the same each time, and drawing it is half of what a walk over the addresses costs.
    For nobody, whom it sends to sign in and back, it is drawn each time.
    """
    drawn, found = set(), URLResolver.resolve_error_handler

    def handler(resolver, status):
        in_full = found(resolver, status)

        def answer(request, *args, **kwargs):
            who = getattr(getattr(request, "user", None), "pk", None)
            if status != 404 or who not in drawn:
                drawn.update({who} - {None})
                return in_full(request, *args, **kwargs)
            return HttpResponse(status=404)

        return answer

    with patch.object(URLResolver, "resolve_error_handler", handler):
        yield


class Forms(HTMLParser):
    """The forms of a page as they would be sent: ``forms`` = [{action, method, fields}].

    ``fields`` is name -> (type, value); of several of a name the last that would be sent.
    """

    def __init__(self, page):
        super().__init__()
        self.forms, self.select, self.area = [], None, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append(
                {
                    "action": attrs.get("action") or "",
                    "method": (attrs.get("method") or "get").lower(),
                    "fields": {},
                }
            )
        if not self.forms:
            return
        fields, name = self.forms[-1]["fields"], attrs.get("name")
        if tag == "option" and self.select:
            if "selected" in attrs or not fields[self.select][1]:
                fields[self.select] = ("select", attrs.get("value") or "")
        elif not name:
            return
        elif tag in ("select", "textarea"):
            fields[name] = (tag, "")
            self.select, self.area = (name, None) if tag == "select" else (None, name)
        elif tag in ("input", "button"):
            kind = attrs.get("type") or ("text" if tag == "input" else "submit")
            if kind not in ("radio", "checkbox") or "checked" in attrs or name not in fields:
                fields[name] = (kind, attrs.get("value") or "")

    def handle_data(self, data):
        if self.area and self.forms:
            fields = self.forms[-1]["fields"]
            fields[self.area] = ("textarea", fields[self.area][1] + data)

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None


def forms_of(response):
    """The forms of an answer; none when it is no page."""
    if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
        return []
    return Forms(response.content.decode()).forms

"""What leads out of a list: the chooser of its columns, with the buttons that take it out, and the
address of the overdue work.
"""

from typing import Any

from django import template
from django.urls import reverse

from dossiers.lists.export import registered
from dossiers.lists.overdue import WORK

register = template.Library()


@register.simple_tag
def overdue_work() -> str:
    """The address of the overdue work of the person's area (việc quá hạn)."""
    return f"{reverse('dossiers:register')}?{WORK.query()}"


@register.inclusion_tag("dossiers/_export.html", takes_context=True)
def export_list(context: Any, name: str, pk: int | None = None) -> dict[str, Any]:
    """The chooser of the list ``name``, narrowed as this page is; with ``pk``, of the list of it.

    Ticked is what this person took last time, or what is taken by habit.
    """
    request, found = context["request"], registered()[name]
    ticked = found.chosen(request.session.get("columns", {}).get(name))
    address = reverse("dossiers:export_of", args=[name, pk]) if pk else ""
    asked = request.GET.copy()
    for place in ("page", "after"):
        # The whole list goes out, from whichever page.
        asked.pop(place, None)
    query = asked.urlencode()
    return {
        # As yes or no: a template would call the function.
        "chats": found.said is not None,
        "columns": [(column, column in ticked) for column in found.columns],
        "address": f"{address or reverse('dossiers:export', args=[name])}?{query}".rstrip("?"),
        "csrf_token": context["csrf_token"],
    }

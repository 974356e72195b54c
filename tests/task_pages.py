"""The page of a task."""

import re

from django.urls import reverse

from cycle import clock


def address(task):
    return reverse("dossiers:task", args=[task.pk])


def today():
    return f"{clock.today():%d/%m/%Y}"


def agreed(client, address, typed, **kwargs):
    """Send a form, and once more where its act asks so: as a browser does, files held."""
    asked = client.post(address, typed, **kwargs)
    hidden = dict(
        re.findall(
            r'<input type="hidden" name="((?:[\w-]+-)?(?:sure|held))" value="([^"]*)"',
            asked.content.decode(),
        )
    )
    if not any(name.endswith("sure") for name in hidden):
        return asked
    words = {name: value for name, value in typed.items() if not hasattr(value, "read")}
    return client.post(address, words | hidden, **kwargs)

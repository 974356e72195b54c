"""What was typed is not lost when the sign-in ends: kept for the page that shows it again.

Only a view marked ``shows_typed`` has its posts kept, and only such a view is given them. A session
lies in the database and in every backup as it is: no secret may get there.
"""

import re
from functools import wraps

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import QueryDict

from cycle import clock

#: A page of typed Vietnamese is some 20,000 characters once encoded.
KEPT_CHARACTERS = 200_000
KEPT_SECONDS = 60 * 60
#: One form is kept at a time: {path, typed, at (seconds since 1970)}.
KEY = "typed"
#: No page that shows again asks for a secret; should one ever, it is left out by its name.
SECRET = re.compile(r"password|passwd|passphrase|passcode|secret|token|(^|[-_])(otp|pin)", re.I)


def shows_typed(view):
    """Mark a view that shows again what was typed on its page before the sign-in ended.

    It reads ``request.typed``: a QueryDict, once, on the first GET within the hour; else None. Put
    it below ``login_required``, so that only who has signed in is shown it.
    """

    @wraps(view)
    def showing(request, *args, **kwargs):
        request.typed = None
        if request.method in ("GET", "POST"):
            kept = request.session.get(KEY)
            if kept and kept["path"] == request.path:
                del request.session[KEY]
                if request.method == "GET" and not _is_old(kept):
                    request.typed = QueryDict(kept["typed"])
        return view(request, *args, **kwargs)

    showing.shows_typed = True  # type: ignore[attr-defined]
    return showing


def keep(request):
    """Keep what was posted, without files and secrets, for ``shows_typed``; whether it was kept.

    What was kept before makes room: one form at a time, and none that is too long.
    """
    if not getattr(getattr(request.resolver_match, "func", None), "shows_typed", False):
        return False
    request.session.pop(KEY, None)
    typed = request.POST.copy()
    for name in list(typed):
        if SECRET.search(name):
            del typed[name]
    text = typed.urlencode()
    if not text or len(text) > KEPT_CHARACTERS:
        return False
    request.session[KEY] = {"path": request.path, "typed": text, "at": clock.now().timestamp()}
    return True


def fill(form, typed):
    """Show in the unbound ``form`` what was ``typed`` in its fields, if anything was."""
    if typed is not None:
        for name, field in form.fields.items():
            form.initial[name] = field.widget.value_from_datadict(typed, {}, form.add_prefix(name))


def _is_old(kept):
    return clock.now().timestamp() - kept["at"] >= KEPT_SECONDS


def drop_old(session):
    """Take what nobody came back for within the hour out of a session; whether there was any."""
    kept = session.get(KEY)
    if kept is None or not _is_old(kept):
        return False
    del session[KEY]
    return True


def forget_old():
    """Take it out of every session that lies in the database."""
    store = SessionStore()
    for row in Session.objects.iterator():
        data = row.get_decoded()
        if drop_old(data):
            # Somebody may be using it at this moment: whoever writes first wins.
            Session.objects.filter(pk=row.pk, session_data=row.session_data).update(
                session_data=store.encode(data)
            )

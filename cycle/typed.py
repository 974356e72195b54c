"""What was typed is not lost when the sign-in ends: kept for the page that shows it again.

Only a view marked ``shows_typed`` has its posts kept, and only such a view is given them. A session
lies in the database and in every backup as it is: no secret may get there.

It is shown to nobody but who typed it: several people use one browser. Django gives a browser a new
CSRF secret at each sign-in, so the token of a form tells whose page it was. A signed cookie
remembers whose were the last few secrets, each by its hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.signing import BadSignature, dumps, loads
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.middleware import csrf
from django.utils.crypto import salted_hmac

from cycle import clock

#: A page of typed Vietnamese is some 20,000 characters once encoded.
KEPT_CHARACTERS = 200_000
KEPT_SECONDS = 60 * 60
#: One form is kept at a time: {path, typed, at (seconds since 1970), by (pk of who typed it)}.
KEY = "typed"
#: No page that shows again asks for a secret; should one ever, it is left out by its name.
SECRET = re.compile(r"password|passwd|passphrase|passcode|secret|token|(^|[-_])(otp|pin)", re.I)
#: The cookie: [hash of a CSRF secret, pk of whose page it was] of the last sign-ins, newest last.
TYPIST = "typist"
SIGN_INS = 8


def shows_typed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Mark a view that shows again what was typed on its page before the sign-in ended.

    It reads ``request.typed``: a QueryDict, once, on the first GET within the hour by who typed it;
    else None. Put it below ``login_required``, so that only who has signed in is shown it.
    """

    @wraps(view)
    def showing(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.typed = None
        if request.method in ("GET", "POST"):
            kept = request.session.get(KEY)
            if kept and kept["path"] == request.path:
                del request.session[KEY]
                theirs = kept.get("by") == request.user.pk
                if request.method == "GET" and theirs and not _is_old(kept):
                    request.typed = QueryDict(kept["typed"])
        return view(request, *args, **kwargs)

    showing.shows_typed = True  # type: ignore[attr-defined]
    return showing


def keep(request: Any) -> bool:
    """Keep what was posted, without files and secrets, for ``shows_typed``; whether it was kept.

    What was kept before makes room: one form at a time, and none that is too long. Nothing is kept
    of a page that nobody knows the owner of, or that was somebody else's than who is signed in.
    """
    if not getattr(getattr(request.resolver_match, "func", None), "shows_typed", False):
        return False
    request.session.pop(KEY, None)
    by = _typist(request)
    if by is None or request.user.is_authenticated and by != request.user.pk:
        return False
    typed = request.POST.copy()
    for name in list(typed):
        if SECRET.search(name):
            del typed[name]
    text = typed.urlencode()
    if not text or len(text) > KEPT_CHARACTERS:
        return False
    request.session[KEY] = {
        "path": request.path,
        "typed": text,
        "at": clock.now().timestamp(),
        "by": by,
    }
    return True


def remember(request: Any, response: HttpResponseBase) -> None:
    """Note in this browser that the pages of its present CSRF secret are the signed-in person's."""
    secret = request.META.get("CSRF_COOKIE")
    if secret is None or not request.user.is_authenticated:
        return
    known = _sign_ins(request)
    mine = [_hash(secret), request.user.pk]
    if mine in known:
        return
    known = [each for each in known if each[0] != mine[0]]
    response.set_cookie(
        TYPIST,
        dumps([*known, mine][-SIGN_INS:], salt=TYPIST),
        # As long as the secret that it tells of.
        max_age=settings.CSRF_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _sign_ins(request: Any) -> list[list[Any]]:
    try:
        return loads(request.COOKIES.get(TYPIST, ""), salt=TYPIST)
    except BadSignature:
        return []


def _hash(secret: str) -> str:
    """Of a CSRF secret: the cookie can be read by who holds it, and lies in no form."""
    return salted_hmac(TYPIST, secret).hexdigest()[:32]


def _typist(request: Any) -> int | None:
    """The pk of the person on whose page this was posted; None when the token does not tell."""
    token = request.POST.get("csrfmiddlewaretoken", "") or request.headers.get("X-CSRFToken", "")
    try:
        csrf._check_token_format(token)  # type: ignore[attr-defined]
    except csrf.InvalidTokenFormat:
        return None
    # A script may send the secret as its cookie has it.
    masked = len(token) == csrf.CSRF_TOKEN_LENGTH
    secret = csrf._unmask_cipher_token(token) if masked else token  # type: ignore[attr-defined]
    return dict(_sign_ins(request)).get(_hash(secret))


def fill(form: Any, typed: QueryDict | None) -> None:
    """Show in the unbound ``form`` what was ``typed`` in its fields, if anything was."""
    if typed is not None:
        for name, field in form.fields.items():
            form.initial[name] = field.widget.value_from_datadict(typed, {}, form.add_prefix(name))


def _is_old(kept: Any) -> bool:
    return clock.now().timestamp() - kept["at"] >= KEPT_SECONDS


def drop_others(request: Any) -> None:
    """Take what somebody else typed out of the session of who is signed in."""
    kept = request.session.get(KEY)
    if kept and request.user.is_authenticated and kept.get("by") != request.user.pk:
        del request.session[KEY]


def drop_old(session: Any) -> bool:
    """Take what nobody came back for within the hour out of a session; whether there was any."""
    kept = session.get(KEY)
    if kept is None or not _is_old(kept):
        return False
    del session[KEY]
    return True


def forget_old() -> None:
    """Take it out of every session that lies in the database."""
    store = SessionStore()
    for row in Session.objects.iterator():
        data = row.get_decoded()
        if drop_old(data):
            # Somebody may be using it at this moment: whoever writes first wins.
            Session.objects.filter(pk=row.pk, session_data=row.session_data).update(
                session_data=store.encode(data)
            )

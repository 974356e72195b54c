"""Forms that were posted after the sign-in had ended: kept in the session and shown again.

Only for views marked ``shows_typed``. A session is stored in plain text in the database and in
every backup, so secrets are left out.

Several people may use one browser, so a kept form is shown only to the person who typed it. Django
gives a browser a new CSRF secret at each sign-in, so a form's token tells whose page it was: a
signed cookie keeps the hashes of the last few secrets with the person of each.
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
#: Names of fields that are never kept. No marked view has such a field so far.
SECRET = re.compile(r"password|passwd|passphrase|passcode|secret|token|(^|[-_])(otp|pin)", re.I)
#: The button by which a page keeps or drops a draft of its form (dossiers/drafts.py): it records
#: nothing.
DRAFT = "draft"
#: What a page says of its draft beside what is typed: which form, which version it has seen.
OF_DRAFT = frozenset({"draft_form", "draft_version"})
#: The cookie: [hash of the CSRF secret, id of the person] of the last sign-ins, newest last.
TYPIST = "typist"
SIGN_INS = 8


def shows_typed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Mark a view that shows a form again that was posted after the sign-in had ended.

    The view reads ``request.typed``: the form's QueryDict, on the first GET within an hour by the
    person who typed it; else None. Put it below ``login_required``.
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
    """Keep the posted form, without files and secrets, for ``shows_typed``; returns whether it did.

    One form at a time, of at most KEPT_CHARACTERS. Nothing is kept when it is unknown who typed it,
    or when that is not the person signed in.
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
    """Store in the cookie that the browser's present CSRF secret is the signed-in person's."""
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
        # As long as the CSRF cookie.
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
    """The hash of a CSRF secret; the cookie must not contain the secret itself."""
    return salted_hmac(TYPIST, secret).hexdigest()[:32]


def _typist(request: Any) -> int | None:
    """The id of the person whose page posted this request; None when its token is unknown."""
    token = request.POST.get("csrfmiddlewaretoken", "") or request.headers.get("X-CSRFToken", "")
    try:
        csrf._check_token_format(token)  # type: ignore[attr-defined]
    except csrf.InvalidTokenFormat:
        return None
    # A script may send the unmasked secret, as in its cookie.
    masked = len(token) == csrf.CSRF_TOKEN_LENGTH
    secret = csrf._unmask_cipher_token(token) if masked else token  # type: ignore[attr-defined]
    return dict(_sign_ins(request)).get(_hash(secret))


def fill(form: Any, typed: QueryDict | None) -> None:
    """Fill the unbound ``form`` with ``typed``, if there is any."""
    if typed is not None:
        if hasattr(form, "keep_shown"):
            form.keep_shown(typed)
        for name, field in form.fields.items():
            form.initial[name] = field.widget.value_from_datadict(typed, {}, form.add_prefix(name))


def _is_old(kept: Any) -> bool:
    return clock.now().timestamp() - kept["at"] >= KEPT_SECONDS


def drop_others(request: Any) -> None:
    """Delete a kept form of somebody else from the session of the person signed in."""
    kept = request.session.get(KEY)
    if kept and request.user.is_authenticated and kept.get("by") != request.user.pk:
        del request.session[KEY]


def drop_old(session: Any) -> bool:
    """Delete a kept form that is over an hour old from a session; returns whether there was one."""
    kept = session.get(KEY)
    if kept is None or not _is_old(kept):
        return False
    del session[KEY]
    return True


def forget_old() -> None:
    """Delete kept forms that are over an hour old from every stored session."""
    store = SessionStore()
    for row in Session.objects.iterator():
        data = row.get_decoded()
        if drop_old(data):
            # Only if nobody has changed the session meanwhile.
            Session.objects.filter(pk=row.pk, session_data=row.session_data).update(
                session_data=store.encode(data)
            )

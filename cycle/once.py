"""A form that is sent several times is recorded once; each time leads to what was made.

Every page masks its CSRF token anew, so the token that a form sends along names the page that was
shown: it is the form's own key, unique in the database. Two at once wait for each other there.

No page is kept by the browser, so after its Back the form is another page: the same content from
the same person to the same address is asked about, for :data:`RECENT`, as long as that person has
recorded nothing else of the same subject since, and nobody has moved its state: what was closed,
reopened and is closed again is new.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import csrf
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from cycle import clock, typed
from cycle.locking import take_turn
from cycle.models import HistoryEntry, SentForm

TOKEN = "csrfmiddlewaretoken"  # noqa: S105  # the name of the field
#: The field that says: record the same once more. Its value is the key of what was asked about, so
#: that a page of before, or a bare tick, answers no question that was not asked.
ONCE_MORE = "once_more"
#: For how long the same content is taken for the same thing sent again.
RECENT = timedelta(minutes=30)


def once(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a form of ``view`` be recorded once, however often it is sent. Put it below the others.

    The view runs in one transaction with the key, which stays only when the answer leads on to what
    was recorded: a form that is shown again, or that was :func:`unrecorded`, may be sent again.
    """

    keeps_drafts = getattr(view, "keeps_drafts", False)

    @wraps(view)
    def at_most_once(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # What saves a draft records nothing; to any other view that word means nothing.
        drafts = keeps_drafts and typed.DRAFT in request.POST
        sends = request.method == "POST" and not drafts
        token = _page(request) if sends else ""
        if not token:
            return view(request, *args, **kwargs)
        known = False
        content = _content(request)
        alike = _alike(request, content)
        try:
            with transaction.atomic():
                sent, first = SentForm.objects.get_or_create(
                    key=_hash(token, request.path),
                    defaults={"content": content, "alike": alike, "at": clock.now()},
                )
                if not first:
                    return _again(request, sent, content)
                _wait_for_alike(sent)
                known = True
                if same := _recorded(sent, request):
                    sent.delete()
                    return _ask(request, same)
                sent.after_entry = _newest_entry()
                response = view(request, *args, **kwargs)
                leads_to = getattr(response, "leads_to", "") or response.headers.get("Location")
                if leads_to and not hasattr(response, "unrecorded"):
                    sent.leads_to, sent.last_entry = leads_to, _newest_entry()
                    sent.save(update_fields=["leads_to", "after_entry", "last_entry"])
                else:
                    sent.delete()
        except OperationalError as error:
            # Only at the key, or at its content: it is the first sending that it waited for.
            if known or not isinstance(error.__cause__, LockNotAvailable):
                raise
            return _under_way(request)
        return response

    at_most_once.once = True  # type: ignore[attr-defined]
    return at_most_once


def _page(request: HttpRequest) -> str:
    """What names the page that a form was sent from: its token, in the body or, as scripts send it,
    in the header. The bare secret, as in the cookie, is of no page: each sending is one. Empty
    without a token: there is no form.
    """
    token = request.POST.get(TOKEN) or request.headers.get("X-CSRFToken", "")
    return token if len(token) != csrf.CSRF_SECRET_LENGTH else secrets.token_hex()


def unrecorded(response: HttpResponseBase) -> HttpResponseBase:
    """``response``, which leads on though nothing was recorded: the form may be sent again."""
    response.unrecorded = True  # type: ignore[attr-defined]
    return response


def recorded(response: HttpResponseBase, leads_to: str) -> HttpResponseBase:
    """``response``, a page that says what was recorded and can be shown once only: the same form
    sent again leads to ``leads_to``.
    """
    response.leads_to = leads_to  # type: ignore[attr-defined]
    return response


def _under_way(request: HttpRequest) -> HttpResponseBase:
    """Say that the form is being recorded still, on the page that it was sent from."""
    messages.info(
        request,
        _("Biểu mẫu này đã được gửi và đang được ghi: không cần gửi lại, lát nữa hãy xem kết quả."),
    )
    here = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(
        here, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(here if known else "/")


def _wait_for_alike(sent: SentForm) -> None:
    """Let one of several sendings with the same content through, until its transaction ends: what
    another page is recording now cannot be read yet.
    """
    if sent.alike:
        # Always after the key, and one of each: no two wait for each other.
        take_turn(sent.alike)


def _recorded(sent: SentForm, request: HttpRequest) -> SentForm | None:
    """What the person has recorded lately with the same content, unless they say of just that: once
    more.
    """
    if not sent.alike:
        return None
    lately = SentForm.objects.filter(alike=sent.alike, at__gt=sent.at - RECENT)
    same = lately.exclude(pk=sent.pk).exclude(leads_to="").order_by("-at").first()
    if same is None or request.POST.get(ONCE_MORE) == same.key:
        return None
    return None if _went_on(same, request.user) else same


def _newest_entry() -> int:
    newest = HistoryEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def _went_on(same: SentForm, who: Any) -> bool:
    """Whether ``who`` has recorded anything else since of what ``same`` was about, or anybody has
    moved its state: then its content need not stand any more.
    """
    if same.last_entry is None:
        return False
    its = HistoryEntry.objects.filter(
        actor=who, pk__gt=same.after_entry, pk__lte=same.last_entry,
        stream=OuterRef("stream"), stream_id=OuterRef("stream_id"),
    ).order_by()  # fmt: skip
    since = HistoryEntry.objects.filter(Exists(its), pk__gt=same.last_entry)
    return since.filter(Q(actor=who) | ~Q(before=F("after"))).exists()


def _ask(request: HttpRequest, same: SentForm) -> HttpResponseBase:
    """Say that it is recorded, lead there, and offer to record the same once more. A browser does
    not send files anew by itself: they are to be chosen again.
    """
    typed_ = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in (TOKEN, ONCE_MORE)
        for value in values
    ]
    files = [
        (name, ", ".join(str(each.name) for each in values), len(values) > 1)
        for name, values in request.FILES.lists()
    ]
    page = {"same": same, "typed": [*typed_, (ONCE_MORE, same.key)], "files": files}
    return render(request, "once_more.html", page)


def _again(request: HttpRequest, sent: SentForm, content: str) -> HttpResponseBase:
    """Lead to what the form has made, and say that nothing more was written."""
    at = {"at": timezone.localtime(sent.at).strftime("%H:%M")}
    if sent.content == content:
        text = _("Biểu mẫu này đã được ghi lúc %(at)s; gửi lại không ghi thêm gì. Đây là kết quả.")
        messages.info(request, text % at)
    else:
        text = _("Biểu mẫu này đã được ghi lúc %(at)s. Những gì bạn sửa sau đó chưa được ghi.")
        if typed.keep(request):
            text += " " + _("Phần đã sửa vẫn còn khi bạn mở lại biểu mẫu.")
        messages.warning(request, text % at)
    return redirect(sent.leads_to)


def _content(request: HttpRequest) -> str:
    """The hash of what was typed and of the files, their bytes too; not of the token, nor of how
    often a draft of it was saved.
    """
    said = [
        (name, values)
        for name, values in request.POST.lists()
        if name not in (TOKEN, ONCE_MORE, *typed.OF_DRAFT)
    ]
    files = [
        (name, [(each.name, _bytes(each)) for each in values])
        for name, values in request.FILES.lists()
    ]
    return _hash(repr(sorted(said)), repr(sorted(files)))


def _bytes(file: UploadedFile) -> str:
    """The hash of a file's bytes: two scans may have one name and one size."""
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()


def _alike(request: HttpRequest, content: str) -> str:
    """The hash of who sends what where, whatever the address asks for besides, as a tab or what a
    form begins with; empty for nobody known, and where a secret was typed: it must not come back in
    a page.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    if any(typed.SECRET.search(name) for name in request.POST if name != TOKEN):
        return ""
    return _hash(str(user.pk), request.path, content)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]

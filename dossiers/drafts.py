"""Drafts (nháp): what is typed into a long form is kept until it is sent, thrown away, or is old.

A view that keeps drafts (:func:`keeps`) says of which form (:class:`Place`), once it knows that the
person may do what the form does, and lets :func:`answer` take what a page sends of a draft, to the
address of the form itself. ``cycle/typed.py`` keeps what was sent when nobody was signed in any
more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import BigIntegerField, Count, Func, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from cycle import clock, typed, written
from cycle.asking import SignedIn
from cycle.models import User
from dossiers.models import Dossier, Draft, Task
from dossiers.rules import holds_task, types_from_paper

#: The header of what is said of a draft.
SAID = "Draft"
#: A person who has so many drafts, or so many bytes of them as the database holds them, is asked to
#: send or drop some.
MOST, ROOM = 500, 4_000_000
#: What belongs to the page, not to what is typed.
_OF_THE_PAGE = frozenset({"act", "step", "sure", "once_more", typed.DRAFT, *typed.OF_DRAFT})


@dataclass
class Place:
    """A form of which ``user`` may have a draft, and what its page says of that.

    ``draft`` is theirs; ``left`` are those of colleagues who had the task before.
    """

    user: User
    form: str
    dossier: Dossier | None = None
    task: Task | None = None
    draft: Draft | None = None
    left: list[Draft] = field(default_factory=list)
    #: Whether somebody else has changed the dossier since it was saved.
    changed: bool = False
    #: Whether the form shows something newer than the draft: what was sent and is not done.
    tried: bool = False
    #: Why what the form shows is not saved.
    problem: str = ""
    #: Whether that is another page's doing, so that it may be saved over what that one did.
    overwrites: bool = False
    #: Which version the page had, where it is not saved over the draft that there is.
    seen: int | None = None

    @property
    def key(self) -> dict[str, Any]:
        """What names the draft in the database."""
        return {"by": self.user, "dossier": self.dossier, "task": self.task, "form": self.form}

    @property
    def told(self) -> bool:
        """Whether the page has anything to say of drafts."""
        return self.draft is not None or bool(self.left)

    @property
    def version(self) -> int:
        """The one that the page may overwrite."""
        if self.seen is not None:
            return self.seen
        return self.draft.version if self.draft else 0

    @property
    def typed(self) -> QueryDict | None:
        """What the form is filled with."""
        return self.draft.typed if self.draft else None


def place(user: User, form: str, dossier: Dossier | None = None, task: Task | None = None) -> Place:
    """The form with the draft of ``user``, and what colleagues left of it."""
    return places(user, [form], dossier, task)[form]


def places(
    user: User, forms: Iterable[str], dossier: Dossier | None = None, task: Task | None = None
) -> dict[str, Place]:
    """The same of several forms of one page, in one query where there is no draft."""
    found = {form: Place(user, form, dossier, task) for form in forms}
    drafts = Draft.objects.filter(dossier=dossier, task=task, form__in=found)
    if task is None:
        drafts = drafts.filter(by=user)
    for draft in drafts.select_related("by").order_by("-saved_at"):
        here = found[draft.form]
        if draft.by_id == user.pk:
            here.draft = draft
            here.changed = dossier is not None and _changed(dossier, draft)
        elif task is not None and _is_left(draft, user, task):
            here.left.append(draft)
    return found


def _is_left(draft: Draft, user: User, task: Task) -> bool:
    """Whether ``user`` has the task in the place of who typed the draft: it was given on, or they
    stand in for them. Not of who only types what was signed on paper and still may: it stays
    theirs.
    """
    if not holds_task(user, task):
        return False
    lent = {post.user_id for post in user.posts(task.role) if task.org_unit_id in post.business}
    if draft.by_id in lent:
        return True
    of_its_role = draft.by.capacity(task.role, task.org_unit_id) is not None
    return not holds_task(draft.by, task) and (of_its_role or not types_from_paper(draft.by, task))


def _changed(dossier: Dossier, draft: Draft) -> bool:
    since = dossier.history.filter(pk__gt=draft.seen_entry or 0)
    return since.exclude(actor=draft.by_id).exists()


def answer(request: SignedIn, here: Place) -> HttpResponseBase | None:
    """Save, drop or take over a draft as the page asks; None when it asks for something else."""
    if request.method != "POST" or typed.DRAFT not in request.POST:
        return None
    asked = request.POST[typed.DRAFT]
    if asked == "save":
        return _save(request, here)
    if asked == "drop":
        Draft.objects.filter(**here.key).delete()
        messages.success(request, _("Đã bỏ nháp."))
    elif asked.startswith("take-"):
        _take(here, asked.removeprefix("take-"))
    # Nothing else is done for what says «draft», and it leads nowhere else.
    return redirect(request.get_full_path())


def keeps(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view that keeps drafts. Whatever else it answers to a page that saves a draft by itself is
    no word of the draft: what its form does is not theirs to do any more. The page is told so, and
    what was typed stays on it, to be copied.
    """

    @wraps(view)
    def answered(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.htmx or request.POST.get(typed.DRAFT) != "save":
            try:
                return view(request, *args, **kwargs)
            except _TooMuch:
                return view(_asked_for(request, request.POST), *args, **kwargs)
        with suppress(PermissionDenied, Http404):
            said = view(request, *args, **kwargs)
            if SAID in said.headers:
                return said
        return _said(request, Place(request.user, "", seen=_version(request.POST)), _late())

    answered.keeps_drafts = True  # type: ignore[attr-defined]
    return answered


class _TooMuch(Exception):
    """What was typed can be kept nowhere: the page shows it again itself."""


def keeps_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of a page with one form, filled with ``request.typed``: its draft is kept without a
    word of the view. What is sent is kept before it is tried, and forgotten when the answer leads
    on. Put it below ``shows_typed`` and above ``once``; the template takes ``request.draft``.

    Whoever gets the page with the form may keep a draft of it, and nobody else.
    """

    @wraps(view)
    def kept(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
        here = place(request.user, _page_of(request))
        request.draft = here
        if request.method != "POST":
            request.typed = shown(request, here)
            return view(request, *args, **kwargs)
        if typed.DRAFT in request.POST:
            asked = _asked_for(request)
            page = view(asked, *args, **kwargs)
            offered = b"data-draft" in getattr(page, "content", b"")
            return (answer(request, here) if offered else None) or page
        keep_tried(request, here)
        try:
            said = view(request, *args, **kwargs)
        except (Http404, PermissionDenied):
            done(here)
            raise
        if 300 <= said.status_code < 400 or said.status_code in (403, 404):
            done(here)
        return said

    return keeps(kept)


def _page_of(request: SignedIn) -> str:
    """What names the form of a page: its view, what it is about, and what its address asks for."""
    match = request.resolver_match
    assert match is not None, "a page has an address"
    of = [match.view_name, *map(str, match.kwargs.values())]
    if said := request.GET.urlencode():
        of.append(hashlib.sha256(said.encode()).hexdigest()[:16])
    return ":".join(of)[:100]


def _asked_for(request: SignedIn, data: QueryDict | None = None) -> SignedIn:
    """The same request as if the page was only opened, its form filled with ``data``."""
    asked = copy(request)
    asked.method = "GET"
    # As of any request that posts nothing: neither fields nor files.
    asked._load_post_and_files()
    asked.typed = data
    return asked


def keep_tried(request: SignedIn, here: Place) -> None:
    """Keep what was sent and is not done yet, unless another page has saved something newer."""
    here.tried, here.problem = True, _saved(here, request.POST)
    if here.problem:
        here.seen = _version(request.POST)


def shown(request: SignedIn, here: Place) -> QueryDict | None:
    """What the form is filled with: what was sent when the sign-in had ended, or the draft."""
    here.tried = request.typed is not None
    return here.typed if request.typed is None else request.typed


def aside(request: SignedIn, here: Place) -> HttpResponseBase | None:
    """Save what is typed into a form from which something else of its page is done; returns None
    when it is saved, else the page with what was typed.
    """
    problem = _saved(here, request.POST)
    return _unsaved(request, here, problem) if problem else None


def done(here: Place) -> None:
    """Forget the draft of a form that was recorded, in its transaction; one, too, that the page
    saved by itself while the form was under way.
    """
    Draft.objects.filter(**here.key).delete()


def _take(here: Place, key: str) -> None:
    """Make a draft that a colleague left one's own, instead of one's own; who may still do the task
    keeps theirs.
    """
    taken = next((each for each in here.left if str(each.pk) == key), None)
    if taken is None:
        raise Http404
    with transaction.atomic():
        # What is gone or somebody else's by now is taken by nobody: the page says what there is.
        if not _waits(here) or not Draft.objects.filter(pk=taken.pk, by=taken.by).exists():
            return
        Draft.objects.filter(**here.key).delete()
        if here.task is not None and holds_task(taken.by, here.task):
            taken.pk = None
        taken.by, taken.version = here.user, taken.version + 1
        taken.save()


def _waits(here: Place) -> bool:
    """Whether its task, if it has one, is still open; held until the transaction ends: whoever
    closes it forgets its drafts, and none comes after.
    """
    if here.task is None:
        return True
    # Before its task, as an act does: a new draft names both.
    list(
        Dossier.objects.order_by()
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=here.task.dossier_id)
        .values_list("pk")
    )
    return (
        Task.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=here.task.pk, open_state__isnull=False)
        .exists()
    )


def _content(data: QueryDict) -> dict[str, list[str]]:
    """What is kept of what was sent: no secret, no yes, nothing of the page itself. The database
    holds no NUL, and a script of a browser sends a file as the words of an object.
    """
    return {
        name.replace("\0", ""): [value.replace("\0", "") for value in values]
        for name, values in data.lists()
        if name not in _OF_THE_PAGE and not name.endswith("-sure") and not typed.SECRET.search(name)
    }


def _saved(here: Place, data: QueryDict) -> str:
    """Save what was typed; returns "", or the sentence that says why not. ``here.draft`` is then
    the one that is saved.
    """
    content, version = _content(data), _version(data)
    if sum(len(name) + sum(map(len, each)) for name, each in content.items()) > (
        typed.KEPT_CHARACTERS
    ):
        return _("Nội dung dài quá, không lưu nháp được.")
    newest = (
        here.dossier.history.order_by("-pk").values_list("pk", flat=True) if here.dossier else ()
    )
    said = {"content": content, "seen_entry": next(iter(newest[:1]), None), "saved_at": clock.now()}
    with transaction.atomic():
        if not _waits(here):
            return _late()
        draft = Draft.objects.select_for_update(of=("self",)).filter(**here.key).first()
        if draft is None and version:
            here.draft, here.overwrites = None, True
            return _("Nháp này đã được gửi hoặc bỏ ở một trang khác: trang này không lưu đè.")
        if (draft is None or draft.content != content) and _is_full(here.user, draft, content):
            here.draft = draft
            return _("Bạn đang có quá nhiều nháp: hãy gửi hoặc bỏ bớt.")
        if draft is None:
            draft, new = Draft.objects.get_or_create(**here.key, defaults=said)
        else:
            new = False
        here.draft = draft
        if new or draft.content == content:
            return ""
        if draft.version != version:
            here.overwrites = True
            at = {"at": _at(draft)}
            return _("Một trang khác đã lưu nháp mới hơn lúc %(at)s: trang này không lưu đè.") % at
        for name, value in said.items():
            setattr(draft, name, value)
        draft.version += 1
        draft.save(update_fields=[*said, "version"])
    return ""


def _is_full(user: User, draft: Draft | None, content: dict[str, list[str]]) -> bool:
    """Whether ``user`` has no room for one draft more, or for ``content`` in place of ``draft``."""
    others = Draft.objects.filter(by=user)
    if draft is not None:
        others = others.exclude(pk=draft.pk)
    held = Func("content", function="pg_column_size", output_field=BigIntegerField())
    found = others.aggregate(many=Count("pk"), bytes=Coalesce(Sum(held), 0))
    if draft is None and found["many"] >= MOST:
        return True
    return found["bytes"] + len(json.dumps(content)) > ROOM


def _late() -> str:
    return _("Công việc này đã xong hoặc đã đổi: nháp không lưu được nữa.")


def _version(data: QueryDict) -> int:
    return written.key(data.get("draft_version")) or 0


def _at(draft: Draft) -> str:
    return f"{timezone.localtime(draft.saved_at):%H:%M}"


def _save(request: SignedIn, here: Place) -> HttpResponseBase:
    problem = _saved(here, request.POST)
    if problem and not here.overwrites:
        here.seen = _version(request.POST)
    if request.htmx:
        return _said(request, here, problem)
    if problem:
        return _unsaved(request, here, problem)
    assert here.draft is not None, "it was saved"
    messages.success(request, _("Đã lưu nháp lúc %(at)s.") % {"at": _at(here.draft)})
    return redirect(request.get_full_path())


def _unsaved(request: SignedIn, here: Place, problem: str) -> HttpResponseBase:
    """The page again, with what was typed and why it was not saved. Raises _TooMuch."""
    messages.warning(request, problem)
    if not typed.keep(request):
        raise _TooMuch
    if here.overwrites:
        messages.info(request, _("Nội dung bạn vừa nhập vẫn ở dưới: lưu nháp lần nữa để lưu đè."))
    return redirect(request.get_full_path())


def _said(request: SignedIn, here: Place, problem: str) -> HttpResponseBase:
    page = {"place": here, "problem": problem, "said": not problem}
    answer = render(request, "dossiers/_draft_said.html", page)
    # What any other page answers is no word that it was saved.
    answer.headers[SAID] = "refused" if problem else "saved"
    return answer

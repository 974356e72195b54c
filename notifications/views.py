"""What I was told, how I want to be told, the week's page, my calendar, how the system fares."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from secrets import compare_digest
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required, user_passes_test
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
    QueryDict,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseStopPolling

from councils.models import EvaluationRound, Opinion
from cycle import clock, site, written
from cycle.asking import SignedIn
from cycle.models import HistoryEntry, Role, Stream, User
from dossiers.models import Dossier
from dossiers.rules import holds_task
from notifications import bounces, feed, health, sent, weekly
from notifications import metrics as figures
from notifications import operations as operating
from notifications.forms import PreferenceForm
from notifications.letters import path_of_round
from notifications.models import CalendarFeed, Notification, Preference, new_token
from notifications.news import Filters, Kind, News, unread_count
from notifications.rules import has_a_post, may_read, runs_the_system

#: How long a calendar program may be told the same.
FEED_SECONDS = 300


def only(predicate: Callable[[User], bool]) -> Callable[..., Any]:
    """A decorator: 403 unless ``predicate`` is true of the user; superusers are no exception."""

    def check(user: Any) -> bool:
        if not predicate(user):
            raise PermissionDenied
        return True

    return user_passes_test(check)


@login_required
def news(request: SignedIn) -> HttpResponseBase:
    """What I was told (thông báo), newest first."""
    filters = Filters.of(request.GET)
    return render(
        request,
        "notifications/news.html",
        {
            "page": News(request.user, filters),
            "filters": filters,
            "unread": unread_count(request.user),
            "operates": runs_the_system(request.user),
        },
    )


@login_required
def notification(request: SignedIn, pk: int) -> HttpResponseBase:
    """Read one and go to what it is about: my task there, or the file."""
    told = get_object_or_404(
        Notification.objects.select_related("entry"), pk=pk, recipient=request.user
    )
    Notification.objects.unread().told_with(told).update(read_at=clock.now())
    if told.entry.stream == Stream.DOSSIER:
        dossier = Dossier.objects.visible_to(request.user).filter(pk=told.entry.stream_id).first()
        if dossier is not None:
            task = dossier.open_task()
            if holds_task(request.user, task):
                return redirect("dossiers:task", task.pk)
            return redirect("dossiers:dossier", dossier.pk)
        messages.warning(request, _("Hồ sơ này không còn thuộc đơn vị bạn phụ trách."))
    if told.entry.stream == Stream.ROUND:
        return _to_round(request, told.entry)
    return redirect("notifications:news")


def _to_round(request: SignedIn, entry: HistoryEntry) -> HttpResponseBase:
    asked = entry.data.get("opinion")
    if asked and Opinion.objects.visible_to(request.user).filter(pk=asked).exists():
        return redirect("councils:opinion", asked)
    round_ = EvaluationRound.objects.visible_to(request.user).filter(pk=entry.stream_id).first()
    if round_ is not None:
        return redirect(path_of_round(entry, round_, request.user))
    if may_read(request.user, entry):
        if entry.event == "round.record_document":
            return redirect("councils:outcome", entry.stream_id)
        # Their seat has ended; their sheets are awaited all the same.
        return redirect("councils:my_sheets", entry.stream_id)
    messages.warning(request, _("Bạn không còn tham gia hội đồng của đợt này."))
    return redirect("notifications:news")


@login_required
@require_POST
def read_all(request: SignedIn) -> HttpResponseBase:
    """Mark as read all that the list shows with these filters (đánh dấu đã đọc)."""
    filters = Filters.of(QueryDict(request.POST.get("back", "")))
    up_to = written.key(request.POST.get("up_to"))
    if up_to is None:
        raise Http404
    # What came in since the page was shown has not been seen.
    found = Notification.objects.unread().filter(recipient=request.user, pk__lte=up_to)
    if filters.kind:
        found = found.filter(Kind(filters.kind).condition)
    # Counted as the list shows them.
    count = found.each_once().count()
    found.update(read_at=clock.now())
    messages.success(
        request,
        ngettext(
            "Đã đánh dấu đã đọc %(n)d thông báo.", "Đã đánh dấu đã đọc %(n)d thông báo.", count
        )
        % {"n": count},
    )
    return redirect(f"{reverse('notifications:news')}?{filters.query()}")


@never_cache
def bell(request: HttpRequest) -> HttpResponseBase:
    """The bell with its count, for the page that asks every half minute; empty when unchanged.

    Somebody who was signed out meanwhile stays on their page, with all they typed.
    """
    if not request.user.is_authenticated:
        response = HttpResponseStopPolling()
        response["HX-Reswap"] = "none"
        return response
    unread = unread_count(request.user)
    if request.GET.get("seen") == str(unread):
        return HttpResponse(status=204)
    return render(request, "notifications/_bell.html", {"unread": unread})


@login_required
def preferences(request: SignedIn) -> HttpResponseBase:
    """How I want to be told (cách nhận tin), and the address of my calendar; only my own."""
    preference = Preference.objects.filter(user=request.user).first() or Preference(
        user=request.user
    )
    if request.method == "POST" and preference.pk is None:
        preference, _made = Preference.objects.get_or_create(user=request.user)
    form = PreferenceForm(
        request.POST or None,
        instance=preference,
        leads=any(held.role == Role.LEADER for held in request.user.assignments()),
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Đã lưu cách nhận tin của bạn."))
        return redirect("notifications:preferences")
    own = CalendarFeed.objects.filter(user=request.user).first()
    address = None
    if own is not None:
        address = site.address(reverse("notifications:calendar_feed", args=[own.token]))
    return render(
        request, "notifications/preferences.html", {"form": form, "calendar_address": address}
    )


@login_required
@require_POST
def calendar_address(request: SignedIn) -> HttpResponseBase:
    """Make the secret address of my calendar, put another in its place, or end it."""
    if request.POST.get("act") == "stop":
        CalendarFeed.objects.filter(user=request.user).delete()
        messages.success(request, _("Đã bỏ địa chỉ lịch. Địa chỉ cũ không còn dùng được."))
    else:
        CalendarFeed.objects.update_or_create(
            user=request.user, defaults={"token": new_token(), "created_at": clock.now()}
        )
        messages.success(
            request, _("Đã tạo địa chỉ lịch mới. Địa chỉ cũ, nếu có, không còn dùng được.")
        )
    return redirect("notifications:preferences")


def calendar_feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The due days of whoever holds this token, for a calendar program without an account."""
    own = get_object_or_404(
        CalendarFeed.objects.select_related("user"), token=token, user__is_active=True
    )
    content = cache.get_or_set(f"feed:{token}", lambda: feed.feed(own.user), FEED_SECONDS)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="ocop.ics"'
    response["Cache-Control"] = f"private, max-age={FEED_SECONDS}"
    return response


@login_required
@only(has_a_post)
def week(request: SignedIn) -> HttpResponseBase:
    """The week of my area on one page, to read or to print for a leader."""
    figures = weekly.figures(request.user, clock.now())
    return render(request, "notifications/week.html", {"figures": figures})


@login_required
@only(has_a_post)
def week_pdf(request: SignedIn) -> HttpResponseBase:
    """The same as a sheet of paper; in Vietnamese, as all that leaves the office."""
    with override("vi"):
        content = weekly.pdf(weekly.figures(request.user, clock.now()))
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="bao-cao-tuan.pdf"'
    return response


ACTS = {
    "resend": operating.resend_incidents,
    "tell": operating.tell_again,
    "run": operating.run_again,
}


@login_required
@only(runs_the_system)
def operations(request: SignedIn) -> HttpResponseBase:
    """How the system fares (vận hành); a POST tries something again, one row or all."""
    if request.method == "POST":
        act, every = request.POST.get("act"), request.POST.get("pk") == "all"
        pk = written.key(request.POST.get("pk"))
        if act not in ACTS or not (every or pk is not None):
            raise Http404
        with transaction.atomic():
            count = ACTS[act](pk)
        if count:
            messages.success(
                request,
                ngettext("Đã đưa %(n)d mục vào hàng chờ.", "Đã đưa %(n)d mục vào hàng chờ.", count)
                % {"n": count},
            )
        else:
            messages.warning(request, _("Không còn gì để làm lại: có thể người khác đã làm."))
        return redirect("notifications:operations")
    return render(request, "notifications/operations.html", {"page": operating.Operations()})


@login_required
def letters_of_person(request: SignedIn, pk: int) -> HttpResponseBase:
    """What one person was to be told, and how it went (thư đã gửi)."""
    return _letters(request, sent.of_person(request.user, pk), "person")


@login_required
def letters_of_dossier(request: SignedIn, pk: int) -> HttpResponseBase:
    """What was to be told of one dossier, to whom, and how it went."""
    return _letters(request, sent.of_dossier(request.user, pk), "dossier")


def _letters(request: SignedIn, page: sent.Letters, of: str) -> HttpResponseBase:
    """The list; a POST sends one letter of it again."""
    if request.method == "POST":
        pk = written.key(request.POST.get("pk"))
        if pk is None:
            raise Http404
        if why := page.resend(pk):
            messages.warning(request, why)
        else:
            messages.success(request, _("Thư sẽ được gửi lại trong ít phút."))
        return redirect(request.path)
    shown = page.found().page(request.GET.get("page"), sent.SHOWN)
    told = {
        "page": page,
        "of": of,
        "shown": shown,
        "rows": page.found().shaped(list(shown.object_list)),
    }
    return render(request, "notifications/letters.html", told)


@csrf_exempt
@never_cache
def bounced(request: HttpRequest) -> HttpResponseBase:
    """Take in a letter that came back, from the mail server that bears BOUNCE_TOKEN (RFC 3464)."""
    if not _bears(request, settings.BOUNCE_TOKEN):
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return HttpResponse(status=204 if bounces.take(request.body) else 202)


def _bears(request: HttpRequest, token: str) -> bool:
    said = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and compare_digest(said.encode(), token.encode())


def watching(view: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A decorator: 404 unless the request bears MONITOR_TOKEN. No session, no person."""

    @never_cache
    @wraps(view)
    def held(request: HttpRequest) -> HttpResponseBase:
        if not _bears(request, settings.MONITOR_TOKEN):
            raise Http404
        return view(request)

    return held


@watching
def metrics(request: HttpRequest) -> HttpResponseBase:
    """The figures of this installation, for Prometheus (số đo)."""
    return HttpResponse(figures.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


@watching
def deep(request: HttpRequest) -> HttpResponseBase:
    """All that is wrong, by question (khám kỹ); 503 when anything is."""
    with override("vi"):
        found = {
            name: [{"what": str(each.what), "advice": str(each.advice)} for each in findings]
            for name, findings in health.examine()
        }
    status = 503 if any(found.values()) else 200
    return JsonResponse(found, status=status, json_dumps_params={"ensure_ascii": False})

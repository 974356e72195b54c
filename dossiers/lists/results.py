"""Results of the ministry that nobody has passed on yet to the commune and the owner (Đ.7.3.g)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cycle.models import HistoryEntry, Level, Stream
from cycle.steps import Step
from dossiers.law.acts import NOTIFIERS
from dossiers.lists import work
from dossiers.models import ACTS, Evaluation
from dossiers.rules import area_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cycle.models import User

PASS_ON = work.Kind(
    "pass_on",
    _("Kết quả của Bộ chưa báo cho xã, chủ thể"),
    lambda row: _("Báo kết quả của Bộ cho xã, chủ thể bằng văn bản"),
    lambda row: reverse("dossiers:act", args=[row["place"], "notify_result"]),
    Step.EVALUATION,
)


def _work(user: User, _today: date) -> Iterator[work.Waiting]:
    """The results of the centre of running years, until the written notice is recorded; of who
    notifies. What the province evaluates again has its own result.
    """
    area = area_of(user, NOTIFIERS)
    if not area:
        return
    # Not the unit above its commune: before 1/7/2025 that was a district.
    office = next(
        post.org_unit.heir()
        for post in user.posts()
        if (post.role, post.org_unit.level) in NOTIFIERS
    )
    of_dossier = HistoryEntry.objects.filter(stream=Stream.DOSSIER)
    later = of_dossier.filter(
        stream_id=OuterRef("stream_id"),
        seq__gt=OuterRef("seq"),
        event__in=("dossier.notify_result", "dossier.evaluate_again"),
    )
    told = of_dossier.filter(~Exists(later), event="dossier.record_centre_result")
    newer = Evaluation.objects.filter(
        dossier=OuterRef("dossier"), level=Level.CENTRE, pk__gt=OuterRef("pk")
    )
    yield work.Waiting(
        PASS_ON,
        Evaluation.objects.filter(
            ~Exists(newer),
            level=Level.CENTRE,
            dossier__in=told.values("stream_id"),
            dossier__state__in=ACTS["notify_result"].begins,
            dossier__void=False,
            dossier__commune__in=area,
            dossier__cycle__closed_on=None,
        ),
        since=F("at"),
        unit=office.pk,
        dossier="dossier",
        place="dossier_id",
    )


work.register(_work, PASS_ON)

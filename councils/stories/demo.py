"""The demo: made-up products that went through the doors, with due days around today.

Every act is done at a past moment, inside ``clock.at(…, replay=True)``, so that nobody is notified.
The same day and seed give the same demo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.core.management import call_command
from django.db import transaction

from councils.stories.accounts import make_accounts
from councils.stories.cast import COMMUNES, OLD_COMMUNES, THREE_LEVELS
from councils.stories.replay import Posts, replay
from councils.stories.scenes import THREE_LEVEL_SCENES, TWO_LEVEL_SCENES, Scene
from councils.stories.year import Year
from cycle import clock
from cycle.models import Cycle, Document, OrgUnit, Role, RuleSet, Substitution, User
from dossiers.models import Task
from dossiers.office.handover import substitute
from dossiers.walk import doors


def load(say: Callable[[str], object], *, scenes: Sequence[Scene] | None = None) -> None:
    """Load what is missing of: reference data, accounts, the replay of 2021, the two live cycles.

    ``say`` is called with lines of progress. ``scenes`` replaces both lists of scenes, for tests.
    Each part is loaded as a whole or not at all, so an interrupted load can be run again.
    """
    if not OrgUnit.objects.exists() or not RuleSet.objects.exists():
        say("Nạp bộ quy định, đơn vị, ngày nghỉ…")
        # What is loaded is there from the start: nobody is told of it.
        with clock.at(clock.now(), replay=True):
            call_command("load_reference", verbosity=0, stdout=_Lines(say))
    today = clock.today()
    say("Tạo tài khoản…")
    posts = make_accounts(today)
    if cycle := replay(2021):
        say(f"{cycle}: {cycle.dossiers.count()} hồ sơ, chạy lại từ số liệu thật.")
    lists = (TWO_LEVEL_SCENES, THREE_LEVEL_SCENES) if scenes is None else (scenes, scenes)
    for title, edition, communes, assumed, chosen in (
        (f"Chu trình OCOP {today.year}", "qd26_2026", COMMUNES, False, lists[0]),
        (THREE_LEVELS, "qd1048_2019", OLD_COMMUNES, True, lists[1]),
    ):
        if Cycle.objects.filter(title=title).exists():
            continue
        with transaction.atomic():
            rule_set = RuleSet.objects.filter(edition=edition).latest("pk")
            year = Year(title, rule_set, communes, today, posts, assumed=assumed)
            year.run(chosen, say)
    on_leave(posts, today)


def on_leave(posts: Posts, today: date) -> None:
    """An officer of Nà Tấu who has claimed a task is on leave; another stands in."""
    officer = User.objects.get(username="xa.natau.2")
    post = officer.role_assignments.get(role=Role.OFFICER)
    task = Task.objects.open().filter(org_unit=post.org_unit, role=post.role, owner=None)
    if post.substitutions.exists() or not task:
        return
    stand_in = posts.account("xa.natau.thay", "Người thay cán bộ OCOP xã Nà Tấu")
    with transaction.atomic(), clock.at(clock.now(), replay=True):
        doors.claim(task.order_by("due_on", "pk")[0], by=officer)
        substitute(
            Substitution(
                assignment=post,
                substitute=stand_in,
                valid_from=today,
                valid_to=today + timedelta(days=14),
                reason="Nghỉ phép năm",
                basis=Document(
                    number="21/GUQ-UBND",
                    signed_on=today,
                    signer="Lò Thị Mai",
                    signer_capacity="Chủ tịch UBND xã",
                ),
            ),
            by=officer,
        )


def is_loaded() -> bool:
    """Whether the demo is loaded: its last part is there."""
    return Cycle.objects.filter(title=THREE_LEVELS).exists()


def has_other_work() -> bool:
    """Whether there is a cycle that the demo did not make."""
    ours = [THREE_LEVELS, "Chu trình OCOP 2021", f"Chu trình OCOP {clock.today().year}"]
    return Cycle.objects.exclude(title__in=ours).exists()


class _Lines:
    """A stream that passes what a command writes to ``say``."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.say = say

    def write(self, text: str, *args: Any, **kwargs: Any) -> None:
        self.say(text.rstrip())

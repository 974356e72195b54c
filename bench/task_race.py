"""Eight people press the button of one task at once: one of them does it, and it is done once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

from django.db import connection

from bench.ground import end_the_province_of_the_reference_data
from cycle.models import Level, OrgUnit, Role, RuleSet, User
from dossiers.models import Dossier, Idea, Task, TaskAlreadyDone
from dossiers.walk import doors
from tests import records
from tests.world import events, open_cycle, open_dossier, open_task, person

BOUND = "mỗi lần 8 luồng cùng làm một việc: 1 người thắng, 1 dòng nhật ký, 1 việc tiếp theo"
SIZES = {"small": 8, "full": 200}
THREADS = 8


def run(scale):
    """How many races had exactly one winner, one history row, one record and one next task."""
    races = SIZES[scale]
    dossiers, people = _world(races)
    # All threads of a race leave together; the barrier serves every race in turn.
    start = Barrier(THREADS)
    tasks = [open_task(dossier).pk for dossier in dossiers]

    def runner(username):
        told = []
        try:
            for pk in tasks:
                task, by = Task.objects.get(pk=pk), User.objects.get(username=username)
                start.wait(timeout=60)
                try:
                    doors.complete(task, "register_idea", by=by, record=records.idea())
                    told.append("won")
                except TaskAlreadyDone:
                    told.append("told")
        finally:
            connection.close()
        return told

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(zip(*pool.map(runner, people), strict=True))
    winners = [Counter(outcome) == {"won": 1, "told": THREADS - 1} for outcome in outcomes]
    history = [events(dossier) == ["dossier.open", "dossier.register_idea"] for dossier in dossiers]
    following = [
        list(dossier.tasks.open().values_list("node", flat=True)) == ["screen_idea"]
        for dossier in dossiers
    ]
    kept = [
        Idea.objects.filter(dossier=dossier).count() == 1
        and Dossier.objects.get(pk=dossier.pk).state == "idea_registered"
        for dossier in dossiers
    ]
    return {
        "size": races,
        "threads": THREADS,
        "winners": sum(winners),
        "history": sum(history),
        "next_tasks": sum(following),
        "records": sum(kept),
        "exact": all(winners) and all(history) and all(following) and all(kept),
    }


def _world(races):
    """A dossier for each race, and eight officers of its commune."""
    end_the_province_of_the_reference_data()
    province = OrgUnit.objects.create(
        code="P", name="Tỉnh", level=Level.PROVINCE, valid_from=date(2020, 1, 1)
    )
    commune = OrgUnit.objects.create(
        code="X", name="Xã", level=Level.COMMUNE, parent=province, valid_from=date(2020, 1, 1)
    )
    people = [person(f"officer{n}", f"Cán bộ {n}", (Role.OFFICER, commune)) for n in range(THREADS)]
    cycle = open_cycle(RuleSet.objects.get(edition="qd26_2026"), 2026)
    dossiers = [
        open_dossier(cycle, commune, people[0], name=f"Mật ong {n:04}") for n in range(races)
    ]
    return dossiers, [user.username for user in people]

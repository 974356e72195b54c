"""One cycle of the demo, with its products, events and dossiers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from councils.stories.cast import (
    CAME_BEFORE,
    FAMILIES,
    GIVEN,
    KINDS_OF_PRODUCER,
    OLD_GROUPS,
    PAUSES,
    PRODUCT_COLUMNS,
    SEED,
    TO_DUE,
    VILLAGES,
    place_of,
    units_with,
)
from councils.stories.replay import DATA, Posts
from councils.stories.rounds import Rounds
from councils.stories.scenes import Scene
from councils.stories.walk import Walk
from cycle import tables
from cycle.models import Cycle, DayOff, Level, OrgUnit, Role, RuleSet
from dossiers.models import (
    ACTS,
    Dossier,
    OutreachEvent,
    OutreachKind,
    Producer,
    Product,
    ProductGroup,
    PromotionEvent,
)

# --- A year and its dossiers ----------------------------------------------------------------


class Year:
    """A live cycle of the demo. ``days`` are its working days, ``now`` the index of today (or of
    the next working day) among them.
    """

    def __init__(
        self,
        title: str,
        rule_set: RuleSet,
        communes: Sequence[str],
        today: date,
        posts: Posts,
        *,
        assumed: bool,
    ) -> None:
        self.random = random.Random(f"{SEED} {title}")  # noqa: S311
        self.posts, self.today = posts, today
        self.cycle = Cycle.objects.create(
            year=today.year,
            title=title,
            rule_set=rule_set,
            # Outreach runs from November of the year before.
            opened_on=date(today.year - 1, 11, 1),
            assumed=assumed,
            beside=Cycle.objects.filter(year=today.year, beside=False).exists(),
            target_new=30,
            target_upgrades=6,
        )
        self.cycle.adopt(rule_set)
        self.terms = dict(self.cycle.duties.values_list("node", "working_days"))
        last = today + timedelta(days=60)
        calendar = DayOff.objects.calendar(self.cycle.opened_on, last)
        days = (last - self.cycle.opened_on).days
        self.days = [
            day
            for day in (self.cycle.opened_on + timedelta(days=n) for n in range(days))
            if calendar.is_working(day)
        ]
        #: The index of today, or of the next working day.
        self.now = next(n for n, day in enumerate(self.days) if day >= today)
        on = today if rule_set.procedure == "two_levels" else date(2021, 1, 1)
        self.communes = units_with(on, communes)
        province = self.communes[0].at_level(Level.PROVINCE)
        assert province is not None, "a commune lies in a province"
        self.province = province
        self.to_due = itertools.cycle(TO_DUE)
        self.producers: dict[int, list[Producer]] = {commune.pk: [] for commune in self.communes}
        rows = [row for _line, row in tables.read(DATA / "demo_products.csv", PRODUCT_COLUMNS)]
        self.random.shuffle(rows)
        self.names = itertools.cycle(rows)
        self.rubrics: dict[int, int] = {}
        #: Dossiers that are judged, by the round they go to: the closed one, the open one, or the
        #: one that was opened again.
        self.judged: dict[str, list[Dossier]] = {"closed": [], "open": [], "reopened": []}

    def run(self, scenes: Iterable[Scene], say: Callable[[str], object]) -> None:
        """Create the events, then the dossiers of ``scenes``; ``say`` is called with progress."""
        self.hold_events()
        away = itertools.cycle(self.communes[1:])
        made = 0
        for scene in scenes:
            for commune in [self.communes[0]] * scene.home + [
                next(away) for _n in range(scene.away)
            ]:
                Walk(self, scene, commune).run()
                made += 1
                if made % 20 == 0:
                    say(f"{self.cycle}: {made} hồ sơ…")
        if any(self.judged.values()):
            Rounds(self).run()
        say(f"{self.cycle}: {made} hồ sơ.")

    def hold_events(self) -> None:
        """Create the outreach events that products came from, and the fairs they go to."""
        province = self.posts(Role.OFFICER, self.province)
        self.meetings = {}
        for n, commune in enumerate(self.communes[:10]):
            kind, title, audience = (
                (OutreachKind.MEETING, "Họp bản giới thiệu chương trình OCOP", "Bà con các bản"),
                (OutreachKind.RADIO, "Phát thanh về chu trình OCOP bằng ba thứ tiếng", "Toàn xã"),
                (OutreachKind.PANEL, "Pano «Mỗi xã một sản phẩm» tại chợ phiên", "Người đi chợ"),
                (OutreachKind.TRAINING, "Tập huấn viết phiếu đăng ký ý tưởng", "Các chủ thể"),
            )[n % 4]
            self.meetings[commune.pk] = OutreachEvent.objects.create(
                cycle=self.cycle,
                org_unit=commune,
                held_on=self.days[min(2 + n, self.now - 1)],
                title=f"{title}, {commune.name}",
                attendance=self.random.randrange(20, 120),
                cost=self.random.randrange(1, 9) * 500_000,
                recorded_by=self.posts(Role.OFFICER, commune),
                kind=kind,
                audience=audience,
            )
        OutreachEvent.objects.create(
            cycle=self.cycle,
            org_unit=self.province,
            held_on=self.days[0],
            title="Hội nghị triển khai chu trình OCOP với các xã và chủ thể",
            attendance=140,
            cost=36_000_000,
            recorded_by=province,
            kind=OutreachKind.MEETING,
            audience="Lãnh đạo và cán bộ các xã, hợp tác xã, doanh nghiệp",
        )
        self.fairs = [
            PromotionEvent.objects.create(
                cycle=self.cycle,
                org_unit=self.province,
                held_on=self.days[max(self.now - ago, 0)],
                title=title,
                attendance=600,
                cost=85_000_000,
                recorded_by=self.posts(Role.TRADE, self.province),
                place=place,
            )
            for ago, title, place in (
                (30, "Tuần lễ giới thiệu nông sản Điện Biên", "Hà Nội"),
                (8, "Hội chợ Công Thương khu vực Tây Bắc", "Điện Biên Phủ"),
            )
        ]

    def producer(self, commune: OrgUnit) -> Producer:
        """A new producer of the commune, or sometimes one that has a product already."""
        known = self.producers[commune.pk]
        if known and self.random.random() < 0.25:
            return self.random.choice(known)
        owner_type, pattern = self.random.choice(KINDS_OF_PRODUCER)
        family, given = self.random.choice(FAMILIES), self.random.choice(GIVEN)
        village = self.random.choice(VILLAGES)
        producer = Producer.objects.create(
            name=pattern.format(
                village=village, place=place_of(commune), family=family, given=given
            ),
            owner_type=owner_type,
            commune=commune,
            representative=f"{family} {given}",
            phone=f"0900 000 {self.random.randrange(100, 1000)}",
            address=f"Bản {village}, {commune.name}",
        )
        known.append(producer)
        return producer

    def product(self, commune: OrgUnit) -> Product:
        """A new product: the next of the list that the commune does not have, named after it."""
        taken = set(
            Product.objects.filter(producer__commune=commune).values_list("name", flat=True)
        )
        row = next(r for r in self.names if r["name"].format(place=place_of(commune)) not in taken)
        group = ProductGroup(row["group"])
        if self.cycle.rule_set.has_district:
            group = OLD_GROUPS.get(group, group)
        product = Product.objects.create(
            producer=self.producer(commune),
            name=row["name"].format(place=place_of(commune)),
            group=group,
        )
        self.rubrics[product.pk] = int(row["rubric"])
        return product

    def moments(self, scene: Scene) -> Iterator[datetime]:
        """The moments of the opening and of each act: then the open task is due around today."""
        acts = [act.partition(":")[0] for act in scene.acts]
        moved = len(acts)
        while moved and not ACTS[acts[moved - 1]].leads:
            moved -= 1
        if before := CAME_BEFORE.get(scene.then):
            last = self.now - before - self.random.randrange(4)
        elif scene.node:
            term = self.terms[scene.node]
            last = self.now + min(next(self.to_due), term - 1) - term
        else:
            last = self.now - self.random.randrange(2, 40)
        # Early in the cycle there are too few days: the acts follow each other faster.
        last = max(last, min(moved, self.now - 1))
        pauses = [self.random.randint(*PAUSES.get(act, (1, 4))) for act in acts]
        walk = sum(pauses[:moved])
        pace = min(1, last / walk) if walk else 1
        days = [last - int(sum(pauses[n:moved]) * pace) for n in range(moved + 1)]
        for pause in pauses[moved:]:
            days.append(min(days[-1] + pause, self.now - 1))
        moment = None
        for day in (self.days[n] for n in days):
            if moment is not None and timezone.localdate(moment) == day:
                moment += timedelta(minutes=self.random.randrange(20, 50))
            else:
                at = time(self.random.randrange(8, 11), self.random.randrange(60))
                moment = timezone.make_aware(datetime.combine(day, at))
            yield moment

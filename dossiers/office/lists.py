"""The lists of the office as their pages and their files read them: people, absence, hand-over, …

Each begins from what the person who asks may see, and raises Http404 for a stranger.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import rules
from django.db.models import CharField, Count, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import appointing, clock, letters, written
from cycle.models import (
    Batch,
    Cycle,
    Document,
    Job,
    LawReading,
    Level,
    Moved,
    OrgUnit,
    Role,
    RoleAssignment,
    Substitution,
    TermRule,
    User,
)
from cycle.written import day_text
from dossiers.law.states import State
from dossiers.lists.documents import Thing, about, subjects
from dossiers.lists.export import Exported, register
from dossiers.lists.filters import Asked, Column, Counted, Queried
from dossiers.models import (
    Allotment,
    Dossier,
    FundingSource,
    OutreachEvent,
    OutreachKind,
    PlanPaper,
    PromotionEvent,
    RowKind,
    StockBatch,
    StockKind,
    SupportKind,
    SupportMeasure,
    Task,
)
from dossiers.models.certificate import number_of
from dossiers.models.records import SupportQuerySet
from dossiers.office import allotting, handover, outreach, people
from dossiers.office import year as years
from dossiers.office.stock.columns import FIELDS
from dossiers.page import told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# --- People -------------------------------------------------------------------------------------

#: The tabs of the list: those who work here, who have not begun, who have left.
TABS = ("now", "waiting", "left")


def seen_people(user: User) -> QuerySet[User]:
    """The people whom this person may see. Raises Http404 for who may see none."""
    if not rules.has_perm("dossiers.see_people", user):
        raise Http404
    return people.seen_by(user)


def seen_posts(user: User) -> QuerySet[RoleAssignment]:
    """The posts of the people whom this person may see. Raises Http404 for who may see none."""
    return RoleAssignment.objects.filter(user__in=seen_people(user)).select_related(
        "user", "org_unit"
    )


@about
def _appointed(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The posts that were given on documents."""
    if rules.has_perm("dossiers.see_people", user):
        for post in seen_posts(user).filter(basis__in=keys).order_by("pk"):
            if post.basis_id:
                address = reverse("dossiers:person", args=[post.user_id])
                yield Thing(post.basis_id, f"{post.user}: {post}", address)


@subjects
def _appointing(keys: Collection[int]) -> dict[int, str]:
    """What is written on a document by which posts were given."""
    posts = RoleAssignment.objects.filter(basis__in=keys).order_by()
    return {
        key: _now("Phân công vai trò")
        for key in posts.values_list("basis", flat=True).distinct()
        if key is not None
    }


def with_posts() -> Prefetch[Any]:
    """All posts of the people of a page, in one query."""
    posts = RoleAssignment.objects.select_related("org_unit").order_by("-valid_from", "-pk")
    return Prefetch("role_assignments", posts, to_attr="all_posts")


def person_row(person: Any, today: date) -> dict[str, Any]:
    """A person as the list shows them: what they hold, will hold and held."""
    held = [p for p in person.all_posts if p.valid_to is None or p.valid_to >= today]
    return {
        "person": person,
        "now": [post for post in held if post.valid_from <= today],
        "coming": [post for post in held if post.valid_from > today],
        "ended": [post for post in person.all_posts if post not in held],
        "waits": person.is_active and not person.has_usable_password(),
    }


class PeopleList(Queried):
    """Who works here, who waits, who has left; ``show`` and ``q`` of the address narrow it."""

    def __init__(self, user: User, data: Mapping[str, str]) -> None:
        self.everybody, self.today = seen_people(user), clock.today()
        asked = Asked(data)
        self.tab, self.q = asked.one_of("show", TABS, "now"), asked.text("q")
        of_tab = {
            "now": self.everybody.filter(appointing.holds_something(self.today), is_active=True),
            "waiting": people.waiting(self.everybody, self.today),
            "left": self.everybody.exclude(appointing.holds_something(self.today), is_active=True),
        }[self.tab]
        super().__init__(
            people.found(of_tab, self.q)
            .prefetch_related(with_posts())
            .order_by("sort_key", "username")
        )

    def shaped(self, rows: list[Any]) -> list[Any]:
        return [person_row(person, self.today) for person in rows]


def _posts_said(row: dict[str, Any]) -> str:
    said = [
        _now("%(post)s, từ %(day)s") % {"post": post.label, "day": day_text(post.valid_from)}
        for post in (*row["now"], *row["coming"])
    ]
    said += [
        f"{post}, {day_text(post.valid_from)} – {day_text(post.valid_to)}" for post in row["ended"]
    ]
    return "; ".join(said)


def _account(row: dict[str, Any]) -> Any:
    if not row["person"].is_active:
        return _("đã khóa")
    return _("chưa kích hoạt") if row["waits"] else _("đang dùng")


_PEOPLE = (
    Column("name", _("Họ và tên"), lambda row: str(row["person"])),
    Column("posts", _("Vai trò, từ ngày"), _posts_said),
    Column("phone", _("Điện thoại"), lambda row: row["person"].phone),
    Column("email", _("Thư điện tử"), lambda row: row["person"].email),
    Column("username", _("Tên đăng nhập"), lambda row: row["person"].username),
    Column("account", _("Tài khoản"), _account),
)

# --- Outreach, jobs -----------------------------------------------------------------------------


def outreach_list(user: User, asked: Mapping[str, str]) -> Queried:
    """The events of my units and what came of each; of one commune with those that it took over,
    of one kind, of one year, where that is asked.
    """
    events = OutreachEvent.objects.filter(org_unit__in=user.area())
    if (commune := written.key(asked.get("commune"))) is not None:
        events = events.filter(org_unit__in=OrgUnit.objects.business_of(commune))
    if (cycle := written.key(asked.get("cycle"))) is not None:
        events = events.filter(cycle=cycle)
    if asked.get("kind") in OutreachKind.values:
        events = events.filter(kind=asked["kind"])
    return Queried(
        events.select_related("org_unit", "cycle", "planned").prefetch_related(
            Prefetch(
                "dossiers",
                Dossier.objects.visible_to(user).select_related("product__producer"),
                to_attr="came_of_it",
            )
        )
    )


def attendance(user: User, pk: int | None) -> Counted:
    """The list of attendance of an event, of who may correct it. Raises Http404 for others."""
    events = OutreachEvent.objects.filter(org_unit__in=user.area())
    event = get_object_or_404(events, pk=pk)
    if event.organiser(user) is None:
        raise Http404
    return Counted(outreach.attendance_of(event))


_ATTENDANCE = (
    Column("name", _("Họ và tên"), lambda person: person[0]),
    Column("of_whom", _("Chủ thể, thôn bản"), lambda person: person[1]),
    Column("phone", _("Điện thoại"), lambda person: person[2]),
)


def promotion_list(user: User) -> Queried:
    """The fairs of my units, and how many products went to each."""
    return Queried(
        PromotionEvent.objects.filter(org_unit__in=user.area())
        .select_related("org_unit", "cycle")
        .annotate(
            # What was corrected to another fair is of that one.
            products=Count(
                "promotions__dossier__product",
                filter=Q(promotions__replaced_by=None),
                distinct=True,
            )
        )
        .order_by("-held_on", "-pk")
    )


def came_of(event: OutreachEvent | PromotionEvent, user: User) -> QuerySet[Dossier]:
    """The dossiers that came from an outreach event, or whose products went to a fair; those that
    ``user`` may see.
    """
    dossiers = Dossier.objects.visible_to(user).select_related("product__producer")
    if isinstance(event, OutreachEvent):
        return dossiers.filter(pk__in=event.dossiers.values("pk"))
    return dossiers.filter(pk__in=event.promotions.filter(replaced_by=None).values("dossier"))


class SupportList(Queried):
    """The measures of support of the dossiers that a person sees, as they stand, the newest first;
    of one year, kind, source or commune with those that it took over, where that is asked.
    """

    #: What the address says of what was recorded before its source was asked.
    UNKNOWN = "unknown"

    def __init__(self, user: User, data: Mapping[str, str]) -> None:
        self.user = user
        asked = Asked(data)
        self.cycle, self.commune = asked.key("cycle"), asked.key("commune")
        self.kind = asked.one_of("kind", SupportKind.values)
        self.source = asked.one_of("source", [*FundingSource.values, self.UNKNOWN])
        found = self._seen().with_money()
        if self.cycle is not None:
            found = found.filter(cycle=self.cycle)
        if self.commune is not None:
            communes = OrgUnit.objects.business_of(self.commune)
            found = found.filter(dossier__commune__in=communes)
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.source:
            found = found.filter(source="" if self.source == self.UNKNOWN else self.source)
        super().__init__(
            found.select_related(
                "cycle", "dossier__product__producer", "dossier__commune"
            ).order_by("-pk")
        )

    def _seen(self) -> SupportQuerySet:
        dossiers = Dossier.objects.visible_to(self.user).values("pk")
        return SupportMeasure.objects.current().filter(dossier__in=dossiers)

    @property
    def cycles(self) -> list[tuple[int, str]]:
        """The years of which there are some."""
        years = Cycle.objects.filter(pk__in=self._seen().order_by().values("cycle"))
        return list(years.order_by("-year", "title").values_list("pk", "title"))

    @property
    def communes(self) -> list[tuple[int, str]]:
        """The communes of today of which there are some."""
        here = self._seen().order_by().values_list("dossier__commune", flat=True).distinct()
        units = set(here)
        moved = Moved.among(units)
        today = OrgUnit.objects.filter(pk__in={moved.of(pk) for pk in units})
        return list(today.order_by("sort_key", "pk").values_list("pk", "name"))


def support_rows(year: Cycle, figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The money of each kind and source in the ``figures`` of a year, each with the address of its
    list; none of a year that was closed before they were counted.
    """
    kinds, sources = dict(SupportKind.choices), dict(FundingSource.choices)
    page = reverse("dossiers:support")
    return [
        {
            **row,
            "kind_said": kinds[row["kind"]],
            "source_said": sources.get(row["source"], _("chưa ghi loại nguồn")),
            "address": f"{page}?cycle={year.pk}&kind={row['kind']}"
            f"&source={row['source'] or SupportList.UNKNOWN}",
        }
        for row in figures.get("support", ())
    ]


_SUPPORT = (
    Column("product", _("Sản phẩm"), lambda row: row.dossier.product.name),
    Column("producer", _("Chủ thể"), lambda row: str(row.dossier.product.producer)),
    Column("commune", _("Xã, phường"), lambda row: str(row.dossier.commune)),
    Column("cycle", _("Chu trình"), lambda row: str(row.cycle)),
    Column("kind", _("Loại hỗ trợ"), lambda row: row.get_kind_display()),
    Column("provider", _("Đơn vị hỗ trợ"), lambda row: row.provider),
    Column("source", _("Loại nguồn vốn"), lambda row: row.get_source_display()),
    Column("budget_source", _("Nguồn kinh phí"), lambda row: row.budget_source),
    Column("legal_basis", _("Căn cứ"), lambda row: row.legal_basis),
    Column("planned", _("Kế hoạch (đồng)"), lambda row: row.planned),
    Column("committed", _("Cam kết (đồng)"), lambda row: row.committed),
    Column("spent", _("Đã chi (đồng)"), lambda row: row.spent),
    Column("left", _("Còn lại (đồng)"), lambda row: row.left),
    Column("result", _("Kết quả"), lambda row: row.result or row.expected_result),
)

_PROMOTION = (
    Column("held_on", _("Ngày"), lambda event: event.held_on),
    Column("title", _("Hoạt động"), lambda event: event.title),
    Column("place", _("Địa điểm"), lambda event: event.place),
    Column("unit", _("Đơn vị"), lambda event: str(event.org_unit)),
    Column("cycle", _("Chu trình"), lambda event: str(event.cycle)),
    Column("attendance", _("Người dự"), lambda event: event.attendance),
    Column("cost", _("Kinh phí (đồng)"), lambda event: event.cost),
    Column("products", _("Sản phẩm tham gia"), lambda event: event.products),
)

_OUTREACH = (
    Column("held_on", _("Ngày"), lambda event: event.held_on),
    Column("title", _("Hoạt động"), lambda event: event.title),
    Column("kind", _("Hình thức"), lambda event: event.get_kind_display()),
    Column("place", _("Địa điểm"), lambda event: event.place),
    Column("audience", _("Đối tượng"), lambda event: event.audience),
    Column("planned", _("Theo kế hoạch"), lambda event: str(event.planned or "")),
    Column("unit", _("Đơn vị"), lambda event: str(event.org_unit)),
    Column("cycle", _("Chu trình"), lambda event: str(event.cycle)),
    Column("attendance", _("Người dự"), lambda event: event.attendance),
    Column("cost", _("Kinh phí (đồng)"), lambda event: event.cost),
    Column(
        "products",
        _("Sản phẩm tiềm năng"),
        lambda event: "; ".join(
            f"{dossier.product.name}, {dossier.product.producer}" for dossier in event.came_of_it
        ),
    ),
)


def my_jobs(user: User) -> QuerySet[Job]:
    """My jobs; everybody's for whom the administration lets look at jobs."""
    return Job.objects.all() if user.has_perm("cycle.view_job") else Job.objects.filter(by=user)


def job_list(user: User) -> Queried:
    """The same, the newest first."""
    return Queried(my_jobs(user).select_related("by").order_by("-pk"))


_JOBS = (
    Column("number", _("Số việc"), lambda job: job.pk),
    Column("title", _("Việc"), lambda job: job.title),
    Column("by", _("Người yêu cầu"), lambda job: str(job.by or "")),
    Column("created_at", _("Lúc"), lambda job: job.created_at),
    Column("state", _("Trạng thái"), lambda job: job.get_state_display()),
    Column("finished_at", _("Xong lúc"), lambda job: job.finished_at),
    Column("error", _("Lỗi"), lambda job: job.error),
)

# --- Absence, hand-over ---------------------------------------------------------------------------


def substitutions(user: User) -> Any:
    """The substitutions that ``user`` sees: of their own post, by them, of a post they arrange."""
    posts = handover.substitutable_by(user).values("pk")
    # Also of a post that has ended, while a document is owed: somebody must be able to add it.
    owed = Q(paper_due_on__isnull=False, basis=None) & handover.arranged_ever(user, "assignment__")
    return Substitution.objects.filter(
        Q(assignment__in=posts) | Q(assignment__user=user) | Q(substitute=user) | owed
    ).select_related("assignment__user", "assignment__org_unit", "substitute", "basis__replaced_by")


@about
def _lent(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The substitutions that rest on documents."""
    for each in substitutions(user).filter(basis__in=keys).order_by("pk"):
        yield Thing(each.basis_id, str(each), reverse("dossiers:absence"))


@about
def _read(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The readings of the law that rest on documents."""
    if rules.has_perm("dossiers.keep_year", user):
        for each in LawReading.objects.filter(basis__in=keys).order_by("pk"):
            yield Thing(each.basis_id, str(each), reverse("dossiers:readings"))


@about
def _of_the_year(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The plans, terms and targets that rest on documents."""
    if not rules.has_perm("dossiers.see_year", user):
        return
    for rule in TermRule.objects.filter(basis__in=keys, cycle__void=False).order_by("pk"):
        if rule.basis_id:
            address = reverse("dossiers:cycle_duties", args=[rule.cycle_id])
            yield Thing(rule.basis_id, str(rule), address)
    plans = PlanPaper.objects.filter(document__in=keys, cycle__void=False)
    for plan in plans.select_related("cycle", "batch").order_by("pk"):
        name, address = str(plan.cycle), reverse("dossiers:cycle", args=[plan.cycle_id])
        if plan.batch is not None:
            args = [plan.cycle_id, plan.batch_id]
            name, address = str(plan.batch), reverse("dossiers:cycle_batch", args=args)
        yield Thing(plan.document_id, name, address)
    for year in Cycle.objects.filter(target_basis__in=keys).order_by("pk"):
        if year.target_basis_id:
            address = reverse("dossiers:cycle", args=[year.pk])
            yield Thing(year.target_basis_id, str(year), address)


@about
def _allotted(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The split communes of which documents allot producers, products."""
    rows = Allotment.objects.filter(basis__in=keys, unit__in=allotting.split_units(user))
    of = rows.order_by("unit").values_list("basis", "unit", "unit__name").distinct()
    for document, pk, name in of:
        yield Thing(document, name, reverse("dossiers:split_one", args=[pk]))


@about
def _brought_in(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The lists of what was there before that came on documents."""
    if rules.has_perm("dossiers.import_stock", user, None):
        rows = StockBatch.objects.filter(basis__in=keys, org_unit=stock_office(user))
        for batch in rows.order_by("pk"):
            if batch.basis_id:
                address = reverse("dossiers:stock_batch", args=[batch.pk])
                yield Thing(batch.basis_id, str(batch), address)


class AbsenceList(Queried):
    """Who acts for whom, now, soon and before; with ``show=unpapered`` without the paper due."""

    def __init__(self, user: User, data: Mapping[str, str]) -> None:
        self.user, self.today = user, clock.today()
        self.everything = substitutions(user)
        self.late = self.everything.without_paper(self.today)
        self.unpapered = data.get("show") == "unpapered"
        found = self.late if self.unpapered else self.everything
        super().__init__(found.order_by("-valid_to", "-pk"))

    def shaped(self, rows: list[Any]) -> list[Any]:
        return [self._row(each) for each in rows]

    def _row(self, row: Substitution) -> dict[str, Any]:
        overdue = (
            row.basis_id is None and row.paper_due_on is not None and row.paper_due_on < self.today
        )
        past = row.valid_to < self.today or overdue
        return {
            "substitution": row,
            "paper": row.paper,
            "when": "past" if past else "coming" if row.valid_from > self.today else "now",
            "past": past,
            "late": overdue,
        }


_WHEN = {"past": _("đã kết thúc"), "coming": _("chưa bắt đầu"), "now": _("đang làm thay")}


def _signer(document: Document | None) -> str:
    """Who signed it, where that is known."""
    return document.signer if document is not None and document.signer_known else ""


_ABSENCE = (
    Column("who", _("Người vắng"), lambda row: str(row["substitution"].assignment.user)),
    Column("post", _("Vai trò"), lambda row: str(row["substitution"].assignment)),
    Column("substitute", _("Người làm thay"), lambda row: str(row["substitution"].substitute)),
    Column("from", _("Từ ngày"), lambda row: row["substitution"].valid_from),
    Column("to", _("Đến hết ngày"), lambda row: row["substitution"].valid_to),
    Column("when", _("Tình trạng"), lambda row: _WHEN[row["when"]]),
    Column("reason", _("Lý do"), lambda row: row["substitution"].reason),
    Column("document", _("Văn bản"), lambda row: row["substitution"].paper),
    Column("signer", _("Người ký"), lambda row: _signer(row["substitution"].paper)),
    Column("paper_due_on", _("Văn bản chậm nhất"), lambda row: row["substitution"].paper_due_on),
)


class HandoverList(Queried):
    """The posts whose work this person may give to another, with what lies open in each."""

    def __init__(self, user: User, data: Mapping[str, str]) -> None:
        self.q = Asked(data).text("q")
        posts = (
            handover.arranged_by(user)
            .select_related("handed_to")
            .with_business(clock.today_in_database())
            .annotate(
                said=letters.SearchWords(
                    Concat(
                        "user__full_name",
                        Value(" "),
                        "user__username",
                        Value(" "),
                        "org_unit__name",
                        output_field=CharField(),
                    )
                )
            )
            .order_by("org_unit__sort_key", "user__sort_key", "role", "pk")
        )
        for word in letters.search_words(self.q).split()[: letters.WORDS]:
            posts = posts.filter(said__contains=word)
        super().__init__(posts)

    def shaped(self, rows: list[Any]) -> list[Any]:
        claimed = {
            (row["owner"], row["role"], row["org_unit"]): row["n"]
            for row in Task.objects.open()
            .filter(owner__in=[post.user_id for post in rows])
            .values("owner", "role", "org_unit")
            .annotate(n=Count("pk"))
            .order_by()
        }
        return [
            {
                "post": post,
                # With what is still called by the name of a unit that this one took over.
                "claimed": sum(
                    claimed.get((post.user_id, post.role, unit), 0) for unit in post.business
                ),
            }
            for post in rows
        ]


_HANDOVER = (
    Column("who", _("Họ và tên"), lambda row: str(row["post"].user)),
    Column("role", _("Vai trò"), lambda row: row["post"].get_role_display()),
    Column("unit", _("Đơn vị"), lambda row: row["post"].org_unit.name),
    Column("from", _("Từ ngày"), lambda row: row["post"].valid_from),
    Column("to", _("Đến hết ngày"), lambda row: row["post"].valid_to),
    Column("claimed", _("Việc đã nhận"), lambda row: row["claimed"]),
    Column("handed_to", _("Bàn giao cho"), lambda row: str(row["post"].handed_to or "")),
)

# --- The stock ------------------------------------------------------------------------------------


def stock_office(user: User) -> OrgUnit:
    """The province whose stock this person enters. Raises Http404: a stranger sees nothing here."""
    if not rules.has_perm("dossiers.import_stock", user, None):
        raise Http404
    return next(
        held.org_unit
        for held in user.assignments()
        if held.role == Role.OFFICER and held.org_unit.level == Level.PROVINCE
    )


def batch_list(user: User) -> Queried:
    """The batches of the office, the newest first."""
    found = StockBatch.objects.filter(org_unit=stock_office(user))
    found = found.select_related("by", "basis__replaced_by")
    return Queried(found.order_by(*(StockBatch._meta.ordering or ("-pk",))))


_BATCHES = (
    Column("name", _("Danh sách"), str),
    Column("state", _("Trạng thái"), lambda batch: batch.get_state_display()),
    Column("rows", _("Số dòng"), lambda batch: batch.counts.get("rows")),
    Column("wrong", _("Dòng có lỗi"), lambda batch: batch.counts.get("wrong")),
    Column("document", _("Văn bản"), lambda batch: batch.paper and batch.paper.number),
    Column("document_on", _("Ngày văn bản"), lambda batch: batch.paper and batch.paper.signed_on),
    Column("by", _("Người nhập"), lambda batch: str(batch.by)),
    Column("at", _("Lúc"), lambda batch: batch.at),
)


class StockRows(Queried):
    """The rows of one batch; ``rows`` of the address: those with errors, with warnings, or all."""

    def __init__(self, batch: StockBatch, data: Mapping[str, str]) -> None:
        self.only = Asked(data).one_of("rows", ("errors", "warnings", "all"), "errors")
        rows = batch.rows.filter(kind=RowKind.DATA)
        if self.only == "warnings":
            rows = rows.filter(warnings__gt=0)
        elif self.only == "errors":
            rows = rows.filter(errors__gt=0)
        super().__init__(
            rows.select_related("dossier", "certificate", "potential")
            .annotate(certificate_number=number_of("certificate"))
            .order_by("line")
        )
        self.running = batch.kind == StockKind.RUNNING

    def shaped(self, rows: list[Any]) -> list[Any]:
        for row in rows:
            row.told = [fault | {"label": FIELDS[fault["field"]].label} for fault in row.faults]
            if self.running and row.values.get("state"):
                row.stands = State(row.values["state"]).label
                row.since = (
                    date.fromisoformat(row.values["since"]) if "since" in row.values else None
                )
        return rows


def _stock_rows(user: User, data: Mapping[str, str], pk: int | None) -> StockRows:
    batch = get_object_or_404(StockBatch, pk=pk, org_unit=stock_office(user))
    return StockRows(batch, data)


def _faults(row: Any) -> str:
    return "; ".join(
        " ".join(
            filter(
                None,
                (
                    fault["cell"],
                    f"{fault['label']}: {fault['text']}",
                    fault["suggestion"]
                    and _now("Gợi ý: %(what)s.") % {"what": fault["suggestion"]},
                ),
            )
        )
        for fault in row.told
    )


_STOCK_ROWS = (
    Column("line", _("Dòng"), lambda row: row.line),
    Column("text", _("Trong danh sách"), lambda row: row.text),
    Column("product", _("Sản phẩm"), lambda row: row.values.get("product"), chosen=False),
    Column("producer", _("Chủ thể"), lambda row: row.values.get("producer"), chosen=False),
    Column("faults", _("Ô và cách sửa"), _faults),
    Column("number", _("Số giấy chứng nhận"),
           lambda row: row.certificate_number),
)  # fmt: skip

# --- The dossiers of a batch ----------------------------------------------------------------------


def batch_dossiers(user: User, batch: Batch) -> Queried:
    """The dossiers of a batch that I see (hồ sơ của đợt)."""
    found = years.dossiers_of(batch, Dossier.objects.visible_to(user))
    return Queried(found.select_related("product__producer", "commune").order_by("pk"))


def _batch(user: User, _data: Mapping[str, str], pk: int | None) -> Queried:
    if not rules.has_perm("dossiers.see_year", user):
        raise Http404
    return batch_dossiers(user, get_object_or_404(Batch.objects.select_related("cycle"), pk=pk))


_BATCH = (
    Column("code", _("Mã số"), lambda each: each.product.code),
    Column("product", _("Sản phẩm"), lambda each: each.product.name),
    Column("producer", _("Chủ thể"), lambda each: each.product.producer.name),
    Column("commune", _("Xã, phường"), lambda each: each.commune.name),
    Column("state", _("Trạng thái"), lambda each: each.get_state_display()),
    Column("stars", _("Hạng sao"), lambda each: each.stars),
)

# --- The history of a dossier ---------------------------------------------------------------------


def _history(user: User, _data: Mapping[str, str], pk: int | None) -> Queried:
    return Queried(told(get_object_or_404(Dossier.objects.visible_to(user), pk=pk)))


_HISTORY = (
    Column("at", _("Lúc"), lambda entry: entry.at),
    Column("who", _("Người thực hiện"), lambda entry: entry.who or _now("Hệ thống")),
    Column("role", _("Tư cách"), lambda entry: entry.get_role_display()),
    Column("unit", _("Đơn vị"), lambda entry: entry.unit),
    Column("for", _("Thay mặt"), lambda entry: entry.whom),
    Column("what", _("Việc"), lambda entry: entry.sentence),
    Column("reason", _("Lý do"), lambda entry: entry.reason),
    Column("recorded_at", _("Ghi lúc"), lambda entry: entry.recorded_at, chosen=False),
    Column("hash", _("Mã băm"), lambda entry: entry.hash, chosen=False),
)

register(Exported(
    "people", _("Nhân sự"), "dossiers:people", _PEOPLE,
    lambda user, data, _pk: PeopleList(user, data),
))  # fmt: skip
register(Exported(
    "outreach", _("Tuyên truyền, hướng dẫn"), "dossiers:outreach", _OUTREACH,
    lambda user, data, _pk: outreach_list(user, data),
))  # fmt: skip
register(Exported(
    "attendance", _("Danh sách người dự"), "dossiers:outreach_attendance", _ATTENDANCE,
    lambda user, _data, pk: attendance(user, pk), of_one=True,
))  # fmt: skip
register(Exported(
    "promotion", _("Hội chợ, xúc tiến"), "dossiers:promotion", _PROMOTION,
    lambda user, _data, _pk: promotion_list(user),
))  # fmt: skip
register(Exported(
    "support", _("Hỗ trợ chủ thể"), "dossiers:support", _SUPPORT,
    lambda user, data, _pk: SupportList(user, data),
))  # fmt: skip
register(Exported(
    "jobs", _("Việc chạy nền"), "dossiers:job_list", _JOBS,
    lambda user, _data, _pk: job_list(user),
))  # fmt: skip
register(Exported(
    "absence", _("Vắng mặt, ủy quyền"), "dossiers:absence", _ABSENCE,
    lambda user, data, _pk: AbsenceList(user, data),
))  # fmt: skip
register(Exported(
    "handover", _("Bàn giao công việc"), "dossiers:handover", _HANDOVER,
    lambda user, data, _pk: HandoverList(user, data),
))  # fmt: skip
register(Exported(
    "stock", _("Các đợt nhập"), "dossiers:stock", _BATCHES,
    lambda user, _data, _pk: batch_list(user),
))  # fmt: skip
register(Exported(
    "stock_rows", _("Các dòng của đợt nhập"), "dossiers:stock_batch", _STOCK_ROWS, _stock_rows,
    of_one=True,
))  # fmt: skip
register(Exported(
    "history", _("Nhật ký xử lý"), "dossiers:dossier", _HISTORY, _history, of_one=True
))  # fmt: skip
register(Exported(
    "batch", _("Hồ sơ của đợt"), "dossiers:cycle_batch", _BATCH, _batch, of_one=True,
    place=lambda pk: [Batch.objects.values_list("cycle", flat=True).get(pk=pk), pk],
))  # fmt: skip

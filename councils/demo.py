"""The demo: made-up products walked through the doors, so that their due days lie around today.

Every act happens at a moment of the past, inside ``clock.at(…, replay=True)``; nobody is told of
it. The same day and seed give the same demo.
"""

import itertools
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from councils import sitting
from councils.models import (
    Appraisal,
    AppraisalPhoto,
    Council,
    DocumentKind,
    EvaluationRound,
    Opinion,
    Regulation,
    Seat,
    SignedDocument,
)
from councils.papers import facts, pdf
from councils.replay import DATA, Posts, replay
from cycle import clock, tables
from cycle.models import Cycle, DayOff, Level, OrgUnit, Role, RuleSet, User
from dossiers.models import (
    ACTS,
    BusinessPlan,
    Certificate,
    CommuneReport,
    Completion,
    Conclusion,
    Dossier,
    Evaluation,
    Evidence,
    Idea,
    Inspection,
    OfficialDocument,
    OutreachEvent,
    OutreachKind,
    OwnerType,
    Process,
    Producer,
    Product,
    ProductGroup,
    Promotion,
    PromotionEvent,
    Review,
    SelfAssessment,
    SupportKind,
    SupportMeasure,
    Task,
    Visit,
)
from dossiers.models.evidence import SIGNED_PAPER, store

PASSWORD = "ocop-demo-2026"  # noqa: S105  (shown to everybody who starts the demo)
SEED = 2026
#: Since when the posts of the demo are held: the reorganisation of the communes.
SINCE = date(2025, 7, 1)
PRODUCT_COLUMNS = ["name", "group", "rubric"]
THREE_LEVELS = "Chu trình ba cấp (minh họa)"

NA_TAU = "03316"
#: Communes of 2025 with a demo account each; Nà Tấu is where a visitor looks first.
COMMUNES = (
    NA_TAU, "03127", "03151", "03160", "03172", "03193", "03203", "03217", "03253", "03256",
    "03268", "03295", "03325", "03328", "03349", "03358", "03370", "03382",
)  # fmt: skip
THANH_LUONG = "03328"
#: Communes of 2021, of the districts Điện Biên, Mường Ảng and Tuần Giáo.
OLD_COMMUNES = (THANH_LUONG, "03331", "03343", "03310", "03307", "03274", "03289")

# --- How far a dossier has walked: the acts done, after its opening --------------------------
# A word after a colon says with what result; see _Walk.

REGISTERED = ("register_idea",)
SCREENED = (*REGISTERED, "screen_idea")
SELECTED = (*SCREENED, "select_idea")
PLANNED = (*SELECTED, "submit_plan")
CHECKED = (*PLANNED, "check_plan")
APPROVED = (*CHECKED, "approve_plan")
READY = (*APPROVED, "record_visit", "record_support", "declare_ready")
SUBMITTED = (*READY, "choose_rubric", "attach_evidence", "submit_dossier")
SIGNED = (*SUBMITTED, "confirm_dossier")
IN_PROVINCE = (*SIGNED, "forward_to_province")
JUDGED = (*IN_PROVINCE, "accept_at_province")
RANKED = (*JUDGED, "rank")
PROPOSED = (*RANKED, "propose_recognition")
CERTIFIED = (*PROPOSED, "certify")
FOUR_STARS = (*JUDGED, "rank:76", "propose_recognition", "certify")
REFUSED_IDEA = (*SCREENED, "not_select_idea")
REFUSED_PLAN = (*CHECKED, "not_approve_plan")
EXISTING = ("enter_late:existing", *SUBMITTED[len(READY) :], "confirm_dossier")
UPGRADE = ("enter_late:upgrade", *EXISTING[1:])
BEST = (*JUDGED, "rank:93", "propose_recognition")
IN_DISTRICT = (*SIGNED, "forward_to_district")
IN_DISTRICT_COUNCIL = (*IN_DISTRICT, "accept_at_district")
DISTRICT_RANKED = (*IN_DISTRICT_COUNCIL, "rank_at_district")


@dataclass(frozen=True)
class Scene:
    """Dossiers of one kind: the task they wait for (none: they have left), and the acts before it.

    ``home`` of them are in the commune a visitor looks at first, ``away`` in the others.
    """

    node: str
    acts: tuple
    home: int = 0
    away: int = 0
    then: str = ""


TWO_LEVEL_SCENES = (
    Scene("register_idea", (), 1, 2),
    Scene("screen_idea", REGISTERED, 1, 1),
    Scene("screen_idea", (*REFUSED_IDEA, "refile_idea"), 0, 1),
    Scene("complete_idea", (*REGISTERED, "return_idea"), 1, 1),
    Scene("select_idea", SCREENED, 0, 3),
    Scene("select_idea", (*REFUSED_IDEA, "refile_idea", "screen_idea"), 0, 1),
    Scene("", REFUSED_IDEA, 1, 1),
    Scene("submit_plan", SELECTED, 1, 2),
    Scene("check_plan", PLANNED, 0, 1, then="claim"),
    Scene("check_plan", PLANNED, 1, 0, then="wait"),
    Scene("complete_plan", (*CHECKED, "return_plan"), 0, 2),
    Scene("appraise_plan", CHECKED, 0, 2),
    Scene("appraise_plan", (*REFUSED_PLAN, "refile_plan", "check_plan"), 0, 1, then="claim"),
    Scene("", REFUSED_PLAN, 0, 1),
    Scene("implement", (*APPROVED, "record_visit", "record_support"), 1, 3),
    Scene("assemble_dossier", READY, 0, 1),
    Scene("assemble_dossier", EXISTING[:1], 1, 1),
    Scene("assemble_dossier", UPGRADE[:3], 0, 1),
    Scene("check_dossier", SUBMITTED, 1, 1),
    Scene("check_dossier", SUBMITTED, 0, 1, then="wait"),
    Scene("supplement", (*SUBMITTED, "return_for_supplement"), 0, 1),
    Scene("supplement", (*IN_PROVINCE, "return_for_supplement"), 0, 2),
    Scene("sign_report", SIGNED, 2, 1),
    Scene("sign_report", EXISTING, 1, 1),
    Scene("check_at_province", IN_PROVINCE, 1, 1),
    Scene("check_at_province", (*UPGRADE, "forward_to_province"), 0, 1, then="claim"),
    Scene("check_at_province", (*IN_PROVINCE, "return_for_supplement", "supplement"), 0, 1),
    Scene("evaluate_at_province", JUDGED, 0, 1),
    Scene("evaluate_at_province", JUDGED, 0, 3, then="open"),
    Scene("evaluate_at_province", JUDGED, 0, 1, then="wait"),
    Scene("propose_recognition", RANKED, 0, 1),
    Scene("propose_recognition", JUDGED, 0, 3, then="closed"),
    Scene("propose_recognition", (*BEST, "nominate", "record_centre_result:88"), 0, 1),
    Scene("decide", PROPOSED, 1, 2),
    Scene("decide", BEST, 0, 1),
    Scene("await_centre", (*BEST, "nominate"), 0, 1),
    Scene("", (*RANKED, "not_recognise"), 0, 1),
    Scene("", (*JUDGED, "not_recognise"), 0, 1),
    Scene("promote", CERTIFIED, 0, 1),
    Scene("promote", FOUR_STARS, 0, 1),
    Scene("promote", (*UPGRADE, *FOUR_STARS[len(SIGNED) :]), 0, 1),
    Scene("promote", (*CERTIFIED, "record_promotion"), 0, 1),
    Scene("", (*CERTIFIED, "record_promotion", "promote"), 0, 1),
    Scene("", (*BEST, "nominate", "record_centre_result:92", "promote"), 0, 1),
    Scene("", (*CHECKED, "withdraw"), 0, 1),
    Scene("", (*SUBMITTED, "withdraw"), 0, 1),
    Scene("", (*SELECTED, "defer"), 0, 1),
    Scene("", (*APPROVED, "record_visit", "defer"), 0, 1),
    Scene("", (*CERTIFIED, "record_inspection", "revoke"), 0, 1),
)

THREE_LEVEL_SCENES = (
    Scene("screen_idea", REGISTERED, 1, 0),
    Scene("select_idea", SCREENED, 1, 1),
    Scene("submit_plan", SELECTED, 1, 0),
    Scene("appraise_plan", CHECKED, 1, 1),
    Scene("implement", (*APPROVED, "record_visit", "record_support"), 0, 1),
    Scene("assemble_dossier", EXISTING[:1], 1, 0),
    Scene("check_dossier", SUBMITTED, 1, 0),
    Scene("sign_report", SIGNED, 2, 0),
    Scene("sign_report", EXISTING, 1, 1),
    Scene("check_at_district", IN_DISTRICT, 1, 1),
    Scene("check_at_district", IN_DISTRICT, 0, 1, then="claim"),
    Scene("supplement", (*IN_DISTRICT, "return_for_supplement"), 0, 1),
    Scene("evaluate_at_district", IN_DISTRICT_COUNCIL, 2, 0),
    Scene("evaluate_at_district", (*EXISTING, *IN_DISTRICT_COUNCIL[-2:]), 1, 1),
    Scene("forward_from_district", DISTRICT_RANKED, 2, 0),
    Scene("forward_from_district", (*IN_DISTRICT_COUNCIL, "rank_at_district:43"), 1, 1),
    Scene("", (*IN_DISTRICT_COUNCIL, "rank_at_district:41", "not_propose"), 0, 1),
    Scene("check_at_province", (*DISTRICT_RANKED, "forward_to_province"), 1, 0),
    Scene(
        "evaluate_at_province",
        (*DISTRICT_RANKED, "forward_to_province", "accept_at_province"),
        1,
        0,
    ),
    Scene(
        "promote",
        (*DISTRICT_RANKED, "forward_to_province", *CERTIFIED[len(IN_PROVINCE) :]),
        0,
        1,
    ),
)

#: The province's council: username, name, seat, department. All are made up.
COUNCIL = (
    ("hoidong.chutich", "Lường Văn Chung", Seat.CHAIR, "Ủy ban nhân dân tỉnh"),
    ("hoidong.uyvien1", "Nguyễn Thị Dung", Seat.MEMBER, "Sở Nông nghiệp và Môi trường"),
    ("hoidong.uyvien2", "Quàng Văn Hặc", Seat.MEMBER, "Sở Công Thương"),
    ("hoidong.uyvien3", "Sùng A Páo", Seat.MEMBER, "Sở Khoa học và Công nghệ"),
    ("hoidong.uyvien4", "Trần Thị Phương", Seat.MEMBER, "Sở Y tế"),
    ("hoidong.uyvien5", "Mùa A Lử", Seat.MEMBER, "Sở Văn hóa, Thể thao và Du lịch"),
    ("hoidong.thuky", "Phạm Thị Xuân", Seat.SECRETARY, "Văn phòng điều phối nông thôn mới"),
    ("hoidong.totruong", "Cà Văn Ơn", Seat.TEAM_LEAD, "Chi cục Phát triển nông thôn"),
)
#: Working days before today on which the dossiers of a round came before the council, at least.
CAME_BEFORE = {"closed": 12, "open": 7}
#: What the members give to the products of the closed round, on the average.
MEANS = (64, 78, 58)

#: How the open tasks of a cycle lie around today, in working days to the due day.
TO_DUE = (-4, 2, 0, 1, -1, 6, 3, 0, -9, 4, 12, 1)
#: Working days between an act and the one before it, at least and at most; others 1 to 4.
PAUSES = {
    "select_idea": (3, 10),
    "submit_plan": (8, 22),
    "approve_plan": (5, 14),
    "record_visit": (8, 20),
    "record_support": (4, 12),
    "declare_ready": (10, 30),
    "choose_rubric": (0, 1),
    "attach_evidence": (4, 12),
    "confirm_dossier": (2, 9),
    "accept_at_province": (2, 9),
    "rank": (10, 25),
    "rank_at_district": (6, 18),
    "record_centre_result": (20, 40),
    "promote": (5, 15),
    "record_inspection": (10, 20),
    "revoke": (4, 9),
    "return_for_supplement": (2, 8),
    "supplement": (4, 9),
}

REASONS = {
    "enter_late": "Sản phẩm đã có mặt trên thị trường, chủ thể đề nghị vào thẳng bước đánh giá",
    "return_idea": "Chưa nêu rõ nguồn nguyên liệu và lao động tại xã",
    "not_select_idea": "Trùng với sản phẩm đã được hỗ trợ trong xã, chưa có điểm khác biệt",
    "return_plan": "Thiếu phương án tiêu thụ, bảng tính vốn chưa khớp",
    "not_approve_plan": "Vùng nguyên liệu chưa đủ cho sản lượng dự kiến",
    "return_for_supplement": "Nhãn thiếu hạn sử dụng; phiếu kiểm nghiệm đã quá 12 tháng",
    "not_recognise": "Nhãn hàng hóa ghi chưa đúng quy định, đề nghị hoàn thiện nhãn",
    "not_propose": "Kết quả dưới 3 sao, chưa đủ điều kiện đề nghị lên tỉnh",
    "withdraw": "Chủ thể ngừng sản xuất, có đơn đề nghị rút",
    "defer": "Mất mùa, chủ thể đề nghị chuyển sang năm sau",
    "revoke": "Nguyên liệu không còn lấy tại địa phương, chủ thể không khắc phục",
    "wait": "Chờ chủ thể bổ sung giấy xác nhận vùng nguyên liệu",
}
#: Acts after which the dossier stands where it stood, and its task is due when it was.
STAY = {
    "record_visit",
    "record_support",
    "choose_rubric",
    "attach_evidence",
    "record_promotion",
    "record_inspection",
}
#: Whose post does an act that no task asks for; the commune officer's where none is named.
DONE_BY = {
    "record_support": (Role.DEPARTMENT, Level.PROVINCE),
    "record_promotion": (Role.TRADE, Level.PROVINCE),
    "defer": (Role.OFFICER, Level.PROVINCE),
    "record_inspection": (Role.OFFICER, Level.PROVINCE),
    "revoke": (Role.OFFICER, Level.PROVINCE),
}
#: What is signed on paper now and then, and typed by the clerk or officer of the unit.
ON_PAPER = {"forward_to_province", "certify", "not_propose"}
#: What kind of document an act is done on.
SYMBOLS = {
    "rank": "BB-HĐ",
    "rank_at_district": "BB-HĐ",
    "not_recognise": "TB-UBND",
    "certify": "QĐ-UBND",
    "record_centre_result": "QĐ-BNNMT",
    "revoke": "QĐ-UBND",
}
#: The groups of QĐ 1048/2019 for those of QĐ 26/2026.
OLD_GROUPS = {
    ProductGroup.HANDICRAFT: ProductGroup.TEXTILE,
    ProductGroup.ORNAMENTAL: ProductGroup.DECORATION,
}

FAMILIES = ["Lò", "Quàng", "Cà", "Tòng", "Lường", "Vàng", "Giàng", "Sùng", "Thào", "Mùa", "Hạng",
            "Nguyễn", "Trần", "Phạm"]  # fmt: skip
GIVEN = ["Thị Ánh", "Văn Chung", "Thị Dung", "A Páo", "Văn Hặc", "Thị Inh", "A Lử", "Thị Mỷ",
         "Văn Ơn", "Thị Phương", "A Sình", "Thị Thoa", "Văn Ún", "Thị Xuân"]  # fmt: skip
VILLAGES = ["Nà Luống", "Huổi Hẹ", "Co Muông", "Pá Tong", "Nà Láo", "Phiêng Ban", "Tà Lèng",
            "Hồng Líu"]  # fmt: skip
KINDS_OF_PRODUCER = (
    (OwnerType.COOPERATIVE, "Hợp tác xã Nông nghiệp {village}"),
    (OwnerType.COOPERATIVE, "Hợp tác xã Dịch vụ tổng hợp {place}"),
    (OwnerType.GROUP, "Tổ hợp tác bản {village}"),
    (OwnerType.ENTERPRISE, "Công ty TNHH Nông sản {village}"),
    (OwnerType.FARM, "Trang trại {family} {given}"),
    (OwnerType.HOUSEHOLD, "Hộ kinh doanh {family} {given}"),
)


def load(say, *, scenes=None):
    """Load reference data, accounts, 2021 replayed, and the two live cycles, where missing.

    ``say`` takes lines of progress; ``scenes`` can stand for both lists of scenes. Each part is
    loaded as a whole or not at all, so a load that was cut short goes on where it stopped.
    """
    if not OrgUnit.objects.exists() or not RuleSet.objects.exists():
        say("Nạp bộ quy định, đơn vị, ngày nghỉ…")
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
            year = _Year(title, rule_set, communes, today, posts, assumed=assumed)
            year.run(chosen, say)


def is_loaded():
    """Whether the demo is there: its last part is."""
    return Cycle.objects.filter(title=THREE_LEVELS).exists()


def has_other_work():
    """Whether the database holds a cycle that the demo did not make."""
    ours = [THREE_LEVELS, "Chu trình OCOP 2021", f"Chu trình OCOP {clock.today().year}"]
    return Cycle.objects.exclude(title__in=ours).exists()


# --- Accounts -------------------------------------------------------------------------------


def make_accounts(today):
    """Make a post for every role and level that is shown, all with the demo's password."""
    # Hashed once: hashing is slow by design, and the password is no secret.
    posts = Posts(SINCE, password=make_password(PASSWORD))
    province = OrgUnit.objects.get(level=Level.PROVINCE, code="11")
    with transaction.atomic():
        for day, codes in ((today, COMMUNES), (date(2021, 1, 1), OLD_COMMUNES)):
            for commune in _units(day, codes):
                posts.make(Role.OFFICER, commune)
                posts.make(Role.LEADER, commune)
                if district := commune.at_level(Level.DISTRICT):
                    for role in (Role.OFFICER, Role.COUNCIL_OFFICE, Role.LEADER):
                        posts(role, district)
                if commune.code == NA_TAU:
                    posts.make(Role.OFFICER, commune, "xa.natau.2", "Cán bộ OCOP thứ hai xã Nà Tấu")
        for role in (Role.OFFICER, Role.COUNCIL_OFFICE, Role.LEADER, Role.TRADE):
            posts.make(role, province)
        posts.make(Role.OFFICER, province, "tinh.2", "Cán bộ OCOP thứ hai tỉnh Điện Biên")
        posts.make(
            Role.DEPARTMENT, province, "tinh.nongnghiep", "Chuyên viên Sở Nông nghiệp và Môi trường"
        )
        posts.make(Role.CLERK, province, "vanthu")
        posts.make(Role.AUDITOR, province, "kiemtra")
        User.objects.get_or_create(
            username="quantri",
            defaults={
                "full_name": "Quản trị hệ thống",
                "is_staff": True,
                "is_superuser": True,
                "password": posts.password,
            },
        )
    return posts


#: One account for each role and level, in the order of the walk; the others are alike.
SHOWN = (
    "xa.natau", "xa.natau.lanhdao", "xa.thanhluong", "xa.thanhluong.lanhdao",
    "huyen.dienbien", "huyen.dienbien.hoidong", "huyen.dienbien.lanhdao",
    "tinh", "tinh.hoidong", "tinh.lanhdao", "tinh.congthuong", "tinh.nongnghiep",
    "hoidong.chutich", "hoidong.thuky", "hoidong.uyvien1", "hoidong.uyvien4", "hoidong.totruong",
    "vanthu", "kiemtra", "quantri",
)  # fmt: skip


def accounts():
    """The accounts to show: rows of username, role, unit and number of open tasks."""
    users = {user.username: user for user in User.objects.filter(username__in=SHOWN)}
    rows = []
    for user in (users[name] for name in SHOWN if name in users):
        held = [(str(Role(each.role).label), each.org_unit) for each in user.assignments()]
        held += [
            (f"{seat.get_seat_display()} hội đồng", seat.council.org_unit)
            for seat in user.seats.sitting().select_related("council__org_unit")
        ]
        roles = ", ".join(dict.fromkeys(role for role, _unit in held))
        units = ", ".join(dict.fromkeys(_unit_name(unit) for _role, unit in held))
        rows.append((user.username, roles or "Quản trị", units, Task.objects.inbox(user).count()))
    return rows


def other_accounts():
    """Usernames of the posts and seats that are not shown, able to sign in as well."""
    return (
        User.objects.filter(Q(role_assignments__isnull=False) | Q(seats__isnull=False))
        .exclude(username__in=SHOWN)
        .exclude(username__startswith="2021.")
        .order_by("username")
        .values_list("username", flat=True)
        .distinct()
    )


def _unit_name(unit):
    if unit.valid_to is None:
        return unit.name
    return f"{unit.name} (đến {unit.valid_to:%d/%m/%Y})"


def _units(day, codes):
    """The units with these codes on ``day``, in the order of ``codes``."""
    units = OrgUnit.objects.valid_on(day).filter(code__in=codes).select_related("parent__parent")
    return sorted(units, key=lambda unit: codes.index(unit.code))


class _Lines:
    """A stream for a command that hands on whole lines."""

    def __init__(self, say):
        self.say = say

    def write(self, text, *args, **kwargs):
        self.say(text.rstrip())


# --- A year and its dossiers ----------------------------------------------------------------


class _Year:
    """A live cycle: its working days, its communes, its events, its dossiers."""

    def __init__(self, title, rule_set, communes, today, posts, *, assumed):
        self.random = random.Random(f"{SEED} {title}")  # noqa: S311
        self.posts, self.today = posts, today
        self.cycle = Cycle.objects.create(
            year=today.year,
            title=title,
            rule_set=rule_set,
            # Outreach runs from November of the year before.
            opened_on=date(today.year - 1, 11, 1),
            assumed=assumed,
            target_new=30,
            target_upgrades=6,
            target_document="Số liệu minh họa",
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
        #: Where today, or the next working day, stands among them.
        self.now = next(n for n, day in enumerate(self.days) if day >= today)
        on = today if rule_set.procedure == "two_levels" else date(2021, 1, 1)
        self.communes = _units(on, communes)
        self.province = self.communes[0].at_level(Level.PROVINCE)
        self.to_due = itertools.cycle(TO_DUE)
        self.producers: dict[int, list[Producer]] = {commune.pk: [] for commune in self.communes}
        rows = [row for _line, row in tables.read(DATA / "demo_products.csv", PRODUCT_COLUMNS)]
        self.random.shuffle(rows)
        self.names = itertools.cycle(rows)
        self.rubrics: dict[int, int] = {}
        #: Dossiers that wait for a round, by what becomes of it.
        self.judged: dict[str, list[Dossier]] = {"closed": [], "open": []}

    def run(self, scenes, say):
        """Hold the events, then walk the dossiers of ``scenes``."""
        self.hold_events()
        away = itertools.cycle(self.communes[1:])
        made = 0
        for scene in scenes:
            for commune in [self.communes[0]] * scene.home + [
                next(away) for _n in range(scene.away)
            ]:
                _Walk(self, scene, commune).run()
                made += 1
                if made % 20 == 0:
                    say(f"{self.cycle}: {made} hồ sơ…")
        if any(self.judged.values()):
            _Rounds(self).run()
        say(f"{self.cycle}: {made} hồ sơ.")

    def hold_events(self):
        """Meetings and broadcasts from which products came; fairs to which they go."""
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

    def producer(self, commune):
        """A producer of the commune: now and then one that already has a product."""
        known = self.producers[commune.pk]
        if known and self.random.random() < 0.25:
            return self.random.choice(known)
        owner_type, pattern = self.random.choice(KINDS_OF_PRODUCER)
        family, given = self.random.choice(FAMILIES), self.random.choice(GIVEN)
        village = self.random.choice(VILLAGES)
        producer = Producer.objects.create(
            name=pattern.format(village=village, place=_place(commune), family=family, given=given),
            owner_type=owner_type,
            commune=commune,
            representative=f"{family} {given}",
            phone=f"0900 000 {self.random.randrange(100, 1000)}",
            address=f"Bản {village}, {commune.name}",
        )
        known.append(producer)
        return producer

    def product(self, commune):
        """The next product of the list that the commune does not have, named after it."""
        taken = set(
            Product.objects.filter(producer__commune=commune).values_list("name", flat=True)
        )
        row = next(r for r in self.names if r["name"].format(place=_place(commune)) not in taken)
        group = ProductGroup(row["group"])
        if self.cycle.rule_set.has_district:
            group = OLD_GROUPS.get(group, group)
        product = Product.objects.create(
            producer=self.producer(commune),
            name=row["name"].format(place=_place(commune)),
            group=group,
        )
        self.rubrics[product.pk] = int(row["rubric"])
        return product

    def moments(self, scene):
        """When the dossier was opened and each act done, so that its task is due around today."""
        acts = [act.partition(":")[0] for act in scene.acts]
        moved = len(acts)
        while moved and acts[moved - 1] in STAY:
            moved -= 1
        if before := CAME_BEFORE.get(scene.then):
            last = self.now - before - self.random.randrange(4)
        elif scene.node:
            term = self.terms[scene.node]
            last = self.now + min(next(self.to_due), term - 1) - term
        else:
            last = self.now - self.random.randrange(2, 40)
        # Early in a year there are few days for a long walk: it goes faster then.
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


def _place(commune):
    """«Nà Tấu» of «Xã Nà Tấu»."""
    return commune.name.partition(" ")[2]


class _Walk:
    """One dossier on its way: each act by the post whose task it is, at its moment."""

    def __init__(self, year, scene, commune):
        self.year, self.scene, self.commune = year, scene, commune
        self.random, self.posts = year.random, year.posts
        self.dossier = Dossier(cycle=year.cycle, product=year.product(commune), commune=commune)

    def run(self):
        """Open the dossier, do the acts of the scene, and what is to be done on the open task."""
        moments = self.year.moments(self.scene)
        with clock.at(next(moments), replay=True):
            self.open()
        for act, moment in zip(self.scene.acts, moments, strict=True):
            with clock.at(moment, replay=True):
                self.act(*act.partition(":")[::2])
        if self.scene.then in self.year.judged:
            self.year.judged[self.scene.then].append(self.dossier)
        elif self.scene.then:
            with clock.at(moment + timedelta(minutes=50), replay=True):
                task = self.task()
                if self.scene.then == "claim":
                    # Where two share a desk, the second has it.
                    held = task.org_unit.role_assignments.held_on(clock.today()).filter(
                        role=task.role
                    )
                    task.claim(by=held.select_related("user").latest("pk").user)
                else:
                    by = self.posts(task.role, task.org_unit)
                    task.wait(by=by, reason=REASONS["wait"])

    def open(self):
        meeting = self.year.meetings.get(self.commune.pk)
        if meeting and meeting.held_on <= clock.today():
            self.dossier.outreach_event = meeting
        Process.open(self.dossier, by=self.posts(Role.OFFICER, self.commune))

    def task(self):
        return Task.objects.select_related("org_unit").get(
            dossier=self.dossier, open_state__isnull=False
        )

    def act(self, name, result):
        """Do the act ``name``; ``result`` is its points, or as what the dossier enters late."""
        given = {"reason": REASONS.get(name, "")}
        if name == "enter_late":
            given["entered_as"] = result
        elif name == "choose_rubric":
            given["rubric"] = self.rubric()
        elif keep := getattr(self, f"for_{name}", None):
            given["record"] = keep(result) if result else keep()
        if ACTS[name]["door"] == "act":
            role, level = DONE_BY.get(name, (Role.OFFICER, Level.COMMUNE))
            unit = self.commune.at_level(level)
            by = self.posts(role, unit)
            if ACTS[name]["paper"]:
                given["paper"] = self.paper(name, unit)
            self.dossier = self.dossier.process.act(name, by=by, **given)
            return
        task = self.task()
        by = self.posts(task.role, task.org_unit)
        if ACTS[name]["paper"]:
            # By a chance of its own: who is who in the rest of the year stays.
            chance = random.Random(task.pk)  # noqa: S311
            given["paper"] = self.paper(name, task.org_unit, chance)
        if name in ON_PAPER and self.random.random() < 0.5:
            typist = Role.CLERK if task.org_unit.level == Level.PROVINCE else Role.OFFICER
            by = self.posts(typist, task.org_unit)
            given["paper"] = self.paper(name, task.org_unit)
        self.dossier = task.complete(name, by=by, **given)

    # --- What each act keeps ------------------------------------------------------------------

    def paper(self, name, unit, chance=None):
        """A document signed today, and its scan; no two with one number."""
        chance = chance or self.random
        symbol = SYMBOLS.get(name, "TTr-UBND")
        number = f"{chance.randrange(100, 999)}{self.dossier.pk:03}/{symbol}"
        sha256, size = store(ContentFile((DATA / "demo_scan.pdf").read_bytes()))
        return OfficialDocument(
            number=number,
            signed_on=clock.today(),
            scan=Evidence(
                dossier=self.dossier,
                kind=SIGNED_PAPER,
                title=f"Văn bản {number}",
                sha256=sha256,
                bytes=size,
                filename="van-ban.pdf",
                content_type="application/pdf",
                pages=1,
            ),
            signer=f"{chance.choice(FAMILIES)} {chance.choice(GIVEN)}",
            signer_capacity=f"Chủ tịch UBND {unit.name[0].lower()}{unit.name[1:]}",
        )

    def for_register_idea(self):
        return Idea(
            filed_on=clock.today(),
            description=f"Làm {self.dossier.product} theo cách của địa phương, đóng gói và có nhãn",
            materials=f"Nguyên liệu trồng, nuôi tại {self.commune.name}",
            local_identity="Kinh nghiệm truyền thống của đồng bào trong bản",
            local_workers=self.random.randrange(4, 40),
            market="Chợ phiên, khách du lịch, cửa hàng nông sản trong tỉnh",
            support_needed="Thiết kế bao bì, kiểm nghiệm, tập huấn bán hàng",
        )

    for_complete_idea = for_refile_idea = for_register_idea

    def for_submit_plan(self):
        investment = self.random.randrange(12, 180) * 10_000_000
        return BusinessPlan(
            filed_on=clock.today(),
            owner_trained_on=clock.today() - timedelta(days=self.random.randrange(10, 40)),
            objective=f"Đưa {self.dossier.product} ra thị trường ngoài tỉnh",
            products_and_volume=f"{self.random.randrange(5, 60) * 100} đơn vị sản phẩm mỗi năm",
            production="Thu mua tại bản, sơ chế tại xưởng của chủ thể",
            market="Hợp đồng với hai cửa hàng nông sản và một điểm dừng chân",
            investment=investment,
            own_capital=investment * 4 // 10,
            expected_revenue=investment * 2,
            starts_on=clock.today(),
            ends_on=clock.today() + timedelta(days=180),
        )

    for_complete_plan = for_refile_plan = for_submit_plan

    def for_approve_plan(self):
        return Review(
            checked=["Nhu cầu thị trường", "Vùng nguyên liệu", "Vốn và nguồn vốn"],
            remarks="Phương án khả thi, đủ tài liệu",
        )

    def for_record_visit(self):
        return Visit(
            visited_on=clock.today(),
            visitor=str(self.posts(Role.OFFICER, self.commune)),
            findings="Xưởng đã sửa xong, đang chạy thử mẻ đầu",
            advice="Ghi sổ từng mẻ, bổ sung hạn sử dụng trên nhãn",
        )

    def for_record_support(self):
        planned = self.random.randrange(2, 12) * 10_000_000
        return SupportMeasure(
            kind=self.random.choice(SupportKind.values),
            provider="Sở Nông nghiệp và Môi trường",
            budget_source="Chương trình mục tiêu quốc gia xây dựng nông thôn mới",
            planned=planned,
            paid=planned // 2,
            expected_result="Bao bì mới, phiếu kiểm nghiệm, chủ thể được tập huấn",
        )

    def for_declare_ready(self):
        return Completion(
            finished_on=clock.today(),
            result="Đạt sản lượng theo phương án",
            product_ready="Bao bì, nhãn đã hoàn thiện; chất lượng ổn định qua ba mẻ",
            papers_ready="Đăng ký kinh doanh, phiếu kiểm nghiệm, bản công bố",
        )

    def for_attach_evidence(self):
        """The compulsory papers and one more: a file each, what cannot be a file in a cupboard."""
        kinds = self.dossier.rule_set.compulsory(self.dossier.case_type)
        return [self.evidence(kind) for kind in [*kinds, "product_story"]]

    def rubric(self):
        """The set that the list of products names; the first of the group in an older edition."""
        sets = self.dossier.rubrics()
        named = self.year.rubrics[self.dossier.product_id]
        return sets.filter(number=named).first() or sets.first()

    def evidence(self, kind):
        label = self.dossier.rule_set.evidence_label(kind)
        piece = Evidence(kind=kind, title=label, issued_on=clock.today())
        # Now and then a paper of the whole dossier, mostly of one criterion or two.
        codes = self.dossier.rubric.criteria.values_list("code", flat=True)
        piece.criteria = sorted(self.random.sample(list(codes), self.random.randrange(3)))
        if kind in ("samples", "business_registration"):
            piece.paper_location = f"Tủ hồ sơ OCOP, UBND {self.commune.name}"
            return piece
        text = (
            f"{label}\n\nSản phẩm: {self.dossier.product}\n"
            f"Chủ thể: {self.dossier.product.producer}\n{self.commune.name}, tỉnh Điện Biên\n\n"
            "Tài liệu minh họa, không phải giấy tờ thật.\n"
        )
        piece.sha256, piece.bytes = store(ContentFile(text.encode()))
        piece.filename, piece.content_type, piece.pages = f"{kind}.txt", "text/plain", 1
        return piece

    def for_submit_dossier(self):
        changed = self.dossier.entered_as == "upgrade"
        if self.random.random() < 0.7:
            points = Decimal(self.random.randrange(56, 84))
            chosen = sitting.Pen(self.dossier.rubric, self.random, 3).options(points)
            return self.self_assessment(changed, options=[option.pk for option in chosen])
        # The others handed in a paper on which only the sums stand.
        return self.self_assessment(
            changed,
            points_a=Decimal(self.random.randrange(48, 66)) / 2,
            points_b=Decimal(self.random.randrange(28, 44)) / 2,
            points_c=Decimal(self.random.randrange(44, 64)) / 2,
        )

    def self_assessment(self, changed, **scores):
        return SelfAssessment(
            general=f"{self.dossier.product.producer}, {self.commune.name}",
            plan_results="Đã thực hiện các nội dung của phương án",
            production_plan="Giữ sản lượng, mở thêm hai điểm bán",
            what_changed="Có mã truy xuất và bao bì mới" if changed else "",
            **scores,
        )

    def for_confirm_dossier(self):
        return CommuneReport(
            origin=f"Nguyên liệu lấy tại {self.commune.name}",
            labour=f"{self.random.randrange(5, 30)} lao động tại xã",
            idea_origin="Nghề truyền thống của bản, chủ thể tự đề xuất",
            identity="Cách làm và hoa văn, hương vị riêng của địa phương",
            samples=5,
            label_checked=True,
        )

    def for_rank(self, points=""):
        """A council of seven; the points of the scene, or some of three or four stars."""
        mean = Decimal(points or self.random.randrange(52, 82))
        sheets = 7
        total = mean * sheets + Decimal(self.random.randrange(0, 7)) / 2
        return Evaluation(
            met_on=clock.today(),
            points_sum=total,
            sheets=sheets,
            stars=self.dossier.rule_set.band(total, sheets),
            reasons="Hội đồng thống nhất theo điểm bình quân của các thành viên",
        )

    for_rank_at_district = for_rank

    def for_record_centre_result(self, points):
        """Five stars come with the ministry's certificate."""
        result = self.for_rank(points)
        return [result, self.for_certify()] if result.stars == 5 else [result]

    def for_certify(self):
        return Certificate(issued_on=clock.today(), number=f"{self.dossier.pk}/GCN-UBND")

    def for_record_inspection(self):
        return Inspection(
            inspected_on=clock.today(),
            inspectors="Đoàn kiểm tra liên ngành của tỉnh",
            findings="Nguyên liệu mua ngoài tỉnh, sổ sách không ghi nguồn gốc",
            samples=2,
            results="Mẫu đạt chỉ tiêu an toàn thực phẩm",
            conclusion=Conclusion.REVOKE,
            concluded_on=clock.today(),
        )

    def for_record_promotion(self):
        fair = next((f for f in reversed(self.year.fairs) if f.held_on <= clock.today()), None)
        return Promotion(
            event=fair,
            done_on=fair.held_on if fair else clock.today(),
            channel=fair.title if fair else "Cửa hàng giới thiệu sản phẩm OCOP",
            result=f"Bán {self.random.randrange(4, 40) * 10} sản phẩm, ký hai đơn đặt hàng",
            cost=self.random.randrange(1, 9) * 1_000_000,
        )

    for_promote = for_record_promotion


# --- The council ----------------------------------------------------------------------------


class _Rounds:
    """The province's council: a round that it has closed, and one in which it is scoring."""

    def __init__(self, year):
        self.year, self.random = year, year.random
        self.by = year.posts(Role.COUNCIL_OFFICE, year.province)

    def run(self):
        """Set the council up when the cycle opens, then hold both rounds."""
        first = self.year.days[0]
        with self.at(0, 9):
            Regulation.lay_down(
                Regulation(
                    org_unit=self.year.province,
                    document="Quy chế hội đồng (minh họa)",
                    valid_from=first,
                ),
                by=self.by,
            )
            self.council = Council.set_up(
                Council(
                    org_unit=self.year.province,
                    name=f"Hội đồng OCOP tỉnh Điện Biên {self.year.cycle.year}",
                    decision_number=f"{self.random.randrange(100, 999)}/QĐ-UBND",
                    decision_on=first,
                    valid_from=first,
                ),
                by=self.by,
            )
            account = self.year.posts.account
            sitting.take_seats(
                self.council,
                [(seat, account(user, name), office) for user, name, seat, office in COUNCIL],
                by=self.by,
            )
        now = self.year.now
        if closed := self.year.judged["closed"]:
            round_ = self.open("Đợt 1", closed, now - 9, now - 5)
            self.appraise(round_, now - 7)
            for entry, mean in zip(self.entries(round_), itertools.cycle(MEANS), strict=False):
                self.score(entry, self.judges(round_), mean, now - 5)
            with self.at(now - 5, 16):
                sitting.close(round_, by=self.by)
            with self.at(now - 4, 10):
                self.sign_minutes(round_)
        if scoring := self.year.judged["open"]:
            round_ = self.open("Đợt 2", scoring, now - 4, now - 1)
            self.appraise(round_, now - 3)
            self.ask(round_, now - 4)
            # Two have handed in all, one is half way, the others have not begun.
            _chair, *members = self.judges(round_)
            for number, entry in enumerate(self.entries(round_)):
                who = members[: 3 if number < 2 else 2]
                self.score(entry, who, 66, now - 1, begun=members[2] if number == 2 else None)

    def at(self, day, hour, minute=0):
        moment = datetime.combine(self.year.days[day], time(hour, minute))
        return clock.at(timezone.make_aware(moment), replay=True)

    def open(self, name, dossiers, prepared, opened):
        """A round over ``dossiers``, everybody there."""
        with self.at(prepared, 14):
            round_ = EvaluationRound.create(
                EvaluationRound(
                    council=self.council,
                    cycle=self.year.cycle,
                    name=name,
                    meets_at=timezone.make_aware(datetime.combine(self.year.days[opened], time(8))),
                    place="Phòng họp tầng 2, trụ sở UBND tỉnh",
                ),
                by=self.by,
            )
            known = {row.number: row for row in self.year.cycle.rule_set.rubrics.current()}
            round_.take_in(
                [(each, known[self.year.rubrics[each.product_id]]) for each in dossiers],
                by=self.by,
            )
            round_.invite(by=self.by)
        self.sheets = 0
        with self.at(opened, 8):
            round_.open(by=self.by)
            there = self.council.members.sitting()
            round_.attend({member.pk: True for member in there}, by=self.by)
        return round_

    def appraise(self, round_, day):
        """The support team has been at each producer's, and says what it saw."""
        lead = self.council.members.get(seat=Seat.TEAM_LEAD).user
        photo = (DATA / "demo_photo.png").read_bytes()
        for number, entry in enumerate(self.entries(round_)):
            with self.at(day, 14 + number // 6, number % 6 * 10):
                sha256, size = store(ContentFile(photo))
                Appraisal.hand_in(
                    Appraisal(
                        entry=entry,
                        checked=[
                            "Giấy tờ pháp lý của chủ thể còn hiệu lực",
                            "Nhãn, bao bì đúng với hồ sơ công bố",
                            "Sản phẩm mẫu đủ và còn nguyên",
                        ],
                        visited_on=self.year.days[day],
                        findings="Xưởng sạch, có sổ nhập nguyên liệu; nhãn ghi đúng nơi sản xuất.",
                        tests_asked="Kiểm nghiệm lại chỉ tiêu vi sinh" if number == 0 else "",
                        report="Đề nghị hội đồng chấm điểm. Cần làm rõ hợp đồng tiêu thụ.",
                    ),
                    [
                        AppraisalPhoto(
                            sha256=sha256,
                            bytes=size,
                            filename="kiem-tra-tai-co-so.png",
                            content_type="image/png",
                        )
                    ],
                    by=lead,
                )

    def ask(self, round_, day):
        """Two questions to a department: it answered one, and is silent on the other."""
        department = self.year.posts(Role.DEPARTMENT, self.year.province)
        for number, entry in enumerate(self.entries(round_)[:2]):
            with self.at(day, 15, number * 10):
                opinion = Opinion.ask(
                    Opinion(
                        entry=entry,
                        to=department,
                        department="Sở Nông nghiệp và Môi trường",
                        question="Cơ sở còn giấy chứng nhận an toàn thực phẩm đến khi nào?",
                    ),
                    days=2,
                    by=self.by,
                )
            if number == 0:
                with self.at(day + 1, 10):
                    opinion.reply("Giấy chứng nhận còn hạn hai năm.", by=department)

    def sign_minutes(self, round_):
        """The minutes came back signed; the clerk gives their number and keeps the scan."""
        kind = DocumentKind.MINUTES
        data = facts.of_round(kind, round_, closing=round_.closings.get())
        sha256, _size = store(ContentFile(pdf.pdf(kind, data)))
        SignedDocument.record(
            SignedDocument(
                number=f"{self.random.randrange(10, 99)}/BB-HĐ",
                signed_on=timezone.localdate(round_.closed_at),
                signer=str(self.council.members.get(seat=Seat.CHAIR).user),
                signer_capacity="Chủ tịch hội đồng",
                scan_sha256=sha256,
                scan_name="bien-ban-hop.pdf",
            ),
            round_,
            kind,
            by=self.year.posts(Role.CLERK, self.year.province),
        )

    def judges(self, round_):
        with clock.at(round_.opened_at):
            return list(round_.scoring_members.select_related("user"))

    def entries(self, round_):
        return round_.entries.select_related("rubric", "dossier__rule_set")

    def score(self, entry, members, mean, day, begun=None):
        """Sheets of about ``mean`` points by ``members``; ``begun`` has filled in half a sheet."""
        stars = entry.dossier.rule_set.band(Decimal(mean), 1)
        pen = sitting.Pen(entry.rubric, self.random, stars)
        total = Decimal(mean * len(members) + self.random.randrange(4))
        points = sitting.shares(total, len(members), self.random)
        for member, its in zip(members, points, strict=True):
            self.sheets += 1
            with self.at(day, 9 + self.sheets // 6, self.sheets % 6 * 10):
                sitting.fill(entry, member, pen.options(its), remark="Điểm minh họa")
        if begun:
            with self.at(day, 15, 20):
                half = [o for o in pen.options(mean) if o.criterion.part == "A"]
                sitting.fill(entry, begun, half, submit=False)

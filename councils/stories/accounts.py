"""The accounts of the demo."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q, QuerySet

from councils.stories.cast import (
    COMMUNES,
    NA_TAU,
    OLD_COMMUNES,
    PASSWORD,
    SINCE,
    units_with,
)
from councils.stories.replay import Posts
from cycle.models import Level, OrgUnit, Role, User
from dossiers.lists.inbox import Filters, Inbox, Tab

# --- Accounts -------------------------------------------------------------------------------


def make_accounts(today: date) -> Posts:
    """Make an account for every role and level that is shown, all with the demo's password."""
    # Hashed once, as hashing is slow by design.
    posts = Posts(SINCE, password=make_password(PASSWORD))
    province = OrgUnit.objects.get(level=Level.PROVINCE, code="11")
    with transaction.atomic():
        for day, codes in ((today, COMMUNES), (date(2021, 1, 1), OLD_COMMUNES)):
            for commune in units_with(day, codes):
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


def accounts() -> list[tuple[str, str, str, str]]:
    """(username, role, unit, how much the inbox has, as it says it) of the accounts to show."""
    users = {user.username: user for user in User.objects.filter(username__in=SHOWN)}
    rows = []
    for user in (users[name] for name in SHOWN if name in users):
        held = [(str(Role(each.role).label), each.org_unit) for each in user.assignments()]
        held += [
            (f"{seat.get_seat_display()} hội đồng", seat.council.org_unit)
            for seat in user.seats.sitting().select_related("council__org_unit")
        ]
        roles = ", ".join(dict.fromkeys(role for role, _unit in held))
        units = ", ".join(dict.fromkeys(unit.label for _role, unit in held))
        rows.append(
            (user.username, roles or "Quản trị", units, Inbox(user, Filters()).counts()[Tab.UNIT])
        )
    return rows


def other_accounts() -> QuerySet[User, str]:
    """Usernames of the other accounts, which can sign in as well."""
    return (
        User.objects.filter(
            Q(role_assignments__isnull=False)
            | Q(seats__isnull=False)
            | Q(substitutions__isnull=False)
        )
        .exclude(username__in=SHOWN)
        .exclude(username__startswith="2021.")
        .order_by("username")
        .values_list("username", flat=True)
        .distinct()
    )

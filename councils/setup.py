"""What an installation still lacks before its people can work, and for whom (thiết lập).

Each line is asked of the data whenever the page is opened: nothing is ticked off by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from councils.models import Council, Regulation
from cycle import forgotten, provinces
from cycle.models import (
    Cycle,
    DayOff,
    Level,
    OfficeContact,
    OrgUnit,
    Rubric,
    RuleSet,
    User,
)
from dossiers.models import BatchState, StockBatch
from dossiers.office import people
from dossiers.office import year as years

#: So many missing units are named.
NAMED = 12


@dataclass(frozen=True)
class Line:
    """One thing that must be there: what there is or is missing, for whom, where it is done.

    ``post`` is whether ``link`` is a button that does it, not a page; without a link it is done
    outside these pages. One that ``may_wait`` keeps nobody from working.
    """

    title: str
    done: bool
    said: str
    link: str = ""
    do: str = ""
    who: str = ""
    post: bool = False
    may_wait: bool = False
    missing: list = field(default_factory=list)


def lines(day: date) -> list[Line]:
    """All lines, in the order in which they are done, as things are on ``day``."""
    year = Cycle.objects.current(day)
    found = [_units(day), *_split(), _law(day), _contact(), _year(year), _duties(year)]
    found.append(_batches(year))
    found += _holders(year, day)
    found += [_begun(day), _days_off(year, day), _regulation(day), _council(day)]
    return [*found, _stock(), *_mail()]


def _units(day: date) -> Line:
    province = OrgUnit.objects.valid_on(day).filter(level=Level.PROVINCE).first()
    communes = OrgUnit.objects.valid_on(day).filter(level=Level.COMMUNE).count()
    return Line(
        _("Tỉnh và đơn vị"),
        province is not None and communes > 0,
        _("%(province)s, %(n)d xã, phường.") % {"province": province, "n": communes}
        if province
        else _("Chưa chọn tỉnh."),
        reverse("dossiers:setup_units"),
        _("Chọn tỉnh") if province is None else _("Xem đơn vị"),
    )


def _split() -> list[Line]:
    """A line where communes of before were split over several; most provinces have none."""
    units = list(provinces.split())
    missing = [str(unit) for unit in units if unit.main_successor_id is None]
    if not units:
        return []
    return [
        Line(
            _("Xã cũ chia cho nhiều xã mới"),
            not missing,
            _("%(n)d xã cũ chưa chọn nơi nhận.") % {"n": len(missing)}
            if missing
            else _("Đã chọn nơi nhận của %(n)d xã cũ.") % {"n": len(units)},
            reverse("dossiers:setup_split"),
            _("Chọn nơi nhận"),
            missing=[*missing[:NAMED], *(["…"] if len(missing) > NAMED else [])],
        )
    ]


def _law(day: date) -> Line:
    law = (
        RuleSet.objects.filter(Exists(Rubric.objects.filter(rule_set=OuterRef("pk"))))
        .filter(valid_from__lte=day)
        .order_by("-valid_from", "-pk")
        .first()
    )
    return Line(
        _("Bộ quy định, bộ tiêu chí"),
        law is not None,
        _("Đang áp dụng: %(law)s.") % {"law": law.document}
        if law
        else _("Chưa nạp bộ quy định nào."),
        reverse("dossiers:setup_reference"),
        _("Nạp bộ quy định, bộ tiêu chí, ngày nghỉ"),
        post=True,
    )


def _contact() -> Line:
    contact = OfficeContact.current()
    return Line(
        _("Liên hệ của văn phòng"),
        contact is not None,
        str(contact) if contact else _("Trang đăng nhập chưa ghi gọi ai khi cần giúp."),
        reverse("dossiers:setup_contact"),
        _("Sửa liên hệ") if contact else _("Ghi liên hệ"),
    )


def _year(year: Cycle | None) -> Line:
    return Line(
        _("Chu trình"),
        year is not None,
        str(year) if year else _("Chưa mở chu trình nào."),
        reverse("dossiers:cycles") if year else reverse("dossiers:cycle_open"),
        _("Xem chu trình") if year else _("Mở chu trình"),
    )


def _duties(year: Cycle | None) -> Line:
    count = year.duties.count() if year else 0
    return Line(
        _("Phân cấp nhiệm vụ"),
        count > 0,
        _("%(n)d việc đã giao cho cấp và vai trò.") % {"n": count}
        if count
        else _("Có khi mở chu trình: lấy theo bộ quy định."),
        reverse("dossiers:cycle_duties", args=[year.pk])
        if year
        else reverse("dossiers:cycle_open"),
        _("Xem phân cấp"),
    )


def _batches(year: Cycle | None) -> Line:
    batches = list(year.batches.all()) if year else []
    return Line(
        _("Đợt đánh giá, thời gian các bước"),
        bool(batches),
        "; ".join(map(str, batches)) if batches else _("Chưa lập đợt đánh giá nào."),
        reverse("dossiers:cycle", args=[year.pk]) if year else reverse("dossiers:cycle_open"),
        _("Xem kế hoạch năm") if batches else _("Lập đợt"),
    )


def _holders(year: Cycle | None, day: date) -> list[Line]:
    """A line for each role at each level that the year gives work to: which units have nobody."""
    if year is None:
        return [
            Line(
                _("Người giữ vai trò"),
                False,
                _("Biết sau khi mở chu trình: cần ai ở cấp nào."),
                reverse("dossiers:people_import"),
                _("Nhập danh sách nhân sự"),
            )
        ]
    found = []
    for post in years.posts_of(year, day):
        missing = post.missing
        found.append(
            Line(
                str(post),
                not missing,
                _("%(n)d trên %(all)d đơn vị chưa có người.")
                % {"n": len(missing), "all": post.units}
                if missing
                else _("Đủ người ở %(all)d đơn vị.") % {"all": post.units},
                reverse("dossiers:people_import" if len(missing) > 1 else "dossiers:person_new"),
                _("Nhập danh sách nhân sự") if len(missing) > 1 else _("Cấp tài khoản"),
                missing=[*map(str, missing[:NAMED]), *(["…"] if len(missing) > NAMED else [])],
            )
        )
    return found


def _begun(day: date) -> Line:
    waiting = people.waiting(User.objects.all(), day).count()
    return Line(
        _("Tài khoản đã kích hoạt"),
        not waiting,
        _("%(n)d người chưa đặt mật khẩu: hãy in phiếu.") % {"n": waiting}
        if waiting
        else _("Không còn ai chờ phiếu."),
        f"{reverse('dossiers:people')}?show=waiting",
        _("In phiếu kích hoạt"),
    )


def _days_off(year: Cycle | None, day: date) -> Line:
    of_year = year.year if year else day.year
    there = DayOff.objects.filter(day__year=of_year).exists()
    return Line(
        _("Lịch nghỉ"),
        there,
        _("Có ngày nghỉ của năm %(year)d.") % {"year": of_year}
        if there
        else _("Chưa có ngày nghỉ nào của năm %(year)d.") % {"year": of_year},
        reverse("dossiers:calendar"),
        _("Xem lịch nghỉ"),
        who=_("Cán bộ hoặc lãnh đạo cấp tỉnh"),
    )


def _regulation(day: date) -> Line:
    laid_down = Regulation.objects.filter(valid_from__lte=day).select_related("basis__replaced_by")
    there = laid_down.order_by("-valid_from").first()
    return Line(
        _("Quy chế hội đồng"),
        there is not None,
        str(there) if there else _("Chưa ghi quy chế nào."),
        reverse("councils:regulations"),
        _("Ghi quy chế"),
        who=_("Thường trực hội đồng"),
    )


def _stock() -> Line:
    entered = StockBatch.objects.filter(state=BatchState.COMMITTED).count()
    return Line(
        _("Nhập danh sách đã có"),
        entered > 0,
        _("Đã nhập %(n)d danh sách.") % {"n": entered}
        if entered
        else _("Giấy chứng nhận đã cấp, sản phẩm tiềm năng, hồ sơ đang làm: chưa nhập gì."),
        who=_("Cán bộ cấp tỉnh"),
        may_wait=True,
    )


def _mail() -> list[Line]:
    """A line where this installation sends no mail; where it does there is nothing to say."""
    if forgotten.possible():
        return []
    return [
        Line(
            _("Gửi thư điện tử"),
            False,
            _(
                "Máy chủ chưa đặt EMAIL_HOST: phần mềm không gửi thư nào; ai quên mật khẩu thì xin "
                "phiếu kích hoạt."
            ),
            who=_("Người quản trị máy chủ"),
            may_wait=True,
        )
    ]


def _council(day: date) -> Line:
    there = Council.objects.filter(org_unit__level=Level.PROVINCE, valid_from__lte=day)
    sits = there.exclude(valid_to__lt=day).first()
    return Line(
        _("Hội đồng cấp tỉnh"),
        sits is not None,
        str(sits) if sits else _("Chưa có hội đồng nào đang hoạt động."),
        reverse("councils:councils"),
        _("Lập hội đồng"),
        who=_("Thường trực hội đồng"),
    )

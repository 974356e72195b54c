"""Pages of rounds: the list, a new one, the board, and the acts until it closes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from councils.forms import fields
from councils.forms import rounds as rounds_forms
from councils.judging import checklist, closing
from councils.judging.board import Board
from councils.lists import RoundList
from councils.models import TEAM, Closing, EvaluationRound, RoundState
from councils.pages import found_round, posted, turned_away
from cycle.asking import SignedIn
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts

ROWS = 25


@login_required
def rounds(request: SignedIn) -> HttpResponseBase:
    """The rounds that the user sees, by state."""
    found = RoundList(request.user, request.GET)
    page = found.page(request.GET.get("page"), ROWS)
    return render(
        request,
        "councils/round_list.html",
        {
            "page": page,
            "rounds": list(page),
            "tab": found.tab,
            "tabs": [(state, state.label, found.counts.get(state, 0)) for state in RoundState],
            "may_begin": rounds_forms.run_by(request.user).exists(),
        },
    )


@login_required
@shows_typed
@once
@drafts.keeps
def round_new(request: SignedIn) -> HttpResponseBase:
    """Create a round of a council that the user runs."""
    form = rounds_forms.RoundForm(posted(request), user=request.user)
    if not form.fields["council"].queryset.exists():
        raise PermissionDenied
    here = drafts.place(request.user, "round_new")
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    fill(form, drafts.shown(request, here))
    if form.is_valid() and (made := form.do()):
        drafts.done(here)
        messages.success(request, _("Đã lập đợt. Việc tiếp theo: đưa sản phẩm vào đợt."))
        return redirect("councils:round", made.pk)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    return render(request, "councils/round_new.html", {"form": form, "place": here})


@login_required
def board(request: SignedIn, pk: int) -> HttpResponseBase:
    """A round: the board for those who run it, agenda and papers for its members."""
    round_ = found_round(request.user, pk)
    its = Board(round_)
    seats = [member for member in its.members if member.user_id == request.user.pk]
    seat = seats[0] if seats else None
    if seat is not None and round_.invited_at and round_.state != RoundState.CLOSED:
        round_.read_papers(seat)
    presides = rules.has_perm("councils.preside", request.user, round_)
    page = {
        "round": round_,
        "board": its,
        "seat": seat,
        "in_team": any(each.seat in TEAM for each in seats),
        "scores": any(each in its.judges for each in seats),
        "presides": presides,
        "runs": presides and rules.has_perm("councils.run_round", request.user, round_),
        "closings": Closing.of(round_),
    }
    if not presides:
        return render(request, "councils/agenda.html", page)
    page["unsigned"] = _unsigned(round_)
    page["counts"] = round_.is_open and rules.has_perm(
        "councils.count_sheets", request.user, round_
    )
    page["settles"] = rules.has_perm("councils.settle_scorers", request.user, round_)
    page["moves"] = page["settles"] and round_.is_open and not round_.why_not_moved()
    page["undoes"] = page["settles"] or rules.has_perm("councils.undo", request.user, round_)
    page["missing"] = round_.council.missing() if round_.state == RoundState.PREPARING else []
    page["rows"] = its.rows()
    return render(request, "councils/board.html", page)


@login_required
@shows_typed
@drafts.keeps_page
@once
def take_in(request: SignedIn, pk: int) -> HttpResponseBase:
    """Take dossiers that wait for this council into the round."""
    round_ = found_round(request.user, pk, "councils.run_round")
    if away := turned_away(request, round_):
        return away
    form = rounds_forms.TakeInForm(posted(request), round_=round_, by=request.user)
    fill(form, request.typed)
    if form.is_valid() and (taken := form.do()):
        messages.success(request, _("Đã đưa %(number)s sản phẩm vào đợt.") % {"number": len(taken)})
        return redirect("councils:round", round_.pk)
    return render(
        request,
        "councils/take_in.html",
        {
            "round": round_,
            "form": form,
            "rows": list(form.rows()),
            "missing": round_.council.missing(),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def details(request: SignedIn, pk: int) -> HttpResponseBase:
    """Change when, where and how the round meets."""
    round_ = found_round(request.user, pk, "councils.run_round")
    if away := turned_away(request, round_):
        return away
    form = rounds_forms.DetailsForm(posted(request), instance=round_, by=request.user)
    return _simple(request, round_, form, _("Thời gian, địa điểm"), _("Lưu"))


@login_required
@shows_typed
@drafts.keeps_page
@once
def move_meeting(request: SignedIn, pk: int) -> HttpResponseBase:
    """Put the meeting off after scoring was opened."""
    round_ = found_round(request.user, pk, "councils.settle_scorers")
    if away := turned_away(request, round_, [RoundState.OPEN], done=round_.why_not_moved()):
        return away

    def move(**values: Any) -> None:
        return round_.move_meeting(by=request.user, **values)

    form = rounds_forms.MoveMeetingForm(posted(request), act=move)
    fill(form, request.typed)
    if form.is_valid() and form.do():
        messages.success(request, _("Đã dời ngày họp. Các thành viên nhận thông báo."))
        return redirect("councils:round", round_.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": round_,
            "form": form,
            "title": _("Dời ngày họp"),
            "button": _("Dời ngày họp"),
            "follows": [
                _("Phiếu đã nộp giữ nguyên và vẫn niêm phong."),
                _("Người dự họp là người có trong hội đồng vào ngày họp mới; ghi lại ai có mặt."),
                _("Mọi thành viên hội đồng và tổ tư vấn nhận thông báo ngày mới và lý do."),
            ],
        },
    )


@login_required
def order(request: SignedIn, pk: int) -> HttpResponseBase:
    """Change the order of the agenda."""
    round_ = found_round(request.user, pk, "councils.run_round")
    if away := turned_away(request, round_):
        return away
    entries = Board(round_).entries
    form = rounds_forms.OrderForm(posted(request), entries=entries, round_=round_, by=request.user)
    return _simple(request, round_, form, _("Thứ tự sản phẩm"), _("Lưu thứ tự"))


@login_required
@shows_typed
@drafts.keeps_page
def attendance(request: SignedIn, pk: int) -> HttpResponseBase:
    """Record attendance."""
    round_ = found_round(request.user, pk, "councils.settle_scorers")
    if away := turned_away(request, round_):
        return away
    form = rounds_forms.AttendanceForm(posted(request), round_=round_, by=request.user)
    follows = []
    if round_.counted().exists():
        follows = [
            _(
                "Sản phẩm đã kiểm phiếu phải kiểm phiếu lại khi người chấm thay đổi; phiếu đã nộp "
                "giữ nguyên, không mất lần chấm."
            )
        ]
    return _simple(
        request, round_, form, _("Ghi người dự họp"), _("Lưu thành phần dự họp"), follows
    )


def _simple(
    request: SignedIn,
    round_: EvaluationRound,
    form: Any,
    title: str,
    button: str,
    follows: Sequence[str] = (),
) -> HttpResponseBase:
    fill(form, getattr(request, "typed", None))
    if form.is_valid() and form.do():
        messages.success(request, _("Đã lưu."))
        return redirect("councils:round", round_.pk)
    page = {"round": round_, "form": form, "title": title, "button": button, "follows": follows}
    return render(request, "councils/act.html", page)


@login_required
def count(request: SignedIn, pk: int) -> HttpResponseBase:
    """Count the sheets of products whose sheets are all in."""
    round_ = found_round(request.user, pk, "councils.count_sheets")
    if away := turned_away(request, round_, [RoundState.OPEN]):
        return away
    form = fields.CountForm(posted(request), round_=round_, by=request.user)
    if form.is_valid() and (counted := form.do()):
        messages.success(
            request,
            ngettext("Đã kiểm phiếu %(n)d sản phẩm.", "Đã kiểm phiếu %(n)d sản phẩm.", len(counted))
            % {"n": len(counted)},
        )
        return redirect("councils:round", round_.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": round_,
            "form": form,
            "title": _("Kiểm phiếu"),
            "button": _("Kiểm phiếu"),
            "nothing": not form.ready
            and _(
                "Chưa có sản phẩm nào để kiểm phiếu: các sản phẩm chưa đủ phiếu chấm, hoặc đã kiểm "
                "phiếu xong. Bảng điều hành cho biết còn thiếu phiếu của ai."
            ),
            "follows": [
                _("Phiếu của các sản phẩm này không lấy lại được nữa, trừ khi cho chấm lại."),
                _("Phần mềm đối chiếu các phiếu và cho biết sản phẩm nào chênh lệch quá quy chế."),
                _("Không ai thấy điểm của người khác trước khi chốt kết quả."),
            ],
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def convene(request: SignedIn, pk: int) -> HttpResponseBase:
    """Call a meeting on the products that members did not agree on in writing, or are complex."""
    round_ = found_round(request.user, pk, "councils.run_round")
    if away := turned_away(request, round_, [RoundState.OPEN]):
        return away

    def call(**values: Any) -> Any:
        return closing.convene(round_, by=request.user, **values)

    split = [item for item in checklist.checklist(round_) if item.code == "meeting"]
    others = round_.entries.filter(live=True).select_related("dossier__product")
    may = rules.has_perm("councils.settle_spread", request.user, round_)
    if not (may and round_.is_open and round_.in_writing):
        others = others.none()
    form = rounds_forms.ConveneForm(
        posted(request),
        act=call,
        others=others.exclude(pk__in=[item.entry.pk for item in split if item.entry]),
    )
    fill(form, request.typed)
    if form.is_valid() and (meeting := form.do()):
        messages.success(request, _("Đã triệu tập họp. Thành viên nhận giấy mời."))
        return redirect("councils:round", meeting.pk)
    nothing = not split and "complex_ones" not in form.fields
    return render(
        request,
        "councils/act.html",
        {
            "round": round_,
            "form": form,
            # Another may have called it meanwhile.
            "nothing": _("Không có sản phẩm nào phải họp hội đồng.") if nothing else "",
            "title": _("Triệu tập họp hội đồng"),
            "button": _("Triệu tập họp"),
            "follows": [
                *(item.sentence for item in split),
                _("Các sản phẩm này chuyển sang một đợt họp riêng, kèm khai báo lợi ích đã ghi."),
                _("Khi mở chấm ở cuộc họp, mỗi thành viên bắt đầu từ bản sao phiếu của mình."),
                _("Phiếu lấy ý kiến được giữ niêm phong; sản phẩm đã thống nhất thì chốt được."),
                _("Mọi thành viên hội đồng và tổ tư vấn nhận giấy mời họp."),
            ],
        },
    )


#: The acts on a round without a form: title, button, explanation, message when done.
_ACTS: dict[str, dict] = {
    "invite": {
        "permission": "councils.run_round",
        "title": _lazy("Gửi giấy mời và tài liệu họp"),
        "button": _lazy("Gửi cho các thành viên"),
        "follows": [
            _lazy("Mọi thành viên hội đồng và tổ tư vấn nhận thông báo có đường dẫn tới tài liệu."),
            _lazy("Phần mềm ghi lại lúc mỗi người mở tài liệu lần đầu."),
        ],
        "done": _lazy("Đã gửi giấy mời và tài liệu cho các thành viên."),
    },
    "open": {
        "permission": "councils.preside",
        "title": _lazy("Mở chấm điểm"),
        "button": _lazy("Mở chấm điểm"),
        "follows": [
            _lazy("Các thành viên chấm được điểm và nhận thông báo."),
            _lazy("Từ đây, thêm hay đưa sản phẩm ra khỏi đợt phải nêu lý do."),
        ],
        "done": _lazy("Đã mở chấm điểm."),
    },
}


def _unsigned(round_: EvaluationRound) -> Sequence[Any]:
    """What of the office's report must be signed and recorded before the round opens."""
    return round_.lacks_signed_report() if round_.state == RoundState.PREPARING else []


@login_required
@once
def act(request: SignedIn, pk: int, name: str) -> HttpResponseBase:
    """An act of _ACTS: send the papers, or open scoring."""
    kind = _ACTS[name]
    round_ = found_round(request.user, pk, kind["permission"])
    if away := turned_away(request, round_, [RoundState.PREPARING]):
        return away
    form = fields.ConfirmForm(posted(request), act=lambda: getattr(round_, name)(by=request.user))
    if form.is_valid() and form.do():
        messages.success(request, kind["done"])
        return redirect("councils:round", round_.pk)
    page = {"round": round_, "form": form, **kind}
    if name == "open":
        page["unsigned"] = _unsigned(round_)
    return render(request, "councils/act.html", page)

"""The events of a dossier's history, each with the verb phrase that follows the actor's name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.events import carry, register, tell
from cycle.models import ERASED, PaperKind
from cycle.written import day_text
from dossiers.law.guidance import title_of_term
from dossiers.models.law import ACTS

if TYPE_CHECKING:
    from cycle.models import HistoryEntry

carry(
    "after also authority before begun code columns days due_on due_was filter format holder"
    " holder_id is_new list node on org_unit paper period records role rows rubric rung"
    " substitution successor task tasks term to to_id was_until"
    # The stock: lists of what was there before.
    " batch document_on file into line overdue place potential product revocation scan sha256"
    " steps"
)

register("dossier.open", _("mở hồ sơ"))
for act in ACTS.values():
    register(act.event, act.said)
register("dossier.correct_paper", _("đính chính văn bản"))


@tell("dossier.correct_paper")
def _of_paper(entry: HistoryEntry) -> list[str]:
    """Which document, what it said, and says."""
    if entry.erased("data.changed"):
        return [str(ERASED)]
    names = {
        "number": _now("số và ký hiệu"),
        "signed_on": _now("ngày ký"),
        "signer": _now("người ký"),
        "signer_capacity": _now("chức vụ người ký"),
        "scan_filename": _now("bản chụp"),
    }
    said = []
    if (was := entry.data.get("corrected")) is not None:
        words = _now("%(kind)s %(number)s")
        day = was["signed_on"] and day_text(date.fromisoformat(was["signed_on"]))
        if day:
            words = _now("%(kind)s %(number)s ngày %(day)s")
        kind = str(PaperKind(was["kind"] or PaperKind.OTHER).label).lower()
        said.append(words % {"kind": kind, "number": was["number"], "day": day})
    for name, pair in entry.data.get("changed", {}).items():
        if name == "signed_on":
            pair = [day_text(date.fromisoformat(each)) if each else "" for each in pair]
        said.append(
            _now("%(what)s «%(was)s» thành «%(now)s»")
            % {"what": names.get(name, name), "was": pair[0], "now": pair[1]}
        )
    return said


register("task.claim", _("nhận việc"))
register("task.sign_decision", _("ký văn bản, chờ văn thư vào số"))
register("task.release", _("trả việc cho đơn vị"))
register("task.reassign", _("giao lại việc"))
register("task.reroute", _("chuyển việc cho đơn vị khác"))
register("task.wait", _("chờ chủ thể"))
register("task.resume", _("hết chờ chủ thể"))
register("term.warning", _("sắp đến hạn"))
register("term.overdue", _("quá hạn"))
register("term.escalated", _("báo cáo quá hạn"))
register("term.extend", _("gia hạn"))
register("term.move", _("tính lại hạn theo lịch nghỉ"))
register("term.outlive", _("dời ngày giấy chứng nhận hết hiệu lực"))
register("term.of_batch", _("dời hạn theo ngày của đợt"))
register("term.of_paper", _("dời hạn theo ngày ký đã đính chính"))


@tell(
    "term.warning",
    "term.overdue",
    "term.escalated",
    "term.extend",
    "term.move",
    "term.of_batch",
    "term.of_paper",
)
def _of_term(entry: HistoryEntry) -> list[str]:
    """Which term, and its day: two of one dossier may run at once."""
    due_on, was = (entry.data.get(key) for key in ("due_on", "due_was"))
    said = [str(title_of_term(entry.label))] if entry.label else []
    if not due_on:
        return said
    now = day_text(date.fromisoformat(due_on))
    if not was:
        return [*said, _now("hạn %(day)s") % {"day": now}]
    before = day_text(date.fromisoformat(was))
    return [*said, _now("từ %(was)s sang %(now)s") % {"was": before, "now": now}]


register("role.substitute", _("ủy quyền"))
register("role.substitute_end", _("kết thúc ủy quyền"))
register("role.substitute_paper", _("bổ sung văn bản ủy quyền"))
register("role.substitute_lapse", _("kết thúc ủy quyền không có văn bản"))
register("role.handover_back", _("bỏ bàn giao chưa bắt đầu"))
register("role.handover", _("bàn giao công việc"))
register("stock.enter", _("nhập giấy chứng nhận đã cấp từ danh sách"))
register("stock.strike", _("gạch bỏ hồ sơ nhập nhầm"))
register("stock.upload", _("tải lên danh sách sản phẩm đã công nhận"))
register("stock.commit", _("ghi danh sách sản phẩm đã công nhận"))
register("stock.undo", _("gạch bỏ danh sách đã ghi"))
register("stock.resume", _("nhập hồ sơ đang làm từ danh sách"))
register("stock.hand_out", _("giao việc của hồ sơ đang làm nhập từ danh sách"))
register("potential.record", _("ghi một sản phẩm tiềm năng"))
register("potential.correct", _("đính chính sản phẩm tiềm năng"))
register("potential.close", _("khép lại sản phẩm tiềm năng"))
register("potential.reopen", _("mở lại sản phẩm tiềm năng"))
register("potential.begin", _("mở hồ sơ từ sản phẩm tiềm năng"))
carry("as_written batch late like window outside")
# Lists taken out; the contact of the office; what people change of their own.
carry("fields how outreach promotion query said was")
register("producer.add", _("thêm chủ thể"))
register("producer.change", _("sửa chủ thể"))
register("product.add", _("thêm sản phẩm"))
register("product.change", _("sửa sản phẩm"))
register("personal.erase", _("xóa dữ liệu cá nhân khỏi nhật ký"))
carry("erased")
# Which document was corrected, and whether a batch or a term followed its day.
carry("corrected followed")
# The batch in which an act was done for many dossiers.
carry("together")
register("split.allot", _("phân sản phẩm của xã đã chia tách về xã kế thừa"))
carry("allotted signer")
register("cycle.open", _("mở chu trình"))
register("cycle.take_back", _("gạch bỏ chu trình mở nhầm"))
register("cycle.close", _("đóng chu trình, chốt số liệu"))
register("cycle.reopen", _("mở lại chu trình đã đóng"))
register("cycle.batch", _("lập, sửa đợt đánh giá của năm"))
register("cycle.window_closing", _("sắp hết thời gian thực hiện bước"))
register("cycle.window_closed", _("hết thời gian thực hiện bước"))
register("planned.record", _("ghi vào kế hoạch tuyên truyền, tập huấn"))
register("planned.correct", _("đính chính kế hoạch tuyên truyền, tập huấn"))
register("planned.drop", _("bỏ một hoạt động khỏi kế hoạch tuyên truyền, tập huấn"))
carry("planned")
register("outreach.record", _("ghi một hoạt động tuyên truyền"))
register("outreach.attend", _("ghi danh sách người dự một hoạt động tuyên truyền"))
register("outreach.attach", _("đính ảnh, tài liệu của một hoạt động tuyên truyền"))
register("outreach.take_off", _("gỡ ảnh, tài liệu của một hoạt động tuyên truyền"))
carry("attended")
register("promotion.record", _("ghi một hội chợ, sự kiện xúc tiến"))
register("outreach.correct", _("đính chính một hoạt động tuyên truyền"))
register("promotion.correct", _("đính chính một hội chợ, sự kiện xúc tiến"))
register("list.export", _("xuất danh sách"))

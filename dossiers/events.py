"""The events of a dossier's history, each with the verb phrase that follows the actor's name."""

from django.utils.translation import gettext_lazy as _

from cycle.events import carry, register
from dossiers.models.law import ACTS

carry(
    "after authority before begun code days due_on due_was holder holder_id is_new node on org_unit"
    " paper period records role rubric rung substitution successor task tasks term to to_id"
    " was_until"
)

register("dossier.open", _("mở hồ sơ"))
for act in ACTS.values():
    register(act.event, act.said)
register("task.claim", _("nhận việc"))
register("task.sign_decision", _("ký quyết định, chờ văn thư vào số"))
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

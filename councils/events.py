"""The events of councils and rounds, each with the verb phrase that follows the actor's name."""

from django.utils.translation import gettext_lazy as _

from cycle.events import carry, register

carry(
    "about complex corrects counted_again dossier dossiers had_come holds interest interests kind"
    " left_out meets_at number opinion place present recused regulation results scoring scorings"
    " seat seats signed_on stars until version votes who who_id why"
)

register("template.keep", _("nạp mẫu văn bản"))
register("council.set_up", _("thành lập hội đồng"))
register("council.correct_decision", _("đính chính văn bản của hội đồng"))
register("council.seat", _("bổ sung thành viên hội đồng"))
register("council.unseat", _("cho thôi thành viên hội đồng"))
register("council.extend", _("gia hạn hội đồng"))
register("council.regulate", _("nhập quy chế hội đồng"))
register("round.create", _("lập đợt đánh giá"))
register("round.change", _("sửa thông tin đợt đánh giá"))
register("round.move_meeting", _("dời ngày họp của đợt đánh giá"))
register("round.take_in", _("đưa sản phẩm vào đợt đánh giá"))
register("round.drop", _("đưa sản phẩm ra khỏi đợt đánh giá"))
register("round.leave", _("đưa sản phẩm đã rút hồ sơ ra khỏi đợt đánh giá"))
register("round.mend_entry", _("đưa ra khỏi đợt sản phẩm không còn chờ hội đồng"))
register("round.invite", _("gửi giấy mời và tài liệu họp"))
register("round.open", _("mở chấm điểm"))
register("round.attend", _("ghi thành phần dự họp"))
register("round.declare_interest", _("khai báo lợi ích"), again=_("sửa khai báo lợi ích"))
register("round.lift_interest", _("gỡ khai báo lợi ích"))
register("round.convene", _("triệu tập họp thay cho phiếu lấy ý kiến"))
register("round.resolve", _("ghi kết luận của hội đồng"), again=_("sửa kết luận của hội đồng"))
register("round.count_sheets", _("kiểm phiếu"))
register("round.score_again", _("cho chấm lại"))
register(
    "round.accept_spread",
    _("giữ kết quả dù điểm chênh lệch lớn"),
    again=_("sửa lý do giữ kết quả dù điểm chênh lệch lớn"),
)
register("round.submit_sheet", _("nộp phiếu chấm điểm"))
register("round.take_back_sheet", _("lấy lại phiếu chấm điểm"))
register("round.enter_sheet", _("nhập phiếu chấm điểm từ bản giấy"))
register("round.confirm_sheet", _("xác nhận phiếu nhập từ bản giấy"))
register("round.return_sheet", _("trả phiếu nhập từ bản giấy để sửa"))
register("round.hand_back_sheet", _("bỏ nhập từ giấy, trả lại phiếu cho thành viên"))
register("round.appraise", _("báo cáo thẩm định sản phẩm"))
register("round.ask_opinion", _("xin ý kiến sở, ngành"))
register("round.answer_opinion", _("trả lời xin ý kiến"))
register("round.close", _("chốt kết quả đợt đánh giá"))
register("round.reopen", _("mở lại đợt đánh giá"))
register("round.void", _("hủy đợt đánh giá"))
register("round.void_sheet", _("không tính một phiếu chấm điểm"))
register(
    "round.record_document",
    _("ghi số, ngày văn bản của hội đồng"),
    again=_("ghi lại số, ngày văn bản của hội đồng"),
)

"""What each act of a council is about, who may do it, and which page of the help is whose. A leaf.

``GUIDES`` has a row for every event of ``councils/events.py``; ``WHO`` says in words of the help
what ``councils/rules.py`` answers of people, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cycle.models import Role

#: Roles that have one page of help for all levels; the others have one for each.
OF_ALL_LEVELS = frozenset(
    {Role.COUNCIL_OFFICE, Role.TRADE, Role.DEPARTMENT, Role.CLERK, Role.AUDITOR}
)


def page_of(role: str, level: str) -> str:
    """The page of the help for who holds ``role`` at a unit of ``level``: «commune-officer»."""
    name = role if role in OF_ALL_LEVELS else f"{level}-{role}"
    return name.replace("_", "-")


#: Seat of a council -> its page of the help.
PAGE_OF_SEAT = {
    "chair": "chair",
    "vice_chair": "chair",
    "member": "member",
    "secretary": "secretary",
    "team_lead": "support-team",
    "team": "support-team",
}

_RUNS = ("secretary", "council-office")
_OFFICERS = ("district-officer", "province-officer")

#: Permission -> the pages of the help whose readers have it.
WHO: dict[str, tuple[str, ...]] = {
    "councils.set_up": ("council-office", *_OFFICERS),
    # Who scores on none of the unit's councils, and for seats not on this one.
    "councils.regulate": ("council-office", *_OFFICERS),
    "councils.seat": ("council-office", *_OFFICERS),
    "councils.run_round": _RUNS,
    "councils.preside": ("chair", *_RUNS),
    # Who scores only as chair.
    "councils.settle_spread": ("chair", *_RUNS),
    # Who scores only as chair, once it has opened.
    "councils.undo": ("chair", *_RUNS),
    # Who does not score.
    "councils.settle_scorers": _RUNS,
    # The office where no secretary can, which the guidance says.
    "councils.count_sheets": _RUNS,
    "councils.declare": ("chair", "member", "secretary", "support-team"),
    # Who does not score; nobody of themself.
    "councils.record_interest": _RUNS,
    # The office on re-evaluations alone.
    "councils.report": ("support-team", "council-office"),
    # The secretary where the regulation says so; the support team on its own sheet.
    "councils.score": ("chair", "member", "secretary", "support-team"),
    "councils.type_sheet": _RUNS,
    # A member compares the sheet of their own pen.
    "councils.confirm_sheet": ("chair", "member", *_RUNS),
    "councils.hand_back_sheet": _RUNS,
    "councils.answer_opinion": ("department",),
    "councils.record_document": (*_RUNS, "clerk", *_OFFICERS),
}


@dataclass(frozen=True)
class Guide:
    """What an act of a council does and what follows (``text``), for who has ``permission``.

    ``title`` is what its event says, as something to do.
    Without a permission the product does it by itself.
    """

    title: Any
    permission: str
    text: Any


#: Event -> its guidance, in the order of the work.
GUIDES = {
    "council.regulate": Guide(
        _("Nhập quy chế hội đồng"),
        "councils.regulate",
        _(
            "Nhập quy chế một lần: số thành viên phải có mặt, mức chênh điểm, số lần chấm, thư ký "
            "có chấm hay không. Mọi đợt sau theo đó."
        ),
    ),
    "council.set_up": Guide(
        _("Thành lập hội đồng"),
        "councils.set_up",
        _("Nhập hội đồng theo quyết định đã ký, rồi thêm từng thành viên."),
    ),
    "council.correct_decision": Guide(
        _("Đính chính văn bản của hội đồng"),
        "councils.seat",
        _("Văn bản gõ khác bản giấy thì sửa ở trang hội đồng, quy chế, kết quả đợt, có lý do."),
    ),
    "council.seat": Guide(
        _("Bổ sung thành viên hội đồng"),
        "councils.seat",
        _("Người ngoài cơ quan cũng cần tài khoản để chấm trên máy; không có thì chấm bằng bút."),
    ),
    "council.unseat": Guide(
        _("Cho thôi thành viên hội đồng"),
        "councils.seat",
        _(
            "Người thôi hội đồng vẫn chấm nốt đợt đang mở mà họ đã dự. Ai chấm điểm trong hội đồng "
            "thì không bổ sung, không cho thôi thành viên của hội đồng ấy."
        ),
    ),
    "council.extend": Guide(
        _("Gia hạn hội đồng"),
        "councils.seat",
        _("Hết nhiệm kỳ, hội đồng không lập, mở, chốt đợt nữa. Gia hạn theo văn bản."),
    ),
    "round.create": Guide(
        _("Lập đợt đánh giá"),
        "councils.run_round",
        _("Chọn hội đồng, họp hay lấy ý kiến bằng văn bản, ngày và nơi họp."),
    ),
    "round.change": Guide(
        _("Sửa thông tin đợt đánh giá"),
        "councils.run_round",
        _("Sửa tên, hạn quyết định, thứ tự sản phẩm trước khi chốt."),
    ),
    "round.take_in": Guide(
        _("Đưa sản phẩm vào đợt đánh giá"),
        "councils.run_round",
        _(
            "Chọn từ các hồ sơ đang chờ hội đồng; mỗi sản phẩm kèm bộ tiêu chí của nó. Hồ sơ đánh "
            "giá lại lấy ý kiến bằng phiếu trước; đưa thẳng ra họp thì nêu nội dung phức tạp."
        ),
    ),
    "round.drop": Guide(
        _("Đưa sản phẩm ra khỏi đợt đánh giá"),
        "councils.run_round",
        _("Hồ sơ lại chờ hội đồng và đưa vào đợt khác được."),
    ),
    "round.appraise": Guide(
        _("Báo cáo thẩm định sản phẩm"),
        "councils.report",
        _(
            "Ghi nhận xét và ảnh cho từng sản phẩm trước khi họp. Thành viên đọc khi chấm. Với hồ "
            "sơ đánh giá lại, văn phòng báo cáo; lấy ý kiến bằng phiếu hay chấm tại cuộc họp chỉ "
            "mở khi mỗi hồ sơ đã có báo cáo."
        ),
    ),
    "round.ask_opinion": Guide(
        _("Xin ý kiến sở, ngành"),
        "councils.run_round",
        _("Hỏi chuyên viên sở, ngành về một sản phẩm, có hạn trả lời; họ được báo ngay."),
    ),
    "round.answer_opinion": Guide(
        _("Trả lời xin ý kiến"),
        "councils.answer_opinion",
        _("Câu hỏi ở trang «Ý kiến». Trả lời trước hạn ghi ở đó; người hỏi được báo."),
    ),
    "round.invite": Guide(
        _("Gửi giấy mời và tài liệu họp"),
        "councils.run_round",
        _("Mọi thành viên và tổ tư vấn nhận giấy mời và tài liệu; phần mềm ghi ai đã mở."),
    ),
    "round.move_meeting": Guide(
        _("Dời ngày họp của đợt đánh giá"),
        "councils.settle_scorers",
        _(
            "Phiếu đã nộp giữ nguyên. Mọi người được báo ngày mới và lý do. Ai chấm điểm trong đợt "
            "thì không dời; cuộc họp ngày trước đã có người dự cũng không dời."
        ),
    ),
    "round.attend": Guide(
        _("Ghi thành phần dự họp"),
        "councils.settle_scorers",
        _("Ghi ai có mặt. Chưa đủ số theo quy chế thì không chốt được."),
    ),
    "round.open": Guide(
        _("Mở chấm điểm"),
        "councils.preside",
        _(
            "Thành viên bắt đầu chấm được. Từ đây danh sách sản phẩm không đổi nữa. Đợt lấy ý kiến "
            "bằng phiếu phải ghi số báo cáo về hồ sơ đánh giá lại trước."
        ),
    ),
    "round.declare_interest": Guide(
        _("Khai báo lợi ích"),
        "councils.declare",
        _(
            "Sản phẩm của mình, của người thân hoặc của xã mình phải khai trước khi chấm; quy chế "
            "nói có được chấm hay không."
        ),
    ),
    "round.lift_interest": Guide(
        _("Gỡ khai báo lợi ích"),
        "councils.record_interest",
        _(
            "Khai báo ghi nhầm người, nhầm sản phẩm thì gỡ, nêu điều đã nhầm; phiếu không tính vì "
            "nó lấy lại được. Không ai tự gỡ khai báo về mình; đợt đã chốt thì phải mở lại trước."
        ),
    ),
    "round.submit_sheet": Guide(
        _("Nộp phiếu chấm điểm"),
        "councils.score",
        _(
            "Chọn một mức cho mỗi tiêu chí, rồi nộp. Phiếu được niêm phong: đến khi chốt, không ai "
            "thấy điểm của người khác."
        ),
    ),
    "round.take_back_sheet": Guide(
        _("Lấy lại phiếu chấm điểm"),
        "councils.score",
        _("Lấy lại để sửa được cho đến khi kiểm phiếu; mỗi lần lấy lại đều được đếm."),
    ),
    "round.enter_sheet": Guide(
        _("Nhập phiếu chấm điểm từ bản giấy"),
        "councils.type_sheet",
        _("Phiếu chấm bằng bút: nhập vào máy kèm bản chụp. Người nhập không được chấm."),
    ),
    "round.confirm_sheet": Guide(
        _("Xác nhận phiếu nhập từ bản giấy"),
        "councils.confirm_sheet",
        _("Người thứ hai so từng dòng với bản chụp rồi xác nhận; chưa xác nhận thì chưa tính."),
    ),
    "round.return_sheet": Guide(
        _("Trả phiếu nhập từ bản giấy để sửa"),
        "councils.confirm_sheet",
        _("Khi bản nhập khác bản chụp: trả người nhập sửa lại."),
    ),
    "round.hand_back_sheet": Guide(
        _("Bỏ nhập từ giấy, trả lại phiếu cho thành viên"),
        "councils.hand_back_sheet",
        _("Thành viên muốn tự chấm trên máy: bỏ bản nhập, phiếu trở về họ."),
    ),
    "round.count_sheets": Guide(
        _("Kiểm phiếu"),
        "councils.count_sheets",
        _(
            "Khi mọi người đã nộp, thư ký kiểm phiếu; thường trực làm khi thư ký vắng, chưa có tài "
            "khoản hoặc cũng chấm. Sau đó phiếu không lấy lại được. Phần mềm chỉ nói sản phẩm nào "
            "chênh điểm quá quy chế, không nói điểm của ai."
        ),
    ),
    "round.score_again": Guide(
        _("Cho chấm lại"),
        "councils.settle_spread",
        _("Mỗi thành viên nhận lại phiếu của mình để sửa; phiếu lần trước được giữ, không tính."),
    ),
    "round.accept_spread": Guide(
        _("Giữ kết quả dù điểm chênh lệch lớn"),
        "councils.settle_spread",
        _("Giữ kết quả khi điểm chênh lớn: lý do vào biên bản."),
    ),
    "round.resolve": Guide(
        _("Ghi kết luận của hội đồng"),
        "councils.settle_spread",
        _("Ghi điều hội đồng kết luận về mức tối thiểu hoặc điều kiện loại của sản phẩm."),
    ),
    "round.convene": Guide(
        _("Triệu tập họp thay cho phiếu lấy ý kiến"),
        "councils.run_round",
        _(
            "Ý kiến bằng phiếu khác nhau, hoặc nội dung phức tạp (nêu lý do): các sản phẩm đó sang "
            "một đợt họp riêng."
        ),
    ),
    "round.close": Guide(
        _("Chốt kết quả đợt đánh giá"),
        "councils.preside",
        _(
            "Chốt được khi mọi mục của danh sách kiểm tra đã xong. Phần mềm tính điểm, hạng sao, "
            "rồi chuyển từng hồ sơ sang bước sau; hội đồng và đơn vị được báo."
        ),
    ),
    "round.reopen": Guide(
        _("Mở lại đợt đánh giá"),
        "councils.undo",
        _("Phải có lý do và văn bản. Bản đã chốt vẫn xem được; hồ sơ còn chờ trở lại hội đồng."),
    ),
    "round.void": Guide(
        _("Hủy đợt đánh giá"),
        "councils.undo",
        _("Phải có lý do và văn bản. Sản phẩm trở lại chờ hội đồng; bản đã chốt vẫn xem được."),
    ),
    "round.void_sheet": Guide(
        _("Không tính một phiếu chấm điểm"),
        "councils.settle_scorers",
        _("Cho phiếu của người lẽ ra không chấm; phiếu vẫn đọc được, có lý do, tính lại được."),
    ),
    "round.record_document": Guide(
        _("Ghi số, ngày văn bản của hội đồng"),
        "councils.record_document",
        _("Ghi số, ngày của biên bản, tờ trình, thông báo khi đã ký, kèm bản chụp."),
    ),
    "round.leave": Guide(
        _("Đưa sản phẩm đã rút hồ sơ ra khỏi đợt đánh giá"),
        "",
        _("Rút hồ sơ thì sản phẩm tự ra khỏi đợt; thường trực được báo."),
    ),
    "round.mend_entry": Guide(
        _("Đưa ra khỏi đợt sản phẩm không còn chờ hội đồng"),
        "",
        _("Sản phẩm không còn chờ hội đồng được đưa ra khỏi đợt."),
    ),
}

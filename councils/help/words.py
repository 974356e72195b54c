"""What nothing in the data says of a role: its name where it is no post, and where things are.

The one home of hand-written help. What is done in a step stands in ``dossiers/law/guidance.py``,
what an act asks in ``dossiers/models/law.py``, what a council does in ``councils/guidance.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

#: Pages that are of no post, and their names.
TITLES = {
    "chair": _("Chủ tịch, phó chủ tịch hội đồng"),
    "secretary": _("Thư ký hội đồng"),
    "member": _("Ủy viên hội đồng"),
    "support-team": _("Tổ tư vấn của hội đồng"),
    "administrator": _("Người quản trị của tỉnh"),
}

#: What a page begins with, where no list of tasks says it.
ABOUT = {
    "clerk": _("Bạn ghi số, ngày và bản chụp của văn bản đã ký. Bạn không quyết định thay ai."),
    "auditor": _("Bạn xem được mọi hồ sơ trong địa bàn của mình. Bạn không làm thay đổi gì."),
    "department": _("Bạn hỗ trợ chủ thể, trả lời khi hội đồng xin ý kiến, và kiểm tra sản phẩm."),
    "trade": _("Bạn đưa sản phẩm đã công nhận ra thị trường và ghi lại kết quả."),
    "chair": _("Bạn điều hành phiên họp, mở chấm, chấm điểm và chốt kết quả."),
    "secretary": _("Bạn chuẩn bị đợt đánh giá, kiểm phiếu và giữ giấy tờ của hội đồng."),
    "member": _("Bạn đọc hồ sơ, khai báo lợi ích, rồi chấm điểm trên phiếu của riêng mình."),
    "support-team": _("Bạn thẩm định sản phẩm trước khi hội đồng họp và đề xuất điểm."),
    "administrator": _("Bạn dựng hệ thống cho tỉnh và cấp tài khoản. Bạn không xử lý hồ sơ nào."),
}

_OFFICERS = ("commune-officer", "district-officer", "province-officer")
_LEADERS = ("commune-leader", "district-leader", "province-leader")
_HAS_TASKS = (*_OFFICERS, *_LEADERS, "council-office", "trade")
#: Who holds a post, a seat of a council apart.
POSTS = (*_HAS_TASKS, "department", "clerk", "auditor")
_SEATS = ("chair", "secretary", "member", "support-team")


@dataclass(frozen=True)
class Note:
    """Where something is that no step asks for: the page ``link``, and whose ``pages`` say so.

    ``do`` is what the link says.
    """

    anchor: str
    title: Any
    text: Any
    link: str
    do: Any
    pages: tuple[str, ...]


NOTES = (
    Note(
        "inbox",
        _("Bắt đầu mỗi ngày"),
        _(
            "Mở «Hộp việc». Ngăn «Của đơn vị» có việc chưa ai nhận: bấm «Nhận việc» để người khác "
            "biết bạn đang làm. Nhận nhầm thì bấm «Trả việc cho đơn vị». Chờ chủ thể thì bấm «Chờ "
            "chủ thể»: đồng hồ của việc dừng lại, hạn theo quyết định vẫn tính."
        ),
        "dossiers:inbox",
        _("Mở hộp việc"),
        _HAS_TASKS,
    ),
    Note(
        "new",
        _("Mở hồ sơ mới"),
        _("Bấm «Mở hồ sơ mới» ở trang «Hồ sơ», gõ tên sản phẩm và chủ thể; có sẵn thì chọn."),
        "dossiers:dossier_new",
        _("Mở hồ sơ mới"),
        _OFFICERS,
    ),
    Note(
        "outreach",
        _("Ghi buổi tuyên truyền, hướng dẫn"),
        _("Ghi mỗi buổi: ở đâu, bao nhiêu người dự. Từ buổi đó mở hồ sơ cho ý tưởng mới."),
        "dossiers:outreach",
        _("Mở trang tuyên truyền"),
        _OFFICERS,
    ),
    Note(
        "fairs",
        _("Ghi hội chợ, tuần hàng, xúc tiến"),
        _(
            "Ghi mỗi hội chợ một lần: ngày, nơi, số người dự, kinh phí. Rồi ở hồ sơ của từng sản "
            "phẩm tham gia, việc «Ghi hoạt động xúc tiến», chọn hội chợ ấy ở ô «Sự kiện»."
        ),
        "dossiers:promotion",
        _("Mở trang hội chợ"),
        (*_OFFICERS, "trade", "department"),
    ),
    Note(
        "from-paper",
        _("Nhập việc đã ký trên giấy"),
        _(
            "Lãnh đạo hoặc hội đồng ký giấy mà không bấm trên máy: mở việc ở ngăn «Chờ văn bản "
            "ký», ghi số, ngày, người ký, đính kèm bản chụp. Quyết định công nhận thì lãnh đạo bấm "
            "đã ký trước, hoặc văn thư nhập."
        ),
        "dossiers:inbox",
        _("Mở hộp việc"),
        (*_OFFICERS, "clerk"),
    ),
    Note(
        "correct-paper",
        _("Đính chính văn bản đã nhập: gõ nhầm, sai số, sai ngày"),
        _(
            "Gõ nhầm số, ngày ký, người ký thì mở hồ sơ, mục «Văn bản», bấm «Đính chính» ở văn bản "
            "ấy, ghi lý do. Đợt, hạn và hiệu lực của giấy chứng nhận tính theo ngày đúng."
        ),
        "dossiers:dossier_list",
        _("Mở danh sách hồ sơ"),
        (*_OFFICERS, *_LEADERS, "council-office", "clerk"),
    ),
    Note(
        "registers",
        _("Tra sổ văn bản, thêm bản chụp còn thiếu"),
        _(
            "Trang «Sổ văn bản» có mọi văn bản theo cơ quan ban hành, sổ, năm; tìm theo số, trích "
            "yếu, người ký; in, tải về. Văn thư, cán bộ OCOP thêm bản chụp cho nhiều văn bản một "
            "lần: tên tệp có số văn bản thì tự ghép. Ở tỉnh, số giấy chứng nhận dán lệch dòng thì "
            "mở quyết định ở «Chờ số giấy chứng nhận», bấm «Sửa số»."
        ),
        "dossiers:documents",
        _("Mở sổ văn bản"),
        (*_OFFICERS, "clerk", "auditor"),
    ),
    Note(
        "manage",
        _("Giao lại việc, chuyển đơn vị khác"),
        _("Trên trang của việc, mục «Phân việc»: giao cho người khác trong đơn vị, có lý do."),
        "dossiers:inbox",
        _("Mở hộp việc"),
        (*_OFFICERS, *_LEADERS),
    ),
    Note(
        "overdue",
        _("Xem việc quá hạn"),
        _(
            "Trang «Quá hạn» có mọi việc quá hạn trong địa bàn, của ai, quá bao nhiêu ngày. Lãnh "
            "đạo, và cán bộ cấp trên, mở một dòng để gia hạn khi có văn bản."
        ),
        "dossiers:register",
        _("Mở trang quá hạn"),
        (*_OFFICERS, *_LEADERS, "council-office", "auditor"),
    ),
    Note(
        "files",
        _("Tìm một hồ sơ"),
        _("Gõ tên sản phẩm, chủ thể hoặc mã số ở ô tìm trên đầu trang, không cần gõ dấu."),
        "dossiers:dossier_list",
        _("Mở danh sách hồ sơ"),
        POSTS,
    ),
    Note(
        "certificates",
        _("Giấy chứng nhận sắp hết hạn"),
        _("Xem giấy nào sắp hết hạn để nhắc chủ thể nộp hồ sơ đánh giá lại đúng hạn."),
        "dossiers:ending",
        _("Mở danh sách"),
        (*_OFFICERS, *_LEADERS, "trade", "auditor"),
    ),
    Note(
        "week",
        _("Báo cáo tuần"),
        _("Số liệu của đơn vị và địa bàn mỗi tuần, in được ra giấy."),
        "notifications:week",
        _("Mở báo cáo tuần"),
        (*_LEADERS, "province-officer", "auditor"),
    ),
    Note(
        "stock",
        _("Nhập sản phẩm đã công nhận từ trước"),
        _("Nhập bảng tính có sẵn; phần mềm chỉ ra lỗi ở từng ô, xem xong mới ghi."),
        "dossiers:stock",
        _("Mở trang nhập"),
        ("province-officer",),
    ),
    Note(
        "calendar",
        _("Lịch nghỉ"),
        _("Thêm ngày nghỉ, ngày làm bù có văn bản; xem trước hạn nào đổi rồi mới áp dụng."),
        "dossiers:calendar",
        _("Mở lịch nghỉ"),
        ("province-officer", "province-leader"),
    ),
    Note(
        "people",
        _("Người của đơn vị"),
        _("Thêm người mới, ghi người nghỉ, in phiếu cho người quên mật khẩu."),
        "dossiers:people",
        _("Mở trang nhân sự"),
        (*_LEADERS, "administrator"),
    ),
    Note(
        "absence",
        _("Khi bạn vắng mặt"),
        _("Ủy quyền cho người làm thay, từ ngày đến ngày: họ thấy việc của bạn."),
        "dossiers:absence",
        _("Mở trang vắng mặt"),
        POSTS,
    ),
    Note(
        "handover",
        _("Khi bạn nghỉ hoặc chuyển công tác"),
        _("Bàn giao vai trò và mọi việc đang làm cho người thay, một lần."),
        "dossiers:handover",
        _("Mở trang bàn giao"),
        POSTS,
    ),
    Note(
        "rounds",
        _("Các đợt của hội đồng"),
        _("Trang «Hội đồng» có mọi đợt mà bạn tham gia. Giấy mời báo bạn khi có đợt mới."),
        "councils:rounds",
        _("Mở các đợt"),
        (*_SEATS, "council-office"),
    ),
    Note(
        "rubrics",
        _("Đọc bộ tiêu chí"),
        _("Mỗi bộ sản phẩm có một bộ tiêu chí: đọc trước khi tự chấm, thẩm định hoặc chấm điểm."),
        "rubrics",
        _("Mở bộ tiêu chí"),
        (*_SEATS, *_OFFICERS, "council-office", "department"),
    ),
    Note(
        "contact",
        _("Số điện thoại, thư điện tử, mật khẩu của bạn"),
        _(
            "Thông báo gửi về thư điện tử ghi ở đây. Quên mật khẩu thì bấm «Quên mật khẩu» ở trang "
            "đăng nhập để nhận thư; không có thư điện tử thì xin lãnh đạo in phiếu."
        ),
        "profile",
        _("Mở tài khoản của tôi"),
        (*POSTS, *_SEATS, "administrator"),
    ),
    Note(
        "jobs",
        _("Việc chạy nền"),
        _("Xem việc lâu đang chạy đến đâu, việc nào hỏng."),
        "dossiers:job_list",
        _("Mở việc chạy nền"),
        ("administrator",),
    ),
)

#: Who hears of an overdue term, as its ladder names them.
HEARS = {
    "officer": _("người làm"),
    "leader": _("lãnh đạo đơn vị"),
    "next_level": _("cấp trên"),
    "board": _("lãnh đạo tỉnh"),
}

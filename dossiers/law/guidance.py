"""What each task is about: what to do, what the law asks, what to check. A leaf: no models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cycle.models import RuleSet

#: The edition of one province: QĐ 851/QĐ-UBND.
BAC_KAN = "qd851_2018"


@dataclass(frozen=True)
class Guide:
    """Guidance inside a task (hướng dẫn): ``title`` says what is to be done, in the imperative.

    ``law`` speaks of QĐ 26/2026/QĐ-TTg; ``law_of_three`` of the editions with three levels, where
    they ask something else, and ``law_of_bac_kan`` of Bắc Kạn's own first one. None cites what
    another edition rests on. ``checks`` is the short list that the officer ticks.
    """

    title: Any
    law: Any
    checks: tuple = ()
    law_of_three: Any = ""
    law_of_bac_kan: Any = ""

    def law_for(self, rule_set: RuleSet) -> Any:
        """What the edition ``rule_set`` asks at this task."""
        if rule_set.edition == BAC_KAN and self.law_of_bac_kan:
            return self.law_of_bac_kan
        if rule_set.procedure == "three_levels" and self.law_of_three:
            return self.law_of_three
        return self.law


_LABEL = (
    _("Nhãn: tên sản phẩm đúng với hồ sơ"),
    _("Nhãn: thành phần, định lượng thành phần"),
    _("Nhãn: khối lượng tịnh, thể tích thực"),
    _("Nhãn: ngày sản xuất, hạn sử dụng"),
    _("Nhãn: hướng dẫn bảo quản, sử dụng"),
    _("Nhãn: xuất xứ"),
    _("Nhãn: tên, địa chỉ cơ sở sản xuất"),
    _("Nhãn: mã số mã vạch, truy xuất nguồn gốc"),
)

_PLAN_LAW = _(
    "Chủ thể nộp phương án sau khi ý tưởng được chọn và đã được tập huấn. Bộ tiêu chí quốc gia "
    "không quy định thời hạn: thời hạn là cấu hình của tỉnh."
)
_PLAN_LAW_OF_BAC_KAN = _(
    "Chủ thể nộp phương án sau khi ý tưởng được chọn và đã được tập huấn (QĐ 851/QĐ-UBND của Bắc "
    "Kạn, bước 3). Thời hạn là cấu hình của tỉnh."
)
_COUNCIL_LAW = _(
    "Điểm là bình quân điểm của các thành viên, không làm tròn lên hạng. Ngoài đủ điểm, sản phẩm "
    "phải đạt mức tối thiểu của từng tiêu chí có đánh dấu ***, **** hoặc ***** thì mới đạt 3, 4 "
    "hoặc 5 sao (QĐ 26/2026/QĐ-TTg). Số thành viên, tỷ lệ có mặt và cách lấy ý kiến theo Quy chế "
    "Hội đồng của tỉnh."
)
_COUNCIL_LAW_OF_THREE = _(
    "Điểm là bình quân điểm của các thành viên, không làm tròn lên hạng: 5 sao từ 90, 4 sao từ 70 "
    "đến dưới 90, 3 sao từ 50 đến dưới 70 điểm (QĐ 1048/QĐ-TTg năm 2019, sửa đổi bởi "
    "QĐ 781/QĐ-TTg năm 2020)."
)
_COUNCIL_LAW_OF_BAC_KAN = _("Chỉ ghi hạng sao, không ghi điểm (QĐ 851/QĐ-UBND của Bắc Kạn).")
_COUNCIL_CHECKS = (
    _("Đủ số thành viên theo quy chế, có chủ tịch hội đồng"),
    _("Thành viên có lợi ích liên quan không chấm"),
    _("Mức tối thiểu của tiêu chí có đánh dấu sao đã được kết luận"),
    _("Biên bản có chữ ký của chủ tịch và thư ký"),
)
_SUPPLEMENT_LAW = _(
    "Bổ sung một lần, đủ các nội dung đã yêu cầu, qua xã. QĐ 26/2026/QĐ-TTg không dừng thời hạn "
    "trong khi chờ bổ sung: hạn theo quyết định vẫn tính."
)

#: node -> its guidance.
GUIDES = {
    "register_idea": Guide(
        _("Đăng ký ý tưởng sản phẩm"),
        _(
            "Người dân tự đề xuất sản phẩm: dân biết, dân bàn, dân làm, dân kiểm tra, dân hưởng "
            "thụ. Phiếu đăng ký ý tưởng nộp tại xã."
        ),
        (
            _("Chủ thể thuộc đối tượng của Chương trình"),
            _("Mô tả được sản phẩm và nguồn nguyên liệu"),
            _("Chưa có hồ sơ trùng của cùng chủ thể"),
        ),
        law_of_bac_kan=_(
            "Phiếu đăng ký ý tưởng nộp cho bộ phận OCOP cấp huyện (QĐ 851/QĐ-UBND của Bắc Kạn, "
            "bước 2)."
        ),
    ),
    "complete_idea": Guide(
        _("Bổ sung ý tưởng"),
        _("Ý tưởng được trả lại để bổ sung theo nội dung đã nêu, rồi nộp lại để xét."),
        (_("Đã đủ từng nội dung được yêu cầu"),),
    ),
    "screen_idea": Guide(
        _("Sơ tuyển ý tưởng"),
        _(
            "Xã nhận và sơ tuyển ý tưởng trước khi chuyển xét chọn; hồ sơ không bỏ qua xã. Bộ tiêu "
            "chí quốc gia không quy định thời hạn: thời hạn là cấu hình của tỉnh."
        ),
        (
            _("Chủ thể đủ tư cách: hợp tác xã, tổ hợp tác, doanh nghiệp, trang trại, hộ"),
            _("Dùng nguyên liệu, lao động của địa phương"),
            _("Có bản sắc hoặc tri thức địa phương"),
            _("Không trùng ý tưởng đã có"),
        ),
    ),
    "select_idea": Guide(
        _("Xét chọn ý tưởng"),
        _(
            "Ý tưởng không được chọn thì hoàn thiện và nộp lại. Cấp xét chọn từ tháng 7/2025 chưa "
            "có văn bản quy định: đây là cấu hình của tỉnh."
        ),
        (
            _("Sản phẩm thuộc nhóm của Bộ tiêu chí"),
            _("Có khả năng sản xuất và có thị trường"),
            _("Phù hợp định hướng sản phẩm của địa phương"),
        ),
        law_of_three=_(
            "Bộ phận OCOP cấp huyện chọn các ý tưởng tốt nhất. Ý tưởng không được chọn thì hoàn "
            "thiện và nộp lại."
        ),
        law_of_bac_kan=_(
            "Bộ phận OCOP cấp huyện chọn các ý tưởng tốt nhất. Ý tưởng không được chọn thì hoàn "
            "thiện, nộp lại sau 1 tuần hoặc vào kỳ này năm sau (QĐ 851/QĐ-UBND của Bắc Kạn)."
        ),
    ),
    "submit_plan": Guide(
        _("Nộp phương án sản xuất kinh doanh"),
        _PLAN_LAW,
        (
            _("Chủ thể đã được tập huấn lập phương án"),
            _("Có sản lượng, thị trường và vốn"),
        ),
        law_of_bac_kan=_PLAN_LAW_OF_BAC_KAN,
    ),
    "complete_plan": Guide(
        _("Bổ sung phương án"),
        _("Phương án được trả lại để bổ sung theo nội dung đã nêu, rồi nộp lại để xã kiểm tra."),
        (_("Đã đủ từng nội dung được yêu cầu"),),
    ),
    "check_plan": Guide(
        _("Kiểm tra phương án"),
        _PLAN_LAW,
        (
            _("Đúng với ý tưởng đã chọn"),
            _("Số vốn, sản lượng, doanh thu cân đối được"),
            _("Đất, nhà xưởng, nguyên liệu có thật tại xã"),
        ),
        law_of_bac_kan=_PLAN_LAW_OF_BAC_KAN,
    ),
    "appraise_plan": Guide(
        _("Thẩm định phương án"),
        _(
            "Phương án không được duyệt thì hoàn thiện và nộp lại hoặc để năm sau. Cấp thẩm định "
            "từ tháng 7/2025 chưa có văn bản quy định: đây là cấu hình của tỉnh."
        ),
        (
            _("Khả thi về kỹ thuật và thị trường"),
            _("Nguồn vốn rõ ràng, đúng quy định hỗ trợ"),
            _("Đáp ứng an toàn thực phẩm, môi trường"),
        ),
        law_of_three=_(
            "Bộ phận OCOP cấp huyện thẩm định phương án. Phương án không được duyệt thì hoàn thiện "
            "và nộp lại hoặc để năm sau."
        ),
        law_of_bac_kan=_(
            "Bộ phận OCOP cấp huyện thẩm định phương án. Phương án không được duyệt thì hoàn thiện "
            "và nộp lại hoặc để năm sau (QĐ 851/QĐ-UBND của Bắc Kạn, bước 3)."
        ),
    ),
    "implement": Guide(
        _("Theo dõi triển khai phương án"),
        _(
            "Chủ thể triển khai, cán bộ đến kiểm tra và hướng dẫn; các sở, ngành hỗ trợ theo bảy "
            "nội dung. Bước này có thể kéo dài qua năm sau."
        ),
        (
            _("Sản phẩm hoàn thiện, có bao bì và nhãn"),
            _("Giấy tờ của sản phẩm đã có hoặc đang xin cấp"),
            _("Đã ghi các lần kiểm tra và nội dung hỗ trợ"),
        ),
        law_of_bac_kan=_(
            "Chủ thể triển khai, cán bộ đến kiểm tra và hướng dẫn; các sở, ngành hỗ trợ theo bảy "
            "nội dung (QĐ 851/QĐ-UBND của Bắc Kạn, bảng 3). Bước này có thể kéo dài qua năm sau."
        ),
    ),
    "assemble_dossier": Guide(
        _("Lập và nộp hồ sơ đánh giá"),
        _(
            "Một bộ hồ sơ giấy và một bộ điện tử: phiếu đăng ký (Mẫu 01), báo cáo tự đánh giá (Mẫu "
            "02) kèm minh chứng theo thứ tự tiêu chí (QĐ 26/2026/QĐ-TTg, Điều 7 khoản 1). Nâng "
            "hạng phải nêu nội dung thay đổi."
        ),
        (
            _("Đủ tài liệu bắt buộc"),
            _("Mỗi điểm tự chấm có minh chứng"),
            _("Giấy tờ còn hiệu lực"),
        ),
        law_of_three=_(
            "Năm tài liệu bắt buộc: phiếu đăng ký, phương án, sơ đồ tổ chức, giấy đăng ký kinh "
            "doanh, năm sản phẩm mẫu (QĐ 1048/QĐ-TTg năm 2019); cùng các tài liệu bổ sung."
        ),
    ),
    "supplement": Guide(
        _("Bổ sung hồ sơ đánh giá"),
        _SUPPLEMENT_LAW,
        (
            _("Đã đủ từng nội dung được yêu cầu"),
            _("Tài liệu mới thay đúng tài liệu cũ"),
        ),
        law_of_three=_("Bổ sung đủ các nội dung đã yêu cầu, qua xã."),
    ),
    "check_dossier": Guide(
        _("Kiểm tra hồ sơ, lập báo cáo của xã"),
        _(
            "Xã kiểm tra, lập báo cáo (Mẫu 03) về nguồn gốc và nguyên liệu, lao động, nguồn gốc ý "
            "tưởng, bản sắc địa phương, nhận 5 sản phẩm mẫu (trừ du lịch) và chuyển hồ sơ trong 15 "
            "ngày làm việc từ ngày nhận (QĐ 26/2026/QĐ-TTg, Điều 7)."
        ),
        (
            _("Đủ tài liệu bắt buộc, còn hiệu lực"),
            _("Đã nhận đủ sản phẩm mẫu"),
            *_LABEL,
        ),
        law_of_three=_(
            "Hồ sơ qua xã rồi lên huyện. Kiểm tra đủ năm tài liệu bắt buộc (QĐ 1048/QĐ-TTg năm "
            "2019) và ghi nhận xét của xã."
        ),
    ),
    "sign_report": Guide(
        _("Ký báo cáo, chuyển hồ sơ"),
        _(
            "Lãnh đạo xã ký văn bản đề nghị (bắt buộc, QĐ 26/2026/QĐ-TTg, Điều 6.2.a) và báo cáo "
            "(Mẫu 03), chuyển hồ sơ lên tỉnh trong thời hạn 15 ngày làm việc của xã (Điều 7). Ngày "
            "của văn bản định đợt: trước 30/4 (đợt 1) hoặc 30/10 (đợt 2)."
        ),
        (_("Báo cáo đủ bốn nội dung"), _("Văn bản đề nghị đã có số, ngày")),
        law_of_three=_("Lãnh đạo xã ký, chuyển hồ sơ lên huyện."),
    ),
    "check_at_district": Guide(
        _("Kiểm tra hồ sơ tại huyện"),
        _("Cấp huyện kiểm tra hồ sơ trước khi đưa ra hội đồng."),
        (
            _("Đủ tài liệu bắt buộc, còn hiệu lực"),
            _("Minh chứng khớp với tiêu chí"),
            _("Có sản phẩm mẫu"),
        ),
        law_of_three=_(
            "Bộ phận OCOP cấp huyện kiểm tra, tổ giúp việc thẩm định hồ sơ trước khi hội đồng "
            "huyện họp (QĐ 1048/QĐ-TTg năm 2019). Gửi tài liệu cho thành viên trước 2 "
            "ngày làm việc."
        ),
    ),
    "evaluate_at_district": Guide(
        _("Ghi kết quả hội đồng huyện"),
        _COUNCIL_LAW,
        _COUNCIL_CHECKS,
        law_of_three=_COUNCIL_LAW_OF_THREE,
        law_of_bac_kan=_COUNCIL_LAW_OF_BAC_KAN,
    ),
    "forward_from_district": Guide(
        _("Đề nghị lên tỉnh"),
        _("Cấp huyện chuyển lên tỉnh hồ sơ đạt mức được đề nghị."),
        (_("Kết quả đạt mức được đề nghị"), _("Biên bản họp hội đồng huyện đã ký")),
        law_of_three=_(
            "Lên tỉnh khi từ 50 điểm (QĐ 1048/QĐ-TTg năm 2019). Không đề nghị thì nêu lý do."
        ),
        law_of_bac_kan=_(
            "Lên tỉnh khi từ 3 sao (QĐ 851/QĐ-UBND của Bắc Kạn). Không đề nghị thì nêu lý do."
        ),
    ),
    "check_at_province": Guide(
        _("Kiểm tra hồ sơ tại tỉnh"),
        _(
            "Tỉnh kiểm tra bộ giấy và bộ điện tử, yêu cầu bổ sung một lần nếu thiếu (QĐ "
            "26/2026/QĐ-TTg, Điều 7). Mọi hồ sơ của xã đều lên tỉnh; kết quả trước 30/6 (đợt 1) "
            "hoặc 30/12 (đợt 2)."
        ),
        (
            _("Có văn bản đề nghị và báo cáo của xã (Mẫu 03)"),
            _("Đủ tài liệu bắt buộc, còn hiệu lực"),
            _("Minh chứng khớp với tiêu chí"),
            _("Nhãn hàng hóa đã được xã kiểm tra"),
            _("Đủ sản phẩm mẫu"),
        ),
        law_of_three=_(
            "Văn phòng điều phối tỉnh kiểm tra hồ sơ do huyện đề nghị; tổ giúp việc thẩm định "
            "trước khi hội đồng tỉnh họp (QĐ 1048/QĐ-TTg năm 2019)."
        ),
    ),
    "evaluate_at_province": Guide(
        _("Ghi kết quả hội đồng tỉnh"),
        _COUNCIL_LAW,
        _COUNCIL_CHECKS,
        law_of_three=_COUNCIL_LAW_OF_THREE,
        law_of_bac_kan=_COUNCIL_LAW_OF_BAC_KAN,
    ),
    "propose_recognition": Guide(
        _("Trình quyết định công nhận"),
        _(
            "Chủ tịch tỉnh quyết định công nhận 3–4 sao; từ 90 điểm trình Bộ. Sản phẩm 1–2 sao "
            "không có quyết định và giấy chứng nhận; kết quả được thông báo bằng văn bản (QĐ "
            "26/2026/QĐ-TTg, Điều 7)."
        ),
        (_("Biên bản họp hội đồng tỉnh đã ký"), _("Dự thảo quyết định đã có")),
        law_of_three=_(
            "Chủ tịch tỉnh công nhận 3–4 sao, từ 90 điểm chuyển trung ương (QĐ "
            "1048/QĐ-TTg năm 2019)."
        ),
    ),
    "decide": Guide(
        _("Quyết định công nhận hoặc đề nghị trung ương"),
        _(
            "Chủ tịch tỉnh công nhận 3–4 sao, giấy chứng nhận có giá trị 36 tháng. Từ 90 điểm: đề "
            "nghị Bộ đánh giá 5 sao, trước 30/7 hoặc 30/1 (QĐ 26/2026/QĐ-TTg)."
        ),
        (_("Hạng sao đúng với biên bản của hội đồng"), _("Dự thảo quyết định đúng với tờ trình")),
        law_of_three=_(
            "Chủ tịch tỉnh công nhận 3–4 sao, giấy chứng nhận có giá trị 36 tháng; từ 90 điểm "
            "chuyển trung ương (QĐ 1048/QĐ-TTg năm 2019)."
        ),
    ),
    "await_centre": Guide(
        _("Ghi kết quả của trung ương"),
        _(
            "Bộ công nhận 5 sao. Nếu trung ương chấm dưới 90 điểm, tỉnh được công nhận 3–4 sao "
            "theo kết quả đó (QĐ 26/2026/QĐ-TTg). Kết quả của đợt trước 30/9 hoặc 30/3."
        ),
        (_("Có văn bản kết quả của trung ương"),),
        law_of_three=_("Bộ đánh giá và công nhận 5 sao (QĐ 1048/QĐ-TTg năm 2019)."),
    ),
    "promote": Guide(
        _("Xúc tiến thương mại sản phẩm"),
        _(
            "Sản phẩm từ 3 sao được đưa vào hội chợ, truyền thông, sàn thương mại điện tử và điểm "
            "bán. Mức hỗ trợ theo hạng sao chỉ áp dụng khi tỉnh có văn bản."
        ),
        (_("Đã ghi hoạt động và kết quả"), _("Tem, nhãn dùng đúng hạng sao")),
    ),
}


#: The button of who signs a decision, before it has its number.
SIGN = _("Đã ký, chờ văn thư vào số")
#: The same of what only the centre certifies: the province proposes it (đề nghị Bộ; Đ.7.4).
SIGN_FOR_CENTRE = _("Đã ký hồ sơ đề nghị Bộ, chờ văn thư vào số")


@dataclass(frozen=True)
class TermGuide:
    """A term of the law that no clock runs for (thời hạn chỉ để biết): what it is, who minds it.

    ``who`` are roles with their levels; its length and its origin are the edition's.
    """

    title: Any
    who: tuple[tuple[str, str], ...]


#: Code of a term -> its guidance; those with a clock have its title.
TERMS = {
    "D6": TermGuide(_("Nộp hồ sơ đánh giá lại"), (("officer", "commune"), ("officer", "province"))),
    "D10": TermGuide(
        _("Chuyển tiếp: xong đánh giá lần đầu, nâng hạng nộp trước ngày có hiệu lực"),
        (("officer", "province"),),
    ),
    "D11": TermGuide(
        _("Chuyển tiếp: xong đánh giá lại nộp trước ngày có hiệu lực"), (("officer", "province"),)
    ),
    "D12": TermGuide(
        _("Chuyển tiếp: giấy đã hết hạn còn giá trị trong khi chờ kết quả"),
        (("officer", "commune"), ("officer", "province")),
    ),
    "D14": TermGuide(
        _("Gửi tài liệu cho thành viên hội đồng"),
        (("council_office", "district"), ("council_office", "province")),
    ),
}

#: What a term of an edition is counted from (``from``), or must precede (``before``).
COUNTED = {
    "receipt": _("từ ngày nhận hồ sơ"),
    "complete_dossier": _("từ ngày hồ sơ đủ"),
    "conclusion": _("từ ngày kết luận"),
    "certificate": _("từ ngày cấp giấy chứng nhận"),
    "in_force": _("từ ngày văn bản có hiệu lực"),
    "expiry": _("từ ngày giấy chứng nhận hết hạn"),
}
PRECEDES = {
    "expiry": _("trước ngày giấy chứng nhận hết hạn"),
    "council_meeting": _("trước ngày họp hội đồng"),
}


def title_of_term(title: str) -> Any:
    """The title of a term in words; the term of a task has the task's node as its stored one."""
    return GUIDES[title].title if title in GUIDES else title

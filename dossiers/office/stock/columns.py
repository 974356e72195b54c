"""Which column of a sheet says what: proposed from the words above it (cột của danh sách)."""

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from cycle.models import fold
from cycle.sheets import Row, Sheet
from dossiers.models import StockKind
from dossiers.walk.running import STEPS

#: So many lines are searched for the heads.
SEARCHED = 40
#: Fewer columns known by their heads than this are no list of ours.
FEWEST = 2


@dataclass(frozen=True)
class Field:
    """Something that a list may say of a certificate; ``heads`` are what it is called, folded."""

    label: Any
    heads: tuple[str, ...]
    required: bool = False
    longest: int = 200


FIELDS: dict[str, Field] = {
    "product": Field(
        _("Tên sản phẩm"),
        ("ten san pham", "san pham ocop", "san pham", "ten sp", "ten san pham ocop"),
        required=True,
    ),
    "product_group": Field(
        _("Nhóm sản phẩm"),
        ("nhom san pham", "nganh hang", "nganh san pham", "nhom nganh", "phan nhom", "nhom",
         "nganh nhom san pham", "nhom nganh hang"),
        required=True,
    ),
    "code": Field(_("Mã số sản phẩm"), ("ma san pham", "ma so san pham", "ma sp"), longest=40),
    "producer": Field(
        _("Chủ thể"),
        ("chu the", "ten chu the", "chu the san xuat", "co so san xuat", "don vi san xuat",
         "ten co so", "chu co so", "ten chu the san xuat", "don vi chu the"),
        required=True,
    ),
    "owner_type": Field(
        _("Loại hình chủ thể"),
        ("loai hinh", "loai hinh chu the", "hinh thuc to chuc", "loai chu the"),
    ),
    "representative": Field(
        _("Người đại diện"),
        ("nguoi dai dien", "dai dien", "ho ten chu ho", "giam doc", "ho va ten"),
        longest=150,
    ),
    "phone": Field(
        _("Điện thoại"), ("dien thoai", "so dien thoai", "sdt", "dt", "lien he", "so dt"),
        longest=40,
    ),
    "address": Field(
        _("Địa chỉ"), ("dia chi", "noi san xuat", "thon ban", "dia diem", "dia chi san xuat"),
        longest=250,
    ),
    "commune": Field(
        _("Xã, phường"),
        ("xa", "xa phuong", "xa phuong thi tran", "ten xa", "phuong xa", "dia ban xa", "xa tt"),
        required=True,
    ),
    "district": Field(
        _("Huyện (cũ)"),
        ("huyen", "huyen thi xa thanh pho", "quan huyen", "ten huyen", "huyen tx tp",
         "huyen thi thanh pho", "dia ban huyen"),
    ),
    "registration_number": Field(
        _("Số đăng ký kinh doanh"),
        ("so dang ky kinh doanh", "dkkd", "ma so thue", "gcn dkkd", "so dkkd"), longest=40,
    ),
    "number": Field(
        _("Số giấy chứng nhận"),
        ("so giay chung nhan", "so gcn", "giay chung nhan so", "so hieu giay chung nhan",
         "gcn so", "giay chung nhan", "giay chung nhan so hieu"),
        longest=60,
    ),
    "issuer": Field(
        _("Cơ quan cấp"),
        ("co quan cap", "don vi cap", "co quan ban hanh", "noi cap", "cap cong nhan",
         "co quan cong nhan", "co quan quyet dinh", "giay chung nhan co quan cap",
         "quyet dinh co quan ban hanh", "cap quyet dinh", "co quan cap giay"),
    ),
    "decision_number": Field(
        _("Số quyết định công nhận"),
        ("so quyet dinh", "quyet dinh so", "so qd", "quyet dinh cong nhan so", "qd so",
         "quyet dinh cong nhan", "quyet dinh", "so quyet dinh cong nhan", "quyet dinh so ngay"),
        required=True,
        longest=120,
    ),
    "decision_on": Field(
        _("Ngày quyết định"),
        ("ngay quyet dinh", "quyet dinh ngay", "ngay qd", "quyet dinh cong nhan ngay",
         "ngay ky quyet dinh", "ngay ky", "ngay ban hanh", "quyet dinh ngay thang",
         "quyet dinh cong nhan ngay thang", "quyet dinh cong nhan ngay ky"),
    ),
    "signer": Field(
        _("Người ký quyết định"), ("nguoi ky", "quyet dinh nguoi ky", "nguoi ky quyet dinh"),
        longest=150,
    ),
    "issued_on": Field(
        _("Ngày cấp giấy"),
        ("ngay cap", "ngay cong nhan", "giay chung nhan ngay", "ngay gcn", "ngay cap giay",
         "giay chung nhan ngay cap", "thoi gian cong nhan", "ngay cap gcn",
         "ngay cap giay chung nhan", "thoi diem cong nhan"),
    ),
    "expires_on": Field(
        _("Ngày hết hạn"),
        ("ngay het han", "het han", "het hieu luc", "co gia tri den", "hieu luc den",
         "ngay het hieu luc", "gia tri den", "giay chung nhan het han",
         "giay chung nhan co gia tri den", "thoi han hieu luc", "thoi han"),
    ),
    "stars": Field(
        _("Hạng sao"),
        ("hang sao", "so sao", "hang", "sao", "phan hang", "xep hang", "dat hang",
         "hang san pham", "ket qua phan hang", "ket qua", "dat sao", "phan hang sao",
         "hang sao dat"),
        required=True,
    ),
    "edition": Field(
        _("Cấp theo quy định nào"),
        ("bo tieu chi", "quyet dinh ap dung", "ap dung", "theo quyet dinh", "quy dinh",
         "bo tieu chi ap dung", "quy dinh ap dung", "theo bo tieu chi"),
    ),
    "status": Field(
        _("Tình trạng"), ("trang thai", "tinh trang", "hien trang", "tinh trang giay chung nhan")
    ),
    "revoked_on": Field(_("Ngày thu hồi"), ("ngay thu hoi", "thu hoi ngay", "thu hoi")),
    "revocation": Field(
        _("Quyết định thu hồi"), ("quyet dinh thu hoi", "thu hoi quyet dinh", "qd thu hoi"),
        longest=120,
    ),
    "wish": Field(
        _("Nguyện vọng"),
        ("nguyen vong", "nhu cau", "nhu cau ho tro", "de xuat", "nguyen vong nhu cau",
         "nguyen vong cua chu the", "nhu cau tham gia", "kien nghi", "noi dung can ho tro"),
        # Of a cell no more than 1,000 signs are read.
        longest=900,
    ),
    "surveyed_on": Field(
        _("Ngày khảo sát"),
        ("ngay khao sat", "khao sat ngay", "thoi gian khao sat", "thoi diem khao sat"),
    ),
    "step": Field(
        _("Bước đang làm"),
        ("buoc dang lam", "buoc", "tinh trang", "tinh trang ho so", "tinh hinh thuc hien",
         "tien do", "trang thai", "ket qua thuc hien", "hien trang", "giai doan", "buoc thuc hien",
         "tien do thuc hien", "trang thai ho so"),
        required=True,
    ),
    "since": Field(
        _("Từ ngày"),
        ("tu ngay", "ngay chuyen buoc", "bat dau tu ngay", "ngay bat dau buoc", "thoi diem chuyen"),
    ),
    "case_type": Field(
        _("Loại hồ sơ"),
        ("loai ho so", "loai danh gia", "truong hop danh gia", "hinh thuc danh gia"),
    ),
    "idea_on": Field(
        _("Ngày nộp ý tưởng"),
        ("ngay nop y tuong", "ngay dang ky y tuong", "ngay dang ky", "y tuong ngay nop",
         "ngay nop phieu dang ky", "phieu dang ky ngay", "dang ky y tuong ngay"),
    ),
    "selected_on": Field(
        _("Ngày chấp nhận ý tưởng"),
        ("ngay chap nhan y tuong", "ngay chap nhan", "ngay chon y tuong", "chap nhan y tuong ngay",
         "y tuong ngay chap nhan"),
    ),
    "selected_number": Field(
        _("Văn bản chấp nhận ý tưởng"),
        ("van ban chap nhan y tuong", "so van ban chap nhan", "chap nhan y tuong so van ban",
         "van ban chap nhan", "chap nhan y tuong so"),
        longest=120,
    ),
    "plan_on": Field(
        _("Ngày nộp phương án"),
        ("ngay nop phuong an", "phuong an ngay nop", "ngay nop pa", "nop phuong an ngay"),
    ),
    "approved_on": Field(
        _("Ngày duyệt phương án"),
        ("ngay duyet phuong an", "ngay phe duyet phuong an", "phuong an ngay duyet",
         "ngay phe duyet", "duyet phuong an ngay", "ngay duyet"),
    ),
    "approved_number": Field(
        _("Số quyết định, kế hoạch duyệt phương án"),
        ("so quyet dinh duyet phuong an", "quyet dinh duyet phuong an", "so ke hoach",
         "quyet dinh phe duyet phuong an", "van ban duyet phuong an", "duyet phuong an so",
         "phuong an so quyet dinh", "so qd duyet phuong an", "so van ban duyet phuong an"),
        longest=120,
    ),
    "ready_on": Field(
        _("Ngày hoàn thành triển khai"),
        ("ngay hoan thanh trien khai", "hoan thanh trien khai ngay", "ngay hoan thanh",
         "trien khai ngay hoan thanh"),
    ),
    "submitted_on": Field(
        _("Ngày nộp hồ sơ đánh giá"),
        ("ngay nop ho so", "ngay nop ho so danh gia", "ho so ngay nop", "nop ho so ngay",
         "ngay nop hs"),
    ),
}  # fmt: skip

_WHO = (
    "product", "product_group", "producer", "owner_type", "representative", "phone", "address",
    "commune", "district",
)  # fmt: skip
#: What a list of each kind may say.
OF_KIND: dict[str, frozenset[str]] = {
    StockKind.CERTIFICATES: frozenset(
        (
            *_WHO, "code", "registration_number", "number", "issuer", "decision_number",
            "decision_on", "signer", "issued_on", "expires_on", "stars", "edition", "status",
            "revoked_on", "revocation",
        )
    ),
    StockKind.POTENTIAL: frozenset((*_WHO, "wish", "surveyed_on")),
    StockKind.RUNNING: frozenset(
        (
            *_WHO, "code", "registration_number", "step", "since", "case_type", *STEPS,
            "selected_number", "approved_number", "signer",
        )
    ),
}  # fmt: skip
#: Columns without which no line of a list can be right, beside where its producer is.
NEEDED: dict[str, tuple[str, ...]] = {
    StockKind.CERTIFICATES: ("product", "producer", "stars", "decision_number"),
    StockKind.POTENTIAL: ("product", "producer"),
    StockKind.RUNNING: ("product", "producer", "step"),
}


def fields_of(kind: str) -> dict[str, Field]:
    """What a list of this kind may say, in the order of :data:`FIELDS`."""
    return {name: each for name, each in FIELDS.items() if name in OF_KIND[kind]}


_EQUAL = 1000


def head_words(text: object) -> str:
    """The words of a head, folded: «Hạng sao\\n(3-5)» → «hang sao 3 5»."""
    return " ".join(re.findall(r"[a-z0-9]+", fold(str(text))))


@lru_cache(maxsize=4096)
def _fits(head: str, kind: str) -> tuple[tuple[str, int], ...]:
    """(field, how well) of what a head may name."""
    words = head_words(head)
    scores = ((name, _score(words, each.heads)) for name, each in fields_of(kind).items())
    return tuple((name, score) for name, score in scores if score)


def _score(words: str, heads: tuple[str, ...]) -> int:
    """How well a head fits a field: as it is called, or how long a name of it stands inside."""
    if words in heads:
        return _EQUAL
    inside = [head for head in heads if f" {head} " in f" {words} "]
    # A long sentence that happens to name a thing is no head.
    return max(map(len, inside), default=0) if len(words) <= 80 else 0


def propose(heads: list[str], kind: str = StockKind.CERTIFICATES) -> dict[str, int]:
    """The column of each field that the heads name; one that no column fits is left out."""
    fits = sorted(
        (
            (-score, column, name)
            for column, head in enumerate(heads)
            for name, score in _fits(head, kind)
        ),
    )
    found: dict[str, int] = {}
    for _fit, column, name in fits:
        if name not in found and column not in found.values():
            found[name] = column
    return found


@dataclass
class Heads:
    """Where the heads of a sheet stand, what they say, and what is proposed of them."""

    line: int = 0
    #: The first line of data.
    first: int = 1
    words: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for two sheets with the same heads."""
        text = "\n".join(head_words(word) for word in self.words)
        return hashlib.sha256(text.encode()).hexdigest()


def find(sheet: Sheet, kind: str = StockKind.CERTIFICATES) -> Heads:
    """The heads of a sheet, one to three lines of them; an empty one where nothing fits."""
    best, best_value = Heads(first=sheet.rows[0].line if sheet.rows else 1), 0.0
    lines = sheet.rows[:SEARCHED]
    for start, first in enumerate(lines):
        for height in (1, 2, 3):
            chosen = lines[start : start + height]
            if len(chosen) < height or chosen[-1].line - first.line >= height:
                continue
            words = _words(sheet, chosen)
            columns = propose(words, kind)
            exact = sum(
                dict(_fits(words[column], kind))[name] == _EQUAL for name, column in columns.items()
            )
            # A line of data below the heads makes them no better, it makes them longer.
            value = len(columns) + exact / 2 - (height - 1) * 0.75
            if len(columns) >= FEWEST and value > best_value:
                best_value = value
                best = Heads(first.line, chosen[-1].line + 1, words, columns)
    if best_value:
        best.first = _after_numbers(lines, best.first)
    return best


def _words(sheet: Sheet, rows: list[Row]) -> list[str]:
    """The words above each column: of a group of columns, then its own."""
    above: list[list[str]] = [[] for _column in range(sheet.width)]
    for row, below in zip(rows, [*rows[1:], None], strict=True):
        texts = [str(cell) for cell in row.cells] + [""] * (sheet.width - len(row.cells))
        for top, left, bottom, right in sheet.merged:
            if top <= row.line <= bottom and left < len(texts):
                first = next((each for each in rows if each.line == top), None)
                text = str(first.cells[left]) if first and left < len(first.cells) else ""
                for column in range(left, min(right + 1, len(texts))):
                    texts[column] = text
        if below is not None and not sheet.merged:
            # Of CSV nobody knows what was merged: a group stands above the heads to its right.
            under = {column for column, _text in below.said()}
            for column in range(1, len(texts)):
                if not texts[column] and {column - 1, column} <= under:
                    texts[column] = texts[column - 1]
        for column, text in enumerate(texts):
            if text and (not above[column] or above[column][-1] != text):
                above[column].append(text)
    return [" ".join(words)[:200] for words in above]


def _after_numbers(lines: list[Row], first: int) -> int:
    """The line after one that numbers the columns: (1) (2) (3), A B 1 2."""
    for row in lines:
        if row.line == first:
            said = [str(cell).strip("() ") for _column, cell in row.said()]
            if len(said) > 2 and all(re.fullmatch(r"[0-9]{1,2}|[A-Z]", each) for each in said):
                return first + 1
    return first

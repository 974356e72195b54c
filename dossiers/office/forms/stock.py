"""What is asked while a list of recognised products comes in (nhập danh sách)."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, documents
from cycle.fields import CountField, DateField, NameField
from cycle.models import Cycle, Document, Level, OrgUnit, User, check_symbol
from cycle.sheets import MAX_BYTES, MAX_LINES
from cycle.units import Units, UnitUnknown
from dossiers.forms.fields import FindSelect, PlainPart, RowField, polish
from dossiers.forms.uploads import ScanField, hold_for
from dossiers.models import (
    Edition,
    OwnerType,
    Product,
    ProductGroup,
    RowKind,
    StockBatch,
    StockKind,
)
from dossiers.office.stock.columns import FIELDS, NEEDED, fields_of

SHEETS = ".xlsx,.xls,.ods,.csv,.txt"


class SheetField(forms.FileField):
    """A sheet of any kind that is read; its content is looked at, not its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, widget=forms.FileInput(attrs={"accept": SHEETS}), **kwargs)
        self.error_messages |= {
            "empty": _("Tệp này rỗng, xin chọn lại."),
            "invalid": _("Không đọc được tệp, xin chọn lại."),
            "missing": _("Không đọc được tệp, xin chọn lại."),
            "max_length": _("Tên tệp quá dài, xin đặt lại tên."),
        }

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        if upload and upload.size > MAX_BYTES:
            raise ValidationError(
                _("Tệp nặng quá %(limit)s MB: hãy chỉ giữ trang danh sách rồi gửi lại."),
                params={"limit": MAX_BYTES // 1024**2},
            )
        return upload


class UploadForm(PlainPart):
    """The list itself."""

    file = SheetField(
        label=_("Tệp danh sách"),
        help_text=_(
            "Excel (xlsx, xls), OpenDocument hoặc CSV; chưa ghi gì cho đến khi bạn xác nhận."
        ),
    )


class FirstUploadForm(UploadForm):
    """The list, and what it is a list of."""

    kind = forms.ChoiceField(label=_("Danh sách gì"), choices=StockKind, required=False)
    field_order = ("kind", "file")

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or StockKind.CERTIFICATES


class SheetForm(PlainPart):
    """Which sheet of the file."""

    sheet = forms.ChoiceField(label=_("Trang tính"))

    def __init__(self, *args: Any, batch: StockBatch, **kwargs: Any) -> None:
        super().__init__(*args, initial={"sheet": batch.sheet}, **kwargs)
        self.fields["sheet"].choices = [(name[:200], name) for name in batch.sheets]


class ColumnsForm(PlainPart):
    """What each column says, as proposed and as it is."""

    first_line = CountField(label=_("Dữ liệu bắt đầu từ dòng"), min_value=1, max_value=MAX_LINES)

    def __init__(self, *args: Any, batch: StockBatch, **kwargs: Any) -> None:
        super().__init__(*args, initial={"first_line": batch.first_line}, **kwargs)
        self.kind = batch.kind
        of = {column: name for name, column in batch.columns.items()}
        choices = [
            ("", _("— không dùng —")),
            *((name, each.label) for name, each in fields_of(batch.kind).items()),
        ]
        self.columns: list[tuple[dict, str]] = []
        for number, head in enumerate(batch.heads):
            name = f"column{number}"
            self.fields[name] = forms.ChoiceField(
                label=format_lazy(_("Cột {name}"), name=head["name"]),
                choices=choices,
                required=False,
                initial=of.get(number, ""),
                widget=forms.Select(attrs={"class": "form-select"}),
                error_messages={"invalid_choice": _("Lựa chọn này không có trong danh sách.")},
            )
            self.columns.append((head, name))

    def rows(self) -> list[tuple[dict, Any]]:
        """Each column with its field."""
        return [(head, self[name]) for head, name in self.columns]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        found: dict[str, int] = {}
        for number, (_head, name) in enumerate(self.columns):
            chosen = data.get(name)
            if not chosen:
                continue
            if chosen in found:
                self.add_error(
                    name,
                    _now("«%(field)s» đã chọn cho cột khác.") % {"field": FIELDS[chosen].label},
                )
            found[chosen] = number
        missing = [str(FIELDS[name].label) for name in NEEDED[self.kind] if name not in found]
        if not {"commune", "address"} & set(found):
            missing.append(str(FIELDS["commune"].label))
        if missing and not self.errors:
            raise ValidationError(
                _now("Chưa có cột: %(names)s. Hãy chọn cột, hoặc thêm cột vào danh sách.")
                % {"names": ", ".join(missing)}
            )
        data["columns"] = found
        return data


class AnswersForm(PlainPart):
    """What a name means, once for the whole list; and whether what is here already is left out."""

    skip_known = forms.BooleanField(label=_("Bỏ qua các dòng đã có trong hệ thống"), required=False)

    def __init__(self, *args: Any, batch: StockBatch, **kwargs: Any) -> None:
        super().__init__(*args, initial={"skip_known": batch.skip_known}, **kwargs)
        self.batch = batch
        communes = [
            (unit.pk, unit.name)
            for unit in OrgUnit.objects.valid_on(clock.today())
            .filter(level=Level.COMMUNE, parent=batch.org_unit)
            .order_by("sort_key")
        ]
        self.communes = dict(communes)
        if batch.kind == StockKind.RUNNING:
            open_years = Cycle.objects.by_day(clock.today()).filter(closed_on=None)
            if len(open_years) > 1:
                self.fields["into"] = RowField(
                    open_years, label=_("Hồ sơ của chu trình"), initial=batch.into_id
                )
        for number, question in enumerate(batch.questions):
            of_step = question.get("of") == "step"
            options = [(pk, label) for pk, label in question["options"]]
            near = {pk for pk, _label in options}
            others = [each for each in communes if each[0] not in near]
            self.fields[f"answer{number}"] = forms.TypedChoiceField(
                label=question["text"],
                help_text=self.why(question),
                choices=[("", _("— Chọn bước đang làm —")), *options]
                if of_step
                else [
                    ("", _("— Chọn xã, phường nay —")),
                    *options,
                    (_("Xã, phường khác"), others),
                ],
                coerce=str if of_step else int,
                empty_value=None,
                required=False,
                initial=question.get("answer", "")
                if of_step
                else batch.answers.get(question["key"], ""),
                widget=forms.Select(attrs={"class": "form-select"}),
                error_messages={"invalid_choice": _("Lựa chọn này không có trong danh sách.")},
            )
            FindSelect.instead(self.fields[f"answer{number}"])
            if not of_step:
                self.fields[f"elsewhere{number}"] = forms.CharField(
                    label=_("Trừ các dòng thuộc xã, phường khác"),
                    help_text=_("Số dòng rồi tên xã nay, cách nhau bằng «;»: 12 Xã A; 15 Xã B"),
                    max_length=1000,
                    required=False,
                    widget=forms.TextInput(attrs={"class": "form-control"}),
                    initial="; ".join(f"{line} {name}" for line, name in question["elsewhere"]),
                )
        for field in self.fields.values():
            polish(field)

    @staticmethod
    def why(question: dict[str, Any]) -> str:
        """Why it is asked, and of how many lines."""
        lines = ", ".join(map(str, question["lines"]))
        told = {"count": question["count"], "lines": lines}
        if question.get("of") == "step":
            return _now("%(count)s dòng (%(lines)s…) ghi như vậy.") % told
        if question["like"]:
            return _now("Không tìm thấy tên này; %(count)s dòng (%(lines)s…).") % told
        return _now("Nay thuộc nhiều xã, phường; %(count)s dòng (%(lines)s…).") % told

    def questions(self) -> list[Any]:
        """The fields of the questions."""
        names = (
            name
            for number in range(len(self.batch.questions))
            for name in (f"answer{number}", f"elsewhere{number}")
        )
        return [self[name] for name in names if name in self.fields]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.rows: dict[str, int] = {}
        for number, question in enumerate(self.batch.questions):
            for part in re.split(r"[;\n]", data.get(f"elsewhere{number}") or ""):
                if part.strip():
                    self._elsewhere(f"elsewhere{number}", part.strip(), question)
        return data

    def _elsewhere(self, field: str, part: str, question: dict[str, Any]) -> None:
        """One line that lies in another commune: «12 Xã Nà Tấu»."""
        found = re.fullmatch(r"(?:dòng\s*)?([0-9]{1,6})\s*[:.=-]?\s*(\S.*)", part, re.IGNORECASE)
        if found is None:
            self.add_error(
                field, _now("«%(part)s»: hãy ghi số dòng rồi tên xã.") % {"part": part[:60]}
            )
            return
        line, name = int(found[1]), found[2]
        if not self.batch.rows.filter(line=line, kind=RowKind.DATA).exists():
            self.add_error(field, _now("Danh sách không có dòng %(line)s.") % {"line": line})
            return
        try:
            unit = Units(clock.today(), among=set(self.communes)).meant(name)
        except UnitUnknown as unknown:
            self.add_error(field, str(unknown))
        else:
            self.rows[f"row:{line}"] = unit.pk

    def answers(self) -> dict[str, Any]:
        """What was answered, with what was before; of single lines only what is said now."""
        found = {
            key: said for key, said in self.batch.answers.items() if not key.startswith("row:")
        }
        for number, question in enumerate(self.batch.questions):
            if answer := self.cleaned_data.get(f"answer{number}"):
                found[question["key"]] = answer
        return found | self.rows

    def settled(self) -> dict[str, Any]:
        """What the list is checked with."""
        said = {"answers": self.answers(), "skip_known": self.cleaned_data["skip_known"]}
        return said | {name: self.cleaned_data[name] for name in ("into",) if name in self.fields}


#: A field of the document that a list comes with -> its field here: beside the number of a
#: certificate, its name says whose number it is.
OF_PAPER = {
    "number": "document_number",
    "signed_on": "document_on",
    "body": "document_body",
    "signer": "document_signer",
    "signer_capacity": "document_capacity",
}


class PaperForm(PlainPart):
    """The document that the list comes with: the paper of all that it brings in."""

    not_future: tuple = ("document_on",)
    document_number = forms.CharField(label=_("Số và ký hiệu văn bản"), max_length=60)
    document_on = DateField(label=_("Ngày ký"))
    document_body = forms.CharField(
        label=_("Cơ quan ban hành"),
        max_length=200,
        required=False,
        help_text=_("Để trống nếu là văn bản của tỉnh."),
    )
    document_signer = forms.CharField(label=_("Người ký"), max_length=150)
    document_capacity = forms.CharField(label=_("Chức vụ người ký"), max_length=150)
    scan = ScanField(
        label=_("Bản chụp văn bản"), help_text=_("PDF hoặc ảnh, của văn bản kèm danh sách này.")
    )

    def __init__(
        self, *args: Any, user: User, batch: StockBatch | None = None, **kwargs: Any
    ) -> None:
        """``batch`` may have its paper from an entry that was refused: it is kept."""
        its = batch.paper if batch is not None else None
        said = {mine: getattr(its, name) for name, mine in OF_PAPER.items()} if its else {}
        super().__init__(*args, initial=said, **kwargs)
        hold_for(user, self)
        if its is not None and its.scan_sha256:
            self.fields["scan"].required = False
            self.fields["scan"].help_text = _now("Đã có «%(name)s»; chọn tệp khác để thay.") % {
                "name": its.scan_filename
            }

    def clean_document_number(self) -> str:
        number = self.cleaned_data["document_number"]
        try:
            check_symbol(number, "document_number")
        except ValidationError as error:
            raise ValidationError(error.messages) from None
        if not re.search(r"[0-9]", number):
            raise ValidationError(_("Số văn bản phải có chữ số."))
        return number

    def paper(self) -> Document:
        """The document as typed, unsaved, its scan staged."""
        said = {name: self.cleaned_data[mine] for name, mine in OF_PAPER.items()}
        made = Document(outside=said.pop("body"), **said)
        if staged := self.cleaned_data["scan"]:
            made.hold(staged)
        return made

    def refuse_paper(self, refused: ValidationError) -> None:
        """Say what the ledger refuses at the fields here."""
        for name, sentences in refused.message_dict.items():
            mine = OF_PAPER.get(name, "scan" if name == documents.SCAN else None)
            self.add_error(mine, sentences)


class AgainForm(PlainPart):
    """A button alone: the list is checked once more as it is."""


class StrikeForm(PlainPart):
    """Why a batch is struck out."""

    reason = forms.CharField(
        label=_("Lý do gạch bỏ"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


def _text(name: str, **kwargs: Any) -> NameField:
    field = FIELDS[name]
    return NameField(
        label=field.label,
        max_length=field.longest,
        required=kwargs.pop("required", field.required),
        **kwargs,
    )


def _day(name: str, **kwargs: Any) -> DateField:
    return DateField(label=FIELDS[name].label, **{"required": False} | kwargs)


def _one_of(name: str, choices: Any, **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=FIELDS[name].label, choices=[("", _("— Chọn —")), *choices], **kwargs
    )


class GivenForm(PaperForm):
    """The certificate that a product was given before (giấy đã cấp), typed from the paper."""

    number = _text("number")
    issuer = _text("issuer", help_text=_("UBND tỉnh, UBND huyện nào, hoặc Bộ."))
    decision_number = _text("decision_number")
    decision_on = _day("decision_on", required=True)
    signer = _text("signer")
    issued_on = _day("issued_on")
    expires_on = _day("expires_on", help_text=_("Để trống: 36 tháng từ ngày cấp."))
    stars = _one_of("stars", [(n, f"{n} ★") for n in (3, 4, 5)])
    edition = _one_of("edition", Edition.choices, required=False)

    not_future: tuple = ("document_on", "decision_on", "issued_on")
    of_given = (
        "stars", "number", "issuer", "decision_number", "decision_on", "signer", "issued_on",
        "expires_on", "edition",
    )  # fmt: skip
    of_paper = (
        "document_number", "document_on", "document_body", "document_signer", "document_capacity",
        "scan",
    )  # fmt: skip

    def said(self, *names: str) -> dict[str, Any]:
        """What was typed into these fields, the empty ones left out."""
        found = {name: self.cleaned_data.get(name) for name in names}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def given(self) -> list[Any]:
        """The fields, in the order of the page."""
        return [self[name] for name in (*self.of_given, *self.of_paper)] + self.asked()

    def ask(self, unusual: Sequence[str]) -> None:
        """Ask for a tick at each of these sentences: what is unusual, and may yet be so on paper.
        A tick is given to its sentence, not to whatever comes next.
        """
        if not unusual:
            return
        choices = [(sha256(str(each).encode()).hexdigest()[:16], str(each)) for each in unusual]
        field = forms.MultipleChoiceField(
            label=_("Điều khác thường: đúng như trên giấy thì đánh dấu"),
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        polish(field)
        self.fields["agreed"] = field
        ticked = set(self["agreed"].data or ())
        if any(key not in ticked for key, _said in choices):
            self.add_error(
                "agreed",
                _("Hãy xem lại từng điều; đúng như trên giấy thì đánh dấu rồi ghi lần nữa."),
            )

    def asked(self) -> list[Any]:
        """The field of :meth:`ask`, if something was unusual."""
        return [self["agreed"]] if "agreed" in self.fields else []

    def raw(self, product: Product | None, opening: Mapping[str, Any]) -> dict[str, Any]:
        """The cells of its one line: the product and its maker, known or as typed in ``opening``,
        the clean data of the form of the dossier.
        """
        maker = product.producer if product is not None else opening["producer"]
        return self.said(*self.of_given) | {
            "product": product.name if product is not None else opening["product_name"],
            "product_group": product.group if product is not None else opening["group"],
            "producer": maker.name if maker is not None else opening["producer_name"],
            "owner_type": maker.owner_type if maker is not None else opening["owner_type"],
            "commune": (maker.commune if maker is not None else opening["commune"]).code,
        }


class OneForm(GivenForm):
    """One certificate of before, typed from the paper itself."""

    product = _text("product")
    product_group = _one_of("product_group", ProductGroup.choices)
    producer = _text("producer")
    owner_type = _one_of("owner_type", OwnerType.choices)
    representative = _text("representative")
    phone = _text("phone")
    commune = _text("commune", help_text=_("Tên nay hoặc trước sắp xếp."))
    district = _text("district")
    address = _text("address")
    revoked_on = _day("revoked_on")
    revocation = _text("revocation")

    not_future = ("document_on", "decision_on", "issued_on", "revoked_on")
    #: In the order of the page.
    of_product = ("product", "product_group", "stars")
    of_producer = (
        "producer", "owner_type", "representative", "phone", "commune", "district", "address",
    )  # fmt: skip
    of_certificate = (
        "number", "issuer", "decision_number", "decision_on", "signer", "issued_on", "expires_on",
        "edition", "revoked_on", "revocation",
    )  # fmt: skip

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """The fields under their headings."""
        return [
            (legend, [self[name] for name in names])
            for legend, names in (
                (_("Sản phẩm"), self.of_product),
                (_("Chủ thể"), self.of_producer),
                (_("Giấy chứng nhận"), self.of_certificate),
                (_("Văn bản làm căn cứ nhập"), self.of_paper),
            )
        ] + ([(_("Xem lại"), self.asked())] if self.asked() else [])

    def cells(self) -> dict[str, Any]:
        """The cells of its one line."""
        return self.said(*self.of_product, *self.of_producer, *self.of_certificate)

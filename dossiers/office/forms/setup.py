"""What an administrator says once, when an installation begins."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cycle import provinces
from cycle.fields import PhoneField
from cycle.models import User
from cycle.written import EVER
from dossiers.forms.fields import DateField, PlainPart, polish, refuse
from dossiers.forms.shown import Corrects
from dossiers.forms.uploads import TableField, hold_for
from dossiers.office.forms.people import email_field


class ProvinceForm(PlainPart):
    """Which province this installation is for."""

    province = forms.ChoiceField(label=_("Tỉnh, thành phố"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["province"].choices = [("", _("Chọn tỉnh")), *provinces.choices()]


class UnitSheetForm(PlainPart):
    """The units from a spreadsheet, where the national list does not do."""

    file = TableField(
        label=_("Bảng đơn vị (XLSX, XLS, CSV)"),
        help_text=_("Các cột: Mã, Tên, Cấp (tỉnh, huyện, xã), Mã cấp trên."),
    )
    since = DateField(label=_("Có từ ngày"), lowest=EVER)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hold_for(user, self)


class OfficeContactForm(Corrects, PlainPart):
    """Whom to call who cannot sign in."""

    name = forms.CharField(
        label=_("Gọi ai"), max_length=150, help_text=_("Tên người hoặc văn phòng.")
    )
    phone = PhoneField(label=_("Điện thoại"), required=False)
    email = email_field(help_text="")

    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.errors and not (
            self.cleaned_data.get("phone") or self.cleaned_data.get("email")
        ):
            self.add_error("phone", _("Hãy nhập số điện thoại hoặc thư điện tử."))
        return cleaned


class SplitForm(PlainPart):
    """Which successor has the business of each split commune; a field for each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units = {f"unit_{unit.pk}": unit for unit in provinces.split()}
        for name, unit in self.units.items():
            heirs = {str(each.pk): each for each in unit.successors.all()}
            wanted = unit.main_successor or provinces.proposed(unit)
            above = f", {unit.parent}" if unit.parent else ""
            self.fields[name] = forms.ChoiceField(
                label=f"{unit}{above}",
                required=False,
                widget=forms.Select({"class": "form-select"}),
                choices=[("", _("Chưa chọn")), *((pk, str(each)) for pk, each in heirs.items())],
                initial=str(wanted.pk) if wanted else "",
                help_text=""
                if unit.main_successor or wanted is None
                else _("Đề xuất vì cùng tên; chưa lưu."),
            )
        self.fields["document"] = forms.CharField(
            label=_("Số, ngày văn bản"),
            max_length=120,
            required=False,
            widget=forms.TextInput({"class": "form-control"}),
            help_text=_("Bắt buộc khi xã cũ đã có hồ sơ, sản phẩm trong hệ thống."),
        )
        for field in self.fields.values():
            polish(field)

    def save(self, by: User) -> int | None:
        """How many changed, or None when it was refused."""
        chosen = {}
        for name, unit in self.units.items():
            heirs = {str(each.pk): each for each in unit.successors.all()}
            chosen[unit] = heirs.get(self.cleaned_data[name])
        try:
            return provinces.choose_successors(
                chosen, by=by, document=self.cleaned_data["document"]
            )
        except provinces.ProvinceRefused as refused:
            self.add_error(None, str(refused))
        except ValidationError as refused:
            refuse(self, refused)
        return None

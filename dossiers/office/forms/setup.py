"""What an administrator says once, when an installation begins."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cycle import provinces
from dossiers.forms.fields import DateField, PlainPart
from dossiers.office.forms.people import FILE_MESSAGES, PhoneField, email_field


class ProvinceForm(PlainPart):
    """Which province this installation is for."""

    province = forms.ChoiceField(label=_("Tỉnh, thành phố"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["province"].choices = [("", _("Chọn tỉnh")), *provinces.choices()]


class UnitSheetForm(PlainPart):
    """The units from a spreadsheet, where the national list does not do."""

    file = forms.FileField(
        label=_("Bảng đơn vị (XLSX, XLS, CSV)"),
        help_text=_("Các cột: Mã, Tên, Cấp (tỉnh, huyện, xã), Mã cấp trên."),
    )
    since = DateField(label=_("Có từ ngày"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].error_messages |= FILE_MESSAGES


class OfficeContactForm(PlainPart):
    """Whom to call who cannot sign in."""

    name = forms.CharField(
        label=_("Gọi ai"), max_length=150, help_text=_("Tên người hoặc văn phòng.")
    )
    phone = PhoneField(label=_("Điện thoại"), required=False)
    email = email_field(help_text="")

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not (self.cleaned_data["phone"] or self.cleaned_data["email"]):
            self.add_error("phone", _("Hãy nhập số điện thoại hoặc thư điện tử."))
        return cleaned

"""What is asked of who has no password, or forgot it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from dossiers.forms.fields import PlainPart


def _code(label: Any, most: int, help_text: Any, **attrs: str) -> forms.CharField:
    """A box for a code of ours, filled from the address that brought one."""
    box = {"autocomplete": "off", "spellcheck": "false", "data-slip-code": "", **attrs}
    return forms.CharField(
        label=label, max_length=most, widget=forms.TextInput(box), help_text=help_text
    )


class ChooseForm(PlainPart):
    """The password that an account's owner chooses."""

    password1 = forms.CharField(
        label=_("Mật khẩu của bạn"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("Ít nhất 8 ký tự và không phải mật khẩu quá phổ biến."),
    )
    password2 = forms.CharField(
        label=_("Nhập lại mật khẩu"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_password1(self) -> str:
        password = self.cleaned_data["password1"]
        password_validation.validate_password(password)
        return password

    def clean(self) -> Any:
        cleaned = super().clean()
        first, second = (self.cleaned_data.get(f"password{n}") for n in (1, 2))
        if first and second and first != second:
            self.add_error("password2", _now("Hai lần nhập mật khẩu chưa giống nhau."))
        return cleaned


class ActivationForm(ChooseForm):
    """The code of a slip, and the password."""

    code = _code(
        _("Mã trên phiếu"),
        60,
        _("16 chữ và số; gõ chữ thường hay chữ hoa, có hay không có gạch đều được."),
        autocapitalize="characters",
    )
    field_order = ["code"]


class NewPasswordForm(ChooseForm):
    """The code of a letter, and the password."""

    code = _code(
        _("Mã trong thư"),
        120,
        _("Chép cả dòng mã trong thư vào đây."),
        autocapitalize="none",
    )
    field_order = ["code"]


class ForgottenForm(PlainPart):
    """Whose password is forgotten."""

    account = forms.CharField(
        label=_("Tên đăng nhập hoặc thư điện tử"),
        max_length=254,
        widget=forms.TextInput(
            {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

"""A password of one's own: by a slip on paper, or a new one by mail (kích hoạt, quên mật khẩu)."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from cycle import forgotten as letters
from cycle import slips
from cycle.models import User, Visitor
from cycle.visiting import address
from dossiers.office.forms.password import (
    ActivationForm,
    ChooseForm,
    ForgottenForm,
    NewPasswordForm,
)

#: How often one address may ask for letters, in how many seconds.
LIMIT, WINDOW = 5, 60
#: How often one address may send a code in that time. A room full of new officers has one address,
#: and a code has 79 bits: this bounds the work, not the guessing.
CODES = 60


def _choosing(
    request: HttpRequest,
    form_class: type[ChooseForm],
    redeem: Callable[[str, str], User],
    template: str,
) -> HttpResponseBase:
    """The page on which a code and a password are typed."""
    form = form_class(request.POST or None)
    if form.is_bound and Visitor.asks(f"code {address(request)}", window=WINDOW) > CODES:
        form.add_error(None, _("Máy này gửi mã quá nhiều lần. Hãy đợi một phút rồi thử lại."))
        response = render(request, template, {"form": form}, status=429)
        response.headers["Retry-After"] = str(WINDOW)
        return response
    if form.is_valid():
        try:
            found = redeem(form.cleaned_data["code"], form.cleaned_data["password1"])
        except (slips.SlipRefused, letters.CodeRefused) as refused:
            form.add_error("code", str(refused))
        else:
            messages.success(
                request,
                _("Xong. Hãy đăng nhập với tên «%(username)s» và mật khẩu bạn vừa chọn.")
                % {"username": found.username},
            )
            return redirect("account_login")
    return render(request, template, {"form": form})


@sensitive_post_parameters()
@never_cache
def activate(request: HttpRequest) -> HttpResponseBase:
    """Choose a password with the code of a slip, without an account yet (kích hoạt)."""
    return _choosing(request, ActivationForm, slips.redeem, "account/activate.html")


@sensitive_post_parameters()
@never_cache
def new_password(request: HttpRequest) -> HttpResponseBase:
    """Choose another password with the code of a letter (đặt lại mật khẩu)."""
    return _choosing(request, NewPasswordForm, letters.redeem, "account/new_password.html")


@never_cache
def forgotten(request: HttpRequest) -> HttpResponseBase:
    """Ask for a letter (quên mật khẩu): the same answer whether there is such an account or not."""
    form = ForgottenForm(request.POST or None)
    asked, status = False, 200
    if letters.possible() and form.is_valid():
        if Visitor.asks(f"password {address(request)}", window=WINDOW) > LIMIT:
            form.add_error(None, _("Bạn hỏi quá nhiều lần. Hãy đợi một phút rồi thử lại."))
            status = 429
        else:
            letters.ask(form.cleaned_data["account"])
            asked = True
    response = render(
        request,
        "account/forgotten.html",
        {"form": form, "asked": asked, "possible": letters.possible()},
        status=status,
    )
    if status == 429:
        response.headers["Retry-After"] = str(WINDOW)
    return response

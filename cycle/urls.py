"""All addresses."""

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

from cycle import views
from cycle.admin import SecondFactorAdmin

# One way to sign in: the administration has no door of its own past the lockout.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# The engine's own tables stay empty, for walks and tasks are models of ours.
admin.site.unregister(
    filter(admin.site.is_registered, apps.get_app_config("viewflow").get_models())
)

# Locked sign-ins open by themselves; our accounts keep their address themselves.
for _app in ("axes", "account"):
    admin.site.unregister(filter(admin.site.is_registered, apps.get_app_config(_app).get_models()))

# A second factor is taken from who lost it, never read or typed: its data is a secret.
admin.site.unregister(Authenticator)
admin.site.register(Authenticator, SecondFactorAdmin)

# Accounts are given by the administrator: allauth asks for these addresses, nobody signs up.
closed = TemplateView.as_view(template_name="account/closed.html")

handler500 = "cycle.views.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dossiers:inbox"), name="home"),
    path("", include("dossiers.urls")),
    path("", include("councils.urls")),
    path("", include("notifications.urls")),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    # Who was left without a password by the administrator asks there for another.
    path("accounts/password/set/", closed, name="account_set_password"),
    path("accounts/inactive/", closed, name="account_inactive"),
    path("accounts/signup/", closed, name="account_signup"),
    path(
        "accounts/password/reset/",
        RedirectView.as_view(pattern_name="dossiers:forgotten"),
        name="account_reset_password",
    ),
    path("accounts/email/", closed, name="account_email"),
    path("profile/", views.profile, name="profile"),
    path("rubrics/", views.rubrics, name="rubrics"),
    path("rubrics/<int:pk>/", views.rubric, name="rubric"),
    path("language/", views.language, name="language"),
    path("healthz", views.ready, name="healthz"),
    path("healthz/live", views.live, name="live"),
    path("admin/", admin.site.urls),
]

# Of 403, 404 and 500 the templates are enough; those refused unread are told apart.
handler400 = "cycle.views.bad_request"

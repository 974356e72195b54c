from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Thông báo")

    def ready(self):
        # Permissions and stored words are registered by being imported.
        from notifications import rules, words  # noqa: F401

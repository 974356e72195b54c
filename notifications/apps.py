from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Thông báo")

    def ready(self) -> None:
        # Permissions, stored words and what listens to the beat: registered by being imported.
        from notifications import beats, rules, words  # noqa: F401

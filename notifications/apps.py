from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Thông báo")

    def ready(self) -> None:
        # Permissions, stored words, lists, what listens to the beat: registered by being imported.
        from notifications import beats, lists, rules, words  # noqa: F401

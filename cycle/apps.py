from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CycleConfig(AppConfig):
    name = "cycle"
    verbose_name = _("Chu trình")

    def ready(self) -> None:
        # Its check is registered by being imported.
        from cycle import site  # noqa: F401

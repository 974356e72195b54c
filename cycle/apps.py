from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CycleConfig(AppConfig):
    name = "cycle"
    verbose_name = _("Chu trình")

    def ready(self) -> None:
        # A check and a kind of jobs: registered by being imported.
        from cycle import forgotten, site  # noqa: F401

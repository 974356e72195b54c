from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouncilsConfig(AppConfig):
    name = "councils"
    verbose_name = _("Hội đồng")

    def ready(self) -> None:
        # Events, permissions, kinds of jobs, of work and of papers, lists: all are registered by
        # being imported.
        from councils import events, journal, lists, rules, work, year  # noqa: F401
        from councils.judging import consequences  # noqa: F401
        from councils.papers import kinds  # noqa: F401

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DossiersConfig(AppConfig):
    name = "dossiers"
    verbose_name = _("Hồ sơ")

    def ready(self) -> None:
        # Events, permissions, flows, stored words, kinds of jobs, of work and of papers: all are
        # registered by being imported.
        from dossiers import events, flows, words  # noqa: F401
        from dossiers.lists import numbers, planned, results  # noqa: F401
        from dossiers.office import allotting, handover, lists  # noqa: F401
        from dossiers.office.stock import work  # noqa: F401
        from dossiers.papers import kinds  # noqa: F401
        from dossiers.terms import recalculation  # noqa: F401
        from dossiers.walk import batch  # noqa: F401

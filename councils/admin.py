"""Councils and rounds are read here; they change through their own pages only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from councils.models import Closing, Council, EvaluationRound, Regulation
from cycle.admin import ReadOnly


@admin.register(Council)
class CouncilAdmin(ReadOnly):
    list_display = ["name", "org_unit", "founded", "valid_from", "valid_to"]
    list_select_related = ["org_unit", "decision__replaced_by"]

    @admin.display(description=_("quyết định thành lập"))
    def founded(self, council: Council) -> str:
        return str(council.founded)


@admin.register(Regulation)
class RegulationAdmin(ReadOnly):
    list_display = ["__str__", "org_unit", "valid_from"]
    list_select_related = ["org_unit", "basis__replaced_by"]


@admin.register(EvaluationRound)
class EvaluationRoundAdmin(ReadOnly):
    list_display = ["name", "council", "cycle", "state", "closed_at"]
    list_filter = ["state", "cycle"]
    list_select_related = ["council", "cycle"]


@admin.register(Closing)
class ClosingAdmin(ReadOnly):
    list_display = ["round", "version", "by", "at"]
    list_select_related = ["round", "by"]

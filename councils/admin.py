"""Councils and rounds are read here; they change through their own pages only."""

from django.contrib import admin

from councils.models import Closing, Council, EvaluationRound, Regulation
from cycle.admin import ReadOnly


@admin.register(Council)
class CouncilAdmin(ReadOnly):
    list_display = ["name", "org_unit", "decision_number", "valid_from", "valid_to"]
    list_select_related = ["org_unit"]


@admin.register(Regulation)
class RegulationAdmin(ReadOnly):
    list_display = ["document", "org_unit", "valid_from"]
    list_select_related = ["org_unit"]


@admin.register(EvaluationRound)
class EvaluationRoundAdmin(ReadOnly):
    list_display = ["name", "council", "cycle", "state", "closed_at"]
    list_filter = ["state", "cycle"]
    list_select_related = ["council", "cycle"]


@admin.register(Closing)
class ClosingAdmin(ReadOnly):
    list_display = ["round", "version", "by", "at"]
    list_select_related = ["round", "by"]

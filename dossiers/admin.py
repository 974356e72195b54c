"""Dossiers and tasks are read here; they change through the two doors only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cycle.admin import Kept, ReadOnly
from cycle.models import HistoryEntry
from dossiers.law.states import State
from dossiers.models import Dossier, Producer, Product, PromotionEvent, Task


@admin.register(Dossier)
class DossierAdmin(ReadOnly):
    list_display = ["product", "commune", "cycle", "state", "stars"]
    list_filter = ["cycle", "state"]
    list_select_related = ["product", "commune", "cycle"]
    search_fields = ["product__search", "product__producer__search"]


@admin.register(Task)
class TaskAdmin(ReadOnly):
    list_display = ["waits_at", "dossier", "org_unit", "role", "due_on", "owner", "status"]
    list_filter = ["status", "role"]
    list_select_related = ["dossier__product", "org_unit", "owner"]
    # What the engine keeps for itself is words to nobody.
    fields = ["waits_at", "dossier", "org_unit", "role", "due_on", "owner", "status", "finished"]
    show_full_result_count = False

    @admin.display(description=_("công việc"), ordering="state")
    def waits_at(self, task: Task) -> str:
        """What the dossier waits for."""
        return str(State(task.state).label) if task.state else "–"


class Filed(Kept):
    """A product or producer: once a dossier of it was filed, its names change only by the act
    ``correct_names`` (đính chính), on a document.
    """

    #: The fields that are read only then.
    names: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.names if obj is not None and obj.is_filed else ()

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        row = form.instance
        changed = [
            {
                "row": str(row),
                "field": name,
                "before": str(form.initial.get(name) or ""),
                "after": str(getattr(row, row._meta.get_field(name).attname) or ""),
            }
            for name in form.changed_data
        ]
        if changed:
            HistoryEntry.objects.record(
                f"{row._meta.model_name}.{'change' if change else 'add'}",
                row,
                by=request.user,
                saved=[row],
                changed=changed,
            )


@admin.register(Producer)
class ProducerAdmin(Filed):
    names = ("name", "owner_type")
    list_display = ["name", "owner_type", "commune"]
    search_fields = ["search"]
    autocomplete_fields = ["commune"]
    list_select_related = ["commune"]


@admin.register(Product)
class ProductAdmin(Filed):
    names = ("name", "group", "producer")
    list_display = ["name", "producer", "group", "code"]
    list_filter = ["group"]
    search_fields = ["search"]
    autocomplete_fields = ["producer"]
    list_select_related = ["producer"]


@admin.register(PromotionEvent)
class PromotionEventAdmin(Kept):
    list_display = ["title", "held_on", "place", "org_unit"]
    autocomplete_fields = ["org_unit"]
    list_select_related = ["org_unit"]

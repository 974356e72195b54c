"""Dossiers and tasks are read here; they change through the two doors only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cycle.admin import Kept, ReadOnly, ReasonAsked, Reasoned, changes
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


class FiledForm(Reasoned):
    """A producer or product: each change has its reason, and its document once a dossier of it was
    filed, as the acts ``correct_names`` and ``correct_details`` ask them.
    """

    def rests_on_document(self, changed: set[str]) -> bool:
        return self.instance.is_filed


class Filed(ReasonAsked, Kept):
    """A product or producer: once a dossier of it was filed it changes only by the acts of that
    dossier (đính chính, sửa thông tin) and by a split commune; but where no page changes a field,
    it is changed here, on a document.
    """

    form = FiledForm
    #: The fields that no page changes.
    here_alone: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        filed = obj is not None and not self.here_alone and obj.is_filed
        return super().has_change_permission(request, obj) and not filed

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or not obj.is_filed:
            return ()
        return [
            field.name
            for field in obj._meta.fields
            if field.editable and not field.primary_key and field.name not in self.here_alone
        ]

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        row = form.instance
        if changed := changes(form):
            HistoryEntry.objects.record(
                f"{row._meta.model_name}.{'change' if change else 'add'}",
                row,
                by=request.user,
                saved=[row],
                changed=changed,
                **(form.why() if change else {}),
            )


@admin.register(Producer)
class ProducerAdmin(Filed):
    here_alone = ("commune",)
    list_display = ["name", "owner_type", "commune"]
    search_fields = ["search"]
    autocomplete_fields = ["commune"]
    list_select_related = ["commune"]


@admin.register(Product)
class ProductAdmin(Filed):
    list_display = ["name", "producer", "group", "code"]
    list_filter = ["group"]
    search_fields = ["search"]
    autocomplete_fields = ["producer"]
    list_select_related = ["producer"]


@admin.register(PromotionEvent)
class PromotionEventAdmin(ReadOnly):
    """Read here; the page of fairs adds and corrects them, with a reason and its history."""

    list_display = ["title", "held_on", "place", "org_unit"]
    list_select_related = ["org_unit"]

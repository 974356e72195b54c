"""Forms of potential products: one that an officer came to know, one as it truly is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cycle.fields import NameField, PhoneField
from cycle.models import Cycle, Level, OrgUnit, Role, User
from dossiers.forms.fields import Part, field_for, long_text
from dossiers.forms.opening import UnitChoiceField, choose_the_only_year
from dossiers.forms.shown import Corrects
from dossiers.models import OutreachEvent, Potential, PotentialSource
from dossiers.models.potential import TOLD_OF_IT


class PotentialForm(Part, forms.ModelForm):
    """A product that is known before it has a dossier (sản phẩm tiềm năng)."""

    not_future = ("surveyed_on",)
    representative = NameField(label=_("Người đại diện"), max_length=150, required=False)
    phone = PhoneField(label=_("Điện thoại"), required=False)

    class Meta:
        model = Potential
        formfield_callback = field_for
        fields = ("cycle", "commune", *TOLD_OF_IT)
        field_classes = {"commune": UnitChoiceField}
        labels = {"event": _("Từ hoạt động tuyên truyền")}

    def __init__(
        self, *args: Any, user: User, potential: Potential | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, instance=potential or Potential(), **kwargs)
        self.fields["event"].queryset = OutreachEvent.objects.filter(org_unit__in=user.area())
        self.fields["event"].empty_label = _("Không từ hoạt động nào")
        if potential is not None:
            return
        # Where it came to be known from is said, never taken for a survey.
        self.fields["source"].choices = [
            ("", _("— Chọn —")),
            *(each for each in self.fields["source"].choices if each[0]),
        ]
        if not (kwargs.get("initial") or {}).get("source"):
            self.initial["source"] = ""
        self.fields["cycle"].required = True
        self.fields["cycle"].queryset = Cycle.objects.filter(closed_on=None)
        self.fields["cycle"].empty_label = _("— Chọn chu trình —")
        if self.initial.get("cycle") is None:
            choose_the_only_year(self.fields["cycle"])
        communes = OrgUnit.objects.filter(
            pk__in=user.area(Role.OFFICER), level=Level.COMMUNE, valid_to=None
        ).select_related("parent")
        self.fields["commune"].queryset = communes
        if self.initial.get("commune") is None and len(only := list(communes[:2])) == 1:
            self.fields["commune"].initial = only[0]

    def clean(self) -> Any:
        """What came up at a meeting names it, and nothing else does."""
        data = super().clean()
        source, event = data.get("source"), data.get("event")
        if source == PotentialSource.EVENT and event is None and "event" not in self.errors:
            self.add_error("event", _("Bạn chưa chọn sản phẩm được biết đến ở hoạt động nào."))
        elif event is not None and source and source != PotentialSource.EVENT:
            self.add_error(
                "event",
                _("Nguồn đã chọn không phải hoạt động tuyên truyền: hãy bỏ chọn, hoặc đổi nguồn."),
            )
        elif event is not None and data.get("cycle") and event.cycle_id != data["cycle"].pk:
            self.add_error("event", _("Hoạt động này thuộc chu trình khác."))
        return data


class PotentialCorrectionForm(Corrects, PotentialForm):
    """What is recorded of one as it truly is (đính chính), and why."""

    together = (frozenset({"source", "event"}),)
    reason = long_text(_("Lý do đính chính"))

    def __init__(self, *args: Any, potential: Potential, **kwargs: Any) -> None:
        super().__init__(*args, potential=potential, **kwargs)
        # Whose commune and year it is stays; what a list of a survey brought has its source there.
        gone = {"cycle", "commune"} | ({"source", "event"} if potential.batch_id else set())
        for name in gone:
            del self.fields[name]

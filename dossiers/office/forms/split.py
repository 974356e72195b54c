"""Which successor gets which producer of a split commune."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.models import OrgUnit, User
from dossiers.forms.fields import polish, refuse
from dossiers.forms.ledger import OfBody
from dossiers.forms.shown import sealed
from dossiers.forms.uploads import held_note
from dossiers.models import Allotment, Potential, Producer
from dossiers.office import allotting
from dossiers.walk import doors

#: The producer waits on with the main successor.
LATER = "later"
MEANWHILE = _("Có chủ thể vừa được phân trong lúc trang này mở. Hãy tải lại trang và xem lại.")


class AllotForm(OfBody):
    """A field for each producer and each product of it, for each potential product; the document.

    ``corrects``: the allotment of before that is corrected, with a reason. The form sends along
    which one its page showed.
    """

    #: What says on what paper and why, beside who goes where.
    of_paper = (*OfBody.OF_DOCUMENT, "scan_file", "reason", "seen")

    def __init__(
        self,
        *args: Any,
        unit: OrgUnit,
        producers: Iterable[Producer],
        potentials: Iterable[Potential] = (),
        by: User,
        corrects: Allotment | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, by=by, **kwargs)
        if corrects is not None and (paper := corrects.paper).signed_on:
            said = {name: getattr(paper, name) for name in self.OF_DOCUMENT if name != "body"}
            self.initial = {**self.initial, **said, "body": paper.body}
        self.unit, self.corrects = unit, corrects
        self.found = {f"potential_{each.pk}": each for each in potentials}
        self.makers = {f"producer_{maker.pk}": maker for maker in producers}
        self.heirs = {str(each.pk): each for each in allotting.open_to(unit)}
        units = [(pk, each.now) for pk, each in self.heirs.items()]
        for name, maker in self.makers.items():
            chosen = maker.commune_id if corrects else unit.main_successor_id
            self.fields[name] = forms.ChoiceField(
                label=str(maker),
                choices=units if corrects else [*units, (LATER, _("Để lại, phân sau"))],
                initial=str(chosen) if str(chosen) in self.heirs else "",
                widget=forms.Select({"class": "form-select"}),
            )
            for product in maker.products.all():
                self.fields[f"product_{product.pk}"] = forms.ChoiceField(
                    label=_now("Sản phẩm %(name)s") % {"name": product},
                    choices=[("", _("Theo chủ thể")), *units],
                    required=False,
                    initial=str(product.made_in_id or ""),
                    widget=forms.Select({"class": "form-select"}),
                )
        for name, each in self.found.items():
            chosen = each.commune_id if corrects else unit.main_successor_id
            self.fields[name] = forms.ChoiceField(
                label=_now("Sản phẩm tiềm năng %(name)s, %(maker)s")
                % {"name": each, "maker": each.producer_name},
                choices=units if corrects else [*units, (LATER, _("Để lại, phân sau"))],
                initial=str(chosen) if str(chosen) in self.heirs else "",
                widget=forms.Select({"class": "form-select"}),
            )
        # Who goes where comes before on what paper.
        for name in (*self.OF_DOCUMENT, "scan_file"):
            self.fields[name] = self.fields.pop(name)
        if corrects:
            self.fields["reason"] = forms.CharField(
                label=_("Lý do đính chính"),
                max_length=500,
                widget=forms.Textarea({"class": "form-control", "rows": 2}),
            )
            self.fields["seen"] = forms.IntegerField(
                required=False, initial=corrects.pk, widget=forms.HiddenInput
            )
        for field in self.fields.values():
            polish(field)

    def clean(self) -> Any:
        cleaned = super().clean()
        gone = [
            name for name in self.data
            if name.startswith("producer_") and name not in self.makers
            or name.startswith("potential_") and name not in self.found
        ]  # fmt: skip
        if gone:
            raise ValidationError(MEANWHILE)
        if self.corrects is not None and self.cleaned_data.get("seen") != self.corrects.pk:
            self._seen_anew(self.corrects)
        if not self.errors and not self.choices() and not self.potentials():
            raise ValidationError(_("Chưa chọn xã nhận cho chủ thể, sản phẩm tiềm năng nào."))
        return cleaned

    def _seen_anew(self, now: Allotment) -> None:
        """Say what a colleague has allotted meanwhile; sent once more, it is corrected."""
        typed: Any = self.data.copy()  # type: ignore[attr-defined]
        typed["seen"] = now.pk
        self.data = typed
        said = _now(
            "Trong lúc trang này mở, %(who)s vừa phân «%(maker)s» về %(to)s (%(document)s). Hãy "
            "xem lại; vẫn muốn đính chính như ở đây thì bấm lần nữa."
        )
        self.add_error(
            None,
            said
            % {
                "who": now.made_by,
                "maker": now.producer or now.potential,
                "to": now.to.label,
                "document": now.paper,
            },
        )

    @property
    def paper(self) -> list[forms.BoundField]:
        """What it rests on, and why: shown before it is done."""
        names = (*self.OF_DOCUMENT, "reason")
        return [self[name] for name in names if name in self.fields]

    @property
    def held(self) -> dict[str, str]:
        """What the page that asks sends back of the scan: {name of an input: value}."""
        staged = self.cleaned_data.get("scan_file")
        notes = held_note(staged, self.by) if staged else {}
        return {f"scan_file{suffix}": note for suffix, note in notes.items()}

    def choices(self) -> list[allotting.Choice]:
        """What was chosen, without what waits on."""
        found = []
        for name, maker in self.makers.items():
            to = self.heirs.get(self.cleaned_data.get(name, ""))
            if to is None:
                continue
            elsewhere = {
                product: self.heirs[said]
                for product in maker.products.all()
                if (said := self.cleaned_data.get(f"product_{product.pk}"))
            }
            found.append(allotting.Choice(maker, to, elsewhere))
        return found

    def potentials(self) -> dict[Potential, OrgUnit]:
        """The same of the potential products, each with its successor."""
        chosen = {
            each: self.heirs.get(self.cleaned_data.get(name, ""))
            for name, each in self.found.items()
        }
        return {each: to for each, to in chosen.items() if to is not None}

    @property
    def seal(self) -> str:
        """What is agreed to: all that a valid form says, who goes where by the names shown. Another
        is shown anew.
        """
        goes = [
            (each.producer.pk, str(each.producer), each.to.pk, str(each.to.now),
             sorted((product.pk, str(product), to.pk) for product, to in each.elsewhere.items()))
            for each in self.choices()
        ]  # fmt: skip
        found = [(each.pk, str(each), to.pk, str(to.now)) for each, to in self.potentials().items()]
        said = [(name, str(self.cleaned_data.get(name))) for name in self.of_paper]
        return sealed(self.by, self.unit, sorted(goes), sorted(found), said)

    def allowed(self, by: User) -> bool:
        """Whether it could be saved; if not it says why. Nobody is asked about what is refused."""
        with doors.rehearsed():
            return self.save(by) is not None

    def save(self, by: User) -> int | None:
        """How many were allotted, or None when it was refused."""
        said = self.cleaned_data
        try:
            return allotting.allot(
                self.unit, self.choices(), by=by, document=self.named(),
                reason=said.get("reason", ""),
                potentials=self.potentials(),
                seen=said.get("seen"),
            )  # fmt: skip
        except allotting.AllottedMeanwhile:
            self.add_error(None, MEANWHILE)
        except ValidationError as refused:
            refuse(self, refused)
        return None

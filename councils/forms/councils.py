"""Forms to set a council up: its decision, regulation and seats."""

from __future__ import annotations

from datetime import date
from typing import Any

import rules
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from councils.forms.fields import Act, Asked, OfModel
from councils.models import (
    Council,
    Member,
    Regulation,
    Seat,
    bases,
)
from cycle import clock
from cycle.appointing import candidates
from cycle.models import Level, OrgUnit, Role, User
from cycle.models.organisation import OrgUnitQuerySet
from dossiers.forms.fields import DateField, Fold, field_for, long_text
from dossiers.forms.ledger import CorrectsDocument, OnDocument


def units_of(user: User) -> OrgUnitQuerySet:
    """The units whose councils ``user`` may set up."""
    return OrgUnit.objects.filter(
        pk__in=user.business(Role.COUNCIL_OFFICE, Role.OFFICER),
        level__in=(Level.DISTRICT, Level.PROVINCE),
    ).current_first()


def regulated_by(user: User) -> OrgUnitQuerySet:
    """Those of them whose regulation ``user`` may enter."""
    units = units_of(user)
    may = [unit.pk for unit in units if rules.has_perm("councils.regulate", user, unit)]
    return units.filter(pk__in=may)


# --- Councils and their regulation ---------------------------------------------------------------


class _OfUnit(OnDocument, OfModel):
    units = staticmethod(units_of)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["org_unit"]
        unit.queryset = self.units(self.by)
        if len(unit.queryset) == 1:
            unit.empty_label = None


class CouncilForm(_OfUnit):
    """A council and the decision that set it up."""

    field_order = ("org_unit", "name", *OnDocument.OF_DOCUMENT, "scan_file")

    class Meta:
        model = Council
        fields = (
            "org_unit",
            "name",
            "valid_from",
            "valid_to",
        )
        formfield_callback = field_for

    def do(self) -> Any:
        """The council, or None when it was refused."""
        self.instance.decision = self.named()
        return self.attempt(lambda: Council.set_up(self.instance, by=self.by))


class RegulationForm(_OfUnit):
    """A new version of a unit's regulation, valid from a day, and what lays it down."""

    field_order = ("org_unit", *OnDocument.OF_DOCUMENT, "scan_file")
    units = staticmethod(regulated_by)

    class Meta:
        model = Regulation
        fields = (
            "org_unit",
            "valid_from",
            "quorum_percent",
            "chair_required",
            "max_spread",
            "fewest_sheets",
            "absent_sheets",
            "scorings",
            "secretary_scores",
            "show_self_score",
            "show_team_score",
            "documents_days",
            "written_opinions",
            "batches",
            "minimums_need_resolution",
            "same_producer",
            "same_commune",
            "appraised",
        )
        formfield_callback = field_for

    def do(self) -> Any:
        """The new version, or None when it was refused."""
        self.instance.basis = self.named()
        return self.attempt(lambda: Regulation.lay_down(self.instance, by=self.by))


class SeatForm(OnDocument, OfModel):
    """A new seat of a person (thành viên), on a decision of its own or that of the council."""

    needed = False
    folds = (
        Fold(
            _("Theo quyết định khác"),
            (*OnDocument.OF_DOCUMENT, "scan_file"),
            _("để trống nếu là quyết định thành lập hội đồng"),
        ),
    )

    class Meta:
        model = Member
        fields = ("user", "seat", "department", "since")
        formfield_callback = field_for

    def __init__(self, *args: Any, council: Council, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, initial={"since": clock.today()}, **kwargs)
        self.council = council
        self.fields["user"].queryset = candidates()
        self.fields["user"].empty_label = _("Chọn một người")
        self.fields["seat"].choices = [("", _("Chọn tư cách")), *Seat.choices]

    def do(self) -> Any:
        """The seat, or None when it was refused."""
        decision = self.document()
        return self.attempt(
            lambda: self.council.give_seat(self.instance, by=self.by, decision=decision)
        )


class BasisForm(CorrectsDocument, Act):
    """What was typed wrong of a document on which a council, a seat, a regulation or a round rests
    (đính chính), filled with what the ledger says; with the reason.
    """

    reason = long_text(_("Lý do"))

    def do(self) -> Any:
        """The document, or None when it was refused."""
        said = {name: self.cleaned_data[name] for name in (*self.OF_DOCUMENT, "seen", "reason")}
        scan = self.cleaned_data.get("scan_file") or None
        return self.attempt(lambda: bases.correct(**said, by=self.by, scan=scan))


class ExtendForm(OnDocument, Asked):
    """Extend a council's term (gia hạn): its new last day, why, on which document."""

    field_order = ("valid_to", "reason", *OnDocument.OF_DOCUMENT, "scan_file")
    valid_to = DateField(label=_("Hoạt động đến hết ngày"))
    reason = long_text(_("Lý do gia hạn"))

    def __init__(self, *args: Any, council: Council, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.council = council

    def do(self) -> Any:
        """True, or None when it was refused."""
        said = {name: self.cleaned_data[name] for name in ("valid_to", "reason")}
        return self.attempt(lambda: self.council.extend(by=self.by, document=self.named(), **said))


class EndSeatForm(OnDocument, Asked):
    """End a seat (cho thôi): its last day, why, on which document."""

    field_order = ("until", "reason", *OnDocument.OF_DOCUMENT, "scan_file")
    until = DateField(label=_("Thôi sau ngày"))
    reason = long_text(_("Lý do cho thôi"))

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, initial={"until": clock.today()}, **kwargs)
        self.member = member

    def clean_until(self) -> date:
        until = self.cleaned_data["until"]
        if until < self.member.since:
            raise ValidationError(_("Ngày này trước ngày bắt đầu tham gia hội đồng."))
        if until < clock.today():
            raise ValidationError(_("Chỉ cho thôi từ hôm nay hoặc một ngày sau."))
        return until

    def do(self) -> Any:
        """True, or None when it was refused."""
        member = self.member
        said = {name: self.cleaned_data[name] for name in ("until", "reason")}
        return self.attempt(
            lambda: member.council.take_seat(member, by=self.by, document=self.named(), **said)
        )

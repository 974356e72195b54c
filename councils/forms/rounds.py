"""Forms to run a round: its data, its dossiers, attendance, reopening."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.forms.fields import Asked, ConfirmForm, OfModel, ReasonForm
from councils.judging import closing
from councils.models import (
    TEAM,
    Council,
    EvaluationRound,
    Member,
    RoundEntry,
    RoundState,
    Seat,
)
from councils.models.council import CouncilQuerySet
from councils.models.round import COMPLEX_HOW
from cycle import clock
from cycle.fields import MomentField
from cycle.models import Batch, Cycle, Role, Rubric, User, named_apart
from dossiers.forms.fields import CountField, field_for, long_text, polish
from dossiers.forms.ledger import OnDocument
from dossiers.forms.shown import Corrects, changed
from dossiers.models import Dossier


def _own_field(db_field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    if db_field.name == "meets_at":
        return MomentField(label=capfirst(db_field.verbose_name), required=False)
    return field_for(db_field, **kwargs)


# --- Rounds --------------------------------------------------------------------------------------

_DETAILS = ("name", "batch", "mode", "meets_at", "place", "decide_by")
#: What was chosen has been done, or taken, by another meanwhile.
GONE = _("Có sản phẩm đã chọn không còn chờ ở đây, có thể vừa vào đợt khác: hãy xem lại.")
#: A round of re-evaluations sits in no batch.
NO_BATCH = _("Không thuộc đợt nào của năm")


def run_by(user: User) -> CouncilQuerySet:
    """Councils whose rounds ``user`` prepares, as council office or as secretary."""
    offices = user.business(Role.COUNCIL_OFFICE)
    secretary = Member.objects.sitting().filter(user=user, seat=Seat.SECRETARY)
    return Council.objects.filter(org_unit__in=offices) | Council.objects.filter(
        pk__in=secretary.values("council")
    )


class RoundForm(OfModel):
    """A new round of a council that the user runs."""

    class Meta:
        model = EvaluationRound
        fields = ("council", "cycle", *_DETAILS)
        formfield_callback = _own_field

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for name, rows in (
            ("council", run_by(user).in_term(clock.today())),
            # What a closed year left unfinished is judged where it was carried over.
            ("cycle", Cycle.objects.filter(closed_on=None)),
        ):
            self.fields[name].queryset = rows
            if len(rows) == 1:
                self.fields[name].empty_label = None
        for name, none in (("council", _("— Chọn hội đồng —")), ("cycle", _("— Chọn chu trình —"))):
            if self.fields[name].empty_label is not None:
                self.fields[name].empty_label = none
        batches = Batch.objects.filter(cycle__in=self.fields["cycle"].queryset)
        self.fields["batch"].queryset = batches.select_related("cycle")
        self.fields["batch"].empty_label = NO_BATCH

    def clean(self) -> Any:
        cleaned = super().clean()
        batch, year = self.cleaned_data.get("batch"), self.cleaned_data.get("cycle")
        if batch and year and batch.cycle_id != year.pk:
            self.add_error("batch", _("Đợt này thuộc chu trình khác: hãy chọn lại."))
        return cleaned

    def do(self) -> Any:
        """The round, or None when it was refused."""
        return self.attempt(lambda: EvaluationRound.create(self.instance, by=self.user))


class DetailsForm(Corrects, OfModel):
    """When, where and how a round meets."""

    class Meta:
        model = EvaluationRound
        fields = _DETAILS
        formfield_callback = _own_field

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.fields["batch"].queryset = self.instance.cycle.batches.all()
        self.fields["batch"].empty_label = NO_BATCH
        if self.instance.state != RoundState.PREPARING or self.instance.follows_id:
            # Who must hand in a sheet depends on the mode: it is fixed now.
            del self.fields["mode"]

    def do(self) -> Any:
        """True, or None when it was refused."""
        values = self.changed_here()
        return self.attempt(lambda: self.instance.amend(by=self.by, **values)) if values else True


class TakeInForm(Asked):
    """Choose which waiting dossiers come into the round, each with its rubric; once scoring is
    open, why.
    """

    reason: forms.Field = long_text(_("Lý do bổ sung vào đợt đang chấm"))
    complexity: forms.Field = long_text(
        _("Nội dung phức tạp cần họp ngay"),
        required=False,
        help_text=_(
            "Cần khi đưa hồ sơ đánh giá lại ra họp mà chưa lấy ý kiến bằng phiếu; ghi vào nhật ký."
        ),
    )

    def __init__(self, *args: Any, round_: EvaluationRound, by: User, **kwargs: Any) -> None:
        self.round, self.by = round_, by
        self.typed: QueryDict | None = None
        waiting = round_.awaiting()
        #: Those that the meeting, which is past, never had: they go into another round.
        self.elsewhere = list(round_.never_met(waiting).select_related("product__producer"))
        not_here = {dossier.pk for dossier in self.elsewhere}
        self.dossiers = [each for each in waiting if each.pk not in not_here]
        super().__init__(*args, **kwargs)
        if not round_.is_open:
            del self.fields["reason"]
        if not round_.met_at_once(waiting):
            del self.fields["complexity"]

    def _rubrics(self) -> dict[int, list[Rubric]]:
        editions = {dossier.rule_set_id for dossier in self.dossiers}
        found: dict = {}
        for rubric in Rubric.objects.current().filter(rule_set__in=editions).order_by("number"):
            found.setdefault(rubric.rule_set_id, []).append(rubric)
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row per waiting dossier: the rubrics to choose from, and what was chosen."""
        by_edition = self._rubrics()
        pinned = RoundEntry.pinned([dossier.pk for dossier in self.dossiers])
        for dossier in self.dossiers:
            fitting = [
                rubric
                for rubric in by_edition.get(dossier.rule_set_id, ())
                if rubric.group == dossier.product.group
            ]
            chosen = self.said.get(f"rubric-{dossier.pk}", "")
            yield {
                "dossier": dossier,
                "rubrics": fitting,
                "pinned": pinned.get(dossier.pk),
                "taken": str(dossier.pk) in self._taken(),
                "chosen": int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None,
            }

    def keep_shown(self, typed: QueryDict) -> None:
        """Show the choices of before, of a form that was not recorded."""
        self.typed = typed

    @property
    def said(self) -> Any:
        """What is chosen: as sent, else as it was before."""
        return self.data if self.is_bound or self.typed is None else self.typed

    def _taken(self) -> list[str]:
        return self.said.getlist("take") if isinstance(self.said, QueryDict) else []

    def clean(self) -> Any:
        cleaned = super().clean()
        rows = [row for row in self.rows() if row["taken"]]
        if set(self._taken()) - {str(dossier.pk) for dossier in self.dossiers}:
            # The page that is shown again offers it no more.
            raise ValidationError(GONE)
        if not rows:
            raise ValidationError(_("Bạn chưa chọn sản phẩm nào."))
        pairs, wrong = [], []
        for row in rows:
            rubric = row["pinned"] or next(
                (each for each in row["rubrics"] if each.pk == row["chosen"]), None
            )
            pairs.append((row["dossier"], rubric))
            if rubric is None:
                wrong.append(
                    _now("%(product)s: bạn chưa chọn bộ sản phẩm.") % {"product": row["dossier"]}
                )
        if wrong:
            raise ValidationError(wrong)
        cleaned["pairs"] = pairs
        if "complexity" in self.fields and not cleaned.get("complexity"):
            taken = [dossier.pk for dossier, _rubric in pairs]
            if self.round.met_at_once(Dossier.objects.filter(pk__in=taken)):
                self.add_error("complexity", COMPLEX_HOW)
        return cleaned

    def do(self) -> Any:
        """The entries, or None when it was refused."""
        pairs = self.cleaned_data["pairs"]
        words = {name: self.cleaned_data.get(name, "") for name in ("reason", "complexity")}
        return self.attempt(lambda: closing.take_in(self.round, pairs, by=self.by, **words))


class OrderForm(Corrects, Asked):
    """The order of the agenda: a number for each product. It is one thing: who changes it sees what
    another changed of it.
    """

    def __init__(
        self,
        *args: Any,
        entries: Iterable[RoundEntry],
        round_: EvaluationRound,
        by: User,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.round, self.by = round_, by
        for entry in entries:
            field = CountField(label=str(entry.dossier.product.name), max_value=999)
            field.initial = entry.position
            field.widget.attrs["class"] = "form-control order"
            polish(field)
            self.fields[f"at-{entry.pk}"] = field
        self.together = (frozenset(self.fields),)

    def do(self) -> Any:
        """True, or None when it was refused."""
        if not self.changed_here():
            return True
        order = sorted(self.cleaned_data.items(), key=lambda item: item[1])
        keys = [int(name.removeprefix("at-")) for name, _number in order]
        return self.attempt(lambda: self.round.reorder(keys, by=self.by))


class AttendanceForm(Asked):
    """Attendance (dự họp): the members present; only whom this page changed is written."""

    #: The hidden inputs that say what the page showed.
    WAS = "was-present"

    present: forms.Field = forms.ModelMultipleChoiceField(
        None, label=_("Có mặt"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, round_: EvaluationRound, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round, self.by = round_, by
        members = round_.seats.exclude(seat__in=TEAM).select_related("user")
        self.fields["present"].queryset = named_apart(members, "user")
        self.fields["present"].label_from_instance = attrgetter("label")
        self.was = dict(round_.attendances.values_list("member", "present"))
        self.initial["present"] = [pk for pk, came in self.was.items() if came]
        self.seen = self._seen()
        if self.was:
            self.fields["reason"] = long_text(
                _("Lý do sửa"), required=False, help_text=_("Cần khi đổi người đã ghi có, vắng.")
            )

    def _seen(self) -> dict[int, bool]:
        """Who was recorded as present or absent when the page was shown, as it sends along."""
        told = self.data.getlist(self.WAS) if isinstance(self.data, QueryDict) else []
        if not told:
            return dict(self.was)
        found = (re.fullmatch(r"([0-9]{1,18})-([01])", each) for each in told)
        return {int(each[1]): each[2] == "1" for each in found if each}

    @property
    def shown(self) -> Iterator[tuple[str, str]]:
        """(name, value) of each hidden input that says what the page shows."""
        yield self.WAS, ""
        for pk, came in self.seen.items():
            yield self.WAS, f"{pk}-{int(came)}"

    def clean(self) -> Any:
        cleaned = super().clean()
        came = {member.pk for member in self.cleaned_data.get("present", ())}
        members = {member.pk: member for member in self.fields["present"].queryset}
        # Of whom nothing is recorded, absence too is written.
        self.here, taken = changed(
            {pk: self.seen.get(pk) for pk in members},
            {pk: self.was.get(pk) for pk in members},
            {pk: pk in came for pk in members},
        )
        for pk in taken:
            self.seen[pk] = self.was[pk]
        if taken:
            said = _now(
                "Trong lúc bạn ghi, người khác vừa ghi khác về: %(who)s. Hãy xem lại; vẫn muốn ghi "
                "như ở đây thì bấm lần nữa, có lý do."
            )
            self.add_error(
                "present",
                said % {"who": ", ".join(members[pk].label for pk in members if pk in taken)},
            )
        return cleaned

    def do(self) -> Any:
        """True, or None when it was refused."""
        present, reason = self.here, self.cleaned_data.get("reason", "")
        if self.was and not present:
            return True
        return self.attempt(lambda: self.round.attend(present, by=self.by, reason=reason))


class OnDocumentForm(OnDocument, ReasonForm):
    """An act on a document: why, on which one."""

    def do(self) -> Any:
        """What the act gives, or None when it was refused."""
        said = {"reason": self.cleaned_data["reason"], "document": self.named()}
        return self.attempt(lambda: self.act(**said))


class MoveMeetingForm(ReasonForm):
    """Put a meeting off: to when and where, and why."""

    meets_at = MomentField(label=_("Họp lúc"))
    place = forms.CharField(
        label=_("Địa điểm họp"),
        max_length=200,
        required=False,
        help_text=_("Để trống nếu vẫn ở nơi đã ghi."),
    )
    field_order = ("meets_at", "place", "reason")


class ConveneForm(ConfirmForm):
    """Call a meeting on the products of a written round that members did not agree on, and on those
    that are complex, with the reason.
    """

    meets_at = MomentField(label=_("Họp lúc"))
    place = forms.CharField(label=_("Địa điểm họp"), max_length=200)
    complex_ones: forms.Field = forms.TypedMultipleChoiceField(
        label=_("Sản phẩm có nội dung phức tạp, cần họp"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason: forms.Field = long_text(
        _("Nội dung phức tạp"),
        required=False,
        help_text=_("Bắt buộc khi chọn sản phẩm ở trên."),
    )

    def __init__(self, *args: Any, others: Iterable[RoundEntry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: The products on which nothing else asks for a meeting.
        choices = [(entry.pk, str(entry)) for entry in others]
        self.fields["complex_ones"].choices = choices
        self.fields["complex_ones"].error_messages["invalid_choice"] = GONE
        if not choices:
            del self.fields["complex_ones"], self.fields["reason"]

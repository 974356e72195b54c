"""The form of an act (:class:`ActForm`), made of parts: its records, its reason, its signed paper.

Every wrong input ends in a Vietnamese sentence at its field. Django's own Vietnamese catalogue is
incomplete, so all messages that a person can meet are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils import translation
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, documents, files
from cycle.downloads import INLINE
from cycle.fields import DateField, NameField, PhoneField, named
from cycle.letters import fold_number
from cycle.models import (
    Cycle,
    Document,
    OrgUnit,
    RoleAssignment,
    Rubric,
    User,
    named_apart,
    people_of,
)
from cycle.typed import fill
from dossiers.forms.fields import (
    Fold,
    Part,
    PlainPart,
    RowField,
    RubricField,
    field_for,
    in_words,
    long_text,
    polish,
    refusals,
)
from dossiers.forms.records import RECORDS
from dossiers.forms.shown import Corrects, sealed, ticked
from dossiers.forms.uploads import ScanField, hold_for
from dossiers.law import excuses
from dossiers.law.conditions import Words, questions, recorded_in_round
from dossiers.law.excuses import Excuse
from dossiers.law.guidance import GUIDES
from dossiers.law.states import AT_WORK, LATE_STARTS
from dossiers.models import (
    ACTS,
    CaseType,
    ConditionNotMet,
    Dossier,
    Evidence,
    LateEntry,
    OfficialDocument,
    OwnerType,
    PaperRequired,
    Producer,
    Product,
    ProductGroup,
    Review,
    State,
    Task,
)
from dossiers.models.evidence import COMMUNE_REQUEST, SIGNED_PAPER
from dossiers.models.paper import REQUEST_GONE
from dossiers.models.product import (
    DETAILS,
    maker_key,
    producers_called,
    product_key,
    products_called,
)
from dossiers.rules import holds_task
from dossiers.walk import doors, papers
from dossiers.walk.engine import DutyMissing

if TYPE_CHECKING:
    from dossiers.drafts import Place

# --- Parts: reason, checklist, values, paper ------------------------------------------------------


class ReasonForm(PlainPart):
    """A required reason."""

    reason = long_text(_("Lý do"))

    def add_to(self, call: dict[str, Any]) -> None:
        call["reason"] = self.cleaned_data["reason"]


class AskedForm(PlainPart):
    """A reason of the list (:class:`~dossiers.law.excuses.Excuse`) that is asked because of the
    day: ``sentences`` say what is out of the ordinary. With ``awaits`` it can only be that what
    lacks comes on a day, and of what kind the goods are.
    """

    legend = _("Cần nêu lý do")
    why = forms.ChoiceField(
        label=_("Lý do"), choices=[("", _("— Chọn lý do —")), *Excuse.choices], required=False
    )
    until = DateField(
        label=_("Hạn bổ sung"), required=False, help_text=_("Cần khi chọn «Chờ bổ sung».")
    )
    # Named as the words of every other reason, so that a form for many fills it alike.
    reason = long_text(
        _("Nói rõ lý do"),
        required=False,
        help_text=_("Chỉ bắt buộc khi chọn «Khác»; chỉ ghi lời thì hiểu là «Khác»."),
    )

    def __init__(
        self, *args: Any, sentences: list[Words], awaits: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.about, self.awaits = " ".join(map(str, sentences)), awaits
        if awaits:
            only = Excuse.AWAITED
            self.fields["why"].choices = [(only.value, only.label)]
            for name in ("why", "until", "reason"):
                self.fields[name].required = True
                polish(self.fields[name])
            self.fields["until"].help_text = ""
            self.fields["reason"].help_text = _("Hàng tươi sống hay theo mùa vụ nào, vì sao.")

    def _said(self) -> tuple[str, Any, str]:
        said = self.cleaned_data.get
        until, words = said("until"), said("reason") or ""
        return excuses.chosen(said("why") or "", until, words), until, words

    def clean(self) -> Any:
        cleaned = super().clean()
        wrong = excuses.lacks(*self._said(), clock.today())
        if wrong:
            at = {"words": "reason"}.get(wrong[0], wrong[0])
            # What could not be read has its own sentence.
            if at not in self.errors:
                self.add_error(at, str(wrong[1]))
        return cleaned

    def add_to(self, call: dict[str, Any]) -> None:
        with translation.override("vi"):
            call["reason"] = excuses.said(*self._said())


class NoteForm(PlainPart):
    """An optional remark, kept in the history as the reason."""

    folded = True
    legend = _("Ghi chú")
    reason = long_text(_("Ghi chú"), required=False)

    def add_to(self, call: dict[str, Any]) -> None:
        call["reason"] = self.cleaned_data["reason"]


class ReviewForm(PlainPart):
    """The checklist of the task with remarks (phiếu kiểm tra). What is left unticked needs a reason
    from the list of :class:`~dossiers.law.excuses.Excuse`, for the next reader: one of its own, or
    the one that is given once for all that have none.
    """

    checked = forms.MultipleChoiceField(
        label=_("Đánh dấu nội dung đã kiểm tra, đã đạt"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    remarks = long_text(_("Nhận xét"), required=False)

    def __init__(self, *args: Any, node: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checks = GUIDES[node].checks
        self.fields["checked"].choices = [(str(n), text) for n, text in enumerate(self.checks)]
        if len(self.checks) > 1:
            self._ask("rest", _("mọi nội dung còn lại"))
        for n, text in enumerate(self.checks):
            self._ask(n, text)
        names = [name for name in self.fields if name not in ("checked", "remarks")]
        self.order_fields(["checked", *names, "remarks"])
        self.folds = (
            Fold(_("Lý do của nội dung chưa đánh dấu"), tuple(names), about=_("bắt buộc")),
        )

    def _ask(self, n: int | str, text: Words) -> None:
        why, until, words = self._names(n)
        self.fields[why] = forms.ChoiceField(
            label=format_lazy(_("Chưa đánh dấu vì: {item}"), item=text),
            choices=[("", _("— Chọn lý do —")), *Excuse.choices],
            required=False,
        )
        self.fields[until] = DateField(
            label=format_lazy(_("Chờ đến hạn: {item}"), item=text), required=False
        )
        self.fields[words] = forms.CharField(
            label=format_lazy(_("Lý do khác: {item}"), item=text), max_length=300, required=False
        )
        for name in (why, until, words):
            polish(self.fields[name])

    @staticmethod
    def _names(n: int | str) -> tuple[str, str, str]:
        return f"why_{n}", f"until_{n}", f"words_{n}"

    def _given(self, n: int | str) -> tuple[str, Any, str]:
        """The reason, day and words that were given for an item, or for the «rest»."""
        why, until, words = self._names(n)
        said = self.cleaned_data.get
        text = said(words) or ""
        return excuses.chosen(said(why) or "", said(until), text), said(until), text

    def _unticked(self) -> list[tuple[int, int | str]]:
        """(number, where its reason stands) of each item that was left unticked: by itself, or with
        the rest.
        """
        ticked = {int(n) for n in self.cleaned_data.get("checked", ())}
        left = [n for n in range(len(self.checks)) if n not in ticked]
        # A reason that could not be read is one, and has its sentence.
        own = {n for n in left if any(self._given(n)) or self._wrong(n)}
        alone = len(self.checks) == 1 or len(left) == len(own) + 1 and not self._rest_is_given
        return [(n, n if n in own or alone else "rest") for n in left]

    @property
    def _rest_is_given(self) -> bool:
        return any(self._given("rest")) or self._wrong("rest")

    def _wrong(self, n: int | str) -> bool:
        return any(name in self.errors for name in self._names(n))

    def clean(self) -> Any:
        cleaned = super().clean()
        for item in map(int, self.cleaned_data.get("checked", ())):
            # A reason beside what was ticked would be kept nowhere: one of the two is a slip.
            if given := [name for name in self._names(item) if self.cleaned_data.get(name)]:
                self.add_error(
                    given[0], _("Nội dung này đã đánh dấu: bỏ dấu, hoặc xóa lý do ở đây.")
                )
        for n in dict.fromkeys(where for _number, where in self._unticked()):
            wrong = excuses.lacks(*self._given(n), clock.today())
            if wrong and f"{wrong[0]}_{n}" not in self.errors:
                said = str(wrong[1])
                if n == "rest" and wrong[0] == "why":
                    said += " " + _now("Chưa đánh dấu: %(items)s.") % {"items": self._of_the_rest()}
                self.add_error(f"{wrong[0]}_{n}", said)
        return cleaned

    def _of_the_rest(self) -> str:
        return "; ".join(str(self.checks[n]) for n, where in self._unticked() if where == "rest")

    def add_to(self, call: dict[str, Any]) -> None:
        remarks = self.cleaned_data["remarks"]
        with translation.override("vi"):
            checked = [str(self.checks[int(n)]) for n in self.cleaned_data["checked"]]
            unticked = [
                f"{self.checks[n]}: {excuses.said(*self._given(where))}"
                for n, where in self._unticked()
            ]
        if self.checks or remarks:
            call["record"].append(Review(checked=checked, unticked=unticked, remarks=remarks))
        call["reason"] = remarks


class ReturnForm(PlainPart):
    """Why a dossier is returned: what is missing, by item of the checklist, and a general reason;
    one of them is required.
    """

    def __init__(self, *args: Any, node: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checks = GUIDES[node].checks
        for n, text in enumerate(self.checks):
            self.fields[f"item_{n}"] = forms.CharField(label=text, max_length=500, required=False)
        self.fields["reason"] = long_text(
            _("Yêu cầu chung"),
            required=False,
            help_text=_("Nêu một lần, đủ các nội dung, để chủ thể không phải sửa nhiều lần."),
        )
        for field in self.fields.values():
            polish(field)

    def _items(self) -> list[str]:
        with translation.override("vi"):
            return [
                f"{text}: {remark}"
                for n, text in enumerate(self.checks)
                if (remark := self.cleaned_data.get(f"item_{n}"))
            ]

    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.errors and not self.cleaned_data.get("reason") and not self._items():
            self.add_error("reason", _("Bạn chưa nêu lý do trả lại."))
        return cleaned

    def add_to(self, call: dict[str, Any]) -> None:
        items = self._items()
        if items:
            call["record"].append(Review(checked=[], remarks="\n".join(items)))
        call["reason"] = self.cleaned_data["reason"] or "; ".join(items)


#: Where a dossier may enter late, the last state first.
LATE_CHOICES = [
    (state.value, format_lazy("{step}: {state}", step=state.step.label, state=state.label))
    for state in reversed(LATE_STARTS)
    if state.step
]


class LateEntryForm(ReasonForm):
    """Why a dossier skips the first steps, and at which state it begins (vào muộn)."""

    entered_as = forms.ChoiceField(label=_("Vào muộn vì"), choices=LateEntry)
    state = forms.ChoiceField(label=_("Bắt đầu từ"), choices=LATE_CHOICES)
    field_order = ("entered_as", "state", "reason")

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if dossier.case_type != CaseType.FIRST:
            # The case type says why: nobody is asked twice for one fact.
            self.fields["entered_as"].choices = [
                choice for choice in LateEntry.choices if choice[0] == dossier.case_type
            ]

    def add_to(self, call: dict[str, Any]) -> None:
        super().add_to(call)
        call["entered_as"] = self.cleaned_data["entered_as"]
        call["state"] = self.cleaned_data["state"]


class ReopenForm(ReasonForm):
    """The cycle in which a parked dossier goes on (mở lại); required for a deferred one."""

    cycle = RowField(Cycle.objects.none(), label=_("Chu trình"), required=False)
    field_order = ("cycle", "reason")

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cycle"]
        field.queryset = Cycle.objects.filter(closed_on=None, year__gte=dossier.cycle.year)
        if dossier.state == State.DEFERRED or dossier.cycle.closed_on is not None:
            field.required, field.empty_label = True, _("— Chọn chu trình —")
        else:
            field.empty_label = _("Giữ chu trình hiện tại")

    def add_to(self, call: dict[str, Any]) -> None:
        super().add_to(call)
        call["cycle"] = self.cleaned_data["cycle"]


class YearForm(ReasonForm):
    """The year in which what its own year left unfinished goes on (chuyển tiếp)."""

    cycle = RowField(Cycle.objects.none(), label=_("Chu trình"))
    field_order = ("cycle", "reason")

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cycle"]
        field.queryset = Cycle.objects.after(dossier.cycle)
        field.empty_label = _("— Chọn chu trình —")

    def add_to(self, call: dict[str, Any]) -> None:
        super().add_to(call)
        call["cycle"] = self.cleaned_data["cycle"]


class RubricForm(PlainPart):
    """The rubric that the dossier is judged by (bộ sản phẩm)."""

    rubric = RubricField(Rubric.objects.none(), label=_("Bộ sản phẩm"))

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, initial={"rubric": dossier.rubric_id}, **kwargs)
        self.fields["rubric"].queryset = dossier.rubrics()
        self.fields["rubric"].empty_label = _("— Chọn bộ sản phẩm —")

    def add_to(self, call: dict[str, Any]) -> None:
        call["rubric"] = self.cleaned_data["rubric"]


class CorrectionForm(Corrects, ReasonForm):
    """Names and group of the product and its producer, to be corrected (đính chính); filled with
    the present ones.
    """

    product_name = NameField(label=_("Tên sản phẩm"), max_length=200)
    product_group = forms.ChoiceField(label=_("Nhóm sản phẩm"), choices=ProductGroup)
    producer = RowField(Producer.objects.none(), label=_("Chủ thể"))
    producer_name = NameField(
        label=_("Tên chủ thể"),
        max_length=200,
        help_text=_("Đổi tên của chủ thể hiện nay; chọn chủ thể khác thì để nguyên ô này."),
    )
    confirmed = forms.BooleanField(
        label=_("Tôi đã xem, vẫn đính chính như ở đây"), required=False, widget=forms.HiddenInput
    )
    field_order = (
        "product_name", "product_group", "producer", "producer_name", "confirmed", "reason",
    )  # fmt: skip
    why = ("reason", "confirmed")
    together = (frozenset({"producer", "producer_name"}),)

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        product = dossier.product
        initial = {
            "product_name": product.name,
            "product_group": product.group,
            "producer": product.producer_id,
            "producer_name": product.producer.name,
        }
        super().__init__(*args, initial=initial, **kwargs)
        if dossier.state in AT_WORK:
            known = {*dict(dossier.rule_set.product_groups), product.group}
            self.fields["product_group"].choices = [
                choice for choice in ProductGroup.choices if choice[0] in known
            ]
        self.fields["producer"].queryset = Producer.objects.filter(
            Q(commune__in=OrgUnit.objects.united_with(dossier.commune_id))
            | Q(pk=product.producer_id)
        )
        self.dossier = dossier

    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.errors:
            self._look_for_doubles()
        return cleaned

    def _look_for_doubles(self) -> None:
        """Ask before a name becomes that of another: as when a dossier is opened."""
        here, product = self.changed_here(), self.dossier.product
        maker = here.get("producer") or product.producer
        same: list[Product | Producer] = []
        if maker == product.producer and "producer_name" in here:
            told = here["producer_name"]
            if maker_key(told) != maker_key(maker.name):
                same += [each for each in producers_called(maker.commune_id, told) if each != maker]
        name = here.get("product_name", product.name)
        if maker != product.producer or product_key(name) != product_key(product.name):
            same += [each for each in products_called([maker], name) if each != product]
        seen = [f"{each._meta.model_name} {each.pk}" for each in same]
        if not same:
            return
        self.fields["confirmed"].widget = forms.CheckboxInput(attrs={"class": "form-check-input"})
        if not ticked(self, "confirmed", seen, by=self.by, of=self.dossier):
            names = "; ".join(
                f"{each} ({each.producer})" if isinstance(each, Product) else str(each)
                for each in same
            )
            said = [_now("Đã có: %(names)s.") % {"names": names}]
            if any(isinstance(each, Producer) for each in same):
                said.append(_now("Là một chủ thể thì chọn ở ô «Chủ thể», để nguyên ô tên."))
            if any(isinstance(each, Product) for each in same):
                said.append(
                    _now(
                        "Là một sản phẩm thì không đính chính ở đây: hồ sơ mở trùng chưa công nhận "
                        "thì rút, làm tiếp hồ sơ của sản phẩm đã có."
                    )
                )
            said.append(_now("Là khác thì đánh dấu."))
            self.add_error("confirmed", " ".join(said))

    def add_to(self, call: dict[str, Any]) -> None:
        super().add_to(call)
        call |= self.changed_here()


class DetailsForm(Corrects, ReasonForm):
    """What is no name of the producer and the product, to be corrected; filled with the present."""

    owner_type = forms.ChoiceField(label=_("Loại hình chủ thể"), choices=OwnerType)
    representative = NameField(label=_("Người đại diện"), max_length=150, required=False)
    phone = PhoneField(label=_("Điện thoại"), required=False)
    address = forms.CharField(label=_("Địa chỉ"), max_length=250, required=False)
    registration_number = forms.CharField(
        label=_("Số đăng ký kinh doanh"), max_length=40, required=False
    )
    founded_on = field_for(Producer._meta.get_field("founded_on"))
    code = forms.CharField(label=_("Mã số sản phẩm"), max_length=40, required=False)
    not_future = ("founded_on",)
    field_order = (*DETAILS, "code", "reason")

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        product = dossier.product
        initial = {name: getattr(product.producer, name) for name in DETAILS}
        super().__init__(*args, initial=initial | {"code": product.code}, **kwargs)

    def add_to(self, call: dict[str, Any]) -> None:
        super().add_to(call)
        call |= self.changed_here()


class PaperForm(Part, forms.ModelForm):
    """The signed document that an act is done on or recorded from (văn bản đã ký).

    ``required``, with its scan, of a person who only records for another, and for an act that is
    done on a paper only; else it may stay empty.
    """

    legend = _("Nhập từ văn bản giấy")
    not_future = ("signed_on",)
    #: As what its scan stands in the dossier.
    kind = SIGNED_PAPER
    scan_file = ScanField(label=_("Bản chụp"), required=False)

    class Meta:
        model = Document
        formfield_callback = field_for
        fields = ("number", "signed_on", "signer", "signer_capacity")

    def __init__(
        self,
        *args: Any,
        dossier: Dossier,
        required: bool = False,
        recorded: Callable[[], Document | None] | None = None,
        typed: QueryDict | None = None,
        **kwargs: Any,
    ) -> None:
        """``recorded``: finds what is recorded of the paper already, with which the form begins;
        ``typed``: what it is filled with afterwards.
        """
        if not required:
            kwargs |= {"empty_permitted": True, "use_required_attribute": False}
        self.recorded = recorded
        known = recorded() if recorded is not None and kwargs.get("data") is None else None
        if known is not None:
            kwargs["initial"] = {name: getattr(known, name) for name in self.Meta.fields}
        super().__init__(*args, **kwargs)
        self.folded, self.dossier = not required, dossier
        # Of a document that the ledger has with its scan, no other is asked for.
        shown = self.data if self.is_bound else typed
        number = shown.get(self.add_prefix("number")) if shown else known and known.number
        self.number = number or ""
        self.known = documents.is_scanned(self.number)
        if known is not None and self.known:
            self.fields["scan_file"].help_text = _("Sổ văn bản đã có bản chụp: để trống.")
        self.fields["scan_file"].required = required and not self.known
        if self.folded:
            self.about = _("khi việc đã được ký trên giấy")
        else:
            self.legend = _("Văn bản đã ký, kèm bản chụp")
        if recorded is not None:
            # Of a form that was sent it is asked when its page shows it again.
            self.about = lazy(self._of_round, str)() if self.is_bound else self._of_round(known)

    def _of_round(self, known: Document | None = None) -> str:
        """The hint that the round has recorded the paper, whatever of it was typed since."""
        if known is None and self.is_bound and self.recorded is not None:
            known = self.recorded()
        if known is None:
            return ""
        if fold_number(known.number) == fold_number(self.number):
            return _now("Đã ghi ở văn bản của đợt: xem lại, không phải nhập lại.")
        return _now("Đợt đã ghi văn bản %(paper)s: hãy kiểm tra lại số.") % {"paper": known}

    def clean(self) -> Any:
        cleaned = super().clean()
        self.paper = OfficialDocument(dossier=self.dossier, document=self.instance)
        self.paper.kind = self.kind
        staged = self.cleaned_data.get("scan_file")
        if staged and not self.errors:
            self.paper.scan = self._scan(staged)
        return cleaned

    def _scan(self, staged: files.Staged) -> Evidence:
        """The staged file as a piece of evidence of the dossier, unsaved."""
        number = {"number": self.cleaned_data["number"]}
        made = Evidence(
            dossier=self.dossier, kind=self.kind, title=_now("Văn bản %(number)s") % number
        )
        made.hold(staged)
        return made

    def add_to(self, call: dict[str, Any]) -> None:
        if self.has_changed() or not self.empty_permitted:
            call["paper"] = self.paper


#: Something was typed beside a paper that was chosen.
OTHERWISE = _("Khác văn bản đã chọn ở trên: hãy để trống ô này, hoặc chọn «Văn bản khác».")


class PaperField(RowField):
    """A choice among signed papers, each with its signer."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj}, {obj.signer}, {obj.signer_capacity}"


class RequestForm(PaperForm):
    """The commune's official request, on which it sends the dossier up (văn bản đề nghị, Đ.6.2.a).

    One with which others went up lately is chosen, and nothing of it typed again. A file of it that
    is in the dossier already is offered as its scan.
    """

    recent = PaperField(
        OfficialDocument.objects.none(),
        label=_("Văn bản đề nghị đã nhập ở hồ sơ khác"),
        required=False,
        empty_label=_("— Văn bản khác, nhập dưới đây —"),
        help_text=_("Chọn thì để trống các ô dưới: số, ngày, người ký, bản chụp lấy từ đó."),
    )
    in_dossier = RowField(
        Evidence.objects.none(),
        label=_("Bản chụp đã có trong hồ sơ"),
        required=False,
        empty_label=_("— Không, tải bản chụp lên —"),
    )
    of_paper = ("number", "signed_on", "signer", "signer_capacity")
    field_order = ("recent", *of_paper, "in_dossier", "scan_file")

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, required=True, **kwargs)
        self.legend = _("Văn bản đề nghị của UBND xã, kèm bản chụp")
        self.about = _("Một văn bản đề nghị được nhiều hồ sơ: nhập cùng số, ngày, bản chụp.")
        self._offer_recent(dossier)
        if COMMUNE_REQUEST in [row["code"] for row in dossier.rule_set.content["evidence_kinds"]]:
            self.kind = COMMUNE_REQUEST
        there = dossier.evidence.current().filter(kind=COMMUNE_REQUEST, content_type__in=INLINE)
        self.there = there
        newest = there.order_by("-pk").first()
        if newest is None:
            del self.fields["in_dossier"]
            return
        self.fields["in_dossier"].queryset = there
        self.initial["in_dossier"] = newest.pk
        self.fields["scan_file"].required = False

    def _offer_recent(self, dossier: Dossier) -> None:
        offered = dossier.recent_requests(clock.today())
        if not offered:
            del self.fields["recent"]
            return
        self.about = _("Một văn bản đề nghị được nhiều hồ sơ.")
        self.fields["recent"].queryset = offered.select_related("document", "scan")
        self.fields["recent"].error_messages["invalid_choice"] = REQUEST_GONE
        for name in (*self.of_paper, "scan_file"):
            self.fields[name].required = False

    def _take(self, recent: OfficialDocument) -> None:
        """Say what ``recent`` says; what was typed besides must not be otherwise."""
        for name in self.of_paper:
            its = getattr(recent, name)
            if self.cleaned_data.get(name, its) not in (None, "", its):
                self.add_error(name, OTHERWISE)
            self.cleaned_data[name] = its
        scan, staged = recent.scan, self.cleaned_data.get("scan_file")
        assert scan is not None, "only papers with a scan are offered"
        if staged and staged.sha256 != scan.sha256:
            self.add_error("scan_file", OTHERWISE)
        its = files.Staged(scan.sha256, scan.bytes, scan.filename, scan.content_type)
        self.paper.scan, self.paper.same_as = self._scan(its), recent

    def clean(self) -> Any:
        cleaned = super().clean()
        if recent := self.cleaned_data.get("recent"):
            self._take(recent)
            return cleaned
        if "recent" in self.fields and "recent" not in self.errors:
            for name in self.of_paper:
                if not self.cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, self.fields[name].error_messages["required"])
        there = self.cleaned_data.get("in_dossier")
        if (
            self.cleaned_data.get("scan_file")
            or {
                "recent",
                "in_dossier",
                "scan_file",
            }
            & self.errors.keys()
        ):
            return cleaned
        if there is not None:
            self.paper.scan = there
        elif not self.known:
            self.add_error("scan_file", self.fields["scan_file"].error_messages["required"])
        return cleaned

    def _scan(self, staged: files.Staged) -> Evidence:
        """As of any paper; what stands in the dossier as a request already is that very piece."""
        same = self.there.filter(sha256=staged.sha256).order_by("-pk").first()
        return same or super()._scan(staged)


class AnnouncementForm(PlainPart):
    """The day on which a decision was announced (ngày công bố)."""

    on = DateField(label=_("Ngày công bố"))


class PaperCorrectionForm(PaperForm):
    """What of a document was typed wrong, filled with what the ledger says; with the reason.

    Its scan is asked for where the ledger has none.
    """

    reason = long_text(_("Lý do"))
    as_written = forms.BooleanField(
        label=_("Chức vụ ghi đúng như trên văn bản, người ký có thẩm quyền"),
        required=False,
        widget=forms.HiddenInput,
    )
    day_as_written = forms.BooleanField(
        label=_("Ngày ký ghi đúng như trên văn bản"),
        required=False,
        widget=forms.HiddenInput,
    )
    #: The document that the page showed.
    shown = forms.CharField(widget=forms.HiddenInput, max_length=20)

    def __init__(
        self, *args: Any, paper: OfficialDocument, dossier: Dossier, by: User, **kwargs: Any
    ) -> None:
        self.standing = paper.document.in_force
        initial = {name: getattr(self.standing, name) for name in self.Meta.fields}
        super().__init__(
            *args,
            dossier=dossier,
            required=True,
            initial=initial | {"shown": self.standing.pk},
            **kwargs,
        )
        self.folded = False
        scanned = bool(self.standing.scan_sha256)
        self.fields["scan_file"].required = not scanned
        self.fields["scan_file"].label = _now("Bản chụp đúng")
        if scanned:
            self.fields["scan_file"].help_text = _now(
                "Để trống nếu bản chụp đang có (%(file)s) là của văn bản này."
            ) % {"file": self.standing.scan_filename or _now("không rõ tên")}
        hold_for(by, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.cleaned_data.get("shown") not in (None, str(self.standing.pk)):
            self.add_error(None, documents.CORRECTED_ALREADY)
        return cleaned

    def correct(self, paper: OfficialDocument, by: User) -> bool:
        """Do it; False with the sentences at the fields when it is refused."""
        said = {name: self.cleaned_data[name] for name in self.Meta.fields}
        sure = ticked(self, "as_written", [said["signer_capacity"]], by=by, of=self.standing)
        asked = [str(each) for each in papers.questions(paper, said["signed_on"])]
        seen = [said["signed_on"].isoformat(), *asked]
        agreed = ticked(self, "day_as_written", seen, by=by, of=self.standing)
        asks = bool(asked) and not agreed
        try:
            # What the record refuses is refused first: nobody is asked about it.
            with doors.rehearsed() if asks else transaction.atomic():
                papers.correct(
                    paper,
                    by=by,
                    reason=self.cleaned_data["reason"],
                    scan=self.cleaned_data.get("scan_file") or None,
                    as_written=said["signer_capacity"] if sure else "",
                    **said,
                )
        except papers.Doubted as doubted:
            self._ask("as_written", list(map(str, doubted.messages)))
        except (ConditionNotMet, ValidationError) as refused:
            for field, sentences in refusals(refused):
                at = field.removeprefix("paper-")
                self.add_error(at if at in self.fields else None, list(map(str, sentences)))
            return False
        else:
            if not asks:
                return True
        if asks:
            self._ask("day_as_written", asked)
        return False

    def _ask(self, name: str, sentences: list[str]) -> None:
        """Show the box ``name`` with what it is asked about."""
        attrs = self.fields[name].widget.attrs | {"class": "form-check-input"}
        self.fields[name].widget = forms.CheckboxInput(attrs=attrs)
        self.add_error(name, sentences)


# --- One act ----------------------------------------------------------------------------------

#: ``Act.takes`` -> the part that asks for the arguments of the act's transition.
VALUES: dict[str, Any] = {
    "entry": LateEntryForm,
    "correction": CorrectionForm,
    "details": DetailsForm,
    "choice": RubricForm,
    "reopen": ReopenForm,
    "year": YearForm,
}


def _exactly(value: Any) -> object:
    """A cleaned ``value`` by what it is, where its words could be those of another."""
    if isinstance(value, files.Staged):
        return value.sha256
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, list | tuple | models.QuerySet):
        return [_exactly(each) for each in value]
    return str(value)


def _only_doubt(refused: ConditionNotMet | ValidationError, paper: Any) -> Words:
    """What is asked of the capacity on ``paper``, when nothing else was refused; else empty."""
    if paper is None or not isinstance(refused, ConditionNotMet):
        return ""
    at = {lack.field for lack in refused.lacks}
    return paper.doubt if at == {"paper-signer_capacity"} else ""


class ActForm:
    """The form of the act ``name`` on ``dossier``, done by ``user``.

    With ``task`` the act goes through ``doors.complete``, without through ``doors.act``. ``parts``
    are Django forms; the act's name is in their prefix, so that a page can have several acts.
    ``typed`` is what was typed before the sign-in expired, shown again.
    """

    def __init__(
        self,
        name: str,
        dossier: Dossier,
        user: User,
        *,
        task: Task | None = None,
        data: Any = None,
        files: Any = None,
        typed: QueryDict | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.dossier, self.user, self.task = name, dossier, user, task
        self.act = ACTS[name]
        self.typed_only = task is not None and not holds_task(user, task)
        #: Set by the task's page: when the act comes, and whether its form is shown open.
        self.when: Words = ""
        self.open = False
        #: Set by a page that keeps drafts of the form: which draft there is.
        self.place: Place | None = None
        self.sentences: list = []
        self.bound = data is not None
        self._sure = data.get(self.sure) if data is not None else None
        #: (label, value) of all that was typed, when a final act asks once more.
        self.asks: list[tuple[str, str]] = []
        #: Why it asks once more.
        self.warning: Words = ""
        common = {"data": data, "files": files}
        self.parts: list[Any] = []

        def add(key: str, factory: Callable[..., Part], **kwargs: Any) -> None:
            part = factory(prefix=f"{name}-{key}", **common, **kwargs)
            hold_for(user, part)
            part.by = user
            fill(part, typed)
            self.parts.append(part)

        for factory in RECORDS[name]:
            add(factory._meta.model._meta.model_name, factory, dossier=dossier, initial=initial)
        if self.act.takes:
            add(self.act.takes, VALUES[self.act.takes], dossier=dossier)
        elif self.act.tone == "return" and task is not None:
            add("return", ReturnForm, node=task.node)
        elif self.act.reason:
            add("reason", ReasonForm)
        elif asked := dossier.asked(self.act, clock.today()):
            add(
                "reason",
                AskedForm,
                sentences=list(asked.values()),
                awaits=self.act.awaits(asked),
            )
        elif self.act.reviewed and task is not None:
            add("review", ReviewForm, node=task.node)
        elif task is not None:
            add("note", NoteForm)
        if not self.act.unsigned:
            if self.act.is_request(dossier.state, dossier.rule_set):
                add("paper", RequestForm, dossier=dossier)
            else:
                required = self.typed_only or dossier.demands_paper(self.act)
                kind = self.act.round_paper if required else ""
                recorded = partial(recorded_in_round, dossier, kind) if kind else None
                if typed is not None and not any(
                    typed.get(f"{name}-paper-{each}") for each in PaperForm.Meta.fields
                ):
                    # Nothing of the paper was typed: it begins as on a new page.
                    typed = None
                paper = {"required": required, "recorded": recorded, "typed": typed}
                add("paper", PaperForm, dossier=dossier, **paper)

    @property
    def reviews(self) -> bool:
        """Whether it has the checklist of the task."""
        return self.act.reviewed

    @property
    def has_file(self) -> bool:
        """Whether it has a file field, so that the page's form must be multipart."""
        return any(part.is_multipart() for part in self.parts)

    @property
    def sure(self) -> str:
        """The name of the input that says: yes, do just that."""
        return f"{self.name}-sure"

    @property
    def seal(self) -> str:
        """What is agreed to: a hash of the act, of the dossier where it stands, and of all that a
        valid form says, each row by its key and each file by its content. Another is asked anew.
        """
        told = [
            (bound.html_name, _exactly(part.cleaned_data.get(bound.name)))
            for part in self.parts
            for bound in part
        ]
        done = (self.name, self.dossier.state, self.task and self.task.pk)
        return sealed(self.user, self.dossier, *done, told, self._said())

    def _said(self) -> list[tuple[str, str]]:
        """(label, value in words) of each field that was filled in; of a file its name."""
        return [
            (str(bound.label), words)
            for part in self.parts
            for bound in part
            if (words := in_words(bound.field, part.cleaned_data.get(bound.name)))
        ]

    def is_valid(self) -> bool:
        """Whether all parts are valid."""
        # A list, not a generator: every part is validated, so that all errors show at once.
        return False not in [part.is_valid() for part in self.parts]

    def do(self) -> bool:
        """Validate and do the act. Returns False, with what is wrong in :attr:`problems`, when the
        form must be shown again.

        Raises PermissionDenied; TaskAlreadyDone and ActNotPossible when somebody acted first.
        """
        if not self.is_valid():
            return False
        call: dict[str, Any] = {"record": [], "paper": None, "reason": ""}
        for part in self.parts:
            part.add_to(call)
        paper = call["paper"]
        doubts = questions(self.dossier, self.name, call["record"], paper)
        self.warning = " ".join(map(str, doubts)) or self.act.final
        agreed = self._sure == self.seal
        asks = bool(self.warning) and not agreed
        dossier, task, told = self.dossier, self.task, call
        if asks:
            dossier, task, told = deepcopy((dossier, task, told))
        if agreed and paper is not None:
            paper.as_written = paper.signer_capacity
        try:
            # What the record refuses is refused first: nobody is asked about it.
            with doors.rehearsed() if asks else nullcontext():
                self._through(dossier, task, told)
        except (ConditionNotMet, ValidationError) as error:
            if (doubt := _only_doubt(error, told["paper"])) and not agreed:
                self.warning = " ".join(map(str, (*doubts, doubt)))
                self.asks = self._said()
                return False
            for field, sentences in refusals(error):
                self._place(field, sentences)
        except PaperRequired:
            self._place(
                "paper-number",
                [_("Bạn không giữ việc này: chỉ được nhập từ văn bản giấy đã ký.")],
            )
        except DutyMissing:
            self.sentences = [
                _("Chu trình chưa phân công ai làm việc tiếp theo. Xin báo quản trị.")
            ]
            # The transaction was rolled back: reread what was changed in memory.
            with transaction.atomic():
                self.dossier.lock()
            if self.task is not None:
                self.task.refresh_from_db()
        else:
            self.asks = self._said() if asks else []
            return not asks
        return False

    def _through(self, dossier: Dossier, task: Task | None, call: dict[str, Any]) -> None:
        """Go through the door of the act."""
        if task is not None:
            doors.complete(task, self.name, by=self.user, **call)
        else:
            process = dossier.process
            assert process is not None, "every dossier was opened with one"
            doors.act(process, self.name, by=self.user, **call)

    def _place(self, field: str, sentences: list[Words]) -> None:
        """Show ``sentences`` at the ``field``, or above the form when no part has it. With
        «part-field» it is that part's; else of the first part that has one of this name.
        """
        for part in self.parts:
            own = f"{self.name}-{field}".removeprefix(f"{part.prefix}-")
            if (name := own if own in part.fields else field) in part.fields:
                part.add_error(name, [str(each) for each in sentences])
                return
        self.sentences += sentences

    @property
    def problems(self) -> list[tuple[str, Any]]:
        """(HTML id of the field or "", sentence) of each error."""
        return [(place, sentence) for place, _label, sentence in self._faults()]

    @property
    def summary(self) -> list[tuple[str, str]]:
        """:attr:`problems` as the head of the page lists them: each names its field."""
        return [(place, named(label, sentence)) for place, label, sentence in self._faults()]

    def _faults(self) -> list[tuple[str, Any, Any]]:
        """(HTML id of the field or "", its label or "", sentence) of each error."""
        return [("", "", sentence) for sentence in self.sentences] + [
            (part[field].id_for_label, part[field].label, sentence)
            if field in part.fields
            else ("", "", sentence)
            for part in self.parts
            if self.bound
            for field, sentences in part.errors.items()
            for sentence in sentences
        ]


# --- Who has a task ----------------------------------------------------------------------------


class WaitForm(PlainPart):
    """What the producer is waited for (chờ chủ thể)."""

    reason = forms.CharField(label=_("Đang chờ chủ thể việc gì"), max_length=300)


class ReassignForm(PlainPart):
    """Give the task to another holder of its role at its unit (giao lại)."""

    to = RowField(User.objects.none(), label=_("Giao cho"))
    reason = forms.CharField(label=_("Lý do giao lại"), max_length=300)

    def __init__(self, *args: Any, task: Task, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = named_apart(people_of(task.role, task.org_unit_id))
        self.fields["to"].queryset = people.order_by("sort_key", "username")
        self.fields["to"].empty_label = _("— Chọn người —")


class RerouteForm(PlainPart):
    """Give the task to another unit of its level where somebody holds its role (chuyển đơn vị)."""

    to = RowField(OrgUnit.objects.none(), label=_("Chuyển cho đơn vị"))
    document = forms.CharField(
        label=_("Số, ngày văn bản"),
        max_length=120,
        required=False,
        help_text=_("Bắt buộc khi chuyển ra ngoài địa bàn của hồ sơ; chuyển về thì không cần."),
    )
    reason = forms.CharField(label=_("Lý do chuyển"), max_length=300)

    def __init__(self, *args: Any, task: Task, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = RoleAssignment.objects.held_on(clock.today()).filter(
            role=task.role, user__is_active=True
        )
        assert task.dossier is not None and task.org_unit is not None, "a task of a person"
        own = Q(pk__in=OrgUnit.objects.over(task.dossier.commune_id))
        self.fields["to"].queryset = (
            OrgUnit.objects.filter(
                own | Q(valid_to=task.org_unit.valid_to), level=task.org_unit.level
            )
            .filter(own | Q(pk__in=held.values("org_unit")))
            .exclude(pk=task.org_unit_id)
            .not_taken_over()
            .current_first()
        )
        self.fields["to"].empty_label = _("— Chọn đơn vị —")

"""Forms to open a dossier, and to record the outreach events from which dossiers come."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.fields import NameField, PhoneField
from cycle.models import Cycle, Level, OfficeContact, OrgUnit, Role, User, told_apart
from dossiers.forms.acts import LATE_CHOICES
from dossiers.forms.fields import Part, PlainPart, RowField, field_for, long_text, refuse
from dossiers.forms.shown import Corrects, ticked
from dossiers.law.conditions import CERTIFICATE_REVOKED, NEVER_CERTIFIED, group_unknown
from dossiers.law.states import AT_WORK
from dossiers.models import (
    CaseType,
    ConditionNotMet,
    Dossier,
    LateEntry,
    OutreachEvent,
    OutreachKind,
    OwnerType,
    PlannedOutreach,
    Potential,
    Producer,
    Product,
    ProductGroup,
    PromotionEvent,
    State,
)
from dossiers.models.events import ORGANISERS
from dossiers.models.product import maker_key, producers_called, product_key, products_called
from dossiers.walk import doors, survey
from dossiers.walk.engine import DutyMissing


class UnitChoiceField(RowField):
    """A choice among communes; those of one name are told apart by district and last day."""

    def label_from_instance(self, unit: OrgUnit) -> str:
        name = unit.name
        if unit.parent and unit.parent.level == Level.DISTRICT:
            name += f", {unit.parent.name}"
        return told_apart(name, unit.valid_to)


def choose_the_only_year(field: Any) -> None:
    """Where one cycle is open, nobody is asked for it."""
    years = list(field.queryset[:2])
    if len(years) == 1:
        field.initial = years[0]


class DossierForm(PlainPart):
    """Open a dossier: whose product, where, in which cycle, from which step (mở hồ sơ)."""

    not_future = ("founded_on",)
    cycle = RowField(
        Cycle.objects.none(), label=_("Chu trình"), empty_label=_("— Chọn chu trình —")
    )
    commune = UnitChoiceField(
        OrgUnit.objects.none(), label=_("Xã, phường"), empty_label=_("— Chọn xã, phường —")
    )
    producer = RowField(
        Producer.objects.none(),
        label=_("Chủ thể"),
        required=False,
        empty_label=_("Chủ thể mới (điền bên dưới)"),
    )
    producer_name = NameField(label=_("Tên chủ thể mới"), max_length=200, required=False)
    owner_type = forms.ChoiceField(
        label=_("Loại hình"),
        choices=[("", _("— Chọn loại hình —")), *OwnerType.choices],
        required=False,
    )
    representative = NameField(label=_("Người đại diện"), max_length=150, required=False)
    phone = PhoneField(label=_("Điện thoại"), required=False)
    address = forms.CharField(label=_("Địa chỉ"), max_length=250, required=False)
    registration_number = forms.CharField(
        label=_("Số đăng ký kinh doanh"), max_length=40, required=False
    )
    founded_on = field_for(Producer._meta.get_field("founded_on"))
    product = RowField(
        Product.objects.none(),
        label=_("Sản phẩm"),
        required=False,
        empty_label=_("Sản phẩm mới (điền bên dưới)"),
    )
    product_name = NameField(label=_("Tên sản phẩm mới"), max_length=200, required=False)
    group = forms.ChoiceField(
        label=_("Nhóm sản phẩm"),
        choices=[("", _("— Chọn nhóm —"))],
        required=False,
        help_text=_("Cả khi sản phẩm cũ thuộc nhóm mà bộ quy định nay không còn."),
    )
    code = forms.CharField(label=_("Mã số sản phẩm (nếu đã có)"), max_length=40, required=False)
    case_type = forms.ChoiceField(label=_("Loại hồ sơ"), choices=CaseType)
    outreach_event = RowField(
        OutreachEvent.objects.none(),
        label=_("Từ hoạt động tuyên truyền"),
        required=False,
        empty_label=_("Không từ hoạt động nào"),
    )
    state = forms.ChoiceField(
        label=_("Bắt đầu từ"),
        choices=[("", _("Như thường lệ của loại hồ sơ")), *LATE_CHOICES],
        required=False,
        help_text=_(
            "Thường lệ: lần đầu từ đăng ký ý tưởng; nâng hạng, đánh giá lại từ hồ sơ đánh giá. "
            "Sản phẩm có sẵn chọn bước sau thì phải có lý do; các bước bỏ qua được thống kê."
        ),
    )
    reason = long_text(_("Lý do vào thẳng bước sau"), required=False)
    confirmed = forms.BooleanField(
        label=_("Tôi đã xem, đây không phải hồ sơ trùng"),
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(
        self,
        *args: Any,
        user: User,
        potential: Potential | None = None,
        enters_old: bool = True,
        **kwargs: Any,
    ) -> None:
        """``enters_old``: whether ``user`` may enter a certificate of before."""
        super().__init__(*args, **kwargs)
        self.enters_old = enters_old
        #: The potential product that the dossier begins from, or None.
        self.potential = potential
        self.user = user
        self.duplicates: list[Dossier] = []
        #: How many more there are that the officer may not see.
        self.unseen = 0
        #: Whether the case type claims a certificate that is not on record.
        self.uncertified = False
        #: The dossier by which the product was certified, of a case that is judged anew.
        self.judged_before: Dossier | None = None
        #: Producers of the commune who are called as the new one is.
        self.namesakes: list[Producer] = []
        communes = OrgUnit.objects.filter(pk__in=user.area(Role.OFFICER), level=Level.COMMUNE)
        self.fields["cycle"].queryset = years = Cycle.objects.filter(closed_on=None)
        known = {
            group for year in years.select_related("rule_set")
            for group, _label in year.rule_set.product_groups
        }  # fmt: skip
        self.fields["group"].choices = [
            *self.fields["group"].choices,
            *(choice for choice in ProductGroup.choices if choice[0] in known),
        ]
        # Of the communes that have ended only those that an open year still knew (doors.no_more).
        knew = years.filter(
            Q(opened_on__lte=OuterRef("valid_to"))
            | Q(rule_set__content__levels__contains=["district"])
        )
        self.fields["commune"].queryset = (
            communes.filter(Q(valid_to=None) | Exists(knew))
            .select_related("parent")
            .current_first()
        )
        producers = Producer.objects.filter(commune__in=communes)
        self.fields["producer"].queryset = producers
        self.fields["product"].queryset = Product.objects.filter(
            Q(made_in=None, producer__in=producers) | Q(made_in__in=communes)
        ).select_related("producer")
        # Chosen beforehand when only one existing commune can be chosen; the others have ended.
        if (
            not self.initial.get("commune")
            and len(
                today := [each for each in self.fields["commune"].queryset[:2] if not each.valid_to]
            )
            == 1
        ):
            self.fields["commune"].initial = today[0]
        choose_the_only_year(self.fields["cycle"])
        self.fields["product"].label_from_instance = lambda row: f"{row.name} ({row.producer})"
        self.fields["outreach_event"].queryset = OutreachEvent.objects.filter(
            org_unit__in=user.area(), cycle__closed_on=None
        )

    def clean(self) -> Any:
        data = super().clean()
        cycle, commune = data.get("cycle"), data.get("commune")
        if (
            cycle
            and commune
            and cycle.rule_set.has_district != bool(commune.at_level(Level.DISTRICT))
        ):
            self.add_error(
                "commune",
                _("Xã này không thuộc chu trình đã chọn: chu trình %(levels)s.")
                % {"levels": _("ba cấp") if cycle.rule_set.has_district else _("hai cấp")},
            )
        elif cycle and commune and (gone := doors.no_more(commune, cycle)):
            self.add_error("commune", gone)
        product, producer = data.get("product"), data.get("producer")
        if product and producer and product.producer_id != producer.pk:
            self.add_error("product", _("Sản phẩm này không phải của chủ thể đã chọn."))
        maker = product.producer if product else producer
        if maker and commune and (elsewhere := doors.not_made_in(maker, commune, product)):
            self.add_error("commune", elsewhere)
        self._keep_what_is_typed(product, producer, data)
        if not product:
            for name in ("product_name", "group"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, self.fields[name].error_messages["required"])
            if not producer:
                for name in ("producer_name", "owner_type"):
                    if not data.get(name) and name not in self.errors:
                        self.add_error(name, self.fields[name].error_messages["required"])
        self._check_group(cycle, data)
        first = data.get("case_type") == CaseType.FIRST
        if first and data.get("state") and not data.get("reason"):
            self.add_error("reason", _("Bạn chưa nêu lý do vào thẳng bước sau."))
        if data.get("case_type") == CaseType.REEVALUATION and (
            data.get("state") not in (None, "", State.ASSEMBLING)
        ):
            self.add_error("state", _("Đánh giá lại bắt đầu từ hồ sơ đánh giá."))
        if not self.errors and not first:
            self._check_claim(data["product"])
        if not self.errors:
            self._look_for_duplicates(data)
        return data

    def _check_claim(self, product: Product | None) -> None:
        """What is judged anew was certified before; who may enter that certificate is said first
        to who may not.
        """
        claim = Dossier(product=product) if product else None
        if claim is not None:
            self.judged_before = claim.certified_by()
        if self.judged_before is not None:
            return
        if claim is not None and claim.revoked_on():
            self.add_error("case_type", CERTIFICATE_REVOKED)
        elif self.enters_old:
            self.uncertified = True
        else:
            self.add_error("case_type", NEVER_CERTIFIED)
            contact = OfficeContact.current()
            if contact is None:
                self.add_error("case_type", _("Cán bộ OCOP của tỉnh ghi giấy cũ."))
            else:
                self.add_error(
                    "case_type",
                    _now("Cán bộ OCOP của tỉnh ghi giấy cũ; liên hệ: %(contact)s.")
                    % {"contact": contact},
                )

    def _check_group(self, cycle: Cycle | None, data: dict[str, Any]) -> None:
        """The group of the product, known or new, is one of the edition that the year is under."""
        if cycle is None:
            return
        known, product = dict(cycle.rule_set.product_groups), data.get("product")
        if data.get("group"):
            if data["group"] not in known:
                self.add_error("group", group_unknown(cycle.rule_set))
            elif product is not None and product.group in known.keys() - {data["group"]}:
                self.add_error(
                    "group",
                    _("Sản phẩm đã chọn thuộc nhóm «%(group)s»: muốn đổi, hãy đính chính.")
                    % {"group": product.get_group_display()},
                )
        elif product is not None and product.group not in known:
            self.add_error(
                "group",
                _("Sản phẩm thuộc nhóm «%(group)s», bộ quy định nay không còn: hãy chọn nhóm nay.")
                % {"group": product.get_group_display()},
            )

    def _keep_what_is_typed(self, product: Any, producer: Any, data: dict[str, Any]) -> None:
        """Who chose one and typed another is asked which: neither is dropped without a word."""
        maker = producer or (product.producer if product else None)
        name = data.get("producer_name")
        if maker and name and maker_key(name) != maker_key(maker.name):
            self.add_error("producer_name", self._two(maker, name))
        name = data.get("product_name")
        if product and name and product_key(name) != product_key(product.name):
            self.add_error("product_name", self._two(product, name))

    @staticmethod
    def _two(chosen: Any, typed: str) -> Any:
        return _now(
            "Bạn vừa chọn «%(chosen)s» vừa nhập «%(typed)s»: hãy bỏ chọn, hoặc xóa tên đã nhập."
        ) % {"chosen": chosen, "typed": typed}

    def _fields(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    def where(self) -> list[forms.BoundField]:
        """The fields of cycle, commune and outreach event."""
        return self._fields("cycle", "commune", "outreach_event")

    def new_product(self) -> list[forms.BoundField]:
        """The fields of a new product."""
        return self._fields("product_name", "group", "code")

    def new_producer(self) -> list[forms.BoundField]:
        """The fields of a new producer."""
        return self._fields(
            "producer_name",
            "owner_type",
            "representative",
            "phone",
            "address",
            "registration_number",
            "founded_on",
        )

    def how(self) -> list[forms.BoundField]:
        """The fields of the case type and of where the walk begins."""
        return self._fields("case_type", "state", "reason")

    def _look_for_duplicates(self, data: dict[str, Any]) -> None:
        """Warn of dossiers of the same product that are of this year or still open, or of one with
        the same names, however they are written, and of a producer who is there already; the
        officer may tick that this is another.
        """
        of_year = Q(cycle=data["cycle"]) | Q(state__in=AT_WORK)
        if data["product"]:
            same = Dossier.objects.filter(of_year, product=data["product"])
            if self.judged_before is not None:
                # Of course there is the one that is upgraded or judged anew.
                same = same.exclude(pk=self.judged_before.pk)
        else:
            if not data["producer"]:
                self.namesakes = producers_called(data["commune"].pk, data["producer_name"])
            producers = [data["producer"]] if data["producer"] else self.namesakes
            same = Dossier.objects.filter(
                product__in=products_called(producers, data["product_name"])
            )
        self.duplicates = list(same.visible_to(self.user).with_units()[:5])
        # Of a product known to the officer also those that another unit has.
        self.unseen = same.count() - same.visible_to(self.user).count() if data["product"] else 0
        if self.duplicates or self.unseen or self.namesakes:
            self.fields["confirmed"].widget = forms.CheckboxInput(
                attrs={"class": "form-check-input"}
            )
            if self.namesakes:
                self.fields["confirmed"].label = (
                    _("Tôi đã xem, đây là chủ thể khác, không phải hồ sơ trùng")
                    if self.duplicates
                    else _("Tôi đã xem, đây là chủ thể khác")
                )
            seen = [f"dossier {pk}" for pk in same.values_list("pk", flat=True)]
            seen += [f"producer {each.pk}" for each in self.namesakes]
            if not ticked(self, "confirmed", seen, by=self.user):
                self.add_error(
                    "confirmed",
                    _("Sản phẩm này đã có hồ sơ. Xin xem lại; nếu không trùng, hãy đánh dấu.")
                    if self.duplicates or self.unseen
                    else _(
                        "Xã này đã có chủ thể mang tên đó: hãy chọn ở ô «Chủ thể»; nếu là chủ thể "
                        "khác, hãy đánh dấu."
                    ),
                )

    def _late(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """What ``enter_late`` is given; None for one that begins with its idea. The case type says
        why it enters late: nobody is asked twice for one fact.
        """
        first = data["case_type"] == CaseType.FIRST
        if first and not data["state"]:
            return None
        why = LateEntry.EXISTING if first else LateEntry(data["case_type"])
        state = data["state"] or State.ASSEMBLING
        return {"entered_as": why, "state": state, "reason": data["reason"] or str(why.label)}

    def open(self, product: Product | None = None) -> Dossier | None:
        """Open the dossier, at a later step if so chosen; returns it, or None with the errors on
        the form. ``product``: the one whose old certificate was entered just now.
        """
        data = self.cleaned_data
        try:
            with transaction.atomic():
                dossier = Dossier(
                    cycle=data["cycle"],
                    product=product or data["product"] or self._new_product(data),
                    commune=data["commune"],
                    case_type=data["case_type"],
                    outreach_event=data["outreach_event"],
                )
                process = doors.open(dossier, by=self.user, group=data["group"])
                if self.potential is not None:
                    survey.begin(self.potential, dossier, by=self.user)
                if late := self._late(data):
                    doors.act(process, "enter_late", by=self.user, **late)
        except ConditionNotMet as error:
            refuse(self, error)
        except DutyMissing:
            self.add_error(None, _("Chu trình này chưa có phân công nhiệm vụ. Xin báo quản trị."))
        except PermissionDenied:
            self.add_error("commune", _("Bạn không phải cán bộ OCOP phụ trách xã này."))
        else:
            return dossier
        return None

    def _new_product(self, data: dict[str, Any]) -> Product:
        """An unsaved product, for the door to save; with an unsaved producer if that is new too."""
        # Who is called like one that is here was looked at, and is another (namesakes).
        producer = data["producer"] or Producer(
            name=data["producer_name"],
            owner_type=data["owner_type"],
            commune=data["commune"],
            representative=data["representative"],
            phone=data["phone"],
            address=data["address"],
            registration_number=data["registration_number"],
            founded_on=data["founded_on"],
        )
        return Product(
            producer=producer, name=data["product_name"], group=data["group"], code=data["code"]
        )


def judged_anew(dossier: Dossier) -> dict[str, Any]:
    """What the form is given of the product that ``dossier`` certified, to be evaluated again."""
    return {
        "product": dossier.product_id,
        "commune": dossier.commune.heir().pk,
        "case_type": CaseType.REEVALUATION,
    }


def told_by(potential: Potential) -> dict[str, Any]:
    """What is said of a potential product, as the form asks it."""
    commune = potential.commune.heir().pk
    makers = producers_called(potential.commune_id, potential.producer_name)
    maker = next(iter(makers), None)
    known = next(iter(products_called(makers, potential.name)), None)
    if known is not None:
        return {"commune": commune, "outreach_event": potential.event_id, "product": known.pk}
    told: dict[str, Any] = {
        "commune": commune,
        "outreach_event": potential.event_id,
        "product_name": potential.name,
        "group": potential.group,
    }
    if maker is not None:
        return told | {"producer": maker.pk}
    return told | {
        "producer_name": potential.producer_name,
        "owner_type": potential.owner_type,
        "representative": potential.representative,
        "phone": potential.phone,
        "address": potential.address,
    }


class EventForm(Part, forms.ModelForm):
    """Something that a unit held in a year for many products."""

    not_future = ("held_on",)

    def __init__(
        self,
        *args: Any,
        user: User,
        event: OutreachEvent | PromotionEvent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, instance=event or self._meta.model(recorded_by=user), **kwargs)
        self.fields["cycle"].queryset = Cycle.objects.filter(
            Q(closed_on=None) | Q(pk=event.cycle_id if event else None)
        )
        self.fields["cycle"].empty_label = _("— Chọn chu trình —")
        if self.initial.get("cycle") is None:
            choose_the_only_year(self.fields["cycle"])
        self.fields["org_unit"].queryset = (
            OrgUnit.objects.filter(
                Q(pk__in=user.area(*ORGANISERS)) | Q(pk=event.org_unit_id if event else None)
            )
            .select_related("parent")
            .current_first()
        )
        self.fields["org_unit"].empty_label = _("— Chọn đơn vị —")

    def clean(self) -> Any:
        """What was held is its unit's of that day, and for its year: then, or the year before."""
        data = super().clean()
        unit, day, cycle = (data.get(name) for name in ("org_unit", "held_on", "cycle"))
        if cycle and day and day.year < cycle.year - 1:
            self.add_error(
                "held_on",
                _("Ngày này quá sớm so với chu trình năm %(year)d: hãy xem lại năm.")
                % {"year": cycle.year},
            )
        elif unit and day and day < unit.valid_from:
            self.add_error(
                "held_on",
                _("Ngày ấy chưa có «%(unit)s»: đơn vị này có từ ngày %(first)s.")
                % {"unit": unit, "first": f"{unit.valid_from:%d/%m/%Y}"},
            )
        if unit and day and unit.ended_before(day):
            heir = unit.heir()
            # A reorganised unit may keep its name; a district is left to nobody.
            said = (
                _("Ngày ấy «%(unit)s» không còn: nay là «%(now)s».")
                if heir != unit
                else _("Ngày ấy «%(unit)s» không còn: hãy chọn đơn vị khác.")
            )
            self.add_error("org_unit", said % {"unit": unit.label, "now": heir})
        return data


class PlannedField(RowField):
    """A choice among rows of the plan, each with its unit and its day or month."""

    def label_from_instance(self, row: PlannedOutreach) -> str:
        return f"{row.title} ({row.when}, {row.org_unit.name})"


class OutreachForm(EventForm):
    """An outreach event that was held (hoạt động tuyên truyền)."""

    kind = forms.ChoiceField(label=_("Hình thức"), choices=OutreachKind)
    planned = PlannedField(
        PlannedOutreach.objects.none(),
        label=_("Theo kế hoạch"),
        required=False,
        empty_label=_("Không theo dòng kế hoạch nào"),
    )

    class Meta:
        model = OutreachEvent
        formfield_callback = field_for
        fields = (
            "planned",
            "cycle",
            "org_unit",
            "held_on",
            "kind",
            "title",
            "place",
            "audience",
            "attendance",
            "cost",
        )
        field_classes = {"org_unit": UnitChoiceField}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        its = Q(pk=self.instance.planned_id)
        stands = Q(dropped_at=None, cycle__closed_on=None, cycle__void=False)
        seen = PlannedOutreach.objects.visible_to(user).filter(its | stands)
        self.fields["planned"].queryset = seen.select_related("org_unit")

    def clean(self) -> Any:
        """What it fulfils of the plan is of its year and kind."""
        data = super().clean()
        planned, cycle, kind = (data.get(name) for name in ("planned", "cycle", "kind"))
        if planned and cycle and planned.cycle_id != cycle.pk:
            self.add_error("planned", _("Dòng kế hoạch này thuộc chu trình khác."))
        elif planned and kind and planned.kind != kind:
            self.add_error(
                "planned",
                _("Kế hoạch ghi hình thức «%(kind)s»: hãy chọn lại dòng kế hoạch, hoặc hình thức.")
                % {"kind": planned.get_kind_display()},
            )
        return data


class PromotionForm(EventForm):
    """A fair or campaign that was held (hội chợ, chiến dịch xúc tiến)."""

    class Meta:
        model = PromotionEvent
        formfield_callback = field_for
        fields = ("cycle", "org_unit", "held_on", "title", "place", "attendance", "cost")
        field_classes = {"org_unit": UnitChoiceField}


class EventCorrection(Corrects):
    """What was held as it truly was (đính chính), and why; filled with what was recorded."""

    together = (frozenset({"org_unit", "held_on"}),)


class OutreachCorrectionForm(EventCorrection, OutreachForm):
    """An outreach event as it truly was."""

    reason = long_text(_("Lý do đính chính"))


class PromotionCorrectionForm(EventCorrection, PromotionForm):
    """A fair or campaign as it truly was."""

    reason = long_text(_("Lý do đính chính"))

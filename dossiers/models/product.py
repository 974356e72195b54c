"""Producers and their products (chủ thể, sản phẩm)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import guards, letters
from cycle.locking import take_turn
from cycle.models import Level, NameField, OrgUnit, PhoneField, Renamed, Stream
from cycle.written import clean_name
from dossiers.law.conditions import ConditionNotMet
from dossiers.law.states import RECOGNISED, UNDECIDED


class OwnerType(models.TextChoices):
    """Legal form of a producer (loại hình chủ thể, QĐ 26/2026/QĐ-TTg)."""

    COOPERATIVE = "cooperative", _("Hợp tác xã")
    GROUP = "group", _("Tổ hợp tác")
    ENTERPRISE = "enterprise", _("Doanh nghiệp nhỏ và vừa")
    FARM = "farm", _("Trang trại")
    HOUSEHOLD = "household", _("Hộ có đăng ký kinh doanh")
    ASSOCIATION = "association", _("Hội, hiệp hội (du lịch)")


#: The forms that count as an organisation (tổ chức kinh tế): a household or a farm is none.
ORGANISATIONS = frozenset(
    {OwnerType.COOPERATIVE, OwnerType.GROUP, OwnerType.ENTERPRISE, OwnerType.ASSOCIATION}
)


class ProductGroup(models.TextChoices):
    """The product groups of all editions (nhóm sản phẩm)."""

    FOOD = "food", _("Thực phẩm")
    DRINK = "drink", _("Đồ uống")
    HERBS = "herbs", _("Dược liệu và sản phẩm từ dược liệu")
    HANDICRAFT = "handicraft", _("Thủ công mỹ nghệ")
    ORNAMENTAL = "ornamental", _("Sinh vật cảnh")
    TOURISM = "community_tourism", _("Du lịch cộng đồng, sinh thái")
    TEXTILE = "fabrics_and_garments", _("Vải và may mặc")
    DECORATION = "souvenirs_furniture_decoration", _("Lưu niệm, nội thất, trang trí")


def maker_key(name: str) -> str:
    """What a producer's name is compared by: «HTX Mường-Ảng» and «Hợp tác xã Mường Ảng» are one."""
    return "".join(
        letters.SHORT.get(word, word) for word in letters.search_words(name).split()
    ).replace(" ", "")


def product_key(name: str) -> str:
    """What a product's name is compared by: «Cà-phê», «càphê» and «Cà phê» are one."""
    return letters.search_joined(name)


def producers_called(commune: int, name: str) -> list[Producer]:
    """The producers of this name, however it is written, in the commune with this id or in one of
    before that went into the same, the first one entered first.
    """
    key = maker_key(name)
    here = Producer.objects.filter(commune__in=OrgUnit.objects.united_with(commune))
    return [row for row in here.order_by("pk") if maker_key(row.name) == key]


def products_called(producers: Iterable[Producer | int], name: str) -> list[Product]:
    """The products of ``producers`` of this name, however it is written."""
    key, made = product_key(name), Product.objects.filter(producer__in=producers)
    return [
        row
        for row in made.select_related("producer").order_by("pk")
        if product_key(row.name) == key
    ]


class Standing(models.Manager):
    """Rows that stand: what was brought in by mistake and struck out (gạch bỏ) is left out.

    Struck rows are never deleted: ``everything`` has them too.
    """

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(void=False)


#: What is said to who builds on what was struck out at the same moment.
STRUCK_OUT = _("Chủ thể hoặc sản phẩm này vừa bị gạch bỏ khỏi danh sách đã nhập: hãy chọn lại.")
#: What is said to who begins something in a year that was struck out at the same moment.
YEAR_STRUCK_OUT = _("Chu trình này vừa bị gạch bỏ vì mở nhầm: hãy chọn chu trình khác.")
#: What the database says, and what is said for it.
_SAID = {"stands_on_what_stands": STRUCK_OUT, "stands_in_its_year": YEAR_STRUCK_OUT}


@contextmanager
def on_what_stands() -> Iterator[None]:
    """Save something on a producer, a product or a year. Raises ConditionNotMet when it was struck
    out since: the database looks, whoever was faster.
    """
    try:
        yield
    except IntegrityError as error:
        for name, said in _SAID.items():
            if name in str(error):
                raise ConditionNotMet([said]) from error
        raise


class Producer(Renamed):
    """A producer: who makes a product and proposes it (chủ thể)."""

    history_stream = Stream.PRODUCER
    history_cycle_id = None

    name = NameField(_("tên chủ thể"), max_length=200)
    owner_type = models.CharField(_("loại hình"), max_length=20, choices=OwnerType)
    commune = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="producers", verbose_name=_("xã, phường")
    )
    representative = NameField(_("người đại diện"), max_length=150, blank=True)
    phone = PhoneField(_("điện thoại"), max_length=20, blank=True)
    address = models.CharField(_("địa chỉ"), max_length=250, blank=True)
    registration_number = models.CharField(_("số đăng ký kinh doanh"), max_length=40, blank=True)
    founded_on = models.DateField(_("ngày thành lập"), null=True, blank=True)
    search, search_joined = letters.searched(
        "name", "representative", "phone", "address", "registration_number"
    )
    sort_key = letters.sorted_by("name")
    void = models.BooleanField(_("đã gạch bỏ"), default=False, editable=False)

    objects = Standing()
    everything = models.Manager()

    class Meta:
        verbose_name = _("chủ thể")
        verbose_name_plural = _("chủ thể")
        ordering = ["sort_key", "pk"]
        triggers = [
            guards.Told(
                name="producer_told",
                stream="producer",
                of="r.id",
                columns={
                    "name owner_type representative phone address"
                    " registration_number founded_on": "producer.change",
                    "commune_id": "split.allot producer.change",
                },
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_filed(self) -> bool:
        """Whether a dossier of one of its products was ever submitted for evaluation."""
        return any(product.is_filed for product in self.products.all())


def _as_text(value: Any) -> Any:
    """As the history keeps it: a day that is not known as no text."""
    return "" if value is None else value.isoformat() if isinstance(value, date) else value


def _keeps_its_name(name: str) -> str:
    return _now(
        "Bạn chọn chủ thể khác: chủ thể đó giữ tên «%(name)s». "
        "Muốn đổi tên chủ thể, hãy đính chính riêng."
    ) % {"name": name}


#: Dossiers that were submitted for evaluation, or are past that.
FILED = Q(selfassessments__isnull=False) | Q(state__in=UNDECIDED | RECOGNISED)


class Product(Renamed):
    """A rural product (sản phẩm). ``code`` is a label, never a key: it is given by :meth:`number`
    when a dossier of it is filed first, and corrected where it is another.
    """

    history_stream = Stream.PRODUCT
    history_cycle_id = None

    producer = models.ForeignKey(
        Producer, models.PROTECT, related_name="products", verbose_name=_("chủ thể")
    )
    name = NameField(_("tên sản phẩm"), max_length=200)
    group = models.CharField(_("nhóm sản phẩm"), max_length=40, choices=ProductGroup)
    code = models.CharField(_("mã số sản phẩm"), max_length=40, blank=True)
    #: Where it is made, when its producer's commune was split and it went to another successor.
    made_in = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("nơi sản xuất khác xã của chủ thể"),
    )
    search, search_joined = letters.searched("name", "code")
    sort_key = letters.sorted_by("name")
    void = models.BooleanField(_("đã gạch bỏ"), default=False, editable=False)

    objects = Standing()
    everything = models.Manager()

    class Meta:
        verbose_name = _("sản phẩm")
        verbose_name_plural = _("sản phẩm")
        ordering = ["sort_key", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(group__in=ProductGroup.values), name="product_group_known"
            ),
        ]
        triggers = [
            guards.Told(
                name="product_told",
                stream="product",
                of="r.id",
                columns={
                    "name group code producer_id": "product.change",
                    "made_in_id": "split.allot",
                },
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def home(self) -> OrgUnit:
        """The unit that it belongs to: where it is made, else its producer's."""
        return self.made_in or self.producer.commune

    @property
    def is_filed(self) -> bool:
        """Whether a dossier of it was ever submitted for evaluation."""
        return self.dossiers.filter(FILED).exists()

    def number(self, commune: OrgUnit, year: int) -> None:
        """Give it its code (mã số sản phẩm) where it has none: (tỉnh)-(xã)-(số thứ tự của sản phẩm
        trong xã)-(năm), by the codes of units of QĐ 19/2025/QĐ-TTg.
        """
        province = commune.at_level(Level.PROVINCE)
        if self.code or province is None:
            return
        take_turn("product codes", commune.pk, year)
        first, last = f"{province.code}-{commune.code}-", f"-{year}"
        there = Product.everything.filter(code__startswith=first, code__endswith=last)
        serials = (
            code.removeprefix(first).removesuffix(last)
            for code in there.values_list("code", flat=True)
        )
        taken = [int(each) for each in serials if each.isdecimal() and len(each) < 6]
        self.code = f"{first}{max(taken, default=0) + 1:02}{last}"
        self.save(update_fields=["code"])

    def correct(
        self,
        *,
        name: str | None = None,
        group: str | None = None,
        producer: Producer | None = None,
        producer_name: str | None = None,
    ) -> dict[str, Any]:
        """Correct name, group and producer; called by the act ``correct_names`` only. What is None
        stays as it is.

        ``producer_name`` renames the present producer; when ``producer`` is another one, that one
        keeps its own name. Returns ``{field: [before, after]}``, a changed producer with both name
        and id. Raises ConditionNotMet when nothing differs, ValidationError for an invisible name
        or for a new name typed for another producer.
        """
        for field, told in (("product_name", name), ("producer_name", producer_name)):
            if told is not None and not clean_name(told):
                raise ValidationError({field: _now("Tên này không có chữ nào nhìn thấy được.")})
        held = Product.objects.select_for_update(of=("self",)).filter(pk=self.pk).first()
        if held is None:
            raise ConditionNotMet([STRUCK_OUT])
        to = held.producer_id if producer is None else producer.pk
        maker = Producer.objects.select_for_update().filter(pk=to).first()
        if maker is None:
            raise ConditionNotMet([STRUCK_OUT])
        name = held.name if name is None else clean_name(name)
        group = held.group if group is None else group
        producer_name = held.producer.name if producer_name is None else clean_name(producer_name)
        before, other = held.producer, held.producer_id != maker.pk
        if other:
            # The form is filled with the present producer's name: unchanged, it means nothing.
            if producer_name not in (before.name, maker.name):
                raise ValidationError({"producer_name": _keeps_its_name(maker.name)})
            producer_name = maker.name
        changes: dict[str, list[Any]] = {
            "name": [held.name, name],
            "group": [held.group, group],
            "producer": [before.name, producer_name],
            "producer_id": [before.pk, maker.pk],
        }
        kept = {field for field, change in changes.items() if change[0] == change[1]}
        if not {"producer", "producer_id"} <= kept:
            # Both name and id: two producers may have the same name, one may have been renamed.
            kept -= {"producer", "producer_id"}
        changes = {field: change for field, change in changes.items() if field not in kept}
        if not changes:
            raise ConditionNotMet([_("Chưa có nội dung nào khác với hồ sơ hiện nay.")])
        if maker.name != producer_name:
            maker.name = producer_name
            maker.save(update_fields=["name"])
        self.name, self.group, self.producer = held.name, held.group, held.producer = (
            name,
            group,
            maker,
        )
        held.save(update_fields=["name", "group", "producer"])
        return changes

    def correct_details(self, *, code: str | None = None, **of_producer: Any) -> dict[str, Any]:
        """Correct what is no name: the product's code, the producer's :data:`DETAILS`; called by
        the act ``correct_details`` only. What is not named stays as it is. Returns ``{field:
        [before, after]}``; raises ConditionNotMet when nothing differs.
        """
        held = Product.objects.select_for_update(of=("self",)).filter(pk=self.pk).first()
        maker = Producer.objects.select_for_update().filter(pk=self.producer_id).first()
        if held is None or maker is None or maker.pk != held.producer_id:
            raise ConditionNotMet([STRUCK_OUT])
        changes: dict[str, Any] = {}
        for row, told in (
            (maker, {name: of_producer[name] for name in DETAILS if name in of_producer}),
            (held, {} if code is None else {"code": code}),
        ):
            differing = {name: value for name, value in told.items() if getattr(row, name) != value}
            for name, value in differing.items():
                changes[name] = [_as_text(getattr(row, name)), _as_text(value)]
                setattr(row, name, value)
            row.full_clean(exclude=["commune", "producer"])
            if differing:
                row.save(update_fields=list(differing))
        if not changes:
            raise ConditionNotMet([_("Chưa có nội dung nào khác với hồ sơ hiện nay.")])
        self.code = held.code
        return changes


#: What an officer may correct of a producer without a paper (liên hệ, thông tin chủ thể).
DETAILS = (
    "owner_type",
    "representative",
    "phone",
    "address",
    "registration_number",
    "founded_on",
)

"""What is asked of people: who is new, which post, until when, how to reach them, a password."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.fields import NameField, PhoneField
from cycle.models import OrgUnit, Role, RoleAssignment, User
from cycle.units import Units, UnitUnknown
from cycle.written import IN_SERVICE
from dossiers.forms.fields import DateField, PlainPart, RowField, refuse
from dossiers.forms.ledger import OfBody
from dossiers.forms.shown import Corrects, ticked
from dossiers.office import people
from dossiers.rules import administers_people

T = TypeVar("T")


class UnitInput(forms.TextInput):
    """A box that offers the names of units while one types."""

    units: list[str] = []

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        box = super().render(name, value, (attrs or {}) | {"list": f"{name}_offered"}, renderer)
        options = format_html_join("", '<option value="{}">', ((each,) for each in self.units))
        return format_html('{}<datalist id="{}_offered">{}</datalist>', box, name, options)


class UnitField(forms.CharField):
    """A unit by its name as people write it; ``among`` are ids of those that may be chosen."""

    def __init__(self, among: Collection[int] | None = None, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)
        self.widget = UnitInput({"autocomplete": "off"})
        self.units = Units(clock.today(), among)
        existing = self.units.existing()
        self.widget.units = [self.units.label(unit) for unit in existing]
        if len(existing) == 1:
            self.initial = self.widget.units[0]

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return self.units.meant(text) if text else None
        except UnitUnknown as refused:
            raise ValidationError(str(refused)) from None

    def prepare_value(self, value: Any) -> Any:
        return self.units.label(value) if isinstance(value, OrgUnit) else value


def email_field(**kwargs: Any) -> forms.EmailField:
    """An address of mail that need not be given."""
    field = forms.EmailField(label=_("Thư điện tử"), required=False, max_length=254, **kwargs)
    field.error_messages["invalid"] = _("Địa chỉ thư chưa đúng, ví dụ ten@tinh.gov.vn.")
    field.validators[0].message = field.error_messages["invalid"]  # type: ignore[attr-defined]
    return field


FILE_MESSAGES = {
    "empty": _("Tệp này rỗng, xin chọn lại."),
    "invalid": _("Bạn chưa chọn tệp."),
    "missing": _("Bạn chưa chọn tệp."),
    "max_length": _("Tên tệp quá dài."),
}


class Acts(PlainPart):
    """A form that does one act; what the act refuses is said at the field it is about."""

    def attempt(self, act: Callable[[], T]) -> T | None:
        """What ``act`` returns; None when it was refused."""
        try:
            return act()
        except ValidationError as refused:
            refuse(self, refused)
            return None


class Asked(Acts):
    """One that knows who fills it in."""

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by


class OnPaper(OfBody, Acts):
    """One whose act may rest on a document (văn bản phân công), which a leader's post needs."""

    needed = False

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, **kwargs)
        self.fields["number"].help_text = _("Bắt buộc với vai trò lãnh đạo.")


class PostForm(OnPaper):
    """Which post, from which day, on what paper."""

    role = forms.ChoiceField(label=_("Vai trò"), choices=[("", _("Chọn vai trò")), *Role.choices])
    valid_from = DateField(label=_("Từ ngày"), lowest=IN_SERVICE)
    valid_to = DateField(label=_("Đến hết ngày (để trống nếu chưa biết)"), required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        # Before the fields get their words.
        among = None if administers_people(by) else people.led_by(by)
        self.base_fields = {  # type: ignore[misc]
            **self._before(),
            "org_unit": UnitField(
                among,
                label=_("Đơn vị"),
                help_text=_("Gõ tên, không cần dấu; chọn trong danh sách gợi ý."),
            ),
            **{name: self.declared_fields[name] for name in ("role", "valid_from", "valid_to")},
            **OnPaper.base_fields,
        }
        super().__init__(*args, by=by, **kwargs)
        self.initial.setdefault("valid_from", clock.today())

    def _before(self) -> dict[str, Any]:
        return {}

    def post(self) -> RoleAssignment:
        """The post that was asked for, unsaved."""
        asked = self.cleaned_data
        return RoleAssignment(
            **{name: asked[name] for name in ("org_unit", "role", "valid_from", "valid_to")}
        )


class EnrolForm(PostForm):
    """A new officer and their first post."""

    def _before(self) -> dict[str, Any]:
        return {
            "full_name": NameField(label=_("Họ và tên"), max_length=150),
            "email": email_field(help_text=_("Nơi nhận nhắc việc. Người dùng tự sửa được.")),
            "phone": PhoneField(label=_("Điện thoại"), required=False),
            "another": forms.BooleanField(
                label=_("Đây là người khác: vẫn cấp tài khoản mới"), required=False
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found = []
        if self.is_bound:
            self.found = self._doubles()
        if not self.found:
            del self.fields["another"]

    def _doubles(self) -> list[User]:
        name = " ".join(str(self.data.get("full_name", "")).replace("\0", "").split())
        email = str(self.data.get("email", "")).replace("\0", "").strip()
        return list(people.doubles(name, email)) if name else []

    def clean_full_name(self) -> str:
        return " ".join(self.cleaned_data["full_name"].split())

    def clean(self) -> Any:
        cleaned = super().clean()
        seen = [f"user {each.pk}" for each in self.found]
        if self.found and not ticked(self, "another", seen, by=self.by):
            self.add_error(
                "another",
                _now("Đã có: %(who)s. Có phải cùng một người?")
                % {"who": "; ".join(map(named, self.found))},
            )
        return cleaned

    def save(self) -> User | None:
        """The new person, or None when it was refused."""
        asked = self.cleaned_data
        person = User(**{name: asked[name] for name in ("full_name", "email", "phone")})
        return self.attempt(
            lambda: people.enrol(person, self.post(), by=self.by, document=self.document())
        )


def named(person: User) -> str:
    """A person with where they are: «Lò Thị An (Cán bộ OCOP, Xã Nà Tấu)»."""
    posts = ", ".join(str(post) for post in person.role_assignments.all())
    return f"{person} ({posts or person.username})"


class GiveForm(PostForm):
    """Another post for somebody known here, who may have left."""

    def save(self, person: User) -> RoleAssignment | None:
        """The post, or None when it was refused."""
        return self.attempt(
            lambda: people.bring_back(person, self.post(), by=self.by, document=self.document())
        )


class PostChoice(RowField):
    """A post by its role, unit and first day."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} ({obj.valid_from:%d/%m/%Y})"


class MoveForm(PostForm):
    """Another post in the place of one."""

    def __init__(self, *args: Any, by: User, person: User, **kwargs: Any) -> None:
        self.person = person
        self.posts = people.endable(by, person)
        super().__init__(*args, by=by, **kwargs)
        if len(self.posts) == 1:
            self.initial.setdefault("old", self.posts[0].pk)

    def _before(self) -> dict[str, Any]:
        rows = RoleAssignment.objects.filter(pk__in=[post.pk for post in self.posts])
        return {
            "old": PostChoice(
                rows.select_related("org_unit"),
                label=_("Thôi giữ"),
                empty_label=_("Chọn vai trò"),
            )
        }

    def save(self) -> RoleAssignment | None:
        """The new post, or None when it was refused."""
        old = self.cleaned_data["old"]
        return self.attempt(
            lambda: people.move(old, self.post(), by=self.by, document=self.document())
        )


class LeaveForm(OnPaper):
    """A person leaves: since when, why, who goes on."""

    on = DateField(label=_("Nghỉ từ ngày"))
    reason = forms.CharField(label=_("Lý do"), max_length=300, widget=forms.Textarea({"rows": 2}))
    to = RowField(
        None,
        label=_("Người nhận việc"),
        required=False,
        empty_label=_("Không ai: việc trở lại cho người khác của đơn vị"),
    )

    def __init__(self, *args: Any, by: User, person: User, **kwargs: Any) -> None:
        self.person = person
        self.base_fields = {  # type: ignore[misc]
            **{name: self.declared_fields[name] for name in ("on", "reason", "to")},
            **OnPaper.base_fields,
        }
        super().__init__(*args, by=by, **kwargs)
        colleagues = people.seen_by(by).filter(is_active=True, is_staff=False, is_superuser=False)
        self.fields["to"].queryset = colleagues.exclude(pk=person.pk).order_by(
            "sort_key", "username"
        )
        self.initial.setdefault("on", clock.today())

    def save(self) -> bool:
        """Whether it was done."""
        asked: dict[str, Any] = {name: self.cleaned_data[name] for name in ("on", "reason", "to")}

        def act() -> bool:
            people.leave(self.person, by=self.by, document=self.document(), **asked)
            return True

        return self.attempt(act) or False


class RosterForm(PlainPart):
    """A spreadsheet of people."""

    file = forms.FileField(
        label=_("Tệp danh sách (XLSX, XLS, CSV)"),
        help_text=_("Cần các cột: Họ và tên, Đơn vị, Vai trò."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].error_messages |= FILE_MESSAGES


class ContactForm(Corrects, Asked):
    """Where a person is reached."""

    email = email_field(help_text=_("Nơi nhận nhắc việc và thư «Hôm nay»."))
    phone = PhoneField(label=_("Điện thoại"), required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        for name in ("email", "phone"):
            self.initial.setdefault(name, getattr(person, name))

    def save(self) -> User:
        """The person as they are now."""
        return people.change_contact(self.person, by=self.by, **self.changed_here())

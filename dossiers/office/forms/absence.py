"""Forms for an officer who is away (ủy quyền) or leaves (bàn giao)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from cycle import appointing, clock
from cycle.models import RoleAssignment, Substitution, User, named_apart
from dossiers.forms.fields import DateField, PlainPart, RowField, refuse
from dossiers.forms.ledger import OfBody
from dossiers.office import handover

_Made = TypeVar("_Made")


class PostField(RowField):
    """A choice among posts, shown as person and role."""

    def label_from_instance(self, post: RoleAssignment) -> str:
        return f"{post.user.label(post.has_namesake)}: {post.label}"  # type: ignore[attr-defined]


class PostsField(forms.ModelMultipleChoiceField):
    """A choice of several posts of one person, shown as roles."""

    def label_from_instance(self, post: RoleAssignment) -> str:
        return post.label


def _person(label: Any) -> RowField:
    people = appointing.candidates()
    return RowField(people, label=label, empty_label=_("Chọn một người"))


def _reason() -> forms.CharField:
    return forms.CharField(label=_("Lý do"), max_length=300, widget=forms.Textarea({"rows": 2}))


class Asked(PlainPart):
    """A form that does one act; an error of the act is shown at its field."""

    def attempt(self, act: Callable[[], _Made]) -> _Made | None:
        """Call ``act``; returns its result, or None when it raised ValidationError."""
        try:
            return act()
        except ValidationError as refused:
            refuse(self, refused)
        return None


class SubstitutionForm(OfBody, Asked):
    """A substitution: somebody acts for the holder of a role for some days (ủy quyền)."""

    needed = False
    assignment = PostField(None, label=_("Vai trò"), empty_label=_("Chọn vai trò"))
    substitute = _person(_("Người làm thay"))
    valid_from = DateField(label=_("Từ ngày"))
    valid_to = DateField(label=_("Đến hết ngày"))
    reason = _reason()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, by=user, **kwargs)
        self.user = user
        post = self.fields["assignment"]
        post.queryset = named_apart(handover.substitutable_by(user), "user").order_by(
            F("org_unit__valid_to").desc(nulls_first=True),
            "org_unit__sort_key",
            "user__sort_key",
            "role",
        )
        post.error_messages["invalid_choice"] = _(
            "Bạn chỉ ủy quyền được vai trò của mình hoặc của người mình phụ trách; vai trò được ủy "
            "quyền thì không ủy quyền tiếp."
        )
        self.fields["number"].help_text = _(
            "Bắt buộc với vai trò lãnh đạo. Lãnh đạo hoặc cấp trên cử người khi có người ốm thì "
            "chưa cần ngay: văn bản phải có trong %(days)d ngày làm việc, nếu không ủy quyền tự "
            "kết thúc."
        ) % {"days": handover.PAPER_DAYS}
        own = handover.own_posts(user)
        if len(own) == 1:
            self.initial.setdefault("assignment", own[0].pk)

    def save(self) -> Substitution | None:
        """The substitution, or None when it was refused."""
        asked = ("assignment", "substitute", "valid_from", "valid_to", "reason")
        made = Substitution(**{name: self.cleaned_data[name] for name in asked})
        made.basis = self.document()
        return self.attempt(lambda: handover.substitute(made, by=self.user))


class PaperForm(OfBody, Asked):
    """The document of a substitution that began without one (bổ sung văn bản)."""

    def __init__(self, *args: Any, user: User, substitution: Substitution, **kwargs: Any) -> None:
        super().__init__(*args, by=user, **kwargs)
        self.user, self.substitution = user, substitution

    def save(self) -> Substitution | None:
        """The substitution, or None when it was refused."""
        return self.attempt(
            lambda: handover.add_paper(self.substitution, by=self.user, document=self.named())
        )


class HandoverForm(OfBody, Asked):
    """Hand over posts of a person, with all open work, to another (bàn giao)."""

    needed = False
    posts: forms.Field = PostsField(
        None, label=_("Vai trò bàn giao"), widget=forms.CheckboxSelectMultiple
    )
    to = _person(_("Người nhận bàn giao"))
    on = DateField(label=_("Người nhận làm từ ngày"))
    reason = _reason()

    def __init__(self, *args: Any, user: User, post: RoleAssignment, **kwargs: Any) -> None:
        super().__init__(*args, by=user, **kwargs)
        self.user = user
        self.fields["number"].help_text = _("Bắt buộc với vai trò lãnh đạo.")
        self.fields["posts"].queryset = (
            handover.arranged_by(user)
            .filter(user=post.user_id)
            .order_by(F("org_unit__valid_to").desc(nulls_first=True), "org_unit__sort_key", "role")
        )
        self.initial = {"on": clock.today(), **self.initial, "posts": [post.pk]}

    def save(self) -> list[RoleAssignment] | None:
        """The successor's assignments: all of them, or None when one was refused."""
        posts = list(self.cleaned_data["posts"])
        asked: dict[str, Any] = {name: self.cleaned_data[name] for name in ("to", "on", "reason")}

        def give_all() -> list[RoleAssignment]:
            with transaction.atomic():
                paper = handover.in_ledger(self.document(), posts, by=self.user)
                return [
                    handover.hand_over(post, by=self.user, document=paper, **asked)
                    for post in posts
                ]

        return self.attempt(give_all)

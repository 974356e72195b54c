"""Forms about one product in a round: interests, resolutions, opinions, appraisal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.forms.fields import Asked, OfModel
from councils.forms.sheets import Declares, recusal_field
from councils.models import (
    Appraisal,
    AppraisalPhoto,
    Interest,
    InterestKind,
    Opinion,
    Resolution,
    RoundEntry,
    VisitGround,
)
from cycle import contents
from cycle.appointing import candidates
from cycle.models import Role, RoleAssignment, User, named_apart
from dossiers.forms.fields import CountField, Fold, RowField, field_for, long_text
from dossiers.forms.ledger import OnDocument
from dossiers.forms.shown import Corrects
from dossiers.forms.uploads import FilesField, accepted, hold_for
from dossiers.law.conditions import Words
from dossiers.models import CaseType


class InterestOfForm(Declares, Asked):
    """A member's interest in a product, recorded for them by whoever runs the round."""

    member: forms.Field = RowField(None, label=_("Thành viên"), empty_label=_("Chọn thành viên"))
    kind = forms.ChoiceField(label=_("Lợi ích liên quan"), choices=InterestKind)
    recused = recusal_field(_("Thành viên chọn"))
    reason = long_text(_("Lý do"))

    def __init__(self, *args: Any, entry: RoundEntry, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry, self.by = entry, by
        self.fields["member"].queryset = named_apart(
            entry.round.scoring_members.select_related("user"), "user"
        )
        self.fields["member"].label_from_instance = attrgetter("label")
        self.of(entry, *self.fields["member"].queryset)

    def clean(self) -> Any:
        cleaned = super().clean()
        self.corrected(self.cleaned_data.get("member"))
        return cleaned

    def do(self) -> Any:
        """True, or None when it was refused."""
        values = dict(self.cleaned_data)
        return self.attempt(
            lambda: self.entry.round.declare_interest(self.entry, by=self.by, **values)
        )


class LiftForm(Asked):
    """Take off an interest that was recorded wrongly (gỡ khai báo lợi ích)."""

    reason = long_text(
        _("Đã ghi nhầm điều gì"),
        help_text=_("Ví dụ: ghi nhầm người, nhầm sản phẩm. Lý do vào nhật ký và thông báo."),
    )

    def __init__(self, *args: Any, interest: Interest, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.interest, self.by = interest, by

    @property
    def shown(self) -> Iterator[tuple[str, str]]:
        """The hidden input that says which declaration the page shows."""
        yield Declares.STOOD, Declares.token(self.interest)

    def clean(self) -> Any:
        cleaned = super().clean()
        seen = self.data.get(Declares.STOOD, "")
        if not self.interest.taken_off and seen != Declares.token(self.interest):
            words = _now(
                "Trong lúc bạn ghi, %(by)s vừa ghi: %(stands)s. Hãy xem lại; vẫn muốn gỡ thì bấm "
                "lần nữa."
            )
            about = {"by": self.interest.by, "stands": self.interest.stands}
            self.add_error(None, words % about)
        return cleaned

    def do(self) -> Any:
        """True, or None when it was refused."""
        round_, values = self.interest.entry.round, dict(self.cleaned_data)
        return self.attempt(lambda: round_.lift_interest(self.interest, by=self.by, **values))


class ResolutionForm(Corrects, Asked):
    """What the council resolved on a minimum or an elimination (kết luận), one of many in one
    page; ``yes`` and ``no`` are the words of the two answers. ``common`` is the reason given for
    all of them, where this one has none of its own.
    """

    why = ("correction",)
    together = (frozenset({"holds", "reason", "agree", "against"}),)

    holds = forms.TypedChoiceField(
        label=_("Kết luận"),
        choices=[],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = long_text(_("Căn cứ, lý do riêng"), required=False)
    agree: forms.Field = CountField(
        label=_("Biểu quyết: số phiếu tán thành kết luận này"),
        min_value=0,
        max_value=99,
        required=False,
        help_text=_("Nếu hội đồng biểu quyết: biên bản in số phiếu này. Không thì để trống."),
    )
    against: forms.Field = CountField(
        label=_("Số phiếu không tán thành"), min_value=0, max_value=99, required=False
    )

    def __init__(
        self,
        *args: Any,
        subject: dict[str, Any],
        yes: Words,
        no: Words,
        common: str = "",
        kept: Resolution | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, empty_permitted=True, use_required_attribute=False, **kwargs)
        self.subject, self.common = subject, common
        self.fields["holds"].choices = [("yes", yes), ("no", no)]
        if kept is not None:
            self.fields["correction"] = long_text(
                _("Lý do sửa kết luận đã ghi"),
                required=False,
                help_text=_("Cần khi sửa, ở đây hoặc ở ô lý do chung."),
            )

    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.changed_here():
            return cleaned
        agree, against = (self.cleaned_data.get(name) for name in ("agree", "against"))
        if agree is None and against is not None and not self.has_error("agree"):
            self.add_error("agree", _("Bạn chưa ghi số phiếu tán thành."))
        self.cleaned_data["reason"] = self.cleaned_data.get("reason") or self.common
        if not self.cleaned_data["reason"]:
            self.add_error("reason", _("Bạn chưa nêu lý do, ở đây hoặc ở ô lý do chung."))
        if "correction" in self.fields:
            why = self.cleaned_data.get("correction") or self.common
            self.cleaned_data["correction"] = why
            if not why:
                self.add_error(
                    "correction",
                    _("Kết luận này đã ghi: hãy nêu lý do sửa, ở đây hoặc lý do chung."),
                )
        return cleaned

    def do(self, entry: RoundEntry, *, by: User) -> Any:
        """True, or None when it was refused."""
        values = {**self.subject, **self.cleaned_data}
        agree, against = values.pop("agree"), values.pop("against")
        votes = None if agree is None else (agree, against or 0)
        return self.attempt(lambda: entry.round.resolve(entry, by=by, votes=votes, **values))


# --- What others say -----------------------------------------------------------------------------


class OpinionForm(OfModel):
    """A question to a department about a product."""

    days: forms.Field = CountField(
        label=_("Trả lời trong (ngày làm việc)"), min_value=1, max_value=60, initial=5
    )

    class Meta:
        model = Opinion
        fields = ("to", "department", "question")
        formfield_callback = field_for

    def __init__(self, *args: Any, entry: RoundEntry, by: User, **kwargs: Any) -> None:
        super().__init__(*args, instance=Opinion(entry=entry), **kwargs)
        self.by = by
        unit = entry.round.council.org_unit_id
        held = RoleAssignment.objects.at(unit).filter(role=Role.DEPARTMENT)
        self.fields["to"].queryset = candidates().filter(pk__in=held.values("user"))
        self.fields["to"].empty_label = _("Chọn một người")

    def do(self) -> Any:
        """The opinion asked for, or None when it was refused."""
        days = self.cleaned_data["days"]
        return self.attempt(lambda: Opinion.ask(self.instance, days=days, by=self.by))


class CommonReasonForm(Asked):
    """The reason of all that is resolved on one page."""

    common = long_text(_("Căn cứ, lý do chung"), required=False)


class AnswerForm(OnDocument, Asked):
    """A department's answer, with the document by which it answers if there is one."""

    needed = False
    field_order = ("text", *OnDocument.OF_DOCUMENT, "scan_file")
    folds = (
        Fold(
            _("Văn bản trả lời"),
            (*OnDocument.OF_DOCUMENT, "scan_file"),
            _("để trống nếu không có văn bản"),
        ),
    )
    text = long_text(_("Ý kiến"))

    def do(self, opinion: Opinion, *, by: User) -> Any:
        """True, or None when it was refused."""
        text, letter = self.cleaned_data["text"], self.document()
        return self.attempt(lambda: opinion.reply(text, by=by, letter=letter))


#: The support team's checklist, in our own words; what is ticked is kept on the report as text.
_CHECKS = (
    _("Giấy tờ pháp lý của chủ thể còn hiệu lực"),
    _("Mỗi điểm tự chấm có minh chứng"),
    _("Nhãn, bao bì đúng với hồ sơ công bố"),
    _("Nguồn gốc nguyên liệu, lao động đúng như kê khai"),
    _("Cơ sở sản xuất đúng như hồ sơ mô tả"),
    _("Sản phẩm mẫu đủ và còn nguyên"),
)
_CHECKS_OF = {
    "two_levels": (_("Báo cáo của xã (Mẫu 03) đủ nội dung"),),
    "three_levels": (_("Phương án sản xuất kinh doanh khớp với thực tế"),),
}
PHOTO_KINDS = (contents.JPEG, contents.PNG)
PHOTO_BYTES = 15 * 1024 * 1024
MANY_PHOTOS = 20


class PhotosField(FilesField):
    """Several photos, staged. Raises ValidationError naming each that is no photo or too big; the
    others are held.
    """

    most = MANY_PHOTOS
    too_many = _("Mỗi lần gửi nhiều nhất %(number)s ảnh.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["accept"] = accepted(*PHOTO_KINDS)

    def one(self, sent: UploadedFile | str) -> Any:
        if isinstance(sent, str):
            return super().one(sent)
        if sent.size and sent.size > PHOTO_BYTES:
            raise ValidationError(_("%(name)s lớn quá 15 MB."), params={"name": sent.name})
        try:
            return super().one(sent)
        except ValidationError as error:
            if error.message == self.taken:
                raise ValidationError(
                    _("%(name)s không phải ảnh JPEG hoặc PNG."), params={"name": sent.name}
                ) from None
            raise ValidationError(
                "%(name)s: %(why)s", params={"name": sent.name, "why": error.messages[0]}
            ) from None

    def check(self, content_type: str) -> None:
        if content_type not in {kind.content_type for kind in PHOTO_KINDS}:
            raise ValidationError(self.taken)


class AppraisalForm(OfModel):
    """The report on one product."""

    not_future = ("visited_on",)
    checked: forms.Field = forms.MultipleChoiceField(
        label=_("Đã kiểm tra, đạt"), widget=forms.CheckboxSelectMultiple, required=False
    )
    photos: forms.Field = PhotosField(
        label=_("Ảnh kiểm tra tại cơ sở"),
        required=False,
        help_text=_("JPEG hoặc PNG, chọn được nhiều ảnh."),
    )

    class Meta:
        model = Appraisal
        fields = ("checked", "visited_on", "ground", "findings", "tests_asked", "report")
        formfield_callback = field_for

    field_order = ["checked", "visited_on", "ground", "findings", "photos", "tests_asked", "report"]

    def __init__(self, *args: Any, entry: RoundEntry, by: User, **kwargs: Any) -> None:
        super().__init__(*args, instance=Appraisal(entry=entry), **kwargs)
        hold_for(by, self)
        self.by = by
        dossier = entry.dossier
        if dossier.case_type != CaseType.REEVALUATION or not dossier.rule_set.visit_grounds:
            del self.fields["ground"]
        else:
            none = ("", _("— Không kiểm tra tại cơ sở —"))
            self.fields["ground"].choices = [none, *VisitGround.choices]
        procedure = dossier.rule_set.procedure
        self.checks = [*_CHECKS, *_CHECKS_OF.get(procedure, ())]
        self.fields["checked"].choices = [(str(n), text) for n, text in enumerate(self.checks)]

    def clean_checked(self) -> list[str]:
        # Stored in Vietnamese, whatever the reader's language.
        with translation.override("vi"):
            return [str(self.checks[int(n)]) for n in self.cleaned_data["checked"]]

    def do(self) -> Any:
        """The report, or None when it was refused."""

        photos = [AppraisalPhoto(**asdict(staged)) for staged in self.cleaned_data["photos"]]
        return self.attempt(lambda: Appraisal.hand_in(self.instance, photos, by=self.by))

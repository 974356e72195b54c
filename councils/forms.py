"""What is asked around a council's work; every refusal is a Vietnamese sentence."""

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils import closing
from councils.models import (
    TEAM,
    Appraisal,
    AppraisalPhoto,
    Council,
    EvaluationRound,
    InterestKind,
    Member,
    Opinion,
    Regulation,
    RoundClosed,
    RoundEntry,
    RoundState,
    Seat,
)
from councils.sheet_forms import recusal_field
from cycle import clock
from cycle.fields import MomentField
from cycle.models import Cycle, Level, OrgUnit, Role, RoleAssignment, Rubric, User
from dossiers.fields import CountField, DateField, Part, RowField, field_for, long_text
from dossiers.models import ConditionNotMet
from dossiers.templatetags.ocop import moment
from dossiers.uploads import stored


class Act(Part):
    """A form that does one act; what the act refuses stands on it in words."""

    def attempt(self, act):
        """What ``act`` returns, True for nothing; None when it was refused."""
        try:
            done = act()
        except ConditionNotMet as lacking:
            self.add_error(None, [str(message) for message in lacking.messages])
        except RoundClosed as late:
            self.add_error(
                None,
                _now("Đợt đã chốt kết quả lúc %(at)s: không thay đổi được nữa.")
                % {"at": moment(late.round.closed_at)},
            )
        except ValidationError as wrong:
            self.add_error(None, wrong.messages)
        else:
            return True if done is None else done
        return None


class Asked(Act, forms.Form):
    """An :class:`Act` with fields of its own."""


class OfModel(Act, forms.ModelForm):
    """An :class:`Act` whose fields are those of a model."""

    def clean(self):
        cleaned = super().clean()
        first = self.cleaned_data.get("valid_from") or self.cleaned_data.get("since")
        last = self.cleaned_data.get("valid_to")
        if first and last and last < first:
            self.add_error("valid_to", _("Ngày kết thúc phải sau ngày bắt đầu."))
        return cleaned


def _own_field(db_field, **kwargs):
    if db_field.name == "meets_at":
        return MomentField(label=db_field.verbose_name, required=False)
    return field_for(db_field, **kwargs)


def units_of(user):
    """The units whose councils this person sets up."""
    posts = [
        held.org_unit_id
        for held in user.assignments()
        if held.role in (Role.COUNCIL_OFFICE, Role.OFFICER)
        and held.org_unit.level in (Level.DISTRICT, Level.PROVINCE)
    ]
    return OrgUnit.objects.filter(pk__in=posts)


# --- Councils and their regulation ---------------------------------------------------------------


class _OfUnit(OfModel):
    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        unit = self.fields["org_unit"]
        unit.queryset = units_of(user)
        if len(unit.queryset) == 1:
            unit.empty_label = None


class CouncilForm(_OfUnit):
    """A council and the decision that set it up."""

    not_future = ("decision_on",)

    class Meta:
        model = Council
        fields = (
            "org_unit",
            "name",
            "decision_number",
            "decision_on",
            "valid_from",
            "valid_to",
        )
        formfield_callback = field_for

    def do(self):
        """The council, or None when it was refused."""
        return self.attempt(lambda: Council.set_up(self.instance, by=self.user))


class RegulationForm(_OfUnit):
    """A version of a unit's regulation, from a day."""

    class Meta:
        model = Regulation
        fields = (
            "org_unit",
            "document",
            "valid_from",
            "quorum_percent",
            "chair_required",
            "max_spread",
            "scorings",
            "secretary_scores",
            "show_self_score",
            "show_team_score",
            "documents_days",
            "written_opinions",
            "minimums_need_resolution",
            "same_producer",
            "same_commune",
            "appraised",
        )
        formfield_callback = field_for

    def do(self):
        """The new version, or None when it was refused."""
        return self.attempt(lambda: Regulation.lay_down(self.instance, by=self.user))


def _people():
    return User.objects.filter(is_active=True).order_by("full_name", "username")


class SeatForm(OfModel):
    """A person's seat."""

    class Meta:
        model = Member
        fields = ("user", "seat", "department", "since", "document")
        formfield_callback = field_for

    def __init__(self, *args, council, by, **kwargs):
        super().__init__(*args, initial={"since": clock.today()}, **kwargs)
        self.council, self.by = council, by
        self.fields["user"].queryset = _people()
        self.fields["user"].empty_label = _("Chọn một người")
        self.fields["seat"].choices = [("", _("Chọn tư cách")), *Seat.choices]

    def do(self):
        """The seat, or None when it was refused."""
        return self.attempt(lambda: self.council.give_seat(self.instance, by=self.by))


class EndSeatForm(Asked):
    """The last day of a seat."""

    until = DateField(label=_("Thôi sau ngày"))

    def __init__(self, *args, member, by, **kwargs):
        super().__init__(*args, initial={"until": clock.today()}, **kwargs)
        self.member, self.by = member, by

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until < self.member.since:
            raise ValidationError(_("Ngày này trước ngày bắt đầu tham gia hội đồng."))
        return until

    def do(self):
        """True, or None when it was refused."""
        member, until = self.member, self.cleaned_data["until"]
        return self.attempt(lambda: member.council.take_seat(member, by=self.by, until=until))


# --- Rounds --------------------------------------------------------------------------------------

_DETAILS = ("name", "mode", "meets_at", "place", "decide_by")


def run_by(user):
    """Councils whose rounds this person prepares: as its office, or as its secretary."""
    offices = [held.org_unit_id for held in user.assignments() if held.role == Role.COUNCIL_OFFICE]
    secretary = Member.objects.sitting().filter(user=user, seat=Seat.SECRETARY)
    return Council.objects.filter(org_unit__in=offices) | Council.objects.filter(
        pk__in=secretary.values("council")
    )


class RoundForm(OfModel):
    """A new round of one of my councils."""

    class Meta:
        model = EvaluationRound
        fields = ("council", "cycle", *_DETAILS)
        formfield_callback = _own_field

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        for name, rows in (
            ("council", run_by(user)),
            ("cycle", Cycle.objects.filter(closed_on=None)),
        ):
            self.fields[name].queryset = rows
            if len(rows) == 1:
                self.fields[name].empty_label = None

    def do(self):
        """The round, or None when it was refused."""
        return self.attempt(lambda: EvaluationRound.create(self.instance, by=self.user))


class DetailsForm(OfModel):
    """When, where and how a round meets."""

    class Meta:
        model = EvaluationRound
        fields = _DETAILS
        formfield_callback = _own_field

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by
        if self.instance.state != RoundState.PREPARING or self.instance.follows_id:
            # Whose sheets are awaited depends on it.
            del self.fields["mode"]

    def do(self):
        """True, or None when it was refused."""
        values = dict(self.cleaned_data)
        return self.attempt(lambda: self.instance.amend(by=self.by, **values))


class TakeInForm(Asked):
    """Which of the waiting products come in, each with the product set it is judged by."""

    def __init__(self, *args, round_, by, **kwargs):
        self.round, self.by = round_, by
        self.dossiers = list(round_.awaiting())
        super().__init__(*args, **kwargs)

    def _rubrics(self):
        editions = {dossier.rule_set_id for dossier in self.dossiers}
        found: dict = {}
        for rubric in Rubric.objects.current().filter(rule_set__in=editions).order_by("number"):
            found.setdefault(rubric.rule_set_id, []).append(rubric)
        return found

    def rows(self):
        """Each waiting dossier with what may be chosen, and what was."""
        by_edition = self._rubrics()
        pinned = RoundEntry.pinned([dossier.pk for dossier in self.dossiers])
        for dossier in self.dossiers:
            fitting = [
                rubric
                for rubric in by_edition.get(dossier.rule_set_id, ())
                if rubric.group == dossier.product.group
            ]
            chosen = self.data.get(f"rubric-{dossier.pk}", "")
            yield {
                "dossier": dossier,
                "rubrics": fitting,
                "pinned": pinned.get(dossier.pk),
                "taken": str(dossier.pk) in self._taken(),
                "chosen": int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None,
            }

    def _taken(self):
        return self.data.getlist("take") if isinstance(self.data, QueryDict) else []

    def clean(self):
        cleaned = super().clean()
        rows = [row for row in self.rows() if row["taken"]]
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
        return cleaned

    def do(self):
        """The entries, or None when it was refused."""
        pairs = self.cleaned_data["pairs"]
        return self.attempt(lambda: self.round.take_in(pairs, by=self.by))


class OrderForm(Asked):
    """The order of the agenda, as a number at each product."""

    def __init__(self, *args, entries, round_, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.round, self.by = round_, by
        for entry in entries:
            field = CountField(label=str(entry.dossier.product.name), max_value=999)
            field.initial = entry.position
            field.widget.attrs["class"] = "form-control order"
            self.fields[f"at-{entry.pk}"] = field

    def do(self):
        """True, or None when it was refused."""
        order = sorted(self.cleaned_data.items(), key=lambda item: item[1])
        keys = [int(name.removeprefix("at-")) for name, _number in order]
        return self.attempt(lambda: self.round.reorder(keys, by=self.by))


class AttendanceForm(Asked):
    """Who came."""

    present: forms.Field = forms.ModelMultipleChoiceField(
        None, label=_("Có mặt"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args, round_, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.round, self.by = round_, by
        members = round_.council.members.sitting().exclude(seat__in=TEAM).select_related("user")
        self.fields["present"].queryset = members
        self.initial["present"] = list(
            round_.attendances.filter(present=True).values_list("member", flat=True)
        )

    def do(self):
        """True, or None when it was refused."""
        came = {member.pk for member in self.cleaned_data["present"]}
        present = {member.pk: member.pk in came for member in self.fields["present"].queryset}
        return self.attempt(lambda: self.round.attend(present, by=self.by))


class CountForm(Asked):
    """Which products to count, of those whose sheets are all in."""

    entries: forms.Field = forms.TypedMultipleChoiceField(
        label=_("Sản phẩm đã đủ phiếu"), coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, round_, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.round, self.by = round_, by
        self.ready = {entry.pk: entry for entry in closing.countable(round_)}
        field = self.fields["entries"]
        field.choices = [(pk, str(entry)) for pk, entry in self.ready.items()]
        field.error_messages |= {
            "required": _("Bạn chưa chọn sản phẩm nào.")
            if self.ready
            else _("Không có sản phẩm nào chờ kiểm phiếu."),
            "invalid_choice": _("Có sản phẩm không còn chờ kiểm phiếu: hãy xem lại."),
        }
        self.initial["entries"] = list(self.ready)

    def do(self):
        """The products counted, or None when it was refused."""
        chosen = [self.ready[pk] for pk in self.cleaned_data["entries"]]
        return self.attempt(lambda: closing.count(self.round, chosen, by=self.by))


class ConfirmForm(Asked):
    """Nothing to fill in: the press of the button is the act."""

    def __init__(self, *args, act, **kwargs):
        super().__init__(*args, **kwargs)
        self.act = act

    def do(self):
        """What the act returns, or None when it was refused."""
        values = dict(self.cleaned_data)
        return self.attempt(lambda: self.act(**values))


class ReasonForm(ConfirmForm):
    """An act that needs a reason."""

    reason = long_text(_("Lý do"))


class ReopenForm(ReasonForm):
    """A closed round opened again: why, and on which document."""

    document = forms.CharField(
        label=_("Số, ngày văn bản cho mở lại"),
        max_length=200,
        help_text=_("Ví dụ: 15/VB-UBND ngày 01/11/2026."),
    )


class ConveneForm(ConfirmForm):
    """When and where the council meets on what it did not agree on in writing."""

    meets_at = MomentField(label=_("Họp lúc"))
    place = forms.CharField(label=_("Địa điểm họp"), max_length=200)


class InterestOfForm(Asked):
    """A member's interest in a product, as whoever runs the round writes it down for them."""

    member: forms.Field = forms.ModelChoiceField(
        None, label=_("Thành viên"), empty_label=_("Chọn thành viên")
    )
    kind = forms.ChoiceField(label=_("Lợi ích liên quan"), choices=InterestKind)
    recused = recusal_field(_("Thành viên chọn"))
    reason = long_text(_("Lý do"))

    def __init__(self, *args, entry, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.entry, self.by = entry, by
        self.fields["member"].queryset = entry.round.scoring_members.select_related("user")

    def do(self):
        """True, or None when it was refused."""
        values = dict(self.cleaned_data)
        return self.attempt(
            lambda: self.entry.round.declare_interest(self.entry, by=self.by, **values)
        )


class ResolutionForm(Asked):
    """What the council resolved on one minimum or one elimination."""

    holds = forms.TypedChoiceField(
        label=_("Kết luận"),
        choices=[],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = long_text(_("Căn cứ, lý do"))

    def __init__(self, *args, subject, yes, no, **kwargs):
        super().__init__(*args, **kwargs)
        self.subject = subject
        self.fields["holds"].choices = [("yes", yes), ("no", no)]

    def do(self, entry, *, by):
        """True, or None when it was refused."""
        values = {**self.subject, **self.cleaned_data}
        return self.attempt(lambda: entry.round.resolve(entry, by=by, **values))


# --- What others say -----------------------------------------------------------------------------


class _SpecialistField(RowField):
    def label_from_instance(self, user):
        return str(user)


class OpinionForm(OfModel):
    """A question to a department about a product."""

    days: forms.Field = CountField(
        label=_("Trả lời trong (ngày làm việc)"), min_value=1, max_value=60, initial=5
    )

    class Meta:
        model = Opinion
        fields = ("to", "department", "question")
        formfield_callback = field_for

    def __init__(self, *args, entry, by, **kwargs):
        super().__init__(*args, instance=Opinion(entry=entry), **kwargs)
        self.by = by
        unit = entry.round.council.org_unit_id
        held = RoleAssignment.objects.held_on(clock.today()).filter(
            role=Role.DEPARTMENT, org_unit=unit
        )
        self.fields["to"].queryset = _people().filter(pk__in=held.values("user"))
        self.fields["to"].empty_label = _("Chọn một người")

    def do(self):
        """The opinion asked for, or None when it was refused."""
        days = self.cleaned_data["days"]
        return self.attempt(lambda: Opinion.ask(self.instance, days=days, by=self.by))


class AnswerForm(Asked):
    """A department's answer."""

    text = long_text(_("Ý kiến"))

    def do(self, opinion, *, by):
        """True, or None when it was refused."""
        text = self.cleaned_data["text"]
        return self.attempt(lambda: opinion.reply(text, by=by))


#: What the support team looks at, in our own words; kept on the report as they are said.
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
PHOTO_TYPES = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
PHOTO_BYTES = 15 * 1024 * 1024
MANY_PHOTOS = 20


class _Photos(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of photos; what is no picture, or too big, is named."""

    widget = _Photos(attrs={"accept": ",".join(PHOTO_TYPES)})

    def clean(self, data, initial=None):
        files = [super(PhotosField, self).clean(each) for each in data or ()]
        if len(files) > MANY_PHOTOS:
            raise ValidationError(
                _("Mỗi lần gửi nhiều nhất %(number)s ảnh."), params={"number": MANY_PHOTOS}
            )
        for file in files:
            start = PHOTO_TYPES.get(file.content_type)
            head = file.read(8)
            file.seek(0)
            if start is None or not head.startswith(start):
                raise ValidationError(
                    _("%(name)s không phải ảnh JPEG hoặc PNG."), params={"name": file.name}
                )
            if file.size > PHOTO_BYTES:
                raise ValidationError(_("%(name)s lớn quá 15 MB."), params={"name": file.name})
        return files


class AppraisalForm(OfModel):
    """The support team's report on one product."""

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
        fields = ("checked", "visited_on", "findings", "tests_asked", "report")
        formfield_callback = field_for

    field_order = ["checked", "visited_on", "findings", "photos", "tests_asked", "report"]

    def __init__(self, *args, entry, by, **kwargs):
        super().__init__(*args, instance=Appraisal(entry=entry), **kwargs)
        self.by = by
        procedure = entry.dossier.rule_set.procedure
        self.checks = [*_CHECKS, *_CHECKS_OF.get(procedure, ())]
        self.fields["checked"].choices = [(str(n), text) for n, text in enumerate(self.checks)]

    def clean_checked(self):
        # Kept in Vietnamese, whatever the screen's language.
        with translation.override("vi"):
            return [str(self.checks[int(n)]) for n in self.cleaned_data["checked"]]

    def do(self):
        """The report, or None when it was refused."""

        def hand_in():
            photos = []
            for file in self.cleaned_data["photos"]:
                digest, size, name = stored(file)
                photos.append(
                    AppraisalPhoto(
                        sha256=digest,
                        bytes=size,
                        filename=name,
                        content_type=file.content_type,
                    )
                )
            return Appraisal.hand_in(self.instance, photos, by=self.by)

        return self.attempt(hand_in)

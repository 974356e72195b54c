"""Configuration is edited here; the law and the record are read here."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import FORMFIELD_FOR_DBFIELD_DEFAULTS
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import (
    AdminDateWidget,
    AdminSplitDateTime,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from cycle import accounts, appointing, clock, documents, events, fields
from cycle.letters import search_words, sort_key
from cycle.models import (
    Cycle,
    DayOff,
    Document,
    Effect,
    HistoryEntry,
    Level,
    OrgUnit,
    RoleAssignment,
    Rubric,
    RuleSet,
    Stream,
    Substitution,
    TermRule,
    User,
    check_document,
)
from cycle.models.organisation import HELD_ALREADY
from cycle.written import day_text, says_something

# Every form of the administration, also those of packages, reads days and numbers as the product's
# own forms do; a field with its own form or override keeps it.
FORMFIELD_FOR_DBFIELD_DEFAULTS.update(
    {
        models.DateField: {"form_class": fields.DateField, "widget": AdminDateWidget},
        models.DateTimeField: {
            "form_class": fields.SplitMomentField,  # type: ignore[dict-item]
            "widget": AdminSplitDateTime,
        },
        models.IntegerField: {"form_class": fields.CountField},
        models.BigIntegerField: {"form_class": fields.MoneyField},
        models.DecimalField: {"form_class": fields.PointsField},
    }
)

_get_object = admin.ModelAdmin.get_object


def _row_of(self, request, object_id, from_field=None):
    """The row of an address; a name of a field that is empty asks for the key, as none does."""
    return _get_object(self, request, object_id, from_field or None)


admin.ModelAdmin.get_object = _row_of  # type: ignore[method-assign]

admin.site.site_header = admin.site.site_title = _("Quản trị OCOP")
admin.site.index_title = _("Cấu hình")


class ReadOnly(admin.ModelAdmin):
    """An admin page that shows rows and changes none."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class _KeysOnly:
    """A search box whose page can be shown again whatever was sent as the key of a row."""

    def optgroups(self, name, value, attr=None):
        keys = [key for key in value if re.fullmatch(r"[0-9]{1,18}", str(key))]
        return super().optgroups(name, keys, attr)  # type: ignore[misc]


class _Found(_KeysOnly, AutocompleteSelect):
    pass


class _FoundMany(_KeysOnly, AutocompleteSelectMultiple):
    pass


def _chosen_as(row):
    """What a row is called where it is chosen."""
    if isinstance(row, User):
        # Among thousands of accounts the sign-in always tells.
        return row.label(True)
    return row.label if isinstance(row, OrgUnit) else str(row)


class _Search(AutocompleteJsonView):
    """What a search box finds, units told apart as in every other list."""

    def serialize_result(self, obj, to_field_name):
        return super().serialize_result(obj, to_field_name) | {"text": _chosen_as(obj)}


def _autocomplete_view(request: HttpRequest) -> HttpResponseBase:
    return _Search.as_view(admin_site=admin.site)(request)


admin.site.autocomplete_view = _autocomplete_view  # type: ignore[method-assign,assignment]


class Searching:
    """The ``autocomplete_fields`` of a page, shown with the boxes above; and its search, where a
    column is kept for that.
    """

    def get_search_results(self, request, queryset, search_term):
        if "search" in self.search_fields:  # type: ignore[attr-defined]
            search_term = search_words(search_term)
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.autocomplete_fields:  # type: ignore[attr-defined]
            kwargs.setdefault("widget", _Found(db_field, self.admin_site))  # type: ignore[attr-defined]
        made = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        made.label_from_instance = _chosen_as
        return made

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in self.autocomplete_fields:  # type: ignore[attr-defined]
            kwargs.setdefault("widget", _FoundMany(db_field, self.admin_site))  # type: ignore[attr-defined]
        made = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        made.label_from_instance = _chosen_as
        return made


class SecondFactorAdmin(ReadOnly):
    """Who has a second factor; it is deleted for a person who lost it."""

    list_display = ["whose", "kind", "since", "used"]
    fields = ["whose", "kind", "since", "used"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__full_name"]

    @admin.display(description=_("người dùng"), ordering="user")
    def whose(self, factor):
        """Whose it is."""
        return factor.user

    @admin.display(description=_("loại"), ordering="type")
    def kind(self, factor):
        """An application on a telephone, or codes on paper."""
        return {"totp": _("Ứng dụng trên điện thoại")}.get(factor.type, _("Mã dự phòng"))

    @admin.display(description=_("có từ"), ordering="created_at")
    def since(self, factor):
        """When it was set up."""
        return factor.created_at

    @admin.display(description=_("dùng lần cuối"), ordering="last_used_at")
    def used(self, factor):
        """When it was last asked for."""
        return factor.last_used_at or "–"

    def has_delete_permission(self, request, obj=None):
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


class Kept(Searching, admin.ModelAdmin):
    """An admin page whose rows are edited and never deleted."""

    def has_delete_permission(self, request, obj=None):
        return False


def changes(form):
    """What ``form`` changed of its row, as the history keeps it: what each value stands for, in
    Vietnamese, never the key of a row.
    """
    row = form.instance
    with override("vi"):
        return [
            {
                "what": str(row._meta.verbose_name),
                "row": row.label if isinstance(row, OrgUnit) else str(row),
                "field": name,
                "before": _said(form.fields[name], form.initial.get(name)),
                "after": _said(form.fields[name], form.cleaned_data.get(name)),
            }
            for name in form.changed_data
            if name not in getattr(form, "WHY", Reasoned.WHY)
        ]


def _said(field, value):
    """The ``value`` of ``field`` in words."""
    if value in (None, ""):
        return ""
    if isinstance(value, QuerySet | list | tuple):
        return "; ".join(sorted((_said(field, each) for each in value), key=sort_key))
    if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
        rows = field.queryset.model._base_manager
        row = value if isinstance(value, models.Model) else rows.filter(pk=value).first()
        return _chosen_as(row) if row is not None else str(value)
    if isinstance(value, bool):
        return str(_("có") if value else _("không"))
    if isinstance(value, date):
        return day_text(value)
    return next(
        (str(label) for key, label in getattr(field, "choices", ()) if key == value), str(value)
    )


class OnPaperForm(forms.ModelForm):
    """A row that names the province's document it is changed on."""

    def clean(self):
        super().clean()
        if "document" in self.changed_data:
            try:
                check_document(self.cleaned_data.get("document") or "", "document")
            except ValidationError as refused:
                self.add_error(None, refused)
        return self.cleaned_data


class OnLedger(forms.Form):
    """The document of the ledger on which something is changed (văn bản căn cứ); once begun, it is
    asked for in full.
    """

    #: Who is signed in; each request has a form of its own.
    by = None
    OF_DOCUMENT = ("number", "signed_on", "body", "signer", "signer_capacity")

    number = forms.CharField(label=_("Số và ký hiệu"), max_length=60, required=False)
    signed_on = fields.DateField(label=_("Ngày ký"), required=False, widget=AdminDateWidget)
    body = forms.CharField(label=_("Cơ quan ban hành"), max_length=200, required=False)
    signer = forms.CharField(label=_("Người ký"), max_length=150, required=False)
    signer_capacity = forms.CharField(label=_("Chức vụ người ký"), max_length=150, required=False)

    def issuers(self):
        """The units of the province that may have issued it."""
        return OrgUnit.objects.valid_on(clock.today()).filter(level=Level.PROVINCE)

    def typed(self):
        """The document as typed, unsaved; None where none was named."""
        said = {name: self.cleaned_data.get(name) or "" for name in self.OF_DOCUMENT}
        if not any(said.values()):
            return None
        signed_on = said.pop("signed_on") or None
        typed = Document(does=Effect.DECIDES, outside=said.pop("body"), signed_on=signed_on, **said)
        documents.issue(typed, self.issuers())
        return typed

    def check_typed(self):
        """Say at its fields what the ledger would refuse of it."""
        if self.typed() is None:
            return
        for name in self.OF_DOCUMENT:
            if name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(
                    name, _("Bạn chưa nhập: %(label)s.") % {"label": self.fields[name].label}
                )
        if not set(self.OF_DOCUMENT) & set(self.errors):
            try:
                documents.check(self.typed(), by=self.by)
            except ValidationError as refused:
                self.add_error(None, refused)

    def recorded(self):
        """The document in the ledger; None where none was named."""
        typed = self.typed()
        return None if typed is None else documents.record(typed, by=self.by)


class Reasoned(OnPaperForm):
    """A change of a row that the ordinary pages ask a reason for (lý do)."""

    WHY: tuple[str, ...] = ("reason", "document")
    #: The field in which the document is named.
    NAMED = "document"
    reason = forms.CharField(
        label=_("Lý do"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Bắt buộc khi có thay đổi; được ghi vào lịch sử."),
    )
    document = forms.CharField(label=_("Số, ngày văn bản"), max_length=120, required=False)

    def rests_on_document(self, changed):
        """Whether a change of these fields is made on a document."""
        return False

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        changed = set(self.changed_data) - set(self.WHY)
        if self.instance.pk is None or not changed:
            return cleaned
        if "reason" in cleaned and not says_something(cleaned["reason"]):
            self.add_error("reason", _("Hãy nêu lý do của thay đổi này."))
        if self.rests_on_document(changed) and not cleaned.get(self.NAMED, "?").strip():
            self.add_error(
                self.NAMED, _("Thay đổi này phải có văn bản: hãy nhập số, ngày văn bản.")
            )
        return cleaned

    def why(self):
        """What the history keeps of it."""
        return {name: self.cleaned_data[name].strip() for name in self.WHY}


class DocumentedForm(Reasoned, OnLedger):
    """A change that rests on a document of the ledger, whatever is changed."""

    WHY = ("reason", *OnLedger.OF_DOCUMENT)
    NAMED = "number"
    document = None  # type: ignore[assignment]  # so a form lays a field down

    def rests_on_document(self, changed):
        return True

    def clean(self):
        super().clean()
        self.check_typed()
        return self.cleaned_data


class ReasonAsked(admin.ModelAdmin):
    """A page with a :class:`Reasoned` form: of a row that is added nobody asks why."""

    def get_fields(self, request, obj=None):
        asked, why = super().get_fields(request, obj), getattr(self.form, "WHY", ())
        return asked if obj is not None else [name for name in asked if name not in why]


class AssignmentForm(OnLedger, forms.ModelForm):
    """A post given, prolonged or ended by an administrator, on the paper of this change."""

    def issuers(self):
        """The unit of the post and those above it."""
        unit = self.cleaned_data.get("org_unit")
        return appointing.issuers([unit] if unit else [])

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        self.check_typed()
        if self.errors or not self.has_changed():
            return cleaned
        after = RoleAssignment(
            **{name: value for name, value in cleaned.items() if name in self.OF_POST}
        )
        if "user" not in cleaned:
            after.user = self.instance.user
        try:
            appointing.check_assignment(
                self.instance if self.instance.pk else None,
                after,
                by=self.by,
                **appointing.said(self.typed()),
            )
        except ValidationError as refused:
            self.add_error(None, self.placed(refused))
        return cleaned

    OF_POST = ("user", "role", "org_unit", "valid_from", "valid_to")

    def placed(self, refused):
        """What was refused, said at the field where this form has it."""
        shown = {name for name, field in self.fields.items() if not field.widget.is_hidden}
        if hasattr(refused, "error_dict") and not set(refused.error_dict) <= shown:
            return ValidationError(refused.messages)
        return refused


def _of(form, request):
    """``form`` as the person of this request fills it in."""
    return type(form.__name__, (form,), {"by": request.user})


def _save_assignment(request, form, save):
    """Save what ``form`` changed of a post, and write down who gave or ended it, on what paper."""
    post = form.instance
    was = RoleAssignment.objects.filter(pk=post.pk).first()
    first_leader = appointing.no_leader_yet()
    document = None
    # The paper of its end is in the history; that of the appointment stays.
    if was is None or was.valid_to != post.valid_to:
        document = form.recorded()
    if was is None:
        post.made_by, post.basis = request.user, document
    save()
    if was is None or was.valid_to != post.valid_to:
        appointing.record_assignment(
            post, was, by=request.user, document=document, first_leader=first_leader
        )


class RolesFormSet(BaseInlineFormSet):
    """The roles of one person, none of them twice at once."""

    def clean(self):
        super().clean()
        seen: list[RoleAssignment] = []
        for form in self.forms:
            role = form.instance
            if form.errors or not role.valid_from:
                continue
            # Both rows may be new: validation compares each with stored rows only.
            if any(role.overlaps(other) for other in seen):
                form.add_error("valid_from", HELD_ALREADY)
            crossed = [other for other in seen if appointing.are_both_sides(role, other)]
            if crossed and form.has_changed():
                form.add_error(None, appointing.sides_crossed(self.instance, role, crossed[0]))
            seen.append(role)
        self._check_papers()

    def _check_papers(self):
        """Say at its row what the ledger would refuse of one paper beside that of another row."""
        rows: list[Any] = self.forms
        with transaction.atomic():
            for form in rows:
                if form.errors or not form.has_changed():
                    continue
                try:
                    form.recorded()
                except ValidationError as refused:
                    form.add_error(None, form.placed(refused))
            transaction.set_rollback(True)


class RoleAssignmentInline(Searching, admin.StackedInline):
    model = RoleAssignment
    fk_name = "user"
    form = AssignmentForm
    formset = RolesFormSet
    fields = [
        ("role", "org_unit"),
        ("valid_from", "valid_to"),
        ("number", "signed_on", "body"),
        ("signer", "signer_capacity"),
    ]
    extra = 0
    can_delete = False
    autocomplete_fields = ["org_unit"]

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.form = _of(formset.form, request)
        return formset


#: What lets a sign-in administer: only who may do everything gives or takes it.
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class PersonForm(UserChangeForm):
    """A person's account. It stays active while open work would be left to nobody."""

    by = None

    class Meta:
        model = User
        field_classes = UserChangeForm.Meta.field_classes
        # Filled by the system.
        exclude = ["last_login", "date_joined"]  # noqa: DJ006

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        # Shown to who may not change them, and still sent.
        if any(name in self.data for name in RIGHTS if name not in self.fields):
            self.add_error(None, _("Chỉ quản trị viên toàn quyền đổi được quyền và nhóm."))
        if self.errors:
            return cleaned
        if self.initial.get("is_active") and not cleaned.get("is_active", True):
            try:
                appointing.check_leaving(self.instance)
            except ValidationError as refused:
                self.add_error(None, refused)
        flags = ("is_staff", "is_superuser")
        given = [name for name in flags if cleaned.get(name) and not self.initial.get(name)]
        for name in given:
            if appointing.is_oneself(self.by, self.instance):
                self.add_error(name, _("Không ai tự giao quyền quản trị cho mình."))
        if given:
            try:
                appointing.check_administration(self.instance, field=given[0])
            except ValidationError as refused:
                self.add_error(None, refused)
        return cleaned


@admin.register(User)
class PersonAdmin(UserAdmin):
    """A person and the roles they hold. Never deleted: made inactive."""

    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Cá nhân"), {"fields": ["full_name", "email", "phone", "language"]}),
        (_("Quyền"), {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["username", "full_name", "password1", "password2"]})
    ]
    list_display = ["username", "full_name", "is_active", "is_staff"]
    search_fields = ["username", "full_name", "email"]
    ordering = ["username"]
    inlines = [RoleAssignmentInline]
    form = PersonForm

    def has_delete_permission(self, request, obj=None):
        return False

    def get_form(self, request, obj=None, change=False, **kwargs):
        return _of(super().get_form(request, obj, change=change, **kwargs), request)

    def has_change_permission(self, request, obj=None):
        """Who may not do everything does not change a sign-in that may do more than theirs."""
        allowed = super().has_change_permission(request, obj)
        if obj is None or request.user.is_superuser or obj.pk == request.user.pk:
            return allowed
        return allowed and not obj.administers

    def get_readonly_fields(self, request, obj=None):
        return () if request.user.is_superuser else RIGHTS

    def save_model(self, request, obj, form, change):
        form.was = appointing.person_as_stored(obj)
        super().save_model(request, obj, form, change)
        if form.was is not None and form.was["is_active"] and not obj.is_active:
            accounts.end_sessions(obj)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.was is not None:
            appointing.record_person(form.instance, form.was, by=request.user)
        else:
            HistoryEntry.objects.record(
                "person.enrol",
                appointing.Appointed(form.instance),
                by=request.user,
                username=form.instance.username,
            )

    def user_change_password(self, request, id, form_url=""):
        stored = User.objects.filter(pk=id).values_list("password", flat=True)
        with transaction.atomic():
            before = stored.first() if id.isdecimal() else None
            answer = super().user_change_password(request, id, form_url)
            if before is not None and stored.first() != before:
                appointing.record_password(User.objects.get(pk=id), by=request.user)
        return answer

    def save_formset(self, request, form, formset, change):
        if formset.model is not RoleAssignment:
            super().save_formset(request, form, formset, change)
            return
        # The lists that the administration's own log reads.
        formset.save(commit=False)
        for each in formset.forms:
            if each.has_changed():
                _save_assignment(request, each, each.instance.save)


admin.site.unregister(Group)


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """What a group may do: changed by who may do everything, as rights of a person are."""

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        # The rights it gave would go unrecorded: it is emptied instead.
        return False

    def save_model(self, request, obj, form, change):
        form.was = _rights_of(obj)
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        now = _rights_of(form.instance)
        if now != form.was:
            HistoryEntry.objects.record(
                "group.change",
                # A group has no chain of its own: it is told in that of who changed it.
                appointing.Appointed(request.user),
                by=request.user,
                changed=[
                    {"row": str(form.instance), "field": name, "before": form.was[name],
                     "after": now[name]}
                    for name in now
                    if now[name] != form.was[name]
                ],
            )  # fmt: skip


def _rights_of(group):
    """A group's name and rights as stored."""
    stored = Group.objects.filter(pk=group.pk).first() if group.pk else None
    if stored is None:
        return {"name": "", "permissions": ""}
    codes = stored.permissions.order_by("codename").values_list("codename", flat=True)
    return {"name": stored.name, "permissions": "; ".join(codes)}


@dataclass(frozen=True)
class ConfiguredUnit:
    """A unit whose change the page of a year shows, too."""

    unit: OrgUnit
    history_cycle_id: int
    history_stream = Stream.UNIT

    @property
    def pk(self):
        return self.unit.pk

    def __str__(self):
        return self.unit.label


class OrgUnitForm(forms.ModelForm):
    """A unit. What moves files and authority from unit to unit is changed on a document."""

    #: What decides who acts for whose files.
    MOVING = ("valid_to", "successors", "level", "parent")
    document = forms.CharField(
        label=_("Số, ngày văn bản"),
        max_length=120,
        required=False,
        help_text=_("Bắt buộc khi đổi cấp, đơn vị cấp trên, ngày kết thúc hoặc đơn vị kế thừa."),
    )

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        if self.errors:
            return cleaned
        unit, moved = self.instance, set(self.changed_data) & set(self.MOVING)
        self.changes = changes(self) if unit.pk is not None else []
        try:
            check_document(cleaned["document"], "document")
            if unit.pk is not None and moved and not cleaned["document"].strip():
                raise ValidationError(
                    {
                        "document": _(
                            "Đổi cấp, đơn vị cấp trên, ngày kết thúc hoặc đơn vị kế thừa làm "
                            "chuyển hồ sơ và quyền: hãy nhập số, ngày văn bản."
                        )
                    }
                )
            if moved or unit.pk is None:
                after = OrgUnit(pk=unit.pk, level=cleaned["level"], valid_to=cleaned["valid_to"])
                after.check_successors(cleaned["successors"])
            if self.changes:
                self.year = Cycle.to_record_in()
        except ValidationError as refused:
            self.add_error(None, refused)
        return cleaned


@admin.register(OrgUnit)
class OrgUnitAdmin(Kept):
    form = OrgUnitForm
    list_display = ["name", "code", "level", "parent", "valid_from", "valid_to"]
    list_filter = ["level", "valid_from"]
    search_fields = ["name", "code", "search"]
    autocomplete_fields = ["parent", "successors"]
    list_select_related = ["parent"]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if not change:
            HistoryEntry.objects.record(
                "unit.add",
                form.instance,
                by=request.user,
                saved=[form.instance],
                document=form.cleaned_data["document"].strip(),
            )
        elif form.changes:
            HistoryEntry.objects.record(
                "unit.configure",
                ConfiguredUnit(form.instance, form.year.pk),
                by=request.user,
                saved=[form.instance],
                changed=form.changes,
                unit=form.instance.pk,
                document=form.cleaned_data["document"].strip(),
            )

    def get_search_results(self, request, queryset, search_term):
        found, doubled = super().get_search_results(request, queryset, search_term)
        if request.path == reverse("admin:autocomplete"):
            found = found.current_first()  # type: ignore[attr-defined]
        return found, doubled


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(Kept):
    list_display = ["user", "role", "org_unit", "valid_from", "valid_to", "made_by", "named"]
    list_filter = ["role", "org_unit__level"]
    search_fields = ["user__username", "user__full_name", "org_unit__search"]
    autocomplete_fields = ["user", "org_unit"]
    list_select_related = ["user", "org_unit", "made_by", "basis__replaced_by"]
    form = AssignmentForm
    fields = ["user", "role", "org_unit", "valid_from", "valid_to", *OnLedger.OF_DOCUMENT]

    @admin.display(description=_("văn bản phân công"))
    def named(self, post):
        """The document on which it was given."""
        return post.paper or "–"

    def get_form(self, request, obj=None, change=False, **kwargs):
        return _of(super().get_form(request, obj, change=change, **kwargs), request)

    def save_model(self, request, obj, form, change):
        _save_assignment(request, form, obj.save)


class TermsFormSet(BaseInlineFormSet):
    """The terms of a year, whose change is given its reason and document beside them."""

    def clean(self):
        super().clean()
        if self.has_changed() and not all(
            says_something(self.data.get(name, "")) for name in DocumentedForm.WHY
        ):
            raise ValidationError(_("Đổi thời hạn phải nêu lý do và số, ngày văn bản ở phần trên."))


class TermRuleInline(admin.StackedInline):
    """What the law proposes and the province overrules, on the document of this change."""

    model = TermRule
    formset = TermsFormSet
    extra = 0
    can_delete = False
    fields = [
        ("rule_set", "code", "title"),
        ("amount", "unit", "fixed_on", "extension_limit"),
        ("subject", "case_type", "level", "role"),
        ("starts_on", "stops_on"),
        ("warnings", "escalations"),
        ("article", "named"),
    ]
    readonly_fields = ["named"]
    classes = ["collapse"]

    @admin.display(description=_("văn bản của tỉnh"))
    def named(self, rule):
        """The document that it rests on."""
        return rule.paper or "–"


@admin.register(Cycle)
class CycleAdmin(ReasonAsked, Kept):
    """A year and its terms; its pages stand under ``/cycles/``: it is opened there, on its plan,
    its days are moved there, who does what is said there.
    """

    form = DocumentedForm
    list_display = ["title", "year", "rule_set", "opened_on", "closed_on", "assumed"]
    inlines = [TermRuleInline]
    # Closed by its page alone, which freezes the figures.
    readonly_fields = ["year", "opened_on", "ends_on", "closed_on", "target_paper"]

    @admin.display(description=_("văn bản giao chỉ tiêu"))
    def target_paper(self, year):
        """The document that set the targets."""
        return year.target_paper or "–"

    def has_add_permission(self, request):
        return False

    def get_form(self, request, obj=None, change=False, **kwargs):
        return _of(super().get_form(request, obj, change=change, **kwargs), request)

    def save_model(self, request, obj, form, change):
        form.basis = form.recorded()
        if any(name.startswith("target_") for name in form.changed_data):
            obj.target_basis = form.basis
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        for row in (row for formset in formsets for row in formset.forms if row.has_changed()):
            row.instance.basis = form.basis
        super().save_related(request, form, formsets, change)
        if "rule_set" in form.changed_data:
            form.instance.adopt(form.instance.rule_set, windows=False)
        changed = [
            line for formset in formsets for row in formset.forms for line in changes(row)
        ] + changes(form)  # fmt: skip
        if changed:
            assert form.basis is not None, "its form asks for it"
            HistoryEntry.objects.record(
                "cycle.configure",
                form.instance,
                by=request.user,
                changed=changed,
                reason=form.cleaned_data["reason"].strip(),
                document=str(form.basis),
                ledger=form.basis.pk,
            )


@admin.register(DayOff)
class DayOffAdmin(ReadOnly):
    """Read here; the calendar page edits them, because open terms follow each change."""

    list_display = ["day", "name", "worked", "document"]
    list_filter = ["worked"]
    date_hierarchy = "day"
    search_fields = ["name"]


@admin.register(Substitution)
class SubstitutionAdmin(ReadOnly):
    """Read here; the page of absences writes them, because each is recorded in history."""

    list_display = [
        "assignment",
        "substitute",
        "valid_from",
        "valid_to",
        "reason",
        "paper",
        "created_by",
    ]
    list_select_related = ["assignment__org_unit", "assignment__user", "substitute", "created_by"]
    date_hierarchy = "valid_from"


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnly):
    list_display = ["title", "document", "valid_from", "valid_to"]
    fields = ["title", "document", "valid_from", "valid_to"]


@admin.register(Rubric)
class RubricAdmin(ReadOnly):
    """Which versions are loaded; the page of rubrics shows what they say."""

    list_display = ["number", "name", "rule_set"]
    fields = ["number", "name", "rule_set"]
    list_filter = ["rule_set"]
    list_select_related = ["rule_set"]
    search_fields = ["name"]


@admin.register(HistoryEntry)
class HistoryEntryAdmin(ReadOnly):
    list_display = ["at", "stream", "seq", "happened", "label", "actor"]
    list_filter = ["stream"]
    list_select_related = ["actor"]
    # Its data is for the pages that say it in words; /operations/ says whether the chain holds.
    fields = [
        "at", "recorded_at", "stream", "seq", "happened", "label", "actor", "role", "org_unit",
        "acting_for", "reason",
    ]  # fmt: skip
    ordering = ["-pk"]
    show_full_result_count = False

    @admin.display(description=_("sự kiện"), ordering="event")
    def happened(self, entry):
        """What was done, as the history says it."""
        try:
            return events.label(entry.event)
        except KeyError:
            return entry.event

"""Configuration is edited here; the law and the record are read here."""

import re

from django.contrib import admin
from django.contrib.admin.options import FORMFIELD_FOR_DBFIELD_DEFAULTS
from django.contrib.admin.widgets import (
    AdminDateWidget,
    AdminSplitDateTime,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.forms import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from cycle import fields
from cycle.models import (
    Cycle,
    DayOff,
    Duty,
    HistoryEntry,
    OrgUnit,
    RoleAssignment,
    Rubric,
    RuleSet,
    StepWindow,
    Substitution,
    TermRule,
    User,
)
from cycle.models.organisation import HELD_ALREADY

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

admin.site.site_header = admin.site.site_title = _("Quản trị OCOP")
admin.site.index_title = _("Cấu hình")


class ReadOnly(admin.ModelAdmin):
    """What nobody changes from a form."""

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


class Searching:
    """The ``autocomplete_fields`` of a page, shown with the boxes above."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.autocomplete_fields:  # type: ignore[attr-defined]
            kwargs.setdefault("widget", _Found(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in self.autocomplete_fields:  # type: ignore[attr-defined]
            kwargs.setdefault("widget", _FoundMany(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


class SecondFactorAdmin(ReadOnly):
    """Who has a second factor; it is deleted for a person who lost it."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__full_name"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def has_delete_permission(self, request, obj=None):
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


class Kept(Searching, admin.ModelAdmin):
    """What is edited but never deleted."""

    def has_delete_permission(self, request, obj=None):
        return False


class RolesFormSet(BaseInlineFormSet):
    """The roles of one person, none of them twice at once."""

    def clean(self):
        super().clean()
        seen: list[RoleAssignment] = []
        for form in self.forms:
            role = form.instance
            if form.errors or not role.valid_from:
                continue
            if any(role.overlaps(other) for other in seen):
                # Neither may be stored yet: each alone is checked against the database only.
                form.add_error("valid_from", HELD_ALREADY)
            seen.append(role)


class RoleAssignmentInline(Searching, admin.TabularInline):
    model = RoleAssignment
    formset = RolesFormSet
    extra = 0
    can_delete = False
    autocomplete_fields = ["org_unit"]


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

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(OrgUnit)
class OrgUnitAdmin(Kept):
    list_display = ["name", "code", "level", "parent", "valid_from", "valid_to"]
    list_filter = ["level", "valid_from"]
    search_fields = ["name", "code", "search"]
    autocomplete_fields = ["parent", "successors"]
    list_select_related = ["parent"]


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(Kept):
    list_display = ["user", "role", "org_unit", "valid_from", "valid_to"]
    list_filter = ["role", "org_unit__level"]
    search_fields = ["user__username", "user__full_name", "org_unit__search"]
    autocomplete_fields = ["user", "org_unit"]
    list_select_related = ["user", "org_unit"]


class StepWindowInline(admin.TabularInline):
    model = StepWindow
    extra = 0


class DutyInline(admin.TabularInline):
    model = Duty
    extra = 0
    fields = ["rule_set", "node", "level", "role", "working_days"]


class TermRuleInline(admin.StackedInline):
    """What the law proposes and the province overrules, with the number of its document."""

    model = TermRule
    extra = 0
    can_delete = False
    fields = [
        ("rule_set", "code", "title"),
        ("amount", "unit", "fixed_on", "extension_limit"),
        ("subject", "case_type", "level", "role"),
        ("starts_on", "stops_on"),
        ("warnings", "escalations"),
        ("article", "document"),
    ]
    classes = ["collapse"]


@admin.register(Cycle)
class CycleAdmin(Kept):
    """A year: who does what, until when. A new one adopts what its rule set proposes."""

    list_display = ["title", "year", "rule_set", "opened_on", "closed_on", "assumed"]
    inlines = [StepWindowInline, DutyInline, TermRuleInline]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        form.instance.adopt(form.instance.rule_set)


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

    list_display = ["assignment", "substitute", "valid_from", "valid_to", "reason", "document"]
    list_select_related = ["assignment__org_unit", "assignment__user", "substitute"]
    date_hierarchy = "valid_from"


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnly):
    list_display = ["title", "document", "valid_from", "valid_to", "content_hash"]


@admin.register(Rubric)
class RubricAdmin(ReadOnly):
    """Which versions are loaded; the page of rubrics shows what they say."""

    list_display = ["number", "name", "rule_set", "content_hash"]
    list_filter = ["rule_set"]
    list_select_related = ["rule_set"]
    search_fields = ["name"]


@admin.register(HistoryEntry)
class HistoryEntryAdmin(ReadOnly):
    list_display = ["at", "stream", "stream_id", "seq", "event", "label", "actor"]
    list_filter = ["event"]
    list_select_related = ["actor"]
    ordering = ["-pk"]
    show_full_result_count = False

"""Configuration is edited here; the law and the record are read here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

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


class Kept(admin.ModelAdmin):
    """What is edited but never deleted."""

    def has_delete_permission(self, request, obj=None):
        return False


class RoleAssignmentInline(admin.TabularInline):
    model = RoleAssignment
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

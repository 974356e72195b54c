"""What an administrator can submit, a test submits: every form of the registry, valid and not.

The walk fills each form from its own fields, as a browser would post its page. A page registered
tomorrow is in it; one that it cannot fill fails until a value stands in ``VALUES``.
"""

import itertools
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import allauth
import axes
import django
import polib
import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.forms import ReadOnlyPasswordHashField
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.text import capfirst

import cycle.urls  # noqa: F401  It says what is registered.
from cycle import clock, events
from cycle.models import Cycle, Role, RoleAssignment, RuleSet, Substitution, User
from tests.admin_pages import PASSWORD, Page
from tests.walks import small
from tests.world import person

pytestmark = pytest.mark.django_db
COUNTER = itertools.count(1)

#: What a form needs and its fields do not tell, by form field or by model and field.
VALUES = {
    "usable_password": "true",
    "document": "12/QĐ-UBND",
    "signed_on": "02/11/2026",
    "number": "12/QĐ-UBND",
    "signer": "Nguyễn Văn An",
    "phone": "0912345678",
    "password1": PASSWORD,
    "password2": PASSWORD,
    "cycle.Duty.role": "leader",
    "cycle.TermRule.unit": "wd",
    "cycle.TermRule.amount": "15",
    "cycle.TermRule.fixed_on": "",
    "cycle.TermRule.escalations": '[[1, "leader"]]',
    "mfa.Authenticator.type": "totp",
}
ON_PAPER = {
    "number": "12/QĐ-UBND",
    "signed_on": "02/11/2026",
    "body": "UBND tỉnh",
    "signer": "Nguyễn Văn An",
    "signer_capacity": "Chủ tịch UBND tỉnh",
}
WHY = {"reason": "Ghi nhầm", "document": "12/QĐ-UBND"} | ON_PAPER
#: What stands once it is stored: its form says so, and only the rest is changed.
STANDS = {
    "cycle.RoleAssignment.role",
    "cycle.RoleAssignment.org_unit",
    "cycle.RoleAssignment.valid_from",
}
HOSTILE = [
    "",
    " ",
    "\x00",
    "x" * 5000,
    "-1",
    "0",
    "32767",
    "9" * 25,
    "1e400000",
    "30/2/2026",
    "01/01/0001",
    "{",
    "<script>",
]


def value_for(model, name, field):
    """A list of what is typed into ``field``, or None where nothing is."""
    label = f"{model._meta.label}.{name}"
    for key in (label, name):
        if key in VALUES:
            value = VALUES[key]
            return [value if isinstance(value, str) else next(value)]
    number = next(COUNTER)
    if field.disabled or isinstance(field, ReadOnlyPasswordHashField | forms.FileField):
        return None
    if isinstance(field, forms.ModelMultipleChoiceField | forms.MultipleChoiceField):
        return None
    if isinstance(field, forms.ModelChoiceField):
        found = field.queryset.order_by("-pk").values_list(field.to_field_name or "pk", flat=True)
        # The row itself may be the newest: nobody is his own superior.
        pk = found.first() if field.required or model is not field.queryset.model else None
        return None if pk is None else [str(pk)]
    if isinstance(field, forms.ChoiceField):
        choices = [str(value) for value, _label in field.choices if value not in (None, "")]
        return [choices[number % len(choices)]]
    if isinstance(field, forms.BooleanField):
        return ["on"] if field.required else None
    if isinstance(field, forms.DateField):
        # Each later than the one before: no period is reversed, no two of them overlap.
        # From today on: a post that is held does not end before.
        return [f"{clock.today() + timedelta(days=number):%d/%m/%Y}"]
    if isinstance(field, forms.DateTimeField):
        return ["2026-11-01 14:05"]
    if isinstance(field, forms.SplitDateTimeField):
        return ["01/11/2026", "14:05"]
    if isinstance(field, forms.DecimalField):
        return ["1,5"]
    if isinstance(field, forms.IntegerField):
        return [str(max(field.min_value or 0, min(number, field.max_value or number)))]
    if isinstance(field, forms.JSONField):
        return ['{"thử": 1}']
    if isinstance(field, forms.EmailField):
        return [f"nguoi{number}@example.vn"]
    if isinstance(field, forms.URLField):
        return ["https://example.vn/"]
    if isinstance(field, SimpleArrayField):
        return ["1"]
    if isinstance(field, forms.CharField):
        return [f"thử{number}"[: field.max_length or 20]]
    raise AssertionError(f"{label}: {field!r} cannot be filled; give it a value in VALUES")


def fill(posted, form, *, over=False):
    """Type into the fields of ``form`` that are still empty, or into all of them."""
    for name, field in form.fields.items():
        if isinstance(field.widget, forms.HiddenInput):
            continue
        if form.instance.pk and f"{form._meta.model._meta.label}.{name}" in STANDS:
            continue
        bound = form[name]
        typed = value_for(form._meta.model, name, field)
        split = isinstance(field, forms.MultiValueField)
        keys = [f"{bound.html_name}_{n}" for n in (0, 1)] if split else [bound.html_name]
        if not over and all(posted.get(key, [""])[0] not in ("", "{}", "[]") for key in keys):
            continue
        if isinstance(field, forms.BooleanField):
            continue
        if typed is None:
            if field.required and not field.disabled and not split:
                raise AssertionError(f"{form._meta.model._meta.label}.{name} cannot be filled")
            continue
        for key, value in zip(keys, typed, strict=True):
            posted[key] = [value]


def with_new_row(posted, formset):
    """``posted`` with one more row of ``formset``."""
    total = f"{formset.prefix}-TOTAL_FORMS"
    number = posted[total][0]
    row = formset.empty_form
    row.prefix = f"{formset.prefix}-{number}"
    posted = {key: values for key, values in posted.items() if "__prefix__" not in key}
    fill(posted, row)
    return posted | {total: [str(int(number) + 1)]}


def errors_of(response):
    """What a refused page says, by field."""
    said = dict(response.context["adminform"].form.errors)
    for inline in response.context.get("inline_admin_formsets", []):
        for form in inline.formset.forms:
            said |= {f"{inline.formset.prefix}.{name}": e for name, e in form.errors.items()}
        if inline.formset.non_form_errors():
            said[inline.formset.prefix] = inline.formset.non_form_errors()
    return said


#: The name of every constraint: no sentence for people says one.
NAMES = {constraint.name for model in apps.get_models() for constraint in model._meta.constraints}


def is_answered(response, *, where):
    """The form is saved, or its page says at a field what is wrong, in words."""
    assert response.status_code in (200, 302), where
    if response.status_code == 200:
        said = errors_of(response)
        assert said, where
        for sentence in itertools.chain.from_iterable(said.values()):
            assert not any(name in sentence for name in NAMES), (where, sentence)
    return response.status_code == 302


def forms_in(response):
    """The forms of a page of the administration: its own, and of each inline the rows."""
    yield response.context["adminform"].form
    for inline in response.context["inline_admin_formsets"]:
        yield from inline.formset.forms


def fields_of(response):
    """What is posted -> its field, where it is posted as one; of each inline the added row."""
    found = {}
    forms_of_it = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        row = inline.formset.empty_form
        row.prefix = f"{inline.formset.prefix}-{inline.formset.total_form_count()}"
        forms_of_it.append(row)
    for form in forms_of_it:
        for name, field in form.fields.items():
            is_one = not isinstance(field.widget, forms.MultiWidget)
            if is_one and not field.disabled and not isinstance(field, forms.FileField):
                found[form.add_prefix(name)] = field
    return found


def refuses(fields, key, typed):
    """Whether the field posted as ``key`` refuses by itself what is typed into it."""
    typed_in, field = MultiValueDict({key: [typed]}), fields[key]
    try:
        field.clean(field.widget.value_from_datadict(typed_in, {}, key))
    except ValidationError:
        return True
    return False


def wrong_in(response):
    """The fields at which a refused page says something, as they are posted."""
    return {form.add_prefix(name) for form in forms_in(response) for name in form.errors}


class _Undone(Exception):
    pass


def tried(client, address, posted):
    """The answer to a form that leaves nothing behind."""
    try:
        with transaction.atomic():
            response = client.post(address, posted)
            raise _Undone
    except _Undone:
        return response


# --- The pages -------------------------------------------------------------------------------------


@pytest.fixture
def client():
    client = Client()
    client.force_login(User.objects.create_superuser("quantri", password=PASSWORD))
    return client


@pytest.fixture
def ground(client, cast, dossier):
    """At least one row of what the pages refer to."""
    assert Cycle.objects.exists() and RuleSet.objects.exists()
    # A colleague, so that An's post may end although her work is open.
    person("ngan", "Lò Văn Ngân", *((p.role, p.org_unit) for p in cast["an"].assignments()))
    # The newest, whom the forms find first: an auditor is given nothing to do.
    person("dung", "Lò Thị Dung")
    substitute = cast["la"]
    Substitution.objects.create(
        assignment=cast["an"].role_assignments.first(),
        substitute=substitute,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 1, 9),
        reason="nghỉ phép",
        created_by=cast["an"],
    )


def registry():
    return [(model, page) for model, page in admin.site._registry.items()]


def labels():
    return [model._meta.label for model, _page in registry()]


def asked():
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="quantri")
    return request


def a_row(client, model, page):
    """A row of ``model``: the newest, one made by the page, or one filled in as the model says."""
    if model._default_manager.exists():
        if model is User:
            return User.objects.get(username="an")
        return model._default_manager.order_by("-pk").first()
    if page.has_add_permission(asked()):
        response, _posted = add(client, model)
        assert response.status_code == 302, errors_of(response)
        return model._default_manager.get()
    # What is only read need not exist.
    edited = page.has_change_permission(asked()) or page.has_delete_permission(asked())
    return made(model) if edited else None


def made(model):
    """A row of ``model`` filled in as its fields say, past every page; or the newest that exists."""
    if model._default_manager.exists():
        return model._default_manager.order_by("-pk").first()
    values = {}
    for db_field in model._meta.fields:
        if db_field.primary_key or db_field.has_default() or db_field.null or db_field.generated:
            continue
        if isinstance(db_field, models.ForeignKey):
            values[db_field.name] = made(db_field.related_model)
        elif not db_field.blank and (field := db_field.formfield()):
            values[db_field.name] = field.clean(value_for(model, db_field.name, field)[0])
    return model._default_manager.create(**values)


def address(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def opened(client, address):
    """The page of a form and what a browser would post of it, with why something is changed."""
    response = client.get(address)
    assert response.status_code == 200, address
    page = Page(response.content.decode())
    posted = {k: v for k, v in page.posted.items() if "__prefix__" not in k}
    return response, posted | {k: [v] for k, v in WHY.items() if k in posted}


def add(client, model, *, rows=False):
    where = address(model, "add")
    response, posted = opened(client, where)
    fill(posted, response.context["adminform"].form)
    if rows:
        for inline in response.context["inline_admin_formsets"]:
            posted = with_new_row(posted, inline.formset)
    return tried(client, where, posted) if rows else client.post(where, posted), posted


@pytest.mark.walk
@pytest.mark.slow(reason="every form of a page, and each of its inlines saved twice")
@pytest.mark.parametrize("label", labels())
def test_every_form_of_the_administration_saves_what_is_right(client, ground, label):
    """Added, with a row in each inline, opened and saved as it stands, with a row changed."""
    model = apps.get_model(label)
    page = admin.site._registry[model]
    assert client.get(address(model, "changelist"), {"q": "a"}).status_code in (200, 302)
    row = a_row(client, model, page)
    if page.has_add_permission(asked()):
        response, _posted = add(client, model)
        assert response.status_code == 302, errors_of(response)
        response, _posted = add(client, model, rows=True)
        assert response.status_code == 302, errors_of(response)
    else:
        assert client.get(address(model, "add")).status_code == 403
    if row is None:
        return
    where = address(model, "change", row.pk)
    if not page.has_change_permission(asked(), row):
        assert client.get(where).status_code == 200
        assert client.post(where, {}).status_code == 403
        return
    response, posted = opened(client, where)
    saved = client.post(where, posted)
    assert saved.status_code == 302, errors_of(saved)
    for inline in response.context["inline_admin_formsets"]:
        if not inline.has_add_permission:
            continue
        # Twice, so that the second time there is a row of the inline to be changed.
        for _time in range(2):
            again, posted = opened(client, where)
            formset = next(
                each.formset
                for each in again.context["inline_admin_formsets"]
                if each.formset.prefix == inline.formset.prefix
            )
            if formset.initial_forms:
                changed = dict(posted)
                fill(changed, formset.initial_forms[0], over=True)
                saved = tried(client, where, changed)
                assert saved.status_code == 302, errors_of(saved)
            saved = client.post(where, with_new_row(posted, formset))
            assert saved.status_code == 302, errors_of(saved)


def in_turn(keys, place):
    """In the suite a field is typed into by every fourth value, the next field by the one after."""
    return small(keys, keys[place % 4 :: 4])


@pytest.mark.walk
@pytest.mark.slow(reason="every field of a form, with everything hostile")
@pytest.mark.parametrize("label", labels())
def test_no_form_of_the_administration_breaks_whatever_is_typed(client, ground, label):
    model = apps.get_model(label)
    page = admin.site._registry[model]
    if not page.has_add_permission(asked()):
        row = a_row(client, model, page)
        if page.has_change_permission(asked(), row):
            where = address(model, "change", row.pk)
            _response, posted = opened(client, where)
            keys = [key for key in posted if key != "csrfmiddlewaretoken"]
            for place, typed in enumerate(HOSTILE):
                for key in in_turn(keys, place):
                    response = tried(client, where, posted | {key: [typed]})
                    # Of how many rows there were: what would be a second one is refused in words.
                    fine = (200, 302, 409) if key.endswith("_FORMS") else (200, 302)
                    assert response.status_code in fine, (label, key, typed)
        return
    where = address(model, "add")
    response, posted = opened(client, where)
    fill(posted, response.context["adminform"].form, over=True)
    for inline in response.context["inline_admin_formsets"]:
        posted = with_new_row(posted, inline.formset)
    assert is_answered(tried(client, where, posted), where=(label, "as it should be"))
    is_answered(tried(client, where, {}), where=(label, "nothing"))
    fields = fields_of(response)
    keys = [key for key in posted if key != "csrfmiddlewaretoken" and not key.endswith("_FORMS")]
    for place, typed in enumerate(HOSTILE):
        # What a field refuses by itself is said at that field, whatever else is wrong: all at
        # once. A row that is left empty is none: of what is blank, each alone.
        refused = {
            key for key in keys if typed.strip() and key in fields and refuses(fields, key, typed)
        }
        if refused:
            answer = tried(client, where, posted | dict.fromkeys(refused, [typed]))
            assert not is_answered(answer, where=(label, refused, typed[:30]))
            assert refused <= wrong_in(answer), (label, typed[:30])
        # What it takes may break further on: each alone.
        for key in in_turn([key for key in keys if key not in refused], place):
            is_answered(
                tried(client, where, posted | {key: [typed]}), where=(label, key, typed[:30])
            )
    # Twice the same: what may be there once only is refused in words.
    assert client.post(where, posted).status_code == 302
    is_answered(tried(client, where, posted), where=(label, "twice"))


@pytest.mark.parametrize("label", labels())
def test_deleting_answers_with_a_page(client, ground, label):
    model = apps.get_model(label)
    page = admin.site._registry[model]
    row = a_row(client, model, page)
    if row is None:
        assert not page.has_delete_permission(asked())
        return
    response = tried(client, address(model, "delete", row.pk), {"post": "yes"})
    # A page that says what hangs on the row, a list without it, or no permission.
    assert response.status_code in (200, 302, 403)
    if model.__module__.split(".")[0] in ("cycle", "dossiers", "councils", "notifications"):
        assert response.status_code == 403


@pytest.mark.walk
@pytest.mark.slow(reason="every row of the administration, opened, changed and deleted")
def test_an_empty_name_of_a_field_asks_for_the_key(client, ground):
    for model, page in registry():
        row = a_row(client, model, page)
        for name in ("change", "delete"):
            where = address(model, name, row.pk if row else 1)
            plain, asked_for = client.get(where), client.get(f"{where}?_to_field=")
            assert asked_for.status_code == plain.status_code, where
            sent = tried(client, where, {"_to_field": ""})
            assert sent.status_code in (200, 302, 403), where


# --- Roles -----------------------------------------------------------------------------------------


def given(user, role, unit, first, last=""):
    return {
        "user": user.pk,
        "role": role,
        "org_unit": unit.pk,
        "valid_from": first,
        "valid_to": last,
    }


def test_a_role_is_given_and_ended(client, an, la, commune):
    where = reverse("admin:cycle_roleassignment_add")
    assert client.post(where, given(la, Role.LEADER, commune, "01/01/2026")).status_code == 302
    made = RoleAssignment.objects.get(user=la, role=Role.LEADER)
    where = reverse("admin:cycle_roleassignment_change", args=[made.pk])
    yesterday = clock.today() - timedelta(days=1)
    ended = given(la, Role.LEADER, commune, "01/01/2026", f"{yesterday:%d/%m/%Y}")
    assert client.post(where, ended).status_code == 302
    made.refresh_from_db()
    assert (made.valid_from, made.valid_to) == (date(2026, 1, 1), yesterday)


@pytest.mark.parametrize(
    ("first", "last", "name", "sentence"),
    [
        ("01/06/2026", "", "valid_from", "Người này đã có vai trò này ở đơn vị này"),
        ("02/11/2026", "01/11/2026", "valid_to", "Ngày kết thúc phải sau ngày bắt đầu."),
    ],
)
def test_a_role_that_cannot_be_is_refused_at_its_field(
    client, an, commune, first, last, name, sentence
):
    response = client.post(
        reverse("admin:cycle_roleassignment_add"), given(an, Role.OFFICER, commune, first, last)
    )
    assert sentence in errors_of(response)[name][0]


def test_two_rows_of_one_page_may_not_overlap_either(client, la, other_commune, commune):
    """Neither is stored yet, so the database alone would find it out, too late for a sentence."""
    where = reverse("admin:cycle_user_change", args=[la.pk])
    _response, posted = opened(client, where)
    row = {"role": Role.CLERK, "org_unit": commune.pk, "valid_from": "01/01/2026", "valid_to": ""}
    for number in (1, 2):
        posted |= {f"role_assignments-{number}-{key}": [value] for key, value in row.items()}
    posted["role_assignments-TOTAL_FORMS"] = ["3"]
    response = client.post(where, posted)
    assert response.status_code == 200
    assert "đã có vai trò này" in str(errors_of(response))
    assert la.role_assignments.count() == 1


# --- What the pages say --------------------------------------------------------------------------


class _Words(HTMLParser):
    """The text of a page: what is read, and what a pointer or a reader of screens says."""

    SAID = ("title", "placeholder", "aria-label", "alt")
    UNREAD = ("script", "style", "textarea", "svg")

    def __init__(self, html):
        super().__init__()
        self.found, self._within = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in self.UNREAD:
            self._within.append(tag)
        self._say(*(attrs.get(name) for name in self.SAID))
        if tag == "input" and attrs.get("type") in ("submit", "button"):
            self._say(attrs.get("value"))

    def handle_endtag(self, tag):
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data):
        if not self._within:
            self._say(data)

    def _say(self, *texts):
        self.found |= {" ".join(text.split()) for text in texts if text and text.strip()}


def english():
    """Whether a text is a sentence of Django or of a package as they are written: in English."""
    folders = [Path(module.__file__).parent for module in (django, axes, allauth)]
    plain, patterns = set(), []
    for folder in folders:
        for path in folder.rglob("locale/fr/LC_MESSAGES/django.po"):
            for entry in polib.pofile(str(path)):
                for msgid in (entry.msgid, entry.msgid_plural):
                    msgid = " ".join(msgid.split())
                    if re.search(r"%\(\w+\)\w|%[sd]|\{\w+\}", msgid):
                        parts = re.split(r"%\(\w+\)\w|%[sd]|\{\w+\}", msgid)
                        # Of what is nearly all filled in, nothing is known.
                        if sum(len(re.findall("[A-Za-z]{2,}", part)) for part in parts) > 1:
                            patterns.append(".+".join(map(re.escape, parts)))
                    elif re.search("[A-Za-z]{3}", msgid):
                        plain |= {each.rstrip(":.") for each in (msgid, capfirst(msgid))}
    pattern = re.compile("|".join(f"(?:{each})" for each in patterns))
    return lambda text: text.rstrip(":.") in plain or bool(pattern.fullmatch(text))


#: Said in Vietnamese as in English.
BOTH = {"email", "logo", "python", "javascript", "sql", "html", "menu", "english"}


def codes_of():
    """Values of our columns and registries that stand for words."""
    found = set(events.registered())
    for model in apps.get_models():
        for field in model._meta.fields:
            found |= {
                str(value)
                for value, label in field.flatchoices
                if str(value) != str(label) and re.search("[a-z]{4}", str(value))
            }
    return found - {"vi", "en"}


@pytest.fixture(scope="module")
def unread():
    """Which texts of a page no Vietnamese officer should be asked to read."""
    is_english, codes = english(), codes_of()

    def wrong(html):
        return sorted(
            text
            for text in _Words(html).found
            if text.lower() not in BOTH
            and (
                is_english(text)
                or text in codes
                or re.fullmatch(r"[a-z]+(?:[._][a-z]+)+|[0-9a-f]{32,}", text)
            )
        )

    return wrong


def test_the_test_of_words_finds_english_and_codes(unread):
    said = "<p>Please correct the error below.</p><td>task.overdue</td><a title='Delete'>Xóa</a>"
    assert unread(said) == ["Delete", "Please correct the error below.", "task.overdue"]
    assert unread("<p>Lò Thị An, Cán bộ OCOP</p>") == []


@pytest.mark.parametrize("label", labels())
def test_every_page_of_the_administration_speaks_vietnamese(client, ground, unread, label):
    """Its list, the same searched in vain, the form to add, sent empty, a row, its history."""
    model = apps.get_model(label)
    page = admin.site._registry[model]
    row = a_row(client, model, page)
    listed = address(model, "changelist")
    pages = [client.get(listed), client.get(listed, {"q": "không có ai"})]
    if page.has_add_permission(asked()):
        pages += [client.get(address(model, "add")), client.post(address(model, "add"), {})]
    if row is not None:
        where = address(model, "change", row.pk)
        pages += [client.get(where), client.get(address(model, "history", row.pk))]
        if page.has_change_permission(asked(), row):
            pages.append(client.post(where, {}))
        if page.has_delete_permission(asked(), row):
            pages.append(client.get(address(model, "delete", row.pk)))
    found = {}
    for answer in pages:
        if answer.status_code == 200:
            for text in unread(answer.content.decode()):
                found.setdefault(text, answer.request["PATH_INFO"])
    assert found == {}


def test_the_first_page_of_the_administration_speaks_vietnamese(client, ground, unread):
    for where in ("/admin/", "/admin/password_change/", "/admin/cycle/"):
        assert unread(client.get(where, follow=True).content.decode()) == [], where

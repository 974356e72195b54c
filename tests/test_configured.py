"""What configures writes an entry of its own: what changed, by whom, on what document.

The table: every door by which people, units, the calendar, the law, rubrics, templates, products and
producers change. The walk at the end finds a page of the administration that is in no row.
"""

import pytest
from django.contrib import admin
from django.core.management import call_command

from councils.models import DocumentTemplate
from cycle import clock, rubrics
from cycle.models import DayOff, HistoryEntry, OrgUnit, RuleSet, User
from cycle.written import day_text
from dossiers.models import Dossier, Producer, Product, Task
from dossiers.terms import recalculation
from tests.admin_pages import Page
from tests.owning import update_as_owner
from tests.rubric_files import of
from tests.stored import staged

pytestmark = pytest.mark.django_db

PASSWORD = "mật khẩu thử dài"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()


@pytest.fixture
def root(client):
    made = User.objects.create_superuser("quantri", full_name="Quản Trị")
    client.force_login(made)
    return made


def posted(client, path, values):
    """The page took it."""
    answer = client.post(path, values)
    assert answer.status_code == 302, answer.context["errors"]
    return answer


def person(user, **fields):
    shown = {
        "username": user.username, "full_name": user.full_name, "email": user.email,
        "phone": user.phone, "language": "vi", "is_active": "on",
        "role_assignments-TOTAL_FORMS": 0, "role_assignments-INITIAL_FORMS": 0,
    }  # fmt: skip
    return shown | fields


def file_it(dossier):
    """The dossier as it is once its producer has assessed it."""
    for rows in (Task.objects.filter(dossier=dossier), Dossier.objects.filter(pk=dossier.pk)):
        update_as_owner(rows, state="dossier_submitted")


# --- The doors ------------------------------------------------------------------------------


def a_day_off(w):
    rows = recalculation.checked(
        [{"day": "2026-12-24", "what": "off", "name": "Nghỉ bão", "document": "20/UBND"}]
    )
    recalculation.apply(rows, by=w.root)
    return {"document": "20/UBND", "after": "nghỉ: Nghỉ bão"}


def a_day_off_taken_back(w):
    DayOff.objects.create(day="2026-12-24", name="Nghỉ bão", document="20/UBND")
    rows = recalculation.checked(
        [{"day": "2026-12-24", "what": "none", "name": "", "document": "21/UBND"}]
    )
    recalculation.apply(rows, by=w.root)
    return {"document": "21/UBND", "before": "nghỉ: Nghỉ bão", "after": ""}


def a_template(w):
    came = staged(b"PK\x03\x04 mau")
    DocumentTemplate.keep("minutes", came.sha256, "mau.docx", by=w.root)
    return {"files": [came.sha256], "data": {"kind": "minutes", "file": "mau.docx"}}


def a_rubric(w):
    rubrics.load(w.cycle.rule_set, [of(w.cycle.rule_set.edition, 1)])
    return {"by": None, "document": w.cycle.rule_set.document}


def days_of_a_file(w):
    path = w.folder / "nghi.csv"
    path.write_text("day,worked,name,document\n24/12/2026,,Nghỉ bão,20/UBND\n", "utf-8")
    call_command("load_days_off", path)
    return {"by": None, "document": "20/UBND", "data": {"file": "nghi.csv", "rows": 1}}


def units_of_a_file(w):
    path = w.folder / "xa.csv"
    path.write_text(
        "code,name,level,parent_code\n91,Tỉnh Một,province,\n92,Xã Hai,commune,91\n", "utf-8"
    )
    update_as_owner(OrgUnit.objects.filter(level="province"), valid_to="2026-06-30")
    call_command("load_units", path, valid_from=clock.today())
    return {"by": None, "data": {"file": "xa.csv", "rows": 2}}


def a_unit_added(w):
    posted(
        w.client,
        "/admin/cycle/orgunit/add/",
        {
            "code": "90909", "name": "Xã Mới", "level": "commune", "parent": w.district.pk,
            "valid_from": "01/01/2026", "valid_to": "", "aliases": "", "document": "15/QĐ-UBND",
        },
    )  # fmt: skip
    return {"document": "15/QĐ-UBND", "stream_id": OrgUnit.objects.get(code="90909").pk}


def a_unit_renamed(w):
    unit = w.commune
    posted(
        w.client,
        f"/admin/cycle/orgunit/{unit.pk}/change/",
        {
            "code": unit.code, "name": "Xã Tên Mới", "level": unit.level,
            "parent": unit.parent_id, "valid_from": f"{unit.valid_from:%d/%m/%Y}", "valid_to": "",
            "aliases": "", "document": "15/QĐ-UBND",
        },
    )  # fmt: skip
    return {
        "document": "15/QĐ-UBND", "stream_id": unit.pk, "before": "Xã Nà Tấu", "after": "Xã Tên Mới",
    }  # fmt: skip


def an_account_added(w):
    posted(
        w.client,
        "/admin/cycle/user/add/",
        {"role_assignments-TOTAL_FORMS": 0, "role_assignments-INITIAL_FORMS": 0, "username": "moi", "full_name": "Người Mới", "usable_password": "true",
         "password1": PASSWORD, "password2": PASSWORD},
    )  # fmt: skip
    return {"stream_id": User.objects.get(username="moi").pk, "data": {"username": "moi"}}


def an_account_renamed(w):
    posted(w.client, f"/admin/cycle/user/{w.idle.pk}/change/", person(w.idle, full_name="Tên Mới"))
    return {"stream_id": w.idle.pk, "before": "Người Rảnh", "after": "Tên Mới"}


def a_producer_changed(w):
    made = w.dossier.product.producer
    posted(
        w.client,
        f"/admin/dossiers/producer/{made.pk}/change/",
        {
            "name": "Hợp tác xã Tên Mới", "owner_type": made.owner_type, "commune": made.commune_id,
            "representative": "", "phone": "", "address": "", "registration_number": "",
            "reason": "Theo giấy đăng ký",
        },
    )  # fmt: skip
    return {
        "reason": "Theo giấy đăng ký", "stream_id": made.pk,
        "before": "Hợp tác xã Mường Thanh", "after": "Hợp tác xã Tên Mới",
    }  # fmt: skip


def a_filed_producer_moved(w):
    made = w.dossier.product.producer
    file_it(w.dossier)
    posted(
        w.client,
        f"/admin/dossiers/producer/{made.pk}/change/",
        {"commune": w.other_commune.pk, "reason": "Dời trụ sở", "document": "16/QĐ-UBND"},
    )
    return {
        "reason": "Dời trụ sở", "document": "16/QĐ-UBND", "stream_id": made.pk,
        "before": w.commune.label, "after": w.other_commune.label,
    }  # fmt: skip


def a_product_changed(w):
    made = w.dossier.product
    posted(
        w.client,
        f"/admin/dossiers/product/{made.pk}/change/",
        {
            "name": "Mật ong mới", "producer": made.producer_id, "group": made.group, "code": "",
            "reason": "Theo nhãn",
        },
    )  # fmt: skip
    return {
        "reason": "Theo nhãn",
        "before": "Mật ong rừng Nà Tấu",
        "after": "Mật ong mới",
        "stream_id": made.pk,
    }


def a_product_of_another(w):
    made, other = w.dossier.product, w.dossier.product.producer
    other = Producer.objects.create(
        name="Hộ Lò Văn Hai", owner_type="household", commune=other.commune
    )
    posted(
        w.client,
        f"/admin/dossiers/product/{made.pk}/change/",
        {
            "name": made.name, "producer": other.pk, "group": "drink", "code": "",
            "reason": "Ghi nhầm chủ thể",
        },
    )  # fmt: skip
    return {
        "changed": [
            ("producer", "Hợp tác xã Mường Thanh", "Hộ Lò Văn Hai"),
            ("group", "Thực phẩm", "Đồ uống"),
        ]
    }


def a_year_of_another_edition(w):
    other = RuleSet.objects.get(pk=w.cycle.rule_set_id)
    other.pk, other.title, other.content_hash = None, "Quyết định 26 (bản đính chính)", "0" * 64
    other.save(force_insert=True)
    path = f"/admin/cycle/cycle/{w.cycle.pk}/change/"
    shown = Page(w.client.get(path).content.decode()).posted
    was, windows = w.cycle.rule_set, w.cycle.step_windows.count()
    posted(
        w.client,
        path,
        shown
        | {
            "rule_set": other.pk,
            "reason": "Theo tỉnh",
            "number": "17/QĐ-UBND",
            "signed_on": day_text(clock.today()),
            "body": "UBND tỉnh",
            "signer": "Trần Công Sơn",
            "signer_capacity": "Chủ tịch",
        },
    )
    assert w.cycle.duties.filter(rule_set=other).exists()
    assert w.cycle.step_windows.count() == windows
    return {
        "reason": "Theo tỉnh", "document": f"17/QĐ-UBND ({day_text(clock.today())})",
        "before": str(was), "after": str(other),
    }  # fmt: skip


def a_product_added(w):
    made = w.dossier.product
    posted(
        w.client,
        "/admin/dossiers/product/add/",
        {"name": "Mật ong khác", "producer": made.producer_id, "group": made.group, "code": ""},
    )
    return {"stream_id": Product.objects.get(name="Mật ong khác").pk}


def a_producer_added(w):
    made = w.dossier.product.producer
    posted(
        w.client,
        "/admin/dossiers/producer/add/",
        {
            "name": "Hộ Mới", "owner_type": made.owner_type, "commune": made.commune_id,
            "representative": "", "phone": "", "address": "", "registration_number": "",
        },
    )  # fmt: skip
    return {"stream_id": Producer.objects.get(name="Hộ Mới").pk}


#: Door -> (stream, event).
DOORS = {
    a_day_off: ("config", "calendar.change"),
    a_day_off_taken_back: ("config", "calendar.change"),
    days_of_a_file: ("config", "calendar.load"),
    a_template: ("config", "template.keep"),
    a_rubric: ("config", "rubric.load"),
    units_of_a_file: ("config", "unit.load"),
    a_unit_added: ("unit", "unit.add"),
    a_unit_renamed: ("unit", "unit.configure"),
    an_account_added: ("person", "person.enrol"),
    an_account_renamed: ("person", "person.change"),
    a_producer_added: ("producer", "producer.add"),
    a_producer_changed: ("producer", "producer.change"),
    a_filed_producer_moved: ("producer", "producer.change"),
    a_product_added: ("product", "product.add"),
    a_product_of_another: ("product", "product.change"),
    a_year_of_another_edition: ("cycle", "cycle.configure"),
    a_product_changed: ("product", "product.change"),
}


class World:
    """What the doors need."""


@pytest.fixture
def w(client, root, cycle, commune, other_commune, district, dossier, rule_sets, tmp_path):
    world = World()
    world.__dict__.update(
        client=client, root=root, cycle=cycle, commune=commune, district=district, dossier=dossier,
        other_commune=other_commune, rule_sets=rule_sets, folder=tmp_path, idle=User.objects.create_user("ranh", full_name="Người Rảnh"),
    )  # fmt: skip
    return world


@pytest.mark.parametrize("door", DOORS, ids=lambda each: each.__name__)
def test_what_configures_is_written_down(door, w):
    stream, event = DOORS[door]
    expected = door(w)
    entry = HistoryEntry.objects.get(event=event)
    by = expected.get("by", w.root)
    assert (entry.stream, entry.actor, entry.who) == (stream, by, str(by) if by else "")
    if "stream_id" in expected:
        assert entry.stream_id == expected["stream_id"]
    if "document" in expected:
        assert entry.data["document"] == expected["document"]
    if "reason" in expected:
        assert entry.reason == expected["reason"]
    assert entry.files == expected.get("files", [])
    assert expected.get("data", {}).items() <= entry.data.items()
    for name in {"before", "after"} & set(expected):
        assert expected[name] in [row[name] for row in entry.data["changed"]]
    for name, *values in expected.get("changed", []):
        assert [name, *values] in [
            [row["field"], row["before"], row["after"]] for row in entry.data["changed"]
        ]


#: Page of the administration -> what its ordinary page would ask a reason or document for, as it is
#: typed without one or wrongly, and the field at which that is said.
REFUSED = [
    ("cycle/cycle", {"title": "Tên khác"}, "number"),
    ("cycle/cycle", {"rule_set": "qd851_2018", "reason": "Nhầm", "number": "1/QĐ"}, "rule_set"),
    ("cycle/cycle", {"term_rules-0-title": "Khác"}, "term_rules"),
    ("dossiers/producer", {"address": "Bản Khác"}, "reason"),
    ("dossiers/producer", {"phone": "abc", "reason": "Nhầm"}, "phone"),
    ("dossiers/product", {"code": "12"}, "reason"),
    ("dossiers/product filed", {"code": "12", "reason": "Nhầm", "document": "1/QĐ"}, None),
    ("dossiers/producer filed", {"commune": "other"}, "reason"),
    ("dossiers/producer filed", {"commune": "other", "reason": "Dời"}, "document"),
    ("cycle/orgunit", {"valid_to": "01/12/2026"}, "document"),
]


@pytest.mark.slow(reason="the page of a year has a form for each of its terms")
def test_what_a_page_asks_a_reason_for_is_refused_without_one(w):
    rows = {
        "cycle/cycle": w.cycle, "dossiers/producer": w.dossier.product.producer,
        "dossiers/product": w.dossier.product, "cycle/orgunit": w.commune,
    }  # fmt: skip
    pages = {}
    # What was filed comes last.
    for what, typed, field in sorted(REFUSED, key=lambda each: each[0].endswith("filed")):
        page = what.removesuffix(" filed")
        if page != what:
            file_it(w.dossier)
        row = rows[page]
        path = f"/admin/{page}/{row.pk}/change/"
        if what not in pages:
            pages[what] = Page(w.client.get(path).content.decode()).posted
        if "rule_set" in typed:
            typed = typed | {"rule_set": w.rule_sets[typed["rule_set"]].pk}
        if "commune" in typed:
            typed = typed | {"commune": w.other_commune.pk}
        stood = type(row).objects.filter(pk=row.pk).values().get()
        said = HistoryEntry.objects.count()
        answer = w.client.post(path, pages[what] | typed)
        if field is None:
            assert answer.status_code == 403, what
        else:
            assert answer.status_code == 200, (what, typed)
            assert field in errors_in(answer), (what, typed)
        assert type(row).objects.filter(pk=row.pk).values().get() == stood
        assert HistoryEntry.objects.count() == said


def test_a_filed_producer_has_its_names_and_addresses_from_its_acts_alone(w):
    file_it(w.dossier)
    maker = w.dossier.product.producer
    shown = w.client.get(f"/admin/dossiers/producer/{maker.pk}/change/").context["adminform"]
    assert set(shown.form.fields) == {"commune", "reason", "document"}
    # A year is opened by its own page, on its plan.
    assert w.client.get("/admin/cycle/cycle/add/").status_code == 403


def errors_in(answer):
    """The fields at which a page says something, and the inlines that say something."""
    found = set(answer.context["adminform"].form.errors)
    for inline in answer.context["inline_admin_formsets"]:
        if inline.formset.non_form_errors():
            found.add(inline.formset.prefix)
    return found


def test_what_loads_nothing_new_writes_nothing(w):
    days_of_a_file(w)
    a_rubric(w)
    said = HistoryEntry.objects.count()
    call_command("load_days_off", w.folder / "nghi.csv")
    a_rubric(w)
    assert HistoryEntry.objects.count() == said


#: Pages of the administration that change rows -> what writes their entries.
CHANGED_BY_ADMIN = {
    "cycle.user": "person.*",
    "cycle.orgunit": "unit.add, unit.configure",
    "cycle.roleassignment": "role.*: tests/test_appointing.py",
    "cycle.cycle": "cycle.configure",
    "auth.group": "group.change: tests/test_account_rights.py",
    "dossiers.producer": "producer.*",
    "dossiers.product": "product.*",
}


def test_every_page_of_the_administration_that_changes_rows_has_a_row(rf, root):
    request = rf.get("/")
    request.user = root
    changing = {
        model._meta.label_lower
        for model, page in admin.site._registry.items()
        if page.has_add_permission(request) or page.has_change_permission(request)
    }
    assert changing == set(CHANGED_BY_ADMIN)

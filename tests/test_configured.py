"""What configures writes an entry of its own: what changed, by whom, on what document.

The table: every door by which people, units, the calendar, the law, rubrics, templates, products and
producers change. The walk at the end finds a page of the administration that is in no row.
"""

import pytest
from django.contrib import admin
from django.core.management import call_command

from councils.models import DocumentTemplate
from cycle import clock, rubrics
from cycle.models import DayOff, HistoryEntry, OrgUnit, User
from dossiers.models import Producer, Product
from dossiers.terms import recalculation
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
        },
    )  # fmt: skip
    return {"before": "Hợp tác xã Mường Thanh", "after": "Hợp tác xã Tên Mới", "stream_id": made.pk}


def a_product_changed(w):
    made = w.dossier.product
    posted(
        w.client,
        f"/admin/dossiers/product/{made.pk}/change/",
        {"name": "Mật ong mới", "producer": made.producer_id, "group": made.group, "code": ""},
    )
    return {"before": "Mật ong rừng Nà Tấu", "after": "Mật ong mới", "stream_id": made.pk}


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
    a_product_added: ("product", "product.add"),
    a_product_changed: ("product", "product.change"),
}


class World:
    """What the doors need."""


@pytest.fixture
def w(client, root, cycle, commune, district, dossier, tmp_path):
    world = World()
    world.__dict__.update(
        client=client, root=root, cycle=cycle, commune=commune, district=district, dossier=dossier,
        folder=tmp_path, idle=User.objects.create_user("ranh", full_name="Người Rảnh"),
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
    assert entry.files == expected.get("files", [])
    assert expected.get("data", {}).items() <= entry.data.items()
    for name in {"before", "after"} & set(expected):
        assert expected[name] in [row[name] for row in entry.data["changed"]]


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
    "cycle.cycle": "cycle.configure: tests/test_year.py",
    "auth.group": "group.change: tests/test_account_rights.py",
    "dossiers.producer": "producer.*",
    "dossiers.product": "product.*",
    # Corrected on ordinary pages, which write in the stream of the year.
    "dossiers.promotionevent": "",
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

"""The inbox: what each person finds, how it is narrowed, and the acts on its rows."""

from datetime import date, datetime, time, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from cycle import clock
from cycle.models import Role, RoleAssignment
from dossiers.lists.inbox import Filters, Inbox, Tab
from dossiers.models import Dossier, Producer, Product, ProductGroup, Task
from dossiers.walk import doors
from tests import records
from tests.moments import moment
from tests.owning import update_as_owner
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def products(page):
    return [row["product"] for row in page.rows()]


def inbox(user, **filters):
    return products(Inbox(user, Filters.of(filters)))


def counts(user):
    return {tab["name"]: tab["count"] for tab in Inbox(user, Filters()).tabs()}


@pytest.fixture
def three(cycle, commune, an):
    """Three dossiers opened on three Mondays; the clock stands at the last."""
    opened = []
    for name, day in [("Mật ong", 2), ("Nước mắm", 9), ("Gạo Séng Cù", 16)]:
        with clock.at(moment(2026, 11, day, 8)):
            opened.append(open_dossier(cycle, commune, an, name))
    with clock.at(moment(2026, 11, 16, 9)):
        yield opened


def bulk(client, act, *tasks, **more):
    return client.post(
        "/tasks/bulk/", {"act": act, "task": [task.pk for task in tasks], **more}, follow=True
    )


def said(response):
    return [str(message) for message in response.context["messages"]]


# --- What is in it --------------------------------------------------------------------------


def test_each_finds_their_own_and_nobody_elses(three, cast):
    assert {name for name, user in cast.items() if inbox(user)} == {"an"}


def test_the_soonest_due_is_on_top(three, an):
    assert inbox(an) == ["Mật ong", "Nước mắm", "Gạo Séng Cù"]
    assert inbox(an, sort="newest") == ["Gạo Séng Cù", "Nước mắm", "Mật ong"]


def test_a_row_says_what_who_where_and_until_when(client, three, an):
    client.force_login(an)

    page = client.get("/inbox/").content.decode()

    task = open_task(three[0])
    row = page.split("<tbody>")[1].split("</tr>")[0]
    assert "Mật ong" in row
    assert "Hợp tác xã Mường Thanh" in row
    assert "Xã Nà Tấu" in row
    assert f"/tasks/{task.pk}/" in row
    assert f"{task.due_on:%d/%m/%Y}" in row
    assert "ngày làm việc" in row or "hôm nay" in row
    assert "Nhận việc" in row


def test_the_tabs_count_what_they_hold(three, an):
    first, second, third = (open_task(dossier) for dossier in three)
    noon = timezone.make_aware(datetime.combine(first.due_on, time(12)))
    doors.claim(second, by=an)
    doors.wait(third, by=an, reason="Chờ giấy kiểm nghiệm")

    with clock.at(noon):
        assert inbox(an, tab="soon")[0] == "Mật ong"
        assert inbox(an, tab="mine") == ["Nước mắm"]
        assert inbox(an, tab="waiting") == ["Gạo Séng Cù"]
        assert inbox(an, tab="overdue") == []
    with clock.at(noon + timedelta(days=1)):
        assert inbox(an, tab="overdue") == ["Mật ong"]
        assert counts(an) == {
            "unit": "3",
            "mine": "1",
            "soon": str(len(inbox(an, tab="soon"))),
            "overdue": "1",
            "waiting": "1",
            "done": "0",
        }


def test_what_an_just_did_is_gone_and_stands_among_the_done(three, an, chi):
    dossier = three[0]
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())

    done = Inbox(an, Filters(tab="done")).rows()
    assert [(row["product"], str(row["done"])) for row in done] == [
        ("Mật ong", "Nộp phiếu đăng ký ý tưởng")
    ]
    # Her next task of the same dossier is another.
    assert [row["node"] for row in Inbox(an, Filters()).rows()].count("register_idea") == 2


def test_search_ignores_diacritics_and_every_word_must_match(three, an):
    assert inbox(an, q="nuoc mam") == ["Nước mắm"]
    assert inbox(an, q="MẮM muong thanh") == ["Nước mắm"]
    assert inbox(an, q="mam dau") == []
    assert inbox(an, q="100%_") == []
    assert inbox(an, q="\0mat") == ["Mật ong"]


def test_search_finds_the_code(three, an):
    update_as_owner(Product.objects.filter(name="Mật ong"), code="11-03316-01-2026")

    assert inbox(an, q="03316-01") == ["Mật ong"]


def test_filters_narrow(three, an, commune, other_commune):
    update_as_owner(Product.objects.filter(name="Mật ong"), group=ProductGroup.DRINK)
    doors.complete(open_task(three[1]), "register_idea", by=an, record=records.idea())

    assert inbox(an, group="drink") == ["Mật ong"]
    assert inbox(an, step="idea") == ["Nước mắm"]
    assert len(inbox(an, commune=str(commune.pk))) == 3
    assert inbox(an, commune=str(other_commune.pk)) == []


@pytest.mark.parametrize(
    "query",
    [
        "tab=x&step=y&group=z&sort=w&commune=abc",
        "commune=99999999999999999999&after=x",
        "after=2026-11-16T00:00:00_9",
        "after=2026-99-99T00:00:00Z_9",
        "after=0002-01-01T00:00:00-23:00_9",
        "after=0001-01-01T00:00:00%2B23:00_9",
        "after=_" + "9" * 40,
        "q=%00",
    ],
)
def test_nonsense_in_the_address_is_no_error(client, three, an, query):
    client.force_login(an)

    response = client.get(f"/inbox/?{query}")

    assert response.status_code == 200
    assert response.content.decode().count('class="go"') == 3


def test_the_filters_are_in_the_address_and_the_tabs_keep_them(client, three, an):
    client.force_login(an)

    page = client.get("/inbox/?q=mam&step=outreach").content.decode()

    assert 'value="mam"' in page
    assert '<option value="outreach" selected>' in page
    assert "?tab=overdue&amp;step=outreach&amp;q=mam" in page


def test_htmx_puts_the_short_address_into_the_bar(client, an):
    client.force_login(an)

    answer = client.get("/inbox/?q=mam&step=&sort=due", headers={"HX-Request": "true"})

    assert answer["HX-Push-Url"] == "/inbox/?q=mam"


@pytest.mark.parametrize("tab", ["unit", "mine", "soon", "overdue", "waiting", "done"])
def test_an_empty_tab_says_so(client, an, tab):
    client.force_login(an)

    assert 'class="empty"' in client.get(f"/inbox/?tab={tab}").content.decode()


def test_somebody_without_a_role_is_told(client, db):
    client.force_login(person("moi", "Người Mới"))

    assert "chưa được phân công" in client.get("/inbox/").content.decode()


# --- Pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["due", "newest"])
def test_pages_follow_each_other_without_a_gap(cycle, commune, an, sort):
    names = [f"Chè số {n:02}" for n in range(Inbox.PAGE * 2 + 3)]
    for name in names:
        open_dossier(cycle, commune, an, name)

    filters, seen = {"sort": sort}, []
    while True:
        page = Inbox(an, Filters.of(filters))
        seen += products(page)
        if not page.next():
            break
        filters = dict(pair.split("=") for pair in page.next().split("&"))
        filters["after"] = filters["after"].replace("%3A", ":").replace("%2B", "+")
    assert sorted(seen) == names
    assert len(seen) == len(names)


@pytest.mark.parametrize("rows", (1, 3))
def test_inbox_query_count(client, cycle, commune, an, rows, django_assert_num_queries):
    for n in range(rows):
        open_dossier(cycle, commune, an, f"Chè {n}")
    client.force_login(an)

    # Two of them: whether a split commune waits to be allotted, on which councils the person sits.
    with django_assert_num_queries(9):
        client.get("/inbox/")


@pytest.mark.parametrize("rows", (1, 3))
def test_dossier_list_query_count(client, cycle, commune, an, rows, django_assert_num_queries):
    for n in range(rows):
        open_dossier(cycle, commune, an, f"Chè {n}")
    client.force_login(an)

    with django_assert_num_queries(6):
        client.get("/dossiers/")


def test_counts_look_no_further_than_many(monkeypatch, three, an):
    monkeypatch.setattr("dossiers.lists.inbox.MANY", 2)

    assert counts(an)["unit"] == "2+"


# --- Acts -----------------------------------------------------------------------------------


def test_an_claims_and_releases_a_row(client, three, an):
    client.force_login(an)
    task = open_task(three[0])

    response = client.post("/tasks/bulk/", {"one": f"claim:{task.pk}"}, follow=True)

    assert said(response) == ["Bạn đã nhận 1 việc: Mật ong."]
    assert open_task(three[0]).owner == an
    client.post("/tasks/bulk/", {"one": f"release:{task.pk}"})
    assert open_task(three[0]).owner is None
    assert events(three[0]) == ["dossier.open", "task.claim", "task.release"]


def test_with_htmx_the_row_alone_comes_back(client, three, an):
    client.force_login(an)
    task = open_task(three[0])

    page = client.post(
        "/tasks/bulk/", {"one": f"claim:{task.pk}"}, headers={"HX-Request": "true"}
    ).content.decode()

    assert page.lstrip().startswith("<tr")
    assert page.count("<tr") == 1
    assert f'value="release:{task.pk}"' in page
    assert "Bạn đã nhận 1 việc" in page


def test_la_cannot_claim_what_is_not_hers_to_see(client, three, la):
    client.force_login(la)

    response = client.post("/tasks/bulk/", {"one": f"claim:{open_task(three[0]).pk}"})

    assert response.status_code == 404
    assert open_task(three[0]).owner is None


def test_chi_sees_but_does_not_hold_and_is_told(client, three, chi):
    client.force_login(chi)

    response = bulk(client, "claim", open_task(three[0]))

    assert said(response) == ["Mật ong: bạn không giữ vai trò được làm điều này."]
    assert open_task(three[0]).owner is None


def test_one_bad_row_does_not_stop_the_others(client, three, an, commune):
    other = person("nam", "Lò Văn Nam", (Role.OFFICER, commune))
    tasks = [open_task(dossier) for dossier in three]
    doors.claim(tasks[1], by=other)
    client.force_login(an)

    response = bulk(client, "claim", *tasks)

    assert said(response) == [
        "Nước mắm: Lò Văn Nam đã nhận việc này.",
        "Bạn đã nhận 2 việc: Mật ong; Gạo Séng Cù.",
    ]
    assert [open_task(dossier).owner for dossier in three] == [an, other, an]


def test_a_row_done_meanwhile_says_who_did_it(client, three, an, commune):
    task = open_task(three[0])
    doors.complete(task, "register_idea", by=an, record=records.idea())
    client.force_login(person("nam", "Lò Văn Nam", (Role.OFFICER, commune)))

    assert said(bulk(client, "claim", task)) == ["Mật ong: Lò Thị An đã xử lý việc này."]


def test_reassigning_asks_to_whom_and_why_then_does_it(client, three, an, commune):
    nam = person("nam", "Lò Văn Nam", (Role.OFFICER, commune))
    person("gone", "Đã Nghỉ", (Role.OFFICER, commune))
    update_as_owner(RoleAssignment.objects.filter(user__username="gone"), valid_to=date(2021, 1, 1))
    tasks = [open_task(dossier) for dossier in three[:2]]
    client.force_login(an)

    asked = bulk(client, "reassign", *tasks, back="tab=soon").content.decode()
    assert "Lò Văn Nam (Cán bộ OCOP, Xã Nà Tấu)" in asked
    assert "Đã Nghỉ" not in asked
    assert "Chưa gửi được" not in asked

    missing = bulk(client, "reassign", *tasks, to=nam.pk, reason=" ").content.decode()
    assert "Bạn chưa nêu lý do giao lại." in missing
    assert f'<option value="{nam.pk}" selected>' in missing

    response = bulk(client, "reassign", *tasks, to=nam.pk, reason="An đi tập huấn", back="tab=soon")
    assert said(response) == ["Đã giao 2 việc cho Lò Văn Nam: Mật ong; Nước mắm."]
    assert response.redirect_chain[-1][0] == "/inbox/?tab=soon"
    assert [open_task(dossier).owner for dossier in three] == [nam, nam, None]
    assert three[0].history.last().reason == "An đi tập huấn"


def test_a_stranger_is_no_candidate(client, three, an, la):
    client.force_login(an)

    page = bulk(client, "reassign", open_task(three[0]), to=la.pk, reason="x").content.decode()

    assert "Bạn chưa chọn người nhận việc." in page
    assert open_task(three[0]).owner is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"act": "claim"}, 302),
        ({"act": "delete", "task": "1"}, 404),
        ({"act": "claim", "task": ["x", "²", "9" * 30]}, 302),
        ({"act": "claim", "task": "999999999"}, 404),
        ({"one": "claim:abc"}, 302),
        # Of a list of several pages nobody can tick all: the page of all is next.
        ({"act": "many"}, "/many/"),
        ({}, 302),
    ],
)
def test_nonsense_acts_get_a_plain_answer(client, three, an, data, status):
    client.force_login(an)

    answer = client.post("/tasks/bulk/", data)
    assert status in (answer.status_code, answer.headers.get("Location"))


# --- The list of all dossiers ---------------------------------------------------------------


def listed(client, query=""):
    page = client.get(f"/dossiers/?{query}").context["page"]
    return [row["product_name"] for row in page.rows()]


def test_each_lists_what_they_may_see(client, three, cast):
    seeing = set()
    for name, user in cast.items():
        client.force_login(user)
        if listed(client):
            seeing.add(name)

    assert seeing == {
        name for name, user in cast.items() if Dossier.objects.visible_to(user).exists()
    }
    assert "la" not in seeing
    assert "kiem" in seeing


def test_the_list_narrows(client, three, cycle, minh, commune, other_commune):
    update_as_owner(Product.objects.filter(name="Mật ong"), group=ProductGroup.DRINK)
    client.force_login(minh)

    assert listed(client) == ["Gạo Séng Cù", "Nước mắm", "Mật ong"]
    assert listed(client, "q=gao+seng") == ["Gạo Séng Cù"]
    assert listed(client, "group=drink") == ["Mật ong"]
    assert listed(client, f"commune={other_commune.pk}") == []
    assert listed(client, f"cycle={cycle.pk}&step=outreach&state=potential&q=mam") == ["Nước mắm"]
    assert listed(client, "step=plan") == []


def test_the_list_says_where_each_waits_for_whom_until_when(client, three, minh):
    client.force_login(minh)

    page = client.get("/dossiers/").content.decode()

    assert "Sản phẩm tiềm năng" in page
    assert "Bước 1: Tuyên truyền, hướng dẫn" in page
    assert f"{open_task(three[0]).due_on:%d/%m/%Y}" in page


def test_the_list_goes_on_page_by_page(client, cycle, commune, an):
    producer = Producer.objects.create(name="HTX", owner_type="cooperative", commune=commune)
    for n in range(Inbox.PAGE + 2):
        product = Product.objects.create(producer=producer, name=f"Chè {n:02}", group="food")
        doors.open(Dossier(cycle=cycle, product=product, commune=commune), by=an)
    client.force_login(an)

    page = client.get("/dossiers/").context["page"]
    assert len(page.rows()) == Inbox.PAGE
    assert listed(client, page.next()) == ["Chè 01", "Chè 00"]


def test_deep_in_the_list_there_is_a_way_to_the_top(client, three, an):
    client.force_login(an)

    page = client.get("/dossiers/?after=1").content.decode()

    assert Task.objects.open().count() == 3
    assert "Chưa có hồ sơ" in page


def test_the_clerk_finds_what_waits_for_a_signed_paper(client, province, dossier, an, son, minh):
    from tests.world import person

    clerk = person("vanthu", "Bùi Thị Văn", ("clerk", province))
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Đã có sản phẩm")
    client.force_login(clerk)
    assert "Chờ văn bản ký" not in client.get("/inbox/").content.decode()

    update_as_owner(Task.objects.filter(open_state__isnull=False), org_unit=province, role="leader")

    assert list(Task.objects.to_type(clerk)) == [open_task(dossier)]
    assert list(Task.objects.to_type(minh)) == [open_task(dossier)]
    assert not Task.objects.to_type(son).exists()
    assert not Task.objects.to_type(an).exists()
    page = client.get("/inbox/?tab=paper").content.decode()
    assert f'href="/tasks/{open_task(dossier).pk}/"' in page
    assert "claim:" not in page


def test_what_is_signed_lies_first_for_the_clerk_also_over_pages(
    client, cycle, commune, province, an, monkeypatch, django_assert_num_queries
):
    from tests.world import person

    clerk = person("vanthu", "Bùi Thị Văn", ("clerk", province))
    for n in range(4):
        open_dossier(cycle, commune, an, f"Trà số {n}")
    tasks = Task.objects.filter(open_state__isnull=False)
    update_as_owner(tasks, org_unit=province, role="leader")
    order = list(tasks.order_by("due_at", "pk").values_list("pk", flat=True))
    assert len(order) >= 4
    signed = order[2:4]
    client.force_login(clerk)
    empty = client.get("/inbox/").content.decode()
    assert "không có việc nào khác phải làm" in empty
    tasks.filter(pk__in=signed).update(signed_at=clock.now())

    empty = client.get("/inbox/").content.decode()
    assert f"Mở ngăn «Chờ văn bản ký» ({len(order)})" in empty and "2 việc đã ký" in empty
    page = client.get("/inbox/?tab=paper").content.decode()
    assert page.count("đã ký, chờ vào số") == 2

    monkeypatch.setattr(Inbox, "PAGE", 1)
    found, query = [], "tab=paper"
    while query:
        listed = Inbox(clerk, Filters.of(QueryDict(query)))
        assert listed.facts
        with django_assert_num_queries(2):
            found += [row["pk"] for row in listed.rows()]
        query = listed.next()
    assert found == signed + [pk for pk in order if pk not in signed]


@pytest.mark.parametrize("role", [*Role.values, None])
def test_no_count_is_none_whatever_posts_a_person_has(client, province, dossier, role):
    from tests.world import person

    someone = person("ai_do", "Ai Đó", *([(role, province)] if role else []))
    client.force_login(someone)
    for tab in Tab.values:
        page = client.get(f"/inbox/?tab={tab}").content.decode()
        assert ">None<" not in page


def test_an_officer_of_many_units_finds_all_of_them(province, dossier, commune, an):
    """Above MANY_POSTS the posts are joined instead of named; what is found is the same."""
    from datetime import date

    from cycle.models import Level, OrgUnit
    from cycle.models.organisation import MANY_POSTS

    units = [
        OrgUnit.objects.create(
            code=f"9{n:04}",
            name=f"Xã {n}",
            level=Level.COMMUNE,
            parent=province,
            valid_from=date(2025, 7, 1),
        )
        for n in range(MANY_POSTS)
    ]
    posts = [("officer", unit) for unit in (*units, commune)]
    many = person("nhieu", "Tao Văn Nhiều", *posts)
    few = person("it", "Lù Thị Ít", *posts[-1:])

    assert list(Task.objects.inbox(many)) == list(Task.objects.inbox(few)) == [open_task(dossier)]


def test_an_empty_inbox_offers_to_open_a_dossier_to_who_may(client, an, son, cycle):
    for user, may in ((an, True), (son, False)):
        client.force_login(user)
        said = client.get("/inbox/").content.decode()
        assert 'class="empty"' in said
        assert ('href="/dossiers/new/"' in said) is may

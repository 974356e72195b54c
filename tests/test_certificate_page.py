"""What anybody may know of a certificate, by its code or its number, and no more than that."""

import re
from datetime import date, timedelta

import pytest
import segno
from django.db.models import F
from django.test import Client
from django.urls import reverse

from councils.papers import facts
from cycle import clock, documents
from cycle.jobs import forget_visitors
from cycle.models import HistoryEntry, RuleSet, Visitor
from cycle.papers import pdf
from dossiers.models import Certificate, Dossier, State
from dossiers.views import certificate as page_of_certificate
from dossiers.walk import doors, papers
from tests import records
from tests.ground import kept
from tests.owning import update_as_owner
from tests.public_pages import keep, main, see
from tests.revoking import at, certify, inspect, revoke
from tests.standing import stand
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db

LOOK_UP = "/certificates/"
VALID_UNTIL = "01/10/2029"


@pytest.fixture
@kept
def given(cycle, commune, an, son):
    """The certificate of Nà Tấu's honey: four stars, 12/GCN, until 1/10/2029."""
    return certify(cycle, commune, an, son).certificates.get()


# --- By the code ----------------------------------------------------------------------------


def test_anybody_sees_product_producer_stars_and_until_when_and_nothing_else(given):
    response = see(given.get_absolute_url())
    assert response.status_code == 200
    assert main(response) == (
        "Giấy chứng nhận sản phẩm OCOP Đang có giá trị Mật ong rừng Nà Tấu "
        "Chủ thể Hợp tác xã Mường Thanh Xã, phường Xã Nà Tấu Nhóm sản phẩm Thực phẩm Hạng sao 4 sao "
        f"Có giá trị đến {VALID_UNTIL} "
        "Quyết định công nhận số 89/QĐ-UBND ngày 01/10/2026 Mọi sản phẩm theo quyết định này "
        "Tra cứu theo số giấy chứng nhận"
    )


@pytest.mark.parametrize(
    ("month", "day", "words"), [(10, 1, "Đang có giá trị"), (10, 2, "Đã hết hạn")]
)
def test_its_last_day_still_counts(given, month, day, words):
    with clock.at(at(month, day, year=2029)):
        assert words in main(see(given.get_absolute_url()))


def test_a_revoked_one_says_so_with_the_day_even_when_it_has_expired(given, minh):
    with clock.at(at(11, 10)):
        revoke(given.dossier, minh)
    assert "Đã thu hồi ngày 10/11/2026" in main(see(given.get_absolute_url()))
    with clock.at(at(1, 1, year=2030)):
        words = main(see(given.get_absolute_url()))
    assert "Đã thu hồi ngày 10/11/2026" in words
    assert "hết hạn" not in words


def test_an_inspection_is_not_the_public_s_to_read(given, minh):
    with clock.at(at(11, 2)):
        inspect(given.dossier, minh, "revoke")
    assert "Đang có giá trị" in main(see(given.get_absolute_url()))


def test_without_a_term_in_the_decision_none_is_shown(dossier_of_three, an):
    stand(dossier_of_three, State.CERTIFIED, stars=3)
    kept = keep(dossier_of_three, number="1/GCN", stars=3)
    words = main(see(kept.get_absolute_url()))
    assert "Có giá trị đến Quyết định không ghi thời hạn" in words


def test_an_unknown_code_gets_a_plain_sentence(given):
    response = see(f"/c/{given.token[:-1]}/")
    assert response.status_code == 404
    assert "Mã này không ứng với giấy chứng nhận nào." in main(response)
    assert "Mật ong" not in response.content.decode()
    assert see("/c/no%00thing/").status_code == 404


def test_what_no_decision_gave_is_not_shown(dossier, minh):
    """The centre's certificate may be typed before the centre's result is the dossier's."""
    stand(dossier, State.AT_CENTRE, stars=5)
    kept = keep(dossier, number="5/GCN", stars=5)
    assert see(kept.get_absolute_url()).status_code == 404
    assert "Không tìm thấy" in main(see(LOOK_UP, number="5/GCN"))
    assert see(reverse("dossiers:certificate_qr", args=[kept.token])).status_code == 404


def test_of_two_the_last_one_holds(given):
    kept = keep(given.dossier, number="13/GCN", stars=4)
    assert see(given.get_absolute_url()).status_code == 404
    assert see(kept.get_absolute_url()).status_code == 200


def test_a_code_cannot_be_guessed(given):
    tokens = {records.certificate().token for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {32}
    assert Certificate._meta.get_field("token").unique


# --- By the number --------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["12/GCN", "12/gcn", "  12/GCN ", "12 / GCN", "12\u00a0/GCN"])
def test_the_number_is_found_however_it_is_typed(given, number):
    words = main(see(LOOK_UP, number=number))
    assert "Mật ong rừng Nà Tấu" in words
    assert f"Có giá trị đến {VALID_UNTIL}" in words


def test_marks_make_no_difference(dossier):
    stand(dossier, State.CERTIFIED)
    keep(dossier, number="7/QĐ-ĐB ", stars=4)
    assert "Mật ong" in main(see(LOOK_UP, number="7/qd-db"))


@pytest.mark.parametrize(
    "number", ["12", "2/GCN", "12/GC", "%", "12/GCN%", "'; --", "12\x00", "\x0012/GC"]
)
def test_a_part_of_a_number_finds_nothing(given, number):
    response = see(LOOK_UP, number=number)
    assert response.status_code == 200
    assert "Không tìm thấy giấy chứng nhận số" in main(response)
    assert "Mật ong" not in response.content.decode()


def test_a_nul_is_no_part_of_a_number(given):
    assert "Mật ong" in main(see(LOOK_UP, number="12/GCN\x00"))
    assert "Bạn chưa nhập số giấy chứng nhận." in main(see(LOOK_UP, number="\x00"))


def test_one_without_a_number_is_not_found_by_none(dossier):
    stand(dossier, State.CERTIFIED)
    keep(dossier, number="", stars=4)
    for number in ("", "   "):
        words = main(see(LOOK_UP, number=number))
        assert "Bạn chưa nhập số giấy chứng nhận." in words
        assert "Mật ong" not in words


def test_the_page_before_asking_asks_only_who_asks(django_assert_num_queries):
    with django_assert_num_queries(1):
        words = main(see(LOOK_UP))
    assert words.startswith("Tra cứu giấy chứng nhận Số giấy chứng nhận Ghi đúng như trên giấy")
    assert "Không tìm thấy" not in words


def test_a_number_that_is_too_long_is_told_at_its_field():
    response = see(LOOK_UP, number="9" * 61)
    assert "Số giấy chứng nhận dài nhất 60 ký tự." in main(response)
    assert 'aria-invalid="true"' in response.content.decode()


def test_what_is_typed_is_shown_as_text():
    assert "<b>" not in see(LOOK_UP, number="<b>1</b>").content.decode()


@pytest.mark.parametrize("rows", (1, 3))
def test_look_up_query_count(cycle, commune, an, rows, django_assert_num_queries):
    for n in range(rows):
        dossier = stand(open_dossier(cycle, commune, an, name=f"Chè {n}"), State.CERTIFIED)
        # Numbers begin anew each year.
        keep(dossier, number="12/GCN", stars=4, issued_on=date(2026 - n, 3, 1))
    with django_assert_num_queries(3):
        response = see(LOOK_UP, number="12/GCN")
    assert response.content.decode().count("<article") == rows


def test_page_query_count(given, django_assert_num_queries):
    with django_assert_num_queries(3):
        see(given.get_absolute_url())


# --- For everybody, but not too often -------------------------------------------------------


def test_in_english_by_the_switch(given):
    client = Client()
    client.post("/language/", {"language": "en", "next": given.get_absolute_url()})
    response = client.get(given.get_absolute_url())
    assert '<html lang="en">' in response.content.decode()
    assert "Mật ong rừng Nà Tấu" in main(response)


def test_no_search_engine_lists_it_and_no_cache_keeps_it(given):
    code = reverse("dossiers:certificate_qr", args=[given.token])
    for address in (given.get_absolute_url(), "/c/unknown/", LOOK_UP, code):
        headers = see(address).headers
        if address != "/c/unknown/":
            assert "no-store" in headers["Cache-Control"]
        assert headers["X-Robots-Tag"] == "noindex, nofollow"


def test_it_is_light(given):
    """No Bootstrap and no script: a phone in the market loads two style sheets of ours."""
    text = see(given.get_absolute_url()).content.decode()
    assert len(text.encode()) < 5_000
    assert re.findall(r'<(?:script|link rel="stylesheet")[^>]*?/([\w.]+css|[\w.]+js)', text) == [
        "ocop.css",
        "certificate.css",
    ]


def test_nothing_can_be_posted(given):
    for address in (given.get_absolute_url(), LOOK_UP):
        assert Client().post(address).status_code == 405


def test_one_address_may_not_ask_without_end(given, monkeypatch):
    monkeypatch.setattr(page_of_certificate, "LIMIT", 3)
    answers = [see(given.get_absolute_url()).status_code for _ in range(3)]
    assert answers == [200] * 3
    for address in (given.get_absolute_url(), LOOK_UP):
        response = see(address)
        assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "Hãy đợi một phút rồi thử lại." in main(response)
        assert "Mật ong" not in response.content.decode()
    # Another address is not kept waiting, nor is this one when its minute is over.
    assert Client(REMOTE_ADDR="10.0.0.7").get(LOOK_UP).status_code == 200
    Visitor.objects.update(since=F("since") - timedelta(seconds=61))
    assert see(LOOK_UP).status_code == 200


def test_an_address_is_counted_and_not_kept(given):
    see(LOOK_UP)
    (visitor,) = Visitor.objects.all()
    assert "127.0.0.1" not in visitor.mark
    forget_visitors()
    assert Visitor.objects.exists()
    with clock.at(clock.now() + timedelta(seconds=61)):
        forget_visitors()
    assert not Visitor.objects.exists()


def test_behind_the_proxy_it_is_the_visitor_who_is_counted(settings, monkeypatch):
    monkeypatch.setattr(page_of_certificate, "LIMIT", 1)

    def ask(forwarded):
        return Client().get(LOOK_UP, headers={"X-Forwarded-For": forwarded}).status_code

    # Without a proxy the header is anybody's claim.
    assert [ask("203.0.113.1"), ask("203.0.113.2")] == [200, 429]
    settings.PROXIES = 1
    # The proxy writes last; what stands before is the visitor's own word.
    assert [ask("1.1.1.1, 203.0.113.1"), ask("2.2.2.2, 203.0.113.1")] == [200, 429]
    assert ask("1.1.1.1, 203.0.113.2") == 200


# --- The code -------------------------------------------------------------------------------


def test_the_code_is_an_image_that_leads_to_the_page(cycle, commune, an, settings):
    settings.SITE_URL = "https://ocop.example.vn/"
    tea = open_dossier(cycle, commune, an, name="Chè «Shan» <Tủa Chùa> & mật")
    given = keep(stand(tea, State.CERTIFIED), stars=4)
    response = see(reverse("dossiers:certificate_qr", args=[given.token]))
    assert response.headers["Content-Type"] == "image/svg+xml"
    text = response.content.decode()
    code = segno.make(f"https://ocop.example.vn/c/{given.token}/", error="m")
    assert code.svg_inline(scale=8, light="#fff", title="x").partition("</title>")[2] in text
    assert "<script" not in text
    assert "style=" not in text
    assert "&lt;Tủa Chùa&gt; &amp; mật" in text


def test_officers_see_the_code_on_the_dossier_and_others_do_not(given, minh, la, dossier):
    client = Client()
    client.force_login(minh)
    text = client.get(reverse("dossiers:dossier", args=[given.dossier_id])).content.decode()
    assert f'src="/c/{given.token}/qr.svg"' in text
    assert "In mã QR" in text
    # The token is not among what was recorded: it is shown once, as the code.
    assert text.count(given.token) == 4
    assert (
        "In mã QR"
        not in client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    )
    client.force_login(la)
    assert client.get(reverse("dossiers:dossier", args=[given.dossier_id])).status_code == 404


def test_the_dossier_says_that_it_was_revoked(given, minh):
    with clock.at(at(11, 10)):
        revoke(given.dossier, minh)
    client = Client()
    client.force_login(minh)
    text = client.get(reverse("dossiers:dossier", args=[given.dossier_id])).content.decode()
    assert "Đã thu hồi ngày 10/11/2026" in text


# --- Printed, one click from wherever it stands ---------------------------------------------------


def test_one_that_no_round_gave_is_printed_from_every_page_of_its_product(
    given, an, chi, minh, la, binh, settings, monkeypatch
):
    settings.SITE_URL = "https://ocop.example.vn/"
    links = []
    monkeypatch.setattr(
        facts, "certificate_of", lambda _given, link: links.append(link) or {"link": link}
    )
    monkeypatch.setattr(pdf, "pdf", lambda *_said: b"%PDF")
    path = reverse("councils:dossier_certificate", args=[given.dossier_id, "pdf"])
    pages = [
        reverse("dossiers:dossier", args=[given.dossier_id]),
        reverse("dossiers:dossier_list"),
    ]
    for user in (an, chi, minh):
        client = Client()
        client.force_login(user)
        # Whatever host a browser names, the code leads to the one that is set.
        assert client.get(path, headers={"host": "localhost"}).status_code == 200
        for page in pages:
            assert f'href="{path}"' in client.get(page).text, page
    with clock.at(at(6, 1, year=2029)):
        assert f'href="{path}"' in client.get(reverse("dossiers:ending")).text
    assert set(links) == {f"https://ocop.example.vn{given.get_absolute_url()}"}
    for user in (la, binh, None):
        client = Client()
        if user is not None:
            client.force_login(user)
        assert client.get(path).status_code == (302 if user is None else 404)
    # What no decision gave, or not yet, is not there to be printed, nor what was taken back.
    client.force_login(an)
    for state in (State.REVOKED, State.AWAITING_DECISION):
        stand(given.dossier, state)
        assert client.get(path).status_code == 404
        for page in pages:
            assert f'href="{path}"' not in client.get(page).text, (state, page)


# --- What a decision recognised -------------------------------------------------------------------


def certified_together(cycle, commune, an, son, number):
    """So many products, certified on one decision 89/QĐ-UBND of 1/10/2026."""
    dossiers = []
    for count in range(number):
        with clock.at(at(9, 1)):
            dossier = open_dossier(cycle, commune, an, name=f"Chè Tủa Chùa {count}")
            dossiers.append(stand(dossier, State.AWAITING_DECISION))
    with clock.at(at(10, 1)):
        for dossier in dossiers:
            doors.complete(
                open_task(dossier), "certify", by=son, record=records.certificate(),
                paper=records.signed_paper(number="89/QĐ-UBND"),
            )  # fmt: skip
    return [Certificate.objects.get(dossier=dossier) for dossier in dossiers]


def listed(given):
    return reverse("dossiers:decision", args=[given.token])


@pytest.mark.parametrize("rows", (1, 3))
def test_decision_query_count(cycle, commune, an, son, rows, django_assert_num_queries):
    given = certified_together(cycle, commune, an, son, rows)
    with django_assert_num_queries(5):
        response = see(listed(given[0]))
    assert response.content.decode().count("<li>") == rows
    assert set(response.headers["Cache-Control"].split(", ")) == {"max-age=300", "public"}
    # Nothing of its visitor stands in what a cache keeps.
    assert "csrf" not in response.text and not response.cookies
    assert {main(see(listed(each))) for each in given} == {main(response)}


def test_anybody_reads_what_a_decision_recognised(cycle, commune, an, minh, son, client):
    first, second = certified_together(cycle, commune, an, son, 2)
    assert main(see(listed(second))) == (
        "Sản phẩm OCOP được công nhận Quyết định 89/QĐ-UBND, 01/10/2026, Tỉnh Điện Biên "
        "Ngày công bố chưa ghi Số sản phẩm 2 "
        "Chè Tủa Chùa 0 , 4 sao Hợp tác xã Mường Thanh, Xã Nà Tấu "
        "Chè Tủa Chùa 1 , 4 sao Hợp tác xã Mường Thanh, Xã Nà Tấu "
        "Tra cứu theo số giấy chứng nhận"
    )
    assert listed(first) in see(first.get_absolute_url()).text
    # The day is recorded by the office of the province, on the page of each of its products.
    path = reverse("dossiers:announce", args=[first.dossier_id])
    with clock.at(at(10, 8)):
        for user, status in ((an, 403), (minh, 200)):
            client.force_login(user)
            asked = client.get(path)
            assert asked.status_code == status
            page = client.get(reverse("dossiers:dossier", args=[first.dossier_id])).text
            assert (path in page) == (status == 200)
        assert "Điều 7 khoản 3 điểm e" in asked.text
        for typed, sentence in (
            ("", "Bạn chưa nhập"),
            ("30/09/2026", "không thể công bố trước ngày đó"),
            ("09/10/2026", "không thể ở tương lai"),
            ("x", "ngày/tháng/năm"),
        ):
            page = client.post(path, {"on": typed})
            assert sentence in page.context["form"].errors["on"][0]
        assert documents.announced_on(first.decision.document) is None
        assert client.post(path, {"on": "05/10/2026"}).status_code == 302
        assert client.post(path, {"on": "05/10/2026"}).status_code in (200, 302)
        assert HistoryEntry.objects.filter(event="document.announce").count() == 1
        assert "Ngày công bố 05/10/2026" in main(see(listed(second)))
        # What is corrected of the decision is followed, and its announcement stays.
        papers.correct(first.decision, by=minh, reason="Gõ nhầm số", number="98/QĐ-UBND")
        words = main(see(listed(second)))
        assert "Quyết định 98/QĐ-UBND" in words and "trước ghi 89/QĐ-UBND (01/10/2026)" in words
        assert "Ngày công bố 05/10/2026" in words
    with clock.at(at(11, 10)):
        revoke(first.dossier, minh)
        words = main(see(listed(second)))
    assert "Đã thu hồi ngày 10/11/2026" in words and words.count("thu hồi") == 1
    # That article is no older than its edition.
    older = RuleSet.objects.get(edition="qd1048_2019")
    update_as_owner(Dossier.objects.filter(pk=first.dossier_id), rule_set=older)
    with clock.at(at(11, 10)):
        assert "Điều 7 khoản 3" not in client.get(path).text
    assert see("/c/unknown/decision/").status_code == 404

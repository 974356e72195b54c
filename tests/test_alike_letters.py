"""Letters that look alike are one; lists stand in the order of a Vietnamese dictionary."""

import random
import unicodedata

import pytest
from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

from cycle import letters, written
from cycle.models import OrgUnit
from dossiers.models import Dossier, Producer, Product
from dossiers.models.product import maker_key
from tests.decision_papers import decision_of
from tests.world import open_dossier

#: Every assigned character below the Chinese ones and from their compatible forms on.
ASSIGNED = [
    chr(code)
    for code in (*range(1, 0x3400), *range(0xF900, 0x10000))
    if unicodedata.category(chr(code)) not in ("Cn", "Cs")
]
#: What people here write, and what slips in between.
WRITTEN = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂĐÊÔƠƯẲẰẳếỆộỮựỹÐðɖƉ0019 -–—‐‑−./,;:()&'\"“”«»%_\\\t\n"
    "\u00a0\u00ad\u200b\u200d\ufeff\u2009\u3000\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
)
TWINS = {
    letters.fold: letters.Fold,
    letters.fold_number: letters.FoldNumber,
    letters.search_words: letters.SearchWords,
    letters.search_joined: letters.SearchJoined,
    letters.sort_key: letters.key_of,
}


def in_database(twin, texts):
    """What the expression ``twin`` makes of each text, with the database in the locale C."""
    written = RawSQL('t.written COLLATE "C"', (), output_field=models.TextField())
    query = Query(OrgUnit)
    made = twin(written).resolve_expression(query)
    sql, params = made.as_sql(query.get_compiler("default"), connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sql} FROM unnest(%s::text[]) WITH ORDINALITY AS t(written, n) ORDER BY n",
            [*params, texts],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
@pytest.mark.parametrize("function", TWINS, ids=lambda each: each.__name__)
def test_the_database_says_what_python_says(function):
    some = random.Random(9)  # noqa: S311
    texts = [f"a{each}Ẳ {each}" for each in ASSIGNED] + [
        "".join(some.choices(WRITTEN, k=some.randrange(1, 30))) for _n in range(3000)
    ]
    made = in_database(TWINS[function], texts)
    assert len(made) == len(texts)
    assert [
        (text, said, told)
        for text, said, told in zip(texts, map(function, texts), made, strict=True)
        if said != told
    ] == []


ALIKE = {
    "NFC and NFD": ("Cà phê Mường Ảng", unicodedata.normalize("NFD", "Cà phê Mường Ảng")),
    "eth for Đ": ("Ðường phên", "Đường phên"),
    "small eth": ("ðường phên", "đường phên"),
    "African D": ("Ɖường phên", "Đường phên"),
    "zero-width space": ("Chè Shan\u200btuyết", "Chè Shantuyết"),
    "joiner, byte order mark": ("\ufeffChè\u200d Shan", "Chè Shan"),
    "soft hyphen": ("Chè Shan tuy\u00adết", "Chè Shan tuyết"),
    "NBSP and thin space": ("Chè\u00a0Shan\u2009tuyết", "Chè Shan tuyết"),
    "two blanks, a tab, a line": ("Chè  Shan\ttuyết\n", "Chè Shan tuyết"),
    "dashes": ("A–B—C‑D‐E−F", "A-B-C-D-E-F"),
    "quotation marks": ("HTX “Tâm Đức”", 'HTX "Tâm Đức"'),
    "capitals": ("MƯỜNG ẢNG ĐẶNG ÆØ", "mường ảng đặng æø"),
    "full width": ("ＯＣＯＰ", "OCOP"),
    "Cyrillic letters": ("НТХ Тhanh", "HTX Thanh"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_what_looks_alike_is_compared_as_the_same(case):
    one, other = ALIKE[case]
    assert letters.fold(one) == letters.fold(other)


@pytest.mark.parametrize(
    "written",
    [
        "77/GCN–UBND", "77/GCN‑UBND", "77/GCN—UBND", "77/GCN-UBND.", "77/GCN-UBND;",
        "77/GCN-UBND\u200b", "77/GCN\u00ad-UBND", "77 / GCN\u00a0- UBND", "077/gcn-ubnd",
        "77/GCN−UBND ", "\ufeff77/GCN-UBND", unicodedata.normalize("NFD", "77/GCN-UBND"),
    ],
)  # fmt: skip
def test_a_number_is_one_however_it_is_written(written):
    assert letters.fold_number(written) == "77/gcn-ubnd"


def test_numbers_that_differ_are_not_one():
    assert letters.fold_number("1-2/GCN") != letters.fold_number("12/GCN")
    assert letters.fold_number("100/GCN") != letters.fold_number("1/GCN")


DICTIONARY = [
    "", "1", "10", "An", "Anh", "Ăn", "Ẳng Cang", "Ẳng Nưa", "Ân", "Bản", "Búng Lao", "Ca", "Cà",
    "Cả", "Cã", "Cá", "Cạ", "Cao", "Dào San", "Du", "Đảo", "Điện Biên", "Đu", "Em", "Ê Đê", "Na Sang",
    "Nà Tấu", "Oanh", "Ô", "Ơ", "Phình", "Thanh", "Thành", "Thanh An", "U", "Ư", "Xa Dung", "Xá Nhè",
]  # fmt: skip


def test_names_stand_as_in_a_vietnamese_dictionary():
    shuffled = random.Random(3).sample(DICTIONARY, len(DICTIONARY))  # noqa: S311
    assert sorted(shuffled, key=letters.sort_key) == DICTIONARY
    upper = [each.upper() for each in shuffled]
    assert sorted(upper, key=letters.sort_key) == [each.upper() for each in DICTIONARY]


# --- Searched -------------------------------------------------------------------------------------


@pytest.fixture
def coffee(cycle, commune, an):
    """A dossier with all that is searched."""
    dossier = open_dossier(cycle, commune, an, name="Cà-phê Mường Ảng (rang xay)")
    Producer.objects.filter(pk=dossier.product.producer_id).update(
        name="HTX nông nghiệp Tâm Đức",
        representative="Lò Thị Pản",
        phone="0915111222",
        address="Bản Lé, xã Nà Tấu",
        registration_number="6200012345",
    )
    Product.objects.filter(pk=dossier.product_id).update(code="DB-01-03")
    decision_of(dossier, number="812/QĐ – UBND")
    open_dossier(cycle, commune, an, name="Chè Shan tuyết Ðường Sa")
    return dossier


FINDS = [
    "cà phê", "cà-phê", "càphê", "caphe", "CAPHE rang", "cà\u200b phê", "ca\u00a0phe", "phê,",
    unicodedata.normalize("NFD", "cà phê"), "(rang xay)", "db-01-03", "DB0103", "tâm đức", "tamduc",
    "nà tấu caphe", "natau caphe", "bản lé", "lò thị pản", "lothipan", "0915 111 222", "0915.111.222",
    "0915111222", "6200012345", "812/QĐ-UBND", "812/qd‑ubnd.", "0812/QĐ", "caphe tâm đức bản lé",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("asked", FINDS)
def test_a_dossier_is_found_by_what_is_known_of_it(asked, coffee, an, client):
    client.force_login(an)
    for address in ("/dossiers/", "/inbox/?tab=unit"):
        page = client.get(address, {"q": asked, "tab": "unit"}).context["page"]
        assert [row.get("product_name") or row["product"] for row in page.rows()] == [
            "Cà-phê Mường Ảng (rang xay)"
        ]


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["trà", "12/QĐ-UBND", "cà phê chè", "0915999", "me mu"])
def test_what_is_not_said_of_it_does_not_find_it(asked, coffee, an, client):
    client.force_login(an)
    assert client.get("/dossiers/", {"q": asked}).context["page"].rows() == []


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["đường sa", "Ðường", "duong sa", "ĐƯỜNG"])
def test_a_name_with_eth_is_found_by_its_letter(asked, coffee, an, client):
    client.force_login(an)
    [row] = client.get("/dossiers/", {"q": asked}).context["page"].rows()
    assert row["product_name"] == "Chè Shan tuyết Ðường Sa"


# --- Two of one name ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTX Mường Ảng", "Hợp tác xã Mường Ảng"),
        ("HTX Mường-Ảng", "hợp tác xã MƯỜNG ẢNG"),
        ("Cty TNHH MTV Hoa Ban", "Công ty trách nhiệm hữu hạn một thành viên Hoa Ban"),
        ("Cty CP “Hoa Ban”", "Công ty cổ phần Hoa Ban"),
        ("HTX DVNN Tâm Đức", "Hợp tác xã dịch vụ nông nghiệp Tâm Đức"),
        ("HKD Lò Thị Pản", "Hộ kinh doanh Lò Thị Pản"),
        ("THT Nà Tấu", "Tổ hợp tác Nà Tấu."),
    ],
)
def test_a_producer_is_one_however_its_form_is_written(one, other):
    assert maker_key(one) == maker_key(other) != maker_key("Hợp tác xã Hoa Mai")


OPENING = {
    "case_type": "first", "entered_as": "", "product_name": "Mật ong", "group": "food",
    "owner_type": "cooperative",
}  # fmt: skip


@pytest.fixture
def opened(client, cycle, commune, an, coffee):
    client.force_login(an)

    def post(**typed):
        sent = OPENING | {"cycle": cycle.pk, "commune": commune.pk} | typed
        return client.post("/dossiers/new/", sent)

    return post


@pytest.mark.django_db
def test_a_producer_who_is_there_already_is_recognised_and_may_be_another(opened, coffee):
    typed = {"producer_name": "Hợp tác xã NN Tâm-Đức"}
    answer = opened(**typed)
    assert "Chủ thể đã có ở xã này" in answer.text
    assert "HTX nông nghiệp Tâm Đức" in answer.text
    assert Dossier.objects.count() == 2
    assert opened(**typed, confirmed="on").status_code == 302
    assert Dossier.objects.count() == 3


@pytest.mark.django_db
def test_what_was_typed_is_never_dropped_for_what_was_chosen(opened, coffee):
    for typed, field in (
        ({"producer": coffee.product.producer_id, "producer_name": "HTX Khác"}, "producer_name"),
        ({"product": coffee.product_id, "producer_name": "HTX Khác"}, "producer_name"),
        ({"product": coffee.product_id, "product_name": "Trà"}, "product_name"),
    ):
        answer = opened(**typed)
        assert "hãy bỏ chọn, hoặc xóa tên đã nhập" in answer.context["form"].errors[field][0]
        assert Dossier.objects.count() == 2
    same = {"producer": coffee.product.producer_id, "producer_name": "Hợp tác xã NN Tâm Đức"}
    assert opened(**same).status_code == 302


@pytest.mark.django_db
def test_a_telephone_is_digits(opened, coffee):
    for wrong in ("khong co", "0915", "abc"):
        errors = opened(producer_name="HTX Hoa Mai", phone=wrong).context["form"].errors
        assert "không phải số điện thoại" in errors["phone"][0]
    assert opened(producer_name="HTX Hoa Mai", phone="+84 915.111.333").status_code == 302
    assert Producer.objects.get(name="HTX Hoa Mai").phone == "0915111333"


@pytest.mark.parametrize(
    "text",
    ["S¶n phÈm OCOP", "§iÖn Biªn", "MËt ong rõng Nµ TÊu", "N«ng s¶n s¹ch", "Cµ phª",
     "saûn phaåm", "Hôïp taùc xaõ Noâng nghieäp"],
)  # fmt: skip
def test_letters_of_an_old_font_are_recognised(text):
    assert written.is_of_old_font(text)


@pytest.mark.parametrize(
    "text",
    ["Sản phẩm OCOP", "Cà phê hoà tan", "Hoá chất", "OCOP® 500 m²", "«Cà phê» loại 1½", "hoè quý",
     "Café Müller", "Trà hoa", "Mật ong 25°C", "Lò Văn Hoàng", "Quà quê", "Khoá Xuân"],
)  # fmt: skip
def test_other_text_is_left_alone(text):
    assert not written.is_of_old_font(text)


@pytest.mark.django_db
def test_a_name_of_an_old_font_is_refused_at_its_field(opened, coffee):
    errors = opened(producer_name="Hîp t¸c x· N«ng nghiÖp").context["form"].errors
    assert errors["producer_name"] == [str(written.OLD_FONT)]

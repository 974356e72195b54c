"""Letters that look alike are one; lists stand in the order of a Vietnamese dictionary."""

import html
import random
import re
import unicodedata
from datetime import date
from importlib import import_module

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import Client

from cycle import letters, tables, written
from cycle.models import (
    NameField,
    OrgUnit,
    Role,
    User,
    check_signer,
    check_symbol,
    named_apart,
    names_them,
)
from dossiers.forms.fields import PlainPart, RowField
from dossiers.lists.files import Register
from dossiers.lists.inbox import Filters
from dossiers.models import Dossier, Producer, Product, State
from dossiers.models.product import maker_key
from tests.decision_papers import decision_of
from tests.form_fields import every
from tests.ground import kept
from tests.owning import update_as_owner
from tests.pages import yes
from tests.public_pages import keep, see
from tests.standing import stand
from tests.world import open_dossier, person

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
    letters.plain_words: letters.PlainWords,
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


#: Whether the one names who is called the other.
NAMED = {
    ("Trần Công Sơn", "Trần Công Sơn"): True,
    ("Ông Trần Công Sơn", "Trần Công Sơn"): True,
    ("TS. trần công sơn", "Trần Công Sơn"): True,
    ("ThS.Trần Công Sơn", "Trần Công Sơn"): True,
    ("Trần Công Sơn (đã ký)", "Trần Công Sơn"): True,
    ("Trần Công Sơn, Lò Thị A", "Trần Công Sơn"): True,
    ("Lò Thị A và Trần Công Sơn", "Trần Công Sơn"): True,
    ("KT. CHỦ TỊCH - PHÓ CHỦ TỊCH TRẦN CÔNG SƠN", "Trần Công Sơn"): True,
    ("Sơn Trần Công", "Trần Công Sơn"): True,
    ("Sơn, Trần Công", "Trần Công Sơn"): True,
    ("Công Sơn", "Trần Công Sơn"): True,
    ("TrầnCông Sơn", "Trần Công Sơn"): True,
    ("Ông TranCongSon", "Trần Công Sơn"): True,
    ("Trần·Công·Sơn", "Trần Công Sơn"): True,
    ("Trần\u200bCông Sơn", "Trần Công Sơn"): True,
    ("Sơn", "Trần Công Sơn"): False,
    ("Sơn Sơn", "Trần Công Sơn"): False,
    ("Trần Công Sang", "Trần Công Sơn"): False,
    ("Trần Văn Sơn", "Trần Công Sơn"): False,
    ("TrầnCôngSơnHà", "Trần Công Sơn"): False,
    ("", "Trần Công Sơn"): False,
    ("Trần Công Sơn", ""): False,
    ("…", "…"): False,
}


@pytest.mark.django_db
def test_who_is_named_is_known_whatever_stands_beside_it():
    assert {case: names_them(*case) for case in NAMED} == NAMED
    in_the_database = {}
    with connection.cursor() as cursor:
        for case in NAMED:
            cursor.execute("SELECT names_them(%s, %s)", case)
            (in_the_database[case],) = cursor.fetchone()
    assert in_the_database == NAMED


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
        "Số 77/GCN-UBND", "Số: 77/GCN-UBND", "SỐ:77/GCN-UBND", "77/GCN--UBND", "77/GCN_UBND",
        "77/GCN-UBND-", "77/GCNUBND", "77/GCN.UBND", "(77)/GCN-UBND", "77-GCN-UBND", "77GCN-UBND",
        "77//GCN-UBND", "77/GCN/UBND", "_77/GCN-(UBND)",
    ],
)  # fmt: skip
def test_a_number_is_one_however_it_is_written(written):
    assert letters.fold_number(written) == "77/gcnubnd"


@pytest.mark.django_db
@pytest.mark.parametrize("stored", ["77/GCN-UBND", "77/GCN – UBND", "077/GCN-UBND"])
def test_a_certificate_is_found_by_its_number_however_it_is_written(stored, cycle, commune, an):
    dossier = stand(open_dossier(cycle, commune, an), State.CERTIFIED)
    keep(dossier, number=stored, stars=4, issued_on=date(2026, 3, 1))
    for asked in (
        "77/GCN–UBND", "77/GCN‑UBND", "77/GCN-UBND.", "77/GCN-UBND\u200b", " 77 /\u00a0gcn-ubnd",
        "77/GCN\u00ad-UBND", "77/GCN—UBND;",
    ):  # fmt: skip
        assert see("/certificates/", number=asked).text.count("<article") == 1
    assert "<article" not in see("/certificates/", number="7/7GCN-UBND").text


def test_numbers_that_differ_are_not_one():
    assert letters.fold_number("1-2/GCN") != letters.fold_number("12/GCN")
    assert letters.fold_number("100/GCN") != letters.fold_number("1/GCN")
    assert letters.fold_number("7/7GCN") != letters.fold_number("77/GCN")
    assert letters.fold_number("77/GCN") != letters.fold_number("77/QĐ")


@pytest.mark.parametrize("sign", "ƊɗƋƌÞßæøłħüñçȡĸАβ@#*;:\"'|\\ªº²①")
def test_a_number_with_what_no_office_writes_is_refused(sign):
    with pytest.raises(ValidationError, match="hãy gõ lại"):
        check_symbol(f"1/GCN-{sign}B", "number")


@pytest.mark.parametrize(
    "number",
    [
        "1/GCN-ĐB",
        "1/GCN-ÐB",
        "12a/2026/QĐ-UBND",
        "5/KH-ĐẶC KHU",
        "7/QĐ–Ủy",
        "Số 9 (bản sao), 1.2/Ư",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_number_as_offices_write_it_is_taken(number, form):
    check_symbol(unicodedata.normalize(form, number), "number")


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
@kept
def coffee(cycle, commune, an):
    """A dossier with all that is searched."""
    dossier = open_dossier(cycle, commune, an, name="Cà-phê Mường Ảng (rang xay)")
    update_as_owner(
        Producer.objects.filter(pk=dossier.product.producer_id),
        name="HTX nông nghiệp Tâm Đức",
        representative="Lò Thị Pản",
        phone="0915111222",
        address="Bản Lé, xã Nà Tấu",
        registration_number="6200012345",
    )
    update_as_owner(Product.objects.filter(pk=dossier.product_id), code="DB-01-03")
    decision_of(dossier, number="812/QĐ – UBND")
    open_dossier(cycle, commune, an, name="Chè Shan tuyết Ðường Sa")
    return dossier


FINDS = [
    "cà phê", "cà-phê", "càphê", "caphe", "CAPHE rang", "cà\u200b phê", "ca\u00a0phe", "phê,",
    unicodedata.normalize("NFD", "cà phê"), "(rang xay)", "db-01-03", "DB0103", "tâm đức", "tamduc",
    "nà tấu caphe", "natau caphe", "bản lé", "lò thị pản", "lothipan", "0915 111 222", "0915.111.222",
    "0915111222", "6200012345", "812/QĐ-UBND", "812/qd‑ubnd.", "0812/QĐ", "caphe tâm đức bản lé",
    "HTX tâm đức", "hợp tác xã nông nghiệp tâm đức", "HTX NN Tâm Đức",
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
@pytest.mark.parametrize(
    "asked",
    [
        "trà",
        "công ty",
        "tổ hợp tác tâm đức",
        "cty tâm đức",
        "12/QĐ-UBND",
        "cà phê chè",
        "0915999",
        "me mu",
    ],
)
def test_what_is_not_said_of_it_does_not_find_it(asked, coffee, an, client):
    client.force_login(an)
    assert client.get("/dossiers/", {"q": asked}).context["page"].rows() == []


WHOLE = "Hợp tác xã Dịch vụ tổng hợp Mường Lay"


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("HTX Dịch vụ tổng hợp", True), ("htx dv tổng hợp mường lay", True),
        ("hợp tác xã dịch vụ", True), ("mường lay", True), ("THT dịch vụ", False),
        ("cty dịch vụ", False), ("HTX Nà Tấu", False),
    ],
)  # fmt: skip
def test_a_legal_form_is_found_however_it_is_written(asked, there):
    assert letters.says(WHOLE, asked) == there


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
    assert opened(**typed, confirmed="on").status_code == 200
    assert opened(**typed, **yes(answer)).status_code == 302
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


OF_OLD = "S¶n phÈm mËt ong"
#: Fields that are typed by themselves, not made of a column for names.
NAMES = ("full_name", "product_name", "producer_name", "representative")


@pytest.mark.django_db
def test_every_reader_of_names_refuses_letters_of_an_old_font():
    """Each field over a column for names, in every form and in the administration; the signer of a
    paper; each cell of a table that is loaded.
    """
    columns = {
        f"{model.__name__}.{column.name}"
        for model in apps.get_models()
        for column in model._meta.fields
        if isinstance(column, NameField)
    }
    read = [
        (where, field)
        for where, field in every(forms.CharField)
        # What only the law's own paper or a list holds has no form.
        if ".".join(where.split(".")[-2:]) in columns
        or (where.rpartition(".")[2] in NAMES and ".forms." in where)
    ]
    walked = " ".join(where for where, _field in read)
    for part in (
        "admin.OrgUnit.OrgUnit.name", "Product.name", "DetailsForm.representative",
        "OutreachEvent.audience", "PromotionEvent.title", "PromotionEvent.place",
    ):  # fmt: skip
        assert part in walked
    for where, field in read:
        with pytest.raises(ValidationError) as refused:
            field.clean(OF_OLD)
        assert written.OLD_FONT in refused.value.messages, where
    with pytest.raises(ValidationError, match="phông cũ"):
        check_signer("NguyÔn V¨n An", "signer")
    with pytest.raises(tables.RowRefused, match="dòng 2: Chữ này gõ bằng phông cũ"):
        tables.parse("xa.csv", f"code,name\n1,{OF_OLD}\n".encode(), ["code", "name"])


@pytest.mark.django_db
def test_a_name_of_an_old_font_is_refused_at_its_field(opened, coffee):
    errors = opened(producer_name="Hîp t¸c x· N«ng nghiÖp").context["form"].errors
    assert errors["producer_name"] == [str(written.OLD_FONT)]


# --- In order -------------------------------------------------------------------------------------

#: As they stand in a list of choices; what has ended stands behind.
COMMUNES = [
    "Phường Điện Biên Phủ", "Phường Mường Thanh", "Xã An Phú", "Xã Ẳng Cang", "Xã Ẳng Nưa", "Xã Ân",
    "Xã Dào San", "Xã Đảo", "Xã Xa Dung",
]  # fmt: skip


def source():
    """(path, text) of every module of the product."""
    for app in ("cycle", "dossiers", "councils", "notifications"):
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(settings.BASE_DIR), path.read_text()


def test_nothing_is_put_in_order_by_the_database_s_own_idea_of_letters():
    by_name = re.compile(
        r'order_by\((?:[^()]|\([^()]*\))*?"-?(?:\w+__)?(?:name|full_name)"'
        r'|ordering = \[[^\]]*"-?(?:\w+__)?(?:name|full_name)"'
        r"|key=lambda [^:]+: (?:letters\.)?fold\("
        # Names put in order where they have been read.
        r'|key=lambda [^\n]*(?:, |: )\w+\["(?:unit|commune|name|who)"\]'
        r"|key=lambda [^\n]*(?:, |: )(?:str\(|\w+\.(?:full_)?name\b|\w+\[1\]\.removeprefix)"
        r"|sorted\((?:map\(str, (?![^\n]*key=)|\{str\([^\n]*\}\))"
        r"|ORDER BY [^;\"]*?\b(?:unit|person|commune|user)\.(?:full_)?name\b"
    )
    beats = "notifications/models.py"
    assert {str(path) for path, text in source() if by_name.search(text)} <= {beats}


def every_form(base=forms.BaseForm):
    for each in base.__subclasses__():
        yield each
        yield from every_form(each)


def test_every_choice_among_rows_is_of_the_field_that_keeps_the_order():
    import_module("cycle.urls")
    others = {
        (form.__module__, name)
        for form in every_form()
        for name, field in getattr(form, "base_fields", {}).items()
        if type(field) is forms.ModelChoiceField and form.__module__.split(".")[0] in APPS
    }
    # The administration chooses by boxes of its own.
    assert {place for place in others if not place[0].endswith(".admin")} == set()
    text = "".join(text for path, text in source() if "forms" in path.parts)
    assert "forms.ModelChoiceField(" not in text.replace(
        "class RowField(forms.ModelChoiceField)", ""
    )


APPS = {"cycle", "dossiers", "councils", "notifications"}


@pytest.fixture
@kept
def communes(commune):
    """Communes of the district, made in another order than theirs, the last one ended."""
    made = random.Random(4).sample(COMMUNES, len(COMMUNES))  # noqa: S311
    for number, name in enumerate([*made, "Xã A Cũ"]):
        OrgUnit.objects.create(
            name=name, code=f"9{number:04}", level=commune.level, parent=commune.parent,
            valid_from=date(2020, 1, 1), valid_to=date(2025, 6, 30) if "Cũ" in name else None,
        )  # fmt: skip
    return OrgUnit.objects.filter(code__startswith="9")


@pytest.mark.django_db
def test_units_people_producers_and_products_are_offered_in_order(communes, coffee):
    def offered(rows):
        field = RowField(rows, empty_label=None)
        return [str(label) for _value, label in field.choices]

    assert offered(communes) == [*COMMUNES, "Xã A Cũ (đến 30/06/2025)"]
    assert [unit.name for unit in communes.current_first()] == [*COMMUNES, "Xã A Cũ"]
    for number, name in enumerate(reversed(DICTIONARY[3:])):
        User.objects.create(username=f"n{number}", full_name=name)
        producer = Producer.objects.create(
            name=name, owner_type="household", commune=coffee.commune
        )
        Product.objects.create(producer=producer, name=name, group="food")
    people = named_apart(User.objects.filter(username__startswith="n").order_by("pk"))
    assert offered(people) == DICTIONARY[3:]
    for rows in (Producer.objects.exclude(pk=coffee.product.producer_id), Product.objects):
        names = [name for name in offered(rows.all()) if name in DICTIONARY]
        assert names == DICTIONARY[3:]
        assert [str(row) for row in rows.all() if str(row) in DICTIONARY] == DICTIONARY[3:]


@pytest.mark.django_db
def test_lists_by_commune_stand_in_the_same_order(communes, cycle, binh, client):
    officer = person("can.bo", "Lò Văn Cán", *[(Role.OFFICER, unit) for unit in communes])
    for unit in communes.filter(valid_to=None).order_by("pk"):
        open_dossier(cycle, unit, officer)
    client.force_login(binh)
    for address in ("/dossiers/", "/inbox/"):
        client.force_login(officer)
        offered = client.get(address).context["page"].choices()["communes"]
        assert [name for _pk, name in offered if "Cũ" not in name] == COMMUNES
    client.force_login(binh)
    lacking = client.get("/register/missing/", {"cycle": cycle.pk}).context["page"].rows()
    names = [row["unit"].name for row in lacking]
    assert names == sorted(names, key=letters.sort_key)


# --- Long choices ---------------------------------------------------------------------------------


class Choosing(PlainPart):
    unit = RowField(OrgUnit.objects.none(), label="Xã")
    kind = forms.ChoiceField(label="Loại", choices=[(n, f"Loại {n}") for n in range(20)])
    few = forms.ChoiceField(label="Ít", choices=[("a", "An"), ("b", "Ân")], required=False)

    def __init__(self, *args, rows, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = rows


#: Pages that write a select out themselves: editions of the law, product sets of one group.
FEW = {"rubric_list.html", "take_in.html"}


@pytest.fixture
def choosing(communes, commune):
    for number in range(10):
        OrgUnit.objects.create(
            name=f"Xã Nậm {number}", code=f"8{number:04}", level=commune.level,
            parent=commune.parent, valid_from=date(2020, 1, 1),
        )  # fmt: skip
    rows = OrgUnit.objects.filter(Q(code__startswith="9") | Q(code__startswith="8"))
    return lambda **typed: Choosing({"kind": "3"} | typed, rows=rows)


@pytest.mark.django_db
def test_many_choices_have_a_box_and_few_have_none(choosing):
    page = str(choosing())
    assert 'name="unit-find"' in page
    # Each box says which list it searches.
    labels = re.findall(r'name="[a-z]+-find"[^>]* aria-label="([^"]*)"', page)
    assert len(labels) == len(set(labels)) == 2
    # A list without a choice says so in words.
    assert "-----" not in page
    assert 'name="kind-find"' in page
    assert "few-find" not in page
    assert "Tìm trong danh sách" in page


@pytest.mark.django_db
def test_words_choose_the_one_that_says_them_without_script(choosing):
    for words in ("ẳng cang", "angcang", "XÃ ẲNG-CANG"):
        form = choosing(**{"unit-find": words, "kind": "", "kind-find": "loại 17"})
        assert form.is_valid(), form.errors
        assert form.cleaned_data["unit"].name == "Xã Ẳng Cang"
        assert form.cleaned_data["kind"] == "17"


@pytest.mark.django_db
def test_of_several_one_is_asked_for_among_these(choosing):
    form = choosing(**{"unit-find": "ẳng"})
    assert form.errors["unit"] == ["2 mục khớp với «ẳng»: xin chọn một."]
    offered = re.findall(r"<option[^>]*>([^<]+)", str(form["unit"]))
    assert offered[1:] == ["Xã Ẳng Cang", "Xã Ẳng Nưa"]
    assert 'value="ẳng"' in str(form["unit"])
    chosen = OrgUnit.objects.get(name="Xã Ẳng Nưa")
    form = choosing(**{"unit-find": "ẳng", "unit": chosen.pk})
    assert form.is_valid()
    assert form.cleaned_data["unit"] == chosen


@pytest.mark.django_db
def test_words_that_say_nothing_that_is_there_are_told_and_kept(choosing):
    form = choosing(**{"unit-find": "mù cang"})
    assert form.errors["unit"] == ["Không có mục nào khớp với «mù cang»."]
    assert len(re.findall("<option", str(form["unit"]))) > 15
    other = OrgUnit.objects.get(name="Xã Ân")
    form = choosing(**{"unit-find": "ẳng", "unit": other.pk})
    assert form.errors["unit"] == ["Mục đã chọn không khớp với «ẳng» ở ô tìm: xin chọn lại."]


@pytest.mark.django_db
@pytest.mark.usefixtures("choosing")
def test_a_filter_of_many_choices_is_searched_without_script(cycle, client):
    """Words find the one choice that says them; of several, and of none, it is said at the box."""
    units = list(OrgUnit.objects.filter(Q(code__startswith="9") | Q(code__startswith="8")))
    officer = person("can.bo", "Lò Văn Cán", *[(Role.OFFICER, unit) for unit in units])
    for unit in units:
        if unit.valid_to is None:
            open_dossier(cycle, unit, officer, f"Chè {unit.pk}")
    client.force_login(officer)
    cang = OrgUnit.objects.get(name="Xã Ẳng Cang")
    for address in ("/dossiers/", "/inbox/"):
        plain = client.get(address).text
        assert 'name="commune-find"' in plain and 'name="group-find"' not in plain, address
        answer = client.get(address, {"commune-find": "ang cang", "commune": ""})
        assert answer.context["filters"].commune == cang.pk, address
        assert f'<option value="{cang.pk}" selected>' in answer.text
        for typed, chosen, why in (
            ("ẳng", "", "2 mục khớp với «ẳng»: xin chọn một."),
            ("mù cang", "", "Không có mục nào khớp với «mù cang»."),
            ("ẳng nưa", cang.pk, "Mục đã chọn không khớp với «ẳng nưa» ở ô tìm: xin chọn lại."),
        ):
            answer = client.get(address, {"commune-find": typed, "commune": chosen})
            assert answer.context["filters"].commune is None
            assert why in html.unescape(answer.text) and typed in answer.text, (address, typed)
    offered = client.get("/dossiers/", {"commune-find": "ẳng"}).text
    assert re.findall(r">(Xã [^<]+)</option>", offered) == ["Xã Ẳng Cang", "Xã Ẳng Nưa"]


def test_every_select_of_a_page_is_one_that_can_be_searched():
    """Written out are only those of few choices."""
    written_out = {
        path.name
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        if "<select" in path.read_text()
    }
    assert written_out == {"_filter_select.html", *FEW}


# --- Totals, and a page back ----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/dossiers/", "/inbox/"])
def test_a_list_says_its_total_and_leads_back_page_by_page(
    address, client, cycle, commune, an, monkeypatch
):
    for number in range(7):
        open_dossier(cycle, commune, an, f"Chè {number}")
    open_dossier(cycle, commune, an, "Mật ong")
    monkeypatch.setattr("dossiers.lists.filters.Listed.PAGE", 2)
    client.force_login(an)

    def at(query):
        answer = client.get(f"{address}?{query}")
        page = answer.context["page"]
        return [row["pk"] for row in page.rows()], page, answer.text

    pages, query = [], "q=ch%C3%A8"
    while query:
        rows, page, text = at(query)
        assert page.all_rows == "7"
        assert "Tổng số: 7" in text
        pages.append((query, rows))
        query = page.next()
    assert [len(rows) for _query, rows in pages] == [2, 2, 2, 1]
    # From the last back to the first, and nothing is lost of what was asked.
    for _query, rows in pages[-2:0:-1]:
        seen, page, _text = at(page.previous())
        assert seen == rows
        assert "q=ch" in page.previous()
    # The second page leads back like any other.
    assert (page.number, page.previous()) == (2, page.first())
    assert at(page.first())[0] == pages[0][1]


@pytest.mark.django_db
def test_the_trail_back_does_not_grow_for_ever(cycle, commune, an, monkeypatch):
    open_dossier(cycle, commune, an)
    monkeypatch.setattr("dossiers.lists.filters.TRAIL", 3)
    monkeypatch.setattr(Register, "PAGE", 1)
    for number in range(7):
        open_dossier(cycle, commune, an, f"Chè {number}")
    filters, walked = Filters.of(QueryDict("")), 0
    while (page := Register(an, filters)).next():
        filters = Filters.of(QueryDict(page.next()))
        walked += 1
        assert filters.trail.count("~") == min(walked, 3)
    assert walked == 7


@pytest.mark.django_db
def test_a_list_in_numbered_pages_says_its_total(client, minh):
    client.force_login(minh)
    made = Paginator(range(60), 25).get_page(2)
    text = render_to_string(
        "_pagination.html", {"page": made}, client.get("/absence/").wsgi_request
    )
    assert "Tổng số: 60" in text
    assert "trang 2/3" in text
    assert "page=1" in text
    assert "page=3" in text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/dossiers/", "/people/", "/inbox/"])
def test_the_foot_of_every_list_says_the_same(address, cycle, commune, an, monkeypatch):
    """Whichever way a list finds its pages: the total, the page, back, on, and to the first."""
    monkeypatch.setattr("dossiers.lists.filters.Listed.PAGE", 2)
    monkeypatch.setattr("dossiers.office.views.people.ROWS", 2, raising=False)
    for number in range(7):
        open_dossier(cycle, commune, an, f"Chè {number}")
    for each in range(6):
        person(f"nguoi_{each}", f"Lò Văn {each}", (Role.OFFICER, commune))
    client = Client()
    root = User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")
    client.force_login(root if address == "/people/" else an)
    query, words = "", []
    for _page in range(3):
        text = client.get(f"{address}{query}").text
        foot = text[text.index("Tổng số:") :]
        words.append(
            [bool(re.search(r"trang \d", foot))]
            + [word in foot for word in ("Về trang đầu", "Trang trước", "Trang sau")]
        )
        query = html.unescape(re.search(r'href="(\?[^"]*)" rel="next"', foot)[1])
    assert words == [
        [True, False, False, True], [True, False, True, True], [True, True, True, True],
    ]  # fmt: skip

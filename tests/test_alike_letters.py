"""Letters that look alike are one; lists stand in the order of a Vietnamese dictionary."""

import random
import unicodedata

import pytest
from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

from cycle import letters
from cycle.models import OrgUnit

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

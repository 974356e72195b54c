"""One reader of days and numbers, for every form of the product and of the administration.

The walk finds the forms by itself: one that is written tomorrow is in it.
"""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import formats, translation

from cycle import fields, written
from cycle.models import DayOff, OrgUnit, User, same_name
from dossiers.law.conditions import ConditionNotMet, stated
from tests.form_fields import every

FIRST = date(2026, 11, 1)
DAYS = {
    "01/11/2026": FIRST,
    "1/11/2026": FIRST,
    " 01/11/2026 ": FIRST,
    "01 / 11 / 2026": FIRST,
    "01-11-2026": FIRST,
    "1.11.26": FIRST,
    "01/11/26": FIRST,
    "01 11 2026": FIRST,
    "01112026": FIRST,
    "2026-11-01": FIRST,
    "1/11/26.": FIRST,
    "01/11/2026 .": FIRST,
    "\u00a001/11/2026\u00a0": FIRST,
    "01\u00a011\u00a02026": FIRST,
    "\u200b01/\u200b11/2026\ufeff": FIRST,
    "17112026": date(2026, 11, 17),
    "17 11 2026": date(2026, 11, 17),
    "17/11/26": date(2026, 11, 17),
    "29/2/2028": date(2028, 2, 29),
    "1/1/99": date(1999, 1, 1),
}
NO_DAYS = {
    "30/2/2026": "Ngày 30/02/2026 không có thật.",
    "30022026": "Ngày 30/02/2026 không có thật.",
    "2026-02-30": "Ngày 30/02/2026 không có thật.",
    "11/13/2026": "Ngày 11/13/2026 không có thật.",
    "29/2/27": "Ngày 29/02/2027 không có thật.",
}
NO_DAYS_AT_ALL = ("hôm qua", "1/11", "1/11-2026", "1//11/2026", "011126", "01/11/2026x", "\x00")


@pytest.mark.parametrize("language", ("vi", "en"))
def test_every_field_of_a_day_reads_it_day_first(language):
    walked = every(forms.DateField)
    # The walk reaches forms of each kind.
    names = " ".join(name for name, _field in walked)
    for part in (
        "dossiers.office.forms.absence.",
        "admin.OrgUnit.OrgUnit.valid_from",
        "CouncilForm.valid_from",
    ):
        assert part in names
    with translation.override(language):
        for name, field in walked:
            for typed, meant in DAYS.items():
                # Which days are sensible each field says for itself: test_stored_days.
                assert field.to_python(typed) == meant, (name, typed)
            for typed, sentence in (
                NO_DAYS | dict.fromkeys(NO_DAYS_AT_ALL, written.HOW_A_DAY)
            ).items():
                with pytest.raises(ValidationError) as refused:
                    field.clean(typed)
                with translation.override(language):
                    expected = str(sentence)
                if language == "vi" or typed in NO_DAYS_AT_ALL:
                    assert refused.value.messages == [expected], (name, typed)


@pytest.mark.parametrize("language", ("vi", "en"))
def test_every_field_of_a_day_shows_what_it_reads(language):
    with translation.override(language):
        for name, field in every(forms.DateField):
            html = field.widget.render("day", FIRST)
            assert 'value="01/11/2026"' in html, name
            # A pad of digits has no separator and a day needs none.
            assert 'inputmode="numeric"' in html, name


@pytest.mark.parametrize("language", ("vi", "en"))
def test_every_field_of_a_moment_reads_it_day_first(language):
    moments = every(forms.DateTimeField, forms.SplitDateTimeField)
    assert any(isinstance(field, forms.SplitDateTimeField) for _name, field in moments)
    assert any(isinstance(field, fields.MomentField) for _name, field in moments)
    with translation.override(language):
        for name, field in moments:
            for typed, meant in DAYS.items():
                if meant < written.PROGRAMME:
                    continue
                split = isinstance(field, forms.SplitDateTimeField)
                found = field.clean([typed, "14:05"] if split else f"{typed} 14:05")
                assert found.astimezone(fields.timezone.get_current_timezone()) == found
                local = fields.timezone.localtime(found).replace(tzinfo=None)
                assert local == datetime(meant.year, meant.month, meant.day, 14, 5), (name, typed)
            split = isinstance(field, forms.SplitDateTimeField)
            for typed in (*NO_DAYS, *NO_DAYS_AT_ALL):
                with pytest.raises(ValidationError):
                    field.clean([typed, "14:05"] if split else f"{typed} 14:05")


@pytest.mark.parametrize("language", ("vi", "en"))
def test_every_whole_number_keeps_its_thousands(language):
    """«5.000» is five thousand in each field, and never five."""
    with translation.override(language):
        whole = [
            (name, field)
            for name, field in every(forms.IntegerField)
            if not isinstance(field, forms.DecimalField | forms.FloatField)
        ]
        assert any(name == "admin.PromotionEvent.PromotionEvent.cost" for name, _field in whole)
        for name, field in whole:
            for typed in ("5.000", "5,000", "5 000", "5000", "5.000,00"):
                try:
                    assert field.clean(typed) == 5000, (name, typed)
                except ValidationError as refused:
                    assert isinstance(field, fields.CountField), name
                    assert field.max_value < 5000, (name, typed, refused)
            for typed in ("1.5", "1,5", "1.0000", "1.500.00", "1.234,567", "1e3", "½"):
                with pytest.raises(ValidationError):
                    field.clean(typed)


@pytest.mark.parametrize("language", ("vi", "en"))
def test_every_decimal_takes_comma_and_point(language):
    with translation.override(language):
        for name, field in every(forms.DecimalField):
            for typed in ("7,5", "7.5", " 7.5 "):
                assert field.clean(typed) == Decimal("7.5"), (name, typed)
            assert field.prepare_value(Decimal("7.5")) == "7,5", name
            for typed in ("1.234", "7,5,5", "1.500.00"):
                with pytest.raises(ValidationError):
                    field.clean(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1.444.197,5", "1444197.5"),
        ("1,444,197.5", "1444197.5"),
        ("1 444 197,5", "1444197.5"),
        ("1.444.197", "1444197"),
        ("1.444,5", "1444.5"),
        ("1.234", "1.234"),
        ("1,234", "1.234"),
        ("10.5", "10.5"),
        ("-0,25", "-0.25"),
    ],
)
def test_decimals_are_read_with_and_without_thousands(typed, meant):
    assert written.decimal(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("1.234", "1234"), ("1,234", "1234"), ("1.444.197", "1444197"), ("1.234,00", "1234")],
)
def test_whole_numbers_are_read_with_their_thousands(typed, meant):
    assert written.whole(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("17/11/2026 14:00", datetime(2026, 11, 17, 14)),
        ("17112026 14h05", datetime(2026, 11, 17, 14, 5)),
        ("8h30 1/12/2026", datetime(2026, 12, 1, 8, 30)),
        ("8:30, ngày 1/12/2026.", datetime(2026, 12, 1, 8, 30)),
        ("14h\u00a017/11/2026\u200b", datetime(2026, 11, 17, 14)),
        ("17.11.26, 8h", datetime(2026, 11, 17, 8)),
        ("17 11 2026 14:30", datetime(2026, 11, 17, 14, 30)),
        ("2026-11-17T14:00", datetime(2026, 11, 17, 14)),
        ("2026-11-17 14:00:59", datetime(2026, 11, 17, 14)),
    ],
)
def test_a_moment_is_understood(typed, meant):
    assert written.moment(typed) == meant


@pytest.mark.parametrize("typed", ("17/11/2026", "14:00", "17/11/2026 25:00", "17/11/2026 14:60"))
def test_a_moment_that_is_none_gets_a_sentence(typed):
    with pytest.raises(written.NotADay, match="Hãy ghi ngày"):
        written.moment(typed)


@pytest.mark.parametrize("language", ("vi", "en"))
def test_days_and_numbers_are_shown_alike_in_both_languages(language):
    with translation.override(language):
        assert formats.date_format(FIRST) == formats.date_format(FIRST, "SHORT_DATE_FORMAT")
        assert formats.date_format(FIRST) == "01/11/2026"
        assert formats.localize(datetime(2026, 11, 1, 14, 5)) == "01/11/2026 14:05"
        assert formats.localize(Decimal("85.79")) == "85,79"
        # An id prints whole; thousands are set apart only where a template asks for it.
        assert formats.localize(1444197) == "1444197"
        assert formats.number_format(1444197, use_l10n=True, force_grouping=True) == "1.444.197"
    assert written.grouped(1444197) == "1.444.197"


# --- In the administration -------------------------------------------------------------------------


@pytest.fixture
def administrator(db):
    client = Client()
    client.force_login(User.objects.create_superuser("quantri", password="mật khẩu thử"))
    return client


class _Typed(HTMLParser):
    def __init__(self):
        super().__init__()
        self.values = {}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "input" and "name" in attrs:
            self.values[attrs["name"]] = attrs.get("value", "")


@pytest.mark.parametrize("language", ("vi", "en"))
@pytest.mark.parametrize("typed", ("01/11/2026", "1.11.26", "01112026"))
def test_the_administration_stores_the_first_of_november(administrator, language, typed):
    administrator.cookies["django_language"] = language
    unit = {"code": "99", "name": "Xã Thử", "level": "commune", "valid_from": typed}
    assert administrator.post("/admin/cycle/orgunit/add/", unit).status_code == 302
    stored = OrgUnit.objects.get()
    assert stored.valid_from == FIRST

    # Opened and saved as it stands, it stays what it is.
    address = f"/admin/cycle/orgunit/{stored.pk}/change/"
    shown = _Typed()
    shown.feed(administrator.get(address).content.decode())
    assert shown.values["valid_from"] == "01/11/2026"
    again = {**unit, "valid_from": shown.values["valid_from"]}
    assert administrator.post(address, again).status_code == 302
    stored.refresh_from_db()
    assert stored.valid_from == FIRST


@pytest.mark.parametrize("language", ("vi", "en"))
def test_the_calendar_of_the_administration_writes_day_first(administrator, language):
    administrator.cookies["django_language"] = language
    script = administrator.get("/admin/jsi18n/").content.decode()
    said = json.loads(re.search(r"django\.formats = (\{.*?\n  \});", script, re.DOTALL)[1])
    assert said["DATE_INPUT_FORMATS"][0] == "%d/%m/%Y"
    assert said["FIRST_DAY_OF_WEEK"] == 1


def test_a_calendar_file_may_write_days_as_people_do(rule_sets):
    from io import BytesIO

    from django.core.files.uploadedfile import SimpleUploadedFile

    from dossiers.forms.terms import read_days

    DayOff.objects.create(day=date(2027, 9, 2), name="Quốc khánh", document="1/TB")
    file = "day,worked,name,document\n2/9/2027,,Quốc khánh,1/TB\n3/9/27,,Nghỉ bù,2/TB\nx,,Lạ,3/TB\n"
    rows = read_days(SimpleUploadedFile("lich.csv", BytesIO(file.encode()).read()))
    assert [row["day"] for row in rows] == ["2027-09-03", "x"]


@pytest.mark.parametrize("text", ["", "  ", "\n", "\u200b", "\u3164", "\u00ad \u2060", "\x00"])
def test_a_reason_of_nothing_that_is_seen_is_none(text):
    with pytest.raises(ConditionNotMet, match="Bạn chưa nêu lý do"):
        stated(text)


def test_a_name_is_cut_at_a_word_and_says_so():
    assert written.shortened("Đợt 1 năm 2026", 14) == "Đợt 1 năm 2026"
    assert written.shortened("Đợt 1 năm 2026", 13) == "Đợt 1 năm…"
    assert len(written.shortened("ơ" * 300, 200)) == 200
    cut = re.compile(r"\.(?:name|title|full_name)\[: ?\d+\]")
    found = {
        str(path.relative_to(settings.BASE_DIR))
        for app in ("cycle", "dossiers", "councils", "notifications")
        for path in (settings.BASE_DIR / app).rglob("*.py")
        if cut.search(path.read_text())
    }
    # A sheet of a workbook, found again by what is kept of its name.
    assert found == {"dossiers/office/stock/work.py"}


def test_a_reason_stands_without_what_surrounds_it():
    assert stated(" Thiếu giấy\u200b ") == "Thiếu giấy\u200b"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Bùi Minh Hải", "bui  minh hai", True),
        ("Bùi Minh Hải", "Bùi\u200b Minh Hải.", True),
        ("Bùi Minh Hải", "Bu\u0300i Minh Ha\u0309i", True),
        ("Bùi Minh Hải", "Minh Hải", False),
        ("", "", False),
        ("\u3164", "\u200b", False),
    ],
)
def test_two_names_are_one_however_they_were_typed(one, other, same):
    assert same_name(one, other) is same


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0912 345 678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("+84 912-345-678", "0912345678"),
        ("84912345678", "0912345678"),
        # What a spreadsheet leaves of it.
        ("912345678", "0912345678"),
        ("(0215) 3825 678", "02153825678"),
        (" ", ""),
    ],
)
def test_a_telephone_number_however_it_is_written(text, number):
    assert written.phone(text) == number


@pytest.mark.parametrize(
    "text", ["khong co", "12345", "0912 345 67", "0912345678901", "09x2345678"]
)
def test_what_is_no_telephone_number_is_said(text):
    with pytest.raises(written.NotAPhone, match="không phải số điện thoại"):
        written.phone(text)

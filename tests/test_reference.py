"""The ground before the first cycle: rule sets, units, days off, and what is refused with its row."""

import copy
import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import holidays
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cycle import rulesets
from cycle.models import DayOff, Level, OrgUnit, Role, RuleSet
from cycle.steps import Step
from cycle.tables import DATA, RowRefused
from tests.owning import update_as_owner

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
EDITIONS = ["qd851_2018", "qd1048_2019", "qd26_2026"]
D2021 = {"valid_from": date(2020, 1, 1), "valid_to": date(2025, 6, 30)}
D2025 = {"valid_from": date(2025, 7, 1)}


def content(edition):
    return rulesets.read(rulesets.FOLDER / edition / "ruleset.json")


def rule_set(edition):
    return RuleSet(content=content(edition))


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def load(command, *args, **options):
    call_command(command, *args, **options)


@pytest.fixture
def edition_folder(tmp_path):
    """A folder with one edition in it, and a function that writes it changed."""

    def change(**keys):
        folder = tmp_path / "qd26_2026"
        folder.mkdir(exist_ok=True)
        (folder / "ruleset.json").write_text(json.dumps(content("qd26_2026") | keys), "utf-8")
        return tmp_path

    return change


# --- Rule sets ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_rule_sets_are_loaded_once():
    load("load_rulesets")
    rows = list(RuleSet.objects.values())
    load("load_rulesets")

    assert list(RuleSet.objects.values()) == rows
    assert [row["edition"] for row in rows] == EDITIONS
    assert [row["valid_from"] for row in rows] == [
        date(2018, 5, 24),
        date(2019, 8, 21),
        date(2026, 5, 22),
    ]


@pytest.mark.django_db
def test_the_hash_survives_the_database():
    load("load_rulesets")
    for row in RuleSet.objects.all():
        assert rulesets.content_hash(row.content) == row.content_hash


def test_the_hash_ignores_the_order_of_keys_and_sees_every_change():
    law = content("qd26_2026")
    assert rulesets.content_hash(dict(reversed(law.items()))) == rulesets.content_hash(law)
    assert rulesets.content_hash(law | {"certificate_months": 35}) != rulesets.content_hash(law)


@pytest.mark.django_db
def test_a_changed_file_becomes_a_new_row_beside_the_old(edition_folder):
    load("load_rulesets", edition_folder())
    old = RuleSet.objects.get()
    load("load_rulesets", edition_folder(title="Bộ tiêu chí đã sửa"))

    assert RuleSet.objects.count() == 2
    assert RuleSet.objects.get(pk=old.pk).content == old.content
    assert RuleSet.objects.get(pk=old.pk).valid_to == old.valid_to


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2018, 5, 23), None),
        (date(2018, 5, 24), "qd851_2018"),
        (date(2019, 8, 21), "qd1048_2019"),
        (date(2021, 7, 1), "qd1048_2019"),
        (date(2026, 5, 21), None),
        (date(2026, 5, 22), "qd26_2026"),
        (date(2030, 1, 1), "qd26_2026"),
    ],
)
def test_the_edition_in_force_is_found_by_date(day, edition):
    load("load_rulesets")
    found = RuleSet.objects.in_force(day)
    assert (found and found.edition) == edition


@pytest.mark.parametrize("edition", ["qd1048_2019", "qd26_2026"])
@pytest.mark.parametrize(
    ("mean", "stars"),
    [
        ("100", 5),
        ("90", 5),
        ("89.999", 4),
        ("70", 4),
        ("69.999", 3),
        ("50", 3),
        ("49.999", 2),
        ("30", 2),
        ("29.999", 1),
        ("0", 1),
    ],
)
def test_bands_are_half_open_and_never_rounded_up(edition, mean, stars):
    assert rule_set(edition).band(Decimal(mean) * 7, 7) == stars


@pytest.mark.parametrize(
    ("edition", "level", "result", "goes"),
    [
        ("qd851_2018", "district", {"stars": 2}, False),
        ("qd851_2018", "district", {"stars": 3}, True),
        ("qd851_2018", "province", {"stars": 3}, False),
        ("qd851_2018", "province", {"stars": 4}, True),
        ("qd1048_2019", "district", {"points": "49.9", "stars": 2}, False),
        ("qd1048_2019", "district", {"points": "50", "stars": 3}, True),
        ("qd1048_2019", "province", {"points": "89.9", "stars": 4}, False),
        ("qd1048_2019", "province", {"points": "90", "stars": 5}, True),
        ("qd26_2026", "province", {"points": "89.9", "stars": 4}, False),
        ("qd26_2026", "province", {"points": "90", "stars": 5}, True),
        # Eliminated: whatever its points.
        ("qd1048_2019", "district", {"points": "50"}, False),
        ("qd1048_2019", "province", {"points": "90"}, False),
        ("qd26_2026", "province", {"points": "90"}, False),
        ("qd26_2026", "centre", {"points": "95", "stars": 5}, False),
    ],
)
def test_what_goes_up_to_the_next_level(edition, level, result, goes):
    points = Decimal(result.get("points", 0)) * 5
    assert (
        rule_set(edition).goes_up(level, stars=result.get("stars"), points_sum=points, sheets=5)
        is goes
    )


def test_851_files_ideas_at_the_district_and_waits_a_week():
    law = rule_set("qd851_2018")
    assert law.content["idea_filed_at"] == "district"
    assert law.refile_wait("idea") == 7
    assert law.refile_wait("plan") == 0
    assert not law.needs_points
    assert law.certificate_months is None
    assert law.content["parts"] is None
    assert set(law.content["certifies"].values()) == {None}


def test_851_evaluates_in_june_and_july():
    months = {
        row["level"]: row["months"]
        for row in content("qd851_2018")["windows"]
        if row["step"] == Step.EVALUATION
    }
    assert months == {"district": [6, 6], "province": [7, 7]}


@pytest.mark.parametrize(
    ("edition", "district", "parts"),
    [
        ("qd1048_2019", True, {"A": 35, "B": 25, "C": 40}),
        ("qd26_2026", False, {"A": 40, "B": 25, "C": 35}),
    ],
)
def test_the_two_live_editions(edition, district, parts):
    law = rule_set(edition)
    assert law.has_district is district
    assert law.content["parts"] == parts
    assert law.content["certifies"] == {"3": "province", "4": "province", "5": "centre"}
    assert law.certificate_months == 36
    assert law.refile_wait("idea") == law.refile_wait("plan") == 0
    assert law.content["idea_filed_at"] == "commune"
    assert len(law.content["product_groups"]) == 6


def test_1048_asks_for_five_papers_and_knows_thirteen_more():
    law = rule_set("qd1048_2019")
    assert len(law.compulsory("first")) == 5
    assert len(law.content["evidence_kinds"]) == 18


def test_26_asks_what_changed_at_an_upgrade_and_updates_at_a_reevaluation():
    law = rule_set("qd26_2026")
    first = law.compulsory("first")
    assert law.compulsory("upgrade") == [*first, "what_changed"]
    assert law.compulsory("reevaluation") == [*first, "updates"]


def test_the_commune_has_the_fifteen_working_days_of_the_law():
    law = content("qd26_2026")
    shared = [row["working_days"] for row in law["duties"] if row["source"] == "D1"]
    assert law["terms"]["D1"]["unit"] == "working_days"
    assert shared == [10, 5]
    assert sum(shared) == law["terms"]["D1"]["length"]


def test_the_file_words_are_the_words_of_the_models():
    assert list(rulesets.LEVELS) == Level.values
    assert set(rulesets.ROLES) <= set(Role.values)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"title": ""}, "title"),
        ({"bands": None}, "bands"),
        ({"bands": [[70, 5], [90, 4], [50, 3], [30, 2], [0, 1]]}, "bands"),
        ({"bands": [[90, 5], [70, 4], [50, 3], [30, 2]]}, "bands"),
        ({"bands": [[90.5, 5], [70, 4], [50, 3], [30, 2], [0, 1]]}, "bands"),
        ({"bands": [90, 70, 50, 30, 0]}, "bands"),
        ({"parts": {"A": 40, "B": 25, "C": 36}}, "parts"),
        ({"parts": {"A": 60, "B": 40}}, "parts"),
        ({"parts": None}, "parts"),
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"valid_to": "2026-05-21"}, "valid_to"),
        ({"procedure": "four_levels"}, "procedure"),
        ({"levels": ["commune", "region"]}, "levels"),
        ({"levels": ["province", "commune", "centre"]}, "levels"),
        ({"levels": ["commune", "district", "province"]}, "levels"),
        ({"certifies": {"3": "province", "4": "province"}}, "certifies"),
        ({"certifies": {"3": "district", "4": "province", "5": "centre"}}, "certifies.3"),
        ({"goes_up": {"district": {"min_points": 50}}}, "goes_up.district"),
        ({"goes_up": {"province": {"points": 90}}}, "goes_up.province"),
        ({"refile_wait_days": {"idea": -1, "plan": 0}}, "refile_wait_days"),
        ({"refile_wait_days": {"idea": 7}}, "refile_wait_days"),
        ({"certificate_months": 0}, "certificate_months"),
        ({"certificate_months": 24}, "certificate_months"),
        ({"terms": {"D2": {"unit": "date", "dates": ["02-30"], "article": None}}}, "terms.D2"),
        ({"terms": {"D1": {"unit": "weeks", "length": 3, "article": None}}}, "terms.D1"),
        ({"terms": {"D1": {"unit": "months"}}}, "terms.D1"),
        ({"terms": {"D1": 15}}, "terms"),
        ({"compulsory": {"first": []}}, "compulsory"),
        ({"compulsory": dict.fromkeys(rulesets.CASE_TYPES, ["passport"])}, "compulsory.first"),
        ({"windows": [{"step": "harvest"}]}, "windows"),
        ({"windows": [{"step": "idea", "level": "commune", "months": [0, 3]}]}, "windows.idea"),
        ({"windows": [{"step": "idea", "level": "district", "months": [1, 3]}]}, "windows.idea"),
        ({"windows": [{"step": "idea", "level": "commune", "months": [1, 3]}] * 2}, "windows.idea"),
        ({"duties": []}, "duties"),
        ({"unverified": ["certificate"]}, "unverified"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_impossible_rule_set_is_refused_with_file_and_key(edition_folder, change, key):
    with pytest.raises(CommandError) as refused:
        load("load_rulesets", edition_folder(**change))

    assert str(refused.value).startswith(f"qd26_2026/ruleset.json, khóa «{key}»: ")
    assert RuleSet.objects.count() == 0


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("D1", {"amount": 14}),
        ("D1", {"unit": "d"}),
        ("D3.2", {"dates": "12-31"}),
        ("D9", {"subject": "dossier"}),
        ("D8", {"subject": "certificate"}),
    ],
)
def test_what_the_law_says_and_its_clocks_are_one_list(code, change):
    path = rulesets.FOLDER / "qd26_2026" / "ruleset.json"
    content = rulesets.read(path)
    next(row for row in content["clocks"] if row["code"] == code).update(change)
    with pytest.raises(rulesets.RuleSetInvalid) as refused:
        rulesets.check(content, path)
    assert refused.value.key == f"clocks.{code}"


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        ("node", "register_idea", "duties.register_idea"),
        ("role", "mayor", "duties.promote"),
        ("level", "district", "duties.promote"),
        ("working_days", 0, "duties.promote"),
        ("source", "D99", "duties.promote"),
    ],
)
def test_an_impossible_duty_is_refused(column, value, key):
    law = copy.deepcopy(content("qd26_2026"))
    law["duties"][-1][column] = value
    with pytest.raises(rulesets.RuleSetInvalid) as refused:
        rulesets.check(law, "qd26_2026/ruleset.json")
    assert refused.value.key == key


@pytest.mark.parametrize("key", sorted(set(rulesets.KEYS) - set(rulesets.MAY_LACK)))
def test_every_key_is_needed(key):
    law = content("qd26_2026")
    del law[key]
    with pytest.raises(rulesets.RuleSetInvalid) as refused:
        rulesets.check(law, "qd26_2026/ruleset.json")
    assert refused.value.key == key


@pytest.mark.django_db
def test_a_broken_or_missing_rule_set_file_is_refused(tmp_path):
    with pytest.raises(CommandError, match="Không có bộ quy định nào"):
        load("load_rulesets", tmp_path)
    (tmp_path / "qd1").mkdir()
    write(tmp_path / "qd1" / "ruleset.json", "{")
    with pytest.raises(CommandError, match="qd1/ruleset.json.*không đọc được JSON"):
        load("load_rulesets", tmp_path)


# --- Units ----------------------------------------------------------------------------------


def count(day):
    units = OrgUnit.objects.valid_on(day)
    return [units.filter(level=level).count() for level in ("province", "district", "commune")]


@pytest.mark.django_db
def test_dien_bien_has_ten_districts_until_june_2025_and_then_none():
    load("load_reference")

    assert count(date(2021, 6, 1)) == [1, 10, 129]
    assert count(date(2025, 6, 30)) == [1, 10, 129]
    assert count(date(2025, 7, 1)) == [1, 0, 45]
    assert count(date(2019, 12, 31)) == [0, 0, 0]


@pytest.mark.django_db
def test_the_province_is_one_row_over_both_periods():
    load("load_reference")
    province = OrgUnit.objects.get(level=Level.PROVINCE)

    assert (province.code, province.valid_from, province.valid_to) == ("11", date(2020, 1, 1), None)
    for unit in OrgUnit.objects.select_related("parent__parent"):
        assert unit.at_level(Level.PROVINCE) == province


@pytest.mark.django_db
def test_a_reused_code_is_two_units():
    load("load_reference")
    assert list(
        OrgUnit.objects.filter(code="03127").order_by("valid_from").values_list("name", flat=True)
    ) == ["Phường Him Lam", "Phường Điện Biên Phủ"]


@pytest.mark.django_db
def test_each_old_commune_has_its_successor():
    load("load_reference")
    old = OrgUnit.objects.filter(level=Level.COMMUNE, valid_to=date(2025, 6, 30))

    assert {unit.successors.count() for unit in old} == {1}
    sin_chai = OrgUnit.objects.get(name="Xã Sín Chải")
    assert list(sin_chai.predecessors.order_by("code").values_list("name", flat=True)) == [
        "Xã Xín Chải",
        "Xã Tả Sìn Thàng",
        "Xã Lao Xả Phình",
    ]


@pytest.mark.django_db
def test_misspelt_names_are_found():
    load("load_reference")
    found = OrgUnit.objects.filter(search__contains="huoi lech")
    assert [unit.name for unit in found] == ["Xã Huổi Lếnh"]
    assert OrgUnit.objects.filter(search__contains="sin chai").count() == 2


@pytest.mark.django_db
def test_bac_kan_has_eight_districts_and_ends_with_them():
    load("load_reference", province="bac_kan")

    assert count(date(2018, 6, 1)) == [1, 8, 122]
    assert count(date(2025, 7, 1)) == [0, 0, 0]


@pytest.mark.django_db
def test_reference_data_is_loaded_once():
    load("load_reference")
    through = OrgUnit.successors.through.objects

    def everything():
        tables = (OrgUnit.objects, through, DayOff.objects, RuleSet.objects)
        return [list(table.order_by("pk").values()) for table in tables]

    before = everything()
    load("load_reference")
    assert everything() == before


@pytest.mark.django_db
def test_a_province_that_does_not_exist_is_refused():
    with pytest.raises(CommandError):
        load("load_reference", "--province", "ha_noi")


HEAD = "code,name,level,parent_code"
PROVINCE = "11,Tỉnh Điện Biên,province,"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([HEAD, PROVINCE, "1,Xã A,commune,11", "1,Xã B,commune,11"], "dòng 4: mã 1 đã có ở dòng 3"),
        ([HEAD, PROVINCE, "1,Xã A,commune,99"], "dòng 3: không có đơn vị cấp trên mã «99»"),
        ([HEAD, PROVINCE, "1,Xã A,commune,"], "dòng 3: không có đơn vị cấp trên mã «»"),
        ([HEAD, PROVINCE, "1,Bản A,village,11"], "dòng 3: không biết cấp «village»"),
        ([HEAD, PROVINCE, "1,  ,commune,11"], "dòng 3: đơn vị 1 thiếu tên"),
        ([HEAD, PROVINCE, ",Xã A,commune,11"], "dòng 3: thiếu mã"),
        ([HEAD, "11,Tỉnh Điện Biên,province,1"], "dòng 2: cấp tỉnh không có đơn vị cấp trên"),
        (
            [HEAD, PROVINCE, "1,Xã A,commune,11", "2,Huyện B,district,1"],
            "dòng 4: đơn vị 1 không ở cấp cao hơn",
        ),
        ([HEAD, PROVINCE, "1,Xã A,commune"], "dòng 3: số ô không khớp"),
        ([HEAD, PROVINCE, "1,Xã A,commune,11,x"], "dòng 3: số ô không khớp"),
        (["code,name", "11,Tỉnh Điện Biên"], "thiếu cột level, parent_code"),
        ([""], "thiếu cột code, name, level, parent_code"),
    ],
)
def test_an_impossible_unit_is_refused_with_its_row(tmp_path, lines, said):
    file = write(tmp_path / "units.csv", *lines)
    with pytest.raises(CommandError) as refused:
        load("load_units", file, **D2025)

    assert said in str(refused.value)
    assert str(refused.value).startswith("units.csv")
    assert OrgUnit.objects.count() == 0


@pytest.mark.django_db
def test_a_unit_may_not_exist_twice_at_once(tmp_path):
    file = write(tmp_path / "units.csv", HEAD, PROVINCE, "1,Xã A,commune,11")
    load("load_units", file, **D2021)
    with pytest.raises(RowRefused, match="dòng 3: mã 1 đang là «Xã A» từ 01/01/2020"):
        load("load_units", file, valid_from=date(2025, 6, 30))
    load("load_units", file, **D2025)

    assert OrgUnit.objects.filter(code="1").count() == 2


@pytest.mark.django_db
def test_a_corrected_name_is_taken_over(tmp_path):
    load("load_units", write(tmp_path / "a.csv", HEAD, PROVINCE, "1,Xã Xín,commune,11"), **D2025)
    unit = OrgUnit.objects.get(code="1")
    load("load_units", write(tmp_path / "b.csv", HEAD, PROVINCE, "1,Xã Sín,commune,11"), **D2025)

    unit.refresh_from_db()
    assert unit.name == "Xã Sín"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("9,Xã Cũ,1,Xã Mới", "dòng 2: không có đơn vị mã «9» tên «Xã Cũ»"),
        ("1,Xã Cũ,9,Xã Mới", "dòng 2: không có đơn vị mã «9» tên «Xã Mới»"),
        ("1,Xã Mới,1,Xã Mới", "dòng 2: không có đơn vị mã «1» tên «Xã Mới»"),
    ],
)
def test_an_impossible_merge_is_refused_and_nothing_is_loaded(tmp_path, row, said):
    old = write(tmp_path / "old.csv", HEAD, PROVINCE, "1,Xã Cũ,commune,11")
    new = write(tmp_path / "new.csv", HEAD, PROVINCE, "1,Xã Mới,commune,11")
    merged = write(tmp_path / "merged.csv", "old_code,old_name,new_code,new_name", row)
    load("load_units", old, **D2021)
    with pytest.raises(RowRefused, match=said):
        load("load_units", new, **D2025, merged=merged)

    assert not OrgUnit.objects.filter(name="Xã Mới").exists()


@pytest.mark.django_db
def test_an_impossible_period_or_file_is_refused(tmp_path):
    with pytest.raises(CommandError, match="Ngày kết thúc trước ngày bắt đầu"):
        load("load_units", tmp_path / "x", valid_from=date(2025, 7, 1), valid_to=date(2025, 6, 1))
    with pytest.raises(CommandError, match="Ngày 31/06/2025 không có thật"):
        load("load_units", tmp_path / "x", "--valid-from", "31/6/2025")
    with pytest.raises(CommandError, match="Không đọc được tệp"):
        load("load_units", tmp_path / "x", **D2025)
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="không theo mã UTF-8"):
        load("load_units", tmp_path / "x", **D2025)


# --- Days off -------------------------------------------------------------------------------


def shipped():
    with (DATA / "days_off.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_calendar_is_that_of_the_holidays_package():
    known = holidays.country_holidays("VN", years=range(2020, 2029))
    off = {date.fromisoformat(row["day"]) for row in shipped() if not row["worked"]}
    worked = {date.fromisoformat(row["day"]) for row in shipped() if row["worked"]}

    assert off == set(known)
    assert worked == {day for day in known.weekend_workdays if day.year >= 2020}
    assert all(row["document"] for row in shipped())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not beside the project")
def test_the_calendar_is_that_of_the_shared_table():
    with (SHARED / "vn_holidays_2023_2028.csv").open(encoding="utf-8") as file:
        table = {(row["date"], row["kind"] == "weekend_workday") for row in csv.DictReader(file)}
    assert {(r["day"], r["worked"] == "x") for r in shipped() if r["day"] >= "2023"} == table


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not beside the project")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("dien_bien_2021.csv", "dienbien_units_2021.csv"),
        ("dien_bien_2025.csv", "dienbien_units_2025.csv"),
        ("bac_kan_2018.csv", "backan_units_2018.csv"),
    ],
)
def test_the_units_are_those_of_the_shared_tables(ours, theirs):
    def facts(path):
        with path.open(encoding="utf-8") as file:
            return [[row[key] for key in HEAD.split(",")] for row in csv.DictReader(file)]

    assert facts(DATA / ours) == facts(SHARED / theirs)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "due"),
    [
        (date(2026, 11, 20), date(2026, 12, 14)),  # 24/11 is a holiday
        (date(2021, 2, 9), date(2021, 3, 9)),  # Tết
        (date(2026, 8, 14), date(2026, 9, 8)),  # Saturday 22/8 is worked for Monday 31/8
    ],
)
def test_fifteen_working_days_over_the_loaded_calendar(start, due):
    load("load_days_off")
    assert DayOff.objects.calendar(start, due).add(start, 15) == due


@pytest.mark.django_db
def test_days_off_are_loaded_once_and_the_offices_own_words_stay():
    load("load_days_off")
    update_as_owner(DayOff.objects.filter(day=date(2026, 11, 24)), document="Thông báo 1/TB")
    rows = list(DayOff.objects.values())
    load("load_days_off")

    assert list(DayOff.objects.values()) == rows
    assert len(rows) == len(shipped())


DAYS = "day,worked,name,document"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([DAYS, "2027-02-30,,Tết,"], "dòng 2: «2027-02-30»: Ngày 30/02/2027 không có thật."),
        ([DAYS, "Tết,,Tết,"], "dòng 2: «Tết»: Hãy ghi ngày"),
        (
            [DAYS, "2027-01-01,,Tết,", "2027-01-01,,Tết,"],
            "dòng 3: ngày 01/01/2027 trùng với dòng 2",
        ),
        (
            [DAYS, "2027-01-02,,Tết,", "2027-01-02,x,Làm bù,"],
            "dòng 3: ngày 02/01/2027 mâu thuẫn với dòng 2",
        ),
        ([DAYS, "2027-01-01,x,Làm bù,"], "dòng 2: ngày làm bù 01/01/2027 không phải thứ Bảy"),
        ([DAYS, "2027-01-01,có,Tết,"], "dòng 2: cột worked"),
        ([DAYS, "2027-01-01,,,"], "dòng 2: ngày 01/01/2027 thiếu tên"),
    ],
)
def test_an_impossible_day_is_refused_with_its_row(tmp_path, lines, said):
    with pytest.raises(RowRefused) as refused:
        load("load_days_off", write(tmp_path / "days.csv", *lines))

    assert str(refused.value).startswith(f"days.csv, {said}")
    assert DayOff.objects.count() == 0


@pytest.mark.django_db
def test_a_day_against_the_calendar_in_use_is_refused_or_kept(tmp_path):
    DayOff.objects.create(day=date(2026, 8, 22), worked=False, name="Nghỉ")
    file = write(tmp_path / "days.csv", DAYS, "2026-08-22,x,Làm bù,")
    with pytest.raises(RowRefused, match="dòng 2: ngày 22/08/2026 mâu thuẫn với lịch đang dùng"):
        load("load_days_off", file)
    load("load_days_off", file, keep=True)

    assert DayOff.objects.get().worked is False

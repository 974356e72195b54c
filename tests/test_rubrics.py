"""The rubrics: what ships is a possible score sheet, official wording lies over it, officers read it."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cycle import rubrics, rulesets
from cycle.models import Criterion, Option, Rubric, Wording
from tests.rubric_files import file, law, of, shipped

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
OFFICIAL = {"qd26_2026": "criteria_26_2026.csv", "qd1048_2019": "criteria_1048_781.csv"}
COLUMNS = "set_no set_name part code criterion max_points row_type points min_star option_text note"
#: Where the copy of the decision contradicts itself: (edition, set, code) -> the points it gives.
SLIPS = {
    ("qd26_2026", 7, "3.1"): [1, 1, 3],
    ("qd26_2026", 23, "6.2"): [1, 1, 3, 5],
    ("qd1048_2019", 2, "6.2"): [0, 1, 3, 3],
}
shared = pytest.mark.skipif(not SHARED.exists(), reason="the copies of the decisions are not here")


@pytest.fixture
def one(rule_sets):
    """Load single rubrics: ``one("qd26_2026", 1)``."""

    def load(edition, number, **changes):
        rubrics.load(rule_sets[edition], [of(edition, number) | changes])
        return Rubric.objects.with_draft().filter(number=number).latest("pk")

    return load


# --- What ships -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "counts", "minimums"),
    [
        ("qd26_2026", (26, 787, 2579), {3: 181, 4: 287, 5: 106}),
        ("qd1048_2019", (22, 663, 2369), {}),
    ],
)
def test_what_ships_is_complete(edition, counts, minimums):
    sets = shipped(edition)
    criteria = [row for each in sets for row in each["criteria"]]
    options = [option for row in criteria for option in row["options"]]
    marked = Counter(option.get("minimum_for") for option in options)
    del marked[None]

    assert (len(sets), len(criteria), len(options)) == counts
    assert marked == minimums


def test_alternatives_and_what_applies_only_sometimes():
    village = {row["code"]: row for row in of("qd26_2026", 26)["criteria"]}
    assert village["8"]["cases"] == ["Dịch vụ do cộng đồng cung cấp", "Điểm dịch vụ du lịch"]
    assert [(o["case"], o["points"]) for o in village["8"]["options"]] == [
        (1, 1),
        (1, 3),
        (2, 1),
        (2, 3),
    ]
    fresh = {row["code"]: row for row in of("qd26_2026", 1)["criteria"]}
    assert fresh["5.2"]["requires"] == "5.1"
    assert fresh["2.4"]["yes_no"] and [o["label"] for o in fresh["2.4"]["options"]] == [
        "Không",
        "Có",
    ]
    tea = {row["code"]: row for row in of("qd1048_2019", 1)["criteria"]}
    assert (tea["5.2"]["requires"], tea["5.3"]["requires"]) == ("5.1", "5.1")
    assert [(o["case"], o["points"]) for o in tea["3.2"]["options"]] == [
        (1, 1),
        (1, 2),
        (2, 0),
        (2, 1),
    ]


@shared
@pytest.mark.parametrize("edition", OFFICIAL)
def test_points_and_minimums_are_those_of_the_decision(edition):
    copied: dict[tuple, list] = {}
    with (SHARED / OFFICIAL[edition]).open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if not row["points"] or row.get("row_type") == "criterion_checkbox":
                continue
            code = row.get("code") or row["criterion_no"]
            # The second 6.1.3 of coffee is 6.1.4, and what follows moves on.
            if (edition, row["set_no"]) == ("qd1048_2019", "6"):
                code = {"Mùi": "6.1.4", "Vị": "6.1.5"}.get(row["criterion"], code)
            stars = row.get("min_star")
            copied.setdefault((edition, int(row["set_no"]), code), []).append(
                (int(row["points"]), int(stars) if stars else None)
            )
    ours = {
        (edition, each["number"], row["code"]): [
            (option["points"], option.get("minimum_for")) for option in row["options"]
        ]
        for each in shipped(edition)
        for row in each["criteria"]
        if not row.get("yes_no")
    }
    wrong = {key for key in ours if ours[key] != copied[key]}

    assert set(ours) == set(copied)
    assert wrong == {key for key in SLIPS if key[0] == edition}
    for key in wrong:
        assert [points for points, _stars in copied[key]] == SLIPS[key]


@shared
@pytest.mark.parametrize("edition", OFFICIAL)
def test_no_label_is_the_prose_of_the_decision(edition):
    def runs(text):
        words = re.findall(r"\w+", text.lower())
        return {" ".join(words[i : i + 6]) for i in range(len(words) - 5)}

    with (SHARED / OFFICIAL[edition]).open(encoding="utf-8-sig", newline="") as lines:
        prose = {row["option_text"] for row in csv.DictReader(lines)}
    official = set().union(*map(runs, prose))
    labels = {
        option["label"]
        for each in shipped(edition)
        for row in each["criteria"]
        for option in row["options"]
        if "label" in option
    }
    assert labels & prose == set()
    # Six words in a row may still agree where they are figures and names.
    assert {
        run for label in labels for run in runs(label) if not re.search(r"\d", run)
    } & official == set()


# --- What is refused ------------------------------------------------------------------------


def criterion(rubric, code):
    return next(row for row in rubric["criteria"] if row["code"] == code)


def option(rubric, code, index):
    return criterion(rubric, code)["options"][index]


FAULTS = {
    "a part does not add up": (
        "",
        "phần C phải 35 điểm",
        lambda r: (
            option(r, "12", -1).update(points=2),
            criterion(r, "12").update(points=2),
            criterion(r, "12")["options"].pop(1),
        ),
    ),
    "a section does not add up": (
        "6",
        "mục 13 điểm",
        lambda r: next(s for s in r["sections"] if s["code"] == "6").update(points=13),
    ),
    "the best level stays below": (
        "1.1",
        "không đạt điểm tối đa 4",
        lambda r: criterion(r, "1.1").update(points=4),
    ),
    "two levels give the same": (
        "1.1",
        "khác nhau và tăng dần: 1, 1, 3",
        lambda r: option(r, "1.1", 1).update(points=1),
    ),
    "levels fall": (
        "1.1",
        "khác nhau và tăng dần: 3, 2, 1",
        lambda r: criterion(r, "1.1")["options"].reverse(),
    ),
    "minimums fall": (
        "2.3",
        "tăng dần",
        lambda r: (
            option(r, "2.3", 0).update(minimum_for=4),
            option(r, "2.3", 2).update(minimum_for=3),
        ),
    ),
    "a minimum for two stars": (
        "2.3",
        "3, 4, 5 sao",
        lambda r: option(r, "2.3", 0).update(minimum_for=2),
    ),
    "a code twice": ("1.1", "mã lặp lại", lambda r: criterion(r, "1.2").update(code="1.1")),
    "no such section": ("9.1", "không có mục 9", lambda r: criterion(r, "9").update(code="9.1")),
    "no such part": ("1.1", "không có phần", lambda r: criterion(r, "1.1").update(part="D")),
    "no such group": ("", "không có nhóm", lambda r: r.update(group="arms")),
    "a label twice in one criterion": (
        "1.1",
        "cùng một nhãn",
        lambda r: option(r, "1.1", 1).update(label=option(r, "1.1", 0)["label"]),
    ),
    "requires what comes later": (
        "5.2",
        "chỉ chấm khi 5.3",
        lambda r: criterion(r, "5.2").update(requires="5.3"),
    ),
    "requires what always gives points": (
        "5.2",
        "chỉ chấm khi 1.1",
        lambda r: criterion(r, "5.2").update(requires="1.1"),
    ),
    "one alternative only": (
        "1.1",
        "từ hai trở lên",
        lambda r: (
            criterion(r, "1.1").update(cases=["Hộ"]),
            [each.update(case=1) for each in criterion(r, "1.1")["options"]],
        ),
    ),
    "an alternative without a name": (
        "1.1",
        "có tên",
        lambda r: [
            each.update(case=index) for index, each in enumerate(criterion(r, "1.1")["options"], 1)
        ],
    ),
    "yes and no and perhaps": (
        "2.4",
        "đúng hai mức",
        lambda r: criterion(r, "2.4")["options"].insert(1, {"points": 1}),
    ),
    "half a point": (
        "1.1",
        "số nguyên",
        lambda r: option(r, "1.1", 0).update(points=0.5),
    ),
    "a key nobody knows": ("1.1", "khóa", lambda r: criterion(r, "1.1").update(weight=2)),
    "no options": ("", "sai kiểu", lambda r: criterion(r, "1.1").update(options=[])),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_impossible_rubric_is_refused_by_set_and_criterion(name):
    code, reason, spoil = FAULTS[name]
    spoilt = of("qd26_2026", 1)
    spoil(spoilt)
    with pytest.raises(rubrics.RubricInvalid) as error:
        rubrics.check(spoilt, law("qd26_2026"), file("qd26_2026"))

    assert (error.value.number, error.value.code) == (1, code)
    assert str(error.value).startswith("qd26_2026/rubrics.json, bộ 1 «Rau, củ, quả, hạt tươi»")
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda c: c["labels"].pop("1"), "không có khóa hoặc nhãn '1'"),
        (lambda c: c["labels"].update({"x": c["labels"]["1"]}), "viết hai lần"),
        (lambda c: c["rubrics"].append(c["rubrics"][0]), "bộ số 1 có hai lần"),
        (lambda c: c.update(rubrics=None), "không đọc được"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path, spoil, reason):
    content = json.loads(file("qd26_2026").read_text(encoding="utf-8"))
    spoil(content)
    path = tmp_path / "rubrics.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(rubrics.RubricInvalid, match=reason):
        rubrics.read(path, law("qd26_2026"))


# --- Loading --------------------------------------------------------------------------------


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (Rubric, Criterion, Option)]


def test_rubrics_are_loaded_once(rule_sets):
    call_command("load_rubrics")
    before = everything()
    call_command("load_rubrics")

    assert everything() == before
    assert {
        edition: rule_set.rubrics.current().count() for edition, rule_set in rule_sets.items()
    } == {"qd851_2018": 0, "qd1048_2019": 22, "qd26_2026": 26}
    assert Option.objects.filter(criterion__rubric__rule_set=rule_sets["qd26_2026"]).count() == 2579


def test_rubrics_wait_for_their_rule_set(db):
    with pytest.raises(CommandError, match="chạy load_rulesets"):
        call_command("load_rubrics")


def test_a_corrected_rubric_stands_beside_the_old(one, rule_sets):
    old = one("qd26_2026", 1)
    one("qd26_2026", 2)
    new = one("qd26_2026", 1, name="Rau tươi")

    assert new.pk != old.pk
    assert list(rule_sets["qd26_2026"].rubrics.current().values_list("number", "name")) == [
        (1, "Rau tươi"),
        (2, "Thịt, thủy sản, trứng, sữa tươi"),
    ]
    assert Rubric.objects.get(pk=old.pk).name == "Rau, củ, quả, hạt tươi"


def test_what_was_loaded_is_what_the_file_says(one):
    rubric = one("qd26_2026", 1)
    said = of("qd26_2026", 1)

    assert rubric.content_hash == rulesets.content_hash(said)
    assert [
        (row.code, row.part, row.title, row.points, row.yes_no, row.requires and row.requires.code)
        for row in rubric.criteria.select_related("requires")
    ] == [
        (r["code"], r["part"], r["title"], r["points"], r.get("yes_no", False), r.get("requires"))
        for r in said["criteria"]
    ]
    assert [
        (each.points, each.minimum_for, each.short_label)
        for each in Option.objects.filter(criterion__rubric=rubric).order_by(
            "criterion__position", "level"
        )
    ] == [
        (o["points"], o.get("minimum_for"), o.get("label", ""))
        for r in said["criteria"]
        for o in r["options"]
    ]
    assert rubric.eliminations.count() == len(said["eliminations"]) + sum(
        len(r["eliminations"]) for r in said["criteria"]
    )


def test_a_level_is_called_as_well_as_it_can_be(one):
    option = one("qd26_2026", 1).criteria.get(code="1.1").options.get(level=2)
    assert option.label == option.short_label != ""
    assert Option(level=2).label == "Mức 2"
    Wording.objects.create(option=option, text="Lời văn của quyết định", document="QĐ 26/2026")
    assert Option.objects.get(pk=option.pk).label == "Lời văn của quyết định"


# --- The official wording -------------------------------------------------------------------


@pytest.fixture
def official(tmp_path):
    """Write a file in the format of the copies, that says of one rubric what we made up."""

    def write(number=1, spoil=None):
        said = of("qd26_2026", number)
        rows = [["", "", "", "", "disqualifier", "", "", "Giả mạo hồ sơ", ""]]
        for section in said["sections"]:
            head = [section["part"], section["code"], section["title"].upper(), section["points"]]
            rows.append([*head, "section", "", "", "", ""])
        for row in said["criteria"]:
            head = [row["part"], row["code"], row["title"] + " (Giải thích)", row["points"]]
            if row.get("yes_no"):
                rows.append([*head, "criterion_checkbox", row["points"], "", "", ""])
                continue
            for o in row["options"]:
                text = f"Lời văn {row['code']}/{o['points']}"
                note = "[transcript shows nothing] / Ghi chú: xem phụ lục"
                rows.append([*head, "option", o["points"], o.get("minimum_for"), text, note])
        rows = [[number, said["name"], *row] for row in rows]
        if spoil:
            spoil(rows)
        path = tmp_path / "official.csv"
        with path.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([COLUMNS.split(), *rows])
        return path

    return write


def at(rows, code, points):
    """The index of one option; its line in the file is two more."""
    return next(i for i, row in enumerate(rows) if (row[3], row[7]) == (code, points))


def test_the_official_wording_lies_over_the_labels_and_changes_nothing_else(one, official):
    rubric = one("qd26_2026", 1)
    before = everything()
    assert rubric.draft

    call_command("load_rubrics", official(), document="Phụ lục I, QĐ 26/2026/QĐ-TTg")

    assert everything() == before
    assert not Rubric.objects.with_draft().get().draft
    criterion = rubric.criteria.get(code="1.1")
    assert [option.label for option in criterion.options.all()] == [
        "Lời văn 1.1/1",
        "Lời văn 1.1/2",
        "Lời văn 1.1/3",
    ]
    assert criterion.label == "Nguồn gốc sản phẩm (Giải thích) – Ghi chú: xem phụ lục"
    assert rubric.eliminations.get(criterion=None).label == "Giả mạo hồ sơ"
    assert set(Wording.objects.values_list("document", flat=True)) == {
        "Phụ lục I, QĐ 26/2026/QĐ-TTg"
    }


def test_wording_is_corrected_by_loading_it_again(one, official):
    rubric = one("qd26_2026", 1)
    call_command("load_rubrics", official())
    count = Wording.objects.count()

    def correct(rows):
        rows[at(rows, "1.1", 2)][9] = "Lời văn đúng"

    call_command("load_rubrics", official(spoil=correct))

    assert rubric.criteria.get(code="1.1").options.get(level=2).label == "Lời văn đúng"
    assert Wording.objects.count() == count


def drop(code, points):
    return lambda rows: rows.pop(at(rows, code, points))


def put(code, points, column, value):
    return lambda rows: rows[at(rows, code, points)].__setitem__(column, value)


def again(code, points):
    return lambda rows: rows.append(list(rows[at(rows, code, points)]))


@pytest.mark.parametrize(
    ("spoil", "where", "reason"),
    [
        (put("1.1", 2, 7, 1), ("1.1", 2), "mức này 2 điểm, tệp ghi 1"),
        (put("1.1", 2, 9, ""), ("1.1", 2), "thiếu lời văn"),
        (put("1.1", 1, 4, "Bao bì"), ("1.1", 1), "tiêu chí 1.1 là «Nguồn gốc sản phẩm»"),
        (drop("1.1", 3), ("1.1", 2), "thiếu mức điểm sau dòng này"),
        (put("1.1", 1, 3, "99"), ("99", 1), "không có tiêu chí 99"),
        (again("1.1", 1), None, "tiêu chí 1.1 đã có ở trên"),
    ],
)
def test_a_slip_is_refused_with_its_row(one, official, spoil, where, reason):
    one("qd26_2026", 1)
    path = official(spoil=spoil)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    points = dict(zip(COLUMNS.split(), range(11), strict=True))["points"]
    if where is None:
        line = len(rows) + 1
    elif reason.startswith("mức này"):
        line = next(i for i, row in enumerate(rows, 2) if row[3] == "1.1" and row[9].endswith("/2"))
    else:
        line = next(
            i for i, row in enumerate(rows, 2) if (row[3], row[points]) == (where[0], str(where[1]))
        )
    with pytest.raises(CommandError) as error:
        call_command("load_rubrics", path)

    assert str(error.value).startswith(f"official.csv, dòng {line}: bộ 1, ")
    assert reason in str(error.value)
    assert not Wording.objects.exists()


def test_every_slip_is_named_at_once(one, official):
    one("qd26_2026", 1)

    def spoil(rows):
        rows[at(rows, "1.1", 2)][7] = 1
        rows[at(rows, "1.2", 1)][9] = ""

    with pytest.raises(CommandError) as error:
        call_command("load_rubrics", official(spoil=spoil))
    assert len(str(error.value).splitlines()) == 2


def test_wording_of_a_set_that_is_not_loaded_is_refused(one, official):
    one("qd26_2026", 1)
    with pytest.raises(CommandError, match="dòng 2: không có bộ số 2 tên «Thịt, thủy sản"):
        call_command("load_rubrics", official(2))
    with pytest.raises(CommandError, match="Chưa có bộ quy định «qd99»"):
        call_command("load_rubrics", official(), edition="qd99")


@shared
@pytest.mark.parametrize(
    ("edition", "lines", "corrections"),
    [
        (
            "qd26_2026",
            [698, 2438],
            {698: ("option,1,", "option,2,"), 2438: ("option,1,", "option,0,")},
        ),
        (
            "qd1048_2019",
            [192, 649, 652, 1312, 1944, 2047],
            {192: (",3,", ",2,")}
            | dict.fromkeys(range(649, 652), ("6.1.3", "6.1.4"))
            | dict.fromkeys(range(652, 656), ("6.1.4", "6.1.5"))
            | dict.fromkeys(
                [*range(1312, 1316), *range(1944, 1947), *range(2047, 2050)], ("Iiệu", "liệu")
            ),
        ),
    ],
)
def test_the_copies_of_the_decisions_fit_once_their_slips_are_put_right(
    rule_sets, tmp_path, edition, lines, corrections
):
    call_command("load_rubrics")
    with pytest.raises(CommandError) as error:
        call_command("load_rubrics", SHARED / OFFICIAL[edition], edition=edition)
    assert [int(line) for line in re.findall(r"dòng (\d+)", str(error.value))] == lines

    text = (SHARED / OFFICIAL[edition]).read_text(encoding="utf-8-sig").splitlines()
    for line, (wrong, right) in corrections.items():
        text[line - 1] = text[line - 1].replace(wrong, right)
    path = tmp_path / "corrected.csv"
    path.write_text("\n".join(text), encoding="utf-8")
    call_command("load_rubrics", path, edition=edition)
    assert not rule_sets[edition].rubrics.current().with_draft().filter(draft=True).exists()


# --- The pages ------------------------------------------------------------------------------


def text(response):
    return response.content.decode()


def test_an_officer_looks_a_set_up_without_diacritics(client, an, one):
    for number in (1, 6, 7):
        one("qd26_2026", number)
    one("qd1048_2019", 1)
    client.force_login(an)

    page = text(client.get("/rubrics/?q=che+bien+RAU"))
    assert "Chế biến từ rau, củ, quả, hạt" in page and "Chế biến từ gạo" not in page
    assert "Chè tươi, chế biến" in text(client.get("/rubrics/?edition=qd1048_2019&q=che"))
    assert "Không có bộ sản phẩm nào khớp «xyz»" in text(client.get("/rubrics/?q=xyz"))


def test_the_list_says_when_there_is_nothing(client, an, rule_sets):
    client.force_login(an)
    assert "Chưa nạp bộ tiêu chí nào" in text(client.get("/rubrics/"))


def test_the_sheet_says_what_a_level_means_and_that_it_is_a_draft(client, an, one, official):
    rubric = one("qd26_2026", 1)
    client.force_login(an)
    page = text(client.get(f"/rubrics/{rubric.pk}/"))

    assert "BẢN NHÁP – chưa nạp lời văn chính thức" in page
    assert page.count("tối thiểu cho 4 sao") == 12
    assert "Chỉ chấm khi tiêu chí 5.1 có điểm." in page
    assert "Phần A (40 điểm)" in page and "Phần C (35 điểm)" in page
    assert "Loại khi" in page

    call_command("load_rubrics", official())
    page = text(client.get(f"/rubrics/{rubric.pk}/"))
    assert "BẢN NHÁP" not in page and "Lời văn 1.1/2" in page


def test_the_sheet_names_the_alternatives(client, an, one):
    client.force_login(an)
    page = text(client.get(f"/rubrics/{one('qd26_2026', 26).pk}/"))
    assert "Chọn một trong 2 trường hợp." in page
    assert "Trường hợp 2: Điểm dịch vụ du lịch" in page


def test_a_stranger_signs_in_first(client, one):
    rubric = one("qd26_2026", 1)
    for address in ("/rubrics/", f"/rubrics/{rubric.pk}/"):
        assert client.get(address).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("rows", (1, 3))
def test_rubric_query_counts(client, an, one, rows, django_assert_num_queries):
    loaded = [one("qd26_2026", number) for number in range(1, rows + 1)]
    client.force_login(an)
    with django_assert_num_queries(6):
        client.get("/rubrics/")
    with django_assert_num_queries(6):
        client.get(f"/rubrics/{loaded[-1].pk}/")

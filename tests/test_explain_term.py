"""``explain_term``: the same arithmetic at the prompt, over the shipped calendar, by itself."""

import json
import os
import subprocess
import sys
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cycle.management.commands.explain_term import shipped_calendar
from cycle.workdays import parse_length

#: start, length, days off added, days worked added, due day.
CASES = [
    # The case of the issue: is 24/11 a day off?
    ("2026-11-20", "15wd", [], [], "2026-12-14"),
    ("2026-11-20", "15wd", [], ["2026-11-24"], "2026-12-11"),
    ("2026-11-20", "15wd", ["2026-11-24"], [], "2026-12-14"),
    ("2026-11-20", "15wd", ["2026-12-14"], [], "2026-12-15"),
    # Tết 2026: Monday 16/2 to Friday 20/2.
    ("2026-02-13", "1wd", [], [], "2026-02-23"),
    ("2026-02-13", "5wd", [], [], "2026-02-27"),
    ("2026-02-06", "10d", [], [], "2026-02-23"),
    ("2026-01-17", "1m", [], [], "2026-02-23"),
    # Tết 2027: 4/2 to 10/2.
    ("2027-02-03", "1wd", [], [], "2027-02-11"),
    # Giỗ Tổ on a Sunday, made good on Monday 27/4/2026.
    ("2026-04-24", "1wd", [], [], "2026-04-28"),
    # 30/4 and 1/5.
    ("2026-04-29", "1wd", [], [], "2026-05-04"),
    ("2026-03-31", "30d", [], [], "2026-05-04"),
    # Swapped: Saturday 22/8/2026 is worked, Monday 31/8 is off.
    ("2026-08-21", "1wd", [], [], "2026-08-22"),
    ("2026-08-21", "1d", [], [], "2026-08-22"),
    ("2026-08-28", "1wd", [], [], "2026-09-03"),
    ("2026-08-28", "3d", [], [], "2026-09-03"),
    ("2026-08-21", "1wd", ["2026-08-22"], [], "2026-08-24"),
    ("2026-08-28", "1wd", [], ["2026-08-31"], "2026-08-31"),
    # Swapped in 2024 (4/5 for 29/4) and in 2025 (26/4 for 2/5).
    ("2024-04-26", "1wd", [], [], "2024-05-02"),
    ("2024-05-03", "1wd", [], [], "2024-05-04"),
    ("2025-04-25", "1wd", [], [], "2025-04-26"),
    ("2025-04-29", "1wd", [], [], "2025-05-05"),
    # The clocks of the law: transition of 60 and 30 days, 45 days, 36 months.
    ("2026-05-22", "60d", [], [], "2026-07-21"),
    ("2026-05-22", "30d", [], [], "2026-06-22"),
    ("2026-05-22", "45d", [], [], "2026-07-06"),
    ("2023-11-24", "36m", [], [], "2026-11-25"),
    ("2024-02-29", "36m", [], [], "2027-03-01"),
    ("2025-01-31", "1m", [], [], "2025-02-28"),
    # Nothing at all: the day itself, or the next that is worked.
    ("2026-11-20", "0wd", [], [], "2026-11-20"),
    ("2026-11-21", "0d", [], [], "2026-11-23"),
]
PROJECT = Path(__file__).parents[1]


def explain(*arguments):
    said = StringIO()
    call_command("explain_term", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize(("start", "length", "off", "worked", "due_on"), CASES)
def test_the_due_day(start, length, off, worked, due_on):
    calendar = shipped_calendar(
        [date.fromisoformat(day) for day in off], [date.fromisoformat(day) for day in worked]
    )
    projection = calendar.project(date.fromisoformat(start), *parse_length(length))
    assert projection.due_on == date.fromisoformat(due_on)


def test_each_day_skipped_is_named_with_its_reason():
    said = json.loads(explain("2026-11-20", "15wd", "--json"))
    assert said["due_on"] == "2026-12-14"
    assert (said["start"], said["amount"], said["unit"]) == ("2026-11-20", 15, "wd")
    skipped = {row["day"]: row["reason"] for row in said["skipped"]}
    assert len(skipped) == 9
    assert skipped["2026-11-21"] == "thứ Bảy"
    assert skipped["2026-11-22"] == "Chủ nhật"
    assert skipped["2026-11-24"] == "Ngày Văn hóa Việt Nam (Chưa xác minh)"
    assert "2026-12-12" in skipped


def test_a_day_worked_after_all_is_not_skipped():
    said = json.loads(explain("2026-11-20", "15wd", "--worked", "2026-11-24", "--json"))
    assert said["due_on"] == "2026-12-11"
    assert "2026-11-24" not in {row["day"] for row in said["skipped"]}


def test_a_day_off_added_is_named_as_such():
    said = json.loads(explain("2026-11-20", "15wd", "--off", "2026-12-14", "--json"))
    assert said["due_on"] == "2026-12-15"
    assert {"day": "2026-12-14", "reason": "ngày nghỉ (nhập tay)"} in said["skipped"]


def test_without_json_it_says_the_same_in_vietnamese():
    said = explain("2026-08-28", "1wd").splitlines()
    assert said[0] == "Từ 28/08/2026, ngày đầu không tính."
    assert "  không tính 29/08/2026: thứ Bảy" in said
    assert any(line.startswith("  không tính 31/08/2026: Nghỉ hoán đổi") for line in said)
    assert said[-1] == "Hạn: hết ngày 03/09/2026."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2026-02-30", "15wd"], "Ngày 30/02/2026 không có thật"),
        (["20/13/2026", "15wd"], "Ngày 20/13/2026 không có thật"),
        (["2026-11-20", "15"], "«15» không phải độ dài thời hạn: viết 15wd, 45d hoặc 36m"),
        (["2026-11-20", "15wd", "--off", "x"], "argument --off: Hãy ghi ngày"),
    ],
)
def test_what_is_no_day_or_length_is_refused_in_words(arguments, said):
    with pytest.raises(CommandError, match=said):
        explain(*arguments)


# --- By itself ------------------------------------------------------------------------------


GIVEN = {
    "DATABASE_URL",
    "DATABASE_WORK_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
}


def at_the_prompt(**environment):
    clean = {key: value for key, value in os.environ.items() if key not in GIVEN}
    return subprocess.run(
        [sys.executable, "manage.py", "explain_term", "2026-11-20", "15wd", "--json"],
        cwd=PROJECT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_needs_no_database():
    done = at_the_prompt(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", OCOP_PRODUCTION="0")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["due_on"] == "2026-12-14"


def test_it_starts_no_database_of_our_own(tmp_path):
    done = at_the_prompt(OCOP_STATE=str(tmp_path / "state"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["due_on"] == "2026-12-14"
    assert not (tmp_path / "state").exists()

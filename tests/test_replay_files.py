"""The files of a replayed year: a changed row changes the figures, a wrong one is refused."""

import shutil
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from councils.models import EvaluationRound
from councils.stories.replay import DATA
from cycle.models import Cycle
from cycle.tables import RowRefused
from dossiers.models import Evaluation
from tests.owning import settle
from tests.replaying import FIGURES, figures, replay


@pytest.fixture(scope="module", autouse=True)
def reference(django_db_setup, django_db_blocker):
    """Units, rule sets and days off, loaded once for all tests here."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_reference", stdout=StringIO())
        settle()
        yield
        transaction.set_rollback(True)


pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow(reason="the year 2021 is replayed from changed files"),
]


@pytest.fixture
def folder(tmp_path):
    """A copy of the files, to be changed."""
    for file in DATA.glob("dien_bien_2021*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
def short(folder):
    """The same with two products of one district alone."""
    file = folder / "dien_bien_2021.csv"
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if ",ruou-nep-27," in line or ",qua-doi," in line]
    file.write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    return folder


def change(folder, name, old, new, having=""):
    """Replace ``old`` once, in the first line that also holds ``having``; returns its number."""
    file = folder / name
    lines = file.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines) if old in line and having in line)
    lines[number] = lines[number].replace(old, new, 1)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number + 1


def drop(folder, product, act):
    """Take the row of ``act`` of ``product`` out of the file."""
    file = folder / "dien_bien_2021.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not (f",{product}," in line and f",{act}," in line)]
    assert len(kept) == len(lines) - 1
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")


def test_a_council_that_is_not_named_hands_in_its_result_on_paper(folder):
    file = folder / "dien_bien_2021_councils.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("096,")]
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    replay(folder=folder)
    assert figures() == FIGURES
    assert EvaluationRound.objects.count() == 7


def test_the_figures_follow_a_changed_row(folder):
    # The bưởi is not certified either, the wine gets four stars, the target is another.
    change(folder, "dien_bien_2021.csv", ",certify,issued_on=2021-12-14,,", ",not_recognise,,Nhãn,",
           having="buoi-kien-trung")  # fmt: skip
    drop(folder, "buoi-kien-trung", "promote")
    change(folder, "dien_bien_2021.csv", "points_sum=500; sheets=9; stars=3",
           "points_sum=640; sheets=9; stars=4")  # fmt: skip
    change(folder, "dien_bien_2021_cycle.csv", "target_new,34", "target_new,16")
    replay(folder=folder)
    assert figures() == FIGURES | {
        "certified": {"3": 7, "4": 1},
        "not_recognised": 2,
        "target_new": 16,
        "achieved_percent": 50.0,
    }


def test_the_producers_follow_a_changed_row(folder):
    change(folder, "dien_bien_2021_products.csv", "phan-thanh-ngot,Hộ Phan Thanh Ngọt",
           "khac,Chủ thể khác", having="tra-ph14")  # fmt: skip
    replay(folder=folder)
    assert figures() == FIGURES | {"producers": 11}


@pytest.mark.parametrize(
    ("old", "new", "having", "said"),
    [
        (",qua-doi,", ",qua-gi,", ",rank,", "không có sản phẩm «qua-gi»"),
        ("officer,100", "officer,999", "", "không có đơn vị mã «999»"),
        ("officer,100,", "cook,100,", "", "không có vai trò «cook»"),
        (",rank,", ",judge,", "", "không có việc «judge»"),
        ("2021-07-2", "2021-13-2", ",rank_at_district,", "không phải ngày giờ"),
        ("2021-11-18", "2020-11-18", ",rank,", "ngoài chu trình"),
        ("2021-11-18 ", "2021-02-18 ", ",rank,", "trước việc liền trước"),
        (",rank,", ",certify,", "", "không biết «met_on»"),
        (
            ",propose_recognition,",
            ",return_submission,",
            "",
            "không ở chỗ làm được việc «return_submission»",
        ),
        ("council_office,11,", "officer,11,", ",rank,", "việc này của Thường trực hội đồng tỉnh"),
        ("officer,100,enter_late", "leader,100,enter_late", "", "không được làm việc này"),
        ("stars=3", "stars=5", ",rank,", "chỉ đạt 3 sao"),
        ("points_sum=500", "points_sum=500.5", ",rank,", "không cho được"),
        ("sheets=9", "sheets=10", ",rank,", "chỉ có 9 người chấm"),
        ("points_sum=", "points=", ",rank,", "không biết «points»"),
        ("points_sum=", "points_sum=nhiều ", ",rank,", "không hợp lệ cho «points_sum»"),
        ("entered_as=existing", "entered_as=ghost", "", "giá trị không hợp lệ"),
        ("kind=registration_form", "kind=photo", "", "không có loại tài liệu này"),
        ("registration_form+", "", "", "Hồ sơ còn thiếu"),
    ],
)
def test_a_wrong_row_is_refused_by_its_number_and_nothing_is_kept(short, old, new, having, said):
    number = change(short, "dien_bien_2021.csv", old, new, having)
    with pytest.raises(RowRefused, match=said) as refused:
        replay(folder=short)
    if "còn thiếu" not in said:  # the paper is missed later, when the dossier is received
        assert refused.value.line == number
    assert not Cycle.objects.exists()
    assert not Evaluation.objects.exists()


def test_a_row_without_source_must_say_that_it_is_assumed(short):
    change(short, "dien_bien_2021.csv", ",,,,,,1,", ",,,,,,,", having=",open,")
    with pytest.raises(RowRefused, match="cần nguồn, hoặc đánh dấu giả định"):
        replay(folder=short)

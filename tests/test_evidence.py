"""Evidence: attached by kind and criterion, versions kept, served to those who may see the file."""

import hashlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cycle import clock
from dossiers.models import Evidence, State
from dossiers.walk import doors
from tests import records
from tests.ground import kept
from tests.judging import rubric_of
from tests.pages import shown
from tests.standing import stand
from tests.stored import office, path_of
from tests.world import events, open_task

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\nn\xe1\xbb\x99i dung obj %%EOF"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR rest IEND"
XLSX = office("xl/workbook.xml")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def attach(user, dossier, file=None, **fields):
    data = {"kind": "business_registration", "title": "Giấy đăng ký kinh doanh"} | fields
    if file:
        data["file"] = file
    return signed_in(user).post(
        reverse("dossiers:act", args=[dossier.pk, "attach_evidence"]),
        {f"attach_evidence-evidence-{key}": value for key, value in data.items()},
    )


def get(user, evidence):
    return signed_in(user).get(reverse("dossiers:evidence", args=[evidence.pk]))


def sentences(response):
    return [str(sentence) for _place, sentence in response.context["form"].problems]


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_kept_by_its_content_and_comes_back(dossier, an, media):
    name = "Giấy ĐKKD “Nà Tấu”.pdf"
    response = attach(an, dossier, SimpleUploadedFile(name, PDF), pages="3")
    assert response.status_code == 302
    evidence = dossier.evidence.get()
    assert evidence.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (evidence.bytes, evidence.filename) == (len(PDF), name)
    assert files_in(media) == [path_of(evidence.sha256)]

    page = get(an, evidence)
    assert b"".join(page.streaming_content) == PDF
    assert page.headers["Content-Type"] == "application/pdf"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Disposition"].startswith("inline; filename*=utf-8''Gi%E1%BA%A5y")
    assert "\n" not in page.headers["Content-Disposition"]


def test_what_a_browser_could_run_is_never_shown_inline(dossier, an):
    attach(an, dossier, SimpleUploadedFile("sổ sách.xlsx", XLSX))
    page = get(an, dossier.evidence.get())
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment;")


def test_the_same_content_twice_is_one_file(dossier, an, media):
    for title in ("Bản 1", "Bản 2"):
        attach(an, dossier, SimpleUploadedFile("a.png", PNG), title=title)
    assert dossier.evidence.count() == 2
    assert len(files_in(media)) == 1


def test_a_stranger_and_a_lost_file_get_plain_pages(dossier, an, la, minh, media):
    attach(an, dossier, SimpleUploadedFile("a.pdf", PDF))
    evidence = dossier.evidence.get()
    assert get(la, evidence).status_code == 404
    assert get(minh, evidence).status_code == 200
    assert Client().get(reverse("dossiers:evidence", args=[evidence.pk])).status_code == 302
    path_of(evidence.sha256).unlink()
    page = get(an, evidence)
    assert page.status_code == 404
    assert "tệp không còn trên máy chủ" in page.content.decode()


def test_a_paper_has_a_place_and_no_file(dossier, an):
    attach(an, dossier, paper_location="Tủ hồ sơ số 2")
    evidence = dossier.evidence.get()
    assert get(an, evidence).status_code == 404
    text = signed_in(an).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "bản giấy tại Tủ hồ sơ số 2" in text


def test_a_new_version_replaces_and_both_stay(dossier, an):
    attach(an, dossier, SimpleUploadedFile("a.pdf", PDF))
    first = dossier.evidence.get()
    page = signed_in(an).get(
        reverse("dossiers:act", args=[dossier.pk, "attach_evidence"]),
        {"kind": first.kind, "replaces": first.pk},
    )
    assert f'<option value="{first.pk}" selected>' in page.content.decode()
    attach(an, dossier, SimpleUploadedFile("b.pdf", PDF + b"2"), replaces=first.pk)
    second = dossier.evidence.current().get()
    assert (second.replaces, second.version) == (first, 2)
    page = signed_in(an).get(reverse("dossiers:dossier", args=[dossier.pk]))
    (kind,) = page.context["evidence"]
    assert [(row["piece"], row["older"]) for row in kind["pieces"]] == [(second, [first])]
    assert b"".join(get(an, first).streaming_content) == PDF

    # The old one cannot be replaced a second time.
    response = attach(an, dossier, SimpleUploadedFile("c.pdf", PDF), replaces=first.pk)
    assert sentences(response) == ["Tài liệu này vừa được thay bằng bản khác: hãy tải lại trang."]


def test_a_version_is_of_the_same_kind(dossier, an):
    attach(an, dossier, SimpleUploadedFile("a.pdf", PDF))
    response = attach(
        an,
        dossier,
        SimpleUploadedFile("b.pdf", PDF),
        kind="awards",
        replaces=dossier.evidence.get().pk,
    )
    assert sentences(response) == ["Tài liệu được thay phải cùng loại."]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("a.pdf", b"<html><script>alert(1)</script>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.html", PDF),
        ("a.pdf.html", PDF),
    ],
)
def test_other_kinds_of_files_are_refused(dossier, an, media, name, content):
    response = attach(an, dossier, SimpleUploadedFile(name, content))
    assert sentences(response) == ["Chỉ nhận tệp PDF, ảnh JPG hoặc PNG, Word (docx), Excel (xlsx)."]
    assert files_in(media) == []


def test_an_empty_an_oversized_and_no_file_get_their_sentence(dossier, an, media, settings):
    assert sentences(attach(an, dossier, SimpleUploadedFile("a.pdf", b""))) == [
        "Tệp này rỗng, xin chọn lại."
    ]
    settings.MAX_EVIDENCE_BYTES = 1024**2
    big = SimpleUploadedFile("a.pdf", PDF + b"x" * 1024**2)
    assert sentences(attach(an, dossier, big)) == ["Tệp nặng quá 1 MB, xin chia nhỏ hoặc nén lại."]
    assert sentences(attach(an, dossier)) == ["Bạn chưa chọn tệp, cũng chưa ghi nơi giữ bản giấy."]
    assert files_in(media) == []
    assert events(dossier) == ["dossier.open"]


def test_a_long_name_keeps_its_ending(dossier, an):
    attach(an, dossier, SimpleUploadedFile("ơ" * 240 + ".pdf", PDF))
    filename = dossier.evidence.get().filename
    assert (len(filename), filename[-5:]) == (200, "ơ.pdf")


def test_a_paper_that_expires_before_it_was_issued_is_refused(dossier, an):
    today = f"{clock.today():%d/%m/%Y}"
    response = attach(an, dossier, paper_location="Tủ 1", issued_on=today, expires_on="01/01/2020")
    assert sentences(response) == ["Ngày hết hạn phải sau ngày cấp."]


def test_who_may_not_attach_is_refused(dossier, kiem, la):
    assert attach(kiem, dossier, SimpleUploadedFile("a.pdf", PDF)).status_code == 403
    assert attach(la, dossier, SimpleUploadedFile("a.pdf", PDF)).status_code == 404
    assert not Evidence.objects.exists()


# --- What it proves -------------------------------------------------------------------------


@pytest.fixture
@kept
def rubric(dossier, an):
    rubric = rubric_of(dossier)
    doors.act(dossier.process, "choose_rubric", by=an, rubric=rubric)
    dossier.lock()
    return rubric


def attach_form(user, dossier, **asked):
    return signed_in(user).get(reverse("dossiers:act", args=[dossier.pk, "attach_evidence"]), asked)


def test_it_proves_criteria_of_the_dossiers_set(dossier, an, rubric):
    first, *_others, last = rubric.criteria.all()
    page = attach_form(an, dossier).content.decode()
    assert f'value="{first.code}"' in page
    assert str(last) in page
    codes = [first.code, last.code]
    response = attach(an, dossier, paper_location="Tủ hồ sơ số 2", criteria=codes)
    assert response.status_code == 302
    assert dossier.evidence.get().criteria == codes
    text = signed_in(an).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert f"tiêu chí {first.code}, {last.code}" in text


@pytest.mark.parametrize("typed", ("99.9", "\x00", "1.1'; --"))
def test_a_code_of_no_criterion_is_refused_and_the_rest_kept(dossier, an, rubric, typed):
    response = attach(an, dossier, paper_location="Tủ số 2", criteria=["1.1", typed])
    assert sentences(response) == ["Lựa chọn này không có trong danh sách."]
    assert "Tủ số 2" in response.content.decode()
    assert not dossier.evidence.exists()


def test_the_door_refuses_it_too(dossier, an, rubric):
    record = records.paper("awards")
    record.criteria = ["1.1", "99.9"]
    with pytest.raises(ValidationError, match=r"không có tiêu chí 99\.9"):
        doors.act(dossier.process, "attach_evidence", by=an, record=record)


def test_before_a_set_is_chosen_nothing_is_asked_and_the_way_is_told(dossier, an):
    assert "hãy chọn bộ sản phẩm trước" not in attach_form(an, dossier).content.decode()
    rubric_of(dossier)
    page = attach_form(an, dossier).content.decode()
    assert "hãy chọn bộ sản phẩm trước" in page
    assert 'name="attach_evidence-evidence-criteria"' not in page
    record = records.paper("awards")
    record.criteria = ["1.1"]
    with pytest.raises(ValidationError, match=r"không có tiêu chí 1\.1"):
        doors.act(dossier.process, "attach_evidence", by=an, record=record)


def test_a_new_version_proves_what_the_old_one_did(dossier, an, rubric):
    attach(an, dossier, paper_location="Tủ số 2", criteria=["1.1", "1.2"])
    old = dossier.evidence.get()
    form = attach_form(an, dossier, replaces=old.pk).context["form"]
    assert form.parts[0].initial["criteria"] == ["1.1", "1.2"]
    for garbage in ("x", "\x00", "0"):
        assert attach_form(an, dossier, replaces=garbage).status_code == 200


def test_old_codes_stay_where_no_set_is_chosen(dossier, an, cast):
    old = records.paper("awards")
    old.dossier, old.recorded_by, old.at, old.criteria = dossier, an, clock.now(), ["A.1"]
    old.save()
    response = attach(
        an, dossier, kind="awards", title="Bản mới", paper_location="Tủ 3", replaces=old.pk
    )
    assert response.status_code == 302
    assert dossier.evidence.current().get().criteria == ["A.1"]


def test_several_files_are_so_many_pieces_added_from_the_task_itself(dossier, an):
    dossier = stand(dossier, State.ASSEMBLING)
    task = open_task(dossier)
    page = signed_in(an).get(reverse("dossiers:task", args=[task.pk]))
    where = reverse("dossiers:act", args=[dossier.pk, "attach_evidence"])
    assert f'action="{where}"' in page.content.decode()
    several = [SimpleUploadedFile(name, PDF + name.encode()) for name in ("a.pdf", "b.pdf")]
    answer = attach(an, dossier, several)
    # Back to the task, where the other form is.
    assert answer.url == reverse("dossiers:task", args=[task.pk])
    titles = [f"Giấy đăng ký kinh doanh: {name}" for name in "ab"]
    assert list(dossier.evidence.order_by("pk").values_list("title", flat=True)) == titles
    assert dossier.history.filter(event="dossier.attach_evidence").count() == 1
    # One that is wrong is named, the others are held; one piece is not replaced by two.
    wrong = [SimpleUploadedFile("c.pdf", PDF + b"c"), SimpleUploadedFile("d.pdf", b"no")]
    answer = attach(an, dossier, wrong)
    assert "d.pdf" in str(sentences(answer)) and "c.pdf" in shown(answer.content.decode())
    old = dossier.evidence.first()
    two = [SimpleUploadedFile(name, PDF + name.encode()) for name in ("e.pdf", "f.pdf")]
    answer = attach(an, dossier, two, replaces=old.pk)
    assert "hãy chọn một tệp" in str(sentences(answer))
    assert dossier.evidence.count() == 2

"""What an event of step 1 leaves: who attended, photos and materials."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cycle import clock, files
from cycle.models import HistoryEntry
from dossiers.law.conditions import ConditionNotMet
from dossiers.models import OutreachEvent, OutreachFile
from dossiers.office import outreach
from tests.public_pages import main

pytestmark = pytest.mark.django_db

PEOPLE = (
    "STT\tHọ và tên\tĐơn vị\tĐiện thoại\n1\tLò Văn Pâng\tHTX Nà Tấu\t0912 345 678\n2\tCà Thị Hoa\n"
)


@pytest.fixture
def event(cycle, commune, an):
    found = OutreachEvent(
        cycle=cycle, org_unit=commune, held_on=clock.today(), title="Họp bản", kind="meeting",
        place="Nhà văn hóa bản Nà Luống", attendance=2, recorded_by=an,
    )  # fmt: skip
    outreach.record(found, by=an)
    return found


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_who_attended_is_typed_or_pasted_and_read_by_who_may_correct_it(
    event, an, minh, chi, la, kiem
):
    """The list is replaced as a whole, never in silence over another's; history names nobody."""
    at, client = f"/outreach/{event.pk}/attendance/", signed_in(an)
    assert "Nhà văn hóa bản Nà Luống" in main(client.get(f"/outreach/{event.pk}/"))
    for typed, said in (
        ("Lò Văn Pâng; Nà Tấu; mật ong", "Dòng 1: «mật ong» không phải số điện thoại"),
        ("A; b; 0912345678; d", "Dòng 1: hãy ghi họ và tên"),
        ("Lò Văn Pâng\n\n; Nà Tấu", "Dòng 3: hãy ghi họ và tên"),
        ("12", "Dòng 1: hãy ghi họ và tên"),
        ("x" * 151, "Dòng 1: tên dài quá"),
        ("\n".join(["Lò Văn Pâng"] * 501), "nhiều nhất 500 người"),
        ("Lò\x00", "ký tự không đọc được"),
    ):
        errors = client.post(at, {"people": typed, "seen": ""}).context["form"].errors
        assert said in errors["people"][0], typed
    assert client.post(at, {"people": PEOPLE, "seen": ""}).status_code == 302
    listed = [("Lò Văn Pâng", "HTX Nà Tấu", "0912345678"), ("Cà Thị Hoa", "", "")]
    assert outreach.attendance_of(event) == listed
    page = client.get(at)
    typed = page.context["form"]["people"].value()
    assert typed == "Lò Văn Pâng; HTX Nà Tấu; 0912345678\nCà Thị Hoa"
    # What somebody else wrote meanwhile is asked about once.
    once = client.post(at, {"people": "Lò Văn Pâng", "seen": ""}).context["form"]
    assert "Người khác vừa sửa danh sách" in str(once.non_field_errors())
    assert once["seen"].value() == typed
    same = client.post(at, {"people": typed, "seen": typed}).context["form"]
    assert "Chưa có nội dung nào khác" in str(same.non_field_errors())
    assert client.post(at, {"people": "Lò Văn Pâng", "seen": typed}).status_code == 302
    lines = HistoryEntry.objects.filter(event="outreach.attend").order_by("seq")
    assert [line.data["attended"] for line in lines] == [[0, 2], [2, 1]]
    assert not any("Pâng" in line.payload for line in lines)
    taken = client.post(
        f"/export/attendance/{event.pk}/", {"format": "csv", "column": ["name", "phone"]}
    )
    assert "Lò Văn Pâng" in b"".join(taken).decode("utf-8-sig")
    assert "1 người có tên" in main(client.get(f"/outreach/{event.pk}/"))
    # The leader and the auditor read how many, the office of the province who; a stranger nothing.
    for who, one, listed_to in (
        (minh, 200, 200),
        (chi, 200, 403),
        (kiem, 200, 403),
        (la, 404, 404),
    ):
        client = signed_in(who)
        assert client.get(f"/outreach/{event.pk}/").status_code == one, who
        assert client.get(at).status_code == listed_to, who
        export = client.post(
            f"/export/attendance/{event.pk}/", {"format": "csv", "column": "name"}
        )  # fmt: skip
        assert export.status_code == (200 if listed_to == 200 else 404), who
        if one == 200:
            assert "Pâng" not in main(client.get(f"/outreach/{event.pk}/"))
    with pytest.raises(PermissionDenied):
        outreach.attend(event, [], seen=[], by=kiem)


def test_photos_and_materials_are_kept_opened_by_who_sees_it_and_taken_off_with_a_reason(
    event, an, la, kiem, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    at, client = f"/outreach/{event.pk}/files/", signed_in(an)
    content = b"%PDF-1.7 tai lieu obj %%EOF\n"
    sent = {
        "materials": [
            SimpleUploadedFile("Tài liệu.pdf", content),
            SimpleUploadedFile("Bài giảng.pdf", content + b"2"),
        ]
    }
    assert "Bạn chưa" in str(client.post(at, {"sent": "1"}).context["form"].errors)
    wrong = {"materials": [SimpleUploadedFile("virus.exe", b"MZ")]}
    assert "Chỉ nhận tệp" in str(client.post(at, wrong).context["form"].errors)
    assert client.post(at, sent).status_code == 302
    first, second = OutreachFile.objects.order_by("pk")
    assert "Tài liệu.pdf" in main(client.get(f"/outreach/{event.pk}/"))
    assert b"".join(client.get(f"/outreach/files/{first.pk}/").streaming_content) == content
    (line,) = HistoryEntry.objects.filter(event="outreach.attach")
    assert line.data["sha256"] == [first.sha256, second.sha256]
    for who, seen, may in ((kiem, 200, 403), (la, 404, 404)):
        other = signed_in(who)
        assert other.get(f"/outreach/files/{first.pk}/").status_code == seen
        assert other.get(at).status_code == may
        assert other.get(f"/outreach/files/{first.pk}/off/").status_code == may
    off = f"/outreach/files/{first.pk}/off/"
    assert "Bạn chưa nhập: Lý do" in main(client.post(off, {"sent": "1"}))
    assert client.post(off, {"reason": "Nhầm tệp"}).status_code == 302
    assert list(OutreachFile.objects.all()) == [second]
    assert client.get(f"/outreach/files/{first.pk}/").status_code == 404
    with pytest.raises(ConditionNotMet, match="vừa được gỡ"):
        outreach.take_off(first, by=an, reason="Nhầm tệp")
    with pytest.raises(PermissionDenied):
        outreach.attach(event, [files.Staged("0" * 64, 1)], by=kiem)

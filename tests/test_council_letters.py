"""Who is told of a round, and in which words: never a point, never who scored what."""

from datetime import timedelta

import pytest
from django.urls import reverse

from councils.judging import closing
from councils.models import Opinion, Scoresheet
from cycle import clock, events
from cycle.models import Role
from cycle.models.job import run_waiting
from dossiers.walk import doors
from notifications import audiences
from notifications.dispatch import dispatch
from notifications.letters import letter
from notifications.models import Delivery, Notification
from tests import judging
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.world import person

pytestmark = pytest.mark.django_db

TOLD = {
    "round.invite",
    "round.open",
    "round.close",
    "round.reopen",
    "round.ask_opinion",
    "round.answer_opinion",
    "round.score_again",
    "round.hand_back_sheet",
    "round.leave",
    "round.move_meeting",
    # Once scoring is open; see the second test.
    "round.take_in",
    "round.drop",
    "round.void_sheet",
    "round.void",
    # Whose products a decision or a notice tells of; see test_reach.py.
    "round.record_document",
    # What another recorded for a member, or took off.
    "round.declare_interest",
    "round.lift_interest",
}


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def y_te(province):
    """A specialist of the department of health."""
    return person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province))


def told(event):
    """Usernames of those who heard of ``event``."""
    while dispatch():
        pass
    return set(
        Notification.objects.filter(entry__event=event).values_list(
            "recipient__username", flat=True
        )
    )


def written(event):
    """The letters of ``event``."""
    found = Notification.objects.filter(entry__event=event).select_related("entry", "recipient")
    return [letter(Delivery(notification=each)) for each in found]


def test_the_events_of_councils_that_are_told():
    ours = {name for name in events.registered() if name.startswith(("round.", "council."))}
    assert ours - audiences.events_of(audiences.nobody) == TOLD


def test_what_changes_an_open_round_is_told(council, cycle, commune, an, thu, minh):
    judges = {"chu_tich", "uy_vien_1", "uy_vien_2", "uy_vien_3", "uy_vien_4"}
    first, more = (judging.before_council(cycle, commune, an, 1) for _ in "12")
    round_ = begin(council, cycle, first, thu)
    entry = round_.entries.get()
    assert told("round.take_in") == set()
    round_.take_in([(more[0], judging.rubric_of(more[0]))], by=thu, reason="Đủ giấy tờ")
    assert told("round.take_in") == judges
    round_.drop(round_.entries.get(dossier=more[0]), by=thu, reason="Chờ kiểm nghiệm")
    assert told("round.drop") == judges
    sheet = fill(entry, judge(council, 1))
    there = {member.pk: member != sheet.member for member in council.members.all()}
    round_.attend(there, by=thu, reason="Ghi nhầm")
    sheet.void(by=judge(council, 5).user, reason="Vắng họp")
    assert told("round.void_sheet") == {"uy_vien_1"}
    round_.void(by=thu, reason="Hoãn đợt", document=judging.paper("15/VB-UBND"))
    assert told("round.void") == judges | {"thu_ky", "to_truong", "minh"}
    for event in ("round.take_in", "round.drop", "round.void_sheet", "round.void"):
        for each in written(event):
            text = each.subject + "\n" + each.body
            assert "Lý do: " in text and f"/rounds/{round_.pk}/" in text
            assert "\n\n\n" not in text and not {"{{", "None"} & set(text.split())


def test_a_member_is_told_of_an_interest_that_another_recorded(council, cycle, commune, an, thu):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    entry, member, other = round_.entries.get(), judge(council, 1), judge(council, 2)
    about = {"kind": "declared", "reason": "Nhầm người"}
    round_.declare_interest(entry, other, recused=True, by=other.user, **about)
    assert told("round.declare_interest") == set()
    fill(entry, member)
    round_.declare_interest(entry, member, recused=True, by=thu, **about)
    assert told("round.declare_interest") == {"uy_vien_1"}
    again = about | {"correction": "Nhầm người"}
    round_.declare_interest(entry, member, recused=False, by=thu, **again)
    told("round.declare_interest")
    out, again = (each.body for each in written("round.declare_interest"))
    if "vẫn chấm" in out:
        out, again = again, out
    assert "không tính vào kết quả" in out and "Lý do: Nhầm người" in out
    assert "lấy lại và nộp được" in again and "không tính vào kết quả" not in again


def test_the_member_and_the_chair_are_told_that_an_interest_was_taken_off(
    council, cycle, commune, an, thu
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    entry, member = round_.entries.get(), judge(council, 1)
    round_.declare_interest(entry, member, kind="declared", reason="Em ruột", recused=True, by=thu)
    round_.lift_interest(entry.interests.get(), reason="Nhầm người", by=thu)
    assert told("round.lift_interest") == {"uy_vien_1", "chu_tich"}
    for each in written("round.lift_interest"):
        assert f"gỡ khai báo lợi ích của {member.user}" in each.body
        assert "Điều đã ghi nhầm: Nhầm người" in each.body and "lấy lại và nộp được" in each.body


def test_the_way_of_a_round_in_letters(
    client, council, cycle, commune, an, thu, minh, la, y_te, cast
):
    judges = {"chu_tich", "uy_vien_1", "uy_vien_2", "uy_vien_3", "uy_vien_4"}
    everybody = judges | {"thu_ky", "to_truong"}
    round_ = begin(
        council, cycle, judging.before_council(cycle, commune, an, 1), thu, open_it=False
    )
    entry = round_.entries.get()
    secretary = judge(council, 5).user

    round_.invite(by=secretary)
    assert told("round.invite") == everybody - {"thu_ky"}
    round_.open(by=thu)
    assert told("round.open") == judges
    # Put off, and then held today after all.
    for days in (2, 0):
        moment = clock.now() + timedelta(days=days)
        round_.move_meeting(meets_at=moment, reason="Mưa lũ", by=thu)
    assert told("round.move_meeting") == everybody
    assert "Lý do: Mưa lũ" in written("round.move_meeting")[0].body
    round_.attend({member.pk: True for member in council.members.all()}, by=thu)

    asked = Opinion.ask(
        Opinion(entry=entry, to=y_te, department="Sở Y tế", question="Có đạt an toàn không?"),
        days=5,
        by=secretary,
    )
    assert told("round.ask_opinion") == {"y_te"}
    asked.reply("Đạt.", by=y_te)
    assert told("round.answer_opinion") == {"thu_ky", "thu"}

    pen = Scoresheet.type_in(entry, judge(council, 1), by=thu)
    pen.hand_back(by=thu, reason="Nhập nhầm người")
    assert told("round.hand_back_sheet") == {"uy_vien_1"}
    sheets = [fill(entry, judge(council, number)) for number in range(5)]
    judging.count(round_, entry)
    round_.score_again(entry, by=thu, reason="Chênh lệch của ông Chủ tịch")
    assert told("round.score_again") == judges
    for sheet in entry.sheets.filter(scoring=2):
        sheet.submit(by=sheet.member.user)

    judging.close(round_, by=thu)
    run_waiting()
    assert told("round.close") == everybody | {"minh"}
    closing.reopen(round_, by=thu, reason="Khiếu nại", document=judging.paper("15/VB-UBND"))
    assert told("round.reopen") == everybody | {"minh"}
    doors.act(entry.dossier.process, "withdraw", by=an, reason="Chủ thể đề nghị")
    assert told("round.leave") == judges | {"thu"}

    path = {
        "round.close": f"/rounds/{round_.pk}/results/",
        "round.ask_opinion": f"/opinions/{asked.pk}/",
        "round.answer_opinion": f"/opinions/{asked.pk}/",
        "round.score_again": f"/rounds/{round_.pk}/sheets/",
    }
    total = str(judging.total(sheets[0]))
    for event in TOLD:
        about = Notification.objects.filter(entry__event=event).select_related("entry")
        for each, data in zip(written(event), (its.entry.data for its in about), strict=True):
            text = each.subject + "\n" + each.body
            # Each says of which round it is, of which day, and of which products.
            assert str(round_) in text and f"{round_.met_on:%d/%m/%Y}" in text, event
            if {"dossier", "dossiers"} & set(data):
                assert entry.dossier.product.name in text, event
            assert each.body.startswith(f"Kính gửi ông/bà {each.to},\n\n")
            assert f"http://127.0.0.1:8000{path.get(event, f'/rounds/{round_.pk}/')}" in text
            assert "\n\n\n" not in text
            for wrong in (total, "Chênh lệch của", "{{", "None", " .", "  ", "&lt;"):
                assert wrong not in text, (event, wrong)
    (question,) = written("round.ask_opinion")
    assert "Có đạt an toàn không?" in question.body
    assert f"{asked.due_on:%d/%m/%Y}" in question.body
    assert "Khiếu nại" in written("round.reopen")[0].body
    assert "Nhập nhầm người" in written("round.hand_back_sheet")[0].body

    # The news leads to the round, or to the question.
    def leads(user, event):
        client.force_login(user)
        told_of = Notification.objects.get(recipient=user, entry__event=event)
        return client.get(reverse("notifications:notification", args=[told_of.pk])).url

    member = judge(council, 1)
    client.force_login(member.user)
    page = client.get(reverse("notifications:news"), {"unread": "1"})
    named = [each.entry.event for each in page.context["rows"] if getattr(each, "product", None)]
    assert {"round.score_again", "round.hand_back_sheet", "round.leave"} <= set(named)
    assert f"{entry.dossier.product.name}</a>" in page.text
    assert leads(member.user, "round.invite") == f"/rounds/{round_.pk}/"
    assert leads(y_te, "round.ask_opinion") == f"/opinions/{asked.pk}/"
    council.take_seat(
        member,
        by=thu,
        until=clock.today(),
        reason="Chuyển công tác",
        document=judging.paper("9/QĐ-UBND"),
    )
    with clock.at(clock.now() + timedelta(days=2)):
        # The seat ended after the meeting: the round still waits for who sat there. Who is asked
        # to score goes straight to their sheets, while it is open.
        assert leads(member.user, "round.open") == f"/rounds/{round_.pk}/sheets/"
        for page in ("", "sheets/"):
            assert client.get(f"/rounds/{round_.pk}/{page}").status_code == 200

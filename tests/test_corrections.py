"""What was recorded wrong, or has gone on, is corrected from ordinary pages, and both stay; what was
left unticked and what has ended is seen. One table a kind; each row names the case.
"""

import re
from datetime import date, timedelta
from importlib import import_module

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import HistoryEntry, Office, Stream
from dossiers.forms import acts, opening
from dossiers.forms.shown import ticks
from dossiers.law import excuses
from dossiers.models import (
    ACTS,
    ConditionNotMet,
    Dossier,
    OutreachEvent,
    Payment,
    Producer,
    Product,
    PromotionEvent,
    Review,
    State,
    SupportMeasure,
)
from dossiers.office.lists import promotion_list, support_rows
from dossiers.office.reports import CycleReport
from dossiers.page import evidence_by_kind, recorded
from dossiers.walk import doors
from tests import records
from tests.ground import kept
from tests.law_acts import paid
from tests.owning import save_as_owner, update_as_owner
from tests.standing import stand, with_compulsory_papers
from tests.world import certified_before, open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def typed(form, **fields):
    """What the parts of the form of an act hold, as a browser sends it, with ``fields`` changed."""
    data = {}
    for part in form.parts:
        for name in part.fields:
            value = fields.get(name, part[name].value())
            data[part.add_prefix(name)] = "" if value is None else value
    return data


# --- Records that are only added to ----------------------------------------------------------------

#: act -> the record it replaces, as it was made first; a field, what it was, what it is.
REPLACED = {
    "correct_call": ("record_call", records.call, "spoke_with", "Giàng A Pó", "Vợ ông Pó"),
    "correct_visit": ("record_visit", records.visit, "visitor", "Lò Thị An", "Quàng Văn Chi"),
    "correct_support": ("record_support", records.support, "paid", 0, 50_000_000),
    "correct_payment": ("record_payment", paid, "amount", 20_000_000, 15_000_000),
    "correct_promotion": ("record_promotion", records.promotion, "cost", 0, 3_000_000),
    "correct_samples": ("record_samples", records.samples, "samples", 5, 0),
    "correct_completion": ("", records.completion, "result", "Đạt sản lượng", "Đạt 80 %"),
    "correct_report": ("", records.commune_report, "samples", 5, 3),
    "correct_inspection": ("record_inspection", records.inspection, "samples", 2, 3),
}
#: Where the dossier stands when it is recorded, where that is not while the plan is carried out.
RECORDED = {
    "correct_promotion": State.CERTIFIED, "correct_samples": State.AT_PROVINCE,
    "correct_inspection": State.CERTIFIED, "correct_call": State.CERTIFIED,
}  # fmt: skip
#: Where the dossier stands when it is corrected: also long after the step.
LATER = [State.IMPLEMENTING, State.AT_PROVINCE, State.CERTIFIED, State.DEFERRED]


def first_made(act, dossier, by):
    """The record that the act replaces, by the act that made it; those of a task as they are."""
    made, kind = REPLACED[act][:2]
    dossier = stand(dossier, RECORDED.get(act, State.IMPLEMENTING))
    if made:
        doors.act(dossier.process, made, by=by, record=kind())
        return
    record = kind()
    record.dossier, record.at, record.recorded_by = dossier, clock.now(), by
    record.save(force_insert=True)


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("act", REPLACED)
def test_a_correction_is_a_new_row_and_both_are_shown(act, later, dossier, an, minh):
    _made, _kind, field, was, now = REPLACED[act]
    # Communes inspect nothing.
    an = minh if act == "correct_inspection" else an
    first_made(act, dossier, an)
    dossier = stand(Dossier.objects.get(pk=dossier.pk), later)
    page = reverse("dossiers:act", args=[dossier.pk, act])
    client = signed_in(an)
    shown = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert f"{page}?replaces=" in shown
    (old,) = model(act).objects.filter(dossier=dossier)
    assert getattr(old, field) == was
    form = client.get(page, {"replaces": old.pk}).context["form"]
    data = typed(form, **{field: now, "reason": "Ghi nhầm"})
    answer = client.post(page, data)
    assert answer.status_code == 302, answer.context["form"].problems
    new = model(act).objects.filter(dossier=dossier).current().get()
    assert (new.replaces, getattr(new, field)) == (old, now)
    old.refresh_from_db()
    assert getattr(old, field) == was
    entry = dossier.history.last()
    assert (entry.event, entry.reason, entry.after) == (f"dossier.{act}", "Ghi nhầm", later)
    (table,) = [each for each in recorded(dossier, an) if each["newest"]["record"] == new]
    assert [row["corrected"] for row in (table["newest"], *table["older"])] == [False, True]
    # A link of before leads on, and says why.
    stale = client.get(page, {"replaces": old.pk}, follow=True)
    assert stale.redirect_chain == [(reverse("dossiers:dossier", args=[dossier.pk]), 302)]
    assert "đã được đính chính, thay thế" in stale.content.decode()
    # The old one cannot be corrected twice.
    late = client.post(page, data)
    assert "vừa được đính chính" in str(late.context["form"].problems)
    assert model(act).objects.filter(dossier=dossier).count() == 2


def test_what_corrects_an_earlier_one_is_not_the_last(dossier, an):
    """A report made again counts, also once the one before it was corrected."""
    first_made("correct_report", dossier, an)
    first_made("correct_report", dossier, an)
    old, last = dossier.communereports.order_by("pk")
    lacking = dossier.samples_lacking()
    page = reverse("dossiers:act", args=[dossier.pk, "correct_report"])
    form = signed_in(an).get(page, {"replaces": old.pk}).context["form"]
    answer = signed_in(an).post(page, typed(form, samples=0, reason="Ghi nhầm"))
    assert answer.status_code == 302
    assert dossier.communereports.last().samples == 0
    assert (dossier.communereports.last_made(), dossier.samples_lacking()) == (last, lacking)
    (table,) = [each for each in recorded(dossier, an) if each["newest"]["record"] == last]
    assert [row["corrected"] for row in (table["newest"], *table["older"])] == [False, False, True]


@pytest.mark.parametrize("act", REPLACED)
def test_a_correction_that_changes_nothing_is_none(act, dossier, an, minh):
    an = minh if act == "correct_inspection" else an
    first_made(act, dossier, an)
    page = reverse("dossiers:act", args=[dossier.pk, act])
    form = signed_in(an).get(page).context["form"]
    answer = signed_in(an).post(page, typed(form, reason="Thử"))
    assert answer.status_code == 200
    assert "Chưa có nội dung nào khác" in str(answer.context["form"].problems)
    assert model(act).objects.filter(dossier=dossier).count() == 1


def model(act):
    made = REPLACED[act][1]()
    # A payment comes with its measure.
    return type(made[-1] if isinstance(made, list) else made)


#: Records of a dossier that no new row replaces, and why.
NOT_CORRECTED = {
    "idea": "filed: sent back for a supplement, or filed again, it is handed in anew",
    "businessplan": "filed: sent back for a supplement it is handed in anew",
    "selfassessment": "the producer's own, with the dossier: handed in anew with it",
    "review": "a checklist is of its day; who returns or forwards later fills in another",
    "evaluation": "a result: the round is opened again, the centre's stands on its paper",
    "certificate": "as it was printed: another is given, or it is withdrawn",
    "stoppedproduction": "its paper is corrected, and a later inspection takes it back",
    "revocation": "what was decided: a certificate is given anew",
    "officialdocument": "its document in the ledger is corrected",
}


#: What other forms write, and how it is corrected.
BESIDE = {
    "councils.Appraisal": "another report is handed in: the newest stands",
    "councils.Council": "its end by extend, its decision on the page of what it rests on",
    "councils.EvaluationRound": "its details, and its meeting moved with a reason",
    "councils.Member": "the seat is taken on a document, and given anew",
    "councils.Opinion": "it is asked once more: another row",
    "councils.Regulation": "a new version from its day on",
    "cycle.Document": "in the ledger another row replaces it, with the reason",
    "dossiers.OutreachEvent": "corrected on its page, with the reason",
    "dossiers.Potential": "corrected on its page, with the reason",
    "dossiers.PromotionEvent": "corrected on its page, with the reason",
    "notifications.Preference": "one's own: set anew",
}


def test_what_other_forms_write_says_how_it_is_corrected():
    def below(form):
        for each in form.__subclasses__():
            yield each
            yield from below(each)

    import_module("cycle.urls")
    kept = {kind for act in ACTS.values() for kind in act.keeps}
    written = {
        form._meta.model._meta.label
        for form in below(forms.BaseModelForm)
        if form.__module__.split(".")[0] in ("cycle", "dossiers", "councils", "notifications")
        and not form.__module__.endswith(".admin")
        and form._meta.model is not None
        and form._meta.model._meta.model_name not in kept
    }
    assert written == set(BESIDE)


def test_every_record_of_a_dossier_is_corrected_or_says_why_not():
    kinds = {kind for act in ACTS.values() for kind in act.keeps} | {"review", "officialdocument"}
    models = {each: apps.get_model("dossiers", each) for each in kinds}
    replaced = {kind for kind, each in models.items() if hasattr(each, "replaces")}
    assert replaced | set(NOT_CORRECTED) == kinds
    assert not replaced & set(NOT_CORRECTED)
    acts = {act.keeps[0] for act in ACTS.values() if act.corrects}
    # A piece of evidence is replaced where it is attached.
    assert replaced - acts == {"evidence"}


def test_nothing_is_corrected_without_saying_what_or_by_a_stranger(dossier, an, la):
    dossier = stand(dossier, State.IMPLEMENTING)
    with pytest.raises(ConditionNotMet, match="chưa chọn nội dung"):
        doors.act(dossier.process, "correct_visit", by=an, reason="Sai", record=records.visit())
    doors.act(dossier.process, "record_visit", by=an, record=records.visit())
    old = dossier.visits.get()
    with pytest.raises(PermissionDenied):
        doors.act(
            dossier.process,
            "correct_visit",
            by=la,
            reason="Sai",
            record=records.visit(replaces=old),
        )
    with pytest.raises(ConditionNotMet, match="chưa nêu lý do"):
        doors.act(dossier.process, "correct_visit", by=an, record=records.visit(replaces=old))


def test_what_another_dossier_holds_is_not_replaced(dossier, cycle, commune, an):
    dossier = stand(dossier, State.IMPLEMENTING)
    other = stand(open_dossier(cycle, commune, an, "Rượu"), State.IMPLEMENTING)
    doors.act(other.process, "record_visit", by=an, record=records.visit())
    with pytest.raises(ValidationError, match="không thuộc hồ sơ này"):
        doors.act(
            dossier.process,
            "correct_visit",
            by=an,
            reason="Sai",
            record=records.visit(replaces=other.visits.get()),
        )


def test_support_is_planned_committed_and_paid_over_time(dossier, an, la, minh):
    """More than was committed is paid with an explanation only; a correction keeps what was paid."""
    dossier = stand(dossier, State.IMPLEMENTING)
    doors.act(dossier.process, "record_support", by=an, record=records.support(paid=5_000_000))
    first = dossier.supportmeasures.get()
    doors.act(
        dossier.process, "correct_support", by=an, reason="Đã cam kết",
        record=records.support(
            replaces=first, committed=40_000_000, committed_on=clock.today(), paid=5_000_000
        ),
    )  # fmt: skip
    page = reverse("dossiers:act", args=[dossier.pk, "record_payment"])
    client = signed_in(an)

    def pay(**fields):
        form = client.get(page).context["form"]
        data = typed(form, **{"amount": "20.000.000", "voucher": "UNC 12"} | fields)
        return client.post(page, data)

    assert "còn 35.000.000 đồng" in client.get(page).content.decode()
    answer = pay()
    assert answer.status_code == 302, answer.context["form"].problems
    dossier = stand(Dossier.objects.get(pk=dossier.pk), State.CERTIFIED)
    over = pay(voucher="UNC 13").context["form"]
    assert [place for place, _why in over.problems] == ["id_record_payment-payment-note"]
    assert "vượt kinh phí 5.000.000 đồng" in str(over.problems)
    late = pay(paid_on=f"{clock.today() + timedelta(days=1):%d/%m/%Y}").context["form"]
    assert "paid_on" in str(late.problems) and Payment.objects.count() == 1
    answer = pay(voucher="UNC 13", note="Giá vật tư tăng")
    assert answer.status_code == 302, answer.context["form"].problems
    standing = SupportMeasure.objects.current().with_money().get()
    assert (standing.first, standing.spent, standing.left) == (first, 45_000_000, -5_000_000)
    assert {each.measure for each in Payment.objects.all()} == {first}
    shown = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "45.000.000" in shown and "-5.000.000" in shown
    # Its list, narrowed; and the report of its year, from which each figure opens it.
    report = CycleReport(dossier.cycle)
    sums = {"measures": 1, "planned": 60_000_000, "committed": 40_000_000, "limit": 40_000_000}
    assert report.support() == [
        {"kind": "production", "source": "programme", **sums, "spent": 45_000_000}
    ]
    assert report.money() == {
        "funding": 40, "funding_programme": 40, "funding_other": 0, "funding_own": 0, "paid": 45
    }  # fmt: skip
    founded = date(dossier.cycle.year, 3, 12)
    doors.act(
        dossier.process, "correct_details", by=an, reason="Theo giấy đăng ký", founded_on=founded
    )
    assert dossier.history.last().data["changed"] == {"founded_on": ["", f"{founded}"]}
    assert report.new_organisations.count() == 1
    update_as_owner(Producer.objects.all(), owner_type="household")
    assert report.new_organisations.count() == 0
    (row,) = support_rows(dossier.cycle, {"support": report.support()})
    for reader, narrowed, there in (
        (an, row["address"], True),
        (an, "/support/?source=own", False),
        (an, f"/support/?commune={dossier.commune_id}&cycle=x", True),
        (an, "/support/?cycle=999999999", False),
        (la, "/support/", False),
    ):
        listed = signed_in(reader).get(narrowed)
        assert listed.status_code == 200
        assert ("45.000.000" in listed.content.decode()) is there, narrowed
    figures = signed_in(minh).get(reverse("dossiers:cycle_report", args=[dossier.cycle_id]))
    assert row["address"].replace("&", "&amp;") in figures.content.decode()
    assert signed_in(la).get(page).status_code == 404


def test_planned_now_and_paid_in_june_is_one_measure(dossier, an):
    dossier = stand(dossier, State.IMPLEMENTING)
    doors.act(dossier.process, "record_support", by=an, record=records.support())
    old = dossier.supportmeasures.get()
    doors.act(
        dossier.process,
        "correct_support",
        by=an,
        reason="Đã chi",
        record=records.support(replaces=old, paid=60_000_000),
    )
    standing = SupportMeasure.objects.filter(dossier=dossier).current()
    assert [(each.planned, each.paid) for each in standing] == [(60_000_000, 60_000_000)]


@pytest.mark.parametrize(
    ("paid", "over", "asked"),
    [
        ("60.000.000", "", False),
        ("60.000.001", "", True),
        ("60.000.001", "60000000-60000001", False),
        # Ticked for another amount.
        ("900.000.000.000", "60000000-60000001", True),
    ],
)
def test_more_paid_than_planned_is_asked_about(paid, over, asked, dossier, an):
    dossier = stand(dossier, State.IMPLEMENTING)
    doors.act(dossier.process, "record_support", by=an, record=records.support())
    page = reverse("dossiers:act", args=[dossier.pk, "correct_support"])
    form = signed_in(an).get(page).context["form"]
    corrected = dossier.supportmeasures.get()
    over = over and ticks("over", [over], by=an, of=corrected)
    answer = signed_in(an).post(page, typed(form, paid=paid, over=over, reason="Đã chi"))
    assert (answer.status_code == 200) == asked
    if asked:
        (part,) = [each for each in answer.context["form"].parts if "over" in each.fields]
        assert list(part.errors) == ["over"]
        assert isinstance(part.fields["over"].widget, forms.CheckboxInput)
        box = str(part["over"])
        amounts = f"60000000-{paid.replace('.', '')}"
        assert f'value="{ticks("over", [amounts], by=an, of=corrected)}"' in box
        assert "checked" not in box


# --- Product, producer, contact, event -------------------------------------------------------------

#: field -> what it becomes, and where it stands.
DETAILS = {
    "owner_type": ("household", Producer),
    "representative": ("Lò Văn Hặc", Producer),
    "phone": ("0912345678", Producer),
    "address": ("Bản Nà Luống", Producer),
    "registration_number": ("62A8001234", Producer),
    "code": ("11-03316-01-2026", Product),
}


def stored(entry):
    """The whole row as the database has it, without what lies apart."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM cycle_historyentry e WHERE id = %s", [entry.pk])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("field", DETAILS)
def test_what_is_no_name_is_corrected_with_a_reason(field, dossier, an):
    value, of = DETAILS[field]
    page = reverse("dossiers:act", args=[dossier.pk, "correct_details"])
    form = signed_in(an).get(page).context["form"]
    was = next(part[field].value() for part in form.parts if field in part.fields)
    answer = signed_in(an).post(page, typed(form, **{field: value, "reason": "Ghi nhầm"}))
    assert answer.status_code == 302
    assert getattr(of.objects.get(), field) == value
    entry = dossier.history.last()
    assert (entry.event, entry.reason) == ("dossier.correct_details", "Ghi nhầm")
    assert entry.data["changed"] == {field: [was or "", value]}
    # What is said of people can be erased: the chain has its hash alone.
    assert value not in stored(entry)
    page = signed_in(an).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "sửa liên hệ, thông tin chủ thể" in page


#: The chains that tell of no person: what was configured is in the open.
OF_NO_PERSON = {Stream.CONFIGURATION, Stream.UNIT, Stream.OFFICE, Stream.CYCLE, Stream.ROUND,
                Stream.COUNCIL, Stream.DOCUMENT}  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "event"),
    [(stream, "dossier.correct_names") for stream in Stream] + [(Stream.CYCLE, "outreach.correct")],
)
def test_what_was_changed_of_people_is_sealed_in_every_chain(stream, event, dossier):
    entry = HistoryEntry(
        stream=stream, stream_id=1, event=event, label="Mật ong", at=clock.now(),
        data={"changed": {"producer": ["Hộ Lò Văn Hặc", "Hộ Lò Thị Hoa"]}},
    )  # fmt: skip
    entry.save(force_insert=True)
    entry = HistoryEntry.objects.get(pk=entry.pk)
    assert entry.data["changed"]["producer"] == ["Hộ Lò Văn Hặc", "Hộ Lò Thị Hoa"]
    sealed = stream not in OF_NO_PERSON or event == "outreach.correct"
    assert ("Lò Thị Hoa" not in stored(entry)) is sealed


def test_whom_to_call_and_what_was_looked_for_are_sealed(minh):
    with transaction.atomic():
        called = HistoryEntry.objects.record(
            "office.contact", Office("Chị Hoa, 0912345678"), by=minh, was="Anh Sơn, 0987654321"
        )
        exported = HistoryEntry.objects.record(
            "list.export", Office("Văn phòng"), by=minh, filter="q=0911222333", rows=3
        )
    called, exported = (HistoryEntry.objects.get(pk=each.pk) for each in (called, exported))
    assert (called.label, called.data) == ("Chị Hoa, 0912345678", {"was": "Anh Sơn, 0987654321"})
    assert exported.data == {"filter": "q=0911222333", "rows": 3}
    for word in ("0912345678", "0987654321", "0911222333"):
        assert word not in stored(called) + stored(exported)


def test_a_telephone_number_is_checked_unless_it_was_left_as_it_was(dossier, an):
    page = reverse("dossiers:act", args=[dossier.pk, "correct_details"])
    form = signed_in(an).get(page).context["form"]
    answer = signed_in(an).post(page, typed(form, phone="abc không có số", reason="Ghi nhầm"))
    assert any("phone" in place for place, _why in answer.context["form"].problems)
    assert Producer.objects.get().phone != "abc không có số"
    # What an older release let through keeps nobody from correcting something else.
    update_as_owner(Producer.objects.all(), phone="abc không có số")
    form = signed_in(an).get(page).context["form"]
    answer = signed_in(an).post(page, typed(form, address="Bản Mới", reason="Ghi nhầm"))
    assert answer.status_code == 302
    assert Producer.objects.get().address == "Bản Mới"


def test_details_that_do_not_differ_or_of_a_stranger_change_nothing(dossier, an, la):
    page = reverse("dossiers:act", args=[dossier.pk, "correct_details"])
    form = signed_in(an).get(page).context["form"]
    answer = signed_in(an).post(page, typed(form, reason="Thử"))
    assert "Chưa có nội dung nào khác" in str(answer.context["form"].problems)
    assert signed_in(la).get(page).status_code == 404


@pytest.fixture
@kept
def meeting(cycle, commune, an):
    return OutreachEvent.objects.create(
        cycle=cycle,
        org_unit=commune,
        held_on=clock.today(),
        kind="meeting",
        title="Họp bản Nà Luống",
        attendance=45,
        cost=2_000_000,
        recorded_by=an,
    )


def corrected(event, **fields):
    return {
        "cycle": event.cycle_id,
        "org_unit": event.org_unit_id,
        "held_on": f"{event.held_on:%d/%m/%Y}",
        "kind": event.kind,
        "title": event.title,
        "audience": event.audience,
        "attendance": str(event.attendance),
        "cost": str(event.cost),
        "reason": "Ghi nhầm số người",
    } | fields


def test_an_event_is_corrected_with_a_reason_and_its_history(meeting, an, la, kiem):
    page = reverse("dossiers:outreach_one", args=[meeting.pk])
    assert signed_in(la).get(page).status_code == 404
    assert signed_in(kiem).get(page).status_code in (200, 404)
    refused = signed_in(an).post(page, corrected(meeting, attendance="54", reason=""))
    assert list(refused.context["form"].errors) == ["reason"]
    refused = signed_in(an).post(page, corrected(meeting))
    assert "Chưa có nội dung nào khác" in str(refused.context["form"].errors)
    answer = signed_in(an).post(page, corrected(meeting, attendance="54"))
    assert answer.status_code == 302
    meeting.refresh_from_db()
    assert meeting.attendance == 54
    entry = HistoryEntry.objects.get(stream=Stream.CYCLE, event="outreach.correct")
    assert (entry.actor, entry.reason) == (an, "Ghi nhầm số người")
    assert entry.data["changed"] == {"attendance": ["45", "54"]}
    shown = signed_in(an).get(page).content.decode()
    assert "Ghi nhầm số người" in shown
    assert "«45» thành «54»" in shown


def test_a_fair_is_added_and_corrected_with_a_reason_and_its_history(cycle, commune, an, la):
    typed = {
        "cycle": cycle.pk, "org_unit": commune.pk, "held_on": f"{clock.today():%d/%m/%Y}",
        "title": "Hội chợ OCOP", "place": "Mường Ảng", "attendance": "300", "cost": "0",
    }  # fmt: skip
    assert signed_in(an).post("/promotions/", typed).status_code == 302
    fair = PromotionEvent.objects.get()
    assert (fair.place, fair.recorded_by) == ("Mường Ảng", an)
    assert "Hội chợ OCOP" in signed_in(an).get("/promotions/").content.decode()
    page = f"/promotions/{fair.pk}/"
    assert signed_in(la).get(page).status_code == 404
    refused = signed_in(an).post(page, typed | {"place": "Tuần Giáo", "reason": ""})
    assert list(refused.context["form"].errors) == ["reason"]
    sent = typed | {"place": "Tuần Giáo", "reason": "Ghi nhầm nơi"}
    assert signed_in(an).post(page, sent).status_code == 302
    fair.refresh_from_db()
    assert fair.place == "Tuần Giáo"
    entry = HistoryEntry.objects.get(stream=Stream.CYCLE, event="promotion.correct")
    assert (entry.actor, entry.reason) == (an, "Ghi nhầm nơi")
    assert entry.data["changed"] == {"place": ["Mường Ảng", "Tuần Giáo"]}
    shown = signed_in(an).get(page).content.decode()
    assert "Ghi nhầm nơi" in shown and "«Mường Ảng» thành «Tuần Giáo»" in shown


def test_a_fair_names_the_products_that_went_there_of_whatever_year(cycle, dossier, commune, an):
    """Those of a row that nothing replaces; a fair of before the certificate is not offered, and of
    two of one name each has its day.
    """
    dossier = stand(dossier, State.CERTIFIED)
    before = open_cycle(cycle.rule_set, cycle.year - 1)
    first = certified_before(dossier.product, before, commune).issued_on
    later = open_cycle(cycle.rule_set, cycle.year + 1)
    held = [
        PromotionEvent.objects.create(
            cycle=year, org_unit=commune, held_on=day, title="Hội chợ", place="Mường Ảng", cost=7
        )
        for year, day in ((cycle, first - timedelta(1)), (cycle, first), (later, first))
    ]
    client = signed_in(an)
    page = reverse("dossiers:act", args=[dossier.pk, "record_promotion"])
    (event,) = [
        part.fields["event"] for part in client.get(page).context["form"].parts
        if "event" in part.fields
    ]  # fmt: skip
    assert {row.pk for row in event.queryset} == {row.pk for row in held[1:]}
    assert f"Hội chợ, {first:%d/%m/%Y}" in client.get(page).content.decode()
    assert 'href="/promotions/"' in event.help_text
    was = records.promotion()
    was.event = held[1]
    doors.act(dossier.process, "record_promotion", by=an, record=was)
    page = reverse("dossiers:act", args=[dossier.pk, "correct_promotion"])
    form = client.get(page).context["form"]
    answer = client.post(page, typed(form, event=held[2].pk, reason="Nhầm hội chợ"))
    assert answer.status_code == 302, answer.context["form"].problems
    counts = {row.pk: row.products for row in promotion_list(an).found}
    assert counts == {held[0].pk: 0, held[1].pk: 0, held[2].pk: 1}
    for fair, there in ((held[1], False), (held[2], True)):
        shown = client.get(f"/promotions/{fair.pk}/").content.decode()
        facts = shown.partition("<dl")[2].partition("</dl>")[0]
        assert (str(dossier.product.name) in facts) is there
        assert "Mường Ảng" in facts and "Kinh phí" in facts


#: The day, counted from the first of the event's year or of its unit -> whether it may be.
HELD = {
    "in the year": (lambda year, unit: date(year.year, 1, 1), True),
    "in the year before": (lambda year, unit: date(year.year - 1, 11, 7), True),
    "decades ago": (lambda year, unit: date(1990, 1, 1), False),
    "before there was such a unit": (lambda year, unit: unit.valid_from - timedelta(1), False),
}


@pytest.mark.parametrize("case", HELD)
def test_an_event_was_held_for_its_year_by_a_unit_of_that_day(case, meeting, commune, an):
    of, may = HELD[case]
    first = date(meeting.cycle.year, 1, 1) if "such a unit" in case else date(2000, 1, 1)
    update_as_owner(type(commune).objects.filter(pk=commune.pk), valid_from=first)
    commune.refresh_from_db()
    day = of(meeting.cycle, commune)
    page = reverse("dossiers:outreach_one", args=[meeting.pk])
    answer = signed_in(an).post(page, corrected(meeting, held_on=f"{day:%d/%m/%Y}"))
    assert (answer.status_code == 302) == may
    if not may:
        assert list(answer.context["form"].errors) == ["held_on"]


def test_the_history_of_an_event_is_written_as_people_write(meeting, an):
    page = reverse("dossiers:outreach_one", args=[meeting.pk])
    day = meeting.held_on - timedelta(1)
    changes = {"held_on": f"{day:%d/%m/%Y}", "cost": "3.500.000", "kind": "training"}
    assert signed_in(an).post(page, corrected(meeting, **changes)).status_code == 302
    shown = signed_in(an).get(page).content.decode()
    assert f"«{meeting.held_on:%d/%m/%Y}» thành «{day:%d/%m/%Y}»" in shown
    assert "«2.000.000 đồng» thành «3.500.000 đồng»" in shown


def test_an_event_of_a_closed_year_is_corrected_too(meeting, cycle, an):
    cycle.closed_on = clock.today()
    save_as_owner(cycle)
    page = reverse("dossiers:outreach_one", args=[meeting.pk])
    assert signed_in(an).post(page, corrected(meeting, cost="1.000.000")).status_code == 302


# --- Nothing is cut --------------------------------------------------------------------------------


def test_no_field_lets_the_browser_cut_what_is_pasted(dossier, an, cycle):
    shown = [opening.DossierForm(user=an), opening.OutreachForm(user=an)]
    for name in ("correct_names", "correct_details", "record_visit", "record_support"):
        shown += acts.ActForm(name, dossier, an).parts
    kept = [
        f"{type(form).__name__}.{name}"
        for form in shown
        for name in form.fields
        if "maxlength" in str(form[name])
    ]
    assert kept == []


def test_a_name_that_is_too_long_is_refused_and_shown_again(cycle, commune, an):
    name = "Mật ong " + "rất dài " * 30
    answer = signed_in(an).post(
        "/dossiers/new/",
        {
            "cycle": cycle.pk,
            "commune": commune.pk,
            "producer_name": "Hợp tác xã",
            "owner_type": "cooperative",
            "product_name": name,
            "group": "food",
            "case_type": "first",
        },
    )
    form = answer.context["form"]
    assert "Dài quá 200 ký tự" in form.errors["product_name"][0]
    assert form["product_name"].value() == name
    assert not Dossier.objects.exists()


# --- What was left unticked ------------------------------------------------------------------------

LATER_DAY = "31/12/2029"
#: why, until, words of an item left unticked -> the field that is wrong, or what is said.
EXCUSES = {
    "nothing": ("", "", "", "why_0", None),
    "words without a choice": ("", "", "Chưa có", None, "Chưa có"),
    "not applicable": ("na", "", "", None, "không áp dụng"),
    "awaited without a day": ("awaited", "", "", "until_0", None),
    "awaited": ("awaited", LATER_DAY, "", None, f"chờ bổ sung, hạn {LATER_DAY}"),
    "awaited until a day that is over": ("awaited", "01/01/2020", "", "until_0", None),
    "other without words": ("other", "", " ", "words_0", None),
    "other": ("other", "", "Đã gửi riêng", None, "Đã gửi riêng"),
    "no such reason": ("ghost", "", "", "why_0", None),
}


@pytest.mark.parametrize("case", EXCUSES)
def test_what_is_left_unticked_has_a_reason_of_the_list(case):
    why, until, words, wrong, said = EXCUSES[case]
    form = acts.ReviewForm(
        {
            "checked": [str(n) for n in range(1, len(acts.GUIDES["check_dossier"].checks))],
            "why_0": why,
            "until_0": until,
            "words_0": words,
            "remarks": "",
        },
        node="check_dossier",
    )
    if wrong:
        assert list(form.errors) == [wrong]
        return
    assert form.is_valid(), form.errors
    if any((why, until, words.strip())):
        # Beside what is ticked it would be lost: it is refused where it stands.
        ticked = {**form.data, "checked": ["0", *form.data["checked"]]}
        both = acts.ReviewForm(ticked, node="check_dossier")
        assert list(both.errors) == ["why_0" if why else "words_0"], case
    call = {"record": []}
    form.add_to(call)
    (review,) = call["record"]
    assert review.unticked == [f"{form.checks[0]}: {said}"]


def test_a_reason_asked_because_of_the_day_is_one_of_the_same_list():
    for case, (why, until, words, wrong, said) in EXCUSES.items():
        form = acts.AskedForm({"why": why, "until": until, "reason": words}, sentences=["Muộn"])
        if wrong:
            at = {"why_0": "why", "until_0": "until", "words_0": "reason"}[wrong]
            assert list(form.errors) == [at], case
            continue
        call = {}
        assert form.is_valid(), case
        form.add_to(call)
        assert call == {"reason": said}, case


def test_nothing_goes_forward_with_items_left_unticked_and_no_reason(dossier, an):
    assert {name for name, act in ACTS.items() if act.reviewed} == {
        "screen_idea", "select_idea", "check_plan", "approve_plan", "confirm_dossier",
        "forward_to_district", "forward_to_province", "accept_at_district", "accept_at_province",
        "propose_recognition",
    }  # fmt: skip
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    task = open_task(dossier)
    client = signed_in(an)
    page = reverse("dossiers:task", args=[task.pk])
    checks = [str(each) for each in acts.GUIDES["screen_idea"].checks]
    sent = {"act": "screen_idea", "screen_idea-review-checked": ["0"]}
    # One sentence for all that are left, not one for each.
    refused = client.post(page, sent | {"screen_idea-review-remarks": "Đã xem"})
    (problem,) = refused.context["tried"].problems
    assert problem[0] == "id_screen_idea-review-why_rest"
    assert problem[1] == f"Hãy chọn lý do. Chưa đánh dấu: {'; '.join(checks[1:])}."
    assert "Đã xem" in refused.content.decode() and not Review.objects.exists()
    # And one reason for all, beside those of their own.
    sent["screen_idea-review-why_rest"] = "na"
    sent["screen_idea-review-words_2"] = "Đã gửi riêng"
    assert client.post(page, sent).status_code == 302
    review = Review.objects.get()
    assert review.checked == checks[:1]
    said = ["không áp dụng", "Đã gửi riêng", *["không áp dụng"] * (len(checks) - 3)]
    assert review.unticked == [f"{each}: {why}" for each, why in zip(checks[1:], said, strict=True)]
    shown = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert f"✗ {checks[1]}: không áp dụng" in shown


def test_what_sends_back_or_refuses_asks_no_reason_of_the_checklist():
    assert {act.tone for act in ACTS.values() if act.reviewed} == {"forward"}


def test_the_list_of_reasons_is_one():
    assert excuses.Excuse.values == ["na", "awaited", "other"]


# --- Papers that must be valid ---------------------------------------------------------------------

#: kind, its last day from today, whether it counts.
PAPERS = {
    "a registration that ended": ("registration_form", -1, False),
    "a registration that ends today": ("registration_form", 0, True),
    "a registration without an end": ("registration_form", None, True),
}


@pytest.mark.parametrize("case", PAPERS)
def test_a_paper_that_must_be_valid_and_is_not_is_missing(case, dossier, an):
    kind, days, counts = PAPERS[case]
    dossier = stand(dossier, State.ASSEMBLING)
    ends = None if days is None else clock.today() + timedelta(days=days)
    with_compulsory_papers(dossier, an, **{kind: ends})
    missing = dossier.missing_evidence()
    assert bool(missing) != counts
    if not counts:
        assert f"hết hạn ngày {ends:%d/%m/%Y}" in missing[0]
        with pytest.raises(ConditionNotMet, match="hết hạn ngày"):
            doors.complete(
                open_task(dossier), "submit_dossier", by=an, record=records.self_assessment()
            )


def test_what_was_valid_when_filed_is_not_missing_later(dossier, an):
    dossier = stand(dossier, State.ASSEMBLING)
    with_compulsory_papers(dossier, an, registration_form=clock.today())
    doors.complete(open_task(dossier), "submit_dossier", by=an, record=records.self_assessment())
    dossier = Dossier.objects.get(pk=dossier.pk)
    with clock.at(clock.now() + timedelta(days=20)):
        assert dossier.missing_evidence() == []
        # Sent back, it is to be filed again: then the papers must be valid then.
        back = stand(dossier, State.SUPPLEMENT_REQUESTED)
        assert back.missing_evidence() != []


#: kind of a paper whose last day is over -> whether it is evidence all the same.
OF_THE_PAST = {
    "origin_and_chain": True,
    "growth_accounts": True,
    "awards": True,
    "test_results": False,
    "production_conditions": False,
}


@pytest.mark.parametrize("kind", OF_THE_PAST)
def test_contracts_accounts_and_awards_of_the_past_are_evidence(kind, dossier, an):
    dossier = stand(dossier, State.ASSEMBLING)
    ended = records.paper(kind, expires_on=clock.today() - timedelta(days=1))
    doors.act(dossier.process, "attach_evidence", by=an, record=ended)
    ((row,),) = [each["pieces"] for each in evidence_by_kind(dossier)]
    assert row["lapsed"] != OF_THE_PAST[kind]
    shown = signed_in(an).get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert ("Đã hết hạn trước ngày nộp hồ sơ" in shown) != OF_THE_PAST[kind]


# --- What becomes the name of another ------------------------------------------------------------

#: What is corrected -> the field that is typed and the name that another has already, as people
#: write it otherwise.
BECOMES_ANOTHER = {
    "the product": ("product_name", "Mật-ong BẠC HÀ"),
    "the producer": ("producer_name", "HTX Mường Phăng"),
    "whose it is": ("producer", None),
}


@pytest.mark.parametrize("case", BECOMES_ANOTHER)
def test_a_correction_that_makes_a_double_is_asked_about(case, dossier, minh, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    field, value = BECOMES_ANOTHER[case]
    product = dossier.product
    maker = Producer.objects.create(
        name="Hợp tác xã Mường Phăng", commune=dossier.commune, owner_type="cooperative"
    )
    Product.objects.create(name="Mật ong bạc hà", producer=product.producer, group="food")
    Product.objects.create(name=product.name, producer=maker, group="food")
    client, page = signed_in(minh), reverse("dossiers:act", args=[dossier.pk, "correct_names"])
    data = typed(
        client.get(page).context["form"],
        **{field: value or maker.pk},
        reason="Ghi sai",
        number="20/QĐ-UBND",
        signed_on=f"{clock.today():%d/%m/%Y}",
        signer="Trần Công Sơn",
        signer_capacity="Chủ tịch",
    )
    box = next(name for name in data if name.endswith("-confirmed"))

    def send(tick=""):
        scan = SimpleUploadedFile("a.pdf", b"%PDF-1.7 x obj %%EOF")
        scans = {box.replace("correction-confirmed", "paper-scan_file"): scan}
        return client.post(page, data | {box: tick} | scans)

    for bare in ("", "on", "true"):
        asked = send(bare)
        assert asked.status_code == 200 and "Đã có: " in str(asked.context["form"].problems)
    (found,) = re.findall(rf'<input[^>]*name="{box}"[^>]*>', asked.content.decode())
    before = HistoryEntry.objects.filter(stream__in=[Stream.PRODUCT, Stream.PRODUCER]).count()
    assert send(re.search(r'value="([^"]*)"', found)[1]).status_code == 302
    said = HistoryEntry.objects.filter(stream__in=[Stream.PRODUCT, Stream.PRODUCER])
    assert said.count() == before + 1
    line = said.latest("pk")
    row = product.producer if field == "producer_name" else product
    assert (line.event, line.stream_id) == (f"{row._meta.model_name}.change", row.pk)
    assert (line.actor, line.reason, line.data["dossier"]) == (minh, "Ghi sai", dossier.pk)


def test_details_corrected_stand_in_the_history_of_their_rows(dossier, an):
    dossier = stand(dossier, State.IMPLEMENTING)
    page = reverse("dossiers:act", args=[dossier.pk, "correct_details"])
    form = signed_in(an).get(page).context["form"]
    data = typed(form, phone="0912345678", code="SP-7", reason="Chủ thể báo")
    assert signed_in(an).post(page, data).status_code == 302
    for row, fields in ((dossier.product.producer, {"phone"}), (dossier.product, {"code"})):
        (line,) = HistoryEntry.objects.filter(stream=row.history_stream, stream_id=row.pk)
        assert {each["field"] for each in line.data["changed"]} == fields

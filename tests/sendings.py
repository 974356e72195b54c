"""What is sent, by whom, to which address, and what it makes: one of each form of the product."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from councils.models import (
    Appraisal,
    Council,
    EvaluationRound,
    Interest,
    Member,
    Opinion,
    Regulation,
)
from cycle import clock
from cycle.appointing import Appointed
from cycle.models import (
    Cycle,
    Document,
    HistoryEntry,
    Job,
    Role,
    RoleAssignment,
    Substitution,
    User,
)
from dossiers.forms.uploads import held_note
from dossiers.models import (
    ACTS,
    Call,
    CertificateNumber,
    Dossier,
    Erasure,
    Evidence,
    Inspection,
    OutreachEvent,
    PlannedOutreach,
    Potential,
    Producer,
    Promotion,
    PromotionEvent,
    State,
    StockBatch,
    SupportMeasure,
    Visit,
)
from dossiers.walk import doors
from tests import judging, records
from tests.addresses import forms_of
from tests.owning import update_as_owner
from tests.public_pages import keep
from tests.standing import stand
from tests.world import open_dossier, open_task, person


def today(days=0):
    return f"{clock.today() + timedelta(days=days):%d/%m/%Y}"


def scan(name="van-ban.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.7 van ban obj %%EOF\n", content_type="application/pdf")


def dossier(w):
    return w.an, "/dossiers/new/", {
        "cycle": w.cycle.pk, "commune": w.commune.pk, "producer_name": "Hợp tác xã Nà Tấu",
        "owner_type": "cooperative", "product_name": "Chẩm chéo", "group": "food",
        "case_type": "first",
    }, (Dossier, Producer)  # fmt: skip


def event(w):
    return w.an, "/outreach/", {
        "cycle": w.cycle.pk, "org_unit": w.commune.pk, "held_on": today(), "kind": "meeting",
        "title": "Họp bản Nà Luống", "attendance": "45", "cost": "0",
    }, (OutreachEvent,)  # fmt: skip


def fair(w):
    return w.an, "/promotions/", {
        "cycle": w.cycle.pk, "org_unit": w.commune.pk, "held_on": today(), "cost": "0",
        "title": "Hội chợ OCOP", "place": "Mường Ảng", "attendance": "300",
    }, (PromotionEvent,)  # fmt: skip


def planned(w):
    return w.an, "/outreach/plan/new/", {
        "cycle": w.cycle.pk, "org_unit": w.commune.pk, "kind": "training", "title": "Tập huấn",
        "when": today(30),
    }, (PlannedOutreach,)  # fmt: skip


def known(w):
    return w.an, "/potential/new/", {
        "cycle": w.cycle.pk, "commune": w.commune.pk, "source": "wish", "name": "Mật ong bạc hà",
        "producer_name": "Hộ Lò Văn Pâng",
    }, (Potential,)  # fmt: skip


def act(w, state, name, by, record, **typed):
    stood = stand(open_dossier(w.cycle, w.commune, w.an), state)
    fields = {f"{name}-{record._meta.model_name}-{key}": value for key, value in typed.items()}
    return by, reverse("dossiers:act", args=[stood.pk, name]), fields, (record,)


def evidence(w):
    kind = w.cycle.rule_set.content["evidence_kinds"][0]["code"]
    return act(
        w, State.ASSEMBLING, "attach_evidence", w.an, Evidence,
        kind=kind, title="Ảnh sản phẩm", paper_location="Tủ 1",
    )  # fmt: skip


def visit(w):
    return act(
        w, State.IMPLEMENTING, "record_visit", w.an, Visit,
        visited_on=today(), visitor="Lò Thị An", findings="120 đàn ong",
    )  # fmt: skip


def call(w):
    return act(
        w, State.PROMOTED, "record_call", w.an, Call,
        called_on=today(), spoke_with="Giàng A Pó", said="Sẽ nộp trong tháng",
    )  # fmt: skip


def support(w):
    return act(
        w, State.IMPLEMENTING, "record_support", w.minh, SupportMeasure,
        kind="production", provider="Khuyến nông", source="programme",
        budget_source="Chương trình mục tiêu",
        planned="60.000.000", paid="0", expected_result="50 thùng ong",
    )  # fmt: skip


def promotion(w):
    return act(
        w, State.PROMOTED, "record_promotion", w.minh, Promotion,
        done_on=today(), channel="Hội chợ tỉnh", result="Bán 120 chai",
        cost="0",
    )  # fmt: skip


def inspection(w):
    return act(
        w, State.PROMOTED, "record_inspection", w.minh, Inspection,
        inspected_on=today(), inspectors="Đoàn của Sở", findings="Nhãn đúng", samples="2",
        conclusion="passed", concluded_on=today(),
    )  # fmt: skip


def council(w):
    return w.minh, "/councils/new/", {
        "org_unit": w.province.pk, "name": "Hội đồng OCOP tỉnh", "number": "45/QĐ-UBND", "signed_on": today(-9),
        "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch UBND tỉnh", "valid_from": today(-8),
    }, (Council,)  # fmt: skip


def sitting(w):
    judging.regulate(w.province)
    return judging.seat(w.province, w.thu)


def seat(w):
    return w.thu, f"/councils/{sitting(w).pk}/", {
        "user": w.minh.pk, "seat": "member", "department": "Sở", "since": today(),
    }, (Member,)  # fmt: skip


def regulation(w):
    return w.thu, "/councils/regulation/new/", {
        "org_unit": w.province.pk, "number": "20/QĐ-HĐ", "signed_on": today(-1),
        "signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch UBND tỉnh", "valid_from": today(),
        "quorum_percent": "70", "chair_required": "on", "max_spread": "12,5", "scorings": "3",
        "fewest_sheets": "3", "batches": "2",
        "documents_days": "1", "same_producer": "forbid", "same_commune": "warn",
        "appraised": "allow",
    }, (Regulation,)  # fmt: skip


def round_(w):
    return w.thu, "/rounds/new/", {
        "council": sitting(w).pk, "cycle": w.cycle.pk, "name": "Đợt 1", "mode": "meeting",
        "meets_at": f"{today(3)} 14:00", "place": "Phòng họp tầng 2",
    }, (EvaluationRound,)  # fmt: skip


def entry_of(w):
    before = judging.before_council(w.cycle, w.commune, w.an)
    return judging.begin(sitting(w), w.cycle, before, w.thu, open_it=False).entries.get()


def opinion(w):
    y_te = person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, w.province))
    return w.thu, f"/entries/{entry_of(w).pk}/opinions/new/", {
        "to": y_te.pk, "department": "Sở Y tế", "question": "Đạt?", "days": "5",
    }, (Opinion,)  # fmt: skip


def interest(w):
    entry = entry_of(w)
    return w.thu, f"/entries/{entry.pk}/interest/", {
        "member": judging.judge(entry.round.council, 1).pk, "kind": "declared", "recused": "yes",
        "reason": "Em ruột",
    }, (Interest,)  # fmt: skip


def appraisal(w):
    entry = entry_of(w)
    return judging.judge(entry.round.council, 6).user, f"/entries/{entry.pk}/appraisal/", {
        "checked": ["0"], "visited_on": today(), "findings": "Sạch", "report": "Đủ",
    }, (Appraisal,)  # fmt: skip


def invite(w):
    return w.thu, f"/rounds/{entry_of(w).round_id}/invite/", {}, (HistoryEntry,)


def spread(w):
    before = judging.before_council(w.cycle, w.commune, w.an)
    round_ = judging.begin(sitting(w), w.cycle, before, w.thu)
    for number in range(5):
        judging.fill(round_.entries.get(), judging.judge(round_.council, number), judging.best)
    judging.count(round_)
    return w.thu, f"/entries/{round_.entries.get().pk}/keep/", {"reason": "Đã bàn"}, (HistoryEntry,)


def numbers(w):
    dossier = stand(open_dossier(w.cycle, w.commune, w.an), State.CERTIFIED)
    given = keep(dossier, number="", stars=3, issuer=w.province)
    place = reverse("dossiers:numbers_of", args=[given.decision.document_id])
    typed = {"column": "", f"n-{given.pk}": "12/GCN"}
    # What is sent here is the yes to what the preview showed.
    browser = Client()
    browser.force_login(w.minh)
    sure = browser.post(place, typed).context["form"].seal
    return w.minh, place, typed | {"sure": sure}, (CertificateNumber,)


def corrected_numbers(w):
    dossier = stand(open_dossier(w.cycle, w.commune, w.an), State.CERTIFIED)
    given = keep(dossier, number="12/GCN", stars=3, issuer=w.province)
    place = reverse("dossiers:correct_numbers", args=[given.decision.document_id])
    rows = str(given.numbers.get().pk)
    typed = {"rows": rows, f"n-{given.pk}": "13/GCN", "reason": "Gõ nhầm"}
    browser = Client()
    browser.force_login(w.minh)
    sure = browser.post(place, typed).context["form"].seal
    return w.minh, place, typed | {"sure": sure}, (CertificateNumber,)


def missing_scans(w):
    lacking = Document(
        number="900/BC-UBND", kind="report", direction="outgoing", signed_on=clock.today(),
        signer="Trần Công Sơn", signer_capacity="Chủ tịch", at=clock.now(), issuer=w.province,
    )  # fmt: skip
    lacking.save()
    browser = Client()
    browser.force_login(w.minh)
    place = reverse("dossiers:scans")
    form = browser.post(place, {"scans": scan("900-BC-UBND.pdf")}).context["form"]
    (row,) = form.rows
    typed = {f"scans{key}": note for key, note in held_note(row.staged, w.minh).items()}
    typed |= {row.name: lacking.pk, "sure": form.seal}
    return w.minh, place, typed, (Document,)


def somebody(w):
    return w.chi, "/people/new/", {
        "full_name": "Lường Thị Mới", "org_unit": "xa na tau", "role": "officer",
        "valid_from": today(), "valid_to": "", "email": "", "phone": "",
    }, (User, RoleAssignment)  # fmt: skip


def absence(w):
    dung = person("dung", "Lò Thị Dung", (Role.CLERK, w.commune))
    return w.an, "/absence/new/", {
        "assignment": w.an.role_assignments.get(org_unit=w.commune).pk, "substitute": dung.pk,
        "valid_from": today(), "valid_to": today(5), "reason": "Đi học",
    }, (Substitution,)  # fmt: skip


def year(w):
    root = User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")
    return root, "/cycles/open/", {
        "year": str(w.cycle.year + 1), "like": "none", "number": "12/KH-UBND",
        "signed_on": today(-3), "body": "UBND tỉnh Điện Biên", "signer": "Lò Văn Minh", "signer_capacity": "Phó Chủ tịch",
        "opened_on": f"15/10/{w.cycle.year}", "ends_on": f"31/12/{w.cycle.year + 1}",
        "rule_set": "",
    }, (Cycle,)  # fmt: skip


def days_off(w):
    typed = {
        "days-TOTAL_FORMS": "1", "days-INITIAL_FORMS": "0", "days-0-day": today(40),
        "days-0-what": "off", "days-0-name": "Nghỉ bù", "days-0-document": "12/TB-BNV",
        "act": "apply",
    }  # fmt: skip
    # What is sent here is the yes to what the preview showed.
    browser = Client()
    browser.force_login(w.minh)
    sure = browser.post("/calendar/", typed).context["seal"]
    return w.minh, "/calendar/", typed | {"sure": sure}, (Job,)


def stock_list(w):
    update_as_owner(w.minh.role_assignments.all(), role=Role.OFFICER)
    return w.minh, "/stock/", {"file": scan_of_rows()}, (StockBatch,)


def scan_of_rows():
    return SimpleUploadedFile("danh sach.csv", "Tên sản phẩm;Xã\nMật ong;Nà Tấu\n".encode())


def erasure(w):
    with transaction.atomic():
        said = HistoryEntry.objects.record(
            "person.leave", Appointed(w.an), by=w.minh, reason="Nghỉ ốm, gọi 0912345678"
        )
    address, typed = f"/erasures/person/{w.an.pk}/", {
        "texts": [f"{said.pk}:reason"], "because": "request", "reason": "Theo đơn",
        "number": "12/ĐĐN", "signed_on": today(-1), "signer": "Lò Thị An",
    }  # fmt: skip
    # It is asked once more: what is sent here is the yes.
    browser = Client()
    browser.force_login(w.son)
    asked = browser.post(address, typed | {"scan": scan()})
    held = re.search(r'name="scan-held" value="([^"]+)"', asked.content.decode())[1]
    return w.son, address, typed | {"scan-held": held, "sure": asked.context["form"].seal}, (
        Erasure,
    )  # fmt: skip


FORMS = [
    dossier, event, fair, planned, known, evidence, visit, call, support, promotion, inspection, council, seat, regulation,
    round_, opinion, interest, appraisal, invite, spread, somebody, absence, year, days_off, stock_list,
    erasure, numbers, corrected_numbers, missing_scans,
]  # fmt: skip


@pytest.fixture
def w(cycle, commune, province, cast, thu, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    world = type("World", (), {})()
    world.__dict__.update(cast, cycle=cycle, commune=commune, province=province)
    return world


def page_of(who, address):
    """Who opened the form, and the token of that page."""
    browser = Client(raise_request_exception=False)
    browser.force_login(who)
    (form, *_) = [
        form
        for form in forms_of(browser.get(address))
        if form["method"] == "post" and form["action"] in ("", address)
    ]
    return browser, {"csrfmiddlewaretoken": form["fields"]["csrfmiddlewaretoken"][1]}


def fresh(typed):
    """What is typed, its files to be read from their beginning."""
    return {
        name: SimpleUploadedFile(value.name, value.file.getvalue())
        if isinstance(value, SimpleUploadedFile)
        else value
        for name, value in typed.items()
    }


def counts(models):
    return [model._base_manager.count() for model in models]


def another(browser, address="/inbox/"):
    """The token of another page of the same sign-in, as after the browser's Back."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', shown_raw(browser, address))
    return {"csrfmiddlewaretoken": found[1]}


#: How each form of a final act is filled in: {field: what is typed}.
TODAY = "today"


PAPER = {
    "paper-number": "812/QĐ-UBND", "paper-signed_on": TODAY, "paper-signer": "Trần Công Sơn",
    "paper-signer_capacity": "Chủ tịch", "paper-scan_file": "SCAN",
}  # fmt: skip


FINAL = {
    "certify": (
        State.AWAITING_DECISION, "son",
        PAPER | {"certificate-number": "12/GCN", "certificate-issued_on": TODAY},
    ),
    "promote": (
        State.CERTIFIED, "tam",
        {"promotion-done_on": TODAY, "promotion-channel": "Hội chợ tỉnh",
         "promotion-result": "Bán 120 chai", "promotion-cost": "0"},
    ),
    "revoke": (
        State.CERTIFIED, "minh",
        PAPER | {"revocation-ground": "b", "revocation-recipients": "Chủ thể; UBND xã Nà Tấu",
                 "reason-reason": "Không còn đạt"},
    ),
    "withdraw_decision": (
        State.CERTIFIED, "minh",
        PAPER | {"paper-signer_capacity": "Bộ trưởng", "reason-reason": "Trái quy định"},
    ),
    "record_centre_result": (
        State.AT_CENTRE, "minh",
        PAPER | {"evaluation-met_on": TODAY, "evaluation-points_sum": "170",
                 "evaluation-sheets": "2", "evaluation-stars": "4",
                 "paper-signer_capacity": "Bộ trưởng",
                 "evaluation-reasons": "Hội đồng trung ương kết luận"},
    ),
}  # fmt: skip


def final(w, name):
    """(who, address, what is typed, the dossier) for one final act."""
    state, who, typed = FINAL[name]
    stood = stand(open_dossier(w.cycle, w.commune, w.an), state)
    address = (
        reverse("dossiers:task", args=[open_task(stood).pk])
        if ACTS[name].door == "task"
        else reverse("dossiers:act", args=[stood.pk, name])
    )
    typed = {
        f"{name}-{field}": {TODAY: today(), "SCAN": scan()}.get(value, value)
        for field, value in typed.items()
    }
    if name == "revoke":
        conclusion = records.inspection("revoke")
        doors.act(stood.process, "record_inspection", by=w.minh, record=conclusion)
        typed["revoke-revocation-inspection"] = str(conclusion.pk)
    return getattr(w, who), address, typed | {"act": name}, stood


def shown_raw(browser, address):
    return browser.get(address).content.decode()

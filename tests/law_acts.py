"""Each act of the law through its door, with what it hands in."""

from datetime import timedelta
from types import SimpleNamespace

from django.db import transaction

from cycle import clock
from cycle.models import HistoryEntry, Rubric, Stream, User
from dossiers.models import (
    Producer,
    Review,
)
from dossiers.models.product import DETAILS
from dossiers.models.task import FORWARDS
from dossiers.walk import doors
from tests import records
from tests.law_table import OF_A_TASK
from tests.public_pages import keep
from tests.world import open_task, person


def corrected(**fields):
    """The honey under another name, of a producer that has not changed."""
    producer = Producer.objects.first()
    values = {
        "product_name": "Mật ong bạc hà",
        "product_group": "food",
        "producer": producer,
        "producer_name": producer.name,
    }
    return values | fields


def details(**fields):
    """What is no name of the honey and its producer, as it is but for ``fields``."""
    producer = Producer.objects.first()
    return {name: getattr(producer, name) for name in DETAILS} | {"code": ""} | fields


def grounds():
    """The conclusion that proposes it, and what is revoked on it."""
    return [records.inspection("revoke"), records.revocation()]


def twice(kind):
    """A record, and another that says it otherwise and replaces it."""
    old = kind()
    new = kind()
    new.replaces = old
    # A number is another each time.
    for field in {"findings", "expected_result", "result", "note", "labour", "said"}.intersection(
        vars(new)
    ):
        setattr(new, field, "Ghi lại cho đúng")
    return [old, new]


def paid():
    """A measure of support, and a payment of it."""
    measure = records.support()
    return [measure, records.payment(measure)]


def paid_twice():
    """The same, and another payment that says it otherwise and replaces the first."""
    measure, old = paid()
    return [measure, old, records.payment(measure, note="Ghi lại cho đúng", replaces=old)]


def number():
    """A number, and the certificate that waits for it where the dossier has none."""
    record = records.number()
    prepare = record.prepare

    def of_a_certificate(paper=None):
        if not record.dossier.certificates.exists():
            keep(record.dossier, number="", stars=3, issuer=record.dossier.commune.parent)
        prepare(paper)

    record.prepare = of_a_certificate
    return record


#: What each act hands in so that nothing is missing.
HANDS_IN = {
    "register_idea": lambda: {"record": records.idea()},
    "complete_idea": lambda: {"record": records.idea()},
    "refile_idea": lambda: {"record": records.idea()},
    "screen_idea": lambda: {"record": Review(checked=["Đủ thông tin"])},
    "submit_plan": lambda: {"record": records.plan()},
    "complete_plan": lambda: {"record": records.plan()},
    "refile_plan": lambda: {"record": records.plan()},
    "record_visit": lambda: {"record": records.visit()},
    "record_support": lambda: {"record": records.support()},
    "record_payment": lambda: {"record": paid()},
    "declare_ready": lambda: {"record": records.completion()},
    "attach_evidence": lambda: {"record": records.paper("registration_form")},
    "choose_rubric": lambda: {"rubric": Rubric()},
    "submit_dossier": lambda: {"record": records.self_assessment()},
    "record_samples": lambda: {"record": records.samples()},
    "confirm_dossier": lambda: {"record": records.commune_report()},
    **{act: lambda: {"paper": records.request()} for act in FORWARDS},
    "rank_at_district": lambda: {"record": records.evaluation(), "paper": records.signed_paper()},
    "rank": lambda: {"record": records.evaluation(), "paper": records.signed_paper()},
    "not_recognise": lambda: {"paper": records.signed_paper()},
    "record_centre_result": lambda: {
        "record": records.evaluation(),
        "paper": records.ministry_paper(),
    },
    "certify": lambda: {"record": records.certificate(), "paper": records.signed_paper()},
    "nominate": lambda: {
        "paper": records.signed_paper(),
        "reason": f"Hàng tươi sống, gửi mẫu ngày {clock.today() + timedelta(days=20):%d/%m/%Y}",
    },
    **{
        act: lambda: {"paper": records.signed_paper()}
        for act in ("approve_result", "evaluate_again", "notify_result")
    },
    **{
        act: lambda: {"paper": records.ministry_paper()}
        for act in ("order_evaluation", "withdraw_decision")
    },
    "number_certificate": lambda: {"record": number()},
    "correct_number": lambda: {"record": twice(number)},
    "record_call": lambda: {"record": records.call()},
    "record_promotion": lambda: {"record": records.promotion()},
    "promote": lambda: {"record": records.promotion()},
    "record_inspection": lambda: {"record": records.inspection()},
    "confirm_stopped": lambda: {"record": records.stopped(), "paper": records.signed_paper()},
    "report_revocation": lambda: {"record": grounds(), "paper": records.signed_paper()},
    "revoke": lambda: {"record": grounds(), "paper": records.signed_paper()},
    "correct_call": lambda: {"record": twice(records.call)},
    "correct_visit": lambda: {"record": twice(records.visit)},
    "correct_support": lambda: {"record": twice(records.support)},
    "correct_payment": lambda: {"record": paid_twice()},
    "correct_promotion": lambda: {"record": twice(records.promotion)},
    "correct_samples": lambda: {"record": twice(records.samples)},
    "correct_completion": lambda: {"record": twice(records.completion)},
    "correct_report": lambda: {"record": twice(records.commune_report)},
    "correct_inspection": lambda: {"record": twice(records.inspection)},
    "correct_details": lambda: details(phone="0912 345 678"),
    "correct_names": lambda: {"paper": records.signed_paper(), **corrected()},
    "enter_late": lambda: {"entered_as": "existing"},
}


def who_does(dossier, act, by):
    """``by``; for what sends a dossier up, one who holds that task and receives nothing above."""
    if act not in FORWARDS:
        return by
    task = open_task(dossier)
    return User.objects.filter(username="nguoi_chuyen").first() or person(
        "nguoi_chuyen", "Người chuyển hồ sơ", (task.role, task.org_unit)
    )


def do(dossier, act, by, **given):
    """The act through the door it belongs to, as far as the dossier offers that door."""
    given.setdefault("reason", "Theo biên bản")
    if act in OF_A_TASK:
        return doors.complete(open_task(dossier), act, by=by, **given)
    return doors.act(dossier.process, act, by=by, **given)


def authority(dossier, by):
    """An entry of a round's history that names the dossier, as a closing writes it."""
    round_ = SimpleNamespace(history_stream=Stream.ROUND, pk=1, history_cycle_id=None)
    with transaction.atomic():
        return HistoryEntry.objects.record("round.close", round_, by=by, dossiers=[dossier.pk])

"""A province after years of work: terms by the million, and what every list shows."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from bench.ground import Ground
from bench.inbox_scale import _copy
from councils.models import (
    Closing,
    Consequence,
    Council,
    EvaluationRound,
    Member,
    Opinion,
    Regulation,
    Result,
    RoundEntry,
    RoundState,
    Seat,
)
from cycle import clock, documents
from cycle.models import (
    Document,
    HistoryEntry,
    Job,
    JobState,
    Level,
    OrgUnit,
    OutboxMessage,
    Role,
    RoleAssignment,
    Rubric,
    TermRule,
    User,
)
from cycle.workdays import DAY
from dossiers.models import (
    Certificate,
    CertificateNumber,
    Evaluation,
    OfficialDocument,
    OutreachEvent,
    PromotionEvent,
    Term,
)
from notifications.models import Channel, Delivery, DeliveryState, Notification
from tests.judging import decided, recorded
from tests.world import open_dossier, person

#: Of the ten terms of a dossier seven are of a task; of 1,300 terms so many are late.
PER_DOSSIER, TASKS, LATE_OF_1300 = 10, 7, 280
COMMUNES = 45
#: Copies carry numbers of their own, far from what is made one by one.
FIRST = 10_000_000
#: One dossier of so many has a certificate and points of both levels, was told, came of an event.
ONE_OF = 3
#: What one person is told, at most.
NEWS = 5_000
#: Products that a closed round judged.
PRODUCTS = 5


class Province(Ground):
    """So many terms over :data:`COMMUNES` communes: ten to a dossier, its last task open."""

    def __init__(self, terms):
        super().__init__()
        number = terms // PER_DOSSIER
        self.communes = OrgUnit.objects.bulk_create(
            OrgUnit(
                code=f"C{place}",
                name=f"Xã {place}",
                level=Level.COMMUNE,
                parent=self.province,
                valid_from="2020-01-01",
            )
            for place in range(COMMUNES)
        )
        officers = User.objects.bulk_create(
            User(username=f"canbo{place}", full_name=f"Cán bộ {place}") for place in range(COMMUNES)
        )
        RoleAssignment.objects.bulk_create(
            RoleAssignment(user=user, role=role, org_unit=commune, valid_from="2020-01-01")
            for user, commune in zip(officers, self.communes, strict=True)
            for role in (Role.OFFICER, Role.LEADER)
        )
        self.officers = officers
        self.son = person("son", "Trần Công Sơn", (Role.LEADER, self.province))
        self.thu = person("thu", "Phạm Hoài Thu", (Role.COUNCIL_OFFICE, self.province))
        self.tam = person(
            "tam", "Đỗ Thanh Tâm", (Role.TRADE, self.province), (Role.DEPARTMENT, self.province)
        )
        self.admin = User.objects.create_superuser("quantri")
        model = open_dossier(self.cycle, self.communes[0], officers[0])
        with transaction.atomic():
            self._fill(model, number)
            self._records(model, number // ONE_OF)
            self._news(min(number // ONE_OF, NEWS))
            self._rounds(number // ONE_OF // PRODUCTS)

    def people(self):
        """Everybody who opens a list."""
        return [self.minh, self.son, self.thu, self.tam, self.admin, *self.officers]

    def _fill(self, model, number):
        unit = f"{self.communes[0].pk} + n % {COMMUNES}"
        user = f"{self.officers[0].pk} + n % {COMMUNES}"
        dossiers = f"generate_series(1, {number}) n"
        new = f"{FIRST} + n"
        product, task = model.product, model.open_task()
        _copy("dossiers_product", product.pk, dossiers, id=new, name="t.name || ' ' || n")
        _copy("dossiers_dossier", model.pk, dossiers, id=new, product_id=new, commune_id=unit)
        _copy("dossiers_process", task.process_id, dossiers, id=new, dossier_id=new)
        rows = f"{dossiers}, generate_series(1, {{}}) k, LATERAL ({MOMENTS}) m"
        key = f"{FIRST} + (n - 1) * {PER_DOSSIER} + k"
        _copy(
            "dossiers_task",
            task.pk,
            rows.format(TASKS),
            id=key,
            dossier_id=new,
            process_id=new,
            org_unit_id=unit,
            owner_id=f"CASE WHEN m.stopped_at IS NULL AND n % 3 > 0 THEN {user} END",
            status="CASE WHEN m.stopped_at IS NULL THEN 'NEW' ELSE 'DONE' END",
            closed_by_id=f"CASE WHEN m.stopped_at IS NOT NULL THEN {user} END",
            closed_at="m.stopped_at",
            outcome="CASE WHEN m.stopped_at IS NULL THEN '' ELSE 'register_idea' END",
            opened_at="m.started_at",
            due_on="m.due_on",
            due_at="m.due_at",
            paused="m.paused_at IS NOT NULL",
            waiting_since="m.paused_at",
            waiting_reason="CASE WHEN m.paused_at IS NULL THEN '' ELSE 'Chờ giấy' END",
        )
        rule = TermRule.objects.filter(cycle=self.cycle).exclude(escalations=[]).earliest("pk")
        of_task = f"k <= {TASKS}"
        _copy(
            "dossiers_term",
            task.term.pk,
            rows.format(PER_DOSSIER),
            id=key,
            dossier_id=new,
            task_id=f"CASE WHEN {of_task} THEN {key} END",
            rule_id=f"CASE WHEN NOT {of_task} THEN {rule.pk} END",
            legal=f"NOT {of_task}",
            title=f"CASE WHEN {of_task} THEN t.title ELSE 'Thời hạn theo luật' END",
            org_unit_id=unit,
            started_at="m.started_at",
            original_due_on="m.due_on",
            due_on="m.due_on",
            due_at="m.due_at",
            state="CASE WHEN m.stopped_at IS NOT NULL THEN 'stopped'"
            " WHEN m.paused_at IS NOT NULL THEN 'paused' ELSE 'running' END",
            stopped_at="m.stopped_at",
            paused_at="m.paused_at",
            rungs="ARRAY[]::text[]",
            rung_at="ARRAY[]::timestamptz[]",
            next_at="NULL",
        )
        _ledger(user)

    def _records(self, model, number):
        """Certificates with their clocks, points of both levels, events, long work."""
        some, dossier = f"generate_series(1, {number}) n", f"{FIRST} + n * {ONE_OF}"
        day, now = clock.today(), clock.now()
        made = {"dossier": model, "recorded_by": self.minh, "at": now}
        points = {"met_on": day, "points_sum": 300, "sheets": 4, "stars": 4, "reasons": "Nhất trí"}
        low, high = Evaluation.objects.bulk_create(
            Evaluation(level=level, **points, **made) for level in (Level.DISTRICT, Level.PROVINCE)
        )
        for place, each in enumerate((low, high)):
            new = f"{FIRST} + n * 2 + {place}"
            _copy("dossiers_evaluation", each.pk, some, id=new, dossier_id=dossier)
        paper = {"number": "812/QĐ-UBND", "signed_on": day - DAY, "signer": "Trần Công Sơn"}
        capacity = self.minh.capacity("officer", self.province.pk)
        with transaction.atomic():
            in_ledger = documents.record(
                Document(issuer=self.province, signer_capacity="Chủ tịch", **paper),
                by=self.minh,
                capacity=capacity,
            )
        decision = OfficialDocument.objects.create(document=in_ledger, **made)
        _copy("dossiers_officialdocument", decision.pk, some, id=f"{FIRST} + n", dossier_id=dossier)
        certified = {"stars": 4, "issuer": self.province, "decision": decision}
        (given,) = Certificate.objects.bulk_create(
            [Certificate(issued_on=day - DAY, expires_on=day, **certified, **made)]
        )
        # They end over three years, from two months ago on.
        ends = "current_date - 60 + n % 1100"
        _copy(
            "dossiers_certificate",
            given.pk,
            some,
            id=f"{FIRST} + n",
            dossier_id=dossier,
            decision_id=f"{FIRST} + n",
            token="'token' || n",
            issued_on=f"{ends} - 1096",
            expires_on=ends,
        )
        numbered = CertificateNumber.objects.create(
            certificate=given, issuer=self.province, year=given.issued_on.year, number="0", **made
        )
        _copy(
            "dossiers_certificatenumber",
            numbered.pk,
            some,
            id=f"{FIRST} + n",
            dossier_id=dossier,
            certificate_id=f"{FIRST} + n",
            year=f"extract(year FROM {ends} - 1096)",
            number="n::text",
        )
        rule = TermRule.objects.filter(cycle=self.cycle, subject="certificate").earliest("pk")
        term = Term.of_rule(
            rule, at=now, org_unit=self.communes[0], dossier=model, certificate=given, fixed_on=day
        )
        term.next_at = None
        term.save()
        _copy(
            "dossiers_term",
            term.pk,
            some,
            id=f"{2 * FIRST} + n",
            dossier_id=dossier,
            certificate_id=f"{FIRST} + n",
            org_unit_id=f"{self.communes[0].pk} + n * {ONE_OF} % {COMMUNES}",
            due_on=ends,
            original_due_on=ends,
            due_at=f"({ends} + 1)::timestamp AT TIME ZONE '{timezone.get_default_timezone_name()}'",
        )
        event = OutreachEvent.objects.create(
            cycle=self.cycle, org_unit=self.province, held_on=day, title="Họp", kind="meeting"
        )
        _copy("dossiers_outreachevent", event.pk, some, id=f"{FIRST} + n")
        fair = PromotionEvent.objects.create(
            cycle=self.cycle, org_unit=self.province, held_on=day, title="Hội chợ"
        )
        _copy("dossiers_promotionevent", fair.pk, some, id=f"{FIRST} + n")
        job = Job.objects.create(
            kind="recalculate_terms", by=self.minh, created_at=now, state=JobState.FAILED
        )
        _copy("cycle_job", job.pk, some, id=f"{FIRST} + n")

    def _news(self, number):
        """An entry of the record for each, told to the province's officer; the letter failed."""
        some, now = f"generate_series(1, {number}) n", clock.now()
        entry = HistoryEntry.objects.filter(stream="dossier").earliest("pk")
        told = Notification.objects.create(entry=entry, recipient=self.minh, created_at=now)
        letter = Delivery.objects.create(
            notification=told, channel=Channel.EMAIL, next_at=now, state=DeliveryState.INCIDENT
        )
        new = f"{FIRST} + n"
        _copy(
            "cycle_historyentry",
            entry.pk,
            some,
            id=new,
            stream_id=f"{FIRST} + n * {ONE_OF}",
            event="CASE WHEN n % 5 > 0 THEN 'dossier.certify' ELSE 'dossier.return_idea' END",
        )
        # An entry takes its own number, whatever is said: it is known by its dossier, which has no
        # other.
        its = (
            "(SELECT e.id FROM cycle_historyentry e WHERE e.stream = 'dossier'"
            f" AND e.stream_id = {FIRST} + n * {ONE_OF})"
        )
        if OutboxMessage.objects.filter(entry=entry).exists():
            _copy("cycle_outboxmessage", entry.pk, some, "entry_id", entry_id=its, error="'Lỗi'")
        _copy("notifications_notification", told.pk, some, id=new, entry_id=its)
        _copy(
            "notifications_delivery",
            letter.pk,
            some,
            id=new,
            notification_id=new,
            message_id="'<' || n || '@ocop>'",
        )

    def _rounds(self, number):
        """Closed rounds of :data:`PRODUCTS` results each, the last of them asked a department."""
        now, day = clock.now(), clock.today()
        regulation = Regulation.objects.create(
            org_unit=self.province,
            basis=recorded(decided("12/QĐ-HĐ", day), self.province),
            valid_from=day - timedelta(days=365),
        )
        self.council = Council.set_up(
            Council(
                org_unit=self.province,
                name="Hội đồng cấp tỉnh",
                decision=decided("1/QĐ-UBND", day),
                valid_from=day,
            ),
            by=self.thu,
        )
        self.council.give_seat(Member(user=self.son, seat=Seat.CHAIR, since=day), by=self.thu)
        rubric = Rubric.objects.current().filter(rule_set=self.cycle.rule_set).earliest("pk")
        rounds = EvaluationRound.objects.bulk_create(
            EvaluationRound(
                council=self.council,
                regulation=regulation,
                cycle=self.cycle,
                name=f"Đợt {place}",
                meets_at=now,
                state=RoundState.OPEN,
                opened_at=now,
            )
            for place in range(number)
        )
        entries = RoundEntry.objects.bulk_create(
            RoundEntry(
                round=round_,
                dossier_id=FIRST + (place * PRODUCTS + position + 1) * ONE_OF,
                rubric=rubric,
                position=position + 1,
                live=False,
            )
            for place, round_ in enumerate(rounds)
            for position in range(PRODUCTS)
        )
        Opinion.objects.bulk_create(
            Opinion(
                entry=entry,
                to=self.tam,
                department="Sở Công Thương",
                question="Nhãn?",
                asked_by=self.thu,
                asked_at=now,
                due_on=day,
            )
            for entry in entries
        )
        closings = Closing.objects.bulk_create(
            Closing(
                round=round_,
                version=1,
                by=self.son,
                at=now,
                entry=HistoryEntry.objects.record("round.close", round_, by=self.son),
            )
            for round_ in rounds
        )
        results = Result.objects.bulk_create(
            Result(
                closing=closings[place // PRODUCTS],
                entry=entry,
                points_sum=300,
                sheets=4,
                band=4,
                stars=4,
            )
            for place, entry in enumerate(entries)
        )
        Consequence.objects.bulk_create(
            Consequence(result=result, applied_at=now) for result in results
        )
        closed = EvaluationRound.objects.filter(pk__in=[round_.pk for round_ in rounds])
        closed.update(state=RoundState.CLOSED, closed_at=now)
        self.round = rounds[-1]


#: When the k-th clock of the n-th dossier was due, and ended: a late one up to 40 days after. The
#: last task and the last clock of the law still run; one in 20 of the late tasks waits.
MOMENTS = f"""
SELECT d.due_on, d.due_at, d.due_at - interval '30 days' AS started_at,
  CASE WHEN NOT d.runs THEN d.due_at + CASE WHEN d.late
    THEN interval '9 hours' + d.x % 40 * interval '1 day' ELSE interval '-33 hours' END
  END AS stopped_at,
  CASE WHEN d.runs AND d.late AND k <= {TASKS} AND n % 20 = 0
    THEN d.due_at + interval '33 hours' END AS paused_at
FROM (
  SELECT x, late, runs, day AS due_on, (day + 1)::timestamp AT TIME ZONE '{{zone}}' AS due_at
  FROM (
    SELECT x, late, runs, current_date
      + CASE WHEN runs AND NOT late THEN 2 + x % 60 ELSE -45 - x % 1500 END AS day
    FROM (
      SELECT (n * {PER_DOSSIER} + k) AS x,
        (n * {PER_DOSSIER} + k)::bigint * 7919 % 1300 < {LATE_OF_1300} AS late,
        k IN ({TASKS}, {PER_DOSSIER}) AS runs
    ) c
  ) b
) d
""".replace("{zone}", timezone.get_default_timezone_name())


def _ledger(user):
    """The lines of each copied clock: some waited and went on before their day, then it ended."""
    columns = 'term_id, kind, at, by_id, reason, document, due_on, "left"'
    lines = (
        ("start", "started_at", "''", "TRUE"),
        (
            "pause",
            "started_at + interval '1 day'",
            "'Chờ giấy'",
            "task_id IS NOT NULL AND id % 10 = 0",
        ),
        ("resume", "started_at + interval '2 days'", "''", "task_id IS NOT NULL AND id % 10 = 0"),
        ("pause", "paused_at", "'Chờ giấy'", "paused_at IS NOT NULL"),
        ("stop", "stopped_at", "''", "stopped_at IS NOT NULL"),
    )
    with connection.cursor() as cursor:
        for kind, at, reason, condition in lines:
            cursor.execute(
                f"INSERT INTO dossiers_termevent ({columns}) SELECT id, '{kind}', {at}, {user},"
                f" {reason}, '', due_on, base_amount"
                f" FROM (SELECT *, dossier_id - {FIRST} AS n FROM dossiers_term) t"
                f" WHERE id > {FIRST} AND {condition}"
            )

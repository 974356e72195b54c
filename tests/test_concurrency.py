"""Real threads, real commits: whatever two people press at once, the record tells one story."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from councils.models import Council, EvaluationRound, Regulation
from cycle import clock
from cycle.models import (
    DayOff,
    Document,
    HistoryHead,
    OrgUnit,
    Role,
    Rubric,
    Substitution,
    User,
    Visitor,
)
from dossiers.models import (
    ActNotPossible,
    ConditionNotMet,
    Dossier,
    Draft,
    Evidence,
    Idea,
    PaperRequired,
    Process,
    Product,
    State,
    Task,
    TaskAlreadyDone,
)
from dossiers.walk import doors
from notifications.models import CalendarFeed, Preference
from tests import judging, records
from tests.chains import chain, links
from tests.ground import kept
from tests.owning import update_as_owner
from tests.standing import stand
from tests.waiting import met
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db(transaction=True)

REFUSALS = (TaskAlreadyDone, ActNotPossible, ConditionNotMet, PermissionDenied, PaperRequired)


def at_once(*deeds):
    """Do all deeds together, each in a thread and connection of its own.

    The answer of each, in order: "done", or the name of the refusal. Anything else is raised.
    """
    start = Barrier(len(deeds))

    def run(deed):
        try:
            connection.ensure_connection()
            start.wait(timeout=120)
            deed()
        except REFUSALS as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def again(user):
    """The person as another request reads them."""
    return User.objects.get(pk=user.pk)


def tells_one_story(dossier):
    """The chain is whole, and dossier, walk and task agree."""
    dossier = Dossier.objects.get(pk=dossier.pk)
    entries = chain(dossier)
    assert links(entries)
    assert entries[-1].after in (dossier.state, "")
    assert HistoryHead.objects.get(stream_id=dossier.pk).seq == len(entries)
    waiting = list(dossier.tasks.open().values_list("state", flat=True))
    assert waiting == ([dossier.state] if dossier.process.status == "NEW" else [])
    for before, after in zip(entries, entries[1:], strict=False):
        assert after.before == before.after
    return dossier


@pytest.fixture
@kept
def officers(commune):
    """Eight officers of one commune."""
    return [person(f"officer{n}", f"Cán bộ {n}", (Role.OFFICER, commune)) for n in range(8)]


def test_eight_officers_complete_one_task(dossier, officers):
    task = open_task(dossier).pk
    outcomes = at_once(
        *(
            lambda by=by: doors.complete(
                Task.objects.get(pk=task), "register_idea", by=again(by), record=records.idea()
            )
            for by in officers
        )
    )
    assert sorted(outcomes) == ["TaskAlreadyDone"] * 7 + ["done"]
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]
    assert Idea.objects.count() == 1
    assert Task.objects.get(pk=task).closed_by == officers[outcomes.index("done")]
    assert tells_one_story(dossier).state == State.IDEA_REGISTERED


def test_one_person_clicks_eight_times(dossier, an):
    task = open_task(dossier).pk
    outcomes = at_once(
        *(
            lambda: doors.complete(
                Task.objects.get(pk=task), "register_idea", by=again(an), record=records.idea()
            )
            for _ in range(8)
        )
    )
    assert sorted(outcomes) == ["TaskAlreadyDone"] * 7 + ["done"]
    tells_one_story(dossier)


def test_two_who_set_up_the_same_at_once_make_one_and_the_second_is_told(province, cycle, thu):
    other = person("thu_hai", "Lò Thu Hai", (Role.COUNCIL_OFFICE, province))
    said = []

    def councils(by):
        term = {"name": f"Hội đồng của {by}", "valid_from": clock.today()}
        decision = judging.decided("9/QĐ-UBND", clock.today())
        Council.set_up(Council(org_unit=province, decision=decision, **term), by=by)

    def regulations(by):
        basis = judging.decided("8/QĐ-HĐ", clock.today())
        law = Regulation(org_unit=province, valid_from=clock.today(), basis=basis)
        Regulation.lay_down(law, by=by)

    def rounds(by):
        made = {"name": "Đợt 1", "meets_at": clock.now() + timedelta(days=9), "place": "Tầng 2"}
        its = EvaluationRound(council=Council.objects.get(), cycle=cycle, **made)
        EvaluationRound.create(its, by=by)

    def told(make, by):
        try:
            make(again(by))
        except ValidationError as second:
            said.extend(second.messages)
            raise ConditionNotMet(second.messages) from second

    for make, model in ((councils, Council), (regulations, Regulation), (rounds, EvaluationRound)):
        outcomes = at_once(*(lambda make=make, by=by: told(make, by) for by in (thu, other)))
        assert (sorted(outcomes), model.objects.count()) == (["ConditionNotMet", "done"], 1), said
    assert len(said) == 3


@pytest.mark.parametrize("_time", range(5))
def test_accepting_against_refusing(_time, dossier, minh):
    task = open_task(stand(dossier, State.IDEA_SCREENED)).pk
    outcomes = at_once(
        lambda: doors.complete(Task.objects.get(pk=task), "select_idea", by=again(minh)),
        lambda: doors.complete(
            Task.objects.get(pk=task), "not_select_idea", by=again(minh), reason="Trùng sản phẩm"
        ),
    )
    assert sorted(outcomes) == ["TaskAlreadyDone", "done"]
    state = Dossier.objects.get(pk=dossier.pk).state
    assert state == [State.IDEA_SELECTED, State.IDEA_NOT_SELECTED][outcomes.index("done")]


@pytest.mark.parametrize("_time", range(5))
def test_completing_against_withdrawing(_time, dossier, an, minh):
    task, process = open_task(dossier).pk, dossier.process.pk
    completed, withdrawn = at_once(
        lambda: doors.complete(
            Task.objects.get(pk=task), "register_idea", by=again(an), record=records.idea()
        ),
        lambda: doors.act(
            Process.objects.get(pk=process), "withdraw", by=again(minh), reason="Ngừng"
        ),
    )
    # Whoever is second sees what the first has done: a withdrawal is legal on either side of it.
    assert withdrawn == "done"
    assert completed in ("done", "TaskAlreadyDone")
    dossier = tells_one_story(dossier)
    assert dossier.state == State.WITHDRAWN
    assert dossier.parked_from == (
        State.IDEA_REGISTERED if completed == "done" else State.POTENTIAL
    )
    assert Idea.objects.count() == (completed == "done")


@pytest.mark.parametrize("_time", range(5))
def test_two_acts_that_exclude_each_other(_time, dossier, an, minh):
    process = dossier.process.pk
    outcomes = at_once(
        lambda: doors.act(
            Process.objects.get(pk=process), "withdraw", by=again(an), reason="Ngừng"
        ),
        lambda: doors.act(
            Process.objects.get(pk=process), "defer", by=again(minh), reason="Mất mùa"
        ),
    )
    assert sorted(outcomes) == ["ActNotPossible", "done"]
    assert (
        tells_one_story(dossier).state
        == ([State.WITHDRAWN, State.DEFERRED][outcomes.index("done")])
    )


def test_an_existing_product_is_entered_once(dossier, an, minh):
    process = dossier.process.pk
    outcomes = at_once(
        *(
            lambda by=by: doors.act(
                Process.objects.get(pk=process),
                "enter_late",
                by=again(by),
                entered_as="existing",
                reason="Đã có sản phẩm",
            )
            for by in (an, minh, an, minh)
        )
    )
    assert sorted(outcomes) == ["ActNotPossible"] * 3 + ["done"]
    assert tells_one_story(dossier).skipped == 3
    assert dossier.processes.count() == 2


def test_eight_officers_claim_one_task(dossier, officers):
    task = open_task(dossier).pk
    outcomes = at_once(
        *(lambda by=by: doors.claim(Task.objects.get(pk=task), by=again(by)) for by in officers)
    )
    assert sorted(outcomes) == ["PermissionDenied"] * 7 + ["done"]
    assert open_task(dossier).owner == officers[outcomes.index("done")]
    assert events(dossier) == ["dossier.open", "task.claim"]


def test_claiming_against_completing(dossier, officers):
    first, second = officers[:2]
    task = open_task(dossier).pk
    claimed, completed = at_once(
        lambda: doors.claim(Task.objects.get(pk=task), by=again(first)),
        lambda: doors.complete(
            Task.objects.get(pk=task), "register_idea", by=again(second), record=records.idea()
        ),
    )
    # An officer of the same unit who comes second is asked for a paper; see test_doors.
    assert (claimed, completed) in {("done", "PaperRequired"), ("TaskAlreadyDone", "done")}


def test_a_refused_idea_is_refiled_once(dossier, an, minh):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    doors.complete(open_task(dossier), "not_select_idea", by=minh, reason="Chưa rõ nguyên liệu")
    process = dossier.process.pk
    outcomes = at_once(
        *(
            lambda: doors.act(
                Process.objects.get(pk=process), "refile_idea", by=again(an), record=records.idea()
            )
            for _ in range(4)
        )
    )
    assert sorted(outcomes) == ["ActNotPossible"] * 3 + ["done"]
    assert Idea.objects.count() == 2
    assert tells_one_story(dossier).state == State.IDEA_REGISTERED


def test_reopening_happens_once(dossier, an, minh):
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng")
    process = dossier.process.pk
    outcomes = at_once(
        *(
            lambda by=by: doors.act(
                Process.objects.get(pk=process), "reopen", by=again(by), reason="Trở lại"
            )
            for by in (an, minh, an, minh)
        )
    )
    assert sorted(outcomes) == ["ActNotPossible"] * 3 + ["done"]
    assert tells_one_story(dossier).state == State.POTENTIAL
    assert Process.objects.filter(dossier=dossier, status="NEW").count() == 1


def test_visits_beside_a_completion_are_all_written_down(dossier, an, minh):
    dossier = stand(dossier, State.IMPLEMENTING)
    task, process = open_task(dossier).pk, dossier.process.pk
    outcomes = at_once(
        *(
            lambda by=by: doors.act(
                Process.objects.get(pk=process),
                "record_visit",
                by=again(by),
                record=records.visit(),
            )
            for by in (an, minh, an, minh)
        ),
        lambda: doors.complete(
            Task.objects.get(pk=task), "declare_ready", by=again(an), record=records.completion()
        ),
    )
    assert outcomes == ["done"] * 5
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert (dossier.state, dossier.visits.count()) == (State.ASSEMBLING, 4)
    assert links(chain(dossier))


def test_dossiers_do_not_wait_for_each_other(dossier, dossier_of_three, an):
    """One thread holds a dossier; another's act on a second dossier goes through meanwhile."""
    with transaction.atomic():
        dossier.lock()
        task = open_task(dossier_of_three).pk
        assert at_once(
            lambda: doors.complete(
                Task.objects.get(pk=task), "register_idea", by=again(an), record=records.idea()
            )
        ) == ["done"]


def test_who_waited_for_a_row_reads_what_is_beside_it_as_it_is_then(
    cycle, commune, an, thu, province
):
    """A lock is taken first, and what is joined to the row is read after it: in one statement that
    would be of before the wait.
    """
    judging.regulate(province)
    council = judging.seat(province, thu)
    entry = judging.begin(
        council, cycle, judging.before_council(cycle, commune, an), thu
    ).entries.get()
    pairs = [
        (lambda: Dossier.objects.get(pk=entry.dossier_id), Product, "product", "name"),
        (lambda: EvaluationRound.objects.get(pk=entry.round_id), Council, "council", "name"),
    ]
    for read, model, beside, column in pairs:
        row = read()

        def first(read=read, model=model, beside=beside, column=column):
            held = read()
            held.lock()
            rows = model.objects.filter(pk=getattr(held, beside).pk)
            update_as_owner(rows, **{column: "Tên mới"})

        def second(row=row, beside=beside, column=column):
            with transaction.atomic():
                row.lock()
                return getattr(getattr(row, beside), column)

        assert met(first, second) == "Tên mới", beside


def test_a_draft_is_taken_over_by_two_clicks_at_once(dossier, an, chi):
    """Who stands in takes a copy: the second click meets the first one's, and no fault."""
    task = open_task(dossier)
    mai = person("mai", "Lò Thị Mai")
    Substitution.objects.create(
        assignment=an.role_assignments.get(org_unit=task.org_unit), substitute=mai,
        valid_from=clock.today(), valid_to=clock.today(), reason="Nghỉ phép",
        created_by=chi,
    )  # fmt: skip
    draft = Draft.objects.create(
        by=an, dossier=dossier, task=task, form="register_idea", saved_at=clock.now()
    )

    clients = [Client(), Client()]
    for client in clients:
        client.force_login(mai)

    def take(client):
        sent = {"draft": f"take-{draft.pk}", "draft_form": "register_idea"}
        return client.post(reverse("dossiers:task", args=[task.pk]), sent).status_code

    assert met(lambda: take(clients[0]), lambda: take(clients[1])) == 302
    assert sorted(each.by_id for each in Draft.objects.all()) == sorted([an.pk, mai.pk])


def test_two_processes_count_the_same_visitor_together():
    asked = []

    def ask():
        asked.extend(Visitor.asks("203.0.113.1", window=60) for _ in range(10))

    assert at_once(ask, ask) == ["done", "done"]
    assert sorted(asked) == list(range(1, 21))
    assert Visitor.asks("203.0.113.2", window=60) == 1


@pytest.mark.parametrize("_time", range(5))
def test_one_number_is_typed_for_two_dossiers_with_two_days(_time, cycle, commune, an, chi):
    """The first to come says what the paper is; the other is told at its fields."""
    dossiers = [
        stand(open_dossier(cycle, commune, an, name=name), State.COMMUNE_CHECKED)
        for name in ("Mật ong", "Chè")
    ]
    told = []

    def send(dossier, ago, signer):
        paper = records.request(
            number="31/TTr-UBND", signer=signer, scan=records.scan(signer),
            signed_on=clock.today() - timedelta(days=ago),
        )  # fmt: skip
        try:
            doors.complete(
                open_task(Dossier.objects.get(pk=dossier.pk)), "forward_to_province",
                by=again(chi), paper=paper,
            )  # fmt: skip
        except ConditionNotMet as refused:
            told.extend(lack.field for lack in refused.lacks)
            raise

    outcomes = at_once(
        lambda: send(dossiers[0], 0, "Quàng Văn Chi"), lambda: send(dossiers[1], 1, "Lò Văn Khác")
    )
    assert sorted(outcomes) == ["ConditionNotMet", "done"]
    assert sorted(told) == ["paper-scan_file", "paper-signed_on", "paper-signer"]
    known = Document.objects.get()
    first = dossiers[outcomes.index("done")]
    assert known.of_dossiers.get().dossier == first
    states = {each.pk: Dossier.objects.get(pk=each.pk).state for each in dossiers}
    assert sorted(states.values()) == [State.AT_PROVINCE, State.COMMUNE_CHECKED]
    for each in dossiers:
        assert links(chain(each))


@pytest.mark.parametrize("_time", range(5))
def test_choosing_a_set_against_taking_the_dossier_in(
    _time, cycle, commune, province, an, minh, thu
):
    [dossier] = judging.before_council(cycle, commune, an)
    rubric = judging.rubric_of(dossier)
    other = Rubric.objects.create(
        rule_set=rubric.rule_set,
        number=99,
        name="Bộ khác",
        group=rubric.group,
        sections=[],
        content_hash="f" * 64,
    )
    doors.act(dossier.process, "choose_rubric", by=minh, rubric=rubric)
    judging.regulate(province)
    round_ = EvaluationRound.create(
        EvaluationRound(council=judging.seat(province, thu), cycle=cycle, name="Đợt 1"), by=thu
    )
    outcomes = at_once(
        lambda: doors.act(
            Process.objects.get(pk=dossier.process.pk),
            "choose_rubric",
            by=again(minh),
            rubric=other,
        ),
        lambda: EvaluationRound.objects.get(pk=round_.pk).take_in(
            [(Dossier.objects.get(pk=dossier.pk), rubric)], by=again(thu)
        ),
    )
    assert sorted(outcomes) == ["ConditionNotMet", "done"]
    taken = [(entry.rubric, entry.dossier.rubric) for entry in round_.entries.all()]
    assert taken == ([(rubric, rubric)] if outcomes[1] == "done" else [])
    # It was stood before the council without a history: only the links are told of.
    assert links(chain(dossier))


# --- At once, by the pages -------------------------------------------------------------------


def posting(user, address, data, answers):
    """A deed of :func:`at_once`: one post by the page, its status and words noted."""

    def post():
        client = Client(raise_request_exception=False)
        client.force_login(again(user))
        response = client.post(address, data)
        answers.append((response.status_code, response.content.decode()))

    return post


def test_one_piece_of_evidence_is_replaced_once(dossier, an):
    attach = reverse("dossiers:act", args=[dossier.pk, "attach_evidence"])
    kind = dossier.rule_set.content["evidence_kinds"][0]["code"]
    form = {
        "attach_evidence-evidence-kind": kind,
        "attach_evidence-evidence-title": "Ảnh sản phẩm",
        "attach_evidence-evidence-paper_location": "Tủ 1",
    }
    first = []
    posting(an, attach, form, first)()
    assert first[0][0] == 302
    old = Evidence.objects.get()
    answers = []
    at_once(
        *(
            posting(an, attach, form | {"attach_evidence-evidence-replaces": old.pk}, answers)
            for _ in range(4)
        )
    )
    assert sorted(status for status, _page in answers) == [200, 200, 200, 302]
    for status, page in answers:
        assert ("Tài liệu này vừa được thay bằng bản khác" in page) == (status == 200)
    # Who comes when all is written is told the same: the piece is no longer among the choices.
    late = []
    posting(an, attach, form | {"attach_evidence-evidence-replaces": old.pk}, late)()
    assert late[0][0] == 200 and "Tài liệu này vừa được thay bằng bản khác" in late[0][1]
    assert Evidence.objects.count() == 2
    assert links(chain(Dossier.objects.get(pk=dossier.pk)))


def test_preferences_and_days_off_written_at_once(an, minh):
    answers = []
    days = {
        "act": "apply",
        "days-TOTAL_FORMS": 1,
        "days-INITIAL_FORMS": 0,
        "days-0-day": "24/11/2027",
        "days-0-what": "off",
        "days-0-name": "Ngày Văn hóa",
        "days-0-document": "12/TB",
    }
    keeper = Client()
    keeper.force_login(minh)
    days["sure"] = keeper.post("/calendar/", days).context["seal"]
    for address, data, user in (
        ("/notifications/preferences/", {"email": "on", "digest": "on"}, an),
        ("/notifications/calendar/", {"act": "make"}, an),
        ("/calendar/", days, minh),
    ):
        at_once(*(posting(user, address, data, answers) for _ in range(6)))
    assert [status for status, _page in answers[:12]] == [302] * 12
    # Whoever comes after the first is shown what the calendar says by then.
    assert {302} <= {status for status, _page in answers[12:]} <= {200, 302}
    assert Preference.objects.count() == CalendarFeed.objects.count() == 1
    assert DayOff.objects.filter(day="2027-11-24").count() == 1


def test_what_the_database_refuses_twice_is_said(province):
    """Of an administrator's two clicks one is told; whatever has a unique key, none is a 500."""
    admin = User.objects.create_superuser("quantri", full_name="Quản Trị")
    answers = []
    for n in range(3):
        unit = {"code": f"0300{n}", "name": "Xã Mới", "level": "commune", "parent": province.pk}
        at_once(
            *(
                posting(
                    admin, "/admin/cycle/orgunit/add/", unit | {"valid_from": "01/12/2026"}, answers
                )
                for _ in range(6)
            )
        )
    assert OrgUnit.objects.filter(code__startswith="0300").count() == 3
    assert {status for status, _page in answers} <= {200, 302, 409}
    for status, page in answers:
        assert status != 409 or "Nội dung này vừa được ghi" in page

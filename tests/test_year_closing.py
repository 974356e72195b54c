"""A year is closed: what is unfinished goes on in the next, figures are frozen, nothing begins."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cycle import clock
from cycle.models import Cycle, HistoryEntry, Job, User
from cycle.models.job import run_waiting
from dossiers.law.conditions import ConditionNotMet
from dossiers.law.states import AT_WORK
from dossiers.models import Dossier, State, YearClosing
from dossiers.office import closing
from dossiers.walk import doors
from tests import judging
from tests.owning import update_as_owner
from tests.standing import stand
from tests.world import open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


#: Nobody stands in these in a year of two levels.
_OF_THE_DISTRICT = (State.AT_DISTRICT, State.DISTRICT_EVALUATING, State.DISTRICT_RANKED)


@pytest.fixture
def next_year(cycle):
    return open_cycle(cycle.rule_set, cycle.year + 1)


@pytest.fixture
def unfinished(cycle, commune, an):
    """Twenty dossiers that are not finished: of every state that one may stand in, and more."""
    states = sorted(AT_WORK - set(_OF_THE_DISTRICT))
    found = []
    for number in range(20):
        dossier = open_dossier(cycle, commune, an, name=f"Mật ong số {number}")
        if (state := states[number % len(states)]) != State.POTENTIAL:
            stand(dossier, state)
        found.append(dossier)
    return found


def close(cycle, by, into=None, **given):
    given = {"closed_on": clock.today(), "reason": "Hết năm"} | given
    return closing.close(cycle, into=into, by=by, **given)


def test_twenty_that_are_unfinished_go_on_in_the_next_year(cycle, next_year, unfinished, minh):
    where = {each.pk: (each.state, open_task(each).pk) for each in Dossier.objects.all()}
    made = close(cycle, minh, next_year)
    assert made.carried == 20
    for dossier in Dossier.objects.filter(pk__in=where):
        assert (dossier.state, open_task(dossier).pk) == where[dossier.pk]
        assert dossier.cycle == next_year
        last = HistoryEntry.objects.filter(stream="dossier", stream_id=dossier.pk).last()
        assert (last.event, last.cycle, last.reason) == ("dossier.carry_over", next_year, "Hết năm")
    cycle.refresh_from_db()
    assert cycle.closed_on == clock.today()
    report = closing.report_of(cycle)
    assert (report["carried_over"], report["carried_in"]) == (20, 0)
    assert closing.report_of(next_year)["carried_in"] == 20
    call_command("verify_history")


def test_the_printed_report_has_the_frozen_figures_whatever_comes_later(
    cycle, next_year, unfinished, minh, capsys
):
    """To the last digit, on the page and on the command line."""
    made = close(cycle, minh, next_year)
    page = signed_in(minh).get(reverse("dossiers:cycle_report", args=[cycle.pk]))
    call_command("cycle_report", cycle.year, title=cycle.title)
    printed = capsys.readouterr().out
    # What is counted anew would be another now.
    update_as_owner(Cycle.objects.filter(pk=cycle.pk), target_new=77)
    again = signed_in(minh).get(reverse("dossiers:cycle_report", args=[cycle.pk]))
    call_command("cycle_report", cycle.year, title=cycle.title)
    assert again.context["rows"] == page.context["rows"]
    assert capsys.readouterr().out == printed
    assert closing.figures_of(Cycle.objects.get(pk=cycle.pk))["target_new"] == 77
    assert made.is_whole and made.sha256 in again.content.decode()
    for words, number in page.context["rows"]:
        assert f"{words}: {number}\n" in printed


def test_what_was_filed_goes_on_under_its_edition_and_what_was_not_under_that_of_the_year(
    cycle_of_three, cycle, old_commune, an, minh
):
    """Điều 12.2; the year gets the duties of the edition, on record."""
    filed = stand(open_dossier(cycle_of_three, old_commune, an, name="Chè"), State.AT_PROVINCE)
    idea = stand(open_dossier(cycle_of_three, old_commune, an, name="Mắc ca"), State.IDEA_SELECTED)
    was = {each.pk: open_task(each) for each in (filed, idea)}
    close(cycle_of_three, minh, cycle)
    filed, idea = (Dossier.objects.get(pk=each.pk) for each in (filed, idea))
    assert (filed.cycle, filed.rule_set) == (cycle, cycle_of_three.rule_set)
    assert open_task(filed) == was[filed.pk]
    assert (idea.cycle, idea.rule_set, idea.state) == (cycle, cycle.rule_set, State.IDEA_SELECTED)
    assert open_task(idea).pk != was[idea.pk].pk
    assert cycle.duties.filter(rule_set=cycle_of_three.rule_set).exists()
    told = HistoryEntry.objects.filter(stream="cycle", stream_id=cycle.pk, event="cycle.configure")
    assert [each["row"] for each in told.get().data["changed"]] == [str(cycle_of_three.rule_set)]
    call_command("verify_history")


def test_a_rehearsal_never_goes_on_in_a_real_year(cycle, next_year, dossier, minh):
    update_as_owner(Cycle.objects.filter(pk=cycle.pk), beside=True)
    cycle.refresh_from_db()
    with pytest.raises(ValidationError) as refused:
        close(cycle, minh, next_year)
    assert list(refused.value.message_dict) == ["into"]
    with pytest.raises(ConditionNotMet, match="năm sau"):
        doors.act(dossier.process, "carry_over", by=minh, reason="Nhầm", cycle=next_year)


def test_what_keeps_a_year_open(cycle, next_year, dossier, minh, an):
    """Each in words; nothing changes."""
    today = clock.today()
    for given, field in (
        ({"into": None}, "into"),
        ({"into": cycle}, "into"),
        ({"into": next_year, "closed_on": today + timedelta(days=1)}, "closed_on"),
        ({"into": next_year, "closed_on": cycle.opened_on - timedelta(days=1)}, "closed_on"),
    ):
        with pytest.raises(ValidationError) as refused:
            close(cycle, minh, **given)
        assert list(refused.value.message_dict) == [field], given
    with pytest.raises(PermissionDenied):
        close(cycle, an, next_year)
    assert not YearClosing.objects.exists()
    assert not Cycle.objects.exclude(closed_on=None).exists()


def test_nothing_goes_on_in_a_year_that_is_closed(cycle, next_year, dossier, an, minh):
    """Of before figures were frozen too: its dossier is carried over, then goes on."""
    update_as_owner(Cycle.objects.filter(pk=cycle.pk), closed_on=clock.today())
    dossier = Dossier.objects.get(pk=dossier.pk)
    with pytest.raises(ConditionNotMet, match="đã đóng"):
        doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Có sẵn",
                  state=State.ASSEMBLING)  # fmt: skip
    page = signed_in(minh).get(reverse("dossiers:dossier", args=[dossier.pk]))
    assert "Chuyển tiếp sang chu trình mới" in page.content.decode()
    doors.act(dossier.process, "carry_over", by=minh, reason="Chu trình đã đóng", cycle=next_year)
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Có sẵn",
              state=State.ASSEMBLING)  # fmt: skip


def test_no_round_begins_in_a_year_that_is_closed(cycle, province, minh, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    close(cycle, minh)
    with pytest.raises(ConditionNotMet, match="đã đóng"):
        judging.begin(council, Cycle.objects.get(pk=cycle.pk), [], thu)


def test_the_administration_closes_no_year_past_its_page(cycle, rf):
    page = admin.site._registry[Cycle]
    asked = rf.get("/")
    asked.user = User.objects.create_superuser("quantri")
    assert "closed_on" not in page.get_form(asked, cycle).base_fields


def test_the_database_begins_nothing_in_a_closed_year(cycle, dossier, minh, an):
    doors.act(dossier.process, "withdraw", by=an, reason="Chủ thể thôi làm")
    close(cycle, minh)
    with pytest.raises(IntegrityError, match="nothing begins"), transaction.atomic():
        update_as_owner(
            Dossier.objects.filter(pk=dossier.pk), state=State.ASSEMBLING, parked_from=""
        )


def test_the_database_freezes_no_figures_of_what_is_not_finished(cycle, dossier, minh):
    frozen = {"cycle": cycle, "carried": 0, "figures": {}, "sha256": "", "made_by": minh}
    for closed_on in (None, clock.today()):
        update_as_owner(Cycle.objects.filter(pk=cycle.pk), closed_on=closed_on)
        with pytest.raises(IntegrityError, match="not finished"), transaction.atomic():
            YearClosing.objects.create(made_at=clock.now(), **frozen)


def test_closed_too_early_it_is_opened_again_and_closed_anew(cycle, next_year, dossier, minh, an):
    first = close(cycle, minh, next_year)
    closing.reopen(cycle, reason="Đóng nhầm", by=minh)
    assert closing.closing_of(Cycle.objects.get(pk=cycle.pk)) is None
    second = close(cycle, minh)
    assert (first.carried, second.carried) == (1, 0)
    assert closing.closing_of(Cycle.objects.get(pk=cycle.pk)) == second
    with pytest.raises(ValidationError, match="đã đóng"):
        close(cycle, minh)


def test_by_the_pages(cycle, next_year, unfinished, minh, an):
    """Asked twice it is done once; the result is found again."""
    where = reverse("dossiers:cycle_close", args=[cycle.pk])
    office = signed_in(minh)
    page = office.get(where)
    assert page.context["page"].paginator.count == 20
    typed = {"into": next_year.pk, "closed_on": f"{clock.today():%d/%m/%Y}", "reason": ""}
    assert office.post(where, typed).context["form"].errors["reason"]
    asked = office.post(where, typed | {"reason": "Hết năm"})
    job = Job.objects.get(kind=closing.KIND)
    assert asked.url == reverse("dossiers:job", args=[job.pk])
    office.post(where, typed | {"reason": "Hết năm, lần hai"})
    assert Job.objects.filter(kind=closing.KIND).count() == 1
    run_waiting()
    assert "Xem số liệu" in office.get(asked.url).content.decode()
    assert Cycle.objects.get(pk=cycle.pk).closed_on == clock.today()
    assert office.get(where).url == reverse("dossiers:cycle_report", args=[cycle.pk])
    for name in ("cycle_close", "cycle_reopen"):
        assert signed_in(an).get(reverse(f"dossiers:{name}", args=[cycle.pk])).status_code == 404
    back = reverse("dossiers:cycle_reopen", args=[cycle.pk])
    assert office.post(back, {"reason": "Đóng nhầm"}).status_code == 302
    assert Cycle.objects.get(pk=cycle.pk).closed_on is None


def test_a_year_to_go_on_in_is_opened_first(cycle, dossier, minh):
    page = signed_in(minh).get(reverse("dossiers:cycle_close", args=[cycle.pk]))
    assert [each.url for each in page.context["obstacles"]] == [reverse("dossiers:cycle_open")]


def test_a_round_that_is_not_closed_is_named(cycle, next_year, commune, province, an, minh, thu):
    """What councils leave open is said with its page."""
    judging.regulate(province)
    council = judging.seat(province, thu)
    (one,) = judging.before_council(cycle, commune, an)
    round_ = judging.begin(council, cycle, [one], thu, open_it=False)
    (left,) = closing.obstacles(cycle)
    assert left.url == reverse("councils:round", args=[round_.pk])
    with pytest.raises(ValidationError, match="chưa chốt"):
        close(cycle, minh, next_year)
    with pytest.raises(ConditionNotMet, match="trong đợt"):
        doors.act(one.process, "carry_over", by=minh, reason="Hết năm", cycle=next_year)


def test_a_result_that_is_not_in_its_dossier_yet_is_named(
    cycle, next_year, commune, province, an, minh, thu
):
    """The round is closed; what follows from it waits for the worker."""
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = judging.begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    (entry,) = round_.entries.all()
    for number in range(5):
        judging.fill(entry, judging.judge(council, number))
    judging.close(round_, by=thu)
    (left,) = closing.obstacles(cycle)
    assert left.url == reverse("councils:round", args=[round_.pk])
    with pytest.raises(ValidationError, match="chưa vào hồ sơ"):
        close(cycle, minh, next_year)
    run_waiting()
    assert closing.obstacles(cycle) == []
    close(cycle, minh, next_year)
    assert Cycle.objects.get(pk=cycle.pk).closed_on is not None


def test_closing_reads_and_writes_so_much_a_dossier(cycle, next_year, commune, an, minh):
    """A literal count: what is said once for all, and what each dossier adds."""

    def cost(number):
        year = open_cycle(cycle.rule_set, cycle.year - number, title=f"Năm {number}")
        for one in range(number):
            open_dossier(year, commune, an, name=f"Chè {number} {one}")
        with CaptureQueriesContext(connection) as queries:
            close(year, minh, next_year)
        return len(queries)

    one, three = cost(1), cost(3)
    assert (one, (three - one) / 2) == (65, 9)

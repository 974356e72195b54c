"""The pages of an act for many dossiers: choose, fill in, look, agree, see what came of each."""

import re
from datetime import timedelta

import pytest
import rules
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from cycle import clock
from cycle.models import Role, RoleAssignment, User
from cycle.models.job import run_waiting
from dossiers.forms.acts import ActForm, AskedForm
from dossiers.forms.many import Candidate, ManyForm
from dossiers.forms.many import _choice as many_choice
from dossiers.law.conditions import ConditionNotMet
from dossiers.law.doing import Doing
from dossiers.law.nodes import NODES
from dossiers.lists import many as many_lists
from dossiers.models import (
    ACTS,
    ActBatch,
    Certificate,
    Dossier,
    Draft,
    Evaluation,
    State,
    Task,
)
from dossiers.walk import doors
from tests import judging, records
from tests.judging import before_council, begin, best, fill, judge, regulate, seat
from tests.owning import update_as_owner
from tests.pages import shown
from tests.standing import approved, sent_up
from tests.strokes import stood
from tests.world import open_task, person

pytestmark = pytest.mark.django_db
S = State


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch):
    monkeypatch.setattr("cycle.models.job.wake", lambda task: None)


@pytest.fixture
def sign_in(client):
    def signed_in(user):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


def today():
    return f"{clock.today():%d/%m/%Y}"


def scan(content=b"%PDF-1.7 luot obj %%EOF\n"):
    return SimpleUploadedFile("quyet-dinh.pdf", content, content_type="application/pdf")


def address(act, dossiers=()):
    query = "&".join(f"dossier={dossier.pk}" for dossier in dossiers)
    return f"{reverse('dossiers:many_new', args=[act])}?{query}"


def paper(act, **fields):
    values = {
        "number": "88/QĐ-UBND", "signed_on": today(), "signer": "Trần Công Sơn",
        "signer_capacity": "Chủ tịch UBND tỉnh",
    } | fields  # fmt: skip
    return {f"{act}-paper-{name}": value for name, value in values.items()}


#: The checklist of each act, once for all dossiers: everything is ticked.
TICKED = {
    f"{act}-review-checked": [str(n) for n in range(items)]
    for act, items in (
        ("accept_at_province", 5), ("forward_to_province", 2), ("propose_recognition", 2)
    )
}  # fmt: skip


def rows(dossiers, **columns):
    typed = TICKED | {"dossier": [str(dossier.pk) for dossier in dossiers]}
    for number, dossier in enumerate(dossiers, 1):
        typed[f"row-{dossier.pk}-on"] = "on"
        for name, value in columns.items():
            typed[f"row-{dossier.pk}-{name}"] = value % number if "%" in value else value
    return typed


def kept_in(answer):
    """The seal, and the note of a file that is held, as the page carries them."""
    html = answer.content.decode()
    held = dict(re.findall(r'name="([\w-]+-held)" value="([^"]*)"', html))
    sure = re.search(r'name="sure" value="(\w+)"', html)
    return held | ({"sure": sure[1]} if sure else {})


def ticked(answer):
    """The names of the boxes that the page shows ticked."""
    found = re.findall(
        r'type="checkbox" class="tick" name="([\w-]+)"\s+checked', answer.content.decode()
    )
    return [name for name in found if name.startswith("row-")]


def agreed(client, act, typed, file=True):
    """Look at what will happen, agree, let the worker do it; the page of the batch."""
    files = {f"{act}-paper-scan_file": scan()} if file else {}
    looked = client.post(address(act), typed | files)
    assert looked.status_code == 200
    there = kept_in(looked)
    assert "sure" in there, looked.context["form"].summary
    # As the browser sends what the page shows, not what was sent before.
    boxes = {name for name in typed if name.startswith("row-") and name.endswith("-on")}
    assert set(ticked(looked)) == boxes
    made = client.post(address(act), typed | there)
    assert made.status_code == 302, made.context["form"].summary
    run_waiting()
    return client.get(made["Location"])


def test_the_province_accepts_many_at_once(sign_in, cycle, commune, an, minh):
    three = stood(cycle, commune, an, S.AT_PROVINCE, 3)
    page = sign_in(minh).get(reverse("dossiers:many"))
    assert str(ACTS["accept_at_province"].label) in shown(page.content.decode())

    done = agreed(sign_in(minh), "accept_at_province", rows(three, words="Đủ %d"), file=False)

    words = shown(done.content.decode())
    assert "Đã làm 3, không làm được 0, đã bỏ 0, còn chờ 0." in words
    for number, dossier in enumerate(three, 1):
        dossier.lock()
        assert dossier.state == S.PROVINCE_EVALUATING
        assert dossier.history.order_by("seq").last().reason == f"Đủ {number}"


def test_the_results_of_years_that_are_over_are_offered_when_asked_for(
    sign_in, cycle, commune, an, minh
):
    two = stood(cycle, commune, an, S.CERTIFIED, 2)
    at, client = reverse("dossiers:many_new", args=["notify_result"]), sign_in(minh)

    def offered(asked=""):
        form = client.get(at + asked).context.get("form")
        return {row.dossier.pk for row in form.rows} if form else set()

    keys = {each.pk for each in two}
    assert offered() == keys
    update_as_owner(type(cycle).objects.filter(pk=cycle.pk), closed_on=clock.today())
    assert offered() == set() and offered("?all=1") == keys
    assert 'href="?all=1"' in client.get(at).content.decode()
    assert "notify_result" not in {act.name for act, _number in many_lists.free_acts(minh)}
    # Whoever names them means them; what ends a certificate is looked for in every year.
    assert offered(f"?dossier={two[0].pk}") == {two[0].pk}
    assert {row.dossier.pk for row in client.get(
        reverse("dossiers:many_new", args=["revoke"])).context["form"].rows} == keys  # fmt: skip


def has_the_right(user, act, dossier):
    """Whether the door would let this person do the act for the dossier, on a signed paper."""
    if act.door == "act":
        return rules.has_perm(act.permission, user, dossier)
    task = open_task(dossier)
    doing = Doing(by=user, task=task)
    try:
        doors._completing(task, act.name, user, dossier, doing, records.signed_paper())
    except (PermissionDenied, ConditionNotMet):
        return False
    return True


@pytest.mark.slow(reason="seven people before twelve dossiers")
def test_what_is_offered_is_what_they_have_the_right_to_do(
    cycle, commune, other_commune, an, chi, la, minh, son, province, django_assert_num_queries
):
    there = [
        dossier
        for state in (S.COMMUNE_CHECKED, S.AT_PROVINCE, S.AWAITING_DECISION, S.CERTIFIED)
        for dossier in stood(cycle, commune, an, state, 2)
    ]
    there += stood(cycle, other_commune, la, S.ASSEMBLING, 2)
    gone = stood(cycle, commune, an, S.COMMUNE_CHECKED, 2)
    there += [sent_up(dossier, chi, number=f"{n}/TTr") for n, dossier in enumerate(gone, 1)]
    # Who sent some of them up receives the others there, and sends up nothing any more.
    both = person("ca_hai", "Lò Cả Hai", (Role.OFFICER, province), (Role.LEADER, commune))
    RoleAssignment.objects.create(
        user=chi, role=Role.OFFICER, org_unit=province, valid_from=clock.today(), made_by=minh
    )
    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    many = [act for act in ACTS.values() if act.for_many]
    offered = {}
    for user in (User.objects.get(pk=each.pk) for each in (an, chi, la, minh, clerk, son, both)):
        user.assignments()
        with django_assert_num_queries(3):
            told = many_lists.open_acts(user) + many_lists.free_acts(user)
        offered[user.pk] = {act.name: number for act, number in told}
        # What waits for them or for a paper that they record; of other tasks a clerk's paper may
        # come too, and nobody waits for it.
        lists = [Task.objects.to_do(user), Task.objects.to_type(user)]
        waits = {of for tasks in lists for of in tasks.values_list("dossier", flat=True)}
        for act in many:
            theirs = {
                dossier.pk
                for dossier in there
                if dossier.state in act.begins
                # No district since 1/7/2025: nothing is sent to one.
                and act.name != "forward_to_district"
                and has_the_right(user, act, dossier)
                and (act.door == "act" or dossier.pk in waits)
            }
            found = {dossier.pk for dossier, _task in many_lists.found(user, act)}
            assert found == theirs, (user, act.name)
            assert offered[user.pk].get(act.name, 0) == (len(theirs) if len(theirs) > 1 else 0)
    # A decision that its leader has not marked is the clerk's to record, no officer's.
    assert [offered[user.pk].get("certify") for user in (minh, clerk, son)] == [None, 2, 2]
    assert (
        offered[chi.pk]["accept_at_province"] == 2 and offered[minh.pk]["accept_at_province"] == 4
    )
    assert "forward_to_province" not in offered[both.pk] and "defer" in offered[la.pk]
    assert "defer" not in offered[son.pk]
    # What cannot be done, and was chosen by hand, is said before.
    found = many_lists.found(chi, ACTS["accept_at_province"], keys=[gone[0].pk])
    assert [dossier.pk for dossier, _task in found] == [gone[0].pk]


def test_whose_posts_never_do_an_act_is_refused_before_anything_is_kept(
    sign_in, cycle, commune, other_commune, an, chi, la, minh, son, kiem
):
    """Every act for many by everybody: its form and a draft of it, or neither."""
    (dossier,) = stood(cycle, commune, an, S.AT_PROVINCE, 1)
    their = {
        user: {(post.role, post.org_unit.level) for post in user.posts()}
        for user in (an, chi, la, minh, son, kiem)
    }
    refused = {user: set() for user in their}
    for act in (act for act in ACTS.values() if act.for_many):
        duties = cycle.duties.filter(node__in=[n for n in NODES if NODES[n] in act.begins])
        does = act.who if act.door == "act" else set(duties.values_list("role", "level"))
        if act.door == "task":
            # What one signs, the office of the same unit records.
            does |= {(role, level) for _, level in does for role in ("officer", "clerk")}
        for user, posts in their.items():
            at, may = address(act.name, [dossier]), bool(posts & does)
            sees = Dossier.objects.visible_to(user).filter(pk=dossier.pk).exists()
            browser = sign_in(user)
            expected = 403 if not may else 200 if sees else 404
            assert browser.get(at).status_code == expected, (user, act.name)
            typed = {"dossier": dossier.pk, "draft_version": 0, "draft": "save", "x": "y"}
            browser.post(at, typed, headers={"HX-Request": "true"})
            browser.post(at, typed | {"draft": ""})
            kept = Draft.objects.filter(by=user)
            assert kept.exists() == (expected == 200), (user, act.name)
            kept.delete()
            if not may:
                refused[user].add(act.name)
    every = {act.name for act in ACTS.values() if act.for_many}
    assert refused[kiem] == every and "certify" in refused[an] & refused[chi] & refused[la]
    assert "certify" not in refused[son] | refused[minh]


@pytest.mark.parametrize("said", ["3", "3 ★", " 3★ "])
def test_a_pasted_choice_is_known_by_its_words(said, sign_in, cycle, commune, an, thu):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    form = ManyForm("rank", thu, [Candidate(each, None, True) for each in two])
    assert many_choice(form.columns["stars"], said) == "3"
    assert many_choice(form.columns["stars"], "7 ★") is None
    assert many_choice(form.columns["sheets"], " 7 phiếu") == " 7 phiếu"


def test_only_what_is_ticked_is_done(sign_in, cycle, commune, an, minh):
    one, other = stood(cycle, commune, an, S.AT_PROVINCE, 2)
    typed = rows([one, other])
    del typed[f"row-{other.pk}-on"]
    agreed(sign_in(minh), "accept_at_province", typed, file=False)
    one.lock()
    other.lock()
    assert (one.state, other.state) == (S.PROVINCE_EVALUATING, S.AT_PROVINCE)


def test_one_request_sends_a_communes_products_up(sign_in, cycle, commune, an, chi):
    two = stood(cycle, commune, an, S.COMMUNE_CHECKED, 2)
    request = paper(
        "forward_to_province", number="15/TTr-UBND", signer="Quàng Văn Chi",
        signer_capacity="Chủ tịch UBND xã",
    )  # fmt: skip
    agreed(sign_in(chi), "forward_to_province", rows(two) | request)
    for dossier in two:
        dossier.lock()
        assert dossier.state == S.AT_PROVINCE
        (sent,) = dossier.officialdocuments.all()
        assert (sent.number, sent.scan.dossier_id) == ("15/TTr-UBND", dossier.pk)


def test_many_are_certified_by_one_decision_with_their_numbers(sign_in, cycle, commune, an, son):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    typed = rows(two, number="%02d/GCN-UBND") | paper("certify")
    typed["certify-certificate-issued_on"] = today()
    agreed(sign_in(son), "certify", typed)
    there = Certificate.objects.order_by("pk")
    assert [each.number for each in there] == ["01/GCN-UBND", "02/GCN-UBND"]


def test_a_number_may_follow_later_and_a_wrong_one_is_told_in_its_row(
    sign_in, cycle, commune, an, son
):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    typed = rows(two, number="%02d/GCN-UBND") | paper("certify")
    typed[f"row-{two[1].pk}-number"] = "/"
    typed["certify-certificate-issued_on"] = today()
    answer = sign_in(son).post(address("certify"), typed | {"certify-paper-scan_file": scan()})
    form = answer.context["form"]
    assert [place for place, _said in form.summary] == [f"id_row-{two[1].pk}-number"]
    # What was typed is there, the scan too.
    html = answer.content.decode()
    assert 'value="01/GCN-UBND"' in html and "Đã giữ tệp «quyet-dinh.pdf»" in shown(html)
    assert not ActBatch.objects.exists()
    typed[f"row-{two[1].pk}-number"] = ""
    agreed(sign_in(son), "certify", typed)
    assert [each.number for each in Certificate.objects.order_by("pk")] == ["01/GCN-UBND", ""]


def test_a_decision_before_its_round_is_refused_in_its_row_and_the_rest_can_be_done(
    sign_in, cycle, commune, an, son
):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    late = records.evaluation(met_on=clock.today())
    late.dossier, late.level, late.at = two[1], "province", clock.now()
    late.save()
    before = f"{clock.today().replace(month=1, day=2):%d/%m/%Y}"
    typed = rows(two, number="%02d/GCN-UBND") | paper("certify", signed_on=before)
    typed["certify-certificate-issued_on"] = today()
    looked = sign_in(son).post(address("certify"), typed | {"certify-paper-scan_file": scan()})
    words = shown(looked.content.decode())
    assert "không làm được Ngày ký quyết định không thể trước ngày họp hội đồng." in words
    made = sign_in(son).post(address("certify"), typed | kept_in(looked))
    run_waiting()
    page = sign_in(son).get(made["Location"])
    assert "Đã làm 1, không làm được 1" in shown(page.content.decode())
    # The rest again: all that was typed is on the form.
    again = sign_in(son).get(f"{address('certify')}again={ActBatch.objects.get().pk}")
    html = again.content.decode()
    assert 'value="02/GCN-UBND"' in html and 'value="88/QĐ-UBND"' in html
    assert "Đã giữ tệp «quyet-dinh.pdf»" in shown(html) and 'value="01/GCN-UBND"' not in html


#: What is typed wrong for two products -> the row where it is told, and what is said there.
WRONG = {
    "twice": ({}, {"number": "1/GCN"}, 1, "đã nhập cho"),
    "of another": ({}, {"number": "77/GCN"}, 1, "77/GCN"),
    "out": ({}, {}, 2, "Hồ sơ đang ở «Chưa công nhận»: không làm việc này được."),
    "before its round": (
        {"signed_on": "02/01/2026"}, {}, 1,
        "Ngày ký quyết định không thể trước ngày họp hội đồng.",
    ),
    "scan of another": ({"number": "89/QĐ-UBND"}, {}, 1, "Bản chụp này là của văn bản 77/QĐ-UBND"),
}  # fmt: skip


def test_what_is_wrong_of_a_decision_is_told_at_its_row_and_loses_nothing(
    sign_in, cycle, commune, an, son
):
    before, one, two = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    (out,) = stood(cycle, commune, an, S.NOT_RECOGNISED, 1)
    first = rows([before], number="77/GCN") | paper("certify", number="77/QĐ-UBND")
    agreed(sign_in(son), "certify", first | {"certify-certificate-issued_on": today()})
    given = Certificate.objects.get()
    late = records.evaluation(met_on=clock.today())
    late.dossier, late.level, late.at = two, "province", clock.now()
    late.save()
    three, client = [one, two, out], sign_in(son)
    for name, (of_all, of_one, place, said) in WRONG.items():
        typed = rows(three, number="%d/GCN", words="Lời %d") | paper("certify", **of_all)
        typed |= {f"row-{two.pk}-{column}": value for column, value in of_one.items()}
        typed["certify-certificate-issued_on"] = today()
        content = scan() if name == "scan of another" else scan(b"%PDF-1.7 khac obj %%EOF")
        sent = typed | {"certify-paper-scan_file": content}
        # Said the first time and again, whoever presses on.
        for _again in "12":
            answer = client.post(address("certify"), sent)
            html = shown(answer.content.decode())
            form = answer.context["form"]
            row = next(row for row in form.rows if row.dossier.pk == three[place].pk)
            told = [str(each) for each in (*row.problems, *row.form.errors.values())]
            told += [str(row.planned.sentence)] if row.planned else []
            assert said in " ".join(told), (name, told)
            assert said in html, name
            kept = {field: value for field, value in typed.items() if isinstance(value, str)}
            for value in {*kept.values()} - {"on"}:
                assert value in html or value in answer.content.decode(), (name, value)
            assert "Đã giữ tệp «quyet-dinh.pdf»" in html, name
            sent = typed | kept_in(answer)
            sent.pop("sure", None)
        assert list(Certificate.objects.all()) == [given], name
        assert ActBatch.objects.count() == 1, name


def test_what_changed_since_the_look_is_looked_at_again(sign_in, cycle, commune, an, minh):
    two = stood(cycle, commune, an, S.AT_PROVINCE, 2)
    looked = sign_in(minh).post(address("accept_at_province"), rows(two))
    typed = rows(two, words="Khác") | kept_in(looked)
    again = sign_in(minh).post(address("accept_at_province"), typed)
    assert again.status_code == 200 and kept_in(again)["sure"] != typed["sure"]
    assert not ActBatch.objects.exists()


@pytest.mark.parametrize("act", ["accept_at_province", "forward_to_province"])
def test_what_was_typed_stays_though_none_can_be_done_any_more(
    act, sign_in, cycle, commune, an, chi, minh
):
    """Checklist, reason, paper and words: somebody else was first, for all of them."""
    state, by = (S.AT_PROVINCE, minh) if act == "accept_at_province" else (S.COMMUNE_CHECKED, chi)
    two = stood(cycle, commune, an, state, 2)
    page = sign_in(by).get(address(act, two))
    typed = rows(two, words="Xem ô %d") | paper(act) | {
        f"{act}-review-checked": ["0"], f"{act}-review-why_1": "other",
        f"{act}-review-words_1": "Nhãn còn chờ in",
    }  # fmt: skip
    asked = {name for part in page.context["form"].common for name in part.part.fields}
    for dossier in two:
        doors.act(dossier.process, "withdraw", by=an, reason="Xã rút")
    looked = sign_in(by).post(address(act), typed)
    assert looked.status_code == 200
    html = looked.content.decode()
    assert {name for part in looked.context["form"].common for name in part.part.fields} >= asked
    assert all(words in html for words in ("Nhãn còn chờ in", "Xem ô 1", "88/QĐ-UBND"))
    assert re.search(rf'name="{act}-review-checked"[^>]*value="0"[^>]*checked', html)


@pytest.mark.parametrize("lines", (2, 4))
def test_a_pasted_column_of_another_length_is_refused_and_fills_nothing(
    lines, sign_in, cycle, commune, an, son
):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    column = "\n".join(f"{n}/GCN" for n in range(lines))
    typed = rows(three, number="cũ") | {"paste-number": column, "step": "fill"}
    answer = sign_in(son).post(address("certify"), typed)
    words = shown(answer.content.decode())
    assert f"Cột dán có {lines} dòng, đang chọn 3 hồ sơ" in words
    html = answer.content.decode()
    assert html.count('value="cũ"') == 3 and "1/GCN" in html


def test_a_pasted_column_fills_the_rows_that_are_in(sign_in, cycle, commune, an, son):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    typed = rows(three) | {"paste-number": "1/GCN\r\n2/GCN\r\n", "step": "fill"}
    del typed[f"row-{three[1].pk}-on"]
    answer = sign_in(son).post(address("certify"), typed)
    form = answer.context["form"]
    assert [row.form["number"].value() for row in form.rows] == ["1/GCN", None, "2/GCN"]
    assert not form.summary


def test_a_certificate_number_of_a_product_that_is_out_is_refused_and_kept(
    sign_in, cycle, commune, an, son
):
    (in_,) = stood(cycle, commune, an, S.AWAITING_DECISION, 1)
    (out,) = stood(cycle, commune, an, S.NOT_RECOGNISED, 1)
    typed = rows([in_, out], number="%02d/GCN-UBND") | paper("certify")
    typed["certify-certificate-issued_on"] = today()
    done = agreed(sign_in(son), "certify", typed)
    words = shown(done.content.decode())
    assert "Hồ sơ đang ở «Chưa công nhận»: không làm việc này được." in words
    assert "02/GCN-UBND" in words


def test_results_of_the_centre_come_in_one_stroke(sign_in, cycle, commune, an, minh, son):
    five, four = stood(cycle, commune, an, S.AT_CENTRE, 2, stars=5, points_sum="644")
    typed = rows([five, four]) | paper(
        "record_centre_result", number="900/QĐ-BNNMT", signer="Nguyễn Văn Bộ",
        signer_capacity="Thứ trưởng Bộ Nông nghiệp và Môi trường",
    )  # fmt: skip
    typed |= {
        f"row-{five.pk}-points_sum": "650", f"row-{five.pk}-sheets": "7",
        f"row-{five.pk}-stars": "5", f"row-{five.pk}-number": "01/GCN-BNN",
        f"row-{four.pk}-points_sum": "600", f"row-{four.pk}-sheets": "7",
        f"row-{four.pk}-stars": "4",
        "record_centre_result-evaluation-met_on": today(),
        "record_centre_result-evaluation-reasons": "Theo kết quả của hội đồng trung ương",
        "record_centre_result-certificate-issued_on": today(),
    }  # fmt: skip
    by = open_task(five)
    agreed(sign_in(minh if by.role == "officer" else son), "record_centre_result", typed)
    for dossier in (five, four):
        dossier.lock()
    assert (five.state, four.state) == (S.CERTIFIED, S.RANKED)
    assert Evaluation.objects.count() == 2 and Certificate.objects.count() == 1


@pytest.mark.slow(reason="a round of two products, judged by five")
def test_the_results_of_a_round_lead_to_what_follows_for_all(
    sign_in, province, cycle, commune, an, thu, minh
):
    regulate(province)
    council = seat(province, thu)
    round_ = begin(council, cycle, before_council(cycle, commune, an, 2), thu)
    one, two = round_.entries.order_by("position")
    round_.reorder([two.pk, one.pk], by=thu)
    for entry in round_.entries.all():
        for member in range(5):
            fill(entry, judge(council, member), best)
    judging.close(round_, by=thu)
    run_waiting()
    html = sign_in(minh).get(reverse("councils:results", args=[round_.pk])).content.decode()
    (link,) = re.findall(r'href="(/many/\?[^"]*)"', html)
    page = sign_in(minh).get(link.replace("&amp;", "&"))
    acts = {act.name: number for act, number in page.context["acts"]}
    # What leads on stands first.
    assert acts["propose_recognition"] == 2 and list(acts)[0] == "propose_recognition"
    # The rows stand as the round's papers print them, not by name: columns come from there.
    form = sign_in(minh).get(address("propose_recognition")).context["form"]
    assert [row.dossier.pk for row in form.rows] == [two.dossier_id, one.dossier_id]


def test_what_cannot_be_done_is_read_first(sign_in, cycle, commune, an, minh):
    one, two = stood(cycle, commune, an, S.AT_PROVINCE, 2)
    typed = rows([one, two])
    sign_in(minh).get(address("accept_at_province"))
    doors.act(two.process, "withdraw", by=an, reason="Xã rút")
    looked = sign_in(minh).post(address("accept_at_province"), typed)
    assert [row.dossier.pk for row in looked.context["form"].looked] == [two.pk, one.pk]
    assert "1 hồ sơ không làm được, đứng đầu danh sách" in shown(looked.content.decode())
    made = sign_in(minh).post(address("accept_at_province"), typed | kept_in(looked))
    run_waiting()
    page = sign_in(minh).get(made["Location"])
    assert [row.dossier_id for row in page.context["rows"]] == [two.pk, one.pk]


def test_many_are_nominated_to_the_ministry(sign_in, cycle, commune, an, minh, son):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2, stars=5, points_sum="644")
    for dossier in two:
        approved(dossier, minh, number="12/QĐ-UBND")
    agreed(sign_in(son), "nominate", rows(two) | paper("nominate", number="31/TTr-UBND"))
    for dossier in two:
        dossier.lock()
        assert dossier.state == S.AT_CENTRE


def test_many_are_deferred_with_one_reason_and_one_of_its_own(sign_in, cycle, commune, an):
    one, other = stood(cycle, commune, an, S.ASSEMBLING, 2)
    page = sign_in(an).get(address("defer"))
    # What no task asks for is ticked by hand.
    assert [row.form.chosen for row in page.context["form"].rows] == [False, False]
    assert ticked(page) == []
    typed = rows([one, other]) | {"defer-reason-reason": "Không kịp năm nay"}
    typed[f"row-{other.pk}-words"] = "Chủ thể xin lùi"
    agreed(sign_in(an), "defer", typed, file=False)
    said = [dossier.history.order_by("seq").last().reason for dossier in (one, other)]
    assert said == ["Không kịp năm nay", "Chủ thể xin lùi"]


def test_those_that_are_theirs_are_found_behind_as_many_as_a_form_has(
    cycle, commune, other_commune, an, la, monkeypatch
):
    monkeypatch.setattr(many_lists, "ON_A_FORM", 2)
    homes = sorted((commune, other_commune), key=lambda unit: unit.sort_key)
    _first, last = (stood(cycle, home, an if home == commune else la, S.ASSEMBLING, 3)
                   for home in homes)  # fmt: skip
    user = la if homes[1] == other_commune else an
    # They see all of the province, and may do it for those of their commune.
    monkeypatch.setattr(Dossier.objects.all().__class__, "visible_to", lambda self, _user: self)
    found = many_lists.found(user, ACTS["defer"])
    assert [dossier.pk for dossier, _task in found] == [dossier.pk for dossier in last[:2]]


def test_certificates_are_revoked_by_one_decision(sign_in, cycle, commune, an, minh):
    two = stood(cycle, commune, an, S.CERTIFIED, 2)
    for dossier in two:
        doors.act(
            dossier.process, "record_inspection", by=minh, record=records.inspection("revoke")
        )
    typed = rows(two) | paper("revoke") | {
        "revoke-reason-reason": "Không còn đạt", "revoke-revocation-ground": "a",
        "revoke-revocation-recipients": "Chủ thể; UBND xã",
    }  # fmt: skip
    agreed(sign_in(minh), "revoke", typed)
    for dossier in two:
        dossier.lock()
        assert dossier.state == S.REVOKED


def test_many_are_not_recognised_with_their_reasons(sign_in, cycle, commune, an, son):
    """Each reason is shown at its row, before and after: of what is done and what is refused."""
    four = stood(cycle, commune, an, S.AWAITING_DECISION, 4)
    client, gone, left = sign_in(son), four[2], four[3]
    doors.act(left.process, "withdraw", by=an, reason="Ngừng sản xuất")
    said = [f"Lý do, nhận xét: Thiếu kiểm nghiệm {number}" for number in (1, 2, 3)]
    said.append("Lý do, nhận xét: Mẫu hỏng")
    typed = rows(four, words="Thiếu kiểm nghiệm %d") | paper("not_recognise")
    typed[f"row-{left.pk}-words"] = "Mẫu \x00hỏng"
    scanned = {"not_recognise-paper-scan_file": scan()}
    looked = client.post(address("not_recognise"), typed | scanned)
    assert all(each in shown(looked.content.decode()) for each in said)
    made = client.post(address("not_recognise"), typed | kept_in(looked))
    doors.act(gone.process, "withdraw", by=an, reason="Ngừng sản xuất")
    run_waiting()
    came = shown(client.get(made["Location"]).content.decode())
    assert "Đã làm 2, không làm được 2" in came and all(each in came for each in said)
    for number, dossier in enumerate(four[:2], 1):
        dossier.lock()
        reason = dossier.history.order_by("seq").last().reason
        assert (dossier.state, reason) == (S.NOT_RECOGNISED, f"Thiếu kiểm nghiệm {number}")


@pytest.mark.parametrize("act", [act.name for act in ACTS.values() if act.for_many])
def test_every_act_that_one_paper_covers_has_its_form(
    act, sign_in, cycle, commune, cycle_of_three, old_commune, an, chi, binh, ha, hung, minh, son
):
    state = ACTS[act].begins[0]
    at_district = "district" in state
    year, home = (cycle_of_three, old_commune) if at_district else (cycle, commune)
    (one,) = stood(year, home, an, state, 1)
    pages = [sign_in(who).get(address(act, [one])) for who in (an, chi, binh, ha, hung, minh, son)]
    shown = [page for page in pages if page.status_code == 200]
    assert {page.status_code for page in pages} <= {200, 403, 404}
    assert shown and shown[-1].context["form"].rows


def test_the_job_of_a_batch_leads_to_its_page(sign_in, cycle, commune, an, minh):
    two = stood(cycle, commune, an, S.AT_PROVINCE, 2)
    agreed(sign_in(minh), "accept_at_province", rows(two), file=False)
    found = ActBatch.objects.get()
    html = sign_in(minh).get(f"/jobs/{found.job_id}/").content.decode()
    assert f'href="/many/{found.pk}/"' in html


def test_what_waits_is_left_out_by_its_button(sign_in, cycle, commune, an, minh):
    two = stood(cycle, commune, an, S.AT_PROVINCE, 2)
    client, typed = sign_in(minh), rows(two)
    looked = client.post(address("accept_at_province"), typed)
    made = client.post(address("accept_at_province"), typed | kept_in(looked))
    first = ActBatch.objects.get().rows.first()
    client.post(made["Location"], {"row": first.pk})
    run_waiting()
    words = shown(client.get(made["Location"]).content.decode())
    assert "Đã làm 1, không làm được 0, đã bỏ 1, còn chờ 0." in words
    assert f"Đã bỏ {minh.full_name}, " in words
    assert "Làm lại phần còn lại" in words


#: What the form of one dossier asks once more: act, where it stands, what of its paper makes it
#: ask, and how the question begins.
ASKED = {
    "a capacity that no pattern knows": (
        "certify", S.AWAITING_DECISION,
        {"signer_capacity": "Người được giao phụ trách UBND tỉnh"}, "Phần mềm chưa biết chức vụ",
    ),
    "a request before the filing": (
        "forward_to_province", S.COMMUNE_CHECKED,
        {"signed_on": "before"}, "Văn bản đề nghị ký ngày",
    ),
    "a day before it began": (
        "forward_to_province", S.COMMUNE_CHECKED,
        {"signed_on": "before its year"}, "Ngày ký",
    ),
    "both a day and a capacity": (
        "forward_to_province", S.COMMUNE_CHECKED,
        {"signed_on": "before", "signer_capacity": "Người được giao phụ trách UBND xã"}, "Phần mềm chưa",
    ),
    "what an act asks a reason for": ("nominate", S.AWAITING_DECISION, {}, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_what_one_form_asks_once_more_many_ask_too(
    case, sign_in, cycle, commune, an, chi, minh, son
):
    act, state, otherwise, begins = ASKED[case]
    result = {"stars": 5, "points_sum": "644"} if act == "nominate" else {}
    two = stood(cycle, commune, an, state, 2, **result)
    if act == "forward_to_province":
        user, own = chi, {"signer": "Quàng Văn Chi", "signer_capacity": "Chủ tịch UBND xã"}
    else:
        user, own = son, {}
    if said := otherwise.get("signed_on"):
        first = clock.today() if said == "before" else cycle.opened_on
        otherwise = otherwise | {"signed_on": f"{first - timedelta(days=3):%d/%m/%Y}"}
    if act == "nominate":
        for dossier in two:
            doors.act(
                dossier.process, "approve_result", by=minh,
                paper=records.signed_paper(number="12/QĐ-UBND"),
            )  # fmt: skip
    typed = rows(two, words="Đã xem") | paper(act, **own | otherwise)
    if act == "certify":
        typed |= rows(two, number="%02d/GCN-UBND")
        typed["certify-certificate-issued_on"] = today()
    if act == "nominate":
        typed["nominate-reason-why"] = "awaited"
        typed["nominate-reason-until"] = f"{clock.today() + timedelta(days=20):%d/%m/%Y}"
    data = QueryDict(mutable=True)
    data.update({name: said for name, said in typed.items() if isinstance(said, str)})
    for name, said in TICKED.items():
        data.setlist(name, said)
    data.update({f"{act}-reason-reason": "Đã xem", f"{act}-certificate-number": "01/GCN-UBND"})
    alone = ActForm(
        act, two[0], user, task=open_task(two[0]), data=data,
        files=MultiValueDict({f"{act}-paper-scan_file": [scan()]}),
    )  # fmt: skip
    if begins:
        assert not alone.do() and alone.asks
        asked = str(alone.warning)
    else:
        asked = " ".join(part.about for part in alone.parts if isinstance(part, AskedForm))
    assert asked and begins in asked

    client = sign_in(user)
    looked = client.post(address(act), typed | {f"{act}-paper-scan_file": scan()})
    assert looked.status_code == 200 and not looked.context["form"].summary
    assert [" ".join(row.asks) for row in looked.context["form"].planned] == [asked] * 2
    assert shown(looked.content.decode()).count(begins and asked.split(".")[0]) >= 2
    made = client.post(address(act), typed | kept_in(looked))
    run_waiting()
    page = shown(client.get(made["Location"]).content.decode())
    assert "Đã làm 2, không làm được 0" in page
    for dossier in two:
        entry = dossier.history.order_by("seq").last()
        capacity = otherwise.get("signer_capacity")
        assert entry.data.get("as_written") == capacity


@pytest.mark.parametrize("wrong", ("Dài " * 10_000, "Có \x00 ở giữa"))
@pytest.mark.parametrize("place", (0, 1))
def test_what_is_wrong_in_a_row_is_told_there_once(place, wrong, sign_in, cycle, commune, an, minh):
    two = stood(cycle, commune, an, S.AT_PROVINCE, 2)
    typed = rows(two, words="Đủ")
    typed[f"row-{two[place].pk}-words"] = wrong
    answer = sign_in(minh).post(address("accept_at_province"), typed)
    form = answer.context["form"]
    assert [place for place, _said in form.summary] == [f"id_row-{two[place].pk}-words"]
    (said,) = form.rows[place].form.errors["words"]
    assert answer.content.decode().count(said) == 2, "in the summary and at its field"


def test_what_nobody_was_asked_about_is_not_agreed_to(sign_in, cycle, commune, an, son):
    """The yes to one capacity is none to another."""
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    capacity = "Người được giao phụ trách UBND tỉnh"
    typed = rows(two, number="%02d/GCN-UBND") | paper("certify", signer_capacity=capacity)
    typed["certify-certificate-issued_on"] = today()
    client = sign_in(son)
    there = kept_in(client.post(address("certify"), typed | {"certify-paper-scan_file": scan()}))
    typed["certify-paper-signer_capacity"] = "Phụ trách UBND tỉnh"
    again = client.post(address("certify"), typed | there)
    assert again.status_code == 200 and "«Phụ trách UBND tỉnh»" in shown(again.content.decode())
    assert not ActBatch.objects.exists()


def over_two_communes(client, cycle, commune, other_commune, an, la):
    """A batch of an officer of both communes, that waits; who else has the second one."""
    post = RoleAssignment.objects.get(user=an, org_unit=commune)
    RoleAssignment.objects.create(
        user=an, role=post.role, org_unit=other_commune, valid_from="2020-01-01"
    )
    both = [
        *stood(cycle, commune, an, S.ASSEMBLING, 1), *stood(cycle, other_commune, la, S.ASSEMBLING, 1),
    ]  # fmt: skip
    typed = rows(both) | {"defer-reason-reason": "Không kịp năm nay"}
    looked = client.post(address("defer"), typed)
    client.post(address("defer"), typed | kept_in(looked))
    return both, ActBatch.objects.get()


def test_of_a_batch_over_two_communes_each_sees_and_leaves_out_their_own(
    sign_in, cycle, commune, other_commune, an, la
):
    both, found = over_two_communes(sign_in(an), cycle, commune, other_commune, an, la)
    there = reverse("dossiers:many_one", args=[found.pk])
    # A colleague of the post in which it was asked for, which is of one of the communes.
    own = found.capacity.org_unit
    (theirs,) = [dossier for dossier in both if dossier.commune_id == own.pk]
    (mine,) = [dossier for dossier in both if dossier != theirs]
    colleague = User.objects.create_user("dong-nghiep", full_name="Lò Văn Đồng")
    RoleAssignment.objects.create(
        user=colleague, role=found.capacity.role, org_unit=own, valid_from="2020-01-01"
    )

    html = shown(sign_in(colleague).get(there).content.decode())
    assert str(theirs.commune) in html and f"/dossiers/{mine.pk}/" not in html
    assert str(mine.commune) not in html and "1 hồ sơ khác của lượt này" in html
    client = sign_in(colleague)
    client.post(there, {"row": found.rows.get(dossier=mine).pk})
    client.post(there, {"row": ""})
    states = dict(found.rows.values_list("dossier", "state"))
    assert states == {mine.pk: "waiting", theirs.pk: "cancelled"}
    again = client.get(f"{address('defer')}again={found.pk}")
    assert str(mine.commune) not in shown(again.content.decode())


def test_who_asked_and_has_another_post_leaves_nothing_out(
    sign_in, cycle, commune, other_commune, an, la
):
    (mine, _theirs), found = over_two_communes(sign_in(an), cycle, commune, other_commune, an, la)
    update_as_owner(
        RoleAssignment.objects.filter(user=an).exclude(org_unit=other_commune),
        valid_to=clock.today() - timedelta(days=1),
    )
    there = reverse("dossiers:many_one", args=[found.pk])
    assert str(commune) not in shown(sign_in(an).get(there).content.decode())
    sign_in(an).post(there, {"row": ""})
    assert found.rows.get(dossier=mine).state == "waiting"


@pytest.mark.parametrize("many", (1, 3))
def test_the_form_asks_little_of_the_database(
    many, sign_in, cycle, commune, an, son, django_assert_num_queries
):
    there = stood(cycle, commune, an, S.AWAITING_DECISION, many)
    client = sign_in(son)
    client.get(address("certify", there))
    with django_assert_num_queries(10):
        client.get(address("certify", there))


@pytest.mark.parametrize("many", (1, 3))
def test_what_will_happen_is_looked_at_in_few_queries_a_row(
    many, sign_in, cycle, commune, an, son, django_assert_num_queries
):
    there = stood(cycle, commune, an, S.AWAITING_DECISION, many)
    typed = rows(there, number="%02d/GCN-UBND") | paper("certify")
    typed["certify-certificate-issued_on"] = today()
    client = sign_in(son)
    typed |= kept_in(client.post(address("certify"), typed | {"certify-paper-scan_file": scan()}))
    del typed["sure"]
    with django_assert_num_queries({1: 47, 3: 105}[many]):
        looked = client.post(address("certify"), typed)
    assert "sure" in kept_in(looked)


@pytest.mark.parametrize("many", (1, 3))
def test_the_page_of_a_batch_asks_little_of_the_database(
    many, sign_in, cycle, commune, an, minh, django_assert_num_queries
):
    there = stood(cycle, commune, an, S.AT_PROVINCE, many)
    agreed(sign_in(minh), "accept_at_province", rows(there), file=False)
    client, one = sign_in(minh), reverse("dossiers:many_one", args=[ActBatch.objects.get().pk])
    client.get(one)
    with django_assert_num_queries(8):
        client.get(one)


def test_a_stranger_sees_no_batch(sign_in, cycle, commune, an, minh, la):
    agreed(
        sign_in(minh), "accept_at_province", rows(stood(cycle, commune, an, S.AT_PROVINCE, 2)),
        file=False,
    )  # fmt: skip
    found = ActBatch.objects.get()
    for method in ("get", "post"):
        answer = getattr(sign_in(la), method)(reverse("dossiers:many_one", args=[found.pk]))
        assert answer.status_code == 404
    assert sign_in(la).get(address("submit_plan")).status_code == 404
    assert sign_in(la).get(address("accept_at_province")).status_code == 403

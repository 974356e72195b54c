"""Whose a document of the ledger is: who names it changes nothing of another's."""

from datetime import timedelta

import pytest
import rules
from django.core.exceptions import ValidationError
from django.test import Client

from councils.models.council import check_purpose
from cycle import appointing, clock, documents
from cycle.models import Document, OrgUnit, Role, RoleAssignment, Substitution, User
from dossiers.models import Certificate, OfficialDocument, PlanPaper, State
from dossiers.office import bases, people, year
from dossiers.walk import stock
from tests import judging
from tests.decision_papers import decision_of
from tests.owning import update_as_owner
from tests.sendings import scan
from tests.standing import sent_up, stand
from tests.stock_sheets import HEADS, OTHERS, book, committed, good
from tests.world import open_dossier, person

pytestmark = pytest.mark.django_db

OF_MINISTRY = {
    "Số giấy chứng nhận": "05/GCN-BNN",
    "Cơ quan cấp": "Bộ Nông nghiệp và Phát triển nông thôn",
    "Số quyết định": "1900/QĐ-BNN-VPĐP",
    "Hạng sao": "5 sao",
}


def test_a_decision_of_the_ministry_is_completed_and_corrected_by_the_province_alone(land, lan):
    """A commune's chair who names it for an appointment adds no signer and no scan to it."""
    committed(book([good(**OF_MINISTRY)]), lan, land)
    decision = Certificate.objects.get().decision.document
    commune = OrgUnit.objects.get(name="Xã Mường Nhé", valid_to=None)
    client = Client()
    client.force_login(person("chair", "Sùng A Chủ", (Role.LEADER, commune)))
    day = f"{clock.today():%d/%m/%Y}"
    typed = {
        "full_name": "Lường Thị Mới", "org_unit": "Xã Mường Nhé", "role": "clerk",
        "valid_from": day, "email": "", "phone": "", "number": decision.number,
        "signed_on": f"{decision.signed_on:%d/%m/%Y}", "body": decision.outside,
        "signer": "Kẻ Mạo Danh", "signer_capacity": "Thứ trưởng", "scan_file": scan(),
    }  # fmt: skip
    answer = client.post("/people/new/", typed)
    assert answer.status_code == 200
    assert "do người khác ghi vào sổ" in str(answer.context["form"].errors)
    assert not User.objects.filter(full_name="Lường Thị Mới").exists()
    assert Document.objects.get(pk=decision.pk).in_force == decision


def test_what_a_post_rests_on_is_not_typed_otherwise_for_another_list(land, lan):
    """A list that was struck out lets its decision be typed anew, unless something rests on it."""
    heads = [*HEADS, "Người ký", "Chức vụ người ký"]
    signed = {"Người ký": "Lò Văn Tiến", "Chức vụ người ký": "Phó Chủ tịch"}
    first = committed(book([OTHERS[0] | signed], heads=heads), lan, land)
    decision = Certificate.objects.get().decision.document
    stock.strike(first, by=lan, reason="Nhầm")
    commune = OrgUnit.objects.get(name="Xã Mường Nhé", valid_to=None)
    chair = person("chair", "Sùng A Chủ")
    post = people.assign(
        RoleAssignment(user=chair, role=Role.LEADER, org_unit=commune, valid_from=clock.today()),
        by=User.objects.create_superuser("quantri", full_name="Quản Trị"),
        document=Document(
            number=decision.number,
            signed_on=decision.signed_on,
            outside="UBND tỉnh",
            signer="Lò Văn Tiến",
            signer_capacity="Phó Chủ tịch",
        ),  # fmt: skip
    )
    his = {"Người ký": "Sùng A Chủ", "Chức vụ người ký": "Chủ tịch"}
    committed(book([OTHERS[0] | his], heads=heads), lan, land)
    paper = RoleAssignment.objects.get(pk=post.pk).paper
    assert (paper.signer, paper.number) == ("Lò Văn Tiến", decision.number)


def test_who_left_a_post_lends_it_to_nobody_and_who_stands_in_signs_no_paper_of_it(commune, an, la):
    post = an.role_assignments.get(org_unit=commune)
    assert rules.has_perm("dossiers.substitute", an, post)
    update_as_owner(
        RoleAssignment.objects.filter(pk=post.pk), valid_to=clock.today() - timedelta(days=1)
    )
    post.refresh_from_db()
    assert not rules.has_perm("dossiers.substitute", an, post)
    for role in Role.values:
        with pytest.raises(ValidationError):
            appointing.check_paper(la, role, by=None, document="5/QĐ-UBND", signer=la.full_name)


def test_a_council_is_founded_on_no_paper_of_a_dossier(cycle, commune, an, province, thu):
    decision = decision_of(stand(open_dossier(cycle, commune, an), State.CERTIFIED)).document
    with pytest.raises(ValidationError, match="việc của một hồ sơ"):
        check_purpose(decision, "sets_up")
    check_purpose(decision, "of_rounds")


def test_what_is_refused_on_a_dossiers_page_is_refused_by_every_other_way(cycle, commune, an):
    """The request that a chair signed is named by a substitution, and corrected from there."""
    dossier = stand(open_dossier(cycle, commune, an), State.COMMUNE_CHECKED)
    sent_up(dossier, an)
    request = OfficialDocument.objects.get().document
    lent = person("two", "Lò Thị Hai", (Role.OFFICER, commune))
    day = f"{clock.today():%d/%m/%Y}"
    said = {
        "number": request.number, "signed_on": f"{request.signed_on:%d/%m/%Y}",
        "body": str(commune), "signer": request.signer,
        "signer_capacity": request.signer_capacity,
    }  # fmt: skip
    client = Client()
    client.force_login(an)
    post = an.role_assignments.get(org_unit=commune)
    typed = {"assignment": post.pk, "substitute": lent.pk, "valid_from": day, "valid_to": day}
    client.post("/absence/new/", typed | said | {"reason": "ốm"})
    row = Substitution.objects.get()
    assert row.basis_id == request.pk
    wrong = {"signer": "Lò Thị An", "reason": "x", "seen": request.pk}
    answer = client.post(f"/absence/{row.pk}/correct/", said | wrong)
    assert answer.status_code == 200 and "signer" in answer.context["form"].errors
    assert Document.objects.get(pk=request.pk).in_force == request


def test_who_only_reads_records_and_corrects_nothing(province, minh, kiem):
    """Of a document that others rest on: also not by a paper of one's own post."""
    decision = documents.record(
        Document(
            number="516/QĐ-UBND", signed_on=clock.today(), issuer=province,
            signer="Trần Công Sơn", signer_capacity="Chủ tịch",
        ),
        by=minh,
    )  # fmt: skip
    trade = person("thuong", "Tòng Thị Thương", (Role.TRADE, province))
    for user, may in ((minh, True), (kiem, False), (trade, False)):
        assert bases.keeps(user, decision, province) is may, user
    typed = Document(number="288/QĐ-UBND", signed_on=clock.today(), issuer=province)
    with pytest.raises(ValidationError):
        documents.check_register(typed, by=kiem, of=[province])
    documents.check_register(typed, by=minh)


def test_what_founds_a_council_is_the_plan_of_no_year(cycle, province, thu):
    council = judging.seat(province, thu)
    with pytest.raises(ValidationError, match="thành lập hội đồng"):
        year.check_plan(PlanPaper(document=council.decision), cycle)

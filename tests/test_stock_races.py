"""A batch is struck out while somebody builds on it: whoever waits is told, nobody meets a 500."""

import pytest
from django.test import Client

from cycle.models import OrgUnit
from dossiers.models import (
    ActNotPossible,
    Certificate,
    ConditionNotMet,
    Dossier,
    Producer,
    Product,
    StockBatch,
)
from dossiers.walk import doors, stock
from tests import records
from tests.pages import tick
from tests.stock_sheets import GOOD, book, committed
from tests.waiting import met
from tests.world import open_cycle, person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="what two people press at once, twenty times"),
]

#: A test of what two people press at once holds so often.
TIMES = 20


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def strikes(batch, lan):
    return lambda: stock.strike(StockBatch.objects.get(pk=batch.pk), by=lan, reason="Nhầm tệp")


def opening(by, cycle, dossier, **changed):
    return {
        "cycle": cycle.pk,
        "commune": dossier.commune_id,
        "producer": dossier.product.producer_id,
        "product": dossier.product_id,
        "case_type": "first",
        "confirmed": tick(by, "confirmed", f"dossier {dossier.pk}"),
    } | changed


@pytest.mark.parametrize("new_product", [False, True])
def test_opening_on_what_is_struck_out_meanwhile_is_told(new_product, land, lan, rule_sets):
    cycle = open_cycle(rule_sets["qd26_2026"], 2026)
    officer = person("ang", "Lò Văn Ảng", ("officer", OrgUnit.objects.get(
        name="Xã Mường Ảng", valid_to=None)))  # fmt: skip
    client = client_of(officer)
    for _time in range(TIMES):
        batch = committed(book([GOOD]), lan, land)
        dossier = Certificate.objects.get().dossier
        changed = {"product": "", "product_name": "Chè dây", "group": "drink"}
        form = opening(officer, cycle, dossier, **changed if new_product else {})
        page = met(strikes(batch, lan), lambda form=form: client.post("/dossiers/new/", form))
        assert page.status_code == 200
        assert "vừa bị gạch bỏ khỏi danh sách đã nhập: hãy chọn lại." in page.content.decode()
        assert not Dossier.objects.exists()
        assert not Product.objects.exists() and not Producer.objects.exists()


def test_acting_on_what_is_struck_out_meanwhile_is_told(land, lan):
    client = client_of(lan)
    typed = {"done_on": "01/11/2026", "channel": "Hội chợ", "result": "Bán hết", "cost": "0"}
    form = {f"record_promotion-promotion-{name}": value for name, value in typed.items()}
    for _time in range(TIMES):
        batch = committed(book([GOOD]), lan, land)
        dossier = Certificate.objects.get().dossier
        address = f"/dossiers/{dossier.pk}/acts/record_promotion/"
        page = met(strikes(batch, lan), lambda at=address: client.post(at, form))
        assert page.status_code == 200
        said = page.content.decode()
        assert "gạch bỏ hồ sơ nhập nhầm" in said
        # Its page is no more: the answer leads to the list.
        assert f'href="/dossiers/{dossier.pk}/"' not in said
        assert 'href="/dossiers/"' in said


def test_correcting_what_is_struck_out_meanwhile_is_refused(land, lan):
    for _time in range(TIMES):
        batch = committed(book([GOOD]), lan, land)
        dossier = Certificate.objects.get().dossier

        def refused(dossier=dossier):
            try:
                doors.act(
                    dossier.process,
                    "correct_names",
                    by=lan,
                    reason="Ghi sai",
                    paper=records.signed_paper(),
                    product_name="Cà phê bột",
                    group="drink",
                    producer=dossier.product.producer,
                    producer_name=dossier.product.producer.name,
                )
            except (ActNotPossible, ConditionNotMet) as refused:
                return refused
            return None

        assert isinstance(met(strikes(batch, lan), refused), ActNotPossible)


def test_whoever_builds_first_is_waited_for_and_then_seen(land, lan, rule_sets):
    cycle = open_cycle(rule_sets["qd26_2026"], 2026)
    for time_ in range(TIMES):
        row = {**GOOD, "Tên sản phẩm": f"Cà phê {time_} Mường Ảng", "Số quyết định": f"{time_}/QĐ",
               "Số giấy chứng nhận": f"{time_}/GCN"}  # fmt: skip
        batch = committed(book([row]), lan, land)
        given = Certificate.objects.get(number_in_force=f"{time_}/GCN").dossier
        anew = Dossier(cycle=cycle, product=given.product, commune=given.commune)

        def refused(batch=batch):
            try:
                strikes(batch, lan)()
            except stock.StockRefused as refused:
                return " ".join(refused.problems)
            return ""

        said = met(lambda anew=anew: doors.open(anew, by=lan), refused)
        assert "đã mở hồ sơ khác" in said
        assert Dossier.objects.filter(pk=anew.pk).exists()

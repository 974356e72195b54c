"""Papers are made in a process of their own, which is stopped when it takes too much."""

import ast
import io
import re
import time
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser

from cycle.papers import apart
from cycle.papers.answer import answer
from cycle.papers.kinds import KINDS, blank
from cycle.papers.pdf import pdf
from cycle.papers.word import TemplateRefused, check_template, docx
from dossiers.papers.kinds import Printed
from tests.pages import printed

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _apart(settings):
    settings.PAPERS_APART = True


def proposal(number):
    data = blank(Printed.PROPOSAL)
    return data | {"entries": data["entries"] * number}


def changed(old, new):
    """The template of a proposal, with something else in it."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(KINDS[Printed.PROPOSAL].template) as source,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in source.namelist():
            packed.writestr(name, source.read(name).replace(old, new))
    return made.getvalue()


def test_both_forms_come_out_and_a_refusal_says_the_same():
    data = proposal(3)
    assert "đề nghị đánh giá, phân hạng 3 sản phẩm" in printed(pdf(Printed.PROPOSAL, data))
    assert zipfile.is_zipfile(io.BytesIO(docx(Printed.PROPOSAL, data)))
    for new, why in (
        (b"{{ host|center }}", "không dùng được «|center» ở đây"),
        (b"{{ nobody }}", "dùng trường không có: nobody"),
    ):
        with pytest.raises(TemplateRefused, match=re.escape(why)):
            check_template(Printed.PROPOSAL, changed(b"{{ host }}", new))


def asked(rf, person):
    request = rf.get("/")
    request.user = AnonymousUser()
    request.user.pk = person
    return request


def test_so_many_papers_are_made_at_once_of_one_person_and_of_all(rf):
    """The rest is told to wait: pages without a paper are answered beside them."""

    def said(person):
        page = answer(asked(rf, person), Printed.PROPOSAL, proposal(1), "pdf", "to-trinh")
        return page.status_code

    with apart.turn(1):
        assert [said(1), said(2)] == [200, 200]
        with apart.turn(1):
            assert [said(1), said(2)] == [429, 200]
            with apart.turn(2):
                busy = answer(asked(rf, 3), Printed.PROPOSAL, proposal(1), "pdf", "to-trinh")
                assert (busy.status_code, busy.headers["Retry-After"]) == (429, "5")
                assert "Máy chủ đang lập văn bản khác: hãy đợi" in busy.content.decode()
    assert [said(1), said(3)] == [200, 200]


def test_what_works_on_what_people_send_is_given_no_secret_of_ours():
    """Every program that is started with an input of others gets an environment of its own."""
    started = {
        str(path.relative_to(ROOT)): [
            {each.arg: ast.unparse(each.value) for each in call.keywords}
            for call in ast.walk(ast.parse(path.read_text()))
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "subprocess.run"
        ]
        for app in ("cycle", "dossiers", "councils", "notifications")
        for path in (ROOT / app).rglob("*.py")
        if "subprocess.run" in path.read_text()
    }
    fed = {
        path: [call["env"] for call in calls if "input" in call] for path, calls in started.items()
    }
    assert {path: envs for path, envs in fed.items() if envs} == {
        "cycle/papers/apart.py": ["{}"],
        "cycle/sheets.py": ["{}"],
    }


@pytest.mark.slow(reason="papers that take too much, each until it is stopped")
def test_what_never_ends_or_eats_memory_is_stopped_in_words(rf, monkeypatch):
    monkeypatch.setattr(apart, "SECONDS", 3)
    began = time.monotonic()
    # As long as a template may be, for each product.
    eats = changed(b"{{ entry.product }}", b"{{ entry.product }}" + b"x " * 400_000)
    with pytest.raises(apart.TooMuch, match="^Không lập xong văn bản này trong 3 giây"):
        docx(Printed.PROPOSAL, proposal(3000), eats)
    monkeypatch.setattr(apart, "MEMORY", 400_000_000)
    with pytest.raises((apart.TooMuch, TemplateRefused)):
        docx(Printed.PROPOSAL, proposal(3000), eats)
    page = answer(asked(rf, 1), Printed.PROPOSAL, proposal(50_000), "pdf", "to-trinh")
    assert page.status_code == 409
    assert "mẫu hoặc số liệu quá lớn" in page.content.decode()
    assert time.monotonic() - began < 30

"""Every code of the law that stands in the code is explained in docs/law.md, and none for nothing."""

import io
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"(?<![\w%&#.])[DPL]\d{1,2}(?:\.\w)?(?![\w%])")


def table():
    """Each row of the table of codes: its codes, and its cells."""
    for line in (ROOT / "docs/law.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and CODE.match(cells[0]):
            yield CODE.findall(cells[0]), cells


def said(path):
    """What a file says in words: of Python the comments and strings, of others all."""
    text = path.read_text()
    if path.suffix != ".py":
        return text
    words = (tokenize.COMMENT, tokenize.STRING)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return "\n".join(token.string for token in tokens if token.type in words)


def codes_of_the_source():
    """Each code with the files in which it stands: the product's own, and the proofs."""
    found = {}
    for folder in ("cycle", "dossiers", "councils", "notifications", "templates", "bench"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".json", ".html", ".txt", ".typ") and path.is_file():
                # Criteria and paths of a drawing have letters of their own.
                if path.name == "rubrics.json" or "migrations" in path.parts:
                    continue
                for code in CODE.findall(said(path)):
                    found.setdefault(code, set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_every_code_in_the_source_is_explained():
    explained = {code for codes, _cells in table() for code in codes}
    unexplained = {
        code: sorted(places)
        for code, places in codes_of_the_source().items()
        if code not in explained
    }
    assert unexplained == {}


def test_every_explained_code_stands_in_the_source():
    explained = [code for codes, _cells in table() for code in codes]
    assert len(explained) == len(set(explained))
    assert set(explained) - codes_of_the_source().keys() == set()


def test_every_row_is_complete_and_names_a_test_that_is_there():
    for _codes, cells in table():
        assert len(cells) == 6, cells
        assert all(cells), cells
        names = re.findall(r"`(test_\w+\.py)`", cells[-1])
        assert names and all((ROOT / "tests" / name).is_file() for name in names), cells


def rows_with_tests():
    """The rows of every table whose last column is the test, with the heading above it."""
    heading, tested = "", False
    for line in (ROOT / "docs/law.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("#"):
            heading = line.strip("# ")
        elif not line.startswith("|"):
            tested = False
        elif cells[-1] == "test":
            tested = True
        elif tested and set(cells[-1]) != {"-"}:
            yield heading, cells


def test_every_rule_names_a_test_that_is_there():
    rows = list(rows_with_tests())
    assert {heading for heading, _cells in rows} >= {
        "The law in the code", "Claims and corrections", "Units that were reorganised",
        "What a council, the centre and the ministry may do", "Readings that are ours",
    }  # fmt: skip
    for _heading, cells in rows:
        names = re.findall(r"`(test_\w+\.py)`", cells[-1])
        assert names, cells
        for name in names:
            assert (ROOT / "tests" / name).is_file(), cells


def test_a_rule_stands_nowhere_without_its_test():
    """What the product reads out of the law is a row of a table, not a line of a list."""
    text = (ROOT / "docs/law.md").read_text()
    ours = text.partition("## Readings that are ours")[2].partition("\n## ")[0]
    assert [line for line in ours.splitlines() if line and not line.startswith("|")] == []


def test_the_search_sees_codes_and_nothing_else():
    text = "(D12), D2.1 and «P3»; L1: 35D12 D2021 %D9%A1 &D4; 0.D5 #D6"
    assert CODE.findall(text) == ["D12", "D2.1", "P3", "L1"]

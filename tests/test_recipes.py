"""The recipes of docs/architecture.md name files that are there, and what they say stands in them."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("cycle", "dossiers", "councils", "notifications", "templates", "tests", "locale", "docs")
FILES = [
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix != ".pyc"
]
#: A file or folder, and a name in the code: with what it is called with, of a class, decorating.
PATH = re.compile(r"[\w./]+(/|\.(py|html|txt|json|md))")
NAME = re.compile(r"@?[A-Za-z_][\w.]*(\(.*\))?")


def recipes():
    """Each recipe under «How to add» by its title."""
    text = (ROOT / "docs/architecture.md").read_text()
    text = text.partition("## How to add")[2].partition("\n## ")[0]
    parts = re.split(r"^\*\*(.+?)\*\*", text, flags=re.MULTILINE)
    return {
        title.rstrip("."): " ".join(said.split())
        for title, said in zip(parts[1::2], parts[2::2], strict=True)
    }


def found(path):
    """The files that a path means: of the project, or the end of such."""
    path = path.rstrip("/")
    return [each for each in FILES if each == path or each.endswith(f"/{path}")]


@cache
def source():
    """All that is written, and the names of the files."""
    read = [each for each in FILES if each.endswith((".py", ".html")) and (ROOT / each).is_file()]
    return "\n".join([*FILES, *((ROOT / each).read_text() for each in read)])


def stands_in(name, text):
    """Whether the name of a thing stands in the text: its last part, without what it is given."""
    word = name.partition("(")[0].lstrip("@").rpartition(".")[2]
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


@pytest.mark.parametrize("title", recipes())
def test_a_recipe_names_what_is_there(title):
    said = recipes()[title]
    paths = [each for each in re.findall("`([^`]+)`", said) if PATH.fullmatch(each)]
    assert [each for each in paths if not found(each) and not (ROOT / each).exists()] == []
    names = [each for each in re.findall("`([^`]+)`", said) if NAME.fullmatch(each)]
    names = [each for each in names if each not in paths]
    assert [each for each in names if not stands_in(each, source())] == []
    for name, path in pairs(said):
        texts = [(ROOT / each).read_text() for each in found(path) if (ROOT / each).is_file()]
        assert any(stands_in(name, text) for text in texts), (name, path)


def pairs(said):
    """(name, file) where the recipe says that one is in the other."""
    for first, second in re.findall(r"`([^`]+)`,? (?:in |of |\()`([^`]+)`", said):
        for name, path in ((first, second), (second, first)):
            if NAME.fullmatch(name) and PATH.fullmatch(path) and not PATH.fullmatch(name):
                yield name, path


def test_every_part_of_the_page_names_what_is_there():
    text = (ROOT / "docs/architecture.md").read_text()
    named = [each.removesuffix("/*") for each in re.findall("`([^`\n]+)`", text)]
    paths = [each for each in named if PATH.fullmatch(each) and "/" in each]
    assert len(paths) > 80
    assert [each for each in paths if not found(each) and not (ROOT / each).exists()] == []
    for name, path in pairs(" ".join(text.split())):
        texts = [(ROOT / each).read_text() for each in found(path) if (ROOT / each).is_file()]
        assert not texts or any(stands_in(name, text) for text in texts), (name, path)


@pytest.mark.parametrize("page", ("law.md", "documents.md"))
def test_what_the_law_and_the_documents_rest_on_is_there(page):
    """Each file is one of the project; each name that is of one stands in the source."""
    named = re.findall("`([^`\n]+)`", (ROOT / "docs" / page).read_text())
    # What begins with a stroke is an address.
    paths = {each for each in named if PATH.fullmatch(each) and not each.startswith("/")}
    assert len(paths) > 8
    assert [each for each in paths if not found(each) and not (ROOT / each).exists()] == []
    names = {each for each in named if NAME.fullmatch(each)} - paths
    words = set(re.findall(r"\w+", source()))
    last = {each: each.partition("(")[0].lstrip("@").rpartition(".")[2] for each in names}
    assert sorted(each for each, word in last.items() if word not in words) == []


def test_the_recipes_of_a_step_and_of_a_column_name_every_place():
    said = recipes()
    for name in (
        "_STEPS", "AT_THE_PRODUCER", "LATE_STARTS", "BEHIND_FILING", "_WAY_BACK", "_WORDS", "LED_BY",
        "FIELDS", "stages_of",
    ):  # fmt: skip
        assert f"`{name}`" in said["A step between two states"], name
    assert ("_INBOX", "dossiers/lists/export.py") in {*pairs(said["A column of the inbox"])}

"""The shipped rubrics, as files."""

import copy
from functools import cache

from cycle import rubrics, rulesets


def law(edition):
    return rulesets.read(rulesets.FOLDER / edition / "ruleset.json")


def file(edition):
    return rulesets.FOLDER / edition / "rubrics.json"


@cache
def shipped(edition):
    """The rubrics of an edition, read and checked once: who changes one copies it (``of``)."""
    return rubrics.read(file(edition), law(edition))


def of(edition, number):
    """The content of one rubric, to be changed freely."""
    return copy.deepcopy(next(each for each in shipped(edition) if each["number"] == number))

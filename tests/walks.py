"""How far a walk goes: the suite asks one of each kind; ``SCALE=full make proof NAME=walks``, all.

A walk is a test over a product of addresses, people and values. Each such test is marked ``walk``
and says by :func:`small` what stands for the rest in the suite. A test whose cases are drawn by
chance is marked ``drawn`` and says by :func:`drawn` how many there are in full.
"""

import os

#: Whether the walks leave nothing out.
FULL = os.environ.get("OCOP_WALKS") == "full"


def small(everything, some):
    """``everything`` in a full walk, otherwise ``some`` of it; raises what is not part of it."""
    everything, some = list(everything), list(some)
    assert [each for each in some if each not in everything] == []
    return everything if FULL else some


def drawn(number):
    """How many cases are drawn of ``number``: in the suite a quarter."""
    return number if FULL else number // 4

"""The clerk's office of the tests: it counts on, and begins anew for each test.

No test may pass or fail by how many papers were numbered before it. What a kept fixture numbered
stays taken (see :mod:`tests.ground`).
"""

#: Certificates begin at 1, other papers at 1001.
FIRST = {"certificate": 0, "paper": 1000}

last = FIRST


def one_more(kind):
    """The next number."""
    begin({**last, kind: last[kind] + 1})
    return last[kind]


def begin(taken):
    """Count on after these."""
    global last
    last = taken

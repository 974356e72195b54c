"""How much the inbox weighs on the line, with 25 rows: the first visit of all, and a later one.

Every file that the page names is fetched as a browser asks for it, compressed; on a later visit the
browser has them and fetches the page alone.
"""

import re

from bench.inbox_scale import _client, _fill, _world

BOUND = "lần xem đầu ≤ 80 KB, các lần sau ≤ 10 KB (đã nén)"
SIZES = {"small": 100, "full": 2_000}
FILES = re.compile(r'<(?:link[^>]+href|script[^>]+src|img[^>]+src)="(/[^"]+)"')


def run(scale):
    """Bytes on the line of the page and of each file that it names."""
    an, mine, others = _world()
    _fill(SIZES[scale], mine, others)
    client = _client(an)
    page = client.get("/inbox/", headers={"accept-encoding": "gzip"})
    files = {
        path: _weight(client.get(path, headers={"accept-encoding": "gzip"}))
        for path in sorted(set(FILES.findall(client.get("/inbox/").content.decode())))
        if "/static/" in path
    }
    first = _weight(page) + sum(files.values())
    return {
        "size": SIZES[scale],
        "page": _weight(page),
        "files": files,
        "first_visit_kb": round(first / 1024, 1),
        "later_visit_kb": round(_weight(page) / 1024, 1),
        "exact": first <= 80 * 1024 and _weight(page) <= 10 * 1024,
    }


def _weight(response):
    """Head and body, in bytes."""
    assert response.status_code == 200, response
    body = b"".join(response) if response.streaming else response.content
    head = sum(len(name) + len(value) + 4 for name, value in response.items())
    return head + len(body)

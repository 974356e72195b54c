"""What the environment says, read strictly: what cannot be understood stops the start.

The settings import this module: nothing of Django here.
"""

import ipaddress
import sys
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: How a switch may be written, in any case.
YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")
#: A stop that gunicorn takes as final: at any other number it starts its workers again, for ever.
STOPPED = 3


def stop(sentence: str) -> NoReturn:
    """End the start with one sentence: no traceback, for nothing is wrong with the code."""
    print(sentence, file=sys.stderr, flush=True)
    raise SystemExit(STOPPED)


def switch(environ: Mapping[str, str], name: str, default: bool = False) -> bool:
    """Whether the variable ``name`` says yes; absent or empty gives ``default``.

    Stops the start when it says neither yes nor no.
    """
    said = environ.get(name, "").strip()
    if not said:
        return default
    if said.lower() in YES:
        return True
    if said.lower() in NO:
        return False
    stop(f"{name}={said} không hiểu được: hãy ghi {'/'.join(YES)} hoặc {'/'.join(NO)}.")


def number(environ: Mapping[str, str], name: str, default: int) -> int:
    """The whole number in the variable ``name``; stops the start when it is none."""
    said = environ.get(name, "").strip()
    if not said:
        return default
    if said.isascii() and said.isdigit():
        return int(said)
    stop(f"{name}={said} không phải là một số.")


def networks(environ: Mapping[str, str], name: str) -> list[Network]:
    """The networks in the variable ``name``, as «10.1.2.0/24, 10.9.9.9»; stops the start when one
    of them is none.
    """
    found = []
    for said in filter(None, (each.strip() for each in environ.get(name, "").split(","))):
        try:
            found.append(ipaddress.ip_network(said))
        except ValueError:
            stop(f"{name}: {said} không phải là một mạng, ví dụ 10.1.2.0/24.")
    return found


def postgres(name: str, url: str) -> str:
    """``url``, which the variable ``name`` gave; stops the start when it is no PostgreSQL's."""
    try:
        said = urlsplit(url)
        fits = said.scheme in {"postgres", "postgresql"} and bool(said.path.strip("/"))
        fits = fits and (said.port is None or said.port > 0)
    except ValueError:
        fits = False
    if fits:
        return url
    stop(
        f"{name} phải là địa chỉ PostgreSQL: postgresql://tên:mật-khẩu@máy-chủ:cổng/cơ-sở-dữ-liệu."
    )


def is_production(environ: Mapping[str, str]) -> bool:
    """Whether this is an installation that people work with.

    A database of one's own means production, unless OCOP_PRODUCTION says no.
    """
    own = bool(environ.get("DATABASE_URL") or environ.get("DATABASE_WORK_URL"))
    return switch(environ, "OCOP_PRODUCTION", default=own)


def required(environ: Mapping[str, str], name: str, otherwise: str) -> str:
    """The variable ``name``; outside production it may be absent, and is then ``otherwise``.

    Stops the start of a production without it.
    """
    said = environ.get(name, "").strip()
    if said or not is_production(environ):
        return said or otherwise
    stop(
        f"Thiếu biến môi trường {name}: hệ thống chạy thật không khởi động khi thiếu nó "
        "(chạy thử trên cơ sở dữ liệu riêng thì đặt OCOP_PRODUCTION=0)."
    )

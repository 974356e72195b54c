"""The log (nhật ký máy): one line of JSON for each thing said, of pages, workers and beat alike.

The settings and gunicorn import this module: nothing of Django here.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

import psycopg
import structlog

from cycle.running import access

#: Addresses and numbers by which somebody is reached.
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.-])(?:\+84|0)\d{9}(?![\w.-])")
#: Who names something secret in a log names it by one of these words.
_SECRET = re.compile(r"password|secret|token|authorization|cookie|session", re.I)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]


def traceback(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The whole traceback as text; without the rows that PostgreSQL quotes, which name people."""
    said = event.get("exc_info")
    error = said[1] if isinstance(said, tuple) else said
    if error is True:
        error = sys.exc_info()[1]
    event = structlog.processors.format_exc_info(logger, name, event)
    if isinstance(error, BaseException) and isinstance(event.get("exception"), str):
        for each in _chain(error):
            if isinstance(each, psycopg.Error) and (row := each.diag.message_detail):
                event["exception"] = event["exception"].replace(row, "…")
    return event


def discreet(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For structlog: a line without secrets, mail addresses and telephone numbers."""
    for key, value in event.items():
        if _SECRET.search(key):
            event[key] = "…"
        elif isinstance(value, str) and key not in ("timestamp", "request_id"):
            event[key] = _PERSONAL.sub("…", value)
    return event


#: What every line passes, ours and those of other packages.
PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    traceback,
    access.hide,
    discreet,
]
FORMATTER: dict[str, Any] = {
    "()": structlog.stdlib.ProcessorFormatter,
    "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
    "foreign_pre_chain": PROCESSORS,
}


def formatter() -> logging.Formatter:
    """The formatter of :data:`FORMATTER`, for who sets up logging without Django."""
    made: logging.Formatter = structlog.stdlib.ProcessorFormatter(
        processor=FORMATTER["processor"], foreign_pre_chain=PROCESSORS
    )
    return made


def configure() -> None:
    """Let structlog hand on what it is told to the loggers of Python."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

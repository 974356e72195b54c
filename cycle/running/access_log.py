"""The log of gunicorn: ``gunicorn --logger-class=cycle.running.access_log.AccessLog``."""

from __future__ import annotations

from typing import Any

import structlog
from gunicorn.glogging import Logger

from cycle.running import logs
from cycle.running.access import shown


class AccessLog(Logger):
    """One line a request: from where, when, what, how it ended; no secret address, no query.

    It is a line of the same log as all others (:mod:`cycle.running.logs`), with ``request_id``.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for said in (self.error_log, self.access_log):
            for handler in said.handlers:
                handler.setFormatter(logs.formatter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        number = {k.lower(): v for k, v in dict(resp.headers).items()}.get("x-request-id")
        with structlog.contextvars.bound_contextvars(**({"request_id": number} if number else {})):
            super().access(resp, req, environ, request_time)

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        said = (environ["REQUEST_METHOD"], shown(environ["RAW_URI"]), environ["SERVER_PROTOCOL"])
        # The page from which somebody came has an address too.
        return atoms | {
            "r": " ".join(said),
            "U": shown(atoms["U"] or ""),
            "q": "",
            "f": shown(atoms["f"] or ""),
        }

"""The access log of the pages: ``gunicorn --logger-class=cycle.running.access_log.AccessLog``."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from cycle.running.access import shown


class AccessLog(Logger):
    """One line a request: from where, when, what, how it ended; no secret address, no query."""

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

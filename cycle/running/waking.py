"""Wake a worker, if Redis is there; if it is not, the beat finds the work."""

from __future__ import annotations

import structlog
from celery import current_app
from kombu import Connection
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

#: A page waits no longer than this; left to itself kombu tries again for six seconds.
AT_ONCE = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3, "max_retries": 0}


def wake(name: str) -> None:
    """Send the Celery task ``name`` without waiting for Redis; a lost message loses nothing.

    By its name, so that whoever asks for work need not import who does it.
    """
    try:
        with Connection(current_app.conf.broker_url, transport_options=AT_ONCE) as redis:
            current_app.send_task(name, connection=redis, retry=False)
    except (OperationalError, OSError) as error:
        log.info("not_woken", task=name, error=str(error))

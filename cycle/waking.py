"""Wake a worker, if Redis is there; if it is not, the beat finds the work."""

import structlog
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def wake(task):
    """Send the Celery task without waiting for Redis; a lost message loses nothing."""
    try:
        task.apply_async(retry=False)
    except (OperationalError, OSError) as error:
        log.info("not_woken", task=task.name, error=str(error))

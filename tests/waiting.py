"""Two connections: one waits for a row that the other has written and not yet committed."""

import threading
import time

from django.db import connection, connections, transaction


def waits():
    """Whether a connection of this database waits for a lock of another."""
    with connection.cursor() as cursor:
        # Not pg_stat_activity: a transaction sees that as it first saw it.
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN "
            "(SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " UNION SELECT pid FROM pg_locks WHERE database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return cursor.fetchone()[0] > 0


def met(first, second):
    """What ``second`` answers, who begins when ``first`` has written and not yet committed."""
    answers = []

    def run():
        try:
            answers.append(second())
        finally:
            connections.close_all()

    hand = threading.Thread(target=run)
    with transaction.atomic():
        first()
        hand.start()
        until = time.monotonic() + 30
        while not waits() and hand.is_alive() and time.monotonic() < until:
            time.sleep(0.005)
    hand.join(60)
    [answer] = answers
    return answer

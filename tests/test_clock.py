"""What time it is: PostgreSQL's, or the moment that was set, and only where it was set."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from cycle import clock

THEN = datetime(2021, 5, 1, 2, tzinfo=UTC)


@pytest.mark.django_db
def test_the_present_is_the_databases():
    with time_machine.travel(THEN, tick=False):
        assert abs(clock.now() - THEN) > timedelta(days=365)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            assert abs(cursor.fetchone()[0] - clock.now()) < timedelta(seconds=10)


@pytest.mark.django_db
def test_the_present_goes_on_inside_a_transaction():
    with transaction.atomic():
        first = clock.now()
        assert clock.now() > first
    assert timezone.is_aware(first)


def test_a_moment_that_was_set_holds_in_the_block_and_no_longer():
    with clock.at(THEN) as moment:
        assert moment == clock.now() == THEN
        with clock.at(THEN + timedelta(days=1)):
            assert clock.now() == THEN + timedelta(days=1)
        assert clock.now() == THEN


@pytest.mark.django_db
def test_a_moment_is_forgotten_after_an_error_too():
    with pytest.raises(RuntimeError), clock.at(THEN, replay=True):
        raise RuntimeError
    assert clock.now() != THEN
    assert not clock.replaying()


def test_a_moment_is_aware():
    with pytest.raises(ValueError, match="aware"), clock.at(datetime(2021, 5, 1)):
        pass


def test_replaying_is_said_and_not_the_default():
    assert not clock.replaying()
    with clock.at(THEN):
        assert not clock.replaying()
    with clock.at(THEN, replay=True):
        assert clock.replaying()
        with clock.at(THEN):
            assert not clock.replaying()
        assert clock.replaying()
    assert not clock.replaying()


@pytest.mark.django_db(transaction=True)
def test_another_threads_time_is_its_own():
    def elsewhere():
        try:
            return clock.now(), clock.replaying()
        finally:
            connection.close()

    with clock.at(THEN, replay=True), ThreadPoolExecutor(1) as pool:
        now, replaying = pool.submit(elsewhere).result()
    assert now != THEN
    assert not replaying

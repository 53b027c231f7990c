"""Doorbells: nobody eats another's ring, and a Redis that goes away is told once and rings again when it is back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from core.doorbell import Doorbell, InProcessDoorbell, RedisDoorbell
from tests.services import wait_until

LONG_S = 20.0


class Listener(threading.Thread):
    """Waits at the door in a thread of its own and counts."""

    def __init__(self, doorbell: Doorbell, timeout_s: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.doorbell, self.timeout_s = doorbell, timeout_s
        self.rings = self.waits = 0
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.is_set():
            self.rings += self.doorbell.wait(self.timeout_s)
            self.waits += 1

    def end(self) -> None:
        self._ended.set()
        self.doorbell.ring(0)
        self.join(LONG_S)


@pytest.fixture
def listen():
    listeners: list[Listener] = []

    def start(doorbell: Doorbell, timeout_s: float = 0.05) -> Listener:
        listeners.append(Listener(doorbell, timeout_s))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.end()


def ring_until(doorbell: Doorbell, is_heard: Callable[[], bool], what: str) -> None:
    def rung_and_heard() -> bool:
        doorbell.ring(1)
        return is_heard()

    wait_until(rung_and_heard, timeout_s=LONG_S, what=what)


def told(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


# In one process ---------------------------------------------------------------------------------------------------

def test_a_ring_before_the_wait_is_not_lost():
    doorbell = InProcessDoorbell()
    doorbell.ring(1)
    assert doorbell.wait(0)
    assert not doorbell.wait(0)


def test_a_wait_in_vain_ends_and_says_so():
    assert not InProcessDoorbell().wait(0.01)


def test_many_rings_between_two_waits_are_one(listen):
    doorbell = InProcessDoorbell()
    for head in range(100):
        doorbell.ring(head)
    assert (doorbell.wait(0), doorbell.wait(0)) == (True, False)


def test_every_waiting_thread_hears_the_same_ring(listen):
    doorbell = InProcessDoorbell()
    listeners = [listen(doorbell, LONG_S) for _ in range(5)]
    doorbell.ring(1)
    wait_until(lambda: all(one.rings for one in listeners), timeout_s=LONG_S, what="all five to hear it")
    doorbell.ring(2)
    wait_until(lambda: all(one.rings == 2 for one in listeners), timeout_s=LONG_S, what="all five to hear the second")


# Through Redis ----------------------------------------------------------------------------------------------------

def test_a_ring_in_one_process_is_heard_in_another(redis_url, listen):
    here, there = RedisDoorbell(redis_url), RedisDoorbell(redis_url)
    listener = listen(there)
    ring_until(here, lambda: listener.rings > 0, "the ring to cross Redis")


def test_a_redis_that_is_killed_and_restarted_is_told_once_each_way_and_rings_again(redis_service, redis_url, restored,
                                                                                  listen, caplog):
    caplog.set_level(logging.WARNING, "core.doorbell")
    server = restored(redis_service)
    ringer, waiter = RedisDoorbell(redis_url, timeout_s=0.2), RedisDoorbell(redis_url, timeout_s=0.2)
    listener = listen(waiter)
    ring_until(ringer, lambda: listener.rings > 0, "the first ring")

    server.kill9()
    waited = listener.waits
    for head in range(5):
        ringer.ring(head)
    wait_until(lambda: listener.waits >= waited + 4, timeout_s=LONG_S, what="the waiter to go on polling without Redis")
    assert told(caplog, "Redis is away") == 2, "each of the two doorbells says it once, however often it is rung"

    server.start()
    heard = listener.rings
    ring_until(ringer, lambda: listener.rings > heard, "a ring after the restart")
    wait_until(lambda: told(caplog, "Redis is back") == 2, timeout_s=LONG_S, what="both to say that it is back")
    assert told(caplog, "Redis is away") == 2


def test_ringing_a_redis_that_was_never_there_does_not_hurt_the_commit(caplog):
    doorbell = RedisDoorbell("redis://127.0.0.1:1/0", timeout_s=0.1)
    for head in range(3):
        doorbell.ring(head)
    assert not doorbell.wait(0.01)
    assert told(caplog, "Redis is away") == 1

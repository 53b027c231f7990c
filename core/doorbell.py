"""A doorbell says "there may be something new"; the outbox says what. One lost costs latency, never data."""

from __future__ import annotations

import logging
import threading
from typing import Any, Protocol

import redis

log = logging.getLogger(__name__)
CHANNEL = "yangguang:doorbell"


class Doorbell(Protocol):
    """Rings after a commit; waits for a ring."""

    def ring(self, head: int) -> None:
        """Say that the outbox may reach up to `head`. Never raises: the commit has already happened."""

    def wait(self, timeout_s: float) -> bool:
        """Block until a ring since the last wait, at most `timeout_s`. True when it rang."""


class InProcessDoorbell:
    """For the one-process default. Every waiting thread keeps its own count, so none eats another's ring."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0
        self._seen = threading.local()

    def ring(self, head: int) -> None:
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wait(self, timeout_s: float) -> bool:
        with self._condition:
            seen: int = getattr(self._seen, "rings", 0)
            rang = self._condition.wait_for(lambda: self._rings > seen, timeout_s)
            self._seen.rings = self._rings
            return rang


class RedisDoorbell:
    """For several processes. Redis away means slower (the readers poll), said once when it goes and once when it is back."""

    def __init__(self, url: str, timeout_s: float = 2.0) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._client = redis.Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s)
        self._local = threading.local()
        self._is_down = False

    def ring(self, head: int) -> None:
        try:
            self._client.publish(CHANNEL, str(head))
        except redis.RedisError as error:
            self._told_down(error)
        else:
            self._told_up()

    def wait(self, timeout_s: float) -> bool:
        try:
            message = self._subscription().get_message(timeout=timeout_s)
        except redis.RedisError as error:
            self._told_down(error)
            self._local.subscription = None
            threading.Event().wait(timeout_s)
            return False
        self._told_up()
        return message is not None

    def _subscription(self) -> Any:
        if getattr(self._local, "subscription", None) is None:
            # No socket_timeout here: it would end the subscription whenever nothing happens for a while.
            client = redis.Redis.from_url(self._url, socket_connect_timeout=self._timeout_s)
            self._local.subscription = client.pubsub(ignore_subscribe_messages=True)
            self._local.subscription.subscribe(CHANNEL)
        return self._local.subscription

    def _told_down(self, error: Exception) -> None:
        if not self._is_down:
            log.warning("doorbell: Redis is away (%s); readers poll until it returns", error)
        self._is_down = True

    def _told_up(self) -> None:
        if self._is_down:
            log.warning("doorbell: Redis is back")
        self._is_down = False

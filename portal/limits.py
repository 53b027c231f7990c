"""How often one address, or one case number, may try: a sliding window in this process, on the machine's own clock."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from config.hosting_settings import ApplicantSettings, PortalSettings
from core.clock import Clock
from core.errors import Unavailable
from core.instants import MINUTE_US

KEYS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Each in its own window: wrong passwords by address and by number, forms sent, files sent, papers checked and codes
    asked for by address."""

    address: Allowance
    number: Allowance
    forms: Allowance
    files: Allowance
    checks: Allowance
    codes: Allowance


class TooOften(Unavailable):
    """Too many tries within the window."""

    status = 429


class Allowance:
    """At most `most` notes per key within a window of minutes."""

    def __init__(self, clock: Clock, most: int, window_minutes: int) -> None:
        self._clock, self._most, self._window_us = clock, most, window_minutes * MINUTE_US
        self._noted: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def check(self, key: str) -> None:
        """Raises TooOften with the seconds to wait."""
        with self._lock:
            recent = self._recent(key)
            if len(recent) >= self._most:
                wait_us = recent[0] + self._window_us - self._clock.now_us()
                raise TooOften("too_many_attempts", retry_after=max(1, wait_us // 1_000_000))

    def note(self, key: str) -> None:
        """One more try."""
        with self._lock:
            if len(self._noted) >= KEYS_MAX and key not in self._noted:
                self._noted.pop(next(iter(self._noted)))
            self._noted.setdefault(key, deque(maxlen=self._most)).append(self._clock.now_us())

    def spend(self, key: str) -> None:
        """Check and note at once."""
        self.check(key)
        self.note(key)

    def _recent(self, key: str) -> deque[int]:
        recent = self._noted.get(key, deque())
        while recent and recent[0] <= self._clock.now_us() - self._window_us:
            recent.popleft()
        if not recent:
            self._noted.pop(key, None)
        return recent


def limits_of(given: PortalSettings, accounts: ApplicantSettings, clock: Clock) -> Limits:
    """As the settings say; `clock` is the machine's own."""
    def allow(most: int) -> Allowance:
        return Allowance(clock, most, given.window_minutes)

    return Limits(allow(given.failures_per_address), allow(given.failures_per_case), allow(given.forms_per_window),
                  allow(given.files_per_window), allow(given.checks_per_window),
                  Allowance(clock, accounts.codes_per_address, accounts.code_window_minutes))

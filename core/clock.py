"""Where "now" comes from. The only module that asks the operating system for the time.

A decision takes `now` once at its top and passes it down, so the same arguments give the same answer for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from core.instants import SECOND_US, from_us, to_us


class Clock(Protocol):
    """A source of the present instant."""

    @property
    def speed(self) -> float:
        """Business seconds per real second at this moment; 1.0 for real time, 0.0 when frozen."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""

    def now_us(self) -> int:
        """The present instant in microseconds UTC."""


class SystemClock:
    """The machine's own clock."""

    speed = 1.0

    def now(self) -> datetime:
        return from_us(self.now_us())

    def now_us(self) -> int:
        return time.time_ns() // 1000


class FrozenClock:
    """Stands still until a test moves it."""

    speed = 0.0

    def __init__(self, now: datetime) -> None:
        self._now_us = to_us(now)

    def now(self) -> datetime:
        return from_us(self._now_us)

    def now_us(self) -> int:
        return self._now_us

    def move_to(self, moment: datetime) -> None:
        self._now_us = to_us(moment)

    def advance(self, span: timedelta) -> None:
        self._now_us += span // timedelta(microseconds=1)


class AcceleratedClock:
    """Runs faster than life: `speed` in office hours, `idle_speed` outside them (demo and replay).

    Piecewise linear: within a stretch the factor is constant; `next_change(us)` gives the next business instant at
    which it may differ and `is_busy(us)` says which of the two factors holds there. Never runs backwards.
    """

    def __init__(self, start: datetime, speed: float, idle_speed: float | None = None,
                 is_busy: Callable[[int], bool] = lambda _us: True,
                 next_change: Callable[[int], int | None] = lambda _us: None,
                 real_us: Callable[[], int] = lambda: time.monotonic_ns() // 1000) -> None:
        self._business_us = to_us(start)
        self._speed, self._idle_speed = speed, idle_speed or speed
        self._is_busy, self._next_change, self._real_us = is_busy, next_change, real_us
        self._at_real_us = real_us()
        self._lock = threading.Lock()

    @property
    def speed(self) -> float:
        return self._factor(self.now_us())

    def now(self) -> datetime:
        return from_us(self.now_us())

    def now_us(self) -> int:
        with self._lock:
            return self._run_to(self._real_us())

    def _run_to(self, real: int) -> int:
        business, left = self._business_us, float(real - self._at_real_us)
        while left > 0:
            factor = self._factor(business)
            change = self._next_change(business)
            if change is None or (change - business) / factor > left:
                return self._settle(business + int(left * factor), real)
            left -= (change - business) / factor
            business = change
        return self._settle(business, real)

    def _factor(self, business_us: int) -> float:
        return self._speed if self._is_busy(business_us) else self._idle_speed

    def _settle(self, business_us: int, real_us: int) -> int:
        # Whole seconds of progress are folded into the anchor so that the loop above stays short for ever.
        if business_us - self._business_us > SECOND_US:
            self._business_us, self._at_real_us = business_us, real_us
        return business_us



class SwitchedClock:
    """Stands in front of another clock that may be exchanged: a demonstration loads its past before it goes live."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def switch_to(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def speed(self) -> float:
        return self._clock.speed

    def now(self) -> datetime:
        return self._clock.now()

    def now_us(self) -> int:
        return self._clock.now_us()

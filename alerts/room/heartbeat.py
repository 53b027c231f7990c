"""For the monitor outside this house: one answer that is good only when everything is, and a call that stops when it is not.

A monitor that is asked for (GET) finds out that the machine is gone; one that is called (a dead man's switch) finds out that
nobody calls any more. Both are offered, since networks differ in which direction they allow.
"""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerts.room.canary import recent
from core.clock import Clock
from core.database import Database
from core.errors import UpstreamError
from core.health import Check
from core.instants import SECOND_US

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`clock` is the machine's own; `checks` are those of core.health; a canary older than `stale_after_s` is bad news."""

    database: Database
    clock: Clock
    checks: Callable[[], Sequence[Check]]
    stale_after_s: float

    def state(self) -> list[Check]:
        """Every check, the canary last; without a database there is no canary to ask for."""
        checks = list(self.checks())
        database_is_there = all(check.ok for check in checks if check.name == "database")
        return [*checks, self._canary()] if database_is_there else checks

    def _canary(self) -> Check:
        last = recent(self.database, 1)
        if not last:
            return Check("canary", False, "never")
        age_s = (self.clock.now_us() - last[0].sent_at) // SECOND_US
        told = f"{age_s} s ago, {last[0].shown} of {last[0].expected} screens, p95 {last[0].p95_ms} ms"
        return Check("canary", age_s <= self.stale_after_s and last[0].shown == last[0].expected, told)


def call_outside(heartbeat: Heartbeat, url: str, timeout_s: float) -> bool:
    """Call the outside monitor when all is well; keep still otherwise. Raises UpstreamError when it cannot be reached."""
    bad = [check.name for check in heartbeat.state() if not check.ok]
    if bad:
        log.warning("the outside monitor is not called: %s", ", ".join(bad))
        return False
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            answer.read(64)
    except OSError as failure:
        raise UpstreamError("monitor_unreachable", problem=type(failure).__name__) from failure
    return True

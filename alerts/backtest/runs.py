"""Back-tests under way: started by a page, followed by it, cancelled by it. Kept in the process that runs them."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from alerts.backtest.open_clocks import MovedClocks, open_clocks
from alerts.backtest.service import Backtester, Period, Result
from alerts.backtest.watches import World
from core.database import Database
from core.errors import NotFound, SupervisionError

log = logging.getLogger(__name__)
KEPT = 20


@dataclass(slots=True)
class Run:
    """One preview. `error` is set when it failed; `cards` and `clocks` when it is done."""

    id: str
    owner: str
    cases: int = 0
    total: int = 0
    cards: Result | None = None
    clocks: MovedClocks | None = None
    error: SupervisionError | None = None
    is_done: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    details: dict[str, str] = field(default_factory=dict)


class Runs:
    """Starts previews in threads of their own, one at a time per person: a new one ends the one before."""

    def __init__(self, database: Database, backtester: Backtester, now_us: Callable[[], int]) -> None:
        self._database, self._backtester, self._now_us = database, backtester, now_us
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, owner: str, present: World, edited: World, live: World, period: Period, **details: str) -> Run:
        """`edited` is what a back-test tries on every case; `live` what open clocks would go by."""
        run = Run(secrets.token_urlsafe(9), owner, details=details)
        with self._lock:
            for other in self._runs.values():
                if other.owner == owner and not other.is_done:
                    other.cancelled.set()
            self._runs[run.id] = run
            while len(self._runs) > KEPT:
                self._runs.popitem(last=False)
        threading.Thread(target=self._work, args=(run, present, edited, live, period), daemon=True,
                         name=f"backtest-{run.id}").start()
        return run

    def get(self, run_id: str, owner: str) -> Run:
        """A run of that person. Raises NotFound, also after a restart: it is then simply asked for again."""
        with self._lock:
            run = self._runs.get(run_id)
        if run is None or run.owner != owner:
            raise NotFound("backtest_not_found", run=run_id)
        return run

    def cancel(self, run_id: str, owner: str) -> None:
        self.get(run_id, owner).cancelled.set()

    def _work(self, run: Run, present: World, edited: World, live: World, period: Period) -> None:
        try:
            run.clocks = open_clocks(self._database, present, live, self._now_us(), is_cancelled=run.cancelled.is_set)
            run.cards = self._backtester.run(edited, period, World(present.areas, present.catalogue, edited.scope),
                                             progress=lambda read, of: self._note(run, read, of),
                                             is_cancelled=run.cancelled.is_set)
        except SupervisionError as error:
            run.error = error
        except Exception:  # told to the person who waits, and logged; a thread has nobody else to tell
            log.exception("a back-test failed")
            run.error = SupervisionError("backtest_failed")
        finally:
            run.is_done = True

    @staticmethod
    def _note(run: Run, read: int, total: int) -> None:
        run.cases, run.total = read, total



"""Back-tests under way: started by a page, followed by it, cancelled by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alerts.background import Background
from alerts.background import Run as BackgroundRun
from alerts.backtest.open_clocks import MovedClocks, open_clocks
from alerts.backtest.service import Backtester, Period, Result
from alerts.backtest.watches import World
from core.database import Database


@dataclass(slots=True)
class Run(BackgroundRun):
    """One preview. `cards` and `clocks` are set when it is done."""

    cards: Result | None = None
    clocks: MovedClocks | None = None


class Runs:
    """Starts previews."""

    def __init__(self, database: Database, backtester: Backtester, now_us: Callable[[], int]) -> None:
        self._database, self._backtester, self._now_us = database, backtester, now_us
        self._running: Background[Run] = Background("backtest")

    def start(self, owner: str, present: World, edited: World, live: World, period: Period) -> Run:
        """`edited` is what a back-test tries on every case; `live` what open clocks would go by."""
        return self._running.start(Run(owner), lambda run: self._work(run, present, edited, live, period))

    def get(self, run_id: str, owner: str) -> Run:
        """A run of that person. Raises NotFound, also after a restart."""
        return self._running.get(run_id, owner)

    def cancel(self, run_id: str, owner: str) -> None:
        self.get(run_id, owner).cancelled.set()

    def _work(self, run: Run, present: World, edited: World, live: World, period: Period) -> None:
        run.clocks = open_clocks(self._database, present, live, self._now_us(), is_cancelled=run.cancelled.is_set)
        run.cards = self._backtester.run(edited, period, World(present.areas, present.catalogue, edited.scope),
                                         progress=run.note, is_cancelled=run.cancelled.is_set)

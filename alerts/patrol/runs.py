"""Patrols under way: started by a page, followed by it, cancelled by it."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.background import Background, Run
from alerts.patrol.queries import Patrol
from alerts.patrol.service import Patroller


@dataclass(slots=True)
class PatrolRun(Run):
    """`patrol` is set when it is done."""

    patrol: Patrol | None = None


class PatrolRuns:
    """Starts patrols."""

    def __init__(self, patroller: Patroller) -> None:
        self._patroller = patroller
        self._running: Background[PatrolRun] = Background("patrol")

    def start(self, owner: str, area: str) -> PatrolRun:
        """A patrol of that area; the one of this person that is still under way, if there is."""
        known = self.newest(owner)
        return known if known is not None and not known.is_done else self._running.start(
            PatrolRun(owner), lambda run: self._work(run, area))

    def newest(self, owner: str) -> PatrolRun | None:
        """What that person started last in this process."""
        return self._running.newest(owner)

    def _work(self, run: PatrolRun, area: str) -> None:
        run.patrol = self._patroller.patrol(run.owner, area, progress=run.note, is_cancelled=run.cancelled.is_set)

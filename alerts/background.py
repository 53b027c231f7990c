"""Long work that a page asks for: in a thread of its own, followed by who asked and ended by him. Kept in the process that does
it: after a restart one asks again."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import NotFound, SupervisionError

log = logging.getLogger(__name__)
KEPT = 20


@dataclass(slots=True)
class Run:
    """One piece of work: how much of it is done, and what went wrong. What it found stands in the fields of its kind."""

    owner: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    read: int = 0
    total: int = 0
    error: SupervisionError | None = None
    is_done: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    def note(self, read: int, total: int) -> None:
        self.read, self.total = read, total


R = TypeVar("R", bound=Run)


class Background(Generic[R]):
    """Work of one kind, one piece at a time per person: a new one ends the one before. `name` begins its threads and the codes
    of its errors."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._runs: OrderedDict[str, R] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, run: R, work: Callable[[R], None]) -> R:
        with self._lock:
            for other in self._runs.values():
                if other.owner == run.owner and not other.is_done:
                    other.cancelled.set()
            self._runs[run.id] = run
            while len(self._runs) > KEPT:
                self._runs.popitem(last=False)
        threading.Thread(target=self._work, args=(run, work), daemon=True, name=f"{self._name}-{run.id}").start()
        return run

    def get(self, run_id: str, owner: str) -> R:
        """A run of that person. Raises NotFound."""
        with self._lock:
            run = self._runs.get(run_id)
        if run is None or run.owner != owner:
            raise NotFound(f"{self._name}_not_found", run=run_id)
        return run

    def newest(self, owner: str) -> R | None:
        """What that person asked for last."""
        with self._lock:
            return next((run for run in reversed(self._runs.values()) if run.owner == owner), None)

    def _work(self, run: R, work: Callable[[R], None]) -> None:
        try:
            work(run)
        except SupervisionError as error:
            run.error = error
        except Exception:  # told to the person who waits, and logged; a thread has nobody else to tell
            log.exception("a %s failed", self._name)
            run.error = SupervisionError(f"{self._name}_failed")
        finally:
            run.is_done = True

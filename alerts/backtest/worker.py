"""A share of a back-test in a process of its own: Python judges on one core only, and a big back-test wants both.

The parent hands over the worlds and the database's address; each process reads its own share of the cases (a span of their
numbers), so nothing but counts and the listed lines comes back.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from alerts.backtest.watches import World
from core.database import Database
from core.errors import SupervisionError

Share = tuple[int | None, int | None]  # case numbers, from the first to before the second; None: open


class BacktestCancelled(SupervisionError):
    """Somebody ended it."""

    status = 409

    def __init__(self) -> None:
        super().__init__("backtest_cancelled")


@dataclass(frozen=True, slots=True)
class Task:
    """What one process does. `run` is a function of a module, so that it can be named to another process."""

    run: Callable[..., Any]
    url: str
    tested: World
    present: World | None
    period: Any
    lines_max: int
    chunk: int
    share: Share
    acts_history_us: int | None = None


def in_processes(tasks: list[Task], *, progress: Callable[[int], None], is_cancelled: Callable[[], bool]) -> list[Any]:
    """The results of all tasks. `progress` is told the cases read by all of them. Ends every process when cancelled or when one
    of them failed, whose error is raised."""
    context = multiprocessing.get_context("spawn")
    running = []
    for task in tasks:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(task, theirs), daemon=True)
        process.start()
        theirs.close()
        running.append((process, ours))
    try:
        return _gathered([ours for _process, ours in running], progress, is_cancelled)
    finally:
        for process, ours in running:
            ours.close()
            process.terminate()
            process.join()


def _gathered(pipes: list[Any], progress: Callable[[int], None], is_cancelled: Callable[[], bool]) -> list[Any]:
    read, results = [0] * len(pipes), dict[int, Any]()
    while len(results) < len(pipes):
        if is_cancelled():
            raise BacktestCancelled
        for ready in wait([pipe for at, pipe in enumerate(pipes) if at not in results], timeout=0.2):
            at = pipes.index(ready)
            try:
                kind, value = pipes[at].recv()
            except EOFError:
                raise SupervisionError("backtest_failed") from None
            if kind == "read":
                read[at] = value
                progress(sum(read))
            else:
                results[at] = value
    return [results[at] for at in range(len(pipes))]


def _work(task: Task, pipe: Connection) -> None:
    gc.disable()  # it lives for seconds, and everything it makes is in use
    database = Database(task.url)
    try:
        pipe.send(("done", task.run(database, task, lambda read: pipe.send(("read", read)))))
    finally:
        database.dispose()
        pipe.close()

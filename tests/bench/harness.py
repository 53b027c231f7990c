"""What every benchmark needs: options, stopwatches of wall and processor time, percentiles, and a line of the report."""

from __future__ import annotations

import gc
import os
import platform
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from core import collector
from tests.services import PostgresService, Service, start_postgres


@dataclass(frozen=True, slots=True)
class Options:
    """The command line. `folder` is temporary and goes with the run."""

    folder: Path
    events: int
    stores: Sequence[str]
    cases: Sequence[int]
    clients: Sequence[int]
    samples: int
    minutes: float
    streams: Sequence[int] = (1, 4, 16)
    seconds: float = 20.0
    restarts: int = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report. `floor` is the least any program would pay, `ratio` how often that we pay."""

    what: str
    figure: str
    floor: str
    ratio: str
    limit: str
    holds: bool | None
    sample: str


@dataclass(slots=True)
class Spent:
    """Seconds of wall and processor time, the latter of this process and of the others that were named."""

    wall: float = 0.0
    cpu: float = 0.0

    def per(self, count: int) -> str:
        return f"{self.cpu / count * 1e6:.0f} µs CPU"


@contextmanager
def stopwatch(others: Sequence[int] = ()) -> Iterator[Spent]:
    """Times its block; `others` are process ids whose processor time, with that of their children, counts too. So do processes
    that this one starts and ends within the block."""
    spent = Spent()
    wall, cpu = time.perf_counter(), _cpu_of_ours() + _cpu_of(others)
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, _cpu_of_ours() + _cpu_of(others) - cpu


def _cpu_of_ours() -> float:
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


@contextmanager
def settled() -> Iterator[None]:
    """The cycle collector as every command of the program sets it once its services are built."""
    thresholds = gc.get_threshold()
    collector.settle()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """p50 / p95 / p99."""
    return " / ".join(f"{percentile(values, share):.1f}" for share in (0.5, 0.95, 0.99)) + f" {unit}"


def hardware() -> str:
    """The machine and the versions, in one line."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                if line.startswith("model name")), platform.processor())
    memory = psutil.virtual_memory().total / 2**30
    return (f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, load {os.getloadavg()[0]:.1f} at the start; "
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}")


@contextmanager
def store(name: str, folder: Path) -> Iterator[tuple[str, Sequence[int]]]:
    """(URL of an empty database of that kind, ids of its server's processes)."""
    if name == "sqlite":
        yield f"sqlite:///{folder / f'{time.monotonic_ns()}.db'}", ()
        return
    service = start_postgres(durable=True)
    try:
        yield service.url, _processes_of(service)
    finally:
        if isinstance(service, PostgresService):
            service.close()


def _processes_of(service: Service) -> Sequence[int]:
    return (service.pid,) if isinstance(service, PostgresService) else ()


def _cpu_of(processes: Sequence[int]) -> float:
    return sum(_spent_by(one) for pid in processes for one in _family(pid))


def _family(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def _spent_by(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)

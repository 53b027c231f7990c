"""Hosted cases: five steps (受理 承办 审核 批准 办结), one act after another and by many people at once; and three units in
parallel beside that."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from approval.flow import Part
from tests.bench.harness import Line, Options, Spent, percentile, settled, stopwatch, store
from tests.bench.hosted import over_http
from tests.hosting import APPROVER, DISPATCHER, HALL, HANDLER, JOINER, JOINT, REVIEWER, Hall

CASES_AT_LEAST, PARALLEL_AT_MOST, AT_ONCE, WARM_UP = 300, 1.3, 16, 3
SIMPLE = "gongxin-04"  # promised, no fee, no papers: five steps and nothing else
PLAN = (Part("a", "ziran-04", "ziran"), Part("b", "shuili-03", "shuili"), Part("c", "yingji-01", "yingji"))
ACTS = 6  # of one case: filed, accepted, three steps, concluded
_numbers = itertools.count()


def run(options: Options) -> list[Line]:
    """Services on each database by one and by many, HTTP on SQLite, then the parallel project."""
    count = max(100, options.events // 200)
    lines = [_services(options, name, count, at_once) for name in options.stores for at_once in (1, AT_ONCE)]
    return [*lines, *over_http(options, count), _parallel(options, max(20, count // 10))]


def _services(options: Options, name: str, count: int, at_once: int) -> Line:
    with store(name, options.folder) as (url, others):
        hall = Hall(_folder(options.folder), url)
        with settled():
            spent, acts = measured(hall, count, others, at_once)
        floor = _floor(options.folder, len(acts)) if name == "sqlite" else None
    done = len(acts) // ACTS
    rate = done / spent.wall
    told = f"{len(acts) / floor.wall:,.0f} commits/s of one journal row" if floor is not None else "–"
    ratio = f"{spent.wall / floor.wall:.1f} wall" if floor is not None else "–"
    who = "one after another" if at_once == 1 else f"{at_once} at once"
    return Line(f"five-step cases through the services, {name}, {who}",
                f"{rate:,.0f} cases/s; {spent.cpu / done * 1e3:.1f} ms CPU a case; an act p50/p95 "
                f"{percentile(acts, .5) * 1e3:.1f} / {percentile(acts, .95) * 1e3:.1f} ms", told, ratio,
                f"≥ {CASES_AT_LEAST} cases/s", rate >= CASES_AT_LEAST, f"{done} cases, {len(acts)} acts, {who}")


def measured(hall: Hall, count: int, others: Sequence[int] = (), at_once: int = 1) -> tuple[Spent, list[float]]:
    """So many cases from the window to the end, by so many groups of people, after some that are not counted; and the seconds
    of each act, which is over when its commit is."""
    for _ in range(5):
        _life(hall, SIMPLE)

    def work(_: int) -> list[float]:
        return [span for _ in range(-(-count // at_once)) for span in _life(hall, SIMPLE)]

    with stopwatch(others) as spent, ThreadPoolExecutor(at_once) as people:
        acts = [span for spans in people.map(work, range(at_once)) for span in spans]
    return spent, acts


def _life(hall: Hall, item: str) -> list[float]:
    """One case. The revision is known, as to a page that was told it."""
    approval, marks = hall.approval, [time.perf_counter()]
    case_no = hall.filed(item).case_no
    marks.append(time.perf_counter())
    approval.intake.accept(case_no, 1, HALL)
    marks.append(time.perf_counter())
    for rev, person in enumerate((HANDLER, REVIEWER, APPROVER), start=2):
        approval.handling.complete(case_no, rev, "同意", person)
        marks.append(time.perf_counter())
    approval.ending.conclude(case_no, 5, "", HALL)
    return [later - earlier for earlier, later in itertools.pairwise([*marks, time.perf_counter()])]


def _floor(folder: Path, count: int) -> Spent:
    """As many commits, each of one row with the size of a journal row, by the driver alone."""
    link = sqlite3.connect(folder / f"floor-{next(_numbers)}.db", isolation_level=None)
    link.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE j (a INTEGER PRIMARY KEY, b TEXT)")
    with stopwatch() as spent:
        for _ in range(count):
            link.execute("BEGIN IMMEDIATE")
            link.execute("INSERT INTO j (b) VALUES (?)", ("x" * 400,))
            link.execute("COMMIT")
    link.close()
    return spent


def _parallel(options: Options, count: int) -> Line:
    """Three units at once, and the same three cases one after another: cost per step of the whole."""
    with store("sqlite", options.folder) as (url, _others):
        hall = Hall(_folder(options.folder), url)
        hall.approval.posts.give("luo", "fagai", ["批准人"])
        _project(hall, WARM_UP)
        _one_by_one(hall, WARM_UP)
        with settled():
            parallel, steps = _timed(lambda: _project(hall, count))
            serial, alone = _timed(lambda: _one_by_one(hall, count))
    ratio = (parallel / steps) / (serial / alone)
    return Line("three units in parallel, cost per step", f"{parallel / steps * 1e3:.2f} ms",
                f"the same steps as cases of their own: {serial / alone * 1e3:.2f} ms", f"{ratio:.2f}",
                f"≤ {PARALLEL_AT_MOST}", ratio <= PARALLEL_AT_MOST, f"{count} projects, {steps} acts")


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    acts = work()
    return time.perf_counter() - began, acts


def _project(hall: Hall, count: int) -> int:
    acts = 0
    for _ in range(count):
        project = hall.filed(JOINT).case_no
        hall.approval.intake.accept(project, 1, HALL)
        hall.approval.projects.dispatch(project, 2, PLAN, "分发各部门并联办理", DISPATCHER)
        numbers = [f"{project}-{place:02d}" for place in range(1, len(PLAN) + 1)]
        for number, part in zip(numbers, PLAN, strict=True):
            acts += _steps(hall, number, part.org, first_rev=1)
        for rev, person in ((6, JOINER), (7, APPROVER)):
            hall.approval.handling.complete(project, rev, "同意", person)
        hall.approval.ending.conclude(project, 8, "", HALL)
        acts += 6
    return acts


def _one_by_one(hall: Hall, count: int) -> int:
    acts = 0
    for _ in range(count):
        for part in PLAN:
            number = hall.filed(part.item).case_no
            hall.approval.intake.accept(number, 1, HALL)
            acts += 2 + _steps(hall, number, part.org, first_rev=2)
    return acts


def _steps(hall: Hall, number: str, org: str, first_rev: int) -> int:
    for rev, step in enumerate(("承办", "审核", "批准"), start=first_rev):
        hall.approval.handling.complete(number, rev, "同意", hall.officer(org, step))
    hall.approval.ending.conclude(number, first_rev + 3, "", HALL)
    return 4


def _folder(folder: Path) -> Path:
    made = folder / f"hall-{next(_numbers)}"
    made.mkdir()
    return made

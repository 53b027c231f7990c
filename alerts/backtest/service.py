"""The back-test: which cards other rules, calendars or limits would have raised in a period, and how that differs from now.

The facts are those the journal says today, kept folded with every case; clocks are judged as of the end of the period, as the
live engine would have at that instant; faults of acts (alerts.backtest.acts) by the rule of their own day. Cases pass through
in chunks, so memory does not follow their number.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from alerts.backtest.acts import ActCard, ActTrial
from alerts.backtest.acts import Cards as ActCards
from alerts.backtest.arrays import Ints
from alerts.backtest.cards import Cards, Names, Rungs, cards_of, compare, passages_of, within
from alerts.backtest.folds import Folds
from alerts.backtest.spans import Facts, FactsReader
from alerts.backtest.tables import KINDS
from alerts.backtest.watches import Clocks, Reader, World
from alerts.backtest.worker import BacktestCancelled, Share, Task, in_processes
from alerts.lifecycle import Origin
from cases.changes import NO_ORG
from cases.fold import Fold
from cases.judging import judge
from cases.models import case_table
from cases.projection import Condition
from core.database import Database

CHUNK = 25_000
PROCESSES = min(2, os.cpu_count() or 1)
WORTH_PROCESSES = 100_000  # below, starting processes takes longer than judging
LINES_MAX = 5_000
EVERY_LINE = 10**9
_COLUMNS = ("case_id", "fold", "acts")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CardLine:
    """One card of the result. `change`: new, gone, changed or same against the present rules (same also where none were given).

    Instants are microseconds UTC; those `before` are what the present rules give, None for a new card. Where `origin` is act,
    `kind` is the act, `subject` what it is about (`about` as people call it), and `confirm` says whether a person decides
    before the card is issued.
    """

    change: str
    case_id: int
    case_no: str
    area: str
    org: str
    item: str
    kind: str
    ordinal: int
    level: int
    opened_at: int
    level_at: int
    rule: str
    rule_version: str
    level_before: int | None = None
    opened_before: int | None = None
    level_at_before: int | None = None
    origin: str = Origin.CLOCK.value
    subject: str = ""
    about: str = ""
    confirm: bool = False
    confirm_before: bool | None = None


@dataclass(slots=True)
class Result:
    """What a back-test found. `by_org` counts cards per (organisation, level) with the tested and with the present rules.

    `lines` holds the cards that differ, or all where there was nothing to compare with, up to a limit; the counts are complete.
    `act_changes` is the part of `changes` that is cards of acts. `scalar` cases were judged one by one; `unjudged` have a clock
    that nobody can judge; `replayed` were looked up in the journal for their faults.
    """

    cases: int = 0
    total: int = 0
    seconds: float = 0.0
    cards: Counter[int] = field(default_factory=Counter)
    cards_before: Counter[int] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    act_changes: Counter[str] = field(default_factory=Counter)
    by_org: Counter[tuple[str, int]] = field(default_factory=Counter)
    by_org_before: Counter[tuple[str, int]] = field(default_factory=Counter)
    lines: list[CardLine] = field(default_factory=list)
    scalar: int = 0
    unjudged: int = 0
    replayed: int = 0

    def add(self, other: Result) -> None:
        """Take in what another share found."""
        for name in ("cards", "cards_before", "changes", "act_changes", "by_org", "by_org_before"):
            getattr(self, name).update(getattr(other, name))
        self.lines += other.lines
        self.cases += other.cases
        self.scalar += other.scalar
        self.unjudged += other.unjudged
        self.replayed += other.replayed


@dataclass(frozen=True, slots=True)
class Period:
    """Cards raised or worsened from `from_us` on, judged as of `to_us` (microseconds UTC)."""

    from_us: int
    to_us: int


class Backtester:
    """Reads cases and judges them in one world or two. Cards of acts are looked for too when it is told from when on the
    engine takes a fault for history (`acts_history_us`)."""

    def __init__(self, database: Database, chunk: int = CHUNK, processes: int = PROCESSES,
                 acts_history_us: int | None = None) -> None:
        self._database, self._chunk, self._processes = database, chunk, processes
        self._acts_history_us = acts_history_us

    def run(self, tested: World, period: Period, present: World | None = None, *, progress: Progress = lambda _n, _of: None,
            is_cancelled: Callable[[], bool] = lambda: False, lines_max: int = LINES_MAX) -> Result:
        """Judge every case. `progress` is told (cases read, cases in all) after each chunk. Raises BacktestCancelled."""
        began = time.perf_counter()
        with self._database.snapshot() as conn:
            total, first, last = conn.execute(select(func.count(), func.min(case_table.c.case_id),
                                                     func.max(case_table.c.case_id))).one()
        if total < WORTH_PROCESSES or self._processes < 2:
            result = self._here(tested, present, period, lambda read: progress(read, total), is_cancelled, lines_max)
        else:
            shares = _shares(first, last, self._processes)
            result = self._shared(shares, tested, present, period, lambda read: progress(read, total), is_cancelled, lines_max)
        result.total, result.seconds = total, time.perf_counter() - began
        return result

    def by_chunk(self, tested: World, period: Period, *,
                 is_cancelled: Callable[[], bool] = lambda: False) -> Generator[Result, None, None]:
        """The result of every chunk by itself, with all its cards, in this process: for who looks at each card and keeps none.
        Raises BacktestCancelled."""
        judges = Judges(tested, None, period, self._acts_history_us)
        with self._database.snapshot() as conn, closing(_chunks(conn, self._chunk, (None, None))) as chunks:
            for rows in chunks:
                result = Result()
                _judge_rows(conn, rows, judges, result, EVERY_LINE, is_cancelled)
                yield result

    def _here(self, tested: World, present: World | None, period: Period, told: Callable[[int], None],
              is_cancelled: Callable[[], bool], lines_max: int) -> Result:
        task = Task(judged_share, "", tested, present, period, lines_max, self._chunk, (None, None), self._acts_history_us)
        return judged_share(self._database, task, told, is_cancelled)

    def _shared(self, shares: Sequence[Share], tested: World, present: World | None, period: Period,
                told: Callable[[int], None], is_cancelled: Callable[[], bool], lines_max: int) -> Result:
        url = self._database.url.render_as_string(hide_password=False)
        tasks = [Task(judged_share, url, tested, present, period, lines_max, self._chunk, share, self._acts_history_us)
                 for share in shares]
        results = in_processes(tasks, progress=told, is_cancelled=is_cancelled)
        for other in results[1:]:
            results[0].add(other)
        found: Result = results[0]
        found.lines = found.lines[:lines_max]
        return found


def judged_share(database: Database, task: Task, told: Callable[[int], None],
                 is_cancelled: Callable[[], bool] = lambda: False) -> Result:
    """Judge the cases of one share. Raises BacktestCancelled."""
    result, judges = Result(), Judges(task.tested, task.present, task.period, task.acts_history_us)
    with database.snapshot() as conn, closing(_chunks(conn, task.chunk, task.share)) as chunks:
        for rows in chunks:
            _judge_rows(conn, rows, judges, result, task.lines_max, is_cancelled)
            told(result.cases)
    return result


def _judge_rows(conn: Connection, rows: Sequence[Any], judges: Judges, result: Result, lines_max: int,
                is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        raise BacktestCancelled
    folds = Folds([row[1] for row in rows])
    judge_chunk(rows, folds, judges, result, lines_max)
    if judges.acts is not None:
        _judge_acts(conn, rows, folds, judges.acts, result, lines_max, is_cancelled)


class Judges:
    """What judges chunk after chunk: the tested world, and the present one to compare with."""

    def __init__(self, tested: World, present: World | None, period: Period, acts_history_us: int | None = None) -> None:
        self.period = period
        # The process's own areas change when somebody confirms a version; a run judges all cases by one state of things.
        tested, present = _as_it_stands(tested), present and _as_it_stands(present)
        edited = tested.edited_items() | (present.edited_items() if present is not None else frozenset())
        self.facts = FactsReader(tested.catalogue, edited)
        self.tested = (tested, Reader(tested, period.to_us, self.facts))
        self.present = None if present is None else (present, Reader(present, period.to_us, self.facts))
        worlds = [tested] if present is None else [tested, present]
        self.acts = None if acts_history_us is None else ActTrial(worlds, period.from_us, period.to_us, acts_history_us)


def _as_it_stands(world: World) -> World:
    return replace(world, areas=world.areas.amended(world.areas.versions))


def judge_chunk(rows: Sequence[Any], folds: Folds, judges: Judges, result: Result, lines_max: int) -> None:
    """Add the cards of clocks of some cases (rows of _COLUMNS) to the result."""
    names, period = Names(), judges.period
    ids, facts = [row[0] for row in rows], judges.facts.read(folds)
    after, unjudged, scalar = _cards(facts, folds, ids, *judges.tested, period, names)
    result.cases += len(rows)
    result.scalar += scalar
    result.unjudged += unjudged
    orgs = _Orgs(folds)
    orgs.count(after, result.cards, result.by_org)
    if judges.present is None:
        _add_lines(result, ids, folds, names, lines_max, "same", after, None)
        return
    before, _unjudged, _scalar = _cards(facts, folds, ids, *judges.present, period, names)
    orgs.count(before, result.cards_before, result.by_org_before)
    found = compare(before, after)
    gone = before.where(found.gone)
    for change, cards, earlier in (("new", after.where(found.new), None), ("gone", gone, gone),
                                   ("changed", after.where(found.changed_after), before.where(found.changed_before))):
        _add_lines(result, ids, folds, names, lines_max, change, cards, earlier)
    result.changes["same"] += len(after) - len(found.new) - len(found.changed_after)


def _cards(facts: Facts, folds: Folds, ids: Sequence[int], world: World, reader: Reader, period: Period,
           names: Names) -> tuple[Cards, int, int]:
    """(the cards of the period, cases that cannot be judged, cases judged one by one)."""
    clocks = reader.clocks(facts, folds, ids)
    rungs, unjudged = passages_of(clocks, period.to_us, names)
    again = _to_judge_again(unjudged, world)
    if len(again):
        rungs, unjudged = _with_scalar(rungs, folds, ids, again, world, period, names)
    scalar = len(again) + len({place for place, _ in clocks.scalar})
    return within(cards_of(rungs), period.from_us), len(set(unjudged)), scalar


def _to_judge_again(unjudged: Sequence[int], world: World) -> Ints:
    """Cases that cannot be judged are given a second try (cases.judging), which arrays do not know."""
    if world.areas.versions.is_empty:
        return np.zeros(0, dtype=np.int64)
    return np.array(sorted(set(unjudged)), dtype=np.int64)


def _with_scalar(rungs: Rungs, folds: Folds, ids: Sequence[int], places: Ints, world: World, period: Period,
                 names: Names) -> tuple[Rungs, list[int]]:
    """The rungs with those of these cases judged one by one, and which of these still cannot be judged."""
    states = [(int(place), state) for place in places
              for state in judge(folds[place], ids[place], world.areas, world.catalogue, period.to_us)]
    added, _ = passages_of(Clocks(scalar=states), period.to_us, names)
    kept = ~np.isin(rungs.case, places)
    unjudged = [place for place, state in states if state.condition is Condition.UNJUDGEABLE]
    return Rungs(*(np.concatenate([getattr(rungs, name)[kept], getattr(added, name)]) for name in Rungs.__slots__)), unjudged


class _Orgs:
    """The organisations of a chunk's cases, to count cards by."""

    def __init__(self, folds: Folds) -> None:
        codes: dict[bytes, int] = {}
        self._of_case = folds.coded("org", codes)
        self._names = [code.decode() or NO_ORG for code in codes]

    def count(self, cards: Cards, levels: Counter[int], by_org: Counter[tuple[str, int]]) -> None:
        width = int(cards.level.max(initial=0)) + 1
        numbers = np.bincount(self._of_case[cards.case] * width + cards.level)
        for key in np.nonzero(numbers)[0].tolist():
            org, level = divmod(key, width)
            by_org[self._names[org], level] += int(numbers[key])
            levels[level] += int(numbers[key])


def _add_lines(result: Result, ids: Sequence[int], folds: Folds, names: Names, lines_max: int, change: str,
               cards: Cards, before: Cards | None) -> None:
    result.changes[change] += len(cards)
    for at in range(min(len(cards), max(0, lines_max - len(result.lines)))):
        place = int(cards.case[at])
        fold = folds[place]
        rule, version = names.texts[int(cards.rule[at])]
        earlier = (None, None, None) if before is None else (int(before.level[at]), int(before.opened_at[at]),
                                                             int(before.level_at[at]))
        result.lines.append(CardLine(
            change, ids[place], fold.case_no, fold.area, fold.org or NO_ORG, fold.item, KINDS[int(cards.kind[at])].value,
            int(cards.ordinal[at]), int(cards.level[at]), int(cards.opened_at[at]), int(cards.level_at[at]), rule, version,
            *earlier))


# Cards of acts ----------------------------------------------------------------------------------------------------

def _judge_acts(conn: Connection, rows: Sequence[Any], folds: Folds, trial: ActTrial, result: Result, lines_max: int,
                is_cancelled: Callable[[], bool]) -> None:
    (after, *others), replayed = trial.cards(conn, rows, folds, is_cancelled)
    result.replayed += replayed
    _count_acts(after, result.cards, result.by_org)
    if others:
        _count_acts(others[0], result.cards_before, result.by_org_before)
    for change, card, before in _act_changes(after, others[0] if others else None):
        result.changes[change] += 1
        result.act_changes[change] += 1
        if len(result.lines) < lines_max and (change != "same" or not others):
            result.lines.append(_act_line(change, rows[card.row][0], folds[card.row], card, before))


def _count_acts(cards: ActCards, levels: Counter[int], by_org: Counter[tuple[str, int]]) -> None:
    levels.update(card.level for card in cards.values())
    by_org.update((card.org, card.level) for card in cards.values())


def _act_changes(after: ActCards, before: ActCards | None) -> Iterator[tuple[str, ActCard, ActCard | None]]:
    """(what became of it, the card, the one under the present rules)."""
    for key, card in after.items():
        known = None if before is None else before.get(key)
        if known is None:
            yield "same" if before is None else "new", card, None
        else:
            yield "changed" if card.differs(known) else "same", card, known
    for key, known in (before or {}).items():
        if key not in after:
            yield "gone", known, known


def _act_line(change: str, case_id: int, fold: Fold, card: ActCard, before: ActCard | None) -> CardLine:
    line = CardLine(change, case_id, fold.case_no, fold.area, card.org, card.item, card.act, 0, card.level, card.at, card.at,
                    card.rule, card.rule_version, origin=Origin.ACT.value, subject=card.subject, about=card.about,
                    confirm=card.confirm)
    return line if before is None else replace(line, level_before=before.level, opened_before=before.at,
                                               level_at_before=before.at, confirm_before=before.confirm)


def _shares(first: int, last: int, processes: int) -> list[Share]:
    """Spans of case numbers of equal width: numbers are spread evenly (cases.events.case_id_of), so each holds about as many,
    and lies together in the table. The outer ones are open: cases may have come since."""
    bounds = [None, *[first + (last - first) * part // processes for part in range(1, processes)], None]
    return list(pairwise(bounds))


def _chunks(conn: Connection, size: int, share: Share) -> Generator[list[tuple[Any, ...]], None, None]:
    """All cases of a share, as the driver gives them: a million row objects of the toolkit would cost more than reading."""
    first, after = share
    bounds = [f"case_id >= {first:d}"] if first is not None else []
    bounds += [f"case_id < {after:d}"] if after is not None else []
    mine = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    # Options of the statement, not of the connection: what else is asked meanwhile is small.
    result = conn.exec_driver_sql(f"SELECT {', '.join(_COLUMNS)} FROM {case_table.name}{mine}",
                                  execution_options={"stream_results": True, "yield_per": size})
    # A streamed result has read its first row ahead, so that the driver's cursor no longer has it.
    rows_of: Any = result if conn.dialect.name == "postgresql" else result.cursor
    try:
        while rows := rows_of.fetchmany(size):
            yield rows
    finally:
        rows_of.close()
        result.close()

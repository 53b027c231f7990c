"""Recount: every case folded anew from the journal and compared with what is kept of it, then the counters with the cases.

It is looked for on snapshots, so that nobody waits for a count of millions; only what seems to differ is looked at once more
behind the lock of the writers. A difference is a fault of ours: it is told as an alarm, and repaired through the same door as
any change: clocks, rungs, cards and counters. A round over all cases may be walked in parts (`proceed`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Table, delete, func, or_, select

from cases.acts import kept_faults, kept_text
from cases.changes import LIGHTS, Changes, StoredCase
from cases.fold import Fold, State
from cases.journal import events_of_cases
from cases.loading import load_cases
from cases.models import case_table, clock_rungs, clocks, counter_days, counter_lights, journal
from cases.projection import Light, light_of
from cases.service import Recorder
from cases.states import fold_all
from cases.sweep import Sweeper
from cases.tally import MEASURES, read_tally
from config.acts import Act
from core.database import bulk_insert, bulk_upsert
from core.models import marks
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

SLICE = 1_000
PLACE = "recount"  # the mark that says how far a round has come and how much differed in it
Check = Callable[[bool], "list[Difference]"]  # with True it also repairs
Counts = Counter[tuple[str, str | int, str]]
_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Difference:
    """Something kept (facts or light of a case, a counter) that says something else than the journal."""

    counter: str
    place: str
    kept: int | str
    true: int | str


@dataclass(slots=True)
class Recount:
    """How many cases were counted, what differed, and whether it was repaired. `in_round` is what differed so far in the round
    this is a part of (`is_part`), `is_round_over` whether it was the last part."""

    is_part: bool = False
    cases: int = 0
    in_round: int = 0
    is_round_over: bool = False
    differences: list[Difference] = field(default_factory=list)
    repaired: bool = False

    def note(self, differences: Sequence[Difference]) -> None:
        self.differences += differences
        self.in_round += len(differences)

    def keep_place(self, conn: Connection, after: int) -> None:
        """Of a part: with what is repaired, so that nothing is repaired and then not told because the part was broken off."""
        if self.is_part:
            _keep_place(conn, None if self.is_round_over else (after, self.in_round))


class _Differing(NamedTuple):
    """A case that differs: by the journal, as kept, and in what."""

    case_id: int
    fold: Fold
    kept: StoredCase | None
    difference: Difference


class Recounter:
    """Compares, and repairs when asked to."""

    def __init__(self, uow: UnitOfWorkFactory, sweeper: Sweeper, recorder: Recorder) -> None:
        self._uow, self._sweeper, self._recorder = uow, sweeper, recorder
        self.checks: list[Check] = []  # of what is counted above the record

    def recount(self, repair: bool = False) -> Recount:
        """Count every case, then the counters."""
        return self._walk(Recount(), -1, repair, None)

    def proceed(self, repair: bool, budget_s: float) -> Recount:
        """As much of a round as can be walked in that time (a slice at least), from where the last call left off, also where
        that was another process."""
        with self._uow.database.read() as conn:
            after, differences = _place(conn)
        return self._walk(Recount(is_part=True, in_round=differences), after, repair, time.monotonic() + budget_s)

    def _walk(self, found: Recount, after: int, repair: bool, until: float | None) -> Recount:
        """Each slice is judged by its own present."""
        self._sweeper.sweep_all()
        self.fill()
        while case_ids := self._slice(after):
            self._count_cases(found, case_ids, repair)
            found.cases += len(case_ids)
            after = case_ids[-1]
            if until is not None and time.monotonic() >= until:
                break
        else:
            self._count_counters(found, after, repair)
            for check in self.checks:
                found.note(check(repair))
            found.is_round_over = True
        found.repaired = bool(repair and found.differences)
        if found.is_part:
            with self._uow() as uow:
                found.keep_place(uow.conn, after)
        return found

    def fill(self) -> int:
        """Look anew, from the journal, at the cases of a time when nothing was kept of them for the sums above the record; in
        slices, and at once when there are none. Returns how many."""
        filled, after = 0, -1
        while self._recorder.is_marking:
            with self._uow.database.read() as conn:
                case_ids = _unmarked(conn, after)
            if not case_ids:
                break
            with self._uow() as uow:
                kept, history, changes = load_cases(uow.conn, case_ids), events_of_cases(uow.conn, case_ids), Changes()
                for case_id in case_ids:
                    self._recorder.look(uow.now_us, changes, case_id, fold_all(history[case_id]), kept[case_id])
                changes.write(uow)
            filled, after = filled + len(case_ids), case_ids[-1]
        return filled

    def _slice(self, after: int) -> list[int]:
        """The next cases of the journal: one that lost its row is missed by nobody else."""
        statement = select(journal.c.case_id).where(journal.c.case_id > after).distinct()
        with self._uow.database.read() as conn:
            return list(conn.scalars(statement.order_by(journal.c.case_id).limit(SLICE)))

    def _count_cases(self, found: Recount, case_ids: list[int], repair: bool) -> None:
        with self._uow.database.snapshot() as conn:
            seeming = [case_id for case_id, *_ in self._differing(conn, case_ids, self._uow.clock.now_us())]
        if not seeming:
            return
        with self._uow() as uow:
            self._bring_to_present(uow, seeming)
            differing, changes = self._differing(uow.conn, seeming, uow.now_us), Changes()
            for case_id, fold, kept, _difference in differing if repair else ():
                if kept is None:
                    _forget_remains(uow.conn, case_id)
                self._recorder.look(uow.now_us, changes, case_id, fold, kept)
            changes.write(uow)
            found.note([difference for *_, difference in differing])
            found.keep_place(uow.conn, case_ids[-1])

    def _differing(self, conn: Connection, case_ids: Sequence[int], now_us: int) -> list[_Differing]:
        kept, history = load_cases(conn, case_ids), events_of_cases(conn, case_ids)
        misplaced = self._flags(conn, case_ids)
        found = list[_Differing]()
        for case_id in case_ids:
            fold = fold_all(history[case_id])
            difference = self._compare(now_us, case_id, fold, kept.get(case_id))
            if difference is None and case_id in misplaced:
                difference = Difference("case_flags", fold.case_no, "", misplaced[case_id])
            if difference is not None:
                found.append(_Differing(case_id, fold, kept.get(case_id), difference))
        return found

    def _count_counters(self, found: Recount, after: int, repair: bool) -> None:
        with self._uow.database.snapshot() as conn:
            found.note(differences := _differing_counters(conn, repair=False))
        if repair and differences:
            with self._uow() as uow:
                _differing_counters(uow.conn, repair=True)
                found.keep_place(uow.conn, after)

    def _bring_to_present(self, uow: UnitOfWork, case_ids: list[int]) -> None:
        """A rung that passed since the last sweep is no fault."""
        statement = select(clocks.c.case_id).where(clocks.c.case_id.in_(case_ids), clocks.c.next_at <= uow.now_us)
        changes = Changes()
        self._recorder.reproject(uow, sorted(set(uow.conn.scalars(statement))), changes)
        changes.write(uow)

    def _flags(self, conn: Connection, case_ids: Sequence[int]) -> dict[int, str]:
        """The cases whose small indexes are not where their state and marks put them; the sweep would pass them by."""
        c = case_table.c
        waits, is_unmarked = c.state == State.RECEIVED.value, c.marks == ""
        statement = select(c.case_id, waits, is_unmarked).where(
            c.case_id.in_(case_ids), or_(c.is_waiting != waits, c.is_unmarked != is_unmarked))
        return {case_id: f"{bool(waiting)} {bool(unmarked)}" for case_id, waiting, unmarked in conn.execute(statement)}

    def _compare(self, now_us: int, case_id: int, fold: Fold, kept: StoredCase | None) -> Difference | None:
        if kept is None:
            return Difference("case", fold.case_no, "absent", fold.state.value)
        if _pack(kept.fold) != _pack(fold):
            return Difference("case_facts", fold.case_no, kept.fold.state.value, fold.state.value)
        states = self._recorder.judged(now_us, case_id, fold)
        light = light_of(fold, states)
        if light != kept.light:
            return Difference("case_light", fold.case_no, kept.light.value, light.value)
        tally = self._recorder.tally(fold, states)
        if tally.text != kept.tally:
            return Difference("case_tally", fold.case_no, kept.tally, tally.text)
        marks = self._recorder.marks(fold, tally, states)
        if marks != kept.marks:
            return Difference("case_marks", fold.case_no, kept.marks, marks)
        told = [fault for fault in kept_faults(kept.acts) if fault.code != Act.LATE_DATA]
        true = self._recorder.faults(fold)
        return None if told == true else Difference("case_acts", fold.case_no, kept_text(told), kept_text(true))


def _unmarked(conn: Connection, after: int) -> list[int]:
    statement = select(case_table.c.case_id).where(case_table.c.is_unmarked, case_table.c.case_id > after)
    return list(conn.scalars(statement.order_by(case_table.c.case_id).limit(SLICE)))


def _forget_remains(conn: Connection, case_id: int) -> None:
    """The clocks of a case whose own row is gone would stand in the way of the true ones."""
    conn.execute(delete(clocks).where(clocks.c.case_id == case_id))
    conn.execute(delete(clock_rungs).where(clock_rungs.c.case_id == case_id))


# How far a round has come -----------------------------------------------------------------------------------------

def _place(conn: Connection) -> tuple[int, int]:
    """(the last case counted, how much differed in the round so far)."""
    kept = conn.scalar(select(marks.c.value).where(marks.c.name == PLACE))
    if kept is None:
        return -1, 0
    after, differences = map(int, kept.split())
    return after, differences


def _keep_place(conn: Connection, place: tuple[int, int] | None) -> None:
    """None: the next round begins at the beginning."""
    if place is None:
        conn.execute(delete(marks).where(marks.c.name == PLACE))
    else:
        bulk_upsert(conn, marks, ("name", "value"), [(PLACE, "{} {}".format(*place))], key=("name",))


# The counters against the cases -----------------------------------------------------------------------------------

def _differing_counters(conn: Connection, *, repair: bool) -> list[Difference]:
    lights, days = _true_lights(conn), _true_days(conn)
    light_names, day_names = tuple(light.value for light in LIGHTS), MEASURES
    differences = [*_compare("counter_lights", _kept(conn, counter_lights, "item", light_names), lights),
                   *_compare("counter_days", _kept(conn, counter_days, "day", day_names), days)]
    if repair and differences:
        _rewrite(conn, counter_lights, "item", light_names, lights)
        _rewrite(conn, counter_days, "day", day_names, days)
    return differences


def _true_lights(conn: Connection) -> Counts:
    c = case_table.c
    statement = select(c.org, c.item, c.light, func.count()).where(c.light != Light.NONE.value)
    return Counter({(org, item, light): count for org, item, light, count in
                    conn.execute(statement.group_by(c.org, c.item, c.light)).all()})


def _true_days(conn: Connection) -> Counts:
    counts: Counts = Counter()
    for text, count in conn.execute(select(case_table.c.tally, func.count()).group_by(case_table.c.tally)).all():
        for org, day, measure in read_tally(text).entries():
            counts[org, day, MEASURES[measure]] += count
    return counts


def _kept(conn: Connection, table: Table, second: str, names: tuple[str, ...]) -> Counts:
    rows = conn.execute(select(*table.c[("org", second, *names)])).all()
    return Counter({(row[0], row[1], name): value for row in rows for name, value in zip(names, row[2:], strict=True)
                    if value})


def _compare(counter: str, kept: Counts, true: Counts) -> list[Difference]:
    return [Difference(counter, "/".join(map(str, place)), kept[place], true[place])
            for place in sorted(kept.keys() | true.keys(), key=str) if kept[place] != true[place]]


def _rewrite(conn: Connection, table: Table, second: str, names: tuple[str, ...], counts: Counts) -> None:
    conn.execute(delete(table))
    rows = [(*place, *(counts[*place, name] for name in names)) for place in sorted({key[:2] for key in counts}, key=str)]
    bulk_insert(conn, table, ("org", second, *names), rows)

"""What recording a delivery would change, worked out before its turn to be recorded has come (docs/adr/0022).

A draft is made of the record as it stood at some transaction. It is taken for those cases that nobody has written since, and
only for those of which nothing is to be told: no rung passed, no fault, no case judged or no longer judgeable. For the others
the record does what it always does, and so for all where anything is in doubt: a draft never decides, it only spares work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import Connection

from cases.areas import Areas
from cases.arrivals import Arrival, Folded, arrival_of, by_case, folded_with, needs_refold
from cases.case_judge import CaseJudge, any_late
from cases.changes import Changes, StoredCase
from cases.events import CaseEvent
from cases.journal import known_event_ids
from cases.loading import load_facts
from cases.projection import Light
from cases.written import written_by
from core.database import Database
from core.outbox import last_stamp
from core.unit_of_work import UnitOfWork

Row = tuple[Any, ...]


class Draft(msgspec.Struct, array_like=True, gc=False):
    """What the events of one case in a delivery, so many of them, change where nothing is to be told of it: one row of the
    cases, rows of its clocks, and what it moves in the counters."""

    events: int
    new_cases: list[Row]
    cases: list[Row]
    touched: list[Row]
    new_clocks: list[Row]
    clocks: list[Row]
    lights: list[tuple[str, str, str, int]]
    tallies: list[tuple[str, int]]
    marks: list[tuple[int, str, str]]

    def add_to(self, changes: Changes) -> None:
        """As if the case had been looked at now."""
        changes.new_cases += self.new_cases
        changes.cases += self.cases
        changes.touched += self.touched
        changes.new_clocks += self.new_clocks
        changes.clocks += self.clocks
        changes.marks += self.marks
        for org, item, light, by in self.lights:
            changes.counters.light(org, item, _LIGHTS[light], by)
        for text, by in self.tallies:
            changes.counters.tallies[text] += by


class Drafts(msgspec.Struct, array_like=True):
    """The drafts of a delivery, by case. `stamp`: the ledger's, when the record was read; `areas`: the rules they were judged
    by; `drafted_at`, `stands_until`: microseconds UTC, between which nothing of them passes; `numbers`: (event id, case id)
    of each record, nothing for one that could not be read; `taken`: how many held, once the record was asked."""

    stamp: str
    areas: str
    drafted_at: int
    stands_until: int
    numbers: list[tuple[bytes, int]]
    cases: dict[int, Draft]
    taken: int | None = None

    def keep_only(self, places: Sequence[int]) -> None:
        """Of the delivery only the records at these places are recorded. What was drafted with others does not hold then."""
        self.numbers = [self.numbers[place] for place in places]

    def arrivals(self, events: Sequence[CaseEvent]) -> list[Arrival]:
        """The events with the numbers they will bear."""
        return [Arrival(index, event, *numbers)
                for index, (event, numbers) in enumerate(zip(events, self.numbers, strict=True))]

    def standing(self, uow: UnitOfWork, areas: str, arrived: Mapping[int, Sequence[Arrival]]) -> dict[int, Draft]:
        """Those that hold for what arrived now, judged by these rules. To be asked once: the others are dropped."""
        drafted, self.cases, self.taken = self.cases, {}, 0
        place = uow.place_of(self.stamp)
        since = written_by(uow).since(place) if place is not None else None
        if since is None or self.areas != areas or not self.drafted_at <= uow.now_us <= self.stands_until:
            return {}
        cases, deliveries = since
        if not deliveries.isdisjoint(event_id for event_id, _ in self.numbers):
            cases.update(case_id for event_id, case_id in self.numbers if event_id in deliveries)
        found = {case_id: draft for case_id, draft in drafted.items()
                 if case_id not in cases and draft.events == len(arrived.get(case_id, ()))}
        self.taken = len(found)
        return found


_LIGHTS = {light.value: light for light in Light}
NOTHING = (b"", 0)


class Drafter:
    """Makes drafts from what a database holds. For one thread; never writes."""

    def __init__(self, database: Database, areas: Areas, judge: CaseJudge, stands_us: int) -> None:
        """Drafts leave out cases of which a clock passes within `stands_us`, and stand for so long."""
        self._database, self._areas, self._judge, self._stands_us = database, areas, judge, stands_us

    def drafts(self, events: Sequence[CaseEvent | None], now_us: int) -> Drafts:
        """What recording these at that instant would change."""
        arrivals = [arrival_of(index, event) for index, event in enumerate(events) if event is not None]
        numbers = [NOTHING] * len(events)
        for one in arrivals:
            numbers[one.index] = one.event_id, one.case_id
        until = now_us + self._stands_us
        with self._database.read() as conn:
            stamp = last_stamp(conn)  # first: what is written between this look and another is then taken for newer
            self._areas.refresh(conn)
            cases = self._fresh(conn, arrivals)
            stored = load_facts(conn, list(cases))
        facts = _folded(cases, stored, until)
        with self._database.read() as conn:  # of its own: one that lasts keeps SQLite from folding its log back
            still = self._judge.standing_still(conn, {case_id: folded for case_id, (folded, _) in facts.items()}, until)
        drafted = {case_id: self._draft(now_us, until, case_id, *facts[case_id], is_still=case_id in still)
                   for case_id in facts}
        return Drafts(stamp, self._areas.name, now_us, until, numbers,
                      {case_id: draft for case_id, draft in drafted.items() if draft is not None})

    def _fresh(self, conn: Connection, arrivals: Sequence[Arrival]) -> dict[int, list[Arrival]]:
        """The cases all of whose events come for the first time, and once."""
        ids = [one.event_id for one in arrivals]
        doubtful = known_event_ids(conn, ids) | {event_id for event_id, times in Counter(ids).items() if times > 1}
        cases = by_case(arrivals)
        for case_id in {one.case_id for one in arrivals if one.event_id in doubtful}:
            del cases[case_id]
        return cases

    def _draft(self, now_us: int, until: int, case_id: int, facts: Folded, events: int, *, is_still: bool) -> Draft | None:
        changes, (fold, before) = Changes(), facts
        try:
            if before is not None and is_still:
                self._judge.touch(changes, case_id, fold, before)
            else:
                states = self._judge.look(now_us, changes, case_id, fold, before)
                if any(state.next_at is not None and state.next_at <= until for state in states):
                    return None
        except Exception:  # noqa: BLE001 - whoever records it meets the same, and says so
            return None
        return _drafted(changes, events) if changes.tells_nothing else None


def _drafted(changes: Changes, events: int) -> Draft:
    lights = [(org, item, light.value, by) for (org, item), light, by in changes.counters.moves()]
    return Draft(events, changes.new_cases, changes.cases, changes.touched, changes.new_clocks, changes.clocks, lights,
                 list(changes.counters.tallies.items()), changes.marks)


def _folded(cases: Mapping[int, Sequence[Arrival]], stored: Mapping[int, StoredCase], until: int
            ) -> dict[int, tuple[Folded, int]]:
    """By case its facts, and of how many events; without what has more to it than going on from the case before."""
    facts: dict[int, tuple[Folded, int]] = {}
    for case_id, arrivals in cases.items():
        before = stored.get(case_id)
        if any_late(arrivals, until) or needs_refold(before, arrivals):
            continue
        with suppress(Exception):  # whoever records it meets the same, and says so
            facts[case_id] = (folded_with(before, arrivals), before), len(arrivals)
    return facts

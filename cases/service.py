"""Recording events: one transaction writes journal, states, clocks, counters, cards and outbox, or nothing.

1. Deliveries the journal already holds change nothing and say so.
2. The rest are numbered and sealed, case by case folded into the record, and the clocks derived anew.
3. An event older than the last one folded, or a higher version of one, makes the case be folded again from the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from cases.areas import Areas
from cases.chain import ChainKeys
from cases.changes import NO_ORG, STORED_CLOCK_COLUMNS, Changes, StoredCase, stored_clock
from cases.events import (
    DUPLICATE,
    OK,
    CaseEvent,
    EventKind,
    Outcome,
    Status,
    event_id_of,
)
from cases.journal import Appender, case_id_of_event, chain_of, chunks, events_by_id, events_of_cases, known_event_ids
from cases.models import case_table, clocks, organisations
from cases.projection import Catalogue, Condition, Light, light_of, project
from cases.states import Fold, apply, fold_all
from cases.tally import read_tally, tally_of
from core.database import bulk_upsert
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)
_unpack = msgspec.msgpack.Decoder(Fold).decode


@dataclass(slots=True)
class _Arrival:
    """A fresh event with its place in the batch."""

    index: int
    event: CaseEvent
    event_id: bytes


class Recorder:
    """The one door into the record."""

    def __init__(self, uow: UnitOfWorkFactory, keys: ChainKeys, areas: Areas, catalogue: Catalogue) -> None:
        self._uow, self._keys, self._areas, self._catalogue = uow, keys, areas, catalogue
        self._known_orgs: set[str] = set()

    def record(self, events: Sequence[CaseEvent], judged_at: int | None = None) -> list[Outcome]:
        """Record a batch in one transaction; outcome i belongs to event i.

        `judged_at` (microseconds UTC) is for loading history: the clocks are looked at as of that instant, since a case whose
        conclusion stands further down in the file is not overdue today. A sweep afterwards brings them to the present.
        """
        with self._uow() as uow:
            return self.record_in(uow, events, judged_at)

    def record_in(self, uow: UnitOfWork, events: Sequence[CaseEvent], judged_at: int | None = None) -> list[Outcome]:
        """The same within a transaction of the caller's."""
        judged_at = uow.now_us if judged_at is None else min(judged_at, uow.now_us)
        outcomes: list[Outcome] = [OK] * len(events)
        by_case = self._fresh(uow.conn, events, outcomes)
        changes = Changes()
        folded = self._fold(uow.conn, by_case, outcomes)
        self._append(uow, [arrival for case_id in folded for arrival in by_case[case_id]])
        for case_id, (fold, before) in folded.items():
            self._project(judged_at, changes, case_id, fold, before, by_case[case_id])
        changes.write(uow)
        self._remember_organisations(uow, events)
        return outcomes

    def reproject(self, uow: UnitOfWork, case_ids: Sequence[int], changes: Changes) -> list[tuple[int, Exception]]:
        """Look at these cases anew at the transaction's instant; returns those whose projection raised."""
        failed: list[tuple[int, Exception]] = []
        for case_id, before in load_cases(uow.conn, case_ids).items():
            try:
                self._look(uow.now_us, changes, case_id, before.fold, before)
            except Exception as error:  # one poisoned case must not stop the others; it is reported and retried
                log.exception("case %s cannot be projected", case_id)
                failed.append((case_id, error))
        return failed

    # Steps of one batch -------------------------------------------------------------------------------------------

    def _fresh(self, conn: Connection, events: Sequence[CaseEvent], outcomes: list[Outcome]) -> dict[int, list[_Arrival]]:
        ids = [event_id_of(event.source, event.source_event_id, event.source_version) for event in events]
        known = known_event_ids(conn, ids)
        recorded = events_by_id(conn, list(known)) if known else {}
        by_case: dict[int, list[_Arrival]] = {}
        for index, (event, event_id) in enumerate(zip(events, ids, strict=True)):
            earlier = recorded.get(event_id)
            if earlier is not None:
                outcomes[index] = DUPLICATE if _says_the_same(earlier, event) else _differs(event)
                continue
            recorded[event_id] = event
            by_case.setdefault(case_id_of_event(event), []).append(_Arrival(index, event, event_id))
        return by_case

    def _fold(self, conn: Connection, by_case: dict[int, list[_Arrival]],
              outcomes: list[Outcome]) -> dict[int, tuple[Fold, StoredCase | None]]:
        stored = load_cases(conn, list(by_case))
        late = [case_id for case_id, arrivals in by_case.items() if _needs_refold(stored.get(case_id), arrivals)]
        history = events_of_cases(conn, late) if late else {}
        folded: dict[int, tuple[Fold, StoredCase | None]] = {}
        for case_id, arrivals in by_case.items():
            before = stored.get(case_id)
            try:
                folded[case_id] = (_folded(before, arrivals, history.get(case_id)), before)
            except Exception as error:  # reported for each of its records; the other cases of the batch are kept
                log.exception("case %s cannot be folded", case_id)
                for arrival in arrivals:
                    outcomes[arrival.index] = Outcome(Status.ERROR, "cannot_be_folded", {"error": repr(error)})
        return folded

    def _append(self, uow: UnitOfWork, arrivals: list[_Arrival]) -> None:
        appender = Appender(uow, self._keys, {chain_of(arrival.event) for arrival in arrivals})
        for arrival in sorted(arrivals, key=lambda arrival: arrival.index):
            appender.append(arrival.event, arrival.event_id, case_id_of_event(arrival.event))
        appender.flush()

    def _project(self, now_us: int, changes: Changes, case_id: int, fold: Fold, before: StoredCase | None,
                 arrivals: list[_Arrival]) -> None:
        if before is not None and _leaves_clocks_alone(before, fold, arrivals, now_us):
            changes.case(case_id, fold, before.light, before.tally, before)
        else:
            self._look(now_us, changes, case_id, fold, before)

    def _look(self, now_us: int, changes: Changes, case_id: int, fold: Fold, before: StoredCase | None) -> None:
        states = project(fold, case_id, self._areas.of(fold.area), self._catalogue, now_us)
        changes.case(case_id, fold, light_of(fold, states), tally_of(fold, fold.org or NO_ORG, states), before)
        changes.clocks_of(fold, case_id, states, before.clocks if before else {}, now_us)

    def _remember_organisations(self, uow: UnitOfWork, events: Sequence[CaseEvent]) -> None:
        rows = {event.org: (event.org, event.org, event.data.parent_org or "")
                for event in events if event.org and event.org not in self._known_orgs}
        bulk_upsert(uow.conn, organisations, ("org", "name", "parent"), list(rows.values()), key=("org",))
        self._known_orgs.update(rows)


def load_cases(conn: Connection, case_ids: Sequence[int]) -> dict[int, StoredCase]:
    """The cases of these numbers that exist, with their clocks."""
    found: dict[int, StoredCase] = {}
    for part in chunks(case_ids):
        for row in conn.execute(select(*case_table.c["case_id", "fold", "light", "tally", "org", "item"])
                                .where(case_table.c.case_id.in_(part))).all():
            found[row[0]] = StoredCase(_unpack(row[1]), Light(row[2]), read_tally(row[3]), row[4], row[5])
    for part in chunks(list(found)):
        _load_clocks(conn, part, found)
    return found


def _load_clocks(conn: Connection, case_ids: Sequence[int], found: dict[int, StoredCase]) -> None:
    statement = select(*clocks.c[STORED_CLOCK_COLUMNS]).where(clocks.c.case_id.in_(case_ids))
    for row in conn.execute(statement).all():
        clock = stored_clock(*row)
        found[row[0]].clocks[clock.ref] = clock


def _says_the_same(earlier: CaseEvent, event: CaseEvent) -> bool:
    """Its place in the source may differ between two deliveries; what it says may not."""
    return msgspec.structs.replace(earlier, order=event.order) == event


def _differs(event: CaseEvent) -> Outcome:
    return Outcome(Status.UNSUITABLE, "content_differs", {"id": event.source_event_id,
                                                          "version": str(event.source_version)})


def _needs_refold(before: StoredCase | None, arrivals: list[_Arrival]) -> bool:
    if before is None:
        return False
    corrects = before.fold.corrected or any(arrival.event.source_version > 1 for arrival in arrivals)
    return corrects or min(arrival.event.sort_key for arrival in arrivals) <= before.fold.last_key


def _folded(before: StoredCase | None, arrivals: list[_Arrival], history: list[CaseEvent] | None) -> Fold:
    fresh = [arrival.event for arrival in arrivals]
    if before is None or history is not None:
        return fold_all([*(history or []), *fresh])
    fold = msgspec.structs.replace(before.fold)
    for event in sorted(fresh, key=lambda event: event.sort_key):
        apply(fold, event)
    return fold


def _leaves_clocks_alone(before: StoredCase, fold: Fold, arrivals: list[_Arrival], now_us: int) -> bool:
    """Plain steps move no limit, so the clocks need no new look unless one is due for it.

    A step that replaces an earlier version is not plain: what it replaces may have been anything.
    """
    plain = not fold.corrected and all(arrival.event.kind is EventKind.STEP and arrival.event.data.step_due is None
                                       for arrival in arrivals)
    if not plain or before.org != (fold.org or NO_ORG) or before.item != fold.item:
        return False
    return before.fold.last_key <= fold.last_key and all(
        clock.condition != Condition.UNJUDGEABLE and (clock.next_at is None or clock.next_at > now_us)
        for clock in before.clocks.values())

"""Recording events: one transaction writes journal, states, clocks, counters, cards and outbox, or nothing.

1. Deliveries the journal already holds change nothing and say so.
2. The rest are numbered and sealed, case by case folded into the record, and the clocks derived anew.
3. An event older than the last one folded, or a higher version of one, makes the case be folded again from the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, select

from cases.act_judging import ActJudge
from cases.acts import LATE_AFTER_US, Fault, kept_text
from cases.areas import Areas
from cases.asides import follows_steps
from cases.chain import ChainKeys
from cases.changes import NO_ORG, STORED_CLOCK_COLUMNS, Changes, StoredCase, stored_clock
from cases.events import (
    DUPLICATE,
    OK,
    CaseEvent,
    ClockKind,
    LateEvent,
    Outcome,
    Status,
    event_id_of,
)
from cases.fold import Fold
from cases.journal import Appender, case_id_of_event, chain_of, events_by_id, events_so_far, known_event_ids
from cases.judging import judge
from cases.marking import Marker, unmarked
from cases.models import case_table, clocks
from cases.projection import ClockState, Condition, Light, light_of, moves_nothing, sleeps
from cases.record_name import RecordName
from cases.states import fold_all, folded_on, must_refold
from cases.tally import Tally, tally_of
from cases.watches import Catalogue
from core.database import look_up
from core.instants import DAY_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from core.working_calendar import WorkingCalendar

log = logging.getLogger(__name__)
Also = Callable[[Connection, list[Outcome]], None]
_unpack = msgspec.msgpack.Decoder(Fold).decode
_NEVER = 2**63 - 1
_LIGHTS = {light.value: light for light in Light}


class _Arrival(msgspec.Struct, gc=False):
    """An event with its place in the batch."""

    index: int
    event: CaseEvent
    event_id: bytes
    case_id: int


class Recorder:
    """The one door into the record."""

    def __init__(self, uow: UnitOfWorkFactory, keys: ChainKeys, areas: Areas, catalogue: Catalogue,
                 marker: Marker = unmarked) -> None:
        self._uow, self._keys, self._areas, self._catalogue, self._marker = uow, keys, areas, catalogue, marker
        self._act_judge = ActJudge(areas, catalogue)
        self._name, self._has_right_key = RecordName(keys), False

    def record(self, events: Sequence[CaseEvent], judged_at: int | None = None, also: Also | None = None) -> list[Outcome]:
        """Record a batch in one transaction; outcome i belongs to event i.

        `judged_at` (microseconds UTC) is for loading history: the clocks are looked at as of that instant, since a case whose
        conclusion stands further down in the file is not overdue today. A sweep afterwards brings them to the present.
        `also` is what the caller writes beside the record: committed with it, or neither.
        """
        with self._uow() as uow:
            outcomes = self.record_in(uow, events, judged_at)
            if also is not None:
                also(uow.conn, outcomes)
            return outcomes

    def record_in(self, uow: UnitOfWork, events: Sequence[CaseEvent], judged_at: int | None = None,
                  known: Mapping[int, StoredCase] | None = None, *, numbered: bool = False) -> list[Outcome]:
        """The same within a transaction of the caller's. `known` are cases of it as the caller read them in this transaction,
        without their clocks; those written since are read again. `numbered`: the caller gave the events their numbers in this
        transaction, so that the journal holds none of them; they are written at its end (docs/adr/0021), where the same one
        twice is refused as ever. Who reads a case's events before that asks `events_so_far`."""
        received_at = uow.now_us if judged_at is None else None  # history is late by nature
        judged_at = uow.now_us if judged_at is None else min(judged_at, uow.now_us)
        self._areas.refresh_in(uow)
        self._check_key(uow.conn)
        outcomes: list[Outcome] = [OK] * len(events)
        arrivals = [_arrival(index, event) for index, event in enumerate(events)]
        by_case = _by_case(arrivals if numbered else self._fresh(uow.conn, arrivals, outcomes))
        changes = Changes()
        stored = {case_id: case for case_id, case in (known or {}).items() if case_id not in uow.recorded}
        folded = self._fold(uow, by_case, outcomes, stored)
        uow.recorded.update(folded)
        appender = self._append(uow, [arrival for case_id in folded for arrival in by_case[case_id]], at_end=numbered)
        still = _standing_still(uow.conn, folded, judged_at, self._asks)
        with appender.flushing():
            for case_id, (fold, before) in folded.items():
                late = self._late(by_case[case_id], fold, received_at) if received_at is not None else ()
                if before is not None and case_id in still:
                    changes.touch(case_id, fold, self._acts(changes, case_id, fold, before, late))
                else:
                    self.look(_not_before_told(judged_at, before), changes, case_id, fold, before, late)
        changes.write(uow)
        return outcomes

    def reproject(self, uow: UnitOfWork, case_ids: Sequence[int], changes: Changes) -> list[tuple[int, Exception]]:
        """Look at these cases anew at the transaction's instant; returns those whose projection raised."""
        failed: list[tuple[int, Exception]] = []
        self._areas.refresh_in(uow)
        for case_id, before in load_cases(uow.conn, case_ids).items():
            try:
                self.look(uow.now_us, changes, case_id, before.fold, before)
            except Exception as error:  # one poisoned case must not stop the others; it is reported and retried
                log.exception("case %s cannot be projected", case_id)
                failed.append((case_id, error))
        return failed

    def _check_key(self, conn: Connection) -> None:
        """Rows sealed with another key than those before them would look like forgeries for ever. Raises ConfigError."""
        if not self._has_right_key:
            self._name.read(conn)
            self._has_right_key = True

    # Steps of one batch -------------------------------------------------------------------------------------------

    def _fresh(self, conn: Connection, arrivals: Sequence[_Arrival], outcomes: list[Outcome]) -> list[_Arrival]:
        """Those that neither the journal holds nor the batch told before; the outcome of the others."""
        known = known_event_ids(conn, [arrival.event_id for arrival in arrivals])
        recorded = events_by_id(conn, list(known)) if known else {}
        fresh: list[_Arrival] = []
        for arrival in arrivals:
            event, earlier = arrival.event, recorded.get(arrival.event_id)
            if earlier is None:
                recorded[arrival.event_id] = event
                fresh.append(arrival)
            else:
                outcomes[arrival.index] = DUPLICATE if _says_the_same(earlier, event) else _differs(event)
        return fresh

    def _fold(self, uow: UnitOfWork, by_case: dict[int, list[_Arrival]], outcomes: list[Outcome],
              known: Mapping[int, StoredCase]) -> dict[int, tuple[Fold, StoredCase | None]]:
        stored = {**known, **_load_facts(uow.conn, [case_id for case_id in by_case if case_id not in known])}
        late = [case_id for case_id, arrivals in by_case.items() if _needs_refold(stored.get(case_id), arrivals)]
        history = events_so_far(uow, late) if late else {}
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

    def _append(self, uow: UnitOfWork, arrivals: list[_Arrival], *, at_end: bool) -> Appender:
        appender = Appender(uow, self._keys, {chain_of(arrival.event) for arrival in arrivals}, at_end=at_end)
        for arrival in sorted(arrivals, key=lambda arrival: arrival.index):
            appender.append(arrival.event, arrival.event_id, arrival.case_id)
        return appender

    def look(self, now_us: int, changes: Changes, case_id: int, fold: Fold, before: StoredCase | None,
             late: Sequence[LateEvent] = ()) -> None:
        """Judge a case of these facts at an instant and note what that changes. `late` are the events that just came late."""
        states = self.judged(now_us, case_id, fold)
        acts = self._acts(changes, case_id, fold, before, late)
        tally = self.tally(fold, states)
        changes.case(case_id, fold, light_of(fold, states), tally, before, acts, self.marks(fold, tally, states))
        changes.clocks_of(fold, case_id, states, before.clocks if before else {}, now_us)

    def tally(self, fold: Fold, states: Sequence[ClockState]) -> Tally:
        """What a case of these facts and clocks adds to the day counters."""
        return tally_of(fold, fold.org or NO_ORG, states, self._calendar_of)

    def _calendar_of(self, fold: Fold) -> WorkingCalendar:
        return self._areas.of_case(fold).calendar

    @property
    def is_marking(self) -> bool:
        """Whether anything is kept of cases for sums above the record."""
        return self._marker is not unmarked

    def marks(self, fold: Fold, tally: Tally, states: Sequence[ClockState]) -> str:
        """What is kept of a case for the sums above the record. One whose text cannot be made is left out of them, aloud."""
        try:
            return self._marker(fold, tally, states)
        except Exception:  # the record itself must not depend on what is counted of it
            log.exception("case %s cannot be counted", fold.case_no)
            return ""

    def judged(self, now_us: int, case_id: int, fold: Fold) -> list[ClockState]:
        """The clocks of a case of these facts at an instant."""
        return judge(fold, case_id, self._areas, self._catalogue, now_us, quiet=True)

    # Acts ---------------------------------------------------------------------------------------------------------

    def faults(self, fold: Fold) -> list[Fault]:
        """The faults these facts show. A case that raises has none told: its clocks say that it cannot be judged."""
        return self._act_judge.faults(fold)

    def _acts(self, changes: Changes, case_id: int, fold: Fold, before: StoredCase | None,
              late: Sequence[LateEvent]) -> str:
        """What is kept of the faults of a case; what changed in them is told."""
        known = before.acts if before is not None else ""
        try:
            faults = self._act_judge.standing(known, fold, late)
        except Exception:  # one case must not stop the batch of all the others
            log.exception("the acts of case %s cannot be judged", case_id)
            return known
        text = kept_text(faults)
        if text != known:
            changes.acts_of(case_id, fold, self._act_judge.item(fold), known, faults)
        return text

    def _late(self, arrivals: Sequence[_Arrival], fold: Fold, received_at: int) -> list[LateEvent]:
        if received_at - min(arrival.event.claimed_at for arrival in arrivals) <= LATE_AFTER_US:
            return []
        return self._act_judge.late([arrival.event for arrival in arrivals], fold, received_at)

    def _asks(self, before: Fold, after: Fold) -> bool:
        """Whether a clock beside the case's own limits needs a look at what is new."""
        if before.received != after.received and after.received is not None:
            context = self._areas.of_case(after)
            rule = context.rule(ClockKind.ACCEPTANCE, after.received.local // DAY_US)
            limit = rule.default_limit if rule is not None else None
            if rule is not None and limit is not None and not sleeps(0, context.scale(rule, limit).quiet_us):
                return True
        return follows_steps(before, after, self._act_judge.item(after))


def load_cases(conn: Connection, case_ids: Sequence[int]) -> dict[int, StoredCase]:
    """The cases of these numbers that exist, with their clocks."""
    found = _load_facts(conn, case_ids)
    _load_clocks(conn, list(found), found)
    return found


def stored_case(fold: Fold, light: str, tally: str, org: str, item: str, acts: str, marks: str,
                its_clocks_wake_at: int) -> StoredCase:
    """A row of the cases as `record_in` takes it."""
    return StoredCase(fold, _LIGHTS[light], tally, org, item, acts, marks, its_clocks_wake_at)


def wakes_at(case_id: Any) -> Any:
    """A column: when the first of a case's clocks waits for a look. One that could not be judged always does, a case without
    any never."""
    at = case((clocks.c.condition == Condition.UNJUDGEABLE.value, 0), else_=func.coalesce(clocks.c.next_at, _NEVER))
    first = select(func.min(at)).where(clocks.c.case_id == case_id).scalar_subquery()
    return func.coalesce(first, _NEVER).label("wakes_at")


def _load_facts(conn: Connection, case_ids: Sequence[int]) -> dict[int, StoredCase]:
    rows = look_up(conn, ("case_id", "fold", "light", "tally", "org", "item", "acts", "marks"), case_table, "case_id",
                   case_ids)
    return {case_id: StoredCase(_unpack(fold), _LIGHTS[light], tally, org, item, acts, marks)
            for case_id, fold, light, tally, org, item, acts, marks in rows}


def _load_clocks(conn: Connection, case_ids: Sequence[int], found: Mapping[int, StoredCase]) -> None:
    for row in look_up(conn, STORED_CLOCK_COLUMNS, clocks, "case_id", case_ids):
        clock = stored_clock(*row)
        found[row[0]].clocks[clock.ref] = clock


def _arrival(index: int, event: CaseEvent) -> _Arrival:
    event_id = event_id_of(event.source, event.source_event_id, event.source_version)
    return _Arrival(index, event, event_id, case_id_of_event(event))


def _by_case(arrivals: Sequence[_Arrival]) -> dict[int, list[_Arrival]]:
    by_case: dict[int, list[_Arrival]] = {}
    for arrival in arrivals:
        by_case.setdefault(arrival.case_id, []).append(arrival)
    return by_case


def _due(conn: Connection, case_ids: Sequence[int], now_us: int) -> set[int]:
    """Which of these cases have a clock that waits for a look, or one that could not be judged."""
    # Written so that no index but that of the cases fits: these are few cases among millions of clocks.
    waiting = "(coalesce(next_at, 9223372036854775807) <= ? OR condition || '' = 'unjudgeable')"
    return {row[0] for row in look_up(conn, ("case_id",), clocks, "case_id", case_ids, waiting, now_us)}


def _not_before_told(judged_at: int, before: StoredCase | None) -> int:
    """Looking at a known case as of an earlier day must not take back what was told of it since."""
    told = [at for clock in before.clocks.values() for at in clock.told().values() if at] if before is not None else []
    return max([judged_at, *told])


def _says_the_same(earlier: CaseEvent, event: CaseEvent) -> bool:
    """Its place in the source may differ between two deliveries; what it says may not."""
    return msgspec.structs.replace(earlier, order=event.order) == event


def _differs(event: CaseEvent) -> Outcome:
    return Outcome(Status.UNSUITABLE, "content_differs", {"id": event.source_event_id,
                                                          "version": str(event.source_version)})


def _needs_refold(before: StoredCase | None, arrivals: list[_Arrival]) -> bool:
    return before is not None and must_refold(before.fold, [arrival.event for arrival in arrivals])


def _folded(before: StoredCase | None, arrivals: list[_Arrival], history: list[CaseEvent] | None) -> Fold:
    fresh = [arrival.event for arrival in arrivals]
    if before is None or history is not None:
        return fold_all([*(history or []), *fresh])
    return folded_on(before.fold, fresh)


def _standing_still(conn: Connection, folded: Mapping[int, tuple[Fold, StoredCase | None]], now_us: int,
                    asks: Callable[[Fold, Fold], bool]) -> set[int]:
    """The cases whose clocks, light and counters stay as they are, so that they need no new look; most events are such
    steps on the way. The clocks of the others are loaded."""
    known = {case_id: before for case_id, (_, before) in folded.items() if before is not None}
    unmoved = [case_id for case_id, before in known.items() if moves_nothing(before.fold, folded[case_id][0], asks)]
    unread = [case_id for case_id in unmoved if known[case_id].wakes_at is None]
    still = {case_id for case_id in unmoved if (known[case_id].wakes_at or 0) > now_us}
    still |= set(unread) - (_due(conn, unread, now_us) if unread else set())
    _load_clocks(conn, [case_id for case_id in known if case_id not in still], known)
    return still

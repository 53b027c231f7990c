"""Recording events: one transaction writes journal, states, clocks, counters, cards and outbox, or nothing.

1. Deliveries the journal already holds change nothing and say so.
2. The rest are numbered and sealed, case by case folded into the record, and the clocks derived anew.
3. An event older than the last one folded, or a higher version of one, makes the case be folded again from the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter

import msgspec
from sqlalchemy import Connection

from cases.areas import Areas
from cases.arrivals import Arrival, Folded, arrival_of, by_case, folded_with, needs_refold
from cases.case_judge import CaseJudge
from cases.chain import ChainKeys
from cases.changes import Changes, StoredCase
from cases.drafting import Draft, Drafts
from cases.events import DUPLICATE, OK, CaseEvent, Outcome, Status
from cases.journal import Appender, chain_of, events_by_id, events_so_far, known_event_ids
from cases.loading import load_cases, load_facts
from cases.marking import Marker, unmarked
from cases.record_name import RecordName
from cases.watches import Catalogue
from cases.written import written_by
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)
Also = Callable[[Connection, list[Outcome]], None]
_place = attrgetter("index")


class Recorder(CaseJudge):
    """The one door into the record: judges cases, and writes what that changes."""

    def __init__(self, uow: UnitOfWorkFactory, keys: ChainKeys, areas: Areas, catalogue: Catalogue,
                 marker: Marker = unmarked) -> None:
        super().__init__(areas, catalogue, marker)
        self._uow, self._keys = uow, keys
        self._name, self._has_right_key = RecordName(keys), False

    def record(self, events: Sequence[CaseEvent], judged_at: int | None = None, also: Also | None = None,
               drafts: Drafts | None = None) -> list[Outcome]:
        """Record a batch in one transaction; outcome i belongs to event i.

        `judged_at` (microseconds UTC) is for loading history: the clocks are looked at as of that instant, since a case whose
        conclusion stands further down in the file is not overdue today. A sweep afterwards brings them to the present.
        `also` is what the caller writes beside the record: committed with it, or neither. `drafts` are of these very events;
        what of them still holds is not worked out again. They are of no use to history: they were judged as of now.
        """
        with self._uow() as uow:
            outcomes = self.record_in(uow, events, judged_at, drafts=drafts)
            if also is not None:
                also(uow.conn, outcomes)
            return outcomes

    def record_in(self, uow: UnitOfWork, events: Sequence[CaseEvent], judged_at: int | None = None,
                  known: Mapping[int, StoredCase] | None = None, *, numbered: bool = False,
                  drafts: Drafts | None = None) -> list[Outcome]:
        """The same within a transaction of the caller's. `known` are cases of it as the caller read them in this transaction,
        without their clocks; those written since are read again. `numbered`: the caller gave the events their numbers in this
        transaction, so that the journal holds none of them; they are written at its end (docs/adr/0021), where the same one
        twice is refused as ever. Who reads a case's events before that asks `events_so_far`."""
        received_at = uow.now_us if judged_at is None else None  # history is late by nature
        judged_at = uow.now_us if judged_at is None else min(judged_at, uow.now_us)
        rules = self._areas.refresh_in(uow)
        self._check_key(uow.conn)
        outcomes: list[Outcome] = [OK] * len(events)
        arrived, drafted = self._arrived(uow, events, drafts if received_at is not None else None, rules)
        if not numbered:
            arrived = self._fresh(uow.conn, arrived, outcomes)
        cases, changes = by_case(arrived), Changes()
        stored = {case_id: case for case_id, case in (known or {}).items() if case_id not in uow.recorded}
        folded = self._fold(uow, cases, outcomes, stored)
        uow.recorded.update(folded, (arrivals[0].case_id for _, arrivals in drafted))
        taken = [arrival for case_id in folded for arrival in cases[case_id]]
        taken += [arrival for _, arrivals in drafted for arrival in arrivals]
        appender = self._append(uow, taken, at_end=numbered)
        still = self.standing_still(uow.conn, folded, judged_at)
        with appender.flushing():
            for draft, _ in drafted:
                draft.add_to(changes)
            for case_id, (fold, before) in folded.items():
                late = self.late(cases[case_id], fold, received_at) if received_at is not None else ()
                if before is not None and case_id in still:
                    self.touch(changes, case_id, fold, before, late)
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

    def _arrived(self, uow: UnitOfWork, events: Sequence[CaseEvent], drafts: Drafts | None, rules: str
                 ) -> tuple[list[Arrival], list[tuple[Draft, list[Arrival]]]]:
        """(what must be worked out here, the drafts that hold by these rules with what came of their cases)."""
        if drafts is None:
            return list(map(arrival_of, range(len(events)), events)), []
        arrived = by_case(drafts.arrivals(events))
        drafted = [(draft, arrived.pop(case_id))
                   for case_id, draft in drafts.standing(uow, rules, arrived).items()]
        return sorted((one for arrivals in arrived.values() for one in arrivals), key=_place), drafted

    def _fresh(self, conn: Connection, arrivals: Sequence[Arrival], outcomes: list[Outcome]) -> list[Arrival]:
        """Those that neither the journal holds nor the batch told before; the outcome of the others."""
        known = known_event_ids(conn, [arrival.event_id for arrival in arrivals])
        recorded = events_by_id(conn, list(known)) if known else {}
        fresh: list[Arrival] = []
        for arrival in arrivals:
            event, earlier = arrival.event, recorded.get(arrival.event_id)
            if earlier is None:
                recorded[arrival.event_id] = event
                fresh.append(arrival)
            else:
                outcomes[arrival.index] = DUPLICATE if _says_the_same(earlier, event) else _differs(event)
        return fresh

    def _fold(self, uow: UnitOfWork, cases: dict[int, list[Arrival]], outcomes: list[Outcome],
              known: Mapping[int, StoredCase]) -> dict[int, Folded]:
        stored = {**known, **load_facts(uow.conn, [case_id for case_id in cases if case_id not in known])}
        late = [case_id for case_id, arrivals in cases.items() if needs_refold(stored.get(case_id), arrivals)]
        history = events_so_far(uow, late) if late else {}
        folded: dict[int, Folded] = {}
        for case_id, arrivals in cases.items():
            before = stored.get(case_id)
            try:
                folded[case_id] = (folded_with(before, arrivals, history.get(case_id)), before)
            except Exception as error:  # reported for each of its records; the other cases of the batch are kept
                log.exception("case %s cannot be folded", case_id)
                for arrival in arrivals:
                    outcomes[arrival.index] = Outcome(Status.ERROR, "cannot_be_folded", {"error": repr(error)})
        return folded

    def _append(self, uow: UnitOfWork, arrivals: list[Arrival], *, at_end: bool) -> Appender:
        written_by(uow).note(uow.place, (), {arrival.event_id for arrival in arrivals})
        appender = Appender(uow, self._keys, {chain_of(arrival.event) for arrival in arrivals}, at_end=at_end)
        for arrival in sorted(arrivals, key=_place):
            appender.append(arrival.event, arrival.event_id, arrival.case_id)
        return appender


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

"""What a new projection of a case changes: rows to write, rungs to claim, counters to move, events to tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection

from cases.acts import Fault, differing, evidence_of, kept_faults
from cases.events import (
    ActRedeemed,
    ActViolated,
    CaseFacts,
    CaseJudgeable,
    CasesMarked,
    CaseUnjudgeable,
    ClockEnded,
    ClockKind,
    ClockRef,
    RungPassed,
    RungWithdrawn,
)
from cases.fold import Fold, State
from cases.models import case_table, clock_rungs, clocks, counter_days, counter_lights
from cases.projection import ClockState, Condition, Light, facts_of
from cases.tally import MEASURES, Tally, read_tally
from cases.written import written_by
from core.database import bulk_delete, bulk_insert, bulk_update, bulk_upsert
from core.unit_of_work import UnitOfWork

CASE_COLUMNS = ("org", "item", "state", "light", "opened_at", "closed_at", "last_event_at", "tally", "acts", "fold", "marks",
                "is_waiting", "is_unmarked", "case_id")
TOUCHED_COLUMNS = ("state", "last_event_at", "acts", "fold", "is_waiting", "case_id")
CLOCK_COLUMNS = ("condition", "level", "limit_text", "started_at", "due_at", "ended_at", "next_at", "passed", "evidence",
                 "case_id", "kind", "ordinal")
LIGHTS = (Light.NORMAL, Light.SUSPENDED, Light.WARNING, Light.YELLOW, Light.RED, Light.UNJUDGEABLE)
_CLOCK_KEY = ("case_id", "kind", "ordinal")
RUNG_COLUMNS = (*_CLOCK_KEY, "rung", "at", "detected_at")
NO_ORG = "(none)"
_NO_LIGHT, _RECEIVED = Light.NONE, State.RECEIVED
_PLACES = {light: place for place, light in enumerate(LIGHTS)}
# What is stored for an enum: asking a member for its `value` costs more than the look-up, at every event.
_TEXTS: dict[str, str] = {one: one.value for kind in (State, Light, Condition, ClockKind) for one in kind}
_pack = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode


class _Passages(msgspec.Struct):
    """The part of a clock's evidence that says when its rungs pass."""

    passages: list[tuple[str, int, int | None]] = []


_decode_passages = msgspec.json.Decoder(_Passages).decode


class StoredClock(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a clock between two projections."""

    ref: ClockRef
    condition: str
    level: int
    passed: tuple[str, ...]
    next_at: int | None
    due_at: int | None
    ended_at: int | None
    started_at: int
    limit_text: str
    evidence: str

    def says(self, state: ClockState, evidence: str) -> bool:
        """Whether the row already says what the projection says, so that it need not be written again."""
        return (self.condition == state.condition and self.level == state.level and self.passed == state.passed
                and self.next_at == state.next_at and self.due_at == state.due_at
                and self.ended_at == (state.ended.at if state.ended else None) and self.started_at == state.started.at
                and self.limit_text == state.limit_text and self.evidence == evidence)

    def told(self) -> dict[str, int | None]:
        """The rungs told as passed, with their instants."""
        if not self.passed:
            return {}
        return {code: at for code, _level, at in _decode_passages(self.evidence).passages if code in self.passed}


    def levels(self) -> dict[str, int]:
        """The levels at which its rungs were told; an edited ladder may give a rung another one."""
        return {code: level for code, level, _at in _decode_passages(self.evidence).passages} if self.passed else {}


@dataclass(slots=True)
class StoredCase:
    """A case as last written."""

    fold: Fold
    light: Light
    tally: str  # as text: most events change nothing in it, so it is read only when it must be taken back
    org: str
    item: str
    acts: str = ""  # the faults told, as cases.acts.kept_text writes them
    marks: str = ""  # as cases.marking makes them
    wakes_at: int | None = None  # when its clocks are to be looked at next (cases.loading.wakes_at); None: not read
    clocks: dict[ClockRef, StoredClock] = field(default_factory=dict)


@dataclass(slots=True)
class Counters:
    """What is added to the counters. Written once a transaction: every act on a hosted case moves the same few rows."""

    lights: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(LIGHTS)))
    tallies: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # how many more cases have this tally

    def light(self, org: str, item: str, light: Light, by: int) -> None:
        """So many more cases have that light."""
        if light is not _NO_LIGHT:
            self.lights[org, item][_PLACES[light]] += by

    def include(self, other: Counters) -> None:
        """Add what others add."""
        for place, counts in other.lights.items():
            known = self.lights[place]
            for at, count in enumerate(counts):
                known[at] += count
        for text, cases in other.tallies.items():
            self.tallies[text] += cases

    def moves(self) -> Iterator[tuple[tuple[str, str], Light, int]]:
        """What is added to the lights: (organisation, item), light, how many more cases."""
        for place, counts in self.lights.items():
            for light, by in zip(LIGHTS, counts, strict=True):
                if by:
                    yield place, light, by

    def days(self) -> dict[tuple[str, int], list[int]]:
        """What the tallies add to the day counters: counts per measure by (organisation, day)."""
        days: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0] * len(MEASURES))
        for text, by in self.tallies.items():
            if by:
                for org, day, measure in read_tally(text).entries():
                    days[org, day][measure] += by
        return days

    def write(self, conn: Connection) -> None:
        """Add it to the tables."""
        names = tuple(light.value for light in LIGHTS)
        lights = [(org, item, *counts) for (org, item), counts in self.lights.items() if any(counts)]
        bulk_upsert(conn, counter_lights, ("org", "item", *names), lights, key=("org", "item"), add=names)
        days = [(org, day, *counts) for (org, day), counts in self.days().items() if any(counts)]
        bulk_upsert(conn, counter_days, ("org", "day", *MEASURES), days, key=("org", "day"), add=MEASURES)


def _write_counters(uow: UnitOfWork, counters: Counters) -> None:
    counters.write(uow.conn)


_TOLD_IN_ORDER = (RungPassed, RungWithdrawn, ClockEnded, CaseUnjudgeable, CaseJudgeable, ActRedeemed, ActViolated)


@dataclass(slots=True)
class Changes:
    """Collects what one transaction changes, and writes it at its end in a handful of bulk statements."""

    new_cases: list[tuple[Any, ...]] = field(default_factory=list)
    cases: list[tuple[Any, ...]] = field(default_factory=list)
    touched: list[tuple[Any, ...]] = field(default_factory=list)
    new_clocks: list[tuple[Any, ...]] = field(default_factory=list)
    clocks: list[tuple[Any, ...]] = field(default_factory=list)
    claims: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    withdrawn: list[tuple[ClockRef, str]] = field(default_factory=list)
    gone: list[ClockRef] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    marks: list[tuple[int, str, str]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def case(self, case_id: int, fold: Fold, light: Light, tally: Tally, before: StoredCase | None,
             acts: str = "", marks: str = "") -> None:
        """Write the case and move it from its old place in the counters to the new one."""
        org, item, accepted, closed, text = fold.org or NO_ORG, fold.item, fold.accepted, fold.closed, tally.text
        row = (org, item, _TEXTS[fold.state], _TEXTS[light], accepted.at if accepted else None,
               closed.at if closed else None, fold.last_key[0], text, acts, _pack(fold), marks, fold.state is _RECEIVED,
               not marks, case_id)
        if marks != (before.marks if before is not None else ""):
            self.marks.append((case_id, before.marks if before is not None else "", marks))
        if before is None:
            self.new_cases.append((fold.area, fold.case_no, *row))
            self.counters.light(org, item, light, 1)
            self.counters.tallies[text] += 1
            return
        self.cases.append(row)
        if (before.org, before.item, before.light) != (org, item, light):
            self.counters.light(before.org, before.item, before.light, -1)
            self.counters.light(org, item, light, 1)
        if before.tally != text:
            self.counters.tallies[before.tally] -= 1
            self.counters.tallies[text] += 1

    def touch(self, case_id: int, fold: Fold, acts: str = "") -> None:
        """Write a case of which nothing but the facts changed: same light, same clocks, same place in the counters."""
        self.touched.append((_TEXTS[fold.state], fold.last_key[0], acts, _pack(fold), fold.state is _RECEIVED, case_id))

    def acts_of(self, case_id: int, fold: Fold, item: object, before: str, faults: Sequence[Fault]) -> None:
        """Tell what joined the faults told before, and which of them the facts no longer show."""
        facts = facts_of(fold, case_id)
        joined, left = differing(kept_faults(before), faults)
        self.events.extend(ActRedeemed(facts, one.code, one.subject, "facts_changed") for one in left)
        self.events.extend(ActViolated(facts, one.code, one.subject, one.at, evidence_of(one, fold, item), one.late)
                           for one in joined)

    def clocks_of(self, fold: Fold, case_id: int, states: Sequence[ClockState], before: Mapping[ClockRef, StoredClock],
                  now_us: int) -> None:
        """Write the clocks and tell what became true or untrue since they were last looked at."""
        for state in states:
            known, evidence = before.get(state.ref), _evidence(state)
            if known is not None and known.says(state, evidence):
                continue
            (self.new_clocks if known is None else self.clocks).append(_clock_row(state, evidence))
            if evidence or (known is not None and known.evidence):  # else it told nothing, and had told nothing
                facts = facts_of(fold, case_id)
                self._rungs(state, known, facts, now_us)
                self._judgement(state, known, facts)
        if before:
            for ref in before.keys() - {state.ref for state in states}:
                self._remove(before[ref], facts_of(fold, case_id))

    @property
    def tells_nothing(self) -> bool:
        """Whether nobody is told of it: no rung passed or was taken back, no fault, nothing judged or no longer judgeable."""
        return not (self.events or self.claims or self.moved or self.withdrawn or self.gone)

    def write(self, uow: UnitOfWork) -> None:
        """All of it, then the domain events' reactions, in the caller's transaction."""
        conn = uow.conn
        written_by(uow).note(uow.place, {row[-1] for rows in (self.new_cases, self.cases, self.touched) for row in rows})
        bulk_insert(conn, case_table, ("area", "case_no", *CASE_COLUMNS), self.new_cases)
        bulk_update(conn, case_table, CASE_COLUMNS, self.cases, key=("case_id",))
        bulk_update(conn, case_table, TOUCHED_COLUMNS, self.touched, key=("case_id",))
        bulk_insert(conn, clocks, CLOCK_COLUMNS, self.new_clocks)
        bulk_update(conn, clocks, CLOCK_COLUMNS, self.clocks, key=_CLOCK_KEY)
        bulk_delete(conn, clocks, _CLOCK_KEY, [_key(ref) for ref in self.gone])
        bulk_delete(conn, clock_rungs, (*_CLOCK_KEY, "rung"), [(*_key(ref), rung) for ref, rung in self.withdrawn])
        bulk_insert(conn, clock_rungs, RUNG_COLUMNS, self.claims)
        bulk_upsert(conn, clock_rungs, RUNG_COLUMNS, self.moved, key=(*_CLOCK_KEY, "rung"))
        if self.counters.lights or self.counters.tallies:  # most steps move no counter
            uow.gathered(Counters, Counters, _write_counters).include(self.counters)
        if self.marks:
            uow.publish([CasesMarked(tuple(self.marks))])
        # By type, in the order they are told of one clock: reactions then take thousands at a time instead of runs of two.
        uow.publish(sorted(self.events, key=lambda event: _TOLD_IN_ORDER.index(type(event))))

    def _rungs(self, state: ClockState, known: StoredClock | None, facts: CaseFacts, now_us: int) -> None:
        """Claim what passed, move what facts moved, withdraw what they unjustify, and tell each of it."""
        if not state.passed and (known is None or not known.passed):
            return
        told, levels = (known.told(), known.levels()) if known is not None else ({}, {})
        runs_again = known is not None and known.ended_at is not None and state.ended is None
        for code, level, at in state.passages:
            if code not in state.passed or at is None:
                continue
            if code not in told:
                self.claims.append((*_key(state.ref), code, at, now_us))
            elif told[code] != at:
                self.moved.append((*_key(state.ref), code, at, now_us))
            # The card of an ended clock is history; only a running one must learn of a moved instant or another level.
            if code not in told or runs_again or (state.ended is None and (told[code] != at or levels.get(code) != level)):
                self.events.append(_passed(state, facts, code, level, at))
        for code in [code for code in told if code not in state.passed]:
            self.withdrawn.append((state.ref, code))
            self.events.append(RungWithdrawn(state.ref, facts, code, "facts_changed"))
        if known is not None and state.passed and state.ended is not None and known.ended_at != state.ended.at:
            self.events.append(ClockEnded(state.ref, facts, state.ended.at))

    def _judgement(self, state: ClockState, known: StoredClock | None, facts: CaseFacts) -> None:
        was_unjudgeable = known is not None and known.condition == Condition.UNJUDGEABLE
        if state.condition is Condition.UNJUDGEABLE:
            self.events.append(CaseUnjudgeable(state.ref, facts, state.reason, state.detail))
        elif was_unjudgeable:
            self.events.append(CaseJudgeable(state.ref, facts))

    def _remove(self, known: StoredClock, facts: CaseFacts) -> None:
        """The facts no longer know this clock (an event was replaced): nothing it told stays told."""
        self.gone.append(known.ref)
        for code in known.passed:
            self.withdrawn.append((known.ref, code))
            self.events.append(RungWithdrawn(known.ref, facts, code, "clock_gone"))
        if known.condition == Condition.UNJUDGEABLE:
            self.events.append(CaseJudgeable(known.ref, facts))


STORED_CLOCK_COLUMNS = ("case_id", "kind", "ordinal", "condition", "level", "passed", "next_at", "due_at", "ended_at",
                        "started_at", "limit_text", "evidence")
_KINDS = {kind.value: kind for kind in ClockKind}


def stored_clock(case_id: int, kind: str, ordinal: int, condition: str, level: int, passed: str, next_at: int | None,
                 due_at: int | None, ended_at: int | None, started_at: int, limit_text: str, evidence: str) -> StoredClock:
    """A clock row as read (STORED_CLOCK_COLUMNS)."""
    ref = ClockRef(case_id, _KINDS[kind], ordinal)
    return StoredClock(ref, condition, level, tuple(passed.split(",")) if passed else (), next_at, due_at, ended_at,
                       started_at, limit_text, evidence)


def _passed(state: ClockState, facts: CaseFacts, code: str, level: int, at: int) -> RungPassed:
    ended_at = state.ended.at if state.ended is not None else None
    return RungPassed(state.ref, facts, code, level, state.rule, state.rule_version, at, state.due_at, ended_at,
                      state.evidence())


def _evidence(state: ClockState) -> str:
    """What justified the rungs told, or why it cannot be judged. A clock that has told nothing needs none: it follows from
    the facts of the case."""
    return _json(state.evidence()).decode() if state.passed or state.reason else ""


def _clock_row(state: ClockState, evidence: str) -> tuple[Any, ...]:
    return (_TEXTS[state.condition], state.level, state.limit_text, state.started.at, state.due_at,
            state.ended.at if state.ended else None, state.next_at, ",".join(state.passed), evidence, *_key(state.ref))


def _key(ref: ClockRef) -> tuple[int, str, int]:
    return ref.case_id, _TEXTS[ref.kind], ref.ordinal

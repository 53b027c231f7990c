"""The patrol: every issued card recomputed from the journal with the versions it was issued under, and with the facts of today.

It lists cards the data no longer justifies, cards whose instants moved, cases whose end was set earlier after a card had been
issued (both entries as evidence), and cards that should exist and do not. It reports; it never changes a card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from alerts.alarms import AlarmService
from alerts.backtest.service import Backtester, CardLine, Period
from alerts.backtest.watches import World
from alerts.cards import Passage
from alerts.lifecycle import CASE_LIMITS, Origin
from alerts.models import cards
from alerts.patrol.models import patrol_findings, patrols
from cases.areas import AreaContext, Areas
from cases.events import CLOSING_KINDS, CaseEvent, ClockKind
from cases.fold import Fold
from cases.journal import read_event
from cases.models import journal
from cases.projection import ClockState, project
from cases.states import fold_all
from core.database import bulk_insert
from core.instants import MINUTE_US
from core.unit_of_work import UnitOfWorkFactory

BATCH = 500
KEPT_MAX = 5_000
GRACE_US = 10 * MINUTE_US  # a rung that passed a moment ago may still wait for the sweep
ALARM = "patrol_abnormal"
_KINDS = {kind.value: kind for kind in ClockKind}
_LIMITS = {kind.value for kind in CASE_LIMITS}
_passages = msgspec.json.Decoder(list[Passage]).decode


class Finding(StrEnum):
    """What a patrol may find."""

    UNJUSTIFIED = "unjustified"          # under its own version and today's facts the rung did not pass
    MOVED = "moved"                      # it passed at another instant
    END_EDITED = "end_edited"            # after the card a higher version set the case's end earlier
    END_BEFORE_CARD = "end_before_card"  # after the card an end was entered that lies before it
    MISSING = "missing"                  # the data asks for a card that was never issued
    LEVEL_DIFFERS = "level_differs"      # the card's level is not what its clocks say
    VERSION_UNKNOWN = "version_unknown"  # the version it was issued under cannot be found


@dataclass(frozen=True, slots=True)
class Found:
    """One finding with its evidence as JSON-safe values."""

    code: Finding
    card_id: int | None
    case_id: int
    case_no: str
    area: str
    org: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Patrol:
    """A patrol as kept. Instants are microseconds UTC."""

    id: int
    asked_by: str
    began_at: int
    ended_at: int | None
    cases: int
    cards: int
    findings: int


@dataclass(slots=True)
class _Tally:
    cases: int = 0
    cards: int = 0
    found: list[Found] = field(default_factory=list)


class Patroller:
    """Runs patrols and reads their results."""

    def __init__(self, units: UnitOfWorkFactory, areas: Areas, catalogue: Any, backtester: Backtester, alarms: AlarmService,
                 batch: int = BATCH) -> None:
        self._units, self._areas, self._catalogue = units, areas, catalogue
        self._backtester, self._alarms, self._batch = backtester, alarms, batch

    def patrol(self, asked_by: str) -> Patrol:
        """One patrol over every card of a clock. Raises the alarm when something was found, else ends it."""
        now = self._units.clock.now_us()
        with self._units() as uow:
            self._areas.refresh(uow.conn)
            number = int(uow.conn.scalar(select(func.max(patrols.c.id))) or 0) + 1
            uow.conn.execute(insert(patrols).values(id=number, asked_by=asked_by, began_at=now, ended_at=None, cases=0,
                                                    cards=0, findings=0))
        tally = _Tally()
        for batch in self._batches():
            self._recompute(batch, tally, now)
        self._seek_missing(tally, now)
        self._keep(number, tally)
        return self.get(number)

    def get(self, number: int) -> Patrol:
        with self._units.database.read() as conn:
            return Patrol(*conn.execute(select(patrols).where(patrols.c.id == number)).one())

    def last(self) -> Patrol | None:
        """The newest that ended."""
        with self._units.database.read() as conn:
            row = conn.execute(select(patrols).where(patrols.c.ended_at.is_not(None)).order_by(patrols.c.id.desc())
                               .limit(1)).first()
        return None if row is None else Patrol(*row)

    def findings(self, number: int, limit: int = 200) -> list[Found]:
        """What a patrol found, in its order."""
        c = patrol_findings.c
        with self._units.database.read() as conn:
            rows = conn.execute(select(patrol_findings).where(c.patrol_id == number).order_by(c.number).limit(limit)).all()
        return [Found(Finding(row.code), row.card_id, row.case_id, row.case_no, row.area, row.org,
                      msgspec.json.decode(row.detail)) for row in rows]

    # Cards that exist ---------------------------------------------------------------------------------------------

    def _batches(self) -> Iterator[Sequence[Any]]:
        """Cards of clocks, by number, in short reads. Cards raised by acts, findings or people have no clock to recompute."""
        after, c = 0, cards.c
        wanted = select(*c["id", "case_id", "case_no", "area", "org", "level", "raised_at", "closed_at", "evidence"])
        while True:
            with self._units.database.read() as conn:
                rows = conn.execute(wanted.where(c.id > after, c.case_id != 0, c.origin == Origin.CLOCK.value,
                                                 c.clock_kind.in_(list(_KINDS))).order_by(c.id).limit(self._batch)).all()
            if not rows:
                return
            after = rows[-1].id
            yield rows

    def _recompute(self, batch: Sequence[Any], tally: _Tally, now: int) -> None:
        with self._units.database.read() as conn:
            events = _events_of(conn, sorted({row.case_id for row in batch}))
        tally.cards += len(batch)
        tally.cases += len(events)
        for row in batch:
            told = events.get(row.case_id, [])
            fold = fold_all([event for _received, event in told])
            standing = [passage for passage in _passages(row.evidence) if not passage.withdrawn]
            for passage in standing:
                tally.found += self._check(row, passage, fold, now)
            tally.found += _edited_ends(row, told, standing)

    def _check(self, row: Any, passage: Passage, fold: Fold, now: int) -> list[Found]:
        context = self._issued_under(passage, fold)
        if context is None:
            return [_found(Finding.VERSION_UNKNOWN, row, rule_version=passage.rule_version,
                           calendar=passage.facts.get("calendar", ""))]
        states = project(fold, row.case_id, context, self._areas.catalogue_of(fold, self._catalogue), now)
        state = next((one for one in states if one.ref.kind == passage.kind and one.ref.ordinal == passage.ordinal), None)
        at = _instant_of(state, passage.rung)
        if at == passage.at:
            return []
        code = Finding.UNJUSTIFIED if at is None else Finding.MOVED
        return [_found(code, row, clock=passage.kind, rung=passage.rung, issued_at=passage.at, now_at=at,
                       rule_version=passage.rule_version, ended_at=state.ended.at if state and state.ended else None)]

    def _issued_under(self, passage: Passage, fold: Fold) -> AreaContext | None:
        preset = self._areas.find_preset(passage.rule_version)
        calendar = self._areas.find_calendar(str(passage.facts.get("calendar", "")))
        if preset is None or calendar is None:
            return None
        return AreaContext(calendar.in_zone(self._areas.of_case(fold).calendar.timezone), preset)

    # Cards that do not --------------------------------------------------------------------------------------------

    def _seek_missing(self, tally: _Tally, now: int) -> None:
        """What the back-test would have raised until a moment ago, against the cards there are."""
        world, period = World(self._areas, self._catalogue), Period(0, now - GRACE_US)
        result = self._backtester.run(world, period, lines_max=10**9)
        tally.cases = max(tally.cases, result.cases)
        for start in range(0, len(result.lines), self._batch):
            lines = result.lines[start:start + self._batch]
            with self._units.database.read() as conn:
                issued = _newest_cards(conn, [_key(line) for line in lines])
            tally.found += [found for line in lines for found in _missing(line, issued.get(_key(line)))]

    def _keep(self, number: int, tally: _Tally) -> None:
        rows = [(number, at, found.code.value, found.card_id, found.case_id, found.case_no, found.area, found.org,
                 msgspec.json.encode(found.detail).decode()) for at, found in enumerate(tally.found[:KEPT_MAX], start=1)]
        with self._units() as uow:
            bulk_insert(uow.conn, patrol_findings, ("patrol_id", "number", "code", "card_id", "case_id", "case_no", "area",
                                                    "org", "detail"), rows)
            uow.conn.execute(update(patrols).where(patrols.c.id == number).values(
                ended_at=uow.now_us, cases=tally.cases, cards=tally.cards, findings=len(tally.found)))
            self._alarms.clear_alarm(uow.conn, ALARM, "", uow.now_us)
            if tally.found:
                self._alarms.set_alarm(uow.conn, ALARM, "", uow.now_us, n=len(tally.found))


def _events_of(conn: Connection, case_ids: Sequence[int]) -> dict[int, list[tuple[int, CaseEvent]]]:
    """(received, event) of these cases as recorded."""
    found: dict[int, list[tuple[int, CaseEvent]]] = defaultdict(list)
    rows = conn.execute(select(journal).where(journal.c.case_id.in_(case_ids)).order_by(journal.c.seq)).mappings()
    for row in rows:
        found[row["case_id"]].append((row["received_at"], read_event(row)))
    return found


def _instant_of(state: ClockState | None, rung: str) -> int | None:
    """When the rung passed by today's facts; None when it did not."""
    if state is None or rung not in state.passed:
        return None
    return next((at for code, _level, at in state.passages if code == rung), None)


def _edited_ends(row: Any, told: Sequence[tuple[int, CaseEvent]], standing: Sequence[Passage]) -> list[Found]:
    """Ends of the case that came or changed after the card, and lie earlier than what was known or than the card itself."""
    first: dict[tuple[str, str], CaseEvent] = {}
    earliest = min((passage.at for passage in standing), default=None)
    found: list[Found] = []
    for received, event in told:
        if event.kind not in CLOSING_KINDS:
            continue
        key = (event.source, event.source_event_id)
        before = first.get(key)
        if received > row.raised_at and before is not None and event.claimed_at < before.claimed_at:
            found.append(_found(Finding.END_EDITED, row, event=event.source_event_id, was=before.claimed_at,
                                now=event.claimed_at, version=event.source_version, received_at=received, source=event.source))
        elif received > row.raised_at and before is None and earliest is not None and event.claimed_at < earliest:
            found.append(_found(Finding.END_BEFORE_CARD, row, event=event.source_event_id, card_at=earliest,
                                now=event.claimed_at, received_at=received, source=event.source))
        first[key] = event
    return found


def _key(line: CardLine) -> str:
    return f"limit:{line.case_id}" if line.kind in _LIMITS else f"{line.kind}:{line.case_id}:{line.ordinal}"


def _newest_cards(conn: Connection, keys: Sequence[str]) -> dict[str, Any]:
    wanted = select(*cards.c["id", "key", "evidence"]).where(cards.c.key.in_(keys))
    return {row.key: row for row in conn.execute(wanted.order_by(cards.c.id))}


def _missing(line: CardLine, card: Any | None) -> list[Found]:
    levels = [] if card is None else [passage.level for passage in _passages(card.evidence) if not passage.withdrawn]
    if not levels:
        return [Found(Finding.MISSING, None, line.case_id, line.case_no, line.area, line.org,
                      {"clock": line.kind, "level": line.level, "now_at": line.level_at, "rule_version": line.rule_version})]
    if card is not None and max(levels) < line.level:
        return [Found(Finding.LEVEL_DIFFERS, card.id, line.case_id, line.case_no, line.area, line.org,
                      {"clock": line.kind, "issued_level": max(levels), "level": line.level, "now_at": line.level_at})]
    return []


def _found(code: Finding, row: Any, **detail: Any) -> Found:
    return Found(code, row.id, row.case_id, row.case_no, row.area, row.org, detail)

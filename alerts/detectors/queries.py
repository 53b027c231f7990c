"""Reading the findings: a list for the page, one with its evidence, and what the last runs cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from alerts.detectors.base import Evidence, Figure
from alerts.detectors.findings import State, decided_by_card, key_of
from alerts.detectors.models import detector_runs, findings
from alerts.models import cards
from core.access import Actor
from core.database import Database
from core.errors import NotFound

LISTED_MAX = 500
_FIGURES = msgspec.json.Decoder(list[Figure])
_EVIDENCE = msgspec.json.Decoder(list[Evidence])
_PEERS = msgspec.json.Decoder(list[tuple[str, float, int]])
_LISTED = ("id", "detector", "area", "org", "subject_kind", "subject", "first_day", "last_day", "version", "level", "figures",
           "evidence_count", "parameters", "state", "holds", "found_at", "changed_at")


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding in a list."""

    id: int
    detector: str
    area: str
    org: str
    subject_kind: str
    subject: str
    first_day: int
    last_day: int
    version: str
    level: int
    figures: Sequence[Figure]
    evidence_count: int
    parameters: Mapping[str, Any]
    state: str
    holds: bool
    found_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """Everything known of one finding; `card_id` is that of the card it raised."""

    row: FindingRow
    evidence: Sequence[Evidence]
    peers: Sequence[tuple[str, float, int]]
    decided_name: str
    decided_at: int | None
    ended_at: int | None
    reason: str
    note: str
    card_id: int | None


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run: when, over which days, what it read and found, and which detectors failed."""

    started_at: int
    first_day: int
    last_day: int
    milliseconds: int
    rows_read: int
    findings: int
    failed: Sequence[str]


class FindingQueries:
    """Reads; opens its own connection for each question. Whoever is bound to an area sees its findings only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, actor: Actor, *, state: str = "", detector: str = "", org: str = "") -> list[FindingRow]:
        """Those that hold and wait first, the gravest before the others, the newest before the older."""
        f = findings.c
        statement = select(*f[_LISTED]).order_by(f.holds.desc(), f.state != State.OPEN.value, f.level.desc(),
                                                 f.last_day.desc(), f.evidence_count.desc(), f.id).limit(LISTED_MAX)
        for column, value in ((f.detector, detector), (f.org, org), (f.area, actor.area), (f.state, state)):
            if value:
                statement = statement.where(column == value)
        with self._database.read() as conn:
            return [_row(row) for row in conn.execute(statement)]

    def counts(self, actor: Actor) -> dict[tuple[str, str, str], int]:
        """(detector, unit, state) → findings that hold, for the filters of the page."""
        f = findings.c
        statement = select(f.detector, f.org, f.state, func.count()).where(f.holds).group_by(f.detector, f.org, f.state)
        if actor.area:
            statement = statement.where(f.area == actor.area)
        with self._database.read() as conn:
            return {(detector, org, state): int(n) for detector, org, state, n in conn.execute(statement)}

    def find(self, finding_id: int, actor: Actor) -> FindingDetail:
        """One finding. Raises NotFound, also for one of another area."""
        with self._database.read() as conn:
            row = conn.execute(select(findings).where(findings.c.id == finding_id)).first()
            if row is None or not actor.may_see(row.area, row.org):
                raise NotFound("finding_unknown", id=finding_id)
            card = conn.execute(select(cards.c.id, cards.c.disposition, cards.c.closed_reason).where(
                cards.c.key == key_of(row)).order_by(cards.c.id.desc()).limit(1)).first()
        decided = decided_by_card(card.disposition) if card is not None and row.state == State.OPEN else State(row.state)
        reason = row.reason or (card.closed_reason or "" if card is not None and decided is not State.OPEN else "")
        return FindingDetail(_row(row, decided), _EVIDENCE.decode(row.evidence), _PEERS.decode(row.peers),
                             row.decided_name or "", row.decided_at, row.ended_at, reason, row.note or "",
                             card.id if card is not None else None)

    def last_run(self) -> LastRun | None:
        """The newest run; None before the first."""
        r = detector_runs.c
        newest = select(func.max(r.run_id)).scalar_subquery()
        with self._database.read() as conn:
            rows = conn.execute(select(detector_runs).where(r.run_id == newest)).all()
        if not rows:
            return None
        by_area = {row.area: row.rows_read for row in rows}
        return LastRun(rows[0].started_at, rows[0].first_day, rows[0].last_day, sum(row.milliseconds for row in rows),
                       sum(by_area.values()), sum(row.findings for row in rows),
                       sorted({row.detector for row in rows if row.error}))


def _row(row: Row[Any], state: State | None = None) -> FindingRow:
    values = {name: getattr(row, name) for name in _LISTED}
    values |= {"figures": _FIGURES.decode(row.figures), "parameters": json.loads(row.parameters), "holds": bool(row.holds)}
    if state is not None:
        values["state"] = state.value
    return FindingRow(**values)

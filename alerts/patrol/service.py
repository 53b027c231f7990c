"""The patrol: issued cards recomputed from the journal with the versions they were issued under, and with the facts of today.

It lists cards the data no longer justifies, cards whose instants moved, what was entered after a card and took from it what it
said (with the entries), above all ends set or entered earlier, and cards that should exist and do not. Cards of clocks and of
acts follow from the journal; what a person, a complaint, an order, a detector or a camera said does not, and is counted as not
recomputed. It reports; it never changes a card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select

from alerts.alarms import AlarmService
from alerts.backtest.service import Backtester, Period, Progress
from alerts.backtest.watches import EVERYTHING, Scope, World
from alerts.backtest.worker import BacktestCancelled
from alerts.cards import Passage
from alerts.lifecycle import Disposition, Origin
from alerts.models import cards
from alerts.patrol.acts import ActCheck
from alerts.patrol.clocks import ClockCheck, Delivered
from alerts.patrol.edits import EditCheck
from alerts.patrol.findings import Found
from alerts.patrol.missing import missing
from alerts.patrol.models import patrol_findings, patrols
from alerts.patrol.queries import Patrol, PatrolQueries
from cases.areas import Areas
from cases.journal import read_event
from cases.models import case_table, journal
from cases.states import fold_all
from core.database import bulk_insert
from core.instants import DAY_US, MINUTE_US
from core.unit_of_work import UnitOfWorkFactory

BATCH = 500
KEPT_MAX = 5_000
GRACE_US = 10 * MINUTE_US  # a rung that passed a moment ago may still wait for the sweep
ALARM = "patrol_abnormal"
FROM_THE_JOURNAL = (Origin.CLOCK.value, Origin.ACT.value)
_CARD = ("id", "case_id", "case_no", "area", "org", "item", "origin", "level", "raised_at", "closed_at", "evidence")
_FINDING = ("patrol_id", "number", "code", "card_id", "case_id", "case_no", "area", "org", "detail")
_passages = msgspec.json.Decoder(list[Passage]).decode


@dataclass(slots=True)
class _Tally:
    """What one patrol has seen so far. Everything found is counted; the first KEPT_MAX are kept."""

    total: int
    tell: Progress
    is_cancelled: Callable[[], bool]
    read: int = 0
    cards: int = 0
    findings: int = 0
    kept: list[Found] = field(default_factory=list)

    def note(self, found: Iterable[Found]) -> None:
        for one in found:
            self.findings += 1
            if len(self.kept) < KEPT_MAX:
                self.kept.append(one)

    def advance(self, by: int) -> None:
        """Raises BacktestCancelled."""
        self.read += by
        self.tell(self.read, self.total)
        if self.is_cancelled():
            raise BacktestCancelled


class Patroller:
    """Runs patrols. A card closed more than `closed_days` ago is not recomputed any more."""

    def __init__(self, units: UnitOfWorkFactory, areas: Areas, catalogue: Any, backtester: Backtester, alarms: AlarmService,
                 closed_days: int, batch: int = BATCH) -> None:
        self._units, self._areas, self._catalogue = units, areas, catalogue
        self._backtester, self._alarms, self._batch = backtester, alarms, batch
        self._closed_us = closed_days * DAY_US
        self._clocks, self._acts = ClockCheck(areas, catalogue), ActCheck(areas, catalogue)
        self._edits = EditCheck(self._clocks)
        self.queries = PatrolQueries(units.database)

    def patrol(self, asked_by: str, area: str = "", *, progress: Progress = lambda _n, _of: None,
               is_cancelled: Callable[[], bool] = lambda: False) -> Patrol:
        """One patrol over the cards of an area, or of all. `progress` is told (cards and cases read, in all).

        One of every area raises the alarm when something was found, else ends it. Raises BacktestCancelled; then nothing of it
        is kept.
        """
        now = self._units.clock.now_us()
        since = now - self._closed_us
        with self._units() as uow:
            self._areas.refresh_in(uow)
        with self._units.database.read() as conn:
            counts = _counts(conn, area, since)
            cases_in_all = int(conn.scalar(select(func.count()).select_from(case_table)) or 0)
        tally = _Tally(counts["recomputed"] + cases_in_all, progress, is_cancelled)
        for batch in self._batches(area, since):
            self._recompute(batch, tally, now)
        self._seek_missing(tally, area, now)
        return self.queries.get(self._keep(asked_by, area, now, tally, counts))

    # Cards that exist ---------------------------------------------------------------------------------------------

    def _batches(self, area: str, since: int) -> Iterator[Sequence[Any]]:
        """The cards to recompute, by number, in short reads."""
        after, wanted = 0, select(*cards.c[_CARD]).where(*_recomputed(area, since))
        while True:
            with self._units.database.read() as conn:
                rows = conn.execute(wanted.where(cards.c.id > after).order_by(cards.c.id).limit(self._batch)).all()
            if not rows:
                return
            after = rows[-1].id
            yield rows

    def _recompute(self, batch: Sequence[Any], tally: _Tally, now: int) -> None:
        with self._units.database.read() as conn:
            told = _told(conn, sorted({row.case_id for row in batch}))
        tally.cards += len(batch)
        for row in batch:
            tally.note(self._check(row, told.get(row.case_id, []), now))
        tally.advance(len(batch))

    def _check(self, card: Any, told: Sequence[Delivered], now: int) -> Iterator[Found]:
        fold, passages = fold_all([event for _received, event in told]), _passages(card.evidence)
        for passage in passages:
            if not passage.withdrawn and card.origin == Origin.ACT:
                yield from self._acts.check(card, passage, fold, told)
            elif not passage.withdrawn:
                yield from self._clocks.check(card, passage, fold, now)
        if card.origin == Origin.CLOCK:
            yield from self._edits.check(card, told, passages, now)

    # Cards that do not --------------------------------------------------------------------------------------------

    def _seek_missing(self, tally: _Tally, area: str, now: int) -> None:
        """What the back-test would have raised until a moment ago, against the cards there are."""
        scope = Scope(frozenset([area])) if area else EVERYTHING
        world, period = World(self._areas, self._catalogue, scope), Period(0, now - GRACE_US)
        with closing(self._backtester.by_chunk(world, period, is_cancelled=tally.is_cancelled)) as results:
            for result in results:  # given up half-way, its connection goes back at once
                with self._units.database.read() as conn:
                    tally.note(missing(conn, result.lines))
                tally.advance(result.cases)

    def _keep(self, asked_by: str, area: str, began_at: int, tally: _Tally, counts: dict[str, int]) -> int:
        with self._units() as uow:
            number = int(uow.conn.scalar(select(func.max(patrols.c.id))) or 0) + 1
            uow.conn.execute(insert(patrols).values(
                id=number, asked_by=asked_by, area=area, began_at=began_at, ended_at=uow.now_us, cases=counts["cases"],
                cards=tally.cards, findings=tally.findings, beyond=counts["beyond"], older=counts["older"]))
            bulk_insert(uow.conn, patrol_findings, _FINDING, [
                (number, at, found.code.value, found.card_id, found.case_id, found.case_no, found.area, found.org,
                 msgspec.json.encode(found.detail).decode()) for at, found in enumerate(tally.kept, start=1)])
            if not area:
                self._alarms.clear_alarm(uow.conn, ALARM, "", uow.now_us)
            if not area and tally.findings:
                self._alarms.set_alarm(uow.conn, ALARM, "", uow.now_us, n=tally.findings)
        return number


def _of(area: str) -> list[ColumnElement[bool]]:
    """Cards of an area, or of all; a draft that was dismissed was never issued."""
    never_issued = cards.c.disposition == Disposition.DISMISSED.value
    return [~never_issued, *([cards.c.area == area] if area else [])]


def _recomputed(area: str, since: int) -> list[ColumnElement[bool]]:
    is_recent = cards.c.closed_at.is_(None) | (cards.c.closed_at >= since)
    return [*_of(area), cards.c.case_id != 0, cards.c.origin.in_(FROM_THE_JOURNAL), is_recent]


def _counts(conn: Connection, area: str, since: int) -> dict[str, int]:
    """How many cards are recomputed, how many the journal alone does not justify, how many closed too long ago; and cases."""
    def count(table: Any, *wanted: ColumnElement[bool]) -> int:
        return int(conn.scalar(select(func.count()).select_from(table).where(*wanted)) or 0)
    is_journals = cards.c.origin.in_(FROM_THE_JOURNAL)
    return {"recomputed": count(cards, *_recomputed(area, since)), "beyond": count(cards, *_of(area), ~is_journals),
            "older": count(cards, *_of(area), is_journals, cards.c.closed_at < since),
            "cases": count(case_table, *([case_table.c.area == area] if area else []))}


def _told(conn: Connection, case_ids: Sequence[int]) -> dict[int, list[Delivered]]:
    """What the journal holds of these cases, as recorded."""
    found: dict[int, list[Delivered]] = defaultdict(list)
    rows = conn.execute(select(journal).where(journal.c.case_id.in_(case_ids)).order_by(journal.c.seq)).mappings()
    for row in rows:
        found[row["case_id"]].append((row["received_at"], read_event(row)))
    return found

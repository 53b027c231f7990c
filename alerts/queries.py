"""What screens, desks and other programs ask about cards and alarms. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from alerts.alarms import Alarm, gathered_alarms, standing_alarms
from alerts.card_rows import from_row
from alerts.lifecycle import Disposition, Level, Suppression
from alerts.models import card_log, cards
from alerts.sight import IS_OPEN, WAITS_FOR_CONFIRMATION, visible_to
from alerts.wire import ID_FACTOR, REV_FACTOR, WORD, CardView, CardWriter, Counts
from core import outbox
from core.access import Actor
from core.database import Database

PAGE_MAX = 500
_IS_QUIET = cards.c.suppression != Suppression.NONE.value
_IS_UNACK = and_(cards.c.acked_at.is_(None), ~_IS_QUIET)
_IS_UNDER_ORDER = cards.c.disposition == Disposition.UNDER_ORDER.value


class Change(msgspec.Struct, frozen=True):
    """One line of a card's history: what it became, and when we said so."""

    seq: int
    at: str
    card: dict[str, Any]


class LogLine(msgspec.Struct, frozen=True):
    """One line of the card's log (`card_log`): who did what, when and why."""

    seq: int
    rev: int
    at: str
    actor: str
    actor_name: str
    action: str
    reason: str
    detail: dict[str, Any]


class CardHistory(msgspec.Struct, frozen=True):
    card: CardView
    evidence: list[Any]
    history: list[Change]
    log: list[LogLine]


class CardPage(msgspec.Struct, frozen=True):
    total: int
    cards: list[CardView]


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a heartbeat says. `digest` is None when there are more active cards than a snapshot holds."""

    epoch: str
    head: int
    counts: Counts
    digest: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The active cards exactly as of outbox number `as_of_seq`. `is_partial`: there are more than are given."""

    epoch: str
    as_of_seq: int
    cards: list[CardView]
    counts: Counts
    is_partial: bool


class CardQueries:
    """The reading side of the cards."""

    def __init__(self, database: Database, writer: CardWriter, snapshot_max: int = PAGE_MAX) -> None:
        self._database, self._writer, self._snapshot_max = database, writer, snapshot_max

    def active(self, level: Level | None = None, limit: int = 100, offset: int = 0, org: str | None = None,
               actor: Actor | None = None, disposition: Disposition | None = None) -> CardPage:
        """Cards not closed that `actor` may see (None: all), unacknowledged first, oldest first.

        Of one level, department or disposition when asked; those that wait for confirmation only when asked for.
        """
        is_asked = disposition is Disposition.TO_CONFIRM
        wanted: list[ColumnElement[bool]] = [WAITS_FOR_CONFIRMATION if is_asked else IS_OPEN, *visible_to(actor)]
        wanted += [cards.c.level == int(level)] if level is not None else []
        wanted += [cards.c.org == org] if org is not None else []
        wanted += [cards.c.disposition == disposition.value] if disposition is not None else []
        return self._page(wanted, _by_urgency, limit, offset)

    def closed(self, actor: Actor | None, limit: int = 100, offset: int = 0, org: str | None = None) -> CardPage:
        """Cards that are closed and that `actor` may see, the last closed first."""
        wanted = [cards.c.closed_at.is_not(None), *visible_to(actor), *([cards.c.org == org] if org is not None else [])]
        return self._page(wanted, _by_closing, limit, offset)

    def _page(self, wanted: list[ColumnElement[bool]], order: Callable[[Select[Any]], Select[Any]], limit: int,
              offset: int) -> CardPage:
        with self._database.read() as conn:
            total = conn.execute(select(func.count()).select_from(cards).where(*wanted)).scalar_one()
            rows = conn.execute(order(select(cards).where(*wanted)).limit(min(limit, PAGE_MAX)).offset(offset))
            return CardPage(total, [self._writer.view(from_row(row)) for row in rows])

    def counts(self) -> Counts:
        with self._database.read() as conn:
            return self._counts(conn)

    def active_hash(self) -> int:
        """Fingerprint of all active cards (wire.fingerprint), computed by the database."""
        with self._database.read() as conn:
            return _active_hash(conn)

    def alarms(self) -> list[Alarm]:
        with self._database.read() as conn:
            return standing_alarms(conn)

    def gathered_alarms(self) -> list[Alarm]:
        """The alarms as a wall says them: a few of each code one by one, many as one."""
        with self._database.read() as conn:
            return gathered_alarms(conn)

    def find(self, card_id: int, actor: Actor | None = None) -> CardHistory | None:
        """A card that `actor` may see, with its evidence, its log and everything ever told about it."""
        with self._consistent() as conn:
            row = conn.execute(select(cards).where(cards.c.id == card_id, *visible_to(actor))).first()
            if row is None:
                return None
            told = outbox.history_of(conn, "card", str(card_id))
            log = conn.execute(select(card_log).where(card_log.c.card_id == card_id).order_by(card_log.c.seq)).all()
        card = from_row(row)
        history = [Change(message.seq, self._writer.iso(message.at), msgspec.json.decode(message.payload))
                   for message in told]
        return CardHistory(self._writer.view(card), msgspec.to_builtins(card.passages), history,
                           [self._line(line) for line in log if _is_for(actor, line)])

    def _line(self, line: Any) -> LogLine:
        return LogLine(line.seq, line.rev, self._writer.iso(line.at), line.actor, line.actor_name, line.action, line.reason,
                       msgspec.json.decode(line.detail))

    def find_view(self, card_id: int, actor: Actor | None = None) -> CardView | None:
        """A card that `actor` may see, as it stands now."""
        with self._database.read() as conn:
            row = conn.execute(select(cards).where(cards.c.id == card_id, *visible_to(actor))).first()
        return None if row is None else self._writer.view(from_row(row))

    def vitals(self) -> Vitals:
        """Head, counts and fingerprint of one and the same moment."""
        with self._consistent() as conn:
            epoch, head = outbox.head(conn)
            counts = self._counts(conn)
            fits = counts.warning + counts.yellow + counts.red <= self._snapshot_max
            return Vitals(epoch, head, counts, _active_hash(conn) if fits else None)

    def snapshot(self) -> Snapshot:
        """The active cards and the outbox number they stand for, read in one transaction; bounded.

        When there are more than fit, every level gives its most urgent ones, the worst level taking the largest share.
        """
        with self._consistent() as conn:
            epoch, head = outbox.head(conn)
            counts = self._counts(conn)
            chosen = [self._writer.view(from_row(row)) for row in self._chosen(conn, counts)]
        total = counts.warning + counts.yellow + counts.red
        return Snapshot(epoch, head, chosen, counts, is_partial=total > len(chosen))

    def _chosen(self, conn: Connection, counts: Counts) -> Iterator[Any]:
        for level, share in shares(self._snapshot_max, counts).items():
            of_level = select(cards).where(IS_OPEN, cards.c.level == int(level))
            yield from conn.execute(_by_urgency(of_level).limit(share))

    def _counts(self, conn: Connection) -> Counts:
        row = conn.execute(select(
            *(func.count(case((cards.c.level == int(level), 1))) for level in Level),
            func.count(case((_IS_UNACK, 1))), func.min(case((_IS_UNACK, cards.c.level_at))),
            func.count(case((_IS_QUIET, 1))), func.count(case((_IS_UNDER_ORDER, 1)))).where(IS_OPEN)).one()
        drafts = conn.execute(select(func.count()).select_from(cards).where(WAITS_FOR_CONFIRMATION)).scalar_one()
        return Counts(row[0], row[1], row[2], row[3], self._writer.maybe_iso(row[4]), drafts, row[5], row[6])

    @contextmanager
    def _consistent(self) -> Iterator[Connection]:
        """One view of the data for several statements (SQLite's read transactions always are)."""
        with self._database.read() as conn:
            if self._database.dialect == "postgresql":
                conn.execution_options(isolation_level="REPEATABLE READ")
            yield conn


def shares(room: int, counts: Counts) -> dict[Level, int]:
    """How many cards of each level a bounded snapshot holds: red first, but never all of the room while others wait."""
    wanted = {Level.RED: counts.red, Level.YELLOW: counts.yellow, Level.WARNING: counts.warning}
    given = {level: min(count, room // 4) for level, count in wanted.items()}
    for level, count in wanted.items():
        given[level] += min(count - given[level], room - sum(given.values()))
    return given


def _by_urgency(statement: Select[Any]) -> Select[Any]:
    """Those that wait for a person first, then the oldest; ties by number, so that two screens agree."""
    return statement.order_by(case((cards.c.acked_at.is_(None), 0), else_=1), cards.c.level_at, cards.c.id)


def _is_for(actor: Actor | None, line: Any) -> bool:
    """A department reads what was done to its card, not what the supervisors remarked among themselves."""
    return actor is None or actor.only_org is None or line.action != "comment" or line.actor == actor.name


def _by_closing(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(cards.c.closed_at.desc(), cards.c.id.desc())


def _active_hash(conn: Connection) -> int:
    summand = (cards.c.id * ID_FACTOR + cards.c.rev * REV_FACTOR) % WORD
    return int(conn.execute(select(func.coalesce(func.sum(summand), 0)).where(IS_OPEN)).scalar_one()) % WORD



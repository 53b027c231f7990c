"""The append-only journal: events in, rows with their seals out, and events back again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, func, select

from cases.chain import GENESIS, ChainKeys, canonical, mac_of, seal_of
from cases.events import NO_DATA, CaseEvent, EventData, EventKind, case_id_of
from cases.models import chain_heads, journal
from core.database import MAX_PARAMETERS, bulk_inserting, bulk_upsert, look_up
from core.unit_of_work import UnitOfWork

COLUMNS = ("seq", "event_id", "case_no", "area", "kind", "claimed_at", "utc_offset", "src_order", "received_at", "source",
           "source_event_id", "source_version", "org", "item", "item_version", "actor", "station", "step", "payload",
           "chain", "chain_pos", "case_id", "prev_mac", "mac")
_EVENT_COLUMNS = ("kind", "claimed_at", "utc_offset", "src_order", "source", "source_event_id", "source_version", "org",
                  "item", "item_version", "actor", "station", "step", "payload", "case_no", "area")
_CASE_ID, _of_event = COLUMNS.index("case_id"), itemgetter(*map(COLUMNS.index, _EVENT_COLUMNS))
_encode_data = msgspec.json.Encoder().encode
_decode_data = msgspec.json.Decoder(EventData).decode
_KINDS = {kind.value: kind for kind in EventKind}
_TEXTS = {kind: kind.value for kind in EventKind}  # `value` of an enum costs more than sealing a row's number
_NO_DATA_TEXT = _encode_data(NO_DATA).decode()
Head = tuple[int, bytes]  # position and mac of the last row of a chain
_BEFORE_FIRST: Head = (0, GENESIS)
T = TypeVar("T")


def chain_of(event: CaseEvent) -> str:
    """The chain an event belongs to: its organisation's, or its area's while no organisation is known."""
    return event.org or event.area


@dataclass(slots=True)
class Heads:
    """The heads of the chains a transaction has gone on with. Sealed and written once, at its end."""

    by_chain: dict[str, Head] = field(default_factory=dict)

    def include(self, other: Heads) -> None:
        """Later ones take the place of those before."""
        self.by_chain.update(other.by_chain)


class Appender:
    """Appends events to the journal within one transaction, whose ledger lock keeps every chain single-headed."""

    def __init__(self, uow: UnitOfWork, keys: ChainKeys, chains: set[str], *, at_end: bool = False) -> None:
        """`at_end`: the rows are left to the end of the transaction (docs/adr/0021). For events whose numbers were given in
        it, so that none of them can be refused there."""
        self._uow, self._keys, self._now_us, self._at_end = uow, keys, uow.now_us, at_end
        kept = _kept_heads(uow)
        unknown = [chain for chain in chains if chain not in kept]
        if unknown:
            kept.update(_heads_in(uow, unknown))
        self._heads = {chain: kept[chain] for chain in chains}
        self._rows: list[tuple[Any, ...]] = []

    def append(self, event: CaseEvent, event_id: bytes, case_id: int) -> None:
        """Number, seal and queue one event; `flushing` writes them."""
        chain = event.org or event.area
        pos, prev_mac = self._heads[chain]
        pos += 1
        data = event.data
        payload = _NO_DATA_TEXT if data is NO_DATA else _encode_data(data).decode()
        sealed = (self._uow.next_journal_seq(), event_id, event.case_no, event.area, _TEXTS[event.kind], event.claimed_at,
                  event.utc_offset, event.order, self._now_us, event.source, event.source_event_id,
                  event.source_version, event.org, event.item, event.item_version, event.actor, event.station,
                  event.step, payload, chain, pos)
        mac = mac_of(self._keys.key(chain), prev_mac, canonical(sealed))
        self._heads[chain] = (pos, mac)
        self._rows.append((*sealed, case_id, prev_mac, mac))

    @contextmanager
    def flushing(self) -> Iterator[None]:
        """Write what was appended, around a block that leaves the connection alone: the database works meanwhile."""
        if self._at_end:
            yield
            for row in self._rows:
                self._uow.later(journal, COLUMNS, row)
        else:
            with bulk_inserting(self._uow.conn, journal, COLUMNS, self._rows):
                yield
        self._uow.gathered(Heads, Heads, partial(_write_heads, self._keys)).by_chain.update(self._heads)
        _kept_heads(self._uow).update(self._heads)
        self._rows.clear()


def known_event_ids(conn: Connection, event_ids: Sequence[bytes]) -> set[bytes]:
    """Which of these deliveries the journal already holds."""
    return {bytes(row[0]) for row in look_up(conn, ("event_id",), journal, "event_id", event_ids)}


def events_by_id(conn: Connection, event_ids: Sequence[bytes]) -> dict[bytes, CaseEvent]:
    """The recorded events of these ids."""
    rows = look_up(conn, ("event_id", *_EVENT_COLUMNS), journal, "event_id", event_ids)
    return {bytes(row[0]): _event(row[1:]) for row in rows}


def events_of_cases(conn: Connection, case_ids: Sequence[int]) -> dict[int, list[CaseEvent]]:
    """Every recorded event of these cases, by case, in the order of recording."""
    found: dict[int, list[CaseEvent]] = {case_id: [] for case_id in case_ids}
    statement = select(*journal.c[("case_id", *_EVENT_COLUMNS)])
    for part in chunks(case_ids):
        for row in conn.execute(statement.where(journal.c.case_id.in_(part)).order_by(journal.c.seq)):
            found[row[0]].append(_event(row[1:]))
    return found


def events_so_far(uow: UnitOfWork, case_ids: Sequence[int]) -> dict[int, list[CaseEvent]]:
    """The same within a writing transaction, followed by what it has left to its end."""
    found = events_of_cases(uow.conn, case_ids)
    for left in uow.unwritten(journal):
        for row in left.rows:
            if row[_CASE_ID] in found:
                found[row[_CASE_ID]].append(_event(_of_event(row)))
    return found


def received_spans(conn: Connection, case_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """(when the first and when the last event of each of these cases was received), microseconds UTC."""
    c, found = journal.c, dict[int, tuple[int, int]]()
    for part in chunks(case_ids):
        statement = select(c.case_id, func.min(c.received_at), func.max(c.received_at)).where(c.case_id.in_(part))
        found |= {case_id: (first, last) for case_id, first, last in conn.execute(statement.group_by(c.case_id))}
    return found


def deliveries_of_cases(conn: Connection, case_ids: Sequence[int]) -> dict[int, list[tuple[int, list[CaseEvent]]]]:
    """The events of these cases as they were recorded: (received, the events of that moment), oldest first."""
    found: dict[int, list[tuple[int, list[CaseEvent]]]] = {case_id: [] for case_id in case_ids}
    statement = select(*journal.c[("case_id", "received_at", *_EVENT_COLUMNS)])
    for part in chunks(case_ids):
        for row in conn.execute(statement.where(journal.c.case_id.in_(part)).order_by(journal.c.seq)):
            deliveries = found[row[0]]
            if not deliveries or deliveries[-1][0] != row[1]:
                deliveries.append((row[1], []))
            deliveries[-1][1].append(_event(row[2:]))
    return found


def stream_cases(conn: Connection, batch: int = 10_000) -> Iterator[tuple[int, list[CaseEvent]]]:
    """The whole journal case by case, with bounded memory."""
    statement = select(*journal.c[("case_id", *_EVENT_COLUMNS)]).order_by(journal.c.case_id)
    case_id, events = None, list[CaseEvent]()
    for row in conn.execute(statement, execution_options={"yield_per": batch}):
        if row[0] != case_id and events and case_id is not None:
            yield case_id, events
            events = []
        case_id = row[0]
        events.append(_event(row[1:]))
    if case_id is not None:
        yield case_id, events


def chunks(values: Sequence[T], size: int = MAX_PARAMETERS) -> Iterator[Sequence[T]]:
    """The values in parts that fit one statement's parameters."""
    for start in range(0, len(values), size):
        yield values[start:start + size]


def _kept_heads(uow: UnitOfWork) -> dict[str, Head]:
    """The heads as written: every act on a hosted case goes on from that of its organisation."""
    return uow.keep(chain_heads, lambda _: {})


def _heads_in(uow: UnitOfWork, chains: Sequence[str]) -> dict[str, Head]:
    """The heads as this transaction has left them, or as they stand in the table."""
    heads = _load_heads(uow.conn, chains)
    for left in uow.unwritten(Heads):
        heads |= {chain: left.by_chain[chain] for chain in chains if chain in left.by_chain}
    return heads


def _write_heads(keys: ChainKeys, uow: UnitOfWork, heads: Heads) -> None:
    rows = [(chain, pos, mac, seal_of(keys.key(chain), pos, mac)) for chain, (pos, mac) in heads.by_chain.items() if pos]
    bulk_upsert(uow.conn, chain_heads, ("chain", "pos", "mac", "seal"), rows, key=("chain",))


def _load_heads(conn: Connection, chains: Sequence[str]) -> dict[str, Head]:
    rows = look_up(conn, ("chain", "pos", "mac"), chain_heads, "chain", chains)
    return dict.fromkeys(chains, _BEFORE_FIRST) | {chain: (pos, bytes(mac)) for chain, pos, mac in rows}


def _event(row: Any) -> CaseEvent:
    (kind, claimed_at, utc_offset, src_order, source, source_event_id, source_version, org, item, item_version, actor,
     station, step, payload, case_no, area) = row
    return CaseEvent(source=source, source_event_id=source_event_id, source_version=source_version, kind=_KINDS[kind],
                     case_no=case_no, area=area, claimed_at=claimed_at, utc_offset=utc_offset, order=src_order, org=org,
                     item=item, item_version=item_version, actor=actor, station=station, step=step,
                     data=_decode_data(payload))


def read_event(row: Any) -> CaseEvent:
    """The event of a journal row read as a mapping."""
    return _event(tuple(row[name] for name in _EVENT_COLUMNS))


def case_id_of_event(event: CaseEvent) -> int:
    """The case an event belongs to."""
    return case_id_of(event.area, event.case_no)

"""The journal of a period, unit by unit, in bounded memory: the ids of the cases first, then their rows in chunks.

A case belongs to a period when something was claimed in it, something was received in it, or it was open in it; a month
before it is read along, since a case may be filed again after it was given up. The cost is one narrow pass over the cases
table, one over the rows received in the period, and the rows of the cases found (docs/detectors.md has measured figures).
Memory holds 8 bytes a case and the rows of one chunk; what detectors keep across cases is dropped after each unit.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, or_, select

from alerts.detectors.base import Period
from alerts.detectors.trace import ClockRow, Row, Trace, present_rows
from cases.events import NO_DATA, EventData
from cases.models import case_table, clock_rungs, clocks, journal
from core.database import Database, look_up
from core.instants import DAY_US

CHUNK = 500
LOOK_BACK_US = 31 * DAY_US
_decode = msgspec.json.Decoder(EventData).decode
_ROW_COLUMNS = ("case_id", "seq", "kind", "claimed_at", "utc_offset", "src_order", "received_at", "source", "source_event_id",
                "source_version", "actor", "station", "step", "payload")
_CASE_COLUMNS = ("case_id", "area", "case_no", "org", "item")
_CLOCK_COLUMNS = ("case_id", "kind", "ordinal", "level", "limit_text", "started_at", "due_at", "ended_at")


class UnitCases(NamedTuple):
    """The cases of one unit that belong to the period."""

    area: str
    org: str
    case_ids: array[int]


class JournalReader:
    """Reads for one run; counts the rows it read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.rows_read = 0

    def units(self, period: Period) -> list[UnitCases]:
        """Every unit with cases in the period, in a stable order."""
        found: dict[tuple[str, str], array[int]] = defaultdict(lambda: array("q"))
        with self._database.read() as conn:
            seen = self._by_claims(conn, period, found)
            self._by_receipt(conn, period, found, seen)
        return [UnitCases(area, org, array("q", sorted(ids))) for (area, org), ids in sorted(found.items())]

    def chunks(self, unit: UnitCases) -> Iterator[list[Trace]]:
        """The unit's cases with all their rows, in the order of their ids."""
        for start in range(0, len(unit.case_ids), CHUNK):
            with self._database.read() as conn:
                yield self._traces(conn, unit.case_ids[start:start + CHUNK].tolist())

    def _by_claims(self, conn: Connection, period: Period, found: dict[tuple[str, str], array[int]]) -> set[int]:
        c, seen = case_table.c, set[int]()
        touched = or_(c.last_event_at >= period.since - LOOK_BACK_US, c.closed_at.is_(None))
        statement = select(c.area, c.org, c.case_id).where(touched, or_(c.opened_at.is_(None), c.opened_at < period.until))
        for area, org, case_id in conn.execute(statement, execution_options={"yield_per": 10_000}):
            found[area, org].append(case_id)
            seen.add(case_id)
        return seen

    def _by_receipt(self, conn: Connection, period: Period, found: dict[tuple[str, str], array[int]], seen: set[int]) -> None:
        first, end = (_first_seq(conn, at) for at in (period.since, period.until))
        if first >= end:
            return
        ids = conn.scalars(select(journal.c.case_id).where(journal.c.seq >= first, journal.c.seq < end).distinct())
        others = [case_id for case_id in ids if case_id not in seen]
        for case_id, area, _, org, _ in look_up(conn, _CASE_COLUMNS, case_table, "case_id", others):
            found[area, org].append(case_id)

    def _traces(self, conn: Connection, case_ids: Sequence[int]) -> list[Trace]:
        rows: dict[int, list[Row]] = defaultdict(list)
        for row in look_up(conn, _ROW_COLUMNS, journal, "case_id", case_ids):
            rows[row[0]].append(_row(row))
        stored = _grouped(conn, _CLOCK_COLUMNS, clocks, case_ids)
        rungs = _grouped(conn, ("case_id", "kind", "rung", "at"), clock_rungs, case_ids)
        self.rows_read += sum(len(of_case) for of_case in rows.values())
        heads = sorted(look_up(conn, _CASE_COLUMNS, case_table, "case_id", case_ids))
        return [Trace(case_id, area, case_no, org, item, present_rows(rows[case_id]), rows[case_id],
                      [ClockRow(*row) for row in sorted(stored.get(case_id, ()), key=lambda row: row[:2])],
                      sorted(rungs.get(case_id, ())))
                for case_id, area, case_no, org, item in heads if rows[case_id]]


def _row(row: Any) -> Row:
    _, seq, kind, claimed, offset, order, received, source, event, version, actor, station, step, payload = row
    data = NO_DATA if payload == "{}" else _decode(payload)
    who, where, what = actor or "", station or "", step or ""
    return Row(seq, kind, claimed, offset, order, received, source, event, version, who, where, what, data)


def _grouped(conn: Connection, columns: Sequence[str], table: Any, case_ids: Sequence[int]) -> dict[int, list[tuple[Any, ...]]]:
    grouped: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in look_up(conn, columns, table, "case_id", case_ids):
        grouped[row[0]].append(tuple(row[1:]))
    return grouped


def _first_seq(conn: Connection, at: int) -> int:
    """The first number received at or after that instant: receipts rise with the numbers, so some twenty looks are enough."""
    low, high = 1, (conn.scalar(select(func.max(journal.c.seq))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = conn.execute(select(journal.c.seq, journal.c.received_at).where(journal.c.seq >= middle)
                           .order_by(journal.c.seq).limit(1)).first()
        if row is None or row.received_at >= at:
            high = middle
        else:
            low = row.seq + 1
    return low

"""The columns of the store's files, and how the record's rows become theirs."""

from __future__ import annotations

from datetime import date
from typing import Any

from cases.models import case_table, journal
from cases.tally import MEASURES, read_tally
from core.instants import DAY_US, MINUTE_US, date_of
from evaluation.exports.rows import written

_j, _c = journal.c, case_table.c
# Name and type, as DuckDB calls it. Instants are UTC; `day` is the date as the source wrote it.
EVENTS = (("seq", "BIGINT"), ("case_id", "BIGINT"), ("area", "VARCHAR"), ("org", "VARCHAR"), ("item", "VARCHAR"),
          ("kind", "VARCHAR"), ("step", "VARCHAR"), ("source", "VARCHAR"), ("claimed_at", "TIMESTAMPTZ"),
          ("received_at", "TIMESTAMPTZ"), ("day", "DATE"))
CASES = (("case_id", "BIGINT"), ("area", "VARCHAR"), ("org", "VARCHAR"), ("item", "VARCHAR"), ("state", "VARCHAR"),
         ("opened_at", "TIMESTAMPTZ"), ("closed_at", "TIMESTAMPTZ"), ("opened_day", "DATE"), ("closed_day", "DATE"),
         ("outcome", "VARCHAR"), ("as_of", "BIGINT"))
SUPERSEDED = (("seq", "BIGINT"),)
EVENTS_READ: tuple[Any, ...] = (_j.seq, _j.case_id, _j.area, _j.org, _j.item, _j.kind, _j.step, _j.source, _j.claimed_at,
                                _j.received_at, _j.utc_offset, _j.mac, _c.org.label("case_org"), _c.item.label("case_item"))
CASES_READ: tuple[Any, ...] = (_c.case_id, _c.area, _c.org, _c.item, _c.state, _c.opened_at, _c.closed_at, _c.tally)
_OUTCOMES = {at: name.removeprefix("closed_") for at, name in enumerate(MEASURES) if name.startswith("closed_")}


def day_written(us: int, offset_min: int) -> date:
    """The date as its source wrote it."""
    return date_of((us + offset_min * MINUTE_US) // DAY_US)


def event_row(row: Any, day: date) -> tuple[Any, ...]:
    """An event with the department and item it states, else those of its case when it was taken in."""
    return (row.seq, row.case_id, row.area, row.org or row.case_org, row.item or row.case_item, row.kind, row.step, row.source,
            written(row.claimed_at, 0), written(row.received_at, 0), day)


def case_row(row: Any, as_of: int) -> tuple[Any, ...]:
    """A case as it stands. `outcome`: early, on_due_day or late, as the counters judge it; empty without a limit."""
    told = read_tally(row.tally)
    closed = None if told.closed is None else date_of(told.closed)
    opened = next((day for day in (told.received, told.accepted) if day is not None), None)
    return (row.case_id, row.area, row.org, row.item, row.state, written(row.opened_at, 0), written(row.closed_at, 0),
            None if opened is None else date_of(opened), closed, None if told.outcome is None else _OUTCOMES[told.outcome],
            as_of)

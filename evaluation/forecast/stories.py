"""Where lives come from: the journal for learning and trying, the stored cases for what is open now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection, func, select

from cases.changes import LIGHTS
from cases.events import EventKind
from cases.fold import Fold
from cases.journal import chunks, events_of_cases, stream_cases
from cases.models import case_table, counter_lights, journal
from core.database import look_up
from evaluation.forecast.backtest import Story
from evaluation.forecast.lives import Known, steps_of

_unpack = msgspec.msgpack.Decoder(Fold).decode
_OPEN = tuple(light.value for light in LIGHTS)


class OpenCase(msgspec.Struct, frozen=True, gc=False):
    """A case as stored, for the table of forecasts; `known` None once it has ended."""

    case_id: int
    area: str
    org: str
    item: str
    case_no: str
    known: Known | None


def newest_stories(conn: Connection, most: int) -> list[Story]:
    """The cases of the newest acceptances in the journal, with all their events in order."""
    accepted = select(journal.c.case_id).where(journal.c.kind == EventKind.ACCEPTED.value)
    case_ids = sorted(set(conn.scalars(accepted.order_by(journal.c.seq.desc()).limit(most))))
    return [Story(case_id, sorted(events, key=lambda event: event.sort_key))
            for part in chunks(case_ids) for case_id, events in events_of_cases(conn, part).items()]


def stories_of_area(conn: Connection, area: str) -> list[Story]:
    """Every case of one area (of all for ""), as a log was loaded."""
    return [Story(case_id, sorted(events, key=lambda event: event.sort_key)) for case_id, events in stream_cases(conn)
            if not area or events[0].area == area]


def journal_head(conn: Connection) -> int:
    """The number of the last event recorded."""
    return conn.scalar(select(func.max(journal.c.seq))) or 0


def changed_since(conn: Connection, seq: int, most: int) -> tuple[list[int], int]:
    """The cases of the next events after a number, and the number reached."""
    later = select(journal.c.seq, journal.c.case_id).where(journal.c.seq > seq)
    rows = conn.execute(later.order_by(journal.c.seq).limit(most)).all()
    return sorted({row.case_id for row in rows}), rows[-1].seq if rows else seq


def open_cases(conn: Connection) -> Iterator[list[int]]:
    """The numbers of all open cases, department by department, by the index of lights."""
    c = case_table.c
    for org in list(conn.scalars(select(counter_lights.c.org).distinct().order_by(counter_lights.c.org))):
        yield list(conn.scalars(select(c.case_id).where(c.org == org, c.light.in_(_OPEN)).order_by(c.case_id)))


def stored(conn: Connection, case_ids: Sequence[int], now_us: int) -> list[OpenCase]:
    """These cases as they stand. The steps of cases without an item are read from the journal: nobody keeps them."""
    rows = look_up(conn, ("case_id", "area", "org", "item", "case_no", "fold"), case_table, "case_id", list(case_ids))
    folds = {row[0]: _unpack(bytes(row[5])) for row in rows}
    told = events_of_cases(conn, [case_id for case_id, fold in folds.items() if not fold.item and fold.closed is None])
    found = []
    for case_id, area, org, item, case_no, _ in rows:
        fold = folds[case_id]
        known = None if fold.closed is not None else Known(case_id, fold, steps_of(fold, told.get(case_id, ())), now_us)
        found.append(OpenCase(case_id, area, org, item, case_no, known))
    return found

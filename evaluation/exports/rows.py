"""Rows of the journal as rows of an export: every value in its column, nothing of a person that may not leave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from cases.events import Due, EventData
from cases.models import case_table, journal
from core.instants import written_local
from evaluation.exports.columns import COLUMNS, DATA_COLUMNS, PLACES, Kind
from evaluation.exports.privacy import Privacy

Cell = str | int | None
Row = list[Cell]
Name = Callable[[str], str]
_ID_MAX = 160  # of an event's id in its source
_j, _c = journal.c, case_table.c
READ: tuple[Any, ...] = (
    _j.seq, _j.case_id, _j.case_no, _j.area, _j.kind, _j.claimed_at, _j.utc_offset, _j.src_order, _j.received_at, _j.source,
    _j.source_event_id, _j.source_version, _j.org, _j.item, _j.item_version, _j.actor, _j.station, _j.step, _j.payload,
    _j.chain, _j.chain_pos, _j.mac, _c.org.label("case_org"), _c.item.label("case_item"), _c.state.label("case_state"),
    _c.opened_at.label("case_opened_at"), _c.closed_at.label("case_closed_at"))
_decode = msgspec.json.Decoder(EventData).decode
_encode = msgspec.json.Encoder().encode
_NO_DATA = "{}"
_FIRST_DATA, _END_DATA = PLACES[DATA_COLUMNS[0].name], PLACES[DATA_COLUMNS[-1].name] + 1
_EMPTY = [None] * (_END_DATA - _FIRST_DATA)
_DATA_KINDS = [(column.name, column.kind) for column in COLUMNS[_FIRST_DATA:_END_DATA]]
assert len(_DATA_KINDS) == len(DATA_COLUMNS), "the columns of the data stand together"


class RowMaker:
    """Makes the rows of one export. `org_name`, `item_name`: the names of codes."""

    def __init__(self, privacy: Privacy, org_name: Name, item_name: Name) -> None:
        self._privacy = privacy
        self._org_name, self._item_name = lru_cache(4096)(org_name), lru_cache(4096)(item_name)

    def cases(self, read: Iterator[Any]) -> Iterator[list[Row]]:
        """The rows case by case, as they were read."""
        for _, of_case in groupby(read, key=itemgetter(1)):
            yield self._case(list(of_case))

    def _case(self, read: Sequence[Any]) -> list[Row]:
        told = [None if row.payload == _NO_DATA else _decode(row.payload) for row in read]
        applicants = {data.applicant for data in told if data is not None and data.applicant}
        return [self._row(row, data, applicants) for row, data in zip(read, told, strict=True)]

    def _row(self, row: Any, data: EventData | None, applicants: set[str]) -> Row:
        (seq, _, case_no, area, kind, claimed_at, offset, order, received_at, source, source_event_id, version, org, item,
         item_version, actor, station, step, payload, chain, chain_pos, mac, case_org, case_item, case_state, opened_at,
         closed_at) = row  # by place: by name each would cost as much as all of them
        head: Row = [
            seq, case_no, area, kind, step or kind, written(claimed_at, offset), offset, order, _again(received_at, 0),
            id_of(source, source_event_id), source, source_event_id, version, org, self._named(self._org_name, org), item,
            self._named(self._item_name, item), item_version, self._privacy.actor(actor, applicants), station, step]
        tail: Row = [chain, chain_pos, bytes(mac).hex(), case_org, case_item, case_state, _again(opened_at, 0),
                     _again(closed_at, 0)]
        if data is None:
            return [*head, *_EMPTY, _NO_DATA, *tail]
        shown = self._privacy.data(data)
        return [*head, *[_cell(getattr(shown, name), offset, kind) for name, kind in _DATA_KINDS],
                payload if shown is data else _encode(shown).decode(), *tail]

    @staticmethod
    def _named(name: Name, code: str | None) -> str | None:
        return name(code) if code else None


def written(us: int | None, offset_min: int) -> str | None:
    """ISO 8601 with microseconds and the offset: 2026-03-16T09:20:00.000000+08:00."""
    return None if us is None else written_local(us, offset_min).isoformat(timespec="microseconds")


_again = lru_cache(8_192)(written)  # of a batch, a case, a day: the same instant many times over


def id_of(source: str, source_event_id: str) -> str:
    """The event's id over all sources; one too long to be an id is cut and ends in its hash."""
    whole = f"{source}/{source_event_id}"
    if len(whole) <= _ID_MAX:
        return whole
    return f"{whole[:_ID_MAX - 33]}~{hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()}"


def _cell(value: Any, offset: int, kind: Kind) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Due):
        return _again(value.at, value.utc_offset)
    if isinstance(value, tuple):
        return " ".join(value)
    return written(value, offset) if kind is Kind.INSTANT else int(value)


assert len(COLUMNS) == 21 + len(DATA_COLUMNS) + 9, "the head, the data and the tail of a row are all there is"

"""Second chances for refused records: repaired by a person, replayed as they are, or dismissed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Row as TableRow

from cases.events import Outcome, Status
from core.access import Actor
from core.characters import has_control
from core.clock import Clock
from core.database import Database
from feeds import quarantine
from feeds.ingest import Ingest
from feeds.mapper import Mapper
from feeds.mapping import SourceMapping
from feeds.public_event import EventReader
from feeds.quarantine import Delivery
from feeds.readers.csv_rows import COMMA, parse_csv_line
from feeds.readers.jsonl import row_of_json
from feeds.readers.lines import REPLACEMENT
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed, Row

FindMapping = Callable[[str], SourceMapping]
Try = tuple[TableRow[Any], str]
"""A quarantined record and the text it is tried with."""
_AT_ONCE = 500
_IN = (Status.OK, Status.DUPLICATE)


class Repairs:
    """What people do with the quarantine."""

    def __init__(self, ingest: Ingest, database: Database, clock: Clock, reader: EventReader,
                 find_mapping: FindMapping) -> None:
        self._ingest, self._database, self._clock = ingest, database, clock
        self._reader, self._find_mapping = reader, find_mapping

    def repair(self, quarantine_id: int, new_raw: str, actor: Actor) -> Outcome:
        """Try the record again as corrected by a person; it leaves the quarantine when it is recorded.

        Raises NotFound, or Conflict when it was handled before.
        """
        with self._database.read() as conn:
            row = quarantine.get_open(conn, quarantine_id)
        return self._try_again([(row, new_raw)], actor)[quarantine_id]

    def replay(self, ids: Sequence[int], actor: Actor) -> dict[int, Outcome]:
        """Try records again as they came, after a code table was extended or a fault mended. Recorded in batches; a record
        that was handled before has no outcome. Raises Unavailable; what was recorded until then stays so.
        """
        outcomes: dict[int, Outcome] = {}
        for start in range(0, len(ids), _AT_ONCE):
            with self._database.read() as conn:
                rows = quarantine.open_among(conn, ids[start:start + _AT_ONCE])
            outcomes |= self._try_again([(row, row.raw) for row in rows], actor)
        return outcomes

    def replay_alike(self, quarantine_id: int, actor: Actor) -> Counter[Status]:
        """Replay every open record of the same source that was refused for the same reason. Raises NotFound."""
        with self._database.read() as conn:
            ids = quarantine.ids_alike(conn, quarantine_id)
        return Counter(outcome.status for outcome in self.replay(ids, actor).values())

    def dismiss(self, quarantine_id: int, actor: Actor) -> None:
        """Close a record that is of no use. Raises NotFound or Conflict."""
        with self._database.transaction() as conn:
            quarantine.get_open(conn, quarantine_id)
            quarantine.close(conn, quarantine_id, quarantine.DISMISSED, actor.name, self._clock.now_us())

    def _try_again(self, tries: Sequence[Try], actor: Actor) -> dict[int, Outcome]:
        find_mapping = cache(self._find_mapping)
        outcomes: dict[int, Outcome] = {}
        for delivery, part in _by_delivery(tries).items():
            parsed = [self._parse(row, raw, find_mapping) for row, raw in part]
            taken = iter(self._ingest.take(delivery, [one for records in parsed for one in records], keep_refused=0)[0])
            for (row, _raw), records in zip(part, parsed, strict=True):
                outcomes[row.id] = _worst(list(islice(taken, len(records))))
        self._settle(tries, outcomes, actor)
        return outcomes

    def _settle(self, tries: Sequence[Try], outcomes: dict[int, Outcome], actor: Actor) -> None:
        now_us = self._clock.now_us()
        with self._database.transaction() as conn:
            for row, raw in tries:
                if outcomes[row.id].status in _IN:
                    quarantine.close(conn, row.id, quarantine.REPAIRED, actor.name, now_us)
                else:
                    quarantine.refuse_again(conn, row, raw, outcomes[row.id], now_us)

    def _parse(self, row: TableRow[Any], raw: str, find_mapping: FindMapping) -> list[Parsed]:
        lost = _what_is_lost(row, raw)
        if lost is not None:
            return [_refused(lost, raw)]
        if has_control(raw):
            return [_refused(Refusal("control_character"), raw)]
        if not row.mapping:
            return [self._reader.parse(row.source, raw.encode())]
        mapping = find_mapping(quarantine.detail_of(row).get(quarantine.MAPPING, row.mapping))
        mapper = Mapper(mapping, row.origin, self._ingest.limits, row.source, self._ingest.default_area)
        try:
            record = _row_of(row, raw, mapping)
            parsed = [_whole(one) for one in mapper.map(record)]
            return _of_event(row, parsed) or [_refused(Refusal("record_invalid", problem="no event in it"), raw)]
        except Refusal as refusal:
            return [_refused(refusal, raw)]
        finally:
            mapper.close()


def _what_is_lost(row: TableRow[Any], raw: str) -> Refusal | None:
    """Why this text is less than the source sent, unless a person has made it whole."""
    lost = quarantine.detail_of(row).get(quarantine.LOST)
    if lost == quarantine.WRONG_ENCODING and REPLACEMENT in raw:
        return Refusal(lost, problem=f"{REPLACEMENT} stands where bytes could not be read")
    if lost == quarantine.KEPT_IN_PART and raw == row.raw:
        return Refusal(lost, problem=f"the first {len(raw)} characters are kept")
    if lost in quarantine.OF_A_FILE and raw == row.raw:
        return Refusal(lost, problem=quarantine.detail_of(row).get("problem", ""))
    return None


def _by_delivery(tries: Sequence[Try]) -> dict[Delivery, list[Try]]:
    parts: dict[Delivery, list[Try]] = {}
    for row, raw in tries:
        kind = "live" if row.origin == "http" else "file"
        parts.setdefault(Delivery(row.source, row.origin, row.mapping, kind, is_repair=True), []).append((row, raw))
    return parts


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    """One record may become several events: the first refusal, else how the first one went in."""
    return next((one for one in outcomes if one.status not in _IN), outcomes[0])


def _refused(refusal: Refusal, raw: str) -> Parsed:
    return Parsed(None, Rejection(refusal.as_outcome()), raw)


def _whole(parsed: Parsed) -> Parsed:
    """Somebody is repairing it: what still cannot be read is told to him instead of being left out."""
    return parsed if parsed.note is None else msgspec.structs.replace(parsed, event=None, rejection=parsed.note, note=None)


def _of_event(row: TableRow[Any], parsed: list[Parsed]) -> list[Parsed]:
    """What becomes of a record whose event was recorded without a value: a higher version of that event, and nothing of what
    else its record says."""
    detail = quarantine.detail_of(row)
    event_id = detail.get(quarantine.EVENT_ID)
    if event_id is None or not parsed:
        return parsed
    made = next((one for one in parsed if one.event is None or one.event.source_event_id == event_id), parsed[-1])
    if made.event is None:
        return [made]
    version = int(detail[quarantine.EVENT_VERSION]) + 1
    event = msgspec.structs.replace(made.event, source_event_id=event_id, source_version=version)
    return [msgspec.structs.replace(made, event=event)]


def _row_of(row: TableRow[Any], raw: str, mapping: SourceMapping) -> Row:
    """A record as JSON (how mapped records are kept), or a line of CSV under the header it came with."""
    detail = quarantine.detail_of(row)
    header = detail.get(quarantine.HEADER)
    if header and not raw.lstrip().startswith("{"):
        columns = tuple(msgspec.json.decode(header, type=list[str]))
        separator = detail.get(quarantine.SEPARATOR) or mapping.shape.separator or COMMA
        return parse_csv_line(raw, columns, separator, mapping.shape.guarded)
    return row_of_json(raw)


"""Second chances for refused records: repaired by a person, replayed as they are, or dismissed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row as TableRow

from cases.events import Outcome, Status
from core.access import Actor
from core.clock import Clock
from core.database import Database
from core.errors import Conflict
from feeds import quarantine
from feeds.ingest import Ingest
from feeds.mapper import Mapper
from feeds.mapping import SourceMapping
from feeds.public_event import EventReader
from feeds.quarantine import Delivery
from feeds.readers.csv_rows import parse_csv_line
from feeds.readers.jsonl import row_of_json
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed, Row

FindMapping = Callable[[str], SourceMapping]


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
        return self._try_again(quarantine_id, new_raw, actor)

    def replay(self, ids: Sequence[int], actor: Actor) -> dict[int, Outcome]:
        """Try records again as they are, after a code table was extended or a fault mended."""
        return {quarantine_id: self._try_again(quarantine_id, None, actor) for quarantine_id in ids}

    def dismiss(self, quarantine_id: int, actor: Actor) -> None:
        """Close a record that is of no use. Raises NotFound or Conflict."""
        with self._database.transaction() as conn:
            quarantine.get_open(conn, quarantine_id)
            quarantine.close(conn, quarantine_id, quarantine.DISMISSED, actor.name, self._clock.now_us())

    def _try_again(self, quarantine_id: int, new_raw: str | None, actor: Actor) -> Outcome:
        with self._database.read() as conn:
            row = quarantine.get_open(conn, quarantine_id)
        raw = row.raw if new_raw is None else new_raw
        delivery = Delivery(row.source, row.origin, row.mapping, "live" if row.origin == "http" else "file")
        batch = self._parse(row, raw)
        outcomes, _account = self._ingest.take(delivery, batch, keep_refused=0)
        outcome = next((one for one in outcomes if one.status not in (Status.OK, Status.DUPLICATE)), outcomes[0])
        self._settle(row, raw, outcome, actor)
        return outcome

    def _settle(self, row: TableRow[Any], raw: str, outcome: Outcome, actor: Actor) -> None:
        now_us = self._clock.now_us()
        with self._database.transaction() as conn:
            if outcome.status not in (Status.OK, Status.DUPLICATE):
                quarantine.refuse_again(conn, row, raw, outcome, now_us)
            elif not quarantine.close(conn, row.id, quarantine.REPAIRED, actor.name, now_us):
                raise Conflict("quarantined_record_handled", id=row.id)

    def _parse(self, row: TableRow[Any], raw: str) -> list[Parsed]:
        if not row.mapping:
            return [self._reader.parse(row.source, raw.encode())]
        mapping = quarantine.detail_of(row).get(quarantine.MAPPING, row.mapping)
        mapper = Mapper(self._find_mapping(mapping), row.origin, self._ingest.limits, row.source,
                        self._ingest.default_area)
        try:
            return list(mapper.map(_row_of(row, raw))) or [_refused(Refusal("record_invalid", problem="no event in it"), raw)]
        except Refusal as refusal:
            return [_refused(refusal, raw)]
        finally:
            mapper.close()


def _refused(refusal: Refusal, raw: str) -> Parsed:
    return Parsed(None, Rejection(refusal.as_outcome()), raw)


def _row_of(row: TableRow[Any], raw: str) -> Row:
    """A record as JSON (how mapped records are kept), or a line of CSV under the header it came with."""
    header = quarantine.detail_of(row).get(quarantine.HEADER)
    if header and not raw.lstrip().startswith("{"):
        return parse_csv_line(raw, tuple(msgspec.json.decode(header, type=list[str])))
    return row_of_json(raw)


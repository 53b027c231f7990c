"""What lets a stranger check a case against the record: its journal rows with their seals, and the public anchors behind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from cases.models import anchors, journal
from core.database import Database

_COLUMNS: Any = journal.c[
    "seq",
    "kind",
    "claimed_at",
    "utc_offset",
    "received_at",
    "source",
    "source_event_id",
    "source_version",
    "step",
    "payload",
    "chain",
    "chain_pos",
    "prev_mac",
    "mac",
]


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A journal row as its seal stands. The content itself is told by its digest only: it names people."""

    seq: int
    kind: str
    step: str
    claimed_at: int  # microseconds UTC
    utc_offset: int  # minutes east, as the source wrote it
    received_at: int
    source: str
    source_event_id: str
    source_version: int
    payload_sha256: str
    chain: str
    chain_pos: int
    prev_mac: str
    mac: str


@dataclass(frozen=True, slots=True)
class PublicAnchor:
    """A point of a chain published outside the database; `at` is microseconds UTC."""

    chain: str
    pos: int
    mac: str
    digest: str
    at: int


@dataclass(frozen=True, slots=True)
class CaseProof:
    """Rows in the order of the journal, and for every chain the first anchor that covers its last row, where there is one."""

    rows: list[SealedRow]
    anchors: list[PublicAnchor]


class Proofs:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_case(self, case_id: int) -> CaseProof:
        with self._database.read() as conn:
            rows = [
                _sealed(row)
                for row in conn.execute(select(*_COLUMNS).where(journal.c.case_id == case_id).order_by(journal.c.seq))
            ]
            last = {row.chain: row.chain_pos for row in rows}
            found = [_anchor_behind(conn, chain, pos) for chain, pos in sorted(last.items())]
        return CaseProof(rows, [anchor for anchor in found if anchor is not None])


def _sealed(row: Any) -> SealedRow:
    return SealedRow(
        row.seq,
        row.kind,
        row.step or "",
        row.claimed_at,
        row.utc_offset,
        row.received_at,
        row.source,
        row.source_event_id,
        row.source_version,
        hashlib.sha256(row.payload.encode()).hexdigest(),
        row.chain,
        row.chain_pos,
        bytes(row.prev_mac).hex(),
        bytes(row.mac).hex(),
    )


def _anchor_behind(conn: Connection, chain: str, pos: int) -> PublicAnchor | None:
    row = conn.execute(
        select(anchors).where(anchors.c.chain == chain, anchors.c.pos >= pos).order_by(anchors.c.pos).limit(1)
    ).first()
    return None if row is None else PublicAnchor(row.chain, row.pos, bytes(row.mac).hex(), bytes(row.digest).hex(), row.at)

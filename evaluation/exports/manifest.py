"""What an export says of itself: what was asked for, which files it is, and where the journal stood.

Who received it can tell later what he was given: the files by their SHA-256, the journal by its head and by the seal at the
end of every chain he has rows of, each with the newest public anchor of that chain (`app.py verify` checks those against the
record).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from cases.areas import Area
from cases.journal import chunks
from cases.models import anchors, chain_heads
from core.files import sha256_of
from evaluation.exports.slices import Slice


class FileEntry(msgspec.Struct, frozen=True):
    """One file of the export."""

    name: str
    bytes: int
    sha256: str


class ChainEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a chain ended when the export was made, and its newest anchor (`at` microseconds UTC)."""

    chain: str
    pos: int
    mac: str
    anchor_pos: int = 0
    anchor_mac: str = ""
    anchor_digest: str = ""
    anchor_at: int = 0


class AreaEntry(msgspec.Struct, frozen=True):
    """An area the rows belong to: without its calendar and ladder a receiver could not judge them."""

    area: str
    name: str
    calendar: str
    timezone: str
    preset: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Instants are microseconds UTC. `head`: the journal's last number; nothing recorded later is in the export."""

    program: str = "yangguang"
    dictionary: str
    format: str
    made_at: int
    made_by: str
    slice: Slice
    privacy: dict[str, str]
    head: int
    rows: int
    cases: int
    first_at: int | None
    last_at: int | None
    chains: Sequence[ChainEntry]
    areas: Sequence[AreaEntry]
    files: Sequence[FileEntry]


def file_entry(path: Path) -> FileEntry:
    """Its size and hash, as it lies on the disk."""
    return FileEntry(path.name, path.stat().st_size, sha256_of(path))


def chains_of(conn: Connection, chains: Collection[str]) -> list[ChainEntry]:
    """The heads of these chains with their newest anchors, by name."""
    wanted, a, found = sorted(chains), anchors.c, list[ChainEntry]()
    for part in chunks(wanted):
        heads = conn.execute(select(chain_heads).where(chain_heads.c.chain.in_(part)).order_by(chain_heads.c.chain)).all()
        last = select(a.chain, func.max(a.pos).label("pos")).where(a.chain.in_(part)).group_by(a.chain).subquery()
        newest = {row.chain: row for row in conn.execute(
            select(anchors).join(last, (a.chain == last.c.chain) & (a.pos == last.c.pos)))}
        found += [_chain(row, newest.get(row.chain)) for row in heads]
    return found


def area_entry(area: Area) -> AreaEntry:
    """An area as it is stored."""
    return AreaEntry(area.area, area.name, area.calendar, area.timezone, area.preset)


def read_areas(path: Path) -> list[AreaEntry]:
    """The areas a manifest names. Raises msgspec.DecodeError for what is no manifest."""
    return msgspec.json.decode(path.read_bytes(), type=_Areas).areas


class _Areas(msgspec.Struct):
    areas: list[AreaEntry]


def _chain(head: Any, anchor: Any) -> ChainEntry:
    mac = bytes(head.mac).hex()
    if anchor is None:
        return ChainEntry(head.chain, head.pos, mac)
    return ChainEntry(head.chain, head.pos, mac, anchor.pos, bytes(anchor.mac).hex(), bytes(anchor.digest).hex(), anchor.at)

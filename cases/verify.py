"""Verifies the journal's chains: an edited row, a removed row, a removed tail and a forked chain are noticed.

With the key and the database: every seal and every sealed head. With an export and the public anchors only (a stranger): the
order of each chain and the rolling digest at each anchor. This module imports nothing but `cases.chain`, so that it can be
read, and run, by itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases.chain import GENESIS, SEALED, ChainKeys, canonical, mac_of, next_digest, seal_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A published point of a chain: after so many rows its mac and rolling digest were these. `record`: the name of the
    record it is of, "" for one of before records had names."""

    chain: str
    pos: int
    mac: bytes
    digest: bytes
    at: int
    record: str = ""

    def as_line(self) -> str:
        return json.dumps({"chain": self.chain, "pos": self.pos, "mac": self.mac.hex(), "digest": self.digest.hex(),
                           "at": self.at} | ({"record": self.record} if self.record else {}), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in which chain, at which row."""

    chain: str
    pos: int
    code: str


@dataclass(slots=True)
class ChainCheck:
    """Walks one chain row by row. `digests` keeps the digest at the positions asked for."""

    chain: str
    key: bytes | None
    anchors: dict[int, Anchor]
    pos: int = 0
    mac: bytes = GENESIS
    digest: bytes = GENESIS
    faults: list[Fault] = field(default_factory=list)

    def take(self, row: Row) -> None:
        """The next row in the order of chain_pos."""
        pos, mac, prev_mac = int(row["chain_pos"]), bytes(row["mac"]), bytes(row["prev_mac"])
        if pos == self.pos:
            self._fault(pos, "chain_forked")
        elif pos != self.pos + 1:
            self._fault(self.pos + 1, "row_removed")
        elif prev_mac != self.mac:
            self._fault(pos, "link_broken")
        sealed = canonical([row[name] for name in SEALED])
        if self.key is not None and mac_of(self.key, prev_mac, sealed) != mac:
            self._fault(pos, "row_edited")
        self.pos, self.mac, self.digest = pos, mac, next_digest(self.digest, sealed, mac)
        self._compare_anchor(self.anchors.pop(pos, None))

    def end(self, head: tuple[int, bytes, bytes] | None) -> None:
        """No more rows. `head` is the stored (pos, mac, seal) when the database is at hand."""
        if head is not None:
            self._compare_head(*head)
        for pos in sorted(self.anchors):
            self._fault(pos, "tail_removed")

    def _compare_head(self, pos: int, mac: bytes, seal: bytes) -> None:
        if self.key is not None and seal_of(self.key, pos, mac) != seal:
            self._fault(pos, "head_forged")
        if pos > self.pos:
            self._fault(self.pos + 1, "tail_removed")
        elif pos < self.pos or mac != self.mac:
            self._fault(pos, "head_differs")

    def _compare_anchor(self, anchor: Anchor | None) -> None:
        if anchor is not None and (anchor.mac != self.mac or anchor.digest != self.digest):
            self._fault(anchor.pos, "anchor_differs")

    def _fault(self, pos: int, code: str) -> None:
        self.faults.append(Fault(self.chain, pos, code))


def check_rows(rows: Iterable[Row], anchors: Iterable[Anchor], keys: ChainKeys | None = None,
               heads: Mapping[str, tuple[int, bytes, bytes]] | None = None) -> tuple[int, list[Fault]]:
    """Check rows that come chain by chain in the order of chain_pos. Returns (rows read, faults)."""
    by_chain, faults = _anchors_by_chain(anchors)
    left_heads, count = dict(heads or {}), 0
    check: ChainCheck | None = None
    for row in rows:
        if check is None or check.chain != row["chain"]:
            _finish(check, left_heads, faults, heads is not None)
            chain = row["chain"]
            check = ChainCheck(chain, keys.key(chain) if keys else None, by_chain.pop(chain, {}))
        check.take(row)
        count += 1
    _finish(check, left_heads, faults, heads is not None)
    gone = {*left_heads, *by_chain}
    faults.extend(Fault(chain, 1, "chain_removed") for chain in sorted(gone))
    return count, faults


def _anchors_by_chain(anchors: Iterable[Anchor]) -> tuple[dict[str, dict[int, Anchor]], list[Fault]]:
    """Anchors by chain and position. Two that contradict each other show a chain that was rolled back and grew anew."""
    by_chain: dict[str, dict[int, Anchor]] = {}
    faults: list[Fault] = []
    for anchor in anchors:
        first = by_chain.setdefault(anchor.chain, {}).setdefault(anchor.pos, anchor)
        if (first.mac, first.digest) != (anchor.mac, anchor.digest):
            faults.append(Fault(anchor.chain, anchor.pos, "anchor_differs"))
    return by_chain, faults


def _finish(check: ChainCheck | None, heads: dict[str, tuple[int, bytes, bytes]], faults: list[Fault],
            with_heads: bool) -> None:
    if check is None:
        return
    head = heads.pop(check.chain, None)
    check.end(head)
    if with_heads and head is None:
        check.faults.append(Fault(check.chain, check.pos, "head_removed"))
    faults.extend(check.faults)


def read_anchors(folder: Path) -> Iterator[Anchor]:
    """Every anchor of the public anchor files (*.jsonl) in a folder, or in one file."""
    files = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            yield Anchor(entry["chain"], entry["pos"], bytes.fromhex(entry["mac"]), bytes.fromhex(entry["digest"]),
                         entry["at"], entry.get("record", ""))


def of_record(anchors: Iterable[Anchor], record: str) -> list[Anchor]:
    """The anchors a record is held to: its own; a record without a name is held to all there are."""
    return [anchor for anchor in anchors if not record or anchor.record == record]


def export_line(row: Row) -> str:
    """A journal row as one line of an export: bytes as base64."""
    return json.dumps({name: base64.b64encode(bytes(value)).decode() if isinstance(value, bytes | memoryview) else value
                       for name, value in row.items()}, ensure_ascii=False)


def read_export(file: Path) -> Iterator[Row]:
    """The rows of an export, chain by chain."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for name in ("event_id", "mac", "prev_mac"):
                row[name] = base64.b64decode(row[name])
            yield row

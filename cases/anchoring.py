"""Anchors: points of the chains published outside the database, and the reads the verifier needs of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, func, select

from cases.chain import GENESIS, SEALED, ChainKeys, canonical, mac_of, next_digest
from cases.events import case_id_of
from cases.models import anchors, chain_heads, journal
from cases.record_name import MARK, RecordName
from cases.verify import Anchor, Fault, check_rows, of_record, read_anchors
from core.database import Database, bulk_insert
from core.errors import ConfigError
from core.unit_of_work import UnitOfWorkFactory

_ROW_COLUMNS = (*SEALED, "case_id", "prev_mac", "mac")


class Anchorer:
    """Writes an anchor for every chain that has grown by `every` rows since its last one (or by any, when forced)."""

    def __init__(self, uow: UnitOfWorkFactory, every: int, folder: Path, name: RecordName) -> None:
        self._uow, self._every, self._folder, self._name = uow, every, folder, name

    def anchor(self, force: bool = False) -> list[Anchor]:
        """Anchor what has grown, in the database and in the folder. The file is written before the commit: an anchor
        published twice is harmless, one never published is not. Raises ConfigError (`journal_key_differs`)."""
        with self._uow() as uow:
            record = self._name.read(uow.conn)
            made = [replace(self._extend(uow.conn, chain, last, uow.now_us), record=record)
                    for chain, last in self._grown(uow.conn, 1 if force else self._every)]
            self._publish(made)
            bulk_insert(uow.conn, anchors, ("chain", "pos", "mac", "digest", "at"),
                        [(a.chain, a.pos, a.mac, a.digest, a.at) for a in made])
        return made

    def _grown(self, conn: Connection, by: int) -> list[tuple[str, Anchor]]:
        last = {row.chain: Anchor(row.chain, row.pos, bytes(row.mac), bytes(row.digest), row.at)
                for row in conn.execute(_last_anchors()).all()}
        heads = conn.execute(select(*chain_heads.c["chain", "pos"])).all()
        start = {chain: last.get(chain, Anchor(chain, 0, GENESIS, GENESIS, 0)) for chain, _pos in heads}
        return [(chain, start[chain]) for chain, pos in heads if pos >= start[chain].pos + by]

    def _extend(self, conn: Connection, chain: str, last: Anchor, now_us: int) -> Anchor:
        pos, mac, digest = last.pos, last.mac, last.digest
        statement = (select(*journal.c[_ROW_COLUMNS]).where(journal.c.chain == chain, journal.c.chain_pos > last.pos)
                     .order_by(journal.c.chain_pos))
        for row in conn.execute(statement).mappings():
            pos, mac = row["chain_pos"], bytes(row["mac"])
            digest = next_digest(digest, canonical([row[name] for name in SEALED]), mac)
        return Anchor(chain, pos, mac, digest, now_us)

    def _publish(self, made: list[Anchor]) -> None:
        if not made:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        month = datetime.fromtimestamp(made[0].at / 1e6, UTC).strftime("%Y-%m")
        with (self._folder / f"anchors-{month}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(anchor.as_line() + "\n" for anchor in made)


def verify_database(database: Database, keys: ChainKeys, anchor_folder: Path) -> tuple[int, list[Fault]]:
    """Check every row, head and published anchor of a database with the installation's key. Raises ConfigError
    (`journal_key_differs`) when neither name nor first row is sealed with it."""
    published = list(read_anchors(anchor_folder)) if anchor_folder.exists() else []
    with database.snapshot() as conn:
        name, forged = _name_of(conn, keys)
        published = of_record(published, name)
        heads = {row.chain: (row.pos, bytes(row.mac), bytes(row.seal)) for row in conn.execute(select(chain_heads))}
        kept = [Anchor(row.chain, row.pos, bytes(row.mac), bytes(row.digest), row.at)
                for row in conn.execute(select(anchors))]
        moved: list[Fault] = []
        count, faults = check_rows(_with_their_cases(rows_by_chain(conn), moved), [*kept, *published], keys, heads)
        return count, forged + faults + moved


def _name_of(conn: Connection, keys: ChainKeys) -> tuple[str, list[Fault]]:
    """A name that is not sealed with the key of the rows was forged: then every anchor counts, as without a name."""
    try:
        return RecordName(keys).read(conn), []
    except ConfigError:
        first = conn.execute(select(*journal.c[_ROW_COLUMNS]).limit(1)).mappings().first()
        if first is None or mac_of(keys.key(first["chain"]), bytes(first["prev_mac"]),
                                   canonical([first[column] for column in SEALED])) != bytes(first["mac"]):
            raise
        return "", [Fault(MARK, 0, "name_forged")]


def _with_their_cases(rows: Iterator[dict[str, Any]], moved: list[Fault]) -> Iterator[dict[str, Any]]:
    """The case's number is derived from sealed columns and not sealed itself: a row that was moved to another case."""
    for row in rows:
        if row["case_id"] != case_id_of(row["area"], row["case_no"]):
            moved.append(Fault(row["chain"], row["chain_pos"], "row_moved"))
        yield row


def rows_by_chain(conn: Connection) -> Iterator[dict[str, Any]]:
    """Every journal row as a plain mapping, chain by chain in the order of chain_pos."""
    statement = select(*journal.c[_ROW_COLUMNS]).order_by(journal.c.chain, journal.c.chain_pos, journal.c.seq)
    for row in conn.execute(statement, execution_options={"yield_per": 5_000}).mappings():
        yield {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


def _last_anchors() -> Any:
    newest = select(anchors.c.chain, func.max(anchors.c.pos).label("pos")).group_by(anchors.c.chain).subquery()
    return select(anchors).join(newest, and_(anchors.c.chain == newest.c.chain, anchors.c.pos == newest.c.pos))

"""Whether the store says what the journal says: its files whole, its events and cases those of the record, month by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
from sqlalchemy import BigInteger, Connection, cast, func, select

from cases.models import case_table, journal
from core.database import Database
from core.files import sha256_of
from core.instants import DAY_US, MINUTE_US, date_of
from evaluation.history.contents import Content, Contents, Store
from evaluation.history.engine import engine, files_of
from evaluation.history.writer import newest_cases

_BEFORE = 36_525 * DAY_US  # a century: both databases divide towards zero, and there are dates before 1970
_j = journal.c


@dataclass(frozen=True, slots=True)
class Difference:
    """`code`: file_missing, file_differs, file_stray, file_unreadable, events_differ, cases_differ; what stands there and what
    should."""

    code: str
    place: str
    kept: str
    true: str


class HistoryCheck:
    """Reads only; a store that is being written may show strays."""

    def __init__(self, database: Database, store: Store, memory_mib: int) -> None:
        self._database, self._store, self._memory_mib = database, store, memory_mib

    def check(self) -> list[Difference]:
        """Everything that is wrong. Events and cases are compared up to the row the store ends with."""
        contents = self._store.read()
        faults = [*self._files(contents), *self._strays(contents)]
        if any(fault.code == "file_missing" for fault in faults) or not contents.of(Content.EVENTS):
            return faults
        with self._database.snapshot() as conn:
            try:
                return [*faults, *self._events(conn, contents), *self._cases(conn, contents)]
            except duckdb.Error as error:
                return [*faults, Difference("file_unreadable", "", str(error).partition("\n")[0][:200], "")]

    def _files(self, contents: Contents) -> Iterator[Difference]:
        for part in contents.parts:
            path = self._store.path(part)
            if not path.is_file():
                yield Difference("file_missing", part.name, "", part.sha256)
            elif (found := sha256_of(path)) != part.sha256:
                yield Difference("file_differs", part.name, found, part.sha256)

    def _strays(self, contents: Contents) -> Iterator[Difference]:
        named = {part.name for part in contents.parts} | {one.name for one in contents.retired}
        for path in self._store.strays(named):
            yield Difference("file_stray", path.relative_to(self._store.folder).as_posix(), "", "")

    def _events(self, conn: Connection, contents: Contents) -> Iterator[Difference]:
        """Per month and kind: how many, and the sum of their numbers, so that none stands for another."""
        parts = contents.of(Content.EVENTS)
        kept = self._asked(f"SELECT strftime(day, '%Y-%m'), kind, count(*), sum(seq) FROM {files_of(self._store, parts)} "
                           "GROUP BY 1, 2")
        gone = self._superseded(conn, contents)
        yield from _differences("events_differ", _summed(kept), _true_events(conn, contents.head, gone))

    def _superseded(self, conn: Connection, contents: Contents) -> set[int]:
        """Replaced events that are no longer in the files: those of months made one."""
        parts = contents.of(Content.SUPERSEDED)
        if not parts:
            return set()
        events = files_of(self._store, contents.of(Content.EVENTS))
        return {row[0] for row in self._asked(f"SELECT DISTINCT seq FROM {files_of(self._store, parts)} "
                                              f"WHERE seq NOT IN (SELECT seq FROM {events})")}

    def _cases(self, conn: Connection, contents: Contents) -> Iterator[Difference]:
        """Per department and state. Cases touched since are left out on both sides."""
        since = select(_j.case_id).where(_j.seq > contents.head).distinct()
        moved = set(conn.execute(since).scalars())
        rows = self._asked(f"SELECT org, state, case_id FROM ({newest_cases(self._store, contents)})")
        kept = Counter((org, state) for org, state, case_id in rows if case_id not in moved)
        c = case_table.c
        told = conn.execute(select(c.org, c.state, func.count()).where(c.case_id.not_in(since)).group_by(c.org, c.state))
        yield from _differences("cases_differ", {key: (count,) for key, count in kept.items()},
                                {(org, state): (count,) for org, state, count in told})

    def _asked(self, statement: str) -> list[Any]:
        with engine(self._store.folder, self._memory_mib, 1) as connection:
            return connection.execute(statement).fetchall()


def _true_events(conn: Connection, head: int, gone: set[int]) -> dict[tuple[str, str], tuple[int, ...]]:
    day = (_j.claimed_at + cast(_j.utc_offset, BigInteger) * MINUTE_US + _BEFORE) // DAY_US - _BEFORE // DAY_US
    known = select(day.label("day"), _j.kind, _j.seq).where(_j.seq <= head).subquery().c
    statement = select(known.day, known.kind, func.count(), func.sum(known.seq)).group_by(known.day, known.kind)
    true = _summed((f"{date_of(int(one)):%Y-%m}", kind, count, total) for one, kind, count, total in conn.execute(statement))
    for seq in gone:
        row = conn.execute(select(_j.claimed_at, _j.utc_offset, _j.kind).where(_j.seq == seq)).one()
        key = (f"{date_of((row.claimed_at + row.utc_offset * MINUTE_US) // DAY_US):%Y-%m}", row.kind)
        count, total = true[key]
        true[key] = (count - 1, total - seq)
    return {key: value for key, value in true.items() if value[0]}


def _summed(rows: Any) -> dict[tuple[str, str], tuple[int, ...]]:
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for month, kind, count, total in rows:
        before = found.get((month, kind), (0, 0))
        found[month, kind] = (before[0] + int(count), before[1] + int(total))
    return found


def _differences(code: str, kept: dict[Any, tuple[int, ...]], true: dict[Any, tuple[int, ...]]) -> Iterator[Difference]:
    for key in sorted({*kept, *true}, key=str):
        if kept.get(key) != true.get(key):
            yield Difference(code, " ".join(str(part) for part in key), str(kept.get(key)), str(true.get(key)))

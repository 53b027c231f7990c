"""Takes new events and the cases they touched into the store, round by round; makes many files one; makes all anew; checks.

A round reads one state of the record. Events go to the month of the date their source wrote; those of a month that was made one
file already go to a file of corrections beside it. A case stands in the store as it stood after the last round that touched it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from sqlalchemy import Connection, select

from cases.journal import chunks
from cases.models import case_table, journal
from core.database import Database
from core.instants import date_of, local_day
from core.models import ledger
from evaluation.history.contents import Content, Contents, Part, Retired, Standing, Store, broken
from evaluation.history.engine import Columns, Drafts, engine, files_of
from evaluation.history.shapes import (
    CASES,
    CASES_READ,
    EVENTS,
    EVENTS_READ,
    SUPERSEDED,
    case_row,
    day_written,
    event_row,
)

_COLUMNS: dict[Content, Columns] = {Content.EVENTS: EVENTS, Content.CASES: CASES, Content.SUPERSEDED: SUPERSEDED}
_j = journal.c
_READ_AT_ONCE = 5_000
_BEIJING_MIN = 480


@dataclass(frozen=True, slots=True)
class WriterRules:
    """From the settings."""

    round_rows: int
    compact_parts: int
    settle_days: int
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: events and cases written, of the events those that came late, where the store stands now."""

    events: int
    cases: int
    late: int
    head: int
    behind: int


class HistoryWriter:
    """The writing side. Every method takes the store's lock and raises Conflict (`history_busy`) when another has it."""

    def __init__(self, database: Database, store: Store, rules: WriterRules, now_us: Callable[[], int]) -> None:
        self._database, self._store, self._rules, self._now_us = database, store, rules, now_us

    def work(self) -> Round:
        """The job: take in all there is, then make one of what is many."""
        with self._store.writing():
            contents = self._swept(self._store.read())
            contents, done = self._taken_in(contents, commit=True)
            self._compacted(contents)
            return done

    def rebuild(self) -> Round:
        """All anew. Until the last file is there, the old store is what is read."""
        with self._store.writing():
            try:
                before = self._store.read()
            except Exception:  # noqa: BLE001 - contents nobody can read are a reason to make them anew
                before = Contents()
            before = self._swept(before)
            fresh, done = self._taken_in(Contents(generation=before.generation + 1), commit=False)
            self._store.replace(msgspec.structs.replace(fresh, retired=self._retired(before, before.parts)))
            self._compacted(self._store.read())
            return done

    # Taking in -------------------------------------------------------------------------------------------------------

    def _taken_in(self, contents: Contents, *, commit: bool) -> tuple[Contents, Round]:
        """Round after round until nothing is left; each is a step of its own, unless all are one (a rebuild)."""
        events = cases = late = 0
        while True:
            contents, done = self._round(contents)
            events, cases, late = events + done.events, cases + done.cases, late + done.late
            if commit and done.events:
                self._store.replace(contents)
            if not done.events or not done.behind:
                return contents, Round(events, cases, late, contents.head, done.behind)

    def _round(self, contents: Contents) -> tuple[Contents, Round]:
        with self._database.snapshot() as conn:
            head = conn.execute(select(ledger.c.journal_head)).scalar() or 0
            _check_same_journal(conn, contents, head)
            upto = min(head, contents.head + self._rules.round_rows)
            if upto <= contents.head:
                return contents, Round(0, 0, 0, contents.head, 0)
            drafts = Drafts(self._store, self._rules.memory_mib, contents.generation)
            try:
                taken = self._read(conn, contents, upto, drafts)
                parts = drafts.finish(_COLUMNS, upto)
            finally:
                drafts.close()
        grown = msgspec.structs.replace(contents, head=upto, mac=taken.mac, parts=(*contents.parts, *parts))
        return grown, Round(taken.events, taken.cases, taken.late, upto, head - upto)

    def _read(self, conn: Connection, contents: Contents, upto: int, drafts: Drafts) -> _Taken:
        taken, touched = _Taken(), set[int]()
        made_one = {part.month for part in contents.of(Content.EVENTS, Standing.BASE)}
        statement = (select(*EVENTS_READ).join(case_table, case_table.c.case_id == _j.case_id)
                     .where(_j.seq > contents.head, _j.seq <= upto).order_by(_j.seq))
        with conn.execute(statement, execution_options={"yield_per": _READ_AT_ONCE}) as result:
            for row in result:
                day = day_written(row.claimed_at, row.utc_offset)
                month = f"{day:%Y-%m}"
                is_late = month in made_one
                drafts.add(Content.EVENTS, Standing.LATE if is_late else Standing.NEW, month, event_row(row, day))
                touched.add(row.case_id)
                taken.events += 1
                taken.late += is_late
                taken.mac = bytes(row.mac).hex()
        taken.cases = self._read_cases(conn, sorted(touched), upto, drafts)
        return taken

    def _read_cases(self, conn: Connection, touched: Sequence[int], upto: int, drafts: Drafts) -> int:
        count = 0
        for part in chunks(touched):
            for row in conn.execute(select(*CASES_READ).where(case_table.c.case_id.in_(part))):
                drafts.add(Content.CASES, Standing.NEW, "", case_row(row, upto))
                count += 1
            for seq in _superseded(conn, part, upto):
                drafts.add(Content.SUPERSEDED, Standing.NEW, "", (seq,))
        return count

    # Making one of many ----------------------------------------------------------------------------------------------

    def _compacted(self, contents: Contents) -> None:
        for month in self._months_due(contents):
            contents = self._month_made_one(contents, month)
            self._store.replace(contents)
        if len(contents.of(Content.CASES, Standing.NEW)) >= self._rules.compact_parts:
            self._store.replace(self._cases_made_one(contents))

    def _months_due(self, contents: Contents) -> list[str]:
        """Months over for so long that are in loose files still, and any month with too many."""
        loose = Counter(part.month for part in contents.of(Content.EVENTS, Standing.NEW, Standing.LATE))
        made_one = {part.month for part in contents.of(Content.EVENTS, Standing.BASE)}
        settled = date_of(local_day(self._now_us(), _BEIJING_MIN)) - timedelta(days=self._rules.settle_days)
        return sorted(month for month, count in loose.items()
                      if count >= self._rules.compact_parts or (month not in made_one and _begin_of_next(month) <= settled))

    def _month_made_one(self, contents: Contents, month: str) -> Contents:
        old = [part for part in contents.of(Content.EVENTS) if part.month == month]
        replaced = superseded_in(self._store, contents)
        return self._made_one(contents, old, f"SELECT * FROM {files_of(self._store, old)}{replaced} ORDER BY claimed_at, seq",
                              Content.EVENTS, month)

    def _cases_made_one(self, contents: Contents) -> Contents:
        old = contents.of(Content.CASES)
        newest = f"SELECT * FROM ({newest_cases(self._store, contents)}) ORDER BY opened_at, case_id"
        return self._made_one(contents, old, newest, Content.CASES, "")

    def _made_one(self, contents: Contents, old: Sequence[Part], query: str, content: Content, month: str) -> Contents:
        drafts = Drafts(self._store, self._rules.memory_mib, contents.generation)
        with engine(self._store.folder, self._rules.memory_mib, 1) as connection:
            made = drafts.write(connection, query, content, Standing.BASE, month, max(part.upto for part in old))
        kept = tuple(part for part in contents.parts if part not in old)
        return msgspec.structs.replace(contents, parts=(*kept, made), retired=self._retired(contents, old))

    def _retired(self, contents: Contents, old: Sequence[Part]) -> tuple[Retired, ...]:
        return (*contents.retired, *(Retired(part.name, self._now_us()) for part in old))

    def _swept(self, contents: Contents) -> Contents:
        swept = self._store.sweep(contents, self._now_us())
        if swept != contents:
            self._store.replace(swept)
        return swept


@dataclass(slots=True)
class _Taken:
    events: int = 0
    cases: int = 0
    late: int = 0
    mac: str = ""


def superseded_in(store: Store, contents: Contents) -> str:
    """The condition that leaves out events a higher version replaced; nothing where there are none."""
    parts = contents.of(Content.SUPERSEDED)
    return f" WHERE seq NOT IN (SELECT seq FROM {files_of(store, parts)})" if parts else ""


def newest_cases(store: Store, contents: Contents) -> str:
    """Every case once, as it stood last."""
    base, new = contents.of(Content.CASES, Standing.BASE), contents.of(Content.CASES, Standing.NEW)
    newest = (f"SELECT * FROM {files_of(store, new)} QUALIFY row_number() OVER (PARTITION BY case_id ORDER BY as_of DESC) = 1")
    if not new:
        return f"SELECT * FROM {files_of(store, base)}"
    if not base:
        return newest
    return (f"WITH newest AS MATERIALIZED ({newest}) SELECT * FROM {files_of(store, base)} "
            "WHERE case_id NOT IN (SELECT case_id FROM newest) UNION ALL SELECT * FROM newest")


def _check_same_journal(conn: Connection, contents: Contents, head: int) -> None:
    """Raises Conflict (`history_broken`) when the store is of another journal: one restored from a copy, or made anew."""
    if not contents.head:
        return
    mac = conn.execute(select(_j.mac).where(_j.seq == contents.head)).scalar()
    if contents.head > head or mac is None or bytes(mac).hex() != contents.mac:
        raise broken(f"row {contents.head} of the journal is not the one the store ends with")


def _superseded(conn: Connection, case_ids: Sequence[int], upto: int) -> Iterator[int]:
    """Events of these cases that a higher version of their source replaced, up to a row of the journal."""
    of_these = select(_j.case_id).where(_j.case_id.in_(case_ids), _j.source_version > 1, _j.seq <= upto).distinct()
    rows = conn.execute(select(_j.seq, _j.source, _j.source_event_id, _j.source_version)
                        .where(_j.case_id.in_(of_these), _j.seq <= upto)).all()
    highest: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.source, row.source_event_id)
        highest[key] = max(row.source_version, highest.get(key, 0))
    return (row.seq for row in rows if row.source_version < highest[row.source, row.source_event_id])


def _begin_of_next(month: str) -> date:
    year, number = (int(part) for part in month.split("-"))
    return date(year + number // 12, number % 12 + 1, 1)

"""Work on the store as a whole: remove what nobody names, look whether everything named is there, carry it to another store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from approval.materials import Materials
from approval.matters import Draft
from approval.models import hosted_drafts, hosted_papers, hosted_payments, hosted_step_papers
from approval.stores import Store
from core.clock import Clock, SystemClock
from core.database import Database
from core.errors import NotFound, UpstreamError
from core.instants import DAY_US

_draft = msgspec.json.Decoder(Draft).decode


@dataclass(frozen=True, slots=True)
class Check:
    """What became of the files that are named: digests of those missing and of those that are not what they were."""

    files: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]


class Storekeeper:
    """`kept_days`: a file younger than that may belong to an application that is still being written. Stores tell real time, so
    the clock is the real one, also where a demonstration simulates another."""

    def __init__(self, database: Database, materials: Materials, kept_days: int, clock: Clock | None = None) -> None:
        self._database, self._materials, self._kept_days = database, materials, kept_days
        self._clock = clock or SystemClock()

    def sweep(self, *, is_dry: bool = False) -> int:
        """Remove files no case and no draft names, and halves a crash left; how many."""
        store, oldest = self._materials.store, self._clock.now_us() - self._kept_days * DAY_US
        old = [one.sha256 for one in store.each() if one.at_us < oldest]
        with self._database.read() as conn:  # after the listing: what was named meanwhile stays
            orphans = sorted(set(old) - named(conn))
        for sha256 in orphans if not is_dry else ():
            with suppress(NotFound):  # another process was first
                store.forget(sha256, oldest)
        return len(orphans)

    def check(self) -> Check:
        """Read everything that is named to its last byte."""
        missing, damaged, files = [], [], 0
        for sha256 in self._all_named():
            files += 1
            try:
                self._materials.open(sha256).close()
            except NotFound:
                missing.append(sha256)
            except UpstreamError as failure:
                if not failure.permanent:
                    raise
                damaged.append(sha256)
        return Check(files, tuple(missing), tuple(damaged))

    def carry(self, to: Store) -> int:
        """Copy everything that is named to another store, verified on the way; how many. What is there already is kept again,
        so it can be broken off and begun anew. Nothing is removed here."""
        count = 0
        for sha256 in self._all_named():
            with self._materials.open(sha256) as file:
                to.keep(sha256, file, file.seek(0, 2))
            count += 1
        return count

    def _all_named(self) -> Iterator[str]:
        with self._database.read() as conn:
            found = named(conn)
        yield from sorted(found)


def named(conn: Connection) -> set[str]:
    """Digests of every file a case or a draft has."""
    papers = select(hosted_papers.c.sha256).where(hosted_papers.c.sha256.is_not(None)).distinct()
    found = {str(one) for one in conn.scalars(papers)}
    found.update(map(str, conn.scalars(select(hosted_step_papers.c.sha256).distinct())))
    slips = hosted_payments.c.sha256
    found.update(map(str, conn.scalars(select(slips).where(slips.is_not(None)).distinct())))
    for content in conn.scalars(select(hosted_drafts.c.content)):
        found.update(upload.sha256 for upload in _draft(content).uploads)
    return found

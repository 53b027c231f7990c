"""Removes from the public site what it needs no more: files no row names, and what an application said once it is inside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import select, update

from approval.stores import Store
from core.clock import Clock
from core.database import Database
from core.instants import DAY_US
from exchange.outer.models import bulletins, cases, drafts, outgoing, submissions, unapplied

ROWS_AT_ONCE = 200
_NAMED_IN = (drafts.c.content, submissions.c.content, outgoing.c.body, cases.c.told, bulletins.c.told,
             unapplied.c.body)
_DIGEST = re.compile(r'"([0-9a-f]{64})"')


class Sweeping:
    """`file_days`: a file younger than that may belong to a draft, or to a case that is just being told. `carried_days`: for so
    long the inside may ask again for what it took in."""

    def __init__(self, database: Database, store: Store, clock: Clock, file_days: int, carried_days: int) -> None:
        self._database, self._store, self._clock = database, store, clock
        self._file_us, self._carried_us = file_days * DAY_US, carried_days * DAY_US

    def sweep(self) -> int:
        """How many files went."""
        self._forget_carried()
        oldest = self._clock.now_us() - self._file_us
        old = {one.sha256 for one in self._store.each() if one.at_us < oldest}
        if old:
            old.difference_update(self._named())  # after the listing: what was named meanwhile stays
        for sha256 in sorted(old):
            self._store.forget(sha256, oldest)
        return len(old)

    def _forget_carried(self) -> None:
        """What is inside is shown as the inside tells it; only a refused application is taken back."""
        before, s = self._clock.now_us() - self._carried_us, submissions.c
        with self._database.transaction() as conn:
            conn.execute(update(submissions).where(s.state == "carried", s.answered_at < before, s.content != "")
                         .values(content=""))

    def _named(self) -> Iterator[str]:
        """Every digest in a draft, an application, an envelope that may be asked for (again), or a case as it is shown."""
        with self._database.read() as conn:
            for column in _NAMED_IN:
                for text in conn.scalars(select(column)).yield_per(ROWS_AT_ONCE):
                    yield from _DIGEST.findall(text)

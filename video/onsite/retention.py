"""How long pictures of signals and references stay: `vision.picture_days` after what they show is over, longer while a card
that came of the signal is still needed. A row stays with the hash of its picture, so that a copy somebody took can be checked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from sqlalchemy import ColumnElement, Table, and_, or_, select, update

from core.clock import Clock
from core.instants import DAY_US
from core.unit_of_work import UnitOfWorkFactory
from video.models import seat_references, video_signals
from video.onsite.service import State
from video.pictures import PictureStore
from video.references import State as ReferenceState

log = logging.getLogger(__name__)
BATCH = 500
OVER = (ReferenceState.REFUSED.value, ReferenceState.RETIRED.value)
Needed = Callable[[Mapping[int, str]], Collection[int]]  # of signals (number: kind) those whose card is still needed


class PictureRetention:
    """Deletes what may go. `machine` is real time."""

    def __init__(self, units: UnitOfWorkFactory, pictures: PictureStore, days: int, machine: Clock) -> None:
        self._units, self._pictures, self._days, self._machine = units, pictures, days, machine

    def run(self, needed: Needed) -> int:
        """Everything that is due; returns how many files went. Asked again it does nothing more."""
        before = self._machine.now_us() - self._days * DAY_US
        self._release_signals(before, needed)
        r = seat_references.c
        self._clear(seat_references, and_(r.picture != "", r.state.in_(OVER), r.changed_at < before))
        with self._units.database.read() as conn:
            used = {path for table in (video_signals, seat_references)
                    for path in conn.execute(select(table.c.picture).where(table.c.picture != "")).scalars()}
        gone = self._pictures.remove_all_but(used, self._machine.now_us() - DAY_US)
        if gone:
            log.info("pictures of signals: removed %d files", gone)
        return gone

    def _release_signals(self, before: int, needed: Needed) -> None:
        s, last = video_signals.c, 0
        is_over = or_(s.ended_at < before, and_(s.state == State.REJECTED.value, s.decided_at < before))
        wanted = select(s.id, s.kind).where(s.picture != "", is_over).order_by(s.id)
        while True:
            with self._units.database.read() as conn:
                found = {row.id: row.kind for row in conn.execute(wanted.where(s.id > last).limit(BATCH))}
            if not found:
                return
            last = max(found)
            self._clear(video_signals, s.id.in_(sorted(found.keys() - set(needed(found)))))

    def _clear(self, table: Table, condition: ColumnElement[bool]) -> None:
        with self._units() as uow:
            uow.conn.execute(update(table).where(condition).values(picture=""))

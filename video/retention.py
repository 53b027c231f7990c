"""How long recordings stay: `keep_days`, less where the disk needs room, longer where they are evidence.

Segments go by age. Where less than `free_min_mib` is left on the disk, the oldest segments go earlier, and the timeline says
so; a segment that a clip still has to be made from never goes, nor does a clip. A clip stays as long as its card needs it,
then `evidence_keep_days` more.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from core.clock import Clock, SystemClock
from core.instants import DAY_US, SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.footage.events import RoomEnough, RoomShort
from video.footage.models import video_clips, video_gaps, video_segments
from video.segments import reason

log = logging.getLogger(__name__)
MIB = 1 << 20
BATCH = 200
MARGIN_US = 60 * SECOND_US  # around what a pending clip still needs: the key frame before it lies there
JOINED_US = 5 * SECOND_US


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days, and MiB left free on the disk of the recordings."""

    keep_days: int = 30
    free_min_mib: int = 2048
    evidence_keep_days: int = 30


@dataclass(slots=True)
class Removed:
    """What a run removed: segments by age, segments for room, clips."""

    aged: int = 0
    early: int = 0
    clips: int = 0


class Retention:
    """Deletes what may go. `needed(card ids)`: those whose evidence somebody may still ask for."""

    def __init__(self, units: UnitOfWorkFactory, recordings: Path, evidence: Path, rules: RetentionRules,
                 needed: Callable[[Collection[int]], Collection[int]], machine: Clock | None = None,
                 free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> None:
        self._units, self._recordings, self._evidence, self._rules = units, recordings, evidence, rules
        self._needed, self._machine, self._free = needed, machine or SystemClock(), free_bytes
        self._freeing = threading.Lock()

    def run(self) -> Removed:
        """Everything that is due. Asked again it does nothing more."""
        done = Removed(aged=self._forget_old())
        done.early = self.make_room()
        self._release()
        done.clips = self._remove_clips()
        if done.aged or done.early or done.clips:
            log.info("recordings: removed %s", done)
        return done

    def make_room(self) -> int:
        """Delete the oldest segments until enough of the disk is free; returns how many. Where that is too little, it is told.

        Called by many threads of recorders when the disk is full; one does it, the others find room when they ask again.
        """
        if not self._freeing.acquire(blocking=False):
            return 0
        try:
            removed, wanted = 0, self._rules.free_min_mib * MIB
            if not self._recordings.exists():
                return 0  # nothing was ever recorded here
            while (free := self._free(self._recordings)) < wanted:
                gone = self._remove_oldest(wanted - free)
                removed += gone
                if not gone:
                    break
            self._tell_room(free, wanted)
            return removed
        finally:
            self._freeing.release()

    # Segments ------------------------------------------------------------------------------------------------------

    def _forget_old(self) -> int:
        before, c = self._machine.now_us() - self._rules.keep_days * DAY_US, video_segments.c
        removed = 0
        while rows := self._rows(and_(c.end_at < before, c.state != "open")):
            self._remove(rows, None)
            removed += len(rows)
        with self._units() as uow:
            uow.conn.execute(delete(video_gaps).where(video_gaps.c.end_at < before))
        return removed

    def _remove_oldest(self, wanted: int) -> int:
        rows, taken = [], 0
        for row in self._rows(video_segments.c.state != "open"):
            rows.append(row)
            taken += row.bytes
            if taken >= wanted:
                break
        self._remove(rows, "removed_early")
        return len(rows)

    def _rows(self, condition: Any) -> Sequence[Row[Any]]:
        """The oldest of them that no pending clip needs."""
        c, k = video_segments.c, video_clips.c
        needs = select(k.id).where(k.state == "pending", k.camera_id == c.camera_id, k.from_at - MARGIN_US <= c.end_at,
                                   k.to_at >= c.begin_at).exists()
        with self._units.database.read() as conn:
            return conn.execute(select(video_segments).where(condition, ~needs).order_by(c.begin_at).limit(BATCH)).all()

    def _remove(self, rows: Sequence[Row[Any]], why: str | None) -> None:
        """Files first: a row without its file is mended, a file without its row would take room for ever."""
        for row in rows:
            path = self._recordings / row.file
            path.unlink(missing_ok=True)
            if not any(path.parent.glob("*")):
                shutil.rmtree(path.parent, ignore_errors=True)
        with self._units() as uow:
            for row in rows:
                if why is not None and row.state == "closed":
                    _note_gap(uow, row, why)
            uow.conn.execute(delete(video_segments).where(video_segments.c.id.in_([row.id for row in rows])))

    def _tell_room(self, free: int, wanted: int) -> None:
        event = RoomShort(free // MIB, wanted // MIB) if free < wanted else RoomEnough(free // MIB)
        if free < wanted:
            log.error("recordings: only %d MiB free of %d wanted, and nothing more may be deleted", free // MIB, wanted // MIB)
        with self._units() as uow:
            uow.publish([event])

    # Clips ---------------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        """Clips whose card nobody needs any more; one that is needed again (the card came back) is held again."""
        k = video_clips.c
        with self._units.database.read() as conn:
            rows = conn.execute(select(k.id, k.card_id, k.released_at).where(k.state == "ready")).all()
        needed = set(self._needed({row.card_id for row in rows if row.card_id}))
        freed = [row.id for row in rows if row.released_at is None and row.card_id not in needed]
        held = [row.id for row in rows if row.released_at is not None and row.card_id in needed]
        if freed or held:
            with self._units() as uow:
                for ids, at in ((freed, self._machine.now_us()), (held, None)):
                    for start in range(0, len(ids), BATCH):
                        uow.conn.execute(update(video_clips).where(k.id.in_(ids[start:start + BATCH])).values(released_at=at))

    def _remove_clips(self) -> int:
        before, k = self._machine.now_us() - self._rules.evidence_keep_days * DAY_US, video_clips.c
        with self._units.database.read() as conn:
            rows = conn.execute(select(k.id).where(k.state == "ready", k.released_at < before).limit(BATCH)).all()
        for row in rows:
            shutil.rmtree(self._evidence / str(row.id), ignore_errors=True)
            with self._units() as uow:
                uow.conn.execute(update(video_clips).where(k.id == row.id).values(state="removed", reason=reason("over_time")))
        return len(rows)


def _note_gap(uow: UnitOfWork, row: Row[Any], why: str) -> None:
    """The time of a segment as a gap; what follows a gap of the same kind at once makes that longer."""
    g, said = video_gaps.c, reason(why)
    same = and_(g.camera_id == row.camera_id, g.stream == row.stream, g.reason == said,
                or_(g.end_at.between(row.begin_at - JOINED_US, row.end_at), g.end_at == row.begin_at))
    known = uow.conn.execute(select(func.max(g.id)).where(same)).scalar()
    if known is not None:
        uow.conn.execute(update(video_gaps).where(g.id == known).values(
            end_at=row.end_at, end_business_at=row.end_business_at))
        return
    uow.conn.execute(insert(video_gaps).values(
        camera_id=row.camera_id, stream=row.stream, begin_at=row.begin_at, end_at=row.end_at,
        begin_business_at=row.begin_business_at, end_business_at=row.end_business_at, reason=said))

"""How long recordings stay: `keep_days`, less where the disk needs room, longer where they are evidence.

Segments go by age. Where less than `free_min_mib` is left on the disk, the oldest segments go earlier, and the timeline says
so; a segment that a clip still has to be made from never goes, nor does a clip. Never more is deleted at once than is missing,
and then it is measured again (video/freeing.py). A clip stays as long as its card needs it, then `evidence_keep_days` more; a
picture of a random look `sampling_keep_days`, longer while its form is open or a card about that hour is needed.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from core.clock import Clock, SystemClock
from core.instants import DAY_US, HOUR_US, SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.footage.events import ClockBelieved, ClockDoubted, KeptLongEnough, KeptTooShort, RoomEnough, RoomShort
from video.footage.models import video_clips, video_gaps, video_incidents, video_samplings, video_segments
from video.freeing import Freeing
from video.segments import reason

log = logging.getLogger(__name__)
MIB = 1 << 20
BATCH = 200
MARGIN_US = 60 * SECOND_US  # around what a pending clip still needs: the key frame before it lies there
JOINED_US = 5 * SECOND_US
ALARMING = 0.5  # share of what must be left free below which it is told although more may still become so
SET_MOST_US = HOUR_US  # by which the machine's clock may be set before ages are doubted
LAW_DAYS = 30  # 公共安全视频图像信息系统管理条例: kept at least so long


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days, and MiB left free on the disk of the recordings."""

    keep_days: int = 30
    free_min_mib: int = 2048
    evidence_keep_days: int = 30
    sampling_keep_days: int = 365
    room_wait_s: float = 120.0
    is_recorded: bool = True   # else nothing is kept, and nothing too short


@dataclass(slots=True)
class Removed:
    """What a run removed: segments by age, segments for room, clips."""

    aged: int = 0
    early: int = 0
    clips: int = 0
    looks: int = 0


class Retention:
    """Deletes what may go. `needed(card ids)`: those whose evidence somebody may still ask for."""

    def __init__(self, units: UnitOfWorkFactory, recordings: Path, evidence: Path, rules: RetentionRules,
                 needed: Callable[[Collection[int]], Collection[int]], machine: Clock | None = None,
                 free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
                 now_s: Callable[[], float] = lambda: clock_gettime(CLOCK_BOOTTIME)) -> None:
        self._units, self._recordings, self._evidence, self._rules = units, recordings, evidence, rules
        self._needed, self._machine, self._free = needed, machine or SystemClock(), free_bytes
        self._freeing, self._room = threading.Lock(), Freeing(rules.room_wait_s, now_s)
        self._now_s, self._since = now_s, (self._machine.now_us(), now_s())
        if rules.is_recorded and rules.keep_days < LAW_DAYS:
            log.warning("recordings: recording.keep_days is %d; the law asks for %d days", rules.keep_days, LAW_DAYS)

    def run(self) -> Removed:
        """Everything that is due. Asked again it does nothing more."""
        done = Removed(aged=self._forget_old())
        done.early = self.make_room()
        self._release()
        done.clips, done.looks = self._remove_clips(), self._forget_looks()
        self._tell_kept()
        self._tell_clock()
        if done.aged or done.early or done.clips or done.looks:
            log.info("recordings: removed %s", done)
        return done

    def make_room(self) -> int:
        """Delete the oldest segments until enough of the disk is free; returns how many. Where that is too little, it is told.

        Called by many threads of recorders when the disk is full; one does it, the others find room when they ask again.
        """
        if not self._freeing.acquire(blocking=False):
            return 0
        try:
            if not self._recordings.exists():
                return 0  # nothing was ever recorded here
            removed, wanted = 0, self._rules.free_min_mib * MIB
            while (missing := wanted - self._room.expected(free := self._free(self._recordings))) > 0:
                if not (gone := self._remove_oldest(missing)):
                    break
                removed += gone
            self._tell_room(free, wanted)
            return removed
        finally:
            self._freeing.release()

    def _now_us(self) -> int:
        """What the clock says, but no later than this process can know: a machine set forward by a year must not cost all
        recordings. Set right on purpose, it holds from the next start on."""
        now, ahead = self._machine.now_us(), self._ahead_us()
        return now - ahead + SET_MOST_US if ahead > SET_MOST_US else now

    def _ahead_us(self) -> int:
        """How far the clock was set forward since the start."""
        wall, steady = self._since
        return self._machine.now_us() - wall - int((self._now_s() - steady) * SECOND_US)

    def _tell_clock(self) -> None:
        ahead = self._ahead_us()
        is_doubted = ahead > SET_MOST_US
        if is_doubted:
            log.error("recordings: the clock was set forward by %d h; ages are counted without that until the next start",
                      ahead // HOUR_US)
        with self._units() as uow:
            uow.publish([ClockDoubted(ahead // HOUR_US) if is_doubted else ClockBelieved()])

    # Segments ------------------------------------------------------------------------------------------------------

    def _forget_old(self) -> int:
        before, c = self._now_us() - self._rules.keep_days * DAY_US, video_segments.c
        removed = 0
        while rows := self._rows(and_(c.end_at < before, c.state != "open")):
            self._remove(rows)
            removed += len(rows)
        with self._units() as uow:
            uow.conn.execute(delete(video_gaps).where(video_gaps.c.end_at < before))
        return removed

    def _remove_oldest(self, wanted: int) -> int:
        """How many: enough for what is wanted, and no more than one look at the index finds. What became free is measured at
        once: whatever is written later must not count as what did not come back."""
        rows, taken = [], 0
        for row in self._rows(video_segments.c.state != "open"):
            rows.append(row)
            taken += row.bytes
            if taken >= wanted:
                break
        before = self._free(self._recordings)
        self._unlink(rows)
        self._room.deleted(taken, before, self._free(self._recordings))
        self._forget(rows, "removed_early")
        return len(rows)

    def _rows(self, condition: Any) -> Sequence[Row[Any]]:
        """The oldest of them that no pending clip needs."""
        c, k = video_segments.c, video_clips.c
        needs = select(k.id).where(k.state == "pending", k.camera_id == c.camera_id, k.from_at - MARGIN_US <= c.end_at,
                                   k.to_at >= c.begin_at).exists()
        with self._units.database.read() as conn:
            return conn.execute(select(video_segments).where(condition, ~needs).order_by(c.begin_at).limit(BATCH)).all()

    def _remove(self, rows: Sequence[Row[Any]]) -> None:
        """Files first: a row without its file is mended, a file without its row would take room for ever."""
        self._unlink(rows)
        self._forget(rows, None)

    def _unlink(self, rows: Sequence[Row[Any]]) -> None:
        for row in rows:
            path = self._recordings / row.file
            path.unlink(missing_ok=True)
            if not any(path.parent.glob("*")):
                shutil.rmtree(path.parent, ignore_errors=True)

    def _forget(self, rows: Sequence[Row[Any]], why: str | None) -> None:
        with self._units() as uow:
            for row in rows:
                if why is not None and row.state == "closed":
                    _note_gap(uow, row, why)
            uow.conn.execute(delete(video_segments).where(video_segments.c.id.in_([row.id for row in rows])))

    def _tell_room(self, free: int, wanted: int) -> None:
        """Short is what was measured: where nothing more comes, where deleting was in vain, and where the reserve is half used
        up whatever may still become free."""
        awaits = self._room.expected(free) >= wanted and not self._room.is_in_vain and free >= ALARMING * wanted
        is_short = free < wanted and not awaits
        event = RoomShort(free // MIB, wanted // MIB) if is_short else RoomEnough(free // MIB)
        if is_short:
            why = self._why_short(free, wanted)
            log.error("recordings: only %d MiB free of %d wanted; %s", free // MIB, wanted // MIB, why)
        with self._units() as uow:
            uow.publish([event])

    def _why_short(self, free: int, wanted: int) -> str:
        if self._room.is_in_vain:
            return "what was deleted does not become free"
        return "nothing more may be deleted" if self._room.expected(free) < wanted else "what was deleted becomes free too late"

    def _tell_kept(self) -> None:
        """Whether recordings stay as long as the law asks, by the setting and by what the disk left of it."""
        g, now = video_gaps.c, self._machine.now_us()
        with self._units.database.read() as conn:
            early = conn.execute(select(func.max(g.end_at)).where(g.reason == reason("removed_early"))).scalar()
        days = self._rules.keep_days if early is None else min(self._rules.keep_days, max(0, now - early) // DAY_US)
        is_short = self._rules.is_recorded and days < LAW_DAYS
        with self._units() as uow:
            uow.publish([KeptTooShort(days, LAW_DAYS) if is_short else KeptLongEnough()])

    # Random looks ---------------------------------------------------------------------------------------------------

    def _forget_looks(self) -> int:
        """Pictures of looks that are past their time; the row stays with the hash. Those that must wait do not keep the ones
        behind them from being looked at."""
        gone, after = 0, 0
        while rows := self._due_looks(after):
            after = rows[-1].id
            gone += self._forget_pictures([row.id for row in rows if not self._is_asked_for(row)])
        return gone

    def _due_looks(self, after: int) -> Sequence[Row[Any]]:
        c, before = video_samplings.c, self._now_us() - self._rules.sampling_keep_days * DAY_US
        due = and_(c.id > after, c.picture_sha256 != "", c.reason == "", c.picture_at < before, c.done_business_at.is_not(None))
        with self._units.database.read() as conn:
            return conn.execute(select(video_samplings).where(due).order_by(c.id).limit(BATCH)).all()

    def _forget_pictures(self, numbers: Sequence[int]) -> int:
        for number in numbers:
            (self._evidence / "samplings" / f"{number}.jpg").unlink(missing_ok=True)
        if numbers:
            of_them = video_samplings.c.id.in_(numbers)
            with self._units() as uow:
                uow.conn.execute(update(video_samplings).where(of_them).values(reason=reason("over_time")))
        return len(numbers)

    def _is_asked_for(self, row: Row[Any]) -> bool:
        """Whether a card is still needed that came of an incident at that camera within the hour."""
        i, at = video_incidents.c, row.picture_at
        near = and_(i.camera_id == row.camera_id, i.card_id > 0, i.begin_at <= at + HOUR_US, i.end_at >= at - HOUR_US)
        with self._units.database.read() as conn:
            cards = set(conn.execute(select(i.card_id).where(near)).scalars())
        return bool(cards and self._needed(cards))

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
        before, k = self._now_us() - self._rules.evidence_keep_days * DAY_US, video_clips.c
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

"""Segments on the disk and their index: begun, ended, mended after a crash. The index is written before the file is made.

A file is `<camera>/<day>/<stream>-<begin>.mp4` below the folder of the recordings; day and begin are UTC. A file whose row
was lost says by its name when it began, and is put back into the index.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update

from core.clock import Clock, SystemClock
from core.files import sha256_of
from core.instants import SECOND_US, from_us, to_us
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.cameras import Camera, StreamName
from video.footage.events import RecordingFailed, RecordingResumed
from video.footage.models import video_gaps, video_segments
from video.footage.mp4 import FAULTS, Extent, Mp4Reader, Mp4Writer, Output, scan
from video.packets import MediaPacket, Track

log = logging.getLogger(__name__)
_PLAIN = re.compile(r"^[A-Za-z0-9_-]{1,32}$")
_NAME = re.compile(r"^(main|sub)-(\d{8}T\d{6}\.\d{6})Z\.mp4$")
_STAMP = "%Y%m%dT%H%M%S.%f"
ALARMING = frozenset({"disk_full", "write_failed", "not_recordable"})


def reason(code: str, **details: Any) -> str:
    """A reason as it is stored; its words are `footage.reason.<code>`."""
    return msgspec.json.encode({"code": code, **details}).decode()


def code_of_failure(failure: OSError) -> str:
    return "disk_full" if failure.errno in (errno.ENOSPC, errno.EDQUOT) else "write_failed"


def folder_of(camera: Camera) -> str:
    """The folder of a camera: its code where that is a plain name, else its number."""
    return camera.code if _PLAIN.match(camera.code) else f"camera-{camera.id}"


@dataclass(slots=True)
class Segment:
    """A segment that is being written. `end_us` is real time, the end of the last picture in it."""

    camera: Camera
    stream: StreamName
    track: Track
    path: Path
    file: str
    begin_us: int
    end_us: int
    row_id: int = 0
    writer: Mp4Writer = field(init=False)
    output: Output = field(init=False)


@dataclass(slots=True)
class Mended:
    """What was found of a camera that no longer agreed: files by name."""

    recovered: list[str] = field(default_factory=list)   # open when the process ended; their whole beginning is kept
    adopted: list[str] = field(default_factory=list)     # without a row, playable
    lost: list[str] = field(default_factory=list)        # rows whose file is gone or has no picture
    removed: list[str] = field(default_factory=list)     # files without a row and without a picture

    def __bool__(self) -> bool:
        return bool(self.recovered or self.adopted or self.lost or self.removed)


class SegmentStore:
    """The folder of the recordings and the tables about it. Safe for the writer threads of many cameras."""

    def __init__(self, units: UnitOfWorkFactory, folder: Path, worker: str, machine: Clock | None = None,
                 make_room: Callable[[], object] = lambda: None) -> None:
        self._units, self.folder, self._worker = units, folder, worker
        self._machine, self.make_room = machine or SystemClock(), make_room

    def business(self, real_us: int) -> int:
        """What the business clock showed at a real instant of just now."""
        clock, now = self._units.clock, self._machine.now_us()
        business = clock.now_us()
        if clock.speed == 1.0 and abs(business - now) < SECOND_US:
            return real_us  # the same clock, read twice
        return business - int((now - real_us) * (clock.speed or 1.0))

    # Writing ---------------------------------------------------------------------------------------------------------

    def begin(self, camera: Camera, stream: StreamName, first: MediaPacket, begin_us: int) -> Segment:
        """Index a new segment and make its file. Raises OSError (the disk) or NotRecordable (the track)."""
        at = from_us(begin_us)
        file = f"{folder_of(camera)}/{at:%Y-%m-%d}/{stream.value}-{at.strftime(_STAMP)}Z.mp4"
        segment = Segment(camera, stream, first.track, self.folder / file, file, begin_us, begin_us)
        segment.path.parent.mkdir(parents=True, exist_ok=True)
        segment.row_id = self._indexed(segment)
        try:
            segment.output = Output(segment.path)
            segment.writer = Mp4Writer(segment.output, first.track, first)
        except (OSError, ValueError):
            self._forget(segment)
            raise
        return segment

    def end(self, segment: Segment, why: str = "", **details: Any) -> None:
        """Close the file, hash it and say so in the index. A disk that refuses leaves the whole fragments before it."""
        said = reason(why, **details) if why else ""
        try:
            segment.writer.close()
        except FAULTS:
            log.warning("recorder: %s could not be finished", segment.file, exc_info=True)
        failure = segment.output.failure
        try:
            segment.output.close()
        except OSError as refused:
            failure = failure or refused
        if failure is not None:
            self._settle_broken(segment, reason(code_of_failure(failure)))
            return
        self._settle(segment.row_id, begin_us=segment.begin_us, end_us=segment.end_us, path=segment.path, said=said,
                     extradata=segment.writer.extradata)

    def gap_begins(self, camera: Camera, stream: StreamName, at_us: int, code: str, **details: Any) -> None:
        """From now on nothing is recorded. An open gap of the same stream goes on instead."""
        g = video_gaps.c
        with self._units() as uow:
            stands = (g.camera_id == camera.id) & (g.stream == stream.value) & g.end_at.is_(None)
            if uow.conn.execute(select(g.id).where(stands)).first() is None:
                uow.conn.execute(insert(video_gaps).values(
                    camera_id=camera.id, stream=stream.value, begin_at=at_us, begin_business_at=self.business(at_us),
                    reason=reason(code, **details)))
            if code in ALARMING:
                uow.publish([RecordingFailed(camera.id, camera.code, code, at_us)])

    def gap_ends(self, camera: Camera, stream: StreamName, at_us: int) -> None:
        """Recording goes on. Without an open gap nothing happens."""
        with self._units() as uow:
            _end_gaps(uow, camera.id, stream, at_us, self.business(at_us))
            uow.publish([RecordingResumed(camera.id, camera.code, at_us)])

    def gap_was(self, camera: Camera, stream: StreamName, begin_us: int, end_us: int, code: str, **details: Any) -> None:
        """A gap that is over already."""
        with self._units() as uow:
            uow.conn.execute(insert(video_gaps).values(
                camera_id=camera.id, stream=stream.value, begin_at=begin_us, end_at=end_us,
                begin_business_at=self.business(begin_us), end_business_at=self.business(end_us),
                reason=reason(code, **details)))

    # Mending ---------------------------------------------------------------------------------------------------------

    def mend(self, camera: Camera) -> Mended:
        """Make index and files of a camera agree again. Called before its recording begins, by the one worker that has it."""
        found, folder = Mended(), self.folder / folder_of(camera)
        files = {path.relative_to(self.folder).as_posix(): path for path in folder.glob("*/*.mp4")}
        c = video_segments.c
        with self._units.database.read() as conn:
            rows = conn.execute(select(video_segments).where(c.camera_id == camera.id, c.state != "damaged")).all()
        for row in rows:
            self._mend_row(camera, row, files.pop(row.file, None), found)
        for file, path in files.items():
            self._adopt(camera, file, path, found)
        if found:
            log.warning("recordings of %s mended: %s", camera.code, found)
        return found

    def _mend_row(self, camera: Camera, row: Row[Any], path: Path | None, found: Mended) -> None:
        if row.state == "closed" and path is not None:
            return
        extent = _cut(path) if path is not None else None
        if path is None or extent is None:
            found.lost.append(row.file)
            if path is not None:
                path.unlink()
            why = "file_missing" if path is None else "nothing_whole"
            self._write_end(row.id, state="damaged", reason=reason(why), bytes=0)
            return
        found.recovered.append(row.file)
        end = row.begin_at + extent[0].length_us
        self._settle(row.id, begin_us=row.begin_at, end_us=end, path=path, said=reason("cut_short", cut_bytes=extent[1]),
                     extradata=extent[0].track.extradata, begin_business=row.begin_business_at)
        self.gap_begins(camera, StreamName(row.stream), end, "crashed")

    def _adopt(self, camera: Camera, file: str, path: Path, found: Mended) -> None:
        """A file nobody names: a backup of the database was put back, or its row could not be written."""
        match, extent = _NAME.match(path.name), _cut(path)
        if match is None or extent is None:
            found.removed.append(file)
            path.unlink()
            return
        found.adopted.append(file)
        begin = to_us(datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC))
        track = extent[0].track
        segment = Segment(camera, StreamName(match[1]), track, path, file, begin, begin + extent[0].length_us)
        row_id = self._indexed(segment)
        self._settle(row_id, begin_us=begin, end_us=segment.end_us, path=path, said=reason("row_missing"),
                     extradata=track.extradata)

    # Inside ----------------------------------------------------------------------------------------------------------

    def _indexed(self, segment: Segment) -> int:
        track, business = segment.track, self.business(segment.begin_us)
        with self._units() as uow:
            made = uow.conn.execute(insert(video_segments).values(
                camera_id=segment.camera.id, stream=segment.stream.value, begin_at=segment.begin_us, end_at=segment.begin_us,
                begin_business_at=business, end_business_at=business, file=segment.file, bytes=0, codec=track.codec,
                width=track.width, height=track.height, extradata=track.extradata, state="open",
                worker=self._worker).returning(video_segments.c.id)).scalar_one()
        return int(made)

    def _forget(self, segment: Segment) -> None:
        """The file could not even be begun."""
        with suppress(OSError, AttributeError):
            segment.output.failure = segment.output.failure or OSError(errno.EIO, "given up")
            segment.output.close()
        segment.path.unlink(missing_ok=True)
        with self._units() as uow:
            uow.conn.execute(video_segments.delete().where(video_segments.c.id == segment.row_id))

    def _settle_broken(self, segment: Segment, said: str) -> None:
        extent = _cut(segment.path)
        if extent is None:
            segment.path.unlink(missing_ok=True)
            self._write_end(segment.row_id, state="damaged", reason=said, bytes=0)
            return
        self._settle(segment.row_id, begin_us=segment.begin_us, end_us=segment.begin_us + extent[0].length_us,
                     path=segment.path, said=said, extradata=extent[0].track.extradata)

    def _settle(self, row_id: int, *, begin_us: int, end_us: int, path: Path, said: str, extradata: bytes,
                begin_business: int | None = None) -> None:
        end_business = self.business(end_us) if begin_business is None else begin_business + end_us - begin_us
        self._write_end(row_id, state="closed", end_at=end_us, end_business_at=end_business, bytes=path.stat().st_size,
                        sha256=sha256_of(path), reason=said, extradata=extradata)

    def _write_end(self, row_id: int, **values: Any) -> None:
        with self._units() as uow:
            uow.conn.execute(update(video_segments).where(video_segments.c.id == row_id).values(**values))


def _end_gaps(uow: UnitOfWork, camera_id: int, stream: StreamName, at_us: int, business_us: int) -> None:
    g = video_gaps.c
    uow.conn.execute(update(video_gaps).where(g.camera_id == camera_id, g.stream == stream.value, g.end_at.is_(None))
                     .values(end_at=at_us, end_business_at=business_us))


def _cut(path: Path) -> tuple[Extent, int] | None:
    """Cut a file behind its last whole fragment: what is left of it, and how many bytes were torn; None when nothing is."""
    try:
        found = scan(path)
        if not found.fragments:
            return None
        if found.whole_bytes < found.file_bytes:
            os.truncate(path, found.whole_bytes)
        with Mp4Reader(path) as reader:
            extent = reader.extent()
    except FAULTS:
        return None
    return (extent, found.file_bytes - found.whole_bytes) if extent.pictures else None

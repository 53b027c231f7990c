"""Evidence of a card or an incident: what the camera saw from `before_s` before to `after_s` after, kept apart and signed.

A clip is asked for in the transaction that raises its card (`ClipService.ask`), and made once the time it should show is over
(`ClipMaker.make_due`, a job). It is made in a folder beside, brought to the disk and then given its name: whatever ends the
process, a clip is there whole or not at all, and what was not finished is made again. A clip that is there is never written
to. One that cannot be made is tried `tries` times at least, however late the first try was, and until its time of patience is
over; how often and why not stands in its row, so that a restart forgets neither, and in the end it is absent because of that.
"""

from __future__ import annotations

import errno
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, and_, insert, or_, select, update

from core.access import Actor
from core.clock import Clock, SystemClock
from core.database import Database, is_outage
from core.files import sha256_of, sync
from core.instants import DAY_US, SECOND_US, to_us
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from papers.keys import KeyRing
from video.cameras import StreamName
from video.footage.cutting import Cutting, Source, Stretch, picture_of, write_clip
from video.footage.manifest import CLIP, MANIFEST, SIGNATURE, SNAPSHOT, encoded, iso, sign
from video.footage.models import video_clips, video_gaps, video_segments
from video.footage.mp4 import FAULTS
from video.models import camera_states, cameras
from video.segments import reason

log = logging.getLogger(__name__)
SETTLE_US = 3 * SECOND_US      # what was sent at the end of the clip is on disk by then
AGAIN_US, AGAIN_LATE_US = 5 * SECOND_US, 60 * SECOND_US   # between two tries: while it may still come, and later
NEAR_US = SECOND_US            # a clip may be shorter than asked for by so much and is whole all the same
FULL_WAIT_US = DAY_US          # the recordings are there: the clip only waits for room
BATCH = 20


@dataclass(frozen=True, slots=True)
class ClipRules:
    """Seconds before and after the instant; for how long footage that is missing is waited for, and how often it is tried."""

    before_s: float = 30.0
    after_s: float = 60.0
    wait_s: float = 120.0
    tries: int = 5


class ClipService:
    """Asks for clips. Holds no state."""

    def __init__(self, rules: ClipRules, machine: Clock | None = None) -> None:
        self.rules, self._machine = rules, machine or SystemClock()

    def ask(self, uow: UnitOfWork, camera_id: int, at_us: int, actor: Actor, *, business_us: int | None = None,
            card_id: int = 0, incident_id: int = 0, until_us: int | None = None) -> int:
        """A clip of a camera around a real instant (until after `until_us`, for a span); returns its number.

        Asked for again for the same card at the same instant it is the same clip; one that nobody had yet becomes the card's.
        """
        c = video_clips.c
        known = uow.conn.execute(select(c.id, c.card_id).where(
            c.camera_id == camera_id, c.at == at_us, c.card_id.in_({card_id, 0}), c.incident_id == incident_id)
            .order_by(c.card_id.desc())).first()
        if known is not None:
            if known.card_id != card_id:
                self.give_to(uow, known.id, card_id)
            return int(known.id)
        made = uow.conn.execute(insert(video_clips).values(
            camera_id=camera_id, card_id=card_id, incident_id=incident_id, at=at_us,
            business_at=uow.now_us if business_us is None else business_us,
            from_at=at_us - int(self.rules.before_s * SECOND_US),
            to_at=(at_us if until_us is None else until_us) + int(self.rules.after_s * SECOND_US), state="pending",
            asked_by=actor.name, asked_name=actor.display_name or actor.name, asked_at=self._machine.now_us()
        ).returning(video_clips.c.id)).scalar_one()
        return int(made)

    def give_to(self, uow: UnitOfWork, clip_id: int, card_id: int) -> None:
        """The clip belongs to a card from now on and is kept as long as that needs it."""
        uow.conn.execute(update(video_clips).where(video_clips.c.id == clip_id).values(card_id=card_id, released_at=None))


@dataclass(frozen=True, slots=True)
class Installation:
    """Where evidence goes, what signs it, and who says so in its manifest."""

    recordings: Path
    folder: Path
    keys: KeyRing
    owner: str


class ClipMaker:
    """Makes the clips that are due. `make_room` frees the disk when it is full."""

    def __init__(self, units: UnitOfWorkFactory, where: Installation, rules: ClipRules, machine: Clock | None = None,
                 make_room: Callable[[], object] = lambda: None) -> None:
        self._units, self._where, self._rules = units, where, rules
        self._machine, self._make_room = machine or SystemClock(), make_room

    @property
    def database(self) -> Database:
        return self._units.database

    def folder_of(self, clip_id: int) -> Path:
        return self._where.folder / str(clip_id)

    def make_due(self) -> int:
        """Every clip whose time is over. Returns how many were settled (ready or absent)."""
        now, c = self._machine.now_us(), video_clips.c
        is_fresh = c.to_at > now - int(self._rules.wait_s * SECOND_US)
        again = or_(c.tried_at.is_(None), c.tried_at <= now - AGAIN_LATE_US, and_(is_fresh, c.tried_at <= now - AGAIN_US))
        due = and_(c.state == "pending", c.to_at <= now - SETTLE_US, again)
        with self.database.read() as conn:
            rows = conn.execute(select(video_clips).where(due).order_by(c.to_at).limit(BATCH)).all()
        return sum(self._settle(row) for row in rows)

    def _settle(self, row: Row[Any]) -> bool:
        try:
            if self.folder_of(row.id).is_dir() and self._is_of(row):
                self._ready(row)  # made, and not said any more
                return True
            return self._try(row)
        except OSError as failure:
            if failure.errno in (errno.ENOSPC, errno.EDQUOT):
                self._make_room()
            return self._later(row, "disk_full" if failure.errno in (errno.ENOSPC, errno.EDQUOT) else "write_failed")
        except FAULTS:
            log.exception("clip %s could not be made", row.id)
            return self._later(row, "unreadable")
        except Exception as failure:
            if is_outage(failure):
                raise  # no fault of any clip
            log.exception("clip %s could not be made", row.id)  # the clips behind it are made all the same
            return self._later(row, "failed", problem=type(failure).__name__)

    def _is_of(self, row: Row[Any]) -> bool:
        """Whether the folder of that number is of this clip; one of another (a database made anew) is put aside, never used."""
        folder = self.folder_of(row.id)
        try:
            told = json.loads((folder / MANIFEST).read_bytes())
            is_ours = (told["clip"], told["at"], told["asked_at"]) == (row.id, iso(row.at), iso(row.asked_at))
        except (OSError, ValueError, KeyError, TypeError):
            is_ours = False
        if not is_ours:
            aside = folder.with_name(f"{row.id}.found-{self._machine.now_us()}")
            log.error("evidence folder %s is not of clip %s; put aside as %s", folder.name, row.id, aside.name)
            folder.rename(aside)
        return is_ours

    def _try(self, row: Row[Any]) -> bool:
        found = self._segments(row)
        sources = [Source(self._where.recordings / one.file, one.begin_at) for one in found]
        with Cutting([source for source in sources if source.path.is_file()], row.from_at, row.to_at) as cutting:
            stretch = cutting.about(row.at)
            if stretch is None:
                return self._later(row, self._why(row))
            if self._may_grow(row, stretch.end_us):
                return self._later(row, "")
            self._make(row, stretch, found)
        self._ready(row)
        return True

    def _segments(self, row: Row[Any]) -> Sequence[Row[Any]]:
        """Of the main stream where it was recorded, else of the other."""
        c = video_segments.c
        # An open one has no end yet; it began at most as long ago as a segment and the wait for its end take.
        overlaps = and_(c.camera_id == row.camera_id, c.begin_at <= row.to_at, c.state != "damaged",
                        or_(c.end_at >= row.from_at, and_(c.state == "open", c.begin_at > row.from_at - 3600 * SECOND_US)))
        with self.database.read() as conn:
            found = conn.execute(select(video_segments).where(overlaps).order_by(c.begin_at)).all()
        main = [one for one in found if one.stream == StreamName.MAIN.value]
        return main or found

    def _make(self, row: Row[Any], stretch: Stretch, segments: Sequence[Row[Any]]) -> None:
        draft = self._where.folder / f".making-{row.id}"
        shutil.rmtree(draft, ignore_errors=True)  # of a process that ended while it made this clip
        draft.mkdir(parents=True)
        try:
            write_clip(stretch, draft / CLIP)
            picture = picture_of(stretch, row.at)
            if picture is not None:
                _write(draft / SNAPSHOT, picture[0])
            manifest = encoded(self._content(row, stretch, segments, draft, None if picture is None else picture[1]))
            _write(draft / MANIFEST, manifest)
            _write(draft / SIGNATURE, sign(manifest, self._where.keys)[0])
            sync(draft)
            draft.rename(self.folder_of(row.id))  # refused where a clip is already: it is never written over
            sync(self._where.folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _content(self, row: Row[Any], stretch: Stretch, segments: Sequence[Row[Any]], draft: Path,
                 picture_at: int | None) -> dict[str, Any]:
        with self.database.read() as conn:
            camera = conn.execute(select(cameras).where(cameras.c.id == row.camera_id)).one()
            offset = conn.execute(select(camera_states.c.clock_offset_us).where(
                camera_states.c.camera_id == row.camera_id)).scalar()
        width, height = stretch.size()
        files = {path.name: {"sha256": sha256_of(path), "bytes": path.stat().st_size} for path in sorted(draft.iterdir())}
        missing = [(row.from_at, stretch.begin_us)] if stretch.begin_us > row.from_at + NEAR_US else []
        missing += stretch.holes
        missing += [(stretch.end_us, row.to_at)] if stretch.end_us < row.to_at - NEAR_US else []
        return {
            "installation": self._where.owner, "key_id": self._where.keys.current(), "clip": row.id, "card": row.card_id,
            "incident": row.incident_id,
            "camera": {"code": camera.code, "name": camera.name, "area": camera.area, "hall": camera.hall,
                       "window": camera.window_no, "post": camera.post, "org": camera.org, "clock_offset_us": offset},
            "at": iso(row.at), "business_at": iso(row.business_at), "asked_from": iso(row.from_at), "asked_to": iso(row.to_at),
            "begin": iso(stretch.begin_us), "end": iso(stretch.end_us), "snapshot_at": iso(picture_at),
            "missing": [{"from": iso(begin), "to": iso(end)} for begin, end in missing],
            "recorded_twice": [{"from": iso(begin), "to": iso(end)} for begin, end in stretch.twice],
            "asked_by": row.asked_by, "asked_name": row.asked_name, "asked_at": iso(row.asked_at),
            "made_at": iso(self._machine.now_us()), "codec": stretch.codec, "width": width, "height": height, "files": files,
            "segments": [{"file": one.file, "begin": iso(one.begin_at), "sha256": one.sha256} for one in segments]}

    def _ready(self, row: Row[Any]) -> None:
        """Say what the folder has."""
        folder = self.folder_of(row.id)
        manifest = (folder / MANIFEST).read_bytes()
        told = json.loads(manifest)
        clip, picture = told["files"][CLIP], told["files"].get(SNAPSHOT, {})
        self._write(row.id, state="ready", reason=_missing(told), begin_at=_us(told["begin"]), end_at=_us(told["end"]),
                    bytes=clip["bytes"], sha256=clip["sha256"], snapshot_sha256=picture.get("sha256", ""),
                    manifest_sha256=sha256_of(folder / MANIFEST), key_id=told["key_id"],
                    clock_offset_us=told["camera"]["clock_offset_us"], settled_at=self._machine.now_us())

    def _later(self, row: Row[Any], why: str, **details: str) -> bool:
        """Tried again while there is hope and not tried often enough, then absent with the reason. Without a reason it only
        waits."""
        now, tries = self._machine.now_us(), row.tries + bool(why)
        said = reason(why, tries=tries, **details) if why else row.reason
        patience = FULL_WAIT_US if why in ("disk_full", "write_failed") else 0
        if not why or tries < self._rules.tries or self._is_patient(row, patience):
            self._write(row.id, reason=said, tries=tries, tried_at=now)
            return False
        log.warning("clip %s is absent after %d tries: %s", row.id, tries, why)
        self._write(row.id, state="absent", reason=said, tries=tries, tried_at=now, settled_at=now)
        return True

    def _may_grow(self, row: Row[Any], end_us: int) -> bool:
        """Whether its last seconds may still come: the last fragment of an open segment soon, a stream that broke later."""
        if end_us < row.to_at - NEAR_US:
            return self._is_patient(row)
        return bool(end_us < row.to_at - NEAR_US // 10 and self._machine.now_us() < row.to_at + 2 * AGAIN_US)

    def _is_patient(self, row: Row[Any], further_us: int = 0) -> bool:
        return bool(self._machine.now_us() < row.to_at + int(self._rules.wait_s * SECOND_US) + further_us)

    def _why(self, row: Row[Any]) -> str:
        """The reason of the gap the instant lies in."""
        g = video_gaps.c
        covers = and_(g.camera_id == row.camera_id, g.begin_at <= row.to_at, or_(g.end_at.is_(None), g.end_at >= row.from_at))
        with self.database.read() as conn:
            found = conn.execute(select(g.reason).where(covers).order_by(g.begin_at.desc())).scalar()
        return str(msgspec.json.decode(found)["code"]) if found else "no_recording"

    def _write(self, clip_id: int, **values: Any) -> None:
        with self._units() as uow:
            uow.conn.execute(update(video_clips).where(video_clips.c.id == clip_id, video_clips.c.state == "pending")
                             .values(**values))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    sync(path)


def _missing(told: dict[str, Any]) -> str:
    return reason("incomplete", missing=told["missing"]) if told["missing"] else ""


def _us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))

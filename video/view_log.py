"""Who looked at the pictures of which camera, when, why and from where (监控调阅登记). Written before the pictures
are given out.

A wall asks for its pictures anew every few minutes for days: looks of one viewer from one machine at one camera for one
reason that follow one another are one row, which says from when until when. So are requests of one press: a browser whose
connection ends before the answer sends a request again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.access import Actor, Role, require
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.instants import MINUTE_US
from core.unit_of_work import UnitOfWorkFactory
from video.models import cameras, video_views
from video.rights import REVIEWERS, cameras_within_reach

NOTE_MAX, LATEST = 200, 500
JOINED_WITHIN_US = 15 * MINUTE_US


class ViewKind(StrEnum):
    """What was looked at."""

    LIVE = "live"
    SNAPSHOT = "snapshot"
    RECORDED = "recorded"
    CLIP = "clip"        # evidence of a card, played
    EXPORT = "export"    # taken away as a file


class ViewReason(StrEnum):
    """Why. A person chooses one; `other` asks for his own words."""

    WALL = "wall"            # the camera scene of a supervision room
    PATROL = "patrol"        # the daily round by video
    CARD = "card"            # looking into a card
    SIGNAL = "signal"        # deciding whether what a camera found is true
    COMPLAINT = "complaint"
    SAMPLING = "sampling"    # 抽查
    SETUP = "setup"          # an administrator sets a camera up
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Seen:
    """A camera as the log keeps it."""

    code: str
    name: str
    area: str


@dataclass(frozen=True, slots=True)
class View:
    """A line of the log; instants are real, microseconds UTC."""

    id: int
    at: int
    until_at: int
    camera: str
    camera_name: str
    area: str
    viewer: str
    viewer_name: str
    what: str
    reason: str
    note: str
    address: str


@dataclass(frozen=True, slots=True)
class ViewFilter:
    """Empty fields ask for everything; `since` and `until` are microseconds UTC, `until` not included."""

    camera: str = ""
    viewer: str = ""
    what: str = ""
    reason: str = ""
    since: int | None = None
    until: int | None = None


class ViewLog:
    """Writes and reads it. `clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, database: Database, clock: Clock) -> None:
        self._units, self._database, self._clock = units, database, clock

    def note(self, seen: Iterable[Seen], actor: Actor, what: ViewKind, reason: str, note: str = "",
             address: str = "", press: str = "") -> None:
        """One look at each camera; returns when it is committed. `press`: which press of a button it comes from, a new number
        for each. Raises InvalidInput without a reason that says something, Conflict for a press that was another look."""
        why, wanted = checked_reason(reason, note, actor), {one.code: one for one in seen}
        try:
            self._write(wanted, actor, what, why, note, address, press)
        except IntegrityError:
            if not press:
                raise
            self._write(wanted, actor, what, why, note, address, press)  # another request of this press is written by now

    def _write(self, wanted: Mapping[str, Seen], actor: Actor, what: ViewKind, why: ViewReason, note: str, address: str,
               press: str) -> None:
        with self._units() as uow:
            now = self._clock.now_us()
            known = self._of_press(uow.conn, actor, what, why, note, press, now) if press else self._going_on(
                uow.conn, actor, what, why, note, address, now)
            for one in wanted.values():
                if one.code in known:
                    uow.conn.execute(update(video_views).where(video_views.c.id == known[one.code]).values(until_at=now))
                else:
                    uow.conn.execute(insert(video_views).values(
                        at=now, until_at=now, camera=one.code, camera_name=one.name, area=one.area, viewer=actor.name[:64],
                        viewer_name=actor.display_name[:64], what=what.value, reason=why.value, note=note.strip(),
                        address=address[:64], press=press or None))

    def views(self, wish: ViewFilter, actor: Actor | None, limit: int = LATEST) -> Sequence[View]:
        """The latest first. Raises NotPermitted for whoever is neither inspector nor administrator."""
        reviewer = require(actor, *REVIEWERS)
        wanted = _wished(select(*(video_views.c[name] for name in View.__slots__)), wish)
        if reviewer.area:
            wanted = wanted.where(video_views.c.area == reviewer.area)
        if reviewer.halls:
            wanted = wanted.where(video_views.c.camera.in_(cameras_within_reach(reviewer, cameras.c.code)))
        with self._database.read() as conn:
            return [View(**row._mapping) for row in conn.execute(wanted.order_by(video_views.c.id.desc()).limit(limit))]

    def _of_press(self, conn: Connection, actor: Actor, what: ViewKind, why: ViewReason, note: str, press: str,
                  now: int) -> dict[str, int]:
        """Rows of the same press, by camera. A number that served another look, or one long ago, hides none behind it."""
        c = video_views.c
        rows = conn.execute(select(c.camera, c.id, c.at, c.what, c.reason, c.note).where(
            c.viewer == actor.name[:64], c.press == press)).all()
        if any((row.what, row.reason, row.note) != (what.value, why.value, note.strip()) or row.at < now - JOINED_WITHIN_US
               for row in rows):
            raise Conflict("view_press_used")
        return {row.camera: row.id for row in rows}

    def _going_on(self, conn: Connection, actor: Actor, what: ViewKind, why: ViewReason, note: str, address: str,
                  now: int) -> dict[str, int]:
        """Rows of the same look that ended a moment ago, by camera."""
        same = and_(video_views.c.viewer == actor.name[:64], video_views.c.until_at >= now - JOINED_WITHIN_US,
                    video_views.c.what == what.value, video_views.c.reason == why.value, video_views.c.note == note.strip(),
                    video_views.c.address == address[:64])
        if what not in (ViewKind.LIVE, ViewKind.SNAPSHOT):
            return {}
        rows = conn.execute(select(video_views.c.camera, video_views.c.id).where(same))
        return {row.camera: row.id for row in rows}


def checked_reason(reason: str, note: str, actor: Actor) -> ViewReason:
    """Raises InvalidInput: no reason, one there is not, `other` without words, or one a screen cannot have."""
    if reason not in list(ViewReason):
        raise InvalidInput("view_reason_needed", key="reason", value=reason[:16])
    why = ViewReason(reason)
    if len(note) > NOTE_MAX or (note and not note.isprintable()):
        raise InvalidInput("view_note_invalid", key="note", most=NOTE_MAX)
    if why is ViewReason.OTHER and len(note.strip()) < 2:
        raise InvalidInput("view_note_needed", key="note")
    if actor.roles == {Role.WALL_SCREEN} and why is not ViewReason.WALL:
        raise InvalidInput("view_reason_needed", key="reason", value=reason[:16])
    return why


def _wished(statement: Select[Any], wish: ViewFilter) -> Select[Any]:
    columns = video_views.c
    conditions = [
        *([columns.camera == wish.camera] if wish.camera else []),
        *([or_(columns.viewer == wish.viewer, columns.viewer_name == wish.viewer)] if wish.viewer else []),
        *([columns.what == wish.what] if wish.what else []),
        *([columns.reason == wish.reason] if wish.reason else []),
        *([columns.until_at >= wish.since] if wish.since is not None else []),
        *([columns.at < wish.until] if wish.until is not None else [])]
    return statement.where(and_(True, *conditions))

"""Signals as people see them: what waits for them, what became of the rest, and how often each camera was right. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, and_, func, select

from config.onsite import PRESENCE
from core.access import Actor, Role, require
from core.database import Database
from core.errors import NotFound
from video.cameras import Polygon
from video.events import Signal
from video.models import cameras, video_signals
from video.onsite.service import DECIDERS, State, signal_of, signals_of
from video.pictures import PictureStore
from video.references import CONSENTERS, Reference, ReferenceService
from video.references import State as ReferenceState
from video.rights import may_see, within_reach
from video.view_log import Seen

READERS = DECIDERS | {Role.LEADER, Role.ADMINISTRATOR}
LISTED = 200
_polygons = msgspec.json.Decoder(tuple[Polygon, ...])
_s = video_signals.c


@dataclass(frozen=True, slots=True)
class Record:
    """How often a camera was right: signals about presence that people decided."""

    camera_id: int
    code: str
    name: str
    hall: str
    window: str
    confirmed: int
    rejected: int
    waiting: int

    @property
    def decided(self) -> int:
        return self.confirmed + self.rejected

    @property
    def false_share(self) -> float | None:
        """None while nothing was decided."""
        return self.rejected / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A camera of a window with its references."""

    camera_id: int
    code: str
    name: str
    hall: str
    window: str
    has_seat: bool
    active: int
    waiting: str     # asked, proposed or empty


@dataclass(frozen=True, slots=True)
class Guarded:
    """The camera a picture is of, and what of it must not be seen, as it is set now."""

    seen: Seen
    masks: tuple[Polygon, ...]
    blur_faces: bool


class SignalQueries:
    """The reading side."""

    def __init__(self, database: Database, pictures: PictureStore, references: ReferenceService) -> None:
        self._database, self._pictures, self._references = database, pictures, references

    def waiting(self, actor: Actor | None) -> list[Signal]:
        """What waits for a person, oldest first. Raises NotPermitted."""
        return self._listed(actor, _s.state == State.TO_CONFIRM.value, oldest_first=True)

    def standing(self, actor: Actor | None) -> list[Signal]:
        """What goes on and needs no decision: faults of cameras, confirmed absences."""
        return self._listed(actor, and_(_s.ended_at.is_(None), _s.state == State.CONFIRMED.value), oldest_first=True)

    def history(self, actor: Actor | None, *, camera_id: int | None = None) -> list[Signal]:
        """What was decided or is over, newest first."""
        wanted = and_(_s.state != State.TO_CONFIRM.value, _s.ended_at.is_not(None) | (_s.state != State.CONFIRMED.value))
        return self._listed(actor, wanted if camera_id is None else and_(wanted, _s.camera_id == camera_id))

    def find(self, number: int, actor: Actor | None) -> Signal:
        """One of them. Raises NotPermitted, NotFound."""
        person = require(actor, *READERS)
        with self._database.read() as conn:
            row = conn.execute(select(video_signals).where(_s.id == number)).first()
        if row is None or not may_see(person, row):
            raise NotFound("signal_unknown", id=number)
        return signal_of(row)

    def picture(self, number: int, actor: Actor | None) -> tuple[Signal, bytes]:
        """A signal and its JPEG. Raises NotPermitted, NotFound (also where the file is not what was kept)."""
        signal = self.find(number, actor)
        return signal, self._pictures.read(signal.picture, signal.picture_sha256)

    def behind(self, number: int) -> Signal | None:
        """What a card came of, for whoever may see the card; the card decided that (alerts/evidence.py)."""
        with self._database.read() as conn:
            row = conn.execute(select(video_signals).where(_s.id == number)).first()
        return None if row is None else signal_of(row)

    def proof(self, number: int) -> tuple[Signal, bytes]:
        """The same with its JPEG. Raises NotFound."""
        signal = self.behind(number)
        if signal is None:
            raise NotFound("signal_unknown", id=number)
        return signal, self._pictures.read(signal.picture, signal.picture_sha256)

    def reference_picture(self, number: int, actor: Actor | None) -> tuple[Reference, bytes]:
        """A reference and its JPEG, as the camera saw it. Raises NotPermitted, NotFound."""
        found = self._references.find(number, actor)
        return found, self._pictures.read(found.picture, found.sha256)

    def guarded(self, camera_id: int) -> Guarded:
        """What holds for every picture of that camera that is shown. Raises NotFound."""
        c = cameras.c
        with self._database.read() as conn:
            row = conn.execute(select(c.code, c.name, c.area, c.masks, c.blur_faces).where(c.id == camera_id)).first()
        if row is None:
            raise NotFound("camera_unknown", camera=str(camera_id))
        return Guarded(Seen(row.code, row.name, row.area), _polygons.decode(row.masks), row.blur_faces)

    def records(self, actor: Actor | None) -> list[Record]:
        """How often each camera was right, the most often wrong first."""
        person = require(actor, *READERS)
        with self._database.read() as conn:
            rows = conn.execute(select(_s.camera_id, _s.state, func.count().label("n")).where(
                _s.kind.in_([kind.value for kind in PRESENCE]), _s.decided_by.is_(None) | (_s.decided_by != "rule"),
                within_reach(person, video_signals)).group_by(_s.camera_id, _s.state)).all()
            known = {row.id: row for row in conn.execute(select(cameras))}
        counts: dict[int, Counter[str]] = {}
        for row in rows:
            counts.setdefault(row.camera_id, Counter())[row.state] += row.n
        found = [Record(one, known[one].code, known[one].name, known[one].hall, known[one].window_no,
                        n[State.CONFIRMED] + n[State.ENDED], n[State.REJECTED], n[State.TO_CONFIRM])
                 for one, n in counts.items() if one in known]
        return sorted(found, key=lambda record: (-(record.false_share or 0.0), -record.decided, record.code))

    def seats(self, actor: Actor | None) -> list[SeatRow]:
        """The cameras of windows, those that want a person first."""
        person = require(actor, *CONSENTERS)
        waiting = self._references.waiting()
        with self._database.read() as conn:
            rows = conn.execute(select(cameras).where(cameras.c.retired_at.is_(None), cameras.c.window_no != "")).all()
        shown = [row for row in rows if may_see(person, row)]
        found = [SeatRow(row.id, row.code, row.name, row.hall, row.window_no, row.seat not in ("", "[]"),
                         self._active(row.id), waiting[row.id].value if row.id in waiting else "") for row in shown]
        return sorted(found, key=lambda seat: (seat.waiting != ReferenceState.PROPOSED, seat.active > 0, seat.hall, seat.code))

    def references(self, camera_id: int, actor: Actor | None) -> list[Reference]:
        """All that is known of a camera's references, newest first. Raises NotPermitted, NotFound."""
        if not any(seat.camera_id == camera_id for seat in self.seats(actor)):
            raise NotFound("camera_unknown", camera=str(camera_id))
        return self._references.history(camera_id)

    def _active(self, camera_id: int) -> int:
        return sum(one.state is ReferenceState.ACTIVE for one in self._references.of(camera_id))

    def _listed(self, actor: Actor | None, wanted: ColumnElement[bool], *, oldest_first: bool = False) -> list[Signal]:
        person = require(actor, *READERS)
        order = (_s.raised_at, _s.id) if oldest_first else (_s.raised_at.desc(), _s.id.desc())
        seen = select(video_signals).where(wanted, within_reach(person, video_signals))
        with self._database.read() as conn:
            return signals_of(conn.execute(seen.order_by(*order).limit(LISTED)).all())



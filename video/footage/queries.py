"""What there is of a camera: the day of a window, a segment, the clips of a card, the random looks. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Table, and_, or_, select

from core.access import Actor
from core.database import Database
from core.errors import NotFound
from core.instants import SECOND_US
from core.working_calendar import ASSUMED
from video.cameras import Polygon, window_order
from video.footage.models import video_clips, video_gaps, video_incidents, video_samplings, video_segments
from video.footage.rights import require_looker
from video.models import cameras, presence_spans, video_signals, video_views
from video.rights import cameras_within_reach, within_reach

HOLE_US = 2 * SECOND_US
SAMPLINGS_MAX = 200


_polygons = msgspec.json.Decoder(tuple[Polygon, ...])


class CameraOf(msgspec.Struct, frozen=True):
    """The camera a recording is of, in service or not."""

    id: int
    code: str
    name: str
    area: str
    hall: str
    window: str
    post: str
    org: str
    masks: tuple[Polygon, ...] = ()   # what must not be seen, as the camera is set now
    blur_faces: bool = False


class SegmentRow(msgspec.Struct, frozen=True):
    """A recorded file. `begin`, `end` are business instants, `begin_at`, `end_at` real ones, microseconds UTC."""

    id: int
    camera_id: int
    begin: int
    end: int
    begin_at: int
    end_at: int
    file: str
    bytes: int
    codec: str
    state: str
    sha256: str


class GapRow(msgspec.Struct, frozen=True):
    """A span without recording (business instants); `end` is None while it lasts."""

    begin: int
    end: int | None
    reason: dict[str, Any]


class ClipRow(msgspec.Struct, frozen=True):
    """A clip of evidence; instants are real except `business_at`."""

    id: int
    camera_id: int
    card_id: int
    incident_id: int
    at: int
    business_at: int
    from_at: int
    to_at: int
    state: str
    reason: dict[str, Any]
    begin_at: int | None
    end_at: int | None
    bytes: int
    sha256: str
    snapshot_sha256: str
    key_id: str
    clock_offset_us: int | None
    asked_name: str
    asked_at: int
    released_at: int | None


class IncidentRow(msgspec.Struct, frozen=True):
    """An incident marked by hand. `begin`, `end`, `marked` are business instants. `withdrawn_name` is empty while it stands."""

    id: int
    camera_id: int
    kind: str
    begin: int
    end: int
    begin_at: int
    end_at: int
    comment: str
    marked_name: str
    marked: int
    card_id: int
    withdrawn_name: str
    withdrawn_reason: str


class SamplingRow(msgspec.Struct, frozen=True):
    """One look of a round. `due`, `drawn`, `done` are business instants, `picture_at` a real one."""

    id: int
    area: str
    day: int
    round: int
    place: int
    camera_id: int
    due: int
    drawn: int
    drawn_from: int
    picture_sha256: str
    picture_at: int | None
    calendar_assumed: bool
    reason: dict[str, Any]
    presence: str
    dress: str
    badge: str
    conduct: str
    comment: str
    done_name: str
    done: int | None


class PresenceRow(msgspec.Struct, frozen=True):
    """Who sat at a window (business instants): present, absent or unknown."""

    begin: int
    end: int
    state: str


class SignalRow(msgspec.Struct, frozen=True):
    """What the analysis found (business instants); `end` is None while it lasts."""

    id: int
    kind: str
    state: str
    begin: int
    end: int | None


class Looks(msgspec.Struct, frozen=True):
    """How often a clip was looked at, and the last time (real, microseconds UTC)."""

    count: int
    viewer: str
    viewer_name: str
    at: int


class Day(msgspec.Struct, frozen=True):
    """What is known of one camera between two business instants."""

    segments: list[SegmentRow]
    gaps: list[GapRow]
    clips: list[ClipRow]
    incidents: list[IncidentRow]


class FootageQueries:
    """The reading side."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Cameras ---------------------------------------------------------------------------------------------------------

    def camera(self, *, code: str = "", number: int = 0) -> CameraOf:
        """By code or by number, retired or not. Raises NotFound."""
        wanted = cameras.c.code == code if code else cameras.c.id == number
        with self._database.read() as conn:
            row = conn.execute(select(cameras).where(wanted)).first()
        if row is None:
            raise NotFound("camera_unknown", camera=code[:40] or str(number))
        return _camera(row)

    def cameras(self, actor: Actor | None, numbers: Collection[int] | None = None) -> list[CameraOf]:
        """Those he may look at (None, the program itself: all), by area, hall and window; retired ones too, as their
        recordings are kept."""
        wanted = select(cameras)
        if actor is not None:
            wanted = wanted.where(within_reach(actor))
        if numbers is not None:
            wanted = wanted.where(cameras.c.id.in_(list(numbers)))
        with self._database.read() as conn:
            found = [_camera(row) for row in conn.execute(wanted)]
        return sorted(found, key=lambda one: (one.area, one.hall, window_order(one.window), one.code))

    def check_seen(self, camera: CameraOf, actor: Actor | None) -> None:
        """Raises NotAuthenticated, NotPermitted, or NotFound for a camera of another area than his."""
        require_looker(actor, camera)

    # Recordings ------------------------------------------------------------------------------------------------------

    def day(self, camera_id: int, begin: int, end: int) -> Day:
        """Everything of a camera that touches the span of business time; of the main stream where there is one."""
        s, g, k, i = video_segments.c, video_gaps.c, video_clips.c, video_incidents.c
        with self._database.read() as conn:
            segments = conn.execute(select(video_segments).where(
                s.camera_id == camera_id, s.begin_business_at < end, or_(s.end_business_at > begin, s.state == "open"),
                s.begin_business_at > begin - 3600 * SECOND_US).order_by(s.begin_at)).all()
            gaps = conn.execute(select(video_gaps).where(
                g.camera_id == camera_id, g.begin_business_at < end,
                or_(g.end_business_at.is_(None), g.end_business_at > begin)).order_by(g.begin_at)).all()
            clips = conn.execute(select(video_clips).where(
                k.camera_id == camera_id, k.business_at >= begin, k.business_at < end).order_by(k.at)).all()
            marked = conn.execute(select(video_incidents).where(
                i.camera_id == camera_id, i.begin_business_at < end, i.end_business_at >= begin).order_by(i.begin_at)).all()
        stream = "main" if any(row.stream == "main" for row in segments) or not segments else segments[0].stream
        return Day([_segment(row) for row in segments if row.stream == stream],
                   [GapRow(row.begin_business_at, row.end_business_at, _reason(row.reason)) for row in gaps
                    if row.stream == stream],
                   [_clip(row) for row in clips], [_incident(row) for row in marked])

    def presence(self, camera_id: int, begin: int, end: int) -> list[PresenceRow]:
        """Spans that touch this stretch of business time."""
        p = presence_spans.c
        wanted = select(p.began_business_at, p.until_business_at, p.state).where(
            p.camera_id == camera_id, p.began_business_at < end, p.until_business_at > begin).order_by(p.began_business_at)
        with self._database.read() as conn:
            return [PresenceRow(*row) for row in conn.execute(wanted)]

    def signals(self, camera_id: int, begin: int, end: int) -> list[SignalRow]:
        """The same of signals."""
        g = video_signals.c
        wanted = select(g.id, g.kind, g.state, g.began_business_at, g.ended_business_at).where(
            g.camera_id == camera_id, g.began_business_at < end, or_(g.ended_business_at.is_(None), g.ended_business_at > begin)
        ).order_by(g.began_business_at)
        with self._database.read() as conn:
            return [SignalRow(*row) for row in conn.execute(wanted)]

    def segment(self, number: int, actor: Actor | None) -> tuple[SegmentRow, CameraOf]:
        """Raises NotFound for one there is not or that he may not see."""
        row = self._row(video_segments, number, "segment_not_found")
        camera = self.camera(number=row.camera_id)
        require_looker(actor, camera)
        return _segment(row), camera

    def segments_at(self, camera_id: int, from_at: int, to_at: int) -> Sequence[SegmentRow]:
        """Those that touch a span of real time, damaged ones left out."""
        s = video_segments.c
        touches = and_(s.camera_id == camera_id, s.begin_at <= to_at, or_(s.end_at >= from_at, s.state == "open"),
                       s.state != "damaged", s.begin_at > from_at - 3600 * SECOND_US)
        with self._database.read() as conn:
            return [_segment(row) for row in conn.execute(select(video_segments).where(touches).order_by(s.begin_at))]

    # Evidence --------------------------------------------------------------------------------------------------------

    def clip(self, number: int) -> ClipRow:
        return _clip(self._row(video_clips, number, "clip_not_found"))

    def clips_of_card(self, card_id: int) -> list[ClipRow]:
        with self._database.read() as conn:
            return [_clip(row) for row in conn.execute(select(video_clips).where(video_clips.c.card_id == card_id)
                                                       .order_by(video_clips.c.at, video_clips.c.id))]

    def clips_of_incidents(self, numbers: Collection[int]) -> dict[int, ClipRow]:
        with self._database.read() as conn:
            rows = conn.execute(select(video_clips).where(video_clips.c.incident_id.in_(list(numbers)))).all()
        return {row.incident_id: _clip(row) for row in rows}

    def looks_at(self, clips: Sequence[ClipRow]) -> dict[int, Looks]:
        """How often each was played or taken away, and by whom last."""
        found: dict[int, Looks] = {}
        with self._database.read() as conn:
            for clip in clips:
                v, subject = video_views.c, subject_of(clip.id)
                is_of = or_(v.note == subject, v.note.startswith(f"{subject} ", autoescape=True))
                rows = conn.execute(select(v.viewer, v.viewer_name, v.at).where(v.what.in_(("clip", "export")), is_of)
                                    .order_by(v.id)).all()
                if rows:
                    found[clip.id] = Looks(len(rows), *rows[-1])
        return found

    def incident(self, number: int, actor: Actor | None) -> IncidentRow:
        """Raises NotFound for one there is not or that he may not see."""
        row = self._row(video_incidents, number, "incident_not_found")
        require_looker(actor, self.camera(number=row.camera_id))
        return _incident(row)

    # Random looks ----------------------------------------------------------------------------------------------------

    def samplings(self, actor: Actor, *, only_open: bool = False, limit: int = SAMPLINGS_MAX) -> list[SamplingRow]:
        """The latest first."""
        c = video_samplings.c
        wanted = select(video_samplings)
        if actor.area or actor.halls:
            wanted = wanted.where(c.camera_id.in_(cameras_within_reach(actor)))
        if only_open:
            wanted = wanted.where(c.done_business_at.is_(None))
        with self._database.read() as conn:
            return [_sampling(row) for row in conn.execute(wanted.order_by(c.drawn_business_at.desc(), c.place).limit(limit))]

    def sampling(self, number: int, actor: Actor | None) -> SamplingRow:
        """Raises NotFound."""
        row = self._row(video_samplings, number, "sampling_not_found")
        require_looker(actor, self.camera(number=row.camera_id))
        return _sampling(row)

    def _row(self, table: Table, number: int, code: str) -> Row[Any]:
        with self._database.read() as conn:
            row = conn.execute(select(table).where(table.c.id == number)).first()
        if row is None:
            raise NotFound(code, id=number)
        return row


def subject_of(clip_id: int) -> str:
    """How the log of views names a clip: its notes begin with it."""
    return f"clip {clip_id}"


def business_at(segments: Sequence[SegmentRow], real_us: int) -> int | None:
    """The business instant of a real one, from the segment that has it."""
    for one in segments:
        if one.begin_at <= real_us <= one.end_at and one.end_at > one.begin_at:
            return one.begin + (real_us - one.begin_at) * (one.end - one.begin) // (one.end_at - one.begin_at)
    return None


def _camera(row: Row[Any]) -> CameraOf:
    return CameraOf(row.id, row.code, row.name, row.area, row.hall, row.window_no, row.post, row.org,
                    _polygons.decode(row.masks), row.blur_faces)


def _segment(row: Row[Any]) -> SegmentRow:
    return SegmentRow(row.id, row.camera_id, row.begin_business_at, row.end_business_at, row.begin_at, row.end_at, row.file,
                      row.bytes, row.codec, row.state, row.sha256)


def _clip(row: Row[Any]) -> ClipRow:
    plain = {name: getattr(row, name) for name in ClipRow.__struct_fields__ if name != "reason"}
    return ClipRow(reason=_reason(row.reason), **plain)


def _incident(row: Row[Any]) -> IncidentRow:
    return IncidentRow(row.id, row.camera_id, row.kind, row.begin_business_at, row.end_business_at, row.begin_at, row.end_at,
                       row.comment, row.marked_name, row.marked_business_at, row.card_id, row.withdrawn_name,
                       row.withdrawn_reason)


def _sampling(row: Row[Any]) -> SamplingRow:
    return SamplingRow(row.id, row.area, row.day, row.round, row.place, row.camera_id, row.due_business_at,
                       row.drawn_business_at, len(msgspec.json.decode(row.drawn_from)), row.picture_sha256, row.picture_at,
                       row.calendar.endswith(ASSUMED), _reason(row.reason), row.presence, row.dress, row.badge, row.conduct,
                       row.comment, row.done_name, row.done_business_at)


def _reason(text: str) -> dict[str, Any]:
    return dict(msgspec.json.decode(text)) if text else {}

"""Cameras as the engine needs them, with their addresses, and as people may see them, without."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select

from core.access import Actor
from core.database import Database
from core.errors import NotFound
from core.sealing import SealBroken
from video.cameras import Camera, CameraState, Polygon, SourceKind, window_order
from video.models import camera_states, cameras
from video.rights import require_watcher, within_reach
from video.service import Addresses

log = logging.getLogger(__name__)
_polygon = msgspec.json.Decoder(Polygon)
_polygons = msgspec.json.Decoder(tuple[Polygon, ...])
_reason = msgspec.json.Decoder(dict[str, Any])
_STATE = ("state", "reason", "since_at", "seen_at", "told_at", "codec", "width", "height", "milli_fps", "clock_offset_us")


class CameraRow(msgspec.Struct, frozen=True, kw_only=True):
    """A camera as a page shows it: no credentials. Instants are real, microseconds UTC; `seen_at` is that of its last picture.

    `reason` is a code with parameters (`{"code": "timeout", …}`), empty while there is none.
    """

    id: int
    code: str
    name: str
    area: str
    hall: str
    window: str
    post: str
    org: str
    kind: str
    main_shown: str
    sub_shown: str
    seat: Polygon
    masks: tuple[Polygon, ...]
    blur_faces: bool
    is_enabled: bool
    rev: int
    changed_by: str
    changed_at: int
    retired_at: int | None
    state: str
    reason: dict[str, Any]
    since_at: int | None
    seen_at: int | None
    told_at: int | None
    codec: str
    width: int
    height: int
    milli_fps: int
    clock_offset_us: int | None

    @property
    def stream(self) -> str:
        """The stream a tile shows."""
        return "sub" if self.sub_shown else "main"


class CameraQueries:
    """The reading side."""

    def __init__(self, database: Database, addresses: Addresses) -> None:
        self._database, self._addresses = database, addresses

    # For the engine: addresses open, never to be sent to a page -----------------------------------------------------------

    def opened(self) -> list[Camera]:
        """Every camera in service, by code. One whose seal does not open (another secret, a changed row) has an empty `main`:
        it is there, and cannot be read."""
        with self._database.read() as conn:
            rows = conn.execute(select(cameras).where(cameras.c.retired_at.is_(None)).order_by(cameras.c.code)).all()
        return [self._camera(row) for row in rows]

    def find_opened(self, code: str) -> Camera | None:
        """One of them; None for a code nobody has or a camera retired."""
        with self._database.read() as conn:
            row = conn.execute(select(cameras).where(cameras.c.code == code, cameras.c.retired_at.is_(None))).first()
        return None if row is None else self._camera(row)

    def fingerprint(self) -> tuple[int, int, int]:
        """Changes with every change of a camera: what a video process asks when the doorbell rings."""
        with self._database.read() as conn:
            row = conn.execute(select(func.count(), func.coalesce(func.sum(cameras.c.rev), 0),
                                      func.coalesce(func.max(cameras.c.changed_at), 0)).select_from(cameras)).one()
        return int(row[0]), int(row[1]), int(row[2])

    def name_of(self, code: str) -> str:
        """What a camera is called, retired or not; its code when nobody knows it."""
        with self._database.read() as conn:
            found = conn.execute(select(cameras.c.name).where(cameras.c.code == code)).scalar_one_or_none()
        return code if found is None else str(found)

    # For people -----------------------------------------------------------------------------------------------------------

    def rows(self, actor: Actor | None, *, hall: str = "", codes: Sequence[str] | None = None,
             with_retired: bool = False) -> list[CameraRow]:
        """The cameras this person or screen may watch, by hall and window. Raises NotAuthenticated or NotPermitted."""
        wanted = self._seen_by(require_watcher(actor))
        if not with_retired:
            wanted = wanted.where(cameras.c.retired_at.is_(None))
        if hall:
            wanted = wanted.where(cameras.c.hall == hall)
        if codes is not None:
            wanted = wanted.where(cameras.c.code.in_(list(codes)))
        with self._database.read() as conn:
            found = [row_of(row) for row in conn.execute(wanted)]
        return sorted(found, key=lambda row: (row.area, row.hall, window_order(row.window), row.code))

    def find(self, code: str, actor: Actor | None) -> CameraRow:
        """One of them, retired or not. Raises NotFound for one he may not see, as for one nobody has."""
        found = self.rows(actor, codes=[code], with_retired=True)
        if not found:
            raise NotFound("camera_unknown", camera=code[:40])
        return found[0]

    def halls(self, actor: Actor | None) -> list[str]:
        """The halls with cameras in service that he may watch."""
        return list(dict.fromkeys(row.hall for row in self.rows(actor)))

    def every_hall(self) -> list[str]:
        """All that ever had a camera, for whoever gives people their bounds."""
        with self._database.read() as conn:
            return list(conn.execute(select(cameras.c.hall).distinct().order_by(cameras.c.hall)).scalars())

    def at_window(self, actor: Actor | None, area: str, hall: str, window: str) -> CameraRow | None:
        """The camera of a window; None without one."""
        return next((row for row in self.rows(actor, hall=hall) if row.area == area and row.window == window), None)

    def _seen_by(self, actor: Actor) -> Select[Any]:
        states = [camera_states.c[name] for name in _STATE]
        joined = cameras.outerjoin(camera_states, camera_states.c.camera_id == cameras.c.id)
        return select(*cameras.c, *states).select_from(joined).where(within_reach(actor))

    def _camera(self, row: Row[Any]) -> Camera:
        try:
            stored = self._addresses.open(row.code, row.sealed_main, row.sealed_sub)
            main, sub = stored.main, stored.sub
        except SealBroken:
            log.error("camera %s: its address does not open; register it again", row.code)
            main, sub = "", ""
        return Camera(id=row.id, code=row.code, name=row.name, area=row.area, hall=row.hall, window=row.window_no,
                      post=row.post, org=row.org, kind=SourceKind(row.kind), main=main, sub=sub,
                      seat=_polygon.decode(row.seat), masks=_polygons.decode(row.masks), blur_faces=row.blur_faces,
                      is_enabled=row.is_enabled, rev=row.rev)


def row_of(row: Row[Any]) -> CameraRow:
    main, _, sub = row.address_shown.partition("\n")
    state = CameraState.DISABLED.value if not row.is_enabled else row.state or CameraState.CONNECTING.value
    return CameraRow(
        id=row.id, code=row.code, name=row.name, area=row.area, hall=row.hall, window=row.window_no, post=row.post, org=row.org,
        kind=row.kind, main_shown=main, sub_shown=sub, seat=_polygon.decode(row.seat), masks=_polygons.decode(row.masks),
        blur_faces=row.blur_faces, is_enabled=row.is_enabled, rev=row.rev, changed_by=row.changed_by,
        changed_at=row.changed_at, retired_at=row.retired_at, state=state, reason=_reason_of(row.reason),
        since_at=row.since_at, seen_at=row.seen_at, told_at=row.told_at, codec=row.codec or "", width=row.width or 0,
        height=row.height or 0, milli_fps=row.milli_fps or 0, clock_offset_us=row.clock_offset_us)


def _reason_of(text: str | None) -> dict[str, Any]:
    return _reason.decode(text) if text else {}

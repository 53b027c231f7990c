"""Hall video over HTTP: which cameras there are, tickets for live pictures, one picture. The pictures themselves come from the
video process at its own port (docs/video.md); who looks is written down here, before anything is given out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Request, Response, request

from core.access import Actor, Role
from core.api_document import Operation
from core.clock import Clock
from core.errors import InvalidInput, NotFound
from video.cameras import StreamName
from video.queries import CameraQueries, CameraRow
from video.rights import require_watcher
from video.snapshots import Snapshots
from video.view_log import Seen, ViewKind, ViewLog, ViewReason, checked_reason
from video.watermark import burnt, viewer_of, words_for
from web.json_http import as_json, from_json

PREFIX = "/api/v1/video"
CAMERAS_PER_TICKET = 64


class TicketWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Live pictures of these cameras, and why."""

    cameras: list[str]
    reason: str
    note: str = ""


class Ticket(msgspec.Struct, frozen=True):
    """`address` is where the video process listens, `expires_ms` Unix time; `viewer` is what stands across the pictures."""

    address: str
    ticket: str
    expires_ms: int
    viewer: str


class Tile(msgspec.Struct, frozen=True):
    """A camera as a tile shows it. Instants are real, microseconds UTC."""

    code: str
    name: str
    area: str
    hall: str
    window: str
    org: str
    stream: str
    state: str
    reason: dict[str, Any]
    seen_at: int | None
    rev: int


class Tiles(msgspec.Struct, frozen=True):
    """The cameras this viewer may watch, and all the halls of them."""

    cameras: list[Tile]
    halls: list[str]
    now: int


class Tickets(Protocol):
    """Signs tickets the video process believes."""

    def issue(self, cameras: Sequence[str], viewer: str, reason: str, *, unmasked: bool) -> tuple[str, int]:
        """(ticket, its end in milliseconds of Unix time)."""


@dataclass(frozen=True, slots=True)
class VideoParts:
    """What the routes need. `public_url` is empty where the video process listens at `port` of the host the page came from."""

    queries: CameraQueries
    views: ViewLog
    snapshots: Snapshots
    tickets: Tickets
    clock: Clock
    actor_of: Callable[[Request], Actor | None]
    org_name: Callable[[str], str]
    port: int
    public_url: str = ""


OPERATIONS = (
    Operation("get", f"{PREFIX}/cameras", "listCameras", "Cameras one may watch, with their state", answers=Tiles, query={
        "hall": "only of this hall"}),
    Operation("post", f"{PREFIX}/tickets", "getLiveTicket", "A ticket for live pictures; the view is logged", takes=TicketWish,
              answers=Ticket),
    Operation("get", f"{PREFIX}/cameras/<code>/picture.jpg", "getPicture", "One picture, now; the view is logged", query={
        "reason": "why (wall, patrol, card, complaint, sampling, setup, other)", "note": "in one's own words",
        "stream": "main or sub"}, media="image/jpeg"),
)


def create_blueprint(parts: VideoParts) -> Blueprint:
    """Routes under /api/v1/video. Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint, desk = Blueprint("video", __name__), _Desk(parts)
    blueprint.add_url_rule(f"{PREFIX}/cameras", "cameras", desk.cameras)
    blueprint.add_url_rule(f"{PREFIX}/tickets", "ticket", desk.ticket, methods=["POST"])
    blueprint.add_url_rule(f"{PREFIX}/cameras/<code>/picture.jpg", "picture", desk.picture)
    return blueprint


class _Desk:
    def __init__(self, parts: VideoParts) -> None:
        self._parts = parts

    def cameras(self) -> Response:
        """A page asks every few seconds: one query."""
        hall, actor = request.args.get("hall", ""), self._parts.actor_of(request)
        rows = self._parts.queries.rows(actor)
        halls = list(dict.fromkeys(row.hall for row in rows))
        return as_json(Tiles([self._tile(row) for row in rows if hall in ("", row.hall)], halls, self._parts.clock.now_us()))

    def ticket(self) -> Response:
        parts, actor = self._parts, require_watcher(self._parts.actor_of(request))
        wish = from_json(TicketWish, request.get_data())
        if not 0 < len(wish.cameras) <= CAMERAS_PER_TICKET:
            raise InvalidInput("cameras_per_ticket", key="cameras", most=CAMERAS_PER_TICKET)
        rows = self._rows(wish.cameras, actor)
        parts.views.note([seen(row) for row in rows], actor, ViewKind.LIVE, wish.reason, wish.note, request.remote_addr or "")
        codes = [row.code for row in rows]
        ticket, expires_ms = parts.tickets.issue(codes, actor.name, wish.reason, unmasked=sees_unmasked(actor, wish.reason))
        return as_json(Ticket(live_address(request, parts.port, parts.public_url), ticket, expires_ms, viewer_of(actor)))

    def picture(self, code: str) -> Response:
        parts, actor = self._parts, require_watcher(self._parts.actor_of(request))
        reason, note = request.args.get("reason", ""), request.args.get("note", "")
        checked_reason(reason, note, actor)
        [row] = self._rows([code], actor)
        camera = parts.queries.find_opened(code)
        if camera is None or not camera.is_enabled:
            raise NotFound("camera_not_in_service", camera=code[:40])
        parts.views.note([seen(row)], actor, ViewKind.SNAPSHOT, reason, note, request.remote_addr or "")
        stream = StreamName.MAIN if request.args.get("stream") == "main" else StreamName.SUB
        taken = parts.snapshots.take(camera, stream)
        hides = not sees_unmasked(actor, reason)
        made = burnt(taken.jpeg, words_for(actor, taken.at_us), camera.masks if hides else (),
                     is_coarse=hides and camera.blur_faces)
        return Response(made, mimetype="image/jpeg")

    def _rows(self, codes: Sequence[str], actor: Actor) -> list[CameraRow]:
        """All of them in service and his to watch, in the order asked for; one he may not see is as one there is not."""
        known = {row.code: row for row in self._parts.queries.rows(actor, codes=codes)}
        missing = next((code for code in codes if code not in known), None)
        if missing is not None:
            raise NotFound("camera_unknown", camera=missing[:40])
        return [known[code] for code in dict.fromkeys(codes)]

    def _tile(self, row: CameraRow) -> Tile:
        return Tile(row.code, row.name, row.area, row.hall, row.window, self._parts.org_name(row.org) if row.org else "",
                    row.stream, row.state, row.reason, row.seen_at, row.rev)


def seen(row: CameraRow) -> Seen:
    """The camera as the log of views keeps it."""
    return Seen(row.code, row.name, row.area)


def sees_unmasked(actor: Actor, reason: str) -> bool:
    """Masks are drawn by looking at what they cover: an administrator who sets the camera up, and nobody else."""
    return reason == ViewReason.SETUP and actor.has(Role.ADMINISTRATOR)


def live_address(asked: Request, port: int, public_url: str) -> str:
    """Where the browser finds the video process: as configured, else the host it asked for this page, at the video port."""
    if public_url:
        return public_url.rstrip("/")
    host = urlsplit(f"//{asked.host}").hostname or "127.0.0.1"
    scheme = "wss" if asked.is_secure else "ws"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"



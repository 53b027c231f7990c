"""Pictures of signals and references over HTTP, for the pages that show them.

A picture of a signal is given out as every picture of a camera is: its viewer across it, and the look in the log before that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Request, Response, request

from core.access import Actor
from core.api_document import Operation
from core.clock import Clock
from video.events import Signal
from video.onsite.queries import SignalQueries
from video.view_log import Seen, ViewKind, ViewLog, ViewReason
from video.watermark import burnt, words_for

PREFIX = "/api/v1/video"
OPERATIONS = (
    Operation("get", f"{PREFIX}/signals/<int:number>/picture.jpg", "getSignalPicture", "The picture that justifies a signal",
              media="image/jpeg"),
    Operation("get", f"{PREFIX}/references/<int:number>/picture.jpg", "getReferencePicture", "A picture of an empty seat",
              media="image/jpeg"),
)


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What the routes need. `machine` is real time."""

    queries: SignalQueries
    views: ViewLog
    machine: Clock
    actor_of: Callable[[Request], Actor | None]

    def shown(self, signal: Signal, data: bytes, actor: Actor | None, reason: ViewReason) -> Response:
        """The picture with its viewer across it, once the look is in the log."""
        assert actor is not None  # who asked was let in before the picture was read
        seen = Seen(signal.camera_code, signal.camera_name, signal.area)
        self.views.note([seen], actor, ViewKind.SNAPSHOT, reason, f"signal {signal.id}", request.remote_addr or "")
        return _jpeg(burnt(data, words_for(actor, self.machine.now_us())))


def create_blueprint(parts: HttpParts) -> Blueprint:
    """Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint = Blueprint("video_signals", __name__)

    @blueprint.get(f"{PREFIX}/signals/<int:number>/picture.jpg")
    def signal_picture(number: int) -> Response:
        actor = parts.actor_of(request)
        return parts.shown(*parts.queries.picture(number, actor), actor, ViewReason.SIGNAL)

    @blueprint.get(f"{PREFIX}/references/<int:number>/picture.jpg")
    def reference_picture(number: int) -> Response:
        return _jpeg(parts.queries.reference_picture(number, parts.actor_of(request)))

    return blueprint


def _jpeg(data: bytes) -> Response:
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})

"""Pictures of signals and references over HTTP, for the pages that show them.

They are given out as every picture of a camera is: without what its camera must not show now, their viewer across them, and the
look in the log before that. The files stay as they are: what cameras are judged by must not change with a mask.
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
from video.references import Reference
from video.view_log import ViewKind, ViewLog, ViewReason
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
        """The picture of a signal for somebody who was let in."""
        return self._given(signal.camera_id, data, actor, reason, f"signal {signal.id}")

    def shown_reference(self, found: Reference, data: bytes, actor: Actor | None) -> Response:
        """The picture of an empty seat for somebody who may consent to it."""
        return self._given(found.camera_id, data, actor, ViewReason.SETUP, f"reference {found.id}")

    def _given(self, camera_id: int, data: bytes, actor: Actor | None, reason: ViewReason, note: str) -> Response:
        """What the camera must not show now is taken out, whenever the picture was kept; the look is in the log before."""
        assert actor is not None  # who asked was let in before the picture was read
        camera = self.queries.guarded(camera_id)
        self.views.note([camera.seen], actor, ViewKind.SNAPSHOT, reason, note, request.remote_addr or "")
        words = words_for(actor, self.machine.now_us())
        return _jpeg(burnt(data, words, camera.masks, is_coarse=camera.blur_faces))


def create_blueprint(parts: HttpParts) -> Blueprint:
    """Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint = Blueprint("video_signals", __name__)

    @blueprint.get(f"{PREFIX}/signals/<int:number>/picture.jpg")
    def signal_picture(number: int) -> Response:
        actor = parts.actor_of(request)
        return parts.shown(*parts.queries.picture(number, actor), actor, ViewReason.SIGNAL)

    @blueprint.get(f"{PREFIX}/references/<int:number>/picture.jpg")
    def reference_picture(number: int) -> Response:
        actor = parts.actor_of(request)
        return parts.shown_reference(*parts.queries.reference_picture(number, actor), actor)

    return blueprint


def _jpeg(data: bytes) -> Response:
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})

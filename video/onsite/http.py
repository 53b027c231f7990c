"""Pictures of signals and references over HTTP, for the page that shows them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Request, Response, request

from core.access import Actor
from core.api_document import Operation
from video.onsite.queries import SignalQueries

PREFIX = "/api/v1/video"
OPERATIONS = (
    Operation("get", f"{PREFIX}/signals/<int:number>/picture.jpg", "getSignalPicture", "The picture that justifies a signal",
              media="image/jpeg"),
    Operation("get", f"{PREFIX}/references/<int:number>/picture.jpg", "getReferencePicture", "A picture of an empty seat",
              media="image/jpeg"),
)


def create_blueprint(queries: SignalQueries, actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint = Blueprint("video_signals", __name__)

    @blueprint.get(f"{PREFIX}/signals/<int:number>/picture.jpg")
    def signal_picture(number: int) -> Response:
        return _jpeg(queries.picture(number, actor_of(request)))

    @blueprint.get(f"{PREFIX}/references/<int:number>/picture.jpg")
    def reference_picture(number: int) -> Response:
        return _jpeg(queries.reference_picture(number, actor_of(request)))

    return blueprint


def _jpeg(data: bytes) -> Response:
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})

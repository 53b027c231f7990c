"""Recordings over HTTP: the day of a window, its files in ranges, single pictures, evidence as a package. Every look has its
reason on record before anything is given out: a page first says why (`POST …/views`), what it gets lets it ask for pictures.

The files lie on a disk that the web process and the video processes share (docs/video.md).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
from flask import Blueprint, Request, Response, request, send_file

from core.access import Actor, require
from core.api_document import Operation
from core.clock import Clock
from core.errors import InvalidInput, NotFound
from papers.keys import KeyRing
from video.footage import manifest
from video.footage.passes import Passes
from video.footage.pictures import Pictures
from video.footage.playable import PLAYED, Hidden, Playable
from video.footage.queries import CameraOf, ClipRow, FootageQueries, SamplingRow, subject_of
from video.footage.rights import LOOKERS, OF_CARDS, require_looker
from video.view_log import NOTE_MAX, Seen, ViewKind, ViewLog, checked_reason
from video.watermark import burnt, words_for
from web.json_http import as_json, from_json

PREFIX = "/api/v1/footage"
KINDS = (ViewKind.RECORDED, ViewKind.CLIP, ViewKind.EXPORT)


Press = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f-]{0,36}\Z")]   # a UUID


class ViewWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`what`: recorded (a camera), clip or export (a clip by its number). `reason` and `note` as for live pictures."""

    what: str
    reason: str
    note: str = ""
    camera: str = ""
    clip: int = 0
    press: Press = ""   # a new one for each press of the button: the same one again is the same look


class ViewPass(msgspec.Struct, frozen=True):
    """Goes with every request for pictures as `view`; `viewer` is what stands across them. `is_copy`: of a clip no browser
    plays a copy in H.264 is shown; `is_masked`: what is shown is a copy with the masks of its camera burnt in."""

    view: str
    expires_ms: int
    viewer: str
    is_copy: bool = False
    is_masked: bool = False


@dataclass(frozen=True, slots=True)
class FootageParts:
    """What the routes need. `see_card(card, actor)` raises NotFound where he may not see the card a clip belongs to."""

    queries: FootageQueries
    pictures: Pictures
    playable: Playable
    views: ViewLog
    passes: Passes
    keys: KeyRing
    evidence: Path
    samplings: Path
    see_card: Callable[[int, Actor | None], None]
    how_to: Callable[[], str]
    clock: Clock
    actor_of: Callable[[Request], Actor | None]


_VIEW = {"view": "the pass of the view"}
OPERATIONS = (
    Operation("post", f"{PREFIX}/views", "lookAtFootage", "Say why one looks; answers a pass for the pictures", takes=ViewWish,
              answers=ViewPass),
    Operation("get", f"{PREFIX}/segments/<int:number>/film.mp4", "getSegment", "A recorded file, also in ranges", query=_VIEW,
              media="video/mp4"),
    Operation("get", f"{PREFIX}/cameras/<code>/still.jpg", "getStill", "A recorded picture, the viewer's name in it", query={
        **_VIEW, "at": "real instant, microseconds UTC"}, media="image/jpeg"),
    Operation("get", f"{PREFIX}/clips/<int:number>/clip.mp4", "getClip", "Evidence: the film", query=_VIEW, media="video/mp4"),
    Operation("get", f"{PREFIX}/clips/<int:number>/snapshot.jpg", "getClipPicture",
              "Evidence: the picture, with the viewer's name in it", query=_VIEW, media="image/jpeg"),
    Operation("get", f"{PREFIX}/clips/<int:number>/package.zip", "getClipPackage",
              "Evidence with its signed manifest, to be checked by anybody", query=_VIEW, media="application/zip"),
    Operation("get", f"{PREFIX}/samplings/<int:number>/picture.jpg", "getSamplingPicture",
              "The picture of a random look; the view is logged", media="image/jpeg"),
)


def create_blueprint(parts: FootageParts) -> Blueprint:
    """Routes under /api/v1/footage. Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint, desk = Blueprint("footage", __name__), _Desk(parts)
    blueprint.add_url_rule(f"{PREFIX}/views", "views", desk.look, methods=["POST"])
    blueprint.add_url_rule(f"{PREFIX}/segments/<int:number>/film.mp4", "segment", desk.segment)
    blueprint.add_url_rule(f"{PREFIX}/cameras/<code>/still.jpg", "still", desk.still)
    blueprint.add_url_rule(f"{PREFIX}/clips/<int:number>/clip.mp4", "clip", desk.clip)
    blueprint.add_url_rule(f"{PREFIX}/clips/<int:number>/snapshot.jpg", "snapshot", desk.snapshot)
    blueprint.add_url_rule(f"{PREFIX}/clips/<int:number>/package.zip", "package", desk.package)
    blueprint.add_url_rule(f"{PREFIX}/samplings/<int:number>/picture.jpg", "sampling_picture", desk.sampling)
    return blueprint


class _Desk:
    def __init__(self, parts: FootageParts) -> None:
        self._parts = parts

    def look(self) -> Response:
        parts, actor = self._parts, self._actor()
        wish = from_json(ViewWish, request.get_data())
        if wish.what not in KINDS:
            raise InvalidInput("view_kind_unknown", key="what", value=wish.what[:16])
        camera, subject = self._subject(wish, actor)
        checked_reason(wish.reason, wish.note, actor)
        named = f"{subject_of(wish.clip)} {wish.note}".strip() if wish.clip else wish.note
        parts.views.note([_seen(camera)], actor, ViewKind(wish.what), wish.reason, named[:NOTE_MAX], request.remote_addr or "",
                         wish.press)
        given, until = parts.passes.issue(actor, subject, wish.what)
        is_copy = wish.clip > 0 and self._codec(wish.clip) != PLAYED
        return as_json(ViewPass(given, until // 1000, viewer_of(actor), is_copy, bool(_hidden(camera).mark)))

    def segment(self, number: int) -> Response:
        actor = self._actor()
        row, camera = self._parts.queries.segment(number, actor)
        self._check(actor, camera.code, ViewKind.RECORDED)
        if row.state != "closed":
            raise NotFound("segment_not_closed", id=number)
        return self._film(self._parts.pictures.path_of(row), row.sha256, row.codec, camera)

    def still(self, code: str) -> Response:
        actor, camera = self._actor(), self._parts.queries.camera(code=code)
        require_looker(actor, camera)
        self._check(actor, camera.code, ViewKind.RECORDED)
        at = request.args.get("at", "")
        if not at.isascii() or not at.isdigit() or len(at) > 17:
            raise InvalidInput("number_invalid", name="at")
        found = self._parts.pictures.at(camera.id, int(at))
        if found is None:
            raise NotFound("picture_not_recorded", camera=camera.code)
        return self._marked(found[0], actor, f"{camera.code}-{found[1]}.jpg", camera)

    def clip(self, number: int) -> Response:
        row, _ = self._clip(number, ViewKind.CLIP)
        camera = self._parts.queries.camera(number=row.camera_id)
        return self._film(self._file(row, manifest.CLIP), row.sha256, self._codec(number), camera)

    def snapshot(self, number: int) -> Response:
        row, actor = self._clip(number, ViewKind.CLIP)
        camera = self._parts.queries.camera(number=row.camera_id)
        return self._marked(self._file(row, manifest.SNAPSHOT).read_bytes(), actor, f"clip-{number}.jpg", camera)

    def package(self, number: int) -> Response:
        """As it was signed: a name or a mask burnt in would be a change. Who took it away, and why, is on record."""
        row, _ = self._clip(number, ViewKind.EXPORT)
        self._file(row, manifest.MANIFEST)
        made = manifest.package(self._parts.evidence / str(number), self._parts.keys, self._parts.how_to())
        return send_file(made, mimetype="application/zip", as_attachment=True, download_name=f"evidence-{number}.zip")

    def sampling(self, number: int) -> Response:
        actor = self._actor()
        row = self._parts.queries.sampling(number, actor)
        path = self._parts.samplings / f"{row.id}.jpg"
        if not row.picture_sha256 or not path.is_file():
            raise NotFound("sampling_without_picture", id=number)
        camera = self._parts.queries.camera(number=row.camera_id)
        self._parts.views.note([_seen(camera)], actor, ViewKind.SNAPSHOT, "sampling", _round_of(row), request.remote_addr or "")
        return self._marked(path.read_bytes(), actor, f"sampling-{number}.jpg", camera)

    # Inside ----------------------------------------------------------------------------------------------------------

    def _actor(self) -> Actor:
        return require(self._parts.actor_of(request), *LOOKERS, *OF_CARDS)

    def _subject(self, wish: ViewWish, actor: Actor) -> tuple[CameraOf, str]:
        if wish.what == ViewKind.RECORDED:
            camera = self._parts.queries.camera(code=wish.camera)
            require_looker(actor, camera)
            return camera, camera.code
        row = self._seen_clip(wish.clip, actor)
        return self._parts.queries.camera(number=row.camera_id), f"clip:{row.id}"

    def _clip(self, number: int, what: ViewKind) -> tuple[ClipRow, Actor]:
        actor = self._actor()
        row = self._seen_clip(number, actor)
        self._check(actor, f"clip:{number}", what)
        return row, actor

    def _seen_clip(self, number: int, actor: Actor) -> ClipRow:
        """A clip of a card for who sees the card, another for who may look at the camera."""
        row = self._parts.queries.clip(number)
        camera = self._parts.queries.camera(number=row.camera_id)
        if not row.card_id:
            require_looker(actor, camera)
            return row
        self._parts.see_card(row.card_id, actor)
        if not actor.reaches(camera.area, camera.hall):
            raise NotFound("clip_not_found", id=number)
        return row

    def _check(self, actor: Actor, subject: str, what: ViewKind) -> None:
        self._parts.passes.check(request.args.get("view", ""), actor, subject, what.value)

    def _film(self, path: Path, sha256: str, codec: str, camera: CameraOf) -> Response:
        """What a browser plays, in ranges, and without what must not be seen."""
        shown = self._parts.playable.of(path, sha256, codec, _hidden(camera))
        mark = sha256 if shown == path else f"{shown.stem}-{PLAYED}"
        return send_file(shown, mimetype="video/mp4", conditional=True, etag=mark)

    def _codec(self, number: int) -> str:
        """Of a clip, by its manifest; what has none is given as it is."""
        try:
            told = json.loads((self._parts.evidence / str(number) / manifest.MANIFEST).read_bytes())
        except (OSError, ValueError):
            return PLAYED
        return str(told.get("codec", PLAYED))

    def _file(self, row: ClipRow, name: str) -> Path:
        path = self._parts.evidence / str(row.id) / name
        if row.state != "ready" or not path.is_file():
            raise NotFound("clip_not_there", id=row.id, state=row.state)
        return path

    def _marked(self, jpeg: bytes, actor: Actor, name: str, camera: CameraOf) -> Response:
        made = burnt(jpeg, words_for(actor, self._parts.clock.now_us()), camera.masks, is_coarse=camera.blur_faces)
        response = send_file(io.BytesIO(made), mimetype="image/jpeg")
        response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}"
        return response


def viewer_of(actor: Actor) -> str:
    """What stands across the pictures he is shown."""
    return " ".join(dict.fromkeys(filter(None, (actor.display_name, actor.name))))


def _hidden(camera: CameraOf) -> Hidden:
    return Hidden(camera.masks, camera.blur_faces)


def _seen(camera: CameraOf) -> Seen:
    return Seen(camera.code, camera.name, camera.area)


def _round_of(row: SamplingRow) -> str:
    return f"{row.day}/{row.round + 1}/{row.id}"



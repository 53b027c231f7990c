"""One picture of a camera, now: from what this process reads anyway, else by opening the stream in a child process."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from core.child import Children
from core.clock import Clock
from core.errors import UpstreamError
from video.addresses import AddressRules, check_host
from video.cameras import Camera, SourceKind, StreamName
from video.registration import Stored

SCRIPT = Path(__file__).with_name("look_once.py")
WIDTH_MAX = 1920
SPARE_S = 4.0  # of the child's time: it begins, decodes and writes


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG and when it was taken, microseconds UTC of real time."""

    jpeg: bytes
    at_us: int


@dataclass(frozen=True, slots=True)
class Tested:
    """What a stream gave: a picture and what it is, or the code of the reason there is none."""

    picture: Picture | None
    code: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether browsers play it without transcoding."""
        return self.codec == "h264"


class PictureSource(Protocol):
    """Who reads cameras in this process."""

    def picture(self, camera_id: int, stream: StreamName) -> Picture | None:
        """The latest key frame as JPEG; None when that stream is not being read here."""


class Snapshots:
    """Takes them. `reader` is None in a process that reads no camera."""

    def __init__(self, children: Children, rules: AddressRules, clock: Clock,
                 reader: Callable[[], PictureSource | None] = lambda: None) -> None:
        self._children, self._rules, self._clock, self._reader = children, rules, clock, reader

    def take(self, camera: Camera, stream: StreamName = StreamName.SUB) -> Picture:
        """Raises UpstreamError with the code of the reason there is no picture."""
        reader = self._reader()
        found = reader.picture(camera.id, stream) if reader is not None else None
        if found is not None:
            return found
        tested = self._look(camera.kind, camera.address(stream))
        if tested.picture is None:
            raise UpstreamError(tested.code or "camera_unreachable")
        return tested.picture

    def test(self, kind: SourceKind, stored: Stored) -> dict[StreamName, Tested]:
        """Both streams of a camera that is not saved yet. Raises Unavailable when too many are being tested."""
        tested = {StreamName.MAIN: self._look(kind, stored.main)}
        if stored.sub:
            tested[StreamName.SUB] = self._look(kind, stored.sub)
        return tested

    def _look(self, kind: SourceKind, address: str) -> Tested:
        if not address:
            return Tested(None, "camera_address_unreadable")
        asked = {"address": self._place(kind, address), "kind": kind.value, "width_max": WIDTH_MAX,
                 "seconds": max(1.0, self._children.limits.seconds - SPARE_S)}
        try:
            said, _, jpeg = self._children.run(SCRIPT, json.dumps(asked).encode()).partition(b"\n")
            told = json.loads(said)
        except UpstreamError as failure:
            return Tested(None, "camera_timeout" if failure.details.get("cause") == "time" else "camera_stream_broken")
        except ValueError:
            return Tested(None, "camera_stream_broken")
        return _tested(told, jpeg, self._clock.now_us())

    def _place(self, kind: SourceKind, address: str) -> str:
        """Checked again as it is used: a name may have moved, a setting may have changed. Raises InvalidInput."""
        if kind is SourceKind.FILE:
            return str((self._rules.file_dir or Path()) / address)
        if kind is SourceKind.RTSP:
            check_host(urlsplit(address).hostname or "", self._rules)
        return address


def _tested(told: dict[str, Any], jpeg: bytes, now_us: int) -> Tested:
    if told.get("code") or not jpeg:
        return Tested(None, str(told.get("code") or "camera_no_pictures"))
    rate = float(told["fps"])
    return Tested(Picture(jpeg, now_us), "", str(told["codec"]), int(told["width"]), int(told["height"]),
                  rate if math.isfinite(rate) else 0.0)

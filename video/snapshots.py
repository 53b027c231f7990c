"""One picture of a camera, now: from what this process reads anyway, else by opening the stream in a child process."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.child import Children
from core.clock import Clock
from core.errors import UpstreamError
from video.addresses import AddressRules
from video.cameras import NETWORK, Camera, SourceKind, StreamName
from video.faults import SourceFault, passing
from video.registration import Stored
from video.relay import Relay, RelayRules
from video.targets import device_of, file_of, target_of

SCRIPT = Path(__file__).with_name("look_once.py")
WIDTH_MAX = 1920
SPARE_S, CLOSE_S = 4.0, 2.0


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
    details: Mapping[str, Any] = field(default_factory=dict)
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

    def read_from(self, source: PictureSource) -> None:
        """This process reads cameras: what it has at hand needs no child."""
        self._reader = lambda: source

    def take(self, camera: Camera, stream: StreamName = StreamName.SUB) -> Picture:
        """Raises UpstreamError with the code of the reason there is no picture."""
        reader = self._reader()
        found = reader.picture(camera.id, stream) if reader is not None else None
        if found is not None:
            return found
        tested = self._look(camera.kind, camera.address(stream))
        if tested.picture is None:
            raise UpstreamError(tested.code or "camera_unreachable", **tested.details)
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
        try:
            if kind in NETWORK:
                return self._look_through_relay(kind, address)
            place = str(file_of(address, self._rules.file_dir)) if kind is SourceKind.FILE else device_of(address)
            return self._ask_child(kind, place)
        except SourceFault as fault:
            return Tested(None, fault.code, fault.details)

    def _look_through_relay(self, kind: SourceKind, address: str) -> Tested:
        """The child reaches the camera through a relay of ours and nothing beyond it. Raises SourceFault."""
        rules = RelayRules(self._seconds, None, self._clock.now_us)
        relay = Relay(target_of(address, self._rules.networks), rules, by_datagrams=kind is SourceKind.RTSP_UDP)
        relay.start()
        try:
            tested = self._ask_child(SourceKind.RTSP, relay.address)
        finally:
            relay.close()
            relay.join(CLOSE_S)
        if tested.picture is None and relay.fault is not None:
            raise relay.fault
        if tested.picture is None and relay.is_unheard:
            raise passing("camera_no_datagrams")
        return tested

    def _ask_child(self, kind: SourceKind, place: str) -> Tested:
        asked = {"address": place, "kind": kind.value, "width_max": WIDTH_MAX, "seconds": self._seconds}
        try:
            said, _, jpeg = self._children.run(SCRIPT, json.dumps(asked).encode()).partition(b"\n")
            return _tested(json.loads(said), jpeg, self._clock.now_us())
        except UpstreamError as failure:
            cause = str(failure.details.get("cause", ""))
            return Tested(None, "camera_timeout" if cause == "time" else "camera_stream_broken", {"problem": cause})
        except ValueError:
            return Tested(None, "camera_stream_broken", {"problem": "JSON"})

    @property
    def _seconds(self) -> float:
        """What a camera is given of the time a child has: the rest is for beginning, decoding and writing."""
        return max(1.0, self._children.limits.seconds - SPARE_S)


def _tested(told: dict[str, Any], jpeg: bytes, now_us: int) -> Tested:
    if told.get("code") or not jpeg:
        return Tested(None, str(told.get("code") or "camera_no_pictures"), told.get("details") or {})
    rate = float(told["fps"])
    return Tested(Picture(jpeg, now_us), "", {}, str(told["codec"]), int(told["width"]), int(told["height"]),
                  rate if math.isfinite(rate) else 0.0)

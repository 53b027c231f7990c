"""A camera as the whole room knows it: where it hangs, what it looks at, how its stream is reached, how it is."""

from __future__ import annotations

from enum import StrEnum

import msgspec

Point = tuple[float, float]
Polygon = tuple[Point, ...]


class SourceKind(StrEnum):
    RTSP = "rtsp"          # rtsp:// or rtsps://, the pictures over the same connection
    RTSP_UDP = "rtsp_udp"  # rtsp:// of a camera that sends its pictures as datagrams only
    FILE = "file"          # a file below video.file_dir, played in its own time, again and again
    DEVICE = "device"      # a USB camera, /dev/videoN


NETWORK = frozenset({SourceKind.RTSP, SourceKind.RTSP_UDP})


class StreamName(StrEnum):
    MAIN = "main"
    SUB = "sub"


def is_alike(kind: str, other: str) -> bool:
    """Whether what is known of a source of one kind (its address, its credentials) serves one of the other."""
    return kind == other or NETWORK.issuperset((kind, other))


class CameraState(StrEnum):
    """How the connection is. What the picture shows (black, frozen, covered …) is told by signals, not here."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"    # connected, and no packet for video.stalled_after_s
    OFFLINE = "offline"    # cannot be opened, or ended; tried again
    REFUSED = "refused"    # credentials, network or format not accepted; tried again slowly
    DISABLED = "disabled"


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """One camera of a hall. Polygons are in fractions of the picture, (0, 0) at the top left.

    `main` and `sub` are addresses with their credentials: never logged, never sent to a browser. `repr` leaves them out.
    """

    id: int
    code: str
    name: str
    area: str
    hall: str
    window: str = ""
    post: str = ""
    org: str = ""
    kind: SourceKind
    main: str
    sub: str = ""
    seat: Polygon = ()
    masks: tuple[Polygon, ...] = ()
    blur_faces: bool = False
    is_enabled: bool = True
    rev: int = 1

    def __repr__(self) -> str:
        return f"Camera({self.code!r}, {self.kind.value}, hall={self.hall!r}, window={self.window!r}, rev={self.rev})"

    def address(self, stream: StreamName) -> str:
        """Where the stream is read; a camera without a second one shows its main one."""
        return self.sub if stream is StreamName.SUB and self.sub else self.main


def window_order(window: str) -> tuple[int, str]:
    """Windows 2, 10, 综合: by number where there is one, so that 10 follows 9."""
    digits = "".join(sign for sign in window if sign.isdecimal() and sign.isascii())
    return (int(digits[:9]) if digits else 1 << 30, window)

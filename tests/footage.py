"""Packets as a camera sends them, made once per process: small H.264 pictures that carry their own number in 16 fat bits."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from sqlalchemy import insert

from core.clock import FrozenClock
from core.database import Database, import_models, metadata
from core.doorbell import InProcessDoorbell
from core.instants import SECOND_US, to_us
from core.unit_of_work import UnitOfWorkFactory
from video.cameras import Camera, SourceKind
from video.models import cameras
from video.packets import MediaPacket, Track

BASE = Fraction(1, 90_000)
BITS = 16
NOON = to_us(datetime(2026, 3, 16, 4, 0, tzinfo=UTC))  # 12:00 in Shanghai, a Monday


@cache
def encoded(count: int, fps: int, gop: int, width: int = 160,
            height: int = 96) -> tuple[tuple[tuple[bytes, int, int, bool], ...], bytes]:
    out = av.open(io.BytesIO(), "w", format="mp4")
    stream = out.add_stream("libx264", rate=fps, options={"g": str(gop), "bf": "0", "preset": "ultrafast", "qp": "18",
                                                          "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0"})
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base = stream.codec_context.time_base = BASE
    made = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="gray")
        frame.pts, frame.time_base = number * 90_000 // fps, BASE
        made += stream.encode(frame)
    made += stream.encode(None)
    return tuple((bytes(one), one.pts, one.dts, one.is_keyframe) for one in made), bytes(stream.codec_context.extradata)


def picture(number: int, width: int = 160, height: int = 96) -> Any:
    image = np.full((height, width), 40, np.uint8)
    step = width // BITS
    for bit in range(BITS):
        if number >> bit & 1:
            image[:height // 2, bit * step:(bit + 1) * step] = 230
    return image


def number_of(image: Any) -> int:
    """The number a decoded grey picture carries."""
    height, width = image.shape
    step = width // BITS
    return sum(1 << bit for bit in range(BITS)
               if image[height // 4, bit * step + step // 2] > 130)


def numbers_in(path: Path | io.BytesIO) -> list[tuple[float, int]]:
    """(seconds, number) of every picture of a file."""
    with av.open(path if isinstance(path, io.BytesIO) else str(path)) as container:
        return [(float(frame.time), number_of(frame.to_ndarray(format="gray"))) for frame in container.decode(video=0)]


def sent(seconds: float, *, fps: int = 10, gop: int = 10, begin_us: int = NOON, serial: int = 1, start: int = 0,
         width: int = 160, late: Callable[[int], int] = lambda _number: 0) -> Iterator[MediaPacket]:
    """What a camera sends in so many seconds: picture n arrives n / fps seconds after `begin_us` (and `late(n)` later)."""
    pictures, extradata = encoded(int((start + seconds * fps) // gop + 1) * gop, fps, gop, width)
    track = Track("h264", width, 96, BASE, extradata, serial)
    for number in range(start, start + int(seconds * fps)):
        data, pts, dts, is_key = pictures[number]
        yield MediaPacket(track, data, pts, dts, is_key, begin_us + (number - start) * SECOND_US // fps + late(number))


def camera(number: int = 1, **given: Any) -> Camera:
    return Camera(**{"id": number, "code": f"cam-{number}", "name": f"{number}号窗口", "area": "360500",
                     "hall": "市政务服务大厅", "window": f"A{number:02d}", "org": "fagai", "kind": SourceKind.FILE,
                     "main": "x.mp4", **given})


def ground(url: str, now_us: int = NOON) -> UnitOfWorkFactory:
    """The tables there is need of, and a clock that stands at noon."""
    database = Database(url)
    import_models()
    metadata.create_all(database.engine, [table for name, table in metadata.tables.items()
                                          if name.startswith(("video_", "camera")) or name in ("ledger", "outbox")])
    return UnitOfWorkFactory(database, FrozenClock(datetime.fromtimestamp(now_us / 1e6, UTC)), InProcessDoorbell())


def register(units: UnitOfWorkFactory, one: Camera) -> None:
    with units() as uow:
        uow.conn.execute(insert(cameras).values(
            id=one.id, code=one.code, name=one.name, area=one.area, hall=one.hall, window_no=one.window, org=one.org,
            kind=one.kind.value, sealed_main=b"", address_shown="x", rev=1, changed_by="test", changed_at=0))

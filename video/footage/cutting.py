"""A stretch of time out of recorded segments: the same compressed pictures in one MP4, and one picture of them as JPEG.

The stretch begins at the key frame at or before what was asked for, since nothing before it can be shown without that one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from core.files import sync
from core.instants import SECOND_US
from video.footage.mp4 import FAULTS, Mp4Reader, parameter_sets

BASE = Fraction(1, 90_000)
HOLE_US = 2 * SECOND_US       # pictures further apart than this have a hole between them
JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Source:
    """A file and the real instant of its first picture."""

    path: Path
    begin_us: int


@dataclass(slots=True)
class _Shot:
    """A compressed picture and the real instant it is of."""

    at_us: int
    packet: Any
    reader: Mp4Reader


@dataclass(slots=True)
class Stretch:
    """Pictures of one track, in order; `holes` are spans without any, real instants."""

    shots: list[_Shot] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def begin_us(self) -> int:
        return self.shots[0].at_us

    @property
    def end_us(self) -> int:
        return self.shots[-1].at_us

    def holds(self, at_us: int) -> bool:
        return self.begin_us <= at_us <= self.end_us + HOLE_US

    def size(self) -> tuple[int, int]:
        context = self.shots[0].reader.stream.codec_context
        return context.width, context.height

    @property
    def codec(self) -> str:
        return str(self.shots[0].reader.stream.codec_context.name)


class Cutting:
    """What lies between two instants. Holds the files open until it is closed; raises FAULTS for files that cannot be read."""

    def __init__(self, sources: Sequence[Source], from_us: int, to_us: int) -> None:
        self._open = ExitStack()
        self.stretches: list[Stretch] = []
        try:
            for source in sorted(sources, key=lambda one: one.begin_us):
                self._take(source, from_us, to_us)
        except FAULTS:
            self.close()
            raise
        self.stretches = [stretch for stretch in (_from_key(one, from_us) for one in self.stretches) if stretch.shots]

    def about(self, at_us: int) -> Stretch | None:
        """The stretch with that instant, else the one nearest to it."""
        return min(self.stretches, default=None, key=lambda one: 0 if one.holds(at_us) else 1 + min(
            abs(one.begin_us - at_us), abs(one.end_us - at_us)))

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Cutting:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def _take(self, source: Source, from_us: int, to_us: int) -> None:
        reader = self._open.enter_context(Mp4Reader(source.path))
        for at_us, packet in _timed(reader, source.begin_us):
            if at_us > to_us:
                return
            self._add(_Shot(at_us, packet, reader), from_us)

    def _add(self, shot: _Shot, from_us: int) -> None:
        last = self.stretches[-1] if self.stretches else None
        if last is None or not _continues(last.shots[-1].reader, shot.reader):
            self.stretches.append(Stretch([shot]))
            return
        if shot.packet.is_keyframe and shot.at_us <= from_us:
            last.shots.clear()
            last.holes.clear()
        elif shot.at_us - last.end_us > HOLE_US:
            last.holes.append((last.end_us, shot.at_us))
        last.shots.append(shot)


def _timed(reader: Mp4Reader, begin_us: int) -> Iterator[tuple[int, Any]]:
    first = None
    for packet in reader.packets():
        first = packet.dts if first is None else first
        yield begin_us + int((packet.dts - first) * packet.time_base * SECOND_US), packet


def _continues(before: Mp4Reader, after: Mp4Reader) -> bool:
    """Whether one decoder can show both: an MP4 has one set of parameters."""
    one, other = before.track, after.track
    return (one.codec, one.width, one.height, parameter_sets(one)) == (
        other.codec, other.width, other.height, parameter_sets(other))


def _from_key(stretch: Stretch, from_us: int) -> Stretch:
    keys = [place for place, shot in enumerate(stretch.shots) if shot.packet.is_keyframe]
    stretch.shots = stretch.shots[keys[0]:] if keys else []
    if stretch.shots and stretch.end_us + HOLE_US < from_us:
        stretch.shots = []  # all of it is before
    return stretch


def write_clip(stretch: Stretch, path: Path) -> None:
    """The stretch as an ordinary MP4 that may be played while it is fetched; on disk when this returns. Raises FAULTS."""
    begin = stretch.begin_us
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream_from_template(stretch.shots[0].reader.stream)
        stream.time_base = BASE
        last = -1
        for shot in stretch.shots:
            packet, offset = av.Packet(bytes(shot.packet)), _ticks(shot.packet.pts or shot.packet.dts, shot.packet)
            dts = max(int((shot.at_us - begin) * BASE.denominator // SECOND_US), last + 1)
            packet.dts, packet.pts = dts, dts + max(0, offset)
            packet.time_base, packet.is_keyframe, packet.stream = BASE, shot.packet.is_keyframe, stream
            last = dts
            container.mux(packet)
    sync(path)


def _ticks(pts: int, packet: Any) -> int:
    """By how much a picture is shown after it is decoded, in ticks of BASE."""
    return int((pts - packet.dts) * packet.time_base / BASE)


def picture_of(stretch: Stretch, at_us: int) -> tuple[bytes, int] | None:
    """The last picture at or before that instant (else the first there is) as JPEG, and the instant it is of."""
    before = [place for place, shot in enumerate(stretch.shots) if shot.at_us <= at_us]
    target = before[-1] if before else 0
    key = max((place for place in range(target + 1) if stretch.shots[place].packet.is_keyframe), default=0)
    context: Any = av.CodecContext.create(stretch.codec, "r")
    context.extradata = stretch.shots[0].reader.track.extradata
    frames: list[Any] = []
    for shot in stretch.shots[key:target + 1]:
        frames += context.decode(shot.packet)
    frames += context.decode(None)
    return (jpeg_of(frames[-1]), stretch.shots[target].at_us) if frames else None


def jpeg_of(frame: Any) -> bytes:
    out = io.BytesIO()
    frame.to_image().save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()

"""A stretch of time out of recorded segments: the same compressed pictures in one MP4, and one picture of them as JPEG.

The stretch begins at the key frame at or before what was asked for, since nothing before it can be shown without that one.
Where the machine's clock was set back, or two processes recorded for a moment, the same time was recorded twice: each is a
stretch of its own, one is shown, and which time it is of is told (`twice`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import av

from core.files import sync
from core.instants import SECOND_US
from video.footage.mp4 import FAULTS, Mp4Reader, parameter_sets

BASE = Fraction(1, 90_000)
HOLE_US = 2 * SECOND_US       # pictures further apart than this have a hole between them
BACK_US = SECOND_US           # a recorder that sets its time right by the camera goes back by so much; more is another stretch
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
class _Part:
    """What is wanted of one file, and where the file begins."""

    begin_us: int
    shots: list[_Shot] = field(default_factory=list)


@dataclass(slots=True)
class Stretch:
    """Pictures of one track, in order. Real instants: `holes` are spans without any, `twice` spans others were recorded of."""

    shots: list[_Shot] = field(default_factory=list)
    twice: list[tuple[int, int]] = field(default_factory=list)

    @property
    def holes(self) -> list[tuple[int, int]]:
        return [(one.at_us, next_.at_us) for one, next_ in pairwise(self.shots) if next_.at_us - one.at_us > HOLE_US]

    @property
    def begin_us(self) -> int:
        return self.shots[0].at_us

    @property
    def end_us(self) -> int:
        return self.shots[-1].at_us

    @property
    def reader(self) -> Mp4Reader:
        return self.shots[-1].reader

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
        try:
            ordered = sorted(sources, key=lambda one: one.begin_us)
            parts = [part for part in (self._part(source, from_us, to_us) for source in ordered) if part.shots]
        except FAULTS:
            self.close()
            raise
        self.stretches = [stretch for stretch in (_from_key(one, from_us) for one in _chained(parts)) if stretch.shots]

    def about(self, at_us: int) -> Stretch | None:
        """The stretch with that instant (the longest, where it was recorded twice), else the one nearest to it. What was
        recorded while it was goes on where it ends: nothing that can be shown is left out but what was recorded twice."""
        chosen = min(self.stretches, default=None, key=lambda one: (0, one.begin_us - one.end_us) if one.holds(at_us) else (
            1 + min(abs(one.begin_us - at_us), abs(one.end_us - at_us)), 0))
        if chosen is None:
            return None
        made = Stretch(list(chosen.shots), self._twice())
        for other in self.stretches:
            if other is not chosen and _overlap(made, other) is not None and _continues(made.reader, other.reader):
                made.shots = _around(other, made)
        return made

    def _twice(self) -> list[tuple[int, int]]:
        both = [_overlap(one, other) for one, other in combinations(self.stretches, 2)]
        return sorted({span for span in both if span is not None and span[1] - span[0] > BACK_US})

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Cutting:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def _part(self, source: Source, from_us: int, to_us: int) -> _Part:
        """What a file has of that time, from the key frame before."""
        reader = self._open.enter_context(Mp4Reader(source.path))
        part = _Part(source.begin_us)
        for at_us, packet in _timed(reader, source.begin_us):
            if at_us > to_us:
                break
            if packet.is_keyframe and at_us <= from_us:
                part.shots.clear()
            part.shots.append(_Shot(at_us, packet, reader))
        return part


def _chained(parts: Sequence[_Part]) -> list[Stretch]:
    """Files one decoder can show one after the other. Time that runs backwards begins another stretch."""
    before, made, of = _before(parts), [], dict[int, Stretch]()
    for place, part in enumerate(parts):
        known = of.get(before.get(place, -1))
        if known is None or not _continues(known.reader, part.shots[0].reader):
            made.append(known := Stretch())
        known.shots += part.shots
        of[place] = known
    return made


def _before(parts: Sequence[_Part]) -> dict[int, int]:
    """By which file each goes on; those that lie nearest to each other first, as the same time may have been recorded twice."""
    pairs = combinations(range(len(parts)), 2)
    apart = {(one, next_): parts[next_].begin_us - parts[one].shots[-1].at_us for one, next_ in pairs}
    found: dict[int, int] = {}
    for one, next_ in sorted(apart, key=lambda pair: abs(apart[pair])):
        if apart[one, next_] >= -BACK_US and next_ not in found and one not in found.values():
            found[next_] = one
    return found


def _overlap(one: Stretch, other: Stretch) -> tuple[int, int] | None:
    """The time both are of."""
    begin, end = max(one.begin_us, other.begin_us), min(one.end_us, other.end_us)
    return (begin, end) if begin <= end else None


def _around(other: Stretch, stretch: Stretch) -> list[_Shot]:
    """The pictures of a stretch with those another has of the time before and, from a key frame on, after it."""
    before = [shot for shot in other.shots if shot.at_us < stretch.begin_us]
    keys = [place for place, shot in enumerate(other.shots) if shot.packet.is_keyframe and shot.at_us > stretch.end_us]
    return before + stretch.shots + (other.shots[keys[0]:] if keys else [])


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
    begin = max((place for place in keys if stretch.shots[place].at_us <= from_us), default=keys[0] if keys else None)
    stretch.shots = [] if begin is None else stretch.shots[begin:]
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

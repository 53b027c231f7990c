"""Segments as MP4 files: written in whole fragments while the camera sends, an ordinary MP4 once they are closed.

While a segment is open its file is a fragmented MP4: every fragment (moof and mdat) is written by one call, so whatever ends
the process leaves whole fragments and at most one torn at the end. When it is closed the index of all pictures is added, with
which every player can seek. Nothing is decoded or encoded.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av

from core.instants import SECOND_US
from video.packets import MediaPacket, Track

FRAGMENT_US = 1_000_000  # a crash costs at most so much of the end
OPTIONS = {"movflags": "frag_keyframe+empty_moov+default_base_moof+hybrid_fragmented", "frag_duration": str(FRAGMENT_US),
           "use_editlist": "0"}
FAULTS = (av.error.FFmpegError, OSError, ValueError, EOFError)
_RAW = {"h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg"}
_START = b"\x00\x00\x00\x01"
_BOX = 8


class NotRecordable(ValueError):
    """The track cannot be kept in an MP4, or its first key frame lacks what a decoder needs."""


class Output(io.RawIOBase):
    """What the muxer writes into: a file without a buffer, so that a written fragment is in the system's hands at once.

    After a failed write it swallows the rest: the muxer writes once more when it is closed, and that must not fail again.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("xb", buffering=0)
        self.failure: OSError | None = None

    def write(self, data: Any) -> int:
        if self.failure is None:
            try:
                self._write_all(memoryview(data).cast("B"))
            except OSError as failure:
                self.failure = failure
                raise
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        if not self._file.closed:
            if self.failure is None:
                os.fsync(self._file.fileno())
            self._file.close()
        super().close()

    def _write_all(self, data: memoryview) -> None:
        while data:
            written = self._file.write(data)  # a nearly full disk takes a part, then refuses
            data = data[written:]


class Mp4Writer:
    """Writes packets of one track. Times inside the file begin at 0 with the first packet's dts.

    Raises NotRecordable at once for a track it cannot keep; OSError from the disk at any later call.
    """

    def __init__(self, output: Output | BinaryIO, track: Track, first: MediaPacket) -> None:
        self._track, self._base, self._last = track, first.dts, -1
        source = _template(track, as_annexb(first.data, track))
        try:
            self._container = av.open(output, "w", format="mp4", options=OPTIONS)
            self._stream = self._container.add_stream_from_template(source.streams.video[0])
            self._stream.time_base = track.time_base
            self.extradata = bytes(source.streams.video[0].codec_context.extradata or b"")
        finally:
            source.close()

    def add(self, packet: MediaPacket) -> None:
        """The next packet. One whose dts does not grow is moved by a tick: a file must never go backwards."""
        made = av.Packet(as_annexb(packet.data, self._track))
        dts = max(packet.dts - self._base, self._last + 1)
        made.dts, made.pts = dts, max(packet.pts - self._base, dts)
        made.time_base, made.is_keyframe, made.stream = self._track.time_base, packet.is_key, self._stream
        # How long a picture stands is known when the next one comes; of the last one it is taken to be as of the one before.
        made.duration = dts - self._last if self._last >= 0 else 0
        self._last = dts
        self._container.mux(made)

    def close(self) -> None:
        """Write the last fragment and the index."""
        self._container.close()


def _template(track: Track, key: bytes) -> Any:
    """A demuxer on the parameter sets and the first key frame: from it the muxer learns what the track is."""
    if track.codec not in _RAW:
        raise NotRecordable(track.codec)
    head = b"" if track.codec == "mjpeg" else annexb_head(track)
    try:
        source = av.open(io.BytesIO(head + key), "r", format=_RAW[track.codec])
    except FAULTS as fault:
        raise NotRecordable(track.codec) from fault
    if not source.streams.video or not source.streams.video[0].codec_context.width:
        source.close()
        raise NotRecordable(track.codec)
    return source


# Length-prefixed packets (avcC, hvcC: from MP4 files) become Annex B, the one form in which packets are handled here.


def annexb_head(track: Track) -> bytes:
    """The parameter sets of a track with start codes."""
    given = track.extradata
    if not _is_boxed(track):
        return given
    if track.codec == "h264":
        return _avcc_sets(given)
    return _hvcc_sets(given)


def parameter_sets(track: Track) -> tuple[bytes, ...]:
    """The parameter sets one by one; the same ones may be written with more or fewer zeros between them."""
    return tuple(one.rstrip(b"\x00") for one in annexb_head(track).split(_START[1:]) if one.strip(b"\x00"))


def as_annexb(data: bytes, track: Track) -> bytes:
    """A packet with start codes instead of lengths."""
    if track.codec == "mjpeg" or not _is_boxed(track):
        return data
    size = _length_size(track)
    parts, at = [], 0
    while at + size <= len(data):
        length = int.from_bytes(data[at:at + size], "big")
        parts.append(_START + data[at + size:at + size + length])
        at += size + length
    return b"".join(parts)


def _is_boxed(track: Track) -> bool:
    return track.codec in ("h264", "hevc") and len(track.extradata) > 6 and track.extradata[0] == 1


def _length_size(track: Track) -> int:
    return (track.extradata[4 if track.codec == "h264" else 21] & 3) + 1


def _avcc_sets(given: bytes) -> bytes:
    out, at = b"", 5
    for mask in (0x1F, 0xFF):
        count = given[at] & mask
        at += 1
        for _ in range(count):
            size = int.from_bytes(given[at:at + 2], "big")
            out += _START + given[at + 2:at + 2 + size]
            at += 2 + size
    return out


def _hvcc_sets(given: bytes) -> bytes:
    out, at = b"", 23
    for _ in range(given[22]):
        count = int.from_bytes(given[at + 1:at + 3], "big")
        at += 3
        for _ in range(count):
            size = int.from_bytes(given[at:at + 2], "big")
            out += _START + given[at + 2:at + 2 + size]
            at += 2 + size
    return out


# Reading


@dataclass(frozen=True, slots=True)
class Scanned:
    """What of a file is whole: its first `whole_bytes`, with pictures in `fragments` fragments (an ordinary MP4 counts as
    one).
    """

    whole_bytes: int
    file_bytes: int
    fragments: int


def scan(path: Path) -> Scanned:
    """Walk over the boxes without reading what is in them."""
    size = path.stat().st_size
    at = whole = fragments = 0
    has_index, waits_for_data = False, False
    with path.open("rb") as file:
        while (kind_length := _box(file, at, size)) is not None:
            kind, length = kind_length
            at += length
            has_index = has_index or kind == b"moov"
            waits_for_data = kind == b"moof"
            fragments += kind == b"mdat"
            if not waits_for_data:
                whole = at
    return Scanned(whole if has_index else 0, size, fragments if has_index else 0)


def _box(file: BinaryIO, at: int, size: int) -> tuple[bytes, int] | None:
    """Kind and length of the box there; None where no whole box is."""
    file.seek(at)
    head = file.read(2 * _BOX)
    if len(head) < _BOX:
        return None
    length, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if length == 1:
        length = int.from_bytes(head[8:16], "big")
    return (kind, length) if length >= _BOX and at + length <= size else None


class _Part(io.RawIOBase):
    """The first bytes of a file as a file: what is written behind them meanwhile is not seen."""

    def __init__(self, path: Path, length: int) -> None:
        self._file, self._length = path.open("rb"), length

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(max(0, min(len(buffer), self._length - self._file.tell())))
        buffer[:len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset if whence != os.SEEK_END else self._length + offset, min(whence, 1) if whence != 2 else 0)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Extent:
    """What is in a file: how long it plays in microseconds (from its first dts to the end of its last picture), and its
    track.
    """

    length_us: int
    pictures: int
    track: Track


class Mp4Reader:
    """The packets of a file, or of its whole beginning while it is still written. Raises FAULTS for a file that is none."""

    def __init__(self, path: Path) -> None:
        found = scan(path)
        if not found.fragments:
            raise ValueError(f"{path.name} has no whole fragment")
        self._container = av.open(io.BufferedReader(_Part(path, found.whole_bytes)), "r", format="mp4")
        self.stream = self._container.streams.video[0]

    @property
    def track(self) -> Track:
        context, base = self.stream.codec_context, self.stream.time_base
        return Track(context.name, context.width, context.height, base or Fraction(1, 90_000),
                     bytes(context.extradata or b""), 0)

    def packets(self) -> Iterator[Any]:
        """PyAV's packets in the order of the file, without the empty one at the end."""
        for packet in self._container.demux(self.stream):
            if packet.dts is not None and packet.size:
                yield packet

    def extent(self) -> Extent:
        """Read through all packets."""
        first = last = step = pictures = 0
        for pictures, packet in enumerate(self.packets(), 1):
            first = packet.dts if pictures == 1 else first
            step = packet.dts - last if pictures > 1 else packet.duration or 0
            last = packet.dts
        length = (last - first + step) * (self.stream.time_base or 0) * SECOND_US
        return Extent(int(length), pictures, self.track)

    def close(self) -> None:
        self._container.close()

    def __enter__(self) -> Mp4Reader:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

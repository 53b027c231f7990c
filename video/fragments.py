"""Fragmented MP4 (ISO/IEC 14496-12) of compressed H.264: an initialization segment, then a fragment for each picture.

Written here instead of by FFmpeg's muxer because a fragment is then a hundred bytes in front of a picture that all viewers
share, and because each viewer needs a timeline of its own: it begins at 0, has no holes whatever the camera's clock does, and
what lies before the present picture is squeezed into a millisecond per picture.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from video.bitstreams import H264Sets, as_length_prefixed, h264_sets, is_length_prefixed
from video.packets import MediaPacket, Track

SCALE = 90_000                       # units of the timeline per second
SQUEEZED = SCALE // 1000
LONGEST, USUAL = SCALE, SCALE // 25  # a longer step is a jump of the camera's clock, not a picture that lasted
KEY, OTHER = 0x02000000, 0x01010000  # sample flags: depends on no other; depends, and is no place to begin
_ROW = struct.Struct(">4I")          # of a sample: duration, size, flags, composition offset


def init_segment(track: Track, sets: H264Sets) -> bytes:
    """`ftyp` and `moov` of one H.264 track without samples."""
    return _box(b"ftyp", b"iso5\x00\x00\x02\x00iso5iso6mp41") + _box(
        b"moov", _full(b"mvhd", 0, 0, struct.pack(">4I", 0, 0, 1000, 0) + _RATE + _MATRIX + bytes(24) + _u32(2)),
        _box(b"trak", _full(b"tkhd", 0, 3, struct.pack(">5I", 0, 0, 1, 0, 0) + bytes(16) + _MATRIX
                            + struct.pack(">2I", track.width << 16, track.height << 16)),
             _box(b"mdia", _full(b"mdhd", 0, 0, struct.pack(">4I2H", 0, 0, SCALE, 0, 0x55C4, 0)),
                  _full(b"hdlr", 0, 0, bytes(4) + b"vide" + bytes(12) + b"video\x00"),
                  _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)),
                       _box(b"dinf", _full(b"dref", 0, 0, _u32(1), _full(b"url ", 0, 1))), _sample_table(track, sets)))),
        _box(b"mvex", _full(b"trex", 0, 0, struct.pack(">5I", 1, 1, 0, 0, 0))))


def _sample_table(track: Track, sets: H264Sets) -> bytes:
    entry = (bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">2H", track.width, track.height)
             + struct.pack(">2I", 0x480000, 0x480000) + bytes(4) + struct.pack(">H", 1) + bytes(32) + b"\x00\x18\xff\xff")
    return _box(b"stbl", _full(b"stsd", 0, 0, _u32(1), _box(b"avc1", entry, _box(b"avcC", sets.configuration))),
                *(_full(name, 0, 0, bytes(size)) for name, size in ((b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4))))


class Sample:
    """A picture made ready once for all viewers of it."""

    __slots__ = ("at", "data", "is_key", "packet", "shift")

    def __init__(self, packet: MediaPacket) -> None:
        self.packet, self.is_key = packet, packet.is_key
        self.data = as_length_prefixed(packet.data, prefixed=is_length_prefixed(packet.track.extradata))
        base = packet.track.time_base
        self.at = packet.dts * base.numerator * SCALE // base.denominator
        late = packet.pts * base.numerator * SCALE // base.denominator - self.at
        self.shift = late if 0 < late < LONGEST else 0

    @property
    def flags(self) -> int:
        return KEY if self.is_key else OTHER

    def head(self, number: int, begin: int, duration: int) -> bytes:
        """Head of a fragment of this picture alone: made for every picture and viewer, so all that never differs is ready."""
        to_number, to_begin, to_row = _ALONE
        size = len(self.data)
        return _HEAD_ALONE.pack(to_number, number, to_begin, begin, to_row, duration, size, self.flags, self.shift,
                                8 + size, b"mdat")


class Timeline:
    """Where the pictures of one viewer lie. Every fragment begins where the last one ended.

    A picture lasts as long as the one before it took: no fragment waits for the next picture, and the sum stays true.
    """

    def __init__(self) -> None:
        self._end = self._number = 0
        self._last: tuple[int, int] | None = None  # serial of the track, decoding time

    def fragment(self, samples: Sequence[Sample]) -> tuple[bytes, list[bytes]]:
        """Head and pictures of one fragment. Of several samples all but the last are squeezed: they are past."""
        last = self._duration(samples[-1])
        self._number, begin = self._number + 1, self._end
        self._end += SQUEEZED * (len(samples) - 1) + last
        if len(samples) == 1:
            return samples[0].head(self._number, begin, last), [samples[0].data]
        durations = [SQUEEZED] * (len(samples) - 1) + [last]
        return _fragment_head(self._number, begin, samples, durations), [sample.data for sample in samples]

    def _duration(self, sample: Sample) -> int:
        serial = sample.packet.track.serial
        last, self._last = self._last, (serial, sample.at)
        if last is None or last[0] != serial:
            return USUAL
        step = sample.at - last[1]
        return step if 0 < step <= LONGEST else USUAL


def _fragment_head(number: int, begin: int, samples: Sequence[Sample], durations: Sequence[int]) -> bytes:
    rows = b"".join(_ROW.pack(duration, len(sample.data), sample.flags, sample.shift)
                    for sample, duration in zip(samples, durations, strict=True))
    return _moof(number, begin, rows) + struct.pack(">I4s", 8 + sum(len(sample.data) for sample in samples), b"mdat")


def _moof(number: int, begin: int, rows: bytes) -> bytes:
    size = 8 + 16 + (8 + 16 + 20 + 20 + len(rows))  # moof, mfhd, traf with tfhd, tfdt and trun
    # default-base-is-moof; then data offset, and for each sample a row
    track = (_full(b"tfhd", 0, 0x020000, _u32(1)) + _full(b"tfdt", 1, 0, struct.pack(">Q", begin))
             + _full(b"trun", 0, 0x000F01, struct.pack(">Ii", len(rows) // _ROW.size, size + 8), rows))
    return _box(b"moof", _full(b"mfhd", 0, 0, _u32(number)), _box(b"traf", track))


def mime_of(sets: H264Sets) -> str:
    return f'video/mp4; codecs="{sets.mime_codec}"'


def sets_of(track: Track) -> H264Sets | None:
    """The parameter sets of an H.264 track; None where it is something else or carries none."""
    return h264_sets(track.extradata) if track.codec == "h264" else None


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, _u32(version << 24 | flags), *parts)


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


_RATE = struct.pack(">IH", 0x10000, 0x100) + bytes(10)
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
# Of one sample: what stands before its number, its instant and its row, and these; then the head of `mdat`.
_HEAD_ALONE = struct.Struct(">20sI36sQ20s4II4s")
_ALONE = _HEAD_ALONE.unpack(_moof(0, 0, bytes(_ROW.size)) + bytes(8))[0:5:2]

"""What has to be known of a compressed stream without decoding it: where its units lie, its parameter sets, its size.

H.264 is ISO/IEC 14496-10 (7.3.2.1 for the sequence parameter set, annex B for start codes), its box in MP4 14496-15. The
bytes come from cameras, so every reader here ends on garbage: with None, or with what could be read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

START = b"\x00\x00\x01"
SPS, PPS, DELIMITER, FILLER = 7, 8, 9, 12
HEVC_SETS = (32, 33, 34)  # video, sequence and picture parameter sets
_WITH_CHROMA = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
PLAYABLE_PROFILES = (66, 77, 88, 100)  # 8 bits, 4:2:0: what browsers decode
_NUMBERS_MAX = 16_384
_LEFT_OUT = frozenset({SPS, PPS, DELIMITER, FILLER})


def is_length_prefixed(extradata: bytes) -> bool:
    """Whether packets of such a track carry lengths (as in MP4) instead of start codes (as over RTP)."""
    return extradata[:1] == b"\x01"


def units(data: bytes) -> Iterator[bytes]:
    """The units of an access unit in Annex B form, without start codes."""
    begin = data.find(START)
    while begin >= 0:
        begin += 3
        end = data.find(START, begin)
        unit = data[begin:end if end >= 0 else len(data)]
        yield unit.rstrip(b"\x00") if end >= 0 else unit
        begin = end


def units_of(data: bytes, *, prefixed: bool) -> Iterator[bytes]:
    """The units of an access unit in either form."""
    return _prefixed_units(data) if prefixed else units(data)


def _prefixed_units(data: bytes) -> Iterator[bytes]:
    """A length that points outside ends it."""
    at = 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        if length == 0 or at + 4 + length > len(data):
            return
        yield data[at + 4:at + 4 + length]
        at += 4 + length


@dataclass(frozen=True, slots=True)
class H264Sets:
    """The parameter sets a decoder needs first."""

    sps: bytes
    pps: bytes

    @property
    def profile(self) -> int:
        return self.sps[1]

    @property
    def mime_codec(self) -> str:
        """RFC 6381, e.g. avc1.42C01E."""
        return f"avc1.{self.sps[1:4].hex().upper()}"

    @property
    def annex_b(self) -> bytes:
        return b"\x00" + START + self.sps + b"\x00" + START + self.pps

    @property
    def configuration(self) -> bytes:
        """AVCDecoderConfigurationRecord, 14496-15 5.2.4.1, lengths of 4 bytes."""
        head = struct.pack(">B3sBBH", 1, self.sps[1:4], 0xFF, 0xE1, len(self.sps))
        record = head + self.sps + struct.pack(">BH", 1, len(self.pps)) + self.pps
        if self.profile in _WITH_CHROMA:
            record += b"\xFD\xF8\xF8\x00"
        return record


def h264_sets(data: bytes) -> H264Sets | None:
    """The parameter sets in a configuration record or in Annex B data; None unless both are there."""
    sps = pps = b""
    for unit in _set_units(data):
        kind = unit[0] & 0x1F if unit else 0
        if kind == SPS and len(unit) >= 4:
            sps = sps or unit
        elif kind == PPS:
            pps = pps or unit
    return H264Sets(sps, pps) if sps and pps else None


def _set_units(data: bytes) -> Iterator[bytes]:
    if not is_length_prefixed(data):
        yield from units(data)
        return
    at = 5
    for mask in (0x1F, 0xFF):
        count, at = (data[at] & mask if at < len(data) else 0), at + 1
        for _ in range(count):
            length = int.from_bytes(data[at:at + 2], "big")
            yield data[at + 2:at + 2 + length]
            at += 2 + length


def hevc_sets(data: bytes) -> bytes:
    """The parameter sets found in Annex B data, in their order, in Annex B form; empty when there are none."""
    return b"".join(b"\x00" + START + unit for unit in units(data) if unit and unit[0] >> 1 & 0x3F in HEVC_SETS)


def as_length_prefixed(data: bytes, *, prefixed: bool) -> bytes:
    """An H.264 access unit as MP4 holds it: without what its configuration record or nobody needs."""
    parts: list[bytes] = []
    for unit in units_of(data, prefixed=prefixed):
        if unit and unit[0] & 0x1F not in _LEFT_OUT:
            parts += (len(unit).to_bytes(4, "big"), unit)
    return b"".join(parts)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in the frame header of a JPEG (ITU-T T.81, B.2.2), or None."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack_from(">2H", data, at + 5)
            return width, height
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return None


def h264_size(sps: bytes) -> tuple[int, int] | None:
    """Width and height that a sequence parameter set announces, or None where it cannot be read."""
    try:
        return _size(_Bits(sps[4:].replace(b"\x00\x00\x03", b"\x00\x00")), sps[1])
    except (EOFError, IndexError):
        return None


def _size(bits: _Bits, profile: int) -> tuple[int, int] | None:
    bits.number()                                  # id
    chroma = _chroma(bits) if profile in _WITH_CHROMA else 1
    bits.number()                                  # log2 of frame numbers
    _skip_order(bits)
    bits.number()                                  # reference frames
    bits.bit()
    width, height = (bits.number() + 1) * 16, bits.number() + 1
    frames_only = bits.bit()
    height *= 16 if frames_only else 32
    if not frames_only:
        bits.bit()
    bits.bit()
    if bits.bit():
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (1 if frames_only else 2)
        left, right, top, bottom = (bits.number() for _ in range(4))
        width, height = width - (left + right) * across, height - (top + bottom) * down
    return (width, height) if 0 < width <= _NUMBERS_MAX and 0 < height <= _NUMBERS_MAX else None


def _chroma(bits: _Bits) -> int:
    chroma = bits.number()
    if chroma == 3:
        bits.bit()
    bits.number()
    bits.number()
    bits.bit()
    if bits.bit():
        for index in range(8 if chroma != 3 else 12):
            if bits.bit():
                _skip_scaling(bits, 16 if index < 6 else 64)
    return chroma


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed() + 256) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.bit()
        bits.signed()
        bits.signed()
        for _ in range(min(bits.number(), 255)):
            bits.signed()


class _Bits:
    """Reads bits and Exp-Golomb numbers; EOFError at the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), len(data) * 8

    def bit(self) -> int:
        return self._take(1)

    def number(self) -> int:
        zeros = 0
        while not self._take(1):
            zeros += 1
            if zeros > 31:
                raise EOFError
        return (1 << zeros) - 1 + (self._take(zeros) if zeros else 0)

    def signed(self) -> int:
        number = self.number()
        return (number + 1) // 2 if number & 1 else -(number // 2)

    def _take(self, count: int) -> int:
        if count > self._left:
            raise EOFError
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

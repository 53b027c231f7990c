"""H.264 as cameras send it over an RTSP connection, taken apart without FFmpeg: interleaved frames (RFC 2326, 10.12), RTP
(RFC 3550), payloads (RFC 6184, modes 0 and 1).

FFmpeg asks the system six times for each piece of a picture, in a thread for each camera, and takes a picture to be whole only
when the next one begins. Here it is whole with its last piece, and one thread reads all cameras (video/copying.py).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from video.bitstreams import DELIMITER, PPS, SPS, START, units
from video.packets import Piece

MESSAGE = -1          # in the place of a channel: what stands between the frames is an answer or a request
HEAD_MAX = 16 * 1024
UNITS_MAX = 4_096     # of a picture; a large one in slices of a packet each has some hundreds
CLOCK = 90_000        # RFC 6184: of every H.264 stream
_DOLLAR, _BEGIN = 0x24, b"\x00" + START
_UNIT_AT = len(_BEGIN)
_FRAME = struct.Struct(">BBH")      # dollar, channel, size
_HEADER = struct.Struct(">BBHI")    # of a packet: version and what is there, mark and kind, number, time stamp
_PLAIN = 0x80                       # version 2, nothing but the header
_SEI, _IDR, _STAP_A, _FU_A = 6, 5, 24, 28
_RECOVERY_POINT = 6
_SMALL = frozenset({_SEI, SPS, PPS, DELIMITER})


class Interleaved:
    """Cuts what comes over the connection, in whatever pieces, into frames and messages. What is neither is skipped."""

    def __init__(self) -> None:
        self._kept = b""

    def cut(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Channel and content of each that is whole now."""
        data, at, head = self._kept + data, 0, -1
        while len(data) - at >= 4:
            begin, channel, size = _FRAME.unpack_from(data, at)
            if begin == _DOLLAR:
                end = at + 4 + size
                if end > len(data):
                    break
                yield channel, data[at + 4:end]
            else:
                if head < at:  # looked for once, not for each of the messages there may be before it
                    head = data.find(b"\r\n\r\n", at)
                    head = head if head >= 0 else len(data)
                end = _end_of_message(data, at, head)
                if end > len(data):
                    break
                yield MESSAGE, data[at:end]
            at = end
        self._kept = data[at:]


def _end_of_message(data: bytes, at: int, head: int) -> int:
    """Where what begins here ends; beyond the data where that is not known yet. `head`: where the next head ends, at the end of
    the data where none does."""
    if not data[at:at + 4].isalpha() or head - at > HEAD_MAX:
        found = data.find(b"$", at)
        return found if found >= 0 else len(data)
    if head == len(data):
        return len(data) + 1
    for line in data[at:head].lower().split(b"\r\n"):
        if line.startswith(b"content-length:") and line[15:].strip().isdigit():
            return head + 4 + min(int(line[15:]), HEAD_MAX)
    return head + 4


class Pictures:
    """Puts the RTP packets of one stream together. Times count from the first one; they go on where the camera's jump."""

    def __init__(self) -> None:
        self._units: list[bytes] = []          # of the picture under way, each behind its start code
        self._has_slice = self._is_key = False
        self._fragments: list[bytes] | None = None
        self._number: int | None = None        # of the last packet
        self._stamp: int | None = None
        self._pts, self._dts = 0, -1
        self._finished: int | None = None      # time of the last whole picture
        self._trusts_marks = True

    def add(self, packet: bytes) -> list[Piece]:
        """The pictures this packet makes whole."""
        begin, end = _payload_of(packet)
        if begin == end:
            return []
        _, kind, number, stamp = _HEADER.unpack_from(packet)
        done = self._follow(stamp) if stamp != self._stamp else []
        if self._number is not None and number != self._number + 1 & 0xFFFF:
            self._fragments = None             # a part of it is missing: the camera could not send it
        self._number = number
        self._take(packet, begin, end)
        if kind & 0x80 and self._trusts_marks:
            done += self._finish()
        return done

    def _follow(self, stamp: int) -> list[Piece]:
        """Another time stamp is another picture."""
        done = self._finish()
        step = 0 if self._stamp is None else (stamp - self._stamp + (1 << 31)) % (1 << 32) - (1 << 31)
        self._stamp = stamp
        self._pts += step
        # A picture shown before one that was sent earlier is not decoded before it.
        self._dts = self._dts + 1 if 0 <= self._dts - self._pts < CLOCK else self._pts
        return done

    def _take(self, packet: bytes, begin: int, end: int) -> None:
        kind = packet[begin] & 0x1F
        if kind == _FU_A:
            self._fragment(packet, begin, end)
        elif kind == _STAP_A:
            at = begin + 1
            while at + 2 < end:
                size = int.from_bytes(packet[at:at + 2], "big")
                self._unit(_BEGIN + packet[at + 2:min(at + 2 + size, end)])
                at += 2 + size
        elif 0 < kind < _STAP_A:
            self._unit(_BEGIN + packet[begin:end])

    def _fragment(self, packet: bytes, begin: int, end: int) -> None:
        if end < begin + 2:
            return
        part = packet[begin + 1]
        if part & 0x80:
            self._fragments = [_BEGIN, bytes((packet[begin] & 0xE0 | part & 0x1F,))]
        if self._fragments is None:
            return
        self._fragments.append(packet[begin + 2:end])
        if part & 0x40:
            self._unit(b"".join(self._fragments))
            self._fragments = None

    def _unit(self, unit: bytes) -> None:
        """`unit` stands behind its start code."""
        kind = unit[_UNIT_AT] & 0x1F if len(unit) > _UNIT_AT else 0
        if kind in _SMALL and START in unit[_UNIT_AT:]:  # some cameras send a whole picture as its first unit
            for part in units(unit):
                self._unit(_BEGIN + part)
            return
        if 1 <= kind <= _IDR:
            if not self._has_slice and self._finished == self._pts:
                self._trusts_marks = False  # this camera marks every slice: pictures end where the time stamp changes
            self._has_slice = True
        self._is_key |= kind == _IDR or (kind == _SEI and _recovers(unit[_UNIT_AT:]))
        if len(self._units) < UNITS_MAX:
            self._units.append(unit)

    def _finish(self) -> list[Piece]:
        """What stands before the first slice belongs to the next picture, whatever its time stamp or mark says."""
        if not self._has_slice:
            return []
        piece = Piece(b"".join(self._units), self._pts, self._dts, self._is_key)
        self._units, self._has_slice, self._is_key, self._fragments = [], False, False, None
        self._finished = self._pts
        return [piece]


def _payload_of(packet: bytes) -> tuple[int, int]:
    """From where to where: without header, extension and padding; nowhere in what is no RTP packet."""
    if len(packet) < 13 or packet[0] >> 6 != 2:
        return 0, 0
    if packet[0] == _PLAIN:
        return 12, len(packet)
    begin, end = 12 + 4 * (packet[0] & 0xF), len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if packet[0] & 0x10:
        begin += 4 + 4 * int.from_bytes(packet[begin + 2:begin + 4], "big")
    return (begin, end) if begin < end else (0, 0)


def _recovers(unit: bytes) -> bool:
    """Whether a decoder can begin at this picture though it is no IDR: the message says so (H.264, D.1.7)."""
    at = 1
    while at + 1 < len(unit):
        kind = size = 0
        for part in range(2):
            value = 0
            while at < len(unit) and unit[at] == 0xFF:
                value, at = value + 255, at + 1
            value, at = value + (unit[at] if at < len(unit) else 0), at + 1
            kind, size = (value, size) if part == 0 else (kind, value)
        if kind == _RECOVERY_POINT:
            return True
        at += size
    return False

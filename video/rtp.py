"""H.264 as cameras send it over an RTSP connection, taken apart without FFmpeg: interleaved frames (RFC 2326, 10.12), RTP
(RFC 3550), payloads (RFC 6184, modes 0 and 1).

FFmpeg asks the system six times for each piece of a picture, in a thread for each camera, and takes a picture to be whole only
when the next one begins. Here it is whole with its last piece, and one thread reads all cameras (video/copying.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from video.bitstreams import DELIMITER, PPS, SPS, START, units
from video.packets import Piece

MESSAGE = -1          # in the place of a channel: what stands between the frames is an answer or a request
HEAD_MAX = 16 * 1024
UNITS_MAX = 4_096     # of a picture; a large one in slices of a packet each has some hundreds
CLOCK = 90_000        # RFC 6184: of every H.264 stream
_DOLLAR, _BEGIN = 0x24, b"\x00" + START
_SEI, _IDR, _STAP_A, _FU_A = 6, 5, 24, 28
_RECOVERY_POINT = 6


class Interleaved:
    """Cuts what comes over the connection, in whatever pieces, into frames and messages. What is neither is skipped."""

    def __init__(self) -> None:
        self._kept = b""

    def cut(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Channel and content of each that is whole now."""
        data, at, head = self._kept + data, 0, -1
        while len(data) - at >= 4:
            if data[at] == _DOLLAR:
                end = at + 4 + int.from_bytes(data[at + 2:at + 4], "big")
                if end > len(data):
                    break
                yield data[at + 1], data[at + 4:end]
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
        payload = _payload_of(packet)
        if not payload:
            return []
        done = self._follow(int.from_bytes(packet[4:8], "big"))
        number = int.from_bytes(packet[2:4], "big")
        if self._number is not None and number != self._number + 1 & 0xFFFF:
            self._fragments = None             # a part of it is missing: the camera could not send it
        self._number = number
        self._take(payload)
        if packet[1] & 0x80 and self._trusts_marks:
            done += self._finish()
        return done

    def _follow(self, stamp: int) -> list[Piece]:
        """Another time stamp is another picture."""
        if stamp == self._stamp:
            return []
        done = self._finish()
        step = 0 if self._stamp is None else (stamp - self._stamp + (1 << 31)) % (1 << 32) - (1 << 31)
        self._stamp = stamp
        self._pts += step
        # A picture shown before one that was sent earlier is not decoded before it.
        self._dts = self._dts + 1 if 0 <= self._dts - self._pts < CLOCK else self._pts
        return done

    def _take(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            self._fragment(payload)
        elif kind == _STAP_A:
            at = 1
            while at + 2 < len(payload):
                size = int.from_bytes(payload[at:at + 2], "big")
                self._unit(payload[at + 2:at + 2 + size])
                at += 2 + size
        elif 0 < kind < _STAP_A:
            self._unit(payload)

    def _fragment(self, payload: bytes) -> None:
        if len(payload) < 2:
            return
        if payload[1] & 0x80:
            self._fragments = [bytes((payload[0] & 0xE0 | payload[1] & 0x1F,))]
        if self._fragments is None:
            return
        self._fragments.append(payload[2:])
        if payload[1] & 0x40:
            self._unit(b"".join(self._fragments))
            self._fragments = None

    def _unit(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F if unit else 0
        if kind in (_SEI, SPS, PPS, DELIMITER) and START in unit:  # some cameras send a whole picture as its first unit
            for part in units(START + unit):
                self._unit(part)
            return
        if 1 <= kind <= _IDR:
            if not self._has_slice and self._finished == self._pts:
                self._trusts_marks = False  # this camera marks every slice: pictures end where the time stamp changes
            self._has_slice = True
        self._is_key |= kind == _IDR or (kind == _SEI and _recovers(unit))
        if len(self._units) < UNITS_MAX:
            self._units.append(_BEGIN + unit)

    def _finish(self) -> list[Piece]:
        """What stands before the first slice belongs to the next picture, whatever its time stamp or mark says."""
        if not self._has_slice:
            return []
        piece = Piece(b"".join(self._units), self._pts, self._dts, self._is_key)
        self._units, self._has_slice, self._is_key, self._fragments = [], False, False, None
        self._finished = self._pts
        return [piece]


def _payload_of(packet: bytes) -> bytes:
    """Without header, extension and padding; nothing of what is no RTP packet."""
    if len(packet) < 13 or packet[0] >> 6 != 2:
        return b""
    begin, end = 12 + 4 * (packet[0] & 0xF), len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if packet[0] & 0x10:
        begin += 4 + 4 * int.from_bytes(packet[begin + 2:begin + 4], "big")
    return packet[begin:end] if begin < end else b""


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

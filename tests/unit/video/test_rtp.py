"""H.264 over RTP is put together picture for picture, however a camera cuts, marks and mixes what it sends."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import make_clip
from tests.streams_faults import pictures_of
from video.bitstreams import units
from video.rtp import HEAD_MAX, MESSAGE, UNITS_MAX, Interleaved, Pictures

SPS, PPS, SEI_RECOVERY = b"\x67\x42\xc0\x1e", b"\x68\xce", b"\x06\x05\x01x\x06\x01\x84\x80"
KEY, OTHER = b"\x65\x88" + b"k" * 40, b"\x41\x9a" + b"p" * 40
ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 3\r\n\r\na=$"


class Camera:
    """Numbers its packets."""

    def __init__(self, begin: int = 65_530) -> None:
        self._number = begin

    def packet(self, payload: bytes, stamp: int, *, mark: bool = False, first: int = 0x80, head: bytes = b"") -> bytes:
        self._number = self._number + 1 & 0xFFFF
        return struct.pack(">BBHII", first, 96 | mark << 7, self._number, stamp & 0xFFFFFFFF, 7) + head + payload

    def picture(self, *parts: bytes, stamp: int, most: int = 20) -> list[bytes]:
        """Each unit in as many packets as it takes; the last one is marked."""
        payloads = [piece for unit in parts for piece in fragments(unit, most)]
        return [self.packet(payload, stamp, mark=payload is payloads[-1]) for payload in payloads]


def fragments(unit: bytes, most: int) -> Iterator[bytes]:
    if len(unit) <= most:
        yield unit
        return
    for at in range(1, len(unit), most):
        ends = (0x80 if at == 1 else 0) | (0x40 if at + most >= len(unit) else 0)
        yield bytes((unit[0] & 0xE0 | 28, unit[0] & 0x1F | ends)) + unit[at:at + most]


def framed(packets: Iterable[bytes], channel: int = 0) -> bytes:
    return b"".join(b"$" + struct.pack(">BH", channel, len(packet)) + packet for packet in packets)


def put_together(packets: Iterable[bytes]) -> list[tuple[list[bytes], int, bool]]:
    """Units, time and whether a key frame, of each picture."""
    made = Pictures()
    return [(list(units(piece.data)), piece.pts, piece.is_key) for packet in packets for piece in made.add(packet)]


@pytest.mark.parametrize("size", [1, 3, 1_000, 1 << 20])
def test_a_clip_comes_out_as_it_went_in_however_it_is_cut(tmp_path: Path, size: int) -> None:
    camera, clip = Camera(), make_clip(tmp_path, width=160, height=96, seconds=1)
    sent = [list(units(picture)) for picture in pictures_of(clip)]
    stream = b"".join(framed(camera.picture(*parts, stamp=4_294_960_000 + 6_000 * number, most=200)) + framed([b"rtcp"], 1)
                      for number, parts in enumerate(sent))

    frames, made = Interleaved(), Pictures()
    found = [piece for at in range(0, len(stream), size) for channel, content in frames.cut(stream[at:at + size])
             if channel == 0 for piece in made.add(content)]

    assert [list(units(piece.data)) for piece in found] == sent
    assert [(piece.pts, piece.dts) for piece in found] == [(6_000 * number, 6_000 * number) for number in range(15)]
    assert [piece.is_key for piece in found] == [True, *[False] * 14]


def test_a_picture_is_whole_with_its_mark_and_without_one_when_the_next_begins() -> None:
    camera, made = Camera(), Pictures()
    *parts, last = camera.picture(SPS, PPS, KEY, stamp=0)

    assert [made.add(part) for part in parts] == [[]] * len(parts)
    assert len(made.add(last)) == 1
    assert made.add(camera.packet(OTHER, 6_000)) == []
    assert [piece.pts for piece in made.add(camera.packet(OTHER, 12_000, mark=True))] == [6_000, 12_000]


def test_marks_on_parameter_sets_and_messages_end_no_picture() -> None:
    camera = Camera()
    sent = [camera.packet(SPS, 0, mark=True), camera.packet(PPS, 0, mark=True), camera.packet(KEY, 90, mark=True)]

    assert put_together(sent) == [([SPS, PPS, KEY], 90, True)]


def test_a_camera_that_marks_every_slice_loses_no_slice() -> None:
    camera = Camera()
    sent = [camera.packet(slice_, stamp, mark=True) for stamp in (0, 6_000, 12_000, 18_000) for slice_ in (OTHER, OTHER + b"2")]

    assert [parts for parts, stamp, _ in put_together(sent) if stamp == 6_000] == [[OTHER, OTHER + b"2"]]


def test_units_together_in_a_packet_and_a_picture_in_one_unit_are_taken_apart() -> None:
    camera = Camera()
    together = b"\x18" + b"".join(struct.pack(">H", len(unit)) + unit for unit in (SPS, PPS, KEY))
    as_one = SPS + b"\x00\x00\x00\x01" + PPS + b"\x00\x00\x01" + KEY

    assert put_together([camera.packet(together, 0, mark=True), camera.packet(as_one, 6_000, mark=True)]) == [
        ([SPS, PPS, KEY], 0, True), ([SPS, PPS, KEY], 6_000, True)]


def test_a_decoder_may_begin_where_a_message_says_so() -> None:
    camera = Camera()

    assert [is_key for *_, is_key in put_together([
        *camera.picture(SEI_RECOVERY, OTHER, stamp=0), *camera.picture(b"\x06\x05\x01x\x80", OTHER, stamp=1)])] == [True, False]


def test_extension_and_padding_are_no_picture() -> None:
    extended = Camera().packet(OTHER + b"\x00\x00\x03", 0, mark=True, first=0xB1, head=b"csrc" + b"\xbe\xde\x00\x01wxyz")

    assert put_together([extended]) == [([OTHER], 0, False)]


def test_of_a_unit_that_lost_a_part_nothing_is_left() -> None:
    camera = Camera()
    whole, broken = camera.picture(OTHER, stamp=0), camera.picture(KEY, stamp=6_000)
    del broken[1]

    assert put_together([*whole, *broken, *camera.picture(OTHER, stamp=12_000)]) == [
        ([OTHER], 0, False), ([OTHER], 12_000, False)]


def test_pictures_sent_before_others_that_are_shown_earlier_are_decoded_in_the_order_they_came() -> None:
    camera, made = Camera(), Pictures()
    found = [piece for stamp in (0, 18_000, 6_000, 12_000, 36_000) for packet in camera.picture(OTHER, stamp=stamp)
             for piece in made.add(packet)]

    assert [piece.pts for piece in found] == [0, 18_000, 6_000, 12_000, 36_000]
    assert [piece.dts for piece in found] == [0, 18_000, 18_001, 18_002, 36_000]


def test_answers_between_frames_are_told_apart_and_rubbish_is_skipped() -> None:
    stream = framed([b"one"]) + ANSWER + b"\x00\xff\xfe" + framed([b"two"]) + ANSWER

    assert list(Interleaved().cut(stream)) == [(0, b"one"), (MESSAGE, ANSWER), (MESSAGE, b"\x00\xff\xfe"), (0, b"two"),
                                               (MESSAGE, ANSWER)]


@pytest.mark.parametrize("rubbish", [b"\x00$\x05\x00\x00", b"abcd$\x05\x00\x00"])
def test_rubbish_between_frames_is_gone_through_once(rubbish: bytes) -> None:
    def seconds(times: int) -> float:
        begun = process_time()
        for _ in Interleaved().cut(rubbish * times):
            pass
        return process_time() - begun

    few = min(seconds(20_000) for _ in range(5))
    assert min(seconds(80_000) for _ in range(5)) < 9 * few  # four times as much; else it is sixteen times


def test_messages_come_one_by_one_from_the_beginning_and_an_endless_one_is_rubbish() -> None:
    endless = b"OPTI" + b"x" * HEAD_MAX

    assert list(Interleaved().cut(ANSWER * 2)) == [(MESSAGE, ANSWER)] * 2
    assert list(Interleaved().cut(endless + framed([b"one"]) + ANSWER)) == [(MESSAGE, endless), (0, b"one"), (MESSAGE, ANSWER)]


def test_a_picture_of_too_many_units_keeps_so_many() -> None:
    camera, made = Camera(), Pictures()
    together = b"\x18" + b"\x00\x02\x06\x80" * 2_000
    for _ in range(4):
        made.add(camera.packet(together, 0))

    [piece] = made.add(camera.packet(OTHER, 0, mark=True))
    assert sum(1 for _ in units(piece.data)) == UNITS_MAX


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_raises_nothing(data: list[bytes]) -> None:
    frames, made = Interleaved(), Pictures()
    for piece in data:
        for _, content in frames.cut(piece):
            made.add(content)
        made.add(b"\x80\xe0" + piece)

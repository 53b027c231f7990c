"""The ring holds whole groups of pictures, bounded in time and bytes."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.instants import SECOND_US
from video.packets import MediaPacket, Track
from video.ring import Ring

TRACK = Track("h264", 640, 360, Fraction(1, 90_000), b"", 1)


def packet(number: int, *, key: bool, size: int = 100) -> MediaPacket:
    return MediaPacket(TRACK, b"x" * size, number, number, key, number * SECOND_US // 10)


def filled(ring: Ring, count: int, gop: int = 10) -> Ring:
    for number in range(count):
        ring.add(packet(number, key=number % gop == 0))
    return ring


def test_keeps_the_span_and_the_key_frame_before_it() -> None:
    held = filled(Ring(2.0, 1 << 20), 100).between(0, 1 << 60)
    assert (held[0].pts, held[0].is_key, held[-1].pts) == (70, True, 99)


def test_present_begins_with_the_last_key_frame() -> None:
    assert [each.pts for each in filled(Ring(5.0, 1 << 20), 24).since_key()] == [20, 21, 22, 23]


def test_a_span_begins_with_the_key_frame_before_it() -> None:
    found = filled(Ring(60.0, 1 << 20), 50).between(23 * SECOND_US // 10, 31 * SECOND_US // 10)
    assert (found[0].pts, found[-1].pts) == (20, 31)


def test_nothing_without_a_key_frame() -> None:
    ring = Ring(5.0, 1 << 20)
    ring.add(packet(1, key=False))
    assert ring.since_key() == []


def test_a_group_without_end_is_let_go_of() -> None:
    ring = Ring(60.0, 5_000)
    for number in range(200):
        ring.add(packet(number, key=number == 0))
    assert (ring.held_bytes, ring.since_key()) == (0, [])


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3_000)), max_size=300))
def test_never_more_bytes_than_allowed(pictures: list[tuple[bool, int]]) -> None:
    ring = Ring(3.0, 10_000)
    for number, (key, size) in enumerate(pictures):
        ring.add(packet(number, key=key, size=size))
        held = ring.between(0, 1 << 60)
        assert ring.held_bytes == sum(len(each.data) for each in held) <= 10_000
        assert not held or held[0].is_key


def test_a_clock_that_is_set_empties_nothing_and_holds_nothing_longer():
    """Forward by an hour, then back by two: the ring goes by the clock nobody sets."""
    ring, hour = Ring(5.0, 1 << 30), 3600 * SECOND_US
    for number in range(300):
        arrived = number * SECOND_US // 10 + (hour if number >= 100 else 0) - (2 * hour if number >= 200 else 0)
        ring.add(MediaPacket(TRACK, b"x", number, number, number % 10 == 0, arrived, number * SECOND_US // 10))
        held = ring.since_key()
        assert len(ring.between(-2 * hour, 2 * hour)) <= 60
        assert held[-1].pts == number
    assert len(ring.between(-2 * hour, 2 * hour)) >= 50

"""Units of time of a track in microseconds."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.instants import SECOND_US
from video.packets import Track


@given(st.integers(-2**40, 2**40), st.sampled_from([Fraction(1, 90_000), Fraction(1, 1_000_000), Fraction(1001, 30_000)]))
def test_microseconds_are_those_of_the_fraction_cut_off(units: int, base: Fraction):
    assert int(units * base * SECOND_US) == Track("h264", 640, 360, base, b"", 1).us(units)

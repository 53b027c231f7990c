"""Parameter sets of real encoders, and garbage in their place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import make_clip
from video.bitstreams import H264Sets, as_length_prefixed, h264_sets, h264_size, units, units_of


def encoded(width: int, height: int, **options: str) -> H264Sets:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, options.pop("pix_fmt", "yuv420p")
    encoder.time_base, encoder.options = Fraction(1, 25), options
    encoder.flags |= av.codec.context.Flags.global_header
    encoder.open()
    sets = h264_sets(bytes(encoder.extradata))
    assert sets is not None
    return sets


@pytest.mark.parametrize(("width", "height", "options"), [
    (640, 360, {}), (1920, 1080, {"profile": "high"}), (704, 576, {"profile": "main", "x264-params": "interlaced=1"}),
    (3840, 2160, {"preset": "ultrafast"}), (362, 202, {"profile": "baseline"}), (640, 480, {"pix_fmt": "yuv422p"}),
    (640, 480, {"pix_fmt": "yuv444p"})])
def test_size_is_what_the_encoder_was_told(width: int, height: int, options: dict[str, str]) -> None:
    assert h264_size(encoded(width, height, **options).sps) == (width, height)


def test_both_forms_carry_the_same_sets() -> None:
    sets = encoded(640, 360)
    assert h264_sets(sets.configuration) == sets
    assert h264_sets(sets.annex_b) == sets


def test_start_codes_become_lengths() -> None:
    data = b"\x00\x00\x00\x01\x09\xf0\x00\x00\x00\x01\x67sps\x00\x00\x01\x65picture"
    assert as_length_prefixed(data, prefixed=False) == b"\x00\x00\x00\x08\x65picture"
    assert list(units(data)) == [b"\x09\xf0", b"\x67sps", b"\x65picture"]


@given(st.binary(max_size=200), st.booleans())
def test_garbage_is_read_to_its_end(data: bytes, prefixed: bool) -> None:
    list(units_of(data, prefixed=prefixed))
    as_length_prefixed(data, prefixed=prefixed)
    h264_sets(data)
    h264_sets(b"\x01" + data)
    h264_size(b"\x67\x64\x00\x1e" + data)


def test_film_of_the_movie_has_the_sets_of_the_stream(clip_dir: Path) -> None:
    clip = make_clip(clip_dir)
    with av.open(str(clip.movie)) as movie:
        sets = h264_sets(bytes(movie.streams.video[0].codec_context.extradata))
    assert sets is not None
    assert h264_size(sets.sps) == (clip.width, clip.height)

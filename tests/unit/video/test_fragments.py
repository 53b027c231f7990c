"""Fragmented MP4 as our own writer makes it: read back by FFmpeg, picture by picture."""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.streams import Clip, make_clip, read_bars
from video.bitstreams import h264_size, is_length_prefixed
from video.fragments import Sample, Timeline, _fragment_head, init_segment, mime_of, sets_of
from video.packets import MediaPacket, Track


def packets_of(clip: Clip) -> list[MediaPacket]:
    """The clip as the demuxer of its movie gives it."""
    with av.open(str(clip.movie)) as movie:
        stream = movie.streams.video[0]
        track = Track(clip.codec, clip.width, clip.height, Fraction(stream.time_base), bytes(stream.codec_context.extradata), 1)
        return [MediaPacket(track, bytes(packet), packet.pts, packet.dts, packet.is_keyframe, 0)
                for packet in movie.demux(stream) if packet.size]


@pytest.fixture(scope="module")
def packets(clip_dir: Path) -> list[MediaPacket]:
    return packets_of(make_clip(clip_dir))


def written(groups: list[list[MediaPacket]], timeline: Timeline | None = None) -> bytes:
    timeline = timeline or Timeline()
    track = groups[0][0].track
    sets = sets_of(track)
    assert sets is not None
    parts = [init_segment(track, sets)]
    for group in groups:
        head, data = timeline.fragment([Sample(packet) for packet in group])
        parts += [head, *data]
    return b"".join(parts)


def read_back(movie: bytes) -> tuple[list[int], list[float]]:
    """Which pictures it shows, and when each begins, in seconds."""
    with av.open(io.BytesIO(movie)) as container:
        frames = list(container.decode(video=0))
    return [read_bars(frame.to_ndarray(format="gray")) for frame in frames], [frame.time for frame in frames]


def test_every_picture_comes_back(packets: list[MediaPacket]) -> None:
    numbers, times = read_back(written([[packet] for packet in packets]))
    assert numbers == list(range(60))
    assert times[0] == 0
    assert times[-1] == pytest.approx(58 / 15 + 1 / 25, abs=0.001)  # the first duration is a guess


def test_the_past_is_squeezed(packets: list[MediaPacket]) -> None:
    numbers, times = read_back(written([packets[15:25], *([packet] for packet in packets[25:30])]))
    assert numbers == list(range(15, 30))
    assert times[9] == pytest.approx(0.009)
    assert times[10] - times[9] == pytest.approx(1 / 25)


def test_the_head_of_one_picture_is_that_of_a_group_of_one(packets: list[MediaPacket]) -> None:
    for sample in map(Sample, packets[:2]):
        assert sample.head(7, 1 << 40, 6_000) == _fragment_head(7, 1 << 40, [sample], [6_000])


def test_a_jump_of_the_cameras_clock_leaves_no_hole(packets: list[MediaPacket]) -> None:
    jumped = [MediaPacket(p.track, p.data, p.pts + 10**9, p.dts + 10**9, p.is_key, 0) for p in packets[15:30]]
    back = packets[30:45]
    numbers, times = read_back(written([[packet] for packet in [*packets[:15], *jumped, *back]]))
    assert numbers == list(range(45))
    assert max(later - earlier for earlier, later in pairwise(times)) < 0.1
    assert min(later - earlier for earlier, later in pairwise(times)) > 0


def test_names_the_codec_for_the_browser(packets: list[MediaPacket]) -> None:
    sets = sets_of(packets[0].track)
    assert sets is not None
    assert mime_of(sets) == f'video/mp4; codecs="avc1.{sets.sps[1:4].hex().upper()}"'
    assert h264_size(sets.sps) == (640, 360)
    assert is_length_prefixed(packets[0].track.extradata)

"""Copies for browsers of what they do not play: real H.265 and MJPEG, every picture at its instant, room, what is broken."""

from __future__ import annotations

import hashlib
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import UpstreamError
from core.instants import DAY_US, SECOND_US
from tests.footage import numbers_in, picture
from video.footage.playable import MIB, Hidden, Playable, PlayableRules

RULES = PlayableRules(room_mib=64, seconds=60, keep_hours=24, height=720, max_pixels=4096 * 2304)
ENCODERS = {"hevc": ("libx265", {"x265-params": "log-level=none", "bf": "0"}), "mjpeg": ("mjpeg", {"qscale": "2"})}


def film(path: Path, codec: str, count: int = 25, width: int = 320, height: int = 192) -> str:
    """Numbered pictures at 10 a second with one instant left out, as a camera leaves one out; returns the SHA-256."""
    encoder, options = ENCODERS[codec]
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream(encoder, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number in (one for one in range(count) if one != 7):
            frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="gray")
            frame.pts, frame.time_base = number * 100, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("codec", sorted(ENCODERS))
def test_every_picture_is_there_at_its_instant(tmp_path: Path, codec: str):
    digest = film(tmp_path / "a.mp4", codec)
    copy = Playable(tmp_path / "copies", RULES).of(tmp_path / "a.mp4", digest, codec)
    with av.open(str(copy)) as made:
        assert made.streams.video[0].codec_context.name == "h264"
    assert [(round(at, 2), number) for at, number in numbers_in(copy)] == [
        (number / 10, number) for number in range(25) if number != 7]


def test_what_browsers_play_is_given_as_it_is(tmp_path: Path):
    assert Playable(tmp_path / "copies", RULES).of(tmp_path / "any.mp4", "a" * 64, "h264") == tmp_path / "any.mp4"
    assert not (tmp_path / "copies").exists()


def test_a_copy_is_made_once_and_no_larger_than_asked_for(tmp_path: Path):
    digest = film(tmp_path / "a.mp4", "mjpeg", 3)
    playable = Playable(tmp_path / "copies", PlayableRules(64, 60, 24, 96, 4096 * 2304))
    copy = playable.of(tmp_path / "a.mp4", digest, "mjpeg")
    with av.open(str(copy)) as made:
        assert (made.streams.video[0].width, made.streams.video[0].height) == (160, 96)
    (tmp_path / "a.mp4").unlink()
    assert playable.of(tmp_path / "a.mp4", digest, "mjpeg") == copy


def test_the_copy_nobody_looked_at_the_longest_goes_first(tmp_path: Path):
    folder = tmp_path / "copies"
    playable = Playable(folder, PlayableRules(1, 60, 24, 720, 4096 * 2304))
    folder.mkdir()
    for age, name in enumerate(("new", "old")):
        (folder / f"{name}.mp4").write_bytes(bytes(MIB * 6 // 10))
        os.utime(folder / f"{name}.mp4", (1_000_000 - age, 1_000_000 - age))
    copy = playable.of(tmp_path / "a.mp4", film(tmp_path / "a.mp4", "mjpeg", 3), "mjpeg")
    assert sorted(path.name for path in folder.iterdir()) == sorted([copy.name, "new.mp4"])


@pytest.mark.parametrize(("content", "pixels"), [(b"no film at all", 1 << 24), (None, 1000)])
def test_what_cannot_be_made_is_told_and_leaves_nothing(tmp_path: Path, content: bytes | None, pixels: int):
    film(tmp_path / "a.mp4", "mjpeg", 3)
    if content is not None:
        (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(UpstreamError, match="child_failed"):
        Playable(tmp_path / "copies", PlayableRules(64, 60, 24, 720, pixels)).of(tmp_path / "a.mp4", "b" * 64, "mjpeg")
    assert not (tmp_path / "copies").exists()


# What must not be seen ------------------------------------------------------------------------------------------------

LEFT_HALF = Hidden(masks=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),))


def greys(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as made:
        return [frame.to_ndarray(format="gray") for frame in made.decode(video=0)]


def noisy_film(path: Path) -> str:
    """In H.264, which browsers play as it is."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10, options={"qp": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(rng.integers(90, 250, (192, 320), dtype=np.uint8), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_masks_are_burnt_into_a_copy_and_the_original_stays_as_it_is(tmp_path: Path):
    original = tmp_path / "a.mp4"
    digest = noisy_film(original)
    before, playable = original.read_bytes(), Playable(tmp_path / "copies", RULES)
    copy = playable.of(original, digest, "h264", LEFT_HALF)

    assert original.read_bytes() == before
    assert copy.name.startswith(f"{digest}-")
    pictures = greys(copy)
    assert len(pictures) == 5
    for grey in pictures:
        assert grey[:, :158].std() < 3   # the edge is a little wider than drawn
        assert grey[:, 170:].std() > 20


def test_other_masks_make_another_copy_and_none_the_original(tmp_path: Path):
    original, playable = tmp_path / "a.mp4", Playable(tmp_path / "copies", RULES)
    digest = noisy_film(original)
    copies = {playable.of(original, digest, "h264", hidden) for hidden in (
        LEFT_HALF, Hidden(masks=LEFT_HALF.masks, is_coarse=True), Hidden())}

    assert len(copies) == 3
    assert original in copies


def test_where_faces_are_blurred_a_recording_is_coarse(tmp_path: Path):
    original = tmp_path / "a.mp4"
    copy = Playable(tmp_path / "copies", RULES).of(original, noisy_film(original), "h264", Hidden(is_coarse=True))
    for before, after in zip(greys(original), greys(copy), strict=True):
        assert after.std() < before.std() / 3


def test_where_no_copy_can_be_made_nothing_is_shown(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no film at all")
    with pytest.raises(UpstreamError, match="child_failed"):
        Playable(tmp_path / "copies", RULES).of(tmp_path / "a.mp4", "b" * 64, "h264", LEFT_HALF)


def test_a_copy_goes_a_day_after_the_last_look_so_that_it_does_not_outlive_its_film(tmp_path: Path):
    digest = film(tmp_path / "a.mp4", "mjpeg", 3)
    playable = Playable(tmp_path / "copies", RULES)
    copy = playable.of(tmp_path / "a.mp4", digest, "mjpeg")
    os.utime(copy, (1_000_000, 1_000_000))
    assert playable.forget_unwatched(1_000_000 * SECOND_US + DAY_US) == 0
    assert playable.of(tmp_path / "a.mp4", digest, "mjpeg") == copy  # which is a look
    assert playable.forget_unwatched(1_000_000 * SECOND_US + DAY_US + 1) == 0
    assert playable.forget_unwatched(copy.stat().st_mtime_ns // 1000 + DAY_US + 1) == 1
    assert list((tmp_path / "copies").iterdir()) == []
    assert Playable(tmp_path / "none", RULES).forget_unwatched(1_000_000 * SECOND_US) == 0

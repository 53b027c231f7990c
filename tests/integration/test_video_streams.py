"""The cameras of the tests themselves: what the RTSP server sends is the clip, and its clock is true."""

from __future__ import annotations

import time
from pathlib import Path

import av
import pytest

from tests.streams import Clip, RtspServer, age_s, draw, make_clip, read_bars

OPTIONS = {"rtsp_transport": "tcp", "fflags": "nobuffer", "analyzeduration": "1"}  # none kept back to guess from


@pytest.mark.parametrize("number", [0, 1, 59, 9_999])
def test_bars_say_which_picture_it_is(number: int) -> None:
    assert read_bars(draw(640, 360, number, 15)) == number


def test_clock_in_the_stream_is_true(rtsp_server: RtspServer, clip_dir: Path) -> None:
    clip = make_clip(clip_dir, codec="mjpeg", width=320, height=240)  # its decoder holds nothing back
    rtsp_server.serve("/jpeg", clip)
    with av.open(rtsp_server.address("/jpeg"), options=OPTIONS, timeout=(5, 5)) as camera:
        ages = [_age(clip, frame) for frame, _ in zip(camera.decode(video=0), range(20))]
    assert max(ages[10:]) < 0.5


def _age(clip: Clip, frame: av.VideoFrame) -> float:
    return age_s(clip, read_bars(frame.to_ndarray(format="gray")), time.time())

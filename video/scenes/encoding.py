"""Scenes as H.264: a stream that is made while it is sent, or a clip in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

from core.instants import SECOND_US
from video.scenes.course import Course
from video.scenes.scene import Scene

_OPTIONS = {"forced-idr": "1", "preset": "ultrafast", "tune": "zerolatency", "crf": "27",
            "x264-params": "scenecut=0:repeat-headers=1:annexb=1:aud=0:bframes=0:ref=1"}


@dataclass(frozen=True, slots=True)
class Encoded:
    """One picture, Annex B; a key picture brings its parameter sets along."""

    data: bytes
    is_key: bool


class Encoder:
    """An H.264 encoder for pictures of one size; a key picture whenever a second begins, also when pictures are left out."""

    def __init__(self, width: int, height: int, fps: int) -> None:
        self._codec: av.VideoCodecContext = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height, self._codec.pix_fmt = width, height, "yuv420p"
        self._codec.time_base, self._codec.framerate = Fraction(1, fps), Fraction(fps, 1)
        self._codec.gop_size, self._codec.thread_count = 2 * fps, 1
        self._codec.options = {**_OPTIONS, "x264-params": f"{_OPTIONS['x264-params']}:keyint={2 * fps}"}
        self._number, self._second = 0, -1

    def encode(self, planes: npt.NDArray[np.uint8], at_us: int) -> list[Encoded]:
        """The compressed picture of that instant; planes as `Scene.planes` gives them."""
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, self._number = self._number, self._number + 1
        if at_us // SECOND_US != self._second:
            self._second, frame.pict_type = at_us // SECOND_US, PictureType.I
        return [Encoded(bytes(packet), packet.is_keyframe) for packet in self._codec.encode(frame)]


def pictures(scene: Scene, course: Course, from_us: int, seconds: float, fps: int) -> Iterator[npt.NDArray[np.uint8]]:
    """The planes of a stretch of time."""
    for number in range(round(seconds * fps)):
        yield scene.planes(course, from_us + number * SECOND_US // fps)


def write_clip(path: Path, scene: Scene, course: Course, from_us: int, seconds: float, fps: int) -> None:
    """A stretch of time as an MP4, whole or not at all."""
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = scene.size
    with av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "27", "tune": "zerolatency",
                                                             "x264-params": f"scenecut=0:keyint={fps}:min-keyint={fps}"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for planes in pictures(scene, course, from_us, seconds, fps):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        out.mux(stream.encode(None))
    part.replace(path)

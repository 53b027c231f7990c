"""Pictures that justify a signal, kept as JPEG files below one folder, named by their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from core.errors import NotFound, Unavailable
from core.files import written_whole
from core.instants import SECOND_US
from video.cameras import Polygon
from video.vision.pictures import Frame

QUALITY = 85
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.jpg")


class Kept(NamedTuple):
    """A picture on disk: its path below the folder and SHA-256 of the file."""

    path: str
    sha256: str


class PictureStore:
    """Written whole or not at all: the file gets its name when it is on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, frame: Frame, masks: Sequence[Polygon] = ()) -> Kept:
        """The picture with its private areas blackened. Raises Unavailable when the disk takes no more."""
        done, encoded = cv2.imencode(".jpg", masked(frame, masks), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done
        data = encoded.tobytes()
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:2]}/{digest}.jpg"
        try:
            self._write(self._folder / name, data)
        except OSError as error:
            raise Unavailable("picture_not_written", problem=error.strerror or type(error).__name__) from error
        return Kept(name, digest)

    def read(self, name: str, sha256: str) -> bytes:
        """The file, which must be what was kept. Raises NotFound."""
        if not _NAME.fullmatch(name):
            raise NotFound("picture_gone")
        try:
            data = (self._folder / name).read_bytes()
        except OSError as error:  # gone, or the disk or the share it is on is
            raise NotFound("picture_gone") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise NotFound("picture_changed")
        return data

    def frame(self, name: str, sha256: str) -> Frame:
        """The picture as a frame. Raises NotFound."""
        frame = cv2.imdecode(np.frombuffer(self.read(name, sha256), np.uint8), cv2.IMREAD_COLOR)
        if frame is None:
            raise NotFound("picture_changed")
        return np.asarray(frame, np.uint8)

    def remove_all_but(self, used: Collection[str], before_us: int) -> int:
        """Delete the pictures nobody names, and halves of them, that are older (microseconds UTC); how many.

        What is younger may be named in a moment: a picture is kept before its row is written."""
        gone = 0
        for path in self._folder.glob("??/*"):
            name = path.relative_to(self._folder).as_posix()
            if name not in used and path.stat().st_mtime * SECOND_US < before_us:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        if path.is_file():
            path.touch()  # young again: about to be named once more
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(data)


def masked(frame: Frame, masks: Sequence[Polygon]) -> Frame:
    """The frame with these polygons (fractions of the picture) black."""
    if not masks:
        return frame
    height, width = frame.shape[:2]
    covered = frame.copy()
    for polygon in masks:
        cv2.fillPoly(covered, [np.array([(round(x * width), round(y * height)) for x, y in polygon], np.int32)], (0, 0, 0))
    return covered

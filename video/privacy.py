"""What a wall must not show, taken out of a picture before it is compressed again: masked areas, faces.

Everything works on the planes of a YUV 4:2:0 picture as the decoder gave it. Masks are painted a little larger than drawn.
Where a camera's faces are to be blurred and no detector is configured, the whole picture is shown coarse: nobody can be
recognised, and whether a window is served still can.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from av import VideoFrame

from video.cameras import Camera, Polygon

COARSE = 24            # blocks of a whole picture made coarse, across its height
GREY, NEUTRAL = 60, 128
FACE_WIDTH = 480       # the picture is looked at so wide
REMEMBERED = 12        # pictures for which a face that was found stays blurred though it is not found again
CONFIDENCE = 0.5

Box = tuple[int, int, int, int]
Plane = np.ndarray[Any, np.dtype[np.uint8]]


class Veil:
    """Hides what one camera's settings say. Not for several threads."""

    def __init__(self, camera: Camera, face_model: Path | None) -> None:
        self._masks, self._blurs = camera.masks, camera.blur_faces
        self._faces = _Faces(face_model) if camera.blur_faces and face_model is not None else None
        self._painted: dict[tuple[int, int], np.ndarray[Any, Any]] = {}

    def apply(self, frame: VideoFrame) -> VideoFrame:
        """The picture as it may be shown; `frame` is yuv420p and is not changed."""
        planes = [_plane(frame, index).copy() for index in range(3)]
        if self._blurs and self._faces is None:
            planes = [_coarse(plane, (0, 0, plane.shape[1], plane.shape[0])) for plane in planes]
        elif self._faces is not None:
            for box in self._faces.find(frame):
                planes = [_coarse(plane, _scaled(box, plane.shape, planes[0].shape)) for plane in planes]
        for index, plane in enumerate(planes):
            if self._masks:
                plane[self._mask(plane.shape[1], plane.shape[0])] = GREY if index == 0 else NEUTRAL
        shown = VideoFrame.from_ndarray(np.concatenate([plane.reshape(-1) for plane in planes]).reshape(-1, frame.width),
                                        format="yuv420p")
        shown.pts, shown.time_base = frame.pts, frame.time_base
        return shown

    def _mask(self, width: int, height: int) -> np.ndarray[Any, Any]:
        if (width, height) not in self._painted:
            self._painted[width, height] = painted(self._masks, width, height)
        return self._painted[width, height]


def painted(masks: tuple[Polygon, ...], width: int, height: int) -> np.ndarray[Any, Any]:
    """Where the masks lie in a picture of this size, two pixels wider than they were drawn."""
    canvas = np.zeros((height, width), np.uint8)
    for mask in masks:
        corners = np.round(np.array(mask) * (width, height)).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 1)
        cv2.polylines(canvas, [corners], True, 1, 5)
    return canvas.astype(bool)


class _Faces:
    """YuNet on a small copy; a face stays hidden for a moment after it was last found."""

    def __init__(self, model: Path) -> None:
        self._detector = cv2.FaceDetectorYN.create(str(model), "", (FACE_WIDTH, FACE_WIDTH), CONFIDENCE)
        self._recent: list[tuple[int, Box]] = []

    def find(self, frame: VideoFrame) -> list[Box]:
        scale = frame.width / min(FACE_WIDTH, frame.width)
        size = (round(frame.width / scale), round(frame.height / scale))
        small = frame.reformat(width=size[0], height=size[1], format="bgr24").to_ndarray()
        self._detector.setInputSize(size)
        _count, found = self._detector.detect(small)
        self._recent = [(left - 1, box) for left, box in self._recent if left > 1]
        self._recent += [(REMEMBERED, _grown(row[:4] * scale)) for row in (found if found is not None else ())]
        return [box for _left, box in self._recent]


def _grown(box: np.ndarray[Any, Any]) -> Box:
    """The whole head: a face is found from brow to chin."""
    left, top, width, height = (float(value) for value in box)
    return round(left - width * 0.3), round(top - height * 0.4), round(left + width * 1.3), round(top + height * 1.3)


def _scaled(box: Box, shape: tuple[int, ...], full: tuple[int, ...]) -> Box:
    factor = shape[1] / full[1]
    left, top, right, bottom = (round(value * factor) for value in box)
    return max(0, left), max(0, top), min(shape[1], right), min(shape[0], bottom)


def _coarse(plane: Plane, box: Box) -> Plane:
    """The box in a few large blocks."""
    left, top, right, bottom = box
    if right - left < 2 or bottom - top < 2:
        return plane
    part = plane[top:bottom, left:right]
    blocks = COARSE if part.shape == plane.shape else 6
    down = (max(1, blocks * part.shape[1] // part.shape[0]), blocks)
    small = cv2.resize(part, down, interpolation=cv2.INTER_AREA)
    plane[top:bottom, left:right] = cv2.resize(small, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)
    return plane


def _plane(frame: VideoFrame, index: int) -> Plane:
    plane = frame.planes[index]
    lines: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[:plane.height, :plane.width]

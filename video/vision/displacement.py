"""Whether a scene that is not recognised is the same one displaced, and by how much.

A displacement is proposed in two ways, by features found in both pictures (ORB, one turn and shift that many of them agree on)
and by phase correlation, and believed only when the reference, displaced so, is recognised in the picture much better than
where it was. People who stand before the camera displace nothing: what is left of the scene lies where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from video.vision.pictures import Comparison, Grey, View, compare

FEATURES = 800
ALIKE = 0.8          # the best match of a feature must be nearer than the second by this factor
AGREE_WITHIN = 3.0   # pixels of the larger working size by which features may miss the common displacement
AGREE_LEAST = 10
TURNED_LEAST, SCALED_MOST = 0.02, 1.5
SMALLER = 4
Move = NDArray[np.float64]   # 2×3: from the reference to the picture, in shares of width and height


class Displaced(NamedTuple):
    """The reference is recognised, so much of it, when it is shifted (shares of width and height, at the middle) and turned."""

    x: float
    y: float
    degrees: float
    seen_again: float
    overlap: float   # share of the reference that the picture can still show

    @property
    def is_move(self) -> bool:
        """More than the swaying of a pole or of compression."""
        return max(abs(self.x), abs(self.y)) >= TURNED_LEAST or abs(self.degrees) >= 1.5


class Landmarks:
    """The reference, made ready to be found again. `fine` is its larger picture, `coarse` the view blocks are compared in."""

    def __init__(self, fine: Grey, coarse: View) -> None:
        self._fine, self._coarse = fine, coarse

    def find(self, fine: Grey, present: View) -> Displaced | None:
        """The displacement under which most is recognised; None where nothing is."""
        tried = [self._judged(move, present) for move in (*self._by_features(fine), *self._by_phase(present.grey))]
        return max(tried, key=lambda one: one.seen_again * one.overlap, default=None)

    def _judged(self, move: Move, present: View) -> Displaced:
        """The reference displaced so, compared with the picture where both show something."""
        height, width = self._coarse.grey.shape
        scale = np.diag([width, height, 1.0])
        pixels = (scale @ np.vstack([move, [0, 0, 1]]) @ np.linalg.inv(scale))[:2]
        moved = cv2.warpAffine(self._coarse.grey, pixels, (width, height), borderMode=cv2.BORDER_REPLICATE)
        inside = cv2.warpAffine(np.ones((height, width), np.float32), pixels, (width, height))
        found = compare(View(np.asarray(moved, np.float32), present.block), present)
        cells = np.asarray(cv2.resize(inside, found.agreement.shape[::-1], interpolation=cv2.INTER_AREA) > 0.95, np.bool_)
        middle = move @ np.array([0.5, 0.5, 1.0]) - 0.5
        turned = float(np.degrees(np.arctan2(pixels[1, 0], pixels[0, 0])))
        return Displaced(float(middle[0]), float(middle[1]), turned, seen_again(found, cells), float(cells.mean()))

    # Proposals ------------------------------------------------------------------------------------------------------------

    @cached_property
    def _features(self) -> tuple[Any, Any]:
        return _features(self._fine)

    def _by_features(self, fine: Grey) -> Iterator[Move]:
        (points, marks), (there, present) = self._features, _features(fine)
        if marks is None or present is None or len(marks) < 2 or len(present) < 2:
            return
        pairs = [pair for pair in cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(marks, present, k=2) if len(pair) == 2]
        good = [best for best, second in pairs if best.distance < ALIKE * second.distance]
        if len(good) < AGREE_LEAST:
            return
        here = np.array([points[one.queryIdx].pt for one in good], np.float32)
        now = np.array([there[one.trainIdx].pt for one in good], np.float32)
        move, agree = cv2.estimateAffinePartial2D(here, now, method=cv2.RANSAC, ransacReprojThreshold=AGREE_WITHIN,
                                                  maxIters=2000, confidence=0.999)
        if move is None or int(agree.sum()) < AGREE_LEAST or not 1 / SCALED_MOST < float(np.hypot(*move[:, 0])) < SCALED_MOST:
            return
        scale = np.diag([self._fine.shape[1], self._fine.shape[0], 1.0])
        yield (np.linalg.inv(scale) @ np.vstack([move, [0, 0, 1]]) @ scale)[:2]

    def _by_phase(self, present: Grey) -> Iterator[Move]:
        height, width = present.shape
        window = cv2.createHanningWindow((width, height), cv2.CV_32F)
        # Copies: OpenCV 5 multiplies the window into the pictures it is given.
        (x, y), _peak = cv2.phaseCorrelate(_detail(self._coarse.grey), _detail(present), window)
        yield np.array([[1.0, 0.0, x / width], [0.0, 1.0, y / height]])


def seen_again(found: Comparison, within: NDArray[np.bool_] | None = None) -> float:
    """Share of the blocks that showed something which show it still."""
    known = found.was | found.hidden
    if within is not None:
        known = known & within
    return float(np.count_nonzero(known & (found.agreement >= 0.5))) / max(1, int(np.count_nonzero(known)))


def _features(grey: Grey) -> tuple[Any, Any]:
    """Of the picture without its light, so that a dark one has as many."""
    detail = grey - _softened(grey, 12.0)
    strength = np.sqrt(_softened(detail * detail, 24.0)) + 2.0
    even = np.clip(128 + 40 * detail / strength, 0, 255).astype(np.uint8)
    orb: Any = cv2.ORB.create(FEATURES, fastThreshold=10)
    points, marks = orb.detectAndCompute(cv2.GaussianBlur(even, (0, 0), 0.8), None)
    return points, marks


def _softened(values: Grey, sigma: float) -> Grey:
    """A blur so wide that a small picture tells it as well: of the large one it took longer than all else of a search."""
    height, width = values.shape
    small = cv2.resize(values, (max(1, width // SMALLER), max(1, height // SMALLER)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / SMALLER)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _detail(grey: Grey) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 8.0), np.float32)

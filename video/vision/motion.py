"""Micro-motion: how much of the seat area moved between two looks about a second apart, whatever the light did meanwhile.

A living person is never quite still; an empty chair is. Both pictures lose what varies slowly (light), the earlier one is
brought to the strength of the later, and what still differs by more than noise can, in more than single pixels, moved.
"""

from __future__ import annotations

import cv2
import numpy as np

from video.vision.pictures import Frame, Grey, Mask, Polygon, noise_of
from video.vision.seat import inside_of, seat_grey

LEAST = 5.0          # grey levels a difference must have at full contrast
NOISES = 2.2         # and how many σ of the noise, which the smoothing brings to about a quarter
CONTRAST = 6.0       # mean detail of a picture at full contrast, in grey levels
SAME = 1e-4          # share of pixels that differ at all below which two pictures are one picture shown twice
_OPENING = np.ones((2, 2), np.uint8)


class SeatMotion:
    """Remembers the last look at one seat."""

    def __init__(self) -> None:
        self._before: tuple[Grey, float] | None = None

    def forget(self) -> None:
        """The next frame does not follow the last one (a gap, a new stream)."""
        self._before = None

    def look(self, frame: Frame, seat: Polygon) -> float | None:
        """Share of the seat's pixels that moved since the look before; None for the first."""
        grey = seat_grey(frame, seat)
        before, self._before = self._before, (detail_of(grey), noise_of(grey))
        if before is None or before[0].shape != grey.shape:
            return None
        return moved_share(before, self._before, inside_of(seat, grey.shape))


def detail_of(grey: Grey) -> Grey:
    """The picture without what varies slowly."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.2) - cv2.GaussianBlur(grey, (0, 0), 8.0), np.float32)


def moved_share(before: tuple[Grey, float], after: tuple[Grey, float], inside: Mask) -> float:
    """Each picture as (detail, σ of its noise)."""
    strength, strength_before = float(np.abs(after[0]).mean()), float(np.abs(before[0]).mean())
    gain = min(max(strength / max(strength_before, 1e-3), 0.2), 5.0)
    noise = max(after[1], before[1] * gain)
    least = max(LEAST * min(1.0, strength / CONTRAST), NOISES * noise)
    differs = np.asarray((np.abs(after[0] - before[0] * gain) > least) & inside, np.uint8)
    return float(np.count_nonzero(cv2.morphologyEx(differs, cv2.MORPH_OPEN, _OPENING))) / max(1, int(np.count_nonzero(inside)))


class Stillness:
    """Whether the picture is the very same as before (a camera that sends one picture for ever): noise alone makes sound ones
    differ."""

    def __init__(self) -> None:
        self._before: Frame | None = None

    def forget(self) -> None:
        """The next frame does not follow the last one."""
        self._before = None

    def look(self, frame: Frame) -> float | None:
        """Share of pixels that differ by more than one level from the frame before; None for the first."""
        before, self._before = self._before, frame
        if before is None or before.shape != frame.shape:
            return None
        return float(np.count_nonzero(cv2.absdiff(frame, before) > 1)) / frame.size

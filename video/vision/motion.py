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
NOISELESS = 20       # grey level: where 98 % are darker the noise of a sensor does not survive compression
LIGHTER_LEAST = 0.02
VARIANTS = 2        # pictures an encoder may make of one; with more, a short film that begins again would count
PART, COARSE = 16, 8.0   # by so many grey levels parts of so many pixels a side may differ between them
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
    """Whether the camera sends one picture for ever. Only key frames say so: those of a scene however still differ somewhere by
    the noise of the sensor, while the pictures in between repeat them where nothing moves. An encoder that keeps to a bit rate
    makes a few pictures of one, a little coarser or finer, which come again and again; noise makes another one each time, and
    what moves more than a little. A picture too dark for noise says nothing.
    """

    def __init__(self) -> None:
        self._keys: list[int] = []      # the last few that differ, the latest at the end
        self._before: Frame | None = None
        self._same: int | None = None

    def forget(self) -> None:
        """The next frame does not follow the last one."""
        self._keys, self._before, self._same = [], None, None

    def look(self, frame: Frame, key: int | None) -> int | None:
        """How many key frames in a row repeated one of the last few bit by bit; None while that cannot be said. `key` is the
        mark of the key frame that came last; None where none came."""
        if key is None:
            return self._same
        sample = frame[::4, ::4]
        if np.count_nonzero(sample > NOISELESS) <= LIGHTER_LEAST * sample.size:
            self.forget()
            return None
        before, self._before = self._before, frame
        repeats = key in self._keys and before is not None and _is_alike(before, frame)
        self._same = (self._same or 0) + 1 if repeats else 0 if self._keys else None
        kept = [one for one in self._keys if one != key] if repeats or key not in self._keys else []
        self._keys = [*kept, key][-VARIANTS:]
        return self._same


def _is_alike(before: Frame, after: Frame) -> bool:
    """Whether no part of the picture differs from the one before by more than coarseness makes it."""
    if before.shape != after.shape:
        return False
    return float(np.abs(_outline_of(after) - _outline_of(before)).max()) <= COARSE


def _outline_of(frame: Frame) -> Grey:
    height, width = frame.shape[:2]
    size = max(1, width // PART), max(1, height // PART)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.float32)

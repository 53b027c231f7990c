"""What a camera writes into its own picture: its name, its clock, and here that all of it is a demonstration."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.instants import SECOND_US, from_us
from video.scenes.lettering import mask_of
from video.scenes.painting import Picture

DAYS = "一二三四五六日"
MARK = "演示画面 DEMO"


@dataclass(frozen=True, slots=True)
class _Written:
    """Letters with a dark rim, placed: the share of the picture that is left, and what is put there."""

    left: int
    top: int
    rest: npt.NDArray[np.uint16]
    ink: npt.NDArray[np.uint16]


class Titles:
    """Clock above on the left, name below on the right, the mark above on the right. In a clip that is played again and again
    (`loop_from_us`, where it begins) the clock would lie: it counts the seconds of the clip instead."""

    def __init__(self, width: int, height: int, name: str, zone_offset_s: int, loop_from_us: int | None = None) -> None:
        self._width, self._height, self._offset_us = width, height, zone_offset_s * SECOND_US
        self._loop_from_us = loop_from_us
        self._size = max(10, round(height * 0.046))
        margin = round(height * 0.028)
        self._margin = margin
        named, marked = self._letters(name), self._letters(MARK)
        self._fixed = [self._placed(named, -margin, -margin), self._placed(marked, -margin, margin)]
        self._second, self._clock = -1, self._fixed[0]

    def write(self, picture: Picture, at_us: int) -> None:
        """In place; the clock is the camera's own, in its zone."""
        second = (at_us + self._offset_us) // SECOND_US
        if second != self._second:
            self._second, self._clock = second, self._placed(self._letters(self._told(at_us)), self._margin, self._margin)
        for one in (*self._fixed, self._clock):
            rows, columns = one.rest.shape[:2]
            part = picture[one.top:one.top + rows, one.left:one.left + columns]
            part[...] = ((part * one.rest) >> 8) + one.ink

    def _told(self, at_us: int) -> str:
        if self._loop_from_us is not None:
            passed = (at_us - self._loop_from_us) // SECOND_US
            return f"循环片段 LOOP {passed // 60:02}:{passed % 60:02}"
        moment = from_us((at_us + self._offset_us) // SECOND_US * SECOND_US)
        return f"{moment:%Y-%m-%d} 星期{DAYS[moment.weekday()]} {moment:%H:%M:%S}"

    def _letters(self, words: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """How much light, and how much rim, covers each pixel."""
        rim = max(1, round(self._size / 12))
        mask = cv2.copyMakeBorder(mask_of(words, self._size), rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=0)
        around = cv2.dilate(mask, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
        return np.asarray(mask / 255, np.float32), np.asarray(around / 255, np.float32)

    def _placed(self, letters: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], x: int, y: int) -> _Written:
        """At that distance from the left and upper edge; from the right and lower one when negative."""
        mask, around = letters
        rows, columns = mask.shape
        left = x if x >= 0 else max(0, self._width + x - columns)
        top = y if y >= 0 else max(0, self._height + y - rows)
        mask, around = mask[:, :self._width - left], around[:, :self._width - left]
        rest = (1 - mask) * (1 - 0.75 * around)
        ink = mask * 242
        return _Written(left, top, np.repeat(np.round(rest * 256)[..., None], 3, axis=2).astype(np.uint16),
                        np.repeat(np.round(ink)[..., None], 3, axis=2).astype(np.uint16))

"""The instant of a picture in a form a program reads back: a row of light and dark cells in the lower left corner.

38 cells, each 1/128 of the picture's width and about as high, standing on its lower edge: light, dark, light, dark; then the
lowest 32 bits of the real instant in milliseconds UTC, the most significant first; then their parity, and one light cell.
Readable after H.264 and after scaling, so that the time from here to a screen can be measured.
"""

from __future__ import annotations

import numpy as np

from video.scenes.painting import Picture

CELLS, BITS = 38, 32
_HEAD, _DARK, _LIGHT = (1, 0, 1, 0), 28, 222


def draw_bars(picture: Picture, at_us: int) -> None:
    """Into the picture (blue, green, red or luma alone), in place."""
    cell, height = _cell(picture.shape[1])
    bits = _bits(at_us // 1000)
    row = np.repeat(np.where(bits, np.uint8(_LIGHT), np.uint8(_DARK)), cell)
    part = picture[picture.shape[0] - height:, :row.size]
    part[...] = row[None, :, None] if picture.ndim == 3 else row[None, :]


def read_bars(picture: Picture, near_us: int) -> int | None:
    """The instant in the picture, microseconds UTC, taken to lie within three weeks of `near_us`; None: not legible."""
    luma = picture.mean(axis=2) if picture.ndim == 3 else picture
    cell, height = picture.shape[1] / 128, max(2, picture.shape[0] // 120)
    rows = luma[picture.shape[0] - max(1, height * 3 // 4):picture.shape[0] - height // 4]
    found = np.array([rows[:, round((n + 0.3) * cell):max(round((n + 0.7) * cell), round((n + 0.3) * cell) + 1)].mean()
                      for n in range(CELLS)])
    bits = found > (_DARK + _LIGHT) / 2
    number = int("".join("1" if bit else "0" for bit in bits[4:4 + BITS]), 2)
    if tuple(bits[:4]) != _HEAD or not bits[-1] or bits[-2] != number.bit_count() % 2:
        return None
    near_ms = near_us // 1000
    return (near_ms + (number - near_ms + 2**31) % 2**32 - 2**31) * 1000


def _bits(at_ms: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    number = at_ms % 2**BITS
    digits = [number >> place & 1 for place in range(BITS - 1, -1, -1)]
    return np.array([*_HEAD, *digits, number.bit_count() % 2, 1], np.bool_)


def _cell(width: int) -> tuple[int, int]:
    return max(1, width // 128), max(2, width // 160)

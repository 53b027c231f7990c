"""Words in a picture. Without Chinese fonts only what Latin letters can say is drawn."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from papers.fonts import FACES, FOLDERS
from video.scenes.painting import Picture

Pixel = tuple[int, int, int]


@lru_cache(maxsize=1)
def _face() -> Path | None:
    candidates = (folder / FACES["heading"] for folder in FOLDERS)
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The simplified Chinese face of Noto Sans where Debian's package is there, else Pillow's own Latin one."""
    face = _face()
    if face is not None:
        return ImageFont.truetype(str(face), size, index=2)
    fallback = ImageFont.load_default(size)
    assert isinstance(fallback, ImageFont.FreeTypeFont)
    return fallback


def sayable(words: str) -> str:
    """The part of it that can be drawn here."""
    return words if _face() is not None else "".join(char for char in words if char.isascii()).strip()


def width_of(words: str, size: int) -> int:
    return round(font(size).getlength(sayable(words)))


def mask_of(words: str, size: int) -> Picture:
    """How much of each pixel the letters cover, 0…255, as high as a line."""
    width, height = max(1, width_of(words, size)), round(size * 1.3)
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).text((0, height / 2), sayable(words), fill=255, font=font(size), anchor="lm")
    return np.asarray(image, np.uint8)


def board(words: str, width: int, height: int, ink: Pixel, ground: Pixel, size: int) -> Picture:
    """A sign: the words in its middle; colours are blue, green, red."""
    image = Image.new("RGB", (width, height), ground)
    ImageDraw.Draw(image).text((width / 2, height / 2), sayable(words), fill=ink, font=font(size), anchor="mm")
    return np.asarray(image, np.uint8)

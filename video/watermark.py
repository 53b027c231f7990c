"""What is put on every picture a person is shown: whose eyes it was for and when. And what is taken out of it: masked areas."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.access import Actor
from core.errors import UpstreamError
from core.instants import from_us
from video.cameras import Polygon

FONT = Path(__file__).resolve().parent.parent / "assets" / "fonts" / "yangguang-sans-regular.woff2"
MASK = (16, 21, 31)
PIXELS_MAX = 40_000_000
COARSE = 24  # blocks across the height
ANGLE, STRENGTH = 24, 46  # degrees; of 255


def viewer_of(actor: Actor) -> str:
    """Name and account; a screen is called after its own name."""
    shown, name = actor.display_name, actor.name
    return name if not shown else shown if name.endswith(shown) else f"{shown} {name}"


def words_for(actor: Actor, at_us: int, minutes_east: int = 480) -> str:
    """`李敏 li 2026-03-16 09:30:05`: name, account, real time in the zone people read."""
    at = from_us(at_us + minutes_east * 60_000_000)
    return f"{viewer_of(actor)} {at.strftime('%Y-%m-%d %H:%M:%S')}"


def burnt(jpeg: bytes, words: str, masks: Sequence[Polygon] = (), *, is_coarse: bool = False) -> bytes:
    """The picture with its masks filled and the words across it, faint and again and again, and once readable at its foot.
    `is_coarse`: in large blocks, so that nobody can be recognised.

    Raises UpstreamError for what is no picture.
    """
    try:
        given = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        if given.width * given.height > PIXELS_MAX:
            raise UpstreamError("camera_stream_broken", permanent=True, problem="JPEG")
        image = given.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as broken:
        raise UpstreamError("camera_stream_broken", permanent=True, problem="JPEG") from broken
    if is_coarse:
        small = image.resize((max(1, COARSE * image.width // image.height), COARSE), Image.Resampling.BOX)
        image = small.resize(image.size, Image.Resampling.NEAREST)
    _mask(image, masks)
    marked = Image.alpha_composite(image.convert("RGBA"), _pattern(image.width, image.height, words)).convert("RGB")
    _foot(marked, words)
    out = io.BytesIO()
    marked.save(out, "JPEG", quality=88)
    return out.getvalue()


def _mask(image: Image.Image, masks: Sequence[Polygon]) -> None:
    """Filled, not blurred: what is blurred can be guessed."""
    draw = ImageDraw.Draw(image)
    for corners in masks:
        draw.polygon([(x * image.width, y * image.height) for x, y in corners], fill=MASK)


def _pattern(width: int, height: int, words: str) -> Image.Image:
    font = _font(max(14, width // 40))
    across = round(font.getlength(words)) + width // 12
    down = max(60, height // 5)
    side = round((width**2 + height**2) ** 0.5)
    sheet = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(sheet)
    for line, top in enumerate(range(0, side, down)):
        for left in range(-(line % 2) * across // 2, side, across):
            draw.text((left + 1, top + 1), words, font=font, fill=(0, 0, 0, STRENGTH))
            draw.text((left, top), words, font=font, fill=(255, 255, 255, STRENGTH))
    turned = sheet.rotate(ANGLE, resample=Image.Resampling.BILINEAR)
    left, top = (side - width) // 2, (side - height) // 2
    return turned.crop((left, top, left + width, top + height))


def _foot(image: Image.Image, words: str) -> None:
    font = _font(max(13, image.width // 60))
    high = font.size * 1.8
    strip = Image.new("RGBA", (image.width, round(high)), (0, 0, 0, 140))
    ImageDraw.Draw(strip).text((high / 3, high * 0.18), words, font=font, fill=(255, 255, 255, 235))
    top = image.height - strip.height
    image.paste(Image.alpha_composite(image.crop((0, top, image.width, image.height)).convert("RGBA"), strip), (0, top))


@lru_cache(maxsize=16)
def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)

"""Pictures of files: a page of a PDF or an image as PNG, drawn in a child process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from core.child import Children, Content
from core.errors import UpstreamError

TYPES = ("application/pdf", "image/jpeg", "image/png")
_CHILD = Path(__file__).with_name("picture_child.py")


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, and how many pages the file has."""

    png: bytes
    pages: int


def draw(children: Children, content: Content, media_type: str, page: int = 1, width: int = 1200) -> Picture:
    """A page, at most so many pixels wide. Raises UpstreamError (`child_failed`) for a file that cannot be drawn."""
    told, _, png = children.run(_CHILD, content, (media_type, str(page), str(width))).partition(b"\n")
    if not png.startswith(b"\x89PNG"):
        raise UpstreamError("child_failed", permanent=True, cause="no picture")
    return Picture(png, int(json.loads(told)["pages"]))

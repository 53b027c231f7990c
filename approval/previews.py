"""Previews of materials: a small and a large picture of each page, made once in a child process, kept under the file's digest.

Only pictures are ever shown in a page's own origin; the files themselves are downloads. Who may see a preview is who may see
the file. What is kept here can be made again at any time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from core.child import Children
from core.clock import SystemClock
from core.errors import NotFound, SupervisionError, UpstreamError
from core.instants import HOUR_US
from papers.pictures import TYPES, draw

log = logging.getLogger(__name__)
COUNT = ".pages"  # how a file's number of pages is kept
SIZES = {"small": 240, "large": 1400}  # pixels across
FAILED_KEPT_US = HOUR_US  # a file that could not be drawn is not tried again for so long


@dataclass(frozen=True, slots=True)
class PreviewRules:
    """Where they are kept, how many pages of a file are shown, and how much room they may take."""

    folder: Path
    pages_max: int = 30
    room_mib: int = 1024


class Previews:
    """`open_file` gives the verified bytes of a digest (approval.materials)."""

    def __init__(self, open_file: Callable[[str], IO[bytes]], children: Children, rules: PreviewRules) -> None:
        self._open, self._children, self.rules = open_file, children, rules

    def can_show(self, media_type: str) -> bool:
        return media_type in TYPES

    def prepare(self, sha256: str, media_type: str) -> None:
        """Draw the first page when a file comes in, so that it stands there when it is looked at. No failure is told; and who
        sends a file does not wait for the files of others: then it is drawn at the first look."""
        if not self.can_show(media_type) or self._path(sha256, 1, "small").is_file() or not self._children.has_place():
            return
        with suppress(SupervisionError):
            self.picture(sha256, media_type, 1, "small")

    def pages(self, sha256: str, media_type: str) -> int:
        """How many pages can be shown: 0 for a kind that has no preview or a file that could not be drawn."""
        if not self.can_show(media_type):
            return 0
        try:
            return min(int(self._count(sha256).read_text(encoding="ascii")), self.rules.pages_max)
        except (OSError, ValueError):
            return 0 if self._failed(sha256) else 1

    def picture(self, sha256: str, media_type: str, page: int, size: str) -> bytes:
        """The PNG. Raises NotFound for a page there is no preview of, UpstreamError for a file that could not be drawn."""
        if size not in SIZES or not self.can_show(media_type) or not 1 <= page <= self.rules.pages_max:
            raise NotFound("preview_not_found", page=page)
        path = self._path(sha256, page, size)
        with suppress(OSError):
            content = path.read_bytes()
            os.utime(path)
            return content
        if page > 1 and page > self._count_of(sha256, media_type):
            raise NotFound("preview_not_found", page=page)
        if self._failed(sha256):
            raise UpstreamError("preview_failed", permanent=True)
        return self._made(sha256, media_type, page, size)

    def tidy(self) -> int:
        """Remove what was longest not looked at until the rest fits into its room; how many files. The page counts stay:
        without them a file of many pages would seem to have one."""
        files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self.rules.folder.rglob("*")
                       if path.is_file() and path.suffix != COUNT)
        over = sum(size for _, size, _ in files) - (self.rules.room_mib << 20)
        gone = 0
        for _at, size, path in files:
            if over <= 0:
                break
            path.unlink(missing_ok=True)
            over, gone = over - size, gone + 1
        return gone

    # Inside -------------------------------------------------------------------------------------------------------

    def _count_of(self, sha256: str, media_type: str) -> int:
        """Drawing the first page tells it; asking for pages that are not there starts nothing."""
        if not self._count(sha256).is_file():
            self.picture(sha256, media_type, 1, "small")
        return self.pages(sha256, media_type)

    def _made(self, sha256: str, media_type: str, page: int, size: str) -> bytes:
        def read() -> bytes:
            with self._open(sha256) as file:
                return file.read()

        try:
            made = draw(self._children, read, media_type, page, SIZES[size])
        except UpstreamError as failure:
            log.warning("no preview of %s: %s", sha256[:12], failure.details.get("cause"))
            if "no such page" in str(failure.details.get("cause")):
                raise NotFound("preview_not_found", page=page) from failure
            self._keep(self._count(sha256).with_suffix(".failed"), b"")
            raise UpstreamError("preview_failed", permanent=True) from failure
        self._keep(self._count(sha256), str(made.pages).encode())
        self._keep(self._path(sha256, page, size), made.png)
        return made.png

    def _keep(self, path: Path, content: bytes) -> None:
        """Whole or not at all. A full disk costs the preview's next reader time, and nobody anything else."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as draft:
                try:
                    draft.write(content)
                    draft.flush()
                    os.replace(draft.name, path)
                except OSError:
                    os.unlink(draft.name)
                    raise
        except OSError as failure:
            log.warning("a preview could not be kept: %s", failure)

    def _failed(self, sha256: str) -> bool:
        try:
            failed_us = self._count(sha256).with_suffix(".failed").stat().st_mtime_ns // 1000
            return SystemClock().now_us() - failed_us < FAILED_KEPT_US
        except OSError:
            return False

    def _count(self, sha256: str) -> Path:
        return self.rules.folder / sha256[:2] / f"{sha256}{COUNT}"

    def _path(self, sha256: str, page: int, size: str) -> Path:
        return self.rules.folder / sha256[:2] / f"{sha256}-{page}-{size}.png"

"""Files on their way: taken in part by part, gone on with where they were cut off, and kept only when the digest is right."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO

from core.errors import Conflict, InvalidInput, NotFound, SupervisionError, UpstreamError

_DIGEST = re.compile(r"^[0-9a-f]{64}$")


class Parts:
    """The folder of files that are not whole yet; `opened` gives the whole ones, wherever they are kept."""

    def __init__(self, folder: Path, opened: Callable[[str], IO[bytes]]) -> None:
        self._folder, self._opened = folder, opened

    def is_here(self, sha256: str) -> bool:
        """Whether the whole file is kept. A damaged one counts as missing, so that it comes again."""
        try:
            self._opened(sha256).close()
        except SupervisionError:
            return False
        return True

    def length(self, sha256: str) -> int:
        """Bytes of it that came so far."""
        path = self._path(sha256)
        return path.stat().st_size if path.exists() else 0

    def add(self, sha256: str, offset: int, part: bytes) -> int:
        """The next part; returns the bytes that are here now. Raises Conflict for one that does not follow on."""
        path, here = self._path(sha256), self.length(sha256)
        if offset != here:
            raise Conflict("exchange_file_place", name=sha256[:12], here=here)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except OSError as failure:
            raise UpstreamError("material_not_stored", reason=failure.strerror or "") from failure
        return here + len(part)

    def content(self, sha256: str) -> bytes:
        """The whole file, whose digest is right. Raises InvalidInput for another; it is then forgotten and may come anew."""
        path = self._path(sha256)
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != sha256:
            self.forget(sha256)
            raise InvalidInput("exchange_file_damaged", name=sha256[:12])
        return content

    def forget(self, sha256: str) -> None:
        """It is kept, or not wanted any more."""
        self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        if _DIGEST.match(sha256) is None:
            raise NotFound("exchange_file_unknown", name=sha256[:12])
        return self._folder / sha256

"""Where the bytes of materials lie: the interface, and a folder. An S3-compatible store is in approval.s3_store.

A store keeps a file under the SHA-256 of its content, whole or not at all. What it gives out is not verified here: that is done
once for all stores, in approval.materials.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Protocol

from core.errors import NotFound, UpstreamError

CHUNK, IN_MEMORY = 1 << 16, 1 << 20  # read at once; held in memory before a file of the disk takes over
_DIGEST = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a store; `at_us` is when it was last kept."""

    sha256: str
    size: int
    at_us: int


class Store(Protocol):
    """Raises UpstreamError where the disk or the service does not do it, NotFound for a digest it has no file of."""

    def keep(self, sha256: str, content: IO[bytes], size: int) -> None:
        """Keep it; a file that is there already counts as kept now, so that no sweep takes it for forgotten."""

    def open(self, sha256: str) -> IO[bytes]: ...
    def each(self) -> Iterator[Stored]: ...

    def forget(self, sha256: str, before_us: int) -> None:
        """Remove it, unless it was kept again since that instant (us UTC)."""


def is_digest(name: str) -> bool:
    """Whether it is a SHA-256 as we write it."""
    return _DIGEST.match(name) is not None


def checked_digest(sha256: str) -> str:
    """Nothing but a digest names a file. Raises NotFound."""
    if not is_digest(sha256):
        raise NotFound("material_not_found", name=sha256[:12])
    return sha256


class FolderStore:
    """A folder of this machine, or one mounted from elsewhere.

    A file is written whole under another name and then renamed: half a file never has a digest's name.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, sha256: str, content: IO[bytes], size: int) -> None:
        target = self._path(sha256)
        try:
            if target.exists():
                os.utime(target)
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            self._write(target, content)
        except OSError as failure:
            raise UpstreamError("material_not_stored", reason=failure.strerror or "") from failure

    def open(self, sha256: str) -> IO[bytes]:
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError as failure:
            raise NotFound("material_not_found", name=sha256[:12]) from failure

    def each(self) -> Iterator[Stored]:
        """Also what a crash left half written, under the name it had: it is older than any upload soon enough."""
        for path in self._root.glob("??/*"):
            with suppress(OSError):
                found = path.stat()
                yield Stored(path.name, found.st_size, found.st_mtime_ns // 1000)

    def forget(self, sha256: str, before_us: int) -> None:
        for path in self._root.glob(f"??/{glob.escape(sha256)}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime_ns // 1000 < before_us:
                    path.unlink()

    def _write(self, target: Path, content: IO[bytes]) -> None:
        with NamedTemporaryFile(dir=target.parent, prefix=".part-", delete=False) as draft:
            try:
                content.seek(0)
                shutil.copyfileobj(content, draft, CHUNK)
                draft.flush()
                os.fsync(draft.fileno())
                os.replace(draft.name, target)
            except OSError:
                with suppress(OSError):
                    os.unlink(draft.name)
                raise

    def _path(self, sha256: str) -> Path:
        return self._root / checked_digest(sha256)[:2] / sha256

"""Files of applications: checked, scanned, kept once under the SHA-256 of their content, opened only by who may see the case.

The bytes lie in a folder, since a city takes in more of them than a database should hold; what they are and whose, in the
database. A file is written whole under another name and then renamed: half a file never has a digest's name.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

import msgspec

from core.errors import InvalidInput, NotFound, TooLarge, UpstreamError
from core.uploads import checked_type, clean_name

_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_CHUNK = 1 << 16
Scan = Callable[[bytes], str]  # what was found in it, "" for nothing


@dataclass(frozen=True, slots=True)
class MaterialRules:
    """`types` are endings of core.uploads.KINDS; `per_case` counts files."""

    max_bytes: int = 20 * 1024 * 1024
    per_case: int = 60
    types: tuple[str, ...] = ("pdf", "jpg", "jpeg", "png", "doc", "docx", "xls", "xlsx")


class Upload(msgspec.Struct, frozen=True):
    """A file that has been kept, for a paper of the item's list."""

    code: str
    sha256: str
    file_name: str
    media_type: str
    size: int


class Store(Protocol):
    """Where the bytes lie."""

    def keep(self, sha256: str, content: bytes) -> None: ...
    def open(self, sha256: str) -> bytes: ...


class FolderStore:
    """A folder of this machine, or one mounted from elsewhere."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, sha256: str, content: bytes) -> None:
        """Written, flushed to the disk, renamed. Raises UpstreamError when the disk does not take it; nothing is left then."""
        target = self._path(sha256)
        if target.exists():
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._write(target, content)
        except OSError as failure:
            raise UpstreamError("material_not_stored", reason=failure.strerror or "") from failure

    def open(self, sha256: str) -> bytes:
        """Raises NotFound, also for a digest that is none; UpstreamError for a file that is not what it was."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as failure:
            raise NotFound("material_not_found", name=sha256[:12]) from failure
        if hashlib.sha256(content).hexdigest() != sha256:
            raise UpstreamError("material_damaged", permanent=True, name=sha256[:12])
        return content

    def _write(self, target: Path, content: bytes) -> None:
        with NamedTemporaryFile(dir=target.parent, prefix=".part-", delete=False) as draft:
            try:
                draft.write(content)
                draft.flush()
                os.fsync(draft.fileno())
                os.replace(draft.name, target)
            except OSError:
                with suppress(OSError):
                    os.unlink(draft.name)
                raise

    def _path(self, sha256: str) -> Path:
        if _DIGEST.match(sha256) is None:
            raise NotFound("material_not_found", name=sha256[:12])
        return self._root / sha256[:2] / sha256


class Materials:
    """Takes files in and gives them out. Whose they are and who may see them is the caller's to know."""

    def __init__(self, store: Store, rules: MaterialRules, scan: Scan | None = None) -> None:
        self._store, self.rules, self._scan = store, rules, scan

    def keep(self, code: str, name: str, content: bytes) -> Upload:
        """Check, scan and keep a file. Raises InvalidInput, TooLarge, and UpstreamError when it could not be scanned or stored:
        a file nobody looked at is not taken in."""
        clean = clean_name(name)
        media_type = checked_type(clean, content, self.rules.types, self.rules.max_bytes)
        found = self._scan(content) if self._scan is not None else ""
        if found:
            raise InvalidInput("material_infected", name=clean, found=found[:80])
        digest = hashlib.sha256(content).hexdigest()
        self._store.keep(digest, content)
        return Upload(code, digest, clean, media_type, len(content))

    def open(self, sha256: str) -> bytes:
        """Raises NotFound or UpstreamError."""
        return self._store.open(sha256)

    def check_count(self, uploads: Sequence[Upload]) -> None:
        """Raises TooLarge when there are more than one case may have."""
        if len(uploads) > self.rules.per_case:
            raise TooLarge("too_many_materials", most=self.rules.per_case)


def clamd_scanner(address: str, timeout_s: float) -> Scan:
    """Asks clamd (ClamAV's daemon, `HOST:PORT` or a socket's path) by its INSTREAM command."""
    def scan(content: bytes) -> str:
        try:
            with _connected(address, timeout_s) as link:
                link.sendall(b"zINSTREAM\0")
                for place in range(0, len(content), _CHUNK):
                    part = content[place:place + _CHUNK]
                    link.sendall(len(part).to_bytes(4, "big") + part)
                link.sendall(b"\0\0\0\0")
                answer = link.recv(4096).decode("utf-8", "replace").strip("\0\n ")
        except OSError as failure:
            raise UpstreamError("material_not_scanned", reason=str(failure)) from failure
        return _found(answer)
    return scan


def _found(answer: str) -> str:
    """`stream: OK`, `stream: <name> FOUND`, or an error."""
    _, _, verdict = answer.partition(": ")
    if verdict == "OK":
        return ""
    if verdict.endswith(" FOUND"):
        return verdict.removesuffix(" FOUND")
    raise UpstreamError("material_not_scanned", reason=answer[:120])


def _connected(address: str, timeout_s: float) -> socket.socket:
    if address.startswith("/"):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(timeout_s)
        link.connect(address)
        return link
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout_s)

"""Files of applications: checked, scanned, kept once under the SHA-256 of their content, opened only by who may see the case.

The bytes lie in a store (approval.stores), since a city takes in more of them than a database should hold; what they are and
whose, in the database. They pass through in pieces: a file larger than a mebibyte never stands in memory whole.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO

import msgspec

from approval.stores import CHUNK, IN_MEMORY, Store
from core.errors import InvalidInput, TooLarge, UpstreamError
from core.uploads import HEAD, checked_head, clean_name

Scan = Callable[[IO[bytes]], str]  # what was found in it, "" for nothing
Prepare = Callable[[str, str], object]  # told digest and media type of what was kept


@dataclass(frozen=True, slots=True)
class MaterialRules:
    """`types` are endings of core.uploads.KINDS; `per_case` counts files, `case_bytes` what all of a case may weigh."""

    max_bytes: int = 20 * 1024 * 1024
    per_case: int = 60
    types: tuple[str, ...] = ("pdf", "jpg", "jpeg", "png", "doc", "docx", "xls", "xlsx")
    case_bytes: int = 300 * 1024 * 1024


class Upload(msgspec.Struct, frozen=True):
    """A file that has been kept, for a paper of the item's list. `source_case` names the case it was first given with, where it
    is used again, `consent` how its owner agreed where another person files."""

    code: str
    sha256: str
    file_name: str
    media_type: str
    size: int
    source_case: str = ""
    consent: str = ""


class Materials:
    """Takes files in and gives them out. Whose they are and who may see them is the caller's to know."""

    def __init__(self, store: Store, rules: MaterialRules, scan: Scan | None = None) -> None:
        self.store, self.rules, self._scan = store, rules, scan
        self.prepare: Prepare = lambda _sha256, _media_type: None

    def keep(self, code: str, name: str, content: bytes | IO[bytes]) -> Upload:
        """Check, scan and keep a file. Raises InvalidInput, TooLarge, and UpstreamError when it could not be scanned or stored:
        a file nobody looked at is not taken in."""
        file = BytesIO(content) if isinstance(content, bytes) else content
        clean, size = clean_name(name), file.seek(0, 2)
        file.seek(0)
        media_type = checked_head(clean, file.read(HEAD), size, self.rules.types, self.rules.max_bytes)
        found = self._scan(_rewound(file)) if self._scan is not None else ""
        if found:
            raise InvalidInput("material_infected", name=clean, found=found[:80])
        digest = _digest(file)
        self.store.keep(digest, _rewound(file), size)
        self.prepare(digest, media_type)
        return Upload(code, digest, clean, media_type, size)

    def open(self, sha256: str) -> IO[bytes]:
        """The file, verified to its last byte before the first is given out; the caller closes it. Raises NotFound, and
        UpstreamError for one that is not what it was or cannot be reached."""
        with ExitStack() as undo:
            stored, verified = undo.enter_context(self.store.open(sha256)), undo.enter_context(SpooledTemporaryFile(IN_MEMORY))
            try:
                shutil.copyfileobj(stored, verified, CHUNK)
            except OSError as failure:
                raise UpstreamError("material_unreachable", reason=failure.strerror or "", name=sha256[:12]) from failure
            if _digest(verified) != sha256:
                raise UpstreamError("material_damaged", permanent=True, name=sha256[:12])
            stored.close()
            undo.pop_all()
        return _rewound(verified)

    def check_room(self, uploads: Sequence[Upload]) -> None:
        """Raises TooLarge when there are more, or they weigh more, than those of one case may."""
        if len(uploads) > self.rules.per_case:
            raise TooLarge("too_many_materials", most=self.rules.per_case)
        if sum(one.size for one in uploads) > self.rules.case_bytes:
            raise TooLarge("materials_too_large", most_mb=self.rules.case_bytes // 1024 // 1024)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of a file, piece by piece; it is closed at the end."""
    with file:
        while piece := file.read(CHUNK):
            yield piece


def _digest(file: IO[bytes]) -> str:
    told = hashlib.sha256()
    file.seek(0)
    while piece := file.read(CHUNK):
        told.update(piece)
    return told.hexdigest()


def _rewound(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file


def clamd_scanner(address: str, timeout_s: float) -> Scan:
    """Asks clamd (ClamAV's daemon, `HOST:PORT` or a socket's path) by its INSTREAM command."""
    def scan(content: IO[bytes]) -> str:
        try:
            with _connected(address, timeout_s) as link:
                link.sendall(b"zINSTREAM\0")
                while part := content.read(CHUNK):
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

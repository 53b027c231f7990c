"""Files that are there whole or not at all: written under another name, on the disk before they take their own."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

_CHUNK = 1 << 20


@contextmanager
def written_whole(path: Path, *, packed: bool = False) -> Iterator[BinaryIO]:
    """A file to write to. It takes its name at the end of the block, on the disk by then; with an error nothing is left."""
    draft = draft_of(path)
    try:
        with draft.open("wb") as file:
            yield from _packed(file) if packed else (cast(BinaryIO, file),)
            file.flush()
            os.fsync(file.fileno())
        take_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _packed(file: io.BufferedWriter) -> Iterator[BinaryIO]:
    """gzip without name and time, so that the same rows make the same bytes. Level 6 is the usual one."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packing:
        yield cast(BinaryIO, packing)


def draft_of(path: Path) -> Path:
    """The name of a file while it is written, in the same folder."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def take_name(draft: Path, path: Path) -> None:
    """The draft, which is on the disk, takes the place of whatever has that name; the folder is on the disk afterwards."""
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sync(path: Path) -> None:
    """A file another program wrote is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

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
    sync(path.parent)


def sync(path: Path) -> None:
    """What is written there is on the disk when this returns; of a folder, the names in it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Bytes of a delivery, unpacked as they are read, within limits.

gzip is recognised by its first bytes, not by the file's name. What comes out before a break or a bomb is handed on; the
break itself is raised as `StreamBroken` after it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from feeds.limits import FeedLimits
from feeds.reasons import Refusal

CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"
_FOREIGN = {b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z", b"Rar!": "rar",
            b"\x28\xb5\x2f\xfd": "zstd"}
_FREE_BYTES = 1024 * 1024  # below this the ratio says nothing: a page of spaces compresses a thousandfold


class StreamBroken(Refusal):
    """The stream cannot be read any further. `byte` is the place in the unpacked content."""

    def __init__(self, code: str, byte: int, problem: str = "") -> None:
        super().__init__(code, problem=problem)
        self.byte = byte


def unpacked(stream: BinaryIO, limits: FeedLimits) -> Iterator[bytes]:
    """The content in pieces of at most 256 KiB. Raises StreamBroken where it ends wrongly or grows too large."""
    first = stream.read(CHUNK)
    if first[:2] == _GZIP:
        yield from _gunzipped(stream, first, limits)
        return
    _refuse_foreign(first)
    while first:
        yield first
        first = stream.read(CHUNK)


def _refuse_foreign(first: bytes) -> None:
    for magic, name in _FOREIGN.items():
        if first.startswith(magic):
            raise StreamBroken("archive_unsupported", 0, name)


def _gunzipped(stream: BinaryIO, packed: bytes, limits: FeedLimits) -> Iterator[bytes]:
    taken = given = 0
    inflater = zlib.decompressobj(wbits=31)
    while packed:
        try:
            piece = inflater.decompress(packed, CHUNK)
        except zlib.error as failure:
            raise StreamBroken("gzip_broken", given, str(failure)) from failure
        taken += len(packed) - len(inflater.unconsumed_tail) - len(inflater.unused_data)
        given += len(piece)
        if piece:
            yield piece
        _refuse_bomb(taken, given, limits)
        if inflater.eof:
            packed = (inflater.unused_data or stream.read(CHUNK)).lstrip(b"\0")  # padding between members is allowed
            inflater = zlib.decompressobj(wbits=31) if packed else inflater
        else:
            packed = inflater.unconsumed_tail or stream.read(CHUNK)
    if not inflater.eof:
        raise StreamBroken("gzip_truncated", given, f"{given} bytes could be unpacked")


def _refuse_bomb(taken: int, given: int, limits: FeedLimits) -> None:
    if given > limits.max_decompressed_bytes:
        raise StreamBroken("gzip_too_large", given, f"more than {limits.max_decompressed_bytes} bytes")
    if given > _FREE_BYTES and given > max(taken, 1) * limits.max_decompression_ratio:
        raise StreamBroken("gzip_too_large", given, f"more than {limits.max_decompression_ratio} times its packed size")

"""The files of what came in: fetched part by part, gone on with after a cut, and taken in like a file sent here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from approval.materials import Materials, Upload
from core.errors import InvalidInput
from exchange.envelopes import Correction, Filed, read
from exchange.inner.transport import Transport
from exchange.parts import Parts


class Files:
    """`chunk` is the most bytes of one request."""

    def __init__(self, materials: Materials, parts: Parts, transport: Transport, chunk: int) -> None:
        self._materials, self._parts, self._transport, self._chunk = materials, parts, transport, chunk

    def fetch(self, row: Row[Any]) -> None:
        """Everything an envelope names, checked and scanned. Raises what `Materials.keep` does, and NotFound."""
        uploads = _uploads(row)
        self._materials.check_room(uploads)
        for upload in uploads:
            if not self._parts.is_here(upload.sha256):
                self._fetch_one(upload)

    def _fetch_one(self, upload: Upload) -> None:
        """A file that is too large is given up before it fills the disk."""
        most = self._materials.rules.max_bytes
        while True:
            here = self._parts.length(upload.sha256)
            part = self._transport.fetch(upload.sha256, here, self._chunk) if here <= most else b""
            if not part:
                break
            self._parts.add(upload.sha256, here, part)
        kept = self._materials.keep(upload.code, upload.file_name, self._parts.content(upload.sha256))
        self._parts.forget(upload.sha256)
        if kept != upload:
            raise InvalidInput("exchange_file_damaged", name=upload.file_name)


def _uploads(row: Row[Any]) -> tuple[Upload, ...]:
    if row.kind == "application":
        return read(row.body, Filed).application.uploads
    return read(row.body, Correction).uploads if row.kind == "correction" else ()

"""Files people send: a name without signs a file system refuses, and content that is what its ending promises."""

from __future__ import annotations

import re
from collections.abc import Collection

from core.errors import InvalidInput, TooLarge

NAME_MAX = 160
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_ZIP, _OLE, _JPEG, _PNG = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff", b"\x89PNG\r\n"
_OFFICE = "application/vnd.openxmlformats-officedocument."
# Ending → (media type, how such a file begins). What an ending promises must be what the file is.
KINDS = {
    "pdf": ("application/pdf", b"%PDF-"),
    "docx": (f"{_OFFICE}wordprocessingml.document", _ZIP), "xlsx": (f"{_OFFICE}spreadsheetml.sheet", _ZIP),
    "doc": ("application/msword", _OLE), "xls": ("application/vnd.ms-excel", _OLE),
    "jpg": ("image/jpeg", _JPEG), "jpeg": ("image/jpeg", _JPEG), "png": ("image/png", _PNG),
    "txt": ("text/plain; charset=utf-8", b""),
}
HEAD = 1 << 16  # what must be seen of a file to know its kind


def clean_name(name: str) -> str:
    """The last part of a path, without signs a file system refuses; its ending survives when it is cut."""
    plain = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if not plain:
        raise InvalidInput("attachment_name_missing")
    stem, dot, ending = plain.rpartition(".")
    return plain if len(plain) <= NAME_MAX else f"{stem[:NAME_MAX - len(ending) - 1]}{dot}{ending}"


def checked_type(name: str, content: bytes, types: Collection[str], max_bytes: int) -> str:
    """The media type of a file whose size, ending and first bytes are in order. `types` are endings of KINDS.

    Raises InvalidInput (empty, type not accepted, content not of its type) and TooLarge.
    """
    return checked_head(name, content, len(content), types, max_bytes)


def checked_head(name: str, head: bytes, size: int, types: Collection[str], max_bytes: int) -> str:
    """The same of a file of that size of which only the beginning is at hand."""
    if not size:
        raise InvalidInput("attachment_empty", name=name)
    if size > max_bytes:
        raise TooLarge("attachment_too_large", name=name, max_mb=round(max_bytes / 1024 / 1024, 1))
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in types or ending not in KINDS:
        raise InvalidInput("attachment_type_refused", name=name, accepted=" ".join(types))
    media_type, beginning = KINDS[ending]
    if not head.startswith(beginning) or (ending == "txt" and b"\x00" in head):
        raise InvalidInput("attachment_not_its_type", name=name, ending=ending)
    return media_type

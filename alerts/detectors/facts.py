"""What a row says beyond its head, read in one place: names of fields, serial numbers, identity numbers."""

from __future__ import annotations

import re
from typing import Any

from alerts.detectors.trace import Row
from core.instants import DAY_US, MINUTE_US

_SERIAL = re.compile(r"^(.*?)(\d{3,12})(\D{0,3})$")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_UNIFIED = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_UNIFIED_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def fact(row: Row, name: str) -> Any:
    """A field of the event's data, else what a mapping kept of the source under that name."""
    found = getattr(row.data, name, None)
    if found is None and row.data.attributes:
        found = row.data.attributes.get(name)
    return found


def text(row: Row, name: str) -> str:
    found = fact(row, name)
    return str(found) if found is not None else ""


def serial_of(number: str | None) -> tuple[str, int] | None:
    """(book, serial) of a document number such as 余受〔2024〕0123号; None when it has no serial of three digits or more."""
    match = _SERIAL.match(number or "")
    return (f"{match[1]}#{match[3]}", int(match[2])) if match else None


def day_of_certificate(row: Row) -> int | None:
    """Epoch day on which a certificate was issued: its own date where the event gives one, else the event's."""
    at = fact(row, "certificate_at")
    if at is not None and str(at).lstrip("-").isdigit():
        return (int(at) + row.utc_offset * MINUTE_US) // DAY_US
    return row.day if row.kind == "licence_issued" else None


def identity_is_valid(number: str) -> bool:
    """Checksum of an 18-digit identity number (GB 11643-1999) or of a unified credit code (GB 32100-2015)."""
    number = number.strip().upper()
    if len(number) != 18:
        return False
    if number[:17].isdigit():
        by_id = _ID_CHECK[sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True)) % 11]
        if by_id == number[17]:
            return True
    if any(sign not in _UNIFIED for sign in number):
        return False
    total = sum(_UNIFIED.index(sign) * weight for sign, weight in zip(number[:17], _UNIFIED_WEIGHTS, strict=True))
    return _UNIFIED[(31 - total % 31) % 31] == number[17]

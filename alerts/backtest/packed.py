"""MessagePack read by the column: fields of many packed records as arrays, with no Python object made of any record.

A record is an array of values, as the array-like structs of cases.fold are written. All records are walked at once: a place in
the bytes per record, moved on past one value after the other by what the byte there says (its tag). A record may end early, as
those written before a field was added do: what is missing reads as none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.backtest.arrays import NONE, Ints

_NIL = 0xC0
_PADDING = bytes([_NIL]) + bytes(8)  # what missing values are read from, and room to read eight bytes from any place


def _by_tag(*spans: tuple[int, int, int, int]) -> Ints:
    """A table over all tags from (first tag, last tag, value of the first, growth from tag to tag); 0 elsewhere."""
    table = np.zeros(256, dtype=np.int64)
    for first, last, value, growth in spans:
        table[first:last + 1] = value + growth * np.arange(last - first + 1)
    return table


# Bytes a value takes without what its length says and without the values in it; 0: nothing that is written here.
_SIZE = _by_tag((0x00, 0x9F, 1, 0), (0xA0, 0xBF, 1, 1), (0xC0, 0xC0, 1, 0), (0xC2, 0xC3, 1, 0), (0xC4, 0xC5, 2, 1),
                (0xC6, 0xC6, 5, 0), (0xCA, 0xCA, 5, 0), (0xCB, 0xCB, 9, 0), (0xCC, 0xCD, 2, 1), (0xCE, 0xCE, 5, 0),
                (0xCF, 0xCF, 9, 0), (0xD0, 0xD1, 2, 1), (0xD2, 0xD2, 5, 0), (0xD3, 0xD3, 9, 0), (0xD9, 0xDA, 2, 1),
                (0xDB, 0xDB, 5, 0), (0xDC, 0xDC, 3, 0), (0xDD, 0xDD, 5, 0), (0xDE, 0xDE, 3, 0), (0xDF, 0xDF, 5, 0),
                (0xE0, 0xFF, 1, 0))
_INSIDE = _by_tag((0x80, 0x8F, 0, 2), (0x90, 0x9F, 0, 1))  # values inside one whose tag says how many
# How many times the length that follows the tag counts as bytes, and as values inside.
_BYTES_EACH = _by_tag((0xC4, 0xC6, 1, 0), (0xD9, 0xDB, 1, 0))
_VALUES_EACH = _by_tag((0xDC, 0xDD, 1, 0), (0xDE, 0xDF, 2, 0))
_HAS_LENGTH = (_BYTES_EACH + _VALUES_EACH).astype(np.bool_)
_SHIFT = 64 - 8 * (_SIZE - 1)  # of the eight bytes after a tag, to leave a number or a length


class PackedRecords:
    """Some packed records, or the lists of records inside them."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self._text = b"".join((*records, _PADDING))
        self._bytes = np.frombuffer(self._text, dtype=np.uint8)
        self._words = np.ndarray((len(self._text) - 7,), dtype=">u8", buffer=self._text, strides=(1,))
        lengths = np.fromiter(map(len, records), dtype=np.int64, count=len(records))
        self._at = np.cumsum(lengths) - lengths

    def fields(self, wanted: int, records: Ints | None = None) -> list[Ints]:
        """Where the first fields of every record lie, or of those records inside that lie at these places."""
        count, at = self._opened(self._at if records is None else records)
        found: list[Ints] = []
        shortest = int(count.min(initial=wanted))
        nowhere = len(self._text) - len(_PADDING)
        for number in range(wanted):
            place = at if number < shortest else np.where(count > number, at, nowhere)
            found.append(place)
            at = self._past(place) if number < shortest else np.where(count > number, self._past(place), at)
        return found

    def is_none(self, at: Ints) -> NDArray[np.bool_]:
        nothing: NDArray[np.bool_] = self._bytes[at] == _NIL
        return nothing

    def is_text(self, at: Ints, text: str) -> NDArray[np.bool_]:
        """Where exactly that text lies."""
        packed, same = msgspec.msgpack.encode(text), np.ones(len(at), dtype=np.bool_)
        for start in range(0, len(packed), 8):
            part, rows = packed[start:start + 8], np.nonzero(same)[0]  # the rest lies there only where the beginning does
            same[rows] = self._words[at[rows] + start] >> np.uint64(64 - 8 * len(part)) == int.from_bytes(part)
        return same

    def numbers(self, at: Ints, none: int = NONE) -> Ints:
        """Whole numbers; `none` where there is none."""
        tag = self._bytes[at]
        written = self._words[at + 1].astype(np.uint64)
        shift = _SHIFT[tag] % 64
        plain = (written >> shift.astype(np.uint64)).view(np.int64)
        signed = written.view(np.int64) >> shift
        found = np.where((tag >= 0xD0) & (tag <= 0xD3), signed, plain)
        small = (tag < 0x80) | (tag >= 0xE0)
        return np.where(small, tag.view(np.int8), np.where(tag == _NIL, none, found))

    def counts(self, at: Ints) -> Ints:
        """How many values the lists have; 0 where there is none."""
        return self._opened(at)[0]

    def pairs(self, at: Ints) -> tuple[Ints, Ints]:
        """The two numbers a record begins with; NONE and 0 where there is no record: most of what may happen never does."""
        first, second = np.full(len(at), NONE), np.zeros(len(at), dtype=np.int64)
        rows = np.nonzero(~self.is_none(at))[0]
        place = at[rows] + 1
        first[rows], second[rows] = self.numbers(place), self.numbers(self._past(place))
        return first, second

    def texts(self, at: Ints) -> list[bytes]:
        """Texts as written, UTF-8; empty where there is none."""
        tag = self._bytes[at]
        size, _inside = self._heads(at)
        begin = at + np.where(_HAS_LENGTH[tag], _SIZE[tag], 1)
        return [self._text[start:end] for start, end in zip(begin.tolist(), (at + size).tolist(), strict=True)]

    def raw(self, at: Ints) -> list[bytes]:
        """Values as they are packed."""
        return [self._text[start:end] for start, end in zip(at.tolist(), self._past(at).tolist(), strict=True)]

    def members(self, at: Ints) -> Iterator[tuple[Ints, Ints]]:
        """The lists' first members, then their second ones, and so on: (which lists have one, where it lies)."""
        left, place = self._opened(at)
        rows = np.nonzero(left)[0]
        while len(rows):
            yield rows, place[rows]
            place[rows], left[rows] = self._past(place[rows]), left[rows] - 1
            rows = np.nonzero(left)[0]

    def _opened(self, at: Ints) -> tuple[Ints, Ints]:
        """(how many values there are inside, where the first of them lies)."""
        size, inside = self._heads(at)
        return inside, at + size

    def _heads(self, at: Ints) -> tuple[Ints, Ints]:
        """(bytes to go on by, values that then follow and belong to this one)."""
        tag = self._bytes[at]
        size, inside = _SIZE[tag], _INSIDE[tag]
        if not size.all():
            raise ValueError("not MessagePack as records of cases are written")
        rows = np.nonzero(_HAS_LENGTH[tag])[0]
        if len(rows):
            tag = tag[rows]
            length = (self._words[at[rows] + 1].astype(np.uint64) >> _SHIFT[tag].astype(np.uint64)).view(np.int64)
            size[rows] += _BYTES_EACH[tag] * length
            inside[rows] += _VALUES_EACH[tag] * length
        return size, inside

    def _past(self, at: Ints) -> Ints:
        """Where the values that lie here end, whatever is inside them."""
        size, inside = self._heads(at)
        end = at + size
        rows = np.nonzero(inside)[0]
        here, left = end[rows], inside[rows]
        while len(rows):
            size, inside = self._heads(here)
            here, left = here + size, left + inside - 1
            end[rows] = here
            going = np.nonzero(left)[0]
            rows, here, left = rows[going], here[going], left[going]
        return end

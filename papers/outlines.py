"""Writing outlines out in full: what a CFF font keeps once for many glyphs is set into each of them.

fontTools does the same by taking every outline apart into numbers and putting it together again, which costs two milliseconds a
glyph and so fifteen seconds for the characters of a face. Here the bytes are moved and nothing else: the bytes of a subroutine
take the place of its call (Adobe Technical Note 5177, "The Type 2 Charstring Format").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_CALL_LOCAL, _RETURN, _ESCAPE, _END, _CALL_GLOBAL, _SHORT = 10, 11, 12, 14, 29, 28
_STEMS = frozenset((1, 3, 18, 23))  # hstem, vstem, hstemhm, vstemhm: two numbers a stem
_MASKS = frozenset((19, 20))        # hintmask, cntrmask: followed by a bit for every stem
_FLEXES = frozenset(range(34, 38))
_DEEPEST = 10                       # as the format says


class UnusualOutline(Exception):
    """The outline computes its numbers or calls; fontTools must take it apart."""


def write_out(font: Any) -> None:
    """The outlines of an opened font whose glyphs were chosen. Raises UnusualOutline, the font then left as it was.

    A font without subroutines, or with outlines of another kind, stays as it is.
    """
    if "CFF " not in font:
        return
    top = font["CFF "].cff.topDictIndex[0]
    if not any(_kept_once(top)):
        return
    common = [subroutine.bytecode for subroutine in top.GlobalSubrs]
    own: dict[int, list[bytes]] = {}
    outlines = [top.CharStrings[name] for name in top.CharStrings.keys()]  # noqa: SIM118 -- it is no dict
    written = []
    for outline in outlines:
        private = outline.private
        if id(private) not in own:
            own[id(private)] = [one.bytecode for one in getattr(private, "Subrs", ())]
        written.append(_Writer(own[id(private)], common).whole(outline.bytecode))
    for outline, code in zip(outlines, written, strict=True):
        outline.bytecode = code
    _forget(top)


def _privates(top: Any) -> list[Any]:
    return [one.Private for one in getattr(top, "FDArray", ())] or [top.Private]


def _kept_once(top: Any) -> Iterator[int]:
    """How many subroutines there are: of all outlines, and of each group of them."""
    yield len(top.GlobalSubrs)
    for private in _privates(top):
        yield len(getattr(private, "Subrs", ()))


def _forget(top: Any) -> None:
    """The subroutines nobody calls any more."""
    for private in _privates(top):
        if getattr(private, "Subrs", None) is not None:
            del private.Subrs
        private.rawDict.pop("Subrs", None)
    del top.GlobalSubrs.items[:]


class _Writer:
    """One outline. `_numbers` are on the stack, `_stems` were declared; `_last` is where the last number was written, and what
    it is, as long as nothing came after it."""

    def __init__(self, own: Sequence[bytes], common: Sequence[bytes]) -> None:
        self._subroutines = {_CALL_LOCAL: own, _CALL_GLOBAL: common}
        self._out = bytearray()
        self._numbers = self._stems = 0
        self._last: tuple[int, int] | None = None

    def whole(self, code: bytes) -> bytes:
        self._write(code, 0)
        return bytes(self._out)

    def _write(self, code: bytes, depth: int) -> None:
        if depth > _DEEPEST:
            raise UnusualOutline
        place = 0
        while place < len(code):
            first = code[place]
            if first >= 32 or first == _SHORT:
                place = self._number(code, place)
            elif first in self._subroutines:
                self._write(self._called(first), depth + 1)
                place += 1
            elif first == _RETURN:
                return
            else:
                place = self._operator(code, place)

    def _number(self, code: bytes, place: int) -> int:
        first = code[place]
        if first <= 246 and first != _SHORT:
            size, value = 1, first - 139
        elif first == _SHORT:
            size, value = 3, int.from_bytes(code[place + 1:place + 3], "big", signed=True)
        elif first < 255:
            size, more = 2, code[place + 1]
            value = (first - 247) * 256 + more + 108 if first < 251 else (251 - first) * 256 - more - 108
        else:
            size, value = 5, int.from_bytes(code[place + 1:place + 5], "big", signed=True) >> 16
        self._last = (len(self._out), value)
        self._out += code[place:place + size]
        self._numbers += 1
        return place + size

    def _called(self, call: int) -> bytes:
        """The subroutine whose number was written last; the number goes."""
        if self._last is None:
            raise UnusualOutline
        begin, number = self._last
        subroutines = self._subroutines[call]
        count = len(subroutines)
        number += 107 if count < 1240 else 1131 if count < 33900 else 32768
        if not 0 <= number < count:
            raise UnusualOutline
        del self._out[begin:]
        self._numbers -= 1
        self._last = None
        return subroutines[number]

    def _operator(self, code: bytes, place: int) -> int:
        first, size = code[place], 1
        if first in _STEMS or first in _MASKS:
            self._stems += self._numbers // 2  # one more where the width stands before them
        if first in _MASKS:
            size += (self._stems + 7) // 8
        elif first == _ESCAPE:
            size = 2
            if code[place + 1] not in _FLEXES:
                raise UnusualOutline
        elif first == _END and self._numbers >= 4:  # a letter and its accent, as old fonts have them
            raise UnusualOutline
        self._out += code[place:place + size]
        self._numbers, self._last = 0, None
        return place + size

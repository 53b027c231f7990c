"""Breaking Chinese text into lines: no closing mark begins a line, no opening mark ends one, words and figures stay whole."""

from __future__ import annotations

import re
from collections.abc import Callable

Width = Callable[[str], float]
NEVER_FIRST = frozenset("，。、；：？！）》〉」』】〕”’…—％%,.;:?!)]}·")
NEVER_LAST = frozenset("（《〈「『【〔“‘([{")
# What is never divided: a word or figure with its marks, or one character.
_PIECE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.,:/@_%+-]*|.", re.DOTALL)


def pieces_of(text: str, most: float, width: Width) -> list[str]:
    """The smallest parts lines are made of; a word longer than a whole line is divided where it must be."""
    found: list[str] = []
    for piece in _PIECE.findall(text):
        found += list(piece) if len(piece) > 1 and width(piece) > most else [piece]
    return found


def break_lines(text: str, most: float, width: Width, indent: float = 0.0) -> list[str]:
    """Lines at most `most` wide, the first one shorter by `indent`. An empty text is one empty line."""
    lines: list[str] = []
    line: list[str] = []
    room = most - indent
    for piece in pieces_of(text, most, width):
        if line and room < width(piece):
            kept, carried = _divided(line, piece)
            lines.append("".join(kept))
            line = carried
            room = most - sum(width(part) for part in line)
        if not line and piece == " " and lines:
            continue
        line.append(piece)
        room -= width(piece)
    return [*lines, "".join(line)]


def _divided(line: list[str], coming: str) -> tuple[list[str], list[str]]:
    """What stays on the full line and what goes with the coming piece to the next one.

    A line that would have to give up everything keeps it: a mark at its edge is then the lesser evil.
    """
    at = len(line)
    if coming[0] in NEVER_FIRST:
        at -= 1
        while at > 1 and line[at][0] in NEVER_FIRST:
            at -= 1
    while at > 1 and line[at - 1][-1] in NEVER_LAST:
        at -= 1
    return (line, []) if at < 1 else (line[:at], line[at:])


def balanced(text: str, most: float, width: Width) -> list[str]:
    """The lines of a title: as few as possible, of nearly equal length (回行时排列对称)."""
    first = break_lines(text, most, width)
    count = len(first)
    if count == 1:
        return first
    narrow = width(text) / count
    while narrow < most:
        lines = break_lines(text, narrow, width)
        if len(lines) == count:
            return lines
        narrow += most / 60
    return first

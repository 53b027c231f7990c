"""XES (IEEE 1849): a trace per case, an event per journal row, with the extensions Concept, Time, Lifecycle, Organizational and
our own, which `yangguang.xesext` beside the log defines.

Written by hand, event by event: a document tree of a million events would not fit in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import BinaryIO
from xml.sax.saxutils import escape

from cases.events import EventKind
from evaluation.exports.columns import COLUMNS, Column, Kind, Personal
from evaluation.exports.rows import Cell, Row

EXTENSION_FILE = "yangguang.xesext"
PREFIX = "yg"
_STANDARD = (("Concept", "concept"), ("Time", "time"), ("Lifecycle", "lifecycle"), ("Organizational", "org"))
_HOME = "http://www.xes-standard.org"  # names of vocabularies, fetched by nobody here
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAGS = {Kind.TEXT: "string", Kind.JSON: "string", Kind.INTEGER: "int", Kind.INSTANT: "date"}
_QUOTES = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_COMPLETE = '<string key="lifecycle:transition" value="complete"/></event>\n'
Named = Callable[[str, str], str]


def write_xes(cases: Iterable[list[Row]], out: BinaryIO) -> None:
    """The whole log."""
    out.write(_head().encode())
    for rows in cases:
        out.write(_trace(rows).encode())
    out.write(b"</log>\n")


def extension(say: Named) -> str:
    """The definition of our extension (.xesext). `say(language, name)`: what an attribute means."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<xesextension name="Yangguang" prefix="{PREFIX}" uri="{EXTENSION_FILE}">']
    for level, wanted in (("trace", True), ("event", False)):
        lines.append(f"  <{level}>")
        for column in COLUMNS:
            if column.of_case is wanted and column.key.startswith(f"{PREFIX}:"):
                lines += [f'    <{_TAGS[column.kind]} key="{column.key.removeprefix(f"{PREFIX}:")}">',
                          *(f'      <alias mapping="{language.upper()}" name="{quoted(say(language, column.name))}"/>'
                            for language in ("en", "zh")), f"    </{_TAGS[column.kind]}>"]
        lines.append(f"  </{level}>")
    return "\n".join([*lines, "</xesextension>", ""])


def quoted(text: str) -> str:
    """A text inside the quotes of an attribute; what XML cannot hold becomes U+FFFD."""
    if _NOT_IN_XML.search(text):
        text = _NOT_IN_XML.sub("\ufffd", text)
    return escape(text, _QUOTES)


_remembered = lru_cache(65_536)(quoted)


def _head() -> str:
    extensions = [f'<extension name="{name}" prefix="{prefix}" uri="{_HOME}/{prefix}.xesext"/>' for name, prefix in _STANDARD]
    extensions.append(f'<extension name="Yangguang" prefix="{PREFIX}" uri="{EXTENSION_FILE}"/>')
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<log xes.version="1849.2016" xes.features="">', *extensions,
        '<global scope="trace">', '<string key="concept:name" value=""/>', '<string key="yg:area" value=""/>', "</global>",
        '<global scope="event">', '<string key="concept:name" value=""/>',
        '<date key="time:timestamp" value="1970-01-01T00:00:00.000000+00:00"/>',
        '<string key="lifecycle:transition" value="complete"/>',
        f'<string key="yg:kind" value="{EventKind.STEP.value}"/>', "</global>",
        '<classifier name="Activity" keys="concept:name"/>', '<classifier name="Kind" keys="yg:kind"/>',
        '<string key="concept:name" value="Yangguang journal"/>', ""])


_OPENINGS = [f'<{_TAGS[column.kind]} key="{column.key}" value="' for column in COLUMNS]
_OF_CASE = [place for place, column in enumerate(COLUMNS) if column.of_case]
_OF_EVENT = [place for place, column in enumerate(COLUMNS) if not column.of_case]


def _is_repeated(column: Column) -> bool:
    """Whether its texts come again and again, so that a quoted one is worth remembering: codes, never what names a person or is
    written freely."""
    return (column.kind is Kind.TEXT and column.personal is Personal.NOBODY
            and column.name not in ("id", "source_event_id", "mac"))


_REPEATED = [_is_repeated(column) for column in COLUMNS]


def _trace(rows: list[Row]) -> str:
    parts = ["<trace>", *_attributes(rows[0], _OF_CASE), "\n"]
    for row in rows:
        parts.append("<event>")
        parts += _attributes(row, _OF_EVENT)
        parts.append(_COMPLETE)
    parts.append("</trace>\n")
    return "".join(parts)


def _attributes(row: Row, places: list[int]) -> list[str]:
    return [f'{_OPENINGS[place]}{_text(cell, place)}"/>' for place in places if (cell := row[place]) is not None]


def _text(cell: Cell, place: int) -> str:
    if cell.__class__ is int:
        return str(cell)
    text = str(cell)
    return _remembered(text) if _REPEATED[place] else quoted(text)

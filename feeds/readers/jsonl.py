"""JSON Lines: one object per line, nested objects as dotted columns (`data.title`), numbers and booleans as texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from core.characters import json_has_control
from feeds.limits import FeedLimits
from feeds.readers.lines import TextLines
from feeds.readers.xes import CASE_PREFIX
from feeds.reasons import Refusal, Rejection
from feeds.records import Broken, Row
from feeds.repeated_names import refuse_repeated_names

_MAX_COLUMNS = 1000


def read_jsonl(chunks: Iterator[bytes], limits: FeedLimits, *, encoding: str = "auto",
               may_be_chinese: bool = True) -> Iterator[Row | Broken]:
    """A Row per line that is an object; a Broken for every other line; empty lines are passed over."""
    lines = TextLines(chunks, limits, encoding, may_be_chinese=may_be_chinese)
    order = 0
    for text in lines:
        yield from lines.take_broken()
        if not text.strip():
            continue
        order += 1
        try:
            yield row_of_json(text, lines.number, order)
        except Refusal as refusal:
            yield Broken(Rejection(refusal.as_outcome(), lines.number), text.rstrip("\r\n"))
    yield from lines.take_broken()
    if not lines.number:
        yield Broken(Rejection(Refusal("file_empty").as_outcome()))


def row_of_json(text: str, line: int = 0, order: int = 0) -> Row:
    """The row of one JSON object. Raises Refusal `json_invalid`, `name_repeated`, `nul_character` or
    `control_character`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as failure:
        raise Refusal("json_invalid", problem=str(failure)) from failure
    if not isinstance(value, dict):
        raise Refusal("json_invalid", problem="the line is no object")
    refuse_repeated_names(text.encode(), value)
    fields: dict[str, str] = {}
    _flatten("", value, fields)
    if "\\" in text and json_has_control(msgspec.json.encode(fields)):
        raise Refusal("nul_character" if any("\0" in part for pair in fields.items() for part in pair) else "control_character")
    own = [f"{name}\x1e{told}" for name, told in fields.items() if not name.startswith(CASE_PREFIX)]
    return Row(line, fields, "\x1f".join(own), order)


def _flatten(prefix: str, value: dict[str, Any], into: dict[str, str]) -> None:
    for name, part in value.items():
        if isinstance(part, dict):
            _flatten(f"{prefix}{name}.", part, into)
        elif part is not None:
            into[prefix + name] = _as_text(part)
        if len(into) > _MAX_COLUMNS:
            raise Refusal("attributes_too_many", problem=f"more than {_MAX_COLUMNS} values in one record")


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

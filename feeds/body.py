"""A request body cut into records, each decoded later on its own, so that one bad record spoils no other.

The cut only looks for brackets, quotation marks and commas: it makes no object of what it passes over, and stops at the
first record too many, so that 64 MiB of `1,1,1,…` cost 64 MiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from core.errors import InvalidInput, TooLarge

_DEEPEST = 100
_COMMAS_PER_EVENT = 64


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


_decode = msgspec.json.Decoder(list[msgspec.Raw] | _Envelope).decode
_LINE = re.compile(rb"\S[^\n]*")
_ARRAY = re.compile(rb"\s*\[\s*")
_ENVELOPE = re.compile(rb'\s*\{\s*"events"\s*:\s*\[\s*')
_END, _ENVELOPE_END = re.compile(rb"\s*\]\s*\Z"), re.compile(rb"\s*\]\s*\}\s*\Z")
_COMMA = re.compile(rb"\s*,\s*")
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_PLAIN = re.compile(rb"(?:" + _TEXT + rb'|[^\s"\[\]{},]++)', re.DOTALL)
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _TEXT + rb")*+[\[\]{}]", re.DOTALL)


def split_body(body: bytes, most: int, is_lines: bool) -> list[bytes]:
    """The records of a JSON array, of `{"events": […]}`, or of JSON Lines.

    Raises InvalidInput `body_unreadable` when the whole is not JSON, TooLarge for more than `most` records.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidInput("body_unreadable", problem="the body is UTF-16", remedy="send UTF-8")
    records = None if is_lines else _at_once(body, most)
    if records is None:
        records = list(islice(_lines(body) if is_lines else _members(body), most + 1))
    if len(records) > most:
        raise TooLarge("too_many_events", most=most, setting="ingest.max_events_per_request")
    return records


def _at_once(body: bytes, most: int) -> list[bytes] | None:
    """An ordinary body cut by the decoder itself, twenty times as fast; None when it is not ordinary: more commas than so
    many events would have (each could become an object), or anything the careful cut must find the place of.
    """
    if body.count(b",") > most * _COMMAS_PER_EVENT:
        return None
    try:
        found = _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if isinstance(found, _Envelope) and body.count(b'"events"') != 1:
        return None  # of two lists the decoder would have dropped the first
    members = found.events if isinstance(found, _Envelope) else found
    return [bytes(member) for member in members]


def _lines(body: bytes) -> Iterator[bytes]:
    return (found[0] for found in _LINE.finditer(body))


def _members(body: bytes) -> Iterator[bytes]:
    head, end = _ENVELOPE.match(body), _ENVELOPE_END
    if head is None:
        head, end = _ARRAY.match(body), _END
    if head is None:
        raise _unreadable("neither an array nor an object with events", 0)
    at = head.end()
    if end.match(body, at):
        return
    while True:
        after = _end_of_value(body, at)
        yield body[at:after]
        comma = _COMMA.match(body, after)
        if comma is None:
            break
        at = comma.end()
    if not end.match(body, after):
        raise _unreadable("a comma or the end of the array is missing", after)


def _end_of_value(body: bytes, start: int) -> int:
    """Where the value ends. Whether it is JSON inside is asked when it is decoded."""
    if body[start:start + 1] not in (b"{", b"["):
        plain = _PLAIN.match(body, start)
        if plain is None:
            raise _unreadable("a value is missing", start)
        return plain.end()
    at, depth = start, 0
    while depth <= _DEEPEST and (bracket := _TO_BRACKET.match(body, at)):
        at = bracket.end()
        depth += 1 if body[at - 1] in b"[{" else -1
        if depth == 0:
            return at
    raise _unreadable("a value is not closed, or nested too deeply", start)


def _unreadable(problem: str, at: int) -> InvalidInput:
    return InvalidInput("body_unreadable", problem=f"{problem} (byte {at})",
                        remedy='send a JSON array of events, {"events": […]}, or JSON Lines as application/x-ndjson')

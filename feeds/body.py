"""A request body cut into records, each decoded later on its own, so that one bad record spoils no other."""

from __future__ import annotations

import msgspec

from core.errors import InvalidInput, TooLarge


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def split_body(body: bytes, most: int, is_lines: bool) -> list[bytes]:
    """The records of a JSON array, of `{"events": […]}`, or of JSON Lines.

    Raises InvalidInput `body_unreadable` when the whole is not JSON, TooLarge for more than `most` records.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidInput("body_unreadable", problem="the body is UTF-16", remedy="send UTF-8")
    records = _lines(body) if is_lines else _members(body)
    if len(records) > most:
        raise TooLarge("too_many_events", most=most, given=len(records), setting="ingest.max_events_per_request")
    return records


def _lines(body: bytes) -> list[bytes]:
    return [line for line in body.split(b"\n") if line.strip()]


def _members(body: bytes) -> list[bytes]:
    try:
        if body.lstrip()[:1] == b"{":
            return [bytes(raw) for raw in _decode_envelope(body).events]
        return [bytes(raw) for raw in _decode_list(body)]
    except (msgspec.DecodeError, RecursionError) as failure:
        raise InvalidInput("body_unreadable", problem=str(failure),
                           remedy='send a JSON array of events, {"events": […]}, or JSON Lines as '
                                  "application/x-ndjson") from failure

"""Objects of JSON that have a name twice: a decoder keeps the last value and says nothing, so that a due date may be lost."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from feeds.reasons import Refusal

_COLON = b'":'


def refuse_repeated_names(sent: bytes, decoded: object) -> None:
    """Raises Refusal `name_repeated`. `decoded` is what was made of it, in which a repeated name has left one value."""
    if _ends_names_only(sent):
        names = [part[part.rfind(b'"') + 1:] for part in sent.split(_COLON)[:-1]]
        if len(names) == len(set(names)) and not (b"\\" in sent and any(b"\\" in name for name in names)):
            return
        if b"\\" not in sent and len(names) == msgspec.json.encode(decoded).count(_COLON):
            return  # as many came out: none was lost, though objects beside each other have names in common
    try:
        json.loads(sent, object_pairs_hook=_once_each, parse_int=str, parse_float=str)
    except RecursionError as failure:
        raise Refusal("json_invalid", problem=str(failure)) from failure


def _ends_names_only(sent: bytes) -> bool:
    """Whether `":` stands at the end of every name, and else only where a text begins with a colon: no name is followed by a
    blank, and no text contains a quotation mark."""
    return not (b" :" in sent or (b"\\" in sent and b'\\"' in sent) or (b"\n" in sent and b"\n:" in sent)
                or (b"\t" in sent and b"\t:" in sent) or (b"\r" in sent and b"\r:" in sent))


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal("name_repeated", name, value)
        found[name] = value
    return found

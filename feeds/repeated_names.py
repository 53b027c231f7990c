"""Objects of JSON that have a name twice: a decoder keeps the last value and says nothing, so that a due date may be lost."""

from __future__ import annotations

import json
import re
from typing import Any

from feeds.reasons import Refusal

_COLON = b'":'
_UNUSUAL = (b"\\", b" :", b"\t:", b"\n:", b"\r:")  # where one stands, a name may be written with escapes, or not end in `":`
_NAME = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')


def refuse_repeated_names(sent: bytes, written_anew: bytes) -> None:
    """Raises Refusal `name_repeated`. `written_anew` is what was decoded, encoded again: as many names mean that none was lost,
    which costs a third of looking at them."""
    if sent.count(_COLON) == written_anew.count(_COLON) and not any(mark in sent for mark in _UNUSUAL):
        return
    names = _NAME.findall(sent)
    if len(names) == len(set(names)) and not any(b"\\" in name for name in names):
        return
    try:
        json.loads(sent, object_pairs_hook=_once_each, parse_int=str, parse_float=str)
    except RecursionError as failure:
        raise Refusal("json_invalid", problem=str(failure)) from failure


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal("name_repeated", name, value)
        found[name] = value
    return found

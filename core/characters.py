"""Characters no person types: what no XML document can hold, and so no paper: control characters, lone surrogates, U+FFFE and
U+FFFF; and DEL. PostgreSQL stores no NUL. One set for what is refused where it comes in and for what is left out of a document.

Tab and the ends of lines are no such characters.
"""

from __future__ import annotations

import json
import re

_CONTROL = bytes((*range(9), 11, 12, *range(14, 32), 127))
_ONE = re.compile(f"[{re.escape(_CONTROL.decode())}\ud800-\udfff\ufffe\uffff]")
# Where a body says nothing of the kind, as nearly all do, a few searches for plain bytes tell so.
_ESCAPE = re.compile(rb"\\(?:[bf]|u(?:00[017]|[fF]{3}[eEfF]|[dD][89a-fA-F]))")
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:[bf]|u(?:00(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])|[fF]{3}[eEfF]))")
_RAW = re.compile(rb"\xef\xbf[\xbe\xbf]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def has_control(text: str) -> bool:
    return not text.isprintable() and _ONE.search(text) is not None


def without_control(text: str, instead: str = "") -> str:
    return text if text.isprintable() else _ONE.sub(instead, text)


def json_has_control(body: bytes) -> bool:
    """Whether a text in JSON holds one, as itself or escaped. What is no JSON may pass: its reader refuses it."""
    if b"\x7f" in body or (not body.isascii() and _RAW.search(body) is not None):
        return True
    if b"\\" not in body or _ESCAPE.search(body) is None:
        return False
    return _ESCAPED.search(body) is not None or (_SURROGATE.search(body) is not None and _has_half(body))


def _has_half(body: bytes) -> bool:
    """Whether half of a character beyond U+FFFF stands alone."""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False

"""What is written in a form about one thing stays with that thing when the person turns to another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

KEPT_MAX = 50


def turned(kept: Mapping[str, Any] | None, left: str, to: str, written: Sequence[Any],
           empty: Sequence[Any]) -> tuple[dict[str, Any], Sequence[Any]]:
    """`written` about `left` is put aside. Returns everything put aside, and what had been written about `to`, else `empty`."""
    others = {of: words for of, words in (kept or {}).items() if of != left}
    drafts = {**others, left: list(written)} if left and any(written) else others
    before = drafts.get(to)
    is_whole = isinstance(before, list) and len(before) == len(empty)
    return dict(list(drafts.items())[-KEPT_MAX:]), before if is_whole and before else empty

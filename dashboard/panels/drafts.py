"""What is written in a form about one thing stays with that thing when the person turns to another one; so do answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.words import Words

KEPT_MAX = 50


def turned(kept: Mapping[str, Any] | None, left: str, to: str, written: Sequence[Any],
           empty: Sequence[Any], sent: str = "") -> tuple[dict[str, Any], Sequence[Any]]:
    """`written` about `left` is put aside. Returns everything put aside, and what had been written about `to`, else `empty`.
    What was written about `sent` has reached the server and is kept no longer."""
    others = {of: words for of, words in (kept or {}).items() if of not in (left, sent)}
    drafts = {**others, left: list(written)} if left and left != sent and any(written) else others
    before = drafts.get(to)
    is_whole = isinstance(before, list) and len(before) == len(empty)
    return dict(list(drafts.items())[-KEPT_MAX:]), before if is_whole and before else empty


def answer_about(shown: Mapping[str, Any] | None, said: str, times: int | None, *, is_done: bool,
                 **more: Any) -> dict[str, Any]:
    """An answer, which may come when another thing is shown: it names what it is about. `times` makes the next one another."""
    return {**more, "of": (shown or {}).get("of", ""), "said": said, "isDone": is_done, "times": times}


def said_beside(answer: Mapping[str, Any], of: str, t: Words) -> str:
    """The words of an answer beside what is shown: about another thing they say so."""
    said = str(answer["said"])
    return said if answer["of"] == of else t("late.answer", words=said)

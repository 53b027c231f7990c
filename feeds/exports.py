"""Texts of other people on their way into a spreadsheet."""

from __future__ import annotations

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER_CHARACTERS = frozenset("0123456789.,+-%eE")


def neutralise(text: str) -> str:
    """The text as a spreadsheet may open it: what would be read as a formula gets an apostrophe in front.

    The record keeps texts as they were sent; only an export changes them. Plain numbers stay numbers.
    """
    if not text.startswith(_FORMULA_STARTS) or (set(text) <= _NUMBER_CHARACTERS and len(text) > 1):
        return text
    return "'" + text


def guarded(text: str) -> str:
    """The same for what is to be read back: `unguarded` gives every text again as it was, an apostrophe of its own too."""
    return f"'{text}" if _is_formula(text) else text


def unguarded(text: str) -> str:
    """The inverse of `guarded`."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet would run it, however many apostrophes stand before it already."""
    bare = text.lstrip("'")
    return neutralise(bare) is not bare

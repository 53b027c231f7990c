"""Sentences for people, by dotted key, in the language they asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, g, has_request_context, request

LANGUAGES = ("zh", "en")
LANGUAGE_COOKIE = "yangguang_language"
_YEAR_S = 365 * 24 * 3600
_PLACE = re.compile(r"\{(\w+)\}")
Texts = Callable[[str], Any]  # language → config.texts.Texts


class Words:
    """`words("desk.title")`. An unknown key shows itself: a missing sentence must be seen, never blank."""

    def __init__(self, language: str, tree: Mapping[str, Any]) -> None:
        self.language, self.tree = language, tree

    def __call__(self, key: str, /, **values: Any) -> str:
        found = self._find(key)
        return key if found is None else _PLACE.sub(lambda place: str(values.get(place[1], place[0])), found)

    def has(self, key: str) -> bool:
        return self._find(key) is not None

    def first(self, *keys: str, **values: Any) -> str:
        """The sentence of the first key that has one."""
        return self(next((key for key in keys if self.has(key)), keys[-1]), **values)

    def subject(self, about: str) -> str:
        """What the fault of an act is about: a kind of special procedure by its words, else the name it came with."""
        key = f"special_kind.{about}"
        return self(key) if self.has(key) else about

    def _find(self, key: str) -> str | None:
        node: Any = self.tree
        for part in key.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node if isinstance(node, str) else None


def language(default: str = "zh") -> str:
    """What the address asks for, else what was asked for last, else the installation's language."""
    if not has_request_context():
        return default
    for wish in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    return default


def words_of(texts: Texts, default: str = "zh") -> Words:
    """The words of this request, looked up once."""
    if not has_request_context():
        return Words(default, texts(default).tree)
    if "words" not in g:
        wanted = language(default)
        g.words = Words(wanted, texts(wanted).tree)
    words: Words = g.words
    return words


def remember_language(server: Flask) -> None:
    """`?lang=en` holds for the pages that follow, too: the data a page asks for later must speak the same language."""

    @server.after_request
    def remember(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, language(), max_age=_YEAR_S, samesite="Lax", httponly=True,
                                secure=bool(server.config.get("SESSION_COOKIE_SECURE")))
        return response

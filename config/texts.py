"""Every sentence a person reads, by dotted key and language (config/locales/zh and /en). Chinese is the first language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.documents import Document, read_document
from core.errors import ConfigError

LOCALE_DIR = Path(__file__).parent / "locales"
LANGUAGES = ("zh", "en")
_PLACE = re.compile(r"\{(\w+)\}")


class Texts:
    """The texts of one language. `tree` is the nested mapping for pages that look up by themselves."""

    def __init__(self, language: str, tree: Mapping[str, Any]) -> None:
        self.language, self.tree = language, tree
        self._sentences = dict(_flat(tree))

    def get(self, key: str, **values: object) -> str:
        """The sentence with its values put in. Raises ConfigError for an unknown key or a value not given."""
        sentence = self._sentences.get(key)
        if sentence is None:
            raise ConfigError("text_missing", key=key, language=self.language, remedy="add it to config/locales")
        if "{" not in sentence:
            return sentence
        return _PLACE.sub(lambda place: self._value(key, place[1], values), sentence)

    def has(self, key: str) -> bool:
        return key in self._sentences

    def all_keys(self) -> frozenset[str]:
        """Every dotted key."""
        return frozenset(self._sentences)

    def raw(self, key: str) -> str:
        """The sentence as it is written, its places unfilled."""
        return self._sentences[key]

    def places(self, key: str) -> frozenset[str]:
        """The names of the values a sentence needs."""
        return frozenset(_PLACE.findall(self._sentences[key]))

    def _value(self, key: str, name: str, values: Mapping[str, object]) -> str:
        if name not in values:
            raise ConfigError("text_value_missing", key=key, language=self.language, name=name,
                              remedy="give the value where the text is used")
        return str(values[name])


def load_texts(directory: Path = LOCALE_DIR) -> dict[str, Texts]:
    """The texts of every language: all files of its folder together, in which a group may go on in a second file.

    Raises ConfigError naming file, line and key, also for a key that stands in two files.
    """
    return {language: Texts(language, _read_language(directory / language)) for language in LANGUAGES}


def _read_language(folder: Path) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = read_document(path)
        for place, value in _leaves(document.data, ()):
            if not isinstance(value, str) or not value:
                raise document.problem(place, f"{value!r} is not a text", "put the text into quotation marks")
            _put(tree, document, place, value)
    return tree


def _put(tree: dict[str, Any], document: Document, place: tuple[str, ...], value: str) -> None:
    group: Any = tree
    for name in place[:-1]:
        group = group.setdefault(name, {}) if isinstance(group, dict) else None
    if not isinstance(group, dict) or place[-1] in group:
        raise document.problem(place, "the key stands in another file of this language too", "keep one of the two")
    group[place[-1]] = value


def _flat(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((".".join(place), value) for place, value in _leaves(tree, ()))


def _leaves(node: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(node, Mapping):
        yield place, node
        return
    for name, child in node.items():
        yield from _leaves(child, (*place, str(name)))

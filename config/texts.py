"""Every sentence a person reads, by dotted key and language (config/locales/*.yaml). Chinese is the first language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.documents import read_document
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
        return _PLACE.sub(lambda place: self._value(key, place[1], values), sentence)

    def has(self, key: str) -> bool:
        return key in self._sentences

    def all_keys(self) -> frozenset[str]:
        """Every dotted key."""
        return frozenset(self._sentences)

    def places(self, key: str) -> frozenset[str]:
        """The names of the values a sentence needs."""
        return frozenset(_PLACE.findall(self._sentences[key]))

    def _value(self, key: str, name: str, values: Mapping[str, object]) -> str:
        if name not in values:
            raise ConfigError("text_value_missing", key=key, language=self.language, name=name,
                              remedy="give the value where the text is used")
        return str(values[name])


def load_texts(directory: Path = LOCALE_DIR) -> dict[str, Texts]:
    """The texts of every language. Raises ConfigError naming file, line and key."""
    texts: dict[str, Texts] = {}
    for language in LANGUAGES:
        document = read_document(directory / f"{language}.yaml")
        for place, value in _leaves(document.data, ()):
            if not isinstance(value, str) or not value:
                raise document.problem(place, f"{value!r} is not a text", "put the text into quotation marks")
        texts[language] = Texts(language, document.data)
    return texts


def _flat(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((".".join(place), value) for place, value in _leaves(tree, ()))


def _leaves(node: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(node, Mapping):
        yield place, node
        return
    for name, child in node.items():
        yield from _leaves(child, (*place, str(name)))

"""What the keys of figures are called: departments, items and areas by the catalogue, channels and powers by the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from config.texts import Texts


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class _Exercised(_Named, Protocol):
    @property
    def kind(self) -> str: ...


class Directory(Protocol):
    """What is asked of the catalogue."""

    @property
    def areas(self) -> Mapping[str, _Named]: ...

    def find_item(self, code: str) -> _Exercised | None: ...
    def find_organisation(self, code: str) -> _Named | None: ...


class CatalogueNames:
    """Names as evaluation.queries asks for them; what is not listed is called as its source calls it."""

    def __init__(self, directory: Directory, texts: Texts) -> None:
        self._directory, self._texts = directory, texts

    def org_name(self, org: str) -> str:
        known = self._directory.find_organisation(org)
        return known.name if known is not None else org

    def item_name(self, item: str) -> str:
        known = self._directory.find_item(item)
        return known.name if known is not None else item

    def area_name(self, area: str) -> str:
        known = self._directory.areas.get(area)
        return known.name if known is not None else area

    def kind_of(self, item: str) -> str:
        """The power the item exercises; "" for an item nobody lists."""
        known = self._directory.find_item(item)
        return known.kind if known is not None else ""

    def kind_name(self, kind: str) -> str:
        return self._worded("item_kind", kind)

    def channel_name(self, channel: str) -> str:
        return self._worded("figure_channel", channel)

    def _worded(self, group: str, code: str) -> str:
        key = f"{group}.{code or 'unknown'}"
        return self._texts.get(key) if self._texts.has(key) else code

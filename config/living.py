"""The catalogue as it holds today: what was shipped, with every confirmed version whose day has come.

Pages, forms and new cases go by it; a case goes by the version it was filed under (cases.areas). It is worked out anew when
another version was read or another day began, never for a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from config.catalogue import Catalogue, Item, Organisation
from config.organisation_document import LAST
from config.versions import Versions, in_force

T = TypeVar("T")


class _Live(Mapping[str, T], Generic[T]):
    """A mapping that is another one today than it was yesterday."""

    def __init__(self, look: Callable[[], Mapping[str, T]]) -> None:
        self._look = look

    def __getitem__(self, key: str) -> T:
        return self._look()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._look()

    def get(self, key: str, default: Any = None) -> Any:
        """As a dictionary has it: what a mapping does by itself, by an exception, every act would pay some twenty times."""
        return self._look().get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._look())

    def __len__(self) -> int:
        return len(self._look())

    def __reduce__(self) -> tuple[type[dict[str, T]], tuple[dict[str, T]]]:
        """Another process gets what holds when it is sent there."""
        return dict, (dict(self._look()),)


class _Present:
    """What holds on a day, kept until versions or day are others."""

    def __init__(self, shipped: Catalogue, versions: Callable[[], Versions], today: Callable[[], int]) -> None:
        self._shipped, self._versions, self._today = shipped, versions, today
        self._known: tuple[Versions, int, Mapping[str, Item], Mapping[str, Organisation]] | None = None

    def items(self) -> Mapping[str, Item]:
        return self._look()[2]

    def organisations(self) -> Mapping[str, Organisation]:
        return self._look()[3]

    def _look(self) -> tuple[Versions, int, Mapping[str, Item], Mapping[str, Organisation]]:
        versions, today, known = self._versions(), self._today(), self._known
        if known is None or known[0] is not versions or known[1] != today:
            known = self._known = (versions, today, items_on(self._shipped, versions, today),
                                   organisations_on(self._shipped, versions, today))
        return known


def living(shipped: Catalogue, versions: Callable[[], Versions], today: Callable[[], int]) -> Catalogue:
    """The shipped catalogue with the versions in force. `today` gives the epoch day."""
    present = _Present(shipped, versions, today)
    return replace(shipped, items=_Live(present.items), organisations=_Live(present.organisations), shipped=shipped)


def items_on(shipped: Catalogue, versions: Versions, day: int) -> Mapping[str, Item]:
    """The items of a day; one whose first version is of a later day is not there yet."""
    if not versions.items:
        return shipped.items
    items = dict(shipped.items)
    for code, dated in versions.items.items():
        found = in_force(dated, day, None)
        if found is not None:
            items[code] = found.value.over(code, shipped.items.get(code))
    return items


def organisations_on(shipped: Catalogue, versions: Versions, day: int) -> Mapping[str, Organisation]:
    """The organisations of a day in their order; abolished ones keep their names, at the end."""
    if not versions.organisations:
        return shipped.organisations
    places = {code: (place, organisation) for place, (code, organisation) in enumerate(shipped.organisations.items())}
    for code, dated in versions.organisations.items():
        found = in_force(dated, day, None)
        if found is not None:
            order, organisation = found.value
            shipped_at = places[code][0] if code in places else LAST
            places[code] = (shipped_at if order == LAST else order, organisation)
    return {code: organisation for code, (_, organisation) in sorted(
        places.items(), key=lambda pair: (pair[1][1].abolished, pair[1][0]))}

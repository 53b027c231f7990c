"""What the catalogue says of its items on a day: how many there are, are published, watched, in the hall and decided there.

They stand, they do not happen: a period has those of its last day (of today, while it lasts), a month or day its own. A version
counts from the day it came into force. Whether an item is in the hall is known where its guide says anything of such things.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from config.catalogue import Catalogue, Item
from config.living import items_on, organisations_on
from config.versions import Versions
from evaluation.models import ITEM_FIGURES
from evaluation.period import By, first_of_month
from evaluation.scope import Scope

Counts = dict[str, int]
_Row = tuple[str, str, str, Counts]  # area, organisation, item, its figures


class ItemFigures:
    """Reads the catalogue. `today` gives the epoch day of the default area."""

    figures = frozenset(ITEM_FIGURES)
    stands = True

    def __init__(self, catalogue: Catalogue, versions: Callable[[], Versions], today: Callable[[], int]) -> None:
        self._catalogue, self._versions, self._today = catalogue.as_shipped, versions, today
        self._of_day = lru_cache(maxsize=64)(self._rows)

    def asks(self, _scope: Scope, by: By, names: Collection[str]) -> bool:
        """Whether they are asked for; an item has no channel."""
        return by != "channel" and not self.figures.isdisjoint(names)

    def totals(self, _conn: Connection, scope: Scope, by: By, _names: Collection[str]) -> dict[Any, Counts]:
        """The figures by place ("" for all of them)."""
        found: dict[Any, Counts] = {}
        for key, day in self._days(scope, by):
            for area, org, item, counts in self._within(scope, day):
                place = {"org": org, "area": area, "item": item, "power_kind": item}.get(by, "") if key is None else key
                known = found.setdefault(place, dict.fromkeys(ITEM_FIGURES, 0))
                for name, amount in counts.items():
                    known[name] += amount
        return found

    def each(self, scope: Scope) -> Iterator[tuple[str, Counts]]:
        """Every item with its figures, as they stand at the end of the period."""
        for _, _, item, counts in self._within(scope, min(scope.last, self._today())):
            yield item, counts

    def _days(self, scope: Scope, by: By) -> Iterator[tuple[int | None, int]]:
        """(key, day whose catalogue it is) of each day or month; no key where places are told apart otherwise."""
        last = min(scope.last, self._today())
        if by not in ("day", "month"):
            yield None, last
            return
        for day in range(scope.first, last + 1):
            if by == "day" or day == last or first_of_month(day + 1) == day + 1:
                yield day, day

    def _within(self, scope: Scope, day: int) -> Iterator[_Row]:
        versions = self._versions()
        for row in self._of_day(_era(versions, day), versions.revision):
            area, org, item, _ = row
            if (scope.orgs is None or org in scope.orgs) and (scope.areas is None or area in scope.areas) and (
                    not scope.items or item in scope.items):
                yield row

    def _rows(self, day: int, _revision: str) -> list[_Row]:
        versions = self._versions()
        organisations = organisations_on(self._catalogue, versions, day)
        return [(organisations[one.org].area if one.org in organisations else "", one.org, code, figures_of(one))
                for code, one in items_on(self._catalogue, versions, day).items() if not one.retired]


def _era(versions: Versions, day: int) -> int:
    """The first day since when the catalogue has been as it is on this one."""
    every = [one for kind in (versions.items, versions.organisations) for dated in kind.values() for one in dated]
    return max((one.effective_from for one in every if one.effective_from <= day), default=0)


def figures_of(item: Item) -> Counts:
    """What one item adds."""
    guide = item.details.guide
    is_told = "flags" in guide.model_fields_set
    return {"items": 1, "items_published": int(not lacking(item)),
            "items_covered": int(item.promised is not None or item.statutory is not None), "items_told": int(is_told),
            "items_in_hall": int(is_told and "in_hall" in guide.flags), "items_central_told": int(guide.central is not None),
            "items_central": int(guide.central == "yes")}


def lacking(item: Item) -> list[str]:
    """What the public guide does not tell of an item although it should: what is kept from it, and what nobody wrote."""
    details = item.details
    unwritten = {"legal_basis": not item.legal_basis, "materials": not details.materials,
                 "promised": item.promised is None and item.category != "instant", "fees": item.fee and not details.fees}
    return sorted({*details.unpublished, *(name for name, is_missing in unwritten.items() if is_missing)})

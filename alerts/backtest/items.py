"""What the facts of a case are read by of its item, as columns: which limits beside its own there are, and what ends them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alerts.backtest.arrays import NONE, Ints
from cases.asides import acceptance_of, forwarding_steps
from cases.fold import Moment, Stop
from cases.watches import Catalogue, item_of, may_roll, special_days
from config.catalogue import Item

LICENCES = ("", "electronic", "paper")
ItemRows = NDArray[Any]
_COLUMNS = np.dtype([
    ("edited", np.bool_), ("rolls", np.bool_), ("ends_decided", np.bool_), ("has_flow_clocks", np.bool_), ("licence", np.int64),
    ("acceptance", np.int64), ("is_forwarded", np.bool_), ("review", np.int64), ("forwarding", np.int64),
    ("forward", np.int64)])
NO_STEP = -1


class ItemTable:
    """Items by number, in the order in which they were met."""

    def __init__(self, catalogue: Catalogue, edited: Collection[str], number_of_limit: Callable[[Any], int]) -> None:
        """`edited` are the items of which steps, papers or ceilings differ between versions: their cases differ one by one."""
        self._catalogue, self._edited, self._number_of_limit = catalogue, edited, number_of_limit
        self.codes: dict[bytes, int] = {}
        self.steps: dict[bytes, int] = {}
        self._items: dict[str, object] = {"": None}
        self._specials: dict[tuple[int, str, int], int] = {}
        self._rows = np.zeros(0, dtype=_COLUMNS)

    def of(self, numbers: Ints) -> ItemRows:
        """For every case what its item says."""
        new = [self._row(code.decode()) for code, number in self.codes.items() if number >= len(self._rows)]
        if new:
            self._rows = np.concatenate([self._rows, np.array(new, dtype=_COLUMNS)])
        return self._rows[numbers]

    def item(self, code: str) -> object:
        """None also when the catalogue raises (cases.watches)."""
        if code not in self._items:
            self._items[code] = item_of(self._catalogue, code)
        return self._items[code]

    def special_limit(self, number: int, kind: str, days: int) -> int:
        """The number of what facts and item say of how long a special procedure may take. `days` NONE: none were approved."""
        key = (number, kind, days)
        if key not in self._specials:
            item = self.item(list(self.codes)[number].decode())
            stop = Stop(kind, Moment(0), approved_days=None if days == NONE else days)
            self._specials[key] = self._number_of_limit(special_days(stop, item))
        return self._specials[key]

    def _row(self, code: str) -> tuple[Any, ...]:
        item, is_edited = self.item(code), code in self._edited
        acceptance = self._number_of_limit(acceptance_of(item))
        if not isinstance(item, Item):
            return is_edited, False, False, False, 0, acceptance, False, NO_STEP, NO_STEP, 0
        details = item.details
        return (is_edited, may_roll(item), item.power.ends == "decided", bool(details.step_limits or details.hearing),
                LICENCES.index(details.licence), acceptance, *self._forwarding(item))

    def _forwarding(self, item: Item) -> tuple[bool, int, int, int]:
        """(whether a case goes on to the organ above, the last review here, the step after it, how long that may take)."""
        if item.category != "forwarded":
            return False, NO_STEP, NO_STEP, 0
        review, forwarding = (self.steps.setdefault(step.encode(), len(self.steps)) for step in forwarding_steps(item))
        return True, review, forwarding, self._number_of_limit(item.details.forward)

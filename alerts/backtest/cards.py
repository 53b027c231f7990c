"""From the rungs that passed to cards, one per occurrence as alerts.lifecycle.card_key groups them; and how two sets differ.

A card counts in a period when it was raised or worsened in it. Cards are rows of arrays, sorted by `key`, so that millions can
be compared: `key` = place of the case in its chunk × slots + slot of the occurrence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alerts.backtest.arrays import Ints
from alerts.backtest.tables import KIND_CODES, KINDS
from alerts.backtest.timing import instants, passed
from alerts.backtest.watches import Clocks
from alerts.lifecycle import CASE_LIMITS
from cases.projection import ClockState

ORDINALS = 1_000
_LIMIT_SLOT = 0
_IS_LIMIT = np.array([kind in CASE_LIMITS for kind in KINDS])


@dataclass(slots=True)
class Rungs:
    """Passages of a chunk. `rule` and `version` are numbers in `names`; `kind` is a place in KINDS."""

    case: Ints
    kind: Ints
    ordinal: Ints
    level: Ints
    at: Ints
    rule: Ints
    code: Ints


@dataclass(slots=True)
class Cards:
    """Cards of a chunk, sorted by `key`. Instants are microseconds UTC."""

    key: Ints
    case: Ints
    level: Ints
    opened_at: Ints
    level_at: Ints
    rule: Ints
    kind: Ints
    ordinal: Ints

    def __len__(self) -> int:
        return len(self.key)

    def where(self, chosen: Ints) -> Cards:
        return Cards(*(getattr(self, name)[chosen] for name in self.__slots__))


class Names:
    """Texts by number, so that arrays can carry them."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, *text: str) -> int:
        key = (text[0], text[1] if len(text) > 1 else "")
        if key not in self._numbers:
            self._numbers[key] = len(self.texts)
            self.texts.append(key)
        return self._numbers[key]


def passages_of(clocks: Clocks, now_us: int, names: Names) -> tuple[Rungs, list[int]]:
    """(every rung that had passed by `now_us`, the places of cases with a clock that could not be judged)."""
    parts: list[tuple[Ints, ...]] = []
    unjudged = list(clocks.unjudged)
    for batch in clocks.batches:
        at_of_rungs, bad = instants(batch.timings, batch.rule.rungs)
        unjudged += batch.case[bad].tolist()
        for rung, at in zip(batch.rule.rungs, at_of_rungs, strict=True):
            rows = np.nonzero(passed(at, batch.ended_at, now_us, batch.timings.shape.by_day) & ~bad)[0]
            if len(rows):
                parts.append((batch.case[rows], batch.kind[rows], batch.ordinal[rows], _full(rows, rung.level), at[rows],
                              _full(rows, names.number(batch.rule.id, batch.version)), _full(rows, names.number(rung.code))))
    parts += [part for place, state in clocks.scalar for part in _of_state(place, state, names)]
    if not parts:
        return Rungs(*(np.zeros(0, dtype=np.int64) for _ in range(7))), unjudged
    return Rungs(*(np.concatenate(column) for column in zip(*parts, strict=True))), unjudged


def cards_of(rungs: Rungs) -> Cards:
    """One card per occurrence: the level of its worst passage, the instants of its first and of that one."""
    slot = np.where(_IS_LIMIT[rungs.kind], _LIMIT_SLOT, (rungs.kind + 1) * ORDINALS + np.minimum(rungs.ordinal, ORDINALS - 1))
    key = rungs.case * ((len(KINDS) + 1) * ORDINALS) + slot
    # Worst first, then earliest: the first row of each key is the passage that gives the card its level.
    order = np.lexsort((rungs.at, -rungs.level, key))
    key, top = key[order], order
    if not len(key):
        return Cards(*(np.zeros(0, dtype=np.int64) for _ in range(8)))
    starts = np.nonzero(np.concatenate(([True], key[1:] != key[:-1])))[0]
    first = np.minimum.reduceat(rungs.at[order], starts)
    top = order[starts]
    return Cards(key[starts], rungs.case[top], rungs.level[top], first, rungs.at[top], rungs.rule[top], rungs.kind[top],
                 rungs.ordinal[top])


def within(cards: Cards, from_us: int) -> Cards:
    """Those raised or worsened at or after that instant."""
    return cards.where(np.nonzero(cards.level_at >= from_us)[0])


@dataclass(slots=True)
class Difference:
    """Places in (before, after): cards only the one or the other has, and those both have with another level or instant."""

    gone: Ints
    new: Ints
    changed_before: Ints
    changed_after: Ints


def compare(before: Cards, after: Cards) -> Difference:
    """How two sets of cards of one chunk differ."""
    _common, in_before, in_after = np.intersect1d(before.key, after.key, assume_unique=True, return_indices=True)
    differs = np.zeros(len(in_before), dtype=np.bool_)
    for name in ("level", "opened_at", "level_at"):
        differs |= getattr(before, name)[in_before] != getattr(after, name)[in_after]
    return Difference(np.setdiff1d(np.arange(len(before)), in_before, assume_unique=True),
                      np.setdiff1d(np.arange(len(after)), in_after, assume_unique=True),
                      in_before[differs], in_after[differs])


def _full(rows: Ints, value: int) -> Ints:
    return np.full(len(rows), value, dtype=np.int64)


def _of_state(place: int, state: ClockState, names: Names) -> list[tuple[Ints, ...]]:
    found: list[tuple[Ints, ...]] = []
    for code, level, at in state.passages:
        if code in state.passed and at is not None:
            values = (place, KIND_CODES[state.ref.kind], state.ref.ordinal, level, at,
                      names.number(state.rule, state.rule_version), names.number(code))
            found.append(tuple(np.array([value], dtype=np.int64) for value in values))
    return found

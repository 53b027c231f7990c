"""Spans as columns, and the numbers that stand for words in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alerts.backtest.arrays import Ints
from cases.events import ClockKind
from cases.fold import Moment, Stop

KINDS = tuple(ClockKind)
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
Stopped = tuple[tuple[Stop, ...], Moment, Moment | None]  # the stops of a clock, its beginning and its end
NEVER = int(np.iinfo(np.int64).max)  # stands for an end that has not come and a beginning nobody knows


@dataclass(slots=True)
class Columns:
    """Spans as columns of equal length. `stated` numbers what the facts say of the limit, `stopped` the stops (-1: none)."""

    place: Ints
    kind: Ints
    ordinal: Ints
    started: Ints
    local: Ints
    ended: Ints
    stated: Ints
    stopped: Ints

    def where(self, rows: Ints | slice) -> Columns:
        return Columns(*(getattr(self, name)[rows] for name in Columns.__slots__))


def joined(parts: list[Columns]) -> Columns:
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in Columns.__slots__))

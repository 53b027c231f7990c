"""What somebody above the record wants kept of every case: one text beside its row, written anew whenever it is looked at.

The record neither reads nor understands it. It says in the same transaction which texts became others (`CasesMarked`), so that
sums over cases can be kept without ever reading a case again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cases.fold import Fold
from cases.projection import ClockState
from cases.tally import Tally

# Makes the text. It follows from the facts of the case and its clocks alone, never from the moment it is asked at.
Marker = Callable[[Fold, Tally, Sequence[ClockState]], str]


def unmarked(_fold: Fold, _tally: Tally, _states: Sequence[ClockState]) -> str:
    """Nobody wants anything kept."""
    return ""

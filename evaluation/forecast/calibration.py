"""Whether chances need correcting, and by what: isotonic regression on forecasts whose outcome is known.

SciPy fits it (pool adjacent violators; Barlow et al., 1972) in a process of its own: the server neither loads SciPy nor keeps
its memory, and a thousand forecasts take half a second. A correction is used only if it was fitted on the older part of the
forecasts and made the newer part better; life tables are near the truth by themselves, and a correction learnt from few cases
makes them worse. It never changes an order: what was more likely stays so, or becomes equally likely.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from core.errors import UpstreamError
from evaluation.forecast.scoring import gain

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 300.0
NICENESS = 10
OLDER = 2 / 3  # of the forecasts the correction is fitted on, before it is tried on the rest
PROOF = 0.998  # how sure it must be that they gain
SURE = 0.02    # no correction says never or always


class Pairs(msgspec.Struct, frozen=True):
    """Forecasts, what became of them (0 or 1) and whose they were, the oldest first."""

    chances: Sequence[float]
    outcomes: Sequence[float]
    cases: Sequence[int]

    def part(self, first: int, last: int) -> Pairs:
        return Pairs(self.chances[first:last], self.outcomes[first:last], self.cases[first:last])

    @property
    def cut(self) -> int:
        """Where the newer part begins."""
        return int(len(self.chances) * OLDER)


class Correction(msgspec.Struct, frozen=True):
    """A step function by its corners, straight in between; without corners nothing is changed."""

    given: tuple[float, ...] = ()
    corrected: tuple[float, ...] = ()

    def __call__(self, chance: float) -> float:
        if not self.given:
            return chance
        return float(np.clip(np.interp(chance, self.given, self.corrected), SURE, 1 - SURE))


NONE = Correction()


def corrections(sets: Sequence[Pairs], least: int) -> list[Correction]:
    """For each set of forecasts the correction that proved good, or none; none below `least` forecasts.

    Raises UpstreamError (`child_failed`) when the process was lost.
    """
    asked = [index for index, pairs in enumerate(sets) if len(pairs.chances) >= least and len(set(pairs.outcomes)) > 1]
    if not asked:
        return [NONE] * len(sets)
    parts = [part for index in asked for part in (sets[index].part(0, sets[index].cut), sets[index])]
    fits = _fitted_apart(parts)
    found = [NONE] * len(sets)
    for place, index in enumerate(asked):
        if _proves_good(fits[2 * place], sets[index]):
            found[index] = fits[2 * place + 1]
    return found


def fitted(pairs: Pairs) -> Correction:
    """Isotonic regression of outcomes on chances; ties are pooled first. Loads SciPy."""
    from scipy.optimize import isotonic_regression  # 50 MiB and half a second: only where it is asked for

    order, places = np.unique(np.asarray(pairs.chances, dtype=float), return_inverse=True)
    counts = np.bincount(places).astype(float)
    means = np.bincount(places, weights=np.asarray(pairs.outcomes, dtype=float)) / counts
    level = isotonic_regression(means, weights=counts).x
    corners = [index for index in range(len(order)) if _is_corner(level, index)]
    return Correction(tuple(float(order[index]) for index in corners), tuple(float(level[index]) for index in corners))


def _is_corner(level: Sequence[float], index: int) -> bool:
    """Whether the step function begins or ends a step here: what lies between is on the line."""
    return index in (0, len(level) - 1) or level[index] != level[index - 1] or level[index] != level[index + 1]


def _proves_good(correction: Correction, pairs: Pairs) -> bool:
    """Whether the newer forecasts gain by it for sure: their whole interval is above nothing. It is asked at every training, so
    the level is high: at 95 % chance alone would let a bad one in now and then."""
    newer = pairs.part(pairs.cut, len(pairs.chances))
    corrected = [correction(chance) for chance in newer.chances]
    return gain(corrected, newer.chances, newer.outcomes, newer.cases, PROOF).low > 0


# In a process of its own ------------------------------------------------------------------------------------------

def _fitted_apart(sets: Sequence[Pairs]) -> list[Correction]:
    command = [sys.executable, "-c", "from evaluation.forecast.calibration import main; main()"]
    try:
        done = subprocess.run(command, input=msgspec.msgpack.encode(sets), capture_output=True, timeout=TIMEOUT_S, check=False,
                              env={"OPENBLAS_NUM_THREADS": "1"}, cwd=ROOT)
    except subprocess.TimeoutExpired as failure:
        raise UpstreamError("child_failed", cause="time") from failure
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UpstreamError("child_failed", cause=last[:200] or f"exit {done.returncode}")
    return msgspec.msgpack.decode(done.stdout, type=list[Correction])


def main() -> None:
    """In the process: sets of forecasts in, their corrections out."""
    os.nice(NICENESS)
    sets = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[Pairs])
    sys.stdout.buffer.write(msgspec.msgpack.encode([fitted(pairs) for pairs in sets]))

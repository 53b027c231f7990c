"""The survival model: life tables in shares of the limit used, each pulled towards the next wider group.

Discrete-time hazards (Singer and Willett, 1993; life tables: Kaplan and Meier, 1958): a limit is cut into `GRID` parts, and
for each part the model keeps how many cases were still open when it began and how many ended in it. A case that is open, was
given up as its window closed, or ended after its due day counts as open for as long as it was seen. However a case ends before
its due day (concluded, withdrawn, returned), it has not overrun: overrunning needs no second kind of end, and its chance is
the product of not ending in any part from now to the due day.

Four groups, from wide to narrow: everything, the department, the item in it, the step last done in that. The clock of the
first three starts with the acceptance, that of a step with its entry. A narrow group with few cases says little, so each
hazard is a weighted mean of its own and of the wider group's (`STRENGTHS` cases' worth of it): shrinkage of rates as in
credibility theory (Bühlmann, 1967). Older cases weigh less, by half in every `half_life_days`.

Pure: lives in, tables out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from evaluation.forecast.lives import ACCEPTED_STAGE, Life, Silence, Silent

GRID = 40                         # parts a limit is cut into; the last of them is the due day itself
BEYOND = GRID + 1                 # seen past the due day
NOTHING_KNOWN = 1 / GRID          # the hazard of a part before any case was seen
STRENGTHS = (5.0, 20.0, 20.0, 150.0)  # cases' worth of the wider group, by level; docs/forecast.md says how they were found
Key = tuple[str, ...]             # (), (area, org), (area, org, item), (area, org, item, step)
Floats = npt.NDArray[np.float64]
_QUARTILES = (0.25, 0.5, 0.75)


class Rules(msgspec.Struct, frozen=True):
    """How to learn: how fast the past fades (calendar days), and below how many ended cases to keep silent."""

    half_life_days: float = 180.0
    cases_min: int = 30


class Group(msgspec.Struct, gc=False):
    """A life table. `exits` and `at_risk` are weighted counts by part; `ended` counts cases, `days` are the quartiles of the
    net working days from the group's start to their end, `overran` how many of them did."""

    exits: Floats
    at_risk: Floats
    ended: int
    overran: int
    days: tuple[float, float, float]


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """The chance of an overrun (0..1), the narrowest group with enough cases it was learnt from, and that group's figures."""

    chance: float
    learnt: Key
    ended: int
    overran: int
    days: tuple[float, float, float]


def part_of(days: int, budget: int) -> int:
    """The part of the limit in which a net working day lies."""
    if days > budget:
        return BEYOND
    return GRID if budget == 0 else GRID * days // budget


def groups_of(life: Life) -> list[tuple[Key, int]]:
    """The groups a case belongs to now, widest first, and the net working day on which its clock in each began."""
    org, (day, step) = (life.area, life.org), life.stages[-1]
    item = [((*org, life.item), 0)] if life.item else []
    stage = [((*org, life.item, step), day)] if step else []  # before the first step it would be the item's own table
    return [((), 0), (org, 0), *item, *stage]


class Model:
    """What was learnt; answers for one case at a time."""

    def __init__(self, groups: dict[Key, Group], cases_min: int) -> None:
        self.groups, self._cases_min = groups, cases_min

    def forecast(self, life: Life) -> Forecast:
        """The chance that the case, open as of `life.last`, passes its due day. Raises Silent: overdue, too few cases."""
        if life.overran:
            raise Silent(Silence.OVERDUE)
        places = groups_of(life)
        learnt = self._learnt([key for key, _ in places])
        group = self.groups[learnt]
        return Forecast(self._chance(life, places), learnt, group.ended, group.overran, group.days)

    def _learnt(self, keys: Sequence[Key]) -> Key:
        """The narrowest group with enough ended cases. What is known of a whole city says nothing of a department nobody has
        seen end anything: the department is the widest that counts."""
        enough = [key for key in keys[1:] if (group := self.groups.get(key)) and group.ended >= self._cases_min]
        if not enough:
            raise Silent(Silence.FEW)
        return enough[-1]

    def _chance(self, life: Life, places: Sequence[tuple[Key, int]]) -> float:
        parts = np.arange(part_of(life.last, life.budget), GRID + 1)
        hazard: Floats = np.full(len(parts), NOTHING_KNOWN)
        for key, began in places:
            group, strength = self.groups.get(key), STRENGTHS[len(key) - 1 if key else 0]
            if group is not None:
                own = np.clip(parts - part_of(began, life.budget), 0, GRID)
                hazard = (group.exits[own] + strength * hazard) / (group.at_risk[own] + strength)
        return float(np.prod(1 - hazard))

    def to_bytes(self) -> bytes:
        """As stored; `from_bytes` reads it back to the same answers."""
        return msgspec.msgpack.encode([(key, group.exits.tobytes(), group.at_risk.tobytes(), group.ended, group.overran,
                                        group.days) for key, group in sorted(self.groups.items())])

    @classmethod
    def from_bytes(cls, body: bytes, cases_min: int) -> Model:
        kept = msgspec.msgpack.decode(body, type=list[tuple[Key, bytes, bytes, int, int, tuple[float, float, float]]])
        return cls({key: Group(np.frombuffer(exits), np.frombuffer(at_risk), ended, overran, days)
                    for key, exits, at_risk, ended, overran, days in kept}, cases_min)


def learn(lives: Iterable[Life], today: int, rules: Rules) -> Model:
    """The model of an epoch day from the lives known by it."""
    tables: dict[Key, _Table] = defaultdict(_Table)
    for life in lives:
        weight = 0.5 ** ((today - life.opened) / rules.half_life_days)
        for key, began in _passed(life):
            tables[key].add(life, began, weight)
    return Model({key: table.group() for key, table in tables.items()}, rules.cases_min)


def _passed(life: Life) -> Iterator[tuple[Key, int]]:
    """Every group a case was ever in, with the day its clock began: of a step that came twice the first time."""
    org = (life.area, life.org)
    yield (), 0
    yield org, 0
    if life.item:
        yield (*org, life.item), 0
    met = {ACCEPTED_STAGE}
    for day, step in life.stages:
        if step not in met:
            met.add(step)
            yield (*org, life.item, step), day


class _Table:
    """A group while it is learnt: where cases ended and where they were last seen, from which the numbers at risk follow."""

    __slots__ = ("_days", "_exits", "_overran", "_seen")

    def __init__(self) -> None:
        self._exits, self._seen = [0.0] * (GRID + 2), [0.0] * (GRID + 2)
        self._days = list[int]()
        self._overran = 0

    def add(self, life: Life, began: int, weight: float) -> None:
        part = part_of(life.last - began, life.budget)
        (self._exits if life.is_ended else self._seen)[part] += weight
        if life.is_ended:
            self._days.append(life.last - began)
            self._overran += life.overran

    def group(self) -> Group:
        exits, seen = np.array(self._exits), np.array(self._seen)
        # At risk in a part: whoever ended in it or later, or was last seen after it.
        at_risk = np.cumsum(exits[::-1])[::-1] + np.append(np.cumsum(seen[::-1])[::-1][1:], 0.0)
        days = np.quantile(self._days, _QUARTILES) if self._days else np.zeros(3)
        return Group(exits, at_risk, len(self._days), self._overran, (float(days[0]), float(days[1]), float(days[2])))

"""Random but repeatable lives of many cards: raise, worsen, clear, sign, withdraw, in any order that can happen."""

from __future__ import annotations

import random
from collections.abc import Callable

from cases.events import ClockKind
from tests.unit.alerts.house import House, days_ago, ended, passed, withdrawn


class Story:
    """One seeded stream of changes to a house. Some of them change nothing, as in life."""

    def __init__(self, house: House, seed: int, cases: int = 25) -> None:
        self._house, self._random, self._cases = house, random.Random(seed), cases
        self._commands = 0
        self._seed = seed

    def step(self) -> None:
        turns: list[Callable[[], None]] = [self._raise, self._raise, self._worsen, self._clear, self._sign, self._withdraw]
        self._random.choice(turns)()

    def _case(self) -> int:
        return self._random.randint(1, self._cases)

    def _raise(self) -> None:
        rungs = self._random.choices(("warning", "yellow"), k=self._random.randint(1, 4))
        self._house.record(*(passed(rung, case_id=self._case(), at=days_ago(self._random.randint(1, 20)))
                             for rung in rungs))

    def _worsen(self) -> None:
        self._house.record(passed("red", case_id=self._case(), kind=ClockKind.STATUTORY))

    def _clear(self) -> None:
        case_id = self._case()
        self._house.record(ended(case_id=case_id), ended(case_id=case_id, kind=ClockKind.STATUTORY))

    def _withdraw(self) -> None:
        self._house.record(withdrawn(self._random.choice(("warning", "yellow")), case_id=self._case()))

    def _sign(self) -> None:
        active = self._house.active()
        if active:
            self._commands += 1
            chosen = self._random.sample(active, min(len(active), self._random.randint(1, 3)))
            self._house.sign(*chosen, command_id=f"story-{self._seed}-{self._commands}")

"""Escalation as data (config/escalation/*.yaml): who is told next, after how much working time, when nobody acts.

One file per preset of chains; a chain belongs to a level. Its steps follow each other in working time of the card's area;
after the last it begins again, `loops` times in all.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from config.documents import Strict, read_document
from config.ladders import LEVELS, Addressee
from config.notice_policy import LevelName
from core.instants import MINUTE_US

ESCALATION_DIR = Path(__file__).parent / "escalation"
LOOPS_MAX = 5


class Step(Strict):
    """Wait this long in working time after the step before it, then tell these. Exactly one of the two waits is given."""

    wait_minutes: int | None = Field(default=None, ge=1, le=14_400)
    wait_hours: int | None = Field(default=None, ge=1, le=240)
    to: tuple[Addressee, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_wait(self) -> Step:
        if (self.wait_minutes is None) == (self.wait_hours is None):
            raise ValueError("give exactly one of wait_minutes and wait_hours")
        return self

    @property
    def wait_us(self) -> int:
        """Working microseconds."""
        return (self.wait_minutes or (self.wait_hours or 0) * 60) * MINUTE_US


class Chain(Strict):
    """The steps of one level. `loops` 1 runs them once."""

    id: str = Field(min_length=1, max_length=64)
    version: str
    steps: tuple[Step, ...] = Field(min_length=1, max_length=9)
    loops: int = Field(default=1, ge=1, le=LOOPS_MAX)

    @property
    def length(self) -> int:
        """Steps through all loops."""
        return len(self.steps) * self.loops

    def step(self, number: int) -> Step:
        """The step of that number, counted from 0 through the loops."""
        return self.steps[number % len(self.steps)]


class Chains(Strict):
    """The chains of an installation; a level without one is not escalated."""

    levels: dict[LevelName, Chain]

    def for_level(self, level: int) -> Chain | None:
        return self.levels.get(LEVELS[level])  # type: ignore[call-overload]


def load_chains(directory: Path = ESCALATION_DIR) -> Chains:
    """Every level of every file. Raises ConfigError naming file, line, key and remedy."""
    levels: dict[LevelName, Chain] = {}
    for path in sorted(directory.glob("*.yaml")):
        document = read_document(path)
        for level, chain in document.read_as(Chains).levels.items():
            if level in levels:
                raise document.problem(["levels", level], f"the level {level} has a chain in another file",
                                       "keep one of the two")
            levels[level] = chain
    return Chains(levels=levels)

"""The kinds of power an item exercises (行权类型), as data: config/city/powers.yaml.

A licence is asked for and decided; a penalty is opened ex officio, decided, served and executed; a petition is answered. What
differs is data: who may open a case, the flow, the step at which the decision falls, what ends the clock of the limits, how
long the acceptance may take and by how much the limits may be extended. An installation without the file has licences and
internal management only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from config.documents import Document, Strict, read_document
from core.errors import InvalidInput
from core.limits import Limit, Unit, parse_limit

ItemKind = Literal["permit", "internal", "penalty", "collection", "inspection", "trading", "investment", "petition",
                   "reconsideration", "proposal"]
Opener = Literal["citizen", "window", "office"]
FILE = "powers.yaml"


class Power(Strict):
    """How cases of a kind of power go.

    `steps` (): by the item's category. `decides`: the step with which the decision falls ("": the last before the end). `ends`:
    what ends the limits of the law, the decision or the conclusion. `acceptance`: from the filing to the acceptance or refusal
    (None: as the ladder says). `extension`: the most days, in the unit of the limit, by which limits may be extended once
    (None: as the setting says). `rolls`: a limit of calendar days, judged by day, that would end on a day of rest ends with
    the next working day (民法典 Art. 203). `opened_by`: a citizen on the public site, a window on somebody's behalf, an
    office ex officio.
    """

    steps: tuple[str, ...] = ()
    decides: str = ""
    ends: Literal["decided", "concluded"] = "concluded"
    opened_by: tuple[Opener, ...] = Field(default=("citizen", "window"), min_length=1)
    acceptance: str | None = None
    extension: int | None = Field(default=None, ge=1, le=400)
    rolls: bool = False
    basis: str = ""

    @property
    def acceptance_limit(self) -> Limit | None:
        return None if self.acceptance is None else parse_limit(self.acceptance)

    @property
    def is_public(self) -> bool:
        """Whether the public site offers its items."""
        return "citizen" in self.opened_by


PERMIT, INTERNAL = Power(), Power(opened_by=("window", "office"))


class _PowersFile(Strict):
    powers: dict[ItemKind, Power]


def load_powers(directory: Path) -> Mapping[str, Power]:
    """The powers of a city by kind. Raises ConfigError naming file, line, key and remedy."""
    path = directory / FILE
    known: dict[str, Power] = {"permit": PERMIT, "internal": INTERNAL}
    if not path.exists():
        return known
    document = read_document(path)
    for kind, power in document.read_as(_PowersFile).powers.items():
        _check(document, kind, power)
        known[kind] = power
    return known


def _check(document: Document, kind: str, power: Power) -> None:
    if power.steps and len(power.steps) < 3:
        raise document.problem(("powers", kind, "steps"), "a flow has a beginning, a step and an end", "name at least three")
    if len(set(power.steps)) < len(power.steps):
        raise document.problem(("powers", kind, "steps"), "a step is there twice", "give each its own name")
    if power.decides and power.decides not in power.steps[1:-1]:
        raise document.problem(("powers", kind, "decides"), f"{power.decides!r} is no step between the ends",
                               f"one of {', '.join(power.steps[1:-1])}")
    try:
        if (limit := power.acceptance_limit) is not None and (limit.months or limit.unit is Unit.WORKING_HOUR):
            raise InvalidInput("limit_unreadable", text=power.acceptance, accepted="5wd or 15cd")
    except InvalidInput as failure:
        raise document.problem(("powers", kind, "acceptance"), str(failure), "write 5wd or 15cd") from failure

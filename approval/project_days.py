"""How a part of a project stands with its promise: for the people who handle it, and for who applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from approval.detail import PartSeen
from approval.flow import Part, longest_way
from cases.areas import Areas
from cases.explain import explain
from cases.queries import CaseQueries
from config.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class PartDays:
    """Working days used and allowed; `used` and `level` None for a part that has not begun or has no such clock."""

    used: float | None = None
    amount: float = 0.0
    level: int | None = None


def days_of(part: PartSeen, catalogue: Catalogue, cases: CaseQueries, areas: Areas, now: int) -> PartDays:
    """By the clock of its case; before there is one, by what its item promises."""
    item = catalogue.find_item(part.item)
    amount = float(item.promised.amount) if item is not None and item.promised is not None else 0.0
    case = cases.find_case(part.case_no, now) if part.case_no else None
    clock = next((one for one in explain(case, areas) if one.kind == "promised"), None) if case is not None else None
    return PartDays(None, amount) if clock is None else PartDays(clock.days_used, clock.amount, clock.level)


def critical_way(parts: Sequence[PartSeen], amounts: Mapping[str, float]) -> list[str]:
    """The chain of parts that decides when the project is through."""
    plan = [Part(part.node, part.item, part.org, part.stage, part.after) for part in parts]
    return longest_way(plan, {part.node: amounts.get(part.node, 0.0) for part in parts})

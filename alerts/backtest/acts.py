"""Cards of acts in a back-test: which faults other rules would have made cards of, and how that differs from now.

The faults of a case are kept with it, so cases without any cost nothing. What a card follows from besides (when the fault was
told, of which organisation) is found again from the journal by the record's own functions, only for cases with faults that may
lie in the period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from alerts.acts import ruling_of
from alerts.backtest.folds import Folds
from alerts.backtest.watches import World
from alerts.backtest.worker import BacktestCancelled
from cases.act_judging import ActJudge, Step, Told, late_ones, steps_of, told_faults
from cases.acts import subject_name
from cases.fold import Fold
from cases.journal import deliveries_of_cases, received_spans

SLICE = 500  # cases between two looks at whether somebody cancelled
Key = tuple[int, str, str]  # case, act, subject


@dataclass(frozen=True, slots=True)
class ActCard:
    """One card of an act. `row` is the place of its case in the chunk; `confirm`: a person decides before it is issued."""

    row: int
    act: str
    subject: str
    about: str
    org: str
    item: str
    level: int
    at: int
    confirm: bool
    rule: str
    rule_version: str

    def differs(self, other: ActCard) -> bool:
        """Whether people would see another card."""
        return (self.level, self.at, self.confirm) != (other.level, other.at, other.confirm)

    def grown(self, later: ActCard) -> ActCard:
        """The same card after more of its fault was told: as bad as the worst of it, by the newest rule that says so, from the
        earliest instant of it that is no milder; whether a person had to confirm it was decided when it was opened."""
        speaking, at = (later, min(self.at, later.at)) if later.level >= self.level else (self, self.at)
        return replace(speaking, at=at, confirm=self.confirm, org=later.org, item=later.item)


Cards = Mapping[Key, ActCard]


class ActTrial:
    """Finds the cards of acts in some worlds, chunk after chunk. Cases are those of the first world's scope."""

    def __init__(self, worlds: Sequence[World], from_us: int, to_us: int, history_after_us: int) -> None:
        self._from_us, self._to_us, self._history_after_us = from_us, to_us, history_after_us
        self._worlds = [(world, ActJudge(world.areas, world.catalogue)) for world in worlds]
        self._edited = {item for world in worlds for item in world.areas.versions.items}

    def cards(self, conn: Connection, rows: Sequence[Any], folds: Folds,
              is_cancelled: Callable[[], bool]) -> tuple[list[Cards], int]:
        """(the cards in each world, how many cases were looked up in the journal). Raises BacktestCancelled.

        `rows` are (case_id, fold, acts).
        """
        found: list[dict[Key, ActCard]] = [{} for _ in self._worlds]
        places = [place for place in self._to_look_at(rows, folds) if self._may_have_cards(rows[place], folds[place])]
        for start in range(0, len(places), SLICE):
            if is_cancelled():
                raise BacktestCancelled
            for place, steps in self._histories(conn, rows, folds, places[start:start + SLICE]):
                self._take(found, place, rows[place][0], folds[place], steps)
        return list(found), len(places)

    # Which cases ------------------------------------------------------------------------------------------------------

    def _to_look_at(self, rows: Sequence[Any], folds: Folds) -> list[int]:
        """The places of cases that have faults, or whose faults may be others under other rules; no fault is younger than the
        last thing that happened."""
        edited = np.zeros(len(folds), dtype=np.bool_)
        for item in self._edited:
            edited |= folds.says("item", item)
        has_acts = np.fromiter((bool(row[2]) for row in rows), dtype=np.bool_, count=len(rows))
        asked = (has_acts | (folds.counts("extensions") > 0) | edited) & (folds.firsts("last_key") >= self._from_us)
        return list(map(int, np.nonzero(asked)[0]))

    def _may_have_cards(self, row: Any, fold: Fold) -> bool:
        """What follows from rules is judged, not read."""
        if not (row[2] or self._depends_on_rules(fold)):
            return False
        if not self._worlds[0][0].scope.holds(fold.area, fold.item):
            return False
        return bool(row[2]) or any(told_faults(row[0], [Step(0, fold, [])], judge) for _, judge in self._worlds)

    def _depends_on_rules(self, fold: Fold) -> bool:
        return any(judge.depends_on_rules(fold) for _, judge in self._worlds)

    # When they were told ----------------------------------------------------------------------------------------------

    def _histories(self, conn: Connection, rows: Sequence[Any], folds: Folds,
                   places: Sequence[int]) -> Iterator[tuple[int, list[Step]]]:
        """A case that came in one delivery, as logs do, was known at once as it is now; the others are folded anew."""
        spans = received_spans(conn, [rows[place][0] for place in places])
        grown = [case_id for case_id, (first, last) in spans.items() if first != last]
        deliveries = deliveries_of_cases(conn, grown)
        for place in places:
            case_id, acts = rows[place][0], rows[place][2]
            if case_id in deliveries:
                yield place, steps_of(deliveries[case_id], acts)
            elif case_id in spans:
                yield place, [Step(spans[case_id][0], folds[place], late_ones(acts))]

    # What they cost ---------------------------------------------------------------------------------------------------

    def _take(self, found: Sequence[dict[Key, ActCard]], place: int, case_id: int, fold: Fold, steps: Sequence[Step]) -> None:
        told: list[Told] | None = None
        for cards, (world, judge) in zip(found, self._worlds, strict=True):
            if told is None or self._depends_on_rules(fold):
                told = told_faults(case_id, steps, judge)
            for key, card in self._cards_of(place, case_id, told, world, judge.item(fold)).items():
                if self._from_us <= card.at <= self._to_us:
                    cards[key] = card

    def _cards_of(self, place: int, case_id: int, told: Iterable[Told], world: World, item: object) -> dict[Key, ActCard]:
        found: dict[Key, ActCard] = {}
        for one in told:
            card, key = self._card(place, one, world, item), (case_id, one.fault.code, one.fault.subject)
            if card is not None:
                found[key] = found[key].grown(card) if key in found else card
        return found

    def _card(self, place: int, told: Told, world: World, item: object) -> ActCard | None:
        fault, case = told.fault, told.case
        ruling = ruling_of(world.areas, case, fault, told.at, self._history_after_us)
        if ruling is None:
            return None
        rule, preset = ruling.rule, ruling.preset
        return ActCard(place, str(fault.code), fault.subject, subject_name(fault, item) or fault.subject, case.org, case.item,
                       rule.level, ruling.at, rule.confirm, rule.id, f"{preset.id}@{preset.version}")

"""Which figures of an issued bulletin the record says otherwise by now. The bulletin itself never changes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from evaluation.bulletins.figures import Counts, Figures, Place, UnitFigures
from evaluation.small_numbers import SMALL


class Correction(msgspec.Struct, frozen=True):
    """One figure: of a department, or of all (`org` ""); `figure` is a base figure, `place` for the rank; `by` the dates it is
    counted by (event, acceptance). What was issued, and what is known now."""

    org: str
    name: str
    figure: str
    by: str
    then: str
    now: str


def corrections(issued: Figures, present: Figures) -> list[Correction]:
    """All together first, then the departments in the order of the bulletin, then those that joined. A figure one of both does
    not tell is left out, and so are ratings: nobody learns from a correction what was hidden, nor what one late opinion was.
    Places are compared where both were made by the same indicator."""
    found = [*_differing("", "", issued.counts, present.counts, "event"),
             *_differing("", "", issued.cards_by_acceptance, present.cards_by_acceptance, "acceptance")]
    before, after = ({unit.org: unit for unit in one.units} for one in (issued, present))
    has_places = (issued.rank_by, issued.version) == (present.rank_by, present.version)
    for org, unit in {**before, **{org: unit for org, unit in after.items() if org not in before}}.items():
        then, now = before.get(org) or _nothing(unit), after.get(org) or _nothing(unit)
        found += _differing(org, unit.name, then.counts, now.counts, "event")
        found += _differing(org, unit.name, then.cards_by_acceptance, now.cards_by_acceptance, "acceptance")
        if has_places and then.place != now.place:
            found.append(Correction(org, unit.name, "place", "event", _written(then.place), _written(now.place)))
    return found


def _nothing(unit: UnitFigures) -> UnitFigures:
    """A department of one side only: nothing was counted of it on the other."""
    return msgspec.structs.replace(unit, counts=dict.fromkeys(unit.counts, 0), place=None,
                                   cards_by_acceptance=dict.fromkeys(unit.cards_by_acceptance, 0))


def _differing(org: str, name: str, then: Counts, now: Counts, by: str) -> Iterator[Correction]:
    for figure, count in then.items():
        if figure not in SMALL and figure in now and now[figure] != count:
            yield Correction(org, name, figure, by, str(count), str(now[figure]))


def _written(place: Place | None) -> str:
    if place is None:
        return "—"
    return str(place.rank) if place.is_certain else f"{place.rank} ({place.best}–{place.worst})"

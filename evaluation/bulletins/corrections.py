"""Which figures of an issued bulletin the record says otherwise by now. The bulletin itself never changes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from evaluation.bulletins.figures import Counts, Figures, Place


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
    """All together first, then the departments in the order of the bulletin. A figure one of both does not tell is left out:
    nobody learns from a correction what was hidden."""
    found = [*_differing("", "", issued.counts, present.counts, "event"),
             *_differing("", "", issued.cards_by_acceptance, present.cards_by_acceptance, "acceptance")]
    known = {unit.org: unit for unit in present.units}
    for unit in issued.units:
        now = known.get(unit.org)
        if now is None:
            continue
        found += _differing(unit.org, unit.name, unit.counts, now.counts, "event")
        found += _differing(unit.org, unit.name, unit.cards_by_acceptance, now.cards_by_acceptance, "acceptance")
        if unit.place != now.place:
            found.append(Correction(unit.org, unit.name, "place", "event", _written(unit.place), _written(now.place)))
    return found


def _differing(org: str, name: str, then: Counts, now: Counts, by: str) -> Iterator[Correction]:
    for figure, count in then.items():
        if figure in now and now[figure] != count:
            yield Correction(org, name, figure, by, str(count), str(now[figure]))


def _written(place: Place | None) -> str:
    if place is None:
        return "—"
    return str(place.rank) if place.is_certain else f"{place.rank} ({place.best}–{place.worst})"

"""What a case adds to the counters of its days: whether its limit was kept is told by the clock's own end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cases.events import EventKind
from cases.states import fold_all
from cases.tally import MEASURES, tally_of
from config.powers import Power
from tests.golden.test_other_clocks import CONTEXT, clocks, item
from tests.unit.cases.record import event

K = EventKind


@pytest.mark.parametrize(("ends", "told"), [("decided", "closed_early"), ("concluded", "closed_late")])
def test_a_case_decided_in_time_is_not_late_because_its_papers_were_served_later(ends: str, told: str) -> None:
    """Promised seven working days from 15 October 2018; decided on the 18th, served and closed on the 30th."""
    power = replace(item(), power=Power(ends=ends))  # type: ignore[arg-type]
    story = [event(K.ACCEPTED, "10-15 10:00"), event(K.DECIDED, "10-18 10:00", result="granted"),
             event(K.CONCLUDED, "10-30 10:00", result="granted")]
    states = list(clocks(power, "10-30 11:00", *story).values())
    tally = tally_of(fold_all(story), "Land", states, lambda _fold: CONTEXT.calendar)
    assert tally.outcome is not None
    assert MEASURES[tally.outcome] == told

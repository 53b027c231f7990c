"""A case of some facts looked at at an instant: its clocks and acts judged, what is counted of it, and what that changes.

The record asks this of every case a batch touches, the sweep of those whose hour has come, a draft of those of a delivery that
waits to be recorded (cases.drafting): the same facts at the same instant give the same changes, whoever asks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from cases.act_judging import ActJudge
from cases.acts import LATE_AFTER_US, Fault, kept_text
from cases.areas import Areas
from cases.arrivals import Arrival, Folded
from cases.asides import follows_steps
from cases.changes import NO_ORG, Changes, StoredCase
from cases.events import ClockKind, LateEvent
from cases.fold import Fold
from cases.judging import judge
from cases.loading import due_cases, load_clocks
from cases.marking import Marker, unmarked
from cases.projection import ClockState, light_of, moves_nothing, sleeps
from cases.tally import Tally, tally_of
from cases.watches import Catalogue
from core.instants import DAY_US
from core.working_calendar import WorkingCalendar

log = logging.getLogger(__name__)


class CaseJudge:
    """Judges cases by some areas and a catalogue. Writes nothing."""

    def __init__(self, areas: Areas, catalogue: Catalogue, marker: Marker = unmarked, *, raises: bool = False) -> None:
        """`raises`: what of a case cannot be judged or counted is raised, not said in the log and passed over."""
        self._areas, self._catalogue, self._marker, self._raises = areas, catalogue, marker, raises
        self._act_judge = ActJudge(areas, catalogue)

    def look(self, now_us: int, changes: Changes, case_id: int, fold: Fold, before: StoredCase | None,
             late: Sequence[LateEvent] = ()) -> list[ClockState]:
        """Judge a case of these facts at an instant and note what that changes. `late` are the events that just came late.
        Returns its clocks."""
        states = self.judged(now_us, case_id, fold)
        acts = self._acts(changes, case_id, fold, before, late)
        tally = self.tally(fold, states)
        changes.case(case_id, fold, light_of(fold, states), tally, before, acts, self.marks(fold, tally, states))
        changes.clocks_of(fold, case_id, states, before.clocks if before else {}, now_us)
        return states

    def touch(self, changes: Changes, case_id: int, fold: Fold, before: StoredCase, late: Sequence[LateEvent] = ()) -> None:
        """The same for a case that stands still (`standing_still`)."""
        changes.touch(case_id, fold, self._acts(changes, case_id, fold, before, late))

    def standing_still(self, conn: Connection, folded: Mapping[int, Folded], now_us: int) -> set[int]:
        """The cases whose clocks, light and counters stay as they are, so that they need no new look; most events are such
        steps on the way. The clocks of the others are loaded."""
        known = {case_id: before for case_id, (_, before) in folded.items() if before is not None}
        unmoved = [case_id for case_id, before in known.items() if moves_nothing(before.fold, folded[case_id][0], self._asks)]
        unread = [case_id for case_id in unmoved if known[case_id].wakes_at is None]
        still = {case_id for case_id in unmoved if (known[case_id].wakes_at or 0) > now_us}
        still |= set(unread) - (due_cases(conn, unread, now_us) if unread else set())
        load_clocks(conn, [case_id for case_id in known if case_id not in still], known)
        return still

    def judged(self, now_us: int, case_id: int, fold: Fold) -> list[ClockState]:
        """The clocks of a case of these facts at an instant."""
        return judge(fold, case_id, self._areas, self._catalogue, now_us, quiet=True)

    # What is counted ----------------------------------------------------------------------------------------------

    def tally(self, fold: Fold, states: Sequence[ClockState]) -> Tally:
        """What a case of these facts and clocks adds to the day counters."""
        return tally_of(fold, fold.org or NO_ORG, states, self._calendar_of)

    def _calendar_of(self, fold: Fold) -> WorkingCalendar:
        return self._areas.of_case(fold).calendar

    @property
    def is_marking(self) -> bool:
        """Whether anything is kept of cases for sums above the record."""
        return self._marker is not unmarked

    def marks(self, fold: Fold, tally: Tally, states: Sequence[ClockState]) -> str:
        """What is kept of a case for the sums above the record. One whose text cannot be made is left out of them, aloud."""
        try:
            return self._marker(fold, tally, states)
        except Exception:  # the record itself must not depend on what is counted of it
            if self._raises:
                raise
            log.exception("case %s cannot be counted", fold.case_no)
            return ""

    # Acts ---------------------------------------------------------------------------------------------------------

    def faults(self, fold: Fold) -> list[Fault]:
        """The faults these facts show. A case that raises has none told: its clocks say that it cannot be judged."""
        return self._act_judge.faults(fold)

    def late(self, arrivals: Sequence[Arrival], fold: Fold, received_at: int) -> list[LateEvent]:
        """Those of these events that came late."""
        if not any_late(arrivals, received_at):
            return []
        return self._act_judge.late([arrival.event for arrival in arrivals], fold, received_at)

    def _acts(self, changes: Changes, case_id: int, fold: Fold, before: StoredCase | None,
              late: Sequence[LateEvent]) -> str:
        """What is kept of the faults of a case; what changed in them is told."""
        known = before.acts if before is not None else ""
        try:
            faults = self._act_judge.standing(known, fold, late)
        except Exception:  # one case must not stop the batch of all the others
            if self._raises:
                raise
            log.exception("the acts of case %s cannot be judged", case_id)
            return known
        text = kept_text(faults)
        if text != known:
            changes.acts_of(case_id, fold, self._act_judge.item(fold), known, faults)
        return text

    def _asks(self, before: Fold, after: Fold) -> bool:
        """Whether a clock beside the case's own limits needs a look at what is new."""
        if before.received != after.received and after.received is not None:
            context = self._areas.of_case(after)
            rule = context.rule(ClockKind.ACCEPTANCE, after.received.local // DAY_US)
            limit = rule.default_limit if rule is not None else None
            if rule is not None and limit is not None and not sleeps(0, context.scale(rule, limit).quiet_us):
                return True
        return follows_steps(before, after, self._act_judge.item(after))


def any_late(arrivals: Sequence[Arrival], received_at: int) -> bool:
    """Whether any of these events may have come late at that instant."""
    return received_at - min(arrival.event.claimed_at for arrival in arrivals) > LATE_AFTER_US

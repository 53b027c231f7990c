"""Whose an act of a case was, as the journal tells: who concluded it, who sent a notice, who had it in hand at an instant.

Of an event that was corrected the highest version counts. Who "had it in hand" is who did the next act of its handling, as a
source tells a step when it is done; where none followed yet, who had done the last one. Applicants and the system hold nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from cases.events import EventKind as K
from cases.models import journal
from core.access import SYSTEM
from core.database import look_up
from core.instants import DAY_US

MINUTE_US = 60_000_000
_COLUMNS = ("case_id", "source", "source_event_id", "source_version", "kind", "claimed_at", "utc_offset", "src_order", "actor")
HANDLING = frozenset({
    K.PRE_ACCEPTED, K.RECEIVED, K.ACCEPTED, K.NOT_ACCEPTED, K.CORRECTION_NOTIFIED, K.STEP, K.SPECIAL_STARTED, K.SPECIAL_ENDED,
    K.EXTENDED, K.DECIDED, K.CONCLUDED, K.RETURNED, K.VOIDED, K.EXTENSION_REQUESTED, K.FORWARDED, K.FEE_CHARGED, K.FEE_REVERSED,
    K.HEARING_HELD, K.DELIVERED, K.LICENCE_ISSUED, K.ROLLED_BACK, K.REOPENED, K.COUNTERSIGNED, K.ANSWERED, K.COMPLAINT_ACCEPTED,
    K.COMPLAINT_EXTENDED, K.COMPLAINT_ANSWERED})


class Act(NamedTuple):
    """One event, in the order of its case. `actor` is "" where the source names nobody."""

    at: int
    order: int
    actor: str
    kind: str
    day: int


class Acts:
    """The acts of some cases."""

    def __init__(self, by_case: Mapping[int, Sequence[Act]]) -> None:
        self._by_case = by_case

    def last(self, case_id: int, kind: K) -> str:
        """Who did the last one of a kind; "" for nobody."""
        return next((one.actor for one in reversed(self._of(case_id)) if one.kind == kind), "")

    def on_days(self, case_id: int, kind: K, days: Iterable[int]) -> list[str]:
        """Who did those of these days, one for each; "" where the journal has none of that day."""
        left = [one for one in self._of(case_id) if one.kind == kind]
        found = []
        for day in days:
            act = next((one for one in left if one.day == day), None)
            if act is not None:
                left.remove(act)
            found.append(act.actor if act is not None else "")
        return found

    def in_hand(self, case_id: int, at: int) -> str:
        """Who had the case at an instant; "" for nobody named."""
        named = [one for one in self._of(case_id) if one.kind in HANDLING and one.actor not in ("", SYSTEM.name)]
        following = next((one for one in named if one.at >= at), None)
        return following.actor if following is not None else named[-1].actor if named else ""

    def _of(self, case_id: int) -> Sequence[Act]:
        return self._by_case.get(case_id, ())


def read_acts(conn: Connection, case_ids: Collection[int]) -> Acts:
    """The acts of these cases."""
    newest: dict[tuple[int, str, str], tuple[int, Act]] = {}
    for case_id, source, event_id, version, kind, at, offset, order, actor in look_up(
            conn, _COLUMNS, journal, "case_id", sorted(case_ids)):
        key = case_id, source, event_id
        if key not in newest or newest[key][0] < version:
            newest[key] = version, Act(at, order, actor or "", kind, (at + offset * MINUTE_US) // DAY_US)
    by_case: dict[int, list[Act]] = defaultdict(list)
    for (case_id, _source, _event_id), (_version, act) in newest.items():
        by_case[case_id].append(act)
    return Acts({case_id: sorted(acts) for case_id, acts in by_case.items()})

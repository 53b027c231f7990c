"""The state chart of a case, hosted or fed, and the fold that turns its events into facts.

An event that does not fit the chart is kept and judged (a procedural violation), never dropped: its facts count, the
violation is noted. The fold takes events in the order of their claimed times, so any order of delivery ends in the same
record. It is plain data (msgspec) and is stored with the case, so that the next event costs one step, not a replay.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

import msgspec

from cases.events import CLOSING_KINDS, CaseEvent, EventKind
from cases.facts import FACTS, violate
from cases.fold import Fold, Moment, State

S, K = State, EventKind
BEFORE_ACCEPTANCE = frozenset({S.NONE, S.SUBMITTED, S.PRE_ACCEPTED, S.RECEIVED, S.CORRECTING})
UNDER_WAY = frozenset({S.ACCEPTED, S.SUSPENDED, S.DECIDED})
CLOSED = frozenset({S.CONCLUDED, S.COLLECTED, S.NOT_ACCEPTED, S.WITHDRAWN, S.RETURNED, S.VOIDED, S.ANSWERED})
MATTERS = frozenset({S.LODGED, S.HANDLING})
OPEN = BEFORE_ACCEPTANCE | UNDER_WAY | MATTERS

# (event, states it may come from, state it leads to; None = the state stays). domain.md §3.2. A first event may be any
# opening one: a feed may start to report in the middle of a case's life.
TRANSITIONS: dict[EventKind, tuple[frozenset[State], State | None]] = {
    K.SUBMITTED: (frozenset({S.NONE}), S.SUBMITTED),
    K.PRE_ACCEPTED: (frozenset({S.NONE, S.SUBMITTED}), S.PRE_ACCEPTED),
    K.RECEIVED: (frozenset({S.NONE, S.SUBMITTED, S.PRE_ACCEPTED}), S.RECEIVED),
    K.ACCEPTED: (BEFORE_ACCEPTANCE, S.ACCEPTED),
    K.NOT_ACCEPTED: (BEFORE_ACCEPTANCE | MATTERS, S.NOT_ACCEPTED),
    K.CORRECTION_NOTIFIED: (BEFORE_ACCEPTANCE | {S.ACCEPTED, S.SUSPENDED}, S.CORRECTING),
    K.CORRECTION_RECEIVED: (frozenset({S.CORRECTING, S.SUSPENDED}), S.RECEIVED),
    K.STEP: (frozenset({S.ACCEPTED, S.SUSPENDED, S.DECIDED}), None),
    K.SPECIAL_STARTED: (frozenset({S.ACCEPTED, S.SUSPENDED}), S.SUSPENDED),
    K.SPECIAL_ENDED: (frozenset({S.SUSPENDED}), S.ACCEPTED),
    K.EXTENDED: (frozenset({S.ACCEPTED, S.SUSPENDED}), None),
    K.DECIDED: (frozenset({S.ACCEPTED}), S.DECIDED),
    K.CONCLUDED: (frozenset({S.ACCEPTED, S.DECIDED}), S.CONCLUDED),
    K.COLLECTED: (frozenset({S.CONCLUDED}), S.COLLECTED),
    K.WITHDRAWN: (OPEN - {S.NONE}, S.WITHDRAWN),
    K.RETURNED: (OPEN - {S.NONE}, S.RETURNED),
    K.VOIDED: (OPEN - {S.NONE}, S.VOIDED),
    K.EXTENSION_REQUESTED: (frozenset({S.ACCEPTED, S.SUSPENDED}), None),
    K.FORWARDED: (UNDER_WAY, None),
    K.FEE_CHARGED: (frozenset(S) - {S.NONE}, None),  # a fee after the end is a fault of its own, not one of order
    K.FEE_REVERSED: (frozenset(S) - {S.NONE}, None),
    K.HEARING_REQUESTED: (frozenset({S.ACCEPTED, S.SUSPENDED}), None),
    K.HEARING_HELD: (frozenset({S.ACCEPTED, S.SUSPENDED}), None),
    K.REASSIGNED: (OPEN - {S.NONE}, None),
    K.DELIVERED: (frozenset({S.DECIDED, S.CONCLUDED, S.COLLECTED, S.NOT_ACCEPTED, S.RETURNED, S.ANSWERED}), None),
    K.LICENCE_ISSUED: (frozenset({S.DECIDED, S.CONCLUDED, S.COLLECTED}), None),
    K.LICENCE_ENDED: (frozenset({S.CONCLUDED, S.COLLECTED}), None),
    K.PUBLISHED: (frozenset({S.DECIDED, S.CONCLUDED, S.COLLECTED}), None),
    K.TICKET_CALLED: (frozenset(S), None),
    K.RATED: (frozenset(S) - {S.NONE}, None),
    K.ROLLED_BACK: (UNDER_WAY, S.ACCEPTED),
    K.REOPENED: (frozenset({S.CONCLUDED}), S.ACCEPTED),
    K.SUPPLEMENTED: (UNDER_WAY, None),
    K.COUNTERSIGNED: (UNDER_WAY, None),
    K.HELD: (frozenset({S.ACCEPTED, S.SUSPENDED}), S.SUSPENDED),
    K.RELEASED: (frozenset({S.SUSPENDED}), S.ACCEPTED),
    K.MIGRATED: ((BEFORE_ACCEPTANCE - {S.NONE}) | UNDER_WAY, None),
    K.CONSULTED: (frozenset({S.NONE}), S.LODGED),
    K.ANSWERED: (frozenset({S.LODGED}), S.ANSWERED),
    K.COMPLAINED: (frozenset({S.NONE}), S.LODGED),
    K.COMPLAINT_ACCEPTED: (frozenset({S.LODGED}), S.HANDLING),
    K.COMPLAINT_EXTENDED: (MATTERS, None),
    K.COMPLAINT_ANSWERED: (MATTERS, S.ANSWERED),
}
_OF_MATTERS = frozenset({K.CONSULTED, K.ANSWERED, K.COMPLAINED, K.COMPLAINT_ACCEPTED, K.COMPLAINT_ANSWERED})


def fold_all(events: Iterable[CaseEvent]) -> Fold:
    """The record of a case from all its events, in any order; only the highest version of an event counts."""
    fold, found = Fold(), list(events)
    for event in in_order(latest_versions(found)) if len(found) > 1 else found:
        apply(fold, event)
    return fold


def in_order(events: list[CaseEvent]) -> list[CaseEvent]:
    """The events of a case in the order in which they are judged."""
    return sorted(events, key=_sort_key) if len(events) > 1 else events


_sort_key = attrgetter("sort_key")


def must_refold(fold: Fold, fresh: Iterable[CaseEvent]) -> bool:
    """Whether these events cannot simply be added: one is older than the last one folded, or replaces an earlier one."""
    last_at = fold.last_key[0]
    return fold.corrected or any(event.source_version > 1 or event.claimed_at < last_at or (
        event.claimed_at == last_at and event.sort_key <= fold.last_key) for event in fresh)


def folded_on(fold: Fold, fresh: list[CaseEvent]) -> Fold:
    """The record with newer events added; the one handed in stays as it is."""
    after = msgspec.structs.replace(fold)
    for event in in_order(fresh):
        apply(after, event)
    return after


def latest_versions(events: Iterable[CaseEvent]) -> list[CaseEvent]:
    """The events without those a higher version of the same source event replaces."""
    latest: dict[tuple[str, str], CaseEvent] = {}
    for event in events:
        key = (event.source, event.source_event_id)
        known = latest.get(key)
        if known is None or event.source_version > known.source_version:
            latest[key] = event
    return list(latest.values())


def apply(fold: Fold, event: CaseEvent) -> None:
    """Add one event, whose sort key must be above `fold.last_key`."""
    _note_head(fold, event)
    FACTS[event.kind](fold, event, Moment(event.claimed_at, event.utc_offset))
    _move(fold, event)
    fold.events += 1
    fold.last_key = event.sort_key
    fold.corrected = fold.corrected or event.source_version > 1


def _note_head(fold: Fold, event: CaseEvent) -> None:
    fold.area, fold.case_no, fold.source = event.area, event.case_no, event.source
    fold.org = event.org or fold.org
    fold.item = event.item or fold.item
    data = event.data
    if data.title or data.applicant:
        fold.title, fold.applicant = data.title or fold.title, data.applicant or fold.applicant
    if event.kind in _LIMITED_BY:
        _note_filing(fold, event)


def _note_filing(fold: Fold, event: CaseEvent) -> None:
    data = event.data
    fold.channel = fold.channel or data.channel or ""
    fold.applicant_kind = data.applicant_kind or fold.applicant_kind
    fold.item_version = event.item_version or fold.item_version
    if data.pinned is not None:
        fold.pinned = data.pinned
    fold.promised_due = data.promised_due or fold.promised_due
    fold.statutory_due = data.statutory_due or fold.statutory_due
    fold.own_due = data.own_due or fold.own_due
    fold.promised_limit = data.promised_limit or fold.promised_limit
    fold.statutory_limit = data.statutory_limit or fold.statutory_limit


_LIMITED_BY = frozenset({K.SUBMITTED, K.PRE_ACCEPTED, K.RECEIVED, K.ACCEPTED, K.EXTENDED, K.MIGRATED, K.CONSULTED,
                         K.COMPLAINED})


def _move(fold: Fold, event: CaseEvent) -> None:
    allowed, target = TRANSITIONS[event.kind]
    if fold.state not in allowed:
        violate(fold, _violation_of(fold.state, event.kind), event.claimed_at)
        if fold.state in CLOSED:
            return
    if target is not None:
        fold.state = _target_in_context(fold, event.kind, target)


def _target_in_context(fold: Fold, kind: EventKind, target: State) -> State:
    """Corrections before acceptance and after it lead to different states; a step back never follows from a fact. What
    belongs to a consultation or complaint does not move an application."""
    if kind in _OF_MATTERS:
        moves = fold.state in MATTERS if target is not S.LODGED else fold.state is S.NONE
        return target if moves else fold.state
    if fold.accepted is None:
        return fold.state if kind in _SPECIALS else target
    if kind in _WITHDRAWING or kind in _OF_STOPS:
        stopped = any(stop.end is None for stop in fold.stops)
        return S.SUSPENDED if stopped else (S.DECIDED if fold.decided else S.ACCEPTED)
    is_step_back = target in _BEHIND
    return fold.state if is_step_back and fold.state in UNDER_WAY else target


# Sets, because to ask an enum for a member costs more than all of the above, and this is asked of every event.
_SPECIALS = frozenset({K.SPECIAL_STARTED, K.SPECIAL_ENDED, K.HELD, K.RELEASED, K.ROLLED_BACK, K.REOPENED})
_OF_STOPS = frozenset({K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED, K.SPECIAL_ENDED, K.RELEASED})
_WITHDRAWING = frozenset({K.ROLLED_BACK, K.REOPENED})
_BEHIND = BEFORE_ACCEPTANCE | {S.ACCEPTED}


def _violation_of(state: State, kind: EventKind) -> str:
    if state in CLOSED:
        return "event_after_end" if kind not in CLOSING_KINDS else "closed_twice"
    if kind is K.CONCLUDED and state is S.SUSPENDED:
        return "concluded_while_suspended"
    if state in BEFORE_ACCEPTANCE and kind in _AFTER_ACCEPTANCE:
        return "before_acceptance"
    return "out_of_order"


_AFTER_ACCEPTANCE = frozenset({K.STEP, K.DECIDED, K.CONCLUDED, K.SPECIAL_STARTED, K.EXTENDED, K.EXTENSION_REQUESTED, K.HELD,
                               K.ROLLED_BACK, K.SUPPLEMENTED, K.COUNTERSIGNED, K.FORWARDED,
                               K.HEARING_REQUESTED, K.HEARING_HELD, K.LICENCE_ISSUED, K.LICENCE_ENDED,
                               K.PUBLISHED})

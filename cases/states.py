"""The state chart of a case, hosted or fed, and the fold that turns its events into facts.

An event that does not fit the chart is kept and judged (a procedural violation), never dropped: its facts count, the
violation is noted. The fold takes events in the order of their claimed times, so any order of delivery ends in the same
record. It is plain data (msgspec) and is stored with the case, so that the next event costs one step, not a replay.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter

import msgspec

from cases.act_facts import ACT_FACTS, Extension, Fee, StepDone, note_outcome, note_papers, note_step
from cases.events import CLOSING_KINDS, CaseEvent, Due, EventKind
from core.instants import MINUTE_US

MAX_VIOLATIONS = 50


class State(StrEnum):
    """Where a case stands (domain.md §3.1)."""

    NONE = "none"
    SUBMITTED = "submitted"
    PRE_ACCEPTED = "pre_accepted"
    RECEIVED = "received"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    SUSPENDED = "suspended"
    DECIDED = "decided"
    CONCLUDED = "concluded"
    COLLECTED = "collected"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    VOIDED = "voided"
    LODGED = "lodged"      # a consultation or complaint, waiting
    HANDLING = "handling"  # a complaint that was accepted
    ANSWERED = "answered"


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
    K.HEARING_HELD: (frozenset({S.ACCEPTED, S.SUSPENDED}), None),
    K.REASSIGNED: (OPEN - {S.NONE}, None),
    K.DELIVERED: (frozenset({S.DECIDED, S.CONCLUDED, S.COLLECTED, S.NOT_ACCEPTED, S.RETURNED, S.ANSWERED}), None),
    K.LICENCE_ISSUED: (frozenset({S.DECIDED, S.CONCLUDED, S.COLLECTED}), None),
    K.PUBLISHED: (frozenset({S.DECIDED, S.CONCLUDED, S.COLLECTED}), None),
    K.TICKET_CALLED: (frozenset(S), None),
    K.RATED: (frozenset(S) - {S.NONE}, None),
    K.CONSULTED: (frozenset({S.NONE}), S.LODGED),
    K.ANSWERED: (frozenset({S.LODGED}), S.ANSWERED),
    K.COMPLAINED: (frozenset({S.NONE}), S.LODGED),
    K.COMPLAINT_ACCEPTED: (frozenset({S.LODGED}), S.HANDLING),
    K.COMPLAINT_EXTENDED: (MATTERS, None),
    K.COMPLAINT_ANSWERED: (MATTERS, S.ANSWERED),
}
_OF_MATTERS = frozenset({K.CONSULTED, K.ANSWERED, K.COMPLAINED, K.COMPLAINT_ACCEPTED, K.COMPLAINT_ANSWERED})


class Moment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An instant with the offset its source wrote it in."""

    at: int
    utc_offset: int = 480

    @property
    def local(self) -> int:
        """Microseconds on the wall clock of the source."""
        return self.at + self.utc_offset * MINUTE_US


class Stop(msgspec.Struct, array_like=True, gc=False):
    """One suspension of the case's clock: a special procedure or a correction after acceptance."""

    kind: str
    start: Moment
    end: Moment | None = None
    number: str = ""
    approved_days: int | None = None


class StepDue(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step that carries a due date of its own, and when it was done."""

    step: str
    done: Moment
    due: Due


class Fold(msgspec.Struct, array_like=True, gc=False):
    """Everything the events of one case say, in the order of their claimed times."""

    state: State = State.NONE
    area: str = ""
    case_no: str = ""
    source: str = ""
    org: str = ""
    item: str = ""
    item_version: str = ""
    title: str = ""
    applicant: str = ""
    submitted: Moment | None = None
    received: Moment | None = None
    answered: Moment | None = None   # the online filing was answered
    accepted: Moment | None = None
    decided: Moment | None = None
    closed: Moment | None = None
    collected: Moment | None = None
    closed_by: str = ""
    extension_days: int = 0
    promised_due: Due | None = None
    statutory_due: Due | None = None
    own_due: Due | None = None
    promised_limit: str = ""
    statutory_limit: str = ""
    stops: list[Stop] = []
    steps: list[StepDue] = []
    violations: list[tuple[str, int]] = []
    events: int = 0
    last_key: tuple[int, int, str] = (-(1 << 62), 0, "")
    corrected: bool = False  # a higher version was met, so a lower one that comes later must not be applied
    # What acts are judged by (cases.act_facts).
    path: list[StepDone] = []
    refused: Moment | None = None
    is_reasoned: bool = False
    materials: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    fees: list[Fee] = []
    extensions: list[Extension] = []
    extension_asked: int | None = None
    hearing: Moment | None = None
    forwarded: Moment | None = None
    delivered: Moment | None = None
    licensed: Moment | None = None
    certificate_no: str = ""
    published: Moment | None = None
    lodged: Moment | None = None  # a consultation or complaint
    matter: str = ""
    taken: Moment | None = None

    @property
    def is_open(self) -> bool:
        return self.closed is None


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
    _FACTS[event.kind](fold, event, Moment(event.claimed_at, event.utc_offset))
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
        _note_limits(fold, event)


def _note_limits(fold: Fold, event: CaseEvent) -> None:
    data = event.data
    fold.item_version = event.item_version or fold.item_version
    fold.promised_due = data.promised_due or fold.promised_due
    fold.statutory_due = data.statutory_due or fold.statutory_due
    fold.own_due = data.own_due or fold.own_due
    fold.promised_limit = data.promised_limit or fold.promised_limit
    fold.statutory_limit = data.statutory_limit or fold.statutory_limit


_LIMITED_BY = frozenset({K.SUBMITTED, K.PRE_ACCEPTED, K.RECEIVED, K.ACCEPTED, K.EXTENDED, K.CONSULTED, K.COMPLAINED})


def _move(fold: Fold, event: CaseEvent) -> None:
    allowed, target = TRANSITIONS[event.kind]
    if fold.state not in allowed:
        _violate(fold, _violation_of(fold.state, event.kind), event.claimed_at)
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
    if kind in _OF_STOPS:
        stopped = any(stop.end is None for stop in fold.stops)
        return S.SUSPENDED if stopped else (S.DECIDED if fold.decided else S.ACCEPTED)
    is_step_back = target in _BEHIND
    return fold.state if is_step_back and fold.state in UNDER_WAY else target


# Sets, because to ask an enum for a member costs more than all of the above, and this is asked of every event.
_SPECIALS = frozenset({K.SPECIAL_STARTED, K.SPECIAL_ENDED})
_OF_STOPS = frozenset({K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED, K.SPECIAL_ENDED})
_BEHIND = BEFORE_ACCEPTANCE | {S.ACCEPTED}


def _violation_of(state: State, kind: EventKind) -> str:
    if state in CLOSED:
        return "event_after_end" if kind not in CLOSING_KINDS else "closed_twice"
    if kind is K.CONCLUDED and state is S.SUSPENDED:
        return "concluded_while_suspended"
    if state in BEFORE_ACCEPTANCE and kind in _AFTER_ACCEPTANCE:
        return "before_acceptance"
    return "out_of_order"


_AFTER_ACCEPTANCE = frozenset({K.STEP, K.DECIDED, K.CONCLUDED, K.SPECIAL_STARTED, K.EXTENDED, K.EXTENSION_REQUESTED,
                               K.FORWARDED, K.HEARING_HELD, K.LICENCE_ISSUED, K.PUBLISHED})


def _violate(fold: Fold, code: str, at: int) -> None:
    if len(fold.violations) < MAX_VIOLATIONS:
        fold.violations = [*fold.violations, (code, at)]


# Facts: what each kind adds beside the state ----------------------------------------------------------------------

def _submitted(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    fold.submitted = fold.submitted or moment
    if event.data.materials is not None:
        note_papers(fold, event)


def _received(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    fold.received = fold.received or moment
    _answered(fold, event, moment)
    if event.data.materials is not None:
        note_papers(fold, event)


def _answered(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.answered = fold.answered or moment


def _accepted(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    _answered(fold, event, moment)
    fold.accepted = fold.accepted or moment
    data = event.data
    if data.materials is not None or data.deferred is not None:
        note_papers(fold, event)


def _decided(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    fold.decided = fold.decided or moment
    note_outcome(fold, event, moment)


def _closed(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    _answered(fold, event, moment)
    note_outcome(fold, event, moment)
    if fold.closed is None:
        fold.closed, fold.closed_by = moment, event.kind.value


def _collected(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    """Whoever collects the result has it: a conclusion nobody reported is as old as that."""
    fold.collected = fold.collected or moment
    if fold.closed is None:
        fold.closed, fold.closed_by = moment, EventKind.CONCLUDED.value


def _step(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    note_step(fold, event, moment)
    if event.data.step_due is not None:
        fold.steps = [*fold.steps, StepDue(event.step or "", moment, event.data.step_due)]


def _special_started(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    data = event.data
    fold.stops = [*fold.stops, Stop(data.special_kind or "special", moment, None, data.document_no or "",
                                    data.approved_days)]


def _special_ended(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    _end_stops(fold, moment, event.data.document_no or "", correction=False)


def _correction_notified(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    if any(stop.kind == "correction" for stop in fold.stops):
        _violate(fold, "second_correction", event.claimed_at)
    _answered(fold, event, moment)
    fold.stops = [*fold.stops, Stop("correction", moment)]
    note_papers(fold, event)


def _correction_received(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    _end_stops(fold, moment, "", correction=True)
    note_papers(fold, event)


def _end_stops(fold: Fold, moment: Moment, number: str, *, correction: bool) -> None:
    """End the open stops of that family: the numbered one when the notice number is known, else all of them."""
    open_ones = [stop for stop in fold.stops if stop.end is None and (stop.kind == "correction") is correction]
    numbered = [stop for stop in open_ones if number and stop.number == number]
    ended = {id(stop) for stop in numbered or open_ones}
    fold.stops = [msgspec.structs.replace(stop, end=moment) if id(stop) in ended else stop for stop in fold.stops]


_FACTS = {
    K.SUBMITTED: _submitted, K.PRE_ACCEPTED: _answered, K.RECEIVED: _received, K.ACCEPTED: _accepted,
    K.NOT_ACCEPTED: _closed, K.CORRECTION_NOTIFIED: _correction_notified, K.CORRECTION_RECEIVED: _correction_received,
    K.STEP: _step, K.SPECIAL_STARTED: _special_started, K.SPECIAL_ENDED: _special_ended,
    K.DECIDED: _decided, K.CONCLUDED: _closed, K.COLLECTED: _collected, K.WITHDRAWN: _closed, K.RETURNED: _closed,
    K.VOIDED: _closed, **ACT_FACTS,
}

"""What each kind of event adds to the record of its case, beside the state it leads to (cases.states)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import msgspec

from cases.act_facts import ACT_FACTS, StepDone, note_outcome, note_papers, note_step
from cases.events import CaseEvent, Due, EventKind
from cases.fold import (
    CORRECTION,
    NO_SPECIALS,
    PREREQUISITE,
    REOPENING,
    Fold,
    Moment,
    Promise,
    State,
    StepDue,
    Stop,
    Visit,
)
from cases.pairing import ended_by, kind_of

MAX_VIOLATIONS, MAX_VISITS, MAX_PROMISES = 50, 60, 10
K = EventKind


def violate(fold: Fold, code: str, at: int) -> None:
    if len(fold.violations) < MAX_VIOLATIONS:
        fold.violations = [*fold.violations, (code, at)]


def _submitted(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    fold.submitted = fold.submitted or moment
    if event.data.materials is not None:
        note_papers(fold, event)


def _received(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    fold.received = fold.received or moment
    _answered(fold, event, moment)
    if event.data.materials is not None:
        note_papers(fold, event)
    if event.data.deferred:
        _note_promise(fold, event.data.deferred, event.data.deferred_due, moment)


def _answered(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.answered = fold.answered or moment


def _accepted(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    _answered(fold, event, moment)
    fold.accepted = fold.accepted or moment
    data = event.data
    if data.materials is not None or data.deferred is not None:
        note_papers(fold, event)
    if data.deferred:
        _note_promise(fold, data.deferred, data.deferred_due, moment)


def _note_promise(fold: Fold, codes: tuple[str, ...], due: Due | None, moment: Moment) -> None:
    """What is here already need not follow; what was promised before is not promised anew."""
    awaited = tuple(sorted({*codes} - {*fold.materials} - {code for one in fold.promises for code in one.codes}))
    if awaited and len(fold.promises) < MAX_PROMISES:
        fold.promises = [*fold.promises, Promise(awaited, moment, due)]


def _keep_promises(fold: Fold, moment: Moment) -> None:
    here = set(fold.materials)
    fold.promises = [msgspec.structs.replace(one, kept=moment) if one.kept is None and here.issuperset(one.codes) else one
                     for one in fold.promises]


def _decided(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    if fold.decided is None:
        fold.decided, fold.decided_after = moment, len(fold.path)
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
    fold.stops = [*fold.stops, Stop(kind_of(data), moment, None, data.document_no or "", data.approved_days)]


def _special_ended(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    specials = [stop for stop in fold.stops if stop.end is None and stop.kind not in NO_SPECIALS]
    _end(fold, ended_by(event.data, specials, lambda stop: (stop.number, stop.kind)), moment)


def _correction_notified(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    if any(stop.kind == CORRECTION for stop in fold.stops):
        violate(fold, "second_correction", event.claimed_at)
    _answered(fold, event, moment)
    fold.stops = [*fold.stops, Stop(CORRECTION, moment)]
    note_papers(fold, event)


def _correction_received(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    _end_all(fold, CORRECTION, moment)
    note_papers(fold, event)
    if fold.promises:
        _keep_promises(fold, moment)


def _end_all(fold: Fold, kind: str, moment: Moment) -> None:
    """End the open stops of that kind."""
    _end(fold, [stop for stop in fold.stops if stop.end is None and stop.kind == kind], moment)


def _end(fold: Fold, stops: Sequence[Stop], moment: Moment) -> None:
    ended = {id(stop) for stop in stops}
    fold.stops = [msgspec.structs.replace(stop, end=moment) if id(stop) in ended else stop for stop in fold.stops]


def _supplemented(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """Papers that were to follow (容缺) came in; rightly missing at the acceptance, they stay noted as deferred. A source that
    does not say which means all of them."""
    note_papers(fold, event)
    if not event.data.materials:
        fold.materials = tuple(sorted({*fold.materials, *(code for one in fold.promises for code in one.codes)}))
    _keep_promises(fold, moment)


def _held(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    """Nothing can be done before another case is through, so nothing counts (并联审批: prerequisites hold what must wait)."""
    fold.stops = [*fold.stops, Stop(PREREQUISITE, moment)]


def _released(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    _end_all(fold, PREREQUISITE, moment)


# Steps back: what followed from the steps withdrawn is withdrawn with them, in one act; the events stay in the journal and
# the time already used stays used.

def _rolled_back(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """Back to a step of before. A decision that rested on the steps withdrawn falls with them; one that only they were to serve
    or execute stands, and one that came to its end stands until it is reopened."""
    if fold.closed is None and fold.accepted is not None:
        if not _only_served(fold, event.step):
            fold.decided = fold.refused = None
        _withdraw_steps(fold, event, moment)


def _only_served(fold: Fold, step: str | None) -> bool:
    """Whether that step came after the decision: going back to it withdraws how it was served or executed, not what it says."""
    later = [done.step for done in fold.path[fold.decided_after:]] if fold.decided is not None and fold.decided_after else []
    return step in later


def _reopened(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """The conclusion is withdrawn. Nobody had the case in hand since, so that time does not count."""
    if fold.state is not State.CONCLUDED or fold.closed is None:
        return
    fold.stops = [*fold.stops, Stop(REOPENING, fold.closed, moment)]
    fold.closed, fold.closed_by, fold.decided, fold.refused = None, "", None, None
    _withdraw_steps(fold, event, fold.stops[-1].start)


def _withdraw_steps(fold: Fold, event: CaseEvent, until: Moment) -> None:
    """The steps from the one named on are open or still to come again; how long each was worked at is kept."""
    places = [place for place, done in enumerate(fold.path) if done.step == event.step]
    first = places[-1] if places else len(fold.path)
    *done, (opened, _) = spans_of_steps(fold.path, fold.visits, fold.accepted or until)
    withdrawn = [Visit(step.step, start, end or until)
                 for step, (start, end) in zip(fold.path[first:], done[first:], strict=True)]
    fold.visits = [*fold.visits, *withdrawn, Visit(event.data.from_step or "", opened, until)][-MAX_VISITS:]
    fold.path = fold.path[:first]


def spans_of_steps(path: Sequence[StepDone], visits: Sequence[Visit], opened: Moment) -> list[tuple[Moment, Moment | None]]:
    """When each of these steps was begun and done, and last when the step that follows them was begun: with the step before
    it (the first one with the acceptance, `opened`), or with a step back after that."""
    spans: list[tuple[Moment, Moment | None]] = []
    begun = opened
    for done in (*path, None):
        back = [visit.end for visit in visits if visit.end.at > begun.at and (done is None or visit.end.at <= done.at)]
        begun = max([begun, *back], key=lambda moment: moment.at)
        end = None if done is None else Moment(done.at, done.utc_offset)
        spans.append((begun, end))
        begun = end or begun
    return spans


def _migrated(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """The item's version changed under the case: its steps go by their names in the new flow. Of several that became one the
    last stands for all; what was done of the step that is open now is time used of it. A step done before the decision stays
    one it rests on."""
    names = event.data.renamed or {}
    spans = spans_of_steps(fold.path, fold.visits, fold.accepted or moment)
    done = [(msgspec.structs.replace(one, step=names.get(one.step, one.step)), span)
            for one, span in zip(fold.path, spans, strict=False)]
    used = [Visit(one.step, start, end or moment) for one, (start, end) in done if one.step == event.step]
    kept = [(place, one) for place, (one, _span) in enumerate(done) if one.step != event.step]
    groups = [list(group) for _step, group in groupby(kept, key=lambda placed: placed[1].step)]
    fold.decided_after = sum(group[0][0] < fold.decided_after for group in groups)
    fold.path = [group[-1][1] for group in groups]
    fold.visits = [*(Visit(names.get(one.step, one.step), one.start, one.end) for one in fold.visits), *used][-MAX_VISITS:]


FACTS: dict[EventKind, Callable[[Fold, CaseEvent, Moment], None]] = {
    K.SUBMITTED: _submitted, K.PRE_ACCEPTED: _answered, K.RECEIVED: _received, K.ACCEPTED: _accepted,
    K.NOT_ACCEPTED: _closed, K.CORRECTION_NOTIFIED: _correction_notified, K.CORRECTION_RECEIVED: _correction_received,
    K.STEP: _step, K.SPECIAL_STARTED: _special_started, K.SPECIAL_ENDED: _special_ended,
    K.ROLLED_BACK: _rolled_back, K.REOPENED: _reopened, K.SUPPLEMENTED: _supplemented, K.HELD: _held, K.RELEASED: _released,
    K.MIGRATED: _migrated,
    K.DECIDED: _decided, K.CONCLUDED: _closed, K.COLLECTED: _collected, K.WITHDRAWN: _closed, K.RETURNED: _closed,
    K.VOIDED: _closed, **ACT_FACTS,
}

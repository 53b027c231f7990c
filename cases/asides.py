"""What is watched beside a case's own limits: acceptance, correction notice, steps, forwarding, licence, delivery, papers to
follow, hearings, and the clocks of a consultation or complaint.

Each says when it began and ended and, where the item or the feed states one, its limit; the ladder of the place says the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from cases.act_facts import StepDone
from cases.events import ClockKind, Due, EventKind
from cases.facts import spans_of_steps
from cases.fold import CORRECTION, Fold, Moment, Stop
from config.catalogue import Item
from core.instants import DAY_US, MINUTE_US
from core.limits import Granularity, Limit, Unit

ELSEWHERE = "elsewhere"  # the case was at another step
FLOW_ORDINALS = 100  # clocks of the item's own steps are numbered from here; below stand steps with a due date of their own


class Aside(msgspec.Struct, frozen=True, gc=False):
    """A limit to watch; `limit` None: as the ladder says. `stated`: a feed said how long, the ladder says how exactly."""

    kind: ClockKind
    ordinal: int
    started: Moment
    ended: Moment | None
    limit: Limit | None = None
    name: str = ""
    stops: tuple[Stop, ...] = ()

    def lasts(self, now_us: int) -> int:
        """Microseconds from its beginning to its end, or to now."""
        return (now_us if self.ended is None else self.ended.at) - self.started.at


def asides(fold: Fold, item: object) -> list[Aside]:
    """Everything to watch beside the case's own limits, pre-acceptance and special procedures. Asked at every event."""
    found = [] if fold.received is None else _acceptance(fold, fold.received, acceptance_of(item))
    if fold.accepted is not None and isinstance(item, Item):
        details = item.details
        if details.step_limits:
            found.extend(_steps(fold, item, fold.accepted))
        if item.category == "forwarded":
            found.extend(_forwarding(fold, item))
        if details.licence and fold.refused is None:
            found.extend(_licence(fold, item))
        if details.hearing and fold.hearing_asked is None:
            found.extend(_hearing(fold, fold.accepted, item))
    if fold.promises:
        found.extend(_promises(fold, item))
    if fold.hearing_asked is not None:
        found.extend(_hearing(fold, fold.hearing_asked, item))
    return found


def acceptance_of(item: object) -> Limit | None:
    """What the power of the item allows for accepting a case; None: as the ladder says."""
    return item.power.acceptance_limit if isinstance(item, Item) and item.power.acceptance else None


def follows_steps(before: Fold, after: Fold, item: object) -> bool:
    """Whether a clock of the item begins or ends with the steps, the decision or the collection that are new in `after`."""
    is_decided_anew = before.decided != after.decided
    if is_decided_anew and after.hearing_asked is not None:  # a decision ends the clock of a hearing nobody held
        return True
    if not isinstance(item, Item):
        return False
    details, is_forwarded = item.details, item.category == "forwarded"
    if is_decided_anew and item.power.ends == "decided":
        return True
    if (details.licence or details.step_limits or details.hearing) and (before.path, before.decided, before.collected) != (
            after.path, after.decided, after.collected):
        return True
    return is_forwarded and any(done.step in item.steps[-3:-1] for done in after.path[len(before.path):])


def matters(fold: Fold) -> Iterator[Aside]:
    """The clocks of a consultation or complaint; its own limit is the feed's or the ladder's."""
    if fold.lodged is None:
        return
    kind = ClockKind(fold.matter)
    yield Aside(kind, 0, fold.lodged, fold.closed)
    if kind is ClockKind.COMPLAINT:
        yield Aside(ClockKind.COMPLAINT_INTAKE, 0, fold.lodged, fold.taken or fold.closed)


# Acceptance (行政许可法 Art. 32): within five working days accept, refuse, or say once all that is missing --------------

def _acceptance(fold: Fold, received: Moment, limit: Limit | None) -> list[Aside]:
    """One span from the papers in hand to the answer, and one more for each time corrected papers came in. A span that ended
    with a correction notice is that notice's clock."""
    answered, closed = fold.accepted, fold.closed
    if closed is not None and (answered is None or closed.at < answered.at):
        answered = closed
    if answered is not None and answered.at <= received.at:
        return []
    if not fold.stops:
        return [Aside(ClockKind.ACCEPTANCE, 0, received, answered, limit)]
    return list(_spans_of_acceptance(fold, received, answered, limit))


def _spans_of_acceptance(fold: Fold, received: Moment, answered: Moment | None, limit: Limit | None) -> Iterator[Aside]:
    notices = [stop for stop in fold.stops if stop.kind == CORRECTION and _before(stop.start, answered)
               and stop.start.at >= received.at]
    starts = [received, *[stop.end for stop in notices]]
    for ordinal, started in enumerate(starts):
        if started is not None and _before(started, answered):
            notice = notices[ordinal].start if ordinal < len(notices) else None
            kind = ClockKind.ACCEPTANCE if notice is None else ClockKind.CORRECTION
            yield Aside(kind, ordinal, started, notice or answered, limit if notice is None else None)


def _first(*moments: Moment | None) -> Moment | None:
    known = [moment for moment in moments if moment is not None]
    return min(known, key=lambda moment: moment.at) if known else None


def _before(moment: Moment, other: Moment | None) -> bool:
    return other is None or moment.at < other.at


# Steps of the item's flow -----------------------------------------------------------------------------------------

def _steps(fold: Fold, item: Item, opened: Moment) -> Iterator[Aside]:
    """Each visit to a step with a limit, from the step before it (or the acceptance) to its completion; the step that is open
    now runs. Another handler does not begin it anew. What stops the case stops the step."""
    limits, done = item.details.step_limits, inner_path(fold, item)
    spans = spans_of_steps(done, fold.visits, opened)
    for ordinal, (step, (started, ended)) in enumerate(zip(done, spans, strict=False)):
        if step.step in limits and step.at >= opened.at:
            yield _step(fold, FLOW_ORDINALS + ordinal, step.step, started, ended, limits[step.step])
    following, started = _following(done, item), spans[-1][0]
    if following in limits:
        ended = fold.closed if _comes_after_decision(following, item) else _first(fold.decided, fold.closed)
        if ended is None or ended.at > started.at:
            yield _step(fold, FLOW_ORDINALS + len(done), following, started, ended, limits[following])
    if fold.visits:
        yield from _withdrawn_steps(fold, item, len(done))


def _step(fold: Fold, ordinal: int, step: str, started: Moment, ended: Moment | None, limit: Limit) -> Aside:
    """One clock for all visits to a step: what was used before a step back stays used, the time in between does not count."""
    stops, visits = tuple(fold.stops), [visit for visit in fold.visits if visit.step == step]
    if not visits:
        return Aside(ClockKind.STEP, ordinal, started, ended, limit, step, stops)
    away = tuple(Stop(ELSEWHERE, visit.end, begun) for visit, begun in zip(
        visits, [*[visit.start for visit in visits[1:]], started], strict=True) if begun.at > visit.end.at)
    return Aside(ClockKind.STEP, ordinal, visits[0].start, ended, limit, step, (*stops, *away))


def _withdrawn_steps(fold: Fold, item: Item, passed: int) -> Iterator[Aside]:
    """Steps withdrawn that have not come again: late then is late now, whatever became of what they had found."""
    limits = item.details.step_limits
    for place, step in enumerate(item.steps[1:-1]):
        visits = [visit for visit in fold.visits if visit.step == step]
        if place > passed and visits and step in limits:
            last = visits[-1]
            yield _step(msgspec.structs.replace(fold, visits=[visit for visit in fold.visits if visit is not last]),
                        FLOW_ORDINALS + place, step, last.start, last.end, limits[step])


def inner_path(fold: Fold, item: Item) -> Sequence[StepDone]:
    """The steps between acceptance and conclusion as they were done, those the item knows."""
    inner = item.steps[1:-1]
    return [done for done in fold.path if done.step in inner]


def _following(done: Sequence[StepDone], item: Item) -> str:
    """The step that is open once these are done: the one after the last; "" when the flow is through, or when that one is done
    under a condition only: whether it is, its own event tells."""
    inner = item.steps[1:-1]
    following = (inner[0] if inner else "") if not done else dict(pairwise(inner)).get(done[-1].step, "")
    return "" if following in item.details.conditions else following


def _comes_after_decision(step: str, item: Item) -> bool:
    """Whether that step serves or executes the decision, so that the decision does not end it."""
    return item.steps.index(step) > item.steps.index(item.decides)


def _moment(done: StepDone) -> Moment:
    return Moment(done.at, done.utc_offset)


# Papers to follow (容缺) and hearings -----------------------------------------------------------------------------------

def _promises(fold: Fold, item: object) -> Iterator[Aside]:
    """From the acceptance until the last of the papers promised is here: by the day promised, else within the promise of the
    item. A case concluded in favour without them still waits for them; one refused or given up does not."""
    given_up = fold.refused or (fold.closed if fold.closed_by not in ("", EventKind.CONCLUDED) else None)
    listed = item.details.materials if isinstance(item, Item) else {}
    promised = item.promised if isinstance(item, Item) else None
    for ordinal, one in enumerate(fold.promises):
        names = "、".join(listed[code].name if code in listed else code for code in one.codes)
        limit = promised if one.due is None else _until(one.due, one.made)
        yield Aside(ClockKind.DEFERRED, ordinal, one.made, _first(one.kept, given_up), limit, names)


def _until(due: Due, made: Moment) -> Limit:
    """The time from a moment to the end of a day somebody named, as a limit: whoever comes on that day is in time."""
    days = (due.at + due.utc_offset * MINUTE_US) // DAY_US - made.local // DAY_US
    return Limit(max(days, 0), Unit.CALENDAR_DAY, Granularity.DAY)


def _hearing(fold: Fold, started: Moment, item: object) -> Iterator[Aside]:
    """From the request, or from the acceptance where the law demands a hearing, until it was held: within twenty working days
    (行政许可法 Art. 47). What stops the case does not stop it: it is most often the hearing itself that does. A case decided
    without it has a fault of another kind (Act.HEARING_NOT_HELD)."""
    held = [fold.hearing, *(stop.end for stop in fold.stops if stop.kind == "hearing")]
    ended = _first(*held) or _first(fold.decided, fold.refused, fold.closed)
    limit = item.details.hearing_limit if isinstance(item, Item) else None
    if ended is None or ended.at > started.at:
        yield Aside(ClockKind.HEARING, 0, started, ended, limit)


# After the review -------------------------------------------------------------------------------------------------

def _forwarding(fold: Fold, item: Item) -> Iterator[Aside]:
    """From the last review here until it is passed on, as its step or as an event of its own."""
    review, forwarding = forwarding_steps(item)
    reviewed = next((done for done in reversed(fold.path) if done.step == review), None)
    if reviewed is None:
        return
    passed_on = next((_moment(done) for done in fold.path if done.step == forwarding and done.at >= reviewed.at), None)
    started = _moment(reviewed)
    ended = _first(fold.forwarded, passed_on, fold.closed)
    if ended is None or ended.at >= started.at:
        yield Aside(ClockKind.FORWARDING, 0, started, ended, item.details.forward)


def forwarding_steps(item: Item) -> tuple[str, str]:
    """(the last review here, the step that passes the case on)."""
    *_, review, forwarding, _end = ("", *item.steps)
    return review, forwarding


def _licence(fold: Fold, item: Item) -> Iterator[Aside]:
    """The electronic licence runs from the conclusion, the one on paper from the decision; whoever has it in hand has it."""
    concluded = fold.closed if fold.closed_by == EventKind.CONCLUDED else None
    in_hand = _first(fold.delivered, fold.collected)
    if item.details.licence == "electronic" and concluded is not None:
        yield Aside(ClockKind.LICENCE, 0, concluded, _not_before(concluded, _first(fold.licensed, in_hand)))
    elif item.details.licence == "paper" and (granted := fold.decided or concluded) is not None:
        given_up = fold.closed if fold.closed_by not in ("", EventKind.CONCLUDED) else None
        yield Aside(ClockKind.DELIVERY, 0, granted, _not_before(granted, in_hand or given_up))


def _not_before(started: Moment, ended: Moment | None) -> Moment | None:
    return started if ended is not None and ended.at < started.at else ended

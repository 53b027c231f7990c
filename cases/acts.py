"""Faults of the acts in a case: a pure function of its facts, its item and the ladder of its place (domain.md §5.2).

So any order of delivery ends in the same faults, and a corrected event redeems the fault it was reported with. Only cases of an
item the catalogue lists are judged: without its flow, papers and fees nobody can say what would have been right. Data that came
late are the one fault that does not follow from what happened but from when we learnt of it; `late_of` finds them, and all of a
case are one fault that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import msgspec

from cases.act_facts import Fee
from cases.areas import AreaContext
from cases.asides import inner_path
from cases.clocks import suspensions
from cases.events import CaseEvent, ClockKind, EventKind, LateEvent
from cases.extensions import is_late
from cases.fold import NO_SPECIALS, Fold
from cases.pairing import UNNAMED
from cases.watches import limits_of
from config.acts import Act
from config.catalogue import Item
from core.errors import SupervisionError
from core.instants import DAY_US, HOUR_US, MINUTE_US
from core.limits import Limit, Unit, parse_limit

LATE_AFTER_US = 24 * HOUR_US
LATE_EVENTS = "late_events"  # the member of the evidence that lists them
MAX_LATE = 60  # late events kept of a case, the worst ones: they are rewritten with every event
CHARTED = frozenset({Act.BEFORE_ACCEPTANCE, Act.OUT_OF_ORDER, Act.EVENT_AFTER_END, Act.CLOSED_TWICE,
                     Act.CONCLUDED_WHILE_SUSPENDED, Act.SECOND_CORRECTION})


class Fault(NamedTuple):
    """One fault: its code, what it is about, the claimed instant of the act (microseconds UTC); of late data the events that
    came late, in the order in which they came, and the earliest of their instants."""

    code: str
    subject: str
    at: int
    late: tuple[LateEvent, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Fault]).decode


def faults_of(fold: Fold, item: object, context: Callable[[Fold], AreaContext]) -> list[Fault]:
    """Every fault of the case, one per code and subject, in the order of their codes; none without an item. Asked at every
    event, so what is as it should be is seen first."""
    if not isinstance(item, Item) or _is_plain(fold, item):
        return []
    found: dict[tuple[str, str], int] = {}
    for code, subject, at, _late in _all(fold, item, context):
        known = found.get((code, subject))
        found[code, subject] = at if known is None else min(known, at)
    return [Fault(code, subject, at) for (code, subject), at in sorted(found.items())] if found else []


def _is_plain(fold: Fold, item: Item) -> bool:
    """Whether nothing has happened that could be a fault; an ended case is always looked at."""
    if (fold.closed is not None or fold.violations or fold.stops or fold.materials or fold.fees or fold.extensions
            or fold.decided is not None or fold.asked or fold.refused is not None):
        return False
    if fold.accepted is not None and _may_differ(fold, item):
        return False
    return not fold.path or _is_regular(fold, item)


def _may_differ(fold: Fold, item: Item) -> bool:
    return bool(item.details.unpublished or fold.promised_limit or fold.statutory_limit or fold.org != item.org)


def _all(fold: Fold, item: Item, context: Callable[[Fold], AreaContext]) -> Iterable[Fault]:
    """Most cases give none of these families anything to look at."""
    families: list[Iterable[Fault]] = []
    accepted = fold.accepted
    if fold.path and not _is_regular(fold, item):
        families.append(_of_steps(fold, item))
    if fold.violations:
        families.append(Fault(code, "", at) for code, at in fold.violations)
    if fold.stops:
        families.append(_of_specials(fold, item))
    if fold.materials or fold.asked:
        families.append(_of_materials(fold, item))
    if fold.fees or (item.details.fees and fold.closed is not None):
        families.append(_of_fees(fold, item))
    if fold.extensions:
        families.append(_of_extensions(fold, item, context(fold)))
    if accepted is not None and _may_differ(fold, item):
        families.append(_of_publication(fold, item, accepted.at))
    if fold.closed is not None or fold.decided is not None or fold.refused is not None:
        families.append(_of_outcome(fold, item))
    return chain.from_iterable(families) if families else ()


# Steps ------------------------------------------------------------------------------------------------------------

def _is_regular(fold: Fold, item: Item) -> bool:
    """The usual case, told fast: the steps of the flow in their order, each by another person at a post entitled to it."""
    path, flow, posts = fold.path, item.steps, item.details.posts
    if len(path) > len(flow) - 2 or len(path) < _steps_due(fold, item):
        return False
    for done, step in zip(path, flow[1:], strict=False):
        if done.step != step or (done.post and done.post not in posts.get(step, (done.post,))
                                 and done.post not in item.details.signers.get(step, ())):
            return False
    return len({done.actor for done in path}) == len(path)


def _of_steps(fold: Fold, item: Item) -> Iterator[Fault]:
    flow, posts = item.steps[1:-1], item.details.posts
    names = [done.step for done in fold.path]
    if tuple(names) != flow[:len(names)] or len(names) < _steps_due(fold, item):
        yield from _of_order(fold, item)
    doers: dict[str, str] = {}
    for done in fold.path:
        if done.post and done.post not in (*posts.get(done.step, (done.post,)), *item.details.signers.get(done.step, ())):
            yield Fault(Act.WRONG_POST, done.step, done.at)
        if done.actor and doers.setdefault(done.actor, done.step) != done.step:
            yield Fault(Act.SAME_PERSON, done.step, done.at)


def _of_order(fold: Fold, item: Item) -> Iterator[Fault]:
    """Steps are judged against the furthest one done; the decision comes after all of them."""
    flow = item.steps[1:-1]
    done_steps = {done.step for done in fold.path}
    for done in fold.path:
        if done.step not in item.steps:
            yield Fault(Act.STEP_UNKNOWN, done.step, done.at)
    furthest = -1
    for done in inner_path(fold, item):
        place = flow.index(done.step)
        if place < furthest:
            yield Fault(Act.STEP_REVERSED, done.step, done.at)
        for missing in flow[furthest + 1:place]:
            if missing not in done_steps and missing not in item.details.conditions:
                yield Fault(Act.STEP_SKIPPED, missing, done.at)
        furthest = max(furthest, place)
    if furthest >= 0 and (over := _handled(fold)) is not None:
        yield from (Fault(Act.STEP_SKIPPED, missing, over) for missing in flow[furthest + 1:_steps_due(fold, item)]
                    if missing not in done_steps and missing not in item.details.conditions)


def _steps_due(fold: Fold, item: Item) -> int:
    """How many steps the case must have behind it: all once it has ended, those up to the decision once it is decided."""
    if fold.closed is not None:
        return len(item.steps) - 2
    return 0 if fold.decided is None or not item.decides else item.steps.index(item.decides)


def _handled(fold: Fold) -> int | None:
    """When the handling ended with a decision; a case given up leaves its steps undone rightly."""
    if fold.decided is not None:
        return fold.decided.at
    return fold.closed.at if fold.closed is not None and fold.closed_by == EventKind.CONCLUDED else None


# Special procedures, papers, fees ---------------------------------------------------------------------------------

def _of_specials(fold: Fold, item: Item) -> Iterator[Fault]:
    """The ceiling is of each procedure; several in one case add up and are a sign of abuse, not a fault (G7 `several`)."""
    ceilings = item.details.ceilings
    specials = [stop for stop in fold.stops if stop.kind not in NO_SPECIALS]
    for number, stop in enumerate(specials, start=1):
        if not stop.number:
            yield Fault(Act.SPECIAL_WITHOUT_NOTICE, str(number), stop.start.at)
        if stop.kind != UNNAMED and stop.kind not in item.special:
            yield Fault(Act.SPECIAL_NOT_ALLOWED, stop.kind, stop.start.at)
        if stop.approved_days is not None and stop.approved_days > ceilings.get(stop.kind, stop.approved_days):
            yield Fault(Act.SPECIAL_TOO_LONG, str(number), stop.start.at)


def _of_materials(fold: Fold, item: Item) -> Iterator[Fault]:
    """Papers outside the list, and required ones missing at acceptance; a feed that tells of none is not judged by them."""
    listed = item.details.materials
    first = fold.accepted or fold.received or fold.submitted or fold.answered
    if not listed or first is None:
        return
    for code in {*fold.materials, *fold.asked} - listed.keys():
        yield Fault(Act.MATERIAL_UNLISTED, code, first.at)
    if fold.accepted is None or not fold.materials:
        return
    for code, material in listed.items():
        to_follow = material.deferrable and code in fold.deferred
        if material.required and code not in fold.materials and not to_follow:
            yield Fault(Act.MATERIAL_MISSING, code, fold.accepted.at)


def _of_fees(fold: Fold, item: Item) -> Iterator[Fault]:
    standards, closed = item.details.fees, fold.closed
    for fee in fold.fees:
        standard = standards.get(fee.code)
        if standard is None and (standards or not item.fee) and fee.amount_fen:
            yield Fault(Act.FEE_WITHOUT_BASIS, fee.code, fee.at)
        if standard is not None and (fee.amount_fen or 0) > standard.standard_fen * _units(fee):
            yield Fault(Act.FEE_ABOVE_STANDARD, fee.code, fee.at)
        if fee.amount_fen and not fee.receipt_no:
            yield Fault(Act.FEE_WITHOUT_RECEIPT, fee.code, fee.at)
        if standard is not None and not fee.amount_fen and not fee.waiver:
            yield Fault(Act.FEE_UNCHARGED, fee.code, fee.at)
        if closed is not None and fee.at > closed.at:
            yield Fault(Act.FEE_AFTER_END, fee.code, fee.at)
    if standards and not fold.fees and closed is not None and fold.closed_by == EventKind.CONCLUDED and fold.refused is None:
        yield Fault(Act.FEE_UNCHARGED, "", closed.at)


def _units(fee: Fee) -> int:
    return 1 if fee.quantity is None else fee.quantity


# Extension, publication, outcome ----------------------------------------------------------------------------------

def _of_extensions(fold: Fold, item: Item, context: AreaContext) -> Iterator[Fault]:
    if len(fold.extensions) > 1:
        yield Fault(Act.EXTENSION_REPEATED, "", fold.extensions[1].asked_at)
    asked_at = fold.extensions[0].asked_at
    if any(_came_late(asked_at, kind, limit, fold, context) for kind, limit in _limits(fold, item)):
        yield Fault(Act.EXTENSION_LATE, "", asked_at)


def _limits(fold: Fold, item: Item) -> Iterator[tuple[ClockKind, Limit]]:
    promised, statutory = limits_of(fold, _Only(item))
    for kind, limit in ((ClockKind.PROMISED, promised), (ClockKind.STATUTORY, statutory)):
        if limit is not None and limit.unit is not Unit.WORKING_HOUR:
            yield kind, limit if fold.accepted is None else limit.from_day(fold.accepted.local // DAY_US)


def _came_late(asked_at: int, kind: ClockKind, limit: Limit, fold: Fold, context: AreaContext) -> bool:
    """What cannot be counted (a year that is not published) is the clock's alarm, no fault of the organ."""
    opened = fold.accepted
    if opened is None or (rule := context.rule(kind, opened.local // DAY_US)) is None:
        return False
    try:
        stops = suspensions(fold.stops, opened, fold.closed, context.calendar)
        return is_late(asked_at, limit, opened, stops, context.calendar, rule.extension_notice)
    except SupervisionError:
        return False


class _Only:
    """A catalogue of one item."""

    def __init__(self, item: Item) -> None:
        self._item = item

    def find_item(self, _code: str) -> Item:
        return self._item


def _of_publication(fold: Fold, item: Item, at: int) -> Iterator[Fault]:
    """What the guide publishes against what the feed works by.

    Of the seven fields of a guide (item_details.Published) an event carries five. Organ and limits are compared here; another
    paper, step or fee than published is a fault of its own, which says which. The item's name and its legal basis no event
    carries (`title` is what the case is called): of them a guide can only lack them.
    """
    for name in item.details.unpublished:
        yield Fault(Act.PUBLISHED_EMPTY, name, at)
    for name, said, published in (("promised", fold.promised_limit, item.promised),
                                  ("statutory", fold.statutory_limit, item.statutory)):
        if said and published is not None and not _same_length(said, published):
            yield Fault(Act.PUBLISHED_DIFFERS, name, at)
    if fold.org and fold.org != item.org:
        yield Fault(Act.PUBLISHED_DIFFERS, "org", at)


def _same_length(said: str, published: Limit) -> bool:
    limit = parse_limit(said)
    return (limit.amount, limit.unit) == (published.amount, published.unit)


def _of_outcome(fold: Fold, item: Item) -> Iterator[Fault]:
    if fold.refused is not None and not fold.is_reasoned:
        yield Fault(Act.REFUSED_WITHOUT_REASON, "", fold.refused.at)
    is_due = item.details.hearing or fold.hearing_asked is not None
    if is_due and fold.decided is not None and not was_heard(fold, fold.decided.at):
        yield Fault(Act.HEARING_NOT_HELD, "", fold.decided.at)
    closed = fold.closed
    if closed is None or fold.closed_by != EventKind.CONCLUDED:
        return
    if item.category == "instant" and fold.accepted is not None and closed.local // DAY_US > fold.accepted.local // DAY_US:
        yield Fault(Act.NOT_ON_THE_SPOT, "", closed.at)
    if not fold.applicant:
        yield Fault(Act.INCOMPLETE_DATA, "applicant", closed.at)
    if any(not done.actor for done in fold.path):
        yield Fault(Act.INCOMPLETE_DATA, "actor", closed.at)
    if fold.licensed is not None and not fold.certificate_no:
        yield Fault(Act.INCOMPLETE_DATA, "certificate_no", fold.licensed.at)


def was_heard(fold: Fold, decided_at: int) -> bool:
    """A hearing of its own, or a special procedure of that kind that ended before the decision."""
    if fold.hearing is not None and fold.hearing.at <= decided_at:
        return True
    return any(stop.kind == "hearing" and stop.end is not None and stop.end.at <= decided_at for stop in fold.stops)


# Late data, and what is kept --------------------------------------------------------------------------------------

def late_of(events: Iterable[CaseEvent], item: object, received_at: int) -> list[LateEvent]:
    """The events that reached us more than 24 hours after they are said to have happened."""
    if not isinstance(item, Item):
        return []
    return [LateEvent(event.source, event.source_event_id, event.kind.value, event.step or "", event.claimed_at, received_at)
            for event in events if received_at - event.claimed_at > LATE_AFTER_US]


def late_fault(events: Iterable[LateEvent]) -> Fault:
    """The one fault of a case that these events came late. One reported again, corrected, is late once: when it first was."""
    first: dict[tuple[str, str], LateEvent] = {}
    for event in events:
        first.setdefault((event.source, event.source_event_id), event)
    late = _worst(tuple(first.values()))
    return Fault(Act.LATE_DATA, "", min(event.at for event in late), late)


def _worst(late: tuple[LateEvent, ...]) -> tuple[LateEvent, ...]:
    """The latest of more than are kept, in the order in which they came: a worse one must be told however many came before."""
    if len(late) <= MAX_LATE:
        return late
    kept = set(sorted(late, key=lambda event: event.at - event.received_at)[:MAX_LATE])
    return tuple(event for event in late if event in kept)


def differing(told: Iterable[Fault], shown: Iterable[Fault]) -> tuple[list[Fault], list[Fault]]:
    """(what joined the faults told before, those the facts no longer show). One whose instant moved is neither; of one that
    grew, what is new of it joined."""
    before, after = ({(one.code, one.subject): one for one in some} for some in (told, shown))
    joined = [fresh for key, one in after.items() if (fresh := _news_of(one, before.get(key))) is not None]
    return joined, [one for key, one in before.items() if key not in after]


def _news_of(fault: Fault, known: Fault | None) -> Fault | None:
    if known is None:
        return fault
    fresh = tuple(event for event in fault.late if event not in known.late)
    return fault._replace(at=min(event.at for event in fresh), late=fresh) if fresh else None


def kept_text(faults: list[Fault]) -> str:
    """What is kept of the faults with the case; "" for none, as for most."""
    return _encode([fault if fault.late else fault[:3] for fault in faults]).decode() if faults else ""


def kept_faults(text: str) -> list[Fault]:
    """The inverse of `kept_text`."""
    return _decode(text) if text else []


def evidence_of(fault: Fault, fold: Fold, item: object) -> dict[str, object]:
    """What a stranger needs to see the fault: the facts it follows from and what the item demands. JSON-safe."""
    evidence: dict[str, object] = {"code": fault.code, "subject": fault.subject, "at": fault.at, "state": fold.state.value}
    if not isinstance(item, Item):
        return evidence
    details = item.details
    evidence |= {"item": item.code, "item_version": item.version, "steps": item.steps,
                 "path": [(done.step, done.actor, done.post, done.at) for done in fold.path]}
    if name := subject_name(fault, item):
        evidence["subject_name"] = name
    if fault.code.startswith("fee"):
        evidence |= {"fees": [list(msgspec.structs.astuple(fee)) for fee in fold.fees],
                     "standards": {code: one.standard_fen for code, one in details.fees.items()}}
    elif fault.code.startswith("material"):
        evidence |= {"received": fold.materials, "asked": fold.asked, "deferred": fold.deferred,
                     "listed": list(details.materials)}
    elif fault.code.startswith(("special", "extension")):
        evidence |= {"stops": [(stop.kind, stop.start.at, stop.number, stop.approved_days) for stop in fold.stops],
                     "extensions": [list(msgspec.structs.astuple(one)) for one in fold.extensions],
                     "ceilings": dict(details.ceilings)}
    elif fault.code == Act.WRONG_POST:
        evidence["posts"] = list(details.posts.get(fault.subject, ()))
    elif fault.code == Act.LATE_DATA:
        evidence |= {"late_after_hours": LATE_AFTER_US // HOUR_US, LATE_EVENTS: late_rows(fault.late)}
    return evidence


def late_rows(late: Iterable[LateEvent]) -> list[dict[str, object]]:
    """Late events as evidence lists them: what happened, when it says so, when it came, how many whole hours lie between."""
    return [{"event_kind": event.kind, "step": event.step, "claimed_at": event.at, "received_at": event.received_at,
             "late_hours": event.delay // HOUR_US, "source": event.source, "source_event_id": event.source_event_id}
            for event in late]


def subject_name(fault: Fault, item: object) -> str:
    """What people call the paper, fee or step the fault is about; "" for what has a code or a number only."""
    if not isinstance(item, Item):
        return ""
    named = item.details.materials.get(fault.subject) or item.details.fees.get(fault.subject)
    if named is not None:
        return named.name
    return fault.subject if fault.subject in item.steps else ""


def day_of_fault(fault: Fault, utc_offset: int) -> int:
    """The epoch day of a fault on the wall clock of its source: rules in force that day judge it."""
    return (fault.at + utc_offset * MINUTE_US) // DAY_US

"""What there is to watch in a case: its own limits, and everything beside them, before any instant is worked out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from cases.areas import AreaContext
from cases.asides import Aside, acceptance_of, asides, matters
from cases.clocks import Span, due_day, suspensions, timing_of_limit
from cases.events import ClockKind, ClockRef, Due, EventKind
from cases.extensions import lengthened
from cases.fold import NO_SPECIALS, Fold, Moment, Stop
from config.catalogue import Item
from config.ladders import Rule
from core.errors import SupervisionError
from core.instants import DAY_US, MINUTE_US
from core.limits import Granularity, Limit, Unit, parse_limit
from core.working_calendar import WorkingCalendar


class ItemLimits(Protocol):
    """What a clock asks of an item of the catalogue."""

    @property
    def promised(self) -> Limit | None: ...
    @property
    def statutory(self) -> Limit | None: ...


class Catalogue(Protocol):
    """What the projection asks of the catalogue: the item by code, or None."""

    def find_item(self, code: str) -> ItemLimits | None: ...


class Watch(msgspec.Struct, frozen=True, gc=False):
    """A limit to watch, before its instants are derived."""

    ref: ClockRef
    started: Moment
    ended: Moment | None
    rule: Rule
    limit: Limit | None = None
    due: Due | None = None
    stops: tuple[Stop, ...] = ()
    name: str = ""


class Unjudgeable(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


# What facts, limits and rules may raise while they are judged; anything else is a fault of ours and poisons the case.
RAISED_BY_FACTS = (Unjudgeable, SupervisionError, ArithmeticError, ValueError, TypeError, LookupError)


def watches_of_its_own(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue) -> Iterator[Watch]:
    """What is watched whatever becomes of the case's own limits."""
    if fold.lodged is not None:
        for aside in matters(fold):
            yield from _of_matter(aside, fold, case_id, context)
    if fold.submitted is not None:
        yield from _pre_acceptance(fold, case_id, context, fold.submitted, item_of(catalogue, fold.item) if fold.item else None)
    if fold.accepted is not None and (fold.stops or fold.steps):
        yield from _special_procedures(fold, case_id, context, item_of(catalogue, fold.item) if fold.item else None)
        yield from _steps(fold, case_id, context, fold.accepted)


def case_limits(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue,
                 opened: Moment) -> Iterator[Watch]:
    promised, statutory = limits_of(fold, catalogue)
    own_due = None if fold.own_due in (fold.promised_due, fold.statutory_due) else fold.own_due
    limits = ((ClockKind.PROMISED, fold.promised_due, promised, fold.promised_limit),
              (ClockKind.STATUTORY, fold.statutory_due, statutory, fold.statutory_limit),
              (ClockKind.OWN, own_due, None, ""))
    watched = [one for one in limits if one[1] is not None or one[2] is not None]
    if not watched:
        raise Unjudgeable(*_why_no_limit(fold, catalogue))
    ruled = [(one, rule) for one in watched if (rule := rule_of(context, one[0], opened)) is not None]
    if not ruled:
        raise Unjudgeable("rule_missing", context.preset.id)
    stops = tuple(fold.stops)
    item = catalogue.find_item(fold.item) if fold.item else None
    ended = end_of_limits(fold, item)
    for (kind, due, limit, stated), rule in ruled:
        judged = _as_judged_here(limit, rule) if stated else limit
        if judged is not None and judged.months:
            judged = judged.from_day(opened.local // DAY_US)
        if fold.extensions:
            spans = suspensions(stops, opened, ended, context.calendar)
            judged = lengthened(judged, fold, opened, spans, context.calendar, rule.extension_notice)
        if judged is not None and due is None and may_roll(item):
            judged = rolled(judged, opened, suspensions(stops, opened, ended, context.calendar), context.calendar)
        yield Watch(ClockRef(case_id, kind), opened, ended, rule, judged, due, stops)


def may_roll(item: object) -> bool:
    """Whether limits of this item that would end on a day of rest end with the next working day."""
    return isinstance(item, Item) and item.power.rolls


def as_begun(limit: Limit, item: object, opened: Moment, calendar: WorkingCalendar) -> Limit:
    """A limit of the item as it runs from that moment on while nothing stops or lengthens it."""
    begun = limit.from_day(opened.local // DAY_US)
    return rolled(begun, opened, (), calendar) if may_roll(item) else begun


def rolled(limit: Limit, opened: Moment, stops: tuple[Span, ...], calendar: WorkingCalendar) -> Limit:
    """The limit with the days of rest its end falls on; while a stop is open nobody knows its end."""
    if limit.unit is not Unit.CALENDAR_DAY or limit.granularity is not Granularity.DAY or not limit.amount:
        return limit
    last = due_day(timing_of_limit(limit, opened, stops, calendar))
    return limit if last is None else limit.longer(calendar.add_working_days(last - 1, 1) - last)


def end_of_limits(fold: Fold, item: object) -> Moment | None:
    """What ends the case's own limits: its conclusion, or its decision where the law counts until that (行政处罚法 Art. 60)."""
    if isinstance(item, Item) and item.power.ends == "decided" and fold.decided is not None:
        return fold.decided if fold.closed is None or fold.decided.at <= fold.closed.at else fold.closed
    return fold.closed


def limits_of(fold: Fold, catalogue: Catalogue) -> tuple[Limit | None, Limit | None]:
    """(promised, statutory): what the feed states, else the item's; without what an extension adds (cases.extensions)."""
    item = catalogue.find_item(fold.item) if fold.item else None
    promised = parse_limit(fold.promised_limit) if fold.promised_limit else item.promised if item else None
    statutory = parse_limit(fold.statutory_limit) if fold.statutory_limit else item.statutory if item else None
    return promised, statutory


def _as_judged_here(limit: Limit | None, rule: Rule) -> Limit | None:
    """A limit a feed states says how long, not how exactly: that is the rule's to say."""
    if limit is None or rule.granularity is None or limit.unit is Unit.WORKING_HOUR:
        return limit
    return msgspec.structs.replace(limit, granularity=rule.granularity)


def _why_no_limit(fold: Fold, catalogue: Catalogue) -> tuple[str, str]:
    if not fold.item:
        return "limit_missing", fold.source
    if catalogue.find_item(fold.item) is None:
        return "item_unknown", fold.item
    return "limit_missing", fold.item


def _pre_acceptance(fold: Fold, case_id: int, context: AreaContext, submitted: Moment, item: object) -> Iterator[Watch]:
    rule = rule_of(context, ClockKind.PRE_ACCEPTANCE, submitted)
    limit = None if rule is None else acceptance_of(item) or rule.default_limit
    if rule is not None and limit is not None:
        yield Watch(ClockRef(case_id, ClockKind.PRE_ACCEPTANCE), submitted, fold.answered, rule, limit)


def item_of(catalogue: Catalogue, code: str) -> object:
    """The item, None also when the catalogue raises: the clocks of the case's own limits then say so."""
    try:
        return catalogue.find_item(code)
    except Exception:  # noqa: BLE001 whatever it is, the clocks of the limits meet it again and name it
        return None


def _of_matter(aside: Aside, fold: Fold, case_id: int, context: AreaContext) -> Iterator[Watch]:
    """A consultation or complaint: the limit its feed states, else the ladder's, with the days that were approved."""
    rule = rule_of(context, aside.kind, aside.started)
    if rule is None:
        return
    limit = rule.default_limit
    if aside.kind is not ClockKind.COMPLAINT_INTAKE:
        stated = _as_judged_here(parse_limit(fold.promised_limit), rule) if fold.promised_limit else None
        limit = lengthened(stated or limit, fold, aside.started, (), context.calendar, rule.extension_notice)
    yield Watch(ClockRef(case_id, aside.kind, aside.ordinal), aside.started, aside.ended, rule, limit, fold.own_due)


def _special_procedures(fold: Fold, case_id: int, context: AreaContext, item: object) -> Iterator[Watch]:
    for ordinal, (stop, end) in enumerate(specials_of(fold)):
        rule = rule_of(context, ClockKind.SPECIAL, stop.start)
        if rule is None:
            continue
        days = special_days(stop, item)
        limit = approved_limit(days, rule) if days is not None else rule.default_limit
        yield Watch(ClockRef(case_id, ClockKind.SPECIAL, ordinal), stop.start, end, rule, limit, name=stop.kind)


def specials_of(fold: Fold) -> list[tuple[Stop, Moment | None]]:
    """Each special procedure and the end of its clock."""
    return [(stop, _end_of_special(fold, stop)) for stop in fold.stops if stop.kind not in NO_SPECIALS]


def special_days(stop: Stop, item: object) -> int | None:
    """The days a special procedure may take: those approved, never beyond the item's ceiling; None: as the rule says."""
    return least_days(stop.approved_days, _ceiling(item, stop.kind))


def _ceiling(item: object, kind: str) -> int | None:
    return item.details.ceilings.get(kind) if isinstance(item, Item) else None


def least_days(*days: int | None) -> int | None:
    """The shortest of the lengths that are known: what was approved never goes beyond the item's ceiling."""
    return min((one for one in days if one is not None), default=None)


def approved_limit(days: int, rule: Rule) -> Limit:
    """So many days, as exactly as the rule judges them."""
    return Limit(days, granularity=rule.granularity or Granularity.DAY)


def _end_of_special(fold: Fold, stop: Stop) -> Moment | None:
    """Its own end; a case given up ends it too, a concluded case does not (the special was never closed)."""
    given_up = fold.closed_by not in ("", EventKind.CONCLUDED)
    return stop.end or (fold.closed if given_up else None)


def _steps(fold: Fold, case_id: int, context: AreaContext, opened: Moment) -> Iterator[Watch]:
    for ordinal, step in enumerate(fold.steps):
        rule = rule_of(context, ClockKind.STEP, step.done)
        if rule is not None:
            started = min(opened, step.done, key=lambda moment: moment.at)
            ref = ClockRef(case_id, ClockKind.STEP, ordinal)
            yield Watch(ref, started, step.done, rule, due=step.due, name=step.step)


def rule_of(context: AreaContext, kind: ClockKind, opened: Moment) -> Rule | None:
    return context.rule(kind, (opened.at + opened.utc_offset * MINUTE_US) // DAY_US)


def ruled_asides(fold: Fold, context: AreaContext, catalogue: Catalogue) -> Iterator[tuple[Aside, Rule, Limit]]:
    if fold.received is None and fold.accepted is None:
        return
    for aside in asides(fold, item_of(catalogue, fold.item) if fold.item else None):
        rule = rule_of(context, aside.kind, aside.started)
        limit = None if rule is None else aside.limit or rule.default_limit
        if rule is not None and limit is not None:
            yield aside, rule, limit


def watch_of(aside: Aside, case_id: int, rule: Rule, limit: Limit) -> Watch:
    return Watch(ClockRef(case_id, aside.kind, aside.ordinal), aside.started, aside.ended, rule, limit, stops=aside.stops,
                  name=aside.name)


def other_watches(fold: Fold, case_id: int, context: AreaContext, catalogue: Catalogue) -> Iterator[Watch]:
    """Everything beside the case's own limits that may ever have something to tell."""
    for aside, rule, limit in ruled_asides(fold, context, catalogue):
        if aside.ended is None or aside.lasts(0) > context.scale(rule, limit).quiet_us:
            yield watch_of(aside, case_id, rule, limit)
    yield from watches_of_its_own(fold, case_id, context, catalogue)

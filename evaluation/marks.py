"""What one case adds to the figures of its days, as a text that is kept with the case: a late event takes it back exactly.

Days are those of the dates as written. Limits and time used are in working days of the area's calendar, without the days on
which the clock stood; a limit of another unit counts as the working days up to its due day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from cases.areas import AreaContext, Areas
from cases.asides import FLOW_ORDINALS
from cases.clocks import Span, Timing, last_day, suspensions, used_days
from cases.events import ClockKind, EventKind
from cases.fold import CORRECTION, NO_SPECIALS, Fold, Moment
from cases.projection import ClockState
from cases.tally import MEASURES, Tally
from cases.watches import RAISED_BY_FACTS, item_of, ruled_asides
from config.catalogue import Item
from config.spreads import OF_PROMISE, USED
from core.instants import DAY_US
from core.limits import Granularity, Unit
from evaluation.models import FIGURES

SATISFIED_FROM = 3  # points of five: basically satisfied
CHANNEL_MAX = 16
ONLINE = "web"
CATEGORIES_KEPT = 50_000
INSTANT, PROMISED = 1, 2  # categories of items that are counted apart

_AT = {name: place for place, name in enumerate(FIGURES)}
_ENDINGS = {EventKind.CONCLUDED.value: _AT["concluded"], EventKind.RETURNED.value: _AT["returned"],
            EventKind.VOIDED.value: _AT["voided"], EventKind.WITHDRAWN.value: _AT["withdrawn"],
            EventKind.NOT_ACCEPTED.value: _AT["not_accepted"]}
_CONCLUDED = _AT["concluded"]
_OUTCOMES = {MEASURES.index("closed_early"): _AT["early"], MEASURES.index("closed_on_due_day"): _AT["on_due_day"],
             MEASURES.index("closed_late"): _AT["late"]}
_TIMED = tuple(_AT[name] for name in ("statutory_days", "statutory_used", "promised_days", "promised_used", "both_statutory",
                                      "both_promised", "timed", "used_days", "steps", "steps_over"))
_PROMISED_AT, _USED_AT = (_TIMED.index(_AT[name]) for name in ("promised_days", "used_days"))
_ANSWERS = {EventKind.ANSWERED.value, EventKind.COMPLAINT_ANSWERED.value}
_STEP, _PROMISED_CLOCK, _STATUTORY_CLOCK = ClockKind.STEP, ClockKind.PROMISED, ClockKind.STATUTORY
_CATEGORIES = {"instant": INSTANT, "promised": PROMISED}
_UNLISTED = -1
PERSON, COMPANY = 1, 2
_APPLICANTS = {"person": PERSON, "自然人": PERSON, "company": COMPANY, "法人": COMPANY}
_APPLICANT_AT = (0, _AT["received_persons"], _AT["received_companies"])
_RECEIVED, _ACCEPTED, _CATEGORY_AT = _AT["received"], _AT["accepted"], (0, _AT["received_instant"], _AT["received_promised"])
Entry = tuple[int, int, int]  # epoch day, place of the figure, how much


class Marks(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Days are epoch days or None. `ending` and `outcome` are places of figures, `timing` what `_TIMED` lists."""

    area: str
    org: str
    item: str
    channel: str
    category: int = 0
    applicant: int = 0  # PERSON, COMPANY
    received: int | None = None
    accepted: int | None = None
    ended: int | None = None
    ending: int | None = None
    outcome: int | None = None
    is_online: bool = False
    special: int | None = None
    notices: tuple[int, ...] = ()
    rating: tuple[int, int] | None = None      # day, points
    timing: tuple[int, ...] | None = None
    matter: tuple[int, int, int | None] | None = None  # day, place of the figure, day of the answer

    @property
    def place(self) -> tuple[str, str, str, str]:
        return self.area, self.org, self.item, self.channel

    @property
    def cohort(self) -> int | None:
        """The day by which a case belongs to those accepted then: that of its reception while it has no acceptance."""
        if self.accepted is not None:
            return self.accepted
        if self.received is not None:
            return self.received
        return self.matter[0] if self.matter is not None else self.ended

    def entries(self) -> Iterator[Entry]:
        """What it adds, each on its own day."""
        if self.received is not None:
            yield from self._reception(self.received)
        if self.accepted is not None:
            yield self.accepted, _ACCEPTED, 1
        if self.ended is not None and self.ending is not None:
            yield self.ended, self.ending, 1
            if self.ending == _CONCLUDED:
                yield from self._conclusion(self.ended)
        if self.special is not None:
            yield self.special, _AT["special"], 1
        if self.notices:
            yield from self._notices()
        if self.rating is not None:
            yield from _ratings(*self.rating)
        if self.matter is not None:
            yield from _of_matter(*self.matter)

    def _reception(self, day: int) -> Iterator[Entry]:
        yield day, _RECEIVED, 1
        if self.category:
            yield day, _CATEGORY_AT[self.category], 1
        if self.applicant:
            yield day, _APPLICANT_AT[self.applicant], 1

    def _conclusion(self, day: int) -> Iterator[Entry]:
        if self.outcome is not None:
            yield day, self.outcome, 1
            if self.category == PROMISED and self.outcome != _AT["late"]:
                yield day, _AT["promised_in_time"], 1
        if self.accepted == day:
            yield day, _AT["same_day"], 1
        if self.is_online:
            yield day, _AT["online"], 1
        if self.timing is not None:
            yield from _of_timing(day, self.timing)

    def _notices(self) -> Iterator[Entry]:
        for day in self.notices:
            yield day, _AT["corrections"], 1
        if len(self.notices) == 1:
            yield self.notices[0], _AT["corrected_once"], 1


def _of_timing(day: int, timing: tuple[int, ...]) -> Iterator[Entry]:
    for place, amount in zip(_TIMED, timing, strict=False):
        if amount:
            yield day, place, amount
    promised, of_promise, used = timing[_PROMISED_AT], timing[_PROMISED_AT + 1], timing[_USED_AT]
    yield day, _AT[USED.figures[USED.place_of(used)]], 1
    if promised:
        yield day, _AT[OF_PROMISE.figures[OF_PROMISE.place_of(of_promise * OF_PROMISE.scale / promised)]], 1


def _ratings(day: int, points: int) -> Iterator[Entry]:
    yield day, _AT["rated"], 1
    yield day, _AT["satisfied" if points >= SATISFIED_FROM else "dissatisfied"], 1


def _of_matter(day: int, place: int, answered: int | None) -> Iterator[Entry]:
    yield day, place, 1
    if answered is not None:
        yield answered, place + 1, 1  # the answers of a kind stand behind its lodgings


_decode = msgspec.json.Decoder(Marks).decode
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=16_384)  # the open cases of an item's day share it
def _text_of_open(area: str, org: str, item: str, channel: str, category: int, applicant: int, received: int | None,
                  accepted: int | None) -> str:
    # The rest is left out: all defaults.
    return _encode((area, org, item, channel, category, applicant, received, accepted)).decode()


def read_marks(text: str) -> Marks:
    """The inverse of what `CaseMarker` writes."""
    return _decode(text)


class CaseMarker:
    """Makes the text of a case (cases.marking.Marker)."""

    def __init__(self, areas: Areas, catalogue: Any) -> None:
        self._areas, self._catalogue = areas, catalogue
        self._categories: dict[str, int] = {}  # of items as they were shipped

    def __call__(self, fold: Fold, tally: Tally, states: Sequence[ClockState]) -> str:
        if fold.closed is None and not fold.stops and fold.rated is None and fold.lodged is None:
            return _text_of_open(fold.area, tally.org, fold.item, _channel(fold), self._category(fold),
                                 _APPLICANTS.get(fold.applicant_kind, 0), tally.received, tally.accepted)
        return _encode(self.marks_of(fold, tally, states)).decode()

    def marks_of(self, fold: Fold, tally: Tally, states: Sequence[ClockState]) -> Marks:
        """What the case adds, as its facts and clocks stand."""
        item = item_of(self._areas.catalogue_of(fold, self._catalogue), fold.item) if fold.item else None
        ending = _ENDINGS.get(fold.closed_by) if fold.lodged is None else None
        special, notices = _stops_of(fold) if fold.stops else (None, ())
        return Marks(
            fold.area, tally.org, fold.item, _channel(fold), self._category(fold),
            _APPLICANTS.get(fold.applicant_kind, 0), tally.received, tally.accepted,
            _day(fold.closed) if ending is not None else None, ending,
            _OUTCOMES.get(tally.outcome) if tally.outcome is not None else None,
            ending == _CONCLUDED and (fold.submitted is not None or fold.channel == ONLINE), special, notices,
            None if fold.rated is None else (_local_day(fold.rated), fold.score or 0),
            self._timing(fold, states, item) if ending == _CONCLUDED else None,
            None if fold.lodged is None else _matter_of(fold, fold.lodged))

    def _category(self, fold: Fold) -> int:
        """By the item; a case of an item nobody lists that states a promise has one."""
        if fold.item in self._areas.versions.items:
            item = item_of(self._areas.catalogue_of(fold, self._catalogue), fold.item)
            return _CATEGORIES.get(item.category, 0) if isinstance(item, Item) else 0
        known = self._categories.get(fold.item)
        if known is None:
            item = item_of(self._catalogue, fold.item) if fold.item else None
            known = _CATEGORIES.get(item.category, 0) if isinstance(item, Item) else _UNLISTED
            if len(self._categories) < CATEGORIES_KEPT:
                self._categories[fold.item] = known
        if known != _UNLISTED:
            return known
        return PROMISED if fold.promised_due is not None or fold.promised_limit else 0

    # Time -----------------------------------------------------------------------------------------------------------

    def _timing(self, fold: Fold, states: Sequence[ClockState], item: object) -> tuple[int, ...] | None:
        """What `_TIMED` lists; None where the calendar of those days is not known."""
        if fold.accepted is None or fold.closed is None:
            return None
        try:
            context = self._areas.of_case(fold)
            return (*_limits(states, context), *_used(fold, fold.accepted, fold.closed, context),
                    *self._steps(fold, states, item, context))
        except RAISED_BY_FACTS:  # a calendar not published, a limit nobody can read: its clocks say so, loudly
            return None

    def _steps(self, fold: Fold, states: Sequence[ClockState], item: object, context: AreaContext) -> tuple[int, int]:
        """Steps with a limit that were done, and those of them that took too long."""
        of_flow = isinstance(item, Item) and bool(item.details.step_limits)
        if not of_flow and not fold.steps:
            return 0, 0
        clocks = [state for state in states if state.ref.kind is _STEP and state.ended is not None]
        done = sum(state.ref.ordinal < FLOW_ORDINALS for state in clocks)
        if of_flow:  # clocks that surely never rang are not among the states
            catalogue = self._areas.catalogue_of(fold, self._catalogue)
            done += sum(aside.kind is _STEP and aside.ended is not None
                        for aside, _, _ in ruled_asides(fold, context, catalogue))
        return done, sum(map(_is_over, clocks))


def _limits(states: Sequence[ClockState], context: AreaContext) -> tuple[int, int, int, int, int, int]:
    statutory = promised = None
    for state in states:
        if state.due_at is not None and state.ended is not None:
            if state.ref.kind is _PROMISED_CLOCK:
                promised = _limit_and_use(state, context)
            elif state.ref.kind is _STATUTORY_CLOCK:
                statutory = _limit_and_use(state, context)
    both = (statutory[0], promised[0]) if statutory is not None and promised is not None else (0, 0)
    return (*(statutory or (0, 0)), *(promised or (0, 0)), *both)


def _limit_and_use(state: ClockState, context: AreaContext) -> tuple[int, int]:
    """(limit, use) in working days."""
    ended, due_at = state.ended, state.due_at
    if ended is None or due_at is None:
        return 0, 0
    used = _working_days(state.started, state.stops, _local_day(ended), context)
    if state.unit == Unit.WORKING_DAY and state.limit_text != "due":
        return int(state.amount), used
    return _working_days(state.started, state.stops, last_day(due_at, state.started, context.calendar), context), used


def _used(fold: Fold, accepted: Moment, closed: Moment, context: AreaContext) -> tuple[int, int]:
    """(1, working days from acceptance to conclusion)."""
    stops = suspensions(fold.stops, accepted, closed, context.calendar)
    return 1, _working_days(accepted, stops, _local_day(closed), context)


def _working_days(started: Moment, stops: tuple[Span, ...], day: int, context: AreaContext) -> int:
    return used_days(Timing(0, Unit.WORKING_DAY, Granularity.DAY, started, stops, context.calendar), day)


def _is_over(state: ClockState) -> bool:
    if state.due_at is None or state.ended is None:
        return False
    return state.ended.at >= state.due_at if state.granularity == Granularity.DAY else state.ended.at > state.due_at


# Facts ----------------------------------------------------------------------------------------------------------------

def _channel(fold: Fold) -> str:
    return fold.channel[:CHANNEL_MAX] or (ONLINE if fold.submitted is not None else "")


def _stops_of(fold: Fold) -> tuple[int | None, tuple[int, ...]]:
    """(day of the first special procedure, days of the correction notices)."""
    specials = [_local_day(stop.start) for stop in fold.stops if stop.kind not in NO_SPECIALS]
    return min(specials, default=None), tuple([_local_day(stop.start) for stop in fold.stops if stop.kind == CORRECTION])


def _matter_of(fold: Fold, lodged: Moment) -> tuple[int, int, int | None]:
    place = _AT["consultations" if fold.matter == "consultation" else "complaints"]
    return _local_day(lodged), place, _day(fold.closed) if fold.closed_by in _ANSWERS else None


def _local_day(moment: Moment) -> int:
    return moment.local // DAY_US


def _day(moment: Moment | None) -> int | None:
    return None if moment is None else moment.local // DAY_US

"""A simulated city: cases filed, handled, stopped, concluded and sometimes forgotten, as feeds would report them.

Pure and seeded: the same seed gives the same events for every span of time, however the spans are cut. Each day's cases
come from a generator of that day alone, so the city can be entered at any instant by reliving the days whose cases may
still be alive. Memory holds the cases that have events to come, nothing else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec

from cases.events import CaseEvent, EventKind
from config.catalogue import Catalogue, Item, Organisation
from core.instants import HOUR_US, MINUTE_US, SECOND_US, date_of
from core.working_calendar import WorkingCalendar
from feeds.simulated_case import CaseLife, Habits, Happening
from feeds.simulated_gaming import LATE_ENTRY, held_back, with_habit
from feeds.simulated_matters import Matters
from feeds.simulated_people import applicant_for, officer_acknowledges, officers_of
from feeds.simulated_time import WorkingTime

__all__ = ["HALL", "SimulatedCity", "officer_acknowledges"]

HALL = "hall"
LONGEST_LIFE_DAYS = 190      # calendar days within which every simulated case has ended
_LONGEST_DELIVERY_DAYS = 3   # calendar days after which every event has been delivered, twice if it is to be
FIRST_DAY = 12_418     # 2004-01-01: before it the law behind the limits was not in force
_AFTER_THE_CASES = 1_000_000  # consultations and complaints are numbered from here
LAST_DAY = 22_645           # 2032-01-01
_OWN_SYSTEMS = 5             # so many of the busiest organisations report from a system of their own
_WEEKDAY_LOAD = (1.2, 1.05, 1.0, 0.95, 0.8, 0.8, 0.8)  # Monday first
_DAY_OFF_LOAD = 0.05
_THURSDAY = 3


@dataclass(slots=True)
class _Case:
    """A case on its way through the feed: its events and when each is delivered."""

    day: int
    serial: int
    events: list[CaseEvent]
    deliveries: list[tuple[int, int]] = field(default_factory=list)  # (instant, index of the event), latest first


class SimulatedCity:
    """The events of a city with `cases_per_day` filings on a working day.

    `calendar` is that of the catalogue's default area. `opened_day`, an epoch day, is the first day on which cases are
    filed; without it the city has always existed. `bad_habits` names a habit of simulated_gaming by organisation. `branches`
    are areas in which every organisation takes cases, too.
    """

    def __init__(self, catalogue: Catalogue, calendar: WorkingCalendar, seed: int, cases_per_day: int,
                 opened_day: int | None = None, bad_habits: Mapping[str, str] | None = None,
                 branches: Sequence[str] = ()) -> None:
        self._bad_habits, self._branches = bad_habits or {}, tuple(branches)
        self._catalogue, self._calendar, self._seed = catalogue, calendar, seed
        self._cases_per_day, self._opened_day = cases_per_day, opened_day
        self._time = WorkingTime(calendar, FIRST_DAY, LAST_DAY)
        self._orgs = tuple(catalogue.organisations.values())
        self._place = catalogue.city.partition("（")[0]
        self._names = tuple(organisation.name for organisation in self._orgs)
        self._habits = _habits_by_org(self._orgs, seed)
        self._shares = {one.code: _shares(one.code, len(self._branches), seed) for one in self._orgs}
        self._offer = _offer(catalogue, seed)
        self._source_of, self.sources = _sources(self._orgs, self._offer)
        self._matters = Matters(self._orgs, self._time, seed, HALL)
        self._heap: list[tuple[int, int, int, _Case]] = []
        self._cursor: int | None = None
        self._next_day = 0
        self._alive_from = 0.0
        self._outages: dict[tuple[str, int], tuple[int, int]] = {}

    def events_between(self, from_us: int, to_us: int) -> list[CaseEvent]:
        """What the feeds deliver in [from_us, to_us), in order of delivery.

        Calls that follow one another are cheap; a jump relives the days before it.
        """
        if self._cursor != from_us:
            self._enter(from_us)
        events = [case.events[index] for case, index in self._deliver_until(to_us)]
        self._cursor = to_us
        return events

    def _enter(self, at_us: int) -> None:
        self._heap = []
        today = self._calendar.today(at_us)
        self._alive_from = self._time.position(today - _LONGEST_DELIVERY_DAYS)
        self._next_day = today - LONGEST_LIFE_DAYS
        if self._opened_day is not None:
            self._next_day = max(self._next_day, self._opened_day)
        self._deliver_until(at_us)

    def _deliver_until(self, to_us: int) -> list[tuple[_Case, int]]:
        delivered: list[tuple[_Case, int]] = []
        while self._next_day <= self._calendar.today(to_us):
            for case in self._cases_of(self._next_day):
                if case is not None:
                    self._schedule(case)
            self._next_day += 1
        while self._heap and self._heap[0][0] < to_us:
            case = heapq.heappop(self._heap)[3]
            delivered.append((case, case.deliveries.pop()[1]))
            self._schedule(case)
        return delivered

    def _schedule(self, case: _Case) -> None:
        if case.deliveries:
            heapq.heappush(self._heap, (case.deliveries[-1][0], case.day, case.serial, case))

    # The cases of one day -----------------------------------------------------------------------------------------

    def _cases_of(self, day: int) -> Iterator[_Case | None]:
        rng = Random(f"{self._seed}/{day}")
        load = self._cases_per_day * self._load_factor(day)
        count = max(0, round(rng.gauss(load, load ** 0.5)))
        for serial in range(1, count + 1):
            yield self._case(day, serial, Random(rng.getrandbits(64)))
        for serial, events in self._matters.of_day(day, load):
            matter = _Case(day, _AFTER_THE_CASES + serial, events)
            matter.deliveries = self._deliveries(events, Random(f"{self._seed}/{events[0].case_no}"))
            yield matter

    def _load_factor(self, day: int) -> float:
        """Mondays are busy, Fridays quiet; on days off a few people file online."""
        return _WEEKDAY_LOAD[(day + _THURSDAY) % 7] if self._time.is_working(day) else _DAY_OFF_LOAD

    def _case(self, day: int, serial: int, rng: Random) -> _Case | None:
        """The case, or None when its life was over before the city was entered."""
        items, weights = self._offer
        item = rng.choices(items, cum_weights=weights)[0]
        filed_at, position = self._filing(day, item, rng)
        habits = self._habits[item.org]
        is_online = filed_at is not None or rng.random() < 0.42
        life = CaseLife(item, habits, position, is_online, rng)
        if life.happenings[-1].at < self._alive_from:
            return None
        case = _Case(day, serial, self._events(day, serial, item, life, filed_at, rng))
        case.deliveries = self._deliveries(case.events, rng)
        return case

    def _filing(self, day: int, item: Item, rng: Random) -> tuple[int | None, float]:
        """(instant when filed online outside office hours, else None; position from which the office works on it)."""
        working, time = self._time.is_working(day), self._time
        if working and (item.category == "instant" or rng.random() < 0.93):
            half = 0.0 if rng.random() < 0.58 else 0.5
            return None, time.position(day) + half + rng.triangular(0.0, 0.47, 0.14)
        if working and rng.random() < 0.3:
            return time.at(day, rng.randrange(6 * HOUR_US, time.opens)), time.position(day) + rng.uniform(0.01, 0.2)
        earliest = time.closes if working else 7 * HOUR_US
        next_position = time.position(day + 1) + rng.uniform(0.01, 0.3)
        return time.at(day, rng.randrange(earliest, 23 * HOUR_US + 40 * MINUTE_US)), next_position

    def _events(self, day: int, serial: int, item: Item, life: CaseLife, filed_at: int | None,
                rng: Random) -> list[CaseEvent]:
        area = self._area(day, serial, item.org)
        case_no = f"{area}-{_compact(day)}-{serial:04d}"
        applicant, of_kind = applicant_for(item.name, item.kind, self._names, self._place, rng)
        officers = self._habits[item.org].officers
        events = []
        for index, happening in enumerate(life.happenings):
            claimed = filed_at if filed_at is not None and index == 0 else self._time.instant(happening.at)
            data = happening.data if index else msgspec.structs.replace(happening.data, title=item.name,
                                                                         applicant=applicant, applicant_kind=of_kind)
            events.append(CaseEvent(
                source=self._source_of[item.org], source_event_id=f"{case_no}-{index + 1:02d}", kind=happening.kind,
                case_no=case_no, area=area, claimed_at=claimed // SECOND_US * SECOND_US, order=index, org=item.org,
                item=item.code, item_version=item.version, actor=_actor(happening, applicant, officers, index),
                step=happening.step, data=data))
        habit = self._bad_habits.get(item.org)
        return events if habit is None else with_habit(events, habit, str(self._seed), officers[0])

    def _area(self, day: int, serial: int, org: str) -> str:
        """Where the case is taken; drawn apart, so that a city with branches has the same cases as one without."""
        own = self._catalogue.organisations[org].area
        if not self._branches:
            return own
        return Random(f"{self._seed}/branch/{day}/{serial}").choices((own, *self._branches), self._shares[org])[0]

    # The feed -----------------------------------------------------------------------------------------------------

    def _deliveries(self, events: list[CaseEvent], rng: Random) -> list[tuple[int, int]]:
        """Most events arrive within seconds; some in a later batch, a few twice, all of them after an outage."""
        deliveries = []
        for index, event in enumerate(events):
            arrives = self._after_outage(event.source, event.claimed_at + _delay(rng))
            deliveries.append((arrives, index))
            if rng.random() < 0.008:
                deliveries.append((arrives + rng.randrange(5 * SECOND_US, 2 * HOUR_US), index))
        if self._bad_habits.get(events[0].org or "") == LATE_ENTRY and held_back(events, str(self._seed)):
            last = max(arrives for arrives, index in deliveries if events[index].kind is EventKind.CONCLUDED)
            deliveries = [(max(arrives, last), index) for arrives, index in deliveries]
        return sorted(deliveries, reverse=True)

    def _after_outage(self, source: str, at_us: int) -> int:
        """A source is cut off now and then for an hour or two and then sends what has piled up."""
        start, end = self._outage(source, self._calendar.today(at_us))
        return end + (at_us - start) // 60 if start <= at_us < end else at_us

    def _outage(self, source: str, day: int) -> tuple[int, int]:
        """When the source is cut off that day, (0, 0) on most days. Asked for every event, drawn once."""
        known = self._outages.get((source, day))
        if known is None:
            known = self._outages[source, day] = self._draw_outage(source, day)
        return known

    def _draw_outage(self, source: str, day: int) -> tuple[int, int]:
        rng = Random(f"{self._seed}/outage/{source}/{day}")
        if rng.random() >= 0.02:
            return 0, 0
        start = self._time.at(day, self._time.opens) + rng.randrange(5 * HOUR_US)
        return start, start + rng.randrange(40 * MINUTE_US, 150 * MINUTE_US)


# What the city is like --------------------------------------------------------------------------------------------

def _habits_by_org(orgs: tuple[Organisation, ...], seed: int) -> dict[str, Habits]:
    """Most organisations are punctual, a fifth is middling, a tenth habitually late; who is which depends on the seed."""
    rng = Random(f"{seed}/habits")
    shuffled = sorted(orgs, key=lambda organisation: organisation.code)
    rng.shuffle(shuffled)
    late, middling = max(1, round(len(orgs) * 0.11)), max(1, round(len(orgs) * 0.2))
    habits: dict[str, Habits] = {}
    for rank, organisation in enumerate(shuffled):
        officers = officers_of(f"{seed}/{organisation.code}", 7)
        if rank < late:
            habits[organisation.code] = Habits(rng.uniform(0.55, 0.72), 0.42, 0.05, 0.05, 0.15, officers)
        elif rank < late + middling:
            habits[organisation.code] = Habits(rng.uniform(0.45, 0.56), 0.36, 0.02, 0.02, 0.06, officers)
        else:
            habits[organisation.code] = Habits(rng.uniform(0.33, 0.46), 0.34, 0.007, 0.006, 0.02, officers)
    return habits


def _shares(org: str, branches: int, seed: int) -> list[float]:
    """How much of an organisation's work its own office takes, and each of its branches: no two districts are alike."""
    rng = Random(f"{seed}/branches/{org}")
    return [1.0, *(0.7 * rng.lognormvariate(0.0, 0.8) for _ in range(branches))]


def _sources(orgs: tuple[Organisation, ...],
             offer: tuple[list[Item], list[float]]) -> tuple[dict[str, str], dict[str, str]]:
    """(source of each organisation, name of each source): the service hall's system, and the busiest ones' own.

    A source with few events would rightly be reported as silent most of the time, so small organisations have none.
    """
    share: dict[str, float] = {}
    for item, above, below in zip(offer[0], offer[1], [0.0, *offer[1]], strict=False):
        share[item.org] = share.get(item.org, 0.0) + above - below
    own = set(sorted(share, key=lambda code: -share[code])[:_OWN_SYSTEMS])
    names = {HALL: "政务服务中心"}
    names |= {f"own-{org.code}": f"{org.short}业务系统" for org in orgs if org.code in own}
    return {org.code: f"own-{org.code}" if org.code in own else HALL for org in orgs}, names


def _offer(catalogue: Catalogue, seed: int) -> tuple[list[Item], list[float]]:
    """Items with cumulated weights: few items make most of the cases, as everywhere."""
    rng = Random(f"{seed}/offer")
    items, weights, total = [], [], 0.0
    for of_org in catalogue.items_by_org.values():
        size = max(0.6, rng.lognormvariate(0.0, 0.5))
        for item in of_org:
            if item.kind not in ("permit", "internal"):  # the others are exercised here (commands.demo_powers)
                continue
            popular = 2.0 if item.category == "instant" else 0.7 if item.kind == "internal" else 1.0
            long = 10.0 / max(10, item.promised.amount if item.promised else 10)
            total += size * popular * long ** 0.3 * max(0.3, rng.lognormvariate(0.0, 0.7))
            items.append(item)
            weights.append(total)
    return items, weights


def _delay(rng: Random) -> int:
    kind = rng.random()
    if kind < 0.96:
        return rng.randrange(SECOND_US // 2, 20 * SECOND_US)
    return rng.randrange(30 * SECOND_US, 25 * MINUTE_US) if kind < 0.997 else rng.randrange(HOUR_US, 8 * HOUR_US)


def _actor(happening: Happening, applicant: str, officers: tuple[str, ...], index: int) -> str:
    if happening.kind in (EventKind.SUBMITTED, EventKind.WITHDRAWN, EventKind.CORRECTION_RECEIVED, EventKind.COLLECTED,
                          EventKind.RATED):
        return applicant
    if happening.by is not None:
        return officers[happening.by % len(officers)]
    return officers[(index + len(applicant)) % len(officers)]


def _compact(day: int) -> str:
    return date_of(day).strftime("%Y%m%d")

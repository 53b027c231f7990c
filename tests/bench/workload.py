"""What the benchmarks feed: the simulated city's events, as the JSON other systems send, in two orders of delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from cases.events import CaseEvent
from config.calendars import load_calendars
from config.catalogue import load_catalogue
from core.instants import DAY_US, to_us, written_local
from feeds.simulated_city import SimulatedCity

SEED = 1
CASES_PER_DAY = 2000
BEGINS = datetime.fromisoformat("2025-03-03T00:00:00+08:00")
_encode = msgspec.json.Encoder().encode


def city_events(count: int, cases_per_day: int = CASES_PER_DAY) -> list[CaseEvent]:
    """The first `count` events of a busy city that opens its doors on that Monday, in the order of delivery. A repeated
    delivery, as the city makes them, counts."""
    catalogue = load_catalogue()
    calendar = load_calendars()["cn"]
    start = to_us(BEGINS)
    city = SimulatedCity(catalogue, calendar, SEED, cases_per_day, opened_day=calendar.today(start))
    events: list[CaseEvent] = []
    day = start
    while len(events) < count:
        events += city.events_between(day, day + DAY_US)
        day += DAY_US
    return events[:count]


def by_case(events: Sequence[CaseEvent]) -> list[CaseEvent]:
    """The same events as a log holds them: one case after the other, each from its beginning."""
    return sorted(events, key=lambda event: (event.area, event.case_no, event.claimed_at, event.order))


def as_json(event: CaseEvent) -> bytes:
    """The event as another system posts it."""
    said = {"id": event.source_event_id, "kind": event.kind.value, "case_no": event.case_no, "area": event.area,
            "at": written_local(event.claimed_at, event.utc_offset).isoformat(), "order": event.order, "org": event.org,
            "item": event.item, "item_version": event.item_version, "actor": event.actor}
    if event.step is not None:
        said["step"] = event.step
    data = {name: value for name in ("title", "applicant", "reason", "document_no", "special_kind", "approved_days")
            if (value := getattr(event.data, name)) not in (None, "")}  # a notice without a number is sent without the field
    return _encode(said | {"data": data} if data else said)


def batches(events: Sequence[CaseEvent], size: int) -> Iterator[Sequence[CaseEvent]]:
    """Equal parts in order."""
    for start in range(0, len(events), size):
        yield events[start:start + size]

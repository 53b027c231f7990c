"""Reading what other systems send: from the bytes of an event to a checked `CaseEvent`."""

from __future__ import annotations

import msgspec

from feeds.public_event import EventReader
from tests.bench.harness import Line, Options, stopwatch

LIMIT = 20_000


def run(options: Options) -> list[Line]:
    """One line: events a second of one thread."""
    sent = [_event(number) for number in range(options.events)]
    reader, decode = EventReader("city", max_attributes=20), msgspec.json.Decoder().decode
    with stopwatch() as spent:
        for raw in sent:
            reader.read("hall", raw)
    with stopwatch() as floor:
        for raw in sent:
            decode(raw)
    rate = len(sent) / spent.wall
    return [Line("event of other systems, read and checked", f"{rate:,.0f} events/s; {spent.per(len(sent))}",
                 f"plain JSON: {len(sent) / floor.wall:,.0f}/s; {floor.per(len(sent))}",
                 f"{spent.wall / floor.wall:.1f} wall, {spent.cpu / floor.cpu:.1f} CPU", f"≥ {LIMIT:,}/s", rate >= LIMIT,
                 f"{len(sent):,} events of {len(sent[0])} bytes")]


def _event(number: int) -> bytes:
    return msgspec.json.encode({
        "id": f"e{number}", "kind": "accepted", "case_no": f"A{number}", "at": "2026-03-09T09:30:00+08:00", "org": "JS",
        "item": "JS-001", "actor": "Zhang San", "data": {"promised_due": "2026-03-16", "title": "permit"}})

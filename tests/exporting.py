"""A small installation whose record has everything in it an export may stumble over; for tests of exports and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bootstrap import Services
from cases.events import NO_DATA, CaseEvent, Due, EventData, EventKind
from core.access import Actor, Role
from core.instants import to_us
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site

CITY, COUNTY = "360500", "360521"
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
ADMINISTRATOR = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
OF_COUNTY = replace(INSPECTOR, area=COUNTY)
APPLICANT, OFFICER = "王小明", "赵晓燕 zhao"
FORMULA, ODD = "=HYPERLINK(\"x\")", "'=1+1 \"引号\", 逗号\n换行 <标签> & ☃"
BEGIN = datetime(2025, 12, 18, 1, 20, 0, 123456, tzinfo=UTC)


def site_on(folder: Path, url: str, **more: Any) -> Site:
    """The web server on that database."""
    return make_site(folder, **{"database.url": url, **more})


def record(services: Services, cases: int = 24) -> list[CaseEvent]:
    """Record that many cases; returns every event in the order of recording."""
    events = list(told(services, cases))
    for start in range(0, len(events), 50):
        services.recorder.record(events[start:start + 50])
    return events


def told(services: Services, cases: int) -> Iterator[CaseEvent]:
    """Cases of two areas and two departments over three months; every third is open, some events come as two versions."""
    rng = Random(6)
    items = {org: next(item.code for item in services.catalogue.items.values() if item.org == org)
             for org in (OWN_ORG, OTHER_ORG)}
    for number in range(cases):
        org, area = (OWN_ORG, OTHER_ORG)[number % 2], (CITY, COUNTY)[number % 3 == 0]
        case_no = f"{FORMULA if number == 4 else 'X'}-{number}"
        at = BEGIN + timedelta(days=3 * number, minutes=rng.randrange(300))

        def event(kind: EventKind, hours: float, data: EventData = NO_DATA, *, no: str = case_no, where: str = area,
                  whose: str = org, begin: datetime = at, **more: Any) -> CaseEvent:
            return CaseEvent(**{"source": "hall", "source_event_id": f"{no}/{kind.value}/{hours}", "kind": kind, "case_no": no,
                                "area": where, "claimed_at": to_us(begin + timedelta(hours=hours)), "org": whose,
                                "item": items[whose], "actor": OFFICER, "station": "3号窗口", "data": data, **more})

        due = Due(to_us(at + timedelta(days=9)), 480, "instant" if number % 2 else "day")
        first = EventData(applicant=APPLICANT, title=f"{APPLICANT}的申请{ODD}", promised_due=due, phone_hash="0a1b",
                          attributes={"channel": "window", "note": f"{APPLICANT}本人"}, materials=("m1", "m2"))
        yield event(EventKind.RECEIVED, 0, first, actor=APPLICANT, org=None)
        yield event(EventKind.ACCEPTED, 2, EventData(promised_limit="7wd", certificate_no="证-1"), utc_offset=60)
        yield event(EventKind.STEP, 20.5, EventData(opinion=ODD), step="初审")
        if number % 5 == 0:
            yield event(EventKind.SPECIAL_STARTED, 30, EventData(special_kind="expert_review", approved_days=5))
            yield event(EventKind.SPECIAL_ENDED, 50, order=2**31 - 1)
        if number % 3 != 2:
            yield event(EventKind.CONCLUDED, 24.0 * (2 + number % 11), EventData(result="granted", reason=FORMULA))
        if number % 8 == 1:
            yield event(EventKind.STEP, 20.5, EventData(opinion="改\r定"), step="复审", source_version=2)


def written_versions(events: list[CaseEvent]) -> list[CaseEvent]:
    """Those that count: the highest version of each event of a source."""
    highest: dict[tuple[str, str], int] = {}
    for one in events:
        key = (one.source, one.source_event_id)
        highest[key] = max(one.source_version, highest.get(key, 0))
    return [one for one in events if one.source_version == highest[one.source, one.source_event_id]]

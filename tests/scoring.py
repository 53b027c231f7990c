"""A small installation whose February can be scored: cases with cards, ratings and dates that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alerts.roster.contacts import Addressee, Contact
from bootstrap import Services
from cases.events import NO_DATA, CaseEvent, EventData, EventKind
from core.access import Actor, Role
from core.instants import to_us
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site

FEBRUARY = date(2026, 2, 1)
AREA = "360500"
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
SECOND = Actor("qian", frozenset({Role.INSPECTOR}), display_name="钱卫")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
UNIT = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), OWN_ORG, "赵晓燕")
OTHER_UNIT = Actor("feng", frozenset({Role.DEPARTMENT_USER}), OTHER_ORG, "冯磊")
ADMINISTRATOR = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
COUNTY = replace(INSPECTOR, name="he", area="360521")


def scored_site(folder: Path, url: str = "", **more: Any) -> Site:
    """The web server on such a record."""
    site = make_site(folder, **{**({"database.url": url} if url else {}), **more})
    record_february(site.services)
    return site


def record_february(services: Services) -> None:
    """OWN_ORG: 30 cases done early, one never (a red card in February), ratings of 20, five of them bad. OTHER_ORG: 25 cases,
    all late."""
    services.recorder.record(list(events(services)))
    services.sweeper.sweep_all()


def events(services: Services) -> Iterator[CaseEvent]:
    yield event(services, "LATE-1", EventKind.ACCEPTED, datetime(2026, 1, 12, 2, tzinfo=UTC))
    for number in range(30):
        yield from done(services, f"A-{number}", OWN_ORG, 2, 3 + number % 3, None if number >= 20 else 1 if number < 5 else 5)
    for number in range(25):
        yield from done(services, f"B-{number}", OTHER_ORG, 2, 27, None)


def done(services: Services, case_no: str, org: str, accepted: int, concluded: int, score: int | None) -> Iterator[CaseEvent]:
    """A case accepted and concluded on these days of February, with its rating."""
    end = datetime(2026, 2, concluded, 3, tzinfo=UTC)
    yield event(services, case_no, EventKind.ACCEPTED, datetime(2026, 2, accepted, 2, tzinfo=UTC), org=org)
    yield event(services, case_no, EventKind.CONCLUDED, end, org=org)
    if score is not None:
        yield event(services, case_no, EventKind.RATED, end, EventData(score=score), org=org)


def event(services: Services, case_no: str, kind: EventKind, at: datetime, data: EventData = NO_DATA,
          org: str = OWN_ORG) -> CaseEvent:
    item = next(item.code for item in services.catalogue.items.values()
                if item.org == org and item.promised is not None and item.promised.unit == "wd")
    return CaseEvent(source="hall", source_event_id=f"{case_no}-{kind.value}", kind=kind, case_no=case_no, area=AREA,
                     claimed_at=to_us(at), org=org, item=item, data=data)


def name_contacts(services: Services) -> None:
    """Who is told of OWN_ORG's scores: by the inbox of an account."""
    for role, name, username in ((Addressee.LIAISON, "赵晓燕", "zhao"), (Addressee.UNIT_HEAD, "孙国华", "sun")):
        services.roster_service.save_contact(Contact(org=OWN_ORG, role=role, name=name, username=username), ADMINISTRATOR)


def moved_to(site: Site, moment: datetime) -> None:
    """The business clock shows that moment."""
    site.services.clock.move_to(moment)  # type: ignore[attr-defined]

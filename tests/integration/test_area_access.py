"""What a person bound to an area sees and changes of the supervision itself: patrols, clocks that cannot be judged, previews
and edits. One table of people, held to each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from alerts.backtest.open_clocks import open_clocks
from alerts.backtest.service import Period
from alerts.models import cards
from alerts.room.unjudgeable import unjudgeable
from bootstrap import Services
from cases.areas import Area
from cases.events import CaseEvent, EventKind
from config.editing import with_day
from config.versions import Kind, VersionState
from core.access import Actor, Role
from core.errors import NotPermitted
from tests.integration.test_config_versions import built_on, us

CITY, DISTRICT = "360500", "360502"


@dataclass(frozen=True)
class Row:
    """A person and the areas whose cases he may find in what he asks for."""

    actor: Actor
    sees: frozenset[str]


def person(name: str, role: Role, area: str = "") -> Row:
    return Row(Actor(name, frozenset({role}), area=area), frozenset({area} if area else {CITY, DISTRICT}))


READERS = (person("inspector", Role.INSPECTOR), person("inspector-of-the-city", Role.INSPECTOR, CITY),
           person("inspector-of-a-district", Role.INSPECTOR, DISTRICT), person("leader-of-a-district", Role.LEADER, DISTRICT),
           person("administrator", Role.ADMINISTRATOR), person("administrator-of-a-district", Role.ADMINISTRATOR, DISTRICT))
EVERYWHERE, OF_THE_CITY, OF_THE_DISTRICT = (Actor(f"admin-{area or 'all'}", frozenset({Role.ADMINISTRATOR}), area=area)
                                            for area in ("", CITY, DISTRICT))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A case that is late in each of two areas, another nobody can judge, and no card of either."""
    folder = tmp_path_factory.mktemp("areas")
    built = built_on(f"sqlite:///{folder / 'areas.db'}", folder, mode="off")
    with built.uow() as uow:
        for area in (CITY, DISTRICT):
            built.areas.save(uow, Area(area, area, "cn", "Asia/Shanghai", "kechuang"))
    for area in (CITY, DISTRICT):
        built.recorder.record([accepted(area, "late", "fagai-01"), accepted(area, "unjudged", "")])
    with built.database.transaction() as conn:
        conn.execute(delete(cards))
    yield built
    built.database.dispose()


def accepted(area: str, name: str, item: str) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=f"{area}-{name}", kind=EventKind.ACCEPTED, case_no=f"{area}-{name}",
                     area=area, org="fagai", item=item or None, claimed_at=us("2026-03-02T10:00:00"))


def areas_of(case_nos: Any) -> frozenset[str]:
    return frozenset(number.split("-")[0] for number in case_nos)


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.actor.name)
def test_whose_cases_stand_in_the_last_patrol_of_everything(shared: Services, row: Row) -> None:
    done, queries = shared.patroller.patrol("nightly"), shared.patroller.queries
    found = queries.findings(done.id, row.actor.area)
    assert areas_of(one.case_no for one in found) == row.sees
    assert queries.count(done.id, row.actor.area) == len(found)


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.actor.name)
def test_a_patrol_somebody_asks_for_goes_over_his_area_only(shared: Services, row: Row) -> None:
    done = shared.patroller.patrol(row.actor.name, row.actor.area)
    assert areas_of(one.case_no for one in shared.patroller.queries.findings(done.id)) == row.sees
    assert done.cases == 2 * len(row.sees)
    last = shared.patroller.queries.last("")
    assert last is None or not last.area


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.actor.name)
def test_whose_cases_are_examples_of_clocks_that_cannot_be_judged(shared: Services, row: Row) -> None:
    reasons = unjudgeable(shared.database, row.actor.area)
    assert areas_of(example.case_no for reason in reasons for example in reason.examples) == row.sees
    assert sum(reason.count for reason in reasons) == len(row.sees)


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.actor.name)
@pytest.mark.parametrize("kind", [Kind.RULES, Kind.CALENDAR, Kind.ITEM, Kind.AREA])
def test_whose_cases_a_preview_lists(shared: Services, row: Row, kind: Kind) -> None:
    if not row.actor.has(Role.ADMINISTRATOR):
        return
    subject, content = edit_of(shared, kind)
    world = shared.previews.edited(kind, subject, content, within=row.actor.area)
    present = shared.previews.present(world.scope)
    now = shared.clock.now_us()
    cards_found = shared.backtester.run(world, Period(0, now), present).lines
    moved = open_clocks(shared.database, present, world, now).clocks
    expected = row.sees & {DISTRICT} if kind is Kind.AREA else row.sees
    assert areas_of(line.case_no for line in cards_found) == expected
    assert areas_of(clock.case_no for clock in moved) == expected


def edit_of(services: Services, kind: Kind) -> tuple[str, dict[str, Any]]:
    """An edit that moves the clocks of the cases that are late: one of the district only where an area is edited."""
    if kind is Kind.AREA:
        return DISTRICT, {"name": "区", "calendar": "cn", "timezone": "Asia/Shanghai", "preset": "chengdu"}
    subject = {Kind.RULES: "kechuang", Kind.CALENDAR: "cn", Kind.ITEM: "fagai-01"}[kind]
    _number, content = services.editing.present(kind, subject)
    if kind is Kind.RULES:
        rule = next(rule for rule in content["rules"] if rule["watches"] == "promised")
        rule["rungs"][1]["offset_days"] = 1
    elif kind is Kind.CALENDAR:
        content = with_day(content, date(2026, 3, 4), "off", "市庆")
    else:
        content |= {"promised": "9wd"}
    return subject, content


MAY = {
    "a ladder every area goes by": (Kind.RULES, "kechuang", {EVERYWHERE}),
    "a calendar every area goes by": (Kind.CALENDAR, "cn", {EVERYWHERE}),
    "an item of a unit of the city": (Kind.ITEM, "fagai-01", {EVERYWHERE, OF_THE_CITY}),
    "a unit of the city": (Kind.ORGANISATION, "fagai", {EVERYWHERE, OF_THE_CITY}),
    "the plan of the district": (Kind.AREA, DISTRICT, {EVERYWHERE, OF_THE_DISTRICT}),
    "the plan of the city": (Kind.AREA, CITY, {EVERYWHERE, OF_THE_CITY}),
    "a scheme of scoring": (Kind.SCORING, "", {EVERYWHERE}),
    "words of papers": (Kind.PAPER, "", {EVERYWHERE})}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = built_on(f"sqlite:///{tmp_path / 'edits.db'}", tmp_path)
    with built.uow() as uow:
        for area in (CITY, DISTRICT):
            built.areas.save(uow, Area(area, area, "cn", "Asia/Shanghai", "kechuang"))
    yield built
    built.database.dispose()


def subject_of(services: Services, kind: Kind, subject: str) -> str:
    if kind is Kind.SCORING:
        return next(iter(services.scoring.book.schemes.shipped))
    return next(iter(services.editing.shipped.papers.shipped)) if kind is Kind.PAPER else subject


def refused(call: Any) -> bool:
    try:
        call()
    except NotPermitted:
        return True
    return False


@pytest.mark.parametrize("actor", [EVERYWHERE, OF_THE_CITY, OF_THE_DISTRICT], ids=lambda actor: actor.name)
@pytest.mark.parametrize(("kind", "name", "may"), MAY.values(), ids=MAY)
def test_who_proposes_confirms_and_turns_down_an_edit(services: Services, kind: Kind, name: str, may: set[Actor],
                                                      actor: Actor) -> None:
    editing, subject = services.editing, subject_of(services, kind, name)
    _number, content = editing.present(kind, subject)
    other = Actor("other", frozenset({Role.ADMINISTRATOR}))
    day = date(2026, 1, 1)

    assert refused(lambda: editing.propose(kind, subject, content, effective_from=day, reason="试", actor=actor)) is (
        actor not in may)
    if actor in may:
        editing.reject(kind, subject, 1, actor=actor, reason="试")
    version = editing.propose(kind, subject, content, effective_from=day, reason="试", actor=other)
    assert editing.may_edit(actor, kind, subject, content) is (actor in may)
    assert refused(lambda: editing.reject(kind, subject, version.number, actor=actor, reason="不同意")) is (actor not in may)
    if actor in may:
        version = editing.propose(kind, subject, content, effective_from=day, reason="试", actor=other)
    assert refused(lambda: editing.confirm(kind, subject, version.number, actor=actor)) is (actor not in may)
    state = editing.history(kind, subject)[0].state
    assert state is (VersionState.ACTIVE if actor in may else VersionState.PROPOSED)


def test_a_unit_cannot_be_moved_out_of_the_area_or_taken_into_it(services: Services) -> None:
    _number, content = services.editing.present(Kind.ORGANISATION, "fagai")
    moved = {**content, "area": DISTRICT}
    for actor in (OF_THE_CITY, OF_THE_DISTRICT):
        assert not services.editing.may_edit(actor, Kind.ORGANISATION, "fagai", moved)


def test_a_ladder_no_other_area_goes_by_is_the_areas_own(services: Services) -> None:
    with services.uow() as uow:
        services.areas.save(uow, Area(DISTRICT, "区", "cn", "Asia/Shanghai", "chengdu"))
    _number, content = services.editing.present(Kind.RULES, "chengdu")
    assert services.editing.may_edit(OF_THE_DISTRICT, Kind.RULES, "chengdu", content)
    assert not services.editing.may_edit(OF_THE_CITY, Kind.RULES, "chengdu", content)

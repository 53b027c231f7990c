"""Editing of items and units under several hands, on both databases; back-test and live agree on migrated cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alerts.backtest.service import Backtester, Period
from alerts.backtest.watches import World
from alerts.detectors.reading import JournalReader
from bootstrap import build_services
from cases.events import CaseEvent, EventData, EventKind
from config.people import NEW
from config.versions import Kind
from core.access import Role
from core.accounts import Standing
from core.errors import Conflict, InvalidInput
from tests.editing import ANNA, carried_out, content_of, published, seen, shorter, with_check_last
from tests.hosting import APPROVER, HANDLER, ITEM, ORG, REVIEWER, Hall, at_once
from tests.integration.test_backtest import live_cards, told

RENAMED = {"审核": "复核"}


@pytest.fixture
def hall(fresh_database_url: str, tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path, fresh_database_url)
    yield made
    made.services.database.dispose()


def test_of_two_plans_of_one_item_one_waits_for_nobody(hall: Hall) -> None:
    case_no = hall.accepted()
    to = published(hall, with_check_last(hall))
    migrations, cases = hall.approval.migrations, [(case_no, hall.rev(case_no))]
    plans = [migrations.propose(ITEM, 0, to, RENAMED, cases, reason="试", actor=ANNA) for _ in range(2)]

    assert at_once(*[lambda plan=plan: migrations.carry_out(plan.id, actor=ANNA) for plan in plans]) == ["done", "done"]

    assert hall.kinds(case_no).count("migrated") == 1


def test_a_step_and_a_migration_at_once_lose_neither(hall: Hall) -> None:
    """Whoever comes second is told: the person that the case changed, or the plan that it leaves the case out."""
    case_no = hall.accepted()
    to = published(hall, with_check_last(hall))
    migrations, rev = hall.approval.migrations, hall.rev(case_no)
    plan = migrations.propose(ITEM, 0, to, RENAMED, [(case_no, rev)], reason="试", actor=ANNA)

    said = at_once(lambda: hall.approval.handling.complete(case_no, rev, "同意", HANDLER),
                   lambda: migrations.carry_out(plan.id, actor=ANNA))

    left_out = migrations.plans(ITEM)[0].left_out
    assert (said, left_out) in ((["done", "done"], {case_no: ("case_changed", "")}), (["case_changed", "done"], {}))
    assert hall.kinds(case_no).count("step") + hall.kinds(case_no).count("migrated") == 1


def test_another_process_sees_a_version_at_its_next_filing(hall: Hall, fresh_database_url: str) -> None:
    other = build_services(hall.services.settings, hall.clock)
    published(hall, shorter(hall))

    other.keep_current()

    assert other.catalogue.items[ITEM].steps == hall.services.catalogue.items[ITEM].steps
    other.database.dispose()


def test_a_unit_with_open_cases_or_items_cannot_be_abolished(hall: Hall) -> None:
    hall.accepted()
    editing = hall.services.editing
    gone = {**editing.present(Kind.ORGANISATION, ORG)[1], "abolished": True}

    with pytest.raises(Conflict, match="organisation_in_use") as refusal:
        editing.propose(Kind.ORGANISATION, ORG, gone, effective_from=date(2026, 3, 16), reason="改革", actor=ANNA)

    assert refusal.value.details["cases"] == 1
    assert refusal.value.details["items"] == 5
    assert refusal.value.details["people"] >= 1


def test_a_new_name_holds_from_its_day_and_an_abolished_unit_keeps_it(hall: Hall) -> None:
    editing, units = hall.services.editing, hall.services.catalogue.organisations
    new = {"name": "市数据局", "short": "市数据局", "area": "360500", "posts": ["数据专员"]}
    editing.propose(Kind.ORGANISATION, "shuju", new, effective_from=date(2026, 3, 16), reason="新设", actor=ANNA, is_new=True)
    editing.propose(Kind.ORGANISATION, "shuju", {**new, "name": "市大数据局"}, effective_from=date(2026, 3, 17), reason="更名",
                    actor=ANNA)
    hall.services.keep_current()
    assert (units["shuju"].name, editing.shipped.posts_of("shuju")[-1]) == ("市数据局", "数据专员")

    hall.on(17)
    assert units["shuju"].name == "市大数据局"
    editing.propose(Kind.ORGANISATION, "shuju", {**new, "abolished": True, "merged_into": ORG}, reason="并入", actor=ANNA,
                    effective_from=date(2026, 3, 17))
    hall.services.keep_current()

    assert (units["shuju"].abolished, units["shuju"].merged_into, list(units)[-1]) == (True, ORG, "shuju")


def test_a_unit_renamed_goes_on_counting_its_papers(hall: Hall) -> None:
    """They are counted by its short name, which is what the numbers are written with."""
    first = hall.file()
    editing = hall.services.editing
    content = editing.present(Kind.ORGANISATION, ORG)[1]
    renamed = {**content, "name": "新余市" + "工业和信息化" * 19}
    editing.propose(Kind.ORGANISATION, ORG, renamed, effective_from=date(2026, 3, 16), reason="更名", actor=ANNA)
    hall.services.keep_current()

    numbers = [hall.detail(case_no).receipts[0].number for case_no in (first, hall.file())]

    assert [number.partition("〔")[2] for number in numbers] == ["2026〕1号", "2026〕2号"]


def test_no_unit_takes_the_short_name_of_another(hall: Hall) -> None:
    editing = hall.services.editing
    short = hall.services.catalogue.organisations["fagai"].short

    with pytest.raises(InvalidInput, match="short_taken") as refusal:
        editing.propose(Kind.ORGANISATION, ORG, {**editing.present(Kind.ORGANISATION, ORG)[1], "short": short},
                        effective_from=date(2026, 3, 16), reason="更名", actor=ANNA)

    assert (refusal.value.details["key"], refusal.value.details["short"]) == ("short", short)


def test_a_unit_to_be_abolished_takes_no_item_and_one_with_an_item_to_come_stays(hall: Hall) -> None:
    """What was asked ahead counts like what holds today; and an abolished unit takes no case, however it got its item."""
    editing = hall.services.editing
    unit = {"name": "市数据局", "short": "市数据局", "area": "360500"}
    own = {**content_of(hall), "org": "shuju"}

    def propose(kind: Kind, subject: str, content: dict[str, Any], day: int, *, is_new: bool = False) -> None:
        editing.propose(kind, subject, content, effective_from=date(2026, 3, day), reason="改革", actor=ANNA, is_new=is_new)
        hall.services.keep_current()

    propose(Kind.ORGANISATION, "shuju", unit, 16, is_new=True)
    propose(Kind.ITEM, "shuju-01", own, 20, is_new=True)
    with pytest.raises(Conflict, match="organisation_in_use") as refusal:
        propose(Kind.ORGANISATION, "shuju", {**unit, "abolished": True}, 18)
    assert refusal.value.details["items"] == 1

    propose(Kind.ITEM, "shuju-01", {**own, "retired": True}, 20)
    propose(Kind.ORGANISATION, "shuju", {**unit, "abolished": True}, 18)
    with pytest.raises(InvalidInput, match="item_org_unknown"):
        propose(Kind.ITEM, "shuju-02", own, 17, is_new=True)

    editing.guards.clear()
    propose(Kind.ITEM, "shuju-02", own, 17, is_new=True)
    hall.on(18)
    with pytest.raises(InvalidInput, match="item_org_unknown"):
        hall.file("shuju-02", "web")


def test_back_test_and_live_agree_on_cases_of_every_version(hall: Hall) -> None:
    """Cards of pinned, migrated and new cases: what the journal gives again is what was told at the time."""
    pinned, moved = hall.accepted(), hall.accepted()
    hall.do(moved, HANDLER)
    to = published(hall, with_check_last(hall))
    foreseen = [one for one in seen(hall, to, RENAMED).values() if one.case_no == moved]
    assert carried_out(hall, to, RENAMED, foreseen).left_out == {}
    new = hall.accepted()
    hall.later(days=40)
    services = hall.services
    services.sweeper.sweep_all()

    live = [card for card in services.alert_queries.snapshot().cards if card.origin == "clock"]
    period = Period(0, hall.clock.now_us())
    world = World(services.areas, services.catalogue.as_shipped)
    result = Backtester(services.database).run(world, period)

    assert {card.case_no for card in live} == {pinned, moved, new}
    assert sum(result.cards.values()) == len(live)


def test_back_test_and_live_agree_when_a_power_or_the_day_promises_follow_changes(hall: Hall) -> None:
    """A promise without a day follows the limit of the version; a decision ends the limits of one power, not of another."""
    penalty, services = "chengguan-81", hall.services
    published(hall, {**content_of(hall), "promised": "40wd", "statutory": "60wd"})
    published(hall, {**content_of(hall, penalty), "kind": "permit"}, penalty)
    day, began = 86_400_000_000, hall.clock.now_us()
    hall.later(days=45)
    services.recorder.record([
        fed(ITEM, 1, EventKind.ACCEPTED, began, materials=("shenqing",), deferred=("changdi",)),
        fed(penalty, 1, EventKind.ACCEPTED, began),
        fed(penalty, 2, EventKind.DECIDED, began + 9 * day, result="granted")])
    hall.later(days=100)
    services.sweeper.sweep_all()

    world = World(services.areas, services.catalogue.as_shipped)
    result = Backtester(services.database).run(world, Period(0, hall.clock.now_us()), lines_max=1000)

    assert told(result.lines) == live_cards(services)
    assert {line.item for line in result.lines if line.kind in ("deferred", "promised", "statutory")} == {ITEM, penalty}


def test_detectors_judge_a_case_by_the_version_it_goes_by(hall: Hall) -> None:
    old, moved = hall.accepted(), hall.accepted()
    to = published(hall, {**content_of(hall), "fees": [], "fee": False})
    assert carried_out(hall, to, {}, [seen(hall, to, {})[moved]]).left_out == {}
    new = hall.accepted()

    detection, reader = hall.services.detectors.detection, JournalReader(hall.services.database)
    found = {case.case_no: detection.directory.item_of(case).fee
             for unit in reader.units(detection.period_of(20_500, 20_600)) for chunk in reader.chunks(unit) for case in chunk}

    assert found == {old: True, moved: False, new: False}


def fed(item: str, place: int, kind: EventKind, at: int, **data: Any) -> CaseEvent:
    """Of a case whose number is its item."""
    return CaseEvent(source="made", source_event_id=f"{item}/{place}", kind=kind, case_no=item, area="360500", claimed_at=at,
                     order=place, org=item.partition("-")[0], item=item, data=EventData(**data))


def test_a_migrated_case_goes_to_its_end_without_a_fault(hall: Hall) -> None:
    case_no = hall.accepted()
    content = content_of(hall)
    steps = [{**one, "limit": "5wd"} if one["name"] == "承办" else one for one in content["steps"]]
    to = published(hall, {**content, "promised": "9wd", "steps": steps})
    carried_out(hall, to, {}, seen(hall, to, {}).values())
    for person in (HANDLER, REVIEWER, APPROVER):
        hall.do(case_no, person)
    hall.conclude(case_no)

    assert hall.faults(case_no) == []
    assert hall.clocks(case_no)["承办"].limit_text == "5wd"


def test_nobody_is_put_into_a_unit_that_was_abolished(hall: Hall) -> None:
    editing, people = hall.services.editing, hall.services.people
    new = {"name": "市数据局", "short": "市数据局", "area": "360500"}
    hall.services.accounts.create(ANNA.name, "long enough 1", display_name="安娜", roles=[Role.ADMINISTRATOR])
    for content, is_new in ((new, True), ({**new, "abolished": True}, False)):
        editing.propose(Kind.ORGANISATION, "shuju", content, effective_from=date(2026, 3, 16), reason="试", actor=ANNA,
                        is_new=is_new)
        hall.services.keep_current()

    with pytest.raises(InvalidInput, match="org_unknown"):
        people.propose("du", Standing("杜明", frozenset({Role.DEPARTMENT_USER}), "shuju"), reason="试", actor=ANNA,
                       based_on=NEW)

"""Versions of rules, calendars and limits: confirmed by a second person, in force for the right cases, for ever readable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bootstrap import Services, build_services
from cases.events import CaseEvent, EventKind
from cases.explain import explain
from cases.models import clock_rungs, clocks
from config.editing import with_day
from config.models import config_log
from config.service import ConfigService
from config.settings import load_settings
from config.two_persons import TwoPersons
from config.versions import Kind, VersionState
from core.access import Actor, Role
from core.clock import FrozenClock
from core.errors import ConfigError, Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import to_us

ANNA = Actor("anna", frozenset({Role.ADMINISTRATOR}), display_name="安娜")
BEN = Actor("ben", frozenset({Role.ADMINISTRATOR}), display_name="本")
INSPECTOR = Actor("ivy", frozenset({Role.INSPECTOR}))
NOW = datetime(2026, 3, 16, 6, 0, tzinfo=UTC)  # a Monday, 14:00 in Shanghai
ITEM, AREA = "fagai-01", "360500"              # promised 7 working days, statutory 20, judged to the minute


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    built = built_on(fresh_database_url, tmp_path)
    yield built
    built.database.dispose()


def built_on(url: str, folder: Path, mode: str = "on") -> Services:
    return build_services(load_settings({
        "database.url": url, "journal.key": "j" * 32, "security.secret_key": "s" * 32, "security.two_administrators": mode,
        "journal.anchor_dir": str(folder / "anchors"), "feeds.drop_dir": str(folder / "drop")}), FrozenClock(NOW))


def us(text: str) -> int:
    return to_us(datetime.fromisoformat(f"{text}+08:00"))


def event(kind: EventKind, case_no: str, at: str) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=f"{case_no}-{kind}", kind=kind, case_no=case_no, area=AREA, org="fagai",
                     item=ITEM, claimed_at=us(at))


def edited_rules(services: Services, offset: int) -> dict[str, Any]:
    """科创 with the yellow rung of the promised limit moved."""
    _number, content = services.editing.present(Kind.RULES, "kechuang")
    rule = next(rule for rule in content["rules"] if rule["watches"] == "promised")
    rule["rungs"][1]["offset_days"] = offset
    return content


def confirmed(services: Services, kind: Kind, subject: str, content: Any, since: str = "2020-01-01") -> None:
    first_day = date.fromisoformat(since)
    version = services.editing.propose(kind, subject, content, effective_from=first_day, reason="试", actor=ANNA)
    services.editing.confirm(kind, subject, version.number, actor=BEN)
    services.rejudger.work()


def told(services: Services, case_no: str) -> dict[str, int]:
    """Rungs of the promised limit told for a case."""
    detail = services.case_queries.find_case(case_no, services.clock.now_us())
    assert detail is not None
    with services.database.read() as conn:
        rows = conn.execute(select(clock_rungs.c.rung, clock_rungs.c.at).where(
            clock_rungs.c.case_id == detail.case_id, clock_rungs.c.kind == "promised")).all()
    return {row.rung: row.at for row in rows}


def due_of(services: Services, case_no: str) -> int | None:
    detail = services.case_queries.find_case(case_no, services.clock.now_us())
    assert detail is not None
    return next(clock.due_at for clock in detail.clocks if clock.ref.kind == "promised")


def stored_due(services: Services, case_id: int) -> int | None:
    with services.database.read() as conn:
        return conn.scalar(select(clocks.c.due_at).where(clocks.c.case_id == case_id, clocks.c.kind == "promised"))


# Two persons ------------------------------------------------------------------------------------------------------

def test_a_proposal_changes_nothing_until_another_administrator_confirms_it(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00")])
    before = due_of(services, "A1")
    content = {"promised": "9wd", "statutory": "20wd", "granularity": "instant"}

    version = services.editing.propose(Kind.ITEM, ITEM, content, effective_from=date(2026, 1, 1), reason="评审多", actor=ANNA)
    services.rejudger.work()
    assert (version.state, due_of(services, "A1")) == (VersionState.PROPOSED, before)

    with pytest.raises(NotPermitted, match="second_administrator_needed"):
        services.editing.confirm(Kind.ITEM, ITEM, version.number, actor=ANNA)
    services.editing.confirm(Kind.ITEM, ITEM, version.number, actor=BEN)
    services.rejudger.work()
    assert due_of(services, "A1") == us("2026-03-13T10:00:00")


def test_where_one_administrator_is_enough_a_proposal_is_in_force_at_once(fresh_database_url: str, tmp_path: Path) -> None:
    services = built_on(fresh_database_url, tmp_path, mode="off")

    version = services.editing.propose(Kind.ITEM, ITEM, {"promised": "9wd", "statutory": "20wd"},
                                       effective_from=date(2026, 1, 1), reason="试", actor=ANNA)

    assert (version.state, version.decided_by) == (VersionState.ACTIVE, "anna")
    services.database.dispose()


def test_auto_asks_for_two_as_soon_as_there_are_two(services: Services) -> None:
    auto = TwoPersons("auto")
    with services.database.read() as conn:
        assert not auto(conn)
    for name in ("anna", "ben"):
        services.accounts.create(name, "long enough 1", display_name=name, roles=[Role.ADMINISTRATOR])
    with services.database.read() as conn:
        assert auto(conn)
    services.accounts.deactivate("ben")
    with services.database.read() as conn:
        assert not auto(conn)


def test_of_two_who_decide_at_once_one_is_told_it_is_decided(services: Services) -> None:
    version = services.editing.propose(Kind.RULES, "kechuang", edited_rules(services, 1), effective_from=date(2026, 1, 1),
                                       reason="试", actor=ANNA)
    carl = Actor("carl", frozenset({Role.ADMINISTRATOR}))
    start, answers = threading.Barrier(2), list[str]()

    def decide(actor: Actor) -> None:
        start.wait()
        try:
            services.editing.confirm(Kind.RULES, "kechuang", version.number, actor=actor)
            answers.append("confirmed")
        except Conflict as refusal:
            answers.append(refusal.code)

    threads = [threading.Thread(target=decide, args=(actor,)) for actor in (BEN, carl)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["confirmed", "proposal_decided"]
    assert [line.action for line in services.editing.log()] == ["confirmed", "proposed"]


def test_only_administrators_edit(services: Services) -> None:
    with pytest.raises(NotPermitted):
        services.editing.propose(Kind.RULES, "kechuang", edited_rules(services, 1), effective_from=date(2026, 1, 1),
                                 reason="试", actor=INSPECTOR)


def test_a_second_proposal_waits_for_the_first_and_an_outdated_one_is_refused(services: Services) -> None:
    first = services.editing.propose(Kind.RULES, "kechuang", edited_rules(services, 1), effective_from=date(2026, 1, 1),
                                     reason="试", actor=ANNA)
    with pytest.raises(Conflict, match="proposal_waits"):
        services.editing.propose(Kind.RULES, "kechuang", edited_rules(services, 2), effective_from=date(2026, 1, 1),
                                 reason="试", actor=BEN)
    services.editing.confirm(Kind.RULES, "kechuang", first.number, actor=BEN)
    with pytest.raises(Conflict, match="version_outdated"):
        services.editing.propose(Kind.RULES, "kechuang", edited_rules(services, 2), effective_from=date(2026, 1, 1),
                                 reason="试", actor=ANNA, based_on=0)


def test_a_proposal_turned_down_stays_readable_and_never_rules(services: Services) -> None:
    version = services.editing.propose(Kind.ITEM, ITEM, {"promised": "9wd", "statutory": "20wd"},
                                       effective_from=date(2026, 1, 1), reason="试", actor=ANNA)
    services.editing.reject(Kind.ITEM, ITEM, version.number, actor=BEN, reason="无依据")

    assert services.editing.present(Kind.ITEM, ITEM)[0] == 0
    assert [(one.number, one.state) for one in services.editing.history(Kind.ITEM, ITEM)] == [(1, VersionState.REJECTED)]
    with pytest.raises(Conflict, match="proposal_decided"):
        services.editing.confirm(Kind.ITEM, ITEM, version.number, actor=BEN)


@pytest.mark.parametrize(("kind", "subject", "content", "code"), [
    (Kind.ITEM, ITEM, {"promised": "21wd", "statutory": "20wd"}, "promise_exceeds_statutory"),
    (Kind.ITEM, ITEM, {"promised": "soon", "statutory": "20wd"}, "limit_unreadable"),
    (Kind.ITEM, "moon-01", {"promised": "2wd"}, "config_subject_unknown"),
    (Kind.AREA, AREA, {"name": "市", "calendar": "cn", "timezone": "Asia/Shanghai", "preset": "moon"}, "preset_unknown"),
    (Kind.AREA, AREA, {"name": "市", "calendar": "cn", "timezone": "Moon/Crater", "preset": "yulin"}, "timezone_unknown")])
def test_what_cannot_be_right_is_refused_with_its_code(services: Services, kind: Kind, subject: str, content: dict[str, Any],
                                                       code: str) -> None:
    with pytest.raises((InvalidInput, NotFound), match=code):
        services.editing.propose(kind, subject, content, effective_from=date(2026, 1, 1), reason="试", actor=ANNA)


def test_a_wrong_rule_names_the_field(services: Services) -> None:
    content = edited_rules(services, 0)
    content["rules"][0]["rungs"][0]["level"] = 9
    with pytest.raises(ConfigError) as refusal:
        services.editing.propose(Kind.RULES, "kechuang", content, effective_from=date(2026, 1, 1), reason="试", actor=ANNA)
    assert refusal.value.details["key"] == "rules.0.rungs.0.level"


# Which cases a version is for -------------------------------------------------------------------------------------

def test_a_version_is_for_cases_begun_from_its_first_day_on(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, "old", "2026-03-03T10:00:00"),
                              event(EventKind.ACCEPTED, "new", "2026-03-10T10:00:00")])
    confirmed(services, Kind.ITEM, ITEM, {"promised": "2wd", "statutory": "20wd", "granularity": "instant"}, "2026-03-09")

    assert due_of(services, "old") == us("2026-03-12T10:00:00")
    assert due_of(services, "new") == us("2026-03-12T10:00:00")
    assert told(services, "new")["yellow"] == us("2026-03-12T10:00:00")


def test_a_case_that_had_ended_keeps_the_version_it_ended_under(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00"),
                              event(EventKind.CONCLUDED, "A1", "2026-03-11T09:00:00")])
    before = services.recounter.recount().differences
    confirmed(services, Kind.ITEM, ITEM, {"promised": "1wd", "statutory": "20wd", "granularity": "instant"})

    assert due_of(services, "A1") == us("2026-03-11T10:00:00")
    assert services.recounter.recount().differences == before == []


def test_a_moved_rung_moves_the_cards_of_open_cases_and_keeps_the_version_of_each(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-04T10:00:00")])
    assert told(services, "A1") == {"warning": us("2026-03-10T10:00:00"), "yellow": us("2026-03-13T10:00:00")}

    confirmed(services, Kind.RULES, "kechuang", edited_rules(services, 2))
    assert told(services, "A1") == {"warning": us("2026-03-10T10:00:00")}
    detail = services.case_queries.find_case("A1", services.clock.now_us())
    assert detail is not None
    assert {clock.rule_version for clock in detail.clocks} == {"kechuang@2018.1+1"}
    assert services.areas.find_preset("kechuang@2018.1").rule_for("promised").rungs[1].offset_days == 0
    assert services.areas.find_preset("kechuang@2018.1+1").rule_for("promised").rungs[1].offset_days == 2
    assert services.rejudger.recent()[0].moved == 1


def test_another_process_sees_the_version_at_its_next_transaction(services: Services, tmp_path: Path) -> None:
    other = built_on(services.settings.database.url, tmp_path)
    confirmed(services, Kind.RULES, "kechuang", edited_rules(services, 2))
    other.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-04T10:00:00")])
    other.database.dispose()

    assert "yellow" not in told(services, "A1")


def test_what_was_read_is_the_readers_own_and_changes_nothing_before_it_is_proposed(services: Services) -> None:
    _number, content = services.editing.present(Kind.CALENDAR, "cn")
    content["years"]["2026"]["off"]["市庆"] = ["2026-03-18"]
    new = services.editing.shipped.blank(Kind.SCORING)
    new["parts"]["work"]["points"] = 40

    assert "市庆" not in services.editing.present(Kind.CALENDAR, "cn")[1]["years"]["2026"]["off"]
    assert services.editing.shipped.blank(Kind.SCORING)["parts"]["work"]["points"] == 100


def test_a_holiday_moved_moves_the_clocks_and_the_calendar_keeps_its_versions(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-12T10:00:00")])
    _number, content = services.editing.present(Kind.CALENDAR, "cn")
    confirmed(services, Kind.CALENDAR, "cn", with_day(content, date(2026, 3, 18), "off", "市庆"))

    assert due_of(services, "A1") == us("2026-03-24T10:00:00")
    assert services.areas.find_calendar("cn@2026.1+1").status(us("2026-03-18T12:00:00") // 86_400_000_000).name == "市庆"
    assert services.areas.find_calendar("cn@2026.1").status(us("2026-03-18T12:00:00") // 86_400_000_000).counted


def test_an_area_changes_its_preset_and_only_its_cases_follow(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-04T10:00:00")])
    plan = {"name": "市本级", "calendar": "cn", "timezone": "Asia/Shanghai", "preset": "yulin"}
    confirmed(services, Kind.AREA, AREA, plan)

    assert set(told(services, "A1")) == {"yellow", "red"}
    assert services.areas.of("elsewhere").preset.id == "kechuang"


def test_a_gap_that_is_closed_judges_cases_that_had_ended_too(services: Services) -> None:
    """A year published late: a case that ended meanwhile must not stay unjudged for ever."""
    clock = services.clock
    assert isinstance(clock, FrozenClock)
    clock.move_to(datetime(2027, 1, 20, tzinfo=UTC))
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2027-01-04T10:00:00"),
                              event(EventKind.CONCLUDED, "A1", "2027-01-14T10:00:00")])
    assert due_of(services, "A1") is None
    _number, content = services.editing.present(Kind.CALENDAR, "cn")
    content["years"]["2027"] = {"published": True, "source": ["通知"], "off": {"元旦": ["01-01..01-03"]}}
    confirmed(services, Kind.CALENDAR, "cn", content)

    assert due_of(services, "A1") == us("2027-01-13T10:00:00")
    assert services.recounter.recount().differences == []


def test_a_year_that_is_published_judges_the_cases_that_are_open(services: Services) -> None:
    """The form proposes tomorrow as its first day: those begun before must not stay without a due day until they end. Their
    own ladder and limits stay theirs."""
    clock = services.clock
    assert isinstance(clock, FrozenClock)
    clock.move_to(datetime(2026, 12, 28, 2, 0, tzinfo=UTC))
    services.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-12-24T10:00:00"),
                              event(EventKind.ACCEPTED, "A2", "2026-12-10T10:00:00")])
    assert due_of(services, "A1") is None
    judged = due_of(services, "A2")
    _number, content = services.editing.present(Kind.CALENDAR, "cn")
    content["years"]["2027"] = {"published": True, "source": ["通知"], "off": {"元旦": ["01-01..01-03"]}}
    confirmed(services, Kind.CALENDAR, "cn", content, since="2026-12-29")

    assert due_of(services, "A1") == us("2027-01-05T10:00:00")
    assert due_of(services, "A2") == judged
    detail = services.case_queries.find_case("A1", clock.now_us())
    assert detail is not None
    assert stored_due(services, detail.case_id) == due_of(services, "A1")
    [promised] = [one for one in explain(detail, services.areas) if one.kind == "promised"]
    assert [(day.date, day.kind) for day in promised.days if day.date == "2027-01-01"] == [("2027-01-01", "holiday")]
    assert services.recounter.recount().differences == []


# Rejudging and the log --------------------------------------------------------------------------------------------

def test_a_rejudgement_goes_on_where_it_was_left(services: Services) -> None:
    services.recorder.record([event(EventKind.ACCEPTED, f"A{n}", "2026-03-12T10:00:00") for n in range(25)])
    services.rejudger._batch = 10
    version = services.editing.propose(Kind.ITEM, ITEM, {"promised": "9wd", "statutory": "20wd", "granularity": "instant"},
                                       effective_from=date(2026, 1, 1), reason="试", actor=ANNA)
    services.editing.confirm(Kind.ITEM, ITEM, version.number, actor=BEN)

    assert services.rejudger.step() == 10
    assert services.rejudger.recent()[0].cases == 10
    services.rejudger.work()
    done = services.rejudger.recent()[0]
    assert (done.cases, done.moved, done.failed, done.finished_at is not None) == (25, 25, 0, True)
    assert services.rejudger.step() is None


def test_the_log_keeps_before_and_after_and_notices_a_changed_line(services: Services) -> None:
    confirmed(services, Kind.ITEM, ITEM, {"promised": "9wd", "statutory": "20wd", "granularity": "instant"})
    confirmed(services, Kind.ITEM, ITEM, {"promised": "8wd", "statutory": "20wd", "granularity": "instant"})
    lines = services.editing.log(Kind.ITEM.value, ITEM)

    assert [(line.version, line.action, line.actor, line.before["promised"], line.after["promised"]) for line in lines] == [
        (2, "confirmed", "ben", "9wd", "8wd"), (2, "proposed", "anna", "9wd", "8wd"),
        (1, "confirmed", "ben", "7wd", "9wd"), (1, "proposed", "anna", "7wd", "9wd")]
    assert fault_of(services.editing, services) is None
    with services.database.transaction() as conn:
        conn.execute(update(config_log).where(config_log.c.seq == 2).values(actor="nobody"))
    assert fault_of(services.editing, services) == 2


def fault_of(editing: ConfigService, services: Services) -> int | None:
    with services.database.read() as conn:
        return editing._changes.first_fault(conn)

"""Detectors on the real record: found once, updated, ended when later data explain them, decided by a person for good."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select

from alerts.card_commands import CardCommand, CardRef
from alerts.detectors.base import Period
from alerts.detectors.entry import G4HandledFirst
from alerts.detectors.models import detector_runs, findings
from alerts.detectors.records import Records, Volume
from alerts.models import cards
from alerts.roster.models import duty_shifts
from bootstrap import Services, build_services
from cases.events import CaseEvent, EventData, EventKind
from config.models import config_log
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock, SwitchedClock
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import DAY_US, MINUTE_US, day_of
from tests.unit.alerts.detectors.logs import at

K = EventKind
INSPECTOR = Actor("bob", frozenset({Role.INSPECTOR}), display_name="薄博")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
OFFICER = Actor("alice", frozenset({Role.DUTY_OFFICER}), display_name="艾丽")
AREA, ORG, ITEM = "360500", "fagai", "fagai-01"
NOW = datetime(2024, 5, 10, 2, 0, tzinfo=UTC)


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    settings = load_settings({"database.url": fresh_database_url, "journal.key_path": str(tmp_path / "journal.key"),
                              "journal.anchor_dir": str(tmp_path / "anchors")})
    built = build_services(settings, SwitchedClock(FrozenClock(NOW)))
    yield built
    built.database.dispose()


def _event(case: str, kind: EventKind, when: str, *, minutes: int = 0, version: int = 1, org: str = ORG,
           **data: Any) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=f"{case}-{kind}", source_version=version, kind=kind, case_no=case,
                     area=AREA, claimed_at=at(when) + minutes * MINUTE_US, org=org, item=ITEM, actor="张三",
                     data=EventData(**data))


def _upside_down(n: int = 4, decided: str = "04-08 09:00", version: int = 1) -> list[CaseEvent]:
    """Cases decided before they were accepted."""
    return [event for number in range(n) for event in (
        _event(f"U-{number}", K.DECIDED, decided, minutes=number, version=version),
        _event(f"U-{number}", K.ACCEPTED, "04-09 09:00", minutes=number),
        _event(f"U-{number}", K.CONCLUDED, "04-12 09:00", minutes=number))]


def _run(services: Services, *only: str) -> Any:
    detection = services.detectors.detection
    return detection.run(detection.period_of(day_of(date(2024, 4, 1)), day_of(date(2024, 4, 30))), only)


def _rows(services: Services, table: Any) -> Sequence[Any]:
    with services.database.read() as conn:
        return conn.execute(select(table).order_by(*table.primary_key)).mappings().all()


def _card(services: Services) -> Any:
    [card] = [row for row in _rows(services, cards) if row["origin"] == "finding"]
    return card


def _advance(services: Services, days: int) -> None:
    services.clock.switch_to(FrozenClock(datetime.fromtimestamp(NOW.timestamp() + days * 86400, UTC)))  # type: ignore[attr-defined]


# One row a subject and period -------------------------------------------------------------------------------------

def test_a_finding_becomes_one_row_and_one_card_that_waits_for_confirmation(services: Services) -> None:
    services.recorder.record(_upside_down())
    report = _run(services)
    [row] = _rows(services, findings)
    assert (row["detector"], row["org"], row["subject_kind"], row["state"], row["holds"]) == ("G4", ORG, "unit", "open", True)
    [figure] = msgspec.json.decode(row["figures"])
    assert (figure["sign"], figure["k"], figure["n"]) == ("decided_before", 4, 4)
    evidence = msgspec.json.decode(row["evidence"])
    assert [one["case_no"] for one in evidence] == ["U-0", "U-1", "U-2", "U-3"]
    assert [one["seqs"] for one in evidence] == [[1, 2], [4, 5], [7, 8], [10, 11]]
    card = _card(services)
    assert (card["disposition"], card["level"], card["case_id"], card["org"]) == ("to_confirm", 3, 0, ORG)
    assert "先办后收" in card["title"]
    assert (report.found, report.changed, report.ended, report.rows_read) == (1, 0, 0, 12)
    assert len(_rows(services, detector_runs)) == 30


def test_running_again_changes_nothing(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    before, card = _rows(services, findings), _card(services)
    _advance(services, 1)
    report = _run(services)
    assert (report.found, report.changed, report.ended) == (0, 0, 0)
    assert _rows(services, findings) == before
    assert (_card(services)["rev"], _card(services)["evidence"]) == (card["rev"], card["evidence"])


def test_more_of_the_same_updates_the_row_and_its_card(services: Services) -> None:
    services.recorder.record(_upside_down(3))
    _run(services)
    services.recorder.record(_upside_down(6))
    report = _run(services)
    [row] = _rows(services, findings)
    assert (report.found, report.changed, row["evidence_count"], row["rev"]) == (0, 1, 6, 2)
    assert '"k":6' in _card(services)["evidence"]


def test_what_later_data_explain_is_marked_and_its_card_taken_back(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    corrected = [event for event in _upside_down(decided="04-11 09:00", version=2) if event.kind is K.DECIDED]
    services.recorder.record(corrected)
    _advance(services, 1)
    assert _run(services, "G4").ended == 1
    [row] = [one for one in _rows(services, findings) if one["detector"] == "G4"]
    assert (row["holds"], row["state"]) == (False, "open")
    assert row["ended_at"] is not None
    assert _card(services)["closed_at"] is not None


def test_a_run_of_other_detectors_ends_nothing(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    assert _run(services, "G1", "G7").ended == 0
    assert [row["holds"] for row in _rows(services, findings)] == [True]


# Decided by a person ----------------------------------------------------------------------------------------------

def test_confirmed_on_the_page_the_card_is_issued_and_the_next_run_leaves_both(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    services.detectors.findings.confirm(1, INSPECTOR, "已调阅档案")
    [row] = _rows(services, findings)
    assert (row["state"], row["decided_by"], row["reason"]) == ("confirmed", "bob", "已调阅档案")
    card = _card(services)
    assert card["disposition"] == "to_sign"
    _run(services)
    assert _card(services)["rev"] == card["rev"]
    with pytest.raises(Conflict):
        services.detectors.findings.dismiss(1, INSPECTOR, "不属实")


def test_dismissed_with_a_reason_it_does_not_come_back_for_its_period(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    with pytest.raises(InvalidInput):
        services.detectors.findings.dismiss(1, INSPECTOR, "  ")
    services.detectors.findings.dismiss(1, INSPECTOR, "系统迁移造成")
    services.recorder.record(_upside_down(9))
    _run(services)
    [row] = _rows(services, findings)
    assert (row["state"], row["reason"], row["evidence_count"]) == ("dismissed", "系统迁移造成", 9)
    assert _card(services)["disposition"] == "dismissed"


def test_dismissed_on_the_duty_desk_it_is_dismissed_here(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    card = _card(services)
    command = CardCommand(command_id="c1", type="dismiss", cards=[CardRef(card["id"], card["rev"])], reason="已核实无误")
    assert services.alerts.execute(command, INSPECTOR).ok
    assert services.detectors.queries.find(1, INSPECTOR).row.state == "dismissed"
    _run(services)
    [row] = _rows(services, findings)
    assert row["state"] == "dismissed"
    assert "已核实无误" in row["reason"]


def test_only_judges_decide_and_whoever_is_bound_to_another_area_sees_nothing(services: Services) -> None:
    services.recorder.record(_upside_down())
    _run(services)
    elsewhere = Actor("eve", frozenset({Role.INSPECTOR}), area="360502")
    with pytest.raises(NotPermitted):
        services.detectors.findings.confirm(1, OFFICER)
    with pytest.raises(NotFound):
        services.detectors.findings.confirm(1, elsewhere)
    assert services.detectors.queries.listed(elsewhere) == []
    assert [row.detector for row in services.detectors.queries.listed(INSPECTOR)] == ["G4"]


# The run itself ---------------------------------------------------------------------------------------------------

def test_a_detector_that_raises_is_reported_ends_nothing_and_stops_no_other(services: Services,
                                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    services.recorder.record(_upside_down())
    _run(services)

    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(G4HandledFirst, "see", broken)
    report = _run(services)
    assert report.failed == ["G4"]
    assert [row["holds"] for row in _rows(services, findings)] == [True]
    errors = {row["detector"]: row["error"] for row in _rows(services, detector_runs) if row["run_id"] == 2}
    assert errors.pop("G4") == "RuntimeError('broken')"
    assert set(errors.values()) == {None}


def test_the_nightly_run_is_due_once_a_day_and_looks_at_last_month_while_its_data_settle(services: Services) -> None:
    services.recorder.record(_upside_down())
    detection = services.detectors.detection
    assert detection.run_due(11, 7) == []  # it is ten o'clock
    assert [report.period.first for report in detection.run_due(2, 14)] == [day_of(date(2024, 4, 1)), day_of(date(2024, 5, 1))]
    assert detection.run_due(2, 14) == []
    assert [row["detector"] for row in _rows(services, findings)] == ["G4"]
    _advance(services, 1)
    assert len(detection.run_due(2, 7)) == 1


def test_what_a_unit_reports_of_itself_is_compared_with_what_the_system_holds(services: Services) -> None:
    services.recorder.record([_event(f"V-{n}", K.ACCEPTED, "04-09 09:00", minutes=n) for n in range(30)])
    volume = Volume(ORG, day_of(date(2024, 4, 1)), day_of(date(2024, 4, 30)), "own_figure", 60)
    administrator = Actor("root", frozenset({Role.ADMINISTRATOR}))
    assert services.detectors.findings.take_volumes(AREA, [volume], administrator) == 1
    report = _run(services, "G3")
    assert [(one.subject, one.figures[0].sign, one.figures[0].k, one.figures[0].n) for one in report.findings] == [
        (ORG, "external", 30, 60)]


def test_periods_that_cannot_be_are_refused(services: Services) -> None:
    detection = services.detectors.detection
    with pytest.raises(InvalidInput, match="detector_period_backwards"):
        detection.period_of(10, 9)
    with pytest.raises(InvalidInput, match="detector_period_too_long"):
        detection.period_of(0, 10_000)
    with pytest.raises(InvalidInput, match="detector_unknown"):
        detection.run(detection.period_of(0, 1), ["G99"])


# Whatever the order -----------------------------------------------------------------------------------------------

def test_the_order_of_delivery_does_not_matter(tmp_path: Path) -> None:
    """The same events in three orders: the same findings, but for the numbers the journal gave the rows."""
    told = [_as_told(_in_order(tmp_path / str(seed), seed)) for seed in (0, 1, 2)]
    assert len(told[0]) > 2
    assert told[0] == told[1] == told[2]


def _in_order(folder: Path, seed: int) -> list[Any]:
    folder.mkdir()
    settings = load_settings({"database.url": f"sqlite:///{folder}/record.db", "journal.key_path": str(folder / "key"),
                              "journal.anchor_dir": str(folder / "anchors")})
    services = build_services(settings, FrozenClock(NOW))
    events = [*_upside_down(6), *_hurried()]
    random.Random(seed).shuffle(events)
    for start in range(0, len(events), 40):
        services.recorder.record(events[start:start + 40])
    found = _run(services).findings
    services.database.dispose()
    return list(found)


def _hurried() -> list[CaseEvent]:
    """Sixty cases approved in a minute, all but the first twenty at night, and sixty ordinary ones of another unit."""
    quick = [event for n in range(60) for event in (
        _event(f"Q-{n}", K.ACCEPTED, "04-15 10:00" if n < 20 else "04-15 22:30", minutes=3 * n),
        _event(f"Q-{n}", K.CONCLUDED, "04-15 10:01" if n < 20 else "04-15 22:31", minutes=3 * n))]
    ordinary = [event for n in range(60) for event in (
        _event(f"R-{n}", K.ACCEPTED, "04-15 09:00", minutes=4 * n % 170, org="jiaoyu"),
        _event(f"R-{n}", K.CONCLUDED, "04-19 09:00", minutes=7 * n % 170, org="jiaoyu"))]
    return [*quick, *ordinary]


def _as_told(found: list[Any]) -> list[Any]:
    told = msgspec.to_builtins(found)
    for finding in told:
        for one in finding["evidence"]:
            one["seqs"] = len(one["seqs"])
    return told


def test_the_days_of_a_month_are_the_areas_own(services: Services) -> None:
    period = services.detectors.detection.period_of(day_of(date(2024, 4, 1)), day_of(date(2024, 4, 30)))
    assert (period.until - period.since) == 30 * DAY_US
    assert period.since == at("04-01 00:00")


# What the other tables say ----------------------------------------------------------------------------------------

def test_cards_that_were_revoked_come_with_the_second_of_the_two_persons(services: Services) -> None:
    services.recorder.record([_event("L-1", K.ACCEPTED, "04-01 09:00")])
    services.sweeper.sweep_all()
    records = Records(services.database, _april(services), services.areas.default.calendar)
    [card] = [one for one in _rows(services, cards) if one["origin"] == "clock"][:1]
    for kind, actor in (("propose_revoke", INSPECTOR), ("confirm_revoke", LEADER)):
        [row] = [one for one in _rows(services, cards) if one["id"] == card["id"]]
        command = CardCommand(command_id=kind, type=kind, cards=[CardRef(row["id"], row["rev"])], reason="规则有误")
        assert services.alerts.execute(command, actor).ok
    [revoked] = [one for one in records.cards_of(card["case_id"]) if one.card_id == card["id"]]
    assert (revoked.reviewer, revoked.org) == ("wang", ORG)
    assert revoked.revoked_at is not None
    issued = records.cards_issued(AREA, revoked.issued_at, revoked.issued_at + 1)
    assert revoked in issued


def test_whoever_stands_on_the_roster_is_off_duty_outside_his_shifts_and_nobody_else_is(services: Services) -> None:
    with services.uow() as uow:
        uow.conn.execute(insert(duty_shifts).values(
            id=1, username="zhou", role="duty_officer", weekday=0, from_min=480, until_min=1080, area="",
            valid_from="2024-04-01", valid_until="", rev=1))
    records = Records(services.database, _april(services), services.areas.default.calendar)
    assert not records.is_off_duty(AREA, "zhou", at("04-08 09:00"))  # a Monday
    assert records.is_off_duty(AREA, "zhou", at("04-08 19:00"))
    assert records.is_off_duty(AREA, "zhou", at("04-09 09:00"))
    assert not records.is_off_duty(AREA, "zhou", at("03-26 09:00"))  # before the plan began
    assert not records.is_off_duty(AREA, "somebody", at("04-09 09:00"))


def test_a_raised_limit_is_a_relaxation_from_its_confirmation(services: Services) -> None:
    row = {"seq": 1, "at": at("04-12 09:00"), "actor": "chen", "actor_name": "陈默", "kind": "item", "subject": ITEM,
           "version": 1, "reason": "调整", "before": '{"promised": "7wd", "statutory": "20wd"}',
           "after": '{"promised": "12wd", "statutory": "20wd"}', "prev_mac": b"", "mac": b""}
    with services.uow() as uow:
        uow.conn.execute(insert(config_log).values(**row, action="proposed"))
        uow.conn.execute(insert(config_log).values(**{**row, "seq": 2}, action="confirmed"))
    records = Records(services.database, _april(services), services.areas.default.calendar)
    [change] = records.relaxations(at("04-01 00:00"), at("05-01 00:00"))
    assert (change.actor, change.item, change.days, change.what) == ("chen", ITEM, 5, "limit")
    assert records.relaxations(at("04-13 00:00"), at("05-01 00:00")) == []


def _april(services: Services) -> Period:
    return services.detectors.detection.period_of(day_of(date(2024, 4, 1)), day_of(date(2024, 4, 30)))

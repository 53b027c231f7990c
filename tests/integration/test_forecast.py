"""The forecast on a real installation and both databases: trained, refreshed behind the record, shown to whom it may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cases.events import CaseEvent, EventData, EventKind
from core.access import SYSTEM, Actor, Role
from core.clock import FrozenClock
from core.errors import UpstreamError
from core.instants import DAY_US, to_us
from evaluation.forecast.assembly import build_forecasts
from evaluation.forecast.lives import Silence
from evaluation.forecast.models import forecast_models, forecasts
from evaluation.forecast.queries import Outlook
from tests.exporting import CITY, COUNTY, site_on
from tests.foretelling import log
from tests.staff import NOW, OTHER_ORG, OWN_ORG, Site

LEADER = Actor("wang", frozenset({Role.LEADER}))
START = datetime(2025, 2, 10, 1, 30, tzinfo=UTC)  # a Monday, 57 weeks before NOW
UNTIL_US = to_us(NOW)


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = site_on(tmp_path, fresh_database_url, **{"forecast.cases_min": 10, "forecast.batch": 7})
    yield made
    made.services.database.dispose()


@pytest.fixture
def trained(site: Site) -> Site:
    """A year of cases of two departments, and a model of them."""
    events = [event for told in log(170, start=START, orgs=(OWN_ORG, OTHER_ORG), area=CITY).values() for event in told]
    site.services.recorder.record(sorted((event for event in events if event.claimed_at <= UNTIL_US),
                                         key=lambda event: event.claimed_at))
    site.services.forecasts.service.train()
    site.services.forecasts.service.refresh()
    return site


def event(kind: EventKind, at_us: int, case_no: str = "N-170", **more: object) -> CaseEvent:
    return CaseEvent(**{"source": "log", "source_event_id": f"{case_no}/{kind.value}/{at_us}/new", "kind": kind,
                        "case_no": case_no, "area": CITY, "claimed_at": at_us, "org": OWN_ORG, "data": EventData()} | more)


def outlook(site: Site, case_no: str, actor: Actor = SYSTEM) -> Outlook | None:
    return site.services.forecasts.queries.of_case(actor, CITY, case_no)


def kept(site: Site, case_no: str) -> int:
    with site.services.database.read() as conn:
        return int(conn.scalar(select(func.count()).select_from(forecasts).where(forecasts.c.case_no == case_no)) or 0)


def record(site: Site, *events: CaseEvent) -> None:
    site.services.recorder.record(list(events))
    site.services.forecasts.service.refresh()


def test_every_open_case_has_a_chance_or_a_reason(trained: Site) -> None:
    with trained.services.database.read() as conn:
        rows = conn.execute(select(forecasts)).all()
    assert rows
    assert all((row.chance is None) == bool(row.reason) for row in rows)
    assert {"", Silence.OVERDUE.value} >= {row.reason for row in rows}
    assert all(0 <= row.chance <= 1 and row.ended >= 10 for row in rows if row.chance is not None)


def test_the_report_says_how_good_it_was(trained: Site) -> None:
    standing = trained.services.forecasts.queries.standing()

    assert standing is not None
    assert standing.report.trials > 100
    assert standing.report.brier is not None
    assert standing.report.brier < (standing.report.brier_base or 0)
    assert standing.as_of == UNTIL_US


def test_before_any_training_nothing_is_foretold(site: Site) -> None:
    site.record_case("X-1", OWN_ORG)

    assert 0 == site.services.forecasts.service.refresh()
    assert site.services.forecasts.queries.standing() is None
    assert site.services.forecasts.queries.summary() is None
    assert outlook(site, "X-1") is None


def test_a_new_case_is_foretold_by_the_next_look_and_a_step_changes_it(trained: Site) -> None:
    at = UNTIL_US - 3 * DAY_US
    record(trained, event(EventKind.ACCEPTED, at, "NEW-1", data=EventData(promised_limit="10wd")))
    before = outlook(trained, "NEW-1")
    record(trained, event(EventKind.STEP, at + 3_600_000_000, "NEW-1", step="会签"))
    after = outlook(trained, "NEW-1")

    assert before is not None
    assert after is not None
    assert (10, "org") == (before.days_left + before.days_used, before.learnt)  # type: ignore[operator]
    assert after.step == "会签"
    assert (after.chance or 0) > (before.chance or 0)


def test_nothing_is_looked_at_twice(trained: Site) -> None:
    assert 0 == trained.services.forecasts.service.refresh()


def test_a_case_that_ends_is_forgotten(trained: Site) -> None:
    record(trained, event(EventKind.ACCEPTED, UNTIL_US - DAY_US, "NEW-2", data=EventData(promised_limit="10wd")))
    assert 1 == kept(trained, "NEW-2")

    trained.services.recorder.record([event(EventKind.CONCLUDED, UNTIL_US, "NEW-2")])
    assert outlook(trained, "NEW-2") is None  # at once, before anybody looked

    trained.services.forecasts.service.refresh()
    assert 0 == kept(trained, "NEW-2")


def test_a_case_decided_in_time_is_neither_likely_to_overrun_nor_overdue_while_its_papers_are_served(trained: Site) -> None:
    """Of a power whose limit ends with the decision (行政处罚法 Art. 60)."""
    item = next(one for one in trained.services.catalogue.items.values() if one.power.ends == "decided")
    told = {"org": item.org, "item": item.code}
    record(trained, event(EventKind.ACCEPTED, UNTIL_US - 2 * DAY_US, "CF-1", data=EventData(promised_limit="10wd"), **told))
    assert kept(trained, "CF-1") == 1
    record(trained, event(EventKind.DECIDED, UNTIL_US - DAY_US, "CF-1", data=EventData(result="granted"), **told))
    assert kept(trained, "CF-1") == 0
    _pass(trained, days=60)
    assert (kept(trained, "CF-1"), outlook(trained, "CF-1")) == (0, None)


def test_a_suspended_case_keeps_its_chance(trained: Site) -> None:
    at = UNTIL_US - 5 * DAY_US
    record(trained, event(EventKind.ACCEPTED, at, "NEW-3", data=EventData(promised_limit="10wd")),
           event(EventKind.SPECIAL_STARTED, at + 3_600_000_000, "NEW-3", data=EventData(special_kind="hearing")))
    before = outlook(trained, "NEW-3")
    _pass(trained, days=10)
    trained.services.forecasts.service.refresh()
    after = outlook(trained, "NEW-3")

    assert before is not None
    assert after is not None
    assert (True, before.chance, before.days_left) == (after.is_stopped, after.chance, after.days_left)


def test_a_new_day_foretells_everything_anew_and_what_passed_its_due_day_is_overdue(trained: Site) -> None:
    record(trained, event(EventKind.ACCEPTED, UNTIL_US - 13 * DAY_US, "NEW-4", data=EventData(promised_limit="10wd")))
    before = outlook(trained, "NEW-4")
    _pass(trained, days=6)
    unseen = outlook(trained, "NEW-4")
    trained.services.forecasts.service.refresh()
    after = outlook(trained, "NEW-4")

    assert before is not None
    assert unseen is not None
    assert after is not None
    assert before.chance is not None
    assert (None, Silence.OVERDUE.value) == (unseen.chance, unseen.reason)
    assert (None, Silence.OVERDUE.value, 0) == (after.chance, after.reason, after.days_left)


def test_an_item_without_limit_and_a_department_without_past_are_silent_and_say_why(trained: Site) -> None:
    third = next(code for code in trained.services.catalogue.organisations if code not in (OWN_ORG, OTHER_ORG))
    record(trained, event(EventKind.ACCEPTED, UNTIL_US - DAY_US, "NEW-5"),
           event(EventKind.ACCEPTED, UNTIL_US - DAY_US, "NEW-6", org=third, data=EventData(promised_limit="10wd")))
    without_limit, without_past = outlook(trained, "NEW-5"), outlook(trained, "NEW-6")

    assert without_limit is not None
    assert without_past is not None
    assert Silence.NO_LIMIT.value == without_limit.reason
    assert Silence.FEW.value == without_past.reason


def test_it_is_learnt_anew_when_its_day_has_come(trained: Site) -> None:
    forecasting = trained.services.forecasts.service
    assert not forecasting.train_if_due()

    _pass(trained, days=1)
    assert forecasting.train_if_due()

    with trained.services.database.read() as conn:
        assert 2 == conn.scalar(select(func.count()).select_from(forecast_models))
    assert forecasting.refresh() > 0


def test_who_stops_the_program_ends_learning_and_nothing_is_kept_of_it(trained: Site) -> None:
    forecasting = trained.services.forecasts.service
    _pass(trained, days=1)
    forecasting.leave()
    assert not forecasting.train_if_due()
    with trained.services.database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(forecast_models)) == 1


def test_learning_that_failed_rests_for_an_hour(trained: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    forecasting, tries = trained.services.forecasts.service, list[int]()

    def fails() -> None:
        tries.append(1)
        raise UpstreamError("child_failed")

    monkeypatch.setattr(forecasting, "train", fails)
    _pass(trained, days=1)
    with pytest.raises(UpstreamError):
        forecasting.train_if_due()
    assert not forecasting.train_if_due()
    assert len(tries) == 1


def test_a_new_model_keeps_what_walls_show_until_it_has_looked_at_every_case(trained: Site) -> None:
    forecasts_of = trained.services.forecasts
    before = forecasts_of.queries.summary()
    forecasts_of.service.train()
    assert before is not None
    assert forecasts_of.queries.summary() == before
    standing = forecasts_of.queries.standing()
    assert standing is not None
    assert standing.as_of is None, "it has foretold nothing itself"


def test_switched_off_nothing_is_foretold_whatever_was_worked_out_before(trained: Site) -> None:
    settings = trained.services.settings.forecast.model_copy(update={"enabled": False})
    services = trained.services
    queries = build_forecasts(settings, services.uow, services.areas, services.catalogue).queries
    assert (queries.summary(), queries.standing(), queries.at_risk(SYSTEM), queries.departments(SYSTEM)) == (None, None, [], [])


def test_old_models_are_forgotten(tmp_path: Path, fresh_database_url: str) -> None:
    site = site_on(tmp_path, fresh_database_url, **{"forecast.keep_models": 2})
    for _ in range(4):
        site.services.forecasts.service.train()

    with site.services.database.read() as conn:
        assert [3, 4] == list(conn.scalars(select(forecast_models.c.id).order_by(forecast_models.c.id)))
    site.services.database.dispose()


def test_everybody_sees_his_own(trained: Site) -> None:
    queries = trained.services.forecasts.queries
    unit = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org=OWN_ORG)
    elsewhere = replace(LEADER, area=COUNTY)

    assert {OWN_ORG} == {one.org for one in queries.at_risk(unit)} == {one.org for one in queries.departments(unit)}
    assert {OWN_ORG, OTHER_ORG} == {one.org for one in queries.departments(LEADER)}
    assert [] == queries.at_risk(elsewhere) == queries.departments(elsewhere)
    others = next(one for one in queries.at_risk(LEADER) if one.org == OTHER_ORG)
    assert queries.of_case(unit, CITY, others.case_no) is None


def test_departments_are_the_sums_of_their_cases(trained: Site) -> None:
    queries = trained.services.forecasts.queries
    for one in queries.departments(LEADER):
        chances = [found.chance or 0 for found in queries.at_risk(LEADER, one.org, 500)]

        assert len(chances) == one.foretold
        assert sum(chances) == pytest.approx(one.expected, abs=1e-3)
        assert sum(chance >= queries.likely for chance in chances) == one.likely


def test_the_interface(trained: Site) -> None:
    leader, unit = trained.client(Role.LEADER), trained.client(Role.DEPARTMENT_USER)
    told = leader.get("/api/v1/forecasts?limit=3").json

    assert 3 == len(told["cases"])
    assert [one["chance"] for one in told["cases"]] == sorted((one["chance"] for one in told["cases"]), reverse=True)
    assert {OWN_ORG} == {one["org"] for one in unit.get("/api/v1/forecasts").json["cases"]}
    case = told["cases"][0]
    assert case == leader.get(f"/api/v1/forecasts/cases/{case['area']}/{case['case_no']}").json
    assert 404 == leader.get("/api/v1/forecasts/cases/360500/none").status_code
    assert 400 == leader.get("/api/v1/forecasts?limit=many").status_code
    assert 401 == trained.client().get("/api/v1/forecasts").status_code
    assert leader.get("/api/v1/forecasts/model").json["model"]["report"]["trials"] > 0


def _pass(site: Site, days: int) -> None:
    clock = site.services.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(timedelta(days=days))

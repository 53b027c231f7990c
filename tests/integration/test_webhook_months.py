"""A month's figures are told once, when they have settled."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from config.indicators import load_indicators
from evaluation.queries import IndicatorQueries
from evaluation.webhooks.models import webhook_deliveries, webhook_months
from evaluation.webhooks.months import MonthCloser, MonthParts
from tests.comparing import DUTIES, concluded, count_day
from tests.peers import WebPeer, web_server
from tests.unit.cases.record import opened
from tests.unit.evaluation.counted import PlainNames
from tests.webhooks import AREAS, House


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    with opened(fresh_database_url) as made:
        yield House(made)


@pytest.fixture
def peer() -> Iterator[WebPeer]:
    with web_server() as found:
        yield found


def closer(house: House, today: date, settled_days: int = 10) -> MonthCloser:
    queries = IndicatorQueries(house.database, load_indicators(), PlainNames(), DUTIES)
    return MonthCloser(MonthParts(house.units, house.machine, queries, house.service, lambda: today, lambda: AREAS,
                                  "https://jiancha.example", 5), settled_days)


def test_a_month_is_told_once_when_it_has_settled(house: House, peer: WebPeer) -> None:
    house.add(f"{peer.url}/all")
    house.add(f"{peer.url}/area", area="360502")
    count_day(house.database, "gongan", date(2026, 2, 3), area="360500", **concluded(60, 45))
    count_day(house.database, "gongan", date(2026, 2, 4), area="360502", **concluded(40, 39))
    assert closer(house, date(2026, 3, 10)).work() == ["2026-01"], "February has not settled on the tenth"
    assert closer(house, date(2026, 3, 10)).work() == []
    assert closer(house, date(2026, 3, 11)).work() == ["2026-02"]
    assert closer(house, date(2026, 3, 11)).work() == []
    house.sender.work()
    events = [(call.path, json.loads(call.body)) for call in peer.calls]
    february = {event["subject"]: event for path, event in events if path == "/all" and event["data"]["month"] == "2026-02"}
    assert set(february) == {"figures/2026-02", "figures/2026-02/areas/360500", "figures/2026-02/areas/360502"}
    data = february["figures/2026-02"]["data"]
    assert data["figures"]["early_rate"] == {"value": 0.84, "numerator": 84, "denominator": 100, "is_small": False}
    assert data["figures"]["satisfaction"]["value"] is None
    assert data["departments"] == "https://jiancha.example/api/v1/figures?from=2026-02-01&to=2026-02-28&by=org"
    assert [event["data"]["figures"]["early_rate"]["value"] for path, event in events
            if path == "/area" and event["data"]["month"] == "2026-02"] == [0.975]


def told_in_february(house: House, peer: WebPeer) -> dict[str, dict[str, object]]:
    """The figures by area, "" for everything."""
    house.add(peer.url)
    closer(house, date(2026, 3, 11)).work()
    house.sender.work()
    data = [json.loads(call.body)["data"] for call in peer.calls]
    return {one["area"]: one["figures"] for one in data}


NOT_TOLD = {"value": None, "numerator": None, "denominator": None, "is_small": True}


def test_an_area_tells_no_ratings_since_those_of_its_departments_could_be_subtracted(house: House, peer: WebPeer) -> None:
    """Four in one area: neither that area tells them, nor the other, which would be subtracted from the whole city."""
    count_day(house.database, "gongan", date(2026, 2, 3), area="360500", **concluded(60, 45, rated=40, satisfied=38))
    count_day(house.database, "minzheng", date(2026, 2, 4), area="360502", **concluded(40, 39, rated=4, satisfied=3))
    told = told_in_february(house, peer)
    assert told["360500"]["satisfaction"] == told["360502"]["satisfaction"] == NOT_TOLD
    assert told["360502"]["bad_rating_rate"] == told["360502"]["rectification_rate"] == NOT_TOLD
    assert told["360502"]["early_rate"] == {"value": 0.975, "numerator": 39, "denominator": 40, "is_small": False}
    assert told[""]["satisfaction"] == {"value": 41 / 44, "numerator": 41, "denominator": 44, "is_small": False}


def test_a_city_of_few_ratings_tells_none(house: House, peer: WebPeer) -> None:
    count_day(house.database, "gongan", date(2026, 2, 3), area="360500", **concluded(60, 45, rated=3, satisfied=2))
    count_day(house.database, "minzheng", date(2026, 2, 4), area="360502", **concluded(40, 39, rated=1, satisfied=1))
    told = told_in_february(house, peer)
    assert told[""]["satisfaction"] == NOT_TOLD
    assert told[""]["rectification_rate"] == NOT_TOLD


def test_months_of_a_long_rest_are_made_up_for_and_old_ones_are_not_told_at_first(house: House) -> None:
    assert closer(house, date(2025, 11, 20)).work() == ["2025-10"]
    assert closer(house, date(2026, 2, 11)).work() == ["2025-11", "2025-12", "2026-01"]
    assert closer(house, date(2025, 12, 20)).work() == [], "a clock that was set back tells nothing twice"


def test_two_that_tell_the_same_month_tell_it_once(house: House, peer: WebPeer) -> None:
    house.add(peer.url)
    threads = [threading.Thread(target=closer(house, date(2026, 3, 20)).work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with house.database.read() as conn:
        assert conn.execute(select(webhook_months.c.month)).scalars().all() == ["2026-02"]
        assert len(conn.execute(select(webhook_deliveries.c.id)).all()) == 1 + len(AREAS)

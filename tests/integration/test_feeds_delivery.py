"""Events over HTTP into the real record: committed before they are acknowledged, once, on both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from cases.areas import Area, Areas
from cases.chain import ChainKeys
from cases.models import case_table, journal
from cases.service import Recorder
from config.calendars import load_calendars
from config.ladders import load_presets
from core.accounts import Accounts
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.instants import written_local
from core.unit_of_work import UnitOfWorkFactory
from feeds import ingest as ingest_module
from feeds.delivery_reading import DeliveryReader
from feeds.http import events_blueprint
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.public_event import EventReader
from feeds.queries import FeedQueries

URL = "/api/v1/events"


class _NoItems:
    def find_item(self, _code: str) -> None:
        return None


@pytest.fixture
def house(fresh_database_url: str, frozen_clock: FrozenClock) -> Iterator[tuple[Flask, Database, dict[str, str]]]:
    """The web application, its database, and the headers of a source that has a token."""
    database, limits = Database(fresh_database_url), FeedLimits(max_concurrent_requests=8, max_concurrent_per_source=8)
    database.create_all()
    uow = UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell())
    areas = Areas(load_calendars(), load_presets(), Area("city", "市", "cn", "Asia/Shanghai", "kechuang"))
    ingest = Ingest(Recorder(uow, ChainKeys(b"k" * 32), areas, _NoItems()), uow, frozen_clock, areas, limits)
    app = Flask(__name__)
    app.register_blueprint(events_blueprint(ingest, FeedQueries(database, limits), database, frozen_clock,
                                            DeliveryReader(EventReader("city"), limits)))
    yield app, database, {"Authorization": f"Bearer {Accounts(uow, frozen_clock).issue_token('feed', 'hall')}"}
    database.dispose()


def _event(number: int, kind: str = "accepted", **changes: object) -> dict[str, object]:
    return {"id": f"{kind}-{number}", "kind": kind, "case_no": f"粤A{number}", "at": "2018-10-15T09:00:00+08:00", "org": "JS",
            "data": {"promised_limit": "7wd", "title": "某申请"}} | changes


def test_an_acknowledged_event_stands_in_the_journal_as_it_was_sent(house: tuple[Flask, Database, dict[str, str]]) -> None:
    app, database, auth = house
    answer = app.test_client().post(URL, json=[_event(1, at="2018-10-15T01:30:00+02:00")], headers=auth).get_json()
    assert [one["status"] for one in answer["results"]] == ["ok"]
    with database.read() as conn:
        row = conn.execute(select(journal)).one()
    assert written_local(row.claimed_at, row.utc_offset).isoformat() == "2018-10-15T01:30:00+02:00"
    assert (row.source, row.source_event_id, row.case_no, row.area) == ("hall", "accepted-1", "粤A1", "city")


def test_hostile_texts_are_stored_or_refused_but_never_break_a_batch(house: tuple[Flask, Database, dict[str, str]]) -> None:
    app, database, auth = house
    texts = ["=cmd|' /C calc'!A0", "'; DROP TABLE journal; --", "<script>alert(1)</script>", "\u202e倒", "😀", "a\0b", "\\"]
    body = json.dumps([_event(number, actor=text) for number, text in enumerate(texts)])
    answer = app.test_client().post(URL, data=body, content_type="application/json", headers=auth).get_json()
    assert [one["status"] for one in answer["results"]] == ["ok"] * 5 + ["malformed", "ok"]
    with database.read() as conn:
        stored = set(conn.execute(select(journal.c.actor)).scalars())
    assert stored == set(texts) - {"a\0b"}


def test_deliveries_that_overlap_are_recorded_once(house: tuple[Flask, Database, dict[str, str]]) -> None:
    app, database, auth = house
    body = [_event(number) for number in range(50)]
    accepted: list[int] = []

    def deliver() -> None:
        accepted.append(app.test_client().post(URL, json=body, headers=auth).get_json()["accepted"])

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(accepted) == 50
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(journal)).scalar() == 50


def test_any_order_of_delivery_gives_the_same_cases(house: tuple[Flask, Database, dict[str, str]]) -> None:
    app, database, auth = house
    for batch in ([_event(1, "concluded", at="2018-10-15T09:30:00+08:00")], [_event(1)], [_event(2)],
                  [_event(2, "concluded", at="2018-10-15T09:30:00+08:00")]):
        assert app.test_client().post(URL, json=batch, headers=auth).get_json()["accepted"] == 1
    with database.read() as conn:
        states = conn.execute(select(case_table.c.state, case_table.c.opened_at, case_table.c.closed_at)).all()
    assert len(set(states)) == 1
    assert states[0].state == "concluded"


def test_events_and_the_account_of_their_source_are_committed_together_or_not_at_all(
        house: tuple[Flask, Database, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    app, database, auth = house
    body, client, enter = [_event(1), _event(2, kind="danced")], app.test_client(), ingest_module.enter

    def gone(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(ingest_module, "enter", gone)
    assert client.post(URL, json=body, headers=auth).status_code == 503
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(journal)).scalar() == 0
    monkeypatch.setattr(ingest_module, "enter", enter)
    answer = client.post(URL, json=body, headers=auth).get_json()
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (1, 0, 1)
    health = FeedQueries(database, FeedLimits()).health_of("hall", 0)
    assert (health.accepted, health.open_quarantined) == (1, 1)

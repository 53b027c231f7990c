"""The canary: it takes the road of a card to the glass, is in no figure, and its silence is noticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from alerts.room.canary import CanaryRules, CanarySender, CanaryWatch, recent
from alerts.room.heartbeat import Heartbeat, call_outside
from core import outbox
from core.clock import FrozenClock, SystemClock
from core.database import Database
from core.errors import UpstreamError
from core.health import Check
from tests.services import free_port, wait_until
from tests.unit.alerts.house import MORNING, House, passed
from tests.unit.alerts.live import LiveServer, connected, page_on


class Aviary:
    """A sender and a watch over one database, a clock to move, and the pages that are open."""

    def __init__(self, house: House, clock: FrozenClock) -> None:
        self.house, self.clock, self.pages = house, clock, {"sid-1": "east", "sid-2": "west"}
        rules = CanaryRules(patience_s=15, slow_ms=1000)
        self.sender = CanarySender(house.units, house.alarms, clock, rules)
        self.watch = CanaryWatch(house.database, clock, rules, lambda: dict(self.pages))
        self._read = 0

    def send(self) -> int:
        seq = self.sender.send()
        with self.house.database.read() as conn:
            self.watch.note(outbox.read_after(conn, self._read, 1000))
        self._read = seq
        return seq

    def later(self, seconds: float) -> None:
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))

    def standing(self) -> set[str]:
        return {alarm.code for alarm in self.house.queries.alarms()}


class Outside:
    """A monitor of another house: what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        calls = self.calls

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    monitor = Outside()
    yield monitor
    monitor.close()


@pytest.fixture
def aviary(fresh_database_url: str) -> Iterator[Aviary]:
    database = Database(fresh_database_url)
    database.create_all()
    yield Aviary(House(database), FrozenClock(MORNING))
    database.dispose()


def test_it_is_timed_from_before_its_transaction_to_the_receipt_of_each_page(aviary: Aviary):
    seq = aviary.send()
    aviary.later(0.1)
    aviary.watch.seen("sid-1", seq, is_hidden=False)
    aviary.watch.finish()
    assert [] == recent(aviary.house.database, 5)

    aviary.later(0.3)
    aviary.watch.seen("sid-2", seq + 3, is_hidden=False)
    aviary.watch.seen("sid-1", seq + 3, is_hidden=False)
    aviary.watch.finish()
    last = recent(aviary.house.database, 5)[0]

    assert (seq, 2, 2, 400, 400, "west") == (last.seq, last.expected, last.shown, last.p50_ms, last.worst_ms, last.worst_screen)


def test_a_page_in_the_background_is_not_waited_for_and_one_that_paints_nothing_is_named(aviary: Aviary):
    seq = aviary.send()
    aviary.watch.seen("sid-1", seq, is_hidden=True)
    aviary.later(16)
    aviary.watch.finish()
    last = recent(aviary.house.database, 1)[0]

    assert (1, 0, None, "west") == (last.expected, last.shown, last.p95_ms, last.worst_screen)


def test_without_any_page_it_shows_that_somebody_follows_the_outbox(aviary: Aviary):
    aviary.pages = {}
    aviary.send()
    aviary.watch.finish()

    assert [(0, 0)] == [(one.expected, one.shown) for one in recent(aviary.house.database, 1)]


def test_one_that_nobody_followed_is_an_alarm_until_the_next_arrives(aviary: Aviary):
    aviary.sender.send()
    aviary.later(60)
    seq = aviary.send()
    assert {"canary_lost"} == aviary.standing()

    for sid in aviary.pages:
        aviary.watch.seen(sid, seq, is_hidden=False)
    aviary.watch.finish()
    aviary.later(60)
    aviary.send()
    assert set() == aviary.standing()


def test_three_slow_ones_in_a_row_are_an_alarm_two_are_not(aviary: Aviary):
    def fly(seconds: float) -> set[str]:
        seq = aviary.send()
        aviary.later(seconds)
        for sid in aviary.pages:
            aviary.watch.seen(sid, seq, is_hidden=False)
        aviary.watch.finish()
        aviary.later(60)
        return aviary.standing()

    stood = [fly(seconds) for seconds in (2.0, 2.0, 2.0, 0.1, 0.1)]
    assert [set(), set(), set(), {"canary_slow"}, set()] == stood


def test_it_is_no_card_and_changes_no_count(aviary: Aviary):
    aviary.house.record(passed("red"))
    before = aviary.house.queries.counts(), aviary.house.queries.active_hash()
    aviary.send()

    assert before == (aviary.house.queries.counts(), aviary.house.queries.active_hash())


def test_it_travels_through_the_real_live_link(fresh_sqlite_url: str):
    database = Database(fresh_sqlite_url)
    database.create_all()
    house = House(database)
    with LiveServer(house) as server, page_on(server) as page:
        connected(server, 1)
        page.wait_for("snapshot")
        CanarySender(house.units, house.alarms, SystemClock(), CanaryRules()).send()
        wait_until(lambda: bool(recent(database, 1)), timeout_s=10, what="the canary's receipt")
        last = recent(database, 1)[0]

        assert (1, 1) == (last.expected, last.shown)
        assert last.p95_ms is not None
        assert 0 <= last.p95_ms < 10_000
    database.dispose()


def test_the_heartbeat_is_good_only_while_canaries_arrive_and_everything_else_is_well(aviary: Aviary):
    well = [Check("database", True, "")]
    heartbeat = Heartbeat(aviary.house.database, aviary.clock, lambda: well, stale_after_s=180)
    assert [("database", True), ("canary", False)] == [(check.name, check.ok) for check in heartbeat.state()]

    seq = aviary.send()
    for sid in aviary.pages:
        aviary.watch.seen(sid, seq, is_hidden=False)
    aviary.watch.finish()
    assert all(check.ok for check in heartbeat.state())

    aviary.later(181)
    assert [False] == [check.ok for check in heartbeat.state() if check.name == "canary"]
    assert ["database"] == [check.name for check in
                            Heartbeat(aviary.house.database, aviary.clock, lambda: [Check("database", False, "")], 180).state()]


def test_the_outside_monitor_is_called_when_all_is_well_and_left_alone_otherwise(aviary: Aviary, outside: Outside):
    heartbeat = Heartbeat(aviary.house.database, aviary.clock, lambda: [Check("database", True, "")], stale_after_s=180)
    assert not call_outside(heartbeat, outside.url, 5)
    assert [] == outside.calls

    aviary.pages = {}
    aviary.send()
    aviary.watch.finish()
    assert call_outside(heartbeat, outside.url, 5)
    assert ["/ping"] == outside.calls

    with pytest.raises(UpstreamError, match="monitor_unreachable"):
        call_outside(heartbeat, f"http://127.0.0.1:{free_port()}/ping", 1)

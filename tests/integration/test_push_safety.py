"""What must never happen on a wall: an event lost, shown twice or out of order, whatever breaks."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy.exc import DBAPIError

from alerts.wire import CardView
from core.database import Database
from core.doorbell import RedisDoorbell
from tests.services import Service, free_port, wait_until
from tests.unit.alerts.house import ALICE, BOB, WALL, House, passed, withdrawn
from tests.unit.alerts.live import LiveServer, Page, Wall, connected, fast, page_on
from tests.unit.alerts.serve import ServerProcess
from tests.unit.alerts.stories import Story


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    database.create_all()
    yield House(database)
    database.dispose()


@pytest.fixture
def sqlite_house(fresh_sqlite_url: str) -> Iterator[House]:
    database = Database(fresh_sqlite_url)
    database.create_all()
    yield House(database)
    database.dispose()


@pytest.fixture
def borrowed() -> Iterator[Callable[[ServerProcess], ServerProcess]]:
    """Starts a server process and sees to its end, whatever the test does."""
    servers: list[ServerProcess] = []

    def borrow(server: ServerProcess) -> ServerProcess:
        servers.append(server)
        server.start()
        return server

    yield borrow
    for server in servers:
        server.kill9()


def head_of(house: House) -> int:
    return house.queries.vitals().head


def fresh(house: House) -> dict[int, Any]:
    """What a page that joined now would show."""
    return {card.id: msgspec.to_builtins(card) for card in house.queries.snapshot().cards}


def assert_shows_the_truth(wall: Wall, house: House) -> None:
    assert wall.cards == fresh(house)
    assert wall.digest() == house.queries.active_hash()


def assert_never_twice_and_in_order(wall: Wall) -> None:
    assert len(set(wall.shown)) == len(wall.shown)
    revisions: dict[int, int] = {}
    for card_id, rev in wall.shown:
        assert rev > revisions.get(card_id, 0)
        revisions[card_id] = rev


# Equality ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", range(3))
def test_snapshot_plus_pushed_events_equals_a_fresh_snapshot(house: House, seed: int):
    story = Story(house, seed)
    for _ in range(20):
        story.step()
    with LiveServer(house) as server, page_on(server) as page:
        page.wait_for("snapshot")
        for _ in range(120):
            story.step()
        page.reach(head_of(house))
        assert page.wall.events_applied > 50
        assert (page.wall.snapshots, page.wall.gaps) == (1, 0)
        assert_shows_the_truth(page.wall, house)
        assert_never_twice_and_in_order(page.wall)


def test_pages_that_join_at_any_moment_end_up_equal(sqlite_house: House):
    story = Story(sqlite_house, seed=11)
    with LiveServer(sqlite_house) as server:
        pages = []
        for _ in range(12):
            for _ in range(10):
                story.step()
            pages.append(Page(server, screen=f"wall-{len(pages)}"))
        for page in pages:
            page.reach(head_of(sqlite_house))
            assert_shows_the_truth(page.wall, sqlite_house)
            page.cut()


def test_ten_thousand_events_with_random_disconnects_lose_nothing(sqlite_house: House):
    """Three pages are cut off at random while cards are raised; each goes on from what it had."""
    dice = random.Random(7)
    total, batch = 10_000, 25
    with LiveServer(sqlite_house, fast(snapshot_max=20_000, replay_max=2_000)) as server:
        sqlite_house.queries._snapshot_max = 20_000
        walls = [Wall() for _ in range(3)]
        pages = [Page(server, wall=wall, screen=f"wall-{n}") for n, wall in enumerate(walls)]
        for first in range(1, total + 1, batch):
            sqlite_house.record(*(passed(case_id=case_id) for case_id in range(first, first + batch)))
            if dice.random() < 0.08:
                victim = dice.randrange(len(pages))
                pages[victim].cut()
                pages[victim] = Page(server, wall=walls[victim], screen=f"wall-{victim}")
        for page in pages:
            page.reach(total)
        for wall in walls:
            assert sorted(wall.cards) == list(range(1, total + 1))
            assert wall.gaps == 0
            assert_never_twice_and_in_order(wall)
            assert wall.digest() == sqlite_house.queries.active_hash()
        for page in pages:
            page.cut()


def test_forty_pages_that_connect_at_once_all_hear(sqlite_house: House):
    sqlite_house.record(passed())
    with LiveServer(sqlite_house) as server:
        with ThreadPoolExecutor(40) as pool:
            pages = list(pool.map(lambda n: Page(server, screen=f"wall-{n}"), range(40)))
        for page in pages:
            page.reach(1)
        sqlite_house.record(passed(case_id=2))
        for page in pages:
            page.reach(2)
            page.cut()
        connected(server, 0)


# Crashes ----------------------------------------------------------------------------------------------------------

def test_the_server_killed_in_mid_stream_costs_nothing(house: House, borrowed: Callable[[ServerProcess], ServerProcess]):
    house.record(passed())
    server = borrowed(ServerProcess(house.database.url.render_as_string(hide_password=False), free_port()))
    wall, story = Wall(), Story(house, seed=5)
    page = Page(server.url, wall=wall)
    for _ in range(40):
        story.step()
    page.wait(lambda: wall.loaded, "the first data")

    server.kill9()
    page.wait(lambda: page.is_over, "the loss of the connection")
    for _ in range(40):
        story.step()
    server.start()
    again = Page(server.url, wall=wall)
    for _ in range(20):
        story.step()
    again.reach(head_of(house))

    assert wall.snapshots == 1
    assert_shows_the_truth(wall, house)
    assert_never_twice_and_in_order(wall)
    again.cut()


def test_redis_killed_costs_latency_and_no_event(sqlite_house: House, redis_service: Service, redis_url: str, restored: Any):
    server_house = House(sqlite_house.database, doorbell=RedisDoorbell(redis_url, timeout_s=0.5))
    redis = restored(redis_service)
    server_house.record(passed(case_id=1))
    with LiveServer(server_house) as server, page_on(server) as page:
        page.reach(1)

        redis.kill9()
        for case_id in range(2, 12):
            server_house.record(passed(case_id=case_id))
        page.reach(11)

        redis.start()
        for case_id in range(12, 22):
            server_house.record(passed(case_id=case_id))
        page.reach(21)
        assert (page.wall.snapshots, page.wall.gaps) == (1, 0)
        assert_shows_the_truth(page.wall, sqlite_house)


def test_a_database_that_goes_away_greys_the_wall_and_loses_nothing(fresh_postgres_url: str, postgres_service: Service,
                                                                    restored: Any):
    """While PostgreSQL is away there is no heartbeat, so that the screens show that their data is old."""
    postgres = restored(postgres_service)
    database = Database(fresh_postgres_url)
    database.create_all()
    house = House(database)
    with LiveServer(house) as server, page_on(server) as page:
        house.record(passed(case_id=1))
        page.reach(1)

        postgres.kill9()
        beats = wait_for_silence(page)
        postgres.start()
        wait_until(lambda: record_or_not(house, passed(case_id=2)), timeout_s=30, what="PostgreSQL to take a write")
        page.reach(2)
        page.wait(lambda: len(page.of("heartbeat")) > beats, "the next heartbeat")
        assert_shows_the_truth(page.wall, house)
    database.dispose()


def wait_for_silence(page: Page) -> int:
    """Until no heartbeat came for three of its intervals; their number so far."""
    beats = 0
    while page.hears(partial(has_heard, page, beats + 1), 0.6):
        beats = len(page.of("heartbeat"))
    return beats


def has_heard(page: Page, beats: int) -> bool:
    return len(page.of("heartbeat")) >= beats


def record_or_not(house: House, event: Any) -> bool:
    try:
        house.record(event)
    except DBAPIError:
        return False
    return True


# Two people, slow screens -----------------------------------------------------------------------------------------

def test_of_two_officers_who_sign_at_once_exactly_one_wins(house: House):
    for round_number in range(1, 11):
        house.record(passed(case_id=round_number))
        card = house.card(round_number)
        start = threading.Barrier(2)

        def sign(actor: Any, number: int = round_number, seen: CardView = card, gate: threading.Barrier = start) -> Any:
            gate.wait()
            return house.sign(seen, by=actor, command_id=f"{actor.name}-{number}").results[0]

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(sign, (ALICE, BOB)))
        assert sorted(result.already for result in results) == [False, True]
        assert all(result.ok for result in results)
        assert house.card(card.id).rev == 2


def test_the_same_command_sent_twice_at_once_is_done_once(house: House):
    house.record(passed())
    card = house.only_card()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _n: house.sign(card, command_id="same"), range(4)))
    assert results.count(results[0]) == 4
    assert house.only_card().rev == 2


def test_a_slow_screen_delays_nobody_is_told_again_and_then_dropped(sqlite_house: House):
    rules = fast(shown_within_s=0.3, missed_max=3, receipts_interval_s=0.0)
    sqlite_house.record(passed(case_id=1))
    with LiveServer(sqlite_house, rules) as server, page_on(server, screen="wall-quick") as quick:
        quick.wait_for("snapshot")
        slow = Page(server, screen="wall-slow", confirms=False)
        slow.wait_for("snapshot")
        for case_id in range(2, 31):
            sqlite_house.record(passed(case_id=case_id))
            quick.reach(case_id)
        assert len(slow.of("events")) == 0  # the snapshot is not confirmed yet: nothing more is sent

        slow.wait_for("snapshot", 2)  # told again, once
        wait_until(lambda: "screen_fault" in [alarm.code for alarm in sqlite_house.queries.alarms()], timeout_s=10,
                   what="the alarm")
        slow.wait(lambda: slow.is_over, "the end of the slow one")
        assert len(slow.of("snapshot")) == 2
        assert quick.is_connected
        connected(server, 1)


def test_a_screen_that_paints_again_clears_its_alarm_and_gets_all_it_missed(sqlite_house: House):
    rules = fast(shown_within_s=0.3, missed_max=100, receipts_interval_s=0.0)
    with LiveServer(sqlite_house, rules) as server, page_on(server, screen="wall-3", confirms=False) as page:
        page.wait_for("snapshot")
        sqlite_house.record(*(passed(case_id=n) for n in range(1, 6)))
        wait_until(lambda: [alarm.subject for alarm in sqlite_house.queries.alarms()] == ["wall-3"], timeout_s=10,
                   what="the alarm")
        page.confirms = True
        page.emit("shown", {"seq": page.wall.last, "latency_ms": 9000})
        page.reach(5)
        wait_until(lambda: sqlite_house.queries.alarms() == [], timeout_s=10, what="the end of the alarm")
        assert_shows_the_truth(page.wall, sqlite_house)


def test_a_hidden_page_confirms_and_is_not_called_faulty(sqlite_house: House):
    rules = fast(shown_within_s=0.3, receipts_interval_s=0.0)
    with LiveServer(sqlite_house, rules) as server, page_on(server, WALL, screen="wall-4", confirms=False) as page:
        page.wait_for("snapshot")
        page.emit("shown", {"seq": 0, "hidden": True})
        page.wait_for("heartbeat", 8)
        assert sqlite_house.queries.alarms() == []
        assert page.is_connected


def test_a_page_that_reads_nothing_is_cut_off_and_its_threads_end(sqlite_house: House):
    rules = fast(ping_interval_s=0.2, ping_timeout_s=0.3, dead_after_s=1.0)
    with LiveServer(sqlite_house, rules) as server:
        before = threading.active_count()
        page = Page(server, confirms=False)
        page.wait_for("snapshot")
        page.be_deaf()
        connected(server, 0)
        wait_until(lambda: threading.active_count() <= before + 2, timeout_s=20, what="its threads to end")
        page.cut()


# A busy house with more cards than a snapshot holds ---------------------------------------------------------------

def test_with_more_cards_than_fit_a_screen_is_refilled_as_cards_close(fresh_sqlite_url: str):
    database = Database(fresh_sqlite_url)
    database.create_all()
    house = House(database, snapshot_max=20)
    house.record(*(passed(case_id=n) for n in range(1, 101)))
    with LiveServer(house, fast(snapshot_max=20)) as server, page_on(server) as page:
        snapshot = page.wait_for("snapshot")
        assert (snapshot["partial"], len(snapshot["cards"])) == (True, 20)
        for case_id in range(1, 81):
            house.record(withdrawn(case_id=case_id))
        page.wait(lambda: len(page.wall.cards) == 20 and page.wall.digest() == house.queries.active_hash(),
                  "all the cards that are left")
    database.dispose()

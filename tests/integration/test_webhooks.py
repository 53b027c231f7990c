"""Webhooks on both databases, against real servers of this machine: ones that take, fail, hang, drip and redirect."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.changelog import ChangeLog
from core.access import Actor, Role
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import SECOND_US
from evaluation.webhooks.addresses import Reach, networks_of
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.models import webhook_subscriptions
from evaluation.webhooks.sender import CLAIMS_MAX
from evaluation.webhooks.service import Wanted
from tests.peers import WebPeer, web_server
from tests.unit.cases.record import opened
from tests.webhooks import ADMIN, KINDS, NOW, OF_AREA, RULES, SECRET, House

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    with opened(fresh_database_url) as made:
        yield made


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def peer() -> Iterator[WebPeer]:
    with web_server() as found:
        yield found


@pytest.fixture
def silent() -> Iterator[tuple[str, list[socket.socket]]]:
    """The address of a server that takes connections and says nothing; and the connections it has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []
        is_over = threading.Event()

        def take() -> None:
            server.settimeout(0.1)
            while not is_over.is_set():
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook", taken
        is_over.set()
        thread.join(5)
        for one in taken:
            one.close()


# What arrives -----------------------------------------------------------------------------------------------------------


def test_an_event_arrives_as_a_signed_cloud_event(house: House, peer: WebPeer) -> None:
    house.add(f"{peer.url}/hook?tenant=1")
    assert house.publish(month="2026-02", note="提前") == 1
    assert house.sender.work() == 1

    [call] = peer.calls
    assert (call.method, call.path) == ("POST", "/hook?tenant=1")
    assert call.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    seconds = int(NOW.timestamp())
    digest = hmac.new(SECRET.encode(), f"{seconds}.".encode() + call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Yangguang-Signature"] == f"t={seconds},v1={digest}"
    event = json.loads(call.body)
    assert event.pop("id") == house.told()[0].event_id
    assert event == {"specversion": "1.0", "source": "https://jiancha.example", "type": "cn.yangguang.figures.month.closed",
                     "subject": "figures/2026-02", "time": "2026-03-16T10:00:00+08:00", "datacontenttype": "application/json",
                     "data": {"month": "2026-02", "note": "提前"}}
    assert [(one.state, one.detail) for one in house.told()] == [("sent", "2xx")]


def test_what_is_rolled_back_was_never_told(house: House, peer: WebPeer) -> None:
    house.add(peer.url)

    def publish_and_fail() -> None:
        with house.units() as uow:
            house.service.publish(uow, EventType.MONTH_CLOSED, "figures/2026-02", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert house.sender.work() == 0
    assert peer.calls == []


def test_a_subscription_of_an_area_gets_that_areas_events_and_one_of_none_gets_all(house: House, peer: WebPeer) -> None:
    house.add(f"{peer.url}/all")
    house.add(f"{peer.url}/area", area="360502")
    house.add(f"{peer.url}/off")
    house.service.switch(3, ADMIN, on=False)
    for area in ("", "360500", "360502"):
        house.publish(f"figures/{area}", area)
    house.sender.work()
    assert sorted(call.path for call in peer.calls) == ["/all", "/all", "/all", "/area"]
    both = [json.loads(call.body) for call in peer.calls if json.loads(call.body)["subject"] == "figures/360502"]
    assert len({event["id"] for event in both}) == 1, "one event, whoever gets it"


# What goes wrong --------------------------------------------------------------------------------------------------------


def test_a_receiver_that_fails_is_tried_again_ever_later_and_then_put_on_the_list(house: House, peer: WebPeer) -> None:
    peer.answers = [(503, "", {})] * 5
    house.add(peer.url)
    house.publish()
    waits = []
    for _ in range(3):
        house.sender.work()
        [one] = house.told()
        waits.append(None if one.next_at is None else (one.next_at - house.machine.now_us()) // SECOND_US)
        assert house.sender.work() == 0, "not before its time"
        house.later(3_600)
    assert waits == [60, 120, None]
    assert (one.state, one.attempts, one.detail) == ("dead", 3, "HTTP 503")
    assert len({json.loads(call.body)["id"] for call in peer.calls}) == 1
    assert house.alarm_codes() == ["webhooks_dead"]

    peer.answers.clear()
    house.service.retry(one.id, ADMIN)
    assert house.alarm_codes() == []
    house.sender.work()
    assert [one.state for one in house.told()] == ["sent"]
    with pytest.raises(Conflict, match="webhook_not_dead"):
        house.service.retry(one.id, ADMIN)


def test_a_redirect_is_not_followed(house: House, peer: WebPeer) -> None:
    peer.answers = [(302, "", {"Location": f"{peer.url}/elsewhere"})]
    house.add(peer.url)
    house.publish()
    house.sender.work()
    assert [call.path for call in peer.calls] == ["/"]
    assert [(one.state, one.detail) for one in house.told()] == [("dead", "HTTP 302")]
    house.service.give_up(house.told()[0].id, ADMIN)
    assert [one.state for one in house.told()] == ["cancelled"]
    assert house.alarm_codes() == []


def test_a_receiver_that_hangs_costs_its_time_and_not_more(house: House, silent: tuple[str, list[socket.socket]]) -> None:
    house.add(silent[0])
    house.publish()
    begun = time.monotonic()
    house.sender.work()
    assert time.monotonic() - begun < 5
    assert [(one.state, one.detail) for one in house.told()] == [("queued", "TimeoutError after 1 s")]


def test_a_receiver_that_drips_is_cut_off(house: House, silent: tuple[str, list[socket.socket]]) -> None:
    address, taken = silent
    house.add(address)
    house.publish()

    def drip() -> None:
        while not taken:
            time.sleep(0.01)
        for sign in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200:
            try:
                taken[0].sendall(bytes([sign]))
            except OSError:
                return
            time.sleep(0.05)

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    begun = time.monotonic()
    house.sender.work()
    assert time.monotonic() - begun < 5
    thread.join(15)
    assert [(one.state, one.detail) for one in house.told()] == [("queued", "TimeoutError after 1 s")]


def test_one_that_nobody_answers_holds_up_nobody_else(house: House, peer: WebPeer,
                                                      silent: tuple[str, list[socket.socket]]) -> None:
    house.add(silent[0])
    house.add(peer.url)
    house.publish()
    begun = time.monotonic()
    house.sender.work()
    assert time.monotonic() - begun < 5
    assert len(peer.calls) == 1


def test_disabling_cancels_what_waits(house: House, peer: WebPeer) -> None:
    peer.answers = [(500, "", {})]
    number = house.add(peer.url)
    house.publish()
    house.sender.work()
    house.service.switch(number, ADMIN, on=False)
    house.later(3_600)
    assert house.sender.work() == 0
    assert [(one.state, one.detail) for one in house.told()] == [("cancelled", "disabled")]
    with pytest.raises(Conflict, match="webhook_disabled"):
        house.service.test(number, ADMIN)
    house.service.switch(number, ADMIN, on=True)
    house.service.test(number, ADMIN)
    house.sender.work()
    assert json.loads(peer.calls[-1].body)["type"] == "cn.yangguang.webhook.test"


def test_a_delivery_that_kills_every_sender_ends_on_the_list_of_failures(house: House, peer: WebPeer) -> None:
    house.add(peer.url)
    house.publish()
    for _ in range(CLAIMS_MAX):
        assert len(house.sender.claim()) == 1  # and dies
        house.later(31)
    assert house.sender.claim() == []
    assert [(one.state, one.detail) for one in house.told()] == [("dead", "sender_died")]
    assert house.alarm_codes() != []


# Deaths -----------------------------------------------------------------------------------------------------------------


def test_what_a_dead_sender_held_is_sent_by_the_next_under_the_same_id(house: House, peer: WebPeer) -> None:
    house.add(peer.url)
    house.publish()
    [held] = house.sender.claim()  # and dies
    other = house.another_sender()
    assert other.work() == 0
    house.later(31)
    assert other.work() == 1
    assert json.loads(peer.calls[0].body)["id"] == held["event_id"]
    house.sender.deliver(held)  # it was not dead after all
    assert [one.state for one in house.told()] == ["sent"]


def test_a_late_failure_of_a_sender_that_lost_its_lease_changes_nothing(house: House, peer: WebPeer) -> None:
    house.add(peer.url)
    house.publish()
    [held] = house.sender.claim()
    house.later(31)
    house.another_sender().work()
    peer.answers = [(410, "", {})]
    house.sender.deliver(held)
    assert [one.state for one in house.told()] == ["sent"]
    assert house.alarm_codes() == []


def test_two_senders_never_take_the_same(house: House, peer: WebPeer) -> None:
    house.add(peer.url)
    for number in range(30):
        house.publish(f"figures/{number}")
    rules = replace(RULES, batch=3, timeout_s=20.0)  # a busy machine is no silent peer
    senders = [house.another_sender(rules) for _ in range(3)]
    threads = [threading.Thread(target=one.work) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(peer.calls) == 30
    assert {one.state for one in house.told()} == {"sent"}


def test_kill_minus_nine_in_the_middle_of_sending_loses_nothing(fresh_database_url: str, database: Database,
                                                                silent: tuple[str, list[socket.socket]],
                                                                peer: WebPeer) -> None:
    house = House(database)
    house.add(silent[0])
    house.publish()
    child = subprocess.Popen([sys.executable, "-m", "tests.webhooks", fresh_database_url], cwd=REPOSITORY)
    try:
        give_up_at = time.monotonic() + 60
        while not silent[1]:
            assert time.monotonic() < give_up_at
            time.sleep(0.02)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
    assert [one.state for one in house.told()] == ["sending"]
    with house.units() as uow:
        uow.conn.execute(webhook_subscriptions.update().values(url=peer.url))
    house.later(10_000)
    assert house.sender.work() == 1
    assert json.loads(peer.calls[0].body)["id"] == house.told()[0].event_id
    assert [one.state for one in house.told()] == ["sent"]


# Addresses --------------------------------------------------------------------------------------------------------------


def found_at(*addresses: str) -> Reach:
    return Reach(look_up=lambda _host, _port: addresses)


def test_an_address_that_is_not_allowed_is_not_asked_and_says_so(database: Database) -> None:
    house = House(database, found_at("93.184.216.34", "169.254.169.254"))
    house.add("https://receiver.example/hook")
    house.publish()
    house.sender.work()
    assert [(one.state, one.detail) for one in house.told()] == [("dead", "address not allowed: 169.254.169.254")]


def test_a_network_of_the_settings_is_asked_and_the_connection_goes_to_the_address_that_was_checked(database: Database) -> None:
    asked: list[str] = []

    def look_up(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with socket.create_server(("127.0.0.1", 0)) as server:
        house = House(database, Reach(networks_of("127.0.0.0/8"), look_up=look_up))
        house.add(f"https://receiver.example:{server.getsockname()[1]}/hook")
        house.publish()
        said: list[bytes] = []

        def take() -> None:
            taken, _ = server.accept()
            said.append(taken.recv(2_000))
            taken.close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        house.sender.work()
        thread.join(10)
    assert asked == ["receiver.example"]
    assert b"receiver.example" in said[0], "the name stands in the greeting of TLS, and is what a certificate must be of"
    assert house.told()[0].state == "queued"


# Subscriptions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "key"), [
    ({"name": " "}, "name"), ({"name": "x" * 65}, "name"), ({"types": ()}, "types"), ({"area": "nowhere"}, "area"),
    ({"secret": "short"}, "secret")])
def test_a_refusal_names_its_field(house: House, more: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        house.add("https://receiver.example/", **more)
    assert refused.value.details["key"] == key


def test_the_secret_is_random_unless_given_and_stands_in_no_table_and_no_log(house: House, database: Database) -> None:
    _, first = house.service.add(Wanted("a", "https://a.example/", KINDS), ADMIN)
    _, second = house.service.add(Wanted("b", "https://b.example/", KINDS), ADMIN)
    assert first != second
    assert len(first) >= 32
    with database.read() as conn:
        rows = conn.execute(select(webhook_subscriptions)).all()
        edits = ChangeLog(b"c" * 32).read(conn, "webhook")
    assert first not in str(rows) + str(edits)
    assert [(one.subject, one.action, one.actor) for one in edits] == [(number, "registered", "admin") for number in ("2", "1")]


def test_subscriptions_are_the_administrators_and_within_his_area(house: House) -> None:
    mine = house.add("https://a.example/", OF_AREA, area="360500")
    other = house.add("https://b.example/")
    assert [(one.id, one.area) for one in house.queries.subscriptions(OF_AREA)] == [(mine, "360502")]
    house.publish(area="360502")
    assert {one.subscription_id for one in house.queries.deliveries(OF_AREA)} == {mine}
    assert {one.subscription_id for one in house.told()} == {mine, other}
    for act in (lambda: house.service.test(other, OF_AREA), lambda: house.service.switch(other, OF_AREA, on=False)):
        with pytest.raises(NotFound):
            act()
    leader = Actor("wang", frozenset({Role.LEADER}))
    for refused in (lambda: house.add("https://c.example/", leader), lambda: house.queries.subscriptions(leader),
                    lambda: house.queries.deliveries(leader), lambda: house.service.test(mine, leader)):
        with pytest.raises(NotPermitted):
            refused()


def test_there_are_so_many_and_no_more(house: House) -> None:
    for number in range(5):
        house.add(f"https://receiver{number}.example/")
    with pytest.raises(Conflict, match="webhook_too_many"):
        house.add("https://one.example/")
    house.service.switch(1, ADMIN, on=False)
    assert house.add("https://one.example/") == 6
    with pytest.raises(Conflict, match="webhook_too_many"):
        house.service.switch(1, ADMIN, on=True)
    house.service.switch(2, ADMIN, on=True)  # is on already


def test_what_ended_long_ago_is_forgotten_and_what_nobody_looked_after_is_not(house: House, peer: WebPeer) -> None:
    peer.answers = [(410, "", {}), (200, "", {})]
    house.add(peer.url)
    house.publish("figures/1")
    house.sender.work()
    house.publish("figures/2")
    house.sender.work()
    house.later(91 * 86_400)
    house.sender.work()
    assert [(one.subject, one.state) for one in house.told()] == [("figures/1", "dead")]


def test_nothing_leaves_a_sandbox(database: Database, peer: WebPeer) -> None:
    house = House(database, rules=replace(RULES, sandbox=True))
    house.add(peer.url)
    house.publish()
    house.sender.work()
    assert peer.calls == []
    assert [(one.state, one.detail) for one in house.told()] == [("sent", "sandbox")]

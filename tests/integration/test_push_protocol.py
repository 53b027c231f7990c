"""The push channel over real WebSockets: join, events, gauges, heartbeat, commands, refusals."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from alerts.models import screens
from alerts.occasions import Occasion, Origin
from core.access import Actor, Role
from core.database import Database
from core.outbox import new_epoch
from tests.services import wait_until
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, WALL, House, days_ago, facts_of, passed
from tests.unit.alerts.live import LiveServer, Page, connected, fast, page_on


@pytest.fixture
def house(fresh_sqlite_url: str) -> Iterator[House]:
    database = Database(fresh_sqlite_url)
    database.create_all()
    yield House(database)
    database.dispose()


@pytest.fixture
def server(house: House) -> Iterator[LiveServer]:
    with LiveServer(house) as running:
        yield running


def test_a_page_gets_a_snapshot_and_then_what_happens(house: House, server: LiveServer):
    house.record(passed("yellow", case_id=1))
    with page_on(server) as page:
        snapshot = page.wait_for("snapshot")
        assert (snapshot["as_of_seq"], snapshot["demo"], snapshot["build"]) == (1, True, "b1")
        assert [card["level"] for card in snapshot["cards"]] == ["yellow"]

        house.record(passed("red", case_id=2))
        page.reach(2)
        assert [event["seq"] for event in page.of("events")[0]["events"]] == [2]
        assert sorted(card["level"] for card in page.wall.cards.values()) == ["red", "yellow"]


def test_a_page_that_comes_back_gets_only_what_it_missed(house: House, server: LiveServer):
    house.record(passed(case_id=1))
    with page_on(server) as page:
        page.reach(1)
    house.record(passed(case_id=2), passed(case_id=3))

    with page_on(server, wall=page.wall) as again:
        again.reach(3)
        again.wait_for("gauge")
        again.wait_for("heartbeat")
        assert again.of("snapshot") == []
        assert len(again.wall.cards) == 3


def test_a_page_too_far_behind_gets_a_snapshot(house: House):
    with LiveServer(house, fast(replay_max=5)) as server:
        house.record(passed(case_id=1))
        with page_on(server) as page:
            page.reach(1)
        for number in range(2, 20):
            house.record(passed(case_id=number))
        wait_until(lambda: server.push.delivery.position[1] == 19, timeout_s=10, what="the tail")
        with page_on(server, wall=page.wall) as again:
            again.wait_for("snapshot")
            assert again.wall.last == 19


def test_a_page_of_another_build_gets_a_snapshot_that_tells_it(house: House, server: LiveServer):
    house.record(passed())
    with page_on(server) as page:
        page.reach(1)
    with page_on(server, wall=page.wall, build="b0") as again:
        assert again.wait_for("snapshot")["build"] == "b1"


def test_a_new_epoch_gives_everybody_a_snapshot(house: House, server: LiveServer):
    house.record(passed())
    with page_on(server) as page:
        page.wait_for("snapshot")
        with house.database.transaction() as conn:
            epoch = new_epoch(conn)
        page.wait(lambda: page.wall.epoch == epoch, "the new epoch")


def test_messages_of_other_topics_leave_no_gap(house: House, server: LiveServer):
    house.record(passed())
    with page_on(server) as page:
        page.reach(1)
        with house.units() as uow:
            uow.outbox("feed", "receipts", 1, {"state": "silent"})
        house.record(passed(case_id=2))
        page.reach(3)
        assert page.wall.gaps == 0


def test_a_gap_is_answered_with_what_is_missing(house: House, server: LiveServer):
    house.record(passed(case_id=1))
    house.record(passed(case_id=2))
    with page_on(server) as page:
        page.reach(2)
        page.wall.cards.pop(2)
        page.emit("resync", {"last_seq": 1})
        page.wait(lambda: any(event["seq"] == 2 for message in page.of("events") for event in message["events"]),
                  "event 2 again")


def test_a_wrong_fingerprint_leads_to_a_snapshot(house: House, server: LiveServer):
    house.record(passed(case_id=1))
    with page_on(server) as page:
        page.reach(1)
        page.wall.cards.clear()
        page.wait_for("snapshot", 2)
        assert len(page.wall.cards) == 1


def test_the_heartbeat_tells_head_counts_and_fingerprint(house: House, server: LiveServer):
    house.record(passed("red", case_id=1), passed("warning", case_id=2))
    with page_on(server) as page:
        page.reach(2)
        beat = page.wait_for("heartbeat")
        assert (beat["head_seq"], beat["hash"]) == (2, page.wall.digest())
        assert beat["counts"] == {"warning": 1, "yellow": 0, "red": 1, "unack": 2,
                                  "oldest_unack_at": "2018-10-14T10:00:00+08:00", "to_confirm": 0, "shelved": 0,
                                  "under_order": 0}
        assert beat["server_time"] == "2018-10-15T10:00:00.000+08:00"


def test_gauges_go_out_when_they_changed_and_only_then(house: House):
    figures: dict[str, Any] = {"figures": {"open": 1}, "board": {"as_of": 1, "rows": []}}
    with LiveServer(house, gauges=lambda: figures) as server, page_on(server) as page:
        assert page.wait_for("snapshot")["figures"] == {"open": 1}
        page.wait_for("heartbeat", 3)
        before = len(page.of("gauge"))
        figures["board"] = {"as_of": 2, "rows": []}
        page.wait_for("heartbeat", 6)
        assert len(page.of("gauge")) == before <= 1
        figures["figures"] = {"open": 2}
        page.wait(lambda: page.wall.gauges["figures"] == {"open": 2}, "the new figure")


def test_gauges_that_fail_become_an_alarm_and_the_cards_go_on(house: House):
    def broken() -> dict[str, Any]:
        raise RuntimeError("board unreadable")

    with LiveServer(house, gauges=broken) as server, page_on(server) as page:
        assert [alarm["code"] for alarm in page.wait_for("snapshot")["alarms"]] == ["gauges_failed"]
        house.record(passed())
        page.reach(1)


def test_an_officer_signs_over_the_socket_and_every_page_sees_it(house: House, server: LiveServer):
    house.record(passed())
    with page_on(server) as wall, page_on(server, ALICE, screen="") as desk:
        desk.reach(1)
        wall.reach(1)
        answer = desk.call("command", {"command_id": "c-1", "type": "acknowledge", "comment": "已核实",
                                       "cards": [{"id": 1, "rev": 1}]})
        assert answer["ok"]
        assert answer["results"][0]["state"] == "acked"
        wall.reach(2)
        assert wall.wall.cards[1]["acked"]["by"] == "艾丽"


@pytest.mark.parametrize(("actor", "data", "code"), [
    (WALL, {"command_id": "c", "cards": [{"id": 1, "rev": 1}]}, "not_permitted"),
    (ALICE, {"command_id": "c", "cards": [{"id": "x"}]}, "message_invalid"),
    (ALICE, {"command_id": "c", "cards": []}, "cards_invalid"),
    (ALICE, None, "message_invalid"),
    (ALICE, {"command_id": "c", "type": "comment", "cards": [{"id": 1, "rev": 1}], "comment": "a\0b"}, "control_characters"),
    (ALICE, {"command_id": "c", "cards": [{"id": 1, "rev": 1}], "comment": "a\uffffb"}, "control_characters"),
    (ALICE, {"command_id": "c", "type": "explode", "cards": [{"id": 1, "rev": 1}]}, "command_unknown"),
    (ALICE, {"command_id": "c", "type": "shelve", "cards": [{"id": 1, "rev": 1}]}, "field_missing"),
    (ALICE, {"command_id": "c", "type": "reply", "cards": [{"id": 1, "rev": 1}], "text": "x"}, "not_permitted"),
])
def test_a_command_that_cannot_be_done_is_answered_in_words(house: House, server: LiveServer, actor: Any, data: Any,
                                                            code: str):
    house.record(passed())
    with page_on(server, actor) as page:
        page.reach(1)
        answer = page.call("command", data)
        assert (answer["ok"], answer["error"], answer["retry"]) == (False, code, False)
        assert answer["message"].startswith(f"error.{code}")


def test_a_role_taken_away_counts_at_the_next_command(house: House):
    roles = {"alice": ALICE}
    with LiveServer(house, who=lambda request: roles.get(request.headers.get("X-Actor", ""))) as server:
        house.record(passed())
        with page_on(server, ALICE) as desk:
            desk.reach(1)
            roles["alice"] = CHARLIE
            answer = desk.call("command", {"command_id": "c", "cards": [{"id": 1, "rev": 1}]})
            assert answer["error"] == "not_permitted"


def test_a_page_that_got_no_first_data_comes_back_and_gets_it(house: House):
    with LiveServer(house) as server:
        snapshot, house.queries.snapshot = house.queries.snapshot, unreadable
        with page_on(server) as page:
            page.wait(lambda: page.is_over, "the end of a connection that cannot be served")
            assert page.of("snapshot") == []
        house.queries.snapshot = snapshot
        with page_on(server) as again:
            again.wait_for("snapshot")
        connected(server, 0)


def test_a_page_whose_identity_cannot_be_asked_is_refused_in_words(house: House):
    with LiveServer(house, who=unreadable) as server, page_on(server) as page:
        page.wait(lambda: page.refusal is not None, "a refusal")
        assert page.refusal == {"message": "error.overloaded", "data": {"code": "overloaded"}}
        page.wait(lambda: page.is_over, "the end of the connection")


def unreadable(*_args: Any) -> Any:
    raise OperationalError("SELECT", {}, Exception("the database is away"))


def test_a_link_ends_when_what_it_was_let_in_by_no_longer_holds(house: House):
    valid = {"alice", "wall-1"}
    parts = {"credential_of": lambda request: request.headers["X-Actor"], "holding": lambda asked: asked & valid}
    with LiveServer(house, fast(rights_interval_s=0.1), **parts) as server, \
            page_on(server, ALICE) as alice, page_on(server, WALL) as wall:
        alice.wait_for("snapshot")
        wall.wait_for("snapshot")
        valid.remove("wall-1")
        wall.wait(lambda: wall.is_over, "the end of the screen's link")
        connected(server, 1)
        assert alice.is_connected


def test_nothing_is_sent_while_nobody_can_say_whether_the_links_hold(house: House):
    parts = {"credential_of": lambda _request: "token", "holding": unreadable}
    with LiveServer(house, fast(rights_interval_s=0.0), **parts) as server, page_on(server) as page:
        page.wait_for("snapshot")
        house.record(passed())
        assert not page.hears(lambda: bool(page.of("events")), 1.0)


def test_signing_out_ends_every_connection_of_that_person(house: House, server: LiveServer):
    with page_on(server, ALICE) as one, page_on(server, ALICE) as two, page_on(server, BOB) as other:
        for page in (one, two, other):
            page.wait_for("snapshot")
        server.push.disconnect_actor("alice")
        one.wait(lambda: one.is_over, "the end of the first")
        two.wait(lambda: two.is_over, "the end of the second")
        assert not other.is_over
        connected(server, 1)


@pytest.mark.parametrize(("actor", "code"), [(None, "sign_in_required"), (CHARLIE, "not_permitted")])
def test_strangers_are_refused_in_words(server: LiveServer, actor: Any, code: str):
    with page_on(server, actor) as page:
        page.wait(lambda: page.refusal is not None, "a refusal")
        assert page.refusal["message"].startswith(f"error.{code}")
        assert page.refusal["data"] == {"code": code}
        page.wait(lambda: page.is_over, "the end of the connection")


def test_beyond_the_cap_pages_are_refused_in_words_and_http_goes_on(house: House):
    rules = fast(admission_cap=3, refusal_margin=2)
    with LiveServer(house, rules) as server:
        inside = [Page(server, screen=f"w{n}") for n in range(3)]
        for page in inside:
            page.wait_for("snapshot")
        late = Page(server, screen="late")
        late.wait(lambda: late.refusal is not None, "a refusal")
        assert late.refusal["message"] == "error.live_full max=3"
        assert urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=5).read() == b"ok"
        late.wait(lambda: late.is_over, "the refused connection to be let go")

        inside[0].cut()
        connected(server, 2)
        with page_on(server, screen="next") as following:
            following.wait_for("snapshot")
        for page in inside:
            page.cut()


def test_connections_beyond_the_margin_get_503_at_once(house: House):
    with LiveServer(house, fast(admission_cap=1, refusal_margin=0)) as server, page_on(server) as page:
        page.wait_for("snapshot")
        url = server.url.replace("ws://", "http://")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=5)
        assert refused.value.code == 503
        assert "live_full" in refused.value.read().decode()


def test_nonsense_from_a_page_changes_nothing(house: House, server: LiveServer):
    house.record(passed())
    with page_on(server) as page:
        page.reach(1)
        for event, data in [("shown", None), ("shown", {"seq": "x"}), ("shown", {"seq": -5, "heap": 1e300}),
                            ("resync", []), ("resync", {"last_seq": 10**30}), ("unknown", {}), ("shown", [[[]]])]:
            page.emit(event, data)
        house.record(passed(case_id=2))
        page.reach(2)
        assert page.is_connected


def test_receipts_of_screens_are_kept(house: House):
    with LiveServer(house, fast(receipts_interval_s=0.0)) as server, page_on(server, screen="wall-east") as page:
        house.record(passed())
        page.reach(1)

        def row() -> Any:
            with house.database.read() as conn:
                return conn.execute(select(screens)).first()

        wait_until(lambda: row() is not None and row().last_seq == 1, timeout_s=10, what="the receipt")
        assert (row().screen, row().name, row().latency_ms, row().heap) == ("wall-east", "监察室大屏", 20, 1000)




def test_a_person_bound_to_one_area_is_refused_in_words_and_pages_instead(house: House):
    district = Actor("emil", frozenset({Role.INSPECTOR}), area="360502")
    with LiveServer(house, who=lambda _request: district) as server, page_on(server, ALICE) as page:
        page.wait(lambda: page.refusal is not None, "a refusal")
        assert page.refusal["data"]["code"] == "live_needs_every_area"


def test_a_card_that_waits_for_confirmation_is_a_number_without_a_card(house: House, server: LiveServer):
    with page_on(server) as page:
        page.reach(0)
        with house.units() as uow:
            house.cards.raise_occasions(uow, [Occasion(
                key="finding:G1:D01", origin=Origin.FINDING, case=facts_of(), rule="G1", rule_version="1", level=2,
                at=days_ago(0), needs_confirmation=True, evidence={})])
        page.reach(1)
        assert page.wall.cards == {}
        assert "D01" not in str(page.heard)
        page.wait(lambda: any(beat["counts"]["to_confirm"] == 1 for beat in page.of("heartbeat")), "the count")

"""Who gets which events, when: the delivery without a network, with a hand-driven clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from alerts.delivery import Client, Delivery
from alerts.event_log import EventLog
from alerts.queries import Snapshot
from alerts.rules import PushRules
from alerts.wire import Counts
from core.outbox import Message
from tests.unit.alerts.house import ALICE, WALL

EPOCH = "e1"
NONE = Counts(0, 0, 0, 0, None)


class Room:
    """Transport, snapshot source and clock of a Delivery, as a test drives and reads them."""

    def __init__(self, **rules: Any) -> None:
        self.now, self.as_of, self.is_partial = 0.0, 0, False
        self.sent: list[tuple[str, str, Any]] = []
        self.dropped: list[str] = []
        self.delivery = Delivery(self, self.snapshot, PushRules(**rules), lambda: self.now)
        self.delivery.restart(EPOCH, 0)

    def emit(self, event: str, data: Any, sids: Sequence[str]) -> None:
        self.sent += [(sid, event, data) for sid in sids]

    def drop(self, sid: str) -> None:
        self.dropped.append(sid)
        self.delivery.remove(sid)

    def snapshot(self) -> tuple[Snapshot, dict[str, Any]]:
        return Snapshot(EPOCH, self.as_of, [], NONE, self.is_partial), {"as_of_seq": self.as_of}

    def commit(self, first: int, last: int, *, closed: bool = False) -> None:
        state = "closed" if closed else "unack"
        self.delivery.publish([Message(seq, "card", str(seq), 1, 0, f'{{"id":{seq},"state":"{state}"}}')
                               for seq in range(first, last + 1)])
        self.as_of = last

    def join(self, sid: str, last_seq: int = -1, actor: Any = WALL) -> None:
        assert self.delivery.admit(Client(sid, sid, actor))
        self.delivery.welcome(sid, EPOCH, last_seq, is_same_build=True)

    def shown(self, sid: str, seq: int) -> None:
        self.delivery.confirm(sid, seq, 1, 20, 1000)

    def got(self, sid: str) -> list[Any]:
        """What a page was sent: `S7` for a snapshot as of 7, numbers for events."""
        told: list[Any] = []
        for to, event, data in self.sent:
            if to == sid and event == "snapshot":
                told.append(f"S{data['as_of_seq']}")
            elif to == sid and event == "events":
                told.append([event.seq for event in data["events"]])
        return told


def test_only_one_batch_is_under_way_and_the_rest_follows_in_order():
    room = Room()
    room.join("a")
    room.shown("a", 0)
    room.commit(1, 1)
    room.commit(2, 3)
    room.commit(4, 4)
    assert room.got("a") == ["S0", [1]]

    room.shown("a", 1)
    assert room.got("a") == ["S0", [1], [2, 3, 4]]


def test_a_batch_is_bounded():
    room = Room(batch_max=2)
    room.join("a", 0)
    room.commit(1, 5)
    room.shown("a", 2)
    room.shown("a", 4)
    assert room.got("a") == [[1, 2], [3, 4], [5]]


def test_a_confirmation_of_something_older_frees_nothing():
    room = Room()
    room.join("a", 0)
    room.commit(1, 2)
    room.commit(3, 3)
    room.shown("a", 1)
    assert room.got("a") == [[1, 2]]


def test_pages_at_the_same_place_share_one_message():
    room = Room()
    room.join("a", 0)
    room.join("b", 0)
    room.commit(1, 1)
    assert room.sent[0][2] is room.sent[1][2]


def test_a_page_that_falls_too_far_behind_gets_a_snapshot():
    room = Room(replay_max=10)
    room.join("a", 0)
    room.commit(1, 1)
    room.commit(2, 12)
    room.shown("a", 1)
    assert room.got("a") == [[1], "S12"]


@pytest.mark.parametrize(("epoch", "last", "is_same_build", "told"), [
    (EPOCH, 3, True, [[4, 5]]),
    (EPOCH, 5, True, []),
    (EPOCH, 6, True, ["S5"]),
    (EPOCH, -1, True, ["S5"]),
    ("other", 3, True, ["S5"]),
    ("", 3, True, ["S5"]),
    (EPOCH, 3, False, ["S5"]),
])
def test_what_a_page_gets_first(epoch: str, last: int, is_same_build: bool, told: list[Any]):
    room = Room()
    room.commit(1, 5)
    room.delivery.admit(Client("a", "a", WALL))
    room.delivery.welcome("a", epoch, last, is_same_build)
    assert room.got("a") == told


def test_a_gap_is_replayed_and_a_second_complaint_gets_everything():
    room = Room(resync_pause_s=0.5, shown_within_s=10)
    room.commit(1, 5)
    room.join("a", 5)
    room.delivery.resync("a", 3)
    room.now = 0.1
    room.delivery.resync("a", 3)  # too soon: ignored
    room.now = 2.0
    room.delivery.resync("a", 3)
    assert room.got("a") == [[4, 5], "S5"]


def test_a_page_that_is_level_and_complains_gets_everything():
    room = Room()
    room.commit(1, 5)
    room.join("a", 5)
    room.delivery.resync("a", 5)
    assert room.got("a") == ["S5"]


def test_a_silent_page_is_told_again_then_faulty_then_dropped():
    room = Room(shown_within_s=10, missed_max=3)
    room.join("a", 0)
    room.join("well", 0)
    room.commit(1, 2)
    room.shown("well", 2)

    faulty = []
    for minute in range(1, 5):
        room.now = minute * 10.0
        faulty.append([client.sid for client in room.delivery.inspect().faulty])
        assert room.dropped == ([] if minute < 4 else ["a"])
    assert faulty == [[], ["a"], [], []]
    assert room.got("a") == [[1, 2], [1, 2]]


def test_a_silent_page_is_spared_gauges_but_hears_the_heartbeat():
    room = Room(shown_within_s=10)
    room.join("a", 0)
    room.commit(1, 1)
    room.now = 10
    room.delivery.inspect()
    room.sent.clear()

    room.delivery.broadcast("gauge", {})
    room.delivery.beat({})
    assert [event for _, event, _ in room.sent] == ["heartbeat"]


def test_a_page_that_paints_again_is_healed_and_catches_up():
    room = Room(shown_within_s=10)
    room.join("a", 0)
    room.commit(1, 1)
    for now in (10.0, 20.0):
        room.now = now
        room.delivery.inspect()
    room.commit(2, 3)
    room.shown("a", 1)
    assert [client.sid for client in room.delivery.inspect().healed] == ["a"]
    assert room.got("a")[-1] == [2, 3]


def test_a_page_that_waits_for_its_first_data_hears_nothing_else():
    room = Room()
    room.delivery.admit(Client("a", "a", WALL))
    room.commit(1, 1)
    room.delivery.beat({})
    room.delivery.broadcast("gauge", {})
    assert room.sent == []


def test_a_page_without_first_data_is_dropped_so_that_it_comes_back():
    room = Room(welcomed_within_s=10)
    room.now = 100
    room.delivery.admit(Client("a", "a", WALL))
    room.join("served")
    room.now = 109
    room.delivery.inspect()
    before = list(room.dropped)
    room.now = 110
    room.delivery.inspect()
    assert (before, room.dropped) == ([], ["a"])


def test_the_house_is_full_at_its_cap():
    room = Room(admission_cap=2)
    room.join("a")
    room.join("b")
    assert not room.delivery.admit(Client("c", "c", WALL))
    room.delivery.remove("a")
    assert room.delivery.admit(Client("c", "c", WALL))


def test_pages_of_a_person_are_found():
    room = Room()
    room.join("a", actor=ALICE)
    room.join("b", actor=WALL)
    room.join("c", actor=ALICE)
    assert room.delivery.sids_of("alice") == ["a", "c"]


def test_another_epoch_gives_a_snapshot_to_all_who_do_not_have_it_yet():
    room = Room()
    room.join("old")
    room.delivery.restart("e2", 0)
    assert room.got("old") == ["S0", "S0"]

    room.delivery.admit(Client("new", "new", WALL, epoch="e3", sent=0))
    room.delivery.restart("e3", 0)
    assert room.got("new") == []


def test_a_log_that_runs_back_gives_everybody_a_snapshot():
    room = Room()
    room.commit(1, 5)
    room.join("a")
    room.delivery.restart(EPOCH, 2)
    assert room.got("a") == ["S5", "S5"]


def test_a_page_with_part_of_the_cards_is_refilled_when_enough_of_them_closed():
    room = Room(snapshot_max=8)
    room.is_partial = True
    room.join("a")
    room.shown("a", 0)
    room.commit(1, 3, closed=True)
    room.shown("a", 3)
    assert room.got("a") == ["S0", [1, 2, 3]]

    room.commit(4, 4)
    assert room.got("a") == ["S0", [1, 2, 3], "S3"]


def test_receipts_are_given_once():
    room = Room()
    room.join("a")
    assert [client.sid for client in room.delivery.receipts()] == ["a"]
    assert room.delivery.receipts() == []
    room.shown("a", 0)
    assert [client.latency_ms for client in room.delivery.receipts()] == [20]


def test_the_log_keeps_what_may_be_replayed_and_no_more():
    log = EventLog(keep=10)
    log.restart(EPOCH, 100)
    for first in range(101, 151, 5):
        log.extend([Message(seq, "card", "1", 1, 0, "{}") for seq in range(first, first + 5)])

    assert (log.head, log.floor <= 140, log.floor >= 130) == (150, True, True)
    assert [event.seq for event in log.after(148, 5)] == [149, 150]
    assert log.after(150, 5) == log.after(170, 5) == []
    assert (log.covers(log.floor), log.covers(log.floor - 1), log.covers(151)) == (True, False, False)

"""Sending: claims, retries, giving up, leases of dead senders, and the audit. On SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from alerts.notices.models import escalations, notices
from alerts.notices.queries import LogFilter
from alerts.roster.contacts import Channel
from core.errors import Conflict, NotFound, NotPermitted
from tests.unit.alerts.house import ALICE, BOB, CHARLIE
from tests.unit.alerts.notices.telling import TellingHouse
from tests.unit.cases.record import opened as opened_database


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[TellingHouse]:
    with opened_database(fresh_database_url) as database:
        house = TellingHouse(database, settings={"attempts_max": 3, "backoff_s": 10, "backoff_max_s": 15, "lease_s": 60})
        house.name()
        yield house


def test_what_is_due_is_sent_once_and_the_log_says_how(house: TellingHouse):
    house.raise_card("warning")

    assert (house.send(), house.send()) == (1, 0)
    [message] = house.peers[Channel.SMS].got
    [row] = house.rows(channel="sms")
    assert (row.state, message.uid, row.ended_at) == ("sent", row.uid, house.units.clock.now_us())
    assert [(one.outcome, one.detail) for one in house.office.queries.attempts(row.id)] == [("sent", "taken")]


def test_a_failure_is_tried_again_later_and_later_under_the_same_id(house: TellingHouse):
    house.raise_card("warning")
    house.peers[Channel.SMS].fail(2)

    assert house.send() == 1
    house.later(seconds=9)
    assert house.send() == 0
    house.later(seconds=1)
    assert house.send() == 1
    house.later(seconds=14)
    assert house.send() == 0, "the wait doubles, up to its longest"
    house.later(seconds=1)
    assert house.send() == 1

    [row] = house.rows(channel="sms")
    assert (row.state, row.attempts) == ("sent", 2)
    assert [one.outcome for one in house.office.queries.attempts(row.id)] == ["failed", "failed", "sent"]
    assert [message.uid for message in house.peers[Channel.SMS].got] == [row.uid]


def test_after_the_last_attempt_it_is_on_the_dead_letter_list_and_can_be_sent_again(house: TellingHouse):
    house.raise_card("warning")
    house.peers[Channel.SMS].fail(3)
    for _ in range(3):
        house.send()
        house.later(seconds=20)
    [row] = house.rows(channel="sms")
    assert (row.state, house.alarm_codes()) == ("dead", {"notices_dead": 1})
    assert house.office.queries.counts() == {"queued": 0, "sending": 0, "dead": 1}

    house.office.actions.resend(row.id, ALICE)
    assert house.alarm_codes() == {}
    house.send()

    [after] = house.rows(channel="sms")
    assert (after.state, after.reason, after.uid) == ("sent", "resent", row.uid)
    with pytest.raises(Conflict, match="notice_not_dead"):
        house.office.actions.resend(row.id, ALICE)


def test_a_refusal_for_good_is_not_tried_again(house: TellingHouse):
    house.raise_card("warning")
    house.peers[Channel.SMS].fail(1, permanent=True)
    house.send()
    house.later(hours=2)

    assert house.send() == 0
    assert [row.state for row in house.rows(channel="sms")] == ["dead"]


def test_only_those_on_duty_may_send_again_and_only_what_exists(house: TellingHouse):
    for actor in (BOB, CHARLIE):
        with pytest.raises(NotPermitted):
            house.office.actions.resend(1, actor)
    with pytest.raises(NotFound):
        house.office.actions.resend(77, ALICE)


def test_somebody_bound_to_another_area_neither_reads_attempts_nor_sends_again(house: TellingHouse):
    house.raise_card("warning")
    house.peers[Channel.SMS].fail(1, permanent=True)
    house.send()
    [row] = house.rows(channel="sms")

    assert (house.office.queries.attempts(row.id, "999999"), len(house.office.queries.attempts(row.id, row.area))) == ([], 1)
    assert (house.office.queries.counts("999999")["dead"], house.office.queries.counts(row.area)["dead"]) == (0, 1)
    with pytest.raises(NotFound, match="notice_not_found"):
        house.office.actions.resend(row.id, replace(ALICE, area="999999"))
    house.office.actions.resend(row.id, replace(ALICE, area=row.area))


def test_a_fault_of_ours_in_one_way_out_holds_up_nobody_else(house: TellingHouse, caplog: pytest.LogCaptureFixture):
    house.raise_card("red")
    house.peers[Channel.SMS].problems = [ZeroDivisionError("a fault")]
    house.send()

    assert {row.channel: row.state for row in house.rows(addressee="liaison")} == {"in_site": "sent", "sms": "queued",
                                                                                  "email": "sent"}
    assert [row.error for row in house.rows(channel="sms")] == ["ZeroDivisionError"]


def test_a_notice_whose_sender_died_is_taken_up_when_its_lease_is_over(house: TellingHouse):
    house.raise_card("warning")
    [taken] = house.office.sender.claim()  # and never heard of again

    house.later(seconds=60)
    assert house.send() == 0
    house.later(seconds=1)
    assert house.send() == 1
    assert [message.uid for message in house.peers[Channel.SMS].got] == [taken.uid]


def test_a_sender_that_comes_back_too_late_spoils_nothing(house: TellingHouse):
    house.raise_card("warning")
    [slow] = house.office.sender.claim()
    house.later(seconds=61)
    house.send()
    house.peers[Channel.SMS].fail(1)

    house.office.sender.deliver(slow)

    [row] = house.rows(channel="sms")
    assert (row.state, row.attempts) == ("sent", 0)


def test_two_senders_at_one_time_share_the_work(house: TellingHouse):
    for number in range(1, 41):
        house.raise_card("red", number)
    both = threading.Barrier(2)

    def send() -> None:
        both.wait(10)
        house.send()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    for channel in (Channel.SMS, Channel.EMAIL):
        uids = [message.uid for message in house.peers[channel].got]
        assert len(uids) == len(set(uids)) == 40


def test_the_audit_tells_of_what_is_due_and_was_not_sent(house: TellingHouse):
    house.raise_card("warning")
    assert house.office.auditor.audit() == {"notices_stuck": 0, "escalation_missed": 0}
    house.later(minutes=10, seconds=1)
    assert house.office.auditor.audit()["notices_stuck"] == 1
    assert house.alarm_codes() == {"notices_stuck": 1}

    house.send()
    house.office.auditor.audit()

    assert house.alarm_codes() == {}


def test_the_audit_tells_of_a_missed_step_within_a_minute(house: TellingHouse):
    now = house.units.clock.now_us()
    with house.units() as uow:
        uow.conn.execute(insert(escalations).values(
            card_id=9, run=1, area="360500", level=2, chain="{}", started_at=now, step=0, next_at=now, stopped_at=None,
            stopped_by=""))
    house.later(seconds=60)
    assert house.office.auditor.audit()["escalation_missed"] == 0
    house.later(seconds=1)
    assert house.office.auditor.audit()["escalation_missed"] == 1


def test_a_notice_that_kills_its_sender_every_time_ends_as_well(house: TellingHouse):
    house.raise_card("warning")
    with house.units() as uow:
        uow.conn.execute(update(notices).where(notices.c.channel == "sms").values(claims=100))
    house.peers[Channel.SMS].fail(1)
    house.send()

    assert [row.state for row in house.rows(channel="sms")] == ["dead"]


def test_the_log_is_read_by_state_channel_and_card_and_covers_addresses(house: TellingHouse):
    house.raise_card("warning")
    house.raise_card("warning", 2)
    queries = house.office.queries

    assert [(row.card_id, row.address) for row in queries.log(LogFilter(channel="sms"))] == [(2, "138****0001"),
                                                                                             (1, "138****0001")]
    assert {row.card_id for row in queries.log(LogFilter(card_id=2))} == {2}
    assert {row.state for row in queries.log(LogFilter(state="sent"))} == {"sent"}
    assert queries.log(LogFilter(area="360502")) == []
    newest = queries.log(LogFilter())[0]
    assert [row.id for row in queries.log(LogFilter(before=newest.id))] == list(range(newest.id - 1, 0, -1))


def test_an_inbox_is_read_by_its_owner_alone(house: TellingHouse):
    house.raise_card("warning")
    queries, zhao = house.office.queries, type(CHARLIE)("zhao", CHARLIE.roles, org="D01")
    assert (queries.unread("zhao"), queries.unread("zhou")) == (1, 0)

    assert house.office.actions.mark_read(None, ALICE) == 0
    [message] = queries.inbox("zhao")
    assert house.office.actions.mark_read([message.id], zhao) == 1

    assert queries.unread("zhao") == 0

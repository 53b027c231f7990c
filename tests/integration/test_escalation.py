"""Escalation: in working time, from a chain copied at the beginning, each step once, stamped with when it was due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from alerts import events as ev
from alerts.escalation import STOPS
from alerts.notices.models import escalation_steps, escalations
from alerts.roster.contacts import Addressee
from cases.events import ClockKind
from core.instants import from_us
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, ZONE, ended, withdrawn
from tests.unit.alerts.notices.telling import LEADER, LIAISON, TellingHouse, opened, shanghai
from tests.unit.cases.record import opened as opened_database

CHAINS = """
levels:
  yellow:
    id: yellow
    version: "1"
    steps:
      - {wait_hours: 2, to: [duty_officer]}
      - {wait_hours: 2, to: [shift_leader]}
  red:
    id: red
    version: "1"
    loops: 2
    steps:
      - {wait_minutes: 30, to: [shift_leader]}
"""


@dataclass
class Watched(TellingHouse):
    """A house whose steps a test reads."""

    def steps(self) -> list[tuple[int, int, int, str, str]]:
        """(card, run, step, when it was due, when it was taken), by instant."""
        with self.database.read() as conn:
            rows = conn.execute(select(escalation_steps).order_by(escalation_steps.c.due_at)).all()
        return [(row.card_id, row.run, row.step, _told(row.due_at), _told(row.fired_at)) for row in rows]

    def stops(self) -> list[str]:
        with self.database.read() as conn:
            return list(conn.scalars(select(escalations.c.stopped_by).order_by(escalations.c.card_id, escalations.c.run)))

    def at(self, text: str) -> int:
        """Move the clock and take the steps that are due."""
        self.clock.move_to(shanghai(text))
        return self.office.escalation.step_due()


def _told(us: int) -> str:
    return from_us(us).astimezone(ZONE).strftime("%m-%d %H:%M")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "chains.yaml").write_text(CHAINS, encoding="utf-8")
    return folder


@pytest.fixture
def house(fresh_database_url: str, folder: Path) -> Iterator[Watched]:
    with opened_database(fresh_database_url) as database:
        house = Watched(database, settings={"escalation_dir": str(folder)})
        house.plan("zhou", "sun")
        house.plan("qian", role="shift_leader")
        yield house


def test_steps_follow_in_working_time_over_lunch_and_night(house: Watched):
    """Office hours are 08:30-12:00 and 14:00-17:30 (config/calendars): 10:00 + 2 h = 12:00, + 2 h = 16:00."""
    house.raise_card("yellow")

    assert house.at("2018-10-15T11:59") == 0
    assert house.at("2018-10-15T12:00") == 1
    assert house.at("2018-10-15T15:59") == 0
    assert house.at("2018-10-15T16:00") == 1
    assert house.at("2018-10-19T16:00") == 0
    assert [step[2:] for step in house.steps()] == [(0, "10-15 12:00", "10-15 12:00"), (1, "10-15 16:00", "10-15 16:00")]
    assert house.told(what="step", addressee="shift_leader") == [("shift_leader", "钱进", "in_site", "sent")]


def test_a_card_of_friday_afternoon_is_escalated_on_monday(house: Watched):
    house.clock.move_to(shanghai("2018-10-19T17:20"))
    house.raise_card("red")

    assert house.at("2018-10-21T12:00") == 0
    assert house.at("2018-10-22T08:50") == 1


def test_steps_slept_over_are_taken_late_but_once_with_the_instants_they_had(house: Watched):
    house.raise_card("yellow")

    assert house.at("2018-10-18T09:00") == 2
    assert house.at("2018-10-18T09:01") == 0
    assert [step[3:] for step in house.steps()] == [("10-15 12:00", "10-18 09:00"), ("10-15 16:00", "10-18 09:00")]


def test_a_chain_loops_as_often_as_it_says_and_no_more(house: Watched):
    house.raise_card("red")

    assert house.at("2018-10-16T17:00") == 2
    assert [step[2:4] for step in house.steps()] == [(0, "10-15 10:30"), (1, "10-15 11:00")]


def test_an_edit_of_the_policy_does_not_alter_a_card_on_its_way(house: Watched, folder: Path):
    house.raise_card("yellow")
    (folder / "chains.yaml").write_text(CHAINS.replace("wait_hours: 2", "wait_hours: 9"), encoding="utf-8")
    house.office = house._office()  # as after a restart
    house.units.reactions.update(house.office.reactions())
    house.raise_card("yellow", 2)

    house.at("2018-10-15T12:00")

    assert [step[0] for step in house.steps()] == [1]


def quiet_down(house: Watched, kind: str) -> None:
    house.do(kind, LEADER, reason="专家评审", until="2018-10-15T11:30:00+08:00")


def revoke(house: Watched) -> None:
    house.do("propose_revoke", ALICE, reason="误报")
    house.do("confirm_revoke", LEADER)


# What ends a run, by the event of `STOPS` that does it, and what the run says of its end.
ENDINGS: dict[type[ev.CardEvent], tuple[Callable[[Watched], object], str]] = {
    ev.CardAcknowledged: (lambda house: house.do("acknowledge", ALICE), "acknowledged"),
    ev.ConditionEnded: (lambda house: house.record(ended()), "condition_ended"),
    ev.CardShelved: (lambda house: quiet_down(house, "shelve"), "shelved"),
    ev.CardKeptQuiet: (lambda house: quiet_down(house, "stop_by_law"), "quiet"),
    ev.CardClosed: (lambda house: house.record(withdrawn()), "closed"),
    ev.CardRevoked: (revoke, "revoked"),
}


@pytest.mark.parametrize("event", STOPS, ids=lambda event: event.__name__)
def test_it_stops_when_somebody_acts_or_it_is_over(house: Watched, event: type[ev.CardEvent]):
    end, reason = ENDINGS[event]
    house.raise_card("yellow")
    end(house)

    assert (STOPS[event], house.stops()) == (reason, [reason])
    assert house.at("2018-10-15T11:00") == 0
    if event not in (ev.CardShelved, ev.CardKeptQuiet):  # these come back
        assert house.at("2018-10-18T09:00") == 0


def test_a_reply_silences_nobody_while_the_card_is_unsigned(house: Watched):
    """A department may answer before anybody of ours has looked; that must not let a red card sit for ever."""
    house.raise_card("red")
    house.do("reply", CHARLIE, text="正在办理")

    assert house.stops() == [""]
    assert house.at("2018-10-15T10:30") == 1
    house.do("acknowledge", ALICE)
    house.do("acknowledge", LEADER)
    assert house.stops() == ["acknowledged"]


def test_a_reply_that_is_rejected_begins_the_chain_anew(house: Watched):
    house.raise_card("red")
    house.do("reply", CHARLIE, text="正在办理")
    assert house.at("2018-10-15T15:00") == 2, "the chain has come to its end"
    house.do("reject_reply", BOB, reason="未说明原因")

    assert house.stops() == ["restarted", ""]
    assert house.at("2018-10-15T15:30") == 1


def test_a_rejected_reply_sets_no_run_back_that_has_a_step_to_come(house: Watched):
    house.raise_card("red")
    house.do("reply", CHARLIE, text="正在办理")
    house.do("reject_reply", BOB, reason="未说明原因")

    assert house.stops() == [""]


def test_a_signed_card_whose_reply_is_rejected_waits_for_nobody_of_ours(house: Watched):
    house.raise_card("yellow")
    house.do("acknowledge", ALICE)
    house.do("reply", CHARLIE, text="正在办理")
    house.do("reject_reply", BOB, reason="未说明原因")

    assert house.stops() == ["acknowledged"]


def test_a_red_card_goes_on_until_both_have_signed(house: Watched):
    house.raise_card("red")
    house.do("acknowledge", ALICE)
    assert house.stops() == [""]
    house.do("acknowledge", LEADER)
    assert house.stops() == ["acknowledged"]


def test_worsening_begins_the_chain_of_the_new_level(house: Watched):
    house.raise_card("yellow")
    house.do("acknowledge", ALICE)
    red = opened("red")
    house.record(msgspec.structs.replace(red, clock=msgspec.structs.replace(red.clock, kind=ClockKind.STATUTORY)))

    assert house.at("2018-10-15T10:30") == 1
    assert [step[1:4] for step in house.steps()] == [(2, 0, "10-15 10:30")]
    assert house.stops() == ["acknowledged", ""]


def test_a_card_that_asks_again_begins_anew(house: Watched):
    house.raise_card("yellow")
    house.do("acknowledge", ALICE)
    house.clock.move_to(shanghai("2018-10-15T11:00"))
    house.do("unacknowledge", ALICE, reason="签错了")

    assert house.at("2018-10-15T12:00") == 0
    assert house.at("2018-10-15T14:59") == 0
    assert house.at("2018-10-15T15:00") == 1


def test_a_step_that_reaches_nobody_is_an_alarm(house: Watched):
    house.clock.move_to(shanghai("2018-10-16T10:00"))  # nobody's day
    house.raise_card("yellow")
    house.at("2018-10-16T12:00")

    assert house.alarm_codes() == {"escalation_unheard": 1}
    assert [row.reason for row in house.rows(what="step")] == ["nobody_on_duty", "not_on_duty", "not_on_duty"]


def test_a_step_claimed_by_somebody_else_is_not_taken_twice(house: Watched):
    house.raise_card("yellow")
    house.clock.move_to(shanghai("2018-10-15T12:00"))
    both = threading.Barrier(2)

    def step() -> None:
        both.wait(10)
        house.office.escalation.step_due()

    threads = [threading.Thread(target=step) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(house.steps()) == 1
    assert len(house.rows(what="step", state="sent")) == 2, "one each for the two officers on duty"


def test_a_year_without_published_holidays_is_counted_in_plain_time(house: Watched):
    house.clock.move_to(shanghai("2031-12-31T17:00"))
    house.raise_card("red")

    assert house.at("2031-12-31T17:30") == 1


def test_what_waits_for_a_step_is_withheld_once_the_card_is_signed(house: Watched):
    house.name(LIAISON, role=Addressee.DUTY_OFFICER, org="", username="zhou", min_level=1)
    house.raise_card("yellow")
    house.at("2018-10-15T12:00")
    house.do("acknowledge", BOB)

    assert {row.reason for row in house.rows(what="step", channel="sms")} == {"acknowledged_meanwhile"}


def test_where_an_escalation_stands_can_be_asked(house: Watched):
    house.raise_card("yellow")
    house.at("2018-10-15T12:00")
    now = house.office.queries.escalation_of(1)

    assert now is not None
    assert (now.run, now.next_step, _told(now.next_at or 0), [step.told for step in now.steps]) == (1, 1, "10-15 16:00", [2])
    assert house.office.queries.escalation_of(77) is None

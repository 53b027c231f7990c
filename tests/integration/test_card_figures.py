"""What cards add to the figures of the days: levels, revocations, replies and signatures, each on its day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select, update

from alerts.card_commands import CardCommand, CardRef, CommandType
from alerts.models import cards
from cases.events import EventKind
from cases.models import case_table
from core.access import Actor, Role
from core.database import Database
from evaluation.card_figures import standing_cards
from evaluation.models import (
    CARDS_BY_SUBJECT,
    figure_cards,
    figure_days,
    figure_detail_months,
    figure_details,
    figure_months,
)
from evaluation.period import Basis
from tests.unit.cases.record import emptied, event, made_database, us
from tests.unit.evaluation.counted import Counted, differences

K = EventKind
INSPECTOR = Actor("ines", frozenset({Role.INSPECTOR}))
CLERK = Actor("dan", frozenset({Role.DEPARTMENT_USER}), org="Land")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("cards")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Counted:
    return Counted(emptied(shared)).at("10-15 10:00")


def test_cards_count_on_the_day_of_their_level_and_on_that_of_the_acceptance(record):
    record.at("10-15 18:00").take(event(K.ACCEPTED, "10-15 10:00"), event(K.ACCEPTED, "10-15 10:00", case_no="2"))
    record.at("10-24 18:00").sweeper.sweep_all()
    warned = record.counted("warnings", "yellow", "red")
    record.at("10-26 09:00").sweeper.sweep_all()

    assert warned == {"warnings": 2, "yellow": 0, "red": 0}
    assert record.counted("warnings", "yellow", "red") == {"warnings": 0, "yellow": 2, "red": 0}
    assert record.by_day("yellow") == {"10-25": 2}
    assert record.by_day("yellow", Basis.ACCEPTANCE) == {"10-15": 2}
    assert record.figure("cards_per_1000").value == 1000
    assert [] == differences(record)


def test_a_card_written_while_the_record_is_counted_anew_counts_by_its_case_once_that_is_counted(record):
    """As after migration 0044: nothing is kept of any case, and a card is signed before the job comes to its case."""
    record.at("10-26 09:00").take(event(K.ACCEPTED, "10-15 10:00", channel="hall"))
    with record.uow() as uow:
        uow.conn.execute(update(case_table).values(marks="", is_unmarked=True))
        for table in (figure_days, figure_months, figure_details, figure_detail_months, figure_cards):
            uow.conn.execute(delete(table))
    with record.uow() as uow:
        record.card_figures.keep(uow, standing_cards(uow.conn, list(uow.conn.scalars(select(cards.c.id)))))
    assert record.by_day("yellow", Basis.ACCEPTANCE) == {"10-25": 1}, "the day of the card, as long as no other is known"

    assert (record.recounter.fill(), record.figure_recounter.fill()) == (1, 1)
    assert record.by_day("yellow", Basis.ACCEPTANCE) == {"10-15": 1}
    assert [] == differences(record)
    assert record.figure_recounter.fill() == 0


def test_a_card_that_later_facts_take_back_never_was(record):
    record.at("10-26 09:00").take(event(K.ACCEPTED, "10-15 10:00"))
    assert record.counted("yellow") == {"yellow": 1}
    record.take(event(K.SPECIAL_STARTED, "10-16 10:00"), event(K.SPECIAL_ENDED, "10-25 10:00"))

    assert record.counted("yellow", "warnings") == {"yellow": 0, "warnings": 0}
    assert [] == differences(record)


def test_a_revoked_card_stays_and_is_told_apart(record):
    record.at("10-26 09:00").take(event(K.ACCEPTED, "10-15 10:00"))
    with record.uow() as uow:
        uow.conn.execute(update(cards).values(disposition="revoked"))
        record.card_figures.keep(uow, standing_cards(uow.conn, [1]))

    assert record.counted("yellow", "revoked_yellow") == {"yellow": 1, "revoked_yellow": 1}
    assert record.figure("yellow_cards").value == 0
    assert record.figure("revoked_share").value == 1.0
    assert [] == [one for one in differences(record) if one.counter.startswith("figure")]


def test_replies_count_on_their_day_with_the_working_days_since_they_were_demanded(record):
    """Issued on Friday the 26th, a reply asked for on Monday, given on Wednesday, rejected, given again on Friday: four
    working days. A card replied to unasked counts from its issue."""
    record.at("10-26 09:00").take(event(K.ACCEPTED, "10-15 10:00"), event(K.ACCEPTED, "10-15 10:00", case_no="2"))

    def do(at: str, kind: CommandType, by: Actor, card: int, **members: str) -> None:
        record.at(at)
        rev = standing_rev(record, card)
        command = CardCommand(command_id=f"{at}/{card}", type=kind.value, cards=[CardRef(card, rev)], **members)
        result = record.card_service.execute(command, by).results[0]
        assert result.ok, result

    do("10-29 10:00", CommandType.REQUEST_REPLY, INSPECTOR, 1, reply_limit="5wd", reason="why")
    do("10-31 10:00", CommandType.REPLY, CLERK, 1, text="soon")
    assert record.counted("replies", "reply_days") == {"replies": 1, "reply_days": 2}
    do("10-31 11:00", CommandType.REJECT_REPLY, INSPECTOR, 1, reason="no cause told")
    assert record.counted("replies", "reply_days") == {"replies": 0, "reply_days": 0}
    with record.uow() as uow:  # as written off or revoked meanwhile: it stays no reply
        uow.conn.execute(update(cards).where(cards.c.id == 1).values(reply_due_at=None))
        assert [one.replied_at for one in standing_cards(uow.conn, [1])] == [None]
        uow.conn.execute(update(cards).where(cards.c.id == 1).values(reply_due_at=us("11-07 10:00")))
    do("11-02 10:00", CommandType.REPLY, CLERK, 1, text="for want of people")
    do("10-29 15:00", CommandType.REPLY, CLERK, 2, text="done")

    assert record.by_day("replies") == {"10-29": 1, "11-02": 1}
    assert record.by_day("reply_days") == {"10-29": 1, "11-02": 4}
    assert record.figure("reply_time").value == 2.5
    assert [] == differences(record)


def test_signatures_count_with_the_working_time_since_the_department_knew(record):
    """The office works from 8:30 to 12:00 and from 14:00 to 17:30: from Friday 16:30 to Monday 10:15 are 2¾ hours."""
    record.at("10-26 16:30").take(event(K.ACCEPTED, "10-15 10:00"), event(K.ACCEPTED, "10-15 10:00", case_no="2"))
    command = CardCommand(command_id="1", type=CommandType.ACKNOWLEDGE.value, cards=[CardRef(1, standing_rev(record, 1))])
    assert record.at("10-29 10:15").card_service.execute(command, INSPECTOR).results[0].ok

    assert record.by_day("acknowledged") == {"10-29": 1}
    assert record.by_day("acknowledged", Basis.ACCEPTANCE) == {"10-15": 1}
    assert record.counted("acknowledgement_minutes") == {"acknowledgement_minutes": 165}
    assert record.figure("acknowledgement_time").value == 2.75
    assert [] == differences(record)
    command = CardCommand(command_id="2", type=CommandType.UNACKNOWLEDGE.value, reason="by mistake",
                          cards=[CardRef(1, standing_rev(record, 1))])
    assert record.card_service.execute(command, INSPECTOR).results[0].ok
    assert record.counted("acknowledged", "acknowledgement_minutes") == {"acknowledged": 0, "acknowledgement_minutes": 0}
    assert record.figure("acknowledgement_time").value is None


@pytest.mark.parametrize(("origin", "kind", "figure"), [
    ("clock", "step", "yellow_step"), ("clock", "special", "yellow_special"), ("clock", "consultation", "yellow_consultation"),
    ("clock", "complaint_intake", "yellow_complaint"), ("complaint", "complaint", "yellow_complaint"),
    ("act", "act", "yellow_conduct"), ("manual", "manual", "yellow_conduct"), ("clock", "statutory", None)])
def test_cards_are_told_apart_by_what_they_are_for(record, origin, kind, figure):
    record.at("10-26 09:00").take(event(K.ACCEPTED, "10-15 10:00"))
    with record.uow() as uow:
        uow.conn.execute(update(cards).values(origin=origin, clock_kind=kind))
        record.card_figures.keep(uow, standing_cards(uow.conn, [1]))

    apart = {name: n for name, n in record.counted(*CARDS_BY_SUBJECT).items() if n}
    assert apart == ({} if figure is None else {figure: 1})
    assert record.figure("limit_cards").value == (1 if figure is None else 0)
    assert record.counted("yellow") == {"yellow": 1}


def test_cards_of_before_replies_were_counted_are_counted_again(record):
    record.at("10-26 09:00").take(event(K.ACCEPTED, "10-15 10:00"))
    with record.uow() as uow:
        uow.conn.execute(update(cards).values(replied_at=us("10-29 10:00"), issued_at=us("10-26 09:00")))
        uow.conn.execute(update(figure_cards).values(counting=0))
    assert record.figure_recounter.fill() == 1

    assert record.counted("yellow", "replies", "reply_days") == {"yellow": 1, "replies": 1, "reply_days": 1}
    assert record.figure_recounter.fill() == 0
    assert [] == differences(record)


def standing_rev(record: Counted, card: int) -> int:
    with record.database.read() as conn:
        return int(conn.execute(select(cards.c.rev).where(cards.c.id == card)).scalar_one())


def test_the_cards_of_a_case_accepted_on_another_day_follow_it(record):
    record.at("10-29 09:00").take(event(K.RECEIVED, "10-15 10:00"))
    record.sweeper.wake()
    record.sweeper.sweep_all()
    before = record.by_day("yellow", Basis.ACCEPTANCE) or record.by_day("red", Basis.ACCEPTANCE)
    record.take(event(K.ACCEPTED, "10-26 10:00"))

    assert before == {"10-15": 1}
    assert (record.by_day("yellow", Basis.ACCEPTANCE) or record.by_day("red", Basis.ACCEPTANCE)) == {"10-26": 1}
    assert [] == differences(record)

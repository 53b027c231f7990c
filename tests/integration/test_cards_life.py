"""What people do with a card, from signing to its end, and what falls due meanwhile. On SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.card_commands import CardCommand, CardRef
from alerts.rules import CardRules
from cases.events import ClockKind
from core.access import Actor
from core.database import Database
from core.errors import InvalidInput, TooLarge
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, House, ended, passed
from tests.unit.alerts.life import INSPECTOR, LEADER, SECOND_LEADER, Life

RULES = CardRules(ack_again={2: "1wd", 3: "4wh"})


@pytest.fixture
def life(fresh_database_url: str) -> Iterator[Life]:
    database = Database(fresh_database_url)
    database.create_all()
    yield Life(House(database, rules=RULES))
    database.dispose()


@pytest.fixture(autouse=True)
def log_is_whole(life: Life) -> Iterator[None]:
    """Whatever a test did: the log of each card, replayed, gives its row."""
    yield
    assert life.differences() == []


def red(life: Life) -> None:
    life.house.record(passed("red", kind=ClockKind.STATUTORY))


def signed(life: Life) -> None:
    life.house.record(passed("yellow"))
    assert life.do("acknowledge", ALICE).ok


# Signing ----------------------------------------------------------------------------------------------------------

def test_a_red_card_is_acknowledged_by_an_officer_and_a_shift_leader(life: Life):
    red(life)
    first = life.do("acknowledge", ALICE, comment="已电话核实")
    assert (first.ok, first.state, first.message) == (True, "unack", "error.waits_for_second")
    card = life.card()
    assert card.first is not None
    assert (card.first.by, card.acked, card.disposition) == ("艾丽", None, "to_sign")

    second = life.do("acknowledge", LEA)
    assert (second.ok, second.state, life.card().disposition) == (True, "acked", "signed")
    assert life.heard() == ["CardOpened", "CardAcknowledged"]
    assert life.actions() == ["opened", "first_signature", "acknowledged"]


def test_it_may_also_begin_with_the_shift_leader(life: Life):
    red(life)
    life.do("acknowledge", LEA)

    assert life.do("acknowledge", ALICE).state == "acked"


def test_two_officers_are_not_an_officer_and_a_shift_leader(life: Life):
    red(life)
    life.do("acknowledge", ALICE)

    assert life.do("acknowledge", BOB).error == "shift_leader_must_sign"
    assert life.do("acknowledge", ALICE).already
    assert life.card().state == "unack"


def test_one_shift_leader_is_not_two_persons(life: Life):
    red(life)
    life.do("acknowledge", LEA)
    assert life.do("acknowledge", LEA).already
    assert life.card().state == "unack"
    assert life.do("acknowledge", SECOND_LEADER).state == "acked"


def test_an_installation_may_do_with_one_signature(fresh_sqlite_url: str):
    database = Database(fresh_sqlite_url)
    database.create_all()
    life = Life(House(database, rules=CardRules(red_needs_two=False)))
    red(life)
    assert life.do("acknowledge", ALICE).state == "acked"
    database.dispose()


def test_many_cards_are_signed_with_one_comment_at_the_revision_seen(life: Life):
    life.house.record(*(passed("yellow", case_id=n) for n in range(1, 5)))
    seen = life.house.active()
    life.house.record(passed("red", case_id=2, kind=ClockKind.STATUTORY))

    result = life.command("acknowledge", ALICE, *seen, comment="已逐一核实")

    assert [(one.id, one.error) for one in result.results if not one.ok] == [(2, "card_changed")]
    assert life.card(2).state == "unack"


def test_a_signature_is_taken_back_with_a_reason(life: Life):
    signed(life)
    life.heard()
    with pytest.raises(InvalidInput, match="field_missing"):
        life.do("unacknowledge", ALICE)

    assert life.do("unacknowledge", ALICE, reason="签错了").state == "unack"
    assert (life.card().disposition, life.heard()) == ("to_sign", ["CardAskedAgain"])


# Shelving ---------------------------------------------------------------------------------------------------------

def test_a_shelved_card_comes_back_by_itself_and_asks_again(life: Life):
    signed(life)
    result = life.do("shelve", ALICE, reason="等待会议结果", until="2018-10-15T11:00:00+08:00")
    assert result.state == "shelved"
    snapshot = life.house.queries.snapshot()
    assert (snapshot.counts.shelved, snapshot.counts.unack, snapshot.counts.yellow) == (1, 0, 1)

    assert life.wait(minutes=59) == 0
    assert life.wait(minutes=2) == 1

    card = life.card()
    assert (card.state, card.suppression) == ("unack", None)
    assert life.find().log[-1].at == "2018-10-15T11:00:00+08:00"  # when it ran out, not when we noticed
    assert life.heard() == ["CardOpened", "CardAcknowledged", "CardShelved", "CardUnshelved"]


def test_worsening_breaks_shelving(life: Life):
    signed(life)
    life.do("shelve", ALICE, reason="等待")
    red(life)

    assert (life.card().state, life.card().suppression, life.deadlines()) == ("unack", None, {})


@pytest.mark.parametrize(("until", "code"), [
    ("2018-10-15T12:00:01+08:00", "until_out_of_range"), ("2018-10-15T09:00:00+08:00", "until_out_of_range"),
    ("2018-10-15T11:00:00", "until_out_of_range"), ("soon", "until_unreadable")])
def test_nobody_shelves_for_longer_than_the_setting(life: Life, until: str, code: str):
    signed(life)
    with pytest.raises(InvalidInput, match=code):
        life.do("shelve", ALICE, reason="等待", until=until)


def test_a_red_card_is_shelved_by_a_shift_leader_only(life: Life):
    red(life)
    assert life.do("shelve", ALICE, reason="等待").error == "red_shelved_by_leader"
    assert life.do("shelve", LEA, reason="等待").state == "shelved"
    assert life.do("unshelve", ALICE).state == "unack"


# Out of service, stopped by law ------------------------------------------------------------------------------------

QUIET = {"take_out_of_service": ("out_of_service", "return_to_service", "out_of_service", "back_in_service"),
         "stop_by_law": ("suppressed", "resume_by_law", "stopped_by_law", "resumed_by_law")}
IN_THREE_DAYS = "2018-10-18T10:00:00+08:00"


@pytest.mark.parametrize("begin", QUIET)
def test_it_is_quiet_until_its_time_is_over_and_then_asks_again(life: Life, begin: str):
    state, _end, begun, ended = QUIET[begin]
    life.house.record(passed())
    assert life.do(begin, ALICE, reason="数据源检修", until=IN_THREE_DAYS).state == state
    quiet = life.card().suppression
    assert (quiet.reason, quiet.until, life.house.queries.snapshot().counts.shelved) == ("数据源检修", IN_THREE_DAYS, 1)

    assert life.wait(days=2, hours=23) == 0
    assert life.wait(hours=2) == 1

    assert (life.card().state, life.card().suppression, life.deadlines()) == ("unack", None, {})
    lines = [(line.action, line.at) for line in life.find().log][-2:]
    assert lines == [(begun, "2018-10-15T10:00:00+08:00"), (ended, IN_THREE_DAYS)]
    assert life.heard() == ["CardOpened", "CardKeptQuiet", "CardAskedAgain"]


@pytest.mark.parametrize("begin", QUIET)
def test_a_person_ends_it_before_its_time(life: Life, begin: str):
    _state, end, _begun, ended = QUIET[begin]
    life.house.record(passed())
    life.do(begin, ALICE, reason="《行政许可法》第四十五条", until=IN_THREE_DAYS)

    assert life.do(end, BOB, reason="已恢复").state == "unack"
    last = life.find().log[-1]
    assert (last.action, last.actor, last.reason, life.deadlines()) == (ended, BOB.name, "已恢复", {})
    assert life.do(end, BOB).error in ("not_out_of_service", "not_stopped_by_law")


@pytest.mark.parametrize("begin", QUIET)
def test_worsening_breaks_neither(life: Life, begin: str):
    state = QUIET[begin][0]
    signed(life)
    life.do(begin, ALICE, reason="数据源检修", until=IN_THREE_DAYS)
    red(life)

    assert (life.card().level, life.card().state, life.card().acked) == ("red", state, None)


def test_of_the_three_ways_one_at_a_time(life: Life):
    signed(life)
    life.do("stop_by_law", ALICE, reason="听证", until=IN_THREE_DAYS)

    assert life.do("take_out_of_service", ALICE, reason="检修", until=IN_THREE_DAYS).error == "quiet_already"
    assert life.do("shelve", ALICE, reason="等待").error == "quiet_already"
    assert life.do("return_to_service", ALICE).error == "not_out_of_service"
    assert life.do("unshelve", ALICE).error == "not_shelved"


@pytest.mark.parametrize(("begin", "until", "code"), [
    ("take_out_of_service", "", "field_missing"), ("stop_by_law", "", "field_missing"),
    ("take_out_of_service", "2018-11-14T10:00:01+08:00", "until_beyond_days"),
    ("stop_by_law", "2019-04-13T10:00:01+08:00", "until_beyond_days"),
    ("stop_by_law", "2018-10-15T09:00:00+08:00", "until_beyond_days"), ("stop_by_law", "someday", "until_unreadable")])
def test_it_needs_an_end_within_the_setting(life: Life, begin: str, until: str, code: str):
    signed(life)
    with pytest.raises(InvalidInput, match=code):
        life.do(begin, ALICE, reason="检修", until=until)


@pytest.mark.parametrize("begin", QUIET)
def test_a_red_card_is_put_aside_by_a_shift_leader_only(life: Life, begin: str):
    red(life)

    assert life.do(begin, ALICE, reason="检修", until=IN_THREE_DAYS).error == "red_shelved_by_leader"
    assert life.do(begin, LEA, reason="检修", until=IN_THREE_DAYS).ok


# Signatures that nothing follows ----------------------------------------------------------------------------------

def test_a_signature_without_activity_does_not_last(life: Life):
    signed(life)
    assert life.wait(days=1, hours=13) == 0   # Tuesday 23:00: the first working day after Monday is not over
    assert life.wait(hours=2) == 1            # Wednesday 01:00

    assert (life.card().state, life.card().disposition) == ("unack", "to_sign")
    line = life.find().log[-1]
    assert (line.action, line.at) == ("ack_lapsed", "2018-10-17T00:00:00+08:00")
    event = life.told[-1]
    assert (type(event).__name__, event.acknowledged_by, event.reason) == ("CardAskedAgain", "alice", "no_activity")


def test_real_work_resets_the_time_out(life: Life):
    signed(life)
    life.wait(days=1)
    life.do("comment", ALICE, comment="部门答应今天办结")

    assert life.wait(days=1) == 0
    assert life.wait(days=1) == 1


# Replies ----------------------------------------------------------------------------------------------------------

def test_a_department_replies_with_a_file_and_an_inspector_accepts(life: Life):
    signed(life)
    life.do("request_reply", ALICE, reply_limit="3wd", comment="请说明原因")
    assert life.card().reply_due_at == "2018-10-19T00:00:00+08:00"
    life.house.record(ended())
    assert (life.card().state, life.card().condition) == ("normal", False)  # over and signed, but an answer is owed

    file = life.files.keep(1, "说明.txt", "情况说明".encode(), CHARLIE)
    assert life.do("reply", CHARLIE, text="系统故障，已办结", attachments=[file.sha256]).ok
    assert (life.card().disposition, life.deadlines().get("reply")) == ("replied", None)
    assert life.do("accept_reply", BOB).state == "closed"
    assert (life.card().closed_reason, life.card().disposition) == ("reply_accepted", "written_off")
    assert life.heard()[-5:] == ["ReplyRequested", "ConditionEnded", "ReplyReceived", "ReplyAccepted", "CardClosed"]


def test_a_reply_names_no_file_that_was_not_sent(life: Life):
    signed(life)
    assert life.do("reply", CHARLIE, text="见附件", attachments=["0" * 64]).error == "attachment_unknown"
    with pytest.raises(TooLarge, match="too_many_attachments"):
        life.do("reply", CHARLIE, text="见附件", attachments=["0" * 64] * 11)


def test_a_rejected_reply_is_owed_again(life: Life):
    signed(life)
    life.do("reply", CHARLIE, text="知道了")
    assert life.do("reject_reply", BOB, reason="未说明原因", reply_limit="1wd").ok

    assert (life.card().disposition, life.card().reply_due_at) == ("signed", "2018-10-17T00:00:00+08:00")


def test_a_card_whose_condition_stands_is_written_off_by_a_leader_with_a_basis_only(life: Life):
    signed(life)
    life.do("reply", CHARLIE, text="正在办")
    assert life.do("accept_reply", BOB).error == "condition_stands"
    assert life.do("accept_reply", LEADER).error == "condition_stands"

    assert life.do("accept_reply", LEADER, reason="市政府批准延期").state == "closed"


def test_nobody_reviews_his_own_reply(life: Life):
    both = Actor("both", CHARLIE.roles | BOB.roles, org="D01")
    signed(life)
    life.house.record(passed("yellow", case_id=2))
    life.do("reply", both, text="已办结", card_id=2)

    life.house.record(ended(case_id=2))
    assert life.do("accept_reply", both, card_id=2).error == "own_reply"


def test_a_reply_nobody_reviews_goes_up_level_by_level_to_the_top(life: Life):
    """2wd from Monday 10:00 each time: Thursday 0:00, the next Monday 0:00 …; the fourth time there is no higher level."""
    signed(life)
    life.do("reply", CHARLIE, text="已整改")
    assert "review" in life.deadlines()
    life.heard()
    life.wait(days=3)

    assert (life.card().escalation, life.card().disposition) == (1, "replied")
    assert {"ReviewOverdue", "CardEscalated"} <= set(life.heard())
    assert [line.at for line in life.find().log if line.action == "review_overdue"] == ["2018-10-18T00:00:00+08:00"]
    life.wait(days=60)
    assert (life.card().escalation, life.actions().count("review_overdue")) == (3, 4)
    assert "review" not in life.deadlines()


@pytest.mark.parametrize("decision", ["accept_reply", "reject_reply"])
def test_the_review_is_over_when_somebody_reviewed(life: Life, decision: str):
    signed(life)
    life.do("reply", CHARLIE, text="已整改")
    life.house.record(ended())
    assert life.do(decision, BOB, reason="核实").ok

    assert "review" not in life.deadlines()


def test_a_worse_card_asks_for_another_reply_and_for_no_review_of_the_old_one(life: Life):
    signed(life)
    life.do("reply", CHARLIE, text="已整改")
    life.house.record(passed("red", kind=ClockKind.STATUTORY, reply_limit="3wd"))

    assert set(life.deadlines()) == {"reply"}


def test_an_overdue_reply_goes_up_one_level_at_the_instant_it_was_due(life: Life):
    signed(life)
    life.do("request_reply", ALICE, reply_limit="1wd")
    life.heard()
    life.wait(days=2)

    card = life.card()
    assert (card.escalation, card.reply_due_at) == (1, "2018-10-17T00:00:00+08:00")
    assert {"ReplyOverdue", "CardEscalated"} <= set(life.heard())
    assert [line.at for line in life.find().log if line.action == "reply_overdue"] == ["2018-10-17T00:00:00+08:00"]


# Orders -----------------------------------------------------------------------------------------------------------

def dispatched(life: Life, limit: str = "3wd") -> None:
    signed(life)
    assert life.do("dispatch", ALICE, order_no="督〔2018〕7号", reply_limit=limit).ok


def test_an_order_is_dispatched_on_a_signed_card(life: Life):
    life.house.record(passed("yellow"))
    assert life.do("dispatch", ALICE, order_no="督〔2018〕7号", reply_limit="3wd").error == "not_acknowledged"
    life.do("acknowledge", ALICE)
    life.do("dispatch", ALICE, order_no="督〔2018〕7号", reply_limit="3wd")

    card = life.card()
    assert (card.disposition, card.order_no, card.reply_due_at) == ("under_order", "督〔2018〕7号", "2018-10-19T00:00:00+08:00")
    assert life.house.queries.counts().under_order == 1
    life.house.record(ended())
    assert life.card().state == "normal"


def test_an_order_is_dispatched_in_the_unit_of_work_of_who_wrote_it(life: Life):
    signed(life)
    order = CardCommand(command_id="o-1", type="dispatch", cards=[CardRef(1, 2)], order_no="7", reply_limit="3wd")

    def write_and_fail() -> None:
        with life.house.units() as uow:
            assert life.house.cards.execute_in(uow, order, LEADER).ok
            raise RuntimeError("the document could not be drawn")

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert life.card().disposition == "signed"


def test_a_missed_order_raises_a_red_card_of_its_own_that_ends_with_the_reply(life: Life):
    dispatched(life)
    life.heard()
    life.wait(days=4)

    late = life.card(2)
    assert (late.level, late.origin, late.org, late.opened_at) == ("red", "order", "D01", "2018-10-19T00:00:00+08:00")
    assert "OrderOverdue" in life.heard()
    life.do("reply", CHARLIE, text="已办结")
    assert (life.card(2).state, life.card(2).condition) == ("rtn_unack", False)


def test_a_rejected_reply_to_an_order_is_under_order_again(life: Life):
    dispatched(life)
    life.do("reply", CHARLIE, text="知道了")
    life.do("reject_reply", INSPECTOR, reason="没有整改措施")

    assert (life.card().disposition, set(life.deadlines()) & {"order", "reply"}) == ("under_order", {"order"})

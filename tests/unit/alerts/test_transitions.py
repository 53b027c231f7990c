"""The whole table: every combination of the axes of a card with every command and every engine event."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from alerts.card_commands import CardCommand, CommandType, Decision
from alerts.card_rows import LOGGED, to_row
from alerts.cards import Card, Passage
from alerts.handling import Doing, Handling
from alerts.lifecycle import ENDED, Appeal, Disposition, Origin, Signing, State, Suppression
from alerts.rules import CardRules
from alerts.terms import Terms
from alerts.transitions import NEEDED, REASONS, ROLES, RULES, Axes, Event, axes_of, may_override, refusal
from cases.events import ClockKind, ClockRef
from core.access import Actor, Role
from core.instants import HOUR_US, from_us
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, days_ago, facts_of

D, S, A = Disposition, Suppression, Appeal
NOW = days_ago(0)
LEADER = Actor("lu", frozenset({Role.LEADER}), display_name="陆")
ALL_AXES = [Axes(*values) for values in product(
    Disposition, Signing, (True, False), Suppression, Appeal, (True, False), (True, False), (True, False))]
PAIRS = [*CommandType, *Event]


def is_issued(axes: Axes) -> bool:
    return axes.disposition in (D.TO_SIGN, D.SIGNED, D.UNDER_ORDER, D.REPLIED)


def is_undecided(axes: Axes) -> bool:
    return axes.appeal in (A.FILED, A.PASSED_UP)


def may_end(axes: Axes) -> bool:
    return not (axes.condition and axes.is_standing)


# The same table a second time, said the other way round: when each is allowed.
ALLOWED: dict[object, Callable[[Axes], bool]] = {
    CommandType.ACKNOWLEDGE: lambda a: is_issued(a) and a.signing is not Signing.FULL,
    CommandType.UNACKNOWLEDGE: lambda a: is_issued(a) and a.signing is not Signing.NONE,
    CommandType.CONFIRM: lambda a: a.disposition is D.TO_CONFIRM,
    CommandType.DISMISS: lambda a: a.disposition is D.TO_CONFIRM,
    CommandType.SHELVE: lambda a: is_issued(a) and a.suppression is S.NONE,
    CommandType.UNSHELVE: lambda a: is_issued(a) and a.suppression is S.SHELVED,
    CommandType.TAKE_OUT_OF_SERVICE: lambda a: is_issued(a) and a.suppression is S.NONE,
    CommandType.RETURN_TO_SERVICE: lambda a: is_issued(a) and a.suppression is S.OUT_OF_SERVICE,
    CommandType.STOP_BY_LAW: lambda a: is_issued(a) and a.suppression is S.NONE,
    CommandType.RESUME_BY_LAW: lambda a: is_issued(a) and a.suppression is S.BY_DESIGN,
    CommandType.REQUEST_REPLY: lambda a: a.disposition in (D.TO_SIGN, D.SIGNED),
    CommandType.DISPATCH: lambda a: a.disposition in (D.TO_SIGN, D.SIGNED) and a.signing is Signing.FULL,
    CommandType.REPLY: lambda a: a.disposition in (D.TO_SIGN, D.SIGNED, D.UNDER_ORDER),
    CommandType.ACCEPT_REPLY: lambda a: a.disposition is D.REPLIED and a.appeal in (A.NONE, A.REJECTED) and may_end(a),
    CommandType.REJECT_REPLY: lambda a: a.disposition is D.REPLIED,
    CommandType.APPEAL: lambda a: is_issued(a) and a.appeal is A.NONE,
    CommandType.DECIDE_APPEAL: lambda a: is_issued(a) and is_undecided(a),
    CommandType.PROPOSE_REVOKE: lambda a: is_issued(a) and not a.is_proposed,
    CommandType.CONFIRM_REVOKE: lambda a: is_issued(a) and a.is_proposed,
    CommandType.REJECT_REVOKE: lambda a: is_issued(a) and a.is_proposed,
    CommandType.WRITE_OFF: lambda a: (a.disposition in (D.TO_SIGN, D.SIGNED) and a.signing is Signing.FULL
                                      and a.appeal in (A.NONE, A.REJECTED) and may_end(a)),
    CommandType.ESCALATE: is_issued,
    CommandType.COMMENT: lambda a: True,
    Event.FIRE: lambda a: a.disposition not in ENDED,
    Event.EASE: lambda a: a.disposition not in ENDED,
    Event.END: lambda a: a.disposition not in ENDED,
    Event.WITHDRAW: lambda a: a.disposition not in ENDED,
    Event.STALE: lambda a: a.disposition not in ENDED,
    Event.ACK_LAPSED: lambda a: is_issued(a) and a.signing is Signing.FULL,
    Event.SHELF_LAPSED: lambda a: is_issued(a) and a.suppression is S.SHELVED,
    Event.SERVICE_LAPSED: lambda a: is_issued(a) and a.suppression is S.OUT_OF_SERVICE,
    Event.LAW_LAPSED: lambda a: is_issued(a) and a.suppression is S.BY_DESIGN,
    Event.REPLY_LAPSED: lambda a: a.disposition in (D.TO_SIGN, D.SIGNED, D.REPLIED) and a.reply_owed,
    Event.ORDER_LAPSED: lambda a: a.disposition is D.UNDER_ORDER and a.reply_owed,
    Event.REVIEW_LAPSED: lambda a: a.disposition is D.REPLIED,
    Event.APPEAL_LAPSED: lambda a: is_issued(a) and is_undecided(a),
}
BY = {CommandType.CONFIRM: LEA, CommandType.DISMISS: LEA, CommandType.REPLY: CHARLIE, CommandType.APPEAL: CHARLIE,
      CommandType.ACCEPT_REPLY: BOB, CommandType.REJECT_REPLY: BOB, CommandType.DECIDE_APPEAL: LEADER,
      CommandType.CONFIRM_REVOKE: LEA, CommandType.REJECT_REVOKE: LEA, CommandType.WRITE_OFF: BOB}


def card_with(axes: Axes, level: int = 2) -> Card:
    """A card whose axes are these. Not all of them can come to be; none of them may break anything."""
    kind = ClockKind.PROMISED.value if axes.is_standing else Origin.ACT.value
    passage = Passage(kind=kind, ordinal=0, rung="yellow", level=level, at=days_ago(1), due_at=days_ago(1), rule="r",
                      rule_version="v", ended_at=None if axes.condition else days_ago(0.5))
    card = Card(id=1, key="k", case=facts_of(), raised_at=days_ago(1), passages=[passage], level=level,
                origin=Origin.CLOCK if axes.is_standing else Origin.ACT, condition=axes.condition, rev=7,
                disposition=axes.disposition, suppression=axes.suppression, appeal=axes.appeal, issued_at=days_ago(1),
                opened_at=days_ago(1), level_at=days_ago(1), rule="r", rule_version="v", clock_kind=kind)
    card.cleared_at = None if axes.condition else days_ago(0.5)
    card.reply_due_at = days_ago(-1) if axes.reply_owed else None
    card.revoke_by, card.revoke_reason = ("someone", "误报") if axes.is_proposed else (None, None)
    card.order_no = "督〔2018〕1号" if axes.disposition is D.UNDER_ORDER else None
    card.closed_at, card.closed_reason = (days_ago(0), "x") if axes.disposition in ENDED else (None, None)
    if axes.signing is not Signing.NONE:
        card.first_by, card.first_as, card.first_at = "ann", "officer", days_ago(0.2)
    if axes.signing is Signing.FULL:
        card.acked_rev, card.acked_by, card.acked_at = 6, "ann", days_ago(0.1)
    return card


def command(kind: CommandType) -> CardCommand:
    until = from_us(NOW + HOUR_US).isoformat() if "until" in NEEDED.get(kind, ()) else ""
    return CardCommand(command_id="c", type=kind.value, comment="已阅", reason="理由", reply_limit="3wd", text="已整改",
                       order_no="督〔2018〕1号", decision=Decision.REJECT.value, until=until)


def row(card: Card) -> tuple[object, ...]:
    return to_row(card)


def test_the_table_speaks_of_every_command_and_every_event():
    assert set(RULES) | {CommandType.ISSUE} == set(PAIRS)
    assert set(ALLOWED) | {CommandType.ISSUE} == set(PAIRS)
    assert set(ROLES) == set(CommandType)
    assert set(NEEDED) <= set(CommandType)
    assert {reason for reasons in RULES.values() for reason in reasons} == set(REASONS)


@pytest.mark.parametrize("verb", RULES, ids=str)
def test_every_pair_of_axes_and_verb_is_allowed_or_refused_with_a_reason(verb):
    wrong = [axes for axes in ALL_AXES if (refusal(verb, axes) is None) != ALLOWED[verb](axes)]

    assert wrong == []


def test_the_axes_of_a_card_are_read_from_it():
    assert [axes for axes in ALL_AXES if axes_of(card_with(axes)) != axes] == []


@pytest.mark.parametrize("verb", [kind for kind in CommandType if kind is not CommandType.ISSUE], ids=str)
def test_what_the_table_allows_is_done_as_one_revision_and_leaves_a_sound_card(verb: CommandType):
    handling, actor = Handling(CardRules(), Terms(), lambda _card: ""), BY.get(verb, ALICE)
    for axes in (axes for axes in ALL_AXES if refusal(verb, axes) is None):
        card = card_with(axes)

        assert handling.carry_out(verb, card, Doing(command(verb), actor, NOW)) is None, axes

        assert (card.rev, bool(card.entries)) == (8, True), axes
        assert_sound(card, axes)


@pytest.mark.parametrize("event", [Event.ACK_LAPSED, Event.SHELF_LAPSED, Event.SERVICE_LAPSED, Event.LAW_LAPSED,
                                   Event.REPLY_LAPSED, Event.ORDER_LAPSED, Event.REVIEW_LAPSED,
                                   Event.APPEAL_LAPSED], ids=str)
def test_what_falls_due_leaves_a_sound_card_that_bears_the_instant_it_fell_due(event: Event):
    handling = Handling(CardRules(), Terms(), lambda _card: "")
    for axes in (axes for axes in ALL_AXES if refusal(event, axes) is None):
        card = card_with(axes)

        handling.lapse(event, card, NOW - HOUR_US, NOW)

        assert card.entries[0].at == NOW - HOUR_US
        assert card.rev == 8
        assert_sound(card, axes)


@pytest.mark.parametrize("event", [Event.FIRE, Event.EASE, Event.END, Event.WITHDRAW], ids=str)
def test_facts_leave_a_sound_card_whatever_people_did_with_it(event: Event):
    for axes in (axes for axes in ALL_AXES if refusal(event, axes) is None):
        card = card_with(axes)
        worse = Passage(kind=card.clock_kind, ordinal=0, rung="red", level=3, at=days_ago(0), due_at=None, rule="r",
                        rule_version="v")
        if event is Event.FIRE:
            card.take(worse)
        elif event is Event.EASE:
            card.passages.append(worse)
            card.level = 3
            worse.withdrawn = "facts"
        elif event is Event.END:
            card.end_all(NOW)
        else:
            card.withdraw_all("facts")
        card.settle(NOW, CardRules().history_after_us)

        assert card.rev == 8, axes
        assert_sound(card, axes)
        if event is Event.FIRE:
            assert (card.level, card.signing) == (3, Signing.NONE), axes
            assert card.suppression is (S.NONE if axes.suppression is S.SHELVED else axes.suppression), "only shelving breaks"
        if event is Event.WITHDRAW:
            assert (card.state, card.disposition) == (State.CLOSED, D.CANCELLED)


def assert_sound(card: Card, axes: Axes) -> None:
    assert (card.closed_at is not None) == card.is_closed == (card.state is State.CLOSED), axes
    if card.is_closed and axes.disposition not in ENDED:
        assert card.reply_due_at is None, axes
        assert card.suppression is S.NONE, axes
        assert not card.condition or card.disposition in (D.REVOKED, D.DISMISSED), axes
    if card.disposition is D.SIGNED and axes.signing is Signing.FULL:
        assert card.is_acked, axes
    assert all(getattr(card, name) is not NotImplemented for name in LOGGED)


# Who ------------------------------------------------------------------------------------------------------------

def test_only_a_leader_with_a_basis_overrides_a_condition_that_stands():
    assert may_override(LEADER, "已获市政府批准延期")
    assert not may_override(LEADER, "  ")
    assert not may_override(BOB, "理由")


def test_a_handler_that_refuses_changes_nothing():
    handling = Handling(CardRules(), Terms(), lambda _card: "")
    axes = Axes(D.REPLIED, Signing.HALF, True, S.NONE, A.PASSED_UP, True, True, False)
    cases = [
        (CommandType.ACKNOWLEDGE, Actor("ann", ALICE.roles), 3, "signed_by_you"),
        (CommandType.ACKNOWLEDGE, ALICE, 3, "shift_leader_must_sign"),
        (CommandType.SHELVE, ALICE, 3, "red_shelved_by_leader"),
        (CommandType.TAKE_OUT_OF_SERVICE, ALICE, 3, "red_shelved_by_leader"),
        (CommandType.STOP_BY_LAW, ALICE, 3, "red_shelved_by_leader"),
        (CommandType.CONFIRM_REVOKE, Actor("someone", LEA.roles), 2, "second_person_needed"),
        (CommandType.REJECT_REVOKE, Actor("someone", LEA.roles), 2, "second_person_needed"),
        (CommandType.DECIDE_APPEAL, BOB, 2, "leader_decides"),
        (CommandType.ACCEPT_REPLY, Actor("clerk", BOB.roles), 2, "own_reply"),
        (CommandType.REJECT_REPLY, Actor("clerk", BOB.roles), 2, "own_reply"),
        (CommandType.DECIDE_APPEAL, Actor("applicant", LEADER.roles), 2, "own_appeal"),
        (CommandType.CONFIRM_REVOKE, Actor("applicant", LEA.roles), 2, "own_appeal"),
    ]
    for kind, actor, level, reason in cases:
        card = card_with(axes, level)
        card.replied_by, card.appealed_by = "clerk", "applicant"
        before = row(card)

        assert handling.carry_out(kind, card, Doing(command(kind), actor, NOW)) == reason
        assert (row(card), card.entries) == (before, []), kind


def test_clocks_and_acts_end_apart():
    card = card_with(Axes(D.REPLIED, Signing.FULL, True, S.NONE, A.NONE, False, False, False))
    Handling(CardRules(), Terms(), lambda _card: "").carry_out(
        CommandType.ACCEPT_REPLY, card, Doing(command(CommandType.ACCEPT_REPLY), BOB, NOW))

    assert (card.condition, card.closed_reason, card.disposition) == (False, "reply_accepted", D.WRITTEN_OFF)
    assert not card.end_clock(ClockRef(1, ClockKind.PROMISED), NOW)

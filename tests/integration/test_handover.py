"""Handing a shift over: what the draft lists, what the signatures need, and what becomes of an item that is not accepted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.card_commands import CardCommand, CardRef
from alerts.handover.drafting import SINGLY_MAX
from alerts.handover.queries import HandoverQueries, HandoverView
from alerts.handover.service import HandoverService
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.unit.alerts.house import BOB
from tests.unit.alerts.notices.telling import LEADER, TellingHouse, opened
from tests.unit.cases.record import opened as opened_database

ZHOU = Actor("zhou", frozenset({Role.DUTY_OFFICER}), display_name="周立新")
SUN = Actor("sun", frozenset({Role.DUTY_OFFICER}), display_name="孙涛")


class Shift(TellingHouse):
    """A house at the end of 周立新's shift."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.handovers, self.views = HandoverService(self.units, self.cards), HandoverQueries(self.database)

    def view(self, number: int) -> HandoverView:
        found = self.views.find(number)
        assert found is not None
        return found

    def kinds(self, number: int) -> dict[int, str]:
        return {item.card_id: item.kind for item in self.view(number).items}

    def sign_card(self, number: int, by: Actor) -> None:
        self.sign(self.card(number), by=by, command_id=f"{number}-{by.name}")

    def offered(self) -> int:
        number = self.handovers.draft("sun", "", ZHOU)
        self.handovers.offer(number, ZHOU)
        return number


@pytest.fixture
def shift(fresh_database_url: str) -> Iterator[Shift]:
    with opened_database(fresh_database_url) as database:
        shift = Shift(database)
        for number in (1, 2, 3):
            shift.raise_card("yellow", number)
        shift.sign_card(1, ZHOU)
        shift.sign_card(2, BOB)
        yield shift


def test_the_draft_lists_every_card_once_under_what_fits_first_and_the_alarms(shift: Shift):
    with shift.units() as uow:
        shift.alarms.set_alarm(uow.conn, "job_failed", "sweep", uow.now_us, detail="sweep")
    number = shift.handovers.draft("sun", "", ZHOU)

    assert shift.kinds(number) == {1: "acknowledged", 2: "open", 3: "open", 0: "alarm"}
    view = shift.view(number)
    assert (view.state, view.outgoing_name, view.incoming_name) == ("draft", "周立新", "孙涛")
    assert view.items[0].facts["case_no"] == "2018-0001"


def test_a_shelved_card_and_a_reply_that_falls_due_are_named_as_such(shift: Shift):
    def do(kind: str, number: int, by: Actor, **members: str) -> None:
        card = shift.card(number)
        result = shift.cards.execute(CardCommand(command_id=f"{kind}{number}", type=kind, cards=[CardRef(number, card.rev)],
                                                 **members), by)  # type: ignore[arg-type]
        assert result.ok, result

    do("request_reply", 2, BOB, text="请说明", reply_limit="4wh")
    do("shelve", 3, LEADER, reason="等待批复", until="2018-10-15T11:30:00+08:00")

    assert shift.kinds(shift.handovers.draft("sun", "", ZHOU)) == {1: "acknowledged", 3: "shelved", 2: "reply_due"}


def test_a_new_draft_takes_the_place_of_the_old_one(shift: Shift):
    number = shift.handovers.draft("sun", "", ZHOU)
    shift.handovers.write_notes(number, " 请关注市发改委 ", ZHOU)
    shift.raise_card("yellow", 4)

    assert shift.handovers.draft("qian", "", ZHOU) == number
    assert 4 in shift.kinds(number)
    assert (shift.view(number).notes, shift.view(number).incoming) == ("请关注市发改委", "qian")


@pytest.mark.parametrize("incoming", ["zhou", "li", "nobody"])
def test_a_shift_goes_to_somebody_else_who_does_duty(shift: Shift, incoming: str):
    with pytest.raises(InvalidInput, match="handover_incoming_invalid"):
        shift.handovers.draft(incoming, "", ZHOU)


def test_a_shift_with_a_red_card_nobody_signed_for_cannot_be_offered(shift: Shift):
    shift.raise_card("red", 9)
    number = shift.handovers.draft("sun", "", ZHOU)
    with pytest.raises(Conflict) as refusal:
        shift.handovers.offer(number, ZHOU)
    assert refusal.value.details == {"n": 1, "card": 4}

    shift.sign_card(4, ZHOU)
    shift.handovers.offer(number, ZHOU)

    assert shift.view(number).state == "offered"


def test_what_is_accepted_keeps_its_signature_and_both_have_signed(shift: Shift):
    number = shift.offered()
    assert shift.handovers.decide(number, [1], "accepted", "已阅", SUN) == 1

    assert shift.handovers.sign(number, SUN) == []

    view = shift.view(number)
    assert (view.state, view.offered_at, view.signed_at) == ("signed", shift.clock.now_us(), shift.clock.now_us())
    assert shift.card(1).state == "acked"
    assert [item.note for item in view.items if item.number == 1] == ["已阅"]


@pytest.mark.parametrize("is_declined", [True, False])
def test_what_is_not_accepted_asks_again_of_the_incoming_officer(shift: Shift, is_declined: bool):
    number = shift.offered()
    if is_declined:
        shift.handovers.decide(number, [1], "declined", "未见材料", SUN)

    assert shift.handovers.sign(number, SUN) == [1]

    assert shift.card(1).state == "unack"
    assert shift.card(2).state == "acked", "what another signed for is not the outgoing officer's to lose"
    found = shift.queries.find(1)
    assert found is not None
    last = found.log[-1]
    assert (last.action, last.actor, last.reason) == ("handed_over", "sun", "not_accepted_at_handover")
    assert shift.rows(what="asked_again"), "those on duty are told"


def test_a_card_that_closed_or_was_signed_anew_meanwhile_is_left_alone(shift: Shift):
    number = shift.offered()
    from tests.unit.alerts.house import ended
    shift.record(ended(case_id=1))

    assert shift.handovers.sign(number, SUN) == []


def test_each_may_do_his_own_part_only_and_in_its_order(shift: Shift):
    number = shift.handovers.draft("sun", "", ZHOU)
    for act in (lambda: shift.handovers.offer(number, SUN), lambda: shift.handovers.cancel(number, LEADER),
                lambda: shift.handovers.sign(number, ZHOU), lambda: shift.handovers.offer(number, BOB)):
        with pytest.raises(NotPermitted):
            act()
    with pytest.raises(Conflict, match="handover_state"):
        shift.handovers.sign(number, SUN)
    with pytest.raises(NotFound):
        shift.handovers.offer(77, ZHOU)
    shift.handovers.offer(number, ZHOU)
    with pytest.raises(Conflict, match="handover_offered"):
        shift.handovers.draft("sun", "", ZHOU)
    with pytest.raises(InvalidInput, match="handover_decision_unknown"):
        shift.handovers.decide(number, [1], "perhaps", "", SUN)

    shift.handovers.cancel(number, ZHOU)

    assert shift.handovers.draft("sun", "", ZHOU) == number + 1
    assert [view.state for view in shift.views.history()] == ["draft", "cancelled"]


def test_nothing_is_left_out_of_a_list_that_is_too_long_to_read(shift: Shift):
    """1,003 cards he signed for and 240 others: the gravest thousand one by one, the rest in counted lines, the alarms last."""
    with shift.units() as uow:
        shift.alarms.set_alarm(uow.conn, "job_failed", "sweep", uow.now_us, detail="sweep")
    shift.record(*(opened("yellow", number) for number in range(4, 1244)))
    for first in range(4, SINGLY_MAX + 6, 200):
        his = [CardRef(number, 1) for number in range(first, min(first + 200, SINGLY_MAX + 6))]
        assert shift.cards.execute(CardCommand(command_id=f"all-{first}", cards=his), ZHOU).ok
    number = shift.offered()
    items = shift.view(number).items

    singly, gathered, alarms = items[:SINGLY_MAX], items[SINGLY_MAX:-1], items[-1:]
    assert {item.kind for item in singly} == {"acknowledged"}
    assert [(item.kind, item.facts["org"], item.facts["level"], item.facts["count"]) for item in gathered] == [
        ("acknowledged", "D01", 2, 3), ("open", "D01", 2, 240)]
    assert [item.kind for item in alarms] == ["alarm"]
    told = [card for item in items for card in item.cards]
    assert sorted(told) == list(range(1, 1244)), "every card once"
    assert [item.number for item in items] == list(range(1, SINGLY_MAX + 4))

    shift.handovers.decide(number, [item.number for item in singly], "accepted", "", SUN)
    assert sorted(shift.handovers.sign(number, SUN)) == gathered[0].cards, "a line that is not accepted stands for its cards"
    assert {shift.card(card).state for card in gathered[0].cards} == {"unack"}


def test_the_one_under_way_is_found_by_both(shift: Shift):
    number = shift.offered()

    assert [getattr(shift.views.present(name), "id", None) for name in ("zhou", "sun", "qian")] == [number, number, None]

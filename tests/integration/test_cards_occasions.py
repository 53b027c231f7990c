"""Cards that no clock raises: acts, findings, orders, complaints, cards by hand. On SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from alerts.card_commands import CardCommand, CardRef
from alerts.card_rows import insert_cards, newest_by_key
from alerts.occasions import Occasion, Origin
from alerts.service import CardService
from core.access import Actor, Role
from core.database import Database
from core.errors import InvalidInput, NotPermitted
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, House, days_ago, facts_of


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    database.create_all()
    yield House(database)
    database.dispose()


def act(code: str = "no_reason", level: int = 2, **changes: Any) -> Occasion:
    evidence = {"title": "不予受理未说明理由", "demanded_action": "补充说明理由"}
    return replace(Occasion(key=f"act:{code}:1:", origin=Origin.ACT, case=facts_of(), rule=f"act.{code}",
                            rule_version="kechuang@2018.1", level=level, at=days_ago(1), evidence=evidence), **changes)


def tell(house: House, *occasions: Occasion) -> None:
    with house.units() as uow:
        house.cards.raise_occasions(uow, occasions)


def test_an_act_raises_a_card_with_its_own_words(house: House):
    tell(house, act())

    card = house.only_card()
    assert (card.level, card.state, card.origin, card.disposition, card.clock_kind) == (
        "yellow", "unack", "act", "to_sign", "act")
    assert (card.opened_at, card.limit_text) == ("2018-10-14T10:00:00+08:00", "")


def test_an_occasion_told_again_changes_nothing(house: House):
    tell(house, act())
    tell(house, act(), act())

    assert (house.only_card().rev, house.card(1).id) == (1, 1)


def test_new_evidence_for_the_same_fact_keeps_the_instant_of_the_first(house: House):
    tell(house, act())
    tell(house, act(evidence={"title": "x", "rows": [1, 2]}, at=days_ago(0)))

    card = house.only_card()
    assert (card.rev, card.opened_at, card.state) == (2, "2018-10-14T10:00:00+08:00", "unack")


def test_an_occasion_may_worsen(house: House):
    tell(house, act(level=1))
    house.sign(house.only_card())
    tell(house, act(level=3, at=days_ago(0)))

    card = house.only_card()
    assert (card.level, card.state, card.acked) == ("red", "unack", None)


def gathered(level: int, *facts: int, days: int = 1) -> Occasion:
    rows = [{"no": fact, "late_hours": fact} for fact in facts]
    return act(level=level, at=days_ago(days), gathers="rows", evidence={"title": f"level {level}", "rows": rows})


def rows_of(house: House, card_id: int = 1) -> list[int]:
    found = house.queries.find(card_id)
    assert found is not None
    return [row["no"] for row in found.evidence[-1]["facts"]["rows"]]


def test_a_card_that_gathers_lists_what_is_told_while_it_is_open(house: House):
    tell(house, gathered(2, 1, 2))
    house.sign(house.only_card())
    rev = house.only_card().rev
    tell(house, gathered(2, 3, days=0), gathered(2, 2, 3))

    card = house.only_card()
    assert (card.rev, card.state, rows_of(house)) == (rev + 1, "acked", [1, 2, 3])
    assert card.opened_at == "2018-10-14T10:00:00+08:00"


def test_what_is_milder_adds_to_the_list_and_what_is_worse_takes_it_over(house: House):
    tell(house, gathered(2, 1))
    tell(house, gathered(1, 2))
    assert (house.only_card().level, rows_of(house)) == ("yellow", [1, 2])
    house.sign(house.only_card())
    tell(house, gathered(3, 3))

    card = house.only_card()
    assert (card.level, card.state, rows_of(house)) == ("red", "unack", [1, 2, 3])


def test_an_older_fact_that_is_milder_does_not_date_back_the_worse_one(house: House):
    tell(house, gathered(3, 1, days=1))
    since = house.only_card().level_at
    tell(house, gathered(2, 2, days=2))

    card = house.only_card()
    assert (card.level, card.level_at, rows_of(house)) == ("red", since, [1, 2])


def test_an_occasion_ends_and_waits_for_a_person(house: House):
    tell(house, act())
    with house.units() as uow:
        house.cards.end_occasions(uow, {"act:no_reason:1:": uow.now_us, "act:unheard:of:": uow.now_us})

    assert (house.only_card().state, house.only_card().condition) == ("rtn_unack", False)


def test_a_withdrawn_occasion_closes_its_card_and_the_evidence_says_why(house: House):
    tell(house, act())
    with house.units() as uow:
        house.cards.withdraw_occasions(uow, {"act:no_reason:1:": "理由已补"})

    found = house.queries.find(1)
    assert found is not None
    assert house.active() == []
    assert (found.card.closed_reason, found.card.disposition) == ("withdrawn: 理由已补", "cancelled")
    assert found.evidence[0]["withdrawn"] == "理由已补"


def test_a_card_about_an_organisation_only_has_no_case(house: House):
    tell(house, act(case=replace(facts_of(), case_id=0, case_no="", item="")))

    assert (house.only_card().case_no, house.only_card().item) == ("", "")


def test_the_reply_an_occasion_demands_falls_due_in_working_time(house: House):
    tell(house, act(reply_limit="5wd"))

    assert house.only_card().reply_due_at == "2018-10-23T00:00:00+08:00"  # the fifth working day after Monday, and its end


@pytest.mark.parametrize(("changes", "code"), [
    ({"key": ""}, "occasion_key_invalid"), ({"key": "k" * 201}, "occasion_key_invalid"),
    ({"level": 4}, "occasion_level_invalid")])
def test_an_occasion_that_cannot_be_is_refused_by_name(house: House, changes: dict[str, Any], code: str):
    with pytest.raises(InvalidInput, match=code):
        tell(house, act(**changes))


def test_the_database_itself_keeps_a_key_from_having_two_open_cards(house: House):
    tell(house, act())
    with house.database.read() as conn:
        card = newest_by_key(conn, ["act:no_reason:1:"])["act:no_reason:1:"]
    card.id = 2
    with pytest.raises(IntegrityError), house.units() as uow:
        insert_cards(uow.conn, [card])


# Waiting for confirmation -----------------------------------------------------------------------------------------

def test_a_finding_to_be_confirmed_is_on_no_wall_and_in_no_number(house: House):
    tell(house, act(needs_confirmation=True))

    snapshot = house.queries.snapshot()
    assert (house.active(), snapshot.cards, house.queries.active_hash()) == ([], [], 0)
    assert (snapshot.counts.yellow, snapshot.counts.unack, snapshot.counts.to_confirm) == (0, 0, 1)
    [draft] = house.drafts()
    assert (draft.state, draft.disposition) == ("normal", "to_confirm")


def do(house: House, kind: str, by: Any, card: Any, **members: Any) -> Any:
    command = CardCommand(command_id=f"{kind}-{by.name}-{card.rev}", type=kind, cards=[CardRef(card.id, card.rev)], **members)
    [result] = house.cards.execute(command, by).results
    return result


def test_confirming_issues_it_and_the_reply_runs_from_then(house: House):
    tell(house, act(needs_confirmation=True, reply_limit="1wd"))
    [draft] = house.drafts()
    house.clock.advance(timedelta(days=1))

    assert do(house, "confirm", LEA, draft).ok
    card = house.only_card()
    assert (card.state, card.disposition, card.reply_due_at) == ("unack", "to_sign", "2018-10-18T00:00:00+08:00")


def test_dismissing_needs_a_reason_and_closes_it_for_good(house: House):
    tell(house, act(needs_confirmation=True))
    [draft] = house.drafts()

    with pytest.raises(InvalidInput, match="field_missing"):
        do(house, "dismiss", BOB, draft)
    assert do(house, "dismiss", BOB, draft, reason="属实但已整改").ok
    tell(house, act(needs_confirmation=True))

    assert (house.drafts(), house.active()) == ([], [])
    assert house.card(1).closed_reason == "dismissed: 属实但已整改"


def test_a_duty_officer_does_not_confirm(house: House):
    tell(house, act(needs_confirmation=True))
    [draft] = house.drafts()

    with pytest.raises(NotPermitted):
        do(house, "confirm", ALICE, draft)


def test_a_department_does_not_learn_of_what_nobody_confirmed(house: House):
    tell(house, act(needs_confirmation=True))

    assert house.queries.find(1, CHARLIE) is None
    assert house.queries.find(1, BOB) is not None


def test_a_draft_that_is_withdrawn_stays_unknown_to_its_department(house: House):
    tell(house, act(needs_confirmation=True))
    with house.units() as uow:
        house.cards.withdraw_occasions(uow, {"act:no_reason:1:": "理由已补"})

    assert house.card(1).disposition == "cancelled"
    assert house.queries.find(1, CHARLIE) is None
    assert house.queries.find(1, BOB) is not None


def test_the_card_of_a_verified_complaint_ends_with_the_answer_that_is_accepted(house: House):
    tell(house, act(key="complaint:T-1", origin=Origin.COMPLAINT))
    assert do(house, "reply", CHARLIE, house.only_card(), text="已道歉并整改").ok

    assert do(house, "accept_reply", BOB, house.only_card()).ok
    assert house.card(1).state == "closed"


# By hand ----------------------------------------------------------------------------------------------------------

def issue(house: House, by: Any, **members: Any) -> Any:
    given = {"level": "yellow", "org": "D01", "area": "360500", "title": "窗口长时间无人", "text": "限期整改", **members}
    [result] = house.cards.execute(CardCommand(command_id=f"issue-{by.name}", type="issue", **given), by).results
    return result


def test_a_card_by_hand_is_issued_at_once_by_an_inspector(house: House):
    result = issue(house, BOB, reply_limit="3wd")

    card = house.card(result.id)
    assert (card.origin, card.org, card.level, card.disposition) == ("manual", "D01", "yellow", "to_sign")
    assert card.reply_due_at is not None


def test_a_card_by_hand_of_a_duty_officer_waits_for_another_person(house: House):
    issue(house, ALICE)

    assert (house.active(), len(house.drafts())) == ([], 1)


def test_a_card_by_hand_is_of_the_area_its_department_is_in(house: House):
    area_of = {"D01": "360500"}.get
    house.cards = CardService(house.units, house.writer, house.rules, area_of=area_of)
    bound = Actor("wei", frozenset({Role.INSPECTOR}), area="360500")

    result = issue(house, BOB, area="")

    assert house.queries.find(result.id, bound) is not None
    with pytest.raises(InvalidInput, match="card_org_unknown"):
        issue(house, LEA, area="", org="NOSUCH")


def test_the_same_command_issues_one_card(house: House):
    assert issue(house, BOB) == issue(house, BOB)
    assert len(house.active()) == 1


@pytest.mark.parametrize(("members", "code"), [({"level": "purple"}, "level_unknown"), ({"title": " "}, "field_missing"),
                                               ({"reply_limit": "soon"}, "limit_unreadable")])
def test_a_card_by_hand_that_lacks_something_is_refused(house: House, members: dict[str, str], code: str):
    with pytest.raises(InvalidInput, match=code):
        issue(house, BOB, **members)

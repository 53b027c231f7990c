"""G14, G15, G20: what is changed afterwards, in the journal, in the configuration and among the cards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.detectors.records import CardFact, Relaxation, relaxation_of
from core.instants import MINUTE_US
from tests.unit.alerts.detectors.logs import AREA, at, case, detect, figures, honest, shown, told


class _Records:
    """What the other tables would say."""

    def __init__(self, cards: tuple[CardFact, ...] = (), changes: tuple[Relaxation, ...] = ()) -> None:
        self._cards, self._changes = cards, changes

    def cards_of(self, case_id: int) -> list[CardFact]:
        return [card for card in self._cards if card.case_id == case_id]

    def cards_issued(self, _area: str, since: int, until: int) -> list[CardFact]:
        return [card for card in self._cards if since <= card.issued_at < until]

    def relaxations(self, since: int, until: int) -> list[Relaxation]:
        return [change for change in self._changes if since <= change.at < until]


def _rewritten(number: int, second: str = "04-12 09:00", actor: str = "甲") -> Any:
    """Concluded on the 19th; a second version, received on the 22nd, says otherwise."""
    no = f"v-{number:02}"
    return case(no, told("accepted", at("04-01 09:00") + number * MINUTE_US),
                told("concluded", "04-19 09:00", id=f"{no}-end", actor="甲"),
                told("concluded", second, id=f"{no}-end", version=2, received="04-22 09:00", actor=actor))


def _card(number: int, case_id: int = 0, org: str = "D01", issued: str = "04-18 09:00", revoked: str = "",
          reviewer: str = "") -> CardFact:
    moment = at(issued) + number * MINUTE_US
    return CardFact(number, AREA, org, case_id, f"c-{number:02}", moment, moment, at(revoked) if revoked else None, reviewer)


# G14 --------------------------------------------------------------------------------------------------------------

def test_g14_finds_a_conclusion_dated_back_after_its_card() -> None:
    one = _rewritten(1)
    found = detect("G14", [*honest("D01", 40), one], records=_Records((_card(7, one.case_id),)))
    assert figures(found) == {("v-01", "finish_lowered"): (1, 1)}
    assert (found[0].subject_kind, found[0].level, found[0].evidence[0].facts) == ("case", 3, {"hours": 168.0, "card": 7})
    assert len(found[0].evidence[0].seqs) == 2


def test_g14_finds_units_that_change_times_only_after_the_end() -> None:
    found = detect("G14", [*honest("D01", 30), *(_rewritten(n, "04-22 08:00") for n in range(10))], records=_Records())
    assert figures(found) == {("D01", "times_only"): (10, 40), ("D01", "after_finish"): (10, 40)}
    assert shown(found, "times_only") == [f"v-{n:02}" for n in range(10)]


def test_g14_a_later_date_a_card_that_came_after_the_edit_and_a_few_edits_are_fine() -> None:
    later, edited = _rewritten(1, "04-22 08:00"), _rewritten(2)
    cards = (_card(1, later.case_id), _card(2, edited.case_id, issued="04-25 09:00"))
    assert detect("G14", [*honest("D01", 60), later, edited], records=_Records(cards)) == []


# G15 --------------------------------------------------------------------------------------------------------------

def _change(when: str = "04-12 09:00", days: int = 5, item: str = "permit") -> Relaxation:
    return Relaxation(at(when), "chen", "limit", item, 3, item, "", days)


def _open(number: int, accepted: str = "04-01 09:00") -> Any:
    return case(f"o-{number:02}", told("accepted", at(accepted) + number * MINUTE_US), told("concluded", "04-29 09:00"))


def test_g15_names_who_raised_a_limit_while_cases_were_about_to_be_late() -> None:
    found = detect("G15", [_open(n) for n in range(9)], records=_Records(changes=(_change(),)))  # due on the 16th
    assert figures(found) == {("chen", "due"): (9, 9)}
    assert (found[0].subject_kind, found[0].org, found[0].level) == ("person", "", 3)
    assert found[0].evidence[0].facts == {"what": "limit", "thing": "permit", "version": 3}


def test_g15_changes_to_other_items_long_before_and_for_a_few_cases_are_fine() -> None:
    cases = [_open(n) for n in range(9)]
    assert detect("G15", cases, records=_Records(changes=(_change(item="other"),))) == []
    assert detect("G15", cases, records=_Records(changes=(_change("04-02 09:00", days=1),))) == []
    assert detect("G15", cases[:4], records=_Records(changes=(_change(),))) == []


@pytest.mark.parametrize(("kind", "before", "after", "days"), [
    ("item", {"promised": "7wd", "statutory": "20wd"}, {"promised": "12wd", "statutory": "20wd"}, 5),
    ("item", {"promised": "7wd", "statutory": "20wd"}, {"promised": "5wd", "statutory": "20wd"}, None),
    ("calendar", {"years": {"2024": {"off": {}}}}, {"years": {"2024": {"off": {"假": ["04-12"]}}}}, 1),
    ("rules", {"rules": [{"id": "a", "rungs": []}]}, {"rules": []}, 60),
    ("rules", {"rules": [{"id": "a", "rungs": [{"code": "y", "offset_days": 0}]}]},
     {"rules": [{"id": "a", "rungs": [{"code": "y", "offset_days": 3}]}]}, 3),
    ("role", {}, {"roles": ["leader"]}, None)])
def test_g15_knows_which_edits_give_more_time(kind: str, before: Any, after: Any, days: int | None) -> None:
    change = relaxation_of({"kind": kind, "subject": "s", "version": 1, "at": 5, "actor": "chen", "before": json.dumps(before),
                            "after": json.dumps(after)})
    assert (change.days if change is not None else None) == days


# G20 --------------------------------------------------------------------------------------------------------------

def test_g20_finds_units_whose_cards_are_revoked_by_one_person_just_before_the_score() -> None:
    gone = [_card(n, revoked="05-02 10:00", reviewer="bob") for n in range(14)]
    cards = (*gone, *(_card(n + 20) for n in range(10)), *(_card(n + 50, org="D02") for n in range(24)))
    found = detect("G20", [], records=_Records(cards))
    assert figures(found) == {("D01", sign): counted for sign, counted in (
        ("revoked", (14, 24)), ("pair", (14, 14)), ("after_month", (14, 14)))}
    assert shown(found, "revoked") == [f"c-{n:02}" for n in range(14)]
    assert found[0].evidence[0].facts == {"card": 0, "reviewer": "bob"}


def test_g20_few_revocations_and_none_are_fine() -> None:
    cards = (*(_card(n, revoked="04-20 10:00", reviewer="bob") for n in range(4)), *(_card(n + 20) for n in range(20)))
    assert detect("G20", [], records=_Records(cards)) == []

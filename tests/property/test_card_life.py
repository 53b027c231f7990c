"""Whatever people and engine do to cards in whatever order: the log, replayed, is the row, and no card is unsound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from alerts.card_commands import CommandType, Decision
from alerts.models import card_log, cards
from alerts.occasions import Occasion, Origin
from alerts.rules import CardRules
from alerts.transitions import NEEDED
from cases.events import ClockKind
from core.database import Database
from core.errors import NotPermitted
from core.instants import HOUR_US, from_us
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, House, days_ago, ended, facts_of, passed, withdrawn
from tests.unit.alerts.life import LEADER, Life

PEOPLE = [ALICE, BOB, CHARLIE, LEA, LEADER]
CARDS = st.integers(1, 3)
COMMANDS = st.tuples(st.just("command"), st.sampled_from([kind for kind in CommandType if kind is not CommandType.ISSUE]),
                     st.sampled_from(PEOPLE), CARDS, st.sampled_from(Decision))
FACTS = st.tuples(st.just("fact"), st.sampled_from(["warning", "yellow", "red", "ended", "withdrawn"]), CARDS)
OCCASIONS = st.tuples(st.just("occasion"), st.sampled_from(["raise", "confirm", "end", "withdraw"]), st.integers(1, 3), CARDS)
TIME = st.tuples(st.just("time"), st.sampled_from([5, 60, 600, 3000]))
STORIES = st.lists(st.one_of(COMMANDS, COMMANDS, FACTS, OCCASIONS, TIME), min_size=5, max_size=40)


def tell(life: Life, what: str, number: int) -> None:
    kinds: dict[str, Any] = {"ended": lambda: ended(case_id=number), "withdrawn": lambda: withdrawn(case_id=number)}
    life.house.record(kinds[what]() if what in kinds else passed(what, case_id=number))


def occur(life: Life, what: str, level: int, number: int) -> None:
    key = f"act:x:{number}:"
    with life.house.units() as uow:
        if what == "end":
            life.house.cards.end_occasions(uow, {key: uow.now_us})
        elif what == "withdraw":
            life.house.cards.withdraw_occasions(uow, {key: "facts"})
        else:
            life.house.cards.raise_occasions(uow, [Occasion(
                key=key, origin=Origin.ACT, case=facts_of(number), rule="act.x", rule_version="v", level=level,
                at=days_ago(1), needs_confirmation=what == "confirm", reply_limit="1wd", evidence={})])


def command(life: Life, kind: CommandType, by: Any, number: int, decision: Decision) -> None:
    if life.house.queries.find(number) is None:
        return
    until = from_us(life.house.clock.now_us() + HOUR_US).isoformat() if "until" in NEEDED.get(kind, ()) else ""
    try:
        life.do(kind, by, number, comment="已阅", reason="理由", text="已整改", order_no="督1", reply_limit="1wd",
                decision=decision, until=until)
    except NotPermitted:
        return


@given(STORIES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_log_replayed_is_the_row_and_every_change_is_told(tmp_path_factory: Any, story: list[Any]):
    folder: Path = tmp_path_factory.mktemp("life")
    database = Database(f"sqlite:///{folder / 'life.db'}")
    database.create_all()
    life = Life(House(database, rules=CardRules(ack_again={1: "1wd", 2: "4wh", 3: "2wh"}, flood_cards=2)))
    for kind, *rest in story:
        if kind == "time":
            life.wait(minutes=rest[0])
        else:
            {"command": command, "fact": tell, "occasion": occur}[kind](life, *rest)

    assert life.differences() == []
    with database.read() as conn:
        rows = conn.execute(select(cards)).all()
        revs = dict(conn.execute(select(card_log.c.card_id, func.max(card_log.c.rev)).group_by(card_log.c.card_id)).all())
    for row in rows:
        assert (row.closed_at is None) == (row.disposition in ("to_confirm", "to_sign", "signed", "under_order", "replied"))
        assert revs[row.id] == row.rev, "every revision has a line in the log"
        assert row.closed_at is None or (row.reply_due_at, row.suppression) == (None, "none")
    counts, active = life.house.queries.counts(), life.house.active()
    assert counts.warning + counts.yellow + counts.red == len(active)
    assert counts.unack == sum(card.state in ("unack", "rtn_unack") for card in active)
    assert counts.to_confirm == len(life.house.drafts())
    database.dispose()


def test_a_clock_of_another_kind_is_a_card_of_its_own_in_the_log_too(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'life.db'}")
    database.create_all()
    life = Life(House(database))
    life.house.record(passed("yellow"), passed("yellow", kind=ClockKind.STEP))

    assert (life.actions(1), life.actions(2)) == (["opened"], ["opened"])
    database.dispose()
